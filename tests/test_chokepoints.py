"""Exposure of whole runs: tables that add up, what the shipped run must show, and what is refused."""

from __future__ import annotations

import re
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from minerals import api
from minerals.case.chokepoints import Chokepoints, Planned, Still, Stopped
from minerals.case.follow_on import Chosen
from minerals.case.uses import Uses
from minerals.errors import InputError, UsageError
from minerals.exposure.coverage import NOWHERE, Cuts, Supply
from minerals.results.result import Result
from minerals.studies.run import run
from minerals.tables.inputs import Inputs
from minerals.tables.plants import supply_of_plants
from minerals.tables.supply import Cut

ANODE = "china-graphite-anode"
#: Changes for runs of which only a part is looked at: one stop, without draws.
ANODE_ALONE = (f"exposure.disruptions=[{ANODE!r}]", "exposure.draws=0")


@pytest.fixture(scope="module")
def stressed() -> Result:
    """With three months in stock, and a stop of anodes that lasts two years beside the library."""
    long = "exposure.event.long={country='CHN', nodes='graphite_anode', start=2033, months=24}"
    return api.stress("europe-2035", set=["scope.years.first=2033", "exposure.stockpile_months=3", long])


def at(result: Result, table: str, **where: object) -> pd.DataFrame:
    frame = result[table]
    for name, label in where.items():
        frame = frame[frame[name] == label]
    assert len(frame), (table, where)
    return frame


def only_floor(supply: pd.DataFrame, inputs: Inputs) -> pd.Series:
    """Whether plants that stand make more in a country than its share says, and that no others are added anywhere."""
    standing = supply_of_plants(inputs, [2035]).set_index(["node", "country"])["operating"]
    added = supply.reset_index().set_index(["node", "country"])["added"]
    assert (added <= standing.reindex(added.index).fillna(0.0) + 1e-9).all()
    lifted = supply[supply["added"] > 0].reset_index().set_index(["node", "country"])
    alone = lifted[lifted["rows"] != ""]
    assert alone["value"].to_list() == pytest.approx(standing.reindex(alone.index).to_list())
    return supply["added"] > 0


def without_plants(supply: pd.DataFrame) -> pd.Series:
    """Shares in what is made without what plants add; as they stand where nobody knows how much is made."""
    rest = supply["value"] - supply["added"]
    return (rest / rest.groupby("node").transform("sum")).where(rest.notna(), supply["share"])


# --- what the shipped run must show ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_an_anode_stop_costs_next_gen_less(europe: Result) -> None:
    now, next_gen = (
        at(europe, "disruptions", scenario=name, disruption=ANODE, year=2035).iloc[0] for name in europe.scenarios
    )
    assert now["binding_node"] == next_gen["binding_node"] == "graphite_anode"
    assert 0.42 < now["share_best"] < 0.48  # nearly all cells made at home, and some of those of third makers
    assert 0.3 < next_gen["share_best"] < 0.4
    assert now["industry_best"] > 0.85 * now["made_at_home"]
    assert next_gen["lost_proportional"] < now["lost_best"]


@pytest.mark.slow
def test_stops_by_china_cost_less_where_allies_cooperate_and_more_where_china_dominates(europe: Result) -> None:
    """Batteries lost, in both scenarios, of every stop of anodes, cathodes, lithium and cells by China.

    Other events are held by no order: if all of China's exports stop, allies that cooperate lack the separators and
    electrolytes of the cells that they make instead of China.
    """
    keys = ["scenario", "disruption", "year"]
    stops = ["china-graphite-anode", "china-natural-graphite", "china-lfp-cathode", "china-nmc-cathode",
             "china-lithium-chemicals", "china-cells"]  # fmt: skip
    sets = ["scope.years=2035", f"exposure.disruptions={stops}"]
    lost = {
        name: run("europe-2035", [*sets, f"exposure.future={future}"])["disruptions"].set_index(keys)["lost_best"]
        for name, future in {
            "cooperation": "competitive-cooperation", "today": "today", "unipolar": "unipolar-dominance"
        }.items()
    }  # fmt: skip
    frame = pd.DataFrame(lost)
    assert len(frame) == 12
    assert frame.notna().all(axis=None)
    assert (frame["cooperation"] <= frame["today"] + 1e-6).all(), frame
    assert (frame["today"] <= frame["unipolar"] + 1e-6).all(), frame


@pytest.mark.slow
def test_the_cathode_chain_reverses_and_the_anode_is_second(europe: Result) -> None:
    """Mining makes LFP look safer than NMC, active materials reverse it; NMC then hangs on the shared anode most."""

    def weakest(chemistry: str, among: str) -> tuple[float, str]:
        row = at(europe, "exposure", chemistry=chemistry, measure="weakest_hhi", among=among, year=2035).iloc[0]
        return float(row["value"]), str(row["node"])

    lfp, nmc = weakest("lfp", "cathode mining"), weakest("nmc811", "cathode mining")
    assert lfp == (pytest.approx(0.238, abs=1e-3), "phosphate_rock")
    assert nmc == (pytest.approx(0.556, abs=1e-3), "mined_cobalt")
    assert nmc[0] - lfp[0] >= 0.1
    lfp, nmc = weakest("lfp", "cathode active_material"), weakest("nmc811", "cathode active_material")
    assert lfp == (pytest.approx(0.960, abs=1e-3), "lfp_cathode")
    assert nmc == (pytest.approx(0.507, abs=1e-3), "nmc_cathode")
    assert lfp[0] - nmc[0] >= 0.1
    assert weakest("lfp", "active_material") == (pytest.approx(0.960, abs=1e-3), "lfp_cathode")
    # By its shares 0.892; plants that stand outside China make more than these say.
    assert weakest("nmc811", "active_material") == (pytest.approx(0.888, abs=1e-3), "graphite_anode")


@pytest.mark.slow
def test_a_cell_without_a_separator_does_not_hang_on_one(europe: Result) -> None:
    nodes = europe["exposure"].query("measure == 'weakest_hhi' and among == 'all' and year == 2035")
    assert set(nodes["chemistry"]) >= {"lfp", "li_metal_solid"}
    hangs = at(europe, "exposure", scenario="next-gen", node="separator", measure="dependent_gwh", year=2035)
    solid = at(europe, "cells", scenario="next-gen", chemistry="li_metal_solid", year=2035)["value"].sum()
    total = at(europe, "cells", scenario="next-gen", year=2035)["value"].sum()
    assert float(hangs["value"].iloc[0]) == pytest.approx(1 - solid / total)


# --- tables that add up ----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_gwh_at_risk_adds_up_to_the_disruptions(europe: Result) -> None:
    keys = ["scenario", "region", "disruption", "year"]
    summed = europe["gwh_at_risk"].pivot_table(index=keys, columns="allocation", values="value", aggfunc="sum")
    told = europe["disruptions"].set_index(keys)
    both = told.join(summed).fillna({"best": 0.0, "proportional": 0.0})
    assert np.allclose(both["best"], both["at_risk_best"], atol=1e-6)
    assert np.allclose(both["proportional"], both["at_risk_proportional"], atol=1e-6)
    assert (both["at_risk_best"] <= both["at_risk_proportional"] + 1e-6).all()
    assert (both["at_risk_proportional"] + both["shortage"] <= both["planned"] + 1e-6).all()
    assert (europe["gwh_at_risk"]["value"] > 0).all()


