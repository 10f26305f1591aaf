"""Intervals of what disruptions cost, by draws of what they rest on, and what these are driven by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...case.chokepoints import Chokepoints
from ...case.draws import DELIVERY, DEMAND, INTENSITY, ORIGIN, PACK, PLANTS, SHARE, UTILISATION, WORLD_SUPPLY, drawn_of
from ...case.draws_in_year import LOCATION, MONTHS, SEVERITY, UNKNOWN
from ...case.played import LEAST, Library
from ...case.shares import SHARES
from ...columns import Columns
from ...exposure.draws import Key, importance, percentiles
from ...tables.codes import ANY
from ...tables.supply import Event
from ...text import cause_of, cell_name, in_sentence, possessive

#: Disruptions that a run draws: those that cost most.
HEADLINES = 3
#: Most draws of a year before the last.
EARLIER = 500
#: Least share of the spread of a result that a driver is told for.
LEAST_IMPORTANCE = 0.01
MEASURES = ("lost", "industry")
INTERVALS = [
    "scenario", "region", "disruption", "year", "measure", "p05", "p50", "p95", "value", "share_p05", "share_p50",
    "share_p95", "unit", "draws",
]  # fmt: skip
DRIVERS = ["scenario", "region", "disruption", "year", "measure", "driver", "label", "importance", "unit"]


def headlines(library: Library) -> list[Event]:
    """Disruptions that cost most of any plan in the last year, as far as they cost anything."""
    last = len(library.chokepoints.years) - 1
    most: dict[str, float] = {}
    for each in library.all():
        if each.year == last:
            most[each.event.disruption] = max(most.get(each.event.disruption, 0.0), each.loss.lost[0])
    chosen = sorted((name for name in most if most[name] > LEAST), key=lambda name: -most[name])[:HEADLINES]
    return [event for event in library.chokepoints.inputs.events if event.disruption in chosen]


def intervals(chokepoints: Chokepoints, events: Sequence[Event], years: Sequence[int]) -> dict[str, Columns]:
    """Tables `intervals` and `drivers` of some events in some years, by their places; none without draws. Of years but
    the last there are not more than EARLIER draws."""
    return (
        as_tables(chokepoints, events, *interval_rows(chokepoints, events, years)) if chokepoints.config.draws else {}
    )


def interval_rows(
    chokepoints: Chokepoints, events: Sequence[Event], years: Sequence[int]
) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Rows of both tables, those of a year in their order."""
    config = chokepoints.config
    found, drivers = list[tuple[Any, ...]](), list[tuple[Any, ...]]()
    together: dict[tuple[tuple[str, ...], int], list[Event]] = {}
    for event in events:
        for regions in chokepoints.pools(event.cuts):
            for year in years:
                if chokepoints.years[year] >= event.start:
                    together.setdefault((regions, year), []).append(event)
    last = len(chokepoints.years) - 1
    for (regions, year), mine in together.items():
        drawn = drawn_of(chokepoints, config.draws if year == last else min(config.draws, EARLIER), config.seed)
        for event, by_scenario in zip(mine, drawn.lost(mine, regions, year), strict=True):
            for scenario, lost in by_scenario.items():
                head = scenario, chokepoints.name_of(regions), event.disruption, chokepoints.years[year]
                plan = chokepoints.plan(scenario, regions, year)
                demand = np.broadcast_to(drawn.demand(drawn.streams, scenario, regions, year), len(lost[0]))
                of = (demand * plan.cells.sum(), lost.at_home)
                for measure, values, planned in zip(MEASURES, lost[:2], of, strict=True):
                    none = np.zeros(len(values) - 1)
                    shares = np.divide(values[1:], planned[1:], out=none, where=planned[1:] > 0)
                    found.append((
                        *head, measure, *percentiles(values[1:]), float(values[0]), *percentiles(shares), "GWh",
                        len(values) - 1,
                    ))  # fmt: skip
                    drivers += [
                        (*head, measure, ":".join(key), label(chokepoints, key), share, "1")
                        for key, share in importance(values[1:], drawn.streams).items() if share >= LEAST_IMPORTANCE
                    ]  # fmt: skip
    return found, drivers


def as_tables(
    chokepoints: Chokepoints, events: Sequence[Event], found: Sequence[tuple[Any, ...]],
    drivers: Sequence[tuple[Any, ...]],
) -> dict[str, Columns]:  # fmt: skip
    """Both tables from their rows, of all years in any order."""
    return {"intervals": _ordered(chokepoints, events, found, INTERVALS),
            "drivers": _ordered(chokepoints, events, drivers, DRIVERS)}  # fmt: skip


def _ordered(
    chokepoints: Chokepoints, events: Sequence[Event], rows: Sequence[tuple[Any, ...]], columns: Sequence[str]
) -> Columns:
    """Rows by scenario, then by event, regions and year."""
    scenarios, codes = list(chokepoints.scenarios), [event.disruption for event in events]
    ordered = sorted(rows, key=lambda row: (scenarios.index(row[0]), codes.index(row[2]), row[1], row[3]))
    return Columns.from_rows(ordered, list(columns))


def label(chokepoints: Chokepoints, key: Key) -> str:
    """What an uncertain input is called."""
    inputs, (table, *names) = chokepoints.inputs, key
    nodes = inputs.node_labels
    if table == SHARE:
        return f"{possessive(inputs.country_labels[names[1]])} share of {in_sentence(nodes[names[0]])}"
    if table == WORLD_SUPPLY:
        return f"world supply of {in_sentence(nodes[names[0]])}"
    if table == PLANTS:
        return f"output of the plants of {in_sentence(nodes[names[0]])}"
    if table == UTILISATION:
        return (
            f"utilisation of plants of {'nodes without a figure' if names[0] == ANY else in_sentence(nodes[names[0]])}"
        )
    if table == ORIGIN:
        return f"cells of {names[0]} made by {inputs.country_labels[names[1]]}"
    if table == LOCATION:
        return f"{possessive(inputs.country_labels[names[1]])} share of new plants of {in_sentence(nodes[names[0]])}"
    if table == UNKNOWN:
        return f"who makes {in_sentence(nodes[names[0]])}, which nobody knows"
    if table == INTENSITY:
        return cause_of(names[0])
    if table == SHARES:
        return f"market share of {cell_name(names[0])}"
    if table == PACK:
        return f"pack {names[0].replace('_', ' ')} per kWh"
    return {
        SEVERITY: "how much is cut", MONTHS: "how long it lasts", DELIVERY: "delivery of announced plants",
        DEMAND: "battery demand",
    }[key]  # fmt: skip
