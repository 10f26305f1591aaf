"""Who owns the plants of cells in a region, by year: what stands, and what is delivered of what is to come.

It answers the questions of figures 2 and 18 of Carnegie's *Battery Geopolitics* (2026) for one region.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from minerals.charts import footer, frame, series, style, supply, wording
from minerals.charts.bundle import Bundle, Result
from minerals.charts.fonts import BOLD, SEMIBOLD
from minerals.charts.selection import Selection, texts
from minerals.charts.series import Column, EndTable, Layer, Row
from minerals.charts.style import HEADING, Page, Panel, Swatch
from minerals.numbers import percent
from minerals.results.interval import Interval
from minerals.tables.codes import WORLD

from ..haste import frozen

NAME = "cell_owners"
WAY_OUT = "it is computed for runs with [industry]"
ENDS = ("low", "value", "high")
#: Country of whose own makers at home the list has no plants, and those of which it has some.
UNLISTED, PARTLY_LISTED = "CHN", {"JPN", "KOR"}
DATA = ("quantity", "region", "place", "year", "value", "low", "high", "unit")


def figure(
    result: Result,
    *,
    region: str | None = None,
    since: int | None = None,
    year: int | None = None,
    size: str = "brief",
    title: str | None = None,
) -> Bundle:
    """Draw the capacity of the plants of cells in a region, stacked by where their owners are from.

    region: one of the record's regions, or the sum of all (default); since, year: first and last year drawn, default
    those of the run; size: 'brief' or 'slide'; title: one to use instead of the computed finding.

    The data of the bundle hold a row for each year of each area (quantity `capacity`, GWh a year, with the range of
    what is delivered), and of all together what stands (`operating`) and the nameplate of all plans (`announced`).
    """
    story = _story(result, region, since, year)
    used = footer.whole("cell_plant", "plant_delivery")
    return frame.bundle(
        result, NAME, title=title, size=size, scenarios=(), used=used, unit="GWh/yr",
        finding=_finding(story), note=_note(story),
        subtitle=f"Capacity of plants of cells in {wording.place(story.region)} by where their owners are from,"
        f" {story.years[0]}–{story.years[-1]}, GWh a year",
        body=(3.4, HEAD + max(series.PITCH * (len(story.places) + 2), 1.4) + series.UNDER + KEY),
        draw=lambda page: _draw(page, story), alt=lambda subtitle: _alt(story, subtitle), data=_drawn(story),
        options={"region": story.region, "since": story.years[0], "year": story.years[-1]},
    )  # fmt: skip


@frozen
class _Story:
    """The numbers of one chart.

    places: of owners, from the base of the stack up; gwh: (place, low, value and high, year); operating, announced: of
    all, by year; own: the place of the region's own owners; unsized: plants whose capacity nobody publishes; partial:
    whether the list may have but a part of the plants there.
    """

    region: str
    years: list[int]
    places: tuple[str, ...]
    gwh: NDArray[np.float64]
    operating: NDArray[np.float64]
    announced: NDArray[np.float64]
    own: str
    unsized: int
    partial: bool

    def total(self, y: int) -> Interval:
        """All together in a year; the ends take all ends at once."""
        return Interval(*(float(end) for end in self.gwh[:, :, y].sum(axis=0)))

    def elsewhere(self, y: int) -> Interval:
        """Share of owners from elsewhere in a year: least where theirs are at their low and all others at their high
        end."""
        mine = np.array([place == self.own for place in self.places])
        low, value, high = self.gwh[~mine, :, y].sum(axis=0)
        least, middle, most = self.gwh[mine, :, y].sum(axis=0)
        pairs = ((low, most), (value, middle), (high, least))
        return Interval(*(float(part / (part + rest)) if part + rest > 0 else float("nan") for part, rest in pairs))


def _story(result: Result, region: str | None, since: int | None, year: int | None) -> _Story:
    selection = Selection(NAME, result)
    table = selection.table("cell_owners", "GWh/yr", WAY_OUT)
    place = selection.region(region)
    years = selection.span(since, year, table)
    listed_in = _countries(result, place)
    if UNLISTED in listed_in or place == WORLD:
        why = "of plants in China the list has those of foreign makers alone, so that nobody’s part follows from it in"
        selection.problems.append(f"{why} {wording.place(place)}; name a region without it")
    selection.settle()
    table = selection.rows_in(table.assign(place=texts(table["place"])), place)
    unsized = table.drop_duplicates(["region", "owner"])["unsized"].sum()
    table = table[table["year"].isin(years)]
    if table.empty:
        selection.problems.append(f"no plant of cells is listed in {place} in {years[0]}–{years[-1]}")
    selection.settle()
    summed = table.groupby(["place", "year"])[[*ENDS, "operating", "announced"]].sum()
    by_size = summed["value"].groupby(level=0).max().sort_values(ascending=False, kind="stable")
    names = [name for name in by_size.index if by_size[name] > 0 or not by_size.any()]
    own = place if place in names else ""
    # Those without a colour of the house style are drawn together.
    named = [name for name in names if name != own and name in style.COUNTRY]
    rest = [name for name in by_size.index if name not in (own, *named)]
    axis = pd.MultiIndex.from_product([by_size.index, years], names=["place", "year"])
    filled = summed.reindex(axis, fill_value=0.0)

    def of(place: str) -> NDArray[np.float64]:
        return np.asarray(filled.loc[place][list(ENDS)].to_numpy(float).T)

    groups = {name: of(name) for name in filter(None, (own, *named))}
    if rest and sum(of(name).max() for name in rest) > 0:
        groups[supply.OTHERS] = np.asarray(sum(of(name) for name in rest))
    whole = filled.groupby(level="year").sum()
    return _Story(
        region=place,
        years=years,
        places=tuple(groups),
        gwh=np.stack(list(groups.values())),
        operating=whole["operating"].to_numpy(float),
        announced=whole["announced"].to_numpy(float),
        own=own,
        unsized=round(float(unsized)),
        partial=bool(listed_in & PARTLY_LISTED) or not all(len(code) == 3 for code in listed_in),
    )


def _countries(result: Result, place: str) -> set[str]:
    """Codes of the countries of a region, or of all regions together; of what the others leave its words."""
    members = result.record.get("region_members", {})
    names = [place] if place in result.record["regions"] else result.record["regions"]
    return {code for name in names for code in str(members.get(name, "")).split(";")}


def _drawn(story: _Story) -> pd.DataFrame:
    """Exactly what is drawn, long."""
    rows = [
        ("capacity", story.region, place, year, ends[1, y], ends[0, y], ends[2, y], "GWh/yr")
        for place, ends in zip(story.places, story.gwh, strict=True)
        for y, year in enumerate(story.years)
    ]
    rows += [
        (name, story.region, "all", year, value, value, value, "GWh/yr")
        for name, values in (("operating", story.operating), ("announced", story.announced))
        for year, value in zip(story.years, values, strict=True)
    ]
    return pd.DataFrame(rows, columns=list(DATA))


# --- words -----------------------------------------------------------------------------------------------------------


def _finding(story: _Story) -> str:
    """Which part makers from elsewhere own, in the first year and in the last, with what delivery leaves open."""
    first, last, place = story.years[0], story.years[-1], wording.place(story.region)
    now, then = story.elsewhere(0), story.elsewhere(-1)
    if story.partial or not story.own or np.isnan([*now, *then]).any():
        return wording.Subject(f"Who owns the plants of cells in {place}, {first}–{last}")
    share, later = _span(now), _span(then)
    makers = f"Makers from elsewhere own {share} of the listed cell capacity in {place}"
    return f"{makers}, and would own {later} in {last}" if share != later else f"{makers}, in {last} as in {first}"


def _span(share: Interval) -> str:
    """66 to 80% · 84%."""
    low, high = percent(share.low), percent(share.high)
    return high if low == high else f"{low.removesuffix('%')} to {high}"


def _note(story: _Story) -> str:
    last, total = story.years[-1], story.total(-1)
    note = "Note: Areas: nameplate that stands, and the part of plans that is delivered by how far they are"
    if total.low < total.high:
        note += f" ({wording.number(total.low)} to {wording.number(total.high)} GWh in {last}, line at the end)"
    note += ". A plant of several owners is theirs in equal parts; plans without a year count from 2030."
    if story.unsized:
        note += f" Not in it: {story.unsized} plant{'s' if story.unsized > 1 else ''} of a size that nobody publishes."
    return f"{note} Of plants in Japan and South Korea the list has a part alone." if story.partial else note


def _alt(story: _Story, subtitle: str) -> list[str]:
    first, last = story.years[0], story.years[-1]
    parts = [
        f"{row.name} {row.numbers[0]} GWh a year in {first}, {row.numbers[1]} in {last} ({row.numbers[2]})"
        for row in _rows(story)
    ]
    return [
        f"Stacked areas of {wording.lowered(subtitle)}. {'; '.join(parts)}.",
        f"Of all in {last}: {wording.number(story.operating[-1])} stand, {wording.number(story.announced[-1])} are"
        " announced.",
    ]


# --- drawing ---------------------------------------------------------------------------------------------------------

HEAD, KEY = 0.3, 0.3
"""Heights of the heading and of the key, inches before scaling."""


def _draw(sheet: Page, story: _Story) -> None:
    """The areas with their end table, what stands, and all that is announced."""
    s, rows = sheet.scale, _rows(story)
    totals = [wording.number(story.total(y).value) for y in (0, -1)]
    whole = Row("All", (*totals, "100%"), weight=BOLD)
    columns = (Column(str(story.years[0]), style.MUTED), Column(str(story.years[-1])), Column("share", style.MUTED))
    table = EndTable(sheet, "Owners", columns, (*rows, whole))
    bottom = sheet.bottom + (KEY + series.UNDER) * s
    peak = float(max(story.announced.max(), story.gwh[:, 2].sum(axis=0).max()))
    left = sheet.left + series.gutter(peak, 4, s)
    panel = Panel(left, bottom, sheet.right - table.width - left, sheet.top - HEAD * s - bottom)
    sheet.text(sheet.left, sheet.top - 0.1 * s, "GWh a year", HEADING, style.INK, SEMIBOLD)
    axes = series.over_years(sheet, panel, sheet.left, story.years, peak, ticks=4)
    layers = [Layer(ends[1], _colour(place)) for place, ends in zip(story.places, story.gwh, strict=True)]
    series.stack(axes, story.years, layers, s)
    axes.plot(story.years, story.operating, color=style.INK, linewidth=1.6 * s, zorder=5, clip_on=False)
    axes.plot(story.years, story.announced, color=style.BASE, linewidth=1.6 * s, zorder=4, clip_on=False)
    total = story.total(-1)
    if total.low < total.high:
        axes.plot([story.years[-1]] * 2, [total.low, total.high], color=style.ACCENT, linewidth=2.4 * s, zorder=6,
                  solid_capstyle="butt", clip_on=False)  # fmt: skip
    table.draw_ends(panel, axes.get_ylim()[1], story.gwh[:, 1, -1], whole)
    entries = [Swatch("stands", style.INK, "line"), Swatch("all that is announced", style.BASE, "line")]
    if total.low < total.high:
        entries.append(Swatch("range of delivery", style.ACCENT, "line"))
    sheet.key(sheet.left, sheet.bottom + 0.08 * s, entries)


def _colour(place: str) -> str:
    return supply.country_colour(place)


def _rows(story: _Story) -> list[Row]:
    """Lines of the end table."""
    total = story.total(-1).value
    return [
        Row(place, (wording.number(ends[1, 0]), wording.number(ends[1, -1]),
                    wording.part(ends[1, -1] / total) if total else "–"), _colour(place))
        for place, ends in zip(story.places, story.gwh, strict=True)
    ]  # fmt: skip
