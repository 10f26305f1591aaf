"""What packs of each chemistry cost, and could cost if learning goes on: observed prices, then one curve a family."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from minerals.charts import footer, frame, series, style, wording
from minerals.charts.bundle import Bundle, Result
from minerals.charts.fonts import BOLD, REGULAR, SEMIBOLD
from minerals.charts.selection import Selection, table_of
from minerals.charts.style import FAMILY, HEADING, LABEL, Page, Panel, Swatch, text_width
from minerals.numbers import percent

from ..haste import frozen

NAME = "cost_curves"
UNIT = "USD_2025/kWh"
WAY_OUT = "prices are computed for runs with [prices]"
AVERAGE = "Li-ion"
NAMES = {AVERAGE: "Li-ion average", "Li-metal": "Solid state"}
UNSOLD = "not sold"
"""Stands in the table, over its empty columns, for a family that the world adoption does not sell."""
SENTENCE = {AVERAGE: "lithium-ion", "Na-ion": "sodium-ion", "Li-metal": "solid-state"}


def figure(
    result: Result,
    *,
    year: int | None = None,
    scenario: str | None = None,
    size: str = "brief",
    title: str | None = None,
) -> Bundle:
    """Draw observed prices of lithium-ion packs, and the learning curve of each family with its range.

    year: last year drawn, default that of the table; scenario: one of the world adoptions of the prices, default the
    first; size: 'brief' or 'slide'; title: one to use instead of the computed finding.

    The data of the bundle hold a row for each dot, ring and year of a curve: case (observed, forecast, goal or curve),
    scenario, family, year, value, low, high, unit. A family that the scenario does not sell has no curve.
    """
    story = _story(result, year, scenario)
    return frame.bundle(
        result, NAME, title=title, size=size, scenarios=(), unit=UNIT,
        used=footer.whole("cell_price", "learning_rate", "price_relative", "cumulative_energy"),
        finding=_finding(story), note=_note(story),
        subtitle=f"Pack prices, {story.span}, real 2025 US dollars per kWh; world adoption: {story.label}",
        lines={"red_line": _red_line(story), "run": footer.run_line(result.record, [f"{story.label} (world)"])},
        body=(3.3, _needed(story)), draw=lambda page: _draw(page, story),
        alt=lambda _: _alt(story), data=_drawn(story),
        options={"year": story.years[-1], "scenario": story.scenario},
    )  # fmt: skip


@frozen
class _PriceCurve:
    """A family's prices from its anchor on: (3, year) value, low, high; sold: whether anything moves it."""

    family: str
    values: NDArray[np.float64]
    sold: bool
    rate: float
    assumed: bool

    @property
    def name(self) -> str:
        """As the table of the chart names it."""
        return NAMES.get(self.family, self.family)

    @property
    def colour(self) -> str:
        return FAMILY.get(self.family, style.INK)


@dataclass(frozen=True)
class _Story:
    """The numbers of one chart; points: observed, forecast and announced prices; fitted: rate, and the last price."""

    scenario: str
    label: str
    caveat: str
    years: list[int]
    curves: list[_PriceCurve]
    points: pd.DataFrame
    fitted: tuple[float, float] | None
    floored: bool

    @property
    def seen(self) -> pd.DataFrame:
        """Observed prices of the average pack."""
        return self.points.query("case == 'observed' and family == @AVERAGE").sort_values("year")

    @property
    def forecasts(self) -> pd.DataFrame:
        """Forecasts and goals of others in the years drawn."""
        points = self.points[(self.points["case"] != "observed") & self.points["year"].isin(self.years)]
        return points.sort_values(["year", "value"])

    @property
    def span(self) -> str:
        first = int(self.points["year"].min()) if len(self.points) else self.years[0]
        return f"{first}–{self.years[-1]}"

    @property
    def sold(self) -> list[_PriceCurve]:
        return [curve for curve in self.curves if curve.sold]

    def of(self, family: str) -> _PriceCurve | None:
        """The curve of a family that is sold."""
        return next((curve for curve in self.sold if curve.family == family), None)


