"""Disruptions of a run, played: what is lost in each year, and which node binds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..exposure.bases import NOTHING
from ..exposure.coverage import Access
from ..exposure.disruption import Loss, at_risk, lost_by
from ..exposure.factory import Best, Factory, Supplied
from ..flows.demand import Array
from ..haste import frozen
from ..tables.supply import Event
from .chokepoints import Chokepoints, End, Hit, Stop

#: GWh that count as none.
LEAST = 1e-9
#: Ends of a severity.
ENDS: tuple[End, ...] = ("low", "high")


class Lost(NamedTuple):
    """What a disruption costs a plan, short or at risk, by best reallocation [GWh]: batteries that cannot be had, cells
    that were to be made at home and cannot, and batteries if others made the cells of the countries that close."""

    supply: float
    industry: float
    all_outside: float


@frozen
class Batch:
    """Disruptions of one year (its place among those of the run) played together, for the regions that share a pool.

    without: what there is without a disruption, one question; best: what is built with each; outside: with each, if
    others made the cells of the countries that close; left: what each leaves the regions, and the ends of their
    severities after them; losses: of each; ends: GWh at risk by best reallocation at the low and the high end of its
    severity, (event, end, [batteries, cells made at home]).
    """

    scenario: str
    regions: tuple[str, ...]
    year: int
    factory: Factory
    without: Supplied
    best: Best
    outside: Best
    left: Hit
    losses: list[Loss]
    ends: Array

    @cached_property
    def lost(self) -> list[Lost]:
        """What each costs, whoever counts it."""
        return _lost(self.best, self.outside)

    @property
    def hit(self) -> Supplied:
        """What there is with each."""
        return self.best.supplied

    @cached_property
    def gain(self) -> Array:
        """What one more hundredth of its planned need of each node would let be built, (event, node) [GWh]; 0 where
        nothing is lost."""
        gain = np.zeros_like(self.hit.bought)
        lossy = np.flatnonzero([lost.at_risk[0] > LEAST for lost in self.losses])
        if len(lossy):
            gain[lossy] = self.best.take(lossy).binding
        return gain


@frozen
class Played:
    """One disruption of a batch, and its place in that."""

    event: Event
    batch: Batch
    place: int

    @property
    def scenario(self) -> str:
        """Scenario whose plan is hit."""
        return self.batch.scenario

    @property
    def regions(self) -> tuple[str, ...]:
        """Regions that share a pool."""
        return self.batch.regions

    @property
    def year(self) -> int:
        """Place of the year among those of the run."""
        return self.batch.year

    @property
    def factory(self) -> Factory:
        """The linear programme of the plan."""
        return self.batch.factory

    @property
    def without(self) -> Array:
        """Accessible without the disruption, (node) [kt or GWh]."""
        return np.asarray(self.batch.without.accessible[0])

    @property
    def accessible(self) -> Array:
        """Accessible with it, (node) [kt or GWh]."""
        return np.asarray(self.batch.hit.accessible[self.place])

    @property
    def takes(self) -> NDArray[np.bool_]:
        """Whether it takes anything of what is accessible of a node, (node); rounding is nothing."""
        return np.asarray(self.accessible < self.without * (1 - NOTHING))

    @property
    def reach(self) -> Access:
        """What the regions can get under it."""
        return self.batch.left.reach.take(self.place)

    @property
    def hit(self) -> Supplied:
        """What there is with it."""
        return self.batch.hit.take([self.place])

    @property
    def loss(self) -> Loss:
        """What it costs."""
        return self.batch.losses[self.place]

    @property
    def lost(self) -> Lost:
        """The same, whoever counts it."""
        return self.batch.lost[self.place]

    @property
    def ends(self) -> tuple[float, float]:
        """GWh at risk by best reallocation at the low and at the high end of its severity."""
        low, high = self.batch.ends[self.place, :, 0]
        return float(low), float(high)

    @property
    def industry_ends(self) -> tuple[float, float]:
        """The same of the cells made at home."""
        low, high = self.batch.ends[self.place, :, 1]
        return float(low), float(high)

    @property
    def gain(self) -> Array:
        """What one more hundredth of its planned need of each node would let be built, (node) [GWh]; 0 without loss."""
        gain: Array = self.batch.gain[self.place]
        return gain

    @cached_property
    def binds(self) -> NDArray[np.intp]:
        """Nodes that bind, those that the disruption hits first, of these the one that gains most."""
        nodes = np.flatnonzero(self.gain)
        return nodes[np.lexsort((-self.gain[nodes], ~self.takes[nodes]))]


def played(
    chokepoints: Chokepoints, scenario: str, regions: tuple[str, ...], year: int, events: Sequence[Event], stock: float
) -> list[Played]:
    """Play disruptions, for the regions that share a pool, by place of the year; stock: months of planned need."""
    factory = chokepoints.factory(scenario, regions, year)
    without = chokepoints.without(scenario, regions, year)
    stops = stops_of(events)
    all_of, many = chokepoints.supplied(scenario, regions, year, stops, stock), len(events)
    hit, at_ends = all_of.take(slice(many)), all_of.take(slice(many, None))
    outside = chokepoints.made_outside(scenario, regions, year, stops, all_of).take(slice(many))
    every = factory.best(Supplied.joined([without, hit, outside]))
    best, of_outside = every.take(slice(1, 1 + many)), every.take(slice(1 + many, None))
    lost = lost_by(every.take(slice(1 + many)), of_outside)
    # An end that is no other event than the disruption itself costs what that does.
    ends = np.array([[(each.at_risk[0], each.industry[0])] * len(ENDS) for each in lost])
    if beyond := [(place, ENDS.index(end)) for place, end in _beyond(events)]:
        ends[tuple(np.array(beyond, dtype=int).T)] = at_risk(factory, without, at_ends)
    left = chokepoints.hit(regions, year, stops)
    batch = Batch(scenario, regions, year, factory, without, best, of_outside, left, lost, ends)
    return [Played(event, batch, place) for place, event in enumerate(events)]


def _lost(hit: Best, outside: Best) -> list[Lost]:
    """What disruptions cost a plan. hit: what is built with each; outside: if others made the cells of the countries
    that close."""
    plan = hit.factory.plan
    left = (*hit.totals, outside.totals[0])
    planned = (float(cells.sum()) for cells in (plan.cells, plan.made_at_home, plan.cells))
    lost = (np.maximum(whole - part, 0.0).tolist() for whole, part in zip(planned, left, strict=True))
    return [Lost(*each) for each in zip(*lost, strict=True)]


def stops_of(events: Sequence[Event]) -> tuple[Stop, ...]:
    """Disruptions at their severity, then the ends that are other events than these."""
    return (*((event.cuts, "severity") for event in events),
            *((events[place].cuts, end) for place, end in _beyond(events)))  # fmt: skip


def _beyond(events: Sequence[Event]) -> list[tuple[int, End]]:
    """Ends of severities that are other events than the disruption itself, by place of that."""
    return [(place, end) for end in ENDS for place, event in enumerate(events) if event.beyond(end)]


def play(
    chokepoints: Chokepoints, scenario: str, events: Iterable[Event], years: Collection[int] | None = None
) -> list[Played]:
    """Every disruption in every year from its start on, by event, regions and year; years: places of those played."""
    together, order = _together(chokepoints, events, years)
    stock = chokepoints.config.stockpile_months
    found = {where: played(chokepoints, scenario, *where, alike, stock) for where, alike in together.items()}
    return [found[where][place] for where, place in order]


def losses_of(
    chokepoints: Chokepoints, scenario: str, events: Iterable[Event], years: Collection[int],
    topped_up: Callable[[Sequence[Event], int, Supplied, Supplied], Supplied] | None = None,
) -> Iterable[tuple[Event, int, Lost]]:  # fmt: skip
    """What every disruption costs in every year from its start on, without what else `play` tells: (event, place of the
    year, loss). topped_up: what there is with some, by them, the place of the year, and what there is without and
    with each."""
    stock = chokepoints.config.stockpile_months
    for (regions, year), alike in _together(chokepoints, events, years)[0].items():
        stops: tuple[Stop, ...] = tuple((event.cuts, "severity") for event in alike)
        hit = chokepoints.supplied(scenario, regions, year, stops, stock)
        if topped_up is not None:
            hit = topped_up(alike, year, chokepoints.without(scenario, regions, year), hit)
        outside = chokepoints.made_outside(scenario, regions, year, stops, hit)
        factory = chokepoints.factory(scenario, regions, year)
        found = _lost(factory.best(hit), factory.best(outside))
        yield from ((event, year, each) for event, each in zip(alike, found, strict=True))


#: Regions that share a pool, and a year by its place.
Where = tuple[tuple[str, ...], int]


def _together(
    chokepoints: Chokepoints, events: Iterable[Event], years: Collection[int] | None
) -> tuple[dict[Where, list[Event]], list[tuple[Where, int]]]:
    """Disruptions that are played together, by regions and year, and where each stands there, by event, regions and
    year."""
    together: dict[Where, list[Event]] = {}
    order = []
    for event in events:
        for regions in chokepoints.pools(event.cuts):
            for year, calendar in enumerate(chokepoints.years):
                if calendar >= event.start and (years is None or year in years):
                    with_others = together.setdefault((regions, year), [])
                    order.append(((regions, year), len(with_others)))
                    with_others.append(event)
    return together, order


@frozen
class Library:
    """Every disruption of a run, each played once, by scenario."""

    chokepoints: Chokepoints
    _played: dict[str, list[Played]] = field(default_factory=dict, init=False, repr=False)

    def of(self, scenario: str) -> list[Played]:
        """Disruptions played on the plan of a scenario."""
        if scenario not in self._played:
            self._played[scenario] = play(self.chokepoints, scenario, self.chokepoints.inputs.events)
        return self._played[scenario]

    def all(self) -> list[Played]:
        """Disruptions played on all plans, in the order of the scenarios."""
        return [each for scenario in self.chokepoints.scenarios for each in self.of(scenario)]


def by_region(chokepoints: Chokepoints, scenario: str, regions: Sequence[str], year: int, built: Array) -> Array:
    """Cells built, (…, chemistry), as (…, region, segment, chemistry): pro rata to the plan of regions and segments."""
    at = [chokepoints.regions.index(region) for region in regions]
    cells = chokepoints.scenarios[scenario].cells[at][..., year]
    planned = cells.sum(axis=(0, 1))
    part = np.divide(built, planned, out=np.zeros_like(built), where=planned > 0)
    return np.asarray(cells * part[..., None, None, :])
