"""Exposure of whole runs: tables that add up, what the shipped run must show, and what is refused."""

from __future__ import annotations

import re
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from minerals import api
from minerals.errors import InputError, UsageError
from minerals.results.result import Result
from minerals.studies.run import run

ANODE = "china-graphite-anode"


@pytest.fixture(scope="module")
def stressed() -> Result:
    return api.stress("europe-2035", set=["scope.years.first=2033", "exposure.stockpile_months=3"])


def at(result: Result, table: str, **where: object) -> pd.DataFrame:
    frame = result[table]
    for name, label in where.items():
        frame = frame[frame[name] == label]
    assert len(frame), (table, where)
    return frame


# --- what the shipped run must show ----------------------------------------------------------------------------------


def test_an_anode_stop_costs_next_gen_less(europe: Result) -> None:
    now, next_gen = (
        at(europe, "disruptions", scenario=name, disruption=ANODE, year=2035).iloc[0] for name in europe.scenarios
    )
    assert now["binding_node"] == next_gen["binding_node"] == "graphite_anode"
    assert 0.85 < now["share_best"] < 0.97
    assert 0.6 < next_gen["share_best"] < 0.78
    assert next_gen["at_risk_proportional"] + next_gen["shortage"] < now["at_risk_best"]


def test_the_cathode_chain_reverses_and_the_anode_hides_it(europe: Result) -> None:
    """Mining makes LFP look safer than NMC, active materials reverse it; with the shared anode both tie."""

    def weakest(chemistry: str, among: str) -> tuple[float, str]:
        row = at(europe, "exposure", chemistry=chemistry, measure="weakest_hhi", among=among, year=2035).iloc[0]
        return float(row["value"]), str(row["node"])

    lfp, nmc = weakest("lfp", "cathode mining"), weakest("nmc811", "cathode mining")
    assert lfp == (pytest.approx(0.238, abs=1e-3), "phosphate_rock")
    assert nmc == (pytest.approx(0.556, abs=1e-3), "mined_cobalt")
    assert nmc[0] - lfp[0] >= 0.1
    lfp, nmc = weakest("lfp", "cathode active_material"), weakest("nmc811", "cathode active_material")
    assert lfp == (pytest.approx(0.960, abs=1e-3), "lfp_cathode")
    assert nmc == (pytest.approx(0.574, abs=1e-3), "nmc_cathode")
    assert lfp[0] - nmc[0] >= 0.1
    assert weakest("lfp", "active_material")[0] == pytest.approx(weakest("nmc811", "active_material")[0], abs=1e-3)


def test_a_cell_without_a_separator_does_not_hang_on_one(europe: Result) -> None:
    nodes = europe["exposure"].query("measure == 'weakest_hhi' and among == 'all' and year == 2035")
    assert set(nodes["chemistry"]) >= {"lfp", "li_metal_solid"}
    hangs = at(europe, "exposure", scenario="next-gen", node="separator", measure="dependent_gwh", year=2035)
    solid = at(europe, "cells", scenario="next-gen", chemistry="li_metal_solid", year=2035)["value"].sum()
    total = at(europe, "cells", scenario="next-gen", year=2035)["value"].sum()
    assert float(hangs["value"].iloc[0]) == pytest.approx(1 - solid / total)


# --- tables that add up ----------------------------------------------------------------------------------------------


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


def test_what_is_accessible_readds_from_the_supply_table(europe: Result) -> None:
    """own + recovered + share of the pool × what others export, and 0 of China's exports when it stops them."""
    home = set(europe.record["region_members"]["Europe"].split(";")) | {"R_EUR"}
    supply = at(europe, "supply", node="graphite_anode", year=2035)
    abroad = supply[~supply["country"].isin(home)].set_index("country")["exported"]
    cover = at(europe, "coverage", scenario="incumbent", node="graphite_anode", year=2035)
    cover = cover.set_index("measure")["value"]
    hit = at(europe, "accessible", scenario="incumbent", disruption=ANODE, node="graphite_anode", year=2035).iloc[0]
    fixed = cover["own"] + cover["recovered"]
    assert hit["without"] == pytest.approx(fixed + cover["share_of_pool"] * abroad.sum())
    assert hit["value"] == pytest.approx(fixed + cover["share_of_pool"] * abroad.drop("CHN").sum())
    assert hit["need"] == pytest.approx(europe.total(scenario="incumbent", mineral="graphite", year=2035, by=()))


