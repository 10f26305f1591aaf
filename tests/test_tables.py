"""Reading: the data package as any tool sees it, units, corrections, interpolation and its provenance."""

from __future__ import annotations

import copy
import hashlib
import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minerals.axes import Axis
from minerals.case.cell_model import CellModel
from minerals.errors import InputError, Problem, did_you_mean
from minerals.provenance import Rows
from minerals.results.result import Result
from minerals.shipped import inputs_folder
from minerals.studies.run import run
from minerals.tables import check
from minerals.tables.inputs import Inputs, UsedRows, joined, read_inputs
from minerals.tables.read import RawTable, read_raw, typed
from minerals.tables.schema import read_schemas
from minerals.tables.series import Datum, along, between, ranges
from minerals.tables.values import Values, record
from minerals.units import CELL_PARAMETERS, EITHER, PLAUSIBLE, UNITS, ends, factor, of_one_kind


@pytest.mark.slow
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
    for name, table in shipped_inputs.tables.items():
        if table.schema.kind:
            assumed = table.frame["quality"] == "assumed"
            unknown = table.frame["quality"] == "unknown"
            assert (table.frame.loc[assumed | unknown, "note"] != "").all()
            assert (table.frame.loc[~(assumed | unknown), "locator"] != "").all()
            unsized = table.frame["value"].isna() if name in {"cell_plant", "next_gen_plant"} else unknown
            assert (table.frame["value"].isna() == unsized).all(), "what nobody knows is no figure, and all else is one"


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


def test_demand_of_2025_is_what_was_observed(shipped_inputs: Inputs) -> None:
    """Road vehicles of the five regions add up to the IEA's 1.2 TWh; storage installed lies within what trackers say,
    and no later storage below it."""
    demand = shipped_inputs["battery_demand"].query("region not in ['Japan', 'South Korea']")
    now = demand.query("scenario == 'history' and year == 2025")
    road = now[~now["segment"].isin(["stationary", "electronics"])]
    assert road["value"].sum() == pytest.approx(1200, rel=2e-3)
    assert (road["quality"] == "judgement").all()
    assert road["high"].sum() >= 1240
    storage = now[now["segment"] == "stationary"]
    assert len(storage) == 5
    assert 247 <= storage["value"].sum() <= 305
    assert storage["low"].sum() < 247
    later = demand.query("scenario == 'stated-policies' and segment == 'stationary' and year != 2027")
    by_year = later.groupby("year")[["low", "value", "high"]].sum()
    assert (by_year["low"] > storage["value"].sum()).all()
    assert by_year["value"].is_monotonic_increasing
    assert by_year.loc[2035, ["low", "high"]].tolist() == pytest.approx([618, 972], rel=2e-3)


def test_shares_of_europe_say_how_far_they_may_lie(shipped_inputs: Inputs) -> None:
    """Every share of its scenarios that is not 0 or 1 has ends around it, as portable devices alone have not."""
    shares = shipped_inputs["market_share"]
    mine = shares[
        shares["scenario"].isin(["europe-incumbent", "europe-next-gen", "stated-trend"])
        & (shares["region"] == "Europe") & (shares["segment"] != "electronics") & shares["value"].between(1e-9, 0.999)
    ]  # fmt: skip
    assert len(mine) > 150
    assert ((mine["low"] < mine["value"]) & (mine["value"] < mine["high"]) & (mine["high"] < 1)).all()
    china = shares.query("scenario == 'history' and region == 'China' and segment == 'car' and year == 2025")
    assert china["value"].sum() == pytest.approx(1, abs=1e-9)
    assert china.set_index("chemistry")["value"]["lfp"] > 0.75


def test_what_is_sold_today_meets_what_segments_need(shipped_inputs: Inputs) -> None:
    """Needs are floors by what is sold: the cars of 2024 of each large market reach them, and each has a first year."""
    performance, needs = shipped_inputs["chemistry_performance"], shipped_inputs["segment_need"]
    sold = shipped_inputs["market_share"].query("scenario == 'history' and segment == 'car' and year == 2024")
    blends = {f"{base}_si{percent}" for base in ("nmc811", "lfp") for percent in (5, 10, 20)}
    # A cell that nobody makes is no choice of a mix.
    made = set(shipped_inputs["chemistries"].query("base == ''")["chemistry"]) - {"na_layered_research"}
    assert made | blends == set(performance["chemistry"])
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


