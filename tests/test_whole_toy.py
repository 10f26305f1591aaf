"""A run with all parts, from demand to the mix that is chosen, against numbers found by hand.

Its tables are those of tests/toy with those of tests/toy_whole in their place. Europe builds 100 GWh of cars (60 NMC,
40 LFP) and 20 GWh of stationary storage (LFP) a year, China 200 GWh of cars (LFP). Per kWh, NMC holds 0.9 kg of
graphite and 0.08 kg of cobalt, LFP 1 kg of graphite, Na-ion neither; a quarter of the graphite is natural. What is
published, a year:

    coated graphite  100 kt       China 95, Germany 5
    synthetic        400 kt       China 320, South Korea 80
    mined cobalt     4.608 kt     Namibia 70 %, other countries 30 %
    Li-ion cells     400 GWh      China 300, Europe 100
    Na-ion cells     30 GWh       China 18, Germany 10, South Korea 2
    flake graphite   nothing      so that the world makes its need of 2.5 kg a kg of coated, and a tenth more

In 2031 China may stop its exports of coated graphite, and half of Namibia's mines may stand still. Tests read the
tables of results only.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache
from math import log2
from pathlib import Path

import pandas as pd
import pytest
from conftest import TESTS

from minerals.results.result import Result
from minerals.shipped import inputs_folder
from minerals.studies.run import run

#: Price of a pack in 2031 [USD/kWh]: 100 in 2028, a fifth less at each doubling of what was made until then. 320 GWh by
#: 2027 and 320 more each year are 640 by 2028, 1280 by 2030 (one doubling) and 1600 by 2031.
PRICE = 100 * 0.8 ** log2(1600 / 640)
#: Of the average, by the observed prices of regions (130, 80) and by price_relative (NMC 1.2, LFP 0.8, Na-ion half of
#: LFP).
EUROPE, CHINA = 1.3, 0.8
NMC, LFP, NA_ION = 1.2, 0.8, 0.4
#: NMC that lifts 100 GWh of cars to the mean of 170 Wh/kg that they need, beside 17.5 of Na-ion (165 in 2031) and LFP
#: (160): 250 n + 160 (82.5 − n) + 165 × 17.5 = 17,000.
LEAST_NMC = (17_000 - 160 * 82.5 - 165 * 17.5) / 90
BOTH = "exposure.disruptions=['china-anode', 'namibia-strike']"
FLOWS = ("flows={}", "scope.beyond='hold'")

Whole = Callable[..., Result]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "tables"
    for tables in (TESTS / "toy", TESTS / "toy_whole"):
        shutil.copytree(tables, folder, dirs_exist_ok=True)
    shutil.copy(inputs_folder() / "datapackage.json", folder)
    return folder


@pytest.fixture(scope="module")
def whole(folder: Path) -> Whole:
    """The run without a choice of mix, with changes; once for each set of them."""
    return cache(lambda *sets: run(folder / "whole.toml", sets, folder))


@pytest.fixture(scope="module")
def chosen(folder: Path) -> Whole:
    """The run whose mix is chosen, with changes; once for each set of them."""
    return cache(lambda *sets: run(folder / "chosen.toml", sets, folder))


def column(result: Result, table: str, name: str = "value", **where: object) -> list[object]:
    """A column of the rows of a table that hold some labels."""
    frame = result[table]
    for label, held in where.items():
        frame = frame[frame[label] == held]
    return list(frame[name])


def one(result: Result, table: str, name: str = "value", **where: object) -> float:
    """The number in the only row of a table that holds some labels."""
    (found,) = column(result, table, name, **where)
    return float(str(found))


def near(value: float) -> object:
    """Equal but for rounding and what a solver leaves."""
    return pytest.approx(value, rel=1e-6, abs=1e-6)


# --- needs, supply and access ----------------------------------------------------------------------------------------


def test_what_the_regions_need_of_each_node(whole: Whole) -> None:
    """Europe's graphite is 60 × 0.9 + 60 × 1 = 114 kt, China's 200; a quarter of it is coated natural graphite, and
    each kg of that takes 2.5 of flake. Cobalt: 60 × 0.08 = 4.8 kt, 1.2 mined and 20 of NMC cathode for each."""
    need = {(row.node, row.region): row.value for row in whole()["reference_need"].query("year == 2031").itertuples()}
    assert need == {
        key: near(value)
        for key, value in {
            ("flake_graphite", "Europe"): 71.25, ("flake_graphite", "China"): 125,
            ("coated_graphite", "Europe"): 28.5, ("coated_graphite", "China"): 50,
            ("synthetic_graphite", "Europe"): 85.5, ("synthetic_graphite", "China"): 150,
            ("needle_coke", "Europe"): 0.8 * 85.5, ("needle_coke", "China"): 0.8 * 150,
            ("mined_cobalt", "Europe"): 5.76, ("mined_cobalt", "China"): 0,
            ("nmc_cathode", "Europe"): 96, ("nmc_cathode", "China"): 0,
            ("cell", "Europe"): 120, ("cell", "China"): 200, ("na_cell", "Europe"): 0, ("na_cell", "China"): 0,
            ("unknown_cathode", "Europe"): 60, ("unknown_cathode", "China"): 200,
            ("unknown_anode", "Europe"): 0, ("unknown_anode", "China"): 0,
        }.items()
    }  # fmt: skip
    for node, value in {"coated_graphite": 28.5, "mined_cobalt": 5.76, "cell": 120, "nmc_cathode": 96}.items():
        assert one(whole(), "coverage", node=node, measure="need", year=2031) == near(value)


def test_use_per_mass_is_told_along_the_chain(whole: Whole) -> None:
    used = {(row.node, row.per, row.route): row.value for row in whole()["node_use"].itertuples()}
    assert used["flake_graphite", "graphite", "natural"] == 2.5
    assert used["coated_graphite", "graphite", "natural"] == 1
    assert used["mined_cobalt", "cobalt", ""] == 1.2
    assert used["nmc_cathode", "cobalt", ""] == 20


def test_a_region_serves_itself_first_and_exports_the_rest(whole: Whole) -> None:
    """China makes 95 of coated graphite and needs 50; of cells 300 and needs 200. What nobody publishes: the world
    needs 196.25 kt of flake, makes 215.875 and China half of that, which is less than it needs, so that it exports
    none."""
    exports = {(row.node, row.country): row.exported for row in whole()["supply"].query("year == 2031").itertuples()}
    assert exports == {
        key: near(value)
        for key, value in {
            ("flake_graphite", "CHN"): 0, ("flake_graphite", "NAM"): 107.9375,
            ("coated_graphite", "CHN"): 45, ("coated_graphite", "DEU"): 0,
            ("synthetic_graphite", "CHN"): 170, ("synthetic_graphite", "KOR"): 80,
            ("mined_cobalt", "NAM"): 0.7 * 4.608, ("mined_cobalt", "R_OTH"): 0.3 * 4.608,
            ("cell", "CHN"): 100, ("cell", "R_EUR"): 0,
            ("na_cell", "CHN"): 18, ("na_cell", "DEU"): 10, ("na_cell", "KOR"): 2,
        }.items()
    }  # fmt: skip


#: Node → own, share of the pool, exports of the pool, accessible, share of the world's need, own ÷ need, accessible ÷
#: need, that of own and allies, that without the largest exporter.
COVERED = {
    # China lacks 125 − 107.9375 = 17.0625 of what Namibia exports and leaves the rest. No ally mines any.
    "flake_graphite": (0, 90.875 / 107.9375, 107.9375, 90.875, 71.25 / 196.25, 0, 90.875 / 71.25, 0, 0),
    "coated_graphite": (5, 1, 45, 50, 28.5 / 78.5, 5 / 28.5, 50 / 28.5, 5 / 28.5, 5 / 28.5),
    # South Korea is an ally and exports all: 80 for 85.5.
    "synthetic_graphite": (0, 1, 250, 250, 85.5 / 235.5, 0, 250 / 85.5, 80 / 85.5, 80 / 85.5),
    # Only Europe needs cobalt; without Namibia three tenths are left.
    "mined_cobalt": (0, 1, 4.608, 4.608, 1, 0, 0.8, 0, 0.3 * 0.8),
    "cell": (100, 1, 100, 200, 120 / 320, 100 / 120, 200 / 120, 100 / 120, 100 / 120),
}  # fmt: skip
MEASURES = ("own", "share_of_pool", "exported", "accessible", "share_of_world_need", "own_coverage",
            "accessible_coverage", "friendly_coverage", "without_largest_coverage")  # fmt: skip


@pytest.mark.parametrize("node", COVERED)
def test_what_europe_can_get_of_a_node(node: str, whole: Whole) -> None:
    told = [one(whole(), "coverage", node=node, measure=measure, year=2031) for measure in MEASURES]
    assert told == [near(value) for value in COVERED[node]]


def test_where_nobody_needs_a_node_its_pool_is_shared_by_batteries(chosen: Whole) -> None:
    """Europe has 120 of 320 GWh: 0.375 of the 18 + 2 that others export, beside Germany's 10. South Korea is an
    ally."""
    at = {"scenario": "optimised", "node": "na_cell", "year": 2031}
    told = {measure: one(chosen(), "coverage", measure=measure, **at)
            for measure in ("own", "share_of_pool", "exported", "accessible", "friendly_coverage")}  # fmt: skip
    assert told == {"own": near(10), "share_of_pool": near(0.375), "exported": near(20), "accessible": near(17.5),
                    "friendly_coverage": near((10 + 0.375 * 2) / 17.5)}  # fmt: skip


def test_sources_of_graphite_are_followed_to_the_mine(whole: Whole) -> None:
    """Of 114 kt, 20 are coated in Germany (5 of 28.5) and 94 in China. Germany's flake is Namibia's, which alone
    exports; China's is half its own and half Namibia's."""
    flows = whole()["sourcing"].query("year == 2031 and chain == 'graphite'")
    keys = zip(flows["stage_from"], flows["country_from"], flows["country_to"], strict=True)
    assert dict(zip(keys, flows["value"], strict=True)) == {
        ("active_material", "CHN", "Europe"): near(94), ("active_material", "DEU", "Europe"): near(20),
        ("mining", "CHN", "CHN"): near(47), ("mining", "NAM", "CHN"): near(47), ("mining", "NAM", "DEU"): near(20),
    }  # fmt: skip


def test_rules_of_trade(whole: Whole) -> None:
    """A tenth from own mines and those of allies; most from one country 0.65; no anodes from China: 23.5 of 28.5
    are."""
    rules = whole()["trade_rules"].query("year == 2031")
    told = {(row.kind, row.node): (row.value, row.limit, row.country, row.met) for row in rules.itertuples()}
    assert told == {
        ("minimum_own", "flake_graphite"): (near(0), 0.1, "", "no"),
        ("minimum_own", "mined_cobalt"): (near(0), 0.1, "", "no"),
        ("maximum_single", "flake_graphite"): (near(1), 0.65, "NAM", "no"),
        ("maximum_single", "coated_graphite"): (near(23.5 / 28.5), 0.65, "CHN", "no"),
        ("maximum_single", "mined_cobalt"): (near(0.7), 0.65, "NAM", "no"),
        ("exclusion", "coated_graphite"): (near(23.5 / 28.5), 0, "", "no"),
        ("exclusion", "synthetic_graphite"): (near(170 / 250), 0, "", "no"),
    }


# --- concentration ---------------------------------------------------------------------------------------------------

#: Node → measure → value, low, high. Risk by governance: 0.5 − mean of six ÷ 5: China 0.55, Namibia 0.45, Germany 0.2,
#: South Korea 0.3; a group has the mean of the node's named countries. Allies: South Korea, Finland.
CONCENTRATION = {
    "coated_graphite": {
        "top1": (0.95, 0.95, 0.95), "top3": (1, 1, 1), "n1_left": (0.05, 0.05, 0.05), "concern_share": (0.95,) * 3,
        "hhi": (0.95**2 + 0.05**2,) * 3, "hhi_wgi": (0.95**2 * 0.55 + 0.05**2 * 0.2,) * 3,
        "non_allied_share": (1, 1, 1),
    },
    # Other countries may be one, of China or of the allies, or many.
    "mined_cobalt": {
        "top1": (0.7, 0.7, 0.7), "top3": (0.7, 0.7, 1), "n1_left": (0.3, 0.3, 0.3), "concern_share": (0, 0, 0.3),
        "hhi": (0.58, 0.49, 0.58), "hhi_wgi": (0.58 * 0.45, 0.49 * 0.45, 0.58 * 0.45), "non_allied_share": (1, 0.7, 1),
    },
    # Europe as a whole is a group, but none of China's and no ally.
    "cell": {
        "top1": (0.75, 0.75, 0.75), "top3": (0.75, 0.75, 1), "n1_left": (0.25, 0.25, 0.25),
        "concern_share": (0.75, 0.75, 0.75), "hhi": (0.625, 0.5625, 0.625),
        "hhi_wgi": (0.625 * 0.55, 0.5625 * 0.55, 0.625 * 0.55), "non_allied_share": (1, 1, 1),
    },
    "na_cell": {
        "top1": (0.6, 0.6, 0.6), "n1_left": (0.4, 0.4, 0.4), "concern_share": (0.6, 0.6, 0.6), "top3": (1, 1, 1),
        "hhi": (0.36 + 1 / 9 + 1 / 225,) * 3, "hhi_wgi": (0.36 * 0.55 + 0.2 / 9 + 0.3 / 225,) * 3,
        "non_allied_share": (14 / 15,) * 3,
    },
}  # fmt: skip


@pytest.mark.parametrize("node", CONCENTRATION)
def test_concentration_of_a_node_and_its_ends(node: str, whole: Whole) -> None:
    rows = whole()["concentration"].query("year == 2031 and node == @node")
    told = {row.measure: (row.value, row.low, row.high) for row in rows.itertuples()}
    assert told == {measure: tuple(map(near, ends)) for measure, ends in CONCENTRATION[node].items()}
    (largest,) = column(whole(), "concentration", "country", node=node, measure="top1", year=2031)
    assert largest == {"mined_cobalt": "NAM"}.get(node, "CHN")


def test_nodes_whose_makers_nobody_knows_are_said_to_be_unknown(whole: Whole) -> None:
    """By their largest share alone, between nothing and all; China is taken to lead."""
    found = whole()["concentration"]
    unknown = found[found["value"].isna()]
    assert set(unknown["node"]) == {"nmc_cathode", "unknown_cathode", "unknown_anode", "needle_coke"}
    assert set(found.loc[found["node"].isin(unknown["node"]), "measure"]) == {"top1"}
    told = unknown[["country", "confidence", "low", "high", "data_year"]].drop_duplicates()
    assert told.to_numpy().tolist() == [["CHN", "unknown", 0, 1, 2028]]


def test_exposure_of_a_chemistry_is_its_weakest_link(chosen: Whole) -> None:
    """Cells lead cobalt, 0.625 to 0.58. No node must be used: of graphite both routes would have to be known."""

    def weakest(chemistry: str, measure: str, among: str) -> tuple[float, object]:
        at = {"chemistry": chemistry, "measure": measure, "among": among, "year": 2031}
        (node,) = column(chosen(), "exposure", "node", **at)
        return one(chosen(), "exposure", **at), node

    assert weakest("nmc811", "weakest_hhi", "all") == (near(0.625), "cell")
    assert weakest("nmc811", "weakest_hhi", "cathode") == (near(0.58), "mined_cobalt")
    assert weakest("nmc811", "weakest_concern", "all") == (near(0.75), "cell")
    assert weakest("lfp", "weakest_hhi", "all") == (near(0.625), "cell")
    assert weakest("na_layered", "weakest_hhi", "all") == (near(0.36 + 1 / 9 + 1 / 225), "na_cell")
    assert weakest("na_layered", "weakest_concern", "cell") == (near(0.6), "na_cell")


def test_exposure_of_a_plan_and_its_ends(whole: Whole) -> None:
    """Half of the plan is NMC, which cobalt and a cathode of unknown makers go into; LFP's cathode is unknown too."""

    def told(**where: object) -> tuple[float, ...]:
        at = {"scenario": "plan", "region": "Europe", "year": 2031, **where}
        return tuple(one(whole(), "exposure", end, **at) for end in ("value", "low", "high"))

    for node, dependent, share in (("mined_cobalt", 0.5, 0.7), ("cell", 1, 0.75), ("coated_graphite", 1, 0.95)):
        assert told(node=node, measure="dependent_gwh")[0] == near(dependent)
        assert told(node=node, measure="exposure_top1")[0] == near(dependent * share)
    assert told(node="flake_graphite", measure="exposure_concern")[0] == near(0.5)
    assert told(node="mined_cobalt", measure="exposure_concern")[0] == 0
    assert told(measure="weakest_hhi", among="mining") == (near(0.29), near(0.29), near(0.29))
    # An unknown node may be any country's: cathodes of NMC are as exposed as cobalt at least, those of LFP wholly.
    assert told(measure="weakest_hhi", among="cathode") == (near(0.29), near(0.29), near(0.5 * 0.58 + 0.5))
    assert told(measure="weakest_concern", among="cathode") == (near(0), near(0), near(0.5))
    assert told(measure="weakest_hhi", among="active_material") == (near(0), near(0), near(1))


