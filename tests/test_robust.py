"""One plan for several futures of supply: by hand, what must hold of any futures, and the study."""

from __future__ import annotations

import os
import pickle
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from conftest import lay_out
from test_mix import YEARS, at_risk
from test_near import TOYS

from minerals import api
from minerals.errors import Infeasible, InputError, NumericalTrouble
from minerals.highs import DUAL
from minerals.mix import cutting
from minerals.mix.cutting import CLOSE, MONEY, CuttingPlanes, Objective, Part, Tried
from minerals.mix.data import MixData
from minerals.mix.futures import AGREE, AVERAGE, MANY, REGRET, Futures
from minerals.mix.objective import OWN
from minerals.mix.replay import Library
from minerals.mix.session import Session
from minerals.mix.variables import PLAN
from minerals.results.csv_files import read_csv
from minerals.results.result import Result
from minerals.results.screen_mix import _robust
from minerals.studies.run import run

#: Last year of the futures of Europe that are played here; `python tests/slow.py futures` goes further.
LAST = int(os.environ.get("FUTURES_TO", "2029"))


def stopped(cobalt: float, phosphate: float, **changes: Any) -> MixData:
    """NMC, 70 million USD/GWh, and LFP, 75, of which a stop leaves so many GWh a year each, of 100."""
    left = {"cobalt": 0.08 * cobalt, "phosphate": phosphate}
    return at_risk(
        disruptions=("stop",), weight={"stop": 1.0}, pools_of={"stop": ("Here",)}, starts={"stop": 2030},
        accessible={("stop", "Here", n, y): kt for n, kt in left.items() for y in YEARS}, **changes,
    )  # fmt: skip


def two_futures(**options: Any) -> Futures:
    """In its own future a stop takes all NMC; in the other all LFP but 20 GWh, and of NMC what is above 90."""
    return Futures(stopped(0, 100), {"other": stopped(90, 20, plan_given=True)}, "expected", **options)


# --- parts of cutting planes -----------------------------------------------------------------------------------------


def test_what_an_objective_is_of_a_plan_in_truth_and_of_what_unit() -> None:
    """Two columns cost 3 and −4, with 5 beside them; losses are 7 in the own future and 10 and 30 in two others, of
    which 0.5 and 0.1 count: 3 · 2 − 4 · 1 + 5 + 5 + 3. Regret is the most above what is least in each. A loss is told
    beside the demand, a cost beside what the demand would cost at the dearest."""
    tried = Tried(np.array([2.0, 1.0]), np.array([7.0, 10.0, 30.0]))
    cost = Objective(np.array([3.0, -4.0]), 5.0, np.array([0.5, 0.1]), is_cost=True)
    regret = Objective(np.zeros(2), 0.0, np.zeros(2), most=True)
    planes: Any = SimpleNamespace(whole=200.0, _least=np.array([5.0, 9.0, 27.5]))
    assert CuttingPlanes._value(planes, cost, tried) == pytest.approx(6 - 4 + 5 + 5 + 3)
    assert CuttingPlanes._value(planes, regret, tried) == pytest.approx(2.5)
    planes._least = np.array([8.0, 11.0, 31.0])
    assert CuttingPlanes._value(planes, regret, tried) == 0
    assert CuttingPlanes._unit(planes, cost) == pytest.approx(MONEY * 200 * 4)
    assert CuttingPlanes._unit(planes, regret) == 200
    assert CuttingPlanes._unit(planes, Objective(np.zeros(0), 0.0, np.zeros(2), is_cost=True)) == 0
    found, places = CuttingPlanes._costs(planes, cost)
    assert found.tolist() == [3, -4, 0.5, 0.1, 0]
    assert places.tolist() == [0, 1, 2, 3]
    assert CuttingPlanes._costs(planes, regret)[0].tolist() == [0, 0, 0, 0, 1]


