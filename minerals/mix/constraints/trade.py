r"""Cells put into use are made at home, once plants there can, or imported from a maker; a region may have to make a
share itself.

$$X_{rcy} = \sum_s x_{rscy}, \qquad p_{rcy} + \sum_m i_{rmcy} = X_{rcy}, \qquad
  P_{rcy} = p_{rcy} + \sum_k i_{krcy}, \qquad
  \sum_c p_{rcy} \ge \theta_{ry} \sum_c X_{rcy} \qquad [\mathrm{GWh}]$$

A chemistry that the region's plants do not make yet and others do is imported ($p_{rcy}$ is not there). What is made
for use at home is $p$; all that is made, $P$, is that and what other regions $k$ import, which waits for the first year
of the plants there and uses their lines. So trade closes by chemistry. A model of one region does not know who else
buys.

Of a plan that is given, some cells may be short, $X_{rcy} = \sum_s x_{rscy} - h_{rcy}$: those that a future of supply
does not have, even without a disruption.

Two regions never sell each other the same chemistry: who sells is the one where it is made at the lower price
(`MixData.makers`), unless the buyer's plants do not make it yet. Where nobody knows who makes a cell, imports have one
maker abroad, and no region sells any.

Source: first years of plants by region (commercial_year.csv).
"""

from __future__ import annotations

from ..data import Chemistry, MixData, Region, RegionChemistryYear, RegionSupplierChemistryYear, Segment, Year
from ..family import Balance, Family, Glossary, Kind, Limit, LimitText
from ..pyo import pyo
from ..variables import makers_of


def add(model: pyo.ConcreteModel, data: MixData) -> None:
    """Add where cells come from, what regions make, and the least share that is made at home."""
    segments: dict[RegionChemistryYear, list[Segment]] = {}
    for r, s, c, y in data.sold:
        segments.setdefault((r, c, y), []).append(s)
    exports: dict[RegionChemistryYear, list[RegionSupplierChemistryYear]] = {}
    for r, j, c, y in model.imports:
        if j in data.home:
            exports.setdefault((data.home[j], c, y), []).append((r, j, c, y))

    def total(m: pyo.ConcreteModel, r: Region, c: Chemistry, y: Year) -> object:
        put_into_use = sum(m.additions[r, s, c, y] for s in segments[r, c, y])
        return m.cells[r, c, y] == (put_into_use - m.short[r, c, y] if data.plan_given else put_into_use)

    def balance(m: pyo.ConcreteModel, r: Region, c: Chemistry, y: Year) -> object:
        return sum(makers_of(m, data, r, c, y).values()) == m.cells[r, c, y]

    def all_made(m: pyo.ConcreteModel, r: Region, c: Chemistry, y: Year) -> object:
        own = sum(m.production[key] for key in [(r, c, y)] if key in m.production)
        return own + sum(m.imports[key] for key in exports.get((r, c, y), ()))

    def share(m: pyo.ConcreteModel, r: Region, y: Year) -> object:
        made = sum(m.production[r, c, y] for c in data.chemistries if (r, c, y) in m.production)
        return made >= data.own_share[r, y] * sum(m.cells[r, c, y] for c in data.chemistries if (r, c, y) in m.cells_of)

    model.cells_total = pyo.Constraint(model.cells_of, rule=total)
    model.trade = pyo.Constraint(model.cells_of, rule=balance)
    making = dict.fromkeys([*model.production, *exports])
    model.made = pyo.Expression(pyo.Set(initialize=list(making), dimen=3), rule=all_made)
    # Where nothing can be sold there is no share to make.
    sold = {(r, y) for r, _, y in model.cells_of}
    places = [key for key in data.own_share if key in sold]
    model.own_share = pyo.Constraint(pyo.Set(initialize=places, dimen=2), rule=share)


def _words(_: Glossary, data: MixData, r: Region, y: Year) -> LimitText:
    about, whole = f"batteries for {r} that need not be made there", data.wanted.get((r, y), 0.0)
    return LimitText(f"least share made in {r}", "GWh", about=about, looser="less", whole=whole)


FAMILY = Family(
    key="optimise.own_share",
    constraints={
        "cells_total": Balance("region, chemistry, year"),
        "trade": Balance("region, chemistry, year"),
        "own_share": Limit(
            "region, year", Kind.RULE, _words, rank=2, way_out="a lower own_share", made_at_home=True,
            amounts="each", amount=lambda data, r, y: (100 * data.own_share[r, y], "%"),
        ),
    },
)  # fmt: skip
