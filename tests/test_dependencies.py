"""What pyproject.toml asks of others: lowest versions, which .ci/lowest.txt tries together, and nothing unused."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
TESTED = PROJECT["optional-dependencies"]["test"]
#: Packages whose module has another name; tools that are run and not imported; what another package asks for.
MODULE = {"axe-core-python": "axe_core_python", "fontpkg-inter": "fontpkg_inter",
          "markdown-it-py": "markdown_it", "pytest-xdist": "xdist"}  # fmt: skip
TOOLS = {"ipykernel", "mypy", "pytest-xdist", "ruff"}
#: Pyomo writes its programmes as the sparse matrices of scipy.
ASKED_BY_OTHERS = {"scipy"}


def name_and_floor(requirement: str) -> tuple[str, str]:
    found = re.fullmatch(r"([\w-]+)>=([\d.]+)(,<[\d.]+)?", requirement)
    assert found, f"{requirement} states no lowest version"
    return found[1], found[2]


def test_the_lowest_versions_are_those_that_are_tried() -> None:
    tried = [line for line in (ROOT / ".ci" / "lowest.txt").read_text().splitlines() if not line.startswith("#")]
    assert tried == ["==".join(name_and_floor(each)) for each in (*PROJECT["dependencies"], *TESTED)]


def test_what_workbooks_need_is_tried_with_the_tests() -> None:
    assert set(PROJECT["optional-dependencies"]["xlsx"]) <= set(TESTED)


def test_what_we_rest_on_by_internals_has_an_upper_end() -> None:
    ended = {each.partition(">")[0] for each in PROJECT["dependencies"] if ",<" in each}
    assert ended == {"clarabel", "highspy", "matplotlib", "pandas", "pyomo"}


def test_nothing_is_asked_for_that_nothing_imports() -> None:
    texts = {
        part: [path.read_text(encoding="utf-8") for path in (ROOT / part).rglob("*.py")]
        for part in ("minerals", "tests")
    }
    imported = {part: {name for text in found for name in _imports(text)} for part, found in texts.items()}
    named = "".join(texts["minerals"])
    for requirement in PROJECT["dependencies"]:
        name, _ = name_and_floor(requirement)
        module = MODULE.get(name, name)
        assert module in imported["minerals"] or f'"{module}"' in named or name in ASKED_BY_OTHERS, name
    for requirement in TESTED:
        name, _ = name_and_floor(requirement)
        assert MODULE.get(name, name) in imported["tests"] or name in TOOLS, name


def _imports(text: str) -> set[str]:
    return set(re.findall(r"^\s*(?:import|from) +(\w+)", text, flags=re.MULTILINE))
