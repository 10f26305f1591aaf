"""Rows of one's own on top of a package: which count, what they may leave out, and where they are told."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openpyxl
import pandas as pd
import pytest
from click.testing import CliRunner
from conftest import lay_out

from minerals import api
from minerals.case.arrays import finer_ends
from minerals.charts.footer import source_line
from minerals.cli import cli
from minerals.config import read_run
from minerals.errors import InputError, Problem, UsageError
from minerals.pipeline import inputs_of
from minerals.provenance import Rows
from minerals.studies.run import run
from minerals.tables.finer import Rates
from minerals.tables.inputs import Inputs, read_inputs
from minerals.tables.own import NEVER, Layers, layers
from minerals.tables.read import OWN_LINE
from minerals.tables.resolve import resolve
from minerals.tables.rows_file import RowsOfRun, row_form

DEMAND = "scenario,region,segment,year,value,unit\nplan,Europe,car,2030,90,GWh\nplan,Europe,stationary,2032,7,GWh\n"


@pytest.fixture
def mine(tmp_path: Path) -> Callable[..., Path]:
    """Write a folder of own tables: mine(battery_demand=…); `folder` names it, by default mine."""

    def write(folder: str = "mine", **tables: str) -> Path:
        place = tmp_path / folder
        place.mkdir(exist_ok=True)
        for name, text in tables.items():
            (place / f"{name}.csv").write_text(text, encoding="utf-8")
        return place

    return write


def demand(inputs: Inputs) -> dict[tuple[str, str, str, int], float]:
    frame = inputs["battery_demand"]
    return frame.set_index(["scenario", "region", "segment", "year"])["value"].to_dict()


def problems(of: Layers) -> list[str]:
    with pytest.raises(InputError) as raised:
        read_inputs(of)
    return [str(problem) for problem in raised.value.problems]


def test_a_row_with_the_key_of_one_below_takes_its_place_and_another_is_added(
    toy: Path, mine: Callable[..., Path]
) -> None:
    below = read_inputs(toy)
    found = read_inputs(Layers(toy, (mine(battery_demand=DEMAND),)))
    changes = {("plan", "Europe", "car", 2030): 90.0, ("plan", "Europe", "stationary", 2032): 7.0}
    assert demand(found) == demand(below) | changes
    assert list(demand(found))[:-1] == list(demand(below))
    for name, table in below.tables.items():
        if name != "battery_demand":
            pd.testing.assert_frame_equal(found[name], table.frame)
    assert [str(each) for each in found.own] == ["mine/battery_demand.csv: 1 row replaced, 1 row added"]
    (header, *_) = DEMAND.splitlines()
    (empty,) = read_inputs(Layers(toy, (mine("header", battery_demand=f"{header}\n"),))).own
    assert str(empty) == "header/battery_demand.csv: no row that counts"
    row = found["battery_demand"].iloc[-1]
    assert (row["source"], row["quality"], row["locator"], row["energy_basis"]) == ("own", "own", "", "nominal")
    assert found.tables["battery_demand"].place(int(row["line"])) == ("mine/battery_demand.csv", 3)


@pytest.mark.slow
def test_of_folders_the_first_is_uppermost(toy: Path, mine: Callable[..., Path]) -> None:
    first, second = mine("a", battery_demand=DEMAND), mine("b", battery_demand=DEMAND.replace("90", "80"))
    key = ("plan", "Europe", "car", 2030)
    assert demand(read_inputs(Layers(toy, (first, second))))[key] == 90
    assert demand(read_inputs(Layers(toy, (second, first))))[key] == 80
    told = read_inputs(Layers(toy, (second, first))).own
    assert [(each.file, each.replaced, each.added) for each in told] == [
        ("b/battery_demand.csv", 1, 1),
        ("a/battery_demand.csv", 0, 0),
    ]


@pytest.mark.slow
def test_of_a_table_that_is_replaced_only_own_rows_count(toy: Path, mine: Callable[..., Path]) -> None:
    rows = (toy / "battery_demand.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    kept = "".join(row for row in rows if not row.startswith("past"))
    found = read_inputs(Layers(toy, (mine(battery_demand=kept),), ("battery_demand",)))
    assert set(found["battery_demand"]["scenario"]) == set(read_inputs(toy)["battery_demand"]["scenario"]) - {"past"}
    assert found["battery_demand"]["line"].min() > OWN_LINE
    assert str(found.own[0]).endswith(f"instead of the whole table, {len(rows) - 1} rows")
    assert problems(Layers(toy, (mine(),), ("batery_demand", "lifetime"))) == [
        "replace 'batery_demand': not a table of the inputs; did you mean 'battery_demand'?",
        "replace 'lifetime': no folder of inputs holds rows of it; add lifetime.csv, or leave it out",
    ]


@pytest.mark.slow
def test_a_copy_of_a_shipped_table_says_the_same_also_where_corrections_mend_it(
    toy: Path, mine: Callable[..., Path]
) -> None:
    assert len(read_inputs(toy)["corrections"])
    copied = {
        name: (toy / f"{name}.csv").read_text(encoding="utf-8") for name in read_inputs(toy)["corrections"]["table"]
    }
    found = read_inputs(Layers(toy, (mine(**copied),)))
    assert all(not each.replaced and not each.added and each.same for each in found.own)
    for name, table in read_inputs(toy).tables.items():
        pd.testing.assert_frame_equal(found[name], table.frame)


def test_what_is_wrong_in_an_own_row_names_its_file_and_line(toy: Path, mine: Callable[..., Path]) -> None:
    of = Layers(toy, (mine(battery_demand=DEMAND.replace("90", "9O").replace("stationary", "stationery")),))
    number, code = problems(of)
    assert number.startswith("mine/battery_demand.csv:2 value = '9O': not a number")
    why = "segment = 'stationery': not in segments.csv; did you mean 'stationary'?"
    assert code == f"mine/battery_demand.csv:3 {why}; or name it in a row of your own of segments"


@pytest.mark.slow
def test_unknown_columns_tables_and_endings_are_refused_with_the_nearest(toy: Path, mine: Callable[..., Path]) -> None:
    folder = mine(battery_demand=DEMAND.replace("segment", "segmnt"), batery_supply="a\n1\n", corrections="table\nx\n")
    (folder / "more.ods").write_bytes(b"")
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    told = "\n".join(problems(Layers(toy, (folder,))))
    assert "mine/battery_demand.csv:1 column 'segmnt': not a column of battery_demand; did you mean 'segment'?" in told
    assert "mine/batery_supply.csv 'batery_supply': not a table of the inputs; did you mean 'battery_supply'?" in told
    assert "mine/corrections.csv 'corrections': mends cells" in told
    assert "mine/more.ods: is not read; save it as .xlsx" in told
    assert "notes" not in told


@pytest.mark.slow
def test_a_sum_that_own_shares_break_is_told_at_the_own_row(toy: Path, mine: Callable[..., Path]) -> None:
    share = "scenario,region,segment,chemistry,year,value,unit\nplan,World,car,lfp,2030,0.9,1\n"
    (told,) = problems(Layers(toy, (mine(market_share=share),)))
    assert told.startswith("mine/market_share.csv:2 shares of plan, World, car, 2030: add up to 0.9, expected 1; ")
    assert told.endswith("mend the shares of line 2")


@pytest.mark.slow
def test_an_own_source_is_a_key_or_left_empty(toy: Path, mine: Callable[..., Path]) -> None:
    rows = DEMAND.replace("unit\n", "unit,source\n").replace("GWh\n", "GWh,boook\n")
    told = problems(Layers(toy, (mine(battery_demand=rows),)))
    assert told[0].endswith(
        "source = 'boook': not in sources.csv; did you mean 'book'?; leave it empty, and it is your own"
    )
    read_inputs(Layers(toy, (mine(battery_demand=rows.replace("boook", "book")),)))


@pytest.mark.slow
def test_a_run_has_one_package_and_two_are_refused_by_their_names(
    toy: Path, mine: Callable[..., Path], tmp_path: Path
) -> None:
    own = mine(battery_demand=DEMAND)
    other = lay_out(tmp_path / "other", "toy")
    found = layers([own, toy, toy.parent / "." / toy.name])
    assert (found.package, found.own) == (toy, (own,))
    with pytest.raises(UsageError, match=f"{toy}, {other}: each holds a whole data package"):
        layers([toy, own, other])


def test_own_is_no_source_of_a_package(toy: Path) -> None:
    file = toy / "battery_demand.csv"
    file.write_text(file.read_text(encoding="utf-8").replace(",book,p. 6,", ",own,p. 6,", 1), encoding="utf-8")
    assert "source = 'own': not in sources.csv" in problems(Layers(toy))[0]


@pytest.mark.slow
def test_a_folder_that_holds_nothing_is_told(toy: Path, mine: Callable[..., Path]) -> None:
    empty = mine()
    (told,) = problems(Layers(toy, (empty,)))
    words = "holds no table; expected TABLE.csv, or a workbook or a *.toml of several, e.g. regions"
    assert told.startswith(f"{empty.resolve()}: {words}")


@pytest.mark.slow
def test_a_workbook_is_read_as_its_sheets_in_csv(toy: Path, mine: Callable[..., Path]) -> None:
    as_csv = read_inputs(Layers(toy, (mine(battery_demand=DEMAND),)))
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "battery_demand"
    for line in DEMAND.splitlines():
        sheet.append([float(cell) if cell.isdecimal() else cell for cell in line.split(",")])
    book.create_sheet("Sheet2")
    folder = mine("book")
    book.save(folder / "own.xlsx")
    found = read_inputs(Layers(toy, (folder,)))
    pd.testing.assert_frame_equal(found["battery_demand"], as_csv["battery_demand"])
    assert found.own[0].file == "book/own.xlsx[battery_demand]"
    sheet["E2"] = "=45*2"
    book.save(folder / "own.xlsx")
    told = problems(Layers(toy, (folder,)))
    assert told[0].startswith("book/own.xlsx[battery_demand]:2 E2 = '=45*2': is a formula whose value was not saved")
    (folder / "own.xlsx").write_bytes(b"PK\x03\x04")
    assert "cannot be read as a workbook" in problems(Layers(toy, (folder,)))[0]


ROWS = """
[battery_demand.plan.Europe]
car.2030        = { value = 90_000, unit = "MWh" }
stationary.2032 = 7  # in GWh, as the table is kept