def test_what_passes_through_china_at_any_stage(whole: Whole) -> None:
    """At a quarter of natural graphite, 0.25 × 0.5 of flake and 0.25 × 0.95 of coated, 0.75 × 0.8 of synthetic, and
    0.75 of cells: at least the largest, at most the sum, which passes one. NMC adds cobalt, of which China has none."""
    independent = 1 - (1 - 0.25 * 0.5) * (1 - 0.25 * 0.95) * (1 - 0.75 * 0.8) * (1 - 0.75)
    for chemistry in ("nmc811", "lfp"):
        at = {"chemistry": chemistry, "measure": "path_concern", "year": 2031}
        told = [one(whole(), "exposure", end, **at) for end in ("low", "value", "high")]
        assert told == [near(0.75), near(independent), near(1)]


# --- disruptions -----------------------------------------------------------------------------------------------------


def lost(result: Result, disruption: str = "china-anode", **where: object) -> tuple[float, float, float]:
    """Shortage, GWh at risk by best reallocation, and proportionally, of the plan in 2031."""
    at = {"scenario": "plan", "disruption": disruption, "year": 2031, **where}
    return tuple(one(result, "disruptions", name, **at)
                 for name in ("shortage", "at_risk_best", "at_risk_proportional"))  # type: ignore[return-value]  # fmt: skip


