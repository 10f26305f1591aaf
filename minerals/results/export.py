"""A result for other programs: its inputs as a workbook, its numbers in the IAMC layout or with years across."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pandas as pd

from ..axes import DIMENSIONS
from ..errors import UsageError, listed
from ..provenance import CHANGE
from ..quantities import QUANTITIES
from ..tables.inputs import Inputs
from ..tables.read import OWN_LINE
from ..tables.workbook import SUFFIX, openpyxl
from .csv_files import as_csv, write_csv
from .folders import make_parents, put, remove_empty, staged, sweep
from .result import Result

#: Columns that hold the figure of a year, and those that say how it was found or what it is held against: they change
#: from year to year, and label no row with years across.
FIGURE = ("year", "value", "low", "high")
ABOUT = (
    "fill", "rows", "source", "locator", "quality", "confidence", "note", "needs", "pinned", "limit", "met",
)  # fmt: skip
#: Endings of the files that an option writes.
ENDINGS = {"--xlsx": (SUFFIX,), "--iamc": (".csv", SUFFIX)}


def check_targets(targets: Mapping[str, Path], force: bool) -> None:
    """Raise UsageError where a target has another ending, or is there and not to be replaced: a folder that holds what
    `export_wide` does not write never is, anything else only with `force`. targets: by the option that names it."""
    for option, place in targets.items():
        folder, endings = option not in ENDINGS, ENDINGS.get(option, ())
        if endings and place.suffix.lower() not in endings:
            raise UsageError(f"{option} {place}: expected a name that ends in {' or '.join(endings)}")
        if folder:
            sweep(place.resolve())
        if place.exists() and place.is_dir() != folder:
            is_now, wanted = ("file", "folder") if folder else ("folder", "file")
            raise UsageError(f"{option} {place} is a {is_now}; name a {wanted}")
        there = sorted(place.iterdir()) if folder and place.exists() else []
        if others := [each.name for each in there if not _is_wide(each)]:
            why = f"holds files that export did not write: {listed(others, 5)}"
            raise UsageError(f"{place} {why}; nothing was written: move them, or name another folder")
        if (there or (place.exists() and not folder)) and not force:
            raise UsageError(f"{place} is there already; nothing was written: --force replaces it")


def _is_wide(file: Path) -> bool:
    """Whether a file is named and headed as `export_wide` writes it: own rows have names of tables too, and values."""
    if file.suffix != ".csv" or file.stem not in QUANTITIES or not file.is_file():
        return False
    with file.open(encoding="utf-8", errors="replace") as lines:
        return "value" not in lines.readline().rstrip().split(",")


def export_xlsx(result: Result, inputs: Inputs, file: Path) -> str:
    """Write the input rows that a result rests on, and all own rows, as a workbook, a sheet a table, in the units that
    they are computed with; `minerals import` takes it back. Raises UsageError.

    inputs: those that the result was made with.
    """
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
        finer = inputs.finer_rows(name)
        if not rows and not finer:
            continue
        count += len(rows) + len(finer)
        sheet = book.create_sheet(name)
        columns = inputs.finer[name].schema.columns if finer else table.schema.columns
        sheet.append(list(columns))
        for row in (*rows, *finer):
            _append(sheet, [getattr(row, column, "") for column in columns])
        sheet.freeze_panes = "A2"
    with _whole(file, "--xlsx"):
        _put(file, _saved(book))
    return (
        f"{file}: {count:,} input rows in {len(book.sheetnames)} sheets; take them back with `minerals import {file}`"
    )


def _append(sheet: Any, row: Iterable[Any]) -> None:
    """Add a row to a sheet: nothing for a missing cell, and a text stays one though it begins as a formula does."""
    sheet.append([None if value == "" or (isinstance(value, float) and math.isnan(value)) else value for value in row])
    for cell in sheet[sheet.max_row]:
        if cell.data_type == "f":
            cell.data_type = "s"


def export_iamc(result: Result, file: Path) -> str:
    """Write a result in the IAMC layout, as CSV or as the sheet `data` of a workbook. Raises UsageError."""
    frame = result.iamc()
    if file.suffix.lower() == SUFFIX:
        book = openpyxl(f"{file}: writing a workbook").Workbook()
        book.active.title = "data"
        book.active.append([int(name) if str(name).isdecimal() else name for name in frame])
        for row in frame.itertuples(index=False):
            _append(book.active, row)
        with _whole(file, "--iamc"):
            _put(file, _saved(book))
    else:
        with _whole(file, "--iamc"):
            _put(file, as_csv(frame))
    return f"{file}: {len(frame):,} series"


def export_wide(result: Result, folder: Path) -> str:
    """Write each table of a result that has values by year with a column a year, in the place of an earlier folder as a
    whole, and say which have several values for a cell, which are left out. Raises UsageError."""
    written, several = 0, list[str]()
    with _whole(folder, "--wide"), staged(folder.resolve()) as new:
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
            write_csv(wide, new / f"{name}.csv")
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


def _saved(book: Any) -> bytes:
    """A workbook as the bytes of its file. The archive is closed here whatever happens: `book.save` leaves that to the
    collector, which reports what fails."""
    content = BytesIO()
    with ZipFile(content, "w", ZIP_DEFLATED) as archive:
        import_module("openpyxl.writer.excel").ExcelWriter(book, archive).save()
    return content.getvalue()


def _put(file: Path, content: bytes) -> None:
    """Write a file whole or not at all, and the folders above it. Raises OSError."""
    place = file.resolve()
    made = make_parents(place)
    try:
        put(place, content)
    except BaseException:
        remove_empty(made)
        raise


@contextmanager
def _whole(place: Path, option: str) -> Iterator[None]:
    """Raise UsageError where the body cannot write a place, which it leaves as it was. option: that named it."""
    try:
        yield
    except OSError as error:
        why = f"{error.strerror or error}; what was there is unchanged: mend that, or name another place with {option}"
        raise UsageError(f"cannot write {place}: {why}") from error
