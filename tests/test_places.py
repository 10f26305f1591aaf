"""Regions within regions: parts add up to their whole, the next wider rows serve, and each runs with what it has."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from conftest import some
from rich.console import Console

from minerals.errors import InputError
from minerals.provenance import Rows
from minerals.results.result import Result
from minerals.studies.run import run
from minerals.tables.inputs import Inputs, read_inputs
from minerals.tables.places import Places
from minerals.tables.series import Datum, share_of

SIX = ("EU27", "EU27+UK+Norway", "Germany", "France", "Japan", "South Korea")
REST = ("Rest of EU27", "UK and Norway", "Rest of Europe", "Remaining world")
FIVE_LINES = """title = "{title}"
scope = {{ regions = ["{region}"], years = {{ first = {first}, last = 2030 }} }}
scenario.plan = {{ demand = "stated-policies", adoption = "stated-trend" }}
exposure = {{ demand = "stated-policies", adoption = "stated-trend" }}
prices = {{ demand = "stated-policies", adoption = "stated-trend", against = "China" }}
"""


def five_lines(folder: Path, region: str, first: int = 2030, more: str = "") -> Path:
    path = folder / "five.toml"
    title = region.replace('"', "")
    path.write_text(FIVE_LINES.format(title=title, region=region, first=first) + more, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def germany(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return run(five_lines(tmp_path_factory.mktemp("germany"), "Germany", more="flows = {}\n"))


# --- how regions lie within each other -------------------------------------------------------------------------------


class Region(NamedTuple):
    """A row of regions.csv."""

    region: str
    members: str
    parts: str
    within: str


@pytest.fixture
def nested() -> Places:
    """World = A + B + C; A = a + b and B = c + d, whole ones of which a and c are shares; C is a sum of e and f."""
    rows = [
        ("World", "", "A;B;C", ""), ("A", "AAA;BBB", "a;b", "World"), ("B", "", "c;d", "World"), ("C", "", "e;f", ""),
        ("a", "AAA", "", "A"), ("b", "BBB", "", "A"), ("c", "CCC", "", "B"), ("d", "", "", "B"),
        ("e", "EEE", "", "C"), ("f", "FFF", "", "C"),
    ]  # fmt: skip
    return Places.of([Region(*row) for row in rows], ["a", "c"])


def test_whose_rows_serve_a_region(nested: Places) -> None:
    assert nested.chain("a") == ("a", "A", "World")
    assert nested.chain("C") == ("C", "World"), "the World's rows serve also what does not say that it lies in it"
    assert nested.chain("World") == ("World",)
    assert [nested.whole(region) for region in ("a", "b", "d", "e", "A")] == ["A", "A", "B", "", ""]
    assert (nested.remainder("A"), nested.remainder("B")) == ("b", "d")
    assert [name for name in nested.within if nested.is_sum(name)] == ["World", "C"]


def test_what_counts_twice(nested: Places) -> None:
    assert nested.overlap("a", "A")
    assert nested.overlap("A", "a")
    assert nested.overlap("World", "e")
    assert not nested.overlap("a", "b")
    assert not nested.overlap("A", "B")


def test_the_world_is_split_no_finer_than_a_run_asks(nested: Places) -> None:
    assert nested.partition(["A"]) == ("A", "B", "C")
    assert nested.partition(["a", "B"]) == ("B", "C", "a", "b")
    assert nested.partition(["d"]) == ("A", "C", "c", "d")
    coarse, fine = nested.partition(["A"]), nested.partition(["a"])
    assert [nested.home(code, "", coarse) for code in ("AAA", "CCC", "XXX")] == ["A", "", ""]
    assert nested.home("AAA", "A", fine) == "a"
    assert (nested.home("R_A", "A", coarse), nested.home("R_A", "A", fine)) == ("A", ""), "a bloc is of no part"


def test_the_law_of_the_union_holds_in_it_and_not_beside_it(shipped_inputs: Inputs, toy: Path) -> None:
    union = shipped_inputs.places.union
    assert union == {"Europe", "EU27+UK+Norway", "EU27", "Germany", "France", "Rest of EU27"}
    assert read_inputs(toy).places.union == {"Europe"}


def test_a_share_of_a_value_by_hand() -> None:
    """0.3 of 100, and what 0.3 and 0.2 leave: ends add in squares, and what is left is least where shares are most."""
    whole = Datum(100.0, 90.0, 120.0, Rows.row("w"))
    one, two = Datum(0.3, 0.26, 0.33, Rows.row("a")), Datum(0.2, 0.16, 0.24, Rows.row("b"))
    mine = share_of(whole, [one], rest=False)
    assert mine[:3] == pytest.approx((30, 30 - np.hypot(3, 4), 30 + np.hypot(6, 3)))
    left = share_of(whole, [one, two], rest=True)
    assert left[:3] == pytest.approx((50, 50 - np.hypot(5, 100 * 0.05), 50 + np.hypot(10, 100 * np.hypot(0.04, 0.04))))
    value = {"w": 100.0, "a": 0.3, "b": 0.2}
    for datum in (mine, left):
        assert Rows.parse(str(datum.rows)).value(value.__getitem__) == pytest.approx(datum.value)


# --- parts add up ----------------------------------------------------------------------------------------------------


def test_parts_by_hand(run_toy: Callable[..., Result]) -> None:
    """Europe's cars go from 100 to 140 GWh, Germany's share from 0.375 (half way from 0.5 to 0.25 in 2031, a third of
    the way in 2030) to 0.25; storage from 10 to 30 at a share of 0.4."""
    made = run_toy("scope.regions=['Germany','France']")["battery_demand"]
    found = made[made["scenario"] == "plan"].set_index(["segment", "region", "year"])["value"].sort_index()
    assert found["car", "Germany", 2030] == pytest.approx(100 * (0.5 - 0.25 / 3))
    assert found["car", "Germany", 2034] == pytest.approx(35)
    assert found["car", "France", 2034] == pytest.approx(105)
    assert found["stationary", "Germany"].tolist() == pytest.approx([4, 6, 8, 10, 12])
    assert found["car"].groupby("year").sum().tolist() == pytest.approx([100, 110, 120, 130, 140])
    assert set(made["region"]) == {"Germany", "France"}


@pytest.mark.parametrize("demand", ["stated-policies", "icct-ambitious"])
@pytest.mark.parametrize("whole", some(["Europe", "EU27+UK+Norway", "EU27", "Rest of world"], 1))
def test_sums_hold_in_every_year_and_use(demand: str, whole: str, shipped_inputs: Inputs, tmp_path: Path) -> None:
    """GWh of the parts add up to the whole, none is negative, and each value comes again from its rows."""
    places = shipped_inputs.places

    def of(regions: tuple[str, ...]) -> pd.DataFrame:
        path = tmp_path / "run.toml"
        path.write_text(
            f"title = 'Sums'\nscope.regions = {list(regions)}\nscope.beyond = 'hold'\n"
            "scope.years = { first = 2015, last = 2050 }\n"
            f"scenario.plan = {{ demand = '{demand}', adoption = 'high-nickel' }}\n",
            encoding="utf-8",
        )
        return run(path)["battery_demand"]

    parts, all_of_it = of(places.parts[whole]), of((whole,))
    assert set(parts["region"]) == set(places.parts[whole])
    assert (parts[["value", "low", "high"]] >= 0).all(axis=None)
    sums = parts.groupby(["segment", "year"])["value"].sum()
    want = all_of_it.set_index(["segment", "year"])["value"]
    assert len(sums) == len(want) >= 36
    pd.testing.assert_series_equal(sums.sort_index(), want.sort_index(), rtol=1e-12, check_names=False)
    rows = {
        f"{table.file}:{line}": value
        for table in (shipped_inputs.tables["battery_demand"], shipped_inputs.tables["region_part"])
        for line, value in zip(table.frame["line"], table.frame["value"], strict=True)
    }
    for row in parts.iloc[:: max(len(parts) // 40, 1)].itertuples():
        assert Rows.parse(row.rows).value(rows.__getitem__) == pytest.approx(row.value, rel=1e-9, abs=1e-12)


def test_chemistry_of_the_parts_is_that_of_the_whole(shipped_inputs: Inputs) -> None:
    """Cars of 2015 to 2024, one source: weighted by their shares, parts have the whole's mix to a point."""
    share = shipped_inputs["region_part"].query("segment == 'car'").set_index(["region", "year"])["value"]
    cars = shipped_inputs["market_share"].query("scenario == 'history' and segment == 'car'")
    mix = cars.pivot_table(index=["region", "year"], columns="chemistry", values="value").fillna(0)
    assert mix.sum(axis=1).to_numpy() == pytest.approx(1)
    for whole in ("Europe", "EU27+UK+Norway", "EU27", "Rest of world"):
        rest = shipped_inputs.places.remainder(whole)
        named = [part for part in shipped_inputs.places.parts[whole] if part != rest]
        for year in range(2018, 2025):
            left = 1 - sum(share[part, year] for part in named)
            made = sum(mix.loc[part, year] * share[part, year] for part in named) + mix.loc[rest, year] * left
            assert (made - mix.loc[whole, year]).abs().max() < 0.012, (whole, year)


