"""Stocks, plants and recycling beside a chosen mix: what they cost and how much of them there may be, and what a plan
with them loses when it is played back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from ..config import OPTIMISED, Measures
from ..exposure.coverage import stockpiled
from ..exposure.draws import Key, Streams
from ..exposure.factory import Supplied
from ..exposure.window import YEAR
from ..flows.demand import Array
from ..haste import frozen
from ..mix.data import (
    Disruption,
    DisruptionPoolNodeWhere,
    MixData,
    Node,
    NodeWhere,
    NodeWhereYear,
    NodeYear,
    RegionNodeWhereYear,
    RegionNodeYear,
    RegionSegmentChemistryYear,
    RegionWayYear,
    Supplier,
    Where,
)
from ..mix.solution import Plan
from ..prices.capital import charge
from ..tables.expansion import NewPlants, discount_rate, material_price, new_plants, new_recycling, plants_in, stock
from ..tables.history import Ends
from ..tables.inputs import Inputs, UsedRows
from ..tables.supply import Event
from .draws_in_year import MONTHS, SEVERITY
from .mix_lost import lost
from .optimise import Mix
from .plant_places import OUTSIDE, Places, Standing, places_of
from .played import losses_of
from .recycling import recycling, route_of

#: Months of a day, the shortest that a stop lasts.
SHORTEST = YEAR / 365
#: Value of an uncertain input, by its name, and by its value, low and high, which are NaN where nobody knows it.
Value = Callable[[Key, Array], float]


def as_given(_: Key, ends: Array) -> float:
    """Every input at its value."""
    return float(ends[0])


def as_drawn(streams: Streams, draw: int) -> Value:
    """Inputs of a draw, of which the first is none: all at their values."""

    def value(key: Key, ends: Array) -> float:
        if np.isnan(ends[0]):
            return float("nan")
        drawn = streams.drawn(key, *(float(end) for end in ends))
        return float(drawn[draw if len(drawn) > 1 else 0])

    return value


def hit_as(mix: Mix, value: Value) -> Mix:
    """The same run with the severity of each disruption, and how long it lasts, as drawn: in all of them alike, as
    `case.draws` has it. What its mix is chosen from is laid out again."""
    chokepoints = mix.assembly.chokepoints

    def drawn(event: Event) -> Event:
        low, middle, high = event.months
        months = max(value(MONTHS, np.array([middle, low, high])), SHORTEST)
        cuts = tuple(
            cut._replace(severity=min(value(SEVERITY, np.array([cut.severity, cut.low, cut.high])), 1.0))
            for cut in event.cuts
        )
        return replace(event, months=Ends(months, months, months), cuts=cuts)

    events = tuple(drawn(event) for event in chokepoints.inputs.events)
    assembly = mix.assembly.of(replace(chokepoints, inputs=replace(chokepoints.inputs, events=events)))
    return replace(mix, assembly=assembly, data=assembly.data())


def own_lengths(mix: Mix) -> dict[Disruption, float]:
    """How long each disruption of a run lasts by itself [years]."""
    events = mix.assembly.chokepoints.inputs.events
    return {Disruption(event.disruption): event.months.middle / YEAR for event in events}


def with_measures(
    mix: Mix, inputs: Inputs, config: Measures, lasts: Mapping[Disruption, float], value: Value = as_given, *,
    additions: Mapping[RegionSegmentChemistryYear, float] | None = None,
) -> MixData:  # fmt: skip
    """What a mix is chosen from, with stocks and plants beside it, for disruptions that last so many years each.
    additions: what leaves use later is of these [GWh]; those of the incumbent by default.

    Of nodes that a disruption takes something of: a stock of those that have a price, plants of those whose capital is
    known too. Cells are not stocked, as nobody prices their stocks here. Recycling only where the study names
    it. A row that several nodes rest on is drawn once; lead times are not drawn.
    """
    data, assembly = mix.data, mix.assembly
    years = data.years
    hit = {n for (_, q, n, y), kt in data.accessible.items() if kt < data.undisturbed[q, n, y]} - set(data.cells)
    stock_cost: dict[RegionNodeYear, float] = {}
    stock_most: dict[RegionNodeYear, float] = {}
    plant_cost: dict[RegionNodeWhereYear, float] = {}
    plant_lead: dict[NodeWhere, float] = {}
    plant_left: dict[DisruptionPoolNodeWhere, float] = {}
    most_in: dict[NodeWhereYear, float] = {}
    places, ends_of_rate = places_of(assembly, config.places), discount_rate(inputs, "project")
    rate = value(("discount_rate", "project"), ends_of_rate)
    growth = np.zeros(len(assembly.nodes))
    for n in data.nodes:
        ends_of_price = material_price(inputs, n, years)
        price = [value(("material_price", n), ends) for ends in ends_of_price.T]
        if n not in hit or np.isnan(price).any():
            continue
        held, at_node = stock(inputs, n), assembly.nodes.index(n)
        holding, fade, shelf_life = (
            value(("holding_cost", each, held.node.get(each, n)), getattr(held, each))
            for each in ("holding", "fade", "shelf_life")
        )
        keeps = float(np.fmin(config.most_months / YEAR, shelf_life))
        a_year = holding + float(np.nan_to_num(fade))
        for r, (at, y) in product(data.regions, enumerate(years)):
            if not np.isnan(a_year):
                stock_cost[r, n, y], stock_most[r, n, y] = a_year * price[at], keeps
        outside = new_plants(inputs, n, "outside")
        growth[at_node] = np.nan_to_num(value(_row("growth", n, OUTSIDE, outside), outside.growth))
        for standing in plants_at(places, inputs, config, n, at_node, ends_of_rate[0], float(ends_of_price[0, 0])):
            plants, where, row = standing.rows, standing.where, standing.row
            capital, premium = (
                value(_row(each, n, row, plants), getattr(plants, each)) for each in ("capital", "premium")
            )
            lead, charged = float(plants.lead[0]), charge(capital, rate, config.plant_life, 1.0)
            if np.isnan(charged + premium) or years[0] + lead > years[-1]:
                continue
            plant_lead[n, where] = lead
            plant_left |= standing.left
            for r, (at, y) in product(data.regions, enumerate(years)):
                plant_cost[r, n, where, y] = charged + premium * price[at]
            if "growth" in plants.own:
                grows = np.zeros(len(assembly.nodes))
                grows[at_node] = value(_row("growth", n, row, plants), plants.growth)
                room = assembly.chokepoints.growth.room_outside(grows, places.inside[row])[at_node]
                most_in |= {(n, where, y): float(room[assembly.at[y]]) for y in years}
    most, part_outside = _growth_outside(mix, list(dict.fromkeys(n for n, _ in plant_lead)), growth)
    if "recycling" in config.which:
        data = replace(data, **recycling(assembly, data, inputs, additions or data.incumbent, value))
    return replace(
        data, stock_cost=stock_cost, stock_most=stock_most, lasts=lasts, plant_cost=plant_cost, plant_lead=plant_lead,
        plant_left=plant_left, plant_most_in=most_in,
        plant_most=most, plant_growth=part_outside, stocked=data.stocked or assembly.recourse.stocked(),
    )  # fmt: skip


def _row(measure: str, node: Node, place: Where, plants: NewPlants) -> Key:
    """Name of the row that plants take a measure from: places that share it have the same draws of it."""
    key = "expansion_cost", measure, plants.node.get(measure, node)
    return (*key, place) if measure in plants.own else key


def plants_at(
    places: Places, inputs: Inputs, config: Measures, node: Node, at: int, rate: float, price: float
) -> list[Standing]:
    """Where plants of a node may stand. at: place of the node; rate: of a project; price: of the product in the first
    year, by which what they cost is compared."""
    rows = {place: plants_in(inputs, node, place) for place in places.inside}
    yearly = {place: yearly_cost(plants, rate, config.plant_life, price) for place, plants in rows.items()}
    return places.standing(inputs, node, at, yearly, rows)


def yearly_cost(plants: NewPlants, rate: float, life: float, price: float) -> Array:
    """What a plant costs in a year in which it runs, (value, low, high) [million USD per kt or GWh a year]; NaN where
    nobody knows. A premium that is that of all places is at its value, as it tells none of them apart."""
    premium = plants.premium if "premium" in plants.own else np.full(3, plants.premium[0])
    return np.array([charge(float(capital), rate, life, 1.0) for capital in plants.capital]) + premium * price


def _growth_outside(mix: Mix, nodes: Sequence[Node], growth: Array) -> tuple[dict[NodeYear, float], ...]:
    """What growth outside the country that makes most of a node lets plants make, or what follows the mix there where
    that is more; and the part of the latter that stands there: both by (node, year). growth: (node) [1/year]."""
    assembly, follow_on, stands = mix.assembly, mix.data.follow_on, mix.data.follow_on_in
    chokepoints = assembly.chokepoints
    room, most, part = chokepoints.growth.room_outside(growth), dict[NodeYear, float](), dict[NodeYear, float]()
    for n, y in product(nodes, mix.data.years):
        place = assembly.nodes.index(n)
        most[n, y] = float(room[place, assembly.at[y]])
        if (n, y) in follow_on:
            leader = Supplier(chokepoints.inputs.countries[chokepoints.growth.leader[place]])
            part[n, y] = 1.0 - stands.get((n, leader, y), 0.0)
            most[n, y] = max(most[n, y], part[n, y] * follow_on[n, y])
    return most, part


@frozen
class Bought(Plan):
    """A mix with what is bought beside it. stock: (region, node, year) [kt or GWh]; plants: that run, (region, node,
    where, year) [kt or GWh a year]; recycled: batteries that go each way to recover more, (region, way, year) [GWh]."""

    stock: Mapping[RegionNodeYear, float]
    plants: Mapping[RegionNodeWhereYear, float]
    recycled: Mapping[RegionWayYear, float]


def running(data: MixData, plants: Mapping[RegionNodeWhereYear, float]) -> dict[RegionNodeWhereYear, float]:
    """What plants make in each year, by the year in which they were decided."""
    out: dict[RegionNodeWhereYear, float] = {}
    for (r, n, j, v), amount in plants.items():
        for y in data.years:
            if y >= v + data.plant_lead[n, j]:
                out[r, n, j, y] = out.get((r, n, j, y), 0.0) + amount
    return out


def losses_with(mix: Mix, data: MixData, bought: Bought) -> dict[Disruption, float]:
    """What each disruption takes of a plan with stocks and plants, played back over the years that are decided, of the
    kind that counts [GWh]."""
    assembly = mix.assembly
    recovered = dict(data.recovered)
    for (r, way, m, y), per in data.recycling_gain.items():
        recovered[r, m, y] += per * bought.recycled.get((r, way, y), 0.0)
    plan = assembly.planned(replace(data, recovered=recovered), bought)
    stock = _by_node(mix, {(n, y): amount for (_, n, y), amount in bought.stock.items()})
    plants = _by_node(mix, _summed(((n, y), amount) for (_, n, _, y), amount in bought.plants.items()))

    def taken(event: Event, year: int) -> Array:
        """What a disruption takes of the plants, (node) [kt or GWh]."""
        d = Disruption(event.disruption)
        lost = _summed(
            ((n, y), (1.0 - data.plant_left.get((d, q, n, j), 1.0)) * amount)
            for (r, n, j, y), amount in bought.plants.items() if assembly.at[y] == year
            for q in data.pools_of.get(d, ()) if r in data.pools[q]
        )  # fmt: skip
        return _by_node(mix, lost)[:, year]

    def topped_up(events: Sequence[Event], year: int, without: Supplied, hit: Supplied) -> Supplied:
        """Plants add to what there is with and without the disruption, and the stock up to the latter."""
        most = without.accessible[0] + plants[:, year]
        left = hit.accessible + plants[:, year]
        if data.plant_left:
            left = left - np.stack([taken(event, year) for event in events])
        lasts = np.array([[data.lasts.get(Disruption(event.disruption), 1.0)] for event in events])
        some = np.where(plan.cell, left, stockpiled(left, most, stock[:, year] / lasts, YEAR))
        known = np.isfinite(hit.accessible)
        return hit.more(np.subtract(some, hit.accessible, out=np.zeros_like(some), where=known))

    found = losses_of(plan, OPTIMISED, plan.inputs.events, [assembly.at[y] for y in data.years], topped_up)
    unmet = sum(data.demand.values()) - sum(bought.additions.values())
    return {d: data.lasts.get(d, 1.0) * loss for d, loss in lost(mix, found, unmet)[mix.config.loss].items()}


def _summed(amounts: Iterable[tuple[NodeYear, float]]) -> dict[NodeYear, float]:
    out: dict[NodeYear, float] = {}
    for key, amount in amounts:
        out[key] = out.get(key, 0.0) + amount
    return out


def _by_node(mix: Mix, amounts: Mapping[NodeYear, float]) -> Array:
    """(node, reported year)."""
    assembly = mix.assembly
    out = np.zeros((len(assembly.nodes), len(assembly.chokepoints.years)))
    for (n, y), amount in amounts.items():
        out[assembly.nodes.index(n), assembly.at[y]] += amount
    return out


def rows_used(data: MixData, inputs: Inputs) -> UsedRows:
    """Rows of the inputs that stocks, plants and recycling rest on."""
    stocked = {n for _, n, _ in data.stock_cost}
    rates = inputs.rows_by("discount_rate", "perspective")[("project",)]
    prices = inputs.rows_by("material_price", "node")
    built = {n for n, _ in data.plant_lead}
    return inputs.used({
        "material_price": [row.line for n in stocked | built for row in prices[(n,)]],
        "holding_cost": [line for n in stocked for line in stock(inputs, n).lines],
        "expansion_cost": [
            line for n, where in data.plant_lead for place in (OUTSIDE, *where.split(" or "))
            for line in plants_in(inputs, n, place).lines
        ],
        "recycling_cost": [line for way in data.recycling_from for line in new_recycling(inputs, route_of(way)).lines],
        "discount_rate": [row.line for row in rates],
    })  # fmt: skip
