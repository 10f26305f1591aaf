r"""What batteries use of a node comes from home, from suppliers, or is relieved by recovered material.

$$\sum_c q_{cny} \sum_s x_{rscy} \le h_{rny} + \sum_j z_{rnjy} + \sum_m \rho_{mn} w_{rmy}
  \qquad [\mathrm{kt\ or\ GWh}]$$

Supply is bounded by what home makes and by what each supplier exports to the region: $h \le H$, $z \le Z$. Suppliers
that may not deliver (foreign-entity rules) have no variable.
"""

from __future__ import annotations

import pyomo.environ as pyo

from ..data import MixData


def add(model: pyo.ConcreteModel, data: MixData) -> None:
    """materials[region, node, year]; bounds of homemade and sourced."""
    users: dict[tuple[object, ...], list[object]] = {}
    for c, n, y in data.use:
        users.setdefault((n, y), []).append(c)
    suppliers: dict[tuple[object, ...], list[object]] = {}
    for r, n, j, y in model.sourced:
        suppliers.setdefault((r, n, y), []).append(j)
        model.sourced[r, n, j, y].setub(data.supplied[r, n, j, y])
    for key in model.homemade:
        model.homemade[key].setub(data.own[key])
    relieved: dict[str, list[str]] = {}
    for mineral, n in data.relief:
        relieved.setdefault(str(n), []).append(str(mineral))

    def rule(m: pyo.ConcreteModel, r: str, n: str, y: int) -> object:
        used = [c for c in users.get((n, y), ()) if (r, c, y) in m.cells_of]
        if not used:
            return pyo.Constraint.Feasible
        saved = [k for k in relieved.get(n, ()) if (r, k, y) in m.secondary]
        return sum(data.use[c, n, y] * m.cells[r, c, y] for c in used) <= m.homemade[r, n, y] + sum(
            m.sourced[r, n, j, y] for j in suppliers.get((r, n, y), ())
        ) + sum(data.relief[k, n] * m.secondary[r, k, y] for k in saved)

    model.materials = pyo.Constraint(pyo.Set(initialize=list(data.own), dimen=3), rule=rule)
