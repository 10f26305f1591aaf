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