def _story(result: Result, year: int | None, scenario: str | None) -> _Story:
    selection = Selection(NAME, result)
    table = selection.table("price", UNIT, WAY_OUT)
    rates = selection.table("learning_rate", way_out=WAY_OUT)
    points, energy = (
        selection.table(name, way_out=WAY_OUT, filled=False) for name in ("price_points", "cumulative_energy")
    )
    name = selection.world(scenario, table)
    mine = table[table["scenario"] == name]
    years = selection.span(None, year, mine)
    selection.settle()
    mine = mine[mine["year"].isin(years)]
    known = selection.record.get("prices", {}).get(name, {})
    taken = rates[rates["used"] == "yes"].set_index("family")
    curves = []
    for family in dict.fromkeys(mine["family"]):
        rows = mine[mine["family"] == family].sort_values("year")
        curves.append(
            _PriceCurve(
                str(family),
                rows[["value", "low", "high"]].to_numpy(float).T,
                bool(rows["doublings"].iloc[-1] > 1e-9),
                float(taken.loc[family, "value"]),
                bool(taken.loc[family, "basis"] == "assumed"),
            )
        )
    used = table_of(result, "inputs_used")
    return _Story(
        scenario=name,
        label=str(known.get("label") or name),
        caveat=str(known.get("caveat") or ""),
        years=years,
        curves=curves,
        points=points,
        floored=used is not None and bool((used["table"] == "price_floor").any()),
        fitted=_fitted(curves, rates, energy[energy["scenario"] == name], years),
    )


def _fitted(
    curves: list[_PriceCurve], rates: pd.DataFrame, energy: pd.DataFrame, years: list[int]
) -> tuple[float, float] | None:
    """The rate fitted to observed prices where the curve takes another, and what it would come to in the last year."""
    average = next((curve for curve in curves if curve.family == AVERAGE), None)
    row = rates.query("family == @AVERAGE and basis == 'fitted' and used == 'no'")
    gwh = energy[energy["family"] == AVERAGE].set_index("year")["value"]
    if average is None or row.empty or not {years[0], years[-1]} <= set(gwh[gwh > 0].index):
        return None
    rate = float(row["value"].iloc[0])
    return rate, float(average.values[0, 0] * (gwh[years[-1]] / gwh[years[0]]) ** np.log2(1 - rate))


def _drawn(story: _Story) -> pd.DataFrame:
    """Exactly what is drawn, long."""
    columns = ["case", "scenario", "family", "year", "value", "low", "high", "unit"]
    curves = [
        {"case": "curve", "scenario": story.scenario, "family": curve.family, "year": year, "value": value, "low": low,
         "high": high, "unit": UNIT}
        for curve in story.sold
        for year, (value, low, high) in zip(story.years, curve.values.T, strict=True)
    ]  # fmt: skip
    anchors = story.points[(story.points["case"] == "observed") & (story.points["family"] != AVERAGE)]
    points = pd.concat([story.seen, anchors, story.forecasts]).assign(scenario="", unit=UNIT)
    return pd.concat([points.reindex(columns=columns), pd.DataFrame(curves, columns=columns)], ignore_index=True)


# --- words -----------------------------------------------------------------------------------------------------------


