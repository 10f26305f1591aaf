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

from ..config import Exposure, Run, Scenario, of_reference
from ..errors import InputError, listed
from ..exposure.coverage import NOWHERE, Access, Cuts, Supply, access, sourcing, stockpiled
from ..exposure.factory import Factory, Plan, Routes, Supplied
from ..exposure.follow_on import FollowOn, follow_on, headroom
from ..exposure.known import BY_NEED, Known, known
from ..exposure.stages import ACTIVE, CELL, MINING, REFINING, Chain, least, placed
from ..flows.demand import Array
from ..haste import frozen
from ..tables.cell_parts import check_cell_parts
from ..tables.codes import ENERGY, GRAPHITE_ROUTES, WORLD
from ..tables.inputs import Inputs, joined
from ..tables.names import region_label
from ..tables.resolve import Resolved, resolve
from ..tables.supply import Cut, Node, SupplyInputs, supply_inputs
from .arrays import Arrays
from .intensity import with_intensity
from .origin import Origins
from .outcome import Outcome
from .stages import chain_of

if TYPE_CHECKING:
    from pandas import DataFrame

#: A severity, or one of its ends.
End = Literal["severity", "low", "high"]
#: Stages that recovered material relieves.
RELIEVED = ("mining", "refining")
REFERENCE = "reference"
#: What the node of lithium-ion cells begins with.
LI_ION = "li_ion_cell"
#: Customer that all makers at home with no region of the reference world are.
ELSEWHERE = "elsewhere"
#: Keys of [exposure] that say what the reference world is, as of a scenario.
OF_REFERENCE = ("demand", "adoption", "silicon")


@frozen
class Batteries:
    """What a scenario puts into use and takes from the chains.

    cells: (region, segment, chemistry, year) [GWh]; gain: input ÷ demand of cell making, (region, year) [1]; recovered:
    secondary supply, (region, mineral, year) [kt].
    """

    cells: Array
    gain: Array
    recovered: Array


def batteries(outcome: Outcome, scenario: str) -> Batteries:
    """Batteries of a scenario in the reported years."""
    at, found = outcome.arrays.reported, outcome.scenarios[scenario]
    return Batteries(found.cells[..., at], found.gain[:, at], found.recovered[..., at])


@frozen
class Uses:
    """Use of each node per GWh of each chemistry of a run.

    fixed: whatever the graphite route, (chemistry, node, year) [kt/GWh or GWh/GWh]; carrier: anode graphite,
    (chemistry, year) [kt/GWh]; natural, synthetic: what a node makes per mass of graphite of that route, (node);
    route: planned natural share, (year); scrapped: nodes whose product is lost with scrap, (node).
    """

    fixed: Array
    carrier: Array
    natural: Array
    synthetic: Array
    route: Array
    scrapped: Array

    def total(self, year: int) -> Array:
        """Use at the planned route, (chemistry, node), by place of the year."""
        share = self.route[year]
        routed = np.outer(self.carrier[:, year], share * self.natural + (1 - share) * self.synthetic)
        return np.asarray(self.fixed[:, :, year] + routed)

    @property
    def ever(self) -> Array:
        """The most that a chemistry uses of a node in any year and by any route, (chemistry, node)."""
        routed = np.outer(self.carrier.max(axis=1), np.maximum(self.natural, self.synthetic))
        return np.asarray(self.fixed.max(axis=2) + routed)

    @property
    def routed(self) -> bool:
        """Whether any node depends on the route."""
        return bool(self.natural.any() or self.synthetic.any())


