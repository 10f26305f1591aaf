"""What buys the most safety: of what disruptions cost, how much each measure avoids for how much money, and all of them
together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from minerals.charts import footer, frame, mixes, series, style, supply, wording
from minerals.charts.bundle import Bundle, Result
from minerals.charts.fonts import BOLD, REGULAR, SEMIBOLD
from minerals.charts.selection import Selection
from minerals.charts.style import GRID, INK, LABEL, MUTED, Page, Panel, Swatch, text_width
from minerals.numbers import percent

NAME = "measures"
ALL = "all"
LABELS = {
    "mix": "Another mix", "own_cells": "Own cells", "stock": "Stocks", "plants": "Plants elsewhere",
    ALL: "All together",
}  # fmt: skip
"""Measures, in the order of their key."""
COLOURS = {
    "mix": style.CHEMISTRY["high-nickel"], "own_cells": style.BASE, "stock": style.CHEMISTRY["LFP"],
    "plants": style.CHEMISTRY["Li-S"], ALL: INK,
}  # fmt: skip
MOST = 3
"""Lengths drawn at most, the shortest and the longest among them."""
YEAR = 12.0
DATA = ("months", "measures", "budget", "value", "avoided", "lost", "unit")


def figure(result: Result, *, size: str = "brief", title: str | None = None) -> Bundle:
    """Draw what each measure, and all together, avoid of what disruptions cost, by what is spent beyond the cheapest
    mix; a panel for each length of a disruption.

    size: 'brief' or 'slide'; title: one to use instead of the computed finding.

    The data of the bundle hold a row for each dot: value, % avoided of what the cheapest mix loses on average; avoided
    and lost, GWh.
    """
    story = _story(result)
    return frame.bundle(
        result, NAME, title=title, size=size, scenarios=story.scenarios, unit="%",
        used=_used(result, story), finding=_finding(story), note=_note(story, result),
        subtitle=f"Avoided of what the cheapest mix of {story.span} loses, by billion USD of 2025 spent beyond its"
        f" cost: {story.objective}",
        body=(3.3, 2.2), draw=lambda page: _draw(page, story), alt=lambda subtitle: _alt(story, subtitle),
        data=_drawn(story), options={},
    )  # fmt: skip


@dataclass(frozen=True)
class _Story:
    """The numbers of one chart. budgets: billion USD, rising; avoided: GWh, months -> measure -> (budget); lost: GWh
    that the cheapest mix loses, by months; stocked: most months of need in stock; left_out: lengths that are not
    drawn."""

    place: str
    scenarios: tuple[str, ...]
    span: str
    objective: str
    budgets: NDArray[np.float64]
    avoided: Mapping[float, Mapping[str, NDArray[np.float64]]]
    lost: Mapping[float, float]
    stocked: float
    left_out: int

    def share(self, months: float, name: str) -> NDArray[np.float64]:
        """Part of what is lost that a measure avoids, 0–1, (budget)."""
        lost = self.lost[months]
        return np.asarray(self.avoided[months][name] / lost if lost > 0 else np.zeros(len(self.budgets)))

    @property
    def told(self) -> float:
        """The length of the headline: a year where it is drawn, else the longest."""
        return YEAR if YEAR in self.avoided else max(self.avoided)

    @property
    def single(self) -> list[str]:
        """Measures alone."""
        return [name for name in LABELS if name != ALL and name in self.avoided[self.told]]


def _story(result: Result) -> _Story:
    selection = Selection(NAME, result)
    table = selection.table("measures", way_out="it is computed by a study of kind measures")
    scenarios = supply.chosen_pair(selection)
    selection.settle()
    about = mixes.about(result)
    years = about.get("years") or result.record["years"]
    every = sorted(float(months) for months in table["months"].unique())
    drawn = every if len(every) <= MOST else [every[0], *every[1:-1][: MOST - 2], every[-1]]
    if YEAR in every and YEAR not in drawn:
        drawn[1] = YEAR
    known = [name for name in LABELS if name in set(table["measures"])]
    budgets = np.array(sorted(table["budget"].unique()), float)
    avoided = {
        months: {
            name: table[(table["months"] == months) & (table["measures"] == name)].sort_values("budget")["avoided"]
            .to_numpy(float).clip(min=0.0)
            for name in known
        }
        for months in drawn
    }  # fmt: skip
    first = table.sort_values("budget").groupby("months").first()
    return _Story(
        place=selection.everything, scenarios=scenarios[1:],
        span="–".join(dict.fromkeys(map(str, (years[0], years[-1])))),
        objective=" ".join(str(about.get("objective") or "expected loss").split()), budgets=budgets, avoided=avoided,
        lost={months: float(first.loc[months, "value"] + first.loc[months, "avoided"]) for months in drawn},
        stocked=float(result.record["config"]["study"]["most_months"]), left_out=len(every) - len(drawn),
    )  # fmt: skip


def _used(result: Result, story: _Story) -> footer.Used:
    """Demand, disruptions, supply and prices of the mix, and what stocks and plants cost."""
    tables = ("disruption", "supply", "growth_limit", "cell_price", "learning_rate", "material_price", "holding_cost",
              "expansion_cost", "discount_rate")  # fmt: skip
    return footer.demand(result, story.scenarios, story.place, result.record["years"], footer.whole(*tables))


def _drawn(story: _Story) -> pd.DataFrame:
    """Exactly what is drawn, long."""
    rows: list[tuple[Any, ...]] = []
    for months, by_name in story.avoided.items():
        for name, avoided in by_name.items():
            for budget, gwh, part in zip(story.budgets, avoided, story.share(months, name), strict=True):
                rows.append((months, name, budget, 100 * part, gwh, story.lost[months], "%"))
    return pd.DataFrame(rows, columns=list(DATA))


# --- words -----------------------------------------------------------------------------------------------------------


def _spoken(months: float) -> str:
    """a year, two years, 3 months."""
    if months % YEAR == 0:
        count = int(months / YEAR)
        return "a year" if count == 1 else f"{count} years"
    return "a month" if months == 1 else f"{months:g} months"


def _finding(story: _Story) -> str:
    """Which measure avoids most alone at the least that is spent, and which at the most."""
    whose, months = wording.possessive(story.place), story.told
    spent = [at for at, budget in enumerate(story.budgets) if budget > 0]
    length = f"stops of {_spoken(months)}"
    if not spent or not story.single or story.lost[months] <= 0:
        return f"What {length} cost {whose} batteries, and what avoids it"

    def most(at: int) -> tuple[str, float]:
        found = {name: float(story.share(months, name)[at]) for name in story.single}
        name = max(found, key=lambda each: found[each])
        return name, found[name]

    (first, part), (last, later) = most(spent[0]), most(spent[-1])
    small, large = (f"{story.budgets[at]:,.10g}" for at in (spent[0], spent[-1]))
    title = f"{LABELS[first]} for {small} billion USD avoid {percent(part)} of what {length} cost {whose} batteries"
    if LABELS[first] == LABELS["mix"]:
        title = title.replace(" avoid ", " avoids ")
    if len(story.single) < 2:
        return title
    if last == first:
        return f"{title}, more than any other measure"
    return f"{title}; at {large} billion {wording.lowered(LABELS[last])} avoid most, {percent(later)}"


def _note(story: _Story, result: Result) -> str:
    note = f"Note:{frame.caveats(result)} Each point is the least loss that so much money buys; between two a mix of"
    note += f" both is as good. Another mix: with its own cells. Stocks: at most {story.stocked:g} months of need, used"
    note += " up once in a stop. Plants: outside the country that makes most; their own inputs are not followed. Per"
    note += (
        " cent: of what an average stop takes, summed over the years in which it may come; money is that of all years."
    )
    if story.left_out:
        note += f" Not drawn: {story.left_out} more length{'s' * (story.left_out > 1)}."
    return note


def _alt(story: _Story, subtitle: str) -> list[str]:
    """Each line in words."""
    parts = []
    for months, by_name in story.avoided.items():
        told = [
            f"{wording.lowered(LABELS[name])} {percent(story.share(months, name)[0])} to"
            f" {percent(story.share(months, name)[-1])}"
            for name in by_name
        ]
        parts.append(f"in stops of {_spoken(months)}: {'; '.join(told)}")
    ends = " to ".join(wording.number(story.budgets[at]) for at in (0, -1))
    return [f"Lines of {wording.lowered(subtitle)}. From {ends} billion USD, {'. '.join(parts)}."]


# --- drawing ---------------------------------------------------------------------------------------------------------

GAP, HEAD, UNDER = 0.22, 0.3, 0.68
"""Inches between two panels, above them, and below them for budgets and the key; before scaling."""


def _draw(sheet: Page, story: _Story) -> None:
    s, count = sheet.scale, len(story.avoided)
    most = max(
        (float(story.share(months, name).max()) for months, by_name in story.avoided.items() for name in by_name),
        default=0.0,
    )
    top = 1.04 * most if most > 0 else 1.0
    ticks = series.value_ticks(100 * top, 5)
    gutter = max((text_width(f"{tick:,.10g}%", LABEL * s) for tick in ticks), default=0.0) + 0.1 * s
    ends = text_width("100%", LABEL * s, BOLD) + 0.16 * s
    width = (sheet.width - gutter - count * ends - (count - 1) * GAP * s) / count
    low, high = sheet.bottom + UNDER * s, sheet.top - HEAD * s
    for place, months in enumerate(story.avoided):
        left = sheet.left + gutter + place * (width + ends + GAP * s)
        panel = Panel(left, low, width, high - low)
        sheet.text(left, sheet.top - 0.1 * s, f"Stops of {_spoken(months)}", style.HEADING, INK, SEMIBOLD)
        for tick in ticks:
            y = low + tick / (100 * top) * panel.height
            sheet.line((left, left + width), (y, y), GRID, 0.7, order=0)
            if place == 0:
                sheet.text(left - 0.06 * s, y - 0.36 * LABEL * s / 72, f"{tick:,.10g}%", LABEL, MUTED, align="right")
        _draw_panel(sheet, story, months, panel, top, left + width + ends)
    keys = [Swatch(LABELS[name], COLOURS[name], "line") for name in LABELS if name in story.avoided[story.told]]
    sheet.key(sheet.left, sheet.bottom + 0.1 * s, keys)


def _draw_panel(sheet: Page, story: _Story, months: float, panel: Panel, top: float, right: float) -> None:
    """The lines of one length, with the share at the end of each."""
    s, last = sheet.scale, float(story.budgets[-1]) or 1.0
    axes = sheet.axes(panel)
    axes.set_xlim(0, last)
    axes.set_ylim(0, top)
    sheet.line((panel.left, panel.left + panel.width), (panel.bottom,) * 2, INK, 0.9, order=4)
    taken = np.inf
    for budget in story.budgets[::-1]:
        x, text = panel.left + budget / last * panel.width, f"{budget:,.10g}"
        half = text_width(text, LABEL * s) / 2
        if x + half < taken - 0.05 * s:
            sheet.text(x, panel.bottom - 0.17 * s, text, LABEL, MUTED, align="center")
            taken = x - half
    sheet.text(panel.left, panel.bottom - 0.34 * s, "Billion USD", LABEL, MUTED)
    found = []
    for name in story.avoided[months]:
        shares, colour = story.share(months, name), COLOURS[name]
        axes.plot(story.budgets, shares, color=colour, linewidth=(2.2 if name == ALL else 1.6) * s, zorder=3,
                  clip_on=False, solid_joinstyle="round")  # fmt: skip
        axes.plot(story.budgets, shares, "o", color=colour, markersize=3.4 * s, markeredgecolor="white",
                  markeredgewidth=0.6 * s, zorder=4, clip_on=False)  # fmt: skip
        found.append((panel.bottom + shares[-1] / top * panel.height, percent(shares[-1]), name))
    found.sort(key=lambda item: item[0])
    pitch = 1.25 * LABEL * s / 72
    places = series.spread([item[0] for item in found], pitch, panel.bottom, panel.bottom + panel.height)
    for place, (y, text, name) in zip(places, found, strict=True):
        weight = BOLD if name == ALL else REGULAR
        colour = style.as_text(COLOURS[name]) if COLOURS[name] != style.BASE else MUTED
        x = right - text_width(text, LABEL * s, weight)
        sheet.line((panel.left + panel.width + 0.05 * s, x - 0.03 * s), (y, place), COLOURS[name], 0.8)
        sheet.text(x, place - 0.36 * LABEL * s / 72, text, LABEL, colour, weight)
