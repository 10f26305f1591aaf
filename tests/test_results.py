"""Results on disk and in memory: whole or not at all, same bytes, and every number back to its rows."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import lay_out

import minerals
from minerals import api, charts
from minerals.errors import InputError, MineralsError, Notice, UsageError
from minerals.results import folders, repeat
from minerals.results.compare import compare
from minerals.results.csv_files import as_csv, read_csv, write_csv
from minerals.results.explain import explain
from minerals.results.hashes import OWN_HASH, own_hash
from minerals.results.record import _without_workers, versions
from minerals.results.result import Result, load, unlisted
from minerals.shipped import inputs_folder
from minerals.studies.run import run
from minerals.units import factor


def digest(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.rglob("*.*"))}


def test_same_inputs_same_bytes(run_toy, tmp_path: Path) -> None:
    for name in ("a", "b"):
        run_toy().write(tmp_path / name)
    assert digest(tmp_path / "a") == digest(tmp_path / "b")


@pytest.mark.slow
def test_written_and_read_back_is_the_same(europe: Result, tmp_path: Path) -> None:
    europe.write(tmp_path / "out")
    again = load(tmp_path / "out")
    files = again.record.pop("files")
    assert again.record.pop(OWN_HASH)
    assert {**files, "record.json": digest(tmp_path / "out")["record.json"]} == digest(tmp_path / "out")
    assert again.record == json.loads(json.dumps(europe.record))
    for name, frame in europe.tables.items():
        ours, theirs = (f.astype(object).where(f.notna(), "") for f in (again[name], frame.reset_index(drop=True)))
        pd.testing.assert_frame_equal(ours, theirs, check_dtype=False, rtol=1e-11)


@pytest.mark.slow
def test_the_record_holds_no_clock_no_absolute_path_and_every_input(europe: Result) -> None:
    text = json.dumps(europe.record)
    assert str(inputs_folder()) not in text
    assert not re.search(r"\d\d:\d\d:\d\d", text)
    for path in inputs_folder().glob("*.csv"):
        assert europe.record["inputs"][path.name] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert set(europe.record["versions"]) == {
        "minerals", "python", "numpy", "pandas", "scipy", "highspy", "clarabel", "pyomo", "matplotlib",
        "blas",
    }  # fmt: skip


@pytest.mark.slow
def test_columns_are_the_promised_ones(europe: Result) -> None:
    keys = ["scenario", "region", "segment", "chemistry", "silicon"]
    assert list(europe["cells"]) == [*keys, "year", "value", "unit"]
    assert list(europe["mineral_demand"]) == [*keys, "mineral", "year", "value", "low", "high", "unit"]


def test_a_failure_while_writing_leaves_nothing(run_toy, tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_toy().write(tmp_path / "out", extra=fail)
    assert [path.name for path in tmp_path.iterdir() if path.name != "toy"] == []


def test_an_older_result_survives_a_failure(run_toy, tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        raise OSError("disk full")

    run_toy().write(tmp_path / "out")
    before = digest(tmp_path / "out")
    with pytest.raises(UsageError, match="disk full"):
        run_toy("scope.years.last=2031").write(tmp_path / "out", extra=fail)
    assert digest(tmp_path / "out") == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "toy"]


@pytest.mark.slow
def test_the_same_run_is_replaced_and_another_only_with_force(run_toy, europe: Result, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    run_toy().write(folder)
    run_toy("scope.years.last=2031").write(folder)
    assert load(folder).record["years"] == [2030, 2031]
    with pytest.raises(UsageError, match=r"holds the run 'run'; .* --force"):
        europe.write(folder)
    europe.write(folder, force=True)
    assert load(folder).record["run"] == "europe-2035"


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_that_is_not_a_result_is_never_replaced(run_toy, tmp_path: Path, force: bool) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="not a result"):
        run_toy().write(mine, force=force)
    assert (mine / "thesis.txt").read_text() == "years of work"
    with pytest.raises(UsageError, match="is a file"):
        run_toy().write(mine / "thesis.txt", force=force)


@pytest.mark.slow
@pytest.mark.parametrize("own", ["notes.txt", "tables/my.xlsx", "deep/er/x.csv"])
@pytest.mark.parametrize("force", [False, True])
def test_a_file_that_no_run_wrote_is_never_removed(run_toy, tmp_path: Path, own: str, force: bool) -> None:
    folder = tmp_path / "out"
    run_toy().write(folder)
    (folder / own).parent.mkdir(parents=True, exist_ok=True)
    (folder / own).write_text("mine")
    before = digest(folder)
    with pytest.raises(UsageError, match=rf"did not write: {own}; .* move them"):
        run_toy().write(folder, force=force)
    assert digest(folder) == before


@pytest.mark.slow
def test_charts_drawn_later_are_kept_by_the_same_run_only(run_toy, europe: Result, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    run_toy().write(folder)
    (folder / "charts").mkdir()
    (folder / "charts" / "mine.png").write_text("mine")
    run_toy("scope.years.last=2031").write(folder)
    assert load(folder).record["years"] == [2030, 2031]
    assert (folder / "charts" / "mine.png").read_text() == "mine"
    assert unlisted(folder) == ["charts/mine.png"]
    with pytest.raises(UsageError, match=r"did not write: charts/mine\.png"):
        europe.write(folder, force=True)
    with pytest.raises(UsageError, match=r"would write charts/mine\.png"):
        run_toy().write(folder, extra=lambda place: (place / "charts").mkdir() or (place / "charts/mine.png").touch())
    assert (folder / "charts" / "mine.png").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "toy"]


@pytest.mark.parametrize("name", [".", "./", "x/.."])
def test_the_current_folder_can_hold_a_result(
    run_toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    here = tmp_path / "here"
    (here / "x").mkdir(parents=True)
    (here / "x").rmdir()
    monkeypatch.chdir(here)
    for _ in range(2):
        run_toy().write(Path(name))
        assert sorted(os.listdir()) == ["explorer.json", "iamc.csv", "record.json", "tables"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["here", "toy"]


def test_a_failing_exchange_in_the_current_folder_is_taken_back(
    run_toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    run_toy().write(here)
    before, rename = digest(here), os.rename
    monkeypatch.chdir(here)

    def fail(source: Path, target: Path) -> None:
        if Path(target) == here / "iamc.csv" and source.parent.name == folders.NEW:
            raise OSError("no")
        rename(source, target)

    monkeypatch.setattr(os, "rename", fail)
    with pytest.raises(UsageError, match="cannot write"):
        run_toy("scope.years.last=2031").write(here)
    assert digest(here) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["here", "toy"]


def test_a_link_is_followed(run_toy, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "round").symlink_to("round")
    for _ in range(2):
        run_toy().write(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "record.json").is_file()
    with pytest.raises(UsageError, match="round"):
        run_toy().write(tmp_path / "round")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "real", "round", "toy"]


@pytest.mark.slow
@pytest.mark.parametrize(("file", "text", "sentence"), [
    ("record.json", "{}", "lacks run, run_id, title"),
    ("record.json", "[]", "lacks run, run_id, title"),
    ("record.json", "{", "no readable record"),
    ("record.json", "[" * 100_000, "no readable record"),
    ("tables/cells.csv", None, "cells.csv is missing"),
    ("tables/cells.csv", "", "cells.csv was changed after the run; repeat the run"),
    ("tables/cells.csv", "scenario,region,segment,chemistry,silicon,year,value,unit\n", "cells.csv was changed"),
    ("tables/inputs_used.csv", "a\n", "inputs_used.csv was changed after the run"),
])  # fmt: skip
def test_load_says_what_a_broken_folder_lacks(
    run_toy, tmp_path: Path, file: str, text: str | None, sentence: str
) -> None:
    folder = tmp_path / "out"
    run_toy().write(folder)
    (folder / file).unlink() if text is None else (folder / file).write_text(text)
    with pytest.raises(UsageError, match=sentence):
        load(folder)


WRONG: dict[str, object] = {
    "run": 1, "title": None, "scenarios": {}, "regions": [], "segments": [1], "minerals": [], "years": [], "fills": {},
    "rows_used": [], "codes": {}, "config": {"output": []}, "versions": [], "tables": [{}], "files": [],
    "prices": {"plan": 1}, "exposure": {"nodes": []}, "mix": {}, "study": {"draws": "many"},
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("key", WRONG)
def test_a_record_of_another_form_is_told_whoever_wrote_it(run_toy, tmp_path: Path, key: str) -> None:
    """Also where its own hash fits what was made of it."""
    folder = tmp_path / "out"
    run_toy().write(folder)
    record = json.loads((folder / "record.json").read_text())
    record[key] = WRONG[key]
    record[OWN_HASH] = own_hash(record)
    (folder / "record.json").write_text(json.dumps(record))
    with pytest.raises(UsageError, match=rf"(lacks |a result \(){key}.*; repeat the run"):
        load(folder)


def test_a_table_of_a_record_lies_in_its_folder(run_toy, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    run_toy().write(folder)
    (tmp_path / "secret.csv").write_text("a\n1\n")
    record = json.loads((folder / "record.json").read_text())
    record["tables"].append("../../secret")
    record[OWN_HASH] = own_hash(record)
    (folder / "record.json").write_text(json.dumps(record))
    with pytest.raises(UsageError, match="tables"):
        load(folder)


@pytest.mark.slow
def test_a_record_that_was_edited_is_told(run_toy, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    run_toy().write(folder)
    text = (folder / "record.json").read_text()
    (folder / "record.json").write_text(text.replace('"Toy"', '"Toys"'))
    with pytest.raises(UsageError, match=r"record\.json was changed after the run"):
        load(folder)
    run_toy().write(folder)
    assert load(folder).record["title"] == "Toy"


def test_a_file_that_no_run_writes_is_nobody_s_by_being_listed(run_toy, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    run_toy().write(folder)
    (folder / "thesis.doc").write_text("mine")
    record = json.loads((folder / "record.json").read_text())
    record["files"]["thesis.doc"] = hashlib.sha256(b"mine").hexdigest()
    (folder / "record.json").write_text(json.dumps(record))
    with pytest.raises(UsageError, match=r"did not write: thesis\.doc"):
        run_toy().write(folder, force=True)
    assert (folder / "thesis.doc").read_text() == "mine"


def test_load_says_what_is_not_a_result(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not found"):
        load(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="is not a result folder"):
        load(tmp_path)


@pytest.mark.slow
def test_total(europe: Result) -> None:
    by_scenario = europe.total(mineral="graphite", year=2035)
    one = europe.total(by=(), mineral="graphite", year=2035, scenario="incumbent")
    assert by_scenario["incumbent"] == pytest.approx(one)
    with pytest.raises(KeyError, match="did you mean 'graphite'"):
        europe.total(mineral="grafite")
    with pytest.raises(KeyError, match="no dimension minerals; did you mean 'mineral'"):
        europe.total(minerals="graphite")
    with pytest.raises(KeyError, match="did you mean 'cells'"):
        europe["cell"]


def test_total_of_nothing_is_zero(run_toy) -> None:
    result: Result = run_toy()
    assert result.total(mineral="silicon", year=2034).to_dict() == {"plan": 0.0, "shift": 0.0}
    assert result.total(by=(), mineral="silicon", year=2034, scenario="plan") == 0.0
    assert result.total(by="mineral", scenario="plan", year=2034)["silicon"] == 0.0
    assert list(result.total(by=("mineral", "year"), scenario="plan")["silicon"]) == [0.0] * 5
    assert result.total("cells", by=(), chemistry="nmc811_si10") == 0.0
    assert result.total(mineral="graphite", year="2034").equals(result.total(mineral="graphite", year=2034))
    with pytest.raises(KeyError, match="did you mean 'silicon'"):
        result.total(mineral="silicone", year=2034)
    with pytest.raises(KeyError, match="no dimension minerals"):
        result.total(by="minerals")


@pytest.mark.parametrize("by", [(), "scenario", ("scenario", "year")])
def test_different_minerals_are_not_added_up(run_toy, by: object) -> None:
    with pytest.raises(KeyError, match="say which mineral"):
        run_toy().total(by=by, year=2034)


@pytest.mark.slow
def test_reprs_are_short_and_useful(europe: Result) -> None:
    text = repr(europe)
    assert len(text) < 600
    for words in ("Europe 2035, incumbent and next-gen", "incumbent, next-gen", "2025–2035", "mineral_demand ("):
        assert words in text
    told = repr(explain(europe, "graphite"))
    assert len(told) < 300
    assert re.search(r"graphite in Europe, 2035, incumbent = [\d.]+ kt", told)


@pytest.mark.parametrize("mineral", ["silicon", "sulfur"])
@pytest.mark.slow
def test_a_zero_is_explained(europe: Result, mineral: str) -> None:
    told = explain(europe, mineral, scenario="incumbent")
    assert (told.value, told.leaves, len(told.rows())) == (0.0, (), 0)
    assert sum(told.without.values()) == pytest.approx(told.gwh)
    assert "source" in told.rows()


@pytest.mark.slow
def test_explain_names_the_cells_that_do_without(europe: Result) -> None:
    told = explain(europe, "graphite", scenario="next-gen")
    assert {"li_s", "na_layered_nfm"} <= set(told.without)
    assert "lfp" not in told.without
    assert 0.2 < sum(told.without.values()) / told.gwh < 0.35


@pytest.mark.slow
def test_a_run_repeats_from_its_record(toy: Path, tmp_path: Path) -> None:
    changes = ["scenario.plan.share.Europe.car.2034={lfp = 0.1, na_layered = 'rest'}", "output.charts=[]"]
    api.run(toy / "run.toml", set=changes, inputs=toy, out=tmp_path / "a")
    api.run(tmp_path / "a" / "record.json", inputs=toy, out=tmp_path / "b")
    assert digest(tmp_path / "a") == digest(tmp_path / "b")
    assert "run file" in set(load(tmp_path / "b")["inputs_used"]["source"])


def test_a_record_is_repeated_with_its_own_inputs_only(toy: Path, tmp_path: Path) -> None:
    api.run(toy / "run.toml", set={"output.charts": []}, inputs=toy, out=tmp_path / "a")
    record = tmp_path / "a" / "record.json"
    with pytest.raises(UsageError, match=r"other inputs .*regions\.csv.* differ; .*--inputs"):
        api.run(record)
    with pytest.raises(UsageError, match="repeats a run as it was"):
        api.run(record, inputs=toy, set=["scope.years.last=2031"])
    record.write_text(record.read_text().replace('"adoption"', '"adaption"'))
    with pytest.raises(UsageError, match="does not hold a run"):
        api.run(record, inputs=toy)
    with pytest.raises(UsageError, match="cannot be read"):
        api.run(tmp_path / "none.json")


@pytest.mark.slow
@pytest.mark.parametrize(("changes", "why"), [
    ({"run": "../evil"}, "run: expected a plain name"),
    ({"run": "/anywhere"}, "run: expected a plain name"),
    ({"run": "a/b"}, "run: expected a plain name"),
    ({"run": "a\0b"}, "run: expected a plain name"),
    ({"run": ".."}, "run: expected a plain name"),
    ({"run": "n" * 201}, "run: expected a plain name"),
    ({"set": [1]}, "set.0: should be a valid string"),
    ({"inputs": {}}, "inputs: names none"),
    ({"inputs": []}, "inputs: is no object in braces"),
    ({"changes": {"plan": [{"path": ["a"], "file": "x", "line": 1, "region": "Europe", "segment": "car",
                            "year": "2032", "chemistry": "lfp", "share": 0.5}]}}, "year: should be a valid int"),
    ({"changes": {"plan": [{"path": ["a"], "file": "x", "line": 1, "region": "Europe", "segment": "car",
                            "year": 2032, "chemistry": "lfp", "share": float("nan")}]}}, "share: should be a f"),
    ({"changes": {"nobody": []}}, "changes of nobody, which is no scenario of it"),
    ({"config": {"flows": {"lines": "../../secret.csv"}}}, "flows.lines names a file other than tables/lines.csv"),
])  # fmt: skip
def test_a_record_that_no_run_wrote_is_refused_with_its_cause(
    toy: Path, tmp_path: Path, changes: dict[str, object], why: str
) -> None:
    api.run(toy / "run.toml", set={"output.charts": []}, inputs=toy, out=tmp_path / "a")
    path = tmp_path / "a" / "record.json"
    record = json.loads(path.read_text())
    if "config" in changes:
        changes = {"config": record["config"] | changes["config"]}  # type: ignore[operator]
    record |= changes
    record[OWN_HASH] = own_hash(record)
    path.write_text(json.dumps(record))
    with pytest.raises(UsageError, match=r"does not hold a run that this version can repeat \(") as raised:
        api.run(path, inputs=toy, out=tmp_path / "b")
    assert why in str(raised.value)
    assert not (tmp_path / "b").exists()


def test_a_record_names_every_input_and_is_as_its_run_wrote_it(toy: Path, tmp_path: Path) -> None:
    api.run(toy / "run.toml", set={"output.charts": []}, inputs=toy, out=tmp_path / "a")
    path = tmp_path / "a" / "record.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"title": "Mine"}))
    with pytest.raises(UsageError, match=r"record\.json was changed after the run"):
        api.run(path, inputs=toy)
    del record["inputs"]["regions.csv"]
    path.write_text(json.dumps(record | {OWN_HASH: own_hash(record)}))
    with pytest.raises(UsageError, match=r"other inputs than those in .*: regions\.csv differ"):
        api.run(path, inputs=toy)
    path.write_text("[" * 100_000)
    with pytest.raises(UsageError, match="is nested too deeply"):
        api.run(path, inputs=toy)


@pytest.mark.slow
def test_lines_of_a_record_are_those_of_its_result(toy: Path, tmp_path: Path) -> None:
    rows = ["scenario,region,cohort,value,unit"]
    rows += [f"{s},{region},2028,500,GWh/yr" for s in ("plan", "shift") for region in ("Europe", "China")]
    (toy / "lines.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    later = {"scope.beyond": "hold", "scope.years": {"first": 2044, "last": 2045}, "flows": {"lines": "lines.csv"}}
    api.run(toy / "run.toml", set=later | {"output.charts": []}, inputs=toy, out=tmp_path / "a")
    api.run(tmp_path / "a" / "record.json", inputs=toy, out=tmp_path / "b")
    assert digest(tmp_path / "a") == digest(tmp_path / "b")
    lines = tmp_path / "a" / "tables" / "lines.csv"
    lines.write_text(lines.read_text().replace("500", "501"))
    with pytest.raises(UsageError, match=r"lines\.csv was changed after the run"):
        api.run(tmp_path / "a" / "record.json", inputs=toy)
    lines.unlink()
    with pytest.raises(UsageError, match=r"needs tables/lines\.csv beside it"):
        api.run(tmp_path / "a" / "record.json", inputs=toy)


def test_a_record_of_other_versions_is_repeated_and_says_so(
    toy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.run(toy / "run.toml", set={"output.charts": []}, inputs=toy, out=tmp_path / "a")
    theirs = {**versions(), "highspy": "1.99"}
    monkeypatch.setattr(repeat, "versions", lambda: theirs)
    with pytest.warns(Notice, match=rf"highspy {versions()['highspy']} \(here 1\.99\): digits, and a mix"):
        result = api.run(tmp_path / "a" / "record.json", inputs=toy, out=tmp_path / "b")
    assert result.record["versions"] == versions()


@pytest.mark.parametrize("text", [
    "=HYPERLINK(0)", "+1", "-1", "@SUM(1)", "\tx", "'=quoted", "''-twice", "it's", "'plain", "−1", "NA", "",
])  # fmt: skip
def test_a_text_is_no_formula_and_is_read_back_as_it_was(tmp_path: Path, text: str) -> None:
    frame = pd.DataFrame({"scenario": [text, "plan"], "label": [text, "x"], "value": [-1.5, 2.0], "year": [2030, 2031]})
    write_csv(frame, tmp_path / "table.csv")
    again = read_csv(tmp_path / "table.csv")
    assert again["scenario"].tolist() == [text, "plan"]
    assert again["label"].tolist() == [text, "x"]
    assert again["value"].tolist() == [-1.5, 2.0]
    cells = next(csv.reader((tmp_path / "table.csv").read_text(encoding="utf-8").splitlines()[1:]))
    assert cells[2] == "-1.5"
    assert cells[0] in (text, f"'{text}")
    assert not cells[0].startswith(("=", "+", "-", "@", "\t"))


@pytest.mark.parametrize("cells", [[0.0, 0.1], [0.0, 0.0], [], ["none", "next-gen-led"], ["held", "free"]])
def test_silicon_is_a_share_or_the_name_of_a_blend(tmp_path: Path, cells: list[float] | list[str]) -> None:
    frame = pd.DataFrame({"silicon": pd.Series(cells, dtype=None if cells else float)})
    write_csv(frame, tmp_path / "table.csv")
    again = read_csv(tmp_path / "table.csv")["silicon"]
    assert again.tolist() == cells
    assert pd.api.types.is_float_dtype(again) != (bool(cells) and isinstance(cells[0], str))


def test_a_table_has_the_bytes_that_pandas_writes() -> None:
    rng = np.random.default_rng(3)
    rows = 25_000  # more than are formatted at a time
    texts = ["", "plain", 'a "quote"', "one, two", "100 %", "%s", "ä €", "two\nlines"]
    frame = pd.DataFrame({
        "text": rng.choice(texts, rows), "value": rng.normal(size=rows) * 10.0 ** rng.integers(-20, 20, rows),
        "year": rng.integers(-5, 2050, rows), "flag": rng.random(rows) < 0.5,
        "low": np.where(rng.random(rows) < 0.5, np.nan, rng.normal(size=rows)), 'a, "b" %d': "x",
    })  # fmt: skip
    frame["first"] = frame["year"].where(frame["flag"]).astype("Int64")
    frame["any"] = pd.Series([1, 1.0, True, None, "1", 0.1] * (rows // 6) + ["%"] * (rows % 6), dtype=object)
    frame["some"] = frame["text"].where(frame["flag"])
    for table in (frame, frame[:0], frame[:1], frame[5:300:7]):
        assert as_csv(table, 12) == table.to_csv(index=False, float_format="%.12g", lineterminator="\n").encode()


def test_changes_from_python(toy: Path) -> None:
    changes = {"scope.years.last": 2031, "scope.regions": ["Europe"], "title": 'A "title"',
               "scenario.plan.share.Europe.car": {2031: {"lfp": 0.1, "nmc811": 0.2, "na_layered": "rest"}}}  # fmt: skip
    result = api.run(toy / "run.toml", inputs=toy, set=changes)
    assert result.record["years"] == [2030, 2031]
    assert result.record["regions"] == ["Europe"]
    assert result.record["title"] == 'A "title"'
    assert result.total("cells", by=(), scenario="plan", segment="car", chemistry="na_layered", year=2031) > 0
    with pytest.raises(UsageError, match=r"one text; write set=\['scope\.years\.last=2031'\]"):
        api.run(toy / "run.toml", inputs=toy, set="scope.years.last=2031")


@pytest.mark.slow
def test_a_redrawn_chart_does_not_take_the_place_of_the_run_s(europe: Result) -> None:
    assert api.draw(europe, "demand_by_mineral", size="brief").meta.name == "demand_by_mineral"
    bundle = api.draw(europe, "demand_by_mineral", year=2032, size="slide", base="next-gen", title="Mine: all of it")
    assert bundle.meta.name == "demand_by_mineral-slide-2032-base-next-gen-title-mine-all-of-it"


@pytest.mark.slow
def test_api_describes_and_checks(toy: Path) -> None:
    assert "kt" in minerals.describe("mineral_demand")
    sound, *fills = minerals.check(toy / "run.toml", inputs=toy, set={"scope.years.last": 2031})
    assert "2 scenarios" in sound
    assert "2030–2031" in sound
    assert all(fill.startswith("filled: ") for fill in fills)
    assert "sound" in minerals.check(toy)[0]
    assert {"check", "describe", "run"} <= set(dir(minerals))
    assert not {"Any", "TYPE_CHECKING", "annotations"} & set(dir(minerals))


def test_an_unknown_chart_is_refused_before_computing(toy: Path, tmp_path: Path) -> None:
    (toy / "pie.toml").write_text('base = "run.toml"\n[output]\ncharts = ["pie"]\n', encoding="utf-8")
    for ask in (minerals.check, minerals.run):
        with pytest.raises(InputError, match=r"pie\.toml:3 charts = 'pie': no chart pie \(charts: demand_by_mineral"):
            ask(toy / "pie.toml", inputs=toy)


@pytest.mark.slow
def test_compare(europe: Result) -> None:
    table = compare(europe, year=2035).frame.set_index(["mineral", "scenario"])
    assert table.loc[("graphite", "incumbent"), "change"] == 0
    ratio = table.loc[("graphite", "next-gen"), "value"] / table.loc[("graphite", "incumbent"), "value"]
    assert table.loc[("graphite", "next-gen"), "change"] == pytest.approx(ratio - 1)
    assert pd.isna(table.loc[("sulfur", "next-gen"), "change"]) == (table.loc[("sulfur", "incumbent"), "value"] == 0)
    turned = compare(europe, base="next-gen").frame.set_index(["mineral", "scenario"])
    assert turned.loc[("graphite", "incumbent"), "change"] == pytest.approx(1 / ratio - 1)
    pd.testing.assert_frame_equal(compare(europe, year="2030").frame, compare(europe, year=2030).frame)
    for bad in ({"base": "nextgen"}, {"year": 1999}, {"region": "Urope"}):
        with pytest.raises(UsageError, match="in this result"):
            compare(europe, **bad)


@pytest.mark.slow
@pytest.mark.parametrize("mineral", ["graphite", "nickel", "lithium", "cobalt"])
@pytest.mark.parametrize("year", [2027, 2035])
def test_explain_re_adds_every_number_to_1e_9(europe: Result, mineral: str, year: int) -> None:
    for scenario in europe.scenarios:
        told = explain(europe, mineral, "Europe", year, scenario)
        assert sum(leaf.value for leaf in told.leaves) == pytest.approx(
            europe.total(by=(), mineral=mineral, year=year, scenario=scenario), rel=1e-9
        )
        assert all(len(factor.rows) for leaf in told.leaves for factor in leaf.factors)


def test_explain_follows_blends_regions_and_changed_shares(run_toy, tmp_path: Path) -> None:
    sets = ("scenario.plan.silicon=si", "scenario.plan.share.Europe.car.2034={lfp = 0.1, na_layered = 'rest'}")
    run_toy(*sets).write(tmp_path / "out")
    result = load(tmp_path / "out")
    for year in (2030, 2033, 2034):
        for mineral in ("graphite", "silicon", "lithium"):
            told = explain(result, mineral, year=year, scenario="plan")
            assert told.region == "World"
            assert told.value == pytest.approx(
                result.total(by=(), mineral=mineral, year=year, scenario="plan"), rel=1e-9
            )
    names = {factor.name for leaf in explain(result, "graphite", year=2034).leaves for factor in leaf.factors}
    assert names == {"battery demand", "market share", "silicon uptake", "without silicon", "mineral intensity"}
    used = explain(result, "lithium", "Europe", 2034, "plan").rows()
    assert {"book", "run file", "assumed"} <= set(used["source"])


def test_explain_refuses_a_folder_that_was_changed(run_toy, tmp_path: Path) -> None:
    run_toy().write(tmp_path / "out")
    path = tmp_path / "out" / "tables" / "mineral_demand.csv"
    path.write_text(path.read_text().replace(",63,56,70,kt", ",73,56,70,kt"))
    with pytest.raises(MineralsError, match="changed after the run"):
        explain(load(tmp_path / "out"), "graphite", year=2034, scenario="plan")


def test_iamc_sums_agree_with_the_tables(run_toy) -> None:
    result = run_toy()
    wide = result.iamc()
    assert list(wide)[:5] == ["Model", "Scenario", "Region", "Variable", "Unit"]
    assert not wide.duplicated(["Scenario", "Region", "Variable"]).any()
    table = wide.set_index(["Scenario", "Region", "Variable"])["2034"]
    assert table["plan", "World", "Material Demand|Battery|Graphite"] == pytest.approx(335)
    assert table["plan", "World", "Material Demand|Battery|Graphite|Natural"] == pytest.approx(335 / 4)
    assert table["plan", "Europe", "Battery Demand|Cars|NMC 811"] == pytest.approx(70)
    assert table["plan", "Europe", "Battery Demand"] == pytest.approx(170)
    assert set(wide["Unit"]) == {"GWh/yr", "kt/yr"}


#: Kind of quantity of the one table of this run whose rows are given in another unit than ours.
NAMEPLATE = "nameplate"


@pytest.mark.slow
def test_inputs_used_are_rows_of_the_files(europe: Result) -> None:
    """File and line lead to the row: the value stands in that line of the shipped file, or was corrected there."""
    lines = {path.name: path.read_text(encoding="utf-8").splitlines() for path in inputs_folder().glob("*.csv")}
    used = europe["inputs_used"]
    assert not used.duplicated(["file", "line"]).any()
    for row in used.itertuples():
        head, text = (next(csv.reader([lines[row.file][line]])) for line in (0, int(row.line) - 1))
        if not row.corrected_by:
            given = dict(zip(head, text, strict=True))
            converted = 1.0 if given["unit"] == row.unit else factor(given["unit"], NAMEPLATE)
            value = float(given["value"] or "nan") * converted
            assert value == pytest.approx(row.value, nan_ok=given["quality"] == "unknown"), (row.file, row.line)
    sources = {key for text in used["source"] for key in text.split(";")} - {"assumed", "unknown"}
    assert sources == set(europe["sources_used"]["source"])


@pytest.mark.slow
def test_world_is_the_sum_of_its_parts(world: Result) -> None:
    assert world.record["region_label"] == "World"
    assert world.record["regions"] == ["China", "Europe", "India", "United States", "Rest of world"]
    parts = compare(world, year=2030).frame.set_index(["mineral", "scenario"])["value"]
    regions = [compare(world, year=2030, region=name).frame.set_index(["mineral", "scenario"])["value"]
               for name in world.record["regions"]]  # fmt: skip
    pd.testing.assert_series_equal(parts, sum(regions[1:], regions[0]))


def test_a_run_needs_no_graphite(run_toy) -> None:
    result: Result = run_toy("scope.minerals=['lithium']")
    assert len(result["graphite_by_route"]) == 0
    assert set(result["mineral_demand"]["mineral"]) == {"lithium"}


def test_inputs_beside_the_run_file(toy: Path) -> None:
    (toy / "here.toml").write_text('inputs = "."\nbase = "run.toml"\n', encoding="utf-8")
    assert run(toy / "here.toml").total(by=(), scenario="plan", year=2034, mineral="cobalt") == pytest.approx(5.6)


@pytest.mark.parametrize(("change", "kept"), [
    ("study.workers=2", ""), ("study.workers = 0x2", ""),
    ("study={kind='sample', workers=1e1, draws=40}", 'study={ kind = "sample", draws = 40 }'),
    ("study={kind='sample',draws=40}", "study={kind='sample',draws=40}"), ("title=two workers", "title=two workers"),
])  # fmt: skip
def test_a_record_has_changes_without_the_number_of_workers(change: str, kept: str) -> None:
    assert _without_workers(change) == kept


@pytest.mark.slow
def test_a_variant_is_told_in_its_title(toy: Path) -> None:
    def title(*changes: str) -> str:
        return str(run(toy / "run.toml", changes, toy).record["title"])

    assert title() == title("output.charts=[]") == "Toy"
    assert (
        title("scope.years.last=2031", "study={kind='sample', draws=20, workers=2}")[:24] == "Toy (years.last = 2031, "
    )
    assert title("scenario.plan.label=My plan", "scope.years={first=2030, last=2030}") == (
        "Toy (plan.label = 'My plan', scope.years = {first = 2030, last = 2030})"
    )
    assert title("title=Mine", "scope.years.last=2031") == "Mine"
    many = title(*(f"scope.years.{key}" for key in ("first=2030", "last=2033", "step=1")), "scope.beyond=hold")
    assert many == "Toy (years.first = 2030, years.last = 2033, years.step = 1 and 1 more)"


def test_a_notebook_shows_a_result_and_runs_nothing_of_it(toy: Path) -> None:
    title = '<script>alert("x")</script> "Toy"'
    shown = run(toy / "run.toml", [f"title={json.dumps(title)}", "scenario.plan.label=<b>Plan"], toy)._repr_html_()
    assert "<script>" not in shown and "<b>Plan" not in shown  # noqa: PT018
    assert "&lt;script&gt;" in shown
    assert "kt, 2034" in shown
    assert "mineral_demand" in shown


#: Studies of a chosen mix, whose tables have numbers that are missing in some rows.
OF_A_MIX = (
    "kind='measures', budgets=[0, 1], draws=3", "kind='measures', worth=[1.0]", "kind='near_optimal'",
    "kind='backcast', mineral='graphite', change=[-0.05, -0.5]", "kind='frontier'",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("study", OF_A_MIX)
def test_numbers_are_numbers_again_where_some_are_missing(study: str, tmp_path: Path) -> None:
    """And every chart that the run draws is drawn again from its folder."""
    folder = lay_out(tmp_path / "tables", "toy", "toy_whole")
    made = run(folder / "chosen.toml", [f"study={{{study}}}"], folder)
    made.write(tmp_path / "out")
    again = load(tmp_path / "out")
    for name, frame in made.tables.items():
        for column in frame:
            if pd.api.types.is_numeric_dtype(frame[column].dtype) and frame[column].notna().any():
                assert pd.api.types.is_numeric_dtype(again[name][column].dtype), f"{name}.{column}"
    for chart in charts.suited(made):
        ours, theirs = api.draw(again, chart), api.draw(made, chart)
        assert ours.meta.title == theirs.meta.title
        pd.testing.assert_frame_equal(ours.data, theirs.data, check_dtype=False, rtol=1e-9, atol=1e-9)
