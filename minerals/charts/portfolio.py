"""What is bought along the budget: of all measures together what each billion goes to, and how much of what disruptions
cost that avoids."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from minerals.charts import frame, measures, mixes, style, supply, wording
from minerals.charts.bundle import Bundle, Result
from minerals.charts.fonts import BOLD, SEMIBOLD
from minerals.charts.selection import Selection
from minerals.charts.style import GRID, INK, LABEL, MUTED, Page, Panel, text_width
from minerals.numbers import percent

NAME = "portfolio"
#: Of stocks and of plants so many nodes are told, those that most is spent on; the rest together.
MOST = 2
#: Part of all money at a budget below which a node is one of the rest.
SMALL = 0.02
#: Kinds of what is bought, what their money is called in the table, and how their nodes are told.
KINDS = {"mix": "Another mix", "stock": "Stock of", "plants": "Plants for", "recycling": "Recycling:"}
REST = {"stock": "Other stocks", "plants": "Other plants", "recycling": "Other recycling"}
#: Kinds as they stand below a bar.
SHORT = {"mix": "mix", "stock": "stocks", "plants": "plants", "recycling": "recycling"}
#: How pale the next node of a kind is drawn.
PALE = (0.0, 0.45, 0.72)
DATA = ("months", "budget", "item", "node", "value", "share", "kind", "low", "high", "avoided", "lost", "unit")


def figure(result: Result, *, months: float | None = None, size: str = "brief", title: str | None = None) -> Bundle:
    """Draw what all measures together buy at each budget, as parts of it, and what that avoids. Below each bar is what
    goes to the mix, to stocks and to plants in plans nearly as good, where the run has it.

    months: of the disruptions; a year where the run has it, else the longest; size: 'brief' or 'slide'; title: one to
    use instead of the computed finding.

    The data of the bundle hold a row for each part drawn: value, billion USD_2025; share, of the budget [%]; low,
    high: what of the budget goes to all of its kind in plans nearly as good [%]; avoided and lost, GWh.
    """
    story = _story(result, months)
    return frame.bundle(
        result, NAME, title=title, size=size, scenarios=story.scenarios, unit="billion USD_2025",
        used=measures.used(result, story.scenarios, story.place), finding=_finding(story), note=_note(story, result),
        subtitle=f"What all measures together buy in {wording.place(story.place)} of {story.span}, by billion USD of"
        f" 2025 spent beyond the cheapest mix, for stops of {measures.spoken(story.months)}",
        body=(4.0, 2.9) if story.ranges else (3.2, 2.4),
        draw=lambda page: _draw(page, story), alt=lambda subtitle: _alt(story, subtitle),
        data=_drawn(story), options={"months": story.months},
    )  # fmt: skip


@dataclass(frozen=True)
class _Story:
    """The numbers of one chart. budgets: billion USD, rising, above 0; items: label -> kind; spent: billion USD, label
    -> (budget); ranges: part of each budget that goes to a kind in plans nearly as good, kind -> ([low, high], budget),
    empty where that was not sought; near: which these are; avoided: GWh, (budget); lost: GWh that the cheapest mix
    loses; known: kinds that may be bought."""

    place: str
    scenarios: tuple[str, ...]
    span: str
    months: float
    budgets: NDArray[np.float64]
    items: Mapping[str, str]
    nodes: Mapping[str, str]
    spent: Mapping[str, NDArray[np.float64]]
    ranges: Mapping[str, NDArray[np.float64]]
    near: str
    avoided: NDArray[np.float64]
    lost: float
    known: tuple[str, ...]

    def share(self, item: str) -> NDArray[np.float64]:
        """Part of each budget that goes to an item, 0–1; of what is spent, where rounding makes that more."""
        return np.asarray(self.spent[item] / np.maximum(self.budgets, sum(self.spent.values())))

    @property
    def part(self) -> NDArray[np.float64]:
        """Part of what is lost that is avoided, 0–1, (budget)."""
        return np.asarray(self.avoided / self.lost if self.lost > 0 else np.zeros(len(self.budgets)))

    def colour(self, item: str) -> str:
        """Of a kind, paler from node to node."""
        kind = self.items[item]
        place = [name for name in self.items if self.items[name] == kind].index(item)
        return supply.pale(measures.COLOURS[kind], PALE[place])


def _story(result: Result, months: float | None) -> _Story:
    selection = Selection(NAME, result)
    table = selection.table("measures", way_out="it is computed by a study of kind measures")
    bought = selection.table("measures_bought", filled=False)
    scenarios = supply.chosen_pair(selection)
    every = sorted(float(each) for each in table["months"].unique())
    length = months if months is not None else measures.YEAR if measures.YEAR in every else every[-1]
    if length not in every:
        selection.problems.append(
            f"months = {length:g} is not in the result ({', '.join(f'{each:g}' for each in every)})"
        )
    mine = table[(table["months"] == length) & (table["measures"] == measures.ALL) & (table["budget"] > 0)]
    if not len(mine) and not selection.problems:
        selection.problems.append("no budget is above 0, so that nothing is bought")
    selection.settle()
    mine = mine.sort_values("budget")
    budgets = mine["budget"].to_numpy(float)
    bought = bought[(bought["months"] == length) & (bought["measures"] == measures.ALL) & (bought["budget"] > 0)]
    # Recycling that avoids nothing is nothing that money goes to.
    helps = (measures.most_recycled(result, [length]) or 0.0) > measures.LEAST
    known = [kind for kind in KINDS if kind != "recycling" or helps]
    spent, kinds, nodes = dict[str, NDArray[np.float64]](), dict[str, str](), dict[str, str]()
    for kind, head in KINDS.items():
        if kind not in known:
            continue
        whole = mine[f"{kind}_cost"].to_numpy(float).clip(min=0.0) / 1000
        if kind == "mix":
            if (whole > SMALL * budgets).any():
                spent[head], kinds[head], nodes[head] = whole, kind, ""
            continue
        of_kind = bought[bought["measure"] == kind].groupby(["label", "node", "budget"])["cost"].sum() / 1000
        by_node = {
            key: np.array([float(rows.droplevel([0, 1]).get(budget, 0.0)) for budget in budgets])
            for key, rows in of_kind.groupby(level=[0, 1])
        }
        large = [key for key, usd in by_node.items() if (usd > SMALL * budgets).any()]
        large.sort(key=lambda key: -float((by_node[key] / budgets).sum()))
        rest = whole.copy()
        for label, node in large[:MOST]:
            name = f"{head} {wording.lowered(label)}"
            spent[name], kinds[name], nodes[name] = by_node[label, node], kind, node
            rest = rest - by_node[label, node]
        if (rest > SMALL / 4 * budgets).any():
            spent[REST[kind]], kinds[REST[kind]], nodes[REST[kind]] = rest.clip(min=0.0), kind, ""
    about = mixes.about(result)
    years = about.get("years") or result.record["years"]
    return _Story(
        selection.everything, scenarios[1:], "–".join(dict.fromkeys(map(str, (years[0], years[-1])))), length, budgets,
        kinds, nodes, spent, _ranges(mine, known), mixes.near(result), mine["avoided"].to_numpy(float).clip(min=0.0),
        float((mine["value"] + mine["avoided"]).iloc[0]), tuple(known),
    )  # fmt: skip


def _ranges(table: pd.DataFrame, known: Collection[str]) -> dict[str, NDArray[np.float64]]:
    """Of each kind that is known the least and the largest part of the budgets of a table, 0–1; none where one was not
    sought."""
    columns = {kind: [f"{kind}_cost_low", f"{kind}_cost_high"] for kind in KINDS if kind in known}
    if any(name not in table or table[name].isna().any() for names in columns.values() for name in names):
        return {}
    budgets = 1000 * table["budget"].to_numpy(float)
    return {kind: (table[names].to_numpy(float).T / budgets).clip(0.0, 1.0) for kind, names in columns.items()}


def _drawn(story: _Story) -> pd.DataFrame:
    """Exactly what is drawn, long."""
    rows = [
        (story.months, budget, item, story.nodes[item], usd, 100 * usd / budget, kind,
         *(100 * story.ranges[kind][:, at] if story.ranges else (np.nan, np.nan)), gwh, story.lost, "billion USD_2025")
        for at, (budget, gwh) in enumerate(zip(story.budgets, story.avoided, strict=True))
        for item, kind, usd in ((item, story.items[item], float(each[at])) for item, each in story.spent.items())
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(DATA))


# --- words -----------------------------------------------------------------------------------------------------------


def _surest(story: _Story, at: int) -> tuple[str, float, float]:
    """The kind to which most of a budget goes in any plan nearly as good, and the ends of its part."""
    kind = max(story.ranges, key=lambda each: tuple(story.ranges[each][:, at]))
    low, high = story.ranges[kind][:, at]
    return kind, float(low), float(high)


def _finding(story: _Story) -> str:
    """What the least and the largest budget go to in all plans nearly as good, and what the latter avoids; without
    these what both avoid."""
    stops, whose = f"stops of {measures.spoken(story.months)}", wording.possessive(story.place)
    if not story.spent or story.lost <= 0:
        return wording.Subject(f"What more safety against {stops} is bought with for {whose} batteries")
    small, large = (f"{story.budgets[at]:,.10g}" for at in (0, -1))
    one, avoided = len(story.budgets) == 1, [percent(float(story.part[at])) for at in (0, -1)]
    if not story.ranges:
        start = f"For {small} billion USD all measures together avoid {avoided[0]} of what"
        start += f" {stops} cost {whose} batteries"
        return start if one else f"{start}, for {large} billion {avoided[1]}"
    (first, *least), (last, *most) = _surest(story, 0), _surest(story, -1)
    avoid = f"all together avoid {avoided[1]} of what {stops} cost {whose} batteries"
    start = f"Of {small} billion USD {mixes.reach(*least)} go to {_kind(first)}"
    if one:
        return f"{start}; {avoid}"
    end = "" if last == first else f" to {_kind(last)}"
    return f"{start}, of {large} billion {mixes.reach(*most)}{end}; {avoid}"


def _kind(kind: str) -> str:
    return wording.lowered(measures.LABELS[kind])


def _within(story: _Story, at: int) -> str:
    """mix 0–36%, stocks 58–84%, plants 0–37%: what of a budget goes to each kind in plans nearly as good."""
    kinds = [kind for kind, ends in story.ranges.items() if ends.max() >= SMALL / 4]
    return ", ".join(f"{SHORT[kind]} {mixes.reach(*story.ranges[kind][:, at])}" for kind in kinds)


def _note(story: _Story, result: Result) -> str:
    note = f"Note:{frame.caveats(result)} Each bar is one plan of least loss, bought anew: what a smaller budget buys"
    note += " need not be in a larger one. "
    if story.ranges:
        note += f"Below it, of all plans {story.near} that cost no more: what goes to each kind, ranged alone. "
    note += "Which nodes are stocked or built is as open. Another mix: beyond the cheapest, own cells among it. Stocks:"
    note += " holding them, all years. Plants: capital and higher cost of each year that they run"
    note += (
        f" ({measures.where(result)}). Avoided: of what an average stop takes, summed over the years in which it may"
    )
    note += " come."
    if "recycling" in story.known:
        note += " Recycling: more collection and better routes, all years."
    if any(float(sum(each[at] for each in story.spent.values())) < 0.98 * budget
           for at, budget in enumerate(story.budgets)):  # fmt: skip
        note += " Where a bar ends early, more money would avoid nothing."
    return note


def _alt(story: _Story, subtitle: str) -> list[str]:
    """Each bar in words."""
    parts = []
    for at, budget in enumerate(story.budgets):
        pieces = (
            f"{wording.lowered(item)} {percent(float(story.share(item)[at]))}"
            for item in story.items if story.share(item)[at] > SMALL / 4
        )  # fmt: skip
        within = f" ({_within(story, at)} in plans {story.near})" if story.ranges else ""
        parts.append(
            f"{budget:,.10g} billion: {', '.join(pieces)}{within}; {wording.number(story.avoided[at])} GWh avoided,"
            f" {percent(float(story.part[at]))}"
        )
    return [f"Bars of {wording.lowered(subtitle)}. {'. '.join(parts)}."]


# --- drawing ---------------------------------------------------------------------------------------------------------

HEAD, KEY, ROW, GAP, BELOW = 0.34, 0.2, 0.44, 0.09, 0.13
"""Inches above the bars, of a line of the key, of a row at most, between bars, and for ranges below each; before
scaling."""
SIDE = 0.36
"""Part of the width for what is avoided."""


def _draw(sheet: Page, story: _Story) -> None:
    s, count = sheet.scale, len(story.budgets)
    lines = _key_lines(sheet, story)
    low, high = sheet.bottom + (0.18 + KEY * len(lines)) * s, sheet.top - HEAD * s
    below = BELOW * s if story.ranges else 0.0
    pitch = min((high - low) / count, ROW * s + below)
    names = [f"{budget:,.10g} bn" for budget in story.budgets]
    left = sheet.left + max(text_width(name, LABEL * s, SEMIBOLD) for name in names) + 0.1 * s
    side = SIDE * sheet.width
    panel = Panel(left, high - pitch * count, sheet.right - side - 0.25 * s - left, pitch * count)
    at_side = Panel(sheet.right - side, panel.bottom, side, panel.height)
    heads = (panel.left, "Of each budget, spent on"), (at_side.left, "GWh avoided, and of all lost")
    for x, head in heads:
        sheet.text(x, high + 0.13 * s, head, style.HEADING, INK, SEMIBOLD)
    if story.ranges:
        x = panel.left + text_width(heads[0][1], style.HEADING * s, SEMIBOLD) + 0.1 * s
        sheet.text(x, high + 0.13 * s, f"Below: {story.near}", LABEL, MUTED)
    axes, others = supply.in_inches(sheet, panel), supply.in_inches(sheet, at_side)
    tall = pitch - GAP * s - below
    texts = [
        f"{wording.number(gwh)}  {percent(float(part))}" for gwh, part in zip(story.avoided, story.part, strict=True)
    ]
    room = side - max(text_width(text, LABEL * s, BOLD) for text in texts) - 0.08 * s
    most = float(story.avoided.max()) or 1.0
    for at, name in enumerate(names):
        middle = high - (at + 0.5) * pitch + below / 2
        base = middle - 0.36 * LABEL * s / 72
        sheet.text(sheet.left, base, name, LABEL, INK, SEMIBOLD)
        x = panel.left
        for item in story.items:
            width, colour = float(story.share(item)[at]) * panel.width, story.colour(item)
            axes.add_patch(Rectangle((x, middle - tall / 2), width, tall, facecolor=colour, edgecolor="white",
                                     linewidth=0.6 * s, zorder=1))  # fmt: skip
            text = percent(float(story.share(item)[at]))
            if text_width(text, LABEL * s) + 0.08 * s < width:
                sheet.text(x + width / 2, base, text, LABEL, style.text_on(colour), align="center")
            x += width
        left_over = panel.left + panel.width - x  # What of a budget is not spent.
        if left_over > 0.005 * panel.width:
            axes.add_patch(Rectangle((x, middle - tall / 2), left_over, tall, facecolor=GRID, linewidth=0, zorder=0))
        if story.ranges:
            y = middle - tall / 2 - below
            sheet.text(panel.left + 0.05 * s, y, _within(story, at), style.SMALL, MUTED)
        long = float(story.avoided[at]) / most * room
        others.add_patch(Rectangle((at_side.left, middle - tall / 2), long, tall, facecolor=style.ACCENT, linewidth=0,
                                   zorder=1))  # fmt: skip
        sheet.text(at_side.left + long + 0.06 * s, base, texts[at], LABEL, INK, BOLD)
    for place in (panel.left, at_side.left):
        sheet.line((place, place), (panel.bottom, high), INK, 0.9, order=4)
    for row, entries in enumerate(lines):
        sheet.key(sheet.left, sheet.bottom + (0.1 + KEY * (len(lines) - 1 - row)) * s, entries)


def _key_lines(sheet: Page, story: _Story) -> list[list[style.Swatch]]:
    """Entries of the key, broken into lines."""
    s, lines, taken = sheet.scale, list[list[style.Swatch]](), 0.0
    for item in story.items:
        width = text_width(item, LABEL * s) + 0.3 * s
        if not lines or taken + width > sheet.width:
            lines.append([])
            taken = 0.0
        lines[-1].append(style.Swatch(item, story.colour(item)))
        taken += width
    return lines