@pytest.mark.slow
def test_what_is_accessible_readds_from_the_supply_table(europe: Result) -> None:
    """own + recovered + share of the pool × what others export, and 0 of China's exports when it stops them. Without
    them nobody but China has all it lacks: what is left is shared by need. Other uses keep what they need, or by need
    their part of what is left."""
    home = set(europe.record["region_members"]["Europe"].split(";")) | {"R_EUR"}
    supply = at(europe, "supply", node="graphite_anode", year=2035)
    abroad = supply[~supply["country"].isin(home)].set_index("country")["exported"]
    cover = at(europe, "coverage", scenario="incumbent", node="graphite_anode", year=2035)
    cover = cover.set_index("measure")["value"]
    hit = at(europe, "accessible", scenario="incumbent", disruption=ANODE, node="graphite_anode", year=2035).iloc[0]
    fixed = cover["own"] + cover["recovered"]
    assert hit["without"] == pytest.approx(fixed + cover["share_of_pool"] * abroad.sum() - cover["others"])
    need = at(europe, "reference_need", node="graphite_anode", year=2035).set_index("region")["gross"]
    made = supply.groupby("home")["value"].sum().reindex(need.index, fill_value=0.0)
    lacking = need[made < need]  # South Korea and Japan make what the cells take that are made there
    part = need["Europe"] / lacking.sum()
    left = fixed + part * abroad.drop("CHN").sum()
    assert hit["value"] == pytest.approx(left - hit["others"])
    assert hit["others"] / left == pytest.approx(cover["others"] / (hit["need"] + cover["others"]), rel=0.05)
    assert cover["accessible"] == pytest.approx(hit["without"] + cover["others"])
    assert cover["accessible_none"] <= cover["accessible"] < cover["accessible_all"] == fixed + cover["exported"]
    origin = at(europe, "cell_makers", region="Europe", node="li_ion_cell", year=2035)
    made_at_home = origin.loc[origin["home"] == "yes", "value"].sum()
    graphite = europe.total(scenario="incumbent", mineral="graphite", year=2035, by=())
    assert hit["need"] == pytest.approx(made_at_home * graphite)


@pytest.mark.slow
def test_named_plants_are_what_supply_gap_counts_as_announced(europe: Result) -> None:
    """All that may come by the last year, but for ambitions and what is paused, on which nothing counts."""
    plants, gap = europe["gap_plants"], europe["supply_gap"]
    assert set(plants["node"]) <= set(gap["node"])
    assert not set(plants["country"]) & {"CHN", "RUS", "PRK", "IRN"}
    assert "cancelled" not in set(plants["status"])
    counted = plants[~plants["status"].isin(["ambition", "paused"]) & (plants["start"] <= 2035)]
    for node, announced in gap.groupby("node")["announced"].first().items():
        assert counted.loc[counted["node"] == node, "value"].sum() == pytest.approx(announced)
    assert (plants["value"] > 0).all()
    assert len(plants), "of anodes some are announced"
    place = "POSCO Future M (Pohang)"  # 8 kt operate, then 18 and 36 are planned
    assert plants.loc[plants["company"] == place, ["start", "value"]].to_numpy().tolist() == [[2024, 10], [2025, 18]]


@pytest.mark.slow
def test_supply_gap_closes_the_gap(europe: Result) -> None:
    """The stop hits one node: at 100 % the addition is need less what is left."""
    gap = at(europe, "supply_gap", scenario="incumbent", disruption=ANODE, node="graphite_anode")
    hit = at(europe, "accessible", scenario="incumbent", disruption=ANODE, node="graphite_anode", year=2035).iloc[0]
    assert gap.set_index("cut")["value"][1.0] == pytest.approx(hit["need"] - hit["value"], rel=1e-6)
    assert gap["value"].is_monotonic_increasing


@pytest.mark.slow
def test_sourcing_balances_at_every_stage(europe: Result) -> None:
    flows = at(europe, "sourcing", scenario="incumbent", chain="lithium")
    total = europe.total(scenario="incumbent", mineral="lithium", year=2035, by=())
    assert flows[flows["stage_to"] == "use"]["value"].sum() == pytest.approx(total, rel=1e-2)
    for stage in ("refining", "cell"):
        by_stage = [flows[flows[side] == stage]["value"].sum() for side in ("stage_to", "stage_from")]
        assert by_stage[0] == pytest.approx(by_stage[1], rel=1e-2)


@pytest.mark.slow
def test_rules_of_trade_say_what_is_met(europe: Result) -> None:
    rules = at(europe, "trade_rules", scenario="incumbent", year=2035).set_index(["kind", "node"])
    assert rules.loc[("maximum_single", "graphite_anode"), ["met", "country"]].tolist() == ["no", "CHN"]
    assert rules.loc[("maximum_single", "mined_copper"), "met"] == "yes"
    assert rules.loc[("minimum_own", "mined_lithium"), "met"] == "no"
    cover = at(europe, "coverage", scenario="incumbent", year=2035).set_index(["node", "measure"])["value"]
    # The benchmark counts the EU27, the region is wider.
    assert 0 < rules.loc[("minimum_own", "nickel_refined"), "value"] < cover["nickel_refined", "own_coverage"]
    assert set(europe["trade_rules"]["year"]) == set(range(2030, 2036))


@pytest.mark.slow
def test_recycling_has_its_benchmark_and_a_rule_its_last_year() -> None:
    found = run("europe-2035", ["flows={}", "scope.regions=['Europe', 'United States']", "scope.years=2030",
                                "scenario.next-gen.adoption='stated-trend'", "scenario.incumbent.adoption='lfp-led'",
                                ])  # fmt: skip
    rules = found["trade_rules"].query("scenario == 'next-gen'")
    recycled = rules[rules["rule"] == "crma-recycling"].set_index("node")
    assert recycled.loc["nickel_refined", "limit"] == 0.25
    flows = at(found, "mineral_flows", scenario="next-gen", region="Europe", mineral="nickel", year=2030)
    flows = flows.groupby("flow")["value"].sum()
    part = flows["secondary_supply"] / flows["input"]
    assert recycled.loc["nickel_refined", "value"] == pytest.approx(part)
    assert "us-30d-entities" not in set(rules["rule"])  # ended in 2025


def test_uses_that_the_scope_leaves_out_keep_what_they_need_by_hand() -> None:
    """Others need 1 beside our 3, in two regions together. Of 8 they keep 1; of 2 too little is left, and ours is three
    quarters, of 0.5 as well, and of 0.2 where we need 0.3 and they 0.1. Nothing stays nothing, what is unknown unknown,
    and what nobody needs is ours."""
    others = {"a": [0.25, 0.25, 0.25, 0, 1, 0, 0.1], "b": [0.75, 0.75, 0.75, 1, 0, 0, 0]}
    needed = {"a": [1.0, 1, 1, 3, 3, 0, 0], "b": [2.0, 2, 2, 0, 0, 0, 0.3]}
    apart = {name: (np.array([others[name]]).T, np.array([needed[name]]).T) for name in ("a", "b")}
    narrow = SimpleNamespace(left_out={"a": 0.5}, uses_apart=apart, _still=Still())
    narrow._apart = partial(Chokepoints._apart, narrow)  # type: ignore[arg-type]
    own, accessible = np.array([4.0, 1, 0.2, 0, 2, 1, 0.1]), np.array([8.0, 2, 0.5, 0, np.nan, 6, 0.2])
    ours, reach = Chokepoints.in_scope(narrow, ["a", "b"], 0, own, accessible)  # type: ignore[arg-type]
    assert reach == pytest.approx([7, 1.5, 0.375, 0, np.nan, 6, 0.15], nan_ok=True)
    assert ours[:3] == pytest.approx([3.5, 0.75, 0.15])
    assert ours[4:] == pytest.approx([2, 1, 0.075])
    whole = SimpleNamespace(left_out={})
    assert Chokepoints.in_scope(whole, ["a"], 0, own, accessible)[1] is accessible  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize("segments", [["stationary"], ["car"], ["car", "van", "truck", "bus"]])
