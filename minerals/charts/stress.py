"""What a region loses when a chokepoint closes: GWh by disruption, from the least severity and the best reallocation to
equal cuts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from minerals.charts import footer, frame, style, supply, wording
from minerals.charts.bundle import Bundle, Result
from minerals.charts.fonts import BOLD, REGULAR, SEMIBOLD
from minerals.charts.selection import Selection, label
from minerals.charts.style import HEADING, LABEL, Page, Panel, Swatch, text_width
from minerals.errors import UsageError
from minerals.numbers import percent

NAME = "stress"
MOST, MOST_WITH_MANY = 6, 4
"""Disruptions drawn where none are named, of up to two scenarios and of more."""
NUMBERS = ["planned", "shortage", "at_risk_best", "at_risk_proportional", "at_risk_low", "at_risk_high"]
SHORT_ANYWAY = "hatched: short without any stop"
DATA = (
    "quantity", "region", "year", "disruption", "label", "scenario", "best", "proportional", "planned", "shortage",
    "share_best", "share_proportional", "missing_best", "missing_proportional", "low", "high", "binding_node",
    "binding_label", "unit",
)  # fmt: skip


def figure(
    result: Result,
    *,
    region: str | None = None,
    year: int | None = None,
    disruptions: Sequence[str] | None = None,
    size: str = "brief",
    title: str | None = None,
) -> Bundle:
    """Draw the GWh at risk by disruption and scenario.

    region: default all together where the result has them; year: default the last; disruptions: in the order drawn,
    default the hardest first; size: 'brief' or 'slide'; title: one to use instead of the computed finding.

    The data of the bundle hold a row for each bar (quantity `gwh_at_risk`, GWh): best and proportional are the ends of
    the range, share_best and share_proportional the same in % of what is planned, shortage what is short without any
    disruption, missing_best and missing_proportional both together in % of what is planned; low and high are the best
    reallocation at the ends of the severity.
    """
    story = _story(result, region, year, disruptions)
    rows = _Rows(len(story.table), len(story.scenarios))
    return frame.bundle(
        result, NAME, title=title, size=size, scenarios=story.scenarios, unit="GWh",
        used=footer.demand(result, story.scenarios, story.region, [story.year], _supply(story)),
        finding=_finding(result, story), note=_note(story, frame.caveats(result)),
        subtitle=f"Batteries at risk in {wording.place(story.region)} in {story.year} by disruption,"
        " gigawatt-hours (GWh) in twelve months",
        body=(rows.wanted, rows.needed), draw=lambda page: _draw(page, story, rows),
        alt=lambda subtitle: _alt(story, subtitle), data=_drawn(story),
        options={"region": story.region, "year": story.year, "disruptions": list(story.table)},
    )  # fmt: skip


@dataclass(frozen=True)
class _Bar:
    """One scenario under one disruption, GWh; low, high: best reallocation at the ends of the severity; binding: (node,
    its label), empty where nothing binds."""

    planned: float
    shortage: float
    best: float
    proportional: float
    low: float
    high: float
    binding: tuple[str, str]

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the most of all that is told, GWh."""
        return min(self.low, self.best), max(self.high, self.proportional)

    @property
    def open(self) -> bool:
        """Whether a milder stop is told to cost less."""
        return wording.number(self.low) != wording.number(self.best)

    @property
    def length(self) -> float:
        """GWh to the end of all that is drawn."""
        return self.proportional + self.shortage

    @property
    def shares(self) -> tuple[float, float]:
        """The ends of the range as shares of what is planned."""
        if not self.planned > 0:
            return 0.0, 0.0
        return self.best / self.planned, self.proportional / self.planned

    @property
    def missing(self) -> tuple[float, float]:
        """The ends of the range with what is short anyway, as shares of what is planned."""
        if not self.planned > 0:
            return 0.0, 0.0
        return (self.shortage + self.best) / self.planned, (self.shortage + self.proportional) / self.planned


