"""Reading: the data package as any tool sees it, units, corrections, interpolation and its provenance."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minerals.errors import did_you_mean
from minerals.provenance import Rows
from minerals.results.result import Result
from minerals.shipped import inputs_folder
from minerals.studies.cells import CellModel
from minerals.tables.inputs import Inputs, read_inputs
from minerals.tables.series import Datum, along, between, ranges
from minerals.units import UNITS, factor


def test_the_shipped_inputs_are_a_frictionless_data_package() -> None:
    """Checked by the reference implementation, foreign keys and primary keys included."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from frictionless import Package

        report = Package(str(inputs_folder() / "datapackage.json")).validate()
    assert report.valid, report.flatten(["title", "rowNumber", "fieldName", "message"])[:10]
    assert sum(task.stats["rows"] for task in report.tasks) > 2500


def test_every_csv_is_in_the_package_and_every_resource_is_a_file(shipped_inputs: Inputs) -> None:
    files = {path.name for path in inputs_folder().glob("*.csv")}
    assert files == {table.file for table in shipped_inputs.tables.values()}


def test_every_figure_has_a_source_and_every_assumption_a_reason(shipped_inputs: Inputs) -> None:
    for table in shipped_inputs.tables.values():
        if table.schema.kind:
            assumed = table.frame["quality"] == "assumed"
            assert (table.frame.loc[assumed, "note"] != "").all()
            assert (table.frame.loc[~assumed, "locator"] != "").all()


def test_every_source_is_used(shipped_inputs: Inputs) -> None:
    used = {
        key
        for table in shipped_inputs.tables.values()
        if table.schema.name != "sources" and "source" in table.frame
        for text in table.frame["source"]
        for key in text.split(";")
    } | {key for text in shipped_inputs["disruption"]["reported_by"] for key in text.split(";")}
    assert set(shipped_inputs.codes("sources")) - used == set()


def test_semisolid_is_not_a_lithium_metal_cell(shipped_inputs: Inputs) -> None:
    intensity = shipped_inputs["mineral_intensity"].set_index(["chemistry", "mineral"])["value"]
    assert intensity["semisolid_si", "graphite"] > 0
    assert intensity["li_metal_semisolid", "graphite"] == 0


def test_graphite_is_physically_possible(shipped_inputs: Inputs) -> None:
    """No less graphite than 1 / (372 mAh/g · V) at the cell's average voltage: LiC6 holds no more."""
    intensity = shipped_inputs["mineral_intensity"]
    chemistries = shipped_inputs["chemistries"].set_index("chemistry")
    rows = intensity[
        (intensity["mineral"] == "graphite") & (intensity["chemistry"].map(chemistries["anode"]) == "graphite")
    ]
    volts = rows["chemistry"].map({"lfp": 3.2, "lmfp": 3.65, "lmo": 3.9, "lco": 3.75}).fillna(3.7)
    assert (rows["low"].fillna(rows["value"]) > 1 / (0.372 * volts)).all()


def test_units_are_converted_once_on_reading(toy: Path) -> None:
    inputs = read_inputs(toy)
    demand = inputs["battery_demand"].set_index(["scenario", "region", "segment", "year"])
    assert demand.loc[("plan", "Europe", "car", 2034), "value"] == pytest.approx(140)
    assert demand.loc[("plan", "Europe", "car", 2034), "low"] == pytest.approx(100)
    assert set(demand["unit"]) == {"GWh"}
    intensity = inputs["mineral_intensity"].set_index(["chemistry", "mineral"])
    assert intensity.loc[("nmc811", "lithium"), "value"] == pytest.approx(0.1)


@pytest.mark.parametrize(("unit", "kind", "expected"), [
    ("TWh", "energy", 1000.0), ("g/kWh", "intensity", 0.001), ("t/GWh", "intensity", 0.001), ("Mt", "mass", 1000.0),
    ("USD_2025/MWh", "price", 0.001),
])  # fmt: skip
def test_factors(unit: str, kind: str, expected: float) -> None:
    assert factor(unit, kind) == expected


def test_a_kilogram_per_kwh_times_a_gigawatt_hour_is_a_kilotonne() -> None:
    """The canonical units need no factor: kg/kWh × GWh = kt, all in kg and kWh."""
    kg_per_kt, kwh_per_gwh = 1e6, 1e6
    assert UNITS["intensity"][1]["kg/kWh"] * kwh_per_gwh / kg_per_kt == 1


