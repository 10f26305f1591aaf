"""Charts of what a mix could be: `frontier`, `near_optimal`, and the room for labels beside dots."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from chart_support import FakeResult
from test_charts_mix import FORMULAS, OWN, TWO, WORDY, bare, baselines, mixed
from test_charts_mix import chosen as chosen  # A fixture.

from minerals import charts
from minerals.charts import label_places, near_optimal, style, supply
from minerals.charts.bundle import Bundle
from minerals.charts.style import Panel
from minerals.errors import UsageError
from minerals.results.result import Result

pytestmark = pytest.mark.slow

POINTS = ((900.0, 0.0, 20.0), (700.0, 0.02, 60.0), (500.0, 0.1, 200.0), (350.0, 0.3, 900.0), (300.0, 0.6, np.nan))
"""Exposure [GWh], cost above the cheapest, and what a GWh less costs from there [million USD]."""
Near = Mapping[str, Mapping[tuple[int, int], tuple[float, float, float, float]]]
NEAR: Near = {
    "NMC": {
        (2031, 2031): (0.4, 0.3, 0.5, 0.52),
        (2035, 2035): (0.3, 0.1, 0.44, 0.52),
        (2031, 2035): (0.35, 0.2, 0.4, 0.5),
    },
    "LFP": {
        (2031, 2031): (0.4, 0.3, 0.6, 0.45),
        (2035, 2035): (0.34, 0.03, 0.6, 0.45),
        (2031, 2035): (0.4, 0.1, 0.5, 0.4),
    },
    "Na-ion": {(2031, 2031): (0.05, 0.05, 0.06, 0.02), (2035, 2035): (0.1, 0.08, 0.1, 0.02)},
    "Li-S": {(2031, 2031): (0.0, 0.0, 0.0, 0.0), (2035, 2035): (0.02, 0.0, 0.04, 0.0)},
    "Li-metal": {(2031, 2031): (0.0, 0.0, 1e-5, 0.0), (2035, 2035): (0.0, 0.0, 1e-5, 0.0)},
}
"""Family -> first and last year -> share of the chosen mix, least, largest, the incumbent's."""


def edge(
    points: Sequence[tuple[float, float, float]] = POINTS, *, unit: str = "GWh", mixes: pd.DataFrame | None = None,
    gap: float | None = 0.008, along: bool = False, **about: Any,
) -> FakeResult:  # fmt: skip
    """A result with a frontier and the mixes of the run. along: with the shares of families along it."""
    made = bare(**about)
    made.record["mix"]["frontier_gap"] = gap
    table = pd.DataFrame(points, columns=["exposure", "cost_share", "marginal"])
    made.tables["mix_frontier"] = table.assign(
        exposure_unit=unit, cost=50_000 * (1 + table["cost_share"]), unit="million USD_2025"
    )
    if along:
        made.record["mix"]["near"] = 0.01
        made.tables["mix_along"] = pd.DataFrame(
            [(exposure, unit, cost, family, share, "1") for exposure, cost, _ in points
             for family, share in (
                 ("NMC", 0.6 - cost), ("LFP", 0.3), ("Si-anode", 0.1), ("Na-ion", cost), ("Li-S", 0.0))],
            columns=["exposure", "exposure_unit", "cost_share", "family", "value", "unit"])  # fmt: skip
    made.tables["mix_baseline"] = (baselines() if mixes is None else mixes).assign(exposure_unit=unit)
    return made


def moved(**places: tuple[float, float]) -> pd.DataFrame:
    """Mixes of the run at other exposures and costs."""
    table = baselines()
    for name, (exposure, cost) in places.items():
        table.loc[table["mix"] == name, ["exposure", "cost_share"]] = exposure, cost
    return table


def opened(near: Near = NEAR, *, examples: int = 10, cells: bool = True, **about: Any) -> FakeResult:
    """A result with ranges, and mixes between their ends in the years from 2031 on."""
    made = mixed(**about) if cells else bare(**about)
    regions = made.record["regions"]
    made.tables["mix_near"] = pd.DataFrame(
        [(region, family, first, last, *shares, "1") for region in regions for family, by in near.items()
         for (first, last), shares in by.items()],
        columns=["region", "family", "first", "last", "value", "low", "high", "incumbent", "unit"])  # fmt: skip
    made.tables["mix_example"] = pd.DataFrame(
        [(mix + 1, region, family, year, low + (high - low) * mix / max(examples - 1, 1), "1")
         for mix in range(examples) for region in regions for family, by in near.items()
         for (year, last), (_, low, high, _) in by.items() if year == last],
        columns=["mix", "region", "family", "year", "value", "unit"])  # fmt: skip
    return made


