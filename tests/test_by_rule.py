"""The library by rule: what it takes and leaves, by hand and by other tables; variants with cells; each stop once."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import conftest
import numpy as np
import pytest

import minerals as api
from minerals import pipeline
from minerals.case.by_rule import (
    ALIKE,
    CELLS,
    PLAN,
    SUPPLIER,
    Cost,
    _costs,
    _cut,
    _of_candidates,
    _taken,
    as_in_library,
    by_rule,
    rated,
    stop,
    suppliers,
    with_cells,
)
from minerals.case.chokepoints import Chokepoints
from minerals.case.played import LEAST, play, played, stops_of
from minerals.case.set_up import with_events
from minerals.config import read_run
from minerals.pipeline import prepared
from minerals.results import screen_mix
from minerals.results.result import Result
from minerals.results.screen import by_rule as on_screen
from minerals.tables.inputs import Inputs, read_inputs
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


# --- by hand, on the toy of tests/test_whole_toy.py ------------------------------------------------------------------


@pytest.fixture(scope="module")
def toy_chosen(tmp_path_factory: pytest.TempPathFactory) -> Chokepoints:
    """Europe's plan of 60 GWh of NMC and 60 of LFP, six tenths of the cells made at home; Na-ion could be chosen."""
    folder = conftest.lay_out(tmp_path_factory.mktemp("rule") / "tables", "toy", "toy_whole")
    found = prepared(read_run(folder / "chosen.toml", [RULE]), read_inputs(folder)).chokepoints
    assert found is not None
    return found


def test_what_the_rule_adds_by_hand(toy_chosen: Chokepoints) -> None:
    """Of 36 kt of NMC's and of LFP's graphite at home, 0.9 and 1 a GWh, a tenth at least is coated: Germany's 5 kt are
    enough for 50 of 68.4. So China's stop of anodes costs 18.4 GWh of LFP, or of both 18.4 of 68.4 of what is made at
    home. It is listed already, and is added with cells alone. Namibia mines seven tenths of the cobalt, China makes all
    cells that come from abroad, and South Korea alone sells Na-ion there, which no plan has: at home 0.6 are left. Of
    what nobody needs, or is never exported, nothing is lost."""
    inputs, (listed,) = toy_chosen.inputs, toy_chosen.inputs.events
    stops = [stop(inputs, each) for each in suppliers(inputs)]
    assert [event.cuts[0][:2] for event in stops] == [
        ("CHN", "flake_graphite"), ("NAM", "flake_graphite"), ("CHN", "coated_graphite"), ("DEU", "coated_graphite"),
        ("CHN", "synthetic_graphite"), ("KOR", "synthetic_graphite"), ("NAM", "mined_cobalt"), ("CHN", "cell"),
        ("CHN", "na_cell"), ("DEU", "na_cell"), ("KOR", "na_cell"),
    ]  # fmt: skip
    told = {each.stop.disruption: each for each in rated(toy_chosen, {"plan": play(toy_chosen, "plan", stops)}, stops)}
    costs = {code.removeprefix("stop-"): each.cost for code, each in told.items()}
    graphite, cobalt, cells = costs["chn-coated-graphite"], costs["nam-mined-cobalt"], costs["chn-cell"]
    assert graphite == Cost("plan", 0, pytest.approx(18.4 / 120), 0, pytest.approx(0.6 * 18.4 / 68.4))
    assert cobalt == Cost("plan", 0, pytest.approx(0.7 / 2), 0, pytest.approx(0.7))
    assert cells == Cost("plan", 0, pytest.approx(0.4), 0, pytest.approx(0.4))
    assert costs["kor-na-cell"] == Cost("", 0, 0.0, 2, pytest.approx(0.4))
    assert costs["nam-flake-graphite"].lost > 0.6
    none = Cost("", 0, 0.0, -1, 0.0)
    hurt = {"nam-flake-graphite", "chn-coated-graphite", "nam-mined-cobalt", "chn-cell", "kor-na-cell"}
    assert {code for code, cost in costs.items() if cost != none} == hurt
    # China's stop of anodes and cells costs all that comes from abroad, and the graphite of what is made at home.
    assert told["stop-chn-coated-graphite"].cost_of_both == Cost(
        "plan", 0, pytest.approx(0.4 + 18.4 / 120), 0, pytest.approx(0.4 + 0.6 * 18.4 / 68.4)
    )
    assert [code for code, each in told.items() if each.both] == ["stop-chn-coated-graphite"]

    found = by_rule(toy_chosen, ["plan"])
    names = ["nam-flake-graphite", "nam-mined-cobalt", "chn-cell", "kor-na-cell"]
    assert [event.disruption for event in found] == ["china-anode-and-cells", *(f"stop-{name}" for name in names)]
    assert [cut[:4] for cut in found[0].cuts] == [("CHN", node, "export", 1.0) for node in NODES_OF_CHINA]
    assert listed.disruption == "china-anode"
    assert by_rule(with_events(toy_chosen, found), ["plan"]) == []


