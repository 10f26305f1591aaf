"""Sets and variables of the mix: sparse, so that what cannot be sold, built or delivered has no variable.

additions   x[r,s,c,y]    batteries put into use                                  GWh
unmet       u[r,s,y]      demand that is not met                                  GWh
cells       X[r,c,y]      cells of a region, of all segments                      GWh
short       h[r,c,y]      of a plan that is given, cells that are not had         GWh
production  p[r,c,y]      of them made at home                                    GWh
imports     m[r,m,c,y]    of them bought, by maker                                GWh
built       b[r,k,y], retrofitted t[r,k,l,y]   lines, new and turned over, by     GWh/yr
                          the year from which they make cells
sourced     z[r,n,j,y]    a node's product, by the country that makes it, or by
                          plants that others build because of the mix             kt or GWh
held        v[r,l,m,k]    mineral in the cells of a cohort and a life             kt
secondary   w[r,m,y]      recovered material that goes into new cells             kt
stock       s[r,n,y]      of a node's product                                     kt or GWh
plants      b[r,n,j,v]    of a node, where they stand, by the year in which they  kt or GWh a year
                          are decided
recycled    e[r,a,y]      batteries that go a way to recover more                 GWh
rebuilt     x'[d,q,c,y]   batteries of a pool that can be had under a disruption  GWh, where cells may be short
at_home     z[d,q,c,y]    cells of them made at home                              GWh, where their inputs may be short
abroad      o[d,q,e,c,y]  of them bought of makers at home with a customer        GWh, where these share their inputs
own_made    k[d,q,c,a,y]  of these, those whose active material is made at home   GWh
refined     v[d,q,r,y]    material refined at home for it                         kt or GWh
natural, natural_made   g[d,q,y]   natural graphite in all anodes, and in those made at home   kt

Of these `PLAN` is the plan, which futures of supply have in common.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Any

from .data import FOLLOW_ON, Chemistry, Disruption, MixData, Pool, Region, Supplier, Year
from .pyo import pyo

#: Variables of the plan: what is put into use, what that holds and leaves unmet, and the lines that stand.
PLAN = ("additions", "unmet", "built", "retrofitted", "held")


def add_variables(model: pyo.Block, data: MixData, plan: pyo.Block | None = None) -> None:
    """Add the sets and variables of a model to it. plan: model whose plan it has, where it has none of its own."""
    some = pyo.NonNegativeReals
    model.sold = pyo.Set(initialize=list(data.sold), dimen=4)
    cells = dict.fromkeys((r, c, y) for r, _, c, y in data.sold)
    model.cells_of = pyo.Set(initialize=list(cells), dimen=3)
    model.wanted = pyo.Set(initialize=list(data.demand), dimen=3)
    if plan is None:
        _add_plan(model, data)
    else:
        for name in PLAN:
            setattr(model, name, pyo.Reference(getattr(plan, name)))
    model.cells = pyo.Var(model.cells_of, within=some)
    model.short = pyo.Var(_set(cells if data.plan_given else [], 3), within=some)
    model.production = pyo.Var(_set([key for key in cells if key not in data.imported], 3), within=some)
    model.imports = pyo.Var(_set([(r, m, c, y) for r, c, y in cells for m in data.makers[r, c, y]], 4), within=some)
    add_sourcing(model, data)
    model.secondary = pyo.Var(_set(data.recovered, 3), within=some)
    model.stock = pyo.Var(_set(data.stock_cost, 3), within=some)
    run = [(r, n, j, y) for r, n, j, y in data.plant_cost if y + data.plant_lead[n, j] <= data.years[-1]]
    model.plants = pyo.Var(_set(run, 4), within=some)
    model.recycled = pyo.Var(_set(data.recycling_cost, 3), within=some)
    # No objective presses on a disruption without a weight.
    played = [
        (d, q, y) for d in data.weighted for q in data.pools_of[d] for y in data.years if y >= data.starts[d]
    ]  # fmt: skip
    sold_in = {q: {(c, y) for r, c, y in cells if r in regions} for q, regions in data.pools.items()}
    model.planned_of = _set([(d, q, c, y) for d, q, y in played for c in data.chemistries if (c, y) in sold_in[q]], 4)
    model.rebuilt_of = _set([key for key in model.planned_of if key in data.lacking_cells], 4)
    model.rebuilt = pyo.Var(model.rebuilt_of, within=some)
    cells_at_home = [key for key in model.planned_of if key in data.lacking_inputs]
    model.home_of = _set([key for key in cells_at_home if _is_made(data, *key)], 4)
    model.at_home = pyo.Var(model.home_of, within=some)
    planned = set(model.planned_of)
    lacking = [key for key in data.lacking_abroad if (key[0], key[1], key[3], key[4]) in planned]
    model.abroad = pyo.Var(_set(lacking, 5), within=some)
    home = set(model.home_of)
    model.own_made_of = _set([(d, q, c, a, y) for d, q, c, a, y in data.active if (d, q, c, y) in home], 5)
    model.own_made = pyo.Var(model.own_made_of, within=some)
    model.refined_of = _set(data.refined, 4)
    model.refined = pyo.Var(model.refined_of, within=some)
    model.natural = pyo.Var(_set([key for key in played if key in data.routed], 3), within=some)
    anodes = dict.fromkeys((d, q, y) for d, q, _, a, y in model.own_made_of if a in data.anodes)
    model.natural_made = pyo.Var(_set([key for key in played if key in anodes], 3), within=some)


def _add_plan(model: pyo.Block, data: MixData) -> None:
    some = pyo.NonNegativeReals
    model.additions = pyo.Var(model.sold, within=some)
    model.unmet = pyo.Var(model.wanted, within=some)
    # Nothing is decided before the first year.
    led = [(r, k, y) for r, k, y in data.announced if y >= data.years[0] + data.lead.get((r, k), 0)]
    model.built = pyo.Var(_set(led, 3), within=some)
    turned = [
        (r, k, to, y) for r in data.regions for k, to in data.retrofit for y in data.years
        if (r, k, y) in data.capacity and (r, to, y) in data.capacity
        and y >= data.years[0] + data.retrofit_lead.get((r, to), 0)
    ]  # fmt: skip
    model.retrofitted = pyo.Var(_set(turned, 4), within=some)
    model.held = pyo.Var(_set(dict.fromkeys(key[:4] for key in data.returned), 4), within=some)


def add_sourcing(model: pyo.ConcreteModel, data: MixData) -> None:
    """Add what each region buys of each node, by supplier."""
    needed = {(r, n, y) for r, _, n, y in data.use if r in data.regions}
    suppliers = [*data.supplied, *((n, FOLLOW_ON, y) for n, y in data.follow_on)]
    delivered = [(r, n, j, y) for (n, j, y), r in product(suppliers, data.regions) if (r, n, y) in needed]
    model.sourced = pyo.Var(_set(delivered, 4), within=pyo.NonNegativeReals)


def makers_of(model: pyo.ConcreteModel, data: MixData, r: Region, c: Chemistry, y: Year) -> dict[Supplier, Any]:
    """Cells of a region and chemistry by maker, those made at home among them, as variables."""
    own = {Supplier(r): model.production[r, c, y]} if (r, c, y) in model.production else {}
    return {**own, **{j: model.imports[r, j, c, y] for j in data.makers.get((r, c, y), ())}}


def _is_made(data: MixData, d: Disruption, q: Pool, c: Chemistry, y: Year) -> bool:
    """Whether a disruption lets any cells be made at home."""
    if (q, c, y) not in data.by_origin:
        return data.made_at_home.get((d, q, c, y), 1.0) > 0
    moved = any((d, q, m, c, y) in data.moved_home for r in data.pools[q] for m in data.makers.get((r, c, y), ()))
    return moved or any(data.left.get((d, q, Supplier(r), c, y), 1.0) > 0 for r in data.pools[q])


def _set(keys: Iterable[object], size: int) -> pyo.Set:
    return pyo.Set(initialize=list(keys), dimen=size)
