"""`measures`, of what stocks, plants and other mixes avoid for so much money, and `portfolio`, of what that buys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from chart_support import FakeResult
from test_charts_mix import FORMULAS, OWN, WORDY, bare

from minerals import charts
from minerals.charts.bundle import Bundle

pytestmark = pytest.mark.slow

BUDGETS = (0.0, 1.0, 5.0, 20.0)
#: Part that each avoids in a stop of a year, at each budget.
YEAR: Mapping[str, Sequence[float]] = {
    "mix": (0.0, 0.02, 0.04, 0.06), "own_cells": (0.0, 0.01, 0.01, 0.01), "stock": (0.0, 0.12, 0.15, 0.15),
    "plants": (0.0, 0.01, 0.05, 0.25), "all": (0.0, 0.13, 0.2, 0.4),
}  # fmt: skip
LOST = 400.0


def bought(
    parts: Mapping[str, Sequence[float]] = YEAR, *, months: Sequence[float] = (3.0, 12.0, 24.0), lost: float = LOST,
    budgets: Sequence[float] = BUDGETS, **about: Any,
) -> FakeResult:  # fmt: skip
    """A result with what each measure avoids, the same part in a stop of any length."""
    made = bare(**about)
    made.record["config"] = {"study": {"kind": "measures", "most_months": 6.0}}
    made.tables["measures"] = pd.DataFrame(
        [(length, name, budget, (1 - part) * lost * length / 12, part * lost * length / 12, "GWh")
         for length in months for name, by in parts.items() for budget, part in zip(budgets, by, strict=False)],
        columns=["months", "measures", "budget", "value", "avoided", "unit"])  # fmt: skip
    return made


def recycling(avoided: float, **about: Any) -> FakeResult:
    """A result with recycling, which avoids so much of what is lost at most: twice as much as it does for the most that
    is spent."""
    made = portfolio(YEAR | {"recycling": tuple(avoided * by / 2 for by in (0.0, 0.2, 0.6, 1.0))}, **about)
    table = made.tables["measures"]
    usd = dict(zip(BUDGETS[1:], RECYCLED if avoided else (0.0,) * 3, strict=True))
    table["recycling_cost"] = table["budget"].map(usd).fillna(0.0)
    table["recycling_cost_low"], table["recycling_cost_high"] = (
        LESS * table["recycling_cost"],
        MORE * table["recycling_cost"],
    )
    made.tables["measures_recycling"] = pd.DataFrame(
        [(length, measure, "all", part * LOST * length / 12)
         for length in table["months"].unique() for measure, part in (("lost", 1.0), ("avoided", avoided))],
        columns=["months", "measure", "node", "value"])  # fmt: skip
    more = [(months, "all", budget, "recycling", "direct", "Direct recycling", 2035, amount, "GWh")
            for months in table["months"].unique() for budget, amount in usd.items() if amount]  # fmt: skip
    if more:
        bought_too = made.tables["measures_bought"]
        made.tables["measures_bought"] = pd.concat([bought_too, pd.DataFrame(more, columns=bought_too.columns)])
    return made


#: How far the draws lie below and above the median.
LOW, HIGH = 0.5, 1.4


def in_draws(parts: Mapping[str, Sequence[float]] = YEAR, **about: Any) -> FakeResult:
    """The same with draws, whose medians are what a stop of a year has."""
    made = bought(parts, **about)
    made.record["config"]["study"]["draws"] = 100
    made.tables["measures_drawn"] = pd.DataFrame(
        [(budget, name, measure, part * by, part * LOW * by, part * by, part * HIGH * by, unit)
         for name, each in parts.items() for budget, part in zip(BUDGETS[1:], each[1:], strict=True)
         for measure, by, unit in (("avoided", LOST, "GWh"), ("share_avoided", 1.0, "1"))],
        columns=["budget", "measures", "measure", "value", "p5", "p50", "p95", "unit"])  # fmt: skip
    return made


#: Million USD that each node of a measure takes of a budget of 1, 5 and 20 billion.
SPENT: Mapping[tuple[str, str], Sequence[float]] = {
    ("stock", "graphite_anode"): (700.0, 1500.0, 1500.0), ("stock", "lfp_cathode"): (100.0, 800.0, 900.0),
    ("plants", "graphite_anode"): (0.0, 2000.0, 9000.0),
}  # fmt: skip
#: Million USD that the mix takes.
MIX = (200.0, 700.0, 8600.0)


#: Parts of what is spent by which each part of a plan is less or more in plans nearly as good.
LESS, MORE = 0.75, 1.1


#: Million USD that recycling takes.
RECYCLED = (0.0, 300.0, 900.0)


def portfolio(
    parts: Mapping[str, Sequence[float]] = YEAR, spent: Mapping[tuple[str, str], Sequence[float]] = SPENT,
    mix: Sequence[float] = MIX, *, ranged: bool = True, **about: Any,
) -> FakeResult:  # fmt: skip
    """A result with what all together buy, the same in a stop of any length."""
    made = bought(parts, **about)
    table = made.tables["measures"]
    for kind in ("mix", "stock", "plants"):
        usd = [sum(each) for each in zip(*(by for (of, _), by in spent.items() if of == kind), strict=True)]
        by_budget = dict(zip(BUDGETS[1:], mix if kind == "mix" else usd or (0.0,) * 3, strict=True))
        table[f"{kind}_cost"] = table["budget"].map(by_budget).fillna(0.0)
        for end, by in (("low", LESS), ("high", MORE)):
            table[f"{kind}_cost_{end}"] = table[f"{kind}_cost"] * by if ranged else np.nan
    made.tables["measures_bought"] = pd.DataFrame(
        [(months, "all", budget, kind, node, node.replace("_", " ").capitalize(), year, usd / 2, "kt")
         for months in table["months"].unique() for (kind, node), each in spent.items()
         for budget, usd in zip(BUDGETS[1:], each, strict=True) for year in (2034, 2035) if usd],
        columns=["months", "measures", "budget", "measure", "node", "label", "year", "cost", "unit"])  # fmt: skip
    return made


Case = tuple[FakeResult, dict[str, Any]]
CASES: dict[str, dict[str, Callable[[], Case]]] = {
    "measures": {
        "usual": lambda: (bought(), {}),
        "draws": lambda: (in_draws(), {}),
        "draws of one length": lambda: (in_draws(months=(12.0,)), {}),
        "one length": lambda: (bought(months=(24.0,)), {}),
        "recycling": lambda: (recycling(0.3), {}),
        "recycling avoids nothing": lambda: (recycling(0.0), {}),
        "many lengths": lambda: (bought(months=(1.0, 3.0, 6.0, 12.0, 60.0)), {}),
        "nothing but the cheapest": lambda: (bought(budgets=(0.0,)), {}),
        "one budget": lambda: (bought({name: by[:2] for name, by in YEAR.items()}, budgets=(0.0, 0.5)), {}),
        "two measures": lambda: (bought({name: YEAR[name] for name in ("stock", "all")}), {}),
        "nothing is lost": lambda: (bought(lost=0.0), {}),
        "all is avoided": lambda: (bought(dict.fromkeys(YEAR, (0.0, 1.0, 1.0, 1.0))), {}),
        "long labels": lambda: (bought(**WORDY), {}),
        "a title of one’s own": lambda: (bought(), OWN),
        "letters that look like formulas": lambda: (bought(**FORMULAS), {}),
    },
    "portfolio": {
        "usual": lambda: (portfolio(), {}),
        "another length": lambda: (portfolio(), {"months": 24.0}),
        "many nodes": lambda: (
            portfolio(
                spent=SPENT | {("stock", f"node_{at}_with_a_long_name"): (30.0, 200.0, 700.0) for at in range(4)}
            ),
            {},
        ),
        "recycling": lambda: (recycling(0.3, mix=(200.0, 400.0, 7700.0)), {}),
        "recycling avoids nothing": lambda: (recycling(0.0), {}),
        "the mix alone": lambda: (portfolio(spent={}, mix=(1000.0, 5000.0, 20000.0)), {}),
        "more money buys nothing": lambda: (portfolio(mix=(200.0, 700.0, 700.0)), {}),
        "no ranges": lambda: (portfolio(ranged=False), {}),
        "nothing is lost": lambda: (portfolio(lost=0.0), {}),
        "long labels": lambda: (portfolio(**WORDY), {}),
        "a title of one’s own": lambda: (portfolio(), OWN),
        "letters that look like formulas": lambda: (portfolio(**FORMULAS), {}),
    },
}


def drawn(case: str = "usual", chart: str = "measures", **options: Any) -> Bundle:
    made, chosen = CASES[chart][case]()
    return charts.draw(made, chart, **(chosen | options))


@pytest.mark.parametrize("case", CASES["measures"])
def test_lines_are_the_data(case: str) -> None:
    picture = drawn(case)
    panels = [part for _, part in picture.data.groupby("months", sort=False, dropna=False)]
    assert len(panels) == len(picture.figure.axes) <= 3
    for axes, panel in zip(picture.figure.axes, panels, strict=True):
        lines = [line for line in axes.lines if line.get_linestyle() == "-"]
        for line, (_, rows) in zip(lines, panel.groupby("measures", sort=False), strict=True):
            at = slice(len(line.get_xdata()) - len(rows), None)  # Draws are of budgets above 0.
            assert list(line.get_xdata())[at] == rows["budget"].tolist()
            assert [100 * y for y in line.get_ydata()][at] == pytest.approx(rows["value"].tolist())
    assert len({axes.get_ylim() for axes in picture.figure.axes}) == 1, "lengths compare"


def test_draws_have_a_panel_of_their_own_with_their_range() -> None:
    picture = drawn("draws")
    assert picture.data["months"].dropna().unique().tolist() == [3.0, 24.0]
    told = picture.data[picture.data["months"].isna()]
    assert (told["low"] / told["value"]).tolist() == pytest.approx([LOW] * len(told))
    assert (told["high"] / told["value"]).tolist() == pytest.approx([HIGH] * len(told))
    bands = picture.figure.axes[-1].collections
    assert len(bands) == told["measures"].nunique()
    for band, (_, rows) in zip(bands, told.groupby("measures", sort=False), strict=True):
        assert 100 * band.get_paths()[0].vertices[:, 1].max() == pytest.approx(rows["high"].max())
    assert "5–95% of 100 draws" in picture.meta.note


def test_parts_of_a_budget_are_the_data() -> None:
    picture = drawn(chart="portfolio")
    data = picture.data
    assert data.groupby("budget")["value"].sum().tolist() == pytest.approx([1, 5, 20])
    assert data.groupby("budget")["share"].sum().tolist() == pytest.approx([100] * 3)
    bars = [patch for patch in picture.figure.axes[0].patches if patch.get_linewidth() > 0]
    whole = sum(bar.get_width() for bar in bars) / 3  # All of each of the three budgets is spent.
    assert [100 * bar.get_width() / whole for bar in bars] == pytest.approx(data["share"].tolist())
    assert drawn("another length", "portfolio").data["months"].unique().tolist() == [24]
    rest = drawn("many nodes", "portfolio").data
    assert "Other stocks" in set(rest["item"])
    assert rest.groupby("budget")["value"].sum().tolist() == pytest.approx([1.12, 5.8, 22.8])


def test_below_each_bar_is_what_plans_nearly_as_good_spend() -> None:
    picture = drawn(chart="portfolio")
    of_stocks = picture.data.query("kind == 'stock' and budget == 5")
    assert of_stocks["low"].tolist() == pytest.approx([100 * LESS * 2.3 / 5] * len(of_stocks))
    assert of_stocks["high"].tolist() == pytest.approx([100 * MORE * 2.3 / 5] * len(of_stocks))
    below = [text.get_text() for text in picture.figure.texts]
    assert "mix 10–15%, stocks 34–51%, plants 30–44%" in below
    assert "Below: within 1% of the best" in below
    assert "Which nodes are stocked or built is as open" in picture.meta.note
    assert "stocks 34–51%" in picture.meta.alt
    without = drawn("no ranges", "portfolio")
    assert without.data[["low", "high"]].isna().all(axis=None)
    assert not any("stocks" in text.get_text() and "%" in text.get_text() for text in without.figure.texts)


def test_recycling_is_told_as_far_as_it_helps() -> None:
    """With what it avoids at most; where that is nothing no money goes to it, however little it is."""
    helps, none = (drawn(f"recycling{case}").meta.note for case in ("", " avoids nothing"))
    assert "Recycling: more collected, better routes; 30% at most, whatever it costs." in helps
    assert "Recycling: more collected, better routes; nothing here, whatever it costs." in none
    helps, none = (drawn(f"recycling{case}", "portfolio") for case in ("", " avoids nothing"))
    share = helps.data.query("kind == 'recycling'").set_index("budget")["share"]
    assert share.tolist() == pytest.approx([0, 6, 4.5])
    assert "recycling 4–7%" in helps.meta.alt
    assert not len(none.data.query("kind == 'recycling'"))
    assert "ecycling" not in none.meta.alt


@pytest.mark.parametrize(("case", "title"), [
    ("usual", "Of 1 billion USD 60–88% go to stocks, of 20 billion 34–50% to plants elsewhere; all together avoid 40%"
              " of what stops of a year cost Europe’s batteries"),
    ("the mix alone", "Of 1 billion USD 75–100% go to another mix, of 20 billion 75–100%; all together avoid 40%"
                      " of what stops of a year cost Europe’s batteries"),
    ("no ranges", "For 1 billion USD all measures together avoid 13% of what stops of a year cost Europe’s batteries,"
                  " for 20 billion 40%"),
    ("nothing is lost", "What more safety against stops of a year is bought with for Europe’s batteries"),
])  # fmt: skip
def test_titles_of_what_is_bought(case: str, title: str) -> None:
    assert drawn(case, "portfolio").meta.title == title


@pytest.mark.parametrize(("case", "title"), [
    ("draws", "Stocks for 1 billion USD avoid 12% (6–17%) of what stops cost Europe’s batteries; at 20 billion plants"
              " elsewhere avoid most, 25% (12–35%)"),
    ("usual", "Stocks for 1 billion USD avoid 12% of what stops of a year cost Europe’s batteries; at 20 billion plants"
              " elsewhere avoid most, 25%"),
    ("one length", "Stocks for 1 billion USD avoid 12% of what stops of 2 years cost Europe’s batteries; at 20 billion"
                   " plants elsewhere avoid most, 25%"),
    ("two measures", "Stocks for 1 billion USD avoid 12% of what stops of a year cost Europe’s batteries"),
    ("nothing but the cheapest", "What stops of a year cost Europe’s batteries, and what avoids it"),
    ("nothing is lost", "What stops of a year cost Europe’s batteries, and what avoids it"),
])  # fmt: skip
def test_titles(case: str, title: str) -> None:
    assert drawn(case).meta.title == title


def test_a_year_is_drawn_among_many_lengths_and_the_note_says_what_is_not() -> None:
    picture = drawn("many lengths")
    assert picture.data["months"].unique().tolist() == [1.0, 12.0, 60.0]
    assert "Not drawn: 2 more lengths." in picture.meta.note
    assert "at most 6 months of need" in picture.meta.note