def test_rows_used_are_joined_in_their_order_each_once() -> None:
    one, two = (UsedRows.of_records([{"table": "t", "rows": name} for name in names]) for names in ("ba", "cab"))
    found = joined(one, two)
    assert found.columns["rows"] == found.table.frame["rows"].tolist() == ["b", "a", "c"]
    assert found.table.frame["value"].isna().all()
    assert len(found.of_tables(["t"])) == 3 > len(found.of_tables(["u"])) == 0


def test_values_are_the_same_as_a_table_and_as_an_array() -> None:
    rows = Rows.row("f.csv:2").scaled(Fraction(1, 3)) + Rows.row("f.csv:4")
    labels = [("plan", "Europe", 2031), ("plan", "World", 2030), ("other", "Europe", 2030)]
    found = Values.of(
        ["scenario", "region", "year"],
        [record(each, Datum(v, v - 1, v + 1, rows), "GWh", "given") for v, each in enumerate(labels, 5)],
    )
    assert found.frame["rows"].tolist() == ["f.csv:2@1/3 + f.csv:4"] * 3
    again = Values.of_records(found.frame.to_dict("records"))
    pd.testing.assert_frame_equal(again.frame, found.frame)
    assert (again.columns["rows"], again.names) == ([rows] * 3, {"f.csv:2", "f.csv:4"})
    axes = [Axis("region", ("Europe", "World")), Axis("year", (2030, 2031))]
    assert found.dense(axes, "low", "plan").tolist() == [[0, 4], [5, 0]]
    with pytest.raises(ValueError, match="two rows"):
        found.dense(axes[:1])


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


# --- the descriptor --------------------------------------------------------------------------------------------------


def change(toy: Path, change: Callable[[dict[str, Any], dict[str, Any]], object]) -> None:
    """Change the descriptor of a package: change(the whole, its resources by name)."""
    path = toy / "datapackage.json"
    package = json.loads(path.read_text(encoding="utf-8"))
    change(package, {resource["name"]: resource for resource in package["resources"]})
    path.write_text(json.dumps(package), encoding="utf-8")


def field(resource: dict[str, Any], name: str) -> dict[str, Any]:
    return next(each for each in resource["schema"]["fields"] if each["name"] == name)


@pytest.mark.parametrize("form", [
    pytest.param(lambda p, r: r["regions"]["schema"].update(primaryKey="region"), id="primaryKey as text"),
    pytest.param(lambda p, r: [key.update(fields=key["fields"][0]) or key["reference"].update(fields=key["reference"][
        "fields"][0]) for key in r["battery_demand"]["schema"]["foreignKeys"]], id="foreignKeys as text"),
    pytest.param(lambda p, r: r["regions"].update(path=["regions.csv"]), id="path as list"),
    pytest.param(lambda p, r: field(r["battery_demand"], "year").update(type="year"), id="type year"),
    pytest.param(lambda p, r: [each.pop("title") and each.pop("description") for each in r.values()], id="no titles"),
    pytest.param(lambda p, r: field(r["regions"], "note").pop("type"), id="no type is text"),
    pytest.param(lambda p, r: [p.update(created="today", keywords=[], image="x", mine=1), r["regions"].update(
        type="table", sources=[], licenses=[], homepage="x", mine={"a": 1}), r["regions"]["schema"].update(
        fieldsMatch="exact", uniqueKeys=[], mine=1), field(r["regions"], "note").update(
        title="x", example="x", rdfType="x", trueValues=["yes"], format="default", mine=1)], id="more keys"),
    pytest.param(lambda p, r: [field(r["regions"], "note")["constraints"].update(unique=False, minLength=0),
        r["regions"].update(compression=None, dialect={"delimiter": ",", "lineTerminator": "\r\n", "headerRows": [1],
        "skipInitialSpace": False, "caseSensitiveHeader": True})], id="what changes nothing"),
    pytest.param(lambda p, r: r["regions"]["schema"].update(foreignKeys=[{"fields": "region", "reference": {
        "resource": "", "fields": "region"}}]), id="reference to itself"),
    pytest.param(lambda p, r: r["regions"].pop("encoding") and r["regions"].pop("format"), id="no encoding"),
    pytest.param(lambda p, r: field(r["scenarios"], "kind")["constraints"].pop("enum"), id="no enum"),
])  # fmt: skip
def test_standard_forms_of_a_descriptor_are_read_alike(form: Callable[..., object], toy: Path) -> None:
    sound = read_schemas(toy)
    change(toy, form)
    changed = read_schemas(toy)
    for name, schema in sound.items():
        own = changed[name]
        assert [replace(mine, description="") for mine in own.fields] == [
            replace(theirs, description="") for theirs in schema.fields
        ]
        assert (own.file, own.primary_key, own.kind, own.ends) == (
            schema.file, schema.primary_key, schema.kind, schema.ends,
        )  # fmt: skip
        assert own.references[: len(schema.references)] == schema.references


