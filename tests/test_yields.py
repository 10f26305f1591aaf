"""Use of a node per kWh, and nodes that feed several things: each kg one way, or one mass all of them at once.

On the tables of tests/toy_whole, of which the cells are made in Europe (45 GWh of NMC, 45 of LFP) and in China (15 of
NMC, 215 of LFP). Per kWh, NMC holds 0.1 kg of lithium and 0.08 of cobalt, LFP 0.09 of lithium.
"""

from __future__ import annotations

from pathlib import Path

import conftest
import numpy as np
import pytest

from minerals import api
from minerals.case.chokepoints import Chokepoints
from minerals.case.draws import Drawn
from minerals.config import read_run
from minerals.errors import InputError
from minerals.flows.joint import counted
from minerals.pipeline import inputs_of, prepared
from minerals.results.explain_exposure import explain_disruption
from minerals.results.result import Result
from minerals.studies.run import run
from minerals.tables.inputs import Inputs, read_inputs

#: A hydroxide that gives cobalt and lithium at once, made of an ore; an acid that goes into either; a coat per kWh.
ROWS = """base = "whole.toml"

NODES
[rows.stage_yield]
hydroxide.cobalt  = { value = 10, unit = "kg/kg", joint = "yes" }
hydroxide.lithium = { value = 6, unit = "kg/kg", joint = "yes" }
ore.hydroxide     = { value = 1.5, unit = "kg/kg" }
acid.cobalt       = { value = 3, unit = "kg/kg" }
acid.lithium      = { value = 2, unit = "kg/kg" }

[rows.node_use.coat]
any    = { per = "energy", value = 200, unit = "g/kWh" }
nmc811 = { per = "energy", value = 0.3, unit = "kg/kWh" }

[rows.supply_share.today]
hydroxide.CHN.2028 = { value = 0.8, confidence = "low" }
hydroxide.DEU.2028 = { value = 0.2, confidence = "low" }
ore.CHN.2028  = { value = 1, confidence = "low" }
acid.CHN.2028 = { value = 1, confidence = "low" }
coat.CHN.2028 = { value = 1, confidence = "low" }

[rows.battery_supply.today]
hydroxide.2028    = { value = 200, unit = "kt", available = 1 }
mined_cobalt.2028 = { value = 100, unit = "kt", available = 1 }  # binds nowhere

[rows.disruption.no-hydroxide.CHN.hydroxide]
label = "China keeps its hydroxide"
kind = "export"
value = 1
start = 2030
months = 12
status = "hypothetical"
played = "no"
"""
#: Node, label, stage and part.
NODES = (
    ("ore", "Ore", "mining", "cathode"), ("acid", "Acid", "refining", "cathode"),
    ("hydroxide", "Hydroxide", "refining", "cathode"), ("coat", "Coat", "active_material", "separator"),
)  # fmt: skip
NODE = """[rows.nodes.{0}]
label = "{1}"
item = "{1}"
stage = "{2}"
part = "{3}"
unit = "kt"
in_path = "yes"
strategic_raw_material = "no"
"""
#: Use per GWh of NMC and of LFP [kt]. Of hydroxide NMC needs most for cobalt, 0.8 (0.6 for lithium), LFP for lithium.
USE = {
    "hydroxide": (10 * 0.08, 6 * 0.09), "ore": (1.5 * 10 * 0.08, 1.5 * 6 * 0.09),
    "acid": (3 * 0.08 + 2 * 0.1, 2 * 0.09), "coat": (0.3, 0.2),
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = conftest.lay_out(tmp_path_factory.mktemp("yields") / "tables", "toy", "toy_whole")
    nodes = "".join(NODE.format(*node) for node in NODES)
    (place / "mine.toml").write_text(ROWS.replace("NODES", nodes), encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def mine(folder: Path) -> Result:
    return run(folder / "mine.toml", ["exposure.disruptions=['no-hydroxide']"], folder)


def with_rows(folder: Path, *sets: str) -> Inputs:
    return read_inputs(inputs_of(read_run(folder / "mine.toml", sets), folder))


def need(result: Result, node: str, region: str) -> float:
    rows = result["reference_need"].query("node == @node and region == @region and year == 2031")
    return float(rows["gross"].iloc[0])


def test_of_one_mass_the_largest_part_counts_and_others_add() -> None:
    parts = np.array([[8.0, 0.0, 1.0], [6.0, 5.4, 1.0], [1.0, 1.0, 1.0]])
    assert counted(parts, ["a", "a", ""]).tolist() == [[1, 0, 1], [0, 1, 0], [1, 1, 1]]
    assert counted(parts, ["", "", ""]).tolist() == np.ones((3, 3)).tolist()


@pytest.mark.slow
def test_need_of_what_is_joint_split_and_per_kwh_by_hand(mine: Result) -> None:
    """Ore is needed where hydroxide is made, not acid that stands before it and shares its minerals: Europe makes its
    40 kt, China the rest of 60.3 and 128.1."""
    cells = {"Europe": (45.0, 45.0), "China": (15.0, 215.0)}
    for node in ("hydroxide", "acid", "coat"):
        for region, (nmc, lfp) in cells.items():
            wanted = nmc * USE[node][0] + lfp * USE[node][1]
            assert need(mine, node, region) == pytest.approx(wanted, rel=1e-9), (node, region)
    assert need(mine, "ore", "Europe") == pytest.approx(1.5 * 40, rel=1e-9)
    assert need(mine, "ore", "China") == pytest.approx(1.5 * (60 * 0.8 + 260 * 0.54 - 40), rel=1e-9)


@pytest.mark.slow
def test_what_a_stop_of_a_joint_product_takes_by_hand(mine: Result, folder: Path) -> None:
    """Europe has 40 kt of its own for the 60.3 of its cells. Best, NMC gives way, of which a GWh needs 0.8."""
    hit = mine["disruptions"].query("year == 2031").iloc[0]
    assert hit["binding_node"] == "hydroxide"
    assert hit["lost_best"] == pytest.approx((60.3 - 40) / 0.8, rel=1e-9)
    assert hit["lost_proportional"] == pytest.approx(90 * (1 - 40 / 60.3), rel=1e-9)
    told = explain_disruption(mine, "no-hydroxide", year=2031)
    uses = {use.chemistry: use for use in told.nodes[0].uses}
    text = (folder / "mine.toml").read_text(encoding="utf-8")
    line = text.partition("hydroxide.lithium")[0].count("\n") + 1
    assert uses["nmc811"].use == pytest.approx(0.8, rel=1e-9)
    assert {row["rows"] for factor in uses["lfp"].factors for row in factor.rows} >= {f"mine.toml[stage_yield]:{line}"}
    caveats = " ".join(mine.record["exposure"]["caveats"])
    assert "Hydroxide gives cobalt and lithium at once. Each chemistry takes what the one needs" in caveats


@pytest.mark.slow
def test_upstream_need_of_joint_products_is_of_the_mineral_that_needs_most_of_it_in_all(folder: Path) -> None:
    mine = run(folder / "mine.toml", ["exposure=false", "prices=false", "flows={}", "scope.beyond='hold'"], folder)
    flows = mine["mineral_flows"].query("region == 'Europe' and year == 2031 and flow == 'primary_demand'")
    primary = flows.set_index("mineral")["value"]
    found = mine["upstream"].query("region == 'Europe' and year == 2031").set_index("node")["value"]
    most = max(10 * primary["cobalt"], 6 * primary["lithium"])
    assert found["hydroxide"] == pytest.approx(most, rel=1e-9)
    assert found["ore"] == pytest.approx(1.5 * most, rel=1e-9)
    assert found["acid"] == pytest.approx(3 * primary["cobalt"] + 2 * primary["lithium"], rel=1e-9)


@pytest.mark.slow
def test_a_mix_chosen_with_rows_of_its_run_file_plays_back_to_the_same(folder: Path, tmp_path: Path) -> None:
    """What the model takes of a joint product is what its exposure counts."""
    text = (folder / "mine.toml").read_text(encoding="utf-8").replace("whole.toml", "chosen.toml")
    (folder / "chosen_mine.toml").write_text(text, encoding="utf-8")
    sets = {"exposure.disruptions": ["no-hydroxide"], "flows": {}, "scope.beyond": "hold"}
    chosen = api.run(folder / "chosen_mine.toml", inputs=folder, set=sets, out=tmp_path / "out")
    played = api.run(tmp_path / "out" / "optimised.toml", inputs=folder)
    ours = chosen["disruptions"].query("scenario == 'optimised'").set_index("year")["lost_best"]
    assert ours[2030] > 1
    assert played["disruptions"].set_index("year")["lost_best"].to_dict() == pytest.approx(ours.to_dict(), abs=1e-6)


def exposed(folder: Path, *sets: str) -> Chokepoints:
    return prepared(read_run(folder / "mine.toml", ["exposure.disruptions=['no-hydroxide']", *sets]), with_rows(
        folder, *sets
    )).chokepoints  # fmt: skip


@pytest.mark.slow
def test_in_each_draw_the_product_counts_that_then_needs_most(folder: Path) -> None:
    """At the values NMC needs as much hydroxide for lithium as for cobalt, 0.8 kt/GWh; a draw has one above the other.
    Of 120 GWh three quarters are made in Europe, which has 40 kt; the chemistry gives way that needs more of it."""
    chokepoints = exposed(folder, "rows.stage_yield.hydroxide.lithium.value=8")
    drawn, cells = Drawn(chokepoints, 100, 1), chokepoints.cells_of("plan", ("Europe",), 0)
    assert cells.sum(axis=0).tolist() == pytest.approx([60, 60])
    minerals = chokepoints.resolved.minerals.labels
    per_kwh = {"cobalt": [0.08, 0.0], "lithium": [0.1, 0.09]}
    times = drawn.intensities(drawn.streams, 0)[:, 0]
    cobalt, lithium = (times[..., minerals.index(each)] * per_kwh[each] for each in per_kwh)
    use = np.maximum(10 * cobalt, 8 * lithium)
    for_lithium = 8 * lithium[1:, 0] > 10 * cobalt[1:, 0]
    assert 10 < for_lithium.sum() < 90
    found = drawn.used(drawn.streams, cells, 0)[:, chokepoints.inputs.place("hydroxide")]
    assert found == pytest.approx(use.sum(axis=1) / (0.8 + 0.72), rel=1e-9)
    (event,) = (each for each in chokepoints.inputs.events if each.disruption == "no-hydroxide")
    mix = drawn.cells(drawn.streams, "plan", ("Europe",), 0)
    had = 120 - np.maximum((0.75 * mix * use).sum(axis=1) - 40, 0) / use.max(axis=1)
    rows = range(0, 101, 10)
    assert drawn.by_chemistry(event, "plan", ("Europe",), 0, rows)[1] == pytest.approx(had[rows], rel=1e-9)


@pytest.mark.slow
def test_a_scope_without_a_mineral_that_a_node_feeds_beside_others_is_refused(folder: Path) -> None:
    told = "goes into cobalt, lithium, and scope.minerals lacks lithium, so that what is needed of it would be too"
    for sets in ((), ("exposure=false", "prices=false", "flows={}", "scope.beyond='hold'")):
        with pytest.raises(InputError, match=told):
            prepared(read_run(folder / "mine.toml", ["scope.minerals=['cobalt']", *sets]), with_rows(folder, *sets))
    narrow = exposed(folder, "scope.minerals=['lithium', 'cobalt']")
    europe = narrow.customers.index("Europe")
    assert narrow.supply[1].need[narrow.inputs.place("hydroxide"), europe] == pytest.approx(60.3, rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize(("change", "told"), [
    ("rows.stage_yield.ore.acid={ value = 1, unit = 'kg/kg' }",
     "feeds hydroxide, acid; .exposure. follows it into one node alone: let its rows name the minerals"),
    ("rows.nodes.ore.stage='refining'", r"feeds hydroxide, which is no later stage \(refining, refining\)"),
    ("rows.stage_yield.ore={ lithium = { value = 1, unit = 'kg/kg' } }",
     "node = 'ore': goes into acid, each unit of which needs 0.2273 to 0.5 by chemistry, use or year"),
])  # fmt: skip
def test_what_exposure_cannot_place_is_refused(change: str, told: str, folder: Path) -> None:
    """Of lithium alone, ore goes into acid by its mineral, of which NMC needs 0.44 and LFP 0.18 kt/GWh."""
    with pytest.raises(InputError, match=told):
        exposed(folder, change)


def test_own_rows_of_a_node_replace_all_that_it_feeds(folder: Path) -> None:
    """A mine that gives two minerals, where it gave one: its shipped row goes, and is told."""
    yields = "rows.stage_yield.mined_cobalt={ lithium = { value = 2, unit = 'kg/kg' } }"
    found = with_rows(folder, yields)
    rows = found["stage_yield"].query("node == 'mined_cobalt'")
    assert rows[["feeds", "value"]].to_numpy().tolist() == [["lithium", 2.0]]
    (own,) = [each for each in found.own if each.file == "--set[stage_yield]"]
    assert (own.replaced, own.added) == (1, 1)
    assert str(own.instead[0].change) == "1.2 → nothing (stage_yield.csv:4, book)"
    below = folder.parent / "below"
    below.mkdir()
    (below / "stage_yield.csv").write_text("node,feeds,value,unit\nmined_cobalt,cobalt,9,kg/kg\n", encoding="utf-8")
    stacked = with_rows(folder, "inputs=['../below']", yields)["stage_yield"].query("node == 'mined_cobalt'")
    assert stacked[["feeds", "value"]].to_numpy().tolist() == [["lithium", 2.0]]


ALSO = "{ value = 1, unit = 'kg/kg', joint = 'yes' }"


@pytest.mark.parametrize(("change", "told"), [
    ("rows.stage_yield.hydroxide.lithium.joint='no'", "hydroxide gives cobalt at once; write yes in all of its rows"),
    ("rows.stage_yield.ore.hydroxide.joint='yes'", "ore gives hydroxide alone; add what else it gives"),
    (f"rows.stage_yield.hydroxide.coated_graphite={ALSO}", "it ends in graphite:natural, and a route of graphite is"),
    (f"rows.stage_yield.hydroxide.ore={ALSO}", "feeds itself through hydroxide → ore → hydroxide"),
    (f"rows.stage_yield.hydroxide.acid={ALSO}", "acid below it gives several things too"),
    ("rows.node_use.coat.any.unit='kg/kg'", "a use per energy is in GWh/GWh or kg/kWh"),
    ("rows.node_use.coat.any.per='cobalt'", "unit = 'kg/kWh': a use per cobalt is in kg/kg"),
    ("rows.node_use.cell={ lfp = { per = 'energy', value = 1, unit = 'kg/kWh' } }", "a use in kg/kWh gives kt"),
])  # fmt: skip
def test_yields_and_uses_that_do_not_fit_are_refused(change: str, told: str, folder: Path) -> None:
    with pytest.raises(InputError) as raised:
        with_rows(folder, change)
    assert told in str(raised.value)
