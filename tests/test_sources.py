"""What headlines rest on, and how a result is cited."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from minerals import api
from minerals.cli import cli
from minerals.results.cite import bibtex, text
from minerals.results.explain import Factor
from minerals.results.result import Result
from minerals.results.sources import _shares, licences, rests_on


@pytest.fixture(scope="module")
def whole(toy_files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Result:
    folder = tmp_path_factory.mktemp("toy")
    for name, content in toy_files.items():
        (folder / name).write_bytes(content)
    return api.run(folder / "run.toml", inputs=folder)


def factor(source: str, quality: str) -> Factor:
    return Factor("share", 1.0, "1", "", (pd.Series({"source": source, "quality": quality}),))


def test_a_part_rests_on_a_source_where_one_of_its_factors_does() -> None:
    """Of 10 kt, 6 on a and b, 3 on b alone, 1 on c; grades alike."""
    parts = [
        (6.0, [factor("a;b", "model"), factor("b", "assumed")]), (3.0, [factor("b", "model")]),
        (1.0, [factor("c", "measured")]),
    ]  # fmt: skip
    found = {(kind, name): share for kind, name, _, share in _shares("Graphite", parts, 10.0)}
    assert found == {
        ("source", "a"): 0.6, ("source", "b"): 0.9, ("source", "c"): 0.1, ("grade", "model"): 0.9,
        ("grade", "assumed"): 0.6, ("grade", "measured"): 0.1,
    }  # fmt: skip
    assert not list(_shares("Graphite", [], 0.0))


def test_grades_and_sources_are_counted_by_their_rows(whole: Result) -> None:
    found, used = rests_on(whole), whole["inputs_used"]
    for row in found[found["kind"] == "grade"].itertuples():
        assert row.rows == (used["quality"] == row.name).sum()
    for row in found[found["kind"] == "source"].itertuples():
        assert row.rows == used["source"].str.split(";").map(lambda names, own=row.name: own in names).sum()
    assert set(found.loc[found["kind"] == "source", "name"]) <= set(licences(whole)["source"])


@pytest.mark.slow
def test_all_of_what_a_stop_takes_rests_on_the_stop() -> None:
    """On the rows of past stops wholly; on the plants of a supplier by its part of the node."""
    found = rests_on(api.run("europe-2035"))
    lost = found[found["headline"].str.startswith("GWh lost") & (found["kind"] == "source")].set_index("name")["share"]
    assert lost["antimony-customs-2025"] == 1
    assert 0 < lost["maeil-2024"] < 0.05
    assert found["share"].between(0, 1 + 1e-9).all()


def test_a_citation_names_run_version_and_sources(whole: Result) -> None:
    told = text(whole)
    assert whole.record["run_id"] in told
    assert whole.record["versions"]["minerals"] in told
    entries = bibtex(whole)
    keys = re.findall(r"@misc\{([^,]+),", entries)
    assert keys == [f"minerals-{whole.record['run_id']}", *licences(whole)["source"]]
    assert entries.count("{") == entries.count("}")


def test_what_bibtex_takes_for_its_own_is_escaped(whole: Result) -> None:
    named = Result({**whole.record, "title": r"50 % of A & B \input{x} {}_$"}, whole.tables)
    title = next(line for line in bibtex(named).splitlines() if "title" in line)
    assert title == r"  title = {50 \% of A \& B \textbackslash{}input\{x\} \{\}\_\$},"


def test_on_the_screen_and_as_json(whole: Result, tmp_path: Path) -> None:
    whole.write(tmp_path / "out")
    done = CliRunner().invoke(cli, ["sources", str(tmp_path / "out")], env={"COLUMNS": "80"})
    assert done.exit_code == 0, done.output
    assert done.output.startswith("Grade")
    assert max(map(len, done.output.splitlines())) <= 80
    rows = json.loads(
        CliRunner().invoke(cli, ["sources", str(tmp_path / "out"), "--json", "--scenario", "plan"]).output
    )
    assert {row["kind"] for row in rows} == {"source", "grade"}
    cited = CliRunner().invoke(cli, ["cite", str(tmp_path / "out"), "--bibtex"])
    assert cited.output.startswith("@misc{minerals-")
    wrong = CliRunner().invoke(cli, ["sources", str(tmp_path / "out"), "--scenario", "plain"])
    assert wrong.exit_code == 2
    assert "did you mean" in wrong.output
