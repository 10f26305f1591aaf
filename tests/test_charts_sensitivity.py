"""Charts of uncertainty: `sensitivity`, and percentiles in `demand_by_mineral`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from chart_support import EUROPE, LONG, FakeResult, other, result
from matplotlib.colors import to_hex
from matplotlib.text import Text
from test_charts import FOUR, axes_of, whiskers

from minerals import charts
from minerals.charts import sensitivity, wording
from minerals.charts.bundle import Bundle
from minerals.errors import UsageError
from minerals.numbers import percent
from minerals.results.interval import Interval

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
FACTORS = {
    "sales": ("EV sales in 2035", "±15%", 886.0, 1199.0),
    "anode": ("Graphite in the anode", "0.85–1.2 kg/kWh", 850.0, 1240.0),
    "lfp": ("LFP share of cars", "30–50%", 990.0, 1090.0),
    "sodium": ("Sodium-ion share, storage", "20–60%", 1060.0, 1010.0),
    "silicon": ("Silicon blend", "0–10%", 950.0, 1000.0),
    "natural": ("Share of natural graphite", "", 1043.0, 1043.0),
}
"""Factor -> label, range, result at its low and at its high value, around 1043."""
SHARES = {"anode": (0.46, 0.52), "sales": (0.3, 0.31), "lfp": (0.06, 0.08), "sodium": (-0.01, 0.004)}


def study(
    factors: Mapping[str, tuple[str, str, float, float]] = FACTORS,
    shares: Mapping[str, tuple[float, float]] | None = SHARES,
    *,
    base: float = 1043.0,
    unit: str = "kt",
    quantity: str = "mineral_demand",
    region: str = "Europe",
    **about: Any,
) -> FakeResult:
    """A result with a study of graphite and cobalt in 2030 and 2035; cobalt's numbers are a tenth."""
    made = result(**about)
    rows = [
        {"scenario": scenario, "region": region, "mineral": mineral, "quantity": quantity, "year": year,
         "factor": factor, "label": label, "input": span, "base": base * part, "at_low": low * part,
         "at_high": high * part, "unit": unit}
        for scenario in ("incumbent", "next-gen") for mineral, part in (("graphite", 1.0), ("cobalt", 0.1))
        for year in (2030, 2035) for factor, (label, span, low, high) in factors.items()
    ]  # fmt: skip
    made.tables["sensitivity"] = pd.DataFrame(rows)
    if shares is not None:
        place = made["sensitivity"][["scenario", "region", "mineral", "quantity", "year"]].drop_duplicates()
        indices = pd.DataFrame(
            [(factor, *pair) for factor, pair in shares.items()], columns=["factor", "first", "total"]
        )
        made.tables["sobol"] = place.merge(indices, how="cross")
    return made


def times(factor: float) -> dict[str, Any]:
    factors = {name: (label, span, low * factor, high * factor) for name, (label, span, low, high) in FACTORS.items()}
    return {"factors": factors, "base": 1043.0 * factor}


