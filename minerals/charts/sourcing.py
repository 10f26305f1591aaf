"""Where the material in a region's batteries comes from at every step: a flow diagram from mine to use, in kt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from minerals.charts import footer, frame, style, supply, wording
from minerals.charts.bundle import Bundle, Result
from minerals.charts.fonts import REGULAR, SEMIBOLD
from minerals.charts.selection import Selection, label, table_of
from minerals.charts.style import HEADING, LABEL, SMALL, Page, text_width
from minerals.numbers import percent

NAME = "sourcing"
MOST = 5
"""Boxes of a stage; the countries beyond are one."""
DATA = (
    "quantity", "chain", "scenario", "region", "year", "stage_from", "country_from", "stage_to", "country_to", "value",
    "share", "unit",
)  # fmt: skip
COVERED = 0.95
"""A stage that less than this part of the material passes says nothing of the whole."""
LEAST_SHARE = 0.2
"""A country through which less than this passes is no headline."""
HEADS = {"cell": "Cell making", "mining": "Mining"}
PLANTS = {"mining": "mines", "refining": "refineries", "active_material": "material plants", "cell": "cell plants"}
"""What the material passes through at a stage, in a sentence."""
ELECTRODE = {"graphite": "anode plants", "nickel": "cathode plants", "cobalt": "cathode plants"}
"""The active material that a mineral goes into, where it goes into one."""


def figure(
    result: Result,
    *,
    region: str | None = None,
    year: int | None = None,
    scenario: str | None = None,
    mineral: str | None = None,
    size: str = "brief",
    title: str | None = None,
) -> Bundle:
    """Draw the flow of one chain.

    region: where the batteries are used, default all together where the result has them; year: default the last;
    scenario: default the first of the run; mineral: the chain, default graphite, else the first of the table; size:
    'brief' or 'slide'; title: one to use instead of the computed finding.

    The data of the bundle hold a row for each band (quantity `flow`, kt, and its share of what leaves the stage, %)
    and for each box (quantity `stage`: stage_from and country_from).
    """
    story = _story(result, region, year, scenario, mineral)
    supplied: footer.Used = {
        "supply": {"node": story.nodes},
        "mineral_intensity": {"mineral": [story.chain]},
        "import_origin": {},
        "graphite_route" if story.chain == "graphite" else "stage_yield": {},
    }
    return frame.bundle(
        result, NAME, title=title, size=size, scenarios=(story.scenario,), unit="kt",
        used=footer.demand(result, (story.scenario,), story.region, [story.year], supplied),
        finding=_finding(story), note=_note(story),
        subtitle=f"{wording.capitalised(story.chain_label)} in batteries used in {wording.place(story.region)} in"
        f" {story.year}, {story.label}{story.shares_of}, thousand tonnes (kt)",
        body=(3.7, 2.6), draw=lambda page: _draw(page, story),
        alt=lambda subtitle: _alt(story, subtitle), data=_drawn(story),
        options={"region": story.region, "year": story.year, "scenario": story.scenario, "mineral": story.chain},
        futures=supply.futures_of(result, (story.scenario,)),
    )  # fmt: skip


class _Place(NamedTuple):
    """A country at a stage."""

    stage: str
    country: str


@dataclass(frozen=True)
class _Story:
    """The numbers of one chart. flows: (from, to) -> kt; stages in the order of the chain, the last one use; nodes: of
    the chain, and data_years: those of their shares of supply, where they are known."""

    region: str
    year: int
    scenario: str
    label: str
    chain: str
    chain_label: str
    stages: tuple[str, ...]
    flows: dict[tuple[_Place, _Place], float]
    nodes: tuple[str, ...]
    data_years: tuple[int, ...]

    @property
    def shares_of(self) -> str:
        """, at suppliers’ shares of 2023–2025; '' where they are not older than the year drawn."""
        if not self.data_years or self.data_years[0] >= self.year:
            return ""
        return (
            f", at suppliers’ shares of {'–'.join(dict.fromkeys(map(str, (self.data_years[0], self.data_years[-1]))))}"
        )

    def kt(self, place: _Place) -> float:
        """What leaves a place, or at the last stage what comes to it."""
        end = 1 if place.stage == self.stages[-1] else 0
        return sum(kt for ends, kt in self.flows.items() if ends[end] == place)

    def size(self, place: _Place) -> float:
        """The larger of what comes and what goes: between them lies what is lost, or a step that begins here."""
        return max(sum(kt for ends, kt in self.flows.items() if ends[end] == place) for end in (0, 1))

    def places(self, stage: str) -> list[_Place]:
        """Boxes of a stage, the largest first and the others last."""
        found = {place for ends in self.flows for place in ends if place.stage == stage}
        return sorted(found, key=lambda place: (place.country == supply.OTHERS, -self.kt(place), place.country))

    def covered(self, stage: str) -> float:
        """What passes a stage against what is used: below one where some material takes another way, as synthetic
        graphite does past the refining of natural."""
        passing, used = (sum(self.kt(place) for place in self.places(each)) for each in (stage, self.stages[-1]))
        return passing / used if used > 0 else 0.0

    def share(self, place: _Place) -> float:
        """Share of its stage, 0–1."""
        whole = sum(self.kt(other) for other in self.places(place.stage))
        return self.kt(place) / whole if whole > 0 else 0.0


def _story(result: Result, region: str | None, year: int | None, scenario: str | None, mineral: str | None) -> _Story:
    selection = Selection(NAME, result)
    columns = ("chain", "stage_from", "country_from", "stage_to", "country_to")
    table = supply.rows(selection, "sourcing", columns, "kt")
    when, name = selection.year(year, table), selection.scenario(scenario)
    where = supply.place(selection, region or _importer(selection, table), table)
    chains = list(dict.fromkeys(table["chain"]))
    chain = mineral or ("graphite" if "graphite" in chains else next(iter(chains), ""))
    selection.known("mineral", chain, chains)
    selection.settle()
    rows = table["chain"].eq(chain) & table["region"].eq(where) & table["year"].eq(when) & table["scenario"].eq(name)
    table = table[rows & (table["value"] > 0)]
    if table.empty:
        selection.problems.append(f"scenario '{name}' has no flow of {chain} in {where} in {when}")
    selection.settle()
    codes = selection.record["codes"]
    countries = supply.country_names(selection)
    stages = supply.stages_in_order([*table["stage_from"], *table["stage_to"]])
    flows: dict[tuple[_Place, _Place], float] = {}
    for row in table.itertuples():
        ends = (_Place(row.stage_from, _named(countries, row.country_from)),
                _Place(row.stage_to, _named(countries, row.country_to)))  # fmt: skip
        flows[ends] = flows.get(ends, 0.0) + float(row.value)
    story = _Story(
        region=where,
        year=when,
        scenario=name,
        label=label(selection.record["scenarios"], name),
        chain=chain,
        chain_label=wording.lowered(label(codes["mineral"], chain)),
        stages=tuple(stages),
        flows=flows,
        **_supplied(selection, chain, stages, when),
    )
    return _Story(**{**story.__dict__, "flows": _merged(story)})


def _supplied(selection: Selection, chain: str, stages: Sequence[str], year: int) -> dict[str, Any]:
    """Nodes of a chain, and the years that their shares of supply were observed in, from the chokepoint map."""
    table = table_of(selection.result, "concentration")
    if table is None:
        return {"nodes": (), "data_years": ()}
    item = label(selection.record["codes"]["mineral"], chain).lower()
    future = supply.future(selection, None, table)
    about = table["item"].astype(str).str.lower().eq(item) | table["stage"].eq("cell")
    table = table[about & table["stage"].isin(stages) & table["future"].eq(future)]
    years = sorted(
        {int(each) for each in pd.to_numeric(table["data_year"], errors="coerce").dropna() if 0 < each <= year}
    )
    return {"nodes": tuple(dict.fromkeys(map(str, table["node"]))), "data_years": tuple(years)}


def _importer(selection: Selection, table: pd.DataFrame) -> str | None:
    """Of several regions the one into whose batteries most comes from abroad."""
    home = {name: set(str(codes).split(";")) for name, codes in selection.record.get("region_members", {}).items()}
    used = table[table["stage_to"].eq("use")]
    made_abroad = [row.country_from not in home.get(str(row.region), ()) for row in used.itertuples()]
    abroad = used[np.array(made_abroad, dtype=bool)]
    bought = abroad.groupby("region", sort=False)["value"].sum()
    return str(bought.idxmax()) if used["region"].nunique() > 1 and len(bought) else None


def _named(codes: dict[str, dict[str, str]], code: str) -> str:
    return supply.OTHERS if code.startswith("R_OTH") else label(codes, code)


def _merged(story: _Story) -> dict[tuple[_Place, _Place], float]:
    """Flows with the small countries of each stage as one; the region itself is kept."""
    small: set[_Place] = set()
    for stage in story.stages:
        places = [place for place in story.places(stage) if place.country not in (supply.OTHERS, story.region)]
        kept = MOST - (len(story.places(stage)) - len(places))
        if len(places) > kept:
            small |= set(places[max(kept - 1, 1) :])
    merged: dict[tuple[_Place, _Place], float] = {}
    for ends, kt in story.flows.items():
        one, two = (place._replace(country=supply.OTHERS) if place in small else place for place in ends)
        merged[(one, two)] = merged.get((one, two), 0.0) + kt
    return merged


def _drawn(story: _Story) -> pd.DataFrame:
    """Exactly what is drawn, long."""
    where = (story.chain, story.scenario, story.region, story.year)
    left = {stage: sum(kt for (one, _), kt in story.flows.items() if one.stage == stage) for stage in story.stages}
    rows = [
        ("flow", *where, *one, *two, story.flows[(one, two)], 100 * story.flows[(one, two)] / left[one.stage], "kt")
        for stage in story.stages
        for one in story.places(stage)
        for target in story.stages
        for two in story.places(target)
        if (one, two) in story.flows
    ]
    rows += [
        ("stage", *where, *place, "", "", story.kt(place), 100 * story.share(place), "kt")
        for stage in story.stages
        for place in story.places(stage)
    ]
    return pd.DataFrame(rows, columns=list(DATA))


# --- words -----------------------------------------------------------------------------------------------------------


def _finding(story: _Story) -> str:
    """What of the material goes into cells that the region makes itself, and the step that most of it passes in one
    other country. Both are shares of the mass: of cells in GWh the region may make another part."""
    steps = [
        place
        for stage in reversed(story.stages[:-1])  # Of equal shares the step nearest to the battery is named.
        if story.covered(stage) > COVERED
        for place in story.places(stage)
        if place.country not in (story.region, supply.OTHERS)
    ]
    own = _Place("cell", story.region)
    makes = story.share(own) if own in story.places("cell") else 0.0
    most = max(steps, key=lambda place: round(story.share(place), 9), default=None)
    if most is None or story.share(most) < LEAST_SHARE:
        return wording.Subject(
            f"Where the {story.chain_label} in {wording.possessive(story.region)} batteries comes from"
        )
    plants = ELECTRODE.get(story.chain) if most.stage == "active_material" else None
    plants = plants or PLANTS.get(most.stage, wording.lowered(supply.stage_label(most.stage)))
    share = wording.by_how_much(story.share(most))
    through = f"passes through {wording.possessive(most.country)} {plants}"
    if makes < wording.LEAST_WORTH_SAYING or most.stage == "cell":
        return f"{wording.capitalised(share)} of the {story.chain_label} in {wording.possessive(story.region)}" \
               f" batteries {through}"  # fmt: skip
    link = "but" if story.share(most) > makes else "and"
    own_cells = wording.by_how_much(makes)
    return f"Cells made in {wording.place(story.region)} would hold {own_cells} of the {story.chain_label} in its" \
           f" batteries, {link} {share} {through}"  # fmt: skip


def _note(story: _Story) -> str:
    note = "Note: Colours show where the material comes from at each step. Per cent: share of the step. Pro rata, not"
    note += (
        " observed: own supply first, the rest by what others export; cells by their origin as last"
        " observed, moved with what makers make since, or as the run says." + wording.contained_silicon([story.chain])
    )
    if story.scenario == supply.CHOSEN:
        note += " From whom the mix would buy instead is in the chart chosen_sourcing."
    if story.chain == "graphite":
        note += " Natural and synthetic graphite together, but that synthetic graphite is not mined."
    rest = "the rest is synthetic graphite" if story.chain == "graphite" else "the rest does not pass through it"
    for stage in story.stages:
        if (part := story.covered(stage)) <= COVERED:
            note += f" {wording.capitalised(_head(stage))} holds {percent(part)} of what is used; {rest}."
    if any(place.country == supply.OTHERS for ends in story.flows for place in ends):
        note += f" {supply.OTHERS}: the smaller ones and what no source allocates."
    return note


def _alt(story: _Story, subtitle: str) -> list[str]:
    parts = [
        f"{_head(stage)}: "
        + ", ".join(
            f"{place.country} {wording.number(story.kt(place))} kt ({percent(story.share(place))})"
            for place in story.places(stage)
        )
        for stage in story.stages
    ]
    return [f"Flow diagram of {wording.lowered(subtitle)}.", f"{'. '.join(parts)}."]


def _head(stage: str) -> str:
    return HEADS.get(stage, supply.stage_label(stage))


# --- drawing ---------------------------------------------------------------------------------------------------------

HEAD, GAP, LINE, STRIPE = 0.3, 0.08, 0.15, 0.07
"""Heights of the headings, of the air between boxes, of a line of text below a thin box; width of a box's stripe."""
ONE_LINE, TWO_LINES = 0.17, 0.34
"""Heights of a box that hold a line and two, inches before scaling."""


