"""A linear Pyomo model handed to HiGHS once, then changed by name and solved again from the basis it left.

What a study varies is a right-hand side, a bound or a cost, each addressed by the name that Pyomo prints (or by the
component itself). Only a coefficient needs a new compilation; `recompiled` counts which and how often. Right-hand sides
are in Pyomo's terms: constants that stand in the body of a constraint, fixed variables among them, stay there. The
Pyomo model is read when it is compiled and never written, except by `set_coefficient` and `Optimum.load`.

A small model goes to dual simplex. A large one starts with the interior point and crossover to a basis; from a basis,
simplex goes on: the dual after other limits, the primal after other costs alone and where the solution keeps the other
limits. Where that is far, a large model is better solved afresh.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import highspy
import numpy as np
from numpy.typing import NDArray
from pyomo.common.gc_manager import PauseGC
from pyomo.core import maximize
from pyomo.core.base.objective import ObjectiveData

from ..errors import Infeasible, NumericalTrouble, TimeLimit, Unbounded, UsageError
from ..highs import INF, accepted, algorithm, iterations, run, set_option, solver
from .form import Form, stated_bounds
from .optimum import Optimum, SolverRun

Array = NDArray[np.float64]
Status = highspy.HighsModelStatus

#: From this many columns on, a cold start goes by the interior point with crossover. Measured on a planning model of
#: 26,000 columns: 0.7 s against 2.9 s by dual simplex; on a mix of 11,000: 0.2 s against 0.7 s for the least loss under
#: a disruption, 0.4 s against 0.9 s for the expected one; on one of 4,000, as quick as the simplex.
LARGE = 3_000
#: Iterations of the simplex from a basis before a cold start is tried.
HOT_ITERATIONS = 5_000
#: How rows and columns are scaled, in HiGHS's numbers: its default, and by their largest entries, with which a long way
#: inside the limits took half as long.
DEFAULT, BY_LARGEST = 2, 4
#: Part of a row by which columns may give another than the solver has.
DRIFT = 1e-6
#: HiGHS's own word for no limit on iterations.
UNLIMITED = 2**31 - 1
#: A dual beside the largest cost that counts as none. Of two runs those that are none were below 1e-12, others above
#: 1e-8.
NO_COST = 1e-10
#: Answers after which no other algorithm is tried.
CONCLUSIVE = (Status.kOptimal, Status.kInfeasible, Status.kUnbounded, Status.kTimeLimit, Status.kModelEmpty)


class NamedBasis(NamedTuple):
    """Where columns and rows stand in a basis, by name."""

    columns: dict[str, Any]
    rows: dict[str, Any]


@contextmanager
def building() -> Iterator[None]:
    """Build a Pyomo model in half the time: its millions of small objects are no garbage, so none is looked for."""
    with PauseGC():
        yield


class Compiled:
    """A linear `ConcreteModel` in HiGHS.

    objective: that to start with, by name or component, by default the active one; time_limit: of each solve [s];
    large: columns from which a cold start goes by the interior point.

    runs: every call of the solver; recompiled: how often each parameter or fixed variable made the model be compiled
    again. Raises UsageError where the model is not linear, has integers or leaves its objective open.
    """

    def __init__(
        self, model: Any, *, objective: Any = None, time_limit: float | None = None, large: int = LARGE
    ) -> None:
        self.model, self.time_limit, self.large = model, time_limit, large
        self.recompiled: Counter[str] = Counter()
        self.runs: list[SolverRun] = []
        self._state = self._changes = 0
        self._journal: dict[tuple[object, ...], Callable[[], None]] = {}
        self._free: dict[int, tuple[float, float]] = {}
        self._fixed: dict[int, float | None] = {}
        self._live: set[int] = set()
        self._kept: set[int] = set()
        self._stale = False
        self.form = Form(model, self._live)
        self.objective = self._start() if objective is None else self.form.objective(objective)
        self._pass()

    def _start(self) -> Any:
        """The active objective, or None. Raises UsageError where there are several."""
        active = [data for data in self.form.objectives if data.active]
        if len(active) > 1:
            raise UsageError("several objectives are active: " + ", ".join(data.name for data in active))
        return active[0] if active else None

    def _pass(self) -> None:
        """Hand the form to a fresh HiGHS."""
        self.highs, form = solver(), self.form
        self._rows: set[int] = set()
        self._columns: set[int] = set()
        self._new_costs = self._new_limits = False
        matrix, columns = form.matrix, len(form.columns)
        #: Costs as HiGHS has them.
        self._there = self._costs().copy()
        accepted(
            self.highs.passModel(
                columns, len(form.rows), matrix.nnz, int(highspy.MatrixFormat.kColwise), int(self._sense()),
                self._offset(), self._costs(), form.col_lower, form.col_upper, form.row_lower, form.row_upper,
                matrix.indptr, matrix.indices, matrix.data, np.zeros(columns, dtype=np.int32),
            ),
            "the model",
        )  # fmt: skip
        for constraint in form.never:
            self.row(constraint)

    def _sense(self) -> highspy.ObjSense:
        upward = self.objective is not None and self.objective.sense == maximize
        return highspy.ObjSense.kMaximize if upward else highspy.ObjSense.kMinimize

    def _costs(self) -> Array:
        """Costs of the present objective, (column); zero without one."""
        form = self.form
        return np.zeros(len(form.columns)) if self.objective is None else form.costs[form.place(self.objective)]

    def _offset(self) -> float:
        return 0.0 if self.objective is None else float(self.form.offsets[self.form.place(self.objective)])

    def row(self, named: Any) -> int:
        """Row of a constraint, or of an objective that is held. Pyomo leaves out constraints without variables; named,
        they get an empty row. Raises UsageError for one that is not part of the model."""
        form, data = self.form, self.form.constraint(named)
        if id(data) in form.row_of:
            return form.row_of[id(data)]
        if not data.active or data.model() is not self.model.model():
            raise UsageError(f"{data.name} is not an active part of the model")
        if isinstance(data, ObjectiveData):
            raise UsageError(f"the objective {data.name} is not held")
        return self._add_row(data, np.array([]))

    def _add_row(self, data: Any, costs: Array) -> int:
        """A row at the end: of an objective its costs, (column); of a constraint without variables nothing."""
        at, used = self.form.add_row(data), np.flatnonzero(costs).astype(np.int32)
        lower, upper = self.form.row_lower[at], self.form.row_upper[at]
        accepted(self.highs.addRow(lower, upper, len(used), used, costs[used]), data.name)
        self._changed()
        return at

    def column(self, named: Any) -> int:
        """Column of a variable. One that was fixed in Pyomo becomes a column by compiling again; one that stands
        nowhere gets an empty column. Raises UsageError for one that is not part of the model."""
        data = self.form.variable(named)
        if id(data) in self.form.column_of:
            return self.form.column_of[id(data)]
        if data.model() is not self.model.model():
            raise UsageError(f"{data.name} is not part of the model")
        if data.fixed and id(data) not in self._live:
            self._live.add(id(data))
            self.recompiled[data.name] += 1
            self._recompile()
            return self.column(data)
        at, nothing = self.form.add_column(data), np.array([], dtype=np.int32)
        lower, upper = self.form.col_lower[at], self.form.col_upper[at]
        accepted(self.highs.addCol(0.0, lower, upper, 0, nothing, np.array([])), data.name)
        self._there = np.append(self._there, 0.0)
        self._changed()
        return at

    def _record(self, key: tuple[object, ...], change: Callable[[], None]) -> None:
        """Make a change, and keep it for when the model is compiled again."""
        change()
        self._journal[key] = change
        self._changed()

    def _changed(self) -> None:
        """More than the objective is not as it was."""
        self._state += 1
        self._changes += 1

    def rhs(self, constraint: Any, side: str | None = None) -> float:
        """Right-hand side as it now is, in Pyomo's terms. side: 'lower' or 'upper' where a constraint has both."""
        at = self.row(constraint)
        limit = self.form.row_lower[at] if self._side(at, side) == "lower" else self.form.row_upper[at]
        return float(limit + self.form.constants[at])

    def _side(self, row: int, side: str | None) -> str:
        """The limit of a row that is meant. Raises UsageError where it has both, or not the one asked for."""
        lower, upper = self.form.row_lower[row], self.form.row_upper[row]
        has = [name for name, limit in (("lower", lower), ("upper", upper)) if math.isfinite(limit)]
        if side is None and (len(has) == 1 or (has and lower == upper)):
            return has[-1]
        if side not in has:
            raise UsageError(f"{self.form.rows[row].name} has {' and '.join(has) or 'no'} limit; side = {side!r}")
        return str(side)

    def set_rhs(self, constraint: Any, value: float, side: str | None = None) -> None:
        """Give a constraint another right-hand side, in Pyomo's terms; an equality stays one unless a side is named.

        side: 'lower' or 'upper' where a constraint has both. Raises UsageError for an unknown name or side.
        """
        data, level = self.form.constraint(constraint), _finite(value)

        def change() -> None:
            at, form = self.row(data), self.form
            equal = side is None and form.row_lower[at] == form.row_upper[at]
            which = self._side(at, side)
            if which == "upper" or equal:
                form.row_upper[at] = level - form.constants[at]
            if which == "lower" or equal:
                form.row_lower[at] = level - form.constants[at]
            self._rows.add(at)

        self._record(("rhs", id(data), side), change)

    def bounds(self, variable: Any) -> tuple[float, float]:
        """(lower, upper) of a variable as they now are, infinite where it has none; of one held its value twice."""
        at = self.column(variable)
        return float(self.form.col_lower[at]), float(self.form.col_upper[at])

    def set_bounds(self, variable: Any, lower: float | None, upper: float | None) -> None:
        """Give a variable other bounds; None: none. One that is fixed takes them up when it is set free."""
        data = self.form.variable(variable)
        self._free[id(data)] = -INF if lower is None else _finite(lower), INF if upper is None else _finite(upper)
        self._record(("bounds", id(data)), lambda: self._bound(data))

    def fix(self, variable: Any, value: float) -> None:
        """Hold a variable at a value."""
        data = self.form.variable(variable)
        self._fixed[id(data)] = _finite(value)
        self._record(("bounds", id(data)), lambda: self._bound(data))

    def unfix(self, variable: Any) -> None:
        """Set a variable free within its bounds, also one that is fixed in Pyomo."""
        data = self.form.variable(variable)
        self._fixed[id(data)] = None
        self._record(("bounds", id(data)), lambda: self._bound(data))

    @contextmanager
    def held(
        self, values: Sequence[tuple[Any, float]], free: Iterable[Any] = (), *, slack: float = 0.0, below: bool = False
    ) -> Iterator[None]:
        """Hold variables at values, and let constraints go, as long as the body lasts; it may not compile again. slack:
        of a value, relative where it is above one, within the bounds of its variable; below: whether all that is less
        is allowed too."""
        known, places = self.form.column_of, self.form.row_of
        columns = [known[id(each)] if id(each) in known else self.column(each) for each, _ in values]
        rows = [places[id(each)] if id(each) in places else self.row(each) for each in free]
        levels, form = [_finite(level) for _, level in values], self.form
        # By name, as a row that is added on the way makes the form another array.
        ends_of = (("col_lower", columns), ("col_upper", columns), ("row_lower", rows), ("row_upper", rows))
        before = [getattr(form, name)[at] for name, at in ends_of]

        def give(*ends: Any) -> None:
            for (name, at), some in zip(ends_of, ends, strict=True):
                getattr(form, name)[at] = some
            self._columns.update(columns)
            self._rows.update(rows)
            self._changed()

        at = np.array(levels, dtype=float)
        room = slack * np.maximum(np.abs(at), 1.0)
        least, most = (np.maximum(at - room, before[0]), np.minimum(at + room, before[1])) if slack else (at, at)
        give(before[0] if below else least, most, -INF, INF)
        try:
            yield
        finally:
            give(*before)

    def named_basis(self) -> NamedBasis:
        """The basis that HiGHS holds, by name."""
        found, form = self.highs.getBasis(), self.form
        return NamedBasis(
            dict(zip((column.name for column in form.columns), found.col_status, strict=True)),
            dict(zip((row.name for row in form.rows), found.row_status, strict=True)),
        )

    def begin_from(self, start: NamedBasis) -> None:
        """Begin the next solve from the basis of a model like this one. Columns that it has not are at a bound, and
        rows do not bind; HiGHS mends what is then no basis."""
        self.push()
        basis = highspy.HighsBasis()
        lower, basic = highspy.HighsBasisStatus.kLower, highspy.HighsBasisStatus.kBasic
        basis.col_status = [start.columns.get(column.name, lower) for column in self.form.columns]
        basis.row_status = [start.rows.get(row.name, basic) for row in self.form.rows]
        basis.valid = basis.alien = True
        accepted(self.highs.setBasis(basis), "the basis")

    def _bound(self, data: Any) -> None:
        """Hand over the bounds of a variable: where it is held, or those set last, or Pyomo's."""
        at, key = self.column(data), id(data)
        held = self._fixed.get(key, data.value if data.fixed else None)
        both = (held, held) if held is not None else self._free.get(key, stated_bounds(data))
        self.form.col_lower[at], self.form.col_upper[at] = both
        self._columns.add(at)

    def set_cost(self, variable: Any, value: float, objective: Any = None) -> None:
        """Give a variable another cost in an objective, by default the present one."""
        data, level = self.form.variable(variable), _finite(value)
        goal = self.objective if objective is None else self.form.objective(objective)
        if goal is None:
            raise UsageError("the model has no objective")

        def change() -> None:
            at = self.column(data)
            self.form.costs[self.form.place(goal), at] = level
            self._new_costs = self._new_costs or goal is self.objective
            if id(goal) in self.form.row_of:
                accepted(self.highs.changeCoeff(self.row(goal), at, level), goal.name)
                self._new_limits = True

        self._record(("cost", id(goal), id(data)), change)

    def optimise(self, objective: Any) -> None:
        """Take another objective of the model, by name or component. Its costs were compiled with the model."""
        self.objective = self.form.objective(objective)
        self._new_costs = True
        self._state += 1

    def hold(self, objective: Any, best: float, slack: float = 1e-6) -> None:
        """Keep an objective within slack × |best| of its best, from one stage of a lexicographic run to the next.

        Minimised: objective ≤ best + slack × |best|; maximised: ≥ best − slack × |best|. The limit has the name of the
        objective, and its dual is told by it. Raises UsageError for a slack below zero.
        """
        goal, allowance = self.form.objective(objective), slack * abs(_finite(best))
        if slack < 0:
            raise UsageError(f"slack = {slack} must not be below zero")
        both = (best - allowance, INF) if goal.sense == maximize else (-INF, best + allowance)
        self._record(("hold", id(goal)), lambda: self._hold(goal, *both))

    def release(self, objective: Any) -> None:
        """Let an objective go that was held. Its row stays, without limits, for the next time."""
        goal = self.form.objective(objective)
        if id(goal) in self.form.row_of:
            self._record(("hold", id(goal)), lambda: self._hold(goal, -INF, INF))

    def _hold(self, goal: Any, lower: float, upper: float) -> None:
        form = self.form
        at = form.row_of.get(id(goal))
        at = self._add_row(goal, form.costs[form.place(goal)]) if at is None else at
        form.row_lower[at], form.row_upper[at] = lower - form.constants[at], upper - form.constants[at]
        self._rows.add(at)

    def keep(self, found: Optimum) -> None:
        """Keep to the solutions that are as good as one that was found, in its objective: each limit with a dual stays
        where it is, and each variable with a reduced cost at its bound.

        That is the whole face of optimal solutions, stated without a row for the objective, whose many terms would make
        the next stages hard to solve. What is rounding shows beside the largest cost: a dual times the largest entry of
        its row, a reduced cost as it is. The next solve goes on from that solution. Raises UsageError where more than
        the objective was changed since.
        """
        if not found.stands():
            raise UsageError("the model was changed since this solution; keep it before")
        costs = self.form.costs[self.form.place(found.goal)] if found.goal is not None else np.zeros(1)
        least = NO_COST * max(float(np.abs(costs).max(initial=0.0)), np.finfo(float).tiny)
        rows = np.flatnonzero(np.abs(found.duals) * self.form.largest() > least)
        columns = np.flatnonzero(np.abs(found.reduced) > least)
        limits = [(self.form.rows[at], level) for at, level in zip(rows, found.activity[rows].tolist(), strict=True)]
        levels = [
            (self.form.columns[at], level) for at, level in zip(columns, found.values[columns].tolist(), strict=True)
        ]

        def change() -> None:
            form = self.form
            for row, level in limits:
                at = form.row_of[id(row)]
                form.row_lower[at] = form.row_upper[at] = _nearest(level, form.row_lower[at], form.row_upper[at])
                self._rows.add(at)
            for column, level in levels:
                at = form.column_of[id(column)]
                form.col_lower[at] = form.col_upper[at] = _nearest(level, form.col_lower[at], form.col_upper[at])
                self._columns.add(at)

        hot, here = self._new_limits, found.current()
        self._record(("keep", self._state), change)
        self._kept.update(id(row) for row, _ in limits)
        self.push()
        if not here:
            accepted(self.highs.setBasis(found.basis), "the basis")
        # The solution stands on what was kept, so its basis is as feasible as it was.
        self._new_limits = hot

    def kept(self, constraint: Any) -> bool:
        """Whether `keep` holds a limit where it is."""
        return id(self.form.constraint(constraint)) in self._kept

    def set_coefficient(self, parameter: Any, value: float) -> None:
        """Give a mutable `Param`, by name or component, another value, and compile again before the next solve.

        `recompiled` counts it under the parameter's name; what was changed by name before stays changed. Raises
        UsageError for what is no single mutable parameter of the model.
        """
        data = self.model.find_component(parameter) if isinstance(parameter, str) else parameter
        known = data is not None and getattr(data, "is_parameter_type", bool)()
        if not known or data.is_indexed() or data.is_constant():
            raise UsageError(f"{parameter} is not a single mutable parameter of the model")
        data.set_value(_finite(value))
        self.recompiled[data.name] += 1
        self._stale = True
        self._changed()

    def _recompile(self) -> None:
        """Read the model again, repeat every change, and take up the basis where the shape is as it was."""
        basis = self.highs.getBasis() if self._hot else None
        before = self._shape()
        self._stale = False
        self.form = Form(self.model, self._live)
        self._pass()
        for change in list(self._journal.values()):
            change()
        if basis is not None and before == self._shape():
            accepted(self.highs.setBasis(basis), "the basis")
        self._state += 1

    def _shape(self) -> tuple[list[int], list[int]]:
        return [id(column) for column in self.form.columns], [id(row) for row in self.form.rows]

    @property
    def _hot(self) -> bool:
        """Whether HiGHS holds a basis to start from."""
        return bool(self.highs.getBasis().valid)

    @property
    def is_large(self) -> bool:
        """Whether a cold start goes by the interior point."""
        return len(self.form.columns) >= self.large

    @property
    def algorithm(self) -> str:
        """What HiGHS used last, in words; empty before the first solve."""
        return self.runs[-1].algorithm if self.runs else ""

    def push(self) -> None:
        """Hand over what was changed since the last solve."""
        if self._stale:
            self._recompile()
        form, highs = self.form, self.highs
        if self._rows:
            at = np.array(sorted(self._rows), dtype=np.int32)
            status = highs.changeRowsBounds(  # type: ignore[attr-defined]
                len(at), at, form.row_lower[at], form.row_upper[at]
            )
            accepted(status, "limits")
        if self._columns:
            at = np.array(sorted(self._columns), dtype=np.int32)
            accepted(highs.changeColsBounds(len(at), at, form.col_lower[at], form.col_upper[at]), "bounds")
        if self._new_costs:
            costs = self._costs()
            at = np.flatnonzero(costs != self._there).astype(np.int32)
            accepted(highs.changeColsCost(len(at), at, costs[at]), "costs")
            self._there = costs.copy()
            accepted(highs.changeObjectiveSense(self._sense()), "a sense")
            accepted(highs.changeObjectiveOffset(self._offset()), "a constant")
        self._new_limits = self._new_limits or bool(self._rows or self._columns)
        self._rows, self._columns = set(), set()

    def solve(self, time_limit: float | None = None, afresh: bool = False, inside: bool = False) -> Optimum:
        """Optimal solution. time_limit: of this solve [s], by default that of all; afresh: for a large model, do not
        start from the basis: after an altogether different objective the interior point is there first; inside: the
        last solution keeps all limits as they now are, and the primal simplex goes on from it.

        Raises Infeasible (exit 4), and Unbounded, TimeLimit or NumericalTrouble (exit 5).
        """
        self.push()
        if afresh and self.is_large:
            accepted(self.highs.clearSolver(), "a fresh start")
        limit = self.time_limit if time_limit is None else time_limit
        status = self._attempts(limit, inside)
        self._state += 1
        self._new_costs = self._new_limits = False
        if status == Status.kInfeasible:
            raise Infeasible("the limits contradict each other: no solution keeps all of them", self)
        if status == Status.kUnbounded:
            goal = "the objective" if self.objective is None else self.objective.name
            raise Unbounded(f"{goal} can be improved without end; a limit is missing")
        if status == Status.kTimeLimit:
            raise TimeLimit(f"no optimum within {limit:g} s; give the solver more time, or make the model smaller")
        if status not in CONCLUSIVE:
            text = self.highs.modelStatusToString(status)
            raise NumericalTrouble(f"HiGHS stopped without an answer that it vouches for: {text} ({self.algorithm})")
        return self._optimum()

    @property
    def has_drifted(self) -> bool:
        """Whether the columns of the last solve do not give the rows that the solver has with them. After many solves
        from one basis to the next it was seen to be off by a hundredth, and to vouch for it."""
        found = self.highs.getSolution()
        matrix, values = self.form.matrix, np.array(found.col_value, dtype=float)
        rows = matrix @ values[: matrix.shape[1]]
        reported = np.array(found.row_value, dtype=float)[: len(rows)]
        return bool((np.abs(rows - reported) > DRIFT * np.maximum(np.abs(reported), 1.0)).any())

    @property
    def basis(self) -> highspy.HighsBasis:
        """Where the simplex would go on from."""
        return self.highs.getBasis()

    def go_on_from(self, basis: highspy.HighsBasis) -> None:
        """Go on from where the simplex was before, not from the last solution; no row was added since."""
        accepted(self.highs.setBasis(basis), "the basis")

    def _attempts(self, limit: float | None, inside: bool = False) -> highspy.HighsModelStatus:
        """Status after the first choice of algorithm or, where that is not conclusive, after a cold start, with
        presolve and then without, and at last by the simplex.

        From a basis the simplex has so many iterations and no more: where limits contradict each other it was seen to
        go on for ever, and a cold start tells so at once. inside: as of `solve`; the way may be as long as the model.
        """
        hot, most = self._hot, max(HOT_ITERATIONS, len(self.form.rows)) if inside else HOT_ITERATIONS
        method = "ipx" if self.is_large and not hot else "simplex"
        status = self._run(method, "choose", limit, most if hot else None, inside)
        first = "ipx" if len(self.form.columns) >= self.large // 2 else "simplex"
        for method, presolve in dict.fromkeys([(first, "choose"), (first, "off"), ("simplex", "choose")]):
            if status in CONCLUSIVE:
                break
            accepted(self.highs.clearSolver(), "a fresh start")
            status = self._run(method, presolve, limit)
        return status

    def _run(
        self, wanted: str, presolve: str, limit: float | None, most: int | None = None, inside: bool = False
    ) -> highspy.HighsModelStatus:
        """One call of HiGHS, of `most` iterations. After other costs alone the basis is still feasible, and inside
        other limits too, so the primal simplex goes on."""
        highs, hot = self.highs, self._hot
        primal = hot and (inside or (self._new_costs and not self._new_limits))
        set_option(highs, "solver", wanted)
        set_option(highs, "run_crossover", "on")
        set_option(highs, "presolve", presolve)
        set_option(highs, "simplex_strategy", 4 if primal else 1)
        set_option(highs, "simplex_scale_strategy", BY_LARGEST if inside else DEFAULT)
        set_option(highs, "simplex_iteration_limit", UNLIMITED if most is None else most)
        # HiGHS counts the time from its first run, so what it already ran is added.
        set_option(highs, "time_limit", INF if limit is None else highs.getRunTime() + limit)
        start = time.perf_counter()
        status = run(highs)
        counts = iterations(highs)
        self.runs.append(SolverRun(algorithm(counts, hot, primal), counts, time.perf_counter() - start))
        return status

    def _optimum(self) -> Optimum:
        state, changes = self._state, self._changes
        return Optimum(
            objective=float(self.highs.getInfo().objective_function_value) if self.form.columns else self._offset(),
            solution=self.highs.getSolution(),
            form=self.form,
            run=self.runs[-1],
            highs=self.highs,
            goal=self.objective,
            basis=self.highs.getBasis(),
            current=lambda: self._state == state,
            stands=lambda: self._changes == changes,
        )


def _nearest(level: float, *ends: float) -> float:
    """The end nearest to a level."""
    return min(ends, key=lambda end: abs(end - level))


def _finite(value: float) -> float:
    """A number for the model. Raises UsageError for one that is none."""
    level = float(value)
    if not math.isfinite(level):
        raise UsageError(f"{value} is not a finite number")
    return level
