"""What a region loses when a chokepoint closes: by disruption the batteries it cannot have and, beside them, the cells
it cannot make, with the interval of each."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pandas as pd

from minerals.charts import footer, frame, losses, supply, wording
from minerals.charts.bundle import Bundle, Result
from minerals.charts.selection import Selection, label, table_of
from minerals.tables.codes import ANY

NAME = "stress"
MOST, MOST_WITH_MANY = 6, 4
"""Disruptions drawn where none are named, of up to two scenarios and of more."""


def figure(
    result: Result,
    *,
    region: str | None = None,
    year: int | None = None,
    disruptions: Sequence[str] | None = None,
    size: str = "brief",
    title: str | None = None,
) -> Bundle:
    """Draw what is lost by disruption and scenario: of the batteries, and of the cells that would be made at home.

    region: default that which loses most; year: default the last; disruptions: in the order drawn, default the hardest
    first; size: 'brief' or 'slide'; title: one to use instead of the computed finding.

    The data of the bundle hold a row for each bar (quantity `batteries_lost` or `cells_not_made`, GWh): best and
    proportional are lost by the best reallocation and by equal cuts, shortage is the part of both that is short without
    any disruption, low and high the ends of the range drawn, which is of 5 to 95 % of draws or of the severity alone
    (range); each also as a share in % of what is planned.
    """
    story = _story(result, region, year, disruptions)
    rows = losses.Rows(story)
    return frame.bundle(
        result, NAME, title=title, size=size, scenarios=story.scenarios, unit="GWh",
        used=footer.demand(result, story.scenarios, story.region, [story.year], losses.supply_used(story)),
        finding=_finding(result, story), note=losses.note_of(story, frame.caveats(result)),
        subtitle=f"Batteries lost{' and cells not made' if losses.INDUSTRY in story.drawn else ''} in"
        f" {wording.place(story.region)} in {story.year} by disruption, gigawatt-hours (GWh) in twelve months",
        body=(rows.wanted, rows.needed), draw=lambda page: losses.draw(page, story, rows),
        alt=lambda subtitle: losses.alt(story, subtitle), data=losses.drawn_data(story),
        options={"region": story.region, "year": story.year, "disruptions": list(story.table)},
        futures=supply.futures_of(result, story.scenarios),
    )  # fmt: skip


def _hit(table: pd.DataFrame, year: int) -> str | None:
    """The regions that lose most: those a country closes to are not the same for every disruption."""
    here = table[table["year"] == year]
    lost = here.groupby("region", sort=False)["at_risk_best"].sum()
    return str(lost.idxmax()) if len(lost) else None


def _story(result: Result, region: str | None, year: int | None, disruptions: Sequence[str] | None) -> losses.Losses:
    selection = Selection(NAME, result)
    table = supply.rows(
        selection, "disruptions", ("disruption", "label", "status", "binding_node", "binding_label"), "GWh"
    )
    when = selection.year(year, table)
    where = supply.place(selection, region or _hit(table, when), table)
    table = losses.whole(table[(table["region"] == where) & (table["year"] == when)])
    codes = list(dict.fromkeys(table["disruption"]))
    wanted = supply.one_of(selection, "disruption", disruptions, codes)
    selection.settle()
    scenarios, left = supply.drawn_scenarios(selection, table)
    if not scenarios:
        selection.problems.append(f"disruptions has no rows in {where} in {when}")
    selection.settle()
    intervals, draws = supply.intervals(result, where, when)
    # A region that makes no cells has none to lose.
    has_industry = "made_at_home" in table and float(table["made_at_home"].max()) > 0
    quantities = (losses.LOST, losses.INDUSTRY) if has_industry else (losses.LOST,)
    bars = losses.bars_of(table[table["scenario"].isin(scenarios)], "scenario", wanted, quantities, intervals)
    if disruptions is None:
        bars = dict(sorted(bars.items(), key=lambda item: tuple(-end for end in losses.rank(item[1], scenarios))))
    most = losses.Rows.fitting(len(scenarios), MOST if len(scenarios) < 3 else MOST_WITH_MANY)
    kept = dict(list(bars.items())[: most if disruptions is None else None])
    return losses.Losses(
        chart=NAME,
        region=where,
        year=when,
        scenarios=scenarios,
        labels=tuple(label(selection.record["scenarios"], name) for name in scenarios),
        leading=scenarios[0],
        events=supply.events(selection, table),
        steps={row.disruption: int(row.nodes) for row in table.itertuples()},
        table=kept,
        drawn=quantities,
        draws=draws,
        left_out=len(bars) - len(kept),
        scenarios_left_out=left,
    )


# --- words -----------------------------------------------------------------------------------------------------------


def _finding(result: Result, story: losses.Losses) -> str:
    """The hardest disruption: what it takes with its interval, in the first scenario and in the one held against it."""
    code = story.hardest
    bars, place = story.table[code], wording.place(story.region)
    found = [bars[name].losses[losses.LOST] for name in (story.scenarios[0], story.scenarios[-1]) if name in bars]
    least = min((max(loss.share(loss.proportional), loss.share(loss.high)) for loss in found[:1]), default=0.0)
    if len(found) < 2 or least < wording.LEAST_WORTH_SAYING:
        return wording.Subject(
            f"What closed chokepoints would cost {wording.possessive(story.region)} batteries in {story.year}"
        )
    first, last = found
    event = wording.capitalised(wording.if_it_happens(story.events[code].label))
    in_shares = not any(loss.share(loss.high) > 1 for loss in found if loss.range == losses.DRAWS)
    printed = [losses.in_words(loss, in_shares) + losses.anyway(loss) for loss in found]
    could = "could" if first.range == losses.DRAWS else "would"
    of = f"of the batteries planned for {story.year}" if in_shares else f"of batteries in {story.year}"
    title = f"{event}, {place} {could} lose {losses.in_words(first, in_shares)} {of}"
    title += losses.anyway(first)
    names = [name for name in (story.scenarios[0], story.scenarios[-1]) if name in bars]
    ends = [_hangs_on(result, story, code, name) for name in names]
    if len(story.scenarios) == 1:
        return title + ends[0]
    base, other = (result.record["scenarios"][name] for name in (story.scenarios[0], story.scenarios[-1]))
    same = base.get("demand") == other.get("demand") and base.get("adoption") != other.get("adoption")
    under = wording.actor(story.labels[-1], same)
    under = f"the {under[4:]}" if under.startswith("The ") else under
    if printed[0] == printed[1]:
        return f"{title}, and as much under {under}{ends[-1]}"
    and_ = f"{losses.in_words(last, in_shares)} under {under}{losses.anyway(last)}"
    return f"{title}{ends[0] if ends[0] != ends[-1] else ''}, and {and_}{ends[-1]}"


#: Kinds of drivers that are of the stop itself.
OF_THE_STOP = ("severity", "months")
#: Kinds of drivers that are of a node, as how much of it is to be had.
OF_A_NODE = ("supply_share", "battery_supply", "supply_utilisation", "plant_utilisation", "marginal_location")


def _hangs_on(result: Result, story: losses.Losses, code: str, scenario: str) -> str:
    """What an interval hangs on more than on the stop, as the end of a sentence; nothing where it does not."""
    table = table_of(result, "drivers")
    if table is None or not len(table):
        return ""
    mine = (table["scenario"] == scenario) & (table["disruption"] == code) & (table["measure"] == "lost")
    table = table[mine & (table["year"] == story.year) & (table["region"] == story.region)]
    severities = result.record.get("exposure", {}).get("disruptions", {}).get(code, {}).get("severity", ())
    drivers = zip(
        table["driver"].astype(str), table["label"].astype(str), table["importance"].astype(float), strict=True
    )
    most = outside_the_stop(list(drivers), {node for each in severities for node in each["nodes"]})
    return f", which hangs on {most} more than on the stop" if most else ""


def outside_the_stop(drivers: Sequence[tuple[str, str, float]], hit: Collection[str]) -> str:
    """The supply of a node that is not stopped on which an interval hangs most, and more than on all of the stop
    together: how much is cut, for how long, and the supply of the nodes that are hit. Then most of the interval is of
    what is short anyway. '' where it hangs on something else. Nodes without a figure of their own count with the stop,
    as those that are hit may be among them.

    drivers: (driver, label, importance) of one interval, as `drivers` has them; hit: nodes of the stop.
    """
    of_stop, others = 0.0, list[tuple[float, str]]()
    for driver, name, importance in drivers:
        kind, *of = driver.split(":")
        if kind in OF_THE_STOP or {ANY, *hit} & set(of[:1]):
            of_stop += importance
        else:
            others.append((importance, name if kind in OF_A_NODE else ""))
    importance, name = max(others, default=(0.0, ""))
    return name if hit and importance > of_stop else ""
