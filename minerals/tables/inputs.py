"""The data package as a whole: read, corrected, typed and checked, or every problem at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..columns import Columns
from ..errors import InputError, Problem, did_you_mean
from ..haste import frozen
from . import check, check_exposure, check_mix, check_places, check_supply
from .cache import kept
from .finer import by_label, labels_exist
from .number import NUMBER
from .own import Layers, OwnRows, key_parts, laid_on, of_run, placed
from .places import Places
from .read import OWN_LINE, RawTable, Table, read_raw, typed
from .schema import TableSchema, read_schemas

if TYPE_CHECKING:
    import pandas as pd

#: Columns of inputs_used.
USED_COLUMNS = [
    "table", "file", "line", "future", "scenario", "region", "segment", "chemistry", "silicon", "mineral", "route",
    "year", "life", "cohort", "age", "measure", "stream", "recycling_route", "node", "country", "disruption",
    "available", "value", "low", "high", "unit", "source", "locator", "quality", "note", "draw_group", "corrected_by",
    "rows",
]  # fmt: skip


@frozen
class UsedRows:
    """Rows of the inputs that something rests on, each once, as inputs_used has them: the cells of each of its columns.
    A run joins those of its parts, so that few of them are ever a frame."""

    columns: Mapping[str, list[Any]]

    @classmethod
    def of_records(cls, rows: Sequence[Mapping[Any, Any]]) -> UsedRows:
        """From rows by column, NaN where one has none."""
        return cls({column: [row.get(column, math.nan) for row in rows] for column in USED_COLUMNS})

    @cached_property
    def table(self) -> Columns:
        """The table inputs_used."""
        return Columns(self.columns)

    def where(self, keep: Callable[[str, str], bool]) -> UsedRows:
        """Those that are kept, by their table and name."""
        both = zip(self.columns["table"], self.columns["rows"], strict=True)
        kept = [at for at, (table, name) in enumerate(both) if keep(table, name)]
        return UsedRows({column: [cells[at] for at in kept] for column, cells in self.columns.items()})

    def of_tables(self, names: Collection[str]) -> UsedRows:
        """Those of some tables."""
        return self.where(lambda table, _: table in names)

    def __len__(self) -> int:
        return len(self.columns["rows"])


@frozen
class Inputs:
    """All tables of one data package, in canonical units, known to be sound: as frames, or as rows for loops.

    layers: where they were read; own: what rows of the user's own did to them, by file; finer: rows of these that hold
    for some labels alone, by table (`finer.FINER`).
    """

    layers: Layers
    tables: dict[str, Table]
    own: tuple[OwnRows, ...] = ()
    finer: dict[str, Table] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Folder of the data package."""
        return self.layers.package

    @property
    def schemas(self) -> dict[str, TableSchema]:
        """Schema of each table, by its name."""
        return {name: table.schema for name, table in self.tables.items()}

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self.tables[name].frame

    def rows(self, name: str) -> list[Any]:
        """Rows of a table in file order, as named tuples of its columns."""
        return self.tables[name].rows

    def by_code(self, name: str, column: str) -> dict[str, Any]:
        """Cells of a column of a code list, by code in file order."""
        return self.tables[name].by_code(column)

    def finer_rows(self, name: str) -> list[Any]:
        """Rows that are finer than a table, as named tuples; none where there are none."""
        return self.finer[name].rows if name in self.finer else []

    def rows_by(self, name: str, *columns: str) -> dict[tuple[Any, ...], list[Any]]:
        """These rows by their labels in some columns."""
        if (name, columns) not in self._rows_by:
            self._rows_by[name, columns] = self.tables[name].rows_by(*columns)
        return self._rows_by[name, columns]

    def used(self, lines: Mapping[str, Iterable[int]]) -> UsedRows:
        """Rows of tables by their lines, with table, file, and `file:line` as their name."""
        found: dict[str, list[Any]] = {column: [] for column in USED_COLUMNS}
        parts = [
            (name, table, set(wanted))
            for name, wanted in lines.items()
            for table in (self.tables[name], self.finer.get(name))
            if table is not None
        ]
        for name, table, here in parts:
            columns = table.columns
            rows = [at for at, line in enumerate(columns["line"]) if line in here]
            places = [table.place(columns["line"][at]) for at in rows]
            own: dict[str, list[Any]] = {
                "table": [name] * len(rows),
                "file": [file for file, _ in places],
                "line": [line for _, line in places],
                "rows": [f"{file}:{line}" for file, line in places],
            }
            for column, cells in found.items():
                if column in own:
                    cells += own[column]
                else:
                    mine = columns.get(column)
                    cells += [math.nan] * len(rows) if mine is None else [mine[at] for at in rows]
        return UsedRows(found)

    def found(self, row: str) -> tuple[str, int]:
        """Table of a row, and its `line` there, by its name."""
        file, _, line = row.rpartition(":")
        table, before = self.files[file]
        return table, before + int(line)

    @cached_property
    def files(self) -> dict[str, tuple[str, int]]:
        """Table of each file, and what is added to the lines of its rows."""
        return {
            file: (name, OWN_LINE * at)
            for name, table in self.tables.items()
            for at, file in enumerate((table.file, *table.own))
        }

    @cached_property
    def _rows_by(self) -> dict[tuple[str, tuple[str, ...]], dict[tuple[Any, ...], list[Any]]]:
        return {}

    def codes(self, name: str) -> list[str]:
        """Codes of a code list, in file order, e.g. codes('minerals')."""
        return list(self._codes[name])

    @cached_property
    def _codes(self) -> dict[str, list[str]]:
        """First key of every table, which is the code of a code list."""
        return {name: table.columns[table.schema.primary_key[0]] for name, table in self.tables.items()}

    @cached_property
    def places(self) -> Places:
        """How the regions lie within each other."""
        return Places.of(self.rows("regions"), self.tables["region_part"].columns["region"])

    @cached_property
    def sha256(self) -> dict[str, str]:
        """SHA-256 of each file's bytes, by file name; that of a run file which holds rows is none of them."""
        own = {each.file.partition("[")[0]: each.sha256 for each in self.own if not of_run(each.file)}
        return {table.file: table.sha256 for table in self.tables.values()} | own

    @contextmanager
    def problems_placed(self) -> Iterator[None]:
        """Within it, a problem of an own row is raised with the file and line where it stands."""
        try:
            yield
        except InputError as error:
            if not self.own:
                raise
            raise InputError(placed(error.problems, self.tables, self.layers.rows)) from None