def uses_of(arrays: Arrays, supply: SupplyInputs) -> Uses:
    """Use of the nodes by the chemistries of a run: intensities times stage yields, and what only some of them use."""
    resolved, intensity = arrays.resolved, arrays.intensity_by_year[..., arrays.reported]
    minerals, bases = resolved.minerals.labels, [base for base, _ in resolved.chemistries.labels]
    fixed = np.zeros((len(bases), len(supply.nodes), len(resolved.reported)))
    by_route = {route: np.zeros(len(supply.nodes)) for route in GRAPHITE_ROUTES}
    for n, node in enumerate(supply.nodes):
        for mineral, route, per_kg in node.products:
            if route:
                by_route[route][n] += per_kg
            else:
                fixed[:, n] += intensity[:, minerals.index(mineral)] * per_kg
        for c, base in enumerate(bases):
            if base in node.uses:
                per, amount = node.uses[base]
                fixed[c, n] += amount if per == ENERGY else intensity[c, minerals.index(per)] * amount
    carrier = np.zeros((len(bases), len(resolved.reported)))
    if "graphite" in minerals:
        carrier = intensity[:, minerals.index("graphite")]
    natural = arrays.route[GRAPHITE_ROUTES.index("natural"), arrays.reported]
    scrapped = np.array([node.stage != "cell" for node in supply.nodes])
    return Uses(fixed, carrier, by_route["natural"], by_route["synthetic"], natural, scrapped)


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
            self._reliefs[key] = _relief(self.inputs, self.resolved, recovered, self.uses.route[year])
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

    def accessible(self, scenario: str, regions: Sequence[str], year: int, cuts: Cuts | None = None) -> Array:
        """Accessible and recovered of each node, (node)."""
        return self.access(regions, year, cuts).accessible + self.relief(scenario, regions, year)

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
        return _passing(self.chain, self.supply[year], self.group(regions))

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
        check_cell_parts(inputs, _bases(resolved))
        uses = uses_of(arrays, reference.inputs)
        chain = chain_of(reference.inputs.nodes, _bases(resolved), uses.ever, reference.inputs.known)
        return replace(reference, outcome=outcome, uses=uses, chain=chain, scenarios=mine)
    partition = _partition(run, inputs, resolved.regions.labels)
    supply = supply_inputs(run, inputs, resolved.minerals.labels, resolved.reported, partition)
    world = Outcome(with_intensity(resolve(_reference(run, inputs, partition), inputs), inputs))
    check_cell_parts(inputs, [*_bases(resolved), *_bases(world.resolved)])
    theirs = batteries(world, REFERENCE)
    regions = world.resolved.regions.labels
    home = np.array([regions.index(name) if name in regions else NOWHERE for name in supply.home], dtype=np.intp)
    by_world = _need(world, supply, theirs)
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
    with_all = tuple(_with_customers(each, len(customers)) for each in embodied)
    origins = _origins(run, supply, with_all, customers, by_world.chain)
    at_work = tuple(_placed(each, by_world, y, origins, supply.route_bounds) for y, each in enumerate(with_all))
    used = joined(supply.used, _of_reference(world.resolved))
    label = region_label(resolved.regions.labels, inputs)
    left_out = _left_out(resolved, inputs, world.resolved, theirs.cells)
    union = inputs.places.union & set(customers)
    wider = {region: inputs.places.chain(region) for region in resolved.regions.labels}
    uses = uses_of(arrays, supply)
    chain = chain_of(supply.nodes, _bases(resolved), uses.ever, supply.known)
    return Chokepoints(
        outcome, supply, uses, chain, mine, customers, at_work, embodied,
        origins, label, used, left_out, _uses_apart(resolved, world.resolved, theirs, by_world, at_work, origins),
        union, wider, by_country,
    )  # fmt: skip


@frozen
class World:
    """The reference world. need: of each node where batteries are used, less what is recovered, (node, customer, year);
    recovered: that, (the same); batteries: put into use, (customer, year) [GWh]; uses, cells: of its chemistries,
    (customer, chemistry, year) [GWh], with scrap; chain: of these."""

    need: Array
    recovered: Array
    batteries: Array
    uses: Uses
    cells: Array
    gain: Array
    chain: Chain


def _with_customers(embodied: Supply, customers: int) -> Supply:
    """Supply with makers at home in no region as one more customer, if there is one."""
    regions = len(embodied.batteries)
    none = np.zeros((len(embodied.made), customers - regions))
    home = np.where(embodied.home == NOWHERE, customers - 1 if customers > regions else NOWHERE, embodied.home)
    return replace(
        embodied, need=np.hstack([embodied.need, none]), recovered=np.hstack([embodied.recovered, none]),
        batteries=np.append(embodied.batteries, none[0]), home=home.astype(np.intp),
    )  # fmt: skip


def _placed(supply: Supply, world: World, y: int, origins: Origins, bounds: tuple[float, float]) -> Supply:
    """Supply of a year with the need of the reference world where the next stage stands: of active materials where the
    cells are made that each customer uses, by their origin. bounds: of the natural share of graphite."""
    cells = world.cells[..., y]
    scrapped = np.where(world.uses.scrapped, 1.0, 0.0)
    gained = cells * world.gain[:, y, None]  # (customer, chemistry), with scrap
    use = world.uses.total(y)
    amount = use * (gained.sum(axis=0)[:, None] * scrapped + cells.sum(axis=0)[:, None] * (1 - scrapped))
    share = np.divide(cells, cells.sum(axis=0), out=np.zeros_like(cells), where=cells.sum(axis=0) > 0).T
    share = np.hstack([share, np.zeros((len(share), len(supply.batteries) - share.shape[1]))])
    made_as = world.chain.cell
    by_node = {int(n): origins.makers(int(n), y) for n in np.flatnonzero(made_as.any(axis=0))}
    cells_made = np.array([
        mine @ by_node[int(uses.argmax())] if uses.any() else mine for mine, uses in zip(share, made_as, strict=True)
    ])  # fmt: skip
    gross = placed(world.chain, amount, share, cells_made, supply.made @ supply.at_home)
    saved = _where_made(gross, supply.recovered)
    recipes = tuple(world.chain.recipes(amount))
    return replace(
        supply, need=gross - saved, recovered=saved, chain=world.chain, recipes=recipes,
        natural=float(world.uses.route[y]), bounds=bounds,
    )  # fmt: skip


