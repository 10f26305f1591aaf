"""The mix that is chosen at the ends of what nobody knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from ...case.criteria import criterion
from ...case.optimise import Mix, at_ends_of_unknown
from ...mix.data import MixData, RegionGroupYear
from ...mix.solution import UNIT, Solution

COLUMNS = ["unknown", "measure", "region", "family", "first", "last", "value", "grows", "unit"]
#: Part of the most that growth allows from which on a share is that.
AS_FAST = 0.999


def mix_unknown(mix: Mix) -> pd.DataFrame:
    """Objective, cost and family shares of the mix that is chosen if none and if all of what nobody knows stands in the
    country that leads it, a stop of each such node played beside the disruptions of the run. grows: whether a share is
    as large as growth allows after that of the year before."""
    rows: list[tuple[Any, ...]] = []
    for end, (data, solution) in at_ends_of_unknown(mix).items():
        span = data.years[0], data.years[-1]
        totals = (("best", solution.best, UNIT[criterion(mix.config)]),
                  ("objective", solution.exposure, UNIT[criterion(mix.config)]),
                  ("cost", sum(solution.cost.values()), UNIT["cost"]))  # fmt: skip
        rows += [(end, name, "", "", *span, value, "", unit) for name, value, unit in totals]
        rows += [
            (end, "share", r, family, y, y, value, "yes" if grows else "no", "1")
            for (r, family, y), value, grows in _shares(data, solution)
        ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _shares(data: MixData, solution: Solution) -> Iterable[tuple[RegionGroupYear, float, bool]]:
    """Share of each family in a region's batteries of each year, and whether it is as large as growth allows."""
    gwh: dict[RegionGroupYear, float] = {}
    for (r, _, c, y), added in solution.additions.items():
        gwh[r, data.family[c], y] = gwh.get((r, data.family[c], y), 0.0) + added
    for r in data.regions:
        for family in dict.fromkeys(data.family.values()):
            before: float = data.before.get((r, family), 0.0)
            for y in (y for y in data.years if data.wanted.get((r, y))):
                share = gwh.get((r, family, y), 0.0) / data.wanted[r, y]
                yield (r, family, y), share, share > 0 and share >= AS_FAST * _most(data, r, family, before)
                before = share


def _most(data: MixData, r: Any, family: Any, before: float) -> float:
    """The most that a share may be after that of the year before."""
    growth: Mapping[Any, float] = data.growth
    return (1 + growth[r, family]) * before + data.seed.get((r, family), 0.0) if (r, family) in growth else float("inf")
