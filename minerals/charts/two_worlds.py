"""The same stops in several supply futures side by side: how much hangs on who makes what by then."""

from __future__ import annotations

from collections.abc import Sequence

from minerals.charts import footer, frame, losses, supply, wording
from minerals.charts.bundle import Bundle, Result
from minerals.charts.selection import Selection, label, texts

NAME = "two_worlds"
WAY_OUT = "it is computed for runs with [exposure] that name other futures as exposure.other_futures"
MOST, FUTURES = 6, 4
"""Disruptions drawn where none are named, and futures drawn at the most: that of the run and the last ones."""


def figure(
    result: Result,
    *,
    region: str | None = None,
    scenario: str | None = None,
    disruptions: Sequence[str] | None = None,
    size: str = "brief",
    title: str | None = None,
) -> Bundle:
    """Draw what is lost by disruption and supply future, in the last year of the run.

    region: default that which loses most; scenario: default the first; disruptions: in the order drawn, default the
    hardest in the last future first; size: 'brief' or 'slide'; title: one to use instead of the computed finding.

    The data of the bundle hold a row for each bar, as those of `stress` do, with its future.
    """
    which, story = _story(result, region, scenario, disruptions)
    rows = losses.Rows(story)
    futures = {"future": story.scenarios}
    used: footer.Used = {"disruption": {"disruption": story.table}, "supply_share": futures, "supply": futures}
    what = f"Batteries lost{' and cells not made' if losses.INDUSTRY in story.drawn else ''}"
    named = label(result.record["scenarios"], which)
    drawn = losses.drawn_data(story).rename(columns={"scenario": "future"})
    drawn.insert(drawn.columns.get_loc("future"), "scenario", which)
    caveat = footer.red_line(result.record["scenarios"], {which: named})
    return frame.bundle(
        result, NAME, title=title, size=size, scenarios=(which,), unit="GWh",
        used=footer.demand(result, (which,), story.region, [story.year], used),
        finding=_finding(story), note=losses.note_of(story, frame.caveats(result)),
        subtitle=f"{what} in {wording.place(story.region)} in {story.year} by supply future, {named}, gigawatt-hours"
        " (GWh) in twelve months",
        body=(rows.wanted, rows.needed), draw=lambda page: losses.draw(page, story, rows),
        alt=lambda subtitle: losses.alt(story, subtitle), data=drawn,
        options={"region": story.region, "scenario": which, "disruptions": list(story.table)},
        lines={"red_line": caveat}, futures=story.scenarios,
    )  # fmt: skip


def _story(
    result: Result, region: str | None, scenario: str | None, disruptions: Sequence[str] | None
) -> tuple[str, losses.Losses]:
    selection = Selection(NAME, result)
    table = selection.table("lost_by_future", "GWh", WAY_OUT)
    named = ("future", "disruption", "label", "status", "binding_node", "binding_label")
    table = table.assign(**{column: texts(table[column]) for column in named})
    which = selection.scenario(scenario)
    table = table[table["scenario"] == which]
    lost = table.groupby("region", sort=False)["lost_best"].sum()
    where = supply.place(selection, region or (str(lost.idxmax()) if len(lost) else None), table)
    table = losses.whole(table[table["region"] == where])
    when = selection.year(None, table)
    wanted = supply.one_of(selection, "disruption", disruptions, list(dict.fromkeys(table["disruption"])))
    selection.settle()
    every = list(dict.fromkeys(table["future"]))
    futures = tuple(every if len(every) <= FUTURES else [every[0], *every[1 - FUTURES :]])
    quantities = (losses.LOST, losses.INDUSTRY) if float(table["made_at_home"].max()) > 0 else (losses.LOST,)
    bars = losses.bars_of(table[table["future"].isin(futures)], "future", wanted, quantities, {})
    if disruptions is None:
        order = (futures[-1], *futures)
        bars = dict(sorted(bars.items(), key=lambda item: tuple(-end for end in losses.rank(item[1], order))))
    kept = dict(list(bars.items())[: MOST if len(futures) < 3 else MOST - 2] if disruptions is None else bars)
    return which, losses.Losses(
        chart=NAME, region=where, year=when, scenarios=futures,
        labels=tuple(supply.future_label(selection, name) for name in futures), leading=futures[-1],
        events=supply.events(selection, table),
        steps={row.disruption: int(row.nodes) for row in table.itertuples()},
        table=kept, drawn=quantities, draws=0, left_out=len(bars) - len(kept),
        scenarios_left_out=len(every) - len(futures),
    )  # fmt: skip


def _finding(story: losses.Losses) -> str:
    """The hardest disruption of a single step: what it takes in the last future, and in the first."""
    code = story.hardest
    bars, place = story.table[code], wording.place(story.region)
    first, last = (bars.get(name) for name in (story.scenarios[0], story.scenarios[-1]))
    neutral = wording.Subject(
        f"What closed chokepoints would cost {wording.possessive(story.region)} batteries by {story.year}, by supply"
        " future"
    )
    if first is None or last is None or len(story.scenarios) < 2:
        return neutral
    before, after = first.losses[losses.LOST], last.losses[losses.LOST]
    if after.share(after.proportional) < wording.LEAST_WORTH_SAYING:
        return neutral
    event = wording.capitalised(wording.if_it_happens(story.events[code].label))
    here, there = (wording.lowered(text) for text in (story.labels[-1], story.labels[0]))
    title = (
        f"{event}, {place} would lose {losses.in_words(after, True)} of the batteries planned for {story.year} under"
    )
    title += f" {here}{losses.anyway(after)}"
    then = "none" if before.none else losses.in_words(before, True)
    if then == losses.in_words(after, True):
        return f"{title}, and as much under {there}"
    return f"{title}, and {then} under {there}{losses.anyway(before)}"
