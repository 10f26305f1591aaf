"""What a plausible step of a limit gains: how far the objective falls where the limit is looser in all its years.

The dual of a limit is a slope at one optimum, and another where several optima tie. So the model is solved again with
the limit loosened. Least objectives are convex in the right-hand sides, and a dual times a step is never less than what
the step gains: limits are tried from the highest such bound down, until no other can gain as much.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..haste import value_class
from .compiled import Compiled
from .data import Key, Year
from .families import LIMITS, in_worth, words
from .family import Glossary, Kind, LimitText, index_of, year_of
from .optimum import Optimum

if TYPE_CHECKING:
    from .session import Session

#: Part of an amount by which it is stepped, and of a cap on an objective.
STEP, CAP_STEP = 0.1, 0.01
#: Points, or units of a measure, by which a rate or a share is stepped; and units of what has no amount of its own.
RATE_STEP, UNIT_STEP = 5.0, 1.0
#: Limits of each family that are told: those that gain most.
LARGEST = 3
#: Gains below this part of the objective, or of one unit of it, are none that anybody asks for.
LEAST = 1e-4
#: Iterations after which the next limit is tried from the optimum again, which then is nearer than where these led. To
#: take up its basis again costs as much as 150: of 50, 100, 200 and 400 the last two were the fastest, by a fifth.
FAR = 200


@value_class
class Gain:
    """What a step gains. stage: whose objective falls; family, index: the limit, by the index of its first year;
    years: first and last that are stepped, 0 for a cap; step: in `per`, which is %, point or a unit; looser: whether
    that is more or less; gain: by how much the objective falls, ≥ 0, and least: the objective before [unit]."""

    stage: str
    family: str
    index: Key
    years: tuple[Year, Year]
    step: float
    per: str
    looser: Literal["more", "less"]
    gain: float
    least: float
    unit: str


@value_class
class _Lever:
    """One limit in all its years. steps: of each row, ≥ 0, in its own units; bound: the most that they can gain."""

    family: str
    rows: tuple[Any, ...]
    steps: tuple[float, ...]
    step: float
    per: str
    looser: Literal["more", "less"]
    bound: float


def gains(
    session: Session, stage: str, objective: str, unit: str, found: Optimum, caps: Mapping[str, float]
) -> Iterator[Gain]:
    """Of each family the limits whose step gains most, up to LARGEST, from the most on.

    found: the optimum of `objective`, within `caps`, in which the session stands.
    """
    least, here, moved = LEAST * max(abs(found.objective), 1.0), session.compiled.basis, 0
    for family in in_worth():
        largest: list[Gain] = []
        levers = [lever for lever in _levers(session, family, found, caps) if lever.bound > least]
        for lever in sorted(levers, key=lambda lever: -lever.bound):
            if len(largest) == LARGEST and lever.bound <= largest[-1].gain:
                break
            with _loosened(session, lever, caps):
                if moved > FAR:
                    session.compiled.go_on_from(here)
                loosened = session.optimum(objective, afresh=False)
            gain, moved = found.objective - loosened.objective, sum(loosened.run.iterations)
            if gain > least:
                largest.append(_gain(lever, stage, gain, found.objective, unit))
                largest = sorted(largest, key=lambda each: -each.gain)[:LARGEST]
        yield from largest


def _gain(lever: _Lever, stage: str, gain: float, least: float, unit: str) -> Gain:
    years = [year_of(index_of(row)) for row in lever.rows]
    span = Year(years[0]), Year(years[-1])
    return Gain(
        stage, lever.family, index_of(lever.rows[0]), span, lever.step, lever.per, lever.looser, gain, least, unit
    )


def _levers(session: Session, family: str, found: Optimum, caps: Mapping[str, float]) -> Iterator[_Lever]:
    """Limits of a family, each in all its years, with the most that a step of them can gain."""
    compiled = session.compiled
    if LIMITS[family].kind == Kind.CAP:
        if family in caps:
            row, step = getattr(session.model, family), CAP_STEP * abs(caps[family])
            yield _Lever(family, (row,), (step,), CAP_STEP * 100, "%", "more", found.worth(row) * step)
        return
    rows = [row for row in getattr(session.model, family, {}).values() if _limits(compiled, row)]
    for _, same in groupby(sorted(rows, key=_by_limit), key=lambda row: _without_year(index_of(row))):
        alike = tuple(same)
        levels = [_level(session, family, row) for row in alike]
        texts = [words(family, index_of(row), Glossary({}, {}), session.data) for row in alike]
        step, per, steps = _steps(texts, levels)
        bound = sum(found.worth(row) * by for row, by in zip(alike, steps, strict=True))
        yield _Lever(family, alike, tuple(steps), step, per, texts[0].looser, bound)


def _level(session: Session, family: str, row: Any) -> float:
    """The amount of a limit: as its record says it, or its right-hand side without the sign [own units]."""
    amount = LIMITS[family].named
    return amount(session.data, *index_of(row)) if amount else abs(session.compiled.rhs(row))


def _limits(compiled: Compiled, row: Any) -> bool:
    """Whether a row has variables, a right-hand side and no earlier stage that it must keep."""
    at = compiled.form.row_of.get(id(row))
    ends = () if at is None else (compiled.form.row_lower[at], compiled.form.row_upper[at])
    return bool(np.isfinite(ends).any()) and not compiled.kept(row)


def _by_limit(row: Any) -> tuple[str, int]:
    index = index_of(row)
    return repr(_without_year(index)), year_of(index)


def _without_year(index: Key) -> Key:
    return index[:-1] if year_of(index) else index


def _steps(texts: Sequence[LimitText], levels: Sequence[float]) -> tuple[float, str, Sequence[float]]:
    """(step, its unit, the same for each row in its own units). levels: the amounts of their limits."""
    first = texts[0]
    if first.rate:
        return RATE_STEP, first.unit, [RATE_STEP * text.scale for text in texts]
    if first.whole:
        return RATE_STEP, "point", [RATE_STEP / 100 * text.whole for text in texts]
    if any(levels):
        return STEP * 100, "%", [STEP * level for level in levels]
    return UNIT_STEP, first.unit, [UNIT_STEP * text.scale for text in texts]


@contextmanager
def _loosened(session: Session, lever: _Lever, caps: Mapping[str, float]) -> Iterator[None]:
    """A limit with a step more room in all its years, as long as the body lasts."""
    compiled, family = session.compiled, lever.family
    if LIMITS[family].kind == Kind.CAP:
        compiled.hold(family, caps[family] + lever.steps[0], 0.0)
        try:
            yield
        finally:
            compiled.hold(family, caps[family], 0.0)
        return
    before = [compiled.rhs(row) for row in lever.rows]
    for row, level, by in zip(lever.rows, before, lever.steps, strict=True):
        compiled.set_rhs(row, level - by if row.upper is None else level + by)
    try:
        yield
    finally:
        for row, level in zip(lever.rows, before, strict=True):
            compiled.set_rhs(row, level)
