"""Which inputs a result depends on: a tornado of one input at a time, and beside it the shares of variance."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from minerals.charts import footer, frame, style, wording
from minerals.charts.bundle import Bundle, Result
from minerals.charts.fonts import BOLD, REGULAR, SEMIBOLD
from minerals.charts.selection import Selection, label, table_of, texts
from minerals.charts.style import HEADING, LABEL, SMALL, Page, Panel, Swatch, text_width
from minerals.numbers import number, percent

NAME = "sensitivity"
WAY_OUT = "it is computed by a study of uncertainty"
MOST, SMALLEST = 10, 1e-6
"""Inputs drawn at the most, and the least part of the result that counts as moving it."""
LOW, HIGH = "#7FB6C2", style.ACCENT
QUANTITIES = {
    "mineral_demand": "demand",
    "primary_demand": "primary demand",
    "secondary_supply": "secondary supply",
    "recycled_content": "recycled content",
}
"""Quantities as they are called in a sentence; any other by its own name."""
UNITS = {"kt": "thousand tonnes (kt)", "GWh": "gigawatt-hours (GWh)", "%": "per cent"}


def figure(
    result: Result,
    *,
    region: str | None = None,
    year: int | None = None,
    scenario: str | None = None,
    mineral: str | None = None,
    quantity: str | None = None,
    size: str = "brief",
    title: str | None = None,
) -> Bundle:
    """Draw how far each input moves one result, the furthest first.

    region: default the sum of all; scenario, mineral, quantity: default the first of the table; year: default
    its last for these; size: 'brief' or 'slide'; title: one to use instead of the computed finding.

    The data of the bundle hold a row for each input drawn: scenario, region, mineral, quantity, year, factor, label,
    input, base, at_low, at_high, first, total, unit. Shares of variance are empty where none were computed. A share
    (unit 1) is drawn in %.
    """
    story = _story(result, region, year, scenario, mineral, quantity)
    rows, intensity = len(story.drawn), {"mineral_intensity": {"mineral": [story.mineral]}}
    return frame.bundle(
        result, NAME, title=title, size=size, scenarios=(story.scenario,), unit=story.unit,
        used=footer.demand(result, (story.scenario,), story.region, [story.year], intensity),
        finding=_finding(story), note=_note(story) + frame.shares_held(result),
        subtitle=f"{wording.capitalised(story.outcome)} in {wording.place(story.region)}, {story.year},"
        f" {story.label}, {UNITS.get(story.unit, story.unit)}",
        body=(HEAD + rows * USUAL + FOOT, HEAD + rows * LEAST + FOOT), draw=lambda page: _draw(page, story),
        alt=lambda subtitle: _alt(story, subtitle), data=story.drawn,
        options={
            "region": story.region, "year": story.year, "scenario": story.scenario, "mineral": story.mineral,
            "quantity": story.quantity,
        },
    )  # fmt: skip


@dataclass(frozen=True)
class _Story:
    """The numbers of one chart.

    outcome: mineral and quantity in words; rows: all inputs, the largest swing first, with the columns of the bundle's
    data and `swing`; base: where every bar starts.
    """

    region: str
    year: int
    scenario: str
    label: str
    mineral: str
    quantity: str
    outcome: str
    unit: str
    base: float
    rows: pd.DataFrame

    @property
    def drawn(self) -> pd.DataFrame:
        """The inputs that are drawn: those that move the result, or the first of them all where none does."""
        moving = self.rows[self.rows["swing"] > SMALLEST * abs(self.base)]
        return (self.rows if moving.empty else moving).head(MOST).drop(columns="swing")

    @property
    def common_range(self) -> str:
        """The range that all inputs share, said once instead of below every name; empty where they differ."""
        ranges = set(self.drawn["input"])
        return ranges.pop() if len(ranges) == 1 and len(self.drawn) > 1 else ""

    @property
    def has_shares(self) -> bool:
        """Whether shares of variance are known of any input drawn."""
        return bool(self.drawn["total"].notna().any())

    def number(self, value: float) -> str:
        """A value, with a digit more than in other charts where that tells the ends of a bar apart."""
        ends = zip(self.drawn["at_low"], self.drawn["at_high"], strict=True)
        apart = any(wording.number(low) == wording.number(high) and number(low) != number(high) for low, high in ends)
        return number(value) if apart else wording.number(value)

    def printed(self, value: float) -> str:
        """A value with its unit."""
        return self.number(value) + ("%" if self.unit == "%" else f" {self.unit}")


def _story(
    result: Result, region: str | None, year: int | None, scenario: str | None, mineral: str | None,
    quantity: str | None,
) -> _Story:  # fmt: skip
    """Choose the rows of one result; each choice is made among what those before it leave."""
    selection = Selection(NAME, result)
    table = selection.table("sensitivity", way_out=WAY_OUT)
    picked: dict[str, Any] = {}
    selected = {"scenario": scenario, "region": region, "mineral": mineral, "quantity": quantity}
    for column, wanted in selected.items():
        names = list(dict.fromkeys(table[column].astype(str)))
        usual = selection.everything if column == "region" and selection.everything in names else "".join(names[:1])
        picked[column] = wanted or usual
        selection.known(column, picked[column], names)
        # A misspelt name must not make the names after it look wrong too.
        table = table[table[column] == picked[column]] if picked[column] in names else table
    picked["year"] = selection.year(year, table)
    selection.settle()
    table = table[table["year"] == picked["year"]].copy()
    units, bases = set(table["unit"]), table["base"].astype(float)
    if len(units) > 1 or not np.allclose(bases, bases.iloc[0]):
        selection.problems.append("rows of one result differ in base or unit")
    if table["factor"].duplicated().any():
        selection.problems.append("an input has two rows")
    selection.settle()

    unit = str(units.pop())
    ends = ["base", "at_low", "at_high"]
    table[ends] = table[ends].astype(float) * (100 if unit == "1" else 1)
    for end in ends[1:]:
        table[end] = table[end].fillna(table["base"])
    table["unit"] = unit = "%" if unit == "1" else unit
    for column in ("label", "input"):
        table[column] = texts(table[column])
    table["label"] = table["label"].where(table["label"] != "", table["factor"])
    table["swing"] = table[ends].max(axis=1) - table[ends].min(axis=1)
    table = _with_shares(table, table_of(result, "sobol"), picked).sort_values("swing", ascending=False, kind="stable")
    codes = selection.record["codes"]["mineral"]
    spoken = QUANTITIES.get(picked["quantity"], picked["quantity"].replace("_", " "))
    columns = [*picked, "factor", "label", "input", *ends, "first", "total", "unit", "swing"]
    return _Story(
        **picked,
        label=label(selection.record["scenarios"], picked["scenario"]),
        outcome=f"{wording.lowered(label(codes, picked['mineral']))} {spoken}".strip(),
        unit=unit,
        base=float(table["base"].iloc[0]),
        rows=table[columns].reset_index(drop=True),
    )


def _with_shares(table: pd.DataFrame, sobol: pd.DataFrame | None, picked: dict[str, Any]) -> pd.DataFrame:
    """The rows with the first-order and total index of each input, empty where there is none."""
    if sobol is None:
        return table.assign(first=np.nan, total=np.nan)
    for column, wanted in picked.items():
        sobol = sobol[sobol[column] == wanted]
    return table.merge(sobol[["factor", "first", "total"]], on="factor", how="left", validate="one_to_one")


def _finding(story: _Story) -> str:
    """The input with the largest swing, and the one with the largest total share where that is another."""
    # A comma would split the sentence: 'Battery demand, car' is said as 'battery demand (car)'.
    spoken = [re.sub(r"^([^,(]+), ([^,(]+)$", r"\1 (\2)", wording.lowered(text)) for text in story.rows["label"]]
    totals = [(name, float(total)) for name, total in zip(spoken, story.rows["total"], strict=True) if total == total]
    least = SMALLEST * abs(story.base)
    swings = [(name, float(s)) for name, s in zip(spoken, story.rows["swing"], strict=True) if s > least]
    outcome = f"{wording.possessive(story.region)} {story.year} {story.outcome}"
    return wording.sensitivity_title(outcome, swings, totals)


def _note(story: _Story) -> str:
    """What bars and dots are; what is not drawn."""
    note = "Note: Bars: one input at its low or high value, all others at their central values, which give"
    note += f" {story.printed(story.base)}." + wording.contained_silicon([story.mineral])
    if any(_one_side(story.base, *ends) for ends in zip(story.drawn["at_low"], story.drawn["at_high"], strict=True)):
        note += " Where both move it the same way: at low → at high."
    if story.has_shares:
        note += " Right: Sobol indices, all inputs varying together: first-order is what an input explains on its own,"
        note += " total adds what it does together with others; they need not sum to 100%."
    if story.common_range:
        note += f" Low and high of every input: {story.common_range}."
    rest = story.rows["swing"].iloc[len(story.drawn) :]
    if len(rest):
        most = float(rest.max())
        inputs = f"{len(rest)} more input{'s' if len(rest) > 1 else ''}"
        by = (
            f"moving it by {story.printed(most)} or less"
            if most > SMALLEST * abs(story.base)
            else "without effect on it"
        )
        note += f" Not drawn: {inputs}, {by}."
    return note


def _alt(story: _Story, subtitle: str) -> list[str]:
    """What is drawn, and every bar in words."""
    parts = []
    for row in story.drawn.itertuples():
        text = f"{row.label}{f' ({row.input})' if row.input else ''} {story.number(row.at_low)} to"
        text += f" {story.number(row.at_high)}"
        if row.total == row.total:
            text += f", {percent(row.first)} of variance alone and {percent(row.total)} with others"
        parts.append(text)
    return [
        f"Tornado chart of {wording.lowered(subtitle)}.",
        f"From {story.printed(story.base)}, with each input at its low and high value: {'; '.join(parts)}.",
    ]


HEAD, FOOT = 0.6, 0.08
"""Heights of headings, keys and axis labels, and of the air below the rows, inches before scaling."""
USUAL, LEAST = 0.38, 0.3
"""Height of a row."""
THICK, TWO_LINES = 0.21, 0.46
"""A bar at most; a row in which a label may have two lines."""


def _draw(sheet: Page, story: _Story) -> None:
    """Names of the inputs at the left, the tornado, and at the right the shares of variance."""
    s = sheet.scale
    top, rows = sheet.top - HEAD * s, story.drawn
    pitch = min((top - sheet.bottom - FOOT * s) / len(rows), 0.62 * s)
    bottom = top - pitch * len(rows)
    middles = [top - pitch * (row + 0.5) for row in range(len(rows))]
    left = sheet.left + _draw_names(sheet, story, middles, pitch) + 0.12 * s
    right = sheet.right
    if story.has_shares:
        right = _draw_shares(sheet, rows, middles, bottom, top) - 0.28 * s
    _draw_bars(sheet, story, middles, 0.62 * pitch, Panel(left, bottom, right - left, top - bottom))
    baseline = sheet.top - 0.1 * s
    unit = f", {story.unit}" if story.unit else ""
    sheet.text(sheet.left, baseline, f"One input at a time{unit}", HEADING, style.INK, SEMIBOLD)
    key = [Swatch("at its low value", LOW), Swatch("at its high value", HIGH)]
    sheet.key(sheet.left, baseline - 0.2 * s, key)


def _draw_names(sheet: Page, story: _Story, middles: list[float], pitch: float) -> float:
    """Inputs with their ranges below, against the bars; returns the width they take."""
    s, rows = sheet.scale, story.drawn
    widest = 0.42 * sheet.width
    lines: list[list[tuple[str, float, str]]] = []
    for name, own_range in zip(rows["label"], rows["input"], strict=True):
        span = "" if story.common_range else own_range
        most = 2 if pitch >= TWO_LINES * s else 1
        names = [(text, LABEL, style.INK) for text in style.wrapped(name, widest, LABEL * s, most=most)]
        spans = [(style.shortened(span, widest, SMALL * s), SMALL, style.FAINT)] if span else []
        lines.append([*names, *spans])
    width = max(text_width(text, points * s) for row in lines for text, points, _ in row)
    for row, middle in zip(lines, middles, strict=True):
        height = sum(1.22 * points for _, points, _ in row) * s / 72
        y = middle + height / 2
        for text, points, colour in row:
            y -= 1.22 * points * s / 72
            sheet.text(sheet.left + width, y + 0.28 * points * s / 72, text, points, colour, align="right")
    return width


def _draw_bars(sheet: Page, story: _Story, middles: list[float], bar: float, panel: Panel) -> None:
    """Bars from the base to either end with the numbers at their ends; both on one side share a place."""
    s, base, rows = sheet.scale, story.base, story.drawn
    bar = min(bar, THICK * s)
    end_texts = [_end_texts(story, low, high) for low, high in zip(rows["at_low"], rows["at_high"], strict=True)]
    ends = np.asarray(rows[["base", "at_low", "at_high"]], float)
    limits = _limits(ends, end_texts, panel.width, s)
    axes = sheet.value_axes(panel, limits, ticks=max(2, min(5, int(panel.width / (0.6 * s)))))

    def x(value: float) -> float:
        return panel.left + (value - limits[0]) / (limits[1] - limits[0]) * panel.width

    for (_, low, high), middle, sides in zip(ends, middles, end_texts, strict=True):
        one_side = _one_side(base, low, high)
        for value, colour in sorted(((low, LOW), (high, HIGH)), key=lambda end: -abs(end[0] - base)):
            inner = one_side and abs(value - base) <= min(abs(low - base), abs(high - base))
            axes.barh(middle, value - base, bar / (2 if inner else 1), left=base, color=colour, linewidth=0, zorder=2)
        baseline = middle - 0.36 * LABEL * s / 72
        places = ((x(min(base, low, high)) - 0.05 * s, "right"), (x(max(base, low, high)) + 0.05 * s, "left"))
        for (text, strong), (place, align) in zip(sides, places, strict=True):
            if text:
                colour, weight = (style.INK, BOLD) if strong else (style.MUTED, REGULAR)
                sheet.text(place, baseline, text, LABEL, colour, weight, align)
    axes.axvline(base, color=style.INK, linewidth=1.1 * s, zorder=4)


def _one_side(base: float, low: float, high: float) -> bool:
    return (low - base) * (high - base) > 0


def _end_texts(story: _Story, low: float, high: float) -> tuple[tuple[str, bool], tuple[str, bool]]:
    """Texts at the left and right end of a bar, and whether they are the high value's (bold)."""
    base, at_low, at_high = story.base, (story.number(low), False), (story.number(high), True)
    if _one_side(base, low, high):
        both = (f"{at_low[0]} → {at_high[0]}", False)
        return (both, ("", False)) if low < base else (("", False), both)
    return (at_low, at_high) if low < high or low == high == base else (at_high, at_low)


