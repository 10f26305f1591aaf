"""What plans of a mix lose above the least possible in each future of supply: which of them no future makes a mistake,
and what that costs where supply stays as the run assumes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.patches import Rectangle

from minerals.charts import footer, frame, mixes, style, supply, wording
from minerals.charts.bundle import Bundle, Result
from minerals.charts.fonts import BOLD, REGULAR, SEMIBOLD
from minerals.charts.selection import Selection
from minerals.charts.style import INK, LABEL, MUTED, Page, Panel, text_width

NAME = "regret"
WAY_OUT = "it is computed by a study of kind robust"
AVERAGE, REGRET = "average", "regret"
SHORT_NAMES = {AVERAGE: "Least on average", REGRET: "Least regret"}
"""The same where there is little room."""
LARGEST = "Largest regret"
NAMES = {AVERAGE: "Least loss on average", REGRET: "Least regret"}
"""Plans that are chosen over all futures."""
STEPS = (0.04, 0.2, 0.4, 0.8)
"""Parts of the largest regret, rounded up, at which the colour of a cell changes."""
ROUND = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
"""What a round number is, with powers of ten."""
NOTHING = 0.5
"""GWh that are told as none."""
WORTH_SAYING = 0.05
"""Part by which the largest regret must be lower to be a headline."""
DATA = ("mix", "future", "value", "worst", "loss", "short", "unit")


def figure(result: Result, *, size: str = "brief", title: str | None = None) -> Bundle:
    """Draw the regret of each plan in each future of supply, and the largest of it; where futures are compared in
    several reference worlds, that of the plan for the run's own future and of those over all, in each world.

    size: 'brief' or 'slide'; title: one to use instead of the computed finding.

    The data of the bundle hold a row for each cell: future, with its reference world where that is another than the
    run's; value, regret [GWh]; worst: largest regret of the plan over all futures of the study; loss, and short:
    batteries that the future cannot supply even without a disruption [GWh].
    """
    story = _story(result)
    rows = len(story.plans) if story.is_one_world else len(story.names) + 1
    head = HEAD if story.is_one_world else HEAD + WORLD
    futures = {"future": story.names}
    labels = {name: story.label(name) for name in story.scenarios}
    caveat = footer.red_line(result.record["scenarios"], labels)
    used: footer.Used = {
        **footer.whole("disruption", "growth_limit", "cell_price"), "supply_share": futures, "supply": futures
    }  # fmt: skip
    return frame.bundle(
        result, NAME, title=title, size=size, scenarios=story.scenarios, unit="GWh",
        used=footer.demand(result, story.scenarios, story.place, result.record["years"], used),
        finding=_finding(story), note=_note(story, result),
        subtitle=f"{wording.capitalised(story.objective)}, above the least possible in each supply future,"
        f" {story.span}, gigawatt-hours (GWh)",
        body=(head + rows * USUAL + FOOT, head + rows * THIN + FOOT),
        draw=lambda page: (_draw if story.is_one_world else _draw_worlds)(page, story),
        alt=lambda subtitle: _alt(story, subtitle), data=_drawn(story), options={},
        lines={"red_line": caveat}, futures=story.names,
    )  # fmt: skip


@dataclass(frozen=True)
class _Story:
    """The numbers of one chart. names: of supply futures, that of the run first; worlds: reference worlds, that of the
    run first; futures: of each world those of all names; plans: the names of those that they are best in and then those
    over all, of several worlds that of the run's own and those over all; regret, loss, short: GWh, plan -> future;
    worst: largest regret of each plan over all futures; left_out: plans that are not drawn; labels: of futures."""

    place: str
    scenarios: tuple[str, ...]
    span: str
    objective: str
    names: tuple[str, ...]
    worlds: tuple[str, ...]
    futures: tuple[str, ...]
    plans: tuple[str, ...]
    regret: Mapping[str, Mapping[str, float]]
    loss: Mapping[str, Mapping[str, float]]
    short: Mapping[str, Mapping[str, float]]
    worst: Mapping[str, float]
    left_out: int
    labels: Mapping[str, str]

    def label(self, name: str) -> str:
        """What a future or a scenario is called."""
        return self.labels.get(name, name)

    def row(self, plan: str) -> str:
        """What a plan is called."""
        return NAMES.get(plan) or f"Best for {wording.lowered(self.label(plan))}"

    @property
    def is_one_world(self) -> bool:
        """Whether all futures are in the reference world of the run."""
        return len(self.worlds) == 1

    @property
    def own(self) -> str:
        """The future that the run assumes."""
        return self.futures[0]


def _story(result: Result) -> _Story:
    selection = Selection(NAME, result)
    table = selection.table("robust", "GWh", WAY_OUT)
    plans = selection.table("robust_mix", way_out=WAY_OUT)
    scenario = supply.chosen_pair(selection)[1]
    selection.settle()
    about = mixes.about(result)
    years = about.get("years") or result.record["years"]
    worlds, names = (tuple(map(str, dict.fromkeys(table[column]))) for column in ("world", "future"))
    # What is told of the world of the run has the name of its supply alone, as in the table.
    table = table.assign(key=[
        name if world == worlds[0] else f"{name}, {world}"
        for name, world in zip(table["future"].astype(str), table["world"].astype(str), strict=True)
    ])  # fmt: skip
    futures = tuple(dict.fromkeys(table["key"]))
    every = tuple(map(str, dict.fromkeys(table["mix"])))
    drawn = tuple(name for name in every if name in NAMES or name in (names if len(worlds) == 1 else names[:1]))

    def by(column: str) -> dict[str, dict[str, float]]:
        mine = {plan: table[table["mix"] == plan] for plan in drawn}
        return {plan: dict(zip(rows["key"], rows[column].astype(float), strict=True)) for plan, rows in mine.items()}

    labels = {name: supply.future_label(selection, name) for name in names}
    labels |= {f"{name}, {world}": f"{labels[name]} ({_called(world)})" for world in worlds[1:] for name in names}
    labels[scenario] = str(result.record["scenarios"][scenario].get("label") or scenario)
    return _Story(
        place=selection.everything, scenarios=(scenario,),
        span="–".join(dict.fromkeys(map(str, (years[0], years[-1])))),
        objective=" ".join(str(about.get("objective") or "expected loss").split()), names=names, worlds=worlds,
        futures=futures, plans=drawn,
        regret=by("regret"), loss=by("value"), short=by("short"),
        worst=dict(zip(plans["mix"].astype(str), plans["worst_regret"].astype(float), strict=True)),
        left_out=len(every) - len(drawn), labels=labels,
    )  # fmt: skip


def _called(world: str) -> str:
    """Stated trend · Sodium-led: what a reference world is called by its adoption."""
    name = world.split(" ", 1)[0]
    return wording.capitalised(name if name.endswith("-led") else name.replace("-", " "))


def _drawn(story: _Story) -> pd.DataFrame:
    """Exactly what is drawn, long."""
    rows: list[tuple[Any, ...]] = [
        (plan, future, story.regret[plan][future], story.worst[plan], story.loss[plan][future],
         story.short[plan][future], "GWh")
        for plan in story.plans for future in story.futures
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(DATA))


# --- words -----------------------------------------------------------------------------------------------------------


def _finding(story: _Story) -> str:
    """By how much the largest regret of the plan for all futures is lower than that of the run's own, and its price."""
    whose, own = wording.possessive(story.place), story.own
    least, before = story.worst.get(REGRET, np.nan), story.worst.get(own, np.nan)
    if not before - least > max(WORTH_SAYING * before, NOTHING):
        return wording.Subject(f"What {whose} battery mixes lose above the least possible, by supply future")
    price, name = story.regret[REGRET][own], wording.lowered(story.label(own))
    price_text = "without a price" if price < NOTHING else f"at a price of {wording.rounded(price)} GWh"
    title = f"Planned for “{name}” alone, {whose} batteries may lose {wording.rounded(before)} GWh more than need be;"
    every = f"{len(story.futures)} supply futures" if story.is_one_world else (
        f"{len(story.names)} supply futures in {len(story.worlds)} reference worlds"
    )  # fmt: skip
    return f"{title} planned for {every} {wording.rounded(least)} at most, {price_text} in “{name}”"


