"""Tables of supply: nodes, their use by chemistry, shares by country and published supply."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from minerals.cells.formula import molar_mass, parse
from minerals.exposure.concentration import hhi
from minerals.tables.cell_parts import PARTS, check_cell_parts
from minerals.tables.inputs import Inputs, read_inputs
from minerals.units import canonical, factor, of_one_kind

METRICS = pd.read_csv(Path(__file__).parent / "published" / "node_metrics.csv", keep_default_na=False)
#: Formulas of nodes that no cell design has as cathode of the chemistry.
OTHER_FORMULAS = {"lmo_cathode": "LiMn2O4", "lco_cathode": "LiCoO2", "sulfide_electrolyte": "Li3PS4"}


def shares(inputs: Inputs, future: str, node: str, year: int) -> pd.Series:
    """Shares of a node by country."""
    frame = inputs["supply_share"].query("future == @future and node == @node and year == @year")
    return frame.set_index("country")["value"]


def test_uses_by_formula_follow_from_the_formula(shipped_inputs: Inputs) -> None:
    weights = shipped_inputs["atomic_weight"].set_index("element")["value"].to_dict()
    formulas = shipped_inputs["cell_material"].set_index("material")["formula"]
    cathode = shipped_inputs["cell_design"].set_index("chemistry")["cathode"].map(formulas)
    symbol = shipped_inputs["minerals"].set_index("mineral")["symbol"]
    rows = shipped_inputs["node_use"].query("source == 'formula' and unit == 'kg/kg'")
    assert len(rows) == 16
    for row in rows.itertuples():
        formula = OTHER_FORMULAS.get(row.node) or cathode[row.chemistry]
        counts, element = parse(formula), symbol[row.per]
        expected = molar_mass(counts, weights) / (counts[element] * weights[element])
        assert row.value == pytest.approx(expected, rel=1e-4), row
        assert row.locator.startswith(f"M({formula})")


@pytest.mark.parametrize(("node", "compound", "element", "count"), [
    ("lithium_chemicals", "Li2CO3", "Li", 2), ("nickel_sulphate", "NiSO4(H2O)6", "Ni", 1),
    ("cobalt_sulphate", "CoSO4(H2O)7", "Co", 1), ("manganese_sulphate", "MnSO4H2O", "Mn", 1),
    ("phosphoric_acid", "H3PO4", "P", 1), ("soda_ash", "Na2CO3", "Na", 2),
])  # fmt: skip
def test_yields_by_formula_follow_from_the_formula(
    shipped_inputs: Inputs, node: str, compound: str, element: str, count: int
) -> None:
    weights = shipped_inputs["atomic_weight"].set_index("element")["value"].to_dict()
    expected = molar_mass(parse(compound), weights) / (count * weights[element])
    assert shipped_inputs["stage_yield"].set_index("node")["value"][node] == pytest.approx(expected, rel=2e-4)


def test_every_shipped_chemistry_names_every_part_of_its_cell(shipped_inputs: Inputs) -> None:
    """Cathode, anode, electrolyte, separator and collectors; the one cell without a separator says so in its note."""
    frame = shipped_inputs["chemistries"].query("base == ''")
    check_cell_parts(shipped_inputs, frame["chemistry"])
    assert set(PARTS) == {"cathode", "anode", "electrolyte", "separator", "foil"}
    nodes = shipped_inputs["nodes"]
    assert set(PARTS.items()) <= set(zip(nodes["part"], nodes["stage"], strict=True)), "so no part is passed over"
    none = shipped_inputs["node_use"].query("value == 0 and note.str.lower().str.startswith('none')")
    assert list(zip(none["node"], none["chemistry"], strict=True)) == [("separator", "li_metal_solid")]


@pytest.mark.parametrize(("node", "users"), [
    ("lithium_metal", {"li_metal_solid", "li_metal_semisolid", "Li-S"}), ("sulfide_electrolyte", {"li_metal_solid"}),
    ("imide_salt", {"li_metal_semisolid", "Li-S"}), ("napf6", {"Na-ion"}), ("sulfur_cathode", {"Li-S"}),
    ("lco_cathode", {"lco"}),
])  # fmt: skip
def test_who_uses_the_nodes_of_the_next_generation(shipped_inputs: Inputs, node: str, users: set[str]) -> None:
    uses = shipped_inputs["node_use"].query("node == @node and value > 0")
    assert set(uses["chemistry"]) == users


def test_metal_and_electrolyte_of_a_cell_are_part_of_what_it_holds(shipped_inputs: Inputs) -> None:
    """Lithium as metal is less than all lithium; 20 µm of it, 0.534 g/cm3 over 5 mAh/cm2 at 3.8 V, are 0.056 kg/kWh;
    the design of the semi-solid cell has one charge of metal for each of the cathode, 1 / (3.861 · 3.8)."""
    held = shipped_inputs["mineral_intensity"].set_index(["chemistry", "mineral"])["value"]
    use = shipped_inputs["node_use"].set_index(["node", "chemistry"])
    metal = use.loc["lithium_metal"]
    assert (metal[["low", "value", "high"]].to_numpy() < 1).all()
    foil = metal.loc["li_metal_semisolid", "value"] * held["li_metal_semisolid", "lithium"]
    assert 20e-4 * 0.534 / (5 * 3.8) * 1000 < foil == pytest.approx(1 / (3.861 * 3.8), rel=0.05)
    assert metal.loc["li_metal_solid", "value"] * held["li_metal_solid", "lithium"] == pytest.approx(0.032, rel=0.01)


def test_what_nobody_publishes_is_said_to_be_unknown(shipped_inputs: Inputs) -> None:
    """Between nothing and all, alone in its node, with a reason; every node that is needed has shares or this."""
    frame = shipped_inputs["supply_share"]
    unknown = frame[frame["quality"] == "unknown"]
    assert {"hard_carbon_anode", "napf6", "imide_salt", "sulfide_electrolyte", "silane"} <= set(unknown["node"])
    assert (unknown["low"] == 0).all()
    assert (unknown["high"] == 1).all()
    assert unknown["value"].isna().all()
    assert (unknown["confidence"] == "unknown").all()
    assert not unknown["node"].duplicated().any()
    assert set(frame["node"]) == set(shipped_inputs.codes("nodes"))
    assert shares(shipped_inputs, "today", "lithium_metal", 2023).to_dict() == {"CHN": 0.9, "R_OTH": 0.1}


@pytest.mark.parametrize("row", list(METRICS.itertuples(index=False)), ids=lambda row: row.node)
def test_concentration_of_the_shares_is_as_published(shipped_inputs: Inputs, row) -> None:
    """HHI of today's vectors. The published lower bound counts the residual alone as many, named groups as one."""
    of = shares(shipped_inputs, "today", row.node, row.year)
    if row.node in ("mined_copper", "iron_ore", "mined_sulfur", "bauxite"):
        assert row.reason
        assert of.dropna().empty
        return
    if "whole percents" in row.reason:
        of = of.round(2)
        of["R_OTH"] = 1 - of.drop("R_OTH").sum()
    residual = "R_EMDE" if row.node == "li_ion_cell_capacity_2030" else "R_OTH"
    found = hhi(of.to_numpy(), of.index == residual)
    assert (found.low, found.high) == pytest.approx((row.hhi_lower, row.hhi_upper), abs=1e-4)
    # A run counts every group as many, continents too, so that its lower end is never above the published one.
    assert hhi(of.to_numpy(), of.index.str.startswith("R_")).low <= row.hhi_lower + 1e-4