ALIKE: Near = {family: {span: (shares[0], *(shares[0],) * 2, shares[3]) for span, shares in by.items()}
               for family, by in NEAR.items()}  # fmt: skip
MANY: Near = {family: {(year, year): by[2035, 2035] for year in range(2026, 2041)} for family, by in NEAR.items()}
FULL: Near = dict.fromkeys(
    style.FAMILY, dict.fromkeys([*NEAR["NMC"], (2033, 2033), (2032, 2034)], (0.5, 0.0, 1.0, 1.0))
)
Case = tuple[FakeResult, dict[str, Any]]
CASES: dict[str, dict[str, Callable[[], Case]]] = {
    "frontier": {
        "usual": lambda: (edge(), {}),
        "mixes along it": lambda: (edge(along=True), {}),
        "mixes along it, long labels": lambda: (
            edge(along=True, mixes=baselines().assign(label="What somebody thinks of as the mix " * 3), **WORDY), {}),
        "every edge": lambda: (edge(gap=0.0), {}),
        "one point": lambda: (edge(POINTS[:1], mixes=moved(
            chosen=(900.0, 0.0), least_exposed=(900.0, 0.0), incumbent=(900.0, 0.0))), {}),
        "two points": lambda: (edge(POINTS[::4]), {}),
        "the incumbent is cheaper": lambda: (edge(mixes=moved(incumbent=(1100.0, -0.1))), {}),
        "the incumbent is the chosen one": lambda: (edge(mixes=moved(incumbent=(650.0, 0.05))), {}),
        "the chosen one is the cheapest": lambda: (edge(mixes=moved(chosen=(900.0, 0.0))), {}),
        "the chosen one is the least exposed": lambda: (edge(mixes=moved(chosen=(300.0, 0.6))), {}),
        "all of them close": lambda: (edge(mixes=moved(chosen=(870.0, 0.01), incumbent=(850.0, 0.02))), {}),
        "no incumbent": lambda: (edge(mixes=baselines().iloc[1:]), {}),
        "a steep end": lambda: (edge([*POINTS[:4], (349.0, 0.6, 1e6), (348.9, 4.0, np.nan)]), {}),
        "hardly dearer": lambda: (edge([(e, cost / 100, m) for e, cost, m in POINTS], mixes=moved(
            incumbent=(700.0, 0.001), chosen=(650.0, 0.0005), least_exposed=(300.0, 0.006))), {}),
        "a weighted sum": lambda: (edge([(e / 900, *more) for e, *more in POINTS], unit="weighted", mixes=moved(
            cheapest=(1.0, 0.0), incumbent=(0.8, 0.02), chosen=(0.7, 0.05), least_exposed=(0.33, 0.6))), {}),
        "two regions": lambda: (edge(regions=TWO), {}),
        "long labels": lambda: (
            edge(mixes=baselines().assign(label="What somebody thinks of as the mix " * 3), **WORDY), {}),
        "a title of one’s own": lambda: (edge(), OWN),
        "letters that look like formulas": lambda: (
            edge(mixes=baselines().assign(label="$x_1$ & <b>"), **FORMULAS), {}),
    },
    "near_optimal": {
        "usual": lambda: (opened(), {}),
        "nothing moves": lambda: (opened(ALIKE), {}),
        "everything moves": lambda: (opened(FULL), {}),
        "no examples": lambda: (opened(examples=0), {}),
        "no batteries known": lambda: (opened(cells=False), {}),
        "one year": lambda: (opened({family: {(2035, 2035): by[2035, 2035]} for family, by in NEAR.items()}), {}),
        "spans alone": lambda: (opened({family: {(2031, 2035): NEAR[family][2031, 2035]} for family in ("NMC", "LFP")}),
                                {}),
        "many years": lambda: (opened(MANY), {}),
        "one of two regions": lambda: (opened(regions=TWO), {"region": "United States"}),
        "long labels": lambda: (opened(**WORDY), {}),
        "a title of one’s own": lambda: (opened(), OWN),
        "letters that look like formulas": lambda: (opened(**FORMULAS), {}),
    },
}  # fmt: skip


