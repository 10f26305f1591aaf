"""Draws of events in one year, for regions that share a pool: what each leaves, and what plans then lose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..exposure.bases import NOTHING
from ..exposure.coverage import Cuts, Supply, access, stockpiled, to_be_had, trade
from ..exposure.draws import Key, Places, Streams, laid_together, part_of, reached, taken_of, upstream
from ..exposure.factory import Plan, Supplied
from ..exposure.follow_on import FollowOn
from ..exposure.makers import Shared
from ..exposure.stages import least
from ..exposure.window import YEAR
from ..flows.demand import Array
from ..tables.supply import Event
from .unknown import leaders

if TYPE_CHECKING:
    from .draws import Drawn

Index = NDArray[np.intp]
#: Inputs that are drawn: how much a stop takes, and for how long.
SEVERITY: Key = ("severity",)
MONTHS: Key = ("months",)
#: Tables of inputs that are drawn: where next plants stand, and what nobody knows of.
LOCATION, UNKNOWN = "marginal_location", "unknown"


class DrawnLoss(NamedTuple):
    """What is lost in every draw, the first at the values, (row) each [GWh]: of the batteries, and of the cells that
    are planned to be made at home; and how many these are."""

    batteries: Array
    industry: Array
    at_home: Array


class DrawnHit(NamedTuple):
    """What a disruption leaves, in every draw: accessible and own supply of each node, (row, node), and the part of its
    cells that each maker can still make and sell, (row or 1, chemistry, place). cuts: what it takes of some nodes,
    (row, of these, place), or None without one; lasts: part of the year that it fills, (row) or (1); shared: of these
    nodes, where a plan has makers outside the run share them, as `Chokepoints.shared` has it, with draws in place of
    stops."""

    accessible: Array
    own: Array
    cells: Array
    nodes: Index
    cuts: Cuts | None
    lasts: Array
    shared: Shared | None = None


class InYear:
    """Draws of events in one year, by its place, for regions that share a pool."""

    def __init__(
        self, drawn: Drawn, streams: Streams, events: Sequence[Event], regions: tuple[str, ...], year: int
    ) -> None:
        self.drawn, self.streams, self.regions, self.year = drawn, streams, regions, year
        self.chokepoints = chokepoints = drawn.chokepoints
        self.world: Supply = chokepoints.supply[year]
        countries = {code: place for place, code in enumerate(chokepoints.inputs.countries)}
        closing = [countries[cut.country] for event in events for cut in event.cuts if cut.country in countries]
        self.places = Places.keeping(closing, self.world.home, len(self.world.batteries))
        self.nodes = np.flatnonzero(self._wanted())
        # Of a node that the world needs more of, all customers need more: access is found per unit of that.
        self.needed = drawn.needed(streams, year)
        made = drawn.ranged(year).made(streams, self.nodes, self.places, self.needed)
        world = self.world if self.world.assumed is None else replace(self.world, assumed=self._assumed())
        self.supply = laid_together(world, made, self.nodes, self.places)
        self.group = chokepoints.group(regions)
        self.origin = drawn.cell_origin(streams, regions, year) @ self.places.shared
        self.inside = np.asarray((self.places.shared * chokepoints.at_home(regions)[:, None]).any(axis=0))
        self._pers: dict[str, Array] = {}
        self._demands: dict[str, Array] = {}
        self._cells: dict[str, Array] = {}
        self._withouts: dict[str, tuple[Array, Array]] = {}
        self._undisturbed: dict[str, tuple[Array, Array]] = {}

    def _assumed(self) -> Array:
        """Share of each country in what nobody knows, (node, country) or (row, node, country). At the centre that of
        the country that leads is anything from 0 to 1, and the others have the rest as they have it there."""
        assumed, inputs = np.asarray(self.world.assumed), self.chokepoints.inputs
        if self.chokepoints.config.unknown != "centre":
            return assumed
        led = [n for n in self.nodes if assumed[n].any() and leaders(inputs)[n] >= 0]
        out = np.tile(assumed, (len(self.streams) if led else 1, 1, 1))
        for n in led:
            leader = leaders(inputs)[n]
            value = float(assumed[n, leader])
            share = self.streams.uniform((UNKNOWN, inputs.nodes[n].node), value)
            out[:, n] *= np.divide(1 - share, 1 - value, out=np.zeros_like(share), where=value < 1)[:, None]
            out[:, n, leader] = share
        return out

    def _wanted(self) -> NDArray[np.bool_]:
        """Nodes that a plan needs, that go into its cells wherever these are made, or into such nodes, (node)."""
        chokepoints = self.chokepoints
        plans = [self.plan(scenario) for scenario in chokepoints.scenarios]
        wanted = np.any([(plan.need > 0) | (plan.most_by_route > 0) for plan in plans], axis=0)
        for chemistry in np.flatnonzero(np.any([plan.cells > 0 for plan in plans], axis=0)):
            for parts in chokepoints.chain.of_cells(int(chemistry), chokepoints.uses.ever):
                wanted[parts] = True
        return upstream(self.world.recipes, np.asarray(wanted))

    def _hits(self, event: Event) -> NDArray[np.bool_]:
        """Nodes that an event cuts at any draw, (node)."""
        hit = np.zeros(len(self.world.made), dtype=bool)
        for cut in event.cuts:
            hit[self.chokepoints.inputs.place(cut.node)] |= max(cut.severity, cut.high) > 0
        return hit

    def plan(self, scenario: str) -> Plan:
        """The plan at its values."""
        return self.chokepoints.plan(scenario, self.regions, self.year)

    def demand(self, scenario: str) -> Array:
        """Demand as a multiple of the plan, (row) or (1)."""
        if scenario not in self._demands:
            self._demands[scenario] = self.drawn.demand(self.streams, scenario, self.regions, self.year)
        return self._demands[scenario]

    def cells(self, scenario: str) -> Array:
        """Planned cells of each chemistry, (row or 1, chemistry) [GWh], per unit of demand."""
        if scenario not in self._cells:
            self._cells[scenario] = self.drawn.cells(self.streams, scenario, self.regions, self.year)
        return self._cells[scenario]

    @cached_property
    def without(self) -> DrawnHit:
        """What there is without a disruption."""
        reach = access(self.supply, self.group)
        had = (reach.accessible, np.inf), (np.nan_to_num(reach.own), 0.0)
        accessible, own = (self._of_all(values * self.needed[:, self.nodes], other) for values, other in had)
        return DrawnHit(accessible, own, np.ones((1, *self.origin.shape[1:])), self.nodes[:0], None, np.ones(1))

    def _of_all(self, values: Array, other: float) -> Array:
        """Values of the nodes that are followed, (row, node), as of all nodes."""
        out = np.full((*values.shape[:-1], len(self.world.made)), other)
        out[..., self.nodes] = values
        return out

    def hit(self, event: Event | None) -> DrawnHit:
        """What there is with an event."""
        without = self.without
        if event is None:
            return without
        hit = self._hits(event)
        _, with_inputs = reached(self.world.recipes, hit)
        at = np.flatnonzero(with_inputs[self.nodes])
        nodes = self.nodes[at]
        cuts = self._cuts(event, nodes)
        accessible, own = without.accessible.copy(), without.own.copy()
        covered, shared = None, None
        if len(nodes):
            supply = part_of(self.supply, at) if len(at) < len(self.nodes) else self.supply
            traded = trade(supply, cuts)
            reach = access(supply, self.group, cuts, traded)
            accessible[:, nodes] = reach.accessible * self.needed[:, nodes]
            own[:, nodes], covered = np.nan_to_num(reach.own) * self.needed[:, nodes], reach.left
            if self.chokepoints.orders:
                had, undisturbed = to_be_had(supply, traded), to_be_had(supply, supply.undisturbed)
                taken = (had < undisturbed * (1 - NOTHING)) & self.chokepoints.shareable[nodes][:, None]
                taken &= ~self.chokepoints.group(self.chokepoints.regions)
                usual = self.chokepoints.usually_bought(self.regions, self.year)[nodes]
                usual = np.minimum(usual, supply.need)
                cells = self._cells_left(cuts, nodes, np.where(taken, 1.0, covered))
                shared = Shared(np.where(taken, had, np.inf), supply.need - usual, usual, cells)
        low, months, high = event.months
        lasts = np.minimum(self.streams.drawn(MONTHS, months, low, high) / YEAR, 1.0)
        return DrawnHit(accessible, own, self._cells_left(cuts, nodes, covered), nodes, cuts, lasts, shared)

    def _cuts(self, event: Event, nodes: Index) -> Cuts:
        """What an event takes, of some nodes, (row, node, place) each."""
        at = {int(n): place for place, n in enumerate(nodes)}
        inputs = self.chokepoints.inputs
        countries = {code: place for place, code in enumerate(inputs.countries)}
        shape = (len(self.streams), len(nodes), len(self.places.home))
        export, output = np.zeros(shape), np.zeros(shape)
        for cut in event.cuts:
            if cut.country in countries and inputs.place(cut.node) in at:
                where = at[inputs.place(cut.node)], self.places.apart[countries[cut.country]]
                severity = self.streams.drawn(SEVERITY, cut.severity, cut.low, cut.high, 1.0)
                (export if cut.kind == "export" else output)[:, *where] = severity
        return Cuts(export, output)

    def _cells_left(self, cuts: Cuts, nodes: Index, covered: Array | None) -> Array:
        """Part of its cells that each maker can still make and sell, (row, chemistry, place); covered: part of what
        customers have without the disruption of some nodes, (row, node, customer)."""
        chain = self.chokepoints.chain
        made_as = chain.cell[:, nodes]
        none = np.zeros((len(self.streams), len(self.places.home)))
        left: list[Array] = []
        makers: dict[bytes, Array] = {}
        for c, uses in enumerate(made_as):
            export, output = (cut[:, uses].max(axis=1) if uses.any() else none for cut in (cuts.export, cuts.output))
            inputs = chain.of_cells(c, self.chokepoints.uses.ever)
            key = b"|".join(each.tobytes() for each in inputs)
            if key not in makers:
                makers[key] = self._makers_left(inputs, nodes, covered)
            left.append((1 - output) * np.where(self.inside, 1.0, (1 - export) * makers[key]))
        return np.stack(left, axis=1)

    def _makers_left(self, inputs: tuple[Index, Index, Index], nodes: Index, covered: Array | None) -> Array:
        """Part of the cells for which makers at each place have inputs, (row, place) or (1, place)."""
        out = np.ones((1, len(self.places.home)))
        of = np.concatenate(inputs)
        if covered is None or not np.isin(of, nodes).any():
            return out
        # Nodes that are not followed are had in full.
        all_of = np.ones((*covered.shape[:-2], len(of), covered.shape[-1]))
        at = {int(n): place for place, n in enumerate(nodes)}
        for place, n in enumerate(of):
            if int(n) in at:
                all_of[..., place, :] = covered[..., at[int(n)], :]
        first, second = len(inputs[0]), len(inputs[1])
        places = np.arange(len(of))
        by_kind = places[:first], places[first : first + second], places[first + second :]
        part = least(all_of, by_kind, self.world.natural, self.world.bounds)
        part = np.concatenate([part, np.ones((*part.shape[:-1], 1))], axis=-1)
        return np.asarray(part[..., self.places.home])

    def _per(self, scenario: str) -> Array:
        """Of how much supply of each node one stands for one at the values, (row or 1, node)."""
        if scenario not in self._pers:
            settings, absolute = self.chokepoints.resolved.run.settings, self.drawn.absolute(self.year)
            demand = self.demand(scenario)[:, None]
            alike = settings.scenario[scenario].demand == self.chokepoints.config.demand
            per = np.tile(np.ones_like(demand) if alike else demand, (1, len(absolute)))
            if absolute.any():
                cells = self.chokepoints.cells_of(scenario, self.regions, self.year)
                used = self.drawn.used(self.streams, cells, self.year)
                per = np.where(absolute, demand * used, per)
            self._pers[scenario] = per
        return self._pers[scenario]

    def _had(self, scenario: str, hit: DrawnHit) -> tuple[Array, Array]:
        """What a plan has of each node by own plants, and of all without stocks, (row, node) each, per unit of what
        `_per` says. Uses that the scope leaves out need as many times as much as the plan."""
        chokepoints, per = self.chokepoints, self._per(scenario)
        own, accessible = chokepoints.in_scope(self.regions, self.year, hit.own / per, hit.accessible / per)
        relief = chokepoints.relief(scenario, self.regions, self.year) / self.demand(scenario)[:, None]
        accessible = accessible + relief + self._follow_on(scenario, hit) / per
        return own, self._with_unknown(scenario, hit, accessible, relief)

    def _with_unknown(self, scenario: str, hit: DrawnHit, accessible: Array, relief: Array) -> Array:
        """What there is of each node, (row, node), with what an event leaves of what nobody knows: a part of what the
        plan needs, beside what is recovered; both per unit of demand and of use."""
        if hit.cuts is None or self.supply.assumed is None:
            return accessible
        at = np.isin(self.nodes, hit.nodes)
        assumed = self.supply.assumed[..., at, :]
        part = 1 - taken_of(assumed, hit.cuts, self.inside)
        stopped = self.world.unknown[hit.nodes] & (part < 1)
        need = self._need(scenario)[:, hit.nodes]
        left = need * part + (1 - part) * np.minimum(relief[:, hit.nodes], need)
        out = accessible.copy()
        out[:, hit.nodes] = np.where(stopped, left, accessible[:, hit.nodes])
        return out

    def _need(self, scenario: str) -> Array:
        """Need of the plan of each node, (row or 1, node), in proportion to what the drawn cells are made of."""
        plan = self.plan(scenario)
        drawn, value = (cells * plan.home @ plan.total_use for cells in (self.cells(scenario), plan.cells))
        return np.asarray(plan.need * np.divide(drawn, value, out=np.ones_like(drawn), where=value > 0))

    def _follow_on(self, scenario: str, hit: DrawnHit) -> Array:
        """What there is of what is built for the plan, (node) or (row, node)."""
        follow = self.chokepoints.follow_on(scenario, self.regions, self.year)
        if hit.cuts is None or not follow.amount[hit.nodes].any():
            return follow.amount
        out = np.tile(follow.amount, (len(self.streams), 1))
        located = self._located(follow, hit.nodes) @ self.places.shared
        out[:, hit.nodes] *= 1 - taken_of(located, hit.cuts, self.inside)
        return out

    def _located(self, follow: FollowOn, nodes: Index) -> Array:
        """Where what is built for a plan stands, of some nodes, (row or 1, node, country). Where next plants come is
        uncertain, and scaled to the sum of one; what a plan itself says of it is not drawn."""
        out, inputs = follow.located[nodes][None], self.chokepoints.inputs
        ends = inputs.new.located[:, nodes]  # (end, node, country)
        drawn = (ends[0] > 0) & ((ends[1] != ends[0]) | (ends[2] != ends[0])) & (follow.amount[nodes] > 0)[:, None]
        drawn &= (out[0] == self.chokepoints.growth.new_located[nodes]).all(axis=1, keepdims=True)
        if self.chokepoints.config.follow_on != "pipeline" or not drawn.any():
            return out
        out = np.repeat(out, len(self.streams), axis=0)
        for place in np.flatnonzero(drawn.any(axis=1)):
            shares = np.tile(ends[0, place], (len(self.streams), 1))
            for k in np.flatnonzero(drawn[place]):
                key = LOCATION, inputs.nodes[nodes[place]].node, inputs.countries[k]
                value, low, high = (float(end) for end in ends[:, place, k])
                shares[:, k] = self.streams.drawn(key, value, low, high, 1.0)
            out[:, place] = shares / shares.sum(axis=1, keepdims=True)
        return out

    def supplied(self, scenario: str, hit: DrawnHit) -> Supplied:
        """What there is for a plan, one question a draw, per unit of its demand."""
        chokepoints, plan, cell = self.chokepoints, self.plan(scenario), self.chokepoints.cell
        if scenario not in self._withouts:
            self._withouts[scenario] = self._had(scenario, self.without)
        usual = self._withouts[scenario]
        own, accessible = usual if hit is self.without else self._had(scenario, hit)
        without = usual[1]
        # A stock of so many months is as many times as large in the year as the stop fills a part of it.
        lasts, months = hit.lasts[:, None], chokepoints.config.stockpile_months
        spread = np.divide(months, lasts, out=np.zeros_like(lasts), where=lasts > 0)
        stocked = chokepoints.stocked(plan, self.regions, self.year)
        accessible = np.where(cell, without, stockpiled(accessible, without, stocked, spread))
        own = np.where(cell, 0.0, own)
        rows = (len(self.streams), len(plan.cells))
        home = np.broadcast_to(self.cells(scenario) * self._made_at_home(scenario, hit), rows)
        return Supplied(own, accessible - own, home, np.broadcast_to(self._bought(scenario, hit), rows))

    def _origin(self, scenario: str) -> Array:
        """Share of each place in the planned cells, (row or 1, chemistry, place): as a mix has chosen its makers, which
        are not drawn, else as these are."""
        chokepoints, origin = self.chokepoints, self.origin
        if scenario in chokepoints.chosen_origin:
            chosen = chokepoints.origin_of(scenario, self.regions, self.year) @ self.places.shared
            origin = np.where(chokepoints.chooses_origin(self.regions, self.year)[:, None], chosen, origin)
        return origin

    def _made_at_home(self, scenario: str, hit: DrawnHit) -> Array:
        """Share of the planned cells that can be made at home, (row or 1, chemistry)."""
        origin = self._origin(scenario)
        made = (origin * hit.cells)[..., self.inside].sum(axis=-1)
        return np.where(origin.any(axis=-1), made, 1.0)

    def _bought(self, scenario: str, hit: DrawnHit) -> Array:
        """Planned cells that makers abroad still make and sell, (row or 1, chemistry) [GWh]: as of
        `Chokepoints.supplied`, with all that makers share per unit of what `_per` says."""
        chokepoints, shared = self.chokepoints, hit.shared
        made = self.cells(scenario)[..., None] * np.where(self.inside, 0.0, self._origin(scenario))
        if shared is None or scenario not in chokepoints.orders:
            return np.asarray((made * hit.cells).sum(axis=-1))
        home = self.places.home
        which = shared.lacks(home)[:, None] & chokepoints.chooses_origin(self.regions, self.year)[:, None]
        use = (self.plan(scenario).total_use * chokepoints.chain.direct)[:, hit.nodes]
        wanted = np.where(which, made * shared.cells, 0.0)
        per = (self.needed / self._per(scenario))[:, hit.nodes]
        bought = np.where(which, 0.0, made * hit.cells).sum(axis=-1)
        return np.asarray(bought + shared.sold(chokepoints.orders[scenario], wanted, home, use, per))

    def _totals(self, scenario: str, hit: DrawnHit) -> tuple[Array, Array]:
        """Batteries to be had, and those of them made at home, as if a stop lasted all year, (row) each [GWh]."""
        if hit is not self.without or scenario not in self._undisturbed:
            factory = self.chokepoints.factory(scenario, self.regions, self.year)
            found = factory.totals(self.supplied(scenario, hit))
            if hit is not self.without:
                return found
            self._undisturbed[scenario] = found
        return self._undisturbed[scenario]

    def lost(self, event: Event) -> dict[str, DrawnLoss]:
        """What an event takes of each plan, with what is short anyway."""
        hit, out = self.hit(event), {}
        for scenario in self.chokepoints.scenarios:
            plan, demand = self.plan(scenario), self.demand(scenario)
            had, home = self._totals(scenario, hit)
            if (hit.lasts < 1).any():
                # Months without the stop are as a year without it.
                had, home = (
                    hit.lasts * with_it + (1 - hit.lasts) * without
                    for with_it, without in zip((had, home), self._totals(scenario, self.without), strict=True)
                )
            at_home = (self._made_at_home(scenario, self.without) * self.cells(scenario)).sum(axis=1)
            # What a solver's rounding may leave is nothing.
            nothing = NOTHING * float(plan.cells.sum())
            short, short_at_home = plan.cells.sum() - had, at_home - home
            out[scenario] = DrawnLoss(
                demand * np.where(short > nothing, short, 0.0),
                demand * np.where(short_at_home > nothing, short_at_home, 0.0),
                demand * at_home * np.ones(len(had)),
            )
        return out