def test_a_plant_keeps_the_kind_of_its_unit(toy: Path) -> None:
    """Tonnes a year and GWh a year stand in one table; neither becomes the other."""
    plants = read_inputs(toy)["material_plant"].set_index("node")
    assert list(plants.loc[["graphite_anode", "lfp_cathode"], "value"]) == pytest.approx([20, 2])
    assert list(plants["unit"]) == ["kt/yr", "GWh/yr"]


def test_no_unread_licence_is_a_stop(shipped_inputs: Inputs) -> None:
    """A severity is read somewhere, a ban or a quota, or it is graded assumed and says why."""
    disruptions = shipped_inputs["disruption"].set_index("disruption")
    read = disruptions[disruptions["quality"] != "assumed"]
    assert set(read.index) == {"drc-cobalt-quota", "indonesia-nickel-ore", "zimbabwe-lithium", "gabon-manganese"}
    assert read.loc["drc-cobalt-quota", "value"] == pytest.approx(1 - 96_600 / 230_000, abs=5e-4)
    announced = disruptions[disruptions["status"] != "hypothetical"]
    assert (announced["reported_by"] != "").all()


def test_what_is_sold_today_meets_what_segments_need(shipped_inputs: Inputs) -> None:
    """Needs are floors by what is sold: the cars of 2024 of each large market reach them, and each has a first year."""
    performance, needs = shipped_inputs["chemistry_performance"], shipped_inputs["segment_need"]
    sold = shipped_inputs["market_share"].query("scenario == 'history' and segment == 'car' and year == 2024")
    blends = {f"{base}_si{percent}" for base in ("nmc811", "lfp") for percent in (5, 10, 20)}
    assert set(shipped_inputs["chemistries"].query("base == ''")["chemistry"]) | blends == set(performance["chemistry"])
    for measure in ("specific_energy", "energy_density"):
        need = needs.query("segment == 'car' and measure == @measure")["value"].item()
        rows = performance[performance["measure"] == measure].groupby("chemistry")
        today = rows.apply(lambda of: np.interp(2024, of["year"], of["value"]), include_groups=False)
        for region in ("China", "Europe", "United States", "World"):
            mix = sold[sold["region"] == region]
            mean = (mix["chemistry"].map(today) * mix["value"]).sum() / mix["value"].sum()
            assert mean > need - 0.5, (region, measure)


@pytest.mark.parametrize("base", ["nmc811", "lfp"])
@pytest.mark.parametrize("percent", [5, 10, 20])
def test_a_silicon_blend_is_its_base_times_the_cell_model(base: str, percent: int, shipped_inputs: Inputs) -> None:
    """Energy of a blend follows from the anode it saves, cycles from wear that adds up; the notes state the same."""
    rows = shipped_inputs["chemistry_performance"].set_index(["chemistry", "measure", "year"]).sort_index()
    model, code = CellModel(shipped_inputs), f"{base}_si{percent}"
    bare, blend = (model.derive(base, silicon).bill for silicon in (0.0, percent / 100))
    per_kg, per_l = blend.wh_per_kg / bare.wh_per_kg, blend.wh_per_l / bare.wh_per_l
    energy = rows.loc[code, "specific_energy"]
    assert list(energy["value"]) == pytest.approx(rows.loc[base, "specific_energy"]["value"] * per_kg, abs=0.5)
    density, without = rows.loc[code, "energy_density", 2025], rows.loc[base, "energy_density", 2025]
    assert density["value"] == pytest.approx(without["value"] * (per_kg + per_l) / 2, abs=0.5)
    assert density["low"] == pytest.approx(without["low"] * per_kg, abs=0.5)
    for end in ("value", "low", "high"):
        wear = {name: 1 / rows.loc[name, "cycle_life", 2025][end] for name in (base, "nmc811", "semisolid_si")}
        silicon = percent / 10 * (wear["semisolid_si"] - wear["nmc811"])
        assert rows.loc[code, "cycle_life", 2025][end] == pytest.approx(1 / (wear[base] + silicon), rel=0.04), end