@dataclass
class _Column:
    """The boxes of one stage, in inches: left edge, width, and top and height by place."""

    left: float
    width: float
    tops: dict[_Place, float] = field(default_factory=dict)
    heights: dict[_Place, float] = field(default_factory=dict)


def _draw(sheet: Page, story: _Story) -> None:
    s = sheet.scale
    top, bottom = sheet.top - HEAD * s, sheet.bottom + 0.08 * s
    scale = _scale(story, top - bottom, s)
    columns = _columns(sheet, story, scale, top)
    axes = sheet.axes(style.Panel(sheet.left, bottom, sheet.width, top - bottom))
    axes.set_xlim(sheet.left, sheet.right)
    axes.set_ylim(bottom, top)
    _draw_bands(axes, story, columns, scale)
    for stage, column in columns.items():
        heading = style.shortened(_head(stage), column.width + 0.2 * s, HEADING * s, SEMIBOLD)
        sheet.text(column.left, sheet.top - 0.1 * s, heading, HEADING, style.INK, SEMIBOLD)
        for place in story.places(stage):
            _draw_box(sheet, axes, story, column, place)


def _scale(story: _Story, height: float, s: float) -> float:
    """Inches per kt at which every stage fits, with a line of text below each box too thin to hold it."""
    scale = np.inf
    for _ in range(2 * MOST):
        before = scale
        for stage in story.stages:
            sizes = [story.size(place) for place in story.places(stage)]
            thin = sum(size * scale < ONE_LINE * s for size in sizes)
            air = GAP * s * (len(sizes) - 1) + LINE * s * thin
            scale = min(scale, max(height - air, 0.2 * height) / sum(sizes))
        if scale == before:
            break
    return float(scale)


