"""CSV files → typed tables with line numbers. Every cell that cannot be read is reported; nothing is guessed."""

from __future__ import annotations

import hashlib
import math
import re
import sys
from collections import namedtuple
from collections.abc import Sequence
from dataclasses import replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import Problem, did_you_mean, listed
from ..haste import frozen
from ..units import CELL_PARAMETERS, canonical, ends, factor, implausible, of_one_kind
from .codes import ASSUMED, OWN, UNKNOWN
from .csv_file import read_csv
from .number import named, number
from .schema import Field, TableSchema

if TYPE_CHECKING:
    import pandas as pd

VALUES = ("value", "low", "high")
#: An own row is named within its table by its line and this much for each file before it, and its own.
OWN_LINE = 10**8
#: Columns that an own row may leave empty or out, though the table needs them, and what stands there then.
DEFAULTS = {"source": OWN, "quality": OWN, "draw_group": OWN, "note": ""}

#: Columns whose words own rows add to: a family or an anode of one's own needs no list (`check.own_words_are_meant`).
OPEN = ("family", "anode")


@frozen
class RawTable:
    """A file as text: one dict per row and the line each row stands on. dropped: lines that could not be read; own:
    whether these are rows of the user's own, which need neither source nor locator; keyed: whether each stands under
    its key, as in TOML, and not below a header."""

    schema: TableSchema
    file: str
    rows: list[dict[str, str]]
    lines: list[int]
    sha256: str
    dropped: int = 0
    own: bool = False
    keyed: bool = False


