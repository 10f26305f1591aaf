"""Which learning curve the price of a chemistry follows, and by what factor."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple


class Multiple(NamedTuple):
    """Price of a chemistry as a multiple of another's: a row of price_relative."""

    relative_to: str
    value: float
    line: int


class Follows(NamedTuple):
    """price = factor [1] × price of the family whose curve it is; lines: of the rows on the way."""

    curve: str
    factor: float
    lines: tuple[int, ...]


class NoCurve(ValueError):
    """A chemistry or family whose price follows no learning curve."""


def multiples_of(rows: Iterable[Any]) -> dict[str, Multiple]:
    """Rows of price_relative by chemistry or family."""
    return {row.chemistry: Multiple(row.relative_to, float(row.value), int(row.line)) for row in rows}


def follows(
    name: str, multiples: Mapping[str, Multiple], family: Mapping[str, str], learnt: Collection[str]
) -> Follows:
    """What the price of a chemistry or family follows.

    multiples: rows by chemistry or family; family: of each chemistry; learnt: families with a learning rate. The most
    specific serves: the row of the chemistry, then that of its family, then the curve of its family. Raises NoCurve
    where that leads to no curve, and ValueError where it leads in a circle, with the reason.
    """
    factor, lines, passed = 1.0, [], [name]
    while (row := multiples.get(passed[-1]) or multiples.get(family.get(passed[-1], ""))) is not None:
        factor *= row.value
        lines.append(row.line)
        if row.relative_to in passed:
            raise ValueError(f"is a multiple of itself through {' → '.join([*passed, row.relative_to])}")
        passed.append(row.relative_to)
    curve = family.get(passed[-1], passed[-1])
    if curve not in learnt:
        raise NoCurve(f"{curve} has no learning rate and no multiple of another price; add one of them")
    return Follows(curve, factor, tuple(lines))
