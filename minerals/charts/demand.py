"""How many batteries are put into use by use, year by year, with the range of all together."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from minerals.charts import frame, series, style, supply, wording
from minerals.charts.bundle import Bundle, Result
from minerals.charts.fonts import BOLD, SEMIBOLD
from minerals.charts.selection import Selection, label
from minerals.charts.series import Column, EndTable, Layer, Row
from minerals.charts.style import HEADING, LABEL, Page, Panel, Swatch

from ..haste import frozen

NAME = "demand"
ENDS = ("low", "value", "high")
#: Uses from the base of the stack up: those of the road in tints of one colour, storage and what is portable apart.
COLOURS = {
    "car": style.ACCENT, "van": supply.pale(style.ACCENT, 0.3), "truck": supply.pale(style.ACCENT, 0.5),
    "bus": supply.pale(style.ACCENT, 0.65), "two_three_wheeler": supply.pale(style.ACCENT, 0.8),
    "stationary": style.RISE, "electronics": style.BASE,
}  # fmt: skip
DATA = ("scenario", "region", "segment", "year", "value", "low", "high", "unit")


def figure(
    result: Result,
    *,
    region: str | None = None,
    since: int | None = None,
    year: int | None = None,
    scenario: str | None = None,
    size: str = "brief",
    title: str | None = None,
) -> Bundle:
    """Draw the batteries put into use each year by use, and the ends of all together.

    region: one of the record's regions, or the sum of all (default); since, year: first and last year drawn, default
    those of the run; scenario: default the first of the run; size: 'brief' or 'slide'; title: one to use instead of the
    computed finding.

    The data of the bundle hold a row for each year of each area, with its range [GWh], and of segment `all` the total,
    whose ends take all ends at once.
    """
    story = _story(result, region, since, year, scenario)
    where: dict[str, list[object]] = {"scenario": [story.scenario], "year": list(story.years)}
    if story.region in result.record["regions"]:
        where["region"] = [story.region]
    return frame.bundle(
        result, NAME, title=title, size=size, scenarios=(story.scenario,), unit="GWh", used={"battery_demand": where},
        finding=_finding(story), note=_note(story, result),
        subtitle=f"Batteries put into use in {wording.place(story.region)} by use, {story.label},"
        f" {story.years[0]}–{story.years[-1]}, GWh a year",
        body=(3.4, HEAD + max(series.PITCH * (len(story.uses) + 2), 1.4) + series.UNDER + KEY),
        draw=lambda page: _draw(page, story), alt=lambda subtitle: _alt(story, subtitle), data=_drawn(story),
        options={"region": story.region, "since": story.years[0], "year": story.years[-1], "scenario": story.scenario},
    )  # fmt: skip


@frozen
class _Story:
    """The numbers of one chart. uses: segment -> label, from the base of the stack up; gwh: (use, low, value and high,
    year)."""

    region: str
    scenario: str
    label: str
    years: list[int]
    uses: dict[str, str]
    gwh: NDArray[np.float64]

    @property
    def total(self) -> NDArray[np.float64]:
        """All together, (low, value and high; year); the ends take all ends at once."""
        return np.asarray(self.gwh.sum(axis=0))

    @property
    def ranged(self) -> bool:
        """Whether any year drawn has a range."""
        return bool((self.total[2] > self.total[0]).any())


def _story(result: Result, region: str | None, since: int | None, year: int | None, scenario: str | None) -> _Story:
    selection = Selection(NAME, result)
    table = selection.table("battery_demand", "GWh")
    place, name = selection.region(region), selection.scenario(scenario)
    years = selection.span(since, year, table)
    selection.settle()
    table = selection.rows_in(table, place)
    table = table[(table["scenario"] == name) & table["year"].isin(years)]
    if table.empty:
        selection.problems.append(f"scenario '{name}' has no batteries in {place} in {years[0]}–{years[-1]}")
        selection.settle()
    # A missing end is the value.
    filled = table.assign(**{end: pd.to_numeric(table[end]).fillna(table["value"]) for end in ENDS})
    summed = filled.groupby(["segment", "year"])[list(ENDS)].sum()
    held = summed["value"].groupby(level=0).max()
    known = [*COLOURS, *(use for use in held.index if use not in COLOURS)]
    uses = [use for use in known if use in held and (held[use] > 0 or not held.any())]
    axis = pd.MultiIndex.from_product([uses, years])
    gwh = summed.reindex(axis, fill_value=0.0).to_numpy(float).reshape(len(uses), len(years), 3)
    codes = selection.record["codes"].get("segment", {})
    labels = {use: label(codes, str(use)) for use in uses}
    label_ = label(selection.record["scenarios"], name)
    return _Story(place, name, label_, years, labels, np.swapaxes(gwh, 1, 2))


def _drawn(story: _Story) -> pd.DataFrame:
    """Exactly what is drawn, long."""
    rows = [
        (story.scenario, story.region, use, year, ends[1, y], ends[0, y], ends[2, y], "GWh")
        for use, ends in [*zip(story.uses, story.gwh, strict=True), ("all", story.total)]
        for y, year in enumerate(story.years)
    ]
    return pd.DataFrame(rows, columns=list(DATA))


# --- words -----------------------------------------------------------------------------------------------------------


def _finding(story: _Story) -> str:
    """How many batteries there would be in the last year, where its whole range lies above or below the first."""
    first, last = story.years[0], story.years[-1]
    start, end = story.total[:, 0], story.total[:, -1]
    whose, many = wording.capitalised(wording.possessive(story.region)), wording.rounded
    if not (end[0] > start[2] or end[2] < start[0]):
        return wording.Subject(f"{whose} batteries by use, {first}–{last}")
    span = f" ({many(end[0])} to {many(end[2])})" if many(end[0]) != many(end[2]) else ""
    way = "rise" if end[0] > start[2] else "fall"
    return f"{whose} batteries would {way} from {many(start[1])} GWh in {first} to {many(end[1])}{span} in {last}"


def _note(story: _Story, result: Result) -> str:
    note = f"Note:{frame.caveats(result)} Batteries put into use in a year, at nameplate energy."
    if story.ranged:
        return (
            f"{note} Range: of all together, all uses at their low or at their high end at once; a use without a range"
            " is at its value."
        )
    return f"{note} No range is given for these years."


def _alt(story: _Story, subtitle: str) -> list[str]:
    first, last = story.years[0], story.years[-1]
    parts = [f"{row.name} {row.numbers[0]} GWh in {first}, {row.numbers[1]} in {last}" for row in _rows(story)]
    low, value, high = (wording.number(end) for end in story.total[:, -1])
    return [
        f"Stacked areas of {wording.lowered(subtitle)}. {'; '.join(parts)}.",
        f"All: {wording.number(story.total[1, 0])} GWh in {first}, {value} ({low}–{high}) in {last}.",
    ]


# --- drawing ---------------------------------------------------------------------------------------------------------

HEAD, KEY = 0.3, 0.3
"""Heights of the heading and of the key, inches before scaling."""


def _draw(sheet: Page, story: _Story) -> None:
    """The areas with their end table, and the ends of all together."""
    s = sheet.scale
    rows = [row._replace(name=style.shortened(row.name, 1.7 * s, LABEL * s, SEMIBOLD)) for row in _rows(story)]
    whole = Row("All", (*(wording.number(story.total[1, y]) for y in (0, -1)), "100%"), weight=BOLD)
    columns = (Column(str(story.years[0]), style.MUTED), Column(str(story.years[-1])), Column("share", style.MUTED))
    table = EndTable(sheet, "Use", columns, (*rows, whole))
    bottom = sheet.bottom + (KEY + series.UNDER) * s
    peak = float(story.total[2].max())
    left = sheet.left + series.gutter(peak, 4, s)
    panel = Panel(left, bottom, sheet.right - table.width - left, sheet.top - HEAD * s - bottom)
    sheet.text(sheet.left, sheet.top - 0.1 * s, "GWh a year", HEADING, style.INK, SEMIBOLD)
    axes = series.over_years(sheet, panel, sheet.left, story.years, peak, ticks=4)
    layers = [Layer(ends[1], _colour(use)) for use, ends in zip(story.uses, story.gwh, strict=True)]
    series.stack(axes, story.years, layers, s)
    axes.plot(story.years, story.total[1], color=style.INK, linewidth=1.4 * s, zorder=5, clip_on=False)
    if story.ranged:
        for end in (0, 2):
            axes.plot(story.years, story.total[end], color=style.INK, linewidth=1.1 * s, zorder=5, clip_on=False,
                      linestyle=(0, (3, 2)))  # fmt: skip
    table.draw_ends(panel, axes.get_ylim()[1], story.gwh[:, 1, -1], whole)
    dashed = "; dashed: its low and high" if story.ranged else ""
    sheet.key(sheet.left, sheet.bottom + 0.08 * s, [Swatch(f"all together{dashed}", style.INK, "line")])


def _colour(use: str) -> str:
    return COLOURS.get(use, style.PALE)


def _rows(story: _Story) -> list[Row]:
    """Lines of the end table."""
    total = float(story.total[1, -1])
    return [
        Row(name, (wording.number(ends[1, 0]), wording.number(ends[1, -1]),
                   wording.part(ends[1, -1] / total) if total else "–"), _colour(use))
        for (use, name), ends in zip(story.uses.items(), story.gwh, strict=True)
    ]  # fmt: skip