def test_supply_gap_closes_the_gap(europe: Result) -> None:
    """The stop hits one node: at 100 % the addition is need less what is left."""
    gap = at(europe, "supply_gap", scenario="incumbent", disruption=ANODE, node="graphite_anode")
    hit = at(europe, "accessible", scenario="incumbent", disruption=ANODE, node="graphite_anode", year=2035).iloc[0]
    assert gap.set_index("cut")["value"][1.0] == pytest.approx(hit["need"] - hit["value"], rel=1e-6)
    assert gap["value"].is_monotonic_increasing


def test_sourcing_balances_at_every_stage(europe: Result) -> None:
    flows = at(europe, "sourcing", scenario="incumbent", chain="lithium")
    total = europe.total(scenario="incumbent", mineral="lithium", year=2035, by=())
    assert flows[flows["stage_to"] == "use"]["value"].sum() == pytest.approx(total, rel=1e-2)
    for stage in ("refining", "cell"):
        by_stage = [flows[flows[side] == stage]["value"].sum() for side in ("stage_to", "stage_from")]
        assert by_stage[0] == pytest.approx(by_stage[1], rel=1e-2)


def test_rules_of_trade_say_what_is_met(europe: Result) -> None:
    rules = europe["trade_rules"]
    single = rules[(rules["kind"] == "maximum_single") & (rules["node"] == "graphite_anode") & (rules["year"] == 2035)]
    assert set(single["met"]) == {"no"}
    assert set(single["country"]) == {"CHN"}
    assert set(rules["year"]) == set(range(2030, 2036))


# --- regions that share a pool, recycling, futures -------------------------------------------------------------------


def test_regions_outside_share_one_pool_and_the_closing_one_loses_nothing() -> None:
    sets = ["scope.regions=['World']", "scope.years=2030", "scenario.incumbent.adoption='stated-trend'"]
    found = run("europe-2035", [*sets, "scenario.next-gen.adoption='lfp-led'"])
    anode = at(found, "disruptions", disruption=ANODE, scenario="incumbent").set_index("region")
    outside = "Europe + India + United States + Rest of world"
    assert set(anode.index) == {"China", outside}
    assert anode.loc["China", "at_risk_best"] == 0
    assert 0.7 < anode.loc[outside, "share_best"] < 1
    by_region = at(found, "gwh_at_risk", disruption=ANODE, scenario="incumbent", allocation="best")
    assert set(by_region["region"]) == {"Europe", "India", "United States", "Rest of world"}
    assert found["shortage"].query("scenario == 'incumbent'").empty  # the reference world supplies itself


def test_recycling_relieves_mining_and_refining() -> None:
    sets = ["scope.years={first=2034, last=2035}", "flows={}"]
    found = run("europe-2035", sets)
    cover = at(found, "coverage", scenario="incumbent", year=2035).set_index(["node", "measure"])["value"]
    assert cover["mined_nickel", "recovered"] > 0
    assert cover["graphite_anode", "recovered"] == 0
    flows = at(found, "mineral_flows", scenario="incumbent", mineral="nickel", year=2035).set_index("flow")["value"]
    assert cover["nickel_refined", "need"] == pytest.approx(flows["input"])
    assert cover["nickel_refined", "recovered"] == pytest.approx(flows["secondary_supply"])


@pytest.mark.parametrize("future", ["iea-base", "announced", "unipolar-dominance", "competitive-cooperation"])
def test_every_future_gives_whole_tables(future: str) -> None:
    found = run("europe-2035", [f"exposure.future={future!r}", "scope.years={first=2034, last=2035}"])
    shares = found["supply"].groupby(["node", "year"])["share"].sum()
    assert np.allclose(shares, 1)
    risk = found["disruptions"]
    assert (risk["at_risk_best"] <= risk["at_risk_proportional"] + 1e-6).all()