def test_a_plan_that_is_tried_bounds_the_model_where_that_holds_less_than_is_true() -> None:
    """Of three columns one future has the first and the third, and another, which has a use of none of them too, the
    second. Where the plan is (4, 5, 6) they lose 7 and 9, and 2 and −3 more for one more of the first and the second.
    The model stands at (3, 5, 6), where 7 − 2 are lost in the one and 9 in the other. By half a GWh it may be off."""
    asked: list[list[float]] = []
    rows: list[tuple[list[int], list[float], float, float]] = []

    def part(loss: float, slopes: list[float]) -> Any:
        return SimpleNamespace(loss=lambda plan: (asked.append(plan.tolist()), (loss, np.array(slopes)))[1])

    planes: Any = SimpleNamespace(
        _names=["one", "two"], parts={"one": part(7, [2, 0]), "two": part(9, [-3, 5])}, columns=3, _rounding=0.5,
        _plan=[np.array([0, 2]), np.array([1, -1])], _risk=np.array([1.0, 0.0, 0.5]), _constant=10.0,
        _row=lambda at, by, lower, upper: rows.append((at.tolist(), by.tolist(), lower, upper)),
    )  # fmt: skip
    values = np.array([4.0, 5.0, 6.0])
    tried, added = CuttingPlanes._tried(planes, values, np.array([3.0, 5.0, 6.0, 4.0, 8.5]))
    assert added
    assert asked == [[4, 6], [5, 0]]
    assert tried.loss == pytest.approx([4 + 3 + 10, 7, 9])
    # The loss in the one is at least 7 + 2 (x − 4), a column of its own behind those of the plan.
    assert rows == [([0, 3], [-2, 1], pytest.approx(-1), np.inf)]
    rows.clear()
    assert not CuttingPlanes._tried(planes, values, np.array([3.0, 5.0, 6.0, 4.5, 9.0]))[1]
    assert not rows
    assert CuttingPlanes._tried(planes, values, np.array([3.0, 5.0, 6.0, 5.0, 8.0]))[1]
    assert rows == [([1, 4], [3, 1], pytest.approx(9 + 15), np.inf)]


# --- by hand ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("many", [MANY, 2], ids=["one programme", "cutting planes"])
def test_one_plan_for_two_futures_by_hand(many: int) -> None:
    """With x GWh of NMC a year, x is lost in the own future and 80 − x in the other, up to 90 of NMC nothing there. So
    no NMC is best in the one and 90, the most and cheapest, in the other. On average all from 0 to 80 are alike, and
    80 cost least. Regret is least where both are alike: 40 a year."""
    futures, of = two_futures(near=0, many=many), {}
    least: dict[str, float] = {}
    for name, nmc in ((OWN, 0), ("other", 90), (AVERAGE, 80), (REGRET, 40)):
        found = of[name] = futures.chosen(name, least if name == REGRET else None)
        added = sum(gwh for (_, _, c, _), gwh in found.plan["additions"].items() if c == "nmc")
        assert added == pytest.approx(3 * nmc, abs=1e-4)
        assert found.cost == pytest.approx(3 * (70 * nmc + 75 * (100 - nmc)), rel=1e-6)
        held = futures.losses(found.plan)
        assert [held[each].loss for each in (OWN, "other")] == pytest.approx([3 * nmc, 3 * max(80 - nmc, 0)], abs=1e-3)
        if name in futures.names:
            least[name] = found.value
    assert {name: found.value for name, found in of.items()} == pytest.approx(
        {OWN: 0, "other": 0, AVERAGE: 120, REGRET: 120}, abs=1e-6
    )


