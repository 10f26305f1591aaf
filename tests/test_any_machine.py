"""Europe's mix to 2031: the same numbers with any number of threads, and whatever adds up matrices."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from minerals.shipped import runs_folder

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
#: A run of its own, whose numbers are written; on one core, where that is asked for.
PROGRAM = """
import json, os, sys
from pathlib import Path
if os.environ.get("ON_ONE_CORE"):
    from minerals import cores
    cores.cores = lambda: 1  # Before anything takes it by name.
from minerals import api
from minerals.case import optimise
from test_near import every_number, wobbled
kept, choose = [], optimise.choose
other = wobbled if os.environ.get("WOBBLED") else lambda data: data
optimise.choose = lambda data, criteria: kept.append(choose(other(data), criteria)) or kept[-1]
result = api.run(Path(sys.argv[1]), out=Path(sys.argv[2]) / "out")
found = {repr(key): float(value) for key, value in every_number(kept[-1]).items()}
(Path(sys.argv[2]) / "numbers.json").write_text(json.dumps(found), encoding="utf-8")
"""
RUN = """
base  = "europe-mix.toml"
title = "Europe's mix to 2031"

[scope]
years = { first = 2025, last = 2031 }

[optimise]
own_share = { 2030 = 0.2 }
ranges    = "default"

[output]
charts = []
"""
MACHINES = {
    "two threads": {},
    "one thread": {"ON_ONE_CORE": "1", "OMP_NUM_THREADS": "1"},
    "another BLAS": {"OPENBLAS_CORETYPE": "Prescott", "OPENBLAS_NUM_THREADS": "1"},
}
#: Inputs other by a billionth.
WOBBLED = {"WOBBLED": "1"}
#: Parts of a mix that must be there, so that something is compared.
PARTS = ("additions", "production", "imports", "sourced", "range", "frontier", "loss", "cost", "exposure", "best")


@pytest.fixture(scope="module")
def numbers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, float]]:
    """All numbers of the mix, by machine."""
    folder = tmp_path_factory.mktemp("machines")
    (folder / "short.toml").write_text(
        RUN.replace("europe-mix.toml", (runs_folder() / "europe-mix.toml").as_posix()), encoding="utf-8"
    )
    out = {}
    for at, (name, changed) in enumerate({**MACHINES, "wobbled": WOBBLED}.items()):
        here = folder / str(at)
        here.mkdir()
        environment = {**os.environ, **changed, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(folder / "short.toml"), str(here)],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        out[name] = json.loads((here / "numbers.json").read_text(encoding="utf-8"))
    return out


@pytest.mark.parametrize("name", [name for name in MACHINES if name != "two threads"])
@pytest.mark.long
def test_every_machine_finds_the_same_mix(name: str, numbers: dict[str, dict[str, float]]) -> None:
    """To a millionth, or a thousandth of a GWh: objectives, ranges, frontier, and all of the mix that is told."""
    mine, theirs = numbers["two threads"], numbers[name]
    assert_same(mine, theirs)
    assert {part for part in PARTS if not any(key.startswith(f"('{part}'") for key in mine)} == set()
    assert len(mine) > 500


def test_inputs_other_by_a_billionth_give_the_same_mix(numbers: dict[str, dict[str, float]]) -> None:
    """What is told of it, and how far shares move. Which of mixes as cheap, or as little exposed, is the cheapest or
    the least exposed one is a matter of rounding."""
    ends = ("('cheapest'", "('least_exposed'", "('frontier'")
    mine, theirs = (
        {key: value for key, value in numbers[name].items() if not key.startswith(ends)}
        for name in ("two threads", "wobbled")
    )
    assert mine != theirs
    assert_same(mine, theirs)


def assert_same(mine: dict[str, float], theirs: dict[str, float]) -> None:
    apart = {key: abs(mine.get(key, 0.0) - theirs.get(key, 0.0)) for key in {*mine, *theirs}}
    assert not {key: by for key, by in apart.items() if by > max(1e-6 * abs(mine.get(key, 0.0)), 1e-3)}
