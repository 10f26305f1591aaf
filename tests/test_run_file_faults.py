"""What a run file, a `--set` or a Python change must not hold: each kind of slip gives one sentence and no result.

Only the reading is tested here; `test_bad_inputs.py` runs what is read.
"""

from __future__ import annotations

import copy
import datetime
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minerals import api
from minerals.case.cell_model import CellModel
from minerals.config import LONGEST_CHAIN, Run, RunFile, read_run
from minerals.errors import InputError, UsageError
from minerals.shipped import run_names, runs_folder
from minerals.tables.inputs import Inputs, read_inputs
from minerals.text import plain_name, shown, unprintable
from minerals.toml import LARGEST, parsed, written
from minerals.units import ends

TOML = """\
title = "Sound"
[scope]
regions = ["World"]
years = { first = 2030, last = 2034 }
[scenario.plan]
demand = "plan"
adoption = "plan"
"""


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Run]:
    """Read a run file of these bytes or this text, by default a sound one, with changes: read(TOML, "title=Other")."""

    def of(content: str | bytes = TOML, *sets: str) -> Run:
        path = tmp_path / "run.toml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_run(path, sets)

    return of


def told(read: Callable[..., Run], content: str | bytes = TOML, *sets: str) -> list[str]:
    """What is told of a run file that is refused."""
    with pytest.raises(InputError) as raised:
        read(content, *sets)
    return [str(problem) for problem in raised.value.problems]


# --- texts ------------------------------------------------------------------------------------------------------------


def test_what_cannot_be_shown_has_a_name() -> None:
    hidden = {"\x00": "U+0000", "\x1b": "U+001B", "\n": "U+000A", "\x85": "U+0085", "\u2028": "U+2028",
              "\u202e": "U+202E", "\u2066": "U+2066", "\ud800": "U+D800", "\ufffe": "U+FFFE",
              "\U0001ffff": "U+1FFFF"}  # fmt: skip
    assert {mark: unprintable(f"a{mark}b\x07") for mark in hidden} == hidden
    for text in ("", "Europe 2035", "Größe, µ", "हिन्दी", "电池", "👩‍🚀 ½ €"):
        assert unprintable(text) == ""


@pytest.mark.parametrize("name", ["plan", "next-gen", "a.b", "High 2 x", "Größe", "हिन्दी", "电池", "2030"])
def test_names_that_can_stand_in_tables_files_and_commands(name: str, read: Callable[..., Run]) -> None:
    assert plain_name(name) == name
    assert name in read(TOML.replace("scenario.plan", f'scenario."{name}"')).settings.scenario


@pytest.mark.parametrize("name", ["", " ", " a", "a ", "=1+1", "+a", "-a", "@a", "a/b", "a\u00a0b", ".", "x" * 81])
def test_names_that_cannot(name: str, read: Callable[..., Run]) -> None:
    (problem,) = told(read, TOML.replace("scenario.plan", f'scenario."{name}"'))
    assert problem.startswith(f"run.toml:5 scenario {shown(name)}: is ")


def test_a_formula_in_a_name_is_told_at_its_line(read: Callable[..., Run]) -> None:
    (problem,) = told(read, TOML.replace("scenario.plan", r'scenario."=HYPERLINK(\"http://x\",\"y\")"'))
    assert problem.startswith("""run.toml:5 scenario '=HYPERLINK("http://x","y")': is no name; expected letters""")


@pytest.mark.parametrize("key", ["title", "scenario.plan.label", "scenario.plan.note", "scenario.plan.demand",
                                 "inputs", "flows.lines", "intensity.route"])  # fmt: skip
@pytest.mark.parametrize("escape", [r"\u001b]0;owned\u0007", r"\u0000", r"\ufffe", r"\u202e", r"a\nb"])
def test_no_text_of_a_run_file_holds_what_cannot_be_shown(key: str, escape: str, read: Callable[..., Run]) -> None:
    (problem,) = told(read, TOML, f'{key}="{escape}"')
    assert key in problem
    assert "holds U+" in problem or key == "intensity.route"
    assert not any(map(unprintable, problem))


