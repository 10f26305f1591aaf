"""CSV files as people and programs write them: read, or refused in one sentence with the line and the way out."""

from __future__ import annotations

import csv
import gzip
import math
import os
import re
import unicodedata
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minerals.cli import cli
from minerals.errors import InputError, Problem
from minerals.tables.csv_file import CsvFile, read_csv
from minerals.tables.inputs import read_inputs
from minerals.tables.number import number

COLUMNS = ("year", "value", "note")
PLAIN = "year,value,note\n2030,1,first\n2031,2,second\n2032,3,third\n"
SAVE = "save the file as 'CSV UTF-8'"
COMMAS = "save the file with commas between columns and decimal points"
QUOTE = 'remove it, or write a quote within a cell twice: ""'
UNSEEN = "which is not seen; remove it, or write a blank"
NAMES = "name what holds data, and remove what is empty from each line"


def read(folder: Path, content: bytes | str) -> tuple[CsvFile | None, list[str]]:
    """A table `t.csv` of three columns with that content, and what is said of it."""
    (folder / "t.csv").write_bytes(content.encode() if isinstance(content, str) else content)
    problems: list[Problem] = []
    found = read_csv(folder / "t.csv", "t.csv", COLUMNS, "t", problems)
    return found, [str(problem) for problem in problems]


@pytest.mark.parametrize("content", [
    pytest.param(PLAIN, id="plain"),
    pytest.param("\ufeff" + PLAIN, id="byte-order mark"),
    pytest.param(PLAIN.replace("\n", "\r\n"), id="lines of Windows"),
    pytest.param(PLAIN.replace("\n", "\r"), id="lines of an old Macintosh"),
    pytest.param(PLAIN.replace(",", " ,  "), id="blanks around cells"),
    pytest.param(PLAIN.replace("first", '"first"'), id="quotes around a cell"),
    pytest.param(PLAIN + "\n , ,\n,,\n\n", id="blank lines"),
    pytest.param("\n" + PLAIN, id="blank first line"),
    pytest.param("value,note,year\n1,first,2030\n2,second,2031\n3,third,2032\n", id="other order"),
])  # fmt: skip
def test_what_is_read_all_the_same(content: str, tmp_path: Path) -> None:
    found, told = read(tmp_path, content)
    assert found is not None
    assert not told
    assert [row["note"] for _, row in found.numbered()] == ["first", "second", "third"]
    assert [row["year"] for _, row in found.numbered()] == ["2030", "2031", "2032"]
    assert found.dropped == 0