def test_a_stop_of_exports(whole: Whole) -> None:
    """Cobalt is enough for 4.608 ÷ 0.096 = 48 GWh of NMC, so 12 GWh of the plan are short in any case.

    With the stop 5 kt of coated graphite are left; at least a tenth of the graphite is natural, so there are 50 kt. NMC
    takes 43.2 of them, LFP 6.8: 53.2 GWh of 108 cannot be built. Proportionally, 48 × 0.9 + 60 = 103.2 kt of graphite
    are a quarter natural, 25.8 kt, and all are cut to 5 ÷ 25.8.
    """
    assert lost(whole()) == (near(12), near(53.2), near(108 * (1 - 5 / 25.8)))
    (node,) = column(whole(), "disruptions", "binding_node", year=2031)
    assert node == "coated_graphite"
    assert one(whole(), "disruptions", "share_best", year=2031) == near(53.2 / 120)
    assert one(whole(), "disruptions", "planned", year=2031) == near(120)
    assert column(whole(), "disruptions", year=2030, name="planned") == [], "it starts in 2031"


def test_who_loses_what(whole: Whole) -> None:
    """Best: LFP alone, in cars and storage as they are planned, 40 to 20. Proportionally: 48 NMC, 40 and 20 LFP."""
    cut = 1 - 5 / 25.8
    rows = whole()["gwh_at_risk"]
    keys = zip(rows["allocation"], rows["segment"], rows["chemistry"], strict=True)
    assert dict(zip(keys, rows["value"], strict=True)) == {
        ("best", "car", "lfp"): near(53.2 * 2 / 3), ("best", "stationary", "lfp"): near(53.2 / 3),
        ("proportional", "car", "nmc811"): near(48 * cut), ("proportional", "car", "lfp"): near(40 * cut),
        ("proportional", "stationary", "lfp"): near(20 * cut),
    }  # fmt: skip


