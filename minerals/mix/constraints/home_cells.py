r"""What a region makes of cells for use at home is what it sources of them from itself, in trade as in sourcing.

$$\sum_c q_{rcny} p_{rcy} = z_{rnry} \qquad [\mathrm{GWh}]$$

for nodes $n$ that are cells. Scrap of cell making is no cell: it counts in what the lines take in, not here. What a
region can make is so at most its own supply of cells, which `supplier` limits. What other regions source from it counts
in that supply as well, but is not in $p$: trade and sourcing are one for cells made at home, not for exports.
"""

from __future__ import annotations

from ..data import Chemistry, MixData, Node, PlaceNodeYear, Region, Year
from ..family import Balance, Family
from ..pyo import pyo


def add(model: pyo.ConcreteModel, data: MixData) -> None:
    """Add that cells made at home are those sourced there."""
    makers: dict[PlaceNodeYear, list[Chemistry]] = {}
    known = {(n, y) for n, _, y in data.supplied}
    for r, c, n, y in data.use:
        if n in data.cells and (n, y) in known and (r, c, y) in model.production:
            makers.setdefault((r, n, y), []).append(c)
    own = [(r, n, y) for r, n, j, y in model.sourced if n in data.cells and j == r]

    def at_home(m: pyo.ConcreteModel, r: Region, n: Node, y: Year) -> object:
        made = sum(data.use[r, c, n, y] * m.production[r, c, y] for c in makers.get((r, n, y), ()))
        return made - sum(m.sourced[key] for key in [(r, n, r, y)] if key in m.sourced) == 0

    places = dict.fromkeys([*makers, *own])
    model.home_cells = pyo.Constraint(pyo.Set(initialize=list(places), dimen=3), rule=at_home)


FAMILY = Family(
    key="exposure.future", constraints={"home_cells": Balance("region, node, year")}, sourcing=True
)  # fmt: skip
