"""Charts of a run drawn by another process: the same bytes, one import of the caller's script, errors told."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from minerals import api, drawing
from minerals.results.result import Result
from minerals.studies.pool import processes

pytestmark = pytest.mark.slow

#: A script without a guard: other processes must not import it, or it would begin again.
SCRIPT = """
from pathlib import Path
from minerals import api, drawing
print("begun", flush=True)
run = api.read_run("europe-mix", set={"output.charts": ["demand_by_mineral", "sourcing"]})
with drawing.drawing(run) as begin:
    begin(api.load("result"))(Path("charts"))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place with a result that asks for two charts."""
    place = tmp_path_factory.mktemp("drawn")
    api.run("europe-2035", set={"output.charts": ["demand_by_mineral", "sourcing"]}, out=place / "result")
    return place


def test_other_processes_draw_the_same_bytes(folder: Path) -> None:
    root = os.pathsep.join([str(Path(drawing.__file__).parents[1]), *sys.path])
    (folder / "script.py").write_text(SCRIPT)
    env = os.environ | {"PYTHONPATH": root}
    command = [sys.executable, "script.py"]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("begun\n", "")
    drawing.draw_all(api.load(folder / "result"), folder / "drawn")
    here, there = ({path.name: path.read_bytes() for path in (folder / place).iterdir()} for place in
                   ("drawn", "charts"))  # fmt: skip
    assert len(here) == 12
    assert here == there


def test_what_cannot_be_drawn_there_is_left_out_and_said_as_here(folder: Path, tmp_path: Path) -> None:
    run = api.read_run("europe-mix")
    found = api.load(folder / "result")
    wanted = ["lfp_concentration", "stock", "sourcing"]
    tables = {name: table for name, table in found.tables.items() if name != "supply"}
    poor = Result({**found.record, "config": {"output": {"charts": wanted}}, "tables": list(tables)}, tables)
    with drawing.drawing(run) as begin:
        there = begin(poor)(tmp_path / "there")
    assert there == drawing.draw_all(poor, tmp_path / "here")
    light, reason = there.left_out
    assert light.startswith("lfp_concentration: the result has no table supply"), "in order, though drawn last"
    assert reason.startswith("stock: the result has no table in_use_stock")
    assert [path.stem for path in sorted((tmp_path / "there").glob("*.png"))] == ["sourcing"]


def children(of: int) -> list[int]:
    """Processes that another started to work for it, without the one that counts its resources."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = int((place / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == of and b"spawn_main" in (place / "cmdline").read_bytes():
                found.append(int(place.name))
    return found


def begun(of: int) -> int:
    """The one process that another starts to work for it."""
    end = time.monotonic() + 30
    while not (found := children(of)) and time.monotonic() < end:
        time.sleep(0.01)
    (worker,) = found
    return worker


def gone(pid: int) -> bool:
    """Whether a process has ended, waited for or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except FileNotFoundError:
        return True


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")


@needs_proc
def test_charts_are_drawn_here_where_the_other_process_is_lost(folder: Path, tmp_path: Path) -> None:
    with drawing.drawing(api.read_run("europe-mix")) as begin:
        worker = begun(os.getpid())
        os.kill(worker, signal.SIGKILL)
        assert begin(api.load(folder / "result"))(tmp_path) == drawing.Drawn([], "")
    assert len(list(tmp_path.iterdir())) == 12


@needs_proc
def test_the_other_process_ends_with_a_run_that_is_killed(tmp_path: Path) -> None:
    script = (
        "import os, time\nfrom minerals import api, drawing\nwith drawing.drawing(api.read_run('europe-mix')):\n"
        "    print('begun', flush=True)\n    time.sleep(60)\n"
    )
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(drawing.__file__).parents[1]), *sys.path])}
    with subprocess.Popen([sys.executable, "-c", script], env=env, stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        run.stdout.readline()
        worker = begun(run.pid)
        run.kill()
    end = time.monotonic() + 30
    while not gone(worker) and time.monotonic() < end:
        time.sleep(0.05)
    assert gone(worker)


LOADED = "'matplotlib.figure' in __import__('sys').modules"


@needs_proc
@pytest.mark.parametrize("file", ["europe-2035", "nothing-of-that-name"])
@pytest.mark.parametrize("sets", [[], [" output.charts = [ ]"], ["output.charts=['stress']"]])
def test_a_process_starts_ahead_of_a_run_that_may_have_charts(
    file: str, sets: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr(drawing, "cores", lambda: 2)
    with drawing.ahead(file, sets):
        assert len(drawing._ahead) == (file == "europe-2035" and sets != [" output.charts = [ ]"])
        if drawing._ahead:
            begun(os.getpid())
        else:
            assert children(os.getpid()) == []
    assert drawing._ahead == []
    assert children(os.getpid()) == []


def test_the_process_ahead_draws_the_run(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "cores", lambda: 2)
    monkeypatch.setattr(drawing, "draw_all", lambda *_: pytest.fail("it was drawn here"))
    with drawing.ahead("europe-mix", ()), drawing.drawing(api.read_run("europe-mix")) as begin:
        (process,) = drawing._ahead
        assert begin(api.load(folder / "result"))(tmp_path) == drawing.Drawn([], "")
        assert process.pool.submit(eval, LOADED).result()
    assert len(list(tmp_path.iterdir())) == 12


def test_the_process_ahead_stops_loading_for_a_run_without_charts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "cores", lambda: 2)
    run = api.read_run("europe-2035", set={"output.charts": []})
    with drawing.ahead("europe-2035", ()), drawing.drawing(run):
        (process,) = drawing._ahead
        assert not process.pool.submit(eval, LOADED).result()


def test_charts_are_drawn_here_where_there_is_no_room_for_a_process(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr(drawing, "cores", lambda: 2)
    monkeypatch.setattr("minerals.studies.pool.processes", full)
    with drawing.ahead("europe-mix", ()), drawing.drawing(api.read_run("europe-mix")) as begin:
        assert drawing._ahead == []
        assert begin(api.load(folder / "result"))(tmp_path) == drawing.Drawn([], "")
    assert len(list(tmp_path.iterdir())) == 12


@pytest.mark.parametrize("module", ["minerals.drawing", "minerals.api", "minerals.cli"])
def test_what_starts_a_process_loads_no_heavy_library(module: str) -> None:
    code = f"import sys, {module}; print(sorted({{'numpy', 'pandas', 'matplotlib', 'scipy'}} & set(sys.modules)))"
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(drawing.__file__).parents[1]), *sys.path])}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_study_s_workers_leave_the_environment_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    with processes(1, int) as pool:
        assert (os.environ["OMP_NUM_THREADS"], "OPENBLAS_NUM_THREADS" in os.environ) == ("3", False)
        assert pool.submit(os.getenv, "OMP_NUM_THREADS").result() == "1"