@pytest.mark.parametrize("key", ["title", "scenario.plan.label"])
def test_a_text_of_blanks_or_without_end(key: str, read: Callable[..., Run]) -> None:
    assert "holds blanks only; write a text, or leave it out" in told(read, TOML, f"{key}='  '")[0]
    (problem,) = told(read, TOML, f"{key}='{'x' * 5000}'")
    assert "has 5,000 characters; expected at most 200" in problem
    assert len(problem) < 400


def test_keys_that_cannot_be_shown(read: Callable[..., Run]) -> None:
    (problem,) = told(read, TOML + '"a\\u0007" = 1\n')
    assert problem.endswith(r"has the key 'a\x07', which holds U+0007, a character that cannot be shown")


# --- values -----------------------------------------------------------------------------------------------------------

#: A key of each kind of value, beside what else its table needs.
NUMBERS = {
    "intensity.kg_per_kwh.lfp.lithium": "", "intensity.cell.nmc811.n_over_p": "",
    "prices.tariff": "prices={demand='a', adoption='a', against='a'}",
    "prices.credit": "prices={demand='a', adoption='a', against='a'}",
    "exposure.stockpile_months": "exposure={demand='a', adoption='a'}",
    "exposure.delivery": "exposure={demand='a', adoption='a'}",
    "exposure.threshold": "exposure={demand='a', adoption='a'}",
    "optimise.level": "optimise={scenario='plan'}", "optimise.cost_cap": "optimise={scenario='plan'}",
    "optimise.exposure_cap": "optimise={scenario='plan'}", "optimise.time_limit": "optimise={scenario='plan'}",
    "optimise.own_share.2030": "optimise={scenario='plan'}", "optimise.weights.cost": "optimise={scenario='plan'}",
    "optimise.max_share.lfp": "optimise={scenario='plan'}",
    "optimise.min_share.car.lfp.2030": "optimise={scenario='plan'}",
    "optimise.one_country_price": "optimise={scenario='plan'}", "optimise.likelihood.a": "optimise={scenario='plan'}",
    "scenario.plan.met.Europe.car.2030": "", "study.share_spread": "study={kind='sample'}",
    "scenario.plan.share.car.2030.lfp": "",
    "scenario.plan.diffusion.car.lfp.ceiling": "scenario.plan.diffusion.car.lfp={curve='logistic', fit=true}",
}  # fmt: skip
WHOLE = {
    "scope.years.first": "", "scope.years.step": "", "study.draws": "study={kind='sample'}",
    "study.seed": "study={kind='sample'}", "study.workers": "study={kind='sample'}",
    "optimise.exclude_since": "optimise={scenario='plan'}", "scenario.plan.capacity_limit.until": "",
}  # fmt: skip
SWITCHES = {
    "flows.second_life": "", "optimise.unmet": "optimise={scenario='plan'}",
    "optimise.lines": "optimise={scenario='plan'}", "optimise.recycled_content": "optimise={scenario='plan'}",
}  # fmt: skip


@pytest.mark.parametrize("value", ["true", "'1'", "'on'", "nan", "inf", "-inf", "[1]", "2030-01-01", "1e308"])
@pytest.mark.parametrize("key", NUMBERS)
def test_a_number_is_a_number_that_is_finite(key: str, value: str, read: Callable[..., Run]) -> None:
    if (key, value) == ("intensity.cell.nmc811.n_over_p", "1e308"):
        return  # What a cell can be is asked of the cell; see test_ends_of_the_numbers_of_a_cell.
    sets = [text for text in (NUMBERS[key], f"{key}={value}") if text]
    problems = told(read, TOML, *sets)
    assert any(problem.startswith(f"--set {key}={value} ") for problem in problems)
    assert not [problem for problem in problems if "valid" in problem]