def test_what_a_node_that_binds_is_worth(whole: Whole) -> None:
    """A hundredth of the need of 28.5 kt of coated graphite lets 2.85 kt of graphite, that many GWh of LFP, be built.
    A hundredth of cobalt is 0.6 GWh of NMC, whose graphite takes the place of 0.54 of LFP."""
    rows = whole()["binding_nodes"].set_index("node")
    assert rows["value"].to_dict() == {"coated_graphite": near(2.85), "mined_cobalt": near(0.6 - 0.54)}
    assert rows["covered"].to_dict() == {"coated_graphite": near(5 / 28.5), "mined_cobalt": near(0.8)}


def test_what_is_short_without_a_disruption(whole: Whole) -> None:
    short = whole()["shortage"]
    assert short[["node", "year"]].values.tolist() == [["mined_cobalt", 2030], ["mined_cobalt", 2031]]
    assert short["value"].tolist() == [near(12), near(12)]


def test_what_more_supply_would_lower_the_loss(whole: Whole) -> None:
    """Each GWh of LFP takes a tenth of a kt, so 80 % less at risk takes 0.8 × 53.2 ÷ 10 = 4.256 kt."""
    gap = whole()["supply_gap"].set_index("cut")["value"].to_dict()
    assert gap == {cut: near(cut * 5.32) for cut in (0.5, 0.8, 1.0)}


def test_what_is_accessible_and_what_is_cut(whole: Whole) -> None:
    at = {"node": "coated_graphite", "year": 2031}
    told = {name: one(whole(), "accessible", name, **at) for name in ("need", "without", "value", "own", "exported")}
    assert told == {"need": near(28.5), "without": near(50), "value": near(5), "own": near(5), "exported": near(0)}
    cut = whole()["supply_cut"]
    assert cut[["country", "value", "exported"]].values.tolist() == [["CHN", near(95), near(0)]]


def test_a_stockpile_stands_in_for_what_is_taken_away(whole: Whole) -> None:
    """A month of need is 28.5 ÷ 12 = 2.375 kt: of 73.75 kt of graphite LFP takes 30.55, and 29.45 GWh are at risk. Two
    years of it are more than the stop takes away, and no more than that is replaced."""
    month = whole("exposure.stockpile_months=1")
    assert lost(month) == (near(12), near(60 - 30.55), near(108 * (1 - 7.375 / 25.8)))
    assert one(month, "accessible", "stockpile") == near(2.375)
    year = whole("exposure.stockpile_months=24")
    assert lost(year) == (near(12), 0, 0)


def test_a_cut_of_output(whole: Whole) -> None:
    """Half of Namibia's 0.7: 0.65 of 4.608 kt are left, 31.2 GWh of NMC instead of 48, whatever is reallocated."""
    found = whole(BOTH)
    assert lost(found, "namibia-strike") == (near(12), near(16.8), near(16.8))
    assert lost(found) == (near(12), near(53.2), near(108 * (1 - 5 / 25.8)))
    rows = found["accessible"].query("disruption == 'namibia-strike'")
    assert rows[["node", "without", "value"]].values.tolist() == [["mined_cobalt", near(4.608), near(2.9952)]]
    (node,) = column(found, "disruptions", "binding_node", disruption="namibia-strike")
    assert node == "mined_cobalt"


def test_a_country_that_closes_has_its_own_supply(whole: Whole) -> None:
    """China lacks no anodes that it makes itself; Europe loses what it loses alone. Of the world's need of flake it may
    have its own share, so nothing is short there either."""
    found = whole("scope.regions=['World']")
    assert lost(found, region="Europe") == (near(12), near(53.2), near(108 * (1 - 5 / 25.8)))
    assert lost(found, region="China") == (0, 0, 0)
    strike = whole("scope.regions=['World']", BOTH)
    pool = strike["disruptions"].query("disruption == 'namibia-strike'")["region"].tolist()
    assert pool == ["World"]
    assert lost(strike, "namibia-strike") == (near(12), near(16.8), near(16.8))


def test_without_a_bound_of_the_route_graphite_moves_to_the_synthetic_one(folder: Path) -> None:
    """No natural graphite need be used, and nobody limits the synthetic one: nothing is at risk, unless all are cut
    alike. A least share of a fifth lets half as much be built: 25 kt, 27.78 GWh of NMC."""
    table = folder / "graphite_route_bound.csv"
    text = table.read_text(encoding="utf-8")
    losses = {}
    try:
        for low in ("0", "0.2"):
            table.write_text(text.replace("low,0.1,", f"low,{low},"), encoding="utf-8")
            losses[low] = lost(run(folder / "whole.toml", ["scope.years=2031"], folder))
    finally:
        table.write_text(text, encoding="utf-8")
    proportional = 108 * (1 - 5 / 25.8)
    assert losses == {
        "0": (near(12), 0, near(proportional)),
        "0.2": (near(12), near(108 - 25 / 0.9), near(proportional)),
    }


