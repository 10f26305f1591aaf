"""Draws: each of them is the plain run with its inputs, whether cohorts are followed or terms are added up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from minerals import api
from minerals.case import chain
from minerals.case.arrays import Arrays, additions_of, intensities_of, share_of
from minerals.config import read_run
from minerals.design import latin_hypercube
from minerals.flows import ensemble
from minerals.studies.run import run
from minerals.studies.uncertain import Uncertain
from minerals.tables.inputs import read_inputs
from minerals.tables.resolve import Resolved, resolve

LATER = ('scope.beyond="hold"', "scope.years={first = 2044, last = 2047}", "flows={}")


@pytest.fixture
def resolved(toy: Path) -> Resolved:
    return resolve(read_run(toy / "run.toml", LATER), read_inputs(toy))


@pytest.mark.parametrize("sets", [
    ("intensity.trend='held'",), ("intensity.trend='improving'",),
    ("scope.segments=['car']", "flows.second_life=true"), ("scope.segments=['car']", "flows.second_life=false"),
])  # fmt: skip
def test_a_draw_with_every_factor_at_its_value_is_the_plain_run(toy: Path, sets: tuple[str, ...]) -> None:
    resolved = resolve(read_run(toy / "run.toml", [*LATER, *sets]), read_inputs(toy))
    uncertain = Uncertain(resolved, kind=np.float64)
    uniform = np.full((3, len(uncertain.factors)), 0.5)
    intensity = intensities_of(resolved)["value"][0]
    for scenario in uncertain.scenarios:
        cells = additions_of(resolved, scenario)[0][:, :, None] * share_of(resolved, scenario)[0]
        plain = chain.follow(resolved, chain.survivals(resolved), cells, intensity, Arrays(resolved).route).flows
        draws = uncertain.draw(uniform, scenario)
        told = (plain.mineral_demand, plain.input, plain.secondary_supply)
        for one, other in zip(ensemble.follow(draws), told, strict=True):
            reported = other[..., uncertain.reported]
            np.testing.assert_allclose(one[:, 1], np.moveaxis(reported, 1, 0), rtol=1e-9, atol=1e-9)


def with_pack(folder: Path) -> Path:
    """The same inputs with packs that hold cobalt of their own."""
    path = folder / "pack_intensity.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("cobalt,0,,", "cobalt,0.05,0.02,0.2"), encoding="utf-8")
    return folder


def test_a_pack_adds_the_same_to_every_chemistry_and_draw(toy: Path) -> None:
    """One boundary: cell plus pack, in the plain run and in draws, where the pack is one factor of its own."""
    bare = resolve(read_run(toy / "run.toml", LATER), read_inputs(toy))
    packed = resolve(read_run(toy / "run.toml", LATER), read_inputs(with_pack(toy)))
    added = {"value": 0.05, "low": 0.02, "high": 0.2}
    cobalt = packed.minerals.labels.index("cobalt")
    for end, more in added.items():
        difference = intensities_of(packed)[end][0, ..., 0] - intensities_of(bare)[end][0, ..., 0]
        expected = np.zeros_like(difference)
        expected[:, cobalt] = more
        np.testing.assert_allclose(difference, expected, rtol=0, atol=1e-12)
    table = packed.mineral_intensity.frame
    assert table.query("mineral == 'cobalt'")["rows"].str.endswith("+ pack_intensity.csv:2").all()
    assert "pack_intensity" in packed.used.table.column("table")
    uncertain = Uncertain(packed, kind=np.float64)
    places = [place for place, factor in enumerate(uncertain.factors) if factor.table == "pack_intensity"]
    assert [uncertain.factors[place].label for place in places] == ["pack cobalt per kWh"]
    uniform = np.full((3, len(uncertain.factors)), 0.5)
    uniform[:, places[0]] = (0.05, 0.5, 0.95)
    drawn = uncertain.draw(uniform, uncertain.scenarios[0]).mineral_intensity
    moved = drawn[..., cobalt] - drawn[1, :, cobalt]
    np.testing.assert_allclose(moved.T, [[-0.03, 0, 0.15]] * len(packed.chemistries), atol=1e-9)
    np.testing.assert_allclose(drawn[1], intensities_of(packed)["value"][0, ..., 0], rtol=1e-9)


@pytest.mark.parametrize("settings", [["intensity='derived'"], ["intensity.kg_per_kwh.lfp.cobalt=0.3"]])
def test_a_pack_comes_on_top_of_any_cell(toy: Path, settings: list[str]) -> None:
    """Derived cells and cells by hand have the pack as well, and explain adds up to the mass."""
    bare = run(toy / "run.toml", settings, toy)
    packed = run(toy / "run.toml", settings, with_pack(toy))
    more = packed["mineral_intensity"]["value"] - bare["mineral_intensity"]["value"]
    assert more.to_numpy() == pytest.approx(np.where(bare["mineral_intensity"]["mineral"] == "cobalt", 0.05, 0))
    tree, before = (api.explain(result, "cobalt", scenario="plan") for result in (packed, bare))
    assert sum(leaf.value for leaf in tree.leaves) == pytest.approx(tree.value)
    assert tree.value - before.value == pytest.approx(0.05 * tree.gwh)


def certain_lives(folder: Path) -> Path:
    """The same inputs without low and high of lifetimes and of the second-life share."""
    for file in ("lifetime.csv", "second_life.csv"):
        frame = pd.read_csv(folder / file, dtype=str, keep_default_na=False)
        frame[["low", "high"]] = ""
        frame.to_csv(folder / file, index=False)
    return folder


def low_demand(folder: Path) -> Path:
    """The same inputs with a low end of demand for car batteries so far below that its tail would be negative."""
    path = folder / "battery_demand.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("0.14,0.1,0.2,TWh", "0.14,0.01,0.2,TWh"), encoding="utf-8")
    return folder


@pytest.mark.parametrize(("years", "independent", "trend", "lives"), [
    ("{first = 2044, last = 2047}", False, "improving", "certain"),
    ("{first = 2044, last = 2048, step = 2}", True, "held", "certain"),
    ("{first = 2044, last = 2047}", False, "improving", "drawn"),
    ("{first = 2044, last = 2048, step = 2}", False, "held", "drawn"),
])  # fmt: skip
def test_terms_add_up_to_what_cohorts_do(
    toy: Path, years: str, independent: bool, trend: str, lives: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where demand is cut at zero: those draws alone have some of it that is in no term."""
    toy = low_demand(with_pack(certain_lives(toy) if lives == "certain" else toy))
    settings = [*LATER, f"scope.years={years}", f"intensity.trend='{trend}'"]
    resolved = resolve(read_run(toy / "run.toml", settings), read_inputs(toy))
    terms = Uncertain(resolved, independent, kind=np.float64)
    monkeypatch.setattr(Uncertain, "_terms", lambda *_: None)
    cohorts = Uncertain(resolved, independent, kind=np.float64)
    uniform = latin_hypercube(20, len(cohorts.factors), 1)
    demand = [place for place, factor in enumerate(cohorts.factors) if factor.table == "battery_demand"]
    uniform[:, demand] = np.linspace(0.2, 0.9, 20)[:, None]
    uniform[3, demand], uniform[7, demand] = 1e-4, 1e-5
    for scenario in cohorts.scenarios:
        one, other = terms.draw(uniform, scenario), cohorts.draw(uniform, scenario)
        assert one.terms
        assert not other.terms
        assert one.apart[resolved.segments.labels.index("car")].draws.tolist() == [3, 7]
        for by_terms, by_cohort in zip(ensemble.follow(one), ensemble.follow(other), strict=True):
            np.testing.assert_allclose(by_terms, by_cohort, rtol=1e-12, atol=1e-12)


def test_a_drawn_lifetime_is_the_plain_run_with_that_lifetime(resolved: Resolved) -> None:
    """At the node nearest its 5th percentile every life is near its low end; so is the plain run's stock."""
    uncertain = Uncertain(resolved, kind=np.float64)
    lives = [i for i, factor in enumerate(uncertain.factors) if factor.table == "lifetime"]
    uniform = np.full((2, len(uncertain.factors)), 0.5)
    uniform[1, lives] = 0.05
    plan = uncertain.scenarios[0]
    _, _, every = ensemble.follow(uncertain.draw(uniform, plan))
    secondary = every[resolved.minerals.labels.index("cobalt")]
    cells = additions_of(resolved, plan)[0][:, :, None] * share_of(resolved, plan)[0]
    intensity = intensities_of(resolved)["value"][0]
    short = chain.follow(resolved, chain.survivals(resolved, end=1), cells, intensity, Arrays(resolved).route).flows
    cobalt = short.secondary_supply[:, resolved.minerals.labels.index("cobalt")][..., uncertain.reported]
    assert lives
    np.testing.assert_allclose(secondary[1], cobalt, rtol=0.03, atol=1e-6)
    assert not np.allclose(secondary[0], cobalt, rtol=0.03, atol=1e-6)
