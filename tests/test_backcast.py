"""A mix asked backwards: the least change to a target by hand, what is kept of a baseline, and what must hold."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import lay_out
from test_mix import YEARS, at_risk, toy

from minerals import api
from minerals.errors import Infeasible, InputError
from minerals.mix.backcast import Question, _kept, add
from minerals.mix.data import MixData
from minerals.mix.session import Session
from minerals.results.result import Result
from minerals.studies.backcast import _held
from minerals.studies.run import run

#: Graphite [kt/GWh].
GRAPHITE = {"lfp": 1.0, "nmc": 0.5, "nmc_si": 0.1}


def asked(data: MixData, baseline: dict[str, float], **keys: Any) -> Session:
    """A model that is asked for less graphite in 2032. baseline: GWh of each year by chemistry."""
    before = {("Here", "car", c, y): gwh for c, gwh in baseline.items() for y in YEARS}
    question = Question(**{"year": 2032, "content": GRAPHITE, "baseline": before, **keys})
    aim = "expected" if data.disruptions else "cost"
    return Session(data, aim, more=lambda model, of: add(model, of, question))


def least(session: Session, objective: str, most: float = np.inf) -> Any:
    with session.within({} if np.isinf(most) else {"target": most}):
        return session.optimum(objective)


def test_what_is_kept_of_a_baseline_as_numbers() -> None:
    """Of 60 GWh of NMC and 30 of LFP, of which cars and storage have 20 and 10; no sodium. A mix with a third of both
    keeps their proportion, and may only fall; one with more of either, or with silicon in sodium cells, does not. The
    year in which nothing was sold asks nothing of proportions."""
    sold = {("car", "nmc"): 60.0, ("car", "lfp"): 20.0, ("store", "lfp"): 10.0}
    baseline = {("Here", *key, 2031): gwh for key, gwh in sold.items()}
    question = Question(2032, GRAPHITE, baseline, held=(frozenset({"nmc", "lfp"}),), blends=(("na", "na_si"),),
                        only_fall=(frozenset({"nmc", "lfp"}),), only_grow=(frozenset({"nmc"}),))  # fmt: skip
    assert question.cells == {("Here", "nmc", 2031): 60, ("Here", "lfp", 2031): 30}

    def kept(year: int = 2031, **gwh: float) -> list[bool]:
        """Proportion, silicon, at most, at least."""
        cells = {("Here", c, year): each for c, each in gwh.items()}
        return list(_kept(SimpleNamespace(cells_of=list(cells), cells=cells), question))

    assert kept(nmc=20.0, lfp=10.0, na=5.0, na_si=0.0) == [True, True, True, False]
    assert kept(nmc=60.0, lfp=30.0, na=5.0, na_si=1.0) == [True, False, True, True]
    assert kept(nmc=70.0, lfp=35.0, na=0.0, na_si=0.0) == [True, True, False, True]
    assert kept(nmc=60.0, lfp=20.0) == [False, True, True]
    assert kept(2032, nmc=1.0, lfp=0.0, na=1.0, na_si=0.0) == [True, False, True]


def ramp() -> Session:
    """NMC begins at 10 % and grows by half a year and a seed of 5; the baseline keeps the 10."""
    data = toy(
        before={("Here", "NMC"): 0.1, ("Here", "LFP"): 0.9}, growth={("Here", "NMC"): 0.5}, seed={("Here", "NMC"): 0.05}
    )
    return asked(data, {"lfp": 90.0, "nmc": 10.0}, new=frozenset({"nmc"}))


def test_the_least_change_begins_early_enough_to_grow() -> None:
    """80 kt are 40 GWh of NMC in 2032, which take 23⅓ in 2031 and 12 2/9 in 2030: 45 5/9 above the baseline. A kt less
    is 2 GWh more in 2032, 4/3 in 2031 and 8/9 in 2030. At most 57.5 GWh can be had, which leave 71.25 kt."""
    found = least(session := ramp(), "change", 80.0)
    assert found.objective == pytest.approx(30 + 40 / 3 + 20 / 9)
    assert -found.dual("target") == pytest.approx(2 + 4 / 3 + 8 / 9)
    assert least(session, "new_cells", 80.0).objective == pytest.approx(30 + 45 + 5 / 9)
    assert least(session, "target").objective == pytest.approx(71.25)


@pytest.mark.parametrize("objective", ["change", "cost", "new_cells"])
def test_a_tighter_target_takes_ever_more(objective: str) -> None:
    session, targets = ramp(), np.linspace(95, 71.25, 12)
    found = [least(session, objective, most).objective for most in targets]
    assert (np.diff(found) >= -1e-6).all()
    assert (np.diff(found, 2) >= -1e-6).all()


def test_the_loss_of_one_year_is_the_part_of_it_in_that_year() -> None:
    """With 80 GWh of NMC Congo takes 30 a year, of which a quarter counts; 5 is the least in any year."""
    session = asked(at_risk(), {"nmc": 80.0, "lfp": 20.0}, content={})
    assert least(session, "target").objective == pytest.approx(5)
    assert least(session, "change", 7.5).objective == pytest.approx(0, abs=1e-9)
    assert least(session, "change", 6.0).objective == pytest.approx(6)


def of_three(**keys: Any) -> Session:
    """LFP, NMC and NMC with silicon, of which the baseline has 50, 40 and 10."""
    each = [("Here", "car", c, y) for c in GRAPHITE for y in YEARS]
    data = replace(
        toy(), chemistries=tuple(GRAPHITE), sold=tuple(each), family={"lfp": "LFP", "nmc": "NMC", "nmc_si": "Si"},
        line=dict.fromkeys(GRAPHITE, "one"), price={(r, c, y): 70.0 for r, _, c, y in each},
    )  # fmt: skip
    return asked(data, keys.pop("baseline", {"lfp": 50.0, "nmc": 40.0, "nmc_si": 10.0}), **keys)


@pytest.mark.parametrize(("keys", "kt"), [
    ({}, 10.0),
    ({"blends": [("nmc", "nmc_si")]}, 0.8 * 50 + 0.2 * 10),
    ({"held": [frozenset({"nmc", "nmc_si"})]}, 0.8 * 50 + 0.2 * 10),
    ({"only_fall": [frozenset({"nmc_si"})]}, 90 * 0.5 + 1),
    ({"only_fall": [frozenset({"nmc", "nmc_si"})]}, 50 + 5),
    ({"only_grow": [frozenset({"lfp"}), frozenset({"nmc"})]}, 50 + 20 + 1),
    ({"blends": [("nmc", "nmc_si")], "baseline": {"lfp": 100.0}}, 50.0),
])  # fmt: skip
def test_what_is_kept_of_the_baseline(keys: dict[str, Any], kt: float) -> None:
    """The least graphite of 100 GWh: all with silicon, unless that keeps its part, or is no more than it was."""
    assert least(of_three(**keys), "target").objective == pytest.approx(kt)


# --- the study -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out(tmp_path_factory.mktemp("backcast") / "tables", "toy", "toy_whole")


def study(folder: Path, *sets: str, run_file: str = "chosen.toml", **keys: object) -> Result:
    text = ", ".join(f"{key}={value}" for key, value in {"kind": "'backcast'", **keys}.items())
    return run(folder / run_file, [f"study={{{text}}}", *sets], folder)


@pytest.fixture(scope="module")
def found(folder: Path) -> Result:
    return study(folder, mineral="'graphite'", change=[-0.5, -0.05, -0.1])


def test_what_can_just_be_reached_is_no_target_out_of_reach(folder: Path) -> None:
    """No mix need have silicon."""
    told = study(folder, mineral="'silicon'", kt=[0.5, 0.0])["backcast"]
    assert told["status"].tolist() == ["no target", "met", "just reached"]
    assert told["value"].tolist()[-1] == pytest.approx(0, abs=2e-5)


def test_less_graphite_in_the_toy_that_is_solved_by_hand(found: Result) -> None:
    """The plan has 60 GWh of LFP and 60 of NMC, with 60 and 54 kt. Cobalt lasts for 48 of NMC, so that 12 GWh change in
    any mix: least in cost where they are LFP, but then another target would be met by as much LFP less, so all that is
    told of the mix is what the target does to it. From 12 GWh of Na-ion on a kt less is a GWh more; 17.5 can be had."""
    told = found["backcast"].set_index("target")
    assert told["status"].tolist() == ["no target", "met", "met", "out of reach"]
    assert told["amount"].tolist()[1:] == pytest.approx([0.95 * 114, 0.9 * 114, 0.5 * 114])
    assert told.loc[-0.05, ["least", "change", "marginal"]].tolist() == pytest.approx([12, 12, 0])
    assert told.loc[-0.1, ["value", "least", "marginal"]].tolist() == pytest.approx([102.6, 12.6, 1])
    assert told.loc[-0.5, ["value", "least"]].tolist() == pytest.approx([114 - 0.9 * 12 - 5.5, 17.5], rel=6e-5)
    assert np.isnan(told.loc[-0.5, "marginal"])
    assert told["marginal_from"].tolist() == ["", "dual", "dual", ""]
    family = found["backcast_family"].query("target == -0.1 and year == 2031").set_index("family")
    assert family["value"].to_dict() == pytest.approx({"LFP": 59.4, "NMC": 48, "Na-ion": 12.6})
    assert family["baseline"].to_dict() == pytest.approx({"LFP": 60, "NMC": 60, "Na-ion": 0})
    assert (family["low"] <= family["share"]).all()
    assert (family["share"] <= family["high"]).all()


@pytest.mark.slow
def test_the_dual_predicts_a_target_that_is_tighter_by_a_hundredth(folder: Path, found: Result) -> None:
    row = found["backcast"].set_index("target").loc[-0.1]
    further = study(folder, mineral="'graphite'", kt=[0.99 * float(row["amount"])])["backcast"].iloc[1]
    assert further["least"] == pytest.approx(row["least"] + 0.01 * row["amount"] * row["marginal"], rel=1e-6)


def test_a_plain_run_with_the_shares_of_a_point_has_as_much_of_the_mineral(folder: Path, found: Result) -> None:
    family = found["backcast_family"].query("target == -0.1 and year == 2031").set_index("family")["share"]
    codes = {"nmc811": "NMC", "lfp": "LFP", "na_layered": "Na-ion"}
    shares = ", ".join(f"{code} = {float(family[name])!r}" for code, name in codes.items())
    sets = [f"scenario.plan.share.{segment}.2031={{{shares}}}" for segment in ("car", "stationary")]
    plain = run(folder / "whole.toml", sets, folder)["mineral_demand"]
    kt = plain.query("year == 2031 and mineral == 'graphite' and scenario == 'plan'")["value"].sum()
    assert kt == pytest.approx(found["backcast"].set_index("target").loc[-0.1, "value"], rel=1e-6)
    assert kt == pytest.approx(0.9 * 114, rel=1e-6)


@pytest.mark.slow
def test_without_a_target_nothing_of_the_chosen_mix_changes(folder: Path) -> None:
    told = study(folder, mineral="'graphite'", kt=[97.8], baseline="'optimised'")["backcast"]
    assert told["change"].tolist() == pytest.approx([0, 0], abs=1e-6)
    assert told["value"].tolist() == pytest.approx([97.7, 97.7])


@pytest.mark.parametrize(("beyond", "status"), [
    (2e-5, "met"), (1e-5, "met"), (5e-6, "just reached"), (0.0, "just reached"), (-5e-8, "just reached"),
    (-2e-7, "out of reach"), (-0.5, "out of reach"),
])  # fmt: skip
@pytest.mark.parametrize(("most", "unit"), [(200.0, 200.0), (0.25, 1.0), (0.0, 1.0), (-3.0, 3.0)])
def test_a_target_at_the_most_that_can_be_is_just_reached(most: float, unit: float, beyond: float, status: str) -> None:
    """Its mix keeps a hundred-thousandth away from the end, of it or of one kt, where the solver finds no second."""
    found, amount = _held(most + beyond * unit, most)
    assert found == status
    assert amount == pytest.approx(most + max(beyond, 1e-5) * unit, rel=1e-12, abs=1e-12)


@pytest.mark.slow
def test_a_coverage_is_a_loss_that_is_no_larger(folder: Path) -> None:
    """A stop leaves 109.108… of 120 GWh of the cheapest mix, and never more than 111.38. With n of NMC 0.6 (102.5 − 0.1
    n) − 50 GWh are lost: 10 where n is 25."""
    told = study(folder, coverage=[0.9, 1 - 10 / 120, 1], least="'cost'")["backcast"]
    assert told["status"].tolist() == ["no target", "met", "met", "out of reach"]
    assert told["amount"].tolist()[1:] == pytest.approx([12, 10, 0])
    assert told["value"].tolist()[2:] == pytest.approx([10, 8.62], rel=2e-5)
    same = study(folder, lost=[10], least="'cost'")["backcast"].iloc[1]
    assert same["least"] == pytest.approx(told["least"].iloc[2])
    assert told["lost"].tolist() == pytest.approx(told["value"].tolist()), "one year is decided"


@pytest.mark.slow
def test_the_study_goes_on_where_it_was_with_any_number_of_workers(folder: Path, tmp_path: Path) -> None:
    text = "study={kind='backcast', mineral='graphite', change=[-0.05, -0.1, -0.12]%s}"

    def compute(to: str, more: str = "", **keys: Any) -> Result:
        return api.run(folder / "chosen.toml", set=[text % more], inputs=folder, out=tmp_path / to, **keys)

    def stop(done: int, _: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    compute("one")
    with pytest.raises(KeyboardInterrupt):
        compute("two", progress=stop)
    assert (tmp_path / "two.partial" / "points" / "points.jsonl").read_text(encoding="utf-8").count("\n") >= 2
    compute("two", ", workers=2")
    assert not (tmp_path / "two.partial").exists()
    for table in ("backcast", "backcast_family"):
        one, two = ((tmp_path / name / "tables" / f"{table}.csv").read_bytes() for name in ("one", "two"))
        assert one == two


@pytest.mark.parametrize(("run_file", "sets", "message"), [
    ("whole.toml", (), "begins from a mix that is chosen; add .optimise."),
    ("chosen.toml", ("optimise.unmet=true",), "needs a mix that meets all"),
    ("chosen.toml", ("study.kt=[100]",), "with change, kt: needs the levels of one target"),
    ("chosen.toml", ("study.change=[]",), "with no target"),
    ("chosen.toml", ("study.mineral=''",), "is of a mineral; name it"),
    ("chosen.toml", ("study.change=[]", "study.lost=[1]"), "is of no mineral"),
    ("chosen.toml", ("study.mineral='grafite'",), "did you mean 'graphite'"),
    ("chosen.toml", ("study.change=[-25]",), "looks like a percentage"),
    ("chosen.toml", ("study.year=2030",), "is observed; the mix is chosen from 2031 on"),
    ("chosen.toml", ("study.baseline='other'",), "scenarios: plan, optimised"),
    ("chosen.toml", ("study.held=['LPF']",), "did you mean 'LFP'"),
    ("chosen.toml", ("study.least='new'",), "name families or chemistries as new"),
])  # fmt: skip
def test_what_the_study_needs_is_said(folder: Path, run_file: str, sets: tuple[str, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        run(folder / run_file, ["study={kind='backcast', mineral='graphite', change=[-0.1]}", *sets], folder)


@pytest.mark.slow
def test_what_no_mix_keeps_is_said(folder: Path) -> None:
    """Cobalt lasts for 48 of the 60 GWh of NMC that the plan has."""
    with pytest.raises(Infeasible, match=r"only_grow = \['NMC'\], silicon = 'held': no mix keeps to that"):
        study(folder, mineral="'graphite'", change=[-0.1], only_grow=["NMC"])


@pytest.mark.slow
@pytest.mark.long
def test_less_graphite_in_europe() -> None:
    """In cost; the least change takes minutes there, and toys hold it. Every target is met, or told with the most that
    can be; more takes ever more; with silicon never more than without; and what one kt more is told to take is what it
    takes."""
    sets = ["study.least='cost'", "study.change=[-0.1, -0.25, -0.2525, -0.9]", "study.workers=2"]
    result = api.run("europe-backcast", set=sets)
    by_silicon: dict[str, pd.DataFrame] = {}
    for silicon, part in result["backcast"].groupby("silicon"):
        told = by_silicon[str(silicon)] = part.set_index("target").drop(index=np.nan)
        assert told["status"].tolist() == ["met"] * 3 + ["out of reach"]
        met = told[told["status"] == "met"]
        assert (met["value"] <= met["amount"] * (1 + 1e-6)).all()
        least, kt = np.append(met["least"], told["least"].iloc[-1]), np.append(met["amount"], told["value"].iloc[-1])
        slope = np.diff(least) / -np.diff(kt)
        assert (slope >= 0).all()
        assert (np.diff(slope) >= -1e-6 * slope.max()).all()
        # Where the dual holds the next quarter of a point costs as much, and a step of 1 % is no dearer than it tells.
        near = met.loc[-0.25]
        further = (met.loc[-0.2525, "least"] - near["least"]) / (near["amount"] - met.loc[-0.2525, "amount"])
        assert further <= near["marginal"] * 1.01
        assert near["marginal_from"] == "step" or further == pytest.approx(near["marginal"], rel=0.01)
    assert (by_silicon["free"]["least"] <= by_silicon["held"]["least"] * (1 + 1e-6)).iloc[:-1].all()
    family = result["backcast_family"].query("year == 2035")
    assert (family["low"] <= family["share"]).all()
    assert (family["share"] <= family["high"]).all()
    silicon = family.query("family == 'Si-anode'").groupby("silicon")["value"].max()
    assert silicon["held"] == 0 < silicon["free"]
