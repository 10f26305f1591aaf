"""What the charts of disruptions share: batteries that cannot be had and cells that cannot be made, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd

from minerals.charts import footer, style, supply, wording
from minerals.charts.fonts import BOLD, REGULAR, SEMIBOLD
from minerals.charts.style import HEADING, LABEL, SMALL, Page, Panel, Swatch, text_width
from minerals.errors import UsageError
from minerals.numbers import percent

LOST, INDUSTRY = "batteries_lost", "cells_not_made"
"""What is drawn: the batteries that cannot be had, and the cells planned to be made at home that cannot."""
MEASURES = {LOST: "lost", INDUSTRY: "industry"}
"""What is drawn -> its name in the tables."""
DRAWS, SEVERITY = "draws", "severity"
"""What the range of a bar is of: draws of all that is uncertain, or the ends of the severity alone."""
ENDS = ("best", "proportional", "low", "high")
SHORT_ANYWAY, ALIKE, PLANNED = "short without any stop", "if all users are cut alike", "planned"
DATA = (
    "quantity", "region", "year", "disruption", "label", "scenario", "best", "proportional", "planned", "shortage",
    "share_best", "share_proportional", "low", "high", "share_low", "share_high", "range", "binding_node",
    "binding_label", "unit",
)  # fmt: skip


class Loss(NamedTuple):
    """What is lost of what is planned, GWh; shortage: its part that is short anyway; low, high: ends of its range;
    range: what that is of, '' where it is of the two ways to share alone."""

    planned: float
    shortage: float
    best: float
    proportional: float
    low: float
    high: float
    range: str

    @property
    def end(self) -> float:
        """GWh to the end of all that is drawn, and of what is planned."""
        return max(self.planned, self.proportional, self.high)

    @property
    def none(self) -> bool:
        """Whether nothing is lost, as it is printed."""
        return wording.number(max(self.proportional, self.high)) == "0"

    def share(self, gwh: float) -> float:
        """A part of what is planned."""
        return gwh / self.planned if self.planned > 0 else 0.0


class Bar(NamedTuple):
    """One scenario under one disruption. losses: by what is lost; binding: (node, its label), empty if none binds."""

    losses: dict[str, Loss]
    binding: tuple[str, str]

    @property
    def rank(self) -> tuple[float, float]:
        """How hard it is: by what is lost of the batteries, but for the noise of the solver."""
        lost = self.losses[LOST]
        return round(lost.best, 9), round(lost.proportional, 9)


@dataclass(frozen=True)
class Losses:
    """The numbers of one chart. scenarios: or futures, the bars of each group, and their labels; table: disruption ->
    scenario -> bar, in the order drawn; drawn: what is lost, in the order of the panels; events: how disruptions are
    named, and steps: how many nodes each hits; leading: whose losses rank them; draws: of an interval.
    """

    chart: str
    region: str
    year: int
    scenarios: tuple[str, ...]
    labels: tuple[str, ...]
    leading: str
    events: dict[str, supply.Event]
    steps: dict[str, int]
    table: dict[str, dict[str, Bar]]
    drawn: tuple[str, ...]
    draws: int
    left_out: int
    scenarios_left_out: int

    @property
    def hardest(self) -> str:
        """The disruption that the leading scenario loses most by, even at the best reallocation, of those that hit a
        single step of the chain where there are any: that all of it may stop is no finding."""
        single = [key for key in self.table if self.steps[key] == 1] or list(self.table)
        return max(single, key=lambda key: rank(self.table[key], (self.leading, *self.scenarios)))

    def losses(self, *quantities: str) -> Iterator[Loss]:
        """All that is drawn of those quantities, by default of all."""
        for bars in self.table.values():
            for bar in bars.values():
                yield from (bar.losses[each] for each in quantities or self.drawn)


def rank(bars: dict[str, Bar], scenarios: Sequence[str]) -> tuple[float, float]:
    """How hard a disruption is, in the first of the scenarios that it has."""
    return next(bars[name] for name in scenarios if name in bars).rank


def whole(table: pd.DataFrame) -> pd.DataFrame:
    """The table with what is lost and its ends; a result from before it had them is drawn from what it has."""
    short = table["shortage"].clip(lower=0.0)
    lost = {
        f"lost_{end}": table[f"at_risk_{end if f'at_risk_{end}' in table else 'best'}"] + short
        for end in ENDS if f"lost_{end}" not in table
    }  # fmt: skip
    return table.assign(shortage=short, **lost)


def bars_of(
    table: pd.DataFrame, column: str, disruptions: Sequence[str], quantities: Sequence[str],
    intervals: Mapping[tuple[str, str, str], tuple[float, float]],
) -> dict[str, dict[str, Bar]]:  # fmt: skip
    """Disruption -> the bar of each scenario, or of whatever the column holds, of a table as `disruptions`.

    intervals: (scenario, disruption, measure) -> the ends of the draws, as shares of what is planned.
    """
    bars: dict[str, dict[str, Bar]] = {code: {} for code in disruptions}
    for row in table[table["disruption"].isin(disruptions)].itertuples():
        key = (str(getattr(row, column)), str(row.disruption))
        bars[key[1]][key[0]] = Bar(
            {each: loss_of(row, each, intervals.get((*key, MEASURES[each]))) for each in quantities},
            (row.binding_node, row.binding_label or row.binding_node),
        )
    return {code: found for code, found in bars.items() if found}


def loss_of(row: Any, quantity: str, interval: tuple[float, float] | None) -> Loss:
    """What a row of `disruptions` loses of one quantity."""
    best, proportional, low, high = (
        max(float(getattr(row, f"{MEASURES[quantity]}_{end}")), 0.0) for end in ENDS
    )  # fmt: skip
    # Rounding of the solver may set the ends the other way round by a hair.
    best, proportional = sorted((best, proportional))
    lost = quantity == LOST
    planned, shortage = (float(row.planned), float(row.shortage)) if lost else (float(row.made_at_home), 0.0)
    if interval is not None:
        low, high, of = max(interval[0], 0.0) * planned, max(interval[1], 0.0) * planned, DRAWS
    else:
        low, high = min(low, best), max(high, proportional)
        of = SEVERITY if (wording.number(low), wording.number(high)) != printed(best, proportional) else ""
    return Loss(planned, shortage, best, proportional, low, high, of)


def drawn_data(story: Losses) -> pd.DataFrame:
    """Exactly what is drawn, long."""
    records = [
        (quantity, story.region, story.year, code, story.events[code].label, scenario, loss.best, loss.proportional,
         loss.planned, loss.shortage, 100 * loss.share(loss.best), 100 * loss.share(loss.proportional), loss.low,
         loss.high, 100 * loss.share(loss.low), 100 * loss.share(loss.high), loss.range, *bar.binding, "GWh")
        for quantity in story.drawn
        for code, bars in story.table.items()
        for scenario in story.scenarios
        if (bar := bars.get(scenario)) is not None and (loss := bar.losses[quantity])
    ]  # fmt: skip
    return pd.DataFrame(records, columns=list(DATA))


# --- words -----------------------------------------------------------------------------------------------------------


def printed(low: float, high: float) -> tuple[str, str]:
    """Both ends of a range [GWh] as they are printed."""
    return wording.number(low), wording.number(high)


def ranged(low: float, high: float, kind: str = "GWh") -> str:
    """54–70% · 540–700 · 540 where both ends are printed alike · none."""
    if kind == "%":
        ends = percent(low).removesuffix("%"), percent(high)
        return ends[1] if f"{ends[0]}%" == ends[1] else "–".join(ends)
    ends = printed(low, high)
    if ends[1] == "0":
        return "none"
    return ends[1] if ends[0] == ends[1] else "–".join(ends)


def supply_used(story: Losses) -> footer.Used:
    """The disruptions drawn, and the supply of the nodes that bind."""
    nodes = {bar.binding[0] for bars in story.table.values() for bar in bars.values() if bar.binding[0]}
    return {
        "disruption": {"disruption": story.table},
        "supply": {"node": nodes, "year": [story.year]},
        "node_use": {"node": nodes},
    }


def amounts(story: Losses, bars: dict[str, Bar], quantity: str, part: str) -> str:
    """1,134 · 535 (Incumbent) and 472 (Next-gen), of the scenarios of one disruption."""
    found = {
        name: wording.number(getattr(bars[scenario].losses[quantity], part))
        for scenario, name in zip(story.scenarios, story.labels, strict=True) if scenario in bars
    }  # fmt: skip
    alike = len(set(found.values())) == 1
    return next(iter(found.values())) if alike else wording.names([f"{gwh} ({name})" for name, gwh in found.items()])


def binding_of(story: Losses) -> str:
    """What binds where several nodes are hit at once, as a sentence; of the others their names say it."""
    for code, bars in story.table.items():
        nodes = [wording.lowered(bar.binding[1]) for bar in bars.values() if bar.binding[1]]
        if story.steps[code] > 1 and nodes:
            return f"“{story.events[code].label}”: scarcest is {' or '.join(dict.fromkeys(nodes))}."
    return ""


def alt(story: Losses, subtitle: str) -> list[str]:
    """What is drawn, and each bar in words."""
    parts = []
    for code, bars in story.table.items():
        printed = []
        for scenario, name in zip(story.scenarios, story.labels, strict=True):
            if (bar := bars.get(scenario)) is None:
                continue
            said = [f"{_said(bar.losses[LOST])} of the batteries"]
            said += [f"{_said(bar.losses[INDUSTRY])} of the cells made there"] if INDUSTRY in story.drawn else []
            said += [f"{bar.binding[1]} binds"] if bar.binding[1] else []
            printed.append(f"{name} {', '.join(said)}" if not bar.losses[LOST].none else f"{name} nothing")
        parts.append(f"{story.events[code].spoken}: {'; '.join(printed)}")
    short = {name: max(bars[each].losses[LOST].shortage for bars in story.table.values() if each in bars)
             for each, name in zip(story.scenarios, story.labels, strict=True)
             if any(each in bars for bars in story.table.values())}  # fmt: skip
    anyway = [f"{name} {wording.number(gwh)} GWh" for name, gwh in short.items() if wording.number(gwh) != "0"]
    return [
        f"Bars of {wording.lowered(subtitle)}. {'. '.join(parts)}.",
        f"Short without any disruption: {', '.join(anyway)}." if anyway else "",
    ]


def _said(loss: Loss) -> str:
    """478 GWh (42%), 5–95% of draws 0–606."""
    if loss.none:
        return "nothing"
    text = f"{ranged(loss.best, loss.proportional)} GWh"
    text += f" ({ranged(loss.share(loss.best), loss.share(loss.proportional), kind='%')})"
    of = {DRAWS: "5–95% of draws", SEVERITY: "ends of the severity"}.get(loss.range)
    return f"{text}, {of} {ranged(loss.low, loss.high)}," if of else text


def in_words(loss: Loss, in_shares: bool) -> str:
    """0–53% · 253–1,308 GWh, where draws of a larger demand lose more than is planned · up to 42%, where a milder stop
    costs less."""
    if not in_shares:
        return f"{ranged(loss.low, loss.high)} GWh"
    if loss.range == DRAWS:
        return ranged(loss.share(loss.low), loss.share(loss.high), kind="%")
    best, proportional = loss.share(loss.best), loss.share(loss.proportional)
    open_end = loss.range == SEVERITY and wording.number(loss.low) != wording.number(loss.best)
    return f"up to {percent(proportional)}" if open_end else ranged(best, proportional, kind="%")


def anyway(loss: Loss) -> str:
    """The part of a loss that is short without the stop; '' where that is next to nothing, or not in every draw."""
    short = loss.share(loss.shortage)
    if loss.range == DRAWS and loss.low < loss.shortage:
        return ""
    return f" ({percent(short)} short anyway)" if short >= wording.LEAST_WORTH_SAYING else ""


def note_of(story: Losses, caveats: str) -> str:
    """The note below the chart: what is planned, what bars and lines are, what is short anyway, and the marks.

    caveats: of the results, as sentences that begin with a blank.
    """
    bars = story.table[story.hardest]
    note = f"Note:{caveats} Planned: {amounts(story, bars, LOST, 'planned')} GWh of batteries"
    note += f", {amounts(story, bars, INDUSTRY, 'planned')} GWh of cells made there" if INDUSTRY in story.drawn else ""
    note += ". Solid: what is left goes where most cells can be built of it."
    ranges = {each for quantity in story.drawn for each in _ranges(story, quantity)}
    if DRAWS in ranges:
        note += f" Line with ends: 5–95% of {story.draws:,} draws of what it rests on, of what is planned in each."
    if SEVERITY in ranges:
        note += f" Line{' without' if DRAWS in ranges else ''}: ends of the severity, from past stops."
    note += " Prices do not respond."
    short = {story.labels[story.scenarios.index(name)]: bar.losses[LOST].shortage for name, bar in bars.items()}
    if named := [f"{wording.number(gwh)} GWh ({name})" for name, gwh in short.items() if wording.number(gwh) != "0"]:
        note += f" Short without any stop: {wording.names(named)}."
    if binding := binding_of(story):
        note += f" {binding}"
    note += supply.marks(story.events[code] for code in story.table)
    counts = ((story.left_out, "more disruption"), (story.scenarios_left_out, "more scenario"))
    left = [f"{count} {what}{'s' if count > 1 else ''}" for count, what in counts if count]
    return f"{note} Not drawn: {wording.names(left)}." if left else note


# --- drawing ---------------------------------------------------------------------------------------------------------

GAP = 0.26
"""Air between the two panels, inches before scaling."""
LEAST_BARS = 0.24
"""Least part of the room for bars that a panel has; below it the panels differ in scale."""


class Rows:
    """Heights, inches before scaling: a heading, a group of bars for each disruption, a key."""

    HEAD, FOOT, WITHIN = 0.58, 0.3, 0.16
    THIN, USUAL, THICK = 0.125, 0.165, 0.23
    ROOM = 3.3
    """What a page has for them, whatever stands around."""

    def __init__(self, story: Losses) -> None:
        self.chart, self.groups, self.bars = story.chart, len(story.table), len(story.scenarios)

    @property
    def group(self) -> float:
        """Height of one group, in bars; two lines of text at the least."""
        return max(self.bars * (1 + self.WITHIN), 2.0)

    @classmethod
    def fitting(cls, bars: int, most: int) -> int:
        """How many groups of so many bars fit on any page, `most` at the most."""
        group = max(bars * (1 + cls.WITHIN), 2.0)
        return max(1, min(most, int((cls.ROOM - cls.HEAD - cls.FOOT) / ((group + 0.5) * cls.THIN))))

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
                f"{self.chart}: {self.groups} disruptions × {self.bars} scenarios do not fit on this size; name fewer"
                " with disruptions = or try the other size"
            )
        pitch = min((height - self.HEAD - self.FOOT) / self.groups, (self.group + 1.6) * self.THICK)
        return min(max(pitch / (self.group + 1.0), self.THIN), self.THICK), pitch


def draw(sheet: Page, story: Losses, rows: Rows) -> None:
    """Draw a panel for each quantity: its bars, what is planned, their ranges and numbers, with a row a disruption.

    rows: their heights, which are fitted into the room that the page has.
    """
    s = sheet.scale
    bar, pitch = (measure * s for measure in rows.fitted((sheet.top - sheet.bottom) / s))
    top = sheet.top - Rows.HEAD * s
    middles = [top - (row + 0.5) * pitch for row in range(len(story.table))]
    bottom = top - pitch * len(story.table)
    left = sheet.left + _draw_names(sheet, story, middles)
    numbers = {each: _numbers(story, each) for each in story.drawn}
    columns = {each: _columns(of, s) for each, of in numbers.items()}
    ends = {each: max((loss.end for loss in story.losses(each)), default=0.0) or 1.0 for each in story.drawn}
    room = sheet.right - left - GAP * s * (len(story.drawn) - 1) - sum(map(sum, columns.values()))
    parts = {each: max(end / sum(ends.values()), LEAST_BARS) for each, end in ends.items()}
    for each in story.drawn:
        width = room * parts[each] / sum(parts.values())
        panel = Panel(left, bottom, width, top - bottom)
        _draw_heading(sheet, story, each, panel, columns[each])
        _draw_bars(sheet, story, each, panel, middles, bar, ends[each])
        _draw_numbers(sheet, story, numbers[each], panel, columns[each], middles, bar)
        left += width + sum(columns[each]) + GAP * s
    _draw_key(sheet, story)


def _draw_key(sheet: Page, story: Losses) -> None:
    s = sheet.scale
    colours = supply.scenario_colours(len(story.scenarios))
    kinds = [Swatch(PLANNED, style.PALE, "line")]
    if any(wording.number(loss.best) != wording.number(loss.proportional) for loss in story.losses()):
        kinds.append(Swatch(ALIKE, supply.pale(style.BASE)))
    if any(wording.number(loss.shortage) != "0" for loss in story.losses(LOST)):
        kinds.append(Swatch(SHORT_ANYWAY, style.BASE, "hatch"))
    room = sheet.width - sum(text_width(kind.text, LABEL * s) + 0.3 * s for kind in kinds)
    names = supply.fitted(story.labels, room - 0.3 * s * len(story.labels), LABEL * s)
    sheet.key(sheet.left, sheet.bottom + 0.1 * s, [*map(Swatch, names, colours), *kinds])


def _draw_names(sheet: Page, story: Losses, middles: Sequence[float]) -> float:
    """Names of the disruptions on the left edge, in up to two lines; returns the width they take."""
    s = sheet.scale
    names = [style.balanced(story.events[code].marked, 1.7 * s, LABEL * s, SEMIBOLD, most=2) for code in story.table]
    leading = 1.18 * LABEL * s / 72
    for lines, middle in zip(names, middles, strict=True):
        baseline = middle - 0.36 * LABEL * s / 72 + leading * (len(lines) - 1) / 2
        for i, line in enumerate(lines):
            sheet.text(sheet.left, baseline - i * leading, line, LABEL, style.INK, SEMIBOLD)
    return max(text_width(line, LABEL * s, SEMIBOLD) for lines in names for line in lines) + 0.16 * s


Numbers = dict[tuple[str, str], tuple[str, str]]


def _numbers(story: Losses, quantity: str) -> Numbers:
    """(disruption, scenario) -> the share of what is planned, and the range of that share; where none of them has a
    range, the GWh instead."""
    any_range = bool(_ranges(story, quantity))
    found = {}
    for code, bars in story.table.items():
        for scenario, bar in bars.items():
            loss = bar.losses[quantity]
            shares = loss.share(loss.best), loss.share(loss.proportional)
            share = "none" if loss.none else ranged(*shares, kind="%")
            if not any_range:
                ends = ranged(loss.low, loss.high)
            else:
                ends = ranged(loss.share(loss.low), loss.share(loss.high), kind="%") if loss.range else ""
            found[(code, scenario)] = (share, "" if loss.none else ends)
    return found


def _ranges(story: Losses, quantity: str) -> set[str]:
    """What the ranges of a panel are of."""
    return {loss.range for loss in story.losses(quantity) if loss.range and not loss.none}


def _columns(numbers: Numbers, s: float) -> tuple[float, float]:
    """Widths of the two columns of numbers beside the bars, air before them included."""
    shares = max(text_width(text, LABEL * s, BOLD) for text in [*(share for share, _ in numbers.values()), "of plan"])
    ranges = max(text_width(text, LABEL * s, BOLD) for text in [*(ends for _, ends in numbers.values()), "5–95%"])
    return shares + 0.1 * s, ranges + 0.1 * s


def _draw_heading(sheet: Page, story: Losses, quantity: str, panel: Panel, columns: tuple[float, float]) -> None:
    """What the panel shows, and below it what its two columns of numbers are."""
    s = sheet.scale
    width = panel.width + sum(columns)
    where = wording.place(story.region)
    heads = ["Batteries that cannot be had, GWh"] if quantity == LOST else [
        f"Cells that cannot be made in {where}, GWh", "Cells that cannot be made there, GWh"
    ]  # fmt: skip
    fitting = [text for text in heads if len(style.wrapped(text, width, HEADING * s, SEMIBOLD)) < 3]
    lines = style.balanced((fitting or heads[-1:])[0], width, HEADING * s, SEMIBOLD, most=2)
    for i, line in enumerate(reversed(lines)):
        baseline = panel.bottom + panel.height + (0.3 + 0.15 * i) * s
        sheet.text(panel.left, baseline, line, HEADING, style.INK, SEMIBOLD)
    if not all(loss.none for loss in story.losses(quantity)):
        right = panel.left + panel.width + columns[0]
        baseline = panel.bottom + panel.height + 0.07 * s
        sheet.text(right, baseline, "of plan", SMALL, style.FAINT, align="right")
        ranges = _ranges(story, quantity)
        head = "GWh" if not ranges else "5–95%" if ranges == {DRAWS} else "range"
        sheet.text(right + columns[1], baseline, head, SMALL, style.FAINT, align="right")


def _draw_bars(
    sheet: Page, story: Losses, quantity: str, panel: Panel, middles: Sequence[float], bar: float, end: float
) -> None:
    """Hatched what is short without a stop, solid to the least loss, pale to the proportional one, and the range as a
    line, on a rail as long as what is planned."""
    s, count = sheet.scale, len(story.scenarios)
    axes = sheet.value_axes(panel, (0.0, end), ticks=max(1, min(5, int(panel.width / (0.55 * s)))))
    step = (1 + Rows.WITHIN) * bar
    for (_, bars), middle in zip(story.table.items(), middles, strict=True):
        for i, (scenario, colour) in enumerate(zip(story.scenarios, supply.scenario_colours(count), strict=True)):
            if scenario not in bars:
                continue
            loss = bars[scenario].losses[quantity]
            y = middle + step * ((count - 1) / 2 - i)
            axes.plot([0, loss.planned], [y, y], color=style.PALE, linewidth=1.6 * s, zorder=1.5, solid_capstyle="butt")
            short = min(loss.shortage, loss.best)
            axes.barh(y, loss.proportional - short, bar, left=short, color=supply.pale(colour), linewidth=0, zorder=2)
            axes.barh(y, loss.best - short, bar, left=short, color=colour, linewidth=0, zorder=3)
            if wording.number(short) != "0":
                axes.barh(y, short, bar, facecolor="white", edgecolor=colour, hatch=style.SHORT_HATCH,
                          linewidth=0.6 * s, zorder=3)  # fmt: skip
            if loss.range and not loss.none:
                dark = style.shade(colour)
                weight = (1.2 if loss.range == DRAWS else 0.9) * s
                axes.plot([loss.low, loss.high], [y, y], color=dark, linewidth=weight, zorder=5, clip_on=False,
                          solid_capstyle="butt")  # fmt: skip
                for place in (loss.low, loss.high) if loss.range == DRAWS else ():
                    axes.plot([place] * 2, [y - 0.3 * bar, y + 0.3 * bar], color=dark, linewidth=1.2 * s, zorder=5,
                              clip_on=False)  # fmt: skip


def _draw_numbers(
    sheet: Page, story: Losses, numbers: Numbers, panel: Panel, columns: tuple[float, float],
    middles: Sequence[float], bar: float,
) -> None:  # fmt: skip
    """Beside each bar its share of what is planned, and its range."""
    s, count = sheet.scale, len(story.scenarios)
    right = panel.left + panel.width + columns[0]
    step = (1 + Rows.WITHIN) * bar
    for code, middle in zip(story.table, middles, strict=True):
        for i, scenario in enumerate(story.scenarios):
            if (code, scenario) not in numbers:
                continue
            share, ends = numbers[(code, scenario)]
            baseline = middle + step * ((count - 1) / 2 - i) - 0.36 * LABEL * s / 72
            last = i == count - 1
            colour = style.INK if last else style.MUTED
            weight = REGULAR if share == "none" else BOLD if last else SEMIBOLD
            sheet.text(right, baseline, share, LABEL, colour, weight, align="right")
            if ends:
                sheet.text(right + columns[1], baseline, ends, LABEL, style.MUTED, align="right")