@pytest.mark.parametrize("adoption", ["high-nickel", "stated-trend"])
def test_minerals_of_the_parts_add_up_but_for_interpolated_shares(adoption: str, tmp_path: Path) -> None:
    """Shares and amounts are linear between given years each, so that their products differ there by a little."""

    def of(*regions: str) -> pd.Series:
        path = tmp_path / "run.toml"
        path.write_text(
            f"title = 'Sums'\nscope.regions = {list(regions)}\nscope.years = {{ first = 2025, last = 2035 }}\n"
            f"scenario.plan = {{ demand = 'stated-policies', adoption = '{adoption}' }}\n",
            encoding="utf-8",
        )
        return run(path)["mineral_demand"].groupby(["mineral", "year"])["value"].sum()

    parts, whole = of("Germany", "France", "Rest of EU27"), of("EU27")
    pd.testing.assert_series_equal(parts, whole, rtol=0.004)
    given = [2030, 2035]
    at = whole.index.get_level_values("year").isin(given)
    pd.testing.assert_series_equal(parts[at], whole[at], rtol=1e-9)


def test_members_are_those_of_the_treaties(shipped_inputs: Inputs) -> None:
    places = shipped_inputs.places
    eu27 = set(shipped_inputs["country_group"].query("group == 'eu27'")["country"])
    assert places.members["EU27"] == eu27
    assert places.members["EU27+UK+Norway"] == eu27 | {"GBR", "NOR"}
    assert places.members["Europe"] > places.members["EU27+UK+Norway"]


