"""What one run computes: of each scenario its cells and mineral demand, and with [flows] the whole chain.

Everything is computed from the arrays of the run on first use, once. Tables are made from it, the exposure and the mix
take their batteries from it, and nothing reads a table back.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from ..flows.demand import Array, cells, graphite_by_route
from ..flows.system import SystemInputs, system
from ..haste import frozen
from ..tables.resolve import Resolved
from .arrays import Arrays
from .chain import Chain, Survival, follow, follow_in_detail, recoveries, returning, survivals

GRAPHITE = "graphite"


@frozen
class ScenarioOutcome:
    """One scenario of a run, over all years of its axis.

    survival: of the batteries of the run, with [flows]; else None.
    """

    arrays: Arrays
    scenario: str
    survival: Survival | None

    @cached_property
    def cells(self) -> Array:
        """Cells put into use, (region, segment, chemistry, year) [GWh]."""
        return np.asarray(cells(self.arrays.additions[self.scenario], self.arrays.share[self.scenario])[0])

    @cached_property
    def demand(self) -> Mapping[str, Array]:
        """Mineral demand at the value, low and high end of intensities, (region, segment, chemistry, mineral, year)
        [kt]."""
        if (finer := self.arrays.finer) is not None:
            cells = self.cells[:, :, :, None]
            return {end: np.asarray(cells * intensity) for end, intensity in finer.items()}
        sold, share = self.arrays.additions[self.scenario], self.arrays.share[self.scenario]
        return {
            end: system(SystemInputs(sold, share, intensity)).mineral_demand[0]
            for end, intensity in self.arrays.intensity.items()
        }

    @cached_property
    def graphite_by_route(self) -> Array | None:
        """Graphite demand by route, (region, segment, route, year) [kt]; None where the run has no graphite."""
        minerals = self.arrays.resolved.minerals.labels
        if GRAPHITE not in minerals:
            return None
        graphite = self.demand["value"][:, :, :, minerals.index(GRAPHITE)].sum(axis=2)
        return graphite_by_route(graphite, self.arrays.route)

    @cached_property
    def chain(self) -> Chain | None:
        """Stock, scrap, recycling and upstream need; None without [flows]."""
        if self.survival is None:
            return None
        resolved, lines = self.arrays.resolved, self.arrays.lines(self.scenario)
        intensity = self.arrays.intensity["value"][0]
        if (detailed := resolved.detailed.get(self.scenario)) is not None:
            held = intensity[None] if self.arrays.finer is None else self.arrays.finer["value"]
            return follow_in_detail(resolved, detailed, self.cells, held, self.arrays.route, lines)
        return follow(self.arrays.resolved, self.survival, self.cells, intensity, self.arrays.route, lines)

    @cached_property
    def gain(self) -> Array:
        """Input ÷ demand of cell making, (region, year) [1]; 1 without [flows]."""
        regions, years = len(self.arrays.resolved.regions), len(self.arrays.resolved.years)
        return np.ones((regions, years)) if self.chain is None else 1 / (1 - self.chain.scrap)

    @cached_property
    def recovered(self) -> Array:
        """Secondary supply, (region, mineral, year) [kt]; 0 without [flows]."""
        resolved = self.arrays.resolved
        none = np.zeros((len(resolved.regions), len(resolved.minerals), len(resolved.years)))
        return none if self.chain is None else self.chain.flows.secondary_supply


@frozen
class Outcome:
    """What a resolved run computes, by scenario."""

    resolved: Resolved

    @cached_property
    def arrays(self) -> Arrays:
        """The inputs of the run as arrays."""
        return Arrays(self.resolved)

    @cached_property
    def scenarios(self) -> Mapping[str, ScenarioOutcome]:
        """Each scenario, in the order of the run file."""
        return {name: ScenarioOutcome(self.arrays, name, self.survival) for name in self.arrays.scenarios}

    @cached_property
    def survival(self) -> Survival | None:
        """Survival of batteries at the values of their lifetimes; None without [flows]."""
        return survivals(self.resolved) if self.resolved.parameters is not None else None

    @cached_property
    def returning(self) -> Array:
        """Share of what a cohort holds that reaches recyclers, (region, segment, chemistry, year, cohort) [1]; needs
        [flows]."""
        assert self.survival is not None
        return returning(self.resolved, self.survival)

    @cached_property
    def recovery(self) -> Mapping[str, Array]:
        """Share of a mineral that recyclers recover, by stream, (region or 1, mineral, year) [1]; needs [flows]."""
        return recoveries(self.resolved)
