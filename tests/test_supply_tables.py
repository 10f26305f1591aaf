"""Tables of supply: nodes, their use by chemistry, shares by country and published supply."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from minerals.cells.formula import molar_mass, parse
from minerals.exposure.concentration import hhi
from minerals.tables.inputs import Inputs, read_inputs
from minerals.units import canonical, factor, of_one_kind

METRICS = pd.read_csv(Path(__file__).parent / "published" / "node_metrics.csv", keep_default_na=False)
#: Cathodes that no cell design has.
OTHER_FORMULAS = {"lmo": "LiMn2O4"}


def shares(inputs: Inputs, future: str, node: str, year: int) -> pd.Series:
    """Shares of a node by country."""
    frame = inputs["supply_share"].query("future == @future and node == @node and year == @year")
    return frame.set_index("country")["value"]


def test_uses_by_formula_follow_from_the_formula(shipped_inputs: Inputs) -> None:
    weights = shipped_inputs["atomic_weight"].set_index("element")["value"].to_dict()
    formulas = shipped_inputs["cell_material"].set_index("material")["formula"]
    cathode = {**shipped_inputs["cell_design"].set_index("chemistry")["cathode"].map(formulas), **OTHER_FORMULAS}
    symbol = shipped_inputs["minerals"].set_index("mineral")["symbol"]
    rows = shipped_inputs["node_use"].query("source == 'formula' and unit == 'kg/kg'")
    assert len(rows) == 14
    for row in rows.itertuples():
        counts, element = parse(cathode[row.chemistry]), symbol[row.per]
        expected = molar_mass(counts, weights) / (counts[element] * weights[element])
        assert row.value == pytest.approx(expected, rel=1e-4), row
        assert row.locator.startswith(f"M({cathode[row.chemistry]})")


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


def test_every_chemistry_with_a_cathode_metal_uses_a_cathode(shipped_inputs: Inputs) -> None:
    """By code: no share of NMC, LFP, LMO or Na-ion is without its cathode; who makes those of LCO and sulfur is not
    known, which is a row of its own."""
    uses = shipped_inputs["node_use"]
    cathodes = uses[uses["node"].str.endswith("_cathode")]
    frame = shipped_inputs["chemistries"].query("base == ''")

    def without(rows: pd.DataFrame) -> set[str]:
        named = set(rows["chemistry"])
        pairs = zip(frame["chemistry"], frame["family"], strict=True)
        return {chemistry for chemistry, family in pairs if chemistry not in named and family not in named}

    assert without(cathodes[cathodes["node"] != "unknown_cathode"]) == {"lco", "li_s"}
    assert not without(cathodes)


@pytest.mark.parametrize("row", list(METRICS.itertuples(index=False)), ids=lambda row: row.node)
def test_concentration_of_the_shares_is_as_published(shipped_inputs: Inputs, row) -> None:
    """HHI of today's vectors. The published lower bound counts the residual alone as many, named groups as one."""
    of = shares(shipped_inputs, "today", row.node, row.year)
    if row.node in ("mined_copper", "iron_ore", "mined_sulfur", "bauxite"):
        assert row.reason
        assert of.empty
        return
    residual = "R_EMDE" if row.node == "li_ion_cell_capacity_2030" else "R_OTH"
    found = hhi(of.to_numpy(), of.index == residual)
    assert (found.low, found.high) == pytest.approx((row.hhi_lower, row.hhi_upper), abs=1e-4)
    # A run counts every group as many, continents too, so that its lower end is never above the published one.
    assert hhi(of.to_numpy(), of.index.str.startswith("R_")).low <= row.hhi_lower + 1e-4


def test_vectors_shared_with_the_published_metrics(shipped_inputs: Inputs) -> None:
    assert len(METRICS) == 36
    assert (METRICS["reason"] == "").sum() == 31


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
    for node in ("graphite_anode", "lfp_cathode", "nmc_cathode", "li_ion_cell", "na_ion_cell", "silicon_anode"):
        assert china["competitive-cooperation", node] < china["unipolar-dominance", node]


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
