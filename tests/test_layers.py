"""A module imports only from lower floors; siblings on one floor do not know each other."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "minerals"
FLOORS = {
    "haste": -2, "columns": -1,
    "errors": 0, "units": 0, "quantities": 0, "axes": 0, "shipped": 0, "provenance": 0,
    "diffusion": 0, "design": 0, "numbers": 0, "highs": 0, "cores": 0, "text": 0, "toml": 0,
    "config": 1, "tables": 2, "flows": 3, "cells": 3, "exposure": 3, "prices": 3, "mix": 4,
    "case": 5, "results": 6, "pipeline": 7, "charts": 8, "studies": 8, "drawing": 9, "validation": 9, "doctor": 9,
    "report": 9,
    "api": 10, "completion": 10, "starting": 10, "cli": 11, "__main__": 12,
}  # fmt: skip


def part(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0].removesuffix(".py")


def statements(node: ast.AST) -> Iterator[ast.stmt]:
    """Every statement within one, at any depth; of expressions, which hold none, there are ten times as many."""
    for part in ("body", "orelse", "finalbody", "handlers", "cases"):
        for child in getattr(node, part, ()):
            if isinstance(child, ast.stmt):
                yield child
            yield from statements(child)


def imported(path: Path) -> set[str]:
    """First-level names of the package that a module imports, whether at its top or inside a function."""
    base = ["minerals", *path.relative_to(PACKAGE).parts[:-1]]
    found: set[str] = set()
    for node in statements(parsed(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("minerals.")}
        elif isinstance(node, ast.ImportFrom):
            start = base[: len(base) - node.level + 1] if node.level else []
            full = [*start, *(node.module.split(".") if node.module else [])]
            if full[:1] == ["minerals"]:
                found |= {full[1]} if len(full) > 1 else {alias.name for alias in node.names}
    return found & set(FLOORS)


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


@pytest.mark.slow
def test_pyomo_is_there_without_the_statistics_of_scipy_and_leaves_them_whole() -> None:
    told = (
        "import sys; from minerals.mix.pyo import pyo; assert 'pyomo' not in sys.modules; "
        "import minerals.mix.solution; pyo.Var; assert 'pyomo' in sys.modules and 'scipy.stats' not in sys.modules; "
        "import scipy.stats, scipy.spatial, scipy.integrate; "
        "print(scipy.stats.norm.cdf(0.0), scipy.spatial.ConvexHull.__name__, scipy.integrate.quad.__name__)"
    )
    found = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert found.stdout == "0.5 ConvexHull quad\n"


def test_every_module_has_a_floor() -> None:
    assert not {part(path) for path in MODULES} - set(FLOORS)


def test_imports_only_from_lower_floors() -> None:
    ground = {"errors", "text"}  # Errors and plain texts are common to the lowest.
    wrong = [
        f"{path.relative_to(PACKAGE)} (floor {FLOORS[here]}) imports {other} (floor {FLOORS[other]})"
        for path in MODULES
        for here in [part(path)]
        for other in sorted(imported(path) - {here})
        if not (FLOORS[here] == 0 and other in ground) and FLOORS[other] >= FLOORS[here]
    ]
    assert not wrong


def test_only_tables_and_config_open_files_below_results() -> None:
    """The science is pure: flows, exposure and prices open, print and log nothing."""
    for path in [path for part in ("flows", "exposure", "prices") for path in (PACKAGE / part).glob("*.py")]:
        names = {
            node.id for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Name)
        }
        assert not names & {"open", "print", "Path", "logging", "pd"}


def test_one_run_is_arrays() -> None:
    """case/ imports no pandas and no file or screen."""
    for path in (PACKAGE / "case").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
                node.body = []
        loaded = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        loaded |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not {name.split(".")[0] for name in loaded} & {"pandas", "logging", "pathlib", "os"}, path.name
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        assert not names & {"open", "print", "pd"}, path.name


#: Words that say of a value only that somebody wanted or said it, or that it lies next to another.
NO_NAMES = frozenset({"asked", "given", "told", "heed", "beside"})


def names(tree: ast.AST) -> Iterator[str]:
    """Every name that a module binds or reads: variables, attributes, parameters, functions, classes, imports."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
                yield name
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.alias(name=name, asname=other):
                yield (other or name).rpartition(".")[2]


def test_names_say_what_they_hold() -> None:
    """In the words of the field."""
    found = {
        f"{path.relative_to(PACKAGE)}: {name}"
        for path in MODULES for name in names(parsed(path)) if name.strip("_").lower() in NO_NAMES
    }  # fmt: skip
    assert not found


def constants(path: Path) -> list[str]:
    """Names in capitals that a module assigns on its own level, as often as it does."""
    assigned: list[ast.expr] = []
    for statement in parsed(path).body:
        if isinstance(statement, ast.Assign):
            assigned += statement.targets
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            assigned.append(statement.target)
    return [
        name.id for target in assigned for name in ast.walk(target) if isinstance(name, ast.Name) and name.id.isupper()
    ]


def test_a_constant_is_defined_once() -> None:
    """A second definition, as after two changes that were joined, would take the place of the first in silence."""
    twice = {
        f"{path.relative_to(PACKAGE)}: {name}"
        for path in MODULES for name, count in Counter(constants(path)).items() if count > 1
    }  # fmt: skip
    assert not twice


def test_what_contributing_names_is_there() -> None:
    """Files and folders in backticks, and the modules of the floors."""
    root = PACKAGE.parent
    text = (root / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = {word for word in re.findall(r"`([\w./*-]+)`", text) if "/" in word and not re.search("NAME|KIND", word)}
    named = {word for word in named if not word.startswith("@")}
    places = (root, PACKAGE)
    lost = [word for word in sorted(named) if not any(list(place.glob(word.rstrip("/"))) for place in places)]
    assert not lost
    floors = re.search(r"```text\n(.*?)```", text, re.DOTALL)
    assert floors is not None
    modules = re.findall(r"^((?:[\w/]+ +)+?) {2,}", floors[1], re.MULTILINE)
    for line in modules:
        for name in line.split():
            assert (PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").is_file(), name
