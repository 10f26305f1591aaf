"""Production lines given by a file instead of following from growth: region, cohort and GWh per year at full output."""

from __future__ import annotations

import csv
import re

import numpy as np
from numpy.typing import NDArray

from ..axes import Axis
from ..config import Run
from ..errors import InputError, Problem, did_you_mean, listed

COLUMNS = ("scenario", "region", "cohort", "value", "unit")


def read_lines(run: Run, scenario: str, regions: Axis, years: Axis) -> NDArray[np.float64]:
    """Lines [GWh/yr] of one scenario, (region, cohort), from the CSV that `flows.lines` names beside the run file.

    Columns: scenario, region, cohort, value, unit (GWh/yr). Cohorts before the first computed year count in it, as
    mature. Raises InputError with every problem.
    """
    assert run.settings.flows is not None
    path = run.path.parent / run.settings.flows.lines
    if not path.is_file():
        why = f"no such file beside {run.path.name}; leave the key out to let lines follow from growth"
        raise InputError([run.problem(("flows", "lines"), f"lines = {run.settings.flows.lines!r}", why)])
    problems: list[Problem] = []
    out = np.zeros((len(regions), len(years)))
    reader = csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines())
    if missing := [name for name in COLUMNS if name not in (reader.fieldnames or [])]:
        raise InputError(
            [Problem(path.name, 1, "", f"lacks the columns {listed(missing)} (columns: {', '.join(COLUMNS)})")]
        )
    found = False
    for row in reader:
        line = reader.line_num

        def problem(column: str, why: str, row: dict[str, str] = row, line: int = line) -> None:
            problems.append(Problem(path.name, line, f"{column} = {row[column]!r}", why))

        if row["scenario"] not in run.settings.scenario:
            problem("scenario", f"not a scenario of this run{did_you_mean(row['scenario'], run.settings.scenario)}")
        elif row["region"] not in regions.labels:
            problem("region", f"not a region of this run{did_you_mean(row['region'], regions.labels)}")
        elif not re.fullmatch(r"\d{4}", row["cohort"]) or int(row["cohort"]) > years.labels[-1]:
            problem("cohort", f"expected a year up to {years.labels[-1]}")
        elif not re.fullmatch(r"\d+\.?\d*([eE][-+]?\d+)?", row["value"]):
            problem("value", "expected a number of at least 0")
        elif row["unit"] != "GWh/yr":
            problem("unit", "expected GWh/yr")
        elif row["scenario"] == scenario:
            found = True
            at = max(int(row["cohort"]) - years.labels[0], 0)
            out[regions.labels.index(row["region"]), at] += float(row["value"])
    if not found and not problems:
        problems.append(
            Problem(path.name, 0, f"scenario {scenario!r}", "has no lines; add rows or leave flows.lines out")
        )
    if problems:
        raise InputError(problems)
    return out
