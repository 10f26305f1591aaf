"""Disruptions of a run, played: what is lost in each year, and which node binds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..exposure.coverage import stockpiled
from ..exposure.disruption import Factory, Loss, loss
from ..flows.demand import Array
from ..tables.supply import Event
from .chokepoints import Chokepoints

#: GWh that count as none.
LEAST = 1e-9


@dataclass(frozen=True)
class Played:
    """One disruption, in one year (its place among those of the run), for the regions that share a pool.

    without, accessible: of each node without and with the disruption, (node) [kt or GWh].
    """

    scenario: str
    regions: tuple[str, ...]
    event: Event
    year: int
    factory: Factory
    without: Array
    accessible: Array
    loss: Loss

    @cached_property
    def gain(self) -> Array:
        """What one more hundredth of its planned need of each node would let be built, (node) [GWh]; 0 without loss."""
        if self.loss.at_risk[0] <= LEAST:
            return np.zeros(len(self.accessible))
        return self.factory.binding(self.accessible)

    @cached_property
    def binds(self) -> NDArray[np.intp]:
        """Nodes that bind, those that the disruption hits first, of these the one that gains most."""
        hit = self.accessible < self.without
        nodes = np.flatnonzero(self.gain)
        return nodes[np.lexsort((-self.gain[nodes], ~hit[nodes]))]


def played(
    chokepoints: Chokepoints, scenario: str, regions: tuple[str, ...], year: int, event: Event, stock: float = 0.0
) -> Played:
    """Play a disruption, for the regions that share a pool, by place of the year; stock: months of planned need."""
    factory = chokepoints.factory(scenario, regions, year)
    without = chokepoints.accessible(scenario, regions, year)
    cuts = chokepoints.cuts(event.cuts)
    accessible = stockpiled(chokepoints.accessible(scenario, regions, year, cuts), without, factory.need, stock)
    return Played(scenario, regions, event, year, factory, without, accessible, loss(factory, without, accessible))


def play(chokepoints: Chokepoints, scenario: str, events: Iterable[Event]) -> Iterable[Played]:
    """Every disruption in every year from its start on."""
    stock = chokepoints.config.stockpile_months
    for event in events:
        for regions in chokepoints.pools(event.cuts):
            for year, calendar in enumerate(chokepoints.years):
                if calendar >= event.start:
                    yield played(chokepoints, scenario, regions, year, event, stock)


@dataclass(frozen=True)
class Library:
    """Every disruption of a run, each played once, by scenario."""

    chokepoints: Chokepoints
    _played: dict[str, list[Played]] = field(default_factory=dict, init=False, repr=False)

    def of(self, scenario: str) -> list[Played]:
        """Disruptions played on the plan of a scenario."""
        if scenario not in self._played:
            self._played[scenario] = list(play(self.chokepoints, scenario, self.chokepoints.inputs.events))
        return self._played[scenario]

    def all(self) -> list[Played]:
        """Disruptions played on all plans, in the order of the scenarios."""
        return [each for scenario in self.chokepoints.scenarios for each in self.of(scenario)]


def by_region(chokepoints: Chokepoints, scenario: str, regions: Sequence[str], year: int, built: Array) -> Array:
    """Cells built, (chemistry), as (region, segment, chemistry): pro rata to the plan of regions and segments."""
    at = [chokepoints.regions.index(region) for region in regions]
    cells = chokepoints.scenarios[scenario].cells[at][..., year]
    planned = cells.sum(axis=(0, 1))
    return np.asarray(cells * np.divide(built, planned, out=np.zeros_like(planned), where=planned > 0))