@dataclass(frozen=True)
class _Story:
    """The numbers of one chart. table: disruption -> scenario -> bar, in the order drawn; events: how disruptions are
    named, and steps: how many nodes each hits."""

    region: str
    year: int
    scenarios: tuple[str, ...]
    labels: tuple[str, ...]
    events: dict[str, supply.Event]
    steps: dict[str, int]
    table: dict[str, dict[str, _Bar]]
    left_out: int
    scenarios_left_out: int

    @property
    def hardest(self) -> str:
        """The disruption that the first scenario loses most by, even at the best reallocation, of those that hit a
        single step of the chain where there are any: that all of it may stop is no finding."""
        single = [key for key in self.table if self.steps[key] == 1] or list(self.table)
        return max(single, key=lambda key: _rank(self.table[key], self.scenarios))


def _rank(bars: dict[str, _Bar], scenarios: Sequence[str]) -> tuple[float, float]:
    bar = next(bars[name] for name in scenarios if name in bars)
    return bar.best, bar.proportional


def _hit(table: pd.DataFrame, year: int) -> str | None:
    """The regions that lose most: those a country closes to are not the same for every disruption."""
    here = table[table["year"] == year]
    lost = here.groupby("region", sort=False)["at_risk_best"].sum()
    return str(lost.idxmax()) if len(lost) else None


def _story(result: Result, region: str | None, year: int | None, disruptions: Sequence[str] | None) -> _Story:
    selection = Selection(NAME, result)
    table = supply.rows(
        selection, "disruptions", ("disruption", "label", "status", "binding_node", "binding_label"), "GWh"
    )
    when = selection.year(year, table)
    where = supply.place(selection, region or _hit(table, when), table)
    table = table[(table["region"] == where) & (table["year"] == when)]
    # A result from before severities had ends is drawn without them.
    ends = {
        f"at_risk_{end}": table[f"lost_{end}"] - table["shortage"] if f"lost_{end}" in table else table["at_risk_best"]
        for end in ("low", "high") if f"at_risk_{end}" not in table
    }  # fmt: skip
    table = table.assign(**ends)
    codes = list(dict.fromkeys(table["disruption"]))
    wanted = supply.one_of(selection, "disruption", disruptions, codes)
    selection.settle()
    scenarios, left = supply.drawn_scenarios(selection, table)
    if not scenarios:
        selection.problems.append(f"disruptions has no rows in {where} in {when}")
    selection.settle()
    bars: dict[str, dict[str, _Bar]] = {code: {} for code in wanted}
    for row in table[table["scenario"].isin(scenarios) & table["disruption"].isin(wanted)].itertuples():
        planned, shortage, best, proportional, low, high = (float(getattr(row, name)) for name in NUMBERS)
        # Rounding of the solver may set the ends the other way round by a hair.
        best, proportional = sorted((max(best, 0.0), max(proportional, 0.0)))
        named = (row.binding_node, row.binding_label or row.binding_node)
        bars[row.disruption][str(row.scenario)] = _Bar(
            planned, shortage, best, proportional, min(low, best), max(high, best), named
        )
    bars = {code: found for code, found in bars.items() if found}
    if disruptions is None:
        bars = dict(sorted(bars.items(), key=lambda item: tuple(-end for end in _rank(item[1], scenarios))))
    most = MOST if len(scenarios) < 3 else MOST_WITH_MANY
    kept = dict(list(bars.items())[: most if disruptions is None else None])
    return _Story(
        region=where,
        year=when,
        scenarios=scenarios,
        labels=tuple(label(selection.record["scenarios"], name) for name in scenarios),
        events=supply.events(selection, table),
        steps={row.disruption: int(row.nodes) for row in table.itertuples()},
        table=kept,
        left_out=len(bars) - len(kept),
        scenarios_left_out=left,
    )


def _drawn(story: _Story) -> pd.DataFrame:
    """Exactly what is drawn, long."""
    records = [
        ("gwh_at_risk", story.region, story.year, code, story.events[code].label, scenario, bar.best, bar.proportional,
         bar.planned, bar.shortage, *(100 * share for share in (*bar.shares, *bar.missing)), bar.low, bar.high,
         *bar.binding, "GWh")
        for code, bars in story.table.items()
        for scenario in story.scenarios
        if (bar := bars.get(scenario)) is not None
    ]  # fmt: skip
    return pd.DataFrame(records, columns=list(DATA))


