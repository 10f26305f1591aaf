"""The mix that was chosen beside the one it started from, by family and year, and what disruptions cost under each."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from minerals.charts import footer, frame, series, style, supply, wording
from minerals.charts.bundle import Bundle, Result
from minerals.charts.fonts import BOLD, REGULAR, SEMIBOLD
from minerals.charts.selection import Selection, label, table_of
from minerals.charts.series import PITCH, Column, EndTable, Layer, Row
from minerals.charts.style import FAMILY, HEADING, LABEL, Page, Panel, text_width
from minerals.numbers import percent

NAME = "mix_by_year"
WAY_OUT = "a mix is chosen by runs with [optimise]"
PINNED = 1e-3
"""A share whose range is wider than this is not pinned."""
MOST = 5
"""Disruptions drawn."""
UNMET = "Not met"
SHORT = "Short without any stop"
DATA = ("quantity", "region", "scenario", "family", "disruption", "year", "value", "low", "high", "unit")


def figure(
    result: Result,
    *,
    region: str | None = None,
    year: int | None = None,
    since: int | None = None,
    size: str = "brief",
    title: str | None = None,
) -> Bundle:
    """Draw the shares of the chemistry families in the incumbent and in the chosen mix, and what disruptions cost.

    region: one of the record's regions, or all together (default); since, year: first and last year drawn, default
    those of the run; size: 'brief' or 'slide'; title: one to use instead of the computed finding.

    The data of the bundle hold a row for each year of each area (quantity `mix_share`, %; low and high of the chosen
    mix are what other mixes that are as good may have), for each dot of the last year (quantity `least_loss`, % of
    planned GWh that a stop takes at the best reallocation; `short`, % of planned GWh that are short without any), and
    for the cost of the years decided (quantity `battery_cost`, incumbent = 100).
    """
    story = _story(result, region, since, year)
    below = _below(story)
    return frame.bundle(
        result, NAME, title=title, size=size, scenarios=story.scenarios, unit="%",
        used=footer.demand(result, story.scenarios, story.region, story.years, _inputs(story)),
        finding=_finding(story), note=_note(story, frame.caveats(result)),
        subtitle=f"Batteries put into use in {wording.place(story.region)} by chemistry family,"
        f" {story.years[0]}–{story.years[-1]}, % of GWh",
        body=(HEAD + 1.95 + below, HEAD + _least(story) + below), draw=lambda page: _draw(page, story),
        alt=lambda subtitle: _alt(story, subtitle), data=_drawn(story),
        options={"region": story.region, "since": story.years[0], "year": story.years[-1]},
    )  # fmt: skip


class _Loss(NamedTuple):
    """What a disruption takes in the last year at the best reallocation, as shares of what the incumbent plans: with
    the incumbent and with the chosen mix.

    node: what binds with the incumbent; steps: of the chain that it hits; disruption: '' for what is short without any.
    """

    disruption: str
    event: supply.Event
    before: float
    after: float
    node: str = ""
    steps: int = 0


class _Overall(NamedTuple):
    """A disruption over all years decided, as shares of what is wanted: incumbent, chosen, the least of any mix."""

    before: float
    after: float
    floor: float


@dataclass(frozen=True)
class _Story:
    """The numbers of one chart.

    scenarios: incumbent and chosen; families: from the base of the stack up; shares: 0–1, (scenario, family, year);
    low, high: of the chosen mix, (family, year), over several regions the sums of their ends; split: families whose own
    chemistries are not pinned; gwh: in the last year; losses: from the hardest on, empty where none is known for the
    region; short: what is lost without any disruption; left_out: disruptions
    that are not drawn; overall: of the headline with what is short; cost: of the chosen mix against the incumbent, NaN
    where it is not known.
    """

    region: str
    scenarios: tuple[str, str]
    labels: tuple[str, str]
    years: list[int]
    decided: list[int]
    families: tuple[str, ...]
    shares: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    split: tuple[str, ...]
    gwh: float
    losses: tuple[_Loss, ...]
    short: _Loss | None
    left_out: int
    overall: _Overall | None
    cost: float

    @property
    def loose(self) -> NDArray[np.bool_]:
        """Which shares are not pinned, (family, year)."""
        return np.asarray(self.high - self.low > PINNED)

    @property
    def unmet(self) -> NDArray[np.float64]:
        """What the chosen mix leaves unmet, by year."""
        return np.asarray(np.maximum(1 - self.shares[1].sum(axis=0), 0.0))

    @property
    def span(self) -> str:
        """The years decided."""
        return "–".join(dict.fromkeys(map(str, (self.decided[0], self.decided[-1]))))

    @property
    def rows(self) -> tuple[_Loss, ...]:
        """Lines of the losses: those of disruptions, and last what is short without any."""
        return (*self.losses, *([self.short] if self.short is not None else []))

    @property
    def headline(self) -> _Loss | None:
        """The disruption that costs the incumbent most, of those that hit a single step where there are any."""
        return next((loss for loss in self.losses if loss.steps == 1), next(iter(self.losses), None))


def _story(result: Result, region: str | None, since: int | None, year: int | None) -> _Story:
    selection = Selection(NAME, result)
    whole = selection.table("mix_family", way_out=WAY_OUT)
    cells = selection.table("cells", "GWh")
    place, scenarios = selection.region(region), supply.chosen_pair(selection)
    cells = selection.rows_in(cells[cells["scenario"] == scenarios[0]], place)
    selection.settle()
    years = selection.span(since, year, cells)
    selection.settle()
    table = selection.rows_in(whole[whole["year"].isin(years)], place)
    if table.empty:
        selection.problems.append(f"the mix of {place} is not decided in {years[0]}–{years[-1]}")
    selection.settle()
    cells = cells[cells["year"].isin(years)]
    cells = cells.assign(family=_families(selection, cells))
    gwh = cells.groupby(["region", "year"])["value"].sum()
    weight = gwh / gwh.groupby("year").transform("sum")
    table = table.assign(
        family=[family if family in FAMILY else "other" for family in table["family"]],
        weight=[weight.get((row.region, row.year), 0.0) for row in table.itertuples()],
        low=table[["low", "value"]].min(axis=1), high=table[["high", "value"]].max(axis=1),
    )  # fmt: skip
    known = {*table["family"], *cells.loc[cells["value"] > 0, "family"]}
    families = tuple(family for family in FAMILY if family in known)
    decided = sorted(int(each) for each in table["year"].unique())
    places = pd.MultiIndex.from_product([families, years])

    def laid(by: pd.Series) -> NDArray[np.float64]:
        return np.asarray(by.reindex(places, fill_value=0.0), float).reshape(len(families), len(years))

    # The first year is not decided: both mixes are the incumbent's.
    plain = laid(cells.groupby(["family", "year"])["value"].sum() / cells.groupby("year")["value"].sum())
    incumbent, chosen, low, high = (
        np.where(np.isin(years, decided), laid((table[end] * table["weight"]).groupby(by).sum()), plain)
        for by in [[table["family"], table["year"]]] for end in ("incumbent", "value", "low", "high")
    )  # fmt: skip
    every, short = _losses(selection, place, years[-1], scenarios)
    losses = _kept(every)
    story = _Story(
        region=place,
        scenarios=scenarios,
        labels=(label(selection.record["scenarios"], scenarios[0]), label(selection.record["scenarios"], scenarios[1])),
        years=years,
        decided=decided,
        families=families,
        shares=np.stack([incumbent, chosen]),
        low=low,
        high=high,
        split=_split(selection, place, years),
        gwh=float(gwh.groupby("year").sum().loc[years[-1]]),
        losses=losses,
        short=short,
        left_out=len(every) - len(losses),
        overall=None,
        cost=_cost(selection, place, decided, scenarios),
    )
    if story.unmet.max() > PINNED:
        story = replace(story, cost=np.nan)  # Fewer batteries would look cheaper.
    if (first := story.headline) is None:
        return story
    all_of_it = place == selection.everything and set(whole["year"]) == set(decided)
    return replace(story, overall=_overall(result, first.disruption)) if all_of_it else story


def _families(selection: Selection, cells: pd.DataFrame) -> list[str]:
    """Family of each row: a silicon blend is Si-anode, whatever its cathode."""
    codes = selection.record["codes"]["chemistry"]
    found = ["Si-anode" if silicon > 0 else str(codes.get(code, {}).get("family", ""))
             for code, silicon in zip(cells["chemistry"], pd.to_numeric(cells["silicon"]), strict=True)]  # fmt: skip
    return [family if family in FAMILY else "other" for family in found]


def _split(selection: Selection, place: str, years: Sequence[int]) -> tuple[str, ...]:
    """Families of which a chemistry is not pinned."""
    table = table_of(selection.result, "mix_range")
    if table is None:
        return ()
    table = selection.rows_in(table[table["year"].isin(years)], place)
    loose = set(table.loc[table["high"] - table["low"] > PINNED, "family"])
    return tuple(family for family in FAMILY if family in loose)


def _losses(
    selection: Selection, place: str, year: int, scenarios: tuple[str, str]
) -> tuple[list[_Loss], _Loss | None]:
    """Disruptions of the last year, and what is short without any: of all regions
    together, over the pools in which each is played; of one region where it is played alone."""
    if table_of(selection.result, "disruptions") is None:
        return [], None
    texts = ("disruption", "label", "status", "binding_node", "binding_label")
    table = supply.rows(selection, "disruptions", texts, "GWh")
    table = table[(table["year"] == year) & (table["planned"] > 0)]
    if place != selection.everything:
        table = table[table["region"] == place]
    events = supply.events(selection, table)
    losses, short = [], [0.0, 0.0]
    for code, rows in table.groupby("disruption", sort=False):
        by = {str(name): _together(pools) for name, pools in rows.groupby("scenario")}
        if not all(name in by for name in scenarios):
            continue
        before, after = by[scenarios[0]], by[scenarios[1]]
        wanted = before.planned
        lost, still = (min(max(row.at_risk_best, 0.0) / wanted, 1.0) for row in (before, after))
        losses.append(_Loss(str(code), events[str(code)], lost, still, before.binding_node, int(before.nodes)))
        short = [
            max(share, min(max(wanted - row.planned + row.shortage, 0.0) / wanted, 1.0))
            for share, row in zip(short, (before, after), strict=True)
        ]
    losses = [loss for loss in losses if max(loss.before, loss.after) >= wording.LEAST_WORTH_SAYING]
    anyway = _Loss("", supply.Event(SHORT, supply.IN_FORCE, False), short[0], short[1])
    matters = max(short) >= wording.LEAST_WORTH_SAYING
    return losses, anyway if matters else None


def _kept(losses: Sequence[_Loss]) -> tuple[_Loss, ...]:
    """The hardest for the incumbent, and in the place of the last of them the one that gets worse by most."""
    ranked = sorted(losses, key=lambda loss: -loss.before)
    kept, rest = ranked[:MOST], ranked[MOST:]
    worst = max(rest, key=lambda loss: loss.after - loss.before, default=None)
    if worst is None or worst.after - worst.before < wording.LEAST_WORTH_SAYING:
        return tuple(kept)
    return (*kept[:-1], worst)


def _together(pools: pd.DataFrame) -> Any:
    """One row for the pools of a disruption: sums of GWh, and what binds where most is at risk."""
    worst = pools.sort_values("at_risk_best", kind="stable").tail(1)
    return next(worst.assign(**pools[["planned", "shortage", "at_risk_best"]].sum()).itertuples())


def _overall(result: Result, disruption: str) -> _Overall | None:
    """A disruption over the years decided."""
    table = table_of(result, "mix_loss")
    rows = [] if table is None else list(table[table["disruption"] == disruption].itertuples())
    if not rows or not rows[0].wanted > 0:
        return None
    return _Overall(*(float(getattr(rows[0], name) / rows[0].wanted) for name in ("incumbent", "value", "floor")))


def _cost(selection: Selection, place: str, decided: Sequence[int], scenarios: tuple[str, str]) -> float:
    """Cost of the batteries of the chosen mix over the years decided, against the incumbent's; NaN where unknown."""
    table = table_of(selection.result, "battery_cost")
    if table is None:
        return np.nan
    table = selection.rows_in(table[table["year"].isin(decided)], place)
    before, after = (float(table.loc[table["scenario"] == name, "value"].sum(min_count=1)) for name in scenarios)
    return after / before if before > 0 else np.nan


