"""CSV files → header and rows of text with their lines, or problems: the one reader of tables that people write.

Rules beyond plain CSV: UTF-8, commas between columns, one line a row. A cell holds no line break, so that a double
quote that is not closed can never swallow rows, and no control or invisible character.
"""

from __future__ import annotations

import csv
import errno
import hashlib
import re
import stat
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import Problem, did_you_mean, listed
from ..text import Unreadable, decoded

SAVE = "save the file as 'CSV UTF-8'"
#: First bytes of files that are no text → what they are and the way out.
SIGNATURES = (
    (b"PK\x03\x04", "is an Excel workbook or another zip archive, not a text file; save the sheet as 'CSV UTF-8'"),
    (b"\xd0\xcf\x11\xe0", "is an old Excel workbook, not a text file; save the sheet as 'CSV UTF-8'"),
    (b"\x1f\x8b", "is compressed (gzip); unpack it"),
    (b"BZh", "is compressed (bzip2); unpack it"),
    (b"\xfd7zXZ", "is compressed (xz); unpack it"),
    (b"\x28\xb5\x2f\xfd", "is compressed (zstd); unpack it"),
    (b"%PDF", "is a PDF, not a text file; write the figures into a CSV file"),
)
#: Separators that programs write instead of commas.
SEPARATORS = {";": "';'", "\t": "tabs", "|": "'|'"}
#: Joiners without which words of some scripts are misspelt: the only invisible characters that a text may hold.
JOINERS = "\u200c\u200d"
#: A cell that goes on is sought this many lines further, which is told; beyond, its quote is only said to be open.
LOOK_ON = 100

Report = Callable[[int, str, str], None]


