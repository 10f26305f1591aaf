"""CSV files → typed tables with line numbers. Every cell that cannot be read is reported; nothing is guessed."""

from __future__ import annotations

import csv
import hashlib
import io
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import Problem, did_you_mean, listed
from ..units import CELL_PARAMETERS, canonical, factor, of_one_kind
from .schema import Field, TableSchema

NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
VALUES = ("value", "low", "high")


@dataclass
class RawTable:
    """A file as text: one dict per row and the line each row starts on."""

    schema: TableSchema
    file: str
    rows: list[dict[str, str]]
    lines: list[int]
    sha256: str


@dataclass
class Table:
    """A typed table. `frame` has the schema's columns, `line`, and `corrected_by` (a place in corrections.csv or '').

    Values are in the canonical unit of the table's kind. dropped: rows left out because a cell could not be read.
    """

    schema: TableSchema
    file: str
    frame: pd.DataFrame
    sha256: str
    dropped: int = 0


def read_raw(folder: Path, schema: TableSchema, problems: list[Problem]) -> RawTable | None:
    """Rows of one file as text, or None with problems added. A byte-order mark and CRLF line ends are accepted."""
    file, path = schema.file, folder / schema.file

    def problem(line: int, what: str, why: str) -> None:
        problems.append(Problem(file, line, what, why))

    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except FileNotFoundError:
        problem(0, "", f"file is missing; expected columns {', '.join(schema.columns)}")
        return None
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        problem(line, "", "is not UTF-8 text; save the file as 'CSV UTF-8'")
        return None
    if not text.strip():
        problem(0, "", f"file is empty; expected a header line: {','.join(schema.columns)}")
        return None
    reader = csv.reader(io.StringIO(text, newline=""))
    header = [name.strip() for name in next(reader)]
    if not _header_fits(header, schema, problem):
        return None
    rows, lines, start = [], [], reader.line_num + 1
    for cells in reader:
        line, start = start, reader.line_num + 1
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            why = f"expected {len(header)} cells as in the header; put texts that hold a comma in double quotes"
            problem(line, f"has {len(cells)} cells", why)
            continue
        rows.append(dict(zip(header, (cell.strip() for cell in cells), strict=True)))
        lines.append(line)
    return RawTable(schema, file, rows, lines, hashlib.sha256(content).hexdigest())


def _header_fits(header: list[str], schema: TableSchema, problem: Callable[[int, str, str], None]) -> bool:
    if len(header) == 1 and ";" in header[0]:
        problem(1, "", "columns are separated by ';'; save the file with commas between columns and decimal points")
        return False
    fits = True
    for name in header:
        if header.count(name) > 1:
            problem(1, f"column '{name}'", "stands more than once in the header; keep one")
            fits = False
        elif name not in schema.by_name:
            hint = did_you_mean(name, schema.columns) or f"; columns are {listed(schema.columns, 20)}"
            problem(1, f"column '{name}'", f"not a column of {schema.name}{hint}")
            fits = False
    for name in schema.columns:
        if name not in header:
            problem(1, f"column '{name}'", "missing from the header; add it (cells may be empty where allowed)")
            fits = False
    return fits


def typed(raw: RawTable, corrected: dict[int, str], problems: list[Problem]) -> Table:
    """Typed table in canonical units. Rows with an unreadable cell are left out and reported."""
    schema = raw.schema
    records: list[dict[str, Any]] = []
    first_line: dict[tuple[Any, ...], int] = {}
    for row, line in zip(raw.rows, raw.lines, strict=True):
        record: dict[str, Any] = {"line": line, "corrected_by": corrected.get(line, "")}
        sound = True
        for field in schema.fields:
            try:
                record[field.name] = _cell(row[field.name], field, schema.kind)
            except ValueError as error:
                problems.append(Problem(raw.file, line, f"{field.name} = {row[field.name]!r}", str(error)))
                sound = False
        if sound and schema.kind:
            kind = CELL_PARAMETERS[record["parameter"]] if schema.kind == "cell_parameter" else schema.kind
            sound = _convert(record, kind, raw.file, problems)
        if not sound:
            continue
        key = tuple(record[name] for name in schema.primary_key)
        if key in first_line:
            shown = ", ".join(f"{name} = {label}" for name, label in zip(schema.primary_key, key, strict=True))
            why = f"the same key as line {first_line[key]}; keep one of the two rows"
            problems.append(Problem(raw.file, line, shown, why))
            continue
        first_line[key] = line
        records.append(record)
    frame = pd.DataFrame.from_records(records, columns=[*schema.columns, "line", "corrected_by"])
    for field in schema.fields:
        if field.type != "string":
            frame[field.name] = pd.to_numeric(frame[field.name])
    return Table(schema, raw.file, frame, raw.sha256, len(raw.rows) - len(records))


