"""Stock and recycling of whole runs, and uncertain studies: they close, agree with the plain run, and go on."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from minerals import api, charts, drawing
from minerals.case import chain
from minerals.case.arrays import Arrays, additions_of, intensities_of, share_of
from minerals.config import read_run
from minerals.design import Ranged, latin_hypercube, ranged, sides_of, split_pert
from minerals.errors import Exhausted, InputError, MineralsError, Notice, UsageError
from minerals.flows import ensemble
from minerals.results.result import Result
from minerals.studies import sample
from minerals.studies.blocks import StudyFolder
from minerals.studies.run import run
from minerals.studies.sample import STORED, Part, _percentiles, block_of
from minerals.studies.sensitivity import sobol
from minerals.studies.uncertain import Uncertain
from minerals.tables.inputs import read_inputs
from minerals.tables.resolve import Resolved, resolve
from minerals.tables.values import Values

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
#: The toy's history begins in 2028; batteries live up to 15 years, so a stock is whole from 2044 on.
LATER = ('scope.beyond="hold"', "scope.years={first = 2044, last = 2047}", "flows={}")


@pytest.fixture(scope="module")
def europe_2050() -> Result:
    return run("europe-2050", ["scope.minerals=['graphite', 'nickel', 'lithium', 'cobalt']"])


@pytest.fixture
def resolved(toy: Path) -> Resolved:
    return resolve(read_run(toy / "run.toml", LATER), read_inputs(toy))


def flow(result: Result, name: str, **where: object) -> pd.Series:
    frame = result["mineral_flows"]
    frame = frame[frame["flow"] == name]
    for column, label in where.items():
        frame = frame[frame[column] == label]
    return frame.set_index(["scenario", "region", "mineral", "year"])["value"]


# ---------------------------------------------------------------- whole runs


def test_flows_of_a_run_add_up(europe_2050: Result) -> None:
    """Input = demand + prompt scrap = secondary + primary; secondary ≤ recovered; nothing is negative."""
    parts = {name: flow(europe_2050, name) for name in chain.FLOWS}
    index = parts["mineral_demand"].index
    parts = {name: series.reindex(index, fill_value=0.0) for name, series in parts.items()}
    np.testing.assert_allclose(parts["input"], parts["mineral_demand"] + parts["prompt_scrap"], rtol=1e-9)
    np.testing.assert_allclose(parts["input"], parts["secondary_supply"] + parts["primary_demand"], rtol=1e-9)
    assert (parts["secondary_supply"] <= parts["recovered"] + parts["recovered_prompt"] + 1e-9).all()
    assert all((series >= -1e-12).all() for series in parts.values())


def test_demand_of_the_chain_is_mineral_demand(europe_2050: Result) -> None:
    by = ["scenario", "region", "mineral", "year"]
    demand = europe_2050["mineral_demand"].groupby(by)["value"].sum()
    assert flow(europe_2050, "mineral_demand").to_dict() == pytest.approx(demand[demand > 0].to_dict())


def test_stock_grows_by_cells_less_retirements(europe_2050: Result) -> None:
    def total(name: str) -> pd.Series:
        return europe_2050[name].groupby(["scenario", "year"])["value"].sum()

    growth = total("in_use_stock").groupby("scenario").diff().dropna()
    np.testing.assert_allclose(growth, (total("cells") - total("retirements")).loc[growth.index], rtol=1e-9)


def test_recycling_returns_cobalt_first_and_graphite_last(europe_2050: Result) -> None:
    """Published shares are rows of tests/published; here the order of the minerals, prompt scrap included."""
    content = europe_2050["recycling"].query("measure == 'recycled_content' and scenario == 'stated-trend'")
    table = content.set_index(["mineral", "year"])["value"]
    assert table["cobalt", 2035] > table["lithium", 2035]
    assert table["cobalt", 2050] > 0.40
    assert table["graphite", 2050] < table["lithium", 2050]


def test_upstream_need_follows_the_yields(europe_2050: Result) -> None:
    """Flake per coated natural graphite 1.14 × 2.22 = 2.53; mined cobalt 1.2 per kg of primary cobalt."""
    need = europe_2050["upstream"].query("scenario == 'stated-trend' and year == 2040").set_index("node")["value"]
    assert need["flake_graphite"] / need["coated_spherical_graphite"] == pytest.approx(1.14 * 2.22)
    primary = flow(europe_2050, "primary_demand", scenario="stated-trend", mineral="cobalt", year=2040).item()
    assert need["mined_cobalt"] == pytest.approx(1.2 * primary)
    graphite = flow(europe_2050, "primary_demand", scenario="stated-trend", mineral="graphite", year=2040).item()
    assert need["coated_spherical_graphite"] + need["synthetic_graphite"] == pytest.approx(graphite)


def test_without_second_life_batteries_come_back_sooner(europe_2050: Result) -> None:
    direct = run("europe-2050", ["scope.minerals=['cobalt']", "flows.second_life=false"])
    ours = flow(europe_2050, "collected", scenario="stated-trend", mineral="cobalt", year=2040).item()
    theirs = flow(direct, "collected", scenario="stated-trend", mineral="cobalt", year=2040).item()
    assert theirs > ours
    assert len(flow(direct, "reused")) == 0


def test_an_open_balance_stops_the_run(resolved: Resolved, monkeypatch: pytest.MonkeyPatch) -> None:
    leaving = chain.hazard
    monkeypatch.setattr(chain, "hazard", lambda survival: leaving(survival) * 0.9)
    alive = chain.survivals(resolved)
    cells = additions_of(resolved, "plan")[0][:, :, None] * share_of(resolved, "plan")[0]
    with pytest.raises(MineralsError, match=r"mass balance of run does not close: first use by .*; second life"):
        chain.follow(resolved, alive, cells, intensities_of(resolved)["value"][0], Arrays(resolved).route)


def test_lines_are_read_or_follow_from_growth(toy: Path) -> None:
    rows = ["scenario,region,cohort,value,unit"]
    rows += [f"{scenario},{region},2028,500,GWh/yr" for scenario in ("plan", "shift") for region in ("Europe", "China")]
    (toy / "lines.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    given = run(toy / "run.toml", [*LATER, 'flows.lines="lines.csv"'], toy)["production_lines"]
    assert given.query("measure == 'scrap_rate'")["value"].tolist() == pytest.approx([0.05] * 16)
    (toy / "lines.csv").write_text("\n".join([rows[0], "plan,Urope,2028,x,GWh/yr"]) + "\n", encoding="utf-8")
    with pytest.raises(
        InputError, match=r"lines\.csv:2 region = 'Urope': not a region of this run; did you mean 'Europe'"
    ):
        run(toy / "run.toml", [*LATER, 'flows.lines="lines.csv"'], toy)


def test_targets_of_the_law_stand_beside_the_run(europe_2050: Result) -> None:
    """EU 2023/1542: 95 % of the cobalt that reaches recyclers from 2031, 16 % recycled cobalt in new batteries."""
    table = europe_2050["recycling_targets"].query("scenario == 'stated-trend'").set_index(["measure", "item", "year"])
    row = table.loc[("recycled_content", "cobalt", 2031)]
    content = europe_2050["recycling"].query(
        "scenario == 'stated-trend' and measure == 'recycled_content' and mineral == 'cobalt' and year == 2031"
    )["value"]
    assert row["target"] == 0.16
    assert row["value"] == pytest.approx(content.item())
    assert (table["met"] == np.where(table["value"] >= table["target"], "yes", "no")).all()
    assert table.loc[("recovery", "cobalt", 2031), "target"] == 0.95


def both_trends(toy: Path, sets: Sequence[str]) -> tuple[Result, Result]:
    held, better = (run(toy / "run.toml", [*sets, f"intensity.trend='{name}'"], toy) for name in ("held", "improving"))
    return held, better


def test_a_trend_lowers_what_is_sold_and_not_what_was(toy: Path) -> None:
    """0.8 of NMC's intensities from 2034 on, linear before; a retired cell gives back what it was sold with."""
    held, better = (
        run(toy / "run.toml", [*LATER, f"intensity.trend='{trend}'"], toy) for trend in ("held", "improving")
    )
    keys = ["scenario", "region", "segment", "chemistry", "silicon", "mineral", "year"]
    demand = better["mineral_demand"].set_index(keys)["value"] / held["mineral_demand"].set_index(keys)["value"]
    assert demand.xs("nmc811", level="chemistry").to_numpy() == pytest.approx(0.8)
    assert demand.xs("lfp", level="chemistry").to_numpy() == pytest.approx(0.94)
    gone = flow(better, "retired", mineral="cobalt") / flow(held, "retired", mineral="cobalt")
    assert gone.between(0.8 + 1e-6, 1 - 1e-6).all()
    assert any("held at today's values" in sentence for sentence in held.record["fills"])
    assert not any("held at today's values" in sentence for sentence in better.record["fills"])
    tree = api.explain(better, "cobalt")
    assert [factor.name for factor in tree.leaves[0].factors][-1] == "intensity trend"


