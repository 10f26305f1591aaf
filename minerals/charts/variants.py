"""The mixes of a run side by side: what each makes at home, loses on average and in the stops it moves, and costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from minerals.charts import footer, frame, mixes, style, wording
from minerals.charts.bundle import Bundle, Result
from minerals.charts.fonts import REGULAR, SEMIBOLD
from minerals.charts.selection import Selection, label
from minerals.charts.style import LABEL, SMALL, Page, text_width
from minerals.errors import UsageError
from minerals.numbers import percent
from minerals.tables.codes import WEIGHTED

NAME = "variants"
WAY_OUT = f"{mixes.WAY_OUT} that has variants, [optimise.variant.NAME]"
WEIGHTS = "equal"
"""The set of weights of the mean that is drawn."""
MOVED = 5e-3
"""Change, as a part of the largest value, below which a mix is as the first one."""
SAME = "#9AA3AD"
DATA = ("panel", "measure", "item", "scenario", "label", "first", "last", "value", "difference", "unit")


def figure(result: Result, *, size: str = "brief", title: str | None = None) -> Bundle:
    """Draw a row for each mix, that of [optimise] first, and a column for each of what the mixes differ in.

    size: 'brief' or 'slide'; title: one to use instead of the computed finding.

    The data of the bundle hold each bar: value in unit, difference from the mix of [optimise], and what it is of, as in
    the table mix_variant; shares are in %, costs in billion USD.
    """
    story = _story(result)
    rows = len(story.labels)
    first, last = story.years
    return frame.bundle(
        result, NAME, title=title, size=size, scenarios=story.scenarios, unit="%, GWh, billion USD",
        used=footer.demand(result, story.scenarios, story.place, result.record["years"], footer.whole(
            "disruption", "supply", "cell_price", "cell_price_gap", "price_relative", "learning_rate")),
        finding=_finding(story), note=_note(story, result),
        subtitle=f"Mixes of batteries for {wording.place(story.place)}, {first}–{last}, beside {story.labels[0]}",
        body=(HEAD + rows * USUAL, HEAD + rows * LEAST), draw=lambda page: _draw(page, story),
        alt=lambda subtitle: _alt(story, subtitle), data=_drawn(story), options={},
    )  # fmt: skip


class _Panel(NamedTuple):
    """One column. title: what stands above it; values: of each mix; better: whether more of it is good (1), bad (−1),
    or neither (0); unit: of the values."""

    title: str
    measure: str
    item: str
    values: tuple[float, ...]
    better: int
    unit: str

    def text(self, value: float) -> str:
        """A value as it is printed."""
        return percent(value / 100) if self.unit == "%" else wording.number(value)

    def colour(self, value: float) -> str:
        """Of a bar: grey where it is as in the first mix."""
        change = value - self.values[0]
        if abs(change) <= MOVED * max(map(abs, self.values)):
            return SAME
        return style.RISE if self.better * change < 0 else style.ACCENT


@dataclass(frozen=True)
class _Story:
    """The numbers of one chart. scenarios, labels: of the mixes; years: first and last that are decided; mean: lost on
    average, and cost: of all batteries, by mix."""

    place: str
    scenarios: tuple[str, ...]
    labels: tuple[str, ...]
    years: tuple[int, int]
    panels: tuple[_Panel, ...]
    mean: tuple[float, ...]
    cost: tuple[float, ...]


def _story(result: Result) -> _Story:
    selection = Selection(NAME, result)
    table = selection.table("mix_variant", way_out=WAY_OUT)
    selection.settle()
    table = table.assign(item=table["item"].fillna("").astype(str))
    first, last = int(table["first"].min()), int(table["last"].max())
    whole = table[(table["first"] == first) & (table["last"] == last)]
    scenarios = tuple(dict.fromkeys(map(str, table["scenario"])))

    def values(measure: str, item: str, scale: float = 1.0) -> tuple[float, ...]:
        mine = whole[(whole["measure"] == measure) & (whole["item"] == item)].set_index("scenario")["value"]
        return tuple(float(mine[name]) * scale for name in scenarios)

    mean, cost = values("mean_lost", WEIGHTS), values("cost", "all", 1e-3)
    events = {item: values("lost", item) for item in dict.fromkeys(whole.loc[whole["measure"] == "lost", "item"])}
    names = dict(zip(result["mix_loss"]["disruption"], result["mix_loss"]["label"], strict=True))
    panels = [
        _Panel("Cells made at home", "made_at_home", "", values("made_at_home", "", 100.0), 0, "%"),
        *(_Panel(f"Lost {wording.if_it_happens(str(names[name]))}", "lost", name, events[name], -1, "GWh")
          for name in _moved(events)),
        _Panel("Lost on average", "mean_lost", WEIGHTS, mean, -1, "GWh"),
        _Panel("Cost without duties, with credits", "cost", "all", cost, -1, "billion USD"),
    ]  # fmt: skip
    return _Story(
        place=selection.everything, scenarios=scenarios, years=(first, last), panels=tuple(panels), mean=mean,
        cost=cost, labels=tuple(label(selection.record["scenarios"], name) for name in scenarios),
    )  # fmt: skip


def _moved(events: dict[str, tuple[float, ...]]) -> list[str]:
    """Disruptions that the mixes lower and raise most against the first one."""
    change = {name: [value - values[0] for value in values] for name, values in events.items()}
    ends = [min(change, key=lambda name: min(change[name])), max(change, key=lambda name: max(change[name]))]
    most = max((value for values in events.values() for value in values), default=0.0)
    return [name for name in dict.fromkeys(ends) if max(map(abs, change[name])) > MOVED * most]


def _drawn(story: _Story) -> pd.DataFrame:
    """Exactly what is drawn, long."""
    rows = [
        (panel.title, panel.measure, panel.item, scenario, name, *story.years, value, value - panel.values[0],
         panel.unit)
        for panel in story.panels
        for scenario, name, value in zip(story.scenarios, story.labels, panel.values, strict=True)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(DATA))


# --- words -----------------------------------------------------------------------------------------------------------


def _finding(story: _Story) -> str:
    """Which mix loses least on average, and which most, against the first one, and for what cost."""
    whose = wording.capitalised(wording.possessive(story.place))
    change = [value / story.mean[0] - 1 if story.mean[0] else 0.0 for value in story.mean]
    least, most = int(np.argmin(change)), int(np.argmax(change))
    lower, raised = -change[least], change[most]
    clauses = []
    if lower >= wording.LEAST_WORTH_SAYING:
        cost = story.cost[least] / story.cost[0] - 1
        dear = (
            f"{percent(abs(cost))} {'more' if cost > 0 else 'less'} cost" if percent(abs(cost)) != "0%" else "no cost"
        )
        clauses.append(f"{story.labels[least]} lowers what a stop takes on average by {percent(lower)}, for {dear}")
    if raised >= wording.LEAST_WORTH_SAYING:
        whom = "" if clauses else " what a stop takes on average"
        clauses.append(f"{story.labels[most]} raises {'it' if clauses else whom.strip()} by {percent(raised)}")
    if not clauses:
        return f"{whose} batteries lose about as much on average in each of {len(story.labels)} mixes"
    return f"{whose} batteries: {'; '.join(clauses)}"


def _note(story: _Story, result: Result) -> str:
    note = f"Note:{frame.caveats(result)} Lost: GWh over all years that cannot be had while a stop holds; on average:"
    note += f" {WEIGHTED[WEIGHTS]}, and so are their stops with and without cells. Cost: what buyers pay, without"
    note += f" duties and with credits. Grey: as in {story.labels[0]}; orange: more lost or dearer."
    if near := mixes.near(result):
        note += f" Each mix stands for all {near}, of which others may lose and make other amounts."
    return note


def _alt(story: _Story, subtitle: str) -> list[str]:
    """Each row in words."""
    parts = []
    for place, name in enumerate(story.labels):
        said = [
            f"{wording.lowered(panel.title)} {panel.text(panel.values[place])} {panel.unit.strip('%')}".strip()
            for panel in story.panels
        ]
        parts.append(f"{name}: {', '.join(said)}")
    return [f"Bars: {wording.lowered(subtitle)}. {'. '.join(parts)}."]


# --- drawing ---------------------------------------------------------------------------------------------------------

HEAD, USUAL, LEAST = 0.72, 0.36, 0.2
"""Height of the headings, and of a row, inches before scaling."""
GAP, NAMES = 0.16, 1.35
"""Air between two columns, and the most width of the names."""


def _draw(sheet: Page, story: _Story) -> None:
    """Names at the left; in each column a bar for each mix from zero on, with its value."""
    s, count = sheet.scale, len(story.labels)
    top = sheet.top - HEAD * s
    pitch = min((top - sheet.bottom) / count, 0.5 * s)
    if pitch < 0.8 * LEAST * s:
        raise UsageError(f"{NAME}: {count} mixes do not fit on this size; draw the other size, or choose fewer")
    middles = [top - (row + 0.5) * pitch for row in range(count)]
    names = [style.shortened(name, NAMES * s, LABEL * s, SEMIBOLD) for name in story.labels]
    left = sheet.left + max(text_width(name, LABEL * s, SEMIBOLD) for name in names) + GAP * s
    for name, middle in zip(names, middles, strict=True):
        sheet.text(sheet.left, middle - 0.36 * LABEL * s / 72, name, LABEL, style.INK, SEMIBOLD)
    step = (sheet.right - left + GAP * s) / len(story.panels)
    for column, panel in enumerate(story.panels):
        _draw_panel(sheet, panel, left + column * step, step - GAP * s, top, middles, pitch)


def _draw_panel(
    sheet: Page, panel: _Panel, left: float, width: float, top: float, middles: list[float], pitch: float
) -> None:
    """One column; its bars end where the longest value still has room."""
    s = sheet.scale
    head = style.wrapped(panel.title, width, SMALL * s, SEMIBOLD, most=4)
    lines = [*((line, style.INK, SEMIBOLD) for line in head), (panel.unit, style.FAINT, REGULAR)]
    for line, (text, colour, weight) in enumerate(lines):
        baseline = top + (0.08 + 0.125 * (len(lines) - 1 - line)) * s
        sheet.text(left, baseline, text, SMALL, colour, weight)
    texts = [panel.text(value) for value in panel.values]
    room = width - max(text_width(text, LABEL * s) for text in texts) - 0.06 * s
    longest = max(*panel.values, 1e-9)
    sheet.line((left, left), (top, middles[-1] - 0.5 * pitch), style.INK, 0.9, order=4)
    for value, text, middle in zip(panel.values, texts, middles, strict=True):
        end = left + max(room, 0.0) * max(value, 0.0) / longest
        thick = min(0.5 * pitch, 0.16 * s)
        sheet.box(left, middle - thick / 2, end - left, thick, panel.colour(value))
        sheet.text(end + 0.04 * s, middle - 0.36 * LABEL * s / 72, text, LABEL, style.INK)
