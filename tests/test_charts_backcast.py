"""`backcast`, of what a target takes."""

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

YEAR, KT = 2035, 1000.0
BASELINE = {"NMC": 0.5, "LFP": 0.5}
#: Part that is Na-ion or silicon without a target and at each of those that are met.
TAKEN = (0.1, 0.2, 0.3, 0.4)


def asked(
    levels: Sequence[float] = (-0.1, -0.2, -0.3), *, told: str = "change", mineral: str = "graphite",
    least: str = "cost", silicon: Sequence[str] = ("held", "free"), missed: Sequence[float] = (),
    regions: Sequence[str] = ("Europe",), baseline: str = "", **about: Any,
) -> FakeResult:  # fmt: skip
    """A result whose targets cost 4 billion USD a step with silicon held, 1 billion with it free."""
    made = bare(regions=regions, **about)
    study = {"kind": "backcast", "least": least, "mineral": mineral, "baseline": baseline, "year": None}
    made.record["config"] = {"study": {**study, **{name: [] for name in ("change", "kt", "lost", "coverage")}}}
    made.record["config"]["study"][told] = [*levels, *missed]
    rows, families = [], []
    for each in silicon:
        for step, level in enumerate((np.nan, *levels, *missed)):
            met = step <= len(levels)
            status = "no target" if not step else "met" if met else "out of reach"
            amount = {"change": (1 + level) * KT, "coverage": (1 - level) * KT}.get(told, level)
            cost = 500_000 + step * (4000 if each == "held" else 1000)
            rows.append((each, level, status, amount, KT / 2, cost if least == "cost" else 100.0 * step))
            part = TAKEN[min(step, 3)]
            shares = {
                "NMC": 0.5 * (1 - part),
                "LFP": 0.5 * (1 - part),
                "Na-ion" if each == "held" else "Si-anode": part,
            }
            for region in regions:
                families += [
                    (each, level, region, family, year, 100 * share, 100 * BASELINE.get(family, 0.0), share - 0.05,
                     share + 0.05) if year == YEAR else (each, level, region, family, year, 1.0, 1.0, np.nan, np.nan)
                    for family, share in shares.items() for year in (YEAR - 1, YEAR)
                ]  # fmt: skip
    made.tables["backcast"] = pd.DataFrame(rows, columns=["silicon", "target", "status", "amount", "value", "least"])
    made.tables["backcast_family"] = pd.DataFrame(
        families, columns=["silicon", "target", "region", "family", "year", "value", "baseline", "low", "high"]
    )
    return made


Case = tuple[FakeResult, dict[str, Any]]
CASES: dict[str, Mapping[str, Callable[[], Case]]] = {
    "backcast": {
        "usual": lambda: (asked(), {}),
        "silicon held": lambda: (asked(silicon=("held",)), {}),
        "silicon free first": lambda: (asked(silicon=("free", "held")), {}),
        "least change": lambda: (asked(least="change"), {}),
        "new chemistry": lambda: (asked(least="new", silicon=("held",)), {}),
        "many targets": lambda: (asked([-0.01 * step for step in range(1, 30)]), {}),
        "one target": lambda: (asked([-0.25]), {}),
        "a target out of reach": lambda: (asked(missed=(-0.6, -0.7)), {}),
        "nothing can be reached": lambda: (asked((), missed=(-0.9,)), {}),
        "kt": lambda: (asked((900.0, 800.0), told="kt", silicon=("held",)), {}),
        "GWh lost": lambda: (asked((90.0, 80.0), told="lost", mineral="", silicon=("held",)), {}),
        "coverage": lambda: (asked((0.8, 0.9), told="coverage", mineral="", missed=(0.99,)), {}),
        "of the chosen mix": lambda: (asked(baseline="optimised"), {}),
        "two regions": lambda: (asked(regions=("Europe", "United States")), {}),
        "long labels": lambda: (asked(**WORDY), {}),
        "a title of one’s own": lambda: (asked(), OWN),
        "letters that look like formulas": lambda: (asked(**FORMULAS), {}),
    },
}


def drawn(case: str = "usual", **options: Any) -> Bundle:
    made, chosen = CASES["backcast"][case]()
    return charts.draw(made, "backcast", **(chosen | options))


@pytest.mark.parametrize("case", CASES["backcast"])
def test_bars_are_the_data(case: str) -> None:
    picture = drawn(case)
    data = picture.data
    axes = iter(picture.figure.axes)
    for _, part in data.groupby("silicon", sort=False):
        above, below = next(axes), next(axes)
        shares = part[part["quantity"] == "share"]
        assert shares.groupby(["mix", "target"], dropna=False)["value"].sum().to_numpy() == pytest.approx(100)
        heights = [100 * bar.get_height() for bar in above.patches]
        assert sorted(heights) == pytest.approx(sorted(shares["value"]))
        least = part[part["quantity"] != "share"]
        assert [bar.get_height() for bar in below.patches][::-1] == pytest.approx(least["value"].tolist())
        assert len(set(least["quantity"])) <= 1
    assert len({each.get_ylim() for each in picture.figure.axes[1::2]}) == 1, "parts compare"


@pytest.mark.parametrize(("case", "title"), [
    ("usual", "30% less graphite in Europe’s batteries of 2035 costs at least 12 billion USD more if silicon in anodes"
              " is held, and 3.0 billion if it is free"),
    ("silicon held", "30% less graphite in Europe’s batteries of 2035 costs at least 12 billion USD more"),
    ("silicon free first", "30% less graphite in Europe’s batteries of 2035 costs at least 3.0 billion USD more if"
                           " silicon in anodes is free, and 12 billion if it is held"),
    ("least change", "30% less graphite in Europe’s batteries of 2035 takes at least 300 GWh of other chemistries,"
                     " whether silicon in anodes is held or free"),
    ("nothing can be reached", "What it takes to change graphite in Europe’s batteries of 2035"),
    ("kt", "At most 800 kt of graphite in Europe’s batteries of 2035 costs at least 8.0 billion USD more"),
    ("GWh lost", "Losing at most 80 GWh of Europe’s batteries of 2035 to stops costs at least 8.0 billion USD more"),
])  # fmt: skip
def test_titles(case: str, title: str) -> None:
    assert drawn(case).meta.title == title


def test_what_is_out_of_reach_is_said_with_the_most_that_can_be() -> None:
    note = drawn("a target out of reach").meta.note
    assert "No mix reaches −60% and −70% (silicon free); the most is −50%." in note
    assert "Na-ion 35–45%" in note