def test_a_trend_is_drawn(toy: Path) -> None:
    sets = [*LATER, "study={kind='sample', draws=400}"]
    held, better = (
        run(toy / "run.toml", [*sets, f"intensity.trend='{trend}'"], toy) for trend in ("held", "improving")
    )
    assert "trend of materials per kWh" in set(better["uncertain_inputs"]["factor"])
    keys = ["scenario", "against", "region", "mineral", "quantity", "year"]
    one, two = (
        result["percentiles"].set_index(keys).loc[("plan", "", "World", "cobalt", "mineral_demand", 2044)]
        for result in (held, better)
    )
    assert two["p50"] == pytest.approx(0.8 * one["p50"], rel=0.06)
    assert two["p95"] / two["p5"] > one["p95"] / one["p5"]


# ---------------------------------------------------------------- designs


def test_a_latin_hypercube_fills_every_stratum() -> None:
    uniform = latin_hypercube(100, 3, seed=4)
    for column in uniform.T:
        assert sorted((column * 100).astype(int)) == list(range(100))
    np.testing.assert_array_equal(latin_hypercube(100, 5, seed=4)[:, :3], uniform)
    assert not np.array_equal(latin_hypercube(100, 3, seed=5), uniform)


def test_low_and_high_are_the_5th_and_95th_percentiles_and_the_value_the_median() -> None:
    below, above = split_pert(latin_hypercube(100_000, 1, seed=1)[:, 0])
    drawn = ranged(np.array([10.0, 8.0, 15.0]), below, above)
    assert np.percentile(drawn, [5, 50, 95]).tolist() == pytest.approx([8, 10, 15], rel=1e-3)
    assert drawn.min() > 10 - 1.62 * 2
    assert drawn.max() < 10 + 1.62 * 5
    assert ranged(np.array([0.9, 0.5, 1.0]), below, above, 1.0).max() == 1.0