def test_plans_that_are_tried_are_those_of_a_model_and_the_middle_to_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is of 100 GWh a year, in turn from a model and halfway from there to a plan that was tried before."""
    tried: list[list[float]] = []
    loss = Part.loss

    def noted(part: Part, plan: Any) -> Any:
        of = {key: float(gwh) for (name, key), gwh in zip(part.keys, plan, strict=True) if name == "additions"}
        unmet = sum(gwh for (name, _), gwh in zip(part.keys, plan, strict=True) if name == "unmet")
        assert sum(of.values()) + unmet == pytest.approx(300)
        tried.append([of["Here", "car", "nmc", y] for y in YEARS])
        return loss(part, plan)

    monkeypatch.setattr(Part, "loss", noted)
    assert two_futures(near=0, many=2).chosen(REGRET, {OWN: 0.0, "other": 0.0}).value == pytest.approx(120)
    assert len(tried) >= 7
    for at in range(2, 7, 2):
        ahead, middle = tried[at - 1], tried[at]
        other = [2 * half - end for half, end in zip(middle, ahead, strict=True)]
        assert any(other == pytest.approx(before, abs=1e-6) for before in tried[:at])


@pytest.mark.parametrize("many", [MANY, 3], ids=["one programme", "cutting planes"])
def test_of_plans_as_good_and_as_cheap_other_futures_decide(many: int) -> None:
    """Nothing is lost in the own future, and both cost the same. With x GWh of NMC a year, what is above 30 is lost in
    one further future and what is below 50 in another: on average all from 30 to 50 are alike, and 30 lose nothing in
    the first of the two."""
    own = stopped(100, 100)
    own = replace(own, price=dict.fromkeys(own.price, 75.0))
    beside = {name: replace(stopped(*left), price=own.price, plan_given=True)
              for name, left in (("one", (30, 100)), ("two", (100, 50)))}  # fmt: skip
    futures = Futures(own, beside, "expected", near=0, many=many)
    for name, nmc in ((OWN, 30), ("two", 50)):
        found = futures.chosen(name)
        held = {each: held.loss for each, held in futures.losses(found.plan).items()}
        assert held == pytest.approx({OWN: 0, "one": 3 * max(nmc - 30, 0), "two": 3 * max(50 - nmc, 0)}, abs=1e-4)


@pytest.mark.parametrize("left", [
    ((49, 98), (52, 59), (75, 48)),
    ((62, 81), (77, 39), (75, 5), (34, 21)),
    ((75, 60), (91, 48), (17, 60), (46, 66), (37, 30)),
    ((30, 56), (68, 20), (3, 50), (62, 12), (93, 48), (97, 54)),
])  # fmt: skip
def test_cutting_planes_go_on_from_a_plan_that_uses_what_it_may_miss(left: tuple[tuple[float, float], ...]) -> None:
    """In the first three futures 49 to 52 GWh of NMC a year lose 9 in all, and 52 are cheapest, at 21,720 million USD.
    A plan that misses the least loss by what it may costs less, so that the cheapest uses that: a next model that keeps
    to the loss more closely holds no plan."""

    def lost(nmc: float) -> list[float]:
        return [3 * (max(nmc - cobalt, 0) + max(100 - nmc - phosphate, 0)) for cobalt, phosphate in left]

    own, *others = left
    beside = {f"future {at}": stopped(*each, plan_given=True) for at, each in enumerate(others)}
    futures = Futures(stopped(*own), beside, "expected", near=0, many=2)
    # It bends only where a future begins to lose; of the best the one with most NMC.
    bends = [each for cobalt, phosphate in left for each in (cobalt, 100 - phosphate)]
    _, nmc = max((-sum(lost(each)), each) for each in bends)
    found, near = futures.chosen(AVERAGE), 2 * CLOSE * 300
    assert found.value == pytest.approx(np.mean(lost(nmc)), abs=near)
    # A plan that misses it by so much saves 5 million USD for each GWh that a future loses.
    assert found.cost == pytest.approx(3 * (70 * nmc + 75 * (100 - nmc)), abs=2 * 5 * near * len(left))
    assert found.left_out == 0
    held = [held.loss for held in futures.losses(found.plan).values()]
    assert np.mean(held) <= found.value + near
    assert held == pytest.approx(lost(nmc), abs=2 * near * len(left))


def three(least: dict[str, float] | None = None) -> CuttingPlanes:
    """Futures that lose x, 80 − x and 90 − x GWh a year for x GWh of NMC."""
    own, beside = stopped(0, 100), {name: stopped(100, left, plan_given=True) for name, left in (("a", 20), ("b", 10))}
    futures = Futures(own, beside, "expected")
    parts = {name: Part(futures._alone(name), "expected") for name in beside}
    return CuttingPlanes(Session(own, "expected"), parts, "expected", {}, least or {}, 300.0)


@pytest.mark.parametrize(("least", "regret"), [
    ({OWN: 6.0, "a": 60.0, "b": 30.0}, 117), ({OWN: 0.0, "a": 0.0, "b": 0.0}, 135), ({"b": 60.0}, 120),
])  # fmt: skip
def test_the_least_regret_is_above_what_each_future_loses_at_least(least: dict[str, float], regret: float) -> None:
    """With 6, 60 and 30 GWh at least: 3 x − 6, 180 − 3 x and 240 − 3 x, of which the most is least at 41. Without, 3 x
    and 270 − 3 x are alike at 45; with 60 of the last alone, 3 x and 240 − 3 x at 40."""
    planes = three(least)
    found = planes.best([planes.regret()])
    assert (found.least, found.value) == pytest.approx((regret, regret), abs=1e-3)


def test_each_stage_may_be_missed_a_little_more_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a ten millionth of the demand, or of a hundredth of what it costs, and as much more in equal steps to the last
    stage. What is true may be half a step above the row of the model; half of that is no reason for a further bound. On
    average 90 GWh are lost with 80 to 90 GWh of NMC a year."""
    planes, known, values, stage = three(), list[list[float]](), list[float](), CuttingPlanes._stage

    def noted(own: CuttingPlanes, each: Objective, best: Tried | None, as_good: Any) -> tuple[float, Tried]:
        known.append([most for _, most in as_good])
        least, tried = stage(own, each, best, as_good)
        values.append(own._value(each, tried))
        return least, tried

    monkeypatch.setattr(CuttingPlanes, "_stage", noted)
    found = planes.best([planes.average(), planes.objective("cost"), planes.objective("a"), planes.objective("b")])
    assert (found.least, found.value, found.left_out) == (pytest.approx(90), pytest.approx(90), 0)
    step, units = CLOSE / 4, (300.0, MONEY * 75 * 300)
    assert planes._rounding == pytest.approx(step / 4 * 300)
    assert [len(each) for each in known] == [0, 1, 2, 3]
    assert [each[0] - found.value for each in known[1:]] == pytest.approx(
        [(CLOSE + (number + 0.5) * step) * units[0] for number in (1, 2, 3)], rel=1e-3
    )
    assert [known[number][1] - values[1] for number in (2, 3)] == pytest.approx(
        [(CLOSE + (number - 0.5) * step) * units[1] for number in (2, 3)], rel=1e-3
    )
    upper = list(planes.highs.getLp().row_upper_)[-4:]
    constants = (planes.average().constant, 0.0)
    assert upper[:2] == pytest.approx(
        [most - step / 2 * unit - constant for most, unit, constant in zip(known[3], units, constants, strict=False)],
        rel=1e-12, abs=1e-9,
    )  # fmt: skip
    assert upper[3] == np.inf


