"""Battery demand to cells by chemistry, and cells to gross mineral demand.

Arrays carry their dimensions in the order draw, region, segment, chemistry, mineral, year; an axis of length 1 stands
for "the same along it" and is broadcast. `chemistry` is the expanded axis: a silicon blend is a chemistry of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def blended_share(market_share: Array, silicon_uptake: Array, base: Sequence[int]) -> Array:
    """Market share of base chemistries → share of base and blend, dimensions (draw, region, segment, chemistry, year).

        share[blend] = market_share[base(blend)] · uptake[blend]
        share[base]  = market_share[base] · (1 − Σ_blends uptake[blend])

    market_share: over base chemistries; silicon_uptake: over the expanded axis, fraction of the base's cells that use
    the blend, 0 for the bases themselves; base: for each place on the expanded axis, the place of its base among the
    base chemistries. The first place that names a base is that base itself. Silicon is an axis of its own, so uptake
    never changes the split between base chemistries: shares still add up to one.
    """
    taken = np.zeros((*silicon_uptake.shape[:3], market_share.shape[3], silicon_uptake.shape[4]))
    first: dict[int, int] = {}
    for place, of in enumerate(base):
        taken[:, :, :, of] += silicon_uptake[:, :, :, place]
        first.setdefault(of, place)
    fraction = silicon_uptake.copy()
    for of, place in first.items():
        fraction[:, :, :, place] = 1.0 - taken[:, :, :, of]
    return market_share[:, :, :, list(base)] * fraction


def cells(additions: Array, market_share: Array) -> Array:
    """Cells put into use [GWh], (draw, region, segment, chemistry, year): additions [GWh] × market share.

    additions: (draw, region, segment, year).
    """
    return additions[:, :, :, None, :] * market_share


def graphite_by_route(graphite: Array, graphite_route: Array) -> Array:
    """Graphite demand [kt] by route: (…, year) × (route, year) → (…, route, year); natural + synthetic = total."""
    return graphite[..., None, :] * graphite_route
