"""The attacks themselves: every mutation changes something, every fault is seen, and a few of each find nothing."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from attacks import run_files, tables
from attacks.outcome import (
    FAULTS,
    ROOT,
    Case,
    Ended,
    _disagreement,
    _result_faults,
    _stream_faults,
    differences,
)

pytestmark = pytest.mark.slow

CASE = Case("cell", "percent", "x.csv:2 value '1' → '1%'", "x.csv", "toy run", (), ())


def written(folder: Path, **tables: str) -> Path:
    """A result folder with these tables."""
    (folder / "tables").mkdir(parents=True)
    (folder / "record.json").write_text("{}", encoding="utf-8")
    for name, text in tables.items():
        (folder / "tables" / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_every_mutation_changes_the_package(tmp_path: Path) -> None:
    for mutation in tables.MUTATIONS:
        folder = tmp_path / mutation.name
        folder.mkdir()
        tables._sound("toy flows", folder)
        before = contents(folder)
        for name in sorted(path.name for path in (folder / "in").glob("*.csv")):
            with contextlib.suppress(tables.NotHere):
                assert mutation.change(folder / "in", name, Random(1))
                break
        assert before != contents(folder), mutation.name


def test_every_expectation_is_of_a_mutation() -> None:
    known = {each.name for each in tables.MUTATIONS}
    assert not {name for names in tables.EXPECTED.values() for name in names} - known


def test_keys_and_their_types_are_those_of_the_models() -> None:
    found = run_files.keys()
    assert {"title", "scope.years.step", "scenario.plan.met.Europe.car.2032", "optimise.cost_cap", "study.draws",
            "scenario.plan.diffusion.car.lfp.speed", "exposure.stockpile_months"} <= set(found)  # fmt: skip
    wrong = {"prices.tariff": "true", "optimise.unmet": '"off"', "optimise.cost_cap": "nan", "study.draws": '"40"',
             "scenario.plan.demand": "1", "scope.years.step": "true"}  # fmt: skip
    assert {run_files.expected(path, value) for path, value in wrong.items()} == {"refused"}
    fitting = {"prices.tariff": "2", "optimise.unmet": "true", "scope.years": "2030", "optimise.cost_cap": "0"}
    assert {run_files.expected(path, value) for path, value in fitting.items()} == {""}


@pytest.mark.parametrize(("ended", "fault"), [
    (Ended(1, "", "KeyError: 'r': this is a bug\n", 0.1), "traceback"),
    (Ended(-signal.SIGSEGV, "", "", 0.1), "traceback"),
    (Ended(-signal.SIGALRM, "", "", 300.1), "hang"),
    (Ended(-signal.SIGXCPU, "", "", 61.0), "hang"),
    (Ended(0, "Running HiGHS 1.16.0 (git hash: f3f113d)\n", "", 0.1), "foreign"),
    (Ended(3, "", "run.toml: not TOML ('utf-8' codec can't decode)\n", 0.1), "foreign"),
    (Ended(3, "", "x.csv:2 value = '\x07': not a number\n", 0.1), "control"),
    (Ended(0, "Lithium  nan  kt\n", "", 0.1), "not finite"),
    (Ended(3, "", "x.csv:2 value = '1': not a number\n" * 61, 0.1), "flood"),
])  # fmt: skip
def test_a_fault_of_a_command_is_seen(ended: Ended, fault: str) -> None:
    assert [name for name, _ in _stream_faults(ended, CASE)] == [fault]
    assert fault in FAULTS


def test_what_a_refusal_may_say_is_no_fault() -> None:
    ended = Ended(3, "", "x.csv:2 value = 'nan': not a number\n1 problem; nothing was written.\n", 0.1)
    assert not list(_stream_faults(ended, CASE))


@pytest.mark.parametrize(("code", "other", "agree"), [
    (0, 0, True), (3, 3, True), (0, 3, False), (3, 0, False), (0, 4, True), (0, 5, True), (3, 4, False), (2, 3, False),
])  # fmt: skip
def test_check_and_run_agree(code: int, other: int, agree: bool) -> None:
    assert (not _disagreement(Ended(code, "", "x", 0.1), Ended(other, "", "x", 0.1))) is agree


@pytest.mark.parametrize(("table", "fault"), [
    ("region,value\nWorld,inf\n", "not finite"), ("region,value\nWorld,nan\n", "not finite"),
    ("region,value\n=1+1,2\n", "formula"),
    ("region,value\n@x,2\n", "formula"), ("region,value\nWor\x07ld,2\n", "control"),
    ("scenario,value,note\nnan,-2e-3,nan\n", ""),
])  # fmt: skip
def test_a_fault_of_a_table_is_seen(table: str, fault: str, tmp_path: Path) -> None:
    found = [name for name, _ in _result_faults(written(tmp_path / "out", demand=table))]
    assert found == ([fault] if fault else [])


def test_a_broken_chart_is_seen(tmp_path: Path) -> None:
    out = written(tmp_path / "out")
    (out / "charts").mkdir()
    (out / "charts" / "demand.svg").write_text("<svg>\x07</svg>", encoding="utf-8")
    assert [name for name, _ in _result_faults(out)] == ["bad chart"]


def test_other_numbers_are_told_and_other_lines_are_not(tmp_path: Path) -> None:
    sound = written(tmp_path / "sound", demand="region,value,rows\nWorld,10,x.csv:2\nEurope,2,x.csv:3\n")
    moved = written(tmp_path / "moved", demand="region,value,rows\nWorld,10,x.csv:9\nEurope,2,x.csv:3\n")
    other = written(tmp_path / "other", demand="region,value,rows\nWorld,10,x.csv:2\nEurope,2000,x.csv:3\n")
    fewer = written(tmp_path / "fewer", demand="region,value,rows\nWorld,10,x.csv:2\n")
    assert differences(sound, moved) == []
    assert differences(sound, other) == ["demand: 1 cells, Europe x.csv:3 value 2 → 2000"]
    assert differences(sound, fewer) == ["demand: 2 → 1 rows"]


@pytest.mark.slow
@pytest.mark.parametrize("attack", ["tables", "run_files"])
def test_a_few_attacks_find_nothing(attack: str) -> None:
    words = [sys.executable, "-m", f"tests.attacks.{attack}", "--count", "40", "--seed", "1"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