# --- words -----------------------------------------------------------------------------------------------------------


def _range(low: float, high: float, kind: str = "GWh") -> str:
    """54–70% · 540–700 · 540 where both ends are printed alike · none."""
    if kind == "%":
        ends = percent(low).removesuffix("%"), percent(high)
        return ends[1] if f"{ends[0]}%" == ends[1] else "–".join(ends)
    ends = wording.number(low), wording.number(high)
    if ends[1] == "0":
        return "none"
    return ends[1] if ends[0] == ends[1] else "–".join(ends)


def _finding(result: Result, story: _Story) -> str:
    """The hardest disruption: the range of what it takes, in the first scenario and in the one held against it."""
    code = story.hardest
    bars, place = story.table[code], wording.place(story.region)
    first, last = (bars.get(name) for name in (story.scenarios[0], story.scenarios[-1]))
    if first is None or last is None or first.shares[0] < wording.LEAST_WORTH_SAYING:
        return f"What closed chokepoints would cost {wording.possessive(story.region)} batteries in {story.year}"
    lost = tuple(_lost(bar) + _anyway(bar) for bar in (first, last))
    event = wording.capitalised(wording.if_it_happens(story.events[code].label))
    title = f"{event}, {place} would lose {_lost(first)} of the batteries planned for {story.year}"
    title += _anyway(first)
    if len(story.scenarios) == 1:
        return title
    base, other = (result.record["scenarios"][name] for name in (story.scenarios[0], story.scenarios[-1]))
    same = base.get("demand") == other.get("demand") and base.get("adoption") != other.get("adoption")
    under = wording.actor(story.labels[-1], same)
    under = f"the {under[4:]}" if under.startswith("The ") else under
    if lost[0] == lost[1]:
        return f"{title}, and as much under {under}"
    return f"{title}, and {_lost(last)} under {under}{_anyway(last)}"


def _lost(bar: _Bar) -> str:
    """54–70% · up to 70%, where a milder stop costs less."""
    return f"up to {percent(bar.shares[1])}" if bar.open else _range(*bar.shares, kind="%")


def _anyway(bar: _Bar) -> str:
    """What is short without the stop, which the loss comes on top of; '' where that is next to nothing."""
    short = bar.shortage / bar.planned if bar.planned > 0 else 0.0
    return f", on top of {percent(short)} short anyway" if short >= wording.LEAST_WORTH_SAYING else ""


def _open(story: _Story) -> bool:
    return any(bar.open for bars in story.table.values() for bar in bars.values())


def _supply(story: _Story) -> footer.Used:
    """The disruptions drawn, and the supply of the nodes that bind."""
    nodes = {bar.binding[0] for bars in story.table.values() for bar in bars.values() if bar.binding[0]}
    return {
        "disruption": {"disruption": story.table},
        "supply": {"node": nodes, "year": [story.year]},
        "node_use": {"node": nodes},
    }


def _note(story: _Story, caveats: str) -> str:
    note = (
        f"Note:{caveats} Solid: least loss, if what is left goes where most cells can be built of it; pale: up to the"
    )
    note += " loss if all users of the scarcest material are cut alike. Beside the bars: the material that binds."
    if _open(story):
        note += " White line: least loss at the low end of the severity, from past stops; none where that is nothing."
    bars = list(story.table[story.hardest].items())
    planned = [
        f"{wording.number(bar.planned)}{f' ({name})' if len(bars) > 1 else ''}"
        for name, bar in zip(story.labels, (bar for _, bar in bars), strict=False)
    ]
    alike = len({wording.number(bar.planned) for _, bar in bars}) == 1
    note += f" Planned: {wording.number(bars[0][1].planned) if alike else wording.names(planned)} GWh."
    short = {story.labels[story.scenarios.index(name)]: bar.shortage for name, bar in bars if bar.shortage > 0}
    if short:
        named = wording.names([f"{wording.number(gwh)} GWh ({name})" for name, gwh in short.items()])
        note += f" Hatched: without any disruption supply already falls short by {named}."
    note += supply.marks(story.events[code] for code in story.table)
    counts = ((story.left_out, "more disruption"), (story.scenarios_left_out, "more scenario"))
    left = [f"{count} {what}{'s' if count > 1 else ''}" for count, what in counts if count]
    return f"{note} Not drawn: {wording.names(left)}." if left else note


