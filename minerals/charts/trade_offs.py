"""What cells hold, need and hang on, side by side: Wh/kg, Wh/L, kg of minerals per kWh, and the most concentrated step.

It answers the question of figure 6 of Carnegie's *Battery Geopolitics* (2026): what is given up for what.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes

from minerals.charts import footer, frame, style, supply, wording
from minerals.charts.bundle import Bundle, Result
from minerals.charts.fonts import REGULAR, SEMIBOLD
from minerals.charts.selection import Selection, table_of, texts
from minerals.charts.style import HEADING, LABEL, SMALL, Page, Panel, Swatch
from minerals.numbers import percent
from minerals.provenance import names_in
from minerals.results.interval import Interval

NAME = "trade_offs"
WAY_OUT = "it is computed for runs with [industry]"
MINERALS = ("graphite", "nickel", "cobalt", "lithium")
"""Minerals whose masses are added up, where none are named."""
HELD, NEED, WEAKEST = ("specific_energy", "energy_density"), "mineral_intensity", "weakest_top1"
HEADS = {"specific_energy": "Energy, Wh/kg", "energy_density": "Energy, Wh/L", NEED: "Minerals, kg/kWh",
         WEAKEST: "Weakest step, %"}  # fmt: skip
UNKNOWN = "?"
MOST = 12
DATA = ("chemistry", "silicon", "label", "family", "year", "measure", "item", "country", "value", "low", "high", "unit")


def figure(
    result: Result,
    *,
    since: int | None = None,
    year: int | None = None,
    minerals: Sequence[str] | None = None,
    size: str = "brief",
    title: str | None = None,
) -> Bundle:
    """Draw the chemistries of [industry] in rows, and in columns what they hold, need and hang on.

    since, year: the two years drawn, default the first with a figure and the last of the table; minerals: whose masses
    are added up, default graphite, nickel, cobalt and lithium; size: 'brief' or 'slide'; title: one to use instead of
    the computed finding.

    The data of the bundle hold a row for each dot and part of a bar, with its range: specific_energy, energy_density
    (no row where no figure is known), mineral_intensity by mineral, and weakest_top1, in %: of the steps that a cell
    cannot do without and whose makers are known the most concentrated one, and the share of its leading country.
    """
    story = _story(result, since, year, minerals)
    rows = len(story.rows)
    used: footer.Used = {"trade_offs": {"year": story.years}}
    return frame.bundle(
        result, NAME, title=title, size=size, scenarios=(), used=used, unit="Wh/kg; Wh/L; kg/kWh; %",
        finding=_finding(story), note=_note(story),
        subtitle=_subtitle(story),
        lines={"red_line": _red_line(story)},
        body=(HEAD + rows * USUAL + FOOT, HEAD + rows * LEAST + FOOT), draw=lambda page: _draw(page, story),
        alt=lambda subtitle: _alt(story, subtitle), data=story.data,
        options={"since": story.years[0], "year": story.years[-1], "minerals": list(story.minerals)},
    )  # fmt: skip


@dataclass(frozen=True)
class _Step:
    """The most concentrated step of a cell: what it makes, who leads, and its share.

    assumed: whether the share is; open: whether nobody says who makes another step, whose share may be larger.
    """

    label: str
    country: str
    share: Interval
    assumed: bool

    @property
    def open(self) -> bool:
        return self.share.high > self.share.value


@dataclass(frozen=True)
class _Row:
    """One chemistry. held: (measure, year) -> what it holds, where known; need: (year) -> mineral -> kg/kWh; weakest:
    by year."""

    label: str
    family: str
    held: dict[tuple[str, int], Interval]
    need: dict[int, dict[str, Interval]]
    weakest: dict[int, _Step]

    def total(self, year: int) -> Interval:
        """Minerals together; the ends take all ends at once."""
        return Interval(*(float(sum(ends[end] for ends in self.need[year].values())) for end in range(3)))


@dataclass(frozen=True)
class _Story:
    """The numbers of one chart. others: labels of minerals of the run that are not added up."""

    years: tuple[int, ...]
    minerals: dict[str, str]
    others: tuple[str, ...]
    rows: tuple[_Row, ...]
    data: pd.DataFrame

    @property
    def measures(self) -> tuple[str, ...]:
        """Columns that any row has a figure of."""
        has = {HELD[0], HELD[1], NEED} | ({WEAKEST} if any(row.weakest for row in self.rows) else set())
        return tuple(measure for measure in HEADS if measure in has)


def _story(result: Result, since: int | None, year: int | None, minerals: Sequence[str] | None) -> _Story:
    selection = Selection(NAME, result)
    table = selection.table("trade_offs", way_out=WAY_OUT)
    words = ("chemistry", "label", "family", "measure", "item", "item_label", "country", "country_label", "unit")
    table = table.assign(**{column: texts(table[column]) for column in words})
    assumed = _assumed(result)
    last = selection.year(year, table)
    with_figures = table[table["measure"].isin(HELD)] if table["measure"].isin(HELD).any() else table
    first = selection.year(since, table) if since is not None else min(last, *map(int, with_figures["year"]))
    known = {row.item: row.item_label for row in table[table["measure"] == NEED].itertuples()}
    usual = [mineral for mineral in MINERALS if mineral in known] or [*known]
    wanted = supply.one_of(selection, "mineral", minerals, [*known] if minerals else usual)
    selection.settle()
    years = tuple(sorted({first, last}))
    table = table[table["year"].isin(years) & (~table["measure"].eq(NEED) | table["item"].isin(wanted))]
    rows = []
    for (_, _, label, family), mine in table.groupby(["chemistry", "silicon", "label", "family"], sort=False):
        held, need, weakest = dict[tuple[str, int], Interval](), dict[int, dict[str, Interval]](), dict[int, _Step]()
        for row in mine.itertuples():
            ends = Interval(float(row.low), float(row.value), float(row.high))
            if row.measure in HELD:
                held[row.measure, int(row.year)] = ends
            elif row.measure == NEED:
                need.setdefault(int(row.year), {})[row.item] = ends
            elif row.measure == WEAKEST:
                weakest[int(row.year)] = _Step(
                    row.item_label or row.item, row.country_label or row.country, ends,
                    bool(assumed.intersection(names_in([str(row.rows)]))),
                )  # fmt: skip
        rows.append(_Row(label, family, held, {y: need.get(y, {}) for y in years}, weakest))
    if len(rows) > MOST:
        selection.problems.append(f"{len(rows)} chemistries do not fit; name up to {MOST} in industry.chemistries")
        selection.settle()
    shares = table["measure"] == WEAKEST
    data = table.assign(**{end: table[end].where(~shares, 100 * table[end]) for end in ("value", "low", "high")},
                        unit=table["unit"].where(~shares, "%"))  # fmt: skip
    return _Story(
        years=years,
        minerals={mineral: known[mineral] for mineral in wanted},
        others=tuple(name for mineral, name in known.items() if mineral not in wanted),
        rows=tuple(rows),
        data=data[list(DATA)].reset_index(drop=True),
    )


def _assumed(result: Result) -> set[str]:
    """Names of the rows of inputs that are assumed."""
    used = table_of(result, "inputs_used")
    return set(used.loc[used["source"] == "assumed", "rows"].astype(str)) if used is not None else set()


# --- words -----------------------------------------------------------------------------------------------------------


def _floored(share: float) -> str:
    """A share in whole per cent that it is not below."""
    return f"{math.floor(100 * share + 1e-9)}%"


def _kinds(story: _Story) -> str:
    """6 kinds of cells · LFP cells."""
    return f"{len(story.rows)} kinds of cells" if len(story.rows) > 1 else f"{story.rows[0].label} cells"


def _subtitle(story: _Story) -> str:
    """What the columns hold, and in which years: dots are of both, bars of the last."""
    both, last = " and ".join(map(str, story.years)), story.years[-1]
    bars = "minerals and most concentrated step" if WEAKEST in story.measures else "minerals"
    if len(story.years) == 1:
        return f"Energy, {bars} of {_kinds(story)}, {last}"
    return f"Energy of {_kinds(story)}, {both}; {bars}, {last}"


def _finding(story: _Story) -> str:
    """That each of them has a step that one country makes nearly alone, where it is so at the low end too."""
    last, rows = story.years[-1], story.rows
    steps = [row.weakest[last] for row in rows if last in row.weakest]
    least = min((step.share.low for step in steps), default=0.0)
    if len(steps) < len(rows) or least < 0.5:
        what = "hold, need and hang on" if steps else "hold and need"
        return wording.Subject(f"What {_kinds(story)} {what}, {' and '.join(map(str, story.years))}")
    countries = list(dict.fromkeys(step.country for step in steps))
    whom = wording.place(countries[0]) if len(countries) == 1 else "one country"
    has = f"{_kinds(story)} have" if len(rows) == 1 else f"each of {_kinds(story)} has"
    energies = [row.held[HELD[0], last] for row in rows if (HELD[0], last) in row.held]
    start = ""
    if len(energies) == len(rows) > 1:
        low, high = min(each.low for each in energies), max(each.high for each in energies)
        start = f"From {wording.number(low)} to {wording.number(high)} Wh/kg, " if low < high else ""
    return wording.capitalised(f"{start}{has} a step of which {whom} makes {_floored(least)} or more")


def _red_line(story: _Story) -> str:
    """Shares of the steps drawn that are assumed, which decide the finding."""
    steps = [row.weakest[story.years[-1]] for row in story.rows if story.years[-1] in row.weakest]
    names = list(dict.fromkeys(wording.lowered(step.label) for step in steps if step.assumed))
    return f"The share of who makes most is assumed for {wording.names(names)}." if names else ""


def _note(story: _Story) -> str:
    first, last = story.years[0], story.years[-1]
    what = wording.names([wording.lowered(name) for name in story.minerals.values()])
    note = f"Note: Lines run from low to high. Minerals are {what}, of cell and pack, at their ends all at once"
    note += f"; {len(story.others)} more are not drawn." if story.others else "."
    if any((measure, year) not in row.held for row in story.rows for measure in HELD for year in story.years):
        note += f" {UNKNOWN}\u00a0No figure is known; none is carried on from another year."
    held = ["minerals per kWh"] if all(row.need[first] == row.need[last] for row in story.rows) else []
    steps = [row.weakest.get(year) for row in story.rows for year in story.years]
    held += ["shares of steps"] if any(steps) and steps[::2] == steps[1::2] else []
    if first != last and held:
        note += f" {wording.capitalised(wording.names(held))} are held at those of {first}."
    if any(row.weakest for row in story.rows):
        note += " Weakest step: of all that a cell cannot do without the one whose leading country makes most of the"
        note += " world’s"
        note += (
            "; pale: another may be worse, as nobody says who makes it."
            if any(step and step.open for step in steps)
            else "."
        )
    return note


def _arrow(values: Sequence[str]) -> str:
    """260 → 276; one alone where both are printed alike."""
    return values[0] if len(set(values)) == 1 else " → ".join(values)


def _said(story: _Story, row: _Row, measure: str) -> str:
    """A cell of the chart in words."""
    years = story.years
    if measure in HELD:
        known = [row.held.get((measure, year)) for year in years]
        return _arrow([wording.number(ends.value) if ends else UNKNOWN for ends in known])
    if measure == NEED:
        return _arrow([wording.number(row.total(year).value) for year in years])
    steps = [row.weakest[year] for year in years if year in row.weakest]
    if not steps:
        return UNKNOWN
    last = steps[-1]
    steps = [step for step in steps if (step.label, step.country) == (last.label, last.country)]
    shares = _arrow([("≥ " if step.open else "") + percent(step.share.value) for step in steps])
    return f"{shares} {wording.lowered(last.label)}"


def _alt(story: _Story, subtitle: str) -> list[str]:
    units = {"specific_energy": "Wh/kg", "energy_density": "Wh/L", NEED: "kg/kWh of minerals", WEAKEST: ""}
    parts = [
        f"{row.label}: "
        + ", ".join(f"{_said(story, row, m)} {units[m]}".strip() for m in story.measures)
        + "".join(f" ({row.weakest[y].country})" for y in story.years[-1:] if y in row.weakest)
        for row in story.rows
    ]
    return [f"Rows of dots and bars. {subtitle}. {'. '.join(parts)}."]


# --- drawing ---------------------------------------------------------------------------------------------------------

HEAD, FOOT = 0.42, 0.3
"""Heights of the headings and of the key below, inches before scaling."""
USUAL, LEAST = 0.47, 0.34
"""Height of a row."""
NAMES, GAP = 1.3, 0.18
"""Width of the names, and air between two columns."""
WIDER = 1.35
"""Width of the column of steps, in columns."""


def _draw(sheet: Page, story: _Story) -> None:
    s, rows = sheet.scale, story.rows
    top, bottom = sheet.top - HEAD * s, sheet.bottom + FOOT * s
    pitch = min((top - bottom) / len(rows), 0.62 * s)
    tops = [top - i * pitch for i in range(len(rows))]
    measures = story.measures
    shares = [WIDER if measure == WEAKEST else 1.0 for measure in measures]
    room = sheet.width - (NAMES + GAP * (len(measures) - 1)) * s
    left = sheet.left + NAMES * s
    for row, y in zip(rows, tops, strict=True):
        family = style.shortened(row.family, (NAMES - 0.1) * s, LABEL * s, SEMIBOLD)
        sheet.text(sheet.left, y - 0.2 * s, family, LABEL, style.as_text(_colour(row)), SEMIBOLD)
        most = 2 if pitch > 0.44 * s else 1
        name = wording.kind(row.label, row.family)
        for i, line in enumerate(style.wrapped(name, (NAMES - 0.1) * s, SMALL * s, most=most)):
            sheet.text(sheet.left, y - (0.31 + 0.11 * i) * s, line, SMALL, style.FAINT)
        sheet.line((sheet.left, sheet.right), (y, y), style.GRID, 0.7, order=0)
    for measure, share in zip(measures, shares, strict=True):
        width = room * share / sum(shares)
        head = style.shortened(HEADS[measure], width + 0.1 * s, HEADING * s, SEMIBOLD)
        sheet.text(left, sheet.top - 0.1 * s, head, HEADING, style.INK, SEMIBOLD)
        panel = Panel(left, tops[-1] - pitch, width, pitch * len(rows))
        axes = sheet.value_axes(panel, (0.0, _end(story, measure)), ticks=3)
        for row, y in zip(rows, tops, strict=True):
            text = style.shortened(_said(story, row, measure), width - 0.05 * s, LABEL * s, REGULAR)
            sheet.text(left + 0.03 * s, y - 0.16 * s, text, LABEL, style.INK, clear=True)
            _draw_cell(axes, story, row, measure, y - 0.16 * s - 0.5 * (pitch - 0.16 * s), s)
        left += width + GAP * s
    _draw_key(sheet, story)


def _end(story: _Story, measure: str) -> float:
    """Where the axis of a column ends."""
    if measure == WEAKEST:
        return 110.0
    highs = [ends.high for row in story.rows for (name, _), ends in row.held.items() if name == measure]
    if measure == NEED:
        highs = [row.total(year).high for row in story.rows for year in story.years]
    return 1.04 * max(highs, default=1.0) or 1.0


def _colour(row: _Row) -> str:
    return style.FAMILY.get(row.family, style.INK)


def _draw_cell(axes: Axes, story: _Story, row: _Row, measure: str, middle: float, s: float) -> None:
    """Marks of one chemistry in one column, around a height in inches of the figure."""
    last = story.years[-1]
    if measure in HELD:
        for place, year in enumerate(story.years):
            ends = row.held.get((measure, year))
            if ends is None:
                continue
            colour = _year_colour(story, year)
            y = middle + (0.045 * s if place == 0 else -0.045 * s) * (len(story.years) > 1)
            axes.plot([ends.low, ends.high], [y, y], color=colour, linewidth=1.3 * s, solid_capstyle="butt", zorder=3)
            axes.plot(ends.value, y, "o", color=colour, markersize=4.6 * s, markeredgewidth=0, zorder=5)
    elif measure == NEED:
        start = 0.0
        for mineral in story.minerals:
            ends = row.need[last].get(mineral)
            if ends is not None:
                axes.barh(middle, ends.value, 0.11 * s, left=start, color=style.MINERAL.get(mineral, style.BASE),
                          linewidth=0.5 * s, edgecolor="white", zorder=3)  # fmt: skip
                start += ends.value
        total = row.total(last)
        axes.plot([total.low, total.high], [middle - 0.075 * s] * 2, color=style.INK, linewidth=1.0 * s, zorder=4,
                  solid_capstyle="butt")  # fmt: skip
    elif last in row.weakest:
        step = row.weakest[last]
        colour = supply.country_colour(step.country)
        axes.barh(middle, 100 * step.share.value, 0.11 * s, color=colour, linewidth=0, zorder=3)
        if step.open:
            axes.barh(middle, 100 * (step.share.high - step.share.value), 0.11 * s, left=100 * step.share.value,
                      color=supply.pale(colour), linewidth=0, zorder=2)  # fmt: skip


def _year_colour(story: _Story, year: int) -> str:
    return style.ACCENT if year == story.years[-1] else style.BASE


def _draw_key(sheet: Page, story: _Story) -> None:
    entries = [Swatch(str(year), _year_colour(story, year), "dot") for year in story.years]
    entries += [Swatch(name, style.MINERAL.get(mineral, style.BASE)) for mineral, name in story.minerals.items()]
    steps = [row.weakest[story.years[-1]] for row in story.rows if story.years[-1] in row.weakest]
    entries += [
        Swatch(f"{name} leads", supply.country_colour(name)) for name in dict.fromkeys(s.country for s in steps)
    ]
    sheet.key(sheet.left, sheet.bottom + 0.1 * sheet.scale, entries)
