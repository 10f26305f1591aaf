"""What the materials of a kWh of cells are worth, by chemistry and part, at the prices of a year."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from minerals.charts import frame, style, wording
from minerals.charts.bundle import Bundle, Result
from minerals.charts.fonts import BOLD, SEMIBOLD
from minerals.charts.selection import Selection, texts
from minerals.charts.style import HEADING, LABEL, SMALL, Page, Panel, Swatch
from minerals.results.interval import Interval

NAME = "material_value"
WAY_OUT = "it is computed for runs with [industry] and [exposure]"
UNIT = "USD_2025/kWh"
#: Part -> what the key calls it, and its colour.
PARTS = {
    "cathode": ("cathode", style.ACCENT), "anode": ("anode", style.INK), "electrolyte": ("electrolyte", "#45B0D8"),
    "separator": ("separator", style.BASE), "foil": ("copper and aluminium", "#E27D4B"),
}  # fmt: skip
MOST = 12
DATA = ("chemistry", "silicon", "label", "family", "node", "part", "year", "use", "use_unit", "price", "value", "low",
        "high", "unit")  # fmt: skip


def figure(result: Result, *, year: int | None = None, size: str = "brief", title: str | None = None) -> Bundle:
    """Draw the value of what is bought for a kWh of cells: a bar for each chemistry, stacked by part.

    year: whose prices, default the first of the table; size: 'brief' or 'slide'; title: one to use instead of the
    computed finding.

    The data of the bundle hold a row for each material: use (kg/kWh), price, and value with the ends of the price; all
    three are empty where nobody prices it.
    """
    story = _story(result, year)
    rows = len(story.rows)
    return frame.bundle(
        result, NAME, title=title, size=size, scenarios=(), unit=UNIT,
        used={"cell_materials": {"year": [story.year]}}, finding=_finding(story), note=_note(story),
        subtitle=f"Active materials, copper and aluminium of a kWh of cells at prices of {story.year}, real 2025"
        " US dollars",
        body=(HEAD + rows * USUAL + FOOT, HEAD + rows * LEAST + FOOT), draw=lambda page: _draw(page, story),
        alt=lambda subtitle: _alt(story, subtitle), data=story.data, options={"year": story.year},
    )  # fmt: skip


@dataclass(frozen=True)
class _Row:
    """One chemistry. parts: value of each that has a price; unpriced: what is bought of which nobody says the price."""

    label: str
    family: str
    parts: dict[str, Interval]
    unpriced: tuple[str, ...]

    @property
    def total(self) -> Interval:
        """What has a price together; the ends take all ends at once."""
        return Interval(*(float(sum(ends[end] for ends in self.parts.values())) for end in range(3)))

    @property
    def range(self) -> str:
        """15 to 17 · 15, at its low and its high end."""
        low, high = wording.number(self.total.low), wording.number(self.total.high)
        return low if low == high else f"{low} to {high}"


@dataclass(frozen=True)
class _Story:
    """The numbers of one chart. held: whether the price of another year stands for any."""

    year: int
    rows: tuple[_Row, ...]
    held: bool
    data: pd.DataFrame

    @property
    def whole(self) -> list[_Row]:
        """Chemistries of which all has a price, the dearest first."""
        return sorted((row for row in self.rows if not row.unpriced), key=lambda row: -row.total.value)


def _story(result: Result, year: int | None) -> _Story:
    selection = Selection(NAME, result)
    table = selection.table("cell_materials", UNIT, WAY_OUT)
    words = ("chemistry", "label", "family", "node", "node_label", "part", "fill")
    table = table.assign(**{column: texts(table[column]) for column in words})
    when = selection.year(year if year is not None else int(table["year"].min()), table)
    selection.settle()
    table = table[table["year"] == when]
    table = table.assign(**{end: pd.to_numeric(table[end]) for end in ("price", "value", "low", "high")})
    rows = []
    for (_, _, label, family), mine in table.groupby(["chemistry", "silicon", "label", "family"], sort=False):
        priced = mine[np.isfinite(mine["value"])]
        sums = priced.groupby("part")[["low", "value", "high"]].sum()
        parts = {part: Interval(*map(float, sums.loc[part])) for part in [*PARTS, *sums.index] if part in sums.index}
        unpriced = tuple(mine.loc[~np.isfinite(mine["value"]), "node_label"])
        rows.append(_Row(label, family, parts, unpriced))
    if len(rows) > MOST:
        selection.problems.append(f"{len(rows)} chemistries do not fit; name up to {MOST} in industry.chemistries")
        selection.settle()
    return _Story(when, tuple(rows), bool((table["fill"] == "hold").any()), table[list(DATA)].reset_index(drop=True))


# --- words -----------------------------------------------------------------------------------------------------------


def _finding(story: _Story) -> str:
    """What the dearest and the cheapest that are priced whole come to, where their ranges do not meet."""
    whole = story.whole
    if len(whole) < 2 or not whole[0].total.low > whole[-1].total.high:
        return wording.Subject(f"What the materials of a kWh of cells are worth at prices of {story.year}")
    dear, cheap = whole[0], whole[-1]
    return (
        f"The main materials of a kWh are worth {dear.range} dollars in {dear.label} cells and {cheap.range} in"
        f" {cheap.label} ones"
    )


def _note(story: _Story) -> str:
    note = "Note: Lines run from low to high of the prices, all at once; most are of China, without value-added tax."
    note += (
        " Each product counts once, all its grades at one price; electrolyte at that of lithium-ion cells. Metals with"
    )
    note += " those of the pack; scrap, cans and binders are left out."
    if any(row.unpriced for row in story.rows):
        note += " +\u00a0? What is named has no price and is not nothing; the rest alone is drawn."
    if story.held:
        note += f" Where no price of {story.year} is known that of the nearest year is held."
    return note


def _said(row: _Row) -> str:
    """35 (30–42) · 6.5 (5.3–10) + ?, where something has no price."""
    low, value, high = (wording.number(end) for end in row.total)
    span = f" ({low}–{high})" if low != high else ""
    return f"{value}{span}{' + ?' if row.unpriced else ''}"


def _unpriced(row: _Row) -> str:
    return f"no price: {wording.names([wording.lowered(name) for name in row.unpriced])}" if row.unpriced else ""


def _alt(story: _Story, subtitle: str) -> list[str]:
    parts = [
        ", ".join(filter(None, [f"{row.label} {_said(row)}",
                                *(f"{PARTS.get(part, (part, ''))[0]} {wording.number(ends.value)}"
                                  for part, ends in row.parts.items()), _unpriced(row)]))
        for row in story.rows
    ]  # fmt: skip
    return [f"Stacked bars of {wording.lowered(subtitle)}. {'; '.join(parts)}."]


# --- drawing ---------------------------------------------------------------------------------------------------------

HEAD, FOOT = 0.42, 0.3
"""Heights of the headings and of the key below, inches before scaling."""
USUAL, LEAST = 0.46, 0.36
"""Height of a row."""
NAMES = 1.25
"""Width of the names."""


def _draw(sheet: Page, story: _Story) -> None:
    s, rows = sheet.scale, story.rows
    top = sheet.top - HEAD * s
    pitch = min((top - sheet.bottom - FOOT * s) / len(rows), 0.6 * s)
    left = sheet.left + NAMES * s
    panel = Panel(left, top - pitch * len(rows), sheet.right - left, pitch * len(rows))
    peak = max((row.total.high for row in rows), default=0.0)
    sheet.text(left, sheet.top - 0.1 * s, "Dollars per kWh", HEADING, style.INK, SEMIBOLD)
    axes = sheet.value_axes(panel, (0.0, 1.04 * peak or 1.0), ticks=6)
    for i, row in enumerate(rows):
        y = top - i * pitch
        sheet.line((sheet.left, sheet.right), (y, y), style.GRID, 0.7, order=0)
        family = style.shortened(row.family, (NAMES - 0.1) * s, LABEL * s, SEMIBOLD)
        colour = style.as_text(style.FAMILY.get(row.family, style.INK))
        sheet.text(sheet.left, y - 0.17 * s, family, LABEL, colour, SEMIBOLD)
        if name := wording.kind(row.label, row.family):
            name = style.shortened(name, (NAMES - 0.05) * s, SMALL * s)
            sheet.text(sheet.left, y - 0.29 * s, name, SMALL, style.FAINT)
        number = _said(row)
        sheet.text(left + 0.05 * s, y - 0.16 * s, number, LABEL, style.INK, BOLD, clear=True)
        if row.unpriced:
            start = left + 0.05 * s + style.text_width(number, LABEL * s, BOLD) + 0.12 * s
            text = style.shortened(_unpriced(row), sheet.right - start, LABEL * s)
            sheet.text(start, y - 0.16 * s, text, LABEL, style.FAINT, clear=True)
        middle, start = y - 0.17 * s - 0.45 * (pitch - 0.17 * s), 0.0
        for part, ends in row.parts.items():
            axes.barh(middle, ends.value, 0.12 * s, left=start, color=PARTS.get(part, ("", style.PALE))[1], zorder=3,
                      linewidth=0.5 * s, edgecolor="white")  # fmt: skip
            start += ends.value
        if row.total.low < row.total.high:
            axes.plot([row.total.low, row.total.high], [middle - 0.08 * s] * 2, color=style.INK, linewidth=1.1 * s,
                      zorder=4, solid_capstyle="butt")  # fmt: skip
    drawn = {part for row in rows for part in row.parts}
    sheet.key(sheet.left, sheet.bottom + 0.1 * s, [Swatch(*about) for part, about in PARTS.items() if part in drawn])
