"""Tables as CSV files of a result, and back: numbers to twelve digits, and texts that no spreadsheet runs.

A spreadsheet takes a cell that begins with `= + - @`, a tab or a carriage return for a formula. Such a text has an
apostrophe in front in the file, which a spreadsheet shows or hides and never runs; reading takes it away. So that every
text is read back as it was, one that begins with apostrophes and such a character has one more.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pandas as pd

FORMULA = re.compile(r"'*[=+\-@\t\r]")
GUARDED = re.compile(r"'+[=+\-@\t\r]")
#: Codes such as NA are names, not missing values.
TEXT_COLUMNS = (
    "scenario", "region", "segment", "chemistry", "mineral", "route", "unit", "fill", "rows", "table", "file", "source",
    "locator", "quality", "note", "corrected_by", "citation", "url", "licence",
)  # fmt: skip


def guarded(frame: pd.DataFrame) -> pd.DataFrame:
    """The table with an apostrophe in front of each text that a spreadsheet would run; numbers are as they were."""
    return _mapped(frame, lambda text: f"'{text}" if FORMULA.match(text) else text)


def write_csv(frame: pd.DataFrame, path: Path, digits: int = 12) -> None:
    """Write a table of a result, its numbers to so many digits. Raises OSError."""
    path.write_bytes(as_csv(frame, digits))


def as_csv(frame: pd.DataFrame, digits: int) -> bytes:
    """A table as the bytes of its CSV file."""
    text: str = guarded(frame).to_csv(index=False, float_format=f"%.{digits}g", lineterminator="\n")
    return text.encode()


def read_csv(file: Path | BytesIO) -> pd.DataFrame:
    """Read a table as `write_csv` wrote it. Raises OSError, and ValueError where it is not one."""
    numbers = ("value", "low", "high", "year", "line", "silicon", "rmse", "exported", "available", "first_year_below")
    missing = {name: [""] for name in numbers}
    kinds = {**dict.fromkeys(TEXT_COLUMNS, str), **dict.fromkeys(("value", "low", "high", "silicon"), float)}
    frame = pd.read_csv(file, dtype=kinds, keep_default_na=False, na_values=missing, encoding="utf-8")
    frame = _mapped(frame, lambda text: text[1:] if GUARDED.match(text) else text)
    return frame.assign(year=pd.to_numeric(frame["year"])) if "year" in frame else frame


def _mapped(frame: pd.DataFrame, change: Callable[[str], str]) -> pd.DataFrame:
    """The table with its texts changed; the same one where none is."""
    changed = {}
    for place, (_, column) in enumerate(frame.items()):
        if pd.api.types.is_numeric_dtype(column.dtype):
            continue
        # Columns repeat few texts, so each is looked at once.
        texts = [text for text in column.unique() if isinstance(text, str)]
        others = {text: change(text) for text in texts if change(text) != text}
        if others:
            changed[place] = [others.get(cell, cell) if isinstance(cell, str) else cell for cell in column]
    if not changed:
        return frame
    frame = frame.copy()
    for place, cells in changed.items():
        frame.isetitem(place, pd.Series(cells, index=frame.index, dtype=frame.dtypes.iloc[place]))
    return frame