def test_a_narrower_scope_does_not_look_safer(segments: list[str]) -> None:
    """What a run of some uses loses under a proportional cut is, as a share, no less than what these lose in a run of
    all: the other uses keep what they need."""
    sets = ["scope.years=2035", "scope.segments=[]", "scenario.incumbent.adoption='stated-trend'",
            "scenario.next-gen.adoption='sodium-led'"]  # fmt: skip
    whole, part = run("europe-2035", sets), run("europe-2035", [*sets, f"scope.segments={segments}"])
    lost = whole["gwh_at_risk"].query("allocation == 'proportional' and scenario == 'incumbent'")
    lost = lost[lost["segment"].isin(segments)].groupby("disruption")["value"].sum()
    cells = whole["cells"].query("scenario == 'incumbent'")
    planned = cells[cells["segment"].isin(segments)]["value"].sum()
    narrow = at(part, "disruptions", scenario="incumbent").set_index("disruption")
    shares = narrow["at_risk_proportional"] / narrow["planned"]
    assert (shares >= lost.reindex(shares.index, fill_value=0.0) / planned - 1e-6).all()
    assert shares.max() > 0.1


# --- who makes the cells, by hand ------------------------------------------------------------------------------------


def of_a_world(**parts: Any) -> Any:
    """Exposure of which only some parts are known."""
    found: Any = object.__new__(Chokepoints)
    vars(found).update({"_still": Still(), "_stopped": Stopped(), "_planned": Planned(), "orders": {}, **parts})
    return found


def of_makers(configured: bool = False, **parts: Any) -> Any:
    """Regions A and B, of three customers, in the second of two years. Cells of the first chemistry are node 2, those
    of the second node 3, of which nobody knows the makers, and the third has no node. Of countries two are at home in
    A, one in B and one nowhere. A's cells are half of its first country and half of B's, B's a quarter its own and the
    rest of the fourth; of both together, 0.3, 0, 0.4, 0.3. Of the second chemistry all sell from abroad."""
    first = {("A",): [0.5, 0, 0.5, 0], ("B",): [0, 0, 0.25, 0.75], ("A", "B"): [0.3, 0, 0.4, 0.3]}
    second = {("A",): [0, 0, 0.8, 0.2], ("B",): [0, 0, 0.0, 1], ("A", "B"): [0, 0, 0.5, 0.5]}

    def of(regions: tuple[str, ...], year: int, node: int) -> np.ndarray:
        assert year == 1
        return np.array((first if node == 2 else second)[tuple(regions)])

    cell = np.array([[0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]], dtype=bool)
    resolved = SimpleNamespace(regions=SimpleNamespace(labels=("A", "B")))
    known, unknown = np.zeros(4, dtype=bool), np.array([0, 0, 0, 1], dtype=bool)
    return of_a_world(
        outcome=SimpleNamespace(resolved=resolved), customers=("A", "C", "B"), chosen_origin={},
        inputs=SimpleNamespace(countries=("a1", "a2", "b", "x"), home=("A", "A", "B", "")),
        chain=SimpleNamespace(cell=cell), supply=(SimpleNamespace(unknown=known), SimpleNamespace(unknown=unknown)),
        origins=SimpleNamespace(of=of, configured=configured), **parts,
    )  # fmt: skip


def test_who_makes_the_cells_of_regions_and_who_of_those_at_home_and_abroad() -> None:
    """All is made at home where no maker is known. Where none is known at home its countries are alike."""
    found = of_makers()
    assert found.group(["A", "C"]).tolist() == [True, True, False]
    assert found.cell_origin(["A"], 1).tolist() == [[0.5, 0, 0.5, 0], [0, 0, 0.8, 0.2], [0, 0, 0, 0]]
    assert found.made_at_home(["A"], 1).tolist() == [0.5, 0, 1]
    assert found.home_share("plan", ["B"], 1).tolist() == [0.25, 0, 1]
    own, abroad = found.halves(["A"], 1)
    assert own == pytest.approx(np.array([[1, 0, 0, 0], [0.5, 0.5, 0, 0], [0, 0, 0, 0]]))
    assert abroad == pytest.approx(np.array([[0, 0, 1, 0], [0, 0, 0.8, 0.2], [0, 0, 0, 0]]))
    own, abroad = found.halves(["A", "B"], 1)
    assert own[0] == pytest.approx([0.3 / 0.7, 0, 0.4 / 0.7, 0])
    assert abroad == pytest.approx(np.array([[0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 0]]))


def test_of_which_cells_a_mix_says_the_makers() -> None:
    """Of the first chemistry, whose makers are known; of the second, which all abroad sell, of a region alone. Of none
    where the run says it."""
    found = of_makers()
    assert found.makers_known(1).tolist() == [True, False, False]
    assert found.makers_known(0).tolist() == [True, True, False]
    assert found.chooses_origin(["A"], 1).tolist() == [True, True, False]
    assert found.chooses_origin(["A", "B"], 1).tolist() == [True, False, False]
    assert not of_makers(configured=True).chooses_origin(["A"], 1).any()


def test_makers_of_a_plan_are_those_it_names_and_else_those_observed() -> None:
    """A plans 0.1, 0.2 and 0.3 GWh of the first chemistry in three segments, B 0.2 in one. A names its two countries
    for it, B says nothing. Of the second chemistry a pool of two does not say it, and of the third, of which no maker
    is observed, nobody does. Of what is not planned, and of another year, what is said counts for nothing."""
    cells = np.zeros((2, 3, 3, 2))
    cells[0, :, 0, 1], cells[1, 0, 0, 1], cells[..., 0] = (0.1, 0.2, 0.3), 0.2, 9.0
    cells[0, 1, 1, 1] = 0.5
    says = np.full((2, 3, 2, 4), np.nan)
    says[0, :, 1], says[1, 0, 0] = (0.4, 0.6, 0, 0), (0, 0, 0, 1)
    found = of_makers(scenarios={"plan": SimpleNamespace(cells=cells)})
    observed = found.cell_origin(["A", "B"], 1)
    assert found.origin_of("plan", ["A", "B"], 1) is observed
    found.chosen_origin["plan"] = says
    made = found.origin_of("plan", ["A", "B"], 1)
    assert made[0] == pytest.approx([0.24 / 0.8, 0.36 / 0.8, 0.05 / 0.8, 0.15 / 0.8])
    assert made[1:].tolist() == observed[1:].tolist()
    assert found.home_share("plan", ["A", "B"], 1) == pytest.approx([0.65 / 0.8, 0.5, 1])
    alone = found.origin_of("plan", ["A"], 1)
    assert alone == pytest.approx(np.array([[0.4, 0.6, 0, 0], [0.4, 0.6, 0, 0], [0, 0, 0, 0]]))
    assert found.origin_of("plan", ["B"], 1) is found.cell_origin(["B"], 1)
    found.scenarios["less"] = SimpleNamespace(cells=cells * [[1], [0], [0]])
    found.chosen_origin["less"] = says
    assert found.origin_of("less", ["A"], 1) == pytest.approx(np.array([[0.4, 0.6, 0, 0], [0, 0, 0.8, 0.2], [0] * 4]))
    assert found.cell_origin(["A", "B"], 1)[0].tolist() == [0.3, 0, 0.4, 0.3], "what is kept stays"


