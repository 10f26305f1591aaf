"""Rows of one's own on top of a data package: folders of a few tables, searched in order, the package below them.

A row that has the key of one below takes its place, any other is added; the key of a table is its primary key in the
descriptor. Of a table that is to be replaced only own rows count. An own row needs neither source nor locator, and a
folder neither sources.csv nor a descriptor. Tables are `TABLE.csv`, sheets of that name in a workbook `*.xlsx`, or in a
file `*.toml` of several tables. Rows that a run file holds itself (`rows_file.RowsOfRun`) lie on top of all folders.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError, Problem, UsageError, did_you_mean, listed
from ..haste import frozen, value_class
from ..shipped import inputs_folder
from ..text import shown
from .codes import ANY
from .csv_file import CsvFile, as_csv, read_csv
from .finer import extended, parted
from .read import OWN_LINE, RawTable, Table, of_own, typed, whole_numbers
from .rows_file import SUFFIX as ROWS
from .rows_file import RowsOfRun, holds_rows, plain_file, read_rows
from .schema import DESCRIPTOR, TableSchema
from .workbook import SUFFIX, read_workbook

if TYPE_CHECKING:
    from .inputs import Inputs

#: Tables that no folder of own rows holds, and what to do instead.
NEVER = {"corrections": "mends cells of a package as they were printed; write the rows themselves, mended"}
#: Folders of inputs as a caller names them.
Folders = str | Path | Sequence[str | Path] | None
#: Endings of tables of other programs, which would be passed over in silence.
OTHERS = (".xls", ".xlsm", ".xlsb", ".ods", ".tsv", ".numbers")
#: Tables of which the rows with one label in a column belong together, so that own ones replace all of them.
TOGETHER = {"stage_yield": "node"}
#: Columns of a table that are no cells of its file.
NO_CELLS = ("line", "corrected_by")


@value_class
class Layers:
    """Where the tables of a run are read: a data package, and folders of own rows on top of it, the first uppermost.

    replace: tables of which own rows alone count; rows: those of the run file, above all folders.
    """

    package: Path
    own: tuple[Path, ...] = ()
    replace: tuple[str, ...] = ()
    rows: RowsOfRun | None = None

    def named(self) -> dict[str, Path]:
        """Own folders by the name that stands before their files: the last of their path, numbered where several
        have it."""
        out: dict[str, Path] = {}
        for folder in self.own:
            plain = name = plain_file(folder.resolve().name) or "own"
            while name in out:
                name = f"{plain}-{len(out) + 1}"
            out[name] = folder
        return out

    def files(self) -> dict[str, Path]:
        """Files that hold own tables, by the name they are told under, the uppermost first."""
        return {
            f"{name}/{plain_file(path.name)}": path
            for name, folder in self.named().items()
            for path in own_files(folder)
        }


@value_class
class Replaced:
    """A row below and the own row that stands in its place.

    key: labels of both; row, below: names of the own one and of that below, `file:line`; source: of the one below;
    unit: of its value, '' where it has none; before, after: cells in which they differ, by column, in canonical units,
    None where a number is missing.
    """

    key: tuple[str, ...]
    row: str
    below: str
    source: str
    unit: str
    before: dict[str, Any]
    after: dict[str, Any]

    @property
    def change(self) -> str:
        """What the row below says → what the own one says, of the value or of the first cell in which they differ."""
        name = "value" if "value" in self.before else next(iter(self.before))
        column = "" if name == "value" else f"{name} "
        in_unit = name == "value" and self.after[name] is not None and self.unit not in ("", "1")
        unit = f" {self.unit}" if in_unit else ""
        place = ", ".join(filter(None, (self.below, self.source.replace(";", ", "))))
        return f"{column}{_shown(self.before[name])} → {_shown(self.after[name])}{unit} ({place})"


@value_class
class OwnRows:
    """What the rows of one own file did to a table: those that took the place of a row below, and those that are new.

    file: as rows name it, a workbook or a run file with the table in brackets; sha256: of the file, or of the rows of a
    run file; same: rows that say what the row below says, which stays; whole: nothing of the table below counts; aside:
    rows of it that do not count for that; instead: each row below that was replaced, by key.
    """

    table: str
    file: str
    sha256: str
    replaced: int
    added: int
    same: int
    whole: bool
    aside: int = 0
    instead: tuple[Replaced, ...] = ()

    def __str__(self) -> str:
        if self.whole:
            return f"{self.file}: {_rows(self.added)} instead of the whole table, {_rows(self.aside)}"
        done = {"replaced": self.replaced, "added": self.added, "the same as below": self.same}
        parts = ", ".join(f"{_rows(count)} {what}" for what, count in done.items() if count)
        return f"{self.file}: {parts or 'no row that counts'}"


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"


def _shown(cell: Any) -> str:
    if cell is None or cell == "":
        return "nothing"
    return f"{cell:.6g}" if isinstance(cell, float) else shown(cell)


@frozen
class _OwnTable:
    """Rows of an own file of one table, and those of it that are finer than the table. folder: the name of its own."""

    folder: str
    table: Table
    finer: Table


def layers(named: Iterable[Path], replaced: Iterable[str] = (), rows: RowsOfRun | None = None) -> Layers:
    """Folders of inputs as layers. One that holds most tables of a package is a package itself, of which every table is
    needed; it stands in for the shipped one.

    Raises UsageError where one is no folder, or two are packages.
    """
    own, whole = list[Path](), dict[Path, Path]()
    shipped = {path.name for path in inputs_folder().glob("*.csv")}
    for folder in named:
        if not folder.is_dir():
            what = "is not a folder" if folder.exists() else "not found"
            raise UsageError(f"{folder}: {what}; name a folder that holds a data package, or rows of your own")
        most = len(shipped & {path.name for path in folder.iterdir()}) > len(shipped) / 2
        if most:
            whole.setdefault(folder.resolve(), folder)
        else:
            own.append(folder)
    if len(whole) > 1:
        names = listed(map(str, whole.values()))
        raise UsageError(f"{names}: each holds a whole data package, and a run has one; leave out all but one")
    return Layers(next(iter(whole.values()), inputs_folder()), tuple(own), tuple(replaced), rows)


def folders(inputs: Folders) -> list[Path]:
    """Folders of inputs as a caller names them: none, one or several."""
    if inputs is None:
        return []
    return [Path(inputs)] if isinstance(inputs, str | Path) else list(map(Path, inputs))


def own_files(folder: Path) -> list[Path]:
    """Files of a folder that hold own tables, in the order of their names; what is no table is left alone, run files
    among it."""
    found = (path for path in folder.iterdir() if path.name[0] not in ".~")
    return sorted(
        path for path in found
        if path.suffix.lower() in (".csv", SUFFIX) or (path.suffix.lower() == ROWS and holds_rows(path))
    )  # fmt: skip


def laid_on(
    of: Layers, tables: dict[str, Table], corrections: RawTable | None, problems: list[Problem]
) -> tuple[dict[str, Table], list[OwnRows], dict[str, Table]]:
    """Tables with the own rows of layers on top, what each file did, and rows that are finer than a table
    (`finer.FINER`); everything wrong goes to problems.

    tables: of the package, by name. corrections: of it; they also mend an own row that is a copy of one as printed.
    """
    files, found = of.files(), dict[str, list[_OwnTable]]()
    for raw in _read(of, files, {name: table.schema for name, table in tables.items()}, problems):
        name = raw.schema.name
        parts = parted(typed(raw, _mend(raw, corrections), problems), tables[name].schema)
        found.setdefault(name, []).append(_OwnTable("" if of_run(raw.file) else raw.file.partition("/")[0], *parts))
    for name in of.replace:
        if name not in tables:
            why = f"not a table of the inputs{did_you_mean(name, tables)}"
            problems.append(Problem("replace", 0, repr(name), why))
        elif name not in found:
            why = f"no folder of inputs holds rows of it; add {name}.csv, or leave it out"
            problems.append(Problem("replace", 0, repr(name), why))
    effects: list[OwnRows] = []
    out, finer = dict(tables), dict[str, Table]()
    for name, layered in found.items():
        out[name] = _stacked(tables[name], layered, name in of.replace, effects, problems)
        if any(len(each.finer) for each in layered):
            finer[name] = _finer_rows(out[name], layered, problems)
    return out, effects, finer


def _read(
    of: Layers, files: Mapping[str, Path], schemas: Mapping[str, TableSchema], problems: list[Problem]
) -> Iterable[RawTable]:
    """Own tables as text, the uppermost first."""
    yield from _read_run(of.rows, schemas, problems)
    for name, folder in of.named().items():
        if not any(file.startswith(f"{name}/") for file in files):
            known = f"expected TABLE.csv, or a workbook or a *.toml of several, e.g. {listed(schemas, 4)}"
            problems.append(Problem(str(folder.resolve()), 0, "", f"holds no table; {known}"))
        if (folder / DESCRIPTOR).is_file() and not _same_descriptor(folder, of.package):
            why = f"describes a whole package, and own rows are read as the {DESCRIPTOR} below them says; remove it"
            problems.append(Problem(f"{name}/{DESCRIPTOR}", 0, "", why))
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() in OTHERS:
                why = "is not read; save it as .xlsx with a sheet for each table, or each sheet as 'CSV UTF-8'"
                problems.append(Problem(f"{name}/{path.name}", 0, "", why))
    for file, path in files.items():
        suffix, book = path.suffix.lower(), None
        if suffix in (SUFFIX, ROWS):
            book = read_workbook(path, file, problems) if suffix == SUFFIX else read_rows(path, file, schemas, problems)
        for table in [path.stem] if book is None else book.sheets:
            place = file if book is None else f"{file}[{plain_file(table)}]"
            if table in NEVER or table not in schemas:
                why = NEVER.get(table) or f"not a table of the inputs{did_you_mean(table, schemas)}"
                problems.append(Problem(place, 0, repr(table), why))
                continue
            schema, needed = _of_own(schemas[table])
            if book is None:
                found = read_csv(path, place, schema.columns, table, problems, needed=needed)
            elif not book.sheets[table].rows:  # All that it holds is wrong, and told.
                continue
            else:
                needed = [] if suffix == ROWS else needed  # Of rows in TOML each says which it lacks.
                found = as_csv(book.sheets[table].rows, book.sha256, place, schema.columns, table, problems, needed)
            if found is not None:
                yield _raw(schema, place, found, suffix == ROWS)


def _read_run(
    rows: RowsOfRun | None, schemas: Mapping[str, TableSchema], problems: list[Problem]
) -> Iterator[RawTable]:
    """Own tables of a run file as text."""
    known = {name: schema for name, schema in schemas.items() if name not in NEVER}
    if rows is None:
        return
    for table, place, sheet in rows.sheets(known, problems):
        schema, _ = _of_own(known[table])
        found = as_csv(sheet.rows, rows.sha256(table), place, schema.columns, table, problems, ())
        if found is not None:
            yield _raw(schema, place, found, True)


def _of_own(schema: TableSchema) -> tuple[TableSchema, list[str]]:
    """The schema of own rows of a table, and the columns that they need."""
    schema = of_own(extended(schema))
    return schema, [field.name for field in schema.fields if field.required]


def _raw(schema: TableSchema, place: str, found: CsvFile, keyed: bool) -> RawTable:
    rows = [dict.fromkeys(schema.columns, "") | cells for _, cells in found.numbered()]
    return RawTable(schema, place, rows, found.lines, found.sha256, found.dropped, own=True, keyed=keyed)


def _stacked(
    below: Table, layered: Sequence[_OwnTable], whole: bool, effects: list[OwnRows], problems: list[Problem]
) -> Table:
    """A table with own rows on top of it: those that replace a row stand in its place, new ones at the end."""
    names, own_names = list(below.columns), tuple(each.table.file for each in layered)
    key_of = below.schema.primary_key
    rows: dict[tuple[Any, ...], list[Any]] = {}
    if not whole:
        rows = {_key(below, key_of, at): [below.columns[name][at] for name in names] for at in range(len(below))}
    before, above = set(rows), dict[tuple[Any, ...], _OwnTable]()
    below_own = _set_aside(below, layered, before)
    column, whose = TOGETHER.get(below.schema.name), dict[Any, str]()
    for at, each in enumerate(layered):
        count, same, instead = {True: 0, False: 0}, 0, list[Replaced]()
        for place in range(len(each.table)):
            key = _key(each.table, key_of, place)
            if column and whose.setdefault(each.table.columns[column][place], each.folder) != each.folder:
                continue
            if key in above:
                if above[key].folder == each.folder:
                    shown = ", ".join(f"{name} = {label}" for name, label in zip(key_of, key, strict=True))
                    why = f"the same key as in {above[key].table.file}; keep one of the two rows"
                    problems.append(Problem(each.table.file, each.table.columns["line"][place], shown, why))
                continue
            above[key] = each
            cells = {name: each.table.columns[name][place] for name in names}
            if key in before and _say_the_same(rows[key], list(cells.values()), names):
                same += 1
                continue
            count[key in before] += 1
            if key in before:
                row = f"{each.table.file}:{cells['line']}"
                instead.append(_replaced(below, key, dict(zip(names, rows[key], strict=True)), cells, row))
            cells["line"] += OWN_LINE * (at + 1)
            rows[key] = list(cells.values())
        for key, row in below_own.pop(at, {}).items():
            count[True] += 1
            instead.append(_replaced(below, key, dict(zip(names, rows.pop(key), strict=True)), {}, row))
        count[False] += len(each.finer)
        file, sha256 = each.table.file, each.table.sha256
        instead.sort(key=lambda one: one.key)
        aside = len(below) if whole else 0
        counts = count[True], count[False], same
        effects.append(OwnRows(below.schema.name, file, sha256, *counts, whole, aside, tuple(instead)))
    columns = {name: [cells[at] for cells in rows.values()] for at, name in enumerate(names)}
    whole_numbers(columns, below.schema)
    dropped = below.dropped * (not whole) + sum(each.table.dropped for each in layered)
    unread = tuple((line + OWN_LINE * (at + 1), cells) for at, each in enumerate(layered)
                   for line, cells in each.table.unread)  # fmt: skip
    return replace(
        below, columns=columns, dropped=dropped, unread=(*(below.unread if not whole else ()), *unread), own=own_names
    )


def _set_aside(
    below: Table, layered: Sequence[_OwnTable], keys: Iterable[tuple[Any, ...]]
) -> dict[int, dict[tuple[Any, ...], str]]:
    """Rows below that go because own rows of their label in TOGETHER name others: key, and name of the first own row of
    it, by place of the own table."""
    column = TOGETHER.get(below.schema.name)
    if column is None:
        return {}
    names, place = below.schema.primary_key, below.schema.primary_key.index(column)
    first, own = dict[Any, tuple[int, str]](), set[tuple[Any, ...]]()
    for at, each in enumerate(layered):
        for row, (label, line) in enumerate(zip(each.table.columns[column], each.table.columns["line"], strict=True)):
            uppermost, _ = first.setdefault(label, (at, f"{each.table.file}:{line}"))
            if layered[uppermost].folder == each.folder:
                own.add(_key(each.table, names, row))
    out: dict[int, dict[tuple[Any, ...], str]] = {}
    for key in keys:
        if key not in own and key[place] in first:
            uppermost, name = first[key[place]]
            out.setdefault(uppermost, {})[key] = name
    return out


def _replaced(
    below: Table, key: tuple[Any, ...], before: Mapping[str, Any], after: Mapping[str, Any], row: str
) -> Replaced:
    """What an own row replaces. before, after: cells of the two rows by column, none of one that is gone with others of
    TOGETHER; row: name of the own one."""
    labels = tuple(str(label) for label in key if label == label and label != "")
    differ = [
        name for name in before
        if name not in (*NO_CELLS, *below.schema.primary_key) and not _alike(before[name], after.get(name, ""))
    ]  # fmt: skip
    cells = [{name: _or_none(cells.get(name)) for name in differ} for cells in (before, after)]
    source, unit = str(before.get("source", "")), str(before.get("unit", ""))
    return Replaced(labels, row, below.named(before["line"]), source, unit, *cells)


def _finer_rows(below: Table, layered: Sequence[_OwnTable], problems: list[Problem]) -> Table:
    """Finer rows of a table of which `below` is what its ordinary ones make; of one key the uppermost counts."""
    schema = extended(below.schema)
    names = [*schema.columns, "line", "corrected_by"]
    rows: dict[tuple[Any, ...], list[Any]] = {}
    above: dict[tuple[Any, ...], _OwnTable] = {}
    for at, each in enumerate(layered, 1):
        for place in range(len(each.finer)):
            cells = {name: each.finer.columns[name][place] for name in names}
            # A year of sale that is not said is no number.
            labels = [ANY if cells[name] != cells[name] else cells[name] for name in schema.primary_key]
            key = tuple(str(int(label) if isinstance(label, float) else label) for label in labels)
            first = above.get(key)
            above.setdefault(key, each)
            if first is not None and first.folder == each.folder:
                shown = ", ".join(f"{name} = {label}" for name, label in zip(schema.primary_key, key, strict=True))
                why = f"the same key as in {first.table.file}; keep one of the two rows"
                problems.append(Problem(each.table.file, cells["line"], shown, why))
            cells["line"] += OWN_LINE * at
            rows.setdefault(key, list(cells.values()))
    columns = {name: [cells[at] for cells in rows.values()] for at, name in enumerate(names)}
    whole_numbers(columns, schema)
    return replace(below, schema=schema, columns=columns, dropped=sum(each.finer.dropped for each in layered))


def _say_the_same(one: Sequence[Any], other: Sequence[Any], columns: Sequence[str]) -> bool:
    """Whether two rows have the same cells, but for their line and what corrected them; missing ones are alike."""
    return all(_alike(a, b) or name in NO_CELLS for a, b, name in zip(one, other, columns, strict=True))


def _or_none(cell: Any) -> Any:
    """A cell, None for a missing number."""
    return None if cell != cell else cell


def _alike(one: Any, other: Any) -> bool:
    return bool(one == other or (one != one and other != other))


def _mend(raw: RawTable, corrections: RawTable | None) -> dict[int, str]:
    """Correct cells of own rows that hold what a correction of their key says was printed, in place; returns the place
    of the correction by line."""
    mine = [] if corrections is None else [*zip(corrections.rows, corrections.lines, strict=True)]
    mine = [(row, line) for row, line in mine if row["table"] == raw.schema.name]
    rows = {tuple(row[name] for name in raw.schema.primary_key): at for at, row in enumerate(raw.rows)} if mine else {}
    out = {}
    for row, line in mine:
        parts = key_parts(row["key"])
        at = rows.get(tuple(parts.get(name, "") for name in raw.schema.primary_key))
        if at is not None and raw.rows[at][row["column"]] == row["printed"]:
            raw.rows[at][row["column"]] = row["corrected"]
            out[raw.lines[at]] = f"{corrections.file}:{line}" if corrections is not None else ""
    return out


def key_parts(text: str) -> dict[str, str]:
    """Columns of a key and their labels, as `column=label;…` has them."""
    return dict(part.partition("=")[::2] for part in text.split(";"))


def _key(table: Table, columns: Sequence[str], at: int) -> tuple[Any, ...]:
    return tuple(table.columns[name][at] for name in columns)


def of_run(file: str) -> bool:
    """Whether a file of own rows is a run file, or a change of the command line: it lies in no own folder."""
    return "/" not in file


def placed(problems: Iterable[Problem], tables: Mapping[str, Table], rows: RowsOfRun | None = None) -> list[Problem]:
    """Problems of tables, those of own rows at the file and line where they stand. rows: of the run file."""
    by_file = {table.file: table for table in tables.values() if table.own}
    out = []
    for problem in problems:
        table = by_file.get(problem.file)
        file, line = (problem.file, problem.line) if table is None else table.place(problem.line)
        problem = replace(problem, file=file, line=line)
        out.append(problem if rows is None else rows.placed(problem))
    return out


def copies(inputs: Inputs) -> dict[str, bytes]:
    """Content of each own file by the name it is told under, for a result to be repeated from. Raises InputError where
    one is no more what was read."""
    out = {}
    for file, path in inputs.layers.files().items():
        out[file] = path.read_bytes()
        if hashlib.sha256(out[file]).hexdigest() != inputs.sha256.get(file):
            raise InputError([Problem(file, 0, "", "was changed while the run was computed; run it again")])
    return out


def _same_descriptor(folder: Path, package: Path) -> bool:
    return (folder / DESCRIPTOR).read_bytes() == (package / DESCRIPTOR).read_bytes()