MANY = {f"f{i}": (f"Input number {i}", f"{i}–{2 * i}", 1000.0 - 10 * i, 1080.0 + 12 * i) for i in range(1, 24)}
WORDY = {
    name: (f"{label} of every cell sold in the region, averaged over makers", f"{span} of centre " * 6, low, high)
    for name, (label, span, low, high) in FACTORS.items()
}
CASES: dict[str, Callable[[], tuple[FakeResult, dict[str, Any]]]] = {
    "usual": lambda: (study(), {}),
    "no shares of variance": lambda: (study(shares=None), {}),
    "another mineral and year": lambda: (study(), {"mineral": "cobalt", "year": 2030, "scenario": "next-gen"}),
    "one input": lambda: (study({"lfp": FACTORS["lfp"]}, {"lfp": (1.0, 1.0)}), {}),
    "one input without effect": lambda: (study({"natural": FACTORS["natural"]}, None), {}),
    "more inputs than are drawn": lambda: (study(MANY, {f"f{i}": (0.01 * i, 0.02 * i) for i in range(9)}), {}),
    "many inputs, no shares": lambda: (study(MANY, None), {}),
    "zeros": lambda: (study({n: (*f[:2], 0.0, 0.0) for n, f in FACTORS.items()}, base=0.0), {}),
    "around zero": lambda: (study({n: (*f[:2], f[2] - 1043, f[3] - 1043) for n, f in FACTORS.items()}, base=0.0), {}),
    "only rises": lambda: (study({n: (*f[:2], 1043.0, f[3] + 200) for n, f in FACTORS.items()}), {}),
    "all on one side": lambda: (study({n: (*f[:2], f[2] + 900, f[3] + 900) for n, f in FACTORS.items()}), {}),
    "tiny": lambda: (study(**times(1e-7)), {}),
    "huge": lambda: (study(**times(1e3)), {}),
    "a share": lambda: (study(**times(5e-4), unit="1", quantity="recycled_content"), {}),
    "long labels": lambda: (
        study(WORDY, labels=LONG, region_label="European Union, United Kingdom and Norway",
              region="European Union, United Kingdom and Norway", minerals={"graphite": "Anode-grade graphite " * 3}),
        {},
    ),
    "a title of one’s own": lambda: (study(), {"title": "What decides: " * 12}),
    "letters that look like formulas": lambda: (study(labels={"incumbent": "$x_1$ & <b>"}), {}),
}  # fmt: skip
EACH = pytest.mark.parametrize("case", CASES)


def drawn(case: str, **options: Any) -> Bundle:
    made, chosen = CASES[case]()
    return charts.draw(made, "sensitivity", **(chosen | options))


@EACH
def test_bars_and_dots_are_the_data(case: str) -> None:
    made, options = CASES[case]()
    picture = charts.draw(made, "sensitivity", **options)
    table = picture.data
    asked = {"scenario": "incumbent", "mineral": "graphite", "year": 2035} | options
    rows = made["sensitivity"]
    for column in ("scenario", "mineral", "year"):
        rows = rows[rows[column] == asked[column]]
    rows = rows.set_index("factor").loc[table["factor"]]
    factor = 100 if case == "a share" else 1
    for end in ("base", "at_low", "at_high"):
        assert table[end].to_numpy() == pytest.approx(factor * rows[end].to_numpy())
    assert set(table["unit"]) == {"%" if case == "a share" else "kt"}
    swing = table[["base", "at_low", "at_high"]].max(axis=1) - table[["base", "at_low", "at_high"]].min(axis=1)
    assert swing.is_monotonic_decreasing
    every = made["sensitivity"].query("scenario == 'incumbent' and mineral == 'graphite' and year == 2035")
    moving = (every["at_low"] != every["base"]) | (every["at_high"] != every["base"])
    assert len(table) == min(moving.sum() or len(every), sensitivity.MOST)
    bars = axes_of(picture.figure)[0].patches
    width = {colour: [bar.get_width() for bar in bars if to_hex(bar.get_facecolor()).upper() == colour]
             for colour in (sensitivity.LOW, sensitivity.HIGH)}  # fmt: skip
    assert width[sensitivity.LOW] == pytest.approx((table["at_low"] - table["base"]).to_list())
    assert width[sensitivity.HIGH] == pytest.approx((table["at_high"] - table["base"]).to_list())
    assert [bar.get_x() for bar in bars] == pytest.approx([float(table["base"].iloc[0])] * len(bars))


def test_dots_and_rings_are_the_shares_of_variance() -> None:
    picture = drawn("usual")
    table = picture.data.dropna()
    assert table[["first", "total"]].to_numpy().tolist() == [list(SHARES[factor]) for factor in table["factor"]]
    bars, shares = axes_of(picture.figure)
    place = shares.get_position()
    low, high = shares.get_xlim()
    dots = [line for line in picture.figure.artists if getattr(line, "get_marker", str)() == "o"]
    hollow = {kind: [line for line in dots if (to_hex(line.get_markerfacecolor()) == "#ffffff") is kind]
              for kind in (False, True)}  # fmt: skip
    for kind, column in ((False, "first"), (True, "total")):
        share = [(line.get_xdata()[0] - place.x0) / place.width * (high - low) + low for line in hollow[kind]]
        drawn_here = [value for value, line in zip(share, hollow[kind], strict=True) if line.get_ydata()[0] < place.y1]
        assert drawn_here == pytest.approx(100 * table[column])
    assert bars.get_position().x1 < place.x0
    assert len(drawn("no shares of variance").figure.axes) == 1


