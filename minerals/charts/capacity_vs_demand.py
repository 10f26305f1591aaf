"""Who can make how many cells against what the world needs: capacity by bloc, stacked and each alone, and the demand.

It answers the question of figure 3 of Carnegie's *Battery Geopolitics* (2026): is China alone enough for the world?
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from minerals.charts import said, style, supply, wording
from minerals.charts.bundle import Bundle, Result
from minerals.charts.choice import Choice
from minerals.charts.fonts import BOLD, REGULAR, SEMIBOLD
from minerals.charts.interval import Interval
from minerals.charts.style import HEADING, LABEL, Page, Panel, text_width

NAME = "capacity_vs_demand"
WORLD = ("R_WLD", "WLD", "World")
"""Codes of the world: its demand is the line, its capacity the sum of the others."""
MOST = 9
DATA = ("quantity", "country", "label", "year", "value", "low", "high", "share_of_demand", "unit", "source")


def figure(result: Result, *, year: int | None = None, size: str = "brief", title: str | None = None) -> Bundle:
    """Draw cell capacity by bloc against the demand of the world.

    year: default the last that has both; size: 'brief' or 'slide'; title: one to use instead of the computed finding.
    The blocs of the table must not overlap. A row without a value counts with its low end; the demand of the world is
    its own row, or else the sum of the others.

    The data of the bundle hold a row for each bar (quantity `capacity`, GWh a year; `all` is their sum) and for each
    demand drawn, with ranges and the share of the world's demand in %.
    """
    story = _story(result, year)
    words = said.words(
        result, (), title=title, finding=_finding(story), note=_note(story),
        subtitle=f"Capacity of cell plants and demand for cells, {story.year}, gigawatt-hours (GWh) a year",
    )  # fmt: skip
    measures, rows = style.size_named(size), len(story.blocs) + 1
    with style.context():
        sheet = style.page(words, measures, HEAD + rows * USUAL + FOOT, HEAD + rows * LEAST + FOOT)
        _draw(sheet, story)
    meta = said.meta(result, NAME, words, _alt(story, words), "GWh", (), bool(title), year=story.year, size=size)
    return Bundle(sheet.figure, _drawn(story), meta)


@dataclass(frozen=True)
class _Bloc:
    """A country or group: its capacity, its own demand where the table has one, GWh, and where the capacity is from."""

    code: str
    name: str
    capacity: Interval
    demand: Interval | None
    source: str


@dataclass(frozen=True)
class _Story:
    """The numbers of one chart. demand: of the world; summed: whether it is the sum of the blocs' own."""

    year: int
    blocs: tuple[_Bloc, ...]
    demand: Interval
    demand_label: str
    demand_source: str
    summed: bool

    @property
    def total(self) -> Interval:
        """Capacity of all blocs; the ends take all ends at once."""
        return Interval(*(float(sum(bloc.capacity[end] for bloc in self.blocs)) for end in range(3)))

    def share(self, gwh: Interval) -> str:
        """Share of the world's demand as printed, at its central value."""
        return wording.percent(gwh.value / self.demand.value) if self.demand.value > 0 else "–"


def _story(result: Result, year: int | None) -> _Story:
    choice = Choice(NAME, result)
    table = supply.rows(choice, "cell_capacity", ("country", "label", "measure", "source"))
    if units := sorted(set(table["unit"]) - {"GWh", "GWh/yr"}):
        choice.problems.append(f"cell_capacity is in {', '.join(map(str, units))}; the chart draws GWh")
    both = table[table["measure"].isin(["capacity", "demand"])].groupby("year")["measure"].nunique()
    drawable = table[table["year"].isin(both[both == 2].index)]
    when = choice.year(year, drawable)
    table = table[table["year"] == when]
    capacity, demand = (table[table["measure"] == measure] for measure in ("capacity", "demand"))
    world = demand[demand["country"].isin(WORLD)]
    blocs = capacity[~capacity["country"].isin(WORLD)]
    if blocs.empty or demand.empty:
        choice.problems.append(f"cell_capacity needs rows of capacity by country and of demand in {when}")
    choice.settle()
    own = {row.country: _ends(row) for row in demand.itertuples() if row.country not in WORLD}
    found = [
        _Bloc(row.country, row.label or row.country, _ends(row), own.get(row.country), row.source)
        for row in blocs.itertuples()
    ]
    found.sort(key=lambda bloc: -bloc.capacity.value)
    if len(found) > MOST:
        rest = found[MOST - 1 :]
        ends = Interval(*(float(sum(bloc.capacity[end] for bloc in rest)) for end in range(3)))
        found = [*found[: MOST - 1], _Bloc("R_OTH", supply.OTHERS, ends, None, "")]
    row = next(world.itertuples(), None)
    needs = _ends(row) if row is not None else Interval(*(float(sum(d[end] for d in own.values())) for end in range(3)))
    return _Story(
        year=when,
        blocs=tuple(found),
        demand=needs,
        demand_label=str(row.label) if row is not None and row.label and row.label not in WORLD else "World demand",
        demand_source=str(row.source) if row is not None else "",
        summed=row is None,
    )


