"""The chart `validation`: ours against theirs on logarithmic axes, and their ratios by group."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from chart_support import SIZES, FakeResult, check_layout, result

from minerals import charts
from minerals.charts import style
from minerals.charts.bundle import Bundle
from minerals.results.result import Result

pytestmark = pytest.mark.slow

MINERALS = ("graphite", "nickel", "lithium", "cobalt")


def rows(*ratios: float, theirs: float = 100.0, **about: Any) -> list[dict[str, Any]]:
    """Published results with these ratios, ten times apart from each other."""
    found = []
    for place, ratio in enumerate(ratios):
        value = theirs * 10.0 ** (place % 3)
        row = {"id": f"row {place}", "kind": "mineral_demand", "mineral": "graphite", "segments": "car", "year": 2030}
        row |= {"ours": ratio * value, "theirs": value, "unit": "kt", "ratio": ratio or None, "compare": "ratio"}
        found.append(row | {"verdict": "agrees" if 0.9 <= ratio <= 1.1 else "differs"} | about)
    return found


def made(*several: list[dict[str, Any]]) -> FakeResult:
    """A result of `minerals validate` with these rows."""
    base = result()
    base.record |= {"run": "validate", "runs": {"europe-2035": "3f9a1c2"}, "years": [2024, 2050]}
    base.record["codes"]["mineral"] |= {name: {"label": name.capitalize()} for name in MINERALS}
    table = pd.DataFrame([row for part in several for row in part])
    return FakeResult(base.record, {"validation": table, "sources_used": base["sources_used"]})


def usual() -> FakeResult:
    return made(
        rows(1.05, 0.95, 1.3, 0.7), rows(0.06, 0.5, mineral="nickel", segments="stationary", theirs=20.0),
        rows(2.5, 1.0, mineral="lithium"), rows(0.97, 1.2, kind="cells", mineral="", unit="GWh"),
        rows(1.0, kind="change", unit="1", mineral="cobalt", segments="", theirs=-0.1),
        rows(0.8, kind="content", unit="kg/kWh", mineral="cobalt", theirs=0.1),
        rows(0.0, mineral="cobalt", segments="stationary"), rows(0.5, compare="limit", segments=""),
    )  # fmt: skip


CASES: dict[str, Callable[[], tuple[FakeResult, dict[str, Any]]]] = {
    "usual": lambda: (usual(), {}),
    "one result": lambda: (made(rows(1.02)), {}),
    "all agree": lambda: (made(rows(1.0, 0.99, 1.05), rows(1.1, mineral="nickel")), {}),
    "far above": lambda: (made(rows(40.0, 30.0, mineral="nickel"), rows(1.0)), {}),
    "tiny and huge": lambda: (made(rows(1.2, theirs=1e-4), rows(0.5, theirs=1e7, mineral="nickel")), {}),
    "no kt or GWh": lambda: (made(rows(0.8, 1.5, kind="content", unit="kg/kWh", theirs=0.1)), {}),
    "nothing with a ratio": lambda: (made(rows(0.0, 0.0)), {}),
    "a kind of tomorrow": lambda: (made(rows(1.4, 0.6, kind="cell_price", unit="USD_2025/kWh", mineral="")), {}),
    "outside": lambda: (made(rows(1.4, 1.0, verdict="outside")), {}),
}
EACH = pytest.mark.parametrize("case", CASES)


def drawn(case: str, **options: Any) -> Bundle:
    made_here, chosen = CASES[case]()
    return charts.draw(made_here, "validation", **(chosen | options))


@SIZES
def test_the_shipped_table_has_its_place(size: str, validation: Result) -> None:
    check_layout(charts.draw(validation, "validation", size=size).figure, style.SIZES[size])


def dots(axes: Any) -> list[tuple[float, float]]:
    return sorted((float(x), float(y)) for line in axes.lines if line.get_marker() == "o" for x, y in line.get_xydata())


def test_dots_are_the_data(validation: Result) -> None:
    for made_here in (usual(), validation):
        picture = charts.draw(made_here, "validation")
        left, right = picture.figure.axes
        assert (left.get_xscale(), left.get_yscale(), right.get_xscale()) == ("log", "log", "log")
        assert left.get_xlim() == left.get_ylim()
        data = picture.data
        shown = data[data["left"]]
        assert set(shown["unit"]) == {"kt", "GWh"}
        assert dots(left) == sorted(zip(shown["theirs"].astype(float), shown["ours"].astype(float), strict=True))
        assert sorted(x for x, _ in dots(right)) == pytest.approx(sorted(data["ratio"].astype(float)))
        table = made_here["validation"]
        ratio = pd.to_numeric(table["ratio"])
        assert data["id"].tolist() == table.loc[(ratio > 0) & (table["compare"] != "limit"), "id"].tolist()


def test_storage_is_a_ring_and_minerals_have_their_colours() -> None:
    left, _ = drawn("usual").figure.axes
    marks = {
        (line.get_markeredgecolor(), line.get_markerfacecolor()) for line in left.lines if line.get_marker() == "o"
    }
    nickel, graphite = style.MINERAL["nickel"], style.MINERAL["graphite"]
    assert {(nickel, "none"), (graphite, graphite), (style.BASE, style.BASE)} <= marks


def test_medians_are_printed_by_group() -> None:
    picture = drawn("usual")
    texts = [text.get_text() for text in picture.figure.texts]
    for name, part in picture.data.groupby("group", sort=False):
        assert name in texts
        assert f"{np.median(part['ratio'].astype(float)):.2f}" in texts
    assert "nickel, storage 2030" in texts, "the furthest dot has a name"


@pytest.mark.parametrize(("case", "title"), [
    ("usual", "The model agrees with 5 of 14 published results; nickel in storage is furthest off, far below them"),
    ("all agree", "The model agrees with all 4 published results"),
    ("far above", "The model agrees with 1 of 3 published results; nickel in vehicles is furthest off, far above them"),
    ("a kind of tomorrow", "The model agrees with 0 of 2 published results"),
])  # fmt: skip
def test_titles(case: str, title: str) -> None:
    assert drawn(case).meta.title == title
    assert drawn(case).meta.title_by == "computed"


def test_the_title_is_true_of_the_shipped_table(validation: Result) -> None:
    table = validation["validation"]
    title = charts.draw(validation, "validation").meta.title
    assert "; trade is furthest off" in title
    results = table[table["kind"] != "derived_intensity"]
    assert f"agrees with {(results['verdict'] == 'agrees').sum()} of {len(results)} published results" in title


def test_what_is_not_drawn_is_owned_up_to() -> None:
    note = drawn("usual").meta.note
    assert "Not drawn: 1 without a ratio" in note
    assert "1 that are limits for ours" in note
    assert "Not drawn" not in drawn("all agree").meta.note


@EACH
def test_the_alt_text_holds_every_group(case: str) -> None:
    picture = drawn(case)
    for name in picture.data["group"].unique():
        assert name in picture.meta.alt


def test_the_record_names_runs_and_sources(validation: Result) -> None:
    meta = charts.draw(validation, "validation").meta
    assert re.search(r"Runs: europe-2035 \([0-9a-f]{7}\), .*world-2050 \([0-9a-f]{7}\)", meta.run_line)
    assert len(meta.sources) == validation["validation"]["source"].nunique()
    assert "calibrated" in meta.red_line
