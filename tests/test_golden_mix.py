"""The rows that each family of constraints, and the terms that each objective states of a toy, as golden files.

A change of the LP shows in the review as a change of text: `pytest tests/test_golden_mix.py --update-golden` rewrites
tests/golden/mix and prints what changed. A new family needs a line in FAMILIES, a new objective one in OBJECTIVES.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache, wraps
from pathlib import Path
from typing import Any

import conftest
import pyomo.environ as pyo
import pytest
from pyomo.repn import generate_standard_repn
from test_measures import in_places, stocks_and_plants, with_recycling
from test_mix import (
    CHEMISTRIES,
    YEARS,
    at_risk,
    following,
    lines,
    pooled,
    routed,
    sharing,
    short_of_cells,
    staged,
    stocked,
    toy,
    trading,
    two_regions,
    two_suppliers,
)  # fmt: skip

from minerals.mix import model, objective
from minerals.mix.data import MixData, OneCountry
from minerals.mix.docs import goals
from minerals.mix.families import BALANCES, LIMITS, MODULES
from minerals.mix.model import build

# --- toys ------------------------------------------------------------------------------------------------------------


def ramp() -> MixData:
    """Both families may grow, both may shrink; only NMC begins from nothing by a seed."""
    return toy(
        before={("Here", "NMC"): 0.1, ("Here", "LFP"): 0.9},
        growth={("Here", "NMC"): 0.5, ("Here", "LFP"): 0.25}, seed={("Here", "NMC"): 0.05},
        decline={("Here", "NMC"): 0.75, ("Here", "LFP"): 0.5},
    )  # fmt: skip


def grades() -> MixData:
    """Two grades of one family: the family may grow by a quarter, the grade `nmc` in it by a half."""
    return toy(
        family=dict.fromkeys(CHEMISTRIES, "Li-ion"),
        before={("Here", "Li-ion"): 1.0, ("Here", "nmc"): 0.1},
        growth={("Here", "Li-ion"): 0.25, ("Here", "nmc"): 0.5},
        decline={("Here", "Li-ion"): 0.1},
    )  # fmt: skip


def floors() -> MixData:
    """NMC 250, LFP 150 Wh/kg, at least 190 on average."""
    return toy(
        performance={("specific_energy", c, y): {"nmc": 250.0, "lfp": 150.0}[c] for c in CHEMISTRIES for y in YEARS},
        floor={("specific_energy", "car"): 190.0},
    )


def recovering() -> MixData:
    """Two suppliers of cobalt, one of them barred in 2032, and cobalt that comes back of the past and of 2031's cells;
    a tenth of it has to be recovered."""
    return replace(
        two_suppliers(), minerals=("Co",), relief={("Co", "cobalt", y): 1.02 for y in YEARS},
        excluded=(("Here", "cobalt", "COD", 2032),),
        recovered={("Here", "Co", y): 0.4 for y in YEARS}, life={("Here", "car", "nmc"): "short"},
        returned={("Here", "short", "Co", 2030, 2030): 0.05, ("Here", "short", "Co", 2031, 2032): 0.5},
        content={("nmc", "Co", y): 0.09 for y in YEARS}, gain=dict.fromkeys((("Here", y) for y in YEARS), 1.25),
        recycled={("Here", "Co", y): 0.1 for y in YEARS},
    )  # fmt: skip


def at_risk_and_recovering() -> MixData:
    """Two of the disruptions, one of which starts in the second year, with recovered cobalt that helps under both."""
    data, some = at_risk(), ("congo", "china")
    return replace(
        data, minerals=("Co",), relief={("Co", "cobalt", y): 1.02 for y in YEARS},
        recovered={("Here", "Co", y): 0.4 for y in YEARS},
        disruptions=some, starts={"congo": 2031, "china": 2030},
        accessible={key: kt for key, kt in data.accessible.items() if key[0] in some},
    )  # fmt: skip


def cells() -> MixData:
    """Cells of both kinds come from one node, at home and from one country."""
    made = {("cell", j, y): {"Here": 60.0, "COD": 80.0}[j] for j in ("Here", "COD") for y in YEARS}
    use = {("Here", c, "cell", y): 1.0 for c in CHEMISTRIES for y in YEARS}
    return toy(nodes=("cell",), cells=("cell",), use=use, supplied=made, home={"Here": "Here"})


def priced() -> MixData:
    """Lines at 80, imports at 5 more, and cobalt of one country at an extra price; a cost of 2032 counts a half."""
    imported = {("Here", "abroad", "lfp", y): 5.0 for y in YEARS}
    nodes = {name: getattr(two_suppliers(), name) for name in ("nodes", "use", "supplied", "strategic", "third")}
    return replace(lines(80.0), import_price=imported, one_country=SOFT, discount={2032: 0.5}, **nodes)


HARD, SOFT = OneCountry(0.65, 2031), OneCountry(0.65, 2031, soft=True, price=170.0)


def ruled(rule: OneCountry) -> MixData:
    """Two suppliers of cobalt, either of which the rule on one third country is about."""
    return replace(two_suppliers(), one_country=rule)


def shared() -> MixData:
    """At most 60 % LFP of all, 20 % in 2031, and a quarter of NMC in cars in 2032, beside limits that state nothing."""
    return toy(
        max_share={("Here", "", "LFP", 2030): 0.6, ("Here", "", "LFP", 2031): 0.2, ("Here", "", "LFP", 2032): 1.0},
        min_share={("Here", "car", "nmc", 2031): 0.0, ("Here", "car", "nmc", 2032): 0.25},
    )  # fmt: skip


def measured() -> MixData:
    """A measure that NMC has in full, LFP by a quarter."""
    return toy(measure={(c, y): {"nmc": 1.0, "lfp": 0.25}[c] for c in CHEMISTRIES for y in YEARS})


def counted() -> MixData:
    """NMC counts one and a half; its cells weigh 4 kt/GWh and those of LFP 6.25, in 2032 5."""
    mass = {(c, y): {"nmc": 4.0, "lfp": 6.25 if y < 2032 else 5.0}[c] for c in CHEMISTRIES for y in YEARS}
    return toy(counts={"nmc": 1.5, "lfp": 1.0}, mass=mass)


@dataclass(frozen=True, eq=False)
class Case:
    """A toy, and how its model is built."""

    data: Callable[[], MixData]
    options: dict[str, Any] = field(default_factory=dict)


def anodes() -> MixData:
    """Anodes made at home of what a mine and coke give, of which each route may be short."""
    data = routed()
    at = ("china", "Here")
    straight = {(c, n): float(n == "anode") for c in data.chemistries for n in data.nodes}
    into = {(c, n, "anode"): 1.0 for c in data.chemistries for n in ("mine", "coke")}
    made = tuple((*at, c, "anode", 2030) for c in data.chemistries)
    return replace(
        data, direct=straight, into=into, active=made, own={(*at, "anode", 2030): 50.0}, anodes=frozenset({"anode"})
    )


def given(data: MixData) -> MixData:
    """Of a plan that is chosen elsewhere, some cells may be short."""
    return replace(data, plan_given=True)


#: Golden file → its case. A family has a file of its name, and any others that begin with it: `one_country-soft`.
FAMILIES = {
    "demand": Case(toy),
    "excluded": Case(recovering),
    "follow_on": Case(following),
    "growth": Case(ramp),
    "measures": Case(stocks_and_plants),
    "measures-places": Case(lambda: in_places(0.5)),
    "measures-recycling": Case(with_recycling),
    "growth-grades": Case(grades),
    "lines": Case(lambda: lines(80.0)),
    "makers": Case(cells),
    "materials": Case(recovering),
    "materials-regions": Case(two_regions),
    "one_country": Case(lambda: ruled(HARD)),
    "one_country-soft": Case(lambda: ruled(SOFT)),
    "performance": Case(floors),
    "recourse": Case(at_risk_and_recovering),
    "recourse-cells": Case(short_of_cells),
    "recourse-inputs": Case(sharing),
    "recourse-makers": Case(pooled),
    "recourse-pools": Case(two_regions),
    "recourse-routes": Case(routed),
    "recourse-routes-of-anodes": Case(anodes),
    "recourse-stages": Case(lambda: staged(6, 4, 30, (5, 20))),
    "recourse-stockpile": Case(stocked),
    "secondary": Case(recovering),
    "secondary-given": Case(lambda: given(recovering())),
    "shares": Case(shared),
    "trade": Case(lambda: lines(80.0)),
    "trade-given": Case(lambda: given(lines(80.0))),
    "trade-regions": Case(trading),
}
#: Objective → its case.
OBJECTIVES = {
    "average": Case(at_risk, {"other_futures": {"later": given(at_risk())}}),
    "concentration": Case(measured),
    "cost": Case(priced),
    "cvar": Case(at_risk, {"level": 0.75}),
    "expected": Case(at_risk_and_recovering),
    "priced": Case(at_risk_and_recovering, {"worth": ("expected", 0.5)}),
    "regret": Case(at_risk, {"other_futures": {"later": given(at_risk())}, "risk": "worst"}),
    "unbuilt": Case(counted),
    "unbuilt_kt": Case(counted),
    "unmet_demand": Case(toy),
    "weighted": Case(at_risk_and_recovering, {"weights": {"expected": 2.0, "cost": 0.001, "worst": 0.5}}),
    "worst": Case(at_risk),
}


# --- who states what -------------------------------------------------------------------------------------------------


@dataclass
class Stated:
    """A model, and by who added it (a family, OBJECTIVE or ELSEWHERE) its rows, and the variables added or bounded."""

    model: Any
    rows: dict[str, list[Any]] = field(default_factory=dict)
    variables: dict[str, list[Any]] = field(default_factory=dict)


OBJECTIVE, ELSEWHERE = "objective.py", "elsewhere"


@cache
def stated(case: Case) -> Stated:
    """Build a model and watch what each family does to it."""
    found = Stated(None)
    seen: dict[int, object] = {}

    def note(model: Any, name: str) -> None:
        """What differs from the last time was done by `name`."""
        for kind, by in ((pyo.Constraint, found.rows), (pyo.Var, found.variables)):
            for data in model.component_data_objects(kind):
                now = (data.bounds, data.fixed, data.value) if kind is pyo.Var else None
                if id(data) not in seen or seen[id(data)] != now:
                    by.setdefault(name, []).append(data)
                seen[id(data)] = now

    def watched(name: str, add: Callable[..., object]) -> Callable[..., object]:
        @wraps(add)
        def noted(built: Any, *arguments: Any, **options: Any) -> object:
            note(built, ELSEWHERE)
            told = add(built, *arguments, **options)
            note(built, name)
            return told

        return noted

    with pytest.MonkeyPatch.context() as patch:
        for name, module in MODULES.items():
            patch.setattr(module, "add", watched(name, module.add))
        patch.setattr(model, "add_objectives", watched(OBJECTIVE, model.add_objectives))
        found.model = build(case.data(), **case.options)
    note(found.model, ELSEWHERE)
    return found


# --- text ------------------------------------------------------------------------------------------------------------


def number(value: float) -> str:
    """Twelve digits, so that the noise of the last ones does not show; no negative zero."""
    return f"{value + 0.0:.12g}"


def terms(expression: Any) -> tuple[list[str], float]:
    """Terms of a linear expression in the order in which they stand, each with its sign, and the constant."""
    found = generate_standard_repn(expression, compute_values=True)
    assert found.is_linear() or found.is_constant()
    told = []
    for coefficient, variable in zip(found.linear_coefs, found.linear_vars, strict=True):
        size = number(abs(coefficient))
        told.append(f"{'-' if coefficient < 0 else '+'} {'' if size == '1' else f'{size} '}{variable.name}")
    return told, found.constant


def variables(expression: Any) -> set[int]:
    """Identities of the variables of an expression."""
    return {id(variable) for variable in generate_standard_repn(expression).linear_vars}


def line(told: list[str]) -> str:
    """Terms in a line: the first has no plus, and no space after a minus."""
    text = " ".join(told) or "+ 0"
    return text[2:] if text.startswith("+") else f"-{text[2:]}"


def between(lower: float | None, body: str, upper: float | None) -> str:
    """A body and its limits, of which any may be missing."""
    if lower is not None and lower == upper:
        return f"{body} = {number(upper)}"
    if lower is not None and upper is not None:
        return f"{number(lower)} <= {body} <= {number(upper)}"
    return (
        f"{body} >= {number(lower)}"
        if lower is not None
        else f"{body} <= {number(upper)}"
        if upper is not None
        else body
    )


def row(constraint: Any) -> str:
    """`materials[Here,cobalt,2030]: 0.08 additions[Here,car,nmc,2030] - homemade[Here,cobalt,2030] <= 0`; constants are
    taken to the right."""
    lower, body, upper = constraint.to_bounded_expression(True)
    told, constant = terms(body)
    least, most = (None if limit is None else limit - constant for limit in (lower, upper))
    asleep = "" if constraint.active else " (inactive)"
    return f"{constraint.name}: {between(least, line(told), most)}{asleep}"


def bound(variable: Any) -> str:
    """`0 <= sourced[Here,cobalt,COD,2030] <= 4`."""
    if variable.fixed:
        return f"{variable.name} = {number(variable.value)} (fixed)"
    return between(variable.lb, variable.name, variable.ub)


def objective_text(found: Stated, name: str) -> str:
    """An objective, one line a term, then the rows on the variables that objective.py has added
    for it."""
    goal = found.model.find_component(name)
    each, constant = terms(goal.expr)
    each += [f"{'-' if constant < 0 else '+'} {number(abs(constant))}"] if constant else []
    sense = "minimise" if goal.sense == pyo.minimize else "maximise"
    told = [f"{sense} {goal.name}", *(f"  {term}" for term in each)]
    brought = variables(goal.expr) & {id(variable) for variable in found.variables.get(OBJECTIVE, [])}
    tying = [data for data in found.rows.get(OBJECTIVE, []) if variables(data.body) & brought]
    return "\n".join([*told, *map(row, tying)]) + "\n"


# --- tests -----------------------------------------------------------------------------------------------------------


def test_every_family_and_every_objective_has_a_case() -> None:
    cases = {name.partition("-")[0] for name in FAMILIES}
    assert cases == set(MODULES), "each module of minerals/mix/constraints has a line in FAMILIES"
    models = [stated(case).model for case in (*FAMILIES.values(), *OBJECTIVES.values())]
    objectives = {
        found.name for model in models for found in model.component_objects(pyo.Objective, descend_into=False)
    }
    objectives |= set(
        re.findall(r"model\.(\w+) = pyo\.Objective", Path(objective.__file__).read_text(encoding="utf-8"))
    )
    assert set(OBJECTIVES) == objectives, "each objective has a line in OBJECTIVES"
    assert objectives <= set(goals()), "each objective has a row in the docstring of objective.py"


def test_every_golden_file_has_a_case() -> None:
    files = {file.stem for file in (conftest.GOLDEN / "mix").glob("*.txt")}
    stale = files - set(FAMILIES) - {f"objective-{name}" for name in OBJECTIVES}
    assert not stale, "remove them from tests/golden/mix"


@pytest.mark.parametrize("name", FAMILIES)
def test_the_rows_of_a_family(name: str, golden: Callable[[str, str], None]) -> None:
    found, family = stated(FAMILIES[name]), name.partition("-")[0]
    rows = [row(data) for data in found.rows.get(family, [])]
    golden(f"mix/{name}.txt", "\n".join([*rows, *map(bound, found.variables.get(family, []))]) + "\n")


@pytest.mark.parametrize("name", OBJECTIVES)
def test_the_terms_of_an_objective(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"mix/objective-{name}.txt", objective_text(stated(OBJECTIVES[name]), name))


def test_every_row_of_a_model_is_in_a_golden_file_and_described() -> None:
    """Rows are stated by families, which are described with their names, or tie the variables of an objective."""
    told: dict[str, set[str]] = {}
    for case in (*FAMILIES.values(), *OBJECTIVES.values()):
        for by, rows in stated(case).rows.items():
            told.setdefault(by, set()).update(data.parent_component().local_name for data in rows)
    assert ELSEWHERE not in told, f"{told[ELSEWHERE]} belong into a module of minerals/mix/constraints"
    tying = told.pop(OBJECTIVE, set())
    assert told == {name: set(module.FAMILY.constraints) for name, module in MODULES.items()}
    assert tying == set(objective.FAMILY.constraints)
    texts = "\n".join(objective_text(stated(case), name) for name, case in OBJECTIVES.items())
    assert {name for name in tying if not re.search(rf"^{name}\b", texts, re.MULTILINE)} == set()
    for name, names in told.items():
        cases = [stated(case) for file, case in FAMILIES.items() if file.partition("-")[0] == name]
        shown = {data.parent_component().name for found in cases for data in found.rows.get(name, [])}
        assert shown == names, f"the case of {name} in FAMILIES has no row of {names - shown}"


def test_a_change_fails_until_it_is_accepted(
    golden: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Any, pytestconfig: pytest.Config
) -> None:
    monkeypatch.setattr(conftest, "GOLDEN", tmp_path)
    monkeypatch.setattr(pytestconfig.option, "update_golden", False)
    with pytest.raises(pytest.fail.Exception, match=r"\+a: x <= 1\n\nIf this .*test_golden_mix\.py --update-golden`"):
        golden("mix/new.txt", "a: x <= 1\n")
    monkeypatch.setattr(pytestconfig.option, "update_golden", True)
    golden("mix/new.txt", "a: x <= 1\n")
    golden("mix/new.txt", "a: x <= 2\n")
    assert pytestconfig.stash[conftest.SECTIONS].pop("tests/golden/mix/new.txt")[-2:] == ["-a: x <= 1", "+a: x <= 2"]
    monkeypatch.setattr(pytestconfig.option, "update_golden", False)
    golden("mix/new.txt", "a: x <= 2\n")
    with pytest.raises(pytest.fail.Exception):
        golden("mix/new.txt", "a: x <= 3\n", 4)
    assert (tmp_path / "mix" / "new.txt").read_text(encoding="utf-8") == "a: x <= 2\n"


@pytest.mark.parametrize(
    ("now", "same"),
    [
        ("of 164 1303.368", True), ("of 164 1303.369", False), ("of 165 1303.367", False), ("of 164 1303.36", False),
        ("by 164 1303.367", False), ("of 164 1303.367 1", False), ("of 164 -1303.367", False),
    ],
)  # fmt: skip
def test_a_last_digit_is_another_on_another_processor(now: str, same: bool) -> None:
    assert conftest.alike("of 164 1303.367", now, 7) is same


def test_what_is_alike() -> None:
    assert conftest.alike("9.999999", "10", 7)
    assert conftest.alike("0.000123457", "1.23458e-04", 7)  # Rounded to nine decimals before.
    assert not conftest.alike("0.000123457", "0.000123459", 7)
    assert conftest.alike("0", "-0", 7)
    assert not conftest.alike("Europe,2031,0.2052", "Europe,2030,0.2052", 7)
    assert not conftest.alike("1234567890", "1234567891", 7)  # No number of seven digits: the code of a name.


def test_rows_as_text() -> None:
    model = pyo.ConcreteModel()
    model.x = pyo.Var(["a", "b"], bounds=(0, 4))
    model.y = pyo.Var(within=pyo.NonNegativeReals)
    model.two = pyo.Constraint(expr=(-1, model.x["b"] - model.x["a"] + 3, 1 / 3))
    model.most = pyo.Constraint(expr=-model.x["a"] + 0.1 * 3 * model.y <= model.x["b"])
    model.least = pyo.Constraint(expr=2 * model.y >= 5)
    model.least.deactivate()
    model.none = pyo.Constraint(expr=0 * model.y <= 1)
    assert [row(data) for data in model.component_data_objects(pyo.Constraint)] == [
        "two: -4 <= x[b] - x[a] <= -2.66666666667",
        "most: -x[a] + 0.3 y - x[b] <= 0",
        "least: 2 y >= 5 (inactive)",
        "none: 0 <= 1",
    ]
    assert [bound(data) for data in model.component_data_objects(pyo.Var)] == [
        "0 <= x[a] <= 4", "0 <= x[b] <= 4", "y >= 0",
    ]  # fmt: skip


@pytest.mark.parametrize("name", FAMILIES)
def test_every_constraint_of_a_model_stands_in_a_record(name: str) -> None:
    """One that its record forgets could not be named in a conflict. Constraints that state an objective are its own."""
    built = build(FAMILIES[name].data())
    own = set(objective.FAMILY.constraints)
    stated = {component.name for component in built.component_objects(pyo.Constraint)} - own
    assert stated <= BALANCES | set(LIMITS)
