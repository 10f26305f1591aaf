r"""What a region makes of cells is what it sources of them from itself, so that trade and sourcing tell one story.

$$\sum_c q_{rcny} p_{rcy} = z_{rnry} \qquad [\mathrm{GWh}]$$

for nodes $n$ that are cells. Scrap of cell making is no cell: it counts in what the lines take in, not here. What a
region can make is so at most its own supply of cells, which `supplier` limits.
"""

from __future__ import annotations

from ..data import MixData
from ..pyo import pyo

KEY = "exposure.future"


def add(model: pyo.ConcreteModel, data: MixData) -> None:
    """home_cells[region, node, year]."""
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
