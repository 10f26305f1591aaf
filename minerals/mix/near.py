r"""All mixes that are nearly as good: how far each sum can move among them, and the one nearest to a target.

The set is a programme's limits, those on its objectives among them. How far a sum of columns can move is two linear
programmes, whose values no solver, machine or thread changes. One member stands for the set: the solution of

    min Σ_j w_j (x_j − t_j)² + Σ_k (Σ_j T_kj x_j)²

over it, which is unique in every column with a weight, and in those that the further sums tie. It is found by an
interior point method, which needs a set with an interior: the limits on the objectives leave some room.

Source: Goulart and Chen (2024), Clarabel: an interior-point solver for conic programs with quadratic objectives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, NamedTuple

import highspy
import numpy as np
from numpy.typing import NDArray

from ..cores import cores
from ..errors import NumericalTrouble
from ..haste import frozen
from ..highs import INF, accepted, optimum, run, set_option, solver

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: How the solver goes on from one end to the next: by the primal simplex, as the limits stay.
PRIMAL: dict[str, str | float] = {"solver": "simplex", "simplex_strategy": 4}
#: Relative and absolute gap and infeasibility of the interior point method, and whether it scales rows and columns
#: itself: as small as it can, else the last. Not to scale is tried of a small set alone.
ATTEMPTS = ((1e-12, False), (1e-12, True), (1e-10, True))
#: Most of its iterations; a mix of Europe takes about fifty.
ITERATIONS = 400
#: What is added to the diagonal of its linear systems, which then need no refinement. Measured on mixes of Europe, of
#: the US and of the world: a quarter to two fifths less time than with 1e-8 and refinement, and additions within 2e-6
#: GWh of those.
REGULARISED = 1e-9
#: From this many columns on its linear systems go to faer, below to QDLDL. Measured on mixes, for each iteration: of
#: Europe, with 11,000 columns, QDLDL takes 28 ms and faer 76; of the world, with 28,000, they take 570 and 230. Of
#: Europe 45 iterations are enough without scaling, 66 with it; of the world it finds none without.
LARGE = 20_000
#: Up to this many columns the first corner is found by the simplex method.
SMALL = 3_000


class Ends(NamedTuple):
    """low, high: least and largest sum of each, (sum); members: the solutions at these, (sum, [low, high], column)."""

    low: Array
    high: Array
    members: Array


class Vertex(NamedTuple):
    """A corner of the set, as the solver's basis: the status of each column and row."""

    columns: NDArray[np.int8]
    rows: NDArray[np.int8]


