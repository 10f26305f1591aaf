"""Percentiles of draws in place of bounds, where a result has them for all that a chart shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from minerals.charts.bundle import Result
from minerals.charts.selection import table_of, texts

ENDS = ["p5", "p95"]


class Percentiles(NamedTuple):
    """5th and 95th percentile in the last axis.

    levels: kt, shape (scenario, mineral, 2); changes: of the last scenario against the first, relative, (mineral, 2),
    NaN where a draw cannot be compared; draws: how many, None where the record does not say.
    """

    levels: NDArray[np.float64]
    changes: NDArray[np.float64]
    draws: int | None

    @property
    def label(self) -> str:
        """What the ends are: 5th to 95th percentile of 1,000 draws."""
        return "5th to 95th percentile" + (f" of {self.draws:,} draws" if self.draws else "")


def of_demand(
    result: Result, region: str, year: int, scenarios: Sequence[str], minerals: Sequence[str], kt: NDArray[np.float64]
) -> Percentiles | None:
    """Percentiles of mineral demand, and of its change from the first scenario to the last; None unless all are there.

    region: as the table has it, the record's `region_label` for all regions together; kt: central demand, (scenario,
    mineral). Where that is zero a level may have no row and is zero; a change from zero has none.
    """
    table = table_of(result, "percentiles")
    if table is None:
        return None
    place = (table["quantity"] == "mineral_demand") & (table["region"] == region) & (table["year"] == year)
    rows = table[place].assign(against=texts(table.loc[place, "against"]))
    levels = _ends(rows[(rows["against"] == "") & (rows["unit"] == "kt")], scenarios, minerals)
    levels[np.isnan(levels) & (kt == 0)[:, :, None]] = 0.0
    moved = _ends(rows[(rows["against"] == scenarios[0]) & (rows["unit"] == "1")], scenarios[-1:], minerals)[0]
    lacking = np.isnan(moved).any(axis=1) & (kt[0] > 0)
    if np.isnan(levels).any() or (len(scenarios) > 1 and lacking.any()):
        return None
    draws = (result.record.get("study") or {}).get("draws")
    return Percentiles(levels, moved, int(draws) if draws else None)


def _ends(rows: pd.DataFrame, scenarios: Sequence[str], minerals: Sequence[str]) -> NDArray[np.float64]:
    """5th and 95th percentile, shape (scenario, mineral, 2), NaN where there is no row."""
    cells = pd.MultiIndex.from_product([scenarios, minerals])
    found = rows.drop_duplicates(["scenario", "mineral"]).set_index(["scenario", "mineral"])[ENDS].reindex(cells)
    return np.array(found, dtype=np.float64).reshape(len(scenarios), len(minerals), 2)
