"""Own rows as TOML: several tables in one file, each row under its key, on a line of its own.

    [chemistries.my_cell]                  # a table, then the labels of its primary key in their order
    label  = "My cell"                     # below them the columns of the row
    family = "LFP"

    [mineral_intensity.my_cell]
    graphite = 0.54                        # a number alone: the value, in the unit that the table is kept in
    lithium  = { value = 87, low = 83, high = 91, unit = "g/kWh" }

A list of texts is what a column joins by `;`. Of a table that own rows may be finer than (`finer.FINER`) further labels
may follow the key, `any` for what a row holds of all. A run file that lies beside such files is none of them. It may
hold rows itself, in the same form below its key `rows`, which a base passes on and `--set` changes.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..config import COMMAND_LINE, Origin, RunFile, place_of
from ..errors import Problem, did_you_mean, listed
from ..haste import value_class
from ..text import Unreadable, decoded, shown
from ..toml import LARGEST, Keys, dotted, key_lines, parsed, written
from ..units import EITHER, UNITS, canonical
from .codes import ANY
from .csv_file import read_bytes, visible
from .finer import FINER, extended
from .read import Table, of_own
from .schema import TableSchema
from .workbook import Sheet, Workbook

SUFFIX = ".toml"
#: Key of a run file that holds rows.
ROWS = "rows"
#: Keys at the top of a run file, of which no table of the inputs has the name.
OF_RUNS = frozenset(("base", "scope", "scenario", "title"))
#: Characters that no name of a row holds.
_APART = re.compile(r"[\s@:\[\]]+")

#: Tells what is wrong at a key path: the path, what stands there, and why.
Report = Callable[[Keys, str, str], None]
#: Line and cells of a row.
_Row = tuple[int, dict[str, str]]


@value_class
class RowsOfRun:
    """Rows that a run file holds below its key `rows`.

    file: its name; data: tables of rows as it has them; origin: (file, line) of each key path from `rows` on, which may
    be of a base, or a change of the command line.
    """

    file: str
    data: dict[str, Any]
    origin: dict[Keys, tuple[str, int]]

    @classmethod
    def of(cls, file: str, data: dict[str, Any], origin: Origin) -> RowsOfRun:
        """Those of a run file, with the places of its rows among those of all of its keys."""
        return cls(file, data, {path: place for path, place in origin.items() if path[:1] == (ROWS,)})

    @property
    def changes(self) -> dict[Keys, str]:
        """Changes of the command line among them, as they are told, by the key path that each sets."""
        return {path: file for path, (file, _) in self.origin.items() if file.startswith(COMMAND_LINE)}

    def placed(self, problem: Problem) -> Problem:
        """A problem at the file and line where a user finds it: of the command line, the change."""
        file, _, table = problem.file.partition("[")
        changes = list(dict.fromkeys(self.changes.values()))
        if file != COMMAND_LINE or not table or not 0 < problem.line <= len(changes):
            return problem
        return replace(problem, file=changes[problem.line - 1], line=0)

    def sheets(self, schemas: Mapping[str, TableSchema], problems: list[Problem]) -> Iterator[tuple[str, str, Sheet]]:
        """Table, file (with the table in brackets) and sheet of the rows, a sheet for each file that they stand in;
        everything wrong goes to problems. A change of the command line has no line: it is counted instead, from 1."""
        changes = self.changes
        numbers = {file: number for number, file in enumerate(dict.fromkeys(changes.values()), 1)}

        def place(at: Keys) -> tuple[str, int]:
            below = [file for path, file in changes.items() if path[: len(at) + 1] == (ROWS, *at)]
            file, line = (below[-1], 0) if below else place_of(self.origin, (ROWS, *at), self.file)
            return (COMMAND_LINE, numbers[file]) if file in numbers else (file, line)

        def report(at: Keys, what: str, why: str) -> None:
            below = what if what.startswith("column") else f"{ROWS}.{what}"
            problems.append(Problem(*place_of(self.origin, (ROWS, *at), self.file), below, why))

        for table, below in self.data.items():
            if (schema := schemas.get(table)) is None:
                near = did_you_mean(table, schemas) or f" (tables: {listed(schemas, 6)})"
                report((table,), table, f"not a table of the inputs{near}")
                continue
            found: dict[str, list[_Row]] = {}
            for at, cells in _rows((table,), below, schema, report):
                file, line = place(at)
                found.setdefault(f"{plain_file(file)}[{table}]", []).append((line, cells))
            for file, rows in found.items():
                problems += map(self.placed, _on_one_line(file, table, rows))
                yield table, file, _sheet(rows, rows[0][0])

    def sha256(self, table: str) -> str:
        """SHA-256 of the rows of a table."""
        return hashlib.sha256(json.dumps(self.data[table], sort_keys=True, default=str).encode()).hexdigest()

    def document(self, schemas: Mapping[str, TableSchema]) -> list[str]:
        """The rows as lines of a run file, a line each, in one table `[rows]`; none where there are none."""
        lines = [f"[{ROWS}]"] if self.data else []
        for table, below in self.data.items():
            for at, _ in _leaves((table,), below, schemas[table], lambda *_: None):
                cells: Any = self.data
                for key in at:
                    cells = cells[key]
                lines.append(f"{dotted(at)} = {written(cells)}")
        return [*lines, ""] if lines else []


@value_class
class RowForm:
    """How a row of a table is written in TOML.

    path: dotted, the table and the columns of its key in capitals; further: labels that may follow the key; unit: of a
    number alone, '' where rows have several or hold no figure; needed, columns: below the key, those that each row
    needs and all; example: a line below `rows`.
    """

    path: str
    further: tuple[str, ...]
    unit: str
    needed: tuple[str, ...]
    columns: tuple[str, ...]
    example: str


def row_form(table: Table) -> RowForm:
    """How a row of a table is written, with its first row that holds a figure, where any does, as the example."""
    schema, key = table.schema, table.schema.primary_key
    below = [field for field in of_own(schema).fields if field.name not in key]
    needed = [field.name for field in below if field.required and not (field.name == "unit" and _unit(schema))]
    values = table.columns.get("value", [])
    at = next((at for at, value in enumerate(values) if value == value), 0)
    cells = {field.name: table.columns[field.name][at] for field in below}
    said = {name: cell for name, cell in cells.items() if cell == cell and cell != ""}
    wanted = [name for name in said if name in needed or name == "value"]
    example: Any = {name: said[name] for name in wanted} or dict(list(said.items())[:1])
    if list(example) == ["value"]:
        example = example["value"]
    labels = [str(table.columns[name][at]) for name in key]
    path = _stands_at(schema.name, key)
    line = f"{dotted((schema.name, *labels))} = {written(example)}"
    further = tuple(name for name in FINER.get(schema.name, ()) if name not in key)
    return RowForm(path, further, _unit(schema), tuple(needed), tuple(field.name for field in below), line)


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
        rows: list[_Row] = []
        if (schema := schemas.get(table)) is not None:
            rows = [(line(at), cells) for at, cells in _rows((table,), below, schema, report)]
        problems += _on_one_line(file, table, rows)
        sheets[table] = _sheet(rows, line((table,)))
    return Workbook(sheets, sha256)


def _rows(at: Keys, below: Any, schema: TableSchema, report: Report) -> Iterator[tuple[Keys, dict[str, str]]]:
    """Key path of each row below one, and its cells as they would stand in a CSV file."""
    known = extended(schema).columns
    for place, columns in _leaves(at, below, schema, report):
        cells = {}
        for name, cell in columns.items():
            here = place if name in schema.primary_key else (*place, name)
            if name not in known:
                near = did_you_mean(name, known) or f"; columns are {listed(known, 20)}"
                report(here, f"column '{name}'", f"not a column of {schema.name}{near}")
            elif (as_text := _cell(here, cell, report)) is not None:
                cells[name] = as_text
        if unit := _unit(schema):
            cells.setdefault("unit", unit)
        yield place, cells


def _on_one_line(file: str, table: str, rows: Iterable[_Row]) -> Iterator[Problem]:
    """A problem for each line on which several rows of a table stand."""
    for number, count in Counter(number for number, _ in rows).items():
        if count > 1:
            why = "stand on one line, by which each would be known; give each a line of its own"
            yield Problem(file, number, f"{count} rows of {table}", why)


def _sheet(rows: Sequence[_Row], line: int) -> Sheet:
    """Rows as a sheet, of which the first row is the header, that stands on a line; without rows an empty one."""
    header = list(dict.fromkeys(name for _, cells in rows for name in cells))
    body = [(number, [cells.get(name, "") for name in header]) for number, cells in rows]
    return Sheet([(line, header), *body] if rows else [], [], set())


def plain_file(name: str) -> str:
    """A name of a file as rows are named by it, in which nothing stands that separates them."""
    return _APART.sub("_", name)


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
            deeper = [name for name, cell in below.items() if isinstance(cell, Mapping) and name not in schema.by_name]
            if deeper:
                why = f"is a label too many: a row of {schema.name} stands at {_stands_at(schema.name, key)}"
                if more and more[0] not in key:
                    why += f", or without a figure there at {_stands_at(schema.name, (*key, *more))}"
                report((*at, deeper[0]), f"{place}.{deeper[0]}", why)
                return
            yield at, cells | {name: cell for name, cell in below.items() if name not in key}
            for name in key:
                if name in below:
                    report((*at, name), f"{place}.{name}", f"is in the key already, {_stands_at(schema.name, key)}")
        elif isinstance(below, int | float) and not isinstance(below, bool) and "value" in schema.by_name:
            yield at, cells | {"value": below}
        else:
            number = "a number, or " if "value" in schema.by_name else ""
            why = f"expected {number}columns of {schema.name} in {{ }}"
            if below is False:
                why += "; false takes away a row of the base of a run file, and there is none here"
            report(at, f"{place} = {shown(below)}", why)
    elif isinstance(below, Mapping):
        for label, each in below.items():
            yield from _leaves((*at, label), each, schema, report)
    else:
        why = f"a row of {schema.name} stands at {_stands_at(schema.name, key)}; add what is missing"
        report(at, f"{place} = {shown(below)}", why)


def _stands_at(table: str, key: Sequence[str]) -> str:
    """Where a row of a table stands in TOML, the columns of its key in capitals."""
    return ".".join((table, *map(str.upper, key)))


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
