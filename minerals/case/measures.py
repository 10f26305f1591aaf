"""Stocks and plants beside a chosen mix: what they cost and how much of them there may be, and what a plan with them
loses when it is played back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..config import OPTIMISED, Measures
from ..exposure.coverage import stockpiled
from ..exposure.factory import Supplied
from ..exposure.window import YEAR
from ..flows.demand import Array
from ..haste import frozen
from ..mix.data import Disruption, MixData, Node, NodeYear, RegionNodeYear
from ..mix.solution import Plan
from ..tables.expansion import discount_rate, material_price, new_plants, stock
from ..tables.inputs import Inputs
from .optimise import Mix, lost
from .played import losses_of

if TYPE_CHECKING:
    from pandas import DataFrame


def annuity(rate: float, life: float) -> float:
    """Part of a capital that is paid each year over a life, with interest [1/year]."""
    return rate / (1 - (1 + rate) ** -life) if rate else 1 / life


def with_measures(mix: Mix, inputs: Inputs, config: Measures, months: float) -> MixData:
    """What a mix is chosen from, with stocks and plants beside it, for disruptions that last some months.

    Of nodes that a disruption takes something of: a stock of those that have a price, plants of those whose capital is
    known too. Cells are not stocked, as nobody prices their stocks here.
    """
    data, assembly = mix.data, mix.assembly
    chokepoints, years = assembly.chokepoints, data.years
    hit = {n for (_, q, n, y), kt in data.accessible.items() if kt < data.undisturbed[q, n, y]} - set(data.cells)
    stock_cost: dict[RegionNodeYear, float] = {}
    stock_most: dict[RegionNodeYear, float] = {}
    plant_cost: dict[RegionNodeYear, float] = {}
    plant_lead: dict[Node, float] = {}
    plant_most: dict[NodeYear, float] = {}
    rate = annuity(float(discount_rate(inputs, "project")[0]), config.plant_life)
    room = chokepoints.room_outside
    for place, n in enumerate(data.nodes):
        price = material_price(inputs, n, years)
        if n not in hit or np.isnan(price).any():
            continue
        held, plants = stock(inputs, n), new_plants(inputs, n, "outside")
        keeps = float(np.fmin(config.most_months / YEAR, held.shelf_life[0]))
        a_year = float(held.holding[0] + np.nan_to_num(held.fade[0]))
        capital, lead, premium = (float(each[0]) for each in (plants.capital, plants.lead, plants.premium))
        for r in data.regions:
            for at, y in enumerate(years):
                if not np.isnan(a_year):
                    stock_cost[r, n, y], stock_most[r, n, y] = a_year * float(price[at]), keeps
                running = [(t, t_price) for t, t_price in zip(years, price, strict=True) if t >= y + lead]
                if running and not np.isnan(capital + premium):
                    plant_lead[n] = lead
                    plant_cost[r, n, y] = sum(
                        data.discount.get(t, 1.0) * (rate * capital + premium * float(t_price))
                        for t, t_price in running
                    )
        if n in plant_lead:
            plant_most |= {(n, y): float(room[place, assembly.at[y]]) for y in years}
    return replace(
        data, stock_cost=stock_cost, stock_most=stock_most, stock_rate=YEAR / months, plant_cost=plant_cost,
        plant_lead=plant_lead, plant_most=plant_most,
        stocked=data.stocked or assembly.stocked(data.pools, data.use),
    )  # fmt: skip


@frozen
class Bought(Plan):
    """A mix with what is bought beside it. stock: (region, node, year) [kt or GWh]; plants: that run, by year, the same
    [kt or GWh a year]."""

    stock: Mapping[RegionNodeYear, float]
    plants: Mapping[RegionNodeYear, float]


def running(data: MixData, plants: Mapping[RegionNodeYear, float]) -> dict[RegionNodeYear, float]:
    """What plants make in each year, by the year in which they were decided."""
    out: dict[RegionNodeYear, float] = {}
    for (r, n, v), amount in plants.items():
        for y in data.years:
            if y >= v + data.plant_lead[n]:
                out[r, n, y] = out.get((r, n, y), 0.0) + amount
    return out


def losses_with(mix: Mix, data: MixData, bought: Bought) -> dict[Disruption, float]:
    """What each disruption takes of a plan with stocks and plants, played back over the years that are decided, of the
    kind that counts [GWh a year of the disruption]."""
    assembly = mix.assembly
    plan = assembly.planned(data, bought)
    stock, plants = (_by_node(mix, amounts) for amounts in (bought.stock, bought.plants))

    def beside(year: int, without: Supplied, hit: Supplied) -> Supplied:
        """Plants add to what there is with and without the disruption, and the stock up to the latter."""
        most = without.accessible[0] + plants[:, year]
        left = hit.accessible + plants[:, year]
        some = np.where(plan.cell, left, stockpiled(left, most, stock[:, year] * data.stock_rate, YEAR))
        known = np.isfinite(hit.accessible)
        return hit.more(np.subtract(some, hit.accessible, out=np.zeros_like(some), where=known))

    events = plan.inputs.events
    found = losses_of(plan, OPTIMISED, events, [assembly.at[y] for y in data.years], beside)
    unmet = sum(data.demand.values()) - sum(bought.additions.values())
    return lost(mix, found, unmet)[mix.config.loss]


def _by_node(mix: Mix, amounts: Mapping[RegionNodeYear, float]) -> Array:
    """(node, reported year), of all regions."""
    assembly = mix.assembly
    out = np.zeros((len(assembly.nodes), len(assembly.chokepoints.years)))
    for (_, n, y), amount in amounts.items():
        out[assembly.nodes.index(n), assembly.at[y]] += amount
    return out


def rows_used(data: MixData, inputs: Inputs) -> DataFrame:
    """Rows of the inputs that stocks and plants rest on, as inputs_used has them."""
    stocked = {n for _, n, _ in data.stock_cost}
    rates = inputs.rows_by("discount_rate", "perspective")[("project",)]
    prices = inputs.rows_by("material_price", "node")
    return inputs.used({
        "material_price": [row.line for n in stocked | set(data.plant_lead) for row in prices[(n,)]],
        "holding_cost": [line for n in stocked for line in stock(inputs, n).lines],
        "expansion_cost": [line for n in data.plant_lead for line in new_plants(inputs, n, "outside").lines],
        "discount_rate": [row.line for row in rates],
    })  # fmt: skip
