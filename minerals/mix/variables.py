"""Sets and variables of the mix: sparse, so that what cannot be sold, built or delivered has no variable.

additions   x[r,s,c,y]    batteries put into use                                  GWh
unmet       u[r,s,y]      demand that is not met                                  GWh
production  p[r,c,y], imports m[r,c,y]   cells made at home, and bought           GWh
built       b[r,k,y], retrofitted t[r,k,l,y]   lines, new and turned over         GWh/yr
homemade    h[r,n,y], sourced z[r,n,j,y]   a node from home, and by supplier      kt or GWh
secondary   w[r,m,y]      recovered material that goes into new cells             kt
rebuilt     x'[d,r,c,y]   batteries that can still be built under a disruption    GWh
"""

from __future__ import annotations

import pyomo.environ as pyo

from .data import MixData


def add_variables(model: pyo.ConcreteModel, data: MixData) -> None:
    """Add the sets and variables of a model to it."""
    model.sold = pyo.Set(initialize=list(data.sold), dimen=4)
    cells = dict.fromkeys((r, c, y) for r, _, c, y in data.sold)
    model.cells_of = pyo.Set(initialize=list(cells), dimen=3)
    model.wanted = pyo.Set(initialize=list(data.demand), dimen=3)
    model.additions = pyo.Var(model.sold, within=pyo.NonNegativeReals)
    model.unmet = pyo.Var(model.wanted, within=pyo.NonNegativeReals)
    segments: dict[tuple[object, ...], list[object]] = {}
    for r, s, c, y in data.sold:
        segments.setdefault((r, c, y), []).append(s)

    def cells_rule(m: pyo.ConcreteModel, r: str, c: str, y: int) -> object:
        return sum(m.additions[r, s, c, y] for s in segments[r, c, y])

    model.cells = pyo.Expression(model.cells_of, rule=cells_rule)
    model.production = pyo.Var(model.cells_of, within=pyo.NonNegativeReals)
    model.imports = pyo.Var(model.cells_of, within=pyo.NonNegativeReals)
    model.built = pyo.Var(pyo.Set(initialize=list(data.announced), dimen=3), within=pyo.NonNegativeReals)
    turned = [(r, k, to, y) for k, to in data.retrofit for r in data.regions for y in data.years]
    model.retrofitted = pyo.Var(pyo.Set(initialize=turned, dimen=4), within=pyo.NonNegativeReals)
    model.homemade = pyo.Var(pyo.Set(initialize=list(data.own), dimen=3), within=pyo.NonNegativeReals)
    barred = set(data.excluded)
    delivering = [key for key in data.supplied if key not in barred]
    model.sourced = pyo.Var(pyo.Set(initialize=delivering, dimen=4), within=pyo.NonNegativeReals)
    model.secondary = pyo.Var(pyo.Set(initialize=list(data.recovered), dimen=3), within=pyo.NonNegativeReals)
    rebuilt = [(d, *key) for d in data.disruptions for key in cells]
    model.rebuilt_of = pyo.Set(initialize=rebuilt, dimen=4)
    model.rebuilt = pyo.Var(model.rebuilt_of, within=pyo.NonNegativeReals)