def test_what_a_cut_adds_to_what_is_linear() -> None:
    """Of 10 with a low end of 2, 1.6 times as far out is −2.8, which is cut; of 10 with one of 5, 2, which is not."""
    inputs = Ranged(np.array([[[10.0, 10]], [[2, 5]], [[12, 12]]]), np.zeros(1, dtype=np.intp))
    sides = np.array([[1.0, 1, 1, 1], [0, 1.2, 1.6, 0], [0.5, 0, 0, 1.6]])
    draws, more = inputs.beyond(sides)
    assert (draws.tolist(), more) == ([2], pytest.approx(np.array([[2.8, 0]])))
    linear = sides.T @ inputs.matrix
    linear[draws] += more
    assert inputs.draw(sides)[:, 0] == pytest.approx(linear)
    assert inputs.alike() is inputs
    one = Ranged(np.array([[[10.0, 10]], [[2, 2]], [[12, 12]]]), np.zeros(1, dtype=np.intp)).alike()
    assert (one.draw(sides).tolist(), one.cut.tolist()) == ([[[11.0]], [[10 - 1.2 * 8]], [[0.0]], [[13.2]]], [True])


def test_sobol_indices_of_the_ishigami_function() -> None:
    """sin x1 + 7 sin² x2 + 0.1 x3⁴ sin x1: first .314, .442, 0; total .558, .442, .244 (Ishigami and Homma 1990)."""

    def ishigami(uniform: np.ndarray) -> np.ndarray:
        x = (2 * uniform - 1) * np.pi
        return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])

    both = latin_hypercube(40_000, 6, seed=2)
    one, two = both[:, :3], both[:, 3:]
    for column, (first, total) in enumerate([(0.314, 0.558), (0.442, 0.442), (0.0, 0.244)]):
        mixed = one.copy()
        mixed[:, column] = two[:, column]
        found = sobol(ishigami(one), ishigami(two), ishigami(mixed))
        assert found == (pytest.approx(first, abs=0.02), pytest.approx(total, abs=0.02))


def test_sobol_indices_are_those_of_salib() -> None:
    """The same outputs give SALib's first and total indices, but for its centre, the mean of all designs."""
    from SALib.analyze import sobol as salib

    def model(uniform: np.ndarray) -> np.ndarray:
        return uniform[:, 0] * (1 + uniform[:, 1] ** 2) + uniform[:, 2] * uniform[:, 0] ** 3

    both = latin_hypercube(512, 6, seed=3)
    one, two = both[:, :3], both[:, 3:]
    mixed = [np.where(np.arange(3) == column, two, one) for column in range(3)]
    outputs = [model(one), *map(model, mixed), model(two)]
    problem = {"num_vars": 3, "names": ["a", "b", "c"], "bounds": [[0, 1]] * 3}
    theirs = salib.analyze(problem, np.stack(outputs, axis=1).ravel(), calc_second_order=False, num_resamples=2, seed=1)
    for column in range(3):
        first, total = sobol(outputs[0], outputs[-1], outputs[1 + column])
        assert first == pytest.approx(theirs["S1"][column], abs=1e-4)
        assert total == pytest.approx(theirs["ST"][column], abs=1e-4)


# ---------------------------------------------------------------- draws


def test_factors_are_causes_and_independent_ones_are_series(resolved: Resolved) -> None:
    together, apart = Uncertain(resolved), Uncertain(resolved, independent=True)
    labels = {factor.label: factor.series for factor in together.factors}
    assert labels["graphite per kWh (N/P)"] == 2
    assert labels["demand for car batteries"] == 2
    assert labels["collection of car batteries"] == 2
    assert len(apart.factors) > len(together.factors)


def test_independent_series_narrow_the_interval(run_toy) -> None:  # type: ignore[no-untyped-def]
    """Graphite of NMC and LFP, and demand of both regions, move together: the grouped interval is the wider one."""
    table = run_toy("study={kind = 'sample', draws = 2000}")["percentiles"]
    row = table.query("scenario == 'plan' and region == 'World' and mineral == 'graphite' and year == 2034").iloc[0]
    assert row["p5"] < row["p50"] < row["p95"]
    assert row["p95"] - row["p5"] > 1.02 * (row["p95_independent"] - row["p5_independent"])


