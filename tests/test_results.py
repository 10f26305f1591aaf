"""Results on disk and in memory: whole or not at all, same bytes, and every number back to its rows."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pandas as pd
import pytest

from minerals.errors import MineralsError, UsageError
from minerals.results.compare import compare
from minerals.results.explain import explain
from minerals.results.result import Result, load
from minerals.shipped import inputs_folder
from minerals.studies.run import run


def digest(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.rglob("*.*"))}


def test_same_inputs_same_bytes(run_toy, tmp_path: Path) -> None:
    for name in ("a", "b"):
        run_toy().write(tmp_path / name)
    assert digest(tmp_path / "a") == digest(tmp_path / "b")


def test_written_and_read_back_is_the_same(europe: Result, tmp_path: Path) -> None:
    europe.write(tmp_path / "out")
    again = load(tmp_path / "out")
    assert again.record == json.loads(json.dumps(europe.record))
    for name, frame in europe.tables.items():
        ours, theirs = (f.astype(object).where(f.notna(), "") for f in (again[name], frame.reset_index(drop=True)))
        pd.testing.assert_frame_equal(ours, theirs, check_dtype=False, rtol=1e-11)


def test_the_record_holds_no_clock_no_absolute_path_and_every_input(europe: Result) -> None:
    text = json.dumps(europe.record)
    assert str(inputs_folder()) not in text
    assert not re.search(r"\d\d:\d\d:\d\d", text)
    for path in inputs_folder().glob("*.csv"):
        assert europe.record["inputs"][path.name] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert set(europe.record["versions"]) == {"minerals", "python", "numpy", "pandas"}


def test_columns_are_the_promised_ones(europe: Result) -> None:
    keys = ["scenario", "region", "segment", "chemistry", "silicon"]
    assert list(europe["cells"]) == [*keys, "year", "value", "unit"]
    assert list(europe["mineral_demand"]) == [*keys, "mineral", "year", "value", "low", "high", "unit"]


def test_a_failure_while_writing_leaves_nothing(run_toy, tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_toy().write(tmp_path / "out", extra=fail)
    assert [path.name for path in tmp_path.iterdir() if path.name != "toy"] == []


def test_an_older_result_survives_a_failure(run_toy, tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        raise OSError("disk full")

    run_toy().write(tmp_path / "out")
    before = digest(tmp_path / "out")
    with pytest.raises(OSError, match="disk full"):
        run_toy("scope.years.last=2031").write(tmp_path / "out", extra=fail)
    assert digest(tmp_path / "out") == before


def test_the_same_run_is_replaced_and_another_only_with_force(run_toy, europe: Result, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    run_toy().write(folder)
    run_toy("scope.years.last=2031").write(folder)
    assert load(folder).record["years"] == [2030, 2031]
    with pytest.raises(UsageError, match=r"holds the run 'run'; .* --force"):
        europe.write(folder)
    europe.write(folder, force=True)
    assert load(folder).record["run"] == "europe-2035"


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_that_is_not_a_result_is_never_replaced(run_toy, tmp_path: Path, force: bool) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="not a result"):
        run_toy().write(mine, force=force)
    assert (mine / "thesis.txt").read_text() == "years of work"
    with pytest.raises(UsageError, match="is a file"):
        run_toy().write(mine / "thesis.txt", force=force)


def test_load_says_what_is_not_a_result(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not found"):
        load(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="is not a result folder"):
        load(tmp_path)


def test_total(europe: Result) -> None:
    by_scenario = europe.total(mineral="graphite", year=2035)
    one = europe.total(by=(), mineral="graphite", year=2035, scenario="incumbent")
    assert by_scenario["incumbent"] == pytest.approx(one)
    with pytest.raises(KeyError, match="did you mean 'graphite'"):
        europe.total(mineral="grafite")
    with pytest.raises(KeyError, match="no dimension minerals; did you mean 'mineral'"):
        europe.total(minerals="graphite")
    with pytest.raises(KeyError, match="did you mean 'cells'"):
        europe["cell"]


def test_compare(europe: Result) -> None:
    table = compare(europe, year=2035).set_index(["mineral", "scenario"])
    assert table.loc[("graphite", "incumbent"), "change"] == 0
    ratio = table.loc[("graphite", "next-gen"), "value"] / table.loc[("graphite", "incumbent"), "value"]
    assert table.loc[("graphite", "next-gen"), "change"] == pytest.approx(ratio - 1)
    assert pd.isna(table.loc[("sulfur", "next-gen"), "change"]) == (table.loc[("sulfur", "incumbent"), "value"] == 0)
    turned = compare(europe, base="next-gen").set_index(["mineral", "scenario"])
    assert turned.loc[("graphite", "incumbent"), "change"] == pytest.approx(1 / ratio - 1)
    for bad in ({"base": "nextgen"}, {"year": 1999}, {"region": "Urope"}):
        with pytest.raises(UsageError, match="in this result"):
            compare(europe, **bad)


@pytest.mark.parametrize("mineral", ["graphite", "nickel", "lithium", "cobalt"])
@pytest.mark.parametrize("year", [2027, 2035])
def test_explain_re_adds_every_number_to_1e_9(europe: Result, mineral: str, year: int) -> None:
    for scenario in europe.scenarios:
        told = explain(europe, mineral, "Europe", year, scenario)
        assert sum(leaf.value for leaf in told.leaves) == pytest.approx(
            europe.total(by=(), mineral=mineral, year=year, scenario=scenario), rel=1e-9
        )
        assert all(len(factor.rows) for leaf in told.leaves for factor in leaf.factors)


def test_explain_follows_blends_regions_and_changed_shares(run_toy, tmp_path: Path) -> None:
    sets = ("scenario.plan.silicon=si", "scenario.plan.share.Europe.car.2034={lfp = 0.1, na_layered = 'rest'}")
    run_toy(*sets).write(tmp_path / "out")
    result = load(tmp_path / "out")
    for year in (2030, 2033, 2034):
        for mineral in ("graphite", "silicon", "lithium"):
            told = explain(result, mineral, year=year, scenario="plan")
            assert told.region == "World"
            assert told.value == pytest.approx(
                result.total(by=(), mineral=mineral, year=year, scenario="plan"), rel=1e-9
            )
    names = {factor.name for leaf in explain(result, "graphite", year=2034).leaves for factor in leaf.factors}
    assert names == {"battery demand", "market share", "silicon uptake", "without silicon", "mineral intensity"}
    used = explain(result, "lithium", "Europe", 2034, "plan").rows()
    assert {"book", "run file", "assumed"} <= set(used["source"])


def test_explain_refuses_a_folder_that_was_changed(run_toy, tmp_path: Path) -> None:
    run_toy().write(tmp_path / "out")
    path = tmp_path / "out" / "tables" / "mineral_demand.csv"
    path.write_text(path.read_text().replace(",63,56,70,kt", ",73,56,70,kt"))
    with pytest.raises(MineralsError, match="changed after the run"):
        explain(load(tmp_path / "out"), "graphite", year=2034, scenario="plan")


def test_iamc_sums_agree_with_the_tables(run_toy) -> None:
    result = run_toy()
    wide = result.iamc()
    assert list(wide)[:5] == ["Model", "Scenario", "Region", "Variable", "Unit"]
    assert not wide.duplicated(["Scenario", "Region", "Variable"]).any()
    table = wide.set_index(["Scenario", "Region", "Variable"])["2034"]
    assert table["plan", "World", "Material Demand|Battery|Graphite"] == pytest.approx(335)
    assert table["plan", "World", "Material Demand|Battery|Graphite|Natural"] == pytest.approx(335 / 4)
    assert table["plan", "Europe", "Battery Demand|Cars|NMC 811"] == pytest.approx(70)
    assert table["plan", "Europe", "Battery Demand"] == pytest.approx(170)
    assert set(wide["Unit"]) == {"GWh/yr", "kt/yr"}


def test_inputs_used_are_rows_of_the_files(europe: Result) -> None:
    """File and line lead to the row: the value stands in that line of the shipped file, or was corrected there."""
    lines = {path.name: path.read_text(encoding="utf-8").splitlines() for path in inputs_folder().glob("*.csv")}
    used = europe["inputs_used"]
    assert not used.duplicated(["file", "line"]).any()
    for row in used.itertuples():
        text = lines[row.file][int(row.line) - 1]
        if not row.corrected_by:
            assert f",{row.value:.10g}," in text or f",{row.value:.6f}," in text, (row.file, row.line)
    sources = {key for text in used["source"] for key in text.split(";")} - {"assumed"}
    assert sources == set(europe["sources_used"]["source"])


def test_world_is_the_sum_of_its_parts(world: Result) -> None:
    assert world.record["region_label"] == "World"
    assert world.record["regions"] == ["China", "Europe", "India", "United States", "Rest of world"]
    parts = compare(world, year=2030).set_index(["mineral", "scenario"])["value"]
    regions = [compare(world, year=2030, region=name).set_index(["mineral", "scenario"])["value"]
               for name in world.record["regions"]]  # fmt: skip
    pd.testing.assert_series_equal(parts, sum(regions[1:], regions[0]))


def test_a_run_needs_no_graphite(run_toy) -> None:
    result: Result = run_toy("scope.minerals=['lithium']")
    assert len(result["graphite_by_route"]) == 0
    assert set(result["mineral_demand"]["mineral"]) == {"lithium"}


def test_inputs_beside_the_run_file(toy: Path) -> None:
    (toy / "here.toml").write_text('inputs = "."\nbase = "run.toml"\n', encoding="utf-8")
    assert run(toy / "here.toml").total(by=(), scenario="plan", year=2034, mineral="cobalt") == pytest.approx(5.6)
