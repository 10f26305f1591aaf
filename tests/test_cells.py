"""Cells from electrochemistry: conservation, scaling, monotony, agreement with inventories, and what cannot be."""

from __future__ import annotations

import csv
import itertools
import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minerals import api
from minerals.case.cell_model import SOLIDS, CellModel
from minerals.case.intensity import _Intensity
from minerals.cells.bounds import impossible, unusual
from minerals.cells.cell import Cell, Host, bill
from minerals.cells.formula import FARADAY, mass_fractions, molar_mass, parse, theoretical_capacity
from minerals.errors import InputError, UsageError
from minerals.results.result import Result
from minerals.shipped import inputs_folder
from minerals.studies.run import run
from minerals.tables.inputs import Inputs, read_inputs
from minerals.validation.published import read_published
from minerals.validation.validate import KINDS


@pytest.fixture(scope="module")
def model(shipped_inputs: Inputs) -> CellModel:
    return CellModel(shipped_inputs)


def test_bills_of_materials_are_what_they_were(model: CellModel, golden: Callable[..., None]) -> None:
    """Of every design, with oxide of silicon where graphite holds it, and of one with silicon in each solid
    electrolyte: what goes in, what of it are minerals, their ends together, energy and voltage."""
    lines = []
    for chemistry in model.designs:
        solids = SOLIDS if chemistry == "nmc811" else ()
        for silicon, blend, solid in ((0.0, "silicon", ""), (0.1, "silicon_oxide", ""),
                                      *((0.05, "silicon", each) for each in solids)):  # fmt: skip
            try:
                found = model.derive(chemistry, silicon, blend=blend, solid=solid)
            except UsageError:
                continue
            held = {**found.bill.components, **{f"{name} in": mass for name, mass in found.bill.minerals.items()},
                    "low": sum(found.low.values()), "high": sum(found.high.values()), "Wh/kg": found.bill.wh_per_kg,
                    "Wh/L": found.bill.wh_per_l, "V": found.voltage, "saved": found.graphite_saved,
                    "per silicon": sum(found.per_silicon.values()), "effects": len(found.effects)}  # fmt: skip
            numbers = "; ".join(f"{name} {value:.7g}" for name, value in held.items() if value)
            lines.append(f"{chemistry} {silicon:g} {blend} {solid}: {numbers}\n")
    assert len(lines) > len(model.designs)
    golden("laid_out/cells.txt", "".join(lines), 7)


# ---------------------------------------------------------------- formulas


@pytest.mark.parametrize(("formula", "counts"), [
    ("LiFePO4", {"Li": 1, "Fe": 1, "P": 1, "O": 4}),
    ("LiNi1/3Mn1/3Co1/3O2", {"Li": 1, "Ni": 1 / 3, "Mn": 1 / 3, "Co": 1 / 3, "O": 2}),
    ("Na2Fe[Fe(CN)6]", {"Na": 2, "Fe": 2, "C": 6, "N": 6}),
    ("Na4Fe3(PO4)2P2O7", {"Na": 4, "Fe": 3, "P": 4, "O": 15}),
    ("LiN(SO2CF3)2", {"Li": 1, "N": 1, "S": 2, "O": 4, "C": 2, "F": 6}),
])  # fmt: skip
def test_formulas_are_counted(formula: str, counts: dict[str, float]) -> None:
    assert parse(formula) == pytest.approx(counts)


@pytest.mark.parametrize("wrong", ["", "Li(FePO4", "LiFePO4)", "2LiO", "lifepo4", "Li Fe", "Li[O)"])
def test_what_is_no_formula_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"formula|cannot read|missing|closes"):
        parse(wrong)


def test_masses_of_the_elements_add_up_to_the_material(model: CellModel) -> None:
    for material in model.materials.values():
        fractions = mass_fractions(parse(material["formula"]), model.weights)
        assert sum(fractions.values()) == pytest.approx(1, abs=1e-9)


def test_known_capacities(model: CellModel) -> None:
    """Graphite LiC6 372, Li15Si4 3579, sulfur 1672, LFP 170 mAh/g; molar mass of LFP 157.76."""
    for name, theirs in (("graphite", 372), ("silicon", 3579), ("sulfur_carbon", 1672), ("lfp", 170)):
        material = model.materials[name]
        ours = theoretical_capacity(parse(material["formula"]), material["ions"], model.weights)
        assert ours == pytest.approx(theirs, abs=0.7)
    assert molar_mass(parse("LiFePO4"), model.weights) == pytest.approx(157.76, abs=0.01)
    assert pytest.approx(26801.5, abs=0.1) == FARADAY


# ---------------------------------------------------------------- bills


def test_a_hand_solved_cell(model: CellModel) -> None:
    """LFP at 3.205 V: 312 Ah/kWh, /160 mAh/g = 1.950 kg, of which iron 35.4 %; graphite 1.1 · 312 / 344."""
    derived = model.derive("lfp", 0.0, {"salt_fraction": 0.0})
    charge = 1000 / (3.375 - 0.17)
    assert derived.bill.components["cathode active material"] == pytest.approx(charge / 160)
    assert derived.bill.minerals["iron"] == pytest.approx(charge / 160 * 55.845 / 157.7565, rel=1e-4)
    assert derived.bill.minerals["graphite"] == pytest.approx(1.1 * charge / 344)


