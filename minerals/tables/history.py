"""How much past stops took, and for how long, by the instrument that a country used.

Every past event has one voice, shared alike by its items. An item counts with its low end, value and high end, by the
weights of a PERT (1 : 4 : 1), or with its value alone where no ends are known. The ends of an instrument are the 5th
and the 95th percentile of what is so pooled, its middle is the median. An event that never took effect (0 months) has
no voice: the ends are those of a stop that comes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any, Literal, NamedTuple

from ..haste import frozen

#: Instrument of a stop that nobody has announced: any event of the past may be like it.
STOP = "stop"
#: Weights of low end, value and high end.
PERT = (1 / 6, 4 / 6, 1 / 6)
#: Sums of weights that miss a percentile by less have reached it.
CLOSE = 1e-12
#: What of a past event is measured: the share lost, or the months.
Measure = Literal["lost", "months"]
#: Instruments in words, behind "past stops".
WORDS = {"licence": "by licences", "quota": "by a quota", "ban": "by a ban", STOP: "of any kind"}
#: Percentiles that are low end, middle and high end.
PERCENTILES = (0.05, 0.5, 0.95)


class Ends(NamedTuple):
    """Low end, middle and high end."""

    low: float
    middle: float
    high: float


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


def ends_of(
    value: float, low: float | None, high: float | None, past: Past | None, measure: Measure
) -> tuple[float, float, float, str]:
    """Value, low and high end as given, else of the past about the value, else the value; and which of these: `given`,
    `past` or ''."""
    if low is not None and high is not None and not math.isnan(low):
        return float(value), float(low), float(high), "given"
    if past is None:
        return float(value), float(value), float(value), ""
    ends = past.lost if measure == "lost" else past.months
    return float(value), min(ends.low, float(value)), max(ends.high, float(value)), "past"


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
    ordered = sorted(points)
    reached = accumulate(weight for _, weight in ordered)
    return next(
        (value for (value, _), sum_ in zip(ordered, reached, strict=True) if sum_ >= share - CLOSE), ordered[-1][0]
    )
