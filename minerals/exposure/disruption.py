"""GWh at risk: how many of the planned batteries cannot be built if a supplier stops a flow, and which node binds.

    buildable = max Σ_c x′_c,   0 ≤ x′_c ≤ x_c,   Σ_c use_cn · x′_c ≤ accessible_n

without weights: the bottleneck decides, as in a factory. `shortage` = Σ x − buildable without disruption; `gwh_at_risk`
= buildable without − buildable with it. Two readings bound what would happen. *Best reallocation* is the linear
programme, which gives up first the cells that need most of what is short. *Proportional* cuts all users of a node
alike: x′_c = x_c · min over the nodes that c uses of (accessible ÷ need). Anode graphite may move between its natural
and its synthetic route within given bounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import highspy
import numpy as np
from numpy.typing import NDArray

from ..errors import SolverError
from ..haste import frozen
from ..highs import run, solver
from .bases import NOTHING, Bases, highs_model

Array = NDArray[np.float64]
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
    """Batteries to be built. cells: (chemistry) [GWh]; use: of each node, (chemistry, node) [kt/GWh or GWh/GWh],
    without what graphite uses by its route; routes: that, or None."""

    cells: Array
    use: Array
    routes: Routes | None = None

    @cached_property
    def need(self) -> Array:
        """Planned need by node, (node)."""
        return self.cells @ self.total_use

    @property
    def most_by_route(self) -> Array:
        """Need if all graphite took the route that needs most of a node, (node); 0 where none needs any."""
        if self.routes is None:
            return np.zeros_like(self.need)
        return np.asarray((self.cells @ self.routes.carrier) * np.maximum(self.routes.natural, self.routes.synthetic))

    @cached_property
    def total_use(self) -> Array:
        """Use at the planned route shares, (chemistry, node)."""
        return self.use if self.routes is None else self.use + self.routes.use


class Factory:
    """The linear programme of one plan, for any vectors of accessible nodes and caps of cells.

    Its columns are the cells of each chemistry of the plan, and natural graphite; its rows the nodes that these use, at
    whatever natural share, and bounds of that share. known: the programme of a plan of the same chemistries and nodes,
    whose optimal bases are tried.
    """

    def __init__(self, plan: Plan, known: Factory | None = None) -> None:
        self.plan = plan
        self.use, self.need = plan.total_use, plan.need
        self.made = np.flatnonzero(plan.cells > 0)
        # A node that the planned route of graphite does not need may be short for another.
        most = np.where(self.need > 0, self.need, plan.most_by_route)
        self.used = np.flatnonzero(most > 0)
        made, used = self.made, self.used
        matrix = plan.use[np.ix_(made, used)].T
        columns, rows = plan.cells[made], most[used]
        if routes := plan.routes:
            carrier = routes.carrier[made]
            nodes = matrix + np.outer(routes.synthetic[used], carrier)
            bounds = np.vstack([np.append(routes.low * carrier, -1.0), np.append(-routes.high * carrier, 1.0)])
            matrix = np.vstack([np.column_stack([nodes, (routes.natural - routes.synthetic)[used]]), bounds])
            graphite = float(carrier @ columns)
            columns, rows = np.append(columns, graphite), np.append(rows, [graphite, graphite])
        self.cost = (np.arange(len(columns)) < len(made)).astype(float)
        self.matrix = matrix
        alike = known is not None and np.array_equal(known.made, made) and np.array_equal(known.used, used)
        self.bases: Bases = Bases(self.cost, matrix, (columns, rows), known.bases if known and alike else None)

    def bounds(self, accessible: Array, most: Array) -> tuple[Array, Array]:
        """Right-hand sides of the programme, (question, row), (question, column), for nodes and caps of cells."""
        ceiling, upper = accessible[:, self.used], most[:, self.made]
        if self.plan.routes is None:
            return ceiling, upper
        none = np.zeros((len(accessible), 2))
        return np.hstack([ceiling, none]), np.column_stack([upper, np.full(len(upper), np.inf)])

    def build(self, accessible: Array, most: Array | None = None) -> Array:
        """Cells built by best reallocation, (chemistry) [GWh], for what is accessible of each node, (node).

        most: of each chemistry, by default the plan.
        """
        (built,) = self.build_all(accessible[None], self.plan.cells if most is None else most)
        return np.asarray(built)

    def build_all(self, accessible: Array, most: Array) -> Array:
        """Cells built by best reallocation, (question, chemistry) [GWh], for nodes (question, node) and caps
        (chemistry). Where the solution is not unique, chemistries that use the binding nodes alike are cut alike."""
        built, short = self._best(accessible, most)
        for question in np.flatnonzero(short):
            built[question] = self._cut_alike(built[question], accessible[question], most)
        return built

    def totals(self, accessible: Array) -> Array:
        """Cells built by best reallocation, (question) [GWh], for nodes (question, node)."""
        return np.asarray(self._best(accessible, self.plan.cells)[0].sum(axis=1))

    def _best(self, accessible: Array, most: Array) -> tuple[Array, Mask]:
        """Cells built in one solution, (question, chemistry), and where anything is short, (question)."""
        built = np.tile(most, (len(accessible), 1))
        short: Mask = np.asarray((most @ self.use > accessible * (1 + NOTHING)).any(axis=1))
        if short.any():
            built[np.ix_(short, self.made)] = self._solved(accessible[short], most)[:, : len(self.made)]
        return built, short

    def _solved(self, accessible: Array, most: Array) -> Array:
        """Optimal columns, (question, column)."""
        caps = np.tile(most, (len(accessible), 1))
        return np.clip(self.bases.solve(*self.bounds(accessible, caps)), 0, None)

    def _cut_alike(self, built: Array, accessible: Array, cells: Array) -> Array:
        """The same total, shared pro rata to `cells` by chemistries that use the binding nodes alike."""
        use = self.use
        binds = np.isfinite(accessible) & (built @ use >= accessible - NOTHING * self.need)
        kinds: dict[bytes, list[int]] = {}
        for chemistry, uses in zip(self.made, np.round(use[np.ix_(self.made, binds)], 12), strict=True):
            kinds.setdefault(uses.tobytes(), []).append(int(chemistry))
        alike = cells * (built / np.maximum(cells, TINY))
        for mine in (each for each in kinds.values() if len(each) > 1):
            alike[mine] = cells[mine] * (built[mine].sum() / max(cells[mine].sum(), TINY))
        # Other nodes may be used differently, which the plain sharing does not know.
        fits = (alike @ use <= np.maximum(accessible, built @ use) + NOTHING * self.need).all()
        return alike if fits else built

    def binding(self, accessible: Array) -> Array:
        """What one more hundredth of its planned need of each node would let be built, (question, node) [GWh]; 0: does
        not bind. accessible: (question, node).

        Found by solving again, not from duals, which are not unique where several nodes bind. Where nodes bind only
        together, each of a smallest set of them gets the gain of the set.
        """
        gain = np.zeros_like(accessible)
        short = self.need > accessible * (1 + NOTHING)

        def gained(questions: NDArray[np.intp], nodes: Mask) -> Array:
            """What is gained by more of some nodes, (set), by question, (set), and set of nodes, (set, node)."""
            more = np.where(nodes, accessible[questions] + STEP * self.need, accessible[questions])
            now, then = (self._solved(each, self.plan.cells) @ self.cost for each in (accessible, more))
            found = then - now[questions]
            return np.where(found > NOTHING * max(self.plan.cells.sum(), 1.0), found, 0.0)

        questions, nodes = np.nonzero(short)
        gain[questions, nodes] = gained(questions, np.eye(len(self.need), dtype=bool)[nodes])
        for question in np.flatnonzero(short.any(axis=1) & ~gain.any(axis=1)):
            at, together = np.array([question]), short[question].copy()
            if not gained(at, together[None])[0]:
                continue
            for node in np.flatnonzero(short[question]):
                together[node] = False
                together[node] = not gained(at, together[None])[0]
            gain[question] = np.where(together, gained(at, together[None])[0], 0.0)
        return gain


def proportional(plan: Plan, cells: Array, accessible: Array) -> Array:
    """Cells built, (chemistry) [GWh], if all users of a node that is short are cut alike from `cells`."""
    use = plan.total_use
    need = cells @ use
    share = np.minimum(np.divide(accessible, need, out=np.ones_like(need), where=need > 0), 1.0)
    uses = (use > 0) & (need > 0)
    return np.asarray(cells * np.where(uses, share, 1.0).min(axis=1, initial=1.0))


@frozen
class Loss:
    """What a disruption costs one plan, by chemistry [GWh]. base: buildable without it; best, proportional: with it."""

    planned: Array
    base: Array
    best: Array
    proportional: Array

    @property
    def shortage(self) -> Array:
        """Planned cells that cannot be built even without the disruption."""
        return self.planned - self.base

    @property
    def at_risk(self) -> tuple[float, float]:
        """GWh at risk: (best reallocation, proportional)."""
        return self.total(self.best), self.total(self.proportional)

    def total(self, built: Array) -> float:
        """buildable without − buildable with the disruption [GWh]; what a solver's rounding may leave is nothing."""
        lost = float(self.base.sum() - built.sum())
        return lost if lost > NOTHING * float(self.planned.sum()) else 0.0


