"""Who can make how many cells against what a run needs: capacity by bloc, stacked and each alone, and the demand.

It answers the question of figure 3 of Carnegie's *Battery Geopolitics* (2026), with the run's own demand: is China
alone enough for the world, and are a region's own plants enough for it?
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from minerals.charts import footer, frame, style, supply, wording
from minerals.charts.bundle import Bundle, Result
from minerals.charts.fonts import BOLD, REGULAR, SEMIBOLD
from minerals.charts.selection import Selection, label
from minerals.charts.style import HEADING, LABEL, Page, Panel, text_width
from minerals.numbers import percent
from minerals.results.interval import Interval
from minerals.tables.codes import WORLD

NAME = "capacity_vs_demand"
WORLD_CODES = ("R_WLD", "WLD", WORLD)
"""Codes of the world: its capacity is the sum of the others."""
WAY_OUT = "the run has no demand in a year for which capacity is known"
MOST = 9
DATA = ("quantity", "country", "label", "scenario", "year", "value", "low", "high", "share_of_demand", "unit", "source")


def figure(
    result: Result, *, year: int | None = None, scenario: str | None = None, size: str = "brief",
    title: str | None = None,
) -> Bundle:  # fmt: skip
    """Draw cell capacity by bloc against the batteries that the run needs: of the world where the run holds it, else of
    its regions together.

    year: default the last that has both; scenario: whose demand, default the first of the run; size: 'brief' or
    'slide'; title: one to use instead of the computed finding. The blocs of the table must not overlap. A row without a
    value counts with its low end.

    The data of the bundle hold a row for each bar (quantity `capacity`, GWh a year; `all` is their sum) and one for the
    demand drawn, with ranges and the share of the demand in %.
    """
    story = _story(result, year, scenario)
    rows = len(story.blocs) + 1
    used: footer.Used = {
        "cell_capacity": {"measure": ["capacity"], "year": [story.year], "country": story.countries},
        "battery_demand": {"scenario": [story.scenario], "year": [story.year]},
    }
    return frame.bundle(
        result, NAME, title=title, size=size, scenarios=(story.scenario,), used=used, unit="GWh",
        finding=_finding(story), note=_note(story, _cited(result, story.sources)),
        subtitle=f"Capacity of cell plants by place, and batteries put into use in {wording.place(story.region)},"
        f" {story.label}, {story.year}, gigawatt-hours (GWh) a year",
        body=(HEAD + rows * USUAL + FOOT, HEAD + rows * LEAST + FOOT), draw=lambda page: _draw(page, story),
        alt=lambda subtitle: _alt(story, subtitle), data=_drawn(story),
        options={"region": story.region, "year": story.year, "scenario": story.scenario},
    )  # fmt: skip


@dataclass(frozen=True)
class _Bloc:
    """A country or group: its capacity, GWh, and where that is from."""

    code: str
    name: str
    capacity: Interval
    source: str


@dataclass(frozen=True)
class _Story:
    """The numbers of one chart.

    region: whose demand it is; scenario, label: which of the run; countries: whose capacity is drawn.
    """

    year: int
    region: str
    scenario: str
    label: str
    countries: tuple[str, ...]
    blocs: tuple[_Bloc, ...]
    demand: Interval

    @property
    def own(self) -> _Bloc | None:
        """The bloc whose demand is drawn, where the table has its capacity."""
        return next((bloc for bloc in self.blocs if bloc.name == self.region), None)

    @property
    def sources(self) -> list[str]:
        """Keys of the sources of the capacity, each once."""
        return list(dict.fromkeys(key.strip() for bloc in self.blocs for key in bloc.source.split(";") if key.strip()))

    @property
    def total(self) -> Interval:
        """Capacity of all blocs; the ends take all ends at once."""
        return Interval(*(float(sum(bloc.capacity[end] for bloc in self.blocs)) for end in range(3)))

    def share(self, gwh: Interval) -> Interval:
        """Share of the demand: least where the capacity is at its low and the demand at its high end; NaN of none."""
        if not self.demand.low > 0:
            return Interval(np.nan, np.nan, np.nan)
        low, value, high = gwh
        return Interval(low / self.demand.high, value / self.demand.value, high / self.demand.low)


def _story(result: Result, year: int | None, scenario: str | None) -> _Story:
    selection = Selection(NAME, result)
    table = supply.rows(selection, "cell_capacity", ("country", "label", "measure", "source"))
    if units := sorted(set(table["unit"]) - {"GWh", "GWh/yr"}):
        selection.problems.append(f"cell_capacity is in {', '.join(map(str, units))}; the chart draws GWh")
    needs, name = selection.table("battery_demand", "GWh"), selection.scenario(scenario)
    needs = needs[needs["scenario"] == name]
    blocs = table[table["measure"].eq("capacity") & ~table["country"].isin(WORLD_CODES)]
    blocs = blocs[blocs["year"].isin(set(needs["year"]))]
    if blocs.empty:
        selection.problems.append(WAY_OUT)
        selection.settle()
    when = selection.year(year, blocs)
    blocs, needs = blocs[blocs["year"] == when], needs[needs["year"] == when]
    selection.settle()
    found = [_Bloc(row.country, row.label or row.country, _ends(row), row.source) for row in blocs.itertuples()]
    found.sort(key=lambda bloc: -bloc.capacity.value)
    if len(found) > MOST:
        rest = found[MOST - 1 :]
        ends = Interval(*(float(sum(bloc.capacity[end] for bloc in rest)) for end in range(3)))
        found = [*found[: MOST - 1], _Bloc("R_OTH", supply.OTHERS, ends, ";".join(bloc.source for bloc in rest))]
    each = [_ends(row) for row in needs.itertuples()]
    return _Story(
        year=when,
        region=selection.everything,
        scenario=name,
        label=label(selection.record["scenarios"], name),
        countries=tuple(map(str, blocs["country"])),
        blocs=tuple(found),
        demand=Interval(*(float(sum(gwh[end] for gwh in each)) for end in range(3))),
    )


def _cited(result: Result, keys: Sequence[str]) -> str:
    """Those sources as the table of sources cites them."""
    known = {source["key"]: source["citation"] for source in footer.sources(result)}
    return "; ".join(known.get(key) or key for key in keys)


def _ends(row: object) -> Interval:
    """Low, value and high of a row; what is missing is the value, and a missing value the low end, else the high."""
    value, low, high = (float(getattr(row, name)) for name in ("value", "low", "high"))
    if np.isnan(value):
        value = low if np.isfinite(low) else high
    return Interval(min(low, value) if np.isfinite(low) else value, value,
                    max(high, value) if np.isfinite(high) else value)  # fmt: skip


def _drawn(story: _Story) -> pd.DataFrame:
    """Exactly what is drawn, long."""

    def record(
        quantity: str, code: str, name: str, gwh: Interval, source: str, scenario: str = ""
    ) -> tuple[object, ...]:
        share = 100 * gwh.value / story.demand.value if story.demand.value > 0 else np.nan
        return (quantity, code, name, scenario, story.year, gwh.value, gwh.low, gwh.high, share, "GWh", source)

    rows = [record("capacity", "all", "All", story.total, "")]
    rows += [record("capacity", bloc.code, bloc.name, bloc.capacity, bloc.source) for bloc in story.blocs]
    rows.append(record("demand", "all", story.region, story.demand, "", story.scenario))
    return pd.DataFrame(rows, columns=list(DATA))


# --- words -----------------------------------------------------------------------------------------------------------


def _finding(story: _Story) -> str:
    """Whether a region's own plants, one bloc alone or all together could meet the demand; only where the ranges bear
    it out."""
    first, demand, total, when = story.blocs[0], story.demand, story.total, f"GWh in {story.year}"
    whose = wording.possessive(story.region)
    if not demand.value > 0:
        return wording.Subject(
            f"Capacity of cell plants in {story.year}, where {wording.place(story.region)} needs no batteries"
        )
    needed = f"the {_gwh(demand)} GWh that"
    if (own := story.own) is not None and not own.capacity.low <= demand.high <= own.capacity.high:
        made = f"{wording.capitalised(whose)} cell plants would have capacity for {_gwh(own.capacity)} {when}"
        if own.capacity.low > demand.high:
            return f"{made}, more than {needed} it would need"
        if own.capacity.high < demand.low:
            return f"{made}, {_percents(story.share(own.capacity), ' to ')} of {needed} it would need"
    against = f"{needed} {wording.place(story.region)} would need"
    if first.capacity.low > demand.high:
        owner = wording.capitalised(wording.possessive(first.name))
        return f"{owner} cell plants alone would have capacity for {_gwh(first.capacity)} {when}, more than {against}"
    if total.low > demand.high:
        low, value, high = first.capacity
        ends = (low / (total.high - high + low), value / total.value, high / (total.low - low + high))
        share = _percents(Interval(*ends), " to ")
        where = f"{share} of it in {wording.place(first.name)}"
        return f"Cell plants would have capacity for {_gwh(total)} {when}, {where}, against {against}"
    if total.high < demand.low:
        return f"Cell plants would have capacity for {_gwh(total)} {when}, less than {against}"
    return wording.Subject(f"Capacity of cell plants in {story.year} against {whose} need for batteries")


def _gwh(span: Interval) -> str:
    """An amount in a sentence, from end to end: 854 to 885 · 867."""
    low, high = (wording.rounded(end) for end in (span.low, span.high))
    return high if low == high else f"{low} to {high}"


def _percents(share: Interval, to: str = "–") -> str:
    """A share from end to end: 78–81% · 80% · –, of no demand."""
    if not np.isfinite(share.value):
        return "–"
    low, high = percent(share.low), percent(share.high)
    return high if low == high else f"{low.removesuffix('%')}{to}{high}"


def _note(story: _Story, cited: str) -> str:
    note = f"Note: Capacity: {cited}." if cited else "Note:"
    note += " Whiskers run from low to high"
    if any(bloc.capacity.low == bloc.capacity.value < bloc.capacity.high for bloc in story.blocs):
        note += ", from plants that exist or are being built to all that are announced where the source says both"
    note += ". Nameplate capacity; plants run below it, and some that are announced are not built."
    if story.demand.low < story.demand.high:
        note += " Grey band: range of demand."
    return f"{note} Demand is the run’s own, {story.label}; no trade or stock is counted."


def _alt(story: _Story, subtitle: str) -> list[str]:
    parts = [f"{name} {_with_range(gwh)} GWh ({_percents(story.share(gwh))} of demand)" for name, gwh in (
        ("all", story.total), *((bloc.name, bloc.capacity) for bloc in story.blocs))]  # fmt: skip
    return [
        f"Bars of {wording.lowered(subtitle)}. {_demand_label(story)}: {_with_range(story.demand)} GWh.",
        f"Capacity: {'; '.join(parts)}.",
    ]


def _demand_label(story: _Story) -> str:
    """Whose demand it is, and in which scenario."""
    return f"{wording.capitalised(wording.possessive(story.region))} demand, {story.label}"


def _with_range(gwh: Interval) -> str:
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
    columns = [[_range(gwh) for _, gwh in rows], [_percents(story.share(gwh)) for _, gwh in rows]]
    widths = [
        max(text_width(text, LABEL * s, BOLD) for text in (head, *column))
        for head, column in zip(heads, columns, strict=True)
    ]
    rights = [sheet.right - widths[1] - 0.14 * s, sheet.right]
    right = rights[0] - widths[0] - 0.16 * s
    panel = Panel(left, bottom, right - left, top - bottom)
    peak = max(*story.total, *story.demand)
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
        baseline = middle - 0.36 * LABEL * s / 72
        sheet.text(sheet.left, baseline, name, LABEL, style.INK, SEMIBOLD)
        for column, x in zip(columns, rights, strict=True):
            weight = BOLD if i == 0 else REGULAR
            sheet.text(x, baseline, column[i], LABEL, style.INK, weight, align="right")
    if story.demand.low < story.demand.high:
        axes.axvspan(story.demand.low, story.demand.high, color=style.GRID, linewidth=0, zorder=0.5)
    _draw_demand(sheet, story, panel, axes.get_xlim()[1])


def _range(gwh: Interval) -> str:
    """5,862–6,720; the value alone where it has no range."""
    value, low, high = (wording.number(end) for end in (gwh.value, gwh.low, gwh.high))
    return value if low == high else f"{low}–{high}"


def _draw_demand(sheet: Page, story: _Story, panel: Panel, end: float) -> None:
    """The demand: a line through all rows, and its name below."""
    s = sheet.scale
    value = panel.left + story.demand.value / end * panel.width
    sheet.line((value, value), (panel.bottom - 0.06 * s, panel.bottom + panel.height), style.INK, 1.3, order=8)
    text = f"{_demand_label(story)}: {_with_range(story.demand)}"
    text = style.shortened(text, sheet.width, LABEL * s, SEMIBOLD)
    half = text_width(text, LABEL * s, SEMIBOLD) / 2
    x = min(max(value, sheet.left + half), sheet.right - half)
    sheet.text(x, panel.bottom - 0.2 * s, text, LABEL, style.INK, SEMIBOLD, align="center")
