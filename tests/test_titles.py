"""Titles of charts, by hand: what an interval hangs on, in which world a finding holds, and what finds nothing."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pandas as pd
import pytest

from minerals.charts import CHARTS, losses
from minerals.charts.frame import in_its_world
from minerals.charts.stress import outside_the_stop
from minerals.charts.wording import Finding, Subject, change_title, neutral_title, share_title
from minerals.results.interval import Interval
from minerals.results.result import Result

OF_CELLS = "supply_utilisation:na_ion_cell"


@pytest.mark.parametrize(("drivers", "found"), [
    ({OF_CELLS: 0.6, "severity": 0.2, "months": 0.1}, True),
    ({OF_CELLS: 0.4, "severity": 0.3, "months": 0.2}, False),  # More than each part of the stop, less than both.
    ({OF_CELLS: 0.4, "severity": 0.2, "supply_share:graphite_anode:CHN": 0.3}, False),
    ({OF_CELLS: 0.3, "battery_demand": 0.4, "severity": 0.1}, False),
    ({"supply_utilisation:graphite_anode": 0.6, "severity": 0.1}, False),
    ({"supply_utilisation:any": 0.6, "severity": 0.1}, False),  # The anode may have no figure of its own.
    ({"supply_utilisation:any": 0.3, OF_CELLS: 0.4, "severity": 0.2}, False),
    ({"severity": 0.5}, False),
    ({}, False),
])  # fmt: skip
def test_an_interval_hangs_on_what_is_not_stopped_if_more_than_on_all_of_the_stop(
    drivers: dict[str, float], found: bool
) -> None:
    """Of a stop of graphite anodes: how much, how long and the supply of anodes count together."""
    rows = [(driver, f"label of {driver}", part) for driver, part in drivers.items()]
    assert outside_the_stop(rows, {"graphite_anode"}) == (f"label of {OF_CELLS}" if found else "")
    assert outside_the_stop(rows, ()) == ""


def test_losses_and_their_intervals_are_in_per_cent_of_what_is_planned() -> None:
    """As the title has them; in GWh where a panel has no range at all. What is short anyway is told where every draw
    has it."""
    drawn = losses.Loss(1000.0, 40.0, 300.0, 320.0, 100.0, 610.0, losses.DRAWS)
    nothing = losses.Loss(1000.0, 0.0, 0.0, 0.0, 0.0, 0.0, "")
    plain = losses.Loss(1000.0, 0.0, 300.0, 320.0, 300.0, 320.0, "")
    assert _numbers_of(drawn, nothing, plain) == [("30–32%", "10–61%"), ("none", ""), ("30–32%", "")]
    assert _numbers_of(plain, nothing) == [("30–32%", "300–320"), ("none", "")]
    assert losses.in_words(drawn, True) == "10–61%"
    assert losses.in_words(drawn, False) == "100–610 GWh"
    assert losses.in_words(plain._replace(range=losses.SEVERITY, low=100.0), True) == "up to 32%"
    assert losses.anyway(drawn) == " (4% short anyway)"
    assert losses.anyway(drawn._replace(low=30.0)) == losses.anyway(plain) == ""


def _numbers_of(*found: losses.Loss) -> list[tuple[str, str]]:
    bars = {str(at): losses.Bar({losses.LOST: loss}, ("", "")) for at, loss in enumerate(found)}
    return list(
        losses._numbers(cast(Any, SimpleNamespace(table={"x": bars}, losses=lambda _: found)), losses.LOST).values()
    )


def _in_an_assumed_world(finding: str, label: str = "Supply of today") -> str:
    record = {
        "scenarios": {"a": {"label": "Next-gen"}}, "region_label": "Europe", "regions": ["Europe"],
        "codes": {"future": {"today": {"label": label}}, "country": {"CHN": {"label": "China"}}},
        "exposure": {"countries": {"USA": "United States"}},
    }  # fmt: skip
    used = pd.DataFrame({"future": ["today"], "source": ["assumed"]})
    return in_its_world(Result(record, {"inputs_used": used}), ["today"], finding)


@pytest.mark.parametrize(("finding", "after"), [
    ("If China closes the chain, Europe would lose all", "if China"),
    ("In case of “Strike in Finland”, Europe would lose all", "in case of “Strike"),
    ("The United States would lose all", "the United States"),
    ("Mixes near the best have all", "mixes near"),
    ("Europe’s batteries would lose all", "Europe’s"),
    ("China makes all", "China makes"),
    ("Next-gen lowers it", "Next-gen lowers"),
    ("LFP cathode is short", "LFP cathode"),
    ("Na-ion cells are short", "Na-ion cells"),
])  # fmt: skip
def test_a_finding_follows_the_name_of_its_assumed_world(finding: str, after: str) -> None:
    """Any first word is small but a name: no list of words that titles begin with."""
    assert _in_an_assumed_world(finding).startswith(f"Under supply of today, {after}")


def test_a_world_is_named_once_and_as_a_whole_word() -> None:
    named = "Under today China would make all"
    assert _in_an_assumed_world(named, "Today") == named
    longer = "Half of today’s cells are short"
    assert _in_an_assumed_world(longer, "Today") == "Under today, half of today’s cells are short"
    asked = _in_an_assumed_world(Subject("What a stop would cost"), "Today")
    assert (asked, type(asked)) == ("What a stop would cost under today", Subject)


def test_titles_of_changes_that_find_nothing_say_so() -> None:
    """Where no change is clear the title says what is drawn; that hardly anything changes is a finding."""
    neutral = neutral_title("Europe", 2035, ("A", "B"))
    assert neutral == "Mineral demand for batteries in Europe in 2035: A and B compared"
    open_ = [Finding("graphite", Interval(-0.2, 0.1, 0.3))]
    for found, kind in (
        (change_title("B", "Europe", 2035, open_, neutral), Subject),
        (change_title("B", "Europe", 2035, [Finding("graphite", Interval(0.0, 0.001, 0.002))], neutral), str),
        (change_title("B", "Europe", 2035, [Finding("graphite", Interval(-0.3, -0.2, -0.1))], neutral), str),
        (share_title("Europe", 2035, []), Subject),
        (share_title("Europe", 2035, [("cobalt", 0.0)]), str),
    ):
        assert type(found) is kind, found


#: What a title begins or ends with that says what is drawn. A new one of another kind is marked as the others are.
OF_A_SUBJECT = r"(What (?!is said )|Where |Which |Who |How |Capacity of )|.*\bcompared\b|.*\bby (use|chemistry)\b"


def test_every_title_that_finds_nothing_is_marked_as_such() -> None:
    """In the source of each chart: the texts that its finding may return begin with what is drawn if, and only if, they
    are a Subject."""
    marked = 0
    for module in CHARTS:
        source = ast.parse((Path(losses.__file__).parent / f"{module}.py").read_text(encoding="utf-8"))
        (finding,) = (each for each in source.body if isinstance(each, ast.FunctionDef) and each.name == "_finding")
        inside = {id(finding.body[0].value)}  # The docstring.
        for each in ast.walk(finding):
            if isinstance(each, ast.Call) and ast.unparse(each.func) == "wording.Subject":
                inside |= {id(part) for part in ast.walk(each)}
                marked += 1
                assert re.match(OF_A_SUBJECT, _text(each.args[0])), ast.unparse(each)
        for each in ast.walk(finding):
            if isinstance(each, ast.Constant | ast.JoinedStr) and id(each) not in inside:
                assert not re.match(OF_A_SUBJECT, _text(each)), ast.unparse(each)
    assert marked >= 20


def _text(node: ast.AST) -> str:
    """The words of a text with names left open."""
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_text, node.values))
    return str(node.value) if isinstance(node, ast.Constant) else "…"
