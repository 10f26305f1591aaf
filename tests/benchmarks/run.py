"""`minerals run` from the start of Python to its end, against the import of the libraries that it cannot do without:
`python -c "import numpy, pandas, pydantic"` in the same environment, taken in turns with it on two cores.

Whatever is timed runs once before, so that all files are in memory and the inputs' cache is made; medians count. The
answers must agree: the same tables, byte for byte, in all repetitions, and with charts those in all their formats.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from subprocess import DEVNULL, PIPE, Popen
from tempfile import TemporaryDirectory
from typing import NamedTuple

import common

from minerals.charts.bundle import SUFFIXES
from minerals.shipped import run_file

#: Environment of what is timed: that of a user. Compiled modules are kept, as they are for anybody who runs a command
#: twice, and numpy has its threads, which `common` sets for what it times itself.
AS_USED = {name: value for name, value in common.AS_USER.items() if name != "PYTHONDONTWRITEBYTECODE"}
IMPORT = ("-c", "import numpy, pandas, pydantic")
NO_CHARTS = ("--set", "output.charts=[]")
MIX_ALONE = ("--set", 'optimise.frontier="off"', "--set", 'optimise.ranges="off"')
#: Charts that europe-2035 draws.
CHARTS = (
    "demand_by_mineral", "chemistry_over_time", "chokepoints", "stress", "capacity_vs_demand", "lfp_concentration",
    "sourcing", "coverage", "loss_by_length",
)  # fmt: skip


class Goal(NamedTuple):
    """A command, what is measured of it, and the most that this may be, in imports.

    wall: the time until it ends; else that of all processors, in the process and those that it starts.
    """

    name: str
    run: str
    words: Sequence[str]
    wall: bool
    most: float
    repeats: int


GOALS = (
    Goal("europe-2035 without charts, processor", "europe-2035", NO_CHARTS, False, 2.3, 7),
    Goal("europe-2035 with all charts, wall", "europe-2035", (), True, 6.5, 7),
    Goal("europe-mix without frontier and ranges, wall", "europe-mix", (*NO_CHARTS, *MIX_ALONE), True, 15, 5),
    Goal("europe-mix with frontier and ranges, wall", "europe-mix", NO_CHARTS, True, 130, 3),
)


class Took(NamedTuple):
    """Seconds of wall clock, and of processors in a process and those that it started and waited for."""

    wall: float
    processor: float


def timed(words: Sequence[str]) -> Took:
    """Run Python with these words. Raises RuntimeError with what it said where it fails."""
    start = time.perf_counter()
    child = Popen([sys.executable, *words], stdout=DEVNULL, stderr=PIPE, env=AS_USED)
    assert child.stderr is not None
    complaint = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    took = time.perf_counter() - start
    child.stderr.close()
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"{' '.join(words)} ended with {child.returncode}: {complaint.decode(errors='replace')}")
    return Took(took, usage.ru_utime + usage.ru_stime)


def answers(folder: Path, charts: Sequence[str]) -> dict[str, str]:
    """SHA-256 of each table and chart of a result. Raises RuntimeError where a chart or a table lacks."""
    wanted = {f"{chart}{suffix}" for chart in charts for suffix in SUFFIXES}
    drawn = {file.name for file in (folder / "charts").glob("*")}
    if drawn != wanted:
        raise RuntimeError(f"{folder.name}: charts differ from those expected: {sorted(drawn ^ wanted)}")
    files = sorted([*(folder / "tables").glob("*.csv"), *(folder / "charts").glob("*")])
    if not files:
        raise RuntimeError(f"{folder.name}: no table was written")
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def measured(goal: Goal, place: Path, tell: Callable[[str, float, str], None]) -> float:
    """A goal's command in imports; raises RuntimeError where it fails or its answers differ."""
    folder = place / goal.run
    command = ["-m", "minerals", "run", str(run_file(goal.run)), "--out", str(folder), "--force", *goal.words]
    timed(command)
    timed(IMPORT)
    first = answers(folder, () if goal.words else CHARTS)
    imports, runs = [], []
    for _ in range(goal.repeats):
        imports.append(timed(IMPORT))
        runs.append(timed(command))
        if answers(folder, () if goal.words else CHARTS) != first:
            raise RuntimeError(f"{goal.run}: two runs gave different tables or charts")
    import_, run = (median(each.wall if goal.wall else each.processor for each in every) for every in (imports, runs))
    tell("  the import alone", import_, "s")
    tell("  the command", run, "s")
    return run / import_


def main() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    verdict = common.Verdict()
    with TemporaryDirectory() as place:
        for goal in GOALS:
            times = measured(goal, Path(place), verdict.tell)
            verdict.say(goal.name, times, "x import", goal.most, at_most=True)
    verdict.end()


if __name__ == "__main__":
    main()