def test_changes_are_drawn_pairwise(run_toy) -> None:  # type: ignore[no-untyped-def]
    """Demand and intensity are common to both scenarios, so their change varies less than the levels."""
    table = run_toy("study={kind = 'sample', draws = 400}")["percentiles"]
    place = table.query("mineral == 'lithium' and year == 2030 and region == 'World'").set_index(
        ["scenario", "against"]
    )
    change, level = place.loc[("shift", "plan")], place.loc[("plan", "")]
    assert (change["p95"] - change["p5"]) < (level["p95"] - level["p5"]) / level["p50"]
    assert change["unit"] == "1"


def _drawn_shares(uncertain: Uncertain, uniform: np.ndarray, scenario: str) -> np.ndarray:
    """Market shares of the draws, (draw, segment, chemistry, region, year)."""
    weight = uncertain._share_weight(sides_of(uniform, np.float64))
    assert weight is not None
    parts = np.einsum("dfc,fscry->dscry", weight, uncertain.share_features[scenario])
    total = parts.sum(axis=2, keepdims=True)
    return np.divide(parts, total, out=np.zeros_like(parts), where=total > 0)


@pytest.mark.parametrize("spread", [0.1, 0.5, 2.0])
def test_drawn_shares_add_up_and_are_never_negative(resolved: Resolved, spread: float) -> None:
    """With a content of 1 kg/kWh everywhere, drawn shares cannot change demand: it is what was drawn as sold."""
    uncertain = Uncertain(resolved, share_spread=spread, kind=np.float64)
    uniform = latin_hypercube(50, len(uncertain.factors), 1)
    shares = _drawn_shares(uncertain, uniform, "plan")
    assert shares.min() >= 0
    sold = uncertain.share["plan"].sum(axis=2) > 0
    np.testing.assert_allclose(shares.sum(axis=2).transpose(0, 2, 1, 3)[:, sold], 1, rtol=1e-12)
    assert shares.std(axis=0).max() > 0.01
    draws = uncertain.draw(uniform, "plan")
    alike = replace(draws, mineral_intensity=np.ones_like(draws.mineral_intensity), chain=None)
    held = Uncertain(resolved, share_spread=0, kind=np.float64)
    column = [factor.key for factor in uncertain.factors].index
    same = uniform[:, [column(factor.key) for factor in held.factors]]
    (demand,) = ensemble.follow(alike)
    sides = sides_of(same, np.float64)
    wanted = sum(parts.draw(sides) for parts in held.additions["plan"])[..., held.reported]
    np.testing.assert_allclose(demand, np.broadcast_to(wanted, demand.shape), rtol=1e-12)


def test_a_share_alone_at_its_end_has_the_low_or_high_of_its_row(resolved: Resolved) -> None:
    """The others keep their proportions, and observed years their shares."""
    frame = resolved.market_share.frame.copy()
    mine = (frame["chemistry"] == "lfp") & (frame["segment"] == "car") & (frame["scenario"] == "plan")
    mine &= (frame["year"] == frame["year"].max()) & (frame["region"] == "Europe")
    (value,) = frame.loc[mine, "value"]
    low, high = 0.6 * value, 1 - 0.7 * (1 - value)
    frame.loc[mine, "low"], frame.loc[mine, "high"] = low, high
    changed = replace(resolved, market_share=Values.of_records(frame.to_dict("records")))
    uncertain = Uncertain(changed, kind=np.float64, share_spread=0.3)
    (column,) = (n for n, factor in enumerate(uncertain.factors) if factor.label == "market share of LFP")
    uniform = np.full((3, len(uncertain.factors)), 0.5)
    uniform[:, column] = 0.5, 0.05, 0.95
    car, europe = resolved.segments.labels.index("car"), resolved.regions.labels.index("Europe")
    shares = _drawn_shares(uncertain, uniform, "plan")[:, car, :, europe]
    many = [place for place, (chemistry, _) in enumerate(resolved.chemistries.labels) if chemistry == "lfp"]
    np.testing.assert_allclose(shares[:, many, -1].sum(axis=1), [value, low, high], rtol=1e-4)
    others = np.delete(shares[:, :, -1], many, axis=1)
    for moved in others[1:]:
        np.testing.assert_allclose(moved / moved.sum(), others[0] / others[0].sum(), rtol=1e-9)
    observed = resolved.observed["plan", "Europe", "car"]
    past = [place for place, year in enumerate(resolved.years.labels) if year <= observed]
    assert past
    np.testing.assert_array_equal(shares[1][:, past], shares[0][:, past])


