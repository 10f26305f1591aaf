r"""The share of a family, and of a chemistry in it, grows and falls no faster than plants and buyers allow; from
nothing it begins with a seed.

$$\frac{X_{rfy}}{D_{ry}} \le (1 + g_{rf}) \frac{X_{rf,y-1}}{D_{r,y-1}} + \sigma_{rf}, \qquad
  \frac{X_{rfy}}{D_{ry}} \ge (1 - d_{rf}) \frac{X_{rf,y-1}}{D_{r,y-1}} \qquad [1]$$

with $X_{rfy}$ the additions of family or chemistry $f$, and before the first year the share as data. A year without
demand counts as the one before it. That a chemistry without a row of its own begins, grows and falls like its family is
assumed: nothing says that a plant of one grade makes another at once.

Source: the fastest rises and falls of a family in a year that sales show (growth_limit.csv: EV-Volumes in Busch 2025).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..data import Chemistry, Group, MixData, Region, Year
from ..family import EACH, Family, Glossary, Kind, Limit, LimitText
from ..pyo import pyo

#: Of a share, one unit of loosening is told as a point.
POINT = 0.01


def add(model: pyo.ConcreteModel, data: MixData) -> None:
    """Add how fast shares may grow and fall."""
    members: dict[Group, list[Chemistry]] = {c: [c] for c in data.chemistries}
    for c in data.chemistries:
        members.setdefault(data.family[c], []).append(c)

    def share(m: pyo.ConcreteModel, r: Region, f: Group, y: Year) -> Any:
        if y < data.years[0]:
            return data.before.get((r, f), 0.0)
        if (r, y) not in data.wanted:  # Nothing is sold, and the year before counts.
            return share(m, r, f, Year(y - 1))
        return sum(m.cells[r, c, y] for c in members[f] if (r, c, y) in m.cells_of) / data.wanted[r, y]

    def grow(m: pyo.ConcreteModel, r: Region, f: Group, y: Year) -> object:
        return share(m, r, f, y) - (1 + data.growth[r, f]) * share(m, r, f, Year(y - 1)) <= data.seed.get((r, f), 0.0)

    def fall(m: pyo.ConcreteModel, r: Region, f: Group, y: Year) -> object:
        return share(m, r, f, y) - (1 - data.decline[r, f]) * share(m, r, f, Year(y - 1)) >= 0

    sold = {(r, f, y) for r, c, y in model.cells_of for f in (c, data.family[c])}
    rising = [(r, f, y) for r, f in data.growth for y in data.years if (r, f, y) in sold]
    falling = [(r, f, y) for r, f in data.decline for y in data.years if (r, f, y) in sold]
    model.growth = pyo.Constraint(pyo.Set(initialize=rising, dimen=3), rule=grow)
    model.decline = pyo.Constraint(pyo.Set(initialize=falling, dimen=3), rule=fall)


def _words(what: str) -> Callable[..., LimitText]:
    """LimitText for growth or decline."""

    def words(glossary: Glossary, _: MixData, r: Region, f: Group, __: Year) -> LimitText:
        name = glossary.chemistry(f)
        about = f"faster {what} of {name} in {r}"
        return LimitText(f"{what} of {EACH} in {r}", "point", POINT, about, name, rate=True)

    return words


WAY_OUT = 'growth = "off" (or "high", where that is enough)'
FAMILY = Family(
    key="optimise.growth",
    constraints={
        "growth": Limit(
            "region, family, year", Kind.PACE, _words("growth"), rank=0, way_out=WAY_OUT,
            row=lambda r, f, y: ("growth", r, f),
        ),
        "decline": Limit(
            "region, family, year", Kind.PACE, _words("decline"), rank=1, way_out=WAY_OUT,
            row=lambda r, f, y: ("decline", r, f),
        ),
    },
    of_plan=True,
)  # fmt: skip