def _note(story: _Story, result: Result) -> str:
    note = f"Note:{frame.caveats(result)} A plan is which batteries are put into use and which lines stand; in each"
    note += " future it is decided anew where cells are made and materials bought. Regret: its loss less that of the"
    note += " plan which is best there, so nothing in a future’s own column; of plans as good there the cheapest, of"
    note += " these the one with the least loss on average. Another as good there may lose more or less elsewhere. GWh:"
    note += " summed over the years in which a stop may come."
    short = {future: story.short[REGRET][future] for future in story.futures} if REGRET in story.short else {}
    most = max(short, key=lambda name: short[name], default="")
    if most and short[most] >= NOTHING:
        note += f" {story.label(most)} cannot supply {wording.rounded(short[most])} GWh of the plan of least regret"
        note += " even without a stop; they count as lost."
    if story.left_out:
        note += f" Not drawn: {story.left_out} plans that are best in one other future."
    return note


def _alt(story: _Story, subtitle: str) -> list[str]:
    """Each row in words."""
    parts = [
        f"{story.row(plan)}: "
        + "; ".join(f"{wording.lowered(story.label(of))} {_gwh(gwh)}" for of, gwh in story.regret[plan].items())
        + f"; at most {_gwh(story.worst[plan])}"
        for plan in story.plans
    ]
    return [f"Table of {wording.lowered(subtitle)}. {'. '.join(parts)}."]