def test_a_year_of_type_year_runs(toy: Path, run_toy) -> None:
    """What is read must run: the type of another name is the same numbers."""
    before = run_toy()["mineral_demand"]
    change(toy, lambda p, r: [field(each, "year").update(type="year") for each in r.values() if any(
        column["name"] == "year" for column in each["schema"]["fields"])])  # fmt: skip
    pd.testing.assert_frame_equal(run_toy()["mineral_demand"], before)


@pytest.mark.parametrize(("form", "expected"), [
    (lambda p, r: p["resources"].remove(r["sources"]), "resources: resource sources is missing; restore it"),
    (lambda p, r: p["resources"].append(r["sources"]),
     "resources[sources].name = 'sources': stands twice; keep one resource of that name"),
    (lambda p, r: p.pop("resources"), "resources: is missing; expected a list of tables"),
    (lambda p, r: r["regions"].update(path=["a.csv", "b.csv"]),
     "resources[regions].path = ['a.csv', 'b.csv']: is read from one file alone; join the files"),
    (lambda p, r: r["regions"].update(path="../regions.csv"),
     "resources[regions].path = '../regions.csv': expected the name of a file in the folder of the descriptor"),
    (lambda p, r: r["regions"].pop("path"), "resources[regions].path: is missing; add it"),
    (lambda p, r: r["regions"].update(data=[]),
     "resources[regions].data: rows are read from a CSV file alone; write them there, with path"),
    (lambda p, r: r["regions"].update(schema="regions.json"),
     "resources[regions].schema = 'regions.json': is read from this file alone; write the schema here"),
    (lambda p, r: r["regions"].update(encoding="latin-1"),
     "resources[regions].encoding = 'latin-1': tables are read as utf-8 alone; save the file so"),
    (lambda p, r: r["regions"].update(dialect={"delimiter": ";"}), "resources[regions].dialect.delimiter = ';': tables "
     "have a header in their first line, commas and double quotes; save the file so and remove this"),
    (lambda p, r: r["regions"].update(dialect="dialect.json"), "resources[regions].dialect = 'dialect.json': tables "
     "have a header in their first line, commas and double quotes; save the file so and remove this"),
    (lambda p, r: r["regions"]["schema"].pop("fields"),
     "resources[regions].schema.fields: is missing; expected columns"),
    (lambda p, r: r["regions"]["schema"].update(primaryKey="regoin"),
     "resources[regions].schema.primaryKey = 'regoin': not a column of regions; did you mean 'region'?"),
    (lambda p, r: r["regions"]["schema"].update(primaryKey=["note"]),
     'resources[regions].schema.primaryKey = ["note"]: expected ["region"]; restore it'),
    (lambda p, r: r["regions"]["schema"].update(missingValues=["", "NA"]), "resources[regions].schema.missingValues = "
     "['', 'NA']: a missing value is an empty cell here; write [\"\"] and empty cells"),
    (lambda p, r: r["regions"]["schema"]["fields"].pop(),
     "resources[regions].schema.fields[note]: is missing; restore it"),
    (lambda p, r: field(r["regions"], "note").update(type="boolean"), "resources[regions].schema.fields[note].type = "
     "'boolean': not a type that is read here; write string, number, integer or year"),
    (lambda p, r: field(r["reserves"], "year").update(type="string", constraints={}),
     "resources[reserves].schema.fields[year].type = 'string': expected integer; restore it"),
    (lambda p, r: field(r["reserves"], "year")["constraints"].update(minimum="1990"),
     "resources[reserves].schema.fields[year].constraints.minimum = '1990': expected a number"),
    (lambda p, r: field(r["regions"], "note")["constraints"].update(pattern="["),
     "resources[regions].schema.fields[note].constraints.pattern = '[': expected a regular expression (unterminated "
     "character set at position 0)"),
    (lambda p, r: field(r["regions"], "note")["constraints"].update(maximum=3), "resources[regions].schema."
     "fields[note].constraints.maximum = 3: is of numbers alone, and the type is string; remove it, or mend the type"),
    (lambda p, r: field(r["reserves"], "value")["constraints"].update(pattern="[0-9]+"), "resources[reserves].schema."
     "fields[value].constraints.pattern = '[0-9]+': is of texts alone, and the type is number; remove it, or mend the "
     "type"),
    (lambda p, r: field(r["scenarios"], "kind")["constraints"].update(enum="history"), "resources[scenarios].schema."
     "fields[kind].constraints.enum = 'history': expected a list of texts in quotes"),
    (lambda p, r: r["reserves"]["minerals"].update(kind="mas"), "resources[reserves].minerals.kind = 'mas': not a kind "
     f"of quantity; did you mean 'mass'? ({', '.join([*UNITS, *EITHER, 'cell_parameter'])})"),
    (lambda p, r: r["reserves"]["minerals"].update(kind="energy"),
     'resources[reserves].minerals.kind = "energy": expected "mass"; restore it'),
    (lambda p, r: r["reserves"]["schema"]["foreignKeys"][0]["reference"].update(resource="mineral"),
     "resources[reserves].schema.foreignKeys: resource mineral is missing; restore it; did you mean 'minerals'?"),
    (lambda p, r: p["resources"].insert(0, "regions"), "resources[0] = 'regions': expected an object in braces"),
])  # fmt: skip
def test_a_form_that_is_not_read_names_its_property(form: Callable[..., object], expected: str, toy: Path) -> None:
    change(toy, form)
    with pytest.raises(InputError) as raised:
        read_inputs(toy)
    assert str(raised.value) == f"{toy / 'datapackage.json'} {expected}"


