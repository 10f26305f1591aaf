"""Single functions of the supply of a run, each against what is found by hand: origin of cells, concentration, what
nobody knows, growth, of which node each is made, the reference world, and stops that are played."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from minerals.case.chosen_origin import SUM_ERROR, chosen_origin
from minerals.case.chosen_origin import _together as _said_and_observed
from minerals.case.concentration import Concentration, among_names
from minerals.case.follow_on import Chosen, _wrong
from minerals.case.growth import Growth, Since
from minerals.case.mix_data.sourcing import Sourcing
from minerals.case.origin import Origins
from minerals.case.played import Batch, Lost, Played, _lost, _together, by_region
from minerals.case.reference import ELSEWHERE, _where_made, left_out_of, origins_of, passing_of, with_customers
from minerals.case.set_up import _since
from minerals.case.stages import _active, chain_of
from minerals.case.unknown import _as_cathodes, assumed_of, leaders, stops_of_unknown
from minerals.errors import InputError
from minerals.exposure.coverage import NOWHERE, Supply
from minerals.exposure.known import BY_NEED
from minerals.exposure.stages import ACTIVE, CELL, MINING, REFINING, Chain
from minerals.mix.data import ABROAD

# --- origin of cells -------------------------------------------------------------------------------------------------

#: Two makers at home, two named abroad, and others.
COUNTRIES = ("DEU", "FRA", "CHN", "KOR", "OTHERS")


def origins(**keys: Any) -> Any:
    homes = {"DEU": "Europe", "FRA": "Europe", "CHN": "China"}
    return SimpleNamespace(
        countries=COUNTRIES, homes=homes, years=(2030, 2032), **{"made_at_home": (), "origin": {}, **keys}
    )


def test_origin_as_a_run_says_it() -> None:
    """China has 0.4 as named; of the other 0.6 those at home have their part as observed, 0.3 of 0.8, unless a share
    made at home is told, which lies between its years and leaves the named their own."""
    shares = np.array([0.2, 0.1, 0.2, 0.4, 0.1])

    def told(**keys: Any) -> Any:
        return Origins._as_configured(origins(**keys), shares, ("Europe",), 1)

    assert told() is shares
    assert told(origin={"CHN": 0.4}) == pytest.approx([0.6 * 0.2 / 0.8, 0.6 * 0.1 / 0.8, 0.4, 0.6 * 0.4 / 0.8, 0.075])
    halfway = ((2031, 0.2), (2033, 0.6))
    assert told(made_at_home=halfway) == pytest.approx([0.4 * 2 / 3, 0.4 / 3, 0.6 * 2 / 7, 0.6 * 4 / 7, 0.6 / 7])
    both = told(made_at_home=halfway, origin={"CHN": 0.9})
    assert both == pytest.approx([0.1 * 2 / 3, 0.1 / 3, 0.9, 0, 0])
    # A maker at home is none that is named.
    assert told(origin={"DEU": 0.9}) is shares
    # Where nothing is made at home its countries are alike; where nobody else sells all is made there.
    shares = np.array([0.0, 0.0, 0.2, 0.0, 0.0])
    assert told(made_at_home=((2030, 0.5),)) == pytest.approx([0.25, 0.25, 0.5, 0, 0])
    assert told(origin={"CHN": 0.4}) == pytest.approx([0.3, 0.3, 0.4, 0, 0])
    shares = np.array([0.6, 0.4, 0.0, 0.0, 0.0])
    assert told(made_at_home=((2030, 0.5),)) == pytest.approx([0.6, 0.4, 0, 0, 0])


def test_makers_that_a_source_leaves_unnamed_have_what_they_made() -> None:
    """Of Europe's cells six tenths are its own, shared by what its countries made, and three China's; the other tenth
    is of those who are not named, by what they made. Where nothing was made at home its makers are alike."""
    ends = {"R_EUR": SimpleNamespace(value=0.6), "CHN": SimpleNamespace(value=0.3), "R_OTH": SimpleNamespace(value=0.1)}
    mine = origins(observed={"Europe": (2029, ends)})
    mine.homes = {**mine.homes, "R_EUR": "Europe"}
    home = np.array([1.0, 1.0, 0.0, 0.0, 0.0])
    before = np.array([0.1, 0.3, 0.3, 0.2, 0.1])
    found = Origins._observed(mine, "Europe", home, before)
    assert found == pytest.approx([0.15, 0.45, 0.3, 0.1 * 2 / 3, 0.1 / 3])
    nothing = np.array([0.0, 0.0, 0.3, 0.2, 0.1])
    assert Origins._observed(mine, "Europe", home, nothing) == pytest.approx([0.3, 0.3, 0.3, 0.2 / 3, 0.1 / 3])
    # China is at home with itself, and none of the named then.
    found = Origins._observed(origins(observed={"China": (2029, {"CHN": SimpleNamespace(value=0.9)})}), "China",
                              np.array([0.0, 0, 1, 0, 0]), before)  # fmt: skip
    assert found == pytest.approx([0, 0, 1, 0, 0])


def makers_of_cells(cells: tuple[int, ...] = (0, 2, 1, 3), **keys: Any) -> Origins:
    """Customers A to E. Of lithium-ion cells a makes 0.3, b 0.4 and x, at home with nobody, 0.1 GWh; A needs 0.5 and B
    0.2 of them. Of the second family x makes 0.2 and b 0.02, and C needs 0.1. Nobody knows who makes the third, nor
    does anybody the fourth. D has two countries, which make nothing, E none; neither uses batteries."""
    made = np.array([[0.3, 0.4, 0.1, 0, 0], [0, 0.02, 0.2, 0, 0], [np.nan] * 5, [0.0] * 5])
    need = np.array([[0.5, 0.2, 0, 0, 0], [0, 0, 0.1, 0, 0], [0.1, 0.3, 0, 0, 0], [0.0] * 5])
    home = np.array([0, 1, NOWHERE, 3, 3])
    batteries = np.array([0.3, 0.1, 0.1, 0, 0])
    none = Supply(np.full((4, 5), np.nan), need, batteries, home)
    parts: dict[str, Any] = {"observed": {}, "before": {}, "made_at_home": (), "origin": {}, **keys}
    return Origins(
        supply=(none, Supply(made, need, batteries, home)), years=(2030, 2031), customers=tuple("ABCDE"),
        countries=("a", "b", "x", "d", "e"), homes={"a": "A", "b": "B", "d": "D", "e": "D"}, cells=cells, **parts,
    )  # fmt: skip


def test_own_plants_go_first_and_the_rest_comes_from_what_others_export() -> None:
    """A lacks 0.2 of 0.5, and C, by its batteries, 0.1 × 0.8 ÷ 0.5 = 0.16: b exports 0.2 and x 0.1, so two thirds of
    that are b's. D is taken to make its own, by either country."""
    found = makers_of_cells()
    assert found.home_of_makers == ["A", "B", "", "D", "D"]
    assert found.of(["A"], 1, 0) == pytest.approx([0.6, 0.8 / 3, 0.4 / 3, 0, 0])
    assert found.of(["B"], 1, 0).tolist() == [0, 1, 0, 0, 0]
    assert found.of(["C"], 1, 0) == pytest.approx([0, 2 / 3, 1 / 3, 0, 0])
    assert found.of(["D"], 1, 0).tolist() == [0, 0, 0, 0.5, 0.5]
    # Several by what they need of the cells, by their batteries where they need none, and else alike.
    both = found.by_customer(["A", "B"], 1, 0)
    assert both is not None
    assert both[:2] == pytest.approx(np.array([[3 / 7, 4 / 21, 2 / 21, 0, 0], [0, 2 / 7, 0, 0, 0]]))
    assert not both[2:].any()
    assert found.of(["C", "D"], 1, 0) == pytest.approx([0, 2 / 3, 1 / 3, 0, 0])
    assert found.of(["D", "E"], 1, 0).tolist() == [0, 0, 0, 0.25, 0.25]
    to = found.makers(0, 1)
    assert to[:2] == pytest.approx(np.array([[0.6, 0.8 / 3, 0, 0, 0], [0, 1, 0, 0, 0]]))
    assert to[3:].tolist() == [[0, 0, 0, 1, 0], [0, 0, 0, 0, 0]]