# --- what is recycled ------------------------------------------------------------------------------------------------


def test_what_comes_back_relieves_the_mine(whole: Whole) -> None:
    """Cars last two years: in 2031 the 55 GWh of NMC of 2029 return with 4.4 kt of cobalt, of which 0.3 is reused,
    0.8 of the rest is collected, and 0.25 × 0.8 + 0.75 × 0.9 = 0.875 of that is recovered: 2.156 kt. Lines of full
    age lose a twentieth: 4.8 ÷ 0.95 kt go in, and 0.875 of the scrap comes back. A kg recovered saves 1.2 of mining.
    Of graphite 55 × 0.9 + 45 kt return, and 0.75 × 0.2 of what is collected is recovered: as a quarter of it would
    be natural, that saves 2.5 of flake and 0.8 of needle coke."""
    found = whole(*FLOWS)
    flows = {
        row.flow: row.value for row in found["mineral_flows"].query("mineral == 'cobalt' and year == 2031").itertuples()
    }
    input, scrap = 4.8 / 0.95, 4.8 / 0.95 * 0.05
    recovered = 4.4 * 0.7 * 0.8 * 0.875 + scrap * 0.875
    assert flows["input"] == near(input)
    assert flows["retired"] == near(4.4)
    assert flows["secondary_supply"] == near(recovered)
    assert flows["primary_demand"] == near(input - recovered)
    told = {m: one(found, "coverage", node="mined_cobalt", measure=m, year=2031)
            for m in ("need", "recovered", "accessible", "own_coverage")}  # fmt: skip
    assert told == {"need": near(1.2 * input), "recovered": near(1.2 * recovered),
                    "accessible": near(4.608 + 1.2 * recovered), "own_coverage": near(recovered / input)}  # fmt: skip
    graphite = (94.5 * 0.7 * 0.8 + 120 * 0.05) * 0.15
    for node, saved in (("flake_graphite", 0.25 * 2.5), ("needle_coke", 0.75 * 0.8), ("coated_graphite", 0)):
        assert one(found, "coverage", node=node, measure="recovered", year=2031) == near(graphite * saved)
    # The reference world imports what recycling leaves, and active material is lost with scrap but not relieved.
    assert one(found, "reference_need", node="mined_cobalt", region="Europe", year=2031) == near(
        1.2 * (input - recovered)
    )
    assert one(found, "coverage", node="nmc_cathode", measure="need", year=2031) == near(20 * input)
    assert one(found, "coverage", node="nmc_cathode", measure="recovered", year=2031) == 0
    assert one(found, "coverage", node="cell", measure="need", year=2031) == near(120)
    # 50 kt of graphite are 47.5 in cells, less than NMC alone holds: 52.78 GWh of 120 are built.
    assert lost(found)[:2] == (near(0), near(120 - 47.5 / 0.9))


def test_own_reserves(whole: Whole) -> None:
    """500 kt of cobalt lie in Germany, 9.5 Mt elsewhere."""
    assert one(whole(), "coverage", node="mined_cobalt", measure="own_share_of_reserves", year=2031) == near(0.05)


# --- prices ----------------------------------------------------------------------------------------------------------


def test_prices_fall_with_each_doubling(whole: Whole) -> None:
    for year, made in ((2030, 1280), (2031, 1600)):
        assert one(whole(), "cumulative_energy", year=year) == near(made)
        assert one(whole(), "price", "doublings", year=year) == near(log2(made / 640))
        assert one(whole(), "price", year=year) == near(100 * 0.8 ** log2(made / 640))
    assert one(whole(), "price", "low", year=2030) == near(70), "a learning rate of 0.3"
    assert one(whole(), "price", "high", year=2030) == near(90)


def test_the_gap_to_china_is_told_as_a_tariff_and_a_credit(whole: Whole) -> None:
    gap = {
        row.measure: (row.value, row.low, row.high)
        for row in whole()["price_parity"].query("year == 2030").itertuples()
    }
    assert gap["gap"] == gap["credit"] == (near(0.5 * 80), near(0.4 * 80), near(0.6 * 80))
    assert gap["tariff"] == (near(130 / 80 - 1), near(120 / 80 - 1), near(140 / 80 - 1))


def test_batteries_cost_what_cells_cost_where_they_are_made(whole: Whole) -> None:
    rows = whole()["battery_cost"].query("year == 2031")
    cost = dict(zip(zip(rows["segment"], rows["chemistry"], strict=True), rows["value"], strict=True))
    assert cost == {
        ("car", "nmc811"): near(60 * EUROPE * NMC * PRICE), ("car", "lfp"): near(40 * EUROPE * LFP * PRICE),
        ("stationary", "lfp"): near(20 * EUROPE * LFP * PRICE),
    }  # fmt: skip


# --- the mix ---------------------------------------------------------------------------------------------------------


def gwh(result: Result) -> dict[str, float]:
    """Batteries of the chosen mix in Europe in 2031, by chemistry [GWh]."""
    cells = result["cells"].query("scenario == 'optimised' and year == 2031 and region == 'Europe'")
    return {str(name): float(value) for name, value in cells.groupby("chemistry")["value"].sum().items() if value > 0}


def mix(nmc: float, lfp: float, na_ion: float) -> dict[str, object]:
    return {"nmc811": near(nmc), "lfp": near(lfp), "na_layered": near(na_ion)}


def stage(result: Result, name: str = "objective") -> float:
    return one(result, "mix_stage", stage=name)


