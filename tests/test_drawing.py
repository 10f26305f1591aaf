"""Charts of a run drawn by another process: the same bytes, one import of the caller's script, errors told."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from minerals import api, drawing
from minerals.errors import UsageError
from minerals.results.result import Result

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


def test_what_cannot_be_drawn_there_is_told_here(folder: Path, tmp_path: Path) -> None:
    run = api.read_run("europe-mix")
    found = api.load(folder / "result")
    poor = Result({**found.record, "config": {"output": {"charts": ["stock"]}}}, found.tables)
    with drawing.drawing(run) as begin:
        charted = begin(poor)
        with pytest.raises(UsageError, match="in_use_stock"):
            charted(tmp_path)
    assert not list(tmp_path.iterdir())