def test_vectors_shared_with_the_published_metrics(shipped_inputs: Inputs) -> None:
    assert len(METRICS) == 36
    assert (METRICS["reason"] == "").sum() == 29


def test_namibia_is_no_missing_value(toy: Path, shipped_inputs: Inputs) -> None:
    assert "NAM" in shipped_inputs.codes("countries")
    assert shares(read_inputs(toy), "today", "mined_cobalt", 2028).to_dict() == {"NAM": 0.7, "R_OTH": 0.3}


def test_every_future_leads_to_today(shipped_inputs: Inputs) -> None:
    parent = shipped_inputs["supply_futures"].set_index("future")["extends"]
    for future in parent.index:
        while parent[future]:
            future = parent[future]
        assert future == "today"


def test_a_node_has_one_active_twin(shipped_inputs: Inputs) -> None:
    nodes = shipped_inputs["nodes"].set_index("node")
    twins = nodes.loc[nodes["same_as"] != "", "same_as"]
    assert (nodes.loc[twins, "same_as"] == "").all()
    assert twins["battery_graphite"] == "graphite_anode"


def test_the_assumed_worlds_are_numbers_with_reasons(shipped_inputs: Inputs) -> None:
    frame = shipped_inputs["supply_share"]
    for world in ("unipolar-dominance", "competitive-cooperation"):
        rows = frame[frame["future"] == world]
        assert set(rows["year"]) == {2030, 2035}  # Held beyond.
        assert (rows["quality"] == "assumed").all()
        assert (rows["note"] != "").all()
    china = frame.query("country == 'CHN' and year == 2035").set_index(["future", "node"])["value"]
    for node in ("graphite_anode", "lfp_cathode", "nmc_cathode", "na_ion_cell", "silicon_anode"):
        assert china["competitive-cooperation", node] < china["unipolar-dominance", node]
    # Unipolar dominance says nothing of lithium-ion cells: they are made where they are today.
    today = frame.query("future == 'today' and country == 'CHN' and node == 'li_ion_cell'")["value"].iloc[0]
    assert china["competitive-cooperation", "li_ion_cell"] < today


