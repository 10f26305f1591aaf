"""Which mixes fit what is said of minerals: solved by hand, spread evenly, contradictions named, and figure 17."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import some

from minerals import api
from minerals.case.arrays import Arrays
from minerals.config import read_run
from minerals.errors import Infeasible, InputError
from minerals.quantities import QUANTITIES
from minerals.results.result import Result
from minerals.results.screen_identify import identified as screen
from minerals.studies import identify
from minerals.studies.blocks import DRAWS_PART, StudyFolder
from minerals.studies.identity import Studied
from minerals.studies.polytope import BLOCK, Polytope, contradiction, least_change, ranges, walk
from minerals.studies.run import run
from minerals.tables.inputs import read_inputs
from minerals.tables.resolve import resolve

#: Of 370 GWh of the plan in 2034: NMC 70, LFP 272, Na-ion 28; graphite 0.9, 1 and 0, lithium 0.1, 0.09 and 0 kg/kWh.
NMC, LFP, NA = 70 / 370, 272 / 370, 28 / 370
GRAPHITE = 0.9 * NMC + LFP
STUDY = "study={{kind = 'identify', {}}}"
SILICON = ["scenario.plan.silicon='si'", "scenario.shift.silicon='si'"]


def studied(toy: Path, keys: str, sets: Sequence[str] = ()) -> Studied:
    inputs, run = read_inputs(toy), read_run(toy / "run.toml", [STUDY.format(keys), *sets])
    return Studied(run, resolve(run, inputs), "World", inputs)


def ranges_of(mixes: identify.Mixes) -> dict[str, list[float]]:
    """Ranges by name of what is told."""
    found = ranges(mixes.polytope, np.stack([told.row for told in mixes.indicators]))
    assert found is not None
    return {
        one.name: [end + one.at for end in ends] for one, ends in zip(mixes.indicators, found[0].tolist(), strict=True)
    }


# ---------------------------------------------------------------- solved by hand


def test_graphite_alone_leaves_a_line(toy: Path) -> None:
    """0.9 NMC + LFP = 0.8 × 335 ÷ 370, and the rest Na-ion: from no NMC to no LFP."""
    mixes = identify.mixes_of(studied(toy, "statements = {graphite = [-0.2, -0.2]}, sums = {carbon = ['NMC', 'LFP']}"))
    graphite = 0.8 * GRAPHITE
    found = ranges_of(mixes)
    assert found["NMC"] == pytest.approx([0, graphite / 0.9])
    assert found["LFP"] == pytest.approx([0, graphite])
    assert found["Na-ion"] == pytest.approx([1 - graphite / 0.9, 1 - graphite])
    assert found["carbon"] == pytest.approx([graphite, graphite / 0.9])
    assert found["graphite"] == pytest.approx([-0.2, -0.2])
    lithium = 0.1 * NMC + 0.09 * LFP
    assert found["lithium"] == pytest.approx([0.09 * graphite / lithium - 1, 0.1 * graphite / 0.9 / lithium - 1])


def test_what_may_only_fall_or_grow_bounds_the_line(toy: Path) -> None:
    """NMC and LFP at most as before: from all that there was of the one to all of the other, and Na-ion the rest."""
    keys = "statements = {graphite = [-0.1, -0.1]}, only_fall = ['NMC', 'lfp'], only_grow = ['Na-ion']"
    found = ranges_of(identify.mixes_of(studied(toy, keys)))
    graphite = 0.9 * GRAPHITE
    least = (graphite - LFP) / 0.9
    assert found["NMC"] == pytest.approx([least, NMC])
    assert found["LFP"] == pytest.approx([graphite - 0.9 * NMC, LFP])
    assert found["Na-ion"] == pytest.approx([1 - NMC - graphite + 0.9 * NMC, 1 - least - LFP])


def test_the_baseline_and_a_member_stand_where_their_shares_are(toy: Path) -> None:
    mixes = identify.mixes_of(studied(toy, "statements = {graphite = [-0.2, 0.1]}, only_grow = ['Na-ion']"))
    assert mixes.baseline.tolist() == pytest.approx([NMC, LFP, NA])
    assert mixes.members["shift"].tolist() == pytest.approx([0, 0, 1])
    statement, grow = mixes.limits[:2]
    assert statement.slack(mixes.baseline) == pytest.approx(0.1)
    assert statement.slack(mixes.members["shift"]) == pytest.approx(-1 + 0.2)
    assert grow.slack(mixes.baseline) == pytest.approx(0)
    assert grow.slack(mixes.members["shift"]) == pytest.approx(0)


def test_silicon_is_held_or_free(toy: Path) -> None:
    """Two fifths of NMC and 121 of 272 GWh of LFP have half the graphite; free, all or none of each may."""
    before = 0.72 * NMC + (151 + 121 / 2) / 370
    keys = "statements = {{graphite = [-0.2, -0.2]}}, silicon = '{}'"
    held, free = (
        ranges_of(identify.mixes_of(studied(toy, keys.format(silicon), SILICON))) for silicon in ("held", "free")
    )
    assert held["NMC"] == pytest.approx([0, 0.8 * before / 0.72])
    assert held["nmc811 with 10% Si"] == pytest.approx([0, 0.4 * 0.8 * before / 0.72])
    assert free["NMC"][1] == pytest.approx(1)
    # Most of the blend where what else is needed is as rich in graphite as can be: LFP without silicon.
    assert free["nmc811 with 10% Si"][1] == pytest.approx((1 - 0.8 * before) / (1 - 0.45))


def test_a_family_held_keeps_its_proportions(toy: Path) -> None:
    """Where the silicon of NMC is held, holding the family changes nothing more, and its parts are not told."""
    keys = "statements = {graphite = [-0.2, -0.2]}"
    alone, held = (
        ranges_of(identify.mixes_of(studied(toy, keys + more, SILICON))) for more in ("", ", held = ['NMC']")
    )
    assert held["NMC"] == pytest.approx(alone["NMC"])
    assert "nmc811" in alone
    assert "nmc811" not in held


def test_demand_of_a_mix_is_that_of_the_run(toy: Path) -> None:
    """What is said of the change of demand from one scenario to another is what the tables of the run have."""
    of = studied(toy, "statements = {graphite = [-1, 0]}")
    result = run(toy / "run.toml", (), toy)
    demand = result["mineral_demand"].query("year == 2034").groupby(["scenario", "mineral"])["value"].sum()
    arrays = Arrays(of.resolved)
    plan, shift = (identify.cells_of(arrays, name, 2034).sum(axis=0) for name in ("plan", "shift"))
    found = identify.demand_change(shift, plan, arrays.intensity_by_year[..., -1])
    for mineral, change in zip(of.resolved.minerals.labels, found, strict=True):
        before = demand.get(("plan", mineral), 0.0)
        assert np.isnan(change) if not before else change == demand.get(("shift", mineral), 0.0) / before - 1


# ---------------------------------------------------------------- the polytope


def simplex(shares: int) -> Polytope:
    return Polytope(np.ones((1, shares)), np.ones(1), np.ones(1))


def blocks(of: Polytope, seed: int = 1, count: int = 5) -> np.ndarray:
    way = walk(of, seed)
    assert way is not None
    return np.concatenate([way.block(seed, number) for number in range(count)])


@pytest.mark.parametrize("shares", some([5, 2, 12], 1))
def test_draws_of_a_simplex_are_spread_evenly(shares: int) -> None:
    """Each of n shares has the distribution 1 − (1 − x)^(n − 1), and two have the correlation −1 ÷ (n − 1)."""
    drawn = blocks(simplex(shares))
    np.testing.assert_allclose(drawn.sum(axis=1), 1, atol=1e-9)
    levels = np.array([0.05, 0.5, 0.95])
    expected = 1 - (1 - levels) ** (1 / (shares - 1))
    for share in drawn.T:
        assert (share[:, None] < expected).mean(axis=0) == pytest.approx(levels, abs=0.012)
    apart = np.corrcoef(drawn, rowvar=False)[np.triu_indices(shares, 1)]
    assert apart == pytest.approx(-1 / (shares - 1), abs=0.04)


def test_draws_of_a_needle_are_spread_evenly() -> None:
    """A hundred times as long as wide, at a slant: positions along and across it are even."""
    along, across = np.array([1.0, -1.0, 0.0]), np.array([1.0, 1.0, -2.0])
    ends = np.array([[1, 1], [-0.5, 0.5], [-0.005, 0.005]])
    of = Polytope(np.vstack([np.ones(3), along, across]), *ends.T)
    drawn = blocks(of)
    assert (drawn @ along).mean() == pytest.approx(0, abs=0.01)
    for row, (low, high) in zip((along, across), ends[1:], strict=True):
        places = (drawn @ row - low) / (high - low)
        assert np.percentile(places, [5, 50, 95]) == pytest.approx([0.05, 0.5, 0.95], abs=0.012)


@pytest.mark.parametrize("seed", range(6))
def test_draws_keep_the_limits_and_lie_within_the_ranges(seed: int) -> None:
    random = np.random.default_rng(seed)
    matrix = np.vstack([np.ones(6), random.normal(size=(4, 6))])
    inside = random.dirichlet(np.ones(6))
    width = np.array([0.0, 0.2, 0.05, 0.0, 1.0])
    of = Polytope(matrix, matrix @ inside - width, matrix @ inside + width)
    found = ranges(of, np.eye(6))
    assert found is not None
    drawn = blocks(of, seed, 1)
    assert np.minimum(drawn @ matrix.T - of.low, of.high - drawn @ matrix.T).min() > -1e-7
    assert drawn.min() > -1e-9
    assert (drawn > found[0][:, 0] - 1e-7).all()
    assert (drawn < found[0][:, 1] + 1e-7).all()
    # The draws reach most of the way to both ends.
    assert (np.ptp(drawn, axis=0) > 0.7 * np.ptp(found[0], axis=1)).all()


def test_a_single_mix_is_drawn_again_and_again() -> None:
    of = Polytope(np.array([[1.0, 1.0], [1.0, 0.0]]), np.array([1, 0.3]), np.array([1, 0.3]))
    drawn = blocks(of, count=1)
    assert drawn.shape == (BLOCK, 2)
    np.testing.assert_allclose(drawn, [[0.3, 0.7]] * BLOCK)


def test_a_block_hangs_on_its_seed_and_number_alone() -> None:
    way, again = walk(simplex(4), 7), walk(simplex(4), 7)
    assert way is not None
    assert again is not None
    np.testing.assert_array_equal(way.block(7, 3), again.block(7, 3))
    assert not np.array_equal(way.block(7, 3), way.block(7, 2))
    assert not np.array_equal(way.block(7, 3), way.block(8, 3))


def test_limits_that_contradict_each_other_are_found() -> None:
    """x ≥ 0.7 and y ≥ 0.6 of shares that sum to one; z ≥ 0.1 has no part in it, and w ≤ 0.9 none either."""
    matrix = np.vstack([np.ones(4), np.eye(4)])
    of = Polytope(matrix, np.array([1, 0.7, 0.6, 0.1, 0]), np.array([1, 1, 1, 1, 0.9]))
    assert ranges(of, np.eye(4)) is None
    assert walk(of, 1) is None
    assert contradiction(of, [1, 2, 3, 4]) == [1, 2]
    least = least_change(of, [1, 2, 3, 4])
    assert least is not None
    assert np.abs(least).sum() == pytest.approx(0.4)  # 0.7 + 0.6 + 0.1 − 1
    assert (least >= 0).all()
    for limit, alone in ((1, 0.4), (2, 0.4)):
        assert least_change(of, [limit]) == pytest.approx([alone])
    found = least_change(of, [4])
    assert found is None


# ---------------------------------------------------------------- what is wrong


def test_contradictory_statements_are_named_with_what_reconciles_them(toy: Path) -> None:
    """Three times the cobalt needs three times the NMC, with 0.511 of graphite; half of what there was is 0.453."""
    keys = "statements = {graphite = [-0.6, -0.5], cobalt = [2, 2], lithium = [-1, 0.5]}"
    of = studied(toy, keys)
    with pytest.raises(Infeasible) as caught:
        identify.study(of)
    text = str(caught.value)
    assert "no mix fits: graphite, cobalt contradict each other" in text
    most = 0.9 * 3 * NMC / GRAPHITE - 1
    assert f"statements.graphite = −60.0% to −50.0%: alone it would have to be −{-100 * most:.1f}% or higher" in text
    cobalt = 0.5 * GRAPHITE / 0.9 / NMC - 1
    assert f"statements.cobalt = +200% to +200%: alone it would have to be +{100 * cobalt:.0f}% or lower" in text
    assert f"the least change in all: graphite −{-100 * most:.1f}% or higher" in text
    assert "lithium" not in text
    assert text.count("--set") == 2


@pytest.mark.parametrize(("keys", "words"), [
    ("statements = {graphit = [-0.2, -0.1]}", "statements.graphit has 'graphit': .*mean 'graphite'.*minerals: "),
    ("statements = {graphite = [-20, -10]}", r"looks like a percentage; write \[-0.2, …\]"),
    ("statements = {graphite = [-0.1, -0.2]}", r"the least change \(-0.1\) is above the most \(-0.2\); swap them"),
    ("statements = {graphite = [-1.5, -1.2]}", "no demand falls by more than all of it"),
    ("statements = {graphite = [-0.2]}", "study.statements.graphite"),
    ("statements = {}", "study.statements: expected at least one"),
    ("year = 2034", "key 'study.statements': missing; add it"),
    ("statements = {silicon = [0, 1]}", "statements.silicon: the baseline needs none of it"),
    ("statements = {graphite = [-0.2, 0]}, baseline = 'plam'", "baseline has 'plam': .*did you mean 'plan'"),
    ("statements = {graphite = [-0.2, 0]}, year = 2040", "year has '2040': not in this run.*years: 2030, 2031"),
    ("statements = {graphite = [-0.2, 0]}, held = ['nmc811']", "held has 'nmc811': .*families: NMC, LFP, Na-ion"),
    ("statements = {graphite = [-0.2, 0]}, only_fall = ['Li-S']", "only_fall has 'Li-S': not in this run"),
    ("statements = {graphite = [-0.2, 0]}, sums = {a = ['nmc']}", "sums.a has 'nmc': .*did you mean 'NMC'"),
    ("statements = {graphite = [-0.2, 0]}, sums = {LFP = ['NMC']}", "sums.LFP: is the name of a chemistry or a family"),
    ("statements = {graphite = [-0.2, 0]}, sums = {si = ['nmc811_si10']}", "sums.si has 'nmc811_si10': no scenario"),
    ("statements = {graphite = [-0.2, 0]}, share_spread = 0.2", "is a key of kinds 'sample' and 'sensitivity'"),
])  # fmt: skip
def test_keys_that_do_not_fit_are_told_with_their_place(toy: Path, keys: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        identify.mixes_of(studied(toy, keys))
    assert str(caught.value).startswith(("--set study=", '--set "study='))


def test_a_family_that_the_baseline_lacks_has_no_proportions(toy: Path) -> None:
    keys = "statements = {graphite = [-0.9, 0.5]}, baseline = 'plan', held = ['Na-ion'], year = 2034"
    identify.mixes_of(studied(toy, keys))
    with pytest.raises(InputError, match="held has 'NMC': the baseline has none of this family"):
        identify.mixes_of(studied(toy, keys.replace("'plan'", "'shift'").replace("Na-ion", "NMC")))


# ---------------------------------------------------------------- figure 17


@pytest.fixture(scope="module")
def figure() -> Result:
    return run("figure-17")


def row(result: Result, name: str) -> pd.Series:
    return result["identified"].set_index("name").loc[name]


@pytest.mark.slow
def test_what_figure_17_settles(figure: Result) -> None:
    """A quarter of the batteries has no graphite, whatever they are."""
    free = row(figure, "graphite-free")
    assert 0.22 <= free["low"] <= free["p5"] <= free["p50"] <= free["p95"] <= free["high"] <= 0.31
    assert free["p5"] >= 0.24
    for mineral, ends in (("graphite", (-0.26, -0.24)), ("cobalt", (-0.11, -0.09)), ("lithium", (0, 0.1))):
        found = row(figure, mineral)
        assert found["low"] >= ends[0] - 1e-7
        assert found["high"] <= ends[1] + 1e-7


@pytest.mark.slow
def test_tables_are_in_the_catalogue_with_one_row_each(figure: Result) -> None:
    names = [name for name in figure.tables if name.startswith("identified")]
    assert len(names) == 4
    for name in names:
        dimensions = list(QUANTITIES[name].dimensions)
        assert not figure[name].duplicated(dimensions).any(), name
        assert np.isfinite(figure[name].select_dtypes("number")).all(axis=None), name


@pytest.mark.slow
def test_what_figure_17_leaves_open(figure: Result) -> None:
    """Na-ion and lithium anodes take each other's place, Li-metal alone may be almost none or a fifth."""
    pairs = figure["identified_pair"].set_index(["one", "two"])["value"]
    assert pairs["Na-ion", "Li-metal + Li-S"] < -0.8
    assert row(figure, "Li-metal")["high"] - row(figure, "Li-metal")["low"] > 0.15
    assert row(figure, "Na-ion")["high"] > 2 * row(figure, "Na-ion")["low"]