def test_cells_whose_makers_nobody_knows_come_from_where_lithium_ion_cells_do() -> None:
    """By what is needed of themselves. Without any makers known, all are made at home. Of the second family B makes
    0.02 of 0.044, as its batteries would need them."""
    found = makers_of_cells()
    assert found.of(["A"], 1, 1).tolist() == [0, 0, 1, 0, 0]
    assert found.of(["B"], 1, 1) == pytest.approx([0, 5 / 11, 6 / 11, 0, 0])
    assert found.of(["A", "B"], 1, 2) == pytest.approx(0.25 * found.of(["A"], 1, 0) + 0.75 * found.of(["B"], 1, 0))
    assert found.of(["A"], 1, 3) == pytest.approx(found.of(["A"], 1, 0))
    assert [found.as_observed(node, 1) for node in range(4)] == [True, False, True, True]
    assert [found.as_observed(node, 0) for node in range(4)] == [True] * 4
    assert not found.of(["A"], 0, 0).any()
    assert found.by_customer(["A"], 0, 2) is None
    assert found.makers(1, 0).tolist() == np.eye(5).tolist()
    alone = makers_of_cells(cells=())
    assert not alone.as_observed(0, 1)
    assert alone.by_customer(["A"], 1, 2) is None
    assert alone.of(["A"], 1, 0) == pytest.approx(found.of(["A"], 1, 0))
    assert not found.configured
    assert makers_of_cells(origin={"x": 0.5}).of(["B"], 1, 0) == pytest.approx([0, 0.5, 0.5, 0, 0])
    assert makers_of_cells(made_at_home=((2030, 0.5),)).configured


def test_an_origin_that_was_observed_is_moved_with_what_makers_make_since() -> None:
    """Half of B's lithium-ion cells were its own when b made half of the world's, as now; the other half came from x. A
    was observed in a year of which nobody says what was made; other cells are not moved."""
    ends = {name: SimpleNamespace(value=0.5) for name in ("b", "x")}
    before = {2028: np.array([0.25, 0.5, 0.25, 0, 0])}
    found = makers_of_cells(observed={"B": (2028, ends), "A": (2020, ends)}, before=before)
    assert found.of(["B"], 1, 0) == pytest.approx([0, 0.5, 0.5, 0, 0])
    assert found.of(["A"], 1, 0) == pytest.approx(makers_of_cells().of(["A"], 1, 0))
    assert found.of(["B"], 1, 1) == pytest.approx([0, 5 / 11, 6 / 11, 0, 0])
    assert found.by_customer(["B"], 1, 0) is not None
    # As b makes more of the world's now than it did, more are its own; what was observed is the same.
    more = makers_of_cells(observed={"B": (2028, ends)}, before={2028: np.array([0.25, 0.4, 0.35, 0, 0])})
    assert more.of(["B"], 1, 0) == pytest.approx([0, 0.625, 0.375, 0, 0])
    assert more.of(["C"], 1, 0) == pytest.approx([0, 2 / 3, 1 / 3, 0, 0])


@pytest.mark.parametrize(("home", "said", "observed", "expected"), [
    # Two countries at home, three abroad. What is said to be made at home is shared as observed, and so is the rest.
    (0.6, {}, [0.3, 0.1, 0.4, 0.2, 0], [0.45, 0.15, 0.8 / 3, 0.4 / 3, 0]),
    # Of what the named leave home has its part, 0.4 of 0.6 as observed.
    (None, {2: 0.3}, [0.3, 0.1, 0.4, 0.2, 0], [0.35, 0.7 / 6, 0.3, 0.7 / 3, 0]),
    (0.9, {2: 0.3}, [0.3, 0.1, 0.4, 0.2, 0], [0.525, 0.175, 0.3, 0, 0]),
    # Where nobody else abroad is observed the named have what home leaves, and home what the named leave.
    (0.4, {2: 0.3, 3: 0.1}, [0.5, 0, 0, 0, 0], [0.4, 0, 0.45, 0.15, 0]),
    (None, {2: 0.3}, [0.5, 0, 0.5, 0, 0], [0.7, 0, 0.3, 0, 0]),
    (0.4, {}, [0.5, 0, 0, 0, 0], [1, 0, 0, 0, 0]),
    # Where nobody is observed all is made at home, whose countries are alike.
    (None, {2: 0.3}, [0, 0, 0, 0, 0], [0.35, 0.35, 0.3, 0, 0]),
    (0.2, {}, [0, 0, 0.3, 0.1, 0], [0.1, 0.1, 0.6, 0.2, 0]),
    (None, {2: 0.7, 3: 0.3}, [0.2, 0, 0.5, 0.2, 0.1], [0, 0, 0.7, 0.3, 0]),
    (0.0, {2: 0.0}, [0.2, 0, 0.5, 0.2, 0.1], [0, 0, 0, 2 / 3, 1 / 3]),
])  # fmt: skip
def test_makers_that_are_said_and_those_that_are_observed_together(
    home: float | None, said: dict[int, float], observed: list[float], expected: list[float]
) -> None:
    named = np.array([said.get(place, np.nan) for place in range(5)])
    inside = np.array([True, True, False, False, False])
    assert _said_and_observed(home, named, np.array(observed), inside) == pytest.approx(expected)


def test_what_is_said_of_makers_is_laid_onto_the_run_or_refused() -> None:
    """Of A and LFP in 2031, at home by six tenths; of 2029, and of a chemistry that this run has not, it counts for
    nothing. Each of the second scenario's places is wrong; a sum of one but for rounding is not."""
    row = SimpleNamespace
    rows = [row(chemistry=code, base=base, silicon=silicon)
            for code, base, silicon in (("lfp", "", "0"), ("nmc", "", "0"), ("nmc-si", "nmc", "0.1"))]  # fmt: skip
    inputs: Any = row(rows=lambda table: rows)
    resolved: Any = row(
        regions=row(labels=("A", "B")), chemistries=row(labels=(("lfp", 0.0), ("nmc", 0.1))), reported=(2030, 2031)
    )
    supply: Any = row(countries=("a", "b", "x"), home=("A", "B", ""), home_by_country={"a": "A", "b": "B", "x": ""})
    good = row(made_at_home={"A": {"2031": {"lfp": 0.6}, "2029": {"lfp": 0.1}}, "B": {"2030": {"nmc": 0.5}}},
               cells_from={"B": {"2030": {"nmc-si": {"a": 1 + SUM_ERROR}}}})  # fmt: skip
    wrong = row(
        made_at_home={"C": {"2031": {"lfp": 0.6}}, "A": {"2030": {"lfp": 0.5}, "2031": {"lfp": 1.1}}},
        cells_from={"A": {"2030": {"lfp": {"x": 0.6, "a": 0.1}, "lpf": {"x": 1.0}, "nmc": {"y": 0.5}}},
                    "B": {"2030": {"lfp": {"a": 1 + 2 * SUM_ERROR}}}},
    )  # fmt: skip
    silent, alone = row(made_at_home={}, cells_from={}), row(made_at_home={"A": {"2029": {"lfp": 1.0}}}, cells_from={})
    scenarios = {"good": good, "silent": silent, "alone": alone}
    run: Any = row(settings=row(scenario=scenarios), problem=lambda path, what, why: (path, why))
    observed = np.array([[0.5, 0.25, 0.25], [0.0, 0.5, 0.5]])
    origin, problems = chosen_origin(run, resolved, inputs, supply, lambda region, year: observed)
    assert problems == []
    assert list(origin) == ["good", "alone"]
    assert np.isnan(origin["alone"]).all()
    told = {
        place: origin["good"][place].tolist()
        for place in zip(*np.nonzero(~np.isnan(origin["good"][..., 0])), strict=True)
    }
    assert told == {(0, 0, 1): pytest.approx([0.6, 0.2, 0.2]), (1, 1, 0): pytest.approx([1, 0, 0])}
    run.settings.scenario = {"wrong": wrong}
    origin, problems = chosen_origin(run, resolved, inputs, supply, lambda region, year: observed)
    assert np.isnan(origin["wrong"]).all()
    assert [(".".join(path[2:]), why.split(";")[0]) for path, why in problems] == [  # type: ignore[misc, attr-defined]
        ("made_at_home.C.2031.lfp", "no region of this run"),
        ("cells_from.A.2030.lfp.a", "is at home in A"),
        ("cells_from.A.2030.lfp", "sums with made_at_home to 1.2"),
        ("made_at_home.A.2031.lfp", "sums with made_at_home to 1.1"),
        ("cells_from.A.2030.lpf", "no chemistry"),
        ("cells_from.A.2030.nmc.y", "no country that makes anything in this run"),
        ("cells_from.B.2030.lfp", "sums to 1"),
    ]


