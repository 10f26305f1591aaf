"""How much of what cell making takes could be recycled: mined, from its own scrap, from retired batteries, in kt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from minerals.charts import footer, frame, series, style, wording
from minerals.charts.bundle import Bundle, Result
from minerals.charts.fonts import BOLD, SEMIBOLD
from minerals.charts.selection import Selection, label
from minerals.charts.series import Layer
from minerals.charts.style import HEADING, SUBTITLE, Page, Panel, Swatch, text_width
from minerals.errors import UsageError
from minerals.numbers import percent

NAME = "secondary_supply"
WAY_OUT = "material flows are computed for runs with [flows]"
MINERALS = ("graphite", "nickel", "lithium", "cobalt")
ORIGINS = {
    "retired": ("Recycled batteries", style.ACCENT),
    "prompt": ("Recycled scrap of cell making", style.RAMPS[2][0]),
    "primary": ("Mined and refined", style.BASE),
}
"""Where the input comes from, from the base of the stack up: what it is called, and its colour."""
RECYCLING = ("lifetime", "second_life", "collection_rate", "recovery_route", "recovery_rate", "line_scrap", "line_ramp")
"""Tables that recycling is computed from."""
QUANTITIES = {"retired": "secondary_retired", "prompt": "secondary_prompt_scrap", "primary": "primary_demand"}


def figure(
    result: Result,
    *,
    region: str | None = None,
    year: int | None = None,
    since: int | None = None,
    scenario: str | None = None,
    minerals: Sequence[str] | None = None,
    size: str = "brief",
    title: str | None = None,
) -> Bundle:
    """Draw the input of cell making by where it comes from, a panel for each mineral.

    region: one of the record's regions, or the sum of all (default); since, year: first and last year drawn, default
    those of the table; scenario: default the first of the run; minerals: codes, in the order drawn, default graphite,
    nickel, lithium and cobalt; size: 'brief' or 'slide'; title: one to use instead of the computed finding.

    The data of the bundle hold a row for each year of each area (quantities `primary_demand`,
    `secondary_prompt_scrap` and `secondary_retired`, kt) and the recycled content of the last year (%): quantity,
    scenario, region, mineral, year, value, unit.
    """
    story = _story(result, region, since, year, scenario, minerals)
    columns, rows = _grid(len(story.minerals))
    return frame.bundle(
        result, NAME, title=title, size=size, scenarios=(story.scenario,), unit="kt",
        used=footer.demand(result, (story.scenario,), story.region, story.years, footer.whole(*RECYCLING)),
        finding=_finding(story), note=_note(story),
        subtitle=f"Input of cell making for batteries in {wording.place(story.region)}, {story.label},"
        f" {story.years[0]}–{story.years[-1]}, thousand tonnes (kt) a year",
        body=(KEY + rows * 1.75, KEY + rows * LEAST), draw=lambda page: _draw(page, story, columns, rows),
        alt=lambda subtitle: _alt(story, subtitle), data=_drawn(story),
        options={
            "region": story.region, "since": story.years[0], "year": story.years[-1], "scenario": story.scenario,
            "minerals": list(story.minerals),
        },
    )  # fmt: skip


@dataclass(frozen=True)
class _Story:
    """The numbers of one chart. kt: shape (mineral, origin, year), origins as in ORIGINS."""

    region: str
    scenario: str
    label: str
    years: list[int]
    minerals: tuple[str, ...]
    mineral_labels: tuple[str, ...]
    kt: NDArray[np.float64]

    @property
    def content(self) -> NDArray[np.float64]:
        """Recycled content in the last year, a share by mineral; NaN where cell making takes nothing."""
        whole = self.kt[:, :, -1].sum(axis=1)
        with np.errstate(invalid="ignore"):
            return np.asarray(np.where(whole > 0, self.kt[:, :2, -1].sum(axis=1) / whole, np.nan))


def _story(
    result: Result, region: str | None, since: int | None, year: int | None, scenario: str | None,
    minerals: Sequence[str] | None,
) -> _Story:  # fmt: skip
    """Choose rows, sum them over regions, and split what is secondary by where it comes from.

    Secondary material never exceeds the input; where more is recovered than needed, prompt scrap counts first.
    """
    selection = Selection(NAME, result)
    table = selection.table("mineral_flows", "kt", WAY_OUT)
    place, name, years = selection.region(region), selection.scenario(scenario), selection.span(since, year, table)
    codes = list(dict.fromkeys(map(str, table["mineral"])))
    chosen = list(minerals or [code for code in MINERALS if code in codes] or codes[: len(MINERALS)])
    for code in chosen:
        selection.known("mineral", code, codes)
    if len(set(chosen)) < len(chosen):
        selection.problems.append("minerals = names one twice")
    selection.settle()
    table = selection.rows_in(table, place)
    table = table[(table["scenario"] == name) & table["year"].isin(years) & table["mineral"].isin(chosen)]
    if table.empty:
        selection.problems.append(f"scenario '{name}' has no material flows in {place} in {years[0]}–{years[-1]}")
    selection.settle()
    # By region: what is recovered in one region beyond its needs is no supply of another.
    parts = table.pivot_table(index=["region", "mineral", "year"], columns="flow", values="value", aggfunc="sum")
    parts = parts.reindex(columns=["secondary_supply", "recovered_prompt", "primary_demand"]).fillna(0.0)
    prompt = np.minimum(parts["recovered_prompt"], parts["secondary_supply"])
    retired, primary = parts["secondary_supply"] - prompt, parts["primary_demand"]
    split = pd.DataFrame({"retired": retired, "prompt": prompt, "primary": primary})
    summed = split.groupby(["mineral", "year"]).sum()
    cells = pd.MultiIndex.from_product([chosen, years])
    kt = np.asarray(summed.reindex(cells, fill_value=0.0), float).reshape(len(chosen), len(years), len(ORIGINS))
    return _Story(
        region=place,
        scenario=name,
        label=label(selection.record["scenarios"], name),
        years=years,
        minerals=tuple(chosen),
        mineral_labels=tuple(label(selection.record["codes"]["mineral"], code) for code in chosen),
        kt=kt.transpose(0, 2, 1),
    )


def _drawn(story: _Story) -> pd.DataFrame:
    """Exactly what is drawn, long."""
    where = {"scenario": story.scenario, "region": story.region}
    rows = [
        {"quantity": QUANTITIES[origin], **where, "mineral": mineral, "year": year, "value": value, "unit": "kt"}
        for mineral, origins in zip(story.minerals, story.kt, strict=True)
        for origin, values in zip(ORIGINS, origins, strict=True)
        for year, value in zip(story.years, values, strict=True)
    ]
    rows += [
        {"quantity": "recycled_content", **where, "mineral": mineral, "year": story.years[-1], "value": 100 * content,
         "unit": "%"}
        for mineral, content in zip(story.minerals, story.content, strict=True)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def _finding(story: _Story) -> str:
    """The highest recycled contents, and the lowest as their contrast."""
    spoken = zip(map(wording.lowered, story.mineral_labels), map(float, story.content), strict=True)
    return wording.share_title(story.region, story.years[-1], [(name, share) for name, share in spoken if share >= 0])


def _note(story: _Story) -> str:
    """What counts as recycled."""
    note = "Note: Per cent: recycled content in the last year, the secondary share of all that cell making takes."
    note += (
        " Scrap of cell making (prompt scrap) counts as secondary once a recycler has recovered it, and counts first."
    )
    note += " Each panel has its own scale."
    if "graphite" in story.minerals:
        note += " Graphite is anode-grade."
    return note + wording.contained_silicon(story.minerals)


def _alt(story: _Story, subtitle: str) -> list[str]:
    """What is drawn, and the last year of each panel in words."""
    parts = []
    for name, origins, content in zip(story.mineral_labels, story.kt, story.content, strict=True):
        retired, prompt, primary = (wording.number(kt) for kt in origins[:, -1])
        if np.isnan(content):
            parts.append(f"{wording.lowered(name)} none")
        else:
            parts.append(
                f"{wording.lowered(name)} {percent(content)} recycled ({primary} kt mined and refined,"
                f" {prompt} from prompt scrap, {retired} from retired batteries)"
            )
    return [f"Stacked areas of {wording.lowered(subtitle)}.", f"In {story.years[-1]}: {'; '.join(parts)}."]


KEY, LEAST = 0.3, 1.35
"""Height of the line that names the areas, and of a row of panels at the least, inches before scaling."""
HEAD, AIR, ACROSS = 0.3, 0.14, 0.3
"""Height of a panel's heading, air below its years, and air between two columns."""
MOST_ROWS = 3