def _drawn(story: _Story) -> pd.DataFrame:
    """Exactly what is drawn, long."""
    where = (story.region,)
    rows: list[tuple[Any, ...]] = []
    for s, scenario in enumerate(story.scenarios):
        for f, family in enumerate(story.families):
            for y, year in enumerate(story.years):
                value = 100 * story.shares[s, f, y]
                ends = (100 * story.low[f, y], 100 * story.high[f, y]) if s else (value, value)
                rows.append(("mix_share", *where, scenario, family, "", year, value, *ends, "%"))
    for loss in story.rows:
        quantity = "least_loss" if loss.disruption else "short"
        for scenario, share in zip(story.scenarios, (loss.before, loss.after), strict=True):
            rows.append((quantity, *where, scenario, "", loss.disruption, story.years[-1], 100 * share, np.nan,
                         np.nan, "%"))  # fmt: skip
    if np.isfinite(story.cost):
        for scenario, cost in zip(story.scenarios, (1.0, story.cost), strict=True):
            rows.append(("battery_cost", *where, scenario, "", "", story.years[-1], 100 * cost, np.nan, np.nan,
                         f"{story.labels[0]} = 100"))  # fmt: skip
    return pd.DataFrame(rows, columns=list(DATA))


# --- words -----------------------------------------------------------------------------------------------------------


