"""Charts: the words are true, the numbers drawn are the numbers written, nothing runs into anything else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from chart_support import (
    CAVEAT,
    EUROPE,
    FONTS,
    LONG,
    SPREAD,
    other,
    result,
    scaled,
)
from fontTools.ttLib import TTFont
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import same_color, to_hex
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont

from minerals import charts
from minerals.charts import bundle as bundle_module
from minerals.charts import fonts, footer, style, wording
from minerals.charts.bundle import Result
from minerals.charts.demand_by_mineral import figure
from minerals.charts.style import LABEL, Panel
from minerals.errors import UsageError
from minerals.numbers import percent
from minerals.results.interval import Interval, change

pytestmark = pytest.mark.slow

NAME = "demand_by_mineral"
EUROPE_TITLE = (
    "Next-gen adoption would cut Europe’s graphite demand by a quarter and cobalt by 10%, for 5% more lithium"
)
THREE = EUROPE | {"sodium": scaled(0.9)}
FOUR = THREE | {"nickel-revival": scaled(1.3)}
METALS = ("manganese", "copper", "aluminium", "phosphorus", "silicon")
NINE = {name: kt | {m: {"nmc811": 40.0 - 6 * i} for i, m in enumerate(METALS)} for name, kt in EUROPE.items()}
CASES: dict[str, Callable[[], tuple[Result, dict[str, Any]]]] = {
    "usual": lambda: (result(), {}),
    "one scenario": lambda: (result({"incumbent": EUROPE["incumbent"]}), {}),
    "three scenarios": lambda: (result(THREE), {}),
    "four scenarios": lambda: (result(FOUR), {}),
    "more scenarios than are drawn": lambda: (result(FOUR | {"a": scaled(0.5), "b": scaled(0.4)}), {}),
    "long labels": lambda: (
        result(
            labels=LONG,
            caveats={name: f"{label} rests on an assumption. " * 4 for name, label in LONG.items()},
            region_label="European Union, United Kingdom and Norway",
            minerals={"graphite": "Anode-grade synthetic and natural graphite"},
        ),
        {},
    ),
    "tiny numbers": lambda: (result({name: scaled(1e-5, kt) for name, kt in EUROPE.items()}), {}),
    "huge numbers": lambda: (result({name: scaled(1e4, kt) for name, kt in EUROPE.items()}), {}),
    "a base of zero": lambda: (
        result({"incumbent": EUROPE["incumbent"] | {"lithium": {"lfp": 0.0}}, "next-gen": EUROPE["next-gen"]}),
        {},
    ),
    "nothing of one mineral": lambda: (result({n: kt | {"cobalt": {"lfp": 0.0}} for n, kt in EUROPE.items()}), {}),
    "missing minerals": lambda: (
        result({n: {m: kt[m] for m in ("nickel", "cobalt")} for n, kt in EUROPE.items()}),
        {},
    ),
    "one mineral": lambda: (result(), {"minerals": ["cobalt"]}),
    "nine minerals": lambda: (result(NINE), {"minerals": [*EUROPE["incumbent"], *METALS]}),
    "small bars first": lambda: (result(), {"minerals": ["cobalt", "graphite"]}),
    "rises": lambda: (result(caveats={}), {"base": "next-gen"}),
    "a leap": lambda: (result(other(lithium={"lfp": 3000.0})), {}),
    "no change": lambda: (result({"incumbent": EUROPE["incumbent"], "next-gen": EUROPE["incumbent"]}), {}),
    "no spread": lambda: (result(spread={}), {}),
    "a title of one’s own": lambda: (result(), {"title": "What 35 GWh of lithium-sulphur would change: " * 3}),
    "letters that look like formulas": lambda: (
        result(labels={"incumbent": "$x_1$ & <b>", "next-gen": "100% $_{2}"}),
        {},
    ),
}


# --- numbers as words ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.2299, "23%"), (0.23, "a quarter"), (-0.25, "a quarter"), (0.27, "a quarter"), (0.2701, "27%"),
        (0.3099, "31%"), (0.31, "a third"), (-1 / 3, "a third"), (0.35, "a third"), (0.3501, "35%"),
        (0.4799, "48%"), (0.48, "half"), (-0.5, "half"), (0.52, "half"), (0.5201, "52%"),
        (0.1, "10%"), (-0.042, "4%"), (0.004, "0.4%"), (1.5, "150%"), (20.76, "2,076%"),
    ],
)  # fmt: skip
def test_quarter_third_and_half_are_named_and_all_else_is_a_number(share: float, words: str) -> None:
    assert wording.by_how_much(share) == words


def test_more_takes_a_quarter_but_not_half() -> None:
    assert [wording.how_much_more(x) for x in (0.25, 0.33, 0.5, 0.04)] == ["a quarter", "a third", "50%", "4%"]


def test_percent_and_percentage_points_are_not_mixed() -> None:
    assert wording.points(0.11) == "+11 percentage points"
    assert wording.points(-0.01) == "−1 percentage point"
    assert wording.points(0.001) == "0 percentage points"
    assert "percentage" not in percent(0.11)
    assert "%" not in wording.points(0.11)


def test_names_are_joined() -> None:
    assert wording.names([]) == ""
    assert wording.names(["graphite"]) == "graphite"
    assert wording.names(["graphite", "cobalt"]) == "graphite and cobalt"
    assert wording.names(["graphite", "nickel", "cobalt"]) == "graphite, nickel and cobalt"


def test_regions_in_a_sentence() -> None:
    assert wording.possessive("Europe") == "Europe’s"
    assert wording.possessive("United States") == "the United States’"
    assert wording.possessive("World") == "the world’s"
    assert wording.place("Rest of world") == "the rest of the world"
    assert wording.place("China") == "China"
    assert wording.possessive("Europe + United States") == "Europe and the United States’"


def test_labels_in_a_sentence_keep_their_capitals_where_they_are_names() -> None:
    labels = {"Graphite": "graphite", "Refined nickel": "refined nickel", "graphite": "graphite"}
    labels |= {name: name for name in ("NMC 811", "LFP", "Na-ion cell", "LiPF6", "DR Congo")}
    assert {name: wording.lowered(name) for name in labels} == labels


def test_scenarios_as_subjects() -> None:
    assert wording.actor("Next-gen", True) == "Next-gen adoption"
    assert wording.actor("Next-gen adoption", True) == "Next-gen adoption"
    assert wording.actor("High storage", False) == "The “High storage” scenario"
    assert wording.actor("Stated policies", False) == "The “Stated policies”"
    assert wording.actor("Low-cobalt mix", True) == "The “Low-cobalt mix”"
    assert wording.actor("The frozen case", True) == "The frozen case"


# --- titles ----------------------------------------------------------------------------------------------------------


def finding(name: str, low: float, value: float, high: float) -> wording.Finding:
    return wording.Finding(name, Interval(low, value, high))


def title_of(*findings: wording.Finding) -> str:
    return wording.change_title("Next-gen adoption", "Europe", 2035, findings, "NEUTRAL")


GRAPHITE = finding("graphite", -0.29, -0.25, -0.21)
NICKEL = finding("nickel", -0.09, -0.05, 0.02)
COBALT = finding("cobalt", -0.15, -0.101, -0.04)
LITHIUM = finding("lithium", 0.01, 0.043, 0.08)
UNSURE_LITHIUM = finding("lithium", -0.01, 0.043, 0.08)


def test_the_title_is_the_finding() -> None:
    expected = "Next-gen adoption would cut Europe’s graphite demand by a quarter and cobalt by 10%"
    assert title_of(GRAPHITE, NICKEL, UNSURE_LITHIUM, COBALT) == expected
    assert title_of(GRAPHITE, NICKEL, LITHIUM, COBALT) == f"{expected}, for 4% more lithium"


def test_a_title_says_nothing_whose_interval_includes_zero() -> None:
    assert title_of(NICKEL, UNSURE_LITHIUM) == "NEUTRAL"
    assert title_of(finding("graphite", np.nan, -0.25, np.nan)) == "NEUTRAL"
    assert title_of(finding("graphite", -0.4, -0.25, 0.0)) == "NEUTRAL"
    assert title_of() == "NEUTRAL"


def test_equal_changes_share_their_words() -> None:
    like = finding("cobalt", -0.3, -0.24, -0.2)
    assert title_of(GRAPHITE, like) == "Next-gen adoption would cut Europe’s graphite and cobalt demand by a quarter"


def test_of_changes_printed_alike_the_first_is_named() -> None:
    nickel, graphite = finding("nickel", -0.5, -0.45, -0.4), finding("graphite", -0.4, -0.389, -0.38)
    lithium = finding("lithium", -0.4, -0.394, -0.39)
    said = "Next-gen adoption would cut Europe’s nickel demand by 45% and graphite by 39%"
    assert title_of(graphite, nickel, lithium) == said


def test_rises_lead_where_they_are_larger() -> None:
    leap = finding("lithium", 0.3, 0.5, 0.7)
    assert title_of(leap) == "Next-gen adoption would raise Europe’s lithium demand by half"
    assert title_of(GRAPHITE, leap) == (
        "Next-gen adoption would raise Europe’s lithium demand by half, but cut graphite by a quarter"
    )


def test_changes_too_small_to_matter_are_called_so() -> None:
    tiny = finding("nickel", -0.006, -0.004, -0.002)
    none = finding("cobalt", 0.0, 0.0, 0.0)
    assert title_of(tiny, none) == "Next-gen adoption would hardly change Europe’s demand for nickel and cobalt in 2035"
    assert title_of(none) == "Next-gen adoption would not change Europe’s demand for cobalt in 2035"
    assert title_of(tiny, UNSURE_LITHIUM) == "NEUTRAL"
    assert title_of(GRAPHITE, tiny) == "Next-gen adoption would cut Europe’s graphite demand by a quarter"


def test_one_scenario_is_described_by_its_largest_mineral() -> None:
    graphite, nickel = ("graphite", Interval(900, 1000, 1100)), ("nickel", Interval(300, 340, 380))
    assert wording.level_title("Europe", 2035, [nickel, graphite]) == (
        "Europe’s batteries would need 1,000 kt of graphite in 2035, ahead of nickel at 340 kt"
    )
    near = ("nickel", Interval(300, 340, 950))
    assert wording.level_title("Europe", 2035, [near, graphite]) == (
        "Europe’s batteries would need 1,000 kt of graphite in 2035"
    )
    assert wording.level_title("United States", 2024, [graphite], past=True) == (
        "The United States’ batteries needed 1,000 kt of graphite in 2024"
    )


def test_the_computed_title_of_the_chart() -> None:
    assert figure(result()).meta.title == EUROPE_TITLE
    wide = SPREAD | {"li_metal_solid": (0.2, 1.8), "li_s": (0.8, 1.2)}
    assert figure(result(spread=wide)).meta.title == (
        "Next-gen adoption would cut Europe’s graphite demand by a quarter"
    )
    same_adoption = result(adoption="europe-incumbent", demand="x")
    assert figure(same_adoption).meta.title.startswith("The “Next-gen” scenario would cut")
    unsure = result({n: {"nickel": kt["nickel"]} for n, kt in EUROPE.items()})
    assert figure(unsure).meta.title == (
        "Mineral demand for batteries in Europe in 2035: Incumbent and Next-gen compared"
    )


@pytest.mark.parametrize("case", CASES)
def test_every_number_of_a_computed_title_is_a_number_drawn(case: str) -> None:
    made, options = CASES[case]()
    drawn = figure(made, **options)
    if drawn.meta.title_by == "user":
        assert drawn.meta.title == " ".join(options["title"].split())
        return
    title = drawn.meta.title
    for text, name in re.findall(r"(?:by|for) ((?:\d|,)+%|a quarter|a third|half)(?: more (\w+))?", title):
        changes = drawn.data.query("quantity == 'change'")
        changes = changes[changes["mineral"] == name] if name else changes
        fits = changes[[text in (wording.by_how_much(x / 100), percent(abs(x) / 100)) for x in changes["value"]]]
        assert len(fits)
        assert ((fits["low"] > 0) | (fits["high"] < 0)).any()
    for kt, name in re.findall(r"([\d,.]+) kt of (\w+)", title):
        assert kt in [wording.number(x) for x in drawn.data[drawn.data["mineral"] == name]["value"]]
    assert str(2035) in title + drawn.meta.subtitle


# --- the interval of a change ----------------------------------------------------------------------------------------


def test_a_common_factor_leaves_no_interval() -> None:
    assert change([[90, 100, 120]], [[67.5, 75, 90]]) == pytest.approx((-0.25, -0.25, -0.25))


def test_the_interval_of_two_families_solved_by_hand() -> None:
    """Base: A 60 (50–70), B 40 (30–60). Other: A half of it, B the same: (A/2 + B)/(A + B) − 1 = −A/2/(A + B).

    Most negative with A high and B low: −35/100; least with A low and B high: −25/110.
    """
    base = [[50, 60, 70], [30, 40, 60]]
    other = [[25, 30, 35], [30, 40, 60]]
    assert change(base, other) == pytest.approx((-0.35, -0.3, -25 / 110))


def test_a_family_that_only_one_scenario_has() -> None:
    """Base: A 100 (90–110). Other: A 80 % of it, and B 30 (10–40): −0.2 + B/A."""
    found = change([[90, 100, 110], [0, 0, 0]], [[72, 80, 88], [10, 30, 40]])
    assert found == pytest.approx((-0.2 + 10 / 110, 0.1, -0.2 + 40 / 90))
    assert not found._replace(low=-0.1).excludes_zero


def test_the_central_place_can_be_an_end() -> None:
    """Where the scenarios differ in form the ratio may be least in the middle: 90/100 against 100/100 at the ends."""
    assert change([[100, 100, 100]], [[100, 90, 100]]) == pytest.approx((-0.1, -0.1, 0.0))


def test_the_ends_are_those_of_all_combinations() -> None:
    rng = np.random.default_rng(17)
    for families in (1, 2, 3, 5):
        base, other = (np.sort(rng.uniform(0.1, 10, (families, 3)), axis=1) for _ in range(2))
        rows = np.arange(families)
        ratios = [
            other[rows, list(pick)].sum() / base[rows, list(pick)].sum() - 1
            for pick in product(range(3), repeat=families)
        ]
        found = change(base, other)
        assert (found.low, found.high) == pytest.approx((min(ratios), max(ratios)), rel=1e-12)
        assert found.low <= found.value <= found.high


def test_nothing_between_low_central_and_high_reaches_further_out() -> None:
    rng = np.random.default_rng(18)
    base, other = (np.sort(rng.uniform(0.1, 10, (4, 3)), axis=1) for _ in range(2))
    found = change(base, other)
    places = rng.uniform(0, 2, (2000, 4))
    piece, along = np.minimum(places.astype(int), 1), places - np.minimum(places.astype(int), 1)
    rows = np.arange(4)
    at = [kt[rows, piece] + along * (kt[rows, piece + 1] - kt[rows, piece]) for kt in (base, other)]
    ratios = at[1].sum(axis=1) / at[0].sum(axis=1) - 1
    assert found.low <= ratios.min() < ratios.max() <= found.high


def test_a_change_from_nothing_is_not_a_number() -> None:
    assert np.isnan(change([[0, 0, 0]], [[1, 2, 3]])).all()
    low, value, high = change([[0, 1, 2]], [[1, 2, 3]])
    assert np.isnan([low, high]).all()
    assert value == 1
    assert not Interval(low, value, high).excludes_zero
    with pytest.raises(ValueError, match=r"\(family, 3\)"):
        change([[1, 2]], [[1, 2]])


# --- what is drawn ---------------------------------------------------------------------------------------------------


def axes_of(figure: Figure) -> tuple[Any, Any]:
    """The axes of the bars and of the changes (None where there are none)."""
    bars = [axes for axes in figure.axes if axes.patches]
    changes = [axes for axes in figure.axes if not axes.patches]
    return bars[0], changes[0] if changes else None


def whiskers(axes: Any) -> list[tuple[float, float, float]]:
    """y, low, high of the horizontal lines; gridlines stand upright."""
    lines = [line.get_xydata() for line in axes.lines if len(line.get_xydata()) == 2]
    return [(a[1], a[0], b[0]) for a, b in lines if a[1] == b[1] and a[0] < b[0]]


@pytest.mark.parametrize("case", ["usual", "one scenario", "four scenarios", "rises", "a base of zero"])
def test_bars_whiskers_and_dots_are_the_data(case: str) -> None:
    made, options = CASES[case]()
    drawn = figure(made, **options)
    table = made["mineral_demand"].query("year == 2035")
    bars, changes = axes_of(drawn.figure)
    rows = drawn.data.query("quantity == 'mineral_demand'")
    assert [bar.get_width() for bar in bars.patches] == rows["value"].tolist()
    spread = rows.query("low < high")
    assert [(low, high) for _, low, high in whiskers(bars)] == list(zip(spread["low"], spread["high"], strict=True))
    sums = table.groupby(["mineral", "scenario"])[["value", "low", "high"]].sum()
    for row in rows.itertuples():
        assert (row.value, row.low, row.high) == pytest.approx(tuple(sums.loc[(row.mineral, row.scenario)]))
        assert row.unit == "kt"
    moved = drawn.data.query("quantity == 'change'")
    assert len(moved) == (0 if case == "one scenario" else 4)
    for row in moved.dropna().itertuples():
        before, after = (sums.loc[(row.mineral, name), "value"] for name in (row.compared_with, row.scenario))
        assert row.value == pytest.approx(100 * (after / before - 1))
        assert row.unit == "%"
    if changes is not None:
        dots = [line.get_xdata()[0] for line in changes.lines if line.get_marker() == "o"]
        assert dots == pytest.approx(moved["value"].dropna().tolist())
        shown = moved.dropna().query("low < high")
        assert [ends[1:] for ends in whiskers(changes)] == [
            pytest.approx(ends) for ends in zip(shown["low"], shown["high"], strict=True)
        ]


def test_printed_numbers_are_the_data() -> None:
    drawn = figure(result())
    texts = [text.get_text() for text in drawn.figure.texts]
    expected = ["1,000", "750", "340", "325", "105", "110", "62", "56", "−25%", "−4%", "+5%", "−10%"]
    assert [text for text in expected if text not in texts] == []


def test_minerals_go_by_the_demand_of_the_base_or_as_they_are_named() -> None:
    order = figure(result()).data.query("scenario == 'incumbent'")["mineral"].tolist()
    assert order == ["graphite", "nickel", "lithium", "cobalt"]
    named = figure(result(), minerals=["cobalt", "graphite"])
    assert named.data["mineral"].unique().tolist() == ["cobalt", "graphite"]
    only = result({n: {"copper": kt["nickel"]} for n, kt in EUROPE.items()})
    assert figure(only).data["mineral"].unique().tolist() == ["copper"]


def test_regions_and_years_are_chosen() -> None:
    made = result(regions=("Germany", "France"), region_label="Europe")
    every = figure(made).data.query("quantity == 'mineral_demand'")["value"].to_numpy()
    france = figure(made, region="France", year=2030)
    assert france.data.query("quantity == 'mineral_demand'")["value"].to_numpy() == pytest.approx(every / 4)
    assert "France, 2030" in france.meta.subtitle
    assert set(france.data["region"]) == {"France"}


def test_the_compared_scenario_is_the_last_or_the_one_named() -> None:
    def compared(**options: Any) -> tuple[list[str], str]:
        data = figure(result(FOUR), **options).data
        return data["scenario"].unique().tolist(), data.query("quantity == 'change'")["scenario"].iloc[0]

    assert compared() == (["incumbent", "next-gen", "sodium", "nickel-revival"], "nickel-revival")
    assert compared(against="next-gen") == (["incumbent", "next-gen"], "next-gen")
    assert compared(against=["sodium", "next-gen"]) == (["incumbent", "sodium", "next-gen"], "next-gen")
    assert compared(base="sodium", against="incumbent") == (["sodium", "incumbent"], "incumbent")


def test_scenarios_that_are_not_drawn_are_owned_up_to() -> None:
    made, options = CASES["more scenarios than are drawn"]()
    drawn = figure(made, **options)
    assert drawn.data["scenario"].unique().tolist() == ["incumbent", "nickel-revival", "a", "b"]
    assert "Not drawn: 2 more scenarios of the run." in drawn.meta.note
    assert "Not drawn" not in figure(made, against="a").meta.note


def test_colours_say_direction_and_doubt() -> None:
    _, changes = axes_of(figure(result()).figure)
    dots = [line for line in changes.lines if line.get_marker() == "o"]
    assert [to_hex(dot.get_color()).upper() for dot in dots] == [style.FALL, style.UNCLEAR, style.RISE, style.FALL]
    assert [same_color(dot.get_markerfacecolor(), "white") for dot in dots] == [False, True, False, False]
    bars, _ = axes_of(figure(result(FOUR)).figure)
    assert [to_hex(bar.get_facecolor()).upper() for bar in bars.patches[:4]] == [style.BASE, *style.RAMPS[3]]
    bars, changes = axes_of(figure(result({"incumbent": EUROPE["incumbent"]})).figure)
    assert {to_hex(bar.get_facecolor()).upper() for bar in bars.patches} == {style.ACCENT}
    assert changes is None


def test_a_change_beyond_the_axis_ends_in_an_arrow_and_keeps_its_number() -> None:
    made, options = CASES["a leap"]()
    drawn = figure(made, **options)
    _, changes = axes_of(drawn.figure)
    markers = [line.get_marker() for line in changes.lines if len(line.get_xdata()) == 1]
    arrow = next(line for line in changes.lines if line.get_marker() == ">")
    assert sorted(markers) == [">", "o", "o", "o"]
    assert arrow.get_xdata()[0] == changes.get_xlim()[1]
    assert "+2,757%" in [text.get_text() for text in drawn.figure.texts]
    wide = result(other(lithium={"nmc811": 60.0, "li_s": 100.0}), spread=SPREAD | {"li_s": (0.5, 3.0)})
    _, changes = axes_of(figure(wide).figure)
    assert [line.get_marker() for line in changes.lines if len(line.get_xdata()) == 1].count(">") == 1
    assert [line.get_marker() for line in changes.lines if len(line.get_xdata()) == 1].count("o") == 4


def test_a_change_from_nothing_is_called_new() -> None:
    made, options = CASES["a base of zero"]()
    assert "new" in [text.get_text() for text in figure(made, **options).figure.texts]
    made, options = CASES["nothing of one mineral"]()
    assert "no demand" in [text.get_text() for text in figure(made, **options).figure.texts]


def test_what_has_no_rows_is_zero() -> None:
    """A result has no row where demand is zero: a scenario, or the whole table, may have none."""
    without = figure(result(EUROPE | {"empty": {}})).data.query("quantity == 'mineral_demand' and scenario == 'empty'")
    assert len(without)
    assert (without["value"] == 0).all()
    made = result()
    made.record |= {"years": [2030, 2035], "minerals": ["silicon"]}
    made.tables["mineral_demand"] = made["mineral_demand"].iloc[:0]
    drawn = figure(made)
    assert drawn.meta.options["year"] == 2035
    assert (drawn.data.query("quantity == 'mineral_demand'")["value"] == 0).all()


def test_everything_wrong_with_the_choice_is_said_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        figure(result(), region="Erope", year=2040, base="incumbant", against="next-gne")
    message = str(caught.value)
    for part in ("'Erope'", "did you mean 'Europe'", "2040", "did you mean 'incumbent'", "did you mean 'next-gen'"):
        assert part in message
    with pytest.raises(UsageError, match="did you mean 'cobalt'"):
        figure(result(), minerals=["cobolt"])
    with pytest.raises(UsageError, match="without the base"):
        figure(result(), against=["incumbent"])
    with pytest.raises(UsageError, match="name fewer"):
        figure(result(dict.fromkeys("abcd", NINE["incumbent"])), minerals=[*EUROPE["incumbent"], *METALS])
    with pytest.raises(UsageError, match="did you mean 'demand_by_mineral'"):
        charts.draw(result(), "demand_by_minerals")
    tonnes = result()
    tonnes.tables["mineral_demand"]["unit"] = "t"
    with pytest.raises(UsageError, match="draws kt"):
        figure(tonnes)


def test_a_missing_end_is_the_central_value_and_an_unknown_chemistry_its_own_family() -> None:
    made = result()
    made.tables["mineral_demand"]["low"] = np.nan
    made.record["codes"]["chemistry"] = {}
    drawn = figure(made).data.query("quantity == 'mineral_demand'")
    assert (drawn["low"] == drawn["value"]).all()
    assert (drawn["high"] > drawn["value"]).all()


# --- layout ----------------------------------------------------------------------------------------------------------


def test_no_text_is_read_as_a_formula() -> None:
    made, options = CASES["letters that look like formulas"]()
    drawn = figure(made, **options)
    texts = [text.get_text() for text in drawn.figure.texts]
    assert "$x_1$ & <b>" in texts
    assert not any(text.get_parse_math() for text in drawn.figure.texts)


def test_lines_are_wrapped_to_the_measured_width() -> None:
    text = "Next-gen adoption would cut Europe’s graphite demand by a quarter and cobalt by 10%, for 4% more lithium"
    for width in (2.0, 3.5, 6.0):
        lines = style.wrapped(text, width, style.TITLE, fonts.BOLD)
        assert " ".join(lines) == text
        assert all(style.text_width(line, style.TITLE, fonts.BOLD) <= width for line in lines)
        assert not any(line.endswith((" by", " a", " in")) for line in lines)
        assert len(style.balanced(text, width, style.TITLE, fonts.BOLD)) == len(lines)
    short = style.wrapped(text, 2.0, style.TITLE, most=2)
    assert len(short) == 2
    assert short[-1].endswith("…")
    assert style.text_width(short[-1], style.TITLE) <= 2.0
    assert style.wrapped("", 2.0, 10) == []
    for kept in ("190 to 378", "24 to 50%", "65 % rule"):
        lines = style.wrapped(f"Listed outside China are {kept} of them", 1.9, style.TITLE)
        assert any(kept in line for line in lines), lines
    assert style.shortened("unbreakablyLongWord" * 9, 1.0, 10).endswith("…")


def test_small_amounts_have_a_smaller_unit_and_small_shares_are_not_none() -> None:
    told = [wording.amount(value, unit) for value, unit in ((102, "GWh"), (0.001, "GWh"), (0.025, "kt"), (0, "kt"))]
    assert told == ["102 GWh", "1.0 MWh", "25 t", "0 kt"]
    assert [wording.part(share) for share in (0.27, 0.006, 0.0001, 0.0)] == ["27%", "0.6%", "<0.1%", "0%"]


def test_gridlines_end_at_a_number_that_stands_among_them() -> None:
    """The page behind its letters is white, though a gridline runs through the same place; elsewhere it stays."""
    words = style.PageText("Title", "Subtitle", "", "Note", "Source", "Run")
    for clear in (True, False):
        page = style.page(words, style.SIZES["brief"], 3.0, 2.0)
        axes = page.axes(Panel(page.left, page.bottom, page.width, page.top - page.bottom))
        axes.set_xlim(0, 1), axes.axvline(0.5, color=style.GRID, linewidth=3)
        y = (page.bottom + page.top) / 2
        page.text(page.left + 0.5 * page.width, y, ". . . . . .", LABEL, align="center", clear=clear)
        page.figure.canvas.draw()
        pixels = np.asarray(page.figure.canvas.buffer_rgba())  # type: ignore[attr-defined]
        row = pixels[round(len(pixels) - (y + 0.04) * page.figure.dpi)]
        at = round((page.left + 0.5 * page.width) * page.figure.dpi)
        assert (row[at, :3] == 255).all() == clear


@FONTS
@pytest.mark.parametrize("weight", [fonts.REGULAR, fonts.SEMIBOLD, fonts.BOLD])
def test_a_line_is_no_wider_than_measured(
    family: tuple[str, ...], weight: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sum of the letters against the line that is drawn: with kerning it may be narrower, by little."""
    monkeypatch.setattr(fonts, "families", lambda: family)
    canvas = FigureCanvasAgg(Figure(dpi=style.DPI))
    for text in (EUROPE_TITLE, "To AV Yo WA", "−25%, 1,160 kt · ≥ 98%", "Туркия"):
        font = FontProperties(family=list(family), size=10, weight=weight)
        with style.context():
            width, _, _ = canvas.get_renderer().get_text_width_height_descent(text, font, False)
        measured = style.text_width(text, 10, weight)
        assert 0.93 * measured < width / style.DPI < measured + 0.01


