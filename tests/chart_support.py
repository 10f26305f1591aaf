"""A small result to draw charts from, and what must hold of every drawn page: each text in its place."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import combinations, product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.colors import same_color, to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.path import Path as Path_
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from minerals.charts import fonts, style
from minerals.charts.bundle import Bundle
from minerals.columns import Columns

FAMILIES_OF_FONTS = sorted({fonts.families(), (fonts.FALLBACK,)})
FONTS = pytest.mark.parametrize("family", FAMILIES_OF_FONTS, ids=" ".join)
SIZES = pytest.mark.parametrize("size", style.SIZES)
CAVEAT = "Adoption shares are calibrated to the report’s published percentages, not predicted: one member of a family."
FAMILIES = {"nmc811": "NMC", "nmc622": "NMC", "lfp": "LFP", "li_metal_solid": "Li-metal", "li_s": "Li-S"}
SPREAD = {"nmc811": (0.93, 1.09), "nmc622": (0.93, 1.09), "lfp": (0.92, 1.1), "li_metal_solid": (0.7, 1.3)}
EUROPE: dict[str, dict[str, dict[str, float]]] = {
    "incumbent": {
        "graphite": {"nmc811": 310, "nmc622": 230, "lfp": 460},
        "nickel": {"nmc811": 205, "nmc622": 135},
        "lithium": {"nmc811": 35, "nmc622": 25, "lfp": 45},
        "cobalt": {"nmc811": 26, "nmc622": 36},
    },
    "next-gen": {
        "graphite": {"nmc811": 230, "nmc622": 170, "lfp": 350},
        "nickel": {"nmc811": 155, "nmc622": 110, "li_metal_solid": 60},
        "lithium": {"nmc811": 26, "nmc622": 18, "lfp": 34, "li_metal_solid": 5, "li_s": 27},
        "cobalt": {"nmc811": 19, "nmc622": 28, "li_metal_solid": 9},
    },
}
"""kt in Europe, 2035: scenario -> mineral -> chemistry."""
LONG = {
    "incumbent": "Incumbent chemistries carried on as announced by every maker until 2035",
    "next-gen": "Highest justifiable next-generation adoption with strong policy support",
}


class FakeResult:
    """A record and tables, as a result has them."""

    def __init__(self, record: dict[str, Any], tables: dict[str, pd.DataFrame]) -> None:
        self.record = record
        self.tables = tables

    def __getitem__(self, table: str, /) -> pd.DataFrame:
        return self.tables[table]

    def columns(self, name: str, /) -> Columns:
        return Columns.from_frame(self.tables[name])


def result(
    kt: Mapping[str, Mapping[str, Mapping[str, float]]] = EUROPE,
    *,
    labels: Mapping[str, str] | None = None,
    spread: Mapping[str, tuple[float, float]] | None = None,
    regions: Sequence[str] = ("Europe",),
    region_label: str = "Europe",
    years: Sequence[int] = (2030, 2035),
    caveats: Mapping[str, str] | None = None,
    minerals: Mapping[str, str] | None = None,
    **scenario: Any,
) -> FakeResult:
    """A small result: `kt` in the last year, half of it in the years before; regions share it evenly."""
    labels = labels or {"incumbent": "Incumbent", "next-gen": "Next-gen"}
    spread = SPREAD if spread is None else spread
    rows = []
    for name, mineral, year, region in product(kt, {m: 0 for s in kt.values() for m in s}, years, regions):
        for chemistry, value in kt[name].get(mineral, {}).items():
            value *= (1.0 if year == max(years) else 0.5) / len(regions)
            low, high = spread.get(chemistry, (1.0, 1.0))
            rows.append({"scenario": name, "region": region, "segment": "car", "chemistry": chemistry, "silicon": "",
                         "mineral": mineral, "year": year, "value": value, "low": low * value, "high": high * value,
                         "unit": "kt"})  # fmt: skip
    codes = sorted({str(row["mineral"]) for row in rows})
    record = {
        "run": "europe-2035",
        "run_id": "3f9a1c2",
        "title": "Europe 2035, incumbent and next-gen",
        "versions": {"minerals": "1.0.0", "numpy": "2.4.6"},
        "regions": list(regions),
        "region_label": region_label,
        "scenarios": {
            name: {
                "label": labels.get(name, name),
                "demand": "stated-policies",
                "adoption": f"europe-{name}",
                "kind": "calibrated",
                "caveat": CAVEAT if caveats is None else caveats.get(name, ""),
            }
            | scenario
            for name in kt
        },
        "codes": {
            "mineral": {code: {"label": (minerals or {}).get(code, code.capitalize()), "basis": ""} for code in codes},
            "chemistry": {code: {"label": code, "family": family} for code, family in FAMILIES.items()},
        },
    }
    sources = pd.DataFrame(
        [
            ("greet", "Argonne National Laboratory (2023). GREET battery module.", "https://greet.anl.gov", "free"),
            ("iea", "International Energy Agency (2025). Global EV Outlook 2025.", "", "CC BY 4.0"),
            ("carnegie", "McBride, M. (2026). Battery Geopolitics. Carnegie Endowment.", "", "cited"),
            ("assumed", "", "", ""),
        ],
        columns=["source", "citation", "url", "licence"],
    )
    return FakeResult(record, {"mineral_demand": pd.DataFrame(rows), "sources_used": sources})


def scaled(factor: float, kt: Mapping[str, Mapping[str, float]] = EUROPE["next-gen"]) -> dict[str, dict[str, float]]:
    """A scenario `factor` times another."""
    return {mineral: {c: factor * value for c, value in by.items()} for mineral, by in kt.items()}


def other(**changes: dict[str, float]) -> dict[str, dict[str, dict[str, float]]]:
    """The two scenarios, with some minerals of the second one replaced."""
    return {"incumbent": EUROPE["incumbent"], "next-gen": EUROPE["next-gen"] | changes}


def digests(drawn: Bundle) -> dict[str, str]:
    return {name: hashlib.sha256(content).hexdigest() for name, content in drawn.contents().items()}


def extents(figure: Figure) -> dict[Text, Bbox]:
    """Every text of the figure with what its letters cover, in pixels.

    Letters, not the line box that matplotlib reports as window extent: that one holds air above the capitals, which
    differs from typeface to typeface.
    """
    assert all(not axes.axison and not axes.texts for axes in figure.axes)
    canvas = figure.canvas
    assert isinstance(canvas, FigureCanvasAgg)
    covered = {}
    with style.context():
        renderer: Any = canvas.get_renderer()
        for text in figure.texts:
            box = text.get_window_extent(renderer)
            font = text.get_fontproperties()
            width, height, descent = renderer.get_text_width_height_descent(text.get_text(), font, False)
            assert width == pytest.approx(box.width, abs=2)
            assert height <= box.height + 1
            bottom = text.get_transform().transform(text.get_position())[1] - descent
            covered[text] = Bbox([[box.x0, bottom], [box.x1, bottom + height]])
    return covered


def overlap(one: Bbox, two: Bbox, slack: float = 0.5) -> bool:
    across = min(one.x1, two.x1) - max(one.x0, two.x0)
    upright = min(one.y1, two.y1) - max(one.y0, two.y0)
    return across > slack and upright > slack


def obstacles(figure: Figure) -> Iterator[Callable[[Bbox], bool]]:
    """What no text may touch, each as a test of what the text covers: lines, dots, areas, boxes; not gridlines."""
    lines = [line for axes in figure.axes for line in axes.lines]
    for artist in [*lines, *figure.artists]:
        if isinstance(artist, Line2D):
            yield from _line(artist, figure.dpi)
        else:
            assert isinstance(artist, Rectangle)
            yield partial(overlap, artist.get_window_extent())
    for axes in figure.axes:
        for area in axes.collections:
            assert isinstance(area, PolyCollection)
            path = area.get_paths()[0].transformed(area.get_transform())
            yield lambda box, path=path: bool(path.intersects_bbox(box, filled=True))


def _line(line: Line2D, dpi: float) -> Iterator[Callable[[Bbox], bool]]:
    points = line.get_transform().transform(line.get_xydata())
    gridline = same_color(line.get_color(), style.GRID)
    zero = len(points) == 2 and (np.asarray(line.get_xdata(), float) == 0).all()
    if gridline or zero or not np.isfinite(points).all():
        return
    half = (line.get_markersize() if len(points) == 1 else line.get_linewidth()) / 72 * dpi / 2
    if len(points) == 1:
        yield partial(overlap, Bbox([points[0], points[0]]).padded(half))
    else:
        path = Path_(points)
        yield lambda box: bool(path.intersects_bbox(box.padded(half - 0.5), filled=False))


def check_layout(drawn: Figure, measures: style.Size) -> None:
    """Inside the margins, clear of every other text and of the marks, and readable on what is behind it."""
    width, height = drawn.get_size_inches()
    assert width == measures.width
    assert measures.least <= height <= measures.most
    covered = extents(drawn)
    margin = style.MARGIN * drawn.dpi
    page = Bbox([[margin, margin], [width * drawn.dpi - margin, height * drawn.dpi - margin]])
    outside = [t.get_text() for t, box in covered.items() if not (
        box.x0 >= page.x0 - 0.5 and box.x1 <= page.x1 + 0.5 and box.y0 >= page.y0 - 0.5 and box.y1 <= page.y1 + 0.5
    )]  # fmt: skip
    assert outside == []
    clashes = [(a.get_text(), b.get_text()) for a, b in combinations(covered, 2) if overlap(covered[a], covered[b])]
    assert clashes == []
    touching = list(obstacles(drawn))
    assert [t.get_text() for t, box in covered.items() if any(touches(box) for touches in touching)] == []
    bars = [(bar.get_window_extent(), to_hex(bar.get_facecolor())) for axes in drawn.axes for bar in axes.patches]
    for text, box in covered.items():
        behind = [ground for bar, ground in bars if overlap(box, bar)]
        assert len(behind) <= 1
        if behind:
            assert any(bar.x0 <= box.x0 and box.x1 <= bar.x1 for bar, ground in bars if overlap(box, bar))
        assert style.contrast(to_hex(text.get_color()), behind[0] if behind else "#FFFFFF") >= 4.5
        assert text.get_fontsize() >= style.FOOTER
    left = min(box.x0 for box in covered.values())
    starting = [t for t in covered if t.get_position()[0] * width == pytest.approx(style.MARGIN * _scale(drawn))]
    assert len(starting) >= 6
    assert left >= margin - 0.5


def _scale(figure: Figure) -> float:
    """What the measures of the house style are multiplied by: seen in the size of the title."""
    return max(text.get_fontsize() for text in figure.texts) / style.TITLE