[regions.Iberia]
members = ["ESP", "PRT"]
within  = "Europe"
"""


def test_rows_stand_in_toml_too_under_their_key(toy: Path, mine: Callable[..., Path]) -> None:
    as_csv = read_inputs(Layers(toy, (mine(battery_demand=DEMAND),)))
    folder = mine("rows")
    (folder / "all.toml").write_text(ROWS, encoding="utf-8")
    (folder / "mine.toml").write_text('base = "run.toml"\n', encoding="utf-8")  # a run file is none of them
    found = read_inputs(Layers(toy, (folder,)))
    assert demand(found) == demand(as_csv)
    assert found["regions"].iloc[-1][["region", "members", "within"]].tolist() == ["Iberia", "ESP;PRT", "Europe"]
    assert [str(each) for each in found.own] == [
        "rows/all.toml[battery_demand]: 1 row replaced, 1 row added",
        "rows/all.toml[regions]: 1 row added",
    ]
    row = found["battery_demand"].iloc[-1]
    assert found.tables["battery_demand"].place(int(row["line"])) == ("rows/all.toml[battery_demand]", 4)


STORAGE = "rows/all.toml:4 battery_demand.plan.Europe.stationary.2032"


@pytest.mark.parametrize(("old", "new", "told"), [
    ("= 7 ", '= "7"', f"{STORAGE} = '7': expected a number, or columns of battery_demand in {{ }}"),
    ("stationary.2032 = 7", "stationary = 7", "a row of battery_demand stands at battery_demand.SCENARIO.REGION.SEGM"),
    ("= 7 ", "= { value = 7, year = 2033 }", f"{STORAGE}.year: is in the key already"),
    ("= 7 ", "= { value = true }", f"{STORAGE}.value = true: expected a number"),
    ("= 7 ", "= { valu = 7 }", "did you mean 'value'?"),
    (".2032 = 7 ", " = { 2032 = 7, 2034 = 8 }", "all.toml:4 2 rows of battery_demand: stand on one line, by which"),
    ("90_000", "-90_000", "rows/all.toml[battery_demand]:3 value = '-90000': expected at least 0"),
    ("regions.Iberia", "region.Iberia", "rows/all.toml[region] 'region': not a table of the inputs; did you mean"),
    ("within  =", "within  ", "rows/all.toml:8: is not readable TOML"),
    ("[battery", "title = 'Mine'\n[battery", "rows/all.toml[title] 'title': not a table of the inputs"),
    ("stationary.2032", "stationery.2032", "rows/all.toml[battery_demand]:4 segment = 'stationery': not in segm"),
])  # fmt: skip
def test_what_is_wrong_in_rows_of_toml_names_its_line(
    old: str, new: str, told: str, toy: Path, mine: Callable[..., Path]
) -> None:
    assert old in ROWS
    (mine("rows") / "all.toml").write_text(ROWS.replace(old, new, 1), encoding="utf-8")
    found = problems(Layers(toy, (toy.parent / "rows",)))
    assert any(told in problem for problem in found), found


def test_of_own_codes_a_run_asks_only_for_what_it_needs(toy: Path, mine: Callable[..., Path]) -> None:
    """A chemistry of a family of its own with one mineral, and a mineral that nothing shipped has rows of."""
    (mine("rows") / "cell.toml").write_text(
        "[chemistries.x]\nlabel = 'X'\nfamily = 'X'\ncathode = 'X'\nanode = 'graphite'\nsilicon = 0\n"
        "[minerals.tin]\nlabel = 'Tin'\nbasis = 'contained tin'\n[mineral_intensity.x]\nlithium = 0.1\ntin = 0.2\n"
        "[segments.small_car]\nlabel = 'Small cars'\n",
        encoding="utf-8",
    )
    folders, share = [toy.parent / "rows", toy], "scenario.plan.share={car={2030={x=0.5, nmc811=0, lfp='rest'}}}"
    asked = (share, 'scope.regions=["Europe"]', 'scope.segments=["car"]', "scope.years=2030")
    found = run(toy / "run.toml", [*asked, "scope.minerals=['lithium']"], folders)
    assert found.record["codes"]["chemistry"]["x"]["family"] == "X"
    cells = found["mineral_demand"].query("scenario == 'plan' and chemistry == 'x'")
    assert cells["value"].tolist() == pytest.approx([100 * 0.5 * 0.1])
    with pytest.raises(InputError, match=re.escape("'x': has no intensity of graphite, cobalt, silicon; add rows")):
        run(toy / "run.toml", asked[:1], folders)
    with pytest.raises(InputError, match=r"'nmc811': has no intensity of tin; .* 'lfp', "):
        run(toy / "run.toml", [*asked, "scope.minerals=['tin']"], folders)
    given = "intensity={trend='improving', kg_per_kwh={x={graphite=1, cobalt=0, silicon=0}}}"
    with pytest.raises(InputError, match="X has no trend of graphite or any; add rows to"):
        run(toy / "run.toml", [*asked, "scope.minerals=['graphite']", given], folders)


FLOWS = ("flows={}", "scope.beyond='hold'", "scope.years={first = 2044, last = 2047}")
#: Rows of the toy that say no more than its own, each of one use, chemistry, region or scenario.
FINER = {
    "mineral_intensity": "chemistry,mineral,segment,cohort,value,unit\nlfp,lithium,car,2030,0.09,kg/kWh\n",
    "lifetime": "life,segment,chemistry,cohort,region,value,unit,distribution,spread\n"
    "first,car,lfp,2010,Europe,{life},year,{distribution},{spread}\n",
    "collection_rate": "region,segment,year,chemistry,value,unit\nEurope,car,2015,LFP,{collection},1\n",
}


def test_what_is_said_of_a_label_alone_and_is_the_same_changes_nothing(toy: Path, mine: Callable[..., Path]) -> None:
    """The chain by region and chemistry is that of all alike where the rates are."""
    below = read_inputs(toy)
    life = below["lifetime"].query("life == 'first' and segment == 'car' and chemistry == 'lfp'").iloc[0]
    rate = below["collection_rate"].query("region == 'World' and segment == 'car'").iloc[0]
    lithium = below["mineral_intensity"].set_index(["chemistry", "mineral"])["value"]["lfp", "lithium"]
    rows = {
        name: text.format(life=life["value"], distribution=life["distribution"], spread=life["spread"],
                          collection=rate["value"]).replace("0.09", str(lithium))
        for name, text in FINER.items()
    }  # fmt: skip
    plain = run(toy / "run.toml", FLOWS, toy)
    found = run(toy / "run.toml", FLOWS, [mine(**rows), toy])
    for name in ("mineral_demand", "in_use_stock", "retirements", "mineral_flows", "recycling", "upstream",
                 "second_life_stock", "recycling_targets"):  # fmt: skip
        ours, theirs = found[name], plain[name]
        if name == "mineral_demand":  # An own row has no ends of its own.
            ours, theirs = (frame.drop(columns=["low", "high"]) for frame in (ours, theirs))
        pd.testing.assert_frame_equal(ours, theirs, rtol=1e-12, check_exact=False)
    used = set(found["inputs_used"]["rows"])
    assert {f"mine/{name}.csv:2" for name in rows} <= used
    told = minerals_of(api.explain(found, "lithium", year=2044, scenario="plan"))
    assert told["car", "lfp"] == "mine/mineral_intensity.csv:2"


def minerals_of(explained: api.Explanation) -> dict[tuple[str, str], str]:
    """Row of the intensity of each leaf by use and chemistry."""
    return {
        (leaf.segment, leaf.chemistry): str(factor.rows[0]["rows"])
        for leaf in explained.leaves for factor in leaf.factors if factor.name == "mineral intensity"
    }  # fmt: skip


def test_of_rows_the_one_of_the_scenario_goes_first_then_the_region_then_the_chemistry() -> None:
    def row(value: float, **labels: str) -> Any:
        names = {"scenario": "any", "region": "any", "chemistry": "any", "mineral": "nickel"} | labels
        return SimpleNamespace(value=value, **names)

    ordinary = [SimpleNamespace(value=1, mineral="nickel")]
    finer = [row(2, chemistry="LFP"), row(3, chemistry="lfp"), row(4, region="Europe"), row(5, scenario="high")]

    def best(scenario: str, region: str, chemistry: str, of: Sequence[Any] = finer) -> float:
        rates = Rates.of("recovery_rate", ("mineral",), ordinary, of)
        return rates.best(scenario, (region, "World"), (chemistry, "LFP"), ("nickel",))[0].value

    assert [best("high", "Europe", "lfp"), best("", "Europe", "lfp")] == [5, 4]
    assert [best("low", "China", "lfp"), best("", "China", "lmfp"), best("", "China", "lmfp", finer[2:])] == [3, 2, 1]
    assert not Rates.of("recovery_rate", ("mineral",), [], finer[3:]).best("", ("China",), ("lfp",), ("nickel",))


def test_finer_rows_stand_in_toml_behind_the_key(toy: Path, mine: Callable[..., Path]) -> None:
    (mine("rows") / "all.toml").write_text(
        "[mineral_intensity.lfp.lithium]\ncar.2030 = 0.1\ncar.2034 = 0.06\nany.any = 0.08\n[lifetime.first.car.any]\n"
        "2020 = { value = 9, distribution = 'fixed' }\n[collection_rate.World.car.2028.any]\nLFP = 0.5\n",
        encoding="utf-8",
    )
    found = read_inputs(Layers(toy, (toy.parent / "rows",)))
    rows = [(row.segment, row.cohort, row.value) for row in found.finer_rows("mineral_intensity")]
    assert rows == [("car", 2030, 0.1), ("car", 2034, 0.06)]
    assert found["mineral_intensity"].set_index(["chemistry", "mineral"])["value"]["lfp", "lithium"] == 0.08
    (rate,) = found.finer_rows("collection_rate")
    assert (rate.scenario, rate.chemistry, rate.value) == ("any", "LFP", 0.5)
    demand = run(toy / "run.toml", inputs=[toy.parent / "rows", toy])["finer_intensity"]
    car = demand.query("segment == 'car' and chemistry == 'lfp' and mineral == 'lithium'").set_index("year")["value"]
    assert car.to_dict() == pytest.approx({2030: 0.1, 2031: 0.09, 2032: 0.08, 2033: 0.07, 2034: 0.06})


def test_a_blend_by_ratio_follows_what_own_rows_say_of_its_base(toy: Path, mine: Callable[..., Path]) -> None:
    """LFP with a tenth of silicon holds half of the graphite of its base, as NMC 811 with it does, and of silicon 0.06
    × that of its base ÷ 0.9; its ends are those of the row that the ratio multiplies."""
    head = "chemistry,mineral,segment,cohort,value,low,high,unit\n"
    rows = "lfp,graphite,any,2030,1,0.9,1.2,kg/kWh\nlfp,graphite,any,2034,0.8,0.8,0.8,kg/kWh\n"
    inputs = read_inputs(Layers(toy, (mine(mineral_intensity=head + rows),)))
    resolved = resolve(read_run(toy / "run.toml", ["scenario.plan.silicon=si", "scenario.shift=false"]), inputs)
    found = resolved.finer_intensity.frame.query("silicon == 0.1 and segment == 'car'").set_index(["mineral", "year"])
    value, fills = found["value"], set(found["fill"])
    graphite, silicon = [value["graphite", year] for year in (2030, 2032, 2034)], value["silicon", 2032]
    assert graphite == pytest.approx([0.5, 0.45, 0.4])
    assert (silicon, fills) == (pytest.approx(0.06 * 0.9 / 0.9), {"ratio"})
    of_row = dict(resolved.used.table.rows("rows", "value"))
    for (_, _), row in found.iterrows():
        assert Rows.parse(row["rows"]).value(of_row.__getitem__) == pytest.approx(row["value"])
    _, ends = finer_ends(resolved)
    high = sum(ends.values())[1, 0, resolved.chemistries.labels.index(("lfp", 0.1)), :, 2]
    minerals = resolved.minerals.labels
    assert high[minerals.index("graphite")] == pytest.approx(0.5 * (1.2 - 1) / 2)
    assert high[minerals.index("silicon")] == pytest.approx(0.08 - 0.06)


def test_a_blend_of_its_own_code_keeps_its_rows_beside_finer_ones_of_its_base(
    toy: Path, mine: Callable[..., Path]
) -> None:
    head = "chemistry,mineral,segment,cohort,value,unit\n"
    layers = Layers(toy, (mine(mineral_intensity=f"{head}nmc811,graphite,any,2030,0.8,kg/kWh\n"),))
    sets = ["scenario.plan.silicon=si", "scenario.shift=false", "scope.regions=['Europe']"]
    resolved = resolve(read_run(toy / "run.toml", sets), read_inputs(layers))
    assert set(resolved.finer_intensity.columns["silicon"]) == {0.0}
    kept = resolved.mineral_intensity.frame.query("silicon == 0.1 and chemistry == 'nmc811' and mineral == 'graphite'")
    assert list(kept["value"]) == [0.45]
    assert "mineral_intensity of nmc811_si10 as tabulated beside own rows by use or year of nmc811" in resolved.fills
    uptake = "scenario,region,segment,chemistry,silicon,year,value,unit\nsi,World,car,nmc811,0.07,2030,0.5,1\n"
    uptake += "si,World,car,nmc811,0.07,2034,0.5,1\n"
    more = Layers(toy, (mine(silicon_uptake=uptake),))
    with pytest.raises(
        InputError, match=r"mine/mineral_intensity.csv:2 .* sold with 0.07 of silicon too, .*= 'none'\)"
    ):
        resolve(read_run(toy / "run.toml", sets), read_inputs(more))
    resolve(read_run(toy / "run.toml", [*sets, "scenario.plan.silicon=none"]), read_inputs(more))


def test_labels_of_finer_rows_exist_and_fit_what_the_run_asks(toy: Path, mine: Callable[..., Path]) -> None:
    head = "chemistry,mineral,segment,cohort,value,unit\n"
    folder = mine(mineral_intensity=f"{head}lfp,lithium,caar,,0.09,kg/kWh\n")
    assert problems(Layers(toy, (folder,))) == [
        "mine/mineral_intensity.csv:2 segment = 'caar': not known; did you mean 'car'?; or any"
    ]
    mine(mineral_intensity=f"{head}lfp,lithium,car,,0.09,kg/kWh\nlfp,lithium,car,2030,0.08,kg/kWh\n")
    with pytest.raises(InputError, match="with a year of sale and without; give every row one, or none"):
        run(toy / "run.toml", inputs=[folder, toy])
    mine(mineral_intensity=f"{head}lfp,lithium,,2030,0.09,kg/kWh\nlfp,lithium,any,2030,0.08,kg/kWh\n")
    assert problems(Layers(toy, (folder,))) == [
        "mine/mineral_intensity.csv:3 chemistry = lfp, mineral = lithium, segment = any, cohort = 2030: the same key as"
        " in mine/mineral_intensity.csv; keep one of the two rows"
    ]
    mine(mineral_intensity=f"{head}lfp,lithium,car,,0.09,kg/kWh\n")
    with pytest.raises(
        InputError, match=r"\[industry\]: takes one .* several \(mine/mineral_intensity.csv:2\); give rows"
    ):
        run(toy / "run.toml", ["industry={chemistries=['lfp']}"], [folder, toy])
    with pytest.raises(InputError, match=r"recycling = 'past': no own rows of lifetime, .* are of it"):
        run(toy / "run.toml", ["scenario.plan.recycling=past", *FLOWS], [folder, toy])


def test_routes_of_finer_rows_add_up_with_those_that_serve_beside_them(toy: Path, mine: Callable[..., Path]) -> None:
    rows = "region,recycling_route,year,chemistry,value,unit\nWorld,hydro,2015,lfp,1,1\nWorld,direct,2015,lfp,0,1\n"
    with pytest.raises(
        InputError, match=r"recovery_route.csv:2 lfp in .*: routes add up to 1\.25, expected 1; they are"
    ):
        run(toy / "run.toml", FLOWS, [mine(recovery_route=rows), toy])
    run(toy / "run.toml", FLOWS, [mine(recovery_route=f"{rows}World,pyro,2015,lfp,0,1\n"), toy])


def test_routes_of_other_years_than_those_beside_them_are_refused_between_them(
    toy: Path, mine: Callable[..., Path]
) -> None:
    """Each given year adds up to one, and none between: a quarter is pyro in 2028 and held, three quarters hydro, which
    rise to nine tenths in 2040, and direct to a tenth; a twelfth of that in 2029."""
    rows = "region,recycling_route,year,value,unit\nWorld,hydro,2040,0.9,1\nWorld,direct,2040,0.1,1\n"
    with pytest.raises(InputError) as raised:
        run(toy / "run.toml", FLOWS, [mine(recovery_route=rows), toy])
    (told,) = (str(problem) for problem in raised.value.problems)
    assert told.startswith(f"mine/recovery_route.csv:2 Europe, 2029: routes add up to {1 + 0.25 / 12:.6g}, expected 1")
    assert "pyro in 2028; hydro in 2028, 2040; direct in 2028, 2040: give each of them a row" in told
    run(toy / "run.toml", FLOWS, [mine(recovery_route=f"{rows}World,pyro,2040,0,1\n"), toy])


@pytest.mark.slow
def test_without_openpyxl_it_is_said_how_to_have_it(
    toy: Path, mine: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "openpyxl", None)
    (mine() / "own.xlsx").write_bytes(b"")
    with pytest.raises(UsageError, match=re.escape("pip install 'minerals[xlsx]'")):
        read_inputs(Layers(toy, (mine(),)))


# ---------------------------------------------------------------------- a run


@pytest.fixture
def own_run(toy: Path, mine: Callable[..., Path]) -> Path:
    """The toy with own rows that its run file names, beside it; returns the run file."""
    mine("toy/my data", battery_demand=DEMAND)
    file = toy / "mine.toml"
    file.write_text('base = "run.toml"\ninputs = ["my data/"]\n', encoding="utf-8")
    return file


@pytest.mark.parametrize(("file", "text", "name", "line"), [
    ("battery_demand.csv", DEMAND, "battery_demand.csv", 2), ("all.toml", ROWS, "all.toml[battery_demand]", 3),
])  # fmt: skip
def test_a_run_says_what_own_rows_did_and_explains_with_their_lines(
    file: str, text: str, name: str, line: int, own_run: Path, toy: Path, tmp_path: Path
) -> None:
    """Rows that take the place of shipped ones are told in the run, in its record and in explain."""
    (toy / "my data" / "battery_demand.csv").unlink()
    (toy / "my data" / file).write_text(text, encoding="utf-8")
    out = tmp_path / "out"
    outcome = CliRunner().invoke(
        cli, ["run", str(own_run), "--inputs", str(toy), "--out", str(out), "--set", "output.charts=[]"]
    )
    assert outcome.exit_code == 0, outcome.output
    assert f"Own rows: my_data/{name}: 1 row replaced, 1 row added, 2 used." in outcome.stderr
    record = json.loads((out / "record.json").read_text(encoding="utf-8"))
    about = record["own_rows"][0]
    shipped = (toy / "battery_demand.csv").read_text(encoding="utf-8")
    below = shipped.partition("plan,Europe,car,2030")[0].count("\n") + 1
    change = f"100 → 90 GWh (battery_demand.csv:{below}, book)"
    assert f"Replaced: plan, Europe, car, 2030: {change}." in outcome.stderr
    (one,) = about["instead"]
    assert (one["key"], one["row"]) == (["plan", "Europe", "car", "2030"], f"my_data/{name}:{line}")
    assert (one["below"], one["source"], one["change"]) == (f"battery_demand.csv:{below}", "book", change)
    assert (one["before"]["value"], one["before"]["low"]) == (100, 80)
    assert one["after"]["low"] is None
    assert (about["file"], about["replaced"], about["added"]) == (f"my_data/{name}", 1, 1)
    assert record["inputs"][f"my_data/{file}"] == about["sha256"]
    assert record["rows_used"]["own"] == 2
    assert str(tmp_path) not in json.dumps(record)
    told = CliRunner().invoke(cli, ["explain", str(out), "--mineral", "graphite", "--year", "2030"]).output
    assert f"my_data/{name}:{line} [own]; replaces a row below: {change}" in " ".join(told.replace("│", "").split())
    assert "own: Own rows of this run (my_data)" in " ".join(told.split())


IN_RUN = """base = "run.toml"

