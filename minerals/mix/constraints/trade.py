r"""Cells put into use are made at home or imported; a region may have to make a share of them itself.

$$X_{rcy} = \sum_s x_{rscy}, \qquad p_{rcy} + m_{rcy} = X_{rcy}, \qquad
  \sum_c p_{rcy} \ge \theta_{ry} \sum_c X_{rcy} \qquad [\mathrm{GWh}]$$

Exports are left out: a model of one region does not know who else buys.
"""

from __future__ import annotations

from ..data import MixData
from ..pyo import pyo

KEY = "optimise.own_share"


def add(model: pyo.ConcreteModel, data: MixData) -> None:
    """cells_total[region, chemistry, year], trade[region, chemistry, year], own_share[region, year]."""
    segments: dict[tuple[object, ...], list[object]] = {}
    for r, s, c, y in data.sold:
        segments.setdefault((r, c, y), []).append(s)

    def total(m: pyo.ConcreteModel, r: str, c: str, y: int) -> object:
        return m.cells[r, c, y] == sum(m.additions[r, s, c, y] for s in segments[r, c, y])

    def balance(m: pyo.ConcreteModel, r: str, c: str, y: int) -> object:
        return m.production[r, c, y] + m.imports[r, c, y] == m.cells[r, c, y]

    def share(m: pyo.ConcreteModel, r: str, y: int) -> object:
        mine = [c for c in data.chemistries if (r, c, y) in m.cells_of]
        return sum(m.production[r, c, y] for c in mine) >= data.own_share[r, y] * sum(m.cells[r, c, y] for c in mine)

    model.cells_total = pyo.Constraint(model.cells_of, rule=total)
    model.trade = pyo.Constraint(model.cells_of, rule=balance)
    model.own_share = pyo.Constraint(pyo.Set(initialize=list(data.own_share), dimen=2), rule=share)
