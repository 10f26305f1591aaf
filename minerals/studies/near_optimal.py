"""`[study] kind = "near_optimal"`: how far shares, production and sourcing move among mixes that are nearly as good.

A mix is nearly as good if its objective is worse than the best by at most a share, within all limits and caps of the
run. Each number that is told is a sum of columns of the model, whose ends are two linear programmes: a point of the
study, found from one corner of that set, so that no point hangs on another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from ..case.criteria import criteria_of
from ..case.optimise import Mix
from ..config import NearOptimal
from ..haste import frozen
from ..mix.near import NearlyAsGood, Vertex
from ..mix.session import Session
from ..mix.solution import SHOWN, nearly_as_good
from .blocks import POINTS_PART, StudyFolder
from .identity import Findings, Studied, identity_of, shares_of
from .points import solved
from .pool import Progress, worker_pool

#: Numbers below this are rounding of the solver [1, GWh or kt].
LEAST = 1e-6
COLUMNS = ["near", "what", "region", "name", "supplier", "year", "value", "low", "high", "unit"]
#: Weights of columns, by their place.
Sum = dict[int, float]


@frozen
class Indicator:
    """A number of a mix that is told. what: shares, production or sourcing; name: a family, chemistry or node; value:
    of the chosen mix; weights: of the columns whose sum it is."""

    what: str
    region: str
    name: str
    supplier: str
    year: int
    value: float
    unit: str
    weights: Sum


def study(of: Studied, kept: StudyFolder | None, progress: Progress | None) -> Findings:
    """Table `near_optimal` of a chosen mix whose run has the study. kept, progress: as of any study. Raises the
    solver's own errors."""
    mix, config = of.mix, of.run.settings.study
    assert isinstance(config, NearOptimal)
    session, sets = nearly_as_good(mix.data, criteria_of(mix.config), config.near)
    indicators = [each for what in config.of for each in INDICATORS[what](mix, session, _years(config, mix))]
    counting = np.zeros(len(session.compiled.form.columns), dtype=bool)
    counting[[place for each in indicators for place in each.weights]] = True
    pressing = [each.pressing(counting) for each in sets.values()]
    keys = [f"{level} {number}" for level, number in product(range(len(sets)), range(len(indicators)))]
    folder, identity = None, ""
    if kept is not None:
        kept.claim()
        folder, identity = kept.path / POINTS_PART, identity_of(mix.assembly.resolved, len(keys), shares_of(mix))
    sums = [each.weights for each in indicators]
    with worker_pool(config.workers, _start, [(each, each.vertex()) for each in pressing], sums) as pool:
        found = solved(keys, _ends, pool, folder, identity, progress)
    rows = []
    for key, (low, high) in found.items():
        level, number = map(int, key.split())
        each = indicators[number]
        if max(each.value, high) > LEAST:
            where = each.what, each.region, each.name, each.supplier, each.year
            rows.append((config.near[level], *where, each.value, max(low, 0.0), max(high, 0.0), each.unit))
    return Findings({"near_optimal": pd.DataFrame(rows, columns=COLUMNS)})


def _years(config: NearOptimal, mix: Mix) -> list[int]:
    """Years that are told, of those that are decided."""
    wanted = config.years or SHOWN
    return [y for y in mix.data.years if y in wanted] or [mix.data.years[-1]]


# ---------------------------------------------------------------------- what is told


def _shares(mix: Mix, session: Session, years: Sequence[int]) -> Iterable[Indicator]:
    """Shares of families and chemistries in the batteries of each region."""
    data, additions = mix.data, mix.solution.additions
    for r, y in ((r, y) for r in data.regions for y in data.years if y in years and data.wanted.get((r, y))):
        sold = [c for c in data.chemistries if any(key[0] == r and key[2:] == (c, y) for key in data.sold)]
        for group in dict.fromkeys([*(data.family[c] for c in sold), *sold]):
            gwh = sum(
                amount for (region, _, c, year), amount in additions.items()
                if (region, year) == (r, y) and group in (c, data.family[c])
            )  # fmt: skip
            weights = session.share(r, group, (y,))
            by_column = {int(place): float(weights[place]) for place in np.flatnonzero(weights)}
            yield Indicator("shares", r, str(group), "", y, gwh / data.wanted[r, y], "1", by_column)


def _production(mix: Mix, session: Session, years: Sequence[int]) -> Iterable[Indicator]:
    """Cells made at home, by family and chemistry [GWh]."""
    data, made, model = mix.data, mix.solution.production, session.model
    groups: dict[tuple[str, str, int], list[Any]] = {}
    for r, c, y in model.production:
        if y in years:
            for group in (data.family[c], c):
                if (r, c, y) not in groups.setdefault((r, str(group), y), []):
                    groups[r, str(group), y].append((r, c, y))
    for (r, group, y), keys in groups.items():
        value = sum(made.get(key, 0.0) for key in keys)
        yield Indicator(
            "production", r, group, "", y, value, "GWh", _sum(session, [model.production[key] for key in keys])
        )


def _sourcing(mix: Mix, session: Session, years: Sequence[int]) -> Iterable[Indicator]:
    """What is had of each node from each supplier [kt or GWh]."""
    units = {node.node: node.unit for node in mix.assembly.chokepoints.inputs.nodes}
    for (r, n, j, y), variable in session.model.sourced.items():
        if y in years:
            value = mix.solution.sourced.get((r, n, j, y), 0.0)
            yield Indicator("sourcing", r, str(n), str(j), y, value, units[n], _sum(session, [variable]))


#: What yields the numbers of each kind.
INDICATORS = {"shares": _shares, "production": _production, "sourcing": _sourcing}


def _sum(session: Session, variables: Iterable[Any]) -> Sum:
    """Weights of the columns of variables; one that no limit and no objective has is none."""
    column = session.compiled.form.column_of
    return {column[id(each)]: 1.0 for each in variables if id(each) in column}


# ---------------------------------------------------------------------- points


_sets: list[tuple[NearlyAsGood, Vertex]]
_sums: Sequence[Sum]
_ends_of: dict[int, Any]


def _start(sets: list[tuple[NearlyAsGood, Vertex]], sums: Sequence[Mapping[int, float]]) -> None:
    global _sets, _sums, _ends_of
    _sets, _sums, _ends_of = sets, [dict(each) for each in sums], {}


def _ends(key: str) -> list[float]:
    """Least and largest value of a number among mixes nearly as good by a level."""
    level, number = map(int, key.split())
    if level not in _ends_of:
        nearly, vertex = _sets[level]
        _ends_of[level] = nearly.from_vertex(vertex)
    return list(_ends_of[level](_sums[number]))