def test_cathode_metals_are_all_in_the_active_material(model: CellModel) -> None:
    for chemistry in model.designs:
        derived = model.derive(chemistry, 0.1 if "_si" in chemistry else 0.0)
        active = derived.bill.components["cathode active material"]
        fractions = mass_fractions(
            parse(model.materials[model.designs[chemistry]["cathode"]]["formula"]), model.weights
        )
        for element, mineral in (("Ni", "nickel"), ("Co", "cobalt"), ("Mn", "manganese"), ("Fe", "iron")):
            assert derived.bill.minerals.get(mineral, 0.0) == pytest.approx(
                active * fractions.get(element, 0.0), rel=1e-9
            )


@cache
def shipped_model() -> CellModel:
    return CellModel(api.read_inputs())


@given(scale=st.floats(1.1, 3.0))
@settings(deadline=None)
def test_mass_goes_with_one_over_voltage(scale: float) -> None:
    """Doubling the voltage halves every kg/kWh."""
    model = shipped_model()
    design = model.designs["lfp"]
    values = {name: number.value for name, number in model.derive("lfp").numbers.items()}
    cell = replace(model._cell(design, values, 0.0), cathode_voltage=3.0 + 0.17)
    higher = replace(cell, cathode_voltage=scale * 3.0 + 0.17)
    one, two = bill(cell).minerals, bill(higher).minerals
    assert {name: value / scale for name, value in one.items()} == pytest.approx(two)


def test_silicon_takes_the_place_of_graphite(model: CellModel) -> None:
    """More silicon, less graphite and more energy; no jump on the way."""
    fractions = np.linspace(0, 0.5, 51)
    graphite = [model.derive("nmc811", float(s)).bill.minerals["graphite"] for s in fractions]
    energy = [model.derive("nmc811", float(s)).bill.wh_per_kg for s in fractions]
    assert (np.diff(graphite) < 0).all()
    assert (np.diff(energy) > 0).all()
    assert np.abs(np.diff(graphite)).max() < 0.06


def test_thicker_foil_more_lithium(model: CellModel) -> None:
    thin, thick = (model.derive("li_metal_solid", 0, {"lithium_foil": foil}).bill.minerals for foil in (10.0, 30.0))
    assert thick["lithium"] - thin["lithium"] == pytest.approx(20e-4 * 0.534 / (5.02 * 3.86) * 1000)
    assert thick["nickel"] == thin["nickel"]


def test_excess_is_another_word_for_foil(model: CellModel) -> None:
    """A foil that holds as much as the cathode: 5.02 mAh/cm² / (3861 mAh/g · 0.534 g/cm³)."""
    by_excess = model.derive("li_metal_solid", 0, {"lithium_excess": 1.0})
    by_foil = model.derive("li_metal_solid", 0, {"lithium_foil": 5.02 / (3861 * 0.534) * 1e4})
    assert by_excess.bill.minerals == pytest.approx(by_foil.bill.minerals)


def test_an_oxide_brings_less_silicon_and_takes_more_cathode(model: CellModel) -> None:
    silicon, oxide = (model.derive("nmc811", 0.1, blend=blend).bill for blend in ("silicon", "silicon_oxide"))
    anode = oxide.components["anode active material"]
    assert oxide.minerals["silicon"] == pytest.approx(0.1 * anode * 28.085 / (28.085 + 15.999))
    assert oxide.minerals["nickel"] > silicon.minerals["nickel"]
    assert oxide.minerals["graphite"] > silicon.minerals["graphite"]


def test_solid_electrolytes_can_be_chosen(model: CellModel) -> None:
    found = {solid: model.derive("li_metal_solid", solid=solid).bill for solid in ("sulfide", "oxide", "polymer")}
    assert found["sulfide"].minerals["sulfur"] > found["polymer"].minerals.get("sulfur", 0.0)
    assert len({round(each.wh_per_kg) for each in found.values()}) == 3
    with pytest.raises(UsageError, match="did you mean 'oxide'"):
        model.derive("li_metal_solid", solid="oxid")


def test_a_better_first_cycle_takes_less_cathode(model: CellModel) -> None:
    nickel = [model.derive("nmc811", 0.1, {"anode_efficiency": e}).bill.minerals["nickel"] for e in (0.88, 0.93, 0.98)]
    assert nickel == sorted(nickel, reverse=True)
    assert nickel[0] > nickel[2]


def test_ends_hold_the_value_and_those_of_each_number(model: CellModel) -> None:
    for chemistry in model.designs:
        derived = model.derive(chemistry)
        for mineral, value in derived.bill.minerals.items():
            assert derived.low[mineral] <= value <= derived.high[mineral]
            for effect in (effect for effect in derived.effects if effect.number.row):
                for end in (effect.at_low, effect.at_high):
                    assert derived.low[mineral] - 1e-9 <= end.get(mineral, 0.0) <= derived.high[mineral] + 1e-9


