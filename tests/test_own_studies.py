"""The worked examples of one's own rows, each against a calculation from the files alone."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from minerals.config.run import find_run_file
from minerals.errors import UsageError
from minerals.results.result import Result
from minerals.shipped import inputs_folder
from minerals.studies.run import run

OWN = Path(__file__).parent.parent / "runs" / "own"
#: How closely an example and its calculation agree.
CLOSE = 1e-9


def study(name: str, *sets: str) -> Result:
    return run(OWN / name / f"{name}.toml", ["output.charts=[]", *sets])


def shipped(table: str, *keys: str) -> pd.Series:
    """Values of a shipped table by some of its columns; none that is used here is corrected."""
    return pd.read_csv(inputs_folder() / f"{table}.csv").set_index(list(keys))["value"].sort_index()


def linear(table: pd.Series, year: int) -> float:
    """Value of a year by one between given years, held beyond them. table: by year."""
    return float(np.interp(year, table.index, table))


@pytest.mark.parametrize("name", sorted(path.name for path in OWN.iterdir()))
def test_an_example_is_a_short_run_file_with_rows_of_its_own(name: str) -> None:
    """At most 40 lines, few rows, and nothing but a run file and rows."""
    lines = (OWN / name / f"{name}.toml").read_text(encoding="utf-8").splitlines()
    assert 5 < len(lines) <= 40
    files = [path for path in (OWN / name).rglob("*") if path.is_file()]
    assert {path.suffix for path in files} <= {".toml", ".csv"}
    assert sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files) < 130
    copied = {path.name for path in files} & {path.name for path in inputs_folder().glob("*.csv")}
    for table in copied:
        own = next(path for path in files if path.name == table).read_text(encoding="utf-8").splitlines()[1:]
        assert not set(own) & set((inputs_folder() / table).read_text(encoding="utf-8").splitlines())


def test_an_example_is_found_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_run_file("runs/own/japan/japan.toml") == OWN / "japan" / "japan.toml"
    with pytest.raises(UsageError, match="no run file runs/own/japan/germany"):
        find_run_file("runs/own/japan/germany.toml")


@pytest.mark.slow
def test_storage_alone_by_hand() -> None:
    """Batteries of 2021 to 2030 come back ten years later; 0.8 of them is collected, and recovered by route."""
    found = study("storage")
    lithium = shipped("mineral_intensity", "chemistry", "mineral")["lfp", "lithium"]
    routes = shipped("recovery_route", "region", "recycling_route", "year")["World"]
    rates = shipped("recovery_rate", "stream", "recycling_route", "mineral", "year")["end_of_life"]
    sold = {year: float(np.interp(year, [2020, 2025, 2035], [0, 2, 12])) for year in range(2020, 2041)}
    flows = found["mineral_flows"].set_index(["scenario", "mineral", "flow", "year"])["value"]
    for year in (2031, 2036, 2040):
        for scenario, last in (("lfp", 0.0), ("sodium", 0.3)):
            share = 1 - float(np.interp(year, [2028, 2034], [0, last]))
            back = 1 - float(np.interp(year - 10, [2028, 2034], [0, last]))
            assert flows[scenario, "lithium", "mineral_demand", year] == pytest.approx(
                sold[year] * share * lithium, rel=CLOSE
            )
            collected = 0.8 * sold[year - 10] * back * lithium
            assert flows[scenario, "lithium", "collected", year] == pytest.approx(collected, rel=CLOSE)
            kept = sum(linear(routes[each], year) * linear(rates[each, "lithium"], year)
                       for each in ("pyro", "hydro", "direct"))  # fmt: skip
            assert flows[scenario, "lithium", "recovered", year] == pytest.approx(collected * kept, rel=CLOSE)
    assert set(found["cells"]["segment"]) == {"stationary"}
    assert set(found["mineral_demand"]["mineral"]) == {"lithium", "graphite", "sodium"}


@pytest.mark.slow
def test_a_chemistry_in_one_file_by_hand() -> None:
    """A fifth of Europe's cars of 2035, with what its file says of each mineral and what a pack adds."""
    own = tomllib.loads((OWN / "lmfp" / "rows" / "lmfp_si10.toml").read_text(encoding="utf-8"))
    found = study("lmfp", "exposure.draws=0", "exposure.disruptions=['china-lfp-cathode']")
    keys = ["scenario", "region", "segment", "chemistry", "silicon", "year"]
    car = (
        0.2
        * shipped("battery_demand", "scenario", "region", "segment", "year")["stated-policies", "Europe", "car", 2035]
    )
    place = ("next-gen", "Europe", "car", "lmfp", 0.1, 2035)
    assert found["cells"].set_index(keys)["value"][place] == pytest.approx(car, rel=CLOSE)
    demand = found["mineral_demand"].set_index([*keys, "mineral"]).sort_index().loc[place]
    pack = shipped("pack_intensity", "mineral")
    of_cell = own["mineral_intensity"]["lmfp_si10"]
    assert set(demand.index) == {name for name, value in of_cell.items() if value}
    for mineral, row in demand.iterrows():
        value = of_cell[mineral] if isinstance(of_cell[mineral], float) else of_cell[mineral]["value"]
        assert row["value"] == pytest.approx(car * (value + pack.get(mineral, 0.0)), rel=CLOSE), mineral


