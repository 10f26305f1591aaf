"""What being less exposed costs: the least cost of a mix at each exposure, and the mixes of the run on it or beside."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from minerals.charts import beside, footer, frame, mixes, style, supply, wording
from minerals.charts.bundle import Bundle, Result
from minerals.charts.fonts import REGULAR, SEMIBOLD
from minerals.charts.selection import Selection
from minerals.charts.style import HEADING, LABEL, Page, Panel, text_width
from minerals.numbers import percent

NAME = "frontier"
BREAKS = "†"
"""The mark of a mix that breaks limits which the others keep."""
ORDER = ("chosen", "incumbent", "least_exposed", "cheapest")
"""The mixes, in the order in which their labels choose their place."""
DATA = (
    "quantity", "mix", "exposure", "exposure_unit", "value", "marginal", "marginal_low", "marginal_high", "unit",
)  # fmt: skip


def figure(result: Result, *, size: str = "brief", title: str | None = None) -> Bundle:
    """Draw the least cost of a mix at each exposure, above that of the cheapest, and the mixes that the run tells of.

    size: 'brief' or 'slide'; title: one to use instead of the computed finding.

    The data of the bundle hold a row for each point of the frontier (quantity `frontier`: exposure in exposure_unit,
    value in % above the cheapest mix, marginal in million USD per unit less of exposure from there on) and for each dot
    (quantity `mix`; of the chosen one also marginal_low and marginal_high, between which its marginal is).
    """
    story = _story(result)
    return frame.bundle(
        result, NAME, title=title, size=size, scenarios=story.scenarios, unit="%",
        used=_used(result, story), finding=_finding(story), note=_note(story, result),
        subtitle=f"Least cost of the batteries of {story.span} at each exposure: {story.objective}",
        body=(3.9, 2.5), draw=lambda page: _draw(page, story), alt=lambda subtitle: _alt(story, subtitle),
        data=_drawn(story), options={},
    )  # fmt: skip


class _Mix(NamedTuple):
    """A mix that the run tells of; cost: above the cheapest, 0–1; breaks: limits that it does not keep."""

    name: str
    label: str
    exposure: float
    cost: float
    breaks: str

    @property
    def marked(self) -> str:
        """The label, with the mark of a mix that breaks limits."""
        return f"{self.label}{BREAKS}" if self.breaks else self.label


@dataclass(frozen=True)
class _Story:
    """The numbers of one chart.

    exposure, cost, marginal: of the points from the cheapest on, the cost above the cheapest, 0–1, and what one unit
    less costs from there [million USD]; unit: of the exposure, '' for a weighted sum; gap: how far the chords may lie
    above the frontier, as a share of the span of cost; mixes: in the order of `ORDER`; here, between, pack: million USD
    of one unit less at the chosen mix along its chord, at least and at most, and of a GWh of packs in it, NaN where
    they are not known.
    """

    place: str
    scenarios: tuple[str, str]
    span: str
    objective: str
    unit: str
    exposure: NDArray[np.float64]
    cost: NDArray[np.float64]
    marginal: NDArray[np.float64]
    gap: float
    mixes: Mapping[str, _Mix]
    here: float
    between: tuple[float, float]
    pack: float

    def cut(self, exposure: float) -> float:
        """An exposure against that of the cheapest mix, as a relative change."""
        return exposure / self.exposure[0] - 1 if self.exposure[0] else 0.0

    def amount(self, exposure: float) -> str:
        """1,160 GWh."""
        return f"{wording.number(exposure)} {self.unit}".strip()


def _story(result: Result) -> _Story:
    selection = Selection(NAME, result)
    table = selection.table("mix_frontier", way_out=mixes.WAY_OUT)
    found = selection.table("mix_baseline", way_out=mixes.WAY_OUT)
    scenarios = supply.chosen_pair(selection)
    selection.settle()
    about = mixes.about(result)
    years = about.get("years") or result.record["years"]
    unit = str(table["exposure_unit"].iloc[0])
    rows = {str(row.mix): row for row in found.itertuples()}
    cost = table["cost_share"].to_numpy(float)
    chosen = rows.get("chosen")
    before = [i for i in range(len(cost)) if chosen is not None and cost[i] <= chosen.cost_share + 1e-9]
    marginal = pd.to_numeric(table["marginal"], errors="coerce").to_numpy(float)
    ends = [
        pd.to_numeric(table[name], errors="coerce").to_numpy(float) if name in table else marginal
        for name in ("marginal_low", "marginal_high")
    ]
    wanted = float(about.get("wanted") or np.nan)
    return _Story(
        place=selection.everything,
        scenarios=scenarios,
        span="–".join(dict.fromkeys(map(str, (years[0], years[-1])))),
        objective=" ".join(str(about.get("objective") or "exposure").split()),
        unit="" if unit == "weighted" else unit,
        exposure=table["exposure"].to_numpy(float),
        cost=cost,
        marginal=marginal,
        gap=float(about["frontier_gap"]) if about.get("frontier_gap") is not None else np.nan,
        mixes={
            name: _Mix(name, " ".join(str(rows[name].label).split()), float(rows[name].exposure),
                       float(rows[name].cost_share), mixes.breaks(result, name))
            for name in ORDER if name in rows and np.isfinite(rows[name].cost_share)
        },
        here=float(marginal[before[-1]]) if before else np.nan,
        between=(ends[0][before[-1]], ends[1][before[-1]]) if before else (np.nan, np.nan),
        pack=float(chosen.cost) / wanted if chosen is not None else np.nan,
    )  # fmt: skip


def _used(result: Result, story: _Story) -> footer.Used:
    """What the mixes are chosen from: demand, disruptions, supply, limits and prices."""
    tables = ("disruption", "supply", "growth_limit", "commercial_year", "chemistry_performance", "segment_need",
              "cell_price", "price_relative", "learning_rate")  # fmt: skip
    return footer.demand(result, story.scenarios, story.place, result.record["years"], footer.whole(*tables))


def _drawn(story: _Story) -> pd.DataFrame:
    """Exactly what is drawn, long."""
    unit = "% above the cheapest"
    rows: list[tuple[Any, ...]] = [
        ("frontier", "", *point[:1], story.unit, 100 * point[1], point[2], np.nan, np.nan, unit)
        for point in zip(story.exposure, story.cost, story.marginal, strict=True)
    ]
    for mix in story.mixes.values():
        here = (story.here, *story.between) if mix.name == "chosen" else (np.nan,) * 3
        rows.append(("mix", mix.name, mix.exposure, story.unit, 100 * mix.cost, *here, unit))
    return pd.DataFrame(rows, columns=list(DATA))


# --- words -----------------------------------------------------------------------------------------------------------


def _finding(story: _Story) -> str:
    """What the chosen mix is less exposed than the cheapest, for which cost, and what can be had at most."""
    whose, chosen = wording.possessive(story.place), story.mixes.get("chosen")
    if len(story.exposure) < 2:
        return f"The cheapest mix of {whose} batteries is also the least exposed one"
    most = f"{percent(-story.cut(story.exposure[-1]))} less"
    dearest = percent(story.cost[-1])
    if chosen is None or -story.cut(chosen.exposure) < wording.LEAST_WORTH_SAYING:
        title = (
            f"{wording.capitalised(whose)} batteries can be at most {most} exposed to chokepoints than in the cheapest"
        )
        return f"{title} mix, for {dearest} more cost"
    less, more = percent(-story.cut(chosen.exposure)), percent(max(chosen.cost, 0.0))
    title = f"{wording.capitalised(whose)} batteries can be {less} less exposed to chokepoints for {more} more cost"
    return f"{title} than the cheapest mix; {most} is the most, for {dearest} more"


def _marginal(story: _Story) -> list[str]:
    """What one unit less costs at the chosen mix, beside the price of a GWh of packs: two lines, or none."""
    if not math.isfinite(story.here):
        return []
    what = "One GWh less" if story.unit == "GWh" else "One unit less"
    low, high = (wording.number(end) for end in story.between)
    per_unit = f"{low} or more" if not math.isfinite(story.between[1]) else low if low == high else f"{low}–{high}"
    costs = f"{what} costs {per_unit} million USD here"
    if not math.isfinite(story.pack):
        return [costs]
    return [f"{costs};", f"a GWh of packs costs {wording.number(story.pack)} million"]


def _at(story: _Story, mix: _Mix) -> str:
    """1,160 GWh (−13%), cost +5%; of the cheapest the exposure alone."""
    if mix.name == "cheapest":
        return story.amount(mix.exposure)
    change, cost = percent(story.cut(mix.exposure), signed=True), percent(mix.cost, signed=True)
    return f"{story.amount(mix.exposure)} ({change}), cost {cost}"


def _note(story: _Story, result: Result) -> str:
    note = f"Note:{frame.caveats(result)} All mixes under the rules of the run."
    if len(story.exposure) > 1:
        note += " Line: straight between points that were solved"
        certified = math.isfinite(story.gap)
        exact = f"; it lies at most {percent(story.gap, digits=1)} of the span of cost above the true frontier"
        note += f"{exact}." if certified and story.gap > 0 else ", each an edge of it." if certified else "."
    if mixes.near(result):
        note += f" The chosen mix stands for all {mixes.near(result)}, so it may lie a little off the line."
    broken = [mix for mix in story.mixes.values() if mix.breaks]
    if broken:
        text = "; ".join(f"{mix.label}: {mix.breaks}" for mix in broken)
        note += f" {BREAKS}\u00a0Breaks limits that the others keep ({text})."
    return note


def _alt(story: _Story, subtitle: str) -> list[str]:
    """The line, the dots and what a unit less costs, in words."""
    dots = "; ".join(f"{mix.marked} {_at(story, mix)}" for mix in story.mixes.values())
    return [
        f"Line chart: {wording.lowered(subtitle)}. The cost rises from 0 to {percent(story.cost[-1])} above the"
        f" cheapest as the exposure falls from {story.amount(story.exposure[0])} to"
        f" {story.amount(story.exposure[-1])}.",
        f"Dots: {dots}.",
        f"At the chosen mix: {' '.join(_marginal(story))}." if _marginal(story) else "",
    ]


# --- drawing ---------------------------------------------------------------------------------------------------------

HEAD, UNDER, ROW = 0.3, 0.6, 0.165
"""Heights of the heading above the panel, of ticks and heading below it, and of a line of a label."""


def _draw(sheet: Page, story: _Story) -> None:
    """Cost upwards, exposure falling to the right; the line, the dots and their labels."""
    s = sheet.scale
    exposures = [*story.exposure, *(mix.exposure for mix in story.mixes.values())]
    costs = [*story.cost, *(mix.cost for mix in story.mixes.values())]
    wide, tall = max(exposures) - min(exposures) or 1.0, max(costs) - min(costs) or 0.01
    x_ends = max(exposures) + 0.02 * wide, min(exposures) - 0.03 * wide
    y_ends = 100 * (min(costs) - 0.03 * tall), 100 * (max(costs) + 0.06 * tall)
    ticks = [tick for tick in MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]).tick_values(*y_ends) if
             y_ends[0] <= tick <= y_ends[1]]  # fmt: skip
    names = {tick: percent(tick / 100, signed=True, digits=0 if wide_steps(ticks) else 1) for tick in ticks}
    gutter = max(text_width(text, LABEL * s) for text in names.values()) + 0.1 * s
    panel = Panel(sheet.left + gutter, sheet.bottom + UNDER * s, sheet.width - gutter,
                  sheet.top - sheet.bottom - (HEAD + UNDER) * s)  # fmt: skip
    axes = sheet.axes(panel)
    axes.set_xlim(*x_ends)
    axes.set_ylim(*y_ends)

    def at(exposure: float, cost: float) -> tuple[float, float]:
        x = panel.left + (x_ends[0] - exposure) / (x_ends[0] - x_ends[1]) * panel.width
        return x, panel.bottom + (100 * cost - y_ends[0]) / (y_ends[1] - y_ends[0]) * panel.height

    sheet.text(sheet.left, sheet.top - 0.12 * s, "Cost above the cheapest mix", HEADING, style.INK, SEMIBOLD)
    for tick, text in names.items():
        y = at(0, tick / 100)[1]
        zero = abs(tick) < 1e-9
        sheet.line((panel.left, panel.left + panel.width), (y, y), style.INK if zero else style.GRID,
                   0.9 if zero else 0.7, order=1 if zero else 0)  # fmt: skip
        sheet.text(panel.left - 0.07 * s, y - 0.36 * LABEL * s / 72, text, LABEL, style.MUTED, align="right")
    _draw_exposures(sheet, story, panel, x_ends)
    lines = _draw_marks(sheet, story, axes, at)
    _draw_labels(sheet, story, panel, lines, at)


def wide_steps(ticks: Sequence[float]) -> bool:
    """Whether ticks are whole per cents."""
    return all(abs(tick - round(tick)) < 1e-6 for tick in ticks)


def _draw_exposures(sheet: Page, story: _Story, panel: Panel, ends: tuple[float, float]) -> None:
    """Exposures below the panel, and below them what each is against the cheapest mix."""
    s = sheet.scale
    taken: list[tuple[float, float]] = []
    for tick in MaxNLocator(11, steps=[1, 2, 2.5, 5, 10]).tick_values(ends[1], ends[0]):
        x = panel.left + (ends[0] - tick) / (ends[0] - ends[1]) * panel.width
        texts = f"{tick:,.10g}", percent(story.cut(tick), signed=True)
        half = max(text_width(text, LABEL * s) for text in texts) / 2
        outside = x - half < sheet.left or x + half > sheet.right or not ends[1] <= tick <= ends[0]
        if outside or any(x - half < last + 0.06 * s and first < x + half + 0.06 * s for first, last in taken):
            continue
        taken.append((x - half, x + half))
        for line, (text, colour) in enumerate(zip(texts, (style.MUTED, style.FAINT), strict=True)):
            sheet.text(x, panel.bottom - (0.17 + 0.15 * line) * s, text, LABEL, colour, align="center")
    what = f"Exposure{f', {story.unit}' * bool(story.unit)}; below, against the cheapest mix"
    less = "less exposed →"
    sheet.text(sheet.left, panel.bottom - (UNDER - 0.06) * s, what, HEADING, style.INK, SEMIBOLD)
    sheet.text(sheet.right, panel.bottom - (UNDER - 0.06) * s, less, LABEL, style.MUTED, align="right")


def _draw_marks(sheet: Page, story: _Story, axes: Any, at: Any) -> NDArray[np.float64]:
    """The line with its points, and the dots; returns places that labels keep clear of, inches, (point, 2)."""
    s = sheet.scale
    taken = [np.empty((0, 2))]
    if len(story.exposure) > 1:
        axes.plot(story.exposure, 100 * story.cost, color=style.ACCENT, linewidth=2.2 * s, zorder=3,
                  solid_joinstyle="round")  # fmt: skip
        taken.append(
            beside.sampled(*np.array([at(*point) for point in zip(story.exposure, story.cost, strict=True)]).T)
        )
        for exposure, cost in zip(story.exposure[1:-1], story.cost[1:-1], strict=True):
            axes.plot(exposure, 100 * cost, "o", color=style.ACCENT, markersize=3.6 * s, markeredgecolor="white",
                      markeredgewidth=0.6 * s, zorder=4)  # fmt: skip
    chosen = story.mixes.get("chosen")
    if chosen is not None and chosen.cost > 0:
        axes.plot([chosen.exposure] * 2, [0, 100 * chosen.cost], color=style.INK, linewidth=0.9 * s, zorder=2,
                  linestyle=(0, (2, 2)))  # fmt: skip
        taken.append(beside.sampled(*np.array([at(chosen.exposure, 0), at(chosen.exposure, chosen.cost)]).T))
    for mix in reversed(list(story.mixes.values())):
        solid = mix.name == "chosen"
        edge = style.MUTED if mix.name == "incumbent" else style.INK
        axes.plot(mix.exposure, 100 * mix.cost, "o", color=style.ACCENT if solid else "white", markersize=8 * s,
                  markeredgecolor="white" if solid else edge, markeredgewidth=(1.0 if solid else 1.8) * s, zorder=6,
                  clip_on=False)  # fmt: skip
    zero = at(0, 0)[1]
    left, right = (at(exposure, 0)[0] for exposure in axes.get_xlim())
    taken.append(beside.sampled([left, right], [zero, zero]))
    return np.concatenate(taken)


def _draw_labels(sheet: Page, story: _Story, panel: Panel, taken: NDArray[np.float64], at: Any) -> None:
    """Beside each dot what mix it is and where it lies; at the chosen one what a unit less costs."""
    s = sheet.scale
    blocks = []
    for mix in story.mixes.values():
        colour = style.ACCENT if mix.name == "chosen" else style.INK
        more = _marginal(story) if mix.name == "chosen" else []
        name = style.shortened(mix.marked, 0.36 * panel.width, LABEL * s, SEMIBOLD)
        texts = [(name, colour, SEMIBOLD), (_at(story, mix), style.INK, REGULAR)]
        blocks.append([*texts, *((line, style.MUTED, REGULAR) for line in more)])
    sizes = [
        (max(text_width(text, LABEL * s, weight) for text, _, weight in block), ROW * s * len(block))
        for block in blocks
    ]
    dots = [at(mix.exposure, mix.cost) for mix in story.mixes.values()]
    for block, dot, spot, size in zip(
        blocks, dots, beside.spots(sizes, dots, taken, panel, 0.09 * s), sizes, strict=True
    ):
        away = math.dist(dot, spot.end)
        if away > 0.16 * s:
            parts = 0.075 * s / away, 1 - 0.03 * s / away
            x, y = ([dot[i] + (spot.end[i] - dot[i]) * part for part in parts] for i in (0, 1))
            sheet.line(x, y, style.INK, 0.8, order=5)
        for line, (text, colour, weight) in enumerate(block):
            baseline = spot.bottom + size[1] - ROW * s * (line + 0.78)
            sheet.text(spot.left, baseline, text, LABEL, colour, weight)
