"""Uncertain market shares: how far each moves in each place and year, so that those of a place always add up to one.

Every chemistry has a weight, 1 in the middle, and the drawn share is weight × share ÷ Σ weight × share. With all other
weights at 1 a share of odds o = share ÷ (1 − share) has the odds weight · o, so a row's low and high are met by

    weight at low  = odds(low) ÷ odds(value)        weight at high = odds(high) ÷ odds(value)

Between and beyond these the weight follows the split PERT of all other inputs. A chemistry has one factor: its shares
move together in all regions, segments, years and scenarios, each by its own ends.

A share after the last observed year whose row gives no ends has those of a logit-normal share, whose standard deviation
grows from 0 in the last observed year to the `share_spread` of a run ten years on, and is held from then on. That
default is a judgement until a hindcast measures how far shares were missed. Observed shares without ends are certain.
"""

from __future__ import annotations

import numpy as np

from ..axes import Axis
from ..exposure.draws import Streams
from ..flows.demand import Array
from ..haste import frozen
from ..tables.resolve import Resolved

#: Table of the shares, by which their numbers are named.
SHARES = "market_share"
#: From the 5th percentile to the middle of a normal distribution, in standard deviations.
REACH = 1.645
#: Years in which the default spread grows from nothing to all of it.
GROWTH = 10
#: Odds are of shares within these bounds, so that a share of 0 or 1 has some.
LEAST, MOST = 1e-9, 1 - 1e-6


@frozen
class DrawnShares:
    """Cells of some places, whose market shares are drawn.

    chemistries: base of each chemistry, (chemistry); cells: (place, chemistry) [GWh]; low, high: weights of the shares
    at their ends, (place, chemistry).
    """

    chemistries: tuple[str, ...]
    cells: Array
    low: Array
    high: Array

    def drawn(self, streams: Streams) -> Array:
        """Cells of each chemistry in all places together, (row, chemistry) or (1, chemistry) [GWh]; each place has as
        many of all as at the values."""
        below, above = (self.cells * each for each in (1 - self.low, self.high - 1))
        uncertain = [c for c in range(len(self.chemistries)) if below[:, c].any() or above[:, c].any()]
        if not uncertain:
            return np.asarray(self.cells.sum(axis=0, keepdims=True))
        sides = np.zeros((2, len(streams), len(self.chemistries)))
        for c in uncertain:
            key = SHARES, self.chemistries[c]
            sides[:, :, c] = streams.sides(key, bool(below[:, c].any()), bool(above[:, c].any()))
        # No weight is negative.
        reach = np.where(self.cells > 0, 1 - self.low, 0.0).max(axis=0)
        most = np.divide(1.0, reach, out=np.full_like(reach, np.inf), where=reach > 0)
        under, over = np.minimum(sides[0], most), sides[1]
        total = self.cells.sum(axis=1)
        weighted = total - under @ below.T + over @ above.T
        scale = np.divide(total, weighted, out=np.zeros_like(weighted), where=weighted > 0)
        return np.asarray(np.maximum(scale @ self.cells - under * (scale @ below) + over * (scale @ above), 0.0))


def share_weights(resolved: Resolved, scenario: str, spread: float) -> tuple[Array, Array]:
    """Weights at the low and at the high end of each share, (region, segment, chemistry, year) each; 1 where a share is
    certain.

    spread: standard deviation of the log-odds of a share whose rows give no ends, ten years after the last observed
    one; 0: every share is certain. Blends that the silicon overlay makes of a base have its weights.
    """
    pairs = resolved.chemistries.labels
    if not spread:
        held = np.ones((len(resolved.regions), len(resolved.segments), len(pairs), len(resolved.years)))
        return held, held
    explicit = resolved.run.settings.scenario[scenario].silicon in ("none", "explicit")
    # The overlay makes blends of a base: they have its ends.
    bases = Axis("base", tuple(dict.fromkeys(chemistry for chemistry, _ in pairs)))
    axes = [resolved.regions, resolved.segments, resolved.chemistries if explicit else bases, resolved.years]
    value, low, high = resolved.market_share.dense_each(axes, ("value", "low", "high"), scenario).values()
    odds = [share / (1 - share) for share in np.clip([value, low, high], LEAST, MOST)]
    below, above = odds[1] / odds[0], odds[2] / odds[0]
    default = np.exp(REACH * spread * _growth(resolved, scenario))[:, :, None]
    bare = (low == value) & (high == value)
    certain = (value <= 0) | (value >= 1)
    below = np.where(certain, 1.0, np.where(bare, 1 / default, below))
    above = np.where(certain, 1.0, np.where(bare, default, above))
    if explicit:
        return below, above
    place = [bases.labels.index(chemistry) for chemistry, _ in pairs]
    return below[:, :, place], above[:, :, place]


def _growth(resolved: Resolved, scenario: str) -> Array:
    """Part of the default spread in each place and year, (region, segment, year): 0 to the last observed year, then up
    to 1; where nothing was observed it grows from the first year on."""
    years = np.array(resolved.years.labels)
    first = np.full((len(resolved.regions), len(resolved.segments)), years[0])
    for r, region in enumerate(resolved.regions.labels):
        for s, segment in enumerate(resolved.segments.labels):
            first[r, s] = resolved.observed.get((scenario, region, segment), years[0])
    growth: Array = np.clip((years - first[:, :, None]) / GROWTH, 0.0, 1.0)
    return growth
