"""The mix that was chosen beside the one it started from, by family and year, and what disruptions cost under each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from minerals.charts import footer, frame, mix_losses, mixes, series, style, supply, wording
from minerals.charts.bundle import Bundle, Result
from minerals.charts.fonts import SEMIBOLD
from minerals.charts.mix_losses import Loss
from minerals.charts.selection import Selection, label
from minerals.charts.series import PITCH, Column, EndTable, Layer, Row
from minerals.charts.style import FAMILY, HEADING, LABEL, Page, Panel, text_width
from minerals.numbers import percent

NAME = "mix_by_year"
UNMET = "Not met"
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

    The data of the bundle hold a row for each year of each area (quantity `mix_share`, %; low and high, of the last
    year of the chosen mix, are what mixes nearly as good may have, empty where that was not sought), for each dot
    (quantity `least_loss`, % of GWh planned from the start of a stop to the last year that it takes at the best
    reallocation; `short`, % that are short without any), and for the cost of the years decided (quantity `cost`, %
    above the cheapest mix under the same rules).
    """
    story = _story(result, region, since, year)
    below = _below(story)
    return frame.bundle(
        result, NAME, title=title, size=size, scenarios=story.scenarios, unit="%",
        used=footer.demand(result, story.scenarios, story.region, story.years, _inputs(story)),
        finding=_finding(story), note=_note(story, result),
        subtitle=f"Batteries in {wording.place(story.region)} by chemistry family, {story.years[0]}–{story.years[-1]},"
        " % of GWh",
        body=(HEAD + 1.95 + below, HEAD + _least(story) + below), draw=lambda page: _draw(page, story),
        alt=lambda subtitle: _alt(story, subtitle), data=_drawn(story),
        options={"region": story.region, "since": story.years[0], "year": story.years[-1]},
    )  # fmt: skip


@dataclass(frozen=True)
class _Story:
    """The numbers of one chart.

    scenarios: incumbent and chosen; families: from the base of the stack up; shares: 0–1, (scenario, family, year);
    low, high: of the last year among mixes nearly as good, by family, NaN where that was not sought; over several
    regions the sums of their ends; near: which mixes those are; gwh: in the last year; losses: from the hardest on,
    empty where none is known for the region; short: what is lost without any disruption; left_out: disruptions that are
    not drawn; costs: of incumbent and chosen mix above the cheapest, NaN where that is not known.
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
    near: str
    several: bool
    gwh: float
    losses: tuple[Loss, ...]
    short: Loss | None
    left_out: int
    costs: tuple[float, float]

    @property
    def ranged(self) -> bool:
        """Whether it is known how far shares of the last year move."""
        return bool(self.near) and not bool(np.isnan(self.low).any())

    @property
    def unmet(self) -> NDArray[np.float64]:
        """What the chosen mix leaves unmet, by year."""
        return np.asarray(np.maximum(1 - self.shares[1].sum(axis=0), 0.0))

    @property
    def span(self) -> str:
        """The years decided."""
        return "–".join(dict.fromkeys(map(str, (self.decided[0], self.decided[-1]))))

    @property
    def rows(self) -> tuple[Loss, ...]:
        """Lines of the losses: those of disruptions, and last what is short without any."""
        return (*self.losses, *([self.short] if self.short is not None else []))

    @property
    def has_cost(self) -> bool:
        """Whether both costs are known."""
        return bool(np.isfinite(self.costs).all())

    @property
    def headline(self) -> Loss | None:
        """The disruption that costs the incumbent most, of those that hit a single step where there are any."""
        return next((loss for loss in self.losses if loss.steps == 1), next(iter(self.losses), None))


def _story(result: Result, region: str | None, since: int | None, year: int | None) -> _Story:
    selection = Selection(NAME, result)
    whole = selection.table("mix_family", way_out=mixes.WAY_OUT)
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
    cells = cells.assign(family=mixes.families(selection, cells))
    gwh = cells.groupby(["region", "year"])["value"].sum()
    weight = gwh / gwh.groupby("year").transform("sum")
    table = table.assign(
        family=mixes.drawn_as([str(family) for family in table["family"]]),
        weight=[weight.get((row.region, row.year), 0.0) for row in table.itertuples()],
    )
    known = {*table["family"], *cells.loc[cells["value"] > 0, "family"]}
    families = tuple(family for family in FAMILY if family in known)
    decided = sorted(int(each) for each in table["year"].unique())
    places = pd.MultiIndex.from_product([families, years])

    def laid(by: pd.Series) -> NDArray[np.float64]:
        return np.asarray(by.reindex(places, fill_value=0.0), float).reshape(len(families), len(years))

    # The first year is not decided: both mixes are the incumbent's.
    plain = laid(cells.groupby(["family", "year"])["value"].sum() / cells.groupby("year")["value"].sum())
    incumbent, chosen = (
        np.where(np.isin(years, decided), laid((table[end] * table["weight"]).groupby(by).sum()), plain)
        for by in [[table["family"], table["year"]]]
        for end in ("incumbent", "value")
    )
    low, high = _ends(table[table["year"] == years[-1]], families)
    every, short = mix_losses.losses(selection, place, decided, scenarios)
    losses = mix_losses.kept(every, len(families))
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
        near=mixes.near(result),
        several=table["region"].nunique() > 1,
        gwh=float(gwh.groupby("year").sum().loc[years[-1]]),
        losses=losses,
        short=short,
        left_out=len(every) - len(losses),
        costs=_costs(selection, place == selection.everything and set(whole["year"]) == set(decided)),
    )
    selection.settle()
    return story


def _ends(table: pd.DataFrame, families: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Least and largest share of each family among mixes nearly as good in the year of the table, NaN where they were
    not sought; a family without a row has none."""
    low, high = (
        np.array([float((rows[end] * rows["weight"]).sum(skipna=False)) for rows in
                  (table[table["family"] == family] for family in families)])
        for end in ("low", "high")
    )  # fmt: skip
    return low, high


