"""How much past stops took, and for how long, by the instrument that a country used.

Every past event has one voice, shared alike by its items. An item counts with its low end, value and high end, by the
weights of a PERT (1 : 4 : 1), or with its value alone where no ends are known. The ends of an instrument are the 5th
and the 95th percentile of what is so pooled, its middle is the median. An event that never took effect (0 months) has
no voice: the ends are those of a stop that comes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ..haste import frozen

#: Instrument of a stop that nobody has announced: any event of the past may be like it.
STOP = "stop"
#: Weights of low end, value and high end.
PERT = (1 / 6, 4 / 6, 1 / 6)
#: Percentiles that are low end, middle and high end.
PERCENTILES = (0.05, 0.5, 0.95)


class Ends(NamedTuple):
    """Low end, middle and high end."""

    low: float
    middle: float
    high: float

    def around(self, value: float) -> Ends:
        """These ends about a value, which may lie beyond them."""
        return Ends(min(self.low, value), value, max(self.high, value))


@frozen
class Past:
    """What past events of one instrument took.

    lost: share of normal exports [1]; months: until they were back, or as long as was seen; events: their codes; lines:
    rows of event_history.
    """

    lost: Ends
    months: Ends
    events: tuple[str, ...]
    lines: tuple[int, ...]


def past_of(history: Iterable[Any], instrument: str) -> Past | None:
    """What past events of an instrument took, from rows of event_history; None where there is none of them."""
    rows = [row for row in history if instrument in (row.kind, STOP)]
    never = {row.event for row in rows if row.measure == "months" and row.value == 0}
    rows = [row for row in rows if row.event not in never]
    by_measure = {measure: [row for row in rows if row.measure == measure] for measure in ("lost", "months")}
    if not all(by_measure.values()):
        return None
    lost, months = (pooled(of_measure) for of_measure in by_measure.values())
    return Past(lost, months, tuple(dict.fromkeys(row.event for row in rows)), tuple(row.line for row in rows))


def pooled(rows: Sequence[Any]) -> Ends:
    """Ends and middle of one measure of several events (rows with event, value, low, high)."""
    items: dict[str, list[Any]] = {}
    for row in rows:
        items.setdefault(row.event, []).append(row)
    points: list[tuple[float, float]] = []
    for of_event in items.values():
        voice = 1 / (len(items) * len(of_event))
        for row in of_event:
            three = (row.low, row.value, row.high)
            ends = (row.value,) * 3 if math.isnan(row.low) or math.isnan(row.high) else three
            points += [(float(end), voice * weight) for end, weight in zip(ends, PERT, strict=True)]
    return Ends(*(_percentile(points, share) for share in PERCENTILES))


def _percentile(points: Iterable[tuple[float, float]], share: float) -> float:
    """The least value up to which that share of the weights lies; points: (value, weight), weights that sum to one."""
    total = 0.0
    found = math.nan
    for found, weight in sorted(points):
        total += weight
        if total >= share - 1e-12:
            break
    return found