def _finding(story: _Story) -> str:
    """How far the average pack falls, where every end of its range does; and whether Na-ion comes below LFP."""
    average, last = story.of(AVERAGE), story.years[-1]
    if average is None or not average.values[:, -1].max() < average.values[:, 0].min():
        return wording.Subject(f"What battery packs could cost by {last} if learning goes on")
    prices, falls = average.values[:, -1], 1 - average.values[:, -1] / average.values[:, 0]
    least, most = percent(float(falls.min())), percent(float(falls.max()))
    fall = wording.by_how_much(float(falls[0])) if least == most else f"{least.removesuffix('%')} to {most}"
    fall = "become half as dear" if fall == "half" else f"become {fall} cheaper"
    low, high = wording.number(float(prices.min())), wording.number(float(prices.max()))
    at = high if low == high else f"{low} to {high}"
    title = f"Lithium-ion packs could {fall} by {last}, at {at} dollars per kWh"
    sodium, iron = story.of("Na-ion"), story.of("LFP")
    if sodium is None or iron is None:
        return title
    below = sodium.values[2] < iron.values[1]
    if below[-1]:
        since = story.years[int(np.flatnonzero(~below).max()) + 1] if (~below).any() else story.years[0]
        return f"{title}; sodium-ion would undercut LFP by {since}"
    if sodium.values[1, -1] > iron.values[2, -1]:
        return f"{title}; sodium-ion would stay dearer than LFP"
    return f"{title}; whether sodium-ion undercuts LFP is open"


def _red_line(story: _Story) -> str:
    """Rates and starts that are assumed, and the caveat of the world scenario."""
    guessed = [SENTENCE.get(curve.family, curve.family) for curve in story.sold if curve.assumed]
    rates = f"Learning rates of {wording.names(guessed)} and the GWh they start from are assumed." if guessed else ""
    return " ".join(filter(None, [rates, story.caveat]))


def _kept(story: _Story) -> str:
    """What learning leaves of a price."""
    return "what the minerals cost stays" if story.floored else "no floor of material cost"


def _note(story: _Story) -> str:
    """Dollars, data year, what moves the curves, what is left out, and what others expect."""
    rates = [f"{SENTENCE.get(curve.family, curve.family)} {_rate(curve.rate)}" for curve in story.sold]
    note = (
        "Note: Real 2025 dollars; observed prices to "
        f"{int(story.seen['year'].max()) if len(story.seen) else story.years[0]}, dots of Na-ion and solid state are "
        "upper values. Each doubling of the GWh put into use in the world lowers the price by the learning rate"
        f" ({', '.join(rates)}); {_kept(story)}. Ranges take the ends of all inputs at once."
    )
    if story.fitted:
        rate, price = story.fitted
        note += (
            f" The {percent(rate)} fitted to observed prices would bring the average to "
            f"{wording.number(price)} in {story.years[-1]}."
        )
    if unsold := [curve.name for curve in story.curves if not curve.sold]:
        note += f" {wording.names(unsold)}: not sold in this adoption, so no curve"
        goals = set(story.forecasts["family"]) & {curve.family for curve in story.curves if not curve.sold}
        note += "; dotted to a maker’s goal." if goals else "."
    return note


def _rate(rate: float) -> str:
    """18% · 15.5%."""
    return percent(rate, digits=0 if abs(rate * 100 - round(rate * 100)) < 0.05 else 1)


def _alt(story: _Story) -> list[str]:
    """What is drawn, and the prices in words."""
    first, last = story.years[0], story.years[-1]
    seen = [f"{wording.number(row.value)} in {row.year}" for row in story.seen.itertuples()]
    parts = [
        f"{curve.name} {wording.number(curve.values[0, 0])} to {wording.number(curve.values[0, -1])} ({_range(curve)})"
        for curve in story.sold
    ]
    printed = [f"{_name(row.family)} {wording.number(row.value)} in {row.year}" for row in story.forecasts.itertuples()]
    return [
        "Left, dots of observed prices of lithium-ion packs" + (f": {'; '.join(seen)}." if seen else "."),
        f"Right, learning curves from {first} to {last}, US dollars per kWh with ranges in {last}: {'; '.join(parts)}.",
        f"Rings, forecasts and goals of others: {'; '.join(printed)}." if printed else "",
    ]


def _name(family: str) -> str:
    return NAMES.get(family, family)


def _range(curve: _PriceCurve) -> str:
    return f"{wording.number(curve.values[1, -1])}–{wording.number(curve.values[2, -1])}"


# --- drawing ---------------------------------------------------------------------------------------------------------