def drawn(chart: str, case: str = "usual", **options: Any) -> Bundle:
    made, given = CASES[chart][case]()
    return charts.draw(made, chart, **(given | options))


def texts(picture: Bundle) -> list[str]:
    return [text.get_text() for text in picture.figure.texts]


# --- the frontier ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES["frontier"])
def test_the_line_and_the_dots_are_the_data(case: str) -> None:
    picture = drawn("frontier", case)
    data = picture.data.set_index("quantity")
    axes = picture.figure.axes[0]
    curve = data.loc[["frontier"], ["exposure", "value"]].to_numpy()
    if len(curve) > 1:
        line = next(line for line in axes.lines if len(line.get_xdata()) == len(curve))
        assert np.column_stack([line.get_xdata(), line.get_ydata()]) == pytest.approx(curve)
    dots = [(float(d.get_xdata()[0]), float(d.get_ydata()[0])) for d in axes.lines if d.get_markersize() >= 8]
    expected = sorted(data.loc[["mix"], ["exposure", "value"]].to_numpy().tolist())
    assert np.array(sorted(dots)) == pytest.approx(np.array(expected))
    assert axes.get_xlim()[0] > axes.get_xlim()[1], "less exposed is to the right"


def test_below_are_the_families_on_the_same_exposures() -> None:
    picture = drawn("frontier", "mixes along it")
    above, below = picture.figure.axes
    assert below.get_xlim() == above.get_xlim()
    shares = picture.data.query("quantity == 'share'").pivot(index="family", columns="exposure", values="value")
    assert shares.sum().tolist() == pytest.approx([100.0] * len(POINTS))
    assert shares.loc["Na-ion"].tolist() == pytest.approx([60.0, 30.0, 10.0, 2.0, 0.0])
    # From the base up, the upper edge of each family but the last is a line.
    edges = [line.get_ydata()[-1] for line in below.lines if len(line.get_xdata()) == len(POINTS)]
    assert edges == pytest.approx([0.0, 0.3, 0.9])
    named = {"NMC", "LFP", "Na-ion", "Si-anode", "Li-S"} & set(texts(picture))
    assert named == {"NMC", "LFP", "Na-ion", "Si-anode"}
    assert "within 1% of a point" in picture.meta.note


@pytest.mark.parametrize(("case", "title"), [
    ("usual", "Europe’s batteries can be 28% less exposed to chokepoints for 5% more cost, and at most 67%"
              " less, for 60% more"),
    ("one point", "The cheapest mix of Europe’s batteries is also the least exposed one"),
    ("the chosen one is the cheapest", "Europe’s batteries can be at most 67% less exposed to chokepoints than in the"
                                       " cheapest mix, for 60% more cost"),
])  # fmt: skip
def test_titles_of_the_frontier(case: str, title: str) -> None:
    picture = drawn("frontier", case)
    assert picture.meta.title == title
    printed = re.sub("[+−]", "", " ".join(texts(picture)[1:]))
    assert all(number in printed for number in re.findall(r"\d+%", title))


def test_the_chosen_mix_says_what_a_unit_less_costs_beside_the_price_of_packs() -> None:
    """At 5 % the second chord is the one that holds; 1,000 GWh for 52.5 billion USD are 52 million each."""
    picture = drawn("frontier")
    assert "Optimised: one GWh less costs 60 million USD, a GWh of packs 52" in texts(picture)
    assert picture.data.set_index("mix")["marginal"]["chosen"] == 60
    weighted = drawn("frontier", "a weighted sum")
    assert any("Optimised: one unit less costs 60 million USD" in text for text in texts(weighted))
    assert "costs" not in " ".join(texts(drawn("frontier", "the chosen one is the least exposed"))[4:])


def test_the_note_says_how_far_the_chords_may_be_off() -> None:
    assert "it lies at most 0.8% of the span of cost above the true frontier" in drawn("frontier").meta.note
    assert "points that were solved, each an edge of it." in drawn("frontier", "every edge").meta.note
    assert "span of cost" not in drawn("frontier", "one point").meta.note


