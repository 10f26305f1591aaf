"""Where plants of new chemistries stand or are announced: a mark for each, by technology, place, year and status.

It answers the question of figures 12 to 14 of Carnegie's *Battery Geopolitics* (2026).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from minerals.charts import frame, style, wording
from minerals.charts.bundle import Bundle, Result
from minerals.charts.fonts import REGULAR, SEMIBOLD
from minerals.charts.selection import Selection, texts
from minerals.charts.style import FAMILY, HEADING, LABEL, Page, Panel, text_width

NAME = "next_gen_plants"
WAY_OUT = "it is computed for runs with [industry]"
COMMERCIAL, CELL, ANODE = "commercial", "cell", "anode"
#: Status -> what the key calls it, its colour, and whether its mark is hollow.
STATUS = {
    "operating": ("stands", style.INK, False),
    "construction": ("being built", style.RAMPS[3][1], False),
    "planned": ("planned", style.ACCENT, True),
    "ambition": ("planned", style.ACCENT, True),
    "paused": ("paused or given up", style.BASE, True),
    "cancelled": ("paused or given up", style.BASE, True),
}
GONE = ("paused", "cancelled")
UNITS = ("kt/yr", "GWh/yr")
NO_YEAR, LATER, UNKNOWN = "no year", "later", "?"
MOST_YEARS = 6
MOST = 20
DATA = ("technology", "item", "place", "company", "site", "scale", "status", "year", "column", "value", "low", "high",
        "unit")  # fmt: skip


def figure(result: Result, *, size: str = "brief", title: str | None = None) -> Bundle:
    """Draw the plants of cells of new chemistries, and of silicon anodes those of the material too: one mark a plant.

    size: 'brief' or 'slide'; title: one to use instead of the computed finding.

    The data of the bundle hold a row for each mark, with the column that it is drawn in: its first year, or `no year`
    where none is published; value is empty where nobody publishes its size.
    """
    story = _story(result)
    rows = len(story.rows)
    gaps = TECH_GAP * (len({row.technology for row in story.rows}) - 1)
    return frame.bundle(
        result, NAME, title=title, size=size, scenarios=(), unit="GWh/yr; kt/yr",
        used={"next_gen_plant": {"technology": [row.technology for row in story.rows]}},
        finding=_finding(story), note=_note(story),
        subtitle="Plants of new chemistries by technology, place and first year of making cells or anodes",
        body=(HEAD + (rows + gaps) * USUAL + FOOT, HEAD + (rows + gaps) * LEAST + FOOT),
        draw=lambda page: _draw(page, story), alt=lambda subtitle: _alt(story, subtitle), data=_drawn(story),
        options={},
    )  # fmt: skip


class _Plant(NamedTuple):
    """One plant of the list. column: of the years drawn."""

    technology: str
    item: str
    place: str
    company: str
    site: str
    scale: str
    status: str
    year: float
    column: str
    value: float
    low: float
    high: float
    unit: str

    @property
    def counts(self) -> bool:
        """Whether it is commercial, and stands or is to come."""
        return self.scale == COMMERCIAL and self.status not in GONE


@dataclass(frozen=True)
class _Row:
    """Plants of one technology in one place."""

    technology: str
    place: str
    plants: tuple[_Plant, ...]

    @property
    def commercial(self) -> int:
        return sum(plant.counts for plant in self.plants)

    @property
    def known(self) -> str:
        """What is known of the size of those that stand or are to come: 102 GWh · 11 kt + 8.5 GWh."""
        sized = [plant for plant in self.plants if plant.status not in GONE and np.isfinite(plant.value)]
        sums = {unit: sum(plant.value for plant in sized if plant.unit == unit) for unit in UNITS}
        return " + ".join(wording.amount(size, unit.removesuffix("/yr")) for unit, size in sums.items() if size) or "?"


@dataclass(frozen=True)
class _Story:
    """The numbers of one chart. columns: years drawn; materials: plants of other materials, which are not."""

    rows: tuple[_Row, ...]
    columns: tuple[str, ...]
    materials: int

    @property
    def plants(self) -> list[_Plant]:
        return [plant for row in self.rows for plant in row.plants]


def _story(result: Result) -> _Story:
    selection = Selection(NAME, result)
    table = selection.table("next_gen_plants", way_out=WAY_OUT)
    words = ("technology", "item", "company", "site", "place", "scale", "status", "unit")
    table = table.assign(**{column: texts(table[column]) for column in words})
    numbers = {column: pd.to_numeric(table[column]) for column in ("year", "value", "low", "high")}
    table = table.assign(**numbers)
    drawn = table[table["item"].eq(CELL) | (table["technology"].eq("Si-anode") & table["item"].eq(ANODE))]
    if drawn.empty:
        selection.problems.append("no plant of cells or of silicon anodes is listed")
        selection.settle()
    first = int(selection.record["years"][0])
    last = int(min(drawn["year"].max(), first + MOST_YEARS - 1)) if drawn["year"].notna().any() else first
    columns = [f"≤ {first - 1}", *map(str, range(first, max(last, first) + 1)), LATER, NO_YEAR]

    def column(year: float) -> str:
        if np.isnan(year):
            return NO_YEAR
        return columns[0] if year < first else LATER if year > max(last, first) else str(int(year))

    plants = [
        _Plant(row.technology, row.item, row.place, row.company, row.site, row.scale, row.status, float(row.year),
               column(float(row.year)), float(row.value), float(row.low), float(row.high), row.unit)
        for row in drawn.itertuples()
    ]  # fmt: skip
    order = {status: at for at, status in enumerate(STATUS)}
    of: dict[tuple[str, str], list[_Plant]] = {}
    for plant in sorted(plants, key=lambda plant: (order.get(plant.status, len(order)), plant.scale != COMMERCIAL)):
        of.setdefault((plant.technology, plant.place), []).append(plant)
    rows = [_Row(*key, tuple(mine)) for key, mine in of.items()]
    families = list(dict.fromkeys([*FAMILY, *(row.technology for row in rows)]))
    rows.sort(key=lambda row: (families.index(row.technology), -row.commercial, -len(row.plants), row.place))
    if len(rows) > MOST:
        selection.problems.append(f"{len(rows)} places of plants do not fit")
        selection.settle()
    taken = {plant.column for plant in plants}
    return _Story(
        rows=tuple(rows),
        columns=tuple(name for name in columns if name not in (LATER, NO_YEAR) or name in taken),
        materials=len(table) - len(drawn),
    )


def _drawn(story: _Story) -> pd.DataFrame:
    """Exactly what is drawn, a row for each mark."""
    return pd.DataFrame([tuple(getattr(plant, name) for name in DATA) for plant in story.plants], columns=list(DATA))


# --- words -----------------------------------------------------------------------------------------------------------


def _finding(story: _Story) -> str:
    """Where most commercial plants that stand or are to come are, and how many of them stand."""
    counted = [plant for plant in story.plants if plant.counts]
    if not counted:
        return wording.Subject("Where plants of new chemistries stand or are announced")
    places = [plant.place for plant in counted]
    first, *others = sorted(dict.fromkeys(places), key=places.count, reverse=True)
    if others and places.count(others[0]) == places.count(first):
        return f"{len(counted)} commercial plants of new chemistries stand or are announced"
    mine = [plant for plant in counted if plant.place == first]
    stand = sum(plant.status == "operating" for plant in mine)
    return (
        f"Of {len(counted)} listed commercial plants of new chemistries {len(mine)} are in {wording.place(first)},"
        f" where {stand or 'none'} stand{'s' if stand == 1 else ''} so far"
    )


def _note(story: _Story) -> str:
    note = "Note: Large marks: commercial plants; small: pilots and research. Plants that a company or an authority has"
    note += (
        " named: a list, no census. At the right: commercial ones that stand or are to come, and the size a year of all"
    )
    note += f" that say it. {UNKNOWN}\u00a0Nobody says."
    if story.materials:
        note += f" Not drawn: {story.materials} plants of other materials."
    return f"{note} Si-anode: of the material and of cells."


def _alt(story: _Story, subtitle: str) -> list[str]:
    parts = []
    for row in story.rows:
        said = [STATUS.get(plant.status, (plant.status, "", False))[0] for plant in row.plants]
        counts = ", ".join(f"{said.count(each)} {each}" for each in dict.fromkeys(said))
        parts.append(f"{row.technology}, {row.place}: {counts}; {row.commercial} commercial; known size {row.known}")
    return [f"Marks of {wording.lowered(subtitle)}. {'. '.join(parts)}."]


# --- drawing ---------------------------------------------------------------------------------------------------------

HEAD, FOOT = 0.34, 0.3
"""Heights of the headings and of the key below, inches before scaling."""
USUAL, LEAST = 0.23, 0.165
"""Height of a row."""
TECH_GAP = 0.4
"""Air between two technologies, in rows."""
LARGE, LITTLE, EDGE = 5.0, 2.8, 1.2
"""Marks of commercial plants and of others, and the line around them, points across."""
SPACING = 0.105
"""From one mark to the next, inches before scaling: they never touch."""


def _draw(sheet: Page, story: _Story) -> None:
    s, rows = sheet.scale, story.rows
    technologies = list(dict.fromkeys(row.technology for row in rows))
    top = sheet.top - HEAD * s
    pitch = min((top - sheet.bottom - FOOT * s) / (len(rows) + TECH_GAP * (len(technologies) - 1)), 0.3 * s)
    middles = [top - (i + 0.5 + TECH_GAP * technologies.index(row.technology)) * pitch for i, row in enumerate(rows)]
    first = max(text_width(name, LABEL * s, SEMIBOLD) for name in technologies) + 0.14 * s
    places = [style.shortened(row.place, 1.2 * s, LABEL * s) for row in rows]
    left = sheet.left + first + max(text_width(name, LABEL * s) for name in places) + 0.16 * s
    ends = [str(row.commercial) for row in rows], [row.known for row in rows]
    heads = ("plants", "known size")
    widths = [
        max(text_width(text, LABEL * s, REGULAR) for text in (head, *column)) + 0.16 * s
        for head, column in zip(heads, ends, strict=True)
    ]
    rights = (sheet.right - widths[1], sheet.right)
    panel = Panel(left, middles[-1] - 0.5 * pitch, sheet.right - sum(widths) - left, top - middles[-1] + 0.5 * pitch)
    wide = panel.width / len(story.columns)
    for i, name in enumerate(story.columns):
        text = style.shortened(UNKNOWN if name == NO_YEAR else name, wide, LABEL * s)
        sheet.text(panel.left + (i + 0.5) * wide, top + 0.07 * s, text, LABEL, style.MUTED, align="center")
        sheet.line((panel.left + i * wide,) * 2, (panel.bottom, top), style.GRID, 0.7, order=0)
    for head, right in zip(heads, rights, strict=True):
        sheet.text(right, top + 0.07 * s, head, LABEL, style.FAINT, align="right")
    sheet.text(sheet.left, sheet.top - 0.1 * s, "Plants, by first year", HEADING, style.INK, SEMIBOLD)
    above = ""
    for row, place, middle, *last in zip(rows, places, middles, *ends, strict=True):
        baseline = middle - 0.36 * LABEL * s / 72
        if row.technology != above:
            colour = style.as_text(FAMILY.get(row.technology, style.INK))
            sheet.text(sheet.left, baseline, row.technology, LABEL, colour, SEMIBOLD)
            sheet.line((sheet.left, sheet.right), (middle + 0.5 * pitch,) * 2, style.GRID, 0.7, order=0)
            above = row.technology
        sheet.text(sheet.left + first, baseline, place, LABEL, style.INK)
        for text, right in zip(last, rights, strict=True):
            sheet.text(right, baseline, text, LABEL, style.MUTED if text == UNKNOWN else style.INK, align="right")
        for i, name in enumerate(story.columns):
            mine = [plant for plant in row.plants if plant.column == name]
            _draw_marks(sheet, mine, panel.left + (i + 0.5) * wide, middle, wide, pitch)
    _draw_key(sheet, story)


def _draw_marks(sheet: Page, plants: Sequence[_Plant], centre: float, middle: float, wide: float, pitch: float) -> None:
    """A mark for each plant of a cell of the chart, in one line, or in two where they are many."""
    s = sheet.scale
    lines = 1 if len(plants) * SPACING * s <= wide else 2
    each = -(-len(plants) // lines)
    for at, plant in enumerate(plants):
        line, place = divmod(at, each)
        count = min(each, len(plants) - line * each)
        gap = min(SPACING * s, wide / max(each, 1))
        y = middle + (0.25 * pitch if line == 0 else -0.25 * pitch) * (lines > 1)
        _, colour, hollow = STATUS.get(plant.status, ("", style.BASE, True))
        room = 72 * min(gap, 0.5 * pitch if lines > 1 else gap) / s - 0.3  # What a mark may take with its edge.
        points = min(1.0, room / (LARGE + EDGE)) * (LARGE if plant.scale == COMMERCIAL else LITTLE)
        sheet.dot(centre + (place - (count - 1) / 2) * gap, y, colour, points, hollow=hollow)


def _draw_key(sheet: Page, story: _Story) -> None:
    drawn = {plant.status for plant in story.plants}
    entries = dict.fromkeys(
        style.Swatch(text, colour, "ring" if hollow else "dot")
        for status, (text, colour, hollow) in STATUS.items()
        if status in drawn
    )
    sheet.key(sheet.left, sheet.bottom + 0.1 * sheet.scale, list(entries))