def test_what_makers_can_sell_is_made_at_home_and_bought() -> None:
    """Of two stops, of which the second leaves all."""
    found = of_makers()
    left = np.ones((2, 3, 4))
    left[0] = (0.8, 1.0, 0.1, 0.5)
    home, bought = found.had(np.array([[0.4, 0.2, 0.3, 0.1], [0, 0, 0.8, 0.2], [0, 0, 0, 0]]), ["A"], left)
    assert home == pytest.approx(np.array([[0.52, 0, 1], [0.6, 0, 1]]))
    assert bought == pytest.approx(np.array([[0.08, 0.18, 0], [0.4, 1, 0]]))


def test_others_make_the_cells_of_countries_that_close() -> None:
    """Two stops, of B's country and of the fourth; of one at home nothing moves, nor of one that makes nothing. What
    the other sells is left by half and a quarter. Of the first chemistry nobody else sells to A: its own make it, of
    which 0.9 is left. In B and A together the fourth is all there is abroad."""
    found = of_makers()

    def stop(*countries: str) -> Any:
        return tuple(Cut(country, "cell", "export", 1, 1, 1) for country in countries), "severity"

    stops = stop("b", "nobody", "a1"), stop("x")
    assert found.closing(["A"], stops).tolist() == [[False, False, True, False], [False, False, False, True]]
    assert found.closing(["B"], stops).tolist() == [[True, False, False, False], [False, False, False, True]]
    cells = np.array([[[0.9, 0.8, 0, 0.5]] * 3, [[0.9, 0.8, 0.25, 0]] * 3])
    for regions in (("A",), ("A", "B")):
        found._stopped.hits[regions, 1, stops] = SimpleNamespace(cells=cells)
    bought, home = found.left_of_others(["A"], 1, stops)
    assert bought[0] == pytest.approx(np.array([[0.9, 0.8, 0, 0.5], [0.9, 0.8, 0.5, 0.5], [0.9, 0.8, 0, 0.5]]))
    assert bought[1] == pytest.approx(np.array([[0.9, 0.8, 0.25, 0.25]] * 2 + [[0.9, 0.8, 0.25, 0]]))
    assert home[0] == pytest.approx(np.array([[0, 0, 0.9, 0], [0, 0, 0, 0], [0, 0, 0, 0]]))
    assert (home[1] == 0).all()
    bought, home = found.left_of_others(("A", "B"), 1, stops)
    assert home[1, 0] == pytest.approx([0, 0, 0, (0.3 * 0.9 + 0.4 * 0.25) / 0.7])
    assert home[1, 1] == pytest.approx([0, 0, 0, 0.25])
    assert (home[1, 2] == 0).all()
    assert bought[1, 0] == pytest.approx([0.9, 0.8, 0.25, 0])
    assert (home[0] == 0).all()


#: Homes of the customers A and B, and of nobody.
COUNTRIES = ("a1", "b", "x", "a2")
HOMES = np.array([0, 1, NOWHERE, 0])
NONE = np.zeros(0, dtype=np.intp)


def some_supply(nodes: int, **parts: Any) -> Supply:
    """Of A, which uses 0.3 GWh of batteries, and B, which uses 0.1, who need nothing but what is told."""
    parts = {"made": np.zeros((nodes, 4)), "need": np.zeros((nodes, 2)), **parts}
    return Supply(batteries=np.array([0.3, 0.1]), home=HOMES, **parts)


def test_what_makers_can_make_and_sell_of_each_kind_of_cell() -> None:
    """The first two chemistries are of one kind: of node 0, and of 1 by nature and 2 by synthesis, of which a quarter
    and the rest are used. The third takes nothing, the last has no node of its own, and takes node 0. B sells half of
    its cells of the first kind, and a1 makes 0.8 of those of the third. Makers in B have inputs for 0.65 of the first:
    a quarter of 0.2 and three of 0.8; those in A for 0.9, but what is made at home counts by its cut alone."""
    cell = np.array([[0, 0, 0, 1, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0]], dtype=bool)
    of_first = np.array([0]), np.array([1]), np.array([2])
    parts = [of_first, of_first, (NONE, NONE, NONE), (np.array([0]), NONE, NONE)]
    found = of_a_world(
        supply=(some_supply(5, natural=0.25),), uses=SimpleNamespace(ever=None),
        inputs=SimpleNamespace(countries=COUNTRIES, home=("A", "B", "", "A")),
        chain=SimpleNamespace(cell=cell, of_cells=lambda c, _: parts[c]),
    )  # fmt: skip
    assert [len(found._kinds[0]), found._kinds[1]] == [3, [0, 0, 1, 2]]
    export, output, covered = np.zeros((2, 5, 4)), np.zeros((2, 5, 4)), np.ones((2, 5, 2))
    export[0, 3, 1], output[0, 4, 0], output[0, 0] = 0.5, 0.2, 0.9
    covered[0, :3] = [[0.9, 0.8], [1.0, 0.2], [1.0, 0.8]]
    first, second = found._cells_left(["A"], 0, Cuts(export, output), covered)
    assert first == pytest.approx(
        np.array([[1, 0.5 * 0.65, 1, 1], [1, 0.5 * 0.65, 1, 1], [0.8, 1, 1, 1], [1, 0.8, 1, 1]])
    )
    assert second == pytest.approx(1)
    abroad = found._cells_left(["B"], 0, Cuts(export[:1], output[:1]), covered[:1])[0]
    assert abroad == pytest.approx(np.array([[0.9, 1, 1, 0.9], [0.9, 1, 1, 0.9], [0.8, 1, 1, 1], [0.9, 1, 1, 0.9]]))
    short = found._cells_left(["B"], 0, Cuts(export[1:], output[1:]), np.full((1, 5, 2), 0.5))[0]
    assert short == pytest.approx(np.array([[0.5, 1, 1, 0.5], [0.5, 1, 1, 0.5], [1, 1, 1, 1], [0.5, 1, 1, 0.5]]))
    whole = found._cells_left(["B"], 0, Cuts(export[1:], output[1:]), covered[1:])
    assert whole.tolist() == np.ones((1, 4, 4)).tolist()


def test_what_is_left_of_cells_that_nobody_need_plan() -> None:
    """Cells take node 0, which the world needs, and 1, which nobody does; a second chemistry takes 2, of which nothing
    is known. B makes 0.6 of node 1 and the third country the rest. B keeps half of its exports and a quarter of the
    third's output is lost: 0.3 and 0.3 are left to A, all to B, which closes. If all of B's output is lost, 0.4 are
    left to both. Of A's cells half are its own, 0.3 B's and 0.2 the third's; of both together eight tenths their own,
    made with 0.6 of the inputs by A, which uses three quarters of the batteries, and with 0.7 by B."""
    share = np.array([[0.5, 0.5, 0, 0], [0, 0.3, 0.2, 0], [np.nan] * 4, [0.5, 0.3, 0.2, 0]])[:, :, None]
    parts = [(np.array([0, 1]), NONE, NONE), (np.array([2]), NONE, NONE)]
    found = of_a_world(
        supply=(some_supply(4, need=np.array([[1.0, 1.0], [0, 0], [0, 0], [1, 1]])),), customers=("A", "B"),
        inputs=SimpleNamespace(countries=COUNTRIES, home=("A", "B", "", "A"), share=share),
        chain=SimpleNamespace(
            cell=np.array([[0, 0, 0, 1], [0, 0, 0, 0]], dtype=bool), of_cells=lambda c, _: parts[c]
        ),
        uses=SimpleNamespace(ever=None),
    )  # fmt: skip
    export, output, left = np.zeros((2, 4, 4)), np.zeros((2, 4, 4)), np.ones((2, 4, 2))
    export[0, 1, 1], output[0, 1, 2], output[1, 1, 1], left[0, 0] = 0.5, 0.25, 1.0, (0.9, 0.7)
    hit = SimpleNamespace(cuts=Cuts(export, output), reach=SimpleNamespace(left=left))
    for regions in (("A",), ("A", "B")):
        found._stopped.hits[regions, 0, ()] = hit
        found._still.cell_origins[regions, 0] = np.array([[0.5, 0.3, 0.2, 0], [0, 0, 0, 0]])
    assert found.left_of_cells(("A",), 0, ()) == pytest.approx(
        np.array([[0.5 * 0.6 + 0.3 * 0.7 + 0.2, 1], [0.5 * 0.4 + 0.3 * 0.4 + 0.2, 1]])
    )
    together = found.left_of_cells(("A", "B"), 0, ())[0]
    assert together == pytest.approx([0.8 * (0.75 * 0.6 + 0.25 * 0.7) + 0.2, 1])


