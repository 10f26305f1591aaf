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
from dataclasses import dataclass

import highspy
import numpy as np
from numpy.typing import NDArray

from ..errors import SolverError
from ..highs import run, solver

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: Relative size of what counts as nothing in a solution.
NOTHING = 1e-9
#: Least number that divides.
TINY = float(np.finfo(float).tiny)
#: A node binds if this share of its planned need more of it raises what is buildable.
STEP = 0.01


@dataclass(frozen=True)
class Routes:
    """Anode graphite by route. carrier: graphite, (chemistry) [kt/GWh]; natural, synthetic: what a node makes per mass
    of graphite of that route, (node) [1]; low, high: bounds of the natural share; share: that of the plan."""

    carrier: Array
    natural: Array
    synthetic: Array
    low: float
    high: float
    share: float

    @property
    def use(self) -> Array:
        """Use of the nodes at the planned share, (chemistry, node)."""
        return np.outer(self.carrier, self.share * self.natural + (1 - self.share) * self.synthetic)


@dataclass(frozen=True)
class Plan:
    """Batteries to be built. cells: (chemistry) [GWh]; use: of each node, (chemistry, node) [kt/GWh or GWh/GWh],
    without what graphite uses by its route; routes: that, or None."""

    cells: Array
    use: Array
    routes: Routes | None = None

    @property
    def need(self) -> Array:
        """Planned need by node, (node)."""
        return self.cells @ self.total_use

    @property
    def total_use(self) -> Array:
        """Use at the planned route shares, (chemistry, node)."""
        return self.use if self.routes is None else self.use + self.routes.use


