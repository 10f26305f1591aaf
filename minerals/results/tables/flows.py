"""Tables of the plain run: cells and mineral demand, and with [flows] stock, scrap, recycling and upstream need."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ...axes import Axis, tidy
from ...case.chain import FLOWS, Chain
from ...case.outcome import Outcome
from ...flows.demand import Array
from ...tables.codes import GRAPHITE_ROUTES
from ...tables.resolve import Resolved
from ...units import MONEY


def flow_tables(outcome: Outcome) -> dict[str, pd.DataFrame]:
    """Tables of a run: cells [GWh], mineral_demand [kt], what they rest on; with [flows] the whole chain."""
    resolved = outcome.resolved
    parts: dict[str, list[pd.DataFrame]] = {}
    for name, found in outcome.scenarios.items():
        ends = {end: found.demand[end] for end in ("low", "high")}
        tables = {
            "mineral_demand": tidy_cells(resolved, found.demand["value"], "kt", minerals=True, columns=ends),
            "cells": tidy_cells(resolved, found.cells, "GWh"),
        }
        if found.graphite_by_route is not None:
            axes = [resolved.regions, resolved.segments, Axis("route", GRAPHITE_ROUTES), resolved.years]
            tables["graphite_by_route"] = tidy(found.graphite_by_route, axes).assign(unit="kt")
        if found.chain is not None:
            tables |= _chain_tables(outcome, found.chain)
        for table, frame in tables.items():
            frame.insert(0, "scenario", name)
            parts.setdefault(table, []).append(_reported(resolved, frame))
    more = {"finer_intensity": resolved.finer_intensity, "intensity_trend": resolved.intensity_trend}
    extra = {"diffusion": resolved.diffusion, "capacity_limited": resolved.capacity_limited}
    parts.setdefault("graphite_by_route", [pd.DataFrame(columns=BY_ROUTE)])
    return {
        **{table: pd.concat(frames, ignore_index=True) for table, frames in parts.items()},
        "battery_demand": _reported(resolved, resolved.battery_demand.frame),
        "market_share": _reported(resolved, resolved.market_share.frame),
        "silicon_uptake": _reported(resolved, resolved.silicon_uptake.frame),
        "mineral_intensity": resolved.mineral_intensity.frame,
        **{name: _reported(resolved, values.frame) for name, values in more.items() if len(values)},
        "graphite_route": _reported(resolved, resolved.graphite_route.frame),
        "inputs_used": resolved.inputs_used,
        **({"lines": resolved.lines} if resolved.lines is not None else {}),
        **{name: frame for name, frame in extra.items() if frame is not None},
    }


BY_ROUTE = ["scenario", "region", "segment", "route", "year", "value", "unit"]


def _reported(resolved: Resolved, frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of the years of the scope: the history before them serves the stock alone."""
    if resolved.years.labels == resolved.reported:
        return frame
    return frame[frame["year"].isin(resolved.reported)].reset_index(drop=True)


def _chain_tables(outcome: Outcome, chain: Chain) -> dict[str, pd.DataFrame]:
    """Tables of stock, scrap, recycling and upstream need of one scenario."""
    resolved = outcome.resolved
    assert resolved.parameters is not None
    places = [resolved.regions, resolved.minerals, resolved.years]
    nodes = Axis("node", tuple(node.node for node in resolved.parameters.nodes))
    targets = _targets(outcome, chain)
    stages = {node.node: node.stage for node in resolved.parameters.nodes}
    flows = pd.concat([tidy(getattr(chain.flows, flow), places).assign(flow=flow) for flow in FLOWS], ignore_index=True)
    rates = pd.concat(
        [
            tidy(chain.recycled_content, places).assign(measure="recycled_content"),
            tidy(chain.end_of_life_recycling_rate, places).assign(measure="end_of_life_recycling_rate"),
        ],
        ignore_index=True,
    )
    upstream = tidy(chain.upstream, [resolved.regions, nodes, resolved.years])
    upstream.insert(2, "stage", upstream["node"].map(stages))
    by_year = [resolved.regions, resolved.years]
    lines = pd.concat(
        [
            tidy(chain.lines, by_year).assign(measure="lines", unit="GWh/yr"),
            tidy(chain.scrap, by_year).assign(measure="scrap_rate", unit="1"),
        ],
        ignore_index=True,
    )
    return {
        "in_use_stock": tidy_cells(resolved, chain.in_use, "GWh"),
        "retirements": tidy_cells(resolved, chain.retired, "GWh"),
        "second_life_stock": tidy(chain.second_life, by_year).assign(unit="GWh"),
        "mineral_flows": flows[["region", "mineral", "flow", "year", "value"]].assign(unit="kt"),
        "recycling": rates[["region", "mineral", "measure", "year", "value"]].assign(unit="1"),
        "production_lines": lines[["region", "measure", "year", "value", "unit"]],
        "upstream": upstream.assign(unit="kt"),
        "material_value": _material_value(outcome, chain),
        "recycling_targets": targets,
    }