# --- what is built for a plan, and what nobody knows, by hand --------------------------------------------------------


def of_growth(follow_on: str, **parts: Any) -> Any:
    """Of four nodes the next plants of the first stand in a1 and b alike, of the second in b, of the third in a2, of
    the last nowhere. A tenth, a fifth, a half and all of the headroom of 1, 2, 4 and 8 may be built, in the
    second of two years."""
    located = np.array([[0.5, 0.5, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]])
    room = np.stack([np.full(4, 9.0), np.array([1.0, 2, 4, 8])], axis=1)
    growth = SimpleNamespace(
        new_supply=(located, np.array([0.1, 0.2, 0.5, 1.0]), room), new_located=located, leader=np.array([1, 1, 0, 2])
    )
    exposure = SimpleNamespace(follow_on=follow_on)
    resolved = SimpleNamespace(
        regions=SimpleNamespace(labels=("A", "B")), run=SimpleNamespace(settings=SimpleNamespace(exposure=exposure))
    )
    premium = np.full((3, 2, 4), 9.0)
    premium[0, 1] = 0.2, 0.4, 0.5, np.nan
    return of_a_world(
        outcome=SimpleNamespace(resolved=resolved), growth=growth, chosen_follow_on={},
        inputs=SimpleNamespace(
            countries=COUNTRIES, home=("A", "B", "", "A"), nodes=range(4), new=SimpleNamespace(premium=premium)
        ), **parts,
    )  # fmt: skip


def test_what_is_built_for_a_plan_is_what_it_lacks_or_what_it_says() -> None:
    """A plan needs 3 of each node and has 2.95, 2, 4 and 0 of them, with 0.02 of what it recovers of the first: it
    lacks 0.03, 1, nothing, and 3 that are built nowhere. Another says that 0.7 of the second are built, in the third
    country, and of the first 0.5 wherever its next plants stand."""
    nothing = Chosen.nothing(2, 4, 4, 2)
    nothing.amount[0, :2, 1], nothing.located[0, 1, 2, 1] = (0.5, 0.7), 1.0
    for rule, built in (("pipeline", [0.5, 0.7, 0, 0]), ("none", [0, 0, 0, 0])):
        found = of_growth(rule, supply=(some_supply(4), some_supply(4)), left_out={})
        found.chosen_follow_on["says"] = nothing
        found._planned.plans["plan", ("A",), 1] = SimpleNamespace(need=np.full(4, 3.0))
        found._planned.reliefs["plan", ("A",), 1] = np.array([0.02, 0, 0, 0])
        reach = SimpleNamespace(own=np.zeros(4), accessible=np.array([2.95, 2, 4, 0]))
        found._still.undisturbed[("A",), 1] = reach
        follow = found.follow_on("plan", ["A"], 1)
        assert follow.amount == pytest.approx([0.03, 0.4, 0, 0])
        assert follow.located.tolist() == found.growth.new_located.tolist()
        assert follow.home.tolist() == [True, False, False, True]
        says = found.follow_on("says", ["A"], 1)
        assert says.amount.tolist() == built
        assert says.located.tolist() == [[0.5, 0.5, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]]
        most = found.most_follow_on(1)
        assert most.amount == pytest.approx([0.1, 0.4, 2, 0])
        assert most.home.tolist() == [True, True, False, True]


def test_what_is_built_costs_more_as_far_as_it_stands_outside_the_country_that_makes_most() -> None:
    """Of the first node half stands outside b, of the second nothing, of the third all; of the last nobody knows."""
    found = of_growth("today")
    located = np.array([[0.5, 0.5, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0]])
    assert found.premium_of_follow_on(located) == pytest.approx([0.1, 0, 0.5, np.nan], nan_ok=True)
    assert found.premium_of_follow_on(np.eye(4)[[1, 1, 0, 2]]).tolist() == [0, 0, 0, 0]
    cut = np.zeros((1, 4, 4))
    cut[0, :, :2] = 0.8
    assert found.left_of_follow_on(["A"], located, Cuts(cut, 0 * cut)) == pytest.approx(np.array([[0.6, 0.2, 0.2, 1]]))


def test_what_a_plan_needs_of_what_nobody_knows_and_which_stops_take_some() -> None:
    """Nobody knows the first two nodes, of which 0.9 is taken to stand in b and 0.4 in the third country. A plan needs
    2 of each node and recovers 0.5 of the first and 3 of the second. A stop by b takes of the first, one by the third
    of the second, of output alone too; of the third node, which is known, none takes any."""
    made, assumed = np.zeros((4, 4)), np.zeros((4, 4))
    made[:2], assumed[0, 1], assumed[1, 2], assumed[2] = np.nan, 0.9, 0.4, 0.25
    ever = np.array([[0, 0.5, 0, 0], [0, 0, 0.5, 0]])
    found = of_growth("today", supply=(some_supply(4), some_supply(4, made=made, assumed=assumed)),
                      uses=SimpleNamespace(ever=ever))  # fmt: skip
    found._planned.plans["plan", ("A",), 1] = SimpleNamespace(need=np.full(4, 2.0))
    found._planned.reliefs["plan", ("A",), 1] = np.array([0.5, 3, 0, 0])
    follow = found.unknown("plan", ["A"], 1)
    assert follow.amount.tolist() == [1.5, 0, 0, 0]
    assert follow.located is assumed
    export, output = np.zeros((3, 4, 4)), np.zeros((3, 4, 4))
    export[0, :, 1], output[1, :, 2], export[2, :, 0] = 0.5, 0.5, 0.5
    cuts = Cuts(export, output)
    assert found.left_of_unknown(["A"], 1, cuts) == pytest.approx(
        np.array([[0.55, 1, 0.875, 1], [1, 0.8, 0.875, 1], [1, 1, 1, 1]])
    )
    assert found.stopped_unknown(1, cuts).tolist() == [[True, False, False, False], [False, True, False, False],
                                                       [False] * 4]  # fmt: skip
    assert not found.stopped_unknown(0, cuts).any()
    assert (found._assumed(0) == 0).all()
    assert found.stands_unknown()
    found.uses.ever = ever * [1, 0, 1, 1]
    assert not found.stands_unknown(), "no battery uses it"
    found.uses.ever = np.ones((2, 4))
    found.supply = (some_supply(4), some_supply(4, made=made))
    assert not found.stands_unknown(), "nobody says where"
    found.supply = (some_supply(4, made=made, assumed=assumed * [[0], [0], [1], [1]]),)
    assert not found.stands_unknown(), "what is known does not count"


