"""Tables as others keep them, taken in as own rows, and results given out to other programs and taken back."""

from __future__ import annotations

import csv
import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from click.testing import CliRunner

from minerals import api
from minerals.cli import cli
from minerals.errors import InputError, UsageError
from minerals.results.export import check_targets, export_iamc, export_wide, export_xlsx
from minerals.results.result import Result
from minerals.studies.run import run
from minerals.tables.foreign import Clean, Wanted, import_table, sheets_of_ours
from minerals.tables.inputs import Inputs, read_inputs

#: As somebody keeps them: a title, a header on three lines with merged cells, a line of units, decimal commas and
#: thousands as texts, a merged region, a total and a source line.
SHEET: list[list[Any]] = [
    ["Demand, own outlook"],
    ["Country", "Use", "Demand", None, None, "Remark"],
    [None, None, 2030, 2032, 2034],
    [None, None, "(GWh)", "(GWh)", "(GWh)"],
    ["europe", "Cars", "1.120,5", "0,25", 0.3, "high"],
    [None, "Stationary storage", "0,0125", "–", "0,02"],
    ["CHN", "car", "0,5", "0,6", "0,7"],
    ["Total", None, "1", "2", "3"],
    ["Source: own outlook"],
]
MERGED = ("C2:E2", "A2:A4", "B2:B4", "A5:A6")
OPTIONS: dict[str, Any] = {
    "table": "battery_demand",
    "columns": {"region": "Country", "segment": "Use"},
    "fixed": {"scenario": "plan"},
    "words": {"Total": ""},
}