@pytest.mark.parametrize(("of", "key", "value"), [
    *(("constraints", key, value) for key, value in {
        "unique": True, "minLength": 1, "maxLength": 3, "exclusiveMinimum": 0, "exclusiveMaximum": 1,
        "jsonSchema": {"type": "string"}, "patern": "x"}.items()),
    *(("field", key, value) for key, value in {
        "format": "uri", "decimalChar": ",", "groupChar": ".", "bareNumber": False, "missingValues": ["-"],
        "categories": ["a"], "minerals": {}}.items()),
    *(("schema", key, value) for key, value in {
        "uniqueKeys": [["region"]], "fieldsMatch": "subset", "missingValues": ["-"], "minerals": {}}.items()),
    *(("resource", key, value) for key, value in {
        "compression": "gz", "innerpath": "a.csv", "extrapaths": ["b.csv"], "scheme": "http", "type": "json",
        "hashing": "sha256", "layout": {"header": False}, "hash": "x", "bytes": "12"}.items()),
    *(("dialect", key, value) for key, value in {
        "commentChar": "#", "commentRows": [2], "headerRows": [2], "header": False, "escapeChar": "\\",
        "quoteChar": "'", "skipInitialSpace": True, "doubleQuote": False, "nullSequence": "-", "lineTerminator": ";",
        "decimalChar": ",", "csv": {"delimiter": ";"}, "delimeter": ";"}.items()),
    ("foreign key", "constraint", "x"), ("reference", "package", "other.json"), ("package", "minerals", {}),
    ("minerals", "mosst", 10), ("minerals", "sum_to_one_over", "x"),
])  # fmt: skip
def test_a_property_that_would_change_what_rows_mean_is_refused(of: str, key: str, value: Any, toy: Path) -> None:
    def add(package: dict[str, Any], resources: dict[str, dict[str, Any]]) -> None:
        resource = resources["market_share"]
        schema = resource["schema"]
        {
            "package": package, "resource": resource, "schema": schema, "minerals": resource["minerals"],
            "dialect": resource.setdefault("dialect", {}), "field": schema["fields"][0],
            "constraints": schema["fields"][0].setdefault("constraints", {}), "foreign key": schema["foreignKeys"][0],
            "reference": schema["foreignKeys"][0]["reference"],
        }[of][key] = value  # fmt: skip

    change(toy, add)
    with pytest.raises(InputError) as raised:
        read_inputs(toy)
    (problem,) = raised.value.problems
    place, _, written = problem.what.partition(" = ")
    assert (place.rpartition(".")[2], written) == (key, repr(value))
    assert problem.why.endswith("or none") or any(way in problem.why for way in ("remove", "write", "move it")), problem


def test_a_misspelt_property_of_ours_names_the_right_one(toy: Path) -> None:
    change(toy, lambda p, r: r["reserves"]["minerals"].update(mosst=10))
    with pytest.raises(
        InputError, match=r"reserves\].minerals.mosst = 10: is no property of minerals; did you mean 'most'"
    ):
        read_inputs(toy)