def _where_made(gross: Array, recovered: Array | float) -> Array:
    """What each customer needs less because of what is recovered, (node, customer): at home first, and what is left is
    sold to the others by what they still need. recovered: by customer, (the same)."""
    at_home = np.minimum(gross, recovered)
    sold, still = (recovered - at_home).sum(axis=1, keepdims=True), gross - at_home
    total = still.sum(axis=1, keepdims=True)
    part = np.divide(sold, total, out=np.zeros_like(sold), where=total > 0)
    return np.asarray(at_home + still * np.minimum(part, 1.0))


def _origins(
    run: Run, supply: SupplyInputs, at_work: tuple[Supply, ...], customers: tuple[str, ...], chain: Chain
) -> Origins:
    """Origin of the cells, as observed and configured."""
    config = run.settings.exposure
    assert config is not None
    by_year = config.made_at_home
    at_home = () if by_year is None else by_year.items() if isinstance(by_year, dict) else [(supply.years[0], by_year)]
    cells = [n for n, node in enumerate(supply.nodes) if node.stage == "cell"]
    homes = dict(supply.homes)
    homes |= {code: customers[-1] for code, home in homes.items() if not home and customers[-1] == ELSEWHERE}
    return Origins(
        at_work, supply.years, customers, supply.countries, homes, supply.cell_origin, supply.observed_share,
        tuple(sorted((int(year), float(share)) for year, share in at_home)), supply.origin,
        tuple(sorted(cells, key=lambda n: not supply.nodes[n].node.startswith(LI_ION))),
    )  # fmt: skip


def _left_out(resolved: Resolved, inputs: Inputs, world: Resolved, cells: Array) -> dict[str, Array]:
    """Uses that the scope leaves out. cells: of the reference world, (region, segment, chemistry, year) [GWh]."""
    at = [place for place, region in enumerate(world.regions.labels) if region in resolved.regions.labels]
    by_use = cells[at].sum(axis=(0, 2))  # (segment, year)
    share = by_use / np.maximum(by_use.sum(axis=0), np.finfo(float).tiny)
    labels = dict(zip(inputs["segments"]["segment"], inputs["segments"]["label"], strict=True))
    return {
        str(labels[name]): share[place]
        for place, name in enumerate(world.segments.labels)
        if name not in resolved.segments.labels and share[place].any()
    }


def _uses_apart(
    resolved: Resolved,
    of_world: Resolved,
    theirs: Batteries,
    world: World,
    supply: tuple[Supply, ...],
    origins: Origins,
) -> dict[str, tuple[Array, Array]]:
    """Need at home in the reference world of the uses that the scope leaves out and of the others, by region, (node,
    year) each."""
    outside = np.array([name not in resolved.segments.labels for name in of_world.segments.labels])
    out: dict[str, tuple[Array, Array]] = {}
    if not outside.any():
        return out
    chain, places = world.chain, of_world.regions.labels
    for r, region in enumerate(places):
        if region not in resolved.regions.labels:
            continue
        group = np.arange(len(supply[0].batteries)) == r
        need = np.zeros((2, len(chain.stage), len(supply)))
        for y, year in enumerate(supply):
            inside = np.array([name == region for name in origins.home_of_makers])
            home = np.array([
                origins.of((region,), y, int(uses.argmax()))[inside].sum() if uses.any() else 1.0 for uses in chain.cell
            ])  # fmt: skip
            cells = np.stack([theirs.cells[r, mine, :, y].sum(axis=0) for mine in (outside, ~outside)])
            passing = np.where(chain.stage == CELL, 1.0, home[:, None] * _passing(chain, year, group))
            gain = np.where(world.uses.scrapped, world.gain[r, y] or 1.0, 1.0)
            need[:, :, y] = cells @ (world.uses.total(y) * passing) * gain
        out[region] = need[0], need[1]
    return out