@pytest.mark.parametrize(("chemistry", "silicon", "numbers", "reason"), [
    ("lfp", 0.0, {"cathode_capacity": 180.0}, "180 mAh/g; its formula gives at most 169.9"),
    ("nmc811", 0.0, {"anode_capacity": 400.0}, "400 mAh/g of graphite; it takes at most 37"),
    ("nmc811", 0.0, {"n_over_p": 0.9}, "expected at least 1"),
    ("nmc811", 0.0, {"anode_voltage": 4.0}, "average_voltage"),
    ("nmc811", 1.2, {}, "expected a mass fraction"),
    ("li_s", 0.1, {}, "no graphite anode to blend"),
    ("lpf", 0.0, {}, "did you mean 'lfp'"),
    ("lfp", 0.0, {"lithium_foil": 20.0}, "has no lithium_foil"),
    ("lfp", 0.0, {"lithium_excess": 1.0}, "has no lithium_excess"),
    ("li_s", 0.0, {"lithium_foil": 5.0}, "the cathode brings no lithium"),
    ("nmc811", 0.0, {"n_over_p": float("nan")}, "expected a finite number"),
])  # fmt: skip
def test_what_cannot_be_is_refused(
    model: CellModel, chemistry: str, silicon: float, numbers: dict[str, float], reason: str
) -> None:
    with pytest.raises(UsageError, match=reason):
        model.derive(chemistry, silicon, numbers)


def test_an_excess_below_one_has_one_reason(model: CellModel) -> None:
    """That it has no ends beside is not said again."""
    with pytest.raises(UsageError) as raised:
        model.derive("nmc811", 0.0, {"n_over_p": 0.9})
    assert str(raised.value).count("n_over_p") == 1
    assert "expected 1 to" not in str(raised.value)


@pytest.mark.parametrize(("chemistry", "silicon", "refused"), [
    ("a", 0.1, False), ("a", 0.05, False), ("b", 0.1, False),  # at the end of what is tabulated, within, as another
    ("a", 0.15, True), ("c", 0.1, True),  # beyond it, and like none
])  # fmt: skip
def test_blends_lie_within_those_that_are_tabulated(chemistry: str, silicon: float, refused: bool) -> None:
    rows = SimpleNamespace(
        code={("a", 0.0): "a", ("a", 0.1): "a_si10", ("b", 0.0): "b", ("c", 0.0): "c"}, silicon_like={"b": "a"},
        model=SimpleNamespace(designs=dict.fromkeys("abc")), problems=[], _cell=lambda *_: None,
    )  # fmt: skip
    assert _Intensity._between(rows, chemistry, silicon, "graphite") is None  # type: ignore[arg-type]
    told = [str(problem) for problem in rows.problems]
    assert told == ([f"silicon_uptake.csv chemistry = {chemistry!r}: no blend of {silicon:g} silicon can be had: "
                     f"tabulated are {'0, 0.1' if chemistry == 'a' else ''}"] if refused else [])  # fmt: skip


def test_what_the_cell_model_does_not_know_is_linear_between_two_blends() -> None:
    """A quarter of the way from no silicon to a tenth."""
    ends = {("a", "copper"): {"value": 1.0, "low": 0.4, "high": 2.0},
            ("a_si10", "copper"): {"value": 3.0, "low": 0.8, "high": 6.0}}  # fmt: skip
    bill = SimpleNamespace(bill=SimpleNamespace(minerals={}))
    rows = SimpleNamespace(
        code={("a", 0.0): "a", ("a", 0.1): "a_si10"}, silicon_like={}, ends=ends, problems=[],
        inventory=dict.fromkeys(ends, 1.0), model=SimpleNamespace(designs={"a": None}, derive=lambda *_: bill),
        _cell=lambda *_: object(), _as_row=lambda *row: SimpleNamespace(row=row, used={}),
    )  # fmt: skip
    found: Any = _Intensity._between(rows, "a", 0.025, "copper")  # type: ignore[arg-type]
    assert found.row[1:4] == ("a", 0.025, "copper")
    assert found.row[4:7] == pytest.approx((1.5, 0.5, 3.0))


