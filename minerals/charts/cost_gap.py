"""How much dearer a region's own cells and packs are than those of another, and what closes the gap: tariff, credit.

It answers the question of figure 5 of Carnegie's *Battery Geopolitics* (2026).
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from minerals.charts import footer, frame, series, style, supply, wording
from minerals.charts.bundle import Bundle, Result
from minerals.charts.fonts import BOLD, SEMIBOLD
from minerals.charts.selection import Selection, texts
from minerals.charts.style import FAMILY, HEADING, LABEL, Page, Panel
from minerals.numbers import percent
from minerals.results.interval import Interval

NAME = "cost_gap"
WAY_OUT = "prices are computed for runs with [prices]"
UNIT = "USD_2025/kWh"
TARIFF, CREDIT = "tariff", "credit"
UNKNOWN = "not known"
MOST = 10
DATA = ("scenario", "region", "against", "level", "family", "measure", "year", "value", "low", "high", "unit")


def figure(
    result: Result, *, year: int | None = None, scenario: str | None = None, size: str = "brief",
    title: str | None = None,
) -> Bundle:  # fmt: skip
    """Draw for each region, level and family with prices of its own the tariff on the others' that makes both cost the
    same, the credit that does so, and where both are known every pair of the two that does.

    year: default the first that has prices, as published; scenario: world adoption by which prices fall after it,
    default the first; size: 'brief' or 'slide'; title: one to use instead of the computed finding.

    The data of the bundle hold a row for each dot: measure tariff, in % of the value of what is imported, and credit,
    in USD_2025/kWh, each alone, with their ranges. Where the gap alone is published, no credit follows from it.
    """
    story = _story(result, year, scenario)
    rows = len(story.rows)
    return frame.bundle(
        result, NAME, title=title, size=size, scenarios=(), unit="%; USD_2025/kWh",
        used=_used(story), finding=_finding(story), note=_note(story),
        subtitle=f"What makes a region’s own cost as much as {wording.possessive(story.against)}, {story.year}:"
        " tariff, % of the import’s value; production credit, real 2025 dollars per kWh",
        lines={"run": footer.run_line(result.record, [f"{story.label} (world)"])},
        body=(HEAD + max(rows * USUAL, PAIRS if story.pairs else 0.0), HEAD + max(rows * LEAST, PAIRS)),
        draw=lambda page: _draw(page, story), alt=lambda subtitle: _alt(story, subtitle), data=_drawn(story),
        options={"year": story.year, "scenario": story.scenario},
    )  # fmt: skip


@dataclass(frozen=True)
class _Row:
    """One price: whose, of what, and what closes its gap, each alone.

    tariff: share of the import's value; credit: USD_2025/kWh, where it is known.
    """

    region: str
    level: str
    family: str
    tariff: Interval
    credit: Interval | None

    @property
    def what(self) -> str:
        """LFP cells · Li-ion packs."""
        return f"{self.family} {self.level}s"

    @property
    def colour(self) -> str:
        return style.as_text(supply.country_colour(self.region))


@dataclass(frozen=True)
class _Story:
    """The numbers of one chart. in_place: words on a tariff or a credit that the run has in place already."""

    against: str
    scenario: str
    label: str
    year: int
    rows: tuple[_Row, ...]
    in_place: str

    @property
    def pairs(self) -> list[_Row]:
        """Rows of which tariff and credit are known, so that pairs of the two are: none beside one in place."""
        known = [row for row in self.rows if row.credit is not None and row.credit.value > 0 and row.tariff.value > 0]
        return [] if self.in_place else known


def _story(result: Result, year: int | None, scenario: str | None) -> _Story:
    selection = Selection(NAME, result)
    table = selection.table("price_parity", way_out=WAY_OUT)
    words = ("scenario", "region", "against", "level", "family", "measure")
    table = table.assign(**{column: texts(table[column]) for column in words})
    name = selection.world(scenario, table)
    table = table[table["scenario"] == name]
    when = selection.year(year if year is not None else int(table["year"].min()), table)
    selection.settle()
    table = table[table["year"] == when]
    rows = []
    for (region, level, family), mine in table.groupby(["region", "level", "family"], sort=False):
        ends = {row.measure: Interval(float(row.low), float(row.value), float(row.high)) for row in mine.itertuples()}
        if TARIFF in ends:
            rows.append(_Row(region, level, family, ends[TARIFF], ends.get(CREDIT)))
    if not rows or len(rows) > MOST:
        why = f"{len(rows)} prices do not fit" if rows else "no price of a region stands against another’s"
        selection.problems.append(f"{why} in {when}")
        selection.settle()
    order = ("cell", "pack")
    rows.sort(key=lambda row: (order.index(row.level) if row.level in order else 2, -row.tariff.value))
    known = selection.record.get("prices", {}).get(name, {})
    prices = (selection.record.get("config") or {}).get("prices") or {}
    in_place = [f"a {each}" for each in (TARIFF, CREDIT) if prices.get(each)]
    return _Story(
        against=table["against"].iloc[0],
        scenario=name,
        label=str(known.get("label") or name),
        year=when,
        rows=tuple(rows),
        in_place=" and ".join(in_place),
    )


def _used(story: _Story) -> footer.Used:
    """Observed prices of what is drawn and of what it stands against, and gaps that are published alone."""
    regions, levels = [story.against, *(row.region for row in story.rows)], [row.level for row in story.rows]
    where = {"region": regions, "level": levels, "family": [row.family for row in story.rows]}
    return {"cell_price": {**where, "case": ["observed"]}, "cell_price_gap": where}


def _drawn(story: _Story) -> pd.DataFrame:
    """Exactly what is drawn, long."""
    rows = [
        (story.scenario, row.region, story.against, row.level, row.family, measure, story.year,
         *(factor * ends[place] for place in (1, 0, 2)), unit)
        for row in story.rows
        for measure, ends, factor, unit in ((TARIFF, row.tariff, 100.0, "%"), (CREDIT, row.credit, 1.0, UNIT))
        if ends is not None
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(DATA))


# --- words -----------------------------------------------------------------------------------------------------------


def _finding(story: _Story) -> str:
    """What closes the widest gap of what is printed first, where its whole range lies above zero."""
    first = story.rows[0]
    whose = f"{wording.possessive(first.region)} {first.what}"
    other = wording.possessive(story.against)
    if not first.tariff.low > 0 or story.in_place:
        return wording.Subject(f"What would make {whose} cost as much as {other} in {story.year}")
    tariff = percent(first.tariff.low)
    if first.tariff.low < first.tariff.high:
        tariff = f"{tariff.removesuffix('%')} to {percent(first.tariff.high)}"
        return f"{wording.capitalised(whose)} are {tariff} dearer than {other}; a tariff of as much would close the gap"
    credit = f", or a credit of {wording.number(first.credit.value)} dollars per kWh," if first.credit else ""
    return f"A tariff of {tariff}{credit} would make {whose} cost as much as {other}"


def _note(story: _Story) -> str:
    note = "Note: Lines run from low to high of the region’s own price. A tariff alone is as large as the own price"
    note += " stands above the other’s."
    if any(row.credit is None for row in story.rows):
        note += (
            f" Credit not known: of cells the gap is published in % of {wording.possessive(story.against)} as sold in"
            " the region, and not that price."
        )
    if story.pairs:
        note += " Both: every point of a line closes the gap (own price − credit = other price × (1 + tariff))."
    if story.in_place:
        note += f" The run has {story.in_place} in place: what is drawn comes beside it."
    return f"{note} Freight and quality are in none of it."


def _alt(story: _Story, subtitle: str) -> list[str]:
    parts = [
        f"{row.region}, {row.what}: tariff {_range(row.tariff, share=True)}, credit "
        + (f"{_range(row.credit)} dollars per kWh" if row.credit else UNKNOWN)
        for row in story.rows
    ]
    return [f"Dots of {wording.lowered(subtitle)}. {'. '.join(parts)}."]


def _range(ends: Interval, *, share: bool = False) -> str:
    """18% (10–27%) · 37; the value alone where it has no range."""
    say = percent if share else wording.number
    value, low, high = say(ends.value), say(ends.low), say(ends.high)
    return value if low == high else f"{value} ({low.removesuffix('%')}–{high})"


# --- drawing ---------------------------------------------------------------------------------------------------------

HEAD = 0.46
"""Height of the headings, inches before scaling."""
USUAL, LEAST, PAIRS = 0.5, 0.36, 1.6
"""Height of a row, and least height of the panel of pairs."""
NAMES, GAP = 1.15, 0.24
"""Width of the names, and air between two columns."""


def _draw(sheet: Page, story: _Story) -> None:
    s, rows = sheet.scale, story.rows
    top = sheet.top - HEAD * s
    pitch = min((top - sheet.bottom) / len(rows), 0.7 * s)
    tops = [top - i * pitch for i in range(len(rows))]
    third = 0.33 * sheet.width if story.pairs else 0.0
    room = sheet.width - NAMES * s - GAP * s - (third + GAP * s if third else 0.0)
    for row, y in zip(rows, tops, strict=True):
        sheet.line((sheet.left, sheet.left + NAMES * s + GAP * s + room), (y, y), style.GRID, 0.7, order=0)
        name = style.shortened(row.what, (NAMES - 0.1) * s, LABEL * s, SEMIBOLD)
        sheet.text(sheet.left, y - 0.2 * s, name, LABEL, style.as_text(FAMILY.get(row.family, style.INK)), SEMIBOLD)
        place = style.shortened(row.region, (NAMES - 0.1) * s, LABEL * s)
        sheet.text(sheet.left, y - 0.34 * s, place, LABEL, style.MUTED)
    columns = (("Tariff alone, %", TARIFF), ("Credit alone, $/kWh", CREDIT))
    left = sheet.left + NAMES * s
    for head, measure in columns:
        panel = Panel(left, tops[-1] - pitch, room / 2, pitch * len(rows))
        _draw_column(sheet, story, panel, tops, head, measure)
        left += room / 2 + GAP * s
    if third:
        _draw_pairs(sheet, story, Panel(left, sheet.bottom, third, top - sheet.bottom))


def _draw_column(sheet: Page, story: _Story, panel: Panel, tops: list[float], head: str, measure: str) -> None:
    """One way to close the gap, by row."""
    s = sheet.scale
    scale = 100.0 if measure == TARIFF else 1.0
    found = [row.tariff if measure == TARIFF else row.credit for row in story.rows]
    peak = max([scale * ends.high for ends in found if ends is not None] or [1.0]) or 1.0
    sheet.text(panel.left, sheet.top - 0.1 * s, head, HEADING, style.INK, SEMIBOLD)
    axes = sheet.value_axes(panel, (0.0, 1.12 * peak), ticks=3)
    pitch = panel.height / len(tops)
    for row, ends, y in zip(story.rows, found, tops, strict=True):
        if ends is None:
            sheet.text(panel.left + 0.06 * s, y - 0.17 * s, UNKNOWN, LABEL, style.FAINT, clear=True)
            continue
        text = _range(ends, share=measure == TARIFF)
        sheet.text(panel.left + 0.06 * s, y - 0.17 * s, text, LABEL, style.INK, clear=True)
        middle = y - 0.17 * s - 0.5 * (pitch - 0.17 * s)
        colour = supply.country_colour(row.region)
        axes.plot([scale * ends.low, scale * ends.high], [middle] * 2, color=colour, linewidth=1.6 * s, zorder=3,
                  solid_capstyle="butt")  # fmt: skip
        axes.plot(scale * ends.value, middle, "o", color=colour, markersize=6 * s, markeredgewidth=0, zorder=5)


def _draw_pairs(sheet: Page, story: _Story, place: Panel) -> None:
    """Every pair of tariff and credit that closes a gap: a line from the one alone to the other alone."""
    s, pairs = sheet.scale, story.pairs
    what = {row.what for row in pairs}
    head = f"Or both: {pairs[0].what}, $/kWh" if len(what) == 1 else "Or both: credit, $/kWh"
    head = style.shortened(head, place.width, HEADING * s, SEMIBOLD)
    sheet.text(place.left, sheet.top - 0.1 * s, head, HEADING, style.INK, SEMIBOLD)
    ends = [(row.credit.value, 100 * row.tariff.value) for row in pairs if row.credit is not None]
    credits, tariffs = (list(each) for each in zip(*ends, strict=True))
    gutter = series.gutter(max(credits), 4, s)
    panel = Panel(place.left + gutter, place.bottom + 0.4 * s, place.width - gutter, place.height - 0.2 * s)
    axes = series.over_years(sheet, panel, place.left, (0, 1), max(credits), ticks=4, named=False)
    axes.set_xlim(0, 1.04 * max(tariffs))
    for tick in (0.0, *series.value_ticks(max(tariffs), 3)):
        x = panel.left + tick / axes.get_xlim()[1] * panel.width
        sheet.text(x, panel.bottom - 0.16 * s, f"{tick:,.10g}", LABEL, style.MUTED, align="center")
    sheet.text(panel.left + panel.width, panel.bottom - 0.31 * s, "tariff, %", LABEL, style.MUTED, align="right")
    # The corner of high tariffs and high credits lies above every line.
    y = panel.bottom + panel.height - 0.12 * s
    for row, credit, tariff in sorted(zip(pairs, credits, tariffs, strict=True), key=lambda each: -each[1]):
        axes.plot([0, tariff], [credit, 0], color=supply.country_colour(row.region), linewidth=2 * s, zorder=3,
                  clip_on=False)  # fmt: skip
        name = style.shortened(
            row.region if len(what) == 1 else f"{row.region}, {row.what}", 0.72 * panel.width, LABEL * s, BOLD
        )
        sheet.text(panel.left + panel.width, y, name, LABEL, row.colour, BOLD, align="right")
        y -= 0.15 * s