def _gwh(value: float) -> str:
    """124 · 0 for what is told as none."""
    return "0" if value < NOTHING else wording.number(value)


# --- drawing ---------------------------------------------------------------------------------------------------------

HEAD, WORLD, FOOT, USUAL, THIN, GAP = 0.44, 0.24, 0.3, 0.38, 0.26, 0.045
"""Inches of the headings, of the names of worlds above them, the key below, a row and at the least, and between two
cells; before scaling."""
HEADINGS = 8.0


def _rounded_up(value: float) -> float:
    """The next round number."""
    power = 10.0 ** np.floor(np.log10(value)) if value > 0 else 0.0
    return float(next((each * power for each in ROUND if each * power >= value), value))


def _colour(value: float, most: float) -> str:
    """Colour of a cell: the darker, the larger its part of a most."""
    return style.CONCENTRATION[int(np.searchsorted(STEPS, value / most if most > 0 else 0.0, side="right"))]


def _draw(sheet: Page, story: _Story) -> None:
    s, count = sheet.scale, len(story.plans)
    top, bottom = sheet.top - HEAD * s, sheet.bottom + FOOT * s
    pitch = min((top - bottom) / count, 0.46 * s)
    names = {plan: style.shortened(story.row(plan), 2.2 * s, LABEL * s, SEMIBOLD) for plan in story.plans}
    left = sheet.left + max(text_width(name, LABEL * s, BOLD) for name in names.values()) + 0.14 * s
    last = 0.72 * s
    step = (sheet.right - last - left) / len(story.futures)
    most = _rounded_up(max(story.worst[plan] for plan in story.plans))
    axes = supply.in_inches(sheet, Panel(left, top - count * pitch, step * len(story.futures), count * pitch))
    _draw_heads(sheet, story, left, step, top)
    for row, plan in enumerate(story.plans):
        middle = top - (row + 0.5) * pitch
        baseline = middle - 0.36 * LABEL * s / 72
        chosen = plan == REGRET
        sheet.text(sheet.left, baseline, names[plan], LABEL, style.ACCENT if chosen else INK,
                   BOLD if chosen else REGULAR)  # fmt: skip
        for column, future in enumerate(story.futures):
            value, x = story.regret[plan][future], left + column * step
            colour = _colour(value, most)
            place = x, middle - (pitch - GAP * s) / 2
            axes.add_patch(Rectangle(place, step - GAP * s, pitch - GAP * s, facecolor=colour, linewidth=0, zorder=1))
            ink = MUTED if value < NOTHING else style.text_on(colour)
            centre = x + (step - GAP * s) / 2
            sheet.text(centre, baseline, _gwh(value), LABEL, ink, SEMIBOLD if chosen else REGULAR, align="center")
        sheet.text(sheet.right, baseline, _gwh(story.worst[plan]), LABEL, style.ACCENT if chosen else INK, BOLD,
                   align="right")  # fmt: skip
    over = [row for row, plan in enumerate(story.plans) if plan in NAMES]
    if over and over[0]:
        y = top - over[0] * pitch
        sheet.line((sheet.left, sheet.right), (y, y), style.PALE, 0.8, order=3)
    _draw_key(sheet, most, top - count * pitch - 0.2 * s)


