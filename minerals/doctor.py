"""Whether this installation works: each thing that a run needs, tried, and what to do where it does not.

Nothing is assumed from a version number: the solver solves, a chart is drawn, a second process answers.
"""

from __future__ import annotations

import multiprocessing
import os
import platform
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement

from .errors import MineralsError, listed

#: Seconds that a second process may take to answer.
PATIENCE = 60
#: Mebibytes that a run with a mix needs at most.
MEMORY = 2_000
#: What is written to see whether a folder takes it.
SAMPLE = bytes(range(256)) * 32
#: Letters of the names of what is tried.
WIDE = 11
#: Extras that are for those who work on the package itself.
OURS = {"test", "bench"}
#: What to do where a part is broken.
REINSTALL = "install again in a new environment: python -m venv …, then pip install minerals"


class Finding(NamedTuple):
    """What was tried, whether it works, what was found, and what to do where it does not."""

    name: str
    works: bool
    found: str
    advice: str = ""

    def lines(self, width: int) -> list[str]:
        """As lines of text: the name in front, what to do below."""
        words = self.found if self.works else f"BROKEN: {self.found}. {self.advice[:1].upper()}{self.advice[1:]}."
        return textwrap.wrap(words, width, initial_indent=f"{self.name:<{WIDE}}", subsequent_indent=" " * WIDE)


class _Broken(Exception):
    """Something does not work: what was found, and what to do."""

    def __init__(self, found: str, advice: str) -> None:
        super().__init__(found)
        self.found, self.advice = found, advice


def findings(place: Path | None = None) -> Iterator[Finding]:
    """Try each thing that a run needs, one after the other. place: where results would be written, by default here."""
    for name, check in _checks(place or Path.cwd()).items():
        try:
            yield Finding(name, True, check())
        except _Broken as broken:
            yield Finding(name, False, broken.found, broken.advice)
        except MineralsError as error:
            yield Finding(name, False, str(error).splitlines()[0], "see `minerals check`")
        except Exception as error:  # Whatever breaks is what is looked for.
            yield Finding(name, False, f"{type(error).__name__}: {error}", REINSTALL)


def _checks(place: Path) -> dict[str, Callable[[], str]]:
    return {
        "python": _python,
        "packages": _packages,
        "extras": _extras,
        "inputs": _inputs,
        "solver": _solver,
        "charts": _charts,
        "processes": _processes,
        "cache": _cache,
        "folder": lambda: _folder(place),
        "memory": _memory,
    }


def _python() -> str:
    return f"{platform.python_version()} on {platform.system()} {platform.machine()}, {os.cpu_count()} processors"


def _required(extra: str = "") -> Iterator[Requirement]:
    """What minerals requires, or what one of its extras adds."""
    for each in map(Requirement, requires("minerals") or ()):
        if each.marker is None:
            if not extra:
                yield each
        elif each.marker.evaluate({"extra": extra}) and not (extra and each.marker.evaluate({"extra": ""})):
            yield each


def _packages() -> str:
    """Every package that minerals requires, in a version that it takes."""
    found, wrong = [f"minerals {version('minerals')}"], []
    for each in _required():
        try:
            here = version(each.name)
        except PackageNotFoundError:
            wrong.append(f"{each.name} is missing")
            continue
        found.append(f"{each.name} {here}")
        if not each.specifier.contains(here, prereleases=True):
            wrong.append(f"{each.name} {here} is not {each.specifier}")
    if wrong:
        raise _Broken(listed(wrong), REINSTALL)
    return ", ".join(found)


def _extras() -> str:
    """Extras for users, and which of them are installed."""
    found = []
    for extra in sorted(set(metadata("minerals").get_all("Provides-Extra") or ()) - OURS):
        missing = [each.name for each in _required(extra) if not _is_here(each.name)]
        found.append(f"{extra} (not installed: pip install 'minerals[{extra}]')" if missing else extra)
    return ", ".join(found) or "none"


def _is_here(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def _inputs() -> str:
    from .shipped import inputs_folder
    from .tables.inputs import read_inputs

    start = time.perf_counter()
    tables = read_inputs(inputs_folder()).tables
    return f"{len(tables)} tables, sound, read in {time.perf_counter() - start:.1f} s"


def _solver() -> str:
    """max x + y with x + 2 y ≤ 4 and 3 x + y ≤ 6: 2.8, at x = 1.6 and y = 1.2."""
    import numpy as np

    from .highs import INF, run, solver

    highs = solver()
    for cost in (-1.0, -1.0):
        highs.addCol(cost, 0.0, INF, 0, np.array([], dtype=np.int32), np.array([]))
    for most, row in ((4.0, (1.0, 2.0)), (6.0, (3.0, 1.0))):
        highs.addRow(-INF, most, 2, np.array([0, 1], dtype=np.int32), np.array(row))
    run(highs)
    found = -highs.getInfo().objective_function_value
    if not abs(found - 2.8) <= 1e-9:  # Nor where it is no number.
        raise _Broken(f"HiGHS finds {found:g} where 2.8 is right", REINSTALL)
    from .mix.pyo import pyo

    pyo.ConcreteModel()
    return f"HiGHS {version('highspy')} solves, Pyomo builds"


def _charts() -> str:
    """A text in the fonts of charts, drawn as PNG."""
    from matplotlib.figure import Figure

    from .charts.fonts import families

    figure, content = Figure(figsize=(1, 1)), BytesIO()
    figure.text(0.5, 0.5, "kt", family=families())
    figure.savefig(content, format="png")
    if not content.getvalue().startswith(b"\x89PNG"):
        raise _Broken("matplotlib draws no PNG", REINSTALL)
    return f"drawn in {families()[0]}"


def _processes() -> str:
    start, pool = time.perf_counter(), ProcessPoolExecutor(1, get_context("spawn"))
    try:
        pool.submit(os.getpid).result(PATIENCE)
    except TimeoutError:
        for each in multiprocessing.active_children():
            each.kill()  # What hangs is not waited for.
        raise _Broken(
            f"a second one does not answer within {PATIENCE} s", "studies run with one: leave workers out"
        ) from None
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return f"a second one answers within {time.perf_counter() - start:.1f} s"


def _cache() -> str:
    from .tables.cache import OFF, SWITCH, usable_folder

    if os.environ.get(SWITCH) == OFF:
        return f"off ({SWITCH})"
    folder = usable_folder()
    if folder is None:
        advice = f"tables are read anew in each run: make it yours alone (chmod 700), or set {SWITCH}={OFF}"
        raise _Broken("its folder cannot be written, or others may write to it", advice)
    return str(folder)


def _folder(place: Path) -> str:
    """A few kilobytes, written and read back."""
    elsewhere = "results go to another folder with --out"
    try:
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(SAMPLE)
            file.flush()
            os.fsync(file.fileno())
            file.seek(0)
            back = file.read()
    except OSError as error:
        raise _Broken(f"{place}: {error.strerror}", elsewhere) from error
    if back != SAMPLE:
        raise _Broken(f"{place}: what is read is not what was written", elsewhere)
    return f"{place} can be written"


def _memory() -> str:
    """Memory that is free, where the system says so."""
    try:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20
    except (AttributeError, OSError, ValueError):
        return "not told by this system"
    return f"{free:,} MiB free" + ("" if free > MEMORY else f"; the largest shipped mix takes {MEMORY:,}")