def _finding(story: _Story) -> str:
    """What family the chosen mix has most more of, and what the hardest stop of one step takes from it and before.

    Two facts of the chosen mix, neither of them given as the cause of the other.
    """
    gained, last = _gained(story), story.years[-1]
    if (loss := story.headline) is None or loss.before < wording.LEAST_WORTH_SAYING:
        if gained:
            return f"The chosen mix has {gained} in {wording.possessive(story.region)} batteries of {last}"
        return (
            f"{wording.capitalised(wording.possessive(story.region))} chosen mix of batteries hardly differs from"
            f" {story.labels[0]}"
        )
    lost, was = (percent(share) if share >= 5e-4 else "none" for share in (loss.after, loss.before))
    event = wording.if_it_happens(loss.event.label)
    batteries = f"of {wording.possessive(story.region)} batteries"
    against = f"the incumbent {was}" if lost != was else "as the incumbent does"
    least = "at least " if lost != "none" else ""
    if not gained:
        return f"{wording.capitalised(event)}, the chosen mix loses {least}{lost} {batteries} in {last}, {against}"
    return f"The chosen mix has {gained} in {last}; {event}, it loses {least}{lost} {batteries}, {against}"


def _gained(story: _Story) -> str:
    """The family that gains most of those that are pinned, with its share of the last year: 23% Na-ion."""
    gains = story.shares[1, :, -1] - story.shares[0, :, -1]
    pinned = [i for i in range(len(story.families)) if not story.loose[i, -1]]
    most = max(pinned, key=lambda i: gains[i], default=None)
    if most is None or gains[most] < wording.LEAST_WORTH_SAYING:
        return ""
    return f"{percent(float(story.shares[1, most, -1]))} {story.families[most]}"