@dataclass
class CsvFile:
    """Header and rows of cells without the blanks around them, and the line that each row stands on.

    dropped: lines that are left out because they could not be read.
    """

    header: list[str]
    rows: list[list[str]]
    lines: list[int]
    sha256: str
    dropped: int = 0

    def numbered(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Line and cells by column of each row."""
        return zip(self.lines, (dict(zip(self.header, cells, strict=True)) for cells in self.rows), strict=True)


def read_bytes(path: Path, missing: str) -> bytes:
    """Content of a file. Raises Unreadable; missing: what to say where there is none."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise Unreadable(0, "is a folder, not a file; put the file itself there")
        if not stat.S_ISREG(mode):
            raise Unreadable(0, "is a device or a pipe, not a file; put the file itself there")
        return path.read_bytes()
    except FileNotFoundError:
        raise Unreadable(0, missing) from None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise Unreadable(0, "is a loop of links; put the file itself there") from None
        why = (error.strerror or str(error)).lower()
        raise Unreadable(0, f"cannot be read ({why}); check the path and who may read it") from None


def read_text(path: Path, missing: str) -> tuple[str, str]:
    """Text of a UTF-8 file, without a byte-order mark, and the SHA-256 of its bytes. Raises Unreadable.

    missing: what to say where there is no such file.
    """
    content = read_bytes(path, missing)
    for signature, why in SIGNATURES:
        if content.startswith(signature):
            raise Unreadable(0, why)
    return decoded(content, SAVE), hashlib.sha256(content).hexdigest()


def read_csv(
    path: Path, file: str, columns: Sequence[str], table: str, problems: list[Problem], more: bool = False,
    needed: Collection[str] | None = None,
) -> CsvFile | None:  # fmt: skip
    """Header and rows of a CSV file, or None where its header cannot be trusted; everything wrong goes to problems.

    file: its name for the user; columns: those it has, in any order, and no others unless `more`; needed: which of them
    it must have, by default all; table: what it is a table of. Rows that cannot be read are left out and reported.
    """

    def report(line: int, what: str, why: str) -> None:
        problems.append(Problem(file, line, what, why))

    wanted = f"expected a header line: {','.join(columns)}"
    try:
        text, sha256 = read_text(path, f"file is missing; expected columns {', '.join(columns)}")
        if not text.strip():
            raise Unreadable(0, f"file is empty; {wanted}")
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        _refuse_foreign(lines)
    except Unreadable as error:
        report(error.line, "", error.why)
        return None
    first, before = next(line for line, cells in enumerate(lines) if cells.strip()), len(problems)
    if foreign := _separator(lines[first]):
        why = f"columns are separated by {foreign}; save the file with commas between columns and decimal points"
        report(first + 1, "", why)
        return None
    lines = visible(lines, report)
    records = records_of(lines, report)
    start, header = next(records, (first + 1, []))
    needed = columns if needed is None else needed
    if start != first + 1 or not _header_fits(header, start, columns, table, more, needed, report):
        return None
    found = CsvFile(header, [], [], sha256)
    _add(found, records, report)
    if len(problems) > before:
        found.dropped = sum(1 for text in lines[start:] if text.strip(" ,")) - len(found.rows)
    return found


def as_csv(
    records: Iterable[tuple[int, list[str]]], sha256: str, file: str, columns: Sequence[str], table: str,
    problems: list[Problem], needed: Collection[str],
) -> CsvFile | None:  # fmt: skip
    """Records that were read elsewhere, the header first, as those of a CSV file, or None; as of `read_csv`."""

    def report(line: int, what: str, why: str) -> None:
        problems.append(Problem(file, line, what, why))

    rows = iter(records)
    start, header = next(rows)
    if not _header_fits(header, start, columns, table, False, needed, report):
        return None
    found = CsvFile(header, [], [], sha256)
    found.dropped = _add(found, rows, report)
    return found


def _add(found: CsvFile, records: Iterable[tuple[int, list[str]]], report: Report) -> int:
    """Add records that have a cell for each column; returns how many have not, which are reported."""
    wrong = 0
    for line, cells in records:
        if len(cells) != len(found.header):
            why = f"expected {len(found.header)} cells as in the header; put texts that hold a comma in double quotes"
            report(line, f"has {len(cells)} cells", why)
            wrong += 1
            continue
        found.rows.append(cells)
        found.lines.append(line)
    return wrong


def _refuse_foreign(lines: list[str]) -> None:
    """Refuse a file that holds marks of a merge or is no table."""
    marks = [line for line, text in enumerate(lines, 1) if text.startswith(("<<<<<<<", ">>>>>>>"))]
    if marks:
        why = "holds the marks of an unfinished git merge; keep the rows of one side and remove the marks"
        raise Unreadable(marks[0], f"{why} (lines {listed(map(str, marks), 6)})")
    first = next(line for line, text in enumerate(lines) if text.strip())
    if lines[first].strip().lower().startswith("sep="):
        raise Unreadable(first + 1, "is a line for Excel alone; remove it, and write commas between columns")
    if re.match(r"\s*<(!doctype|html|\?xml)", lines[first], re.IGNORECASE):
        raise Unreadable(0, "is a web page, not a table; download the file itself")


def _separator(header: str) -> str:
    """What stands between the columns of a header instead of commas, in words; '' where commas do."""
    return next((name for separator, name in SEPARATORS.items() if separator in header and "," not in header), "")


def visible(lines: list[str], report: Report) -> list[str]:
    """The lines without control and invisible characters, each of which is reported at its line."""
    visible = lines
    if "".join(lines).isprintable():
        return lines
    for at, text in enumerate(lines):
        if text.isprintable():
            continue
        hidden = {letter: _hidden(letter) for letter in dict.fromkeys(text)}
        for name in filter(None, hidden.values()):
            report(at + 1, "", f"holds {name}, which is not seen; remove it, or write a blank")
        if any(hidden.values()):
            visible = visible if visible is not lines else lines.copy()
            visible[at] = "".join(letter for letter in text if not hidden[letter])
    return visible


def _hidden(letter: str) -> str:
    """What a character that is not seen is called; '' for one that is seen or that spelling needs."""
    if letter.isprintable() or letter in JOINERS or unicodedata.category(letter) == "Zs":
        return ""
    kinds = {"\t": "a tab", "\0": "the control character NUL", "\ufeff": "a byte-order mark within the text"}
    kind = {"Cc": "the control character", "Cn": "the unassigned character", "Co": "the private character"}
    name = unicodedata.name(letter, "").lower()
    code = f"{kind.get(unicodedata.category(letter), 'the invisible character')} U+{ord(letter):04X}"
    return kinds.get(letter) or (f"{code} ({name})" if name else code)


def records_of(lines: list[str], report: Report, separator: str = ",") -> Iterator[tuple[int, list[str]]]:
    """Line and trimmed cells of each line that is not blank. A line whose quotes do not close is reported and left
    out."""
    try:
        records = list(csv.reader(lines, delimiter=separator, strict=True))
    except csv.Error:
        records = []
    numbered = enumerate(records, 1) if len(records) == len(lines) else _mended(lines, report, separator)
    trimmed = ((line, [cell.strip() for cell in cells]) for line, cells in numbered)
    return ((line, cells) for line, cells in trimmed if any(cells))


def _mended(lines: list[str], report: Report, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Line and cells of each line by itself, for a file in which some quote does not close in its line."""
    at = 0
    while at < len(lines):
        try:
            yield at + 1, next(csv.reader([lines[at]], delimiter=separator, strict=True), [])
        except csv.Error as error:
            at += _report_quote(lines, at, str(error), report, separator)
        at += 1


def _report_quote(lines: list[str], at: int, error: str, report: Report, separator: str) -> int:
    """Say what is wrong with the quotes of a line; returns how many further lines belong to its last cell."""
    if "limit" in error:
        report(at + 1, "", f"has a cell of more than {csv.field_size_limit():,} characters; shorten it")
    elif "expected after" in error:
        report(
            at + 1, "", 'text goes on after the double quote that closes a cell; write a quote within a cell twice: ""'
        )
    else:
        whole = csv.reader(lines[at : at + LOOK_ON], delimiter=separator, strict=True)
        try:
            next(whole)
        except csv.Error:
            why = 'a double quote opens a cell and is not closed; remove it, or write a quote within a cell twice: ""'
            report(at + 1, "", why)
            return 0
        way = "write it in one line, or remove the double quote that opens it"
        report(at + 1, "", f"a cell goes on to line {at + whole.line_num}; {way}")
        return whole.line_num - 1
    return 0


def _header_fits(
    header: list[str], line: int, columns: Sequence[str], table: str, more: bool, needed: Collection[str],
    report: Report,
) -> bool:  # fmt: skip
    """Whether a header has the columns needed, each once; says what it lacks and what it has too much."""
    if not set(header) & set(columns):
        report(line, "", f"no column of {table} is named here; expected a header line: {','.join(columns)}")
        return False
    fits = True

    def wrong(what: str, why: str) -> None:
        nonlocal fits
        fits = False
        report(line, what, why)

    if nameless := [str(at) for at, name in enumerate(header, 1) if not name]:
        wrong("", f"{_columns(nameless)} without a name; name what holds data, and remove what is empty from each line")
    for name in dict.fromkeys(filter(None, header)):
        if header.count(name) > 1:
            wrong(f"column '{name}'", "stands more than once in the header; keep one")
        elif name not in columns and not more:
            hint = did_you_mean(name, columns) or f"; columns are {listed(columns, 20)}"
            wrong(f"column '{name}'", f"not a column of {table}{hint}")
    for name in (name for name in columns if name in needed and name not in header):
        wrong(f"column '{name}'", "missing from the header; add it (cells may be empty where allowed)")
    return fits


def _columns(numbers: Sequence[str]) -> str:
    return f"column {numbers[0]} is" if len(numbers) == 1 else f"columns {listed(numbers, 6)} are"
