"""The model against published results, as lines that fit a width, and as a file."""

from __future__ import annotations

import calendar
import textwrap
from itertools import groupby
from pathlib import Path

import pandas as pd

from ..errors import UsageError
from ..numbers import number, signed_percent
from .csv_files import write_csv
from .screen import cut

FILE = "validation.csv"
FAMILY_FILE = "figure_17_family.csv"
#: Kind of the rows that hold derived cells against inventories: counted apart.
INVENTORIES = "derived_intensity"
INDENT = "    "
#: Names of rows are cut to this many characters on a screen narrower than they need.
LEAST_NAME = 19


def lines(table: pd.DataFrame, width: int, reasons: bool = True) -> list[str]:
    """A line for each published result, and below rows that differ their reason, once for neighbours that share it.

    table: as validation.validate gives it; reasons: False leaves them out.
    """
    rows = [
        (str(row.id), _shown(row.ours, row), _theirs(row), _unit(row), _ratio(row.ratio), str(row.verdict), row.reason)
        for row in table.itertuples()
    ]
    heads = ("Published result", "ours", "theirs", "", "ratio", "verdict")
    wide = [max(len(head), *(len(row[i]) for row in rows)) for i, head in enumerate(heads)]
    wide[0] = max(min(wide[0], width - sum(wide[1:]) - 2 * len(wide[1:])), LEAST_NAME)

    def line(cells: tuple[str, ...]) -> str:
        name, ours, theirs, unit, ratio, verdict = cells
        numbers = (ours.rjust(wide[1]), theirs.rjust(wide[2]), unit.ljust(wide[3]), ratio.rjust(wide[4]))
        return "  ".join([cut(name, wide[0], "…").ljust(wide[0]), *numbers, verdict]).rstrip()

    out = [line(heads)]
    for (agrees, reason), group in groupby(rows, key=lambda row: (row[5] == "agrees", row[6])):
        out += [line(row[:6]) for row in group]
        if reasons and not agrees:
            out += textwrap.wrap(
                str(reason), width, initial_indent=INDENT, subsequent_indent=INDENT, break_on_hyphens=False
            )
    return out


def summary(table: pd.DataFrame) -> list[str]:
    """How many agree, differ and have left their bounds, and what the words mean.

    Rows that agree because an input was set to them are told, and rows added in a month are counted apart.
    """
    outside = int((table["verdict"] == "outside").sum())
    out = []
    cells = table["kind"] == INVENTORIES
    for name, part in (("published results", table[~cells]), ("inventories of cells", table[cells])):
        agree, differ = _counts(part)
        if len(part):
            out.append(
                f"{len(part)} {name}: {agree} agree, within 10 % or within what the words say; {differ} differ, each "
                "for a reason that is listed with it."
            )
        for month, rows in part[part["added"] != ""].groupby("added"):
            agree, differ = _counts(rows)
            out.append(f"Of which {len(rows)} rows of {_month(str(month))}: {agree} agree, {differ} differ.")
        if taken := int((part["taken"] == "yes").mul(part["verdict"] == "agrees").sum()):
            out.append(f"Of all that agree {taken} are no check: an input was set to them, or is the same count.")
    if outside:
        names = ", ".join(table.loc[table["verdict"] == "outside", "id"])
        out.append(f"{outside} outside the bounds in which they were measured; the model has changed: {names}.")
    return out


def _counts(table: pd.DataFrame) -> tuple[int, int]:
    """How many agree, and how many differ."""
    return int((table["verdict"] == "agrees").sum()), int((table["verdict"] == "differs").sum())


def _month(text: str) -> str:
    """2026-11 as November 2026."""
    year, month = text.split("-")
    return f"{calendar.month_name[int(month)]} {year}"


def family_lines(table: pd.DataFrame, width: int) -> list[str]:
    """A line for each member of figure 17's family: changes of demand, and what it changes where the width allows.

    table: as figure17.family gives it.
    """
    minerals = list(table.columns[2:])
    rows = [
        [row.member, *(signed_percent(getattr(row, name)) for name in minerals), row.what] for row in table.itertuples()
    ]
    heads = ["Figure 17, next-gen against incumbent", *minerals, ""]
    wide = [max(len(head), *(len(row[i]) for row in rows)) for i, head in enumerate(heads[:-1])]
    wide[0] = max(min(wide[0], width - sum(wide[1:]) - 2 * len(wide[1:])), LEAST_NAME)

    def line(cells: list[str]) -> str:
        numbers = (text.rjust(size) for text, size in zip(cells[1:-1], wide[1:], strict=True))
        return cut("  ".join([cut(cells[0], wide[0], "…").ljust(wide[0]), *numbers, cells[-1]]).rstrip(), width, "…")

    return [line(heads), *map(line, rows)]


def write(table: pd.DataFrame, folder: Path, family: pd.DataFrame | None = None) -> Path:
    """Write the table as validation.csv into the folder, made if missing, and the family of figure 17 beside it.

    Raises UsageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_csv(table, folder / FILE, digits=10)
        if family is not None:
            write_csv(family, folder / FAMILY_FILE, digits=10)
    except OSError as error:
        raise UsageError(f"cannot write {folder / FILE}: {error.strerror}; choose another place with --out") from None
    return folder / FILE


def _shown(value: float, row: object) -> str:
    """A value; a share or change of unit 1 in per cent, signed where it is a change."""
    if value != value:
        return "words"
    if getattr(row, "unit", "") != "1":
        return number(value)
    return signed_percent(value) if getattr(row, "against", "") else f"{value:.1%}"


def _theirs(row: object) -> str:
    value = getattr(row, "theirs", float("nan"))
    return _shown(float("nan") if value is None else float(value), row)


def _unit(row: object) -> str:
    unit = str(getattr(row, "unit", "")).replace("USD_2025", "USD")
    return "" if unit == "1" else unit


def _ratio(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio == ratio else ""
