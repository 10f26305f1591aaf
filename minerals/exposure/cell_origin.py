"""Where the cells come from that customers use: own plants first, the rest by what others export.

Units: GWh a year. Shapes: need (customer, year), output (maker, year), home (customer, maker) 1 where a maker's plants
stand in the customer's region, else 0; a maker belongs to one customer at most. Origin is (customer, maker, year), the
share of the cells a customer uses that come from a maker.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
#: Least number that divides.
TINY = float(np.finfo(float).tiny)


def own_supply(need: Array, output: Array, home: Array) -> Array:
    """Cells a customer takes from its own plants, (customer, maker, year): all it makes, up to all it needs."""
    mine = np.einsum("bm,my->bmy", home, output)
    made = mine.sum(axis=1)
    taken = np.minimum(made, need)
    return np.asarray(mine * np.divide(taken, made, out=np.zeros_like(made), where=made > 0)[:, None, :])


def exports(need: Array, output: Array, home: Array) -> Array:
    """What makers have beyond the need of their own region, (maker, year); all of it where they are no customer's."""
    return np.asarray(np.maximum(output - own_supply(need, output, home).sum(axis=0), 0.0))


def cell_origin(need: Array, output: Array, home: Array) -> Array:
    """Share of each maker in the cells of each customer, (customer, maker, year); sums to one over makers.

    output: own plants × utilisation, and what is delivered of those to come. What own plants leave is shared among the
    makers elsewhere by what they can export. That exports may not suffice is no matter of origin. NaN where a customer
    needs something and nobody makes it, or needs nothing.

        origin = own / need + (1 − own / need) · exports_m / Σ_m exports_m, of makers elsewhere
    """
    own = own_supply(need, output, home)
    weight = exports(need, output, home)[None, :, :] * (1.0 - home)[:, :, None]
    total = weight.sum(axis=1)
    rest = np.maximum(need - own.sum(axis=1), 0.0)
    others = weight * np.divide(rest, total, out=np.zeros_like(rest), where=total > 0)[:, None, :]
    found = own + others
    made = found.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(found, made, out=np.full_like(found, np.nan), where=made > 0))


def moved(observed: Array, before: Array, now: Array, own: Array) -> Array:
    """An observed origin, moved along with what makers make since, (maker); sums to one.

    observed: share of each maker in the cells that a customer used, (maker); before, now: share of each in the world's
    cells when it was observed and now, (maker); own: 1 for the customer's own makers. Own plants go first, the rest is
    shared by the others: each has its observed share × now ÷ before, and those abroad then what is left. A maker that
    was not there before has what its share of the world is beside that of the makers who were.
    """
    total = max(before[observed > 0].sum(), TINY)
    share = np.where(before > 0, observed * now / np.maximum(before, TINY), now * observed.sum() / total)
    at_home = min(float((share * own).sum()), 1.0)
    abroad = share * (1 - own)
    if not abroad.sum() > 0:
        at_home = 1.0 if (share * own).sum() > 0 else 0.0
    mine = share * own * (at_home / max(float((share * own).sum()), TINY))
    return np.asarray(mine + abroad * ((1 - at_home) / max(float(abroad.sum()), TINY)))
