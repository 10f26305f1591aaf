"""Stops of several lengths, with stocks of several sizes, in the last year of a run.

A stop of a year or less begins with the last year. One of two years takes the year before and the last one, where both
are years of the run, follow each other, and have the event begun; else the last year twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ..exposure.window import YEAR, Window
from ..flows.demand import Array
from ..haste import frozen
from ..tables.supply import Event
from .chokepoints import Chokepoints
from .played import Library, Played

#: Months that a stop lasts: a year or less, and two.
LENGTHS = (3.0, 6.0, 12.0, 24.0)
#: Months of stock, beside those of the run.
STOCKS = (0.0, 1.0, 3.0, 6.0)


@frozen
class Lengths:
    """Stops of all lengths for the regions that share a pool, which take the same years.

    stocks: months, (stock); planned: batteries and cells made at home in the months of each length, (length,
    [batteries, cells]) [GWh]; lost: of these, what is short without a stop among it, (length, stock, event, [batteries,
    cells]) [GWh]; halve: months of stock that halve what is at risk in the last year, (event), NaN where none does.
    """

    scenario: str
    regions: tuple[str, ...]
    events: list[Event]
    stocks: tuple[float, ...]
    planned: Array
    lost: Array
    halve: Array


def lengths(library: Library) -> Iterator[Lengths]:
    """Of every scenario and pool, the disruptions that are played in the last year."""
    chokepoints = library.chokepoints
    last = len(chokepoints.years) - 1
    follows = last > 0 and chokepoints.years[last] - chokepoints.years[last - 1] == 1
    for scenario in chokepoints.scenarios:
        by_year: dict[tuple[str, ...], dict[int, list[Played]]] = {}
        for each in library.of(scenario):
            by_year.setdefault(each.regions, {}).setdefault(each.year, []).append(each)
        for years in by_year.values():
            begun = {each.event.disruption: each for each in years.get(last - 1, []) if follows}
            found = years.get(last, [])
            both = [each for each in found if each.event.disruption in begun]
            new = [each for each in found if each.event.disruption not in begun]
            if both:
                yield _lengths(chokepoints, [begun[each.event.disruption] for each in both], both)
            if new:
                yield _lengths(chokepoints, new, new)


def _lengths(chokepoints: Chokepoints, first: Sequence[Played], last: Sequence[Played]) -> Lengths:
    """Of some disruptions of the last year. first: the same in the year in which a stop of two years begins."""
    stocks, lasting = np.array(sorted({*STOCKS, chokepoints.config.stockpile_months})), np.array(LENGTHS) / YEAR
    now = np.minimum(lasting, 1.0)  # of the last year
    (planned, short), (planned_before, short_before) = _plan(last[0]), _plan(first[0])
    at_risk, halve = np.zeros((len(LENGTHS), len(stocks), len(last), 2)), np.full(len(last), np.nan)
    # What costs nothing in a whole year costs nothing in a part of it.
    costs = [
        place for place, both in enumerate(zip(first, last, strict=True))
        if chokepoints.config.stockpile_months or any(max(e.loss.at_risk[0], e.loss.industry[0]) > 0 for e in both)
    ]  # fmt: skip
    if costs:
        window = _window(chokepoints, [last[place] for place in costs])
        length, stock, event = (
            each.ravel() for each in np.meshgrid(lasting, stocks, np.arange(len(costs)), indexing="ij")
        )
        found = window.take(event).at_risk(stock / length).reshape(len(LENGTHS), len(stocks), len(costs), 2)
        before = found[-1]
        if first is not last:
            window_before, two = _window(chokepoints, [first[place] for place in costs]), length == lasting[-1]
            before = window_before.take(event[two]).at_risk(stock[two] / lasting[-1]).reshape(before.shape)
        at_risk[:, :, costs] = now[:, None, None, None] * found + (lasting - now)[:, None, None, None] * before
        halve[costs] = window.months_that_halve()
    planned = np.outer(now, planned) + np.outer(lasting - now, planned_before)
    lost = at_risk + (np.outer(now, short) + np.outer(lasting - now, short_before))[:, None, None]
    events = [each.event for each in last]
    return Lengths(last[0].scenario, last[0].regions, events, tuple(stocks.tolist()), planned, lost, halve)


def _window(chokepoints: Chokepoints, found: Sequence[Played]) -> Window:
    """Some disruptions of one batch, without stock."""
    batch = found[0].batch
    where = batch.scenario, batch.regions, batch.year
    if chokepoints.config.stockpile_months:
        hit = chokepoints.supplied(*where, tuple((each.event.cuts, "severity") for each in found))
    else:
        hit = batch.hit.take([each.place for each in found])
    need = chokepoints.stocked(batch.factory.plan, batch.regions, batch.year)
    return Window(batch.factory, batch.without, hit, need)


def _plan(found: Played) -> tuple[Array, Array]:
    """Batteries and cells made at home that are planned, and those that are short without a stop, ([batteries, cells])
    each [GWh]."""
    plan, base = found.factory.plan, found.loss.base
    planned = np.array([plan.cells.sum(), plan.made_at_home.sum()])
    return planned, np.maximum(planned - [base.cells.sum(), base.home.sum()], 0.0)
