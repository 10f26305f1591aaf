"""GeoPolRisk: supply risk of a raw material as its importer sees it, published, and reported beside our own measures.

    score = HHI · Σ_i q_i g_i / (Σ_i q_i + own)
    characterisation factor = score · price / (score · price of copper)            [kg Cu-eq/kg]

HHI is that of world mine production (0–1), q_i what importer c buys from partner i, g_i the political instability of
the partner (0–1, from the World Bank's estimate of political stability), own the production of the importer itself,
price the mean value of its imports. Mining and traded raw forms only: it tells nothing of anodes, cathodes or cells.

Import-based indicator: Gemechu et al. (2016), J. Ind. Ecol. 20(1), 154–165, doi:10.1111/jiec.12279. Price as a factor
per kg: Santillán-Saldivar et al. (2022), Int. J. Life Cycle Assess. 27, 457–468, doi:10.1007/s11367-022-02027-y. Copper
as reference: Koyamparambath et al. (2024), Resour. Conserv. Recycl. 209, 107801, doi:10.1016/j.resconrec.2024.107801.
No risk for trade within a region, 0.5 for a partner without an estimate and the value of copper are those of
geopolrisk-py 2.0.1 (github.com/akoyamp/geopolrisk-py: aggregateTrade, importrisk, GeoPolRisk).

Partners are the last axis; axes before it are the caller's.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

#: Score × price of copper [kUSD/t]: mean over OECD countries, 2017–2021 (geopolrisk-py, core.py: CF_Cu).
COPPER = 0.409412948
#: Instability of a partner without an estimate: the middle of the scale.
UNKNOWN = 0.5


def instability(estimate: ArrayLike) -> Array:
    """g = 0.5 − estimate / 5; 0.5 where the estimate is missing (NaN).

    Estimates lie within about ±2.5, so g within 0–1; beyond that it is kept as the method has it.
    """
    estimate = np.asarray(estimate, dtype=float)
    return np.where(np.isnan(estimate), UNKNOWN, 0.5 - estimate / 5)


def across_borders(g: ArrayLike, inside: ArrayLike) -> Array:
    """g of each partner, and 0 of partners inside the importing region (bool): a bloc bears no risk from its members.

    Their quantities stay in the sum of imports, so trade within a bloc dilutes its import risk.
    """
    return np.where(np.asarray(inside, dtype=bool), 0.0, np.asarray(g, dtype=float))


def import_risk(quantity: ArrayLike, g: ArrayLike, own: ArrayLike = 0.0) -> Array:
    """Σ q g / (Σ q + own): g weighted by imports, with own production at no risk. NaN where there is neither.

    quantity: (…, partner), own: (…), in one unit of mass.
    """
    quantity = np.asarray(quantity, dtype=float)
    risky = (quantity * np.asarray(g, dtype=float)).sum(axis=-1)
    whole = quantity.sum(axis=-1) + np.asarray(own, dtype=float)
    risky, whole = np.broadcast_arrays(risky, whole)
    risk: Array = np.full(whole.shape, np.nan)
    np.divide(risky, whole, out=risk, where=whole > 0)
    return risk


def score(hhi: ArrayLike, risk: ArrayLike) -> Array:
    """HHI of world production (0–1) × import risk: the GeoPolRisk score, without a unit."""
    return np.asarray(np.asarray(hhi, dtype=float) * np.asarray(risk, dtype=float))


def characterisation_factor(score: ArrayLike, price: ArrayLike, copper: float = COPPER) -> Array:
    """Score × price / that of copper [kg Cu-eq/kg]; price and copper in kUSD/t."""
    return np.asarray(np.asarray(score, dtype=float) * np.asarray(price, dtype=float) / copper)
