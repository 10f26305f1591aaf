"""Workbooks (.xlsx) → rows of text with their lines, by sheet, as of a CSV file. Reading one needs openpyxl."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator
from datetime import date
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any

from ..errors import Problem, UsageError
from ..haste import frozen
from ..text import Unreadable
from .csv_file import read_bytes, visible

SUFFIX = ".xlsx"
NEEDED = "needs openpyxl: pip install 'minerals[xlsx]', or save each sheet as 'CSV UTF-8'"


@frozen
class Sheet:
    """A sheet: cells as text by row, each with its line, rows without any cell left out. merged: (first line, first
    column, last line, last column) of cells that are one, counted from 1; numeric: line, and column counted from 0, of
    cells that are numbers and no texts."""

    rows: list[tuple[int, list[str]]]
    merged: list[tuple[int, int, int, int]]
    numeric: set[tuple[int, int]]


@frozen
class Workbook:
    """Sheets by name, those that hold anything, and the SHA-256 of the file."""

    sheets: dict[str, Sheet]
    sha256: str


def openpyxl(what: str) -> Any:
    """The library, or a UsageError that says how to have it. what: what it is needed for, as a file's name."""
    try:
        return import_module("openpyxl")
    except ImportError:
        raise UsageError(f"{what} {NEEDED}") from None


def read_workbook(path: Path, file: str, problems: list[Problem]) -> Workbook:
    """Sheets of a workbook; where it cannot be read there are none, and problems say why. Raises UsageError without
    openpyxl.

    file: its name for the user. A formula has the value that was saved with it.
    """
    library = openpyxl(f"{file}: reading a workbook")
    try:
        content = read_bytes(path, "not found")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Of styles and validations, which are not read.
            written = library.load_workbook(BytesIO(content))
            saved = library.load_workbook(BytesIO(content), data_only=True) if _has_formulas(written) else written
    except Unreadable as error:
        problems.append(Problem(file, 0, "", error.why))
        return Workbook({}, "")
    except Exception as error:  # Of a damaged file openpyxl raises what its parts raise.
        why = f"cannot be read as a workbook ({type(error).__name__}: {error}); save it again as .xlsx, or as CSV"
        problems.append(Problem(file, 0, "", why))
        return Workbook({}, "")
    sheets = {}
    for sheet in saved.worksheets:
        merged = [(each.min_row, each.min_col, each.max_row, each.max_col) for each in sheet.merged_cells.ranges]
        rows = list(_rows(sheet, written[sheet.title], f"{file}[{sheet.title}]", problems))
        if rows:
            lines = {line for line, _ in rows}
            numeric = {
                (line, column)
                for line, row in enumerate(sheet.iter_rows(values_only=True), 1)
                for column, cell in enumerate(row)
                if line in lines and isinstance(cell, int | float)
            }
            sheets[str(sheet.title).strip()] = Sheet(rows, merged, numeric)
    return Workbook(sheets, hashlib.sha256(content).hexdigest())


def _has_formulas(book: Any) -> bool:
    return any(cell.data_type == "f" for sheet in book.worksheets for row in sheet.iter_rows() for cell in row)


def _rows(sheet: Any, written: Any, place: str, problems: list[Problem]) -> Iterator[tuple[int, list[str]]]:
    """Line and cells of each row that is not empty, as wide as the first of them, or as its own last cell."""
    width = 0
    for line, row in enumerate(sheet.iter_rows(values_only=True), 1):
        cells = [_text(cell) for cell in row]
        for at, cell in enumerate(cells):
            formula = written.cell(line, at + 1)
            if not cell and formula.data_type == "f":
                why = "is a formula whose value was not saved; open the workbook, save it again, or write the value"
                problems.append(Problem(place, line, f"{formula.coordinate} = {str(formula.value)!r}", why))

        def report(_: int, what: str, why: str, line: int = line) -> None:
            problems.append(Problem(place, line, what, why))

        cells = [visible([cell], report)[0] for cell in cells]
        while cells and not cells[-1] and len(cells) > width:
            cells.pop()
        width = width or len(cells)
        if any(cells):
            yield line, cells + [""] * (width - len(cells))


def _text(cell: Any) -> str:
    """A cell as it would stand in a CSV file: one line, a whole number without decimals, a date as 2030-12-31."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, date):
        return cell.isoformat()
    return " ".join(str(cell).split()) if isinstance(cell, str) else str(cell)
