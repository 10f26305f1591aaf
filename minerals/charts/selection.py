"""What a chart is asked to draw, checked against what the result has; all that is wrong is said at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from minerals.charts import wording
from minerals.charts.bundle import Result
from minerals.errors import UsageError, did_you_mean, listed


def label(codes: Mapping[str, Mapping[str, str]], name: str) -> str:
    """The label that a code list gives a name; the name itself where it gives none."""
    return " ".join(str(codes.get(name, {}).get("label") or name).split())


class Selection:
    """The selection for one chart. Each method settles one of them and notes what is wrong; `settle` raises it all."""

    def __init__(self, chart: str, result: Result) -> None:
        self.chart, self.result, self.record = chart, result, result.record
        self.problems: list[str] = []

    def settle(self) -> None:
        """Raise what is wrong so far, in one sentence."""
        if self.problems:
            raise UsageError(f"{self.chart}: " + "; ".join(self.problems))

    def known(self, kind: str, wanted: str, names: Sequence[str]) -> None:
        """A name must be one of those the result has."""
        if wanted not in names:
            self.problems.append(
                f"{kind} '{wanted}' is not in the result{did_you_mean(wanted, names)} ({listed(names)})"
            )

    def table(self, name: str, unit: str = "", way_out: str = "", *, filled: bool = True) -> pd.DataFrame:
        """A table that must be there, and in that unit; way_out: what to do where it is not.

        filled: whether it must have rows.
        """
        found = table_of(self.result, name)
        if found is None:
            raise UsageError(f"{self.chart}: the result has no table {name}{way_out and f'; {way_out}'}")
        if filled and not len(found):
            raise UsageError(f"{self.chart}: {name} has no rows in this result, so there is nothing to draw")
        if unit and (units := set(found["unit"].unique()) - {unit}):
            self.problems.append(f"{name} is in {listed(sorted(units))}; the chart draws {unit}")
        return found

    @property
    def everything(self) -> str:
        """The name of all regions of the run together."""
        return str(self.record.get("region_label") or wording.names(list(self.record["regions"])))

    def region(self, region: str | None) -> str:
        """One of the record's regions, or all of them together."""
        place = region or self.everything
        if place != self.everything:
            self.known("region", place, list(dict.fromkeys([*self.record["regions"], self.everything])))
        return place

    def rows_in(self, table: pd.DataFrame, place: str) -> pd.DataFrame:
        """Rows of that region; all rows, to be summed, for all regions together."""
        return table if place == self.everything else table[table["region"] == place]

    def scenario(self, scenario: str | None, kind: str = "scenario") -> str:
        """A scenario of the run, by default its first."""
        run = list(self.record["scenarios"])
        chosen = scenario or run[0]
        self.known(kind, chosen, run)
        return chosen

    def world(self, scenario: str | None, table: pd.DataFrame) -> str:
        """A scenario of the prices, by default the first of the table."""
        worlds = list(dict.fromkeys(table["scenario"]))
        name = scenario or worlds[0]
        if name not in worlds:
            self.problems.append(f"scenario '{name}' has no prices{did_you_mean(name, worlds)} ({listed(worlds)})")
            self.settle()
        return name

    def year(self, year: int | None, table: pd.DataFrame, zeros: Sequence[int] = ()) -> int:
        """A year of the table, by default its last; zeros: years that count as there where the table has no rows."""
        years = sorted({*(int(value) for value in table["year"].unique()), *zeros})
        when = year if year is not None else max(years, default=0)
        if not years:
            self.problems.append("the result has no rows to draw")
        elif when not in years:
            self.problems.append(f"year {when} is not in the result ({listed(map(str, years))})")
        return when

    def span(self, since: int | None, year: int | None, table: pd.DataFrame) -> list[int]:
        """Years of the table from `since` (default its first) to `year` (default its last): two at the least."""
        last, first = self.year(year, table), since
        if since is not None:
            first = self.year(since, table)
        years = sorted(int(value) for value in table["year"].unique() if (first or 0) <= value <= last)
        if not self.problems and len(years) < 2:
            way_out = "; name an earlier since =" if since is not None else ""
            self.problems.append(f"{listed(map(str, years)) or 'no year'} alone makes no line{way_out}")
        return years


def table_of(result: Result, name: str) -> pd.DataFrame | None:
    """A table that a result may lack."""
    try:
        return result[name]
    except KeyError:
        return None


def texts(column: pd.Series) -> list[str]:
    """A column of texts on one line each; what is missing is empty, as it is in a table read from CSV."""
    lines = {text: " ".join(str(text).split()) for text in column.dropna().unique()}
    return [lines.get(text, "") for text in column.tolist()]