@pytest.fixture(scope="module")
def inputs(toy_files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    folder = tmp_path_factory.mktemp("toy")
    for name, content in toy_files.items():
        (folder / name).write_bytes(content)
    return read_inputs(folder)


@pytest.fixture
def book(tmp_path: Path) -> Callable[..., Path]:
    def save(rows: list[list[Any]] = SHEET, merged: tuple[str, ...] = MERGED, name: str = "d.xlsx") -> Path:
        made = openpyxl.Workbook()
        for row in rows:
            made.active.append(row)
        for span in merged:
            made.active.merge_cells(span)
        made.save(tmp_path / name)
        return tmp_path / name

    return save


def taken(path: Path, inputs: Inputs, **changes: Any) -> Clean:
    return import_table(path, "", Wanted(**(OPTIONS | changes)), inputs)


def cells(clean: Clean) -> dict[tuple[str, str, str], tuple[str, str]]:
    return {(row["region"], row["segment"], row["year"]): (row["value"], row["unit"]) for row in clean.rows}


def text(tmp_path: Path, content: str) -> Path:
    (tmp_path / "d.csv").write_text(content, encoding="utf-8")
    return tmp_path / "d.csv"


def test_a_workbook_as_people_keep_them_comes_in_with_one_call(inputs: Inputs, book: Callable[..., Path]) -> None:
    clean = taken(book(), inputs)
    assert cells(clean) == {
        ("Europe", "car", "2030"): ("1120.5", "GWh"),
        ("Europe", "car", "2032"): ("0.25", "GWh"),
        ("Europe", "car", "2034"): ("0.3", "GWh"),
        ("Europe", "stationary", "2030"): ("0.0125", "GWh"),
        ("Europe", "stationary", "2034"): ("0.02", "GWh"),
        ("China", "car", "2030"): ("0.5", "GWh"),
        ("China", "car", "2032"): ("0.6", "GWh"),
        ("China", "car", "2034"): ("0.7", "GWh"),
    }
    assert clean.rows[0]["locator"] == "d.xlsx[Sheet]!C5"
    told = "\n".join(clean.notes)
    for words in (
        "4 merged cells", "unit GWh, from line 4", "3 columns of years", "1 empty cell left out",
        "columns left out: Remark", "decimal commas, thousands separators",
        "region: europe → Europe, CHN → China", "3 rows left out by --word",
        "lines without a figure left out: 9",
    ):  # fmt: skip
        assert words in told, words


def test_long_semicolons_and_the_same_as_a_workbook(inputs: Inputs, tmp_path: Path, book: Callable[..., Path]) -> None:
    wanted = cells(taken(book(), inputs))
    rows = [f"{';'.join(key)};{value.replace('.', ',')}" for key, (value, _) in wanted.items()]
    columns = {"region": "Country", "segment": "Use", "value": "GWh"}
    long = text(tmp_path, "\n".join(["Country;Use;Year;GWh", *rows]))
    clean = taken(long, inputs, columns=columns, fixed={"scenario": "plan", "unit": "GWh"})
    assert cells(clean) == wanted
    assert "columns are separated by ';'" in clean.notes


def test_uses_that_stand_above_the_years_are_read(inputs: Inputs, tmp_path: Path) -> None:
    content = (
        "Demand in GWh,Cars,Cars,Stationary storage,Stationary storage\nregion,2030,2034,2030,2034\nEurope,1,2,3,4\n"
    )
    clean = taken(text(tmp_path, content), inputs, columns={})
    assert [cells(clean)["Europe", use, year][0] for use in ("car", "stationary") for year in ("2030", "2034")] == [
        *"1234"
    ]
    assert "unit GWh, from the header" in clean.notes


def test_shares_in_per_cent_of_chemistries_by_their_labels(inputs: Inputs, tmp_path: Path) -> None:
    content = "Chemistry;2030;2034\nLFP;40 %;49,5 %\nNMC 811;60 %;50,5 %\n"
    clean = taken(
        text(tmp_path, content), inputs, table="market_share", columns={}, words={},
        fixed={"scenario": "plan", "region": "World", "segment": "Cars"},
    )  # fmt: skip
    found = [tuple(row[name] for name in ("chemistry", "year", "value", "unit", "segment")) for row in clean.rows]
    assert found == [
        ("lfp", "2030", "0.4", "1", "car"),
        ("lfp", "2034", "0.495", "1", "car"),
        ("nmc811", "2030", "0.6", "1", "car"),
        ("nmc811", "2034", "0.505", "1", "car"),
    ]


def test_a_source_that_no_list_has_is_kept_in_the_note(inputs: Inputs, tmp_path: Path) -> None:
    content = "region,segment,year,value,source\nEurope,car,2030,1,Ministry (2026)\nEurope,car,2034,1,book\n"
    clean = taken(text(tmp_path, content), inputs, columns={}, fixed={"scenario": "plan", "unit": "GWh"})
    assert [(row["source"], row["note"]) for row in clean.rows] == [("", "Ministry (2026)"), ("book", "")]
    assert "sources that sources.csv does not list, kept in note: Ministry (2026)" in clean.notes


def test_long_iamc_takes_the_variables_of_the_table(inputs: Inputs, tmp_path: Path) -> None:
    head = "model,scenario,region,variable,unit,year,value\n"
    content = f"{head}M,plan,CHN,Battery Demand|Cars,TWh/yr,2030,0.5\nM,plan,CHN,Final Energy,EJ/yr,2030,1\n"
    clean = taken(text(tmp_path, content), inputs, columns={}, fixed={}, words={})
    assert cells(clean) == {("China", "car", "2030"): ("0.5", "TWh")}
    assert "1 line of other variables left out: Final Energy" in clean.notes


@pytest.mark.parametrize(("figures", "option", "found"), [
    (("1.234", "2.5"), "", ["1.234", "2.5"]),
    (("1.234", "2,5"), "", ["1234", "2.5"]),
    (("1 234,5", "7"), "", ["1234.5", "7"]),
    (("1'234.5", "1,234,567"), "", ["1234.5", "1234567"]),
    (("1.234", "7"), ",", ["1234", "7"]),
    (("1.234", "7"), ".", ["1.234", "7"]),
    (("1 234 567", "+1.5e3"), "", ["1234567", "+1.5e3"]),
    (("0.125", "2,500"), "", ["0.125", "2500"]),
    (("1,5E3", "2"), "", ["1.5E3", "2"]),
])  # fmt: skip
def test_figures(figures: tuple[str, ...], option: str, found: list[str], inputs: Inputs, tmp_path: Path) -> None:
    rows = [f"Europe;car;{2030 + at};{figure}" for at, figure in enumerate(figures)]
    long = text(tmp_path, "\n".join(["region;segment;year;value", *rows]))
    clean = taken(long, inputs, columns={}, decimal=option, fixed={"scenario": "plan", "unit": "MWh"})
    assert [row["value"] for row in clean.rows] == found


@pytest.mark.parametrize("mark", [".", ","])
def test_a_figure_written_any_way_comes_back(mark: str, inputs: Inputs, tmp_path: Path) -> None:
    written = {}
    for separator in (" ", "\u00a0", "\u202f", "'", "’", "", {".": ",", ",": "."}[mark]):
        for value in (0, 7, 999, 1000, 12345.5, 999999.125, 1234567, 1000000.001, 0.5, 20000.05):
            plain = f"{value:,}".replace(",", "_").replace(".", mark).replace("_", separator)
            written[plain] = value
    rows = [f"Europe;car;{1990 + at};{figure}" for at, figure in enumerate(written)]
    long = text(tmp_path, "\n".join(["region;segment;year;value", *rows]))
    clean = taken(long, inputs, columns={}, decimal=mark, fixed={"scenario": "plan", "unit": "MWh"})
    assert [float(row["value"]) for row in clean.rows] == [*written.values()]


@pytest.mark.parametrize(("figures", "option"), [
    (("120 1", "130"), ""),
    (("1'2", "130"), ""),
    (("1,23,4.5", "130"), ""),
    (("1 234'567", "130"), ""),
    (("1.5.2030", "130"), ""),
    (("0,123", "1.5"), "."),
    (("1,5", "12.5"), "."),
    (("12.5", "1,5"), ","),
    (("12 %", "130"), ""),
])  # fmt: skip
def test_a_figure_that_does_not_fit_is_refused_as_it_stands(
    figures: tuple[str, str], option: str, inputs: Inputs, tmp_path: Path
) -> None:
    rows = [f"Europe;car;{2030 + at};{figure}" for at, figure in enumerate(figures)]
    long = text(tmp_path, "\n".join(["region;segment;year;value", *rows]))
    with pytest.raises(InputError) as raised:
        taken(long, inputs, columns={}, decimal=option, fixed={"scenario": "plan", "unit": "MWh"})
    assert [problem.what for problem in raised.value.problems] == [f"value = {figures[0]!r}"]


#: Options for shares of chemistries.
SHARES: dict[str, Any] = {
    "table": "market_share", "columns": {"value": "Share"}, "words": {},
    "fixed": {"scenario": "plan", "region": "World", "segment": "car", "year": "2030"},
}  # fmt: skip


@pytest.mark.parametrize(("header", "figures", "unit", "found"), [
    ("Share (%)", ("40", "60"), "", ["0.4", "0.6"]),
    ("Share %", ("40 %", "60"), "", ["0.4", "0.6"]),
    ("Share [per cent]", ("0,5", "99,5"), "", ["0.005", "0.995"]),
    ("Share (%)", ("0.4", "0.6"), "1", ["0.4", "0.6"]),
    ("Share (%)", ("0.4", "0.6"), "%", ["0.004", "0.006"]),
    ("Share", ("0", "100 %"), "", ["0", "1"]),
    ("Share", ("0.4", "60 %"), "1", ["0.4", "0.6"]),
    ("Share (top 90 %)", ("0.4", "0.6"), "", ["0.4", "0.6"]),
    ("Share (%)", ("0.4", "0.6"), "", "none is above 1; say --set unit=% (all ÷ 100) or --set unit=1"),
    ("Share", ("0.4", "60 %"), "", "0.4 has no per cent sign, and 60 % has one; say --set unit=%"),
])  # fmt: skip
def test_per_cent_is_a_unit_of_shares(
    header: str, figures: tuple[str, str], unit: str, found: list[str] | str, inputs: Inputs, tmp_path: Path
) -> None:
    long = text(tmp_path, f"chemistry;{header}\nlfp;{figures[0]}\nnmc811;{figures[1]}\n")
    fixed = SHARES["fixed"] | ({"unit": unit} if unit else {})
    options = SHARES | {"columns": {"value": header}, "fixed": fixed}
    if isinstance(found, str):
        with pytest.raises(InputError) as raised:
            taken(long, inputs, **options)
        assert found in str(raised.value)
    else:
        assert [(row["value"], row["unit"]) for row in taken(long, inputs, **options).rows] == [
            (value, "1") for value in found
        ]


def test_shares_of_one_are_figures_and_no_line_of_units(inputs: Inputs, tmp_path: Path) -> None:
    wide = text(tmp_path, "chemistry,2030,2034\nlfp,1,1\nnmc811,0,0\n")
    fixed = {name: word for name, word in SHARES["fixed"].items() if name != "year"}
    clean = taken(wide, inputs, **SHARES | {"columns": {}, "fixed": fixed})
    assert [row["value"] for row in clean.rows] == ["1", "1", "0", "0"]


@pytest.mark.parametrize(("content", "unit", "found"), [
    ("Outlook in TWh\nregion,segment,year,value", "", "TWh"),
    ("region,segment,year,value (TWh)", "", "TWh"),
    ("region,segment,year,value (TWh),Sales (kWh)", "", "TWh"),
    ("region,segment,year,value,Average pack (kWh)", "", "no unit found"),
    ("region,segment,year,value,Average pack (kWh)", "GWh", "GWh"),
    (",,,,Average pack (kWh)\nregion,segment,year,value,pack", "", "no unit found"),
    ("region,segment,year,value (TWh)", "GWh", "says TWh, and --set unit=GWh"),
    ("region,segment,year,value (%)", "", "the header says %, and battery_demand is in GWh"),
])  # fmt: skip
def test_the_unit_is_of_the_values_or_of_the_whole_table(
    content: str, unit: str, found: str, inputs: Inputs, tmp_path: Path
) -> None:
    value = next(head for head in content.splitlines()[-1].split(",") if head.startswith("value"))
    fixed = {"scenario": "plan"} | ({"unit": unit} if unit else {})
    long = text(tmp_path, f"{content}\nEurope,car,2030,2,60\n")
    if " " in found:
        with pytest.raises(UsageError, match=found):
            taken(long, inputs, columns={"value": value}, fixed=fixed)
    else:
        assert taken(long, inputs, columns={"value": value}, fixed=fixed).rows[0]["unit"] == found


@pytest.mark.parametrize(("separator", "row", "why"), [
    (";", 'Europe;car;2030;1;"high', "a double quote opens a cell and is not closed"),
    (",", 'Europe,car,2030,1,"high\nup"', "a cell goes on to line 3"),
    ("\t", 'Europe\tcar\t2030\t1\t"high"er', "text goes on after the double quote"),
])  # fmt: skip
def test_a_quote_that_is_not_closed_swallows_no_rows(
    separator: str, row: str, why: str, inputs: Inputs, tmp_path: Path
) -> None:
    names = ["region", "segment", "year", "value", "remark"]
    others = [separator.join(["China", "car", year, "1", "x"]) for year in ("2030", "2031")]
    long = text(tmp_path, "\n".join([separator.join(names), row, *others]))
    with pytest.raises(InputError) as raised:
        taken(long, inputs, columns={}, fixed={"scenario": "plan", "unit": "GWh"})
    assert [problem.line for problem in raised.value.problems] == [2]
    assert why in str(raised.value)


@pytest.mark.parametrize(("figure", "span", "where"), [
    (100, "C3:C4", "C3:C4 = '100'"),
    ("1,5", "C3:D3", "C3:D3 = '1,5'"),
])  # fmt: skip
def test_a_figure_in_merged_cells_is_refused_and_not_multiplied(
    figure: Any, span: str, where: str, inputs: Inputs, book: Callable[..., Path]
) -> None:
    rows = [["region", "segment", 2030, 2031], ["Europe", "car", 1, 2], ["China", "car", figure, 3]]
    rows.append(["China", "stationary", None, 4])
    with pytest.raises(InputError) as raised:
        taken(book(rows, (span,)), inputs, columns={}, fixed={"scenario": "plan", "unit": "GWh"})
    assert [(problem.line, problem.what) for problem in raised.value.problems] == [(3, where)]


def test_merged_words_hold_for_all_they_span_and_titles_are_no_figures(
    inputs: Inputs, book: Callable[..., Path]
) -> None:
    rows: list[list[Any]] = [
        ["region", "segment", 2030, 2031],
        [None, None, None, "(TWh)"],
        ["By use"],
        ["Europe", "car", 1, "–"],
        [None, "stationary", 3, None],
    ]
    spans = ("A1:A2", "B1:B2", "C1:C2", "A3:D3", "A4:A5", "D4:D5")
    clean = taken(book(rows, spans), inputs, columns={}, fixed={"scenario": "plan"})
    assert cells(clean) == {("Europe", "car", "2030"): ("1", "TWh"), ("Europe", "stationary", "2030"): ("3", "TWh")}
    assert "lines without a figure left out: 3" in clean.notes


#: A long table with a header and one row, and another row with the same key.
HEAD, ROW = "region,segment,year,value\n", "Europe,car,2030,1\n"


@pytest.mark.parametrize(("content", "changes", "why"), [
    (f'{HEAD}Europe,car,2030,"1,234"', {}, "may group thousands or have decimals; say --decimal"),
    (f'{HEAD}{ROW}Europe,car,2031,1.5\nEurope,car,2032,"1,5"', {}, "has a decimal point and '1,5' a decimal comma"),
    (f"{HEAD}Europ,car,2030,1", {}, "did you mean 'Europe'?; say --word 'Europ=CODE'"),
    (f"{HEAD}Europe,car,2030,x7", {}, "value = 'x7': not a number"),
    (f"{HEAD}{ROW}{ROW}", {}, "the same key as line 2"),
    ("region,segment,year,value,value\nEurope,car,2030,1,2", {}, "value stands over several columns (D1, E1)"),
    (f"place{HEAD[6:]}{ROW}", {}, "no column for region (headers: place, segment, year, value)"),
    ("region,segment,value\nEurope,car,1", {}, "say --map year=HEADER or --set year=2030"),
    (f"{HEAD}{ROW}", {"fixed": {"scenario": "plan"}}, "no unit found; say --set unit=GWh"),
    (f"{HEAD}TWh,TWh,TWh,TWh\n{ROW}", {}, "line 2 says TWh, and --set unit=GWh"),
    (f"{HEAD}{ROW}", {"columns": {"regin": "x"}}, "did you mean 'region'?"),
    (f"{HEAD}{ROW}", {"columns": {"region": "Regin"}}, "no such header; did you mean 'region'?"),
    (f"{HEAD}{ROW}", {"table": "batery_demand"}, "did you mean 'battery_demand'?"),
    ("a\nb\n", {}, "no header named year"),
    ("region,segment,2030,2031*,FY2032\nEurope,car,1,2,3", {}, "D1 = '2031*', E1 = 'FY2032' look like years"),
    ("region,segment,2030,2035 (1)\nEurope,car,1,2", {}, "'2035 (1)' looks like a year, beside 2030; write"),
    ("Own, EU 2023\nregion,segment,2030e,2031e\nEurope,car,1,2", {}, "C2 = '2030e', D2 = '2031e' look like years; w"),
    ("region,segment,2030 (TWh)\nEurope,car,1", {}, "the header of 2030 says TWh, and --set unit=GWh"),
    ("region,segment,2030,2031 TWh\n,,GWh,GWh\nEurope,car,1,2", {}, "line 2 has units GWh, TWh; one is read"),
    ("region,segment,unit,2030 (TWh)\nEurope,car,GWh,1", {"fixed": {"scenario": "plan"}}, "its year is in TWh"),
    ("", {}, "file is empty"),
])  # fmt: skip
def test_what_can_be_read_in_two_ways_or_not_at_all_is_refused(
    content: str, changes: dict[str, Any], why: str, inputs: Inputs, tmp_path: Path
) -> None:
    usual = {"columns": {}, "fixed": {"scenario": "plan", "unit": "GWh"}}
    with pytest.raises((InputError, UsageError)) as raised:
        taken(text(tmp_path, content), inputs, **(usual | changes))
    assert why in str(raised.value)


def test_a_year_with_a_unit_is_read_in_it_and_one_that_is_mapped_is_no_year(inputs: Inputs, tmp_path: Path) -> None:
    """Beside years of the whole table's unit; a growth over years, or a unit with its own year, is left out."""
    content = (
        'Demand in GWh\nregion,segment,2030,2035 (TWh),"2040, in TWh",Note 2023,CAGR 2030-2040,Price (2025 USD)\n'
        "Europe,car,7,0.25,1.5,so,3,4\n"
    )
    options = {"columns": {"note": "Note 2023"}, "fixed": {"scenario": "plan"}}
    clean = taken(text(tmp_path, content), inputs, **options)
    found = {row["year"]: (row["value"], row["unit"], row["note"]) for row in clean.rows}
    assert found == {"2030": ("7", "GWh", "so"), "2035": ("0.25", "TWh", "so"), "2040": ("1.5", "TWh", "so")}
    assert "unit TWh, from the header of 2035, 2040" in clean.notes
    assert "columns left out: CAGR 2030-2040, Price (2025 USD)" in clean.notes


@pytest.mark.slow
def test_the_command_writes_own_rows_that_run_and_says_so(tmp_path: Path, book: Callable[..., Path]) -> None:
    options = (
        "--as battery_demand --map region=Country --map segment=Use --set unit=GWh --word Total= --word europe=Germany "
        "--word CHN= --out"
    )
    words = ["import", str(book()), "--set", "scenario=My outlook", *options.split(), str(tmp_path / "mine")]
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 0, done.output
    assert "battery_demand.csv: 5 rows" in done.output
    assert "scenarios that no list has: my-outlook" in done.output
    assert done.output.endswith(f'Write into a run file: inputs = ["{(tmp_path / "mine").as_posix()}"]\n')
    with (tmp_path / "mine" / "scenarios.csv").open(encoding="utf-8") as file:
        assert next(csv.DictReader(file))["label"] == "My outlook"
    api.check(tmp_path / "mine")
    again = CliRunner().invoke(cli, words)
    assert again.exit_code == 2
    assert "battery_demand.csv already; nothing was written: --force replaces it" in again.stderr


# ---------------------------------------------------------------------- out, and back


@pytest.mark.slow
def test_a_run_of_what_was_exported_is_the_same_to_the_byte_of_its_tables(toy: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    rows = "scenario,region,segment,year,value,unit,note\nplan,Europe,car,2030,0.0901,TWh,=mine\n"
    (mine / "battery_demand.csv").write_text(rows, encoding="utf-8")
    sets = {"output.charts": []}
    api.run(toy / "run.toml", inputs=[mine, toy], set=sets, out=tmp_path / "one")
    api.export(tmp_path / "one", xlsx=tmp_path / "rows.xlsx", inputs=toy)
    back = tmp_path / "back" / "mine"
    api.import_rows(tmp_path / "rows.xlsx", out=back, inputs=toy)
    api.run(toy / "run.toml", inputs=[back, toy], set=sets, out=tmp_path / "two")
    tables = [path.name for path in (tmp_path / "one" / "tables").iterdir()]
    assert "inputs_used.csv" in tables
    for name in tables:
        assert (tmp_path / "one" / "tables" / name).read_bytes() == (tmp_path / "two" / "tables" / name).read_bytes()
    with pytest.raises(UsageError, match="is there already"):
        api.export(tmp_path / "one", xlsx=tmp_path / "rows.xlsx", inputs=toy)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["out.csv", "out.xlsx"])
def test_demand_comes_back_from_the_iamc_layout(name: str, toy: Path, tmp_path: Path, inputs: Inputs) -> None:
    api.run(toy / "run.toml", inputs=toy, set={"output.charts": []}, out=tmp_path / "one")
    api.export(tmp_path / "one", iamc=tmp_path / name)
    clean = import_table(
        tmp_path / name, "", Wanted("battery_demand", {}, {}, {"Europe, China": "", "World": ""}), inputs
    )
    result = api.load(tmp_path / "one")
    wanted = result["battery_demand"].query("value > 0")
    found = pd.DataFrame(clean.rows).astype({"year": int, "value": float})
    keys = ["scenario", "region", "segment", "year"]
    pd.testing.assert_series_equal(
        found[found["value"] > 0].set_index(keys)["value"].sort_index(),
        wanted.set_index(keys)["value"].sort_index(),
        rtol=1e-11,
    )


@pytest.mark.slow
def test_tables_with_years_across_hold_the_same(toy: Path, tmp_path: Path) -> None:
    result = run(toy / "run.toml", ["output.charts=[]"], toy)
    result.write(tmp_path / "one")
    api.export(tmp_path / "one", wide=tmp_path / "wide")
    wide = pd.read_csv(tmp_path / "wide" / "mineral_demand.csv")
    assert wide["2034"].sum() == pytest.approx(result["mineral_demand"].query("year == 2034")["value"].sum(), rel=1e-9)
    for file in (tmp_path / "wide").iterdir():
        figures = pd.read_csv(file).filter(regex=r"^\d{4}$").count().sum()
        assert figures == result[file.stem].dropna(subset=["year", "value"])["value"].size, file.name


def test_years_stand_in_one_row_whatever_numbers_and_notes_go_with_them(tmp_path: Path) -> None:
    price = {"scenario": "plan", "family": "Li-ion", "unit": "USD", "year": [2030, 2031], "value": [80.0, 74.5]}
    notes = {"doublings": [1.0, 1.3], "quality": ["model", "assumed"], "note": ["", "so"], "low": 1.0, "high": [2.0, 3]}
    gap = {"node": "anode", "year": [2030, 2030, 2031, 2031], "cut": [0.5, 1.0] * 2, "left": [4.0, 2, 3, 1]}
    tables = {
        "price": pd.DataFrame(price | notes),
        "supply_gap": pd.DataFrame(gap | {"value": [1.0, 2, 3, 4]}),
        "twice": pd.DataFrame({"node": "anode", "year": [2030, 2030], "value": [1.0, 1.0]}),
    }
    said = export_wide(Result({}, tables), tmp_path / "wide")
    assert said.endswith("wide: 2 tables with years across; left out, with several values a cell: twice")
    assert (tmp_path / "wide" / "price.csv").read_text() == (
        "scenario,family,unit,2030,2031\nplan,Li-ion,USD,80,74.5\n"
    )
    assert (tmp_path / "wide" / "supply_gap.csv").read_text() == ("node,cut,2030,2031\nanode,0.5,1,3\nanode,1,2,4\n")


def price(value: float) -> Result:
    """A result of one table, which has years."""
    return Result({}, {"price": pd.DataFrame({"unit": ["USD"], "year": [2030], "value": [value]})})


def test_a_folder_of_an_earlier_export_is_replaced_whole_and_others_files_are_kept(tmp_path: Path) -> None:
    wide = tmp_path / "wide"
    wide.mkdir()
    check_targets({"--wide": wide}, force=False)
    (wide / "mineral_demand.csv").write_text("of another result\n", encoding="utf-8")
    with pytest.raises(UsageError, match="--force replaces it"):
        check_targets({"--wide": wide}, force=False)
    check_targets({"--wide": wide}, force=True)
    export_wide(price(80.0), wide)
    assert [path.name for path in wide.iterdir()] == ["price.csv"]
    for mine, content in (("notes.txt", ""), ("inputs_used.csv", ""), ("battery_demand.csv", "region,year,value\n")):
        (wide / mine).write_text(content, encoding="utf-8")
        with pytest.raises(UsageError, match=f"holds files that export did not write: {mine}; nothing was written"):
            check_targets({"--wide": wide}, force=True)
        (wide / mine).unlink()


@pytest.mark.parametrize(("option", "name", "why"), [
    ("--xlsx", "b.csv", "--xlsx .*b.csv: expected a name that ends in .xlsx"),
    ("--iamc", "i.txt", "--iamc .*i.txt: expected a name that ends in .csv or .xlsx"),
    ("--iamc", "folder.csv", "--iamc .*folder.csv is a folder; name a file"),
    ("--wide", "file", "--wide .*file is a file; name a folder"),
])  # fmt: skip
def test_a_target_of_another_kind_is_refused(option: str, name: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=why):
        check_targets({option: tmp_path / name}, force=True)


@pytest.mark.parametrize("option", ["--xlsx", "--iamc", "--wide"])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_an_export_that_fails_leaves_what_was_there_and_nothing_beside_it(
    option: str, error: BaseException, inputs: Inputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the disk is full once all is written, and where the command is ended then."""

    def fails(_: int) -> None:
        raise error

    def export(place: Path) -> None:
        if option == "--xlsx":
            used = pd.DataFrame({"rows": ["battery_demand.csv:2"], "line": [2]})
            export_xlsx(Result({}, {"inputs_used": used}), inputs, place)
        elif option == "--iamc":
            export_iamc(price(80.0), place)
        else:
            export_wide(price(80.0), place)

    monkeypatch.setattr(Result, "iamc", lambda result: result["price"])
    before = tmp_path / ("wide" if option == "--wide" else "b.xlsx" if option == "--xlsx" else "i.csv")
    export(before)
    there = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    monkeypatch.setattr(os, "fsync", fails)
    for place in (before, tmp_path / "new" / "folder" / before.name):
        with pytest.raises(KeyboardInterrupt if isinstance(error, KeyboardInterrupt) else UsageError) as raised:
            export(place)
        if not isinstance(error, KeyboardInterrupt):
            assert str(raised.value).endswith(f"unchanged: mend that, or name another place with {option}")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == there
    assert [path.name for path in tmp_path.iterdir()] == [before.name]


@pytest.mark.slow
def test_a_workbook_of_ours_needs_no_table_named_and_another_does(inputs: Inputs, book: Callable[..., Path]) -> None:
    with pytest.raises(UsageError, match="sheet 'Sheet' is no table of the inputs"):
        sheets_of_ours(book(), inputs)
