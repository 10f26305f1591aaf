"""A small linear programme, solved exactly for many right-hand sides from few optimal bases.

    max cost · x,   matrix · x ≤ most,   0 ≤ x ≤ upper

While cost and matrix stay, a basis that is optimal for one right-hand side is optimal for every other for which its
solution is feasible (multi-parametric linear programming: Gal & Nedoma 1972, Management Science 18, 406–422). So all
right-hand sides are first tried on the bases that are known, in one product; only what fits none is solved by HiGHS,
from its last basis, and its basis joins the pool. A pool of another matrix of the same shape serves too, as far as its
bases are optimal for this one.
"""

from __future__ import annotations

from typing import NamedTuple

import highspy
import numpy as np
from numpy.typing import NDArray

from ..errors import SolverError
from ..highs import INF, run, solver

Array = NDArray[np.float64]
Places = NDArray[np.intp]

#: Part of its scale by which a row or a column of a solution may lie outside its bounds.
NOTHING = 1e-9
#: Stands for a bound that is infinite: no tight row and no full column has it.
HUGE = 1e30
#: Right-hand sides that are tried at a time.
CHUNK = 1000
#: Least bases that these are tried on at a time, and more as the right-hand sides are fewer: what one of the first has
#: solved, the others are not tried on.
TOGETHER = 4


def highs_model(cost: Array, matrix: Array, most: Array, upper: Array) -> highspy.HighsLp:
    """The programme for HiGHS. cost, upper: (column); matrix: (row, column); most: (row)."""
    model = highspy.HighsLp()
    model.num_row_, model.num_col_ = matrix.shape
    model.sense_ = highspy.ObjSense.kMaximize
    model.col_cost_, model.col_lower_, model.col_upper_ = cost, np.zeros(len(upper)), upper
    model.row_lower_, model.row_upper_ = np.full(len(most), -INF), most
    where, columns = np.nonzero(matrix)
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = np.searchsorted(where, np.arange(len(most) + 1)).astype(np.int32)
    model.a_matrix_.index_, model.a_matrix_.value_ = columns.astype(np.int32), matrix[where, columns]
    return model


class Basis(NamedTuple):
    """A basis. tight: rows that hold as equations; basic: as many columns, which these decide; full: columns at their
    upper bound, the others are 0."""

    tight: Places
    basic: Places
    full: Places


