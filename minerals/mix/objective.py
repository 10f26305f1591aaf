r"""What a mix is chosen by, each an objective of its own with its unit.

    cost            pack prices, lines built and turned over, tariffs                     million USD
    expected        Σ_d w_d L_d over the weighted library                                 GWh
    worst           max_d L_d                                                             GWh
    cvar            mean of the worst 1 − α of the library (Rockafellar and Uryasev 2000) GWh
    concentration   GWh-weighted exposure of the chemistries by a named, constant measure GWh
    least_change    distance of the mix from that of the year before the first            GWh

Unmet demand costs nothing in `cost`, which is why that objective stands with demand met (`meet all`), and everything in
the losses, which are counted against demand.
"""

from __future__ import annotations

import pyomo.environ as pyo

from .data import MixData

#: Objectives on which the disruptions press.
RISKS = ("expected", "worst", "cvar")


def add_objectives(model: pyo.ConcreteModel, data: MixData, level: float = 0.8, excess_price: float = 0.0) -> None:
    """Add every objective the data allow, all inactive but the first. level: α of the CVaR; excess_price: million USD
    per unit of soft excess."""
    _cost(model, data, excess_price)
    if data.disruptions:
        _risks(model, data, level)
    if data.measure:

        def weighted(m: pyo.ConcreteModel) -> object:
            missing = sum(m.unmet.values())  # What is not built is exposed to everything.
            return sum(data.measure.get((c, y), 1.0) * m.cells[r, c, y] for r, c, y in m.cells_of) + missing

        model.concentration = pyo.Objective(rule=weighted)
    for objective in list(model.component_objects(pyo.Objective))[1:]:
        objective.deactivate()


def _cost(model: pyo.ConcreteModel, data: MixData, excess_price: float) -> None:
    def rule(m: pyo.ConcreteModel) -> object:
        packs = sum(data.price[key] * m.cells[key] for key in m.cells_of)
        imports = sum(price * m.imports[key] for key, price in data.import_price.items() if key in m.cells_of)
        new = sum(data.line_price[key] * m.built[key] for key in m.built if key in data.line_price)
        turned = sum(
            (1 - data.retrofit[k, to]) * data.line_price[r, to, y] * m.retrofitted[r, k, to, y]
            for r, k, to, y in m.retrofitted
        )
        return packs + imports + new + turned + excess_price * sum(m.excess.values())

    model.cost = pyo.Objective(rule=rule)


def _risks(model: pyo.ConcreteModel, data: MixData, level: float) -> None:
    whole = sum(data.weight[d] for d in data.disruptions)
    events = pyo.Set(initialize=list(data.disruptions))
    model.most = pyo.Var()
    model.beyond = pyo.Var(events, within=pyo.NonNegativeReals)
    model.threshold = pyo.Var()
    model.at_most = pyo.Constraint(events, rule=lambda m, d: m.loss[d] <= m.most)
    model.tail = pyo.Constraint(events, rule=lambda m, d: m.loss[d] - m.threshold <= m.beyond[d])
    model.expected = pyo.Objective(rule=lambda m: sum(data.weight[d] / whole * m.loss[d] for d in data.disruptions))
    model.worst = pyo.Objective(rule=lambda m: m.most)
    model.cvar = pyo.Objective(
        rule=lambda m: m.threshold + sum(data.weight[d] / whole * m.beyond[d] for d in data.disruptions) / (1 - level)
    )
