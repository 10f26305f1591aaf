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
def test_cars_by_size_and_year_of_sale_by_hand() -> None:
    """What comes back holds what it was sold with: small cars nine years later, large ones twelve, from 2025 on
    fourteen."""
    flows = study("sizes")["mineral_flows"].set_index(["scenario", "mineral", "flow", "year"])["value"]
    lithium = shipped("mineral_intensity", "chemistry", "mineral")["nmc811", "lithium"]
    graphite = shipped("mineral_intensity", "chemistry", "mineral")["lfp", "graphite"]

    def sold(year: int) -> dict[tuple[str, str], float]:
        """GWh by size and chemistry."""
        small, large = (float(np.interp(year, [2015, 2025, 2040], gwh)) for gwh in ([0, 10, 40], [0, 20, 50]))
        lfp = 0.5 * (year - 2015) / 25
        return {("small", "lfp"): small, ("large", "lfp"): large * lfp, ("large", "nmc811"): large * (1 - lfp)}

    def held(year: int) -> dict[str, dict[tuple[str, str], float]]:
        """kg/kWh of cells sold in a year."""
        of_lithium = {("small", "lfp"): float(np.interp(year, [2020, 2035], [0.10, 0.08])), ("large", "lfp"): 0.09,
                      ("large", "nmc811"): lithium}  # fmt: skip
        of_graphite = {("small", "lfp"): graphite, ("large", "lfp"): graphite,
                       ("large", "nmc811"): float(np.interp(year, [2020, 2040], [1.0, 0.8]))}  # fmt: skip
        return {"lithium": of_lithium, "graphite": of_graphite}

    for year in (2029, 2035, 2040):
        gone = [("small", year - 9), *(("large", cohort) for cohort in range(2015, 2041)
                                       if cohort + (14 if cohort >= 2025 else 12) == year)]  # fmt: skip
        for mineral in ("lithium", "graphite"):
            new = sum(gwh * held(year)[mineral][key] for key, gwh in sold(year).items())
            assert flows["sizes", mineral, "mineral_demand", year] == pytest.approx(new, rel=CLOSE)
            back = {
                size: sum(gwh * held(cohort)[mineral][key] for key, gwh in sold(cohort).items() if key[0] == size)
                for size, cohort in gone
            }
            assert flows["sizes", mineral, "retired", year] == pytest.approx(sum(back.values()), rel=CLOSE)
            collected = 0.9 * back["small"] + 0.8 * back.get("large", 0.0)
            assert flows["sizes", mineral, "collected", year] == pytest.approx(collected, rel=CLOSE)


@pytest.mark.slow
def test_recycling_by_region_and_scenario_by_hand() -> None:
    """Europe's cars last two years longer where recycling is high; lithium of LFP is recovered as its row says."""
    found = study("recycling")
    flows = found["mineral_flows"].set_index(["scenario", "region", "flow", "year"])["value"]
    lithium = shipped("mineral_intensity", "chemistry", "mineral")
    routes = shipped("recovery_route", "region", "recycling_route", "year")["World"]
    rates = shipped("recovery_rate", "stream", "recycling_route", "mineral", "year")["end_of_life"]
    cells = found["cells"].groupby(["scenario", "region", "chemistry", "year"])["value"].sum()
    family = pd.read_csv(inputs_folder() / "chemistries.csv").set_index("chemistry")["family"]
    for scenario, region, life in (("today", "Europe", 12), ("high", "Europe", 14), ("high", "United States", 12)):
        for year in (2032, 2038):
            hydro = {"Europe": min(0.8 + 0.15 * (year - 2015) / 20, 0.95), "United States": 0.75}[region]
            collection = float(np.interp(year, [2025, 2035], [0.85, 0.98])) if scenario == "high" else 0.85
            back = collected = recovered = 0.0
            for chemistry, gwh in cells[scenario, region].xs(year - life, level="year").items():
                mass = gwh * lithium[chemistry, "lithium"]
                kept = hydro
                if scenario == "today":
                    of = {p: linear(rates[p, "lithium"], year) for p in ("pyro", "hydro", "direct")}
                    of |= {"hydro": 0.5} if family[chemistry] == "LFP" else {}
                    kept = sum(linear(routes[p], year) * of[p] for p in of)
                back, collected, recovered = (
                    back + mass,
                    collected + mass * collection,
                    recovered + mass * collection * kept,
                )
            assert back > 0.1
            for flow, value in (("retired", back), ("collected", collected), ("recovered", recovered)):
                assert flows[scenario, region, flow, year] == pytest.approx(value, rel=CLOSE), (scenario, region, flow)


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
def test_the_most_batteries_of_four_groups_of_suppliers_by_hand() -> None:
    """Of cathodes the United States have their own and 400 of 1,000 GWh's share of what near, allied and others export;
    the barred, half of all, are left out."""
    found = study("suppliers")
    intensity, use = shipped("mineral_intensity", "chemistry", "mineral"), shipped("node_use", "node", "chemistry")
    supply = {"lfp": (1000, "lfp_cathode", "phosphorus"), "nmc811": (700, "nmc_cathode", "nickel")}
    cells = found["cells"].set_index(["scenario", "chemistry", "year"])["value"]
    for chemistry, (whole, node, mineral) in supply.items():
        had = whole * (0.1 + (0.1 + 0.2 + 0.1) * 400 / 1000)
        most = had / (intensity[chemistry, mineral] * use[node, chemistry])
        for year in (2031, 2032):
            assert cells["optimised", chemistry, year] == pytest.approx(most, rel=CLOSE)
    bought = found["mix_sourcing"].query("node == 'lfp_cathode' and year == 2032").set_index("country")["value"]
    wanted = {"R_HOME": 100, "R_NEAR": 40, "R_ALLIED": 80, "R_OTHERS": 40}
    assert bought.to_dict() == pytest.approx(wanted, rel=CLOSE)
    # Imported cells carry what they are made of: they are no way around the limits.
    found = study("suppliers", "optimise.own_share={}")
    trade = found["mix_trade"].set_index(["measure", "chemistry", "year"])["value"]
    assert set(trade["imports"].index) == {("nmc811", 2031), ("nmc811", 2032)}
    for (_, chemistry, year), gwh in trade.items():
        assert gwh == pytest.approx(cells["optimised", chemistry, year], rel=CLOSE)


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
