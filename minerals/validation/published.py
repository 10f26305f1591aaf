"""The table of results that others published, as rows that the model can be held against."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from ..errors import InputError, Problem, did_you_mean, listed
from ..shipped import published_file
from ..tables.csv_file import read_csv
from ..tables.number import number

NUMBERS = ("value", "low", "high")
NEEDED = ("id", "kind", "unit", "compare", "low", "high", "source", "locator", "reason")
#: How ours is compared with theirs -> what low and high bound.
COMPARED = {
    "ratio": "ours ÷ theirs",
    "difference": "ours − theirs",
    "range": "ours, where they print a range or words",
    "limit": "ours ÷ theirs, where theirs is a limit that ours must keep",
}


@dataclass(frozen=True)
class Published:
    """One published result: what it is of, what is printed where, and how far ours may be from it.

    kind: how our value is found, see `validate.KINDS`; run, scenario, …, year: of what, empty where it does not apply
    (`against`: the scenario that a change is measured from; segments, node: several are added up; no region: all;
    maker: country that owns or makes); value: as printed, in `unit`, None where only words are; compare, low, high: see
    `COMPARED`; reason: why the two may differ; added: month since which the row stands, where rows are counted apart;
    taken: yes where an input of ours was set to it, so that agreement shows nothing; line: of the table.
    """

    id: str
    kind: str
    run: str
    scenario: str
    against: str
    region: str
    segments: tuple[str, ...]
    chemistry: str
    mineral: str
    node: tuple[str, ...]
    maker: str
    year: int
    value: float | None
    unit: str
    compare: str
    low: float
    high: float
    source: str
    locator: str
    reason: str
    added: str
    taken: str
    line: int


COLUMNS = tuple(field.name for field in fields(Published) if field.name != "line")


def read_published(kinds: Iterable[str], path: Path | None = None) -> list[Published]:
    """Rows of the shipped table, or of `path`. Raises InputError with every problem; kinds: those that are known."""
    path = path or published_file()
    problems: list[Problem] = []
    found = read_csv(path, path.name, COLUMNS, "published results", problems, more=True)
    rows = list(found.numbered()) if found else []
    read = [_row(path.name, line, row, list(kinds), problems) for line, row in rows]
    seen: set[str] = set()
    for line, row in rows:
        if row["id"] in seen:
            problems.append(Problem(path.name, line, f"id = {row['id']!r}", "is there twice; each row has its own"))
        seen.add(row["id"])
    if problems:
        raise InputError(problems)
    return [row for row in read if row is not None]


def _row(file: str, line: int, row: dict[str, str], kinds: Sequence[str], problems: list[Problem]) -> Published | None:
    """One row, or None and what is wrong with it."""
    before = len(problems)

    def wrong(name: str, why: str) -> None:
        problems.append(Problem(file, line, f"{name} = {row[name]!r}", why))

    for name in NEEDED:
        if not row[name]:
            wrong(name, "is empty; a published result says what it is, where it is printed and why ours may differ")
    for name, known in (("kind", kinds), ("compare", list(COMPARED))):
        if row[name] and row[name] not in known:
            wrong(name, f"is not known{did_you_mean(row[name], known)} ({listed(known)})")
    if row["taken"] not in ("", "yes"):
        wrong("taken", "is neither yes nor empty")
    numbers = {name: _number(row[name]) for name in (*NUMBERS, "year")}
    for name, value in numbers.items():
        if value is None and row[name]:
            wrong(name, "is not a number")
    if row["added"] and not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", row["added"]):
        wrong("added", "is not a month; write it as 2026-11, or leave it empty")
    low, high, value = numbers["low"], numbers["high"], numbers["value"]
    if low is not None and high is not None and low >= high:
        wrong("low", f"is not below high = {row['high']!r}")
    if row["compare"] != "range" and row["compare"] in COMPARED:
        if value is None:
            wrong("value", "is empty; only a row that is compared as a range may print no number")
        elif value == 0 and row["compare"] != "difference":
            wrong("value", "has no ratio; compare it as a difference")
    if len(problems) > before:
        return None
    read: dict[str, Any] = {name: row[name] for name in COLUMNS}
    read |= {name: tuple(filter(None, row[name].split(";"))) for name in ("segments", "node")}
    return Published(**read | numbers | {"year": int(numbers["year"] or 0), "line": line})


def _number(text: str) -> float | None:
    try:
        return number(text) if text else None
    except ValueError:
        return None
