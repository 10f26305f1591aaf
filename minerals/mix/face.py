"""What still moves among the solutions that are kept, and how far.

Solutions that keep all limits differ from one vertex by what stands outside its basis with room between its limits, and
by what follows from that in the basis. All of it at once is displaced by random steps: whatever then stays where it is,
does so in every solution. The rest, a third of a mix, is a programme of its own for how far a sum can move.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

from ..errors import NumericalTrouble, TimeLimit
from ..highs import INF, accepted, run, set_option, solver
from .form import Form

Array = NDArray[np.float64]

#: A change beside random steps of about one unit that counts as none. Those that are none were below 1e-11, others
#: above 1e-3.
NO_CHANGE = 1e-9
#: Random displacements. By one alone two sums could seem to move alike by chance.
DISPLACEMENTS = 2
#: They are the same in every run.
SEED = 0
#: How the solver goes on from the last end to the next: by the primal simplex, the limits as they are.
OPTIONS: dict[str, str | float] = {
    "solver": "simplex", "simplex_strategy": 4, "simplex_scale_strategy": 0,
    "primal_simplex_bound_perturbation_multiplier": 0.0,
}  # fmt: skip


class Face:
    """All solutions within the limits of a form. highs: stands at one of them, a vertex, with its basis; values: of
    that vertex, (column); time_limit: of each solve [s]."""

    def __init__(self, highs: highspy.Highs, form: Form, values: Array, time_limit: float | None) -> None:
        self.values, self.time_limit = values, time_limit
        matrix = form.with_added()
        status, basic = highs.getBasicVariables()  # type: ignore[attr-defined]
        accepted(status, "to tell its basis")
        structural, logical = basic[basic >= 0], -1 - basic[basic < 0]
        columns, rows = form.col_lower < form.col_upper, form.row_lower < form.row_upper
        columns[structural] = rows[logical] = False
        #: Change of each column, (displacement, column).
        self.change = np.zeros((DISPLACEMENTS, len(columns)))
        random = np.random.default_rng(SEED)
        for change in self.change:
            change[columns] = random.uniform(1, 2, columns.sum())
            steps = np.zeros(len(rows))
            steps[rows] = random.uniform(1, 2, rows.sum())
            status, basics = highs.getBasisSolve(steps - matrix @ change)  # type: ignore[attr-defined]
            accepted(status, "to solve with its basis")
            change[structural] = basics[basic >= 0]
        moves = (np.abs(self.change) > NO_CHANGE).any(axis=0)
        # A row in the basis that stays where it is holds everywhere.
        held = np.ones(len(rows), dtype=bool)
        held[logical] = (np.abs(matrix[logical] @ self.change.T) > NO_CHANGE).any(axis=1)
        held &= abs(matrix) @ moves > 0
        self.columns = np.flatnonzero(moves)
        #: Of each column among those that move; −1 of one that does not.
        self.place = np.where(moves, np.cumsum(moves) - 1, -1)
        self.highs = self._programme(form, matrix[held].tocsc(), held)

    def _programme(self, form: Form, matrix: Any, held: NDArray[np.bool_]) -> highspy.Highs:
        """What moves, in a solver of its own, without costs. matrix: (row that is held, column)."""
        stays = self.values.copy()
        stays[self.columns] = 0.0
        at, rest = self.columns, matrix @ stays
        part = matrix[:, at]
        highs = solver()
        accepted(
            highs.passModel(
                len(at), part.shape[0], part.nnz, int(highspy.MatrixFormat.kColwise), int(highspy.ObjSense.kMinimize),
                0.0, np.zeros(len(at)), form.col_lower[at], form.col_upper[at], form.row_lower[held] - rest,
                form.row_upper[held] - rest, part.indptr, part.indices, part.data, np.zeros(len(at), dtype=np.int32),
            ),
            "what moves",
        )  # fmt: skip
        for option, value in OPTIONS.items():
            set_option(highs, option, value)
        return highs

    @staticmethod
    def still(change: Array) -> bool:
        """Whether a sum of columns, whose `change` this is, (displacement), is the same in all solutions."""
        return bool((np.abs(change) <= NO_CHANGE).all())

    def ends(self, columns: Sequence[int]) -> tuple[float, float]:
        """Least and largest sum of columns. Raises TimeLimit and NumericalTrouble."""
        at = self.place[list(columns)]
        rest = float(self.values[columns][at < 0].sum())
        if (at < 0).all():
            return rest, rest
        costs = np.zeros(len(self.columns))
        costs[at[at >= 0]] = 1.0
        return self._least(costs) + rest, rest - self._least(-costs)

    def _least(self, costs: Array) -> float:
        highs, everywhere = self.highs, np.arange(len(costs), dtype=np.int32)
        accepted(highs.changeColsCost(len(costs), everywhere, costs), "costs")
        for afresh in (False, True):
            if afresh:
                accepted(highs.clearSolver(), "a fresh start")
            # HiGHS counts the time from its first run, so what it already ran is added.
            limit = INF if self.time_limit is None else highs.getRunTime() + self.time_limit
            set_option(highs, "time_limit", limit)
            status = run(highs)
            if status == highspy.HighsModelStatus.kOptimal:
                return float(highs.getInfo().objective_function_value)
            if status == highspy.HighsModelStatus.kTimeLimit:
                raise TimeLimit(f"no end of a range within {self.time_limit:g} s; give the solver more time")
        text = highs.modelStatusToString(status)
        raise NumericalTrouble(f"HiGHS stopped without an answer that it vouches for: {text} (end of a range)")