# --- countries and pools, by hand ------------------------------------------------------------------------------------


def test_regions_whose_countries_close_stand_apart_from_the_pool_of_the_others() -> None:
    labels = SimpleNamespace(labels=("A", "B", "C"))
    found = of_a_world(
        outcome=SimpleNamespace(resolved=SimpleNamespace(regions=labels)), label="All of them",
        supply=(some_supply(1),), customers=("A", "B"),
        inputs=SimpleNamespace(
            home_by_country={"a1": "A", "b": "B", "c": "C", "x": ""}, countries=COUNTRIES, place=("ore", "cell").index,
            nodes=range(2), homes={"a1": "A", "a2": "A", "b": "B"}, reserves=[
                SimpleNamespace(mineral=mineral, country=country, value=value) for mineral, country, value in
                (("cobalt", "a1", "1"), ("cobalt", "a2", "2"), ("cobalt", "b", "3"), ("cobalt", "x", "4"),
                 ("nickel", "b", "5"))
            ],
        ),
    )  # fmt: skip

    def cut(country: str, node: str = "ore", kind: str = "export") -> Cut:
        return Cut(country, node, kind, 0.5, 0.25, 0.75)

    assert found.pools([cut("x"), cut("nobody")]) == [("A", "B", "C")]
    assert found.pools([cut("b"), cut("x")]) == [("A", "C"), ("B",)]
    assert found.pools([cut("c"), cut("b"), cut("a1")]) == [("A",), ("B",), ("C",)]
    assert found.name_of(["A", "B", "C"]) == "All of them"
    assert found.name_of(["A", "C"]) == "A + C"
    assert [found.home(place) for place in range(4)] == ["A", "B", "", "A"]
    # Each stop at its own end; of countries that make nothing nothing is cut.
    cuts = found.cuts([((cut("b"), cut("nobody")), "low"), ((cut("a2", "cell", "output"), cut("x")), "high")])
    export, output = np.zeros((2, 2, 4)), np.zeros((2, 2, 4))
    export[0, 0, 1], export[1, 0, 2], output[1, 1, 3] = 0.25, 0.75, 0.75
    assert cuts.export.tolist() == export.tolist()
    assert cuts.output.tolist() == output.tolist()

    def reserves(mineral: str, *regions: str) -> float | None:
        products = ((mineral, "", 1.0),) if mineral else ()
        return found.reserves(SimpleNamespace(products=products), regions)  # type: ignore[no-any-return]

    assert reserves("cobalt", "A") == pytest.approx(0.3)
    assert reserves("cobalt", "B", "A", "C") == pytest.approx(0.6)
    assert reserves("nickel", "A") == 0
    assert reserves("tin", "A") is None
    assert reserves("", "A") is None


# --- plans, by hand --------------------------------------------------------------------------------------------------


def test_what_a_plan_of_two_regions_uses() -> None:
    """A plans 3 and 1 GWh of the first chemistry in two segments, with a tenth of scrap, B 4 of it and 2 of the other
    in the second, with three tenths: 1.22 on the mean. The first uses 1 and 2 kt/GWh of node 0 by segment, so 13 kt for
    its 8 GWh, and 0.8 and 1.6 of graphite, of which 0.3 is natural; cells themselves are not scrapped. A plan that has
    none uses as much as its segments on their mean, without scrap."""
    cells = np.zeros((2, 2, 2, 2))
    cells[0, :, 0, 1], cells[1, 1, :, 1], cells[..., 0] = (3.0, 1.0), (4.0, 2.0), 9.0
    gain = np.array([[9.0, 1.1], [9.0, 1.3]])
    fixed = np.zeros((2, 2, 2, 2))
    fixed[0, :, 0, 1], fixed[1, :, 0, 1], fixed[:, :, 1] = (1.0, 5.0), (2.0, 4.0), 1.0
    carrier = np.zeros((2, 2, 2))
    carrier[:, 0, 1] = 0.8, 1.6
    natural, synthetic = np.array([2.0, 0.0]), np.array([0.0, 0.0])
    uses = Uses(fixed, carrier, natural, synthetic, np.array([0.9, 0.3]), np.array([True, False]))
    none = SimpleNamespace(cells=np.zeros((2, 2, 2, 2)), gain=gain)
    found = of_makers(uses=uses, left_out={}, scenarios={"plan": SimpleNamespace(cells=cells, gain=gain), "none": none})
    found.inputs.route_bounds = 0.1, 0.5
    found._still.cell_origins[("A", "B"), 1] = np.array([[0.5, 0, 0, 0.5], [0, 0, 0, 0]])
    found._still.undisturbed[("A", "B"), 1] = SimpleNamespace(own=np.array([7.0, np.nan]), accessible=np.full(2, 9.0))
    assert found.cells_of("plan", ["A", "B"], 1).tolist() == [[3, 0], [5, 2]]
    plan, empty = (found.plan(name, ["A", "B"], 1) for name in ("plan", "none"))
    assert plan.cells.tolist() == [8, 2]
    assert plan.use == pytest.approx(np.array([[1.22 * 13 / 8, 1], [1.22 * 4, 1]]))
    assert plan.home.tolist() == [0.5, 1]
    assert plan.own.tolist() == [7, 0]
    assert plan.routes.carrier == pytest.approx([1.22 * 1.3, 0])
    assert (plan.routes.low, plan.routes.high, plan.routes.share) == (0.1, 0.5, 0.3)
    assert empty.cells.tolist() == [0, 0]
    assert empty.use.tolist() == [[1.5, 1], [4.5, 1]]
    assert empty.routes.carrier == pytest.approx([1.2, 0])
    found.uses = Uses(fixed[:1], carrier[:1], 0 * natural, synthetic, uses.route, uses.scrapped)
    found._planned.plans.clear()
    assert found.plan("plan", ["A", "B"], 1).routes is None
    assert found.cells_of("plan", ["A", "B"], 1).tolist() == [[8, 2]]


def test_what_a_plan_holds_of_a_mineral_by_its_segments() -> None:
    """Of the second mineral 1 and 3 kt/GWh by segment, of which a plan has 2 and 6 GWh, in the last of three years."""
    held = np.full((2, 1, 2, 3), 9.0)
    held[:, 0, 1, 2] = 1.0, 3.0
    cells = np.zeros((1, 2, 1, 2))
    cells[0, :, 0, 1] = 2.0, 6.0
    none = np.zeros(1)
    found = of_a_world(
        outcome=SimpleNamespace(
            arrays=SimpleNamespace(by_use={"value": held}, reported=[0, 2]),
            resolved=SimpleNamespace(
                regions=SimpleNamespace(labels=("A",)), minerals=SimpleNamespace(labels=("nickel", "cobalt"))
            ),
        ),
        uses=Uses(np.zeros((2, 1, 1, 2)), np.zeros((2, 1, 2)), none, none, np.zeros(2), none > 0),
        scenarios={"plan": SimpleNamespace(cells=cells)},
    )  # fmt: skip
    assert found.intensity("cobalt", "plan", ["A"], 1).tolist() == [2.5]


# --- regions that share a pool, recycling, futures -------------------------------------------------------------------