@pytest.mark.parametrize(("silicon", "value"), [
    (0.0, 3 * 0.5), (0.1, 2 * 1.25), (0.05, 2.5 * (0.5 * 1.25) ** 0.5), (0.025, 2.75 * 0.5**0.75 * 1.25**0.25),
])  # fmt: skip
def test_between_blends_the_derived_curve_has_their_ratios(silicon: float, value: float) -> None:
    """3 kg of graphite derived without silicon and 2 with a tenth of it; tabulated are 1.5 and 2.5: a half and five
    quarters of it, between them by the logarithm. Of silicon a cell without has no ratio."""
    derived = {0.0: {"graphite": 3.0}, 0.1: {"graphite": 2.0, "silicon": 0.4}}
    inventory = {("a", "graphite"): 1.5, ("a_si10", "graphite"): 2.5, ("a", "silicon"): 0.0, ("a_si10", "silicon"): 0.2}
    asked = []

    def derive(name: str, fraction: float) -> Any:
        asked.append(name)
        return SimpleNamespace(bill=SimpleNamespace(minerals=derived[fraction]))

    class Rows(_Intensity):
        def __init__(self) -> None:
            self.code = {("a", 0.0): "a", ("a", 0.1): "a_si10", ("other", 0.05): "no"}
            self.silicon_like, self.inventory, self.problems = {"b": "a"}, inventory, []
            self.model: Any = SimpleNamespace(designs={"a": None, "b": None}, derive=derive)

        def _cell(self, name: str, chemistry: str, silicon: float) -> Any:
            minerals = {"graphite": 3 - 10 * silicon, "silicon": 4 * silicon}
            return SimpleNamespace(of=(name, chemistry, silicon), minerals=minerals)

        def _derived(self, cell: Any, chemistry: str, silicon: float, mineral: str, ratio: float, how: str) -> Any:
            return cell.minerals[mineral] * ratio, cell.of, how

    for chemistry in ("a", "b"):
        found, of, how = Rows()._between(chemistry, silicon, "graphite")  # type: ignore[misc]
        assert found == pytest.approx(value)
        assert of == (chemistry, chemistry, silicon)
        ends = {0.0: "a and a", 0.1: "a_si10 and a_si10"}.get(silicon, "a and a_si10")
        assert how == f"derived curve × tabulated/derived ratio {value / (3 - 10 * silicon):.4g} between {ends}"
    assert set(asked) == {"a"}
    if silicon:
        found, _, _ = Rows()._between("a", silicon, "silicon")  # type: ignore[misc]
        assert found == pytest.approx(2 * silicon)
        inventory["a_si10", "silicon"] = 0.0
        assert Rows()._between("a", silicon, "silicon")[0] == 0  # type: ignore[index]
        del inventory["a_si10", "silicon"]
        rows = Rows()
        assert rows._between("a", silicon, "silicon") is None
        assert ["a_si10 beside it has no intensity of silicon" in str(each) for each in rows.problems] == [True]
        assert [problem.line for problem in rows.problems] == [0]


def test_an_intensity_by_hand_is_certain_and_has_what_a_cell_needs_at_least() -> None:
    """At least 0.8 kg of graphite, but for a cell with silicon, or without graphite, or another mineral."""

    def overridden(
        value: float, silicon: float = 0.0, mineral: str = "graphite", name: str = "a"
    ) -> tuple[Any, list[Any]]:
        rows: Any = SimpleNamespace(
            model=SimpleNamespace(designs={"a": None}, derive=lambda _: SimpleNamespace(least_graphite=0.8)),
            run=SimpleNamespace(problem=lambda *words: words, place=lambda *_: ("run.toml", 7)), problems=[], code={},
            group={},
        )  # fmt: skip
        rows._as_row = lambda *words: _Intensity._as_row(rows, *words)
        return _Intensity._override(rows, name, name, silicon, mineral, value), rows.problems

    row, problems = overridden(0.5)
    assert [path for path, *_ in problems] == [("intensity", "kg_per_kwh", "a", "graphite")]
    assert (row.value, row.low, row.high, row.fill) == (0.5, 0.5, 0.5, "override")
    assert (row.used["file"], row.used["line"], row.used["rows"]) == ("run.toml", 7, "override:a:0:graphite")
    for fine in ((0.8,), (0.0,), (0.5, 0.1), (0.5, 0.0, "cobalt"), (0.5, 0.0, "graphite", "unknown")):
        assert not overridden(*fine)[1]


def simple_cell(**more: Any) -> Cell:
    """Graphite against LFP: 3.2 V, all of it within what cells have."""
    host = Host("graphite", 1.0, 350.0, 0.1, 0.9)
    return Cell(**{
        "cathode": {"Li": 0.044, "Fe": 0.354, "P": 0.196}, "cathode_capacity": 160.0, "cathode_voltage": 3.3,
        "cathode_density": 2.4, "hosts": (host,), "anode_density": 1.5, "reference_efficiency": 0.9, "n_over_p": 1.1,
        "areal_capacity": 3.0, "active_fraction": 0.95, "copper_foil": 6.0, "aluminium_foil": 12.0, "separator": 12.0,
        "separator_density": 0.9, "electrolyte": 1.5, "salt": {"Li": 0.05, "P": 0.2}, "salt_fraction": 0.12, **more,
    })  # fmt: skip


