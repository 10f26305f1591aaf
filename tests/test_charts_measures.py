"""`measures`, of what stocks, plants and other mixes avoid for so much money."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

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


Case = tuple[FakeResult, dict[str, Any]]
CASES: dict[str, dict[str, Callable[[], Case]]] = {
    "measures": {
        "usual": lambda: (bought(), {}),
        "one length": lambda: (bought(months=(24.0,)), {}),
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
}


def drawn(case: str = "usual", **options: Any) -> Bundle:
    made, chosen = CASES["measures"][case]()
    return charts.draw(made, "measures", **(chosen | options))


@pytest.mark.parametrize("case", CASES["measures"])
def test_lines_are_the_data(case: str) -> None:
    picture = drawn(case)
    panels = [part for _, part in picture.data.groupby("months", sort=False)]
    assert len(panels) == len(picture.figure.axes) <= 3
    for axes, panel in zip(picture.figure.axes, panels, strict=True):
        lines = [line for line in axes.lines if line.get_linestyle() == "-"]
        for line, (_, rows) in zip(lines, panel.groupby("measures", sort=False), strict=True):
            assert list(line.get_xdata()) == rows["budget"].tolist()
            assert [100 * y for y in line.get_ydata()] == pytest.approx(rows["value"].tolist())
    assert len({axes.get_ylim() for axes in picture.figure.axes}) == 1, "lengths compare"


@pytest.mark.parametrize(("case", "title"), [
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