def test_what_is_as_good_already_is_tried_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same objective again, or one in which nothing counts."""
    tries, tried = list[int](), CuttingPlanes._tried
    for further in ((), ("average",), ("nothing",)):
        planes, count = three(), [0]

        def noted(own: CuttingPlanes, *of: Any, count: list[int] = count) -> tuple[Tried, bool]:
            count[0] += 1
            return tried(own, *of)

        monkeypatch.setattr(CuttingPlanes, "_tried", noted)
        nothing = Objective(np.zeros(planes.columns), 0.0, np.zeros(2), is_cost=True)
        planes.best([planes.average(), *({"average": planes.average(), "nothing": nothing}[each] for each in further)])
        tries += count
    assert tries == [tries[0]] * 3


def test_of_late_stages_those_that_the_simplex_leaves_open_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the fourth on; those before are solved afresh. Of plans with the least loss on average 90 GWh of NMC a year
    are the cheapest."""
    resumed = cutting.resumed
    monkeypatch.setattr(cutting, "resumed", lambda highs, strategy=DUAL: strategy == DUAL and resumed(highs))
    planes = three()
    losses = [planes.objective(name) for name in ("a", "expected", "b", "a")]
    found = planes.best([planes.average(), planes.objective("cost"), *losses])
    assert found.left_out == 3
    assert found.value == pytest.approx(90)
    assert planes._value(planes.objective("cost"), Tried(found.values, np.zeros(3))) == pytest.approx(21_150, rel=1e-6)


def test_shares_move_among_plans_nearly_as_good() -> None:
    """A regret of 121.2 GWh is nearly as good as 120: of NMC at most that in three years. In one year alone that can be
    82.4 GWh, as the others need 38.8 then, or none."""
    found = two_futures().chosen(REGRET, {OWN: 0.0, "other": 0.0})
    value, low, high = found.share["Here", "NMC", 2030]
    assert low <= value <= high
    assert (low, high) == pytest.approx((0, 0.824))