def test_each_mass_of_a_cell_by_hand() -> None:
    """312.5 Ah a kWh: 1.953 kg of cathode and 0.982 of graphite, on 104,167 cm² of each side."""
    found = bill(simple_cell())
    cathode, anode, area = 312.5 / 160, 1.1 * 312.5 / 350, 312.5 * 1000 / 3
    parts = {
        "cathode active material": cathode, "anode active material": anode, "electrolyte": 1.5 * 0.3125,
        "separator": area * 12e-4 * 0.9 / 1000, "cathode foil": area * 6e-4 * 2.70 / 1000,
        "anode foil": area * 3e-4 * 8.96 / 1000, "binder and carbon": (cathode + anode) * 0.05 / 0.95,
    }  # fmt: skip
    assert found.components == pytest.approx(parts)
    assert found.wh_per_kg == pytest.approx(1000 / sum(parts.values()))
    layers = (cathode / 0.95 / 2.4 + anode / 0.95 / 1.5) * 1000 + area * (12 + 9) * 1e-4
    assert found.wh_per_l == pytest.approx(1e6 / layers)
    salt = 1.5 * 0.3125 * 0.12
    assert found.minerals == pytest.approx({
        "graphite": anode, "lithium": cathode * 0.044 + salt * 0.05, "iron": cathode * 0.354,
        "phosphorus": cathode * 0.196 + salt * 0.2, "aluminium": parts["cathode foil"], "copper": parts["anode foil"],
    })  # fmt: skip
    # A solid electrolyte between foil of lithium and cathode, in which there is a tenth of it too; on aluminium.
    solid = {"hosts": (), "lithium_foil": 20.0, "solid": {"Li": 0.2, "S": 0.6}, "solid_in_cathode": 0.1, "salt": {},
             "electrolyte": 0.0, "aluminium_anode": True, "n_over_p": 0.0, "copper_foil": 10.0}  # fmt: skip
    found = bill(simple_cell(**solid, cathode_voltage=3.2))
    within = cathode * 0.1 + area * 12e-4 * 0.9 / 1000
    assert found.components["solid electrolyte"] == pytest.approx(within)
    assert found.components["lithium metal"] == pytest.approx(area * 20e-4 * 0.534 / 1000)
    assert found.components["anode foil"] == pytest.approx(area * 5e-4 * 2.70 / 1000)
    assert not {"separator", "anode active material", "electrolyte"} & set(found.components)
    assert found.minerals["lithium"] == pytest.approx(cathode * 0.044 + within * 0.2 + area * 20e-4 * 0.534 / 1000)
    assert found.minerals["sulfur"] == pytest.approx(within * 0.6)
    assert found.minerals["aluminium"] == pytest.approx(area * (6e-4 + 5e-4) * 2.70 / 1000)
    assert not {"copper", "graphite"} & set(found.minerals)
    layers = (cathode / 0.95 + cathode * 0.1) / 2.4 * 1000 + area * (20 + 12 + 11) * 1e-4
    assert found.wh_per_l == pytest.approx(1e6 / layers)
    for voltage in (0.1, 0.05):
        with pytest.raises(ValueError, match="not below the cathode's"):
            bill(simple_cell(cathode_voltage=voltage))


def test_a_blend_by_mass_has_the_mean_voltage_of_its_capacity() -> None:
    """Of 350 · 0.8 + 2000 · 0.2 mAh/g the latter at 0.4 V; it gives back 0.8 of what it takes, graphite 0.9."""
    hosts = Host("graphite", 0.8, 350.0, 0.1, 0.9), Host("silicon", 0.2, 2000.0, 0.4, 0.8, 0.5)
    cell = simple_cell(hosts=hosts)
    assert cell.anode_capacity == pytest.approx(680)
    assert cell.voltage == pytest.approx(3.3 - (280 * 0.1 + 400 * 0.4) / 680)
    assert cell.cathode_loss == pytest.approx(0.9 * (280 / 0.9 + 400 / 0.8) / 680)
    assert simple_cell(reference_efficiency=0.85).cathode_loss == 1
    metal = simple_cell(hosts=())
    assert (metal.cathode_loss, metal.anode_capacity, metal.voltage) == (1, float("inf"), 3.3)
    anode = 1.1 * 1000 / cell.voltage / 680
    assert bill(cell).minerals["graphite"] == pytest.approx(0.8 * anode)
    assert bill(cell).minerals["silicon"] == pytest.approx(0.2 * 0.5 * anode)


@pytest.mark.parametrize(("more", "said"), [
    ({}, []), ({"n_over_p": 1.0}, []), ({"n_over_p": 0.99}, ["n_over_p"]),
    ({"cathode_capacity": 170.0}, []), ({"cathode_capacity": 170.1}, ["practical_capacity"]),
    ({"hosts": (Host("graphite", 1.0, 372.0, 0.1, 0.9),)}, []),
    ({"hosts": (Host("graphite", 1.0, 372.1, 0.1, 0.9),)}, ["practical_capacity"]),
    ({"hosts": (Host("unheard", 1.0, 400.0, 0.0, 0.9),)}, []), ({"salt_fraction": 0.0, "copper_foil": 0.0}, []),
    ({"active_fraction": 0.0}, ["active_fraction"]), ({"electrolyte": math.inf}, ["electrolyte"]),
    ({"hosts": (Host("graphite", 1.0, math.nan, 0.1, 0.9),), "n_over_p": 0.5}, ["graphite_capacity"]),
    ({"cathode_voltage": 0.59, "hosts": (Host("graphite", 1.0, 350.0, 0.1, 0.9),)}, ["average_voltage"]),
    ({"hosts": (), "n_over_p": 0.0, "lithium_foil": 20.0}, []),
    ({"hosts": (), "n_over_p": 0.0, "cathode": {"S": 1.0}, "lithium_foil": 20.0}, []),
    ({"hosts": (), "n_over_p": 0.0, "cathode": {"S": 1.0}, "lithium_foil": 14.0}, ["lithium_foil"]),
    ({"hosts": (), "n_over_p": 0.0, "cathode": {"Na": 1.0}, "lithium_foil": 14.0}, []),
])  # fmt: skip
def test_what_no_cell_can_be(more: dict[str, Any], said: list[str]) -> None:
    """Beyond what formulas and hosts hold, an anode that is too small, a foil with less lithium than a discharge takes:
    3 mAh/cm² are 14.6 µm."""
    theoretical = {"cathode": 170.0, "graphite": 372.0}
    assert [name for name, _ in impossible(simple_cell(**more), theoretical)] == said