@pytest.mark.parametrize("value", ["true", "'2030'", "2030.5", "nan", "[]", "1e308", "9223372036854775808"])
@pytest.mark.parametrize("key", WHOLE)
def test_a_whole_number_is_one(key: str, value: str, read: Callable[..., Run]) -> None:
    sets = [text for text in (WHOLE[key], f"{key}={value}") if text]
    assert any(problem.startswith(f"--set {key}={value} ") for problem in told(read, TOML, *sets))


@pytest.mark.parametrize("value", ["'off'", "off", "yes", "1", "0", "1.0", "[true]"])
@pytest.mark.parametrize("key", SWITCHES)
def test_true_and_false_are_no_words_and_no_numbers(key: str, value: str, read: Callable[..., Run]) -> None:
    sets = [text for text in (SWITCHES[key], f"{key}={value}") if text]
    (problem,) = told(read, TOML, *sets)
    assert "expected true or false" in problem


def test_what_is_told_of_a_value_of_another_type(read: Callable[..., Run]) -> None:
    def of(*sets: str) -> str:
        return told(read, TOML, *sets)[0].split(": ", 1)[1]

    assert of("intensity.kg_per_kwh.lfp.lithium=true") == "expected a number, and true is none"
    assert of("intensity.kg_per_kwh.lfp.lithium='0.1'") == "expected a number, without quotes"
    assert of("flows.second_life='off'") == "expected true or false, without quotes"
    assert of("scope.years.last=soon") == "expected a whole number"
    assert of("scope.years=2030-01-01") == "expected a year, or first and last: { first = 2025, last = 2035 }"
    assert of("scope.regions=World") == 'expected a list in brackets, e.g. ["one", "another"]'
    assert of("title=''") == "expected a text"
    prices = "prices={demand='a', adoption='a', against='a', tariff="
    assert told(read, TOML, f"{prices}{{CHN='a'}}}}")[0].endswith("prices.tariff.CHN = 'a': expected a number")
    assert told(read, TOML, f"{prices}true}}")[0].endswith("prices.tariff = true: expected a number, and true is none")


def test_whole_numbers_may_be_numbers_and_years_may_have_a_dot(read: Callable[..., Run]) -> None:
    settings = read(TOML, "scope.years=2030.0", "study={kind='sample', draws=1e3, share_spread=1}").settings
    assert settings.scope.years.labels() == (2030,)
    assert settings.study is not None
    assert (settings.study.draws, settings.study.share_spread) == (1000, 1.0)


@pytest.mark.parametrize("key", ["scope.regions", "scope.segments", "output.charts", "prices.adoption"])
def test_a_list_names_a_thing_once(key: str, read: Callable[..., Run]) -> None:
    sets = ["prices={demand='a', against='a'}"] if key.startswith("prices") else []
    (problem,) = told(read, TOML, *sets, f"{key}=['x', 'y', 'x']")
    assert problem.endswith(f"{key} = ['x', 'y', 'x']: names 'x' twice; name it once")


def test_a_step_stays_within_the_years(read: Callable[..., Run]) -> None:
    assert read(TOML, "scope.years.step=4").settings.scope.years.labels() == (2030, 2034)
    (problem,) = told(read, TOML, "scope.years.step=5")
    assert problem.endswith(
        "scope.years: step (5) leaves only the first of the years 2030 to 2034; expected a step within them"
    )
    assert read(TOML, "scope.years={first=2030, last=2030, step=1}").settings.scope.years.labels() == (2030,)


