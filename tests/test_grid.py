"""A grid: each point is the run with its values, kept as it is solved, and told where it cannot be."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from minerals import api
from minerals.config import Grid, read_run, varied
from minerals.errors import InputError
from minerals.results.screen_grid import grid as screen
from minerals.shipped import run_names
from minerals.studies.blocks import POINTS, POINTS_PART
from minerals.studies.grid import headlines
from minerals.studies.run import run
from minerals.tables.inputs import read_inputs
from minerals.tables.resolve import resolve
from minerals.toml import written as toml

AXES = {"scope.years.last": [2031, 2034], "scenario.shift.adoption": ["shift", "plan"]}


def study(axes: dict[str, list[object]], **keys: object) -> str:
    """A --set of a grid."""
    inside = ", ".join(f'"{key}" = {toml(values)}' for key, values in axes.items())
    return f"study={{kind = 'grid', axes = {{{inside}}}{''.join(f', {key} = {value}' for key, value in keys.items())}}}"


# ---------------------------------------------------------------- keys


def test_points_are_all_combinations_the_last_key_moves_first(toy: Path) -> None:
    config = read_run(toy / "run.toml", [study(AXES)]).settings.study
    assert isinstance(config, Grid)
    assert [tuple(point.values()) for point in config.points()] == [
        (2031, "shift"), (2031, "plan"), (2034, "shift"), (2034, "plan"),
    ]  # fmt: skip


def test_a_point_is_the_run_as_its_file_would_have_it(toy: Path) -> None:
    """Tables within tables, tables that are not there, values with parts that a file leaves out; no study."""
    sets = ["scope.minerals=['graphite']", "scenario.plan.share.car.2034={lfp=0.5,nmc811='rest'}"]
    changes = {"scope.years.last": 2032, "flows.second_life": False, "scenario.shift.note": "x", "intensity": "derived"}
    origin = ("run.toml", 7)
    found = varied(read_run(toy / "run.toml", [*sets, study(AXES)]), changes, origin)
    texts = ["scope.years.last=2032", "flows.second_life=false", "scenario.shift.note='x'", "intensity='derived'"]
    same = read_run(toy / "run.toml", [*sets, *texts])
    assert found.settings == same.settings
    assert found.changes == same.changes
    assert found.name == same.name
    assert found.place("scope", "years", "last") == origin
    assert found.place("scope", "minerals") == same.place("scope", "minerals")


@pytest.mark.parametrize("name", run_names())
def test_a_shipped_run_without_changes_is_itself(name: str) -> None:
    whole = read_run(name)
    same = varied(whole, {}, whole.place("title"))
    assert same.settings == whole.settings.model_copy(update={"study": None})
    assert (same.changes, same.diffusion, same.name, same.origin) == (
        whole.changes, whole.diffusion, whole.name, whole.origin,
    )  # fmt: skip


@pytest.mark.parametrize(("axes", "words"), [
    ({"scope.years.lst": [2031]}, r"key 'lst': not a key of scope.years; did you mean 'last'"),
    ({"scope.years.last": [2031, 2031]}, "has 2031 twice for scope.years.last"),
    ({"scope..last": [2031]}, "has 'scope..last', which is no key of a run file"),
    ({"study.seed": [1, 2]}, "has 'study.seed'; a point has no study of its own"),
    ({"inputs": ["a", "b"]}, "all points have the same inputs"),
    ({"scenario": [1]}, "'scenario', which holds all scenarios"),
    ({"scope.years.last": []}, r"study.axes.scope.years.last = \[\]: expected at least one"),
    ({"scope.years.last": list(range(200)), "a.b": list(range(200))}, "has 40,000 points; expected at most 10,000"),
    ({}, "study.axes: expected at least one"),
    ({"scenario.shift.adoption": ["shft", "plan"]}, "adoption = 'shft': .*did you mean 'shift'"),
    ({"scope.years.last": [2031, "soon"]}, "scope.years.last = 'soon': expected a whole number"),
])  # fmt: skip
def test_axes_that_do_not_fit_are_told_before_anything_is_computed(
    toy: Path, axes: dict[str, list[object]], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        resolve(read_run(toy / "run.toml", [study(axes)]), read_inputs(toy))


# ---------------------------------------------------------------- points


@pytest.mark.slow
def test_each_point_is_a_run_of_its_own(toy: Path) -> None:
    result = run(toy / "run.toml", [study(AXES)], toy)
    table = result["grid"]
    assert table["point"].unique().tolist() == [0, 1, 2, 3]
    assert set(table["why"]) == {""}
    for (last, adoption), rows in table.groupby(list(AXES)):
        alone = run(toy / "run.toml", [f"scope.years.last={last}", f"scenario.shift.adoption={adoption}"], toy)
        expected = pd.DataFrame(headlines(alone.tables, int(last)))
        assert rows.iloc[:, 3:-1].to_numpy().tolist() == expected.to_numpy().tolist()
        cobalt = rows[(rows["quantity"] == "mineral_demand") & (rows["item"] == "cobalt")].set_index("scenario")
        total = alone.total(mineral="cobalt", year=int(last))
        assert cobalt["value"].to_dict() == pytest.approx({name: value for name, value in total.items() if value})


@pytest.mark.slow
def test_a_point_that_cannot_be_computed_is_told_and_the_others_go_on(toy: Path) -> None:
    result = run(toy / "run.toml", [study({"scope.years.last": [2034, 2050]})], toy)
    table = result["grid"].set_index("point")
    failed = table.loc[1]
    assert failed["quantity"] == "failed"
    assert "reach from 2028 to 2034, the scope asks 2035–2050" in failed["why"]
    assert (table.loc[[0], "quantity"] != "failed").all()
    lines = screen(result, 100)
    assert lines[0] == "1 points of scope.years.last"
    assert any(line.startswith("Failed at 2050: ") for line in lines)


@pytest.mark.slow
def test_the_screen_tells_where_numbers_end(toy: Path) -> None:
    lines = screen(run(toy / "run.toml", [study({"scenario.shift.adoption": ["shift", "plan"]})], toy), 100)
    assert lines[0] == "2 points of scenario.shift.adoption"
    (graphite,) = (line.split() for line in lines if line.startswith("Graphite, shift"))
    assert graphite[3:] == ["0", "shift", "335", "plan"]
    (same,) = (line.split() for line in lines if line.startswith("Graphite, plan"))
    assert len(same) == 4


@pytest.mark.slow
def test_one_or_two_workers_and_an_interruption_give_the_same_bytes(toy: Path, tmp_path: Path) -> None:
    axes = AXES | {"scope.years.last": [2031, 2032, 2033, 2034]}

    def written(out: Path, workers: int) -> dict[str, bytes]:
        api.run(toy / "run.toml", set=[study(axes, workers=workers), "output.charts=[]"], inputs=toy, out=out)
        assert not out.with_name(f"{out.name}.partial").exists()
        return {str(file.relative_to(out)): file.read_bytes() for file in out.rglob("*") if file.is_file()}

    one = written(tmp_path / "1", 1)
    assert one == written(tmp_path / "2", 2)

    def told(done: int, points: int) -> None:
        if done >= 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        api.run(
            toy / "run.toml", set=[study(axes), "output.charts=[]"], inputs=toy, out=tmp_path / "3", progress=told
        )  # fmt: skip
    points = tmp_path / "3.partial" / POINTS_PART / POINTS
    lines = points.read_bytes().splitlines(keepends=True)
    assert 2 <= len(lines) < 8
    points.write_bytes(lines[0] + lines[1][:-20])  # The second was not written whole.
    assert one == written(tmp_path / "3", 2)


@pytest.mark.slow
def test_a_mix_is_chosen_anew_at_each_point_and_limits_that_contradict_are_told(toy: Path) -> None:
    """At a low growth nothing can be; all cells made at home by 2031 cost more, as home cells do."""
    axes = {"optimise.own_share": [{"2031": 0.1}, {"2031": 1.0}], "optimise.growth": ["off", "low"]}
    table = run(toy / "mix.toml", [study(axes)], toy)["grid"].set_index("point")
    failed = table[table["quantity"] == "failed"]["why"]
    assert failed.index.tolist() == [1, 3]
    assert failed.str.startswith("no mix keeps all limits of this run.").all()
    chosen = table[table["item"] == "chosen"].pivot_table(index="point", columns="quantity", values="value")
    assert chosen.index.tolist() == [0, 2]
    assert chosen.loc[2, "cost"] > chosen.loc[0, "cost"]
    alone = run(toy / "mix.toml", ["optimise.own_share={2031=1.0}"], toy)["mix_baseline"]
    assert chosen.loc[2, "cost"] == alone.set_index("mix").loc["chosen", "cost"]
    assert table["optimise.own_share"].unique().tolist() == ["{ 2031 = 0.1 }", "{ 2031 = 1.0 }"]