@pytest.mark.slow
def test_the_shipped_member_is_inside(figure: Result) -> None:
    limits = figure["identified_limit"]
    assert set(limits["inside"]) == {"yes"}
    statements = limits[limits["kind"] == "statement"].set_index("name")
    demand = figure["mineral_demand"].groupby(["scenario", "mineral"])["value"].sum()
    for mineral in statements.index:
        change = demand["next-gen", mineral] / demand["incumbent", mineral] - 1
        assert statements.loc[mineral, "value"] == pytest.approx(change, abs=1e-12)
        assert statements.loc[mineral, "slack"] > 0.005
    members = figure["identified_member"].set_index("name")["value"]
    told = figure["identified"].set_index("name")
    assert ((members >= told["low"] - 1e-7) & (members <= told["high"] + 1e-7)).all()


@pytest.mark.slow
def test_the_graphite_free_sum_is_all_without_graphite(figure: Result, shipped_inputs) -> None:  # type: ignore[no-untyped-def]
    table = shipped_inputs["mineral_intensity"]
    with_graphite = set(table.loc[(table["mineral"] == "graphite") & (table["value"] > 0), "chemistry"])
    families = shipped_inputs["chemistries"].set_index("chemistry")["family"]
    free = set(figure.record["config"]["study"]["sums"]["graphite-free"])
    used = set(figure["cells"]["chemistry"])
    assert {families[chemistry] for chemistry in used - with_graphite} == free
    assert not {chemistry for chemistry in used & with_graphite if families[chemistry] in free}