def test_what_cells_on_the_market_have_not() -> None:
    """1.02 at 360 mAh/g of graphite at least, where it is alone; no more than half silicon."""

    def told(n_over_p: float, *hosts: Host) -> list[str]:
        return [name for name, _ in unusual(simple_cell(n_over_p=n_over_p, hosts=hosts))]

    graphite = Host("graphite", 1.0, 360.0, 0.1, 0.9)
    assert told(1.03, graphite) == []
    assert told(1.01, graphite) == ["n_over_p"]
    assert told(1.01, Host("hard carbon", 1.0, 360.0, 0.1, 0.9)) == []
    half = Host("graphite", 0.5, 360.0, 0.1, 0.9), Host("silicon", 0.5, 2000.0, 0.4, 0.8)
    assert told(1.01, *half) == []
    more = Host("graphite", 0.4, 360.0, 0.1, 0.9), Host("silicon", 0.6, 2000.0, 0.4, 0.8)
    assert told(1.01, *more) == ["silicon"]


def test_what_is_unusual_is_said(model: CellModel) -> None:
    assert not model.derive("nmc811").warnings
    warnings = model.derive("nmc811", 0.0, {"n_over_p": 1.0, "anode_capacity": 365.0}).warnings
    assert warnings[0].startswith("n_over_p = 1 at 365 mAh/g; less graphite than")
    assert "anode_capacity = 365 mAh/g; of cells 340 to 355 were read" in warnings
    assert not model.derive("nmc811", 0.0, {"anode_capacity": 345.0}).warnings


def test_the_least_graphite_of_a_cell(model: CellModel) -> None:
    """1 kWh at 3.205 V is 312 Ah, each of 1/372 kg of graphite; none where there is no graphite anode."""
    assert model.derive("lfp").least_graphite == pytest.approx(1000 / 3.205 / 372, abs=1e-3)
    assert model.derive("li_metal_solid").least_graphite == 0


@pytest.mark.parametrize(("chemistry", "sodium", "metals", "capacity"), [
    ("na_layered_nfm", 1, {"nickel": (58.693, 1 / 3), "iron": (55.845, 1 / 3), "manganese": (54.938, 1 / 3)}, 125),
    ("na_layered_cfm", 1, {"copper": (63.546, 0.22), "iron": (55.845, 0.3), "manganese": (54.938, 0.48)}, 110),
])  # fmt: skip
def test_layered_sodium_cathodes_by_hand(
    shipped_inputs: Inputs, model: CellModel, chemistry: str, sodium: float, metals: dict[str, tuple[float, float]],
    capacity: float,
) -> None:  # fmt: skip
    """1 kWh at 3.1 − 0.1 V is 333 Ah, of `capacity` a gram; metals by the formula. The table says the same."""
    cathode = 1000 / 3.0 / capacity
    mass = sodium * 22.990 + 2 * 15.999 + sum(weight * part for weight, part in metals.values())
    derived = model.derive(chemistry).bill.minerals
    table = shipped_inputs["mineral_intensity"].set_index(["chemistry", "mineral"])["value"]
    for mineral, (weight, part) in metals.items():
        assert derived[mineral] == pytest.approx(cathode * weight * part / mass, rel=1e-4)
        assert table[chemistry, mineral] == pytest.approx(derived[mineral], rel=2e-3)
    assert not {"lithium", "cobalt", "graphite"} & set(derived)
    assert ("nickel" in derived) == (chemistry == "na_layered_nfm")


@pytest.mark.slow
def test_every_battery_has_the_same_pack_and_its_own_cell(shipped_inputs: Inputs, europe: Result) -> None:
    """Copper and aluminium on one boundary: what a pack adds is a row of its own, for sodium and lithium metal too."""
    cell = shipped_inputs["mineral_intensity"].set_index(["chemistry", "mineral"])["value"]
    pack = shipped_inputs["pack_intensity"].set_index("mineral")["value"]
    assert set(pack.index) == {"copper", "aluminium"}
    assert cell["na_layered_nfm", "copper"] == 0 < cell["li_metal_solid", "copper"] < cell["nmc811", "copper"]
    table = europe["mineral_intensity"].query("silicon == 0").set_index(["chemistry", "mineral"])["value"]
    for chemistry, mineral in table.index:
        assert table[chemistry, mineral] == pytest.approx(cell[chemistry, mineral] + pack.get(mineral, 0.0))
    # What was read of whole packs of NMC 811 and LFP is met by the two together.
    assert table["nmc811", "copper"] == pytest.approx(0.37)
    assert table["lfp", "aluminium"] == pytest.approx(0.75)


def test_no_scenario_sells_the_research_oxide(shipped_inputs: Inputs) -> None:
    sold = set(shipped_inputs["market_share"]["chemistry"])
    assert "na_layered_nfm" in sold
    assert "na_layered_research" not in sold | set(shipped_inputs["commercial_year"]["chemistry"])


# ---------------------------------------------------------------- runs


