"""What Python users call; `minerals.run`, `minerals.load`, `minerals.compare` and friends lead here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from . import charts
from .config import Run
from .results import compare as _compare
from .results import explain as _explain
from .results.result import Result, load, refuse_other_run
from .shipped import inputs_folder
from .studies.run import run as _run
from .tables.inputs import Inputs
from .tables.inputs import read_inputs as _read_inputs

__all__ = ["compare", "draw", "explain", "load", "read_inputs", "run"]


def run(
    source: str | Path | Run,
    *,
    set: Sequence[str] = (),
    inputs: str | Path | None = None,
    out: str | Path | None = None,
    force: bool = False,
) -> Result:
    """Compute a run file; with `out`, write the result folder and its charts too, whole or not at all.

    source: a run file, or the name of a shipped one ("europe-2035"). set: changes, e.g. ["scope.years.last=2040"].
    Raises errors.UsageError and errors.InputError, which say what to mend.
    """
    folder = None if out is None else Path(out)
    if folder is not None and not isinstance(source, Run):
        refuse_other_run(folder, Path(source).stem, force)
    result = _run(source, set, inputs)
    if folder is not None:
        result.write(folder, force=force, extra=lambda place: draw_all(result, place / "charts"))
    return result


def draw_all(result: Result, folder: Path) -> None:
    """Draw the charts the run asks for into `folder`, as bundles."""
    for name in result.record["config"]["output"]["charts"]:
        charts.draw(result, name).write(folder)


def draw(result: Result | str | Path, name: str, **options: object) -> object:
    """Draw one chart of a result; options as the chart takes them. Returns its bundle, with `write(folder)`."""
    return charts.draw(_result(result), name, **options)


def compare(
    result: Result | str | Path, base: str | None = None, year: int | None = None, region: str | None = None
) -> pd.DataFrame:
    """Scenarios side by side: kt by mineral and change against a base. See results.compare.compare."""
    return _compare.compare(_result(result), base, year, region)


def explain(
    result: Result | str | Path,
    mineral: str,
    region: str | None = None,
    year: int | None = None,
    scenario: str | None = None,
) -> _explain.Explanation:
    """A number as the tree of its sourced rows. See results.explain.explain."""
    return _explain.explain(_result(result), mineral, region, year, scenario)


def read_inputs(folder: str | Path | None = None) -> Inputs:
    """The input tables, read and checked. Raises errors.InputError with every problem."""
    return _read_inputs(Path(folder) if folder is not None else inputs_folder())


def _result(result: Result | str | Path) -> Result:
    return result if isinstance(result, Result) else load(result)
