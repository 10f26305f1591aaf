"""The interval of a change between two scenarios, from the low and high end of each chemistry family's intensity."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray


class Interval(NamedTuple):
    """A central value between the ends it may reach, in one unit; NaN where it is not defined."""

    low: float
    value: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether both ends and the value lie on one side of zero. An end that is not defined excludes nothing."""
        return (self.low > 0 and self.value > 0) or (self.high < 0 and self.value < 0)


def change(base: ArrayLike, other: ArrayLike) -> Interval:
    """Relative change from `base` to `other` (−0.25 is 25 % less), with the exact ends it may reach.

    base, other: kt, shape (family, 3), columns low, central, high. The change is Σ other ÷ Σ base − 1 over families.
    A family stands at one place between its ends in both scenarios at once, since it is the same intensity; the places
    of different families are free of each other.

    Why looking at low, central and high is enough. Move one family and hold the rest: from low to central, and from
    central to high, numerator and denominator are both straight lines in its place and the denominator is positive.
    A ratio of two straight lines only rises or only falls, so nothing between those three places reaches further out.
    That holds for every family in turn, so the ends are reached with each family at its low, central or high.

    NaN where the base has no central demand; NaN ends where the base may vanish altogether.
    """
    below, above = np.atleast_2d(np.asarray(base, float)), np.atleast_2d(np.asarray(other, float))
    if below.shape != above.shape or below.shape[1] != 3:
        raise ValueError(f"base and other must both have the shape (family, 3), not {below.shape} and {above.shape}")
    central = below[:, 1].sum()
    if not central > 0:
        return Interval(np.nan, np.nan, np.nan)
    value = float(above[:, 1].sum() / central - 1)
    if not below.min(axis=1).sum() > 0:
        return Interval(np.nan, value, np.nan)
    return Interval(_least_ratio(above, below) - 1, value, -_least_ratio(-above, below) - 1)


def _least_ratio(above: NDArray[np.float64], below: NDArray[np.float64]) -> float:
    """Least Σ above ÷ Σ below when each row picks one of its columns; `below` sums to more than zero in every pick.

    Dinkelbach's method: a pick beats the ratio q exactly where Σ (above − q · below) < 0, and that sum is least where
    each row picks its own least term. So rows are settled one by one and no combination is enumerated.
    (Dinkelbach 1967, Management Science 13, 492–498.)
    """
    rows = np.arange(len(below))
    ratio = float(above[:, 1].sum() / below[:, 1].sum())
    while True:
        pick = (above - ratio * below).argmin(axis=1)
        better = float(above[rows, pick].sum() / below[rows, pick].sum())
        if not better < ratio:
            return ratio
        ratio = better
