"""LFP as a chokepoint of its own: who makes its cathode, and where LFP cells are to be made outside that country.

It answers the question of figures 7 and 8 of Carnegie's *Battery Geopolitics* (2026).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from minerals.charts import footer, frame, style, supply, wording
from minerals.charts.bundle import Bundle, Result
from minerals.charts.fonts import BOLD, SEMIBOLD
from minerals.charts.selection import Selection
from minerals.charts.style import HEADING, LABEL, Page, Panel, Swatch, text_width
from minerals.numbers import percent

NAME = "lfp_concentration"
FAMILY = "LFP"
MOST_SHARES, MOST_PLANTS = 6, 9
DATA = ("quantity", "node", "future", "country", "year", "value", "low", "high", "unit")


def figure(
    result: Result,
    *,
    year: int | None = None,
    future: str | None = None,
    node: str | None = None,
    size: str = "brief",
    title: str | None = None,
) -> Bundle:
    """Draw the supply of LFP cathode by country, and the LFP capacity announced outside the largest of them.

    year: of the plants, default the last; future: supply future, default that of the first scenario; node: default
    LFP cathode as active material in the chokepoint map; size: 'brief' or 'slide'; title: one to use instead of the
    computed finding.

    The data of the bundle hold a row for each part of the upper bar (quantity `supply_share`, %) and for each lower
    bar (quantity `announced_capacity`, GWh a year; country `all` is their sum).
    """
    story = _story(result, year, future, node)
    rows = len(story.plants) + 1
    used: footer.Used = {
        "supply": {"future": [story.future], "node": [story.node]},
        "announced_capacity": {"year": [story.year], "chemistry": [FAMILY]},
    }
    return frame.bundle(
        result, NAME, title=title, size=size, scenarios=(), used=used, unit="%; GWh",
        finding=_finding(story), note=_note(story),
        subtitle=f"World supply of LFP cathode material, %, and LFP cell plants announced outside"
        f" {wording.place(story.leader)} for {story.year}, gigawatt-hours (GWh) a year",
        body=(ABOVE + rows * USUAL + FOOT, ABOVE + rows * LEAST + FOOT), draw=lambda page: _draw(page, story),
        alt=lambda subtitle: _alt(story, subtitle), data=_drawn(story),
        options={"year": story.year, "future": story.future, "node": story.node},
        futures=[story.future],
    )  # fmt: skip


@dataclass(frozen=True)
class _Story:
    """The numbers of one chart.

    supply_year: that of the data, where it is known; shares: country -> share 0–1; plants: country -> GWh with low and
    high; both from the largest on;
    assumed: label of the future where it is assumed.
    """

    node: str
    future: str
    supply_year: int
    shares: dict[str, float]
    year: int
    plants: dict[str, tuple[float, float, float]]
    assumed: str = ""

    @property
    def leader(self) -> str:
        """The largest supplier that is a country."""
        return max((name for name in self.shares if name != supply.OTHERS), key=lambda name: self.shares[name])

    @property
    def total(self) -> float:
        """GWh announced outside the leader."""
        return sum(gwh[0] for gwh in self.plants.values())


def _story(result: Result, year: int | None, future: str | None, node: str | None) -> _Story:
    selection = Selection(NAME, result)
    table = supply.rows(selection, "supply", ("future", "node", "country", "country_label"))
    plants = supply.rows(selection, "announced_capacity", ("region", "chemistry"))
    if units := sorted(set(plants["unit"]) - {"GWh", "GWh/yr"}):
        selection.problems.append(f"announced_capacity is in {', '.join(map(str, units))}; the chart draws GWh")
    chosen = supply.future(selection, future, table)
    table = table[table["future"] == chosen]
    where = node or supply.lfp_node(result, table)
    selection.known("node", where, list(table["node"].unique()))
    plants = plants[plants["chemistry"].astype(str).str.upper() == FAMILY]
    when = selection.year(year, plants)
    selection.settle()
    table = table[(table["node"] == where) & (table["share"] > 0)]
    years = [int(value) for value in table["year"]]
    at = max([value for value in years if value <= when] or years, default=when)
    table = table[table["year"] == at]
    named = [
        supply.OTHERS if code.startswith("R_OTH") else name or code
        for code, name in zip(table["country"], table["country_label"], strict=True)
    ]
    shares = table["share"].astype(float).groupby(named).sum()
    plants = plants[plants["year"] == when]
    if not len(shares.drop(supply.OTHERS, errors="ignore")) or plants.empty:
        selection.problems.append(f"needs the supply of '{where}' by country, and announced {FAMILY} plants in {when}")
    selection.settle()
    parts = _largest_first({str(name): float(share) for name, share in shares.items()}, MOST_SHARES)
    story = _Story(where, chosen, supply.data_year(result, where, chosen, at) or at, parts, when, {})
    outside = [row for row in plants.itertuples() if str(row.region) != story.leader]
    found = sorted(((str(row.region), _ends(row)) for row in outside), key=lambda item: -item[1][0])
    if len(found) > MOST_PLANTS:
        rest = [gwh for _, gwh in found[MOST_PLANTS - 1 :]]
        sums = tuple(float(sum(gwh[end] for gwh in rest)) for end in range(3))
        found = [*found[: MOST_PLANTS - 1], (supply.OTHERS, (sums[0], sums[1], sums[2]))]
    assumed = supply.future_label(selection, chosen) if supply.is_assumed(result, [chosen]) else ""
    return replace(story, plants=dict(found), assumed=assumed)


def _ends(row: Any) -> tuple[float, float, float]:
    """Value, low and high of a row of plants; the value where an end is missing."""
    value = float(row.value)
    ends = [pd.to_numeric(getattr(row, end, np.nan), errors="coerce") for end in ("low", "high")]
    low, high = (float(end) if np.isfinite(end) else value for end in ends)
    return value, low, high


def _largest_first(shares: dict[str, float], most: int) -> dict[str, float]:
    """The largest countries, and one sum of the others at the end."""
    named = sorted(((n, v) for n, v in shares.items() if n != supply.OTHERS), key=lambda item: -item[1])
    kept, rest = named[: most - 1], shares.get(supply.OTHERS, 0.0) + sum(value for _, value in named[most - 1 :])
    return dict([*kept, *([(supply.OTHERS, rest)] if rest > 0 else [])])


def _drawn(story: _Story) -> pd.DataFrame:
    """Exactly what is drawn, long."""
    rows = [
        ("supply_share", story.node, story.future, name, story.supply_year, 100 * share, np.nan, np.nan, "%")
        for name, share in story.shares.items()
    ]
    plants = {"all": (story.total, np.nan, np.nan)} | story.plants
    rows += [("announced_capacity", "", "", name, story.year, *gwh, "GWh") for name, gwh in plants.items()]
    return pd.DataFrame(rows, columns=list(DATA))


# --- words -----------------------------------------------------------------------------------------------------------


def _finding(story: _Story) -> str:
    """The share of the largest supplier, and what is announced outside it."""
    share = wording.by_how_much(story.shares[story.leader])
    title = f"{wording.capitalised(wording.place(story.leader))} makes {share} of LFP cathode"
    if story.assumed:
        title = (
            f"Under {wording.lowered(story.assumed)} {wording.place(story.leader)} would make {share} of LFP cathode"
        )
    if not story.plants or story.total <= 0:
        return f"{title}; no LFP plants are announced elsewhere for {story.year}"
    name, (most, *_) = next(iter(story.plants.items()))
    title += f"; LFP cell plants announced elsewhere come to {wording.rounded(story.total)} GWh"
    if len(story.plants) < 2:
        return f"{title}, all in {wording.place(name)}"
    return f"{title}, {wording.by_how_much(most / story.total)} of it in {wording.place(name)}"


def _note(story: _Story) -> str:
    note = f"Note: Supply by place of making, {story.supply_year}."
    note += " Plants are announced projects as the source counts them, of which some are not built; a cell plant needs"
    note += " cathode from somewhere."
    if any(low < high for _, low, high in story.plants.values()):
        note += " Whiskers: range of the source."
    return note


def _alt(story: _Story, subtitle: str) -> list[str]:
    shares = [f"{name} {percent(share)}" for name, share in story.shares.items()]
    plants = [f"{name} {wording.number(gwh[0])} GWh" for name, gwh in story.plants.items()]
    announced = f"Plants: {'; '.join(plants)}; all {wording.number(story.total)} GWh." if plants else ""
    return [f"Bars of {wording.lowered(subtitle)}. Supply: {'; '.join(shares)}.", announced]


# --- drawing ---------------------------------------------------------------------------------------------------------

BAR, ABOVE, FOOT = 0.4, 1.5, 0.08
"""Height of the upper bar, of all above the rows of plants, and below them; inches before scaling."""
USUAL, LEAST = 0.36, 0.2
"""Height of a row of plants."""


def _draw(sheet: Page, story: _Story) -> None:
    s = sheet.scale
    heading = f"LFP cathode material, % of world supply, {story.supply_year}"
    sheet.text(sheet.left, sheet.top - 0.1 * s, heading, HEADING, style.INK, SEMIBOLD)
    _draw_shares(sheet, story, Panel(sheet.left, sheet.top - (0.22 + BAR) * s, sheet.width, BAR * s))
    top = sheet.top - ABOVE * s
    heading = f"LFP cell plants announced outside {wording.place(story.leader)}, GWh a year, {story.year}"
    sheet.text(sheet.left, top + 0.34 * s, heading, HEADING, style.INK, SEMIBOLD)
    _draw_plants(sheet, story, top, sheet.bottom + FOOT * s)


def _draw_shares(sheet: Page, story: _Story, panel: Panel) -> None:
    """One bar of 100 %; a part is named in it where its name fits, else in a line below."""
    s = sheet.scale
    axes = sheet.axes(panel)
    axes.set_xlim(0, 100)
    axes.set_ylim(panel.bottom, panel.bottom + panel.height)
    below, start, middle = [], 0.0, panel.bottom + panel.height / 2
    for name, share in story.shares.items():
        colour = supply.country_colour(name)
        axes.barh(middle, 100 * share, panel.height, left=start, color=colour, linewidth=1.0 * s, edgecolor="white")
        text = f"{name} {percent(share)}"
        ground = style.text_on(colour)
        readable = style.contrast(ground, colour) >= 4.5
        if readable and text_width(text, HEADING * s, BOLD) + 0.24 * s < share * panel.width:
            x = panel.left + start / 100 * panel.width + 0.1 * s
            sheet.text(x, middle - 0.36 * HEADING * s / 72, text, HEADING, ground, BOLD)
        else:
            below.append(Swatch(text, colour))
        start += 100 * share
    widths = [text_width(entry.text, LABEL * s) + 0.3 * s for entry in below]
    while below and sum(widths) - 0.14 * s > sheet.width:  # What has no room is in the data, and in the text.
        below.pop(), widths.pop()
    right = sheet.right - sum(widths) + 0.16 * s
    sheet.key(max(right - 0.02 * s, sheet.left), panel.bottom - 0.2 * s, below)


def _draw_plants(sheet: Page, story: _Story, top: float, bottom: float) -> None:
    """A bar for each country and one for their sum."""
    s = sheet.scale
    rows = [("All", (story.total, story.total, story.total)), *story.plants.items()]
    pitch = min((top - bottom) / len(rows), 0.46 * s)
    names = [style.shortened(name, 1.5 * s, LABEL * s, SEMIBOLD) for name, _ in rows]
    left = sheet.left + max(text_width(name, LABEL * s, SEMIBOLD) for name in names) + 0.14 * s
    after = max(text_width(wording.number(gwh[0]), LABEL * s, BOLD) for _, gwh in rows) + 0.12 * s
    panel = Panel(left, top - pitch * len(rows), sheet.right - left, pitch * len(rows))
    peak = max(max(gwh) for _, gwh in rows)
    end = peak * panel.width / (panel.width - after) if peak > 0 else 1.0
    axes = sheet.value_axes(panel, (0.0, end), ticks=max(2, min(6, int(panel.width / (0.7 * s)))))
    bar = min(0.62 * pitch, 0.26 * s)
    for i, ((name, (value, low, high)), text) in enumerate(zip(rows, names, strict=True)):
        middle = top - (i + 0.5) * pitch
        baseline = middle - 0.36 * LABEL * s / 72
        colour = supply.country_colour(name) if i else style.INK
        sheet.text(sheet.left, baseline, text, LABEL, style.INK, SEMIBOLD)
        axes.barh(middle, value, bar, color=colour, linewidth=0, zorder=2)
        if low < high:
            axes.plot([low, high], [middle] * 2, color=style.shade(colour), linewidth=1.1 * s, zorder=3,
                      solid_capstyle="butt")  # fmt: skip
        x = panel.left + max(value, high) / end * panel.width + 0.06 * s
        sheet.text(x, baseline, wording.number(value), LABEL, style.INK, BOLD)
