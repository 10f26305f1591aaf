"""Conflicts by hand and at random: named, irreducible, and resolved by the loosening that is offered."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

import highspy
import numpy as np
import pyomo.environ as pyo
import pytest

from minerals.case import why_infeasible
from minerals.case.why_infeasible import (
    CAUSES,
    COMMERCIAL,
    ENTRIES,
    ROWS,
    SEARCH,
    WAYS,
    _about,
    _barred,
    _breach,
    _demanded,
    _grouped,
    _line,
    _made_at_home_matters,
    _rank,
    _way,
)
from minerals.errors import Infeasible, NumericalTrouble, TimeLimit, UsageError
from minerals.highs import solver
from minerals.mix.compiled import Compiled
from minerals.mix.conflict import Conflict, Loosening, Member, Search
from minerals.mix.families import words
from minerals.mix.family import OTHER_COUNTRIES, Glossary


def short() -> Any:
    """100 GWh of demand; at most 30 LFP by equipment and 50 NMC by 4 kt of cobalt at 0.08 kg/kWh."""
    model = pyo.ConcreteModel()
    model.made = pyo.Var(["lfp", "nmc", "lto"], domain=pyo.NonNegativeReals)
    model.demand = pyo.Constraint(expr=model.made["lfp"] + model.made["nmc"] - 20 >= 80)
    model.lines = pyo.Constraint(expr=model.made["lfp"] <= 30)
    model.cobalt = pyo.Constraint(expr=0.08 * model.made["nmc"] <= 4)
    model.titanium = pyo.Constraint(expr=model.made["lto"] <= 7)
    model.cost = pyo.Objective(expr=75 * model.made["lfp"] + 70 * model.made["nmc"] + model.made["lto"])
    return model


def both() -> Any:
    """The demand of `short`, and another limit that contradicts one it does not share."""
    model = short()
    model.more = pyo.Constraint(expr=model.made["lto"] >= 8)
    return model


def loosenings(compiled: Compiled, found: Conflict) -> list[Loosening]:
    """Those that are found, the relatively smallest change first."""
    return sorted(Search(compiled).loosenings(found), key=lambda way: (way.relative, way.by))


def names(found: Conflict) -> set[tuple[str, str]]:
    return {(member.name, member.side) for member in found.members}


def test_by_hand() -> None:
    compiled = Compiled(short())
    with pytest.raises(Infeasible):
        compiled.solve()
    search = Search(compiled)
    limits = [("demand", "lower"), ("lines", "upper"), ("cobalt", "upper"), ("titanium", "upper")]
    assert [(limit.name, limit.side) for limit in search.limits] == limits
    found = search.conflict()
    assert names(found) == set(limits[:3])
    assert {member.name: member.limit for member in found.members} == {"demand": 80, "lines": 30, "cobalt": 4}
    assert {member.kind for member in found.members} == {"constraint"}
    ways = loosenings(compiled, found)
    # Demand by 20 of 80, cobalt by 1.6 of 4 kt, lines by 20 of 30: in the terms in which they are stated.
    assert [(way.member.name, way.to, way.by) for way in ways] == [
        ("demand", pytest.approx(60), pytest.approx(20)),
        ("cobalt", pytest.approx(5.6), pytest.approx(1.6)),
        ("lines", pytest.approx(50), pytest.approx(20)),
    ]
    assert [way.relative for way in ways] == pytest.approx([0.25, 0.4, 2 / 3])
    # The model itself is as it was, and solves once it is loosened.
    compiled.set_rhs("cobalt", 5.6)
    assert compiled.solve().value("made[lfp]") == pytest.approx(30)
    with pytest.raises(UsageError, match="do not contradict"):
        Search(compiled).conflict()


def test_bounds_and_equalities() -> None:
    model = pyo.ConcreteModel()
    model.x = pyo.Var(bounds=(0, 4))
    model.y = pyo.Var(bounds=(0, None))
    model.z = pyo.Var()
    model.total = pyo.Constraint(expr=model.x - model.y == 5)
    model.cost = pyo.Objective(expr=model.x + model.z)
    compiled = Compiled(model)
    search = Search(compiled)
    # Both limits of an equality are of one row, and a bound has a row of its own.
    assert search.rows.tolist() == [0, 0, 1]
    found = search.conflict()
    # That y is not negative is no limit: it always holds.
    assert names(found) == {("total", "lower"), ("x", "upper")}
    ways = loosenings(compiled, found)
    assert [(way.member.name, way.to) for way in ways] == [("total", pytest.approx(4)), ("x", pytest.approx(5))]


def test_bounds_that_cross() -> None:
    model = short()
    compiled = Compiled(model)
    compiled.set_rhs("demand", 10)
    compiled.set_bounds("made[lto]", 9, 8)
    compiled.set_rhs("titanium", 20)
    found = Search(compiled).conflict()
    assert names(found) == {("made[lto]", "lower"), ("made[lto]", "upper")}
    assert [way.to for way in loosenings(compiled, found)] == pytest.approx([8, 9])


def test_limits_of_a_row_that_cross() -> None:
    model = short()
    model.lines.set_value((5, model.made["lfp"], 30))
    compiled = Compiled(model)
    compiled.set_rhs("demand", 10)
    compiled.set_rhs("lines", 40, side="lower")
    found = Search(compiled).conflict()
    assert names(found) == {("lines", "lower"), ("lines", "upper")}
    assert [way.to for way in loosenings(compiled, found)] == pytest.approx([30, 40])


def test_a_limit_without_variables() -> None:
    model = short()
    model.lines.deactivate()
    model.never = pyo.Constraint(expr=0 * model.made["lfp"] >= 2)
    compiled = Compiled(model)
    found = Search(compiled).conflict()
    assert names(found) == {("never", "lower")}
    assert [way.to for way in loosenings(compiled, found)] == [0]


def test_an_objective_that_is_held() -> None:
    model = short()
    model.lines.set_value(model.made["lfp"] <= 120)
    model.least = pyo.Objective(expr=model.made["nmc"] + 3)
    model.least.deactivate()
    compiled = Compiled(model)
    compiled.hold("least", 4, slack=0)
    compiled.hold("cost", 75 * 99 + 70 - 0.5, slack=0)
    found = Search(compiled).conflict()
    assert ("cost", "upper") in names(found)
    assert ("least", "upper") in names(found)
    assert {member.kind for member in found.members if member.name == "cost"} == {"objective"}


def test_two_conflicts_have_no_single_way_out() -> None:
    compiled = Compiled(both())
    found = Search(compiled).conflict()
    assert names(found) in ({("more", "lower"), ("titanium", "upper")}, {(n, s) for n, s in (
        ("demand", "lower"), ("lines", "upper"), ("cobalt", "upper"))})  # fmt: skip
    assert loosenings(compiled, found) == []


def random_conflict(seed: int) -> Any:
    """Limits kept by a point, and one more that they exclude."""
    random = np.random.default_rng(seed)
    rows, columns = 30, 20
    model = pyo.ConcreteModel()
    model.x = pyo.Var(range(columns), bounds=(0, 5))
    matrix = np.where(random.random((rows, columns)) < 0.3, random.uniform(0, 1, (rows, columns)), 0.0)
    matrix[:, 0] += 0.1
    level = matrix.sum(axis=1).tolist()

    def limit(_: Any, row: int) -> Any:
        body = pyo.quicksum(float(matrix[row, at]) * model.x[at] for at in range(columns))
        return body <= level[row] if row % 2 else body == level[row] if row % 10 == 0 else body >= level[row] / 2

    model.limit = pyo.Constraint(range(rows), rule=limit)
    weights = matrix[1::2].sum(axis=0)
    most = sum(level[1::2])
    model.excluded = pyo.Constraint(
        expr=pyo.quicksum(float(w) * model.x[at] for at, w in enumerate(weights)) >= most * 1.2
    )
    model.cost = pyo.Objective(expr=pyo.quicksum(model.x.values()))
    return model


def contradict(compiled: Compiled, members: Iterable[Member]) -> bool:
    """Whether limits have no solution alone, as HiGHS tells of a programme that has no others."""
    kept, form = {(member.name, member.side) for member in members}, compiled.form
    highs = solver()
    highs.passModel(compiled.highs.getLp())
    for at, row in enumerate(form.rows):
        lower = form.row_lower[at] if (row.name, "lower") in kept else -highspy.kHighsInf
        highs.changeRowBounds(at, lower, form.row_upper[at] if (row.name, "upper") in kept else highspy.kHighsInf)
    for at, column in enumerate(form.columns):
        lower = form.col_lower[at] if (column.name, "lower") in kept or form.col_lower[at] == 0 else -highspy.kHighsInf
        highs.changeColBounds(at, lower, form.col_upper[at] if (column.name, "upper") in kept else highspy.kHighsInf)
    highs.changeColsCost(len(form.columns), np.arange(len(form.columns)), np.zeros(len(form.columns)))
    highs.run()
    return bool(highs.getModelStatus() == highspy.HighsModelStatus.kInfeasible)


@pytest.mark.parametrize("seed", range(15))
def test_irreducible_and_resolved(seed: int) -> None:
    """Alone infeasible; feasible without any one member; feasible as a whole by each way out, and not by less."""
    compiled = Compiled(random_conflict(seed))
    with pytest.raises(Infeasible):
        compiled.solve()
    found = Search(compiled).conflict()
    assert found.irreducible
    assert contradict(compiled, found.members)
    for one in found.members:
        assert not contradict(compiled, [other for other in found.members if other != one])
    ways = loosenings(compiled, found)
    assert "excluded" in {way.member.name for way in ways}
    for way in ways:
        if way.member.kind != "constraint":
            continue
        before, step = way.member.limit, way.to - way.member.limit
        compiled.set_rhs(way.member.name, before + step * (1 + 1e-6), side=way.member.side)
        compiled.solve()
        compiled.set_rhs(way.member.name, before + step * 0.99, side=way.member.side)
        with pytest.raises(Infeasible):
            compiled.solve()
        compiled.set_rhs(way.member.name, before, side=way.member.side)


def test_the_rank_says_which_conflict_is_told() -> None:
    few, many = {"more", "titanium"}, {"demand", "lines", "cobalt"}

    def without(names: set[str]) -> Callable[[Member], bool]:
        return lambda limit: limit.name in names

    def told(*ranks: Callable[[Member], bool]) -> set[str]:
        return {member.name for member in Search(Compiled(both())).conflict(*ranks).members}

    assert told(without(many)) == few
    assert told(without(few)) == many
    assert told(without(few), without(many)) == few, "the smallest set of all ranks"


def test_books_are_always_kept_and_never_told() -> None:
    search = Search(Compiled(short()), balances=("demand", "lines"))
    assert {limit.name for limit in search.limits} == {"cobalt", "titanium"}
    found = search.conflict()
    assert {member.name for member in found.members} == {"cobalt"}
    assert [way.to for way in search.loosenings(found)] == [pytest.approx(5.6)]


def test_what_gives_way_together() -> None:
    search = Search(Compiled(both()))
    assert search.give_way(("cobalt", "lines")) is None
    assert search.give_way(("cobalt", "titanium")) is not None
    gives = {limit.name: amount for limit, amount in search.give_way(("cobalt", "lines", "titanium")) or ()}
    assert gives == {"cobalt": pytest.approx(1.6), "titanium": pytest.approx(1)}


def test_demand_that_a_conflict_is_about_is_that_of_its_uses_in_the_years_of_its_limits() -> None:
    places = [("Here", "car", 2030), ("Here", "car", 2031), ("Here", "car", 2032), ("Here", "bus", 2031),
              ("There", "car", 2031)]  # fmt: skip
    members = [SimpleNamespace(family=family, index=index) for family, index in (
        ("unmet", ("Here", "car", 2031)), ("growth", ("Here", "NMC", 2030)),
    )]  # fmt: skip
    data = SimpleNamespace(demand=dict.fromkeys(places, 1.0))
    assert list(_demanded(data, members)) == places[:2]  # type: ignore[arg-type]
    assert list(_demanded(data, members[1:])) == []  # type: ignore[arg-type]


# --- in the words of a run -------------------------------------------------------------------------------------------

#: A run whose keys all stand in one line, and labels of what has another than its code.
RUN: Any = SimpleNamespace(
    place=lambda *key: ("mix.toml", 7), settings=SimpleNamespace(optimise=SimpleNamespace(chemistries=(), without=()))
)
GLOSSARY = Glossary(nodes={}, units={}, countries={"REST": OTHER_COUNTRIES, "others": OTHER_COUNTRIES},
                    chemistries={"LFP": "lfp"})  # fmt: skip


def limit(family: str, *index: Any, at: float = 1.0) -> Member:
    return Member("constraint", f"{family}{index}", "upper", at, family, index)


def of_run(**held: Any) -> Any:
    """Data of a mix of two regions, of which its words ask."""
    return SimpleNamespace(**{"regions": ("Here", "There"), "cells": (), "demand": {}, "wanted": {}, **held})


def test_limits_that_differ_by_name_and_year_stand_in_one_line() -> None:
    """What the run asks for first, then what the world makes; largest first, those that are not told apart last and
    summed; amounts of the limit where it has some, else its years alone; the row of the inputs where it has one."""
    members = [
        limit("unmet", "Here", "car", 2031), limit("unmet", "Here", "bus", 2032),
        limit("growth", "Here", "nmc", 2032), limit("growth", "Here", "lfp", 2031),
        limit("growth", "Here", "lfp", 2033),
        limit("supplier", "ore", "NAM", 2031, at=4.7), limit("supplier", "ore", "REST", 2031, at=9.0),
        limit("supplier", "ore", "CHN", 2033, at=7.0), limit("supplier", "ore", "NAM", 2033, at=5.2),
        limit("supplier", "ore", "others", 2031, at=3.0), limit("supplier", "ore", "CHN", 2031, at=2.5),
        limit("secondary_available", "Here", "li", 2031, at=2.0),
        limit("secondary_available", "Here", "li", 2032, at=4.0),
        limit("excluded", "Here", "ore", "CHN", 2031, at=0.0),
        limit("own_share", "Here", 2031, at=0.0), limit("cost", at=5000.0),
    ]  # fmt: skip
    data = of_run(demand={("Here", "car", 2031): 30.0, ("Here", "bus", 2032): 4.0}, own_share={("Here", 2031): 0.5})
    inputs: Any = SimpleNamespace(rows={("growth", "Here", "lfp"): "growth_limit.csv:2"})
    assert [_line(entry) for entry in _grouped(RUN, data, inputs, GLOSSARY, members)] == [
        "ore from CHN is excluded in Here, 2031  (mix.toml:7 optimise.exclude)",
        "least share made in Here, 2031: 50.0 %  (mix.toml:7 optimise.own_share)",
        "cap on the cost: 5.0 billion USD_2025  (mix.toml:7 optimise.cost_cap)",
        f"supply of ore from CHN (2.5 to 7.0 kt), NAM (4.7 to 5.2 kt), {OTHER_COUNTRIES} (12.0 kt), 2031, 2033"
        "  (mix.toml:7 exposure.future)",
        "li recovered in Here, 2031–2032: 2.0 to 4.0 kt  (mix.toml:7 [flows])",
        "growth of nmc in Here, 2032  (mix.toml:7 optimise.growth)",
        "growth of lfp in Here, 2031, 2033  (growth_limit.csv:2)",
        "all demand of car, bus in Here is met: 34.0 GWh, 2031–2032  (mix.toml:7 optimise.unmet)",
    ]


def test_how_far_limits_give_way_is_summed_but_for_what_is_a_rate() -> None:
    """3 and 2 kt of one supplier and 0.5 of another; of growth the most of a year, where a family and its only
    chemistry have one name, and of all years; the largest first, and how many more there are."""
    ore = [(limit("supplier", "ore", "NAM", year), amount) for year, amount in ((2031, 3.0), (2032, 2.0))]
    growth = [(limit("growth", "Here", name, year), amount) for name, year, amount in (
        ("lfp", 2031, 0.02), ("LFP", 2031, 0.033), ("lfp", 2032, 0.01),
    )]  # fmt: skip
    less = (limit("supplier", "ore", "CHN", 2032), 0.5)
    told = "5.0 kt of ore from NAM beyond that supply (2031–2032)"
    grows = "up to 3.3 points of faster growth of lfp in Here (2031–2032)"
    rest = "0.50 kt of ore from CHN beyond that supply (2032)"
    assert _breach([less, *growth, *ore], GLOSSARY, of_run()) == f"{told}; {grows}; {rest}"
    assert _breach(growth[2:], GLOSSARY, of_run()) == "1.0 point of faster growth of lfp in Here (2032)"
    more = [(limit("supplier", "ore", name, 2032), 0.1) for name in ("KOR", "JPN")]
    assert _breach([*more, less, *growth, *ore], GLOSSARY, of_run()) == f"{told}; {grows}; {rest}; and 2 more"


@pytest.mark.parametrize(("family", "index", "told"), [
    ("one_country", ("Here", "ore", "CHN", 2031), "ore from CHN above its share in Here"),
    ("unmet", ("Here", "car", 2031), "car in Here unmet"), ("cost", (), "cap on the cost"),
    ("supplier", ("ore", "CHN", 2031), "ore from CHN beyond that supply"),
])  # fmt: skip
def test_a_region_is_named_once_and_where_there_are_several(family: str, index: tuple[Any, ...], told: str) -> None:
    text = words(family, index, GLOSSARY, of_run())
    assert _about(text, index, of_run()) == told
    assert _about(text, index, of_run(regions=("Here",))) == (text.about or text.what)


def test_a_change_of_one_limit_is_told_by_what_it_is_of_or_by_how_much() -> None:
    def told(member: Member, by: float) -> str:
        return _way(Loosening(member, member.limit + by, by, 0.5), of_run(regions=("Here",)), GLOSSARY)

    assert told(limit("supplier", "ore", "NAM", 2031), 7.5) == "7.5 kt of ore from NAM beyond that supply in 2031."
    assert told(limit("growth", "Here", "lfp", 2032), 0.25) == "25.0 points of faster growth of lfp in Here in 2032."
    assert told(limit("cost"), 2000.0) == "cap on the cost by 2.0 billion USD_2025."


def barred(chemistries: Iterable[str], demand: Iterable[tuple[str, str, int]], *members: Member, **held: Any) -> Any:
    """Lines on chemistries that are not there."""
    inputs: Any = SimpleNamespace(chemistries=tuple(chemistries), **{"barred": {}, "short": {}, "first": {}, "made": {},
                                                                    "rows": {}, **held})  # fmt: skip
    met = [limit("unmet", *place) for place in demand]
    return list(_barred(RUN, of_run(demand=dict.fromkeys(demand, 1.0)), inputs, GLOSSARY, [*met, *members]))


def test_what_bars_a_chemistry_is_told_by_the_key_that_lets_it_in() -> None:
    """In the years and uses of the conflict: too little, before its time, not yet made at home where that matters, and
    unsuited, for which no key helps. What bars it first is told."""
    demand = [("Here", "car", 2031), ("Here", "car", 2032)]
    rows = {("performance", "cycle_life", "car"): "need:3", ("commercial_year", "World", "na"): "year:4",
            ("commercial_year", "Here", "li_s"): "year:5"}  # fmt: skip
    held: Any = {
        "barred": {("car", "lto"): "need:5"}, "short": {("car", "lco", 2032): "cycle_life", ("car", "lto", 2032): "x"},
        "first": {"na": 2032, "lto": 2040, "nmc": 2031}, "made": {("Here", "li_s"): 2033, ("Here", "na"): 2040},
        "rows": rows,
    }  # fmt: skip
    lets_in = f" {COMMERCIAL[1]} may help (mix.toml:7 optimise.commercial)."
    short = ('Too little cycle life for car, 2032: lco (need:3). performance = "off" (or "low", where that is enough) '
             "may help (mix.toml:7 optimise.performance).")  # fmt: skip
    told = barred(["nmc", "lto", "na", "lco", "li_s"], demand, **held)
    assert told == [f"Made nowhere before 2032: na (year:4).{lets_in}", short, "Unsuited to car: lto (need:5)."]
    rows["commercial_year", "Here", "na"] = "year:6"
    told = barred(["nmc", "lto", "na", "lco", "li_s"], demand, limit("own_share", "Here", 2031), **held)
    later = "Not made in Here before 2033: li_s (year:5). Not made in Here before 2040: na (year:6)."
    assert told[0] == f"Made nowhere before 2032: na (year:4). {later}{lets_in}"
    # In the first year that it is made in, it is there.
    assert barred(["na"], demand[1:], first={"na": 2032}, made={("Here", "na"): 2032}) == []
    assert barred(["na"], [], first={"na": 2040}) == []


def test_of_many_causes_rows_and_names_the_first_are_told() -> None:
    demand = [("Here", "car", 2031)]
    names = [f"c{at}" for at in range(ROWS + 2)]
    (told,) = barred(names, demand, barred={("car", name): "need:5" for name in names})
    assert told == f"Unsuited to car: {', '.join(names[:ROWS])} and 2 more (need:5)."
    (told,) = barred(names[:ROWS], demand, barred={("car", name): "need:5" for name in names})
    assert told == f"Unsuited to car: {', '.join(names[:ROWS])} (need:5)."
    (told,) = barred(["a, b", "c"], demand, barred={("car", "a, b"): "need:5", ("car", "c"): "need:5"})
    assert told == "Unsuited to car: a, b; c (need:5)."

    def before(causes: int) -> str:
        some = {f"c{at}": 2032 + at for at in range(causes)}
        (line,) = barred(some, demand, first=some, rows={("commercial_year", "World", c): "year:4" for c in some})
        return str(line)

    assert " more." not in before(CAUSES)
    assert "before 2034: c2 (year:4). And 1 more. commercial = " in before(CAUSES + 1)
    assert "before 2035" not in before(CAUSES + 1)


def test_where_cells_are_made_matters_to_limits_that_are_about_it() -> None:
    data = of_run(cells=("cell",))
    growth, cells = limit("growth", "Here", "nmc", 2031), limit("supplier", "cell", "CHN", 2031)
    assert not _made_at_home_matters(data, [growth, limit("supplier", "ore", "CHN", 2031)])
    assert _made_at_home_matters(data, [growth, cells])
    assert _made_at_home_matters(data, [growth, limit("own_share", "Here", 2031)])


def test_limits_of_the_first_years_are_told_and_else_of_the_last() -> None:
    early, late = limit("unmet", "Here", "car", 2031), limit("own_share", "Here", 2033)
    assert sorted([late, early], key=_rank) == [early, late]
    assert sorted([early, late], key=lambda one: _rank(one, first=False)) == [late, early]
    asked, world = limit("own_share", "Here", 2031), limit("supplier", "ore", "CHN", 2031)
    assert sorted([early, world, asked], key=_rank) == [asked, world, early]


def told_of(monkeypatch: pytest.MonkeyPatch, found: Conflict, gives: Any, ways: Any, **keys: Any) -> list[str]:
    """The message of a run with a conflict. gives: what gives way, by families; ways: what would alone; keys: of
    [optimise]."""

    class Searched:
        def __init__(self, compiled: Any, balances: Any, seconds: float, now: Any) -> None:
            assert seconds == compiled.expected

        def conflict(self, *ranks: Any) -> Conflict:
            return found

        def give_way(self, families: Any) -> Any:
            return gives(families)

        def loosenings(self, _: Conflict) -> Any:
            yield from ways

    monkeypatch.setattr(why_infeasible, "Search", Searched)
    run = SimpleNamespace(place=RUN.place, settings=SimpleNamespace(
        optimise=SimpleNamespace(**{"chemistries": (), "without": (), **keys})))  # fmt: skip
    inputs = SimpleNamespace(rows={}, chemistries=())
    seconds = keys.get("time_limit")
    compiled = SimpleNamespace(time_limit=seconds, expected=np.inf if seconds is None else SEARCH * seconds)
    clock = iter([100.0, 112.0])
    data = of_run(demand={("Here", "car", 2031): 30.0}, regions=("Here",))
    return why_infeasible.why(
        run, data, inputs, GLOSSARY, compiled, lambda: next(clock)  # type: ignore[arg-type]
    ).splitlines()  # fmt: skip


def test_the_message_of_a_conflict(monkeypatch: pytest.MonkeyPatch) -> None:
    """What contradicts each other and how sure that is, keys that help, those that do not, and the smallest single
    changes."""
    supply = [limit("supplier", "ore", "NAM", 2031, at=4.0), limit("unmet", "Here", "car", 2031)]
    found = Conflict(tuple(supply), irreducible=True)

    def gives(families: Any) -> Any:
        return [(supply[0], 3.0)] if "supplier" in families else None

    ways = [Loosening(limit("supplier", "ore", name, 2031), 9.0, by, relative) for name, by, relative in (
        ("D", 1.0, 0.9), ("C", 3.0, 0.5), ("B", 2.0, 0.5), ("A", 9.0, 0.1), ("A", 9.0, 0.1))]  # fmt: skip
    lines = told_of(monkeypatch, found, gives, ways, without=("lto",), chemistries=("lfp", "nmc"))
    assert lines == [
        "no mix keeps all limits of this run. These contradict each other, and no longer do without any one of them:",
        "  supply of ore from NAM (4.0 kt), 2031  (mix.toml:7 exposure.future)",
        "  all demand of car in Here is met: 30.0 GWh, 2031  (mix.toml:7 optimise.unmet)",
        "Works: another exposure.future, with more supply; at least 3.0 kt of ore from NAM beyond that supply (2031).",
        "Not enough alone: a change of unmet.",
        "Only lfp, nmc may be chosen (mix.toml:7 optimise.chemistries); others may help.",
        "lto may not be chosen (mix.toml:7 optimise.without) and may help.",
        "Smallest single change that works: 9.0 kt of ore from A beyond that supply in 2031.",
        "  or 2.0 kt of ore from B beyond that supply in 2031.",
        "  or 3.0 kt of ore from C beyond that supply in 2031.",
        "Nothing was written.",
    ]
    assert len(ways) > WAYS
    nothing = told_of(monkeypatch, found, gives, [])
    assert nothing[5] == (
        "Loosening one of these limits in its year alone is not enough: others contradict each other as well."
    )


def test_what_was_not_found_of_a_conflict_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    supply = [limit("supplier", "ore", "NAM", 2031, at=4.0), limit("unmet", "Here", "car", 2031)]
    one = Loosening(supply[0], 9.0, 5.0, 1.25)

    def raising(error: Exception, *before: Any) -> Any:
        yield from before
        raise error

    def gives(families: Any) -> Any:
        raise NumericalTrouble("none") if "supplier" in families else TimeLimit("none")

    stopped = told_of(monkeypatch, Conflict(tuple(supply), irreducible=False, in_time=False), gives,
                      raising(TimeLimit("none"), one), time_limit=60.0)  # fmt: skip
    head = "no mix keeps all limits of this run. These contradict each other; some may not be needed: "
    assert stopped[0] == f"{head}the search was stopped after 12 s (more time: mix.toml:7 optimise.time_limit):"
    assert stopped[3:] == [
        "What works was not found in time.",
        "Not known to be enough alone, for the solver gave no answer: a change of exposure.future.",
        "Single change that works: 5.0 kt of ore from NAM beyond that supply in 2031.",
        "Nothing was written.",
    ]
    unsure = told_of(monkeypatch, Conflict(tuple(supply), irreducible=False), gives,
                     raising(NumericalTrouble("none")))  # fmt: skip
    assert unsure[0] == f"{head}the solver gave no answer when fewer were tried:"
    assert (
        unsure[5] == "Whether one of these limits, loosened alone, is enough is not known: the solver gave no answer."
    )


def test_of_many_limits_the_first_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for more, last in ((0, f"  supply of n{ENTRIES - 1} "), (2, "  and 2 more")):
        members = tuple(limit("supplier", f"n{at}", "NAM", 2031) for at in range(ENTRIES + more))
        lines = told_of(monkeypatch, Conflict(members, irreducible=True), lambda families: None, [])
        kept = [line for line in lines if line.startswith("  ")]
        assert kept[-1].startswith(last)
        assert len(kept) == ENTRIES + (more > 0)


# --- within a budget of time -----------------------------------------------------------------------------------------


def ticking() -> Callable[[], float]:
    """A clock that is one second further each time it is asked: once at the start, and once for each solve."""
    seconds = itertools.count()
    return lambda: float(next(seconds))


def test_what_was_proved_when_time_ran_out_is_told_as_that() -> None:
    """With ever more time: nothing, then sets that contradict each other, ever smaller, then an irreducible one."""
    compiled = Compiled(random_conflict(3))
    sizes: list[int] = []
    whole = Search(compiled).conflict()
    for seconds in range(1, 400):
        try:
            found = Search(compiled, seconds=seconds, now=ticking()).conflict()
        except TimeLimit:
            assert not sizes
            continue
        assert contradict(compiled, found.members)
        sizes.append(len(found.members))
        if found.irreducible:
            break
    assert found.irreducible
    assert set(found.members) == set(whole.members)
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > sizes[-1]


def test_the_last_second_is_time_too() -> None:
    compiled = Compiled(short())
    found = Search(compiled, seconds=0.5, now=lambda: 0.0).conflict()
    assert found == Search(compiled).conflict()
    with pytest.raises(TimeLimit):
        Search(compiled, seconds=0.0, now=lambda: 0.0).conflict()


def test_each_solve_has_the_time_that_is_left() -> None:
    """Of 10 s from 100 on, at 104, half of 6 within a part; and all of it again after that, whatever
    happened."""
    clock = [100.0]
    search = Search(Compiled(short()), seconds=10.0, now=lambda: clock[0])
    clock[0] = 104.0

    def given() -> float:
        before = search.highs.getRunTime()
        search._solve()
        return float(search.highs.getOptionValue("time_limit")[1]) - before

    assert given() == pytest.approx(6, abs=0.5)
    with search._part_of_the_time(0.5):
        assert search.end == pytest.approx(107)
        assert given() == pytest.approx(3, abs=0.5)
    with pytest.raises(KeyError), search._part_of_the_time(0.5):
        raise KeyError
    assert search.end == 110
    assert Search(Compiled(short())).end == math.inf


def test_of_many_limits_few_are_found_in_few_solves() -> None:
    """Three of 64 contradict each other, and no dual tells which. The half that is let go first, 1 to 63, holds one of
    them, and its last 16 none: these go, and then twice as many are tried, as many, and half of that. So each of the
    three takes about twice as many solves as 64 can be halved."""
    sizes: list[int] = []

    def breach(kept: Any) -> tuple[float, Any]:
        sizes.append(64 - int(kept.sum()))
        return (1.0 if kept[[5, 20, 40]].all() else 0.0), kept

    order = [*range(0, 64, 2), *range(1, 64, 2)]
    *_, found = Search._smaller(SimpleNamespace(_breach=breach), np.ones(64, dtype=bool), order)  # type: ignore[arg-type]
    assert np.flatnonzero(found).tolist() == [5, 20, 40]
    assert sizes[:6] == [32, 16, 16 + 32, 16 + 16, 16 + 8, 24 + 16]
    assert len(sizes) <= 3 * 2 * 6 + 2


def test_time_that_runs_out_ends_what_is_looked_for_next() -> None:
    compiled = Compiled(short())
    found = Search(compiled).conflict()
    now = ticking()
    search = Search(compiled, seconds=3, now=now)
    for _ in range(3):
        now()
    with pytest.raises(TimeLimit):
        search.give_way(("cobalt",))
    with pytest.raises(TimeLimit):
        list(search.loosenings(found))


def test_a_solve_without_an_answer_holds_no_limit_in_those_that_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    search = Search(Compiled(short()))
    found, solve = search.conflict(), search._solve
    answers = iter([True, False])

    def troubled() -> bool:
        if next(answers):
            return solve()
        raise NumericalTrouble("no answer")

    with monkeypatch.context() as patched:
        patched.setattr(search, "_solve", troubled)
        with pytest.raises(NumericalTrouble):
            search.give_way(("cobalt",))
    assert search.conflict() == found
