"""The numbers of a linear Pyomo model, and where each of its components stands in them.

    optimise  c′x + c₀   subject to   row_lower ≤ A x ≤ row_upper,   col_lower ≤ x ≤ col_upper

A, c and the right-hand sides come from Pyomo's `LinearStandardFormCompiler` in its mixed form, where a row's type is +1
for ≤, 0 for = and −1 for ≥, and a constraint with two limits is two rows. Constants of a body stand at the right-hand
side there; `constants` keeps them, so that limits can be told as Pyomo states them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyomo.common.errors import InfeasibleConstraintException, InvalidConstraintError, InvalidExpressionError
from pyomo.core import Constraint, Objective, Var
from pyomo.core.base.constraint import ConstraintData
from pyomo.core.base.objective import ObjectiveData
from pyomo.core.base.var import VarData
from pyomo.repn import generate_standard_repn
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler

from ..errors import UsageError, did_you_mean
from ..highs import INF

Array = NDArray[np.float64]


class Form:
    """One compilation of a model.

    columns: variables; rows: constraints, then what is added (constraints without variables, objectives that are held);
    objectives: all of the model, active or not; matrix: A as compiled, CSC, (row, column); costs: (objective, column);
    offsets: (objective); constants: of the bodies, (row). Arrays are what the solver holds and are changed in place.
    """

    def __init__(self, model: Any, live: set[int]) -> None:
        """live: fixed variables (by identity) that stay columns. Raises UsageError where the model is not linear."""
        info, never = _standard_form(model, live)
        self.model = model
        self.columns: list[Any] = list(info.columns)
        self.objectives: list[Any] = list(info.objectives)
        self.costs: Array = info.c.toarray()
        self.offsets: Array = np.array(info.c_offset, dtype=float)
        self._read_rows(info)
        self._read_bounds()
        self.never = never

    def _read_rows(self, info: Any) -> None:
        """Rows with both limits: of a constraint with two, Pyomo gives ≤, then ≥."""
        kind = np.fromiter((row.bound_type for row in info.rows), np.int8, len(info.rows))
        rhs = np.asarray(info.rhs, dtype=float)
        second = np.zeros(len(rhs), dtype=bool)
        second[1:] = [below[0] is above[0] for above, below in zip(info.rows, info.rows[1:], strict=False)]
        lower, upper = np.where(kind <= 0, rhs, -INF), np.where(kind >= 0, rhs, INF)
        lower[np.flatnonzero(second) - 1] = rhs[second]
        self.row_lower, self.row_upper = lower[~second], upper[~second]
        self.rows: list[Any] = [row[0] for row, again in zip(info.rows, second, strict=True) if not again]
        stated = np.array([limits(row) for row in self.rows], dtype=float).reshape(-1, 2)
        with np.errstate(invalid="ignore"):
            below, above = stated[:, 0] - self.row_lower, stated[:, 1] - self.row_upper
        self.constants: Array = np.where(np.isfinite(self.row_upper), above, below)
        self.matrix = info.A.tocsr()[~second].tocsc() if second.any() else info.A
        self.matrix.sort_indices()

    def _read_bounds(self) -> None:
        """Bounds of the columns. Raises UsageError for integer variables."""
        whole = next((column for column in self.columns if not column.is_continuous()), None)
        if whole is not None:
            raise UsageError(f"{whole.name} is an integer variable; only linear programmes are solved here")
        both = np.array([bounds(column) for column in self.columns], dtype=float).reshape(-1, 2)
        self.col_lower, self.col_upper = both[:, 0].copy(), both[:, 1].copy()

    @cached_property
    def row_of(self) -> dict[int, int]:
        """Row by identity of the constraint, or of the objective that is held."""
        return {id(row): at for at, row in enumerate(self.rows)}

    @cached_property
    def column_of(self) -> dict[int, int]:
        """Column by identity of the variable."""
        return {id(column): at for at, column in enumerate(self.columns)}

    @cached_property
    def _constraints(self) -> dict[str, Any]:
        """Constraint by name, those without variables among them."""
        return {data.name: data for data in self.model.component_data_objects(Constraint, active=True)}

    @cached_property
    def _variables(self) -> dict[str, Any]:
        return {data.name: data for data in self.model.component_data_objects(Var)}

    @cached_property
    def _objectives(self) -> dict[str, Any]:
        return {data.name: data for data in self.objectives}

    def variable(self, named: Any) -> Any:
        """Variable by name or component. Raises UsageError for one that is unknown."""
        return _member(named, VarData, lambda: self._variables, "variable")

    def objective(self, named: Any) -> Any:
        """Objective by name or component. Raises UsageError for one that is unknown."""
        return _member(named, ObjectiveData, lambda: self._objectives, "objective")

    def constraint(self, named: Any) -> Any:
        """Constraint, or objective where that is named, by name or component. Raises UsageError for one unknown."""
        if isinstance(named, ObjectiveData) or (isinstance(named, str) and named in self._objectives):
            return self.objective(named)
        return _member(named, ConstraintData, lambda: self._constraints, "constraint")

    def place(self, objective: Any) -> int:
        """Row of `costs` of an objective."""
        return next(at for at, data in enumerate(self.objectives) if data is objective)

    def largest(self) -> Array:
        """Largest entry of each row, (row)."""
        known = np.zeros(len(self.rows))
        known[: self.matrix.shape[0]] = abs(self.matrix).max(axis=1).toarray().ravel()
        for at in range(self.matrix.shape[0], len(self.rows)):
            if isinstance(self.rows[at], ObjectiveData):
                known[at] = np.abs(self.costs[self.place(self.rows[at])]).max(initial=0.0)
        return known

    def with_added(self) -> Any:
        """Coefficients with those of what was added, CSR, (row, column): of an objective that is held its costs."""
        known = self.matrix.tocsr()
        known.resize(len(self.rows), len(self.columns))
        # Scipy is imported by Pyomo, in part; named here, it would be imported whole.
        sparse = type(known)
        for at in range(self.matrix.shape[0], len(self.rows)):
            if isinstance(self.rows[at], ObjectiveData):
                place = sparse(([1.0], ([at], [0])), shape=(len(self.rows), 1))
                known = known + place @ sparse(self.costs[[self.place(self.rows[at])]])
        return known

    def levels(self, values: Array) -> Array:
        """Level of each constraint, (row), at values of the columns, (column), without the constant of its body; 0 of
        what was added."""
        out = np.zeros(len(self.rows))
        rows, columns = self.matrix.shape
        out[:rows] = self.matrix @ values[:columns]
        return out

    def add_row(self, component: Any) -> int:
        """A row at the end: a constraint without variables, or the costs of an objective, without limits so far."""
        lower, upper, constant = -INF, INF, 0.0
        if isinstance(component, ObjectiveData):
            constant = float(self.offsets[self.place(component)])
        elif limits(component) != (-INF, INF):
            lower, upper = limits(component)
            body = _constant(component)
            if body is None:
                raise UsageError(f"{component.name} was added to the model after it was compiled")
            constant = body
        self.rows.append(component)
        self.row_lower = np.append(self.row_lower, lower - constant)
        self.row_upper = np.append(self.row_upper, upper - constant)
        self.constants = np.append(self.constants, constant)
        self.row_of[id(component)] = len(self.rows) - 1
        return len(self.rows) - 1

    def add_column(self, variable: Any) -> int:
        """A variable without entries, at the end."""
        lower, upper = bounds(variable)
        self.columns.append(variable)
        self.col_lower, self.col_upper = np.append(self.col_lower, lower), np.append(self.col_upper, upper)
        self.costs = np.column_stack([self.costs, np.zeros(len(self.costs))])
        self.column_of[id(variable)] = len(self.columns) - 1
        return len(self.columns) - 1


def limits(constraint: Any) -> tuple[float, float]:
    """(lower, upper) of a constraint as Pyomo states it; infinite where it has none."""
    lower, _, upper = constraint.to_bounded_expression(True)
    return -INF if lower is None else lower, INF if upper is None else upper


def bounds(variable: Any) -> tuple[float, float]:
    """(lower, upper) of a variable as the solver sees it; of a fixed one its value twice."""
    return (variable.value, variable.value) if variable.fixed else stated_bounds(variable)


def stated_bounds(variable: Any) -> tuple[float, float]:
    """(lower, upper) of a variable as Pyomo states them, its domain included; infinite where it has none."""
    lower, upper = variable.bounds
    return -INF if lower is None else lower, INF if upper is None else upper


def _standard_form(model: Any, live: set[int]) -> tuple[Any, list[Any]]:
    """Pyomo's standard form with every objective of the model a row of costs, and the constraints that Pyomo refuses
    because they have no variable and cannot hold. The model is left as it was."""
    asleep = [data for data in model.component_data_objects(Objective) if not data.active]
    fixed = [data for data in model.component_data_objects(Var) if data.fixed and id(data) in live] if live else []
    never: list[Any] = []
    for data in asleep:
        data.activate()
    for data in fixed:
        data.unfix()
    try:
        try:
            return _write(model), never
        except InfeasibleConstraintException:
            never = [data for data in model.component_data_objects(Constraint, active=True) if _never(data)]
            for data in never:
                data.deactivate()
            return _write(model), never
    except (InvalidConstraintError, InvalidExpressionError) as error:
        raise UsageError(f"the model is not linear: {error}") from error
    finally:
        for data in never:
            data.activate()
        for data in fixed:
            data.fix(data.value)
        for data in asleep:
            data.deactivate()


def _write(model: Any) -> Any:
    """Rows as they are stated (≤, =, ≥), and objectives in their own sense."""
    return LinearStandardFormCompiler().write(model, mixed_form=True, set_sense=None)


def _never(constraint: Any) -> bool:
    """Whether a constraint has no variable and does not hold."""
    lower, upper = limits(constraint)
    if lower == -INF and upper == INF:
        return False
    constant = _constant(constraint)
    return constant is not None and not lower <= constant <= upper


def _constant(constraint: Any) -> float | None:
    """Value of a body that has no variable; None for one that has."""
    body = generate_standard_repn(constraint.body, compute_values=True)
    return float(body.constant) if body.is_constant() else None


def _member(named: Any, kind: type, names: Callable[[], dict[str, Any]], what: str) -> Any:
    """Component by name, or as given. Raises UsageError for an unknown name, and for a whole family."""
    if isinstance(named, str):
        known = names()
        if named not in known:
            raise UsageError(f"unknown {what} {named!r}{did_you_mean(named, known)}")
        return known[named]
    if not isinstance(named, kind):
        raise UsageError(f"{getattr(named, 'name', named)} is not a single {what}; name one member of it")
    return named