def test_where_nobody_is_known_to_make_cells_those_abroad_sell_at_the_least_price() -> None:
    """China and Korea sell at it, alike; where any are seen to sell, these do; where none is cheap, nobody does."""

    def makers(abroad: list[float], *cheap: str) -> Any:
        own, known = np.array([[1.0, 0.0, 0.0]]), np.array([False])
        frame: Any = SimpleNamespace(
            at={2031: 0}, place={"na": 0}, regions=("Here",),
            chokepoints=SimpleNamespace(
                halves=lambda regions, at: (own, np.array([abroad])), makers_known=lambda at: known,
                inputs=SimpleNamespace(countries=("DEU", "CHN", "KOR")),
            ),
        )  # fmt: skip
        found: Any = Sourcing(frame, frozenset(cheap)).makers(*("Here", "na", 2031))  # type: ignore[arg-type]
        return {name: each.tolist() for name, each in found.items()}

    assert makers([0, 0, 0], "CHN", "KOR") == {"Here": [1, 0, 0], ABROAD: [0, 0.5, 0.5]}
    assert makers([0, 0.3, 0.7], "CHN") == {"Here": [1, 0, 0], ABROAD: [0, 0.3, 0.7]}
    assert makers([0, 0, 0]) == {"Here": [1, 0, 0], ABROAD: [0, 0, 0]}


# --- concentration ---------------------------------------------------------------------------------------------------


def test_a_node_is_as_concentrated_as_its_shares_or_as_its_plants_where_these_grow() -> None:
    """Two years. Of ore the shares are 0.3 and 0.2 of what there is, of which 0.6 is the first's; metal grows in the
    second year, from 1 and 1 to 3 and 1; salt grows, but nobody knows what is made in the first year; acid does not
    grow; of gas nothing is known in the first year. Half of the second country is an ally, and a quarter may be."""
    share = np.full((5, 2, 2), 0.5)
    share[0], share[4, :, 0] = [[0.3, 0.3], [0.2, 0.2]], np.nan
    first = np.array([[4.0, 1], [1, 1], [np.nan, np.nan], [4, 1], [1, 3]])
    made = [first, np.array([[4.0, 1], [3, 1], [4, 1], [4, 1], [1, 3]])]
    added = [np.zeros((5, 2)), np.array([[0.0, 0], [2, 0], [0, 2], [0, 0], [0, 0]])]
    none = np.zeros(2)
    inputs = SimpleNamespace(share=share, is_group=none > 0, concern=np.array([1.0, 0]), governance=none,
                             unknown=np.array([0, 0.25]), allies=np.array([0, 0.5]))  # fmt: skip
    chokepoints: Any = SimpleNamespace(
        inputs=inputs, years=(2030, 2031), known=[SimpleNamespace(added=each) for each in added],
        supply=[SimpleNamespace(made=each) for each in made],
    )  # fmt: skip
    found = Concentration(chokepoints)
    assert found.measure("hhi") == pytest.approx(
        np.array([[0.52, 0.52], [0.5, 0.625], [0.5, 0.5], [0.5, 0.5], [np.nan, np.nan]]), nan_ok=True
    )
    assert found.measure("concern_share")[:2] == pytest.approx(np.array([[0.6, 0.6], [0.5, 0.75]]))
    assert [node is None for node in found.nodes] == [False] * 4 + [True]
    (ore, *_) = found.nodes
    assert ore is not None
    assert [each[0] for each in ore.ends["non_allied_share"]] == pytest.approx([0.8, 0.7, 0.8])
    assert [each[0] for each in ore.ends["concern_share"]] == pytest.approx([0.6, 0.6, 0.7])


def test_batteries_of_each_region_and_of_all_where_there_are_several() -> None:
    cells = np.zeros((2, 2, 3, 2))
    cells[0, :, 0, 1], cells[..., 0] = (0.25, 0.5), 9.0
    known: dict[str, Any] = {"label": "All", "scenarios": {"plan": SimpleNamespace(cells=cells)}}
    both = list(Concentration(SimpleNamespace(regions=("A", "B"), **known)).places(1))  # type: ignore[arg-type]
    assert [(each.region, each.cells.tolist()) for each in both] == [("A", [0.75, 0, 0]), ("All", [0.75, 0, 0])]
    known["scenarios"] = {"plan": SimpleNamespace(cells=cells[:1])}
    alone = list(Concentration(SimpleNamespace(regions=("A",), **known)).places(1))  # type: ignore[arg-type]
    assert [each.region for each in alone] == ["A"]