def _material_value(outcome: Outcome, chain: Chain) -> pd.DataFrame:
    """What the upstream need is worth at the price of its year [million USD_2025]: kt × USD/kg, nodes with a price."""
    resolved, parameters = outcome.resolved, outcome.resolved.parameters
    assert parameters is not None
    price = parameters.material_price
    priced = [n for n in range(len(parameters.nodes)) if np.isfinite(price[0, n]).all()]
    nodes = [parameters.nodes[n] for n in priced]
    value, low, high = chain.upstream[:, priced] * price[:, None, priced]
    paid = np.where(value != 0, price[0, priced], 0.0)
    axes = [resolved.regions, Axis("node", tuple(node.node for node in nodes)), resolved.years]
    table = tidy(value, axes, {"low": low, "high": high, "price": paid})
    table.insert(2, "stage", table["node"].map({node.node: node.stage for node in nodes}))
    return table.assign(unit=MONEY)


def _targets(outcome: Outcome, chain: Chain) -> pd.DataFrame:
    """What EU 2023/1542 asks for in a year of the run beside what each region under the law of the EU has.

    recovery: of what reaches recyclers, by mineral; recycled_content: of the input of cell making; collection: by
    segment. met: whether ours reaches the target.
    """
    resolved, parameters = outcome.resolved, outcome.resolved.parameters
    rows = []
    for name in resolved.union if parameters is not None else ():
        assert parameters is not None
        region = resolved.regions.labels.index(name)
        ours = {
            "recovery": (
                resolved.minerals.labels,
                chain.recovery[region],
            ),
            "recycled_content": (resolved.minerals.labels, chain.recycled_content[region]),
            "collection": (resolved.segments.labels, chain.collection[region]),
        }
        for target in parameters.targets.itertuples():
            items, values = ours.get(target.measure, ((), np.zeros((0, 0))))
            if target.item in items and target.year in resolved.reported:
                value = float(values[items.index(target.item), resolved.years.labels.index(target.year)])
                if np.isnan(value):
                    continue  # Nothing comes back in that year.
                met = "yes" if value >= target.value else "no"
                head = (name, target.law, target.measure, target.item, target.year)
                rows.append((*head, target.value, value, met, "1"))
    columns = ["region", "law", "measure", "item", "year", "target", "value", "met", "unit"]
    return pd.DataFrame(rows, columns=columns)


def tidy_cells(
    resolved: Resolved,
    array: Array,
    unit: str,
    minerals: bool = False,
    years: tuple[int, ...] | None = None,
    columns: Mapping[str, Array] | None = None,
) -> pd.DataFrame:
    """Array over region, segment, chemistry[, mineral], year as a tidy table with chemistry and silicon columns.

    years: of the array, where they are not all years of the axis; columns: further arrays of the same shape.
    """
    places = Axis("chemistry", tuple(range(len(resolved.chemistries))))
    year = resolved.years if years is None else Axis("year", years)
    axes = [resolved.regions, resolved.segments, places, *([resolved.minerals] if minerals else []), year]
    frame = tidy(array, axes, columns)
    place = frame["chemistry"].to_numpy()
    chemistry, silicon = (pd.Series(part).array.take(place) for part in zip(*resolved.chemistries.labels, strict=True))
    frame["chemistry"] = chemistry
    frame.insert(list(frame.columns).index("chemistry") + 1, "silicon", silicon)
    return frame.assign(unit=unit)
