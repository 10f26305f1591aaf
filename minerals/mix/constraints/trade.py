r"""Cells put into use are made at home, once plants there can, or imported; a region may have to make a share itself.

$$X_{rcy} = \sum_s x_{rscy}, \qquad p_{rcy} + m_{rcy} = X_{rcy}, \qquad
  \sum_c p_{rcy} \ge \theta_{ry} \sum_c X_{rcy} \qquad [\mathrm{GWh}]$$

A chemistry that the region's plants do not make yet and others do is imported ($p_{rcy}$ is not there). What is made
here is for use at home alone. A model of one region does not know who else buys. In one of several, what a region
imports is within each supplier's supply of cells (`materials`), but it is no $p$ of the region that makes it: it uses
no lines there, waits for no first year of the plants there and costs what all imports do, and no balance by chemistry
closes trade between regions. A region may so sell what its plants make and import what it needs.

Source: first years of plants by region (commercial_year.csv).
"""

from __future__ import annotations

from ..data import Chemistry, MixData, Region, RegionChemistryYear, Segment, Year
from ..family import Balance, Family, Glossary, Kind, Limit, LimitText
from ..pyo import pyo


def add(model: pyo.ConcreteModel, data: MixData) -> None:
    """Add where cells come from, and the least share that is made at home."""
    segments: dict[RegionChemistryYear, list[Segment]] = {}
    for r, s, c, y in data.sold:
        segments.setdefault((r, c, y), []).append(s)

    def total(m: pyo.ConcreteModel, r: Region, c: Chemistry, y: Year) -> object:
        return m.cells[r, c, y] == sum(m.additions[r, s, c, y] for s in segments[r, c, y])

    def balance(m: pyo.ConcreteModel, r: Region, c: Chemistry, y: Year) -> object:
        made = sum(m.production[key] for key in [(r, c, y)] if key in m.production)
        return made + m.imports[r, c, y] == m.cells[r, c, y]

    def share(m: pyo.ConcreteModel, r: Region, y: Year) -> object:
        made = sum(m.production[r, c, y] for c in data.chemistries if (r, c, y) in m.production)
        return made >= data.own_share[r, y] * sum(m.cells[r, c, y] for c in data.chemistries if (r, c, y) in m.cells_of)

    model.cells_total = pyo.Constraint(model.cells_of, rule=total)
    model.trade = pyo.Constraint(model.cells_of, rule=balance)
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
            amounts="each", amount=lambda data, r, y: (100 * data.own_share.get((r, y), 0.0), "%"),
        ),
    },
)  # fmt: skip
