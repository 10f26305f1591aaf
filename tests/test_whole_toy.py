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

Three quarters of Europe's lithium-ion cells are its own, a quarter is China's. So the world makes 45 GWh of NMC in
Europe and 15 in China, 45 of LFP in Europe and 215 in China, and that is where graphite and cathodes are needed. Nobody
knows who makes cathodes: cobalt is needed where the cells are made. Of coated and synthetic graphite own plants go
first, and what goes into these is needed where they stand.

In 2031 China may stop its exports of coated graphite, and half of Namibia's mines may stand still. Where a mix is
chosen six tenths of the cells are made at home. Tests read the tables of results only.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache
from math import log2
from pathlib import Path

import conftest
import pandas as pd
import pytest

from minerals.columns import Frames
from minerals.config import read_run
from minerals.errors import InputError
from minerals.pipeline import prepared
from minerals.results.explain_exposure import explain_disruption
from minerals.results.result import Result
from minerals.results.screen_mix import unknown as unknown_lines
from minerals.results.tree_exposure import _summary
from minerals.studies.run import run
from minerals.tables.inputs import read_inputs

#: Price of a pack in 2031 [USD/kWh]: 100 in 2028, a fifth less at each doubling of what was made until then. 320 GWh by
#: 2027 and 320 more each year are 640 by 2028, 1280 by 2030 (one doubling) and 1600 by 2031.
PRICE = 100 * 0.8 ** log2(1600 / 640)
#: Of the average, by the observed prices of regions (130, 80) and by price_relative (NMC 1.2, LFP 0.8, Na-ion half of
#: LFP).
EUROPE, CHINA = 1.3, 0.8
NMC, LFP, NA_ION = 1.2, 0.8, 0.4
#: 7.5 GWh of Na-ion from abroad: 6.75 from China, and 0.75 from South Korea at the price of the world.
BOUGHT_NA_ION = (CHINA * 6.75 + 0.75) * NA_ION
#: NMC that lifts 100 GWh of cars to the mean of 170 Wh/kg that they need, beside 17.5 of Na-ion (165 in 2031) and LFP
#: (160): 250 n + 160 (82.5 − n) + 165 × 17.5 = 17,000.
LEAST_NMC = (17_000 - 160 * 82.5 - 165 * 17.5) / 90
BOTH = "exposure.disruptions=['china-anode', 'namibia-strike']"
FLOWS = ("flows={}", "scope.beyond='hold'")

Whole = Callable[..., Result]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return conftest.lay_out(tmp_path_factory.mktemp("whole") / "tables", "toy", "toy_whole")


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
    """Cells made in Europe hold 45 × 0.9 + 45 × 1 = 85.5 kt of graphite, in China 15 × 0.9 + 215 = 228.5; a quarter is
    coated natural graphite. Europe coats 5 kt, China the rest of 78.5, and each kg takes 2.5 of flake. China makes its
    own 171.375 kt of synthetic graphite; Europe's 64.125 come from what China and South Korea export, 148.625 and 80,
    pro rata. Each kg takes 0.8 of needle coke there. Cobalt: 45 and 15 × 0.08 × 1.2; 20 × 0.08 of NMC cathode."""
    korea = 64.125 * 80 / 228.625
    expected = {
        "flake_graphite": (2.5 * 5, 2.5 * 73.5, 0), "coated_graphite": (21.375, 57.125, 0),
        "synthetic_graphite": (64.125, 171.375, 0),
        "needle_coke": (0, 0.8 * (171.375 + 64.125 - korea), 0.8 * korea), "mined_cobalt": (4.32, 1.44, 0),
        "nmc_cathode": (72, 24, 0), "cell": (120, 200, 0), "na_cell": (0, 0, 0), "unknown_cathode": (45, 215, 0),
        "unknown_anode": (0, 0, 0),
    }  # fmt: skip
    rows = whole()["reference_need"].query("year == 2031")
    need = {(row.node, row.region): row.value for row in rows.itertuples()}
    assert need == {
        (node, region): near(value)
        for node, values in expected.items()
        for region, value in zip(("Europe", "China", "elsewhere"), values, strict=True)
    }
    # The plan is the reference world: what it needs is the weight that it has in the pool.
    told = whole()["coverage"].query("measure == 'need' and year == 2031")
    ours = {node: near(europe) for node, (europe, *_) in expected.items() if europe}
    assert dict(zip(told["node"], told["value"], strict=True)) == ours


def test_cells_come_from_where_they_were_seen_to_come_from(whole: Whole) -> None:
    """Na-ion by plants: batteries would need 30 × 120 ÷ 320 = 11.25 GWh in Europe, 18.75 in China, which makes less. Of
    Europe's Germany makes 10, and South Korea alone exports."""
    rows = whole()["cell_makers"].query("year == 2031")
    assert {(row.node, row.country, row.home): row.value for row in rows.itertuples()} == {
        ("cell", "R_EUR", "yes"): near(0.75), ("cell", "CHN", "no"): near(0.25),
        ("na_cell", "DEU", "yes"): near(10 / 11.25), ("na_cell", "KOR", "no"): near(1.25 / 11.25),
    }  # fmt: skip


def test_each_route_of_graphite_has_its_own_chain(whole: Whole) -> None:
    """Flake is coated and coke made into synthetic graphite. Nobody knows who makes cathodes of cobalt, which so is
    needed where the cells are made."""
    rows = whole()["node_chain"]
    assert {(row.node, row.into, row.value) for row in rows.itertuples()} == {
        ("flake_graphite", "coated_graphite", 1), ("needle_coke", "synthetic_graphite", 1),
    }  # fmt: skip


def test_use_per_mass_is_told_along_the_chain(whole: Whole) -> None:
    used = {(row.node, row.per, row.route): row.value for row in whole()["node_use"].itertuples()}
    assert used["flake_graphite", "graphite", "natural"] == 2.5
    assert used["coated_graphite", "graphite", "natural"] == 1
    assert used["mined_cobalt", "cobalt", ""] == 1.2
    assert used["nmc_cathode", "cobalt", ""] == 20


def test_a_region_serves_itself_first_and_exports_the_rest(whole: Whole) -> None:
    """China makes 95 of coated graphite and needs 57.125; of cells 300 and needs 200. What nobody publishes: the world
    needs 196.25 kt of flake, makes 215.875 and China half of that, which is less than it needs, so that it exports
    none."""
    exports = {(row.node, row.country): row.exported for row in whole()["supply"].query("year == 2031").itertuples()}
    assert exports == {
        key: near(value)
        for key, value in {
            ("flake_graphite", "CHN"): 0, ("flake_graphite", "NAM"): 107.9375,
            ("coated_graphite", "CHN"): 95 - 57.125, ("coated_graphite", "DEU"): 0,
            ("synthetic_graphite", "CHN"): 320 - 171.375, ("synthetic_graphite", "KOR"): 80,
            ("mined_cobalt", "NAM"): 0.7 * 4.608, ("mined_cobalt", "R_OTH"): 0.3 * 4.608,
            ("cell", "CHN"): 100, ("cell", "R_EUR"): 0,
            ("na_cell", "CHN"): 18, ("na_cell", "DEU"): 10, ("na_cell", "KOR"): 2,
        }.items()
    }  # fmt: skip


