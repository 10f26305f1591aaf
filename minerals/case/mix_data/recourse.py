"""What a stop leaves a mix: of nodes at each stage, of the cells of each maker, and of inputs that makers share."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...exposure.makers import pressing
from ...exposure.stages import ACTIVE, REFINING
from ...flows.demand import Array
from ...mix.data import Chemistry, Customer, Disruption, Key, Node, Pool, Region, Supplier, Year
from ..chokepoints import Stop
from .frame import LEAST_PART, Frame
from .sourcing import Sourcing

#: What disruptions leave of cells, (stop): of all made at home and bought, (stop, chemistry) each, and by chemistry and
#: maker, those that are made elsewhere and those that are made at home instead.
Cells = tuple[
    tuple[Array, Array], tuple[dict[Chemistry, dict[Supplier, Array]], dict[Chemistry, dict[Supplier, Array]]]
]


class Recourse:
    """What disruptions of the run leave, by pool and year."""

    def __init__(self, frame: Frame, sourcing: Sourcing) -> None:
        self.frame, self.chokepoints, self.sourcing = frame, frame.chokepoints, sourcing

    def data(self) -> dict[str, Any]:
        """What there is at each stage under each disruption, as `Chokepoints.supplied` has it, where it may be too
        little for some mix; and the stages at home that lead there."""
        config, (pools, pools_of) = self.chokepoints.config, self.frame.pools
        found: dict[str, Any] = {name: {} for name in (
            "undisturbed", "accessible", "own", "made_at_home", "bought", "unknown_left", "planned_home", "left",
            "moved_home", "keeps", "inputs",
        )} | {"by_origin": set(), "active": [], "refined": []}  # fmt: skip
        stops: tuple[Stop, ...] = tuple((event.cuts, "severity") for event in self.chokepoints.inputs.events)
        cells: dict[tuple[Pool, Year], Cells] = {}
        for e, event in enumerate(self.chokepoints.inputs.events):
            d = Disruption(event.disruption)
            for name, y in product(pools_of.get(d, ()), (year for year in self.frame.years if year >= event.start)):
                if (name, y) not in cells:
                    where = pools[name], self.frame.at[y], stops
                    cells[name, y] = self._cells_left(*where), self._left_by_maker(*where)
                home = self._note_cells(found, d, name, y, e, cells[name, y])
                if self.frame.order is not None and self.frame.config.loss != "industry":
                    self._share_inputs(found, d, name, y, e, stops)
                self._note_nodes(found, d, name, y, e, stops, home)
        by_need = found["unknown_left"] or config.stockpile_months
        return {
            **found, **self._chain(), "by_origin": frozenset(found["by_origin"]), "active": tuple(found["active"]),
            "refined": tuple(found["refined"]), "stockpile": config.stockpile_months / 12,
            "stocked": self.stocked() if by_need else {},
        }  # fmt: skip

    def _note_cells(self, found: dict[str, Any], d: Disruption, pool: Pool, y: Year, e: int, cells: Cells) -> Array:
        """Note what a disruption, by its place among all, leaves of the cells that regions make and buy: of all alike,
        or of each maker where a mix chooses these. The most that any mix has made at home, (chemistry) [1]."""
        chokepoints, regions, at = self.chokepoints, self.frame.pools[0][pool], self.frame.at[y]
        chosen, planned = chokepoints.chooses_origin(regions, at), chokepoints.made_at_home(regions, at)
        of_all, (left, moved) = cells
        home, bought = (part[e].copy() for part in of_all)
        for c, place in self.frame.place.items():
            if not chosen[place]:
                found["made_at_home"][d, pool, c, y] = float(home[place])
                found["bought"][d, pool, c, y] = float(bought[place])
                found["planned_home"][pool, c, y] = float(planned[place])
                continue
            found["by_origin"].add((pool, c, y))
            home[place] = 0.0
            for j, by_stop in left[c].items():
                if (part := float(by_stop[e])) != 1:
                    found["left"][d, pool, j, c, y] = part
                home[place] = max(home[place], part if self.sourcing.is_home(j, regions) else 0.0)
            for j, by_stop in moved[c].items():
                if part := float(by_stop[e]):
                    found["moved_home"][d, pool, j, c, y] = part
                    home[place] = max(home[place], part)
        return np.asarray(home)

    def _note_nodes(
        self, found: dict[str, Any], d: Disruption, pool: Pool, y: Year, e: int, stops: tuple[Stop, ...], home: Array
    ) -> None:  # fmt: skip
        """Note what a disruption, by its place among all, leaves of the nodes of which some mix could lack some, and
        the stages at home that lead there. home: as of `_note_cells`."""
        chain, chokepoints, nodes = self.chokepoints.chain, self.chokepoints, self.frame.nodes
        regions, at, places = self.frame.pools[0][pool], self.frame.at[y], self.frame.place
        hit = chokepoints.hit(regions, at, stops)
        without = chokepoints.available(regions, at, chokepoints.access(regions, at))[1]
        own, accessible = chokepoints.available(regions, at, hit.reach.take(e))
        accessible = np.where(chokepoints.cell, without, accessible)
        own = np.where(chokepoints.cell, 0.0, own)
        most = self.frame.most_needed(regions, y, home, own)
        unknown = chokepoints.stopped_unknown(at, hit.cuts)[e]
        if unknown.any():
            # What is left of these goes with what the mix needs of them.
            without, accessible = np.where(unknown, most, without), np.where(unknown, 0.0, accessible)
            left = chokepoints.left_of_unknown(regions, at, hit.cuts)[e]
            for n in np.flatnonzero(unknown & (left > 0)):
                found["unknown_left"][d, pool, nodes[n], y] = float(left[n])
        short = accessible < most
        if regions == self.frame.regions:
            # Cells are within the supply of the whole run already; twice, neither limit would be worth any.
            short &= ~chokepoints.cell
        refines = chain.made & (chain.stage == REFINING) & (own > 0) & chain.per[short].any(axis=0)
        short |= refines
        makes = chain.made & (chain.stage == ACTIVE) & (own > 0)
        makes &= chain.into[list(places.values())][:, short].any(axis=(0, 1))
        short |= makes
        for n in np.flatnonzero(short):
            found["undisturbed"][pool, nodes[n], y] = float(without[n])
            found["accessible"][d, pool, nodes[n], y] = float(accessible[n])
            found["own"][d, pool, nodes[n], y] = float(own[n])
        found["refined"] += [(d, pool, nodes[n], y) for n in np.flatnonzero(refines)]
        found["active"] += [
            (d, pool, c, nodes[n], y)
            for n in np.flatnonzero(makes) for c in places if (pool, c, nodes[n], y) in self.frame.use
        ]  # fmt: skip

    def _cells_left(self, regions: tuple[str, ...], at: int, stops: tuple[Stop, ...]) -> tuple[Array, Array]:
        """What disruptions leave of all cells for the loss that counts, (stop, chemistry) each: as
        `MixData.made_at_home` and `bought` have it."""
        chokepoints = self.chokepoints
        hit, origin = chokepoints.hit(regions, at, stops), chokepoints.cell_origin(regions, at)
        home, bought = chokepoints.had(origin, regions, hit.cells)
        if self.frame.config.loss == "industry":
            return home, np.zeros_like(bought)
        if self.frame.config.loss == "all_outside":
            abroad = np.where(chokepoints.at_home(regions), 0.0, origin)
            sold, moved = chokepoints.left_of_others(regions, at, stops)
            return home + (abroad * moved).sum(axis=-1), (abroad * sold).sum(axis=-1)
        return home, bought

    def _left_by_maker(
        self, regions: tuple[Region, ...], at: int, stops: tuple[Stop, ...]
    ) -> tuple[dict[Chemistry, dict[Supplier, Array]], dict[Chemistry, dict[Supplier, Array]]]:
        """What disruptions leave of the cells of each maker for the loss that counts, by chemistry and maker (stop): as
        `MixData.left` and `moved_home` have it."""
        chokepoints = self.chokepoints
        cells, outside = chokepoints.hit(regions, at, stops).cells, self.frame.config.loss == "all_outside"
        sold, moved = chokepoints.left_of_others(regions, at, stops)
        if self.frame.order is not None:
            sharing, all_had = self._sharing(regions, at, stops)
            cells, sold = (np.where(sharing[:, None], all_had, each) for each in (cells, sold))
        left: dict[Chemistry, dict[Supplier, Array]] = {}
        moving: dict[Chemistry, dict[Supplier, Array]] = {}
        for c, place in self.frame.place.items():
            left[c], moving[c] = {}, {}
            for region in regions:
                for j, countries in self.sourcing.makers(region, c, Year(self.chokepoints.years[at])).items():
                    abroad = outside and not self.sourcing.is_home(j, regions)
                    left[c][j] = (sold if abroad else cells)[:, place] @ countries
                    if abroad:
                        moving[c][j] = moved[:, place] @ countries
        return left, moving

    def _sharing(
        self, regions: tuple[Region, ...], at: int, stops: tuple[Stop, ...]
    ) -> tuple[NDArray[np.bool_], Array]:
        """Countries whose makers share inputs with others of which disruptions take some, (stop, country), and the part
        of their cells that all makers could make and sell with all of these, (stop, chemistry, country)."""
        shared = self.chokepoints.shared(regions, at, stops)
        sharing = shared.lacks(self.chokepoints.supply[at].home)
        if self.frame.config.loss == "all_outside":
            sharing &= ~self.chokepoints.closing(regions, stops)
        return sharing, shared.cells

    def _share_inputs(
        self, found: dict[str, Any], d: Disruption, pool: Pool, y: Year, e: int, stops: tuple[Stop, ...]
    ) -> None:
        """Note what a disruption, by its place among all, leaves of inputs that makers outside the run share, where
        some mix could lack them, and the cells that these go into: `MixData.inputs` and `keeps`. These are then not in
        `left`."""
        chokepoints, order = self.chokepoints, self.frame.order
        regions, at = self.frame.pools[0][pool], self.frame.at[y]
        assert order is not None
        shared, (sharing, kept) = chokepoints.shared(regions, at, stops), self._sharing(regions, at, stops)
        use, wanted = self.frame.largest_use(regions, y)
        straight = use * chokepoints.chain.direct[list(self.frame.place.values())]
        most = straight.max(axis=0, initial=0.0) * wanted
        users: dict[int, set[Chemistry]] = {}
        for n, b in zip(*np.nonzero(np.isfinite(shared.had[e])), strict=True):
            within = (shared.others[n, b], shared.usual[n, b], shared.had[e, n, b])
            if limits := pressing(order, *within, most[n]):
                found["inputs"][d, pool, Customer(chokepoints.customers[b]), self.frame.nodes[n], y] = limits
                mine = {c for c, uses in zip(self.frame.place, straight[:, n] > 0, strict=True) if uses}
                users[int(b)] = users.get(int(b), set()) | mine
        home = chokepoints.supply[at].home
        chosen = chokepoints.chooses_origin(regions, at)
        makers = {
            (c, j): countries
            for r in regions for c, place in self.frame.place.items() if chosen[place]
            for j, countries in self.sourcing.makers(r, c, y).items()
            if not self.sourcing.is_home(j, self.frame.regions)
        }  # fmt: skip
        for (c, j), countries in makers.items():
            for b in (b for b, mine in users.items() if c in mine):
                part = np.where((home == b) & sharing[e], kept[e, self.frame.place[c]] * countries, 0.0).sum()
                if part > 0:
                    found["keeps"][d, pool, j, Customer(chokepoints.customers[b]), c, y] = float(part)
                    rest = found["left"].get((d, pool, j, c, y), 1.0) - float(part)
                    found["left"][d, pool, j, c, y] = rest if rest > LEAST_PART else 0.0

    def _chain(self) -> dict[str, Any]:
        """Of which node each other is made, by name."""
        chain, nodes = self.chokepoints.chain, self.frame.nodes
        uses = self.chokepoints.uses
        routed = (uses.natural != 0) | (uses.synthetic != 0)
        # What a chemistry does not use goes nowhere.
        straight = chain.direct * (uses.ever > 0)
        direct = {
            (c, nodes[n]): float(straight[place, n]) for c, place in self.frame.place.items() for n in range(len(nodes))
        }  # fmt: skip
        into = {
            (c, nodes[n], nodes[a]): float(chain.into[place, n, a])
            for c, place in self.frame.place.items()
            for n, a in zip(*np.nonzero(chain.into[place] * (chain.stage == ACTIVE)), strict=True)
        }  # fmt: skip
        refines: dict[Node, dict[Node, float]] = {}
        for n, r in zip(*np.nonzero(chain.per), strict=True):
            refines.setdefault(nodes[n], {})[nodes[r]] = float(chain.per[n, r])
        anodes = chain.into[:, routed].any(axis=(0, 1)) & (chain.stage == ACTIVE) & ~routed
        return {
            "direct": direct, "into": into, "refines": refines,
            "anodes": frozenset(nodes[n] for n in np.flatnonzero(anodes)),
        }  # fmt: skip

    def stocked(self) -> dict[Key, float]:
        """Need that a stockpile is measured by: `Chokepoints.stocked`; of cells made at home where the mix chooses
        these."""
        pools, _ = self.frame.pools
        passing = {
            (name, y): np.where(
                self.chokepoints.chooses_origin(regions, self.frame.at[y]), 1.0,
                self.chokepoints.made_at_home(regions, self.frame.at[y]),
            )[:, None] * self.chokepoints.passing(regions, self.frame.at[y])
            for name, regions in pools.items() for y in self.frame.years
        }  # fmt: skip
        place_of = {node: n for n, node in enumerate(self.frame.nodes)}
        return {
            (name, c, n, y): amount * float(passing[name, y][self.frame.place[c], place_of[n]])
            for (name, c, n, y), amount in self.frame.use.items() if name in pools
        }  # fmt: skip