def losses(factory: Factory, without: Array, accessible: Array) -> list[Loss]:
    """Losses of a plan to several disruptions. without: accessible without one, (node); accessible: with each,
    (disruption, node). Both readings start from what is built without one, so that none loses without a disruption, and
    best reallocation ≤ proportional."""
    planned = factory.plan.cells
    base, *best = factory.build_all(np.vstack([without, accessible]), planned)
    if base.sum() < planned.sum():
        # Of several ways to build as much, one that only takes from what is built without the disruption is told.
        within = factory.build_all(accessible, base)
        best = [w if w.sum() >= b.sum() * (1 - NOTHING) else b for w, b in zip(within, best, strict=True)]
    return [
        Loss(planned, base, built, proportional(factory.plan, base, cut))
        if (cut < without).any() else Loss(planned, base, base, base)
        for built, cut in zip(best, accessible, strict=True)
    ]  # fmt: skip


def at_risk(factory: Factory, without: Array, accessible: Array) -> Array:
    """GWh at risk by best reallocation alone, (disruption); without, accessible: as of `losses`."""
    if not len(accessible):
        return np.zeros(0)
    totals = factory.totals(np.vstack([without, accessible]))
    lost = totals[0] - totals[1:]
    hit = (accessible < without).any(axis=1) & (lost > NOTHING * float(factory.plan.cells.sum()))
    return np.where(hit, lost, 0.0)


