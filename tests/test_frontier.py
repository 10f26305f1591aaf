"""The frontier of cost against exposure: a piecewise linear one by hand, and that of a toy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from conftest import some
from test_mix import CHEMISTRIES, YEARS, at_risk, lines, two_regions

from minerals.mix.data import MixData
from minerals.mix.frontier import (
    GRID,
    INSIDE,
    STEP,
    Edge,
    Frontier,
    Vertex,
    _alike,
    _end_gap,
    _gap,
    _one_point,
    _without_straight,
    sandwich,
    walk,
)
from minerals.mix.session import Session
from minerals.mix.solution import Criteria, choose

#: Corners of a frontier, whose slopes are −0.5, −2, −6 and −20.
CORNERS = ((10.0, 100.0), (6.0, 102.0), (3.0, 108.0), (1.0, 120.0), (0.0, 140.0))
CHEAPEST, LEAST = (Vertex(*CORNERS[at], np.nan) for at in (0, -1))


def edge_of(corners: Sequence[tuple[float, float]], exposure: float, known: float = 1.0) -> Edge:
    """The edge at an exposure. known: part of it, on either side of that, to which the slope is known to hold."""
    for (above, cheap), (below, dear) in pairwise(corners):
        if exposure >= below:
            slope = (dear - cheap) / (below - above)
            low, high = (exposure + known * (end - exposure) for end in (below, above))
            return Edge(exposure, cheap + slope * (exposure - above), slope, low, high)
    raise AssertionError(exposure)


def edge(exposure: float) -> tuple[float, float]:
    """Cost at an exposure, and the slope there."""
    return edge_of(CORNERS, exposure)[1:3]


def several(function: Callable[[float], tuple[float, ...]]) -> Callable[[Sequence[float]], list[tuple[float, float]]]:
    return lambda exposures: [function(each)[:2] for each in exposures]  # type: ignore[misc]


def above(found: Frontier, function: Callable[[float], tuple[float, ...]]) -> float:
    """Largest distance of the chords from the frontier; they are never below it."""
    apart = [found.cost_at(e) - function(e)[0] for e in np.linspace(found.exposure[-1], found.exposure[0], 2001)]
    assert min(apart) >= -1e-9
    return max(apart)


@pytest.mark.parametrize(("known", "solves"), [(1.0, 4), (0.5, 7), (0.0, 7)])
def test_a_walk_finds_every_corner_and_no_other(known: float, solves: int) -> None:
    """Where slopes are known to hold to the end of their edges, corners need no solve of their own."""
    found = walk(lambda e: edge_of(CORNERS, e, known), CHEAPEST, LEAST)
    assert found.exposure == pytest.approx([e for e, _ in CORNERS], abs=1e-9)
    assert found.cost == pytest.approx([cost for _, cost in CORNERS], abs=1e-9)
    assert found.marginal == pytest.approx([0.5, 2, 6, 20], rel=1e-9)
    assert found.gap == pytest.approx(0, abs=1e-9)
    assert found.solves <= solves


@pytest.mark.parametrize("known", [1.0, 0.3, 0.0])
@pytest.mark.parametrize("seed", range(5))
def test_a_walk_solves_at_most_twice_an_edge(seed: int, known: float) -> None:
    """Of edges whose lengths and slopes span five orders of magnitude, however little a basis tells of them."""
    random = np.random.default_rng(seed)
    lengths = 10 ** random.uniform(-4, 1, 200)
    slopes = -np.cumsum(10 ** random.uniform(-1, 4, 200))
    exposures = np.concatenate([[0.0], np.cumsum(lengths[::-1])])[::-1]
    costs = 1e6 + np.concatenate([[0.0], np.cumsum(-slopes * lengths)])
    corners = list(zip(exposures.tolist(), costs.tolist(), strict=True))
    ends = (Vertex(*corners[at], np.nan) for at in (0, -1))
    found = walk(lambda e: edge_of(corners, e, known), *ends)
    apart = [found.cost_at(e) / cost - 1 for e, cost in corners]
    assert np.abs(apart).max() <= 1e-8
    assert (np.diff(found.marginal) > 0).all()
    assert found.solves <= 2 * (len(corners) - 1)
    assert found.gap <= 1e-9
    # However many edges are straight as far as a solver's rounding goes.
    assert len(found.vertices) > 150


@pytest.mark.parametrize("at_once", [1, 2])
@pytest.mark.parametrize("tolerance", [0.1, 0.01, 0.001])
def test_chords_are_as_near_as_is_certified(tolerance: float, at_once: int) -> None:
    """To the frontier by hand, and to a smooth one; the certificate is no less than what they are off by."""

    def smooth(e: float) -> tuple[float, float]:
        return 100 + 40 / (1 + e), -40 / (1 + e) ** 2

    ends = Vertex(10.0, smooth(10.0)[0], np.nan), Vertex(0.0, smooth(0.0)[0], np.nan)
    for function, (cheapest, least) in ((edge, (CHEAPEST, LEAST)), (smooth, ends)):
        found = sandwich(several(function), cheapest, least, tolerance, at_once)
        dearer = least.cost - cheapest.cost
        assert above(found, function) <= found.gap * dearer + 1e-9
        # Beside the ends one tangent alone certifies, and nothing is solved there.
        assert found.gap <= tolerance + 20 * 10 * INSIDE / dearer
        assert (found.vertices[0], found.vertices[-1]) == (cheapest, least)
        assert found.solves == len(found.vertices) - 2
        assert found.solves <= (25 if tolerance >= 0.01 else 50)
        assert (np.diff(found.marginal) >= -1e-6).all()


def test_a_wider_gap_is_told_where_less_is_asked_for() -> None:
    """The certificate is of the chords that are there: of the two ends alone it is large."""
    coarse = sandwich(several(edge), CHEAPEST, LEAST, 1.0)
    assert coarse.solves == 2
    assert coarse.gap > 0.3
    assert 0.3 < above(coarse, edge) / 40 <= coarse.gap + 1e-9


@pytest.mark.parametrize("least", [Vertex(10.0, 100.0, np.nan), Vertex(10.0 - 1e-9, 110.0, np.nan),
                                   Vertex(5.0, 100.0 + 1e-9, np.nan)])  # fmt: skip
def test_ends_apart_by_rounding_are_one_point(least: Vertex) -> None:
    def never(_: object) -> object:
        raise AssertionError("nothing is to be solved")

    for found in (sandwich(never, CHEAPEST, least, 0.01), walk(never, CHEAPEST, least)):  # type: ignore[arg-type]
        assert (found.vertices, found.gap, found.solves) == ((CHEAPEST,), 0, 0)
        assert found.cost_at(3.0) == 100
        assert found.marginal.size == 0
        assert found.marginal_between.shape == (0, 2)


def test_beyond_its_ends_a_frontier_is_at_them() -> None:
    found = walk(lambda e: edge_of(CORNERS, e), CHEAPEST, LEAST)
    assert (found.cost_at(99.0), found.cost_at(-99.0)) == (100, 140)
    assert (found.exposure_at(0.0), found.exposure_at(999.0)) == (10, 0)
    assert found.exposure_at(105.0) == pytest.approx(4.5, abs=1e-4)


def test_a_chord_is_farthest_from_the_tangents_where_these_cross() -> None:
    """From 100 at 10 with slope −1, and from 140 at 0 with slope −10: at 10/3 both tangents are at 320/3, and the chord
    is at 380/3. Tangents that are parallel, or that rounding turns about, certify nothing; those that cross beyond an
    end are held at it."""
    assert _gap(Vertex(10, 100, -1), Vertex(0, 140, -10)) == (pytest.approx(20), pytest.approx(10 / 3))
    # 135.5 − 3.55 e and 140 − 4.45 e cross at 5, 2.25 below the chord, however little they bend.
    assert _gap(Vertex(10, 100, -3.55), Vertex(0, 140, -4.45)) == (pytest.approx(2.25), pytest.approx(5))
    for slope in (-4, -3):
        assert _gap(Vertex(10, 100, -4), Vertex(0, 140, slope)) == (0, 5)
    assert _gap(Vertex(10, 100, -5), Vertex(0, 140, -6)) == (0, 0)
    assert _gap(Vertex(10, 100, -3.5), Vertex(0, 140, -3.9)) == (0, 10)
    assert _gap(Vertex(6, 102, -0.5), Vertex(4, 106, -4)) == (pytest.approx(12 / 7), pytest.approx(4 + 6 / 7))


def test_beside_an_end_one_tangent_certifies() -> None:
    """Of 120 at 1 with slope −10 the tangent is at 130 at the end: 10 less than what it costs there, or less than
    nothing more."""
    assert _end_gap(Vertex(0, 140, np.nan), Vertex(1, 120, -10)) == 10
    assert _end_gap(Vertex(0, 125, np.nan), Vertex(1, 120, -10)) == 0


def test_what_is_one_but_for_rounding() -> None:
    """A part of 1e-8 of exposure or cost, or 1e-8 of one, whichever is more; of two costs a tenth of that."""
    far = Vertex(2000.0, 5000.0, np.nan)
    assert _one_point(far, Vertex(2000.0 - 1.9e-5, 9000.0, np.nan))
    assert not _one_point(far, Vertex(2000.0 - 2.1e-5, 9000.0, np.nan))
    assert _one_point(far, Vertex(1.0, 5000.0 + 4.9e-5, np.nan))
    assert not _one_point(far, Vertex(1.0, 5000.0 + 5.1e-5, np.nan))
    near = Vertex(0.1, 0.2, np.nan)
    assert _one_point(near, Vertex(0.1 - 0.9e-8, 1.0, np.nan))
    assert _one_point(near, Vertex(0.0, 0.2 + 0.9e-8, np.nan))
    assert not _one_point(near, Vertex(0.1 - 1.1e-8, 0.2 + 1.1e-8, np.nan))
    # By no more than that it is.
    assert _one_point(Vertex(1e-8, 1.0, np.nan), Vertex(0.0, 2.0, np.nan))
    assert _one_point(Vertex(5.0, 0.0, np.nan), Vertex(1.0, 1e-8, np.nan))
    for one, apart in ((1e6, 1e-3), (-1e6, 1e-3), (0.0, 1e-9)):
        assert _alike(one, one + 0.9 * apart)
        assert _alike(one, one - 0.9 * apart)
        assert not _alike(one, one + 1.1 * apart)
        assert not _alike(one, one - 1.1 * apart)


def test_points_on_one_line_or_one_place_are_left_out() -> None:
    """At 8 and 7 it is straight from 10 to 6, where two points are one but for rounding; at 3 it bends."""
    points = [Vertex(10, 100, -1), Vertex(8, 101, -1), Vertex(7, 101.5, -1), Vertex(6, 102, -2),
              Vertex(6 - 1e-12, 102, -2), Vertex(3, 108, -6), Vertex(0, 126, -6)]  # fmt: skip
    assert [each.exposure for each in _without_straight(points)] == [10, 6, 3, 0]
    assert [each.exposure for each in _without_straight([*points[:1], *points[3:4], *points[5:6]])] == [10, 6, 3]
    assert _without_straight(points[:1]) == points[:1]
    near = [Vertex(0.5, 123, -6), Vertex(0.5 - 0.9e-12, 123, -20), Vertex(0, 140, -6)]
    assert [each.exposure for each in _without_straight(near)] == [0.5, 0]
    assert Edge(6.0, 102.0, -2.0, 3.0, 8.0).at(4.0) == 106


def test_what_one_unit_less_costs_lies_between_the_slopes_at_the_ends_of_a_chord() -> None:
    """From nothing at the cheapest point, without end at the least exposed one; never on one side of the chord."""
    found = Frontier((CHEAPEST, Vertex(6, 102, -1), Vertex(3, 108, -5), LEAST), 0.0, 4)
    assert found.marginal == pytest.approx([0.5, 2, 32 / 3])
    assert found.marginal_between.tolist() == [[0, 1], [1, 5], [5, np.inf]]
    steep = Frontier((CHEAPEST, Vertex(6, 102, -0.2), LEAST), 0.0, 3)
    assert steep.marginal_between.tolist() == [[0, 0.5], [0.2, np.inf]]


def test_what_is_solved_next_is_where_the_tangents_cross() -> None:
    """First inside both ends; 105 − 0.5 e and 140 − 20 e then cross at 1.795, on a grid of a ten thousandth of the
    span, where a slope of −6 costs 115.2; and so on where the chord may be farthest off. Beside the ends, where one
    tangent certifies, a tenth of the way to the point beside them."""
    asked: list[float] = []

    def solve(exposures: Sequence[float]) -> list[tuple[float, float]]:
        asked.extend(exposures)
        return [edge(each) for each in exposures]

    sandwich(solve, CHEAPEST, LEAST, 0.1)
    assert asked[:2] == [10 - 10 * INSIDE, 10 * INSIDE]
    assert asked[2] == pytest.approx(round(35 / 19.5 / (10 * GRID)) * 10 * GRID)
    # From 1.795 to the cheapest: 126 − 6 e meets 105 − 0.5 e at 42/11; to the least it meets 140 − 20 e at 1.
    assert asked[3:] == pytest.approx([round(42 / 11, 3), 1.0])
    # From one corner to the next a walk asks just inside both ends, and where tangents cross.
    walked: list[float] = []
    walk(lambda e: (walked.append(e), edge_of(CORNERS, e))[1], CHEAPEST, LEAST)  # type: ignore[func-returns-value]
    assert walked[:2] == [10 - 10 * STEP, 10 * STEP]
    assert walked[2:] == pytest.approx([35 / 19.5, 42 / 11])


def test_beside_an_end_the_next_point_is_a_tenth_of_the_way_to_the_point_there() -> None:
    """The frontier is steeper, or flatter, nearer to an end than the first points are, 0.001 from it: at 0.0005. The
    least exposed end is 10 above the tangent of 0.001, of 40, and the chord between the first points 6 above the
    tangents at 5: first comes what is farthest off. What the grid would put on one of two points is put between."""
    steep = ((10.0, 100.0), (9.9995, 100.0), (5.0, 110.0), (0.0005, 130.0), (0.0, 140.0))
    for at_once, asked in ((1, [1e-4, 5.0, 5.5e-4]), (2, [1e-4, 5.0, 5.5e-4])):
        found: list[float] = []

        def solve(exposures: Sequence[float], found: list[float] = found) -> list[tuple[float, float]]:
            found.extend(exposures)
            return [edge_of(steep, each)[1:3] for each in exposures]

        sandwich(solve, *(Vertex(*steep[at], np.nan) for at in (0, -1)), 0.1, at_once)
        assert found == pytest.approx([9.999, 0.001, *asked])
    found.clear()
    sandwich(solve, *(Vertex(*steep[at], np.nan) for at in (0, -1)), 1e-5)
    assert 9.9999 in [round(each, 7) for each in found]


def test_beside_an_end_at_which_the_cost_jumps_no_point_is_nearer_than_rounding() -> None:
    """At the least exposed mix, of 5, it costs 40 more than just beside it: half of the span, which stays uncertain."""
    corners = [(e + 5, cost) for e, cost in CORNERS]
    ends = Vertex(15.0, 100.0, np.nan), Vertex(5.0, 180.0, np.nan)
    found = sandwich(several(lambda e: edge_of(corners, e)[1:3]), *ends, 0.2)
    assert found.gap == pytest.approx(0.5)
    assert found.vertices[-2].exposure - 5 == pytest.approx(1e-8, rel=1e-4)
    assert found.solves < 12


@pytest.mark.parametrize("side", ["low", "high"])
def test_a_corner_is_known_where_the_slope_of_one_edge_holds_as_far(side: str) -> None:
    """But for a part of 1e-9 of the span, 1e-8, which is rounding. What holds nowhere, not even where it was found, is
    known there."""

    def one_sided(exposure: float, short: float) -> Edge:
        edge = edge_of(CORNERS, exposure)
        if side == "low":
            return edge._replace(low=edge.low + short, high=exposure - 1)
        return edge._replace(low=exposure + 1, high=edge.high - short)

    for short, known in ((0.9e-8, True), (1.1e-8, False)):
        found = walk(lambda e, short=short: one_sided(e, short), CHEAPEST, LEAST)  # type: ignore[misc]
        assert found.exposure == pytest.approx([e for e, _ in CORNERS], abs=1e-9)
        assert (found.solves == 4) == known


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_chords_are_the_same_in_any_unit_of_exposure(unit: float) -> None:
    """How near two may be is a part of the span, however large that is."""

    def scaled(exposures: Sequence[float]) -> list[tuple[float, float]]:
        return [(cost, slope / unit) for cost, slope in map(edge, (each / unit for each in exposures))]

    of_one = sandwich(several(edge), CHEAPEST, LEAST, 0.001)
    ends = (Vertex(unit * end.exposure, end.cost, np.nan) for end in (CHEAPEST, LEAST))
    found = sandwich(scaled, *ends, 0.001)
    assert (of_one.solves, found.solves) == (7, 7)
    assert found.exposure / unit == pytest.approx(of_one.exposure, rel=1e-9, abs=1e-9)
    assert found.cost == pytest.approx(of_one.cost, rel=1e-9)
    assert found.gap == pytest.approx(of_one.gap, rel=1e-6)


def test_a_walk_that_ends_early_says_how_far_its_last_chord_may_be_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """After its two ends alone: along the first edge it is 105 at no exposure, where it costs 140; of the span of 40
    that is 35. One solve more, between the two, finds another edge ahead, and not yet where the first one ends."""
    for most, gap, solves in ((2, 35 / 40, 2), (3, 35 / 40, 3)):
        monkeypatch.setattr("minerals.mix.frontier.MOST", most)
        found = walk(lambda e: edge_of(CORNERS, e, 0.0), CHEAPEST, LEAST)
        assert (found.gap, found.solves) == (pytest.approx(gap), solves)
        assert found.vertices == (CHEAPEST, LEAST)


# --- of a toy --------------------------------------------------------------------------------------------------------


def stepped() -> MixData:
    """NMC costs 70, LFP 105 in 2030, 90 in 2031, 80 in 2032. The cheapest mix is NMC alone: 37.5 GWh at risk. In each
    year 30 GWh of LFP instead are 7.5 GWh less, for 40, 80 or 140 million USD each; the least is 15."""
    dear = dict(zip(YEARS, (105.0, 90.0, 80.0), strict=True))
    return at_risk(price={("Here", c, y): {"lfp": dear[y], "nmc": 70.0}[c] for c in CHEMISTRIES for y in YEARS})


EXPOSURE, COST = [37.5, 30.0, 22.5, 15.0], [21_000.0, 21_300.0, 21_900.0, 22_950.0]


def test_the_frontier_of_a_toy_is_that_found_by_hand() -> None:
    found = Session(stepped(), "expected").frontier(exact=True)
    assert found.exposure == pytest.approx(EXPOSURE, rel=1e-6)
    assert found.cost == pytest.approx(COST, rel=1e-6)
    assert found.marginal == pytest.approx([40, 80, 140], rel=1e-3)


@pytest.mark.parametrize("exact", [True, False])
def test_the_frontier_of_a_toy_is_the_same_by_either_objective(exact: bool) -> None:
    """Least exposed at each cost, from the least exposed mix on; a million avoids 1/140, 1/80, 1/40 GWh."""
    found = Session(stepped(), "cost").frontier(1e-7, exact=exact, objective="expected")
    corners = [
        at for at, cost in enumerate(found.exposure) if min(abs(cost - np.array(COST))) < 1e-4 * (COST[-1] - COST[0])
    ]
    assert (found.exposure[0], found.exposure[-1]) == pytest.approx((COST[-1], COST[0]), rel=1e-6)
    for cost, exposure in zip(COST, EXPOSURE, strict=True):
        assert found.cost_at(cost) == pytest.approx(exposure, rel=1e-5)
    if exact:
        assert corners == [0, 1, 2, 3]
        assert found.marginal == pytest.approx([1 / 140, 1 / 80, 1 / 40], rel=1e-3)


@pytest.mark.parametrize("data", [stepped(), lines(30.0), two_regions()], ids=["steps", "lines", "regions"])
@pytest.mark.parametrize("exposure", some(["expected", "cvar", "worst", "concentration"], 2))
def test_a_frontier_falls_convexly_between_the_optima_of_either_objective(data: MixData, exposure: str) -> None:
    """Chords and edges agree; every point is the least cost at its exposure, of a model of its own."""
    if not data.disruptions:
        data = replace(
            data, measure={(c, y): {"nmc": 1.0, "lfp": 0.25}[c] for c in data.chemistries for y in data.years}
        )
        exposure = "concentration"
    elif exposure == "concentration":
        data = replace(
            data, measure={(c, y): {"nmc": 1.0, "lfp": 0.25}[c] for c in data.chemistries for y in data.years}
        )
    session = Session(data, exposure)
    exact, chords = session.frontier(exact=True), session.frontier(1e-7)
    ends = [session.optimum(objective).objective for objective in ("cost", exposure)]
    for found in (exact, chords):
        assert [found.cost[0], found.exposure[-1]] == pytest.approx(ends, rel=1e-6, abs=1e-6)
        assert (np.diff(found.exposure) < 0).all()
        assert (np.diff(found.cost) > 0).all()
        assert (np.diff(found.marginal) >= -1e-3 * found.marginal[1:]).all()
    for e in (*exact.exposure, *np.linspace(exact.exposure[-1], exact.exposure[0], 7)):
        assert chords.cost_at(e) == pytest.approx(exact.cost_at(e), rel=1e-6)
        found = Session(data, exposure).least("cost", caps={exposure: e + 1e-9 * abs(e)})
        assert found.cost == pytest.approx(exact.cost_at(e), rel=1e-6)


@pytest.mark.parametrize(("worth", "at"), [(20, 0), (41, 1), (79, 1), (81, 2), (139, 2), (141, 3), (1e6, 3)])
def test_a_worth_chooses_the_point_at_which_the_next_gwh_costs_more(worth: float, at: int) -> None:
    found = choose(stepped(), Criteria(worth=worth, frontier="exact"))
    assert found.exposure == pytest.approx(EXPOSURE[at], rel=1e-5)
    assert sum(found.cost.values()) == pytest.approx(COST[at], rel=1e-5)
    assert found.frontier is not None
    assert found.frontier.cost_at(found.exposure) == pytest.approx(COST[at], rel=1e-5)
    marginal = [0.0, *found.frontier.marginal, np.inf]
    assert marginal[at] <= worth <= marginal[at + 1]


@pytest.mark.parametrize(("more", "exposure"), [(0, 37.5), (150, 33.75), (600, 26.25), (1425, 18.75), (9999, 15)])
def test_a_cap_on_the_cost_chooses_the_point_that_it_buys(more: float, exposure: float) -> None:
    found = choose(stepped(), Criteria(cost_cap=more / 21_000, frontier="certified"))
    assert found.exposure == pytest.approx(exposure, rel=1e-6)
    assert sum(found.cost.values()) <= (21_000 + more) * (1 + 1e-8)
    assert found.frontier is not None
    assert found.frontier.gap <= 0.011
    assert found.frontier.exposure_at(21_000 + more) == pytest.approx(exposure, abs=0.01 * 22.5)
    names = ("cheapest", "least_exposed")
    assert [found.baselines[name].exposure for name in names] == pytest.approx([37.5, 15], rel=1e-6)
    assert [found.baselines[name].cost for name in names] == pytest.approx([21_000, 22_950], rel=1e-6)
    chosen = found.baselines["chosen"]
    assert (chosen.exposure, chosen.cost) == pytest.approx((found.exposure, sum(found.cost.values())))


def test_mixes_along_the_frontier_are_about_as_good_as_its_points() -> None:
    """Of 150 GWh each of LFP instead of NMC is a quarter less at risk: by hand, as demand is met in all of them."""
    data = stepped()
    found = choose(data, Criteria(frontier="certified", near=0.01))
    assert found.frontier is not None
    ends = [(vertex.exposure, vertex.cost) for vertex in (found.frontier.vertices[0], found.frontier.vertices[-1])]
    assert [(found.along[at].exposure, found.along[at].cost) for at in (0, -1)] == ends
    assert np.diff([point.exposure for point in found.along]).max() < -0.05 * 22.5
    for point in found.along:
        assert sum(point.additions.values()) == pytest.approx(sum(data.demand.values()), rel=1e-6)
        cost = sum(gwh * data.price[r, c, y] for (r, _, c, y), gwh in point.additions.items())
        lfp = sum(gwh for (_, _, c, _), gwh in point.additions.items() if c == "lfp")
        assert cost <= 1.01 * point.cost + 1e-6
        assert 37.5 - lfp / 4 <= 1.01 * point.exposure + 1e-6
    assert choose(data, Criteria(frontier="certified")).along == ()


def test_where_one_mix_is_cheapest_and_least_exposed_the_frontier_is_a_point() -> None:
    """NMC is dearer and 70 GWh of it are best."""
    data = at_risk(price={("Here", c, y): {"lfp": 60.0, "nmc": 60.0}[c] for c in CHEMISTRIES for y in YEARS})
    found = Session(data, "expected").frontier()
    assert len(found.vertices) == 1
    assert found.exposure == pytest.approx([15])
