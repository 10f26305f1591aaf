"""Plants: what the lists add up to, what is delivered of plans, how much of what stands is used; origin of cells."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import SECTIONS

from minerals.exposure.cell_origin import cell_origin, exports, moved, own_supply
from minerals.tables.check import split
from minerals.tables.inputs import Inputs, read_inputs
from minerals.tables.plants import (
    NOT_COMING,
    capacity,
    cell_plants,
    delivered,
    material_plants,
    not_public,
    observed_origin,
    supply_of_plants,
    utilisation,
)

UNDATED = 2030


@pytest.fixture(scope="module")
def europe_members(shipped_inputs: Inputs) -> set[str]:
    return set(split(shipped_inputs["regions"].set_index("region").loc["Europe", "members"]))


# --- capacity, by hand -----------------------------------------------------------------------------------------------


@pytest.fixture
def toy_inputs(toy: Path) -> Inputs:
    return read_inputs(toy)


def test_a_plan_adds_what_is_delivered_of_what_it_adds(toy_inputs: Inputs) -> None:
    """10 GWh stand from 2027, 30 are planned for 2030: half of the 20 more come, a quarter to three quarters at the
    ends. A plant without a year stands from the start, and one under construction counts by 0.8."""
    found = capacity(toy_inputs, cell_plants(toy_inputs), [2026, 2027, 2030], ["country"], UNDATED)
    table = found.set_index(["country", "year"])
    germany = table.loc[("DEU", 2030), ["nameplate", "operating", "value", "low", "high"]].tolist()
    assert germany == pytest.approx([30, 10, 10 + 0.5 * 20, 10 + 0.25 * 20, 10 + 0.75 * 20])
    assert ("DEU", 2026) not in table.index
    assert table.loc[("DEU", 2027), "value"] == 10
    assert table.loc[("CHN", 2026), "nameplate"] == 20
    assert table.loc[("CHN", 2030), ["nameplate", "value", "low", "high"]].tolist() == pytest.approx(
        [22, 20 + 0.8 * 2, 20 + 0.6 * 2, 20 + 2]
    )


def test_owners_and_families_share_a_plant(toy_inputs: Inputs) -> None:
    """Owners in equal parts; of several families each may have none or all of the plant."""
    plants = cell_plants(toy_inputs)
    owners = capacity(toy_inputs, plants, [2030], ["country", "owner"], UNDATED).set_index(["country", "owner"])
    assert owners.loc[("DEU", "KOR"), "value"] == owners.loc[("DEU", "DEU"), "value"] == pytest.approx(10)
    families = capacity(toy_inputs, plants, [2030], ["country", "family"], UNDATED).set_index(["country", "family"])
    assert families.loc[("DEU", "LFP"), ["value", "low", "high"]].tolist() == pytest.approx([10, 0, 25])
    assert families.loc[("CHN", "Na-ion"), "value"] == pytest.approx(1.6)


def test_what_stands_is_used_in_part(toy_inputs: Inputs) -> None:
    """Sodium-ion cells of China: none stand, 0.8 × 2 GWh come. Anodes: 0.5 × 20 kt planned. The newest of the most
    specific rows of utilisation serves."""
    assert utilisation(toy_inputs, "graphite_anode", "KOR") == (0.4, 0.3, 0.6)
    assert utilisation(toy_inputs, "lfp_cathode", "CHN").value == 0.75
    assert utilisation(toy_inputs, "lfp_cathode", "FIN") == (0.5, 0.4, 0.8)
    found = supply_of_plants(toy_inputs, [2030], UNDATED).set_index(["node", "country"])
    assert found.loc[("graphite_anode", "KOR"), ["operating", "value", "low", "high"]].tolist() == pytest.approx(
        [0, 10, 5, 15]
    )
    assert ("lfp_cathode", "FIN") not in found.index, "GWh of a node that is counted in kt"


# --- the shipped lists -----------------------------------------------------------------------------------------------


def test_every_plant_has_a_page_and_its_owner(shipped_inputs: Inputs) -> None:
    """One source a plant, with an address; the lists hold no plant of a Chinese maker in China but as a venture."""
    urls = shipped_inputs["sources"].set_index("source")["url"]
    for name in ("cell_plant", "next_gen_plant"):
        frame = shipped_inputs[name]
        assert (frame["source"].map(lambda key: urls[key]) != "").all()
        assert not (frame["quality"] == "assumed").any()
    plants = shipped_inputs["cell_plant"]
    assert len(plants.groupby(["company", "site"])) == 98
    at_home = plants[(plants["country"] == "CHN") & (plants["owner"] == "CHN")]
    assert at_home.empty
    assert len(shipped_inputs["next_gen_plant"]) == 79


def test_no_capacity_is_unknown_and_not_zero(shipped_inputs: Inputs) -> None:
    for name in ("cell_plant", "next_gen_plant"):
        assert (shipped_inputs[name]["value"].dropna() > 0).all()
    empty = sum(shipped_inputs[name]["value"].isna().sum() for name in ("cell_plant", "next_gen_plant"))
    cells = shipped_inputs["next_gen_plant"].query("item != 'cell'")["value"].isna().sum()
    assert not_public(shipped_inputs)["plants"].sum() == empty - cells > 20


def test_a_plant_has_its_capacity_in_one_list(shipped_inputs: Inputs) -> None:
    """What makes cells of today and of the next generation in parts nobody says stands in cell_plant alone."""
    found = {}
    for name in ("cell_plant", "next_gen_plant"):
        frame = shipped_inputs[name].dropna(subset="value")
        found[name] = set(zip(frame["country"], frame["company"], frame["site"], strict=True))
    assert not found["cell_plant"] & found["next_gen_plant"]
    unsaid = shipped_inputs["next_gen_plant"].query("site == 'Hyogo and Fukuoka'")
    assert unsaid["value"].isna().tolist() == [True]


def test_delivery_falls_with_what_is_less_sure(shipped_inputs: Inputs) -> None:
    share = delivered(shipped_inputs)
    steps = ["operating", "construction", "planned", "conditional", "ambition", "cancelled"]
    for end in ("value", "low", "high"):
        values = [getattr(share[status], end) for status in steps]
        assert values == sorted(values, reverse=True)
    assert share["operating"] == (1, 1, 1)
    assert share["cancelled"] == (0, 0, 0)
    assert (share["planned"].low, share["planned"].high) == (0.25, 0.6)


def test_operating_anode_plants_outside_china(shipped_inputs: Inputs) -> None:
    """BTR 80, POSCO 82, Syrah 11.25, Himadri 8, Epsilon 2 and Vianode 2 kt, all by mass."""
    found = capacity(shipped_inputs, material_plants(shipped_inputs), [2026], ["node"], UNDATED)
    anodes = found.query("node == 'graphite_anode' and unit == 'kt/yr'")
    assert anodes["operating"].tolist() == pytest.approx([80 + 82 + 11.25 + 8 + 2 + 2])


def test_silicon_of_plants_is_contained_silicon(shipped_inputs: Inputs) -> None:
    """Of 2 kt of composite in South Korea half is silicon, as where a cell tells the masses side by side."""
    part = shipped_inputs["cell_parameter"].query("parameter == 'composite_content'").iloc[0]
    plants = shipped_inputs["material_plant"].query("node == 'silicon_anode' and unit == 'kt/yr'").set_index("country")
    assert plants.loc["KOR", ["value", "low", "high"]].tolist() == pytest.approx(2 * part[["value", "low", "high"]])


def test_plants_of_every_kind_that_costs_are_known_of(shipped_inputs: Inputs) -> None:
    """Separators and refined lithium stand outside China too; a list without China is not whole, so it is a floor."""
    found = capacity(shipped_inputs, material_plants(shipped_inputs), [2026], ["node"], UNDATED).set_index("node")
    assert found.loc["separator", "operating"] == pytest.approx((340 + 400) / 15.7, rel=0.01)
    assert found.loc["lithium_chemicals", "operating"] == pytest.approx(50 + 20 * 0.8805, rel=0.01)


def test_capacity_is_the_same_however_it_is_told(shipped_inputs: Inputs) -> None:
    plants, years = cell_plants(shipped_inputs), [2026, 2030]
    whole = capacity(shipped_inputs, plants, years, [], UNDATED).set_index("year")
    for by in (["country"], ["owner"], ["family"], ["country", "owner", "family"]):
        sums = capacity(shipped_inputs, plants, years, by, UNDATED).groupby("year").sum(numeric_only=True)
        for column in ("nameplate", "operating", "value"):
            assert sums[column].tolist() == pytest.approx(whole[column].tolist()), by
        assert (sums["low"] <= whole["low"] + 1e-9).all()
        assert (sums["high"] >= whole["high"] - 1e-9).all()
    assert (whole["low"] <= whole["value"]).all()
    assert (whole["value"] <= whole["high"]).all()


def test_south_korea_owns_most_abroad(shipped_inputs: Inputs) -> None:
    """As in figure 18 of the report: South Korea first, then China."""
    found = capacity(shipped_inputs, cell_plants(shipped_inputs), [2030], ["country", "owner"], UNDATED)
    abroad = found[found["country"] != found["owner"]].groupby("owner")["nameplate"].sum().nlargest(2)
    assert list(abroad.index) == ["KOR", "CHN"]


def test_derived_capacity_beside_the_published(
    shipped_inputs: Inputs, europe_members: set[str], request: pytest.FixtureRequest
) -> None:
    """What the plants add up to, printed beside the totals that others published for 2030.

    They are yardsticks: the lists are not complete, and totals count what is sure in different ways. Of the large
    regions nameplate and delivery enclose the published total of all cells; LFP may be as large as published.
    """
    plants = cell_plants(shipped_inputs)
    cells = capacity(shipped_inputs, plants, [2030], ["country"], UNDATED)
    lfp = capacity(shipped_inputs, plants, [2030], ["country", "family"], UNDATED).query("family == 'LFP'")
    published = shipped_inputs["cell_capacity"].query("measure == 'capacity' and year == 2030").set_index("country")
    told, codes = [], {"Europe": europe_members, "United States": {"USA"}}

    def ours(frame: pd.DataFrame, members: set[str]) -> pd.Series:
        return frame[frame["country"].isin(members)][["nameplate", "value", "low", "high"]].sum()

    countries = ("USA", "DEU", "HUN", "CAN", "FRA", "KOR", "GBR")
    for label, members, total in [("Europe", europe_members, "R_EUR"), *((code, {code}, code) for code in countries)]:
        mine = ours(cells, members)
        theirs = published.loc[total, "value"]
        told.append(_line(label, mine, theirs))
        if label in ("Europe", "USA"):
            assert mine["low"] <= theirs <= max(mine["high"], mine["nameplate"] * 1.1), told[-1]
    announced = shipped_inputs["announced_capacity"].query("chemistry == 'LFP' and year == 2030").set_index("region")
    codes |= {"Indonesia": {"IDN"}, "India": {"IND"}, "South Korea": {"KOR"}}
    for label, members in codes.items():
        mine, theirs = ours(lfp, members), announced.loc[label, "value"]
        told.append(_line(f"{label}, LFP", mine, theirs))
        if label in ("Europe", "United States"):
            assert mine["low"] <= theirs <= mine["high"], told[-1]
    request.config.stash.setdefault(SECTIONS, {})["cell plants of 2030, ours against published [GWh/yr]"] = told


def _line(label: str, mine: pd.Series, published: float) -> str:
    ends = f"{mine['value']:.0f} ({mine['low']:.0f} to {mine['high']:.0f})"
    return f"{label:20} nameplate {mine['nameplate']:5.0f}, delivered {ends:18} published {published:.0f}"


# --- output outside the top country ----------------------------------------------------------------------------------


def test_published_supply_has_room_for_what_stands(shipped_inputs: Inputs) -> None:
    """Anodes of the IEA base case: what is made outside China is not less than what stands there and is used."""
    frame = shipped_inputs["supply_share"].query("future == 'iea-base' and node == 'graphite_anode'")
    world = shipped_inputs["battery_supply"].query("future == 'iea-base' and node == 'graphite_anode'")
    world = world.set_index("year")["value"]
    stands = supply_of_plants(shipped_inputs, [2026], UNDATED).query("node == 'graphite_anode'")["operating"].sum()
    assert 60 < stands < 90
    for year, rows in frame.groupby("year"):
        share = rows.loc[rows["country"] != "CHN", "value"].sum()
        assert share * world[year] >= stands, year


# --- origin of cells -------------------------------------------------------------------------------------------------

#: Customers a and b, makers of a, of b and of nobody's (c).
HOME = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


def test_origin_by_hand() -> None:
    """a needs 100 and makes 40; b needs 50 and makes 80, so it exports 30; c exports 90.

    a: 0.4 its own, of the other 0.6 a quarter from b (30 of 120) and three quarters from c. b: all its own.
    """
    need, output = np.array([[100.0], [50.0]]), np.array([[40.0], [80.0], [90.0]])
    assert exports(need, output, HOME)[:, 0] == pytest.approx([0, 30, 90])
    found = cell_origin(need, output, HOME)[:, :, 0]
    assert found[0] == pytest.approx([0.4, 0.6 * 0.25, 0.6 * 0.75])
    assert found[1] == pytest.approx([0, 1, 0])


def test_origin_sums_to_one_and_own_share_grows_with_own_plants() -> None:
    random = np.random.default_rng(5)
    need, output = random.uniform(1, 100, (2, 4)), random.uniform(1, 100, (3, 4))
    found = cell_origin(need, output, HOME)
    assert np.allclose(found.sum(axis=1), 1)
    assert (found >= 0).all()
    more = output.copy()
    more[0] *= 1.5
    assert (cell_origin(need, more, HOME)[0, 0] >= found[0, 0] - 1e-12).all()
    assert (own_supply(need, output, HOME).sum(axis=1) <= need + 1e-9).all()


def test_an_observed_origin_moves_along_with_what_makers_make() -> None:
    """48 % own, 5 % from b and 47 % from c. While shares of the world stay it stays. Where own plants make half as much
    again of the world, 72 % are own, and b, which makes half, has 2.5 parts of what is left beside 47 of c."""
    observed, before, own = np.array([0.48, 0.05, 0.47]), np.array([0.1, 0.2, 0.7]), np.array([1.0, 0.0, 0.0])
    assert moved(observed, before, before, own) == pytest.approx(observed)
    later = moved(observed, before, np.array([0.15, 0.1, 0.7]), own)
    assert later == pytest.approx([0.72, 0.28 * 2.5 / 49.5, 0.28 * 47 / 49.5])
    assert moved(observed, before, np.array([0.3, 0.2, 0.5]), own) == pytest.approx([1, 0, 0])  # no more than all
    # One that was not there before: a tenth of the world beside the 0.9 of those who were, of all that is used.
    new = moved(np.array([0.5, 0.5, 0.0]), np.array([0.4, 0.5, 0.0]), np.array([0.4, 0.5, 0.1]), own)
    assert new[2] / new[1] == pytest.approx((0.1 / 0.9) / 0.5)


def test_nobody_makes_it() -> None:
    found = cell_origin(np.array([[10.0], [0.0]]), np.zeros((3, 1)), HOME)
    assert np.isnan(found).all()


def test_observed_origins(shipped_inputs: Inputs) -> None:
    """Of early 2026 in Europe; of South Korea and Japan nothing was found, so that there are no rows."""
    year, shares = observed_origin(shipped_inputs, "Europe") or (0, {})
    assert (year, {maker: share.value for maker, share in shares.items()}) == (
        2026, {"R_EUR": 0.48, "CHN": 0.47, "R_OTH": 0.05},
    )  # fmt: skip
    assert observed_origin(shipped_inputs, "South Korea") is None
    assert set(shipped_inputs["cell_origin"]["region"]) == {"Europe", "United States", "India"}


def test_origin_of_european_cells_from_plants(
    shipped_inputs: Inputs, europe_members: set[str], request: pytest.FixtureRequest
) -> None:
    """Calibrated on early 2026 and moved by Europe's plants and need; printed, with the ends of delivery.

    Need is of vehicles by stated policies, linear between given years; what own plants make is scaled so that they made
    the observed share in 2026, and what they do not make is bought as then. New plants are used as those that stand do,
    or run full: the own share of 2030 hangs on that.
    """
    years = [2026, 2030, 2035]
    frame = shipped_inputs["battery_demand"].query("region == 'Europe' and segment in ['car', 'van', 'truck', 'bus']")
    frame = frame[frame["scenario"].isin(["history", "stated-policies"])]
    curves = [rows.sort_values("year") for _, rows in frame.groupby("segment")]
    need = np.sum([np.interp(years, rows["year"], rows["value"]) for rows in curves], axis=0)
    _, shares = observed_origin(shipped_inputs, "Europe") or (0, {})
    observed = np.array([shares[maker].value for maker in ("R_EUR", "CHN", "R_OTH")])
    told, own = [], {}
    for full in (False, True):
        plants = supply_of_plants(shipped_inputs, years, UNDATED, full)
        plants = plants[plants["country"].isin(europe_members) & plants["node"].isin(["li_ion_cell", "na_ion_cell"])]
        made = plants.groupby("year")[["operating", "value", "low", "high"]].sum()
        scale = observed[0] * need[0] / made.loc[2026, "operating"]
        assert 0.7 < scale < 1.4, "plants that stand × utilisation are near what was observed"
        for end in ("low", "value", "high"):
            ours = np.where(np.array(years) == 2026, made["operating"], made[end]) * scale
            share = np.minimum(ours / need, 1.0)
            found = np.vstack([share, np.outer(observed[1:] / observed[1:].sum(), 1 - share)])
            assert found[:, 0] == pytest.approx(observed)
            own[full, end] = found[0]
            told.append(
                f"new plants {'run full' if full else 'as those that stand'}, {end:5} "
                f"own {', '.join(f'{y}: {share:.0%}' for y, share in zip(years, found[0], strict=True))}; "
                f"China {', '.join(f'{share:.0%}' for share in found[1])}"
            )
        assert (own[full, "low"] <= own[full, "value"]).all()
        assert (own[full, "value"] <= own[full, "high"]).all()
    assert (own[False, "value"] <= own[True, "value"]).all()
    told.append(f"plants that stand × utilisation × {scale:.2f} made Europe's own cells of early 2026")
    request.config.stash.setdefault(SECTIONS, {})["origin of cells in European vehicles, from plants"] = told


def test_plants_that_do_not_come_are_in_no_future(shipped_inputs: Inputs) -> None:
    """A future holds what stands and what is planned; ambitions and what was given up are in the lists alone."""
    plants = shipped_inputs["material_plant"]
    assert set(NOT_COMING) <= set(plants["status"]) | {"paused"}
    sweden = supply_of_plants(shipped_inputs, [2030], UNDATED).query("node == 'graphite_anode' and country == 'SWE'")
    assert sweden["value"].tolist() == pytest.approx([0.4 * 19.5])
    assert not math.isnan(sweden["high"].iloc[0])
