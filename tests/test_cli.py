"""The command line as a person meets it: exit codes, streams, wrong words, other folders, pipes and interrupts."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from minerals import api
from minerals.cli import cli

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def minerals(*words: str, cwd: Path, **options: object) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-m", "minerals", *words]
    return subprocess.run(  # type: ignore[call-overload, no-any-return]
        command, cwd=cwd, env=environment, capture_output=True, text=True, encoding="utf-8", check=False, **options
    )


@pytest.fixture(scope="module")
def result_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results") / "europe-2035"
    api.run("europe-2035", out=folder)
    return folder


def test_help_imports_no_pandas_pyomo_or_matplotlib() -> None:
    code = (
        "import sys\nfrom click.testing import CliRunner\nfrom minerals.cli import cli\n"
        "outcome = CliRunner().invoke(cli, ['--help'])\nassert outcome.exit_code == 0, outcome.output\n"
        "heavy = {'pandas', 'numpy', 'pyomo', 'matplotlib', 'highspy', 'pydantic', 'rich'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("words", "sentence"), [
    (["run", "nowhere.toml"], "no run file nowhere.toml"),
    (["run", "europe-2053"], "did you mean 'europe-2035'?"),
    (["run", "europe-2035", "--inputs", "nowhere"], "not found; name a folder that holds a data package"),
    (["compare", "nowhere"], "nowhere not found"),
    (["chart", "FOLDER", "pie"], "no chart pie (charts: demand_by_mineral)"),
    (["chart", "FOLDER", "demand_by_minerals"], "did you mean 'demand_by_mineral'?"),
    (["explain", "FOLDER", "--mineral", "grafite"], "did you mean 'graphite'?"),
    (["explain", "FOLDER", "--mineral", "graphite", "--year", "1999"], "no year 1999 in this result"),
    (["compare", "FOLDER", "--base", "incumbant"], "did you mean 'incumbent'?"),
    (["describe", "grafite"], "nothing is named grafite; did you mean 'graphite'?"),
    (["check", "europe-2053.toml"], "did you mean 'europe-2035'?"),
    (["run", "europe-2035", "--set", "scope.yeers=2030"], "did you mean 'years'?"),
    (["rum"], "No such command 'rum'"),
])  # fmt: skip
def test_wrong_words_get_a_sentence_and_an_exit_code(
    words: list[str], sentence: str, result_folder: Path, tmp_path: Path
) -> None:
    words = [str(result_folder) if word == "FOLDER" else word for word in words]
    done = minerals(*words, cwd=tmp_path)
    assert done.returncode in (2, 3), done.stderr
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not any(tmp_path.iterdir())


def test_debug_shows_the_traceback() -> None:
    outcome = CliRunner().invoke(cli, ["--debug", "compare", "nowhere"])
    assert type(outcome.exception).__name__ == "UsageError"


def test_an_installed_run_works_from_any_folder_and_says_where_it_wrote(tmp_path: Path) -> None:
    done = minerals("run", "runs/us-2030.toml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Written to runs/us-2030" in done.stderr.replace("\\", "/")
    written = {str(path.relative_to(tmp_path / "runs" / "us-2030")) for path in tmp_path.rglob("*") if path.is_file()}
    assert {"record.json", "iamc.csv", "tables/mineral_demand.csv", "charts/demand_by_mineral.png"} <= written
    assert "\x1b[" not in done.stdout + done.stderr
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["us-2030"]


def test_running_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert minerals("run", "us-2030", "--out", name, cwd=tmp_path).returncode == 0
    files = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file())
    assert len(files) > 15
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes(), file


def test_a_reader_that_goes_away_is_no_error(result_folder: Path, tmp_path: Path) -> None:
    command = f"{shlex.quote(sys.executable)} -m minerals explain {shlex.quote(str(result_folder))} --mineral graphite"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command} | head -1"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.startswith("Graphite, Europe, 2035")
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_interrupt_exits_130_and_leaves_nothing(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    code = (
        "import time, minerals.studies.run as study\n"
        "def slow(*a, **k):\n    print('started', flush=True)\n    time.sleep(60)\n"
        "study.compute = slow\nfrom minerals.cli import main\nmain()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, "run", "europe-2035"],
        cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "started"
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Interrupted; nothing was written." in errors
    assert not any(tmp_path.iterdir())


def test_check_counts_tables_and_names_filled_years() -> None:
    outcome = CliRunner().invoke(cli, ["check"])
    assert re.search(r"inputs: sound\. 13 tables, \d+ figures, \d+ of them assumed", outcome.output)
    outcome = CliRunner().invoke(cli, ["check", "runs/europe-2035.toml"])
    assert "filled: battery_demand 2025–2029, 2031–2034 linear between given years" in outcome.output


@pytest.mark.parametrize("name", [
    "mineral_demand", "market_share", "battery_demand", "lfp", "graphite", "Europe", "car", "europe-next-gen",
    "xu-2020", "cells", "sources",
])  # fmt: skip
def test_describe_knows_every_kind_of_name(name: str) -> None:
    outcome = CliRunner().invoke(cli, ["describe", name])
    assert outcome.exit_code == 0
    assert name in outcome.output
    assert len(outcome.output.splitlines()) >= 3


def test_describe_without_a_name_lists_all() -> None:
    output = CliRunner().invoke(cli, ["describe"]).output
    assert {line.split(":")[0] for line in output.splitlines()} == {
        "quantities", "chemistries", "minerals", "regions", "segments", "scenarios", "sources",
    }  # fmt: skip


# ---------------------------------------------------------------- README


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_every_command_of_the_readme_runs(tmp_path: Path) -> None:
    """In the order a reader meets them, in an empty folder with the run file the README shows."""
    (example,) = [block for block in blocks("toml") if "my-europe" in block]
    (tmp_path / "my-europe.toml").write_text(example, encoding="utf-8")
    commands = [line.rpartition("&& ")[2] for block in blocks("sh") for line in block.strip().splitlines()]
    ours = [command for command in commands if command.startswith("minerals ")]
    assert len(ours) >= 10
    for command in ours:
        done = minerals(*shlex.split(command)[1:], cwd=tmp_path)
        assert done.returncode == 0, f"{command}\n{done.stderr}"


def test_the_readme_s_output_is_the_real_one(tmp_path: Path) -> None:
    (shown,) = blocks("text")
    real = {
        re.sub(r"\s+", " ", line.strip()) for line in minerals("run", "europe-2035", cwd=tmp_path).stdout.splitlines()
    }
    for line in shown.strip().splitlines():
        assert re.sub(r"\s+", " ", line.strip()) in real, line


def test_the_readme_s_python_runs(tmp_path: Path) -> None:
    (code,) = blocks("python")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False,
                          env={**os.environ, "PYTHONPATH": str(ROOT)})  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_the_readme_s_chart_has_the_computed_title(result_folder: Path) -> None:
    alt = (result_folder / "charts" / "demand_by_mineral.alt.txt").read_text(encoding="utf-8")
    (shown,) = re.findall(r"!\[(.*?)\]", README)
    assert alt.startswith(shown)
    assert (ROOT / ".readme" / "demand_by_mineral.png").is_file()


def test_the_readme_names_only_files_that_exist() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_readme_s_ratios_are_the_measured_ones(world: object) -> None:
    """The four ratios in its text are those of the published test, 2024."""
    demand = world["mineral_demand"].query("scenario == 'stated-trend' and year == 2024")  # type: ignore[index]
    road = demand[~demand["segment"].isin(["stationary", "electronics"])].groupby("mineral")["value"].sum()
    iea = {"lithium": 109.026, "nickel": 321.141, "cobalt": 66.5071, "graphite": 838.949}
    ratios = [f"{road[mineral] / value:.2f}" for mineral, value in iea.items()]
    assert f"{ratios[0]}, {ratios[1]}, {ratios[2]} and {ratios[3]} times the IEA's" in " ".join(README.split())