def _costs(selection: Selection, all_of_it: bool) -> tuple[float, float]:
    """Cost of incumbent and chosen mix above the cheapest one; NaN where not all that they cost is drawn, or where one
    leaves demand unmet: fewer batteries would look cheaper."""
    if not all_of_it or (mixes.about(selection.result).get("unmet") or 0.0) > 0.05:
        return np.nan, np.nan
    incumbent, chosen = (mixes.baseline(selection.result, name, "cost_share") for name in ("incumbent", "chosen"))
    return incumbent, chosen


def _drawn(story: _Story) -> pd.DataFrame:
    """Exactly what is drawn, long."""
    rows: list[tuple[Any, ...]] = []
    last = story.years[-1]
    for s, scenario in enumerate(story.scenarios):
        for f, family in enumerate(story.families):
            for y, year in enumerate(story.years):
                has_ends = bool(s) and year == last and story.ranged
                ends = (100 * story.low[f], 100 * story.high[f]) if has_ends else (np.nan, np.nan)
                rows.append(("mix_share", story.region, scenario, family, "", year, 100 * story.shares[s, f, y], *ends,
                             "%"))  # fmt: skip
    for loss in story.rows:
        quantity = "least_loss" if loss.disruption else "short"
        for scenario, share in zip(story.scenarios, (loss.before, loss.after), strict=True):
            rows.append((quantity, story.region, scenario, "", loss.disruption, last, 100 * share, np.nan, np.nan, "%"))
    if story.has_cost:
        for scenario, cost in zip(story.scenarios, story.costs, strict=True):
            rows.append(("cost", story.region, scenario, "", "", last, 100 * cost, np.nan, np.nan,
                         "% above the cheapest"))  # fmt: skip
    return pd.DataFrame(rows, columns=list(DATA))


# --- words -----------------------------------------------------------------------------------------------------------


def _finding(story: _Story) -> str:
    """What the hardest stop of one step takes from the chosen mix and from the incumbent, and beside it the stop that
    takes most more than before; where none does, what all mixes nearly as good have more of.

    Two facts, neither of them given as the cause of the other. A share of the chosen mix alone is no headline.
    """
    gained, last = _gained(story), story.years[-1]
    whose = wording.possessive(story.region)
    if (loss := story.headline) is None or loss.before < wording.LEAST_WORTH_SAYING:
        if gained:
            return f"Mixes {story.near} have {gained} in {whose} batteries of {last}"
        if np.abs(story.shares[1] - story.shares[0]).max() < wording.LEAST_WORTH_SAYING:
            return f"{wording.capitalised(whose)} chosen mix of batteries hardly differs from {story.labels[0]}"
        return wording.Subject(
            f"{wording.capitalised(whose)} batteries by chemistry to {last}: {wording.names(story.labels)} compared"
        )
    event = wording.if_it_happens(loss.event.label)
    lost, was = _printed(loss)
    against = f"the incumbent {was}" if lost != was else "as the incumbent does"
    least = "at least " if lost != "none" else ""
    worse = [other for other in story.losses if other.worse and other is not loss]
    worst = max(worse, key=lambda other: other.after - other.before, default=None)
    if gained and worst is None:
        title = f"Mixes {story.near} have {gained} in {last}; {event}, the chosen one loses {least}{lost} of {whose}"
        return f"{title} batteries, {against}"
    title = (
        f"{wording.capitalised(event)}, the chosen mix loses {least}{lost} of {whose} batteries to {last}, {against}"
    )
    if worst is None:
        return title
    more, less = _printed(worst)
    return f"{title}; {wording.if_it_happens(worst.event.label)}, {more} against {less}"


