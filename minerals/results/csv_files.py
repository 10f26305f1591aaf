"""Tables as CSV files of a result, and back: numbers to twelve digits, and texts that no spreadsheet runs.

A spreadsheet takes a cell that begins with `= + - @`, a tab or a carriage return for a formula. Such a text has an
apostrophe in front in the file, which a spreadsheet shows or hides and never runs; reading takes it away. So that every
text is read back as it was, one that begins with apostrophes and such a character has one more.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from itertools import chain, islice, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..columns import Columns

if TYPE_CHECKING:
    import pandas as pd

FORMULA = re.compile(r"'*[=+\-@\t\r]")
GUARDED = re.compile(r"'+[=+\-@\t\r]")
#: A number as it is written here.
NUMBER = re.compile(r"-?(?:\d+(?:\.\d+)?(?:e[-+]?\d+)?|inf)")
#: What a cell holds that stands in quotes, and the quote, which is doubled in it.
QUOTED, QUOTE = re.compile(r'[",\r\n]'), '"'
#: What makes some of many texts that are put together, with this between them, one or the other.
BETWEEN = "\0"
SPECIAL = re.compile(rf"(?:^|{BETWEEN}){FORMULA.pattern}|{QUOTED.pattern}")
#: Rows that are formatted at a time.
ROWS = 10_000
#: Codes such as NA are names, not missing values.
TEXT_COLUMNS = (
    "scenario", "region", "segment", "chemistry", "mineral", "route", "unit", "fill", "rows", "table", "file", "source",
    "locator", "quality", "note", "corrected_by", "citation", "url", "licence",
)  # fmt: skip

#: How the names of columns end that are the ends of a range.
ENDS = ("_low", "_high")


def write_csv(table: Columns | pd.DataFrame, path: Path, digits: int = 12) -> None:
    """Write a table of a result, its numbers to so many digits. Raises OSError."""
    path.write_bytes(as_csv(table, digits))


def as_csv(table: Columns | pd.DataFrame, digits: int = 12) -> bytes:
    """A table as the bytes of its CSV file: what is missing is empty, and texts are quoted where they must be.

    The same bytes as pandas writes, which takes eight times as long because it looks at each number in Python: here
    one format takes many rows.
    """
    table = table if isinstance(table, Columns) else Columns.from_frame(table)
    columns = [_cells(table, name, digits) for name in table]
    row = ",".join(form for form, _ in columns) + "\n"
    lines = [",".join(_quoted(str(name)) for name in table) + "\n"]
    varied = [cells for form, cells in columns if cells]
    rows = zip(*varied, strict=True) if varied else repeat((), len(table))
    for start in range(0, len(table), ROWS):
        some = min(ROWS, len(table) - start)
        lines.append(row * some % tuple(chain.from_iterable(islice(rows, some))))
    return "".join(lines).encode()


def _cells(table: Columns, name: str, digits: int) -> tuple[str, list[Any]]:
    """(Format of a cell, what it formats) of a column; where all cells are alike, they stand in the format."""
    numbers = table.numbers(name)
    if numbers is not None and numbers.dtype.kind in "iu":
        return "%d", numbers.tolist()
    if numbers is not None:
        number, cells = f"%.{digits}g", numbers.tolist()
        missing = np.isnan(numbers)
        if not missing.any():
            return number, cells
        if missing.all():
            return "", []
        return "%s", ["" if cell != cell else number % cell for cell in cells]
    cells = table.column(name)
    # Columns repeat few texts, so each is looked at once; but 1, 1.0 and True would be one.
    different = set(cells)
    if all(isinstance(cell, str) for cell in different) and not SPECIAL.search(BETWEEN.join(different)):
        return (next(iter(different)).replace("%", "%%"), []) if len(different) == 1 else ("%s", cells)
    if all(isinstance(cell, str) or _missing(cell) for cell in different):
        texts = {cell: _text(cell) for cell in different}
        return "%s", [texts[cell] for cell in cells]
    return "%s", [_text(cell) for cell in cells]


def _missing(cell: Any) -> bool:
    """Whether a cell is empty: none, or not a number."""
    return cell is None or bool(cell != cell)


def _text(cell: Any) -> str:
    """A cell as it stands in a file: empty if missing, and guarded if a spreadsheet would run it."""
    if isinstance(cell, str):
        return _quoted(f"'{cell}" if FORMULA.match(cell) else cell)
    return "" if _missing(cell) else _quoted(str(cell))


def _quoted(text: str) -> str:
    """A text in quotes where it must be."""
    return f'"{text.replace(QUOTE, QUOTE * 2)}"' if QUOTED.search(text) else text


def read_csv(file: Path | BytesIO) -> pd.DataFrame:
    """Read a table as `write_csv` wrote it. Raises OSError, and ValueError where it is not one."""
    import pandas as pd

    numbers = ("value", "low", "high", "year", "line", "silicon", "rmse", "exported", "available", "first_year_below",
               "marginal", "marginal_low", "marginal_high", "cost_share")  # fmt: skip
    missing = {name: [""] for name in numbers}
    kinds = {**dict.fromkeys(TEXT_COLUMNS, str), **dict.fromkeys(("value", "low", "high"), float)}
    frame = pd.read_csv(file, dtype=kinds, keep_default_na=False, na_values=missing, encoding="utf-8")
    frame = _mapped(_with_gaps(frame), lambda text: text[1:] if GUARDED.match(text) else text)
    # A share of a cell's silicon, or in some tables the name of a blend.
    if "silicon" in frame and (frame.empty or pd.api.types.is_numeric_dtype(frame["silicon"].dtype)):
        frame = frame.astype({"silicon": float})
    return frame.assign(year=pd.to_numeric(frame["year"])) if "year" in frame else frame


def _with_gaps(frame: pd.DataFrame) -> pd.DataFrame:
    """The table with columns of numbers, of which some are missing, as numbers: with an empty cell they are read as
    texts. A column that is wholly empty stays as it is, but for the ends of a range."""
    import pandas as pd

    found = {}
    for name in frame.columns.difference(TEXT_COLUMNS):
        if pd.api.types.is_numeric_dtype(frame[name].dtype):
            continue
        cells = set(frame[name])
        is_of_numbers = len(cells) > 1 or name.endswith(ENDS)
        if "" in cells and is_of_numbers and all(NUMBER.fullmatch(str(cell)) for cell in cells - {""}):
            found[name] = pd.to_numeric(frame[name], errors="coerce")
    return frame.assign(**found) if found else frame


def _mapped(frame: pd.DataFrame, change: Callable[[str], str]) -> pd.DataFrame:
    """The table with its texts changed; the same one where none is."""
    import pandas as pd

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