def test_what_is_not_read_hides_no_other_fault(toy: Path) -> None:
    change(toy, lambda p, r: [r["regions"].update(compression="gz", dialect={"header": False}),
        r["regions"]["schema"].update(primaryKey="regoin"), field(r["regions"], "note").update(format="uri"),
        r["reserves"]["minerals"].update(mosst=1)])  # fmt: skip
    with pytest.raises(InputError) as raised:
        read_inputs(toy)
    places = [problem.what.partition(" = ")[0].removeprefix("resources") for problem in raised.value.problems]
    assert places == [
        "[regions].compression", "[regions].dialect.header", "[regions].schema.fields[note].format",
        "[regions].schema.primaryKey", "[reserves].minerals.mosst",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["md5", "sha1", "sha256", "sha512"])
def test_a_file_is_the_one_that_its_hash_and_bytes_describe(name: str, toy: Path) -> None:
    path = toy / "regions.csv"
    content = path.read_bytes()
    digest = hashlib.new(name, content).hexdigest()
    written = digest.upper() if name == "md5" else f"{name}:{digest}"
    change(toy, lambda p, r: r["regions"].update(hash=written, bytes=len(content)))
    read_inputs(toy)
    path.write_bytes(content + b"\n")
    with pytest.raises(InputError) as raised:
        read_inputs(toy)
    size, digest_of = raised.value.problems
    assert (size.file, size.what) == ("regions.csv", f"bytes = {len(content) + 1}")
    assert f"says {len(content)}; restore the file, or mend or remove bytes" in size.why
    assert digest_of.what == f"hash = {name}:{hashlib.new(name, path.read_bytes()).hexdigest()}"
    assert f"says {name}:{digest}; restore the file" in digest_of.why


@pytest.mark.parametrize(("content", "expected"), [
    (b"", "is not JSON"), (b"{", "is not JSON"), (b"[" * 100_000, "is not JSON"), (b"[]", "is not an object"),
    ("{}".encode("utf-16"), "is not UTF-8 text but UTF-16"), (b"9" * 5000, "is not JSON"),
])  # fmt: skip
def test_a_descriptor_that_is_none(content: bytes, expected: str, toy: Path) -> None:
    (toy / "datapackage.json").write_bytes(content)
    with pytest.raises(InputError, match=expected):
        read_inputs(toy)


def test_the_shipped_constraints_hold_beside_ones_own(toy: Path) -> None:
    """A descriptor of one's own may be narrower, and never wider: formulas rest on what the shipped one says."""

    def bare(package: dict[str, Any], resources: dict[str, dict[str, Any]]) -> None:
        for resource in resources.values():
            resource["schema"].pop("foreignKeys", None)
            for column in resource["schema"]["fields"]:
                column["constraints"] = {}
        field(resources["reserves"], "value")["constraints"] = {"maximum": 400}

    change(toy, bare)
    text = (toy / "reserves.csv").read_text(encoding="utf-8")
    (toy / "reserves.csv").write_text(text + "lithum,CHL,2040,,,,kt,book,p. 1,official,\n", encoding="utf-8")
    with pytest.raises(InputError) as raised:
        read_inputs(toy)
    told = str(raised.value).splitlines()
    assert any("value = '': is empty" in line for line in told)
    assert any("expected at most 400" in line for line in told)
    assert any("mineral = 'lithum': not in minerals.csv" in line for line in told), "of a row with an empty cell too"
    (toy / "reserves.csv").write_text(text.replace("cobalt", "cobolt"), encoding="utf-8")
    change(toy, lambda p, r: field(r["reserves"], "value")["constraints"].clear())
    with pytest.raises(InputError, match=r"mineral = 'cobolt': not in minerals.csv; did you mean 'cobalt'"):
        read_inputs(toy)


# --- plausible ends --------------------------------------------------------------------------------------------------

#: Table and factor that only its rules, or nothing, refuses, and why no end of a single value can.
NO_END = {
    ("silicon_uptake", 1e-3): "uptake starts near nothing; somewhere it is more",
    ("governance", 1e-3): "an index about 0; many countries are never all near its mean",
}
#: Tables in which most rows pass by themselves, and why: a short table of one's own may pass whole.
FEW = {
    ("battery_demand", 1e-3): "a small country or use needs as little",
    ("reserves", 1e3): "a deposit of lithium a thousand times too large is one of iron",
}