def _printed(loss: Loss) -> tuple[str, str]:
    """What the chosen mix loses, and the incumbent."""
    after, before = (percent(share) if share >= mix_losses.COSTS else "none" for share in (loss.after, loss.before))
    return after, before


def _gained(story: _Story) -> str:
    """The family of which every mix nearly as good has most more than the incumbent: 7–84% Si-anode."""
    if not story.ranged:
        return ""
    gains = story.low - story.shares[0, :, -1]
    most = int(gains.argmax())
    if gains[most] < wording.LEAST_WORTH_SAYING:
        return ""
    return f"{mixes.reach(story.low[most], story.high[most])} {story.families[most]}"


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
        **(footer.whole("cell_price", "price_relative", "learning_rate") if story.has_cost else {}),
    }


def _note(story: _Story, result: Result) -> str:
    note = f"Note:{frame.caveats(result)} {wording.number(story.gwh)} GWh are planned for {story.years[-1]} in both."
    if story.ranged:
        note += mixes.near_note(result)
        note += " Ends of regions are summed." if story.several else ""
    if story.losses:
        note += " Least loss: of a stop as severe as its row has it, if what is left goes where it makes most cells."
        note += supply.marks(loss.event for loss in story.losses)
    if any(loss.turn == style.RISE for loss in story.rows) or (story.has_cost and story.costs[1] > story.costs[0]):
        note += " Orange: more than in the incumbent."
    if story.has_cost and (broken := mixes.breaks(result)):
        note += f" {story.labels[0]} breaks limits of the run: {broken}."
    if "Si-anode" in story.families:
        note += " White hatch: silicon in the anode."
    if story.left_out:
        note += f" Not drawn: {story.left_out} more disruption{'s' * (story.left_out > 1)}."
    return note


def _alt(story: _Story, subtitle: str) -> list[str]:
    """What is drawn, and the last year in words."""
    last = story.years[-1]
    parts = []
    for f, family in enumerate(story.families):
        between = f" (among mixes {story.near}: {mixes.reach(story.low[f], story.high[f])})" if story.ranged else ""
        before, after = (percent(share) for share in story.shares[:, f, -1])
        parts.append(f"{family} {before} to {after}{between}")
    lost = [
        f"{loss.event.spoken} {percent(loss.before)} to {percent(loss.after)} of planned batteries"
        + (" lost at the least" if loss.disruption else "")
        for loss in story.rows
    ]
    before, after = (percent(cost, signed=True) for cost in story.costs) if story.has_cost else ("", "")
    return [
        f"Two stacked areas of {wording.lowered(subtitle)}: {story.labels[0]} and {story.labels[1]}.",
        f"In {last}, from {story.labels[0]} to {story.labels[1]}: {'; '.join(parts)}.",
        f"{'; '.join(lost)}." if lost else "",
        f"Cost above the cheapest mix: {before} and {after}." if story.has_cost else "",
    ]


# --- drawing ---------------------------------------------------------------------------------------------------------

HEAD, AIR = 0.3, 0.16
"""Heights of the headings of the areas, and of the air between areas and losses."""
ACROSS, CLOSE = 0.3, 0.165
"""Air between the two areas, and the least distance of two lines of the end table."""


def _least(story: _Story) -> float:
    """Height of the areas below which the end table would not fit."""
    return max(_pitch(story) * (len(story.families) + 1) + 0.05, 1.2)


def _pitch(story: _Story) -> float:
    """Distance of two lines of the end table, less where many rows stand below it."""
    return PITCH if len(story.rows) <= mix_losses.LOOSE else CLOSE


