"""A study to begin with runs as it is, and the editor's schema takes what a run takes."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from minerals import api
from minerals.cli import cli
from minerals.config.schema import editor_schema
from minerals.errors import UsageError
from minerals.shipped import run_file, run_names
from minerals.starting import ROWS, SCHEMA, begin


@pytest.mark.slow
def test_a_new_study_is_sound_as_it_is_and_with_all_that_it_suggests(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["new", str(tmp_path / "mine")])
    assert done.exit_code == 0, done.output
    file = tmp_path / "mine" / "mine.toml"
    assert "2 scenarios, Europe, 2025–2035" in api.check(file)[0]
    text = file.read_text(encoding="utf-8")
    assert text.startswith(f"#:schema {SCHEMA}\n")
    head, mark, rest = text.partition("# [rows.")
    every = head + "\n".join(line.removeprefix("# ") for line in (mark + rest).splitlines())
    rows = tmp_path / "mine" / ROWS / "battery_demand.csv"
    rows.write_text(
        "scenario,region,segment,year,value,unit\nstated-policies,Europe,car,2035,900,GWh\n", encoding="utf-8"
    )
    every = every.replace("# inputs", "inputs")
    file.write_text(every, encoding="utf-8")
    assert {"inputs", "rows", "flows", "exposure", "study"} < set(tomllib.loads(every))
    api.check(file)


@pytest.mark.parametrize(("folder", "name"), [("My study, 2", "My-study-2"), ("…", "study"), ("Ölpreis", "Ölpreis")])
def test_a_run_file_is_called_after_its_folder(folder: str, name: str, tmp_path: Path) -> None:
    assert begin(tmp_path / folder)[0].name == f"{name}.toml"


def test_what_could_not_be_written_is_taken_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.write_text

    def full(self: Path, text: str, **options: str) -> int:
        if self.name == SCHEMA:
            raise OSError(28, "No space left on device")
        return real(self, text, **options)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(UsageError, match="No space left"):
        begin(tmp_path / "mine")
    assert list((tmp_path / "mine").iterdir()) == []


def test_what_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    done = CliRunner().invoke(cli, ["new", str(tmp_path)])
    assert done.exit_code == 2
    assert "is not empty" in done.output
    assert CliRunner().invoke(cli, ["new", str(tmp_path / "thesis.txt")]).exit_code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.fixture(scope="module")
def schema() -> jsonschema.protocols.Validator:
    """Of run files, which is itself checked once."""
    validator = jsonschema.validators.validator_for(editor_schema())
    validator.check_schema(editor_schema())
    return validator(editor_schema())


@pytest.mark.parametrize("name", run_names())
def test_the_schema_takes_every_shipped_run(name: str, schema: jsonschema.protocols.Validator) -> None:
    file = run_file(name)
    assert file is not None
    schema.validate(tomllib.loads(file.read_text(encoding="utf-8")))


@pytest.mark.parametrize("text", [
    "titel = 'x'", "scope.years = 'soon'", "optimise.frontier = 'exactly'", "exposure.event.x.country = 1",
    "study = { draws = 20 }", "scenario.a.demand = ['stated-policies', 1]",
])  # fmt: skip
def test_the_schema_refuses_what_no_run_takes(text: str, schema: jsonschema.protocols.Validator) -> None:
    with pytest.raises(jsonschema.ValidationError):
        schema.validate(tomllib.loads(text))


@pytest.mark.parametrize("text", [
    "base = 'europe-mix'", "scope.years = 2030", "intensity = 'derived'", "exposure.event.x.severity = 0.5",
    "exposure.event.x = { country = 'CHN', nodes = ['graphite_anode'], months = { value = 6 } }",
])  # fmt: skip
def test_the_schema_takes_short_forms(text: str, schema: jsonschema.protocols.Validator) -> None:
    schema.validate(tomllib.loads(text))


def test_the_schema_says_what_a_key_means() -> None:
    schema = json.loads(json.dumps(editor_schema()))
    assert schema["$defs"]["Optimise"]["properties"]["own_share"]["examples"] == [{"2030": 0.4}]
