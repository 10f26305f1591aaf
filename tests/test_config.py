"""Run files: inheritance, changes from the command line, changed shares, and where keys stand."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, get_args

import jsonschema
import pytest
from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

from minerals.config import RunFile, Years, find_run_file, read_run
from minerals.config.run_file import KeyOfRunFile, keys_by_kind
from minerals.config.schema import editor_schema
from minerals.config.study import KINDS
from minerals.config.values import Section
from minerals.errors import InputError, UsageError
from minerals.results.describe import describe, entries
from minerals.shipped import run_names
from minerals.studies.run import run
from minerals.tables.inputs import Inputs
from minerals.toml import key_lines, split_key, written

#: Keys whose numbers are those of other keys.
WITHOUT_UNIT = {"rows", "study.axes", "optimise.variant"}


def test_base_is_inherited_key_by_key(toy: Path) -> None:
    (toy / "short.toml").write_text('base = "run.toml"\ntitle = "Short"\n[scope]\nyears = 2030\n', encoding="utf-8")
    asked = read_run(toy / "short.toml")
    assert asked.settings.title == "Short"
    assert asked.settings.scope.regions == ("World",)
    assert asked.settings.scope.years.labels() == (2030,)
    assert list(asked.settings.scenario) == ["plan", "shift"]
    assert asked.place("scenario", "plan", "demand") == ("run.toml", 8)
    assert asked.place("title") == ("short.toml", 2)


def test_set_changes_a_key_and_reads_toml_values(toy: Path) -> None:
    asked = read_run(
        toy / "run.toml", ["scope.years.last=2031", "scenario.plan.label=My plan", 'scope.regions=["China"]']
    )
    assert asked.settings.scope.years.last == 2031
    assert asked.settings.scenario["plan"].label == "My plan"
    assert asked.settings.scope.regions == ("China",)


@pytest.mark.parametrize("text", ["scope.years.last", "=3", ""])
def test_set_without_key_or_value_is_a_problem(text: str, toy: Path) -> None:
    with pytest.raises(InputError, match="expected key=value"):
        read_run(toy / "run.toml", [text])


def test_set_names_itself_where_the_value_is_wrong(toy: Path) -> None:
    with pytest.raises(InputError, match=r"--set scope\.years\.last=soon scope\.years\.last = 'soon'"):
        read_run(toy / "run.toml", ["scope.years.last=soon"])


def test_a_changed_share_and_the_rest(toy: Path) -> None:
    """lfp 0.1 set, na_layered takes what nmc811 (0.5, unchanged) and lfp leave; years between are linear."""
    result = run(toy / "run.toml", [
        "scenario.plan.share.Europe.car.2034.lfp=0.1", "scenario.plan.share.Europe.car.2034.na_layered=rest",
    ], toy)  # fmt: skip
    shares = result["market_share"].query("scenario == 'plan' and region == 'Europe' and segment == 'car'")
    last = shares[shares["year"] == 2034].set_index("chemistry")
    assert last["value"].to_dict() == pytest.approx({"nmc811": 0.5, "lfp": 0.1, "na_layered": 0.4})
    assert last["fill"].to_dict() == {"nmc811": "given", "lfp": "override", "na_layered": "rest"}
    middle = shares[shares["year"] == 2032].set_index("chemistry")["value"]
    assert middle.to_dict() == pytest.approx({"nmc811": 0.55, "lfp": 0.25, "na_layered": 0.2})
    other = result["market_share"].query("scenario == 'plan' and region == 'China' and year == 2034")
    assert other["value"].tolist() == [1.0]
    used = result["inputs_used"]
    assert set(used.loc[used["source"] == "run file", "chemistry"]) == {"lfp", "na_layered"}
    assert result.record["scenarios"]["plan"]["caveat"] == "Shares are changed by the run file."


def test_several_chemistries_divide_the_rest_by_their_shares(toy: Path) -> None:
    """Of 0.5, 0.3 and 0.2 in 2034 the first is set to 0.1: what it leaves is divided 3 to 2."""
    rest = "scenario.plan.share.Europe.car.2034={nmc811 = 0.1, lfp = 'rest', na_layered = 'rest'}"
    shares = run(toy / "run.toml", [rest], toy)["market_share"]
    last = shares.query("scenario == 'plan' and region == 'Europe' and segment == 'car' and year == 2034")
    wanted = {"nmc811": 0.1, "lfp": 0.9 * 0.6, "na_layered": 0.9 * 0.4}
    assert last.set_index("chemistry")["value"].to_dict() == pytest.approx(wanted)
    none = "scenario.shift.share.Europe.car.2034={na_layered = 0.5, nmc811 = 'rest', lfp = 'rest'}"
    with pytest.raises(InputError, match="nmc811, lfp = 'rest': have no share of car in Europe, 2034 to divide"):
        run(toy / "run.toml", [none], toy)


def test_false_takes_away_what_a_base_has(toy: Path) -> None:
    (toy / "more.toml").write_text(
        'base = "run.toml"\n[flows]\ninflow = "end"\n[prices]\ndemand = "plan"\nadoption = "plan"\nagainst = "China"\n'
        "[scenario.plan.share.car.2034]\nlfp = 1\n",
        encoding="utf-8",
    )
    (toy / "less.toml").write_text(
        'base = "more.toml"\nflows = false\n[scenario]\nshift = false\n[scenario.plan]\nshare = false\n',
        encoding="utf-8",
    )
    less = read_run(toy / "less.toml")
    assert (less.settings.flows, set(less.settings.scenario), less.changes["plan"]) == (None, {"plan"}, ())
    assert less.settings.prices is not None
    assert read_run(toy / "less.toml", ["prices=false", "flows={}"]).settings.prices is None
    assert read_run(toy / "more.toml", ["flows.inflow=start", "flows=false"]).settings.flows is None
    jsonschema.validate(tomllib.loads((toy / "less.toml").read_text(encoding="utf-8")), editor_schema())
    with pytest.raises(InputError, match="key 'scope': missing; add it"):
        read_run(toy / "more.toml", ["scope=false"])


def test_a_region_s_change_is_laid_over_one_for_all(toy: Path) -> None:
    sets = ["scenario.shift.share.car.2034={lfp = 0.2, na_layered = 'rest'}",
            "scenario.shift.share.China.car.2034={lfp = 0.3, na_layered = 'rest'}"]  # fmt: skip
    shares = run(toy / "run.toml", sets, toy)["market_share"].query("scenario == 'shift' and year == 2034")
    lfp = shares[(shares["chemistry"] == "lfp") & (shares["segment"] == "car")].set_index("region")["value"]
    assert lfp.to_dict() == pytest.approx({"Europe": 0.2, "China": 0.3})
    sums = shares.groupby(["region", "segment"])["value"].sum()
    assert sums.tolist() == pytest.approx([1.0] * len(sums))


def test_a_change_that_would_do_nothing_is_a_problem(toy: Path) -> None:
    sets = ["scope.segments=['car']", "scenario.plan.share.stationary.2034.lfp=1"]
    with pytest.raises(InputError, match="segment 'stationary': not in this run, so the change would do nothing"):
        run(toy / "run.toml", sets, toy)


def test_years() -> None:
    assert Years(first=2025, last=2035, step=5).labels() == (2025, 2030, 2035)


def _numbers(annotation: Any) -> bool:
    """Whether a type holds numbers, or what is not said."""
    return annotation in (int, float, Any) or any(map(_numbers, get_args(annotation)))


def _fields(section: type[BaseModel] = RunFile, above: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every key of a run file that is no table of further keys, with its field."""
    for name, field in section.model_fields.items():
        below = {part for part in _parts(field.annotation) if isinstance(part, type) and issubclass(part, BaseModel)}
        for each in below:
            yield from _fields(each, f"{above}{name}.")
        if not below:
            yield f"{above}{name}", field


