"""Exposure of a run: what its batteries need of each node, and what the world supplies, year by year.

A node is needed where its next stage stands, in the reference world as in a plan; `embodied` has the world as if all
of a battery were needed where it is used, for who supplies what it is made of. Supply is what is published, else what
plants make where their list is whole. Of other nodes it rests on a reference world, computed as the run is (scrap and
recycling with [flows]) but for all regions and all uses: that world's need ÷ the utilisation of plants. Material that a
region recovers relieves its mining and refining, not the making of active material and cells.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import field, replace
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..config import Exposure
from ..exposure.bases import NOTHING
from ..exposure.coverage import (
    NOWHERE,
    TINY,
    Access,
    Cuts,
    Index,
    Supply,
    Trade,
    access,
    sourcing,
    stockpiled,
    to_be_had,
    trade,
)
from ..exposure.factory import Factory, Plan, Routes, Supplied
from ..exposure.follow_on import FollowOn, follow_on
from ..exposure.known import Known
from ..exposure.makers import Order, Shared
from ..exposure.stages import CELL, Chain, least
from ..flows.demand import Array
from ..haste import frozen
from ..tables.inputs import UsedRows
from ..tables.resolve import Resolved
from ..tables.supply import Cut, Node, SupplyInputs
from .follow_on import Chosen
from .growth import Growth, Since
from .origin import Origins
from .outcome import Outcome
from .reference import REFERENCE, World, into_cells_of, need_of, passing_of
from .unknown import Assumed, assumed_of
from .uses import Batteries, Uses, batteries, relief_of

#: A severity, or one of its ends.
End = Literal["severity", "low", "high"]
#: What a disruption takes, and whether at its severity or at an end of it.
Stop = tuple[tuple[Cut, ...], End]


class Hit(NamedTuple):
    """What each of several disruptions leaves some regions in a year: what it takes, what they can get of each node,
    and what part of its cells each maker can still make and sell them, (stop, chemistry, country)."""

    cuts: Cuts
    reach: Access
    cells: Array


#: Regions that share a pool, and a year by its place; with the disruptions of a question, or the scenario of a plan.
Where = tuple[tuple[str, ...], int]
WhereStopped = tuple[tuple[str, ...], int, tuple[Stop, ...]]
OfPlan = tuple[str, tuple[str, ...], int]


@frozen
class Still:
    """What was found of the world without a disruption, which hangs on no plan, nor on what nobody knows."""

    undisturbed: dict[Where, Access] = field(default_factory=dict)
    embodied: dict[Where, Access] = field(default_factory=dict)
    passing: dict[Where, Array] = field(default_factory=dict)
    by_need: dict[Where, tuple[Array, Array]] = field(default_factory=dict)
    usual: dict[Where, Array] = field(default_factory=dict)
    cell_origins: dict[Where, Array] = field(default_factory=dict)
    at_home: dict[frozenset[str], NDArray[np.bool_]] = field(default_factory=dict)


@frozen
class Stopped:
    """What was found of the world with disruptions, which hangs on no plan, but on what is assumed of what nobody
    knows."""

    trades: dict[tuple[int, tuple[Stop, ...]], tuple[Cuts, Trade]] = field(default_factory=dict)
    hits: dict[WhereStopped, Hit] = field(default_factory=dict)
    others: dict[WhereStopped, tuple[Array, Array]] = field(default_factory=dict)
    shared: dict[WhereStopped, Shared] = field(default_factory=dict)


@frozen
class Planned:
    """What was found of plans without a disruption, which hangs on nothing that is assumed of what nobody knows."""

    plans: dict[OfPlan, Plan] = field(default_factory=dict)
    reliefs: dict[OfPlan, Array] = field(default_factory=dict)
    factories: dict[OfPlan, Factory] = field(default_factory=dict)
    follow_ons: dict[OfPlan, FollowOn] = field(default_factory=dict)


@frozen
class Chokepoints:
    """A run's batteries, what they use, and the world's supply.

    outcome: of the run; chain: of its chemistries; scenarios: the batteries of each; customers: regions of the
    reference world; supply: of the world in each reported year; embodied: the same, where batteries are used; origins:
    of cells; label: of the regions of the run together; used: rows of the inputs that supply rests on; left_out: uses
    that the scope leaves out, and what share of the batteries that the reference world has in the regions of the run
    they are in each year, by label, (year) [1]; uses_apart: need of each region at home in the reference world, of the
    uses left out and of those in scope, (node, year) each [kt or GWh]; union: customers under the law of the European
    Union; wider: of each region of the run, itself and those that contain it, whose rows serve it; known: what the
    supply of each year rests on; world: the reference world as a run; since: supply from the year before the plan on;
    chosen_origin: share of each country in the cells of each region as a scenario has it, by its name, (region,
    chemistry, year, country), NaN where it says nothing; chosen_follow_on: what is built because of its plan, the same;
    orders: of scenarios whose makers outside the run share their inputs, whose cells are served first.
    """

    outcome: Outcome
    inputs: SupplyInputs
    uses: Uses
    chain: Chain
    scenarios: dict[str, Batteries]
    customers: tuple[str, ...]
    supply: tuple[Supply, ...]
    embodied: tuple[Supply, ...]
    origins: Origins
    label: str
    used: tuple[UsedRows, ...]
    left_out: dict[str, Array]
    uses_apart: dict[str, tuple[Array, Array]]
    union: frozenset[str]
    wider: dict[str, tuple[str, ...]]
    known: tuple[Known, ...]
    world: Outcome
    since: Since
    chosen_origin: dict[str, Array] = field(default_factory=dict)
    chosen_follow_on: dict[str, Chosen] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    #: Draws of it by their count and seed, as `draws.drawn_of` keeps them.
    drawn: dict[tuple[int, int], Any] = field(default_factory=dict, init=False, repr=False)
    _still: Still = field(default_factory=Still, init=False, repr=False)
    _stopped: Stopped = field(default_factory=Stopped, init=False, repr=False)
    _planned: Planned = field(default_factory=Planned, init=False, repr=False)

    @property
    def resolved(self) -> Resolved:
        """The resolved run."""
        return self.outcome.resolved

    @property
    def config(self) -> Exposure:
        """[exposure] of the run file."""
        config = self.resolved.run.settings.exposure
        assert config is not None
        return config

    @property
    def years(self) -> tuple[int, ...]:
        return self.resolved.reported

    @property
    def regions(self) -> tuple[str, ...]:
        return self.resolved.regions.labels

    def group(self, regions: Sequence[str]) -> np.ndarray:
        """Customers that regions of the run are, (customer)."""
        return np.array([customer in regions for customer in self.customers])

    def plan(self, scenario: str, regions: Sequence[str], year: int) -> Plan:
        """What regions together plan to build in a year, by place of the year; scrap at their mean."""
        key = scenario, tuple(regions), year
        if key not in self._planned.plans:
            self._planned.plans[key] = self._plan(*key)
        return self._planned.plans[key]

    def _plan(self, scenario: str, regions: Sequence[str], year: int) -> Plan:
        mine, at = self.scenarios[scenario], [self.regions.index(region) for region in regions]
        by_region = mine.cells[at].sum(axis=1)[..., year]
        cells = by_region.sum(axis=0)
        fixed, content = self.uses.mean(year, self.cells_of(scenario, regions, year))
        gain = float((by_region.sum(axis=1) * mine.gain[at, year]).sum() / max(cells.sum(), np.finfo(float).tiny))
        each = np.where(self.uses.scrapped, gain or 1.0, 1.0)
        routes = None
        if self.uses.routed:
            low, high = self.inputs.route_bounds
            carrier, share = content * (gain or 1.0), float(self.uses.route[year])
            routes = Routes(carrier, self.uses.natural, self.uses.synthetic, low, high, share)
        own = self.available(regions, year, self.access(regions, year))[0]
        home = self.home_share(scenario, regions, year)
        return Plan(cells, fixed * each, routes, home, own, self.chain)

    def cells_of(self, scenario: str, regions: Sequence[str], year: int) -> Array:
        """Cells that regions together plan to use in a year, by its place, (segment or 1, chemistry) [GWh], as `uses`
        tells segments apart. A chemistry needs of each node what its cells need on the mean of their segments, which
        are served alike."""
        at = [self.regions.index(region) for region in regions]
        return np.asarray(self.uses.told_apart(self.scenarios[scenario].cells[at], 1)[..., year].sum(axis=0))

    def cell_origin(self, regions: Sequence[str], year: int) -> Array:
        """Share of each maker in the cells of each chemistry that regions use, (chemistry, country); all 0 where no
        maker is known, which means at home."""
        key = tuple(regions), year
        if key not in self._still.cell_origins:
            made_as = self.chain.cell
            by_node = {int(n): self.origins.of(regions, year, int(n)) for n in np.flatnonzero(made_as.any(axis=0))}
            none = np.zeros(len(self.inputs.countries))
            self._still.cell_origins[key] = np.array([
                by_node[int(uses.argmax())] if uses.any() else none for uses in made_as
            ])  # fmt: skip
        return self._still.cell_origins[key]

    def made_at_home(self, regions: Sequence[str], year: int) -> Array:
        """Share of the cells of each chemistry that regions make themselves, (chemistry)."""
        origin = self.cell_origin(regions, year)
        return np.where(origin.any(axis=1), origin[:, self.at_home(regions)].sum(axis=1), 1.0)

    def home_share(self, scenario: str, regions: Sequence[str], year: int) -> Array:
        """Share of the cells of each chemistry of a plan that regions make themselves, (chemistry)."""
        origin = self.origin_of(scenario, regions, year)
        return np.where(origin.any(axis=1), origin[:, self.at_home(regions)].sum(axis=1), 1.0)

    def origin_of(self, scenario: str, regions: Sequence[str], year: int) -> Array:
        """Share of each maker in the cells of each chemistry of a plan, (chemistry, country): as a mix has chosen it,
        of several regions by their cells, else as of `cell_origin`."""
        origin = self.cell_origin(regions, year)
        if scenario not in self.chosen_origin:
            return origin
        at = [self.regions.index(region) for region in regions]
        chosen = self.chosen_origin[scenario][at][:, :, year]
        says: NDArray[np.bool_] = ~np.isnan(chosen[..., 0])
        cells = self.scenarios[scenario].cells[at].sum(axis=1)[..., year]
        whole: Array = cells.sum(axis=0)
        where = self.chooses_origin(regions, year) & says.any(axis=0) & (whole > 0)
        if not where.any():
            return origin
        observed = np.stack([self.cell_origin((region,), year) for region in regions])
        made = (cells[..., None] * np.where(says[..., None], chosen, observed)).sum(axis=0)
        return np.asarray(np.divide(made, whole[:, None], out=origin.copy(), where=where[:, None]))

    def halves(self, regions: Sequence[str], year: int) -> tuple[Array, Array]:
        """Shares of makers at home among these, and of the others among those, (chemistry, country) each; all 0 where
        no maker is known. Where none is known at home all its countries are alike."""
        origin, inside = self.cell_origin(regions, year), self.at_home(regions)
        own, abroad = np.where(inside, origin, 0.0), np.where(inside, 0.0, origin)
        known = origin.any(axis=1, keepdims=True)
        own = np.where(own.any(axis=1, keepdims=True), own, np.where(known, inside.astype(float), 0.0))
        own, abroad = (half / np.maximum(half.sum(axis=1, keepdims=True), TINY) for half in (own, abroad))
        return own, abroad

    def relief(self, scenario: str, regions: Sequence[str], year: int) -> Array:
        """What recovered material takes off mining and refining, (node) [kt]."""
        key = scenario, tuple(regions), year
        if key not in self._planned.reliefs:
            at = [self.regions.index(region) for region in regions]
            recovered = self.scenarios[scenario].recovered[at, :, year].sum(axis=0)
            self._planned.reliefs[key] = relief_of(self.inputs, self.resolved, recovered, self.uses.route[year])
        return self._planned.reliefs[key]

    def access(self, regions: Sequence[str], year: int) -> Access:
        """What regions together can get of each node without a disruption."""
        key = tuple(regions), year
        if key not in self._still.undisturbed:
            self._still.undisturbed[key] = access(self.supply[year], self.group(regions))
        return self._still.undisturbed[key]

    def hit(self, regions: Sequence[str], year: int, stops: tuple[Stop, ...]) -> Hit:
        """What each of several disruptions leaves regions together, (stop, …)."""
        key = tuple(regions), year, stops
        if key not in self._stopped.hits:
            cuts, traded = self.traded(year, stops)
            reach = access(self.supply[year], self.group(regions), cuts, traded)
            self._stopped.hits[key] = Hit(cuts, reach, self._cells_left(regions, year, cuts, reach.left))
        return self._stopped.hits[key]

    def traded(self, year: int, stops: tuple[Stop, ...]) -> tuple[Cuts, Trade]:
        """What each of several disruptions takes of the world's supply, and the trade that it leaves, (stop, …)."""
        key = year, stops
        if key not in self._stopped.trades:
            cuts = self.cuts(stops)
            self._stopped.trades[key] = cuts, trade(self.supply[year], cuts)
        return self._stopped.trades[key]

    def without(self, scenario: str, regions: tuple[str, ...], year: int) -> Supplied:
        """What there is for a plan without a disruption, a single question."""
        plan, (own, accessible) = self.plan(scenario, regions, year), self._undisturbed_had(scenario, regions, year)
        own = np.where(self.cell, 0.0, own)
        return Supplied(own[None], (accessible - own)[None], plan.made_at_home[None], plan.imported[None])

    def _undisturbed_had(self, scenario: str, regions: tuple[str, ...], year: int) -> tuple[Array, Array]:
        """What a plan has without a disruption by own plants and in all, (node) each."""
        own, accessible = self.available(regions, year, self.access(regions, year))
        relief, follow = self.relief(scenario, regions, year), self.follow_on(scenario, regions, year)
        return own, accessible + relief + follow.amount

    def supplied(
        self, scenario: str, regions: tuple[str, ...], year: int, stops: tuple[Stop, ...], months: float = 0.0
    ) -> Supplied:
        """What there is for a plan with each of several disruptions, (stop, …).

        months: stock of each node [of planned need], which replaces what the disruption takes, and no more. Of cells
        there is what there is without it, less what their makers can not deliver.
        """
        plan, hit = self.plan(scenario, regions, year), self.hit(regions, year, stops)
        own, accessible = self.available(regions, year, hit.reach)
        without = self._undisturbed_had(scenario, regions, year)[1]
        left = accessible + self.relief(scenario, regions, year)
        left = left + self.follow_on(scenario, regions, year).left(hit.cuts)
        if self.supply[year].assumed is not None:
            of_unknown = self.relief(scenario, regions, year) + self.unknown(scenario, regions, year).left(hit.cuts)
            left = np.where(self.stopped_unknown(year, hit.cuts), of_unknown, left)
        accessible = np.where(self.cell, without, stockpiled(left, without, self.stocked(plan, regions, year), months))
        own = np.where(self.cell, 0.0, own)
        home = self.had(self.origin_of(scenario, regions, year), regions, hit.cells)[0]
        bought = self._bought(scenario, regions, year, stops, hit.cells)
        return Supplied(own, accessible - own, plan.cells * home, bought)

    def had(self, origin: Array, regions: Sequence[str], part: Array) -> tuple[Array, Array]:
        """Share of the cells of each chemistry that can be made at home and be bought, (stop, chemistry) each, of what
        makers can sell, (stop, chemistry, country); all at home where no maker is known."""
        inside, left = self.at_home(regions), origin * part
        home = np.where(origin.any(axis=1), left[..., inside].sum(axis=-1), 1.0)
        return home, left[..., ~inside].sum(axis=-1)

    def stocked(self, plan: Plan, regions: Sequence[str], year: int) -> Array:
        """Need that a stockpile is measured by, (node) [kt or GWh a year]: that of the plan, at the shares that the
        regions make themselves in the reference world, so that it grows with the batteries."""
        return np.asarray(plan.made_at_home @ (plan.total_use * self.passing(regions, year)))

    def passing(self, regions: Sequence[str], year: int) -> Array:
        """Share of the cells made at home whose way passes a node there, (chemistry, node), as plants of the reference
        world make what goes into them."""
        key = tuple(regions), year
        if key not in self._still.passing:
            self._still.passing[key] = passing_of(self.chain, self.supply[year], self.group(regions))
        return self._still.passing[key]

    def available(self, regions: Sequence[str], year: int, reach: Access) -> tuple[Array, Array]:
        """What the uses in scope have of what regions can get: of own plants, and of all, (node) each."""
        return self.in_scope(regions, year, np.nan_to_num(reach.own), reach.accessible)

    def in_scope(self, regions: Sequence[str], year: int, own: Array, accessible: Array) -> tuple[Array, Array]:
        """What the uses in scope have of what regions make themselves and of all that they can get, (…, node) each.

        The uses that the scope leaves out keep what they need in the reference world; where that is too little for all,
        both have their part by need.
        """
        if not self.left_out:
            return own, accessible
        others, by_need = self._apart(regions, year)
        finite = np.isfinite(accessible) & (accessible > 0)
        kept = np.divide(others, accessible, out=np.zeros_like(accessible), where=finite)
        part = np.maximum(1 - kept, by_need)
        return own * part, np.where(finite, accessible * part, accessible)

    def _apart(self, regions: Sequence[str], year: int) -> tuple[Array, Array]:
        """What the uses that the scope leaves out need at home in the reference world, and the part of those in it by
        need, (node) each [kt or GWh, 1]."""
        key = tuple(regions), year
        if key not in self._still.by_need:
            others, ours = (
                np.asarray(sum(self.uses_apart[region][which][:, year] for region in regions)) for which in (0, 1)
            )
            total = others + ours
            self._still.by_need[key] = others, np.divide(ours, total, out=np.ones_like(ours), where=total > 0)
        return self._still.by_need[key]

    def kept(self, regions: Sequence[str], year: int, reach: Access) -> Array:
        """What the uses that the scope leaves out keep of what regions can get, (node) [kt or GWh]."""
        known = np.isfinite(reach.accessible)
        whole, ours = (
            np.where(known, each, 0.0) for each in (reach.accessible, self.available(regions, year, reach)[1])
        )
        return whole - ours

    @cached_property
    def cell(self) -> np.ndarray:
        """Nodes that are cells, (node)."""
        return np.asarray(self.chain.stage == CELL)

    def made_outside(
        self, scenario: str, regions: tuple[str, ...], year: int, stops: tuple[Stop, ...], left: Supplied
    ) -> Supplied:
        """What there is with each of several disruptions if the cells of the countries that close were made by the
        others. left: as of `supplied`."""
        cells, origin = self.plan(scenario, regions, year).cells, self.origin_of(scenario, regions, year)
        sold_of, moved_of = self.left_of_others(regions, year, stops)
        bought = self._bought(scenario, regions, year, stops, sold_of, self.closing(regions, stops))
        return Supplied(left.own, left.bought, left.home + cells * (origin * moved_of).sum(axis=-1), bought)

    def _bought(
        self, scenario: str, regions: tuple[str, ...], year: int, stops: tuple[Stop, ...], part: Array,
        apart: np.ndarray | None = None,
    ) -> Array:  # fmt: skip
        """Cells of a plan that makers abroad still make and sell, (stop, chemistry) [GWh]: a part of them, (stop,
        chemistry, country), but of makers whose inputs are shared as far as these go. apart: whose inputs are not,
        (stop, country)."""
        plan = self.plan(scenario, regions, year)
        abroad = np.where(self.at_home(regions), 0.0, self.origin_of(scenario, regions, year))
        if scenario not in self.orders:
            return np.asarray(plan.cells * (abroad * part).sum(axis=-1))
        shared, home = self.shared(regions, year, stops), self.supply[year].home
        sharing = shared.lacks(home) if apart is None else shared.lacks(home) & ~apart
        which = sharing[:, None] & self.chooses_origin(regions, year)[:, None]
        made, use = plan.cells[:, None] * abroad, plan.total_use * self.chain.direct
        bought = np.where(which, 0.0, made * part).sum(axis=-1)
        wanted = np.where(which, made * shared.cells, 0.0)
        return np.asarray(bought + shared.sold(self.orders[scenario], wanted, home, use))

    def shared(self, regions: tuple[str, ...], year: int, stops: tuple[Stop, ...]) -> Shared:
        """Inputs that makers outside the run share between the cells that they sell to regions and all others."""
        key = regions, year, stops
        if key not in self._stopped.shared:
            supply, hit, traded = self.supply[year], self.hit(regions, year, stops), self.traded(year, stops)[1]
            had, undisturbed = to_be_had(supply, traded), to_be_had(supply, supply.undisturbed)
            taken = (had < undisturbed * (1 - NOTHING)) & self.shareable[:, None] & ~self.group(self.regions)
            usual = np.minimum(self.usually_bought(regions, year), supply.need)
            cells = self._cells_left(regions, year, hit.cuts, np.where(taken, 1.0, hit.reach.left))
            self._stopped.shared[key] = Shared(np.where(taken, had, np.inf), supply.need - usual, usual, cells)
        return self._stopped.shared[key]

    @cached_property
    def shareable(self) -> NDArray[np.bool_]:
        """Nodes that go into cells as they are, whatever the route of graphite, (node)."""
        chain = self.chain
        return np.asarray((chain.direct * (self.uses.ever > 0)).any(axis=0) & ~chain.natural & ~chain.synthetic)

    def usually_bought(self, regions: tuple[str, ...], year: int) -> Array:
        """What goes into the cells that regions use in the reference world, of the uses in scope, by the customer at
        home with the makers of these, (node, customer) [kt or GWh]."""
        key = regions, year
        if key not in self._still.usual:
            theirs, world = self._reference
            axes = self.world.resolved
            mine = np.array([[name in self.resolved.uses_in_scope] for name in axes.segments.labels])
            places = [axes.regions.labels.index(region) for region in regions]
            self._still.usual[key] = sum(
                (
                    into_cells_of(np.where(mine, theirs.cells[r, ..., year], 0.0), r, world, year, self.origins)
                    for r in places
                ),
                np.zeros(self.supply[year].need.shape),
            )
        return self._still.usual[key]

    @cached_property
    def _reference(self) -> tuple[Batteries, World]:
        """Batteries of the reference world, and what they need."""
        theirs = batteries(self.world, REFERENCE)
        return theirs, need_of(self.world, self.inputs, theirs)

    def left_of_others(self, regions: Sequence[str], year: int, stops: tuple[Stop, ...]) -> tuple[Array, Array]:
        """What disruptions leave of cells of makers abroad if those of the countries that close were made by the others
        abroad, in the shares that these are observed to have, or where there are none at home: what part of them is
        bought, and what part made at home instead, (stop, chemistry, country) each."""
        key = tuple(regions), year, stops
        if key not in self._stopped.others:
            self._stopped.others[key] = self._left_of_others(*key)
        return self._stopped.others[key]

    def _left_of_others(self, regions: tuple[str, ...], year: int, stops: tuple[Stop, ...]) -> tuple[Array, Array]:
        closing, hit = self.closing(regions, stops), self.hit(regions, year, stops)
        own, abroad = self.halves(regions, year)
        others = np.where(closing[:, None], 0.0, abroad)
        part = others.sum(axis=-1)
        sold = np.divide((others * hit.cells).sum(axis=-1), part, out=np.zeros_like(part), where=part > 0)
        none = (part == 0) & self.cell_origin(regions, year).any(axis=1)
        home = np.where(none, (own * hit.cells).sum(axis=-1), 0.0)
        bought = np.where(closing[:, None], sold[..., None], hit.cells)
        return bought, np.where(closing[:, None], home[..., None], 0.0)

    def closing(self, regions: Sequence[str], stops: tuple[Stop, ...]) -> NDArray[np.bool_]:
        """Countries outside some regions that close, (stop, country)."""
        at = {country: place for place, country in enumerate(self.inputs.countries)}
        closed = np.zeros((len(stops), len(at)), dtype=bool)
        for stop, (cuts, _) in enumerate(stops):
            closed[stop, [at[country] for country in {cut.country for cut in cuts} if country in at]] = True
        return np.asarray(closed & ~self.at_home(regions))

    def _cells_left(self, regions: Sequence[str], year: int, cuts: Cuts, covered: Array) -> Array:
        """Part of its cells of each chemistry that each maker can make and sell to regions, (stop, chemistry, country):
        what it exports of the part for which it still has inputs; those at home, as far as they are cut.

        covered: part of what customers have without the disruption, (stop, node, customer).
        """
        kinds, kind = self._kinds
        output, export = (
            np.stack([cut[:, cell].max(axis=1, initial=0.0) for cell, _ in kinds], axis=1)
            for cut in (cuts.output, cuts.export)
        )  # (stop, kind, country)
        abroad = (1 - export) * self._makers_left(year, covered)
        return np.asarray(((1 - output) * np.where(self.at_home(regions), 1.0, abroad))[:, kind])

    def chooses_origin(self, regions: Sequence[str], year: int) -> NDArray[np.bool_]:
        """Chemistries of which a mix says who makes the cells, (chemistry): where their makers are known, and else of a
        region alone, which buys from all makers abroad alike; but none where [exposure] says who makes them."""
        _, abroad = self.halves(regions, year)
        alone = len(regions) == 1
        return np.asarray((self.makers_known(year) | (abroad.any(axis=1) & alone)) & (not self.origins.configured))

    def makers_known(self, year: int) -> NDArray[np.bool_]:
        """Chemistries of which it is known who makes the cells, (chemistry)."""
        known = ~self.supply[year].unknown
        return np.asarray((self.chain.cell & known).any(axis=1))

    def _makers_left(self, year: int, covered: Array) -> Array:
        """Part of the cells of each kind for which makers in each country have inputs, (stop, kind, country)."""
        supply, (kinds, _), (stops, _, customers) = self.supply[year], self._kinds, covered.shape
        part = np.ones((stops, len(kinds), customers + 1))  # NOWHERE is the last
        if (covered < 1).any():
            for k, (_, inputs) in enumerate(kinds):
                part[:, k, :-1] = least(covered, inputs, supply.natural, supply.bounds)
        return part[..., supply.home]

    def left_of_cells(self, regions: Sequence[str], year: int, stops: tuple[Stop, ...]) -> Array:
        """Part of the cells of each chemistry, planned or not, for which several disruptions leave inputs as far as the
        reference world needs them, (stop, chemistry): of those that regions make, and of those that they buy.

        Of a node that nobody needs there it is the part that others than the closing country still have of what is
        made; all, where nobody knows who makes it.
        """
        hit, supply, share = self.hit(regions, year, stops), self.supply[year], self.inputs.share[:, :, year]
        still = np.nansum(share * (1 - hit.cuts.export) * (1 - hit.cuts.output), axis=-1)
        whole = np.broadcast_to(np.nansum(share, axis=-1), still.shape)
        still = np.divide(still, whole, out=np.ones_like(still), where=whole > 0)
        closing = (hit.cuts.export > 0) @ supply.at_home > 0
        covered = np.where(supply.needed[:, None], hit.reach.left, np.where(closing, 1.0, still[..., None]))
        part = self._cells_left(regions, year, hit.cuts, covered)
        made, imported = self.had(self.cell_origin(regions, year), regions, part)
        group = self.group(regions)
        weight = supply.batteries[group] / max(float(supply.batteries[group].sum()), np.finfo(float).tiny)
        at_home = [
            least(covered[..., group], parts, supply.natural, supply.bounds) @ weight for parts in self._parts
        ]  # fmt: skip
        return np.asarray(made * np.stack(at_home, axis=-1) + imported)

    @cached_property
    def _kinds(self) -> tuple[list[tuple[NDArray[np.bool_], tuple[Index, Index, Index]]], list[int]]:
        """Nodes that are its cells, (node), and what goes into these, of each kind of cell; and which kind each
        chemistry is."""
        kinds, out = list[tuple[NDArray[np.bool_], tuple[Index, Index, Index]]](), list[int]()
        found: dict[tuple[bytes, ...], int] = {}
        for cell, parts in zip(self.chain.cell, self._parts, strict=True):
            key = tuple(each.tobytes() for each in (cell, *parts))
            if key not in found:
                found[key] = len(kinds)
                kinds.append((cell, parts))
            out.append(found[key])
        return kinds, out

    @cached_property
    def _parts(self) -> list[tuple[Index, Index, Index]]:
        """What goes into the cells of each chemistry."""
        return [self.chain.of_cells(c, self.uses.ever) for c in range(len(self.chain.cell))]

    def at_home(self, regions: Collection[str]) -> NDArray[np.bool_]:
        """Countries that belong to some regions, (country)."""
        key = frozenset(regions)
        if key not in self._still.at_home:
            self._still.at_home[key] = np.array([home in regions for home in self.inputs.home])
        return self._still.at_home[key]

    def home(self, country: int) -> str:
        """Customer that a country, by its place, belongs to, or ''."""
        place = int(self.supply[0].home[country])
        return "" if place == NOWHERE else self.customers[place]

    def sources(self, scenario: str, regions: Sequence[str], year: int) -> tuple[Array, Array]:
        """Where regions take each node from: own share (node), and share by country (node, country)."""
        inside = np.where(self.at_home(regions), self.supply[year].made, 0.0)
        return sourcing(self.access_embodied(regions, year), inside, self.plan(scenario, regions, year).embodied)

    def access_embodied(self, regions: Sequence[str], year: int) -> Access:
        """What regions together can get of each node by what their batteries are made of, wherever that is made."""
        key = tuple(regions), year
        if key not in self._still.embodied:
            self._still.embodied[key] = access(
                self.embodied[year], self.group(regions)[: len(self.embodied[year].batteries)]
            )
        return self._still.embodied[key]

    def intensity(self, mineral: str, scenario: str, regions: Sequence[str], year: int) -> Array:
        """Intensity of a mineral in the cells that regions together plan to use in a year, by its place, (chemistry)
        [kt/GWh]."""
        arrays, place = self.outcome.arrays, self.resolved.minerals.labels.index(mineral)
        held = arrays.by_use["value"][:, :, place, arrays.reported[year]]
        return np.asarray((held * self.uses.weights(self.cells_of(scenario, regions, year))).sum(axis=0))

    def reserves(self, node: Node, regions: Sequence[str]) -> float | None:
        """Share of the world's reserves of what a mine digs that lies in some regions; None where they are unknown."""
        by_home = self._reserves.get(node.products[0][0]) if node.products else None
        return None if by_home is None else sum(by_home.get(region, 0.0) for region in regions) / sum(by_home.values())

    @cached_property
    def _reserves(self) -> dict[str, dict[str, float]]:
        """Reserves of each mineral by the region in which they lie, '' for none."""
        out = dict[str, dict[str, float]]()
        for row in self.inputs.reserves:
            by_home, home = out.setdefault(row.mineral, {}), self.inputs.homes.get(row.country, "")
            by_home[home] = by_home.get(home, 0.0) + float(row.value)
        return out

    def follow_on(self, scenario: str, regions: Sequence[str], year: int) -> FollowOn:
        """What is built because regions together plan for it, by place of the year; see `exposure/follow_on.py`.

        It is the regions' own, beside what they can get of the pool. Regions taken apart have each a part of the
        headroom as if they were the only ones. Of a mix it is what that has chosen, where anything is built at all; it
        stands where that says, and by default where that of any plan does.
        """
        key = scenario, tuple(regions), year
        if key not in self._planned.follow_ons:
            located, follow, room = self.growth.new_supply
            home = self.at_home(regions)
            if scenario in self.chosen_follow_on:
                at = [self.regions.index(region) for region in regions]
                chosen, stands = self.chosen_follow_on[scenario].together(at, year, self.growth.new_located)
                built = np.zeros_like(chosen) if self.config.follow_on == "none" else chosen
                self._planned.follow_ons[key] = FollowOn(built, stands, home)
            else:
                accessible = self.available(regions, year, self.access(regions, year))[1] + self.relief(*key)
                need = self.plan(*key).need
                self._planned.follow_ons[key] = follow_on(need, accessible, room[:, year], follow, located, home)
        return self._planned.follow_ons[key]

    def most_follow_on(self, year: int) -> FollowOn:
        """The most that is built for any plan, by place of the year."""
        (_, follow, room), shares = self.growth.new_supply, self.growth.new_located
        most = np.where(shares.any(axis=1), follow * room[:, year], 0.0)
        return FollowOn(most, shares, self.at_home(self.regions))

    def premium_of_follow_on(self, located: Array) -> Array:
        """What the product of plants that stand so costs more than in the country that makes most of it, (node) [1],
        NaN where nobody knows. located: (node, country), summing to one or all 0."""
        outside = 1 - located[np.arange(len(located)), self.growth.leader]
        return np.where(outside > 0, outside * self.inputs.new.premium[0, 1], 0.0)

    def left_of_follow_on(self, regions: Sequence[str], located: Array, cuts: Cuts) -> Array:
        """Part of what is built for regions together that each of several disruptions leaves, (stop, node) [1].
        located: where it stands, (node, country)."""
        return FollowOn(np.ones(len(located)), located, self.at_home(regions)).left(cuts)

    def unknown(self, scenario: str, regions: Sequence[str], year: int) -> FollowOn:
        """What a plan needs of nodes that nobody knows, by place of the year, and where it is assumed to be made: as
        much as it needs, and an event takes what stands in the countries that close, as of what is built for it."""
        key = scenario, tuple(regions), year
        need = np.where(self.supply[year].unknown, np.maximum(self.plan(*key).need - self.relief(*key), 0.0), 0.0)
        return FollowOn(need, self._assumed(year), self.at_home(regions))

    def left_of_unknown(self, regions: Sequence[str], year: int, cuts: Cuts) -> Array:
        """Part of what nobody knows that each of several disruptions leaves regions together, (stop, node) [1]."""
        return FollowOn(np.ones(len(self.inputs.nodes)), self._assumed(year), self.at_home(regions)).left(cuts)

    def _assumed(self, year: int) -> Array:
        assumed = self.supply[year].assumed
        return np.zeros(self.supply[year].made.shape) if assumed is None else assumed

    def stopped_unknown(self, year: int, cuts: Cuts) -> np.ndarray:
        """Nodes that nobody knows and of which a disruption takes some of what is assumed, (…, node)."""
        stands = self.supply[year].unknown[:, None] & (self._assumed(year) > 0)
        out, nodes = np.zeros(cuts.export.shape[:-1], dtype=bool), np.flatnonzero(stands.any(axis=1))
        closing = (cuts.export[..., nodes, :] > 0) | (cuts.output[..., nodes, :] > 0)
        out[..., nodes] = (closing & stands[nodes]).any(axis=-1)
        return out

    def stands_unknown(self) -> bool:
        """Whether any of what nobody knows, and some battery uses, is assumed to stand somewhere."""
        used = (self.uses.ever > 0).any(axis=0)
        return any(
            (each.unknown & used & (self._assumed(y) > 0).any(axis=1)).any() for y, each in enumerate(self.supply)
        )

    def with_plan(
        self, scenario: str, plan: Batteries, origin: Array, built: Chosen, order: Order | None = None
    ) -> Chokepoints:
        """The same world with one plan alone. origin: share of each country in the cells of each region, (region,
        chemistry, year, country), NaN where nothing says it; built: what follows it; order: in which makers outside the
        run serve it, where they share their inputs. What no plan touches is kept."""
        other = replace(
            self, scenarios={scenario: plan}, chosen_origin={scenario: origin}, chosen_follow_on={scenario: built},
            orders={} if order is None else {scenario: order},
        )  # fmt: skip
        for name in ("_still", "_stopped"):
            setattr(other, name, getattr(self, name))
        return other

    def with_unknown(self, assumed: Assumed) -> Chokepoints:
        """The same plans where another share of what nobody knows stands in the country that leads it: `supply` with
        that, and the events of the run alone. What no disruption touches is kept."""
        supply = assumed_of(assumed, self.supply, self.inputs, self.chain, self.uses.ever)
        other = replace(self, supply=supply)
        for name in ("_still", "_planned"):
            setattr(other, name, getattr(self, name))
        return other

    @cached_property
    def growth(self) -> Growth:
        """How the world's supply grows, and where its next plants stand."""
        return Growth(self.since, self.inputs, self.config.follow_on, self.years)

    def name_of(self, regions: Sequence[str]) -> str:
        """Name of regions that share a pool."""
        return self.label if tuple(regions) == self.regions else " + ".join(regions)

    def cuts(self, stops: Sequence[Stop]) -> Cuts:
        """What each of several disruptions takes, (stop, node, country)."""
        shape = (len(stops), len(self.inputs.nodes), len(self.inputs.countries))
        export, output = np.zeros(shape), np.zeros(shape)
        where = {country: place for place, country in enumerate(self.inputs.countries)}
        for place, (cuts, end) in enumerate(stops):
            for cut in cuts:
                if cut.country in where:
                    at = place, self.inputs.place(cut.node), where[cut.country]
                    (export if cut.kind == "export" else output)[at] = getattr(cut, end)
        return Cuts(export, output)

    def pools(self, cuts: Sequence[Cut]) -> list[tuple[str, ...]]:
        """Regions of the run that share a pool when countries close: those outside them together, the others apart."""
        homes = self.inputs.home_by_country
        closing = {homes.get(cut.country, "") for cut in cuts}
        outside = tuple(region for region in self.regions if region not in closing)
        apart: list[tuple[str, ...]] = [(region,) for region in self.regions if region in closing]
        return [outside, *apart] if outside else apart

    def factory(self, scenario: str, regions: tuple[str, ...], year: int) -> Factory:
        """The linear programme of a plan, made once."""
        key = (scenario, regions, year)
        if key not in self._planned.factories:
            latest = next(reversed(self._planned.factories.values()), None)
            self._planned.factories[key] = Factory(self.plan(*key), latest)
        return self._planned.factories[key]
