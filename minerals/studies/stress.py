"""`minerals stress`: every single supplier, pairs of the worst, and events of the library that last years."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from ..case.by_rule import Cost, rated, stop, suppliers, with_cells
from ..case.chokepoints import Chokepoints
from ..case.played import LEAST, Played, play, played, stops_of
from ..columns import Columns
from ..exposure.disruption import Loss, losses
from ..exposure.window import YEAR, Window, parts
from ..results.tables.intervals import as_tables, interval_rows
from ..tables.supply import Event
from .points import solved
from .pool import Progress, hands_set, worker_pool

#: Suppliers whose pairs are played together: the worst on their own in the last year.
PAIRED = 10


def stress(chokepoints: Chokepoints, progress: Progress | None = None) -> dict[str, Columns | pd.DataFrame]:
    """Tables stress_single (N-1), library (what of it the rule takes), stress_pairs (N-2), stress_cells (stops of
    materials with and without cells) and stress_years (events that last, stockpiles running down); and intervals and
    drivers, of all events in all years. progress: is called with how many of how many years are drawn."""
    stops = [stop(chokepoints.inputs, flow) for flow in suppliers(chokepoints.inputs)]
    found = {scenario: play(chokepoints, scenario, stops) for scenario in chokepoints.scenarios}
    single = _single(chokepoints, found)
    return {
        "stress_single": single,
        "library": _library(chokepoints, found, stops),
        "stress_pairs": _pairs(chokepoints, single),
        "stress_cells": _with_cells(chokepoints),
        "stress_years": _years(chokepoints),
        **_intervals(chokepoints, progress),
    }


def _intervals(chokepoints: Chokepoints, progress: Progress | None) -> dict[str, Columns]:
    """Intervals and drivers of all events in all years; where workers were asked for, each year by one of them."""
    events, keys = chokepoints.inputs.events, [str(year) for year in range(len(chokepoints.years))]
    if not chokepoints.config.draws:
        return {}
    if hands_set():
        # What it has noted so far is left behind.
        with worker_pool(1, _start, replace(chokepoints)) as pool:
            by_year = list(solved(keys, _rows_of_year, pool, progress=progress).values())
    else:
        by_year = []
        for key in keys:
            by_year.append(interval_rows(chokepoints, events, [int(key)]))
            if progress is not None:
                progress(len(by_year), len(keys))
    found, drivers = ([tuple(row) for rows in by_year for row in rows[at]] for at in (0, 1))
    return as_tables(chokepoints, events, found, drivers)


_chokepoints: Chokepoints


def _start(chokepoints: Chokepoints) -> None:
    global _chokepoints
    _chokepoints = chokepoints


def _rows_of_year(year: str) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Rows of both tables."""
    return interval_rows(_chokepoints, _chokepoints.inputs.events, [int(year)])


def _single(chokepoints: Chokepoints, found: Mapping[str, Sequence[Played]]) -> pd.DataFrame:
    """GWh at risk when one country exports nothing of one node, in each year; most in the last year first. found: the
    stops of all suppliers, played by scenario."""
    rows = [
        (*_head(chokepoints, each), *each.event.cuts[0][:2], *_numbers(each.loss))
        for scenario in found for each in found[scenario]
    ]  # fmt: skip
    columns = ["scenario", "region", "label", "year", "country", "node", *NUMBERS]
    return _ranked(chokepoints, pd.DataFrame(rows, columns=columns))


