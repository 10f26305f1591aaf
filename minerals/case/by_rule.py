"""The library of disruptions by rule: every supplier whose stop would hurt, whether anybody has announced it or not.

A supplier is a country and a node that it makes. It is in the library where a full stop of its exports for a year

    costs more than PLAN of a year's planned batteries in some scenario, or
    takes more than CELLS of a year's cells of some chemistry that has a share, or where a mix is chosen may have one.

A stop costs what is at risk by best reallocation: what is lost with it and would not be lost without. Of a chemistry it
takes what all users of a short node lose alike (`proportional`), as best reallocation could spare any of them. Of one
that has no share in a plan it takes what the reference world leaves its makers.

Every stop of materials has a second variant in which the country stops its cells too, as severely; a country that makes
none has no such variant. Only the stop without cells is held against the rule. Nodes of which nobody knows the makers
have no supplier here: they are not safe.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ..flows.demand import Array
from ..haste import frozen
from ..tables.history import STOP, Ends, ends_of
from ..tables.supply import Cut, Event, SupplyInputs
from ..text import product
from .chokepoints import Chokepoints
from .played import LEAST, Played, play, stops_of

#: Smallest share of a node's supply that makes a country one of its suppliers.
SUPPLIER = 0.01
#: Share of a year's plan that a stop must cost: a week of its output, which stocks on the way to a battery bridge.
PLAN = 0.02
#: Share of the cells of one chemistry that a stop must take: a quarter of a year, which no stock on the way bridges. A
#: chemistry that is little used would else never count, and a mix would turn to it.
CELLS = 0.25
#: How codes of stops by rule begin, and how codes of variants with cells end.
STOPS, WITH_CELLS = "stop", "and-cells"
#: Stage of nodes that are cells.
CELL = "cell"
#: The library of [exposure] to which the rule adds.
RULE = "rule"
#: Shares no further apart are alike, so that rounding does not choose what is told.
ALIKE = 1e-9
#: Months of a stop.
YEAR = 12.0
#: What nobody has announced.
HYPOTHETICAL = "hypothetical"


class Cost(NamedTuple):
    """What a stop costs where it costs most.

    scenario, year: where the share of the plan that it costs is largest, year by its place; lost: that share;
    chemistry: the one it takes most of, by its place, or -1 where it takes none; taken: the share of its cells.
    """

    scenario: str
    year: int
    lost: float
    chemistry: int
    taken: float

    @property
    def counts(self) -> bool:
        """Whether a supplier whose stop costs this is in the library."""
        return self.lost > PLAN or self.taken > CELLS


@frozen
class Supplier:
    """A supplier held against the rule. stop, cost: of what it supplies alone; both, cost_of_both: with its cells,
    where it is in the library and makes cells that are not stopped anyway."""

    country: str
    node: str
    stop: Event
    cost: Cost
    both: Event | None = None
    cost_of_both: Cost | None = None


def suppliers(inputs: SupplyInputs) -> Iterable[tuple[str, str]]:
    """(country, node) of every supplier of a node in some year; groups are none."""
    for n, node in enumerate(inputs.nodes):
        largest = np.nan_to_num(inputs.share[n]).max(axis=1)
        for k in np.flatnonzero((largest >= SUPPLIER) & ~inputs.is_group):
            yield inputs.countries[k], node.node


def stop(inputs: SupplyInputs, *flows: tuple[str, str]) -> Event:
    """An event in which each (country, node) exports nothing for a year."""
    labels, nodes = inputs.country_labels, inputs.node_labels
    name = "-and-".join(f"{country}-{node}" for country, node in flows).replace("_", "-").lower()
    label = " and ".join(f"{nodes[node]} from {labels[country]}" for country, node in flows)
    cuts = tuple(Cut(country, node, "export", 1.0, 1.0, 1.0) for country, node in flows)
    return Event(f"{STOPS}-{name}", label, HYPOTHETICAL, inputs.years[0], Ends(YEAR, YEAR, YEAR), cuts, "")


def as_in_library(inputs: SupplyInputs, event: Event) -> Event:
    """The stop of one supplier as the library has it: as long and as severe at its ends as past stops were."""
    (cut,), past = event.cuts, inputs.past_stops
    severity, months = ends_of(1.0, None, None, past, "lost"), ends_of(YEAR, None, None, past, "months")
    what = product(inputs.node_labels[cut.node]) + ("s" if inputs.nodes[inputs.place(cut.node)].stage == CELL else "")
    return replace(
        event, label=f"{inputs.country_labels[cut.country]} stops exports of {what}",
        months=Ends(months[1], months[0], months[2]), cuts=(Cut(cut.country, cut.node, cut.kind, *severity),),
        instrument=STOP if past is not None else "", past=past, by_rule=True,
    )  # fmt: skip


def with_cells(inputs: SupplyInputs, event: Event) -> Event | None:
    """An event in which the countries that stop exports of materials stop their cells too, as severely; None where
    cells are stopped anyway, or none of these countries makes any."""
    nodes = [n for n, node in enumerate(inputs.nodes) if node.stage == CELL]
    names = {inputs.nodes[n].node for n in nodes}
    closing: dict[str, Cut] = {}
    for cut in event.cuts:
        if cut.kind == "export" and (cut.country not in closing or cut.severity > closing[cut.country].severity):
            closing[cut.country] = cut
    more = tuple(
        cut._replace(node=inputs.nodes[n].node) for country, cut in closing.items() for n in nodes
        if country in inputs.countries and np.nanmax(inputs.share[n, inputs.countries.index(country)], initial=0.0) > 0
    )  # fmt: skip
    if not more or names & {cut.node for cut in event.cuts}:
        return None
    return replace(
        event, disruption=f"{event.disruption}-{WITH_CELLS}", label=f"{event.label} and cells", status=HYPOTHETICAL,
        cuts=(*event.cuts, *more), source="", by_rule=True,
    )  # fmt: skip


def rated(chokepoints: Chokepoints, found: Mapping[str, Sequence[Played]], stops: Sequence[Event]) -> list[Supplier]:
    """Suppliers held against the rule, in the order of `suppliers`. found: their stops, and maybe others, played by
    scenario in every year; stops: these stops alone. What a stop with cells costs is played here."""
    inputs = chokepoints.inputs
    costs = _costs(chokepoints, found, stops)
    both = {event.disruption: with_cells(inputs, event) for event in stops if costs[event.disruption].counts}
    variants = [event for event in both.values() if event is not None]
    of_both = _costs(chokepoints, {name: play(chokepoints, name, variants) for name in found}, variants)
    out = []
    for event in stops:
        variant = both.get(event.disruption)
        cost = of_both[variant.disruption] if variant is not None else None
        out.append(Supplier(*event.cuts[0][:2], event, costs[event.disruption], variant, cost))
    return out


def by_rule(chokepoints: Chokepoints, scenarios: Sequence[str]) -> list[Event]:
    """Disruptions that the rule adds to those that a run plays: with cells those that it lists, then the stops of
    suppliers in their order, each with the one with cells behind it. scenarios: those whose plans are held against it.
    """
    inputs = chokepoints.inputs
    stops = [stop(inputs, each) for each in suppliers(inputs)]
    costs = _costs(chokepoints, {name: play(chokepoints, name, stops) for name in scenarios}, stops)
    found = [as_in_library(inputs, each) for each in stops if costs[each.disruption].counts]
    wanted = [with_cells(inputs, event) for event in inputs.events if not event.by_rule]
    wanted += [each for event in found for each in (event, with_cells(inputs, event))]
    known, out = {_cut(event) for event in inputs.events}, list[Event]()
    for each in wanted:
        if each is not None and _cut(each) not in known:
            known.add(_cut(each))
            out.append(each)
    return out


def _cut(event: Event) -> frozenset[tuple[str, str, str, float]]:
    """What a disruption takes: two that take the same are one."""
    return frozenset(cut[:4] for cut in event.cuts)


def _costs(chokepoints: Chokepoints, found: Mapping[str, Sequence[Played]], events: Sequence[Event]) -> dict[str, Cost]:
    """What each of some disruptions costs most of any plan and year, and of any chemistry, by its code. found: them,
    and maybe others, played by scenario."""
    most = {event.disruption: Cost("", 0, 0.0, -1, 0.0) for event in events}
    for scenario, played in found.items():
        sums: dict[tuple[str, int], list[Array]] = {}
        for each in (one for one in played if one.event.disruption in most):
            loss = each.loss
            taken = np.maximum(loss.base.cells - loss.proportional.cells, 0.0)
            numbers = [np.array([loss.at_risk[0], loss.planned.sum()]), np.stack([taken, loss.planned])]
            key = each.event.disruption, each.year
            # Regions that share no pool lose together.
            sums[key] = [a + b for a, b in zip(sums[key], numbers, strict=True)] if key in sums else numbers
        for (name, year), ((lost, planned), (taken, cells)) in sums.items():
            if planned > LEAST and (share := float(lost / planned)) > most[name].lost + ALIKE:
                most[name] = most[name]._replace(scenario=scenario, year=year, lost=share)
            shares = np.divide(taken, cells, out=np.zeros_like(cells), where=cells > LEAST)
            most[name] = _taken(most[name], shares)
    if chokepoints.resolved.run.settings.optimise is not None:
        for name, shares in _of_candidates(chokepoints, events).items():
            most[name] = _taken(most[name], shares)
    return most


def _taken(cost: Cost, shares: Array) -> Cost:
    """A cost with the chemistry that is taken most, of several alike the first, if that is more than so far."""
    most = float(shares.max())
    c = int(np.flatnonzero(shares >= most - ALIKE)[0])
    return cost._replace(chemistry=c, taken=most) if most > cost.taken + ALIKE else cost


def _of_candidates(chokepoints: Chokepoints, events: Sequence[Event]) -> dict[str, Array]:
    """Share of the cells that disruptions take of chemistries that no plan of a run has, (chemistry), most of any year
    and regions; 0 of all others.

    What of such cells there can be is what the reference world leaves their makers, those at home and those elsewhere
    as regions buy from them: of each input the part of its need there, or where nobody needs it, of what can be got.
    """
    used = [each.cells.sum(axis=(0, 1)).max(axis=1) for each in chokepoints.scenarios.values()]
    none = np.array(used).max(axis=0) <= LEAST
    out = {event.disruption: np.zeros(len(none)) for event in events}
    together: dict[tuple[str, ...], list[Event]] = {}
    for event in events:
        for regions in chokepoints.pools(event.cuts):
            together.setdefault(regions, []).append(event)
    for regions, mine in together.items():
        stops = stops_of(mine)
        for year in range(len(chokepoints.years)):
            left = chokepoints.left_of_cells(regions, year, stops)[: len(mine)]
            for event, part in zip(mine, left, strict=True):
                out[event.disruption] = np.maximum(out[event.disruption], np.where(none, 1 - part, 0.0))
    return out
