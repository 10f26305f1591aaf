r"""Cells put into use are made at home or imported; a region may have to make a share of them itself.

$$X_{rcy} = \sum_s x_{rscy}, \qquad p_{rcy} + m_{rcy} = X_{rcy}, \qquad
  \sum_c p_{rcy} \ge \theta_{ry} \sum_c X_{rcy}, \qquad
  \sum_c q_{rcny} p_{rcy} = z_{rnry} \qquad [\mathrm{GWh}]$$

The last, for nodes $n$ that are cells: what a region makes is what it sources from itself, so that the two cannot tell
different stories. Exports are left out: a model of one region does not know who else buys.
"""

from __future__ import annotations

from ..data import MixData
from ..pyo import pyo

KEY = "optimise.own_share"


def add(model: pyo.ConcreteModel, data: MixData) -> None:
    """cells_total[region, chemistry, year], trade[region, chemistry, year], own_share[region, year],
    home_cells[region, node, year]."""
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

    users: dict[tuple[object, ...], list[object]] = {}
    known = {(n, y) for n, _, y in data.supplied}
    for r, c, n, y in data.use:
        if n in data.cells and r in data.regions and (n, y) in known and (r, c, y) in model.cells_of:
            users.setdefault((r, n, y), []).append(c)

    def at_home(m: pyo.ConcreteModel, r: str, n: str, y: int) -> object:
        made = sum(data.use[r, c, n, y] * m.production[r, c, y] for c in users[r, n, y])
        own = [m.sourced[key] for key in [(r, n, r, y)] if key in m.sourced]
        return made - sum(own) == 0

    model.home_cells = pyo.Constraint(pyo.Set(initialize=list(users), dimen=3), rule=at_home)
    model.cells_total = pyo.Constraint(model.cells_of, rule=total)
    model.trade = pyo.Constraint(model.cells_of, rule=balance)
    model.own_share = pyo.Constraint(pyo.Set(initialize=list(data.own_share), dimen=2), rule=share)