def _parts(annotation: Any) -> Iterator[Any]:
    yield annotation
    for part in get_args(annotation):
        yield from _parts(part)


def test_every_key_has_a_meaning_a_unit_and_an_example_that_it_takes() -> None:
    told = {path.replace(".NAME", ""): found for path, found in keys_by_kind().items()}
    for path, field in _fields():
        if path == "study.kind":
            continue
        (key,) = [key for key in told[path] if key.description == field.description and _of_default(key, field)]
        assert key.description.endswith((".", "…")), path
        assert key.unit or not _numbers(field.annotation) or path in WITHOUT_UNIT, f"{path} has no unit"
        assert key.required == field.is_required(), f"{path}: whether it must be set"
        assert key.required or key.default or not field.default, f"{path} tells no default"
        assert key.example, f"{path} has no example"
        value = tomllib.loads(f"value = {key.example}")["value"]
        kind = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
        TypeAdapter(kind, config=Section.model_config).validate_python(value)


def _of_default(key: KeyOfRunFile, field: FieldInfo) -> bool:
    """Whether a key is that of a field: kinds of a study may have the same words and another default."""
    return not key.default or key.default == written(field.default)


def test_a_key_that_kinds_of_a_study_share_is_told_of_each(shipped_inputs: Inputs) -> None:
    told = describe("study.draws", shipped_inputs)
    assert "study.draws (key of a run file), kind sample, sensitivity" in told
    assert "study.draws (key of a run file), kind measures" in told
    assert ("default: 2000" in told, "default: 0" in told) == (True, True)
    workers = describe("study.workers", shipped_inputs).splitlines()[0]
    assert workers.startswith("study.workers (key of a run file), kind sample, ")
    assert "measures" not in workers
    (kind,) = keys_by_kind()["study.kind"]
    assert set(kind.values) == set(KINDS)


