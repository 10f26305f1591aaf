"""Survival of cohorts: the share of what was put into use in one year that is still in use at the end of another.

A lifetime is a distribution with a mean and a spread (standard deviation ÷ mean); the distribution's own parameters
follow from the two, so that an uncertain mean keeps its shape. `weibull`, `normal`, `lognormal` and `fixed` are known.
Closed forms: a Weibull survival is one `exp`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

#: When in its year a cohort enters use, as the age [years] it has at the end of that year.
AGE_AT_YEAR_END = {"start": 1.0, "middle": 0.5, "end": 0.0}

_erfc: Callable[[ArrayLike], Array] = np.vectorize(math.erfc, otypes=[float])


def survival(distribution: str, age: ArrayLike, mean: ArrayLike, spread: ArrayLike) -> Array:
    r"""Share still in use at an age [years]; age, mean [years] and spread [1] broadcast.

    $$S_{\mathrm{weibull}}(a) = e^{-(a / \lambda)^k}, \qquad
      S_{\mathrm{normal}}(a) = 1 - \Phi \Bigl( \frac{a - \mu}{\mu s} \Bigr), \qquad
      S_{\mathrm{lognormal}}(a) = 1 - \Phi \Bigl( \frac{\ln (a / \mu) + \sigma^2 / 2}{\sigma} \Bigr)$$

    with the age $a$, the mean $\mu$ and the spread $s$ of a life, $\sigma^2 = \ln (1 + s^2)$, the shape $k$ of
    `weibull_shape` and the scale $\lambda = \mu / \Gamma(1 + 1/k)$. normal: no truncation, so a little is lost before
    age 0 and leaves in the first year; lognormal: by the mean and standard deviation of the life itself; fixed: 1 below
    the mean, 0 from it on.
    Raises ValueError for an unknown distribution, a mean ≤ 0, or a spread ≤ 0 where one is needed.
    """
    age, mean, spread = (np.asarray(x, dtype=float) for x in (age, mean, spread))
    if not (mean > 0).all():
        raise ValueError("a lifetime must be above 0 years")
    if distribution == "fixed":
        return np.asarray(np.where(age < mean, 1.0, 0.0))
    if not (spread > 0).all():
        raise ValueError(f"the spread of a {distribution} lifetime must be above 0")
    if distribution == "weibull":
        shape = weibull_shape(spread)
        scale = mean / np.exp(_lgamma(1 + 1 / shape))
        return np.asarray(np.exp(-((np.maximum(age, 0.0) / scale) ** shape)))
    if distribution == "normal":
        return 0.5 * _erfc((age - mean) / (mean * spread * math.sqrt(2)))
    if distribution == "lognormal":
        sigma = np.sqrt(np.log1p(spread**2))
        with np.errstate(divide="ignore"):
            score = (np.log(np.maximum(age, 0.0)) - np.log(mean) + sigma**2 / 2) / sigma
        return 0.5 * _erfc(score / math.sqrt(2))
    raise ValueError(f"unknown distribution {distribution}; known: weibull, normal, lognormal, fixed")


_lgamma: Callable[[ArrayLike], Array] = np.vectorize(math.lgamma, otypes=[float])


def weibull_shape(spread: ArrayLike) -> Array:
    r"""Shape $k$ of the Weibull distribution with a given spread $s$.

    $$\frac{\Gamma(1 + 2/k)}{\Gamma(1 + 1/k)^2} = 1 + s^2$$

    Bisection on log k to machine precision; spreads from 0.01 to 10.
    """
    spread = np.asarray(spread, dtype=float)
    known, place = np.unique(spread, return_inverse=True)
    return np.array([_shape(float(one)) for one in known])[place].reshape(spread.shape)


@cache
def _shape(spread: float) -> float:
    target, low, high = math.log1p(spread**2), math.log(0.1), math.log(500.0)
    for _ in range(60):
        middle = (low + high) / 2
        k = math.exp(middle)
        wider = math.lgamma(1 + 2 / k) - 2 * math.lgamma(1 + 1 / k) > target
        low, high = (middle, high) if wider else (low, middle)
    return math.exp((low + high) / 2)


def survival_matrix(years: int, inflow: str, distribution: str, mean: ArrayLike, spread: ArrayLike) -> Array:
    """(…, year, cohort): share of each cohort still in use at the end of each year; 0 before the cohort exists.

    years: how many, consecutive; inflow: start, middle or end of the year; mean and spread: (…, cohort) or (…, 1), so a
    lifetime may differ by cohort. Raises ValueError as `survival`, and for an unknown inflow.
    """
    if inflow not in AGE_AT_YEAR_END:
        raise ValueError(f"unknown inflow {inflow}; known: {', '.join(AGE_AT_YEAR_END)}")
    year, cohort = np.ogrid[:years, :years]
    age = year - cohort + AGE_AT_YEAR_END[inflow]
    mean, spread = (np.asarray(x, dtype=float)[..., None, :] for x in (mean, spread))
    return np.where(year >= cohort, survival(distribution, np.maximum(age, 0.0), mean, spread), 0.0)