@pytest.mark.parametrize(("content", "expected"), [
    pytest.param("", "t.csv: file is empty; expected a header line: year,value,note", id="empty"),
    pytest.param(PLAIN.encode("utf-16"), f"t.csv: is not UTF-8 text but UTF-16; {SAVE}", id="UTF-16"),
    pytest.param(PLAIN.encode("utf-16-le"), f"t.csv: is not UTF-8 text but UTF-16; {SAVE}", id="UTF-16 unmarked"),
    pytest.param(PLAIN.encode("utf-16-be"), f"t.csv: is not UTF-8 text but UTF-16; {SAVE}", id="UTF-16 other order"),
    pytest.param(PLAIN.encode("utf-32"), f"t.csv: is not UTF-8 text but UTF-32; {SAVE}", id="UTF-32"),
    pytest.param(PLAIN.replace("second", "zweités").encode("latin-1"),
                 f"t.csv:3: is not UTF-8 text (byte 0xe9); {SAVE}", id="Latin-1"),
    pytest.param(b"\xef\xbb\xbf" + PLAIN.replace("second", "zweités").encode("latin-1"),
                 f"t.csv:3: is not UTF-8 text (byte 0xe9); {SAVE}", id="Latin-1 after a mark"),
    pytest.param(gzip.compress(PLAIN.encode()), "t.csv: is compressed (gzip); unpack it", id="gzip"),
    pytest.param(b"PK\x03\x04\x14\0\x06\0", "t.csv: is an Excel workbook or another zip archive, not a text file; "
                 "save the sheet as 'CSV UTF-8'", id="xlsx"),
    pytest.param("<!DOCTYPE html><html>", "t.csv: is a web page, not a table; download the file itself", id="page"),
    pytest.param(f"sep=;\n{PLAIN}", "t.csv:1: is a line for Excel alone; remove it, and write commas between columns",
                 id="Excel's first line"),
    pytest.param(PLAIN.replace(",", ";"), f"t.csv:1: columns are separated by ';'; {COMMAS}", id="semicolons"),
    pytest.param(PLAIN.replace(",", "\t"), f"t.csv:1: columns are separated by tabs; {COMMAS}", id="tabs"),
    pytest.param(PLAIN.replace(",", "|"), f"t.csv:1: columns are separated by '|'; {COMMAS}", id="bars"),
    pytest.param(f"<<<<<<< HEAD\n{PLAIN}=======\n{PLAIN}>>>>>>> theirs\n", "t.csv:1: holds the marks of an unfinished "
                 "git merge; keep the rows of one side and remove the marks (lines 1, 11)", id="a merge"),
    pytest.param("2030,1,first\n2031,2,second\n",
                 "t.csv:1: no column of t is named here; expected a header line: year,value,note", id="no header"),
    pytest.param(PLAIN.replace("\n", ",,\n"), f"t.csv:1: columns 4, 5 are without a name; {NAMES}", id="nameless"),
    pytest.param(PLAIN.replace("second", 'second "'), "", id="a quote within a cell"),
    pytest.param(PLAIN.replace("second", '"second'), f"t.csv:3: a double quote opens a cell and is not closed; {QUOTE}",
                 id="stray quote"),
    pytest.param(PLAIN.replace("second", '"sec"ond'), "t.csv:3: text goes on after the double quote that closes a "
                 'cell; write a quote within a cell twice: ""', id="quote within quotes"),
    pytest.param(PLAIN.replace("second", '"sec\nond"'), "t.csv:3: a cell goes on to line 4; write it in one line, or "
                 "remove the double quote that opens it", id="line break"),
    pytest.param(PLAIN.replace("first", '"first').replace("third", 'third"'), "t.csv:2: a cell goes on to line 4; "
                 "write it in one line, or remove the double quote that opens it", id="two stray quotes"),
    pytest.param(PLAIN.replace("second", "sec\0ond"), f"t.csv:3: holds the control character NUL, {UNSEEN}", id="NUL"),
    pytest.param(PLAIN.replace("second", "\x1b]0;x\x07"), f"t.csv:3: holds the control character U+001B, {UNSEEN}\n"
                 f"t.csv:3: holds the control character U+0007, {UNSEEN}", id="escape"),
    pytest.param(PLAIN.replace("second", "sec\u202eond"),
                 f"t.csv:3: holds the invisible character U+202E (right-to-left override), {UNSEEN}", id="override"),
    pytest.param(PLAIN.replace("second", "sec\tond"), f"t.csv:3: holds a tab, {UNSEEN}", id="a tab in a cell"),
    pytest.param(PLAIN.replace("second", "sec\u2028ond"), f"t.csv:3: holds the invisible character U+2028 (line "
                 f"separator), {UNSEEN}", id="line separator"),
    pytest.param(PLAIN.replace("2031,", "2031,,"), "t.csv:3 has 4 cells: expected 3 cells as in the header; put texts "
                 "that hold a comma in double quotes", id="a cell too many"),
])  # fmt: skip
def test_what_is_refused_has_one_sentence(content: bytes | str, expected: str, tmp_path: Path) -> None:
    found, told = read(tmp_path, content)
    assert told == expected.splitlines()
    if found is not None:
        others = [row["note"] for _, row in found.numbered() if row["note"] in ("first", "third")]
        assert found.dropped + len(found.rows) == len(str(content).rstrip("\n").split("\n")) - 1
        assert others == ["first", "third"] or found.dropped > 1, "a row is only lost with its own quote"


def test_a_quote_never_takes_rows_with_it(toy: Path) -> None:
    """An opening quote at the start of the last cell of any line of any table is told at that line."""
    for path in sorted(toy.glob("*.csv")):
        lines = path.read_text(encoding="utf-8").split("\n")
        for at in range(1, min(len(lines) - 1, 6)):
            head, _, last = lines[at].rpartition(",")
            broken = [*lines[:at], f'{head},"{last}', *lines[at + 1 :]] if not last.endswith('"') else []
            problems: list[Problem] = []
            (toy / "broken.csv").write_text("\n".join(broken or lines), encoding="utf-8")
            read_csv(toy / "broken.csv", path.name, lines[0].split(","), path.stem, problems)
            assert [problem.line for problem in problems] == ([at + 1] if broken else []), path.name


