"""Designs of what is uncertain: stratified uniform numbers, and the distribution that low, value and high stand for."""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def latin_hypercube(draws: int, factors: int, seed: int, block: int = 0) -> Array:
    """(draw, factor) in (0, 1): each factor has one number in each of `draws` equal strata (McKay et al. 1979).

    Each factor and block has a generator of its own, so that adding a factor leaves the others' numbers alone, and a
    block of a long study can be drawn without those before it.
    """
    out = np.empty((factors, draws))
    for factor in range(factors):
        out[factor] = stratified(draws, seed, factor, block)
    return out.T


def stratified(draws: int, *seed: int) -> Array:
    """One uniform number in each of `draws` equal strata of (0, 1), in random order, (draw)."""
    random = np.random.default_rng(seed)
    return np.asarray((random.permutation(draws) + random.random(draws)) / draws)


def _smooth(x: Array) -> Array:
    """Cumulative distribution of Beta(3, 3), the PERT with its mode in the middle."""
    return np.asarray(x**3 * (10 + x * (6 * x - 15)))


#: Quantiles of the lower half of Beta(3, 3), on a grid even in the fourth root of the probability.
_CELLS = 4096
_GRID = np.linspace(0.0, 0.5, 200_001)
_BELOW = _smooth(_GRID)
_ROOT = np.linspace(0.0, 0.5**0.25, _CELLS + 1)
_QUANTILE = np.interp(_ROOT**4, _BELOW, _GRID)
#: Distance from the middle to the 5th percentile.
_REACH = 0.5 - float(np.interp(0.05, _BELOW, _GRID))
_STEP = (0.5 - np.append(_QUANTILE, 0.5)) / _REACH
_RISE = np.diff(_STEP)


def split_pert(uniform: Array) -> tuple[Array, Array]:
    """How far below and above its value an input lies, as multiples of value − low and high − value.

    The distribution has two halves of a PERT (Beta(3, 3) on each side of the value, each side with its own width): its
    median is the value, its 5th and 95th percentiles are low and high, and its ends lie 1.61 times as far out. So

        input = value − below · (value − low) + above · (high − value)

    and inputs that share a uniform number move together, each within its own range. Quantiles are interpolated, to
    about 1e-5 of the distance to low or high.
    """
    root = np.sqrt(np.sqrt(np.minimum(uniform, 1.0 - uniform))) * (_CELLS / _ROOT[-1])
    cell = root.astype(np.intp)
    root -= cell
    root *= _RISE[cell]
    step = _STEP[cell] + root
    lower = uniform < 0.5
    return np.where(lower, step, 0.0), np.where(lower, 0.0, step)


def sides_of(uniform: Array, kind: type) -> NDArray[Any]:
    """What inputs are linear in, (1 + 2 · factor, draw): 1, and below and above of each factor in turn."""
    draws, factors = uniform.shape
    out = np.ones((1 + 2 * factors, draws), kind)
    out[1::2], out[2::2] = split_pert(uniform.T)
    return out


def rows_of(columns: NDArray[np.intp]) -> NDArray[np.intp]:
    """Rows of `sides_of` that inputs with these factors are linear in: 1, below of each, above of each."""
    return np.concatenate([[0], 1 + 2 * columns, 2 + 2 * columns])


#: How far out a distribution ends, as a multiple of the distance to low or high.
_END = 0.5 / _REACH
#: The column of a series that is certain.
NONE = -1


def ranged(ends: Array, below: Array, above: Array, most: float = np.inf) -> Array:
    """Values (draw, …) of inputs with ends (3, …) = value, low, high; below and above: (draw, …) or broadcast to it.

    Tails beyond what is physical are cut: no input is below 0 or above `most` (1 for a share).
    """
    value, low, high = ends
    drawn: Array = np.clip(value - below * (value - low) + above * (high - value), 0.0, most)
    return drawn


class Ranged:
    """An array of uncertain inputs in every draw, as `ranged` gives it, by one matrix product with their factors.

    ends: (3, …) value, low, high; column: factor of each series, (…) without the last axes of `ends`, along which a
    series runs, and NONE where it is certain; most: as in `ranged`; kind: precision. matrix: (row of `rows_of`, place)
    what they are linear in times, and cut: which of them have a tail that is cut, (place), with all axes in one.
    """

    def __init__(self, ends: Array, column: NDArray[np.intp], most: float = np.inf, kind: type = np.float64) -> None:
        self.shape = ends.shape[1:]
        along = ends.ndim - 1 - column.ndim
        of = np.broadcast_to(column[(...,) + (None,) * along], self.shape).ravel()
        value, low, high = ends.reshape(3, -1)
        self.columns = np.setdiff1d(of, [NONE])
        self.rows = rows_of(self.columns)
        mine = of == self.columns[:, None]
        self.matrix: Array = np.vstack([value[None], mine * (low - value), mine * (high - value)]).astype(kind)
        self.most = most
        tails = np.stack([value + _END * (low - value), value + _END * (high - value)])
        self.cut = (of != NONE) & ((tails[0] < 0) | (tails[1] > most))

    def at(self, first: int, years: slice | list[int]) -> Ranged:
        """The same inputs with the first axis repeated to a length, in some of the years, their last axis."""
        matrix, cut = self.matrix.reshape(-1, *self.shape)[..., years], self.cut.reshape(1, *self.shape)[..., years]
        return self._with(*(np.broadcast_to(each, (len(each), first, *each.shape[2:])) for each in (matrix, cut)))

    def alike(self) -> Ranged:
        """The same inputs with all axes of length 1 where all of them are alike."""
        matrix, cut, one = self.matrix[:, :1], self.cut[:1], (1,) * len(self.shape)
        if (self.matrix != matrix).any() or (self.cut != cut).any():
            return self
        return self._with(matrix.reshape(-1, *one), cut.reshape(-1, *one))

    def _with(self, matrix: NDArray[Any], cut: NDArray[Any]) -> Ranged:
        """The same inputs at other places: matrix, (row, …), and cut, (1, …)."""
        other = copy(self)
        other.shape = matrix.shape[1:]
        other.matrix, other.cut = np.ascontiguousarray(matrix).reshape(len(matrix), -1), cut.ravel()
        return other

    def part(self, place: tuple[int, ...], years: slice | list[int]) -> Ranged:
        """The inputs at one place of the first axes, in some of the years, their last axis."""
        at: tuple[int | slice, ...] = (slice(None), *place)
        both = (each.reshape(-1, *self.shape)[at][..., years] for each in (self.matrix, self.cut))
        return self._with(*both)

    def draw(self, sides: Array) -> Array:
        """(draw, …) for sides as `sides_of` gives them; (1, …) where nothing is uncertain."""
        if not len(self.columns):
            return np.reshape(self.matrix[0], (1, *self.shape))
        drawn = sides[self.rows].T @ self.matrix
        if self.cut.any():
            np.clip(drawn, 0.0, self.most, out=drawn)
        return np.reshape(drawn, (len(drawn), *self.shape))

    def beyond(self, sides: Array) -> tuple[NDArray[np.intp], Array]:
        """Draws in which a tail is cut, and by how much their values are more for it, (these, place).

        Ends are the 5th and 95th percentile, so that at most one draw in ten is cut by each factor.
        """
        drawn = sides[self.rows].T @ self.matrix[:, self.cut]
        more = np.clip(drawn, 0.0, self.most) - drawn
        draws = np.flatnonzero(more.any(axis=1))
        beyond = np.zeros((len(draws), len(self.cut)), more.dtype)
        beyond[:, self.cut] = more[draws]
        return draws, beyond