def _columns(sheet: Page, story: _Story, scale: float, top: float) -> dict[str, _Column]:
    s, count = sheet.scale, len(story.stages)
    last = 0.86 * s
    width = min(1.12 * s, (sheet.width - last - 0.42 * s * (count - 1)) / max(count - 1, 1))
    step = (sheet.width - last) / (count - 1)
    columns = {}
    for i, stage in enumerate(story.stages):
        column = _Column(sheet.left + i * step, last if i == count - 1 else width)
        y = top
        for place in story.places(stage):
            column.tops[place], column.heights[place] = y, story.size(place) * scale
            thin = column.heights[place] < ONE_LINE * s
            y -= column.heights[place] + (GAP + LINE * thin) * s
        columns[stage] = column
    return columns


def _draw_bands(axes: Axes, story: _Story, columns: dict[str, _Column], scale: float) -> None:
    """Bands in the colour of where they come from; at both ends in the order of the boxes they go to or come from."""
    leaves = {place: column.tops[place] for column in columns.values() for place in column.tops}
    comes = dict(leaves)
    t = np.linspace(0, 1, 48)
    smooth = t * t * (3 - 2 * t)
    starts, ends = {}, {}
    for one, two in sorted(story.flows, key=lambda ends: -_edge(columns, ends[1])):
        starts[(one, two)] = leaves[one]
        leaves[one] -= story.flows[(one, two)] * scale
    for one, two in sorted(story.flows, key=lambda ends: -_edge(columns, ends[0])):
        ends[(one, two)] = comes[two]
        comes[two] -= story.flows[(one, two)] * scale
    for one, two in sorted(story.flows, key=lambda ends: -story.flows[ends]):
        first, second = columns[one.stage], columns[two.stage]
        left, right = first.left + first.width, second.left
        upper = starts[(one, two)] + (ends[(one, two)] - starts[(one, two)]) * smooth
        colour = supply.pale(supply.country_colour(one.country), 0.55)
        axes.fill_between(left + (right - left) * t, upper - story.flows[(one, two)] * scale, upper, facecolor=colour,
                          edgecolor="white", linewidth=0.3, zorder=2)  # fmt: skip


