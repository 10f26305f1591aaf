"""Production lines given by a file instead of following from growth: region, cohort and GWh per year at full output."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from ..axes import Axis
from ..config import Run
from ..errors import InputError, Problem, did_you_mean
from ..units import PLAUSIBLE, canonical
from .csv_file import read_csv
from .number import number

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("scenario", "region", "cohort", "value", "unit")
UNIT = canonical("capacity")


def read_lines(run: Run, regions: Axis, years: Axis) -> pd.DataFrame:
    """Lines [GWh/yr] of all scenarios, in COLUMNS, from the CSV that `flows.lines` names, relative to the run file.

    Cohorts before the first computed year count in it, as mature. Raises InputError with every problem.
    """
    import pandas as pd

    assert run.settings.flows is not None
    path = run.path.parent / run.settings.flows.lines
    if not os.path.lexists(path):
        why = f"no such file beside {run.path.name}; leave the key out to let lines follow from growth"
        raise InputError([run.problem(("flows", "lines"), f"lines = {run.settings.flows.lines!r}", why)])
    problems: list[Problem] = []
    rows: dict[tuple[str, str, int], float] = {}
    first_line: dict[tuple[str, str, int], int] = {}
    found = read_csv(path, path.name, COLUMNS, "lines", problems, more=True)
    for line, row in found.numbered() if found else ():
        try:
            scenario, region, cohort, value = _row(row, run, regions, years)
        except _Wrong as wrong:
            problems.append(Problem(path.name, line, f"{wrong.column} = {row[wrong.column]!r}", wrong.why))
            continue
        key = (scenario, region, cohort)
        if first_line.setdefault(key, line) != line:
            what = f"scenario = {scenario}, region = {region}, cohort = {cohort}"
            why = f"the same key as line {first_line[key]}; keep one of the two rows"
            problems.append(Problem(path.name, line, what, why))
        rows[key] = value
    having = {scenario for scenario, *_ in rows}
    for name in run.settings.scenario:
        if not problems and name not in having:
            why = "has no lines; add rows or leave flows.lines out"
            problems.append(Problem(path.name, 0, f"scenario {name!r}", why))
    if problems:
        raise InputError(problems)
    return pd.DataFrame([(*key, value, UNIT) for key, value in rows.items()], columns=list(COLUMNS))


class _Wrong(Exception):
    """A cell that cannot be used: its column, and why."""

    def __init__(self, column: str, why: str) -> None:
        self.column, self.why = column, why
        super().__init__(why)


def _row(row: dict[str, str], run: Run, regions: Axis, years: Axis) -> tuple[str, str, int, float]:
    """Scenario, region, cohort and GWh/yr of a row. Raises _Wrong for the first cell that cannot be used."""
    for column, known in (("scenario", list(run.settings.scenario)), ("region", regions.labels)):
        if row[column] not in known:
            raise _Wrong(column, f"not a {column} of this run{did_you_mean(row[column], known)}")
    if not re.fullmatch(r"[0-9]{4}", row["cohort"]) or int(row["cohort"]) > years.labels[-1]:
        raise _Wrong("cohort", f"expected a year up to {years.labels[-1]}")
    if not row["value"]:
        raise _Wrong("value", "is empty; expected a number of at least 0")
    try:
        value = number(row["value"])
    except ValueError as error:
        raise _Wrong("value", str(error)) from None
    most = PLAUSIBLE["capacity"][1]
    if not 0 <= value <= most:
        raise _Wrong("value", f"expected 0 to {most:g}: lines of one region and year make no more GWh in a year")
    if row["unit"] != UNIT:
        raise _Wrong("unit", f"expected {UNIT}")
    return row["scenario"], row["region"], int(row["cohort"]), value
