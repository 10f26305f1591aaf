"""Hostile input tables: seeded changes of cells, rows, columns, files and the descriptor, each tried as a person would.

    python -m tests.attacks.tables --count 1000 --seed 1 --out accepted.txt

The toy tables are changed in three cases of four, the shipped ones in the fourth. `--only 17` tries one case again.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import shutil
import sys
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from .outcome import INPUTS, REFUSED, RUNS, SAME, TOY, Attack, Case, command_line, tried_and_reported

DESCRIPTOR = "datapackage.json"
NUMBERS = ("value", "low", "high")
#: Columns with numbers or years.
COUNTED = (*NUMBERS, "year", "cohort", "start", "months", "silicon", "available", "spread")
#: Rows added to the toy, so that its stock has a history, and the lines that its cells are made on.
HISTORY = "".join(
    f"past,{place},2010,0.1,,,GWh,nominal,book,p. 5,official,\n"
    for place in ("Europe,car", "Europe,stationary", "China,car")
)
EARLY_SHARES = "".join(
    f"past,World,{row},,,1,book,p. 7,official,\n"
    for row in ("car,lfp,2010,0.5", "car,nmc811,2010,0.5", "stationary,lfp,2010,1")
)
LINES = "scenario,region,cohort,value,unit\n" + "".join(
    f"{scenario},{region},{cohort},{value},GWh/yr\n"
    for scenario in ("plan", "shift")
    for region in ("Europe", "China")
    for cohort, value in ((2028, 60), (2031, 40))
)
FLOWS = 'flows={lines="lines.csv"}'
NO_CHARTS = "output.charts=[]"
HOLD = 'scope.beyond="hold"'
SILICON = 'scenario.plan.silicon="si"'

#: Sound commands on the toy and on the shipped tables: (verb, run file, changes), and how often each is taken.
TOY_COMMANDS: dict[str, tuple[int, tuple[str, ...]]] = {
    "toy run": (3, ("run", "run.toml", SILICON, NO_CHARTS)),
    "toy charts": (1, ("run", "run.toml", SILICON)),
    "toy flows": (3, ("run", "run.toml", FLOWS, HOLD, NO_CHARTS)),
    "toy derived": (2, ("run", "run.toml", 'intensity="derived"', 'intensity.trend="improving"', NO_CHARTS)),
    "toy mix": (6, ("run", "mix.toml", "flows={}", HOLD, NO_CHARTS)),
    "toy mix charts": (1, ("run", "mix.toml")),
    "toy stress": (2, ("stress", "mix.toml", 'exposure.future="plans"', NO_CHARTS)),
    "toy sample": (1, ("run", "run.toml", 'study={kind="sample",draws=40}', NO_CHARTS)),
}
SHIPPED_COMMANDS: dict[str, tuple[int, tuple[str, ...]]] = {
    "us-2030": (2, ("run", "us-2030.toml", NO_CHARTS)),
    "europe-2035": (3, ("run", "europe-2035.toml", "scope.years.last=2026", NO_CHARTS)),
    "prices-2035": (1, ("run", "prices-2035.toml", "scope.years.last=2026", NO_CHARTS)),
    "us-mix": (2, ("run", "us-mix.toml", "scope.years.last=2026", NO_CHARTS)),
}


# ------------------------------------------------------------------ what a mutation is


class NotHere(Exception):
    """A mutation has nothing to change in the table it was handed; another table is tried."""


@dataclass
class Table:
    """A table of a package: its file, header and rows, which a mutation changes in place."""

    path: Path
    header: list[str]
    rows: list[list[str]]

    @classmethod
    def read(cls, path: Path) -> Table:
        rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
        return cls(path, rows[0], rows[1:])

    def write(self) -> None:
        text = "".join(",".join(map(_quoted, row)) + "\n" for row in [self.header, *self.rows])
        _replace(self.path, text.encode("utf-8", "surrogatepass"))

    def column(self, random: Random, among: Sequence[str] | None = None) -> int:
        """Index of a column, of those named `among` where some are. Raises NotHere."""
        found = [index for index, name in enumerate(self.header) if among is None or name in among]
        if not found or not self.rows:
            raise NotHere
        return random.choice(found)

    def labels(self, name: str) -> set[str]:
        """What stands in the column of that name, where there is one."""
        return {row[self.header.index(name)] for row in self.rows} if name in self.header else set()

    def row(self, random: Random) -> int:
        if not self.rows:
            raise NotHere
        return random.randrange(len(self.rows))


def _quoted(cell: str) -> str:
    """A cell as CSV; csv.writer leaves one that ends in a carriage return without quotes."""
    return '"' + cell.replace('"', '""') + '"' if any(mark in cell for mark in ',"\r\n') else cell


#: Changes a package: takes its folder, the name of a table and a source of choices; says what was changed.
Change = Callable[[Path, str, Random], str]


@dataclass(frozen=True)
class Mutation:
    kind: str
    name: str
    change: Change
    expected: str


MUTATIONS: list[Mutation] = []
#: What must become of mutations of which that can be said whatever they meet; see outcome.Case.
EXPECTED = {
    REFUSED: (
        "line_break", "null", "percent", "thousands", "decimal_comma", "unicode_minus", "other_digits", "no_number",
        "row_doubled",
        "row_truncated", "column_removed", "column_doubled", "conflict_marks", "quote_before_last_cell",
        "rows_swallowed", "null_byte",
        "no_utf8", "empty_file", "header_lost", "twice", "something_else", "no_file", "descriptor_missing",
    ),
    SAME: (
        "blanks_around", "columns_in_another_order", "tabs", "semicolons", "bars", "utf16_with_mark",
        "utf16_without_mark", "utf32", "latin1",
        "mark_of_utf8", "other_line_ends", "last_line_end_lost", "compressed", "lines_on_top", "key_as_text",
        "quote_anywhere",
    ),
}  # fmt: skip


def _add(kind: str, name: str, change: Change, meaning: str | None) -> None:
    assert meaning, f"{name} has no docstring"
    expected = next((what for what, names in EXPECTED.items() if name in names), "")
    MUTATIONS.append(Mutation(kind, name, change, expected))


def _replace(path: Path, content: bytes) -> None:
    """Write a file that may be a hard link to the sound one."""
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def number_cell(function: Callable[[str, Random], str]) -> Callable[[str, Random], str]:
    """Register a change of one cell that holds a number."""
    return _cell(function, "number cell", COUNTED)


def text_cell(function: Callable[[str, Random], str]) -> Callable[[str, Random], str]:
    """Register a change of one cell of any column."""
    return _cell(function, "cell", None)


def _cell(
    function: Callable[[str, Random], str], kind: str, among: Sequence[str] | None
) -> Callable[[str, Random], str]:
    def change(folder: Path, name: str, random: Random) -> str:
        table = Table.read(folder / name)
        for _ in range(50):
            row, column = table.row(random), table.column(random, among)
            was = table.rows[row][column]
            now = function(was, random)
            if was and was != now:
                table.rows[row][column] = now
                table.write()
                return f"{name}:{row + 2} {table.header[column]} {was[:60]!r} → {now[:60]!r}"
        raise NotHere

    _add(kind, function.__name__, change, function.__doc__)
    return function


def table_change(kind: str) -> Callable[[Callable[[Table, Random], str]], Callable[[Table, Random], str]]:
    """Register a change of rows or columns."""

    def register(function: Callable[[Table, Random], str]) -> Callable[[Table, Random], str]:
        def change(folder: Path, name: str, random: Random) -> str:
            table = Table.read(folder / name)
            said = function(table, random)
            table.write()
            return f"{name} {said}"

        _add(kind, function.__name__, change, function.__doc__)
        return function

    return register


def file_change(function: Callable[[bytes, Random], bytes]) -> Callable[[bytes, Random], bytes]:
    """Register a change of the bytes of a table."""

    def change(folder: Path, name: str, random: Random) -> str:
        was = (folder / name).read_bytes()
        now = function(was, random)
        if was == now:
            raise NotHere
        _replace(folder / name, now)
        return f"{name} {function.__doc__}"

    _add("file", function.__name__, change, function.__doc__)
    return function


def package_change(kind: str) -> Callable[[Change], Change]:
    """Register a change of a whole package."""

    def register(function: Change) -> Change:
        _add(kind, function.__name__, function, function.__doc__)
        return function

    return register


# ------------------------------------------------------------------ cells


@text_cell
def emptied(text: str, random: Random) -> str:
    """Emptied."""
    return ""


@text_cell
def blanks_alone(text: str, random: Random) -> str:
    """Blanks alone."""
    return random.choice([" ", "   ", "\t", "\u00a0", "\u200b"])


@text_cell
def blanks_around(text: str, random: Random) -> str:
    """Blanks around it."""
    return random.choice([f" {text}", f"{text} ", f"\u00a0{text}", f"\t{text}"])


@text_cell
def letters_swapped(text: str, random: Random) -> str:
    """Two characters swapped."""
    if len(text) < 2:
        return text
    at = random.randrange(len(text) - 1)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


@text_cell
def letter_doubled(text: str, random: Random) -> str:
    """A character doubled."""
    at = random.randrange(len(text)) if text else 0
    return text[:at] + text[at : at + 1] + text[at:]


@text_cell
def letter_lost(text: str, random: Random) -> str:
    """A character lost."""
    at = random.randrange(len(text)) if text else 0
    return text[:at] + text[at + 1 :]


@text_cell
def other_case(text: str, random: Random) -> str:
    """Capitals for small letters, or the other way round."""
    return text.swapcase()


@text_cell
def look_alike(text: str, random: Random) -> str:
    """A Cyrillic or Greek letter that looks the same."""
    pairs = {"a": "а", "e": "е", "o": "о", "c": "с", "p": "р", "x": "х", "i": "і", "H": "Н", "C": "С", "E": "Е"}
    at = [index for index, letter in enumerate(text) if letter in pairs]
    if not at:
        return text
    one = random.choice(at)
    return text[:one] + pairs[text[one]] + text[one + 1 :]


@text_cell
def invisible_inside(text: str, random: Random) -> str:
    """An invisible character inside: of no width, a soft hyphen, a mark of direction."""
    at = random.randrange(len(text) + 1)
    return text[:at] + random.choice("\u200b\u00ad\u200e\ufeff\u2060") + text[at:]


@text_cell
def line_break(text: str, random: Random) -> str:
    """A line break inside."""
    at = random.randrange(len(text) + 1)
    return text[:at] + random.choice(["\n", "\r\n", "\r"]) + text[at:]


@text_cell
def control_character(text: str, random: Random) -> str:
    """A control character inside: bell, escape, delete, an end of a line of Unicode, one that it does not have."""
    at = random.randrange(len(text) + 1)
    return text[:at] + random.choice(["\x07", "\x1b[31m", "\x7f", "\x85", "\x0b", "\u2028", "\ufffe"]) + text[at:]


@text_cell
def null(text: str, random: Random) -> str:
    """NUL inside."""
    at = random.randrange(len(text) + 1)
    return text[:at] + "\x00" + text[at:]


@text_cell
def quote_inside(text: str, random: Random) -> str:
    """A quotation mark inside, doubled as CSV wants it."""
    at = random.randrange(len(text) + 1)
    return text[:at] + random.choice(['"', '""', "'"]) + text[at:]


@text_cell
def formula(text: str, random: Random) -> str:
    """A formula of a spreadsheet."""
    return random.choice(
        ['=HYPERLINK("http://x","y")', "=1+1", "@SUM(A1:A9)", "+cmd|' /C calc'!A0", "-2+3+cmd", "\t=1+1"]
    )


@text_cell
def long_text(text: str, random: Random) -> str:
    """5,000 or 200,000 characters."""
    return (text or "x")[:1] * random.choice([5_000, 200_000])


@text_cell
def other_script(text: str, random: Random) -> str:
    """Letters of another script."""
    return random.choice(["电池", "батарея", "بطارية", "🔋", "é\u0301", "ẞ", "ﬁ"])


@text_cell
def spreadsheet_error(text: str, random: Random) -> str:
    """What a spreadsheet writes for an error or nothing."""
    return random.choice(["#REF!", "#N/A", "#DIV/0!", "NA", "n/a", "NULL", "None", "nan", "-", "?", "..", "TRUE"])


@text_cell
def decomposed(text: str, random: Random) -> str:
    """Accents as characters of their own, or letters of full width."""
    found = unicodedata.normalize("NFD", text)
    return found if found != text else "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


@text_cell
def list_broken(text: str, random: Random) -> str:
    """Separators of a list doubled, or others."""
    return text.replace(";", random.choice([";;", ",", "|", " ; ", "；"])) if ";" in text else f"{text};"


@text_cell
def markup(text: str, random: Random) -> str:
    """Markup of a page, a chart or a screen."""
    return random.choice(
        ["<script>alert(1)</script>", "$\\frac{1}{0}$", "[red]x[/red]", "{0.__class__}", "%s%n", "]]>", "&amp;"]
    )


@number_cell
def percent(text: str, random: Random) -> str:
    """A per cent sign."""
    return text + random.choice(["%", " %"])


@number_cell
def thousands(text: str, random: Random) -> str:
    """Separators of thousands."""
    return random.choice(
        ["1,000", "1,234.5", "2,345,678", "1.234,5", "1'000", "1 000", "1\u202f000", "1_000", "1,00,000"]
    )


@number_cell
def decimal_comma(text: str, random: Random) -> str:
    """A decimal comma, or two points."""
    return text.replace(".", ",") if "." in text and random.random() < 0.7 else text + random.choice([",5", ".5.5"])


@number_cell
def unicode_minus(text: str, random: Random) -> str:
    """A minus sign or a dash of Unicode."""
    return random.choice("−–—﹣－") + text


@number_cell
def negative(text: str, random: Random) -> str:
    """A negative number."""
    return f"-{text}"


@number_cell
def other_digits(text: str, random: Random) -> str:
    """Digits of another script, or raised ones."""
    first = random.choice("０٠०")
    return (
        "".join(chr(ord(first) + int(c)) if c in "0123456789" else c for c in text)
        if random.random() < 0.8
        else text + "²"
    )


@number_cell
def no_number(text: str, random: Random) -> str:
    """No number, or none that is finite."""
    return random.choice(
        ["nan", "NaN", "inf", "-inf", "Infinity", "1e400", "-1e400", "1e", "e5", ".", "+", "--1", "NaN%"]
    )


@number_cell
def extreme(text: str, random: Random) -> str:
    """A number at the ends of what a computer holds."""
    return random.choice(
        ["1e308", "-1e308", "1e-320", "1e-300", "1e30", "9" * 400, "0." + "0" * 400 + "1", "-0", "1e15"]
    )


@number_cell
def other_notation(text: str, random: Random) -> str:
    """A number in another notation."""
    return random.choice(["0x10", "0b1", "1/2", "½", "~5", "<5", ">5", "5-6", "5±1", "5 (est.)", "ca. 5", "1e3",
    "1E3",
                          "+5", "5.", ".5", "05", "1d3", "5kg", "(5)", "5*", "IV", "5e-1", "True"])  # fmt: skip


@number_cell
def other_number(text: str, random: Random) -> str:
    """The number × 1,000, ÷ 1,000, × 100, × 10, or zero."""
    factor = random.choice([1000, 0.001, 100, 10, 0])
    try:
        return f"{float(text) * factor:g}"
    except ValueError:
        return text


@number_cell
def year_of_another_form(text: str, random: Random) -> str:
    """A year, or a number, as a date, a fraction, with a digit more or less."""
    return random.choice(
        ["2030.0", "2030.5", "203", "20300", "-2030", "2030-01-01", "01/01/2030", "'30", "FY2030", "1e4", "0"]
    )


# ------------------------------------------------------------------ rows


@table_change("row")
def row_doubled(table: Table, random: Random) -> str:
    """A row twice."""
    at = table.row(random)
    table.rows.insert(random.choice([at + 1, len(table.rows)]), list(table.rows[at]))
    return f"row {at + 2} doubled"


@table_change("row")
def row_removed(table: Table, random: Random) -> str:
    """A row removed."""
    at = table.row(random)
    row = table.rows.pop(at)
    return f"row {at + 2} removed: {','.join(row)[:80]}"


@table_change("row")
def rows_of_a_label_removed(table: Table, random: Random) -> str:
    """All rows with one label removed."""
    column = table.column(random, [name for name in table.header if name not in (*COUNTED, "note", "locator")])
    label = random.choice(table.rows)[column]
    kept = [row for row in table.rows if row[column] != label]
    said = f"all {len(table.rows) - len(kept)} rows with {table.header[column]} = {label!r} removed"
    table.rows[:] = kept
    return said


@table_change("row")
def rows_in_another_order(table: Table, random: Random) -> str:
    """Rows in another order."""
    if len(table.rows) < 2:
        raise NotHere
    random.shuffle(table.rows)
    return "rows shuffled"


@table_change("row")
def row_truncated(table: Table, random: Random) -> str:
    """A row that ends too early."""
    at = table.row(random)
    table.rows[at] = table.rows[at][: random.randrange(1, len(table.header))]
    return f"row {at + 2} cut to {len(table.rows[at])} cells"


@table_change("row")
def row_with_more_cells(table: Table, random: Random) -> str:
    """A row with more cells than columns."""
    at = table.row(random)
    table.rows[at] += random.choice([[""], ["x"], ["", "", ""], ["1", "2"]])
    return f"row {at + 2} has {len(table.rows[at])} cells"


@table_change("row")
def cells_shifted(table: Table, random: Random) -> str:
    """The cells of a row moved on by one."""
    at, column = table.row(random), table.column(random)
    row = table.rows[at]
    table.rows[at] = [*row[:column], "", *row[column:-1]]
    return f"row {at + 2} moved on by one from {table.header[column]}"


@table_change("row")
def odd_row(table: Table, random: Random) -> str:
    """A row that is no row: empty, commas alone, a remark, a second header, a total."""
    more = random.choice(
        [[], [""] * len(table.header), ["# remark"], list(table.header), ["Total", "", "100"], ["   "]]
    )
    at = random.choice([table.row(random), len(table.rows)])
    table.rows.insert(at, more)
    return f"{more!r:.60} inserted as row {at + 2}"


@table_change("row")
def numbers_of_a_row(table: Table, random: Random) -> str:
    """value, low and high of a row × 1,000, ÷ 1,000, 1e308, 1e-320 or 0."""
    at, columns = table.row(random), [index for index, name in enumerate(table.header) if name in NUMBERS]
    if not columns:
        raise NotHere
    what = random.choice(["1000", "0.001", "1e308", "1e-320", "0"])
    for column in columns:
        _scale(table.rows[at], column, what)
    return f"row {at + 2}: numbers {'×' if what in ('1000', '0.001') else '='} {what}"


def _scale(row: list[str], column: int, what: str) -> None:
    """A number times a plain factor, or replaced by an extreme one."""
    if not row[column]:
        return
    try:
        row[column] = repr(float(row[column]) * float(what)) if what in ("1000", "0.001", "100", "-1") else what
    except ValueError:
        return


# ------------------------------------------------------------------ columns


@table_change("column")
def column_removed(table: Table, random: Random) -> str:
    """A column removed."""
    column = table.column(random)
    name = table.header.pop(column)
    for row in table.rows:
        del row[column]
    return f"column {name} removed"


@table_change("column")
def column_doubled(table: Table, random: Random) -> str:
    """A column twice."""
    column = table.column(random)
    table.header.append(table.header[column])
    for row in table.rows:
        row.append(row[column])
    return f"column {table.header[column]} doubled"


@table_change("column")
def column_renamed(table: Table, random: Random) -> str:
    """A column renamed: in capitals, with a blank, misspelt, nameless."""
    column = table.column(random)
    was = table.header[column]
    now = random.choice(
        [was.upper(), f"{was} ", f"{was}s", was[:-1], "", " ", f"{was}.1", "Unnamed: 0", f"{was}\n", "\u200b" + was]
    )
    table.header[column] = now
    return f"column {was} renamed {now!r}"


@table_change("column")
def columns_nameless(table: Table, random: Random) -> str:
    """Further columns without a name, as a spreadsheet leaves them."""
    number, filled = random.choice([1, 2, 5]), random.choice(["", "x"])
    table.header += [""] * number
    for row in table.rows:
        row += [filled] * number
    return f"{number} nameless columns of {filled!r}"


@table_change("column")
def header_names_swapped(table: Table, random: Random) -> str:
    """The names of two columns swapped."""
    one, other = table.column(random), table.column(random)
    if one == other:
        raise NotHere
    header = table.header
    header[one], header[other] = header[other], header[one]
    return f"names {header[one]} and {header[other]} swapped"


@table_change("column")
def columns_in_another_order(table: Table, random: Random) -> str:
    """Columns in another order, names with them."""
    order = list(range(len(table.header)))
    random.shuffle(order)
    table.header[:] = [table.header[index] for index in order]
    table.rows[:] = [[row[index] for index in order] for row in table.rows]
    return "columns shuffled"


@table_change("column")
def low_and_high_swapped(table: Table, random: Random) -> str:
    """Ends of intervals swapped."""
    if "low" not in table.header or not any(row[table.header.index("low")] for row in table.rows):
        raise NotHere
    one, other = table.header.index("low"), table.header.index("high")
    for row in table.rows:
        row[one], row[other] = row[other], row[one]
    return "low and high swapped"


@table_change("column")
def column_of_numbers(table: Table, random: Random) -> str:
    """All numbers of a table × 1,000, ÷ 1,000, × 100, negated, 0, 1e300 or 1e-300."""
    what = random.choice(["1000", "1000", "0.001", "0.001", "100", "-1", "0", "1e300", "1e-300"])
    columns = [index for index, name in enumerate(table.header) if name in NUMBERS]
    if not columns or not table.rows:
        raise NotHere
    for row in table.rows:
        for column in columns:
            _scale(row, column, what)
    return f"all numbers {'×' if what in ('1000', '0.001', '100', '-1') else '='} {what}"


@table_change("column")
def column_of_units(table: Table, random: Random) -> str:
    """All units others, of the same or of another kind."""
    column = table.column(random, ["unit"])
    was = table.rows[0][column]
    now = random.choice(["g/kWh", "t/GWh", "kg/MWh", "TWh", "MWh", "GWh/yr", "GW", "%", "1", "kt", "t", "Mt",
    "kt LCE", "μm",
                         "µm", "USD/kWh", "EUR_2020/kWh", "USD_2025/kWh", "year", "", "kwh", "GWH"])  # fmt: skip
    for row in table.rows:
        row[column] = now if row[column] == was else row[column]
    return f"unit {was!r} → {now!r}"


@table_change("column")
def column_emptied(table: Table, random: Random) -> str:
    """A column emptied, or filled with one value."""
    column, value = table.column(random), random.choice(["", "", "x", "0", "2030"])
    for row in table.rows:
        row[column] = value
    return f"column {table.header[column]} is {value!r} in all rows"


# ------------------------------------------------------------------ labels and zeros


@package_change("label")
def label_renamed(folder: Path, name: str, random: Random) -> str:
    """A code renamed in one table, in all but one, or in all."""
    home = random.choice(
        ["chemistries", "minerals", "segments", "regions", "nodes", "countries", "scenarios", "sources"]
    )
    label = random.choice(Table.read(folder / f"{home}.csv").rows)[0]
    using = [path for path in sorted(folder.glob("*.csv")) if any(label in row for row in Table.read(path).rows)]
    one = random.choice(using)
    where = random.choice(["one", "all but one", "all"])
    for path in {"one": [one], "all but one": [path for path in using if path != one], "all": using}[where]:
        table = Table.read(path)
        table.rows = [[f"{cell}x" if cell == label else cell for cell in row] for row in table.rows]
        table.write()
    place = "all" if where == "all" else f"{where} table ({one.name})"
    return f"{home} {label!r} renamed '{label}x' in {place} of {len(using)}"


@package_change("label")
def chemistry_added(folder: Path, name: str, random: Random) -> str:
    """A chemistry under a new name, copied from another in all tables but one."""
    code = random.choice([row[0] for row in Table.read(folder / "chemistries.csv").rows])
    tables = [Table.read(path) for path in sorted(folder.glob("*.csv"))]
    using = [table for table in tables if code in table.labels("chemistry")]
    copied = [table for table in using if table.path.name not in ("market_share.csv", "silicon_uptake.csv")]
    left = random.choice([table for table in copied if table.path.name != "chemistries.csv"] or [None])
    for table in using:
        column = table.header.index("chemistry")
        new = [[*row[:column], "newcell", *row[column + 1 :]] for row in table.rows if row[column] == code]
        if table in copied and table is not left:
            table.rows += new
        elif table.path.name == "market_share.csv":
            table.rows = [row for row in table.rows if row[column] != code] + new
        table.write()
    return f"market_share.csv has 'newcell' for {code}, a copy without rows in {left.path.name if left else 'no table'}"


@package_change("zero")
def demand_of_zero(folder: Path, name: str, random: Random) -> str:
    """No batteries in a region, a use, a year, a scenario, or at all, and no correction that says otherwise."""
    corrections = Table.read(folder / "corrections.csv")
    corrections.rows = [row for row in corrections.rows if row[0] != "battery_demand"]
    corrections.write()
    table = Table.read(folder / "battery_demand.csv")
    value = table.header.index("value")
    column = random.choice(["region", "segment", "year", "scenario", "all"])
    label = "" if column == "all" else random.choice(table.rows)[table.header.index(column)]
    for row in table.rows:
        if column == "all" or row[table.header.index(column)] == label:
            for end in range(value, value + 3):
                row[end] = "0" if row[end] else ""
    table.write()
    return f"battery_demand.csv of {column} {label} is zero"


@package_change("zero")
def supply_of_zero(folder: Path, name: str, random: Random) -> str:
    """Nothing made of a node, in a table of supply or capacity."""
    names = [each for each in ("battery_supply", "cell_capacity", "announced_capacity", "material_plant",
    "supply_utilisation",
                               "cell_price", "stage_yield",
                               "collection_rate") if (folder / f"{each}.csv").exists()]  # fmt: skip
    table = Table.read(folder / f"{random.choice(names)}.csv")
    label = random.choice(table.rows)[0]
    for row in table.rows:
        if row[0] == label:
            for column in NUMBERS:
                end = table.header.index(column)
                row[end] = "0" if row[end] else ""
    table.write()
    return f"{table.path.name} of {label} is zero"


# ------------------------------------------------------------------ files


def _as(encoding: str, mark: bytes = b"") -> Callable[[bytes], bytes]:
    return lambda content: mark + content.decode("utf-8").encode(encoding, "replace")


def _separated(content: bytes, separator: str) -> bytes:
    file = io.StringIO()
    csv.writer(file, delimiter=separator, lineterminator="\n").writerows(
        csv.reader(io.StringIO(content.decode("utf-8")))
    )
    return file.getvalue().encode("utf-8")


@file_change
def tabs(content: bytes, random: Random) -> bytes:
    """columns separated by tabs"""
    return _separated(content, "\t")


@file_change
def semicolons(content: bytes, random: Random) -> bytes:
    """columns separated by semicolons"""
    return _separated(content, ";")


@file_change
def bars(content: bytes, random: Random) -> bytes:
    """columns separated by bars"""
    return _separated(content, "|")


@file_change
def utf16_with_mark(content: bytes, random: Random) -> bytes:
    """as UTF-16 with a mark"""
    return _as("utf-16-le", codecs.BOM_UTF16_LE)(content)


@file_change
def utf16_without_mark(content: bytes, random: Random) -> bytes:
    """as UTF-16 without a mark"""
    return _as(random.choice(["utf-16-le", "utf-16-be"]))(content)


@file_change
def utf32(content: bytes, random: Random) -> bytes:
    """as UTF-32"""
    return _as("utf-32")(content)


@file_change
def latin1(content: bytes, random: Random) -> bytes:
    """as Latin-1, with a letter beyond ASCII in a note"""
    lines = content.decode("utf-8").splitlines()
    lines[-1] += "é"
    return "\n".join(lines).encode("cp1252", "replace") + b"\n"


@file_change
def mark_of_utf8(content: bytes, random: Random) -> bytes:
    """with the mark of UTF-8, once or twice"""
    return codecs.BOM_UTF8 * random.choice([1, 1, 2]) + content


@file_change
def other_line_ends(content: bytes, random: Random) -> bytes:
    """with other ends of lines"""
    return content.replace(b"\n", random.choice([b"\r\n", b"\r", b"\n\n", b"\r\r\n"]))


@file_change
def last_line_end_lost(content: bytes, random: Random) -> bytes:
    """without the last end of a line"""
    return content.rstrip(b"\n")


@file_change
def compressed(content: bytes, random: Random) -> bytes:
    """compressed"""
    return gzip.compress(content, mtime=0) if random.random() < 0.5 else b"PK\x03\x04" + content


@file_change
def conflict_marks(content: bytes, random: Random) -> bytes:
    """with the marks of an unfinished merge"""
    lines = content.decode("utf-8").splitlines(keepends=True)
    at = random.choice([0, random.randrange(len(lines)), len(lines) - 1])
    marked = ["<<<<<<< HEAD\n", lines[at], "=======\n", lines[at], ">>>>>>> branch\n"]
    return "".join([*lines[:at], *marked, *lines[at + 1 :]]).encode("utf-8")


@file_change
def quote_before_last_cell(content: bytes, random: Random) -> bytes:
    """with a stray quotation mark before the last cell of a row"""
    lines = content.decode("utf-8").split("\n")
    at = random.randrange(1, len(lines) - 1)
    last = lines[at].rfind(",") + 1
    lines[at] = lines[at][:last] + '"' + lines[at][last:]
    return "\n".join(lines).encode("utf-8")


@file_change
def quote_anywhere(content: bytes, random: Random) -> bytes:
    """with a stray quotation mark anywhere"""
    text = content.decode("utf-8")
    at = random.randrange(len(text))
    return (text[:at] + '"' + text[at:]).encode("utf-8")


@file_change
def rows_swallowed(content: bytes, random: Random) -> bytes:
    """with a pair of quotation marks around the ends of two rows"""
    lines = content.decode("utf-8").split("\n")
    if len(lines) < 4:
        raise NotHere
    one = random.randrange(1, len(lines) - 2)
    other = random.randrange(one + 1, len(lines) - 1)
    last = lines[one].rfind(",") + 1
    lines[one] = lines[one][:last] + '"' + lines[one][last:]
    lines[other] += '"'
    return "\n".join(lines).encode("utf-8")


@file_change
def null_byte(content: bytes, random: Random) -> bytes:
    """with NUL bytes"""
    at = random.choice([0, len(content), random.randrange(len(content))])
    return content[:at] + b"\0" * random.choice([1, 100]) + content[at:]


@file_change
def no_utf8(content: bytes, random: Random) -> bytes:
    """with bytes that are no UTF-8"""
    at = random.randrange(len(content))
    return content[:at] + random.choice([b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\x80"]) + content[at:]


@file_change
def empty_file(content: bytes, random: Random) -> bytes:
    """emptied"""
    return random.choice([b"", b"\n", b"\n\n\n", b" ", codecs.BOM_UTF8])


@file_change
def header_alone(content: bytes, random: Random) -> bytes:
    """with its header alone"""
    return content.split(b"\n")[0] + random.choice([b"\n", b""])


@file_change
def header_lost(content: bytes, random: Random) -> bytes:
    """without its header"""
    return content.split(b"\n", 1)[1]


@file_change
def truncated(content: bytes, random: Random) -> bytes:
    """cut anywhere"""
    return content[: random.randrange(1, len(content))]


@file_change
def cut_after_a_line(content: bytes, random: Random) -> bytes:
    """cut after a row"""
    lines = content.split(b"\n")
    return b"\n".join(lines[: random.randrange(1, len(lines))]) + b"\n"


@file_change
def twice(content: bytes, random: Random) -> bytes:
    """twice in one file"""
    return content + content


@file_change
def byte_flipped(content: bytes, random: Random) -> bytes:
    """with a bit flipped"""
    at = random.randrange(len(content))
    return content[:at] + bytes([content[at] ^ (1 << random.randrange(8))]) + content[at + 1 :]


@file_change
def something_else(content: bytes, random: Random) -> bytes:
    """replaced by a page, a pointer of Git LFS, JSON or random bytes"""
    return random.choice([
        b"<!DOCTYPE html><html><body>404 Not Found</body></html>\n", b'{"error": "not found"}\n',
        random.randbytes(2000), b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n",
    ])  # fmt: skip


@file_change
def lines_on_top(content: bytes, random: Random) -> bytes:
    """with other lines above its header"""
    return random.choice([b"sep=;\n", b"sep=,\n", b"Table 1: my data\n\n", b"\n\n", b"# a remark\n"]) + content


@package_change("file")
def no_file(folder: Path, name: str, random: Random) -> str:
    """The file is missing, a folder, a link to itself or to nowhere, or cannot be told from another."""
    path = folder / name
    what = random.choice(
        ["missing", "a folder", "a link to itself", "a link to nowhere", "named in capitals", "named .csv.csv"]
    )
    content = path.read_bytes()
    path.unlink()
    if what == "a folder":
        path.mkdir()
    elif what.startswith("a link"):
        path.symlink_to(name if what.endswith("itself") else "nowhere.csv")
    elif what.startswith("named"):
        (folder / (name.upper() if "capitals" in what else f"{name}.csv")).write_bytes(content)
    return f"{name} is {what}"


# ------------------------------------------------------------------ descriptor


def descriptor_change(function: Callable[[dict[str, Any], str, Random], str]) -> Callable[..., str]:
    """Register a change of the descriptor: takes it, the name of a resource, and says what was changed."""

    def change(folder: Path, name: str, random: Random) -> str:
        path = folder / DESCRIPTOR
        package = json.loads(path.read_text(encoding="utf-8"))
        said = function(package, name.removesuffix(".csv"), random)
        _replace(path, json.dumps(package, ensure_ascii=False, indent=1).encode("utf-8"))
        return f"{DESCRIPTOR}: {said}"

    _add("descriptor", function.__name__, change, function.__doc__)
    return function


def _resource(package: dict[str, Any], name: str) -> dict[str, Any]:
    for resource in package["resources"]:
        if resource["name"] == name:
            found: dict[str, Any] = resource
            return found
    raise NotHere


#: Values of wrong types, and extreme ones.
ANYTHING: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    1e308,
    "",
    " ",
    "x",
    [],
    {},
    [[]],
    [None],
    {"a": 1},
    ["x"],
    "\x07",
    "x" * 5000,
)


@descriptor_change
def key_as_text(package: dict[str, Any], name: str, random: Random) -> str:
    """primaryKey as a text, as the standard allows."""
    schema = _resource(package, name)["schema"]
    key = schema["primaryKey"]
    schema["primaryKey"] = key[0] if len(key) == 1 else random.choice([key[0], ",".join(key)])
    return f"primaryKey of {name} = {schema['primaryKey']!r}"


@descriptor_change
def path_as_list(package: dict[str, Any], name: str, random: Random) -> str:
    """path as a list, as the standard allows."""
    resource = _resource(package, name)
    resource["path"] = random.choice([[f"{name}.csv"], [f"{name}.csv", f"{name}.csv"], []])
    return f"path of {name} = {resource['path']!r}"


@descriptor_change
def path_elsewhere(package: dict[str, Any], name: str, random: Random) -> str:
    """path to another place."""
    resource = _resource(package, name)
    resource["path"] = random.choice(["nowhere.csv", f"../{name}.csv", "/etc/passwd", "https://example.org/x.csv",
    "regions.csv",
                                      f"./{name}.csv", f"in/{name}.csv", ".", "", "x\0.csv", "x" * 5000,
                                      "/dev/null"])  # fmt: skip
    return f"path of {name} = {resource['path'][:60]!r}"


@descriptor_change
def foreign_key_as_text(package: dict[str, Any], name: str, random: Random) -> str:
    """foreignKeys with texts for lists, as the standard allows, or to nowhere."""
    keys = _resource(package, name)["schema"].get("foreignKeys")
    if not keys:
        raise NotHere
    key = random.choice(keys)
    what = random.choice(["text", "nowhere", "itself"])
    if what == "text":
        key["fields"], key["reference"]["fields"] = key["fields"][0], key["reference"]["fields"][0]
    else:
        key["reference"]["resource"] = "nowhere" if what == "nowhere" else ""
    return f"foreignKeys of {name} to {what}"


@descriptor_change
def type_of_a_field(package: dict[str, Any], name: str, random: Random) -> str:
    """Another type of a field, of the standard or of none."""
    field = random.choice(_resource(package, name)["schema"]["fields"])
    was = field.get("type")
    field["type"] = random.choice(
        ["year", "integer", "number", "string", "any", "date", "boolean", "array", "list", "x", None]
    )
    return f"type of {name}.{field['name']} {was} → {field['type']}"


@descriptor_change
def constraint(package: dict[str, Any], name: str, random: Random) -> str:
    """A constraint of a field that is another or none."""
    field = random.choice(_resource(package, name)["schema"]["fields"])
    key = random.choice(
        ["minimum", "maximum", "required", "unique", "pattern", "enum", "minLength", "exclusiveMinimum"]
    )
    value = random.choice([*ANYTHING, "0", "[", "(a+)+$", ["a", 1]])
    field.setdefault("constraints", {})[key] = value
    return f"{key} of {name}.{field['name']} = {str(value)[:60]!r}"


@descriptor_change
def resource_lost_or_doubled(package: dict[str, Any], name: str, random: Random) -> str:
    """A resource left out, twice, or renamed."""
    resource, what = _resource(package, name), random.choice(["left out", "left out", "twice", "renamed"])
    if what == "left out":
        package["resources"].remove(resource)
    elif what == "twice":
        package["resources"].append(resource)
    else:
        resource["name"] = f"my_{name}"
    return f"resource {name} {what}"


@descriptor_change
def field_lost_or_doubled(package: dict[str, Any], name: str, random: Random) -> str:
    """A field left out, twice, or renamed."""
    fields, what = (
        _resource(package, name)["schema"]["fields"],
        random.choice(["left out", "twice", "renamed", "moved"]),
    )
    field = random.choice(fields)
    fields.remove(field) if what in ("left out", "moved") else None
    fields += [field] if what in ("twice", "moved") else []
    if what == "renamed":
        field = {**field, "name": f"{field['name']}x"}
        fields.append(field)
    return f"field {name}.{field['name']} {what}"


@descriptor_change
def kind_of_a_table(package: dict[str, Any], name: str, random: Random) -> str:
    """Another kind of quantity, or what sums to one over another column."""
    resource = _resource(package, name)
    kinds = sorted(
        {each["minerals"]["kind"] for each in package["resources"] if "kind" in (each.get("minerals") or {})}
    )
    now = random.choice([{"kind": random.choice(kinds)}, {"kind": "x"}, {"kind": None}, {}, None, "energy",
    {"kinds": "energy"},
                         {"kind": "fraction", "sums_to_one_over": "x"}, {"kind": ["energy"]}])  # fmt: skip
    was, resource["minerals"] = resource.get("minerals"), now
    return f"minerals of {name} {was} → {now}"


@descriptor_change
def missing_values(package: dict[str, Any], name: str, random: Random) -> str:
    """Other texts for missing values, another dialect or encoding."""
    resource, what = (
        _resource(package, name),
        random.choice(["missingValues", "dialect", "encoding", "profile", "format"]),
    )
    value = {"missingValues": random.choice([["NA", ""], [], "", ["0"]]), "dialect": {"delimiter": ";"},
             "encoding": random.choice(["latin-1", "utf-16", "x"]), "profile": "x",
             "format": "xlsx"}[what]  # fmt: skip
    (resource["schema"] if what == "missingValues" else resource)[what] = value
    return f"{what} of {name} = {value!r}"


@descriptor_change
def anything_anywhere(package: dict[str, Any], name: str, random: Random) -> str:
    """Any value replaced by one of another type, or removed."""
    place: Any = package if random.random() < 0.3 else _resource(package, name)
    trail = [""] if place is package else [name]
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            raise NotHere
        key = random.choice(keys)
        trail.append(str(key))
        if isinstance(place[key], dict | list) and place[key] and random.random() < 0.7:
            place = place[key]
            continue
        was = place[key]
        if random.random() < 0.3:
            del place[key]
            return f"{'.'.join(trail)} removed (was {str(was)[:40]!r})"
        place[key] = random.choice(ANYTHING)
        return f"{'.'.join(trail)} {str(was)[:40]!r} → {str(place[key])[:40]!r}"


@package_change("descriptor")
def descriptor_file(folder: Path, name: str, random: Random) -> str:
    """The descriptor's file itself broken, or of another form."""
    path = folder / DESCRIPTOR
    content = path.read_bytes()
    what, now = random.choice([
        ("cut", content[: random.randrange(len(content))]), ("emptied", b""), ("a list", b"[]"), ("null", b"null"),
        ("a text", b'"x"'), ("as UTF-16", content.decode().encode("utf-16")),
        ("with a mark", codecs.BOM_UTF8 + content), ("{}", b"{}"),
        ("with NaN", content.replace(b'"minimum": 0', b'"minimum": NaN')), ("100,000 brackets", b"[" * 100_000),
        ("a number of 5,000 digits", content.replace(b'"minimum": 0', b'"minimum": 1' + b"0" * 5000)),
        ("with a comma too many", content.rstrip().removesuffix(b"}") + b",}"),
        ("with a remark", b"// mine\n" + content), ("with marks of a merge", b"<<<<<<< HEAD\n" + content),
        ("a key twice", content.replace(b'"resources"', b'"resources": [], "resources"', 1)),
        ("Latin-1", content + "é".encode("latin-1")), ("bytes", random.randbytes(500)),
        ("resources a text", b'{"resources": "x"}'), ("resources numbers", b'{"resources": [1, null, "x"]}'),
    ])  # fmt: skip
    if now == content:
        raise NotHere
    _replace(path, now)
    return f"{DESCRIPTOR} {what}"


