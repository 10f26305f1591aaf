"""A plan played back, and long libraries of which a model holds what presses: as the whole model, and by hand."""

from __future__ import annotations

from dataclasses import replace
from itertools import cycle
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from pyomo.core import Var
from test_mix import YEARS, at_risk, left, sharing, short_of_cells, staged, two_makers
from test_near import TOYS, assert_same
from test_solution import anything, limited

from minerals.case.mix_lost import replayed
from minerals.case.played import Lost
from minerals.errors import Infeasible, NumericalTrouble
from minerals.exposure.makers import pressing
from minerals.mix import replay as replay_module
from minerals.mix import solution as solution_module
from minerals.mix.constraints import recourse
from minerals.mix.data import MixData
from minerals.mix.model import build
from minerals.mix.objective import RISKS
from minerals.mix.replay import Library
from minerals.mix.session import Session
from minerals.mix.solution import Criteria, choose, risk_of


def short_of_inputs() -> MixData:
    """Home could make 80 of 100 GWh, at 7 more than Korea sells them, whose makers share anodes; under a second stop
    they have fewer of them, and cells of any kind are short too."""
    data = sharing(80.0)
    other = {key: ("both", *key[1:]) for key in (*data.left, *data.keeps, *data.inputs)}
    return replace(
        data, disruptions=("china", "both"), weight={"china": 1.0, "both": 0.5}, starts={"china": 2030, "both": 2030},
        pools_of={"china": ("Here",), "both": ("Here",)}, undisturbed={("Here", "cell", 2030): 100.0},
        accessible={("both", "Here", "cell", 2030): 85.0},
        left={**data.left, **{other[key]: part for key, part in data.left.items()}},
        keeps={**data.keeps, **{other[key]: part for key, part in data.keeps.items()}},
        inputs={**data.inputs, **{other[key]: pressing("alike", 50.0, 50.0, 20.0, 100.0) for key in data.inputs}},
    )  # fmt: skip


PLANS = {**TOYS, "cells": short_of_cells, "stages": lambda: staged(50.0, 60.0, 70.0, (10.0, 20.0)),
         "loss": lambda: anything(5), "inputs": short_of_inputs}  # fmt: skip


def by_model(session: Session, objective: str, values: Any) -> float:
    """Least of an objective with a plan held in the whole model."""
    column, held = session.compiled.form.column_of, []
    for component in session.model.component_objects(Var):
        if component.name not in (*recourse.VARIABLES, "most", "beyond", "threshold"):
            held += [(each, values[column[id(each)]]) for each in component.values() if id(each) in column]
    with session.compiled.held(held, slack=1e-9):
        return session.optimum(objective).objective


# --- a plan played back ----------------------------------------------------------------------------------------------


def test_what_is_lost_of_a_plan_by_hand() -> None:
    """Of 60 GWh of NMC a year Congo takes 10, and China as much of 40 of LFP."""
    session = Session(at_risk(), "expected")
    plan = session.with_additions({("Here", "car", "nmc", y): 60.0 for y in YEARS} | {
        ("Here", "car", "lfp", y): 40.0 for y in YEARS})  # fmt: skip
    values = plan.values.copy()
    values[[session.compiled.column(each) for each in session.model.at_home.values()]] = 0
    found = session.evaluate(values)
    assert session.losses(found.values) == pytest.approx({"congo": 30, "china": 30, "calm": 0})
    assert (found.exposure, found.cost) == pytest.approx((15, 3 * (60 * 70 + 40 * 75)))
    assert session.value("worst", found.values) == pytest.approx(30)


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_played_back_loses_as_little_as_the_model_with_it_held(name: str) -> None:
    """By every measure of risk; of the cheapest plans and of those with the least loss, one after the other."""
    data = PLANS[name]()
    for level in (0.8, 0.3):
        session = Session(data, "expected", level=level)
        for objective in ("cost", "expected", "worst"):
            values = session.optimum(objective).values
            found = session.evaluate(values)
            losses = session.losses(found.values)
            for risk in RISKS:
                least = by_model(session, risk, values)
                assert session.value(risk, found.values) == pytest.approx(least, rel=1e-6, abs=1e-6)
                assert risk_of(losses, data.weight, risk, level) == pytest.approx(least, rel=1e-6, abs=1e-6)