# --- what serves a region, and what is its own -----------------------------------------------------------------------


@pytest.mark.slow
def test_the_next_wider_rows_serve_and_the_run_says_so(germany: Result) -> None:
    used = germany["inputs_used"]
    assert set(used.query("table == 'market_share' and segment == 'car' and year == 2030")["region"]) >= {"Europe"}
    assert "Germany" in set(used.query("table == 'market_share' and segment == 'car' and year == 2024")["region"])
    fills = " ".join(germany.record["fills"])
    assert "market_share of Germany by rows of Europe: car" in fills
    assert "battery_demand of Germany is its share of EU27: car" in fills
    assert "collection_rate of Germany by rows of Europe" in fills


@pytest.mark.slow
def test_a_part_is_told_as_one(germany: Result, tmp_path: Path) -> None:
    from minerals import api
    from minerals.results.explain import Explanation
    from minerals.results.tree import demand_tree

    germany.write(tmp_path / "germany")
    found = api.explain(tmp_path / "germany", mineral="graphite")
    assert isinstance(found, Explanation)
    console = Console(width=200, record=True, file=StringIO())
    console.print(demand_tree(germany, found))
    assert "× part of Germany 0.2358 in 2030: region_part.csv:" in console.export_text()


def test_germany_pays_what_europe_pays(shipped_inputs: Inputs) -> None:
    from minerals import api
    from minerals.case.cost import pack_prices

    curves = {family: {2030: 100.0} for family in set(shipped_inputs["chemistries"]["family"]) | {"Li-ion"}}
    config = api.read_run("prices-2035")
    packs = pack_prices(config, shipped_inputs, ("Europe", "Germany", "Japan", "World"), ("lfp",), (2030,), curves)
    europe, germany, japan, world = packs.home[:, 0, 0]
    assert germany == europe > world == japan


