"""What disruptions cost at the ends of what nobody knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_args

from ...case.chokepoints import Chokepoints
from ...case.played import LEAST, Library, Played, play
from ...case.unknown import Assumed, stops_of_unknown
from ...columns import Columns
from ...tables.supply import Event
from .intervals import headlines

COLUMNS = [
    "scenario", "region", "disruption", "label", "unknown", "year", "planned", "lost_best", "lost_proportional",
    "share_best", "unit",
]  # fmt: skip
#: How much of what nobody knows stands in the country that leads it, from nothing on.
ENDS: tuple[Assumed, ...] = get_args(Assumed)


def lost_unknown(library: Library) -> Columns:
    """What the disruptions that cost most, and a stop of each node that nobody knows, cost a plan in the last year if
    none of what nobody knows stands in the country that leads it, a share as at the centre, and all. A stop that costs
    nothing even then has no row."""
    chokepoints, last = library.chokepoints, len(library.chokepoints.years) - 1
    main = headlines(library)
    stops = stops_of_unknown(chokepoints.supply, chokepoints.inputs, chokepoints.uses.ever)
    events = {event.disruption: event for event in (*main, *stops)}
    worlds = {end: chokepoints if end == chokepoints.config.unknown else chokepoints.with_unknown(end) for end in ENDS}
    hit = [event for event in events.values() if _takes_unknown(worlds["all"], event, last)]
    rows: list[tuple[Any, ...]] = []
    for scenario in chokepoints.scenarios:
        of_run = {(each.event.disruption, each.regions): each for each in library.of(scenario) if each.year == last}
        # With none of it a stop of what nobody knows takes nothing, and at the run's own end all is played.
        found = {
            end: _played(world, scenario, [event for event in hit if event in main or end != "none"], last)
            for end, world in worlds.items() if world is not chokepoints
        }  # fmt: skip
        found[chokepoints.config.unknown] = {}
        for code, event in events.items():
            for regions in chokepoints.pools(event.cuts):
                key = code, regions
                every = [found[end].get(key) or of_run.get(key) for end in ENDS]
                known = next((each for each in reversed(every) if each is not None), None)
                if known is None or known.loss.at_risk[1] <= LEAST:
                    continue
                planned, short = float(known.loss.planned.sum()), float(known.loss.shortage.sum())
                for end, each in zip(ENDS, every, strict=True):
                    best, alike = (short, short) if each is None else each.loss.lost
                    rows.append((
                        scenario, chokepoints.name_of(regions), code, event.label, end, chokepoints.years[last],
                        planned, best, alike, best / planned, "GWh",
                    ))  # fmt: skip
    return Columns.from_rows(rows, COLUMNS)


def _takes_unknown(world: Chokepoints, event: Event, year: int) -> bool:
    """Whether an event takes anything of what nobody knows."""
    return bool(world.stopped_unknown(year, world.cuts([(event.cuts, "severity")])).any())


def _played(
    world: Chokepoints, scenario: str, events: list[Event], year: int
) -> Mapping[tuple[str, tuple[str, ...]], Played]:
    """Events at their severity alone, by code and regions."""
    alone = [
        replace(each, cuts=tuple(cut._replace(low=cut.severity, high=cut.severity) for cut in each.cuts))
        for each in events
    ]
    return {(each.event.disruption, each.regions): each for each in play(world, scenario, alone, (year,))}