def test_what_is_lost_of_a_plan_that_buys_of_makers_who_share_by_hand() -> None:
    """Of 40 GWh of Korea, China's stop leaves 0.6 kt each, 24; the other one 0.2 kt, 8, so that home's 60 make 68."""
    session = Session(short_of_inputs(), "expected")
    values = session.optimum("cost").values.copy()
    for name, gwh in (("production", 60.0), ("imports", 40.0)):
        values[[session.compiled.column(each) for each in getattr(session.model, name).values()]] = gwh
    found = session.evaluate(values)
    assert session.losses(found.values) == pytest.approx({"china": 16, "both": 32})


@pytest.mark.parametrize(("loss", "lost"), [("industry", 3), ("supply", 73)])
def test_of_a_disruption_without_a_weight_the_model_knows_no_loss(loss: Any, lost: float) -> None:
    """China's stop takes 3 of the 30 GWh that are made at home and the 70 that it sells; a stop of all, which takes the
    100, has no weight and so no recourse. Neither nothing nor all demand is what it takes."""
    stops = {("all", "Here", j, "nmc", 2030): 0.0 for j in ("Here", "CHN")}
    data = two_makers(
        loss=loss, left={**left(home=0.9, CHN=0.0), **stops}, own_share={("Here", 2030): 0.3},
        disruptions=("china", "all"), weight={"china": 1.0, "all": 0.0},
        starts=dict.fromkeys(("china", "all"), 2030), pools_of=dict.fromkeys(("china", "all"), ("Here",)),
        supplied={("cell", "Here", 2030): 30.0, ("cell", "CHN", 2030): 80.0},
    )  # fmt: skip
    found = choose(data, Criteria(frontier="off", ranges="off"))
    assert found.losses == pytest.approx({"china": lost})


def test_a_library_is_long_by_its_blocks_with_a_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two nodes that a stop takes in one year are one block, and its makers' inputs in another year a second, whatever
    little it weighs; a stop without a weight has none."""
    monkeypatch.setattr(replay_module, "LONG", 3)
    hit = ("stop", "Here", "ore"), ("stop", "Here", "metal"), ("all", "Here", "ore"), ("other", "There", "ore")
    blocks = {(*key, 2030): 1.0 for key in hit}
    data: Any = SimpleNamespace(accessible=blocks, inputs={}, weight={"stop": 0.1, "other": 0.9, "all": 0.0})
    assert not replay_module.is_long(data)
    data.inputs = {("stop", "Here", "KOR", "nmc", 2031): ()}
    assert replay_module.is_long(data)


def test_what_is_played_back_is_held_against_what_the_model_knows() -> None:
    """Of two stops the model knows the loss of the one with a weight: that it is more when it is played back is a bug.
    The other is told as it is played back."""
    stops = {"china": 1.0, "all": 0.0}
    chosen: Any = SimpleNamespace(
        data=SimpleNamespace(demand={"Here": 100.0}, disruptions=tuple(stops), years=(2030,), weight=stops),
        config=SimpleNamespace(
            loss="industry", level=0.8, risk="expected", objective="gwh_at_risk", exposure_cap=None
        ),
        solution=SimpleNamespace(unmet={}, losses={"china": 3.0}, exposure=3.0), scenario="optimised",
        assembly=SimpleNamespace(chokepoints=SimpleNamespace(years=(2030,))),
    )  # fmt: skip

    def played(china: float) -> Any:
        found = [
            SimpleNamespace(event=SimpleNamespace(disruption=name), year=0, lost=Lost(gwh, gwh, gwh))
            for name, gwh in (("china", china), ("all", 30.0))
        ]
        return SimpleNamespace(of=lambda _: found)

    assert replayed(chosen, played(3.0)) == {"china": 3.0, "all": 30.0}
    with pytest.raises(NumericalTrouble, match=r"loses 4 GWh under china .* and in the model 3"):
        replayed(chosen, played(4.0))


# --- long libraries --------------------------------------------------------------------------------------------------


def test_a_model_holds_nothing_of_what_does_not_press() -> None:
    """Under calm there is enough of all; in 2030 Congo and China leave it too."""
    more = {(d, "Here", n, 2030): 1e3 for d in ("congo", "china") for n in ("cobalt", "phosphate")}
    data = at_risk(accessible={**at_risk().accessible, **more})
    library = Library(data)
    assert library.within().accessible == {}
    model = build(library.within())
    assert not len(model.at_home)
    session = Session(library.within(), "expected", library=library)
    assert session.optimum("expected").objective == pytest.approx(0), "all that is made counts as had"
    assert library.missed <= {(d, "Here", y) for d in ("congo", "china") for y in (2031, 2032)}
    while library.missed:
        session = Session(library.within(), "expected", library=library)
        least = session.optimum("expected").objective
    assert least == pytest.approx(10)
    assert library.held == {(d, "Here", y) for d in ("congo", "china") for y in (2031, 2032)}


CRITERIA = {
    "all": Criteria(ranges="all", frontier="certified", cost_cap=0.05),
    "worst": Criteria(objective="worst", cost_cap=0.02),
    "cvar": Criteria(objective="cvar", level=0.5, ranges="default"),
    "worth": Criteria(worth=50.0),
    "weighted": Criteria(objective="weighted", weights={"expected": 2.0, "cost": 0.01}),
    "unmet": Criteria(unmet=True, cost_cap=0.1),
}
#: By which criterion a plan is chosen in the quick tests: each in turn.
IN_TURN = dict(zip(PLANS, cycle(CRITERIA), strict=False))


@pytest.mark.parametrize(("name", "by"), [
    pytest.param(name, by, marks=() if IN_TURN[name] == by else pytest.mark.slow) for name in PLANS for by in CRITERIA
])  # fmt: skip
def test_a_long_library_is_chosen_from_as_a_short_one_is(name: str, by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every number: the mix, its losses, ranges and frontier, and the mixes beside it. Of the parts of the cost the sum
    alone: what is left of a line that is not built is rounding."""
    criteria = replace(CRITERIA[by], near=0.01)
    whole = choose(PLANS[name](), criteria)
    monkeypatch.setattr(replay_module, "LONG", 0)
    assert_same(whole, choose(PLANS[name](), criteria), but=("cost",))


