"""The model of a mix: variables, the families of constraints, the objectives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from .compiled import building
from .constraints import (
    demand,
    excluded,
    growth,
    home_cells,
    lines,
    materials,
    one_country,
    performance,
    recourse,
    secondary,
    trade,
)
from .data import Key, MixData
from .objective import add_objectives, add_usual
from .pyo import pyo
from .variables import add_sourcing, add_variables

#: What a solver may leave of a limit, relative and absolute.
ROUNDING = 1e-6


@dataclass(frozen=True)
class OneCountry:
    """The rule on one third country. share: most of what a node takes in; since: its first year; soft: whether excess
    is priced, at `price` [million USD per kt or GWh], instead of barred."""

    share: float
    since: int
    soft: bool = False
    price: float = 0.0


def build(
    data: MixData,
    *,
    one: OneCountry | None = None,
    level: float = 0.8,
    weights: Mapping[str, float] | None = None,
) -> pyo.ConcreteModel:
    """State the model. one: the rule on one third country where it binds; level: of the CVaR; weights: of objectives in
    a weighted sum."""
    with building():
        model = pyo.ConcreteModel()
        add_variables(model, data)
        for family in (demand, home_cells, trade, performance, growth, lines, secondary, materials, excluded):
            family.add(model, data)
        one_country.add(model, data, *((one.share, one.since, one.soft) if one else (1.0, data.years[-1] + 1, False)))
        recourse.add(model, data)
        add_objectives(model, data, level, one.price if one and one.soft else 0.0, weights)
    return model


def build_sourcing(
    data: MixData,
    additions: Mapping[Key, float],
    secondary: Mapping[Key, float],
    excess: Mapping[Key, float],
    production: Mapping[Key, float],
    one: OneCountry | None = None,
) -> pyo.ConcreteModel:
    """State the sourcing of a mix that is chosen, as near to pro rata as what it makes at home and the limits on
    suppliers allow.

    additions, secondary, excess, production: of that mix, as `build` has them; one: as there. Limits and balances are
    wider by what the solver may have left of them.
    """
    with building():
        model = pyo.ConcreteModel()
        cells = dict.fromkeys(((r, c, y) for r, _, c, y in data.sold), 0.0)
        for (r, _, c, y), gwh in additions.items():
            cells[r, c, y] += gwh
        model.cells_of = pyo.Set(initialize=list(cells), dimen=3)
        model.cells = pyo.Param(model.cells_of, initialize=cells)
        model.secondary = pyo.Param(pyo.Set(initialize=list(secondary), dimen=3), initialize=dict(secondary))
        # Mutable, so that a balance is one also where no home supply is left to choose.
        made = pyo.Set(initialize=list(production), dimen=3)
        model.production = pyo.Param(made, initialize=dict(production), mutable=True)
        wide = replace(data, supplied={key: most * (1 + ROUNDING) + ROUNDING for key, most in data.supplied.items()})
        add_sourcing(model, wide)
        materials.add(model, wide)
        home_cells.add(model, wide)
        excluded.add(model, wide)
        for balance in (*model.materials.values(), *model.home_cells.values()):
            balance.set_value((-ROUNDING, balance.body, ROUNDING))
        rule = (one.share + ROUNDING, one.since, one.soft) if one else (1.0, data.years[-1] + 1, False)
        one_country.add(model, wide, *rule)
        for key in model.excess:
            model.excess[key].setub(excess.get(key, 0.0) + ROUNDING)
        add_usual(model, wide)
    return model
