r"""No more recovered material is used than comes back: of past additions (data), and of those inside the horizon.

$$w_{rmy} \le W_{rmy} + \sum_{c, k < y} a_{rcmky} \sum_s x_{rsck}, \qquad
  w_{rmy} \ge \kappa_{rmy} \sum_c i_{cmy} \sum_s x_{rscy} \qquad [\mathrm{kt}]$$

The second is the least recycled content of EU 2023/1542. Loops are regional: what a region recovers, it uses.
"""

from __future__ import annotations

import pyomo.environ as pyo

from ..data import MixData


def add(model: pyo.ConcreteModel, data: MixData) -> None:
    """secondary_available[region, mineral, year], recycled_content[region, mineral, year]."""
    inside: dict[tuple[object, ...], list[tuple[object, ...]]] = {}
    for r, c, m, k, y in data.returned:
        if (r, c, k) in model.cells_of:
            inside.setdefault((r, m, y), []).append((c, k))

    def available(m: pyo.ConcreteModel, r: str, mineral: str, y: int) -> object:
        back = sum(data.returned[r, c, mineral, k, y] * m.cells[r, c, k] for c, k in inside.get((r, mineral, y), ()))
        return m.secondary[r, mineral, y] - back <= data.recovered[r, mineral, y]

    def content(m: pyo.ConcreteModel, r: str, mineral: str, y: int) -> object:
        holding = [c for c in data.chemistries if (c, mineral, y) in data.content and (r, c, y) in m.cells_of]
        taken = sum(data.content[c, mineral, y] * m.cells[r, c, y] for c in holding)
        return m.secondary[r, mineral, y] - data.recycled[r, mineral, y] * taken >= 0

    model.secondary_available = pyo.Constraint(pyo.Set(initialize=list(data.recovered), dimen=3), rule=available)
    model.recycled_content = pyo.Constraint(pyo.Set(initialize=list(data.recycled), dimen=3), rule=content)
