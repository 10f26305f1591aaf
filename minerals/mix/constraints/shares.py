r"""Of the batteries of a region, or of one use of them, a family or a chemistry has at most and at least a share.

$$\sum_{c \in f} x_{rscy} \le \overline{\mu}_{rsfy} \sum_c x_{rscy}, \qquad
  \sum_{c \in f} x_{rscy} \ge \underline{\mu}_{rsfy} \sum_c x_{rscy} \qquad [\mathrm{GWh}]$$

for a family or chemistry $f$ in a segment $s$, or in all of them together. The share is of what is put into use,
so what is unmet counts in neither sum. A least share of what cannot be sold cannot be kept, and is stated all the same,
so that it is named.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from ..data import ALL_SEGMENTS, Chemistry, Group, MixData, Region, RegionSegmentGroupYear, Segment, Year
from ..family import EACH, Family, Glossary, Kind, Limit, LimitText
from ..pyo import pyo


def add(model: pyo.ConcreteModel, data: MixData) -> None:
    """Add the largest and the least shares that a run asks for."""
    by_place: dict[tuple[Region, Segment, Year], dict[Chemistry, Any]] = {}
    for r, s, c, y in data.sold:
        by_place.setdefault((r, s, y), {})[c] = model.additions[r, s, c, y]
        by_place.setdefault((r, ALL_SEGMENTS, y), {})[c] = model.cells[r, c, y]

    def of(r: Region, s: Segment, f: Group, y: Year) -> list[Any]:
        """What is sold of a family or chemistry."""
        sold = by_place.get((r, s, y), {})
        return [gwh for c, gwh in sold.items() if f in (c, data.family[c])]

    def most(_: pyo.ConcreteModel, r: Region, s: Segment, f: Group, y: Year) -> object:
        return sum(of(r, s, f, y)) - data.max_share[r, s, f, y] * sum(by_place[r, s, y].values()) <= 0

    def least(_: pyo.ConcreteModel, r: Region, s: Segment, f: Group, y: Year) -> object:
        return sum(of(r, s, f, y)) - data.min_share[r, s, f, y] * sum(by_place[r, s, y].values()) >= 0

    def places(keys: list[RegionSegmentGroupYear]) -> pyo.Set:
        return pyo.Set(initialize=keys, dimen=4)

    largest = [key for key, share in data.max_share.items() if share < 1 and of(*key)]
    smallest = [(r, s, f, y) for (r, s, f, y), share in data.min_share.items() if share > 0 and (r, s, y) in by_place]
    model.max_share = pyo.Constraint(places(largest), rule=most)
    model.min_share = pyo.Constraint(places(smallest), rule=least)


def _words(what: str, looser: Literal["more", "less"], beyond: str) -> Callable[..., LimitText]:
    """LimitText of a largest or a least share. beyond: where what is loosened is."""

    def words(glossary: Glossary, data: MixData, r: Region, s: Segment, f: Group, y: Year) -> LimitText:
        name = glossary.chemistry(f)
        place = r if s == ALL_SEGMENTS else f"{glossary.segment(s)} in {r}"
        about = f"{name} in {place} {beyond}"
        whole = data.wanted.get((r, y), 0.0) if s == ALL_SEGMENTS else data.demand.get((r, s, y), 0.0)
        return LimitText(
            f"{what} share of {EACH} in {place}", "GWh", about=about, name=name, looser=looser, whole=whole
        )

    return words


INDEX = "region, segment, family, year"
FAMILY = Family(
    key="optimise.max_share",
    constraints={
        "max_share": Limit(
            INDEX, Kind.RULE, _words("largest", "more", "above its largest share"), rank=7,
            way_out="a higher max_share", amounts="each",
            amount=lambda data, *key: (100 * data.max_share[key], "%"),
        ),
        "min_share": Limit(
            INDEX, Kind.RULE, _words("least", "less", "below its least share"), rank=8, key="optimise.min_share",
            way_out="a lower min_share", amounts="each",
            amount=lambda data, *key: (100 * data.min_share[key], "%"),
        ),
    },
    of_plan=True,
)  # fmt: skip
