"""How many batteries are in use, of which chemistry family, and how many leave use each year: stacked areas in GWh."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from minerals.charts import footer, frame, series, style, wording
from minerals.charts.bundle import Bundle, Result
from minerals.charts.fonts import BOLD, SEMIBOLD
from minerals.charts.selection import Selection, label, table_of
from minerals.charts.series import PITCH, Column, EndTable, Row
from minerals.charts.style import FAMILY, HEADING, Page, Panel

from ..haste import frozen

NAME = "stock"
WAY_OUT = "stocks are computed for runs with [flows]"
KINDS = ("plain", "silicon blend")


def figure(
    result: Result,
    *,
    region: str | None = None,
    year: int | None = None,
    since: int | None = None,
    scenario: str | None = None,
    size: str = "brief",
    title: str | None = None,
) -> Bundle:
    """Draw the batteries in use by chemistry family, and what leaves use a year.

    region: one of the record's regions, or the sum of all (default); since, year: first and last year drawn, default
    those of the table; scenario: default the first of the run; size: 'brief' or 'slide'; title: one to use instead of
    the computed finding.

    The data of the bundle hold a row for each year of each area (quantity `in_use_stock`, GWh) and of the line below
    (quantity `retirements`, GWh a year): quantity, scenario, region, family, anode, year, value, unit. Cells with a
    silicon blend in the anode count with the family of their base chemistry and are marked in `anode`.
    """
    story = _story(result, region, since, year, scenario)
    return frame.bundle(
        result, NAME, title=title, size=size, scenarios=(story.scenario,), unit="GWh",
        used=footer.demand(
            result, (story.scenario,), story.region, story.years, footer.whole("lifetime", "second_life")
        ),
        finding=_finding(story), note=_note(story),
        subtitle=f"Batteries in use in {wording.place(story.region)} by chemistry, {story.label},"
        f" {story.years[0]}–{story.years[-1]}, gigawatt-hours (GWh)",
        body=(3.9, _needed(story)), draw=lambda page: _draw(page, story),
        alt=lambda subtitle: _alt(story, subtitle), data=_drawn(story),
        options={
            "region": story.region, "since": story.years[0], "year": story.years[-1], "scenario": story.scenario,
        },
    )  # fmt: skip


@frozen
class _Story:
    """The numbers of one chart.

    families: from the base of the stack up; members: family -> labels of its chemistries that its name does not tell;
    stock: GWh, shape (family, 2, year), without and with a silicon blend;
    leaving: GWh a year, (year,); second_life: GWh in the last year, None where the run has none.
    """

    region: str
    scenario: str
    label: str
    years: list[int]
    families: tuple[str, ...]
    members: dict[str, list[str]]
    stock: NDArray[np.float64]
    leaving: NDArray[np.float64]
    second_life: float | None

    @property
    def total(self) -> NDArray[np.float64]:
        """GWh in use, by year."""
        return np.asarray(self.stock.sum(axis=(0, 1)))

    @property
    def end(self) -> NDArray[np.float64]:
        """GWh of each family in the last year."""
        return np.asarray(self.stock[:, :, -1].sum(axis=1))

    @property
    def shares(self) -> list[str]:
        """Share of each family in the last year, as printed."""
        whole = float(self.total[-1])
        return [wording.part(gwh / whole) if whole else "–" for gwh in self.end]


def _story(result: Result, region: str | None, since: int | None, year: int | None, scenario: str | None) -> _Story:
    """Choose rows and sum them by family."""
    selection = Selection(NAME, result)
    stock = selection.table("in_use_stock", "GWh", WAY_OUT)
    leaving = selection.table("retirements", "GWh", WAY_OUT, filled=False)
    place, name, years = selection.region(region), selection.scenario(scenario), selection.span(since, year, stock)
    selection.settle()

    def chosen(table: pd.DataFrame) -> pd.DataFrame:
        table = selection.rows_in(table, place)
        return table[(table["scenario"] == name) & table["year"].isin(years)]

    stock, leaving = chosen(stock), chosen(leaving)
    if stock.empty:
        selection.problems.append(f"scenario '{name}' has no batteries in use in {place} in {years[0]}–{years[-1]}")
    selection.settle()
    codes = selection.record["codes"]["chemistry"]
    known = {code: codes.get(code, {}).get("family") for code in stock["chemistry"]}
    of = {code: family if family in FAMILY else "other" for code, family in known.items()}
    summed = stock.groupby([stock["chemistry"].map(of), stock["silicon"] > 0, "year"])["value"].sum()
    families = tuple(family for family in FAMILY if family in of.values())
    held = stock.groupby("chemistry")["value"].sum()
    members = {
        family: [label(codes, code) for code in codes if of.get(code) == family and held[code] > 0]
        for family in families
        if family in ("NMC", "LFP", "other")
    }
    members = {family: [name for name in of if not name.startswith(family)] for family, of in members.items()}
    cells = pd.MultiIndex.from_product([families, (False, True), years])
    second = table_of(result, "second_life_stock")
    return _Story(
        region=place,
        scenario=name,
        label=label(selection.record["scenarios"], name),
        years=years,
        families=families,
        members={family: names for family, names in members.items() if names},
        stock=np.asarray(summed.reindex(cells, fill_value=0.0), float).reshape(len(families), 2, len(years)),
        leaving=np.asarray(leaving.groupby("year")["value"].sum().reindex(years, fill_value=0.0), float),
        second_life=None if second is None else float(chosen(second).query("year == @years[-1]")["value"].sum()),
    )


def _drawn(story: _Story) -> pd.DataFrame:
    """Exactly what is drawn, long."""
    where = {"scenario": story.scenario, "region": story.region}
    rows = [
        {
            "quantity": "in_use_stock",
            **where,
            "family": family,
            "anode": kind,
            "year": year,
            "value": value,
            "unit": "GWh",
        }
        for family, kinds in zip(story.families, story.stock, strict=True)
        for kind, values in zip(KINDS, kinds, strict=True)
        if kind == KINDS[0] or values.any()
        for year, value in zip(story.years, values, strict=True)
    ]
    rows += [
        {
            "quantity": "retirements",
            **where,
            "family": "all",
            "anode": "all",
            "year": year,
            "value": value,
            "unit": "GWh",
        }
        for year, value in zip(story.years, story.leaving, strict=True)
    ]
    return pd.DataFrame(rows)


def _finding(story: _Story) -> str:
    """What the stock comes to, and what then leaves it; 'pass' only where no year before had as much."""
    total, year = story.total, story.years[-1]
    passed = _floored(float(total[-1]))
    owner = wording.capitalised(wording.possessive(story.region))
    leaving = wording.rounded(float(story.leaving[-1]))
    if total[-1] > passed > total[:-1].max():
        title = f"{owner} batteries in use pass {wording.number(passed)} GWh by {year}"
    else:
        title = f"{owner} batteries in use hold {wording.rounded(float(total[-1]))} GWh in {year}"
    return f"{title}; {leaving} GWh a year then retire" if story.leaving[-1] > 0 else title


def _floored(value: float) -> float:
    """Down to two significant digits."""
    if value <= 0:
        return 0.0
    step = 10.0 ** (math.floor(math.log10(value)) - 1)
    return math.floor(value / step) * step


def _note(story: _Story) -> str:
    """What counts as in use, and what is not in the areas."""
    year = story.years[-1]
    note = "Note: In use means in first use, at nameplate capacity; below, what leaves first use in a year."
    if story.second_life is not None:
        note += f" Batteries in a second life ({wording.rounded(story.second_life)} GWh in {year}) are not included."
    if (blend := float(story.stock[:, 1, -1].sum())) or story.stock[:, 1].any():
        note += f" White hatch: silicon blended into the anode ({wording.rounded(blend)} GWh in {year})."
    if story.members:
        members = [
            f"{name} {'is' if name == 'other' else 'includes'} {wording.names(m)}" for name, m in story.members.items()
        ]
        note += f" {wording.capitalised('; '.join(members))}."
    return note


def _alt(story: _Story, subtitle: str) -> list[str]:
    """What is drawn, and the end table in words."""
    first, last = story.years[0], story.years[-1]
    parts = [
        f"{family} {wording.number(gwh)} GWh ({share})"
        for family, gwh, share in zip(story.families, story.end, story.shares, strict=True)
    ]
    grown = f"In use: {wording.number(story.total[0])} GWh in {first}, {wording.number(story.total[-1])} in {last}"
    return [
        f"Stacked areas of {wording.lowered(subtitle)}.",
        f"{grown}: {'; '.join(parts)}.",
        f"Leaving use: {wording.number(story.leaving[0])} GWh a year in {first},"
        f" {wording.number(story.leaving[-1])} in {last}.",
    ]


HEAD, BELOW, BETWEEN = 0.3, 0.62, 0.48
"""Heights of a heading, of the lower panel, and of the air with the heading between the panels."""


def _needed(story: _Story) -> float:
    return HEAD + max(PITCH * (len(story.families) + 1), 1.2) + BETWEEN + 0.45 + series.UNDER + 0.08


def _draw(sheet: Page, story: _Story) -> None:
    """The areas with their end table, and below on the same years what leaves use."""
    s = sheet.scale
    rows, whole, leaving = _rows(story)
    columns = (Column("GWh"), Column("share", style.MUTED))
    table = EndTable(sheet, f"In {story.years[-1]}", columns, (*rows, whole, leaving))
    top = sheet.top - HEAD * s
    bottom = sheet.bottom + 0.08 * s + series.UNDER * s
    below = min(BELOW, 0.17 * (top - bottom) / s) * s
    tops = (float(story.total.max()), float(story.leaving.max()))
    ticks = (4, 1)
    left = sheet.left + max(series.gutter(peak, most, s) for peak, most in zip(tops, ticks, strict=True))
    width = sheet.right - table.width - left
    upper = Panel(left, bottom + below + BETWEEN * s, width, top - bottom - below - BETWEEN * s)
    lower = Panel(left, bottom, width, below)

    sheet.text(sheet.left, sheet.top - 0.1 * s, "In use, GWh", HEADING, style.INK, SEMIBOLD)
    axes = series.over_years(sheet, upper, sheet.left, story.years, tops[0], ticks=ticks[0], named=False)
    series.stack(axes, story.years, series.blended(story.families, story.stock, FAMILY), s)
    axes.plot(story.years, story.total, color=style.INK, linewidth=1.2 * s, zorder=4, clip_on=False)

    table.draw_ends(upper, axes.get_ylim()[1], story.end, whole)

    heading = upper.bottom - 0.26 * s
    sheet.text(sheet.left, heading, "Leaving use, GWh a year", HEADING, style.INK, SEMIBOLD)
    axes = series.over_years(sheet, lower, sheet.left, story.years, tops[1], ticks=ticks[1])
    axes.fill_between(story.years, 0, story.leaving, facecolor=style.GRID, linewidth=0, zorder=1)
    axes.plot(story.years, story.leaving, color=style.INK, linewidth=1.2 * s, zorder=4, clip_on=False)
    y = lower.bottom + float(story.leaving[-1]) / axes.get_ylim()[1] * lower.height
    table.draw_row(leaving, y, y)


def _rows(story: _Story) -> tuple[list[Row], Row, Row]:
    """Lines of the end table: what the areas are, their sum, and what leaves."""
    rows = [
        Row(wording.capitalised(family), (wording.number(gwh), share), FAMILY[family])
        for family, gwh, share in zip(story.families, story.end, story.shares, strict=True)
    ]
    total = float(story.total[-1])
    whole = Row("All", (wording.number(total), "100%" if total else "–"), weight=BOLD)
    return rows, whole, Row("Leaving", (wording.number(float(story.leaving[-1])), ""))