def test_wider_shares_widen_the_interval_and_none_narrows_it(run_toy) -> None:  # type: ignore[no-untyped-def]
    """Cobalt hangs on the chemistry: its interval grows with the spread of shares, and is drawn without a key."""

    def width(study: str) -> float:
        table = run_toy(f"study={{kind = 'sample', draws = 1000{study}}}")["percentiles"]
        place = "scenario == 'plan' and region == 'World' and mineral == 'cobalt' and year == 2034"
        row = table.query(place + " and quantity == 'mineral_demand'").iloc[0]
        return float((row["p95"] - row["p5"]) / row["p50"])

    held, little, default, much = (width(f", share_spread = {spread}") for spread in (0, 0.2, 0.5, 1.0))
    assert held < little < default < much
    assert width("") == default


def test_blocks_have_the_promised_shape(resolved: Resolved) -> None:
    uncertain = Uncertain(resolved)
    uniform = latin_hypercube(5, len(uncertain.factors), 1)
    block = block_of(uncertain, uniform)
    assert block.shape == (2, len(resolved.minerals), len(STORED), 3, 4, 5)
    np.testing.assert_allclose(block[:, :, :, 2], block[:, :, :, :2].sum(axis=3), rtol=1e-5)
    np.testing.assert_array_equal(block_of(uncertain, uniform, by_region=False), block[:, :, :, 2:])


def test_percentiles_are_those_of_numpy() -> None:
    draws = np.random.default_rng(5).lognormal(size=777).astype(np.float32)
    assert _percentiles(draws) == pytest.approx(np.percentile(draws.astype(float), [5, 50, 95]).tolist())
    draws[3] = np.nan
    assert np.isnan(_percentiles(draws)).all()


def test_totals_alone_are_those_beside_the_regions(run_toy) -> None:  # type: ignore[no-untyped-def]
    study = "study={{kind = 'sample', draws = 300, detail = '{}'}}"
    both, total = (run_toy(study.format(detail))["percentiles"] for detail in ("region", "total"))
    assert set(total["region"]) == {"World"}
    pd.testing.assert_frame_equal(both[both["region"] == "World"].reset_index(drop=True), total)


def test_a_study_larger_than_the_disk_is_refused(run_toy, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=1000))
    with pytest.raises(UsageError, match=r"300 draws take .* where 1 kB are free; take fewer draws"):
        run_toy("study={kind = 'sample', draws = 300}")


