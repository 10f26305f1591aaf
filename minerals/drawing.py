"""Charts of a run into its result folder: drawn here, or beside a long run by processes that were ready before it."""

from __future__ import annotations

import atexit
import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from . import charts
from .charts.bundle import rendered, write_files
from .config import Run
from .results.result import Result
from .studies.pool import worker_pool

#: Processes that draw, at most: more charts at once would wait for memory.
PROCESSES = 2

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

    A mix takes longer to choose than other processes take to get ready, so its charts are drawn there, while the tables
    are written. Any other run draws its charts when they are asked for.
    """
    processes = min(os.cpu_count() or 1, PROCESSES)
    if run.settings.optimise is None or run.settings.output.charts == () or processes == 1:
        yield lambda result: lambda folder: draw_all(result, folder)
        return
    with worker_pool(processes, _ready) as pool:

        def begin(result: Result) -> Drawn:
            drawn = [pool.submit(_contents, result, name) for name in _asked(result)]

            def finish(folder: Path) -> None:
                for each in drawn:
                    write_files(each.result(), folder)

            return finish

        yield begin


def _asked(result: Result) -> list[str]:
    asked = result.record["config"]["output"]["charts"]
    return charts.possible(result) if asked is None else list(asked)


def _ready() -> None:
    """Draw one chart of nothing, which loads what every chart needs; and let the process end at once when it is to, as
    the run would wait a quarter of a second until Python has taken itself down."""
    from matplotlib.figure import Figure

    figure = Figure()
    figure.text(0.5, 0.5, "0")
    rendered(figure)
    atexit.register(os._exit, 0)


def _contents(result: Result, name: str) -> dict[str, bytes]:
    return charts.draw(result, name).contents()