def _inputs(story: _Story) -> footer.Used:
    """The disruptions drawn, the supply of what binds, and prices where the cost is drawn."""
    nodes = {loss.node for loss in story.losses if loss.node}
    used: dict[str, Mapping[str, Collection[object]]] = {
        "disruption": {"disruption": [loss.disruption for loss in story.losses]},
        "supply": {"node": nodes, "year": [story.years[-1]]},
        "growth_limit": {}, "commercial_year": {}, "chemistry_performance": {}, "segment_need": {},
    }  # fmt: skip
    return {
        **used,
        **(footer.whole("cell_price", "price_relative", "learning_rate") if np.isfinite(story.cost) else {}),
    }


def _note(story: _Story, caveats: str) -> str:
    note = f"Note:{caveats} {wording.number(story.gwh)} GWh are planned for {story.years[-1]} in both."
    if story.losses:
        note += " Least loss: of a stop as severe as its row has it, if what is left goes where it makes most cells."
        note += " Orange: more than before." if any(loss.after > loss.before for loss in story.rows) else ""
        note += supply.marks(loss.event for loss in story.losses)
    if story.overall is not None and (loss := story.headline) is not None:
        before, after, floor = (percent(share) for share in story.overall)
        note += (
            f" Over {story.span}, with what is short anyway, “{loss.event.label}” costs {before}, with the chosen mix"
        )
        note += f" {after}"
        known = not math.isnan(story.overall.floor)
        note += f"; no mix within the limits of the run loses less than {floor}." if known else "."
    if "Si-anode" in story.families:
        note += " White hatch: silicon in the anode."
    if story.loose.any():
        note += " Dots and ranges: not pinned; other mixes, as good, reach from end to end."
    if story.split:
        note += f" Not pinned: how {wording.names(story.split)} split{'s' * (len(story.split) == 1)} into chemistries."
    if story.left_out:
        note += f" Not drawn: {story.left_out} more disruption{'s' * (story.left_out > 1)}."
    return note


