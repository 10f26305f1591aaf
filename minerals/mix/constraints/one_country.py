r"""No third country supplies more than a share of a strategic node.

$$z_{rnjy} + \gamma_{njy} f_{rny} \le \lambda \sum_c q_{rcny} X_{rcy} + e_{rnjy} \qquad [\mathrm{kt\ or\ GWh}]$$

for single countries $j$ outside the region, with the part $\gamma$ that stands there of plants which follow the mix,
also of one that delivers nothing else; several that are one supplier here are none. The share is of what is
consumed, recovered material included, as the act has it. `hard` leaves the excess $e$ out, which today makes several
stages infeasible; `soft` prices it in the cost; `report` states nothing here. The price moves cost, not risk: a mix
chosen by its risk heeds it only among mixes that are as good, or under a cap on the cost.

Source: Regulation (EU) 2024/1252, article 5(1)(b): 65 % of annual consumption from 2030 on (trade_rule.csv).
"""

from __future__ import annotations

from ..data import FOLLOW_ON, MixData, Node, Region, Supplier, Year
from ..family import Family, Glossary, Kind, Limit, LimitText
from ..pyo import pyo


def add(model: pyo.ConcreteModel, data: MixData) -> None:
    """Add the rule where it binds, and the variable excess where it is soft."""
    rule, strategic = data.one_country, set(data.strategic)
    # Who has no more than the share of what follows does not break the rule by that.
    follows = [
        (r, n, j, y) for (n, j, y), part in data.follow_on_in.items() for r in data.regions
        if rule and part > rule.share and (r, n, FOLLOW_ON, y) in model.sourced
    ]  # fmt: skip
    index = [
        (r, n, j, y) for r, n, j, y in dict.fromkeys([*model.sourced, *follows])
        if rule and n in strategic and y >= rule.since and (r, j) in data.third
    ]  # fmt: skip
    places = pyo.Set(initialize=index, dimen=4)
    priced = places if rule and rule.soft else pyo.Set(initialize=[], dimen=4)
    model.excess = pyo.Var(priced, within=pyo.NonNegativeReals)

    def most(m: pyo.ConcreteModel, r: Region, n: Node, j: Supplier, y: Year) -> object:
        assert rule is not None
        used = sum(data.use[r, c, n, y] * m.cells[r, c, y] for c in data.users[r, n, y] if (r, c, y) in m.cells_of)
        over = m.excess[r, n, j, y] if rule.soft else 0
        part = {j: 1.0, FOLLOW_ON: data.follow_on_in.get((n, j, y), 0.0)}
        bought = sum(part[k] * m.sourced[r, n, k, y] for k in part if part[k] and (r, n, k, y) in m.sourced)
        return bought - rule.share * used - over <= 0

    model.one_country = pyo.Constraint(places, rule=most)


def _words(glossary: Glossary, _: MixData, r: Region, n: Node, j: Supplier, __: Year) -> LimitText:
    node, supplier, unit = glossary.node(n), glossary.country(j), glossary.unit(n)
    what = f"rule on one third country: {supplier}'s share of {node} in {r}"
    return LimitText(what, unit, about=f"{node} from {supplier} above its share")


FAMILY = Family(
    key="optimise.one_country",
    constraints={
        "one_country": Limit(
            "region, node, supplier, year", Kind.RULE, _words, rank=0,
            way_out='one_country = "soft" with a price, or "report"',
        )
    },
    sourcing=True,
)  # fmt: skip
