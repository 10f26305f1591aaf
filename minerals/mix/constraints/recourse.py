r"""Under each disruption, what can still be built of the plan from what is then accessible, and what is lost of demand.

$$x'_{drcy} \le \sum_s x_{rscy}, \qquad \sum_c q_{cny} x'_{drcy} \le A_{drny} + \sum_m \rho_{mn} w_{rmy}, \qquad
  L_d = \sum_{r,y} \Bigl( \sum_s D_{rsy} - \sum_c x'_{drcy} \Bigr) \qquad [\mathrm{GWh}]$$

The loss is measured against demand, so what is not built in the first place counts as lost and building nothing wins
nothing. Recourse is exact only where the objective presses on it: figures come from a replay with the mix fixed.
"""

from __future__ import annotations

import pyomo.environ as pyo

from ..data import MixData


def add(model: pyo.ConcreteModel, data: MixData) -> None:
    """within_plan[disruption, region, chemistry, year], reach[disruption, region, node, year]; expression loss[d]."""
    users: dict[tuple[object, ...], list[object]] = {}
    for c, n, y in data.use:
        users.setdefault((n, y), []).append(c)
    hit = [key for key in data.accessible if users.get((key[2], key[3]))]

    def within(m: pyo.ConcreteModel, d: str, r: str, c: str, y: int) -> object:
        return m.rebuilt[d, r, c, y] <= m.cells[r, c, y]

    def reach(m: pyo.ConcreteModel, d: str, r: str, n: str, y: int) -> object:
        used = [c for c in users[n, y] if (r, c, y) in m.cells_of]
        saved = [k for k, node in data.relief if node == n and (r, k, y) in m.secondary]
        taken = sum(data.use[c, n, y] * m.rebuilt[d, r, c, y] for c in used)
        return taken - sum(data.relief[k, n] * m.secondary[r, k, y] for k in saved) <= data.accessible[d, r, n, y]

    def loss(m: pyo.ConcreteModel, d: str) -> object:
        built = sum(m.rebuilt[d, r, c, y] for r, c, y in m.cells_of)
        return sum(data.demand.values()) - built

    model.within_plan = pyo.Constraint(model.rebuilt_of, rule=within)
    model.reach = pyo.Constraint(pyo.Set(initialize=hit, dimen=4), rule=reach)
    model.loss = pyo.Expression(pyo.Set(initialize=list(data.disruptions)), rule=loss)
