"""Events: their ends from past stops, by hand; what must be true of a range; and events that a run file holds."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from conftest import TESTS

import minerals
from minerals.cli import cli
from minerals.config import read_run
from minerals.errors import InputError
from minerals.results.describe import describe
from minerals.results.result import Result
from minerals.results.screen import risks
from minerals.tables.history import PERCENTILES, ends_of, past_of, pooled
from minerals.tables.inputs import Inputs

NAN = float("nan")


def past(event: str, measure: str, value: float, low: float = NAN, high: float = NAN, kind: str = "ban") -> Any:
    """A row of event_history."""
    return SimpleNamespace(event=event, kind=kind, measure=measure, value=value, low=low, high=high, line=2)


# --- ends from the past ----------------------------------------------------------------------------------------------


def test_ends_of_two_events_by_hand() -> None:
    """One event of one item, 0.4 (0.1–0.9), and one of two items, 0.6 and 0.8 without ends. Weights of 0.1, 0.4, 0.6,
    0.8, 0.9 are 1/12, 4/12, 3/12, 3/12, 1/12, and their sums 1/12, 5/12, 8/12, 11/12, 1."""
    rows = [past("one", "lost", 0.4, 0.1, 0.9), past("two", "lost", 0.6), past("two", "lost", 0.8)]
    assert PERCENTILES == (0.05, 0.5, 0.95)
    assert pooled(rows) == (0.1, 0.6, 0.9)


def test_an_end_of_little_weight_is_beyond_the_percentiles() -> None:
    """Of twenty events, one with a low end of 0: it weighs 1/120, and the fifth percentile is the others' 0.5."""
    rows = [past("mild", "lost", 0.7, 0.0, 0.9), *(past(f"event {n}", "lost", 0.5) for n in range(19))]
    assert pooled(rows) == (0.5, 0.5, 0.5)


def test_items_of_one_event_have_one_voice() -> None:
    """Nine items of one event at 0.9 weigh as one of another at 0.2: the median is the lower of the two."""
    rows = [past("many", "lost", 0.9)] * 9 + [past("one", "lost", 0.2)]
    assert pooled(rows) == (0.2, 0.2, 0.9)


def test_an_event_that_never_took_effect_has_no_voice() -> None:
    rows = [past("came", "lost", 0.8), past("came", "months", 5), past("never", "lost", 0), past("never", "months", 0)]
    found = past_of(rows, "ban")
    assert found is not None
    assert (found.lost, found.months, found.events) == ((0.8,) * 3, (5,) * 3, ("came",))
    assert past_of(rows, "quota") is None
    assert past_of(rows[2:], "ban") is None
    any_kind = past_of([*rows, past("old", "lost", 0.4, kind="quota"), past("old", "months", 6, kind="quota")], "stop")
    assert any_kind is not None
    assert any_kind.lost == (0.4, 0.4, 0.8)


def test_ends_hold_the_value_and_those_given_go_first() -> None:
    found = past_of([past("came", "lost", 0.8, 0.6, 0.9), past("came", "months", 5)], "ban")
    assert ends_of(1.0, NAN, NAN, found, "lost") == (1.0, 0.6, 1.0, "past")
    assert ends_of(0.5, NAN, NAN, found, "lost") == (0.5, 0.5, 0.9, "past")
    assert ends_of(0.5, 0.2, 0.7, found, "lost") == (0.5, 0.2, 0.7, "given")
    assert ends_of(12, None, None, found, "months") == (12, 5, 12, "past")
    assert ends_of(0.5, NAN, NAN, None, "lost") == (0.5, 0.5, 0.5, "")


@pytest.mark.parametrize(("instrument", "events", "lost", "months"), [
    ("licence", 4, (0.465, 0.74, 0.97), (3, 4, 9)),
    ("quota", 1, (0.4, 0.72, 0.72), (6, 6, 12)),
    ("ban", 3, (0.5, 1, 1), (2, 7.8, 12)),
    ("stop", 8, (0.465, 0.785, 1), (2, 4, 12)),
])  # fmt: skip
def test_what_past_stops_took(
    instrument: str, events: int, lost: tuple[float, ...], months: tuple[float, ...], shipped_inputs: Inputs
) -> None:
    """Of licences the median is that of antimony, whose sum of weights passes a half; the announcement of October 2025
    never took effect."""
    found = past_of(shipped_inputs.rows("event_history"), instrument)
    assert found is not None
    assert len(found.events) == events
    assert found.lost == pytest.approx(lost)
    assert found.months == pytest.approx(months)


def test_every_shipped_event_has_an_instrument_and_keeps_its_value(shipped_inputs: Inputs) -> None:
    rows = shipped_inputs["disruption"]
    assert (rows["instrument"] != "").all()
    own = rows.dropna(subset="low").set_index("disruption")[["value", "low", "high"]]
    assert set(own.index) == {"drc-cobalt-quota", "zimbabwe-lithium"}
    china = rows[rows["country"] == "CHN"]
    assert (china["value"] == 1).all()