def test_a_table_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", denied)
    found, told = read(tmp_path, PLAIN)
    assert found is None
    assert told == ["t.csv: cannot be read (permission denied); check the path and who may read it"]


@pytest.mark.parametrize(("make", "why"), [
    (lambda path: path.mkdir(), "is a folder, not a file; put the file itself there"),
    (lambda path: path.symlink_to(path), "is a loop of links; put the file itself there"),
    (os.mkfifo, "is a device or a pipe, not a file; put the file itself there"),
    (lambda path: path.symlink_to("nothing"), "file is missing; expected columns segment, label, in_place_of, note"),
], ids=["folder", "loop", "pipe", "missing"])  # fmt: skip
@pytest.mark.parametrize("name", ["segments.csv", "datapackage.json"])
def test_a_table_that_is_no_file(make, why: str, name: str, toy: Path) -> None:
    (toy / name).unlink()
    make(toy / name)
    outcome = CliRunner().invoke(cli, ["check", str(toy)])
    if name == "datapackage.json":
        name = str(toy / name)
        why = why if "missing" not in why else "not found; name a folder that holds a data package"
    assert outcome.exit_code == 3
    assert outcome.stderr.startswith(f"{name}: {why}")
    assert outcome.stderr.endswith("1 problem; nothing was written.\n")


MESSY = st.text('year,value"\n\r;\t|0\0ü\u202e', max_size=120).map(lambda text: (PLAIN + text).encode())


@pytest.mark.slow
@given(content=st.binary(max_size=300) | MESSY)
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_bytes_are_a_table_or_problems(content: bytes, tmp_path: Path) -> None:
    """Never another error; what is read is as any CSV reader has it, and no line is lost without a word."""
    found, told = read(tmp_path, content)
    assert found is not None or told
    if found is None:
        return
    assert all(len(cells) == len(found.header) == 3 for cells in found.rows)
    assert (found.dropped > 0) <= bool(told)
    seen = [letter for cells in found.rows for cell in cells for letter in cell]
    assert not [letter for letter in seen if unicodedata.category(letter) in ("Cc", "Cs", "Cn", "Co", "Zl", "Zp")]
    if not told:
        others = [row for row in csv.reader(content.decode("utf-8-sig").splitlines()) if any(map(str.strip, row))]
        assert [list(map(str.strip, row)) for row in others[1:]] == found.rows


# --- numbers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "expected"), [
    ("1,000", "write 1000 if the comma groups thousands, 1.000 if it is a decimal comma"),
    ("-12,345", "write -12345 if the comma groups thousands, -12.345 if it is a decimal comma"),
    ("0,900", "decimals are written with a point: 0.900"),
    ("3,5", "decimals are written with a point: 3.5"),
    ("1234,567", "decimals are written with a point: 1234.567"),
    ("1,234.5", "write it without separators between thousands: 1234.5"),
    ("2,345,678", "write it without separators between thousands: 2345678"),
    ("1.234.567", "write it without separators between thousands: 1234567"),
    ("1.234,5", "write it without separators between thousands: 1234.5"),
    ("1'234", "write it without separators between thousands: 1234"),
    ("1 234,5", "write it without separators between thousands: 1234.5"),
    ("1\u202f234", "write it without separators between thousands: 1234"),
    ("1,23,456", "write it without separators between thousands, and decimals with a point"),
    ("−100", "the minus sign is U+2212 (MINUS SIGN), write -100"),
    ("–1.5", "the minus sign is U+2013 (EN DASH), write -1.5"),
    ("１２", "'１' is U+FF11 (FULLWIDTH DIGIT ONE), write it with the digits 0 to 9"),
    ("٣", "'٣' is U+0663 (ARABIC-INDIC DIGIT THREE), write it with the digits 0 to 9"),
    ("2³", "'³' is U+00B3 (SUPERSCRIPT THREE), write it with the digits 0 to 9"),
    ("12 GWh", "write 12 alone (a unit stands in its own column, ends in low and high)"),
    ("5-8", "write 5 alone (a unit stands in its own column, ends in low and high)"),
    ("~5", "write the figure alone, its ends in low and high, and the rest in note"),
    ("#REF!", "it is a formula or an error of a spreadsheet: write its value"),
    ("40%", "write a percentage as a fraction: 40% is 0.4"),
    ("n/a", "leave out the row where it does not apply, write 0 for a zero"),
])  # fmt: skip
def test_a_text_that_is_no_number_is_told_what_to_write(text: str, expected: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(f'not a number; {expected}')}$"):
        number(text)


