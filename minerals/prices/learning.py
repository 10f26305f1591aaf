"""One-factor learning curves: each doubling of the energy ever made lowers the price by the learning rate.

A curve says what a price does if nothing but experience moves it. It has no price of lithium or nickel in it but for a
floor, where one is given: what the minerals cost, which experience does not lower. Far below its anchor, or from a
start of a few GWh, it is a direction and no forecast.
Wright (1936), J. Aeronautical Sciences 3, 122–128; for batteries Ziegler and Trancik (2021), doi:10.1039/D0EE02681F.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


class Fit(NamedTuple):
    """A learning rate fitted to points, between two standard errors of its slope; r2: share of variance explained."""

    rate: float
    low: float
    high: float
    r2: float
    points: int


def exponent(rate: ArrayLike) -> Array:
    """Power of the curve, log2(1 − rate): zero without learning, negative with it. Raises ValueError."""
    rates = np.asarray(rate, float)
    if not ((rates >= 0) & (rates < 1)).all():
        raise ValueError(f"a learning rate is at least 0 and below 1, not {rates}")
    return np.asarray(np.log2(1 - rates))


def price(
    anchor: ArrayLike, cumulative: ArrayLike, at_anchor: ArrayLike, rate: ArrayLike, floor: ArrayLike = 0.0
) -> Array:
    r"""Price [USD_2025/kWh] at a cumulative energy [GWh].

    $$p(E) = p_f + (p_0 - p_f) (E / E_0)^{\log_2 (1 - r)} \qquad [\mathrm{USD\_2025/kWh}]$$

    anchor: $p_0$; cumulative: $E$; at_anchor: $E_0$, cumulative energy in the year of the anchor; rate: $r$, of
    learning; floor: $p_f$, the part of the price that is not learnt away [USD_2025/kWh], so that what is above it
    falls. All broadcast. Raises ValueError.
    """
    anchors, now, then = (np.asarray(each, float) for each in (anchor, cumulative, at_anchor))
    if not ((anchors > 0).all() and (now > 0).all() and (then > 0).all()):
        raise ValueError("a price and the energy made so far are above zero")
    kept = np.asarray(floor, float)
    if not ((kept >= 0) & (kept < anchors)).all():
        raise ValueError("a floor is at least zero and below the price that the curve starts from")
    return np.asarray(kept + (anchors - kept) * (now / then) ** exponent(rate))


def energy_for(
    target: ArrayLike, anchor: ArrayLike, at_anchor: ArrayLike, rate: ArrayLike, floor: ArrayLike = 0.0
) -> Array:
    """Cumulative energy [GWh] at which a curve comes to the price `target`: `price` inverted; inf without learning, and
    for a target at the floor or below."""
    power = -np.abs(exponent(rate))  # Without learning −0, whose inverse is −∞.
    kept = np.asarray(floor, float)
    above = np.maximum(np.asarray(target, float) - kept, 0.0)
    with np.errstate(divide="ignore", over="ignore"):
        ratio = (above / (np.asarray(anchor, float) - kept)) ** (1 / power)
    return np.asarray(np.asarray(at_anchor, float) * ratio)


def doublings(energy: ArrayLike, at_anchor: ArrayLike) -> Array:
    """How often the cumulative energy has doubled since the anchor: the further, the less a curve is to be trusted."""
    return np.asarray(np.log2(np.asarray(energy, float) / np.asarray(at_anchor, float)))


def cumulative(start: ArrayLike, additions: ArrayLike) -> Array:
    """Energy ever put into use [GWh] at the end of each year, (…, 1 + year): `start` (…), then each year's addition."""
    first, added = np.asarray(start, float)[..., None], np.asarray(additions, float)
    return np.concatenate([first, first + np.cumsum(added, axis=-1)], axis=-1)


def curve(anchor: Array, energy: Array, at: int, rate: Array, floor: Array | None = None) -> Array:
    """Prices with their ends, (3, year): value, low, high, from the same three of anchor, energy, rate and floor.

    anchor, rate, floor: (3,); energy: cumulative, (3, year); at: position of the anchor's year. The low end takes what
    makes the price fall furthest, all at once: the low anchor and floor, the high rate, and the low start, from which
    the same GWh are more doublings; the high end the opposite. It bounds the price and is no percentile.
    """
    worst = np.array([0, 2, 1])  # A high rate belongs to the low price.
    kept = np.zeros(3) if floor is None else floor
    return price(anchor[:, None], energy, energy[:, at, None], rate[worst, None], kept[:, None])


def fit(energy: ArrayLike, prices: ArrayLike) -> Fit:
    """Learning rate by least squares of log2 price on log2 cumulative energy, each point alike. Raises ValueError.

        rate = 1 − 2^slope

    The ends take the slope two standard errors up and down.
    """
    x, y = (np.asarray(each, float) for each in (energy, prices))
    if len(x) < 3 or len(np.unique(x)) < 2:
        raise ValueError("a learning rate is fitted to three points or more, of more than one cumulative energy")
    if not ((x > 0).all() and (y > 0).all()):
        raise ValueError("a price and the energy made so far are above zero")
    u, v = np.log2(x) - np.log2(x).mean(), np.log2(y) - np.log2(y).mean()
    slope = float(u @ v / (u @ u))
    rest = v - slope * u
    error = float(np.sqrt(rest @ rest / (len(x) - 2) / (u @ u)))
    value, low, high = (1 - 2 ** (slope + step * error) for step in (0, 2, -2))
    explained = 1 - float(rest @ rest / (v @ v)) if v.any() else 1.0
    return Fit(value, low, high, explained, len(x))
