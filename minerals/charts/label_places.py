"""Room for labels beside dots: where a block of text is clear of curves, dots and of other labels."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, permutations
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from minerals.charts.style import Panel

Array = NDArray[np.float64]

PLACES = 26
"""Places tried along each side of a panel."""
CROSSING, PASSING = 2.0, 5.0
"""What a leader that crosses a curve, or passes close by another dot, counts as, in inches of its length."""
COVERED = 100.0
"""What covering a curve, a dot, another label or its leader counts as."""


class Spot(NamedTuple):
    """Where a block of text stands: its lower left corner, and where its leader ends, inches."""

    left: float
    bottom: float
    end: tuple[float, float]


class _Places(NamedTuple):
    """The places tried for a block, (place): edges of the block, ends of its leader (place, 2), points along it
    (place, point, 2), and what the place counts, whatever the other labels do."""

    left: Array
    right: Array
    bottom: Array
    top: Array
    ends: Array
    along: Array
    counts: Array


def sampled(x: ArrayLike, y: ArrayLike, step: float = 0.04) -> Array:
    """Points of a line through corners, no farther apart than `step`, (point, 2)."""
    corners = np.column_stack([np.asarray(x, float), np.asarray(y, float)])
    parts = [corners[:1]]
    for one, two in pairwise(corners):
        count = max(int(np.ceil(np.hypot(*(two - one)) / step)), 1)
        parts.append(one + (two - one) * np.linspace(0, 1, count + 1)[1:, None])
    return np.concatenate(parts)


def spots(
    sizes: Sequence[tuple[float, float]], dots: Sequence[tuple[float, float]], taken: Array, panel: Panel, air: float
) -> list[Spot]:
    """A place for each block, near its dot and clear of what is there.

    sizes: width and height of each block, few of them; dots: which each belongs to; taken: points that no text may
    cover, (point, 2); panel: that all stand in; air: to keep around a block. All in inches. Each block takes the place
    that is best for it when those before it have theirs; of all orders the one with the shortest leaders is kept. Where
    no place is clear, one that covers least is taken.
    """
    every = [_places(size, place, dots, taken, panel, air) for place, size in enumerate(sizes)]
    least: tuple[float, dict[int, int]] = (np.inf, {})
    for order in permutations(range(len(sizes))):
        found = _in_order(order, every, dots, air)
        if found[0] < least[0] - 1e-9:
            least = found
    return [
        Spot(float(each.left[i]), float(each.bottom[i]), (float(each.ends[i, 0]), float(each.ends[i, 1])))
        for each, i in ((each, least[1][place]) for place, each in enumerate(every))
    ]


def _places(
    size: tuple[float, float], place: int, dots: Sequence[tuple[float, float]], taken: Array, panel: Panel, air: float
) -> _Places:
    """What each place counts for one block: length of the leader, what it crosses, and what the block covers."""
    (width, height), dot, every = size, np.array(dots[place]), np.array(dots, float).reshape(-1, 2)
    lefts = np.linspace(panel.left, max(panel.left + panel.width - width, panel.left), PLACES)
    bottoms = np.linspace(panel.bottom, max(panel.bottom + panel.height - height, panel.bottom), PLACES)
    left, bottom = (grid.ravel() for grid in np.meshgrid(lefts, bottoms))
    right, top = left + width, bottom + height
    around = [every + 0.7 * air * np.array(step) for step in ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))]
    covers = _inside(np.concatenate([taken, *around]), left - air, right + air, bottom - air, top + air).sum(axis=1)
    ends = np.column_stack([np.clip(dot[0], left, right), np.clip(dot[1], bottom, top)])
    along = dot + (ends - dot)[:, None] * np.linspace(0.06, 1, 30)[None, :, None]
    counts = np.hypot(*(ends - dot).T) + COVERED * (covers > 0) + covers
    for other in np.delete(every, place, axis=0):
        counts = counts + PASSING * (np.hypot(*(along - other).transpose(2, 0, 1)).min(axis=1) < 0.8 * air)
    x, y = along[:, 6:, 0, None] - taken[:, 0], along[:, 6:, 1, None] - taken[:, 1]
    counts = counts + CROSSING * (x * x + y * y < 0.035**2).any(axis=(1, 2))
    return _Places(left, right, bottom, top, ends, along, counts)


def _in_order(
    order: Sequence[int], every: Sequence[_Places], dots: Sequence[tuple[float, float]], air: float
) -> tuple[float, dict[int, int]]:
    """The place of each block, one after the other, and what they count together."""
    cost, found, pad = dict[int, float](), dict[int, int](), 0.4 * air
    for at, block in enumerate((*order, *order)):
        if at == len(order) and sum(cost.values()) < COVERED:
            break  # Else once more, as the first had the others not yet.
        mine = every[block]
        counts = mine.counts
        for other, i in ((other, i) for other, i in found.items() if other != block):
            theirs = every[other]
            x0, x1, y0, y1 = theirs.left[i], theirs.right[i], theirs.bottom[i], theirs.top[i]
            across = np.minimum(mine.right + air, x1) - np.maximum(mine.left - air, x0)
            upright = np.minimum(mine.top + air, y1) - np.maximum(mine.bottom - air, y0)
            x, y = mine.along[..., 0], mine.along[..., 1]
            hit = ((x > x0 - pad) & (x < x1 + pad) & (y > y0 - pad) & (y < y1 + pad)).any(axis=1)
            from_x, from_y = dots[other]
            leader = sampled([from_x, theirs.ends[i, 0]], [from_y, theirs.ends[i, 1]], 0.06)
            under = _inside(leader, mine.left - air, mine.right + air, mine.bottom - air, mine.top + air).any(axis=1)
            counts = counts + COVERED * (((across > 0) & (upright > 0)) | hit | under)
        found[block] = int(counts.argmin())
        cost[block] = float(counts[found[block]])
    return sum(cost.values()), found


def _inside(points: Array, left: Array, right: Array, bottom: Array, top: Array) -> NDArray[np.bool_]:
    """Which points each box covers, (box, point)."""
    x, y = points[:, 0], points[:, 1]
    inside = (x > left[:, None]) & (x < right[:, None]) & (y > bottom[:, None]) & (y < top[:, None])
    return np.asarray(inside, bool)
