"""The chart of prices by chemistry: `cost_curves`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from chart_support import FakeResult, result

from minerals import charts
from minerals.charts import wording
from minerals.charts.bundle import Bundle
from minerals.errors import UsageError
from minerals.studies.run import run

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
UNIT = "USD_2025/kWh"
FAMILIES = {"Li-ion": (108.0, 0.57), "NMC": (128.0, 0.57), "LFP": (81.0, 0.57), "Na-ion": (124.0, 0.27),
            "Li-metal": (157.0, 1.0)}  # fmt: skip
"""Family -> price in the first year, and the part of it left in the last; 1 where it is not sold."""
SPREAD = {"Na-ion": (0.5, 2.2)}
PAST = {2010: 1474.0, 2013: 827.0, 2016: 365.0, 2021: 159.0, 2022: 171.0, 2023: 147.0, 2024: 117.4, 2025: 108.0}
SAID = [("forecast", "Li-ion", 2030, 54.0), ("forecast", "Na-ion", 2030, 50.0), ("goal", "Li-metal", 2030, 75.0)]


def prices(
    families: Mapping[str, tuple[float, float]] = FAMILIES,
    *,
    years: Sequence[int] = tuple(range(2025, 2036)),
    spread: Mapping[str, tuple[float, float]] = SPREAD,
    past: Mapping[int, float] = PAST,
    said: Sequence[tuple[str, str, int, float]] = SAID,
    scale: float = 1.0,
    label: str = "Stated trend",
    caveat: str = "Demand after 2030 extends the IEA by our rule.",
    fitted: bool = True,
) -> FakeResult:
    """A result whose prices fall evenly on a log scale; a second world keeps those of the first year."""
    made = result()
    rows, points = [], [("observed", "Li-ion", year, value) for year, value in past.items()]
    for world, (family, (start, left)), (i, year) in (
        (world, each, at) for world in ("trend", "still") for each in families.items() for at in enumerate(years)
    ):
        steps = i / (len(years) - 1) if world == "trend" and left != 1 else 0.0
        value = scale * start * left**steps
        low, high = (1 + (end - 1) * steps for end in spread.get(family, (0.8, 1.1)))
        rows.append({"scenario": world, "family": family, "level": "pack", "year": year, "value": value,
                     "low": low * value, "high": high * value, "unit": UNIT, "doublings": 3 * steps})  # fmt: skip
    points += [("observed", family, years[0], start) for family, (start, _) in families.items() if family != "Li-ion"]
    made.tables["price"] = pd.DataFrame(rows)
    points = [(case, family, year, scale * value) for case, family, year, value in (*points, *said)]
    made.tables["price_points"] = pd.DataFrame(points, columns=["case", "family", "year", "value"]).assign(
        low=np.nan, high=np.nan, unit=UNIT, source="book", quality="measured"
    )
    rates = [(family, "published" if family == "Li-ion" else "assumed", "yes", 0.18) for family in families]
    rates += [("Li-ion", "fitted", "no", 0.366)] if fitted else []
    made.tables["learning_rate"] = pd.DataFrame(rates, columns=["family", "basis", "used", "value"])
    energy = [(world, "Li-ion", year, 6000.0 * 1.2**i) for world in ("trend", "still") for i, year in enumerate(years)]
    made.tables["cumulative_energy"] = pd.DataFrame(energy, columns=["scenario", "family", "year", "value"])
    made.record["prices"] = {"trend": {"label": label, "caveat": caveat}, "still": {"label": "Still", "caveat": ""}}
    return made


def real() -> FakeResult:
    computed = run(ROOT / "runs" / "prices-2035.toml")
    return FakeResult(dict(computed.record), dict(computed.tables))


CASES: dict[str, Callable[[], tuple[FakeResult, dict[str, Any]]]] = {
    "usual": lambda: (prices(), {}),
    "the shipped run": lambda: (real(), {}),
    "the shipped run, its other world": lambda: (real(), {"scenario": "sodium-led"}),
    "a world that sells nothing": lambda: (prices(), {"scenario": "still"}),
    "every family sold": lambda: (prices(FAMILIES | {"Li-metal": (157.0, 0.5)}), {}),
    "one family": lambda: (prices({"Li-ion": (108.0, 0.6)}, said=()), {}),
    "no average": lambda: (prices({"LFP": (81.0, 0.6), "Na-ion": (124.0, 0.3)}, past={}, said=()), {}),
    "all ends alike": lambda: (prices({family: (start, 50 / start) for family, (start, _) in FAMILIES.items()}), {}),
    "sodium surely below": lambda: (prices(spread={"Na-ion": (0.9, 1.05)}), {}),
    "sodium surely above": lambda: (prices(FAMILIES | {"Na-ion": (124.0, 0.99)}, spread={}), {}),
    "rising": lambda: (prices({family: (start, 1.3) for family, (start, _) in FAMILIES.items()}), {}),
    "tiny": lambda: (prices(scale=1e-3), {}),
    "huge": lambda: (prices(scale=10), {}),
    "two years": lambda: (prices(years=(2025, 2026), said=()), {}),
    "many years": lambda: (prices(years=tuple(range(2025, 2101))), {}),
    "part of the years": lambda: (prices(), {"year": 2030}),
    "long labels": lambda: (prices(label="A world that adopts what every maker has announced so far " * 2,
                                   caveat="It rests on an assumption that is long to say. " * 5), {}),
    "without a fit": lambda: (prices(fitted=False), {}),
    "a title of one’s own": lambda: (prices(), {"title": "What batteries cost, and may cost: " * 4}),
    "letters that look like formulas": lambda: (prices(label="$x_1$ & <b>"), {}),
}  # fmt: skip
EACH = pytest.mark.parametrize("case", CASES)


def drawn(case: str, **options: Any) -> Bundle:
    made, chosen = CASES[case]()
    return charts.draw(made, "cost_curves", **(chosen | options))


@EACH
def test_curves_and_dots_are_the_data_of_the_bundle(case: str) -> None:
    picture = drawn(case)
    table = picture.data
    lines = [line for axes in picture.figure.axes for line in axes.lines if len(line.get_xdata()) > 0]
    shown = {(float(x), round(float(y), 6)) for line in lines for x, y in zip(*line.get_data(), strict=True)}
    written = {(float(row.year), round(float(row.value), 6)) for row in table.itertuples()}
    anchors = {point for point in shown - written if point[0] == table["year"].min()}
    assert written <= shown | anchors
    assert shown - written <= anchors
    bands = [area for axes in picture.figure.axes for area in axes.collections]
    curves = table[table["case"] == "curve"]
    assert len(bands) == curves["family"].nunique()
    for band, (_, rows) in zip(bands, curves.groupby("family", sort=False), strict=True):
        heights = band.get_paths()[0].vertices[:, 1]
        assert heights.min() == pytest.approx(rows["low"].min())
        assert heights.max() == pytest.approx(rows["high"].max())


def test_the_table_holds_the_prices_of_the_shipped_run() -> None:
    made = real()
    texts = [text.get_text() for text in charts.draw(made, "cost_curves").figure.texts]
    rows = made["price"].query("scenario == 'stated-trend' and year == 2035").set_index("family")
    for family in ("Li-ion", "NMC", "LFP", "Na-ion"):
        ends = rows.loc[family]
        assert wording.number(ends["value"]) in texts
        assert f"{wording.number(ends['low'])}–{wording.number(ends['high'])}" in texts
    assert texts.count("not sold") == 1


@EACH
def test_every_number_of_a_computed_title_is_in_the_data(case: str) -> None:
    picture = drawn(case)
    if picture.meta.title_by == "user":
        return
    curves = picture.data[picture.data["case"] == "curve"].set_index(["family", "year"])
    if not re.search("cheaper|dear", picture.meta.title.partition(";")[0]):
        assert re.fullmatch(r"What battery packs could cost by \d{4} if learning goes on", picture.meta.title)
        return
    first, last = (curves.loc["Li-ion"].index[i] for i in (0, -1))
    start, end = (curves.loc[("Li-ion", year)] for year in (first, last))
    assert end["high"] < start["low"], "the range of the headline excludes no change"
    low, high = (wording.number(end[name]) for name in ("low", "high"))
    assert f"by {last}, at {low} to {high} dollars" in picture.meta.title
    most, least = (100 * (1 - end[name] / start[name]) for name in ("low", "high"))
    assert f"become {least:.0f} to {most:.0f}% cheaper" in picture.meta.title


@pytest.mark.parametrize(("case", "words"), [
    ("usual", "; whether sodium-ion undercuts LFP is open"),
    ("sodium surely below", "; sodium-ion would undercut LFP by 20"),
    ("sodium surely above", "; sodium-ion would stay dearer than LFP"),
    ("one family", "dollars per kWh"),
    ("rising", "What battery packs could cost by 2035 if learning goes on"),
    ("a world that sells nothing", "What battery packs could cost by 2035 if learning goes on"),
])  # fmt: skip
def test_the_title_says_only_what_the_ranges_bear_out(case: str, words: str) -> None:
    assert words in drawn(case).meta.title


def test_sodium_undercuts_from_the_year_its_range_stays_below() -> None:
    picture = drawn("sodium surely below")
    table = picture.data[picture.data["case"] == "curve"].set_index(["family", "year"])
    since = int(re.findall(r"undercut LFP by (\d{4})", picture.meta.title)[0])
    years = [
        year for year in range(2025, 2036) if table.loc[("Na-ion", year), "high"] < table.loc[("LFP", year), "low"]
    ]
    assert years == list(range(since, 2036))


def test_a_half_is_said_in_words_and_a_fall_in_per_cent() -> None:
    sharp = {"Li-ion": (1.0, 1.0)}
    half = charts.draw(prices({"Li-ion": (100.0, 0.5)}, spread=sharp), "cost_curves").meta.title
    assert half == "Lithium-ion packs could become half as dear by 2035, at 50 dollars per kWh"
    third = charts.draw(prices({"Li-ion": (100.0, 0.67)}, spread=sharp), "cost_curves").meta.title
    assert third == "Lithium-ion packs could become a third cheaper by 2035, at 67 dollars per kWh"


def test_the_note_says_dollars_rates_and_what_is_assumed() -> None:
    meta = drawn("the shipped run").meta
    for words in ("Real 2025 dollars", "in the world lowers the price", "lithium-ion 18%", "sodium-ion 15.5%",
                  "The 37% fitted to observed prices would bring the average to 29 in 2035",
                  "Solid state: not sold in this adoption, so no curve; dotted to a maker’s goal"):  # fmt: skip
        assert words in meta.note
    assert meta.red_line.startswith(
        "Learning rates of sodium-ion and the GWh they start from are assumed. Demand after 2030"
    )
    assert "fitted" not in drawn("without a fit").meta.note
    assert meta.run_line.startswith("Scenario: Stated trend (world) · run prices-2035")
    for words in ("1,474 in 2010", "Na-ion 124 to 36", "Solid state 75 in 2030", meta.title):
        assert words in meta.alt


def test_a_family_that_is_not_sold_has_a_dot_and_no_curve() -> None:
    data = drawn("usual").data
    assert data.query("family == 'Li-metal'")["case"].tolist() == ["observed", "goal"]
    assert set(drawn("every family sold").data.query("case == 'curve'")["family"]) == set(FAMILIES)


def test_what_is_wrong_with_the_choice_is_said() -> None:
    with pytest.raises(UsageError, match=r"scenario 'trand' has no prices; did you mean 'trend'\? \(trend, still\)"):
        charts.draw(prices(), "cost_curves", scenario="trand")
    with pytest.raises(UsageError, match=r"2025 alone makes no line"):
        charts.draw(prices(), "cost_curves", year=2025)
    euros = prices()
    euros.tables["price"] = euros["price"].assign(unit="EUR_2025/kWh")
    with pytest.raises(UsageError, match="is in EUR_2025/kWh; the chart draws USD_2025/kWh"):
        charts.draw(euros, "cost_curves")