def of_kind(inputs: Inputs) -> list[str]:
    return [name for name, table in inputs.tables.items() if table.schema.kind]


def scaled(raw: RawTable, factor: float) -> RawTable:
    """The table with value, low and high times a factor, or all of them at 1e308 or 1e-320."""
    rows = copy.deepcopy(raw.rows)
    for row in rows:
        for end in ("value", "low", "high"):
            if row[end]:
                row[end] = repr(factor if factor in (1e308, 1e-320) else float(row[end]) * factor)
    return replace(raw, rows=rows)


@pytest.fixture(scope="module")
def shipped_raws(shipped_inputs: Inputs) -> dict[str, RawTable]:
    problems: list[Problem] = []
    raws = {
        name: read_raw(shipped_inputs.folder, table.schema, problems) for name, table in shipped_inputs.tables.items()
    }
    assert not problems
    return {name: raw for name, raw in raws.items() if raw is not None}


@pytest.mark.parametrize("factor", [1e3, 1e-3, 1e308, 1e-320])
@pytest.mark.slow
def test_a_table_in_a_wrong_unit_is_refused(
    factor: float, shipped_inputs: Inputs, shipped_raws: dict[str, RawTable]
) -> None:
    """g/kWh written as kg/kWh, MWh as GWh, or the other way round: for each table of quantities, whole."""
    for name in of_kind(shipped_inputs):
        problems: list[Problem] = []
        table = typed(scaled(shipped_raws[name], factor), {}, problems)
        refused = {problem.line for problem in problems}
        if (name, factor) in NO_END or (factor == 1e-3 and table.schema.sums_to_one_over):
            assert not refused, "a share may be near nothing; it is their sum that is 1"
            for rule in check.RULES:
                rule({**shipped_inputs.tables, name: table}, problems)
            assert 1 <= len(problems) < check.GROUPS, f"{name}: one cause is told once, or by each of a few groups"
        elif (name, factor) not in FEW:
            assert refused, name
            zero = sum(not float(row["value"] or 0) for row in shipped_raws[name].rows)
            few = 0.07 if factor == 1e-3 else 0.3
            assert len(refused) >= few * (len(shipped_raws[name].rows) - zero), (name, len(refused))


def test_every_kind_has_ends_and_every_end_is_wide(shipped_inputs: Inputs) -> None:
    """An end is for units: no shipped figure is within a factor of 1.5 of the end of its kind."""
    assert set(UNITS) - set(PLAUSIBLE) == {"calendar_year", "estimate"}, "years and the index have ends of their own"
    of_cells = {f"{parameter}: fraction" for parameter in CELL_PARAMETERS}  # what no unit can change
    assert all(least * 100 <= most for kind, (least, most) in PLAUSIBLE.items() if kind not in of_cells)
    for name in of_kind(shipped_inputs):
        table = shipped_inputs.tables[name]
        for row in table.frame.itertuples():
            of = CELL_PARAMETERS[row.parameter] if table.schema.kind == "cell_parameter" else table.schema.kind
            whose = row.parameter if table.schema.kind == "cell_parameter" else of
            least, most = ends(of_one_kind(row.unit, of), whose, table.schema.ends)
            for size in filter(None, (row.value, row.low, row.high)):
                if of not in ("fraction", "severity"):
                    assert np.isnan(size) or least * 1.5 <= abs(size) <= most / 1.5, (name, row.line)


def put(toy: Path, name: str, *rows: str) -> None:
    """Replace the rows of a table; each begins with its key and ends with its unit."""
    path = toy / f"{name}.csv"
    header = path.read_text(encoding="utf-8").partition("\n")[0]
    path.write_text("\n".join([header, *(f"{row},book,p. 1,official," for row in rows)]) + "\n", encoding="utf-8")


def test_shares_that_add_up_to_one_may_be_as_small_as_they_like(toy: Path) -> None:
    put(toy, "graphite_route", "natural,2030,0.0005,,,1", "synthetic,2030,0.9995,,,1")
    assert list(read_inputs(toy)["graphite_route"]["value"]) == [0.0005, 0.9995]
    put(toy, "graphite_route", "natural,2030,0.0005,,,1", "synthetic,2030,0.0005,,,1")
    with pytest.raises(InputError, match=r"graphite_route.csv:2 shares of 2030: add up to 0.001, expected 1"):
        read_inputs(toy)


