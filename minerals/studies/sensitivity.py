"""`[study] kind = "sensitivity"`: which uncertain input matters, one at a time and by Sobol indices.

One at a time: each factor at its 5th and 95th percentile, the others at their values (a tornado). Sobol indices: the
share of the variance that a factor explains alone (first) and with all its interactions (total), from two independent
designs A and B and the designs that take one factor from B (Saltelli et al. 2010, doi:10.1016/j.cpc.2009.09.018; total
by Jansen 1999).
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..config import Sensitivity
from ..design import latin_hypercube
from ..tables.resolve import Resolved
from .blocks import POINTS_PART, StudyFolder
from .identity import Findings, Studied, identity_of
from .points import solved
from .pool import Progress, worker_pool
from .sample import BLOCK, QUANTITIES, block_of, quantities, quantity
from .uncertain import Uncertain, about_draws

Array = NDArray[np.float64]
LOW, MIDDLE, HIGH = 0.05, 0.5, 0.95


def study(of: Studied, kept: StudyFolder | None = None, progress: Progress | None = None) -> Findings:
    """Tables `sensitivity` and `sobol` of the last year, for every scenario, region, mineral and quantity.

    draws of the study: rows of each of the two designs; so (factors + 2) × draws evaluations. The indices of a factor
    are a point of the study, and kept when it is solved.
    """
    resolved, region_label, config = of.resolved, of.region_label, of.resolved.run.settings.study
    assert isinstance(config, Sensitivity)
    model = Model(resolved)
    factors = model.uncertain.factors
    ranges = {factor.label: factor.range for factor in factors}
    if not factors:
        order = ["scenario", "region", "mineral", "quantity", "year", "factor", "label", "input"]
        nothing = {
            "sensitivity": pd.DataFrame(columns=[*order, "base", "at_low", "at_high", "unit"]),
            "sobol": pd.DataFrame(columns=[*order, "first", "total", "unit"]),
        }
        return Findings(nothing, about=about_draws(resolved))
    regions = [*resolved.regions.labels, *([region_label] if len(resolved.regions) > 1 else [])]
    axes = [model.uncertain.scenarios, model.quantities, regions, list(resolved.minerals.labels)]
    year = resolved.reported[-1]
    base, at_low, at_high = model.one_at_a_time()
    tornado = _table(
        {"base": np.broadcast_to(base, at_low.shape), "at_low": at_low, "at_high": at_high}, ranges, axes, year
    )
    if kept is not None:
        kept.claim()
    folder = None if kept is None else kept.path / POINTS_PART
    with worker_pool(config.workers, _start, resolved) as pool:
        points = solved(
            [str(column) for column in range(len(factors))], _indices, pool, folder,
            identity_of(resolved, config.draws), progress,
        )  # fmt: skip
    found = [np.array(points[str(column)]) for column in range(len(factors))]
    indices = {name: np.stack([both[at] for both in found]) for at, name in enumerate(("first", "total"))}
    units = tornado["quantity"].map(QUANTITIES)
    tables = {"sensitivity": tornado.assign(unit=units), "sobol": _table(indices, ranges, axes, year).assign(unit="1")}
    return Findings(tables, about=about_draws(resolved))


class Model:
    """The last year of a run as a function of its uncertain factors, at the two designs of its study."""

    def __init__(self, resolved: Resolved) -> None:
        config = resolved.run.settings.study
        assert isinstance(config, Sensitivity)
        self.config, self.quantities = config, quantities(resolved)
        self.uncertain = Uncertain(resolved, False, config.share_spread)
        self.factors = len(self.uncertain.factors)

    def evaluate(self, uniform: Array) -> Array:
        """Last year's results for uniform numbers (draw, factor), (draw, scenario, quantity, region, mineral)."""
        blocks = range(0, len(uniform), BLOCK)
        parts = [block_of(self.uncertain, uniform[at : at + BLOCK])[..., -1, :] for at in blocks]
        stored = np.moveaxis(np.concatenate(parts, axis=-1), 2, 0)
        found = np.stack([quantity(name, stored) for name in self.quantities])
        return np.transpose(found, (4, 1, 0, 3, 2)).astype(float)

    def one_at_a_time(self) -> tuple[Array, Array, Array]:
        """Results with all factors in the middle, and with each at its low and at its high end, (factor, …)."""
        middle = np.full((1, self.factors), MIDDLE)
        ends = []
        for end in (LOW, HIGH):
            each = np.repeat(middle, self.factors, axis=0)
            np.fill_diagonal(each, end)
            ends.append(self.evaluate(each))
        return self.evaluate(middle)[0], ends[0], ends[1]

    @cached_property
    def designs(self) -> tuple[Array, Array]:
        """The two designs A and B, (draw, factor) each."""
        both = latin_hypercube(self.config.draws, 2 * self.factors, self.config.seed)
        return both[:, : self.factors], both[:, self.factors :]

    @cached_property
    def at_designs(self) -> tuple[Array, Array]:
        """Results at both designs."""
        one, two = self.designs
        return self.evaluate(one), self.evaluate(two)

    def indices(self, factor: int) -> tuple[Array, Array]:
        """First-order and total index of a factor, (scenario, quantity, region, mineral) each."""
        one, two = self.designs
        mixed = one.copy()
        mixed[:, factor] = two[:, factor]
        return sobol(*self.at_designs, self.evaluate(mixed))


_model: Model


def _start(resolved: Resolved) -> None:
    global _model
    _model = Model(resolved)


def _indices(key: str) -> list[Any]:
    """Both indices of the factor of that number, as JSON holds them."""
    return [index.tolist() for index in _model.indices(int(key))]


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
