r"""Others build because of the mix, as a plan has others follow it: up to a part of how far growth would carry the
world's known supply, and not before their lead time.

$$\sum_r f_{rny} \le F_{ny}, \qquad
  \Bigl( F_{ny} + \sum_{j \in J_{rny}} Z_{njy} \Bigr) f_{rny} \le F_{ny} \sum_c q_{rcny} X_{rcy}
  \qquad [\mathrm{kt\ or\ GWh}]$$

with $f_{rny}$ what a region buys from plants that follow, one more supplier in `materials`, and $J$ those who may
supply it, by what they can deliver, $Z$. $F$ is 0 until the node's
lead time after the first year that is decided, then a part of the headroom of growth, as in any run. A plan that is
given has others build what it needs beyond known supply, and no more. That is no linear limit where the need is a
choice. So plants that follow make at most the part of a need that they would have if all known supply and all of them
were needed: the tightest linear form of the same, and the same where a mix needs all there is. Below that a mix may
have something built that known supply could deliver. A replay holds what the mix has had built. Where known supply is
enough for every mix nothing is built.
"""

from __future__ import annotations

from ..data import FOLLOW_ON, MixData, Node, NodeYear, Region, RegionNodeYear, Year
from ..family import Balance, Family, Glossary, Kind, Limit, LimitText
from ..pyo import pyo


def add(model: pyo.ConcreteModel, data: MixData) -> None:
    """Add how much others build because of the mix."""
    buyers: dict[NodeYear, list[Region]] = {}
    known: dict[RegionNodeYear, float] = {}
    excluded = set(data.excluded)
    for r, n, j, y in model.sourced:
        if j == FOLLOW_ON:
            buyers.setdefault((n, y), []).append(r)
        elif (r, n, j, y) not in excluded:
            known[r, n, y] = known.get((r, n, y), 0.0) + data.supplied[n, j, y]

    def most(m: pyo.ConcreteModel, n: Node, y: Year) -> object:
        return sum(m.sourced[r, n, FOLLOW_ON, y] for r in buyers[n, y]) <= data.follow_on[n, y]

    def part(m: pyo.ConcreteModel, r: Region, n: Node, y: Year) -> object:
        used = sum(data.use[r, c, n, y] * m.cells[r, c, y] for c in data.users[r, n, y] if (r, c, y) in m.cells_of)
        most = data.follow_on[n, y]
        return m.sourced[r, n, FOLLOW_ON, y] - most / (most + known.get((r, n, y), 0.0)) * used <= 0

    places = [(r, n, y) for (n, y), regions in buyers.items() for r in regions]
    model.follow_on = pyo.Constraint(pyo.Set(initialize=list(buyers), dimen=2), rule=most)
    model.follow_on_part = pyo.Constraint(pyo.Set(initialize=places, dimen=3), rule=part)


def _words(glossary: Glossary, _: MixData, n: Node, __: Year) -> LimitText:
    node, unit = glossary.node(n), glossary.unit(n)
    about = f"{node} from plants that follow the mix"
    return LimitText(f"plants that follow the mix, of {node}", unit, about=about)


FAMILY = Family(
    key="exposure.follow_on",
    constraints={
        "follow_on": Limit(
            "node, year", Kind.SUPPLY, _words, rank=3,
            no_way_out="what others can build by then is found from growth and lead time in expansion_cost.csv",
            amounts="each", worth=False,
        ),
        "follow_on_part": Balance("region, node, year"),
    },
    sourcing=True,
)  # fmt: skip
