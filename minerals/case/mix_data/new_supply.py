"""What others may build because of a mix: how much, where it stands, what it costs more, and what a stop leaves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...flows.demand import Array
from ...mix.data import (
    FOLLOW_ON,
    Disruption,
    Key,
    MixData,
    Node,
    NodeYear,
    Region,
    RegionNodeSupplierYear,
    Supplier,
    Year,
)
from ...tables.expansion import material_price
from ..follow_on import Chosen
from .frame import Frame
from .sourcing import Sourcing


class NewSupply:
    """Supply that follows a mix, by nodes."""

    def __init__(self, frame: Frame, sourcing: Sourcing) -> None:
        self.frame, self.chokepoints, self.sourcing = frame, frame.chokepoints, sourcing
        self._material_prices: dict[Node, Array] = {}

    def data(self) -> dict[str, Any]:
        """What others may build because of a mix: as `Chokepoints.follow_on` has it for a plan, where some mix could
        need more than known supply, by what it is made of or of what its next stage at home takes."""
        chokepoints, events = self.chokepoints, self.chokepoints.inputs.events
        pools, pools_of = self.frame.pools
        most: dict[Key, float] = {}
        home: dict[Key, float] = {}
        left: dict[Key, float] = {}
        stands: dict[Key, float] = {}
        price: dict[NodeYear, float] = {}
        countries = chokepoints.inputs.countries
        cuts = chokepoints.cuts([(event.cuts, "severity") for event in events])
        for y in self.frame.years:
            at = self.frame.at[y]
            cap = chokepoints.most_follow_on(at)
            part, allowed = self.sourcing.following(y)
            # Cells that follow are bought: at home they are made on lines.
            bought = ~chokepoints.cell | (allowed[:, ~chokepoints.at_home(self.frame.regions)] > 0).any(axis=1)
            nodes = np.flatnonzero(self._may_lack(y) & (cap.amount * part > 0) & bought)
            most |= {(self.frame.nodes[n], y): float(cap.amount[n] * part[n]) for n in nodes}
            stands |= {
                (self.frame.nodes[n], Supplier(code), y): float(allowed[n, j])
                for n in nodes for j, code in enumerate(countries) if allowed[n, j]
            }  # fmt: skip
            dearer = chokepoints.premium_of_follow_on(allowed)
            for n in nodes:
                more = float(dearer[n] * self._material_price(self.frame.nodes[n])[self.frame.years.index(y)])
                if np.isfinite(more):
                    price[self.frame.nodes[n], y] = more
            for r in self.frame.regions:
                at_home = self._at_next_stage(r, y)
                home |= {(r, self.frame.nodes[n], y): float(at_home[n]) for n in nodes}
            for name, regions in pools.items():
                # Of cells a stop takes what their makers cannot deliver, which is told apart.
                kept = np.where(chokepoints.cell, 1.0, chokepoints.left_of_follow_on(regions, allowed, cuts))
                for e, event in enumerate(events):
                    d = Disruption(event.disruption)
                    if y >= event.start and name in pools_of.get(d, ()):
                        left |= {(d, name, self.frame.nodes[n], y): float(kept[e, n]) for n in nodes}
        return {
            "follow_on": most, "follow_on_price": price, "follow_on_home": home, "follow_on_left": left,
            "follow_on_in": stands,
        }  # fmt: skip

    def _at_next_stage(self, r: Region, y: Year) -> Array:
        """Part of a region's need of each node that arises at home, in the reference world, (node) [1]."""
        worlds = self.chokepoints.supply[self.frame.at[y]], self.chokepoints.embodied[self.frame.at[y]]
        group = self.chokepoints.group((r,))
        here, all_of = (world.weights[:, group[: world.weights.shape[1]]].sum(axis=1) for world in worlds)
        return np.asarray(np.minimum(np.divide(here, all_of, out=np.ones_like(here), where=all_of > 0), 1.0))

    def _may_lack(self, y: Year) -> np.ndarray:
        """Nodes of which some mix could need more than known supply, (node): of what batteries are made of, from those
        who may deliver it, or at home of a region or of all together."""
        chokepoints, at = self.chokepoints, self.frame.at[y]
        use, wanted = self.frame.largest_use(self.frame.regions, y)
        of_excluded = np.zeros(len(self.frame.nodes))
        for n, j in dict.fromkeys((n, j) for _, n, j, t in self.sourcing.excluded if t == y):
            of_excluded[self.frame.nodes.index(n)] += self.sourcing.suppliers.deliver[n, j, y]
        embodied = chokepoints.access_embodied(self.frame.regions, at).accessible
        lacks = use.max(axis=0, initial=0.0) * wanted > embodied - of_excluded
        every = np.ones(len(chokepoints.uses.ever))
        for regions in dict.fromkeys([self.frame.regions, *((r,) for r in self.frame.regions)]):
            own, accessible = chokepoints.available(regions, at, chokepoints.access(regions, at))
            lacks |= self.frame.most_needed(regions, y, every, np.where(chokepoints.cell, 0.0, own)) > accessible
        return np.asarray(lacks)

    def _material_price(self, node: Node) -> Array:
        """Of a node's product, (decided year) [million USD per kt or GWh]; NaN where nobody prices it."""
        if node not in self._material_prices:
            self._material_prices[node] = material_price(self.frame.inputs, node, self.frame.years)[0]
        return self._material_prices[node]

    def built(self, data: MixData, sourced: Mapping[RegionNodeSupplierYear, float]) -> Chosen:
        """What others build because of a mix where its next stage stands at home, and where that stands, if some of
        those who usually would may not supply. sourced: as of `Solution`."""
        countries = len(self.chokepoints.inputs.countries)
        out = Chosen.nothing(len(self.frame.regions), len(self.frame.nodes), countries, len(self.chokepoints.years))
        for (r, n, j, y), amount in sourced.items():
            if j == FOLLOW_ON:
                at, node, year = self.frame.regions.index(r), self.frame.nodes.index(n), self.frame.at[y]
                out.amount[at, node, year] = amount * data.follow_on_home[r, n, y]
                stands = self.sourcing.following(y)[1][node]
                if (stands != self.chokepoints.growth.new_located[node]).any():
                    out.located[at, node, :, year] = stands
        return out
