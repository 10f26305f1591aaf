"""How long a stop lasts: what is lost in its months, and how far a stock goes.

A stop of L months needs L/12 of a year's plan, from L/12 of what there is in a year, and from a stock that is consumed
once. The stock replaces what the stop takes, and no more. So all right-hand sides of the linear programme scale with
L/12, and its optimum V with them:

    V(L/12 · supply + stock) = L/12 · V(supply + 12/L · stock)

A stop of L months is a year's question about a stock 12/L as large, and a stock of s months of need covers s of the L
months. It is spread evenly over them: V is concave, so where months are alike nothing loses less. A stop of more than a
year is the sum of its years: each has its part of the months, and of the stock as many months of its own need. Nothing
answers to prices, neither plan nor supply: of a stop of more than about a year this is an upper end.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..haste import frozen
from .disruption import at_risk
from .factory import Factory, Supplied

Array = NDArray[np.float64]
Places = NDArray[np.intp]

#: Months of a year.
YEAR = 12.0


def parts(months: float) -> list[float]:
    """Part of each year that a stop of some months fills, from its start on [1]."""
    years = months / YEAR
    return [min(years - year, 1.0) for year in range(math.ceil(years))]


@frozen
class Window:
    """Stops in one year. factory: of the plan of the year; without: what there is without a stop, a single question;
    hit: with each and no stock; need: that a stock is measured by, (node) [kt or GWh a year]."""

    factory: Factory
    without: Supplied
    hit: Supplied
    need: Array

    def take(self, some: Places) -> Window:
        """Some of the stops, each maybe several times."""
        return Window(self.factory, self.without, self.hit.take(some), self.need)

    @property
    def taken(self) -> Array:
        """What the stops take of each node, (question, node)."""
        without, left = np.broadcast_arrays(self.without.accessible, self.hit.accessible)
        return np.asarray(np.subtract(without, left, out=np.zeros_like(left), where=left < without))

    def replaced(self, months: Array) -> Array:
        """What a stock replaces of that, (question, node). months: of stock, spread over twelve, (question)."""
        return np.minimum(self.taken, np.outer(months / YEAR, self.need))

    def stocked(self, months: Array) -> Supplied:
        """What there is in the year with a stock of some months, (question)."""
        return self.hit.more(self.replaced(months))

    def at_risk(self, months: Array) -> Array:
        """GWh at risk in the year by best reallocation, (question, [batteries, cells made at home])."""
        return at_risk(self.factory, self.without, self.stocked(months))

    def months_that_halve(self) -> Array:
        """Months of stock, to a tenth, that halve what is at risk in the year, (question); NaN where nothing is, or a
        stock of a year does not."""
        out, some = np.full(len(self.hit), np.nan), np.arange(len(self.hit))
        less, more, half = np.zeros(len(some)), np.full(len(some), YEAR), np.zeros(0)
        for step in range(2):  # in months, then in their twelfths
            months = less[:, None] + (more - less)[:, None] * np.linspace(0, 1, int(YEAR) + 1)
            trials = self.take(np.repeat(some, months.shape[1]))
            lost = trials.at_risk(months.ravel())[:, 0].reshape(months.shape)
            if step == 0:
                can = (lost[:, 0] > 0) & (lost[:, -1] <= lost[:, 0] / 2)
                some, months, lost = some[can], months[can], lost[can]
                half = lost[:, 0] / 2
            at = np.arange(len(some)), (lost <= half[:, None]).argmax(axis=1)
            before = at[0], at[1] - 1
            less, more, most, least = months[before], months[at], lost[before], lost[at]
        # What is at risk is convex in the stock and linear between two bases: the chord is exact but where these meet.
        out[some] = less + (more - less) * (most - half) / (most - least)
        return out
