"""What buys the most safety: of what disruptions cost, how much each measure avoids for how much money, and all of them
together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from minerals.charts import footer, frame, mixes, series, style, supply, wording
from minerals.charts.bundle import Bundle, Result
from minerals.charts.fonts import BOLD, REGULAR, SEMIBOLD
from minerals.charts.selection import Selection, table_of
from minerals.charts.style import GRID, INK, LABEL, MUTED, Page, Panel, Swatch, text_width
from minerals.numbers import percent

NAME = "measures"
ALL = "all"
LABELS = {
    "mix": "Another mix", "own_cells": "Own cells", "stock": "Stocks", "plants": "Plants elsewhere",
    "recycling": "Recycling", ALL: "All together",
}  # fmt: skip
"""Measures, in the order of their key."""
ONE = ("mix", "recycling")
"""Those that are one thing."""
COLOURS = {
    "mix": style.CHEMISTRY["high-nickel"], "own_cells": style.BASE, "stock": style.CHEMISTRY["LFP"],
    "plants": style.CHEMISTRY["Li-S"], "recycling": style.CHEMISTRY["Na-ion"], ALL: INK,
}  # fmt: skip
MOST = 3
"""Lengths drawn at most, the shortest and the longest among them."""
YEAR = 12.0
LEAST = 1e-5
"""Part of what is lost below which what is avoided is nothing."""
DATA = ("months", "measures", "budget", "value", "low", "high", "avoided", "lost", "unit")
Drawn = Mapping[str, NDArray[np.float64]]
"""Of each measure its median, 5th and 95th percentile, (3, budget)."""


def figure(result: Result, *, size: str = "brief", title: str | None = None) -> Bundle:
    """Draw what each measure, and all together, avoid of what disruptions cost, by what is spent beyond the cheapest
    mix; a panel for each length of a disruption, and with draws one of these, with its medians and 5–95 %.

    size: 'brief' or 'slide'; title: one to use instead of the computed finding.

    The data of the bundle hold a row for each dot: value, % avoided of what the cheapest mix loses on average; avoided
    and lost, GWh. Of draws, whose months are empty, value and avoided are medians, low and high the 5th and 95th
    percentile.
    """
    story = _story(result)
    return frame.bundle(
        result, NAME, title=title, size=size, scenarios=story.scenarios, unit="%",
        used=used(result, story.scenarios, story.place), finding=_finding(story), note=_note(story, result),
        subtitle=f"Avoided of what the cheapest mix of {story.span} loses, by billion USD of 2025 spent beyond its"
        f" cost: {story.objective}",
        body=(3.3, 2.2), draw=lambda page: _draw(page, story), alt=lambda subtitle: _alt(story, subtitle),
        data=_drawn(story), options={},
    )  # fmt: skip


@dataclass(frozen=True)
class _Story:
    """The numbers of one chart. budgets: billion USD, rising; avoided: GWh, months -> measure -> (budget); lost: GWh
    that the cheapest mix loses, by months; stocked: most months of need in stock; left_out: lengths that are not drawn;
    shares, gwh: avoided in draws, as a part of what is lost there and in GWh, by measure, at the budgets above 0;
    draws: how many; recycling: the most that it avoids of what is lost at the length that is told, 0–1, if it is one of
    the measures."""

    place: str
    scenarios: tuple[str, ...]
    span: str
    objective: str
    budgets: NDArray[np.float64]
    avoided: Mapping[float, Mapping[str, NDArray[np.float64]]]
    lost: Mapping[float, float]
    stocked: float
    left_out: int
    shares: Drawn
    gwh: Drawn
    draws: int
    recycling: float | None

    def share(self, months: float, name: str) -> NDArray[np.float64]:
        """Part of what is lost that a measure avoids, 0–1, (budget)."""
        lost = self.lost[months]
        return np.asarray(self.avoided[months][name] / lost if lost > 0 else np.zeros(len(self.budgets)))

    @property
    def main_length(self) -> float:
        """The length of the headline: a year where it is drawn, else the longest."""
        return YEAR if YEAR in self.avoided else max(self.avoided)

    @property
    def single(self) -> list[str]:
        """Measures alone."""
        return [name for name in LABELS if name != ALL and name in self.avoided[self.main_length]]

    @property
    def spent(self) -> NDArray[np.float64]:
        """Budgets above 0."""
        return self.budgets[self.budgets > 0]


def _story(result: Result) -> _Story:
    selection = Selection(NAME, result)
    table = selection.table("measures", way_out="it is computed by a study of kind measures")
    scenarios = supply.chosen_pair(selection)
    selection.settle()
    about = mixes.about(result)
    years = about.get("years") or result.record["years"]
    every = sorted(float(months) for months in table["months"].unique())
    of_draws = table_of(result, "measures_drawn")
    draws = 0 if of_draws is None else int(result.record["config"]["study"]["draws"])
    most = MOST - (draws > 0)
    drawn = every if len(every) <= most else [every[0], *every[1:-1][: most - 2], every[-1]]
    if YEAR in every and YEAR not in drawn and len(drawn) > 2:
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
        shares=_of_draws(of_draws, "share_avoided"), gwh=_of_draws(of_draws, "avoided"),
        draws=draws, recycling=most_recycled(result, drawn),
    )  # fmt: skip


def where(result: Result) -> str:
    """Where plants stand."""
    table = table_of(result, "measures_places")
    if table is None:
        return "outside the country that makes most"
    return " or ".join(dict.fromkeys(table["place"]))


def most_recycled(result: Result, drawn: Sequence[float]) -> float | None:
    """Part of what is lost that recycling avoids at most, whatever it costs, in any of some lengths; None where it is
    no measure."""
    table = table_of(result, "measures_recycling")
    if table is None:
        return None
    mine = table[(table["node"] == ALL) & table["months"].isin(list(drawn))]
    whole = mine.pivot_table(index="months", columns="measure", values="value")
    whole = whole[whole["lost"] > 0]
    return float((whole["avoided"] / whole["lost"]).max()) if len(whole) else 0.0


def _at_most(part: float) -> str:
    return f"{percent(part)} at most, whatever it costs" if part > LEAST else "nothing here, whatever it costs"


def _of_draws(table: pd.DataFrame | None, measure: str) -> Drawn:
    """Percentiles of a measure of the draws; none without draws."""
    if table is None:
        return {}
    mine = table[table["measure"] == measure].sort_values("budget")
    return {
        name: mine.loc[mine["measures"] == name, ["p50", "p5", "p95"]].to_numpy(float).T
        for name in LABELS if name in set(mine["measures"])
    }  # fmt: skip


def used(result: Result, scenarios: Sequence[str], place: str) -> footer.Used:
    """Demand, disruptions, supply and prices of the mix, and what stocks, plants and recycling cost."""
    tables = ["disruption", "supply", "growth_limit", "cell_price", "learning_rate", "material_price", "holding_cost",
              "expansion_cost", "discount_rate"]  # fmt: skip
    if table_of(result, "measures_recycling") is not None:
        tables += ["recycling_cost", "collection_rate", "recovery_route", "recovery_rate"]
    return footer.demand(result, scenarios, place, result.record["years"], footer.whole(*tables))


def _drawn(story: _Story) -> pd.DataFrame:
    """Exactly what is drawn, long."""
    rows: list[tuple[Any, ...]] = []
    for months, by_name in story.avoided.items():
        for name, avoided in by_name.items():
            for budget, gwh, part in zip(story.budgets, avoided, story.share(months, name), strict=True):
                rows.append((months, name, budget, 100 * part, np.nan, np.nan, gwh, story.lost[months], "%"))
    for name, parts in story.shares.items():
        for budget, part, gwh in zip(story.spent, parts.T, story.gwh[name][0], strict=True):
            rows.append((np.nan, name, budget, *(100 * part), gwh, np.nan, "%"))
    return pd.DataFrame(rows, columns=list(DATA))


# --- words -----------------------------------------------------------------------------------------------------------


def spoken(months: float) -> str:
    """a year, two years, 3 months."""
    if months % YEAR == 0:
        count = int(months / YEAR)
        return "a year" if count == 1 else f"{count} years"
    return "a month" if months == 1 else f"{months:g} months"


def _finding(story: _Story) -> str:
    """Which measure avoids most alone at the least that is spent, and which at the most; of draws by their medians."""
    whose, months = wording.possessive(story.place), story.main_length
    spent = [at for at, budget in enumerate(story.budgets) if budget > 0]
    length = "stops" if story.draws else f"stops of {spoken(months)}"
    if not spent or not story.single or story.lost[months] <= 0:
        return wording.Subject(f"What {length} cost {whose} batteries, and what avoids it")

    def most(at: int) -> tuple[str, str]:
        found = {
            name: story.shares[name][:, at - len(story.budgets)].tolist() if story.draws
            else [float(story.share(months, name)[at])]
            for name in story.single
        }  # fmt: skip
        name = max(found, key=lambda each: found[each][0])
        middle, *ends = found[name]
        return name, percent(middle) + (f" ({mixes.reach(*ends)})" if ends else "")

    (first, part), (last, later) = most(spent[0]), most(spent[-1])
    small, large = (f"{story.budgets[at]:,.10g}" for at in (spent[0], spent[-1]))
    title = f"{LABELS[first]} for {small} billion USD avoid {part} of what {length} cost {whose} batteries"
    if first in ONE:
        title = title.replace(" avoid ", " avoids ")
    if len(story.single) < 2:
        return title
    if last == first:
        return f"{title}, more than any other measure"
    avoid = "avoids" if last in ONE else "avoid"
    return f"{title}; at {large} billion {wording.lowered(LABELS[last])} {avoid} most, {later}"


def _note(story: _Story, result: Result) -> str:
    note = f"Note:{frame.caveats(result)} Each point: the least loss that so much money buys; between two a mix of"
    note += f" both is as good. Another mix: with its own cells. Stocks: at most {story.stocked:g} months of need, used"
    note += f" up once in a stop. Plants: {where(result)}; inputs not followed."
    if story.recycling is not None:
        note += f" Recycling: more collected, better routes; {_at_most(story.recycling)}."
    note += " Per cent: of what an average stop takes, summed over the years in which it may come; money: of all years."
    if story.draws:
        note += f" Drawn: median and 5–95% of {story.draws} draws of costs, growth of plants, severity and months of"
        note += " stops."
    if story.left_out:
        note += f" Not drawn: {story.left_out} more length{'s' * (story.left_out > 1)}."
    return note


def _alt(story: _Story, subtitle: str) -> list[str]:
    """Each line in words."""
    parts = []
    for months, by_name in story.avoided.items():
        lines = [
            f"{wording.lowered(LABELS[name])} {percent(story.share(months, name)[0])} to"
            f" {percent(story.share(months, name)[-1])}"
            for name in by_name
        ]
        parts.append(f"in stops of {spoken(months)}: {'; '.join(lines)}")
    if story.draws:
        medians = [
            f"{wording.lowered(LABELS[name])} {percent(each[0, -1])} ({mixes.reach(each[1, -1], each[2, -1])})"
            for name, each in story.shares.items()
        ]
        parts.append(f"in {story.draws} draws at the most: {'; '.join(medians)}")
    ends = " to ".join(wording.number(story.budgets[at]) for at in (0, -1))
    return [f"Lines of {wording.lowered(subtitle)}. From {ends} billion USD, {'. '.join(parts)}."]


# --- drawing ---------------------------------------------------------------------------------------------------------

GAP, HEAD, UNDER = 0.22, 0.3, 0.68
"""Inches between two panels, above them, and below them for budgets and the key; before scaling."""


def _draw(sheet: Page, story: _Story) -> None:
    s = sheet.scale
    panels: list[tuple[str, NDArray[np.float64], Mapping[str, NDArray[np.float64]]]] = [
        (f"Stops of {spoken(months)}", story.budgets, {name: story.share(months, name)[None] for name in by_name})
        for months, by_name in story.avoided.items()
    ]
    if story.draws:
        # Nothing is avoided for nothing.
        none = np.zeros((3, 1))
        bands = {name: np.hstack([none, each]) for name, each in story.shares.items()}
        panels.append(("Draws: median, 5–95%", np.append(0.0, story.spent), bands))
    count = len(panels)
    most = max((float(each.max()) for _, _, shares in panels for each in shares.values()), default=0.0)
    top = 1.04 * most if most > 0 else 1.0
    ticks = series.value_ticks(100 * top, 5)
    gutter = max((text_width(f"{tick:,.10g}%", LABEL * s) for tick in ticks), default=0.0) + 0.1 * s
    ends = text_width("100%", LABEL * s, BOLD) + 0.16 * s
    width = (sheet.width - gutter - count * ends - (count - 1) * GAP * s) / count
    low, high = sheet.bottom + UNDER * s, sheet.top - HEAD * s
    for place, (head, budgets, shares) in enumerate(panels):
        left = sheet.left + gutter + place * (width + ends + GAP * s)
        panel = Panel(left, low, width, high - low)
        sheet.text(left, sheet.top - 0.1 * s, head, style.HEADING, INK, SEMIBOLD)
        for tick in ticks:
            y = low + tick / (100 * top) * panel.height
            sheet.line((left, left + width), (y, y), GRID, 0.7, order=0)
            if place == 0:
                sheet.text(left - 0.06 * s, y - 0.36 * LABEL * s / 72, f"{tick:,.10g}%", LABEL, MUTED, align="right")
        _draw_panel(sheet, budgets, shares, panel, top, left + width + ends)
    keys = [Swatch(LABELS[name], COLOURS[name], "line") for name in LABELS if name in story.avoided[story.main_length]]
    sheet.key(sheet.left, sheet.bottom + 0.1 * s, keys)


def _draw_panel(
    sheet: Page, budgets: NDArray[np.float64], shares: Mapping[str, NDArray[np.float64]], panel: Panel, top: float,
    right: float,
) -> None:  # fmt: skip
    """The lines of one panel, with the share at the end of each, and where they are drawn their range as a band.
    shares: measure -> (1 or 3, budget): value, low, high."""
    s, last = sheet.scale, float(budgets[-1]) or 1.0
    axes = sheet.axes(panel)
    axes.set_xlim(0, last)
    axes.set_ylim(0, top)
    sheet.line((panel.left, panel.left + panel.width), (panel.bottom,) * 2, INK, 0.9, order=4)
    taken = np.inf
    for budget in budgets[::-1]:
        x, text = panel.left + budget / last * panel.width, f"{budget:,.10g}"
        half = text_width(text, LABEL * s) / 2
        if x + half < taken - 0.05 * s:
            sheet.text(x, panel.bottom - 0.17 * s, text, LABEL, MUTED, align="center")
            taken = x - half
    sheet.text(panel.left, panel.bottom - 0.34 * s, "Billion USD", LABEL, MUTED)
    found = []
    for name, each in shares.items():
        value, colour = each[0], COLOURS[name]
        if len(each) > 1:
            axes.fill_between(budgets, each[1], each[2], color=colour, alpha=0.16, linewidth=0, zorder=1)
        axes.plot(budgets, value, color=colour, linewidth=(2.2 if name == ALL else 1.6) * s, zorder=3,
                  clip_on=False, solid_joinstyle="round")  # fmt: skip
        axes.plot(budgets, value, "o", color=colour, markersize=3.4 * s, markeredgecolor="white",
                  markeredgewidth=0.6 * s, zorder=4, clip_on=False)  # fmt: skip
        found.append((panel.bottom + value[-1] / top * panel.height, percent(value[-1]), name))
    found.sort(key=lambda item: item[0])
    pitch = 1.25 * LABEL * s / 72
    places = series.spread([item[0] for item in found], pitch, panel.bottom, panel.bottom + panel.height)
    for place, (y, text, name) in zip(places, found, strict=True):
        weight = BOLD if name == ALL else REGULAR
        colour = style.as_text(COLOURS[name]) if COLOURS[name] != style.BASE else MUTED
        x = right - text_width(text, LABEL * s, weight)
        sheet.line((panel.left + panel.width + 0.05 * s, x - 0.03 * s), (y, place), COLOURS[name], 0.8)
        sheet.text(x, place - 0.36 * LABEL * s / 72, text, LABEL, colour, weight)