def _alt(story: _Story, subtitle: str) -> list[str]:
    """What is drawn, and the last year in words."""
    last = story.years[-1]
    parts = [
        f"{family} {percent(story.shares[0, f, -1])} to {_share(story, f)}" for f, family in enumerate(story.families)
    ]
    lost = [
        f"{loss.event.spoken} {percent(loss.before)} to {percent(loss.after)} of planned batteries"
        + (" lost at the least" if loss.disruption else "")
        for loss in story.rows
    ]
    cost = f"Cost of the batteries: {100 * story.cost:.0f} against 100." if np.isfinite(story.cost) else ""
    return [
        f"Two stacked areas of {wording.lowered(subtitle)}: {story.labels[0]} and {story.labels[1]}.",
        f"In {last}, from {story.labels[0]} to {story.labels[1]}: {'; '.join(parts)}.",
        f"{'; '.join(lost)}." if lost else "",
        cost,
    ]


def _share(story: _Story, f: int) -> str:
    """Share of a family in the chosen mix of the last year, or its range where it is not pinned."""
    if not story.loose[f, -1]:
        return percent(story.shares[1, f, -1])
    low, high = percent(story.low[f, -1]), percent(story.high[f, -1])
    return high if low == high else f"{low.removesuffix('%')}–{high}"


# --- drawing ---------------------------------------------------------------------------------------------------------

HEAD, AIR, ROW = 0.3, 0.16, 0.19
"""Heights of the headings of the areas, of the air between areas and losses, and of a row of losses."""
ACROSS = 0.3
"""Air between the two areas."""


def _least(story: _Story) -> float:
    """Height of the areas below which the end table would not fit."""
    return max(PITCH * (len(story.families) + 1) + 0.05, 1.2)


def _below(story: _Story) -> float:
    """Height of all under the areas."""
    rows = len(story.rows) + bool(np.isfinite(story.cost))
    return series.UNDER + 0.1 + (AIR if rows else 0.0) + (HEAD if story.rows else 0.0) + ROW * rows


