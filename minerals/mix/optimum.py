"""An optimal solution by name: values, what each limit is worth, and between which limits that holds.

A dual is d objective / d rhs, the change of the objective as it is stated, whatever its sense, for one more unit of the
right-hand side as Pyomo states it (`body ≤ rhs`, `body ≥ rhs`, `body = rhs`); a reduced cost is the same for the bound
at which a variable stands. A limit `use ≤ supply` that binds so has a dual below zero where cost is minimised (more
supply, less cost) and above zero where profit is maximised. `worth` is what the objective improves by where the limit
is loosened by one unit, and never below zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple

import highspy
import numpy as np
from numpy.typing import NDArray
from pyomo.core.base.constraint import ConstraintData

from ..errors import UsageError
from ..haste import frozen, value_class
from ..highs import INF, accepted
from .form import Form, bounds

Array = NDArray[np.float64]

#: Relative size of what counts as nothing in a solution.
NOTHING = 1e-9


class Range(NamedTuple):
    """Right-hand sides between which a dual holds, in the unit of the constraint."""

    low: float
    high: float


@value_class
class SolverRun:
    """One call of the solver. algorithm: what HiGHS used, in words; iterations: of simplex, interior point, crossover;
    seconds: of wall clock."""

    algorithm: str
    iterations: tuple[int, int, int]
    seconds: float


@frozen
class Optimum:
    """objective: with its constant, in its own sense; solution: as HiGHS has it; form: where each name stands; run: how
    it was found; highs, current: the solver, and whether it still stands at this solution; goal, basis: what was
    optimised, and where the simplex can go on; stands: whether all but the objective is as it was."""

    objective: float
    solution: highspy.HighsSolution
    form: Form
    run: SolverRun
    highs: highspy.Highs
    goal: Any
    basis: highspy.HighsBasis
    current: Callable[[], bool]
    stands: Callable[[], bool]

    @cached_property
    def values(self) -> Array:
        """(column)."""
        return np.array(self.solution.col_value, dtype=float)

    @cached_property
    def reduced(self) -> Array:
        """Reduced costs, (column)."""
        return np.array(self.solution.col_dual, dtype=float)

    @cached_property
    def activity(self) -> Array:
        """(row), without the constants of the bodies."""
        return np.array(self.solution.row_value, dtype=float)

    @cached_property
    def duals(self) -> Array:
        """(row)."""
        return np.array(self.solution.row_dual, dtype=float)

    def value(self, variable: Any) -> float:
        """Value of a variable, by name or component. One without a column has its Pyomo value, or else that nearest 0
        within its bounds."""
        data = self.form.variable(variable)
        at = self._at(self.form.column_of, data, self.values)
        if at is not None:
            return float(self.values[at])
        return float(data.value) if data.value is not None else float(np.clip(0.0, *bounds(data)))

    def values_of(self, variable: Any) -> dict[Any, float]:
        """Values of an indexed variable, by index."""
        return {index: self.value(variable[index]) for index in variable}

    def dual(self, constraint: Any) -> float:
        """d objective / d rhs, by name or component; 0 for a constraint without variables."""
        at = self._at(self.form.row_of, self.form.constraint(constraint), self.duals)
        return 0.0 if at is None else float(self.duals[at])

    def worth(self, constraint: Any) -> float:
        """What the objective improves by for one unit of loosening, ≥ 0; of an equality for one unit its better way."""
        return abs(self.dual(constraint))

    def reduced_cost(self, variable: Any) -> float:
        """d objective / d bound at which a variable stands; 0 between its bounds."""
        at = self._at(self.form.column_of, self.form.variable(variable), self.reduced)
        return 0.0 if at is None else float(self.reduced[at])

    def body(self, constraint: Any) -> float:
        """Value of the body of a constraint as Pyomo states it; not a number where it has no row."""
        at = self._at(self.form.row_of, self.form.constraint(constraint), self.activity)
        return math.nan if at is None else float(self.activity[at] + self.form.constants[at])

    def binding(self) -> list[str]:
        """Names of the constraints with a dual other than zero, in the order of the model."""
        least = NOTHING * max(1.0, float(np.abs(self.duals).max(initial=0.0)))
        rows = (self.form.rows[at] for at in np.flatnonzero(np.abs(self.duals) > least))
        return [row.name for row in rows if isinstance(row, ConstraintData)]

    def load(self) -> None:
        """Write the values into the Pyomo model, for `pyomo.environ.value` of any expression."""
        for column, level in zip(self.form.columns, self.values.tolist(), strict=False):
            column.set_value(level, skip_validation=True)

    def range(self, constraint: Any) -> Range:
        """Right-hand sides between which the dual holds: the basis stays feasible, by the ratio test of one column of
        its inverse. (HiGHS's own `getRanging` does all rows: 46 s on 200,000 columns, where this takes a moment.)

        Of a limit that does not bind: up to where it does. At a degenerate vertex one side, or both, may be empty.
        Raises UsageError once the model was changed or solved again.
        """
        if not self.current():
            raise UsageError("ranges are known until the model is changed or solved again; ask for them before")
        form, data = self.form, self.form.constraint(constraint)
        row = self._at(form.row_of, data, self.activity)
        if row is None:
            raise UsageError(f"{data.name} has no variables, or is not held: it has no range")
        lower, upper, at = form.row_lower[row], form.row_upper[row], self.activity[row]
        below = abs(at - lower) <= abs(at - upper)
        if self._row_status[row] == highspy.HighsBasisStatus.kBasic:
            low, high = (-INF, at) if below and lower < upper else (at, INF)
        else:
            down, up = self._steps(row)
            low, high = (lower if below else upper) + down, (lower if below else upper) + up
            if lower < upper:
                # The one limit does not pass the other.
                low, high = (low, min(high, upper)) if below else (max(low, lower), high)
        return Range(float(low + form.constants[row]), float(high + form.constants[row]))

    @cached_property
    def _row_status(self) -> list[highspy.HighsBasisStatus]:
        return list(self.highs.getBasis().row_status)

    @cached_property
    def _basic(self) -> tuple[NDArray[np.bool_], NDArray[np.int64], Array, Array, Array]:
        """Of each basic variable: whether it is structural, its place among columns then rows, level, lower, upper."""
        status, basic = self.highs.getBasicVariables()  # type: ignore[attr-defined]
        accepted(status, "to tell its basis")
        form, columns = self.form, len(self.values)
        # HiGHS counts the logical variable of a row as −1 − row.
        place = np.where(basic >= 0, basic, columns - 1 - basic)
        level = np.concatenate([self.values, self.activity])[place]
        lower = np.concatenate([form.col_lower, form.row_lower])[place]
        upper = np.concatenate([form.col_upper, form.row_upper])[place]
        return basic >= 0, place, level, lower, upper

    def _steps(self, row: int) -> tuple[float, float]:
        """(down ≤ 0, up ≥ 0): how far a binding limit moves before a basic variable meets one of its bounds."""
        structural, _, level, lower, upper = self._basic
        status, inverse = self.highs.getBasisInverseCol(row)  # type: ignore[attr-defined]
        accepted(status, "to invert its basis")
        # The logical variable of a row is minus its activity.
        pace = np.where(structural, inverse, -inverse)
        moving = np.abs(pace) > NOTHING * max(1.0, float(np.abs(pace).max(initial=0.0)))
        pace, level, lower, upper = pace[moving], level[moving], lower[moving], upper[moving]
        ahead = (np.where(pace > 0, upper, lower) - level) / pace
        behind = (np.where(pace > 0, lower, upper) - level) / pace
        return min(float(behind.max(initial=-INF)), 0.0), max(float(ahead.min(initial=INF)), 0.0)

    @staticmethod
    def _at(places: dict[int, int], data: Any, numbers: Array) -> int | None:
        """Place of a component, or None where the solution has none."""
        at = places.get(id(data))
        return at if at is not None and at < len(numbers) else None
