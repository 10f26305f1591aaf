"""Charts of a run into its result folder: drawn here, or by a process that gets ready while the run is computed.

Importing this module loads neither pandas nor matplotlib, so that the process can start before the run's own imports;
nor what starts processes, which a run without charts has no use for.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from . import charts, haste
from .cores import cores
from .errors import MineralsError, interrupted
from .shipped import run_file

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing.connection import Connection

    from pandas import DataFrame

    from .charts.bundle import Result
    from .columns import Columns
    from .config import Run

#: Charts that no run draws, or few do: their modules are loaded when they are drawn.
SELDOM = ("validation", *charts.OF_INDUSTRY, *charts.ON_REQUEST, *charts.NOT_OF_A_MIX)
#: Charts that a process gets ready for before it is known what the run draws.
USUAL = tuple(name for name in charts.CHARTS if name not in SELDOM)
#: Charts that take least: they are drawn last, so that processes that draw beside each other end together.
LIGHT = ("lfp_concentration", "capacity_vs_demand", "demand_by_mineral")
#: What this process draws, where it draws for another.
_taken: Result
#: The process that was started ahead of the run file.
_ahead: list[_Process] = []


class _Drawable:
    """The record and the tables of a result, as another process takes them: without what else makes a result. Frames
    are made there."""

    def __init__(self, result: Result) -> None:
        from .columns import Frames

        self.record: Mapping[str, Any] = result.record
        self.tables = Frames(result.tables)

    def __getitem__(self, table: str) -> DataFrame:
        return self.tables[table]

    def columns(self, name: str) -> Columns:
        """A table as columns of plain cells. Raises KeyError."""
        return self.tables.columns(name)


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
    return _written((_chart(result, name) for name in _wanted(result)), folder)


def _written(drawn: Iterable[_Chart], folder: Path) -> Drawn:
    from .charts.bundle import write_files

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

    Another process imports what charts need while the run is computed, and draws while its tables are written; if it
    is lost, charts are drawn here. So they are where there is one core alone, and where matplotlib is loaded already,
    unless the run chooses a mix, which takes longer than a process takes to get ready.
    """
    loaded = run.settings.optimise is None and "matplotlib.figure" in sys.modules
    if run.settings.output.charts == () or loaded or cores() == 1:
        for unneeded in _ahead:
            unneeded.end()
        yield lambda result: lambda folder: draw_all(result, folder)
    elif _ahead:
        yield lambda result: _begun(_ahead[0].pool, result)
    else:
        with _process(run.settings.output.charts or USUAL) as process:
            pool = process.pool if process else None
            yield lambda result: _begun(pool, result) if pool else lambda folder: draw_all(result, folder)


@contextmanager
def ahead(file: str, sets: Iterable[str]) -> Iterator[None]:
    """Start the process that draws before the run file is read, which takes as long as half of what it imports.

    file, sets: of the command line. Nothing is started where there is no such file or --set wants no charts; where
    the file wants none, the process ends once that is known.
    """
    none = any(re.sub(r"\s", "", change) == "output.charts=[]" for change in sets)
    if none or cores() == 1 or not (os.path.isfile(file) or run_file(file)):
        yield
        return
    with _process(USUAL) as process:
        _ahead.extend([process] if process else [])
        try:
            yield
        finally:
            _ahead.clear()


class _Process(NamedTuple):
    """The process that draws, and what lets it end between imports."""

    pool: ProcessPoolExecutor
    end: Callable[[], None]


@contextmanager
def _process(names: Sequence[str]) -> Iterator[_Process | None]:
    """Start a process that gets ready for charts; it ends with the body. None where the system has no room for it."""
    from multiprocessing import Pipe

    from .studies.pool import processes

    with ExitStack() as stack:
        process = None
        with suppress(OSError, MemoryError, RuntimeError):
            ended, going_on = Pipe(duplex=False)
            pool = stack.enter_context(processes(1, _ready, names, ended))
            stack.callback(ended.close)
            stack.callback(going_on.close)
            process = _Process(pool, going_on.close)
        yield process


def _begun(pool: ProcessPoolExecutor, result: Result) -> Finish:
    """Have the process of a pool begin with the charts of a result."""
    from concurrent.futures.process import BrokenProcessPool

    try:
        drawn = pool.submit(_charts, _Drawable(result), _wanted(result))
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


def _wanted(result: Result) -> list[str]:
    named = result.record["config"]["output"]["charts"]
    return charts.suited(result) if named is None else list(named)


def _ready(names: Sequence[str], ended: Connection) -> None:
    """Load what charts need and draw one of nothing; and let the process end at once when it is to, as the run would
    wait a quarter of a second until Python has taken itself down.

    ended: reads as at its end once the run needs no charts any more, which is looked at between imports.
    """
    # Before matplotlib's and our own temporary folders are registered, so that they are removed first.
    haste.leave_at_once()
    haste.collect_seldom()
    from .charts.quiet import load

    steps: tuple[Callable[[], Any], ...] = (
        *(partial(import_module, library) for library in ("numpy", "pandas")),
        load,
        *(partial(import_module, f"matplotlib.{part}") for part in ("figure", "backends.backend_pdf")),
        *(partial(charts.options_of, name) for name in names),
        _draw_nothing,
    )
    # What fails here fails again where a chart needs it, and is said there.
    with suppress(Exception):
        for step in steps:
            if ended.poll():
                return
            step()


def _draw_nothing() -> None:
    """A page of all letters and one bar in all formats, which fills what matplotlib and the house style keep."""
    from .charts import style
    from .charts.bundle import rendered

    letters = " ".join(map(chr, range(0x21, 0x7F)))
    with style.context():
        sheet = style.page(
            style.PageText(*[letters] * len(style.PageText._fields)), style.size_named("brief"), 1.0, 1.0
        )
        axes = sheet.value_axes(style.Panel(sheet.left, sheet.bottom, sheet.width, 1.0), (0.0, 1.0), ticks=3)
        axes.barh(sheet.bottom, 1.0)
        axes.plot([0.0, 1.0], [sheet.bottom, sheet.bottom], "o-")
        rendered(sheet.figure, letters, letters)


def _charts(result: Result, names: Sequence[str]) -> list[_Chart]:
    """Charts by name: where a process can fork, two draw at a time, each as ready as this one."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_all_start_methods, get_context

    if "fork" not in get_all_start_methods():
        return [_chart(result, name) for name in names]
    ordered = sorted(names, key=lambda name: name in LIGHT)
    with ProcessPoolExecutor(2, get_context("fork"), initializer=_take, initargs=(result,)) as pool:
        drawn = dict(zip(ordered, pool.map(_chart_of_taken, ordered), strict=True))
    return [drawn[name] for name in names]


def _take(result: Result) -> None:
    """Take a result to draw in this process."""
    global _taken
    from .studies.pool import end_with_parent

    end_with_parent()
    _taken = result


def _chart_of_taken(name: str) -> _Chart:
    return _chart(_taken, name)