def read_inputs(of: Path | Layers) -> Inputs:
    """The data package in a folder, or with own rows on top, read and checked. Raises InputError with every problem of
    every file.

    One that was found sound before and has not changed since is taken from the cache.
    """
    return kept(of if isinstance(of, Layers) else Layers(of), _read)


def _read(layers: Layers) -> Inputs:
    """Read and check a data package, with the own rows on top of it."""
    problems: list[Problem] = []
    own: list[OwnRows] = []
    finer: dict[str, Table] = {}
    folder = layers.package
    schemas = read_schemas(folder)
    raws = {name: read_raw(folder, schema, problems) for name, schema in schemas.items()}
    corrected = _apply_corrections(raws, problems)
    tables = {name: typed(raw, corrected.get(name, {}), problems) for name, raw in raws.items() if raw is not None}
    if len(tables) == len(schemas):
        if layers.own or layers.replace or layers.rows is not None:
            tables, own, finer = laid_on(layers, tables, raws["corrections"], problems)
            labels_exist(tables, finer, problems)
        checked = tables | {by_label(name): table for name, table in finer.items()}
        for rule in (*check.RULES, *check_places.RULES, *check_supply.RULES, *check_exposure.RULES, *check_mix.RULES):
            rule(checked, problems)
    if problems:
        raise InputError(placed(problems, tables, layers.rows))
    return Inputs(layers, tables, tuple(own), finer)


def _apply_corrections(raws: dict[str, RawTable | None], problems: list[Problem]) -> dict[str, dict[int, str]]:
    """Change the named cells in place. Returns {table: {line: place of the correction}}.

    A correction whose row is gone or whose printed value no longer stands in the file is a problem, so that none
    outlives the value it mends.
    """
    corrections = raws.get("corrections")
    done: dict[str, dict[int, str]] = {}
    if corrections is None:
        return done
    index: dict[str, dict[tuple[str, ...], int]] = {}
    for row, line in zip(corrections.rows, corrections.lines, strict=True):
        place = f"{corrections.file}:{line}"
        raw = raws.get(row["table"])
        if row["table"] in raws and (raw is None or not raw.rows):
            continue  # The table itself could not be read, and says so.
        if raw is None or not raw.schema.kind:
            quantities = [name for name, other in raws.items() if other is not None and other.schema.kind]
            why = f"not a table of quantities{did_you_mean(row['table'], quantities)}"
            problems.append(Problem(corrections.file, line, f"table = {row['table']!r}", why))
            continue
        keys = raw.schema.primary_key
        if row["table"] not in index:
            index[row["table"]] = {tuple(cells[name] for name in keys): i for i, cells in enumerate(raw.rows)}
        parts = key_parts(row["key"])
        at = index[row["table"]].get(tuple(parts.get(name, "") for name in keys))
        if at is None or set(parts) != set(keys):
            why = f"no row of {raw.file} has this key; write {';'.join(f'{name}=…' for name in keys)}"
            problems.append(Problem(corrections.file, line, f"key = {row['key']!r}", why))
            continue
        printed = raw.rows[at].get(row["column"], "")
        if not NUMBER.fullmatch(printed) and row["column"] != "unit":
            continue  # The cell is no number, and will be said to be none.
        if printed != row["printed"]:
            why = f"{raw.file}:{raw.lines[at]} holds {printed!r} in {row['column']}; the correction is out of date"
            problems.append(Problem(corrections.file, line, f"printed = {row['printed']!r}", why))
            continue
        raw.rows[at][row["column"]] = row["corrected"]
        done.setdefault(row["table"], {})[raw.lines[at]] = place
    return done


def joined(*used: UsedRows) -> UsedRows:
    """Rows used, each once."""
    found: dict[str, list[Any]] = {column: [] for column in USED_COLUMNS}
    taken: set[str] = set()
    for rows in used:
        new = []
        for at, name in enumerate(rows.columns["rows"]):
            if name not in taken:
                taken.add(name)
                new.append(at)
        for column, cells in rows.columns.items():
            found[column] += cells if len(new) == len(rows) else [cells[at] for at in new]
    return UsedRows(found)
