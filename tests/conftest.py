"""Fixtures: a toy data package small enough to solve by hand, the shipped inputs, and texts held against golden files.

`pytest --update-golden` accepts what is computed now as the golden files, and prints what changed in them.
"""

from __future__ import annotations

import gc
import math
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from difflib import unified_diff
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from minerals.results.result import Result
from minerals.results.verdicts import lines, summary
from minerals.shipped import inputs_folder
from minerals.studies.run import run
from minerals.tables.inputs import Inputs, read_inputs
from minerals.validation.validate import validate

TESTS = Path(__file__).parent
ROOT = TESTS.parent
GOLDEN = TESTS / "golden"


#: Where folders of tests are made if it is in memory and has room [bytes]: hundreds of tests lay out eighty tables.
MEMORY, ROOM = Path("/dev/shm"), 4e9
if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def some(values: Iterable[Any], quick: int) -> list[Any]:
    """Values of a parameter, of which only the first few are quick."""
    return [
        value if at < quick else pytest.param(value, marks=pytest.mark.slow) for at, value in enumerate(values)
    ]  # fmt: skip


def lay_out(place: Path, *parts: str) -> Path:
    """Put the tables of toys into a folder, later ones over earlier, with the shipped descriptor; returns it."""
    for part in parts:
        shutil.copytree(TESTS / part, place, dirs_exist_ok=True)
    shutil.copy(inputs_folder() / "datapackage.json", place)
    return place


def pytest_configure(config: pytest.Config) -> None:
    """Where slow tests are left out, properties that do not say how often they are tried are tried less often."""
    if config.option.markexpr == "not slow":
        settings.register_profile("quick", max_examples=40)
        settings.load_profile("quick")


def pytest_sessionstart() -> None:
    """A worker imports Pyomo as the program does, before tests import all of it, which takes a second longer."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        from minerals.mix.pyo import pyo

        assert pyo.ConcreteModel


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long is begun first, so that no worker waits for it at the end."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Where slow tests are left out, files that have no others are not even imported."""
    if config.option.markexpr != "not slow" or collection_path.suffix != ".py":
        return None
    return "\npytestmark = pytest.mark.slow\n" in collection_path.read_text(encoding="utf-8") or None


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="Accept what changed in tests/golden, and print it.")


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: the collector of garbage need not look through it, nor look for
    more at each few hundred objects. Otherwise it takes a fifth of the time of tests of inputs."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


@pytest.fixture(autouse=True, scope="session")
def _kept_apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests leave nothing in the user's cache: tables that many of them read as they are, are kept in one of their own,
    or read each time where the cache's place cannot be named."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        if sys.platform in ("darwin", "win32"):
            patch.setenv("MINERALS_CACHE", "off")
        else:
            patch.delenv("MINERALS_CACHE", raising=False)
        patch.delenv("COLUMNS", raising=False)  # Sentences stand on one line, as where nobody says how wide it is.
        yield


@pytest.fixture(scope="session")
def toy_files() -> dict[str, bytes]:
    """Files of the toy by name: its tables, the shipped descriptor, and run files. A third of the tests write them."""
    paths = [*(TESTS / "toy").iterdir(), inputs_folder() / "datapackage.json"]
    return {path.name: path.read_bytes() for path in paths}


@pytest.fixture
def toy(toy_files: dict[str, bytes], tmp_path: Path) -> Path:
    """A folder with the toy tables, the shipped descriptor, and run.toml; free to be changed."""
    folder = tmp_path / "toy"
    folder.mkdir()
    for name, content in toy_files.items():
        (folder / name).write_bytes(content)
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
SECTIONS = pytest.StashKey[dict[str, list[str]]]()


@pytest.fixture(scope="session")
def validation(pytestconfig: pytest.Config) -> Result:
    """The model against published results; its table is printed at the end of the tests."""
    found = validate()
    body = [*lines(found["validation"], 100, reasons=False), *summary(found["validation"])]
    pytestconfig.stash.setdefault(SECTIONS, {})["the model against published results"] = body
    return found


#: Significant digits from which a unit of the last one may be rounding.
PRECISE = 7
NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


def alike(known: str, now: str, digits: int) -> bool:
    """Whether two texts differ by rounding alone: numbers by one unit of their last digit, or of their ninth decimal.

    digits: significant digits that numbers are printed with; what has more, as a code of names, is the same
    or not. A sum that is taken in another order, as on another processor, may be rounded to the other side.
    """
    if NUMBER.sub("0", known) != NUMBER.sub("0", now):
        return False
    pairs = zip(NUMBER.findall(known), NUMBER.findall(now), strict=True)
    return all(before == after or _one_unit_apart(before, after, digits) for before, after in pairs)


def _one_unit_apart(before: str, after: str, digits: int) -> bool:
    largest = max(abs(float(before)), abs(float(after)))
    if largest == 0 or max(len(Decimal(each).as_tuple().digits) for each in (before, after)) > digits:
        return largest == 0
    unit = 10.0 ** (math.floor(math.log10(largest)) - digits + 1)
    return abs(float(before) - float(after)) <= 1.001 * max(unit, 1e-9)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Holds a text against a file of tests/golden, golden("mix/demand.txt", text); with --update-golden writes it.

    digits: significant digits of its numbers, seven or more, of which the last may be another by one unit. Without it
    none may: of fewer digits a unit would be a change, and rounding hardly reaches it.
    """

    def hold(name: str, text: str, digits: int | None = None) -> None:
        file, place = GOLDEN / name, f"tests/golden/{name}"
        known = file.read_text(encoding="utf-8") if file.exists() else ""
        if text == known or (digits is not None and digits >= PRECISE and alike(known, text, digits)):
            return
        changes = list(unified_diff(known.splitlines(), text.splitlines(), place, "now", lineterm=""))
        if not request.config.getoption("--update-golden"):
            way = f"pytest {request.path.relative_to(ROOT).as_posix()} --update-golden"
            pytest.fail("\n".join([*changes, "", f"If this is meant, `{way}` accepts it."]), pytrace=False)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="\n")
        request.config.stash.setdefault(SECTIONS, {})[place] = changes

    return hold


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker hands what it is to tell to the process that prints."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["told"] = session.config.stash.get(SECTIONS, {})


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    if sections := getattr(node, "workeroutput", {}).get("told"):
        node.config.stash.setdefault(SECTIONS, {}).update(sections)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for heading, body in sorted(config.stash.get(SECTIONS, {}).items()):
        terminalreporter.section(heading)
        for line in body:
            terminalreporter.write_line(line)