class Factory:
    """The linear programme of one plan, re-solved from a hot basis for every vector of accessible nodes."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.use, self.need = plan.total_use, plan.need
        self.made = np.flatnonzero(plan.cells > 0)
        self._lp = solver()
        self._lp.passModel(self.model())

    def model(self) -> highspy.HighsLp:
        """Columns: cells of each chemistry, and natural graphite; rows: nodes, and bounds of the natural share."""
        plan, made = self.plan, self.made
        matrix = plan.use[made].T
        upper, rows = plan.cells[made], np.full(matrix.shape[0], highspy.kHighsInf)
        if routes := plan.routes:
            carrier = routes.carrier[made]
            nodes = matrix + np.outer(routes.synthetic, carrier)
            natural = routes.natural - routes.synthetic
            bounds = np.vstack([np.append(routes.low * carrier, -1.0), np.append(-routes.high * carrier, 1.0)])
            matrix = np.vstack([np.column_stack([nodes, natural]), bounds])
            upper, rows = np.append(upper, highspy.kHighsInf), np.append(rows, [0.0, 0.0])
        model = highspy.HighsLp()
        model.num_row_, model.num_col_ = matrix.shape
        model.sense_ = highspy.ObjSense.kMaximize
        model.col_cost_ = (np.arange(len(upper)) < len(made)).astype(float)
        model.col_lower_, model.col_upper_ = np.zeros(len(upper)), upper
        model.row_lower_, model.row_upper_ = np.full(len(rows), -highspy.kHighsInf), rows
        where, columns = np.nonzero(matrix)
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = np.searchsorted(where, np.arange(len(rows) + 1)).astype(np.int32)
        model.a_matrix_.index_, model.a_matrix_.value_ = columns.astype(np.int32), matrix[where, columns]
        return model

    def build(self, accessible: Array, most: Array | None = None) -> Array:
        """Cells built by best reallocation, (chemistry) [GWh], for what is accessible of each node, (node).

        most: of each chemistry, by default the plan. Where the solution is not unique, chemistries that use the binding
        nodes alike are cut alike.
        """
        most = self.plan.cells if most is None else most
        built = self._best(accessible, most)
        return most.copy() if built is None else self._cut_alike(built, accessible, most)

    def _best(self, accessible: Array, most: Array) -> Array | None:
        """Cells built, (chemistry), in one solution; None where nothing is short."""
        if (most @ self.use <= accessible * (1 + NOTHING)).all():
            return None
        values = self._solve(accessible, most)
        built = np.zeros_like(most)
        built[self.made] = np.clip(values[: len(self.made)], 0, most[self.made])
        return built

    def _solve(self, accessible: Array, most: Array) -> Array:
        """Optimal columns."""
        columns, rows = np.arange(len(self.made), dtype=np.int32), np.arange(len(accessible), dtype=np.int32)
        self._lp.changeColsBounds(len(columns), columns, np.zeros(len(columns)), most[self.made])
        least = np.full(len(rows), -highspy.kHighsInf)
        self._lp.changeRowsBounds(len(rows), rows, least, accessible)  # type: ignore[attr-defined]
        status = run(self._lp)
        if status != highspy.HighsModelStatus.kOptimal:
            # Cells of nothing are always feasible, so only the solver can be at fault; it starts afresh once.
            self._lp.clearSolver()
            status = run(self._lp)
        if status != highspy.HighsModelStatus.kOptimal:
            raise SolverError(f"HiGHS could not say what is buildable ({self._lp.modelStatusToString(status)})")
        return np.asarray(self._lp.getSolution().col_value)

    def _used_up(self, accessible: Array) -> Mask:
        """Nodes of which the last solution uses all that is accessible, up to rounding, (node)."""
        used = np.asarray(self._lp.getSolution().row_value)[: len(accessible)]
        return used >= accessible - NOTHING * self.need

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

    def total(self, accessible: Array) -> float:
        """Buildable [GWh] by best reallocation."""
        built = self._best(accessible, self.plan.cells)
        return float((self.plan.cells if built is None else built).sum())

    def binding(self, accessible: Array) -> Array:
        """What one more hundredth of its planned need of each node would let be built, (node) [GWh]; 0: does not bind.

        Found by solving again, not from duals, which are not unique where several nodes bind. Where nodes bind only
        together, each of a smallest set of them gets the gain of the set.
        """
        base = self.total(accessible)

        def gained(nodes: Sequence[int]) -> float:
            more = accessible.copy()
            more[list(nodes)] += STEP * self.need[list(nodes)]
            found = self.total(more) - base
            return found if found > NOTHING * max(self.plan.cells.sum(), 1.0) else 0.0

        short = [int(node) for node in np.flatnonzero(self.need > accessible * (1 + NOTHING))]
        gain = np.zeros_like(self.need)
        # What is not used up in an optimum binds in none: more of it leaves that optimum as it is.
        used_up = self._used_up(accessible) if short else gain > 0
        gain[short] = [gained([node]) if used_up[node] else 0.0 for node in short]
        if short and not gain.any() and gained(short):
            together = short
            for node in short:
                rest = [other for other in together if other != node]
                together = rest if gained(rest) else together
            gain[together] = gained(together)
        return gain


def proportional(plan: Plan, cells: Array, accessible: Array) -> Array:
    """Cells built, (chemistry) [GWh], if all users of a node that is short are cut alike from `cells`."""
    use = plan.total_use
    need = cells @ use
    share = np.minimum(np.divide(accessible, need, out=np.ones_like(need), where=need > 0), 1.0)
    uses = (use > 0) & (need > 0)
    return np.asarray(cells * np.where(uses, share, 1.0).min(axis=1, initial=1.0))


@dataclass(frozen=True)
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


def loss(factory: Factory, without: Array, accessible: Array, base: Array | None = None) -> Loss:
    """Loss of a plan where `without` is accessible without the disruption and `accessible` with it, (node) each.

    base: what is built without it, where known. Both readings start from it, so that none loses without a disruption,
    and best reallocation ≤ proportional.
    """
    if base is None:
        base = factory.build(without)
    hit = accessible < without
    if not hit.any():
        return Loss(factory.plan.cells, base, base, base)
    best = factory.build(accessible)
    if base.sum() < factory.plan.cells.sum():
        # Of several ways to build as much, one that only takes from what is built without the disruption is told.
        within = factory.build(accessible, base)
        best = within if within.sum() >= best.sum() * (1 - NOTHING) else best
    return Loss(factory.plan.cells, base, best, proportional(factory.plan, base, accessible))


def supply_gap(factory: Factory, without: Array, accessible: Array, cuts: Sequence[float]) -> Array:
    """What more is needed of each node to lower the GWh at risk by each share of `cuts`, (cut, node) [kt or GWh].

    The least relative addition, Σ_n more_n / need_n, that makes buildable reach its level without the disruption less
    the risk that may stay. Solved as a linear programme with one more column a node.
    """
    need = factory.need
    base, now = factory.total(without), factory.total(accessible)
    out = np.zeros((len(cuts), len(need)))
    short = np.flatnonzero((need > accessible * (1 + NOTHING)) & np.isfinite(accessible))
    if base - now <= NOTHING * max(base, 1.0) or not len(short):
        return out
    model = factory.model()
    rows, columns = model.num_row_, model.num_col_
    lp = solver()
    lp.passModel(model)
    for row, most in enumerate(accessible):
        lp.changeRowBounds(row, -highspy.kHighsInf, float(most))
    lp.changeObjectiveSense(highspy.ObjSense.kMinimize)
    for column in range(columns):
        lp.changeColCost(column, 0.0)
    for node in short:
        lp.addCol(1.0 / need[node], 0.0, highspy.kHighsInf, 1, np.array([node], np.int32), np.array([-1.0]))
    made = np.arange(len(factory.made), dtype=np.int32)
    lp.addRow(0.0, highspy.kHighsInf, len(made), made, np.ones(len(made)))
    for place, cut in enumerate(cuts):
        target = base - (1 - cut) * (base - now)
        lp.changeRowBounds(rows, target * (1 - NOTHING), highspy.kHighsInf)
        if (status := run(lp)) != highspy.HighsModelStatus.kOptimal:
            raise SolverError(f"HiGHS could not say how much more supply is needed ({lp.modelStatusToString(status)})")
        out[place, short] = np.asarray(lp.getSolution().col_value)[columns:]
    return out
