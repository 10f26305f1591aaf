"""Charts of a run into its result folder: drawn here, or beside a long run by a process that is ready before it."""

from __future__ import annotations

import atexit
import gc
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing import get_all_start_methods, get_context
from pathlib import Path
from typing import NamedTuple

from . import charts
from .charts.bundle import rendered, write_files
from .config import Run
from .cores import cores
from .errors import MineralsError, interrupted
from .results.result import Result
from .studies.pool import end_with_parent, worker_pool

#: What this process draws, where it draws for another.
_taken: Result


class Drawn(NamedTuple):
    """What became of the charts of a run.

    left_out: `chart: reason` of each that was not drawn; lacking: letters in charts that no installed font has.
    """

    left_out: list[str]
    lacking: str


class _Chart(NamedTuple):
    """One chart as its files, by name; or, without any, why it was not drawn."""

    files: dict[str, bytes]
    lacking: str = ""
    left_out: str = ""


#: Puts the charts of a result into a folder.
Finish = Callable[[Path], Drawn]


def draw_all(result: Result, folder: Path) -> Drawn:
    """Draw the charts the run asks for into `folder`, as bundles; by default all that its tables allow.

    A chart that cannot be drawn is left out. Raises OSError where `folder` cannot be written.
    """
    # Drawing makes so many objects that the collector would look through all that the run left, over and over.
    gc.freeze()
    try:
        return _written((_chart(result, name) for name in _wanted(result)), folder)
    finally:
        gc.unfreeze()


def _written(drawn: Iterable[_Chart], folder: Path) -> Drawn:
    left_out, lacking = [], ""
    for chart in drawn:
        if chart.left_out:
            left_out.append(chart.left_out)
        else:
            write_files(chart.files, folder)
            lacking += chart.lacking
    return Drawn(left_out, "".join(dict.fromkeys(lacking)))


def _chart(result: Result, name: str) -> _Chart:
    """One chart of a result. What keeps it from being drawn never keeps the run from being written."""
    try:
        bundle = charts.draw(result, name)
        return _Chart(bundle.contents(), bundle.lacking)
    except MineralsError as error:
        return _Chart({}, left_out=f"{name}: {str(error).removeprefix(f'{name}: ')}")
    except MemoryError:
        return _Chart({}, left_out=f"{name}: there was too little memory to draw it; minerals chart draws it alone")
    except Exception as error:
        if interrupted(error):
            raise
        why = " ".join(f"{type(error).__name__}: {error}".split())
        way_out = f"a fault of ours; minerals --debug chart FOLDER {name} shows the traceback"
        return _Chart({}, left_out=f"{name}: could not be drawn ({why}), {way_out}")


@contextmanager
def drawing(run: Run) -> Iterator[Callable[[Result], Finish]]:
    """What draws the charts of a run, as `draw_all` does: a function that begins with them once there is a result, and
    returns another that waits for them.

    A mix takes longer to choose than a process takes to get ready, so its charts are drawn there, while the tables
    are written; if it is lost, they are drawn here. Any other run draws its charts when they are asked for.
    """
    if run.settings.optimise is None or run.settings.output.charts == () or cores() == 1:
        yield lambda result: lambda folder: draw_all(result, folder)
        return
    with worker_pool(1, _ready, run.settings.output.charts or tuple(charts.CHARTS)) as pool:

        def begin(result: Result) -> Finish:
            try:
                drawn = pool.submit(_charts, result, _wanted(result))
            except BrokenProcessPool:
                return lambda folder: draw_all(result, folder)

            def finish(folder: Path) -> Drawn:
                try:
                    charted = drawn.result()
                except (BrokenProcessPool, OSError, MemoryError):
                    # That process, or one that it started, is gone or has found no room to work in.
                    return draw_all(result, folder)
                return _written(charted, folder)

            return finish

        yield begin


def _wanted(result: Result) -> list[str]:
    named = result.record["config"]["output"]["charts"]
    return charts.suited(result) if named is None else list(named)


def _ready(names: Sequence[str]) -> None:
    """Load what charts need and draw one of nothing; and let the process end at once when it is to, as the run would
    wait a quarter of a second until Python has taken itself down."""
    # What is registered after this is run before it: matplotlib's and our own temporary folders are removed.
    atexit.register(os._exit, 0)
    # What fails here fails again where a chart needs it, and is said there.
    with suppress(Exception):
        for name in names:
            charts.options_of(name)
        from matplotlib.figure import Figure

        figure = Figure()
        figure.text(0.5, 0.5, "0")
        rendered(figure)
    gc.freeze()


def _charts(result: Result, names: Sequence[str]) -> list[_Chart]:
    """Charts by name: where a process can fork, two draw at a time, each as ready as this one."""
    if "fork" not in get_all_start_methods():
        return [_chart(result, name) for name in names]
    with ProcessPoolExecutor(2, get_context("fork"), initializer=_take, initargs=(result,)) as pool:
        return list(pool.map(_chart_of_taken, names))


def _take(result: Result) -> None:
    """Take a result to draw in this process."""
    global _taken
    end_with_parent()
    _taken = result


def _chart_of_taken(name: str) -> _Chart:
    return _chart(_taken, name)
