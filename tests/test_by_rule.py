"""The library by rule: what it takes and leaves, by hand and by other tables; variants with cells; each stop once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import minerals as api
from minerals import pipeline
from minerals.case.by_rule import CELLS, PLAN, Cost, by_rule, stop, suppliers, with_cells
from minerals.case.chokepoints import Chokepoints, with_events
from minerals.case.played import play, played, stops_of
from minerals.config import read_run
from minerals.pipeline import prepared
from minerals.results import screen_mix
from minerals.results.result import Result
from minerals.results.screen import by_rule as on_screen
from minerals.tables.inputs import Inputs
from minerals.tables.supply import Cut

SETS = ["scope.years=2035", "exposure.draws=0", "output.charts=[]"]
RULE = "exposure.library='rule'"


@pytest.fixture(scope="module")
def europe(shipped_inputs: Inputs) -> Chokepoints:
    """europe-2035 in its last year. The next-gen plan is short of 7 % of its batteries without any stop."""
    found = prepared(read_run("europe-2035", [*SETS, RULE]), shipped_inputs).chokepoints
    assert found is not None
    return found


@pytest.fixture(scope="module")
def ruled() -> Result:
    return api.run("europe-2035", set=[*SETS, RULE])


@pytest.fixture(scope="module")
def stressed() -> Result:
    return api.stress("europe-2035", set=SETS)


@pytest.mark.parametrize(("lost", "taken", "counts"), [
    (PLAN, CELLS, False), (PLAN + 1e-9, 0.0, True), (0.0, CELLS + 1e-9, True), (0.0, 0.0, False),
])  # fmt: skip
def test_either_threshold_is_enough_and_neither_counts_at_its_value(lost: float, taken: float, counts: bool) -> None:
    assert Cost("", 0, lost, 0, taken).counts is counts


@pytest.mark.slow
def test_the_rule_is_what_the_tables_of_all_suppliers_say(stressed: Result) -> None:
    """value: the largest share at risk over scenarios, as the table of single suppliers has it. What that leaves out
    costs nothing."""
    table = stressed["library"]
    alone = table[table["with_cells"] == "no"].set_index(["country", "node"])
    single = stressed["stress_single"]
    most = single.groupby(["country", "node"])["share_best"].max()
    assert alone["value"].reindex(most.index).to_numpy() == pytest.approx(most.to_numpy(), abs=1e-9)
    assert (alone.drop(most.index)["value"] == 0).all()
    inside = (alone["value"] > PLAN) | (alone["chemistry_share"] > CELLS)
    assert (inside == (alone["in_library"] == "yes")).all()
    assert 3 < inside.sum() < len(alone) / 2
    assert ((alone["value"] <= PLAN) & inside).any(), "one is there for a chemistry alone"


@pytest.mark.slow
def test_the_chemistry_is_what_is_lost_of_it_if_all_users_lose_alike(stressed: Result, ruled: Result) -> None:
    """Of the stop that the run lists too, by the table of what is lost by chemistry."""
    row = stressed["library"].query("country == 'CHN' and node == 'graphite_anode' and with_cells == 'no'").iloc[0]
    lost = ruled["gwh_at_risk"].query("disruption == 'china-graphite-anode' and allocation == 'proportional'")
    lost = lost.groupby(["scenario", "chemistry", "silicon"])["value"].sum()
    cells = ruled["cells"].groupby(["scenario", "chemistry", "silicon"])["value"].sum()
    shares = (lost / cells).dropna()
    assert row["chemistry_share"] == pytest.approx(shares.max(), rel=1e-6)
    alike = shares[shares > shares.max() - 1e-6].index
    assert (row["chemistry"], row["silicon"]) in {(chemistry, silicon) for _, chemistry, silicon in alike}


@pytest.mark.slow
def test_what_is_short_anyway_is_not_counted(europe: Chokepoints, stressed: Result) -> None:
    """With every stop the next-gen plan lacks more than PLAN, of which most stops are no cause."""
    event = stop(europe.inputs, ("CHN", "nmc_cathode"))
    (each,) = play(europe, "next-gen", [event])
    assert each.loss.lost[0] > PLAN * each.loss.planned.sum()
    row = stressed["library"].query("country == 'CHN' and node == 'nmc_cathode'")
    assert row[["value", "in_library", "with_cells"]].to_numpy().tolist() == [[0.0, "no", "no"]]


@pytest.mark.slow
def test_the_library_has_each_stop_once_with_and_without_cells(europe: Chokepoints, ruled: Result) -> None:
    listed = [event.disruption for event in europe.inputs.events]
    added = by_rule(europe, list(europe.scenarios))
    assert [event.disruption for event in with_events(europe, added).inputs.events] == list(
        ruled["disruptions"].drop_duplicates("disruption")["disruption"]
    )
    assert all(event.by_rule and event.status == "hypothetical" for event in added)
    assert not {event.disruption for event in added} & set(listed)
    taken = [frozenset(cut[:4] for cut in event.cuts) for event in (*europe.inputs.events, *added)]
    assert len(set(taken)) == len(taken)
    assert ("CHN", "graphite_anode", "export", 1.0) in set().union(*taken)
    assert not any(event.disruption == "stop-chn-graphite-anode" for event in added), "the run lists it already"
    names = {event.disruption for event in added}
    assert {"stop-chn-separator", "stop-chn-separator-and-cells", "china-graphite-anode-and-cells"} <= names
    assert by_rule(with_events(europe, added), list(europe.scenarios)) == []


@pytest.mark.slow
def test_a_stop_by_rule_has_the_ends_of_past_stops(europe: Chokepoints) -> None:
    event = next(each for each in by_rule(europe, ["incumbent"]) if each.disruption == "stop-chn-separator")
    past = europe.inputs.past_stops
    assert past is not None
    (cut,) = event.cuts
    assert (cut.severity, cut.low, cut.high) == (1.0, past.lost.low, 1.0)
    assert event.months == (past.months.low, 12.0, past.months.high)
    assert event.label == "China stops exports of separator"


@pytest.mark.slow
def test_with_cells_costs_no_less_and_only_who_makes_cells_has_it(europe: Chokepoints, ruled: Result) -> None:
    lost = ruled["disruptions"].set_index(["scenario", "disruption"])["lost_best"]
    pairs = [(name, code) for name, code in lost.index if (name, f"{code}-and-cells") in lost.index]
    assert len(pairs) > 6
    assert all(lost[name, f"{code}-and-cells"] >= lost[name, code] - 1e-6 for name, code in pairs)
    inputs = europe.inputs
    assert with_cells(inputs, stop(inputs, ("AUS", "mined_lithium"))) is None
    assert with_cells(inputs, stop(inputs, ("CHN", "li_ion_cell"))) is None
    half = stop(inputs, ("CHN", "separator"))
    half = replace(half, cuts=(half.cuts[0]._replace(severity=0.5, low=0.2, high=0.6),))
    both = with_cells(inputs, half)
    assert both is not None
    cells = [node.node for node in inputs.nodes if node.stage == "cell"]
    assert both.cuts[1:] == tuple(Cut("CHN", node, "export", 0.5, 0.2, 0.6) for node in cells)
    output = replace(half, cuts=(half.cuts[0]._replace(kind="output"),))
    assert with_cells(inputs, output) is None


@pytest.mark.slow
def test_cells_with_and_without_are_one_reading(stressed: Result, ruled: Result) -> None:
    """The table of `stress` has what the run by rule plays."""
    table = stressed["stress_cells"]
    lost = ruled["disruptions"].set_index(["scenario", "disruption"])["lost_best"]
    for row in table.itertuples():
        assert row.value == pytest.approx(lost[row.scenario, row.disruption], abs=1e-6)
        assert row.with_cells == pytest.approx(lost[row.scenario, f"{row.disruption}-and-cells"], abs=1e-6)


@pytest.mark.slow
def test_listed_is_what_it_was(stressed: Result) -> None:
    """Without the key nothing is added, and the screen says what would be."""
    assert not stressed["disruptions"]["disruption"].str.startswith("stop-").any()
    (line,) = on_screen(stressed, 2000)
    assert "Separator from China 27%" in line
    assert "lithium-sulfur" in line.lower() or "li-s" in line.lower()
    assert 'exposure.library = "rule"' in line


@pytest.mark.slow
def test_what_is_left_of_cells_by_hand(europe: Chokepoints) -> None:
    """With a stop of China's cells a chemistry keeps what others make: China makes 0.47 of Europe's lithium-ion cells.
    With a stop of nothing it keeps all."""
    nothing = replace(stop(europe.inputs, ("CHN", "li_ion_cell")), cuts=())
    stops = stops_of([nothing, stop(europe.inputs, ("CHN", "li_ion_cell"))])
    left = europe.left_of_cells(europe.regions, 0, stops)
    origin = europe.cell_origin(europe.regions, 0)[:, europe.inputs.countries.index("CHN")]
    place = europe.inputs.place("li_ion_cell")
    li_ion = europe.chain.cell[:, place]
    assert left[0] == pytest.approx(1.0)
    assert left[1][li_ion] == pytest.approx(1 - origin[li_ion])
    assert origin[li_ion].min() > 0.3
    assert left[1][~li_ion] == pytest.approx(1.0)


@pytest.mark.slow
def test_suppliers_are_countries_with_a_hundredth(europe: Chokepoints) -> None:
    inputs = europe.inputs
    found = list(suppliers(inputs))
    share = np.nan_to_num(inputs.share).max(axis=2)
    assert len(found) == ((share >= 0.01) & ~inputs.is_group).sum()
    assert ("CHN", "graphite_anode") in found
    assert played(europe, "incumbent", europe.regions, 0, [stop(inputs, found[0])], 0.0)


# --- a mix that is chosen --------------------------------------------------------------------------------------------

MIX = ["scope.years={first=2029, last=2030}", "scope.segments=['car']", "exposure.draws=0", "output.charts=[]", RULE]


def mixed() -> Result:
    return api.run("europe-mix", set=MIX)


@pytest.mark.slow
def test_a_chosen_mix_has_the_rule_of_all_that_may_be_chosen() -> None:
    """Lithium metal has no share in the incumbent; a mix could turn to it, so its supplier is in the library."""
    found = mixed()
    about = found.record["mix"]["library"]
    assert about["closed"] is True
    assert about["rounds"][-1] == {}
    assert "stop-chn-lithium-metal" in about["before"]
    assert set(about["before"]) <= set(found["mix_loss"]["disruption"]) == set(found.record["exposure"]["disruptions"])
    assert next(line for line in screen_mix.mix(found) if line[0].startswith("Library by rule"))[-1].endswith(
        "the rule adds nothing more."
    )


@pytest.mark.slow
@pytest.mark.parametrize("most", [1, 3])
def test_a_mix_is_chosen_again_with_what_its_own_plan_adds(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is added before, the first mix adds what it would lose by; with one round that is only told."""
    monkeypatch.setattr(pipeline, "with_rule", lambda ready: ready)
    monkeypatch.setattr(pipeline, "ROUNDS", most)
    found = mixed()
    about = found.record["mix"]["library"]
    assert about["before"] == {}
    assert "stop-chn-separator" in about["rounds"][0]
    assert about["closed"] is (most > 1)
    assert ("stop-chn-separator" in set(found["mix_loss"]["disruption"])) is (most > 1)
    (lines,) = [line for line in screen_mix.mix(found) if line[0].startswith("Library by rule")]
    assert ("chosen again" in lines[1]) is (most > 1)
    assert ("not played" in lines[-1]) is (most == 1)


@pytest.mark.slow
def test_a_listed_mix_says_nothing_of_rounds() -> None:
    found = api.run("europe-mix", set=[*MIX[:-1]])
    assert "library" not in found.record["mix"]
    assert not any(line[0].startswith("Library") for line in screen_mix.mix(found))