@pytest.mark.slow
def test_seeds_agree(figure: Result) -> None:
    other = run("figure-17", ["study.seed=5"])
    ends = ["p5", "p50", "p95"]
    shares = figure["identified"]["kind"] != "change"
    apart = (figure["identified"].loc[shares, ends] - other["identified"].loc[shares, ends]).abs().to_numpy().max()
    assert apart < 0.002
    pd.testing.assert_frame_equal(
        figure["identified"][["name", "low", "high"]], other["identified"][["name", "low", "high"]], rtol=0, atol=1e-9
    )


@pytest.mark.slow
def test_the_screen_tells_ranges_assumptions_and_members(figure: Result) -> None:
    lines = screen(figure, 100)
    assert max(map(len, lines)) <= 100
    text = " ".join(lines)
    free = row(figure, "graphite-free")
    assert f"{100 * free['low']:.1f} to {100 * free['high']:.1f}" in text
    assert "Assumed: NMC with the proportions of Incumbent; silicon as there; NMC, LFP may only fall;" in text
    assert "Na-ion and Li-metal + Li-S (−0.9" in text
    assert "Next-gen is one of them: graphite is 0." in text


@pytest.mark.slow
def test_the_screen_names_what_a_scenario_breaks(toy: Path) -> None:
    keys = "statements = {graphite = [-0.2, 0.1]}, only_fall = ['Na-ion'], mixes = 1000"
    result = run(toy / "run.toml", [STUDY.format(keys)], toy)
    lines = screen(result, 100)
    more = 100 * (1 - NA)
    assert lines[-1] == f"shift is none of them, in points: graphite by 80.0, Na-ion (only falls) by {more:.1f}."
    alone = run(toy / "run.toml", [STUDY.format(keys), "scenario.shift.adoption='plan'"], toy)
    assert screen(alone, 100)[-1].startswith("shift is one of them: Na-ion (only falls) is 0.0 points from its end")


