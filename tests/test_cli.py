"""The command line as a person meets it: exit codes, streams, wrong words, other folders, pipes and interrupts."""

from __future__ import annotations

import csv
import errno
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from test_measures import assert_of_europe
from test_variants import assert_of_policies

from minerals import api, shipped
from minerals import cli as command_line
from minerals.case import optimise
from minerals.charts.bundle import SUFFIXES
from minerals.cli import cli
from minerals.config import Exposure, Optimise
from minerals.config.run_file import keys
from minerals.numbers import number, signed_percent
from minerals.quantities import QUANTITIES
from minerals.results import screen_mix
from minerals.results.compare import compare
from minerals.results.result import Result
from minerals.results.screen import comparison, risks
from minerals.validation import published

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
#: The README, and the guides it leads to, by name.
PAGES = {
    path.stem: path.read_text(encoding="utf-8")
    for path in (ROOT / "README.md", *sorted((ROOT / "notebooks" / "guides").glob("*.md")))
}
README = PAGES["README"]


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
    (["run", "europe-2036"], "did you mean 'europe-2035'?"),
    (["run", "europe-2035", "--inputs", "nowhere"], "not found; name a folder that holds a data package"),
    (["compare", "nowhere"], "nowhere not found"),
    (["run", "europe-2035", "--set", "output.charts=['pie']"], "charts = 'pie': no chart pie"),
    (["run", "europe-2035", "--inputs", str(ROOT / "README.md")], "README.md"),
    (["run", "FOLDER/record.json", "--inputs", str(ROOT / "tests" / "toy")], "other inputs"),
    (["compare", str(ROOT / "README.md")], "is not a result folder"),
    (["chart", "FOLDER", "--out", str(ROOT / "README.md")], "README.md: File exists"),
    (["check", "europe-2035", "--set", "output.charts=['pie']"], "charts = 'pie': no chart pie (charts: demand"),
    (["check", "europe-2035", "--inputs", "nowhere"], "not found"),
    (["check", "europe-2035", "--set", "scope.years.last=2020"], "swap them"),
    (["check", "--set", "scope.years.last=2020"], "go with a run file"),
    (["chart", "FOLDER", "pie"], "no chart pie (charts: demand_by_mineral"),
    (["chart", "FOLDER", "demand_by_minerals"], "did you mean 'demand_by_mineral'?"),
    (["explain", "FOLDER", "--mineral", "grafite"], "did you mean 'graphite'?"),
    (["explain", "FOLDER", "--mineral", "graphite", "--year", "1999"], "no year 1999 in this result"),
    (["compare", "FOLDER", "--base", "incumbant"], "did you mean 'incumbent'?"),
    (["describe", "grafite"], "nothing is named grafite; did you mean 'graphite'?"),
    (["describe", "meet_demands"], "nothing is named meet_demands; did you mean 'meet_demand'?"),
    (["describe", "recurse", "--json"], "nothing is named recurse; did you mean 'recourse'?"),
    (["check", "europe-2036.toml"], "did you mean 'europe-2035'?"),
    (["run", "europe-2035", "--set", "scope.yeers=2030"], "did you mean 'years'?"),
    (["rum"], "No such command 'rum'"),
])  # fmt: skip
def test_wrong_words_get_a_sentence_and_an_exit_code(
    words: list[str], sentence: str, result_folder: Path, tmp_path: Path
) -> None:
    words = [word.replace("FOLDER", str(result_folder)) for word in words]
    done = minerals(*words, cwd=tmp_path)
    assert done.returncode in (2, 3), done.stderr
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not any(tmp_path.iterdir())


def test_debug_shows_the_traceback() -> None:
    outcome = CliRunner().invoke(cli, ["--debug", "compare", "nowhere"])
    assert type(outcome.exception).__name__ == "UsageError"


def test_a_bug_is_one_sentence_and_with_debug_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(api, "load", broken)
    outcome = CliRunner().invoke(cli, ["compare", "x"])
    assert outcome.exit_code == 1
    assert "ZeroDivisionError: division by zero: this is a bug; run again with --debug" in outcome.output
    outcome = CliRunner().invoke(cli, ["--debug", "compare", "x"])
    assert isinstance(outcome.exception, ZeroDivisionError)


def test_an_interrupt_is_one_whatever_an_import_makes_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise ImportError("initialization failed") from KeyboardInterrupt()

    monkeypatch.setattr(api, "load", interrupted)
    outcome = CliRunner().invoke(cli, ["compare", "x"], standalone_mode=False)
    assert isinstance(outcome.exception, click.exceptions.Abort | KeyboardInterrupt)


def test_an_interrupt_is_one_whatever_a_library_says_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt as error:
            words = f"{type(error).__name__}: {error}"
        raise ImportError(words)

    monkeypatch.setattr(api, "load", interrupted)
    monkeypatch.setattr(command_line, "_ended_by", [])
    before = signal.signal(signal.SIGINT, command_line._end)
    try:
        outcome = CliRunner().invoke(cli, ["compare", "x"], standalone_mode=False)
    finally:
        signal.signal(signal.SIGINT, before)
    assert isinstance(outcome.exception, click.exceptions.Abort | KeyboardInterrupt)