def _edge(columns: dict[str, _Column], place: _Place) -> float:
    """Upper edge of a box."""
    return columns[place.stage].tops[place]


def _draw_box(sheet: Page, axes: Axes, story: _Story, column: _Column, place: _Place) -> None:
    """A pale box with a stripe in the country's colour, and its name and share in it or, where it is thin, below."""
    s = sheet.scale
    top, height = column.tops[place], column.heights[place]
    colour = supply.country_colour(place.country)
    stripe = STRIPE * s
    for x, width, face in ((column.left, stripe, colour), (column.left + stripe, column.width - stripe,
                                                           supply.pale(colour, 0.78))):  # fmt: skip
        axes.add_patch(Rectangle((x, top - height), width, height, facecolor=face, linewidth=0, zorder=3))
    share, kt = percent(story.share(place)), wording.number(story.kt(place))
    x, room = column.left + stripe + 0.06 * s, column.width - stripe - 0.1 * s
    if height >= TWO_LINES * s:
        middle = top - height / 2
        name = _fitting(place.country, room, LABEL * s, SEMIBOLD)
        below = f"{kt} kt" if story.share(place) > 0.9995 else f"{kt} kt · {share}"
        sheet.text(x, middle + 0.03 * s, name, LABEL, style.INK, SEMIBOLD)
        sheet.text(x, middle - 0.11 * s, style.shortened(below, room, SMALL * s), SMALL, style.INK)
        return
    text = f" {share}"
    name = _fitting(place.country, room - text_width(text, SMALL * s), SMALL * s)
    thin = height < ONE_LINE * s
    y = top - height - 0.105 * s if thin else top - height / 2 - 0.36 * SMALL * s / 72
    sheet.text(x, y, name + text, SMALL, style.INK)


def _fitting(name: str, room: float, points: float, weight: int = REGULAR) -> str:
    """The name, or where it is too long its short form."""
    short = "Others" if name == supply.OTHERS else supply.SHORT.get(name, name)
    return name if text_width(name, points, weight) <= room else style.shortened(short, room, points, weight)
