"""How a new cell spreads: logistic and Gompertz curves of a market share, and their fit to shares observed.

Pure functions of numbers. Both curves rise from nothing to a ceiling; they differ in where they bend. A negative
speed, which only a fit gives, is a share that falls from the ceiling to nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .haste import value_class

Array = NDArray[np.float64]
#: Steps of a fit, halvings of one step, and the relative gain below which it is done.
STEPS, HALVINGS, DONE = 200, 40, 1e-15
#: A line that rises by less than this over all its years is flat.
FLAT = 1e-6


def logistic(year: Any, ceiling: float, midpoint: float, speed: float) -> Array:
    """Share where those who have it bring it to those who do not: half the ceiling at the midpoint, symmetric.

        share = ceiling / (1 + exp(−speed · (year − midpoint)))

    Fisher and Pry (1971), Technological Forecasting and Social Change 3:75–88, doi:10.1016/S0040-1625(71)80005-7, for
    a ceiling of one.
    """
    return ceiling * SHAPES["logistic"](speed * (np.asarray(year, float) - midpoint))


def gompertz(year: Any, ceiling: float, midpoint: float, speed: float) -> Array:
    """Share that starts fast and nears its ceiling slowly.

        share = ceiling · exp(−exp(−speed · (year − midpoint)))

    It grows fastest at ceiling / e, in the midpoint year.
    """
    return ceiling * SHAPES["gompertz"](speed * (np.asarray(year, float) - midpoint))


def _bounded(exponent: Array) -> Array:
    """An exponent whose exponential is a number; beyond it the curve is at 0 or at its ceiling all the same."""
    return np.clip(exponent, -700.0, 700.0)


#: Share of the ceiling along the straight line speed · (year − midpoint), and how steep it is there.
SHAPES: dict[str, Callable[[Array], Array]] = {
    "logistic": lambda line: 1.0 / (1.0 + np.exp(_bounded(-line))),
    "gompertz": lambda line: np.exp(-np.exp(_bounded(-line))),
}
SLOPES: dict[str, Callable[[Array], Array]] = {
    "logistic": lambda line: SHAPES["logistic"](line) * SHAPES["logistic"](-line),
    "gompertz": lambda line: SHAPES["gompertz"](line) * np.exp(_bounded(-line)),
}
CURVES: dict[str, Callable[[Any, float, float, float], Array]] = {"logistic": logistic, "gompertz": gompertz}


@value_class
class CurveFit:
    """A fitted curve: midpoint [year], speed [1/year], root of the mean squared error of the share."""

    midpoint: float
    speed: float
    rmse: float


def fit(curve: str, years: Sequence[int], shares: Sequence[float], ceiling: float) -> CurveFit:
    """Midpoint and speed of a curve by least squares on the shares themselves; the ceiling is given.

    The ceiling is not fitted, since shares observed far below it say next to nothing about it. Start: the straight
    line speed · (year − midpoint) through the shares that lie between 0 and the ceiling, transformed by
    ln(share / (ceiling − share)) or −ln(ln(ceiling / share)). Then Gauss–Newton steps, each halved until the error
    falls, so that the same shares always give the same curve. Raises ValueError where two parameters cannot be found.
    """
    year, share = np.asarray(years, float), np.asarray(shares, float)
    inside = (share > 0) & (share < ceiling)
    if len(set(year[inside].tolist())) < 2:
        raise ValueError(f"fewer than two of them lie between 0 and the ceiling of {ceiling:g}")
    ratio = share[inside] / ceiling
    line = np.log(ratio / (1 - ratio)) if curve == "logistic" else -np.log(-np.log(ratio))
    if np.ptp(share[inside]) == 0:
        raise ValueError("they do not change, so they say nothing of speed and midpoint")
    centre = float(year.mean())  # Years are counted from their mean: four digits would cost four of precision.
    powers = np.stack([np.ones_like(year), year - centre], axis=1)
    found = _least_squares(powers[inside], line)
    error = _error(curve, powers, share / ceiling, found)
    for _ in range(STEPS):
        missing = share / ceiling - SHAPES[curve](powers @ found)
        step = _least_squares(SLOPES[curve](powers @ found)[:, None] * powers, missing)
        tries = (found + step * 0.5**halving for halving in range(HALVINGS))
        better = next((tried for tried in tries if _error(curve, powers, share / ceiling, tried) < error), None)
        if better is None:
            break
        before, found, error = error, better, _error(curve, powers, share / ceiling, better)
        if before - error <= DONE * before:
            break
    offset, speed = map(float, found)
    if abs(speed) * np.ptp(year) < FLAT:
        raise ValueError("they neither rise nor fall, so they say nothing of speed and midpoint")
    return CurveFit(centre - offset / speed, speed, ceiling * float(np.sqrt(error / len(share))))


def _error(curve: str, powers: Array, ratio: Array, found: Array) -> float:
    """Sum of squared errors of the share of the ceiling; found: offset and speed of the straight line."""
    return float(np.sum((SHAPES[curve](powers @ found) - ratio) ** 2))


def _least_squares(slopes: Array, values: Array) -> Array:
    return np.asarray(np.linalg.lstsq(slopes, values, rcond=None)[0])
