"""Tables as others keep them → clean rows of one of ours: a CSV file or a sheet of a workbook, long, wide or IAMC.

A header may stand on several lines, with merged cells, years across and a line of units; figures may have thousands
separators and decimal commas, and places their names in words. Nothing is guessed: what can be read in two ways is
refused with the option that says which is meant, and all that was done is told.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import InputError, Problem, UsageError, did_you_mean, listed
from ..haste import value_class
from ..quantities import QUANTITIES
from ..text import Unreadable
from ..toml import written
from ..units import accepted_units
from .check import split
from .codes import ASSUMED, OWN, UNKNOWN
from .csv_file import SEPARATORS, read_text, records_of
from .finer import extended
from .inputs import Inputs
from .read import RawTable, of_own, typed
from .schema import TableSchema
from .workbook import SUFFIX, read_workbook

#: A year as the head of a column, and with a unit after it.
YEAR = re.compile(r"(?:19|20|21)\d\d")
YEAR_AND_UNIT = re.compile(rf"({YEAR.pattern})(?:[\s,;:]+(?:in )?|(?=[(\[]))(.+)")
#: A year anywhere in a text, and words beside it: short ones, or these, say what kind of year it is, as in `FY2035`.
YEAR_WITHIN = re.compile(rf"(?<!\d){YEAR.pattern}(?!\d)")
LONG_WORD = re.compile(r"[^\W\d_]{5,}")
KINDS_OF_YEAR = {"fiscal", "forecast", "estimate", "estimated", "expected", "projected", "actual", "target"}
#: What stands in a cell without a figure.
NOTHING = {"", "-", "–", "—", "..", "...", "…", "n/a", "na", "n.a.", "x", "k.a."}
#: Blanks and signs that group thousands, whatever marks the decimals.
GROUPING = " \u00a0\u2009\u202f'’"
#: By the mark of decimals: figures in one piece, and with thousands grouped by one separator throughout.
PLAIN = {
    mark: re.compile(rf"[-+−]?(?:[0-9]+|[0-9]*{re.escape(mark)}[0-9]+|[0-9]+{re.escape(mark)})(?:[eE][-+]?[0-9]+)?")
    for mark in ".,"
}
GROUPED = {
    mark: re.compile(
        rf"[-+−]?[1-9][0-9]{{0,2}}([{GROUPING}{other}])[0-9]{{3}}(?:\1[0-9]{{3}})*(?:{re.escape(mark)}[0-9]*)?"
    )
    for mark, other in (".,", ",.")
}
#: How a hundredth is named as a unit: figures in it are divided by 100 where the unit is `1`.
PER_CENT = "%"
PER_CENT_WORDS = {PER_CENT, "per cent", "percent", "pct"}
#: A unit within a header: in brackets, or after `in`.
UNIT_WITHIN = re.compile(r"[\[(]([^\])]+)[\])]|\bin (per cent|\S+)")
#: Columns of the IAMC layout, and what they are of ours.
IAMC = {"model": "", "scenario": "scenario", "region": "region", "variable": "", "unit": "unit"}
#: Header lines are looked for among so many first ones.
HEAD = 30
VALUE = "value"
#: Columns of figures in the unit of a row.
FIGURES = (VALUE, "low", "high")


@value_class
class Wanted:
    """What a foreign table is to become. table: ours; columns: ours → header there; fixed: ours → the same in all rows;
    words: there → code, '' for rows to leave out; decimal: '.' or ',' where the figures do not tell."""

    table: str
    columns: Mapping[str, str]
    fixed: Mapping[str, str]
    words: Mapping[str, str]
    decimal: str = ""


@dataclass
class Clean:
    """Rows of a table of ours as they would stand in CSV, and notes on what was done."""

    table: str
    columns: list[str]
    rows: list[dict[str, str]]
    notes: list[str] = field(default_factory=list)
    #: Scenarios that no list has, by code, with their label.
    scenarios: dict[str, str] = field(default_factory=dict)


@dataclass
class _Grid:
    """Cells as text by row, each as wide as the widest, their lines, and those that are numbers in a workbook.

    merged: first row, first column, last row and last column of the merged cell by each cell that it spans.
    """

    place: str
    lines: list[int]
    cells: list[list[str]]
    numeric: set[tuple[int, int]]
    merged: dict[tuple[int, int], tuple[int, int, int, int]] = field(default_factory=dict)

    def at(self, row: int, column: int) -> str:
        """A cell as a spreadsheet names it: `C7`."""
        name, left = "", column + 1
        while left:
            left, letter = divmod(left - 1, 26)
            name = chr(ord("A") + letter) + name
        return f"{name}{self.lines[row]}"


def import_table(path: Path, sheet: str, wanted: Wanted, inputs: Inputs) -> Clean:
    """Rows of a foreign table. sheet: of a workbook, '' for its only one or the one named as the table.

    Raises UsageError for an unknown table, column, sheet or mark, InputError with every cell that cannot be taken.
    """
    tables = inputs.tables
    if wanted.table not in tables:
        raise UsageError(f"--as {wanted.table}: not a table of the inputs{did_you_mean(wanted.table, tables)}")
    schema = of_own(extended(tables[wanted.table].schema))
    for column in (*wanted.columns, *wanted.fixed):
        if column not in schema.by_name:
            hint = did_you_mean(column, schema.columns) or f" (columns: {listed(schema.columns, 20)})"
            raise UsageError(f"{column}: not a column of {wanted.table}{hint}")
    if wanted.decimal not in ("", ".", ","):
        raise UsageError(f"--decimal {wanted.decimal}: expected . or ,")
    notes: list[str] = []
    grid = _grid(path, sheet, wanted.table, notes)
    return _Importer(grid, wanted, schema, inputs, notes).clean()


def sheets_of_ours(path: Path, inputs: Inputs) -> list[Clean]:
    """Sheets of a workbook that are tables of ours already, as `minerals export --xlsx` writes them, unchanged.

    Raises UsageError where one is none.
    """
    problems: list[Problem] = []
    book = read_workbook(path, path.name, problems)
    if problems:
        raise InputError(problems)
    found = []
    for name, sheet in book.sheets.items():
        if name not in inputs.tables:
            near = did_you_mean(name, inputs.tables)
            raise UsageError(
                f"{path.name}: sheet {name!r} is no table of the inputs{near}; name one with --as and --sheet"
            )
        header, rows = sheet.rows[0][1], sheet.rows[1:]
        clean = [dict(zip(header, cells, strict=False)) for _, cells in rows]
        found.append(Clean(name, header, clean, []))
    return found


# ---------------------------------------------------------------------- cells


def _grid(path: Path, sheet: str, table: str, notes: list[str]) -> _Grid:
    """Cells of a file. Raises InputError, UsageError."""
    if path.suffix.lower() != SUFFIX:
        return _text_grid(path, notes)
    problems: list[Problem] = []
    book = read_workbook(path, path.name, problems)
    if problems:
        raise InputError(problems)
    named = sheet or (table if table in book.sheets else next(iter(book.sheets), "") if len(book.sheets) == 1 else "")
    if named not in book.sheets:
        near = did_you_mean(sheet, book.sheets) if sheet else ""
        raise UsageError(f"{path.name}: name one of its sheets with --sheet: {listed(book.sheets, 20)}{near}")
    found = book.sheets[named]
    width = max(len(cells) for _, cells in found.rows)
    cells = [row + [""] * (width - len(row)) for _, row in found.rows]
    at = {line: row for row, (line, _) in enumerate(found.rows)}
    numeric = {(at[line], column) for line, column in found.numeric}
    grid = _Grid(f"{path.name}[{named}]", list(at), cells, numeric)
    for first, left, last, right in found.merged:
        text = cells[at[first]][left - 1] if first in at and left <= width else ""
        rows = [at[line] for line in range(first, last + 1) if line in at and text]
        for row in rows:
            for column in range(left - 1, min(right, width)):
                cells[row][column] = text
                grid.merged[row, column] = (rows[0], left - 1, rows[-1], min(right, width) - 1)
    if found.merged:
        notes.append(f"{_count(len(found.merged), 'merged cell')}: each holds for all it spans")
    return grid


def _text_grid(path: Path, notes: list[str]) -> _Grid:
    try:
        text, _ = read_text(path, "not found")
    except Unreadable as error:
        raise InputError([Problem(path.name, error.line, "", error.why)]) from None
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    counts = {mark: sum(line.count(mark) for line in lines[:HEAD]) for mark in (*SEPARATORS, ",")}
    separator = next((mark for mark in SEPARATORS if counts[mark] and counts[mark] >= counts[","]), ",")
    if separator != ",":
        notes.append(f"columns are separated by {SEPARATORS[separator]}")
    problems: list[Problem] = []

    def report(line: int, what: str, why: str) -> None:
        problems.append(Problem(path.name, line, what, why))

    found = records_of(lines, report, separator)
    rows = [(line, [" ".join(cell.split()) for cell in cells]) for line, cells in found]
    if problems:
        raise InputError(problems)
    if not rows:
        raise InputError([Problem(path.name, 0, "", "file is empty")])
    width = max(len(cells) for _, cells in rows)
    return _Grid(path.name, [line for line, _ in rows], [c + [""] * (width - len(c)) for _, c in rows], set())


def _plain(text: str) -> str:
    """A word by its letters and digits alone: `The United  States` as `unitedstates`."""
    letters = unicodedata.normalize("NFKD", text.casefold().removeprefix("the "))
    return "".join(letter for letter in letters if letter.isalnum())


# ---------------------------------------------------------------------- rows


class _Importer:
    """Finds the header of a grid, and lays its cells out as rows."""

    def __init__(self, grid: _Grid, wanted: Wanted, schema: TableSchema, inputs: Inputs, notes: list[str]) -> None:
        self.grid, self.wanted, self.schema, self.inputs, self.notes = grid, wanted, schema, inputs, notes
        self.problems: list[Problem] = []
        self.units = accepted_units(schema.kind) if schema.kind and schema.kind != "cell_parameter" else {}
        #: Units of years whose own header names one.
        self.own_units: dict[int, str] = {}
        self.head, self.years = self._header()
        self.texts = self._heads()

    def clean(self) -> Clean:
        columns, above = self._columns()
        unit_row, unit = self._unit(columns)
        body = [row for row in range(self.head + 1, len(self.grid.cells)) if row != unit_row]
        values = list(self.years) or [column for name, column in columns.items() if name == VALUE]
        self._unmerge(set(body), {*values, *(column for name, column in columns.items() if name in FIGURES)})
        variables = self._variables()
        records, empty, silent = list[tuple[int, int, dict[str, str]]](), 0, list[int]()
        for row in body:
            cells = self.grid.cells[row]
            if variables is not None and row not in variables:
                continue
            figures = [column for column in values if cells[column].lower() not in NOTHING]
            empty += len(values) - len(figures) if figures else 0
            if values and not figures:
                silent.append(self.grid.lines[row])
                continue
            for column in figures or [-1]:
                record = dict(self.wanted.fixed) | {name: cells[at] for name, at in columns.items()}
                record |= variables[row] if variables is not None else {}
                record |= {name: words[column] for name, words in above.items()}
                if column >= 0:
                    record[VALUE] = cells[column]
                if column in self.years:
                    record["year"] = self.years[column]
                of_year = self.own_units.get(column, "")
                if of_year and "unit" in columns and self._as_unit(record.get("unit", of_year)) != of_year:
                    self._wrong(row, f"unit = {record['unit']!r}", f"its year is in {of_year}; mend one of them")
                record["unit"] = record.get("unit") or of_year or unit
                if self._as_unit(record["unit"]) == PER_CENT:
                    record["unit"] = PER_CENT
                if "locator" in self.schema.by_name and "locator" not in columns and column >= 0:
                    record.setdefault("locator", f"{self.grid.place}!{self.grid.at(row, column)}")
                records.append((row, column, record))
        if self.years:
            self.notes.append(f"{_count(len(self.years), 'column')} of years laid out as rows")
        if empty:
            self.notes.append(f"{_count(empty, 'empty cell')} left out")
        if silent:
            self.notes.append(f"lines without a figure left out: {listed(map(str, silent), 6)}")
        self._numbers(records, columns)
        scenarios = self._codes(records)
        self._sources([record for _, _, record in records])
        rows = [record for _, _, record in records if all(text != _DROP for text in record.values())]
        if len(rows) < len(records):
            self.notes.append(f"{_count(len(records) - len(rows), 'row')} left out by --word")
        named = [n for n in self.schema.columns if any(record.get(n) for record in rows)]
        self._check(records)
        if self.problems:
            raise InputError(self.problems)
        return Clean(self.wanted.table, named, [{n: r.get(n, "") for n in named} for r in rows], self.notes, scenarios)

    # ------------------------------------------------------------------ header

    def _header(self) -> tuple[int, dict[int, str]]:
        """Row of the header, and the columns of it that are years. Raises UsageError."""
        cells = self.grid.cells[:HEAD]
        heads = {_plain(name) for name in (*self.schema.columns, *self.wanted.columns.values(), *IAMC)}
        known = [len({_plain(cell) for cell in row if cell} & heads) for row in cells]
        years = [{at: said for at, cell in enumerate(row) if (said := self._year(cell)[0])} for row in cells]
        if "year" in self.schema.by_name and "year" not in self.wanted.fixed:
            year = {"year", _plain(self.wanted.columns.get("year", "year"))}
            if not any(_plain(cell) in year for row in cells for cell in row):
                plain = [sum(bool(YEAR.fullmatch(cell)) for cell in row) for row in cells]
                most = max(range(len(cells)), key=lambda row: (len(years[row]), plain[row], -row))
                if years[most]:
                    if like := self._like_years(most, years[most]):
                        why = f"{like}, beside {listed(years[most].values(), 3)}; write the year alone, rename it"
                        raise UsageError(f"{self.grid.place}: {why}, or say --map COLUMN=HEADER where it is a column")
                    self.own_units = {at: unit for at in years[most] if (unit := self._year(cells[most][at])[1])}
                    return most, years[most]
                like = max((self._like_years(row, ()) for row in range(len(cells))), key=len)
                hint = f" ({like}; write the year alone)" if like else ""
                why = f"no header named year, and no years across{hint}; say --map year=HEADER or --set year=2030"
                raise UsageError(f"{self.grid.place}: {why}")
        most = max(range(len(cells)), key=lambda row: (known[row], -row))
        if not known[most]:
            why = f"no header of {self.wanted.table} found; say --map COLUMN=HEADER"
            raise UsageError(f"{self.grid.place}: {why} (first line: {listed(filter(None, cells[0]), 8)})")
        return most, {}

    def _year(self, text: str) -> tuple[str, str]:
        """The year that a header says and the unit that it names after it, '' where it has none: `2035 (TWh)`."""
        if YEAR.fullmatch(text):
            return text, ""
        found = YEAR_AND_UNIT.fullmatch(text)
        unit = self._as_unit(found[2]) if found and self.units else ""
        # A bare 1 is a footnote.
        return (found[1], unit) if found and unit not in ("", "1") else ("", "")

    def _like_years(self, row: int, taken: Collection[int]) -> str:
        """Headers of a row that look like years, beside those that are taken and what --map names; '' for none."""
        mapped = {_plain(header) for header in self.wanted.columns.values()}
        found = []
        for at, text in enumerate(self.grid.cells[row]):
            bare = re.sub(r"[(\[].*?[)\]]", "", text).strip() or text
            of_a_kind = KINDS_OF_YEAR.issuperset(LONG_WORD.findall(bare.casefold()))
            if at not in taken and _plain(text) not in mapped and of_a_kind and len(YEAR_WITHIN.findall(bare)) == 1:
                found.append(f"{self.grid.at(row, at)} = {text!r}")
        looks = "looks like a year" if len(found) == 1 else "look like years"
        return f"{listed(found, 6)} {looks}" if found else ""

    def _unmerge(self, body: Collection[int], columns: Collection[int]) -> None:
        """Refuse merged cells in columns of figures: which of the figures they mean is not said. A title that spans
        them from a column of words is none of theirs, and taken back, in place. Raises InputError."""
        for span in dict.fromkeys(self.grid.merged.values()):
            first, left, last, right = span
            text = self.grid.cells[first][left]
            spanned = [
                (row, column)
                for row in range(first, last + 1)
                for column in range(left, right + 1)
                if row in body and column in columns
            ]
            if not spanned or text.lower() in NOTHING:
                continue
            if first in body and left not in columns and not any(_figure(text, mark) for mark in ".,"):
                for row, column in spanned:
                    self.grid.cells[row][column] = ""
                continue
            where = f"{self.grid.at(first, left)}:{self.grid.at(last, right)} = {text!r}"
            self._wrong(first, where, "a merged cell among figures; split it, and write each figure in its own cell")
        if self.problems:
            raise InputError(self.problems)

    def _heads(self) -> list[list[str]]:
        """Texts above each column, the nearest last; a title alone on its line is none."""
        rows = [self.grid.cells[row] for row in range(self.head + 1)]
        rows = [row for row in rows[:-1] if len({cell for cell in row if cell}) > 1] + rows[-1:]
        return [[row[at] for row in rows if row[at]] for at in range(len(rows[-1]))]

    def _columns(self) -> tuple[dict[str, int], dict[str, dict[int, str]]]:
        """Column of the grid for each of ours, and what stands above the years for each of ours. Raises UsageError."""
        out: dict[str, int] = {}
        plain = [{_plain(text) for text in texts} for texts in self.texts]
        for name in self.schema.columns:
            header = self.wanted.columns.get(name, name)
            found = [at for at, texts in enumerate(plain) if _plain(header) in texts and at not in self.years]
            if len(found) > 1:
                found = [at for at in found if _plain(self.texts[at][-1]) == _plain(header)] or found
            if name in self.wanted.columns and not found:
                heads = [texts[-1] for texts in self.texts if texts]
                raise UsageError(
                    f"--map {name}={header}: no such header{did_you_mean(header, heads)} ({listed(heads, 20)})"
                )
            if found and name not in self.wanted.fixed:
                if len({tuple(row[at] for row in self.grid.cells[self.head + 1 :]) for at in found}) > 1:
                    where = listed(self.grid.at(self.head, at) for at in found)
                    raise UsageError(f"{self.grid.place}: {header} stands over several columns ({where}); rename one")
                out[name] = found[0]
        above = self._above(out)
        iamc = self._is_iamc()
        available = {*out, *above, *self.wanted.fixed, *({"year"} if self.years else ())}
        if self.years:
            available.add(VALUE)
        if iamc:
            available |= set(_dimensions(self.wanted.table))
        needed = [f.name for f in self.schema.fields if f.required and f.name != "unit" and f.name not in available]
        if needed:
            heads = [texts[-1] for at, texts in enumerate(self.texts) if texts and at not in self.years]
            options = " ".join(f"--map {name}=HEADER" for name in needed)
            raise UsageError(
                f"{self.grid.place}: no column for {listed(needed)} (headers: {listed(heads, 20)}); say {options}, or "
                f"--set {needed[0]}=… where it is the same in all rows"
            )
        used = {*out.values(), *self.years}
        rest = [texts[-1] for at, texts in enumerate(self.texts) if texts and at not in used]
        rest = [text for text in rest if not (iamc and _plain(text) in IAMC)]
        self.notes += [f"columns left out: {listed(rest)}"] if rest else []
        return out, above

    def _above(self, known: Mapping[str, int]) -> dict[str, dict[int, str]]:
        """Words over the years that are all codes of one of our columns which nothing else gives."""
        texts = {at: [text for text in self.texts[at][:-1] if text not in self.units] for at in self.years}
        if not texts or not all(texts.values()):
            return {}
        for reference in self.schema.references:
            name = reference.field
            if name in known or name in self.wanted.fixed:
                continue
            codes = _words_of(self.inputs, reference.target, reference.target_field)
            found = {at: next((t for t in each if self._code(t, codes)), "") for at, each in texts.items()}
            if all(found.values()):
                self.notes.append(f"{name} stands above the years: {listed(dict.fromkeys(found.values()))}")
                return {name: found}
        return {}

    def _unit(self, columns: Mapping[str, int]) -> tuple[int, str]:
        """Row that holds units alone, -1 for none, and the unit where neither a column nor the header of a year gives
        it. Raises UsageError."""
        if not self.units:
            return -1, ""
        row, cells = self.head + 1, self.grid.cells
        values = [*self.years] or [at for name, at in columns.items() if name == VALUE]
        if row < len(cells):
            own = [at for at in values if self.grid.merged.get((row, at), (row,))[0] == row]
            # A bare 1 is a figure.
            found = {self._as_unit(cells[row][at]) * (cells[row][at] != "1") for at in own if cells[row][at]}
            if found and "" not in found:
                found |= set(self.own_units.values())
                return row, self._one_unit(found, f"line {self.grid.lines[row]}")
        if "unit" in columns or self._is_iamc():
            return -1, ""
        for of_year in dict.fromkeys(self.own_units.values()):
            of = [at for at, each in self.own_units.items() if each == of_year]
            said = {unit for at in of for text in self.texts[at] for unit in self._units_in(text, over_values=True)}
            self._one_unit(said | {of_year}, f"the header of {listed((self.years[at] for at in of), 3)}")
        values = [at for at in values if at not in self.own_units]
        if self.own_units and not values:
            return -1, ""
        heads = {text for at in values for text in self.texts[at]}
        if said := {unit for text in heads for unit in self._units_in(text, over_values=True)}:
            return -1, self._one_unit(said, "the header")
        if fixed := self.wanted.fixed.get("unit", ""):
            return -1, fixed
        titles = self._titles([*columns.values(), *self.years])
        said = {unit for title in titles for unit in self._units_in(title, over_values=False)}
        if len(said) == 1:
            return -1, self._one_unit(said, "the header")
        if list(self.units) == ["1"] and not said:
            return -1, "1"
        units = listed(self.units, 8)
        raise UsageError(f"{self.grid.place}: no unit found; say --set unit={next(iter(self.units))} (or {units})")

    def _one_unit(self, found: Collection[str], where: str) -> str:
        """The unit that a place names, or the one of --set where that says how figures in per cent are written. Raises
        UsageError."""
        if len(found) > 1:
            raise UsageError(f"{self.grid.place}: {where} has units {listed(sorted(found))}; one is read")
        (unit,) = found
        if unit == PER_CENT and "1" not in self.units:
            kinds = listed(self.units, 8)
            raise UsageError(f"{self.grid.place}: {where} says {unit}, and {self.wanted.table} is in {kinds}")
        fixed = self.wanted.fixed.get("unit", "")
        if fixed and fixed != unit and not {fixed, unit} <= {"1", PER_CENT}:
            raise UsageError(f"{self.grid.place}: {where} says {unit}, and --set unit={fixed}; mend one of them")
        self.notes.append(f"unit {fixed or unit}, from {'--set' if fixed else where}")
        return fixed or unit

    def _titles(self, taken: Collection[int]) -> list[str]:
        """Texts over the whole table: the first of a line above the header, at or before the first column that is
        taken; and one that is alone on its line, before that column or over another that is taken."""
        out, first = [], min(taken, default=0)
        for cells in self.grid.cells[: self.head]:
            at = next((at for at, cell in enumerate(cells) if cell), len(cells))
            alone = len({cell for cell in cells if cell}) == 1
            if at == first or (alone and (at < first or at in taken)):
                out.append(cells[at])
        return out

    def _units_in(self, text: str, over_values: bool) -> set[str]:
        """Units that a text names; a bare 1 is a footnote. over_values: it stands over them, and a per cent sign in it
        needs no brackets."""
        words = [text, *(word for words in UNIT_WITHIN.findall(text) for word in words)]
        found = {self._as_unit(word.rstrip(".,;:")) for word in words}
        if over_values and re.search(r"(?:^|[^\d\s])\s*%", text):
            found.add(PER_CENT)
        return found - {"", "1"}

    def _as_unit(self, text: str) -> str:
        """A unit of the table's kind, without its brackets, with or without per year, or per cent; '' where it is
        none."""
        bare = text.strip("()[] ")
        if bare.casefold() in PER_CENT_WORDS:
            return PER_CENT
        return next(
            (each for each in (bare, bare.removesuffix("/yr"), bare.removesuffix("/a")) if each in self.units), ""
        )

    def _is_iamc(self) -> bool:
        return {_plain(texts[-1]) for texts in self.texts if texts} >= set(IAMC)

    def _variables(self) -> dict[int, dict[str, str]] | None:
        """What the variable and the unit of an IAMC table say of each row that is of the table; None for another."""
        if not self._is_iamc():
            return None
        at = {_plain(texts[-1]): column for column, texts in enumerate(self.texts) if texts}
        pattern, names = _template(self.wanted.table)
        out: dict[int, dict[str, str]] = {}
        other: Counter[str] = Counter()
        for row in range(self.head + 1, len(self.grid.cells)):
            cells = self.grid.cells[row]
            if found := pattern.fullmatch(cells[at["variable"]]):
                out[row] = dict(zip(names, found.groups(), strict=True)) | {"unit": self._as_unit(cells[at["unit"]])}
                if not out[row]["unit"] and self.units:
                    self._wrong(row, f"unit = {cells[at['unit']]!r}", f"expected one of {listed(self.units, 8)}")
            else:
                other[cells[at["variable"]]] += 1
        if other:
            self.notes.append(f"{_count(sum(other.values()), 'line')} of other variables left out: {listed(other, 3)}")
        return out

    # ------------------------------------------------------------------ cells

    def _wrong(self, row: int, what: str, why: str) -> None:
        self.problems.append(Problem(self.grid.place, self.grid.lines[row], what, why))

    def _numbers(self, records: Iterable[tuple[int, int, dict[str, str]]], columns: Mapping[str, int]) -> None:
        """Write figures as a CSV has them, in place, and those in per cent as fractions."""
        figures = [
            (row, name, record, (row, column if name == VALUE else columns.get(name, -1)) in self.grid.numeric)
            for row, column, record in records
            for name in FIGURES
            if record.get(name)
        ]
        mark = self._decimal_mark([record[name] for _, name, record, numeric in figures if not numeric])
        found = list[tuple[str, dict[str, str], str, bool]]()
        for row, name, record, numeric in figures:
            written = record[name]
            text = written.removesuffix(PER_CENT).rstrip()
            bare = _figure(text, "." if numeric else mark)
            if not bare and self.wanted.decimal and any(_figure(text, other) for other in ".,"):
                self._wrong(row, f"{name} = {written!r}", f"does not fit --decimal {mark}; mend it there")
            elif not bare:
                self._wrong(row, f"{name} = {written!r}", "not a number; mend it there, or leave the cell empty")
            elif written.endswith(PER_CENT) and record["unit"] not in ("1", PER_CENT):
                self._wrong(row, f"{name} = {written!r}", f"a per cent is no figure in {record['unit'] or 'no unit'}")
            else:
                found.append((name, record, bare, written.endswith(PER_CENT)))
        self._refuse_doubtful_shares([(record["unit"], bare, signed) for _, record, bare, signed in found], columns)
        kinds: Counter[str] = Counter()
        for name, record, bare, signed in found:
            written = record[name]
            share = signed or record["unit"] == PER_CENT
            record[name] = f"{float(bare) / 100:.12g}" if share else bare
            text = written.removesuffix(PER_CENT).rstrip()
            if record[name] != written:
                kinds["figures"] += 1
                kinds["decimal commas"] += mark == "," and "," in text
                kinds["thousands separators"] += bool(GROUPED[mark].fullmatch(text))
                kinds["per cent as fractions"] += share
        for _, _, record in records:
            if record["unit"] == PER_CENT and "1" in self.units:
                record["unit"] = "1"
        if changed := kinds.pop("figures", 0):
            self.notes.append(
                f"{_count(changed, 'figure')} rewritten: {listed([k for k, v in kinds.items() if v]) or 'signs'}"
            )

    def _refuse_doubtful_shares(self, figures: list[tuple[str, str, bool]], columns: Mapping[str, int]) -> None:
        """Raise InputError where figures may be in per cent or fractions: those in per cent of which none is above 1,
        and those without a per cent sign beside some that have one.

        figures: unit, figure, and whether it has the sign.
        """
        if "unit" in self.wanted.fixed:
            return
        options = f"say --set unit={PER_CENT} (all ÷ 100) or --set unit=1 (fractions, but for those with the sign)"
        bare = [(unit, figure) for unit, figure, signed in figures if not signed and float(figure)]
        shares = [figure for unit, figure in bare if unit == PER_CENT]
        if shares and all(abs(float(figure)) <= 1 for figure in shares):
            why = f"the unit is {PER_CENT}, and {shares[0]} may be a fraction, as none is above 1; {options}"
            raise InputError([Problem(self.grid.place, 0, "figures", why)])
        fractions = [figure for unit, figure in bare if unit == "1"]
        marked = [figure for unit, figure, signed in figures if signed and unit == "1"]
        if fractions and marked and "unit" not in columns:
            why = f"{fractions[0]} has no per cent sign, and {marked[0]} % has one; {options}"
            raise InputError([Problem(self.grid.place, 0, "figures", why)])

    def _decimal_mark(self, texts: list[str]) -> str:
        """Mark of decimals in figures that are texts. Raises InputError where they do not tell, or differ."""
        if self.wanted.decimal:
            return self.wanted.decimal
        votes: dict[str, str] = {}
        unsure = ""
        for text in texts:
            bare = text.removesuffix(PER_CENT).rstrip()
            read = {mark: figure for mark in ".," if (figure := _figure(bare, mark))}
            if len(read) == 1:
                (mark,) = read
                votes.setdefault(mark, text)
            elif len(set(read.values())) == 2:
                unsure = unsure or text
        if len(votes) > 1:
            why = (
                f"{votes['.']!r} has a decimal point and {votes[',']!r} a decimal comma; say --decimal . or --decimal ,"
            )
            raise InputError([Problem(self.grid.place, 0, "figures", why)])
        if unsure and not votes:
            why = f"{unsure!r} may group thousands or have decimals; say --decimal . or --decimal ,"
            raise InputError([Problem(self.grid.place, 0, "figures", why)])
        return next(iter(votes), ".")

    def _codes(self, records: Iterable[tuple[int, int, dict[str, str]]]) -> dict[str, str]:
        """Turn words into codes, in place; returns scenarios that no list has, by code."""
        new: dict[str, str] = {}
        for reference in self.schema.references:
            if reference.field == "source":
                continue
            codes = _words_of(self.inputs, reference.target, reference.target_field)
            changed: dict[str, str] = {}
            for row, _, record in records:
                word = record.get(reference.field, "")
                code = self._code(word, codes)
                if not code and word and reference.target == "scenarios":
                    code = re.sub(r"[^a-z0-9]+", "-", word.lower()).strip("-")
                    new[code] = word
                if code != word and code not in ("", _DROP):
                    changed[word] = code
                if not code and word:
                    near = did_you_mean(word, [*self.inputs[reference.target][reference.target_field]])
                    why = f"not in {reference.target}.csv{near}; say --word '{word}=CODE', or '{word}=' to leave it out"
                    self._wrong(row, f"{reference.field} = {word!r}", why)
                record[reference.field] = code or word
            if changed:
                pairs = listed([f"{word} → {code}" for word, code in changed.items()], 8)
                self.notes.append(f"{reference.field}: {pairs}")
        return new

    def _code(self, word: str, codes: Mapping[str, str]) -> str:
        """Code of a word; '' where it has none."""
        mapped = {_plain(there): code or _DROP for there, code in self.wanted.words.items()}
        return mapped.get(_plain(word)) or codes.get(_plain(word), "")

    def _sources(self, records: Iterable[dict[str, str]]) -> None:
        """Keep in the note what a source is called that no list has, in place: the row is then the user's own."""
        known = {*self.inputs["sources"]["source"], ASSUMED, OWN, UNKNOWN} if "source" in self.schema.by_name else set()
        kept: dict[str, None] = {}
        for record in records:
            word = record.get("source", "")
            if word and not known.issuperset(split(word)):
                record["source"] = ""
                record["note"] = "; ".join(filter(None, (record.get("note", ""), word)))
                kept[word] = None
        if kept:
            self.notes.append(f"sources that sources.csv does not list, kept in note: {listed(kept, 6)}")

    def _check(self, records: Iterable[tuple[int, int, dict[str, str]]]) -> None:
        """Hold the rows to what a row of the table must be."""
        kept = [(row, record) for row, _, record in records if _DROP not in record.values()]
        cells = [dict.fromkeys(self.schema.columns, "") | record for _, record in kept]
        lines = [self.grid.lines[row] for row, _ in kept]
        if not self.problems:
            typed(RawTable(self.schema, self.grid.place, cells, lines, "", own=True), {}, self.problems)
        if not kept and not self.problems:
            self.problems.append(Problem(self.grid.place, 0, "", f"has no rows of {self.wanted.table}"))


