"""How much of each mineral a scenario needs, and what the scenarios change: paired bars in kt, the change beside them.

It answers the question of figure 17 of Carnegie's *Battery Geopolitics* (2026): how much less graphite and cobalt, for
how much more lithium?
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from minerals.charts import footer, frame, percentiles, style, wording
from minerals.charts.bundle import Bundle, Result
from minerals.charts.fonts import BOLD, REGULAR, SEMIBOLD
from minerals.charts.selection import Selection, label
from minerals.charts.style import Page, text_width
from minerals.errors import UsageError, listed
from minerals.numbers import percent
from minerals.results.interval import Interval, change
from minerals.units import LCE_PER_LITHIUM

NAME = "demand_by_mineral"
MINERALS = ("graphite", "nickel", "lithium", "cobalt")
MOST_OTHERS = 3
CHANGE_SHOWN = (-1.0, 2.0)
"""The change axis ends here at the latest; an interval that goes on ends in an arrow, its numbers stand beside it."""


def figure(
    result: Result,
    *,
    region: str | None = None,
    year: int | None = None,
    base: str | None = None,
    against: str | Sequence[str] | None = None,
    minerals: Sequence[str] | None = None,
    size: str = "brief",
    title: str | None = None,
) -> Bundle:
    """Draw mineral demand by scenario.

    region: one of the record's regions, or the sum of all (default); year: default the last of the table; base: the
    scenario the others are held against, default the first of the run; against: the other, or up to three others of
    which the last is compared with the base; default the rest of the run, its last three where there are more;
    minerals: codes, drawn in the order given; default graphite, nickel, lithium and cobalt, the largest first; size:
    'brief' or 'slide'; title: one to use instead of the computed finding.

    The data of the bundle hold a row for each bar (quantity `mineral_demand`, kt) and for each change (quantity
    `change`, %): quantity, region, year, mineral, scenario, compared_with, value, low, high, ends, unit. `ends` says
    what low and high are: `bounds`, or `p5-p95` where the result has percentiles for all that is drawn.
    """
    story = _story(result, region, year, base, against, minerals)
    rows, spoken = _Rows(len(story.minerals), len(story.scenarios)), list(map(wording.lowered, story.mineral_labels))
    alone = "" if story.against else f", {story.labels[0]}"
    return frame.bundle(
        result, NAME, title=title, size=size, scenarios=story.scenarios, unit="kt",
        used=footer.demand(
            result, story.scenarios, story.region, [story.year], {"mineral_intensity": {"mineral": story.minerals}}
        ),
        finding=_finding(result.record, story, spoken),
        note=_note(story) + (frame.shares_held(result) if story.ends else ""),
        subtitle=f"Mineral demand for batteries in {wording.place(story.region)}, {story.year}{alone},"
        " thousand tonnes (kt)",
        body=(rows.wanted, rows.needed), draw=lambda page: _draw(page, story, rows),
        alt=lambda subtitle: _alt(story, subtitle, spoken), data=_drawn(story),
        options={
            "region": story.region, "year": story.year, "base": story.base, "against": story.against,
            "minerals": list(story.minerals), "size": size, "ends": story.ends or "bounds",
        },
    )  # fmt: skip


@dataclass(frozen=True)
class _Story:
    """The numbers of one chart, chosen and summed.

    scenarios: names, the base first, the compared one last; labels: of the scenarios; minerals: codes; kt: shape
    (scenario, mineral, 3), low, central, high; changes: the compared scenario against the base, by mineral; ends: what
    low and high are where they are percentiles, nothing where they are bounds.
    """

    region: str
    year: int
    scenarios: tuple[str, ...]
    labels: tuple[str, ...]
    minerals: tuple[str, ...]
    mineral_labels: tuple[str, ...]
    kt: NDArray[np.float64]
    changes: tuple[Interval, ...]
    ends: str
    left_out: int

    @property
    def base(self) -> str:
        return self.scenarios[0]

    @property
    def against(self) -> str | None:
        return self.scenarios[-1] if len(self.scenarios) > 1 else None

    @property
    def colours(self) -> tuple[str, ...]:
        """Grey for the base, the accent for what is compared; one scenario alone has the accent."""
        others = len(self.scenarios) - 1
        return (style.BASE, *style.RAMPS[others]) if others else (style.ACCENT,)


def _story(
    result: Result,
    region: str | None,
    year: int | None,
    base: str | None,
    against: str | Sequence[str] | None,
    minerals: Sequence[str] | None,
) -> _Story:
    """Choose rows and sum them; all that is wrong with the choice is said at once.

    A result has no row where demand is zero: years and minerals of the record without rows are drawn as zero.
    """
    selection = Selection(NAME, result)
    record, table = result.record, selection.table("mineral_demand", "kt", filled=False)
    place, when = selection.region(region), selection.year(year, table, record.get("years", ()))
    table = selection.rows_in(table, place)
    run = list(record["scenarios"])
    first = selection.scenario(base, "base scenario")
    rest = [name for name in run if name != first]
    others = rest[-MOST_OTHERS:] if against is None else [against] if isinstance(against, str) else list(against)
    for name in others:
        selection.known("scenario", name, run)
    if len(others) > MOST_OTHERS or len({first, *others}) <= len(others):
        selection.problems.append(
            f"against = {listed(others)}: name up to {MOST_OTHERS} scenarios, each once, without the base"
        )
    selection.settle()

    scenarios = (first, *others)
    table = table[(table["year"] == when) & table["scenario"].isin(scenarios)]
    present = table.groupby("mineral", observed=True)["value"].sum().sort_values(ascending=False, kind="stable")
    codes = list(dict.fromkeys([*map(str, present.index), *record.get("minerals", ())]))
    chosen = list(minerals or [code for code in MINERALS if code in codes] or codes[: len(MINERALS)])
    for code in chosen:
        selection.known("mineral", code, codes)
    selection.settle()

    by_family = _by_family(table, scenarios, chosen, record["codes"]["chemistry"])
    if not minerals:
        order = np.argsort(-by_family[0, :, :, 1].sum(axis=1), kind="stable")
        chosen, by_family = [chosen[i] for i in order], by_family[:, order]
    mineral_codes = record["codes"]["mineral"]
    kt = by_family.sum(axis=2)
    changes = [change(below, above) for below, above in zip(by_family[0], by_family[-1], strict=True)]
    drawn = percentiles.of_demand(result, place, when, scenarios, chosen, kt[:, :, 1])
    if drawn:
        kt[:, :, ::2] = drawn.levels
        changes = [
            Interval(float(low), moved.value, float(high))
            for moved, (low, high) in zip(changes, drawn.changes, strict=True)
        ]
    return _Story(
        region=place,
        year=when,
        scenarios=scenarios,
        labels=tuple(label(record["scenarios"], name) for name in scenarios),
        minerals=tuple(chosen),
        mineral_labels=tuple(label(mineral_codes, code) for code in chosen),
        kt=kt,
        changes=tuple(changes) if others else (),
        ends=drawn.label if drawn else "",
        left_out=len(rest) - len(others) if against is None else 0,
    )


def _by_family(
    table: pd.DataFrame, scenarios: Sequence[str], minerals: Sequence[str], chemistries: Mapping[str, Mapping[str, str]]
) -> NDArray[np.float64]:
    """Demand summed over all but family, kt, shape (scenario, mineral, family, 3); a row that is missing is zero.

    A chemistry that the code list does not know is a family of its own. A missing end is the central value.
    """
    table = table[table["mineral"].isin(minerals)]
    families = table["chemistry"].map(lambda code: chemistries.get(code, {}).get("family") or code)
    ends = pd.DataFrame({end: table[end].fillna(table["value"]) for end in ("low", "value", "high")})
    summed = ends.groupby([table["scenario"].astype(str), table["mineral"].astype(str), families]).sum()
    order = sorted(set(families))
    cells = pd.MultiIndex.from_product([scenarios, minerals, order])
    shape = (len(scenarios), len(minerals), len(order), 3)
    return np.asarray(summed.reindex(cells, fill_value=0.0), dtype=np.float64).reshape(shape)


def _drawn(story: _Story) -> pd.DataFrame:
    """Exactly what is drawn, long."""
    columns = [
        "quantity",
        "region",
        "year",
        "mineral",
        "scenario",
        "compared_with",
        "value",
        "low",
        "high",
        "ends",
        "unit",
    ]
    ends = "p5-p95" if story.ends else "bounds"
    rows: list[tuple[Any, ...]] = []
    for mineral, by_scenario in zip(story.minerals, story.kt.transpose(1, 0, 2), strict=True):
        where = (story.region, story.year, mineral)
        for scenario, (low, value, high) in zip(story.scenarios, by_scenario, strict=True):
            rows.append(("mineral_demand", *where, scenario, "", value, low, high, ends, "kt"))
    for mineral, moved in zip(story.minerals, story.changes, strict=False):
        low, value, high = (100 * part for part in moved)
        where = (story.region, story.year, mineral)
        rows.append(("change", *where, story.against, story.base, value, low, high, ends, "%"))
    return pd.DataFrame(rows, columns=columns)


def _note(story: _Story) -> str:
    """What bars, whiskers and ranges mean, in plain words; what a tonne is of; what is left out."""
    certain = all(moved.excludes_zero for moved in story.changes)
    doubt = "." if certain else "; hollow and grey where they include zero."
    note = "Note: Bars are central estimates; whiskers "
    if story.ends:
        note += f"and pale bars: {story.ends}{doubt}" if story.against else f"are the {story.ends}."
        note += " Changes are compared draw by draw." if story.against else ""
    else:
        note += "run from all mineral intensities (kg/kWh) at their low values to all at their high values"
        if story.against:
            note += ". Ranges of change: each chemistry family at low, central or high values, the same in both"
            note += f" scenarios. These are bounds, not percentiles{doubt}"
        else:
            note += ": bounds, not percentiles."
    if len(story.scenarios) > 2:
        note += f" Changes are of {story.labels[-1]} against {story.labels[0]}."
    metals = [code for code in story.minerals if code != "graphite"]
    lithium = f" (1 t Li = {LCE_PER_LITHIUM} t LCE)" if "lithium" in metals else ""
    tonnes = [f"tonnes are of the element contained{lithium}"] if metals else []
    tonnes += ["graphite is anode-grade"] if "graphite" in story.minerals else []
    note += f" {wording.capitalised('; '.join(tonnes))}." + wording.contained_silicon(story.minerals)
    if story.left_out:
        note += f" Not drawn: {story.left_out} more scenario{'s' if story.left_out > 1 else ''} of the run."
    return note


def _finding(record: Mapping[str, Any], story: _Story, spoken: Sequence[str]) -> str:
    """The title that the numbers bear out."""
    if story.against is None:
        levels = [(name, Interval(*map(float, kt))) for name, kt in zip(spoken, story.kt[0], strict=True)]
        past = record["scenarios"][story.base].get("kind") == "history"
        return wording.level_title(story.region, story.year, levels, past=past)
    base, other = record["scenarios"][story.base], record["scenarios"][story.against]
    same_demand = base.get("demand") == other.get("demand")
    subject = wording.actor(story.labels[-1], same_demand and base.get("adoption") != other.get("adoption"))
    neutral = wording.neutral_title(story.region, story.year, story.labels)
    if _of_the_whole_alone(record, story):
        return neutral
    findings = [wording.Finding(name, moved) for name, moved in zip(spoken, story.changes, strict=True)]
    return wording.change_title(subject, story.region, story.year, findings, neutral)


def _of_the_whole_alone(record: Mapping[str, Any], story: _Story) -> bool:
    """Whether one region of several is drawn while a caveat of what is compared says to read the total."""
    part = story.region in record["regions"] and len(record["regions"]) > 1
    return part and any(
        wording.WORLD_TOTAL in str(record["scenarios"][name].get("caveat"))
        for name in (story.base, story.against)
        if name
    )


def _alt(story: _Story, subtitle: str, spoken: Sequence[str]) -> list[str]:
    """Two to four sentences for a reader who cannot see the chart; they hold every number of the title."""
    scenarios = f"scenario{'s' if story.against else ''} {wording.names(story.labels)}"
    what = f"Bar chart of {wording.lowered(subtitle)}; {scenarios}."
    if story.against is None:
        levels = [f"{name} {wording.number(kt[1])} kt" for name, kt in zip(spoken, story.kt[0], strict=True)]
        return [what, f"Central estimates: {'; '.join(levels)}."]
    parts, form = [], ", {} to {}" if story.ends else ", bounds {} to {}"
    for m, (name, moved) in enumerate(zip(spoken, story.changes, strict=True)):
        before, after = (wording.number(story.kt[s, m, 1]) for s in (0, -1))
        text = f"{name} {before} to {after} kt"
        if np.isfinite(moved.value):
            text += f" ({percent(moved.value, signed=True)}{_ends(moved, form)})"
        parts.append(text)
    ranges = f" Ranges: {story.ends}." if story.ends else ""
    return [what, f"From {story.labels[0]} to {story.labels[-1]}: {'; '.join(parts)}.{ranges}"]


def _ends(moved: Interval, form: str) -> str:
    """The ends of a change as printed, finer where they are close; nothing where they are not defined or not apart."""
    if not np.isfinite(moved.low):
        return ""
    for digits in (0, 1):
        low, high = (percent(end, signed=True, digits=digits) for end in (moved.low, moved.high))
        if low != high:
            return form.format(low, high)
    return ""


@dataclass(frozen=True)
class _Rows:
    """How the groups of bars share the height of the body.

    groups: minerals; bars: scenarios. HEAD and FOOT, the heading with the axis labels and the air below, and the
    thickness of a bar are in inches before scaling; the air within and between groups is in bars.
    """

    groups: int
    bars: int

    HEAD, FOOT = 0.42, 0.1
    THIN, USUAL, THICK = 0.125, 0.17, 0.24
    WITHIN, BETWEEN, BETWEEN_AT_LEAST = 0.14, 1.15, 0.6

    @property
    def group(self) -> float:
        """Height of one group, in bars; a lone bar gets the room of two lines of text."""
        return max(self.bars + self.WITHIN * (self.bars - 1), 1.7)

    @property
    def wanted(self) -> float:
        """Height of the body at the usual thickness of a bar."""
        return self.HEAD + self.groups * (self.group + self.BETWEEN) * self.USUAL + self.FOOT

    @property
    def needed(self) -> float:
        """Height of the body below which labels would run into each other."""
        return self.HEAD + self.groups * (self.group + self.BETWEEN_AT_LEAST) * self.THIN + self.FOOT

    def fitted(self, height: float) -> tuple[float, float]:
        """Thickness of a bar and distance between the middles of two groups, for a body of `height`."""
        if height < self.needed - 1e-9:
            raise UsageError(
                f"{NAME}: {self.groups} minerals × {self.bars} scenarios do not fit on this size;"
                " name fewer with minerals = or against =, or try the other size"
            )
        pitch = (height - self.HEAD - self.FOOT) / self.groups
        return min(max(pitch / (self.group + self.BETWEEN), self.THIN), self.THICK), pitch


def _draw(sheet: Page, story: _Story, rows: _Rows) -> None:
    """The body: names of the minerals at the left, bars, and at the right what changes."""
    s = sheet.scale
    bar, pitch = (measure * s for measure in rows.fitted((sheet.top - sheet.bottom) / s))
    top = sheet.top - _Rows.HEAD * s
    bottom = top - pitch * len(story.minerals)
    middles = [top - pitch * (row + 0.5) for row in range(len(story.minerals))]
    left, right = sheet.left + _draw_names(sheet, story, middles), sheet.right
    if story.against:
        right = _draw_changes(sheet, story, middles, bottom, top) - 0.3 * s
    _draw_bars(sheet, story, middles, bar, style.Panel(left, bottom, right - left, top - bottom))


def _draw_names(sheet: Page, story: _Story, middles: Sequence[float]) -> float:
    """Names of the minerals on the left edge; returns the width they take, with the air after them."""
    s = sheet.scale
    points = style.SUBTITLE
    names = [style.wrapped(label, 1.5 * s, points * s, SEMIBOLD, most=2) for label in story.mineral_labels]
    for lines, middle in zip(names, middles, strict=True):
        leading = 1.2 * points * s / 72
        baseline = middle - 0.36 * points * s / 72 + leading * (len(lines) - 1) / 2
        for i, line in enumerate(lines):
            sheet.text(sheet.left, baseline - i * leading, line, points, style.INK, SEMIBOLD)
    return max(text_width(line, points * s, SEMIBOLD) for lines in names for line in lines) + 0.14 * s


def _draw_bars(sheet: Page, story: _Story, middles: Sequence[float], bar: float, panel: style.Panel) -> None:
    """Bars with whiskers and values; the scenarios are named in the first group, inside its bars where they fit."""
    s = sheet.scale
    values = [[wording.number(kt[1]) for kt in row] for row in story.kt]
    names = list(story.labels) if story.against else []
    scale = _bar_scale(story, values, [], panel.width, s)
    inside = all(
        text_width(name, style.LABEL * s, SEMIBOLD) + 0.12 * s <= kt.min() * scale
        for name, kt in zip(names, story.kt[:, 0], strict=False)
    )
    direct = [] if inside else [style.shortened(name, 0.5 * panel.width, style.LABEL * s, SEMIBOLD) for name in names]
    if direct:
        scale = _bar_scale(story, values, direct, panel.width, s)

    axes = sheet.value_axes(panel, (0.0, panel.width / scale), ticks=max(2, min(6, int(panel.width / (0.5 * s)))))
    heading = f"Demand{' by scenario' if names else ''}, kt"
    sheet.text(sheet.left, sheet.top - 0.1 * s, heading, style.HEADING, style.INK, SEMIBOLD)
    step = (1 + _Rows.WITHIN) * bar
    for m, middle in enumerate(middles):
        for i, colour in enumerate(story.colours):
            low, value, high = story.kt[i, m]
            last = i == len(story.scenarios) - 1
            y = middle + step * ((len(story.scenarios) - 1) / 2 - i)
            axes.barh(y, value, bar, color=colour, linewidth=0, zorder=2)
            if low < high:
                axes.plot([low, high], [y, y], color=style.shade(colour), linewidth=1.1 * s, solid_capstyle="butt",
                          zorder=3)  # fmt: skip
            baseline = y - 0.36 * style.LABEL * s / 72
            x = panel.left + max(high, value) * scale + 0.06 * s
            text, weight = values[i][m], BOLD if last else REGULAR
            sheet.text(x, baseline, text, style.LABEL, style.INK if last else style.MUTED, weight)
            if m == 0 and direct:
                x += text_width(text, style.LABEL * s, weight) + 0.08 * s
                sheet.text(x, baseline, direct[i], style.LABEL, style.ACCENT if last else style.MUTED, SEMIBOLD)
            elif m == 0 and names:
                sheet.text(
                    panel.left + 0.06 * s, baseline, names[i], style.LABEL, style.text_on(colour), SEMIBOLD
                )  # fmt: skip


def _bar_scale(story: _Story, values: Sequence[Sequence[str]], direct: Sequence[str], room: float, s: float) -> float:
    """Inches per kt at which every bar, its whisker and the text after it stay within `room` inches.

    values: the numbers after the bars, (scenario, mineral); direct: the names after those of the first mineral.
    """
    fits = []
    for i, row in enumerate(values):
        weight = BOLD if i == len(values) - 1 else REGULAR
        for m, text in enumerate(row):
            after = text_width(text, style.LABEL * s, weight) + 0.1 * s
            if m == 0 and direct:
                after += text_width(direct[i], style.LABEL * s, SEMIBOLD) + 0.1 * s
            if (longest := story.kt[i, m].max()) > 0:
                fits.append((room - after) / longest)
    return float(min(fits, default=1.0))


def _draw_changes(sheet: Page, story: _Story, middles: Sequence[float], bottom: float, top: float) -> float:
    """Dots with their bounds, and the numbers in a column at the right edge; returns the left edge of it all."""
    s = sheet.scale
    numbers = [
        percent(moved.value, signed=True) if np.isfinite(moved.value) else _undefined(story, m)
        for m, moved in enumerate(story.changes)
    ]
    bounds = [_ends(moved, "{} to {}") for moved in story.changes]
    column = max(
        *(text_width(text, style.SUBTITLE * s, BOLD) for text in numbers),
        *(text_width(text, style.SMALL * s) for text in bounds),
    )
    width = 0.21 * sheet.width
    left = sheet.right - column - 0.14 * s - width
    pair = f"{story.labels[-1]} against {story.labels[0]}, %"
    fits = text_width(pair, style.HEADING * s, SEMIBOLD) <= sheet.right - left
    heading = pair if fits else "Change, %"
    sheet.text(left, sheet.top - 0.1 * s, heading, style.HEADING, style.INK, SEMIBOLD)
    limits = _change_limits(story.changes)
    axes = sheet.value_axes(style.Panel(left, bottom, width, top - bottom), limits, ticks=4, signed=True)
    for m, (moved, middle) in enumerate(zip(story.changes, middles, strict=True)):
        colour, pale = _direction(moved)
        low, value, high = np.clip([100 * part for part in moved], *limits)
        axes.plot([low, high], [middle, middle], color=pale, linewidth=7 * s, solid_capstyle="butt", zorder=2)
        for beyond, sign, end in ((100 * moved.low < low, "<", low), (100 * moved.high > high, ">", high)):
            if beyond:
                axes.plot(end, middle, sign, color=colour, markersize=5 * s, markeredgewidth=0, clip_on=False, zorder=5)
        if limits[0] <= 100 * moved.value <= limits[1]:
            # Grey and teal are close to a reader who sees no red: a hollow dot says the same without colour.
            hollow = not moved.excludes_zero
            axes.plot(value, middle, "o", color=colour, markersize=(4.6 if hollow else 5.6) * s, zorder=5,
                      markerfacecolor="white" if hollow else colour, markeredgecolor=colour if hollow else "white",
                      markeredgewidth=(1.3 if hollow else 0.7) * s)  # fmt: skip
        baseline = middle - 0.36 * style.SUBTITLE * s / 72
        if bounds[m]:
            baseline += 0.065 * s
            sheet.text(sheet.right, middle - 0.125 * s, bounds[m], style.SMALL, style.FAINT, align="right")
        sheet.text(sheet.right, baseline, numbers[m], style.SUBTITLE, colour, BOLD, align="right")
    return left


def _change_limits(changes: Sequence[Interval]) -> tuple[float, float]:
    """Ends of the change axis in %: all bounds, zero with some room on either side, no further than CHANGE_SHOWN."""
    ends = [end for moved in changes for end in moved if np.isfinite(end)] or [0.0]
    low, high = max(min(ends), CHANGE_SHOWN[0]), min(max(ends), CHANGE_SHOWN[1])
    low, high = min(low, -0.25 * max(high, 0.04)), max(high, -0.25 * min(low, -0.04))
    air = 0.06 * (high - low)
    return 100 * (low - air), 100 * (high + air)


def _undefined(story: _Story, mineral: int) -> str:
    """What stands for a change from nothing: a new demand, or none in either scenario."""
    return "new" if story.kt[-1, mineral, 1] > 0 else "no demand"


def _direction(moved: Interval) -> tuple[str, str]:
    """Colours of the dot and of its bounds: falls teal, rises orange, grey where the bounds include zero."""
    if not moved.excludes_zero:
        return style.UNCLEAR, style.UNCLEAR_PALE
    return (style.FALL, style.FALL_PALE) if moved.high < 0 else (style.RISE, style.RISE_PALE)
