"""Adoption along curves and under announced plants: identities, fits, hand-solved toys, the way back to the rows."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from minerals import api
from minerals.cli import cli
from minerals.diffusion import CURVES, fit, gompertz, logistic
from minerals.errors import InputError
from minerals.results.explain import explain
from minerals.results.result import Result, load
from minerals.studies.run import run
from minerals.tables.inputs import Inputs

RunToy = Callable[..., Result]
CEILINGS, MIDPOINTS, SPEEDS = st.floats(0.05, 1), st.floats(2015, 2045), st.floats(0.05, 2)
#: Na-ion in cars: 0.04, 0.1, 0.2, 0.3, 0.36 in 2030–2034.
NA = "na_layered={curve='logistic', ceiling=0.4, midpoint=2032, speed=1.0986122886681098}"
PATH = f"scenario.plan.diffusion.car={{{NA}}}"
PATH_AND_REST = f"scenario.plan.diffusion.car={{{NA}, rest='lfp'}}"


def shares(result: Result, chemistry: str, region: str = "Europe", segment: str = "car") -> dict[int, float]:
    frame = result["market_share"].query(
        "scenario == 'plan' and region == @region and segment == @segment and chemistry == @chemistry"
    )
    return dict(zip(frame["year"], frame["value"], strict=True))


# ---------------------------------------------------------------------- curves


@given(CEILINGS, MIDPOINTS, SPEEDS)
def test_curves_pass_their_points_and_rise_to_the_ceiling(ceiling: float, midpoint: float, speed: float) -> None:
    assert logistic(midpoint, ceiling, midpoint, speed) == pytest.approx(ceiling / 2)
    assert gompertz(midpoint, ceiling, midpoint, speed) == pytest.approx(ceiling / math.e)
    years = np.arange(1990, 2101)
    for curve in CURVES.values():
        share = curve(years, ceiling, midpoint, speed)
        assert (np.diff(share) >= 0).all()
        assert share.min() >= 0
        assert share.max() <= ceiling
        assert curve(midpoint + 400 / speed, ceiling, midpoint, speed) == pytest.approx(ceiling)
        assert curve(midpoint - 400 / speed, ceiling, midpoint, speed) == pytest.approx(0)
        assert curve(1e9, ceiling, midpoint, speed) == ceiling


def test_a_logistic_is_symmetric_and_a_gompertz_grows_fastest_at_its_midpoint() -> None:
    before, after = (logistic(2030 + step, 0.6, 2030, 0.4) for step in (-3, 3))
    assert before + after == pytest.approx(0.6)
    steps = np.linspace(2020, 2040, 2001)
    assert steps[np.argmax(np.gradient(gompertz(steps, 0.6, 2030, 0.4)))] == pytest.approx(2030, abs=0.02)


@pytest.mark.parametrize("curve", list(CURVES))
@given(CEILINGS, st.floats(2016, 2032), st.floats(0.1, 1.2))
def test_a_fit_finds_the_curve_that_made_the_shares(curve: str, ceiling: float, midpoint: float, speed: float) -> None:
    years = range(2015, 2025)
    observed = [float(CURVES[curve](year, ceiling, midpoint, speed)) for year in years]
    if sum(1e-9 < share < ceiling * (1 - 1e-9) for share in observed) < 3:
        return  # Shares that are nearly all nothing, or all at the ceiling, hold no curve to be found.
    found = fit(curve, years, observed, ceiling)
    assert found.rmse < 1e-9
    assert [found.midpoint, found.speed] == pytest.approx([midpoint, speed], rel=1e-6)


def test_a_fit_minimises_the_error_of_the_shares_themselves() -> None:
    """Zeros and shares above the ceiling count; no neighbour of the parameters found is better."""
    years, observed = range(2019, 2025), [0.0, 0.11, 0.47, 0.59, 0.65, 0.82]
    for curve in CURVES:
        found = fit(curve, years, observed, 0.8)

        def rmse(midpoint: float, speed: float, curve: str = curve) -> float:
            return float(np.sqrt(np.mean((CURVES[curve](np.array(years), 0.8, midpoint, speed) - observed) ** 2)))

        assert rmse(found.midpoint, found.speed) == pytest.approx(found.rmse)
        for midpoint, speed in ((0.02, 0), (-0.02, 0), (0, 0.02), (0, -0.02)):
            assert rmse(found.midpoint + midpoint, found.speed + speed) > found.rmse


@pytest.mark.parametrize(("observed", "why"), [
    ([0.0, 0.0, 0.3], "fewer than two of them lie between 0 and the ceiling of 0.5"),
    ([0.6, 0.7, 0.5], "fewer than two"),
    ([0.3, 0.3, 0.3], "they do not change"),
    ([0.1, 0.2, 0.1], "they neither rise nor fall"),
])  # fmt: skip
def test_shares_that_fix_no_curve_are_refused(observed: list[float], why: str) -> None:
    for curve in CURVES:
        with pytest.raises(ValueError, match=why):
            fit(curve, [2022, 2023, 2024], observed, 0.5)


@pytest.mark.parametrize(("region", "family", "since", "ceiling", "midpoint", "speed", "rmse"), [
    ("World", "LFP", 2019, 0.8, (2023, 2025), (0.3, 0.7), 0.04),
    ("China", "LFP", 2019, 0.8, (2020, 2022), (0.8, 1.4), 0.07),
    ("Europe", "LFP", 2015, 0.8, (2026, 2029), (0.4, 0.7), 0.015),
    ("World", "NMC", 2019, 1.0, (2024, 2026), (-0.6, -0.3), 0.04),
    ("China", "NMC", 2019, 1.0, (2021, 2023), (-0.9, -0.5), 0.1),
])  # fmt: skip
def test_the_shipped_history_gives_plausible_curves(
    region: str, family: str, since: int, ceiling: float, midpoint: tuple[float, float], speed: tuple[float, float],
    rmse: float, shipped_inputs: Inputs,
) -> None:  # fmt: skip
    """LFP came back after 2019, first in China; what it gains NMC loses. It fell before, which no curve follows."""
    families = shipped_inputs["chemistries"].set_index("chemistry")["family"]
    rows = shipped_inputs["market_share"].query(
        "scenario == 'history' and region == @region and segment == 'car' and year >= @since"
    )
    observed = rows[rows["chemistry"].map(families) == family].groupby("year")["value"].sum()
    found = fit("logistic", list(observed.index), list(observed), ceiling)
    print(f"{family} of cars in {region}, {since}–2024, logistic, ceiling {ceiling:g}: {found}")
    assert midpoint[0] < found.midpoint < midpoint[1]
    assert speed[0] < found.speed < speed[1]
    assert found.rmse < rmse


# ---------------------------------------------------------------------- paths in a run


def test_a_path_replaces_its_share_and_the_others_keep_their_proportions(run_toy: RunToy) -> None:
    result = run_toy(PATH)
    assert shares(result, "na_layered") == pytest.approx({2030: 0.04, 2031: 0.1, 2032: 0.2, 2033: 0.3, 2034: 0.36})
    assert shares(result, "nmc811")[2030] == pytest.approx(0.96 * 0.6)
    assert shares(result, "lfp")[2030] == pytest.approx(0.96 * 0.4)
    assert shares(result, "nmc811")[2034] == pytest.approx(0.64 * 0.5 / 0.8)
    assert shares(result, "lfp", "China")[2034] == pytest.approx(0.64)
    assert shares(result, "lfp", segment="stationary")[2034] == 1


def test_the_rest_fills_and_all_others_stay(run_toy: RunToy) -> None:
    result = run_toy(PATH_AND_REST)
    assert shares(result, "nmc811") == pytest.approx({2030: 0.6, 2031: 0.575, 2032: 0.55, 2033: 0.525, 2034: 0.5})
    assert shares(result, "lfp")[2034] == pytest.approx(1 - 0.36 - 0.5)
    sums = result["market_share"].groupby(["scenario", "region", "segment", "year"])["value"].sum()
    assert (sums - 1).abs().max() < 1e-12
    both = run_toy(PATH_AND_REST.replace("'lfp'", "['lfp', 'NMC']"))
    assert shares(both, "lfp") == pytest.approx(shares(run_toy(PATH), "lfp"))


def test_a_start_leaves_the_years_before_it_as_they_were(run_toy: RunToy) -> None:
    result, usual = run_toy(PATH.replace("curve=", "start=2033, curve=")), run_toy()
    for chemistry in ("na_layered", "lfp", "nmc811"):
        mine, theirs = shares(result, chemistry), shares(usual, chemistry)
        assert [mine.get(year) for year in (2030, 2031, 2032)] == [theirs.get(year) for year in (2030, 2031, 2032)]
    assert shares(result, "na_layered")[2033] == pytest.approx(0.3)


def test_a_region_s_own_path_takes_the_place_of_the_one_for_all(run_toy: RunToy) -> None:
    result = run_toy(PATH, f"scenario.plan.diffusion.China.car={{{NA.replace('0.4', '0.2')}}}")
    assert shares(result, "na_layered")[2032] == pytest.approx(0.2)
    assert shares(result, "na_layered", "China")[2032] == pytest.approx(0.1)
    assert list(result["diffusion"]["region"]) == ["Europe", "China"]


def test_a_family_keeps_its_proportions_on_its_path(toy: Path) -> None:
    path = toy / "chemistries.csv"
    path.write_text(
        path.read_text(encoding="utf-8").replace("Na-ion layered,Na-ion", "Na-ion layered,NMC"), encoding="utf-8"
    )
    for name in (
        "intensity_trend",
        "node_use",
        "drop_in",
        "growth_limit",
        "price_relative",
    ):  # No row may name the family that is gone.
        table = toy / f"{name}.csv"
        rows = table.read_text(encoding="utf-8").splitlines(keepends=True)
        table.write_text("".join(row for row in rows if "Na-ion," not in row), encoding="utf-8")
    table = toy / "supply_share.csv"
    rows = table.read_text(encoding="utf-8").splitlines(keepends=True)
    table.write_text("".join(row for row in rows if "unknown_anode" not in row), encoding="utf-8")
    curve = "scenario.plan.diffusion.Europe.car.NMC={curve='logistic', ceiling=0.6, midpoint=2034, speed=0.5}"
    result = run(toy / "run.toml", [curve], toy)
    assert shares(result, "nmc811")[2034] == pytest.approx(0.3 * 0.5 / 0.7)
    assert shares(result, "na_layered")[2034] == pytest.approx(0.3 * 0.2 / 0.7)
    assert shares(result, "lfp")[2034] == pytest.approx(0.7)


OBSERVED = """past,Europe,car,lfp,2026,0.08,,,1,book,p. 7,official,
past,Europe,car,nmc811,2026,0.92,,,1,book,p. 7,official,
past,Europe,car,lfp,2027,0.2,,,1,book,p. 7,official,
past,Europe,car,nmc811,2027,0.8,,,1,book,p. 7,official,
past,Europe,car,lfp,2028,0.4,,,1,book,p. 7,official,
past,Europe,car,nmc811,2028,0.6,,,1,book,p. 7,official,
past,Europe,car,lfp,2025,0.7,,,1,assumed,,assumed,Not observed.
past,Europe,car,nmc811,2025,0.3,,,1,assumed,,assumed,Not observed.
"""
FITTED = "scenario.plan.diffusion.Europe.car.lfp={curve='logistic', ceiling=0.8, fit=true}"


@pytest.fixture
def fitted(toy: Path) -> Result:
    """LFP on a logistic to 0.8 through 0.08, 0.2 and 0.4: midpoint 2028, speed ln 3; 0.72 in 2030."""
    with (toy / "market_share.csv").open("a", encoding="utf-8") as file:
        file.write(OBSERVED)
    return run(toy / "run.toml", [FITTED, "scenario.plan.diffusion.Europe.car.rest=nmc811"], toy)


def test_a_fit_follows_what_was_observed_and_not_what_was_assumed(fitted: Result) -> None:
    assert shares(fitted, "lfp")[2030] == pytest.approx(0.72)
    (row,) = fitted["diffusion"].to_dict("records")
    assert row["fitted"]
    assert row["start"] == 2029
    assert [row["midpoint"], row["speed"], row["rmse"]] == pytest.approx([2028, math.log(3), 0])
    assert fitted.record["diffusion"][0]["midpoint"] == pytest.approx(2028)
    assert (
        "Diffusion: plan, lfp of car follows a logistic curve to 80 %, midpoint 2028.0, speed 1.1, from 2029 on, "
        "fitted to 3 observed shares, 2026–2028 (error 0.000), in Europe"
    ) in fitted.record["notes"]
    assert "curves that the run file asks for" in fitted.record["scenarios"]["plan"]["caveat"]


def test_a_fitted_share_is_followed_to_the_rows_behind_it(fitted: Result, tmp_path: Path) -> None:
    fitted.write(tmp_path / "out")
    told = explain(load(tmp_path / "out"), "lithium", "Europe", 2030, "plan")
    behind = {name for leaf in told.leaves for factor in leaf.factors for name in factor.behind}
    assert behind == {"market_share.csv:19", "market_share.csv:21", "market_share.csv:23"}
    words = ["explain", str(tmp_path / "out"), "--mineral", "lithium", "--region", "Europe", "--year", "2030"]
    text = " ".join(CliRunner().invoke(cli, words).output.replace("│", " ").split())
    assert "behind it, market share 0.08 in 2026: market_share.csv:19 [official] book; p. 7" in text
    assert "[run file] lfp of car follows a logistic curve to 80 %, midpoint 2028.0, speed 1.1" in text


@pytest.mark.slow
def test_a_result_of_paths_and_limits_repeats_byte_for_byte(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        'base = "europe-2035.toml"\ntitle = "T"\n[output]\ncharts = []\n[scenario.next-gen.diffusion.car]\n'
        'LFP = { curve = "gompertz", ceiling = 0.6, fit = true, since = 2019 }\nrest = "NMC"\n'
        "[scenario.next-gen.capacity_limit]\nuntil = 2030\nfactor = 0.5\n",
        encoding="utf-8",
    )
    first, second = tmp_path / "first", tmp_path / "second"
    result = api.run(tmp_path / "mine.toml", out=first)
    api.run(first / "record.json", out=second)
    for path in first.rglob("*.*"):
        assert path.read_bytes() == (second / path.relative_to(first)).read_bytes(), path
    assert "mine.toml" in set(result["inputs_used"]["file"])
    assert len(result["capacity_limited"])
    told = explain(load(first), "cobalt", year=2030, scenario="next-gen")
    assert "announced_capacity.csv" in set(told.rows()["file"])


@pytest.mark.slow
def test_a_sample_draws_along_the_paths(run_toy: RunToy) -> None:
    result = run_toy(PATH, "study={kind='sample', draws=20}")
    assert len(result["percentiles"])


def test_a_run_without_paths_says_nothing_of_them(run_toy: RunToy) -> None:
    result = run_toy()
    assert not {"diffusion", "capacity_limited"} & set(result.tables)
    assert not {"diffusion", "notes", "places"} & set(result.record)


# ---------------------------------------------------------------------- announced plants

LIMIT = "scenario.plan.capacity_limit={until=2032, rest='na_layered'}"


def test_a_capped_scenario_solved_by_hand(run_toy: RunToy) -> None:
    """Europe 2030: LFP asks 100 · 0.4 + 10 · 1 = 50 GWh of 30: each LFP share × 0.6, the rest goes to Na-ion.

    2032: 120 · 0.35 + 20 = 62 GWh of 40, midway between 30 and 50. 2033 is free. China has no LFP row.
    """
    result = run_toy(LIMIT)
    assert shares(result, "lfp")[2030] == pytest.approx(0.24)
    assert shares(result, "na_layered")[2030] == pytest.approx(0.16)
    assert shares(result, "nmc811")[2030] == pytest.approx(0.6)
    assert shares(result, "lfp", segment="stationary")[2030] == pytest.approx(0.6)
    assert shares(result, "na_layered", segment="stationary")[2030] == pytest.approx(0.4)
    assert shares(result, "lfp")[2032] == pytest.approx(0.35 * 40 / 62)
    assert shares(result, "lfp")[2033] == shares(run_toy(), "lfp")[2033]
    assert shares(result, "lfp", "China")[2030] == 1
    cells = result["cells"].query("scenario == 'plan' and region == 'Europe' and chemistry == 'lfp'")
    assert cells.groupby("year")["value"].sum()[2030] == pytest.approx(30)
    assert result.total("cells", scenario="plan", year=2030, by=()) == pytest.approx(310)
    capped = result["capacity_limited"].set_index("year")
    assert set(capped["region"]) == {"Europe"}
    assert set(capped["chemistry"]) == {"LFP"}
    assert capped["asked"].to_dict() == pytest.approx({2030: 50, 2031: 110 * 0.375 + 15, 2032: 62})
    assert capped["allowed"].to_dict() == pytest.approx({2030: 30, 2031: 35, 2032: 40})
    assert result.record["notes"] == [
        "Capacity limit to 2032: plan, capped LFP in Europe 2030–2032 (62 GWh asked, 40 allowed in 2032); not limited, "
        "for want of an announced plant: NMC, Na-ion in Europe; LFP in China"
    ]


def test_a_factor_is_the_share_of_the_nameplate_that_is_delivered(run_toy: RunToy) -> None:
    result = run_toy(LIMIT, "scenario.plan.capacity_limit.factor=0.5")
    assert result["capacity_limited"]["allowed"].tolist() == pytest.approx([15, 17.5, 20])
    assert shares(result, "lfp")[2030] == pytest.approx(0.4 * 15 / 50)


def test_a_limit_on_one_may_bring_another_to_its_own(run_toy: RunToy) -> None:
    """China 2030 on shift: Na-ion asks 100 GWh of 25; LFP, not limited there, takes what it gives up."""
    result = run_toy("scenario.shift.capacity_limit={until=2030, rest='nmc811'}", "scenario.shift.label=Shift")
    china = result["market_share"].query("scenario == 'shift' and region == 'China' and year == 2030")
    assert china.set_index("chemistry")["value"].to_dict() == pytest.approx(
        {"lfp": 0.5, "na_layered": 0.125, "nmc811": 0.375}
    )
    europe = result["market_share"].query("scenario == 'shift' and region == 'Europe' and year == 2030")
    assert europe.set_index(["segment", "chemistry"])["value"].to_dict() == pytest.approx(
        {("car", "lfp"): 0.3, ("car", "na_layered"): 0.5, ("car", "nmc811"): 0.2, ("stationary", "na_layered"): 1}
    )


def test_what_is_cut_off_goes_round_only_where_there_is_room(toy: Path) -> None:
    """Europe's cars in 2034, half delivered: LFP asks 42 of 25 GWh, Na-ion and NMC would take the 17 as 2 to 5.

    Na-ion asked 28 and may make 5 itself, so NMC ends with all that is left: 140 − 25 − 5.
    """
    with (toy / "announced_capacity.csv").open("a", encoding="utf-8") as file:
        file.write("Europe,na_layered,2030,10,,,GWh/yr,book,p. 20,model,\n")
    cars = ["scope.segments=['car']", "scope.years=2034", "scenario.plan.capacity_limit={until=2034, factor=0.5}"]
    result = run(toy / "run.toml", cars, toy)
    europe = [shares(result, chemistry)[2034] for chemistry in ("lfp", "na_layered", "nmc811")]
    assert europe == pytest.approx([25 / 140, 5 / 140, 110 / 140])
    capped = result["capacity_limited"].set_index("chemistry")["asked"]
    assert capped.to_dict() == pytest.approx({"LFP": 42, "na_layered": 28 + 17 * 2 / 7})
    with pytest.raises(InputError, match=r"na_layered gives up 0\.08 of car in Europe, 2030 and no chemistry"):
        run(toy / "run.toml", [LIMIT], toy)


def test_shipped_plants_name_a_family_and_a_source(shipped_inputs: Inputs) -> None:
    frame = shipped_inputs["announced_capacity"]
    families = set(shipped_inputs["chemistries"]["family"])
    assert set(frame["chemistry"]) <= families
    assert set(frame["unit"]) == {"GWh/yr"}
    assert (frame["source"] != "assumed").all()