@pytest.mark.parametrize(("key", "value", "way"), [
    ("intensity.kg_per_kwh.lfp.lithium", "60", "expected at most 30; a whole lead-acid battery, the heaviest, is 30 "),
    ("optimise.level", "0.999999999999", 'risk = "worst"; expected at most 0.9999'),
    ("optimise.one_country_price", "1e30", 'one_country = "hard"'),
    ("optimise.exposure_cap", "1e30", "leave the cap out"),
    ("optimise.weights", "{cost = 1e308}", "expected 0, or a number from 0.000001 to 1,000,000"),
    ("optimise.weights", "{cost = 1e-5}", "are all below 0.001; only how weights compare with each other counts"),
    ("scenario.plan.diffusion.car.lfp", "{curve='logistic', ceiling=1, midpoint=2030, speed=1e308}", "within weeks"),
])  # fmt: skip
def test_numbers_that_mean_nothing_are_told_with_the_way_out(
    key: str, value: str, way: str, read: Callable[..., Run]
) -> None:
    needed = ["optimise={scenario='plan'}"] if key.startswith("optimise.") else []
    (problem,) = told(read, TOML, *needed, f"{key}={value}")
    assert way in problem


@pytest.mark.parametrize("name", ["cathode_capacity", "cathode_voltage", "anode_capacity", "anode_efficiency",
                                  "n_over_p", "copper_foil", "aluminium_foil", "lithium_foil"])  # fmt: skip
@pytest.mark.parametrize("value", [1e308, 1e-320, float("inf"), float("nan"), -1.0])
def test_ends_of_the_numbers_of_a_cell(name: str, value: float, shipped_inputs: Inputs) -> None:
    chemistry = "li_metal_solid" if name == "lithium_foil" else "nmc811"
    model = CellModel(shipped_inputs)
    with pytest.raises(UsageError, match=f"no {chemistry} cell has .*(expected|at most|at least)"):
        model.derive(chemistry, 0.0, {name: value})


@pytest.mark.parametrize("name", ["copper_foil", "aluminium_foil"])
def test_a_cell_may_do_without_a_foil(name: str, shipped_inputs: Inputs) -> None:
    cell = CellModel(shipped_inputs).derive("nmc811", 0.0, {name: 0.0})
    assert 0 < cell.bill.wh_per_kg < 1000


def test_a_cell_has_the_same_ends_in_a_table_and_in_a_run_file(toy: Path) -> None:
    most = ends("fraction", "n_over_p", (None, None))[1]
    with pytest.raises(UsageError, match=rf"n_over_p .*expected 1 to {most:g}"):
        CellModel(read_inputs(toy)).derive("nmc811", 0.0, {"n_over_p": most * 1.01})
    table = toy / "cell_parameter.csv"
    rows = table.read_text(encoding="utf-8")
    table.write_text(rows.replace("n_over_p,1.1,1.01,1.21", f"n_over_p,{most * 1.01:g},,"), encoding="utf-8")
    with pytest.raises(InputError, match=rf"cell_parameter.csv:12.*expected 0, or 1 to {most:g}"):
        read_inputs(toy)


# --- the TOML itself --------------------------------------------------------------------------------------------------

ESCAPE = r"\ begins an escape in double quotes; write / in a path, or put the text in single quotes, where \ is itself"


@pytest.mark.parametrize("path", [r"C:\Users\x", r"C:\data", r"C:\tables\new", r"C:\new", "C:\\data\\", r"..\x"])
def test_paths_of_windows(path: str, read: Callable[..., Run]) -> None:
    (problem,) = told(read, f'inputs = "{path}"\n{TOML}')
    assert problem.startswith("run.toml:1")
    assert problem.endswith(ESCAPE)
    assert read(f"inputs = '{path}'\n{TOML}").settings.inputs == (path,)
    assert read(TOML, f"inputs={path}").settings.inputs == (path,)


