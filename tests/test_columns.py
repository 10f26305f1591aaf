"""Tables as columns of plain cells: the same as the frames that are made of them, and the same files."""

from __future__ import annotations

import subprocess
import sys
from math import inf, nan
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minerals.columns import Columns, Frames, concat
from minerals.results.csv_files import as_csv

ROWS = [("a", 2025, 1.5, None, "kt"), ("b", 2026, nan, "x", "kt"), ("a", 2027, 2.0, "y", "t")]
NAMES = ["region", "year", "value", "note", "unit"]


def table() -> Columns:
    return Columns.from_rows(ROWS, NAMES)


def test_a_table_is_the_frame_of_its_rows() -> None:
    pd.testing.assert_frame_equal(table().frame, pd.DataFrame(ROWS, columns=NAMES))
    alike = Columns.from_rows(ROWS, NAMES, law="EU")
    pd.testing.assert_frame_equal(alike.frame, pd.DataFrame(ROWS, columns=NAMES).assign(law="EU"))
    none = Columns.from_rows([], NAMES, law="EU")
    assert (list(none), len(none)) == ([*NAMES, "law"], 0)
    assert {str(dtype) for dtype in none.frame.dtypes} == {"object"}, "no texts are no numbers"
    assert Columns({"value": np.zeros(0)}).frame["value"].dtype == float
    assert list(Columns.from_records([])) == []
    assert len(Columns({})) == 0
    records = [dict(zip(NAMES, row, strict=True)) for row in ROWS]
    pd.testing.assert_frame_equal(Columns.from_records(records).frame, table().frame)


def test_a_column_is_held_as_the_dtype_that_is_said() -> None:
    found = Columns({"year": [2030, None]}).astype(year="Int64")
    assert found.frame["year"].dtype == "Int64"
    assert found.assign(more=[1, 2]).filter(lambda year: year is not None, "year").frame["year"].tolist() == [2030]
    assert "year" not in found.assign(more=[1, 2]).select("more").dtypes
    assert as_csv(found) == b"year\n2030\n\n"


def test_numbers_are_told_from_texts() -> None:
    cells = {
        "whole": [1, np.int64(2)], "decimal": [1, 2.5], "missing": [1, None], "nothing": [None, None],
        "texts": ["1", "2"], "both": [1, "2"], "truths": [True, False], "array": np.array([1.0, inf]),
        "objects": np.array(["a", "b"], dtype=object),
    }  # fmt: skip
    found = {name: Columns(cells).numbers(name) for name in cells}
    assert {name for name, numbers in found.items() if numbers is None} == {"nothing", "texts", "both", "truths",
                                                                           "objects"}  # fmt: skip
    assert found["whole"] is not None
    assert found["whole"].dtype.kind == "i"
    assert found["decimal"].tolist() == [1.0, 2.5]  # type: ignore[union-attr]
    assert np.isnan(found["missing"]).tolist() == [False, True]  # type: ignore[arg-type]
    assert Columns({"none": []}).numbers("none") is None
    assert Columns({"huge": [2**70, 1]}).numbers("huge") is None
    assert as_csv(Columns({"huge": [2**70, 1]})) == b"huge\n1180591620717411303424\n1\n"


def test_rows_by_their_labels() -> None:
    assert list(table().rows("year", "unit")) == [(2025, "kt"), (2026, "kt"), (2027, "t")]
    assert list(table().rows("year", region="a", unit="kt")) == [(2025,)]
    assert table().records(region="b")[0]["note"] == "x"
    assert table().where(region="a", unit="kt").column("value") == [1.5]
    assert table().filter(lambda region, year: region == "a" and year > 2025, "region", "year").column("year") == [2027]
    both = concat([table(), table()])
    assert (len(both), both.column("year")) == (6, [2025, 2026, 2027] * 2)
    assert isinstance(concat([Columns({"x": np.ones(2)})] * 2)["x"], np.ndarray)


def test_columns_stand_where_they_are_put() -> None:
    found = table().insert_after("region", place=[1, 2, 3]).drop("note", "unit").assign(value=[0, 0, 0])
    assert list(found) == ["region", "place", "year", "value"]
    assert found["value"] == [0, 0, 0]
    assert "note" not in found


def test_frames_are_made_when_they_are_read() -> None:
    lazy = Columns.from_rows(ROWS, NAMES)
    frames = Frames({"one": lazy, "two": pd.DataFrame({"value": [1.0], "name": ["a"], "none": [None]})})
    assert "one" in frames
    assert "frame" not in vars(lazy)
    assert frames["one"] is frames["one"]
    assert (list(frames), len(frames)) == (["one", "two"], 2)
    assert frames.columns("one") is lazy
    assert frames.columns("two").column("none") == [None]
    more = frames | {"three": lazy} | Frames({"four": lazy})
    assert list(more) == ["one", "two", "three", "four"]
    assert list({"zero": lazy.frame} | frames) == ["zero", "one", "two"]
    assert repr(frames) == "Frames(one: 3 rows, two: 1 rows)"
    assert frames.columns("two") is frames.columns("two")
    with pytest.raises(KeyError):
        frames["five"]


CELLS = st.one_of(st.floats(), st.integers(-(2**40), 2**40), st.none(), st.text("ab,\"'=\n é", max_size=3))


@given(st.lists(st.tuples(st.floats(allow_infinity=False), st.integers(0, 9), st.text("abé", max_size=2)), max_size=6))
def test_a_file_is_what_pandas_writes_of_the_frame(rows: list[tuple[object, ...]]) -> None:
    found = Columns.from_rows(rows, ["value", "year", "note"])
    assert as_csv(found).decode() == found.frame.to_csv(index=False, float_format="%.12g", lineterminator="\n")
    assert as_csv(Columns.from_frame(found.frame)) == as_csv(found)


@given(st.lists(CELLS, min_size=1, max_size=6))
def test_what_is_no_column_of_numbers_is_written_cell_by_cell(cells: list[object]) -> None:
    found = Columns({"first": ["x"] * len(cells), "any": ["x", *cells[1:]]})
    lines = as_csv(found).decode().splitlines()
    assert lines[:2] == ["first,any", "x,x"]
    for cell in cells[1:]:
        if isinstance(cell, int | float) and cell == cell:
            assert f"x,{cell}" in lines or f"x,'{cell}" in lines


@pytest.mark.slow
@pytest.mark.parametrize(("run", "charts"), [("europe-2035", ["demand_by_mineral"]), ("world-2050", [])])
def test_a_plain_run_loads_no_pandas(run: str, charts: list[str], tmp_path: Path) -> None:
    """Charts are drawn by another process, which does."""
    code = (
        "import sys; sys.modules['pandas'] = None; from minerals.cli import main; sys.argv[1:] = "
        f"['run', '{run}', '--set', {f'output.charts={charts}'!r}, '--out', {str(tmp_path / 'out')!r}]; main()"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    assert (tmp_path / "out" / "iamc.csv").is_file()
    assert all((tmp_path / "out" / "charts" / f"{chart}.png").is_file() for chart in charts)


@pytest.mark.slow
@pytest.mark.parametrize("what", ["inputs", "us-mix"])
def test_no_check_loads_pandas(what: str) -> None:
    """A run is laid out by it as far as what its mix is chosen from."""
    code = "import sys; sys.modules['pandas'] = None; from minerals.cli import main; "
    code += f"sys.argv[1:] = ['check', '{what}']; main()"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
