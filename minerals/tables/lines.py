"""Production lines given by a file instead of following from growth: region, cohort and GWh per year at full output."""

from __future__ import annotations

import csv
import re

import pandas as pd

from ..axes import Axis
from ..config import Run
from ..errors import InputError, Problem, did_you_mean, listed

COLUMNS = ("scenario", "region", "cohort", "value", "unit")


def read_lines(run: Run, regions: Axis, years: Axis) -> pd.DataFrame:
    """Lines [GWh/yr] of all scenarios, in COLUMNS, from the CSV that `flows.lines` names beside the run file.

    Cohorts before the first computed year count in it, as mature. Raises InputError with every problem.
    """
    assert run.settings.flows is not None
    path = run.path.parent / run.settings.flows.lines
    if not path.is_file():
        why = f"no such file beside {run.path.name}; leave the key out to let lines follow from growth"
        raise InputError([run.problem(("flows", "lines"), f"lines = {run.settings.flows.lines!r}", why)])
    problems: list[Problem] = []
    reader = csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines(), restval="", restkey="more")
    if missing := [name for name in COLUMNS if name not in (reader.fieldnames or [])]:
        why = f"lacks the columns {listed(missing)} (columns: {', '.join(COLUMNS)})"
        raise InputError([Problem(path.name, 1, "", why)])
    rows: list[tuple[object, ...]] = []
    for row in reader:
        if found := _wrong(row, run, regions, years):
            column, why = found
            problems.append(Problem(path.name, reader.line_num, f"{column} = {row[column]!r}", why))
        else:
            rows.append((row["scenario"], row["region"], int(row["cohort"]), float(row["value"]), row["unit"]))
    lines = pd.DataFrame(rows, columns=list(COLUMNS))
    for name in run.settings.scenario:
        if not problems and name not in set(lines["scenario"]):
            why = "has no lines; add rows or leave flows.lines out"
            problems.append(Problem(path.name, 0, f"scenario {name!r}", why))
    if problems:
        raise InputError(problems)
    return lines


def _wrong(row: dict[str, str], run: Run, regions: Axis, years: Axis) -> tuple[str, str] | None:
    """The first column of a row that is wrong, and why."""
    if row["scenario"] not in run.settings.scenario:
        return "scenario", f"not a scenario of this run{did_you_mean(row['scenario'], run.settings.scenario)}"
    if row["region"] not in regions.labels:
        return "region", f"not a region of this run{did_you_mean(row['region'], regions.labels)}"
    if not re.fullmatch(r"\d{4}", row["cohort"]) or int(row["cohort"]) > years.labels[-1]:
        return "cohort", f"expected a year up to {years.labels[-1]}"
    if not re.fullmatch(r"\d+\.?\d*([eE][-+]?\d+)?", row["value"]):
        return "value", "expected a number of at least 0"
    if row["unit"] != "GWh/yr":
        return "unit", "expected GWh/yr"
    return None