def _grid(panels: int) -> tuple[int, int]:
    """Columns and rows."""
    columns = 1 if panels == 1 else 2 if panels in (2, 4) else 3
    rows = math.ceil(panels / columns)
    if rows > MOST_ROWS:
        raise UsageError(f"{NAME}: {panels} minerals do not fit; name {3 * MOST_ROWS} or fewer with minerals =")
    return columns, rows


def _draw(sheet: Page, story: _Story, columns: int, rows: int) -> None:
    """What the colours are, then the panels row by row."""
    s = sheet.scale
    heading = "Input of cell making, kt"
    sheet.text(sheet.left, sheet.top - 0.1 * s, heading, HEADING, style.INK, SEMIBOLD)
    after = sheet.left + text_width(heading, HEADING * s, SEMIBOLD) + 0.2 * s
    sheet.key(after, sheet.top - 0.1 * s, [Swatch(name, colour) for name, colour in reversed(ORIGINS.values())])
    width = (sheet.width - (columns - 1) * ACROSS * s) / columns
    height = (sheet.top - sheet.bottom - KEY * s) / rows
    contents = ["–" if np.isnan(content) else percent(content) for content in story.content]
    after = 0.12 * s + max(text_width(text, SUBTITLE * s, BOLD) for text in contents)
    tops = story.kt.sum(axis=1).max(axis=1)
    before = max(series.gutter(float(top), 3, s) for top in tops)
    for i, content in enumerate(contents):
        row, column = divmod(i, columns)
        left = sheet.left + column * (width + ACROSS * s)
        top = sheet.top - KEY * s - row * height
        bottom = top - height + (series.UNDER + AIR) * s
        panel = Panel(left + before, bottom, width - before - after, top - HEAD * s - bottom)
        name = style.shortened(story.mineral_labels[i], width, HEADING * s, SEMIBOLD)
        sheet.text(left, top - 0.12 * s, name, HEADING, style.INK, SEMIBOLD)
        _draw_panel(sheet, story, i, content, panel, left)


def _draw_panel(sheet: Page, story: _Story, i: int, content: str, panel: Panel, left: float) -> None:
    """One mineral: its areas, and a bracket with the recycled content at the end of them."""
    s, kt = sheet.scale, story.kt[i]
    axes = series.over_years(sheet, panel, left, story.years, float(kt.sum(axis=0).max()), ticks=3)
    layers = [Layer(values, colour) for values, (_, colour) in zip(kt, ORIGINS.values(), strict=True)]
    series.stack(axes, story.years, layers, s)
    recycled = float(kt[:2, -1].sum()) / axes.get_ylim()[1] * panel.height
    edge = panel.left + panel.width + 0.045 * s
    if recycled > 0:
        sheet.line((edge, edge), (panel.bottom, panel.bottom + recycled), style.ACCENT, 1.8)
    half = 0.36 * SUBTITLE * s / 72
    baseline = max(panel.bottom + recycled / 2 - half, panel.bottom + 0.02 * s)
    colour = style.MUTED if content == "–" else style.ACCENT
    sheet.text(edge + 0.06 * s, baseline, content, SUBTITLE, colour, BOLD)
