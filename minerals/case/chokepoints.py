"""A run with [exposure], set up: what its batteries need of each node, and what the world supplies, year by year.

A node is needed where its next stage stands, in the reference world as in a plan; `embodied` has the world as if all
of a battery were needed where it is used, for who supplies what it is made of. Supply is what is published, else what
plants make where their list is whole. Of other nodes it rests on a reference world, computed as the run is (scrap and
recycling with [flows]) but for all regions and all uses: that world's need ÷ the utilisation of plants. Material that a
region recovers relieves its mining and refining, not the making of active material and cells.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..config import Exposure
from ..exposure.coverage import NOWHERE, Access, Cuts, Supply, access, sourcing, stockpiled
from ..exposure.factory import Factory, Plan, Routes, Supplied
from ..exposure.follow_on import FollowOn, follow_on, headroom
from ..exposure.known import BY_NEED, Known, known
from ..exposure.stages import CELL, Chain, least
from ..flows.demand import Array
from ..haste import frozen
from ..tables.cell_parts import check_cell_parts
from ..tables.inputs import Inputs, joined
from ..tables.names import region_label
from ..tables.resolve import Resolved, resolve
from ..tables.supply import Cut, Node, SupplyInputs, supply_inputs
from .intensity import with_intensity
from .origin import Origins
from .outcome import Outcome
from .reference import (
    ELSEWHERE,
    REFERENCE,
    left_out_of,
    need_of,
    origins_of,
    partition_of,
    passing_of,
    placed_supply,
    reference_run,
    rows_of,
    uses_apart_of,
    with_customers,
)  # fmt: skip
from .stages import chain_of
from .uses import Batteries, Uses, bases_of, batteries, relief_of, uses_of

if TYPE_CHECKING:
    from pandas import DataFrame

#: A severity, or one of its ends.
End = Literal["severity", "low", "high"]


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
    supply of each year rests on.
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
    used: DataFrame
    left_out: dict[str, Array]
    uses_apart: dict[str, tuple[Array, Array]]
    union: frozenset[str]
    wider: dict[str, tuple[str, ...]]
    known: tuple[Known, ...]
    _undisturbed: dict[tuple[tuple[str, ...], int], Access] = field(default_factory=dict, init=False, repr=False)
    _disturbed: dict[tuple[tuple[str, ...], int, tuple[Cut, ...], str], Access] = field(
        default_factory=dict, init=False, repr=False
    )
    _embodied: dict[tuple[tuple[str, ...], int], Access] = field(default_factory=dict, init=False, repr=False)
    _cell_origins: dict[tuple[tuple[str, ...], int], Array] = field(default_factory=dict, init=False, repr=False)
    _cells_left_of: dict[tuple[tuple[str, ...], int, tuple[Cut, ...], str], tuple[Array, Array]] = field(
        default_factory=dict, init=False, repr=False
    )
    _plans: dict[tuple[str, tuple[str, ...], int], Plan] = field(default_factory=dict, init=False, repr=False)
    _reliefs: dict[tuple[str, tuple[str, ...], int], Array] = field(default_factory=dict, init=False, repr=False)
    _factories: dict[tuple[str, tuple[str, ...], int], Factory] = field(default_factory=dict, init=False, repr=False)
    #: Draws of it by their count and seed, as `draws.drawn_of` keeps them.
    drawn: dict[tuple[int, int], Any] = field(default_factory=dict, init=False, repr=False)
    _follow_ons: dict[tuple[str, tuple[str, ...], int], FollowOn] = field(default_factory=dict, init=False, repr=False)

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
        return np.isin(np.array(self.customers), list(regions))

    def plan(self, scenario: str, regions: Sequence[str], year: int) -> Plan:
        """What regions together plan to build in a year, by place of the year; scrap at their mean."""
        key = scenario, tuple(regions), year
        if key not in self._plans:
            self._plans[key] = self._plan(*key)
        return self._plans[key]

    def _plan(self, scenario: str, regions: Sequence[str], year: int) -> Plan:
        mine, at = self.scenarios[scenario], [self.regions.index(region) for region in regions]
        by_region = mine.cells[at].sum(axis=1)[..., year]
        cells = by_region.sum(axis=0)
        gain = float((by_region.sum(axis=1) * mine.gain[at, year]).sum() / max(cells.sum(), np.finfo(float).tiny))
        each = np.where(self.uses.scrapped, gain or 1.0, 1.0)
        routes = None
        if self.uses.routed:
            low, high = self.inputs.route_bounds
            carrier, share = self.uses.carrier[:, year] * (gain or 1.0), float(self.uses.route[year])
            routes = Routes(carrier, self.uses.natural, self.uses.synthetic, low, high, share)
        own = self.available(regions, year, self.access(regions, year))[0]
        home = self.made_at_home(regions, year)
        return Plan(cells, self.uses.fixed[:, :, year] * each, routes, home, own, self.chain)

    def cell_origin(self, regions: Sequence[str], year: int) -> Array:
        """Share of each maker in the cells of each chemistry that regions use, (chemistry, country); all 0 where no
        maker is known, which means at home."""
        key = tuple(regions), year
        if key not in self._cell_origins:
            made_as = self.chain.cell
            by_node = {int(n): self.origins.of(regions, year, int(n)) for n in np.flatnonzero(made_as.any(axis=0))}
            none = np.zeros(len(self.inputs.countries))
            self._cell_origins[key] = np.array([
                by_node[int(uses.argmax())] if uses.any() else none for uses in made_as
            ])  # fmt: skip
        return self._cell_origins[key]

    def made_at_home(self, regions: Sequence[str], year: int) -> Array:
        """Share of the cells of each chemistry that regions make themselves, (chemistry)."""
        origin = self.cell_origin(regions, year)
        return np.where(origin.any(axis=1), origin[:, self.at_home(regions)].sum(axis=1), 1.0)

    def relief(self, scenario: str, regions: Sequence[str], year: int) -> Array:
        """What recovered material takes off mining and refining, (node) [kt]."""
        key = scenario, tuple(regions), year
        if key not in self._reliefs:
            at = [self.regions.index(region) for region in regions]
            recovered = self.scenarios[scenario].recovered[at, :, year].sum(axis=0)
            self._reliefs[key] = relief_of(self.inputs, self.resolved, recovered, self.uses.route[year])
        return self._reliefs[key]

    def access(self, regions: Sequence[str], year: int, cuts: Cuts | None = None) -> Access:
        """What regions together can get of each node."""
        if cuts is not None:
            return access(self.supply[year], self.group(regions), cuts)
        key = tuple(regions), year
        if key not in self._undisturbed:
            self._undisturbed[key] = access(self.supply[year], self.group(regions))
        return self._undisturbed[key]

    def disturbed(self, regions: Sequence[str], year: int, cuts: tuple[Cut, ...], end: End = "severity") -> Access:
        """What regions together can get of each node under a disruption, at an end of its severity."""
        key = tuple(regions), year, cuts, end
        if key not in self._disturbed:
            self._disturbed[key] = self.access(regions, year, self.cuts(cuts, end))
        return self._disturbed[key]

    def supplied(
        self, scenario: str, regions: tuple[str, ...], year: int, cuts: tuple[Cut, ...] = (), end: End = "severity",
        months: float = 0.0,
    ) -> Supplied:  # fmt: skip
        """What there is for a plan with or without a disruption, a single question.

        end: of its severity; months: stock of each node [of planned need], which replaces what the disruption takes,
        and no more. Of cells there is what there is without it, less what their makers can not deliver.
        """
        usual = self.access(regions, year)
        if not cuts:
            return self._supplied(scenario, regions, year, usual, None, months)
        found = self.disturbed(regions, year, cuts, end)
        return self._supplied(scenario, regions, year, found, self.cuts(cuts, end), months)

    def _supplied(
        self, scenario: str, regions: tuple[str, ...], year: int, reach: Access, cuts: Cuts | None, months: float
    ) -> Supplied:
        plan, relief, cell = self.plan(scenario, regions, year), self.relief(scenario, regions, year), self.cell
        follow = self.follow_on(scenario, regions, year)
        own, accessible = self.available(regions, year, reach)
        without = self.available(regions, year, self.access(regions, year))[1] + relief + follow.amount
        left = accessible + relief + follow.left(cuts)
        accessible = np.where(cell, without, stockpiled(left, without, self.stocked(plan, regions, year), months))
        own = np.where(cell, 0.0, own)
        home, imported = plan.made_at_home, plan.imported
        if cuts is not None:
            home, imported = (plan.cells * each for each in self._cells_left(regions, year, cuts, reach.left))
        return Supplied(own[None], (accessible - own)[None], home[None], imported[None])

    def stocked(self, plan: Plan, regions: Sequence[str], year: int) -> Array:
        """Need that a stockpile is measured by, (node) [kt or GWh a year]: that of the plan, at the shares that the
        regions make themselves in the reference world, so that it grows with the batteries."""
        return np.asarray(plan.made_at_home @ (plan.total_use * self.passing(regions, year)))

    def passing(self, regions: Sequence[str], year: int) -> Array:
        """Share of the cells made at home whose way passes a node there, (chemistry, node), as plants of the reference
        world make what goes into them."""
        return passing_of(self.chain, self.supply[year], self.group(regions))

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
        others, ours = (sum(self.uses_apart[region][which][:, year] for region in regions) for which in (0, 1))
        total = others + ours
        by_need = np.divide(ours, total, out=np.ones_like(ours), where=total > 0)
        finite = np.isfinite(accessible) & (accessible > 0)
        kept = np.divide(others, accessible, out=np.zeros_like(accessible), where=finite)
        part = np.maximum(1 - kept, by_need)
        return own * part, np.where(finite, accessible * part, accessible)

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
        self, scenario: str, regions: tuple[str, ...], year: int, cuts: tuple[Cut, ...], hit: Supplied
    ) -> Supplied:
        """What there is with a disruption, a single question, if the cells of the countries that close were made by
        the others, at home or elsewhere, in the shares that these have."""
        plan, origin = self.plan(scenario, regions, year), self.cell_origin(regions, year)
        codes, inside = np.array(self.inputs.countries), self.at_home(regions)
        closing = np.isin(codes, [cut.country for cut in cuts]) & ~inside
        others = np.where(origin.any(axis=1), origin[:, ~closing].sum(axis=1), 1.0)
        grow = np.divide(1.0, others, out=np.zeros_like(others), where=others > 0)
        left = self.disturbed(regions, year, cuts).left
        _, without_closing = self._cells_left(regions, year, self.cuts(cuts), left, without=closing)
        home, imported = hit.home[0] * grow, plan.cells * without_closing * grow
        # Cells that nobody else makes stay where they are.
        home = np.where(others > 0, home, hit.home[0])
        imported = np.where(others > 0, imported, hit.imported[0])
        return Supplied(hit.own, hit.bought, home[None], imported[None])

    def cells_left(
        self, regions: Sequence[str], year: int, cuts: tuple[Cut, ...], end: End = "severity"
    ) -> tuple[Array, Array]:
        """Share of the cells of each chemistry that a disruption lets be made at home, as far as it cuts these, and be
        bought elsewhere, (chemistry) each: of each maker, what it exports of the part for which it still has inputs."""
        key = tuple(regions), year, cuts, end
        if key not in self._cells_left_of:
            left = self.disturbed(regions, year, cuts, end).left if cuts else np.ones((1, 1))
            self._cells_left_of[key] = self._cells_left(regions, year, self.cuts(cuts, end), left)
        return self._cells_left_of[key]

    def _cells_left(
        self, regions: Sequence[str], year: int, cuts: Cuts, covered: Array, without: np.ndarray | None = None
    ) -> tuple[Array, Array]:
        """Shares as of `cells_left`, those bought from makers but those in `without`, (country). covered: part of what
        customers have without the disruption, (node, customer)."""
        origin, inside = self.cell_origin(regions, year), self.at_home(regions)
        output = np.array([cuts.output[uses].max(axis=0, initial=0.0) for uses in self.chain.cell])
        export = np.array([cuts.export[uses].max(axis=0, initial=0.0) for uses in self.chain.cell])
        left = (1 - output) * np.where(inside, 1.0, (1 - export) * self._makers_left(year, covered))
        known = origin.any(axis=1)
        home = np.where(known, (origin * left)[:, inside].sum(axis=1), 1.0)
        abroad = ~inside if without is None else ~inside & ~without
        return home, (origin * left)[:, abroad].sum(axis=1)

    def _makers_left(self, year: int, covered: Array) -> Array:
        """Part of the cells of each chemistry for which makers in each country have inputs, (chemistry, country)."""
        supply = self.supply[year]
        out = np.ones((len(self.chain.cell), len(self.inputs.countries)))
        if (covered < 1).any():
            use = self.uses.ever
            for c in range(len(out)):
                part = np.append(least(covered, self.chain.of_cells(int(c), use), supply.natural, supply.bounds), 1.0)
                out[c] = part[supply.home]
        return out

    def at_home(self, regions: Collection[str]) -> np.ndarray:
        """Countries that belong to some regions, (country)."""
        return np.isin(np.array(self.inputs.home, dtype=object), list(regions))

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
        if key not in self._embodied:
            self._embodied[key] = access(self.embodied[year], self.group(regions)[: len(self.embodied[year].batteries)])
        return self._embodied[key]

    def intensity(self, mineral: str) -> Array:
        """Intensity of a mineral, (chemistry, year) [kt/GWh]."""
        arrays, place = self.outcome.arrays, self.resolved.minerals.labels.index(mineral)
        return np.asarray(arrays.intensity_by_year[:, place, arrays.reported])

    def reserves(self, node: Node, regions: Sequence[str]) -> float | None:
        """Share of the world's reserves of what a mine digs that lies in some regions; None where they are unknown."""
        by_home = self._reserves.get(node.products[0][0]) if node.products else None
        return None if by_home is None else sum(by_home.get(region, 0.0) for region in regions) / sum(by_home.values())

    @cached_property
    def _reserves(self) -> dict[str, dict[str, float]]:
        """Reserves of each mineral by the region in which they lie, '' for none."""
        frame, out = self.inputs.reserves, dict[str, dict[str, float]]()
        for mineral, home, amount in zip(
            frame["mineral"], self.inputs.home_of(frame["country"]), frame["value"], strict=True
        ):
            by_home = out.setdefault(mineral, {})
            by_home[home] = by_home.get(home, 0.0) + float(amount)
        return out

    def follow_on(self, scenario: str, regions: Sequence[str], year: int) -> FollowOn:
        """What is built because regions together plan for it, by place of the year; see `exposure/follow_on.py`.

        It is the regions' own, beside what they can get of the pool. Regions taken apart have each a part of the
        headroom as if they were the only ones. Where the mix is chosen there is none: it would depend on the choice.
        """
        key = scenario, tuple(regions), year
        if key not in self._follow_ons:
            located, follow, room = self._new_supply
            accessible = self.available(regions, year, self.access(regions, year))[1] + self.relief(*key)
            need = self.plan(*key).need
            home = self.at_home(regions)
            self._follow_ons[key] = follow_on(need, accessible, room[:, year], follow, located, home)
        return self._follow_ons[key]

    @cached_property
    def _first_made(self) -> Array:
        """What countries make of each node in the first reported year in which anything is known of it, (node,
        country)."""
        made = np.nan_to_num(np.stack([supply.made for supply in self.supply]))
        first = (made.sum(axis=2) > 0).argmax(axis=0)
        return np.asarray(made[first, np.arange(made.shape[1])])

    @cached_property
    def _new_supply(self) -> tuple[Array, Array, Array]:
        """Where plants are built, (node, country) [1], what share of the headroom may be, (node) [1], and that, (node,
        year) [kt or GWh].

        What is known of them in the country that makes most of a node in the first year, and outside it, is taken
        together: growth as supply stands then, lead and share as plants are located.
        """
        new, made = self.inputs.new, self._first_made
        total = made.sum(axis=1, keepdims=True)
        today = np.divide(made, total, out=np.zeros_like(made), where=total > 0)
        located = today
        if self.config.follow_on == "pipeline":
            located = np.where(new.located[0].any(axis=1, keepdims=True), new.located[0], today)
        leader = np.where(self.inputs.is_group, -1.0, today).argmax(axis=1)
        nodes = np.arange(len(made))

        def together(measure: Array, shares: Array) -> Array:
            """(maker, node) at the share of the leader in some shares, (node)."""
            top = shares[nodes, leader]
            return np.where(top > 0, top * measure[0], 0.0) + np.where(top < 1, (1 - top) * measure[1], 0.0)

        follow = together(new.follow_on[0], located)
        if self.config.follow_on == "none" or self.resolved.run.settings.optimise is not None:
            follow = np.zeros_like(follow)
        world = np.stack([supply.made.sum(axis=1) for supply in self.supply], axis=1)
        years = np.array(self.years, dtype=float)
        counted = np.array([[fill != BY_NEED for fill in known.fill] for known in self.known]).T
        room = headroom(world, counted, years, together(new.growth[0], today), together(new.lead[0], located))
        return located, follow, room

    def name_of(self, regions: Sequence[str]) -> str:
        """Name of regions that share a pool."""
        return self.label if tuple(regions) == self.regions else " + ".join(regions)

    def cuts(self, cuts: Sequence[Cut], end: End = "severity") -> Cuts:
        """What an event takes as arrays, at its severity or at one end of it."""
        shape = (len(self.inputs.nodes), len(self.inputs.countries))
        export, output = np.zeros(shape), np.zeros(shape)
        for cut in cuts:
            if cut.country in self.inputs.countries:
                place = self.inputs.place(cut.node), self.inputs.countries.index(cut.country)
                (export if cut.kind == "export" else output)[place] = getattr(cut, end)
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
        if key not in self._factories:
            latest = next(reversed(self._factories.values()), None)
            self._factories[key] = Factory(self.plan(*key), latest)
        return self._factories[key]


