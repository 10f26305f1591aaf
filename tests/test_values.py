"""Figures of the tables that exposure and the mix rest on, each against what its source prints."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from minerals.config import read_run
from minerals.errors import InputError
from minerals.shipped import inputs_folder
from minerals.tables.inputs import Inputs, read_inputs
from minerals.tables.supply import supply_inputs


def of(inputs: Inputs, table: str, **keys: object) -> pd.DataFrame:
    frame = inputs[table]
    for key, value in keys.items():
        frame = frame[frame[key] == value]
    return frame


def test_anodes_of_today_are_those_of_2025_by_place(shipped_inputs: Inputs) -> None:
    shares = of(shipped_inputs, "supply_share", future="today", node="graphite_anode").set_index("country")
    printed = {"CHN": 0.944, "JPN": 0.030, "IDN": 0.014, "USA": 0.006, "KOR": 0.002, "DEU": 0.002}
    assert {code: round(shares.loc[code, "value"], 3) for code in printed} == printed
    assert shares.loc["CHN", "low"] < 990 / 1043 < shares.loc["CHN", "high"]  # makers of China, 2024
    assert shares.loc["KOR", "high"] == pytest.approx(26 / 1043, abs=1e-3)
    assert shares.loc["JPN", "low"] == pytest.approx(23 / 1043, abs=1e-3)


def test_cathodes_and_separators_are_the_newest(shipped_inputs: Inputs) -> None:
    nmc = of(shipped_inputs, "supply_share", future="today", node="nmc_cathode").set_index("country")["value"]
    assert nmc["CHN"] == pytest.approx(2 / 3, abs=1e-6)
    assert nmc["KOR"] / nmc["JPN"] == pytest.approx(11.8 / 1.9, rel=1e-4)
    assert (of(shipped_inputs, "supply_share", future="today", node="separator")["year"] == 2025).all()


def test_china_has_no_less_where_it_dominates_and_no_more_where_allies_cooperate(shipped_inputs: Inputs) -> None:
    """Against its newest share of each step it leads; a future without rows of its own has that share."""
    china = shipped_inputs["supply_share"].query("country == 'CHN'")
    today = china.query("future == 'today' and value > 0.5").set_index("node")["value"]
    assert len(today) >= 15
    for future, sign in (("unipolar-dominance", 1), ("competitive-cooperation", -1)):
        theirs = china[china["future"] == future]
        apart = sign * (theirs["value"] - theirs["node"].map(today))
        assert (apart.dropna() >= 0).all(), theirs[apart < 0]


def test_utilisation_is_output_over_capacity(shipped_inputs: Inputs) -> None:
    value = shipped_inputs["supply_utilisation"].set_index("node")["value"]
    assert value["lfp_cathode"] == pytest.approx(2300 / 4700, abs=0.02)
    assert value["lipf6"] == pytest.approx(249 / 390, abs=0.01)
    assert value["li_ion_cell"] == pytest.approx(1200 / 0.7 / 4000, abs=0.01)
    found = shipped_inputs["supply_utilisation"].query("quality != 'assumed'")
    assert set(found["node"]) >= {"lfp_cathode", "nmc_cathode", "graphite_anode", "separator", "lipf6", "li_ion_cell"}


def test_natural_graphite_of_2025(shipped_inputs: Inputs) -> None:
    row = of(shipped_inputs, "graphite_route", route="natural", year=2025).iloc[0]
    assert row["value"] == pytest.approx(0.10 / 0.99, abs=1e-3)  # Mysteel: 89 % synthetic, 10 % natural
    assert row["low"] <= 106 / (1170 + 106)  # GGII, first half
    assert row["high"] == 0.11
    later = of(shipped_inputs, "graphite_route", route="natural").query("year > 2025")
    assert (later["value"] == row["value"]).all()


def odds(share: float) -> float:
    return share / (1 - share)


def test_iron_phosphate_outside_china_gains_as_in_europe(shipped_inputs: Inputs) -> None:
    """Europe from EV Volumes 2024 to a quarter in 2030 (APC) and 0.32 in 2040 (Faraday); others by the same odds."""
    lfp = of(shipped_inputs, "market_share", chemistry="lfp").set_index(["scenario", "region", "segment", "year"])
    value = lfp["value"]
    assert [value["stated-trend", "Europe", "car", year] for year in (2030, 2040, 2050)] == [0.25, 0.32, 0.32]
    gain = odds(0.25) / odds(value["history", "Europe", "car", 2024])
    for region, segment, base in (
        ("United States", "car", "United States"), ("World", "car", "Rest of world"),
        ("World", "van", "World"), ("World", "truck", "World"), ("World", "bus", "World"),
    ):  # fmt: skip
        start = odds(value["history", base, segment, 2024])
        assert odds(value["stated-trend", region, segment, 2030]) == pytest.approx(start * gain, rel=1e-3)
        later = odds(value["stated-trend", region, segment, 2040])
        assert later == pytest.approx(start * gain * odds(0.32) / odds(0.25), rel=1e-3)
        assert value["stated-trend", region, segment, 2050] == value["stated-trend", region, segment, 2040]
    assert value["stated-trend", "China", "car", 2050] == 0.76


def test_nickel_grades_of_the_trend_are_those_of_benchmark(shipped_inputs: Inputs) -> None:
    """China 2030 without LFP and the grades below 1 % of the rest, over 0.19: NMC 811 0.2704 of 0.3649."""
    china = of(shipped_inputs, "market_share", scenario="stated-trend", region="China", segment="car", year=2030)
    value = china.set_index("chemistry")["value"]
    printed = {"nmc532": 0.0331, "nmc622": 0.0253, "nmc721": 0.0155, "nmc811": 0.2704, "nmca": 0.0206}
    for chemistry, part in printed.items():
        assert value[chemistry] == pytest.approx(0.19 * part / sum(printed.values()), abs=1e-4)
    assert value.sum() == pytest.approx(1)


def test_nickel_and_cobalt_leave_storage_as_with_the_iea(shipped_inputs: Inputs) -> None:
    """5.06 kt of cobalt in 2030 (GCMO 2025), none in 2040: over 0.177 kg/kWh and the 485 GWh of Stated policies."""
    storage = of(shipped_inputs, "market_share", scenario="stated-trend", region="World", segment="stationary")
    demand = of(shipped_inputs, "battery_demand", scenario="stated-policies", segment="stationary", year=2030)
    parts = ["China", "Europe", "India", "United States", "Rest of world"]
    gwh = demand[demand["region"].isin(parts)]["value"].sum()
    mass = of(shipped_inputs, "mineral_intensity", chemistry="nmc622", mineral="cobalt")["value"].item()
    share = storage.set_index(["year", "chemistry"])["value"]
    assert share[2030, "nmc622"] * mass * gwh == pytest.approx(5.06, abs=0.01)
    assert (2040, "nmc622") not in share.index


def test_vans_outside_china_are_the_light_vehicles_of_the_tracker(shipped_inputs: Inputs) -> None:
    shares = of(shipped_inputs, "market_share", scenario="history", segment="car", year=2024, chemistry="lfp")
    lfp, gwh = shares.set_index("region")["value"], {"Europe": 170, "United States": 110, "India": 3.2}
    total = sum(gwh.values()) + 69
    mean = (sum(lfp[region] * energy for region, energy in gwh.items()) + 69 * lfp["Rest of world"]) / total
    van = of(shipped_inputs, "market_share", scenario="history", region="World", segment="van", year=2024)
    assert van.set_index("chemistry")["value"]["lfp"] == pytest.approx(mean, abs=1e-3)


def test_sodium_led_takes_the_place_of_the_trend_by_its_rule(shipped_inputs: Inputs) -> None:
    trend = of(shipped_inputs, "market_share", scenario="stated-trend", region="Europe", segment="car", year=2030)
    sodium = of(shipped_inputs, "market_share", scenario="sodium-led", region="Europe", segment="car", year=2030)
    value = sodium.set_index("chemistry")["value"]
    assert value["na_layered_nfm"] == pytest.approx(0.0454 * 0.25, abs=1e-6)
    assert value["lfp"] == pytest.approx(0.9546 * trend.set_index("chemistry")["value"]["lfp"], abs=1e-6)


@pytest.mark.parametrize(("base", "graphite", "metal", "more"), [
    ("nmc811", (0.8539, 0.187), "nickel", 0.637 / 0.6078), ("lfp", (0.9554, 0.2098), "lithium", 0.093 / 0.089),
])  # fmt: skip
def test_blends_lie_between_the_designs_of_batpac(
    shipped_inputs: Inputs, base: str, graphite: tuple[float, float], metal: str, more: float
) -> None:
    """At 35 % silicon the rule of the rows gives back what BatPaC prints; 20 % lies on the way."""
    mass = shipped_inputs["mineral_intensity"].set_index(["chemistry", "mineral"])["value"]
    charge = (graphite[0] * 0.65 / graphite[1] - 0.65) / 0.35
    for percent in (5, 20):
        part, blend = percent / 100, f"{base}_si{percent}"
        anode = mass[base, "graphite"] / (1 - part + part * charge)
        assert mass[blend, "graphite"] == pytest.approx((1 - part) * anode, rel=1e-3)
        assert mass[blend, "silicon"] == pytest.approx(part * anode, rel=1e-3)
        assert mass[blend, metal] == pytest.approx(mass[base, metal] * (1 + (more - 1) * part / 0.35), rel=1e-3)


def test_salt_and_phosphate_cathode_by_hand(shipped_inputs: Inputs) -> None:
    """0.3492 kg electrolyte, 12.6 % LiPF6, 20.4 % P; LMFP: 1 kWh is 155 mAh/g at 3.58 V, manganese by the formula."""
    mass = shipped_inputs["mineral_intensity"].set_index(["chemistry", "mineral"])["value"]
    assert mass["nmc811", "phosphorus"] == pytest.approx(0.3492 * 0.126 * 0.2039, rel=1e-3)
    molar = 6.94 + 0.6 * 54.938 + 0.4 * 55.845 + 30.974 + 4 * 15.999
    assert mass["lmfp", "manganese"] == pytest.approx(1000 / (155 * 3.58) * 0.6 * 54.938 / molar, rel=1e-3)


def test_needs_of_trucks_follow_from_what_china_sells(shipped_inputs: Inputs) -> None:
    needs = shipped_inputs["segment_need"].set_index(["segment", "measure", "chemistry"])["value"]
    assert needs["truck", "specific_energy", "any"] == pytest.approx(0.95 * 160 + 0.05 * (200 + 20 * 4 / 30), abs=0.5)


def test_material_assistance_rises_year_by_year(shipped_inputs: Inputs) -> None:
    rule = of(shipped_inputs, "trade_rule", rule="us-48e-storage").set_index("year")["value"]
    assert rule.to_dict() == {2026: 0.55, 2027: 0.60, 2028: 0.65, 2029: 0.70, 2030: 0.75}


def test_growth_is_of_one_tracker(shipped_inputs: Inputs) -> None:
    limit = shipped_inputs["growth_limit"].set_index(["chemistry", "region", "measure"])["value"]
    assert limit["any", "China", "growth"] == pytest.approx(0.2829 / 0.1089 - 1, abs=1e-3)
    for region in ("World", "Europe"):
        assert limit["any", region, "decline"] == pytest.approx(1 - 0.7171 / 0.8912, abs=1e-3)


def test_the_gap_of_european_cells_has_no_level(shipped_inputs: Inputs) -> None:
    assert not len(of(shipped_inputs, "cell_price", region="Europe", level="cell"))
    gap = of(shipped_inputs, "cell_price_gap", region="Europe", against="China").set_index("family")
    assert gap.loc["NMC", ["low", "high"]].tolist() == [0.10, 0.27]
    assert gap.loc["LFP", ["low", "high"]].tolist() == [0.24, 0.50]


# --- disruptions -----------------------------------------------------------------------------------------------------


def events(inputs: Inputs, *changes: str) -> dict[str, dict[str, float]]:
    """Severity at each node of the disruptions that europe-2035 plays."""
    run = read_run("europe-2035", changes)
    found = supply_inputs(run, inputs, inputs.codes("minerals"), (2025, 2035), inputs.places.parts["World"])
    return {event.disruption: {cut.node: cut.severity for cut in event.cuts} for event in found.events}


def test_a_quota_that_shares_hold_is_not_counted_twice(shipped_inputs: Inputs) -> None:
    quota = of(shipped_inputs, "disruption", disruption="drc-cobalt-quota").iloc[0]
    assert quota["value"] == pytest.approx(1 - 96.6 / 230, abs=0.005)
    assert quota["low"] == pytest.approx(1 - (96.6 + 18.125) / 230, abs=0.005)
    assert quota["high"] == pytest.approx(1 - 96.6 / 280, abs=0.005)
    assert events(shipped_inputs)["drc-cobalt-quota"] == {"mined_cobalt": quota["value"]}
    assert "drc-cobalt-quota" not in events(shipped_inputs, "exposure.future='iea-base'")
    # A future that extends another takes over what its shares hold, and what they do not.
    assert "drc-cobalt-quota" in events(shipped_inputs, "exposure.future='announced'")
    with pytest.raises(InputError, match="in the shares of the future 'iea-base' already"):
        events(shipped_inputs, "exposure.future='iea-base'", "exposure.disruptions=['drc-cobalt-quota']")


def test_ore_that_is_not_traded_is_not_stopped(shipped_inputs: Inputs) -> None:
    with pytest.raises(InputError, match="in the shares of the future 'today' already"):
        events(shipped_inputs, "exposure.disruptions=['indonesia-nickel-ore']")


def test_a_future_that_nobody_has_cannot_hold_a_measure(tmp_path: Path) -> None:
    folder = tmp_path / "inputs"
    shutil.copytree(inputs_folder(), folder)
    path = folder / "disruption.csv"
    path.write_text(path.read_text().replace(",yes,iea-base,", ",yes,iea-bass,"))
    with pytest.raises(InputError, match="did you mean 'iea-base'"):
        read_inputs(folder)


def test_zimbabwe_bans_concentrate_from_2027(shipped_inputs: Inputs) -> None:
    ban = of(shipped_inputs, "disruption", disruption="zimbabwe-lithium").iloc[0]
    assert (ban["start"], ban["status"]) == (2027, "announced")
    assert ban["value"] == pytest.approx(1 - 400 / 1128, abs=0.01)
    assert ban["low"] < ban["value"] < ban["high"]


def test_what_is_suspended_to_2027_does_not_start_before(shipped_inputs: Inputs) -> None:
    rows = of(shipped_inputs, "disruption", status="suspended")
    assert len(rows)
    assert (rows["start"] == 2027).all()
    assert rows["reported_by"].str.contains("mofcom-kl-2026").all()
