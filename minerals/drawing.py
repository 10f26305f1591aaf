"""Charts of a run into its result folder: drawn here, or beside a long run by a process that is ready before it."""

from __future__ import annotations

import atexit
import gc
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_all_start_methods, get_context
from pathlib import Path

from . import charts
from .charts.bundle import rendered, write_files
from .config import Run
from .cores import cores
from .results.result import Result
from .studies.pool import end_with_parent, worker_pool

#: What this process draws, where it draws for another.
_taken: Result

#: Puts the charts of a result into a folder.
Drawn = Callable[[Path], None]


def draw_all(result: Result, folder: Path) -> None:
    """Draw the charts the run asks for into `folder`, as bundles; by default all that its tables allow."""
    # Drawing makes so many objects that the collector would look through all that the run left, over and over.
    gc.freeze()
    try:
        for name in _asked(result):
            charts.draw(result, name).write(folder)
    finally:
        gc.unfreeze()


@contextmanager
def drawing(run: Run) -> Iterator[Callable[[Result], Drawn]]:
    """What draws the charts of a run, as `draw_all` does: a function that begins with them once there is a result, and
    returns another that waits for them.

    A mix takes longer to choose than a process takes to get ready, so its charts are drawn there, while the tables
    are written; if it is lost, they are drawn here. Any other run draws its charts when they are asked for.
    """
    if run.settings.optimise is None or run.settings.output.charts == () or cores() == 1:
        yield lambda result: lambda folder: draw_all(result, folder)
        return
    with worker_pool(1, _ready, run.settings.output.charts or tuple(charts.CHARTS)) as pool:

        def begin(result: Result) -> Drawn:
            names = _asked(result)
            try:
                drawn = pool.submit(_contents, result, names)
            except BrokenProcessPool:
                return lambda folder: draw_all(result, folder)

            def finish(folder: Path) -> None:
                try:
                    charted = drawn.result()
                except BrokenProcessPool:
                    draw_all(result, folder)
                else:
                    for contents in charted:
                        write_files(contents, folder)

            return finish

        yield begin


def _asked(result: Result) -> list[str]:
    asked = result.record["config"]["output"]["charts"]
    return charts.possible(result) if asked is None else list(asked)


def _ready(names: Sequence[str]) -> None:
    """Load what charts need and draw one of nothing; and let the process end at once when it is to, as the run would
    wait a quarter of a second until Python has taken itself down."""
    from matplotlib.figure import Figure

    for name in names:
        charts.options_of(name)
    figure = Figure()
    figure.text(0.5, 0.5, "0")
    rendered(figure)
    gc.freeze()
    atexit.register(os._exit, 0)


def _contents(result: Result, names: Sequence[str]) -> list[dict[str, bytes]]:
    """Contents of charts: where a process can fork, two draw at a time, each as ready as this one."""
    if "fork" not in get_all_start_methods():
        _take(result)
        return [_content(name) for name in names]
    with ProcessPoolExecutor(2, get_context("fork"), initializer=_take, initargs=(result,)) as pool:
        return list(pool.map(_content, names))


def _take(result: Result) -> None:
    """Begin a process that draws a result, or take one to draw in this one."""
    global _taken
    end_with_parent()
    _taken = result


def _content(name: str) -> dict[str, bytes]:
    return charts.draw(_taken, name).contents()
