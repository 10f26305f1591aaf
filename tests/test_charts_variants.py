"""`variants`, of the mixes of a run side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import pytest
from chart_support import FakeResult, result

from minerals import charts
from minerals.charts import style
from minerals.charts.bundle import Bundle
from minerals.errors import UsageError

pytestmark = pytest.mark.slow

YEARS = tuple(range(2025, 2036))
Numbers = Sequence[float]
#: Of each mix: share made at home, lost by a stop of cells, of anodes and of nothing, and cost [million USD].
MIXES: dict[str, Numbers] = {
    "Nothing done": (0.0, 900.0, 0.0, 0.0, 50_000.0), "A tariff": (0.3, 600.0, 200.0, 0.0, 52_500.0),
    "A credit": (0.8, 200.0, 900.0, 0.0, 55_000.0), "A rule": (0.0, 900.0, 0.0, 0.0, 50_010.0),
}  # fmt: skip
EVENTS = {"cells": "China stops exports of cells", "anodes": "China stops exports of graphite anodes",
          "none": "Namibia halts exports"}  # fmt: skip


def several(mixes: dict[str, Numbers] | None = None, *, weights: Numbers = (0.5, 0.5, 0.0), **about: Any) -> FakeResult:
    """A result with mixes by label, the first of them that of [optimise]. weights: of the disruptions in the mean."""
    mixes = MIXES if mixes is None else mixes
    names = ["optimised", *(f"optimised-{place}" for place in range(1, len(mixes)))]
    made = result({name: {"graphite": {"lfp": 1.0}} for name in names}, labels=dict(zip(names, mixes, strict=True)),
                  **about)  # fmt: skip
    made.record["mix"] = {"incumbent": names[0], "years": list(YEARS[1:])}
    made.record["years"] = list(YEARS)
    rows = []
    for name, (home, *lost, cost) in zip(names, mixes.values(), strict=True):
        mean = sum(weight * gwh for weight, gwh in zip(weights, lost, strict=True))
        losses = [("lost", event, gwh, "GWh") for event, gwh in zip(EVENTS, lost, strict=True)]
        told = [("made_at_home", "", home, "1"), *losses, ("mean_lost", "equal", mean, "GWh"),
                ("mean_lost", "history", 1e6, "GWh"), ("cost", "paid", 1e9, "million USD_2025"),
                ("cost", "all", cost, "million USD_2025")]  # fmt: skip
        rows += [(name, measure, item, 2026, 2035, value, unit) for measure, item, value, unit in told]
        rows.append((name, "made_at_home", "", 2035, 2035, 0.123, "1"))
    columns = ["scenario", "measure", "item", "first", "last", "value", "unit"]
    made.tables["mix_variant"] = pd.DataFrame(rows, columns=columns)
    made.tables["mix_loss"] = pd.DataFrame(EVENTS.items(), columns=["disruption", "label"])
    return made


def alike(label: str) -> dict[str, Numbers]:
    """Two mixes that are the same."""
    return dict.fromkeys(("Nothing done", label), MIXES["Nothing done"])


Case = tuple[FakeResult, dict[str, Any]]
CASES: dict[str, dict[str, Callable[[], Case]]] = {
    "variants": {
        "usual": lambda: (several(), {}),
        "two that are alike": lambda: (several(alike("Another")), {}),
        "nothing is lost": lambda: (several({name: (m[0], 0, 0, 0, m[-1]) for name, m in MIXES.items()}), {}),
        "everything is better": lambda: (several({"Now": (0.1, 9e5, 8e5, 7e5, 6e6), "Then": (0.9, 1, 2, 3, 4)}), {}),
        "many": lambda: (several({f"Policy {i}": (i / 12, 900 - 50 * i, 20.0 * i, 5.0, 5e4 + 300 * i)
                                  for i in range(12)}), {}),
        "long labels": lambda: (several({f"{name}, as somebody thinks of it in every way " * 3: m
                                         for name, m in MIXES.items()}), {}),
        "a title of one’s own": lambda: (several(), {"title": "What would any of it change? " * 3}),
        "letters that look like formulas": lambda: (several({"$x_1$ & <b>": MIXES["A rule"],
                                                             "100% $_{2}": MIXES["A credit"]}), {}),
    },
}  # fmt: skip


def drawn(made: FakeResult, **options: Any) -> Bundle:
    return charts.draw(made, "variants", **options)


def test_what_is_drawn_is_what_the_table_has_over_all_years() -> None:
    data = drawn(several()).data
    assert list(dict.fromkeys(data["measure"])) == ["made_at_home", "lost", "mean_lost", "cost"]
    for place, (name, (home, cells, anodes, _, cost)) in enumerate(MIXES.items()):
        mine = data[data["label"] == name].set_index(["measure", "item"])["value"]
        assert mine["made_at_home", ""] == pytest.approx(100 * home)
        assert (mine["lost", "cells"], mine["lost", "anodes"]) == (cells, anodes)
        assert mine["mean_lost", "equal"] == (cells + anodes) / 2
        assert mine["cost", "all"] == pytest.approx(cost / 1000)
        assert (data.loc[data["label"] == name, "difference"] == 0).all() == (place == 0)
    assert "none" not in set(data["item"]), "no mix moves it"


def test_the_title_says_who_loses_least_and_most_on_average_and_for_what_cost() -> None:
    title = drawn(several()).meta.title
    assert title == (
        "Europe’s batteries: A tariff lowers what a stop takes on average by 11%, for 5% more cost; A credit raises it "
        "by 22%"
    )
    worse = drawn(several({"Now": (0, 100, 0, 0, 10), "Then": (0, 100, 100, 0, 10)})).meta.title
    assert worse.endswith("Then raises what a stop takes on average by 100%")
    assert "about as much on average in each of 2 mixes" in drawn(several(alike("Another"))).meta.title


def test_bars_say_what_is_better_and_what_is_not() -> None:
    """Grey where a mix is as the first one; more lost or dearer in the colour of a rise; at home is neither."""
    figure = drawn(several()).figure
    bars = [artist for artist in figure.artists if hasattr(artist, "get_facecolor") and artist.get_width() >= 0]
    colours = {tuple(round(255 * part) for part in bar.get_facecolor()[:3]) for bar in bars}
    for colour in (style.RISE, style.ACCENT, "#9AA3AD"):
        assert tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5)) in colours


def test_more_mixes_than_there_is_room_for_are_refused() -> None:
    with pytest.raises(UsageError, match="variants: 60 mixes do not fit on this size"):
        drawn(several({f"Policy {i}": MIXES["A rule"] for i in range(60)}))