@pytest.mark.parametrize("kind", [PermissionError, IsADirectoryError, NotADirectoryError])
def test_a_file_that_cannot_be_read_is_a_sentence(kind: type[OSError], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise kind(1, "not today", "a/b.csv")

    monkeypatch.setattr(api, "load", broken)
    outcome = CliRunner().invoke(cli, ["compare", "x"])
    assert outcome.exit_code == 2
    assert outcome.output.startswith("a/b.csv: not today")


def test_a_foreign_folder_is_refused_before_computing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    monkeypatch.setattr("minerals.studies.run.run", lambda *_: pytest.fail("it computed first"))
    outcome = CliRunner().invoke(cli, ["run", "europe-2035", "--out", str(tmp_path)])
    assert outcome.exit_code == 2, outcome.output
    assert "not a result" in outcome.output


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
@pytest.mark.parametrize("words", [
    ["compare", "FOLDER"], ["explain", "FOLDER", "--mineral", "cobalt"], ["describe", "one_country"],
])  # fmt: skip
def test_a_poor_encoding_gets_plain_characters(words: list[str], encoding: str, result_folder: Path) -> None:
    command = [sys.executable, "-m", "minerals", *(word.replace("FOLDER", str(result_folder)) for word in words)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": encoding}
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    text = done.stdout.decode(encoding)
    assert "?" not in text
    if words[0] == "compare":
        assert re.search(r"Graphite .* -\d\d\.\d%", text)
    if words[0] == "describe":
        assert "+ gamma[n,j,y] f[r,n,y] <= lambda sum_c q[r,c,n,y] X[r,c,y] + e[r,n,j,y]" in text


def test_a_chart_takes_the_options_that_fit_it(toy: Path, tmp_path: Path) -> None:
    later = ["scope.beyond='hold'", "scope.years={first = 2044, last = 2047}", "flows={}"]
    api.run(toy / "run.toml", set=[*later, "study={kind='sensitivity', draws=20}"], inputs=toy, out=tmp_path / "out")
    written = {file.stem for file in (tmp_path / "out" / "charts").glob("*.png")}
    every = {"demand_by_mineral", "chemistry_over_time", "stock", "secondary_supply", "sensitivity"}
    assert written == every, "all that the tables allow"
    for words, name in (
        (["secondary_supply", "--mineral", "cobalt", "--since", "2045"], "secondary_supply-2045-cobalt"),
        (["sensitivity", "--mineral", "cobalt", "--quantity", "primary_demand"], "sensitivity-cobalt-primary_demand"),
        (["stock", "--scenario", "shift"], "stock-shift"),
    ):
        done = minerals("chart", "out", *words, cwd=tmp_path)
        assert (done.returncode, done.stdout.strip()) == (0, str(Path("out", "charts", f"{name}.png"))), done.stderr
    done = minerals("chart", "out", "stock", "--base", "plan", cwd=tmp_path)
    assert done.returncode == 2
    assert "stock has no option 'base'" in done.stderr


def test_a_chart_drawn_with_options_stays_when_the_run_is_repeated(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    assert minerals("run", "us-2030", "--out", "out", cwd=tmp_path).returncode == 0
    usual = (folder / "charts" / "demand_by_mineral.png").read_bytes()
    done = minerals("chart", "out", "--year", "2027", "--size", "slide", cwd=tmp_path)
    assert done.stdout.strip().replace("\\", "/") == "out/charts/demand_by_mineral-slide-2027.png"
    assert (folder / "charts" / "demand_by_mineral.png").read_bytes() == usual
    drawn = (folder / "charts" / "demand_by_mineral-slide-2027.png").read_bytes()
    done = minerals("run", "us-2030", "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Kept: charts/demand_by_mineral-slide-2027.*;" in done.stderr
    assert (folder / "charts" / "demand_by_mineral-slide-2027.png").read_bytes() == drawn
    (folder / "notes.txt").write_text("mine")
    done = minerals("run", "us-2030", "--out", "out", "--force", cwd=tmp_path)
    assert done.returncode == 2
    assert "did not write: notes.txt" in done.stderr


def test_a_record_repeats_its_run(tmp_path: Path) -> None:
    assert minerals("run", "us-2030", "--set", "scope.years.last=2028", cwd=tmp_path).returncode == 0
    done = minerals("run", "runs/us-2030/record.json", "--out", "again", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for path in (tmp_path / "again").rglob("*.*"):
        assert path.read_bytes() == (tmp_path / "runs/us-2030" / path.relative_to(tmp_path / "again")).read_bytes()


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
    long = f"{shlex.quote(sys.executable)} -m minerals validate"
    done = subprocess.run(
        # A reader that is gone before the first line: what `head` would leave to luck.
        ["bash", "-c", f"set -o pipefail; {long} | true"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_interrupt_exits_130_and_leaves_nothing(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    code = (
        "import time, minerals.pipeline as study\n"
        "def slow(*a, **k):\n    print('started', flush=True)\n    time.sleep(60)\n"
        "study.flow_tables = slow\nfrom minerals.cli import main\nmain()"
    )
    errors = interrupted([sys.executable, "-c", code, "run", "europe-2035"], tmp_path, environment)
    assert "Interrupted; nothing is left half-written." in errors
    assert not any(tmp_path.iterdir())


def interrupted(command: list[str], folder: Path, environment: dict[str, str], after: float = 0.1) -> str:
    """What a command says on its errors' stream that is interrupted some seconds after it has said `started`."""
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        # Tests that a shell starts in the background inherit an interrupt that is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "started"
    time.sleep(after)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    return errors


@pytest.mark.parametrize(("name", "code", "words"), [
    ("SIGTERM", 143, "Terminated; nothing is left half-written."),
    ("SIGHUP", 129, "Ended with its terminal; nothing is left half-written."),
])  # fmt: skip
def test_a_signal_ends_a_command_as_an_interrupt_does(name: str, code: int, words: str, tmp_path: Path) -> None:
    """Also where a second one comes while the first is heeded, and where it comes while charts are written."""
    script = (
        "import os, signal, time\n"
        "def slow(*a, **k):\n"
        f"    try:\n        os.kill(os.getpid(), signal.{name})\n        time.sleep(60)\n"
        f"    finally:\n        os.kill(os.getpid(), signal.{name})\n        time.sleep(0.1)\n"
        "import minerals.drawing\nminerals.drawing._written = slow\n"
        "from minerals.cli import main\nmain()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "run", "europe-2035"], cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=60,
        # Tests that run without a terminal inherit that its end is ignored.
        preexec_fn=lambda: signal.signal(signal.Signals[name], signal.SIG_DFL),
    )  # fmt: skip
    assert (done.returncode, words in done.stderr, "Traceback" in done.stderr) == (code, True, False), done.stderr
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(("name", "code", "words"), [("SIGTERM", 143, "Terminated;"), ("SIGINT", 130, "Interrupted;")])
def test_a_signal_that_python_swallows_takes_effect(name: str, code: int, words: str, tmp_path: Path) -> None:
    """What is raised while an object is taken down is reported and forgotten, as in the callback of each import."""
    script = (
        "import os, signal, time\n"
        f"class Taken:\n    def __del__(self):\n        os.kill(os.getpid(), signal.{name})\n        time.sleep(5)\n"
        "def slow(*a, **k):\n    Taken()\n    time.sleep(60)\n"
        "import minerals.api\nminerals.api.describe = slow\n"
        "from minerals.cli import main\nmain()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "describe"], cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=30,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    assert (done.returncode, words in done.stderr, "Traceback" in done.stderr) == (code, True, False), done.stderr


def in_shell(words: str, folder: Path, program: str = "-m minerals") -> subprocess.CompletedProcess[str]:
    """A command of the toy, with what a shell does to its streams and limits."""
    command = f"{shlex.quote(sys.executable)} {program}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(
        ["bash", "-c", words.replace("minerals", command, 1)], cwd=folder, capture_output=True, text=True, check=False,
        env=environment,
    )  # fmt: skip


@pytest.mark.parametrize(("streams", "code", "screen", "words"), [
    (">&-", 0, False, True), ("2>&-", 0, True, False), (">&- 2>&- <&-", 0, False, False),
    (">/dev/full", 2, False, True), ("2>/dev/full", 0, True, False), (">/dev/full 2>/dev/full", 2, False, False),
    ("| true; exit ${PIPESTATUS[0]}", 0, False, True), ("2>&1 | true; exit ${PIPESTATUS[0]}", 0, False, False),
])  # fmt: skip
def test_streams_that_take_nothing_cost_the_words_alone(
    streams: str, code: int, screen: bool, words: bool, toy: Path, tmp_path: Path
) -> None:
    done = in_shell(f"minerals run toy/run.toml --inputs toy --set output.charts=[] --out out {streams}", tmp_path)
    assert done.returncode == code, done.stderr
    assert ("Graphite" in done.stdout) == screen
    assert (
        "Written to out" in done.stderr or "standard output: No space left" in done.stderr
    ) == words or "|" in streams
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert api.load(tmp_path / "out").record["title"] == "Toy"


@pytest.mark.parametrize(("words", "code"), [
    ("compare nowhere 2>/dev/full", 2), ("compare nowhere 2>&-", 2), ("rum 2>/dev/full", 2), ("--help >/dev/full", 2),
    ("check toy/run.toml --inputs toy --set scope.years.last=2020 2>/dev/full", 3), ("describe lfp >/dev/full", 2),
])  # fmt: skip
def test_exit_codes_do_not_depend_on_the_streams(words: str, code: int, toy: Path, tmp_path: Path) -> None:
    done = in_shell(f"minerals {words}", tmp_path)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr


#: The program, which may open no file once it is loaded; how many it opens at once hangs on what is written when.
NO_FILE = "import resource; from minerals.cli import main; resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3)); main()"


@pytest.mark.parametrize(("limit", "program", "words"), [
    ("", f"-c {shlex.quote(NO_FILE)}", "Too many files are open"),
    ("ulimit -v 130000;", "-m minerals", "There is too little memory"),
])  # fmt: skip
def test_too_little_of_something_is_told_and_leaves_nothing(
    limit: str, program: str, words: str, toy: Path, tmp_path: Path
) -> None:
    run = "run toy/run.toml --inputs toy --set output.charts=[] --out out"
    done = in_shell(f"{limit} minerals {run}", tmp_path, program)
    assert done.returncode == 6, done.stderr
    assert words in done.stderr
    assert "run the same command again" in done.stderr
    assert os.listdir(tmp_path) == ["toy"]


def test_a_shortage_in_the_midst_of_writing_leaves_nothing(
    toy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Descriptors that run out at any point of it: exit code 6, and no folder beside."""
    words = [
        "run",
        str(toy / "run.toml"),
        "--inputs",
        str(toy),
        "--set",
        "output.charts=[]",
        "--out",
        str(tmp_path / "o"),
    ]
    real, opened = os.fsync, [0]
    for at in (1, 5, 12):
        opened[0] = 0

        def short(descriptor: int, at: int = at) -> None:
            opened[0] += 1
            if opened[0] == at:
                raise OSError(errno.EMFILE, "Too many open files")
            real(descriptor)

        monkeypatch.setattr(os, "fsync", short)
        outcome = CliRunner().invoke(cli, words)
        assert (outcome.exit_code, "Too many files are open" in outcome.output) == (6, True), outcome.output
        assert os.listdir(tmp_path) == ["toy"]


# ---------------------------------------------------------------- a mix


@pytest.fixture
def toy_mix(toy: Path) -> list[str]:
    """The toy's mix without charts, and its inputs, as words of a command."""
    return [str(toy / "mix.toml"), "--set", "output.charts=[]", "--inputs", str(toy)]


def test_a_mix_is_run_from_another_folder_and_piped(toy_mix: list[str], tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = minerals("run", *toy_mix, "--set", 'optimise.objective="cost"', cwd=elsewhere)
    assert done.returncode == 0, done.stderr
    assert "\x1b[" not in done.stdout + done.stderr
    assert "Share of batteries, Europe" in done.stdout
    assert "as much as the cheapest mix" in done.stdout
    assert "Written to runs/mix" in done.stderr.replace("\\", "/")
    written = {path.relative_to(elsewhere).as_posix() for path in elsewhere.rglob("*") if path.is_file()}
    assert {"runs/mix/optimised.toml", "runs/mix/tables/mix_share.csv", "runs/mix/record.json"} <= written
    words = shlex.join([sys.executable, "-m", "minerals", "run", *toy_mix, "--out", "again"])
    piped = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {words} | head -1"], cwd=elsewhere, capture_output=True, text=True,
        check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert (piped.returncode, piped.stdout) == (0, "Toy mix\n")
    assert "Traceback" not in piped.stderr
    # A mix that is chosen is a run file as any other.
    played = minerals("run", "runs/mix/optimised.toml", *toy_mix[1:], "--out", "played", cwd=elsewhere)
    assert played.returncode == 0, played.stderr


def test_a_mix_fits_a_narrow_terminal(toy: Path) -> None:
    """No line of it is wider, and what stands in a wide one is there, but what binds."""
    result = api.run("europe-mix", set=["scope.years={first=2029, last=2031}", "scope.segments=['car']"])

    def words(width: int) -> list[str]:
        lines = [line for block in screen_mix.mix(result, width) for line in block]
        assert width >= 100 or max(map(len, lines)) <= width
        return sorted(word for line in lines for word in re.findall(r"[\w.,%–*]+", line))

    numbers = {
        width: [word for word in words(width) if re.search(r"\d", word) and word != "LiPF6"] for width in (60, 80, 100)
    }
    # Heads that are broken name their years beside the scenarios all the same.
    assert numbers[60] == numbers[80] == numbers[100]
    assert len(numbers[60]) > 40


def test_what_is_lost_fits_a_narrow_terminal(europe: Result) -> None:
    """No line of it is wider, and no number is lost; two scenarios stand side by side where there is room."""
    text = {width: risks(europe, width) for width in (72, 80, 100, 160)}
    assert all(max(map(len, lines)) <= width for width, lines in text.items())
    numbers = {width: sorted(re.findall(r"\d[\d.,–]*%?", " ".join(lines))) for width, lines in text.items()}
    of_title = [f"{europe.record['years'][-1]}"]  # once more where each scenario has a table of its own
    assert numbers[72] == numbers[80] == numbers[100] == sorted([*numbers[160], *of_title])
    assert len(numbers[160]) > 40
    assert any("Incumbent" in line and "Next-gen" in line for line in text[160][:2])


def test_an_interrupt_while_a_mix_is_chosen_exits_130_and_leaves_nothing(toy_mix: list[str], tmp_path: Path) -> None:
    code = (
        "import minerals.case.optimise as study\nreal = study.choose\n"
        "def slow(*a, **k):\n    print('started', flush=True)\n    while True:\n        real(*a, **k)\n"
        "study.choose = slow\nfrom minerals.cli import main\nmain()"
    )
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    errors = interrupted([sys.executable, "-c", code, "run", *toy_mix], elsewhere, environment, after=0.5)
    assert "Interrupted; nothing is left half-written." in errors
    assert not any(elsewhere.iterdir())


def test_check_knows_a_mix_without_solving(toy_mix: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optimise, "choose", lambda *_: pytest.fail("it solved"))
    outcome = CliRunner().invoke(cli, ["check", "runs/europe-mix.toml", "--set", "scope.years.last=2027"])
    assert outcome.exit_code == 0, outcome.output
    assert re.search(r"to be chosen: \d\d chemistries in 2026–2027, against 11 disruptions", outcome.stdout)
    wrong = ["optimise.likelihood={china-cells=1}", "exposure.future='tomorow'", "optimise.without=['lpf']"]
    for text, sentence in zip(wrong, ("is not played in this run", "not in supply_futures.csv",
                                      "did you mean 'lfp'?"), strict=True):  # fmt: skip
        outcome = CliRunner().invoke(cli, ["check", "europe-mix", "--set", "scope.years.last=2027", "--set", text])
        assert outcome.exit_code == 3, outcome.output
        assert sentence in outcome.stderr
    outcome = CliRunner().invoke(cli, ["check", "europe-2035", "--set", "exposure.nodes=['anode']"])
    assert (outcome.exit_code, outcome.stderr.partition(":")[0]) == (
        3,
        "--set exposure.nodes=['anode'] nodes = 'anode'",
    )


def test_check_counts_tables_and_names_filled_years() -> None:
    outcome = CliRunner().invoke(cli, ["check"])
    assert re.search(r"inputs: sound\. \d\d tables, \d+ figures, \d+ of them assumed", outcome.output)
    outcome = CliRunner().invoke(cli, ["check", "runs/europe-2035.toml"])
    assert "filled: battery_demand 2026–2029, 2031–2034 linear between given years" in outcome.output


@pytest.mark.parametrize("width", [60, 80, 100])
def test_a_comparison_fits_the_screen(width: int, world: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every scenario has every mineral's number and change on one line, and nothing is cut."""
    record = json.loads(json.dumps(world.record))
    record["scenarios"]["high-nickel"]["label"] = "High nickel [red]as far as it goes[/red]"
    lines = comparison(Result(record, world.tables), compare(world).frame, "stated-trend", "World, 2035", width)
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    assert "…" not in text
    assert "[red]as" in text
    for row in compare(world).frame.itertuples():
        if row.scenario != "stated-trend" and row.value and row.change == row.change:
            label = world.record["codes"]["mineral"][row.mineral]["label"]
            shown = rf"^{label} .*{number(row.value)} +{re.escape(signed_percent(row.change))}"
            assert re.search(shown, text, re.MULTILINE), (label, row.scenario)
    assert text.count("Batteries") == {60: 3, 80: 2, 100: 1}[width]


def test_the_width_of_the_terminal_is_asked(result_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "44")
    outcome = CliRunner().invoke(cli, ["compare", str(result_folder)])
    assert max(map(len, outcome.stdout.splitlines()[1:])) <= 44
    assert not [line for line in outcome.stdout.splitlines() if line != line.rstrip()]


def test_long_fills_are_cut_on_screen_and_whole_in_the_record(tmp_path: Path) -> None:
    done = minerals("run", "europe-2035", "--set", "output.charts=[]", cwd=tmp_path)
    filled = [line for line in done.stderr.splitlines() if line.startswith("Filled:")]
    assert filled
    assert max(map(len, filled)) <= 110
    assert all(line.endswith("record.json)") for line in filled if "…" in line)
    record = json.loads((tmp_path / "runs/europe-2035/record.json").read_text(encoding="utf-8"))
    assert max(map(len, record["fills"])) > 110


def test_explain_spells_each_row_out_once(result_folder: Path) -> None:
    outcome = CliRunner().invoke(cli, ["explain", str(result_folder), "--mineral", "graphite"])
    told = re.findall(r"(\w+\.csv:\d+)\s+\[", re.sub(r"[│├└─\s]+", " ", outcome.stdout))
    assert len(told) == len(set(told)) == len(api.explain(result_folder, "graphite").rows())
    assert "Largest uses: Cars" in outcome.stdout
    assert "Without it: " in outcome.stdout
    assert len(outcome.stdout.splitlines()) <= 200


@pytest.mark.parametrize("mineral", ["silicon", "sulfur"])
def test_explain_says_that_a_zero_is_a_zero(mineral: str, result_folder: Path) -> None:
    outcome = CliRunner().invoke(cli, ["explain", str(result_folder), "--mineral", mineral])
    assert outcome.exit_code == 0
    assert "Incumbent: 0 kt" in outcome.stdout
    assert "Nothing that is put into use contains it." in outcome.stdout


def test_explain_calls_a_changed_share_the_user_s(tmp_path: Path) -> None:
    change = "scenario.next-gen.share.car.2035={li_s = 0.1, lfp = 'rest'}"
    api.run("europe-2035", set=[change, "output.charts=[]"], out=tmp_path / "out")
    outcome = CliRunner().invoke(
        cli, ["explain", str(tmp_path / "out"), "--mineral", "lithium", "--scenario", "next-gen"]
    )
    text = re.sub(r"[│├└─\s]+", " ", outcome.stdout)
    assert "[run file] share changed by the run file" in text
    assert "run file: changed by the run file or --set: yours, not ours" in text
    assert "2 run file" in text
    assert ":0" not in text


@pytest.mark.parametrize("name", [
    "mineral_demand", "market_share", "battery_demand", "lfp", "graphite", "Europe", "car", "europe-next-gen",
    "xu-2020", "cells", "sources", "lfp_cathode", "iea-base", "CHN", "supply_share", "china-graphite-anode", "allies",
    "gwh_at_risk", "hhi", "stress_pairs", "meet_demand", "one_country", "recourse", "cvar", "mix_loss", "mix_limit",
    "drop_in", "lines", "recycling_targets", "rows", "rows.battery_demand",
])  # fmt: skip
def test_describe_knows_every_kind_of_name(name: str) -> None:
    outcome = CliRunner().invoke(cli, ["describe", name])
    assert outcome.exit_code == 0
    assert name in outcome.output
    assert len(outcome.output.splitlines()) >= (2 if name == "cvar" else 3)


def test_describe_without_a_name_lists_groups_and_of_a_group_every_name() -> None:
    told = json.loads(CliRunner().invoke(cli, ["describe", "--json"]).output)
    assert set(told) == {
        "quantities", "tables", "chemistries", "minerals", "regions", "segments", "scenarios", "nodes",
        "supply_futures", "countries", "country_groups", "disruption", "sources", "constraints", "objectives", "keys",
    }  # fmt: skip
    assert {"meet_demand", "one_country"} <= set(told["constraints"])
    groups = CliRunner().invoke(cli, ["describe"], env={"COLUMNS": "80"}).output.splitlines()[3:]
    assert [(line.split()[0], int(line.split()[1])) for line in groups] == [(g, len(n)) for g, n in told.items()]
    assert max(map(len, groups)) <= 80
    for group, names in told.items():
        lines = CliRunner().invoke(cli, ["describe", group], env={"COLUMNS": "80"}).output.splitlines()
        assert lines[0] == f"{group} ({len(names)})"
        for name, line in zip(names, lines[1:], strict=False):
            assert line.startswith(f"  {name}  "), group
            assert line.removeprefix(f"  {name}").strip(), f"{name} has no meaning"
            assert len(line) <= 80


def test_describe_of_a_table_of_a_run_file_lists_its_keys_and_of_a_key_its_unit_and_an_example() -> None:
    told = CliRunner().invoke(cli, ["describe", "optimise"]).output
    assert all(path in told for path in keys() if path.startswith("optimise."))
    assert CliRunner().invoke(cli, ["describe", "exposure.stockpile_months"]).output.splitlines() == [
        "exposure.stockpile_months (key of a run file)", "  Stock of each node, in months of planned need.",
        "  unit:    month", "  default: 0.0", "  example: exposure.stockpile_months = 3.0",
    ]  # fmt: skip


def test_describe_tells_who_supplies_what_a_group_holds_and_what_an_event_cuts() -> None:
    told = {name: CliRunner().invoke(cli, ["describe", name]).output for name in
            ("graphite_anode", "CHN", "allies", "china-graphite-anode", "china-all", "disruption")}  # fmt: skip
    assert "supplied by (today, data of 2025): CHN 94.4%" in told["graphite_anode"]
    assert "groups: countries-of-concern, china" in told["CHN"]
    assert re.search(r"supplies \(today\): \w+ 9\d\.\d%", told["CHN"])
    assert re.search(r"members: .*KOR", told["allies"])
    assert "status: suspended, 12 (3–12) months from 2027 on" in told["china-graphite-anode"]
    assert "100% (46%–100%) of exports of graphite_anode from CHN" in told["china-graphite-anode"]
    assert "100% (46%–100%) of exports of every node from CHN" in told["china-all"]
    assert "severity" in told["disruption"].lower()


def test_describe_tells_a_constraint_of_the_mix_without_pyomo() -> None:
    code = "import sys\nfrom minerals import api\nprint(api.describe('meet_demand'))\nassert 'pyomo' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False,
                          env={**os.environ, "PYTHONIOENCODING": "utf-8"}, encoding="utf-8")  # fmt: skip
    assert done.returncode == 0, done.stderr
    head, why, names, equation, *_ = done.stdout.splitlines()
    assert head == "meet_demand (constraint of the mix, minerals/mix/constraints/demand.py) [GWh]"
    assert why.startswith("  Batteries that are wanted are put into use")
    assert names == "  in the model: meet_demand[region, segment, year]"
    assert equation == "  equation:     Σ_c x[r,s,c,y] + u[r,s,y] = D[r,s,y]"


def test_describe_finds_a_family_by_its_name_and_by_each_of_its_constraints() -> None:
    by = {name: CliRunner().invoke(cli, ["describe", name]).output for name in ("growth", "decline", "secondary")}
    growth, key = by["growth"].strip().split("\n\n")
    assert growth.partition(" ")[2] == by["decline"].strip().partition(" ")[2]
    assert key.startswith("optimise.growth (key of a run file)")
    assert "secondary_available[region, mineral, year]" in by["secondary"]


@pytest.mark.parametrize("name", ["mineral_demand", "battery_demand", "lfp", "china-graphite-anode", "growth", "worst"])
def test_describe_as_json(name: str) -> None:
    entries = json.loads(CliRunner().invoke(cli, ["describe", name, "--json"]).output)
    assert all(name in entry.values() for entry in entries)
    kinds = {"mineral_demand": {"quantity"}, "battery_demand": {"quantity", "table"}, "lfp": {"chemistry"},
             "china-graphite-anode": {"disruption"}, "growth": {"constraint", "key of a run file"},
             "worst": {"objective"}}  # fmt: skip
    assert {entry["is"] for entry in entries} == kinds[name]
    if name == "growth":
        assert entries[0]["equations"][1].startswith(r"\frac{X_{rfy}}{D_{ry}} \ge")
        assert list(entries[0]["constraints"]) == ["growth", "decline"]


def test_every_table_of_an_exposure_is_in_the_catalogue(result_folder: Path) -> None:
    """The tables that [exposure] and `minerals stress` add, and every measure of them that stands alone."""
    result = api.load(result_folder)
    tables = {*result.tables, "stress_single", "stress_pairs", "stress_years"}
    assert tables - set(QUANTITIES) == {"inputs_used", "sources_used"}
    for table in ("concentration", "exposure"):
        assert set(result[table]["measure"]) <= set(QUANTITIES)
    for name in set(result["coverage"]["measure"]):
        assert name in QUANTITIES or name in QUANTITIES["coverage"].meaning, name


def test_every_table_of_a_mix_is_in_the_catalogue_with_its_dimensions() -> None:
    """Of a run with all that a run file can ask for but a study, so the tables of flows and prices too."""
    result = api.run("europe-mix", set={"scope.years.last": 2027})
    assert set(result.tables) - set(QUANTITIES) == {"inputs_used", "sources_used"}
    for name in set(result.tables) & set(QUANTITIES):
        assert set(QUANTITIES[name].dimensions) <= set(result[name].columns), name
    mine = {name for name in result.tables if name.startswith("mix_")}
    for name in {*mine, "lines"}:
        rows = result[name]
        assert not rows.duplicated(list(QUANTITIES[name].dimensions)).any(), f"{name}: one row each"
    families = set(result["mix_limit"]["family"])
    named = CliRunner().invoke(cli, ["describe", "--json"]).output
    assert families <= set(re.findall(r"\w+", named)), "limits are families that describe knows"


#: Of each command how it is called beside --help, and its exit code. Files are named beside the folder it is called in.
CALLED = {
    "cell": ["nmc811", "lfp --silicon 0.1"],
    "chart": ["FOLDER --out charts"],
    "check": ["", "europe-2035"],
    "cite": ["FOLDER"],
    "compare": ["FOLDER", "FOLDER runs/small"],
    "describe": ["", "keys", "supply_share", "one_country", "Europe", "china-all", "CHN", "xu-2020", "optimise"],
    "doctor": [""],
    "explain": ["FOLDER --mineral graphite", "FOLDER --disruption china-all", "FOLDER --node graphite_anode"],
    "export": ["FOLDER --iamc out.csv --wide wide"],
    "guide": ["-o guide.html"],
    "import": ["demand.csv --as battery_demand --set scenario=mine --set unit=GWh"],
    "new": ["study"],
    "report": ["FOLDER -o page.html"],
    "run": ["europe-2035 --set scope.years=2030 --set output.charts=[] --set exposure.draws=0 --out runs/small",
            "world-2050 --set scope.years.last=2026 --set output.charts=[]",
            "us-2030 --set scope.years=2030 --set output.charts=[] --set study={kind='sample',draws=20} --out sample"],
    "sources": ["FOLDER"],
    "stress": ["europe-2035 --set scope.years=2030 --set output.charts=[] --set exposure.draws=0 "
               "--set exposure.disruptions=['china-graphite-anode']"],
    "validate": [""],
}  # fmt: skip
REFUSED = {
    "chart": ("FOLDER pie", 2), "check": ("europe-2035 --set exposure.disruptions=['x']", 3),
    "compare": ("nowhere", 2), "describe": ("grafite", 2), "explain": ("FOLDER --mineral grafite", 2),
    "run": ("europe-2036", 2), "cell": ("nmc811 --silicon 7", 2),
}  # fmt: skip


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that is not that of the project, for all commands."""
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "demand.csv").write_text("Region,Segment,2030\nGermany,car,200\n", encoding="utf-8")
    api.run("europe-2035", set=["scope.years=2030", "output.charts=[]"], out=folder / "runs" / "small")
    return folder


@pytest.mark.parametrize("command", sorted(cli.commands))
def test_a_command_fits_80_columns_without_styles_from_another_folder(
    command: str, elsewhere: Path, result_folder: Path, validation: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No line is wider, but of one word, as a path is; what goes into a file or is data, as JSON, has no width."""
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(api, "validate", lambda **_: validation)  # Computed once for all tests.
    calls = [("--help", 0), *((words, 0) for words in CALLED[command])]
    calls += [REFUSED[command]] if command in REFUSED else []
    for words, code in calls:
        split = [str(result_folder) if word == "FOLDER" else word for word in words.split()]
        outcome = CliRunner().invoke(cli, [command, *split])
        assert outcome.exit_code == code, f"{words}\n{outcome.output}"
        assert outcome.output, words
        assert "\x1b" not in outcome.output, words
        wide = [line for line in outcome.output.splitlines() if len(line) > 80 and " " in line.strip()]
        assert not wide, f"{words}\n" + "\n".join(wide)


@pytest.mark.parametrize(("environment", "styled"), [({}, True), ({"NO_COLOR": "1"}, False)])
@pytest.mark.parametrize("words", ["compare FOLDER", "explain FOLDER --node graphite_anode"])
def test_on_a_terminal_styles_are_left_out_where_nobody_wants_them(
    words: str, environment: dict[str, str], styled: bool, result_folder: Path
) -> None:
    ours, theirs = os.openpty()
    known = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    subprocess.run(
        [sys.executable, "-m", "minerals", *words.replace("FOLDER", str(result_folder)).split()], stdout=theirs,
        stderr=subprocess.DEVNULL, check=True,
        env={**known, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "COLUMNS": "80", **environment},
    )  # fmt: skip
    os.close(theirs)
    printed = b""
    while chunk := _read(ours):
        printed += chunk
    assert (b"\x1b[" in printed) == styled


def _read(terminal: int) -> bytes:
    """What a terminal still holds; nothing where its other end is closed."""
    try:
        return os.read(terminal, 65_536)
    except OSError:
        return b""


# ---------------------------------------------------------------- README


def blocks(language: str, page: str = "") -> list[str]:
    """Blocks of a language, of a page or of all."""
    text = "\n".join(PAGES.values()) if not page else PAGES[page]
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


#: Commands whose output the blocks of each page show, in the order of the blocks.
SHOWN = {
    "README": ("minerals run runs/europe-2035.toml", "minerals run runs/europe-2035.toml",
               "minerals run runs/europe-mix.toml"),
    "exposure": ("minerals run runs/europe-2035.toml",
                 "minerals explain runs/europe-2035 --disruption china-graphite-anode",
                 "minerals stress runs/europe-2035.toml"),
    "inputs": (),
    "measures": ("minerals run runs/europe-measures.toml",),
    "mix": ("minerals run runs/europe-mix.toml", "minerals run my-mix.toml", "minerals run runs/policies.toml",
            "minerals run runs/europe-backcast.toml"),
    "own": ("minerals run runs/own/plants/plants.toml --set output.charts=[]",),
    "questions": ("""minerals run sheet.toml --set "output.charts=['demand_by_mineral']\"""",
                  'minerals compare runs/sheet --unit "kt LCE"',
                  "minerals explain runs/sheet --mineral lithium --scenario half-lfp --year 2030"),
    "scenarios": (),
}  # fmt: skip

#: What must be true of runs of a page that take long, so that they are not computed for it once more.
HELD = {"measures": {"europe-measures": assert_of_europe}, "mix": {"policies": assert_of_policies}}
MIX_RUN = "minerals run runs/europe-mix.toml"
#: Line of a block of output that stands for lines left out.
LEFT_OUT = "…"


def unlike(shown: str, printed: str) -> str:
    """Lines of a block that are not consecutive lines of an output, or nothing. LEFT_OUT stands for one line or more
    that the block leaves out; blank lines and the width of blanks do not count."""
    block, real = ([" ".join(line.split()) for line in text.splitlines() if line.strip()] for text in (shown, printed))
    parts: list[list[str]] = [[]]
    for line in block:
        if line == LEFT_OUT:
            parts.append([])
        else:
            parts[-1].append(line)
    start = 0
    for part in parts:
        ends = (at + len(part) for at in range(start, len(real) - len(part) + 1) if real[at : at + len(part)] == part)
        end = next(ends, None)
        if end is None:
            return "\n".join(part) or LEFT_OUT
        start = end + 1
    return ""


#: What lines of libraries look like: greetings, warnings with their class or place, logs, tracebacks, and of processes.
FOREIGN = re.compile(
    r"Running HiGHS|third-party|Copyright|findfont|[Mm]atplotlib|\w+Warning\b|^\s*warnings?\.warn|site-packages"
    r"|\.py:[0-9]|File .*, line [0-9]|Traceback|^(WARNING|INFO|DEBUG|ERROR)\b|resource_tracker|leaked|ffmpeg|Fontconfig"
    r"|Gtk|libGL|OpenBLAS|OMP:"
)


def foreign(text: str) -> list[str]:
    """Lines that a library printed, and not the command."""
    return [line for line in text.splitlines() if FOREIGN.search(line)]


def test_lines_of_libraries_are_known_as_such() -> None:
    theirs = (
        "Running HiGHS 1.16.0 (git hash: f3f113d): Copyright (c) 2026 under MIT licence terms",
        "Includes third-party software components, see THIRD_PARTY_NOTICES.md for full details",
        "findfont: Failed to find font weight 600 for DejaVu Sans, now using 700.",
        "minerals/case/prices.py:253: FutureWarning: Downcasting object dtype arrays is deprecated",
        "Matplotlib created a temporary cache directory at /tmp/x because the default path is not a writable directory",
        "WARNING: Loading a SolverResults object with a warning status",
        "OpenBLAS blas_thread_init: pthread_create failed for thread 1 of 2",
    )
    for line in theirs:
        assert foreign(f"Europe, 2035\n{line}\nGraphite 1,036 kt"), line


def test_a_shown_block_is_its_output_line_after_line() -> None:
    printed = "one\n  two   2\n\nthree\nfour\n"
    for shown in ("one\ntwo 2\nthree\n", "two 2\n\nthree\n", "one\n…\nfour\n", "…\nthree\n…\n", printed):
        assert not unlike(shown, printed), shown
    for shown in ("one\nthree\n", "three\none\n", "one\n…\ntwo 2\n", "four\n…\n", "…\none\n", "one\n…\nfive\n"):
        assert unlike(shown, printed), shown


def test_every_page_is_held_and_its_examples_are_known() -> None:
    assert set(SHOWN) == set(PAGES)
    assert len(README.splitlines()) <= 200
    named = [block.split()[1] for block in blocks("toml")]
    mine = ["curves", "europe", "exposure", "grid", "mix", "nodes", "rows"]
    assert sorted(named) == [*(f"my-{name}.toml" for name in mine), "rows/study.toml", "sheet.toml"]


@pytest.mark.parametrize("page", [
    pytest.param(page, marks=pytest.mark.long) if page in HELD else page for page in PAGES
])  # fmt: skip
def test_every_command_of_a_page_runs_and_its_output_is_the_real_one(page: str, tmp_path: Path) -> None:
    """In the order a reader meets them, in an empty folder with the files the page shows; no line of them is a
    library's."""
    shown = [(block.split()[1], block) for block in blocks("toml", page)]
    for name, text in [*shown, *re.findall(r"```csv (\S+)\n(.*?)```", PAGES[page], flags=re.DOTALL)]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    whole = "\n".join(blocks("sh", page)).replace("\\\n", " ")
    lines = [line.rpartition("&& ")[2] for line in whole.splitlines()]
    commands = [line.partition("# exit code ") for line in lines if line.startswith("minerals ")]
    assert commands
    # What a mix prints is run where the guide tells it, and is told in the README in the same lines.
    printed = {MIX_RUN: blocks("text", "mix")[SHOWN["mix"].index(MIX_RUN)]}
    for command, _, code in commands:
        done = minerals(*shlex.split(command, comments=True)[1:], cwd=tmp_path)
        assert done.returncode == int(code or 0), f"{command}\n{done.stderr}"
        assert not foreign(done.stdout + done.stderr), command
        printed[command.strip()] = done.stdout + done.stderr
    for shown, command in zip(blocks("text", page), SHOWN[page], strict=True):
        assert not unlike(shown, printed[command]), f"{command}\n{unlike(shown, printed[command])}"
    for name, must_hold in HELD.get(page, {}).items():
        must_hold(api.load(tmp_path / "runs" / name))


def test_the_ends_that_the_readme_tells_are_those_of_the_chart(result_folder: Path) -> None:
    with (result_folder / "charts" / "demand_by_mineral.csv").open(encoding="utf-8") as file:
        rows = {row["mineral"]: row for row in csv.DictReader(file) if row["quantity"] == "change"}
    cobalt, lithium = ([float(rows[name][end]) for end in ("low", "high")] for name in ("cobalt", "lithium"))
    assert f"cobalt falls by {-cobalt[1]:.0f} to {-cobalt[0]:.0f} %" in " ".join(README.split())
    assert f"lithium moves by −{-lithium[0]:.0f} to +{lithium[1]:.0f} %" in " ".join(README.split())


def test_the_readme_names_every_key_of_exposure() -> None:
    (example,) = [block for block in blocks("toml") if "[exposure]" in block]
    assert set(tomllib.loads(example)["exposure"]) == set(Exposure.model_fields)


def test_the_readme_names_every_key_of_optimise() -> None:
    (told,) = re.findall(r"`\[optimise\]` takes, beside its `(.*?)\n\n(?=Limits can)", PAGES["mix"], flags=re.DOTALL)
    scenario, *rows = [row.split("|") for row in told.splitlines() if row.startswith(("|", "scenario"))]
    keys = [key for row in rows for key in re.findall(r"`(\w+)`", row[1])]
    assert sorted([scenario[0].partition("`")[0], *keys]) == sorted(Optimise.model_fields)


@pytest.mark.parametrize("page", ["README", "inputs"])
def test_python_of_a_page_runs(page: str, tmp_path: Path) -> None:
    (code,) = blocks("python", page)
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False,
                          env={**os.environ, "PYTHONPATH": str(ROOT)})  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_the_readme_s_chart_has_the_computed_title(result_folder: Path) -> None:
    alt = (result_folder / "charts" / "demand_by_mineral.alt.txt").read_text(encoding="utf-8")
    (shown,) = re.findall(r"!\[(.*?)\]", README)
    assert alt.startswith(shown)
    assert (ROOT / ".readme" / "demand_by_mineral.png").is_file()


def test_the_readme_names_only_files_that_exist() -> None:
    for page, text in PAGES.items():
        folder = ROOT if page == "README" else ROOT / "notebooks" / "guides"
        for target in re.findall(r"\]\((?!https?:)([^)]+)\)", text):
            assert (folder / target).exists(), f"{page}: {target}"


def test_the_readme_s_ratios_are_the_measured_ones(validation: Result) -> None:
    """Counts and ratios in its text are those of `minerals validate`."""
    table = validation["validation"]
    text = " ".join(PAGES["inputs"].split())
    assert (table[table["run"] == "europe-2035"]["verdict"] == "agrees").sum() == 5
    ratio = table.set_index("id")["ratio"]
    of_2024 = [f"{ratio[f'IEA 2025 {m} ev 2024']:.2f}" for m in ("lithium", "nickel", "cobalt", "graphite")]
    assert f"{of_2024[0]}, {of_2024[1]}, {of_2024[2]} and {of_2024[3]} times the IEA's" in text
    assert 0.31 < 1 / ratio["IEA 2025 graphite ev 2050"] < 0.37


# ---------------------------------------------------------------- validate


def test_validate_prints_every_row_and_exits_0(tmp_path: Path) -> None:
    """From any folder, within ten seconds, and without a file."""
    start = time.monotonic()
    done = minerals("validate", cwd=tmp_path)
    assert time.monotonic() - start < 10
    assert done.returncode == 0, done.stderr
    assert re.search(r"^figure 17 graphite +−25\.3% +−25\.0% +1\.01 +agrees$", done.stdout, re.MULTILINE)
    assert re.search(
        r"^IEA 2025 nickel storage 2050 .* kt +0\.00  differs\n    The IEA keeps", done.stdout, re.MULTILINE
    )
    assert re.search(r"^\d+ published results: \d+ agree", done.stderr)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("size", ["brief", "slide"])
def test_validate_writes_its_table_and_chart(size: str, tmp_path: Path) -> None:
    done = minerals("validate", "--out", "a/b", "--size", size, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    name = "validation" if size == "brief" else "validation-slide"
    written = {path.relative_to(tmp_path / "a" / "b").as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert written == {"validation.csv", "figure_17_family.csv", *(f"charts/{name}{end}" for end in SUFFIXES)}
    rows = (tmp_path / "a" / "b" / "validation.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 1 + len((ROOT / "tests/published/published.csv").read_text(encoding="utf-8").splitlines()) - 1


def test_validate_exits_1_where_a_row_has_left_its_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = shipped.published_file().read_text(encoding="utf-8")
    first, row = (
        text.splitlines()[0],
        next(line for line in text.splitlines() if line.startswith("world GWh road 2030,")),
    )
    moved = tmp_path / "published.csv"
    moved.write_text("\n".join([first, row.replace(",3000,", ",1000,")]) + "\n", encoding="utf-8")
    monkeypatch.setattr(published, "published_file", lambda: moved)
    outcome = CliRunner().invoke(cli, ["validate"])
    assert outcome.exit_code == 1
    assert "outside" in outcome.stdout
    assert "1 outside the bounds in which they were measured; the model has changed: world GWh road" in outcome.stderr
    moved.write_text("\n".join([first, row.replace("cells", "cels")]) + "\n", encoding="utf-8")
    outcome = CliRunner().invoke(cli, ["validate"])
    assert outcome.exit_code == 3
    assert "published.csv:2 kind = 'cels': is not known; did you mean 'cells'?" in outcome.stderr


def test_validate_refuses_a_size_without_a_folder_and_a_file_as_folder(tmp_path: Path) -> None:
    done = minerals("validate", "--size", "slide", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "name a folder with --out" in done.stderr
    (tmp_path / "taken").write_text("mine")
    done = minerals("validate", "--out", "taken", cwd=tmp_path)
    assert done.returncode == 2
    assert "choose another place with --out" in done.stderr


def test_the_wheel_holds_what_commands_read() -> None:
    """Each shipped folder is in the wheel under the name at which shipped.py looks for it."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        wheel = tomllib.load(file)["tool"]["hatch"]["build"]["targets"]["wheel"]
    folders = (shipped.inputs_folder(), shipped.runs_folder(), shipped.guides_folder(), shipped.published_file().parent)
    for found in folders:
        place = found.relative_to(ROOT).as_posix()
        inside = f"minerals/shipped_files/{found.name}"
        assert wheel["sources"][place] == inside
        for file_ in (path for ending in ("csv", "toml", "json", "md") for path in found.glob(f"*.{ending}")):
            assert any((ROOT / file_.relative_to(ROOT)).match(pattern.strip("/")) for pattern in wheel["include"]), (
                file_
            )
