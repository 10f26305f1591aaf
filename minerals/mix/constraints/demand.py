r"""Batteries that are wanted are put into use, or said to be missing: building nothing is possible and wins nothing.

$$\sum_c x_{rscy} + u_{rsy} = D_{rsy} \qquad [\mathrm{GWh}]$$
"""

from __future__ import annotations

from ..data import MixData
from ..pyo import pyo

KEY = "optimise.unmet"


def add(model: pyo.ConcreteModel, data: MixData) -> None:
    """meet_demand[region, segment, year]."""
    offered: dict[tuple[object, ...], list[object]] = {}
    for r, s, c, y in data.sold:
        offered.setdefault((r, s, y), []).append(c)

    def rule(m: pyo.ConcreteModel, r: str, s: str, y: int) -> object:
        met = sum(m.additions[r, s, c, y] for c in offered.get((r, s, y), ()))
        return met + m.unmet[r, s, y] == data.demand[r, s, y]

    model.meet_demand = pyo.Constraint(model.wanted, rule=rule)