def _draw_worlds(sheet: Page, story: _Story) -> None:
    """Supply futures as rows, below one another the plans in each reference world, and the largest of each."""
    s, count = sheet.scale, len(story.names)
    top, bottom = sheet.top - (HEAD + WORLD) * s, sheet.bottom + FOOT * s
    pitch = min((top - bottom) / (count + 1), 0.46 * s)
    names = {name: style.shortened(story.label(name), 2.0 * s, LABEL * s) for name in story.names}
    left = sheet.left + max(text_width(name, LABEL * s, BOLD) for name in (*names.values(), LARGEST)) + 0.14 * s
    between = 0.16 * s
    wide = (sheet.right - left - between * (len(story.worlds) - 1)) / len(story.worlds)
    step = wide / len(story.plans)
    most = _rounded_up(max(story.worst[plan] for plan in story.plans))
    axes = supply.in_inches(sheet, Panel(left, top - count * pitch, sheet.right - left, count * pitch))
    for row, name in enumerate((*story.names, LARGEST)):
        baseline = top - (row + 0.5) * pitch - 0.36 * LABEL * s / 72
        last = name == LARGEST
        sheet.text(sheet.left, baseline, names.get(name, LARGEST), LABEL, INK, BOLD if last else REGULAR)
    for place, world in enumerate(story.worlds):
        start = left + place * (wide + between)
        sheet.text(start, top + 0.47 * s, _called(world), LABEL, INK, BOLD)
        sheet.line((start, start + wide - GAP * s), (top + 0.41 * s, top + 0.41 * s), style.PALE, 0.8, order=3)
        for column, plan in enumerate(story.plans):
            x, chosen = start + column * step, plan == REGRET
            centre = x + (step - GAP * s) / 2
            head = style.wrapped(SHORT_NAMES.get(plan) or f"Best for {wording.lowered(story.label(plan))}",
                                 step - GAP * s, HEADINGS * s, SEMIBOLD, most=2)  # fmt: skip
            for line, text in enumerate(reversed(head)):
                sheet.text(centre, top + (0.07 + 0.145 * line) * s, text, HEADINGS, style.ACCENT if chosen else INK,
                           BOLD if chosen else SEMIBOLD, align="center")  # fmt: skip
            mine = [name if not place else f"{name}, {world}" for name in story.names]
            for row, future in enumerate(mine):
                value, middle = story.regret[plan][future], top - (row + 0.5) * pitch
                colour = _colour(value, most)
                axes.add_patch(Rectangle(
                    (x, middle - (pitch - GAP * s) / 2), step - GAP * s, pitch - GAP * s, facecolor=colour,
                    linewidth=0, zorder=1,
                ))  # fmt: skip
                ink = MUTED if value < NOTHING else style.text_on(colour)
                sheet.text(centre, middle - 0.36 * LABEL * s / 72, _gwh(value), LABEL, ink,
                           SEMIBOLD if chosen else REGULAR, align="center")  # fmt: skip
            largest = max(story.regret[plan][future] for future in mine)
            sheet.text(centre, top - (count + 0.5) * pitch - 0.36 * LABEL * s / 72, _gwh(largest), LABEL,
                       style.ACCENT if chosen else INK, BOLD, align="center")  # fmt: skip
    _draw_key(sheet, most, top - (count + 1) * pitch - 0.2 * s)


def _draw_heads(sheet: Page, story: _Story, left: float, step: float, top: float) -> None:
    """Names of the futures above their columns, on two lines at most, and that of the largest."""
    s = sheet.scale

    def head(x: float, lines: Sequence[str], align: str, weight: int) -> None:
        for line, text in enumerate(reversed(lines)):
            sheet.text(x, top + (0.07 + 0.145 * line) * s, text, HEADINGS, INK, weight, align=align)

    for column, future in enumerate(story.futures):
        lines = style.wrapped(story.label(future), step - GAP * s, HEADINGS * s, SEMIBOLD, most=2)
        head(left + column * step + (step - GAP * s) / 2, lines, "center", SEMIBOLD)
    head(sheet.right, ["Largest", "regret"], "right", BOLD)


def _draw_key(sheet: Page, most: float, baseline: float) -> None:
    """What the colours are."""
    s, x = sheet.scale, sheet.left
    if most <= 0:
        return
    ends = [wording.number(part * most) for part in STEPS]
    words = [f"below {ends[0]}", *(f"to {end}" for end in ends[1:]), "more"]
    for colour, text in zip(style.CONCENTRATION, words, strict=True):
        sheet.box(x, baseline - 0.012 * s, 0.14 * s, 0.11 * s, colour)
        sheet.text(x + 0.19 * s, baseline, text, LABEL, MUTED)
        x += 0.19 * s + text_width(text, LABEL * s) + 0.16 * s
    sheet.text(x, baseline, "GWh", LABEL, MUTED)
