"""Several results side by side, and masses in other units."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from minerals import api
from minerals.cli import cli
from minerals.errors import UsageError
from minerals.results.compare import changes
from minerals.results.masses import factors
from minerals.results.result import Result
from minerals.results.screen import open_changes
from minerals.results.side_by_side import differences, lines

MINERALS = {
    "lithium": {"label": "Lithium", "symbol": "Li", "basis": "contained lithium"},
    "cobalt": {"label": "Cobalt", "symbol": "Co", "basis": "contained cobalt"},
    "sulfur": {"label": "Sulfur", "symbol": "S", "basis": "contained sulfur"},
    "graphite": {"label": "Graphite", "symbol": "C", "basis": "anode-grade graphite in the cell"},
}


def test_a_mass_in_tonnes_or_of_a_compound_by_hand() -> None:
    """Li2CO3: (2 · 6.94 + 12.011 + 3 · 15.999) ÷ (2 · 6.94); CoSO4(H2O)7: 281.10 ÷ 58.933, of cobalt, not of sulfur;
    carbonate holds no graphite."""
    assert factors("Mt", MINERALS) == dict.fromkeys(MINERALS, 1e-3)
    assert factors("kt LCE", MINERALS) == pytest.approx({"lithium": 73.888 / 13.88}, rel=1e-6)
    assert factors("t CoSO4(H2O)7", MINERALS) == pytest.approx({"cobalt": 1000 * 281.0939 / 58.933194}, rel=1e-5)


@pytest.mark.parametrize(("unit", "said"), [
    ("lbs", "no unit of mass 'lbs'"), ("kt lce", "'lce' cannot be weighed"), ("kt KCl", "no atomic weight of K"),
    ("kt CO2", "CO2 holds none of Lithium, Cobalt, Sulfur"), ("kt Li2CO3)", "closes nothing"),
])  # fmt: skip
def test_what_no_mass_is_told_in(unit: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        factors(unit, MINERALS)
    assert said in str(refused.value)


@pytest.fixture
def two(toy: Path) -> dict[str, Result]:
    """The toy, and with less graphite and a year less."""
    set_ = {"intensity.kg_per_kwh": {"lfp": {"graphite": 0.9}}, "scope.years.last": 2033}
    return {"a": api.run(toy / "run.toml", inputs=toy), "b": api.run(toy / "run.toml", inputs=toy, set=set_)}


def test_two_runs_by_their_common_scenarios_and_last_year(two: dict[str, Result]) -> None:
    table = api.compare(two)
    assert set(table["year"]) == {2033}
    assert set(table["scenario"]) == set(two["a"].scenarios)
    for run, result in two.items():
        for row in table[(table["run"] == run) & (table["what"] == "mineral")].itertuples():
            assert row.value == pytest.approx(result.total(scenario=row.scenario, mineral=row.name, year=2033))
    assert not table.loc[table["run"] == "a", "change"].dropna().any()
    graphite = table[(table["name"] == "graphite") & (table["scenario"] == two["a"].scenarios[0])].set_index("run")
    change = graphite["value"]["b"] / graphite["value"]["a"] - 1
    assert graphite["change"]["b"] == pytest.approx(change)
    assert change < 0


def test_what_differs_is_told_and_only_that(two: dict[str, Result]) -> None:
    told = differences(two)
    assert told[0].startswith("Differs: scope.years.last = ")
    assert "2033 in b" in told[0]
    assert told[1] == "Differs: intensity.kg_per_kwh.lfp = nothing in a, { graphite = 0.9 } in b"
    assert len(told) == 2
    assert differences({"a": two["a"], "again": two["a"]}) == [
        "a and again have the same run file, inputs and versions."
    ]
    text = "\n".join(lines(api.compare(two), two, "World", 80))
    assert "Graphite" in text
    assert max(map(len, text.splitlines())) <= 80


def test_what_cannot_stand_side_by_side(two: dict[str, Result]) -> None:
    with pytest.raises(UsageError, match="two results or more"):
        api.compare({"a": two["a"]})
    with pytest.raises(UsageError, match="a base is a scenario of one"):
        api.compare(two, "plan")
    with pytest.raises(UsageError, match="no year 2045"):
        api.compare(two, year=2045)
    other = two["b"].record | {"scenarios": {"elsewhere": {}}}
    with pytest.raises(UsageError, match="no scenario in common"):
        api.compare({"a": two["a"], "b": Result(other, two["b"].tables)})


def test_changes_whose_sign_is_open_are_told_and_no_others() -> None:
    """By hand: of graphite 20 kt become 21; with sodium-ion alike, that of lithium-ion at its low end makes 18 to 20.2
    (+12 %), at its high end 30 to 25 (−17 %). Of cobalt four tenths are left at every end."""
    sodium, lithium = ("na", 10.0, 10.0, 10.0, 17.0, 17.0, 17.0), ("li", 8.0, 10.0, 20.0, 3.2, 4.0, 8.0)
    rows = [(scenario, code, mineral, 2035, *ends[3 * at : 3 * at + 3])
            for mineral, these in (("graphite", (sodium, lithium)), ("cobalt", (lithium,)))
            for code, *ends in these for at, scenario in enumerate(("now", "then"))]  # fmt: skip
    columns = ["scenario", "chemistry", "mineral", "year", "low", "value", "high"]
    record = {
        "years": [2035], "minerals": ["cobalt", "graphite"], "scenarios": {"now": {"label": "Now"}, "then": {}},
        "codes": {"chemistry": {"na": {"family": "Na-ion"}, "li": {"family": "NMC"}},
                  "mineral": {"graphite": {"label": "Graphite"}, "cobalt": {"label": "Cobalt"}}},
    }  # fmt: skip
    found = Result(record, {"mineral_demand": pd.DataFrame(rows, columns=columns)})
    line = "By the low and high ends of kg/kWh these may rise or fall: Graphite −17 to +12%."
    moved = changes(found, 2035)
    assert moved["graphite", "then"] == pytest.approx((25 / 30 - 1, 0.05, 20.2 / 18 - 1))
    assert moved["cobalt", "then"] == pytest.approx((-0.6, -0.6, -0.6))
    assert open_changes(found, 100) == [line]
    assert open_changes(Result(record, found.tables | {"percentiles": found["mineral_demand"]}), 100) == []
    alone = Result(record | {"scenarios": {"now": {}}}, found.tables)
    assert open_changes(alone, 100) == []


@pytest.mark.slow
def test_folders_side_by_side_on_the_screen_and_as_json(toy: Path, tmp_path: Path) -> None:
    for name, last in (("one", 2030), ("two", 2031)):
        api.run(toy / "run.toml", inputs=toy, out=tmp_path / name,
                set={"scope.years": {"first": 2030, "last": last}, "output.charts": []})  # fmt: skip
    folders = [str(tmp_path / name) for name in ("one", "two")]
    done = CliRunner().invoke(cli, ["compare", *folders])
    assert done.exit_code == 0, done.output
    assert "changes against one" in done.output
    assert "Differs: scope.years.last = 2030 in one, 2031 in two" in done.output
    rows = json.loads(CliRunner().invoke(cli, ["compare", *folders, "--json", "--unit", "kt LCE"]).output)
    assert {row["name"] for row in rows if row["what"] == "mineral"} == {"lithium"}
    assert {row["unit"] for row in rows} == {"GWh", "kt LCE"}
    one = json.loads(CliRunner().invoke(cli, ["compare", folders[0], "--json"]).output)
    assert one[0]["value"] == api.compare(folders[0])["value"].iloc[0], "at full precision"
    assert CliRunner().invoke(cli, ["compare", folders[0], folders[0]]).exit_code == 2


def test_a_quantity_and_a_year_that_are_not_there_are_told_by_name(two: dict[str, Result]) -> None:
    with pytest.raises(UsageError, match=r"no quantity primary_demnd .*did you mean 'primary_demand'"):
        api.compare(two["a"], quantity="primary_demnd")
    with pytest.raises(UsageError, match=r"primary_demand needs a run with \[flows\]"):
        api.compare(two["a"], quantity="primary_demand")
    with pytest.raises(UsageError, match="no year 2040 in this result; the nearest is 2034"):
        api.compare(two["a"], year=2040)
    assert set(api.compare(two["a"], unit="t")["unit"]) == {"t"}