def test_printed_numbers_and_ranges_are_the_data() -> None:
    texts = [text.get_text() for text in drawn("usual").figure.texts]
    expected = ["850", "1,240", "886", "1,199", "950 → 1,000", "1,060", "1,010", "0.85–1.2 kg/kWh", "±15%",
                "46%",                "52%", "Graphite in the anode", "−1%", "0.4%"]  # fmt: skip
    assert [text for text in expected if text not in texts] == []


@pytest.mark.parametrize(
    ("case", "title"),
    [
        ("usual", "Europe’s 2035 graphite demand depends more on graphite in the anode than on any other input tested"),
        ("another mineral and year",
         "Europe’s 2030 cobalt demand depends more on graphite in the anode than on any other input tested"),
        ("one input", "Europe’s 2035 graphite demand depends on LFP share of cars"),
        ("zeros", "No input tested moves Europe’s 2035 graphite demand"),
        ("one input without effect", "No input tested moves Europe’s 2035 graphite demand"),
        ("a share",
         "Europe’s 2035 graphite recycled content depends more on graphite in the anode than on any other"
         " input tested"),
    ],
)  # fmt: skip
def test_titles(case: str, title: str) -> None:
    assert drawn(case).meta.title == title


def test_a_title_names_ties_and_what_decides_when_all_inputs_vary() -> None:
    def title(swings: Sequence[tuple[str, float]], totals: Sequence[tuple[str, float]] = ()) -> str:
        return wording.sensitivity_title("the world’s 2035 cobalt demand", swings, totals)

    swings = [("EV sales", 10.4), ("LFP share", 10.1), ("size", 2.0)]
    assert title(swings) == "The world’s 2035 cobalt demand depends most on EV sales and LFP share"
    assert title(swings, [("size", 0.1), ("LFP share", 0.7)]).endswith("depends most on EV sales and LFP share")
    assert title(swings[1:], [("size", 0.7), ("LFP share", 0.2)]) == (
        "The world’s 2035 cobalt demand depends most on LFP share taken alone, and on size when all inputs vary"
    )
    assert title([(name, 3.0) for name in "abcd"]) == "The world’s 2035 cobalt demand depends on 4 inputs alike"
    assert title([]) == "No input tested moves the world’s 2035 cobalt demand"


def test_what_is_not_drawn_is_owned_up_to() -> None:
    note = drawn("more inputs than are drawn").meta.note
    assert "Not drawn: 13 more inputs, moving it by 366 kt or less." in note
    assert "Not drawn" not in drawn("all on one side").meta.note
    assert "Where both move it the same way: at low → at high." in drawn("usual").meta.note
    assert "Not drawn: 1 more input, without effect on it." in drawn("usual").meta.note
    assert "Sobol" not in drawn("no shares of variance").meta.note


@EACH
def test_the_alt_text_holds_all_numbers(case: str) -> None:
    picture = drawn(case)
    for row in picture.data.itertuples():
        assert f"{wording.number(row.at_low)} to {wording.number(row.at_high)}" in picture.meta.alt
        assert row.total != row.total or percent(row.total) in picture.meta.alt
        assert row.label in picture.meta.alt


def test_ends_that_would_read_alike_have_a_digit_more() -> None:
    """Of 24 kt, 23.8 and 24.4 are both 24 where bars are labelled as in other charts."""
    made = study({"lfp": ("LFP cathode", "", 23.8, 24.4), "nmc": ("NMC cathode", "", 23.1, 25.2)}, None, base=24.0)
    picture = charts.draw(made, "sensitivity", mineral="graphite")
    assert {"23.8", "24.4", "23.1", "25.2"} <= {text.get_text() for text in picture.figure.findobj(Text)}
    assert "From 24.0 kt" in picture.meta.alt