def _draw(sheet: Page, story: _Story) -> None:
    """The two areas with their end table, and below what disruptions cost, in the same columns."""
    s = sheet.scale
    names = supply.fitted(story.labels, 1.7 * s, LABEL * s)
    columns = (
        Column(names[0], style.MUTED, head_colour=style.MUTED),
        Column(names[1], style.INK, SEMIBOLD, head_colour=style.ACCENT),
    )
    rows = _table_rows(story)
    table = EndTable(sheet, f"In {story.years[-1]}", columns, [*rows, Row("", ("100%", "100%"))])
    top, bottom = sheet.top - HEAD * s, sheet.bottom + _below(story) * s
    left = sheet.left + text_width("100%", LABEL * s) + 0.07 * s
    width = (sheet.right - table.width - left - ACROSS * s) / 2
    panels = [Panel(left + i * (width + ACROSS * s), bottom, width, top - bottom) for i in (0, 1)]
    headings = (
        style.shortened(story.labels[0], width, HEADING * s, SEMIBOLD),
        style.shortened(story.labels[1], width, HEADING * s, SEMIBOLD),
    )
    for i, (panel, heading) in enumerate(zip(panels, headings, strict=True)):
        _draw_areas(sheet, story, panel, i)
        colour = style.ACCENT if i else style.INK
        sheet.text(panel.left, sheet.top - 0.1 * s, heading, HEADING, colour, SEMIBOLD)
    for share in (0, 0.5, 1):
        y = bottom + share * (top - bottom)
        sheet.text(left - 0.06 * s, y - 0.36 * LABEL * s / 72, f"{100 * share:.0f}" + ("%" if share == 1 else ""),
                   LABEL, style.MUTED, align="right")  # fmt: skip

    ends = np.cumsum([*story.shares[1, :, -1], *([story.unmet[-1]] if len(rows) > len(story.families) else [])])
    middles = bottom + (ends - np.diff(ends, prepend=0.0) / 2) * (top - bottom)
    ceiling = sheet.top - 0.1 * s - PITCH * s + 0.36 * LABEL * s / 72
    for row, middle, place in zip(
        rows, middles, series.spread(middles, PITCH * s, bottom + 0.06 * s, ceiling), strict=True
    ):
        table.draw_row(row, place, middle)
    table.draw_head(sheet.top - 0.1 * s)
    under = bottom - (series.UNDER + AIR) * s
    if story.rows:
        under = _draw_losses(sheet, story, table, under)
    if np.isfinite(story.cost):
        name = f"Cost of the batteries of {story.span}, {story.labels[0]} = 100"
        moved = round(story.cost, 2) - 1
        _draw_numbers(sheet, table, name, ("100", f"{100 * story.cost:.0f}"), under - 0.5 * ROW * s, _turn(moved))


def _table_rows(story: _Story) -> list[Row]:
    """Lines of the end table, from the base of the stack up."""
    rows = [
        Row(wording.capitalised(family), (percent(story.shares[0, f, -1]), _share(story, f)), FAMILY[family])
        for f, family in enumerate(story.families)
    ]
    if story.unmet[-1] > PINNED:
        rows.append(Row(UNMET, ("0%", percent(story.unmet[-1])), style.MUTED))
    return rows


