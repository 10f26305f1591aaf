"""Given values in time: linear between given years, held beyond them only where asked, each with its rows."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple

from ..provenance import Rows


class Datum(NamedTuple):
    """One value with its ends (equal to it where none are given), and the rows it is made of.

    fill says how: given, override, rest, ratio, share or linear.
    """

    value: float
    low: float
    high: float
    rows: Rows
    fill: str = "given"


#: Labels within a series group, e.g. (chemistry,) or (chemistry, silicon).
Label = tuple[Any, ...]
#: Given values of one series group: year → {label: Datum}. A label without a row in a given year is a zero there.
Anchors = dict[int, dict[Label, Datum]]


class Point(NamedTuple):
    """One resolved value. fill: that of its datum in a given year, else linear or hold; held: the year held, else 0."""

    year: int
    label: Label
    fill: str
    held: int
    datum: Datum


def datum(value: float, low: float, high: float, row: str) -> Datum:
    """A datum of one table row; missing ends are the value itself."""
    rows = Rows.row(row)
    return Datum(value, value, value, rows) if math.isnan(low) else Datum(value, low, high, rows)


#: An absent value.
NOTHING = Datum(0.0, 0.0, 0.0, Rows())


def between(one: Datum | None, two: Datum | None, left: int, right: int) -> Datum:
    """left/(left+right) of the first and the rest of the second; an absent one is zero."""
    span = left + right
    one, two = one or NOTHING, two or NOTHING
    return Datum(
        (one.value * left + two.value * right) / span,
        (one.low * left + two.low * right) / span,
        (one.high * left + two.high * right) / span,
        Rows.weighted((one.rows, _part(left, span)), (two.rows, _part(right, span))),
        "linear",
    )


@cache
def _part(weight: int, span: int) -> Fraction:
    return Fraction(weight, span)


def share_of(whole: Datum, shares: Sequence[Datum], rest: bool) -> Datum:
    """A share of a value, or what several shares leave of it.

    Ends of the value and of the shares are taken as independent: their distances from the centre add in squares.
    """
    share = sum(each.value for each in shares)
    part = 1.0 - share if rest else share
    rows = [whole.rows * each.rows for each in shares]
    taken = Rows(tuple(term for each in rows for term in each.terms))
    value = whole.value * part

    def end(name: str) -> float:
        # What shares leave is least where they are largest.
        other = {"low": "high", "high": "low"}[name] if rest else name
        spread = math.hypot(*(getattr(each, other) - each.value for each in shares))
        return math.hypot((getattr(whole, name) - whole.value) * part, whole.value * spread)

    low, high = max(value - end("low"), 0.0), value + end("high")
    return Datum(value, low, high, whole.rows + taken.scaled(Fraction(-1)) if rest else taken, "share")


def less(whole: Datum, part: Datum) -> Datum:
    """What a part leaves of a value; their ends are taken as independent, as in `share_of`."""
    value = whole.value - part.value
    low = value - math.hypot(whole.value - whole.low, part.high - part.value)
    high = value + math.hypot(whole.high - whole.value, part.value - part.low)
    return Datum(value, max(low, 0.0), high, whole.rows + part.rows.scaled(Fraction(-1)), "share")


def sum_of(one: Datum, two: Datum) -> Datum:
    """Two values together, their ends at once."""
    return Datum(one.value + two.value, one.low + two.low, one.high + two.high, one.rows + two.rows, two.fill)


def at(anchors: Anchors, year: int) -> dict[Label, Datum]:
    """All labels in one year: given, linear between given years, or those of the nearest end."""
    return {point.label: point.datum for point in along(anchors, [year])}


def along(anchors: Anchors, years: Sequence[int]) -> Iterable[Point]:
    """Every label in every year, held beyond the first and last given year. `given` must not be empty."""
    known = sorted(anchors)
    for year in years:
        if year in anchors:
            for label, value in anchors[year].items():
                yield Point(year, label, value.fill, 0, value)
        elif not known[0] < year < known[-1]:
            held = known[0] if year < known[0] else known[-1]
            for label, value in anchors[held].items():
                yield Point(year, label, "hold", held, value)
        else:
            place = bisect_left(known, year)
            before, after = known[place - 1], known[place]
            one, two = anchors[before], anchors[after]
            for label in one | two:
                value = between(one.get(label), two.get(label), after - year, year - before)
                yield Point(year, label, "linear", 0, value)


def nearest(anchors: Anchors, year: int) -> int:
    """The first or last given year of one before or after it, else the year itself."""
    return min(max(year, min(anchors)), max(anchors))


def outside(anchors: Anchors, years: Iterable[int]) -> list[int]:
    """Years before the first or after the last given one."""
    first, last = min(anchors), max(anchors)
    return [year for year in years if not first <= year <= last]


def ranges(years: Iterable[int]) -> str:
    """`2025–2029, 2031`."""
    out: list[list[int]] = []
    for year in sorted(years):
        if out and year == out[-1][1] + 1:
            out[-1][1] = year
        else:
            out.append([year, year])
    return ", ".join(f"{a}–{b}" if b > a else str(a) for a, b in out)