def test_links_and_paths_of_chemistries() -> None:
    """The first chemistry takes graphite, a quarter of it natural, which is mined; a cathode of unknown concern, of a
    mined metal; cells; and a foil, which is in no path. The second takes the metal and cells alone. A node of one of
    two routes is no link, and on a path counts by its share."""
    labels = [("mining", "anode"), ("active_material", "anode"), ("active_material", "cathode"), ("mining", "cathode"),
              ("cell", "cell"), ("refining", "foil")]  # fmt: skip
    nodes = [SimpleNamespace(stage=stage, part=part, in_path=part != "foil") for stage, part in labels]
    fixed = np.array([[0, 0, 1, 1, 1, 1], [0, 0, 0, 1, 1, 0]], dtype=bool)
    uses = SimpleNamespace(
        used=lambda y: (fixed, np.array([True, False])), natural=np.array([0.5, 0, 0, 0, 0, 0]),
        synthetic=np.array([0, 0.5, 0, 0, 0, 0]), route=np.array([0.9, 0.25]),
    )  # fmt: skip
    found = Concentration(SimpleNamespace(inputs=SimpleNamespace(nodes=nodes), uses=uses, years=(1, 2)))  # type: ignore[arg-type]
    concern, hhi = np.array([0.8, 0.5, np.nan, 0.4, 0.2, 0.9]), np.array([0.9, 0.9, 0.5, 0.7, 0.3, 0.8])
    vars(found)["_linking"] = {name: np.stack([each * 0, each], axis=1) for name, each in
                               (("hhi", hhi), ("concern_share", concern))}  # fmt: skip
    links = found.links[1]

    def weakest(name: str, among: str) -> list[tuple[float, int]]:
        return list(zip(*(each.tolist() for each in links.weakest[name, among]), strict=True))

    none = (pytest.approx(np.nan, nan_ok=True), -1)
    assert weakest("weakest_hhi", "all") == [(0.8, 5), (0.7, 3)]
    assert weakest("weakest_hhi", "cathode") == [(0.7, 3), (0.7, 3)]
    assert weakest("weakest_hhi", "cathode active_material") == [(0.5, 2), none]
    assert weakest("weakest_concern", "active_material") == [none, none]
    assert weakest("weakest_concern", "mining") == [(0.4, 3), (0.4, 3)]
    assert {among for _, among in links.weakest} == set(among_names())
    assert links.use.astype(int).tolist() == [[1, 1, 1, 1, 1, 1], [0, 0, 0, 1, 1, 0]]
    assert links.uses["active_material"].tolist() == [True, False]
    assert links.uses["cathode mining"].tolist() == [True, True]
    assert links.uses["cathode refining"].tolist() == [False, False]
    path = links.path
    assert path.independent == pytest.approx([1 - 0.8 * 0.625 * 0.6 * 0.8, 1 - 0.6 * 0.8])
    assert path.low == pytest.approx([0.4, 0.4])
    assert path.high == pytest.approx([1, 0.6])


# --- what nobody knows -----------------------------------------------------------------------------------------------


def test_what_nobody_knows_is_made_as_cathodes_are() -> None:
    """An additive goes into NMC and LFP. Of NMC's cathode China makes 0.9; nobody knows who makes LFP's, of whose cells
    China makes 0.5. A third chemistry uses none of it."""
    nodes = [SimpleNamespace(part=part) for part in ("cathode", "cathode", "cell", "cathode", "anode")]
    stage = np.array([ACTIVE, ACTIVE, CELL, MINING, ACTIVE])
    share = np.array([[0.9, 0.1], [np.nan, np.nan], [0.5, 0.5], [0.0, 1.0], [np.nan, np.nan]])[:, :, None]
    known = ~np.isnan(share).any(axis=(1, 2))
    inputs: Any = SimpleNamespace(nodes=nodes, share=share, known=known, countries=("CHN", "KOR"))
    chain: Any = SimpleNamespace(stage=stage)
    use = np.array([[0.5, 0.0, 1.0, 0.2, 0.3], [0.0, 0.7, 1.0, 0.0, 0.1], [0.6, 0.0, 1.0, 0.0, 0.0]])
    assert _as_cathodes(4, 0, inputs, chain, use) == pytest.approx([0.7, 0.3])
    assert _as_cathodes(4, 0, inputs, chain, np.zeros((3, 5))).tolist() == [0, 0]


def test_what_nobody_knows_in_the_last_year_is_stopped_where_no_event_is_about_it() -> None:
    """Of an additive nobody knows anything in the last year alone, of a salt only before; of a film nobody ever does,
    but an event is about it, and of a gas, which no battery uses."""
    codes = ("additive", "salt", "film", "gas", "ore")
    nodes = [SimpleNamespace(node=node, label=node.capitalize(), in_path=True) for node in codes]
    events = [SimpleNamespace(cuts=cuts) for cuts in (nodes[2:3], nodes)]
    inputs: Any = SimpleNamespace(
        nodes=nodes, countries=("KOR", "CHN"), country_labels={"CHN": "China", "KOR": "Korea"}, years=(2030, 2035),
        events=events, leader=["CHN"] * 4 + ["KOR"], is_group=np.array([False, False]),
    )  # fmt: skip
    years = [0, 1, 1, 1, 0], [1, 0, 1, 1, 0]
    supply: Any = [SimpleNamespace(unknown=np.array(each, dtype=bool)) for each in years]
    use = np.array([[0.1, 0.2, 0.3, 0.0, 0.5]])
    (found,) = stops_of_unknown(supply, inputs, use)
    assert (found.disruption, found.label) == ("unknown-additive", "China stops exports of additive")
    assert (found.start, found.cuts[0].country, found.cuts[0].severity) == (2030, "CHN", 1.0)


def test_who_is_taken_to_lead_a_node() -> None:
    """As named, where that is a country of the run; else who has most of the shares in the last year but for groups;
    nobody for what counts a step again, or where a group is named."""
    share = np.zeros((6, 3, 2))
    share[1:, :, 0], share[1:, :, 1] = [0.6, 0.3, 0.1], [0.1, 0.3, 0.6]
    inputs: Any = SimpleNamespace(
        nodes=[SimpleNamespace(in_path=path) for path in (True, True, True, False, True, True)],
        leader=["KOR", "", "", "KOR", "OTHERS", "XYZ"], countries=("CHN", "KOR", "OTHERS"), share=share,
        known=np.array([False, True, False, True, True, True]), is_group=np.array([False, False, True]),
    )  # fmt: skip
    assert leaders(inputs).tolist() == [1, 1, -1, -1, -1, 1]
    inputs.leader[1] = "CHN"
    assert leaders(inputs).tolist() == [1, 0, -1, -1, -1, 1]


def test_how_much_of_what_nobody_knows_its_leader_makes() -> None:
    """None, all, or as much as published, else as of the cathodes that use it; nothing of what is known."""
    nan, share = np.nan, np.zeros((3, 2, 2))
    share[0], share[2] = [[0.7, 0.6], [0.3, 0.4]], [[0.9, 0.8], [0.1, 0.2]]
    nodes = [SimpleNamespace(in_path=True, part=part) for part in ("salt", "film", "cathode")]
    inputs: Any = SimpleNamespace(
        nodes=nodes, leader=["CHN", "KOR", "CHN"], countries=("CHN", "KOR"), share=share,
        known=np.array([True, False, True]), is_group=np.array([False, False]),
    )  # fmt: skip
    chain: Any = SimpleNamespace(stage=np.array([REFINING, REFINING, ACTIVE]))
    made = np.array([[nan, nan], [nan, nan], [1.0, 2.0]])
    supply = [Supply(made, np.ones((3, 1)), np.ones(1), np.array([0, 0]), assumed=np.ones((3, 2)))] * 2
    none = assumed_of("none", supply, inputs, chain, np.ones((1, 3)))
    assert [each.assumed for each in none] == [None, None]
    every = assumed_of("all", supply, inputs, chain, np.ones((1, 3)))
    assert [np.asarray(each.assumed).tolist() for each in every] == [[[1, 0], [0, 1], [0, 0]]] * 2
    centre = assumed_of("centre", supply, inputs, chain, np.ones((1, 3)))
    found = [np.asarray(each.assumed).tolist() for each in centre]
    assert found == [[[0.7, 0.3], [0.9, 0.1], [0, 0]], [[0.6, 0.4], [0.8, 0.2], [0, 0]]]


# --- growth ----------------------------------------------------------------------------------------------------------


def test_growth_begins_with_what_is_known_first() -> None:
    """Ore is known from the first year on, metal from the second; of the third node nothing ever is."""
    nan = np.nan
    made = np.array([[[3.0, 1.0], [nan, nan], [nan, nan]], [[4.0, 4.0], [0.2, 0.4], [nan, nan]],
                     [[9.0, 0.0], [5.0, 0.0], [nan, nan]]])  # fmt: skip
    since = Since(2026, np.array([2025.0, 2026.0, 2027.0]), made, np.zeros((3, 3), dtype=bool))
    inputs: Any = SimpleNamespace(is_group=np.array([False, False]))
    growth = Growth(since, inputs, "today", (2026, 2027))
    assert growth.at_start.tolist() == [[3, 1], [0.2, 0.4], [0, 0]]
    assert growth.leader.tolist() == [0, 1, 0]
    inputs.is_group = np.array([True, False])
    assert Growth(since, inputs, "today", (2026, 2027)).leader.tolist() == [1, 1, 1]


