"""The mutator of tests/mutants.py: what it changes, what it passes over, and which tests it holds against a change."""

from __future__ import annotations

import ast
from pathlib import Path

import mutants
import pytest
from mutants import Mutant, Traced

SOURCE = '''"""A module with 1 + 1 in its docstring."""
from typing import TYPE_CHECKING

LEAST = 1.0


@cached(1)
def loss(cells, need: int | None = 0):
    """Cells × need + 1."""
    assert need > 0, "a need below 1"
    if not cells.any() and need <= 1:
        raise ValueError(f"{need + 1} kt")
    return np.maximum(cells[1:] @ need, -LEAST) + (  # less than +
        need ** 2)
'''
#: Line → what stands there → what it becomes.
CHANGES = {
    4: {("1.0", "0.0")},
    8: {("0", "1")},
    11: {("not", ""), ("any", "all"), ("and", "or"), ("<=", "<"), ("<=", ">"), ("1", "0")},
    13: {("maximum", "minimum"), ("1", "0"), ("1", "(1) + 1"), ("1", "(1) - 1"), ("@", "*"), ("-", ""), ("+", "-")},
    14: {("**", "*")},
}


def of(source: str) -> list[Mutant]:
    return mutants.mutants_of("flows/x.py", source.encode())


def test_each_place_that_computes_is_changed_and_nothing_else() -> None:
    """No docstring, message, type, decorator, comment or assertion."""
    found: dict[int, set[tuple[str, str]]] = {}
    for mutant in of(SOURCE):
        found.setdefault(mutant.line, set()).add((mutant.before, mutant.after))
    assert found == CHANGES


def test_a_mutant_is_the_file_with_one_change() -> None:
    for mutant in of(SOURCE):
        changed = mutant.of(SOURCE.encode()).decode()
        lines = [(old, new) for old, new in zip(SOURCE.split("\n"), changed.split("\n"), strict=True) if old != new]
        assert len(lines) == 1
        assert lines[0][0] == SOURCE.split("\n")[mutant.line - 1]


def test_a_mutant_is_another_program() -> None:
    for path in [Path(mutants.ROOT, "minerals", "prices", "learning.py"), Path(mutants.ROOT, "minerals", "cores.py")]:
        source = path.read_bytes()
        same = ast.dump(ast.parse(source))
        for mutant in mutants.mutants_of(path.name, source):
            assert ast.dump(ast.parse(mutant.of(source))) != same, mutant


def test_a_mutant_knows_the_function_it_is_in() -> None:
    """By the line of its decorator; a default is of the module, as it is computed when that is imported."""
    assert {(mutant.line, mutant.function) for mutant in of(SOURCE)} == {(4, 0), (8, 0), (11, 7), (13, 7), (14, 7)}


def test_an_operator_is_found_between_its_operands() -> None:
    told = [str(mutant) for mutant in of("x = (a - 'b-') - (c  # -\n  - d)\ny = 'a' + b\n")]
    assert told == ["flows/x.py:1  - → +", "flows/x.py:2  - → +"]


@pytest.mark.slow
def test_the_draw_is_that_of_its_seed() -> None:
    every = mutants.all_mutants(mutants.ROOT, ["minerals/prices"])
    some = mutants.drawn(every, 1, 10)
    assert some == mutants.drawn(every, 1, 10) != mutants.drawn(every, 2, 10)
    assert len(set(some)) == 10
    assert set(some) <= set(every)
    assert mutants.drawn(every, 1, None) == every
    assert {Path(mutant.file).parts[1] for mutant in mutants.all_mutants(mutants.ROOT)} == set(mutants.SCIENCE)


def test_only_tests_that_enter_a_function_are_held_against_it() -> None:
    tests = Traced({"a": {("f.py", 3)}, "b": {("f.py", 3), ("g.py", 1)}, "c": set()}, {"a": 2.0, "b": 1.0, "c": 9.0})
    assert tests.that_tell(Mutant("f.py", 4, 0, 1, "1", "0", 3)) == ["b", "a"]
    assert tests.that_tell(Mutant("f.py", 1, 0, 1, "1", "0", 0)) == ["b", "a", "c"]
    assert tests.that_tell(Mutant("f.py", 9, 0, 1, "1", "0", 8)) == []


@pytest.mark.slow
def test_a_mutant_is_killed_and_one_that_changes_nothing_survives(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a small package of its own, whose quick tests are run twice: traced, and on each mutant."""
    (tmp_path / "minerals").mkdir()
    (tmp_path / "tests").mkdir()
    source = tmp_path / "minerals" / "science.py"
    source.write_text("def mass(a, b):\n    return a * b\n\n\ndef idle(a):\n    return a + 1\n", encoding="utf-8")
    (tmp_path / "minerals" / "__init__.py").touch()
    (tmp_path / "tests" / "mutants.py").write_bytes(Path(mutants.__file__).read_bytes())
    (tmp_path / "tests" / "test_mass.py").write_text(
        "from minerals.science import mass\n\ndef test_mass():\n    assert mass(2, 3) == 6\n", encoding="utf-8"
    )
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\nmarkers = ['slow']\n", encoding="utf-8")
    tests = mutants.mapped(tmp_path, tmp_path / "map.json")
    assert tests.entered == {"tests/test_mass.py": {("minerals/science.py", 1)}}
    before = source.read_bytes()
    found = mutants.hunt(mutants.all_mutants(tmp_path, ["minerals"]), tests, [tmp_path])
    assert found == ["tests/test_mass.py::test_mass", "", ""]
    assert source.read_bytes() == before
    assert "minerals/science.py:2  * → /  killed by tests/test_mass.py::test_mass\n" in capsys.readouterr().out
    source.write_text("def mass(a, b):\n    return a + b\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="2"):
        mutants.mapped(tmp_path, tmp_path / "other.json")