@pytest.mark.slow
def test_own_supply_is_that_of_the_members(germany: Result) -> None:
    """Germany's plants are its own, the other members' are not; the bloc is split and nothing of it is lost."""
    supply = germany["supply"]
    cells = supply.query("node == 'li_ion_cell' and year == 2030").set_index("country")
    assert set(supply.loc[supply["home"] == "Germany", "country"]) == {"DEU"}
    assert cells.loc["HUN", "home"] == "Rest of EU27"
    assert cells.loc["GBR", "home"] == "UK and Norway"
    assert "R_EUR" not in set(supply["country"])
    one_stop = ("exposure.disruptions=['china-cells']", "exposure.draws=0")
    whole = run("europe-2035", ["scope.years=2030", *one_stop])["supply"]
    bloc = whole.query("node == 'li_ion_cell' and country == 'R_EUR'")["share"].item()
    assert cells.loc[["HUN", "POL", "DEU", "FRA", "GBR"], "share"].sum() == pytest.approx(bloc)


@pytest.mark.slow
def test_no_member_is_a_third_country(germany: Result) -> None:
    """The law's third countries lie outside the Union, and what any member makes is at home."""
    rules = germany["trade_rules"]
    assert set(rules["law"]) == {"EU 2024/1252"}
    assert set(rules["region"]) == {"Germany"}
    largest = set(rules.query("kind == 'maximum_single'")["country"])
    assert largest
    assert not largest & {"DEU", "FRA", "FIN", "POL", "HUN", "SWE", "BEL", "CZE"}
    assert set(germany["recycling_targets"]["region"]) == {"Germany"}


# --- each region runs ------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_germany_runs(germany: Result) -> None:
    runs("Germany", germany)


@pytest.mark.slow
@pytest.mark.parametrize("region", [*SIX, *REST])
def test_each_region_runs_from_five_lines(region: str, tmp_path: Path) -> None:
    runs(region, run(five_lines(tmp_path, region)))


def runs(region: str, made: Result) -> None:
    """What a run of a region holds."""
    assert set(made["battery_demand"]["region"]) == {region}
    assert made["battery_demand"]["value"].sum() > 5
    lost = made["disruptions"].query("year == 2030")
    assert len(lost) >= 5
    assert (lost["share_best"] <= 1).all()
    assert made["price"]["value"].notna().all()
    coverage = made["coverage"].query("node == 'li_ion_cell' and measure == 'need'")
    assert coverage["value"].item() == pytest.approx(made["battery_demand"]["value"].sum(), rel=0.35)


@pytest.mark.slow
@pytest.mark.parametrize("region", SIX)
def test_each_region_chooses_a_mix(region: str, tmp_path: Path) -> None:
    made = run(five_lines(tmp_path, region, 2028, "flows = {}\noptimise = { scenario = 'plan' }\n"))
    share = made["mix_share"]
    assert set(share["region"]) == {region}
    assert (share["value"] >= -1e-9).all()


# --- what is refused -------------------------------------------------------------------------------------------------


def test_a_region_beside_its_part_is_refused(tmp_path: Path) -> None:
    path = five_lines(tmp_path, 'Germany", "EU27')
    with pytest.raises(InputError, match="regions hold Germany and EU27: they overlap and would count twice"):
        run(path)
    with pytest.raises(InputError, match="regions hold World and Japan: they overlap"):
        run(five_lines(tmp_path, 'World", "Japan'))