def test_everything_wrong_with_the_choice_is_said_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        charts.draw(
            study(), "sensitivity", region="Erope", mineral="cobolt", scenario="next-gne", quantity="mineral", year=9
        )
    for part in (
        "did you mean 'Europe'",
        "did you mean 'cobalt'",
        "did you mean 'next-gen'",
        "mineral_demand",
        "year 9",
    ):
        assert part in str(caught.value)
    twice = study()
    twice.tables["sensitivity"] = pd.concat([twice["sensitivity"]] * 2)
    with pytest.raises(UsageError, match="an input has two rows"):
        charts.draw(twice, "sensitivity")
    mixed = study()
    mixed.tables["sensitivity"]["base"] += np.arange(len(mixed["sensitivity"]))
    with pytest.raises(UsageError, match="differ in base or unit"):
        charts.draw(mixed, "sensitivity")


def test_a_range_that_all_inputs_share_is_said_once() -> None:
    made = study(
        {name: (f"{label}, car", "5th to 95th percentile", *ends) for name, (label, _, *ends) in FACTORS.items()}
    )
    picture = charts.draw(made, "sensitivity")
    assert "Low and high of every input: 5th to 95th percentile." in picture.meta.note
    assert "5th to 95th percentile" not in [text.get_text() for text in picture.figure.texts]
    assert set(picture.data["input"]) == {"5th to 95th percentile"}
    assert "depends more on graphite in the anode (car) than on any other" in picture.meta.title
    assert "Low and high of every" not in drawn("usual").meta.note


def test_missing_texts_and_ends_of_a_table_read_from_csv() -> None:
    made = study()
    table = made.tables["sensitivity"]
    table.loc[table["factor"] == "natural", ["input", "at_low", "at_high"]] = [np.nan, np.nan, 1044.0]
    table.loc[table["factor"] == "silicon", "label"] = np.nan
    data = charts.draw(made, "sensitivity").data.set_index("factor")
    assert data.loc["natural", "at_low"] == data.loc["natural", "base"]
    assert data.loc["silicon", "label"] == "silicon"
    assert data.loc["natural", "input"] == ""


# --- percentiles in demand_by_mineral --------------------------------------------------------------------------------


def drawn_from(made: FakeResult, *, draws: int | None = 1000, region: str = "Europe") -> FakeResult:
    """The result with percentiles of every mineral, scenario and change in 2035: −10 % to +20 %, and ±2 points."""
    sums = made["mineral_demand"].query("year == 2035").groupby(["scenario", "mineral"])["value"].sum()
    base = next(iter(made.record["scenarios"]))
    rows = []
    for (scenario, mineral), kt in sums[sums > 0].items():
        rows.append((scenario, np.nan, mineral, 0.9 * kt, kt, 1.2 * kt, "kt"))
        if scenario != base and sums.get((base, mineral), 0) > 0:
            moved = kt / sums[base, mineral] - 1
            rows.append((scenario, base, mineral, moved - 0.02, moved, moved + 0.02, "1"))
    columns = ["scenario", "against", "mineral", "p5", "p50", "p95", "unit"]
    table = pd.DataFrame(rows, columns=columns).assign(quantity="mineral_demand", year=2035, region=region)
    made.tables["percentiles"] = table
    made.record["study"] = {"draws": draws} if draws else {}
    return made


PERCENTILES: dict[str, Callable[[], tuple[FakeResult, dict[str, Any]]]] = {
    "percentiles, two scenarios": lambda: (drawn_from(result()), {}),
    "percentiles, one scenario": lambda: (drawn_from(result({"incumbent": EUROPE["incumbent"]})), {}),
    "percentiles, four scenarios": lambda: (drawn_from(result(FOUR)), {}),
    "percentiles, two regions": lambda: (drawn_from(result(regions=("Germany", "France"))), {}),
    "percentiles, a change from nothing": lambda: (
        drawn_from(
            result({"incumbent": EUROPE["incumbent"] | {"lithium": {"lfp": 0.0}}, "next-gen": EUROPE["next-gen"]})
        ),
        {},
    ),
    "percentiles, a leap": lambda: (drawn_from(result(other(lithium={"lfp": 3000.0}))), {}),
    "percentiles, draws not said": lambda: (drawn_from(result(), draws=None), {}),
}