def _ends(row: object) -> Interval:
    """Low, value and high of a row; what is missing is the value, and a missing value the low end, else the high."""
    value, low, high = (float(getattr(row, name)) for name in ("value", "low", "high"))
    if np.isnan(value):
        value = low if np.isfinite(low) else high
    return Interval(min(low, value) if np.isfinite(low) else value, value,
                    max(high, value) if np.isfinite(high) else value)  # fmt: skip


def _drawn(story: _Story) -> pd.DataFrame:
    """Exactly what is drawn, long."""

    def record(quantity: str, code: str, name: str, gwh: Interval, source: str) -> tuple[object, ...]:
        share = 100 * gwh.value / story.demand.value if story.demand.value > 0 else np.nan
        return (quantity, code, name, story.year, gwh.value, gwh.low, gwh.high, share, "GWh", source)

    rows = [record("capacity", "all", "All", story.total, "")]
    rows += [record("capacity", bloc.code, bloc.name, bloc.capacity, bloc.source) for bloc in story.blocs]
    rows.append(record("demand", "world", story.demand_label, story.demand, story.demand_source))
    rows += [record("demand", bloc.code, bloc.name, bloc.demand, "") for bloc in story.blocs if bloc.demand]
    return pd.DataFrame(rows, columns=list(DATA))


# --- words -----------------------------------------------------------------------------------------------------------


def _finding(story: _Story) -> str:
    """Whether one bloc alone, or all together, could more than meet the demand; only where the ranges bear it out."""
    first, demand, total = story.blocs[0], story.demand, story.total
    gwh = wording.rounded
    against = f"{gwh(demand.value)} GWh"
    if first.capacity.low > demand.high:
        owner = wording.capitalised(wording.possessive(first.name))
        return f"{owner} cell plants alone could make {gwh(first.capacity.value)} GWh in {story.year}, more than" \
               f" the {against} that the world would need"  # fmt: skip
    if total.low > demand.high:
        title = f"Cell plants could make {gwh(total.value)} GWh in {story.year} for a demand of {against}"
        share = first.capacity.value / total.value
        return f"{title}, {wording.by_how_much(share)} of it in {wording.place(first.name)}"
    if total.high < demand.low:
        return f"Cell plants could make {gwh(total.value)} GWh in {story.year}, less than the {against} the world" \
               " would need"  # fmt: skip
    return f"Capacity of cell plants against the world’s demand for cells in {story.year}"


def _note(story: _Story) -> str:
    note = "Note: Whiskers run from low to high"
    if any(bloc.capacity.low == bloc.capacity.value < bloc.capacity.high for bloc in story.blocs):
        note += ", from plants that exist or are being built to all that are announced where the source says both"
    note += ". Nameplate capacity; plants run below it, and some that are announced are not built."
    if story.demand.low < story.demand.high:
        note += " Grey band: range of demand."
    if any(bloc.demand for bloc in story.blocs):
        note += " Rings: the bloc’s own demand."
    if story.summed:
        note += " World demand is the sum of the blocs’."
    return note


def _alt(story: _Story, words: style.Words) -> str:
    parts = [f"{name} {_told(gwh)} GWh ({story.share(gwh)} of demand)" for name, gwh in (
        ("all", story.total), *((bloc.name, bloc.capacity) for bloc in story.blocs))]  # fmt: skip
    own = [f"{bloc.name} {_told(bloc.demand)} GWh" for bloc in story.blocs if bloc.demand]
    return said.alt(
        words,
        f"Bars of {wording.lowered(words.subtitle)}. {story.demand_label}: {_told(story.demand)} GWh.",
        f"Capacity: {'; '.join(parts)}.",
        f"Own demand: {'; '.join(own)}." if own else "",
    )


def _told(gwh: Interval) -> str:
    """5,862 (5,862–6,720); the value alone where it has no range."""
    value, low, high = (wording.number(end) for end in (gwh.value, gwh.low, gwh.high))
    return value if low == high else f"{value} ({low}–{high})"


# --- drawing ---------------------------------------------------------------------------------------------------------

HEAD, FOOT = 0.42, 0.32
USUAL, LEAST = 0.36, 0.22
"""Height of a row, inches before scaling."""