#: Stands for a word whose rows are left out.
_DROP = "\0"


def _count(number: int, what: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _figure(text: str, mark: str) -> str:
    """A figure as a CSV has it; '' where it is none with that mark of decimals."""
    if not PLAIN[mark].fullmatch(text) and not GROUPED[mark].fullmatch(text):
        return ""
    other = {".": ",", ",": "."}[mark]
    return re.sub(f"[{GROUPING}{other}]", "", text).replace(mark, ".").replace("−", "-")


def _words_of(inputs: Inputs, table: str, column: str) -> dict[str, str]:
    """Code by each word that means it: itself, its label, and of a region that is one country its code and name."""
    frame = inputs[table]
    found = [(code, code) for code in frame[column]]
    if "label" in frame:
        found += zip(frame["label"], frame[column], strict=True)
    if table == "regions":
        label = dict(zip(inputs["countries"]["country"], inputs["countries"]["label"], strict=True))
        for region, members in zip(frame["region"], frame["members"], strict=True):
            found += [(word, region) for word in (members, label.get(members, "")) if members and ";" not in members]
    out: dict[str, str] = {}
    several = set()
    for word, code in found:
        if word and out.setdefault(_plain(str(word)), code) != code:
            several.add(_plain(str(word)))
    codes = {_plain(str(code)): code for code in frame[column]}
    return {word: code for word, code in out.items() if word not in several} | codes


def _template(table: str) -> tuple[re.Pattern[str], list[str]]:
    """IAMC variable of a table, with a group for each dimension in it. Raises UsageError for a table that has none."""
    quantity = QUANTITIES.get(table)
    if quantity is None or not quantity.iamc:
        raise UsageError(f"--as {table}: has no IAMC variable; tables with one: battery_demand")
    parts = re.split(r"\{(\w+)\}", quantity.iamc)
    return re.compile("".join(re.escape(p) if at % 2 == 0 else "([^|]+)" for at, p in enumerate(parts))), parts[1::2]


def _dimensions(table: str) -> list[str]:
    return _template(table)[1]


def write_own(folder: Path, tables: Iterable[Clean], force: bool) -> list[str]:
    """Write clean rows into a folder of own rows, TABLE.csv each, and say what was done. Scenarios that no list has are
    added to scenarios.csv there.

    The last sentence is the line of a run file that names the folder. Raises UsageError where a file is there already,
    without `force`; nothing is written then.
    """
    tables = list(tables)
    if there := [f"{each.table}.csv" for each in tables if (folder / f"{each.table}.csv").exists() and not force]:
        raise UsageError(
            f"{folder} holds {listed(there)} already; nothing was written: --force replaces it, or name another --out"
        )
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for each in tables:
        _write(folder / f"{each.table}.csv", each.columns, each.rows)
        lines.append(f"{folder / each.table}.csv: {_count(len(each.rows), 'row')}")
        lines += [f"  {note}" for note in each.notes]
        if each.scenarios:
            lines.append(f"  {_add_scenarios(folder / 'scenarios.csv', each.scenarios)}")
    where = "" if folder.is_absolute() else " of this folder"
    return [*lines, f"Write into a run file{where}: inputs = {written([folder.as_posix()])}"]


def _write(file: Path, columns: list[str], rows: Iterable[Mapping[str, str]]) -> None:
    """Write a CSV file whole or not at all."""
    new = file.with_name(f".{file.name}.part")
    try:
        with new.open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)


def _add_scenarios(file: Path, found: Mapping[str, str]) -> str:
    """Add scenarios to a list of own ones, and say so."""
    columns, rows = ["scenario", "label", "kind", "note"], list[dict[str, str]]()
    if file.exists():
        with file.open(encoding="utf-8-sig", newline="") as there:
            reader = csv.DictReader(there)
            columns, rows = list(reader.fieldnames or columns), list(reader)
    known = {row.get("scenario") for row in rows}
    rows += [
        {"scenario": code, "label": label, "kind": "assumed", "note": "Own scenario."}
        for code, label in found.items()
        if code not in known
    ]
    _write(file, columns, rows)
    return f"scenarios that no list has: {listed(found)}, added to {file}; mend their label, kind and note there"


def words_of_options(texts: Iterable[str], option: str) -> dict[str, str]:
    """`NAME=VALUE` of an option that may be repeated. Raises UsageError."""
    out = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"{option} {text}: expected NAME=VALUE")
        out[name.strip()] = value.strip()
    return out
