"""Where the cells come from that customers use: own plants first, the rest by what others export.

Units: GWh a year. Shapes: need (customer, year), output (maker, year), home (customer, maker) 1 where a maker's plants
stand in the customer's region, else 0; a maker belongs to one customer at most. Origin is (customer, maker, year), the
share of the cells a customer uses that come from a maker.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def own_supply(need: Array, output: Array, home: Array) -> Array:
    """Cells a customer takes from its own plants, (customer, maker, year): all it makes, up to all it needs."""
    mine = np.einsum("bm,my->bmy", home, output)
    made = mine.sum(axis=1)
    taken = np.minimum(made, need)
    return np.asarray(mine * np.divide(taken, made, out=np.zeros_like(made), where=made > 0)[:, None, :])


def exports(need: Array, output: Array, home: Array) -> Array:
    """What makers have beyond the need of their own region, (maker, year); all of it where they are no customer's."""
    return np.asarray(np.maximum(output - own_supply(need, output, home).sum(axis=0), 0.0))


def cell_origin(need: Array, output: Array, home: Array, preference: Array | None = None) -> Array:
    """Share of each maker in the cells of each customer, (customer, maker, year); sums to one over makers.

    output: own plants × utilisation, and what is delivered of those to come. What own plants leave is shared among the
    makers elsewhere by what they can export, each weighed by `preference` (customer, maker), 1 where it is not given:
    trade has more reasons than capacity, and `preference_of` reads them from an observed origin. That exports may not
    suffice is no matter of origin. NaN where a customer needs something and nobody makes it, or needs nothing.

        origin = own / need + (1 − own / need) · w_m / Σ_m w_m,  w_m = preference · exports, not of own makers
    """
    own = own_supply(need, output, home)
    weight = exports(need, output, home)[None, :, :] * (1.0 - home)[:, :, None]
    if preference is not None:
        weight = weight * preference[:, :, None]
    total = weight.sum(axis=1)
    rest = np.maximum(need - own.sum(axis=1), 0.0)
    others = weight * np.divide(rest, total, out=np.zeros_like(rest), where=total > 0)[:, None, :]
    found = own + others
    made = found.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(found, made, out=np.full_like(found, np.nan), where=made > 0))


def preference_of(observed: Array, need: Array, output: Array, home: Array) -> Array:
    """How much more of its imports a customer has from a maker than capacity alone says, (customer, maker).

    observed: origin of one year, (customer, maker); need and output of that year, (customer,) and (maker,). A maker
    that exports nothing by capacity has 1, as has one's own. With this preference `cell_origin` has the observed shares
    among imports again.
    """
    weight = exports(need[:, None], output[:, None], home)[:, 0] * (1.0 - home)
    expected = weight / np.maximum(weight.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    bought = observed * (1.0 - home)
    shares = bought / np.maximum(bought.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    return np.where(weight > 0, shares / np.where(expected > 0, expected, 1.0), 1.0)


def own_output(observed: Array, need: Array, output: Array, home: Array) -> Array:
    """Part of the output by plants that customers take from their own, by an observed origin, (customer).

    It is what output by nameplate has to be multiplied by so that the newest origin comes out; 1 where a customer has
    no plants. Above 1 where plants work harder than was taken.
    """
    made = home @ output
    taken = (observed * home).sum(axis=1) * need
    return np.asarray(np.divide(taken, made, out=np.ones_like(made), where=made > 0))