def test_a_mix_that_breaks_limits_is_marked() -> None:
    picture = drawn("frontier")
    assert "Incumbent†" in texts(picture)
    assert "†\u00a0Breaks limits that the others keep (Incumbent: decline)." in picture.meta.note
    kept = charts.draw(edge(mixes=baselines(breaks="")), "frontier")
    assert "†" not in f"{kept.meta.note} {' '.join(texts(kept))}"


@pytest.mark.parametrize("name", ["Incumbent†", "Cheapest", "Optimised", "Least exposed"])
def test_each_dot_has_its_label(name: str) -> None:
    for size in style.SIZES:
        assert name in texts(drawn("frontier", size=size))


def test_the_frontier_of_a_run_is_its_table(chosen: Result) -> None:
    picture = charts.draw(chosen, "frontier")
    own = chosen["mix_frontier"]
    points = picture.data.query("quantity == 'frontier'")
    assert points["exposure"].tolist() == pytest.approx(own["exposure"].tolist())
    assert points["value"].tolist() == pytest.approx((100 * own["cost_share"]).tolist())
    assert set(picture.data.query("quantity == 'mix'")["mix"]) == set(chosen["mix_baseline"]["mix"])


# --- room for labels --------------------------------------------------------------------------------------------------


def test_labels_stand_clear_of_the_curve_and_of_each_other() -> None:
    panel = Panel(0, 0, 6, 3)
    curve = label_places.sampled([0, 3, 6], [0.2, 0.5, 2.8])
    dots = [(0.0, 0.2), (3.0, 0.5), (6.0, 2.8)]
    found = label_places.spots([(1.5, 0.4)] * 3, dots, curve, panel, 0.1)
    boxes = [(spot.left, spot.left + 1.5, spot.bottom, spot.bottom + 0.4) for spot in found]
    for x0, x1, y0, y1 in boxes:
        assert 0 <= x0 < x1 <= 6 + 1e-9
        assert 0 <= y0 < y1 <= 3 + 1e-9
        inside = (curve[:, 0] > x0) & (curve[:, 0] < x1) & (curve[:, 1] > y0) & (curve[:, 1] < y1)
        assert not inside.any()
    for i, (x0, x1, y0, y1) in enumerate(boxes):
        for u0, u1, v0, v1 in boxes[i + 1 :]:
            assert min(x1, u1) <= max(x0, u0) or min(y1, v1) <= max(y0, v0)
    for dot, spot in zip(dots, found, strict=True):
        assert np.hypot(dot[0] - spot.end[0], dot[1] - spot.end[1]) < 0.8


def test_a_line_is_sampled_with_its_corners() -> None:
    points = label_places.sampled([0, 1, 1], [0, 0, 0.5], 0.25)
    assert points.tolist() == [[0, 0], [0.25, 0], [0.5, 0], [0.75, 0], [1, 0], [1, 0.25], [1, 0.5]]


# --- mixes nearly as good ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES["near_optimal"])
def test_bars_and_marks_are_the_data(case: str) -> None:
    picture = drawn("near_optimal", case)
    data = picture.data
    spans = sorted(set(zip(data["first"], data["last"], strict=True)), key=lambda span: (span[0] < span[1], span))
    assert len(picture.figure.axes) == len(spans) <= near_optimal.MOST
    for axes, (first, last) in zip(picture.figure.axes, spans, strict=True):
        mine = data[(data["first"] == first) & (data["last"] == last)]
        rows = mine[mine["quantity"] == "mix_near"]
        assert [bar.get_x() for bar in axes.patches] == pytest.approx(rows["low"].tolist())
        widths = np.maximum(rows["high"] - rows["low"], 0.6).tolist()
        assert [bar.get_width() for bar in axes.patches] == pytest.approx(widths)
        marks = [float(line.get_xdata()[0]) for line in axes.lines if line.get_marker() == "o"]
        expected = [value for row in rows.itertuples() for value in (row.incumbent, row.value)]
        assert marks == pytest.approx(expected)
        ticks = [float(line.get_xdata()[0]) for line in axes.lines if len(line.get_xdata()) == 2]
        assert sorted(ticks) == pytest.approx(sorted(mine.query("quantity == 'mix_example'")["value"]))