def _alt(story: _Story, subtitle: str) -> list[str]:
    """What is drawn, and each bar in words."""
    parts = []
    for code, bars in story.table.items():
        printed = [
            f"{name} {_range(*bar.ends)} GWh ({_range(*bar.shares, kind='%')} of what is planned"
            + (f", {bar.binding[1]} binds)" if bar.binding[1] else ")")
            if bar.proportional > 0
            else f"{name} nothing"
            for scenario, name in zip(story.scenarios, story.labels, strict=True)
            if (bar := bars.get(scenario)) is not None
        ]
        parts.append(f"{story.events[code].spoken}: {', '.join(printed)}")
    short = {name: max(bars[each].shortage for bars in story.table.values() if each in bars)
             for each, name in zip(story.scenarios, story.labels, strict=True)
             if any(each in bars for bars in story.table.values())}  # fmt: skip
    anyway = [f"{name} {wording.number(gwh)} GWh" for name, gwh in short.items() if gwh > 0]
    return [
        f"Bars of {wording.lowered(subtitle)}. {'. '.join(parts)}.",
        f"Short without any disruption: {', '.join(anyway)}." if anyway else "",
    ]


# --- drawing ---------------------------------------------------------------------------------------------------------


class _Rows:
    """Heights, inches before scaling: a heading, a group of bars for each disruption, a key."""

    HEAD, FOOT, WITHIN = 0.42, 0.3, 0.16
    THIN, USUAL, THICK = 0.125, 0.165, 0.23

    def __init__(self, groups: int, bars: int) -> None:
        self.groups, self.bars = groups, bars

    @property
    def group(self) -> float:
        """Height of one group, in bars; two lines of text at the least."""
        return max(self.bars * (1 + self.WITHIN), 2.0)

    @property
    def wanted(self) -> float:
        return self.HEAD + self.groups * (self.group + 1.0) * self.USUAL + self.FOOT

    @property
    def needed(self) -> float:
        return self.HEAD + self.groups * (self.group + 0.5) * self.THIN + self.FOOT

    def fitted(self, height: float) -> tuple[float, float]:
        """Thickness of a bar and distance between two groups."""
        if height < self.needed - 1e-9:
            raise UsageError(
                f"{NAME}: {self.groups} disruptions × {self.bars} scenarios do not fit on this size; name fewer with"
                " disruptions = or try the other size"
            )
        pitch = min((height - self.HEAD - self.FOOT) / self.groups, (self.group + 1.6) * self.THICK)
        return min(max(pitch / (self.group + 1.0), self.THIN), self.THICK), pitch


def _draw(sheet: Page, story: _Story, rows: _Rows) -> None:
    s = sheet.scale
    bar, pitch = (measure * s for measure in rows.fitted((sheet.top - sheet.bottom) / s))
    top = sheet.top - _Rows.HEAD * s
    middles = [top - (row + 0.5) * pitch for row in range(len(story.table))]
    bottom = top - pitch * len(story.table)
    left = sheet.left + _draw_names(sheet, story, middles)
    heading = "At risk, GWh"
    sheet.text(sheet.left, sheet.top - 0.1 * s, heading, HEADING, style.INK, SEMIBOLD)
    _draw_bars(sheet, story, Panel(left, bottom, sheet.right - left, top - bottom), middles, bar)
    colours = supply.scenario_colours(len(story.scenarios))
    kinds = [Swatch("pale: if all users are cut alike", supply.pale(style.BASE))]
    if any(bar.shortage > 0 for bars in story.table.values() for bar in bars.values()):
        kinds.append(Swatch(SHORT_ANYWAY, style.BASE, "hatch"))
    room = sheet.width - sum(text_width(kind.text, LABEL * s) + 0.3 * s for kind in kinds)
    names = supply.fitted(story.labels, room - 0.3 * s * len(story.labels), LABEL * s)
    sheet.key(sheet.left, sheet.bottom + 0.1 * s, [*map(Swatch, names, colours), *kinds])