def in_other_world(chokepoints: Chokepoints, inputs: Inputs, changes: Mapping[str, Any]) -> Chokepoints:
    """The same plans in a world that differs: exposure with other keys of [exposure]."""
    run = chokepoints.resolved.run
    settings = run.settings.model_copy(update={"exposure": chokepoints.config.model_copy(update=dict(changes))})
    return chokepoints_of(Outcome(replace(chokepoints.resolved, run=replace(run, settings=settings))), inputs)


def chokepoints_of(outcome: Outcome, inputs: Inputs, reference: Chokepoints | None = None) -> Chokepoints:
    """Set up the exposure of a run. Raises InputError with all that does not fit.

    reference: exposure of a run that differs in its scenarios alone, whose supply and reference world are the same.
    """
    resolved = outcome.resolved
    run, arrays = resolved.run, outcome.arrays
    mine = {name: batteries(outcome, name) for name in run.settings.scenario}
    if reference is not None:
        check_cell_parts(inputs, bases_of(resolved))
        uses = uses_of(arrays, reference.inputs)
        chain = chain_of(reference.inputs.nodes, bases_of(resolved), uses.ever, reference.inputs.known)
        return replace(reference, outcome=outcome, uses=uses, chain=chain, scenarios=mine)
    partition = partition_of(run, inputs, resolved.regions.labels)
    supply = supply_inputs(run, inputs, resolved.minerals.labels, resolved.reported, partition)
    world = Outcome(with_intensity(resolve(reference_run(run, inputs, partition), inputs), inputs))
    check_cell_parts(inputs, [*bases_of(resolved), *bases_of(world.resolved)])
    theirs = batteries(world, REFERENCE)
    regions = world.resolved.regions.labels
    home = np.array([regions.index(name) if name in regions else NOWHERE for name in supply.home], dtype=np.intp)
    by_world = need_of(world, supply, theirs)
    needed = by_world.need.sum(axis=1)  # (node, year)
    # What the reference world does not need and nobody publishes is not known, rather than not made.
    by_need = np.where(needed > 0, needed / supply.utilisation[:, None], np.nan)
    by_country = tuple(
        known(
            supply.share[:, :, y], supply.published[:, y], supply.by_plants[:, :, y], by_need[:, y],
            supply.plants[:, :, y], supply.standing[:, :, y], home, supply.is_group,
        )
        for y in range(len(supply.years))
    )  # fmt: skip
    embodied = tuple(
        Supply(by_country[y].made, by_world.need[..., y], by_world.batteries[:, y], home, by_world.recovered[..., y])
        for y in range(len(supply.years))
    )
    customers = (*regions, ELSEWHERE) if (home == NOWHERE).any() else regions
    with_all = tuple(with_customers(each, len(customers)) for each in embodied)
    origins = origins_of(run, supply, with_all, customers)
    at_work = tuple(placed_supply(each, by_world, y, origins, supply.route_bounds) for y, each in enumerate(with_all))
    used = joined(supply.used, rows_of(world.resolved))
    label = region_label(resolved.regions.labels, inputs)
    left_out = left_out_of(resolved, inputs, world.resolved, theirs.cells)
    union = inputs.places.union & set(customers)
    wider = {region: inputs.places.chain(region) for region in resolved.regions.labels}
    uses = uses_of(arrays, supply)
    chain = chain_of(supply.nodes, bases_of(resolved), uses.ever, supply.known)
    return Chokepoints(
        outcome, supply, uses, chain, mine, customers, at_work, embodied,
        origins, label, used, left_out, uses_apart_of(resolved, world.resolved, theirs, by_world, at_work, origins),
        union, wider, by_country,
    )  # fmt: skip