@pytest.mark.parametrize(("case", "title"), [
    ("usual", "Among mixes within 1% of the best, LFP can be 3–60% and NMC 10–44% of Europe’s batteries in 2035; Na-ion"
              " stays at 8–10%"),
    ("nothing moves", "All mixes within 1% of the best are alike by family: LFP 34%, NMC 30% and Na-ion 10% of Europe’s"
                      " batteries in 2035"),
    ("spans alone", "Among mixes within 1% of the best, LFP can be 10–50% and NMC 20–40% of Europe’s batteries in"
                    " 2031–2035"),
    ("everything moves", "Among mixes within 1% of the best, NMC can be 0–100%, LFP 0–100% and Na-ion 0–100% of"
                         " Europe’s batteries in 2035"),
])  # fmt: skip
def test_titles_of_what_is_open(case: str, title: str) -> None:
    picture = drawn("near_optimal", case)
    assert picture.meta.title == title
    assert set(re.findall(r"[\d.]+(?:–[\d.]+)?%", title)) - {"1%"} <= set(texts(picture))


def test_families_that_no_mix_has_are_left_out() -> None:
    picture = drawn("near_optimal")
    assert "Li-metal" not in set(picture.data["family"])
    assert "Li-metal" not in texts(picture)
    assert {"NMC", "LFP", "Na-ion", "Li-S"} <= set(texts(picture))


def test_examples_of_a_span_are_means_by_batteries() -> None:
    """In half of the years without a row of its own a family has no share; batteries grow tenfold in the last year."""
    made = opened()
    cells = made.tables["cells"]
    more = (cells["year"] == 2035) & (cells["scenario"] == "incumbent")
    made.tables["cells"] = cells.assign(value=np.where(more, 10 * cells["value"], cells["value"]))
    data = charts.draw(made, "near_optimal").data
    shares = data.query("quantity == 'mix_example' and family == 'LFP' and mix == '10'").set_index(["first", "last"])
    assert shares["value"][2035, 2035] == pytest.approx(60)
    assert shares["value"][2031, 2035] == pytest.approx((60 + 10 * 60) / 11)
    table = made.tables["mix_example"]
    made.tables["mix_example"] = table[(table["family"] != "LFP") | (table["year"] == 2035)]
    data = charts.draw(made, "near_optimal").data
    shares = data.query("quantity == 'mix_example' and family == 'LFP' and mix == '10'").set_index(["first", "last"])
    assert shares["value"][2031, 2031] == 0
    assert shares["value"][2031, 2035] == pytest.approx(10 * 60 / 11)


def test_of_many_years_the_last_and_the_rounder_ones_are_drawn() -> None:
    picture = drawn("near_optimal", "many years")
    assert sorted(set(picture.data["first"])) == [2030, 2035, 2038, 2039, 2040]
    assert "Not drawn: 10 more years, in mix_near.csv." in picture.meta.note


def test_a_region_of_its_own_is_drawn_and_another_is_refused() -> None:
    assert drawn("near_optimal", "one of two regions").meta.options["region"] == "United States"
    assert charts.draw(opened(regions=TWO), "near_optimal").meta.options["region"] == "Europe"
    with pytest.raises(UsageError, match="'Europ' is not in the result; did you mean 'Europe'"):
        charts.draw(opened(), "near_optimal", region="Europ")


def test_ranges_of_a_run_are_its_table(chosen: Result) -> None:
    picture = charts.draw(chosen, "near_optimal")
    own = chosen["mix_near"].set_index(["family", "first", "last"])[["value", "low", "high", "incumbent"]] * 100
    for row in picture.data.query("quantity == 'mix_near'").itertuples():
        mine = own.loc[(row.family, row.first, row.last)]
        assert (row.value, row.low, row.high, row.incumbent) == pytest.approx(tuple(mine), abs=1e-6)
    ticks = picture.data.query("quantity == 'mix_example'")
    assert ticks["mix"].nunique() == chosen["mix_example"]["mix"].nunique()
    ends = ticks.merge(picture.data.query("quantity == 'mix_near'"), on=["family", "first", "last"])
    assert (ends["value_x"] >= ends["low_y"] - 0.01).all()
    assert (ends["value_x"] <= ends["high_y"] + 0.01).all()
    assert supply.CHOSEN in picture.meta.scenarios