def _draw_names(sheet: Page, story: _Story, middles: Sequence[float]) -> float:
    """Names of the disruptions on the left edge, in up to two lines; returns the width they take."""
    s = sheet.scale
    names = [style.balanced(story.events[code].marked, 1.75 * s, LABEL * s, SEMIBOLD, most=2) for code in story.table]
    leading = 1.18 * LABEL * s / 72
    for lines, middle in zip(names, middles, strict=True):
        baseline = middle - 0.36 * LABEL * s / 72 + leading * (len(lines) - 1) / 2
        for i, line in enumerate(lines):
            sheet.text(sheet.left, baseline - i * leading, line, LABEL, style.INK, SEMIBOLD)
    return max(text_width(line, LABEL * s, SEMIBOLD) for lines in names for line in lines) + 0.16 * s


def _draw_bars(sheet: Page, story: _Story, panel: Panel, middles: Sequence[float], bar: float) -> None:
    """Solid to the least loss, pale to the proportional one, hatched what is short without a stop; behind it the range
    of the loss and what binds."""
    s, count = sheet.scale, len(story.scenarios)
    labels: dict[tuple[str, str], tuple[str, str]] = {}
    for code, bars in story.table.items():
        for scenario, each in bars.items():
            binds = style.shortened(each.binding[1], 0.3 * panel.width, LABEL * s) if each.proportional > 0 else ""
            labels[(code, scenario)] = (_range(*each.ends), binds)
    fits = [
        (panel.width - _after(*labels[(code, scenario)], s)) / each.length
        for code, bars in story.table.items()
        for scenario, each in bars.items()
        if each.length > 0
    ]
    scale = min(fits, default=1.0)
    # The axis ends at what is planned where there is room: no loss is larger.
    planned = max(each.planned for bars in story.table.values() for each in bars.values())
    if planned > 0:
        panel = panel._replace(width=min(planned * scale + 0.12 * s, panel.width))
    axes = sheet.value_axes(panel, (0.0, panel.width / scale), ticks=max(2, min(6, int(panel.width / (0.7 * s)))))
    colours = supply.scenario_colours(count)
    step = (1 + _Rows.WITHIN) * bar
    for (code, bars), middle in zip(story.table.items(), middles, strict=True):
        for i, (scenario, colour) in enumerate(zip(story.scenarios, colours, strict=True)):
            if scenario not in bars:
                continue
            each = bars[scenario]
            last = i == count - 1
            y = middle + step * ((count - 1) / 2 - i)
            axes.barh(y, each.proportional, bar, color=supply.pale(colour), linewidth=0, zorder=2)
            axes.barh(y, each.best, bar, color=colour, linewidth=0, zorder=3)
            if each.open and 0 < each.low < each.best:
                axes.plot([each.low] * 2, [y - bar / 2, y + bar / 2], color="white", linewidth=1.4 * s, zorder=4)
            if each.shortage > 0:
                axes.barh(y, each.shortage, bar, left=each.proportional, facecolor="white", edgecolor=colour,
                          hatch=style.SHORT_HATCH, linewidth=0.6 * s, zorder=2)  # fmt: skip
            x = panel.left + each.length * scale + 0.06 * s
            baseline = y - 0.36 * LABEL * s / 72
            number, binds = labels[(code, scenario)]
            weight = BOLD if last else REGULAR
            sheet.text(x, baseline, number, LABEL, style.INK if last else style.MUTED, weight)
            if binds:
                x += text_width(number, LABEL * s, weight) + 0.08 * s
                sheet.text(x, baseline, binds, LABEL, style.MUTED)


def _after(number: str, binds: str, s: float) -> float:
    """Inches that the text behind a bar takes."""
    return text_width(number, LABEL * s, BOLD) + text_width(binds, LABEL * s) + 0.2 * s