PITCH, HEAD, KEY = 0.2, 0.3, 0.24
"""Distance between lines of the table; heights of the headings and of the key: inches before scaling."""


def _needed(story: _Story) -> float:
    return HEAD + max(PITCH * (len(story.curves) + 2), 1.6) + series.UNDER + KEY


def _draw(sheet: Page, story: _Story) -> None:
    """Left the past of the average pack, right the curves with their table."""
    s = sheet.scale
    table = _Table(story, s)
    top, bottom = sheet.top - HEAD * s, sheet.bottom + (0.06 + series.UNDER + KEY) * s
    left = _draw_past(sheet, story, top, bottom) if len(story.seen) > 1 else sheet.left
    ends = [float(curve.values[[0, 2]].max()) for curve in story.curves]
    ends += [float(value) for value in story.forecasts["value"]]
    peak = max(ends)
    gutter = series.gutter(peak, 4, s)
    panel = Panel(left + gutter, bottom, sheet.right - table.width - left - gutter, top - bottom)
    sheet.text(left, sheet.top - 0.1 * s, "If learning goes on", HEADING, style.INK, SEMIBOLD)
    axes = series.over_years(sheet, panel, left, story.years, peak, ticks=4)
    for curve in story.sold:
        axes.fill_between(
            story.years, curve.values[1], curve.values[2], facecolor=curve.colour, alpha=0.11, linewidth=0, zorder=1
        )
    for curve in story.sold:
        axes.plot(story.years, curve.values[0], color=curve.colour, linewidth=2 * s, zorder=3, clip_on=False)
    for curve in story.curves:
        anchor = pd.DataFrame({"year": [story.years[0]], "value": [curve.values[0, 0]]})
        _dots(axes, anchor, curve.colour, s)
        rings = story.forecasts[story.forecasts["family"] == curve.family]
        if not curve.sold and len(rings):
            way = pd.concat([anchor, rings[["year", "value"]]])
            axes.plot(
                way["year"], way["value"], color=curve.colour, linewidth=1.2 * s, linestyle=(0, (1, 2)), zorder=2,
                clip_on=False,
            )  # fmt: skip
        _dots(axes, rings, curve.colour, s, hollow=True)
    table.draw(sheet, panel, axes.get_ylim()[1])
    entries = [Swatch("observed", style.INK, "dot"), Swatch("forecast or goal of others", style.INK, "ring")]
    entries.append(Swatch("range of the curve", style.PALE))
    sheet.key(left, sheet.bottom + 0.1 * s, entries)


def _draw_past(sheet: Page, story: _Story, top: float, bottom: float) -> float:
    """Observed prices of the average pack, labelled where there is room; returns where the next panel begins."""
    s, seen = sheet.scale, story.seen
    years, values = [int(year) for year in seen["year"]], seen["value"].to_numpy(float)
    peak = float(values.max())
    gutter = series.gutter(peak, 4, s)
    panel = Panel(sheet.left + gutter, bottom, 0.185 * sheet.width, top - bottom)
    sheet.text(sheet.left, sheet.top - 0.1 * s, f"{NAMES[AVERAGE]}, observed", HEADING, style.INK, SEMIBOLD)
    axes = series.over_years(sheet, panel, sheet.left, years, peak, ticks=4)
    axes.plot(years, values, color=style.INK, linewidth=1.2 * s, zorder=3, clip_on=False)
    _dots(axes, seen, style.INK, s)
    heights = panel.bottom + values / axes.get_ylim()[1] * panel.height
    places = panel.left + (np.array(years) - years[0]) / (years[-1] - years[0]) * panel.width
    text = wording.number(float(values[-1]))
    near = places > places[-1] - text_width(text, LABEL * s, BOLD) - 0.06 * s
    above = float(heights[near].max()) + 0.09 * s
    sheet.text(places[-1], above, text, LABEL, style.INK, BOLD, align="right")
    for place, height, below, value in zip(places, heights, heights[1:], values, strict=False):
        text = wording.number(float(value))
        end = place + 0.08 * s + text_width(text, LABEL * s)
        # The line falls away to the right of a dot; a label stands there where it falls far enough.
        if height - below > 0.3 * s and height > above + 0.2 * s and end < panel.left + panel.width:
            sheet.text(place + 0.08 * s, height - 0.02 * s, text, LABEL, style.INK)
    return panel.left + panel.width + 0.34 * s