def _cell(text: str, field: Field, kind: str) -> str | float | int | None:
    """One cell as its type; None where a number is missing. Raises ValueError with what was expected."""
    if not text:
        if field.required:
            raise ValueError(f"is empty; expected {field.description}")
        return "" if field.type == "string" else math.nan
    if field.type == "string":
        if field.enum and text not in field.enum:
            hint = did_you_mean(text, field.enum)
            if field.name == "energy_basis":
                hint = "; GWh and kg/kWh are nominal energy at beginning of life: convert usable energy by a factor"
            raise ValueError(f"not one of {', '.join(field.enum)}{hint}")
        if field.pattern and not re.fullmatch(field.pattern, text):
            raise ValueError(f"expected {field.description} (letters {field.pattern})")
        return text
    value = _number(text)
    if field.type == "integer" and value != int(value):
        raise ValueError("expected a whole number")
    if field.minimum is not None and value < field.minimum:
        raise ValueError(f"expected at least {field.minimum:g}")
    if field.maximum is not None and value > field.maximum:
        if kind == "fraction" and field.name in VALUES and 1 < value <= 100:
            why = "shares are fractions from 0 to 1 and this looks like a percentage"
            raise ValueError(f"{why}; write {value / 100:g}")
        raise ValueError(f"expected at most {field.maximum:g}")
    return int(value) if field.type == "integer" else value


def _number(text: str) -> float:
    if NUMBER.fullmatch(text):
        value = float(text)
        if math.isfinite(value):
            return value
        raise ValueError("is too large to be a number")
    if re.fullmatch(r"[-+]?\d+,\d+", text):
        raise ValueError(f"not a number; decimals are written with a point: {text.replace(',', '.')}")
    if text.endswith("%"):
        raise ValueError("not a number; write a percentage as a fraction: 40% is 0.4")
    if text.lower() in ("nan", "inf", "-inf", "na", "n/a", "null", "none", "-"):
        raise ValueError("not a number; leave out the row where it does not apply, write 0 for a zero")
    if re.fullmatch(r"[-+]?[\d'’\s\u00a0\u202f]+(\.\d+)?", text):
        raise ValueError("not a number; write it without separators between thousands")
    raise ValueError("not a number")


def _convert(record: dict[str, Any], kind: str, file: str, problems: list[Problem]) -> bool:
    """Convert value, low and high in place; check low ≤ value ≤ high and the note of an assumption."""
    before = len(problems)
    line = record["line"]
    try:
        scale = factor(record["unit"], kind)
        for name in VALUES:
            record[name] = record[name] if scale == 1.0 else record[name] * scale
        record["unit"] = canonical(of_one_kind(record["unit"], kind))
    except ValueError as error:
        problems.append(Problem(file, line, f"unit = {record['unit']!r}", str(error)))
    value, low, high = (record[name] for name in VALUES)
    if math.isnan(low) != math.isnan(high):
        name = "low" if math.isnan(low) else "high"
        problems.append(Problem(file, line, f"{name} = ''", "low and high go together; give both or neither"))
    elif not math.isnan(low) and not low <= value <= high:
        what = f"low, value, high = {low:g}, {value:g}, {high:g}"
        problems.append(Problem(file, line, what, "expected low ≤ value ≤ high"))
    if "assumed" in (record["source"], record["quality"]):
        if record["source"] != record["quality"]:
            what = f"source = {record['source']!r}, quality = {record['quality']!r}"
            why = "an assumption has 'assumed' in both; a figure read somewhere names its source and another quality"
            problems.append(Problem(file, line, what, why))
        if not record["note"]:
            problems.append(Problem(file, line, "note = ''", "an assumption needs its reasoning in note"))
    elif not record["locator"]:
        why = "say where in the source the figure stands: table, row, page or file"
        problems.append(Problem(file, line, "locator = ''", why))
    return len(problems) == before
