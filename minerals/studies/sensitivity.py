"""`[study] kind = "sensitivity"`: which uncertain input matters, one at a time and by Sobol indices.

One at a time: each factor at its 5th and 95th percentile, the others at their values (a tornado). Sobol indices: the
share of the variance that a factor explains alone (first) and with all its interactions (total), from two independent
designs A and B and the designs that take one factor from B (Saltelli et al. 2010, doi:10.1016/j.cpc.2009.09.018; total
by Jansen 1999).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..tables.resolve import Resolved
from .design import latin_hypercube
from .pool import Progress
from .sample import BLOCK, QUANTITIES, block_of, quantities, quantity
from .uncertain import Uncertain

Array = NDArray[np.float64]
LOW, MIDDLE, HIGH = 0.05, 0.5, 0.95


def sensitivity(resolved: Resolved, region_label: str, progress: Progress | None = None) -> dict[str, pd.DataFrame]:
    """Tables `sensitivity` and `sobol` of the last year, for every scenario, region, mineral and quantity.

    draws of the study: rows of each of the two designs; so (factors + 2) × draws evaluations.
    """
    study = resolved.run.settings.study
    assert study is not None
    uncertain = Uncertain(resolved, False, study.share_spread)
    names = quantities(resolved)
    labels = [factor.label for factor in uncertain.factors]
    ranges = {factor.label: factor.range for factor in uncertain.factors}
    regions = [*resolved.regions.labels, *([region_label] if len(resolved.regions) > 1 else [])]
    if not labels:
        order = ["scenario", "region", "mineral", "quantity", "year", "factor", "label", "input"]
        return {
            "sensitivity": pd.DataFrame(columns=[*order, "base", "at_low", "at_high", "unit"]),
            "sobol": pd.DataFrame(columns=[*order, "first", "total", "unit"]),
        }
    axes = [uncertain.scenarios, names, regions, list(resolved.minerals.labels)]

    def evaluate(uniform: Array) -> Array:
        """Last year's results, (draw, scenario, quantity, region, mineral)."""
        parts = [block_of(uncertain, uniform[at : at + BLOCK])[..., -1, :] for at in range(0, len(uniform), BLOCK)]
        stored = np.moveaxis(np.concatenate(parts, axis=-1), 2, 0)
        found = np.stack([quantity(name, stored) for name in names])
        return np.transpose(found, (4, 1, 0, 3, 2)).astype(float)

    middle = np.full((1, len(labels)), MIDDLE)
    base = evaluate(middle)[0]
    ends = []
    for end in (LOW, HIGH):
        each = np.repeat(middle, len(labels), axis=0)
        np.fill_diagonal(each, end)
        ends.append(evaluate(each))
    year = resolved.reported[-1]
    tornado = _table(
        {"base": np.broadcast_to(base, ends[0].shape), "at_low": ends[0], "at_high": ends[1]}, ranges, axes, year
    )
    both = latin_hypercube(study.draws, 2 * len(labels), study.seed)
    one, two = both[:, : len(labels)], both[:, len(labels) :]
    at_one, at_two = evaluate(one), evaluate(two)
    first, total = [], []
    for column in range(len(labels)):
        if progress is not None:
            progress((2 + column) * study.draws, (2 + len(labels)) * study.draws)
        mixed = one.copy()
        mixed[:, column] = two[:, column]
        indices = sobol(at_one, at_two, evaluate(mixed))
        first.append(indices[0])
        total.append(indices[1])
    indices_table = _table({"first": np.stack(first), "total": np.stack(total)}, ranges, axes, year)
    units = tornado["quantity"].map(QUANTITIES)
    return {"sensitivity": tornado.assign(unit=units), "sobol": indices_table.assign(unit="1")}


def sobol(at_one: Array, at_two: Array, at_mixed: Array) -> tuple[Array, Array]:
    """First-order and total index of one factor, over the draws axis 0; 0 where the output does not vary.

    at_one, at_two: outputs at the designs A and B; at_mixed: at A with the factor's column taken from B.
    """
    variance = np.concatenate([at_one, at_two]).var(axis=0)
    centred = at_two - np.concatenate([at_one, at_two]).mean(axis=0)
    explained = (centred * (at_mixed - at_one)).mean(axis=0)
    remaining = ((at_one - at_mixed) ** 2).mean(axis=0) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = np.where(variance > 0, variance, np.inf)
        return explained / scale, remaining / scale


def _table(columns: dict[str, Array], ranges: dict[str, str], axes: list[list[str]], year: int) -> pd.DataFrame:
    """Arrays (factor, scenario, quantity, region, mineral) as a tidy table, without outputs that are always zero.

    ranges: label and range of each factor; axes: labels of the other axes.
    """
    labels = list(ranges)
    shape = next(iter(columns.values())).shape
    keep = np.zeros(shape, dtype=bool)
    for values in columns.values():
        keep |= values != 0
    keep = np.broadcast_to(keep.any(axis=0), shape)
    at = np.nonzero(keep)
    names = ("scenario", "quantity", "region", "mineral")
    frame = pd.DataFrame({"factor": np.array(labels, dtype=object)[at[0]]})
    for name, axis, place in zip(names, axes, at[1:], strict=True):
        frame[name] = np.array(axis, dtype=object)[place]
    frame["label"] = frame["factor"].str[:1].str.upper() + frame["factor"].str[1:]
    frame["input"] = frame["factor"].map(ranges)
    frame["year"] = year
    for column, values in columns.items():
        frame[column] = values[keep]
    order = ["scenario", "region", "mineral", "quantity", "year", "factor", "label", "input", *columns]
    return frame[order]
