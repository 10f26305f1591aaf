r"""A segment's batteries must on average be light and small enough: a floor on Wh/kg and Wh/L over its mix.

$$\sum_c (e_{qcy} - E_{qs})\, x_{rscy} \ge 0 \qquad [\mathrm{GWh} \cdot q]$$

What no cell of a segment may lack (cycle life, a chemistry nobody would use there) is no constraint: such cells are not
among those sold.
"""

from __future__ import annotations

from ..data import Chemistry, Measure, MixData, Region, RegionSegmentYear, Segment, Year
from ..family import Family, Glossary, Kind, Limit, LimitText
from ..pyo import pyo

#: Units of the measures.
UNITS = {"specific_energy": "Wh/kg", "energy_density": "Wh/L"}


def add(model: pyo.ConcreteModel, data: MixData) -> None:
    """Add the floor on each average."""
    offered: dict[RegionSegmentYear, list[Chemistry]] = {}
    for r, s, c, y in data.sold:
        offered.setdefault((r, s, y), []).append(c)
    index = [(q, r, s, y) for q, floor_of in data.floor for r, s, y in offered if floor_of == s]

    def rule(m: pyo.ConcreteModel, q: Measure, r: Region, s: Segment, y: Year) -> object:
        floor = data.floor[q, s]
        return sum((data.performance[q, c, y] - floor) * m.additions[r, s, c, y] for c in offered[r, s, y]) >= 0

    model.performance = pyo.Constraint(pyo.Set(initialize=index, dimen=4), rule=rule)


def _words(glossary: Glossary, data: MixData, q: Measure, r: Region, s: Segment, y: Year) -> LimitText:
    segment, unit = glossary.segment(s), UNITS.get(q, "")
    average, scale = f"{q.replace('_', ' ')} of {segment} in {r}", data.demand.get((r, s, y), 1.0)
    return LimitText(f"least {average}", unit, scale, f"a lower {average}", rate=True, looser="less")


FAMILY = Family(
    key="optimise.performance",
    constraints={
        "performance": Limit(
            "measure, region, segment, year", Kind.FITNESS, _words,
            way_out='performance = "off" (or "low", where that is enough)',
            row=lambda q, r, s, y: ("performance", q, s),
        )
    },
    of_plan=True,
)  # fmt: skip
