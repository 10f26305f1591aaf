r"""No more recovered material is used than comes back: of batteries already sold (data), and of those decided here.

$$v_{rlmk} = \sum_{(s,c) \in l} i_{cmk}\, x_{rsck}, \qquad
  w_{rmy} \le W_{rmy} + \sum_{l,\, k \le y} a_{rlmky}\, v_{rlmk} + \sum_a g_{ramy}\, e_{ray}, \qquad
  w_{rmy} \ge \kappa_{rmy}\, \gamma_{ry} \sum_c i_{cmy} X_{rcy} \qquad [\mathrm{kt}]$$

Cells that leave use alike are one life $l$, so that what they hold is summed first. Prompt scrap comes back in the year
of its cells ($k = y$). Loops are regional: what a region recovers, it uses. As a measure, batteries $e$ go ways to
recover more, which give $g$ on top.

Of a plan that is given, cells that are short give nothing back in their own year, and later count as the plan has
them, which is little by the end of a mix.

The last is the least recycled content, of all cells of a region together and of what any of its batteries give back.
The law lets what is recovered come from any waste too, but asks it model by model, of batteries of vehicles and
industry (light means of transport later). Cells of portable devices, which a run may leave out, are held to it here.

Source: Regulation (EU) 2023/1542, article 8 (recycling_target.csv).
"""

from __future__ import annotations

from ..data import Chemistry, Cohort, Life, Mineral, MixData, Region, RegionMineralYear, Segment, Way, Year
from ..family import Balance, Family, Glossary, Kind, Limit, LimitText
from ..pyo import pyo


def add(model: pyo.ConcreteModel, data: MixData) -> None:
    """Add what cells hold, what comes back of it, and the least that new cells must hold of that."""
    alike: dict[tuple[Region, Life, Year], list[tuple[Segment, Chemistry]]] = {}
    for r, s, c, y in data.sold:
        if life := data.life.get((r, s, c)):
            alike.setdefault((r, life, y), []).append((s, c))
    back: dict[RegionMineralYear, list[tuple[Life, Cohort]]] = {}
    for r, life, mineral, k, y in data.returned:
        back.setdefault((r, mineral, y), []).append((life, k))

    more: dict[RegionMineralYear, list[Way]] = {}
    for r, way, mineral, y in data.recycling_gain:
        more.setdefault((r, mineral, y), []).append(way)
    prompt: dict[RegionMineralYear, float] = {}
    for (r, _, mineral, k, y), part in data.returned.items():
        if k == y:
            prompt[r, mineral, y] = max(prompt.get((r, mineral, y), 0.0), part)

    def contained(m: pyo.ConcreteModel, r: Region, life: Life, mineral: Mineral, k: Cohort) -> object:
        cells = [(s, c) for s, c in alike.get((r, life, k), ()) if (c, mineral, k) in data.content]
        return m.held[r, life, mineral, k] == sum(
            data.content[c, mineral, k] * m.additions[r, s, c, k] for s, c in cells
        )

    def available(m: pyo.ConcreteModel, r: Region, mineral: Mineral, y: Year) -> object:
        own = sum(
            data.returned[r, life, mineral, k, y] * m.held[r, life, mineral, k]
            for life, k in back.get((r, mineral, y), ())
        )
        lacking = sum(
            prompt[r, mineral, y] * data.content[c, mineral, y] * m.short[r, c, y]
            for c in data.chemistries
            if (r, c, y) in m.short and (c, mineral, y) in data.content and (r, mineral, y) in prompt
        )
        gained = sum(
            data.recycling_gain[r, way, mineral, y] * m.recycled[r, way, y] for way in more.get((r, mineral, y), ())
        )
        return m.secondary[r, mineral, y] - own + lacking - gained <= data.recovered[r, mineral, y]

    def content(m: pyo.ConcreteModel, r: Region, mineral: Mineral, y: Year) -> object:
        holding = [c for c in data.chemistries if (c, mineral, y) in data.content and (r, c, y) in m.cells_of]
        taken = sum(data.content[c, mineral, y] * m.cells[r, c, y] for c in holding)
        least = data.recycled[r, mineral, y] * data.gain.get((r, y), 1.0)
        return m.secondary[r, mineral, y] - least * taken >= 0

    if not data.plan_given:
        model.contained = pyo.Constraint(model.held.index_set(), rule=contained)
    model.secondary_available = pyo.Constraint(pyo.Set(initialize=list(data.recovered), dimen=3), rule=available)
    model.recycled_content = pyo.Constraint(pyo.Set(initialize=list(data.recycled), dimen=3), rule=content)


def _available(glossary: Glossary, _: MixData, r: Region, m: Mineral, __: Year) -> LimitText:
    mineral = glossary.mineral(m)
    what = f"{mineral} recovered in {r}"
    return LimitText(what, "kt", about=f"more {what}")


def _content(glossary: Glossary, _: MixData, r: Region, m: Mineral, __: Year) -> LimitText:
    mineral = glossary.mineral(m)
    about = f"{mineral} for batteries of {r} that need not be recycled"
    return LimitText(f"least recycled content of {mineral} in {r}", "kt", about=about, looser="less")


FAMILY = Family(
    key="optimise.recycled_content",
    constraints={
        "contained": Balance("region, life, mineral, cohort"),
        "secondary_available": Limit(
            "region, mineral, year", Kind.RECOVERY, _available, key="flows", amounts="each",
            no_way_out="what comes back was sold in years before, and [flows] says how much of it is recovered",
        ),
        "recycled_content": Limit(
            "region, mineral, year", Kind.RULE, _content, rank=6, way_out="recycled_content = false"
        ),
    },
)  # fmt: skip