@frozen
class NearlyAsGood:
    """The set. matrix: (row, column), sparse by column; row_lower, row_upper, lower, upper: limits of rows and columns;
    time_limit: of each solve [s]."""

    matrix: Any
    row_lower: Array
    row_upper: Array
    lower: Array
    upper: Array
    time_limit: float | None = None

    def ends(self, sums: Array) -> Ends:
        """How far each of some sums can move. sums: weights of the columns, (sum, column); the next is quickly found
        where it is like the one before. Raises TimeLimit and NumericalTrouble."""
        found = np.zeros((len(sums), 2, len(self.lower)))
        pressing = self.pressing((sums != 0).any(axis=0))
        # What a solver takes for no slope is an amount: ends of sums with small weights would be known less well.
        costs = sums / np.maximum(np.abs(sums).max(axis=1, initial=0.0, keepdims=True), np.finfo(float).tiny)

        def side(end: int) -> None:
            # From the largest sum to the least of the same the way is far, from one's to that of the next it is not.
            highs, sign = pressing._loaded(), (1.0, -1.0)[end]
            for place, cost in enumerate(costs):
                found[place, end] = self._least(highs, sign * cost)

        with ThreadPoolExecutor(min(cores(), 2)) as pool:
            for each in [pool.submit(side, end) for end in (0, 1)]:
                each.result()
        values = np.einsum("sec,sc->se", found, sums)
        return Ends(values[:, 0], values[:, 1], found)

    def pressing(self, counting: Mask) -> NearlyAsGood:
        """The set as far as some columns go, (column): without the rows that another column keeps, whatever these are,
        by going one way without end, where it misses none by that; and without rows that have no limit."""
        entries = self.matrix.tocoo()
        row, column, rises = entries.row, entries.col, entries.data > 0
        row_lower, row_upper = self.row_lower.copy(), self.row_upper.copy()
        open_ends = (np.isneginf(self.lower) & ~counting, np.isposinf(self.upper) & ~counting)
        while True:
            below, above = np.isfinite(row_lower)[row], np.isfinite(row_upper)[row]
            misses = (np.where(rises, below, above), np.where(rises, above, below))
            goes = np.zeros(len(self.lower), dtype=bool)
            for is_open, missed in zip(open_ends, misses, strict=True):
                goes |= is_open & (np.bincount(column, missed, len(goes)) == 0)
            idle = row[goes[column] & (below | above)]
            if not len(idle):
                break
            row_lower[idle], row_upper[idle] = -INF, INF
        held = np.isfinite(row_lower) | np.isfinite(row_upper)
        matrix = self.matrix.tocsr()[held].tocsc()
        return replace(self, matrix=matrix, row_lower=row_lower[held], row_upper=row_upper[held])

    def vertex(self) -> Vertex:
        """A corner from which the way to the ends of any sum is short. Raises TimeLimit and NumericalTrouble."""
        highs = self._loaded()
        optimum(highs, self.time_limit, large=len(self.lower) > SMALL)
        basis = highs.getBasis()
        return Vertex(
            *(np.array([int(each) for each in part], np.int8) for part in (basis.col_status, basis.row_status))
        )

    def from_vertex(self, vertex: Vertex) -> Callable[[Mapping[int, float]], tuple[float, float]]:
        """What tells how far a sum can move, coefficients by column: both its ends, each from that corner, so that it
        does not matter what was asked before. Raises TimeLimit and NumericalTrouble."""
        highs, basis = self._loaded(), highspy.HighsBasis()
        basis.col_status, basis.row_status = ([highspy.HighsBasisStatus(int(each)) for each in part] for part in vertex)
        basis.valid = True

        def end(costs: Array) -> float:
            accepted(highs.clearSolver(), "a fresh start")
            accepted(highs.setBasis(basis), "a corner of the mixes that are nearly as good")
            return float(costs @ self._least(highs, costs))

        def ends(weights: Mapping[int, float]) -> tuple[float, float]:
            size = max(map(abs, weights.values()), default=0.0)
            if not size:
                return 0.0, 0.0
            costs = np.zeros(len(self.lower))
            costs[list(weights)] = np.array(list(weights.values())) / size
            return size * end(costs), -size * end(-costs)

        return ends

    def _loaded(self) -> highspy.Highs:
        """The set in a solver of its own, without costs."""
        highs, matrix, columns = solver(), self.matrix, len(self.lower)
        accepted(
            highs.passModel(
                columns, matrix.shape[0], matrix.nnz, int(highspy.MatrixFormat.kColwise),
                int(highspy.ObjSense.kMinimize), 0.0, np.zeros(columns), self.lower, self.upper, self.row_lower,
                self.row_upper, matrix.indptr, matrix.indices, matrix.data, np.zeros(columns, dtype=np.int32),
            ),
            "mixes that are nearly as good",
        )  # fmt: skip
        return highs

    def _least(self, highs: highspy.Highs, costs: Array) -> Array:
        """The solution of least cost: from where the solver stands, else by the interior point."""
        accepted(highs.changeColsCost(len(costs), np.arange(len(costs), dtype=np.int32), costs), "costs")
        if highs.getBasis().valid:
            for option, value in PRIMAL.items():
                set_option(highs, option, value)
            limit = INF if self.time_limit is None else highs.getRunTime() + self.time_limit
            set_option(highs, "time_limit", limit)
            if run(highs) == highspy.HighsModelStatus.kOptimal:
                return np.array(highs.getSolution().col_value, dtype=float)
        optimum(highs, self.time_limit)
        return np.array(highs.getSolution().col_value, dtype=float)

    def nearest(self, target: Array, weight: Array, apart: Sequence[Mapping[int, float]] = ()) -> Array:
        """The member nearest to a target, (column), by weighted squares; weight: (column), 0 and more; apart: further
        sums, coefficients by column, whose squares count too. A column that stands in no limit of the others and in no
        square is as near to 0 as it may. Raises NumericalTrouble where the method finds none, as where the set has no
        interior."""
        import clarabel
        import scipy.sparse as sp

        terms = [(k, j, by) for k, sums in enumerate(apart) for j, by in sums.items()]
        at_k, at_j, by = (np.array(part) for part in zip(*terms, strict=True)) if terms else (np.zeros(0, int),) * 3
        ties = sp.csc_matrix((by, (at_k, at_j)), shape=(len(apart), len(self.lower)))
        counting = weight > 0
        counting[at_j] = True
        pressing = self.pressing(counting)
        matrix = pressing.matrix.tocsr()
        stands = counting | (np.bincount(matrix.indices, minlength=len(counting)) > 0)
        free = stands & (self.lower < self.upper)
        fixed = np.where(free, 0.0, np.clip(0.0, self.lower, self.upper))
        rest = matrix @ fixed
        rows = sp.vstack([matrix[:, free], sp.identity(int(free.sum()), format="csr")]).tocsr()
        low = np.concatenate([pressing.row_lower - rest, self.lower[free]])
        high = np.concatenate([pressing.row_upper - rest, self.upper[free]])
        used = np.diff(rows.indptr) > 0
        equal = used & (low == high)
        below, above = used & np.isfinite(high) & ~equal, used & np.isfinite(low) & ~equal
        stacked = sp.vstack([rows[equal], rows[below], -rows[above]]).tocsr()
        sides = np.concatenate([high[equal], high[below], -low[above]])
        size = np.asarray(abs(stacked).max(axis=1).todense()).ravel()
        stacked, sides = sp.diags(1 / size) @ stacked, sides / size
        cones = [clarabel.ZeroConeT(int(equal.sum())), clarabel.NonnegativeConeT(int(below.sum() + above.sum()))]
        settings = clarabel.DefaultSettings()
        settings.verbose, settings.max_iter, settings.max_threads = False, ITERATIONS, 1
        is_large = int(free.sum()) >= LARGE
        settings.direct_solve_method = "faer" if is_large else "qdldl"
        squares = sp.triu(sp.diags(weight[free]) + ties[:, free].T @ ties[:, free], format="csc")
        costs = ties[:, free].T @ (ties @ fixed) - weight[free] * target[free]
        for tolerance, scaled in ATTEMPTS[1:] if is_large else ATTEMPTS:
            settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = tolerance
            settings.equilibrate_enable = scaled
            # What is found is held to the tolerance whatever its linear systems were solved to.
            settings.iterative_refinement_enable = False
            settings.static_regularization_constant = REGULARISED
            found = clarabel.DefaultSolver(squares, costs, stacked.tocsc(), sides, cones, settings).solve()
            if str(found.status) == "Solved":
                break
        if str(found.status) not in ("Solved", "AlmostSolved"):
            raise NumericalTrouble(f"no mix stands for those nearly as good: {found.status} (Clarabel)")
        out = fixed.copy()
        out[free] = np.clip(np.array(found.x), self.lower[free], self.upper[free])
        return out


def examples(members: Array, sums: Array, ends: Ends, count: int) -> list[int]:
    """Places of some of the members, (member, column), which together reach as much as they can of all ranges: each
    next one is that which adds most to the mean part of the ranges between the least and the largest of those chosen.

    sums: (sum, column). Sums that do not move are left out.
    """
    width = ends.high - ends.low
    moving = width > 1e-9 * max(float(width.max(initial=0.0)), 1e-300)
    values = (members @ sums[moving].T) / width[moving]
    chosen: list[int] = []
    while len(chosen) < min(count, len(members)) and moving.any():
        if chosen:
            low, high = values[chosen].min(axis=0), values[chosen].max(axis=0)
            gain = (np.maximum(values, high) - np.minimum(values, low)).sum(axis=1)
        else:
            # Of the first one any does, so that whose values lie farthest out together.
            gain = np.abs(values - values.mean(axis=0)).sum(axis=1)
        gain[chosen] = -np.inf
        chosen.append(int(gain.argmax()))
    return chosen