def test_where_new_plants_stand_and_how_far_they_may_go() -> None:
    """Of ore 30 stand in the leading country and 10 outside, of metal all in one, of gas nothing is known; the pipeline
    says a quarter of ore is built where most is made, and of sand none. Growth goes by what stands, lead and share by
    where is built; what nobody knows of plants that there are none of does not count."""
    nan = np.nan
    value = {"follow_on": [[0.4, 0.5, 0.1, nan], [0.8, nan, 0.2, 0.6]],
             "growth": [[0.1, 0.2, 0.0, 0.1], [0.3, nan, 0.0, 0.1]],
             "lead": [[2.0, 1.0, 1.0, nan], [1.0, nan, 1.0, 1.0]]}  # fmt: skip
    ends, located = np.full((2, 2, 4), nan), np.full((3, 4, 2), nan)
    located[0] = [[0.25, 0.75], [0.0, 0.0], [0.0, 0.0], [0.0, 1.0]]
    measures = {name: np.concatenate([np.array(each)[None], ends]) for name, each in value.items()}
    new: Any = SimpleNamespace(located=located, **measures)
    made = np.array([[[30.0, 10.0], [0.5, 0.0], [nan, nan], [2.0, 1.0]]] * 5)
    since = Since(2030, np.arange(2029.0, 2034), made, np.zeros((4, 5), dtype=bool))
    inputs: Any = SimpleNamespace(is_group=np.array([False, False]), new=new)
    found, follow, room = Growth(since, inputs, "pipeline", (2029, 2031, 2032)).new_supply
    assert found.tolist() == [[0.25, 0.75], [1, 0], [0, 0], [0, 1]]
    assert follow == pytest.approx([0.25 * 0.4 + 0.75 * 0.8, 0.5, 0.2, 0.6])
    growth = 0.75 * 0.1 + 0.25 * 0.3
    assert room[0] == pytest.approx([0, 0, 40 * ((1 + growth) ** (2 - 1.25) - 1)])
    assert room[1:] == pytest.approx(np.array([[0, 0, 0.5 * 0.2], [0, 0, 0], [0, 0, 3 * 0.1]]))
    today = Growth(since, inputs, "today", (2029, 2031, 2032))
    assert today.new_located == pytest.approx(np.array([[0.75, 0.25], [1, 0], [0, 0], [2 / 3, 1 / 3]]))
    assert today.new_supply[1] == pytest.approx([0.75 * 0.4 + 0.25 * 0.8, 0.5, 0.2, nan], nan_ok=True)
    assert today.new_supply[2][0] == pytest.approx([0, 0, 40 * ((1 + growth) ** (2 - 1.75) - 1)])
    assert Growth(since, inputs, "none", (2031,)).new_supply[1].tolist() == [0, 0, 0, 0]
    # Outside the country that leads a node, from a year on, and of countries that count alone.
    rate, inside = np.full(4, 0.3), np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0]])
    new.lead[0, 1] = 1.0
    for counts, outside in ((None, [3.0, 0, 0, 0.3]), (inside, [0.0, 0, 0, 0.3])):
        expected = np.zeros((4, 3))
        expected[:, 2] = outside
        assert today.room_outside(rate, counts) == pytest.approx(expected)


def test_what_is_built_because_of_plans_together() -> None:
    """Two regions have 3 and 1 of ore built, said to stand in the first country by one and half and half by the other;
    of metal 2, which stands as any plan's does; of a third node what stands nowhere is not built; of the last 1 stands
    in the first country as one says, and 3 as any plan's."""
    amount, located = np.zeros((3, 4, 2)), np.zeros((3, 4, 2, 2))
    amount[:, :, 1] = [[3.0, 2.0, 5.0, 1.0], [1.0, 0.0, 0.0, 3.0], [9.0, 9.0, 9.0, 9.0]]
    located[0, 0, :, 1], located[1, 0, :, 1], located[0, 3, :, 1] = [1.0, 0.0], [0.5, 0.5], [1.0, 0.0]
    usual = np.array([[0.0, 1.0], [0.2, 0.8], [0.0, 0.0], [0.0, 1.0]])
    built, stands = Chosen(amount, located).together([0, 1], 1, usual)
    assert built.tolist() == [4, 2, 0, 4]
    assert stands.tolist() == [[0.875, 0.125], [0.2, 0.8], [0, 0], [0.25, 0.75]]
    built, stands = Chosen(amount, located).together([0, 1], 0, usual)
    assert (built.tolist(), stands.tolist()) == ([0, 0, 0, 0], usual.tolist())
    nothing = Chosen.nothing(2, 3, 4, 5)
    assert (nothing.amount.shape, nothing.located.shape) == ((2, 3, 5), (2, 3, 4, 5))
    assert not nothing.amount.any()
    assert not nothing.located.any()


@pytest.mark.parametrize(("amounts", "parts", "wrong"), [
    ({"ore": 2.0}, {"ore": {"CHN": 0.4, "KOR": 0.6}}, []), ({"ore": 2.0}, {}, []),
    ({"ore": 2.0}, {"ore": {"CHN": 0.4, "KOR": 0.5}}, ["follow_on_in.Here.2031.ore: sums to 0.9; expected 1"]),
    ({}, {"ore": {"CHN": 1.0}},
     ["follow_on_in.Here.2031.ore: says where, but not how much; add follow_on.Here.2031.ore"]),
    ({"gas": 0.5}, {}, ["follow_on.Here.2031.gas: stands nowhere, as nobody is known to make it"]),
    ({"gas": 0.0}, {}, []), ({"gas": 1.0}, {"gas": {"CHN": 1.0}}, []),
    ({"or": 2.0}, {}, ["follow_on.Here.2031.or: no node; did"]),
    ({"ore": 2.0}, {"ore": {"CHM": 1.0}}, ["follow_on_in.Here.2031.ore.CHM: no country that makes anything"]),
    ({}, {"or": {"CHN": 1.0}}, ["follow_on_in.Here.2031.or: no node; did"]),
])  # fmt: skip
def test_what_is_said_of_follow_on_fits(amounts: dict[str, Any], parts: dict[str, Any], wrong: list[str]) -> None:
    said: Any = SimpleNamespace(follow_on={"Here": {"2031": amounts}}, follow_on_in={"Here": {"2031": parts}})
    usual = np.array([[1.0, 0.0], [0.0, 0.0]])
    found = [f"{'.'.join(path)}: {why}" for path, why in _wrong(said, ("Here",), ("ore", "gas"), ("CHN", "KOR"), usual)]
    assert len(found) == len(wrong)
    assert all(begins in each for begins, each in zip(wrong, found, strict=True)), found
    anywhere = list(_wrong(said, ("Here",), ("ore", "gas"), ("CHN", "KOR"), None))
    assert len(anywhere) == len([each for each in wrong if "nowhere" not in each])


# --- of which node each is made --------------------------------------------------------------------------------------


def chain_node(code: str, stage: str, part: str, *products: str, **more: Any) -> Any:
    """A node of a chain. products: `mineral` or `mineral:route`."""
    made = tuple((*each.partition(":")[::2], 1.0) for each in products)
    return SimpleNamespace(**{"node": code, "stage": stage, "part": part, "products": made, "uses": {}, "feeds": "",
                              "in_path": True, **more})  # fmt: skip