@package_change("descriptor")
def descriptor_missing(folder: Path, name: str, random: Random) -> str:
    """The descriptor is missing, or a folder."""
    (folder / DESCRIPTOR).unlink()
    if made := random.random() < 0.5:
        (folder / DESCRIPTOR).mkdir()
    return f"{DESCRIPTOR} is {'a folder' if made else 'missing'}"


# ------------------------------------------------------------------ cases


def package(folder: Path, source: Path) -> Path:
    """A copy of a package as the folder `in`; the toy with a history, which a stock needs."""
    inputs = folder / "in"
    inputs.mkdir()
    for path in [*sorted(source.glob("*.csv")), INPUTS / DESCRIPTOR]:
        shutil.copyfile(path, inputs / path.name)
    for table, rows in (("battery_demand", HISTORY), ("market_share", EARLY_SHARES)) if source == TOY else ():
        path = inputs / f"{table}.csv"
        path.write_text(path.read_text(encoding="utf-8") + rows, encoding="utf-8")
    return inputs


def _sound(name: str, folder: Path) -> Case:
    """The sound case of that name: a package and a run file in `folder`."""
    shipped = name in SHIPPED_COMMANDS
    verb, file, *sets = (SHIPPED_COMMANDS if shipped else TOY_COMMANDS)[name][1]
    package(folder, INPUTS if shipped else TOY)
    for path in RUNS.glob("*.toml") if shipped else TOY.glob("*.toml"):
        shutil.copyfile(path, folder / path.name)
    if not shipped:
        (folder / "lines.csv").write_text(LINES, encoding="utf-8")
    words = (file, "--inputs", "in", *(part for text in sets for part in ("--set", text)))
    return Case("sound", "", "", "", name, (verb, *words), words)