def test_a_solid_state_plant_keeps_its_cathode_alone(shipped_inputs: Inputs) -> None:
    carried = shipped_inputs["drop_in"].set_index(["chemistry", "part"])["value"]
    assert dict(carried["li_metal_solid"]) == {"cell": 0, "anode": 0, "cathode": 1, "electrolyte": 0, "separator": 0}
    assert 0 < carried["Na-ion", "cell"] < 1 == carried["Si-anode", "cell"]


def test_a_correction_is_applied_and_named(toy: Path) -> None:
    row = read_inputs(toy)["battery_demand"].set_index("line").loc[10]
    assert row["value"] == 200
    assert row["corrected_by"] == "corrections.csv:2"


def test_parent_rows_serve_the_years_before_the_first_own_row(run_toy) -> None:
    result: Result = run_toy("scope.years.first=2028")
    europe = result["battery_demand"].query("scenario == 'plan' and region == 'Europe' and segment == 'car'")
    assert dict(zip(europe["year"], europe["value"], strict=True))[2028] == 60
    assert dict(zip(europe["year"], europe["value"], strict=True))[2029] == 80
    row = europe.set_index("year").loc[2029]
    assert (row["fill"], row["rows"]) == ("linear", "battery_demand.csv:2@1/2 + battery_demand.csv:5@1/2")


def test_world_rows_serve_a_region_without_rows_of_its_own(run_toy) -> None:
    shares = run_toy()["market_share"].query("scenario == 'plan' and year == 2030 and segment == 'car'")
    china = shares[shares["region"] == "China"]
    assert list(zip(china["chemistry"], china["value"], strict=True)) == [("lfp", 1.0)]


def test_hold_carries_the_nearest_year_on(run_toy) -> None:
    result = run_toy('scope.beyond="hold"', "scope.years.last=2036")
    assert result.total("cells", scenario="plan", year=2036, by=()) == result.total(
        "cells", scenario="plan", year=2034, by=()
    )
    assert any("2035–2036 held at 2034" in sentence for sentence in result.record["fills"])


def test_fills_name_the_years_and_places(run_toy) -> None:
    assert (
        "battery_demand 2031–2033 linear between given years: car in Europe, stationary in Europe, car in China"
        in (run_toy().record["fills"])
    )
    assert "battery_demand has no rows in China for stationary: counted as none" in run_toy().record["fills"]


def test_a_given_chemistry_that_is_absent_next_time_fades_to_zero(run_toy) -> None:
    shares = run_toy()["market_share"].query("scenario == 'shift' and region == 'China' and chemistry == 'lfp'")
    assert dict(zip(shares["year"], shares["value"].round(12), strict=True)) == {
        2030: 0.5, 2031: 0.375, 2032: 0.25, 2033: 0.125,
    }  # fmt: skip


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.integers(1, 30), st.integers(1, 30))
def test_between_is_a_weighted_mean(one: float, two: float, left: int, right: int) -> None:
    parts = {"a.csv:1": one, "a.csv:2": two}
    middle = between(*(Datum(v, v, v, Rows.row(name)) for name, v in parts.items()), left, right)
    assert min(one, two) - 1e-6 <= middle.value <= max(one, two) + 1e-6
    assert Rows.parse(str(middle.rows)) == middle.rows
    assert middle.rows.value(parts.__getitem__) == pytest.approx(middle.value, rel=1e-12, abs=1e-300)


@given(st.dictionaries(st.integers(2000, 2050), st.floats(0, 1), min_size=1), st.integers(1990, 2060))
def test_along_meets_the_given_years_and_holds_beyond(values: dict[int, float], year: int) -> None:
    given_values = {y: {("x",): Datum(v, v, v, Rows.row(f"f.csv:{y}"))} for y, v in values.items()}
    (point,) = along(given_values, [year])
    if year in values:
        assert (point.fill, point.datum.value) == ("given", values[year])
    elif year < min(values) or year > max(values):
        nearest = min(values) if year < min(values) else max(values)
        assert (point.fill, point.held, point.datum.value) == ("hold", nearest, values[nearest])
    else:
        assert point.fill == "linear"


def test_ranges_and_did_you_mean() -> None:
    assert ranges([2030, 2025, 2026, 2027]) == "2025–2027, 2030"
    assert did_you_mean("LPF", ["lfp", "nmc811"]) == "; did you mean 'lfp'?"
    assert did_you_mean("zzz", ["lfp"]) == ""