def test_plants_that_are_announced_lower_the_loss(europe: Result) -> None:
    more = run("europe-2035", ["exposure.future='announced'", "exposure.delivery=1.0", "scope.years=2035"])
    now, then = (
        at(each, "disruptions", scenario="incumbent", disruption=ANODE, year=2035)["at_risk_best"].iloc[0]
        for each in (europe, more)
    )
    assert then < now


# --- stress ----------------------------------------------------------------------------------------------------------


def test_a_single_supplier_is_the_disruption_of_the_library(stressed: Result) -> None:
    one = at(stressed, "stress_single", country="CHN", node="lfp_cathode", scenario="incumbent", year=2035)
    library = at(stressed, "disruptions", disruption="china-lfp-cathode", scenario="incumbent", year=2035)
    assert one["at_risk_best"].iloc[0] == pytest.approx(library["at_risk_best"].iloc[0])


def test_pairs_cost_at_least_the_worse_of_the_two(stressed: Result) -> None:
    assert (stressed["stress_pairs"]["more_than_worse"] >= -1e-6).all()


def test_a_stockpile_runs_down(stressed: Result, europe: Result) -> None:
    quota = at(stressed, "stress_years", disruption="drc-cobalt-quota", scenario="incumbent")
    assert quota["event_year"].tolist() == [1, 2]
    assert quota["at_risk_best"].iloc[1] >= quota["at_risk_best"].iloc[0]
    assert quota["stockpile_left"].iloc[1] <= quota["stockpile_left"].iloc[0] <= 1
    with_stock, without = (
        at(each, "disruptions", disruption=ANODE, scenario="incumbent", year=2035)["at_risk_best"].iloc[0]
        for each in (stressed, europe)
    )
    planned = europe.total("cells", scenario="incumbent", year=2035, by=())
    assert without - with_stock == pytest.approx(3 / 12 * planned, rel=0.05)


def test_a_whole_stress_run_is_quick() -> None:
    """One region, eleven years, the library, every single supplier: a wide bound on what the benchmark measures."""
    start = time.perf_counter()
    found = api.stress("europe-2035")
    assert time.perf_counter() - start < 60
    assert found["stress_single"]["year"].nunique() == 11
    assert found.record["run"] == "europe-2035-stress"


# --- what is refused -------------------------------------------------------------------------------------------------

REFUSED = {
    "exposure.future='tomorow'": r"future = 'tomorow'.*not in supply_futures\.csv",
    "exposure.disruptions=['china-anode']": r"disruptions = 'china-anode'.*not in disruption\.csv",
    "exposure.concern='axis'": r"concern = 'axis'.*not in country_groups\.csv",
    "exposure.nodes=['graphite_cathode']": r"nodes = 'graphite_cathode'.*not in nodes\.csv; did you mean",
    "exposure.adoption='trend'": r"adoption = 'trend'",
    "exposure.stockpile_months=-1": r"stockpile_months = -1",
    "exposure.delivery=40": r"delivery = 40",
    "exposure.futur='today'": r"key 'futur': not a key of exposure; did you mean 'future'",
}


@pytest.mark.parametrize("change", REFUSED)
def test_refused(change: str) -> None:
    with pytest.raises(InputError) as caught:
        run("europe-2035", [change])
    assert re.search(REFUSED[change], str(caught.value)), str(caught.value)


def test_a_region_without_a_reference_is_refused() -> None:
    with pytest.raises(InputError, match=r"regions has 'Japan'.*reference world"):
        run("europe-2035", ["scope.regions=['Japan']", "scope.segments=['car']",
                            "scenario.incumbent={demand='icct-ambitious', adoption='stated-trend'}",
                            "scenario.next-gen={demand='icct-ambitious', adoption='sodium-led'}"])  # fmt: skip


def test_stress_needs_an_exposure(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"has no \[exposure\]"):
        api.stress("us-2030", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
