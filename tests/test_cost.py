"""What batteries cost: prices of chemistries without a curve of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from minerals.errors import InputError
from minerals.studies.run import run
from minerals.tables.inputs import Inputs
from minerals.tables.relative import Multiple, follows


def test_a_blend_costs_what_its_materials_do(shipped_inputs: Inputs) -> None:
    """SiO 60, graphite 9.5 USD/kg; cathode 22 (NMC 811) and 4.9 (LFP) for the first-cycle loss; as the notes say."""
    mass = shipped_inputs["mineral_intensity"].set_index(["chemistry", "mineral"])["value"]
    given = shipped_inputs["price_relative"].set_index("chemistry")
    for base, pack, metal, part, cathode in (("nmc811", 128, "nickel", 0.4827, 22.0), ("lfp", 81, "iron", 0.354, 4.9)):
        for blend in (name for name in given.index if name.startswith(f"{base}_si")):
            silicon = 1.57 * mass[blend, "silicon"]
            graphite = mass[base, "graphite"] - mass[blend, "graphite"]
            more = (mass[blend, metal] - mass[base, metal]) / part
            ends = [(silicon * 60, 9.5), (1.2, 9.5), (silicon * 60, 3.75)]
            told = [1 + (paid - graphite * saved + more * cathode) / pack for paid, saved in ends]
            assert given.loc[blend, ["value", "low", "high"]].tolist() == pytest.approx(told, abs=1.5e-3)
            assert given.loc[blend, "relative_to"] == base


def test_li_s_is_solid_state_without_its_cathode(shipped_inputs: Inputs) -> None:
    price = shipped_inputs["cell_price"].query("case == 'observed' and region == 'World' and level == 'pack'")
    seen = price[price["use"] == "all"].groupby("family")["value"].last()
    row = shipped_inputs["price_relative"].set_index("chemistry").loc["Li-S"]
    told = [(seen["Li-metal"] - 35) / seen["Li-metal"], seen["LFP"] / seen["Li-metal"], 1]
    assert row[["value", "low", "high"]].tolist() == pytest.approx(told, abs=5e-3)


def test_the_most_specific_row_serves_and_a_circle_is_told() -> None:
    rows = {"lfp_si5": Multiple("lfp", 3.0, 2), "LFP": Multiple("Li-ion", 0.5, 3), "NMC": Multiple("nmc811", 2.0, 4)}
    family = {"lfp": "LFP", "lfp_si5": "Si-anode", "lfp_si50": "Si-anode", "nmc811": "NMC", "na": "Na-ion"}
    assert follows("lfp_si5", rows, family, {"Li-ion"}) == ("Li-ion", 1.5, (2, 3))
    assert follows("na", rows, family, {"Na-ion"}) == ("Na-ion", 1.0, ())
    with pytest.raises(ValueError, match="is a multiple of itself through nmc811 → nmc811"):
        follows("nmc811", rows, family, {"Li-ion"})
    with pytest.raises(ValueError, match="Si-anode has no learning rate and no multiple"):
        follows("lfp_si50", rows, family, {"Li-ion"})


@pytest.mark.parametrize(("old", "new", "said"), [
    ("NMC,Li-ion", "NMCC,Li-ion", "price_relative.csv:2 chemistry = 'NMCC': neither a chemistry nor a family; did you"),
    ("NMC,Li-ion", "NMC,Liion", "price_relative.csv:2 relative_to = 'Liion': neither a chemistry nor a family; did"),
    ("0.5,,,1", "0,,,1", "price_relative.csv:4 value, low = 0, 0: a multiple must be above 0, its low end too"),
    ("0.8,,,1", "80,,,1", "looks like a percentage; write 0.8"),
    ("nmc811_si10,nmc811", "nmc811_si10,lfp",
     "price_relative.csv:5 relative_to = 'lfp': nmc811_si10 is a silicon blend; write its base, nmc811"),
    ("Na-ion,lfp,0.5,,,1,book,p. 10,model,\n", "",
     "price_relative.csv price of na_layered: Na-ion has no learning rate and no multiple of another price; add one of "
     "them"),
    ("LFP,Li-ion", "LFP,na_layered",
     "price_relative.csv price of lfp: is a multiple of itself through lfp → na_layered → lfp"),
])  # fmt: skip
def test_a_broken_multiple_is_named_with_its_line(toy: Path, old: str, new: str, said: str) -> None:
    path = toy / "price_relative.csv"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError) as raised:
        run(toy / "run.toml", inputs=toy)
    assert [problem for problem in raised.value.problems if said in str(problem)]