# ---------------------------------------------------------------- workers, interruptions


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.slow
def test_one_or_two_workers_and_an_interruption_give_the_same_bytes(toy: Path, tmp_path: Path) -> None:
    keys = "statements = {{graphite = [-0.2, -0.1]}}, mixes = 25000, workers = {}"

    def written(out: Path, workers: int) -> dict[str, bytes]:
        api.run(toy / "run.toml", set=[STUDY.format(keys.format(workers))], inputs=toy, out=out)
        assert not out.with_name(f"{out.name}.partial").exists()
        return files_of(out)

    one = written(tmp_path / "1", 1)
    assert one == written(tmp_path / "2", 2)

    def told(done: int, draws: int) -> None:
        if done >= BLOCK:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        api.run(
            toy / "run.toml", set=[STUDY.format(keys.format(1))], inputs=toy, out=tmp_path / "3", progress=told
        )  # fmt: skip
    partial = tmp_path / "3.partial" / DRAWS_PART
    made = sorted(partial.glob("*.f32"))
    assert made
    made[0].write_bytes(made[0].read_bytes()[:-4] + b"\0\0\0\0")  # A damaged block is made again.
    assert one == written(tmp_path / "3", 2)


@pytest.mark.slow
def test_only_what_is_missing_is_drawn_again(toy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of = studied(toy, "statements = {graphite = [-0.2, -0.1]}, mixes = 25000")
    with StudyFolder(tmp_path / "kept") as kept:
        identify.study(of, kept)
        before = {file: file.stat().st_mtime_ns for file in (tmp_path / "kept" / DRAWS_PART).glob("*.f32")}
        assert len(before) == 3
        (tmp_path / "kept" / DRAWS_PART / "000001.f32").unlink()
        kept.__exit__(KeyboardInterrupt, None, None)
    with StudyFolder(tmp_path / "kept") as kept:
        identify.study(of, kept)
        after = {file: file.stat().st_mtime_ns for file in (tmp_path / "kept" / DRAWS_PART).glob("*.f32")}
        assert [file.name for file in after if after[file] != before[file]] == ["000001.f32"]
