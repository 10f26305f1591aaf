"""The model of a mix: variables, the families of constraints, the objectives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from .compiled import building
from .data import MixData, RegionChemistryYear, RegionMineralYear, RegionNodeSupplierYear, RegionSegmentChemistryYear
from .families import MODULES
from .family import Balance
from .objective import add_objectives, add_usual
from .pyo import pyo
from .variables import add_sourcing, add_variables

#: What a solver may leave of a limit, relative and absolute.
GIVE = 1e-6


def build(
    data: MixData,
    *,
    level: float = 0.8,
    weights: Mapping[str, float] | None = None,
) -> pyo.ConcreteModel:
    """State the model. level: of the CVaR; weights: of objectives in a weighted sum."""
    with building():
        model = pyo.ConcreteModel()
        add_variables(model, data)
        for family in MODULES.values():
            family.add(model, data)
        add_objectives(model, data, level, weights)
    return model


def build_sourcing(
    data: MixData,
    additions: Mapping[RegionSegmentChemistryYear, float],
    secondary: Mapping[RegionMineralYear, float],
    excess: Mapping[RegionNodeSupplierYear, float],
    production: Mapping[RegionChemistryYear, float],
) -> pyo.ConcreteModel:
    """State the sourcing of a mix that is chosen, as near to pro rata as what it makes at home and the limits on
    suppliers allow.

    additions, secondary, excess, production: of that mix, as `build` has them. Limits and balances are wider by what
    the solver may have left of them.
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
        rule = data.one_country
        wide = replace(
            data,
            supplied={key: most * (1 + GIVE) + GIVE for key, most in data.supplied.items()},
            one_country=replace(rule, share=rule.share + GIVE) if rule else None,
        )
        add_sourcing(model, wide)
        for family in (family for family in MODULES.values() if family.FAMILY.sourcing):
            family.add(model, wide)
            for name, entry in family.FAMILY.constraints.items():
                for row in getattr(model, name).values() if isinstance(entry, Balance) else ():
                    row.set_value((-GIVE, row.body, GIVE))
        for key in model.excess:
            model.excess[key].setub(excess.get(key, 0.0) + GIVE)
        add_usual(model, wide)
    return model