def _passing(chain: Chain, supply: Supply, group: np.ndarray) -> Array:
    """Share of the cells that a group makes whose way passes a node there, (chemistry, node), as its plants make what
    goes into them in the reference world."""
    need = supply.gross[:, group].sum(axis=1)
    own = np.nan_to_num((supply.made @ supply.at_home)[:, group].sum(axis=1))
    made = np.minimum(np.divide(own, need, out=np.zeros_like(own), where=need > 0), 1.0)
    out = chain.direct + np.einsum("cnd,d->cn", chain.into * (chain.stage == ACTIVE), made)
    refined = np.einsum("cnd,cd,d->cn", chain.into * (chain.stage == REFINING), out, made)
    return np.asarray(np.where(chain.stage == MINING, out + refined, out))


def _bases(resolved: Resolved) -> list[str]:
    """Base chemistries that a run may sell."""
    return [base for base, _ in resolved.chemistries.labels]


def _reference(run: Run, inputs: Inputs, partition: tuple[str, ...]) -> Run:
    """The reference world, made of some regions, as a run whose problems stand where [exposure] names it."""
    config = run.settings.exposure
    assert config is not None
    regions = (WORLD,) if set(partition) == set(inputs.places.parts[WORLD]) else partition
    scope = run.settings.scope.model_copy(update={"regions": regions, "segments": ()})
    scenario = Scenario(**{key: getattr(config, key) for key in OF_REFERENCE})
    # Lines that a run gives are those of its own scenarios; the reference world's follow from its growth.
    flows = run.settings.flows.model_copy(update={"lines": ""}) if run.settings.flows else None
    alone = dict.fromkeys(("study", "prices", "exposure", "optimise"))
    settings = run.settings.model_copy(
        update={"scope": scope, "scenario": {REFERENCE: scenario}, "flows": flows, **alone}
    )
    places: dict[tuple[str, ...], tuple[str, int]] = {
        ("scenario", REFERENCE, key): run.place("exposure", key) for key in OF_REFERENCE
    }
    changes, diffusion = of_reference(run.settings, run.origin, run.path.name, [])
    by_name = {REFERENCE: diffusion} if diffusion else {}
    return Run(run.name, run.path, settings, {REFERENCE: changes}, (), {**run.origin, **places}, by_name)


def _partition(run: Run, inputs: Inputs, regions: Sequence[str]) -> tuple[str, ...]:
    """Regions that the reference world is made of: each of the run stands whole, the others as wide as they can.

    Raises InputError for a region that no part of the world is or is made of.
    """
    partition = inputs.places.partition(regions)
    if outside := [name for name in regions if name not in partition]:
        parts = inputs.places.parts[WORLD]
        taken = f"{listed(parts)}, their parts and {WORLD}"
        why = f"the reference world has no part of its own for it; [exposure] takes {taken}"
        raise InputError([run.problem(("scope", "regions"), f"regions has {name!r}", why) for name in outside])
    return partition


def _of_reference(world: Resolved) -> DataFrame:
    """Rows that the reference world rests on."""
    tables = ("battery_demand", "market_share", "silicon_uptake", "mineral_intensity", "pack_intensity")
    return world.inputs_used[world.inputs_used["table"].isin(tables)]


def _need(world: Outcome, supply: SupplyInputs, reference: Batteries) -> World:
    """The reference world with what its batteries need of each node, where they are used."""
    use = uses_of(world.arrays, supply)
    cells = reference.cells.sum(axis=1)  # (customer, chemistry, year)
    gain = np.where(use.scrapped[:, None, None], reference.gain, 1.0)
    natural = use.route
    routed = np.outer(use.natural, natural) + np.outer(use.synthetic, 1 - natural)  # (node, year)
    graphite = np.einsum("rcy,cy->ry", cells, use.carrier)
    gross = np.asarray((np.einsum("rcy,cny->nry", cells, use.fixed) + routed[:, None] * graphite) * gain)
    relief = np.stack([
        np.stack([
            _relief(supply, world.resolved, reference.recovered[r, :, y], use.route[y]) for y in range(gross.shape[2])
        ], axis=1)
        for r in range(gross.shape[1])
    ], axis=1)  # fmt: skip
    saved = np.minimum(relief, gross)
    chain = chain_of(supply.nodes, _bases(world.resolved), use.ever, supply.known)
    return World(gross - saved, saved, cells.sum(axis=1), use, cells, reference.gain, chain)


def _relief(supply: SupplyInputs, resolved: Resolved, recovered: Array, natural: float) -> Array:
    """Recovered minerals [kt] as what they take off mining and refining, (node)."""
    out = np.zeros(len(supply.nodes))
    shares = {"": 1.0, "natural": natural, "synthetic": 1 - natural}
    for n, node in enumerate(supply.nodes):
        if node.stage in RELIEVED:
            for mineral, route, per_kg in node.products:
                out[n] += recovered[resolved.minerals.labels.index(mineral)] * per_kg * shares[route]
    return out