def uses_of_nodes(use: np.ndarray) -> Any:
    return SimpleNamespace(ever=use, planned=use[None, None])


def test_what_goes_into_what() -> None:
    """Mined lithium goes into what is refined of it, and that into the cathode, but a third into the anode of a metal
    cell; cobalt into the cathode whose cobalt it is, natural graphite into coated graphite alone, which is named, coke
    into synthetic graphite. Foil goes straight into cells. Nobody knows who makes the separator."""
    nodes = [
        chain_node("spodumene", "mining", "cathode", "lithium"),
        chain_node("hydroxide", "refining", "cathode", "lithium"),
        chain_node("cobalt_ore", "mining", "cathode", "cobalt"),
        chain_node("sulfate", "refining", "cathode", "cobalt"),
        chain_node("cathode", "active_material", "cathode", "cobalt"),
        chain_node("other_cathode", "active_material", "cathode"),
        chain_node("metal", "active_material", "anode", uses={"metal": ("lithium", 1 / 3)}),
        chain_node("flake", "mining", "anode", "graphite:natural", feeds="coated"),
        chain_node("coated", "active_material", "anode", "graphite:natural"),
        chain_node("coke", "refining", "anode", "graphite:synthetic"),
        chain_node("synthetic", "active_material", "anode", "graphite:synthetic"),
        chain_node("copper", "refining", "foil", "copper"),
        chain_node("polymer", "mining", "separator"),
        chain_node("film", "refining", "separator"),
        chain_node("cell", "cell", "cell"),
    ]
    at = {node.node: place for place, node in enumerate(nodes)}
    use = np.ones((2, len(nodes)))
    use[0, at["metal"]] = 0
    for name in ("flake", "coated", "coke", "synthetic", "other_cathode"):
        use[1, at[name]] = 0
    use[:, at["spodumene"]] = 6
    known = np.array([node.node != "film" for node in nodes])
    chain = chain_of(nodes, ("nmc", "metal"), uses_of_nodes(use), known)
    found = [
        {(nodes[n].node, nodes[d].node): float(chain.into[c, n, d]) for n, d in zip(*np.nonzero(each), strict=True)}
        for c, each in enumerate(chain.into)
    ]
    both = {("spodumene", "hydroxide"): 1, ("cobalt_ore", "sulfate"): 1, ("sulfate", "cathode"): 1}
    graphite = {("flake", "coated"): 1, ("coke", "synthetic"): 1}
    assert found[0] == {**both, **graphite, ("hydroxide", "cathode"): 0.5, ("hydroxide", "other_cathode"): 0.5}
    third = {("hydroxide", "metal"): pytest.approx(1 / 3), ("hydroxide", "cathode"): pytest.approx(2 / 3)}
    assert found[1] == {**both, **third}
    per = {(nodes[n].node, nodes[d].node): chain.per[n, d] for n, d in zip(*np.nonzero(chain.per), strict=True)}
    assert per == {("spodumene", "hydroxide"): 6, ("cobalt_ore", "sulfate"): 1}
    assert chain.stage[[at["flake"], at["coke"], at["coated"], at["cell"]]].tolist() == [MINING, 1, ACTIVE, CELL]
    assert [nodes[n].node for _, n in zip(*np.nonzero(chain.cell), strict=True)] == ["cell", "cell"]
    assert [nodes[n].node for n in np.flatnonzero(chain.natural)] == ["flake", "coated"]
    assert [nodes[n].node for n in np.flatnonzero(chain.synthetic)] == ["coke", "synthetic"]
    chain = chain_of(nodes, ("nmc", "metal"), uses_of_nodes(use), np.ones(len(nodes), dtype=bool))
    assert chain.into[:, at["polymer"], at["film"]].tolist() == [1, 1], "of the same part, where neither has a mineral"


def test_what_is_mined_goes_into_what_is_refined_of_just_its_minerals() -> None:
    """Nickel into its sulfate, though what holds cobalt too is named before; cobalt into the latter, which is the only
    one with it, and ore of both too. What is off the path is no stage of its own. Iron goes into nothing here, nor
    natural graphite into what is synthetic, or what has no mineral into what has one. Of two makers of cells each makes
    those of one chemistry."""
    nodes = [
        chain_node("counted_twice", "refining", "cathode", "nickel", in_path=False),
        chain_node("mixed", "refining", "cathode", "nickel", "cobalt"),
        chain_node("sulfate", "refining", "cathode", "nickel"),
        chain_node("calcined", "refining", "anode", "graphite:synthetic"),
        chain_node("nickel_ore", "mining", "cathode", "nickel"),
        chain_node("cobalt_ore", "mining", "cathode", "cobalt"),
        chain_node("laterite", "mining", "cathode", "nickel", "cobalt"),
        chain_node("iron_ore", "mining", "cathode", "iron"),
        chain_node("flake", "mining", "anode", "graphite:natural"),
        chain_node("brine", "mining", "electrolyte"),
        chain_node("salt", "refining", "electrolyte", "lithium"),
        chain_node("film", "refining", "separator"),
        chain_node("one", "cell", "cell"),
        chain_node("two", "cell", "cell"),
    ]
    use = np.ones((2, len(nodes)))
    use[0, -1] = use[1, -2] = 0
    chain = chain_of(nodes, ("a", "b"), uses_of_nodes(use), np.ones(len(nodes), dtype=bool))
    into = {nodes[n].node: nodes[d].node for n, d in zip(*np.nonzero(chain.into[0]), strict=True)}
    assert into == {"nickel_ore": "sulfate", "cobalt_ore": "mixed", "laterite": "mixed"}
    assert chain.cell.sum(axis=1).tolist() == [1, 1]
    assert chain.cell[0, -2]
    assert chain.cell[1, -1]


@pytest.mark.parametrize(("shares", "into"), [
    ({}, {"cathode": 1.0}), ({"metal": 0.25}, {"metal": 0.25, "cathode": 0.75}), ({"metal": 1.5}, {"metal": 1.0}),
    ({"metal": 0.75, "host": 0.5}, {"metal": 0.75, "host": 0.5}), ({"off": 0.25}, {"cathode": 1.0}),
    ({"cathode": 0.25}, {"cathode": 1.0}), ({"host": 0.0}, {"host": 0.0, "cathode": 1.0}),
])  # fmt: skip
def test_what_another_part_says_it_takes_does_not_go_into_the_own_one(
    shares: dict[str, float], into: dict[str, float]
) -> None:
    """Lithium goes into the cathode that holds it, less what the anodes of a chemistry say; all at most."""
    parts = {"cathode": "cathode", "plain": "cathode", "metal": "anode", "host": "anode", "off": "anode"}
    nodes = [chain_node("hydroxide", "refining", "cathode", "lithium")] + [
        chain_node(code, "active_material", part, *(["lithium"] if code == "cathode" else []), in_path=code != "off",
                   uses={"a": ("lithium", shares[code])} if code in shares else {"a": ("cobalt", 0.5)})
        for code, part in parts.items()
    ]  # fmt: skip
    assert {nodes[a].node: share for a, share in _active(nodes, range(1, 6), 0, "a")} == into
    # Where none of the part holds the mineral all of it take it alike.
    nodes[1].products = ()
    nodes[1].uses, nodes[2].uses = {}, {}
    without = {nodes[a].node: share for a, share in _active(nodes, range(1, 3), 0, "a")}
    assert without == {"cathode": 0.5, "plain": 0.5}