# --- what must be true of a range ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_less_is_lost_at_the_low_end_and_more_at_the_high_one(europe: Result) -> None:
    table = europe["disruptions"]
    slack = 1e-9 * table["planned"]
    for kind in ("lost", "industry"):
        assert (table[f"{kind}_low"] <= table[f"{kind}_best"] + slack).all()
        assert (table[f"{kind}_best"] <= table[f"{kind}_high"] + slack).all()
        assert (table[f"{kind}_best"] <= table[f"{kind}_proportional"] + slack).all()
    last = table.query("year == 2035 and scenario == 'incumbent'").set_index("disruption")
    anode = last.loc["china-graphite-anode"]
    assert anode["lost_low"] < anode["lost_best"] == anode["lost_high"], "severity 1 is its own high end"
    event = "exposure.event.x={country='CHN', nodes='graphite_anode', severity={low=0.85, value=0.9, high=0.95}}"
    alone = ("scope.years=2035", "exposure.draws=0", "exposure.disruptions=['china-cells']")
    found = minerals.run("europe-2035", set=[*alone, event])["disruptions"].query("disruption == 'x'")
    assert ((found["lost_low"] < found["lost_best"]) & (found["lost_best"] < found["lost_high"])).all(), "its own ends"


def test_a_strike_between_its_ends_by_hand(whole: Path) -> None:
    """36 GWh of NMC made at home have cobalt, and 15 that are bought, 70 % of it from Namibia: a severity of 0.4, 0.5
    and 0.6 costs 35.7 GWh times it beside the 9 that are short anyway, in a row of the library and in an event of the
    run."""
    strike = "exposure.event.x={country='NAM', nodes='mined_cobalt', kind='output', severity=%s, start=2031}"
    (row,) = played(whole, strike % "{low=0.4, value=0.5, high=0.6}").itertuples()
    found = row.lost_low, row.lost_best, row.lost_high
    assert found == pytest.approx([9 + 35.7 * severity for severity in (0.4, 0.5, 0.6)])
    of_library = minerals.run(whole, set=["exposure.disruptions=['namibia-strike']"], inputs=whole.parent)
    (row,) = of_library["disruptions"].itertuples()
    assert (row.lost_low, row.lost_best, row.lost_high) == pytest.approx(found)
    (row,) = played(whole, strike % "0.4").itertuples()
    assert row.lost_low == row.lost_best == row.lost_high == pytest.approx(found[0])


def test_a_stop_is_its_own_high_end_and_as_mild_as_the_past_at_its_low_one(whole: Path) -> None:
    """Past licences of the toy took 0.75 (0.5–1), so that the low end is 0.5: what a run with that severity loses."""
    anode = "exposure.event.x={country='CHN', nodes='coated_graphite', start=2031, instrument='licence'}"
    (row,) = played(whole, anode).itertuples()
    (half,) = played(whole, anode, "exposure.event.x.severity=0.5").itertuples()
    assert row.lost_high == row.lost_best == pytest.approx(9 + 27.4)
    assert row.lost_low == pytest.approx(half.lost_best)
    assert half.lost_high == pytest.approx(9 + 27.4)


# --- events of a run file --------------------------------------------------------------------------------------------


@pytest.fixture
def whole(toy: Path) -> Path:
    """The run file of tests/toy_whole up to its prices, beside its tables."""
    shutil.copytree(TESTS / "toy_whole", toy, dirs_exist_ok=True)
    file = toy / "exposed.toml"
    file.write_text((toy / "whole.toml").read_text(encoding="utf-8").partition("[prices]")[0], encoding="utf-8")
    return file


def played(file: Path, *changes: str) -> Any:
    """Rows of the event x."""
    found = minerals.run(file, set=changes, inputs=file.parent)["disruptions"]
    return found[found["disruption"] == "x"]


def test_an_event_of_the_run_is_one_of_the_library_by_another_name(whole: Path) -> None:
    """The stop of the library, written again in the run file, costs the same; it is played after the library."""
    whole.write_text(
        whole.read_text(encoding="utf-8")
        + "\n[exposure.event.again]\nlabel = 'Again'\ncountry = 'CHN'\nnodes = ['coated_graphite']\n"
        "instrument = 'licence'\nstatus = 'suspended'\nstart = 2031\n",
        encoding="utf-8",
    )
    result = minerals.run(whole, inputs=whole.parent)
    table = result["disruptions"].set_index("disruption")
    assert list(table.index) == ["china-anode", "again"]
    numbers = [column for column in table if table[column].dtype == float]
    assert table.loc["again", numbers].tolist() == pytest.approx(table.loc["china-anode", numbers].tolist())
    assert table.loc["again", "lost_best"] == pytest.approx(9 + 27.4)
    record = result.record["exposure"]["disruptions"]
    assert record["again"] | {"label": ""} == record["china-anode"] | {"label": ""}
    assert any(line.startswith("Again*") for line in risks(result, 80))


