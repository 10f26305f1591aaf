"""What a target takes: the mix of its year by family at each target, and under it the least cost or change that reaches
it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from minerals.charts import footer, frame, mixes, series, style, supply, wording
from minerals.charts.bundle import Bundle, Result
from minerals.charts.fonts import SEMIBOLD
from minerals.charts.selection import Selection, label
from minerals.charts.style import FAMILY, GRID, HEADING, INK, LABEL, MUTED, Page, Panel, Swatch, text_width
from minerals.numbers import percent

NAME = "backcast"
HEADINGS = {"held": "Silicon as in the baseline", "free": "Silicon free"}
"""Heading of each part of the chart; of several."""
NO_TARGET = "No target"
BILLION = 1000.0
SEEN = 5e-4
"""A family of less is left out."""
DATA = ("quantity", "silicon", "target", "mix", "family", "value", "low", "high", "unit")


def figure(result: Result, *, size: str = "brief", title: str | None = None) -> Bundle:
    """Draw the shares of families in the year of the targets, in the baseline, without a target and at each target that
    can be reached, and what is least there.

    size: 'brief' or 'slide'; title: one to use instead of the computed finding.

    The data of the bundle hold a row for each part of a bar above (quantity `share`, % of GWh; low and high: between
    what it lies in mixes nearly as good, empty for the baseline) and for each bar below (quantity `cost`, billion USD
    beyond the mix without a target; or `change` or `new`, GWh).
    """
    story = _story(result)
    return frame.bundle(
        result, NAME, title=title, size=size, scenarios=story.scenarios, unit="%",
        used=footer.demand(result, story.scenarios, story.place, result.record["years"], footer.whole(*TABLES)),
        finding=_finding(story), note=_note(story, result),
        subtitle=f"Batteries of {story.year} in {wording.place(story.place)} by chemistry family, % of GWh, and"
        f" {story.under}",
        body=(3.7, 2.6), draw=lambda page: _draw(page, story), alt=lambda subtitle: _alt(story, subtitle),
        data=_drawn(story), options={},
    )  # fmt: skip


TABLES = ("supply", "growth_limit", "commercial_year", "chemistry_performance", "segment_need", "cell_price",
          "price_relative", "learning_rate")  # fmt: skip
"""What mixes are chosen from."""


class _Bar(NamedTuple):
    """One mix. target: in the terms of the run, NaN without one; name: under the bar; least: what is least there;
    shares, low, high: 0–1, by family."""

    mix: str
    target: float
    name: str
    least: float
    shares: Mapping[str, float]
    low: Mapping[str, float]
    high: Mapping[str, float]


@dataclass(frozen=True)
class _Story:
    """The numbers of one chart. goal: change, cost or new; kind: of target, by its key; mineral: '' for stops; bars:
    by silicon, the baseline first; missed: targets that no mix reaches, and most: what can be instead, by silicon."""

    place: str
    scenarios: tuple[str, ...]
    baseline: str
    year: int
    goal: str
    kind: str
    mineral: str
    families: tuple[str, ...]
    bars: Mapping[str, tuple[_Bar, ...]]
    missed: Mapping[str, tuple[str, ...]]
    most: Mapping[str, str]
    near: str

    @property
    def under(self) -> str:
        """What is drawn below."""
        return {
            "cost": "what each target costs at least over all years, billion USD of 2025",
            "change": f"batteries of all years that at least are of another chemistry than in {self.baseline}, GWh",
            "new": "batteries of all years that at least are of new chemistries, GWh",
        }[self.goal]

    def targets(self, silicon: str) -> list[_Bar]:
        """Bars of targets."""
        return [bar for bar in self.bars[silicon] if not np.isnan(bar.target)]


def _named(kind: str, level: float) -> str:
    """A target as it stands under a bar."""
    return percent(level, signed=kind == "change") if kind in ("change", "coverage") else wording.number(level)


def _story(result: Result) -> _Story:
    selection = Selection(NAME, result)
    way_out = "it is computed by a study of kind backcast"
    table = selection.table("backcast", way_out=way_out)
    family = selection.table("backcast_family", way_out=way_out)
    scenarios = supply.chosen_pair(selection)
    selection.settle()
    study = result.record["config"]["study"]
    kind = next(name for name in ("change", "kt", "lost", "coverage") if study[name])
    family = family[family["low"].notna()]
    if family.empty or table.empty:
        selection.problems.append("no batteries in the year of the targets")
    selection.settle()
    family = family.assign(family=mixes.drawn_as([str(name) for name in family["family"]]))
    bars: dict[str, tuple[_Bar, ...]] = {}
    missed: dict[str, tuple[str, ...]] = {}
    most: dict[str, str] = {}
    for silicon, rows in table.groupby("silicon", sort=False):
        mine, free = family[family["silicon"] == silicon], rows[rows["status"] == "no target"].iloc[0]
        made: list[_Bar] = []
        for row in rows[rows["status"] != "out of reach"].itertuples():
            here = mine[mine["target"].isna() if np.isnan(row.target) else mine["target"] == row.target]
            whole = here["value"].sum() or 1.0
            sums = here.groupby("family")[["value", "low", "high", "baseline"]].sum()
            if not made:
                before = (sums["baseline"] / (sums["baseline"].sum() or 1.0)).to_dict()
                made.append(_Bar("baseline", np.nan, "", 0.0, before, {}, {}))
            # Of several regions each is ranged alone.
            ends = sums if here["region"].nunique() == 1 else sums.iloc[:0]
            least = (row.least - free["least"]) / BILLION if study["least"] == "cost" else row.least
            name = "" if np.isnan(row.target) else _named(kind, row.target)
            made.append(_Bar(
                "target" if name else "no target", row.target, name, max(least, 0.0), (sums["value"] / whole).to_dict(),
                ends["low"].to_dict(), ends["high"].to_dict(),
            ))  # fmt: skip
        bars[str(silicon)] = tuple(made)
        beyond = rows[rows["status"] == "out of reach"]
        missed[str(silicon)] = tuple(_named(kind, level) for level in beyond["target"])
        if len(beyond):
            last = beyond.iloc[0]
            most[str(silicon)] = _named(kind, {
                "change": last["value"] / last["amount"] * (1 + last["target"]) - 1 if last["amount"] else -1.0,
                "coverage": 1 - last["value"] / last["amount"] * (1 - last["target"]) if last["amount"] else 1.0,
            }.get(kind, last["value"]))  # fmt: skip
    seen = {name for some in bars.values() for bar in some for name, share in bar.shares.items() if share >= SEEN}
    name = study["baseline"] or scenarios[0]
    minerals = result.record["codes"].get("mineral", {})
    return _Story(
        place=selection.everything, scenarios=scenarios[1:] if name == scenarios[1] else scenarios,
        baseline=label(selection.record["scenarios"], name), year=int(family["year"].iloc[0]), goal=study["least"],
        kind=kind, mineral=str(minerals.get(study["mineral"], {}).get("label", study["mineral"])),
        families=tuple(name for name in FAMILY if name in seen), bars=bars, missed=missed, most=most,
        near=mixes.near(result),
    )  # fmt: skip


def _drawn(story: _Story) -> pd.DataFrame:
    """Exactly what is drawn, long."""
    rows: list[tuple[Any, ...]] = []
    for silicon, bars in story.bars.items():
        for bar in bars:
            head = silicon, bar.target, bar.mix
            for name in story.families:
                ends = (100 * by.get(name, np.nan) for by in (bar.low, bar.high))
                rows.append(("share", *head, name, 100 * bar.shares.get(name, 0.0), *ends, "%"))
            if bar.mix == "target":
                unit = "billion USD_2025" if story.goal == "cost" else "GWh"
                rows.append((story.goal, *head, "", bar.least, np.nan, np.nan, unit))
    return pd.DataFrame(rows, columns=list(DATA))


# --- words -----------------------------------------------------------------------------------------------------------


def _target(story: _Story, name: str) -> str:
    """A target as the subject of a sentence, by its name under the bar."""
    whose = f"{wording.possessive(story.place)} batteries of {story.year}"
    mineral = wording.lowered(story.mineral)
    if story.kind == "change":
        less = name.startswith("−")
        return f"{name[1:]} less {mineral} in {whose}" if less else f"{mineral} at most {name} in {whose}"
    if story.kind == "kt":
        return f"at most {name} kt of {mineral} in {whose}"
    if story.kind == "coverage":
        return f"having {name} of {whose} in spite of stops"
    return f"losing at most {name} GWh of {whose} to stops"


def _amount(story: _Story, least: float) -> str:
    """What is least, as the object of a sentence."""
    return f"{wording.rounded(least)} billion USD" if story.goal == "cost" else f"{wording.rounded(least)} GWh"


def _finding(story: _Story) -> str:
    """What the tightest target takes that is reached in every part."""
    reached = [{bar.name: bar for bar in story.targets(silicon)} for silicon in story.bars]
    common = [name for name in reached[0] if all(name in each for each in reached)]
    what = wording.lowered(story.mineral) if story.mineral else "safety from stops"
    if not common:
        return wording.Subject(
            f"What it takes to change {what} in {wording.possessive(story.place)} batteries of {story.year}"
        )
    first, *others = (_amount(story, each[common[-1]].least) for each in reached)
    verb = "costs" if story.goal == "cost" else "takes"
    title = f"{wording.capitalised(_target(story, common[-1]))} {verb} at least {first}"
    title += {"cost": " more", "change": " of other chemistries", "new": " of new chemistries"}[story.goal]
    if not others:
        return title
    if others[0] == first:
        return f"{title}, whether silicon in anodes is held or free"
    one, other = story.bars
    return f"{title} if silicon in anodes is {one}, and {others[0].removesuffix(' USD')} if it is {other}"


def _note(story: _Story, result: Result) -> str:
    said = {
        "cost": "the cheapest; what it costs is told beyond that without a target",
        "change": f"one with the fewest GWh of another chemistry than in {story.baseline}",
        "new": "one with the fewest GWh of new chemistries",
    }[story.goal]
    note = f"Note:{frame.caveats(result)} Each bar is a mix: of all that keep the run’s limits and the target {said}."
    note += " White hatch: silicon in the anode." if "Si-anode" in story.families else ""
    silicon = next(iter(story.bars))
    ranged = [bar for bar in story.targets(silicon) if bar.low]
    if ranged and story.near:
        bar = ranged[-1]
        seen = [name for name in story.families if bar.high.get(name, 0.0) >= SEEN]
        ranges = ", ".join(f"{name} {mixes.reach(bar.low[name], bar.high[name])}" for name in seen)
        part = f", {HEADINGS[silicon].lower()}" if len(story.bars) > 1 else ""
        note += f" Others are nearly as good: shares of all {story.near} at {bar.name}{part}: {ranges}."
    for silicon, names in story.missed.items():
        if names:
            part = f" ({HEADINGS[silicon].lower()})" if len(story.bars) > 1 else ""
            note += f" No mix reaches {wording.names(names)}{part}; the most is {story.most[silicon]}."
    return note


def _alt(story: _Story, subtitle: str) -> list[str]:
    """Each bar in words."""
    parts = []
    for silicon, bars in story.bars.items():
        texts = []
        for bar in bars:
            name = {"baseline": story.baseline, "no target": "without a target"}.get(bar.mix, bar.name)
            shares = ", ".join(f"{family} {percent(bar.shares[family])}" for family in story.families
                               if bar.shares.get(family, 0.0) >= SEEN)  # fmt: skip
            texts.append(f"{name}: {shares}" + (f"; {_amount(story, bar.least)}" if bar.mix == "target" else ""))
        parts.append(f"{HEADINGS[silicon]}. {'. '.join(texts)}")
    return [f"Stacked bars of {wording.lowered(subtitle)}. {'. '.join(parts)}."]


# --- drawing ---------------------------------------------------------------------------------------------------------

GAP, HEAD, BETWEEN, UNDER = 0.3, 0.3, 0.34, 0.76
"""Inches between two parts, above them, between shares and what they take, and below for targets and the key; before
scaling."""
ABOVE = 0.64
"""Part of the height that shares have."""
LINE = 0.17
"""From an axis down to the names under it, inches before scaling."""
QUARTERS = (25.0, 50.0, 75.0, 100.0)
WIDE = 0.86
"""Width of a bar; the baseline stands half a bar apart."""


def _draw(sheet: Page, story: _Story) -> None:
    s, count = sheet.scale, len(story.bars)
    gutter = text_width("100%", LABEL * s) + 0.08 * s
    width = (sheet.width - gutter - (count - 1) * GAP * s) / count
    low, high = sheet.bottom + UNDER * s, sheet.top - HEAD * s
    room = high - low - BETWEEN * s
    top = max((bar.least for silicon in story.bars for bar in story.targets(silicon)), default=0.0)
    ticks, most = series.value_ticks(top, 3), 1.12 * top or 1.0
    for place, silicon in enumerate(story.bars):
        left = sheet.left + gutter + place * (width + GAP * s)
        shares = Panel(left, high - ABOVE * room, width, ABOVE * room)
        under = Panel(left, low, width, (1 - ABOVE) * room)
        if count > 1:
            sheet.text(left, sheet.top - 0.1 * s, HEADINGS[silicon], HEADING, INK, SEMIBOLD)
        for panel, limit, marks, mark in ((shares, 100.0, QUARTERS, "%"), (under, most, ticks, "")):
            for tick in marks:
                y = panel.bottom + tick / limit * panel.height
                sheet.line((left, left + width), (y, y), GRID, 0.7, order=0)
                if place == 0:
                    text = f"{tick:,.10g}{mark}"
                    sheet.text(left - 0.06 * s, y - 0.36 * LABEL * s / 72, text, LABEL, MUTED, align="right")
            sheet.line((left, left + width), (panel.bottom,) * 2, INK, 0.9, order=4)
        if place == 0:
            unit = "Billion USD" if story.goal == "cost" else "GWh"
            sheet.text(sheet.left, under.bottom + under.height + 0.1 * s, unit, LABEL, MUTED)
        _draw_bars(sheet, story, silicon, shares, under, most)
    hatched = {"Si-anode": "hatch"}
    keys = [Swatch(name, FAMILY[name], hatched.get(name, "box")) for name in story.families]
    sheet.key(sheet.left, sheet.bottom + 0.1 * s, keys)


def _draw_bars(sheet: Page, story: _Story, silicon: str, shares: Panel, under: Panel, limit: float) -> None:
    """The bars of one part, with what each target takes, and the targets under them."""
    s, bars = sheet.scale, story.bars[silicon]
    places = np.arange(len(bars)) + 0.5 * (np.arange(len(bars)) > 0)
    ends = (-0.5, float(places[-1]) + 0.5)
    above, below = sheet.axes(shares), sheet.axes(under)
    above.set_xlim(*ends)
    above.set_ylim(0, 1)
    below.set_xlim(*ends)
    below.set_ylim(0, limit)
    base = np.zeros(len(bars))
    for name in story.families:
        values = np.array([bar.shares.get(name, 0.0) for bar in bars])
        hatch = style.SILICON_HATCH if name == "Si-anode" else None
        above.bar(places, values, WIDE, bottom=base, color=FAMILY[name], hatch=hatch,
                  edgecolor="white" if hatch else "none", linewidth=0, zorder=2)  # fmt: skip
        base += values
    first = under.left + (places[0] - ends[0] - WIDE / 2) / (ends[1] - ends[0]) * under.width
    baseline = style.shortened(story.baseline, 0.4 * under.width, LABEL * s)
    after = first + text_width(baseline, LABEL * s) + 0.06 * s
    taken = under.left + under.width + 0.04 * s
    for place, bar in zip(places[::-1], bars[::-1], strict=True):
        if bar.mix != "target":
            continue
        below.bar([place], [bar.least], WIDE, color=style.ACCENT, linewidth=0, zorder=2)
        least = wording.number(bar.least)
        half = max(text_width(text, LABEL * s) for text in (least, bar.name)) / 2
        x = under.left + (place - ends[0]) / (ends[1] - ends[0]) * under.width
        x = min(x, under.left + under.width - half)
        if x + half <= taken - 0.04 * s and x - half > after:
            sheet.text(x, under.bottom - LINE * s, bar.name, LABEL, MUTED, align="center")
            y = under.bottom + bar.least / limit * under.height + 0.05 * s
            sheet.text(x, y, least, LABEL, style.as_text(style.ACCENT), align="center")
            taken = x - half
    sheet.text(first, under.bottom - LINE * s, baseline, LABEL, MUTED)
    width = text_width(NO_TARGET, LABEL * s)
    free = max(under.left + (places[1] - ends[0]) / (ends[1] - ends[0]) * under.width - width / 2, first)
    line = 1 if free > after and free + width < taken - 0.06 * s else 2
    sheet.text(free, under.bottom - (LINE + 0.16 * (line - 1)) * s, NO_TARGET, LABEL, MUTED)
