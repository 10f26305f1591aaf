"""The frame of a mix: what may be chosen, for what demand, and what each candidate needs of each node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import cast

import numpy as np

from ...config import Optimise
from ...exposure.makers import Order
from ...exposure.stages import ACTIVE, REFINING
from ...flows.demand import Array
from ...mix.data import Chemistry, Disruption, GraphiteRoutes, Key, Node, Place, Pool, Region, Segment, Year
from ...tables.inputs import Inputs
from ...tables.mix import MixInputs
from ...tables.resolve import Resolved
from ..chokepoints import Chokepoints
from ..outcome import Outcome

Pools = Mapping[Pool, tuple[Region, ...]]
PoolsOf = Mapping[Disruption, tuple[Pool, ...]]

#: Parts of a material or of cells below this are rounding.
LEAST_PART = 1e-12


class Frame:
    """A run with every candidate on its axis and nothing chosen yet.

    chokepoints: exposure of that run; config: [optimise]; tables: of the mix; pairs: base and silicon of each
    chemistry; incumbent, optimised: names of the scenarios; inputs: all tables.
    """

    def __init__(
        self, chokepoints: Chokepoints, config: Optimise, tables: MixInputs, pairs: Mapping[str, tuple[str, float]],
        incumbent: str, optimised: str, inputs: Inputs,
    ) -> None:  # fmt: skip
        self.inputs = inputs
        self.chokepoints, self.config, self.tables, self.pairs = chokepoints, config, tables, pairs
        self.incumbent, self.optimised = incumbent, optimised
        self.outcome: Outcome = chokepoints.outcome
        self.resolved: Resolved = chokepoints.resolved
        self.regions = cast(tuple[Region, ...], chokepoints.regions)
        self.segments = cast(tuple[Segment, ...], self.resolved.segments.labels)
        self.chemistries = cast(tuple[Chemistry, ...], tables.chemistries)
        #: Years that are decided, and the places of all that are reported.
        self.years = cast(tuple[Year, ...], tuple(y for y in chokepoints.years if y >= tables.decided))
        self.at = {year: place for place, year in enumerate(chokepoints.years)}
        self.nodes = tuple(Node(node.node) for node in chokepoints.inputs.nodes)

    @cached_property
    def place(self) -> dict[Chemistry, int]:
        """Place of each candidate among the pairs of base and silicon of the run."""
        return {c: self.resolved.chemistries.labels.index(self.pairs[c]) for c in self.chemistries}

    @cached_property
    def demand(self) -> dict[Key, float]:
        """(region, segment, year) → [GWh], where there is some."""
        gwh = self.outcome.arrays.additions[self.optimised][0]
        full = self.resolved.years.labels
        return {
            (r, s, y): float(gwh[i, j, full.index(y)])
            for i, r in enumerate(self.regions) for j, s in enumerate(self.segments) for y in self.years
            if gwh[i, j, full.index(y)] > 0
        }  # fmt: skip

    @cached_property
    def gain(self) -> Array:
        """Input ÷ content of cell making, (region, year)."""
        return self.chokepoints.scenarios[self.optimised].gain

    def gain_of(self, regions: Sequence[str], year: int) -> float:
        """Mean gain of regions by their demand, as `Chokepoints.plan` has it."""
        at, y = [self.regions.index(region) for region in regions], self.at[year]
        gwh = np.array(
            [sum(v for (r, _, t), v in self.demand.items() if (r, t) == (region, year)) for region in regions]
        )
        return float((gwh * self.gain[at, y]).sum() / gwh.sum()) if gwh.sum() else 1.0

    @cached_property
    def pools(self) -> tuple[Pools, PoolsOf]:
        """Regions of each pool, and names of the pools of each disruption."""
        by_name: dict[Pool, tuple[Region, ...]] = {}
        of: dict[Disruption, tuple[Pool, ...]] = {}
        for event in self.chokepoints.inputs.events:
            if event.start <= self.years[-1]:
                groups = self.chokepoints.pools(event.cuts)
                names = [Pool(Place(self.chokepoints.name_of(group))) for group in groups]
                by_name |= dict(zip(names, cast(list[tuple[Region, ...]], groups), strict=True))
                of[Disruption(event.disruption)] = tuple(names)
        return by_name, of

    @property
    def order(self) -> Order | None:
        """Whose cells makers outside the run serve first, where they are chosen, and so share their inputs."""
        return self.config.maker_inputs if self.config.makers == "chosen" else None

    @cached_property
    def discount(self) -> dict[Year, float]:
        """What a cost of each year counts in the sum of all years [1]."""
        return {y: (1 + self.tables.rate) ** (self.years[0] - y) for y in self.years}

    @cached_property
    def use(self) -> dict[Key, float]:
        """Use by each region and pool at the planned route, with scrap: `exposure.factory.Plan.total_use`."""
        uses, out = self.chokepoints.uses, {}
        places: dict[Place, tuple[Region, ...]] = {r: (r,) for r in self.regions}
        places.update(self.pools[0].items())
        for y in self.years:
            at = self.at[y]
            share = uses.route[at]
            routed = share * uses.natural + (1 - share) * uses.synthetic
            total = uses.fixed[0, :, :, at] + np.outer(uses.carrier[0, :, at], routed)
            for name, regions in places.items():
                amount = total * np.where(uses.scrapped, self.gain_of(regions, y), 1.0)
                for c, place in self.place.items():
                    out.update(
                        {(name, c, self.nodes[n], y): float(amount[place, n]) for n in np.flatnonzero(amount[place])}
                    )
        return out

    @property
    def routes(self) -> GraphiteRoutes | None:
        """Graphite by its route, where some node needs another amount by it."""
        uses, (pools, _) = self.chokepoints.uses, self.pools
        if not uses.routed:
            return None
        low, high = self.chokepoints.inputs.route_bounds
        gain = {(name, y): self.gain_of(regions, y) for name, regions in pools.items() for y in self.years}
        carrier = {
            (name, c, y): float(uses.carrier[0, place, self.at[y]] * gain[name, y])
            for name in pools for c, place in self.place.items() for y in self.years
        }  # fmt: skip
        by_node: list[dict[Node, float]] = [
            {n: float(v) for n, v in zip(self.nodes, way, strict=True) if v} for way in (uses.natural, uses.synthetic)
        ]
        planned = {y: float(uses.route[self.at[y]]) for y in self.years}
        return GraphiteRoutes(carrier, by_node[0], by_node[1], planned, low, high)

    def most_needed(self, regions: Sequence[Region], y: Year, home: Array, own: Array) -> Array:
        """The most that any mix could need of each node at home, (node) [kt or GWh]: if all batteries were of the
        chemistry, and all graphite of the route, that needs most of it, and own plants made all they can."""
        chain, places = self.chokepoints.chain, list(self.place.values())
        use, wanted = self.largest_use(regions, y)
        cells = np.where(self.chokepoints.cell, 1.0, home[places][:, None] * chain.direct[places])
        most = (use * cells).max(axis=0, initial=0.0) * wanted
        for n in np.flatnonzero(chain.made & (chain.stage == ACTIVE) & (own > 0)):
            of = np.divide(use, use[:, [n]], out=np.zeros_like(use), where=use[:, [n]] > 0)
            most += min(own[n], most[n]) * (of * chain.into[places][:, :, n]).max(axis=0, initial=0.0)
        refined = np.where(chain.stage == REFINING, np.minimum(own, most), 0.0)
        return np.asarray(most + chain.per @ refined)

    def largest_use(self, regions: Sequence[Region], y: Year) -> tuple[Array, float]:
        """Use of each node by each candidate, all graphite of the route that needs most of it, (chemistry, node), and
        batteries that regions want [GWh]."""
        uses, at, places = self.chokepoints.uses, self.at[y], list(self.place.values())
        wanted = sum(v for (r, _, t), v in self.demand.items() if r in regions and t == y)
        gain = np.where(uses.scrapped, self.gain_of(regions, y), 1.0)
        routed = np.outer(uses.carrier[0, places, at], np.maximum(uses.natural, uses.synthetic))
        return (uses.fixed[0, places, :, at] + routed) * gain, wanted