@pytest.mark.slow
def test_regions_outside_share_one_pool_and_the_closing_one_loses_nothing() -> None:
    sets = [*ANODE_ALONE, "scope.regions=['World']", "scope.years=2030", "scenario.incumbent.adoption='stated-trend'"]
    found = run("europe-2035", [*sets, "scenario.next-gen.adoption='lfp-led'"])
    anode = at(found, "disruptions", disruption=ANODE, scenario="incumbent").set_index("region")
    outside = "Europe + India + United States + Rest of world"
    assert set(anode.index) == {"China", outside}
    assert anode.loc["China", "at_risk_best"] == 0
    assert 0.2 < anode.loc[outside, "share_best"] < anode.loc[outside, "outside"] / anode.loc[outside, "planned"] < 1
    by_region = at(found, "gwh_at_risk", disruption=ANODE, scenario="incumbent", allocation="best")
    assert set(by_region["region"]) == {"Europe", "India", "United States", "Rest of world"}
    assert found["shortage"].query("scenario == 'incumbent'").empty  # the reference world supplies itself


@pytest.mark.slow
def test_recycling_relieves_mining_and_refining() -> None:
    found = run("europe-2035", [*ANODE_ALONE, "scope.years=2035", "flows={}"])
    cover = at(found, "coverage", scenario="incumbent", year=2035).set_index(["node", "measure"])["value"]
    assert cover["mined_cobalt", "recovered"] > 0
    assert cover["graphite_anode", "recovered"] == 0
    flows = at(found, "mineral_flows", scenario="incumbent", mineral="cobalt", year=2035).set_index("flow")["value"]
    home = found["cell_makers"].query("year == 2035 and node == 'li_ion_cell' and home == 'yes'")["value"].sum()
    assert home == pytest.approx(0.48)
    through = home * cover["nmc_cathode", "from_home"]  # of cells made at home, those with a cathode made there
    assert cover["cobalt_refined", "need"] == pytest.approx(through * flows["input"])
    assert cover["cobalt_refined", "recovered"] == pytest.approx(flows["secondary_supply"])


@pytest.mark.slow
def test_all_of_china_is_every_node_it_supplies(europe: Result) -> None:
    hit = at(europe, "supply_cut", disruption="china-all", year=2035, country="CHN")
    supply = at(europe, "supply", country="CHN", year=2035)
    assert set(hit["node"]) == set(supply[supply["exported"] > 0]["node"])
    assert (hit["exported"] == 0).all()


@pytest.mark.slow
def test_plants_count_once(shipped_inputs: Inputs) -> None:
    """Cooperation has assumed shares of anodes, which hold the announced plants; of NMC cathodes too."""
    found = run("europe-2035", ["exposure.future='competitive-cooperation'", "scope.years=2035"])
    supply = at(found, "supply", node="graphite_anode", year=2035)
    assert only_floor(supply, shipped_inputs).any()
    announced = run("europe-2035", ["exposure.future='announced'", "scope.years=2035"])
    assert at(announced, "supply", node="graphite_anode", year=2035)["added"].sum() > 0


@pytest.mark.slow
def test_an_unallocated_residual_may_be_of_concern(europe: Result) -> None:
    row = at(europe, "concentration", node="mined_copper", measure="concern_share", year=2035).iloc[0]
    rest = at(europe, "supply", node="mined_copper", country="R_OTH", year=2035)["share"].iloc[0]
    assert row["high"] - row["low"] == pytest.approx(rest)
    assert row["value"] == row["low"]


@pytest.mark.slow
@pytest.mark.parametrize("sets", [
    ["scope.minerals=['graphite']"],
    ["scope.minerals=['lithium', 'cobalt']", "exposure.disruptions=['drc-cobalt-quota']"],
    ["scope.years={first=2020, last=2022}", "scenario.next-gen.adoption='stated-trend'",
     "scenario.incumbent.adoption='lfp-led'"],
])  # fmt: skip
def test_small_runs_are_written_and_read_back(sets: list[str], tmp_path: Path) -> None:
    written = api.run("europe-2035", set=sets, out=tmp_path / "out")
    back = api.load(tmp_path / "out")
    assert list(back["disruptions"].columns) == list(written["disruptions"].columns)
    assert len(back["disruptions"]) == len(written["disruptions"])


#: Shares of 2035 that each future gives itself, at nodes that are active: at least so many.
MATCHED = {"iea-base": 70, "unipolar-dominance": 26, "competitive-cooperation": 45}


@pytest.mark.slow
@pytest.mark.parametrize("future", MATCHED)
def test_every_future_has_the_shares_of_its_rows(future: str, shipped_inputs: Inputs) -> None:
    found = run("europe-2035", [f"exposure.future={future!r}", "scope.years={first=2034, last=2035}"])
    supply = at(found, "supply", year=2035)
    given = shipped_inputs["supply_share"].query("future == @future and year == 2035 and value > 0")
    given = given[given["node"].isin(supply["node"])].set_index(["node", "country"])["value"]
    assert len(given) >= MATCHED[future]
    supply = supply.set_index(["node", "country"])
    # No plants come on top of nodes that have rows but what stands, and no country beside those of the rows.
    mine = supply[supply.index.get_level_values("node").isin(given.index.get_level_values("node"))]
    lifted = only_floor(mine, shipped_inputs)
    assert set(mine[mine["rows"] != ""].index) == set(given.index)
    assert lifted[mine["rows"] == ""].all()
    assert np.allclose(without_plants(mine).reindex(given.index), given, atol=1e-6)
    risk = found["disruptions"]
    assert (risk["at_risk_best"] <= risk["at_risk_proportional"] + 1e-6).all()


@pytest.mark.slow
def test_announced_plants_come_on_top_of_the_shares_of_today(europe: Result, shipped_inputs: Inputs) -> None:
    """Where a plant is announced the vector of today is diluted by it, and elsewhere it stands; cells are as given."""
    found = run("europe-2035", ["exposure.future='announced'", "scope.years={first=2034, last=2035}"])
    keys = ["node", "country"]
    supply = at(found, "supply", year=2035).set_index(keys)
    today = without_plants(at(europe, "supply", year=2035).set_index(keys))
    assert np.allclose(supply["share"].groupby("node").sum(), 1)
    added = supply[supply["added"] > 0]["added"]
    plants = shipped_inputs["material_plant"].query("status != 'ambition' and year <= 2035")
    assert set(added.index) <= set(plants[keys].itertuples(index=False, name=None))
    assert set(added.groupby("node").sum().index) == {
        "graphite_anode", "spherical_graphite", "silicon_anode", "lfp_cathode", "nmc_cathode", "na_ion_cell",
        "separator", "lithium_chemicals", "manganese_sulphate",
    }  # fmt: skip
    cells = shipped_inputs["supply_share"].query("future == 'announced'").set_index(keys)["value"]
    assert np.allclose(supply["share"].reindex(cells.index), cells, atol=1e-6)
    # Shares without what plants add, of a world without it.
    rest = without_plants(supply).drop(index="li_ion_cell", level="node")
    both = rest.to_frame("rest").join(today.rename("share"), how="left").fillna({"share": 0.0})
    assert np.allclose(both["rest"], both["share"], atol=1e-9)
    assert len(both) >= 100
    # What is delivered is four tenths of the nameplate beyond what operates, by default.
    assert added["na_ion_cell", "FRA"] == pytest.approx(0.4 * 5)
    risk = found["disruptions"]
    assert (risk["at_risk_best"] <= risk["at_risk_proportional"] + 1e-6).all()


@pytest.mark.slow
def test_plants_that_are_announced_lower_the_loss(europe: Result) -> None:
    more = run("europe-2035", ["exposure.future='announced'", "exposure.delivery=1.0", "scope.years=2035"])
    now, then = (
        at(each, "disruptions", scenario="incumbent", disruption=ANODE, year=2035)["at_risk_best"].iloc[0]
        for each in (europe, more)
    )
    assert then < now