def test_shares_that_are_all_wrong_by_one_factor_are_one_problem(toy: Path) -> None:
    put(toy, "graphite_route", *(f"{route},{year},0.0005,,,1" for year in range(2030, 2040) for route in (
        "natural", "synthetic")))  # fmt: skip
    with pytest.raises(InputError) as raised:
        read_inputs(toy)
    (problem,) = raised.value.problems
    assert str(problem) == (
        "graphite_route.csv:2 shares: add up to 0.001 everywhere, expected 1; write every share as a fraction of 1"
    )


def test_uptake_may_start_small_and_not_stay_so(toy: Path) -> None:
    start = "si,World,car,nmc811,0.1,2030,0.0001,,,1"
    put(toy, "silicon_uptake", start, "si,World,car,nmc811,0.1,2034,0.4,,,1")
    assert read_inputs(toy)["silicon_uptake"]["value"].min() == 0.0001
    put(toy, "silicon_uptake", start)
    with pytest.raises(InputError, match=r"silicon_uptake.csv:2 value: no blend ever reaches 0.001 of the cells"):
        read_inputs(toy)


def test_the_low_end_of_a_share_may_be_next_to_none(toy: Path) -> None:
    path = toy / "collection_rate.csv"
    lines = path.read_text(encoding="utf-8").split("\n")
    at = lines[0].split(",").index("value")
    cells = lines[1].split(",")
    for value, low, high in (("0.5", "1e-6", "0.9"), ("0.0001", "0.0001", "0.9"), ("0.0001", "", "")):
        cells[at : at + 3] = value, low, high
        path.write_text("\n".join([lines[0], ",".join(cells), *lines[2:]]), encoding="utf-8")
        if value == "0.5":
            assert read_inputs(toy)["collection_rate"].loc[0, "low"] == 1e-6
            continue
        with pytest.raises(InputError, match=r"collection_rate.csv:2 value = '0.0001': expected 0, or 0.001 to 5"):
            read_inputs(toy)


@pytest.mark.parametrize("end", ["least", "most"])
def test_ends_of_a_table_have_a_reason_that_messages_print(end: str, toy: Path) -> None:
    size = {"least": 900, "most": 1}[end]
    change(toy, lambda p, r: r["reserves"]["minerals"].update({end: size}))
    with pytest.raises(InputError, match=r"resources\[reserves\].minerals.because: is missing; add it"):
        read_inputs(toy)
    change(toy, lambda p, r: r["reserves"]["minerals"].update(because="These are small mines."))
    with pytest.raises(InputError, match=r"expected 0, or [0-9e+]+ to [0-9e+]+ kt \(These are small mines\)"):
        read_inputs(toy)


def test_what_is_far_off_is_told_with_its_likely_cause(toy: Path) -> None:
    path = toy / "mineral_intensity.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("lfp,graphite,1,0.9,1.2,kg/kWh", "lfp,graphite,1000,900,1200,kg/kWh"), encoding="utf-8"
    )
    with pytest.raises(InputError) as raised:
        read_inputs(toy)
    assert str(raised.value) == (
        "mineral_intensity.csv:10 value = '1000': expected 0, or 0.0001 to 30 kg/kWh; a thousand times too large? If "
        "the figures are in g/kWh or t/GWh, write that as their unit"
    )
    path.write_text(text.replace("lfp,graphite,1,0.9,1.2,kg/kWh", "lfp,graphite,1000,900,1200,g/kWh"), encoding="utf-8")
    intensity = read_inputs(toy)["mineral_intensity"].set_index(["chemistry", "mineral"])["value"]
    assert intensity["lfp", "graphite"] == 1


@pytest.mark.parametrize("unit", ["µm", "μm", "um"])
def test_both_letters_mu_are_micro(unit: str) -> None:
    assert factor(unit, "thickness") == 1
    assert of_one_kind(unit, "thickness") == "thickness"


@pytest.mark.parametrize(("group", "expected"), [
    ("fоil", "draw_group = 'fоil': 'о' is U+043E (CYRILLIC SMALL LETTER O); a code has plain letters only"),
    ("graphite_pn",
     "draw_group = 'graphite_pn': no other row has it, so it moves with nothing; did you mean 'graphite_np'?"),
])  # fmt: skip
def test_a_draw_group_that_looks_like_another(group: str, expected: str, toy: Path) -> None:
    path = toy / "mineral_intensity.csv"
    lines = path.read_text(encoding="utf-8").split("\n")
    at = next(at for at, line in enumerate(lines) if ",graphite_np," in line)
    lines[at] = lines[at].replace("graphite_np", group)
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(InputError) as raised:
        read_inputs(toy)
    assert f"mineral_intensity.csv:{at + 1} {expected}" in str(raised.value)