def test_key_lines_follow_headers_dotted_and_inline_keys() -> None:
    text = (
        '# note\ntitle = "a = b"\n[scope]\nyears = { first = 1, last = 2 }\n'
        '[scenario."x y".share.car.2035]\nlfp = 1\na.b = 2\n'
    )
    lines = key_lines(text)
    assert lines["title",] == 2
    assert lines["scope", "years", "last"] == 4
    assert lines["scenario", "x y", "share", "car", "2035", "lfp"] == 6
    assert lines["scenario", "x y", "share", "car", "2035", "a", "b"] == 7


def test_split_key_respects_quotes() -> None:
    assert split_key('scenario."Rest of world".x') == ("scenario", "Rest of world", "x")


def test_a_change_of_a_scenario_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(InputError) as raised:
        read_run("europe-2035", ["scenario.nextgen.silicon=silicon-rising"])
    meant = "missing; add it, or name one of incumbent, next-gen; did you mean 'next-gen'?"
    assert [str(each).partition(" key ")[2] for each in raised.value.problems] == [
        f"'scenario.nextgen.adoption': {meant}", f"'scenario.nextgen.demand': {meant}"]  # fmt: skip


def test_shipped_run_files_are_found_by_name_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in run_names():
        assert find_run_file(name) == find_run_file(f"runs/{name}.toml") == find_run_file(f"{name}.toml")
    with pytest.raises(UsageError, match="did you mean 'europe-2035'"):
        find_run_file("runs/europ-2035.toml")
    for typo in ("runs/europe-2035.tml", "europe-2035.csv"):
        with pytest.raises(UsageError, match=f"no run file {typo}; did you mean 'europe-2035'"):
            find_run_file(typo)
    with pytest.raises(UsageError, match="is a folder"):
        find_run_file(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", run_names())
def test_every_shipped_run_file_is_sound(name: str) -> None:
    last = {"europe-mix": 2028, "us-mix": 2028, "world-mix": 2027, "europe-backcast": 2028, "europe-measures": 2028,
            "europe-robust": 2027, "europe-robust-worlds": 2027, "policies": 2028}  # fmt: skip
    shorter = {
        "world-2050": ["scope.years.step=5"], "europe-robust": ["optimise.ranges='off'", 'study.futures=["iea-base"]'],
        "europe-robust-worlds": ['study.futures=["iea-base"]'],
        "europe-measures": ["study.budgets=[0, 2]", "study.months=[3]", "study.draws=2"],
    }  # fmt: skip
    until = [f"scope.years.last={last[name]}"] if name in last else []
    result = run(name, [*until, *shorter.get(name, [])])
    assert result["mineral_demand"]["value"].sum() > 0


@pytest.mark.parametrize(("study", "words"), [
    ("{kind = 'sensitivity', detail = 'total'}",
     "study.detail: is a key of kind 'sample', and this study is of kind 'sensitivity'; leave it out"),
    ("{kind = 'sensitivty'}",
     "study.kind = 'sensitivty': should be 'sample', 'sensitivity', 'identify', 'grid', 'measures', 'backcast', "
     "'near_optimal', 'frontier' or 'robust'; did you mean"),
    ("{draws = 40}", "key 'study.kind': missing; add it"),
    ("3", "study = 3: expected a table of keys"),
    ("{kind = 'sample', drawz = 40}", "not a key of study; did you mean 'draws'"),
])  # fmt: skip
def test_a_study_has_the_keys_of_its_kind(study: str, words: str) -> None:
    with pytest.raises(InputError, match=re.escape(words)):
        read_run("europe-2050", (f"study={study}",))


def sections() -> Iterator[type[Section]]:
    """All tables of a run file."""
    waiting = [*Section.__subclasses__()]
    while waiting:
        section = waiting.pop()
        waiting += section.__subclasses__()
        yield section


@pytest.mark.parametrize("section", list(sections()), ids=lambda section: section.__name__)
def test_every_key_of_a_run_file_is_described(section: type[Section]) -> None:
    """Its description stands on the field, from where it goes into the JSON schema."""
    without = [key for key, about in section.model_fields.items() if not (about.description or "").endswith(".")]
    assert not without


def test_a_run_file_has_a_json_schema() -> None:
    schema = RunFile.model_json_schema()
    assert {"Sample", "Sensitivity", "Optimise", "Exposure"} <= set(schema["$defs"])
    assert schema["$defs"]["Optimise"]["properties"]["own_share"]["description"].startswith("Least share")


def test_keys_of_a_run_file_are_described(shipped_inputs: Inputs) -> None:
    """By path, or by their last part where it is the only thing of that name; with their values and default."""
    assert '  default: "today"' in describe("exposure.future", shipped_inputs).splitlines()
    assert "values:  start, middle, end" in describe("flows.inflow", shipped_inputs)
    assert "values:  sample, sensitivity, identify, grid" in describe("study.kind", shipped_inputs)
    assert "optimise.cost_cap (key of a run file)" in describe("cost_cap", shipped_inputs)
    with pytest.raises(UsageError, match=r"did you mean 'exposure\.future'"):
        describe("exposure.futur", shipped_inputs)
    assert entries("flows.inflow", shipped_inputs)[0]["default"] == '"middle"'