def test_an_event_starts_with_the_run_and_each_of_its_keys_can_be_changed(whole: Path) -> None:
    stop = "exposure.event.x={country=['CHN', 'NAM'], nodes='any'}"
    every = played(whole, stop)
    assert every["year"].tolist() == [2030, 2031]
    assert played(whole, stop, "exposure.event.x.start=2031")["year"].tolist() == [2031]
    less = played(whole, stop, "exposure.event.x.severity=0.3", "exposure.event.x.months=6")
    assert (less["at_risk_best"] < every["at_risk_best"]).all()


def test_a_run_repeats_its_events_from_its_record(whole: Path, tmp_path: Path) -> None:
    changes = ["exposure.event.x={country='NAM', nodes='mined_cobalt', severity={low=0.4, value=0.5, high=0.6}}"]
    first = minerals.run(whole, set=changes, inputs=whole.parent)
    first.write(tmp_path / "out")
    config = json.loads((tmp_path / "out" / "record.json").read_text(encoding="utf-8"))["config"]["exposure"]["event"]
    assert config["x"]["severity"] == {"value": 0.5, "low": 0.4, "high": 0.6}
    again = minerals.run(tmp_path / "out" / "record.json", inputs=whole.parent)
    assert again["disruptions"].equals(first["disruptions"])


@pytest.mark.slow
def test_explain_says_what_the_run_file_says_of_an_event(whole: Path, tmp_path: Path) -> None:
    changes = ["exposure.event.x={country='NAM', nodes='mined_cobalt', start=2031, note='Miners strike.'}"]
    minerals.run(whole, set=changes, inputs=whole.parent).write(tmp_path / "out")
    for event, told in (("x", True), ("china-anode", False)):
        outcome = CliRunner().invoke(cli, ["explain", str(tmp_path / "out"), "--disruption", event])
        assert outcome.exit_code == 0, outcome.output
        assert ("The run file says of it: Miners strike." in outcome.output) == told


def test_all_that_is_wrong_with_events_is_said_at_once(whole: Path) -> None:
    file = whole
    at = len(file.read_text(encoding="utf-8").splitlines())
    events = [
        "[exposure.event.Big]", "country = 'CHN'", "nodes = 'any'",
        "[exposure.event.a]", "nodes = []", "severity = 60", "months = { low = 3, value = 6 }", "wrong = 1",
        "[exposure.event.b]", "country = 'FIN'", "nodes = 'mined_cobalt'", "kind = 'output'", "instrument = 'ban'",
    ]  # fmt: skip
    file.write_text("\n".join([*file.read_text(encoding="utf-8").splitlines(), *events]), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_run(file)
    told = str(caught.value)
    for line, why in (
        (1, "'Big': is no code of an event"), (4, "exposure.event.a.country': missing"), (5, "expected at least one"),
        (6, "write 0.6"), (7, "low and high go together"), (8, "not a key of exposure.event.a (keys: label, country"),
        (9, "instrument is of stops of exports"),
    ):  # fmt: skip
        assert f"exposed.toml:{at + line} " in told, told
        assert why in told, told


def test_names_that_no_list_has_are_said_at_once(whole: Path) -> None:
    changes = [
        "exposure.event.china-anode={country='CHN', nodes='any'}",
        "exposure.event.a={country='CHM', nodes=['mined_cobald'], instrument='quota'}",
        "exposure.disruptions=['china-anod']",
    ]
    with pytest.raises(InputError) as caught:
        minerals.run(whole, set=changes, inputs=whole.parent)
    told = str(caught.value)
    for why in (
        "event 'china-anode': is a code of disruption.csv", "country = 'CHM': not in countries.csv",
        "nodes = 'mined_cobald': not in nodes.csv; did you mean 'mined_cobalt'?",
        "instrument = 'quota': no event of event_history.csv", "disruptions = 'china-anod': not in disruption.csv",
    ):  # fmt: skip
        assert why in told, told
    with pytest.raises(InputError, match=r"event 'x': starts in 2099, after the last year of the run"):
        played(whole, "exposure.event.x={country='CHN', nodes='any', start=2099}")


def test_describe_tells_a_key_of_an_event_and_the_ends_of_the_library(shipped_inputs: Inputs) -> None:
    assert "low = 0.4" in describe("exposure.event.NAME.severity", shipped_inputs)
    told = describe("china-graphite-anode", shipped_inputs)
    assert "100% (46%–100%) of exports of graphite_anode" in told
    assert "12 (3–12) months" in told
    assert "past stops by licences (graphite-2023, magnets-2025" in told
