"""Tables of the plain run: cells and mineral demand, and with [flows] stock, scrap, recycling and upstream need."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np

from ...axes import Axis, tidy
from ...case.chain import FLOWS, Chain
from ...case.outcome import Outcome, ScenarioOutcome
from ...columns import Columns
from ...flows.demand import Array
from ...tables.codes import GRAPHITE_ROUTES
from ...tables.resolve import Resolved
from ...units import MONEY

if TYPE_CHECKING:
    import pandas as pd


def flow_tables(outcome: Outcome) -> dict[str, Columns | pd.DataFrame]:
    """Tables of a run: cells [GWh], mineral_demand [kt], what they rest on; with [flows] the whole chain."""
    resolved, stacked = outcome.resolved, Stacked(outcome)

    def demand(end: str) -> Array:
        return stacked.of(lambda found: found.demand[end])

    ends = {end: demand(end) for end in ("low", "high")}
    tables: dict[str, Columns] = {
        "mineral_demand": stacked.cells(demand("value"), "kt", resolved.minerals, columns=ends),
        "cells": stacked.cells(stacked.of(lambda found: found.cells), "GWh"),
        "graphite_by_route": _graphite_by_route(outcome, stacked),
    }
    if chains := [found.chain for found in outcome.scenarios.values() if found.chain is not None]:
        tables |= _chain_tables(outcome, stacked, chains)
    more = {"finer_intensity": resolved.finer_intensity, "intensity_trend": resolved.intensity_trend}
    extra = {"diffusion": resolved.diffusion, "capacity_limited": resolved.capacity_limited}
    return {
        **tables,
        "battery_demand": _reported(resolved, resolved.battery_demand.table),
        "market_share": _reported(resolved, resolved.market_share.table),
        "silicon_uptake": _reported(resolved, resolved.silicon_uptake.table),
        "mineral_intensity": resolved.mineral_intensity.table,
        **{name: _reported(resolved, values.table) for name, values in more.items() if len(values)},
        "graphite_route": _reported(resolved, resolved.graphite_route.table),
        "inputs_used": resolved.used.table,
        **({"lines": resolved.lines} if resolved.lines is not None else {}),
        **{name: frame for name, frame in extra.items() if frame is not None},
    }


class Stacked:
    """Arrays of all scenarios of a run as tables, in the reported years: the history before them serves the stock
    alone."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome, self.resolved = outcome, outcome.resolved
        self.scenarios = Axis("scenario", tuple(outcome.scenarios))
        self.years = Axis("year", self.resolved.reported)

    def of(self, find: Callable[[ScenarioOutcome], Array]) -> Array:
        """An array of each scenario, (…, year), as one, (scenario, …, reported year)."""
        reported = self.outcome.arrays.reported
        return np.stack([find(found)[..., reported] for found in self.outcome.scenarios.values()])

    def tidy(self, array: Array, *axes: Axis, unit: str, columns: Mapping[str, Array] | None = None) -> Columns:
        """A tidy table of an array over scenario, some axes and year. columns: further arrays of the same shape."""
        table = tidy(array, [self.scenarios, *axes, self.years], columns)
        return table.assign(unit=[unit] * len(table))

    def cells(
        self, array: Array, unit: str, *axes: Axis, columns: Mapping[str, Array] | None = None
    ) -> Columns:  # fmt: skip
        """A tidy table of an array over scenario, region, segment, chemistry, some axes and year, with columns
        chemistry and silicon."""
        resolved = self.resolved
        pairs = Axis("chemistry", tuple(range(len(resolved.chemistries))))
        table = self.tidy(array, resolved.regions, resolved.segments, pairs, *axes, unit=unit, columns=columns)
        places = np.asarray(table["chemistry"], dtype=np.intp)
        parts = zip(("chemistry", "silicon"), zip(*resolved.chemistries.labels, strict=True), strict=True)
        chemistry, silicon = (Axis(name, labels).at(places) for name, labels in parts)
        return table.insert_after("chemistry", silicon=silicon).assign(chemistry=chemistry)


BY_ROUTE = ["scenario", "region", "segment", "route", "year", "value", "unit"]


def _graphite_by_route(outcome: Outcome, stacked: Stacked) -> Columns:
    """Graphite demand by route [kt]; without rows where the run has no graphite."""
    found = [each.graphite_by_route for each in outcome.scenarios.values()]
    known = [each[..., outcome.arrays.reported] for each in found if each is not None]
    if not known:
        return Columns.from_rows([], BY_ROUTE)
    resolved = outcome.resolved
    return stacked.tidy(np.stack(known), resolved.regions, resolved.segments, Axis("route", GRAPHITE_ROUTES), unit="kt")


def _reported(resolved: Resolved, table: Columns) -> Columns:
    """Rows of the reported years."""
    if resolved.years.labels == resolved.reported:
        return table
    return table.filter(set(resolved.reported).__contains__, "year")