def _draw(sheet: Page, story: _Story) -> None:
    """The stack of all blocs, each bloc below it from zero, and the line of demand through them all."""
    s, blocs = sheet.scale, story.blocs
    rows = [("All", story.total), *((bloc.name, bloc.capacity) for bloc in blocs)]
    top, bottom = sheet.top - HEAD * s, sheet.bottom + FOOT * s
    pitch = min((top - bottom) / len(rows), 0.5 * s)
    bottom = top - pitch * len(rows)
    middles = [top - (i + 0.5) * pitch for i in range(len(rows))]
    names = [style.shortened(name, 1.4 * s, LABEL * s, SEMIBOLD) for name, _ in rows]
    left = sheet.left + max(text_width(name, LABEL * s, SEMIBOLD) for name in names) + 0.14 * s
    heads = ("GWh", "of demand")
    columns = [[_told_short(gwh) for _, gwh in rows], [story.share(gwh) for _, gwh in rows]]
    widths = [
        max(text_width(text, LABEL * s, BOLD) for text in (head, *column))
        for head, column in zip(heads, columns, strict=True)
    ]
    rights = [sheet.right - widths[1] - 0.14 * s, sheet.right]
    right = rights[0] - widths[0] - 0.16 * s
    panel = Panel(left, bottom, right - left, top - bottom)
    peak = max(end for gwh in (story.total, story.demand, *(bloc.demand or story.demand for bloc in blocs))
               for end in gwh)  # fmt: skip
    axes = sheet.value_axes(panel, (0.0, 1.02 * peak if peak > 0 else 1.0),
                            ticks=max(2, min(6, int(panel.width / (0.7 * s)))))  # fmt: skip
    sheet.text(sheet.left, sheet.top - 0.1 * s, "Capacity, GWh a year", HEADING, style.INK, SEMIBOLD)
    for head, x in zip(heads, rights, strict=True):
        sheet.text(x, top + 0.07 * s, head, LABEL, style.FAINT, align="right")
    bar = min(0.62 * pitch, 0.26 * s)
    start = 0.0
    for bloc in blocs:
        axes.barh(middles[0], bloc.capacity.value, bar, left=start, color=supply.country_colour(bloc.name), zorder=2,
                  linewidth=0.8 * s, edgecolor="white")  # fmt: skip
        start += bloc.capacity.value
    for i, ((_, gwh), name, middle) in enumerate(zip(rows, names, middles, strict=True)):
        colour = supply.country_colour(blocs[i - 1].name) if i else style.INK
        if i:
            axes.barh(middle, gwh.value, bar, color=colour, linewidth=0, zorder=2)
        if gwh.low < gwh.high:
            axes.plot([gwh.low, gwh.high], [middle] * 2, color=style.shade(colour) if i else style.INK, zorder=4,
                      linewidth=1.1 * s, solid_capstyle="butt")  # fmt: skip
        if i and (own := blocs[i - 1].demand) is not None:
            axes.plot(own.value, middle, "o", markersize=5 * s, markerfacecolor="white", markeredgecolor=style.INK,
                      markeredgewidth=1.2 * s, zorder=6)  # fmt: skip
        baseline = middle - 0.36 * LABEL * s / 72
        sheet.text(sheet.left, baseline, name, LABEL, style.INK, SEMIBOLD)
        for column, x in zip(columns, rights, strict=True):
            weight = BOLD if i == 0 else REGULAR
            sheet.text(x, baseline, column[i], LABEL, style.INK, weight, align="right")
    if story.demand.low < story.demand.high:
        axes.axvspan(story.demand.low, story.demand.high, color=style.GRID, linewidth=0, zorder=0.5)
    _draw_demand(sheet, story, panel, axes.get_xlim()[1])


def _told_short(gwh: Interval) -> str:
    """5,862–6,720; the value alone where it has no range."""
    value, low, high = (wording.number(end) for end in (gwh.value, gwh.low, gwh.high))
    return value if low == high else f"{low}–{high}"


def _draw_demand(sheet: Page, story: _Story, panel: Panel, end: float) -> None:
    """The demand of the world: a line through all rows, and its name below."""
    s = sheet.scale
    value = panel.left + story.demand.value / end * panel.width
    sheet.line((value, value), (panel.bottom - 0.06 * s, panel.bottom + panel.height), style.INK, 1.3, order=8)
    text = f"{story.demand_label} {_told(story.demand)}"
    text = style.shortened(text, sheet.width, LABEL * s, SEMIBOLD)
    half = text_width(text, LABEL * s, SEMIBOLD) / 2
    x = min(max(value, sheet.left + half), sheet.right - half)
    sheet.text(x, panel.bottom - 0.2 * s, text, LABEL, style.INK, SEMIBOLD, align="center")
