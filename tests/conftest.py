"""Fixtures: a toy data package small enough to solve by hand, the shipped inputs, and texts held against golden files.

`pytest --update-golden` accepts what is computed now as the golden files, and prints what changed in them.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from difflib import unified_diff
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from minerals.results.result import Result
from minerals.results.verdicts import lines, summary
from minerals.shipped import inputs_folder
from minerals.studies.run import run
from minerals.tables.inputs import Inputs, read_inputs
from minerals.validation.validate import validate

TESTS = Path(__file__).parent
ROOT = TESTS.parent
GOLDEN = TESTS / "golden"

#: Files, or single tests of a file, that `pytest -m "not slow"` leaves out: charts, processes, notebooks, studies, and
#: whole runs on the shipped inputs.
SLOW = (
    "published/*.py", "test_attacks.py", "test_charts*.py", "test_chokepoints.py", "test_cli.py", "test_drawing.py",
    "test_explain_exposure.py", "test_notebooks.py", "test_optimise.py", "test_studies.py",
    "test_bad_inputs.py::test_a_mix_that_cannot_be_chosen",
    "test_bad_inputs.py::test_every_way_out_that_is_told_works",
    "test_bad_inputs.py::test_the_mix_that_is_broken_is_sound",
    "test_cells.py::test_a_number_of_a_cell_changed_by_a_run",
    "test_cells.py::test_a_run_on_derived_intensities",
    "test_cells.py::test_between_tabulated_blends_the_curve_runs_through_them",
    "test_config.py::test_every_shipped_run_file_is_sound",
    "test_diffusion.py::test_a_result_of_paths_and_limits_repeats_byte_for_byte",
    "test_flows.py::test_a_point_from_graphite_cells_to_sodium_lowers_graphite",
    "test_prices.py::test_check_finds_what_a_run_would_refuse",
    "test_prices.py::test_the_rate_fitted_to_prices_is_told_beside_the_published_one",
    "test_prices.py::test_the_shipped_run_starts_from_the_published_points",
    "test_results.py::test_world_is_the_sum_of_its_parts",
)  # fmt: skip


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="Accept what changed in tests/golden, and print it.")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        file = item.path.relative_to(TESTS).as_posix()
        name = f"{file}::{getattr(item, 'originalname', item.name)}"
        if any(fnmatch(file, pattern) or fnmatch(name, pattern) for pattern in SLOW):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True, scope="session")
def _nothing_kept() -> Iterator[None]:
    """Tests read and check their tables each time, and leave nothing in the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINERALS_CACHE", "off")
        yield


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """A folder with the toy tables, the shipped descriptor, and run.toml; free to be changed."""
    folder = tmp_path / "toy"
    shutil.copytree(TESTS / "toy", folder)
    shutil.copy(inputs_folder() / "datapackage.json", folder)
    return folder


@pytest.fixture
def run_toy(toy: Path) -> Callable[..., Result]:
    """Run the toy's run file: run_toy("scope.years.last=2031", …)."""
    return lambda *sets: run(toy / "run.toml", sets, toy)


@pytest.fixture(scope="session")
def shipped_inputs() -> Inputs:
    return read_inputs(inputs_folder())


@pytest.fixture(scope="session")
def europe() -> Result:
    return run("europe-2035")


@pytest.fixture(scope="session")
def world() -> Result:
    return run("world-2050", ["scope.years.last=2035"])


#: What is printed at the end of the tests: lines by heading.
TOLD = pytest.StashKey[dict[str, list[str]]]()


@pytest.fixture(scope="session")
def validation(pytestconfig: pytest.Config) -> Result:
    """The model against published results; its table is printed at the end of the tests."""
    found = validate()
    told = [*lines(found["validation"], 100, reasons=False), *summary(found["validation"])]
    pytestconfig.stash.setdefault(TOLD, {})["the model against published results"] = told
    return found


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Holds a text against a file of tests/golden, golden("mix/demand.txt", text); with --update-golden writes it."""

    def hold(name: str, text: str) -> None:
        file, place = GOLDEN / name, f"tests/golden/{name}"
        known = file.read_text(encoding="utf-8") if file.exists() else ""
        if text == known:
            return
        changes = list(unified_diff(known.splitlines(), text.splitlines(), place, "now", lineterm=""))
        if not request.config.getoption("--update-golden"):
            way = f"pytest {request.path.relative_to(ROOT).as_posix()} --update-golden"
            pytest.fail("\n".join([*changes, "", f"If this is meant, `{way}` accepts it."]), pytrace=False)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="\n")
        request.config.stash.setdefault(TOLD, {})[place] = changes

    return hold


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker hands what it is to tell to the process that prints."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["told"] = session.config.stash.get(TOLD, {})


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    if told := getattr(node, "workeroutput", {}).get("told"):
        node.config.stash.setdefault(TOLD, {}).update(told)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for heading, told in sorted(config.stash.get(TOLD, {}).items()):
        terminalreporter.section(heading)
        for line in told:
            terminalreporter.write_line(line)