def test_derived_intensities_of_a_run_are_those_of_its_cells(run_toy: Callable[..., Result], toy: Path) -> None:
    """Of what has a design; the inventory stands for the rest, and for blends of it."""
    model = CellModel(read_inputs(toy))
    found = run_toy("intensity='derived'")["mineral_intensity"].query("silicon == 0")
    kept = run_toy()["mineral_intensity"].query("silicon == 0").set_index(["chemistry", "mineral"])["value"]
    value = found.set_index(["chemistry", "mineral"])["value"]
    for chemistry in ("lfp", "nmc811"):
        for mineral, derived in model.derive(chemistry).bill.minerals.items():
            if (chemistry, mineral) in value.index:
                assert value[chemistry, mineral] == pytest.approx(derived)
    assert value["lfp", "graphite"] != kept["lfp", "graphite"]
    assert (value["na_layered"] == kept["na_layered"]).all()


@pytest.mark.slow
def test_a_run_on_derived_intensities(shipped_inputs: Inputs, model: CellModel) -> None:
    """The same question from electrochemistry alone: graphite a quarter less, cobalt a tenth, lithium slightly up."""
    result = run("europe-2035", ["intensity='derived'"])
    table = result["mineral_intensity"].set_index(["chemistry", "silicon", "mineral"])
    derived = model.derive("lfp").bill.minerals
    assert table.loc[("lfp", 0.0, "graphite"), "value"] == pytest.approx(derived["graphite"])
    assert table.loc[("lfp", 0.0, "graphite"), "fill"] == "derived"
    assert table.loc[("lfp", 0.0, "copper"), "fill"] == "given"
    used = result["inputs_used"]
    assert (used["table"] == "cell_parameter").sum() > 40
    change = api.compare(result, year=2035).set_index(["mineral", "scenario"])["change"]
    assert change["graphite", "next-gen"] == pytest.approx(-0.25, abs=0.015)
    assert change["cobalt", "next-gen"] == pytest.approx(-0.10, abs=0.02)
    assert 0 < change["lithium", "next-gen"] < 0.10
    tree = api.explain(result, "graphite", scenario="next-gen")
    assert sum(leaf.value for leaf in tree.leaves) == pytest.approx(tree.value)


@pytest.mark.slow
def test_a_number_of_a_cell_changed_by_a_run() -> None:
    result = run("europe-2035", ["intensity.cell.nmc811.cathode_capacity=210"])
    table = result["mineral_intensity"].set_index(["chemistry", "mineral"])
    usual = run("europe-2035")["mineral_intensity"].set_index(["chemistry", "mineral"])
    assert table.loc[("nmc811", "nickel"), "value"] == pytest.approx(0.671 * 195 / 210, rel=0.01)
    assert table.loc["lfp"].equals(usual.loc["lfp"])


@pytest.mark.slow
def test_intensities_given_by_hand(toy: Path) -> None:
    result = run(toy / "run.toml", ["intensity.kg_per_kwh.lfp.graphite=0.95"], toy)
    row = result["mineral_intensity"].set_index(["chemistry", "mineral"]).loc[("lfp", "graphite")]
    assert (row["value"], row["fill"]) == (0.95, "override")
    leaf = next(leaf for leaf in api.explain(result, "graphite").leaves if leaf.chemistry == "lfp")
    assert leaf.factors[-1].value == 0.95
    assert "given by the run file" in " ".join(result.record["notes"])
    with pytest.raises(InputError, match="less than a cell of lfp can have"):
        run(toy / "run.toml", ["intensity.kg_per_kwh.lfp.graphite=0.3"], toy)
    for wrong in ("intensity.kg_per_kwh.lfp.graphite=nan", "intensity.cell.lfp.n_over_p=inf"):
        with pytest.raises(InputError, match="finite"):
            run(toy / "run.toml", [wrong], toy)
    with pytest.raises(InputError, match=r"kg_per_kwh\.lpf: not in chemistries\.csv; did you mean 'lfp'"):
        run(toy / "run.toml", ["intensity.kg_per_kwh.lpf.graphite=0.5"], toy)
    with pytest.raises(InputError, match="its formula gives at most"):
        run(toy / "run.toml", ["intensity.cell.lfp.cathode_capacity=300"], toy)


def blend(toy: Path, fraction: float) -> Result:
    table = toy / "silicon_uptake.csv"
    text = table.read_text(encoding="utf-8")
    table.write_text(text.replace(",0.1,", f",{fraction:g},"), encoding="utf-8")
    return run(toy / "run.toml", ["scenario.plan.silicon='blend'"], toy)


@pytest.mark.slow
@pytest.mark.parametrize("route", ["inventory", "derived"])
def test_between_tabulated_blends_the_curve_runs_through_them(
    shipped_inputs: Inputs, tmp_path: Path, route: str
) -> None:
    """Graphite falls with silicon, and meets the tabulated blends at their fractions, on either route."""
    folder = tmp_path / "inputs"
    folder.mkdir()
    for file in inputs_folder().iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    table = folder / "silicon_uptake.csv"
    rows = list(csv.reader(table.read_text(encoding="utf-8").splitlines()))
    name = "silicon-rising"
    mine = [row for row in rows[1:] if row[0] == name]
    assert mine
    found = {}
    for fraction in (0.0999, 0.1, 0.12, 0.15, 0.1999, 0.2):
        changed = [[*row[:4], f"{fraction:g}", *row[5:]] for row in mine if row[4] == mine[0][4]]
        with table.open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows([rows[0], *[row for row in rows[1:] if row[0] != name], *changed])
        result = run("europe-2035", [f"scenario.next-gen.silicon='{name}'", f"intensity='{route}'"], folder)
        intensity = result["mineral_intensity"].query("chemistry == 'nmc811' and mineral == 'graphite' and silicon > 0")
        found[fraction] = intensity["value"].item()
    values = list(found.values())
    assert all(one > two for one, two in itertools.pairwise(values))
    assert found[0.0999] == pytest.approx(found[0.1], rel=2e-3)
    assert found[0.1999] == pytest.approx(found[0.2], rel=2e-3)
    assert found[0.1] == pytest.approx(0.52, rel=0.01)


