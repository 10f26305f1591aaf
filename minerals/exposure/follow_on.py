"""Follow-on: what is built because a group of regions plans for it, beyond the supply that is known.

    follow_on_n,y = min(max(need_n,y − accessible_n,y, 0), φ_n · headroom_n,y)

with what the plan needs and what the group can get without a disruption. It is fixed once from the plan, not by event
or draw. It is contracted to the group: outside the pool, and added to what the group can get. λ_nj says where it
stands: an output cut takes cut_j · λ_nj of it, and so does a stop of exports of a country outside the group.

headroom_n,y is how far growth at rate g_n would carry the world's known supply S beyond itself. The plan starts in
its first year y₀, whichever years are reported; its first plants make something lead_n years later, and nothing before:

    headroom_n,y = max over s in [y₀ + lead_n, y] of  S_s · ((1 + g_n)^(y − s) − 1) − max(S_y − S_s, 0),   at least 0

From each year s on supply could have grown by g_n a year. Where supply counts plants (published, or by their list),
what it grows by itself takes of that: whoever builds those plants cannot build others too. So a node whose supply
already grows at g_n has no headroom, and one that stands still has all of it. Where supply is the need of a reference
world ÷ utilisation it counts no plants: its growth is that of demand, so the last term is left out, and the headroom
rests on that world. Supply that falls adds no headroom of its own: g_n = 0 gives none at all.
"""

from __future__ import annotations

from dataclasses import field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..haste import frozen
from .coverage import Cuts

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@frozen
class FollowOn:
    """What is built for a group in one year.

    amount: (node) [kt or GWh]; located: share of it in each country, (node, country) [1], summing to 1 where there is
    any; home: countries of the group, (country), whose stops of exports do not take from it.
    """

    amount: Array
    located: Array
    home: Mask = field(default_factory=lambda: np.zeros(1, dtype=bool))

    @cached_property
    def made(self) -> Array:
        """Where it is made, (node, country)."""
        return self.amount[:, None] * self.located

    def left(self, cuts: Cuts | None = None) -> Array:
        """What a disruption leaves of it, (node), or (…, node) by cuts with more axes before."""
        if cuts is None:
            return self.amount
        stands = np.flatnonzero(self.made.any(axis=1))
        export, output = cuts.export[..., stands, :], cuts.output[..., stands, :]
        lost = 1 - (1 - output) * (1 - np.where(self.home, 0.0, export))
        left = np.broadcast_to(self.amount, cuts.export.shape[:-1]).copy()
        left[..., stands] = np.maximum(self.amount[stands] - (self.made[stands] * lost).sum(axis=-1), 0.0)
        return left


def headroom(known: Array, counted: Mask, years: Array, start: float, growth: Array, lead: Array) -> Array:
    """Growth that known supply leaves, (node, year) [kt or GWh]; see above.

    known: of the world, (node, year), linear between the years; 0 where it is NaN; counted: where it counts plants,
    (node, year); years: (year); start: when the plan starts, in the first of them or later; growth: (node) [1/year], at
    least 0; lead: (node) [years], at least 0 and maybe infinite.
    """
    known = np.nan_to_num(np.asarray(known, dtype=float))
    out = np.zeros_like(known)
    for n, first in enumerate(start + lead):
        since = np.concatenate([[first], years[years > first]])
        stood = np.interp(since, years, known[n])
        for y in np.flatnonzero(years >= first):
            span = np.maximum(years[y] - since, 0)
            itself = np.maximum(known[n, y] - stood, 0) if counted[n, y] else 0.0
            grown = stood * ((1 + growth[n]) ** span - 1) - itself
            out[n, y] = max(float(grown[since <= years[y]].max()), 0.0)
    return out


def follow_on(need: Array, accessible: Array, room: Array, follow: Array, located: Array, home: Mask) -> FollowOn:
    """What is built for a group in one year.

    need: of its plan, accessible: without a disruption and infinite where nothing is known, room: headroom, all (node)
    [kt or GWh]; follow: most of the headroom that is built for one group, φ, (node) [1]; located: λ, (node, country),
    scaled to a sum of 1; nothing is built where it is nowhere; home: countries of the group, (country).
    """
    shares = shares_of(located)
    lacked = np.where(shares.any(axis=1), np.maximum(need - accessible, 0), 0.0)
    return FollowOn(np.minimum(lacked, follow * room), shares, home)


def shares_of(located: Array) -> Array:
    """λ scaled to a sum of 1, (node, country); 0 where it is nowhere."""
    whole = located.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(located, whole, out=np.zeros_like(located), where=whole > 0))
