"""Workers of a study: one that is ended by force is replaced, and what a study begins from can travel."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from concurrent.futures import CancelledError
from pathlib import Path

import pytest

from minerals import api
from minerals.config import read_run
from minerals.errors import InputError, Notice, UsageError
from minerals.studies import pool
from minerals.studies.travel import packed, unpacked
from minerals.tables.inputs import read_inputs
from minerals.tables.resolve import resolve

LINES = "scenario,region,cohort,value,unit\n" + "".join(
    f"{scenario},{region},2028,500,GWh/yr\n" for scenario in ("plan", "shift") for region in ("Europe", "China")
)


def square(number: int, ends_in: str = "") -> int:
    """The square; the first process that comes here in a folder is ended by force, as by the system short of memory."""
    if ends_in and not Path(ends_in).exists():
        Path(ends_in).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


@pytest.mark.slow
def test_a_worker_that_is_killed_is_replaced_and_nothing_is_lost(tmp_path: Path) -> None:
    killed = str(tmp_path / "killed")
    with pool.worker_pool(2, int) as workers:
        tasks = []
        with pytest.warns(Notice, match=r"the study goes on with 1 worker, and nothing that was finished is lost"):
            tasks += [workers.submit(square, number, killed if number == 3 else "").result() for number in range(6)]
        assert tasks == [number * number for number in range(6)]
        assert list(workers.map(square, range(4))) == [0, 1, 4, 9]


@pytest.mark.slow
def test_what_waits_is_dropped_when_the_body_ends() -> None:
    with pool.worker_pool(1, int) as workers:
        tasks = [workers.submit(time.sleep, 1), *(workers.submit(square, number) for number in range(9))]
        assert tasks[-1].cancel()
    assert tasks[0].done()
    assert all(task.cancelled() for task in tasks[-2:])
    with pytest.raises(CancelledError):
        tasks[-2].result()


def test_the_inputs_and_lines_of_a_study_travel_with_it(toy: Path, tmp_path: Path) -> None:
    (toy / "lines.csv").write_text(LINES, encoding="utf-8")
    sets = ['scope.beyond="hold"', "scope.years={first = 2044, last = 2045}", "flows={lines = 'lines.csv'}"]
    run, inputs = read_run(toy / "run.toml", sets), read_inputs(toy)
    assert run.settings.flows is None or run.settings.flows.lines == "lines.csv"
    digests, lines = inputs.sha256, resolve(run, inputs).lines
    content, sha256 = packed((run, inputs.folder, {"and": inputs.folder}))
    assert packed((run, inputs.folder, {"and": inputs.folder})) == (content, sha256)
    shutil.rmtree(toy)
    there, folder, both = unpacked(content, tmp_path)
    assert (folder, both["and"].parent) == (both["and"], tmp_path)
    assert there.settings == run.settings
    again = read_inputs(folder)
    assert again.sha256 == digests
    assert lines is not None
    assert lines.equals(resolve(there, again).lines)


@pytest.mark.parametrize("place", ["../lines.csv", "/tmp/lines.csv"])
def test_lines_from_elsewhere_do_not_travel(toy: Path, place: str) -> None:
    run = read_run(toy / "run.toml", [f"flows.lines='{place}'"])
    with pytest.raises(InputError, match="lies not below the folder of the run file"):
        packed(run)


def test_a_cluster_needs_its_extra(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "minerals.studies.cluster", raising=False)
    sets = {"study": {"kind": "sample", "draws": 20}}
    with pytest.raises(UsageError, match=r"needs dask\.distributed, .* pip install 'minerals\[cluster\]', or leave"):
        api.run(toy / "run.toml", set=sets, inputs=toy, cluster="tcp://127.0.0.1:1")


@pytest.mark.parametrize(("sets", "hands", "words"), [
    ({}, {"workers": 2}, r"run\.toml has no \[study\], so that there is no work for several; leave --workers 2 out"),
    ({"study": {"kind": "sample"}}, {"workers": 2, "cluster": "tcp://x:1"}, "give one of the two"),
])  # fmt: skip
def test_hands_that_do_not_fit_are_refused(toy: Path, sets, hands, words: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UsageError, match=words):
        api.run(toy / "run.toml", set=sets, inputs=toy, **hands)
