"""`identified`, of what statements on minerals leave open."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

import pandas as pd
import pytest
from chart_support import FakeResult, result

from minerals import charts
from minerals.charts import style
from minerals.charts.bundle import Bundle
from minerals.errors import UsageError

pytestmark = pytest.mark.slow

#: Of each share: least, most, 5th and 95th percentile, the baseline's, a member's.
SHARES: Mapping[str, Sequence[float]] = {
    "NMC": (0.29, 0.466, 0.32, 0.44, 0.513, 0.38), "LFP": (0.266, 0.434, 0.3, 0.4, 0.465, 0.35),
    "Na-ion": (0.06, 0.174, 0.09, 0.15, 0.017, 0.132), "Li-metal": (0.005, 0.216, 0.03, 0.17, 0.005, 0.103),
    "Li-S": (0.0, 0.127, 0.003, 0.09, 0.0, 0.035), "graphite-free": (0.249, 0.285, 0.257, 0.278, 0.022, 0.27),
}  # fmt: skip
SUMS = ("graphite-free", "all of them")
STATEMENTS = {"graphite": [-0.26, -0.24], "lithium": [0.0, 0.1]}


def found(
    shares: Mapping[str, Sequence[float]] = SHARES, *, statements: Mapping[str, Sequence[float]] | None = None,
    inside: str = "yes", members: bool = True, pairs: bool = True, study: Mapping[str, Any] | None = None, **about: Any,
) -> FakeResult:  # fmt: skip
    """A result with ranges of shares, the second scenario a member."""
    made = result(**about)
    place = {"region": "Europe", "year": 2035}
    rows = [{**place, "kind": "sum" if name in SUMS else "family", "name": name, "label": name, "unit": "1",
             **dict(zip(("low", "high", "p5", "p95", "baseline"), numbers, strict=False))}
            for name, numbers in shares.items()]  # fmt: skip
    rows.append({**place, "kind": "change", "name": "nickel", "label": "Nickel", "low": -3.0, "high": 9.0, "p5": 0.0,
                 "p95": 1.0, "baseline": 0.0, "unit": "1"})  # fmt: skip
    table = pd.DataFrame(rows)
    made.tables["identified"] = table
    other = [{**place, "scenario": "next-gen", "kind": row["kind"], "name": row["name"], "value": numbers[5],
              "unit": "1"}
             for row, numbers in zip(rows, shares.values(), strict=False)]  # fmt: skip
    made.tables["identified_member"] = pd.DataFrame(other).iloc[: None if members else 0]
    made.tables["identified_limit"] = pd.DataFrame([{**place, "scenario": "next-gen", "inside": inside, "unit": "1"}])
    names = [name for name in shares if name not in SUMS] if pairs else []
    values = [(one, two, (-0.99, 0.0, 0.5, -0.6, 0.3)[at % 5]) for at, (one, two) in enumerate(combinations(names, 2))]
    made.tables["identified_pair"] = pd.DataFrame(values, columns=["one", "two", "value"]).assign(**place, unit="1")
    made.record["config"] = {
        "study": {
            "baseline": "incumbent",
            "statements": statements or STATEMENTS,
            "held": ["NMC"],
            "only_fall": ["NMC", "LFP"],
            "only_grow": [],
            "mixes": 100_000,
            **(study or {}),
        }
    }
    return made


FULL = dict.fromkeys([*style.FAMILY, *SUMS, "one more"], (0.0, 1.0, 0.05, 0.95, 1.0, 0.5))
STILL = {name: (numbers[5],) * 6 for name, numbers in SHARES.items()}
LONG = {f"{name}, as everybody calls it in a long sentence": numbers for name, numbers in SHARES.items()}
Case = tuple[FakeResult, dict[str, Any]]
CASES: dict[str, dict[str, Callable[[], Case]]] = {
    "identified": {
        "usual": lambda: (found(), {}),
        "no other scenario": lambda: (found(members=False), {}),
        "the other is outside": lambda: (found(inside="no"), {}),
        "nothing is known of pairs": lambda: (found(pairs=False), {}),
        "one share": lambda: (found({"LFP": SHARES["LFP"]}), {}),
        "everything is open": lambda: (found(FULL), {}),
        "nothing moves": lambda: (found(STILL), {}),
        "all that may be said": lambda: (found(
            statements=dict.fromkeys(("graphite", "lithium", "nickel", "cobalt"), (-0.2, 0.1)),
            study={"only_grow": ["Na-ion", "Li-metal", "Li-S"], "held": ["NMC", "Li-metal"]}), {}),
        "nothing assumed": lambda: (found(study={"held": [], "only_fall": []}), {}),
        "long names": lambda: (found(LONG), {}),
        "long labels": lambda: (found(labels={"incumbent": "What everybody expects to happen anyway, more or less",
                                              "next-gen": "What somebody hopes for in a report " * 2}), {}),
        "a title of one’s own": lambda: (found(), {"title": "What figure 17 leaves open"}),
    }
}  # fmt: skip


def drawn(case: str = "usual", **options: Any) -> Bundle:
    made, given = CASES["identified"][case]()
    return charts.draw(made, "identified", **(given | options))


def test_the_title_says_what_is_settled_and_what_is_open() -> None:
    assert drawn().meta.title == (
        "What is said of graphite and lithium fixes graphite-free at 25–28% of Europe’s 2035 batteries, but leaves "
        "Li-S at 0–13%, Li-metal at 0.5–22% and Na-ion at 6–17%"
    )
    assert drawn("nothing moves").meta.title.startswith(
        "What is said of graphite and lithium fixes NMC at 38% of Europe"
    )
    open_ = drawn("everything is open").meta.title
    assert open_.startswith(
        "What is said of graphite and lithium leaves NMC at 0–100%, LFP at 0–100% and Na-ion at 0–100%"
    )


def test_the_subtitle_has_what_is_said() -> None:
    assert "in all mixes with 24–26% less graphite and 0–10% more lithium than Incumbent" in drawn().meta.subtitle
    assert "in all mixes that fit" in drawn("all that may be said").meta.subtitle
    assert "All mixes have 20% less to 10% more graphite" in drawn("all that may be said").meta.note


def test_the_data_are_the_ranges_and_the_pairs() -> None:
    data = drawn().data
    shares = data[data["quantity"] == "share"].set_index("name")
    assert list(shares.index) == list(SHARES)
    for name, numbers in SHARES.items():
        columns = ["low", "high", "p5", "p95", "baseline", "value"]
        assert shares.loc[name, columns].tolist() == pytest.approx([100 * each for each in numbers])
    pairs = data[data["quantity"] == "correlation"]
    assert len(pairs) == 10
    assert pairs["value"].between(-1, 1).all()


def test_who_is_none_of_them_and_what_is_not_drawn_is_said() -> None:
    assert "Next-gen is none of these mixes." in drawn("the other is outside").meta.note
    assert "none of these" not in drawn().meta.note
    assert "Not drawn: 2 more, in identified.csv." in drawn("everything is open").meta.note
    assert "Assumed: NMC with the proportions of Incumbent; NMC and LFP may only fall." in drawn().meta.note
    assert "Assumed" not in drawn("nothing assumed").meta.note


def test_shares_that_are_nothing_are_said() -> None:
    made = found({"LFP": (0.0,) * 6})
    with pytest.raises(UsageError, match=r"^identified: no share is more than nothing"):
        charts.draw(made, "identified")