def test_a_node_of_which_not_all_need_as_much_is_refused() -> None:
    """Of ore 6 for each unit of hydroxide in one chemistry, and as much in another but for rounding, or 7."""
    stages = {"ore": "mining", "hydroxide": "refining", "cathode": "active_material"}
    nodes = [chain_node(code, stage, "cathode", "lithium") for code, stage in stages.items()]
    known = np.ones(3, dtype=bool)
    alike = np.array([[6.0, 1, 1], [12.0 + 1e-9, 2, 1], [0, 3, 1]])
    assert chain_of(nodes, ("a", "b", "c"), uses_of_nodes(alike), known).per[0, 1] == 6
    with pytest.raises(InputError, match="each unit of which needs 6 to 7 by chemistry") as raised:
        chain_of(nodes, ("a", "b", "c"), uses_of_nodes(np.array([[6.0, 1, 1], [14.0, 2, 1], [0, 3, 1]])), known)
    assert [problem.line for problem in raised.value.problems] == [0]
    # A node that is named takes one ratio at any stage; one that is not has none further on.
    ratios = np.array([[6.0, 1, 1], [12.0, 2, 5], [0, 3, 1]])
    chain_of(nodes, ("a", "b", "c"), uses_of_nodes(ratios), known)
    # Years in which one or the other is not used at all have no ratio.
    years = uses_of_nodes(alike)
    years.planned = np.array([alike, [[0, 1, 1], [3, 0, 1], [0, 0, 0]]])[:, None]
    assert chain_of(nodes, ("a", "b", "c"), years, known).per[0, 1] == 6
    # Nor has a chemistry for which it does not go there.
    nodes[0].products, nodes[0].uses = (), dict.fromkeys("ab", ("lithium", 1.0))
    nodes[0].uses["c"] = ("energy", 1.0)
    assert (
        chain_of(nodes, ("a", "b", "c"), uses_of_nodes(np.array([[6.0, 1, 1]] * 2 + [[9, 1, 1]])), known).per[0, 1] == 6
    )
    nodes[1].feeds = "cathode"
    some = np.array([[6.0, 1, 1], [6.0, 1, 0], [12.0, 2, 5]])
    with pytest.raises(InputError, match=r"goes into cathode, each unit of which needs 0\.4 to 1 by chemistry"):
        chain_of(nodes, ("a", "b", "c"), uses_of_nodes(some), known)
    with pytest.raises(InputError, match=r"goes into cathode, each unit of which needs 0\.4 to 3 by chemistry"):
        chain_of(nodes, ("a", "b", "c"), uses_of_nodes(ratios), known)


# --- the reference world ---------------------------------------------------------------------------------------------


