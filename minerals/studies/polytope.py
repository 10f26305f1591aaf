r"""Sets of mixes that keep linear limits: how far a sum of shares reaches in one, draws spread evenly over it, and what
would have to give way where there is none.

    P = { x : 0 ≤ x ≤ 1, low ≤ matrix · x ≤ high }

**Ranges** are two linear programmes each, on one hot basis, whose values no solver changes.

**Draws** are those of hit-and-run: from a point, a direction is drawn at random, and the next point evenly on the line
in that direction as far as it lies in P. In the limit points are spread evenly over P (Smith 1984,
doi:10.1287/opre.32.6.1296). Directions are drawn in coordinates in which a first walk has no correlation and unit
variance, so that long and narrow sets are crossed no more slowly than round ones (rounding, as in Haraldsdóttir et al.
2017, doi:10.1093/bioinformatics/btx052). Limits that hold with equality all over P, such as the sum of shares, are
found by the linear programmes and leave the coordinates.

**Contradictions**: where P is empty, limits may be broken at a price of one for each unit (Chinneck, Dravnieks 1991).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import highspy
import numpy as np
from numpy.typing import NDArray

from ..errors import NumericalTrouble
from ..haste import frozen
from ..highs import INF, accepted, run, solver

Array = NDArray[np.float64]
Status = highspy.HighsModelStatus
#: A limit whose largest slack is less holds with equality, and limits broken by less in all are kept.
TIGHT = 1e-7
#: Room to a wall that counts as none, as after a step right up to it.
LEAST = 1e-12
#: Walks side by side, and draws that each gives a block.
WALKS, KEPT = 500, 20
#: Steps before the first draw of a walk, and from one draw to the next.
BURN, THIN = 100, 20
#: Rounds of the walk that finds the coordinates, steps of each, and walks side by side.
ROUNDS, STEPS, PILOTS = 4, 150, 200
#: Draws of a block.
BLOCK = WALKS * KEPT


@frozen
class Polytope:
    """Shares x from 0 to 1 with low ≤ matrix · x ≤ high. matrix: (limit, share); low, high: (limit)."""

    matrix: Array
    low: Array
    high: Array

    def __post_init__(self) -> None:
        assert len(self.matrix) == len(self.low) == len(self.high)

    @property
    def shares(self) -> int:
        """How many shares there are."""
        return int(self.matrix.shape[1])

    def slack(self, x: Array) -> Array:
        """Distance of a point from the nearer end of each limit, (limit); negative where it breaks it."""
        value = self.matrix @ x
        return np.asarray(np.minimum(value - self.low, self.high - value))


class Programme:
    """The linear programme of a polytope, solved again and again from the basis before.

    give: limits that may be broken at a price of one for each unit, by number.
    """

    def __init__(self, polytope: Polytope, give: Sequence[int] = ()) -> None:
        self.shares = polytope.shares
        slacks = np.zeros((len(polytope.low), 2 * len(give)))
        for at, limit in enumerate(give):
            slacks[limit, 2 * at : 2 * at + 2] = 1.0, -1.0
        matrix = np.hstack([polytope.matrix, slacks])
        rows, self.columns = matrix.shape
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = self.columns, rows
        model.col_cost_ = np.append(np.zeros(self.shares), np.ones(2 * len(give)))
        model.col_lower_ = np.zeros(self.columns)
        model.col_upper_ = np.append(np.ones(self.shares), np.full(2 * len(give), INF))
        model.row_lower_, model.row_upper_ = polytope.low, polytope.high
        model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        model.a_matrix_.start_ = np.arange(self.columns + 1, dtype=np.int32) * rows
        model.a_matrix_.index_ = np.tile(np.arange(rows, dtype=np.int32), self.columns)
        model.a_matrix_.value_ = matrix.T.ravel()
        self.highs = solver()
        accepted(self.highs.passModel(model), "the limits of a set of mixes")

    def least(self, direction: Array) -> Array | None:
        """The shares at which a sum of them is least, (share); None where no shares keep the limits."""
        accepted(
            self.highs.changeColsCost(self.shares, np.arange(self.shares, dtype=np.int32), direction), "an objective"
        )
        status = run(self.highs)
        if status == Status.kInfeasible:
            return None
        if status != Status.kOptimal:
            raise NumericalTrouble(f"HiGHS stopped without an answer: {self.highs.modelStatusToString(status)}")
        return np.asarray(self.highs.getSolution().col_value)[: self.shares]

    def broken(self) -> Array | None:
        """By how much the limits that may give way do where that is least in all, (give); None where none is enough."""
        if self.least(np.zeros(self.shares)) is None:
            return None
        found = np.asarray(self.highs.getSolution().col_value)[self.shares :].reshape(-1, 2)
        return np.asarray(found[:, 0] - found[:, 1])  # above 0: it would have to be lower


def ranges(polytope: Polytope, directions: Array) -> tuple[Array, Array] | None:
    """Least and most of each sum of shares, (sum, 2), and the shares there, (sum, 2, share); None where P is empty.

    directions: (sum, share).
    """
    programme = Programme(polytope)
    points = np.empty((len(directions), 2, polytope.shares))
    for at, direction in enumerate(directions):
        for end, sign in enumerate((1.0, -1.0)):
            found = programme.least(sign * direction)
            if found is None:
                return None
            points[at, end] = found
    return np.einsum("kes,ks->ke", points, directions), points


def least_change(polytope: Polytope, give: Sequence[int]) -> Array | None:
    """By how much these limits are broken where the rest holds and that is least in all, (give): positive where a limit
    would have to be lower, 0 where it holds as it is. None where the rest contradicts itself."""
    return Programme(polytope, give).broken()


def contradiction(polytope: Polytope, give: Sequence[int]) -> list[int]:
    """A smallest set of these limits that contradict each other while the rest holds: without any one of them there are
    shares that keep the others. A deletion filter."""
    kept = list(give)
    for limit in give:
        fewer = [other for other in kept if other != limit]
        if Programme(_without(polytope, set(give) - set(fewer))).least(np.zeros(polytope.shares)) is None:
            kept = fewer
    return kept


def _without(polytope: Polytope, limits: set[int]) -> Polytope:
    kept = [limit for limit in range(len(polytope.low)) if limit not in limits]
    return replace(polytope, matrix=polytope.matrix[kept], low=polytope.low[kept], high=polytope.high[kept])


@frozen
class Walk:
    """Hit-and-run in a polytope: x = centre + z · across, where walls · z ≤ room.

    centre: a point inside, (share); across: (coordinate, share); walls: (wall, coordinate); room: (wall).
    """

    centre: Array
    across: Array
    walls: Array
    room: Array

    def steps(self, z: Array, count: int, random: np.random.Generator) -> Array:
        """Where walks are after a number of steps, (coordinate, walk)."""
        room = self.room[:, None] - self.walls @ z
        for _ in range(count):
            direction = random.standard_normal(z.shape)
            speed = self.walls @ direction
            # A wall is reached after room ÷ speed: the nearest ahead has the highest inverse, behind the lowest.
            soon = speed / np.maximum(room, LEAST)
            most, least = 1 / soon.max(axis=0), 1 / soon.min(axis=0)
            at = least + random.random(z.shape[1]) * (most - least)
            z = z + at * direction
            room -= at * speed
        return z

    def block(self, seed: int, number: int) -> Array:
        """Draws of a block, (BLOCK, share): walks from the centre, each with its own way; one after the other."""
        if not len(self.across):
            return np.tile(self.centre, (BLOCK, 1))
        random = np.random.default_rng([seed, number])
        z = self.steps(np.zeros((len(self.across), WALKS)), BURN, random)
        found = np.empty((KEPT, WALKS, len(self.centre)))
        for kept in range(KEPT):
            z = self.steps(z, THIN, random)
            found[kept] = self.centre + z.T @ self.across
        return found.reshape(BLOCK, -1)


def walk(polytope: Polytope, seed: int) -> Walk | None:
    """A walk in round coordinates; None where the polytope is empty. seed: of the first walk, which finds these."""
    every = np.vstack([polytope.matrix, np.eye(polytope.shares)])
    low, high = np.append(polytope.low, np.zeros(polytope.shares)), np.append(polytope.high, np.ones(polytope.shares))
    found = ranges(polytope, every)
    if found is None:
        return None
    ends, points = found
    # The mean of points of which each is as far as can be from one limit is inside of all that can be left.
    centre = points.reshape(-1, polytope.shares).mean(axis=0)
    tight = (high - ends[:, 0] < TIGHT) | (ends[:, 1] - low < TIGHT)
    across = _level(every[tight], polytope.shares)
    above, below = ~tight & (high - ends[:, 1] < TIGHT), ~tight & (ends[:, 0] - low < TIGHT)  # Others are never met.
    walls = np.vstack([every[above], -every[below]])
    room = np.append(high[above], -low[below]) - walls @ centre
    here = Walk(centre, across, walls @ across.T, room)
    random = np.random.default_rng([seed, 0, 0])
    for _ in range(ROUNDS if len(across) else 0):
        z = here.steps(np.zeros((len(across), PILOTS)), STEPS, random)
        spread = np.linalg.cholesky(np.cov(z).reshape(len(across), -1)).T
        here = replace(here, across=spread @ here.across, walls=here.walls @ spread.T)
    return here


def _level(rows: Array, shares: int) -> Array:
    """Directions in which none of these sums of shares moves, orthonormal, (direction, share)."""
    if not len(rows):
        return np.eye(shares)
    _, sizes, right = np.linalg.svd(rows)
    return np.asarray(right[int((sizes > TIGHT * sizes[0]).sum()) :])
