"""GWh at risk and concentrations back to their rows: re-added from the folder alone, refused where changed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from minerals import api
from minerals.cli import cli
from minerals.errors import MineralsError, UsageError
from minerals.numbers import number
from minerals.results.explain_exposure import explain_disruption, explain_node
from minerals.results.result import Result, load
from minerals.results.screen import risks
from minerals.studies.run import run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(europe: Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("exposed") / "europe"
    europe.write(place)
    return place


@pytest.mark.parametrize("scenario", ["incumbent", "next-gen"])
def test_every_disruption_re_adds_from_the_folder_alone(folder: Path, scenario: str) -> None:
    """Need by chemistry, supply by country, share of the pool and access, with and without, each to 1e-9."""
    result = load(folder)
    for code, event in result.record["exposure"]["disruptions"].items():
        for year in (max(event["start"], 2025), 2035):
            told = explain_disruption(result, code, year=year, scenario=scenario)
            for node in told.nodes:
                assert sum(use.value for use in node.uses) == pytest.approx(node.need, rel=1e-9)
                for reach in (node.without, node.left):
                    sums = (
                        reach.own
                        + reach.recovered
                        + reach.share_of_pool * reach.exported
                        + reach.follow_on
                        - reach.others
                    )
                    assert reach.value == pytest.approx(sums, rel=1e-9)
                assert all(use.factors for use in node.uses)
                assert all(supplier.factors for supplier in node.suppliers)


def test_a_stop_of_graphite_anodes_is_told_by_its_exporters(folder: Path) -> None:
    told = explain_disruption(load(folder), "china-graphite-anode")
    (node,) = told.nodes
    assert (node.node, told.region, told.year) == ("graphite_anode", "Europe", 2035)
    assert sum(told.lost["best"].values()) == pytest.approx(told.best)
    china, *others = node.suppliers
    assert (china.country, china.left) == ("CHN", 0)
    assert all(other.left == other.exported for other in others)
    assert node.left.exported == pytest.approx(sum(other.exported for other in others))
    tables = {
        "supply_share", "supply_utilisation", "material_plant", "disruption", "stage_yield", "mineral_intensity",
        "event_history",
    }  # fmt: skip
    assert set(told.rows()["table"]) == tables
    assert told.low < told.best == told.high
    (severity,) = told.severities
    assert (severity.value, severity.high, severity.ends) == (1, 1, "past")
    assert set(told.past[0].rows[0]["rows"].split(":")[:1]) == {"event_history.csv"}
    assert len(told.events) == 4
    assert re.search(r"china-graphite-anode in Europe, 2035, incumbent = 4\d\d", repr(told))


@pytest.mark.parametrize("changes", [
    ["exposure.stockpile_months=3"],
    ["exposure.future=iea-base"],
    ["exposure.future=announced", "exposure.delivery=0.5"],
    ["exposure.disruptions=['drc-cobalt-quota']"],
    ["flows={inflow = 'middle'}", "scope.years.last=2030"],
    ["WORLD", "scope.years.first=2029", "scope.years.last=2030"],
    ["intensity.trend=improving", "scenario.next-gen.silicon=silicon-rising"],
])  # fmt: skip
def test_it_re_adds_whatever_the_run_asks_for(changes: list[str], tmp_path: Path) -> None:
    """Stockpiles, published supply, plants, scrap and recycling, several regions, trends and silicon blends."""
    if changes[0] == "WORLD":
        exposure = "exposure={demand = 'stated-policies', adoption = 'stated-trend'}"
        run("world-2050", [exposure, *changes[1:]]).write(tmp_path / "out")
    else:
        run("europe-2035", changes).write(tmp_path / "out")
    result = load(tmp_path / "out")
    last = result.record["years"][-1]
    for row in result["disruptions"].query("year == @last").itertuples():
        told = explain_disruption(result, row.disruption, row.region, last, row.scenario)
        assert told.best == pytest.approx(row.at_risk_best)
    for node in result.record["exposure"]["nodes"]:
        explain_node(result, node)


def test_the_hhi_re_adds_from_the_shares(folder: Path) -> None:
    result = load(folder)
    for node in result.record["exposure"]["nodes"]:
        for year in (2025, 2035):
            told = explain_node(result, node, year=year)
            if "hhi" in told.measures:
                squares = sum(each.share**2 for each in told.suppliers)
                assert told.measures["hhi"][0] == pytest.approx(squares, rel=1e-9)
                assert len(told.rows())
    told = explain_node(result, "graphite_anode")
    assert (told.data_year, told.suppliers[0].country) == (2025, "CHN")
    assert told.measures["hhi"][0] == pytest.approx(0.8880, abs=1e-4)


@pytest.mark.parametrize(("table", "column"), [
    ("supply", "value"), ("supply", "exported"), ("supply_cut", "exported"), ("reference_need", "value"),
    ("battery_supply", "utilisation"), ("node_use", "value"), ("coverage", "value"), ("accessible", "value"),
    ("accessible", "share_of_pool"), ("gwh_at_risk", "value"), ("cells", "value"), ("disruptions", "planned"),
])  # fmt: skip
def test_a_folder_that_was_changed_is_refused(folder: Path, table: str, column: str) -> None:
    result = load(folder)
    frame = result[table].copy()
    mine = frame["year"] == 2035 if "year" in frame else frame["value"] > 0
    if "node" in frame:
        mine &= frame["node"] == "graphite_anode"
    frame.loc[mine, column] += 1e-3 + frame.loc[mine, column] * 1e-3
    with pytest.raises(MineralsError, match="changed after the run"):
        explain_disruption(Result(result.record, {**result.tables, table: frame}), "china-graphite-anode")


def test_words_that_do_not_fit(folder: Path, run_toy) -> None:
    result = load(folder)
    for bad, sentence in (
        ({"disruption": "china-graphit-anode"}, "did you mean 'china-graphite-anode'"),
        ({"disruption": "china-graphite-anode", "region": "Europa"}, "did you mean 'Europe'"),
        ({"disruption": "china-graphite-anode", "year": 2025}, "is played from 2027 on"),
        ({"node": "graphit_anode"}, "did you mean 'graphite_anode'"),
        ({"node": "graphite_anode", "region": "Erope"}, "Europe"),
        ({}, "name one of mineral, disruption and node"),
        ({"mineral": "cobalt", "node": "graphite_anode"}, "name one of mineral, disruption and node"),
    ):
        with pytest.raises(UsageError, match=sentence):
            api.explain(result, **bad)
    with pytest.raises(UsageError, match="has no exposure; add"):
        api.explain(run_toy(), disruption="china-all")
    for table, column in (("disruptions", "lost_best"), ("reference_need", "gross"), ("supply_cut", "made")):
        old = Result(result.record, {**result.tables, table: result[table].drop(columns=column)})
        for words in ({"disruption": "china-graphite-anode"}, {"node": "graphite_anode"}):
            with pytest.raises(UsageError, match=f"{table} lacks the column {column}; repeat the run"):
                api.explain(old, **words)


def test_on_screen_each_row_is_spelled_out_once(folder: Path) -> None:
    for words in (["--disruption", "china-all"], ["--node", "mined_cobalt"]):
        outcome = CliRunner().invoke(cli, ["explain", str(folder), *words])
        assert outcome.exit_code == 0, outcome.output
        told = re.findall(r"(\w+\.csv:\d+)\s+\[", re.sub(r"[│├└─\s]+", " ", outcome.stdout))
        assert len(told) == len(set(told)) > 5
    for words in ([], ["--node", "mined_cobalt", "--mineral", "cobalt"]):
        outcome = CliRunner().invoke(cli, ["explain", str(folder), *words])
        assert outcome.exit_code == 2
        assert "one thing at a time: --mineral, --disruption or --node" in outcome.output


def test_a_disruption_without_a_binding_node_says_so(folder: Path) -> None:
    outcome = CliRunner().invoke(cli, ["explain", str(folder), "--disruption", "china-natural-graphite"])
    assert "No node binds: best reallocated" in outcome.stdout
    assert "0 (0% of the plan) are not" in re.sub(r"\s+", " ", outcome.stdout)


def test_a_shortage_is_followed_as_the_screen_says(tmp_path: Path) -> None:
    """What `run` prints after a shortage leads to a need that is larger than what can be had, by that much; what is
    built because of the plan would fill it."""
    europe, folder = run("europe-2035", ["exposure.follow_on=none", "scope.years={first=2034, last=2035}"]), tmp_path
    europe.write(folder / "out")
    folder = folder / "out"
    (line,) = [line for line in risks(europe, 1000) if "Follow it: explain" in line]
    words = line.split("explain", 1)[1].split()
    outcome = CliRunner().invoke(cli, ["explain", str(folder), *words])
    told = explain_node(load(folder), words[1], scenario=words[3])
    assert told.reach is not None
    gap = told.reach.need - told.reach.without.value
    (short,) = europe["shortage"].query("year == 2035").itertuples()
    assert (short.node, short.scenario) == (words[1], words[3])
    assert gap == pytest.approx(short.value)
    shown = re.sub(r"\s+", " ", outcome.stdout)
    assert f"{number(gap)} GWh less than is needed" in shown
    assert f"It rests on {len(told.rows())} rows" in shown
