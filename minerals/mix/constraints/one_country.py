r"""No third country supplies more than a share of a strategic node.

$$z_{rnjy} \le \lambda \sum_c q_{rcny} X_{rcy} + e_{rnjy} \qquad [\mathrm{kt\ or\ GWh}]$$

for single countries $j$ outside the region; several that are one supplier here are none. The share is of what is
consumed, recovered material included, as the act has it. `hard` leaves the excess $e$ out, which today makes several
stages infeasible; `soft` prices it in the cost; `report` states nothing here. The price moves cost, not risk: a mix
chosen by its risk heeds it only among mixes that are as good, or under a cap on the cost.

Source: Regulation (EU) 2024/1252, article 5(1)(b): 65 % of annual consumption from 2030 on (trade_rule.csv).
"""

from __future__ import annotations

from ..data import MixData
from ..pyo import pyo

KEY = "optimise.one_country"


def add(model: pyo.ConcreteModel, data: MixData, share: float, since: int, soft: bool) -> None:
    """one_country[region, node, supplier, year], and excess of the same index where it is soft."""
    strategic = set(data.strategic)
    index = [
        (r, n, j, y) for r, n, j, y in model.sourced
        if n in strategic and y >= since and (r, j) in data.third
    ]  # fmt: skip
    places = pyo.Set(initialize=index, dimen=4)
    model.excess = pyo.Var(places if soft else pyo.Set(initialize=[], dimen=4), within=pyo.NonNegativeReals)

    def rule(m: pyo.ConcreteModel, r: str, n: str, j: str, y: int) -> object:
        used = sum(data.use[r, c, n, y] * m.cells[r, c, y] for c in data.users[r, n, y] if (r, c, y) in m.cells_of)
        over = m.excess[r, n, j, y] if soft else 0
        return m.sourced[r, n, j, y] - share * used - over <= 0

    model.one_country = pyo.Constraint(places, rule=rule)