def test_one_or_two_workers_give_the_same_bytes(toy: Path, tmp_path: Path) -> None:
    """Tables, record, charts: every file."""
    study = "study={{kind = 'sample', draws = 6000, workers = {}}}"
    for workers in (1, 2):
        api.run(toy / "run.toml", set=[study.format(workers)], inputs=toy, out=tmp_path / str(workers))
        assert not (tmp_path / f"{workers}.partial").exists()
    one, two = (
        {file.relative_to(folder): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
        for folder in (tmp_path / "1", tmp_path / "2")
    )
    assert one.keys() == two.keys()
    assert [name for name in one if one[name] != two[name]] == []


def test_a_study_tells_how_far_it_is(toy: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    api.run(
        toy / "run.toml", set=["study={kind='sample', draws=9000}", "output.charts=[]"], inputs=toy,
        out=tmp_path / "out", progress=lambda done, draws: told.append((done, draws)),
    )  # fmt: skip
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1] == (11_000, 11_000)


def test_a_study_that_could_not_be_written_is_not_lost(toy: Path, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(drawing, "_written", interrupted)
        with pytest.raises(KeyboardInterrupt):
            api.run(toy / "run.toml", set=["study={kind='sample', draws=50}"], inputs=toy, out=tmp_path / "out")
    assert list((tmp_path / "out.partial" / "grouped").glob("*.f32"))
    assert not (tmp_path / "out").exists()
    api.run(toy / "run.toml", set=["study={kind='sample', draws=50}"], inputs=toy, out=tmp_path / "out")
    assert not (tmp_path / "out.partial").exists()


STUDY = {"study": {"kind": "sample", "draws": 9000}, "output.charts": []}


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def unfinished(toy: Path, out: Path, **sets: object) -> None:
    """A study that has made all its blocks and was interrupted before it wrote its result."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Result, "write", interrupted)
        with pytest.raises(KeyboardInterrupt):
            api.run(toy / "run.toml", set=STUDY | sets, inputs=toy, out=out)


def interrupted(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("damage", [
    lambda block: block.write_bytes(b""),
    lambda block: block.write_bytes(block.read_bytes()[:-4]),
    lambda block: block.write_bytes(bytes(4000) + block.read_bytes()[4000:]),
    lambda block: block.write_bytes(block.with_name("000000.f32").read_bytes()),
    lambda block: block.unlink(),
    lambda block: block.with_name("study.json").write_text("{}"),
], ids=["empty", "short", "zeros", "another block", "missing", "mark"])  # fmt: skip
def test_a_damaged_block_is_made_again(toy: Path, tmp_path: Path, damage) -> None:  # type: ignore[no-untyped-def]
    api.run(toy / "run.toml", set=STUDY, inputs=toy, out=tmp_path / "whole")
    unfinished(toy, tmp_path / "out")
    blocks = tmp_path / "out.partial" / "grouped"
    assert sorted(os.listdir(blocks)) == ["000000.f32", "000001.f32", "000002.f32", "study.json"]
    made = (blocks / "000002.f32").stat().st_mtime_ns
    damage(blocks / "000001.f32")
    if (blocks / "study.json").read_text() == "{}":
        with pytest.raises(UsageError, match=r"holds files that no study wrote: grouped/000000\.f32, "):
            api.run(toy / "run.toml", set=STUDY, inputs=toy, out=tmp_path / "out")
        return
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Result, "write", interrupted)
        with pytest.raises(KeyboardInterrupt):
            api.run(toy / "run.toml", set=STUDY, inputs=toy, out=tmp_path / "out")
    assert (blocks / "000002.f32").stat().st_mtime_ns == made, "sound blocks stay"
    api.run(toy / "run.toml", set=STUDY, inputs=toy, out=tmp_path / "out")
    assert files_of(tmp_path / "out") == files_of(tmp_path / "whole")
    assert not (tmp_path / "out.partial").exists()


@pytest.mark.parametrize("left", [lambda mark: b"", lambda mark: bytes(len(mark)), lambda mark: mark[:20]],
                         ids=["empty", "zeros", "cut short"])  # fmt: skip
def test_a_mark_that_a_power_cut_damaged_is_made_again(toy: Path, tmp_path: Path, left) -> None:  # type: ignore[no-untyped-def]
    api.run(toy / "run.toml", set=STUDY, inputs=toy, out=tmp_path / "whole")
    unfinished(toy, tmp_path / "out")
    mark = tmp_path / "out.partial" / "grouped" / "study.json"
    mark.write_bytes(left(mark.read_bytes()))
    api.run(toy / "run.toml", set=STUDY, inputs=toy, out=tmp_path / "out")
    assert files_of(tmp_path / "out") == files_of(tmp_path / "whole")
    assert not (tmp_path / "out.partial").exists()


def test_only_a_study_touches_what_an_unfinished_study_left(toy: Path, tmp_path: Path) -> None:
    unfinished(toy, tmp_path / "out", study={"kind": "sample", "draws": 50})
    left = files_of(tmp_path / "out.partial")
    api.run(toy / "run.toml", set={"output.charts": []}, inputs=toy, out=tmp_path / "out")
    assert files_of(tmp_path / "out.partial") == left
    # Another study begins anew in it, of whatever kind.
    for study in ({"kind": "sensitivity", "draws": 20}, {"kind": "sample", "draws": 60}):
        unfinished(toy, tmp_path / "out", study={"kind": "sample", "draws": 50})
        api.run(toy / "run.toml", set=STUDY | {"study": study}, inputs=toy, out=tmp_path / "out")
        assert not (tmp_path / "out.partial").exists()


def test_an_interrupted_sensitivity_goes_on_and_is_the_same(
    toy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it solved is kept line by line; one worker or two write the same bytes."""
    study = {"kind": "sensitivity", "draws": 20}
    run = {"output.charts": [], "study": study}
    api.run(toy / "run.toml", set=run, inputs=toy, out=tmp_path / "whole")
    with monkeypatch.context() as patched:
        patched.setattr(Result, "write", interrupted)
        with pytest.raises(KeyboardInterrupt):
            api.run(toy / "run.toml", set=run, inputs=toy, out=tmp_path / "out")
    points = tmp_path / "out.partial" / "points" / "points.jsonl"
    lines = points.read_bytes().splitlines(keepends=True)
    assert len(lines) > 2
    points.write_bytes(b"".join([*lines[:-2], lines[-1][:50]]))
    two = run | {"study": study | {"workers": 2}}
    api.run(toy / "run.toml", set=two, inputs=toy, out=tmp_path / "out")
    assert not (tmp_path / "out.partial").exists()
    ours, theirs = files_of(tmp_path / "out"), files_of(tmp_path / "whole")
    assert {name: ours[name] for name in ours if name.startswith("tables")} == {
        name: theirs[name] for name in theirs if name.startswith("tables")
    }


@pytest.mark.parametrize("file", ["thesis.doc", "grouped/thesis.doc", "grouped/000001.f32", "grouped/deep/study.json"])
def test_files_of_others_where_a_study_keeps_its_blocks_stop_it(toy: Path, tmp_path: Path, file: str) -> None:
    mine = tmp_path / "out.partial" / file
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    with pytest.raises(UsageError, match=rf"holds files that no study wrote: .*{file}.*nothing was written: move them"):
        api.run(toy / "run.toml", set=STUDY, inputs=toy, out=tmp_path / "out")
    api.run(toy / "run.toml", set={"output.charts": []}, inputs=toy, out=tmp_path / "out")
    assert mine.read_text() == "mine"
    assert files_of(tmp_path / "out.partial") == {file: b"mine"}


def test_a_finished_result_is_no_part_of_a_study(toy: Path, tmp_path: Path) -> None:
    api.run(toy / "run.toml", set={"output.charts": []}, inputs=toy, out=tmp_path / "a.partial")
    before = files_of(tmp_path / "a.partial")
    api.run(toy / "run.toml", set={"output.charts": []}, inputs=toy, out=tmp_path / "a")
    with pytest.raises(UsageError, match="holds files that no study wrote"):
        api.run(toy / "run.toml", set=STUDY, inputs=toy, out=tmp_path / "a")
    assert files_of(tmp_path / "a.partial") == before


def test_a_refused_study_leaves_nothing(toy: Path, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=1000))
    with pytest.raises(UsageError, match="take fewer draws"):
        api.run(toy / "run.toml", set=STUDY, inputs=toy, out=tmp_path / "deep" / "out")
    monkeypatch.undo()
    monkeypatch.setattr(sample, "worker_pool", interrupted)
    with pytest.raises(KeyboardInterrupt):
        api.run(toy / "run.toml", set=STUDY, inputs=toy, out=tmp_path / "deep" / "out")
    assert os.listdir(tmp_path) == ["toy"]


def test_a_second_writer_of_a_study_is_told(toy: Path, tmp_path: Path) -> None:
    with StudyFolder(tmp_path / "out.partial") as first:
        first.claim()
        with pytest.raises(UsageError, match=r"out\.partial is in use: another run is at work on a study"):
            api.run(toy / "run.toml", set=STUDY, inputs=toy, out=tmp_path / "out")
    api.run(toy / "run.toml", set=STUDY, inputs=toy, out=tmp_path / "out")
    assert sorted(os.listdir(tmp_path)) == ["out", "toy"]


def test_a_worker_that_is_killed_is_told_and_nothing_is_lost(toy: Path, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    begin = sample.begin_part

    def begun(folder: Path, identity: str) -> None:
        begin(folder, identity)
        (folder / "000002.f32").touch()

    unfinished(toy, tmp_path / "out")
    with monkeypatch.context() as patched:
        patched.setattr(sample, "begin_part", begun)
        patched.setattr(sample, "_start", die)
        told = pytest.warns(Notice, match="ended by force, as it is where memory runs out; the study goes on with 1 w")
        with told, pytest.raises(Exhausted, match=r"a worker process was ended .* run the same command again"):
            api.run(toy / "run.toml", set=STUDY, inputs=toy, out=tmp_path / "out")
    assert (tmp_path / "out.partial" / "grouped" / "000001.f32").exists()
    api.run(toy / "run.toml", set=STUDY, inputs=toy, out=tmp_path / "out")
    assert sorted(os.listdir(tmp_path)) == ["out", "toy"]


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_study_knows_the_inputs_it_was_begun_with(toy: Path, tmp_path: Path) -> None:
    """The spread of a lifetime or a line changes what was drawn, so finished blocks of before do not count."""
    sets = [*LATER, "study={kind='sample', draws=50}", "flows.lines='lines.csv'"]
    rows = ["scenario,region,cohort,value,unit"]
    rows += [f"{s},{region},2028,500,GWh/yr" for s in ("plan", "shift") for region in ("Europe", "China")]
    (toy / "lines.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")

    def identity() -> str:
        resolved = resolve(read_run(toy / "run.toml", sets), read_inputs(toy))
        return Part(resolved, 50, False, ("World",), tmp_path).identity

    first = identity()
    assert first == identity()
    (toy / "lines.csv").write_text("\n".join(rows).replace("500", "501") + "\n", encoding="utf-8")
    second = identity()
    assert second != first
    table = toy / "lifetime.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("weibull,0.", "weibull,0.9", 1), encoding="utf-8")
    assert identity() != second


def test_a_script_without_a_guard_may_run_a_study(toy: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        f"import minerals\nresult = minerals.run({str(toy / 'run.toml')!r}, inputs={str(toy)!r}, "
        "set=[\"study={kind='sample', draws=50}\"])\nprint(len(result['percentiles']) > 0)\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, str(script)], env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout.strip()) == (0, "True"), done.stderr


def test_years_in_steps_and_single_years_can_be_studied(toy: Path, tmp_path: Path) -> None:
    whole = run(toy / "run.toml", [*LATER, "study={kind='sample', draws=50}"], toy)["percentiles"]
    steps = [
        *LATER[:1],
        "scope.years={first = 2044, last = 2047, step = 3}",
        *LATER[2:],
        "study={kind='sample', draws=50}",
    ]
    some = run(toy / "run.toml", steps, toy)["percentiles"]
    assert set(some["year"]) == {2044, 2047}
    pd.testing.assert_frame_equal(
        some.reset_index(drop=True), whole[whole["year"].isin([2044, 2047])].reset_index(drop=True)
    )
    one = [*LATER[:1], "scope.years=2046", *LATER[2:]]
    result = api.run(toy / "run.toml", set=one, inputs=toy, out=tmp_path / "out")
    assert result.record["years"] == [2046]
    assert {file.stem for file in (tmp_path / "out" / "charts").glob("*.png")} == {"demand_by_mineral"}


def test_tails_stay_physical(toy: Path) -> None:
    """A life that may be very short, and scrap that may be nearly all: their tails stop before the impossible."""
    for file in ("line_scrap.csv", "lifetime.csv"):
        frame = pd.read_csv(toy / file, dtype=str, keep_default_na=False)
        if file == "line_scrap.csv":
            frame.loc[frame["age"] == "0", ["value", "low", "high"]] = ["0.7", "0.4", "0.95"]
        else:
            frame.loc[0, ["value", "low", "high"]] = ["8", "1.5", "15"]
        frame.to_csv(toy / file, index=False)
    table = run(toy / "run.toml", [*LATER, "study={kind='sample', draws=500}"], toy)["percentiles"]
    assert np.isfinite(table[["p5", "p50", "p95"]]).all(axis=None)


def test_without_uncertain_inputs_nothing_is_sensitive(toy: Path) -> None:
    for file in toy.glob("*.csv"):
        frame = pd.read_csv(file, dtype=str, keep_default_na=False)
        if {"low", "high"} <= set(frame.columns):
            certain = frame["quality"] != "unknown" if "quality" in frame else slice(None)
            frame.loc[certain, ["low", "high"]] = ""
            frame.to_csv(file, index=False)
    result = run(toy / "run.toml", ["study={kind='sensitivity', draws=20, share_spread=0}"], toy)
    assert result["sensitivity"].empty
    assert "sensitivity" not in charts.suited(result)


def test_an_interrupted_study_goes_on_and_ends_in_the_same_bytes(toy: Path, tmp_path: Path) -> None:
    """Interrupted after some blocks (exit 130), the same command goes on; the result is that of an undisturbed run."""
    command = [sys.executable, "-m", "minerals", "run", str(toy / "run.toml"), "--inputs", str(toy),
               "--set", "study={kind = 'sample', draws = 600000}", "--set", "output.charts=[]", "--out"]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [*command, "out"], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        # Tests that a shell starts in the background inherit an interrupt that is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    partial = tmp_path / "out.partial" / "grouped"
    deadline = time.monotonic() + 60
    while len(list(partial.glob("*.f32"))) < 5 and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert not (tmp_path / "out").exists()
    done = {file.name: file.stat().st_mtime_ns for file in partial.glob("*.f32")}
    assert 5 <= len(done) < 146
    again = subprocess.run(
        [*command, "out"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert again.returncode == 0, again.stderr
    assert not (tmp_path / "out.partial").exists()
    whole = subprocess.run(
        [*command, "other"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert whole.returncode == 0, whole.stderr
    for file in ("tables/percentiles.csv", "record.json", "tables/uncertain_inputs.csv"):
        assert (tmp_path / "out" / file).read_bytes() == (tmp_path / "other" / file).read_bytes(), file
    shutil.rmtree(tmp_path / "other")


def test_sensitivity_ranks_inputs(run_toy) -> None:  # type: ignore[no-untyped-def]
    result: Result = run_toy("study={kind = 'sensitivity', draws = 400}")
    tornado = result["sensitivity"].query("scenario == 'plan' and region == 'World' and mineral == 'cobalt'")
    rows = tornado.set_index("factor")
    assert (
        rows.loc["NMC811 cathode per kWh", "at_low"]
        < rows["base"].iloc[0]
        < rows.loc["NMC811 cathode per kWh", "at_high"]
    )
    assert rows.loc["graphite per kWh (N/P)", "at_low"] == rows.loc["graphite per kWh (N/P)", "at_high"]
    indices = (
        result["sobol"].query("scenario == 'plan' and region == 'World' and mineral == 'cobalt'").set_index("factor")
    )
    assert indices["first"].sum() == pytest.approx(1, abs=0.15)
    assert abs(indices.loc["graphite per kWh (N/P)", "total"]) < 0.01


# --- what a record says of a study -----------------------------------------------------------------------------------

FLOWS = ("flows={}", "scope.beyond='hold'", "scope.years={first=2044, last=2045}")


@pytest.mark.parametrize(("sets", "about"), [
    (["study={kind='sample', draws=20, seed=3}", "scope.years=2031"],
     {"draws": 20, "seed": 3, "held": ["silicon_uptake", "graphite_route"]}),
    (["study={kind='sensitivity', draws=20, share_spread=0}", "scope.years=2031", *FLOWS],
     {"draws": 20, "seed": 1, "held": ["market_share", "silicon_uptake", "graphite_route", "line_ramp",
                                       "recovery_route", "stage_yield", "health of second lives"]}),
    (["study={kind='identify', statements={graphite=[-0.2, 0]}, mixes=1000}"],
     {"mixes": 1000, "seed": 1, "held": ["battery_demand", "mineral_intensity"]}),
    (["study={kind='grid', axes={'scenario.shift.demand'=['plan']}}"], {"held": []}),
])  # fmt: skip
def test_a_record_says_what_a_study_draws_and_holds(
    sets: list[str], about: dict[str, Any], run_toy: Callable[..., Result]
) -> None:
    found = run_toy(*sets).record["study"]
    assert found == {"kind": found["kind"], **about}
    assert f"kind='{found['kind']}'" in sets[0]