def test_settings_of_others_do_not_reach_the_chart_and_stay_as_they_are() -> None:
    import matplotlib

    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red", "text.hinting": "force_autohint"}):
        changed = figure(result()).contents()[f"{NAME}.png"]
        assert matplotlib.rcParams["font.size"] == 30
    assert changed == figure(result()).contents()[f"{NAME}.png"]


def test_the_font_is_inter_where_it_can_be_had() -> None:
    family = fonts.families()
    assert family[-1] == fonts.FALLBACK
    if find_spec("fontpkg_inter"):
        assert family[0] == "Inter"
    regular, semibold, bold = (
        findfont(FontProperties(family=family[0], weight=weight), fallback_to_default=False)
        for weight in (fonts.REGULAR, fonts.SEMIBOLD, fonts.BOLD)
    )
    assert regular not in (semibold, bold)
    assert ("inter" if family[0] == "Inter" else "dejavu") in regular.lower()


def test_cuts_hold_what_is_drawn_and_their_name_says_how_they_were_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every PDF goes through all tables of each font that it embeds; any font can be cut that has these two axes."""
    spec = find_spec("fontpkg_inter")
    assert spec is not None
    variable = next(Path(str(spec.origin)).parent.glob("files/Inter?opsz*.ttf"))
    cuts = fonts._cuts(variable, tmp_path)
    assert not any(set(fonts.DROPPED) & set(TTFont(cut).keys()) for cut in cuts.values())
    monkeypatch.setattr(fonts, "LETTERS", fonts.LETTERS[:95])
    assert not set(fonts._cuts(variable, tmp_path).values()) & set(cuts.values())


def test_without_inter_the_font_is_dejavu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_installed", lambda family: False)
    monkeypatch.setattr(fonts, "find_spec", lambda name: None)
    assert fonts.families.__wrapped__() == (fonts.FALLBACK,)


# --- the words around it ---------------------------------------------------------------------------------------------


def test_the_red_line_says_whose_caveat_it_is_unless_all_share_it() -> None:
    assert figure(result()).meta.red_line == CAVEAT
    assert figure(result(caveats={"next-gen": "A guess."})).meta.red_line == "Next-gen: A guess."
    assert figure(result(caveats={})).meta.red_line == ""
    both = figure(result(caveats={"incumbent": "Old.", "next-gen": "New."}))
    assert both.meta.red_line == "Incumbent: Old. Next-gen: New."
    more = figure(result(caveats={"incumbent": "Both rest on it.", "next-gen": "Both rest on it. A guess."}))
    assert more.meta.red_line == "Both rest on it. Next-gen: A guess."
    red = [text for text in both.figure.texts if to_hex(text.get_color()).upper() == style.WARNING]
    assert [text.get_text() for text in red] == ["Incumbent: Old. Next-gen: New."]
    assert figure(result(FOUR, caveats={"nickel-revival": "A guess."}), against="next-gen").meta.red_line == ""


def test_the_note_says_what_the_whiskers_are() -> None:
    note = figure(result()).meta.note
    for part in ("low values", "high values", "same in both scenarios", "not percentiles", "1 t Li = 5.323 t LCE"):
        assert part in note
    assert "grey where they include zero" in note
    assert "grey" not in figure(result(), minerals=["graphite"]).meta.note
    assert "LCE" not in figure(result(), minerals=["graphite", "cobalt"]).meta.note
    assert "anode-grade" not in figure(result(), minerals=["cobalt"]).meta.note
    assert "Changes are of Nickel revival against" in figure(
        result(FOUR, labels={"nickel-revival": "Nickel revival"})
    ).meta.note  # fmt: skip


USES = {"car": "Cars", "van": "Vans", "stationary": "Stationary storage", "electronics": "Portable electronics"}


@pytest.mark.parametrize(("segments", "words"), [
    (list(USES), ""),
    (["car", "van", "stationary"], "all uses but portable electronics"),
    (["stationary"], "batteries of stationary storage alone"),
    (["car", "van"], "batteries of cars and vans alone"),
])  # fmt: skip
def test_uses_in_scope_stand_in_subtitle_alt_text_and_record_unless_they_are_all(
    segments: list[str], words: str
) -> None:
    made = result()
    made.record["codes"]["segment"] = {code: {"label": label} for code, label in USES.items()}
    made.record["segments"] = segments
    meta = figure(made).meta
    assert meta.subtitle.endswith(f"(kt); {words}" if words else "(kt)")
    assert words in meta.alt
    assert meta.options["segments"] == segments


def test_sources_are_those_of_the_numbers_drawn_and_an_account_is_not_named() -> None:
    made = result()
    made.tables["market_share"] = pd.DataFrame(
        [("incumbent", "Europe", 2035, "market_share.csv:2 + market_share.csv:3@1/2"),
         ("incumbent", "Europe", 2030, "market_share.csv:4"), ("unseen", "Europe", 2035, "market_share.csv:5")],
        columns=["scenario", "region", "year", "rows"])  # fmt: skip
    made.tables["inputs_used"] = pd.DataFrame(
        [("market_share", 2, "iea"), ("market_share", 3, "iea;user"), ("market_share", 4, "greet"),
         ("market_share", 5, "carnegie"), ("drop_in", 2, "carnegie")], columns=["table", "line", "source"],
    ).assign(file=lambda table: table["table"] + ".csv")  # fmt: skip
    made.tables["sources_used"].loc[3] = ("user", "Miffyfei, a recycling industry", "https://github.com/Miffyfei/a", "")
    meta = figure(made).meta
    assert [source["key"] for source in meta.sources] == ["iea", "user"]
    assert meta.source == (
        "Source: minerals model; International Energy Agency (2025) and 1 more, listed in sources_used.csv."
    )
    one = made.tables["inputs_used"].replace({"source": {"iea;user": "iea"}})
    made.tables["inputs_used"] = one
    assert figure(made).meta.source.endswith("International Energy Agency (2025). Global EV Outlook 2025."), "in full"


def test_a_region_whose_caveat_says_to_read_the_total_has_a_neutral_title() -> None:
    read = "World shares are applied to every region: read the world total."
    made = result(regions=("Europe", "China"), region_label="World", caveats={"next-gen": read})
    part = figure(made, region="Europe").meta.title
    assert part == "Mineral demand for batteries in Europe in 2035: Incumbent and Next-gen compared"
    assert "would cut the world’s graphite" in figure(made).meta.title
    assert "would cut" in figure(result(regions=("Europe", "China"), region_label="World"), region="Europe").meta.title


def test_sources_are_named_short_and_kept_whole() -> None:
    drawn = figure(result())
    assert drawn.meta.source == (
        "Source: minerals model; Argonne National Laboratory (2023); McBride, M. (2026) and 2 more, listed in"
        " sources_used.csv."
    )
    assert [source["key"] for source in drawn.meta.sources] == ["greet", "iea", "carnegie", "assumed"]
    assert drawn.meta.sources[1]["licence"] == "CC BY 4.0"
    assert footer.short_citation("USGS, Mineral Commodity Summaries") == "USGS"
    assert footer.short_citation("x" * 80 + " y").endswith("…")
    bare = result()
    bare.tables["sources_used"] = bare.tables["sources_used"].iloc[:0]
    assert figure(bare).meta.source == "Source: minerals model."


@pytest.mark.parametrize("case", CASES)
def test_the_alt_text_holds_all_numbers(case: str) -> None:
    made, options = CASES[case]()
    drawn = figure(made, **options)
    alt = drawn.meta.alt
    for row in drawn.data.query("quantity == 'change'").dropna().itertuples():
        assert percent(row.value / 100, signed=True) in alt
    ends = drawn.data["scenario"].isin([drawn.meta.options["base"], drawn.meta.options["against"]])
    for row in drawn.data[ends & (drawn.data["quantity"] == "mineral_demand")].itertuples():
        assert wording.number(row.value) in alt
    if case == "usual":
        assert 2 <= len(re.findall(r"\.(?:\s|$)", alt)) <= 4
        assert "graphite 1,000 to 750 kt (−25%" in alt


# --- files -----------------------------------------------------------------------------------------------------------


def test_a_failure_leaves_the_folder_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = figure(result())
    drawn.write(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    rendered = bundle_module._rendered

    def failing(figure: Figure, form: str, title: str, alt: str) -> bytes:
        if form == "pdf":
            raise OSError("disk full")
        return rendered(figure, form, title, alt)

    monkeypatch.setattr(bundle_module, "_rendered", failing)
    with pytest.raises(OSError, match="disk full"):
        figure(result(), title="Another").write(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_importing_the_package_loads_no_matplotlib_and_no_pandas() -> None:
    code = "import sys, minerals.charts; print([m for m in ('matplotlib', 'pandas', 'numpy') if m in sys.modules])"
    path = os.pathsep.join([str(Path(charts.__file__).parents[2]), *sys.path])
    env = os.environ | {"PYTHONPATH": path}
    run = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_drawing_never_touches_pyplot() -> None:
    path = Path(charts.__file__).parent
    assert [file.name for file in path.glob("*.py") if re.search(r"^\s*(from|import).*pyplot", file.read_text())] == []
