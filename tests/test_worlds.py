"""What must hold whichever reference world is assumed, and what is stopped of the next generation."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from conftest import some

from minerals import api
from minerals.case.chokepoints import Chokepoints
from minerals.case.played import LEAST, play
from minerals.config import read_run
from minerals.pipeline import prepared
from minerals.results.result import Result
from minerals.results.screen import _in_assumed, other_worlds
from minerals.results.screen_mix import unknown
from minerals.results.worlds import assumed_of, said_of_assumed
from minerals.studies.worlds import FOLLOW_ON, WORLDS, reference_worlds
from minerals.tables.inputs import Inputs

#: Shipped runs with [exposure]; the world's own mix is as large as all others together.
RUNS = some(["europe-2035", "two-worlds", "europe-mix", "us-mix", "world-mix"], 1)


def chokepoints(inputs: Inputs, run: str, *sets: str) -> Chokepoints:
    found = prepared(read_run(run, sets), inputs).chokepoints
    assert found is not None
    return found


@pytest.mark.parametrize("run", RUNS)
def test_every_shipped_run_has_its_losses_in_three_reference_worlds(shipped_inputs: Inputs, run: str) -> None:
    found = chokepoints(shipped_inputs, run)
    table = reference_worlds(found, shipped_inputs)
    assert set(zip(table["adoption"], table["silicon"], strict=True)) >= set(WORLDS)
    assert set(table["follow_on"]) == set(FOLLOW_ON)
    per_world = table.groupby(["adoption", "silicon", "follow_on"]).size()
    assert per_world.nunique() == 1
    assert table[["lost", "industry"]].notna().all(axis=None)
    assert (table["lost"] >= 0).all()
    assert (table["lost"] <= table["planned"] * (1 + 1e-9)).all()
    # Less that follows a plan never looks safer.
    keys = ["scenario", "region", "disruption", "adoption", "silicon"]
    lost = table.pivot_table(index=keys, columns="follow_on", values="lost")
    assert (lost["none"] >= lost[["pipeline", "today"]].max(axis=1) - 1e-6).all()


@pytest.mark.slow
def test_na_ion_does_not_end_at_its_limit_in_every_reference_world(shipped_inputs: Inputs) -> None:
    """What of next-gen is short without any stop hangs on how much sodium the reference world has: 41 GWh where it
    follows the trend, and none where it is led by sodium."""
    short = {}
    for adoption, silicon in WORLDS:
        sets = "scope.years=2035", f"exposure.adoption='{adoption}'", f"exposure.silicon='{silicon}'"
        found = chokepoints(shipped_inputs, "europe-2035", *sets)
        built = found.factory("next-gen", found.regions, 0).totals(found.without("next-gen", found.regions, 0))[0][0]
        short[adoption] = found.plan("next-gen", found.regions, 0).cells.sum() - built
    assert short["stated-trend"] == pytest.approx(40.58, abs=0.01)
    assert short["sodium-led"] == pytest.approx(0, abs=1e-6)


def test_the_worlds_beside_that_of_a_run_are_told_on_the_screen_and_which_are_assumed() -> None:
    """Of the first scenario, without what costs nothing in any; a world is assumed if most of its rows are."""
    record = {"scenarios": {"a": {"label": "A"}, "b": {"label": "B"}},
              "codes": {"future": {"today": {"label": "Today"}, "far": {"label": "Far"}}}}  # fmt: skip
    rows = [(future, scenario, "Europe", code, f"Stop of {code}", "suspended", 2035, lost, lost + more, lost, 0.0,
             lost / 100, (lost + more) / 100)
            for scenario in "ab" for code, both in {"x": (10.0, 40.0), "y": (0.0, 0.0)}.items()
            for future, lost, more in zip(("today", "far"), both, (0.0, both[1] / 20), strict=True)]  # fmt: skip
    columns = ["future", "scenario", "region", "disruption", "label", "status", "year", "lost_best",
               "lost_proportional", "lost_high", "shortage", "share_best", "share_proportional"]  # fmt: skip
    lines = other_worlds(Result(record, {"lost_by_future": pd.DataFrame(rows, columns=columns)}), 80)
    first = [re.split(" {2,}", line) for line in lines]
    assert first == [
        ["GWh lost in Europe, 2035, A", "Today", "of all", "Far", "of all"],
        ["Stop of x*", "10.0", "10%", "40.0–42.0", "40–42%"],
    ]
    assert other_worlds(Result(record, {}), 80) == []
    # Codes also hold futures that only a study has, and what nobody knows can be stopped in one future alone.
    record["codes"]["future"]["studied"] = {"label": "Studied"}
    alone = ("far", "a", "Europe", "unknown-chn", "Stop of z", "hypothetical", 2035, 7.0, 7.0, 7.0, 0.0, 0.07, 0.07)
    table = pd.DataFrame([*rows, alone], columns=columns)
    assert [re.split(" {2,}", line) for line in other_worlds(Result(record, {"lost_by_future": table}), 80)] == [
        *first, ["Stop of z*", "7.0", "7%"],
    ]  # fmt: skip
    used = pd.DataFrame({"future": ["far", "far", "far", "today", ""], "source": ["assumed"] * 2 + ["iea"] * 2 + [""]})
    assert assumed_of(("today", "far"), used) == ["far"]
    assert assumed_of(("today", "far"), None) == []
    # Named, also where the run's own is not among them.
    assert said_of_assumed(record, used) == "Who makes what is assumed in Far."
    all_ = used.assign(source="assumed")
    all_.loc[4, "future"] = "studied"
    assert said_of_assumed(record, all_) == "Who makes what is assumed in Today, Far and Studied."
    tables = {"inputs_used": used, "lost_by_future": table}
    record["exposure"] = {"future": {"label": "Today"}}
    own = " All figures but those of the table with several worlds are of Today."
    assert _in_assumed(Result(record, tables), 2035) == [f"Who makes what is assumed in Far.{own}"]
    assert _in_assumed(Result(record, {"inputs_used": used}), 2035) == ["Who makes what is assumed in Far."]
    assert said_of_assumed(record, used[used["future"] == "today"]) == said_of_assumed({"codes": {}}, used) == ""


@pytest.fixture(scope="module")
def europe_2035(shipped_inputs: Inputs) -> Chokepoints:
    """europe-2035 in its last year with all cells made at home, and stops of what the next generation needs."""
    nodes = {"na": "na_cathode", "salt": "lipf6", "film": "separator", "metal": "lithium_metal"}
    stops = [f"exposure.event.{name}={{country='CHN', nodes='{node}'}}" for name, node in nodes.items()]
    sets = "scope.years=2035", "exposure.unknown='all'", "exposure.made_at_home=1.0"
    return chokepoints(shipped_inputs, "europe-2035", *sets, *stops)


def test_next_gen_loses_where_its_own_nodes_are_stopped(europe_2035: Chokepoints) -> None:
    """Sodium-ion cathodes and lithium metal take from next-gen, and less from the incumbent; separators from both. All
    of lithium metal, whose makers nobody knows, is taken to be made in China. A stop of LiPF6 alone takes nothing, as
    electrolytes are bought that China makes of it."""
    lost = {
        (each.event.disruption, scenario): each.loss.at_risk[0]
        for scenario in europe_2035.scenarios for each in play(europe_2035, scenario, europe_2035.inputs.events)
    }  # fmt: skip
    for event in ("na", "metal"):
        assert lost[event, "next-gen"] > lost[event, "incumbent"] + 50 > 50
    assert min(lost["film", name] for name in europe_2035.scenarios) > 100
    assert lost["salt", "next-gen"] == lost["salt", "incumbent"] == 0


def test_where_one_node_binds_the_loss_is_its_share_of_what_uses_it(europe_2035: Chokepoints) -> None:
    """share lost = share using it × (1 − accessible ÷ need), of the shipped run, where all that use it use it alike."""
    alone = 0
    for scenario in europe_2035.scenarios:
        for each in play(europe_2035, scenario, europe_2035.inputs.events):
            if len(each.binds) != 1 or each.loss.at_risk[0] <= LEAST or each.loss.shortage.sum() > 0:
                continue
            (n,), plan = each.binds, each.factory.plan
            use = plan.total_use[:, n] * plan.stages.direct[:, n]
            users = (use > 0) & (plan.made_at_home > 0)
            cells_go_on = np.allclose(each.hit.imported[0], plan.imported)
            if not cells_go_on or np.ptp(use[users]) > 1e-12 * use[users].max():
                continue
            using = plan.made_at_home[users].sum() / plan.cells.sum()
            expected = using * (1 - each.accessible[n] / each.factory.need[n])
            assert each.loss.at_risk[0] / plan.cells.sum() == pytest.approx(expected, rel=1e-9)
            alone += 1
    assert alone >= 3


@pytest.mark.slow
def test_no_family_of_europe_fills_up_because_nobody_knows_its_nodes() -> None:
    found = api.run("europe-mix", set=[
        "optimise.unknown='ends'", "optimise.frontier='off'", "optimise.ranges='off'", "output.charts=[]",
    ])  # fmt: skip
    table = found["mix_unknown"].query("measure == 'best'").set_index("unknown")["value"]
    assert table["none"] < table["all"] < table["none"] * 1.05
    assert unknown(found)[1] == "No family grows as fast as it may only because nobody knows who makes its nodes."
