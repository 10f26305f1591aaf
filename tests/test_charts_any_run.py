"""Charts never take a run with them: whatever a result lacks, whatever the machine is set to, whatever a label says."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pytest
from chart_support import check_layout
from click.testing import CliRunner
from conftest import lay_out
from matplotlib import font_manager

from minerals import api, charts
from minerals.charts import cost_curves, fonts, style
from minerals.charts.bundle import rendered
from minerals.cli import cli
from minerals.errors import InputError, MineralsError, UsageError
from minerals.results.result import Result
from minerals.shipped import inputs_folder
from minerals.studies.run import run

pytestmark = pytest.mark.slow

TOY = Path(__file__).parent / "toy"
PACKAGE = Path(api.__file__).parents[1]
ENDS = ("value", "low", "high")
#: A family that matplotlib brings along, which charts do not use of themselves.
OTHER = "STIXGeneral"
#: Charts with years along an axis: one year alone makes none.
IN_TIME = ("chemistry_over_time", "stock", "secondary_supply", "cost_curves", "mix_by_year", "cell_owners", "demand")
#: What begins a line of a run on standard error.
OURS = ("Caveat", "Filled: ", "Written to ", "Left out: ", "No font of this machine ", "36 input rows used: ")


@pytest.fixture(scope="session")
def results(
    tmp_path_factory: pytest.TempPathFactory, europe: Result, world: Result, validation: Result
) -> dict[str, Result]:
    """Chart -> a result that has all that it draws."""
    folder = tmp_path_factory.mktemp("inputs")
    for file in [*TOY.iterdir(), inputs_folder() / "datapackage.json"]:
        (folder / file.name).write_bytes(file.read_bytes())
    told = ["optimise.near=0.01", "optimise.ranges='default'", "optimise.frontier='certified'"]
    mix = run(folder / "mix.toml", told, folder)
    tested = run(folder / "run.toml", ["study={kind='sensitivity',draws=64}"], folder)
    fits = run(folder / "run.toml", ["study={kind='identify', statements={graphite=[-0.2, 0]}, mixes=1000}"], folder)
    lossy = lay_out(tmp_path_factory.mktemp("lossy"), "toy", "toy_whole")
    buys = run(lossy / "chosen.toml", ["study={kind='measures', budgets=[0, 1]}"], lossy)
    less = ["study={kind='backcast', mineral='graphite', change=[-0.01, -0.5]}"]
    back = run(folder / "mix.toml", less, folder)
    holds = run(folder / "mix.toml", ["study={kind='robust'}", "scope.regions=['Europe']"], folder)
    others = ["exposure.other_futures=['plans']", "optimise.objective='cost'", "optimise.variant.credit={credit=20}"]
    beside = run(folder / "mix.toml", others, folder)
    found: dict[str, Result] = {}
    for result in (mix, tested, fits, buys, back, holds, validation, europe, world, beside, run("industry")):
        found |= dict.fromkeys([name for name in charts.drawable(result) if name not in found], result)
    assert found.keys() == charts.CHARTS.keys()
    return found


def tables_changed(result: Result, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Result:
    kept = ("sources_used", "inputs_used")
    return replace(
        result, tables={name: frame if name in kept else change(frame) for name, frame in result.tables.items()}
    )


def one_year(result: Result) -> Result:
    last = result.record["years"][-1]
    cut = tables_changed(result, lambda frame: frame[frame["year"] == last] if "year" in frame else frame)
    return replace(cut, record={**result.record, "years": [last]})


def zero(result: Result) -> Result:
    """Nothing is needed, and the tables say so by zeros."""
    return tables_changed(result, lambda frame: frame.assign(**{end: 0.0 for end in ENDS if end in frame}))


def no_rows(result: Result) -> Result:
    """Nothing is needed, and the tables leave it out."""
    return tables_changed(result, lambda frame: frame.iloc[:0])


def one_scenario(result: Result) -> Result:
    first = next(iter(result.record["scenarios"]), "")
    cut = tables_changed(
        result, lambda frame: frame[frame["scenario"].isin([first, ""])] if "scenario" in frame else frame
    )
    known = {name: entry for name, entry in result.record["scenarios"].items() if name == first}
    return replace(cut, record={**result.record, "scenarios": known})


@pytest.mark.parametrize("less", [one_year, zero, no_rows, one_scenario], ids=lambda change: change.__name__)
@pytest.mark.parametrize("name", charts.CHARTS)
def test_a_chart_is_drawn_or_says_why_not(
    name: str, less: Callable[[Result], Result], results: dict[str, Result]
) -> None:
    """Warnings are errors here: no number is divided by a zero."""
    result = less(results[name])
    why = ""
    try:
        charts.draw(result, name)
    except MineralsError as error:
        why = str(error)
    assert not why or why.startswith(f"{name}: ")
    if less in (one_year, no_rows):
        alone = less is one_year and name in IN_TIME
        assert bool(why) == (alone or name not in charts.drawable(result))


@pytest.mark.parametrize("name", [name for name in charts.CHARTS if name != "validation"])
def test_many_scenarios_with_long_labels_find_room(name: str, results: dict[str, Result]) -> None:
    result = results[name]
    first = next(iter(result.record["scenarios"]))
    record: dict[str, Any] = longer(result.record)
    more = {
        f"more-{i}": {**record["scenarios"][first], "label": f"One of many scenarios, the {i}th"} for i in range(10)
    }
    tables = {
        table: pd.concat([frame, *(frame[frame["scenario"] == first].assign(scenario=each) for each in more)])
        if "scenario" in frame
        else frame
        for table, frame in result.tables.items()
    }
    many = Result({**record, "scenarios": {**record["scenarios"], **more}}, tables)
    check_layout(charts.draw(many, name).figure, style.SIZES["brief"])


def longer(value: Any) -> Any:
    """A record whose labels are long."""
    if not isinstance(value, dict):
        return value
    return {
        key: f"{part} as somebody has called it who wants to be understood by all" if key == "label" else longer(part)
        for key, part in value.items()
    }


# --- a run and its charts ---------------------------------------------------------------------------------------------


def failing(*_: Any, **__: Any) -> Any:
    return 1 / 0


def test_a_fault_of_a_chart_leaves_the_run_whole(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost_curves, "figure", failing)
    changes = {"output.charts": ["cost_curves", "stock", "demand_by_mineral"]}
    result = api.run(toy / "run.toml", inputs=toy, set=changes, out=toy / "out")
    fault, lack = result.record["left_out"]
    assert fault.startswith("cost_curves: could not be drawn (ZeroDivisionError: division by zero), a fault of ours; ")
    assert "minerals --debug chart FOLDER cost_curves" in fault
    assert lack.startswith("stock: the result has no table in_use_stock")
    assert json.loads((toy / "out" / "record.json").read_text())["left_out"] == [fault, lack]
    assert {path.name.partition(".")[0] for path in (toy / "out" / "charts").iterdir()} == {"demand_by_mineral"}
    with pytest.raises(UsageError, match="the result has no table in_use_stock"):
        api.draw(toy / "out", "stock")
    with pytest.raises(InputError, match="no chart stocks; did you mean 'stock'"):
        api.run(toy / "run.toml", inputs=toy, set={"output.charts": ["stocks"]}, out=toy / "other")


def test_an_interrupt_is_no_fault_of_a_chart(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any, **__: Any) -> Any:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as stop:
            raise ImportError("matplotlib was being imported") from stop

    monkeypatch.setattr(charts, "draw", interrupted)
    with pytest.raises(ImportError):
        api.run(toy / "run.toml", inputs=toy, out=toy / "out")
    assert not (toy / "out").exists()


def test_the_command_says_what_was_left_out(toy: Path) -> None:
    command = ["run", str(toy / "run.toml"), "--inputs", str(toy), "--out", str(toy / "out")]
    done = CliRunner().invoke(cli, [*command, "--set", "output.charts=['stock']"])
    assert done.exit_code == 0
    assert "\nLeft out: stock: the result has no table in_use_stock" in done.stderr
    alone = CliRunner().invoke(cli, ["chart", str(toy / "out"), "stock"])
    assert (alone.exit_code, alone.stdout) == (2, "")
    assert "no table in_use_stock" in alone.stderr


# --- any machine ------------------------------------------------------------------------------------------------------


def drawn_under(toy: Path, out: str, label: str = "", **env: str) -> tuple[list[str], dict[str, bytes]]:
    """Lines on standard error, and files, of a toy run in another process; an empty variable is unset."""
    place = toy / "place"
    place.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "minerals", "run", "../run.toml", "--inputs", "..", "--out", out]
    if label:
        command += ["--set", f"scenario.plan.label={json.dumps(label, ensure_ascii=False)}"]
    # Filters of warnings that pytest is run under are for its process, not for what a user sees.
    found = {**os.environ, "PYTHONPATH": os.pathsep.join([str(PACKAGE), *sys.path]), "PYTHONWARNINGS": "", **env}
    found = {name: value for name, value in found.items() if value}
    done = subprocess.run(command, cwd=place, env=found, capture_output=True, text=True, check=True, encoding="utf-8")
    files = {path.name: path.read_bytes() for path in (place / out).rglob("*") if path.is_file()}
    return done.stderr.splitlines(), files


@pytest.mark.parametrize(
    "env",
    [
        {"MPLBACKEND": "nonsense"},
        {"MPLBACKEND": "module://matplotlib_inline.backend_inline"},
        {"MPLBACKEND": "tkagg", "DISPLAY": ""},
        {"MPLCONFIGDIR": "/proc/nowhere", "HOME": "/proc/nowhere"},
        {"HOME": "", "XDG_CONFIG_HOME": "/proc/nowhere", "XDG_CACHE_HOME": "/proc/nowhere"},
        {"FONTCONFIG_FILE": "/proc/nowhere", "MPLCONFIGDIR": "empty"},
        {"MATPLOTLIBRC": "odd"},
    ],
    ids=str,
)
def test_what_the_machine_is_set_to_reaches_no_chart_and_no_line(env: dict[str, str], toy: Path) -> None:
    (toy / "place").mkdir()
    (toy / "place" / "odd").write_text("backend: nonsense\nfont.size: 40\naxes.facecolor\ntext.usetex: True\n: x\n")
    api.run(toy / "run.toml", inputs=toy, out=toy / "usual")
    said, files = drawn_under(toy, "out", **env)
    assert [line for line in said if not line.startswith(OURS)] == []
    assert files == {path.name: path.read_bytes() for path in (toy / "usual").rglob("*") if path.is_file()}


def test_settings_that_matplotlib_cannot_read_cost_the_charts_alone(toy: Path) -> None:
    (toy / "place").mkdir()
    (toy / "place" / "matplotlibrc").write_bytes("font.size: 40".encode("utf-16"))
    said, files = drawn_under(toy, "out")
    left_out = [line for line in said if line.startswith("Left out: ")]
    assert left_out[0].startswith("Left out: demand_by_mineral: matplotlib cannot be loaded (UnicodeDecodeError")
    assert all("matplotlibrc" in line for line in left_out)
    assert {"record.json", "mineral_demand.csv"} <= files.keys()


def test_a_backend_of_the_user_is_there_after_charts_are_loaded() -> None:
    code = "from minerals import charts; charts.options_of('stock'); import matplotlib as m; print(m.get_backend())"
    env = os.environ | {"MPLBACKEND": "svg", "PYTHONPATH": os.pathsep.join([str(PACKAGE), *sys.path])}
    assert subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True).stdout == "svg\n"


# --- any text ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "label",
    [
        "電池 計画",
        "🔋 plan",
        "خطة",
        "<b>&amp;\"'",
        "$x_1$ \\frac{1}{2}",
        "{0} %s",
        "a -- b -",
        "=1+1",
        "@plan",
        "e\u0301",
    ],
)
def test_any_text_is_well_formed_in_every_file(label: str, toy: Path) -> None:
    changes = {"scenario.plan.label": label}
    result = api.run(toy / "run.toml", inputs=toy, set=changes)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn = charts.draw(result, "demand_by_mineral")
        files = {name.partition(".")[2]: content for name, content in drawn.contents().items()}
    assert ElementTree.fromstring(files["svg"]).tag.endswith("svg")
    assert label in json.loads(files["json"])["scenarios"]["plan"]["label"]
    assert label in [text.get_text() for text in drawn.figure.texts]
    check_layout(drawn.figure, style.SIZES["brief"])
    assert drawn.contents() == charts.draw(result, "demand_by_mineral").contents()


def test_what_an_older_record_holds_of_control_characters_is_left_out(toy: Path) -> None:
    result = api.run(toy / "run.toml", inputs=toy)
    result.record["scenarios"]["plan"]["label"] = "a\x1b]0;b\x07\ufffe\x00c\nd"
    files = charts.draw(result, "demand_by_mineral").contents()
    for name, content in files.items():
        if not name.endswith((".png", ".pdf")):
            assert not set(content.decode()) & set("\x1b\x07\x00\ufffe"), name
    assert ElementTree.fromstring(files["demand_by_mineral.svg"]).tag.endswith("svg")
    assert "a]0;bc d" in files["demand_by_mineral.alt.txt"].decode()
    with pytest.raises(UsageError, match=r"title holds U\+001B"):
        api.draw(result, title="red \x1b[31m")


def test_no_text_of_a_table_reads_as_a_formula(toy: Path) -> None:
    drawn = charts.draw(api.run(toy / "run.toml", inputs=toy), "demand_by_mineral")
    odd = drawn._replace(data=drawn.data.assign(scenario='=HYPERLINK("x")', region="-Europe", value=-1.5))
    lines = odd.contents()["demand_by_mineral.csv"].decode().splitlines()
    assert "'=HYPERLINK" in lines[1]
    assert "'-Europe" in lines[1]
    assert ",-1.5," in lines[1]


# --- any fonts --------------------------------------------------------------------------------------------------------


def test_letters_that_no_font_has_are_said_once(toy: Path) -> None:
    said, files = drawn_under(toy, "out", label="\U00012000 plan \U00012000")
    (sentence,) = [line for line in said if line.startswith("No font")]
    assert sentence.count("\U00012000") == 1
    assert [line for line in said if not line.startswith(OURS)] == []
    assert json.loads(files["record.json"])["lacking"] == "\U00012000"


def test_letters_come_from_any_installed_font_that_has_them(monkeypatch: pytest.MonkeyPatch) -> None:
    preferred = fonts.families()
    known, further = (
        set(font_manager.get_font(font_manager.findfont(name)).get_charmap()) for name in (fonts.FALLBACK, OTHER)
    )
    letter = chr(min(further - known))
    monkeypatch.setattr(fonts, "_others", lambda: ((OTHER, frozenset(further)),))
    fonts.family_of.cache_clear()
    try:
        assert fonts.families_for("Europe −25%") == list(preferred)
        assert fonts.families_for(f"a{letter}") == [*preferred, OTHER]
        assert fonts.lacking(f"{letter} \u200d\U00012000 a") == "\U00012000"
        page = style.Page(style.HouseFigure(figsize=(2, 2)), 0, 2, 2, 0, 1)
        assert page.text(0.5, 0.5, letter, 10).get_fontfamily() == [*preferred, OTHER]
        assert all(rendered(page.figure))
    finally:
        fonts.family_of.cache_clear()


def test_condensed_fonts_stand_in_for_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where more of the family is installed, its condensed bold comes last, and is no semibold of the normal one."""
    manager = font_manager.fontManager
    # Fonts are listed as the folders of a machine list them: an oblique or a condensed one may come first.
    bold = next(
        font for font in manager.ttflist
        if (font.name, font.weight, font.style, font.stretch) == (fonts.FALLBACK, fonts.BOLD, "normal", "normal")
    )  # fmt: skip
    family = [font for font in manager.ttflist if font.name == fonts.FALLBACK and font.weight != fonts.SEMIBOLD]
    monkeypatch.setattr(manager, "ttflist", [*family, replace(bold, stretch="condensed", fname="condensed.ttf")])
    fonts._stand_in_for_semibold(fonts.FALLBACK)
    assert (manager.ttflist[-1].weight, manager.ttflist[-1].fname) == (fonts.SEMIBOLD, bold.fname)
    manager._findfont_cached.cache_clear()
    with caplog.at_level(logging.WARNING):
        found = font_manager.findfont(font_manager.FontProperties(family=fonts.FALLBACK, weight=fonts.SEMIBOLD))
    assert (found, caplog.records) == (bold.fname, [])


def test_without_any_font_a_chart_says_so(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(font_manager.fontManager, "ttflist", [])
    monkeypatch.setattr(fonts, "find_spec", lambda name: None)
    monkeypatch.setattr(fonts, "families", fonts.families.__wrapped__)
    result = api.run(toy / "run.toml", inputs=toy, out=toy / "out")
    left_out = result.record["left_out"]
    assert [sentence.partition(":")[0] for sentence in left_out] == ["demand_by_mineral", "chemistry_over_time"]
    assert all(": charts find no font, not even DejaVu Sans" in sentence for sentence in left_out)
    assert (toy / "out" / "record.json").exists()