#: What China's stop of anodes takes with its cells.
NODES_OF_CHINA = ("coated_graphite", "cell", "na_cell")


def test_a_stop_in_the_library_is_as_long_and_severe_as_past_ones_were(toy_chosen: Chokepoints) -> None:
    """The past stop of the toy has lasted 2 months, and took a half at least; this one takes all for a year at its
    value. Where nothing is known of past ones its ends are the value. Cells are told as many."""
    inputs = toy_chosen.inputs
    cobalt, cells = (stop(inputs, each) for each in (("NAM", "mined_cobalt"), ("KOR", "na_cell")))
    assert (cobalt.label, cobalt.months) == ("Cobalt mine from Namibia", (12, 12, 12))
    assert cobalt.start == 2030
    found = as_in_library(inputs, cobalt)
    assert (found.label, found.months, found.by_rule) == ("Namibia stops exports of mined cobalt", (2, 12, 12), True)
    assert [cut[:6] for cut in found.cuts] == [("NAM", "mined_cobalt", "export", 1.0, 0.5, 1.0)]
    assert as_in_library(inputs, cells).label == "South Korea stops exports of Na-ion cells"
    alone = as_in_library(replace(inputs, past_stops=None), cobalt)
    assert (alone.months, alone.instrument, [cut[3:6] for cut in alone.cuts]) == ((12, 12, 12), "", [(1, 1, 1)])
    both = stop(inputs, ("NAM", "mined_cobalt"), ("KOR", "na_cell"))
    assert both.disruption == "stop-nam-mined-cobalt-and-kor-na-cell"
    assert with_cells(inputs, cobalt) is None, "Namibia makes no cells"
    # Of two cuts of one country the cells stop as the more severe does.
    two = replace(cobalt, cuts=(Cut("CHN", "flake_graphite", "export", 0.2, 0.2, 0.2),
                                Cut("CHN", "coated_graphite", "export", 0.6, 0.5, 0.7),
                                Cut("CHN", "synthetic_graphite", "export", 0.4, 0.4, 0.4)))  # fmt: skip
    more = with_cells(inputs, two)
    assert more is not None
    assert [cut[1] for cut in more.cuts[3:]] == ["cell", "na_cell"]
    assert {(cut[0], *cut[2:6]) for cut in more.cuts[3:]} == {("CHN", "export", 0.6, 0.5, 0.7)}


def test_regions_that_share_no_pool_lose_together_and_the_worst_year_counts() -> None:
    """In year 0 two regions lose 3 + 1 of 10 + 30 GWh, a tenth; in year 1 one loses 3 of 20, in another scenario 2 of
    20. Of the second chemistry 4 + 2 of 16 are taken in year 0; of the first, of which there are 24, 3. What is planned
    nowhere costs nothing, and other disruptions are left out."""

    def played(year: int, lost: float, planned: list[float], taken: list[float], code: str = "stop") -> Any:
        base = np.array(planned)
        left = SimpleNamespace(cells=base - taken)
        loss = SimpleNamespace(at_risk=(lost,), planned=base, base=SimpleNamespace(cells=base), proportional=left)
        return SimpleNamespace(event=SimpleNamespace(disruption=code), year=year, loss=loss)

    found = {
        "one": [played(0, 3.0, [4.0, 6.0], [1.0, 4.0]), played(0, 1.0, [20.0, 10.0], [2.0, 2.0]),
                played(1, 3.0, [10.0, 10.0], [1.0, 1.0]), played(1, 9.0, [10.0, 0.0], [9.0, 0.0], "other")],
        "two": [played(1, 2.0, [10.0, 10.0], [0.0, -1.0]), played(2, 0.0, [0.0, 0.0], [0.0, 0.0])],
    }  # fmt: skip
    run = SimpleNamespace(settings=SimpleNamespace(optimise=None))
    no_mix: Any = SimpleNamespace(resolved=SimpleNamespace(run=run))
    events: Any = [SimpleNamespace(disruption="stop"), SimpleNamespace(disruption="harmless")]
    costs = _costs(no_mix, found, events)
    assert costs == {"stop": Cost("one", 1, pytest.approx(0.15), 1, pytest.approx(6 / 16)),
                     "harmless": Cost("", 0, 0.0, -1, 0.0)}  # fmt: skip


def test_of_chemistries_taken_alike_the_first_is_named_and_rounding_names_none() -> None:
    some = Cost("plan", 0, 0.1, 2, 0.3)
    assert _taken(some, np.array([0.1, 0.5, 0.5 + 1e-12])) == Cost("plan", 0, 0.1, 1, 0.5 + 1e-12)
    assert _taken(some, np.array([0.3 + 1e-12, 0.0, 0.0])) is some
    assert _taken(some, np.array([0.2, 0.0, 0.0])) is some
    # Alike is what lies no further apart than rounding, to its very value.
    assert _taken(some, np.array([0.5 - ALIKE, 0.5, 0.0])) == Cost("plan", 0, 0.1, 0, 0.5)
    assert _taken(some, np.array([0.3 + ALIKE, 0.0, 0.0])) is some


