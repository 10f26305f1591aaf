"""What the hardest stops cost by how many months they last, with and without a stock that runs down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from minerals.charts import footer, frame, losses, series, style, supply, wording
from minerals.charts.bundle import Bundle, Result
from minerals.charts.fonts import BOLD, REGULAR, SEMIBOLD
from minerals.charts.selection import Selection, label
from minerals.charts.style import GRID, INK, LABEL, MUTED, Page, Panel, Swatch, text_width
from minerals.errors import listed
from minerals.numbers import percent

NAME = "loss_by_length"
MOST, MOST_SCENARIOS = 3, 2
"""Stops and scenarios that are drawn at most."""
STOCK = 3.0
"""Months of stock that are drawn where none are named."""
YEAR = 12
DATA = (
    "quantity", "region", "year", "disruption", "label", "scenario", "stock_months", "months", "planned", "lost",
    "share", "unit",
)  # fmt: skip
NUMBERS: dict[float, str] = {2: "two", 3: "three", 4: "four", 6: "six"}


def figure(
    result: Result,
    *,
    region: str | None = None,
    disruptions: Sequence[str] | None = None,
    stock: float | None = None,
    size: str = "brief",
    title: str | None = None,
) -> Bundle:
    """Draw what is lost by the months that a stop lasts, a panel for each stop.

    region: default that which loses most; disruptions: three at the most, in the order drawn, default the hardest that
    hit one step of the chain; stock: months of the table, default three, beside none; size: 'brief' or 'slide'; title:
    one to use instead of the computed finding.

    The data of the bundle hold a row for each dot (quantity `loss_by_length`): lost and planned in GWh, the share in %.
    """
    story = _story(result, region, disruptions, stock)
    return frame.bundle(
        result, NAME, title=title, size=size, scenarios=story.scenarios, unit="%; GWh",
        used=footer.demand(result, story.scenarios, story.region, [story.year - 1, story.year], _supply(story)),
        finding=_finding(story), note=_note(story, frame.caveats(result)),
        subtitle=f"Batteries lost in {wording.place(story.region)} by length of a stop, % of the plan of its months, to"
        f" {story.year}",
        body=(3.3, 2.2), draw=lambda page: _draw(page, story), alt=lambda subtitle: _alt(story, subtitle),
        data=_drawn(story), options={"region": story.region, "disruptions": list(story.curves), "stock": story.stock},
        futures=supply.futures_of(result, story.scenarios),
    )  # fmt: skip


@dataclass(frozen=True)
class _Curve:
    """One stop in one scenario, by months that it lasts, with some months of stock: months, lost, planned [GWh]."""

    months: tuple[float, ...]
    lost: tuple[float, ...]
    planned: tuple[float, ...]

    @property
    def shares(self) -> list[float]:
        """Lost ÷ planned."""
        return [lost / planned if planned > 0 else 0.0 for lost, planned in zip(self.lost, self.planned, strict=True)]

    def at(self, months: float) -> float:
        """Share at one of its lengths."""
        return self.shares[self.months.index(months)]

    def between(self) -> tuple[list[float], list[float]]:
        """Months and shares of a smooth line through all: GWh are linear between two lengths, their share is not."""
        months = np.unique([*np.linspace(self.months[0], self.months[-1], 64), *self.months])
        lost, planned = (np.interp(months, self.months, each) for each in (self.lost, self.planned))
        shares = np.divide(lost, planned, out=np.zeros_like(lost), where=planned > 0)
        return months.tolist(), shares.tolist()


@dataclass(frozen=True)
class _Story:
    """The numbers of one chart. curves: disruption -> scenario -> stock -> curve, in the order drawn; short: of each
    scenario, share of a year's plan that is short without a stop; drawn: of each disruption, 5 and 95 % of the share of
    the plan that the first scenario loses in the year, of so many draws; kept: whether there is a stock in these;
    nodes: those that bind."""

    region: str
    year: int
    scenarios: tuple[str, ...]
    labels: tuple[str, ...]
    events: dict[str, supply.Event]
    nodes: set[str]
    stock: float
    months: tuple[float, ...]
    curves: dict[str, dict[str, dict[float, _Curve]]]
    short: dict[str, float]
    drawn: dict[str, tuple[float, float]]
    kept: bool
    draws: int
    left_out: int
    scenarios_left_out: int

    @property
    def first(self) -> str:
        """The first of the scenarios."""
        return self.scenarios[0]

    @property
    def stocks(self) -> list[float]:
        """Months of stock drawn."""
        return sorted({0.0, self.stock})


def _story(result: Result, region: str | None, disruptions: Sequence[str] | None, stock: float | None) -> _Story:
    selection = Selection(NAME, result)
    table = supply.rows(selection, NAME, ("disruption", "label"), "GWh")
    about = supply.rows(selection, "disruptions", ("disruption", "label", "status", "binding_node"), "GWh")
    year = selection.year(None, table)
    table, about = table[table["year"] == year], about[about["year"] == year]
    where = supply.place(selection, region or _hit(table), table)
    stocks = sorted(set(table["stock_months"].astype(float)))
    if stock is not None and stock not in stocks:
        selection.problems.append(f"stock = {stock:g} is not in the result ({listed(f'{each:g}' for each in stocks)})")
    table, about = table[table["region"] == where], about[about["region"] == where]
    codes = list(dict.fromkeys(table["disruption"]))
    wanted = supply.one_of(selection, "disruption", disruptions, codes)
    if disruptions is not None and len(wanted) > MOST:
        selection.problems.append(f"{len(wanted)} disruptions do not fit side by side; name {MOST} at the most")
    selection.settle()
    scenarios, left = supply.drawn_scenarios(selection, table, MOST_SCENARIOS)
    if not scenarios:
        selection.problems.append(f"{NAME} has no rows in {where} in {year}")
    selection.settle()
    drawn_stock = stock if stock is not None else STOCK if STOCK in stocks else stocks[-1]
    curves: dict[str, dict[str, dict[float, _Curve]]] = {code: {} for code in codes}
    for (code, scenario, months), rows in table.groupby(["disruption", "scenario", "stock_months"], sort=False):
        if scenario in scenarios and months in (0.0, drawn_stock):
            rows = rows.sort_values("months")
            numbers = (tuple(map(float, rows[name])) for name in ("months", "lost", "planned"))
            curves[code].setdefault(str(scenario), {})[float(months)] = _Curve(*numbers)
    curves = {code: found for code, found in curves.items() if found}
    short = {
        str(row.scenario): row.shortage / row.planned if row.planned > 0 else 0.0
        for row in about.drop_duplicates("scenario").itertuples()
    }
    kept = {code: curves[code] for code in wanted if code in curves}
    if disruptions is None:
        kept = _hardest(curves, scenarios, short, about)
    drawn = about[about["disruption"].isin(kept)]
    ends_of, draws = supply.intervals(result, where, year)
    return _Story(
        region=where, year=year, scenarios=scenarios,
        labels=tuple(label(selection.record["scenarios"], name) for name in scenarios),
        events=supply.events(selection, about), nodes=set(drawn["binding_node"]) - {""}, stock=drawn_stock,
        kept=bool(((result.record.get("config") or {}).get("exposure") or {}).get("stockpile_months")),
        months=tuple(sorted(set(table["months"].astype(float)))), curves=kept, short=short,
        drawn={
            code: ends for (name, code, measure), ends in ends_of.items() if (name, measure) == (scenarios[0], "lost")
        },
        draws=draws, left_out=len(curves) - len(kept), scenarios_left_out=left,
    )  # fmt: skip


def _hit(table: pd.DataFrame) -> str | None:
    """The regions that lose most: those a country closes to are not the same for every disruption."""
    lost = table.groupby("region", sort=False)["lost"].sum()
    return str(lost.idxmax()) if len(lost) else None


def _hardest(
    curves: dict[str, dict[str, dict[float, _Curve]]], scenarios: Sequence[str], short: dict[str, float],
    about: pd.DataFrame,
) -> dict[str, dict[str, dict[float, _Curve]]]:  # fmt: skip
    """The stops that cost the first scenario most without stock, of those that hit a single step of the chain where
    any of these costs something: that all of it may stop is no finding. Where none costs anything, the first alone."""
    steps = dict(zip(about["disruption"], about["nodes"], strict=True))

    def cost(code: str) -> float:
        name = next(name for name in scenarios if name in curves[code])
        lengths = curves[code][name][0.0]
        return max(lengths.shares, default=0.0) - short.get(name, 0.0)

    single = [code for code in curves if steps.get(code, 1) == 1] or list(curves)
    if all(cost(code) < wording.LEAST_WORTH_SAYING for code in single):
        single = list(curves)
    ranked = sorted(single, key=lambda code: -cost(code))[:MOST]
    kept = [code for code in ranked if cost(code) >= wording.LEAST_WORTH_SAYING] or ranked[:1]
    return {code: curves[code] for code in kept}


def _drawn(story: _Story) -> pd.DataFrame:
    """Exactly what is drawn, long."""
    records = [
        (NAME, story.region, story.year, code, story.events[code].label, scenario, stock, months, planned, lost,
         100 * share, "GWh")
        for code, curves in story.curves.items()
        for scenario in story.scenarios
        for stock, curve in sorted(curves.get(scenario, {}).items())
        for months, planned, lost, share in zip(curve.months, curve.planned, curve.lost, curve.shares, strict=True)
    ]  # fmt: skip
    return pd.DataFrame(records, columns=list(DATA))


# --- words -----------------------------------------------------------------------------------------------------------


def _spoken(months: float) -> str:
    """three months · a year · two years · 1.5 months."""
    if months == YEAR:
        return "a year"
    if months > YEAR and months % YEAR == 0:
        return f"{NUMBERS.get(months / YEAR, f'{months / YEAR:g}')} years"
    return f"{NUMBERS.get(months, f'{months:g}')} month{'s' if months != 1 else ''}"


def _in_stock(story: _Story) -> str:
    """A stock for three months."""
    return f"stock for {_spoken(story.stock)}" if story.stock else "no stock"


def _finding(story: _Story) -> str:
    """Of the hardest stop drawn in the first scenario: in which of a short stop and the longest a stock covers more of
    what is lost, and the interval of what a year loses. No single figure: the lines are of one severity of many."""
    code, place = next(iter(story.curves)), wording.place(story.region)
    curves = story.curves[code].get(story.first, {})
    neutral = wording.Subject(
        f"What a stop would cost {wording.possessive(story.region)} batteries by how long it lasts"
    )
    if 0.0 not in curves or curves[0.0].shares[-1] < wording.LEAST_WORTH_SAYING:
        return neutral
    event = wording.capitalised(wording.if_it_happens(story.events[code].label))
    could = ""
    if code in story.drawn:
        could = f"{place} could lose {losses.ranged(*story.drawn[code], kind='%')} of its batteries in a year"
    plain = f"{event}, {could}" if could else neutral
    if story.stock not in curves or not story.stock:
        return plain
    long = story.months[-1]
    stocked, half = curves[story.stock], next((m for m in story.months if m > story.stock), long)
    saved = [curves[0.0].at(m) - stocked.at(m) for m in (half, long)]
    of_loss = [part / curves[0.0].at(m) for part, m in zip(saved, (half, long), strict=True) if curves[0.0].at(m) > 0]
    if half == long or min(saved) < 0 or saved[0] <= saved[1] or saved[0] < wording.LEAST_WORTH_SAYING:
        return plain
    if of_loss[0] <= of_loss[-1]:
        return plain
    title = f"{event}, {_in_stock(story)} would cover more of {wording.possessive(story.region)} loss in"
    title += f" {_spoken(half)} than in {_spoken(long)}"
    # The draws have the stock of the run.
    return f"{title}; without it, {could}" if could and not story.kept else title


def _supply(story: _Story) -> footer.Used:
    """The disruptions drawn, and the supply of the nodes that bind."""
    return {
        "disruption": {"disruption": story.curves},
        "supply": {"node": story.nodes, "year": [story.year]},
        "node_use": {"node": story.nodes},
    }


def _note(story: _Story, caveats: str) -> str:
    note = (
        f"Note:{caveats} Least loss, if what is left goes where most cells can be built of it. Stock: months of"
        " need of all that the stop takes from, used once, spread over its months, replacing no more than is taken. A"
        f" stop begins with {story.year}"
    )
    if story.months[-1] > YEAR:
        note += f", one of {_spoken(story.months[-1])} a year before (else {story.year} counts twice)"
    note += ". Prices change neither plan nor supply: beyond a year this is an upper end."
    if next(iter(story.curves)) in story.drawn:
        note += f" What a year could lose: 5–95% of {story.draws:,} draws, of stops as hard and as long as past ones."
    short = {name: story.short.get(scenario, 0.0) for scenario, name in zip(story.scenarios, story.labels, strict=True)}
    if any(percent(part) != "0%" for part in short.values()):
        missing = wording.names([f"{percent(part)} ({name})" for name, part in short.items() if percent(part) != "0%"])
        note += f" Short without any stop, and part of what is lost: {missing} of {story.year}."
    note += supply.marks(story.events[code] for code in story.curves)
    counts = ((story.left_out, "more disruption"), (story.scenarios_left_out, "more scenario"))
    left = [f"{count} {what}{'s' if count > 1 else ''}" for count, what in counts if count]
    return f"{note} Not drawn: {wording.names(left)}." if left else note


def _alt(story: _Story, subtitle: str) -> list[str]:
    """What is drawn, and each line in words."""
    parts = []
    for code, curves in story.curves.items():
        for scenario, name in zip(story.scenarios, story.labels, strict=True):
            for stock, curve in sorted(curves.get(scenario, {}).items()):
                printed = [
                    f"{percent(share)} in {_spoken(months)}"
                    for months, share in zip(curve.months, curve.shares, strict=True)
                ]
                kept = f"with stock for {_spoken(stock)}" if stock else "without stock"
                parts.append(
                    f"{story.events[code].spoken}, {name}, {kept}: {', '.join(printed)},"
                    f" {wording.number(curve.lost[-1])} GWh in all"
                )
    return [f"Lines of {wording.lowered(subtitle)}. {'. '.join(parts)}."]


# --- drawing ---------------------------------------------------------------------------------------------------------

GAP = 0.3
"""Inches between two panels, before scaling."""


def _draw(sheet: Page, story: _Story) -> None:
    s, count = sheet.scale, len(story.curves)
    most = max(
        share
        for curves in story.curves.values()
        for each in curves.values()
        for c in each.values()
        for share in c.shares
    )
    top = 1.06 * most if most > 0 else 1.0
    ticks = [tick for tick in series.value_ticks(100 * top, 5) if tick <= 100 * top] if most > 0 else []
    gutter = max((text_width(f"{tick:,.10g}%", LABEL * s) for tick in ticks), default=0.0) + 0.08 * s
    width = (sheet.width - (count - 1) * GAP * s) / count
    heads = [
        style.balanced(story.events[code].marked, width - 0.04 * s, LABEL * s, SEMIBOLD, most=3)
        for code in story.curves
    ]
    leading = 1.2 * LABEL * s / 72
    high = sheet.top - max(map(len, heads)) * leading - 0.34 * s
    low = sheet.bottom + 0.62 * s
    # The numbers at the end of the lines stand in a column of their own.
    ends = max(
        text_width(_end(curve), LABEL * s, BOLD)
        for curves in story.curves.values() for each in curves.values() for curve in each.values()
    )  # fmt: skip
    for place, (code, lines) in enumerate(zip(story.curves, heads, strict=True)):
        left = sheet.left + place * (width + GAP * s)
        for i, line in enumerate(lines):
            sheet.text(left, sheet.top - 0.1 * s - i * leading, line, LABEL, INK, SEMIBOLD)
        shown = gutter if place == 0 else 0.0
        panel = Panel(left + gutter, low, width - gutter - ends - 0.2 * s, high - low)
        heading = style.shortened(f"GWh in {_spoken(story.months[-1])}", width, LABEL * s)
        sheet.text(left + width, high + 0.08 * s, heading, LABEL, MUTED, align="right")
        for tick in ticks:
            y = low + tick / (100 * top) * panel.height
            sheet.line((left + gutter - 0.04 * s, panel.left + panel.width), (y, y), GRID, 0.7, order=0)
            if shown:
                sheet.text(
                    left + gutter - 0.08 * s, y - 0.36 * LABEL * s / 72, f"{tick:,.10g}%", LABEL, MUTED, align="right"
                )
        _draw_panel(sheet, story, code, panel, top, left + width)
    _draw_key(sheet, story)


def _end(curve: _Curve) -> str:
    """What is lost in the longest stop, GWh."""
    return wording.number(curve.lost[-1])


def _draw_panel(sheet: Page, story: _Story, code: str, panel: Panel, top: float, right: float) -> None:
    """One stop: filled dots without stock, hollow ones and a dashed line with it, and GWh at the end of each line."""
    s, last = sheet.scale, story.months[-1]
    axes = sheet.axes(panel)
    axes.set_xlim(0, last)
    axes.set_ylim(0, top)
    sheet.line((panel.left - 0.04 * s, panel.left + panel.width), (panel.bottom,) * 2, INK, 0.9, order=4)
    taken = -np.inf
    for months in story.months:
        x, text = panel.left + months / last * panel.width, f"{months:g}"
        half = text_width(text, LABEL * s) / 2
        if x - half > taken + 0.04 * s:
            sheet.text(x, panel.bottom - 0.17 * s, text, LABEL, MUTED, align="center")
            taken = x + half
    sheet.text(panel.left, panel.bottom - 0.33 * s, "Months that it lasts", LABEL, MUTED)
    colours = supply.scenario_colours(len(story.scenarios))
    found = []
    for scenario, colour in zip(story.scenarios, colours, strict=True):
        for stock, curve in sorted(story.curves[code].get(scenario, {}).items()):
            smooth = curve.between()
            axes.plot(*smooth, color=colour, linewidth=1.6 * s, zorder=3, clip_on=False,
                      linestyle=(0, (3.2, 1.8)) if stock else "-")  # fmt: skip
            for months, share in zip(curve.months, curve.shares, strict=True):
                x, y = panel.left + months / last * panel.width, panel.bottom + share / top * panel.height
                sheet.dot(x, y, colour, 4.2, hollow=bool(stock), order=5)
            found.append((curve.shares[-1] / top * panel.height + panel.bottom, curve, colour, scenario))
    found.sort(key=lambda item: item[0])
    pitch = 1.25 * LABEL * s / 72
    places = series.spread([item[0] for item in found], pitch, panel.bottom, panel.bottom + panel.height)
    for place, (y, curve, colour, scenario) in zip(places, found, strict=True):
        text = _end(curve)
        weight = BOLD if scenario == story.scenarios[-1] else REGULAR
        x = right - text_width(text, LABEL * s, weight)
        sheet.line((panel.left + panel.width + 0.05 * s, x - 0.04 * s), (y, place), colour, 0.8)
        sheet.text(x, place - 0.36 * LABEL * s / 72, text, LABEL, INK if weight == BOLD else MUTED, weight)


def _draw_key(sheet: Page, story: _Story) -> None:
    s = sheet.scale
    colours = supply.scenario_colours(len(story.scenarios))
    kinds = [Swatch("without stock", MUTED, "dot")]
    if story.stock:
        kinds.append(Swatch(f"with stock for {_spoken(story.stock)}", MUTED, "ring"))
    room = sheet.width - sum(text_width(kind.text, LABEL * s) + 0.3 * s for kind in kinds)
    names = supply.fitted(story.labels, room - 0.3 * s * len(story.labels), LABEL * s)
    sheet.key(sheet.left, sheet.bottom + 0.1 * s, [*map(Swatch, names, colours), *kinds])