@frozen
class Table:
    """A typed table: the schema's columns, `line`, and `corrected_by` (a place in corrections.csv or '').

    columns: cells of each, in file order, values in the canonical unit of the table's kind. dropped: rows left out
    because a cell could not be read; unread: of these that stand alone, line and the cells that could be. own: files of
    the rows that lie on top of it, whose `line` is OWN_LINE for each file up to theirs and the line there.
    """

    schema: TableSchema
    file: str
    columns: dict[str, list[Any]]
    sha256: str
    dropped: int = 0
    own: tuple[str, ...] = ()
    unread: tuple[tuple[int, dict[str, Any]], ...] = ()

    def place(self, line: int) -> tuple[str, int]:
        """File of a row and its line there, of its `line` in the table."""
        file, there = divmod(line, OWN_LINE)
        return (self.own[file - 1], there) if file else (self.file, line)

    def named(self, line: int) -> str:
        """Name of a row, `file:line`, as inputs_used has it."""
        return f"{self.file}:{line}" if line < OWN_LINE else "{}:{}".format(*self.place(line))

    def lines(self, lines: Sequence[int]) -> str:
        """Rows in words: `lines 3, 4`, or each with its file where they stand in several."""
        places = [self.place(line) for line in lines]
        if len({file for file, _ in places}) > 1:
            return listed(map(self.named, lines), 6)
        return f"line{'s' if len(lines) > 1 else ''} {listed([str(line) for _, line in places], 6)}"

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The columns as a frame, made when it is first asked for: of many tables it never is."""
        import pandas as pd

        frame = pd.DataFrame(self.columns)
        for field in self.schema.fields:
            # Without rows nothing tells that these are numbers.
            if field.type != "string" and frame[field.name].dtype == object:
                frame[field.name] = pd.to_numeric(frame[field.name])
        return frame

    @cached_property
    def rows(self) -> list[Any]:
        """Rows in file order, as named tuples of the columns: for loops, which over a frame take long."""
        return list(map(_row(tuple(self.columns))._make, zip(*self.columns.values(), strict=True)))

    def rows_by(self, *names: str) -> dict[tuple[Any, ...], list[Any]]:
        """These rows by their cells in some columns, in file order."""
        if not names:
            return {(): self.rows}
        groups: dict[tuple[Any, ...], list[Any]] = {}
        for key, row in zip(zip(*(self.columns[name] for name in names), strict=True), self.rows, strict=True):
            groups.setdefault(key, []).append(row)
        return groups

    def by_code(self, column: str) -> dict[str, Any]:
        """Cells of a column of a code list, by code in file order."""
        return dict(zip(self.columns[self.schema.primary_key[0]], self.columns[column], strict=True))

    def __len__(self) -> int:
        return len(self.columns["line"])

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in ("frame", "rows")}


@cache
def _row(names: tuple[str, ...]) -> Any:
    """The named tuple of a row: tables of one process that have the same columns share it. A row may go to another
    process, which makes the class anew."""

    def reduced(row: Any) -> tuple[Any, ...]:
        return _row_of, (names, tuple(row))

    made = _named(names)
    made.__reduce__ = reduced
    return made


def _named(names: tuple[str, ...]) -> Any:
    return namedtuple("Row", names)


def _row_of(names: tuple[str, ...], cells: tuple[Any, ...]) -> Any:
    return _row(names)._make(cells)


def read_raw(folder: Path, schema: TableSchema, problems: list[Problem]) -> RawTable | None:
    """Rows of one file as text, or None with problems added. A byte-order mark and CRLF line ends are accepted."""
    found = read_csv(folder / schema.file, schema.file, schema.columns, schema.name, problems)
    if found is None:
        return None
    _check_content(folder / schema.file, schema, problems)
    rows = [dict(zip(found.header, cells, strict=True)) for cells in found.rows]
    return RawTable(schema, schema.file, rows, found.lines, found.sha256, found.dropped)


def _check_content(path: Path, schema: TableSchema, problems: list[Problem]) -> None:
    """The bytes of a file are those of which the descriptor says the number and the hash, where it does."""
    if schema.bytes is None and not schema.hash:
        return
    content = path.read_bytes()
    algorithm = schema.hash.partition(":")[0] or "md5"
    own = f"{algorithm}:{hashlib.new(algorithm, content, usedforsecurity=False).hexdigest()}"
    for key, described, found in (("bytes", schema.bytes, len(content)), ("hash", schema.hash or None, own)):
        if described is not None and described != found:
            why = f"datapackage.json says {described}; restore the file, or mend or remove {key} of the resource"
            problems.append(Problem(schema.file, 0, f"{key} = {found}", why))


def typed(raw: RawTable, corrected: dict[int, str], problems: list[Problem]) -> Table:
    """Typed table in canonical units. Rows with an unreadable cell are left out and reported."""
    schema = raw.schema
    records: list[dict[str, Any]] = []
    unread: list[tuple[int, dict[str, Any]]] = []
    first_line: dict[tuple[Any, ...], int] = {}
    for row, line in zip(raw.rows, raw.lines, strict=True):
        record: dict[str, Any] = {"line": line, "corrected_by": corrected.get(line, "")}
        missing = [field.name for field in schema.fields if raw.keyed and field.required and not row[field.name]]
        if missing:
            place = ".".join((schema.name, *(row[name] for name in schema.primary_key if row[name])))
            why = f"lacks {listed(missing, 20)}; write {', '.join(f'{name} = …' for name in missing)} in it"
            problems.append(Problem(raw.file, line, place, why))
        sound = not missing
        for field in (field for field in schema.fields if field.name not in missing):
            try:
                record[field.name] = _cell(row[field.name], field, schema.kind)
            except ValueError as error:
                problems.append(Problem(raw.file, line, f"{field.name} = {row[field.name]!r}", str(error)))
                sound = False
        if raw.own:
            _fill_own(record, schema)
        if sound and schema.kind:
            kind = CELL_PARAMETERS[record["parameter"]] if schema.kind == "cell_parameter" else schema.kind
            sound = _convert(record, kind, raw, row, problems)
        if not sound:
            unread.append((line, record))
            continue
        key = tuple(record[name] for name in schema.primary_key)
        if key in first_line:
            shown = ", ".join(
                f"{name} = {label}" for name, label in zip(schema.primary_key, key, strict=True) if label == label
            )
            why = f"the same key as line {first_line[key]}; keep one of the two rows"
            problems.append(Problem(raw.file, line, shown, why))
            continue
        first_line[key] = line
        records.append(record)
    columns = {name: [record[name] for record in records] for name in [*schema.columns, "line", "corrected_by"]}
    whole_numbers(columns, schema)
    dropped = raw.dropped + len(raw.rows) - len(records)
    return Table(schema, raw.file, columns, raw.sha256, dropped, unread=tuple(unread))


def of_own(schema: TableSchema) -> TableSchema:
    """The schema of own rows: what DEFAULTS fills is not needed, nor is a column that can hold one word only, and those
    of OPEN hold any word."""

    def loose(field: Field) -> Field:
        enum = (*field.enum, OWN) if field.name == "quality" else () if field.name in OPEN else field.enum
        return replace(field, enum=enum, required=field.required and field.name not in optional)

    optional = {field.name for field in schema.fields if field.name in DEFAULTS or len(field.enum) == 1}
    return replace(schema, fields=tuple(map(loose, schema.fields)))


def _fill_own(record: dict[str, Any], schema: TableSchema) -> None:
    """Say of an own row, in place, what it leaves out. One that names its source as assumed or unknown is so graded."""
    if record.get("source") in (ASSUMED, UNKNOWN):
        record["quality"] = record.get("quality") or record["source"]
    for field in schema.fields:
        if record.get(field.name) == "":
            record[field.name] = field.enum[0] if len(field.enum) == 1 else DEFAULTS.get(field.name, "")


def whole_numbers(columns: dict[str, list[Any]], schema: TableSchema) -> None:
    """Make whole numbers of a column decimal ones where one of its cells is missing, in place."""
    for field in schema.fields:
        if field.type == "integer" and any(map(math.isnan, columns[field.name])):
            columns[field.name] = list(map(float, columns[field.name]))


def _cell(text: str, field: Field, kind: str) -> str | float | int | None:
    """One cell as its type; None where a number is missing. Raises ValueError with what was expected."""
    if not text:
        if field.required:
            raise ValueError(f"is empty; expected {field.description}")
        return "" if field.type == "string" else math.nan
    if field.type == "string":
        if field.enum and text not in field.enum:
            known = [str(word) for word in field.enum]
            hint = did_you_mean(text, known)
            if field.name == "energy_basis":
                hint = "; GWh and kg/kWh are nominal energy at beginning of life: convert usable energy by a factor"
            raise ValueError(f"not one of {', '.join(known)}{hint}")
        if field.pattern and not re.fullmatch(field.pattern, text):
            if foreign := next((letter for letter in text if not letter.isascii()), ""):
                raise ValueError(f"{foreign!r} is {named(foreign)}; a code has plain letters only, as on any keyboard")
            raise ValueError(f"expected {field.description} (letters {field.pattern})")
        # Words that are alike are one: a kept package is then half as large.
        return sys.intern(text)
    value = number(text)
    if field.type == "integer" and value != int(value):
        raise ValueError("expected a whole number")
    if field.enum and value not in field.enum:
        raise ValueError(f"not one of {listed(map(str, field.enum))}")
    if field.minimum is not None and value < field.minimum:
        raise ValueError(f"expected at least {field.minimum:g}")
    if field.maximum is not None and value > field.maximum:
        if kind == "fraction" and field.name in VALUES and 1 < value <= 100:
            why = "shares are fractions from 0 to 1 and this looks like a percentage"
            raise ValueError(f"{why}; write {value / 100:g}")
        raise ValueError(f"expected at most {field.maximum:g}")
    return int(value) if field.type == "integer" else value


def _convert(record: dict[str, Any], kind: str, raw: RawTable, row: dict[str, str], problems: list[Problem]) -> bool:
    """Convert value, low and high in place; check that they are plausible, low ≤ value ≤ high, and the note.

    row: the cells as they are written.
    """
    before = len(problems)
    file, line = raw.file, record["line"]
    try:
        scale = factor(record["unit"], kind)
        one = of_one_kind(record["unit"], kind)
        of = record["parameter"] if raw.schema.kind == "cell_parameter" else kind
        least, most = ends(one, of, raw.schema.ends)
        for name in VALUES:
            record[name] = size = record[name] if scale == 1.0 else record[name] * scale
            # What is a share of something may be next to none of it at its low end.
            floor = 0.0 if name == "low" and one == "fraction" else least
            if size and not floor <= abs(size) <= most and not math.isnan(size):
                why = implausible(size, scale, one, (floor, most), raw.schema.because)
                problems.append(Problem(file, line, f"{name} = {row[name]!r}", why))
                return False
        record["unit"] = canonical(one)
    except ValueError as error:
        problems.append(Problem(file, line, f"unit = {record['unit']!r}", str(error)))
    value, low, high = (record[name] for name in VALUES)
    if math.isnan(low) != math.isnan(high):
        name = "low" if math.isnan(low) else "high"
        problems.append(Problem(file, line, f"{name} = ''", "low and high go together; give both or neither"))
    elif not math.isnan(low) and not math.isnan(value) and not low <= value <= high:
        what = f"low, value, high = {low:g}, {value:g}, {high:g}"
        problems.append(Problem(file, line, what, "expected low ≤ value ≤ high"))
    if _tells_unknown(raw) and (math.isnan(value) or UNKNOWN in (record["source"], record["quality"])):
        if why := _not_unknown(record):
            problems.append(Problem(file, line, f"value = {row['value']!r}", why))
    elif ASSUMED in (record["source"], record["quality"]):
        if record["source"] != record["quality"]:
            what = f"source = {record['source']!r}, quality = {record['quality']!r}"
            why = "an assumption has 'assumed' in both; a figure read somewhere names its source and another quality"
            problems.append(Problem(file, line, what, why))
        if not record["note"]:
            problems.append(Problem(file, line, "note = ''", "an assumption needs its reasoning in note"))
    elif not record["locator"] and not raw.own:
        why = "say where in the source the figure stands: table, row, page or file"
        problems.append(Problem(file, line, "locator = ''", why))
    return len(problems) == before


def _tells_unknown(raw: RawTable) -> bool:
    """Whether rows of a table may say that nobody knows a figure. Where they may not, an empty value of a table that
    needs none is no figure of a thing that exists, such as a plant whose capacity is not public."""
    return any(field.name == "quality" and UNKNOWN in field.enum for field in raw.schema.fields)


def _not_unknown(record: dict[str, Any]) -> str:
    """Why a row is no sound one of what nobody knows; '' where it is."""
    if not math.isnan(record["value"]):
        return "is a figure, and source or quality says unknown; leave the value empty, or name its source and quality"
    if record["source"] != UNKNOWN or record["quality"] != UNKNOWN:
        return "is empty; expected a number, or unknown in source and quality where nobody publishes one"
    if math.isnan(record["low"]):
        return "is unknown between no ends; give low and high, 0 and 1 where nothing is known"
    return "" if record["note"] else "is unknown; say in note what was looked for and what was found"