def _below(story: _Story) -> float:
    """Height of all under the areas."""
    losses = mix_losses.HEAD + mix_losses.pitch(len(story.rows)) * len(story.rows) if story.rows else 0.0
    cost = mix_losses.ROW * story.has_cost
    return series.UNDER + 0.1 + (AIR if losses or cost else 0.0) + losses + cost


def _draw(sheet: Page, story: _Story) -> None:
    """The two areas with their end table, and below what disruptions cost, in the same columns."""
    s = sheet.scale
    names = supply.fitted(story.labels, 1.5 * s, LABEL * s)
    columns = (
        Column(names[0], style.MUTED, head_colour=style.MUTED),
        Column(names[1], style.INK, SEMIBOLD, head_colour=style.ACCENT),
        *([Column(story.near.removesuffix(" of the best"), style.MUTED, head_colour=style.MUTED)] * story.ranged),
    )
    rows = _table_rows(story)
    widest = Row("", ("+100%", "+100%", "0–100%")[: len(columns)])
    table = EndTable(sheet, f"In {story.years[-1]}", columns, [*rows, widest])
    top, bottom = sheet.top - HEAD * s, sheet.bottom + _below(story) * s
    left = sheet.left + text_width("100%", LABEL * s) + 0.07 * s
    width = (sheet.right - table.width - left - ACROSS * s) / 2
    for i in (0, 1):
        panel = Panel(left + i * (width + ACROSS * s), bottom, width, top - bottom)
        heading = style.shortened(story.labels[i], width, HEADING * s, SEMIBOLD)
        _draw_areas(sheet, story, panel, i)
        sheet.text(panel.left, sheet.top - 0.1 * s, heading, HEADING, style.ACCENT if i else style.INK, SEMIBOLD)
    for share in (0, 0.5, 1):
        y = bottom + share * (top - bottom)
        sheet.text(left - 0.06 * s, y - 0.36 * LABEL * s / 72, f"{100 * share:.0f}" + ("%" if share == 1 else ""),
                   LABEL, style.MUTED, align="right")  # fmt: skip

    ends = np.cumsum([*story.shares[1, :, -1], *([story.unmet[-1]] if len(rows) > len(story.families) else [])])
    parts = np.diff(ends, prepend=0.0)
    middles = bottom + (ends - parts / 2) * (top - bottom)
    pitch = _pitch(story) * s
    ceiling = sheet.top - 0.1 * s - pitch + 0.36 * LABEL * s / 72
    places = series.spread(middles, pitch, bottom + 0.06 * s, ceiling)
    for row, part, middle, place in zip(rows, parts, middles, places, strict=True):
        table.draw_row(row, place, middle if part > mixes.PINNED else None)
    table.draw_head(sheet.top - 0.1 * s)
    under = bottom - (series.UNDER + AIR) * s
    if story.rows:
        heading = f"Least loss by disruption, % of batteries planned from its start to {story.years[-1]}"
        under = mix_losses.draw(sheet, story.rows, heading, table, under)
    if story.has_cost:
        name = f"Cost of the batteries of {story.span} above the cheapest mix"
        printed = [percent(cost, signed=True) for cost in story.costs]
        moved = story.costs[1] - story.costs[0] if printed[0] != printed[1] else 0.0
        y = under - 0.5 * mix_losses.ROW * s
        mix_losses.draw_numbers(sheet, table, name, printed, y, mix_losses.turn(moved))


def _table_rows(story: _Story) -> list[Row]:
    """Lines of the end table, from the base of the stack up."""
    rows = []
    for f, family in enumerate(story.families):
        between = [mixes.reach(story.low[f], story.high[f])] if story.ranged else []
        numbers = (*(percent(share) for share in story.shares[:, f, -1]), *between)
        rows.append(Row(wording.capitalised(family), numbers, FAMILY[family]))
    if story.unmet[-1] > mixes.PINNED:
        rows.append(Row(UNMET, ("0%", percent(story.unmet[-1]), *([""] * story.ranged)), style.MUTED))
    return rows


def _draw_areas(sheet: Page, story: _Story, panel: Panel, i: int) -> None:
    """The shares of one scenario."""
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
    series.stack(axes, story.years, layers, sheet.scale)
    sheet.line((panel.left, panel.left + panel.width), (panel.bottom,) * 2, style.INK, 0.9, order=4)
    series.name_years(sheet, panel, story.years)
