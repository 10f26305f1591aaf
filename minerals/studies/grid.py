"""`[study] kind = "grid"`: a run for each combination of values of some keys of its file.

A point is the run itself with these values and without its study, computed as any run; what is kept of it are the
headline numbers of its last year. A point whose limits contradict each other, or for which the inputs have no rows, is
told with the reason, and the others go on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from ..config import OPTIMISED, Grid, Run, varied
from ..errors import Infeasible, InputError
from ..pipeline import computed
from ..tables.inputs import Inputs, read_inputs
from ..tables.own import Layers
from ..toml import written
from .blocks import POINTS_PART, StudyFolder
from .identity import Findings, Studied, identity_of
from .points import solved
from .pool import Progress, worker_pool

#: Scenario, quantity, item, year, value and unit of a headline number.
Number = tuple[str, str, str, int, float, str]
COLUMNS = ["scenario", "quantity", "item", "year", "value", "unit"]
#: Quantity of a point that could not be computed.
FAILED = "failed"


def study(of: Studied, kept: StudyFolder | None = None, progress: Progress | None = None) -> Findings:
    """Table `grid` of a run with such a study."""
    run, config = of.run, of.run.settings.study
    assert isinstance(config, Grid)
    points = config.points()
    if kept is not None:
        kept.claim()
    keys = [str(number) for number in range(len(points))]
    with worker_pool(config.workers, _start, run, of.inputs.layers, points) as pool:
        folder = None if kept is None else kept.path / POINTS_PART
        found = solved(keys, _headlines, pool, folder, identity_of(of.resolved, len(points)), progress)
    rows = [
        (int(key), *map(_text, points[int(key)].values()), *number, why)
        for key, value in found.items()
        for number, why in ((tuple(each[:6]), each[6]) for each in value)
    ]
    return Findings({"grid": pd.DataFrame(rows, columns=["point", *config.axes, *COLUMNS, "why"])})


def _text(value: Any) -> str:
    """A value as it stands in a run file, a text without quotes."""
    return value if isinstance(value, str) else written(value)


def _at(run: Run, point: Mapping[str, Any]) -> Run:
    """The run of a point."""
    return varied(run, point, run.place("study", "axes"))


# ---------------------------------------------------------------------- points

_run: Run
_inputs: Inputs
_points: list[dict[str, Any]]


def _start(run: Run, inputs: Layers, points: list[dict[str, Any]]) -> None:
    global _run, _inputs, _points
    _run, _inputs, _points = run, read_inputs(inputs), points


def _headlines(key: str) -> list[Any]:
    """Headline numbers of a point, as JSON holds them, each with '' or why there is none."""
    run = _at(_run, _points[int(key)])
    year = run.settings.scope.years.labels()[-1]
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            result = computed(run, _inputs).result()
    except (Infeasible, InputError) as error:
        return [["", FAILED, "", year, 0.0, "1", " ".join(str(error).split())]]
    return [[*number, ""] for number in headlines(result.tables, year)]


def headlines(tables: Mapping[str, pd.DataFrame], year: int) -> Iterator[Number]:
    """Headline numbers of a run in a year, as far as it has them; those of all regions together."""
    yield from _sums(tables["cells"], "battery_demand", "value", "", year, "GWh")
    yield from _sums(tables["mineral_demand"], "mineral_demand", "value", "mineral", year, "kt")
    if "mineral_flows" in tables:
        flows = tables["mineral_flows"]
        primary = flows[flows["flow"] == "primary_demand"]
        yield from _sums(primary, "primary_demand", "value", "mineral", year, "kt")
    if "disruptions" in tables:
        for column in ("lost_best", "lost_proportional"):
            yield from _sums(tables["disruptions"], column, column, "disruption", year, "GWh")
    if "mix_baseline" in tables:
        for row in tables["mix_baseline"].itertuples():
            yield OPTIMISED, "exposure", str(row.mix), year, float(row.exposure), str(row.exposure_unit)
            yield OPTIMISED, "cost", str(row.mix), year, float(row.cost), str(row.unit)
    if "mix_family" in tables:
        family = tables["mix_family"]
        several = family["region"].nunique() > 1
        for row in family[family["year"] == year].itertuples():
            name = f"{row.region}, {row.family}" if several else str(row.family)
            yield OPTIMISED, "mix_family", name, year, float(row.value), str(row.unit)


def _sums(
    table: pd.DataFrame, quantity: str, column: str, item: str, year: int, unit: str
) -> Iterator[Number]:  # fmt: skip
    """Sums over regions and all else by scenario and item; '' for no item."""
    here = table[table["year"] == year]
    by = ["scenario", *([item] if item else [])]
    for keys, value in here.groupby(by, sort=False)[column].sum().items():
        scenario, name = keys if isinstance(keys, tuple) else (keys, "")
        yield str(scenario), quantity, str(name), year, float(value), unit