def _case(seed: int, order: Sequence[int], number: int, folder: Path) -> Case:
    random = Random(f"{seed} {number}")
    mutation = MUTATIONS[order[number % len(order)]]
    commands = SHIPPED_COMMANDS if number % 4 == 3 else TOY_COMMANDS
    sound = random.choices(list(commands), [weight for weight, _ in commands.values()])[0]
    case = _sound(sound, folder)
    names = sorted(path.name for path in (folder / "in").glob("*.csv"))
    for _ in range(200):
        name = random.choice(names)
        # Production lines are a table of their own, beside the run file.
        place, name = (folder, "lines.csv") if sound == "toy flows" and random.random() < 0.3 else (folder / "in", name)
        if place == folder and mutation.kind in ("label", "zero", "descriptor"):
            place, name = folder / "in", "battery_demand.csv"
        try:
            change = mutation.change(place, name, random)
        except NotHere:
            continue
        file = DESCRIPTOR if mutation.kind == "descriptor" else name
        if mutation.kind in ("label", "zero"):
            file = next((each for each in names if each in change), name)
        return Case(mutation.kind, mutation.name, change, file, sound, case.command, case.checked, mutation.expected)
    raise AssertionError(f"{mutation.name} found nothing to change")


def tables(seed: int) -> Attack:
    """Hostile input tables, chosen by `seed`; every kind of mutation has its turn."""
    order = list(range(len(MUTATIONS)))
    Random(seed).shuffle(order)
    sound = {name: lambda folder, name=name: _sound(name, folder) for name in (*TOY_COMMANDS, *SHIPPED_COMMANDS)}
    return Attack("tables", lambda number, folder: _case(seed, order, number, folder), sound)


def main(count: int = 1000, seed: int = 1, out: Path | None = None) -> int:
    """Try hostile tables and print what became of them; returns 1 where one shows a fault.

    out: file for all faults and for what was accepted, to be read by eye.
    """
    return tried_and_reported(tables(seed), count, out)


if __name__ == "__main__":
    sys.exit(command_line(tables))
