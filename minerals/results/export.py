"""A result for other programs: its inputs as a workbook, its numbers in the IAMC layout or with years across."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from ..axes import DIMENSIONS
from ..errors import UsageError, listed
from ..provenance import CHANGE
from ..tables.inputs import Inputs
from ..tables.read import OWN_LINE
from ..tables.workbook import SUFFIX, openpyxl
from .csv_files import write_csv
from .result import Result

#: Columns that hold the figure of a year, and those that say how it was found or what it is held against: they change
#: from year to year, and label no row with years across.
FIGURE = ("year", "value", "low", "high")
ABOUT = (
    "fill", "rows", "source", "locator", "quality", "confidence", "note", "needs", "pinned", "limit", "met",
)  # fmt: skip


def export_xlsx(result: Result, inputs: Inputs, file: Path, force: bool) -> str:
    """Write the input rows that a result rests on, and all own rows, as a workbook, a sheet a table, in the units that
    they are computed with; `minerals import` takes it back. Raises UsageError.

    inputs: those that the result was made with.
    """
    _refuse(file, force)
    used = result["inputs_used"]
    lines: dict[str, set[int]] = {}
    for row in used["rows"][used["line"] > 0].astype(str):
        if not row.startswith(CHANGE) and row.rpartition(":")[0] in inputs.files:
            of, line = inputs.found(row)
            lines.setdefault(of, set()).add(line)
    book = openpyxl(f"{file}: writing a workbook").Workbook()
    book.remove(book.active)
    count = 0
    for name, table in inputs.tables.items():
        rows = [row for row in table.rows if row.line in lines.get(name, ()) or row.line > OWN_LINE]
        if not rows:
            continue
        count += len(rows)
        sheet = book.create_sheet(name)
        sheet.append(list(table.schema.columns))
        for row in rows:
            _append(sheet, [getattr(row, column) for column in table.schema.columns])
        sheet.freeze_panes = "A2"
    file.parent.mkdir(parents=True, exist_ok=True)
    book.save(file)
    return (
        f"{file}: {count:,} input rows in {len(book.sheetnames)} sheets; take them back with `minerals import {file}`"
    )


def _append(sheet: Any, row: Iterable[Any]) -> None:
    """Add a row to a sheet: nothing for a missing cell, and a text stays one though it begins as a formula does."""
    sheet.append([None if value == "" or (isinstance(value, float) and math.isnan(value)) else value for value in row])
    for cell in sheet[sheet.max_row]:
        if cell.data_type == "f":
            cell.data_type = "s"


def export_iamc(result: Result, file: Path, force: bool) -> str:
    """Write a result in the IAMC layout, as CSV or as the sheet `data` of a workbook. Raises UsageError."""
    _refuse(file, force)
    frame = result.iamc()
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.suffix.lower() == SUFFIX:
        book = openpyxl(f"{file}: writing a workbook").Workbook()
        book.active.title = "data"
        book.active.append([int(name) if str(name).isdecimal() else name for name in frame])
        for row in frame.itertuples(index=False):
            _append(book.active, row)
        book.save(file)
    else:
        write_csv(frame, file)
    return f"{file}: {len(frame):,} series"


def export_wide(result: Result, folder: Path, force: bool) -> str:
    """Write each table of a result that has values by year with a column a year, and say which have several values for
    a cell, which are left out. Raises UsageError."""
    _refuse(folder, force)
    folder.mkdir(parents=True, exist_ok=True)
    written, several = 0, list[str]()
    for name, frame in result.tables.items():
        if name == "inputs_used" or not {"year", "value"} <= set(frame):
            continue
        cells = frame.dropna(subset=["year"])
        labels = _labels(cells)
        if not labels:
            several.append(name)
            continue
        wide = cells.pivot(index=labels, columns="year", values="value").reset_index()
        wide.columns = pd.Index([str(int(c)) if isinstance(c, int | float) else str(c) for c in wide.columns])
        write_csv(wide, folder / f"{name}.csv")
        written += 1
    left_out = f"; left out, with several values a cell: {listed(several)}" if several else ""
    return f"{folder}: {written} tables with years across{left_out}"


def _labels(cells: pd.DataFrame) -> list[str]:
    """Columns that label a row of years: dimensions and texts, and numbers only until no two rows share a cell, as
    the assumed cuts of a supply gap do; none where rows still share one."""
    numbers = [name for name in cells if pd.api.types.is_numeric_dtype(cells[name]) and name not in DIMENSIONS]
    labels = [name for name in cells if name not in (*FIGURE, *ABOUT, *numbers)]
    further = [name for name in cells if name not in (*labels, *FIGURE)]
    while cells.duplicated([*labels, "year"]).any() and further:
        labels.append(further.pop(0))
    return [] if cells.duplicated([*labels, "year"]).any() else labels


def _refuse(place: Path, force: bool) -> None:
    """Raise UsageError where something is there that is not to be replaced."""
    if place.exists() and not force and not (place.is_dir() and not any(place.iterdir())):
        raise UsageError(f"{place} is there already; nothing was written: --force replaces it")