def test_what_is_recovered_is_used_at_home_first() -> None:
    """Of 8 at home 5 are used there, and the other 3 sold to those who need 2 and 4; of a second node more is recovered
    than all need."""
    gross = np.array([[5.0, 2.0, 4.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    recovered = np.array([[8.0, 0.0, 0.0], [5.0, 0.0, 0.0], [2.0, 0.0, 0.0]])
    assert _where_made(gross, recovered).tolist() == [[5, 1, 2], [1, 1, 0], [0, 0, 0]]


def test_makers_at_home_in_no_region_are_one_more_customer() -> None:
    made = np.ones((2, 3))
    supply = Supply(made, np.full((2, 2), 3.0), np.array([4.0, 5.0]), np.array([0, NOWHERE, 1]), np.full((2, 2), 0.5))
    found = with_customers(supply, 3)
    assert found.home.tolist() == [0, 2, 1]
    assert found.need.tolist() == [[3, 3, 0]] * 2
    assert (np.asarray(found.recovered).tolist(), found.batteries.tolist()) == ([[0.5, 0.5, 0]] * 2, [4, 5, 0])
    assert with_customers(supply, 2).home.tolist() == [0, NOWHERE, 1]
    assert with_customers(supply, 2).need.shape == (2, 2)


def test_uses_that_a_scope_leaves_out_by_hand() -> None:
    """Of 10 GWh of the region 4 are buses, and none in the second year; those of another one do not count."""

    def axis(*labels: str) -> Any:
        return SimpleNamespace(labels=labels)

    inputs: Any = SimpleNamespace(by_code=lambda *_: {"car": "Cars", "bus": "Buses", "boat": "Boats"})
    resolved: Any = SimpleNamespace(regions=axis("Here"), uses_in_scope={"car"})
    world: Any = SimpleNamespace(regions=axis("There", "Here"), segments=axis("car", "bus", "boat"))
    cells = np.zeros((2, 3, 2, 2))
    cells[0], cells[1, :2, :, 0] = 9.0, [[5.0, 1.0], [1.0, 3.0]]
    assert {name: share.tolist() for name, share in left_out_of(resolved, inputs, world, cells).items()} == {
        "Buses": [0.4, 0]
    }


def test_the_part_of_cells_whose_way_passes_what_is_made_at_home() -> None:
    """Of ore that goes into metal, and metal into an active material, of which half and a fifth of what is needed is
    made at home: a fifth of the metal, and a tenth of the ore, passes it. Of a foil all goes into cells, and of what is
    made beyond need no more than all counts."""
    stage = np.array([MINING, REFINING, ACTIVE, REFINING, CELL])
    into = np.zeros((1, 5, 5))
    into[0, 0, 1] = into[0, 1, 2] = 1.0
    chain = Chain(stage, into, stage[None] == CELL, np.zeros((5, 5)), *np.zeros((2, 5), dtype=bool))
    made = np.array([[1.0, 9], [5.0, 0], [2.0, 9], [30.0, 0], [0.0, 1]])
    need = np.column_stack([np.full(5, 10.0), np.full(5, 40.0)])
    supply = Supply(made, need, np.ones(2), np.array([0, 1]))
    assert passing_of(chain, supply, np.array([True, False])).tolist() == [[0.1, 0.2, 1, 1, 0]]
    # With both together: 5 of 50 metal and 11 of 50 active.
    both = passing_of(chain, supply, np.array([True, True]))[0]
    assert both == pytest.approx([0.22 * 0.1, 0.22, 1, 1, 0])


def test_where_cells_of_a_reference_world_come_from() -> None:
    """One share made at home counts from the first year on; those of lithium-ion come first of the nodes that make
    cells; makers at home in no region are one customer, where there is one."""
    nodes = [SimpleNamespace(stage=stage, node=node) for stage, node in (
        ("cell", "na_ion_cell"), ("mining", "li_ion_cell_ore"), ("cell", "li_ion_cell_solid"), ("cell", "li_ion_cell"))
    ]  # fmt: skip
    supply: Any = SimpleNamespace(
        years=(2030, 2035), nodes=nodes, homes={"DEU": "Europe", "MAR": ""}, countries=("DEU", "MAR"),
        cell_origin={}, observed_share=None, origin={"CHN": 0.4},
    )  # fmt: skip

    def told(said: Any, *customers: str) -> Origins:
        config = SimpleNamespace(settings=SimpleNamespace(exposure=SimpleNamespace(made_at_home=said)))
        return origins_of(config, supply, (), customers)  # type: ignore[arg-type]

    assert told(0.5, "Europe", ELSEWHERE).made_at_home == ((2030, 0.5),)
    assert told({"2035": 0.5, 2031: 0.2}, "Europe").made_at_home == ((2031, 0.2), (2035, 0.5))
    found = told(None, "Europe", ELSEWHERE)
    assert (found.made_at_home, found.cells) == ((), (2, 3, 0))
    assert found.homes == {"DEU": "Europe", "MAR": ELSEWHERE}
    assert told(None, "Europe").homes == supply.homes


@pytest.mark.parametrize(("planned", "chosen", "start", "years"), [
    (None, False, 2030, (2030, 2031, 2033)), (2031, False, 2031, (2030, 2031, 2032, 2033)),
    (2027, False, 2027, tuple(range(2026, 2034))), (2040, False, 2040, (2033,)),
    (2034, False, 2034, (2033,)), (2027, True, 2031, (2030, 2031, 2032, 2033)),
    (None, True, 2031, (2030, 2031, 2032, 2033)), (2033, True, 2033, (2032, 2033)),
])  # fmt: skip
def test_known_supply_is_told_from_the_year_before_a_plan_on(
    planned: int | None, chosen: bool, start: int, years: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first year that is planned, or of a mix the first that is decided, if that is later. What is reported is not
    computed again; else all years are, with the first rows of tables that begin later."""
    asked = []

    def supply_inputs(run: Any, inputs: Any, minerals: Any, years: Any, partition: Any) -> Any:
        asked.append((run.settings.update["scope"].update, years))
        return SimpleNamespace(used="rows", years=years)

    def copied(**fields: Any) -> Any:
        return SimpleNamespace(**fields, model_copy=lambda update: SimpleNamespace(update=update))

    @dataclass
    class RunOf:
        settings: Any

    def known(supply: Any, *_: Any) -> Any:
        return tuple(
            SimpleNamespace(made=np.full((2, 1), float(year)), fill=("plants", BY_NEED)) for year in supply.years
        )

    for name, found in {
        "first_planned": lambda _, demands: planned if demands == ("stated", "low") else 0,
        "supply_inputs": supply_inputs, "_known": known, "_world": lambda *_: SimpleNamespace(resolved=None),
        "need_of": lambda *_: None, "batteries": lambda *_: None, "rows_of": lambda _: "world rows",
    }.items():  # fmt: skip
        monkeypatch.setattr(f"minerals.case.set_up.{name}", found)
    settings = copied(exposure=SimpleNamespace(demand="stated"), scenario={"plan": SimpleNamespace(demand="low")},
                      optimise=object() if chosen else None, scope=copied())  # fmt: skip
    reported: Any = SimpleNamespace(years=(2030, 2031, 2033))
    resolved: Any = SimpleNamespace(run=RunOf(settings), minerals=SimpleNamespace(labels=()))
    since, used = _since(resolved, None, (), reported, known(reported), None)  # type: ignore[arg-type]
    assert (since.start, since.years.tolist()) == (start, list(years))
    assert since.made[:, 0, 0].tolist() == list(years)
    assert since.counted.tolist() == [[True] * len(years), [False] * len(years)]
    if set(years) <= {2030, 2031, 2033}:
        assert (used, asked) == ((), [])
    else:
        ((scope, computed),) = asked
        assert (scope["beyond"], scope["years"].labels(), computed) == ("hold", years, years)
        assert used == ("rows", "world rows")


# --- stops that are played --------------------------------------------------------------------------------------------


def test_disruptions_of_one_pool_and_year_are_played_together() -> None:
    """From their start on, in all years or some."""
    events: Any = [SimpleNamespace(start=start, cuts=cuts) for start, cuts in ((2030, "a"), (2032, "b"), (2031, "a"))]
    pools = {"a": [("Here", "There")], "b": [("Here",), ("There",)]}
    chokepoints: Any = SimpleNamespace(pools=pools.__getitem__, years=(2031, 2032))
    both, here, there = ("Here", "There"), ("Here",), ("There",)
    together, order = _together(chokepoints, events, None)
    a, b, c = events
    assert together == {(both, 0): [a, c], (both, 1): [a, c], (here, 1): [b], (there, 1): [b]}
    assert order == [((both, 0), 0), ((both, 1), 0), ((here, 1), 0), ((there, 1), 0), ((both, 0), 1), ((both, 1), 1)]
    assert _together(chokepoints, events, [0])[0] == {(both, 0): [a, c]}


def test_what_a_stop_takes_is_more_than_rounding() -> None:
    """Of 10 it leaves 9, or all but 1e-12; nothing is taken of nothing, nor of what nobody knows."""
    without, left = np.array([10.0, 10, 0, np.inf]), np.array([9.0, 10 - 1e-12, 0, np.inf])
    batch = SimpleNamespace(
        without=SimpleNamespace(accessible=without[None]), hit=SimpleNamespace(accessible=left[None])
    )  # fmt: skip
    assert Played(None, batch, 0).takes.tolist() == [True, False, False, False]  # type: ignore[arg-type]


def test_a_disruption_that_takes_something_gains_by_the_nodes_that_bind() -> None:
    """Of three the second loses nothing but rounding, whatever it leaves of cells at home. Nodes that it hits come
    first, of these the one that gains most."""
    losses = [SimpleNamespace(at_risk=at_risk) for at_risk in ((5.0, 0.0), (1e-12, 7.0), (0.5, 0.0))]
    binding = np.array([[0.0, 2, 3, 1], [9, 9, 9, 9], [0, 0, 4, 0]])
    best = SimpleNamespace(take=lambda places: SimpleNamespace(binding=binding[places]))
    batch: Any = SimpleNamespace(hit=SimpleNamespace(bought=np.zeros((3, 4))), losses=losses, best=best)
    batch.gain = Batch.gain.func(batch)  # type: ignore[attr-defined]
    assert batch.gain.tolist() == [[0, 2, 3, 1], [0, 0, 0, 0], [0, 0, 4, 0]]
    batch.hit.accessible, batch.without = (
        np.array([[1.0, 1, 5, 1]] * 3),
        SimpleNamespace(accessible=np.full((1, 4), 5.0)),
    )
    assert Played(None, batch, 0).binds.tolist() == [1, 3, 2]  # type: ignore[arg-type]
    assert Played(None, batch, 1).binds.tolist() == []  # type: ignore[arg-type]
    batch.ends = np.arange(12.0).reshape(3, 2, 2)
    second = Played(None, batch, 1)  # type: ignore[arg-type]
    assert (second.ends, second.industry_ends) == ((4, 6), (5, 7))
    batch.losses = losses[1:2]
    assert not Batch.gain.func(batch).any()  # type: ignore[attr-defined]


def test_what_a_stop_costs_whoever_counts_it() -> None:
    """Of 100 GWh, 40 of them made at home, 90 and 35 are left, and 80 if others made all; what is built beyond the plan
    makes up for nothing."""
    plan = SimpleNamespace(cells=np.array([60.0, 40]), made_at_home=np.array([30.0, 10]))
    hit: Any = SimpleNamespace(factory=SimpleNamespace(plan=plan), totals=np.array([[90.0, 101], [35.0, 40.5]]))
    outside: Any = SimpleNamespace(totals=np.array([[80.0, 100], [0.0, 0.0]]))
    assert _lost(hit, outside) == [Lost(10, 5, 20), Lost(0, 0, 0)]


def test_cells_that_are_built_are_shared_by_the_plan() -> None:
    """Half of the 100 GWh that are planned of the first chemistry and a fifth of the second; nothing of one of which
    there is no plan."""
    cells = np.full((3, 2, 3, 2), 99.0)  # (region, segment, chemistry, year)
    cells[1, :, :, 1] = [[30, 0.5, 0], [10, 0, 0]]
    cells[0, :, :, 1] = [[60, 0, 0], [0, 0, 0]]
    chokepoints: Any = SimpleNamespace(
        regions=("There", "Here", "Else"), scenarios={"plan": SimpleNamespace(cells=cells)}
    )
    found = by_region(chokepoints, "plan", ("Here", "There"), 1, np.array([50.0, 0.1, 7.0]))
    assert found == pytest.approx(np.array([[[15, 0.1, 0], [5, 0, 0]], [[30, 0, 0], [0, 0, 0]]]))
