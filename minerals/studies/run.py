"""The plain run: read, resolve, compute, and hand back a result."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ..axes import Axis, dense, tidy
from ..config import Run, read_run
from ..errors import InputError
from ..flows.demand import Array, blended_share, graphite_by_route
from ..flows.system import SystemInputs, system
from ..results.record import record
from ..results.result import Result
from ..shipped import inputs_folder
from ..tables.check import split
from ..tables.inputs import Inputs, read_inputs
from ..tables.resolve import Resolved, resolve


def run(source: str | Path | Run, sets: Sequence[str] = (), inputs: str | Path | None = None) -> Result:
    """Compute a run file (or one already read) and return its result; nothing is written.

    sets: changes as on the command line, `key=value`. inputs: folder of the data package (default: what the run file
    names, else the shipped one). Raises UsageError, InputError.
    """
    asked = source if isinstance(source, Run) else read_run(source, sets)
    data = read_inputs(inputs_of(asked, inputs))
    resolved = resolve(asked, data)
    tables = compute(resolved)
    tables["sources_used"] = _sources_used(resolved, data)
    log = record(resolved, data)
    log["tables"] = list(tables)
    return Result(log, tables)


def inputs_of(asked: Run, inputs: str | Path | None) -> Path:
    """Folder of the data package of a run; a folder named in the run file is relative to it. Raises InputError."""
    if inputs is not None:
        return Path(inputs)
    if not asked.settings.inputs:
        return inputs_folder()
    folder = asked.path.parent / asked.settings.inputs
    if not folder.is_dir():
        why = f"no such folder beside {asked.path.name}; leave the key out to use the shipped inputs"
        raise InputError([asked.problem(["inputs"], f"inputs = {asked.settings.inputs!r}", why)])
    return folder


def compute(resolved: Resolved) -> dict[str, pd.DataFrame]:
    """Tables of a resolved run: cells [GWh], mineral_demand and graphite_by_route [kt], and what they rest on."""
    cells, demand, route = [], [], []
    intensity = {end: _intensity(resolved, end) for end in ("value", "low", "high")}
    shares = _route(resolved)
    graphite = "graphite" in resolved.minerals.labels
    for name in resolved.run.settings.scenario:
        additions, share = _additions(resolved, name), _share(resolved, name)
        runs = {end: system(SystemInputs(additions, share, array)) for end, array in intensity.items()}
        middle = runs["value"]
        cells.append(_tidy(resolved, name, middle.cells[0], "GWh"))
        ends = {end: runs[end].mineral_demand[0] for end in ("low", "high")}
        demand.append(_tidy(resolved, name, middle.mineral_demand[0], "kt", ends))
        if graphite:
            total = middle.mineral_demand[0, :, :, :, resolved.minerals.labels.index("graphite")].sum(axis=2)
            axes = [resolved.regions, resolved.segments, Axis("route", ROUTES), resolved.years]
            frame = tidy(graphite_by_route(total, shares), axes)
            frame.insert(0, "scenario", name)
            route.append(frame.assign(unit="kt"))
    empty = pd.DataFrame(columns=["scenario", "region", "segment", "route", "year", "value", "unit"])
    return {
        "mineral_demand": pd.concat(demand, ignore_index=True),
        "cells": pd.concat(cells, ignore_index=True),
        "graphite_by_route": pd.concat(route, ignore_index=True) if route else empty,
        "battery_demand": resolved.battery_demand,
        "market_share": resolved.market_share,
        "silicon_uptake": resolved.silicon_uptake,
        "mineral_intensity": resolved.mineral_intensity,
        "graphite_route": resolved.graphite_route,
        "inputs_used": resolved.inputs_used,
    }


ROUTES = ("natural", "synthetic")


def _additions(resolved: Resolved, name: str) -> Array:
    """(1, region, segment, year) [GWh]."""
    frame = resolved.battery_demand
    return dense(frame[frame["scenario"] == name], [resolved.regions, resolved.segments, resolved.years])[None]


def _share(resolved: Resolved, name: str) -> Array:
    """(1, region, segment, chemistry, year) with blends expanded by the silicon overlay; sums to one where sold."""
    pairs = resolved.chemistries.labels
    axes = [resolved.regions, resolved.segments, resolved.chemistries, resolved.years]

    def on_pairs(frame: pd.DataFrame) -> Array:
        mine = frame[frame["scenario"] == name]
        place = pd.Series(list(zip(mine["chemistry"], mine["silicon"].astype(float), strict=True)), mine.index, object)
        return dense(mine.assign(chemistry=place), axes)[None]

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


def _intensity(resolved: Resolved, column: str) -> Array:
    """(1, chemistry, mineral, 1) [kg/kWh] at the value, low or high end."""
    frame = resolved.mineral_intensity
    place = pd.Series(list(zip(frame["chemistry"], frame["silicon"].astype(float), strict=True)), frame.index, object)
    return dense(frame.assign(chemistry=place), [resolved.chemistries, resolved.minerals], column)[None, :, :, None]


def _route(resolved: Resolved) -> Array:
    """(route, year) [1]."""
    return dense(resolved.graphite_route, [Axis("route", ROUTES), resolved.years])


def _tidy(
    resolved: Resolved, scenario: str, array: Array, unit: str, ends: dict[str, Array] | None = None
) -> pd.DataFrame:
    """Array over region, segment, chemistry[, mineral], year as a tidy table with chemistry and silicon columns."""
    places = Axis("chemistry", tuple(range(len(resolved.chemistries))))
    minerals = [resolved.minerals] if ends else []
    frame = tidy(array, [resolved.regions, resolved.segments, places, *minerals, resolved.years], ends)
    pairs = resolved.chemistries.labels
    place = frame["chemistry"].to_numpy()
    frame["chemistry"] = [pairs[i][0] for i in place]
    frame.insert(list(frame.columns).index("chemistry") + 1, "silicon", [pairs[i][1] for i in place])
    frame.insert(0, "scenario", scenario)
    return frame.assign(unit=unit)


def _sources_used(resolved: Resolved, inputs: Inputs) -> pd.DataFrame:
    """Sources of the rows used, with citation, address and licence, and how many rows rest on each."""
    keys = [key for text in resolved.inputs_used["source"] for key in split(text)]
    counts = pd.Series(keys, dtype=object).value_counts()
    frame = inputs["sources"]
    used = frame[frame["source"].isin(counts.index)].drop(columns=["line", "corrected_by"])
    return used.assign(rows_used=used["source"].map(counts).astype(int)).reset_index(drop=True)