@pytest.mark.parametrize("case", PERCENTILES)
def test_percentiles_are_the_whiskers_and_the_ranges_of_change(case: str) -> None:
    made, _ = PERCENTILES[case]()
    picture = charts.draw(made, "demand_by_mineral")
    table = picture.data
    assert set(table["ends"]) == {"p5-p95"}
    bars = table.query("quantity == 'mineral_demand'")
    assert bars["low"].to_numpy() == pytest.approx(0.9 * bars["value"].to_numpy())
    assert bars["high"].to_numpy() == pytest.approx(1.2 * bars["value"].to_numpy())
    lower, changes = axes_of(picture.figure)
    spread = bars.query("low < high")
    assert [ends[1:] for ends in whiskers(lower)] == [*zip(spread["low"], spread["high"], strict=True)]
    moved = table.query("quantity == 'change'").dropna()
    assert (moved["high"] - moved["value"]).to_numpy() == pytest.approx(2)
    assert (moved["value"] - moved["low"]).to_numpy() == pytest.approx(2)
    said = "5th to 95th percentile" + ("" if "draws not said" in case else " of 1,000 draws")
    note = picture.meta.note
    assert "bounds" not in note + picture.meta.alt
    if changes is None:
        assert f"whiskers are the {said}." in note
    else:
        assert f"whiskers and pale bars: {said}" in note
        assert f"Ranges: {said}." in picture.meta.alt
    assert picture.meta.options["ends"] == said


def test_titles_follow_the_percentiles() -> None:
    made = drawn_from(result())
    title = "Next-gen adoption would cut Europe’s graphite demand by a quarter and cobalt by 10%, for 5% more lithium"
    assert charts.draw(made, "demand_by_mineral").meta.title == title
    table = made.tables["percentiles"]
    table.loc[(table["unit"] == "1") & (table["mineral"] != "graphite"), "p95"] = 0.3
    table.loc[(table["unit"] == "1") & (table["mineral"] != "graphite"), "p5"] = -0.3
    unsure = charts.draw(made, "demand_by_mineral")
    assert unsure.meta.title == "Next-gen adoption would cut Europe’s graphite demand by a quarter"
    assert "hollow and grey where they include zero" in unsure.meta.note


@pytest.mark.parametrize(
    ("column", "value"),
    [("region", "France"), ("year", 2030), ("quantity", "primary"), ("p5", np.nan), ("unit", "t")],
)
def test_bounds_stay_where_percentiles_are_not_of_all_that_is_drawn(column: str, value: Any) -> None:
    made = drawn_from(result())
    last = made["percentiles"].index[-1]
    made.tables["percentiles"] = made["percentiles"].astype({"unit": object})
    made.tables["percentiles"].loc[last, column] = value
    picture = charts.draw(made, "demand_by_mineral")
    assert set(picture.data["ends"]) == {"bounds"}
    assert picture.meta.options["ends"] == "bounds"
    assert "These are bounds, not percentiles" in picture.meta.note
    pd.testing.assert_frame_equal(picture.data, charts.draw(result(), "demand_by_mineral").data)


def test_an_interval_that_leaves_its_value_on_the_other_side_claims_nothing() -> None:
    assert Interval(0.1, 0.2, 0.3).excludes_zero
    assert Interval(-0.3, -0.2, -0.1).excludes_zero
    assert not Interval(0.1, -0.2, 0.3).excludes_zero
    assert not Interval(-0.3, 0.0, -0.1).excludes_zero


@pytest.mark.parametrize(("spread", "held"), [(0.0, True), (0.2, False)])
def test_a_study_that_varies_no_share_says_so(spread: float, held: bool) -> None:
    made, options = CASES["usual"]()
    made.record["config"] = {"study": {"share_spread": spread}}
    assert ("Market shares are held." in charts.draw(made, "sensitivity", **options).meta.note) == held