@pytest.mark.slow
def test_a_scenario_of_europe_does_not_serve_japan(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="adoption = 'europe-incumbent': has rows for Europe and none for Japan"):
        run(five_lines(tmp_path, "Japan"), ["scenario.plan.adoption='europe-incumbent'"])


def rewritten(toy: Path, name: str, old: str, new: str) -> None:
    path = toy / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize(("name", "old", "new", "message"), [
    ("region_part.csv", "Germany,stationary,",
     "France,car,2030,0.5,,,1,book,p. 9,model,\nFrance,stationary,2030,0.1,,,1,book,p. 9,model,\n"
     "Germany,stationary,",
     "regions.csv:3 parts = 'Germany; France': none of them without rows in region_part.csv; one has what the others "),
    ("region_part.csv", "Germany,stationary,2030,0.4,,,1,book,p. 9,model,\n", "",
     "region_part.csv:2 region = 'Germany': has no share for stationary; add rows, with value 0 where it has none"),
    ("regions.csv", "DEU;FRA,Germany", "DEU;FRA;NAM,Germany", "NAM: in none, in two, or not in it"),
    ("regions.csv", "Germany,DEU,,Europe", "Germany,DEU,,World", "region = 'Germany': is none of the parts"),
    ("regions.csv", "France,FRA,,Europe", "France,FRA,,World", "France is not within it; say so in the column within"),
    ("battery_demand.csv", "plan,China,car,2034,", "plan,Germany,car,2034,",
     "region = 'Germany': its demand is a share of that of Europe (region_part.csv); remove the row"),
    ("group_place.csv", "R_EUR,any,DEU,1,", "R_EUR,any,DEU,0.9,", "shares of R_EUR at any add up to 0.9, expected 1"),
    ("group_place.csv", "R_EUR,any,", "R_EUR,cell,", "has no rows for node 'any'"),
    ("group_place.csv", "R_EUR,any,", "R_EUR,ani,", "node = 'ani': not in nodes.csv"),
])  # fmt: skip
def test_parts_that_do_not_make_up_a_whole(name: str, old: str, new: str, message: str, toy: Path) -> None:
    rewritten(toy, name, old, new)
    with pytest.raises(InputError) as raised:
        read_inputs(toy)
    assert message in str(raised.value)


def test_shares_of_several_parts_leave_something(toy: Path) -> None:
    """France's 0.6, held, beside Germany's 0.5 of 2028; and of storage 0.6 beside 0.4, which is all."""
    rewritten(toy, "regions.csv", "DEU;FRA,Germany;France", "DEU;FRA;FIN,Germany;France;Finland")
    with (toy / "regions.csv").open("a", encoding="utf-8") as file:
        file.write("Finland,FIN,,Europe,What the others leave.\n")
    with (toy / "region_part.csv").open("a", encoding="utf-8") as file:
        file.write("France,car,2031,0.6,,,1,book,p. 9,model,\nFrance,stationary,2031,0.6,,,1,book,p. 9,model,\n")
    with pytest.raises(InputError) as raised:
        read_inputs(toy)
    told = "region_part.csv:2 segment = 'car': shares of Germany, France add up to 1.1 in 2028, expected at most 1"
    assert str(raised.value) == told
    assert "stationary" not in str(raised.value)


def test_a_region_without_a_place_in_the_reference_world_is_refused(toy: Path) -> None:
    with (toy / "regions.csv").open("a", encoding="utf-8") as file:
        file.write("Namibia,NAM,,World,No part of the World.\n")
    with (toy / "battery_demand.csv").open("a", encoding="utf-8") as file:
        file.write("plan,Namibia,car,2030,1,,,GWh,nominal,book,p. 6,model,\n")
        file.write("plan,Namibia,car,2034,1,,,GWh,nominal,book,p. 6,model,\n")
    sets = ["scope.regions=['Namibia']", "scope.segments=['car']", "exposure={demand='plan', adoption='plan'}"]
    with pytest.raises(InputError, match=r"regions has 'Namibia': the reference world has no part of its own for it"):
        run(toy / "run.toml", sets, toy)