# ---------------------------------------------------------------- the command


def test_the_sheet_of_a_cell(shipped_inputs: Inputs) -> None:
    lines = api.cell_sheet("nmc811", 0.2, {"n_over_p": 1.1})
    text = "\n".join(lines)
    assert lines[0] == "NMC 811, 20% silicon in the anode; by hand: n_over_p 1.1"
    assert "Graphite by" in text
    assert "Lithium by" in text
    assert "derived ÷ literature" in text
    assert "No literature value of this very blend" in "\n".join(api.cell_sheet("nmc811", 0.13, {}))


@pytest.mark.parametrize("blend", ["silicon", "silicon_oxide"])
def test_silicon_says_whose_mass_it_is(shipped_inputs: Inputs, model: CellModel, blend: str) -> None:
    """By hand: anodes of 1.1 · 1000 / V / capacity, SiO 44.084 / 28.085 of its silicon, graphite saved on each."""
    capacity, content = {"silicon": (2200, 1), "silicon_oxide": (1400, 28.085 / 44.084)}[blend]
    blended = 0.9 * 344 + 0.1 * capacity
    volts = 3.86 - (0.9 * 344 * 0.17 + 0.1 * capacity * 0.4) / blended
    anode, bare = 1100 / volts / blended, 1100 / (3.86 - 0.17) / 344
    contained, saved = 0.1 * anode * content, bare - 0.9 * anode
    cell = model.derive("nmc811", 0.1, blend=blend)
    assert cell.bill.minerals["silicon"] == pytest.approx(contained, rel=1e-4)
    assert cell.graphite_saved == pytest.approx(saved, rel=1e-4)
    assert cell.per_silicon["SiO"] == pytest.approx(44.084 / 28.085, abs=1e-3)
    text = "\n".join(api.cell_sheet("nmc811", 0.1, {}, blend=blend))
    assert (
        f"Silicon is contained Si: {contained:.3g} kg/kWh, the same as {contained * 44.084 / 28.085:.3g} as SiO" in text
    )
    assert (
        f"{saved / contained:.1f} per kg of contained Si, {saved / contained / (44.084 / 28.085):.1f} per kg SiO"
        in text
    )
    assert "contained Si" not in "\n".join(api.cell_sheet("nmc811", 0, {}))
    assert model.derive("nmc811").graphite_saved == 0


def test_tables_say_whose_mass_silicon_is(shipped_inputs: Inputs) -> None:
    tables = shipped_inputs.tables
    assert all("contained Si" in tables[name].schema.description
               for name in ("mineral_intensity", "silicon_uptake", "chemistries"))  # fmt: skip
    assert "contained Si" in shipped_inputs["nodes"].set_index("node").loc["silicon_anode", "note"]


def test_no_parameter_rests_on_a_compared_row(shipped_inputs: Inputs) -> None:
    """Sources that cells are compared with may not feed them; the salts are the exception, with their reason."""
    compared = {"jlu-2026", "busch-2024-intensity", "busch-2025-intensity", "xu-2020", "dai-2019-premise", "lacey-2021",
                "wickerts-2023-premise", "zhang-2024-premise"}  # fmt: skip
    assert compared <= set(shipped_inputs["sources"]["source"])
    for row in shipped_inputs["cell_parameter"].itertuples():
        if compared & set(row.source.split(";")):
            assert row.parameter == "salt_fraction"
            assert "Exception" in row.note


def test_derived_intensities_are_near_the_literature(model: CellModel) -> None:
    """|literature / derived − 1| ≤ 15 % for most rows of NMC, NCA and LFP, and no source lies apart as a whole."""
    bare = ("nmc111", "nmc532", "nmc622", "nmc811", "nmca", "nca", "lfp")
    rows = [row for row in read_published(KINDS) if row.kind == "derived_intensity" and row.chemistry in bare]
    found = pd.DataFrame([
        (row.mineral, row.source, row.value / model.derive(row.chemistry).bill.minerals[row.mineral]) for row in rows
    ], columns=["mineral", "source", "ratio"])  # fmt: skip
    near = (found["ratio"] - 1).abs().le(0.15).groupby(found["mineral"]).mean()
    assert (near[["nickel", "cobalt", "manganese"]] >= 0.85).all(), near
    assert near["lithium"] >= 0.80
    assert near["graphite"] >= 0.70
    assert found.groupby("source")["ratio"].median().between(0.90, 1.15).all()
    assert len(found) > 140
