"""Tables of the plain run: cells and mineral demand, and with [flows] stock, scrap, recycling and upstream need."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..axes import Axis, dense, tidy
from ..flows.demand import Array, blended_share, graphite_by_route
from ..flows.recycling import mixed_recovery
from ..flows.scrap import lines_from_growth
from ..flows.system import SystemInputs, system
from ..tables.resolve import Resolved
from .chain import FLOWS, Chain, Survival, follow, survivals


def compute(resolved: Resolved) -> dict[str, pd.DataFrame]:
    """Tables of a resolved run: cells [GWh], mineral_demand [kt], what they rest on; with [flows] the whole chain."""
    parts: dict[str, list[pd.DataFrame]] = {}
    intensity = {end: intensity_of(resolved, end) for end in ("value", "low", "high")}
    route = _route(resolved)
    survival = survivals(resolved) if resolved.parameters else None
    for name in resolved.run.settings.scenario:
        additions, share = additions_of(resolved, name), share_of(resolved, name)
        runs = {end: system(SystemInputs(additions, share, array)) for end, array in intensity.items()}
        middle = runs["value"]
        ends = {end: runs[end].mineral_demand[0] for end in ("low", "high")}
        tables = {
            "mineral_demand": _tidy(resolved, middle.mineral_demand[0], "kt", ends),
            "cells": _tidy(resolved, middle.cells[0], "GWh"),
        }
        if "graphite" in resolved.minerals.labels:
            graphite = middle.mineral_demand[0, :, :, :, resolved.minerals.labels.index("graphite")].sum(axis=2)
            axes = [resolved.regions, resolved.segments, Axis("route", ROUTES), resolved.years]
            tables["graphite_by_route"] = tidy(graphite_by_route(graphite, route), axes).assign(unit="kt")
        if survival is not None:
            tables |= _chain_tables(resolved, survival, name, middle.cells[0], intensity["value"][0])
        for table, frame in tables.items():
            frame.insert(0, "scenario", name)
            parts.setdefault(table, []).append(_reported(resolved, frame))
    extra = {"diffusion": resolved.diffusion, "capacity_limited": resolved.capacity_limited}
    parts.setdefault("graphite_by_route", [pd.DataFrame(columns=BY_ROUTE)])
    return {
        **{table: pd.concat(frames, ignore_index=True) for table, frames in parts.items()},
        "battery_demand": _reported(resolved, resolved.battery_demand),
        "market_share": _reported(resolved, resolved.market_share),
        "silicon_uptake": _reported(resolved, resolved.silicon_uptake),
        "mineral_intensity": resolved.mineral_intensity,
        **({"intensity_trend": _reported(resolved, resolved.intensity_trend)} if len(resolved.intensity_trend) else {}),
        "graphite_route": _reported(resolved, resolved.graphite_route),
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


def _chain_tables(
    resolved: Resolved, survival: Survival, name: str, cells: Array, intensity: Array
) -> dict[str, pd.DataFrame]:
    """Tables of stock, scrap, recycling and upstream need of one scenario."""
    chain = follow(resolved, survival, cells, intensity, lines_of(resolved, name))
    assert resolved.parameters is not None
    places = [resolved.regions, resolved.minerals, resolved.years]
    nodes = Axis("node", tuple(node.node for node in resolved.parameters.nodes))
    targets = _targets(resolved, chain)
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
        "in_use_stock": _tidy(resolved, chain.in_use, "GWh"),
        "retirements": _tidy(resolved, chain.retired, "GWh"),
        "second_life_stock": tidy(chain.second_life, by_year).assign(unit="GWh"),
        "mineral_flows": flows[["region", "mineral", "flow", "year", "value"]].assign(unit="kt"),
        "recycling": rates[["region", "mineral", "measure", "year", "value"]].assign(unit="1"),
        "production_lines": lines[["region", "measure", "year", "value", "unit"]],
        "upstream": upstream.assign(unit="kt"),
        "recycling_targets": targets,
    }


#: Region whose law the targets are. The IEA's Europe is wider than the European Union.
LAW_OF = "Europe"


def _targets(resolved: Resolved, chain: Chain) -> pd.DataFrame:
    """What EU 2023/1542 asks for in a year of the run beside what the run has, where it computes Europe.

    recovery: of what reaches recyclers, by mineral; recycled_content: of the input of cell making; collection: by
    segment. met: whether ours reaches the target.
    """
    parameters = resolved.parameters
    columns = ["law", "measure", "item", "year", "target", "value", "met", "unit"]
    if parameters is None or LAW_OF not in resolved.regions.labels:
        return pd.DataFrame(columns=["region", *columns])
    region = resolved.regions.labels.index(LAW_OF)
    recovery = mixed_recovery(parameters.route[0], parameters.recovery["end_of_life"][0][None])[region]
    ours = {
        "recovery": (resolved.minerals.labels, recovery),
        "recycled_content": (resolved.minerals.labels, chain.recycled_content[region]),
        "collection": (resolved.segments.labels, parameters.collection[0][region]),
    }
    rows = []
    for target in parameters.targets.itertuples():
        items, values = ours.get(target.measure, ((), np.zeros((0, 0))))
        if target.item in items and target.year in resolved.reported:
            value = float(values[items.index(target.item), resolved.years.labels.index(target.year)])
            met = "yes" if value >= target.value else "no"
            rows.append((LAW_OF, target.law, target.measure, target.item, target.year, target.value, value, met, "1"))
    return pd.DataFrame(rows, columns=["region", *columns])


def lines_of(resolved: Resolved, name: str) -> Array | None:
    """Production lines [GWh/yr] (region, cohort) of a scenario from the run's lines file, or None: they follow from
    growth. Where not all demand is met, lines are those built for all of it."""
    if resolved.lines is None:
        return lines_from_growth(wanted_of(resolved, name).sum(axis=1)) if _met(resolved, name) else None
    out = np.zeros((len(resolved.regions), len(resolved.years)))
    for row in resolved.lines[resolved.lines["scenario"] == name].itertuples():
        cohort = max(int(row.cohort) - resolved.years.labels[0], 0)
        out[resolved.regions.labels.index(row.region), cohort] += row.value
    return out


def _met(resolved: Resolved, name: str) -> dict[str, dict[str, dict[str, float]]]:
    """Share of the demand that a scenario meets, by region, segment and year, where it is not all."""
    return resolved.run.settings.scenario[name].met


def wanted_of(resolved: Resolved, name: str) -> Array:
    """Demand, met or not, (region, segment, year) [GWh]; where none of it is met it counts as none."""
    gwh: Array = additions_of(resolved, name)[0].copy()
    for region, segments in _met(resolved, name).items():
        for segment, years in segments.items():
            at = resolved.regions.labels.index(region), resolved.segments.labels.index(segment)
            for year, met in years.items():
                gwh[(*at, resolved.years.labels.index(int(year)))] /= met or 1.0
    return gwh


ROUTES = ("natural", "synthetic")


def additions_of(resolved: Resolved, name: str, column: str = "value") -> Array:
    """(1, region, segment, year) [GWh] at the value, low or high end."""
    frame = resolved.battery_demand
    axes = [resolved.regions, resolved.segments, resolved.years]
    return dense(frame[frame["scenario"] == name], axes, column)[None]


def share_of(resolved: Resolved, name: str) -> Array:
    """(1, region, segment, chemistry, year) with blends expanded by the silicon overlay; sums to one where sold."""
    pairs = resolved.chemistries.labels
    axes = [resolved.regions, resolved.segments, resolved.chemistries, resolved.years]

    def on_pairs(frame: pd.DataFrame) -> Array:
        return dense(_by_pair(frame[frame["scenario"] == name]), axes)[None]

    share = on_pairs(resolved.market_share)
    if resolved.run.settings.scenario[name].silicon in ("none", "explicit"):
        return share
    first: dict[str, int] = {}
    for place, (chemistry, _) in enumerate(pairs):
        first.setdefault(chemistry, place)
    base = [first[chemistry] for chemistry, _ in pairs]
    blended = blended_share(share, on_pairs(resolved.silicon_uptake), base)
    assert np.allclose(blended.sum(axis=3), share.sum(axis=3), rtol=0, atol=1e-12)
    return blended


def _by_pair(frame: pd.DataFrame) -> pd.DataFrame:
    """A table with pairs of base chemistry and silicon, as they are on the axis, for its chemistries."""
    pairs = list(zip(frame["chemistry"].tolist(), frame["silicon"].astype(float).tolist(), strict=True))
    return frame.assign(chemistry=pd.Series(pairs, frame.index, object))


def intensity_of(resolved: Resolved, column: str) -> Array:
    """(1, chemistry, mineral, year) [kg/kWh] at the value, low or high end; one year where intensities are held."""
    now, trend = today_of(resolved, column)[None, :, :, None], trend_of(resolved, column)
    return now if trend is None else now * trend


def today_of(resolved: Resolved, column: str) -> Array:
    """(chemistry, mineral) [kg/kWh] before any trend, at the value, low or high end."""
    return dense(_by_pair(resolved.mineral_intensity), [resolved.chemistries, resolved.minerals], column)


def trend_of(resolved: Resolved, column: str) -> Array | None:
    """Trend of intensities (chemistry, mineral, year) at the value, low or high end; None where they are held."""
    if not len(resolved.intensity_trend):
        return None
    bases = tuple(dict.fromkeys(chemistry for chemistry, _ in resolved.chemistries.labels))
    by_base = dense(resolved.intensity_trend, [Axis("chemistry", bases), resolved.minerals, resolved.years], column)
    return by_base[[bases.index(chemistry) for chemistry, _ in resolved.chemistries.labels]]


def _route(resolved: Resolved) -> Array:
    """(route, year) [1]."""
    return dense(resolved.graphite_route, [Axis("route", ROUTES), resolved.years])


def _tidy(resolved: Resolved, array: Array, unit: str, ends: dict[str, Array] | None = None) -> pd.DataFrame:
    """Array over region, segment, chemistry[, mineral], year as a tidy table with chemistry and silicon columns."""
    places = Axis("chemistry", tuple(range(len(resolved.chemistries))))
    minerals = [resolved.minerals] if ends else []
    frame = tidy(array, [resolved.regions, resolved.segments, places, *minerals, resolved.years], ends)
    pairs = resolved.chemistries.labels
    place = frame["chemistry"].to_numpy()
    frame["chemistry"] = [pairs[i][0] for i in place]
    frame.insert(list(frame.columns).index("chemistry") + 1, "silicon", [pairs[i][1] for i in place])
    return frame.assign(unit=unit)
