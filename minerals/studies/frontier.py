"""`[study] kind = "frontier"`: the least of one objective of a mix at each value of another.

Each pair of objectives is a model of its own with all limits of the run, without its caps, and a frontier of it
(`mix/frontier.py`): every edge, or chords that are certified to lie within 1 % of the span of what is least. Where
what is built counts, demand may go unmet.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ..case.criteria import criteria_of
from ..config import Frontier
from ..errors import InputError
from ..mix.data import MixData
from ..mix.session import Session
from ..mix.solution import BUILT, UNIT, Criteria
from .blocks import POINTS_PART, StudyFolder
from .identity import Findings, Studied, identity_of, shares_of
from .points import solved
from .pool import Progress, worker_pool

#: A chord that is nearer to the frontier, as a part of the span of what is least, is an edge of it.
EDGE = 1e-9
COLUMNS = [
    "one", "two", "point", "value", "unit", "least", "least_unit", "marginal", "marginal_low", "marginal_high", "gap",
]  # fmt: skip


def study(of: Studied, kept: StudyFolder | None, progress: Progress | None) -> Findings:
    """Table `frontier` of a chosen mix whose run has the study. kept, progress: as of any study. Raises InputError
    where both of a pair are the same here, and the solver's own errors."""
    mix = of.mix
    config, criteria = mix.run.settings.study, criteria_of(mix.config)
    assert isinstance(config, Frontier)
    objective = {
        "loss": mix.config.risk, "cost": "cost", "built": "unbuilt", "built_kt": "unbuilt_kt",
        "own_objective": criteria.objective,
    }  # fmt: skip
    alike = [pair for pair in config.pairs if objective[pair[0]] == objective[pair[1]]]
    if alike:
        why = f"own_objective of this run is {criteria.objective}, so that both are the same; leave the pair out"
        raise InputError([mix.run.problem(("study", "pairs"), f"pairs has {list(alike[0])!r}", why)])
    counts = mix.data.counts or dict.fromkeys(mix.data.chemistries, 1.0)
    data = replace(mix.data, counts=counts, mass=mix.data.mass or mix.assembly.mass())
    keys = [f"{objective[one]} {objective[two]}" for one, two in config.pairs]
    folder, identity = None, ""
    if kept is not None:
        kept.claim()
        folder, identity = kept.path / POINTS_PART, identity_of(mix.assembly.resolved, len(keys), shares_of(mix))
    with worker_pool(config.workers, _start, data, criteria, config.exact) as pool:
        found = solved(list(dict.fromkeys(keys)), _points, pool, folder, identity, progress)
    rows = [
        (one, two, at, value, UNIT[objective[one]], least, UNIT[objective[two]], *map(_number, slopes), gap)
        for (one, two), key in zip(config.pairs, keys, strict=True)
        for at, (value, least, *slopes, gap) in enumerate(found[key])
    ]
    return Findings({"frontier": pd.DataFrame(rows, columns=COLUMNS)})


def _number(value: float | None) -> float:
    return np.nan if value is None else value


# ---------------------------------------------------------------------- points


_data: MixData
_criteria: Criteria
_exact: bool


def _start(data: MixData, criteria: Criteria, exact: bool) -> None:
    global _data, _criteria, _exact
    _data, _criteria, _exact = data, criteria, exact


def _points(key: str) -> list[list[Any]]:
    """Points of the frontier of a pair, from the least of its second on: the value of the first, the least of the
    second, what a unit less of the first costs to the next point, at least and at most, and the gap of all."""
    one, two = key.split()
    built, unmet = one in BUILT or two in BUILT, _criteria.unmet
    session = Session(
        _data, one, level=_criteria.level, weights=_criteria.weights, unmet=unmet or built,
        time_limit=_criteria.time_limit,
    )  # fmt: skip
    if unmet and not built:
        session.keep(session.optimum("unmet_demand"))
    found = session.frontier(exact=_exact, objective=two)
    slopes = np.column_stack([found.marginal, found.marginal_between]) if len(found.vertices) > 1 else np.zeros((0, 3))
    rates = [[float(each) + 0.0 if np.isfinite(each) else None for each in slope] for slope in slopes] + [[None] * 3]
    if found.gap > EDGE:
        rates[-2][0] = None  # The last chord is so short that what it rises hangs on how exactly its end is kept.
    return [
        [vertex.exposure, vertex.cost, *slope, found.gap] for vertex, slope in zip(found.vertices, rates, strict=True)
    ]