def test_the_mix_that_loses_least(chosen: Whole) -> None:
    """Na-ion holds no graphite: all 17.5 GWh that Europe can get. Of the rest NMC holds less graphite than LFP: as
    much of it as cobalt allows, 48 GWh. If the stop comes, 43.2 of 50 kt of graphite go into those, and 6.8 GWh of
    the 54.5 of LFP can be built: 47.7 are lost."""
    found = chosen()
    assert gwh(found) == mix(48, 54.5, 17.5)
    assert stage(found) == near(47.7)
    (row,) = found["mix_loss"].to_dict("records")
    assert (row["value"], row["incumbent"], row["floor"], row["wanted"], row["weight"]) == (
        near(47.7), near(53.2 + 12), near(47.7), near(120), 1)  # fmt: skip
    assert (row["at_floor"], row["binding_node"]) == ("yes", "coated_graphite")
    assert lost(found, scenario="optimised")[:2] == (near(0), near(47.7))
    # 24.425 kt of coated graphite are needed for 97.7 of graphite.
    assert lost(found, scenario="optimised")[2] == near(102.5 * (1 - 5 / (97.7 / 4)))


def test_what_it_costs_and_where_its_cells_are_made(chosen: Whole) -> None:
    """China's cells are cheaper: all 100 GWh that it exports, and 7.5 of Na-ion. Of the rest Europe makes what gains
    least by import: LFP."""
    traded = {(row.chemistry, row.measure): row.value for row in chosen()["mix_trade"].itertuples()}
    assert traded == {
        ("nmc811", "imports"): near(48), ("lfp", "imports"): near(52), ("lfp", "production"): near(2.5),
        ("na_layered", "imports"): near(7.5), ("na_layered", "production"): near(10),
    }  # fmt: skip
    bought, made = 48 * NMC + 52 * LFP + 7.5 * NA_ION, 2.5 * LFP + 10 * NA_ION
    assert stage(chosen(), "cost") == near((CHINA * bought + EUROPE * made) * PRICE)
    parts = {row.part: row.value for row in chosen()["mix_cost"].query("mix == 'optimised'").itertuples()}
    assert parts == {"packs": near(EUROPE * (bought + made) * PRICE),
                     "imports": near((CHINA - EUROPE) * bought * PRICE), "lines built": near(0),
                     "lines retrofitted": near(0), "excess": near(0)}  # fmt: skip


def test_where_its_nodes_are_supplied_from(chosen: Whole) -> None:
    """Coated graphite as usual, 5 of 28.5 from Germany, though 5 of 24.425 could be; of cobalt all there is."""
    rows = chosen()["mix_sourcing"].query("year == 2031")
    share = {(row.node, row.country): row.share for row in rows.itertuples()}
    approx = {key: pytest.approx(value, abs=1e-5) for key, value in {
        ("flake_graphite", "NAM"): 1, ("coated_graphite", "CHN"): 23.5 / 28.5, ("coated_graphite", "DEU"): 5 / 28.5,
        ("mined_cobalt", "NAM"): 0.7, ("mined_cobalt", "R_OTH"): 0.3, ("cell", "CHN"): 100 / 102.5,
        ("cell", "R_EUR"): 2.5 / 102.5, ("na_cell", "CHN"): 6.75 / 17.5, ("na_cell", "DEU"): 10 / 17.5,
        ("na_cell", "KOR"): 0.75 / 17.5, ("synthetic_graphite", "CHN"): 0.68, ("synthetic_graphite", "KOR"): 0.32,
    }.items()}  # fmt: skip
    assert share == approx
    met = {row.node: row.met for row in chosen()["mix_rule"].itertuples()}
    ruled = {"flake_graphite": "no", "coated_graphite": "no", "mined_cobalt": "no"}
    assert met == {**ruled, "synthetic_graphite": "", "cell": "", "na_cell": ""}
    (hhi,) = column(chosen(), "mix_rule", "hhi", node="mined_cobalt")
    assert hhi == pytest.approx(0.58, abs=1e-5)


def limits(result: Result, stage: str) -> dict[str, tuple[float, float, float]]:
    """What limits are worth in a stage, by sentence: their duals, and what a step of them gains."""
    rows = result["mix_limit"].query("stage == @stage")
    return {str(row.limit): (row.value, row.step, row.gain) for row in rows.itertuples()}


def test_what_limits_of_the_mix_are_worth(chosen: Whole) -> None:
    """A kt of coated graphite under the stop lets 10 kt of graphite be used: 10 GWh. A GWh of Na-ion is one GWh. A
    kt of mined cobalt is 1 ÷ 0.096 GWh of NMC for LFP, which saves 0.1 kt of graphite each: 1.0417 GWh, up to 55.56
    GWh of NMC, which all 50 kt of graphite go into: 7.56 GWh, 0.7253 kt more."""
    cobalt = (near(0.1 / 0.096), near((50 / 0.9 - 48) * 0.096), near((50 / 0.9 - 48) * 0.1))
    one_gwh = (near(1), near(1), near(1))
    assert limits(chosen(), "objective") == {
        "coated graphite that Europe can get if China stops anodes": (near(10), near(1), near(10)),
        "supply of Na-ion cell from China": one_gwh,
        "supply of Na-ion cell from others": one_gwh,
        "supply of Na-ion cell from Europe": one_gwh,
        "supply of mined cobalt from Namibia": cobalt,
        "supply of mined cobalt from Other countries": cobalt,
    }
    at = {row.limit: row.at for row in chosen()["mix_limit"].query("stage == 'objective'").itertuples()}
    assert at["coated graphite that Europe can get if China stops anodes"] == near(5)
    assert at["supply of mined cobalt from Namibia"] == near(0.7 * 4.608)
    assert at["supply of Na-ion cell from China"] == near(0.375 * 18)


def test_the_cheapest_mix(chosen: Whole) -> None:
    """Na-ion is cheapest, and in cars lifts the mean Wh/kg: 165 in 2031, LFP 160, NMC 250, and 170 are needed. Of 100
    GWh, 17.5 are Na-ion and 90 n = 17,000 − 160 × 82.5 − 165 × 17.5: n = 10.1389 GWh of NMC."""
    n = LEAST_NMC
    found = chosen("optimise.objective='cost'")
    assert gwh(found) == mix(n, 102.5 - n, 17.5)
    cost = (CHINA * (n * NMC + (100 - n) * LFP + 7.5 * NA_ION) + EUROPE * (2.5 * LFP + 10 * NA_ION)) * PRICE
    assert stage(found) == stage(found, "cheapest") == stage(chosen(), "cheapest") == near(cost)
    # n < 55.56, so 50 kt of graphite build n and 50 − 0.9 n of LFP.
    assert one(found, "mix_loss") == near(102.5 - 50 - 0.1 * n)
    # One Wh/kg of 100 GWh is 100 ÷ 90 GWh of NMC for LFP. A GWh of Na-ion replaces one of LFP made at home, and lifts
    # the mean by 5, for which 5 ÷ 90 GWh of NMC are LFP. A cell of China's for one made at home is half the price of
    # LFP.
    dearer = CHINA * (NMC - LFP)
    worth = {name: value for name, (value, *_) in limits(found, "cheapest").items()}
    assert worth == {
        "least specific energy of cars in Europe": near(100 / 90 * dearer * PRICE),
        "supply of Na-ion cell from China": near((EUROPE * LFP - CHINA * NA_ION + 5 / 90 * dearer) * PRICE),
        "supply of Na-ion cell from others": near((EUROPE * LFP - CHINA * NA_ION + 5 / 90 * dearer) * PRICE),
        "supply of Na-ion cell from Europe": near((EUROPE * (LFP - NA_ION) + 5 / 90 * dearer) * PRICE),
        "supply of cell from China": near((EUROPE - CHINA) * LFP * PRICE),
    }


