r"""No third country supplies more than a share of a strategic node (EU 2024/1252, article 5: 65 % in 2030).

$$z_{rnjy} \le \lambda \Bigl( h_{rny} + \sum_i z_{rniy} \Bigr) + v_{rnjy} \qquad [\mathrm{kt\ or\ GWh}]$$

`hard` leaves the excess $v$ out, which today makes several stages infeasible; `soft` prices it in the objective.
"""

from __future__ import annotations

import pyomo.environ as pyo

from ..data import MixData


def add(model: pyo.ConcreteModel, data: MixData, share: float, since: int, soft: bool) -> None:
    """one_country[region, node, supplier, year], and excess of the same index where it is soft."""
    strategic = set(data.strategic)
    index = [key for key in model.sourced if key[1] in strategic and key[3] >= since]
    suppliers: dict[tuple[object, ...], list[object]] = {}
    for r, n, j, y in model.sourced:
        suppliers.setdefault((r, n, y), []).append(j)
    places = pyo.Set(initialize=index, dimen=4)
    model.excess = pyo.Var(places if soft else pyo.Set(initialize=[], dimen=4), within=pyo.NonNegativeReals)

    def rule(m: pyo.ConcreteModel, r: str, n: str, j: str, y: int) -> object:
        whole = m.homemade[r, n, y] + sum(m.sourced[r, n, i, y] for i in suppliers[r, n, y])
        over = m.excess[r, n, j, y] if soft else 0
        return m.sourced[r, n, j, y] - share * whole - over <= 0

    model.one_country = pyo.Constraint(places, rule=rule)