def test_what_is_hardly_planned_or_lost_costs_nothing() -> None:
    """Of a plan of no more GWh than count, and of a chemistry with no more, nothing; nor is a loss one that is no more
    than rounding. The chemistry beside it counts."""

    def cost(lost: float, planned: list[float], left: list[float]) -> Cost:
        base, rest = (SimpleNamespace(cells=np.array(cells)) for cells in (planned, left))
        loss = SimpleNamespace(at_risk=(lost,), planned=base.cells, base=base, proportional=rest)
        event = SimpleNamespace(disruption="stop")
        run = SimpleNamespace(settings=SimpleNamespace(optimise=None))
        no_mix: Any = SimpleNamespace(resolved=SimpleNamespace(run=run))
        found: Any = {"plan": [SimpleNamespace(event=event, year=0, loss=loss)]}
        return _costs(no_mix, found, [event])["stop"]  # type: ignore[list-item]

    assert cost(1.0, [LEAST, 0.0], [0.0, 0.0]) == Cost("", 0, 0.0, -1, 0.0)
    assert cost(ALIKE, [1.0, 0.0], [1.0, 0.0]) == Cost("", 0, 0.0, -1, 0.0)
    assert cost(0.25, [0.5, LEAST], [0.375, 0.0]) == Cost("plan", 0, pytest.approx(0.5), 0, 0.25)


def test_chemistries_that_no_plan_has_are_taken_as_the_reference_world_leaves_them() -> None:
    """The first chemistry is in one plan in the last year, the second in another; of the third there is no more than
    counts for nothing, and none of the fourth. The worst year and pool count of each stop, at its severity; the ends
    that follow are others."""
    one, two = np.zeros((2, 1, 4, 2)), np.zeros((2, 1, 4, 2))
    one[0, 0, 0, 1], two[1, 0, 1, 0], two[0, 0, 2, 0] = 5.0, 5.0, LEAST
    cut = Cut("CHN", "cell", "export", 0.5, 0.2, 0.9)
    first, second = (
        SimpleNamespace(disruption=code, cuts=(cut,), beyond=lambda end: True) for code in ("first", "second")
    )
    left = {(("A",), 0): 0.7, (("A",), 1): 0.6, (("B",), 0): 0.9, (("B",), 1): 0.8}

    def left_of(regions: tuple[str, ...], year: int, stops: tuple[Any, ...]) -> np.ndarray:
        assert [end for _, end in stops] == ["severity", "severity", "low", "low", "high", "high"]
        part = left[regions, year]
        return np.array([[part] * 4, [part, part, 1.0, part]] + [[0.0] * 4] * 4)

    chokepoints: Any = SimpleNamespace(
        scenarios={"one": SimpleNamespace(cells=one), "two": SimpleNamespace(cells=two)}, years=(2030, 2031),
        pools=lambda cuts: [("A",), ("B",)], left_of_cells=left_of,
    )  # fmt: skip
    found = _of_candidates(chokepoints, [first, second])  # type: ignore[list-item]
    assert found["first"] == pytest.approx([0, 0, 0.4, 0.4])
    assert found["second"] == pytest.approx([0, 0, 0, 0.4])


def test_a_supplier_has_a_hundredth_of_a_node_in_some_year() -> None:
    """China has it in the first year, Korea in the last, Chile never; others are a group, and of the last node nobody
    knows who makes it."""
    share = np.array([[[SUPPLIER, 0.0], [0.005, 0.3], [0.004, 0.004], [0.5, 0.5]], np.full((4, 2), np.nan)])
    inputs: Any = SimpleNamespace(
        nodes=[SimpleNamespace(node="ore"), SimpleNamespace(node="metal")], share=share,
        countries=("CHN", "KOR", "CHL", "R_OTH"), is_group=np.array([False, False, False, True]),
    )  # fmt: skip
    assert list(suppliers(inputs)) == [("CHN", "ore"), ("KOR", "ore")]


def test_a_stop_takes_all_and_is_another_by_what_it_takes_at_its_value(toy_chosen: Chokepoints) -> None:
    """At its ends it may take what it likes. Of two cuts that are as severe cells stop as the first."""
    event = stop(toy_chosen.inputs, ("CHN", "flake_graphite"))
    (cut,) = event.cuts
    assert cut[2:6] == ("export", 1.0, 1.0, 1.0)
    known = _cut(event)
    assert _cut(replace(event, cuts=(cut._replace(low=0.2, high=0.9),))) == known
    others = (cut._replace(country="KOR"), cut._replace(node="cell"), cut._replace(kind="output"))
    for other in (*others, cut._replace(severity=0.9)):
        assert _cut(replace(event, cuts=(other,))) != known
    alike = replace(event, cuts=(cut._replace(low=0.4), cut._replace(node="coated_graphite", low=0.6)))
    more = with_cells(toy_chosen.inputs, alike)
    assert more is not None
    assert {each.low for each in more.cuts[2:]} == {0.4}


# --- on the shipped inputs -------------------------------------------------------------------------------------------


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
