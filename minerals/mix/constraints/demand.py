r"""Batteries that are wanted are put into use, or said to be missing: building nothing is possible and wins nothing.

$$\sum_c x_{rscy} + u_{rsy} = D_{rsy} \qquad [\mathrm{GWh}]$$
"""

from __future__ import annotations

from ..data import Chemistry, MixData, Region, RegionSegmentYear, Segment, Year
from ..family import EACH, Balance, Family, Glossary, Kind, Limit, LimitText
from ..pyo import pyo


def add(model: pyo.ConcreteModel, data: MixData) -> None:
    """Add that what is put into use and what is missing are the demand."""
    offered: dict[RegionSegmentYear, list[Chemistry]] = {}
    for r, s, c, y in data.sold:
        offered.setdefault((r, s, y), []).append(c)

    def rule(m: pyo.ConcreteModel, r: Region, s: Segment, y: Year) -> object:
        met = sum(m.additions[r, s, c, y] for c in offered.get((r, s, y), ()))
        return met + m.unmet[r, s, y] == data.demand[r, s, y]

    model.meet_demand = pyo.Constraint(model.wanted, rule=rule)


def _words(glossary: Glossary, _: MixData, r: Region, s: Segment, __: Year) -> LimitText:
    name = glossary.segment(s)
    return LimitText(f"all demand of {EACH} in {r} is met", "GWh", about=f"{name} in {r} unmet", name=name)


FAMILY = Family(
    key="optimise.unmet",
    constraints={"meet_demand": Balance("region, segment, year")},
    bounds={
        "unmet": Limit(
            "region, segment, year", Kind.DEMAND, _words,
            way_out="unmet = true, so that as little as possible goes unmet",
            amounts="total", amount=lambda data, r, s, y: (data.demand[r, s, y], "GWh"),
            worth=False,
        )
    },
    of_plan=True,
)  # fmt: skip
