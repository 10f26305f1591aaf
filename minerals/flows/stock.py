"""In-use stock and retirements by cohort, and the inverse. Everything is a product with the survival matrix S.

    stock[y]          = Σ_k S[y, k] · additions[k]
    retirements[y]    = Σ_k additions[k] · (S[y − 1, k] − S[y, k]),  S[k − 1, k] = 1
    additions         = S⁻¹ · stock,  S lower triangular

Arrays have time last: additions (…, cohort), stock (…, year), S (…, year, cohort); leading axes broadcast.
"""

from __future__ import annotations

import numpy as np

from .lifetime import Array


def stock_from_sales(additions: Array, survival: Array) -> Array:
    """In-use stock at the end of each year, (…, year), from additions (…, cohort) and survival (…, year, cohort)."""
    return _times(survival, additions)


def hazard(survival: Array) -> Array:
    """Share of each cohort that leaves use in each year, (…, year, cohort): S[y − 1, k] − S[y, k]."""
    before = np.concatenate([np.zeros_like(survival[..., :1, :]), survival[..., :-1, :]], axis=-2)
    years = survival.shape[-1]
    before[..., range(years), range(years)] = 1.0
    leaving: Array = before - survival
    return leaving


def retirements(additions: Array, survival: Array) -> Array:
    """What leaves use in each year, (…, year), from additions (…, cohort) and survival (…, year, cohort)."""
    leaving = hazard(survival)
    return _times(leaving, additions) if leaving.ndim == 2 else np.einsum("...yk,...k->...y", leaving, additions)


def sales_from_stock(stock: Array, survival: Array) -> Array:
    """Additions (…, cohort) that keep a given stock (…, year). Raises ValueError where a cohort goes in its own year.

    The result is negative where the stock falls faster than it retires: that is what the stock asks for.
    """
    if (np.diagonal(survival, axis1=-2, axis2=-1) <= 0).any():
        raise ValueError("a cohort that leaves use within its own year cannot hold a stock; use a longer lifetime")
    return np.asarray(np.linalg.solve(survival, stock[..., None])[..., 0])


def _times(matrix: Array, vector: Array) -> Array:
    """(…, y, k) · (…, k) → (…, y); one matrix for all leading axes becomes one matrix product."""
    if matrix.ndim == 2:
        return np.asarray(vector @ matrix.T)
    return np.asarray((matrix @ vector[..., None])[..., 0])
