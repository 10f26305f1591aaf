r"""What can be built of a plan: cells made at home from what is accessible at each stage, and cells bought elsewhere.

    max Σ_c z_c + Σ_c y_c,   0 ≤ z_c ≤ cells made at home,   0 ≤ y_c ≤ cells bought

where each node is used by the next stage at home: what goes into the cells, less what is made at home of it, is bought,

    Σ_c use_cn (z_c − k_cn) ≤ bought_n,   Σ_c use_cn k_cn ≤ own_n,   0 ≤ k_cn ≤ z_c

with k the cells whose active material n is made at home; those need what is refined, of which m_r is refined at home,

    Σ_c use_cr (direct_cr z_c + Σ_n into_crn k_cn) ≤ m_r + bought_r,   0 ≤ m_r ≤ own_r

and that needs what is mined. No weights: the bottleneck decides, as in a factory. Graphite may move between its natural
and its synthetic route within given bounds, in the anodes that are bought and in those that are made at home alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..haste import frozen
from .bases import NOTHING, Bases
from .stages import ACTIVE, CELL, MINING, REFINING, Chain, least

Array = NDArray[np.float64]
Index = NDArray[np.intp]
Mask = NDArray[np.bool_]

#: Least number that divides.
TINY = float(np.finfo(float).tiny)
#: A node binds if this share of its planned need more of it raises what is buildable.
STEP = 0.01


@frozen
class Routes:
    """Anode graphite by route. carrier: graphite, (chemistry) [kt/GWh]; natural, synthetic: what a node makes per mass
    of graphite of that route, (node) [1]; low, high: bounds of the natural share; share: that of the plan."""

    carrier: Array
    natural: Array
    synthetic: Array
    low: float
    high: float
    share: float

    @cached_property
    def use(self) -> Array:
        """Use of the nodes at the planned share, (chemistry, node)."""
        return np.outer(self.carrier, self.share * self.natural + (1 - self.share) * self.synthetic)


@frozen
class Plan:
    """Batteries that are planned.

    cells: (chemistry) [GWh]; use: of each node, (chemistry, node) [kt/GWh or GWh/GWh], without what graphite uses by
    its route; routes: that, or None; home: share of the cells that is made at home, (chemistry); own: what is made at
    home of each node, (node) [kt or GWh]; chain: of which node each other is made.
    """

    cells: Array
    use: Array
    routes: Routes | None = None
    home: Array | float = 1.0
    own: Array | float = 0.0
    chain: Chain | None = None

    @cached_property
    def stages(self) -> Chain:
        """The chain; without one all goes straight into cells."""
        return Chain.flat(*self.use.shape) if self.chain is None else self.chain

    @cached_property
    def total_use(self) -> Array:
        """Use at the planned route shares, (chemistry, node)."""
        return self.use if self.routes is None else np.asarray(self.use + self.routes.use)

    @cached_property
    def embodied(self) -> Array:
        """What all batteries of the plan are made of, wherever that is made, (node)."""
        return np.asarray(self.cells @ self.total_use)

    @cached_property
    def made_at_home(self) -> Array:
        """Cells made at home, (chemistry) [GWh]."""
        return np.asarray(self.cells * self.home)

    @cached_property
    def imported(self) -> Array:
        """Cells bought elsewhere, (chemistry) [GWh]."""
        return np.asarray(self.cells - self.made_at_home)

    @cached_property
    def own_supply(self) -> Array:
        """What is made at home of each node, (node), nothing where nobody knows."""
        return np.asarray(np.nan_to_num(np.broadcast_to(self.own, self.use.shape[1:])))

    @cached_property
    def flows(self) -> Flows:
        """Where each node is needed at home if own supply goes first."""
        chain, use, none = self.stages, self.total_use, np.zeros(self.use.shape[1])
        by_chemistry = np.where(chain.stage == CELL, self.cells[:, None], self.made_at_home[:, None] * chain.direct)
        need, from_home = none.copy(), none.copy()
        for stage in (CELL, ACTIVE, REFINING, MINING):
            at = chain.stage == stage
            if stage < ACTIVE:
                by_chemistry[:, at] += np.einsum("cd,cnd,d->cn", by_chemistry, chain.into[:, at], from_home)
            need[at] = (use * by_chemistry)[:, at].sum(axis=0)
            made = np.minimum(self.own_supply, need) if stage < CELL else none
            from_home[at] = np.divide(made, need, out=none.copy(), where=need > 0)[at]
        return Flows(need, from_home, by_chemistry)

    def with_home(self, cells: Array) -> Plan:
        """The plan with other cells made at home, (chemistry) [GWh]."""
        return replace(self, home=cells / np.maximum(self.cells, TINY))

    @property
    def need(self) -> Array:
        """Need of each node at home, (node); of cells, all that are planned."""
        return self.flows.need

    @property
    def most_by_route(self) -> Array:
        """Need if all graphite took the route that needs most of a node, (node); 0 where none needs any."""
        if self.routes is None:
            return np.zeros_like(self.need)
        return np.asarray(
            (self.made_at_home @ self.routes.carrier) * np.maximum(self.routes.natural, self.routes.synthetic)
        )


class Flows(NamedTuple):
    """need: of each node at home, (node) [kt or GWh]; from_home: share of it that is made at home, (node); cells: those
    whose way at home passes a node, (chemistry, node) [GWh]: of a node they need use × cells."""

    need: Array
    from_home: Array
    cells: Array


@frozen
class Supplied:
    """What there is for a plan in each of some questions.

    own: what plants at home can make of each node, (question, node); bought: what can be had without own plants, from
    others, from recycling and from stocks, (question, node) [kt or GWh]; of cells, all that can be had; home, imported:
    cells that can be made at home or bought at most, (question, chemistry) [GWh].
    """

    own: Array
    bought: Array
    home: Array
    imported: Array

    @cached_property
    def accessible(self) -> Array:
        """own + bought, (question, node)."""
        return self.own + self.bought

    def __len__(self) -> int:
        return len(self.own)

    def take(self, some: Index | Mask | list[int] | slice) -> Supplied:
        """Some of the questions."""
        return Supplied(self.own[some], self.bought[some], self.home[some], self.imported[some])

    def capped(self, home: Array, imported: Array) -> Supplied:
        """The same, with other caps of cells, (chemistry) or (question, chemistry) each."""
        shape = self.home.shape
        return Supplied(self.own, self.bought, np.broadcast_to(home, shape), np.broadcast_to(imported, shape))

    def more(self, nodes: Array) -> Supplied:
        """The same, with more of some nodes, (question, node) or (node)."""
        return Supplied(self.own, self.bought + nodes, self.home, self.imported)

    @classmethod
    def joined(cls, parts: list[Supplied]) -> Supplied:
        """Questions one after the other."""
        return cls(*(np.concatenate([getattr(each, name) for each in parts])
                     for name in ("own", "bought", "home", "imported")))  # fmt: skip


class Built(NamedTuple):
    """Cells made at home and cells bought, (question, chemistry) or (chemistry) each [GWh]."""

    home: Array
    imported: Array

    @property
    def cells(self) -> Array:
        """Both together."""
        return np.asarray(self.home + self.imported)


class Factory:
    """The linear programme of one plan, for any supply of its nodes and caps of its cells.

    known: the programme of a plan of the same shape, whose optimal bases are tried.
    """

    def __init__(self, plan: Plan, known: Factory | None = None) -> None:
        self.plan = plan
        self.use, self.need = plan.total_use, plan.need
        self.columns = _Columns(plan)
        self.rows = _Rows(plan, self.columns)
        self.cost = self.columns.cost
        self.matrix = np.array(self.rows.lines).reshape(len(self.rows.lines), len(self.cost))
        alike = known is not None and known.columns.alike(self.columns) and known.rows.alike(self.rows)
        scale = self.columns.scale, self.rows.scale(self)
        self.bases: Bases = Bases(self.cost, self.matrix, scale, known.bases if known and alike else None)
        self._alike: dict[bytes, list[list[int]]] = {}

    def bounds(self, supplied: Supplied) -> tuple[Array, Array]:
        """Right-hand sides of the programme, (question, row), (question, column)."""
        return self.rows.most(supplied), self.columns.upper(supplied)

    def supplied(self, accessible: Array) -> Supplied:
        """The whole plan with its own plants, where all else that is accessible is bought: (question, node)."""
        many, plan = len(accessible), self.plan
        caps = (np.tile(each, (many, 1)) for each in (plan.made_at_home, plan.imported))
        own = np.minimum(plan.own_supply, accessible)
        return Supplied(own, accessible - own, *caps)

    def best(self, supplied: Supplied) -> Best:
        """What is built by best reallocation."""
        short = self._short(supplied)
        if short.all():
            return Best(self, supplied, self._solved(supplied), short)
        built = Built(supplied.home.copy(), supplied.imported.copy())
        if short.any():
            found = self._solved(supplied.take(short))
            built.home[short], built.imported[short] = found.home, found.imported
        return Best(self, supplied, built, short)

    def build(self, supplied: Supplied) -> Built:
        """Cells built by best reallocation, (question, chemistry) [GWh]: `Best.built`."""
        return self.best(supplied).built

    def totals(self, supplied: Supplied) -> tuple[Array, Array]:
        """Batteries to be had, and cells that can be made at home, (question) each [GWh]: `Best.totals`."""
        return self.best(supplied).totals

    def _short(self, supplied: Supplied) -> Mask:
        """Where the plan cannot be had as it is, own supply first, (question)."""
        need, made = self.need, self.need * self.plan.flows.from_home
        inside = self.plan.stages.made
        fits = np.where(
            inside, (need - made <= supplied.bought * (1 + NOTHING)) & (made <= supplied.own * (1 + NOTHING)),
            need <= supplied.accessible * (1 + NOTHING),
        )  # fmt: skip
        planned = (supplied.home <= self.plan.made_at_home * (1 + NOTHING)).all(axis=1)
        planned &= (supplied.imported <= self.plan.imported * (1 + NOTHING)).all(axis=1)
        return np.asarray(~(fits | (need <= 0)).all(axis=1) | ~planned)

    def _solved(self, supplied: Supplied) -> Built:
        """Optimal cells, (question, chemistry)."""
        found = np.clip(self.bases.solve(*self.bounds(supplied)), 0, None)
        return self.columns.cells(found, supplied)

    def cut_alike(self, home: Array, supplied: Supplied) -> Array:
        """The same totals at home, shared pro rata to the caps by chemistries that use the binding nodes alike,
        (question, chemistry)."""
        caps, accessible = supplied.home, supplied.accessible
        # Stages that are followed are used through others: only chains without them are shared out here.
        straight = self.plan.stages.direct.all(axis=0) & (self.plan.stages.stage != CELL)
        binds = straight & np.isfinite(accessible) & (home @ self.use >= accessible - NOTHING * self.need)
        alike = home.copy()
        for question, bound in enumerate(binds):
            for mine in self._alike_by(bound.tobytes()):
                cap = caps[question, mine]
                alike[question, mine] = cap * (home[question, mine].sum() / max(cap.sum(), TINY))
        # Other nodes may be used differently, which the plain sharing does not know.
        others = np.flatnonzero((np.abs(alike - home) > NOTHING * caps).any(axis=1))
        if len(others):
            some = supplied.take(others)
            had = self._solved(some.capped(alike[others], some.imported)).home.sum(axis=1)
            less = others[had < alike[others].sum(axis=1) * (1 - NOTHING)]
            alike[less] = home[less]
        return alike

    def _alike_by(self, binds: bytes) -> list[list[int]]:
        """Chemistries made at home that use some nodes alike, several together; binds: whether each is one of these."""
        if binds not in self._alike:
            kinds: dict[bytes, list[int]] = {}
            uses = np.round(self.use[np.ix_(self.columns.home, np.frombuffer(binds, dtype=bool))], 12)
            for chemistry, use in zip(self.columns.home.tolist(), uses, strict=True):
                kinds.setdefault(use.tobytes(), []).append(chemistry)
            self._alike[binds] = [mine for mine in kinds.values() if len(mine) > 1]
        return self._alike[binds]

    def scarce(self, supplied: Supplied) -> Mask:
        """Nodes of which there may be too little, (question, node): less than is planned to be needed at home, or less
        to be bought than that if own plants had no inputs."""
        short = self.need > supplied.accessible * (1 + NOTHING)
        starved = self.plan.stages.made & (self.plan.flows.from_home > 0)
        return np.asarray(short | (starved & (self.need > supplied.bought * (1 + NOTHING))))

    @cached_property
    def of_cells(self) -> Mask:
        """Nodes that are cells, (node)."""
        return np.asarray(self.plan.stages.stage == CELL)

    @cached_property
    def bought_rows(self) -> dict[int, int]:
        """Row of each node that what is bought of it counts in."""
        return {int(n): row for row, n in enumerate(self.rows.node) if n >= 0 and self.rows.bought[row]}

    def counted(self, supplied: Supplied) -> float:
        """Cells of a single question that are columns of the programme [GWh], by best reallocation."""
        if not len(self.cost):
            return 0.0
        return float(self.bases.solve(*self.bounds(supplied))[0] @ self.cost)

    def proportional(self, supplied: Supplied, base: Built) -> Built:
        """Cells built if all users of a node that is short are cut alike, (question, chemistry), from those of a base,
        (chemistry): stage by stage, own plants make the part of their output for which there are inputs."""
        plan, chain = self.plan, self.plan.stages
        natural, low, high = (plan.routes.share, plan.routes.low, plan.routes.high) if plan.routes else (0.0, 0.0, 1.0)
        flows = plan.flows if np.array_equal(base.home, plan.made_at_home) else plan.with_home(base.home).flows
        need, own_part = flows.need, flows.from_home
        covered = np.ones(supplied.bought.shape)
        recipes = chain.recipes(plan.total_use * flows.cells)
        for stage in (MINING, REFINING, ACTIVE):
            at = np.flatnonzero((chain.stage == stage) & (need > 0))
            makes = np.minimum(supplied.own, need * own_part)
            left = np.ones_like(makes)
            for recipe in recipes:
                if chain.stage[recipe.node] == stage:
                    left[:, recipe.node] -= recipe.weight * (
                        1 - least(covered[..., None], recipe[2:], natural, (low, high))[:, 0]
                    )
            whole = np.where(chain.made, makes * left, supplied.own) + supplied.bought
            covered[:, at] = np.minimum(whole[:, at] / need[at], 1.0)
        home = np.tile(base.home, (len(supplied), 1))
        for chemistry in np.flatnonzero(base.home > 0):
            inputs = chain.of_cells(int(chemistry), plan.total_use)
            home[:, chemistry] *= least(covered[..., None], inputs, natural, (low, high))[:, 0]
        return Built(np.minimum(home, supplied.home), np.minimum(base.imported, supplied.imported))


@frozen
class Best:
    """What of a plan is built by best reallocation, in each of some questions.

    factory: of the plan; supplied: what there is; found: cells built in one of perhaps several ways that are best;
    short: where anything of the plan is short, (question).
    """

    factory: Factory
    supplied: Supplied
    found: Built
    short: Mask

    def take(self, some: Index | slice) -> Best:
        """Some of the questions."""
        found = Built(self.found.home[some], self.found.imported[some])
        return Best(self.factory, self.supplied.take(some), found, self.short[some])

    @cached_property
    def built(self) -> Built:
        """Cells built, (question, chemistry) [GWh]. Where the solution is not unique, chemistries that use the binding
        nodes alike are cut alike."""
        home, short = self.found.home.copy(), self.short
        if short.any():
            home[short] = self.factory.cut_alike(home[short], self.supplied.take(short))
        return Built(home, self.found.imported)

    @cached_property
    def totals(self) -> tuple[Array, Array]:
        """Batteries to be had, and cells that can be made at home, each by best reallocation, (question) each [GWh]."""
        factory, supplied = self.factory, self.supplied
        home, imported = self.found.home.sum(axis=1), self.found.imported.sum(axis=1)
        batteries, there = home + imported, supplied.accessible[:, factory.of_cells]
        # Where cells themselves are too few, those bought are in place of some that could be made at home.
        full = (self.found.cells @ factory.use[:, factory.of_cells] >= there * (1 - NOTHING)).any(axis=1)
        full &= (imported > 0) & (home < supplied.home.sum(axis=1) * (1 - NOTHING))
        if full.any():
            some = supplied.take(full)
            alone = factory.best(some.capped(some.home, np.zeros_like(some.imported)))
            home[full] = alone.found.home.sum(axis=1)
        return batteries, home

    @cached_property
    def binding(self) -> Array:
        """What one more hundredth of its planned need of each node would let be built, (question, node) [GWh]; 0: does
        not bind.

        Found by solving again, not from duals, which are not unique where several nodes bind. Where nodes bind only
        together, each of a smallest set of them gets the gain of the set.
        """
        factory, supplied, now = self.factory, self.supplied, self.totals[0]
        gain = np.zeros_like(supplied.bought)
        scarce = factory.scarce(supplied)

        def gained(questions: Index, nodes: Mask) -> Array:
            """What is gained by more of some nodes, (set), by question, (set), and set of nodes, (set, node)."""
            then = factory.totals(supplied.take(questions).more(np.where(nodes, STEP * factory.need, 0.0)))[0]
            found = then - now[questions]
            return np.where(found > NOTHING * max(factory.plan.cells.sum(), 1.0), found, 0.0)

        questions, nodes = np.nonzero(scarce)
        gain[questions, nodes] = gained(questions, np.eye(len(factory.need), dtype=bool)[nodes])
        for question in np.flatnonzero(scarce.any(axis=1) & ~gain.any(axis=1)):
            at, together = np.array([question]), scarce[question].copy()
            if not gained(at, together[None])[0]:
                continue
            for node in np.flatnonzero(scarce[question]):
                together[node] = False
                together[node] = not gained(at, together[None])[0]
            gain[question] = np.where(together, gained(at, together[None])[0], 0.0)
        return gain


class _Columns:
    """Columns of the programme: cells made at home and bought, those whose active material is made at home, what is
    refined at home, and natural graphite of all anodes and of those made at home."""

    def __init__(self, plan: Plan) -> None:
        chain, own = plan.stages, plan.own_supply
        self.home = np.flatnonzero(plan.made_at_home > 0)
        self.imported = np.flatnonzero((plan.imported > 0) & (plan.total_use[:, chain.stage == CELL] > 0).any(axis=1))
        needed = plan.need > 0
        makes = chain.made & (own > 0) & (needed | (plan.most_by_route > 0))
        users = (plan.total_use > 0)[self.home]
        self.active = [
            (int(c), int(n))
            for n in np.flatnonzero(makes & (chain.stage == ACTIVE))
            for c, uses in zip(self.home, users[:, n], strict=True) if uses
        ]  # fmt: skip
        refines = makes & (chain.stage == REFINING) & chain.per.any(axis=0)
        self.refined = [int(n) for n in np.flatnonzero(refines)]
        anodes = plan.routes is not None
        routed = plan.routes.natural + plan.routes.synthetic > 0 if plan.routes else np.zeros(len(own), dtype=bool)
        #: Active materials of both routes that routed nodes go into: of the chemistries, those made at home.
        self.anodes = [
            at for at, (c, n) in enumerate(self.active)
            if anodes and not routed[n] and (chain.into[c, :, n] > 0)[routed].any()
        ]  # fmt: skip
        self.routed = routed
        # A chemistry without graphite says nothing of where graphite goes.
        carries = plan.routes.carrier > 0 if plan.routes else np.zeros(len(plan.cells), dtype=bool)
        self.straight = routed & (chain.direct > 0)[carries].any(axis=0)
        self.natural = int(bool(self.straight.any()))
        self.natural_made = int(bool(self.anodes))
        counts = [len(self.home), len(self.imported), len(self.active), len(self.refined)]
        starts = np.concatenate([[0], np.cumsum(counts)]).tolist()
        self.at_home, self.at_imported, self.at_active, self.at_refined, self.at_natural = starts
        self.at_natural_made = self.at_natural + self.natural
        self.count = self.at_natural_made + self.natural_made
        self.cost = (np.arange(self.count) < self.at_active).astype(float)
        cells = [plan.made_at_home[self.home], plan.imported[self.imported]]
        of_active = plan.made_at_home[[c for c, _ in self.active]]
        refined = np.maximum(plan.need, plan.most_by_route)[self.refined]
        graphite = [float(plan.routes.carrier @ plan.made_at_home)] if plan.routes else []
        self.scale = np.concatenate([*cells, of_active, refined, graphite * (self.natural + self.natural_made)])

    def alike(self, other: _Columns) -> bool:
        """Whether another plan has the same columns."""
        return (
            np.array_equal(self.home, other.home) and np.array_equal(self.imported, other.imported)
            and self.active == other.active and self.refined == other.refined and self.count == other.count
        )  # fmt: skip

    def upper(self, supplied: Supplied) -> Array:
        """Upper bounds, (question, column)."""
        many = len(supplied)
        free = np.full((many, len(self.active)), np.inf), np.full((many, self.natural + self.natural_made), np.inf)
        return np.hstack([
            supplied.home[:, self.home], supplied.imported[:, self.imported], free[0],
            supplied.own[:, self.refined], free[1],
        ])  # fmt: skip

    def cells(self, columns: Array, supplied: Supplied) -> Built:
        """Cells of a solution, (question, column)."""
        home, imported = np.zeros_like(supplied.home), supplied.imported.copy()
        home[:, self.home] = columns[:, : len(self.home)]
        imported[:, self.imported] = columns[:, self.at_imported : self.at_active]
        return Built(home, imported)


class _Rows:
    """Rows of the programme: use of each node ≤ what there is of it, what is made at home ≤ what it goes into, and the
    bounds of natural graphite.

    node: of each row, -1 for the others; bought, own: whether what is bought and what own plants make counts in it.
    """

    def __init__(self, plan: Plan, columns: _Columns) -> None:
        self.lines: list[Array] = []
        node, bought, own = list[int](), list[bool](), list[bool]()
        chain, use, routes = plan.stages, plan.use, plan.routes
        most = np.maximum(plan.need, plan.most_by_route)
        makes = {n for _, n in columns.active}
        refines = {n: columns.at_refined + place for place, n in enumerate(columns.refined)}
        home = {int(c): place for place, c in enumerate(columns.home)}
        active = {key: columns.at_active + place for place, key in enumerate(columns.active)}
        cells, materials = (np.array([key[k] for key in columns.active], dtype=int) for k in range(2))
        # Of each node by cells made at home, by active materials and by what is refined there, (node, column).
        lines = np.zeros((len(most), columns.count))
        lines[:, columns.at_home : columns.at_imported] = (use * chain.direct)[columns.home].T
        lines[:, columns.at_active : columns.at_refined] = (use[cells] * chain.into[cells, :, materials]).T
        lines[:, columns.at_refined : columns.at_natural] = chain.per[:, columns.refined]

        def add(line: Array, of: int, with_bought: bool = False, with_own: bool = False) -> None:
            self.lines.append(line)
            node.append(of)
            bought.append(with_bought)
            own.append(with_own)

        for n in np.flatnonzero(most > 0).tolist():
            line = lines[n]
            if chain.stage[n] == CELL:
                line = np.zeros(columns.count)
                line[columns.at_home : columns.at_imported] = use[columns.home, n]
                line[columns.at_imported : columns.at_active] = use[columns.imported, n]
                add(line, n, True, True)
                continue
            if routes is not None and (routes.natural[n] or routes.synthetic[n]):
                self._routed(line, routes, n, columns, plan, home, active)
            if n in makes:
                mine = np.zeros(columns.count)
                for (c, d), column in active.items():
                    if d == n:
                        line[column] -= plan.total_use[c, n]
                        mine[column] = plan.total_use[c, n]
                add(line, n, True)
                add(mine, n, False, True)
            elif n in refines:
                line[refines[n]] -= 1.0
                add(line, n, True)
            else:
                add(line, n, True, True)
        for (c, d), column in active.items():
            # Of one route cells may take more than is planned, and what is not taken helps none.
            if not columns.routed[d]:
                line = np.zeros(columns.count)
                line[column], line[home[c]] = 1.0, -1.0
                add(line, -1)
        if routes is not None:
            carriers = np.zeros(columns.count)
            carriers[columns.at_home : columns.at_imported] = routes.carrier[columns.home]
            if columns.natural:
                self._within(add, routes, carriers, columns.at_natural)
            if columns.natural_made:
                made = np.zeros(columns.count)
                for place in columns.anodes:
                    made[columns.at_active + place] = routes.carrier[columns.active[place][0]]
                self._within(add, routes, made, columns.at_natural_made)
        self.node, self.bought, self.own = np.array(node, dtype=int), np.array(bought, bool), np.array(own, bool)

    @staticmethod
    def _routed(
        line: Array, routes: Routes, n: int, columns: _Columns, plan: Plan, home: dict[int, int],
        active: dict[tuple[int, int], int],
    ) -> None:  # fmt: skip
        """Add what graphite uses of a node by its route: synthetic of all, and what natural needs more of it. What goes
        into an active material of one route is used as planned."""
        chain, more = plan.stages, routes.natural[n] - routes.synthetic[n]
        if columns.straight[n]:
            for c, column in home.items():
                line[column] += routes.synthetic[n] * routes.carrier[c] * chain.direct[c, n]
            line[columns.at_natural] += more
        anodes = [columns.active[place] for place in columns.anodes if chain.into[columns.active[place][0], n].any()]
        through = [key for key in anodes if chain.into[key[0], n, key[1]] > 0]
        for (c, d), column in active.items():
            if columns.routed[d]:
                line[column] += routes.use[c, n] * chain.into[c, n, d]
        for c, d in through:
            line[active[c, d]] += routes.synthetic[n] * routes.carrier[c] * chain.into[c, n, d]
        if through:
            line[columns.at_natural_made] += more

    @staticmethod
    def _within(add: Callable[[Array, int], None], routes: Routes, carriers: Array, natural: int) -> None:
        """Bounds of natural graphite in some graphite."""
        low, high = routes.low * carriers, -routes.high * carriers
        low[natural], high[natural] = -1.0, 1.0
        add(low, -1)
        add(high, -1)

    def alike(self, other: _Rows) -> bool:
        """Whether another plan has the same rows."""
        return np.array_equal(self.node, other.node) and np.array_equal(self.bought, other.bought)

    def most(self, supplied: Supplied) -> Array:
        """Right-hand sides, (question, row)."""
        out = np.zeros((len(supplied), len(self.node)))
        out[:, self.bought] = supplied.bought[:, self.node[self.bought]]
        out[:, self.own] += supplied.own[:, self.node[self.own]]
        return out

    def scale(self, factory: Factory) -> Array:
        """Of what size each row is, (row)."""
        plan = factory.plan
        most = np.maximum(plan.need, plan.most_by_route)
        cells = max(float(plan.made_at_home.max(initial=0.0)), 1.0)
        return np.where(self.node >= 0, most[np.maximum(self.node, 0)], cells)