class Bases:
    """The programme of one cost and matrix, and its optimal bases met so far.

    cost: (column); matrix: (row, column); scale: of the columns and of the rows, by which feasibility is judged; known:
    the programme of another matrix of the same shape, whose bases are taken where they are optimal.
    """

    def __init__(self, cost: Array, matrix: Array, scale: tuple[Array, Array], known: Bases | None = None) -> None:
        self.cost, self.matrix = cost, matrix
        self.slack = NOTHING * scale[0], NOTHING * scale[1]
        self.pool: list[Basis] = []
        #: What makes a solution of a right-hand side, for each basis: (column, row and column).
        self._maps: list[Array] = []
        #: How many questions each basis has solved.
        self._solves: list[int] = []
        self._lp: highspy.Highs | None = None
        for basis in known.pool if known is not None else ():
            self._add(basis)

    def solve(self, most: Array, upper: Array, *, frequent: bool = False) -> Array:
        """Optimal columns, (question, column). most: (question, row); upper: (question, column), 0 and more.

        frequent: bases that have solved most are tried first, which is quicker where many questions are alike; of
        several optimal solutions another may be found, of the same value.
        Raises SolverError where HiGHS finds no optimum, which there always is where the columns are bounded.
        """
        out = np.empty_like(upper)
        sides = np.minimum(np.concatenate([most, upper], axis=1), HUGE)
        unsolved, order = [], np.arange(len(self._maps))
        for left in np.array_split(np.arange(len(most)), -(-len(most) // CHUNK) or 1):
            if frequent:
                order = np.argsort(-np.array(self._solves), kind="stable")
            start = 0
            while len(left) and start < len(order):
                end = start + max(TOGETHER, CHUNK // len(left))
                left, start = left[~self._tried(left, sides, out, order[start:end])], end
            unsolved.append(left)
        left = np.concatenate(unsolved)
        while len(left):
            columns, basis = self._solved(most[left[0]], upper[left[0]])
            known = len(self._maps)
            self._add(basis)
            solved = np.zeros(len(left), dtype=bool)
            if len(self._maps) > known:
                near = self._near(left, sides, known)
                solved[near] = self._tried(left[near], sides, out, np.array([known]))
            if not solved[0]:
                out[left[0]] = columns  # within the tolerances of HiGHS alone
                solved[0] = True
            left = left[~solved]
        return out

    def _near(self, some: Places, sides: Array, basis: int) -> Places:
        """Which of some questions a basis may solve: those whose basic columns, which alone may lie outside their
        bounds, do not."""
        basic = self.pool[basis].basic
        found, top = sides[some] @ self._maps[basis][basic].T, sides[np.ix_(some, len(self.matrix) + basic)]
        slack = self.slack[0][basic]
        return np.flatnonzero(((found >= -slack) & (found <= top + slack)).all(axis=1))

    def _tried(self, some: Places, sides: Array, out: Array, bases: Places) -> NDArray[np.bool_]:
        """Write the solutions of some questions that one of some bases has into `out`; which these are, (some).

        The first basis counts whose solution is feasible. sides: of rows and of columns, (question, row and column).
        """
        if not len(bases) or not len(some):
            return np.zeros(len(some), dtype=bool)
        maps = np.array([self._maps[basis] for basis in bases])
        mine = sides[some]
        found = (mine @ maps.reshape(-1, maps.shape[2]).T).reshape(len(some), *maps.shape[:2])
        ceiling, top = mine[:, None, : len(self.matrix)], mine[:, None, len(self.matrix) :]
        columns, rows = self.slack
        # Most bases fail at the columns already, and the rows are asked of the others alone.
        inside = np.clip(found, 0, top)
        fits = (np.abs(found - inside) <= columns).all(axis=2)
        at = np.nonzero(fits)
        fits[at] = (inside[at] @ self.matrix.T <= ceiling[at[0], 0] + rows).all(axis=1)
        which = fits.argmax(axis=1)
        solved: NDArray[np.bool_] = np.asarray(fits[np.arange(len(some)), which])
        out[some[solved]] = inside[solved, which[solved]]
        for basis, count in zip(bases, np.bincount(which[solved], minlength=len(bases)).tolist(), strict=True):
            self._solves[basis] += count
        return solved

    def _solved(self, most: Array, upper: Array) -> tuple[Array, Basis]:
        """Optimal columns by HiGHS, and their basis."""
        if self._lp is None:
            self._lp = solver()
            self._lp.passModel(highs_model(self.cost, self.matrix, most, upper))
        lp, rows, columns = self._lp, len(most), len(upper)
        lp.changeColsBounds(columns, np.arange(columns, dtype=np.int32), np.zeros(columns), upper)
        lp.changeRowsBounds(rows, np.arange(rows, dtype=np.int32), np.full(rows, -INF), most)  # type: ignore[attr-defined]
        if (status := run(lp)) != highspy.HighsModelStatus.kOptimal:
            # Nothing at all is always feasible, so only the solver can be at fault; it starts afresh once.
            lp.clearSolver()
            status = run(lp)
        if status != highspy.HighsModelStatus.kOptimal:
            raise SolverError(f"HiGHS could not say what is buildable ({lp.modelStatusToString(status)})")
        at = np.asarray(lp.getBasicVariables()[1])  # type: ignore[attr-defined]
        is_basic, tight = np.zeros(columns, dtype=bool), np.ones(rows, dtype=bool)
        is_basic[at[at >= 0]], tight[-1 - at[at < 0]] = True, False
        solution = lp.getSolution()
        value, dual = np.asarray(solution.col_value), np.asarray(solution.col_dual)
        # A column without room is at both bounds: its reduced cost says at which it stays.
        full = ~is_basic & np.where(upper > 0, value >= upper, dual > 0)
        found = Basis(*(np.flatnonzero(each) for each in (tight, is_basic, full)))
        return value, found

    def _add(self, basis: Basis) -> None:
        """Take a basis into the pool where it is one of this matrix, and optimal."""
        tight, basic, full = basis
        rows = self.matrix[tight]
        try:
            inverse = np.linalg.inv(rows[:, basic])
        except np.linalg.LinAlgError:
            return
        duals = self.cost[basic] @ inverse
        gained = duals @ rows - self.cost
        gained[basic] = 0.0
        gained[full] *= -1.0
        if min(duals.min(initial=0.0), gained.min(initial=0.0)) < -NOTHING:
            return
        many, columns = self.matrix.shape
        map_ = np.zeros((columns, many + columns))
        map_[full, many + full] = 1.0
        map_[basic[:, None], tight] = inverse
        map_[basic[:, None], many + full] = -inverse @ rows[:, full]
        self.pool.append(basis)
        self._maps.append(map_)
        self._solves.append(0)