def _chain_tables(outcome: Outcome, stacked: Stacked, chains: Sequence[Chain]) -> dict[str, Columns]:
    """Tables of stock, scrap, recycling and upstream need. chains: of the scenarios, in their order."""
    resolved, reported = outcome.resolved, outcome.arrays.reported
    assert resolved.parameters is not None

    def of(find: Callable[[Chain], Array]) -> Array:
        """An array of each chain, (…, year), as one, (scenario, …, reported year)."""
        return np.stack([find(chain)[..., reported] for chain in chains])

    def side_by_side(name: str, unit: str, *axes: Axis, **arrays: Callable[[Chain], Array]) -> Columns:
        """Several arrays of a chain, told apart in a column of this name, which stands before the year."""
        values = np.stack([of(find) for find in arrays.values()], axis=1)
        table = stacked.tidy(values, Axis(name, tuple(arrays)), *axes, unit=unit)
        return table.select("scenario", *(axis.name for axis in axes), name, "year", "value", "unit")

    nodes, regions = resolved.parameters.nodes, resolved.regions
    need = of(lambda chain: chain.upstream)
    upstream = stacked.tidy(need, regions, Axis("node", tuple(node.node for node in nodes)), unit="kt")
    stages = {node.node: node.stage for node in nodes}
    lines = side_by_side(
        "measure", "GWh/yr", regions, lines=lambda chain: chain.lines, scrap_rate=lambda chain: chain.scrap
    )
    return {
        "in_use_stock": stacked.cells(of(lambda chain: chain.in_use), "GWh"),
        "retirements": stacked.cells(of(lambda chain: chain.retired), "GWh"),
        "second_life_stock": stacked.tidy(of(lambda chain: chain.second_life), regions, unit="GWh"),
        "mineral_flows": side_by_side(
            "flow", "kt", regions, resolved.minerals, **{flow: attrgetter(f"flows.{flow}") for flow in FLOWS}
        ),
        "recycling": side_by_side(
            "measure", "1", regions, resolved.minerals,
            recycled_content=lambda chain: chain.recycled_content,
            end_of_life_recycling_rate=lambda chain: chain.end_of_life_recycling_rate,
        ),
        "production_lines": lines.assign(unit=["GWh/yr" if each == "lines" else "1" for each in lines["measure"]]),
        "upstream": upstream.insert_after("node", stage=[stages[node] for node in upstream["node"]]),
        "material_value": _material_value(outcome, stacked, need),
        "recycling_targets": _targets(outcome, chains),
    }  # fmt: skip


def _material_value(outcome: Outcome, stacked: Stacked, upstream: Array) -> Columns:
    """What the upstream need, (scenario, region, node, reported year) [kt], is worth at the price of its year [million
    USD_2025]: kt × USD/kg, nodes with a price."""
    resolved, parameters = outcome.resolved, outcome.resolved.parameters
    assert parameters is not None
    price = parameters.material_price[..., outcome.arrays.reported]
    priced = [n for n in range(len(parameters.nodes)) if np.isfinite(parameters.material_price[0, n]).all()]
    nodes = [parameters.nodes[n] for n in priced]
    value, low, high = upstream[:, :, priced] * price[:, None, None, priced]
    paid = np.where(value != 0, price[0, priced], 0.0)
    axes = [resolved.regions, Axis("node", tuple(node.node for node in nodes))]
    table = stacked.tidy(value, *axes, unit=MONEY, columns={"low": low, "high": high, "price": paid})
    stages = {node.node: node.stage for node in nodes}
    return table.insert_after("node", stage=[stages[node] for node in table["node"]])


def _targets(outcome: Outcome, chains: Sequence[Chain]) -> Columns:
    """What EU 2023/1542 asks for in a year of the run beside what each region under the law of the EU has.

    recovery: of what reaches recyclers, by mineral; recycled_content: of the input of cell making; collection: by
    segment. met: whether ours reaches the target.
    """
    resolved, parameters = outcome.resolved, outcome.resolved.parameters
    assert parameters is not None
    rows = []
    for (scenario, chain), name in product(zip(outcome.scenarios, chains, strict=True), resolved.union):
        region = resolved.regions.labels.index(name)
        ours = {
            "recovery": (resolved.minerals.labels, chain.recovery[region]),
            "recycled_content": (resolved.minerals.labels, chain.recycled_content[region]),
            "collection": (resolved.segments.labels, chain.collection[region]),
        }
        for target in parameters.targets:
            items, values = ours.get(target.measure, ((), np.zeros((0, 0))))
            if target.item in items and target.year in resolved.reported:
                value = float(values[items.index(target.item), resolved.years.labels.index(target.year)])
                if np.isnan(value):
                    continue  # Nothing comes back in that year.
                met = "yes" if value >= target.value else "no"
                head = (scenario, name, target.law, target.measure, target.item, target.year)
                rows.append((*head, target.value, value, met, "1"))
    columns = ["scenario", "region", "law", "measure", "item", "year", "target", "value", "met", "unit"]
    return Columns.from_rows(rows, columns)