def _library(chokepoints: Chokepoints, found: Mapping[str, Sequence[Played]], stops: Sequence[Event]) -> pd.DataFrame:
    """Every supplier held against the rule of the library, alone, and with its cells where it is in it; the largest
    share of the plan first. found: the stops of all suppliers, played by scenario."""
    chemistries = chokepoints.resolved.chemistries.labels
    rows: list[tuple[Any, ...]] = []

    def row(country: str, node: str, also: str, event: Event, cost: Cost, inside: bool) -> tuple[Any, ...]:
        base, silicon = chemistries[cost.chemistry] if cost.chemistry >= 0 else ("", 0.0)
        year = chokepoints.years[cost.year] if cost.scenario else chokepoints.years[-1]
        return (
            country, node, also, event.label, cost.scenario, year, cost.lost, base, silicon, cost.taken,
            "yes" if inside else "no", "1",
        )  # fmt: skip

    for each in sorted(rated(chokepoints, found, stops), key=lambda one: (-one.cost.lost, -one.cost.taken)):
        inside = each.cost.counts
        rows.append(row(each.country, each.node, "no", each.stop, each.cost, inside))
        if each.both is not None and each.cost_of_both is not None:
            rows.append(row(each.country, each.node, "yes", each.both, each.cost_of_both, inside))
    columns = ["country", "node", "with_cells", "label", "scenario", "year", "value", "chemistry", "silicon",
               "chemistry_share", "in_library", "unit"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _pairs(chokepoints: Chokepoints, single: pd.DataFrame) -> pd.DataFrame:
    """GWh at risk in the last year when two suppliers stop at once, of those that are worst on their own in the first
    scenario; most beyond the worse of the two first."""
    rows = []
    last = len(chokepoints.years) - 1
    single = single[single["year"] == chokepoints.years[last]]
    first = single[single["scenario"] == next(iter(chokepoints.scenarios))]
    worst = list(dict.fromkeys(zip(first["country"], first["node"], strict=True)))[:PAIRED]
    stock = chokepoints.config.stockpile_months
    for scenario in chokepoints.scenarios:
        for one, two in combinations(worst, 2):
            both = stop(chokepoints.inputs, one, two)
            for regions in chokepoints.pools(both.cuts):
                stops = both, stop(chokepoints.inputs, one), stop(chokepoints.inputs, two)
                each, *alone = played(chokepoints, scenario, regions, last, stops, stock)
                more = each.loss.at_risk[0] - max(single.loss.at_risk[0] for single in alone)
                more = more if abs(more) > LEAST else 0.0
                rows.append((*_head(chokepoints, each), ":".join(one), ":".join(two), *_numbers(each.loss), more))
    columns = ["scenario", "region", "label", "year", "one", "two", *NUMBERS, "more_than_worse"]
    return _ranked(chokepoints, pd.DataFrame(rows, columns=columns), "more_than_worse")


def _with_cells(chokepoints: Chokepoints) -> pd.DataFrame:
    """Stops of materials of the library in the last year, as they are and with a stop of the country's cells too, as
    severe as that of the materials. value: batteries lost, with_cells: with the stop of cells [GWh]."""
    last = len(chokepoints.years) - 1
    rows: list[tuple[Any, ...]] = []
    for event in chokepoints.inputs.events:
        if (both := with_cells(chokepoints.inputs, event)) is None:
            continue
        for scenario in chokepoints.scenarios:
            for alone, joint in zip(
                *(play(chokepoints, scenario, [each], (last,)) for each in (event, both)), strict=True
            ):
                rows.append((
                    scenario, chokepoints.name_of(alone.regions), event.disruption, event.label,
                    chokepoints.years[last],
                    float(alone.loss.planned.sum()), alone.loss.lost[0], joint.loss.lost[0], "GWh",
                ))  # fmt: skip
    columns = ["scenario", "region", "disruption", "label", "year", "planned", "value", "with_cells", "unit"]
    return pd.DataFrame(rows, columns=columns)


def _years(chokepoints: Chokepoints) -> pd.DataFrame:
    """Each disruption of the library from its start on, year after year, with the stockpile running down."""
    rows: list[tuple[Any, ...]] = []
    for scenario in chokepoints.scenarios:
        for event in chokepoints.inputs.events:
            for regions in chokepoints.pools(event.cuts):
                rows += _run_down(chokepoints, scenario, event, regions)
    columns = ["scenario", "region", "disruption", "label", "event_year", "year", *NUMBERS, "stockpile_left"]
    return pd.DataFrame(rows, columns=columns).assign(unit="GWh")


def _run_down(
    chokepoints: Chokepoints, scenario: str, event: Event, regions: tuple[str, ...]
) -> Iterable[tuple[Any, ...]]:
    """Rows of one event as long as it lasts, in years from its start or the first of the run on; of a year that it does
    not fill, of that part. The stock is spread over its months (`exposure/window.py`), also those after the run."""
    years, lasts = chokepoints.years, event.months.middle
    begin = next((y for y, year in enumerate(years) if year >= event.start), len(years))
    months = np.array([chokepoints.config.stockpile_months * YEAR / lasts]) if lasts else np.zeros(1)
    left = np.ones(len(chokepoints.inputs.nodes))
    stops = stops_of([event])[:1]
    for y, part in zip(range(begin, len(years)), parts(lasts), strict=False):
        factory, without = chokepoints.factory(scenario, regions, y), chokepoints.without(scenario, regions, y)
        hit = chokepoints.supplied(scenario, regions, y, stops)
        need = chokepoints.stocked(factory.plan, regions, y)
        window = Window(factory, without, hit, need)
        stocked = window.stocked(months)
        (found,) = losses(factory, without, stocked, stocked)
        # Each year's part of the months of the stop is its part of the stock.
        share, full = part * YEAR / lasts, months[0] / YEAR * need
        left = left - share * np.divide(window.replaced(months)[0], full, out=np.zeros_like(full), where=full > 0)
        held = chokepoints.cuts(stops).nodes[0] & (full > 0)
        planned, best, proportional, of_plan = _numbers(found)
        yield (
            scenario, chokepoints.name_of(regions), event.disruption, event.label, y - begin + 1, years[y],
            part * planned, part * best, part * proportional, of_plan,
            max(float(left[held].min()), 0.0) if held.any() else 0.0,
        )  # fmt: skip


#: Numbers of a disruption, as `_numbers` gives them.
NUMBERS = ("planned", "at_risk_best", "at_risk_proportional", "share_best")


def _head(chokepoints: Chokepoints, each: Played) -> tuple[Any, ...]:
    return each.scenario, chokepoints.name_of(each.regions), each.event.label, chokepoints.years[each.year]


def _numbers(lost: Loss) -> tuple[float, ...]:
    planned, risk = float(lost.planned.sum()), lost.at_risk
    return planned, *risk, risk[0] / planned if planned else 0.0


def _ranked(chokepoints: Chokepoints, frame: pd.DataFrame, number: str = "at_risk_best") -> pd.DataFrame:
    """Disruptions that cost something, the most of a number in the last year first; their years together."""
    if not len(frame):
        return frame.assign(unit="GWh")
    keys = ["scenario", "region", "label"]
    frame = frame[frame.groupby(keys)["at_risk_proportional"].transform("max") > LEAST]
    last = frame[frame["year"] == chokepoints.years[-1]].set_index(keys)[number]
    order = pd.MultiIndex.from_frame(frame[keys]).map(last).fillna(0.0)
    scenario = frame["scenario"].map({name: place for place, name in enumerate(chokepoints.scenarios)})
    frame = frame.assign(order=-np.asarray(order, dtype=float), place=scenario)
    by = ["place", "order", "region", "label", "year"]
    return (
        frame.sort_values(by, kind="stable").drop(columns=["order", "place"]).assign(unit="GWh").reset_index(drop=True)
    )
