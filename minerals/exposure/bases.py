"""A small linear programme, solved exactly for many right-hand sides from few optimal bases.

    max cost · x,   matrix · x ≤ most,   0 ≤ x ≤ upper

While cost and matrix stay, a basis that is optimal for one right-hand side is optimal for every other for which its
solution is feasible (multi-parametric linear programming: Gal & Nedoma 1972, Management Science 18, 406–422). And
whether or not it is, its duals bound the optimum from above (weak duality): of all known bases only those of the least
bound can be optimal. So each right-hand side is first tried on those; only what fits none is solved by HiGHS, from its
last basis, and its basis joins the pool. A pool of another matrix of the same shape serves too, as far as its bases are
optimal for this one.
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
Mask = NDArray[np.bool_]

#: Part of its scale by which a row or a column of a solution may lie outside its bounds.
NOTHING = 1e-9
#: Stands for a bound that is infinite: no tight row and no full column has it.
HUGE = 1e30
#: Part of the scale of the optimum by which the bound of a basis that is feasible may lie above the least.
ALIKE = 1e-6


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
        self.scale, self.slack = scale[0], (NOTHING * scale[0], NOTHING * scale[1])
        self.pool: list[Basis] = []
        #: What makes a solution of a right-hand side, for each basis: (column, row and column).
        self._maps: list[Array] = []
        #: What the duals of each basis make of a right-hand side: a bound of the optimum, (basis, row and column).
        self._bounds: list[Array] = []
        #: The same of the first ones as one array, of those rows and columns that any of them has a part of.
        self._laid: tuple[Array, Mask] = np.zeros((0, 0)), np.zeros(0, dtype=bool)
        self._lp: highspy.Highs | None = None
        for basis in known.pool if known is not None else ():
            self._add(basis)

    def solve(self, most: Array, upper: Array) -> Array:
        """Optimal columns, (question, column). most: (question, row); upper: (question, column), 0 and more.

        Of several optimal solutions that of the first known basis counts: which that is may hang on the questions
        before, its value does not. A basis that is optimal though its bound is not the least by rounding is found again
        by HiGHS, which costs time alone. Raises SolverError where HiGHS finds no optimum, which there always is where
        the columns are bounded.
        """
        out = np.empty_like(upper)
        sides = np.minimum(np.concatenate([most, upper], axis=1), HUGE)
        left = self._unsolved(sides, out)
        while len(left):
            columns, basis = self._solved(most[left[0]], upper[left[0]])
            known = len(self._maps)
            self._add(basis)
            solved = np.zeros(len(left), dtype=bool)
            if len(self._maps) > known:
                solved = self._fits(known, left, sides, out)
            if not solved[0]:
                out[left[0]] = columns  # within the tolerances of HiGHS alone
                solved[0] = True
            left = left[~solved]
        return out

    def _unsolved(self, sides: Array, out: Array) -> Places:
        """Questions that no known basis solves; the solutions of the others are written to `out`, (question, column).
        sides: of rows and of columns, (question, row and column)."""
        solved = np.zeros(len(sides), dtype=bool)
        if not self._maps:
            return np.flatnonzero(~solved)
        if len(self._laid[0]) < len(self._bounds):
            laid = np.array(self._bounds)
            counted = np.asarray(laid.any(axis=0))
            self._laid = laid[:, counted], counted
        laid, counted = self._laid
        bounds = sides[:, counted] @ laid.T  # (question, basis)
        may = bounds <= bounds.min(axis=1, keepdims=True) + ALIKE * (self.cost @ self.scale)
        while len(left := np.flatnonzero(may.any(axis=1))):
            first = may[left].argmax(axis=1)
            may[left, first] = False
            for basis in sorted(set(first.tolist())):
                mine = left[first == basis]
                solved[mine] = self._fits(basis, mine, sides, out)
            may[solved] = False
        return np.flatnonzero(~solved)

    def _fits(self, basis: int, some: Places, sides: Array, out: Array) -> Mask:
        """Whether a basis solves some questions, (some), whose solutions are then written to `out`."""
        mine, many = sides[some], len(self.matrix)
        found, top = mine @ self._maps[basis].T, mine[:, many:]
        columns, rows = self.slack
        inside = np.minimum(np.maximum(found, 0.0), top)
        fits = (np.abs(found - inside) <= columns).all(axis=1)
        if fits.any():
            fits &= (inside @ self.matrix.T <= mine[:, :many] + rows).all(axis=1)
            out[some[fits]] = inside[fits]
        return np.asarray(fits)

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
        gained[full] = -gained[full]
        if min(duals.min(initial=0.0), gained.min(initial=0.0)) < -NOTHING:
            return
        many, columns = self.matrix.shape
        map_ = np.zeros((columns, many + columns))
        map_[full, many + full] = 1.0
        map_[basic[:, None], tight] = inverse
        map_[basic[:, None], many + full] = -inverse @ rows[:, full]
        self.pool.append(basis)
        self._maps.append(map_)
        bound = self.cost @ map_
        bound[bound <= NOTHING] = 0.0  # what is rounding may meet what is infinite
        self._bounds.append(bound)