[rows.battery_demand.plan.Europe]
car.2030        = { value = 90_000, unit = "MWh" }
stationary.2032 = 6  # in GWh, as the table is kept
"""
SET = "rows.battery_demand.plan.Europe.stationary.2032=7"


def in_run(toy: Path, text: str = IN_RUN, sets: Sequence[str] = (SET,)) -> Inputs:
    """The toy with rows that a run file beside it holds."""
    (toy / "rows of mine.toml").write_text(text, encoding="utf-8")
    return read_inputs(inputs_of(read_run(toy / "rows of mine.toml", sets), toy))


def test_a_run_file_holds_rows_itself_above_all_folders(toy: Path, mine: Callable[..., Path]) -> None:
    as_csv = read_inputs(Layers(toy, (mine(battery_demand=DEMAND),)))
    mine("mine", battery_demand=DEMAND.replace("90", "80"))
    found = in_run(toy, IN_RUN.replace("base", "inputs = ['../mine']\nbase", 1))
    assert demand(found) == demand(as_csv)
    table = found.tables["battery_demand"]
    places = {key: table.place(line) for key, line in zip(demand(found), table.columns["line"], strict=True)}
    assert places["plan", "Europe", "car", 2030] == ("rows_of_mine.toml[battery_demand]", 5)
    assert places["plan", "Europe", "stationary", 2032] == ("--set[battery_demand]", 1)
    assert [(each.file, each.replaced, each.added) for each in found.own] == [
        ("rows_of_mine.toml[battery_demand]", 1, 0), ("--set[battery_demand]", 0, 1), ("mine/battery_demand.csv", 0, 0),
    ]  # fmt: skip
    assert set(found.sha256) == set(as_csv.sha256)
    part = in_run(toy, sets=["rows.battery_demand.plan.Europe.car.2030.value=95_000"]).tables["battery_demand"]
    assert part.place(part.columns["line"][part.columns["value"].index(95)]) == ("--set[battery_demand]", 1)
    document = "\n".join(found.layers.rows.document(found.schemas)) if found.layers.rows else ""
    again = tomllib.loads(document)["rows"]["battery_demand"]["plan"]["Europe"]
    assert again == {"car": {"2030": {"value": 90_000, "unit": "MWh"}}, "stationary": {"2032": 7}}


def test_a_row_that_is_changed_keeps_no_source_or_ends_of_the_figure_before(toy: Path) -> None:
    """A row of a run file takes the place of one of its base whole; of the command line a column changes, and what was
    said of the figure before goes."""
    held = 'value = 0.09, low = 0.08, high = 0.1, unit = "TWh", source = "book", locator = "p. 5", quality = "official"'
    text = f'base = "run.toml"\n[rows.battery_demand.plan.Europe]\ncar.2030 = {{ {held} }}\ncar.2032 = 95\n'
    (toy / "base of mine.toml").write_text(text, encoding="utf-8")
    child = 'base = "base of mine.toml"\n[rows.battery_demand.plan.Europe]\n'

    def row(text: str, *sets: str) -> tuple[Any, ...]:
        rows = in_run(toy, child + text, sets)["battery_demand"].query("region == 'Europe' and segment == 'car'")
        cells = rows[rows["year"] == 2030].iloc[0]
        return tuple(cells[["value", "low", "high", "source", "locator", "quality"]].fillna(""))

    at = "rows.battery_demand.plan.Europe.car.2030"
    own = ("", "", "own", "", "own")
    assert row("") == (90, 80, 100, "book", "p. 5", "official")
    assert row("car.2030 = { value = 78 }") == (78, *own)
    assert row('car.2030 = { value = 78, source = "book", locator = "p. 6" }') == (78, "", "", "book", "p. 6", "own")
    assert row("", f"{at}.value=0.078") == (78, *own)
    assert row("", f"{at}.high=0.2") == (90, 80, 200, "own", "", "own")
    ends = f"{at}.low=0.07", f"{at}.high=0.09"
    assert row("", f"{at}.source=book", *ends, f"{at}.value=0.078") == (78, 70, 90, "book", "", "own")
    assert row("", f"{at}={{ value = 78, low = 70, high = 90 }}", f"{at}.value=79") == (79, 70, 90, "own", "", "own")
    shipped = demand(read_inputs(Layers(toy)))
    for text, sets in (("car.2030 = false\ncar.2032 = false", ()), ("", (f"{at}=false", f"{at[:-4]}2032=false"))):
        assert demand(in_run(toy, child + text, sets)) == shipped


OF_RUN = "rows of mine.toml:5 rows.battery_demand.plan.Europe.stationary.2032"
OF_TABLE = "rows_of_mine.toml[battery_demand]:5"


@pytest.mark.parametrize(("old", "new", "told"), [
    ("= 6 ", '= "6"', f"{OF_RUN} = '6': expected a number, or columns of battery_demand"),
    ("= 6 ", "= { valu = 6 }", "rows of mine.toml:5 column 'valu': not a column of battery_demand; did you mean"),
    ("= 6 ", "= -6 ", f"{OF_TABLE} value = '-6': expected at least 0"),
    ("stationary.2032", "stationery.2032", f"{OF_TABLE} segment = 'stationery': not in segments.csv; did you mean"),
    ("battery_demand", "batery_demand", "rows of mine.toml:3 rows.batery_demand: not a table of the inputs; did you"),
    (".2032 = 6 ", " = { 2032 = 6, 2034 = 8 }", f"{OF_TABLE} 2 rows of battery_demand: stand on one line"),
    ("= 6 ", "= { low = 6, high = 7 }", f"{OF_TABLE} {OF_RUN.partition('rows.')[2]}: lacks value; write value = …"),
    ("= 6 ", "= { year = { x = 6 } }", f"{OF_RUN}.year: is in the key already, battery_demand.SCENARIO."),
    ("= 6 ", "= { east = { value = 6 } }", f"{OF_RUN}.east: is a label too many: a row of battery_demand stands at "
     "battery_demand.SCENARIO.REGION.SEGMENT.YEAR"),
    ("= 6 ", "= false ", f"{OF_RUN} = false: expected a number, or columns of battery_demand in {{ }}; false takes"),
    ("[rows.battery_demand.plan.Europe]", "[rows.corrections.x]", "rows of mine.toml:3 rows.corrections: not a table"),
])  # fmt: skip
def test_what_is_wrong_in_rows_of_a_run_file_names_its_line(old: str, new: str, told: str, toy: Path) -> None:
    assert old in IN_RUN
    with pytest.raises(InputError) as raised:
        in_run(toy, IN_RUN.replace(old, new, 1), ())
    assert any(told in str(problem) for problem in raised.value.problems), raised.value
    assert len(raised.value.problems) == 1 or new.startswith(("= { valu", "= { year"))  # These lack a value too.


def test_what_is_wrong_in_a_row_of_the_command_line_names_the_change(toy: Path) -> None:
    with pytest.raises(InputError, match=rf"--set {re.escape(SET)}GWh .* = '7GWh': expected a number"):
        in_run(toy, sets=[f"{SET}GWh"])
    with pytest.raises(InputError, match=rf"--set {re.escape(SET[:-1])}-7 value = '-7': expected at least 0"):
        in_run(toy, sets=["rows.battery_demand.plan.Europe.car.2030=95", f"{SET[:-1]}-7"])
    with pytest.raises(InputError, match="all points have the same inputs"):
        in_run(toy, sets=['study={ kind = "grid", axes = { "rows.battery_demand.plan.Europe.car.2030" = [80, 90] } }'])


def test_every_table_says_how_its_rows_are_written_and_its_example_is_one(shipped_inputs: Inputs) -> None:
    for name in (name for name in shipped_inputs.tables if name not in NEVER):
        form = row_form(shipped_inputs.tables[name])
        data, problems = tomllib.loads(form.example), list[Problem]()
        sheets = list(RowsOfRun("run.toml", data, {}).sheets(shipped_inputs.schemas, problems))
        assert not problems
        assert len(sheets) == 1, name
        header, row = (cells for _, cells in sheets[0][2].rows)
        assert set(form.needed) <= set(header), name
        assert len(row) == len(header)


@pytest.mark.slow
def test_a_result_with_rows_of_its_run_file_explains_and_repeats_from_its_record(toy: Path, tmp_path: Path) -> None:
    (toy / "mine.toml").write_text(IN_RUN, encoding="utf-8")
    first, second = tmp_path / "first", tmp_path / "second"
    changes = {"output.charts": [], SET.partition("=")[0]: 7}
    result = api.run(toy / "mine.toml", inputs=toy, set=changes, out=first)
    wanted = run(toy / "run.toml", ["rows.battery_demand.plan.Europe.car.2030=90", SET], inputs=toy)
    for name in ("cells", "mineral_demand"):
        pd.testing.assert_frame_equal(result[name], wanted[name])
    assert result.record["config"]["rows"]["battery_demand"]["plan"]["Europe"]["stationary"] == {"2032": 7}
    assert not any("mine.toml" in name for name in result.record["inputs"])
    api.run(first / "record.json", inputs=toy, out=second)
    written = [path.relative_to(first) for path in first.rglob("*") if path.is_file()]
    assert all((second / path).read_bytes() == (first / path).read_bytes() for path in written)
    told = CliRunner().invoke(cli, ["explain", str(first), "--mineral", "graphite", "--year", "2030"]).output
    assert "mine.toml[battery_demand]:4 [own]; replaces a row below: 100 → 90 GWh" in " ".join(told.split())


@pytest.mark.slow
def test_the_guide_shows_rows_of_a_run_file_that_are_sound(tmp_path: Path) -> None:
    guide = (Path(__file__).parent.parent / "notebooks/guides/own.md").read_text(encoding="utf-8")
    (tmp_path / "mine.toml").write_text(guide.partition("```toml\n")[2].partition("```")[0], encoding="utf-8")
    told = api.check(tmp_path / "mine.toml")
    assert "  mine.toml[battery_demand]: 2 rows replaced" in "\n".join(f"  {line}" for line in told)


@pytest.mark.slow
def test_the_nodes_of_the_guide_run_as_they_stand(tmp_path: Path) -> None:
    """Film is 12 g/kWh beside the separator's 1 GWh/GWh; a hydroxide gives both metals, here counted as contained."""
    guide = (Path(__file__).parent.parent / "notebooks/guides/own.md").read_text(encoding="utf-8")
    example = guide.partition("**Nodes.**")[2].partition("```toml\n")[2].partition("```")[0]
    (tmp_path / "mine.toml").write_text(example, encoding="utf-8")
    found = run(tmp_path / "mine.toml", ["exposure.draws=0", "scope.years.first=2034"])["reference_need"]
    need = found.query("year == 2035").groupby("node")["gross"].sum()
    assert need["separator_film"] == pytest.approx(0.012 * need["separator"], rel=1e-9)
    nickel, cobalt = 2.6 * need["nickel_refined"], 30 * need["cobalt_refined"]
    assert max(nickel, cobalt) < need["hydroxide"] < nickel + cobalt


