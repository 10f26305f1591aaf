"""The model of a mix: variables, the families of constraints, the objectives."""

from __future__ import annotations

from dataclasses import dataclass

import pyomo.environ as pyo

from .compiled import building
from .constraints import demand, growth, lines, materials, one_country, performance, recourse, secondary, trade
from .data import MixData
from .objective import add_objectives
from .variables import add_variables


@dataclass(frozen=True)
class OneCountry:
    """The rule on one third country. share: most of what a node takes in; since: its first year; soft: whether excess
    is priced, at `price` [million USD per kt or GWh], instead of barred."""

    share: float
    since: int
    soft: bool = False
    price: float = 0.0


def build(data: MixData, *, one: OneCountry | None = None, level: float = 0.8) -> pyo.ConcreteModel:
    """State the model. one: the rule on one third country where it binds; level: of the CVaR."""
    with building():
        model = pyo.ConcreteModel()
        add_variables(model, data)
        for family in (demand, trade, performance, growth, lines, materials, secondary):
            family.add(model, data)
        one_country.add(model, data, *((one.share, one.since, one.soft) if one else (1.0, data.years[-1] + 1, False)))
        recourse.add(model, data)
        add_objectives(model, data, level, one.price if one and one.soft else 0.0)
    return model
