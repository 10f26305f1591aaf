"""What being less exposed costs: the least cost of a mix at each exposure, the mixes of the run on it or beside, and
below, on the same exposures, of which families the batteries are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from minerals.charts import footer, frame, label_places, mixes, series, style, supply, wording
from minerals.charts.bundle import Bundle, Result
from minerals.charts.fonts import REGULAR, SEMIBOLD
from minerals.charts.selection import Selection
from minerals.charts.series import Layer
from minerals.charts.style import FAMILY, HEADING, LABEL, Page, Panel, text_width
from minerals.numbers import percent

NAME = "frontier"
BREAKS = "†"
"""The mark of a mix that breaks limits which the others keep."""
ORDER = ("chosen", "incumbent", "least_exposed", "cheapest")
"""The mixes, in the order in which their labels choose their place."""
DATA = (
    "quantity", "mix", "family", "exposure", "exposure_unit", "value", "marginal", "marginal_low", "marginal_high",
    "unit",
)  # fmt: skip


def figure(result: Result, *, size: str = "brief", title: str | None = None) -> Bundle:
    """Draw the least cost of a mix at each exposure, above that of the cheapest, the mixes that the run tells of, and
    where it has ranges the share of each family along the way.

    size: 'brief' or 'slide'; title: one to use instead of the computed finding.

    The data of the bundle hold a row for each point of the frontier (quantity `frontier`: exposure in exposure_unit,
    value in % above the cheapest mix, marginal in million USD per unit less of exposure from there on), for each dot
    (quantity `mix`; of the chosen one also marginal_low and marginal_high, between which its marginal is), and for each
    family at each exposure of the lower panel (quantity `share`, % of the batteries of all years decided).
    """
    story = _story(result)
    return frame.bundle(
        result, NAME, title=title, size=size, scenarios=story.scenarios, unit="%",
        used=_used(result, story), finding=_finding(story), note=_note(story, result),
        subtitle=f"Least cost of the batteries of {story.span} at each exposure: {story.objective}",
        body=(3.0 + MIXES, 2.0 + MIXES) if story.families else (3.9, 2.2), draw=lambda page: _draw(page, story),
        alt=lambda subtitle: _alt(story, subtitle),
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
    they are not known; families: from the base of the stack up, of all batteries of the years, empty where that is not
    known; along: exposures of the mixes that stand for those about as good, and shares: 0–1, (family, exposure).
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
    families: tuple[str, ...]
    along: NDArray[np.float64]
    shares: NDArray[np.float64]

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
    families, along, shares = _along(result)
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
        families=families,
        along=along,
        shares=shares,
    )  # fmt: skip


def _along(result: Result) -> tuple[tuple[str, ...], NDArray[np.float64], NDArray[np.float64]]:
    """Families of the mixes along the frontier, the exposures of these, and the shares; none where they were not
    sought."""
    try:
        table = result["mix_along"]
    except KeyError:
        table = pd.DataFrame(columns=["exposure", "family", "value"])
    table = table.assign(family=mixes.drawn_as([str(family) for family in table["family"]]))
    by = table.pivot_table(index="family", columns="exposure", values="value", aggfunc="sum").astype(float)
    families = tuple(family for family in FAMILY if family in by.index and by.loc[family].max() > mixes.PINNED)
    by = by.loc[list(families), sorted(by.columns, reverse=True)]
    if by.shape[1] < 2:
        return (), np.zeros(0), np.zeros((0, 0))
    return families, by.columns.to_numpy(float), by.to_numpy(float)


def _used(result: Result, story: _Story) -> footer.Used:
    """What the mixes are chosen from: demand, disruptions, supply, limits and prices."""
    tables = ("disruption", "supply", "growth_limit", "commercial_year", "chemistry_performance", "segment_need",
              "cell_price", "price_relative", "learning_rate")  # fmt: skip
    return footer.demand(result, story.scenarios, story.place, result.record["years"], footer.whole(*tables))


def _drawn(story: _Story) -> pd.DataFrame:
    """Exactly what is drawn, long."""
    unit = "% above the cheapest"
    rows: list[tuple[Any, ...]] = [
        ("frontier", "", "", *point[:1], story.unit, 100 * point[1], point[2], np.nan, np.nan, unit)
        for point in zip(story.exposure, story.cost, story.marginal, strict=True)
    ]
    for mix in story.mixes.values():
        here = (story.here, *story.between) if mix.name == "chosen" else (np.nan,) * 3
        rows.append(("mix", mix.name, "", mix.exposure, story.unit, 100 * mix.cost, *here, unit))
    for family, shares in zip(story.families, story.shares, strict=True):
        for exposure, share in zip(story.along, shares, strict=True):
            rows.append(("share", "", family, exposure, story.unit, 100 * share, *(np.nan,) * 3, "%"))
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
    return f"{title}, and at most {most}, for {dearest} more"


def _marginal(story: _Story, name: str = "") -> str:
    """What one unit less costs at the chosen mix, beside the price of a GWh of packs; '' where it is not known. name:
    of the mix."""
    if not math.isfinite(story.here):
        return ""
    low, high = (wording.number(end) for end in story.between)
    per_unit = f"{low} or more" if not math.isfinite(story.between[1]) else low if low == high else f"{low}–{high}"
    costs = f"{name or 'here'}: one {'GWh' if story.unit == 'GWh' else 'unit'} less costs {per_unit} million USD"
    return f"{costs}, a GWh of packs {wording.number(story.pack)}" if math.isfinite(story.pack) else costs


def _at(story: _Story, mix: _Mix) -> str:
    """1,160 GWh (−13%), cost +5%; of the cheapest the exposure alone."""
    if mix.name == "cheapest":
        return story.amount(mix.exposure)
    change, cost = percent(story.cut(mix.exposure), signed=True), percent(mix.cost, signed=True)
    return f"{story.amount(mix.exposure)} ({change}), cost {cost}"


def _note(story: _Story, result: Result) -> str:
    note = f"Note:{frame.caveats(result)} All mixes keep the rules of the run; changes are against the cheapest."
    if len(story.exposure) > 1:
        note += " Line: straight between points that were solved"
        certified = math.isfinite(story.gap)
        exact = f"; it lies at most {percent(story.gap, digits=1)} of the span of cost above the true frontier"
        note += f"{exact}." if certified and story.gap > 0 else ", each an edge of it." if certified else "."
    if mixes.near(result):
        note += f" The chosen mix stands for all {mixes.near(result)}, so it may lie a little off the line."
    if story.families:
        within = mixes.near(result).removesuffix(" of the best")
        note += f" Shares: of all mixes {within} of a point, those of the one nearest to the incumbent."
        note += " White hatch: silicon in the anode." if "Si-anode" in story.families else ""
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
        f"{_marginal(story, 'At the chosen mix')}." if _marginal(story) else "",
        f"Below, stacked areas of each family’s share, from the cheapest mix to the least exposed: {_shifts(story)}."
        if story.families
        else "",
    ]


def _shifts(story: _Story) -> str:
    """LFP 60% to 41%; NMC 30% to 12%."""
    ends = zip(story.families, story.shares[:, 0], story.shares[:, -1], strict=True)
    return "; ".join(f"{family} {percent(first)} to {percent(last)}" for family, first, last in ends)


# --- drawing ---------------------------------------------------------------------------------------------------------

HEAD, UNDER, ROW = 0.3, 0.45, 0.165
"""Heights of the heading above the panel, of ticks and heading below it, and of a line of a label."""
NAMED = 0.02
"""Share of the batteries from which a family is named, anywhere along the frontier."""
MIXES, AIR = 1.4, 0.36
"""Height of the panel of shares with its heading, and of that heading with the air above it."""


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
    beyond = max((text_width(family, LABEL * s, SEMIBOLD) + 0.2 * s for family in story.families), default=0.0)
    below = (UNDER + (MIXES if story.families else 0.0)) * s
    panel = Panel(sheet.left + gutter, sheet.bottom + below, sheet.width - gutter - beyond,
                  sheet.top - sheet.bottom - HEAD * s - below)  # fmt: skip
    axes = sheet.axes(panel)
    axes.set_xlim(*x_ends)
    axes.set_ylim(*y_ends)

    def at(exposure: float, cost: float) -> tuple[float, float]:
        x = panel.left + (x_ends[0] - exposure) / (x_ends[0] - x_ends[1]) * panel.width
        return x, panel.bottom + (100 * cost - y_ends[0]) / (y_ends[1] - y_ends[0]) * panel.height

    heading = "Cost above the cheapest mix"
    sheet.text(sheet.left, sheet.top - 0.12 * s, heading, HEADING, style.INK, SEMIBOLD)
    if "chosen" in story.mixes and _marginal(story):
        room = sheet.width - text_width(heading, HEADING * s, SEMIBOLD) - 0.2 * s
        name = style.shortened(story.mixes["chosen"].label, room - text_width(_marginal(story), LABEL * s), LABEL * s)
        sheet.text(sheet.right, sheet.top - 0.12 * s, _marginal(story, name), LABEL, style.MUTED, align="right")
    for tick, text in names.items():
        y = at(0, tick / 100)[1]
        zero = abs(tick) < 1e-9
        sheet.line((panel.left, panel.left + panel.width), (y, y), style.INK if zero else style.GRID,
                   0.9 if zero else 0.7, order=1 if zero else 0)  # fmt: skip
        sheet.text(panel.left - 0.07 * s, y - 0.36 * LABEL * s / 72, text, LABEL, style.MUTED, align="right")
    if story.families:
        shares = Panel(panel.left, sheet.bottom + UNDER * s, panel.width, (MIXES - AIR) * s)
        _draw_shares(sheet, story, shares, x_ends)
    _draw_exposures(sheet, story, panel._replace(bottom=sheet.bottom + UNDER * s), x_ends)
    lines = _draw_marks(sheet, story, axes, at)
    _draw_labels(sheet, story, panel, lines, at)


def _draw_shares(sheet: Page, story: _Story, panel: Panel, ends: tuple[float, float]) -> None:
    """The share of each family at each exposure, stacked, and its name at the right."""
    s = sheet.scale
    axes = sheet.axes(panel)
    axes.set_xlim(*ends)
    axes.set_ylim(0, 1)
    sheet.text(sheet.left, panel.bottom + panel.height + 0.12 * s, "Share of all batteries, %", HEADING, style.INK,
               SEMIBOLD)  # fmt: skip
    for share in (0, 0.5, 1):
        y = panel.bottom + share * panel.height
        sheet.text(panel.left - 0.07 * s, y - 0.36 * LABEL * s / 72, f"{100 * share:.0f}" + "%" * (share == 1), LABEL,
                   style.MUTED, align="right")  # fmt: skip
    layers = [
        Layer(values, FAMILY[family], style.SILICON_HATCH if family == "Si-anode" else "")
        for family, values in zip(story.families, story.shares, strict=True)
    ]
    edges = series.stack(axes, list(story.along), layers, s)
    chosen = story.mixes.get("chosen")
    if chosen is not None and chosen.cost > 0:
        axes.plot([chosen.exposure] * 2, [0, 1], color="white", linewidth=0.9 * s, zorder=5, linestyle=(0, (2, 2)))
    middles = panel.bottom + (edges[:, -1] - story.shares[:, -1] / 2) * panel.height
    right = panel.left + (ends[0] - story.along[-1]) / (ends[0] - ends[1]) * panel.width
    lowest, highest = panel.bottom + 0.05 * s, panel.bottom + panel.height - 0.02 * s
    named = story.shares.max(axis=1) > NAMED
    places = series.spread(middles[named], ROW * s, lowest, highest)
    families = [family for family, is_named in zip(story.families, named, strict=True) if is_named]
    for family, middle, y in zip(families, middles[named], places, strict=True):
        colour = style.as_text(FAMILY[family])
        sheet.line((right + 0.03 * s, right + 0.11 * s), (middle, y), colour, 0.8, order=5)
        sheet.text(right + 0.14 * s, y - 0.36 * LABEL * s / 72, family, LABEL, colour, SEMIBOLD)


def wide_steps(ticks: Sequence[float]) -> bool:
    """Whether ticks are whole per cents."""
    return all(abs(tick - round(tick)) < 1e-6 for tick in ticks)


def _draw_exposures(sheet: Page, story: _Story, panel: Panel, ends: tuple[float, float]) -> None:
    """Exposures below the panel, each with what it is against the cheapest mix."""
    s = sheet.scale
    taken: list[tuple[float, float]] = []
    for tick in MaxNLocator(7, steps=[1, 2, 2.5, 5, 10]).tick_values(ends[1], ends[0]):
        x = panel.left + (ends[0] - tick) / (ends[0] - ends[1]) * panel.width
        text = f"{tick:,.10g} ({percent(story.cut(tick), signed=True)})"
        half = text_width(text, LABEL * s) / 2
        outside = x - half < sheet.left or x + half > sheet.right or not ends[1] <= tick <= ends[0]
        if outside or any(x - half < last + 0.06 * s and first < x + half + 0.06 * s for first, last in taken):
            continue
        taken.append((x - half, x + half))
        sheet.text(x, panel.bottom - 0.17 * s, text, LABEL, style.MUTED, align="center")
    what = f"Exposure{f', {story.unit}' * bool(story.unit)} (against the cheapest mix)"
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
            label_places.sampled(*np.array([at(*point) for point in zip(story.exposure, story.cost, strict=True)]).T)
        )
        for exposure, cost in zip(story.exposure[1:-1], story.cost[1:-1], strict=True):
            axes.plot(exposure, 100 * cost, "o", color=style.ACCENT, markersize=3.6 * s, markeredgecolor="white",
                      markeredgewidth=0.6 * s, zorder=4)  # fmt: skip
    chosen = story.mixes.get("chosen")
    if chosen is not None and chosen.cost > 0:
        axes.plot([chosen.exposure] * 2, [0, 100 * chosen.cost], color=style.INK, linewidth=0.9 * s, zorder=2,
                  linestyle=(0, (2, 2)))  # fmt: skip
        taken.append(label_places.sampled(*np.array([at(chosen.exposure, 0), at(chosen.exposure, chosen.cost)]).T))
    for mix in reversed(list(story.mixes.values())):
        solid = mix.name == "chosen"
        edge = style.MUTED if mix.name == "incumbent" else style.INK
        axes.plot(mix.exposure, 100 * mix.cost, "o", color=style.ACCENT if solid else "white", markersize=8 * s,
                  markeredgecolor="white" if solid else edge, markeredgewidth=(1.0 if solid else 1.8) * s, zorder=6,
                  clip_on=False)  # fmt: skip
    zero = at(0, 0)[1]
    left, right = (at(exposure, 0)[0] for exposure in axes.get_xlim())
    taken.append(label_places.sampled([left, right], [zero, zero]))
    return np.concatenate(taken)


def _draw_labels(sheet: Page, story: _Story, panel: Panel, taken: NDArray[np.float64], at: Any) -> None:
    """Beside each dot what mix it is and where it lies."""
    s = sheet.scale
    blocks = []
    for mix in story.mixes.values():
        colour = style.ACCENT if mix.name == "chosen" else style.INK
        part = 0.27 if story.families else 0.36
        name = style.shortened(mix.marked, part * panel.width, LABEL * s, SEMIBOLD)
        blocks.append([(name, colour, SEMIBOLD), (_at(story, mix), style.INK, REGULAR)])
    sizes = [
        (max(text_width(text, LABEL * s, weight) for text, _, weight in block), ROW * s * len(block))
        for block in blocks
    ]
    dots = [at(mix.exposure, mix.cost) for mix in story.mixes.values()]
    for block, dot, spot, size in zip(
        blocks, dots, label_places.spots(sizes, dots, taken, panel, 0.09 * s), sizes, strict=True
    ):
        away = math.dist(dot, spot.end)
        if away > 0.16 * s:
            parts = 0.075 * s / away, 1 - 0.03 * s / away
            x, y = ([dot[i] + (spot.end[i] - dot[i]) * part for part in parts] for i in (0, 1))
            sheet.line(x, y, style.INK, 0.8, order=5)
        for line, (text, colour, weight) in enumerate(block):
            baseline = spot.bottom + size[1] - ROW * s * (line + 0.78)
            sheet.text(spot.left, baseline, text, LABEL, colour, weight)
