"""Charts of what stands beside scenarios: `trade_offs`, `cost_gap`, `cell_owners`, `next_gen_plants`,
`plants_by_place`, `lfp_yardsticks`, `material_value`, `demand`."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from chart_support import FakeResult

from minerals import charts
from minerals.config import read_run
from minerals.errors import InputError, UsageError
from minerals.results.result import Result
from minerals.shipped import inputs_folder
from minerals.studies.run import run
from minerals.tables.inputs import read_inputs
from minerals.tables.names import fit
from minerals.tables.plants import NOT_COMING, capacity, cell_plants
from minerals.tables.prices import countries_in
from minerals.validation.published import read_published
from minerals.validation.validate import KINDS, Model

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]


@cache
def shipped() -> Result:
    """The shipped run whose subject they are."""
    return run(ROOT / "runs" / "industry.toml")


def real(**changes: Callable[[pd.DataFrame], pd.DataFrame]) -> FakeResult:
    """That run, with tables changed."""
    made = FakeResult(dict(shipped().record), dict(shipped().tables))
    for name, change in changes.items():
        made.tables[name] = change(made[name])
    return made


def _beside_a_credit() -> FakeResult:
    made = real()
    made.record["config"] = {**made.record["config"], "prices": {"credit": 10.0}}
    return made


CASES: dict[str, dict[str, Callable[[], tuple[FakeResult, dict[str, Any]]]]] = {
    "trade_offs": {
        "usual": lambda: (real(), {}),
        "one chemistry of which nothing is known, in one year": lambda: (
            real(trade_offs=lambda table: table.query("chemistry == 'lfp' and measure == 'mineral_intensity'")),
            {"since": 2030, "year": 2030, "minerals": ["graphite"]},
        ),
        "two countries, long labels": lambda: (
            real(trade_offs=lambda table: table.assign(
                label=table["label"] + ", as every maker has announced it for the end of the decade",
                country_label=np.where(table["chemistry"] == "lfp", "Australia", table["country_label"]),
            )), {},
        ),
    },
    "cost_gap": {
        "usual": lambda: (real(), {}),
        "later": lambda: (real(), {"year": 2030}),
        "own is cheaper": lambda: (
            real(price_parity=lambda table: table.assign(value=0.0, low=0.0, high=0.0)), {},
        ),
        "beside a credit": lambda: (_beside_a_credit(), {}),
    },
    "material_value": {
        "usual": lambda: (real(), {}),
        "held, no one priced whole": lambda: (
            real(cell_materials=lambda table: table.assign(
                price=np.where(table["part"] == "foil", np.nan, table["price"]),
                value=np.where(table["part"] == "foil", np.nan, table["value"]),
            )), {"year": 2030},
        ),
    },
    "cell_owners": {
        "usual": lambda: (real(), {}),
        "none of its own, nothing sized": lambda: (
            real(cell_owners=lambda table: table[table["place"] == "South Korea"].assign(
                value=0.0, low=0.0, high=0.0, operating=0.0, announced=0.0,
            )), {"since": 2028},
        ),
    },
    "next_gen_plants": {
        "usual": lambda: (real(), {}),
        "long names, many in one year": lambda: (
            real(next_gen_plants=lambda table: table.assign(year=2030, place=table["place"] + " and what is near")), {},
        ),
    },
    "plants_by_place": {
        "usual": lambda: (real(), {}),
        "all cells": lambda: (real(), {"family": "all", "year": 2026}),
        "one place, nothing sized": lambda: (
            real(plants_by_place=lambda table: table[table["country"] == "HUN"].assign(
                country_label="Hungary, and all that lies around it in the middle of Europe", announced=0.0,
                operating=0.0, unsized=1.0,
            )), {},
        ),
    },
    "lfp_yardsticks": {
        "usual": lambda: (real(), {}),
        "counts that cross": lambda: (
            real(yardsticks=lambda table: table.assign(good=table["good"] + " as it is sold", low=0.5, high=1.0)), {},
        ),
        "none as much": lambda: (real(yardsticks=lambda table: table.query("value < 0.95").head(1)), {}),
    },
    "demand": {
        "usual": lambda: (real(), {}),
        "falling, without a range": lambda: (
            real(battery_demand=lambda table: table.assign(value=2050.0 - table["year"], low=np.nan, high=np.nan)),
            {"scenario": "next-gen"},
        ),
    },
}  # fmt: skip
"""Chart -> case -> the result and the options that it is drawn with."""


def drawn(chart: str, case: str = "usual", **options: Any) -> Any:
    made, chosen = CASES[chart][case]()
    return charts.draw(made, chart, **(chosen | options))


# --- what cells hold, need and hang on -------------------------------------------------------------------------------


def test_trade_offs_are_the_rows_of_the_inputs() -> None:
    """LFP by hand from chemistry_performance.csv: 160 Wh/kg in 2025 and 220 in 2050, so 172 in 2030; Wh/L in 2025.

    Of Li-S the most concentrated node with known makers is lithium metal, 0.9; nothing is said of some others.
    """
    table = shipped()["trade_offs"].set_index(["chemistry", "silicon", "measure", "year"]).sort_index()
    assert table.loc["lfp", 0, "specific_energy"].loc[:, "value"].to_dict() == pytest.approx({2025: 160, 2030: 172})
    assert table.loc["lfp", 0, "energy_density"].index.tolist() == [2025]
    weakest = table.loc["li_s", 0, "weakest_top1"].loc[2030]
    assert (weakest["item"], weakest["country"]) == ("lithium_metal", "CHN")
    assert (weakest["value"], weakest["low"], weakest["high"]) == (0.9, 0.9, 1.0)
    demand, cells = shipped()["mineral_demand"], shipped()["cells"]
    kt, gwh = (frame.query("chemistry == 'lfp' and year == 2030")["value"] for frame in (demand, cells))
    need = table.loc["lfp", 0, "mineral_intensity"].loc[2030, "value"]
    assert kt.sum() == pytest.approx(gwh.sum() * need.sum())


def test_the_title_of_trade_offs_is_what_all_ranges_bear_out() -> None:
    picture = drawn("trade_offs")
    shares = picture.data.query("measure == 'weakest_top1' and year == 2030")
    energy = picture.data.query("measure == 'specific_energy' and year == 2030")
    span = f"From {energy['low'].min():.0f} to {energy['high'].max():.0f} Wh/kg"
    each = f"{span}, each of 6 kinds of cells has a step of which China makes 90% or more"
    assert picture.meta.title == each
    assert shares["low"].min() == pytest.approx(90)
    assert set(shares["country"]) == {"CHN"}
    years = "Energy of 6 kinds of cells, 2025 and 2030; minerals and most concentrated step, 2030"
    assert picture.meta.subtitle == years
    assert "of which one country makes 90%" in drawn("trade_offs", "two countries, long labels").meta.title
    alone = drawn("trade_offs", "one chemistry of which nothing is known, in one year").meta
    assert alone.title == "What LFP cells hold and need, 2030"
    assert picture.meta.red_line == "The share of who makes most is assumed for Na-ion cathode."


def test_what_industry_names_must_be_there() -> None:
    inputs = read_inputs(inputs_folder())
    sets = ["industry={chemistries=['lfpp'], years=[2040]}"]
    with pytest.raises(InputError) as caught:
        fit(read_run("industry", sets), inputs)
    assert "chemistries has 'lfpp': not in chemistries.csv; did you mean 'lfp'?" in str(caught.value)
    assert "years has 2040: not a year of the scope; expected one of 2025–2030" in str(caught.value)


# --- what closes the gap of prices -----------------------------------------------------------------------------------


def test_the_gap_is_that_of_figure_5() -> None:
    """European cells 10 to 27 % (NMC) and 24 to 50 % (LFP) above Chinese ones; of packs 47 dollars, as 131 less 84."""
    data = drawn("cost_gap").data.set_index(["region", "level", "family", "measure"])
    for family, low, high in (("NMC", 10, 27), ("LFP", 24, 50)):
        row = data.loc["Europe", "cell", family, "tariff"]
        assert (row["low"], row["high"]) == pytest.approx((low, high))
        assert ("Europe", "cell", family, "credit") not in data.index, "no level follows from a gap in per cent"
    assert data.loc[("Europe", "pack", "Li-ion", "credit"), "value"] == pytest.approx(131 - 84)
    assert data.loc[("Europe", "pack", "Li-ion", "tariff"), "value"] == pytest.approx(100 * 47 / 84)


def test_every_point_of_a_line_closes_the_gap() -> None:
    axes = drawn("cost_gap").figure.axes[-1]
    lines = [line.get_data() for line in axes.lines]
    assert len(lines) == 2
    for (tariffs, credits), (own, other) in zip(lines, ((131, 84), (121, 84)), strict=True):
        for part in (0.0, 0.3, 1.0):
            tariff = tariffs[0] + part * (tariffs[1] - tariffs[0])
            credit = credits[0] + part * (credits[1] - credits[0])
            assert own - credit == pytest.approx(other * (1 + tariff / 100), abs=0.06)


def test_the_title_of_the_gap_follows_the_data() -> None:
    usual = drawn("cost_gap").meta
    assert (
        usual.title == "Europe’s LFP cells are 24 to 50% dearer than China’s; a tariff of as much would close the gap"
    )
    assert "Credit not known" in usual.note
    for case in ("own is cheaper", "beside a credit"):
        assert drawn("cost_gap", case).meta.title.startswith("What would make ")
    assert "The run has a credit in place" in drawn("cost_gap", "beside a credit").meta.note
    with pytest.raises(UsageError, match=r"scenario 'stated' has no prices; did you mean 'stated-trend'\?"):
        drawn("cost_gap", scenario="stated")


# --- what materials are worth ----------------------------------------------------------------------------------------


def test_materials_are_use_times_price() -> None:
    """LFP cathode by hand: 5.0931 kg per kg of phosphorus in the cell at 4.322 dollars, and graphite at 2.911."""
    inputs = read_inputs(inputs_folder())
    phosphorus, graphite = (
        row.value for mineral in ("phosphorus", "graphite") for row in inputs.rows("mineral_intensity")
        if (row.chemistry, row.mineral) == ("lfp", mineral)
    )  # fmt: skip
    data = drawn("material_value").data.query("chemistry == 'lfp'").set_index("node")
    assert data.at["lfp_cathode", "value"] == pytest.approx(5.0931 * phosphorus * 4.322)
    assert data.at["graphite_anode", "value"] == pytest.approx(graphite * 2.911)
    priced = data[data["price"].notna()]
    assert (priced["use"] * priced["price"]).tolist() == pytest.approx(priced["value"].tolist())
    model = Model(())
    for row in read_published(KINDS):
        if row.kind == "cell_material":
            mine = shipped()["cell_materials"].query("chemistry == 'nmc811' and silicon == 0 and year == 2025")
            assert mine.set_index("node").at[row.node[0], "value"] == pytest.approx(KINDS[row.kind](row, model))


def test_what_nobody_prices_is_named_and_enters_no_title() -> None:
    usual = drawn("material_value")
    assert (
        usual.meta.title
        == "The main materials of a kWh are worth 30 to 42 dollars in NMC 811 cells and 21 to 27 in LFP ones"
    )
    assert "no price: Na-ion cathode and hard carbon" in usual.meta.alt
    open_ = drawn("material_value", "held, no one priced whole").meta
    assert open_.title == "What the materials of a kWh of cells are worth at prices of 2030"
    assert "that of the nearest year is held" in open_.note


# --- who owns the plants of cells ------------------------------------------------------------------------------------


def test_owners_add_up_to_the_plants_and_to_what_others_counted() -> None:
    """All together what the rows of the plants give; near Carnegie's 690 GWh of 2030 and InfoLink's Chinese 353."""
    table = shipped()["cell_owners"]
    inputs = read_inputs(inputs_folder())
    plants = [plant for plant in cell_plants(inputs) if plant.country in countries_in(inputs, "Europe")]
    alone = capacity(inputs, plants, [2025, 2030], [], 2030).set_index("year")
    for column in ("operating", "value", "low", "high"):
        assert table.groupby("year")[column].sum()[[2025, 2030]].tolist() == pytest.approx(alone[column].tolist())
    published = {row.id: row for row in read_published(KINDS)}
    last = table[table["year"] == 2030]
    ours = {
        "Carnegie cell plants, Europe 2030": last["value"].sum(),
        "InfoLink Chinese cell plants in Europe": last.set_index("owner").at["CHN", "announced"],
    }
    for name, gwh in ours.items():
        row = published[name]
        assert row.value is not None
        assert row.low <= gwh / row.value <= row.high, name
    sizes = [[row.value for row in plant.rows if row.status not in NOT_COMING] for plant in plants]
    unsized = sum(1 for values in sizes if values and np.isnan(values).all())
    assert table.drop_duplicates("owner")["unsized"].sum() == pytest.approx(unsized)


def test_the_title_on_owners_spans_what_delivery_leaves_open() -> None:
    picture = drawn("cell_owners")
    data = picture.data.query("quantity == 'capacity' and year == 2030").set_index("place")
    own, others = data.loc["Europe"], data.drop(index="Europe").sum()
    low, high = others["low"] / (others["low"] + own["high"]), others["high"] / (others["high"] + own["low"])
    assert picture.meta.title.endswith(f"would own {100 * low:.0f} to {100 * high:.0f}% in 2030")
    assert "82% of the listed cell capacity in Europe" in picture.meta.title
    assert drawn("cell_owners", "none of its own, nothing sized").meta.title.startswith("Who owns the plants")


def test_of_places_whose_plants_are_listed_in_part_no_owner_is_said_to_have_so_much() -> None:
    made = real()
    made.record["region_members"] = {"Europe": "DEU;KOR"}
    part = charts.draw(made, "cell_owners")
    assert part.meta.title == "Who owns the plants of cells in Europe, 2025–2030"
    assert "Of plants in Japan and South Korea the list has a part alone" in part.meta.note
    assert "has a part alone" not in drawn("cell_owners").meta.note
    made.record["region_members"] = {"Europe": "DEU;CHN"}
    with pytest.raises(UsageError, match="of plants in China the list has those of foreign makers alone"):
        charts.draw(made, "cell_owners")


# --- plants of new chemistries ---------------------------------------------------------------------------------------


def test_every_listed_plant_is_a_mark_and_counts_are_those_held_against_the_report() -> None:
    picture = drawn("next_gen_plants")
    table, data = shipped()["next_gen_plants"], picture.data
    kept = table["item"].eq("cell") | (table["technology"].eq("Si-anode") & table["item"].eq("anode"))
    assert len(data) == kept.sum()
    marks = [line for line in picture.figure.get_children() if getattr(line, "get_marker", str)() == "o"]
    assert len(marks) == len(data) + data["status"].replace({"cancelled": "paused"}).nunique()  # with those of the key
    counted = data[data["scale"].eq("commercial") & ~data["status"].isin(["paused", "cancelled"])]
    model = Model(())
    for row in read_published(KINDS):
        if row.kind == "plants_listed":
            ours = counted[counted["technology"].eq(row.chemistry) & counted["place"].eq(row.region)]
            assert len(ours) == KINDS[row.kind](row, model)
    stand = counted.query("place == 'China' and status == 'operating'")
    china = (counted["place"] == "China").sum()
    assert "Li-S, Europe: 1 stands; 0 commercial; known size 1.0 MWh" in picture.meta.alt
    start, end = (f"Of {len(counted)} listed commercial plants of new chemistries", f"where {len(stand)} stand so far")
    assert picture.meta.title == f"{start} {china} are in China, {end}"


# --- where LFP is made -----------------------------------------------------------------------------------------------


def test_plants_by_place_are_those_of_the_list_and_span_what_the_report_counts() -> None:
    """Of Canada, Hungary and South Korea by hand from cell_plant.csv; all add up to the list; near Carnegie's figures.

    Canada: 45 GWh of a Korean and a European owner; Hungary: CATL's 100 GWh of two kinds, and Sunwoda's of no known
    size. The report takes a quarter of a plant of several kinds, `validate` a half: both lie within the range drawn.
    """
    picture = drawn("plants_by_place")
    sums = picture.data.groupby(["place", "quantity"])["value"].sum()
    canada = picture.data.query("place == 'Canada'").set_index(["quantity", "owner"])["value"]
    assert canada.to_dict() == {("announced", "South Korea"): 22.5, ("announced", "Europe"): 22.5}
    assert sums["Hungary"].to_dict() == {"may_be": 100, "unsized": 1}
    assert sums["South Korea"].to_dict() == {"announced": 1}
    table = shipped()["plants_by_place"].query("year == 2030 and country != 'CHN'")
    whole = drawn("plants_by_place", family="all").data.query("quantity == 'announced'")["value"].sum()
    assert table["announced"].sum() == pytest.approx(whole)
    owners = shipped()["cell_owners"].query("year == 2030")
    europe = table[table["place"] == "Europe"]
    assert europe[["announced", "value", "unsized"]].sum().tolist() == pytest.approx(
        owners[["announced", "value", "unsized"]].sum().tolist()
    )
    model = Model(())
    published = [row for row in read_published(KINDS) if row.id.startswith("Carnegie LFP") and row.region != "Europe"]
    assert len(published) == 3
    for row in published:
        least = sums.get((row.region, "announced"), 0.0)
        assert least <= KINDS[row.kind](row, model) <= least + sums.get((row.region, "may_be"), 0.0)


def test_the_title_of_plants_by_place_claims_what_no_open_plant_can_turn() -> None:
    data = drawn("plants_by_place").data
    sure, may_be = (
        data.loc[data["quantity"] == name].groupby("place")["value"].sum() for name in ("announced", "may_be")
    )
    most = sure.add(may_be, fill_value=0)
    assert sure["United States"] > most.drop("United States").max()
    whole = f"{sure.sum():,.0f} to {most.sum():,.0f} GWh of LFP cell plants are listed outside China"
    first = f"{sure['United States']:.0f} to {most['United States']:.0f} of them in the United States"
    assert drawn("plants_by_place").meta.title == f"{whole}, {first}"
    assert drawn("plants_by_place", "one place, nothing sized").meta.title.startswith("0 GWh of LFP cell plants")
    assert "size that nobody publishes" in drawn("plants_by_place", "one place, nothing sized").meta.note
    with pytest.raises(UsageError, match=r"family 'LFPP' is not in the result; did you mean 'LFP'\?"):
        drawn("plants_by_place", family="LFPP")


def test_lfp_cathode_is_held_against_other_goods_as_far_as_their_counts_agree() -> None:
    """China's 98 % is the IEA's figure too; as much as that has who lies at it or above with all ends."""
    picture = drawn("lfp_yardsticks")
    data = picture.data.set_index("good")
    lfp = data.loc["LFP cathode"]
    (row,) = [row for row in read_published(KINDS) if row.kind == "supply_share"]
    assert row.value is not None
    assert lfp["value"] / 100 == pytest.approx(row.value) == pytest.approx(KINDS[row.kind](row, Model(())))
    goods = data.drop(index="LFP cathode")
    assert set(goods.index[goods["low"] >= lfp["high"]]) == {"EUV lithography machines", "Gallium"}
    assert picture.meta.title.endswith("only EUV lithography machines and gallium are as concentrated")
    assert drawn("lfp_yardsticks", "counts that cross").meta.title.endswith("of it and of other goods")
    assert "more than any country does of 1 good beside it" in drawn("lfp_yardsticks", "none as much").meta.title
    unknown = real(concentration=lambda table: table.assign(value=np.nan))
    with pytest.raises(UsageError, match="nobody says who makes lfp_cathode in 2030; name another future"):
        charts.draw(unknown, "lfp_yardsticks")


# --- batteries by use ------------------------------------------------------------------------------------------------


def test_batteries_by_use_are_those_of_the_run_and_near_what_others_expect() -> None:
    """Each use and all together, with ends at once; of the road in 2030 near McKinsey's 700 GWh."""
    picture = drawn("demand")
    table = shipped()["battery_demand"].query("scenario == 'incumbent'")
    data = picture.data.set_index(["segment", "year"])
    for end in ("value", "low", "high"):
        whole = table.groupby("year")[end].sum()
        assert data.loc["all", end].tolist() == pytest.approx(whole.tolist())
    parts = picture.data[picture.data["segment"] != "all"]
    assert parts["value"].sum() == pytest.approx(table["value"].sum())
    road = parts.query("year == 2030 and segment != 'stationary'")["value"].sum()
    (row,) = [row for row in read_published(KINDS) if row.id == "McKinsey Europe GWh road 2030"]
    assert row.value is not None
    assert row.low <= road / row.value <= row.high


def test_the_title_of_demand_says_a_change_that_its_range_bears_out() -> None:
    assert re.fullmatch(r"Europe’s batteries would rise from 261 GWh in 2025 to 867 \(8\d\d to 8\d\d\) in 2030",
                        drawn("demand").meta.title)  # fmt: skip
    falling = drawn("demand", "falling, without a range").meta
    assert falling.title == "Europe’s batteries would fall from 150 GWh in 2025 to 120 in 2030"
    assert "No range is given" in falling.note
    wide = real(battery_demand=lambda table: table.assign(low=0.0, high=1e4))
    assert charts.draw(wide, "demand").meta.title == "Europe’s batteries by use, 2025–2030"
    assert "demand" in charts.drawable(wide)
    assert "demand" not in charts.suited(wide), "it is drawn where it is named alone"
