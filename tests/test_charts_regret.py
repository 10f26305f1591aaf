"""`regret`, of what plans lose above the least possible in each future of supply."""

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

FUTURES = {
    "today": "Today", "iea-base": "IEA base case", "announced": "Announced plants",
    "unipolar-dominance": "Unipolar dominance", "competitive-cooperation": "Competitive cooperation",
}  # fmt: skip
LEAST = (1396.0, 3640.0, 1267.0, 1424.0, 572.0)
#: Of each plan, in each future [GWh].
REGRET: Mapping[str, Sequence[float]] = {
    "today": (0.0, 639.0, 59.7, 11.1, 466.8), "iea-base": (73.8, 0.0, 53.4, 26.8, 463.3),
    "announced": (65.9, 560.7, 0.0, 28.5, 409.8), "unipolar-dominance": (118.8, 874.6, 39.1, 0.0, 467.5),
    "competitive-cooperation": (199.2, 1233.3, 170.6, 115.1, 0.0), "average": (106.4, 89.2, 61.1, 70.7, 199.3),
    "regret": (119.4, 123.6, 110.8, 75.6, 123.6),
}  # fmt: skip
OF_FUTURES = tuple(FUTURES)
WORLD = "stated-trend"


def held(
    regret: Mapping[str, Sequence[float]] = REGRET, *, futures: Mapping[str, str] = FUTURES, short: float = 1600.0,
    other_worlds: Sequence[str] = (), **about: Any,
) -> FakeResult:  # fmt: skip
    """A result whose plans are held against futures; in other worlds each has twice its regret."""
    made = bare(**about)
    made.record["codes"]["future"] = {name: {"label": label} for name, label in futures.items()}
    worlds = [WORLD, *other_worlds]
    rows = [
        (plan, future, world, least + gwh * (1 + place), least, gwh * (1 + place),
         short if future == "iea-base" else 0.0, least + gwh, 1.0, "GWh")
        for plan, by in regret.items() for place, world in enumerate(worlds)
        for future, least, gwh in zip(futures, LEAST, by, strict=False)
    ]  # fmt: skip
    made.tables["robust"] = pd.DataFrame(rows, columns=[
        "mix", "future", "world", "value", "least", "regret", "short", "replayed", "cost", "unit",
    ])  # fmt: skip
    worst = made.tables["robust"].groupby("mix", sort=False)["regret"].max()
    made.tables["robust_mix"] = pd.DataFrame({"mix": worst.index, "worst_regret": worst.to_numpy()})
    return made


def two(own: float = 240.0, least: float = 120.0) -> FakeResult:
    """Two futures, in which plans by hand lose so much more."""
    regret = {"today": (0.0, own), "iea-base": (own, 0.0), "average": (own, 0.0), "regret": (least, least)}
    return held(regret, futures={name: FUTURES[name] for name in OF_FUTURES[:2]}, short=0.0)


Case = tuple[FakeResult, dict[str, Any]]
CASES: dict[str, dict[str, Callable[[], Case]]] = {
    "regret": {
        "usual": lambda: (held(), {}),
        "two futures": lambda: (two(), {}),
        "no regret": lambda: (held(dict.fromkeys(REGRET, (0.0,) * 5), short=0.0), {}),
        "nothing to gain": lambda: (two(120.0, 118.0), {}),
        "other worlds": lambda: (held(other_worlds=("sodium-led", "next-gen-led")), {}),
        "long labels": lambda: (held(futures={name: f"{label}, as it was told" for name, label in FUTURES.items()},
                                     **WORDY), {}),
        "a title of one’s own": lambda: (held(), OWN),
        "letters that look like formulas": lambda: (held(futures=dict.fromkeys(FUTURES, "$x_1$ & <b>"), **FORMULAS),
                                                    {}),
    },
}  # fmt: skip


def drawn(case: str = "usual", **options: Any) -> Bundle:
    made, chosen = CASES["regret"][case]()
    return charts.draw(made, "regret", **(chosen | options))


@pytest.mark.parametrize("case", CASES["regret"])
def test_cells_are_the_data(case: str) -> None:
    picture = drawn(case)
    (axes,) = picture.figure.axes
    assert len(axes.patches) == len(picture.data)
    texts = [text.get_text() for text in picture.figure.texts]
    for value in picture.data["value"]:
        assert f"{value:,.0f}" in texts
    own = picture.data[picture.data["mix"] == picture.data["future"]]
    assert (own["value"] == 0).all()


@pytest.mark.parametrize(("case", "title"), [
    ("usual", "Planned for “today” alone, Europe’s batteries may lose 639 GWh more than need be; planned for 5 supply"
              " futures 124 at most, at a price of 119 GWh in “today”"),
    ("two futures", "Planned for “today” alone, Europe’s batteries may lose 240 GWh more than need be; planned for 2"
                    " supply futures 120 at most, at a price of 120 GWh in “today”"),
    ("no regret", "What Europe’s battery mixes lose above the least possible, by supply future"),
    ("nothing to gain", "What Europe’s battery mixes lose above the least possible, by supply future"),
    ("other worlds", "Planned for “today” alone, Europe’s batteries may lose 1,920 GWh more than need be; planned for"
                     " 5 supply futures in 3 reference worlds 371 at most, at a price of 119 GWh in “today”"),
])  # fmt: skip
def test_titles(case: str, title: str) -> None:
    assert drawn(case).meta.title == title


def test_the_note_says_what_is_short_and_what_is_not_drawn() -> None:
    picture = drawn("other worlds")
    assert "IEA base case cannot supply 1,600 GWh" in picture.meta.note
    assert len(picture.data) == 3 * 15
    assert "Not drawn: 4 plans that are best in one other future" in picture.meta.note
    assert "cannot supply" not in drawn("two futures").meta.note