#: Node → own, share of the pool, exports of the pool, accessible, share of the world's need, own ÷ need, accessible ÷
#: need, that of own and allies, that without the largest exporter.
COVERED = {
    # China lacks 183.75 − 107.9375 = 75.8125 of what Namibia exports and leaves the rest. No ally mines any.
    "flake_graphite": (0, 32.125 / 107.9375, 107.9375, 32.125, 12.5 / 196.25, 0, 32.125 / 12.5, 0, 0),
    "coated_graphite": (5, 1, 37.875, 42.875, 21.375 / 78.5, 5 / 21.375, 42.875 / 21.375, 5 / 21.375, 5 / 21.375),
    # South Korea is an ally and exports all: 80 for 64.125.
    "synthetic_graphite": (0, 1, 228.625, 228.625, 64.125 / 235.5, 0, 228.625 / 64.125, 80 / 64.125, 80 / 64.125),
    # All who need cobalt have four fifths of it; without Namibia three tenths of that are left.
    "mined_cobalt": (0, 0.75, 4.608, 3.456, 0.75, 0, 0.8, 0, 0.3 * 0.8),
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


@pytest.mark.parametrize(("segment", "need", "others"), [("car", 17.625, 3.75), ("stationary", 3.75, 17.625)])
def test_uses_that_the_scope_leaves_out_keep_their_part(segment: str, need: float, others: float, whole: Whole) -> None:
    """Cars made at home take (45 × 0.9 + 30) ÷ 4 kt of coated graphite and storage 15 ÷ 4. Of 42.875 kt the others have
    what they need; of Germany's 5 kt alone, both have their part by need. Of storage nothing hangs on cobalt."""
    result = whole(f"scope.segments=['{segment}']")
    assert one(result, "coverage", node="coated_graphite", measure="others", year=2031) == near(others)
    (row,) = result["accessible"].query("year == 2031 and node == 'coated_graphite'").itertuples()
    assert (row.need, row.without) == (near(need), near(42.875 - others))
    assert (row.value, row.others) == (near(5 * need / 21.375), near(5 * others / 21.375))
    # Of what all who need cobalt lack a fifth, none is kept for storage.
    short = 9.0 if segment == "car" else 0.0
    assert lost(result)[0] == near(short)


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


def answers(result: Result, disruption: str = "china-anode") -> tuple[float, float, float]:
    """Batteries lost, own cells lost, and batteries lost as if others made the cells of those who close, in 2031."""
    at = {"scenario": "plan", "disruption": disruption, "year": 2031}
    return tuple(one(result, "disruptions", name, **at)
                 for name in ("lost_best", "industry_best", "outside"))  # type: ignore[return-value]  # fmt: skip


def event(name: str, nodes: str, **more: object) -> str:
    """An event of a run file by which China cuts nodes."""
    keys = {"country": "['CHN']", "nodes": f"[{nodes}]", "severity": 1, **more}
    return f"exposure.event.{name}={{{', '.join(f'{key} = {value}' for key, value in keys.items())}}}"


#: GWh at risk proportionally: 36 NMC and 45 LFP are made at home without the stop, of 77.4 kt of graphite, 19.35 of it
#: natural. What there is of that must be a tenth at least, so 5 kt make 50 of 77.4.
PROPORTIONAL = 81 * (1 - 50 / 77.4)


def test_a_stop_of_exports(whole: Whole) -> None:
    """Cobalt is enough for 3.456 ÷ 0.096 = 36 GWh of NMC at home, so 9 GWh of 45 are short in any case.

    With the stop 5 kt of coated graphite are left; at least a tenth of the graphite is natural, so there are 50 kt. NMC
    takes 32.4 of them, LFP 17.6: 27.4 GWh of 81 cannot be built. China's 30 GWh come as before."""
    assert lost(whole()) == (near(9), near(27.4), near(PROPORTIONAL))
    (node,) = column(whole(), "disruptions", "binding_node", year=2031)
    assert node == "coated_graphite"
    assert one(whole(), "disruptions", "share_best", year=2031) == near(36.4 / 120)
    assert one(whole(), "disruptions", "planned", year=2031) == near(120)
    assert one(whole(), "disruptions", "made_at_home", year=2031) == near(90)
    assert column(whole(), "disruptions", year=2030, name="planned") == [], "it starts in 2031"


def test_two_makers_of_a_node_and_three_questions(whole: Whole) -> None:
    """What is lost is lost at home. If Europe made China's 30 GWh too, with as much graphite and cobalt, it would have
    53.6 of 120. At the low end of past licences half is cut: 5 and 18.9375 kt are enough for the 19.35 needed."""
    assert answers(whole()) == (near(36.4), near(36.4), near(120 - 53.6))
    ends = [one(whole(), "disruptions", name, year=2031) for name in ("lost_low", "lost_high")]
    assert ends == [near(9), near(36.4)]
    minerals = {
        (row.mineral, row.stage): row.value for row in whole()["lost_minerals"].query("year == 2031").itertuples()
    }
    # Of the batteries 9 GWh of NMC and 27.4 of LFP, all of them made at home.
    expected = {"graphite": 9 * 0.9 + 27.4, "cobalt": 9 * 0.08, "lithium": 9 * 0.1 + 27.4 * 0.09}
    assert minerals == {(m, at): near(kt) for m, kt in expected.items() for at in ("cell", "active_material")}


def test_stops_of_several_lengths_with_stocks(whole: Whole) -> None:
    """A year's stock of coated graphite is 21.375 kt. A month of it makes 6.78125 of the 5 kt left, so 67.8125 kt of
    graphite at a tenth: 32.4 go into 36 NMC, the rest into 35.4125 LFP of 45. The event begins in 2031, which two years
    count twice: each has half a month. A quarter of a year has four months' worth, which is more than enough; nothing
    makes up for the 9 GWh short of cobalt. Half of 27.4 comes back with 1.37 kt."""
    rows = whole()["loss_by_length"].query("disruption == 'china-anode'")
    told = {(row.months, row.stock_months): row.lost for row in rows.itertuples()}
    half_a_month = 45 - (10 * (5 + 21.375 / 24) - 32.4)
    expected = {
        (3, 0): 36.4 / 4, (3, 1): 9 / 4, (6, 0): 36.4 / 2, (6, 1): 9 / 2, (12, 0): 36.4, (12, 1): 9 + 45 - 35.4125,
        (12, 3): 9, (24, 0): 2 * 36.4, (24, 1): 2 * (9 + half_a_month), (24, 6): 18,
    }  # fmt: skip
    assert {key: told[key] for key in expected} == {key: near(value) for key, value in expected.items()}
    assert set(rows["months"]) == {3, 6, 12, 24}
    assert set(rows["stock_months"]) == {0, 1, 3, 6}
    planned = rows.drop_duplicates("months").set_index("months")
    assert planned["planned"].to_dict() == {months: near(120 * months / 12) for months in (3, 6, 12, 24)}
    assert planned["made_at_home"].to_dict() == {months: near(90 * months / 12) for months in (3, 6, 12, 24)}
    assert one(whole(), "months_that_halve", disruption="china-anode") == near(12 * 1.37 / 21.375)
    # The run's own stock is one more.
    own = whole("exposure.stockpile_months=2")["loss_by_length"].query("months == 24 and stock_months == 2")
    assert own["lost"].tolist() == [told[12, 1] * 2]


@pytest.mark.slow
def test_events_that_last_take_their_part_of_a_year(folder: Path) -> None:
    """Of 18 months from 2030 on the second year has six: half of 27.4 GWh, of 120 planned. Three quarters of a month of
    stock are half a month in twelve, 0.890625 kt, two thirds of it in the first year. Two months of stock are 1.33 in
    twelve, 2.375 kt with the 5 left: 73.75 kt of 77.4, and 3.65 GWh lost."""

    def stressed(months: float, stock: float) -> list[tuple[float, ...]]:
        sets = [event("long", "'coated_graphite'", months=months), f"exposure.stockpile_months={stock}"]  # fmt: skip
        rows = run(folder / "whole.toml", sets, folder, stressed=True)["stress_years"].query("disruption == 'long'")
        return [(row.year, row.planned, row.at_risk_best, row.stockpile_left) for row in rows.itertuples()]

    assert stressed(18, 0) == [(2030, near(120), near(27.4), 0), (2031, near(60), near(13.7), 0)]
    left = 45 - (10 * (5 + 21.375 / 24) - 32.4)
    assert stressed(18, 0.75) == [(2030, near(120), near(left), near(1 / 3)), (2031, near(60), near(left / 2), near(0))]
    assert stressed(18, 2) == [(2030, near(120), near(3.65), near(1 / 3)), (2031, near(60), near(3.65 / 2), near(0))]
    assert stressed(3, 0) == [(2030, near(30), near(27.4 / 4), 0)]


def test_who_loses_what(whole: Whole) -> None:
    """Best: LFP alone, in cars and storage as they are planned, 40 to 20. Proportionally: 36 NMC, 30 and 15 LFP."""
    cut = 1 - 50 / 77.4
    rows = whole()["gwh_at_risk"]
    keys = zip(rows["allocation"], rows["segment"], rows["chemistry"], strict=True)
    assert dict(zip(keys, rows["value"], strict=True)) == {
        ("best", "car", "lfp"): near(27.4 * 2 / 3), ("best", "stationary", "lfp"): near(27.4 / 3),
        ("proportional", "car", "nmc811"): near(36 * cut), ("proportional", "car", "lfp"): near(30 * cut),
        ("proportional", "stationary", "lfp"): near(15 * cut),
    }  # fmt: skip


def test_what_a_node_that_binds_is_worth(whole: Whole) -> None:
    """A hundredth of the need of 21.375 kt of coated graphite lets 2.1375 kt of graphite, that many GWh of LFP, be
    built. A hundredth of cobalt is 0.45 GWh of NMC, whose graphite takes the place of 0.405 of LFP."""
    rows = whole()["binding_nodes"].set_index("node")
    assert rows["value"].to_dict() == {"coated_graphite": near(2.1375), "mined_cobalt": near(0.45 - 0.405)}
    assert rows["covered"].to_dict() == {"coated_graphite": near(5 / 21.375), "mined_cobalt": near(0.8)}


def test_what_is_short_without_a_disruption(whole: Whole) -> None:
    short = whole()["shortage"]
    assert short[["node", "year"]].values.tolist() == [["mined_cobalt", 2030], ["mined_cobalt", 2031]]
    assert short["value"].tolist() == [near(9), near(9)]


def test_what_more_supply_would_lower_the_loss(whole: Whole) -> None:
    """Each GWh of LFP takes a tenth of a kt, so 80 % less at risk takes 0.8 × 27.4 ÷ 10 = 2.192 kt."""
    gap = whole()["supply_gap"].set_index("cut")["value"].to_dict()
    assert gap == {cut: near(cut * 2.74) for cut in (0.5, 0.8, 1.0)}


def test_what_is_accessible_and_what_is_cut(whole: Whole) -> None:
    at = {"node": "coated_graphite", "year": 2031}
    told = {name: one(whole(), "accessible", name, **at) for name in ("need", "without", "value", "own", "exported")}
    assert told == {
        "need": near(21.375), "without": near(42.875), "value": near(5), "own": near(5), "exported": near(0),
    }  # fmt: skip
    cut = whole()["supply_cut"]
    assert cut[["country", "value", "exported"]].values.tolist() == [["CHN", near(95), near(0)]]


def test_a_stockpile_stands_in_for_what_is_taken_away(whole: Whole) -> None:
    """A month of need is 21.375 ÷ 12 = 1.78125 kt: of 67.8125 kt of graphite LFP takes 35.4125, and 9.5875 GWh are at
    risk. Proportionally 6.78125 of 19.35 kt serve a quarter of the cells, the rest hold none: a tenth is more than
    kept. Two years of it are more than the stop takes away, and no more than that is replaced."""
    month = whole("exposure.stockpile_months=1")
    assert lost(month) == (near(9), near(45 - 35.4125), near(81 * 0.25 * (1 - 6.78125 / 19.35)))
    assert one(month, "accessible", "value") == near(5 + 1.78125)
    years = whole("exposure.stockpile_months=24")
    assert lost(years) == (near(9), 0, 0)


def test_a_cut_of_output(whole: Whole) -> None:
    """Half of Namibia's 0.7: 0.65 of 4.608 kt are left to all alike: 23.4 GWh of NMC at home instead of 36, and 9.75 of
    15 from China, whatever is reallocated."""
    found = whole(BOTH)
    assert lost(found, "namibia-strike") == (near(9), near(17.85), near(17.85))
    assert answers(found, "namibia-strike") == (near(26.85), near(9 + 12.6), near(26.85))
    ends = [one(found, "disruptions", name, disruption="namibia-strike") for name in ("lost_low", "lost_high")]
    assert ends == [near(9 + 0.4 * 0.7 * 51), near(9 + 0.6 * 0.7 * 51)]
    assert lost(found) == (near(9), near(27.4), near(PROPORTIONAL))
    rows = found["accessible"].query("disruption == 'namibia-strike'")
    assert rows[["node", "without", "value"]].values.tolist() == [["mined_cobalt", near(3.456), near(2.2464)]]
    (node,) = column(found, "disruptions", "binding_node", disruption="namibia-strike")
    assert node == "mined_cobalt"


def test_a_cut_of_output_is_shared_by_a_country_s_own_makers(whole: Whole) -> None:
    """China coats 47.5 of the 57.125 kt that its cells need and exports none: a quarter of them is cut to that, as much
    of the 30 GWh that Europe buys. At home it is the stop."""
    bought = 30 * 0.25 * (1 - 47.5 / 57.125)
    found = whole(event("half", "'coated_graphite'", kind="'output'", severity=0.5))
    assert lost(found, "half") == (near(9), near(27.4 + bought), near(PROPORTIONAL + bought))
    assert answers(found, "half") == (near(36.4 + bought), near(36.4), near(120 - 53.6))


def test_a_stop_of_cells(whole: Whole) -> None:
    """Europe loses the 30 GWh that it buys, and makes what it made. As if it made these itself it would lose less: the
    60 of LFP can be built, and of NMC 36. With half of coated graphite stopped too, 23.9375 kt still are enough."""
    found = whole(event("cells", "'cell'"), event("both", "'cell', 'coated_graphite'"),
                  event("half", "'cell', 'coated_graphite'", severity=0.5))  # fmt: skip
    assert lost(found, "cells") == (near(9), near(30), near(30))
    assert answers(found, "cells") == (near(39), near(9), near(24))
    # Together what each takes: the one at home, the other from abroad.
    assert answers(found, "both") == (near(36.4 + 30), near(36.4), near(120 - 53.6))
    assert answers(found, "half") == (near(9 + 15), near(9), near(24))


def test_where_cells_come_from_as_a_run_file_has_it(whole: Whole) -> None:
    """At 0.6 made at home 36 GWh of NMC take all cobalt, and 53.6 of 72 can be built under the stop. With a tenth from
    China 108 are made at home, of which cobalt leaves 18 short. With a fifth from South Korea the others have 0.8 of
    what they had: 72 at home, 24 from China. As if others made those, South Korea would, which lacks nothing."""
    less = whole("exposure.made_at_home=0.6")
    assert lost(less) == (near(0), near(18.4), near(72 * (1 - 50 / 68.4)))
    assert one(less, "disruptions", "made_at_home", year=2031) == near(72)
    china = whole("exposure.origin={China=0.1}")
    assert lost(china)[:2] == (near(18), near(54 + 36 - 53.6))
    korea = whole("exposure.origin={'South Korea'=0.2}", event("cells", "'cell'"))
    assert answers(korea) == (near(18.4), near(18.4), near(18.4))
    assert answers(korea, "cells") == (near(24), near(0), near(0))
    # Weights in the pool rest on what was seen, and not on what a run says of its own regions.
    weights = [each["reference_need"]["value"].tolist() for each in (less, china, korea)]
    assert weights == [whole()["reference_need"]["value"].tolist()] * 3


def test_a_scenario_may_say_who_makes_its_cells(whole: Whole) -> None:
    """Of 60 GWh of LFP 18 are made at home, 30 in China and 12 in South Korea; of 60 of NMC 45 at home, where cobalt is
    9 short, and 15 in China. Nobody else was seen to sell any, so that others than China are home: of NMC 36 there."""
    cells = event("cells", "'cell'")
    said = "scenario.plan.cells_from={Europe={2031={lfp={CHN=0.5, KOR=0.2}}}}"
    home = "scenario.plan.made_at_home={Europe={2031={lfp=0.3}}}"
    found = whole(said, home, cells)
    assert one(found, "disruptions", "made_at_home", disruption="cells", year=2031) == near(45 + 18)
    assert answers(found, "cells") == (near(9 + 30 + 15), near(9), near(24))
    rows = found["chosen_origin"]
    assert {row.country: (row.home, row.value) for row in rows.itertuples()} == {
        "CHN": ("no", near(0.5)), "KOR": ("no", near(0.2)), "R_EUR": ("yes", near(0.3)),
    }  # fmt: skip
    # What nothing is said of comes as observed: three quarters from home, a quarter from China.
    some = whole("scenario.plan.cells_from={Europe={2031={lfp={KOR=0.2}}}}", cells)
    assert answers(some, "cells") == (near(9 + 0.8 * 0.25 * 60 + 15), near(9), near(24))
    none = whole("scenario.plan.cells_from={Europe={2031={lfp={CHN=0, KOR=0.2}}}}", cells)
    assert answers(none, "cells")[0] == near(9 + 15), "of a country that is named with nothing none come"
    less = whole("scenario.plan.made_at_home={Europe={2031={lfp=0.3}}}", cells)
    assert answers(less, "cells")[0] == near(9 + 0.7 * 60 + 15)


@pytest.mark.slow
def test_what_a_maker_has_of_an_input_serves_the_cells_that_are_added_too(whole: Whole) -> None:
    """The strike leaves 0.65 of the cobalt for China's 15 GWh of NMC, all of them Europe's: 9.75 GWh. Where Europe buys
    30 there, China's makers have no more, and its own have 0.65 · 3.456 kt for the other 30."""
    years, twice = "scope.years=2031", "scenario.plan.cells_from={Europe={2031={nmc811={CHN=0.5}}}}"
    at_home, shared = 30 - 0.65 * 3.456 / 0.096, "scenario.plan.maker_inputs='alike'"
    as_usual, of_each, found = whole(BOTH, shared, years), whole(BOTH, twice, years), whole(BOTH, twice, shared, years)
    assert answers(as_usual, "namibia-strike")[0] == near(45 - 36 * 0.65 + 15 - 9.75)
    assert answers(of_each, "namibia-strike")[0] == near(at_home + 0.35 * 30)
    assert answers(found, "namibia-strike")[:2] == (near(at_home + 30 - 9.75), near(at_home))
    assert answers(found) == answers(of_each), "takes nothing that they share"
    said = "share what a stop leaves them between all their cells alike (maker_inputs = 'alike')."
    for result in (of_each, found):
        summary = _summary(result, explain_disruption(result, "namibia-strike", "Europe", 2031, "plan"))
        assert any(line.endswith(said) for line in summary) == (result is found)


@pytest.mark.parametrize(("said", "why"), [
    ("cells_from={Europe={2031={lfp={CHM=0.5}}}}", "no country that makes anything in this run; did you mean 'CHN'"),
    ("cells_from={Europe={2031={lfp={R_EUR=0.5}}}}", "at home in Europe; made_at_home says what is made there"),
    ("cells_from={Europe={2031={lpf={CHN=0.5}}}}", "no chemistry; did you mean 'lfp'"),
    ("cells_from={Europa={2031={lfp={CHN=0.5}}}}", "no region of this run; did you mean 'Europe'"),
    ("cells_from={Europe={soon={lfp={CHN=0.5}}}}", r"expected cells_from\.REGION\.YEAR\.CHEMISTRY"),
    ("cells_from={Europe={2031={lfp={CHN=0.7, KOR=0.4}}}}", "sums to 1.1; expected 1 at most"),
    ("cells_from={Europe={2031={lfp={CHN=1.5}}}}", "less than or equal to 1"),
])  # fmt: skip
def test_makers_that_do_not_fit_are_told(said: str, why: str, whole: Whole) -> None:
    with pytest.raises(InputError, match=why):
        whole(f"scenario.plan.{said}")


def test_shares_of_makers_and_of_home_are_at_most_one(whole: Whole) -> None:
    home = "scenario.plan.made_at_home={Europe={2031={lfp=0.4}}}"
    with pytest.raises(InputError, match=r"sums with made_at_home to 1\.1; expected 1 at most"):
        whole("scenario.plan.cells_from={Europe={2031={lfp={CHN=0.7}}}}", home)


def test_a_share_made_at_home_by_year_is_linear_between_them(whole: Whole) -> None:
    found = whole("exposure.made_at_home={2030=0.5, 2032=0.7}")
    need = [one(found, "coverage", node="coated_graphite", measure="need", year=year) for year in (2030, 2031)]
    assert need == [near(114 / 4 * 0.5), near(114 / 4 * 0.6)]


def test_a_country_that_closes_has_its_own_supply(whole: Whole) -> None:
    """China lacks no anodes that it makes itself; Europe loses what it loses alone. Together they make all their cells
    themselves, of 4.608 kt of cobalt: 48 of 60 GWh, and 31.2 if Namibia strikes."""
    found = whole("scope.regions=['World']")
    assert lost(found, region="Europe") == (near(9), near(27.4), near(PROPORTIONAL))
    assert lost(found, region="China") == (0, 0, 0)
    strike = whole("scope.regions=['World']", BOTH)
    pool = strike["disruptions"].query("disruption == 'namibia-strike'")["region"].tolist()
    assert pool == ["World"]
    assert lost(strike, "namibia-strike") == (near(12), near(16.8), near(16.8))


def changed(folder: Path, to: Path, **tables: tuple[tuple[str, str], ...]) -> Path:
    """The tables with some of their text replaced."""
    shutil.copytree(folder, to, dirs_exist_ok=True)
    for name, parts in tables.items():
        text = (to / f"{name}.csv").read_text(encoding="utf-8")
        for old, new in parts:
            assert text.count(old) == 1, (name, old)
            text = text.replace(old, new)
        (to / f"{name}.csv").write_text(text, encoding="utf-8")
    return to


@pytest.mark.parametrize(
    ("low", "best", "proportional"),
    [
        # Nobody limits synthetic graphite; alike, 5 of 19.35 kt serve a quarter of the cells.
        ("0", 0, 81 * 0.25 * (1 - 5 / 19.35)),
        # 25 kt of graphite: 27.78 GWh of NMC, or of all 77.4 kt.
        ("0.2", 81 - 25 / 0.9, 81 * (1 - 25 / 77.4)),
    ],
)
def test_a_least_share_of_natural_graphite_bounds_what_can_be_built(
    low: str, best: float, proportional: float, folder: Path, tmp_path: Path
) -> None:
    tables = changed(folder, tmp_path, graphite_route_bound=(("low,0.1,", f"low,{low},"),))
    found = run(tables / "whole.toml", ["scope.years=2031"], tables)
    assert lost(found) == (near(9), near(best), near(proportional))


def test_own_plants_of_one_route_may_serve_more_than_is_planned_of_it(folder: Path, tmp_path: Path) -> None:
    """Germany coats 25 kt, more than the 19.35 of a quarter natural, and China 55, less than it needs. Of synthetic
    graphite 25 kt are left to buy: at half natural, the most, both make 50 kt. Alike, three quarters of the cells have
    25 of 58.05."""
    tables = changed(
        folder, tmp_path, battery_supply=(("coated_graphite,2028,200000", "coated_graphite,2028,160000"),),
        supply_share=(("coated_graphite,CHN,2028,0.95", "coated_graphite,CHN,2028,0.6875"),
                      ("coated_graphite,DEU,2028,0.05", "coated_graphite,DEU,2028,0.3125")),
    )  # fmt: skip
    cut = event("cut", "'synthetic_graphite'", country="['CHN', 'KOR']", severity=1 - 25 / 228.625)
    found = run(tables / "whole.toml", ["scope.years=2031", cut], tables)
    assert lost(found, "cut") == (near(9), near(27.4), near(81 * 0.75 * (1 - 25 / 58.05)))


#: Ends of rows of supply_share whose makers are known, and are not.
KNOWN, NOBODY = ",,1,medium,book,p. 20,official,", ",0,1,1,unknown,unknown,,unknown,Nobody says."
#: China makes 0.95 of needle coke, South Korea the rest, and Germany has a plant for synthetic graphite, of which the
#: world makes less; graphite must stay at a quarter of natural.
COKE = {
    "supply_share": (
        (f"needle_coke,CHN,2028,{NOBODY}",
         f"needle_coke,CHN,2028,0.95,{KNOWN}\ntoday,needle_coke,KOR,2028,0.05,{KNOWN}"),
        (f"synthetic_graphite,KOR,2028,0.2,{KNOWN}",
         f"synthetic_graphite,KOR,2028,0.15,{KNOWN}\ntoday,synthetic_graphite,DEU,2028,0.05,{KNOWN}"),
    ),
    "battery_supply": (("synthetic_graphite,2028,400", "synthetic_graphite,2028,240"),),
    "graphite_route_bound": (("high,0.5,", "high,0.25,"),),
}  # fmt: skip


def test_a_stop_is_followed_through_third_makers_and_own_plants(folder: Path, tmp_path: Path) -> None:
    """Synthetic graphite, a year: China 192 kt, of which it needs 171.375, South Korea 36, Germany 12. Europe needs
    64.125, makes 12 and takes 52.125 of 56.625 that are exported. So coke is needed, 0.8 a kg: 9.6 in Germany, the rest
    of 188.4 by what China and South Korea make. A tenth more is made: 10.362 in South Korea, which lacks the rest.

    Without China's coke Germany makes none, South Korea 10.362 ÷ its need of its 36. China's own makers have theirs, so
    that 20.625 of China's are exported as before: what is bought of it brings no need of coke. At 0.75 that is
    enough for 46.26 kt of graphite: 36 GWh of NMC take 32.4."""
    tables = changed(folder, tmp_path, **COKE)
    found = run(tables / "whole.toml", [
        event("coke", "'needle_coke'"), event("half", "'needle_coke'", severity=0.5),
        event("more", "'needle_coke'", severity=0.6),
    ], tables)  # fmt: skip
    korea = 0.8 * 36 * 52.125 / 56.625
    needs = {"Europe": 9.6, "China": 188.4 - 9.6 - korea, "elsewhere": korea}
    rows = found["reference_need"].query("year == 2031 and node == 'needle_coke'")
    assert dict(zip(rows["region"], rows["value"], strict=True)) == {name: near(kt) for name, kt in needs.items()}
    coke = 188.4 * 1.1
    makes = 36 * 0.05 * coke / korea
    cut = found["supply_cut"].query("disruption == 'coke' and node == 'synthetic_graphite'")
    assert dict(zip(cut["country"], cut["made"], strict=True)) == {"DEU": near(0), "KOR": near(makes)}
    graphite = (20.625 + makes) / 0.75
    built = 36 + graphite - 32.4
    assert lost(found, "coke") == (near(9), near(81 - built), near(81 * (1 - graphite / 77.4)))
    assert answers(found, "coke") == (near(90 - built), near(90 - built), near(120 - built))
    # Half of it: South Korea takes what it lacks, less than its part by weight, and leaves the rest. Of 0.4 it lacks
    # more than its part.
    exported, lacks = 0.95 * coke - needs["China"], korea - 0.05 * coke
    at = {"node": "needle_coke", "year": 2031}
    assert lacks < 0.5 * exported * korea / (korea + 9.6)
    assert one(found, "accessible", disruption="half", **at) == near(0.5 * exported - lacks)
    assert one(found, "accessible", disruption="more", **at) == near(0.4 * exported * 9.6 / (korea + 9.6))
    assert lost(found, "half") == (near(9), 0, 0)


def test_a_pool_of_three_customers(folder: Path, tmp_path: Path) -> None:
    """Of Europe's 100 GWh Germany makes 60 and needs 45.5, France 40 of 74.5; France buys 34.5 of Germany's 14.5 and
    China's 100. So of 22.5 and 37.5 GWh of NMC a part each is made in all three. China digs a tenth of the cobalt, and
    lacks less than its part of the rest by weight: what it leaves is shared again by Germany and France."""
    tables = changed(
        folder, tmp_path, group_place=(("R_EUR,any,DEU,1,", "R_EUR,any,DEU,0.6,"),),
        supply_share=(
            (f"mined_cobalt,R_OTH,2028,0.3,{KNOWN}",
             f"mined_cobalt,R_OTH,2028,0.2,{KNOWN}\ntoday,mined_cobalt,CHN,2028,0.1,{KNOWN}"),
        ),
    )  # fmt: skip
    with (tables / "group_place.csv").open("a", encoding="utf-8") as file:
        file.write("R_EUR,any,FRA,0.4,,,1,book,p. 9,model,\n")
    with (tables / "countries.csv").open("a", encoding="utf-8") as file:
        file.write("FRA,France,country,,\n")
    with (tables / "governance.csv").open("a", encoding="utf-8") as file:
        file.write("FRA,mean_of_six,2024,1,,,1,book,p. 19,official,\n")
    found = run(tables / "whole.toml", ["scope.regions=['Germany', 'France']", "exposure.disruptions=[]"], tables)
    german, chinese = 37.5 * 34.5 / 74.5 * 14.5 / 114.5, 37.5 * 34.5 / 74.5 * 100 / 114.5
    nmc = {"Germany": 22.5 + german, "France": 37.5 * 40 / 74.5, "China": chinese, "elsewhere": 0}
    rows = found["reference_need"].query("year == 2031 and node == 'mined_cobalt'")
    need = dict(zip(rows["region"], rows["gross"], strict=True))
    assert need == {name: near(0.096 * gwh) for name, gwh in nmc.items()}
    pool, lacks = 0.9 * 4.608, need["China"] - 0.1 * 4.608
    part = (pool - lacks) / (need["Germany"] + need["France"])
    assert lacks < need["China"] * pool / 5.76, "China takes all that it lacks"
    for region in ("Germany", "France"):
        assert one(found, "coverage", node="mined_cobalt", measure="accessible", region=region, year=2031) == near(
            part * need[region]
        )


def test_a_quota_that_shares_hold_is_not_counted_again(folder: Path, tmp_path: Path) -> None:
    """The strike is in the shares of the future of the run: it is none of the library's, and no run can name it."""
    old = "hypothetical,yes,,,assumed"
    tables = changed(folder, tmp_path, disruption=((old, "hypothetical,yes,today,,assumed"),))
    found = run(tables / "whole.toml", ["exposure.disruptions=[]"], tables)
    assert set(found["disruptions"]["disruption"]) == {"china-anode"}
    assert lost(found) == (near(9), near(27.4), near(PROPORTIONAL))
    with pytest.raises(InputError, match="is in the shares of the future 'today' already"):
        run(tables / "whole.toml", [BOTH], tables)


# --- what is recycled ------------------------------------------------------------------------------------------------


def test_what_comes_back_relieves_the_mine(whole: Whole) -> None:
    """Cars last two years: in 2031 the 55 GWh of NMC of 2029 return with 4.4 kt of cobalt, of which 0.3 is reused,
    0.8 of the rest is collected, and 0.25 × 0.8 + 0.75 × 0.9 = 0.875 of that is recovered: 2.156 kt. Lines of full
    age lose a twentieth: 4.8 ÷ 0.95 kt go in, and 0.875 of the scrap comes back. A kg recovered saves 1.2 of mining,
    of the three quarters needed at home. What returns in China counts up to what China's batteries hold, and those of
    2031 hold no cobalt: for the quarter of Europe's NMC that it makes it needs all from mines.
    Of graphite 55 × 0.9 + 45 kt return, and 0.75 × 0.2 of what is collected is recovered: as a quarter of it would
    be natural, that saves 2.5 of flake and 0.8 of needle coke, the latter where it is needed, elsewhere. In China 50 ×
    0.9 + 150 kt return, of which 0.7 of what is not reused is collected."""
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
    # By gross need Europe has three quarters of what is exported, though it needs less of it.
    assert told == {"need": near(0.75 * 1.2 * input), "recovered": near(1.2 * recovered),
                    "accessible": near(0.75 * 4.608 + 1.2 * recovered),
                    "own_coverage": near(recovered / (0.75 * input))}  # fmt: skip
    graphite = (94.5 * 0.7 * 0.8 + 120 * 0.05) * 0.15
    for node, saved in (("flake_graphite", 0.25 * 2.5), ("coated_graphite", 0)):
        assert one(found, "coverage", node=node, measure="recovered", year=2031) == near(graphite * saved)
    # Where a node is needed it is relieved.
    chinese = (195 * 0.7 * 0.7 + 200 / 0.95 * 0.05) * 0.15
    rows = found["reference_need"].query("node == 'needle_coke' and year == 2031")
    assert (rows["gross"] - rows["value"]).sum() == near((graphite + chinese) * 0.75 * 0.8)
    for region, need in (("Europe", 0.75 * input - recovered), ("China", 0.25 * input)):
        assert one(found, "reference_need", node="mined_cobalt", region=region, year=2031) == near(1.2 * need)
    assert one(found, "coverage", node="nmc_cathode", measure="need", year=2031) == near(0.75 * 20 * input)
    assert one(found, "coverage", node="nmc_cathode", measure="recovered", year=2031) == 0
    assert one(found, "coverage", node="cell", measure="need", year=2031) == near(120)
    # 50 kt of graphite are 47.5 in cells: 45 GWh of NMC at home, and 7 of LFP.
    assert lost(found)[:2] == (near(0), near(45 - 7))


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


def test_what_disruptions_take_in_the_iamc_layout(whole: Whole) -> None:
    found = whole("exposure.draws=20")
    wide = found.iamc().set_index(["Scenario", "Region", "Variable"])["2031"]
    lost = {
        reading: wide["plan", "Europe", f"Battery Supply Lost|China stops anodes|{reading}"]
        for reading in ("Best Reallocation", "Proportional", "5th Percentile", "50th Percentile", "95th Percentile")
    }
    assert (lost["Best Reallocation"], lost["Proportional"]) == (near(36.4), near(9 + PROPORTIONAL))
    drawn = found["intervals"].query("measure == 'lost' and year == 2031").iloc[0]
    assert [lost[f"{n}th Percentile"] for n in (5, 50, 95)] == [near(drawn[name]) for name in ("p05", "p50", "p95")]
    at_home = wide["plan", "Europe", "Battery Cell Production Lost|China stops anodes|Best Reallocation"]
    assert at_home == near(36.4)
    assert not found.iamc().duplicated(["Scenario", "Region", "Variable"]).any()


# --- what nobody knows -----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_stop_of_what_nobody_knows_takes_the_share_that_is_assumed(whole: Whole) -> None:
    """Nobody knows who makes cathodes of NMC. 45 GWh of them are made at home, 9 of which lack cobalt. China is taken
    to lead: with none a stop takes nothing, with all of it all 45. No cathode of NMC is known, so that at the centre it
    is China's share of their cells, 0.75. Half a stop takes half of that; stocks of three months stand in for a quarter
    of the need. If Europe made the 15 GWh of China too, it would have no more of them than what is left for 45, of
    which cobalt is there for 36."""
    taken, half = {"none": 0.0, "centre": 0.75, "all": 1.0}, event("half", "'nmc_cathode'", severity=0.5, start=2031)
    for unknown, share in taken.items():
        assumed, short = f"exposure.unknown='{unknown}'", max(9.0, 45 * 0.5 * share)
        outside = 60 - min(36.0, 45 * (1 - 0.5 * share))
        assert answers(whole(assumed, half), "half") == (near(short), near(short), near(outside))
        stocked = whole(assumed, half, "exposure.stockpile_months=3")
        assert answers(stocked, "half")[0] == near(max(9.0, 45 * (0.5 * share - 0.25)))
    ends = whole()["lost_unknown"].set_index(["disruption", "unknown"])["lost_best"].to_dict()
    assert [ends["unknown-nmc-cathode", end] for end in taken] == [near(9), near(45 * 0.75), near(45)]
    assert [ends["china-anode", end] for end in taken] == [near(36.4)] * 3, "who makes anodes is known"
    # 0.08 kg of cobalt and 20 kg of cathode a kg of it are 1.6 kt a GWh.
    numbers = whole("exposure.unknown='centre'", half)["accessible"].query("node == 'nmc_cathode'").iloc[0]
    assert (numbers["need"], numbers["without"]) == (near(45 * 1.6), near(45 * 1.6))
    assert numbers["value"] == near(45 * 1.6 * 0.625) == near(numbers["share_of_pool"] * numbers["exported"])


def test_stops_of_what_nobody_knows_are_played_where_it_is_assumed_to_stand(whole: Whole) -> None:
    every = "exposure.disruptions=[]"
    none, all_of_it = (
        set(whole(every, f"exposure.unknown='{u}'")["disruptions"]["disruption"]) for u in ("none", "all")
    )
    assert none == {"china-anode", "namibia-strike"}
    # What counts a step again (the cathodes and anodes without a path) and what no chemistry uses is left out.
    assert all_of_it - none == {"unknown-nmc-cathode", "unknown-needle-coke"}


def test_makers_elsewhere_lack_what_nobody_knows(whole: Whole) -> None:
    """Korea makes synthetic graphite of needle coke. If all of that is China's, Korea exports none; China needs 215 of
    its own 320 kt and 15 · 0.9 · 0.75 more, so that its makers serve Europe as before, and none is lost that was had:
    the pool is what China makes beyond its own need."""
    stop = event("coke", "'needle_coke'", start=2031)
    exports = {}
    for unknown in ("none", "all"):
        found = whole(f"exposure.unknown='{unknown}'", stop)
        exports[unknown] = found["supply_cut"].query("disruption == 'coke' and node == 'synthetic_graphite'")
    assert not len(exports["none"])
    assert len(exports["all"]), "makers elsewhere make less"


def test_draws_of_what_nobody_knows_begin_at_the_value(whole: Whole) -> None:
    half = event("half", "'nmc_cathode'", severity=0.5, start=2031)
    found = whole("exposure.unknown='all'", half, "exposure.draws=20", "exposure.disruptions=['china-anode']")
    row = found["intervals"].query("disruption == 'half' and measure == 'lost'").iloc[0]
    assert row["value"] == near(22.5)


def test_at_the_centre_the_share_of_who_leads_is_drawn_from_nothing_to_all(whole: Whole) -> None:
    """Half a stop takes half of that share of 45 GWh, 9 of which are short in any case. Of a share as likely to be
    anything from 0 to 1, the 95th percentile is 0.95. Demand and what is short move it a little."""
    half = event("half", "'nmc_cathode'", severity="{ value = 0.5, low = 0.5, high = 0.5 }", start=2031)
    rows = {
        unknown: whole(half, f"exposure.unknown='{unknown}'", "exposure.draws=200") for unknown in ("centre", "all")
    }
    at = {unknown: found["intervals"].query("disruption == 'half' and measure == 'lost'").iloc[0]
          for unknown, found in rows.items()}  # fmt: skip
    assert at["centre"]["value"] == near(45 * 0.5 * 0.75)
    assert at["centre"]["p95"] == pytest.approx(45 * 0.5 * 0.95, rel=0.1)
    assert at["centre"]["p50"] < at["centre"]["value"] < at["centre"]["p95"] < at["all"]["p95"]
    assert at["centre"]["p50"] < at["all"]["p05"], "with all of it at least half of the cells made at home"
    first = rows["centre"]["drivers"].query("disruption == 'half' and measure == 'lost'").iloc[0]
    assert (first["driver"], first["label"]) == ("unknown:nmc_cathode", "who makes NMC cathode, which nobody knows")
    assert "unknown:nmc_cathode" not in set(rows["all"]["drivers"]["driver"])


@pytest.mark.slow
def test_a_mix_holds_less_of_what_nobody_knows(chosen: Whole) -> None:
    """With half a stop of cathodes of NMC alone to be kept from, as much of them as the cars need, six tenths of which
    are made at home; what stocks of three months replace is a quarter of that."""
    half = event("half", "'nmc_cathode'", severity=0.5, start=2031)
    for unknown, share in (("none", 0.0), ("centre", 0.75), ("all", 1.0)):
        for months in (0, 3):
            sets = (f"exposure.unknown='{unknown}'", half, "optimise.likelihood={china-anode=0}")
            found = chosen(*sets, f"exposure.stockpile_months={months}")
            least = 0.6 * LEAST_NMC * max(0.5 * share - months / 12, 0)
            assert stage(found) == near(least), (unknown, months)
            assert lost(found, "half", scenario="optimised")[1] == near(least)


# --- the mix ---------------------------------------------------------------------------------------------------------


def gwh(result: Result) -> dict[str, float]:
    """Batteries of the chosen mix in Europe in 2031, by chemistry [GWh]."""
    cells = result["cells"].query("scenario == 'optimised' and year == 2031 and region == 'Europe'")
    return {str(name): float(value) for name, value in cells.groupby("chemistry")["value"].sum().items() if value > 0}


def mix(nmc: float, lfp: float, na_ion: float) -> dict[str, object]:
    return {"nmc811": near(nmc), "lfp": near(lfp), "na_layered": near(na_ion)}


def stage(result: Result, name: str = "objective") -> float:
    return one(result, "mix_stage", stage=name)


def stop(nmc: float) -> float:
    """GWh lost to the stop of coated graphite with 17.5 GWh of Na-ion and LFP beside NMC: what the 50 kt of graphite at
    home are short of, where all above them is LFP."""
    return 0.6 * (102.5 - 0.1 * nmc) - 50


def test_the_mix_that_loses_least(chosen: Whole) -> None:
    """Na-ion holds no graphite: all 17.5 GWh that Europe can get. Of the rest NMC holds less graphite than LFP: as
    much of it as cobalt allows, 48 GWh. Six tenths are made at home. If the stop comes, 25.92 of 50 kt of graphite go
    into NMC, and 24.08 GWh of the 32.7 of LFP can be built: 8.62 are lost. With n of NMC 0.6 (102.5 − 0.1 n) kt are
    needed at home, so 11.5 − 0.06 n GWh are. Of the plan before 36 of 36 and 17.6 of 36 GWh could be built."""
    found = chosen()
    assert gwh(found) == mix(48, 54.5, 17.5)
    assert stage(found) == near(stop(48)) == near(8.62)
    (row,) = found["mix_loss"].to_dict("records")
    assert (row["value"], row["incumbent"], row["wanted"], row["weight"]) == (near(8.62), near(18.4), near(120), 1)
    assert row["binding_node"] == "coated_graphite"
    assert lost(found, scenario="optimised")[:2] == (near(0), near(8.62))
    # 14.655 kt of coated graphite are needed for 58.62 of graphite: alike, a quarter of the cells has 5 of these.
    assert lost(found, scenario="optimised")[2] == near(61.5 * 0.25 * (1 - 5 / 14.655))


def test_a_mix_is_followed_down_the_stages(chosen: Whole) -> None:
    """China and Namibia stop nine tenths of flake and coated graphite. A tenth of Namibia's flake is 0.055 of all that
    is needed: 0.6875 kt in Germany, which makes 0.275 of coated. China has 118.04 of 183.75 kt of flake for 95 kt,
    needs 57.125 and exports a tenth of the rest. At a tenth of natural all that serves ten times as much graphite in
    the 0.6 made at home, of which NMC takes least; of the mixes with as much NMC the cheapest."""
    closes = event("flake", "'flake_graphite', 'coated_graphite'", country="['CHN', 'NAM']", severity=0.9)
    found = chosen(closes, "optimise.likelihood={china-anode=0}")
    graphite = 10 * (0.6875 / 2.5 + 0.1 * (95 * 118.04375 / 183.75 - 57.125))
    assert stage(found) == near(0.6 * 102.5 - graphite / 0.9)
    nmc = graphite / 0.9 / 0.6
    assert gwh(found) == mix(nmc, 102.5 - nmc, 17.5)
    assert lost(found, "flake", scenario="optimised")[:2] == (near(0), near(0.6 * 102.5 - graphite / 0.9))


def test_what_it_costs_and_where_its_cells_are_made(chosen: Whole) -> None:
    """China's cells are cheaper: all 100 GWh that it exports, and 6.75 of Na-ion; 0.75 come from South Korea at the
    price of the world. Of the rest Europe makes what gains least by import: LFP."""
    traded = {(row.chemistry, row.country): row.value for row in chosen()["mix_trade"].itertuples()}
    assert traded == {
        ("nmc811", "CHN"): near(48), ("lfp", "CHN"): near(52), ("lfp", ""): near(2.5),
        ("na_layered", "CHN"): near(6.75), ("na_layered", "KOR"): near(0.75), ("na_layered", ""): near(10),
    }  # fmt: skip
    assert set(chosen()["mix_trade"].query("country == ''")["measure"]) == {"production"}
    bought, made = 48 * NMC + 52 * LFP + 6.75 * NA_ION, 2.5 * LFP + 10 * NA_ION
    korean = 0.75 * NA_ION
    assert stage(chosen(), "cost") == near((CHINA * bought + korean + EUROPE * made) * PRICE)
    parts = {row.part: row.value for row in chosen()["mix_cost"].query("mix == 'optimised'").itertuples()}
    assert parts == {"packs": near(EUROPE * (bought + korean + made) * PRICE),
                     "imports": near(((CHINA - EUROPE) * bought + (1 - EUROPE) * korean) * PRICE),
                     "capital of lines built": near(0),
                     "capital of lines retrofitted": near(0), "excess": near(0)}  # fmt: skip


def test_where_its_nodes_are_supplied_from(chosen: Whole) -> None:
    """Coated graphite as usual, 5 of 28.5 from Germany, though 5 of 24.425 could be; of cobalt all there is. Of the mix
    that stands for those nearly as good: of its Na-ion cells 10 GWh are the region's own, all of them as usual, and as
    much from Korea as there is, as from China it would be no less unusual; cells from home are those made there."""
    found = chosen("optimise.near=0.001")
    rows = found["mix_sourcing"].query("year == 2031")
    share = {(row.node, row.country): row.share for row in rows.itertuples()}
    approx = {key: pytest.approx(value, abs=1e-5) for key, value in {
        ("flake_graphite", "NAM"): 1, ("coated_graphite", "CHN"): 23.5 / 28.5, ("coated_graphite", "DEU"): 5 / 28.5,
        ("mined_cobalt", "NAM"): 0.7, ("mined_cobalt", "R_OTH"): 0.3, ("synthetic_graphite", "CHN"): 0.68,
        ("synthetic_graphite", "KOR"): 0.32,
    }.items()}  # fmt: skip
    assert {key: value for key, value in share.items() if "cell" not in key[0]} == approx
    trade = found["mix_trade"].query("year == 2031")
    made, cells = (rows.groupby("chemistry")["value"].sum() for rows in (trade.query("measure == 'production'"), trade))
    sodium = cells["na_layered"]
    assert sodium == pytest.approx(17.5, rel=1e-3)
    home = made.drop("na_layered", errors="ignore").sum() / cells.drop("na_layered").sum()
    assert share["cell", "R_EUR"] == pytest.approx(home, abs=1e-6)
    assert share["cell", "CHN"] == pytest.approx(1 - home, abs=1e-6)
    for country, gwh in (("CHN", sodium - 10.75), ("DEU", 10), ("KOR", 0.75)):
        assert share["na_cell", country] == pytest.approx(gwh / sodium, abs=1e-5)
    met = {row.node: row.met for row in found["mix_rule"].itertuples()}
    ruled = {"flake_graphite": "no", "coated_graphite": "no", "mined_cobalt": "no"}
    assert met == {**ruled, "synthetic_graphite": "", "cell": "", "na_cell": ""}
    (hhi,) = column(found, "mix_rule", "hhi", node="mined_cobalt")
    assert hhi == pytest.approx(0.58, abs=1e-5)


def gains(result: Result) -> dict[str, tuple[float, float]]:
    """What steps of limits gain, and the steps, by limit."""
    return {str(row.limit): (row.value, row.step) for row in result["mix_limit"].itertuples()}


def six(value: float) -> object:
    """Equal to the six digits that gains are written to."""
    return near(float(f"{value:.6g}"))


def test_what_steps_of_limits_gain(chosen: Whole) -> None:
    """A kt of coated graphite under the stop lets 10 kt of graphite be used: 10 GWh, and a tenth of the 5 is half a kt.
    A GWh of Na-ion stands for one of LFP, 0.6 of which is made at home. A kt of mined cobalt is 1 ÷ 0.096 GWh of NMC
    for LFP, which saves 0.06 kt of graphite at home each: 0.625 GWh. Of each kind the three that gain most."""
    assert gains(chosen()) == {
        "coated graphite that Europe can get if China stops anodes": (six(5), 10),
        "supply of Na-ion cell from Europe": (six(0.1 * 10 * 0.6), 10),
        "supply of Na-ion cell from China": (six(0.1 * 0.375 * 18 * 0.6), 10),
        "supply of mined cobalt from Namibia": (six(0.1 * 0.7 * 4.608 * 0.06 / 0.096), 10),
    }
    told = chosen()["mix_limit"].set_index("limit")
    sentence = told.loc["supply of Na-ion cell from Europe", "sentence"]
    lowers = "lowers the loss, over the library and all years, by"
    assert sentence == f"Supply of Na-ion cell from Europe: 10% more in 2031 {lowers} 0.6 GWh (6.96%)."


def test_the_cheapest_mix(chosen: Whole) -> None:
    """Na-ion is cheapest, and in cars lifts the mean Wh/kg: 165 in 2031, LFP 160, NMC 250, and 170 are needed. Of 100
    GWh, 17.5 are Na-ion and 90 n = 17,000 − 160 × 82.5 − 165 × 17.5: n = 10.1389 GWh of NMC."""
    n = LEAST_NMC
    found = chosen("optimise.objective='cost'")
    assert gwh(found) == mix(n, 102.5 - n, 17.5)
    cost = (CHINA * (n * NMC + (100 - n) * LFP) + BOUGHT_NA_ION + EUROPE * (2.5 * LFP + 10 * NA_ION)) * PRICE
    assert stage(found) == stage(found, "cheapest") == stage(chosen(), "cheapest") == near(cost)
    assert one(found, "mix_loss") == near(stop(n))
    # One Wh/kg of 100 GWh is 100 ÷ 90 GWh of NMC for LFP. A GWh of Na-ion replaces one of LFP made at home, and lifts
    # the mean by 5, for which 5 ÷ 90 GWh of NMC are LFP. A cell of China's for one made at home is half the price of
    # LFP.
    dearer = CHINA * (NMC - LFP)
    # Five Wh/kg less, a tenth more of each supply; and no more than 2.5 GWh of LFP are made at home.
    assert gains(found) == {
        "least specific energy of cars in Europe": (six(5 * 100 / 90 * dearer * PRICE), -5),
        "supply of cell from China": (six(2.5 * (EUROPE - CHINA) * LFP * PRICE), 10),
        "supply of Na-ion cell from Europe": (six((EUROPE * (LFP - NA_ION) + 5 / 90 * dearer) * PRICE), 10),
        "supply of Na-ion cell from China": (
            six(0.675 * (EUROPE * LFP - CHINA * NA_ION + 5 / 90 * dearer) * PRICE), 10,
        ),
    }  # fmt: skip


def strike(nmc: float) -> float:
    """GWh lost to the strike: of 0.4 n that China makes 0.35, and at home what passes 2.2464 ÷ 0.096 = 23.4."""
    return 0.35 * 0.4 * nmc + max(0.6 * nmc - 23.4, 0)


#: Risk → options, GWh of NMC, objective. A GWh of NMC lowers what the stop costs by 0.06 and raises what the strike
#: costs by 0.14, from 39 GWh on by 0.74.
RISKS = {
    "expected": ([], LEAST_NMC, (stop(LEAST_NMC) + strike(LEAST_NMC)) / 2),
    # Where both cost the same: 11.5 − 0.06 n = 0.74 n − 23.4.
    "worst": ([], 34.9 / 0.8, stop(34.9 / 0.8)),
    # The worst 0.6: all of the stop, a fifth of the strike.
    "cvar": (["optimise.level=0.4"], 39, (0.5 * stop(39) + 0.1 * strike(39)) / 0.6),
}


@pytest.mark.parametrize("risk", RISKS)
def test_two_disruptions_are_weighed_by_the_risk(risk: str, chosen: Whole) -> None:
    """Before, 36 GWh of NMC were made at home and 24 in China."""
    options, nmc, objective = RISKS[risk]
    found = chosen(BOTH, f"optimise.risk='{risk}'", *options)
    assert gwh(found) == mix(nmc, 102.5 - nmc, 17.5)
    assert stage(found) == near(objective)
    assert one(found, "mix_loss", disruption="namibia-strike") == near(strike(nmc))
    assert one(found, "mix_loss", "incumbent", disruption="namibia-strike") == near(36 - 23.4 + 0.35 * 24)


@pytest.mark.parametrize(("likelihood", "nmc"), [(12, 39), (13, 48)])
def test_a_disruption_counts_by_its_likelihood(likelihood: float, nmc: float, chosen: Whole) -> None:
    """Beyond 39 GWh a GWh of NMC costs 0.74 if Namibia strikes: 12 × 0.06 are less, 13 × 0.06 are more."""
    found = chosen(BOTH, f"optimise.likelihood={{china-anode={likelihood}}}")
    assert gwh(found) == mix(nmc, 102.5 - nmc, 17.5)
    assert stage(found) == near((likelihood * stop(nmc) + strike(nmc)) / (likelihood + 1))


def test_a_weighted_sum_goes_over_to_the_cheaper_mix_where_cost_weighs_more(chosen: Whole) -> None:
    """A GWh of NMC for LFP lowers the loss by 0.06 and costs 0.32 × 74.45 = 23.8 million: from 0.00252 on it is too
    dear."""
    for weight, nmc in ((0.0025, 48), (0.0026, LEAST_NMC)):
        found = chosen("optimise.objective='weighted'", f"optimise.weights={{expected=1, cost={weight}}}")
        assert gwh(found) == mix(nmc, 102.5 - nmc, 17.5)
        cost = CHINA * (nmc * NMC + (100 - nmc) * LFP) + BOUGHT_NA_ION + EUROPE * (2.5 * LFP + 10 * NA_ION)
        assert stage(found) == near(stop(nmc) + weight * cost * PRICE)


def test_caps_of_cost_and_of_what_is_at_risk(chosen: Whole) -> None:
    """Under a cap of 5 % above the cheapest, NMC that costs 0.32 a GWh more; and the cheapest with as little at
    risk."""
    least = LEAST_NMC
    base = CHINA * (least * NMC + (100 - least) * LFP) + BOUGHT_NA_ION + EUROPE * (2.5 * LFP + 10 * NA_ION)
    nmc = least + 0.05 * base / (CHINA * (NMC - LFP))
    capped = chosen("optimise.cost_cap=0.05")
    assert gwh(capped) == mix(nmc, 102.5 - nmc, 17.5)
    assert stage(capped) == near(stop(nmc))
    other = chosen("optimise.objective='cost'", "optimise.exposure_cap=9.7")
    assert gwh(other) == mix(30, 72.5, 17.5)


def test_the_least_concentrated_mix(chosen: Whole) -> None:
    """Na-ion as far as it goes, at an HHI of its cells of 0.4756; NMC and LFP have the 0.625 of Li-ion cells."""
    found = chosen("optimise.objective='concentration'")
    assert stage(found) == near(102.5 * 0.625 + 17.5 * (0.36 + 1 / 9 + 1 / 225))
    # Among cathodes NMC is as exposed as cobalt. LFP's makers are unknown, so it may be exposed wholly; so may Na-ion.
    among = chosen("optimise.objective='concentration'", "optimise.among='cathode'")
    assert gwh(among)["nmc811"] == near(48)
    assert stage(among) == near(48 * 0.58 + 72)


def test_the_mix_at_the_ends_of_what_nobody_knows(chosen: Whole) -> None:
    """Nobody knows who makes NMC cathodes and needle coke, and a stop of either is one of three then. With none of them
    in China 48 GWh of NMC lose as before. With all, a stop of cathodes takes the six tenths of NMC made at home, ten
    times what NMC saves of graphite: as little of it as cars can do with. Coke is used in China alone."""
    found = chosen("optimise.unknown='ends'")
    told = found["mix_unknown"].set_index(["unknown", "measure", "family"])["value"]
    for end, nmc, lost in (("none", 48, stop(48)), ("all", LEAST_NMC, stop(LEAST_NMC) + 0.6 * LEAST_NMC)):
        assert [told[end, name, ""] for name in ("best", "objective")] == [near(lost / 3)] * 2
        assert told[end, "share", "NMC"] == near(nmc / 120)
        assert told[end, "share", "Na-ion"] == near(17.5 / 120)
    assert "mix_unknown" not in chosen().tables
    lines = unknown_lines(found)
    assert lines[0].endswith("the best mix has 2.9 and 5.7 GWh; in 2031 NMC 40% → 8%, LFP 45% → 77%.")
    assert lines[1] == "No family grows as fast as it may only because nobody knows who makes its nodes."


def test_a_family_that_fills_up_because_its_nodes_are_unknown_is_named(chosen: Whole) -> None:
    """Na-ion is at the most that growth allows at both ends, and where it was not at the second it is told."""
    found = chosen("optimise.unknown='ends'", "optimise.growth='value'")
    table = found["mix_unknown"].query("measure == 'share'")
    assert list(table.loc[table["grows"] == "yes", "family"]) == ["Na-ion", "Na-ion"]
    table = found["mix_unknown"].copy()
    table.loc[(table["unknown"] == "all") & (table["grows"] == "yes"), "grows"] = "no"
    lines = unknown_lines(Result(found.record, {**found.tables, "mix_unknown": table}))
    assert lines[1].endswith("a family grows as fast as it may: Na-ion in Europe.")


def test_growth_from_one_year_to_the_next(chosen: Whole) -> None:
    """Na-ion begins at nothing: its seed of 0.02 of 120 GWh. Cobalt still bounds NMC, below 1.5 × 0.5 + 0.02."""
    found = chosen("optimise.growth='value'")
    assert gwh(found) == mix(48, 69.6, 2.4)
    assert stage(found) == near(0.6 * (120 - 2.4 - 4.8) - 50)


def test_cells_made_at_home(chosen: Whole) -> None:
    """0.9 of 120 GWh: the 12 that are bought are the 7.5 of Na-ion that home has no plants for, and NMC, dearest."""
    found = chosen("optimise.own_share={2031=0.9}")
    assert gwh(found) == mix(48, 54.5, 17.5)
    home = 43.5 * NMC + 54.5 * LFP + 10 * NA_ION
    assert stage(found, "cost") == near((CHINA * 4.5 * NMC + BOUGHT_NA_ION + EUROPE * home) * PRICE)


def test_suppliers_that_are_excluded(chosen: Whole) -> None:
    """Without cells from China 100 GWh of Li-ion and 10.75 of Na-ion (Germany's, South Korea's) are left: 9.25 go
    unmet. Who may deliver changes no share made at home: the 0.6 need 57.12 kt of graphite, of which there are 50."""
    found = chosen("optimise.exclude='china'", "optimise.exclude_stages=['cell']", "optimise.exclude_since=2031",
                   "optimise.unmet=true")  # fmt: skip
    assert stage(found, "unmet_demand") == near(9.25)
    assert gwh(found) == mix(48, 52, 10.75)
    assert stage(found) == near(9.25 + 0.6 * (100 - 4.8) - 50)
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
    90 n = 34,000 − 160 × 187.5 − 165 × 12.5 of NMC, n = 21.5278 GWh, all made at home, for which it has 0.8 × 1.44 kt
    of cobalt, 12 GWh, as it makes 15 in the reference world. The rest of 48 is Europe's."""
    found = chosen("scope.regions=['World']")
    china = (34_000 - 160 * 187.5 - 165 * 12.5) / 90
    europe = 48 - china
    assert gwh(found) == mix(europe, 102.5 - europe, 17.5)
    assert stage(found) == near(stop(europe) + china - 12)


def test_whose_loss_counts(chosen: Whole) -> None:
    """Cells of China go on under the stop, so that those made at home are all that is lost. If others made these too,
    none abroad makes Li-ion cells, so Europe would: 36 GWh of NMC, for which it has cobalt, and LFP of what 50 kt of
    graphite leave. Beyond 36 more NMC makes nothing better, and is dearer."""
    supply, industry = chosen(), chosen("optimise.loss='industry'")
    for found in (supply, industry):
        assert gwh(found) == mix(48, 54.5, 17.5)
        assert stage(found) == near(stop(48))
    assert one(industry, "mix_loss", "wanted") == near(72)
    outside = chosen("optimise.loss='all_outside'")
    lost = 120 - 17.5 - 36 - (50 - 0.9 * 36)
    assert gwh(outside) == mix(36, 66.5, 17.5)
    assert [stage(outside), one(outside, "mix_loss")] == [near(lost)] * 2
    for found, nmc in ((supply, 48), (industry, 48), (outside, 36)):
        told = [
            one(found, "mix_baseline", name, mix="chosen") for name in ("supply_lost", "industry_lost", "all_outside")
        ]
        assert told == [near(stop(nmc)), near(stop(nmc)), near(lost)]
        assert one(found, "mix_baseline", "industry_share", mix="chosen") == near(stop(nmc) / 72)
    told = [
        one(supply, "mix_baseline", name, mix="cheapest") for name in ("supply_lost", "industry_lost", "all_outside")
    ]
    assert told == [near(stop(LEAST_NMC)), near(stop(LEAST_NMC)), near(52.5 - 0.1 * LEAST_NMC)]


def test_as_if_others_made_all_bounds_no_stop_of_cells(chosen: Whole) -> None:
    loss, cells = "optimise.loss='all_outside'", event("cells", "'cell'")
    alike = "give these a likelihood of 0, or set exposure.event.cells = false, or set loss"
    with pytest.raises(
        InputError, match=rf"'all_outside': bounds stops of materials alone, and cells stops cells.*{alike}"
    ):
        chosen(loss, cells)
    with pytest.raises(InputError, match=r"which others would make; set exposure.event.cells = false, or set loss"):
        chosen(loss, cells, "optimise.event_weights='equal'")
    for way in ("optimise.likelihood={cells=0}", "exposure.event.cells=false"):
        assert stage(chosen(loss, cells, way)) > 0


def test_a_stockpile_is_a_share_of_what_the_mix_needs(chosen: Whole) -> None:
    """Half a month of a quarter of its graphite at home, g = 0.6 (102.5 − 0.1 n): 50 + 10 × g ÷ 96 kt can be used."""
    found = chosen("exposure.stockpile_months=0.5")
    graphite = 0.6 * (102.5 - 4.8)
    assert gwh(found) == mix(48, 54.5, 17.5)
    assert stage(found) == near(graphite - (50 + 10 * graphite / 96))


def test_the_mix_takes_back_what_its_past_returns(chosen: Whole) -> None:
    """2.156 kt of cobalt return, and 0.875 of a twentieth of what goes in: (4.608 ÷ 1.2 + 2.156) ÷ (1 − 0.875 ÷ 20) kt
    go in, 0.95 of it into cells: 74.46 GWh of NMC. A twentieth of graphite is lost as scrap, so 50 kt are 47.5 in
    cells."""
    found = chosen(*FLOWS, "optimise.recycled_content=true")
    input = (4.608 / 1.2 + 2.156) / (1 - 0.875 / 20)
    nmc = 0.95 * input / 0.08
    assert gwh(found) == mix(nmc, 102.5 - nmc, 17.5)
    assert stage(found) == near(stop(nmc) + 2.5)
    used = found["mix_secondary"].query("mineral == 'cobalt' and year == 2031")["value"].sum()
    assert used >= 0.16 * input - 1e-6
    at = {"scenario": "optimised", "node": "mined_cobalt", "year": 2031}
    assert one(found, "coverage", measure="recovered", **at) == near(1.2 * (2.156 + 0.05 * input * 0.875))


def test_what_cohorts_return_is_what_the_plain_run_recovers(folder: Path) -> None:
    """For the incumbent's own cells, the mix takes back what its cohorts and its past give in the run of flows: cars
    of 2045 and 2046 after two years, storage of before, and the scrap of each year."""
    sets = (*FLOWS, "scope.years={first=2044, last=2048}")
    ready = prepared(read_run(folder / "chosen.toml", sets), read_inputs(folder))
    assembly, data = ready.mixes["optimised"]
    cells, years = assembly.outcome.scenarios["plan"].cells, list(assembly.resolved.years.labels)
    flows = Frames(ready.tables)["mineral_flows"].query(
        "scenario == 'plan' and flow in ['recovered', 'recovered_prompt']"
    )
    recovered = flows.groupby(["mineral", "year"])["value"].sum()
    assert {k - y for *_, k, y in data.returned} == {0, -2}
    for mineral in data.minerals:
        for year in data.years:
            own = sum(
                data.returned.get(("Europe", data.life["Europe", s, c], mineral, k, year), 0.0)
                * data.content.get((c, mineral, k), 0.0) * cells[0, i, place, years.index(k)]
                for i, s in enumerate(assembly.segments) for c, place in assembly.place.items() for k in data.years
            )  # fmt: skip
            found = own + data.recovered["Europe", mineral, year]
            assert found == near(recovered[mineral, year]), (mineral, year)


#: New plants, as rows of expansion_cost: they make something two years after the plan starts in 2031, and known supply
#: could have grown by a tenth a year from then on; half of that may be built for Europe.
NEW_PLANTS = "measure,node,group,value,low,high,unit,source,locator,quality,note\n" + "".join(
    f"{measure},{node},{group},{value},,,{unit},book,p. 32,model,\n"
    for node in ("na_cell", "mined_cobalt", "synthetic_graphite", "cell")
    for group in ("top", "outside")
    for measure, value, unit in (("lead", 2, "year"), ("growth", 0.1, "1"), ("follow_on", 0.5, "1"))
)
UNTIL_2034 = ("scope.years={first=2030, last=2034}", "scope.beyond='hold'")


@pytest.fixture(scope="module")
def with_plants(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tables where others can build."""
    other = shutil.copytree(folder, tmp_path_factory.mktemp("grown") / "tables")
    (other / "expansion_cost.csv").write_text(NEW_PLANTS, encoding="utf-8")
    return other


@pytest.fixture(scope="module")
def grown(with_plants: Path) -> Whole:
    """The run whose mix is chosen, where others build because of it."""
    return cache(lambda *sets: run(with_plants / "chosen.toml", [*UNTIL_2034, *sets], with_plants))


def test_others_build_because_of_the_mix(grown: Whole) -> None:
    """In 2034 supply of 2033 could be a tenth more: half of 3 GWh of Na-ion cells and of 0.4608 kt of cobalt. The mix
    takes 17.5 + 1.5 of Na-ion, and (4.608 + 0.2304) ÷ 0.096 = 50.4 of NMC, where it had 17.5 and 48. Cells made at home
    need 4.32 of the world's 5.76 kt of cobalt that Europe's batteries hold, so three quarters of that follow there."""
    found = grown()
    rows = found["cells"].query("scenario == 'optimised' and region == 'Europe'")
    for chemistry, before, last in (("na_layered", 17.5, 19.0), ("nmc811", 48, 50.4)):
        by_year = rows[rows["chemistry"] == chemistry].groupby("year")["value"].sum()
        assert [by_year[year] for year in range(2031, 2035)] == [near(before)] * 3 + [near(last)]
    at = {"scenario": "optimised", "measure": "follow_on"}
    told = found["coverage"].query("scenario == 'optimised' and measure == 'follow_on'")
    assert set(zip(told["node"], told["year"], strict=True)) == {("na_cell", 2034), ("mined_cobalt", 2034)}
    assert one(found, "coverage", node="na_cell", **at) == near(1.5)
    assert one(found, "coverage", node="mined_cobalt", **at) == near(0.75 * 0.2304)
    bought = found["mix_sourcing"].query("follow_on > 0").groupby(["node", "year"])["follow_on"].sum()
    assert bought.to_dict() == {("na_cell", 2034): near(1.5), ("mined_cobalt", 2034): near(0.2304)}
    assert stage(found) == near(3 * stop(48) + 0.6 * (120 - 19 - 5.04) - 50)


def test_a_stop_takes_its_part_of_what_follows_the_mix(grown: Whole) -> None:
    """Seven tenths of the cobalt stand in Namibia, of which the strike takes half: of 0.75 × 0.2304 kt 0.65 are left,
    beside 2.2464. China makes 0.65 of the four tenths of NMC that are bought."""
    found = grown(BOTH, "optimise.likelihood={china-anode=100}")
    left = 2.2464 + 0.65 * 0.75 * 0.2304
    lost_at_home = 0.6 * 50.4 - left / 0.096
    told = one(found, "disruptions", "lost_best", scenario="optimised", disruption="namibia-strike", year=2034)
    assert told == near(0.35 * 0.4 * 50.4 + lost_at_home)


def test_the_mix_that_others_build_for_is_played_back(grown: Whole, with_plants: Path, tmp_path: Path) -> None:
    """As a run file of its own it has the same built, by follow_on of its scenario, and loses the same."""
    found = grown(BOTH)
    found.write(tmp_path / "result")
    again = run(tmp_path / "result" / "optimised.toml", [], with_plants)
    keys = ["disruption", "year"]
    mine, theirs = (each["disruptions"].query("scenario == 'optimised'").set_index(keys)["lost_best"]
                    for each in (found, again))  # fmt: skip
    pd.testing.assert_series_equal(mine, theirs, rtol=1e-9)


WITHOUT_OTHERS = (*UNTIL_2034, "optimise.exclude=others", "optimise.exclude_stages=['mining']")
LIKELY = "optimise.likelihood={china-anode=100}"


@pytest.fixture(scope="module")
def with_others_apart(with_plants: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same tables, where others than Namibia, who mine cobalt, can be excluded."""
    other = shutil.copytree(with_plants, tmp_path_factory.mktemp("excluded") / "tables")
    for table, row in (("country_groups", "others,Others,book,"), ("country_group", "others,R_OTH,")):
        with (other / f"{table}.csv").open("a", encoding="utf-8") as file:
            file.write(f"{row}\n")
    return other


def test_what_follows_the_mix_stands_with_those_who_may_supply(with_others_apart: Path, tmp_path: Path) -> None:
    """Seven tenths of the cobalt come from Namibia, 3.2256 kt, and as much of what follows, 0.16128, three quarters of
    it at home: in all 35.28 GWh of NMC. All of it stands in Namibia, whose strike so leaves a half, in the plan and
    where it is played back."""
    folder = with_others_apart
    found = run(folder / "chosen.toml", [*WITHOUT_OTHERS, BOTH, LIKELY], folder)
    rows = found["cells"].query("scenario == 'optimised' and region == 'Europe' and chemistry == 'nmc811'")
    assert rows.groupby("year")["value"].sum().to_dict()[2034] == near((3.2256 + 0.16128) / 0.096)
    ready = prepared(read_run(folder / "chosen.toml", [*WITHOUT_OTHERS, BOTH, LIKELY]), read_inputs(folder))
    data = ready.mixes["optimised"][1]
    assert data.follow_on_left["namibia-strike", "Europe", "mined_cobalt", 2034] == near(0.5)
    at = {"scenario": "optimised", "disruption": "namibia-strike", "node": "mined_cobalt", "year": 2034}
    assert one(found, "accessible", "follow_on", **at) == near(0.5 * 0.75 * 0.16128)
    rows = found["mix_sourcing"].query("follow_on > 0 and node == 'mined_cobalt'")
    assert list(zip(rows["country"], rows["follow_on"], strict=True)) == [("NAM", near(0.16128))]
    found.write(tmp_path / "result")
    again = run(tmp_path / "result" / "optimised.toml", [], folder)
    assert one(again, "accessible", "follow_on", **at) == near(0.5 * 0.75 * 0.16128)


def test_who_may_not_supply_leaves_a_mix_short(with_plants: Path) -> None:
    """Without China's 320 kt of synthetic graphite 80 are left, and batteries could need 120: in 2034 a tenth of 400
    could be added, half of that for Europe, a fifth of it in South Korea. With China's they lack none. Of cells nobody
    else abroad may make those that follow."""

    def following(stage: str, *sets: str) -> dict[tuple[str, int], float]:
        exclude = "optimise.exclude=china", f"optimise.exclude_stages=['{stage}']"
        run = read_run(with_plants / "chosen.toml", [*UNTIL_2034, *(exclude if stage else ()), *sets])
        found = prepared(run, read_inputs(with_plants)).mixes["optimised"][1].follow_on
        return {place: kt for place, kt in found.items() if place[0] in ("synthetic_graphite", "cell")}

    assert following("active_material") == {("synthetic_graphite", 2034): near(0.5 * 0.1 * 400 * 0.2)}
    assert following("") == {} == following("cell", "optimise.unmet=true", "optimise.exclude_since=2034")


def test_a_plan_may_say_what_follows_it(whole: Whole) -> None:
    """Of 2 kt of coated graphite a twentieth stands in Germany as supply does today: a tenth of 1 kt of graphite, which
    is 1 GWh of LFP."""
    base = lost(whole())[1]
    located = "exposure.follow_on='today'"
    built = whole("scenario.plan.follow_on={Europe={2031={coated_graphite=2}}}", located)
    assert one(built, "coverage", measure="follow_on", year=2031) == near(2)
    assert lost(built)[1] == near(base - 1)
    with pytest.raises(InputError, match=r"follow_on\.Europe\.2031\.anode'?: no node"):
        whole("scenario.plan.follow_on={Europe={2031={anode=2}}}")
    with pytest.raises(InputError, match=r"expected follow_on\.REGION\.YEAR\.NODE"):
        whole("scenario.plan.follow_on={Europe={later={coated_graphite=2}}}")


def test_a_plan_may_say_where_what_follows_it_stands(whole: Whole) -> None:
    """Of 2 kt of coated graphite three quarters stand in South Korea: 1.5 kt are 15 of graphite less to lack, of 9."""
    base, amount = lost(whole())[1], "follow_on={Europe={2031={coated_graphite=2}}}"
    for part in (0.0, 0.2, 0.4):
        stands = f"follow_on_in={{Europe={{2031={{coated_graphite={{CHN={1 - part}, KOR={part}}}}}}}}}"
        assert lost(whole(f"scenario.plan.{amount}", f"scenario.plan.{stands}"))[1] == near(base - 10 * 2 * part)


def test_what_does_not_fit_of_what_follows_a_plan_is_told(whole: Whole) -> None:
    """All of it at once, with the makers of cells that do not fit."""
    sets = (
        "scenario.plan.follow_on={Europe={2031={unknown_anode=1, coated_graphite=1, synthetic_graphite=1}}}",
        "scenario.plan.follow_on_in={Europe={2031={coated_graphite={CHM=1}, synthetic_graphite={CHN=0.5, KOR=0.4}, "
        "flake_graphite={CHN=1}}}}",
        "scenario.plan.cells_from={Europe={2031={lfp={CHM=0.5}}}}",
    )
    with pytest.raises(InputError) as raised:
        whole(*sets)
    told = "\n".join(str(problem) for problem in raised.value.problems)
    for why in (
        "stands nowhere, as nobody is known to make it, so that no stop takes any; say where it stands, "
        "follow_on_in.Europe.2031.unknown_anode = { COUNTRY = 1 }, or leave it out",
        "no country that makes anything in this run; did you mean 'CHN'", "sums to 0.9; expected 1",
        "says where, but not how much; add follow_on.Europe.2031.flake_graphite", "cells_from.Europe.2031.lfp.CHM",
    ):  # fmt: skip
        assert why in told
    assert len(raised.value.problems) == 5
    stands = "scenario.plan.follow_on_in={Europe={2031={unknown_anode={KOR=1}}}}"
    assert whole("scenario.plan.follow_on={Europe={2031={unknown_anode=1}}}", stands)


def test_where_nothing_follows_a_plan_nothing_follows_a_mix(grown: Whole, chosen: Whole) -> None:
    found = grown("exposure.follow_on='none'")
    assert stage(found) == near(4 * stop(48))
    assert not found["mix_sourcing"]["follow_on"].any()


def test_lines_at_home(folder: Path) -> None:
    """With 60 GWh of lines in Germany, half of them used, 0.9 at home takes 98 of Li-ion and 10 of Na-ion. Half of a
    line turned over makes Na-ion; a new line costs 100 a kWh, of which the one year left pays the annuity of 15 years
    at 8 %, twice, as half of it is used. So 68 are built for Li-ion, 10 for Na-ion. Packs cost what they do without
    that."""
    table = folder / "cell_capacity.csv"
    text = table.read_text(encoding="utf-8")
    table.write_text(f"{text}DEU,capacity,2030,60,,,GWh/yr,book,p. 21,model,\n", encoding="utf-8")
    try:
        found = run(folder / "chosen.toml", ["optimise.own_share={2031=0.9}"], folder)
    finally:
        table.write_text(text, encoding="utf-8")
    parts = {row.part: row.value for row in found["mix_cost"].query("mix == 'optimised'").itertuples()}
    charge = 100 * 0.08 / (1 - 1.08**-15) / 0.5
    assert parts["capital of lines built"] == near(78 * charge)
    assert parts["capital of lines retrofitted"] == near(0)
    gwh = found["cells"].query("scenario == 'optimised' and year == 2031").groupby("chemistry")["value"].sum()
    price = {"nmc811": NMC, "lfp": LFP, "na_layered": NA_ION}
    packs = sum(gwh[c] * (EUROPE * PRICE * each - charge) for c, each in price.items() if c in gwh)
    assert parts["packs"] == near(packs)
    built = {row.line: row.value for row in found["mix_line"].query("measure == 'built'").itertuples()}
    assert sum(built.values()) == near(78)


# --- draws -----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
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