@pytest.mark.parametrize(("content", "message"), [
    (TOML.encode("utf-16"), "run.toml: is not UTF-8 text but UTF-16; save it as UTF-8"),
    (TOML.encode("utf-16-le"), "run.toml: is not UTF-8 text but UTF-16; save it as UTF-8"),
    (TOML.encode("utf-16-be"), "run.toml: is not UTF-8 text but UTF-16; save it as UTF-8"),
    ((TOML + "# é").encode("latin-1"), "run.toml:8: is not UTF-8 text (byte 0xe9); save it as UTF-8"),
    (b" " * (LARGEST + 1), "run.toml: has more than 1,000,000 bytes; no run file is that large, name another"),
    ("x = 1\ntitle = " + "9" * 5000, "run.toml:2: holds a number of thousands of digits"),
    (f"x = 0x{'9' * 5000}\n{TOML}", "run.toml:1 x: is a whole number beyond 64 bits, which TOML does not have"),
    (f"x = 1\ny = {'[' * 3000}{']' * 3000}", "run.toml:2: holds more than 20 lists or tables within each other"),
    (f"{TOML}[x.{'.'.join('a' * 3000)}]", "run.toml:8 x.a: holds more than 20 lists or tables within each other"),
    (f"x = {{ a = {'[' * 30}{']' * 30} }}", "run.toml:1 x.a: holds more than 20 lists or tables within each other"),
])  # fmt: skip
def test_what_is_no_text_or_too_much_of_one(content: str | bytes, message: str, read: Callable[..., Run]) -> None:
    assert told(read, content) == [message]


@pytest.mark.parametrize(("old", "new", "line", "way"), [
    ("[scope]", 'title = "x"\n[scope]', 2, "it stands twice; keep one of the two"),
    ("[scenario.plan]", "[scope]", 5, "it stands twice; keep one of the two"),
    ('["World"]', '["World"', 4, "close what is opened: a quote on its line, or a bracket"),
    ('"Sound"', '"Sound', 1, "close what is opened: a quote on its line, or a bracket"),
    ('"Sound"', "Sound", 1, "texts stand in double quotes, true and false have none, numbers are as 2030 or 0.4"),
    ("2034 }", "2,034 }", 4, "expected key = value, or [table] alone on its line"),
    ("title =", "my title =", 1, "expected key = value, or [table] alone on its line"),
    ("first = 2030,", "first = 2030,\n", 4, "expected a key; a table in { } stands on one line"),
])  # fmt: skip
def test_slips_of_toml_are_told_with_their_line_and_way_out(
    old: str, new: str, line: int, way: str, read: Callable[..., Run]
) -> None:
    (problem,) = told(read, TOML.replace(old, new, 1))
    assert problem.startswith(f"run.toml:{line}: is not readable TOML (")
    assert problem.endswith(f"; {way}")


@pytest.mark.parametrize(("base", "why"), [
    ('""', "expected the name of a run file in quotes"), ('" "', "expected the name of a run file in quotes"),
    ("true", "expected the name of a run file in quotes"), ('"."', "is a folder; expected the name of a run file"),
    ('".."', "is a folder; expected the name of a run file"), ('"sub"', "is a folder; expected the name of a run file"),
    ('"a\\u0000"', f"holds U+0000, which no path has; {ESCAPE}"),
    (f'"{"x" * 5000}"', "no such run file beside run.toml"),
])  # fmt: skip
def test_a_base_that_is_no_run_file(base: str, why: str, read: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (problem,) = told(read, f"base = {base}\n{TOML}")
    assert problem.startswith("run.toml:1 base = ")
    assert problem.endswith(why)
    assert len(problem) < 300


def test_a_chain_of_bases_ends(tmp_path: Path) -> None:
    for at in range(LONGEST_CHAIN + 100):
        (tmp_path / f"{at}.toml").write_text(f'base = "{at + 1}.toml"\n', encoding="utf-8")
    last = tmp_path / f"{LONGEST_CHAIN + 100}.toml"
    last.write_text(TOML, encoding="utf-8")
    assert read_run(tmp_path / "110.toml").settings.title == "Sound"
    with pytest.raises(InputError, match=r"^49\.toml:1 base = '50\.toml': is the base of 50 run files in a row"):
        read_run(tmp_path / "0.toml")


@pytest.mark.parametrize("name", ["", ".", "a\x00b", "\x1b]0;x\x07", "x" * 5000])
def test_names_of_no_run_file(name: str) -> None:
    with pytest.raises(UsageError, match=r"no run file|is a folder") as raised:
        read_run(name)
    assert not any(map(unprintable, str(raised.value).splitlines()))


# --- changes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "why"), [
    ("scope.years.last=2031\nanything=1", "holds a line break; one --set is one change"),
    ("title='\x1b]0;a'", "holds U+001B; leave it out"),
    ("scope..years=1", "the key has an empty part; expected key=value, e.g. scope.years.last=2040"),
    (".scope=1", "the key has an empty part; expected key=value, e.g. scope.years.last=2040"),
    ("scope.=1", "the key has an empty part; expected key=value, e.g. scope.years.last=2040"),
    ('"".scope=1', "the key has an empty part; expected key=value, e.g. scope.years.last=2040"),
    ("title=a; note=b", "a text without quotes holds none of = # \" [ ] { }"),
    ("title=[1, 2", "a text without quotes holds none of = # \" [ ] { }"),
    (f"title={'[' * 3000}{']' * 3000}", "the value holds more than 20 lists or tables within each other"),
    (f"title={'9' * 5000}", "the value holds a number of thousands of digits"),
    (f"{'.'.join('a' * 3000)}=1", "holds more than 20 lists or tables within each other"),
])  # fmt: skip
def test_changes_that_are_none(text: str, why: str, read: Callable[..., Run]) -> None:
    (problem,) = told(read, TOML, text)
    assert problem.startswith("--set ")
    assert problem.endswith(why)
    assert not any(map(unprintable, problem))
    assert len(problem) < 400


