"""How disruptions count together: named sets of weights, each with another reason, of which none is the truth.

    equal    every country alike, then its stops with and those without its cells, then every stop
    status   by what became of the measure (event_weight.csv), then as equal
    history  countries by how often they have cut before, one more than their past stops; then its stops with and those
             without its cells alike; then every stop by how much of a year's exports past stops of its kind took

Weights of a set sum to one. So many stops that are alike count no more than one, and where a country's stops of
materials are many and that of its cells is one, neither is the cheaper to be exposed to. A disruption that closes every
node has no weight where others are played too: it is all of them at once.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Literal

from ..tables.history import Ends
from ..tables.supply import Event, SupplyInputs
from .by_rule import CELL, YEAR

#: A named set of weights.
WeightSet = Literal["equal", "status", "history"]
SETS: tuple[WeightSet, ...] = ("equal", "status", "history")
#: What events are shared out by, and how much the group that an event is in counts among its neighbours.
Level = tuple[Callable[[Event], Hashable], Callable[[Event], float]]


def usual_weight(event: Event, supply: SupplyInputs) -> float:
    """1, but 0 for a disruption that closes every node, where others are played too."""

    def every(one: Event) -> bool:
        if len(one.cuts) < len(supply.nodes):  # Each cut is of one node.
            return False
        return {node for _, node, *_ in one.cuts} == {node.node for node in supply.nodes}

    return 0.0 if every(event) and not all(map(every, supply.events)) else 1.0


def weights(inputs: SupplyInputs, named: WeightSet, events: Sequence[Event]) -> dict[str, float]:
    """Weights of some disruptions by a named set, by their code; they sum to one, if there are any."""
    counted = [event for event in events if usual_weight(event, inputs)]
    return {event.disruption: 0.0 for event in events} | _shared(counted, _levels(inputs, named))


def span(inputs: SupplyInputs, events: Sequence[Event], lost: Mapping[str, float]) -> Ends:
    """What some disruptions cost by the weights of their status [as lost]: the mean, and the least and the largest that
    the ends of these weights allow. lost: by code, of each disruption."""
    counted = [event for event in events if usual_weight(event, inputs)]
    groups: dict[str, list[Event]] = {}
    for event in counted:
        groups.setdefault(event.status, []).append(event)
    within = {
        status: sum(weight * lost[code] for code, weight in weights(inputs, "equal", mine).items())
        for status, mine in groups.items()
    }  # fmt: skip
    ordered = sorted(groups, key=within.__getitem__)

    def mean(by_status: Mapping[str, float]) -> float:
        total = sum(by_status.values())
        if total <= 0:  # where none counts they are alike
            return sum(within.values()) / len(within)
        return sum(by_status[s] * within[s] for s in ordered) / total

    # The least mean gives the mildest the most weight and all others the least; which are the mildest is tried.
    ends = inputs.status_weights
    split = range(len(ordered) + 1)
    mild = [{s: ends[s].high if p < at else ends[s].low for p, s in enumerate(ordered)} for at in split]
    harsh = [{s: ends[s].low if p < at else ends[s].high for p, s in enumerate(ordered)} for at in split]
    if not ordered:
        return Ends(0.0, 0.0, 0.0)
    return Ends(min(map(mean, mild)), mean({s: ends[s].middle for s in ordered}), max(map(mean, harsh)))


def _levels(inputs: SupplyInputs, named: WeightSet) -> list[Level]:
    """By what a set shares its weight out, the widest first."""
    cells = {node.node for node in inputs.nodes if node.stage == CELL}

    def closing(event: Event) -> tuple[str, ...]:
        return tuple(sorted({cut.country for cut in event.cuts}))

    def often(event: Event) -> float:
        # Several countries that stop at once are as rare as the rarest of them.
        return 1.0 + min(inputs.past_by_country.get(country, 0) for country in closing(event))

    def alike(_: Event) -> float:
        return 1.0

    by_country: Level = (closing, often if named == "history" else alike)
    by_cells: Level = (lambda event: bool(cells & {cut.node for cut in event.cuts}), alike)
    by_event: Level = (lambda event: event.disruption, taken_by if named == "history" else alike)
    by_status: Level = (lambda event: event.status, lambda event: inputs.status_weights[event.status].middle)
    return [*([by_status] if named == "status" else []), by_country, by_cells, by_event]


def taken_by(event: Event) -> float:
    """Share of a year's exports that past stops like a disruption took, or where it has no past, that it takes."""
    if event.past is not None:
        return event.past.lost.middle * min(event.past.months.middle / YEAR, 1.0)
    return max(cut.severity for cut in event.cuts) * min(event.months.middle / YEAR, 1.0)


def _shared(events: Sequence[Event], levels: Sequence[Level]) -> dict[str, float]:
    """Weights by code, which sum to one: each level shares the weight of its group; alike where none there counts."""
    if not levels or not events:
        return {event.disruption: 1 / len(events) for event in events}
    key, measure = levels[0]
    groups: dict[Hashable, list[Event]] = {}
    for event in events:
        groups.setdefault(key(event), []).append(event)
    sizes = {name: measure(mine[0]) for name, mine in groups.items()}
    total = sum(sizes.values())
    out: dict[str, float] = {}
    for name, mine in groups.items():
        part = sizes[name] / total if total > 0 else 1 / len(groups)
        out |= {code: part * weight for code, weight in _shared(mine, levels[1:]).items()}
    return out