@pytest.mark.slow
def test_an_own_stop_with_own_plants_by_hand() -> None:
    """Europe has its own plants, and of those of Morocco what its share of the need outside China is, 200 of 500."""
    found = study("plants")["disruptions"].set_index("year")
    phosphorus = shipped("mineral_intensity", "chemistry", "mineral")["lfp", "phosphorus"]
    need = 100 * phosphorus * shipped("node_use", "node", "chemistry")["lfp_cathode", "lfp"]
    delivered = shipped("plant_delivery", "status")
    for year in range(2030, 2036):
        own = 100 * 0.5 + (year >= 2033) * 100 * delivered["construction"]
        abroad = (year >= 2031) * 300 * delivered["planned"]
        lost = 100 * (1 - (own + 0.4 * abroad) / need)
        assert found.loc[year, "lost_best"] == pytest.approx(lost, rel=CLOSE)
        assert found.loc[year, "lost_proportional"] == pytest.approx(lost, rel=CLOSE)
    assert set(found["binding_node"]) == {"lfp_cathode"}


@pytest.mark.slow
def test_germany_by_hand() -> None:
    """GWh of each chemistry × kg/kWh of its inventory, and copper and aluminium of the pack, from the files alone."""
    inventory = shipped("mineral_intensity", "chemistry", "mineral")
    pack = shipped("pack_intensity", "mineral")
    result = study("germany")
    found = result.total(by=("mineral", "year"), scenario="half-lfp")
    for year, gwh, lfp in ((2024, 28.33, 0.06), (2030, 218.6, 0.06 + 0.44 * 6 / 11), (2035, 220.8, 0.5)):
        assert result.total("battery_demand", by=(), scenario="half-lfp", year=year) == pytest.approx(gwh, rel=CLOSE)
        for mineral in ("graphite", "nickel", "lithium", "cobalt", "manganese", "phosphorus", "iron", "copper"):
            cells = gwh * (lfp * inventory["lfp", mineral] + (1 - lfp) * inventory["nmc811", mineral])
            whole = cells + gwh * (pack.get(mineral, 0.0))
            assert found[mineral, year] == pytest.approx(whole, rel=CLOSE), (mineral, year)
    trend = result.total("battery_demand", by=("year",), scenario="trend")
    pd.testing.assert_series_equal(trend, result.total("battery_demand", by=("year",), scenario="half-lfp"))


@pytest.mark.slow
def test_japan_beside_germany_by_hand() -> None:
    found = study("japan").total(by=("region", "mineral", "year"), scenario="half-lfp")
    inventory = shipped("mineral_intensity", "chemistry", "mineral")
    pack = shipped("pack_intensity", "mineral")
    for region, year, gwh, lfp in (
        ("Japan", 2024, 3.178, 0.06), ("Japan", 2030, 122.4, 0.06 + 0.44 * 6 / 11), ("Japan", 2035, 181.9, 0.5),
        ("Germany", 2027, (28.33 + 218.6) / 2, 0.06 + 0.44 * 3 / 11), ("Germany", 2035, 220.8, 0.5),
    ):  # fmt: skip
        for mineral in ("graphite", "nickel", "lithium", "cobalt", "phosphorus", "copper"):
            cells = lfp * inventory["lfp", mineral] + (1 - lfp) * inventory["nmc811", mineral]
            whole = gwh * (cells + pack.get(mineral, 0.0))
            assert found[region, mineral, year] == pytest.approx(whole, rel=CLOSE), (region, mineral, year)
