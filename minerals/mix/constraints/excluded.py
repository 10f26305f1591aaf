r"""Suppliers that may not deliver, as rules on foreign entities of concern have it, deliver nothing.

$$z_{rnjy} \le 0 \qquad [\mathrm{kt\ or\ GWh}]$$

What a rule leaves out is stated as a limit, so that it can be named where it cannot be kept.
"""

from __future__ import annotations

from ..data import MixData, Node, Region, Supplier, Year
from ..family import Family, Glossary, Kind, Limit, LimitText
from ..pyo import pyo


def add(model: pyo.ConcreteModel, data: MixData) -> None:
    """Add that excluded suppliers deliver nothing."""
    places = [key for key in data.excluded if key in model.sourced]
    model.excluded = pyo.Constraint(
        pyo.Set(initialize=places, dimen=4), rule=lambda m, *key: m.sourced[key] <= 0
    )  # fmt: skip


def _words(glossary: Glossary, _: MixData, r: Region, n: Node, j: Supplier, __: Year) -> LimitText:
    product, unit = f"{glossary.node(n)} from {glossary.country(j)}", glossary.unit(n)
    return LimitText(f"{product} is excluded in {r}", unit, about=product)


FAMILY = Family(
    key="optimise.exclude",
    constraints={
        "excluded": Limit(
            "region, node, supplier, year", Kind.RULE, _words, rank=1,
            way_out="a later exclude_since, fewer exclude_stages, or no exclude",
        )
    },
    sourcing=True,
)  # fmt: skip