def _limits(
    ends: NDArray[np.float64], texts: list[tuple[tuple[str, bool], tuple[str, bool]]], width: float, s: float
) -> tuple[float, float]:
    """Ends of the value axis at which every bar and the texts at its ends stay within `width` inches.

    Any bar's left text may meet the left edge, and any other's right text the right one: the pair that leaves least
    room decides the inches per unit.
    """
    least, most = ends.min(axis=1), ends.max(axis=1)
    before, after = (
        np.array([text_width(row[side][0], LABEL * s, BOLD if row[side][1] else REGULAR) for row in texts]) + 0.08 * s
        for side in (0, 1)
    )
    spans = most[:, None] - least
    room = np.maximum(width - after[:, None] - before, 0.1 * width)
    if not (spans > 0).any():
        half = 0.5 * (float(abs(ends).max()) or 1.0)
        return float(least.min()) - half, float(most.max()) + half
    scale = float((room[spans > 0] / spans[spans > 0]).min())
    low = float((least - before / scale).min())
    return low, max(low + width / scale, float((most + after / scale).max()))


def _draw_shares(sheet: Page, rows: pd.DataFrame, middles: list[float], bottom: float, top: float) -> float:
    """First-order and total index as a dot and a ring, and as numbers at the right; returns the left edge."""
    s = sheet.scale
    column = text_width("−100%", LABEL * s, BOLD) + 0.04 * s
    left = sheet.right - 0.31 * sheet.width
    panel = Panel(left, bottom, sheet.right - 2 * column - 0.16 * s - left, top - bottom)
    shares = 100 * np.asarray(rows[["first", "total"]], float)
    low, high = min(0.0, float(np.nanmin(shares))), max(10.0, float(np.nanmax(shares)))
    axes = sheet.value_axes(panel, (low - 0.04 * (high - low), high + 0.04 * (high - low)), ticks=3)
    baseline = sheet.top - 0.1 * s
    sheet.text(left, baseline, "Share of variance, %", HEADING, style.INK, SEMIBOLD)
    key = [Swatch("first-order", style.MUTED, "dot"), Swatch("total", style.MUTED, "ring")]
    sheet.key(left, baseline - 0.2 * s, key)
    limits = axes.get_xlim()
    for text, place in (("first", sheet.right - column), ("total", sheet.right)):
        sheet.text(place, top + 0.07 * s, text, SMALL, style.FAINT, align="right")
    for (first, total), middle in zip(shares, middles, strict=True):
        if not np.isfinite(total):
            continue
        places = [panel.left + (share - limits[0]) / (limits[1] - limits[0]) * panel.width for share in (first, total)]
        sheet.line(places, (middle, middle), style.BASE, 1.2)
        sheet.dot(places[1], middle, style.MUTED, 5, hollow=True)
        sheet.dot(places[0], middle, style.MUTED, 4.4, order=6)
        baseline = middle - 0.36 * LABEL * s / 72
        sheet.text(sheet.right - column, baseline, percent(first / 100), LABEL, style.INK, BOLD, "right")
        sheet.text(sheet.right, baseline, percent(total / 100), LABEL, style.MUTED, align="right")
    return left