def _draw_areas(sheet: Page, story: _Story, panel: Panel, i: int) -> None:
    """The shares of one scenario; dots on those of the chosen mix that are not pinned."""
    s = sheet.scale
    axes = sheet.axes(panel)
    axes.set_xlim(story.years[0], story.years[-1])
    axes.set_ylim(0, 1)
    for share in (0.5, 1.0):
        y = panel.bottom + share * panel.height
        sheet.line((panel.left, panel.left + panel.width), (y, y), style.GRID, 0.7, order=0)
    layers = [
        Layer(values, FAMILY[family], style.SILICON_HATCH if family == "Si-anode" else "")
        for family, values in zip(story.families, story.shares[i], strict=True)
    ]
    edges = series.stack(axes, story.years, layers, s)
    if i:
        for f, upper in enumerate(edges):
            lower = edges[f - 1] if f else np.zeros(len(story.years))
            for y in range(len(story.years) - 1):
                if story.loose[f, y : y + 2].any():
                    axes.fill_between(story.years[y : y + 2], lower[y : y + 2], upper[y : y + 2], facecolor="none",
                                      edgecolor="white", hatch="...", linewidth=0, zorder=2.5)  # fmt: skip
    sheet.line((panel.left, panel.left + panel.width), (panel.bottom,) * 2, style.INK, 0.9, order=4)
    series.name_years(sheet, panel, story.years)


def _numbers_start(sheet: Page, table: EndTable) -> float:
    """Where the columns of numbers begin."""
    return sheet.right - table.rights[0] - text_width("100%", LABEL * sheet.scale, BOLD) - 0.22 * sheet.scale


def _turn(moved: float) -> str:
    """The colour of what is better where it falls: teal where it does, orange where it rises, grey where it stays."""
    return style.FALL if moved < 0 else style.RISE if moved > 0 else style.MUTED


def _draw_numbers(sheet: Page, table: EndTable, name: str, numbers: tuple[str, str], y: float, colour: str) -> None:
    """A name at the left edge, and its two numbers in the columns of the table above, the second in the colour."""
    s = sheet.scale
    baseline = y - 0.36 * LABEL * s / 72
    sheet.text(sheet.left, baseline, style.shortened(name, _numbers_start(sheet, table) - sheet.left, LABEL * s), LABEL)
    for text, right, ink, weight in zip(numbers, table.rights, (style.MUTED, colour), (REGULAR, BOLD), strict=True):
        sheet.text(sheet.right - right, baseline, text, LABEL, ink, weight, align="right")


def _draw_losses(sheet: Page, story: _Story, table: EndTable, top: float) -> float:
    """For each disruption a dot of the incumbent and one of the chosen mix; returns the lower end of it."""
    s = sheet.scale
    head = f"Least loss in {story.years[-1]} by disruption, % of planned batteries"
    sheet.text(sheet.left, top - 0.14 * s, head, HEADING, style.INK, SEMIBOLD)
    right = _numbers_start(sheet, table)
    names = [style.shortened(loss.event.marked, 0.62 * (right - sheet.left), LABEL * s) for loss in story.rows]
    left = sheet.left + max(text_width(name, LABEL * s) for name in names) + 0.16 * s
    height = ROW * len(names) * s
    track = Panel(left, top - HEAD * s - height, right - left, height)
    axes = sheet.axes(track)
    axes.set_xlim(0, 100)
    axes.set_ylim(track.bottom, track.bottom + height)
    for x, end, align in ((track.left, "0", "left"), (track.left + track.width, "100%", "right")):
        sheet.text(x, track.bottom + height + 0.02 * s, end, style.SMALL, style.FAINT, align=align)
    for row, (name, loss) in enumerate(zip(names, story.rows, strict=True)):
        y = track.bottom + height - ROW * (row + 0.5) * s
        printed = percent(loss.before), percent(loss.after)
        turn = _turn(loss.after - loss.before if printed[0] != printed[1] else 0.0)
        _draw_numbers(sheet, table, name, printed, y, turn)
        axes.plot([0, 100], [y, y], color=style.GRID, linewidth=1.0 * s, zorder=1)
        ends = 100 * loss.before, 100 * loss.after
        axes.plot(ends, [y, y], color=supply.pale(turn), linewidth=2.4 * s, zorder=2, solid_capstyle="butt")
        for share, colour, order in zip(ends, (style.BASE, turn), (3, 4), strict=True):
            axes.plot(share, y, "o", color=colour, markersize=6 * s, markeredgecolor="white", zorder=order,
                      markeredgewidth=0.8 * s, clip_on=False)  # fmt: skip
    return track.bottom
