r"""Cells of a maker are what is sourced of that maker: trade and sourcing are one.

$$\sum_c q_{rcny} p_{rcy} = z_{rnry}, \qquad \sum_c q_{rcny} i_{rmcy} = z_{rnmy} \qquad [\mathrm{GWh}]$$

for nodes $n$ that are cells, the region's own makers and each maker $m$ abroad. Where those outside the regions of the
run sell as one, in the shares that were observed, it is all of their $z$ together that are the cells bought from them,
plants that follow the mix among them. Scrap of cell making is no cell: it counts in what the lines take in, not here.
What a maker sells to all regions, its own among them, is so at most its supply of cells (`supplier`), and who is
excluded, or is one country of a rule, is so by its cells.
"""

from __future__ import annotations

from ..data import Chemistry, MixData, Node, Region, RegionNodeSupplierYear, Supplier, Year
from ..family import Balance, Family
from ..pyo import pyo


def add(model: pyo.ConcreteModel, data: MixData) -> None:
    """Add that cells of each maker are those sourced from it."""
    made: dict[RegionNodeSupplierYear, list[Chemistry]] = {}
    known = {(n, y) for n, _, y in data.supplied}
    for place, c, n, y in data.use:
        r = Region(place)
        if n in data.cells and (n, y) in known:
            if (r, c, y) in model.production:
                made.setdefault((r, n, Supplier(r), y), []).append(c)
            for j in data.makers.get((r, c, y), ()):
                made.setdefault((r, n, j, y), []).append(c)

    suppliers: dict[RegionNodeSupplierYear, list[RegionNodeSupplierYear]] = {}
    for r, n, j, y in model.sourced:
        if n in data.cells:
            maker = j if j in data.home or not data.together else data.abroad(r)
            suppliers.setdefault((r, n, maker, y), []).append((r, n, j, y))

    def sourced(m: pyo.ConcreteModel, r: Region, n: Node, j: Supplier, y: Year) -> object:
        cells = sum(
            data.use[r, c, n, y] * (m.production[r, c, y] if j == Supplier(r) else m.imports[r, j, c, y])
            for c in made.get((r, n, j, y), ())
        )  # fmt: skip
        return cells - sum(m.sourced[key] for key in suppliers.get((r, n, j, y), ())) == 0

    places = dict.fromkeys([*made, *suppliers])
    model.makers = pyo.Constraint(pyo.Set(initialize=list(places), dimen=4), rule=sourced)


FAMILY = Family(
    key="exposure.future", constraints={"makers": Balance("region, node, supplier, year")}, sourcing=True
)  # fmt: skip