def test_nearly_as_good_as_no_loss_is_a_part_of_the_demand(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the other future 80 to 90 GWh of NMC a year lose nothing, and 0.01 · 0.03 GWh are as good. What of its blocks
    presses is looked for in each plan at an end."""
    noted: list[int] = []
    monkeypatch.setattr(Session, "note", lambda session, values: noted.append(len(values)))
    monkeypatch.setattr(Session, "missed", property(lambda _: False))
    monkeypatch.setattr(Futures, "_session", lambda futures, _: Session(
        futures.own, "expected",
        other_futures={"other": (futures.other_futures["other"], Library(futures.other_futures["other"]))},
    ))  # fmt: skip
    _, low, high = two_futures().chosen("other").share["Here", "NMC", 2030]
    assert (low, high) == pytest.approx((0.8 - 3e-6, 0.9 + 3e-6), abs=5e-7)
    assert len(set(noted)) == 1


def test_what_a_future_cannot_supply_is_short_and_lost() -> None:
    """Of 100 GWh of LFP it has phosphate for 30; the stop comes in 2031, and what was short before counts too."""
    own = stopped(100, 100)
    supplied = {**own.supplied, **{("phosphate", "AUS", y): 30.0 for y in YEARS}}
    dry = replace(own, supplied=supplied, starts={"stop": 2031}, plan_given=True)
    futures = Futures(own, {"dry": dry}, "expected")
    plan = {"additions": {("Here", "car", "lfp", y): 100.0 for y in YEARS}}
    held = futures.losses({name: plan.get(name, {}) for name in PLAN})
    assert (held[OWN].loss, held[OWN].short) == pytest.approx((0, 0), abs=1e-6)
    assert (held["dry"].loss, held["dry"].short) == pytest.approx((210, 210))
    assert held["dry"].cost == pytest.approx(3 * 30 * 75)
    best = futures.chosen("dry")
    assert best.value == pytest.approx(0, abs=1e-6)
    assert sum(gwh for (_, _, c, _), gwh in best.plan["additions"].items() if c == "nmc") >= 210 - 1e-6


@pytest.mark.parametrize("many", [MANY, 2], ids=["one programme", "cutting planes"])
def test_a_plan_costs_no_more_than_it_may(many: int) -> None:
    """To lose nothing in its own future takes LFP alone, which is 1,500 million USD above the cheapest."""
    capped = two_futures(most_cost=21_000.0 + 600.0, many=many)
    found = capped.chosen(OWN)
    assert (found.value, found.cost) == pytest.approx((180, 21_600))
    assert capped.losses(found.plan)[OWN].loss == pytest.approx(180, abs=1e-3)


# --- parts of an answer ----------------------------------------------------------------------------------------------


def test_how_far_shares_move_is_found_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of plans nearly as good, in a model of the future whose plan it is or of all; and of many futures together not
    at all."""
    moved: list[tuple[str, tuple[str, ...]]] = []

    def sure(_: Futures, __: object, names: Any, asked: Any) -> Any:
        found = asked(None)
        moved.extend([(found, tuple(names))] if isinstance(found, str) else [])
        return found

    monkeypatch.setattr(Futures, "_sure", sure)
    monkeypatch.setattr(Futures, "_ends", lambda *of: of[2])
    monkeypatch.setattr(Futures, "_best", lambda *of: ("one programme", of[-1]))
    monkeypatch.setattr(Futures, "_by_cutting_planes", lambda *of: ("cutting planes", of[-1]))
    for options, objective, way, names in (
        ({}, OWN, "one programme", (OWN,)), ({}, AVERAGE, "one programme", (OWN, "other")),
        ({"ranged": False}, OWN, "one programme", None), ({"near": 0.0}, AVERAGE, "one programme", None),
        ({"many": 2}, "other", "cutting planes", ("other",)), ({"many": 2}, REGRET, "cutting planes", None),
        ({"many": 3}, REGRET, "one programme", (OWN, "other")),
    ):  # fmt: skip
        moved.clear()
        assert two_futures(**options).chosen(objective) == (way, {} if names is None else objective)  # type: ignore[comparison-overlap]
        assert moved == ([] if names is None else [(objective, names)])


def test_what_moves_holds_what_is_chosen() -> None:
    """A share lies between its ends, and these between nothing and it, whatever a solver rounds; without ends it does
    not move. A loss is not below nothing."""
    futures = two_futures()
    session = Session(futures.own, "expected")
    values = session.optimum("cost").values
    nmc, lfp = ("Here", "NMC", 2030), ("Here", "LFP", 2030)
    for ends, told in (
        ({}, {nmc: (1, 1, 1), lfp: (0, 0, 0)}),
        ({nmc: (-0.1, 0.7), lfp: (-0.2, -0.1)}, {nmc: (1, 0, 1), lfp: (0, 0, 0)}),
        ({nmc: (0.4, 1.1), lfp: (0.1, 0.5)}, {nmc: (1, 0.4, 1.1), lfp: (0, 0, 0.5)}),
    ):
        found = futures._as_chosen(session, -1e-9, values, ends)  # type: ignore[arg-type]
        assert {place: pytest.approx(share) for place, share in told.items()} == found.share
        assert (found.value, found.cost) == (0, pytest.approx(21_000))
    assert futures._as_chosen(session, 7.0, values, {}).value == 7


def test_shares_are_told_of_what_is_sold_in_the_years_shown() -> None:
    """Of 2030, 2035 and 2040, or else of the last year."""
    for years, shown in (((2029, 2030, 2035), [2030, 2035]), ((2031, 2032, 2033), [2033])):
        data: Any = SimpleNamespace(years=years, family={"nmc": "NMC", "lfp": "LFP", "na": "Na"}, regions=("A", "B"))
        cells = [("A", c, y) for c in ("nmc", "lfp") for y in years] + [("B", "lfp", years[-1])]
        session: Any = SimpleNamespace(
            model=SimpleNamespace(cells_of=cells), share=lambda r, f, of: [len(of), of[0], r == "B" and f == "LFP"]
        )
        places, weights = Futures._shares(SimpleNamespace(own=data), session)  # type: ignore[arg-type]
        assert places == [("A", f, y) for f in ("NMC", "LFP") for y in shown] + [("B", "LFP", years[-1])]
        assert weights.tolist() == [[1, y, r == "B"] for r, _, y in places]


def test_what_a_plan_loses_is_what_it_loses_when_it_is_played_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """To a millionth of the demand, above which what is short is told too."""
    futures, off, short, evaluate = two_futures(), [0.0], [0.0], Session.evaluate

    def played(session: Session, values: Any) -> Any:
        found = evaluate(session, values)
        return replace(found, exposure=found.exposure + off[0])

    monkeypatch.setattr(Session, "evaluate", played)
    monkeypatch.setattr(Session, "levels", lambda *_: {"one": short[0] / 4, "other": short[0] * 3 / 4})
    least = AGREE * 300.0
    for off[0] in (0.9 * least, -0.9 * least):
        for short[0], told in ((least, 0), (1.1 * least, 1.1 * least)):
            held = futures._held("other", half())
            assert (held.loss, held.replayed) == pytest.approx((90, 90 + off[0]), abs=1e-6)
            assert held.short == pytest.approx(told)
    for off[0] in (1.1 * least, -1.1 * least):
        with pytest.raises(NumericalTrouble, match=r"a plan loses \S+ GWh in a future when it is played back"):
            futures._held("other", half())


def half(of_nmc: float = 0.5) -> dict[str, Any]:
    """A plan with that part of NMC, and the rest of LFP."""
    part = {"nmc": of_nmc, "lfp": 1 - of_nmc}
    return {name: {} for name in PLAN} | {
        "additions": {("Here", "car", c, y): 100 * part[c] for c in part for y in YEARS}
    }


def test_a_plan_that_is_held_is_had_within_its_cost_in_its_own_future_alone() -> None:
    """Half of each costs 21,750 million USD, and takes all of its phosphate."""
    with pytest.raises(Infeasible):
        two_futures(most_cost=21_749.0)._held(OWN, half())
    assert two_futures(most_cost=21_750.0)._held(OWN, half()).loss == pytest.approx(150)
    assert two_futures(most_cost=1.0)._held("other", half()).loss == pytest.approx(90)
    own = stopped(100, 100)
    for phosphate in (50.0, 49.0):
        supplied = {**own.supplied, **{("phosphate", "AUS", y): phosphate for y in YEARS}}
        futures = Futures(replace(own, supplied=supplied), {}, "expected")
        if phosphate == 50:
            assert futures._held(OWN, half()).loss == pytest.approx(0, abs=1e-6)
        else:
            with pytest.raises(Infeasible):
                futures._held(OWN, half())


def test_the_cheapest_way_to_have_a_plan_loses_as_little_but_for_a_millionth(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of its loss, or of one GWh where that is more."""
    asked: list[tuple[str, str, float | None]] = []
    among_best = Session.among_best

    def noted(session: Session, objective: str, best: float, further: str, caps: Any, **how: bool) -> Any:
        asked.append((objective, further, caps.get("expected")))
        return among_best(session, objective, best, further, caps, **how)

    monkeypatch.setattr(Session, "among_best", noted)
    futures = two_futures()
    for plan, most in ((half(), 90 + 90e-6), (half(0.9), 1e-6)):
        asked.clear()
        futures._held("other", plan)
        assert asked == [("expected", "unmet_demand", None), ("unmet_demand", "cost", pytest.approx(most, abs=1e-8))]


# --- what must hold --------------------------------------------------------------------------------------------------


def harder(data: MixData, part: float) -> MixData:
    """A future in which a stop leaves so much of what it does, and suppliers have half of their supply."""
    return replace(
        data, plan_given=True, accessible={key: part * kt for key, kt in data.accessible.items()},
        own={key: part * kt for key, kt in data.own.items()},
        supplied={key: 0.5 * kt for key, kt in data.supplied.items()},
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", ["regions", "limits", "kink", "routes"])
def test_what_must_hold_of_any_futures(name: str) -> None:
    """Regret is nowhere below nothing and nothing in a future's own column; what is least over all futures is what the
    plan loses when it is held in each; no plan has less regret; and what was asked before changes no bit."""
    data = TOYS[name]()
    futures = Futures(data, {"hard": harder(data, 0.5), "harder": harder(data, 0.2)}, "expected", ranged=False)
    best = {name: futures.chosen(name) for name in futures.names}
    least = {name: found.value for name, found in best.items()}
    best |= {AVERAGE: futures.chosen(AVERAGE), REGRET: futures.chosen(REGRET, least)}
    whole = sum(data.demand.values())
    losses = {mix: {of: held.loss for of, held in futures.losses(found.plan).items()} for mix, found in best.items()}
    regret = {mix: max(by[of] - least[of] for of in least) for mix, by in losses.items()}
    for mix, by in losses.items():
        assert all(by[of] - least[of] >= -1e-6 * whole for of in least)
        if mix in least:
            assert by[mix] == pytest.approx(least[mix], abs=2e-6 * whole)
    assert np.mean(list(losses[AVERAGE].values())) == pytest.approx(best[AVERAGE].value, abs=2e-6 * whole)
    assert regret[REGRET] == pytest.approx(best[REGRET].value, abs=2e-6 * whole)
    assert regret[REGRET] <= min(regret.values()) + 2e-6 * whole
    assert best[AVERAGE].value <= min(np.mean(list(by.values())) for by in losses.values()) + 2e-6 * whole
    again = pickle.loads(pickle.dumps(futures))
    assert again.losses(best[REGRET].plan)["harder"].loss == losses[REGRET]["harder"]
    assert all(held.loss == pytest.approx(held.replayed) for held in again.losses(best[OWN].plan).values())
    assert again.chosen(REGRET, least).value == best[REGRET].value


def test_a_future_beside_adds_only_what_it_decides() -> None:
    """Its block has the plan's own variables, and nothing of a disruption that does not press."""
    data = at_risk()
    alone = Session(data, "expected").compiled.form
    library = Library(replace(data, plan_given=True))
    both = Session(data, "expected", other_futures={"later": (library.within(), library)}).compiled.form
    added = {column.parent_component().local_name for column in both.columns[len(alone.columns) :]}
    assert not added & {"additions", "unmet", "built", "retrofitted", "held", "at_home"}


# --- the study -------------------------------------------------------------------------------------------------------

#: In this future half of all coated graphite is made in Germany, and a stop takes nothing.
RICH = "rich,coated_graphite,CHN,2028,0.5,,,1,low,assumed,,assumed,Plans.\n"
RICH += "rich,coated_graphite,DEU,2028,0.5,,,1,low,assumed,,assumed,Plans.\n"
STUDY = "study={kind='robust'%s}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = lay_out(tmp_path_factory.mktemp("robust") / "tables", "toy", "toy_whole")
    for table, text in (("supply_share", RICH), ("supply_futures", "rich,Rich,today,With plants elsewhere.\n")):
        with (made / f"{table}.csv").open("a", encoding="utf-8") as file:
            file.write(text)
    return made


@pytest.fixture(scope="module")
def whole(folder: Path) -> Result:
    return run(folder / "chosen.toml", [STUDY % ", worlds='three'"], folder)


@pytest.mark.slow
def test_reference_worlds_that_the_inputs_lack_are_named(whole: Result) -> None:
    """The toy has none of the three: on the screen and in the record."""
    left_out = whole.record["study"]["worlds_left_out"]
    names = ["stated-trend", "sodium-led", "next-gen-led with silicon next-gen-led"]
    assert left_out == {name: f"market_share has no scenario {name.split()[0]}" for name in names}
    told = _robust(whole, 120)
    assert told[-1] == "Left out: the reference world {}, as {}.".format(*list(left_out.items())[-1])
    assert whole["robust"]["world"].nunique() == 1
    assert not whole["robust_mix"]["left_open"].any()
    assert "left the last choices" not in " ".join(told)
    one = whole["robust_mix"].assign(left_open=(whole["robust_mix"]["mix"] == "regret").astype(int))
    told = _robust(replace(whole, tables={**whole.tables, "robust_mix": one}), 120)
    assert f"Of 1 of {len(one)} plans the solver left the last choices among plans as good open." in " ".join(told)


@pytest.mark.slow
def test_the_study_of_the_toy_that_is_solved_by_hand(whole: Result, folder: Path) -> None:
    """What is best in the future of the run is what the run itself chooses; where Germany makes half of the graphite a
    stop takes nothing, so that no plan has any regret there, and the one with the least regret is the run's."""
    table = whole["robust"].set_index(["mix", "future"])
    best = whole["mix_stage"].query("stage == 'objective'")["value"].item()
    assert table.loc[("today", "today"), "value"] == pytest.approx(best, rel=1e-6)
    assert table.loc[("today", "rich"), "value"] == pytest.approx(0, abs=1e-6)
    for mix in ("today", "average", "regret"):
        assert (table.loc[mix, "regret"] == 0).all()
        assert (table.loc[mix, "short"] == 0).all()
    # Of plans that lose nothing where Germany makes half, the cheapest is best; it loses more today.
    cheapest = whole["mix_baseline"].query("mix == 'cheapest'")["exposure"].item()
    assert table.loc[("rich", "today"), "value"] == pytest.approx(cheapest, rel=1e-4)
    plans = whole["robust_mix"].set_index("mix")
    assert plans.loc["rich", "worst_regret"] == pytest.approx(cheapest - best, rel=1e-4)
    assert plans.loc["rich", "binding"] == "today"
    assert plans.loc["rich", "more_cost"] < 0
    share = whole["robust_share"].query("mix == 'regret'").groupby(["region", "year"])["value"].sum()
    assert share.to_numpy() == pytest.approx(1)
    assert whole["robust_share"][["low", "high"]].isna().all(axis=None) == (ranges_of(whole) == "off")
    assert {"today", "rich"} <= set(whole["inputs_used"]["future"])
    assert whole.record["codes"]["future"]["rich"]["label"] == "Rich"


def ranges_of(result: Result) -> str:
    return str(result.record["config"]["optimise"]["ranges"])


@pytest.mark.slow
def test_the_study_goes_on_where_it_was_with_any_number_of_workers(folder: Path, tmp_path: Path) -> None:
    api.run(folder / "chosen.toml", set=[STUDY % ""], inputs=folder, out=tmp_path / "one")
    two, seen = STUDY % ", workers=2", list[int]()

    def stop(done: int, _: int) -> None:
        seen.append(done)
        if len(seen) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        api.run(folder / "chosen.toml", set=[two], inputs=folder, out=tmp_path / "two", progress=stop)
    kept = tmp_path / "two.partial" / "points" / "points.jsonl"
    lines = kept.read_bytes()
    assert lines.count(b"\n") >= 2
    kept.write_bytes(lines[:-20])  # The last one is cut off, and solved again.
    api.run(folder / "chosen.toml", set=[two], inputs=folder, out=tmp_path / "two")
    assert not (tmp_path / "two.partial").exists()
    for table in ("robust", "robust_mix", "robust_share"):
        one, again = ((tmp_path / name / "tables" / f"{table}.csv").read_bytes() for name in ("one", "two"))
        assert one == again
        assert len(read_csv(tmp_path / "one" / "tables" / f"{table}.csv")) == one.count(b"\n") - 1


@pytest.mark.slow
@pytest.mark.parametrize(("run_file", "sets", "message"), [
    ("whole.toml", (STUDY % "",), "begins from a mix that is chosen; add .optimise."),
    ("chosen.toml", (STUDY % ", futures=['rch']",), "not in supply_futures.csv; did you mean 'rich'"),
    ("chosen.toml", (STUDY % ", futures=['today']",), "there is but that of the run"),
    ("chosen.toml", (STUDY % ", draws=100",), "draws"),
    ("chosen.toml", (STUDY % "", "optimise.objective='cost'"), "by which plans are compared"),
    ("chosen.toml", (STUDY % "", "optimise.unmet=true"), "tells what of it is short in each"),
    ("chosen.toml", (STUDY % "", "optimise.loss='industry'"), "which each future decides anew"),
    ("chosen.toml", (STUDY % "", "optimise.exposure_cap=100"), "mixes money with losses"),
])  # fmt: skip
def test_what_the_study_needs_is_said(folder: Path, run_file: str, sets: tuple[str, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        run(folder / run_file, sets, folder)


@pytest.mark.slow
@pytest.mark.long
def test_futures_of_europe() -> None:
    """No mix has less regret than the one that is chosen by it, and what a future cannot supply is no reason to stop:
    of five the base case of the IEA is short of batteries whatever the mix."""
    found = api.run("europe-robust", set=["optimise.ranges='off'", f"scope.years.last={LAST}", "output.charts=[]"])
    table, plans = found["robust"], found["robust_mix"].set_index("mix")
    whole = found.record["mix"]["wanted"]
    regret = table.pivot_table(index="mix", columns="future", values="regret")
    assert (regret >= 0).all(axis=None)
    assert all(regret.loc[name, name] == 0 for name in regret.columns)
    assert (abs(table["replayed"] - table["value"]) <= 1e-6 * whole).all()
    assert plans.loc["regret", "worst_regret"] <= plans["worst_regret"].min() + 1e-6 * whole
    assert plans.loc["average", "average"] <= plans["average"].min() + 1e-6 * whole
    assert plans.loc["today", "own"] == pytest.approx(
        found["mix_stage"].query("stage == 'objective'")["value"].item(), abs=1e-6 * whole
    )