@pytest.mark.parametrize(("text", "expected"), [
    ("1e400", "large"), ("1e308", "large"), ("-1e16", "large"), ("1e-320", "small"), ("1e-400", "small"),
])  # fmt: skip
def test_no_number_is_beyond_what_products_can_hold(text: str, expected: str) -> None:
    with pytest.raises(ValueError, match=rf"is too {expected} to be a number"):
        number(text)


@pytest.mark.slow
@given(st.text(min_size=1, max_size=12) | st.floats().map(str) | st.text("0123456789.,'eE+-− ", min_size=1, max_size=9))
def test_any_text_is_a_finite_number_or_told(text: str) -> None:
    try:
        value = number(text)
    except ValueError:
        return
    assert value == float(text)
    assert math.isfinite(value)
    assert text.isascii()


# --- many problems ---------------------------------------------------------------------------------------------------


def test_a_thousand_rows_without_locator_are_one_line(toy: Path) -> None:
    with (toy / "reserves.csv").open("a", encoding="utf-8") as file:
        file.writelines(f"lithium,DEU,{1000 + year},9200,,,kt,book,,official,\n" for year in range(1000, 1090))
    with (toy / "battery_demand.csv").open("a", encoding="utf-8") as file:
        years = [(s, k, y) for s in ("car", "stationary") for k in ("past", "plan", "shift") for y in range(1990, 2028)]
        file.writelines(f"{k},Europe,{s},{y},1,,,GWh,nominal,book,,model,\n" for s, k, y in years)
    outcome = CliRunner().invoke(cli, ["check", str(toy)])
    told = outcome.stderr.splitlines()
    assert outcome.exit_code == 3
    why = "locator = '': say where in the source the figure stands: table, row, page or file"
    assert told[0] == f"battery_demand.csv:11 {why} (lines 11, 12, 13 and 225 more)"
    assert told[-1] == "318 problems of 2 causes; nothing was written."
    assert len(told) == 3
    with pytest.raises(InputError) as raised:
        read_inputs(toy)
    assert len(raised.value.problems) == 318, "for a machine each of them is there"


def test_problems_of_one_cause_are_one_line_with_their_values() -> None:
    one = [Problem("a.csv", line, f"value = '{line},5'", f"not a number; write {line}.5") for line in range(2, 9)]
    of_the_file = [Problem("b.csv", 0, f"family = '{name}'", "no trend") for name in ("LFP", "NMC")]
    alone = Problem("a.csv", 3, "year = ''", "is empty")
    told = str(InputError([*reversed(one), *of_the_file, alone, alone])).splitlines()
    assert told == [
        "a.csv:2 value = '2,5': not a number; write 2.5 (also line 3: '3,5', line 4: '4,5', line 5: '5,5' and 3 more)",
        "a.csv:3 year = '': is empty",
        "b.csv family = 'LFP': no trend (also 'NMC')",
    ]
    assert InputError([*one, alone]).count == "8 problems of 2 causes"
    assert InputError([alone]).count == "1 problem"


def test_what_is_shown_is_short_and_harms_no_terminal() -> None:
    shown = str(Problem("a.csv", 2, f"note = {'x' * 5000!r}", "is long; did you mean 'the scope's own'?"))
    assert shown == f"a.csv:2 note = '{'x' * 60}…': is long; did you mean 'the scope's own'?"
    assert len(str(Problem("a.csv", 2, "x" * 5000, "y" * 5000))) < 300
    assert str(Problem("a.csv", 1, "column '\x1b]0;t\x07'", "no\nline")) == "a.csv:1 column '\\x1b]0;t\\x07': no\\nline"
    assert str(Problem("a.csv", 1, "", "1\u202f200 kWh of Größe 中")) == "a.csv:1: 1\u202f200 kWh of Größe 中"