def test_published_supply_is_held_at_its_peak(shipped_inputs: Inputs) -> None:
    for _, rows in shipped_inputs["battery_supply"].groupby(["future", "node"]):
        assert rows.sort_values("year")["value"].is_monotonic_increasing


def test_lithium_chemicals_are_mined_lithium_as_carbonate(shipped_inputs: Inputs) -> None:
    supply = shipped_inputs["battery_supply"].set_index(["future", "node", "year"])["value"]
    per_kg = shipped_inputs["stage_yield"].set_index("node")["value"]["lithium_chemicals"]
    assert supply["iea-base", "lithium_chemicals", 2030] / per_kg == pytest.approx(544, rel=1e-4)


@pytest.mark.parametrize(("unit", "kind", "of_kind", "scale"), [
    ("kg/kg", "node_use", "mass_ratio", 1.0), ("g/kg", "node_use", "mass_ratio", 1e-3),
    ("GWh/GWh", "node_use", "energy_ratio", 1.0), ("t", "supply", "mass", 1e-3), ("Mt", "supply", "mass", 1e3),
    ("TWh/yr", "supply", "capacity", 1e3), ("kt", "mass", "mass", 1.0),
])  # fmt: skip
def test_kinds_of_two_units(unit: str, kind: str, of_kind: str, scale: float) -> None:
    assert of_one_kind(unit, kind) == of_kind
    assert factor(unit, kind) == scale


def test_units_of_either_kind_are_converted_on_reading(toy: Path) -> None:
    supply = read_inputs(toy)["battery_supply"].set_index(["future", "node", "year"])
    assert supply.loc[("today", "coated_graphite", 2028), ["value", "low", "unit"]].to_list() == [400, 350, "kt"]
    assert supply.loc[("today", "cell", 2028), ["value", "unit"]].to_list() == [500, "GWh/yr"]
    assert canonical("energy_ratio") == "GWh/GWh"


def test_every_node_has_a_need(shipped_inputs: Inputs) -> None:
    """Also a node that another stands for: a run may switch."""
    having = set(shipped_inputs["stage_yield"]["node"]) | set(shipped_inputs["node_use"]["node"])
    assert set(shipped_inputs.codes("nodes")) == having
