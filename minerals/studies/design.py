"""Designs of uncertain studies: stratified uniform numbers, and the distribution that low, value and high stand for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def latin_hypercube(draws: int, factors: int, seed: int) -> Array:
    """(draw, factor) in (0, 1): each factor has one number in each of `draws` equal strata (McKay et al. 1979).

    Each factor has a generator of its own, so that adding a factor leaves the others' numbers alone.
    """
    out = np.empty((draws, factors))
    for factor in range(factors):
        random = np.random.default_rng([seed, factor])
        out[:, factor] = (random.permutation(draws) + random.random(draws)) / draws
    return out


def _smooth(x: Array) -> Array:
    """Cumulative distribution of Beta(3, 3), the PERT with its mode in the middle."""
    return np.asarray(x**3 * (10 + x * (6 * x - 15)))


#: Quantiles of Beta(3, 3) on a fine grid, for interpolation.
_GRID = np.linspace(0.0, 1.0, 20_001)
_CDF = _smooth(_GRID)
#: Distance from the middle to the 5th percentile.
_REACH = 0.5 - float(np.interp(0.05, _CDF, _GRID))


def split_pert(uniform: Array) -> tuple[Array, Array]:
    """How far below and above its value an input lies, as multiples of value − low and high − value.

    The distribution has two halves of a PERT (Beta(3, 3) on each side of the value, each side with its own width): its
    median is the value, its 5th and 95th percentiles are low and high, and its ends lie 1.61 times as far out. So

        input = value − below · (value − low) + above · (high − value)

    and inputs that share a uniform number move together, each within its own range.
    """
    step = (np.interp(uniform, _CDF, _GRID) - 0.5) / _REACH
    return np.maximum(-step, 0.0), np.maximum(step, 0.0)


def ranged(ends: Array, below: Array, above: Array, most: float = np.inf) -> Array:
    """Values (draw, …) of inputs with ends (3, …) = value, low, high; below and above: (draw, …) or broadcast to it.

    Tails beyond what is physical are cut: no input is below 0 or above `most` (1 for a share).
    """
    value, low, high = ends
    drawn: Array = np.clip(value - below * (value - low) + above * (high - value), 0.0, most)
    return drawn
