"""Manufacturing scrap by the age of production lines.

New lines start with most of their output scrapped and settle within a few years. Lines are commissioned when output
passes what was ever made before, or are given; a young line also yields only part of its full output, so it weighs
less. Mature lines make up what young ones do not yet give.

    weight[y, v] = ramp[y − v] · line[v]
    scrap[y]     = 1 − Σ_v weight / Σ_v weight / (1 − rate[y − v])

The share scrapped is of the input of cell making; 1 − scrap is its yield.
"""

from __future__ import annotations

import numpy as np

from .lifetime import Array


def lines_from_growth(output: Array) -> Array:
    """Lines commissioned per year [GWh/yr], (…, cohort): growth of output (…, year) [GWh] over its highest so far.

    The first year's lines stand for all that was built before. Where output falls, none is commissioned and lines stand
    idle until it passes the old height again.
    """
    height = np.maximum.accumulate(output, axis=-1)
    return np.diff(height, axis=-1, prepend=0.0)


def scrap_rate(lines: Array, ramp: Array, rate: Array) -> Array:
    """Share of the input of cell making that is scrapped, (…, year), from lines (…, cohort) by vintage.

    ramp: (age,) output of a line relative to full output; rate: (age,) share it scraps, below 1; the last age of each
    holds on. Lines of the first year count as mature. Years before any line have the mature rate. Raises ValueError
    for a rate of 1 or more: such a line never makes a cell.
    """
    if (rate >= 1).any():
        raise ValueError("a line that scraps everything never makes a cell; scrap rates must be below 1")
    years = lines.shape[-1]
    year, cohort = np.ogrid[:years, :years]
    age = np.where(cohort == 0, max(len(ramp), len(rate)), year - cohort)
    weight = lines[..., None, :] * np.where(age >= 0, _at(ramp, age), 0.0)
    made = weight.sum(axis=-1)
    taken = (weight / (1.0 - _at(rate, age))).sum(axis=-1)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(taken > 0, 1.0 - made / taken, rate[-1]))


def _at(profile: Array, age: np.ndarray) -> Array:
    """Profile (age,) at ages; past its end its last value, before age 0 its first."""
    return np.asarray(profile[np.clip(age, 0, len(profile) - 1)])
