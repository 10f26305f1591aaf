"""Single functions of a run, each against what is found by hand: what batteries use, recycling, market shares,
lines, the chain, the page, prices."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from minerals.axes import Axis
from minerals.case.arrays import Arrays
from minerals.case.chain import FLOWS, returning
from minerals.case.explorer import _losses, explorer
from minerals.case.intensity import _Intensity
from minerals.case.outcome import Outcome
from minerals.case.prices import PriceCurves, _at, _check_anchors, _energies, _with_rate
from minerals.case.recycling import COLLECTED, SCRAP, UNCOLLECTED, _streams, most_taken_off, recycling
from minerals.case.shares import share_weights
from minerals.case.uses import Uses, relief_of
from minerals.config import read_run
from minerals.errors import InputError
from minerals.prices import learning
from minerals.tables.inputs import read_inputs
from minerals.tables.parameters import Lifetime
from minerals.tables.prices import Learner, Pair
from minerals.tables.resolve import resolve

# --- what batteries use ----------------------------------------------------------------------------------------------


def test_a_record_says_which_intensities_are_derived() -> None:
    """All, but for chemistries without a design, or those of a few; and whether the run file has some of its own."""
    derived, own, published = (
        {"chemistry": name, "fill": fill}
        for name, fill in (("nmc811", "derived"), ("na_layered", "override"), ("lfp", "given"))
    )

    def notes(route: str, *records: dict[str, str]) -> list[str]:
        config = SimpleNamespace(config=SimpleNamespace(route=route))
        return list(_Intensity._notes(config, records))  # type: ignore[arg-type]

    whole = "Intensities are derived from cells, but for copper and aluminium"
    assert notes("derived", derived, derived) == [f"{whole}."]
    assert notes("derived", derived, own) == [
        f"{whole}, and all of na_layered, which has no cell design.", "Some intensities are given by the run file."
    ]  # fmt: skip
    assert notes("inventory", derived, published) == ["Intensities of nmc811 are derived from cells."]
    assert notes("inventory", published) == []


def test_what_cells_use_on_the_mean_of_their_segments() -> None:
    """A node takes 1 and 3 kt/GWh of NMC by segment, of which there are 30 and 10 GWh; of LFP there is none, so that
    its segments count alike. Where all use nodes alike they are one."""
    fixed = np.array([[[1.0, 0.0], [2.0, 0.0]], [[3.0, 0.0], [4.0, 0.0]]])[
        ..., None
    ]  # (segment, chemistry, node, year)
    carrier = np.array([[0.8, 1.0], [1.2, 2.0]])[..., None]
    apart: Any = SimpleNamespace(fixed=fixed, carrier=carrier)
    apart.weights = lambda cells: Uses.weights(apart, cells)
    cells = np.array([[30.0, 0.0], [10.0, 0.0]])
    assert Uses.weights(apart, cells).tolist() == [[0.75, 0.5], [0.25, 0.5]]
    assert Uses.told_apart(apart, cells, 0) is cells
    node, graphite = Uses.mean(apart, 0, cells)
    assert node.tolist() == [[1.5, 0], [3, 0]]
    assert graphite == pytest.approx([0.9, 1.5])
    alike: Any = SimpleNamespace(fixed=fixed[:1], carrier=carrier[:1])
    assert Uses.weights(alike, cells).tolist() == [[1, 1]]
    assert Uses.told_apart(alike, cells, 0).tolist() == [[40, 0]]
    assert Uses.mean(alike, 0, cells)[0].tolist() == [[1, 0], [2, 0]]


def test_use_at_the_planned_route_and_by_any() -> None:
    """In two segments and years: what a node takes whatever the route, and of graphite 2 of the natural and 3 of the
    synthetic one, of which a quarter and then all is natural."""
    fixed, carrier = np.zeros((2, 1, 3, 2)), np.array([[[1.0, 2.0]], [[3.0, 4.0]]])
    fixed[:, 0, 0] = [[5.0, 6.0], [7.0, 8.0]]
    uses = Uses(fixed, carrier, np.array([0.0, 2, 0]), np.array([0.0, 0, 3]), np.array([0.25, 1.0]), np.ones(3))
    first = [[5, 0.5, 2.25], [7, 1.5, 6.75]]
    assert uses.planned[:, :, 0].tolist() == [first, [[6, 4, 0], [8, 8, 0]]]
    assert uses.ever.tolist() == [[8, 8, 12]]
    assert uses.total(0, np.array([[1.0], [3.0]])).tolist() == [[6.5, 1.25, 5.625]]
    assert uses.total(1, np.array([[1.0], [3.0]])).tolist() == [[7.5, 7, 0]]
    assert uses.routed
    assert [each.tolist() for each in uses.used(0)] == [[[True, False, False]], [True]]
    only: Any = SimpleNamespace(fixed=np.array([[[[0.0, 1]]], [[[0.0, 0]]]]), carrier=np.array([[[0.0, 0]], [[0, 2]]]))
    assert [each.tolist() for each in Uses.used(only, 0)] == [[[False]], [False]]
    assert [each.tolist() for each in Uses.used(only, 1)] == [[[True]], [True]]
    for routes, said in (((0, 0), False), ((1, 0), True), ((0, 1), True)):
        assert (
            Uses(fixed, carrier, *(np.array([0.0, each]) for each in routes), uses.route, uses.scrapped).routed is said
        )


def test_what_is_recovered_takes_off_mining_and_refining() -> None:
    """4 kt of graphite, of which a quarter is natural, and 3 of cobalt: 2.5 of a mine per kg of natural graphite, and 2
    per kg of cobalt. Cells of it are still made, and what one mass gives with others is still needed."""

    def node(stage: str, *products: tuple[str, str, float], together: tuple[str, ...] = ()) -> Any:
        return SimpleNamespace(stage=stage, alone=() if together else products)

    nodes = [node("mining", ("graphite", "natural", 2.5), ("cobalt", "", 2.0)), node("refining", ("graphite", "", 1.5)),
             node("refining", ("graphite", "synthetic", 2.0)), node("cell", ("cobalt", "", 1.0)),
             node("mining", ("cobalt", "", 1.0), together=("joint",))]  # fmt: skip
    supply: Any = SimpleNamespace(nodes=nodes)
    resolved: Any = SimpleNamespace(minerals=SimpleNamespace(labels=("cobalt", "graphite")))
    found = relief_of(supply, resolved, np.array([[3.0, 0.0], [4.0, 8.0]]), np.array([0.25, 1.0]))
    assert found.tolist() == [[2.5 + 6, 20], [6, 12], [6, 0], [0, 0], [0, 0]]


# --- what more is recovered ------------------------------------------------------------------------------------------


def test_what_better_recycling_gains_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """20 GWh reach recyclers in 2031 with 4 kt of cobalt, of which half goes a route that gives 0.9 of it and half one
    that gives 0.5: 0.7. The better route takes the other half and gains 0.04 kt for each GWh, the worse one loses as
    much, a third gives nothing. 5 GWh more could be collected, with 2 kt, which gains 0.28. Of scrap all goes the first
    route already. Collection costs 3, and begins a year on; the low and high ends count nowhere."""
    nan, years = np.nan, (2029, 2030, 2031)
    full: Any = SimpleNamespace(labels=years)
    route = np.full((3, 1, 3, 3), nan)
    route[0, 0] = np.array([0.5, 0.5, 0.0])[:, None]
    rates = np.full((3, 3, 1, 3), nan)
    rates[0] = np.array([0.9, 0.5, 0.0])[:, None, None]
    parameters = SimpleNamespace(route=route, recovery={"end_of_life": rates, "prompt": rates})
    resolved = SimpleNamespace(parameters=parameters, years=full, minerals=SimpleNamespace(labels=("cobalt",)))
    assembly: Any = SimpleNamespace(
        resolved=resolved, outcome=SimpleNamespace(survival=object()), years=(2030, 2031), regions=("Here",),
        returns=SimpleNamespace(minerals=("cobalt",)),
    )  # fmt: skip
    gwh = {COLLECTED: np.array([[7.0, 0, 20]]), UNCOLLECTED: np.array([[1.0, 2, 5]]), SCRAP: np.array([[1.0, 0, 0]])}
    held = {stream: np.array([[[1.0, 0, kt]]]) for stream, kt in ((COLLECTED, 4), (UNCOLLECTED, 2), (SCRAP, 0))}
    costs = {"collection": 3.0, "pyro": 2.0, "hydro": 1.0, "direct": nan}

    def rows(_: object, way: str) -> Any:
        lead = [1.0 if way == "collection" else nan, 0.0, 0.0]
        return SimpleNamespace(cost=np.array([costs[way], 0.0, 9.0]), lead=np.array(lead), way={"cost": way})

    asked = []

    def value(key: tuple[str, ...], ends: np.ndarray) -> float:
        asked.append(key)
        return float(ends[0])

    monkeypatch.setattr("minerals.case.recycling._streams", lambda *_: (gwh, held))
    monkeypatch.setattr("minerals.case.recycling.new_recycling", rows)
    found = recycling(assembly, None, None, {}, value)  # type: ignore[arg-type]
    assert found["recycling_cost"] == {("Here", "collection", 2031): 3, ("Here", "pyro", 2031): 1,
                                       ("Here", "hydro", 2031): 0.5}  # fmt: skip
    assert found["recycling_gain"] == pytest.approx({
        ("Here", "collection", "cobalt", 2031): 0.4 * 0.7, ("Here", "pyro", "cobalt", 2031): 0.2 * 0.2,
        ("Here", "hydro", "cobalt", 2031): -0.2 * 0.2,
    })  # fmt: skip
    assert found["recycling_into"] == {"collection": "collected"}
    assert found["recycling_from"] == {"collection": "uncollected", "pyro": "collected", "hydro": "collected",
                                       "scrap_pyro": "scrap", "scrap_hydro": "scrap"}  # fmt: skip
    assert found["recycling_most"]["Here", "collected", 2031] == 20
    assert found["recycling_most"]["Here", "uncollected", 2030] == 2
    assert len(found["recycling_most"]) == 6
    assert asked[:2] == [("recycling_cost", "cost", "collection"), ("recycling_cost", "cost", "pyro")]
    resolved.parameters = None
    assert not any(recycling(assembly, None, None, {}, value).values())  # type: ignore[arg-type]


def test_batteries_of_each_stream_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """10 GWh of 2029 stay as they were; of 2030 and 2031 those of a plan count, 20 and 30, in place of what was meant.
    A tenth of a cohort reaches recyclers in each year after its own, and could be a quarter; of what is made in 2031 a
    fifth more goes in than comes out. A GWh holds 2 kt, or 3 if it is of 2031."""
    years = Axis("year", (2029, 2030, 2031))
    tenth = np.where(np.tri(3, k=-1), 0.1, 0.0)[None, None, None]
    chosen = SimpleNamespace(cells=np.array([10.0, 99, 99]).reshape(1, 1, 1, 3))
    outcome = SimpleNamespace(
        survival=object(), scenarios={"plan": chosen}, returning=tenth,
        arrays=SimpleNamespace(intensity_by_year=np.array([[[2.0, 2.0, 3.0]]])),
    )  # fmt: skip
    assembly: Any = SimpleNamespace(
        resolved=SimpleNamespace(years=years), outcome=outcome, incumbent="plan", years=(2030, 2031),
        regions=("Here",), segments=("car",), place={"lfp": 0}, at={2030: 0, 2031: 1}, gain=np.array([[1.0, 1.2]]),
    )  # fmt: skip
    monkeypatch.setattr("minerals.case.recycling.returning", lambda _, __, end: tenth * {2: 2.5}[end])
    plan: Any = {("Here", "car", "lfp", 2030): 20.0, ("Here", "car", "lfp", 2031): 30.0}
    gwh, held = _streams(assembly, plan)
    assert gwh[COLLECTED] == pytest.approx(np.array([[0, 1, 3]]))
    assert gwh[UNCOLLECTED] == pytest.approx(np.array([[0, 1.5, 4.5]]))
    assert gwh[SCRAP] == pytest.approx(np.array([[0, 0, 6]]))
    assert held[COLLECTED] == pytest.approx(np.array([[[0, 2, 6]]]))
    assert held[UNCOLLECTED] == pytest.approx(np.array([[[0, 3, 9]]]))
    assert held[SCRAP] == pytest.approx(np.array([[[0, 0, 18]]]))
    assert chosen.cells[0, 0, 0].tolist() == [10, 99, 99]


def test_the_most_that_better_recycling_takes_off_a_node() -> None:
    """A battery that is not collected may be, which gains 0.3, and then go a route that gains 0.05 more; one that is
    collected goes the route, one of scrap none that gains. 2 and 10 GWh of them: 2 · 0.35 + 10 · 0.05, of which a mine
    is spared 2 each and 3 of another mineral, of which a tenth is gained where it is collected."""
    gain = {("Here", "collection", "cobalt", 2031): 0.3, ("Here", "hydro", "cobalt", 2031): 0.05,
            ("Here", "pyro", "cobalt", 2031): -0.2, ("Here", "collection", "nickel", 2031): 0.1,
            ("Here", "direct", "cobalt", 2031): 9.0, ("Here", "hydro", "cobalt", 2030): 0.5}  # fmt: skip
    ways = {"collection": UNCOLLECTED, "hydro": COLLECTED, "pyro": COLLECTED, "direct": COLLECTED, "scrap_hydro": SCRAP}
    data: Any = SimpleNamespace(
        relief={("cobalt", "mine", 2031): 2.0, ("nickel", "mine", 2031): 3.0, ("cobalt", "mine", 2030): 5.0},
        regions=("Here",), recycling_from=ways, recycling_into={"collection": COLLECTED}, recycling_gain=gain,
        recycling_cost={("Here", way, y): 1.0 for way in ways if way != "direct" for y in (2030, 2031)},
        recycling_most={("Here", UNCOLLECTED, 2031): 2.0, ("Here", COLLECTED, 2031): 10.0, ("Here", SCRAP, 2031): 7.0},
    )  # fmt: skip
    found = most_taken_off(data)
    assert found == pytest.approx({("mine", 2031): 2 * (2 * 0.35 + 10 * 0.05) + 3 * 2 * 0.1, ("mine", 2030): 0})


# --- market shares that are drawn ------------------------------------------------------------------------------------


def test_how_far_market_shares_move_by_hand() -> None:
    """Of 0.2 with the ends 0.1 and 0.5, of 0.3 that only rises to 0.6, and of 0.5 that only falls to 0.2, by odds; of
    one without ends as much as years since the last observed one say, up to ten; nothing and all are certain."""
    years, spread = (2030, 2031, 2035, 2045), 0.3
    value = np.array([0.2, 0.3, 0.5, 0.4, 0.0, 1.0])
    low, high = np.array([0.1, 0.3, 0.2, 0.4, 0.0, 1.0]), np.array([0.5, 0.6, 0.5, 0.4, 0.3, 1.0])
    bases, asked = ("a", "b", "c", "d", "none", "all"), []

    def dense_each(axes: Any, ends: Any, scenario: str) -> Any:
        asked.append((scenario, axes[2].name, axes[2].labels))
        place = [bases.index(each[0] if isinstance(each, tuple) else each) for each in axes[2].labels]
        shape = (*map(len, axes),)
        return {end: np.broadcast_to(each[place][:, None], shape) for end, each in
                zip(ends, (value, low, high), strict=True)}  # fmt: skip

    def resolved(pairs: tuple[Any, ...], silicon: str) -> Any:
        run = SimpleNamespace(settings=SimpleNamespace(scenario={"plan": SimpleNamespace(silicon=silicon)}))
        return SimpleNamespace(
            regions=Axis("region", ("Here", "There")), segments=Axis("segment", ("car", "bus", "ship")), run=run,
            chemistries=Axis("chemistry", pairs), years=Axis("year", years),
            market_share=SimpleNamespace(dense_each=dense_each), observed={("plan", "There", "bus"): 2031},
        )  # fmt: skip

    pairs = tuple((each, 0.0) for each in bases)
    below, above = share_weights(resolved(pairs, "none"), "plan", spread)
    assert below.shape == above.shape == (2, 3, 6, 4)
    rising, falling = (0.6 / 0.4) / (0.3 / 0.7), (0.2 / 0.8) / 1
    first = np.exp(1.645 * spread * np.array([0, 0.1, 0.5, 1.0]))
    assert below[0, 0, :, 2] == pytest.approx([(0.1 / 0.9) / 0.25, 1, falling, 1 / first[2], 1, 1])
    assert above[0, 0, :, 2] == pytest.approx([4, rising, 1, first[2], 1, 1])
    assert above[0, 0, 3] == pytest.approx(first)
    assert above[1, 1, 3] == pytest.approx(np.exp(1.645 * spread * np.array([0, 0, 0.4, 1])))
    assert (below[:, :, 3] * above[:, :, 3]) == pytest.approx(np.ones((2, 3, 4)))
    # The overlay's blends of a base have its ends; blends of the tables have their own.
    blends = (("b", 0.0), ("b", 0.1), ("a", 0.0))
    below, above = share_weights(resolved(blends, "si"), "plan", spread)
    assert above[0, 0, :, 0] == pytest.approx([rising, rising, 4])
    assert below[0, 0, :, 0] == pytest.approx([1, 1, (0.1 / 0.9) / 0.25])
    share_weights(resolved(blends, "explicit"), "plan", spread)
    assert asked == [("plan", "chemistry", pairs), ("plan", "base", ("b", "a")), ("plan", "chemistry", blends)]
    for each in share_weights(resolved(blends, "si"), "plan", 0):
        assert each.shape == (2, 3, 3, 4)
        assert (each == 1).all()


# --- production lines -------------------------------------------------------------------------------------------------


def test_lines_of_a_scenario() -> None:
    """Those of the lines file, older ones in the first year; else of all demand where not all is met: 12 GWh of which
    half is met is 24, and of what nothing is met of none. Without either they follow from what is sold."""
    rows = [("plan", "There", 2031, 5.0), ("plan", "There", 2020, 2.0), ("plan", "There", 2030, 1.0),
            ("other", "Here", 2031, 9.0)]  # fmt: skip
    met = {"Here": {"bus": {"2031": 0.5, "2030": 0.0}}}
    scenarios = {"plan": SimpleNamespace(met=met), "other": SimpleNamespace(met={})}
    resolved: Any = SimpleNamespace(
        lines=pd.DataFrame(rows, columns=["scenario", "region", "cohort", "value"]),
        regions=Axis("region", ("Here", "There")), segments=Axis("segment", ("car", "bus")),
        years=Axis("year", (2030, 2031)), run=SimpleNamespace(settings=SimpleNamespace(scenario=scenarios)),
    )  # fmt: skip
    arrays: Any = Arrays(resolved)
    arrays.__dict__["additions"] = {"plan": np.array([[[[1.0, 2.0], [0.0, 12.0]], [[3.0, 1.0], [0.0, 0.0]]]])}
    assert arrays.lines("plan").tolist() == [[0, 0], [3, 5]]
    assert arrays.wanted("plan").tolist() == [[[1, 2], [0, 24]], [[3, 1], [0, 0]]]
    resolved.lines = None
    assert arrays.lines("plan").tolist() == [[1, 25], [3, 0]]
    assert arrays.lines("other") is None
    assert arrays.additions["plan"][0, 0, 1, 1] == 12


# --- the chain at its values -----------------------------------------------------------------------------------------


def test_at_the_values_of_its_inputs_a_chain_reads_none_of_their_ends(toy: Path) -> None:
    """All that comes after use is the same where the low and the high ends are no numbers; and with the low ends of
    collection it is theirs."""
    sets = ['scope.beyond="hold"', "scope.years={first = 2044, last = 2047}", "flows={}"]
    given = resolve(read_run(toy / "run.toml", sets), read_inputs(toy))
    known = given.parameters
    assert known is not None

    def at_value(ends: Any) -> Any:
        if isinstance(ends, dict):
            return {key: at_value(each) for key, each in ends.items()}
        if isinstance(ends, Lifetime):
            return replace(ends, mean=at_value(ends.mean))
        return np.concatenate([ends[:1], np.full_like(ends[1:], np.nan)])

    names = ("lifetime", "second_lifetime", "reuse_share", "health", "collection", "second_collection", "route",
             "recovery", "scrap", "ramp")  # fmt: skip
    bare = replace(given, parameters=replace(known, **{name: at_value(getattr(known, name)) for name in names}))
    one, other = (Outcome(each).scenarios["plan"].chain for each in (given, bare))
    assert one is not None
    assert other is not None
    for name in ("in_use", "retired", "second_life", "scrap", "recycled_content", "upstream", "recovery", "collection"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
        assert getattr(one, name).any()
    for flow in FLOWS:
        np.testing.assert_array_equal(getattr(one.flows, flow), getattr(other.flows, flow))
    np.testing.assert_array_equal(Outcome(given).returning, Outcome(bare).returning)
    # What returns is what is collected of a GWh, whatever it holds.
    outcome = Outcome(given)
    assert outcome.survival is not None
    cells, intensity = outcome.scenarios["plan"].cells, outcome.arrays.intensity["value"][0]
    held = np.broadcast_to(intensity, (*intensity.shape[:2], cells.shape[-1]))
    returned = np.einsum("rscyk,rsck,cmk->rmy", outcome.returning, cells, held)
    np.testing.assert_allclose(returned, one.flows.collected, rtol=1e-9)
    low = replace(known, collection=known.collection[[1, 1, 1]], second_collection=known.second_collection[[1, 1, 1]])
    of_low = returning(replace(given, parameters=low), outcome.survival)
    np.testing.assert_array_equal(returning(given, outcome.survival, 1), of_low)


# --- the page --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("last", "offered"), [
    (2045, [*range(2030, 2046)]), (2046, [2030, 2035, 2040, 2045, 2046]), (2050, [2030, 2035, 2040, 2045, 2050]),
])  # fmt: skip
def test_of_many_years_a_page_offers_those_that_end_in_0_or_5_and_the_last(
    last: int, offered: list[int], toy: Path
) -> None:
    run = read_run(toy / "run.toml", [f"scope.years.last={last}", "scope.beyond='hold'"])
    found = explorer(Outcome(resolve(run, read_inputs(toy))), None, None)
    assert found["years"] == offered
    gwh = np.array(found["gwh"]["plan"])
    assert gwh.shape[-1] == len(offered)
    # From 2034 on demand is held.
    assert (gwh[..., -1] == gwh[..., -2]).all()


@pytest.mark.parametrize("said", [{"silicon": "explicit"}, {"diffusion": {"car": 1}}, {"capacity_limit": "value"}])
def test_a_page_offers_scenarios_whose_mix_follows_from_shares_by_base(said: dict[str, Any], toy: Path) -> None:
    """And costs where all are known, in the years that it offers."""
    resolved = resolve(read_run(toy / "run.toml"), read_inputs(toy))
    home = np.arange(2.0 * len(resolved.reported)).reshape(2, -1)
    packs: Any = SimpleNamespace(home=home)
    found = explorer(Outcome(resolved), None, packs)
    assert "plan" in found["scenarios"]
    assert found["cost"] == home.tolist()
    assert found["why"].startswith("The run has no [exposure]")
    home[0, 0] = np.inf
    assert explorer(Outcome(resolved), None, packs)["cost"] is None
    plain = {"silicon": "none", "diffusion": {}, "capacity_limit": None}
    resolved.run.settings.scenario["plan"] = SimpleNamespace(**{**plain, **said})  # type: ignore[assignment]
    assert "plan" not in explorer(Outcome(resolved), None, None)["scenarios"]


def test_a_page_computes_losses_of_scenarios_that_say_nothing_of_makers_or_follow_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("minerals.case.explorer._year", lambda chokepoints, scenario, regions, year: [scenario, year])
    into = np.zeros((1, 3, 3))
    into[0, 1, 2], into[0, 0, 1] = 0.5, 1.0
    event = SimpleNamespace(disruption="stop", label="A stop", status="announced", start=2031)
    chokepoints: Any = SimpleNamespace(
        chain=SimpleNamespace(into=into, stage=np.array([0, 1, 2])), regions=("A",), years=(2030, 2031, 2032),
        chosen_origin={"a": None}, chosen_follow_on={"b": None}, orders={"c": "last"}, cell=np.array([0, 0, 1]) > 0,
        inputs=SimpleNamespace(nodes=[SimpleNamespace(node=name) for name in "xyz"], events=[event]),
        config=SimpleNamespace(stockpile_months=2.0),
    )  # fmt: skip
    found = _losses(chokepoints, ["a", "d", "b", "e", "c"], [2031, 2032])
    assert (found["scenarios"], found["nodes"]) == (["d", "e"], ["x", "y", "z"])
    assert found["into"] == [[0, 0, 1, 1.0], [0, 1, 2, 0.5]]
    assert (found["stage"], found["cell"], found["stock"]) == ([0, 1, 2], [0, 0, 1], 2.0)
    assert found["events"] == [["stop", "A stop", "announced", 2031]]
    assert found["years"] == {"2031": ["d", 1], "2032": ["d", 2]}
    assert _losses(chokepoints, ["a"], [2031])["years"] == {}


# --- prices ----------------------------------------------------------------------------------------------------------


def test_energy_of_a_year_is_that_which_is_counted_and_else_that_of_the_scenario() -> None:
    counted: Any = SimpleNamespace(family="Li-ion", years=(2026, 2027), energy=np.array([[1.0, 2], [3, 4], [5, 6]]))
    energies: Any = {"Li-ion": ((2027, 2028, 2029), np.array([[2.0, 7, 8], [4, 9, 10], [6, 11, 12]]))}
    assert np.asarray(_at(counted, energies, 2026)).tolist() == [1, 3, 5]
    assert np.asarray(_at(counted, energies, 2029)).tolist() == [8, 10, 12]
    assert _at(counted, energies, 2025) is None
    assert _at(counted, energies, 2030) is None


def test_energy_at_which_a_curve_comes_to_a_price() -> None:
    """From 100 at 10 GWh a fifth less at each doubling: 64 at 40. Above a floor of 20, 84 at 20. What was observed, or
    lies below the floor, has none."""

    def row(family: str, value: float, case: str = "forecast") -> Any:
        return SimpleNamespace(family=family, value=value, case=case)

    def learner(family: str, floor: float) -> Any:
        return SimpleNamespace(family=family, learns_with="Li-ion", year=2028, anchor=(100.0, 90.0, 120.0),
                               rate=(0.2, 0.1, 0.3), floor=(floor, 0.0, 40.0))  # fmt: skip

    energies = {"plan": {"Li-ion": ((2027, 2028), np.array([[5.0, 10.0], [1.0, 2.0], [7.0, 70.0]]))}}
    rows = [row("NMC", 64), row("NMC", 80, "observed"), row("LFP", 84), row("LFP", 10), row("Na-ion", 50)]
    curves: Any = SimpleNamespace(inputs=SimpleNamespace(observations=rows), scenarios=("plan", "other"),
                                  energy=energies, learners=(learner("NMC", 0.0), learner("LFP", 20.0)))  # fmt: skip
    found = PriceCurves.needs.func(curves)  # type: ignore[attr-defined]
    assert found == pytest.approx([40, np.nan, 20, np.nan, np.nan], nan_ok=True)


def learner(family: str, **more: Any) -> Learner:
    """A family whose pack costs 100 at 10 GWh, a fifth less at each doubling."""
    anchor, rate, floor = np.array([100.0, 90.0, 120.0]), np.array([0.2, 0.1, 0.3]), np.array([0.0, 3.0, 5.0])
    return Learner(**{"family": family, "year": 2028, "anchor": anchor, "rate": rate, "assumed": False,
                      "learns_with": "Li-ion", "floor": floor, **more})  # fmt: skip


def price_inputs_of(rows: list[tuple[str, float, int, str]], *learners: Learner, **more: Any) -> Any:
    """What curves start from. rows: family, price, year and case."""
    seen = [SimpleNamespace(family=family, value=value, year=year, case=case) for family, value, year, case in rows]
    energy, counted = np.array([[0.1, 1.0, 2.0], [0.1, 0.5, 1.0], [0.1, 2.0, 3.0]]), (2020, 2025, 2026)
    experience = {"Li-ion": SimpleNamespace(family="Li-ion", members=("NMC", "LFP"), years=counted, energy=energy)}
    return SimpleNamespace(observations=seen, learners=learners, experience=experience, **more)


#: By the end of 2026 to 2030.
ENERGIES = {"Li-ion": (tuple(range(2026, 2031)), np.array([[2.0, 4, 8, 16, 32], [1, 2, 6, 12, 30], [3, 9, 9, 27, 54]]))}
OBSERVED = [
    ("Li-ion", 80.0, 2025, "observed"), ("Li-ion", 50.0, 2026, "observed"), ("Li-ion", 32.0, 2027, "observed"),
    ("Li-ion", 9.0, 2024, "observed"), ("NMC", 7.0, 2027, "observed"), ("Li-ion", 3.0, 2030, "forecast"),
]  # fmt: skip


def curves_of(inputs: Any, config: Any = None, years: tuple[int, ...] = (2029, 2030)) -> PriceCurves:
    config = config or SimpleNamespace(adoption=("plan", "other"), rate="published", floor="none", credit=0.0)
    other = {family: (known, 3 * gwh) for family, (known, gwh) in ENERGIES.items()}
    return PriceCurves(config, inputs, years, {"plan": ENERGIES, "other": other}, ())


def test_a_fit_takes_the_observed_prices_of_lithium_ion_whose_energy_is_counted() -> None:
    """At 1, 2 and 4 GWh, as counted and then of the first scenario; above the floor of the family's value, if it has
    one. Fewer than three, or one that is not above the floor, are no fit."""
    learners = learner("Li-ion", floor=np.array([0.0, 30.0, 40.0])), learner("NMC", floor=np.full(3, 31.0))
    curves = curves_of(price_inputs_of(OBSERVED, *learners))
    assert curves.energy_at_observations == pytest.approx([1, 2, 4, np.nan, 4, 32], nan_ok=True)
    fitted = learning.fit([1, 2, 4], [80, 50, 32])
    assert curves.fit == pytest.approx(fitted)
    assert fitted.rate == pytest.approx(1 - (32 / 80) ** 0.5)
    raised = learner("Li-ion", floor=np.array([16.0, 0.0, 0.0])), learners[1]
    assert curves_of(price_inputs_of(OBSERVED, *raised)).fit == pytest.approx(learning.fit([1, 2, 4], [64, 34, 16]))
    near = learner("Li-ion", floor=np.array([31.5, 0.0, 0.0])), learners[1]
    assert curves_of(price_inputs_of(OBSERVED, *near)).fit == pytest.approx(learning.fit([1, 2, 4], [48.5, 18.5, 0.5]))
    level = learner("Li-ion", floor=np.array([32.0, 0.0, 0.0])), learners[1]
    assert curves_of(price_inputs_of(OBSERVED, *level)).fit is None
    assert curves_of(price_inputs_of(OBSERVED[1:], *learners)).fit is None
    of_none = [(family if family == "NMC" else "NMC", *more) for family, *more in OBSERVED]
    assert curves_of(price_inputs_of(of_none, learners[1])).fit is None
    # Two that are not counted are none of three.
    uncounted = [*OBSERVED[:2], OBSERVED[3], OBSERVED[3]]
    assert curves_of(price_inputs_of(uncounted, *learners)).fit is None


def test_a_run_file_says_whose_rate_counts() -> None:
    """Fitted rates are those of all that learns with lithium-ion, no less than none; others keep theirs."""
    fit = learning.Fit(0.1, -0.05, 0.3, 0.9, 5)
    config: Any = SimpleNamespace(rate="fitted", floor="none")
    mine, other = learner("LFP"), learner("Na-ion", learns_with="Na-ion")
    assert _with_rate(mine, config, fit).rate.tolist() == [0.1, 0, 0.3]
    assert _with_rate(other, config, fit) is _with_rate(other, config, None) is other
    assert _with_rate(mine, SimpleNamespace(rate="published"), fit) is mine  # type: ignore[arg-type]
    for floor, words in (("none", "Li-ion or more;"), ("minerals", "Li-ion or more above the floor;")):
        with pytest.raises(InputError, match=words) as raised:
            _with_rate(mine, SimpleNamespace(rate="fitted", floor=floor), None)  # type: ignore[arg-type]
        assert [problem.line for problem in raised.value.problems] == [0]


def test_curves_begin_with_their_anchor_and_are_told_for_the_years_of_the_run() -> None:
    """100 at 8 GWh, 80 at 16 and 64 at 32; in the second world as well. With 8 GWh more of NMC in 2029 and 4 less of
    LFP in 2030, which do not come back, 24 and 36, in the first world alone."""
    flat = learner("Li-ion", floor=np.zeros(3))
    curves = curves_of(price_inputs_of(OBSERVED[:4], flat))
    curve = curves.curves["plan"]["Li-ion"]
    assert curve.years == (2028, 2029, 2030)
    assert curve.values[0] == pytest.approx([100, 80, 64])
    assert curve.values[1] == pytest.approx([90, 90 * 2 ** np.log2(0.7), 90 * 5 ** np.log2(0.7)])
    assert curve.doublings.tolist() == [0, 1, 2]
    assert curves.by_year() == {"Li-ion": pytest.approx({2029: 80, 2030: 64})}
    more = curves.with_more({"NMC": {2029: 8.0}, "LFP": {2030: -4.0}, "Na-ion": {2029: 99.0}})
    years, values = more.energy["plan"]["Li-ion"]
    assert years == ENERGIES["Li-ion"][0]
    assert values.tolist() == [[2, 4, 8, 24, 36], [1, 2, 6, 20, 34], [3, 9, 9, 35, 58]]
    assert more.energy["other"] is curves.energy["other"]
    assert more.by_year()["Li-ion"] == pytest.approx({2029: 100 * 3 ** np.log2(0.8), 2030: 100 * 4.5 ** np.log2(0.8)})


def test_parity_in_the_years_of_a_run() -> None:
    """Own 130 (120–150) against 100 in 2029: both fall as the curve does, by a fifth in 2030; nothing is told before
    the year of the prices. Where only a gap is published, of a year before the curve, its tariff is all, and nothing
    beside a credit. A family without a curve has none."""

    def pair(family: str, year: int, other: float, *, relative: bool = False) -> Pair:
        own = np.array([1.3, 1.2, 1.5]) * other
        return Pair("Europe", "China", "cell", family, year, own, other, relative)

    pairs = [
        pair("Li-ion", 2029, 100.0),
        pair("Li-ion", 2027, 50.0),
        pair("Li-ion", 2020, 1.0, relative=True),
        pair("Na-ion", 2029, 100.0),
    ]
    inputs = price_inputs_of(OBSERVED[:4], learner("Li-ion", floor=np.zeros(3)), pairs=pairs, tariff=0.1)
    curves = curves_of(inputs, years=(2028, 2029, 2030))
    found = {(each.pair.year, each.measure, each.year): each for each in curves.parity if each.scenario == "plan"}
    assert len(curves.parity) == 2 * len(found) == 2 * (2 * 3 + 3 * 3 + 3)
    assert found[2029, "gap", 2029].ends == pytest.approx((30, 20, 50))
    assert found[2029, "gap", 2030].ends == pytest.approx((24, 16, 40))
    assert found[2027, "gap", 2028].ends == pytest.approx((15, 10, 25)), "as it is where the curve begins"
    assert found[2027, "gap", 2029].ends == pytest.approx((12, 8, 20))
    assert found[2029, "credit", 2030].ends == pytest.approx((16, 8, 32))
    for year in (2029, 2030):
        assert found[2029, "tariff", year].ends == pytest.approx((0.3, 0.2, 0.5))
    for year in (2028, 2029, 2030):
        assert found[2020, "tariff", year].ends == pytest.approx((0.3, 0.2, 0.5))
    assert {each.unit for each in found.values() if each.measure == "tariff"} == {"1"}
    paid = SimpleNamespace(adoption=("plan",), rate="published", floor="none", credit=10.0)
    beside = curves_of(inputs, paid, (2029, 2030)).parity
    assert {each.pair.year for each in beside} == {2027, 2029}
    assert next(each for each in beside if each.measure == "tariff").ends == pytest.approx((0.2, 0.1, 0.4))


def test_cumulative_energy_counts_what_follows_the_last_row() -> None:
    """2 GWh (1–3) to 2026; then what all regions and uses take of NMC and LFP, and none of sodium."""
    arrays: Any = SimpleNamespace(
        resolved=SimpleNamespace(years=Axis("year", (2026, 2027, 2028)),
                                 chemistries=Axis("chemistry", (("nmc", 0.0), ("na", 0.0), ("lfp", 0.0)))),
        additions={"plan": np.array([[[[5.0, 10, 20], [1, 2, 4]], [[7, 100, 0], [0, 0, 0]]]])},
        share={"plan": np.broadcast_to(np.array([0.5, 0.2, 0.3])[:, None], (1, 2, 2, 3, 3))},
    )  # fmt: skip
    found = _energies(arrays, "plan", price_inputs_of(OBSERVED), {"nmc": "NMC", "na": "Na-ion", "lfp": "LFP"})
    years, values = found["Li-ion"]
    assert years == (2026, 2027, 2028)
    added = np.cumsum([0, 0.8 * 112, 0.8 * 24])
    assert values == pytest.approx(np.array([2 + added, 1 + added, 3 + added]))


def test_a_curve_starts_where_energy_is_counted() -> None:
    """A price of the last year that is counted is enough, one of a year before is not."""

    def start(year: int) -> Any:
        experience = {"Li-ion": SimpleNamespace(years=(2020, 2026, 2027))}
        return SimpleNamespace(learners=[SimpleNamespace(family="LFP", learns_with="Li-ion", year=year)],
                               experience=experience)  # fmt: skip

    _check_anchors(start(2027))
    with pytest.raises(
        InputError, match="the price of LFP is of 2026, before its energy is counted \\(2027\\)"
    ) as raised:
        _check_anchors(start(2026))
    assert [problem.line for problem in raised.value.problems] == [0]
