"""What the mix says of itself: equations as text, and the families and objectives read from their files."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import chain
from typing import get_args

import pytest
from test_mix import toy

from minerals.config import RunFile
from minerals.mix.docs import description, descriptions, goals, table
from minerals.mix.equation import lines, plain, prose, unit
from minerals.mix.families import BALANCES, FAMILIES, LIMITS, MODULES, ORDER, in_conflict, in_worth, words
from minerals.mix.family import EACH, IN_CONFLICT, IN_WORTH, UNRANKED, Balance, Family, Glossary, Kind, Limit, year_of

DOCSTRING = r"""Why there is
a limit.

$$\sum_c x_{rcy} \le L_r \qquad [\mathrm{GWh}]$$

with $L_r$ the limit.

$$w_{ry} \ge 0, \qquad v_{ry} \ge 0 \qquad [\mathrm{kt}]$$

Source: somebody (2030),
page 4.
"""


@pytest.mark.parametrize(("latex", "text"), [
    (r"\sum_c x_{rscy} + u_{rsy} = D_{rsy}", "Σ_c x[r,s,c,y] + u[r,s,y] = D[r,s,y]"),
    (r"\frac{X_{rfy}}{D_{ry}} \le (1 + g_{rf}) \frac{X_{rf,y-1}}{D_{r,y-1}}",
     "X[r,f,y] / D[r,y] ≤ (1 + g[r,f]) X[r,f,y−1] / D[r,y−1]"),
    (r"\frac{a + b}{2c} d - \frac{1}{n}", "((a + b) / (2 c)) d − 1 / n"),
    (r"\sum_{v \le y} \Bigl( b_{rkv} - \sum_l t_{rklv} \Bigr)", "Σ_{v ≤ y} (b[r,k,v] − Σ_l t[r,k,l,v])"),
    (r"\sum_{c, k < y} a", "Σ_{c, k < y} a"),
    (r"x'_{drcy} \le -\lambda x_{\mathrm{low},y}^2", "x'[d,r,c,y] ≤ −λ x[low,y]^2"),
    (r"-x \ge (-1) \cdot \max_d L_d", "−x ≥ (−1) · max_d L[d]"),
    (r"(e_{qcy} - E_{qs})\, \overline{x}_{rscy} \in \{0, 1\}", "(e[q,c,y] − E[q,s]) x\u0305[r,s,c,y] ∈ {0, 1}"),
    (r"K_{2030} = 0.65\,K^{\max}_{r}", "K[2030] = 0.65 K^max[r]"),
    (r"\sigma_{rf} \strange y", r"σ[r,f] \strange y"),
    (r"\frac {a} {b} {c + d}", "(a / b) c + d"),
    ("", ""),
])  # fmt: skip
def test_an_equation_as_text(latex: str, text: str) -> None:
    assert plain(latex) == text


def test_a_block_of_equations_with_units() -> None:
    block = r"""\begin{aligned} a &\le b, \qquad
      c \ge d \\ e = f \qquad [\mathrm{kt\ or\ GWh}] \end{aligned}"""
    assert [plain(line) for line in lines(block)] == ["a ≤ b", "c ≥ d", "e = f", "[kt or GWh]"]
    assert [unit(line) for line in lines(block)] == ["", "", "", "kt or GWh"]
    assert unit(r"[\mathrm{GWh} \cdot q]") == "GWh · q"
    assert [unit(r"[0, 1] \ni x"), unit("x = [kt]")] == ["", ""]
    assert prose("with $X_{rf}$\nof a family $f$") == "with X[r,f] of a family f"


def test_a_family_is_read_from_its_docstring_and_its_record() -> None:
    record = Family("optimise.limit", {"limit": Balance("region, year"), "low": Balance("region")})
    found = description("limit", DOCSTRING, record, "limit.py")
    assert found.why == "Why there is a limit."
    assert found.equations == (r"\sum_c x_{rcy} \le L_r", r"w_{ry} \ge 0", r"v_{ry} \ge 0")
    assert found.unit == "GWh, kt"
    assert found.notes == ("with $L_r$ the limit.",)
    assert found.source == "somebody (2030), page 4."
    assert found.key == "optimise.limit"
    assert found.constraints == {"limit": "region, year", "low": "region"}
    bare = description("bare", "Why.", Family("", {}), "bare.py")
    assert (bare.why, bare.equations, bare.unit, bare.key, bare.constraints) == ("Why.", (), "", "", {})


def test_a_row_of_the_objectives_may_take_two_lines() -> None:
    rows = (
        "    cost    all that is        million USD\n            paid\n"
        "    worst   a loss             GWh\n            of all             a year"
    )
    told = [(goal.name, goal.meaning, goal.unit) for goal in table(f"What.\n\n{rows}\n\nEnd.", "objective.py")]
    assert told == [("cost", "all that is paid", "million USD"), ("worst", "a loss of all", "GWh a year")]
    assert table("Nothing.", "objective.py") == []


@pytest.mark.parametrize("name", descriptions())
def test_every_family_says_what_a_reader_needs(name: str) -> None:
    """Why, an equation that can be read as text, a unit, and constraints with their index."""
    found = descriptions()[name]
    assert found.why.endswith((".", ")"))
    assert found.equations
    assert found.unit
    assert found.constraints
    for constraint, index in found.constraints.items():
        assert index, f"{found.file}: state the index of {constraint}"
    for text in (*map(plain, found.equations), *map(prose, (found.why, *found.notes))):
        assert "\\" not in text, f"{found.file}: minerals/mix/equation.py does not know this LaTeX yet: {text}"
        assert "$" not in text


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_names_a_key_of_the_run_file(name: str) -> None:
    """Where no key loosens a limit, it says why not."""
    family = FAMILIES[name]
    assert is_key(family.key)
    for constraint, entry in {**family.constraints, **family.bounds}.items():
        if isinstance(entry, Limit):
            limit = LIMITS[constraint]
            assert is_key(limit.key)
            assert bool(limit.way_out) != bool(limit.no_way_out), f"{constraint}: a way out, or why there is none"
            assert not limit.way_out or limit.key.partition(".")[2] in limit.way_out, "the way out names the key"


def is_key(name: str) -> bool:
    """Whether a run file has a key, or a section of that name."""
    section, _, key = name.partition(".")
    model = RunFile.model_fields[section].annotation
    models = [one for one in (model, *get_args(model)) if hasattr(one, "model_fields")]
    return not key or any(key in one.model_fields for one in models)


#: What stands in the index of a limit.
PARTS = {
    "region": "Europe", "pool": "Europe", "segment": "car", "chemistry": "nmc811", "family": "NMC", "supplier": "IDN",
    "node": "mined_nickel", "line": "li_ion", "mineral": "lithium", "measure": "specific_energy",
    "disruption": "idn-stop", "stream": "collected", "where": "home", "year": 2031,
}  # fmt: skip


@pytest.mark.parametrize("name", LIMITS)
def test_every_limit_can_be_told(name: str) -> None:
    """In words without codes, with its region or product, and in which unit."""
    limit, parts = LIMITS[name], LIMITS[name].index.split(", ") if LIMITS[name].index else []
    index = tuple(PARTS[part] for part in parts)
    share = {("Europe", "car", "NMC", 2031): 0.4}
    data = toy(
        demand={("Europe", "car", 2031): 100.0}, own_share={("Europe", 2031): 0.4}, max_share=share, min_share=share
    )
    glossary = Glossary(
        nodes={"mined_nickel": "Nickel mine"}, units={"mined_nickel": "kt"}, disruptions={"idn-stop": "a stop"},
        segments={"car": "Passenger cars"}, chemistries={"NMC": "Any NMC"}, minerals={"lithium": "Lithium"},
        countries={"IDN": "Indonesia"},
    )  # fmt: skip
    told = words(name, index, glossary, data)
    assert year_of(index) == (2031 if parts else 0)
    assert told.template
    assert told.unit
    assert told.scale > 0
    assert (EACH in told.template) == bool(told.name)
    for text in (told.what, told.about):
        assert "_" not in text
        assert not set(re.findall(r"\w+", text)) & {"car", "IDN", "idn"}
        assert not re.search(r"\d{4}", text), "the year is told beside"
    for part, word in (("region", "Europe"), ("pool", "Europe"), ("node", "mined nickel"), ("supplier", "Indonesia"),
                       ("segment", "passenger cars"), ("mineral", "lithium"), ("family", "Any NMC"),
                       ("line", "lithium-ion")):  # fmt: skip
        if part in parts:
            assert word in told.what + told.about
    if limit.amount:
        level, unit = limit.amount(data, *index)
        assert level > 0
        assert unit
    if limit.row:
        assert limit.row(*index)[0] == name


def test_every_constraint_is_a_balance_or_its_worth_is_told() -> None:
    """A limit of which no worth is told is a bound, or stands beside one with the same right-hand side."""
    silent = {name for name, limit in LIMITS.items() if not limit.worth}
    bought = {"stock_part", "plants_built", "plants_built_in", "recycled_part"}
    assert silent == {"unmet", "standing", "follow_on", *bought}
    assert set(in_worth()) == set(LIMITS) - silent
    assert BALANCES.isdisjoint(LIMITS)
    assert {name for family in FAMILIES.values() for name in family.constraints} <= BALANCES | set(LIMITS)


def test_no_two_limits_have_one_rank() -> None:
    """So that the order in which they are told does not hang on the names of files."""
    places = [in_conflict(name) for name, limit in LIMITS.items() if limit.rank != UNRANKED]
    assert len(set(places)) == len(places)
    assert {limit.kind for limit in LIMITS.values()} == set(Kind)
    assert sorted(chain(*IN_CONFLICT), key=str) == sorted(IN_WORTH, key=str) == sorted(Kind, key=str)


@pytest.mark.slow
def test_records_are_read_without_pyomo() -> None:
    code = "import sys, minerals.mix.docs, minerals.results.screen_mix; print([m for m in sys.modules if 'pyomo' in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_families_stand_in_the_order_of_a_model_and_all_others_behind() -> None:
    names = list(MODULES)
    first = [name for name in ORDER if name in MODULES]
    assert len(first) >= 10
    assert names == [*first, *sorted(set(names) - set(first))]


def test_every_objective_has_a_meaning_and_a_unit() -> None:
    assert {"cost", "worst"} <= set(goals())
    assert all(goal.meaning and goal.unit for goal in goals().values())
