"""Checked inputs kept between runs: the same as read anew, read anew after any change, and never trusted blindly."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pandas as pd
import pytest

from minerals.errors import InputError
from minerals.tables import inputs as inputs_module
from minerals.tables.inputs import read_inputs
from minerals.tables.own import Layers
from minerals.tables.rows_file import RowsOfRun


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache folder of a user who has none yet."""
    monkeypatch.setenv("MINERALS_CACHE", "on")
    monkeypatch.setattr("minerals.tables.cache.cache_folder", lambda: tmp_path / "cache")
    return tmp_path / "cache"


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Layers]:
    """Folders that were read and checked, in order."""
    real, done = inputs_module._read, []

    def read(place: Layers) -> inputs_module.Inputs:
        done.append(place)
        return real(place)

    monkeypatch.setattr(inputs_module, "_read", read)
    return done


def test_kept_tables_are_those_that_were_read(toy: Path, folder: Path, reads: list[Layers]) -> None:
    first, second = read_inputs(toy), read_inputs(toy)
    assert [layers.package for layers in reads] == [toy]
    assert second.folder == toy
    assert second.sha256 == first.sha256
    assert list(second.tables) == list(first.tables)
    for name, table in first.tables.items():
        assert second.tables[name].schema == table.schema
        pd.testing.assert_frame_equal(second[name], table.frame)


@pytest.mark.parametrize("file", ["battery_demand.csv", "datapackage.json"])
def test_a_changed_byte_is_read_anew(toy: Path, folder: Path, reads: list[Layers], file: str) -> None:
    read_inputs(toy)
    (toy / file).write_bytes((toy / file).read_bytes() + b"\n")
    read_inputs(toy)
    assert len(reads) == 2


def test_own_rows_on_top_are_read_anew_where_they_or_their_order_change(
    toy: Path, folder: Path, reads: list[Layers], tmp_path: Path
) -> None:
    rows = tmp_path / "mine" / "battery_demand.csv"
    rows.parent.mkdir()
    rows.write_text("scenario,region,segment,year,value,unit\nplan,Europe,car,2030,90,GWh\n", encoding="utf-8")
    shutil.copytree(rows.parent, tmp_path / "other")
    of = Layers(toy, (rows.parent,))
    first, second = read_inputs(of), read_inputs(of)
    assert len(reads) == 1
    assert second.sha256 == first.sha256
    assert second.own == first.own
    both = Layers(toy, (rows.parent, tmp_path / "other"))
    rows.write_text(rows.read_text(encoding="utf-8").replace("90", "91"), encoding="utf-8")
    data = {"battery_demand": {"plan": {"Europe": {"car": {"2030": 90}}}}}
    in_run = RowsOfRun("run.toml", data, {("rows",): ("run.toml", 1)})
    for changed in (of, both, Layers(toy, both.own[::-1]), Layers(toy), Layers(toy, rows=in_run)):
        read_inputs(changed)
    assert len(reads) == 6


def test_a_table_that_does_not_fit_is_refused_each_time(toy: Path, folder: Path, reads: list[Layers]) -> None:
    read_inputs(toy)
    with (toy / "minerals.csv").open("a", encoding="utf-8") as file:
        file.write("one cell\n")
    for _ in range(2):
        with pytest.raises(InputError, match=r"minerals\.csv"):
            read_inputs(toy)
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize("content", [b"", b"damaged", None])
def test_a_damaged_file_is_not_used_and_replaced(
    toy: Path, folder: Path, reads: list[Layers], content: bytes | None
) -> None:
    read_inputs(toy)
    (file,) = folder.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] if content is None else content)
    read_inputs(toy)
    assert len(reads) == 2
    assert len(file.read_bytes()) == len(whole)
    read_inputs(toy)
    assert len(reads) == 2


def test_what_others_may_write_to_is_not_used(toy: Path, folder: Path, reads: list[Layers]) -> None:
    read_inputs(toy)
    (file,) = folder.iterdir()
    file.chmod(0o666)
    read_inputs(toy)
    assert len(reads) == 2
    folder.chmod(0o777)
    read_inputs(toy)
    assert len(reads) == 3


def test_without_a_place_to_keep_them_tables_are_read(toy: Path, folder: Path, reads: list[Layers]) -> None:
    folder.write_text("a file where the folder would be")
    assert read_inputs(toy).sha256 == read_inputs(toy).sha256
    assert len(reads) == 2


def test_the_switch_keeps_nothing(
    toy: Path, folder: Path, reads: list[Layers], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINERALS_CACHE", "off")
    assert read_inputs(toy).sha256 == read_inputs(toy).sha256
    assert len(reads) == 2
    assert not folder.exists()


@pytest.mark.slow
def test_few_packages_are_kept(toy: Path, folder: Path) -> None:
    for turn in range(10):
        (toy / "datapackage.json").write_bytes((toy / "datapackage.json").read_bytes() + b" " * turn)
        read_inputs(toy)
    assert len(list(folder.iterdir())) == 8


def test_what_is_somebodys_own_stays(toy: Path, folder: Path) -> None:
    folder.mkdir(mode=0o700)
    for name in (*(f"note{turn}.txt" for turn in range(12)), "inputs-old.pickle"):
        (folder / name).write_text("mine")
    (folder / "a folder").mkdir()
    read_inputs(toy)
    assert len(list(folder.iterdir())) == 15


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes")
def test_a_pipe_among_the_tables_is_refused_and_not_read(toy: Path, folder: Path) -> None:
    (toy / "minerals.csv").unlink()
    os.mkfifo(toy / "minerals.csv")
    with pytest.raises(InputError, match="is a device or a pipe"):
        read_inputs(toy)
