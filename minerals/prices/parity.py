"""What closes the gap between two makers' prices: a tariff on the cheaper one's cells, a credit to the other, or both.

    own price − credit = other price · (1 + tariff)

is parity. The tariff is a share of the imported cell's value; the credit is paid per kWh made. Freight, duty already
paid and quality are not in it unless the prices hold them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def gap(own: ArrayLike, other: ArrayLike) -> Array:
    """How much dearer [USD_2025/kWh] the own cell is; negative where it is cheaper."""
    return np.asarray(np.asarray(own, float) - np.asarray(other, float))


def tariff(own: ArrayLike, other: ArrayLike, credit: ArrayLike = 0.0) -> Array:
    """Tariff [share of the import's value] that makes both cost the same beside a credit; 0 where none is needed."""
    price = np.asarray(other, float)
    if not (price > 0).all():
        raise ValueError("a tariff is a share of a price above zero")
    return np.asarray(np.maximum((gap(own, other) - np.asarray(credit, float)) / price, 0.0))


def credit(own: ArrayLike, other: ArrayLike, tariff: ArrayLike = 0.0) -> Array:
    """Production credit [USD_2025/kWh] that makes both cost the same beside a tariff; 0 where none is needed."""
    return np.asarray(np.maximum(gap(own, other) - np.asarray(tariff, float) * np.asarray(other, float), 0.0))