# --- production lines of one's own -----------------------------------------------------------------------------------


#: A scope whose stock is known, and the lines of a file.
WITH_LINES = ('scope.beyond="hold"', "scope.years={first = 2044, last = 2047}", "flows={lines = 'lines.csv'}")


def lines_of(toy: Path, *rows: str, header: str = "scenario,region,cohort,value,unit") -> Any:
    """Production lines of the toy's run with its own `lines.csv`: 500 GWh/yr each of 2028, and these rows."""
    every = [f"{s},{r},2028,500,GWh/yr" for s in ("plan", "shift") for r in ("Europe", "China")]
    (toy / "lines.csv").write_text("\n".join([header, *every, *rows]) + "\n", encoding="utf-8")
    return run(toy / "run.toml", WITH_LINES, toy)["production_lines"]


def test_lines_are_read_as_any_table(toy: Path) -> None:
    """Blanks are trimmed; another column, a byte-order mark and lines of Windows are no matter."""
    sound = lines_of(toy, "plan,Europe,2031,20,GWh/yr")
    text = (
        (toy / "lines.csv").read_text(encoding="utf-8").replace("plan,Europe,2031,20,", " plan , Europe ,2031, 2e1 ,")
    )
    more = text.replace("unit\n", "unit,note\n").replace("GWh/yr", " GWh/yr,mine")
    (toy / "lines.csv").write_text("\ufeff" + more, encoding="utf-8", newline="\r\n")
    pd.testing.assert_frame_equal(run(toy / "run.toml", WITH_LINES, toy)["production_lines"], sound)


@pytest.mark.parametrize(("row", "expected"), [
    ("plan,Europe,2028,20,GWh/yr",
     "lines.csv:6 scenario = plan, region = Europe, cohort = 2028: the same key as line 2; keep one of the two rows"),
    ("plan,Europe,2031,1e400,GWh/yr", "lines.csv:6 value = '1e400': is too large to be a number"),
    ("plan,Europe,2031,500000,GWh/yr",
     "lines.csv:6 value = '500000': expected 0 to 30000: lines of one region and year make no more GWh in a year"),
    ("plan,Europe,2031,-1,GWh/yr",
     "lines.csv:6 value = '-1': expected 0 to 30000: lines of one region and year make no more GWh in a year"),
    ("plan,Europe,2031,,GWh/yr", "lines.csv:6 value = '': is empty; expected a number of at least 0"),
    ("plan,Europe,２０３１,20,GWh/yr", "lines.csv:6 cohort = '２０３１': expected a year up to 2047"),
    ('plan,"Europe,2031,20,GWh/yr', "lines.csv:6: a double quote opens a cell and is not closed; remove it, or write a "
     'quote within a cell twice: ""'),
])  # fmt: skip
def test_lines_that_cannot_be_used(row: str, expected: str, toy: Path) -> None:
    with pytest.raises(InputError) as raised:
        lines_of(toy, row)
    assert str(raised.value) == expected


@pytest.mark.parametrize(("content", "expected"), [
    (b"scenario;region;cohort;value;unit\n", "lines.csv:1: columns are separated by ';'"),
    ("scenario,region\n".encode("utf-16"), "lines.csv: is not UTF-8 text but UTF-16"),
    (b"scenario,region,cohort,value\n", "lines.csv:1 column 'unit': missing from the header"),
])  # fmt: skip
def test_a_file_of_lines_that_is_no_table(content: bytes, expected: str, toy: Path) -> None:
    (toy / "lines.csv").write_bytes(content)
    with pytest.raises(InputError, match=expected):
        run(toy / "run.toml", WITH_LINES, toy)


def test_a_code_of_letters_that_only_look_plain(toy: Path) -> None:
    """A Greek letter in a code list is told there, not where the code is used."""
    path = toy / "scenarios.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("\nplan,", "\nplαn,"), encoding="utf-8")
    with pytest.raises(InputError, match=r"scenario = 'plαn': 'α' is U\+03B1 \(GREEK SMALL LETTER ALPHA\); a code has"):
        read_inputs(toy)


def test_a_row_goes_to_another_process(shipped_inputs: Inputs) -> None:
    row = shipped_inputs.rows("cell_price")[0]
    again = pickle.loads(pickle.dumps(row))
    assert repr(again) == repr(row)
    assert type(again) is type(row)
