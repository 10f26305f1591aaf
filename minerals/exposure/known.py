"""Supply that is known before any plan: published, else by plants, else as a reference world needs it.

All three are of the world. What is published, and what a reference world needs ÷ utilisation, is laid onto countries by
their shares; plants stand where they stand. Outside the country that makes most of a node, no output is below what the
plants make that stand there: shares are of an earlier year, or of a future that closes nothing.
"""

from __future__ import annotations

from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..haste import frozen
from .coverage import NOWHERE

Array = NDArray[np.float64]
Index = NDArray[np.intp]
Mask = NDArray[np.bool_]
#: What the supply of a node rests on.
Fill = Literal["published", "plants", "need ÷ utilisation"]
PUBLISHED: Fill = "published"
BY_PLANTS: Fill = "plants"
BY_NEED: Fill = "need ÷ utilisation"


@frozen
class Known:
    """Supply of one year [kt or GWh].

    world: of each node before what is added, (node), NaN where nothing is known; fill: what that rests on, (node);
    by_share: of each country, (node, country), 0 where plants say it; added: by plants, (node, country).
    """

    world: Array
    fill: tuple[Fill, ...]
    by_share: Array
    added: Array

    @cached_property
    def made(self) -> Array:
        """All that is made, (node, country); NaN where nothing is known of a node."""
        return self.by_share + self.added


def known(
    share: Array, published: Array, by_plants: Array, by_need: Array, announced: Array, standing: Array, home: Index,
    group: Mask,
) -> Known:  # fmt: skip
    """Supply of one year.

    share: of each country in a node, (node, country) [1]; published: world supply, (node), NaN where there is none;
    by_plants: (node, country), NaN where the list of plants is not whole; by_need: need of the reference world ÷
    utilisation, (node), NaN where it needs nothing; announced: on top of shares, (node, country); standing: operating
    plants × utilisation, (node, country); home: customer of each country, (country); group: countries that are groups,
    (country).

    Published supply has no floor: who publishes output by country counts the same plants, where and as far as they make
    the product (battery-grade graphite is made elsewhere than it is coated), and closes mines.
    """
    is_published, is_by_plants = ~np.isnan(published), np.isnan(published) & ~np.isnan(by_plants).any(axis=1)
    world = np.select([is_published, is_by_plants], [published, by_plants.sum(axis=1)], by_need)
    by_share = np.where(is_by_plants[:, None], 0.0, share * world[:, None])
    added = np.where(is_by_plants[:, None], by_plants, announced)
    lacked = floor(by_share + added, np.where(is_published[:, None], 0.0, standing), home, group)
    fill: tuple[Fill, ...] = tuple(
        PUBLISHED if one else BY_PLANTS if two else BY_NEED for one, two in zip(is_published, is_by_plants, strict=True)
    )
    return Known(world, fill, by_share, added + lacked)


def floor(made: Array, standing: Array, home: Index, group: Mask) -> Array:
    """What output lacks to be what standing plants make, outside the country that makes most, (node, country).

    A country that is named has its own plants as its floor. One that is not may be in the output of a group: of the
    groups at its home first, then of those without a home; what these do not hold is added to it.
    """
    out = np.zeros_like(made)
    for n in np.flatnonzero((standing > 0).any(axis=1) & ~np.isnan(made).any(axis=1)):
        alone = np.where(group, -np.inf, made[n])
        stands = standing[n].copy()
        if alone.max() > 0:
            stands[int(np.argmax(alone))] = 0.0
        named = (made[n] > 0) & ~group
        out[n] = np.where(named, np.maximum(stands - made[n], 0), 0.0)
        unnamed = np.where(named | group, 0.0, stands)
        left = unnamed.copy()
        for place in np.unique(home[unnamed > 0]):
            mine = home == place
            total = float(unnamed[mine].sum())
            held = 0.0 if place == NOWHERE else float(made[n, mine & group].sum())
            left[mine] *= max(total - held, 0.0) / total
        if left.any():
            total, held = float(left.sum()), float(made[n, group & (home == NOWHERE)].sum())
            out[n] += left * (max(total - held, 0.0) / total)
    return out
