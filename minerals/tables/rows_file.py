"""Own rows as TOML: several tables in one file, each row under its key, on a line of its own.

    [chemistries.my_cell]                  # a table, then the labels of its primary key in their order
    label  = "My cell"                     # below them the columns of the row
    family = "LFP"

    [mineral_intensity.my_cell]
    graphite = 0.54                        # a number alone: the value, in the unit that the table is kept in
    lithium  = { value = 87, low = 83, high = 91, unit = "g/kWh" }

A list of texts is what a column joins by `;`. Of a table that own rows may be finer than (`finer.FINER`) further labels
may follow the key, `any` for what a row holds of all. A run file that lies beside such files is none of them.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..config import RunFile
from ..errors import Problem
from ..text import Unreadable, decoded, shown
from ..toml import LARGEST, Keys, key_lines, parsed
from ..units import EITHER, UNITS, canonical
from .codes import ANY
from .csv_file import read_bytes, visible
from .finer import FINER
from .schema import TableSchema
from .workbook import Sheet, Workbook

SUFFIX = ".toml"
#: Keys at the top of a run file, of which no table of the inputs has the name.
OF_RUNS = frozenset(("base", "scope", "scenario", "title"))

#: Tells what is wrong at a key path: the path, what stands there, and why.
Report = Callable[[Keys, str, str], None]


def holds_rows(path: Path) -> bool:
    """Whether a TOML file is no run file, which has nothing but the keys of one; any other counts as rows, one that
    cannot be read too, so that it is told."""
    try:
        keys = parsed(_text(path)[0]).keys()
    except Unreadable:
        return True
    return not keys & OF_RUNS or not keys <= OF_RUNS | RunFile.model_fields.keys()


def read_rows(path: Path, file: str, schemas: Mapping[str, TableSchema], problems: list[Problem]) -> Workbook:
    """Tables of a TOML file of rows as sheets, of which the first row is the header; everything wrong goes to problems.

    file: its name for the user. A table that no schema has is a sheet without rows.
    """
    try:
        text, sha256 = _text(path)
        data, lines = parsed(text), key_lines(text)
    except Unreadable as error:
        problems.append(Problem(file, error.line, "", error.why))
        return Workbook({}, "")

    def line(at: Keys) -> int:
        return next((lines[at[:depth]] for depth in range(len(at), 0, -1) if at[:depth] in lines), 0)

    def report(at: Keys, what: str, why: str) -> None:
        problems.append(Problem(file, line(at), what, why))

    sheets = {}
    for table, below in data.items():
        rows: list[tuple[int, dict[str, str]]] = []
        if (schema := schemas.get(table)) is not None:
            for at, columns in _leaves((table,), below, schema, report):
                cells = {}
                for name, cell in columns.items():
                    here = at if name in schema.primary_key else (*at, name)
                    if (as_text := _cell(here, cell, report)) is not None:
                        cells[name] = as_text
                if unit := _unit(schema):
                    cells.setdefault("unit", unit)
                rows.append((line(at), cells))
        for number, count in Counter(number for number, _ in rows).items():
            if count > 1:
                why = "stand on one line, by which each would be known; give each a line of its own"
                problems.append(Problem(file, number, f"{count} rows of {table}", why))
        header = list(dict.fromkeys(name for _, cells in rows for name in cells))
        body = [(number, [cells.get(name, "") for name in header]) for number, cells in rows]
        sheets[table] = Sheet([(line((table,)), header), *body] if rows else [], [], set())
    return Workbook(sheets, sha256)


def _text(path: Path) -> tuple[str, str]:
    """Text of a file and the SHA-256 of its bytes. Raises Unreadable."""
    content = read_bytes(path, "not found")
    if len(content) > LARGEST:
        raise Unreadable(0, f"has more than {LARGEST:,} bytes; so many rows are better kept as CSV")
    return decoded(content, "save it as UTF-8"), hashlib.sha256(content).hexdigest()


def _leaves(at: Keys, below: Any, schema: TableSchema, report: Report) -> Iterator[tuple[Keys, dict[str, Any]]]:
    """Key path and cells of each row below a key path, which begins with the table."""
    key, more = schema.primary_key, FINER.get(schema.name, ())
    place, labels = ".".join(at), at[1:]
    ends = not isinstance(below, Mapping) or any(name in schema.by_name or name in more for name in below)
    if len(labels) == len(key) and not ends and more and more[0] not in key:
        key = (*key, *more)
        schema = replace(schema, primary_key=key)
    if len(labels) == len(key):
        # Of further labels any is what a row leaves empty, a year of sale too.
        cells = {name: "" if label == ANY and name in more else label for name, label in zip(key, labels, strict=True)}
        if isinstance(below, Mapping):
            yield at, cells | {name: cell for name, cell in below.items() if name not in key}
            for name in key:
                if name in below:
                    report((*at, name), f"{place}.{name}", f"is in the key already, {'.'.join((schema.name, *key))}")
        elif isinstance(below, int | float) and not isinstance(below, bool) and "value" in schema.by_name:
            yield at, cells | {"value": below}
        else:
            number = "a number, or " if "value" in schema.by_name else ""
            report(at, f"{place} = {shown(below)}", f"expected {number}columns of {schema.name} in {{ }}")
    elif isinstance(below, Mapping):
        for label, each in below.items():
            yield from _leaves((*at, label), each, schema, report)
    else:
        why = f"a row of {schema.name} stands at {'.'.join((schema.name, *map(str.upper, key)))}; add what is missing"
        report(at, f"{place} = {shown(below)}", why)


def _cell(at: Keys, cell: Any, report: Report) -> str | None:
    """A cell as it would stand in a CSV file, or None with a report."""
    parts: Iterable[Any] = cell if isinstance(cell, list) else [cell]
    texts = []
    for part in parts:
        if isinstance(part, bool) or not isinstance(part, str | int | float):
            report(at, f"{'.'.join(at)} = {shown(cell)}", "expected a number, a text in quotes, or a list of texts")
            return None
        texts.append(" ".join(part.split()) if isinstance(part, str) else repr(part))
    found = visible([";".join(texts)], lambda _, what, why: report(at, what, why))
    return found[0]


def _unit(schema: TableSchema) -> str:
    """Unit of a row that says none: that which the table is kept in; '' where rows of a table have several."""
    one = schema.kind in UNITS and schema.kind not in EITHER and "unit" in schema.by_name
    return canonical(schema.kind) if one else ""