#: Risk → GWh of NMC, objective. With both disruptions at one weight, n of NMC lose 52.5 − 0.1 n to the stop, and what
#: passes 31.2 to the strike.
RISKS = {
    "expected": (31.2, (52.5 - 3.12) / 2),
    "worst": (48, 47.7),
    # The worst 0.75: all of the stop, half of the strike.
    "cvar": (31.2, (0.5 * (52.5 - 3.12)) / 0.75),
}


@pytest.mark.parametrize("risk", RISKS)
def test_two_disruptions_are_weighed_by_the_risk(risk: str, chosen: Whole) -> None:
    nmc, objective = RISKS[risk]
    found = chosen(BOTH, f"optimise.risk='{risk}'", *(["optimise.level=0.25"] if risk == "cvar" else []))
    assert gwh(found) == mix(nmc, 102.5 - nmc, 17.5)
    assert stage(found) == near(objective)
    assert one(found, "mix_loss", disruption="namibia-strike") == near(nmc - 31.2)
    assert one(found, "mix_loss", "incumbent", disruption="namibia-strike") == near(60 - 31.2)


def test_a_disruption_counts_by_its_likelihood(chosen: Whole) -> None:
    """At 12 to 1 less graphite is worth more than less cobalt: 1.2 to 1 for each GWh of NMC."""
    found = chosen(BOTH, "optimise.likelihood={china-anode=12}")
    assert gwh(found) == mix(48, 54.5, 17.5)
    assert stage(found) == near((12 * 47.7 + 16.8) / 13)


def test_a_weighted_sum_goes_over_to_the_cheaper_mix_where_cost_weighs_more(chosen: Whole) -> None:
    """A GWh of NMC for LFP lowers the loss by 0.1 and costs 0.32 × 74.45 = 23.8 million: from 0.0042 on it is too
    dear."""
    for weight, nmc in ((0.004, 48), (0.0043, LEAST_NMC)):
        found = chosen("optimise.objective='weighted'", f"optimise.weights={{expected=1, cost={weight}}}")
        assert gwh(found) == mix(nmc, 102.5 - nmc, 17.5)
        cost = CHINA * (nmc * NMC + (100 - nmc) * LFP + 7.5 * NA_ION) + EUROPE * (2.5 * LFP + 10 * NA_ION)
        assert stage(found) == near(52.5 - 0.1 * nmc + weight * cost * PRICE)


def test_caps_of_cost_and_of_what_is_at_risk(chosen: Whole) -> None:
    """Under a cap of 5 % above the cheapest, NMC that costs 0.32 a GWh more; and the cheapest with as little at
    risk."""
    least = LEAST_NMC
    base = CHINA * (least * NMC + (100 - least) * LFP + 7.5 * NA_ION) + EUROPE * (2.5 * LFP + 10 * NA_ION)
    nmc = least + 0.05 * base / (CHINA * (NMC - LFP))
    capped = chosen("optimise.cost_cap=0.05")
    assert gwh(capped) == mix(nmc, 102.5 - nmc, 17.5)
    assert stage(capped) == near(52.5 - 0.1 * nmc)
    other = chosen("optimise.objective='cost'", "optimise.exposure_cap=49.5")
    assert gwh(other) == mix(30, 72.5, 17.5)


def test_the_least_concentrated_mix(chosen: Whole) -> None:
    """Na-ion as far as it goes, at an HHI of its cells of 0.4756; NMC and LFP have the 0.625 of Li-ion cells."""
    found = chosen("optimise.objective='concentration'")
    assert stage(found) == near(102.5 * 0.625 + 17.5 * (0.36 + 1 / 9 + 1 / 225))
    # Among cathodes NMC is as exposed as cobalt. LFP's makers are unknown, so it may be exposed wholly; so may Na-ion.
    among = chosen("optimise.objective='concentration'", "optimise.among='cathode'")
    assert gwh(among)["nmc811"] == near(48)
    assert stage(among) == near(48 * 0.58 + 72)


def test_growth_from_one_year_to_the_next(chosen: Whole) -> None:
    """Na-ion begins at nothing: its seed of 0.02 of 120 GWh. Cobalt still bounds NMC, below 1.5 × 0.5 + 0.02."""
    found = chosen("optimise.growth='value'")
    assert gwh(found) == mix(48, 69.6, 2.4)
    assert stage(found) == near(120 - 2.4 - 54.8)


def test_cells_made_at_home(chosen: Whole) -> None:
    """0.9 of 120 GWh: the 12 that are bought are the 7.5 of Na-ion that home has no plants for, and NMC, dearest."""
    found = chosen("optimise.own_share={2031=0.9}")
    assert gwh(found) == mix(48, 54.5, 17.5)
    home = 43.5 * NMC + 54.5 * LFP + 10 * NA_ION
    assert stage(found, "cost") == near((CHINA * (7.5 * NA_ION + 4.5 * NMC) + EUROPE * home) * PRICE)