def supply_gap(factory: Factory, without: Array, accessible: Array, cuts: Sequence[float]) -> Array:
    """What more is needed of each node to lower the GWh at risk by each share of `cuts`, (cut, node) [kt or GWh].

    The least relative addition, Σ_n more_n / need_n, that makes buildable reach its level without the disruption less
    the risk that may stay. Solved as a linear programme with one more column a node.
    """
    need, planned = factory.need, factory.plan.cells
    base, now = factory.totals(np.vstack([without, accessible]))
    out = np.zeros((len(cuts), len(need)))
    short = np.flatnonzero((need > accessible * (1 + NOTHING)) & np.isfinite(accessible))
    if base - now <= NOTHING * max(base, 1.0) or not len(short):
        return out
    rows, columns = factory.matrix.shape
    (most,), (upper,) = factory.bounds(accessible[None], planned[None])
    lp = solver()
    lp.passModel(highs_model(np.zeros(columns), factory.matrix, most, upper))
    lp.changeObjectiveSense(highspy.ObjSense.kMinimize)
    for row, node in zip(np.searchsorted(factory.used, short), short, strict=True):
        lp.addCol(1.0 / need[node], 0.0, highspy.kHighsInf, 1, np.array([row], np.int32), np.array([-1.0]))
    made = np.arange(len(factory.made), dtype=np.int32)
    lp.addRow(0.0, highspy.kHighsInf, len(made), made, np.ones(len(made)))
    for place, cut in enumerate(cuts):
        target = base - (1 - cut) * (base - now)
        lp.changeRowBounds(rows, target * (1 - NOTHING), highspy.kHighsInf)
        if (status := run(lp)) != highspy.HighsModelStatus.kOptimal:
            raise SolverError(f"HiGHS could not say how much more supply is needed ({lp.modelStatusToString(status)})")
        out[place, short] = np.asarray(lp.getSolution().col_value)[columns:]
    return out