@pytest.mark.slow
def test_a_run_with_own_rows_is_that_with_these_rows_in_the_tables(own_run: Path, toy: Path) -> None:
    found = run(own_run, inputs=toy)
    file = toy / "battery_demand.csv"
    text = file.read_text(encoding="utf-8").replace("plan,Europe,car,2030,100,80,120", "plan,Europe,car,2030,90,,")
    file.write_text(text + "plan,Europe,stationary,2032,7,,,GWh,nominal,book,p. 1,model,\n", encoding="utf-8")
    wanted = run(toy / "run.toml", inputs=toy)
    for name in ("cells", "mineral_demand"):
        pd.testing.assert_frame_equal(found[name], wanted[name])


@pytest.mark.slow
def test_a_result_with_own_rows_repeats_from_its_record_alone(own_run: Path, toy: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    api.run(own_run, inputs=toy, set={"output.charts": []}, out=first)
    for file in [*(toy / "my data").iterdir(), own_run]:
        file.unlink()
    api.run(first / "record.json", inputs=toy, out=second)
    files = [path.relative_to(first) for path in first.rglob("*") if path.is_file()]
    assert Path("own/my_data/battery_demand.csv") in files
    assert all((first / file).read_bytes() == (second / file).read_bytes() for file in files)
    with pytest.raises(UsageError, match="is repeated with the own rows of its result; leave out --inputs"):
        api.run(first / "record.json", inputs=[toy, first / "own" / "my_data"])
    (first / "own" / "my_data" / "battery_demand.csv").write_text(DEMAND.replace("90", "91"), encoding="utf-8")
    with pytest.raises(UsageError, match=r"my_data/battery_demand\.csv differ"):
        api.run(first / "record.json", inputs=toy)


@pytest.mark.slow
def test_a_problem_that_only_a_run_finds_names_the_own_row(toy: Path, mine: Callable[..., Path]) -> None:
    chemistry = "chemistry,label,family,cathode,anode,silicon\nmine,Mine,LFP,lfp,graphite,0\n"
    shares = '{stationary = {2030 = {mine = 0.5, lfp = "rest"}}}'
    with pytest.raises(InputError) as raised:
        run(toy / "run.toml", [f"scenario.plan.share={shares}"], [toy, mine(chemistries=chemistry)])
    assert all("100000002" not in str(problem) for problem in raised.value.problems)
    assert any(problem.file == "mine/chemistries.csv" for problem in raised.value.problems), str(raised.value)


@pytest.mark.slow
def test_a_base_names_its_folders_beside_itself(toy: Path, mine: Callable[..., Path], tmp_path: Path) -> None:
    mine("toy/rows", battery_demand=DEMAND)
    (toy / "base.toml").write_text('base = "run.toml"\ninputs = ["rows"]\n', encoding="utf-8")
    (tmp_path / "over.toml").write_text('base = "toy/base.toml"\ntitle = "Over"\n', encoding="utf-8")
    found = run(tmp_path / "over.toml", inputs=toy)
    assert "rows/battery_demand.csv" in set(found["inputs_used"]["file"])
    (tmp_path / "over.toml").write_text('inputs = "nowhere"\n' + (toy / "run.toml").read_text(), encoding="utf-8")
    with pytest.raises(InputError, match=r"over\.toml:1 inputs = 'nowhere': no such folder beside over\.toml"):
        run(tmp_path / "over.toml")


@pytest.mark.slow
def test_check_takes_a_folder_of_own_rows(mine: Callable[..., Path]) -> None:
    rows = "scenario,region,segment,year,value,unit\nstated-policies,Europe,car,2035,700,GWh\n"
    sound, told, row = api.check(mine(battery_demand=rows))
    assert "sound" in sound
    assert told == "mine/battery_demand.csv: 1 row replaced"
    assert row.startswith("  stated-policies, Europe, car, 2035: 758 → 700 GWh (battery_demand.csv:")


# ---------------------------------------------------------------------- part of a region

PART = "scenario,region,segment,year,value,unit\nplan,Germany,car,2030,30,GWh\nplan,Germany,car,2034,50,GWh\n"


def test_a_part_of_a_region_may_have_demand_of_its_own_and_the_rest_has_what_that_leaves(
    toy: Path, mine: Callable[..., Path]
) -> None:
    """Europe needs 100 GWh of cars in 2030 and 140 in 2034, between them 120; its storage is shared as before."""
    sets = ['scope.regions=["Germany", "France"]', 'scope.segments=["car", "stationary"]']
    found = run(toy / "run.toml", sets, [mine(battery_demand=PART), toy])["battery_demand"]
    found = found[found["scenario"] == "plan"].set_index(["region", "segment", "year"])
    values = found["value"]
    assert [values["Germany", "car", year] for year in (2030, 2032, 2034)] == [30, 40, 50]
    assert [values["France", "car", year] for year in (2030, 2032, 2034)] == pytest.approx([70, 80, 90])
    assert [values[part, "stationary", 2030] for part in ("Germany", "France")] == pytest.approx([4, 6])
    ends = found.loc[("France", "car", 2030), ["low", "high"]].tolist()
    assert ends == pytest.approx([50, 90])
    assert "mine/battery_demand.csv:2@-1/1" in found.loc[("France", "car", 2030), "rows"]
    with pytest.raises(InputError, match="parts of Europe leave -60 GWh of car in 2030; mend the own rows"):
        run(toy / "run.toml", sets, [mine(battery_demand=PART.replace("30,30", "30,160")), toy])


def test_a_chart_says_that_it_rests_on_own_rows() -> None:
    sources = [
        {"key": "own", "citation": "Own rows of this run (mine)", "url": "", "licence": ""},
        {"key": "book", "citation": "Author (2024), Book", "url": "", "licence": ""},
    ]
    assert source_line(sources) == "Source: minerals model with own rows of this run; Author (2024), Book."
    assert source_line(sources[:1]) == "Source: minerals model with own rows of this run."
    assert source_line(sources[1:]) == "Source: minerals model; Author (2024), Book."


@pytest.mark.slow
def test_a_chosen_mix_with_own_rows_plays_back_from_its_folder(tmp_path: Path) -> None:
    lay_out(tmp_path / "toy", "toy", "toy_whole")
    rows = "scenario,region,segment,year,value,unit\nplan,Europe,car,2034,110,GWh\n"
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "battery_demand.csv").write_text(rows, encoding="utf-8")
    (tmp_path / "mine.toml").write_text('base = "toy/chosen.toml"\ninputs = ["mine"]\n', encoding="utf-8")
    chosen = api.run(tmp_path / "mine.toml", inputs=tmp_path / "toy", set={"output.charts": []}, out=tmp_path / "out")
    played = api.run(tmp_path / "out" / "optimised.toml", inputs=tmp_path / "toy", set={"output.charts": []})
    assert played.record["own_rows"][0]["file"] == "mine/battery_demand.csv"
    by = ("mineral", "year")
    wanted, found = chosen.total(by=by, scenario="optimised"), played.total(by=by, scenario="optimised")
    pd.testing.assert_series_equal(found, wanted, rtol=1e-9)