def test_suppliers_that_are_excluded(chosen: Whole) -> None:
    """Without cells from China 100 GWh of Li-ion and 10.75 of Na-ion (Germany's, South Korea's) are left: 9.25 go
    unmet, and of what is built 50 kt of graphite are enough for 54.8 of 100."""
    found = chosen("optimise.exclude='china'", "optimise.exclude_stages=['cell']", "optimise.exclude_since=2031",
                   "optimise.unmet=true")  # fmt: skip
    assert stage(found, "unmet_demand") == near(9.25)
    assert gwh(found) == mix(48, 52, 10.75)
    assert stage(found) == near(9.25 + 100 - 54.8)
    # Prices of China's cells end with them: the 0.75 of South Korea cost what the world's do, 1.0.
    cost = EUROPE * (48 * NMC + 52 * LFP + 10 * NA_ION) + 0.75 * NA_ION
    assert stage(found, "cost") == near(cost * PRICE)


def test_what_one_country_supplies_above_its_share_is_priced(chosen: Whole) -> None:
    """0.65 of the need is free. Namibia digs all flake (2.5 × a quarter of the graphite), China coats what Germany does
    not; cobalt of the cheapest mix is little enough to come from others."""
    found = chosen("optimise.objective='cost'", "optimise.one_country='soft'", "optimise.one_country_price=1")
    n = LEAST_NMC
    coated = (0.9 * n + 102.5 - n) / 4
    excess = 0.35 * 2.5 * coated + (coated - 5) - 0.65 * coated
    assert gwh(found) == mix(n, 102.5 - n, 17.5)
    (told,) = column(found, "mix_cost", mix="optimised", part="excess")
    assert told == near(excess)
    assert stage(found) == near(stage(chosen(), "cheapest") + excess)


def test_two_regions_share_what_there_is(chosen: Whole) -> None:
    """Cars of China need 170 Wh/kg too: it has 12.5 of 30 GWh of Na-ion, the most that leaves Europe its 17.5, and
    90 n = 34,000 − 160 × 187.5 − 165 × 12.5 of NMC, for which the reference world leaves it no cobalt: n = 21.5278
    GWh lost. The rest of 48 is Europe's."""
    found = chosen("scope.regions=['World']")
    china = (34_000 - 160 * 187.5 - 165 * 12.5) / 90
    europe = 48 - china
    assert gwh(found) == mix(europe, 102.5 - europe, 17.5)
    assert stage(found) == near(52.5 - 0.1 * europe + china)


def test_a_stockpile_is_a_share_of_what_the_mix_needs(chosen: Whole) -> None:
    """A month of a quarter of its graphite g = 102.5 − 0.1 n: 50 + 10 × g ÷ 48 kt can be used, and 48 of NMC take
    43.2."""
    found = chosen("exposure.stockpile_months=1")
    graphite = 102.5 - 4.8
    assert gwh(found) == mix(48, 54.5, 17.5)
    assert stage(found) == near(54.5 - (50 + 10 * graphite / 48 - 43.2))


def test_the_mix_takes_back_what_its_past_returns(chosen: Whole) -> None:
    """2.156 kt of cobalt return, and 0.875 of a twentieth of what goes in: 4.608 + 1.2 × 2.156 kt are enough for
    75.1 GWh of NMC. 47.5 kt of graphite in cells build 52.78 of them, and with that many or more nothing else: 0.05
    of graphite is lost as scrap. What is cheapest of those is chosen."""
    found = chosen(*FLOWS, "optimise.recycled_content=true")
    nmc = 47.5 / 0.9
    assert gwh(found) == mix(nmc, 102.5 - nmc, 17.5)
    assert stage(found) == near(102.5 - nmc)
    input = 0.08 * nmc / 0.95
    used = found["mix_secondary"].query("mineral == 'cobalt' and year == 2031")["value"].sum()
    assert used >= 0.16 * input - 1e-6
    at = {"scenario": "optimised", "node": "mined_cobalt", "year": 2031}
    assert one(found, "coverage", measure="recovered", **at) == near(1.2 * (2.156 + 0.05 * input * 0.875))


def test_lines_at_home(folder: Path) -> None:
    """With 60 GWh of lines in Germany, 0.9 at home takes 98 of Li-ion and 10 of Na-ion. Half of a line turned over
    makes Na-ion; a new line costs 100 a kWh, a fifteenth of it in the one year left. So 38 are built for Li-ion, 10
    for Na-ion."""
    table = folder / "cell_capacity.csv"
    text = table.read_text(encoding="utf-8")
    table.write_text(f"{text}DEU,capacity,2030,60,,,GWh/yr,book,p. 21,model,\n", encoding="utf-8")
    try:
        found = run(folder / "chosen.toml", ["optimise.own_share={2031=0.9}"], folder)
    finally:
        table.write_text(text, encoding="utf-8")
    parts = {row.part: row.value for row in found["mix_cost"].query("mix == 'optimised'").itertuples()}
    assert parts["lines built"] == near(48 * 100 / 15)
    assert parts["lines retrofitted"] == near(0)
    built = {row.line: row.value for row in found["mix_line"].query("measure == 'built'").itertuples()}
    assert sum(built.values()) == near(48)


# --- draws -----------------------------------------------------------------------------------------------------------


def test_draws_of_what_is_certain_are_the_plain_run(folder: Path, tmp_path: Path) -> None:
    """Without low and high ends every draw is the run itself: scrap, stock, second life and recycling of the ensemble
    are those of the run that keeps every dimension."""
    for table in folder.iterdir():
        if table.suffix != ".csv":
            shutil.copy(table, tmp_path)
            continue
        frame = pd.read_csv(table, dtype=str, keep_default_na=False)
        ends = [name for name in ("low", "high") if name in frame]
        certain = frame["quality"] != "unknown" if "quality" in frame else slice(None)
        frame.loc[certain, ends] = ""
        frame.to_csv(tmp_path / table.name, index=False, lineterminator="\n")
    plain = run(tmp_path / "whole.toml", FLOWS, tmp_path)["mineral_flows"]
    plain = plain.set_index(["mineral", "flow", "year"])["value"]
    drawn = run(tmp_path / "whole.toml", [*FLOWS, "study={kind='sample', draws=20, share_spread=0}"], tmp_path)[
        "percentiles"
    ]
    checked = 0
    for row in drawn[drawn["quantity"].isin(plain.index.unique("flow"))].itertuples():
        ends = (row.p5, row.p50, row.p95, row.p5_independent, row.p95_independent)
        # Draws are of single precision.
        assert ends == pytest.approx((plain[row.mineral, row.quantity, row.year],) * 5, rel=1e-5, abs=1e-6)
        checked += row.p50 > 0
    assert checked >= 3 * 4 * 2, "three minerals, four flows, two years"