# --- stress ----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_single_supplier_is_the_disruption_of_the_library(stressed: Result) -> None:
    one = at(stressed, "stress_single", country="CHN", node="lfp_cathode", scenario="incumbent", year=2035)
    library = at(stressed, "disruptions", disruption="china-lfp-cathode", scenario="incumbent", year=2035)
    assert one["at_risk_best"].iloc[0] == pytest.approx(library["at_risk_best"].iloc[0])


@pytest.mark.slow
def test_pairs_cost_at_least_the_worse_of_the_two(stressed: Result) -> None:
    """In one region, and where the pools of a pair are not those of each of the two."""
    world = api.stress("europe-2035", set=[
        "scope.regions=['World']", "scope.years=2031", "scope.segments=['car']",
        "scenario.incumbent.adoption='stated-trend'", "scenario.next-gen.adoption='lfp-led'",
    ])  # fmt: skip
    for found in (stressed, world):
        pairs = found["stress_pairs"]
        assert (pairs["more_than_worse"] >= -1e-6).all()
        assert (pairs["more_than_worse"] > 1).any()


@pytest.mark.slow
def test_a_stockpile_runs_down(stressed: Result, europe: Result) -> None:
    """A stop lasts two years. The first year's stock is three months of its need, and what the second has of it is
    what the first did not take; a stop of a year with three months in stock costs a quarter of the plan less."""
    quota = at(stressed, "stress_years", disruption="long", scenario="incumbent")
    alone = at(europe, "disruptions", disruption=ANODE, scenario="incumbent").set_index("year")
    assert quota["event_year"].tolist() == [1, 2]
    assert 0 <= quota["stockpile_left"].iloc[1] <= quota["stockpile_left"].iloc[0] < 1
    assert quota["at_risk_best"].iloc[0] < alone["at_risk_best"][2033]
    assert quota["at_risk_best"].iloc[1] <= alone["at_risk_best"][2034] + 1e-6
    with_stock, without = (
        at(each, "disruptions", disruption=ANODE, scenario="incumbent", year=2035)["at_risk_best"].iloc[0]
        for each in (stressed, europe)
    )
    home = at(europe, "disruptions", disruption=ANODE, scenario="incumbent", year=2035)["made_at_home"].iloc[0]
    assert without - with_stock == pytest.approx(3 / 12 * home, rel=0.05)


@pytest.mark.slow
def test_a_whole_stress_run_is_quick() -> None:
    """One region, eleven years, the library, every single supplier: a wide bound on what the benchmark measures."""
    start = time.perf_counter()
    found = api.stress("europe-2035")
    assert time.perf_counter() - start < 60
    assert found["stress_single"]["year"].nunique() == 11
    assert found.record["run"] == "europe-2035-stress"


# --- the reference world ---------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_reference_world_has_silicon_as_a_scenario_has(europe: Result) -> None:
    """Its anodes then hold less graphite, and supply that nobody publishes is less; what is assessed needs as much."""
    sets = [*ANODE_ALONE, "exposure.adoption='next-gen-led'", "scope.years=2035"]
    plain, blended = (run("europe-2035", [*sets, f"exposure.silicon='{name}'"]) for name in ("none", "next-gen-led"))
    need = [at(each, "reference_need", node="graphite_anode")["value"].sum() for each in (plain, blended)]
    assert 0.5 < need[1] / need[0] < 0.95
    made = [at(each, "battery_supply", node="graphite_anode")["value"].sum() for each in (plain, blended)]
    assert made[1] / made[0] == pytest.approx(need[1] / need[0])
    pd.testing.assert_frame_equal(plain["mineral_demand"], blended["mineral_demand"])
    assert blended.record["exposure"]["reference"]["silicon"] == "next-gen-led"
    assert "silicon_uptake" in set(blended["inputs_used"]["table"])
    assert "silicon_uptake" not in set(europe["inputs_used"]["table"])


@pytest.mark.slow
def test_the_reference_world_has_shares_and_paths_of_its_own(tmp_path: Path) -> None:
    """A reference world that sells more Na-ion needs more of its cathodes; the run that asks for it can be repeated."""
    (tmp_path / "own.toml").write_text(
        'base = "europe-2035.toml"\ntitle = "Own"\n'
        '[exposure.share.China.car.2035]\nna_layered_nfm = 0.3\nlfp = "rest"\n'
        '[exposure.diffusion.stationary]\nrest = ["lfp"]\n'
        'na_polyanion = { curve = "logistic", ceiling = 0.5, midpoint = 2032, speed = 0.6, start = 2027 }\n'
    )
    sets = [*ANODE_ALONE, "scope.years=2035", "output.charts=[]"]
    own = api.run(tmp_path / "own.toml", set=sets, out=tmp_path / "out")
    plain = run("europe-2035", sets)
    need = [
        at(each, "reference_need", node="na_cathode", year=2035).set_index("region")["value"] for each in (own, plain)
    ]
    assert need[0]["China"] > need[1]["China"]  # Na-ion cells are made in China and elsewhere
    assert need[0]["China"] > need[0].drop("China").sum()
    used = own["inputs_used"]
    assert set(used[used["file"] == "own.toml"]["table"]) == {"market_share"}
    again = api.run(tmp_path / "out" / "record.json", out=tmp_path / "again")
    for name, table in own.tables.items():
        pd.testing.assert_frame_equal(table, again.tables[name])


# --- what is refused -------------------------------------------------------------------------------------------------

REFUSED = {
    "exposure.future='tomorow'": r"future = 'tomorow'.*not in supply_futures\.csv",
    "exposure.disruptions=['china-anode']": r"disruptions = 'china-anode'.*not in disruption\.csv",
    "exposure.concern='axis'": r"concern = 'axis'.*not in country_groups\.csv",
    "exposure.nodes=['graphite_cathode']": r"nodes = 'graphite_cathode'.*not in nodes\.csv; did you mean",
    "exposure.adoption='trend'": r"adoption = 'trend'",
    "exposure.share.car.2035={lpf=0.1,lfp='rest'}": r"chemistry 'lpf'.*did you mean 'lfp'",
    "exposure.share.car.lfp=0.1": r"expected (a year|years)|exposure\.share\.SEGMENT\.YEAR",
    "exposure.share.car.2035={lfp=40}": r"lfp = 40",
    "exposure.diffusion.car.lfp={curve='logistic'}": r"exposure\.diffusion\.car\.lfp",
    "exposure.diffusion.car.lfp={curv='logistic',ceiling=1}": r"did you mean 'curve'",
    "exposure.silicon='stated-trend'": r"silicon = 'stated-trend': has no rows in silicon_uptake\.csv",
    "exposure.disruptions=['gabon-manganese'];scope.years.last=2027": r"starts in 2029, after the last year of the run",
    "exposure.disruptions=['china-graphite-anode'];scope.minerals=['cobalt']": r"hits .*graphite_anode.*leave it out",
    "exposure.stockpile_months=-1": r"stockpile_months = -1",
    "exposure.delivery=40": r"delivery = 40",
    "exposure.futur='today'": r"key 'futur': not a key of exposure; did you mean 'future'",
}


@pytest.mark.slow
@pytest.mark.parametrize("change", REFUSED)
def test_refused(change: str) -> None:
    with pytest.raises(InputError) as caught:
        run("europe-2035", change.split(";"))
    assert re.search(REFUSED[change], str(caught.value)), str(caught.value)


@pytest.mark.slow
def test_stress_needs_an_exposure(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"has no \[exposure\]"):
        api.stress("us-2030", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