def test_a_cap_that_no_mix_keeps_is_told_of_the_whole_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without what presses any cap would be kept."""
    monkeypatch.setattr(replay_module, "LONG", 0)
    with pytest.raises(Infeasible, match=r"exposure_cap = 3: no mix.* loses less than 15.0 GWh"):
        choose(at_risk(), Criteria(objective="cost", exposure_cap=3.0))
    found = choose(at_risk(), Criteria(objective="cost", exposure_cap=20.0))
    least = Session(at_risk(), "cost").least("cost", caps={"expected": 20.0})
    assert found.exposure == pytest.approx(least.cost, rel=1e-6)


def many(count: int) -> MixData:
    """Of `limited`, disruptions that leave more and more."""
    data, random = limited(), np.random.default_rng(count)
    names = tuple(f"event {at}" for at in range(count))
    scale = dict(zip(names, 10 ** random.uniform(-1, 2, count), strict=True))
    of = dict(zip(names, random.choice(list(data.disruptions), count), strict=True))
    return replace(
        data, disruptions=names, weight=dict(zip(names, random.uniform(0.1, 1, count).tolist(), strict=True)),
        starts={name: data.starts[of[name]] for name in names},
        pools_of={name: data.pools_of[of[name]] for name in names},
        accessible={
            (name, *key[1:]): kt * scale[name]
            for name in names for key, kt in data.accessible.items() if key[0] == of[name]
        },
    )  # fmt: skip


def test_of_many_disruptions_few_are_held_and_the_least_is_that_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    data, criteria, libraries = many(200), Criteria(cost_cap=0.05), list[Library]()
    assert solution_module.is_long(data)
    monkeypatch.setattr(solution_module, "Library", lambda data: libraries.append(Library(data)) or libraries[-1])
    told = choose(data, criteria)
    monkeypatch.setattr(replay_module, "LONG", 10_000)
    whole = choose(data, criteria)
    assert told.best == pytest.approx(whole.best, rel=1e-6)
    assert told.baselines["cheapest"].exposure == pytest.approx(whole.baselines["cheapest"].exposure, rel=1e-6)
    assert told.losses == pytest.approx(whole.losses, rel=1e-6, abs=1e-6)
    assert 0 < len(libraries[0].held) < 300, "of 600 blocks"
