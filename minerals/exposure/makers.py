r"""Inputs that makers elsewhere share between the cells that they sell to some regions and all their others.

In the reference world the makers at home with a customer need `others + usual` of a node: `usual` for the cells that
the regions have of them there, the rest for all other cells. Under a disruption they have `had` of it. A plan whose
cells need `need` of it there, whatever the regions have of these makers in the reference world, is left

    alike   need · min(1, had ÷ (others + need))     all users of a short node are cut alike, as everywhere here
    last    min(need, max(had − others, 0))          all others come first, as far as they are in the reference world
    first   min(need, had)                           the regions come first

With `need = usual` the first is `usual · had ÷ (others + usual)`, the part that these makers keep in the reference
world. Where the plan needs t times as much and had ≤ others + usual, the makers need others + t · usual in all, and of
each cell they keep fewer the larger t is: had · need ÷ (others + need) rises with need, and more slowly than it. The
others lie on either side of it: who is served first nobody knows, so they are the ends of what may be left.

The first is concave in `need`, and a linear programme has it by chords, of which the least counts. They begin where the
makers sell as in the reference world, or as far as they have inputs for all, and meet it where they sell (others +
need) as many times as much as there as STEPS say. Up to their first the plan keeps no larger part than there, beyond
their last no more than at it, and between them up to 5 % less than it would (of makers that sell the regions nothing in
the reference world up to 9 %): no loss is told too small for it.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .bases import NOTHING, Bases

Array = NDArray[np.float64]
Index = NDArray[np.intp]
Mask = NDArray[np.bool_]

#: Least number that divides.
TINY = float(np.finfo(float).tiny)
#: Whose cells are served first: all alike, those of others, those of the regions.
Order = Literal["alike", "last", "first"]
#: From the one that leaves the regions most to the one that leaves them least.
ORDERS: tuple[Order, ...] = ("first", "alike", "last")
#: What makers need in all, as a multiple of what they need where chords begin, at the ends of chords.
STEPS = (1.0, 1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0)


def lines(order: Order, others: Array, usual: Array, had: Array) -> tuple[Array, Array]:
    """Slopes [1] and constants [kt or GWh] of the lines of which the least is what is left, (…, line) each: at most the
    need itself, which is no line of them. Arguments by the same places, (…) each [kt or GWh]."""
    if order != "alike":
        most = had if order == "first" else np.maximum(had - others, 0.0)
        return np.zeros((*np.shape(most), 1)), np.asarray(most)[..., None]
    # In all where chords begin; as they have inputs for as much, the plan keeps all until then.
    whole = np.maximum(others + usual, had)
    ends = whole[..., None] * np.array(STEPS)
    each = others[..., None] / np.maximum(ends, TINY)
    left = had[..., None] * (1 - each)
    slope = had[..., None] * (each[..., :-1] / np.maximum(ends[..., 1:], TINY))
    constant = np.maximum(left[..., :-1] - slope * (ends[..., :-1] - others[..., None]), 0.0)
    first = (had / np.maximum(whole, TINY))[..., None]
    last = left[..., -1:]
    return np.concatenate([first, slope, np.zeros_like(last)], axis=-1), np.concatenate(
        [np.zeros_like(first), constant, last], axis=-1
    )


def pressing(order: Order, others: float, usual: float, had: float, most: float) -> tuple[tuple[float, float], ...]:
    """Slope [1] and constant [kt or GWh] of each line that some need up to the most of it meets [kt or GWh]; none where
    it is always left in full."""
    found: list[tuple[float, float]] = []
    least = most  # of the need itself and of the lines before, each less steep than these
    slopes, constants = lines(order, *map(np.array, (others, usual, had)))
    for slope, constant in zip(slopes.tolist(), constants.tolist(), strict=True):
        if slope * most + constant < least * (1 - NOTHING):
            found.append((slope, constant))
            least = slope * most + constant
    return tuple(found)


def left(order: Order, need: Array, others: Array, usual: Array, had: Array) -> Array:
    """What is left of a node for what a plan needs of it there, by the same places, (…) each [kt or GWh]. had: infinite
    where nothing limits it."""
    limited = np.isfinite(had)
    slope, constant = lines(order, *np.broadcast_arrays(others, usual, np.where(limited, had, 0.0)))
    most = np.where(limited, (constant + slope * need[..., None]).min(axis=-1), np.inf)
    return np.asarray(np.clip(most, 0.0, need))


def sold(cells: Array, use: Array, most: Array) -> Array:
    """Cells that makers can still sell where inputs limit them, by best reallocation among those of the plan,
    (question, chemistry) [GWh]: in all as many as can be, and chemistries that use what is short alike are cut alike.

    cells: that they would sell else, (question, chemistry) [GWh]; use: of each node, (chemistry, node) [kt/GWh]; most:
    that is left of it for these, (question, node) [kt or GWh], infinite where nothing limits it.
    """
    short = (cells @ use > most * (1 + NOTHING)).any(axis=1)
    if not short.any():
        return cells
    out, nodes, chemistries = cells.copy(), np.isfinite(most[short]).any(axis=0), (cells > 0).any(axis=0)
    kinds, kind = np.unique(np.round(use[np.ix_(chemistries, nodes)], 12), axis=0, return_inverse=True)
    member = np.asarray(kind.ravel()[:, None] == np.arange(len(kinds)), dtype=float)  # (chemistry, kind)
    wanted = cells[np.ix_(short, chemistries)]
    upper, needed = wanted @ member, wanted @ use[np.ix_(chemistries, nodes)]
    scale = np.maximum(upper.max(axis=0), 1.0), np.maximum(needed.max(axis=0), 1.0)
    bases = Bases(np.ones(len(kinds)), kinds.T.copy(), scale)
    found = bases.solve(np.minimum(most[np.ix_(short, nodes)], needed), upper)
    part = np.divide(np.clip(found, 0.0, upper), upper, out=np.zeros_like(upper), where=upper > 0)
    out[np.ix_(short, chemistries)] = wanted * (part @ member.T)
    return out


class Shared(NamedTuple):
    """Inputs that makers outside a run share between the cells that they sell to some of its regions and their others,
    and what each of several disruptions, or draws of one, leaves of them.

    had: what the makers at home with a customer have of a node, (disruption, node, customer) [kt or GWh], infinite
    where a disruption takes none of what they could have; others, usual: what they need of it in the reference world
    for all other cells, and for those of the regions, (node, customer); cells: part of its cells that each maker could
    still make and sell if it had all of these, (disruption, chemistry, country).
    """

    had: Array
    others: Array
    usual: Array
    cells: Array

    def lacks(self, home: Index) -> Mask:
        """Countries with makers of whose shared inputs a disruption takes any, (disruption, country). home: customer of
        each, (country)."""
        limited = np.isfinite(self.had).any(axis=1)
        apart = np.zeros((limited.shape[0], 1), dtype=np.bool_)  # who is at home with no customer is the last
        return np.asarray(np.hstack([limited, apart])[:, home])

    def sold(self, order: Order, wanted: Array, home: Index, use: Array, per: Array | float = 1.0) -> Array:
        """Cells of a plan that these makers still sell, (disruption, chemistry) [GWh]. wanted: that they would if they
        had all inputs, (disruption, chemistry, country); use: (chemistry, node) [kt/GWh or GWh/GWh]; per: by which
        inputs are multiplied to be in units of the plan, (disruption, node)."""
        out = np.zeros(wanted.shape[:2])
        for b in np.flatnonzero(np.isfinite(self.had).any(axis=(0, 1))):
            cells = wanted[..., home == b].sum(axis=-1)
            others, usual, had = (per * each[..., b] for each in (self.others, self.usual, self.had))
            most = left(order, cells @ use, others, usual, had)
            out += sold(cells, use, np.where(np.isfinite(had), most, np.inf))
        return out