def test_a_change_may_name_a_key_in_quotes_and_a_text_without(read: Callable[..., Run]) -> None:
    sets = ['scenario."a.b" = { demand = \'plan\', adoption = "plan" }', "scenario.'a.b'.label = It's 2, or more"]
    assert read(TOML, *sets).settings.scenario["a.b"].label == "It's 2, or more"


@pytest.mark.parametrize("value", [
    True, False, 0, -3, 2**40, 0.1, 1e-300, "", "a \"b\" \\ é", [], [1, "a"], (1.5,), {}, {"a b": {"c": [True]}},
    datetime.date(2030, 1, 1), np.int64(3), np.float64(0.25), np.bool_(True), Path("a/b"),
])  # fmt: skip
def test_python_values_are_read_back_as_they_were(value: Any) -> None:
    plain = value.item() if isinstance(value, np.generic) else str(value) if isinstance(value, Path) else value
    found = parsed(f"x = {written(value)}")["x"]
    assert found == (list(plain) if isinstance(plain, tuple) else plain)
    assert type(found) is type(list(plain) if isinstance(plain, tuple) else plain)


@pytest.mark.parametrize("value", [None, object(), {1, 2}, b"a", [None], {"a": None}, np.zeros(3), 1j])
def test_python_values_that_no_run_file_holds(value: Any, toy: Path) -> None:
    with pytest.raises(UsageError, match=r"^set: title is \w+ .*; expected a number, a text, True, False"):
        api.read_run(toy / "run.toml", {"title": value})


def test_python_changes_that_are_no_changes(toy: Path) -> None:
    endless: list[Any] = []
    endless.append(endless)
    for changes in (3, None, [("title", "x")], [None]):
        with pytest.raises(UsageError, match="expected a dict of keys and values, or a list of key=value"):
            api.read_run(toy / "run.toml", changes)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="more than 20 lists or tables"):
        api.read_run(toy / "run.toml", {"title": endless})
    with pytest.raises(InputError, match="expected a finite number"):
        api.read_run(toy / "run.toml", {"intensity.kg_per_kwh.lfp.lithium": float("nan")})


# --- records and any mutation -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", run_names())
def test_settings_are_read_back_from_json_and_from_its_lists(name: str) -> None:
    settings = read_run(name).settings
    assert RunFile.model_validate_json(settings.model_dump_json()) == settings
    assert RunFile.model_validate(settings.model_dump(mode="json")) == settings


