"""Studies of a chosen mix: how far all moves among mixes nearly as good, and frontiers of any two objectives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import lay_out

from minerals import api
from minerals.errors import InputError
from minerals.results.result import Result
from minerals.results.screen_mix_studies import frontiers, near_optimal
from minerals.studies.blocks import POINTS, POINTS_PART
from minerals.studies.run import run

NEAR = {"kind": "near_optimal", "near": [0.01, 0.1]}
PAIRS = [["loss", "cost"], ["cost", "loss"], ["built", "cost"], ["built_kt", "loss"]]
FRONTIER = {"kind": "frontier", "pairs": PAIRS}
SETS = {"output.charts": []}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out(tmp_path_factory.mktemp("studies") / "tables", "toy", "toy_whole")


def studied(folder: Path, study: dict[str, object], **sets: object) -> Result:
    return api.run(folder / "chosen.toml", set={**SETS, "study": study, **sets}, inputs=folder)


# --- nearly as good --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def near(folder: Path) -> Result:
    """Nearly as good by 1 and by 10 %; the run itself by 10 %, with its ranges."""
    return studied(folder, NEAR, **{"optimise.near": 0.1, "optimise.ranges": "all"})


KEYS = ["what", "region", "name", "supplier", "year"]


@pytest.mark.slow
def test_ranges_are_those_of_the_run_at_its_own_level(near: Result) -> None:
    own = near["near_optimal"].query("near == 0.1 and what == 'shares'").set_index(["region", "name", "year"])
    theirs = near["mix_range"].rename(columns={"chemistry": "name"}).set_index(["region", "name", "year"])
    assert set(theirs.index) <= set(own.index)
    for column in ("low", "high", "value"):
        assert own.loc[theirs.index, column].to_numpy() == pytest.approx(theirs[column].to_numpy(), abs=1e-6)


@pytest.mark.slow
def test_what_is_allowed_to_be_worse_moves_further(near: Result) -> None:
    """And the chosen mix, which is nearly as good by 10 %, lies within."""
    table = near["near_optimal"].set_index(KEYS)
    narrow, wide = (table[table["near"] == level] for level in NEAR["near"])  # type: ignore[attr-defined]
    both = narrow.index.intersection(wide.index)
    assert len(both) > 15
    assert (wide.loc[both, "low"] <= narrow.loc[both, "low"] + 1e-6).all()
    assert (wide.loc[both, "high"] >= narrow.loc[both, "high"] - 1e-6).all()
    assert wide["value"].between(wide["low"] - 1e-6, wide["high"] + 1e-6).all()
    assert set(table.index.get_level_values("what")) == {"shares", "production", "sourcing"}
    assert set(table["unit"]) == {"1", "GWh", "kt"}


@pytest.mark.slow
def test_what_is_told_can_be_named(folder: Path) -> None:
    table = studied(folder, {**NEAR, "of": ["production"], "near": [0.05], "years": [2031]})["near_optimal"]
    assert set(table["what"]) == {"production"}
    whole = table.set_index("name")
    assert whole.loc["LFP", "high"] == whole.loc["lfp", "high"]


# --- frontiers -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def exact(folder: Path) -> Result:
    return studied(folder, {**FRONTIER, "exact": True}, **{"optimise.frontier": "exact"})


@pytest.mark.slow
def test_a_frontier_is_that_of_the_run_and_its_mirror(exact: Result) -> None:
    own = exact["mix_frontier"][["exposure", "cost"]].to_numpy()
    found, mirror = (
        exact["frontier"].query(f"one == '{one}' and two == '{two}'")[["value", "least"]].to_numpy()
        for one, two in PAIRS[:2]
    )
    assert found == pytest.approx(own, rel=1e-6)
    assert mirror[::-1, ::-1] == pytest.approx(own, rel=1e-6)


@pytest.mark.slow
def test_what_is_not_built_costs_nothing_and_what_all_costs_is_the_cheapest_mix(exact: Result) -> None:
    """Of 120 GWh none is missing at the cost of the cheapest mix; and each GWh more is dearer than the one before."""
    curve = exact["frontier"].query("one == 'built' and two == 'cost'")
    cheapest = exact["mix_baseline"].set_index("mix").loc["cheapest", "cost"]
    assert curve["value"].iloc[[0, -1]].tolist() == pytest.approx([120, 0], abs=1e-6)
    assert curve["least"].iloc[[0, -1]].tolist() == pytest.approx([0, cheapest], rel=1e-6, abs=1e-6)
    assert (np.diff(curve["marginal"].dropna()) > 0).all()


@pytest.mark.slow
def test_chords_are_certified_to_a_hundredth(folder: Path, exact: Result) -> None:
    chords = studied(folder, FRONTIER)["frontier"]
    assert (chords["gap"] <= 0.01).all()
    for (one, two), found in chords.groupby(["one", "two"], sort=False):
        edges = exact["frontier"].query(f"one == '{one}' and two == '{two}'")[::-1]
        true = np.interp(found["value"], edges["value"], edges["least"])
        span = edges["least"].max() - edges["least"].min()
        assert found["least"].to_numpy() == pytest.approx(true, abs=1e-4 * span)
        between = np.interp(edges["value"], found["value"][::-1], found["least"][::-1])
        assert (between - edges["least"] <= 0.0101 * span).all()


@pytest.mark.slow
def test_the_screen_tells_ranges_and_ends(near: Result, exact: Result) -> None:
    lines = near_optimal(near, 100)
    assert [line.split() for line in lines[:2]] == [
        ["Share", "if", "the", "objective", "is", "worse", "by", "chosen", "1%", "10%"],
        ["NMC", "2031", "40%", "39%–40%", "28%–40%"],
    ]  # fmt: skip
    assert lines[-1] == f"{len(near['near_optimal'])} ranges of shares, production and sourcing in near_optimal.csv."
    assert len(frontiers(exact, 120)) == 1 + len(PAIRS)
    assert frontiers(exact, 120)[1].split() == (
        ["loss", "[GWh]", "at", "cost", "[million", "USD_2025]", "10.9", "at", "5,771", "8.6", "at", "6,673", "2"]
    )
    assert near_optimal(exact, 100) == frontiers(near, 100) == []


@pytest.mark.slow
def test_an_objective_has_no_frontier_against_itself(folder: Path) -> None:
    with pytest.raises(InputError, match="own_objective of this run is expected, so that both are the same; leave"):
        studied(folder, {"kind": "frontier", "pairs": [["loss", "own_objective"]]})


# --- both ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("study", "words"), [
    ({"kind": "frontier", "pairs": [["loss", "loss"]]}, "'loss' against itself; name two"),
    ({"kind": "frontier", "pairs": [["loss", "cost"], ["loss", "cost"]]}, "twice; name it once"),
    ({"kind": "near_optimal", "near": [0.0001]}, "0.001"),
    ({"kind": "near_optimal", "near": [0.1, 0.1]}, "names 0.1 twice; name it once"),
])  # fmt: skip
def test_keys_that_do_not_fit_are_told(toy: Path, study: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        api.read_run(toy / "mix.toml", {"study": study})


@pytest.mark.parametrize("kind", ["near_optimal", "frontier"])
def test_a_mix_must_be_chosen(toy: Path, kind: str) -> None:
    with pytest.raises(InputError, match=rf"\[study\] of kind '{kind}': begins from a mix that is chosen; add"):
        run(toy / "run.toml", [f"study={{kind='{kind}'}}"], toy)


@pytest.mark.slow
@pytest.mark.parametrize("study", [NEAR, FRONTIER], ids=["near_optimal", "frontier"])
def test_one_or_two_workers_and_an_interruption_give_the_same_bytes(
    folder: Path, tmp_path: Path, study: dict[str, object]
) -> None:
    def written(name: str, workers: int) -> dict[str, bytes]:
        out = tmp_path / name
        api.run(folder / "chosen.toml", set={**SETS, "study": study}, inputs=folder, out=out, workers=workers)
        assert not (tmp_path / f"{name}.partial").exists()
        return {str(file.relative_to(out)): file.read_bytes() for file in out.rglob("*") if file.is_file()}

    def told(done: int, points: int) -> None:
        if done >= 2:
            raise KeyboardInterrupt

    one = written("1", 1)
    with pytest.raises(KeyboardInterrupt):
        api.run(folder / "chosen.toml", set={**SETS, "study": study}, inputs=folder, out=tmp_path / "2", progress=told)
    points = tmp_path / "2.partial" / POINTS_PART / POINTS
    lines = points.read_bytes().splitlines(keepends=True)
    assert len(lines) >= 2
    points.write_bytes(lines[0] + lines[1][:-20])  # The second was not written whole.
    assert one == written("2", 2)