def _dots(axes: Axes, points: pd.DataFrame, colour: str, s: float, *, hollow: bool = False) -> None:
    axes.plot(
        points["year"], points["value"], linestyle="none", marker="o", markersize=4.6 * s, clip_on=False, zorder=5,
        markerfacecolor="white" if hollow else colour, markeredgecolor=style.as_text(colour) if hollow else colour,
        markeredgewidth=1.2 * s,
    )  # fmt: skip


class _Table:
    """The table at the right: the price of each family in the first, a middle and the last year, and its range."""

    GAP, LEADER, AIR = 0.06, 0.22, 0.14

    def __init__(self, story: _Story, s: float) -> None:
        self.story, self.s = story, s
        years = story.years
        self.columns = [years[0], *([2030] if years[0] < 2030 < years[-1] else []), years[-1]]
        self.rows = [self._row(curve) for curve in story.curves]
        heads = [*map(str, self.columns), "range"]
        widths = [
            max(
                text_width(text, LABEL * s, BOLD) for text in (head, *(row[i] for row in self.rows if row[i] != UNSOLD))
            )
            for i, head in enumerate(heads)
        ]
        self.rights = [sum(widths[i + 1 :]) + self.AIR * s * (len(widths) - 1 - i) for i in range(len(widths))]
        """Inches from the right edge of the body to the right end of each column."""
        names = max(text_width(curve.name, LABEL * s, SEMIBOLD) for curve in story.curves)
        self.width = self.rights[0] + widths[0] + self.AIR * s + names + (self.GAP + self.LEADER) * s

    def _row(self, curve: _PriceCurve) -> list[str]:
        at = [self.story.years.index(year) for year in self.columns]
        if not curve.sold:
            return [wording.number(curve.values[0, 0]), *[""] * (len(at) - 1), UNSOLD]
        return [*(wording.number(curve.values[0, i]) for i in at), _range(curve)]

    def draw(self, sheet: Page, panel: Panel, top: float) -> None:
        """Heads, and the lines in the order of the prices."""
        s, story = self.s, self.story
        edge = panel.left + panel.width
        start = edge + (self.GAP + self.LEADER) * s
        baseline = sheet.top - 0.1 * s
        for text, right in zip([*map(str, self.columns), "range"], self.rights, strict=True):
            sheet.text(sheet.right - right, baseline, text, LABEL, style.FAINT, align="right")
        order = sorted(range(len(story.curves)), key=lambda i: self._end(story.curves[i]))
        targets = [panel.bottom + self._end(story.curves[i]) / top * panel.height for i in order]
        places = series.spread(targets, PITCH * s, panel.bottom + 0.06 * s, baseline - PITCH * s)
        for i, target, place in zip(order, targets, places, strict=True):
            curve = story.curves[i]
            if curve.sold:
                ends = (edge + self.GAP * s, start - 0.05 * s)
                sheet.line(ends, (target, place), style.as_text(curve.colour), 1.1)
            line = place - 0.36 * LABEL * s / 72
            sheet.text(start, line, curve.name, LABEL, style.as_text(curve.colour), SEMIBOLD)
            for column, (text, right) in enumerate(zip(self.rows[i], self.rights, strict=True)):
                weight = BOLD if column == len(self.columns) - 1 else REGULAR
                colour = style.FAINT if text == UNSOLD else style.INK
                if text:
                    sheet.text(sheet.right - right, line, text, LABEL, colour, weight, align="right")

    def _end(self, curve: _PriceCurve) -> float:
        return float(curve.values[0, -1])
