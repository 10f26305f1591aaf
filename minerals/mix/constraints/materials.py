r"""What batteries use of a node comes from the countries that make it, or is relieved by recovered material.

$$\sum_c q_{rcny} X_{rcy} = \sum_j z_{rnjy} + \sum_m \rho_{mny} w_{rmy}, \qquad
  \sum_r z_{rnjy} \le Z_{njy} \qquad [\mathrm{kt\ or\ GWh}]$$

Cells use it wherever they are made: what is imported carries its upstream need, and what a region can get of others is
its part by what its batteries are made of (`Chokepoints.access_embodied`), so that imports relieve no material.
Countries at home in a region are suppliers as others are, and so are plants that others build because of the mix, which
`follow_on` limits. Nothing is bought to be thrown away, so that shares of suppliers mean something. Of cells the first
holds by `trade` and `makers`.
"""

from __future__ import annotations

from ..data import FOLLOW_ON, MixData, Node, NodeSupplierYear, Region, RegionNodeYear, Supplier, Year
from ..family import EACH, Balance, Family, Glossary, Kind, Limit, LimitText
from ..pyo import pyo


def add(model: pyo.ConcreteModel, data: MixData) -> None:
    """Add where the products of nodes come from, and what suppliers can deliver."""
    suppliers: dict[RegionNodeYear, list[Supplier]] = {}
    buyers: dict[NodeSupplierYear, list[Region]] = {}
    for r, n, j, y in model.sourced:
        suppliers.setdefault((r, n, y), []).append(j)
        if j != FOLLOW_ON:
            buyers.setdefault((n, j, y), []).append(r)

    def balance(m: pyo.ConcreteModel, r: Region, n: Node, y: Year) -> object:
        used = sum(data.use[r, c, n, y] * m.cells[r, c, y] for c in data.users[r, n, y] if (r, c, y) in m.cells_of)
        bought = sum(m.sourced[r, n, j, y] for j in suppliers.get((r, n, y), ()))
        saved = sum(
            data.relief[k, n, y] * m.secondary[r, k, y]
            for k in data.relieving.get((n, y), ())
            if (r, k, y) in m.secondary
        )
        return used - bought - saved == 0

    def most(m: pyo.ConcreteModel, n: Node, j: Supplier, y: Year) -> object:
        return sum(m.sourced[r, n, j, y] for r in buyers[n, j, y]) <= data.supplied[n, j, y]

    known = {(n, y) for n, _, y in data.supplied}
    places = [(r, n, y) for r, n, y in data.users if r in data.regions and (n, y) in known and n not in data.cells]
    sold = {(r, c, y) for r, c, y in model.cells_of}
    places = [(r, n, y) for r, n, y in places if any((r, c, y) in sold for c in data.users[r, n, y])]
    model.materials = pyo.Constraint(pyo.Set(initialize=places, dimen=3), rule=balance)
    model.supplier = pyo.Constraint(pyo.Set(initialize=list(buyers), dimen=3), rule=most)


def _words(glossary: Glossary, _: MixData, n: Node, j: Supplier, __: Year) -> LimitText:
    node, supplier, unit = glossary.node(n), glossary.country(j), glossary.unit(n)
    about = f"{node} from {supplier} beyond that supply"
    return LimitText(f"supply of {node} from {EACH}", unit, about=about, name=supplier)


FAMILY = Family(
    key="exposure.future",
    constraints={
        "materials": Balance("region, node, year"),
        "supplier": Limit(
            "node, supplier, year", Kind.SUPPLY, _words, rank=2,
            way_out="another exposure.future, with more supply", amounts="each",
        ),
    },
    sourcing=True,
)  # fmt: skip
