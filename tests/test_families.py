"""What the mix says of itself: equations as text, and the families and objectives read from their files."""

from __future__ import annotations

import pytest

from minerals.config import Exposure, Optimise
from minerals.mix.equation import lines, plain, prose, unit
from minerals.mix.families import families, family, goals, table

CODE = '''r"""Why there is
a limit.

$$\\sum_c x_{rcy} \\le L_r \\qquad [\\mathrm{GWh}]$$

with $L_r$ the limit.

$$w_{ry} \\ge 0, \\qquad v_{ry} \\ge 0 \\qquad [\\mathrm{kt}]$$

Source: somebody (2030),
page 4.
"""
import pyomo.environ as pyo

KEY = "optimise.limit"

def add(model, data):
    """limit[region,
    year], low[region]; expression of[region]."""
    model.limit = pyo.Constraint(pyo.Set(), rule=None)
    model.low = pyo.Constraint()
    model.of = pyo.Expression()
'''


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
    assert prose("with $X_{rf}$\nof a family $f$") == "with X[r,f] of a family f"


def test_a_family_is_read_from_its_code() -> None:
    found = family("limit", CODE, "limit.py")
    assert found.why == "Why there is a limit."
    assert found.equations == (r"\sum_c x_{rcy} \le L_r", r"w_{ry} \ge 0", r"v_{ry} \ge 0")
    assert found.unit == "GWh, kt"
    assert found.notes == ("with $L_r$ the limit.",)
    assert found.source == "somebody (2030), page 4."
    assert found.key == "optimise.limit"
    assert found.constraints == {"limit": "region, year", "low": "region"}
    bare = family("bare", '"""Why."""\n', "bare.py")
    assert (bare.why, bare.equations, bare.unit, bare.key, bare.constraints) == ("Why.", (), "", "", {})


def test_a_row_of_the_objectives_may_take_two_lines() -> None:
    rows = "    cost    all that is        million USD\n            paid\n    worst   a loss             GWh"
    told = [(goal.name, goal.meaning, goal.unit) for goal in table(f"What.\n\n{rows}\n\nEnd.", "objective.py")]
    assert told == [("cost", "all that is paid", "million USD"), ("worst", "a loss", "GWh")]
    assert table("Nothing.", "objective.py") == []


@pytest.mark.parametrize("name", families())
def test_every_family_says_what_a_reader_needs(name: str) -> None:
    """Why, an equation that can be read as text, a unit, and constraints with their index."""
    found = families()[name]
    assert found.why.endswith((".", ")"))
    assert found.equations
    assert found.unit
    assert found.constraints
    for constraint, index in found.constraints.items():
        assert index, f"{found.file}: state {constraint}[its index] in the docstring of add"
    for text in (*map(plain, found.equations), *map(prose, (found.why, *found.notes))):
        assert "\\" not in text, f"{found.file}: minerals/mix/equation.py does not know this LaTeX yet: {text}"
        assert "$" not in text


@pytest.mark.parametrize("name", families())
def test_every_family_names_a_key_of_the_run_file(name: str) -> None:
    section, _, key = families()[name].key.partition(".")
    assert key in {"optimise": Optimise, "exposure": Exposure}[section].model_fields


def test_every_objective_has_a_meaning_and_a_unit() -> None:
    assert {"cost", "worst"} <= set(goals())
    assert all(goal.meaning and goal.unit for goal in goals().values())