VALUES: list[Any] = [
    True, False, 0, 1, -1, 2030, 0.5, 1e308, 1e-320, float("inf"), float("nan"), 2**63 - 1, "", " ", "x", "lfp", "rest",
    "\x00", "\u202e", "x" * 3000, [], [1], ["World", "World"], [[]], {}, {"a": 1}, {"car": {"2030": {"lfp": 2}}},
    {"": {}}, datetime.date(2030, 1, 1), datetime.time(1), None,
]  # fmt: skip


def _mutated(tables: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """The tables of a run file with one to three keys dropped, renamed, moved or given another value."""
    tables = copy.deepcopy(tables)
    for _ in range(chance.randint(1, 3)):
        table, at = tables, ""
        while True:
            if not table:
                break
            at = chance.choice(list(table))
            if not isinstance(table[at], dict) or chance.random() < 0.3:
                break
            table = table[at]
        how = chance.choice(["drop", "rename", "value", "value", "value", "nest"])
        if not table:
            continue
        if how == "drop":
            del table[at]
        elif how == "rename":
            table[chance.choice([at + "x", at.upper(), "", "2030", "rest", "a\x07", "é"])] = table.pop(at)
        elif how == "nest":
            table[at] = {at: table[at]}
        else:
            table[at] = chance.choice(VALUES)
    return {key: value for key, value in tables.items() if value is not None}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["run", "mix"])
def test_any_mutation_of_a_run_file_is_a_run_or_a_sentence(name: str, toy: Path) -> None:
    chance = random.Random(12)
    more = (
        '[scenario.plan.share.car.2034]\nlfp = 0.2\nnmc811 = "rest"\n[scenario.plan.diffusion.car]\nrest = ["lfp"]\n'
        'na_layered = { curve = "logistic", ceiling = 0.4, midpoint = 2032, speed = 0.5 }\n[scenario.plan.met.Europe]\n'
        'car = { 2032 = 0.5 }\n[intensity.kg_per_kwh.lfp]\nlithium = 0.1\n[study]\nkind = "sample"\ndraws = 20\n'
    )
    sound = parsed((toy / f"{name}.toml").read_text(encoding="utf-8") + more)
    read_run(_file(toy, sound))
    outcomes = {"run": 0, "sentence": 0}
    for _ in range(400):
        tables = _mutated(sound, chance)
        try:
            outcome = read_run(_file(toy, tables)) and "run"
        except InputError as error:
            outcome = "sentence"
            for problem in error.problems:
                assert problem.file == "mutated.toml", problem
                assert not unprintable(str(problem)), problem
                assert len(str(problem)) < 1000, problem
        outcomes[str(outcome)] += 1
    assert min(outcomes.values()) > 20, outcomes


def _file(folder: Path, tables: dict[str, Any]) -> Path:
    """The tables as a run file: each top-level key on a line of its own."""
    path = folder / "mutated.toml"
    lines = []
    for key, value in tables.items():
        try:
            lines.append(f"{written(key)} = {written(value)}\n")
        except ValueError:
            continue  # None stands for no key.
    path.write_text("".join(lines), encoding="utf-8", errors="surrogatepass")
    return path


def test_shipped_run_files_hold_no_more_than_is_told() -> None:
    assert all((runs_folder() / f"{name}.toml").stat().st_size < LARGEST / 100 for name in run_names())


@pytest.mark.slow
def test_ten_thousand_unknown_keys_are_no_flood(toy: Path) -> None:
    """All are known to a program; a person is told of the first causes, and how many more there are."""
    path = toy / "run.toml"
    path.write_text(path.read_text(encoding="utf-8") + "".join(f"k{i} = 1\n" for i in range(10_000)), encoding="utf-8")
    with pytest.raises(InputError) as raised:
        read_run(path)
    assert len(raised.value.problems) == 10_000
    lines = str(raised.value).splitlines()
    assert len(lines) == 51
    assert lines[-1] == "… and 9,950 more causes; mend these first"
