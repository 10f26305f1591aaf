r"""A segment's batteries must on average be light and small enough: a floor on Wh/kg and Wh/L over its mix.

$$\sum_c (e_{qcy} - E_{qs})\, x_{rscy} \ge 0 \qquad [\mathrm{GWh} \cdot q]$$

What no cell of a segment may lack (cycle life, a chemistry nobody would use there) is no constraint: such cells are not
among those sold.
"""

from __future__ import annotations

from ..data import MixData
from ..pyo import pyo

KEY = "optimise.performance"


def add(model: pyo.ConcreteModel, data: MixData) -> None:
    """performance[measure, region, segment, year]."""
    offered: dict[tuple[object, ...], list[object]] = {}
    for r, s, c, y in data.sold:
        offered.setdefault((r, s, y), []).append(c)
    index = [(q, r, s, y) for q, floor_of in data.floor for r, s, y in offered if floor_of == s]

    def rule(m: pyo.ConcreteModel, q: str, r: str, s: str, y: int) -> object:
        floor = data.floor[q, s]
        return sum((data.performance[q, c, y] - floor) * m.additions[r, s, c, y] for c in offered[r, s, y]) >= 0

    model.performance = pyo.Constraint(pyo.Set(initialize=index, dimen=4), rule=rule)
