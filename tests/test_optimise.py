"""Chosen mixes of small real runs: what is told is replayed, plays back as a plain run, and keeps every limit.

Limits are computed again from the tables of the result and the input files, never from the model.
"""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from minerals import api
from minerals.case import optimise as optimise_module
from minerals.case.cost import pack_prices
from minerals.case.draws import drawn_of
from minerals.case.intensity import with_intensity
from minerals.case.mix_data import sourcing
from minerals.case.mix_lost import replayed
from minerals.case.optimise import Mix
from minerals.case.outcome import Outcome
from minerals.case.played import Library
from minerals.case.prices import price_curves
from minerals.case.set_up import chokepoints_of
from minerals.config import read_run
from minerals.errors import NumericalTrouble
from minerals.numbers import number
from minerals.pipeline import prepared
from minerals.results.result import Result
from minerals.results.screen_mix import mix as screen_mix
from minerals.shipped import inputs_folder, runs_folder
from minerals.tables.inputs import read_inputs
from minerals.tables.mix import mix_inputs
from minerals.tables.resolve import resolve

pytestmark = pytest.mark.slow

SMALL = """
title = "A small mix"

[scope]
regions  = ["Europe"]
years    = { first = 2029, last = 2032 }
segments = ["car"]

[scenario.incumbent]
label    = "Incumbent"
demand   = "stated-policies"
adoption = "stated-trend"

[flows]

[exposure]
demand   = "stated-policies"
adoption = "stated-trend"

[prices]
demand   = "stated-policies"
adoption = "stated-trend"
against  = "China"

[optimise]
scenario  = "incumbent"
own_share = { 2030 = 0.4 }
cost_cap  = "off"
near      = 0
ranges    = "off"
frontier  = "off"

[output]
charts = []
"""
SHORT = "scope.years.last=2031"
#: How far a mix may move, of which a run file that says nothing gets all but some of the ranges.
NEARLY = ("optimise.near=0.01", "optimise.ranges='all'", "optimise.frontier='certified'")
#: Every disruption that is played by default but the one that closes every node.
STAGES = (
    "exposure.disruptions=['china-graphite-anode', 'china-lfp-cathode', 'china-nmc-cathode', "
    "'china-lithium-chemicals', 'drc-cobalt-quota']"
)
STOCK = "exposure.stockpile_months=3"
TWO = ("scope.regions=['Europe', 'United States']", SHORT)
CLOSING = ("scope.regions=['Europe', 'United States', 'China']", SHORT, STOCK)
#: Where the world is to need little of what NMC takes, less is within reach than NMC alone would need.
UNMET = ("optimise.unmet=true", "optimise.chemistries=['NMC']", "exposure.adoption='lfp-led'", SHORT)
NONE_MET = ("optimise.unmet=true", "optimise.chemistries=['LFP']", "optimise.growth='off'",
            "scope.segments=['car', 'electronics']", SHORT)  # fmt: skip
SOFT = ("optimise.one_country='soft'", "optimise.one_country_price=100", "optimise.objective='cost'", SHORT)
EXCLUDED = ("optimise.exclude='countries-of-concern'", "optimise.exclude_stages=['cell']",
            "optimise.exclude_since=2031", "exposure.future='announced'")  # fmt: skip
RECYCLED = ("optimise.recycled_content=true", "optimise.growth='off'", "optimise.objective='cost'", SHORT)
WEIGHTED = ("optimise.objective='weighted'", "optimise.weights={expected=1, cost=0.001}", SHORT)
ANODE = ("exposure.disruptions=['china-graphite-anode']",)
FREE = ("optimise.growth='off'", "optimise.performance='off'", "optimise.commercial='off'", "optimise.lines=false",
        "optimise.own_share={}", "optimise.objective='cost'", "scope.segments=['car', 'electronics']",
        SHORT)  # fmt: skip
#: What limits may be off by: what a solver leaves of them.
LEFT = 1e-6


@dataclass(frozen=True)
class Chosen:
    """A run with [optimise]: its result, what the model says of it, and the folder in which it is written."""

    result: Result
    mix: Mix
    folder: Path

    @property
    def decided(self) -> list[int]:
        """Years in which the model chooses."""
        return list(self.result.record["mix"]["years"])

    @property
    def objective(self) -> float:
        """The best value of the objective."""
        return float(self.table("mix_stage", stage="objective")["value"].iloc[0])

    def table(self, name: str, **where: object) -> pd.DataFrame:
        """Rows of a table; of a scenario's, those of the chosen mix."""
        frame = self.result[name]
        if "scenario" in frame:
            where = {"scenario": "optimised", **where}
        for column, label in where.items():
            frame = frame[frame[column] == label]
        return frame

    def later(self, name: str, **where: object) -> pd.DataFrame:
        """Rows of a table in the years that are decided."""
        frame = self.table(name, **where)
        return frame[frame["year"].isin(self.decided)]


@pytest.fixture(scope="module")
def choose(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Chosen]:
    """Computes and writes the small run with changes; once for each set of them."""

    @cache
    def once(*sets: str, inputs: Path | None = None) -> Chosen:
        place = tmp_path_factory.mktemp("mix")
        (place / "small.toml").write_text(SMALL, encoding="utf-8")
        kept: list[Mix] = []
        real = optimise_module.optimise

        def watched(*given: Any, **more: Any) -> Mix:
            kept.append(real(*given, **more))
            return kept[-1]

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(optimise_module, "optimise", watched)
            result = api.run(place / "small.toml", set=sets, inputs=inputs, out=place / "out")
        return Chosen(result, kept[0], place / "out")

    return once


@pytest.fixture(scope="module")
def plenty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped inputs with twenty times the supply, whether published or the need of the world ÷ utilisation."""
    folder = tmp_path_factory.mktemp("plenty") / "inputs"
    shutil.copytree(inputs_folder(), folder)
    for name, column in (("supply_utilisation.csv", "value"), ("battery_supply.csv", "available")):
        frame = pd.read_csv(folder / name, dtype=str, keep_default_na=False)
        if column == "value":
            frame[["value", "low", "high"]] = "0.05", "0.05", "0.05"
        else:
            frame["value"] = [str(20 * float(value)) for value in frame["value"]]
            frame[["low", "high"]] = ""
        frame.to_csv(folder / name, index=False, lineterminator="\n")
    corrections = pd.read_csv(folder / "corrections.csv", dtype=str, keep_default_na=False)
    corrections.query("table != 'battery_supply'").to_csv(folder / "corrections.csv", index=False, lineterminator="\n")
    # So much is not plausible, and meant: the tables say so by ends of their own.
    descriptor = folder / "datapackage.json"
    package = json.loads(descriptor.read_text(encoding="utf-8"))
    for resource in package["resources"]:
        if resource["name"] in ("supply_utilisation", "battery_supply"):
            resource["minerals"] |= {"most": 1e7, "because": "twenty times the supply"}
    descriptor.write_text(json.dumps(package), encoding="utf-8")
    return folder


# --- what is told of losses is replayed ------------------------------------------------------------------------------

REPLAYED = {
    "expected": (),
    "worst": ("optimise.risk='worst'", STAGES),
    "cvar": ("optimise.risk='cvar'", "optimise.level=0.7", STAGES),
    "with a stockpile": (STOCK,),
    "two regions": TWO,
    "one of the regions closes": CLOSING,
    "demand goes unmet": UNMET,
    "all demand of a use goes unmet": NONE_MET,
    "nearly as good": (*NEARLY, "optimise.cost_cap=0.05"),
    "nearly as good by the worst case": (*NEARLY, "optimise.risk='worst'", STAGES, SHORT),
    "nearly as good in two regions": (*NEARLY, *TWO),
    "nearly as good where demand goes unmet": (*NEARLY, *UNMET),
}


def risk(table: pd.DataFrame, kind: str, level: float) -> float:
    """A measure of losses by disruption with their likelihoods; the CVaR as the mean of the worst 1 − level."""
    table = table[table["weight"] > 0].sort_values("value", ascending=False)
    share = (table["weight"] / table["weight"].sum()).to_numpy()
    if kind == "worst":
        return float(table["value"].max())
    within = np.ones(len(table)) if kind == "expected" else np.diff(np.minimum(np.append(0, share.cumsum()), 1 - level))
    weights = share if kind == "expected" else within / (1 - level)
    return float((weights * table["value"]).sum())


@pytest.mark.parametrize("case", REPLAYED)
def test_every_loss_is_that_of_a_replay(case: str, choose: Callable[..., Chosen]) -> None:
    """What disruptions cost the scenario `optimised`, short and at risk, and what is not planned at all; no loss is
    above the model's, and the objective is the model's."""
    found = choose(*REPLAYED[case])
    planned = found.later("cells")["value"].sum()
    unmet = found.later("cells", scenario="incumbent")["value"].sum() - planned
    assert (unmet > 1) == ("unmet" in case)
    told = found.table("mix_loss").set_index("disruption")
    assert len(told) >= 5
    for scenario, column, more in (("optimised", "value", unmet), ("incumbent", "incumbent", 0.0)):
        played = found.later("disruptions", scenario=scenario)
        lost = (played["shortage"] + played["at_risk_best"]).groupby(played["disruption"]).sum() + more
        assert lost.reindex(told.index).to_numpy() == pytest.approx(told[column].to_numpy(), rel=LEFT, abs=LEFT)
    held = found.mix.solution.losses
    assert list(held) == list(told.index[told["weight"] > 0])
    for name, loss in held.items():
        assert told.loc[name, "value"] <= loss + LEFT * planned
    asked, mix = found.result.record["config"]["optimise"], found.result.record["mix"]
    played = risk(told.reset_index(), asked["risk"], asked["level"])
    assert played == pytest.approx(mix["value"], rel=LEFT, abs=LEFT)
    assert mix["best"] == pytest.approx(found.objective, rel=1e-9)
    room = asked["near"] * max(found.objective, 1e-4 * mix["wanted"])
    assert found.objective * (1 - LEFT) - LEFT <= played <= (found.objective + room) * (1 + LEFT) + LEFT


@pytest.mark.parametrize("case", ["expected", "worst", "cvar"])
def test_the_objective_stands_beside_the_incumbent_s(case: str, choose: Callable[..., Chosen]) -> None:
    """The same measure of what the same disruptions cost both, on the screen too."""
    found = choose(*REPLAYED[case])
    asked = found.result.record["config"]["optimise"]
    losses = found.table("mix_loss").drop(columns="value").rename(columns={"incumbent": "value"})
    before = risk(losses, asked["risk"], asked["level"])
    assert before > found.objective
    assert found.result.record["mix"]["incumbent_value"] == pytest.approx(before)
    lines = [line for block in screen_mix(found.result) for line in block]
    head, theirs = (next(line for line in lines if line.startswith(start)) for start in ("Mixes of", "Incumbent"))
    assert f"{found.result.record['mix']['objective']}, GWh" in head
    of_incumbent = found.table("mix_baseline", mix="incumbent")["exposure"].iloc[0]
    assert of_incumbent == pytest.approx(before, rel=LEFT)
    assert f" {number(of_incumbent)} " in theirs


def test_what_counts_no_losses_has_no_incumbent_beside_it(choose: Callable[..., Chosen]) -> None:
    found = choose("optimise.objective='cost'", SHORT)
    assert found.result.record["mix"]["incumbent_value"] is None
    assert any(
        re.match(r"Mixes of 2030–2031 +cost, million USD_2025 ", line)
        for block in screen_mix(found.result) for line in block
    )  # fmt: skip


def test_a_region_that_closes_has_a_pool_of_its_own(choose: Callable[..., Chosen]) -> None:
    played = choose(*CLOSING).later("disruptions", year=2031).set_index(["disruption", "region"])["at_risk_best"]
    assert played["china-graphite-anode", "China"] == 0
    assert played["china-graphite-anode", "Europe + United States"] > 50
    assert ("drc-cobalt-quota", "China + Europe + United States") in played.index


def test_the_worst_case_is_of_disruptions_with_a_likelihood(choose: Callable[..., Chosen]) -> None:
    found = choose("optimise.risk='worst'", SHORT)
    assert risk(found.table("mix_loss"), "worst", 0.0) == pytest.approx(found.objective, rel=LEFT)


WEIGHTS = {
    "a risk and the cost": "{expected=1, cost=0.005}",
    "every goal": "{expected=1, worst=0.2, cvar=0.3, concentration=0.1, cost=0.002}",
    "no risk": "{concentration=1, cost=0.01}",
}


@pytest.mark.parametrize("case", WEIGHTS)
def test_a_weighted_sum_is_that_of_a_replay(case: str, choose: Callable[..., Chosen]) -> None:
    """Risks of what is lost when the mix is played, its cost, and its GWh times what they are exposed."""
    found = choose("optimise.objective='weighted'", f"optimise.weights={WEIGHTS[case]}", SHORT)
    asked = found.result.record["config"]["optimise"]
    measure = found.mix.data.measure
    parts = {kind: risk(found.table("mix_loss"), kind, asked["level"]) for kind in ("expected", "worst", "cvar")}
    parts["cost"] = found.table("mix_cost", mix="optimised")["value"].sum()
    wanted = found.mix.data.demand
    shares = found.later("mix_share").query("value > 0")
    rows_of = zip(*(shares[name] for name in ("region", "segment", "chemistry", "year", "value")), strict=True)
    parts["concentration"] = sum(
        share * wanted[r, s, y] * measure[c, y] for r, s, c, y, share in rows_of if measure
    )  # fmt: skip
    told = sum(weight * parts[name] for name, weight in asked["weights"].items())
    assert told == pytest.approx(found.objective, rel=LEFT)


def again(found: Chosen, **asked: Any) -> dict[str, float]:
    """The replay of a mix for which something else had been asked."""
    inputs = read_inputs(inputs_folder())
    resolved = with_intensity(resolve(found.mix.onto(found.mix.run), inputs), inputs)
    assembly = copy(found.mix.assembly)
    assembly.config = assembly.config.model_copy(update=asked)
    return replayed(replace(found.mix, assembly=assembly), Library(chokepoints_of(Outcome(resolved), inputs)))


def test_a_replay_that_is_not_what_the_model_says_is_a_bug(choose: Callable[..., Chosen]) -> None:
    """Another weight is another sum, and a cap below what is lost is missed."""
    weights = {"expected": 1.0, "cost": 0.005}
    found = choose("optimise.objective='weighted'", f"optimise.weights={WEIGHTS['a risk and the cost']}", SHORT)
    lost = risk(found.table("mix_loss"), "expected", 0)
    assert again(found) == pytest.approx(again(found, exposure_cap=lost))
    for other in ({"weights": {**weights, "expected": 1.001}}, {"weights": {**weights, "cost": 0.00501}}):
        with pytest.raises(NumericalTrouble, match="the objective of the chosen mix is"):
            again(found, **other)
    with pytest.raises(NumericalTrouble, match=r"exposure_cap is .*this is a bug"):
        again(found, exposure_cap=0.99 * lost)


def test_a_replay_keeps_the_cap(choose: Callable[..., Chosen]) -> None:
    """Of each risk, where the cheapest mix would lose more."""
    for kind in ("expected", "worst", "cvar"):
        least = choose(f"optimise.risk='{kind}'", SHORT).objective
        cap = 1.05 * least
        found = choose("optimise.objective='cost'", f"optimise.risk='{kind}'", f"optimise.exposure_cap={cap!r}", SHORT)
        level = found.result.record["config"]["optimise"]["level"]
        assert least < risk(found.table("mix_loss"), kind, level) <= cap * (1 + LEFT)
        with pytest.raises(NumericalTrouble, match="exposure_cap"):
            again(found, exposure_cap=least)


# --- countries that are one supplier ---------------------------------------------------------------------------------

ONE_SUPPLIER = {
    "at risk": (SHORT, "optimise.near=0.01"),
    "priced excess": SOFT,
    "who is excluded": (*EXCLUDED, SHORT, "optimise.near=0.01"),
}


@pytest.mark.parametrize("small", [0.02, 2.0])
@pytest.mark.parametrize("case", ONE_SUPPLIER)
def test_which_countries_are_one_supplier_does_not_matter(
    case: str, small: float, choose: Callable[..., Chosen], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With those of less than a fiftieth of a node, or every one, as one supplier instead of those of less than a
    tenth: the same objective and cost, and, of the mix that stands for those nearly as good, the same breaches of the
    rule on one third country. Where breaches have a price it is their sum that is the same: breaches that cost as much
    are a tie, which versions of HiGHS break otherwise."""
    usual = choose(*ONE_SUPPLIER[case]).result
    (tmp_path / "small.toml").write_text(SMALL, encoding="utf-8")
    monkeypatch.setattr(sourcing, "SMALL", small)
    other = api.run(tmp_path / "small.toml", set=ONE_SUPPLIER[case])
    best, told = (result["mix_stage"].set_index("stage")["value"] for result in (other, usual))
    for stage in ("cheapest", "objective"):
        assert best[stage] == pytest.approx(told[stage], rel=LEFT)
    breaches = [
        {tuple(row) for row in result["mix_rule"].query("met == 'no'")[["node", "year", "country"]].to_numpy()}
        for result in (other, usual)
    ]
    assert all(breaches)
    if "optimise.one_country='soft'" in ONE_SUPPLIER[case]:
        cost, usual_cost = (result["mix_cost"].set_index(["mix", "part"])["value"] for result in (other, usual))
        assert dict(cost) == pytest.approx(dict(usual_cost), rel=LEFT)
        assert cost["optimised", "excess"] > 0
    else:
        assert breaches[0] == breaches[1]


# --- a mix plays back as a plain run ---------------------------------------------------------------------------------

CHOSEN = ("optimise.makers='chosen'", "optimise.cost_cap=0.05", SHORT)
PLAYED_BACK = {"one region": (), "makers share inputs": CHOSEN,
               "nearly as good": (*NEARLY, SHORT), "two regions": TWO, "demand goes unmet": UNMET,
               "all demand of a use goes unmet": NONE_MET}  # fmt: skip


def same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    """Two tables hold the same labels and, to 1e-6, the same numbers."""
    assert len(one) == len(other) > 0
    for column in one:
        mine, theirs = one[column].to_numpy(), other[column].to_numpy()
        if one[column].dtype.kind == "f":
            assert mine == pytest.approx(theirs, rel=1e-6, abs=1e-9, nan_ok=True), column
        else:
            assert [str(label) for label in mine] == [str(label) for label in theirs], column


@pytest.mark.parametrize("case", PLAYED_BACK)
def test_a_mix_plays_back_as_a_plain_run(
    case: str, choose: Callable[..., Chosen], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From another working directory, `optimised.toml` gives the same GWh, kt, million USD and GWh at risk."""
    found = choose(*PLAYED_BACK[case])
    monkeypatch.chdir(tmp_path)
    played = api.run(found.folder / "optimised.toml")
    assert played.scenarios == ["optimised"]
    assert "mix" not in played.record
    for name in ("cells", "mineral_demand", "mineral_flows", "in_use_stock", "production_lines", "battery_cost",
                 "disruptions", "gwh_at_risk", "sourcing"):  # fmt: skip
        same(found.table(name), played[name])
    assert not list(tmp_path.iterdir())


def test_makers_outside_the_run_share_their_inputs(choose: Callable[..., Chosen]) -> None:
    """What is told of the mix is what the model says, between its ends; its draws begin at that, and the screen says
    that it hangs on whom they serve first."""
    found = choose(*CHOSEN)
    chokepoints = prepared(read_run(found.folder / "optimised.toml"), read_inputs(inputs_folder())).chokepoints
    assert chokepoints is not None
    assert found.mix.data.inputs
    assert chokepoints.orders == {"optimised": "alike"}
    about = found.result.record["mix"]
    lost = about["by_maker_inputs"]
    assert lost["first"] < lost["alike"] < lost["last"]
    assert lost["alike"] == pytest.approx(about["value"], rel=LEFT)
    (told,) = (line for block in screen_mix(found.result) for line in block if line.startswith("Whom makers"))
    assert all(number(gwh) in told for gwh in lost.values())
    drawn, year = drawn_of(chokepoints, 3, 1), chokepoints.years.index(2031)
    rows = found.table("disruptions", year=2031).set_index("disruption")["lost_best"]
    events = chokepoints.inputs.events
    for event, each in zip(events, drawn.lost(events, ("Europe",), year), strict=True):
        assert each["optimised"].batteries[0] == pytest.approx(rows[event.disruption], rel=LEFT, abs=LEFT)


def test_packs_cost_what_the_cells_of_the_mix_cost(choose: Callable[..., Chosen]) -> None:
    """But for the capital of lines, which is sunk or paid by those that are built, and in all packs without lines."""
    for sets in ((), TWO, UNMET, ("optimise.lines=false",)):
        found = choose(*sets)
        packs = found.table("mix_cost", mix="optimised", part="packs")["value"].iloc[0]
        data, charge = found.mix.data, found.mix.assembly.lines.charge
        capital = sum(
            charge.get((r, data.line[c]), 0.0) * gwh for (r, _, c, _), gwh in found.mix.solution.additions.items()
        )
        assert bool(capital) == ("optimise.lines=false" not in sets)
        assert found.later("battery_cost")["value"].sum() == pytest.approx(packs + capital, rel=1e-6)


HISTORIES = {
    "a share that tables give": "scenario.incumbent.share.car.2024={lfp=0.5, nmc811=0.5, nmc111=0, nmc532=0, nmc622=0, "
    "nmc721=0, nmca=0, nca=0, lmo=0}",
    "a limit of capacity": "scenario.incumbent.capacity_limit={until=2030, factor=0.2}",
    "a path that has begun": "scenario.incumbent.diffusion.car.lfp="
    "{curve='logistic', ceiling=0.9, midpoint=2028, speed=1, start=2026}",
}


@pytest.mark.parametrize("case", HISTORIES)
def test_the_mix_begins_where_the_incumbent_is(case: str, choose: Callable[..., Chosen]) -> None:
    """Its history is the incumbent's also where the run file changes it: the same batteries come back."""
    found = choose(HISTORIES[case], SHORT)
    for name in ("cells", "in_use_stock", "mineral_flows"):
        mine, theirs = (found.table(name, scenario=s, year=2029) for s in ("optimised", "incumbent"))
        mine, theirs = (t[t["value"] > 0].drop(columns="scenario").reset_index(drop=True) for t in (mine, theirs))
        same(mine, theirs)


# --- what must hold of any choice ------------------------------------------------------------------------------------


def test_allowing_unmet_demand_never_lowers_the_risk(choose: Callable[..., Chosen]) -> None:
    """Nothing need go unmet, and nothing does."""
    free = choose("optimise.unmet=true")
    assert free.table("mix_stage", stage="unmet_demand")["value"].iloc[0] == pytest.approx(0, abs=LEFT)
    assert free.objective == pytest.approx(choose().objective, rel=LEFT)


def test_more_supply_never_raises_the_risk(choose: Callable[..., Chosen], plenty: Path) -> None:
    """A stockpile; plants that are announced, the more of them are delivered; twenty times the supply."""
    base = choose().objective
    assert choose(STOCK).objective < base
    some, all_ = (choose("exposure.future='announced'", f"exposure.delivery={d}").objective for d in (0.4, 1.0))
    assert all_ < some < base
    assert choose(inputs=plenty).objective < base


def test_where_nothing_limits_the_cheapest_chemistry_fills_each_segment(
    choose: Callable[..., Chosen], plenty: Path
) -> None:
    """Of what suits a segment, at the lower of the prices at home and abroad."""
    found = choose(*FREE, inputs=plenty)
    run, inputs = read_run(found.folder.parent / "small.toml", FREE), read_inputs(plenty)
    candidates, years = found.result.record["mix"]["chemistries"], found.decided
    packs = pack_prices(run, inputs, ["Europe"], candidates, years, price_curves(run, inputs).by_year())
    price = pd.DataFrame(np.minimum(packs.home, packs.abroad)[0], candidates, years)
    need = inputs["segment_need"].query("measure == 'suitable' and value == 0")
    family = inputs["chemistries"].set_index("chemistry")["family"]
    demand = found.later("battery_demand").set_index(["segment", "year"])["value"]
    cost = 0.0
    for segment in ("car", "electronics"):
        barred = set(need.loc[need["segment"] == segment, "chemistry"])
        suits = [c for c in candidates if not {c, family[c]} & barred]
        least = price.loc[suits].min()
        for row in found.later("mix_share", segment=segment).query("value > 0").itertuples():
            assert price.loc[row.chemistry, row.year] == pytest.approx(least[row.year])
        cost += float(sum(demand[segment, year] * least[year] for year in years))
    assert price.loc["lfp"].max() > price.loc["na_layered_nfm"].max()
    # What is made at home is limited by what home makes, so that some is bought where that is dearer.
    assert found.objective >= cost * (1 - LEFT)


def test_against_graphite_alone_what_holds_none_fills_to_its_limits(choose: Callable[..., Chosen]) -> None:
    """Lithium metal and sulfur as fast as they may grow; sodium so too, or as far as its cells are made,
    those of plants that follow among them."""
    found = choose(*ANODE)
    share = by_family(found)
    for family in ("Li-metal", "Li-S"):
        growth, seed = limit(found, "growth", family), limit(found, "seed", family)
        before = share[family].get(2029, 0.0)
        for year in found.decided:
            before = (1 + growth) * before + seed
            assert share[family][year] == pytest.approx(before, rel=LEFT), (family, year)
    bought = found.result["mix_sourcing"].query("node == 'na_ion_cell'").groupby("year")["value"].sum()
    growth, seed = limit(found, "growth", "Na-ion"), limit(found, "seed", "Na-ion")
    before = share["Na-ion"].get(2029, 0.0)
    for year in found.decided:
        made = sum(gwh for (node, _, y), gwh in found.mix.data.supplied.items() if (node, y) == ("na_ion_cell", year))
        made += found.mix.data.follow_on.get(("na_ion_cell", year), 0.0)
        supplied = bought[year] == pytest.approx(made, rel=LEFT)
        at_growth = share["Na-ion"][year] == pytest.approx((1 + growth) * before + seed, rel=LEFT)
        assert at_growth or supplied, year
        before = share["Na-ion"][year]


def test_caps_are_kept_and_the_smallest_works(choose: Callable[..., Chosen]) -> None:
    """A mix within 5 % of the cheapest; and the cheapest with no more at risk than that one has."""
    near = choose("optimise.cost_cap=0.05")
    cost = near.result["mix_cost"].groupby("mix")["value"].sum()
    assert cost["optimised"] == pytest.approx(1.05 * cost["cheapest"], rel=LEFT)
    assert near.objective > choose().objective
    capped = choose("optimise.objective='cost'", f"optimise.exposure_cap={near.objective!r}")
    assert capped.objective == pytest.approx(cost["optimised"], rel=1e-5)
    assert risk(capped.table("mix_loss"), "expected", 0) <= near.objective * (1 + LEFT)


def test_the_screen_holds_the_cost_that_the_cap_holds(choose: Callable[..., Chosen]) -> None:
    """Under a soft rule with the price of the excess in both mixes, which is told apart as no money paid."""
    sets = ("optimise.one_country='soft'", "optimise.one_country_price=200", SHORT)
    found = choose(*sets, "optimise.cost_cap=0.01")
    cost = found.result["mix_cost"].pivot(index="part", columns="mix", values="value") / 1000
    mine, theirs = (cost[name].sum() for name in ("optimised", "cheapest"))
    assert mine == pytest.approx(1.01 * theirs, rel=LEFT)
    priced = cost.loc["excess"]
    assert 0 < priced["optimised"] < priced["cheapest"], "without it the mix would be more than 1 % dearer"
    said = [line for block in screen_mix(found.result) for line in block]
    at = said.index(
        f"It costs {number(mine)} billion USD_2025, 1.0% more than the cheapest mix within the same limits "
        f"({number(theirs)})."
    )
    assert said[at + 1] == (
        "Both count the price put on what one third country supplies above its share, which is no money paid: "
        f"{number(priced['optimised'])} here, {number(priced['cheapest'])} in the cheapest mix; without it "
        f"{number(mine - priced['optimised'])} and {number(theirs - priced['cheapest'])} are paid."
    )
    assert not any("is no money paid" in line for block in screen_mix(choose(SHORT).result) for line in block)


# --- limits, computed again ------------------------------------------------------------------------------------------


def by_chemistry(found: Chosen, region: str = "Europe") -> dict[str, dict[int, float]]:
    """Share of each chemistry in a region's batteries by year, from shares and demand."""
    shares = found.table("mix_share", region=region).merge(
        found.table("battery_demand", scenario="incumbent", region=region)[["segment", "year", "value"]],
        on=["segment", "year"], suffixes=("", "_gwh"),
    )  # fmt: skip
    whole = shares.drop_duplicates(["segment", "year"]).groupby("year")["value_gwh"].sum()
    gwh = (shares["value"] * shares["value_gwh"]).groupby([shares["chemistry"], shares["year"]]).sum()
    out: dict[str, dict[int, float]] = {}
    for (chemistry, year), value in gwh.items():
        out.setdefault(chemistry, {})[year] = value / whole[year]
    return out


def by_family(found: Chosen, region: str = "Europe") -> dict[str, dict[int, float]]:
    codes = found.result.record["codes"]["chemistry"]
    out: dict[str, dict[int, float]] = {}
    for chemistry, shares in by_chemistry(found, region).items():
        mine = out.setdefault(codes[chemistry]["family"], {})
        for year, share in shares.items():
            mine[year] = mine.get(year, 0.0) + share
    return out


def rows(name: str) -> pd.DataFrame:
    return pd.read_csv(inputs_folder() / f"{name}.csv")


def best(table: pd.DataFrame, names: tuple[str, ...], region: str = "Europe") -> Any:
    """The row of the first name that has one, the region's own before the World's."""
    for name in names:
        for place in (region, "World"):
            here = table[(table["chemistry"] == name) & (table["region"] == place)]
            if len(here):
                return here.iloc[0]
    return None


def limit(found: Chosen, measure: str, family: str, region: str = "Europe") -> float:
    row = best(rows("growth_limit").query("measure == @measure"), (family, "any"), region)
    return float(row["value"])


LIMITED = {"the least at risk": (), "the cheapest": ("optimise.objective='cost'",), "two regions": TWO,
           "one node alone": ANODE}  # fmt: skip


@pytest.mark.parametrize("case", LIMITED)
def test_no_family_and_no_chemistry_grows_or_falls_too_fast(case: str, choose: Callable[..., Chosen]) -> None:
    found = choose(*LIMITED[case])
    codes, candidates = found.result.record["codes"]["chemistry"], found.result.record["mix"]["chemistries"]
    tight = 0
    for region in found.result.record["regions"]:
        groups = {c: (codes[c]["family"], by) for c, by in by_chemistry(found, region).items() if c in candidates}
        groups |= {f: (f, by) for f, by in by_family(found, region).items()}
        for name, (family, share) in groups.items():
            growth, decline, seed = (limit(found, m, family, region) for m in ("growth", "decline", "seed"))
            for year in found.decided:
                before, now = share.get(year - 1, 0.0), share.get(year, 0.0)
                most, least = (1 + growth) * before + seed, (1 - decline) * before
                assert least - LEFT <= now <= most + LEFT, (region, name, year)
                tight += now > most - LEFT or (before > LEFT and now < least + LEFT)
    assert tight > 3


def test_a_grade_with_a_row_of_its_own_is_held_to_it_and_others_to_their_family_s(tmp_path: Path) -> None:
    shutil.copytree(inputs_folder(), tmp_path / "inputs")
    (tmp_path / "small.toml").write_text(SMALL, encoding="utf-8")
    table = tmp_path / "inputs" / "growth_limit.csv"
    written = table.read_text(encoding="utf-8")
    table.write_text(f"{written}lfp_si20,World,growth,0.1,,,1,assumed,,assumed,Slower.\n", encoding="utf-8")
    read = read_run(tmp_path / "small.toml"), read_inputs(tmp_path / "inputs")
    given = mix_inputs(*read, ["Europe"], ["car"], range(2029, 2033))
    assert given.growth["Europe", "lfp_si20"] == 0.1
    assert given.rows["growth", "Europe", "lfp_si20"] == f"growth_limit.csv:{written.count(chr(10)) + 1}"
    assert given.growth["Europe", "lfp"] == given.growth["Europe", "LFP"] != 0.1
    assert given.seed["Europe", "lfp_si20"] == given.seed["Europe", "lfp"]


@pytest.mark.parametrize("case", LIMITED)
def test_no_chemistry_is_sold_before_it_is_there(case: str, choose: Callable[..., Chosen]) -> None:
    found, table = choose(*LIMITED[case]), rows("commercial_year")
    codes = found.result.record["codes"]["chemistry"]
    sold = found.later("mix_share").query("value > 0")
    made = found.result["mix_trade"].query("measure == 'production'")
    assert len(sold) > 10
    for rows_of, own in ((sold, False), (made, True)):
        for row in rows_of.itertuples():
            names = (row.chemistry, codes[row.chemistry]["family"])
            first = best(table, names, row.region if own else "World")
            assert first is None or first["value"] <= row.year, (row.chemistry, row.region)


def test_a_region_imports_what_its_own_plants_do_not_make_yet(choose: Callable[..., Chosen]) -> None:
    """At the high end sodium-ion cells of iron phosphate are made in 2026 and in Europe from 2033 on."""
    others = "optimise.without=['na_layered_nfm', 'na_layered_cfm', 'na_prussian']"
    found = choose("optimise.commercial='high'", others, *ANODE)
    years, trade = rows("commercial_year"), found.table("mix_trade")
    rows_of = years[years["chemistry"] == "na_polyanion"].groupby("region")["high"]
    assert rows_of.max()["World"] < found.decided[0] < found.decided[-1] < rows_of.min()["Europe"]
    trade = trade[trade["chemistry"] == "na_polyanion"].groupby(["measure", "year"])["value"].sum()
    assert (trade["imports"] > 1).all()
    assert "production" not in trade.index.get_level_values("measure")


def performance(chemistry: str, measure: str, year: int) -> float | None:
    """Linear between given years and held beyond them; None where nothing is known."""
    table = rows("chemistry_performance").query("chemistry == @chemistry and measure == @measure").sort_values("year")
    return float(np.interp(year, table["year"], table["value"])) if len(table) else None


@pytest.mark.parametrize("case", LIMITED)
def test_segments_hold_their_floors(case: str, choose: Callable[..., Chosen]) -> None:
    """Wh/kg and Wh/L on average; cycles, cold and suitability of each cell."""
    found, needs = choose(*LIMITED[case]), rows("segment_need").query("segment == 'car'")
    codes = found.result.record["codes"]["chemistry"]
    for (region, year), mix in found.later("mix_share").query("value > 0").groupby(["region", "year"]):
        for need in needs.itertuples():
            values = [performance(c, need.measure, year) for c in mix["chemistry"]]
            if need.measure in ("specific_energy", "energy_density"):
                mean = sum(s * float(v or 0) for s, v in zip(mix["value"], values, strict=True))
                assert mean >= need.value * (1 - LEFT), (region, year, need.measure)
            elif need.measure == "suitable":
                assert need.value or not set(mix["chemistry"]) & {c for c in codes if need.chemistry in
                                                                  (c, codes[c]["family"])}  # fmt: skip
            else:
                assert all(value is None or value >= need.value for value in values)


def embodied(found: Chosen) -> dict[tuple[str, str, int], tuple[float, float]]:
    """What the chosen batteries are made of, wherever it is made, and what recovered material takes off it, by region,
    node and year."""
    data, solution = found.mix.data, found.mix.solution
    cells: dict[Any, float] = {}
    for (region, _, chemistry, year), gwh in solution.additions.items():
        cells[region, chemistry, year] = cells.get((region, chemistry, year), 0.0) + gwh
    out: dict[Any, list[float]] = {}
    for (region, chemistry, node, year), amount in data.use.items():
        if region in data.regions:
            out.setdefault((region, node, year), [0.0, 0.0])[0] += amount * cells.get((region, chemistry, year), 0.0)
    for (mineral, node, year), amount in data.relief.items():
        for region in data.regions:
            if (region, node, year) in out:
                out[region, node, year][1] += amount * solution.secondary.get((region, mineral, year), 0.0)
    return {key: (need, recovered) for key, (need, recovered) in out.items()}


@pytest.mark.parametrize("case", [*LIMITED, "rule on one third country", "excluded suppliers", "demand goes unmet"])
def test_what_is_bought_and_what_is_recovered_add_up_to_the_need(case: str, choose: Callable[..., Chosen]) -> None:
    """Bought of each node, with what recovered material takes off it, is what the mix needs of it."""
    sets = {**LIMITED, "rule on one third country": SOFT, "excluded suppliers": EXCLUDED, "demand goes unmet": UNMET}
    found = choose(*sets[case])
    bought = found.result["mix_sourcing"].groupby(["region", "node", "year"])
    whole, shares = bought["value"].sum(), bought["share"].sum()
    # Suppliers of less than a ten-thousandth are left out.
    assert ((shares > 0.99) & (shares < 1 + LEFT)).all()
    needs = embodied(found)
    checked = 0
    for (region, node, year), value in whole.items():
        need, recovered = needs[region, node, year]
        taken = value / shares[region, node, year]
        assert need - recovered - LEFT * (1 + need) <= taken <= need + LEFT * (1 + need), (node, year)
        if not recovered:
            assert taken == pytest.approx(need, rel=1e-5, abs=1e-5)
        checked += 1
    assert checked > 30


@pytest.mark.parametrize("case", ["one region", "two regions", "demand goes unmet"])
def test_cells_that_trade_makes_at_home_are_those_that_sourcing_has_from_home(
    case: str, choose: Callable[..., Chosen]
) -> None:
    """Year by year and region by region the two tables tell one story, of imports too."""
    found = choose(*PLAYED_BACK[case])
    homes = {
        country: region
        for region, members in found.result.record["region_members"].items()
        for country in str(members).split(";")
    } | {"R_EUR": "Europe", "USA": "United States"}
    trade = found.result["mix_trade"].groupby(["region", "year", "measure"])["value"].sum()
    cells = found.result["mix_sourcing"].query("stage == 'cell'")
    own = cells["country"].map(homes) == cells["region"]
    sourced = cells.assign(measure=own.map({True: "production", False: "imports"}))
    sourced = sourced.groupby(["region", "year", "measure"])["value"].sum()
    assert (trade.xs("production", level="measure") > 1).any()
    assert sourced.reindex(trade.index).to_numpy() == pytest.approx(trade.to_numpy(), rel=1e-4)
    imports = found.result["mix_trade"].query("measure == 'imports'")
    bought = imports.groupby(["region", "country", "year"])["value"].sum()
    told = cells[~own].groupby(["region", "country", "year"])["value"].sum()
    assert (bought.reindex(told.index).fillna(0) - told).abs().max() < 1e-3 * bought.max(), "by country too"


def test_no_third_country_supplies_more_than_its_share_but_what_is_paid_for(choose: Callable[..., Chosen]) -> None:
    """The EU's 65 % from 2030 on, of what is consumed of strategic raw materials: the excess is what is charged."""
    found = choose(*SOFT)
    rule = rows("trade_rule").query("kind == 'maximum_single'").iloc[0]
    strategic = set(rows("nodes").query("strategic_raw_material == 'yes'")["node"])
    home = set(found.result.record["region_members"]["Europe"].split(";")) | {"R_EUR"}
    need = {(node, year): amount for (_, node, year), (amount, _) in embodied(found).items()}
    table = found.result["mix_sourcing"]
    table = table[table["node"].isin(strategic) & ~table["country"].isin(home) & (table["year"] >= rule["year"])]
    table = table[~table["country"].str.startswith("R_")]  # Several countries are not one.
    excess = sum(max(row.value - rule["value"] * need[row.node, row.year], 0.0) for row in table.itertuples())
    paid = found.table("mix_cost", mix="optimised", part="excess")["value"].iloc[0]
    assert paid == pytest.approx(100 * excess, rel=1e-4)
    usual = choose("optimise.objective='cost'", SHORT)
    china = [
        each.result["mix_sourcing"].query("node == 'graphite_anode' and country == 'CHN' and year == 2031")["share"]
        for each in (found, usual)
    ]
    assert china[0].iloc[0] < china[1].iloc[0]
    assert excess > 0


def test_the_rule_on_one_third_country_is_europe_s(choose: Callable[..., Chosen]) -> None:
    found = choose("scope.regions=['Europe', 'United States']", *SOFT)
    assert {key[0] for key in found.mix.solution.excess} == {"Europe"}


def test_excluded_suppliers_deliver_nothing(choose: Callable[..., Chosen]) -> None:
    found, groups = choose(*EXCLUDED), rows("country_group").set_index("group")["country"]
    sourcing = found.result["mix_sourcing"]
    of_group = sourcing[sourcing["country"].isin(groups["countries-of-concern"])]
    cells = of_group[of_group["stage"] == "cell"]
    # In 2030 they may: who of several that cost the same delivers then is chance.
    assert set(cells["year"]) <= {2030}
    assert {year for _, _, country, year in found.mix.data.excluded if country == "CHN"} == {2031, 2032}
    assert set(of_group["year"]) == set(found.decided)


def test_the_tariff_of_a_shipped_run_is_its_rule_s_and_of_one_country(choose: Callable[..., Chosen]) -> None:
    """In us-mix imports from China pay what Section 301 asks, by the rules it names, and no others. In Europe, whose
    gap is known of cells, it is of what an imported cell costs: of an imported pack all but 34/108 of one made at home.
    """
    text = (runs_folder() / "us-mix.toml").read_text(encoding="utf-8")
    named = rows("trade_rule").drop_duplicates("rule").set_index("rule").reindex(re.findall(r"us-[0-9]\w+-\w+", text))
    asked = tomllib.loads(text)
    assert named["value"].notna().all()
    rate = asked["prices"]["tariff"].pop("CHN")
    assert not asked["prices"]["tariff"]
    assert set(named.loc[named["law"] == "Section 301", "value"]) == {rate}
    given = [
        choose(*EXCLUDED, "optimise.makers='chosen'", f"prices.tariff={tariff}").mix
        for tariff in (0.0, f"{{CHN={rate}}}")
    ]
    (free, without), (tariff, with_tariff) = ((mix.data.import_price, mix.data.price) for mix in given)
    assert without == with_tariff
    charge, line = given[0].assembly.lines.charge, given[0].data.line
    assert {"CHN"} < {maker for _, maker, *_ in free}
    for (r, maker, c, y), price in free.items():
        whole = without[r, c, y] + charge[r, line[c]]
        cell = without[r, c, y] + price - whole * 34 / 108
        duty = tariff[r, maker, c, y] - price
        if maker == "follow_on":  # Stands in China in part.
            assert 0 <= duty < cell * rate
        else:
            assert duty == pytest.approx(cell * rate * (maker == "CHN"), abs=1e-9)


def test_the_share_made_at_home_is_held(choose: Callable[..., Chosen]) -> None:
    """From its first year on, linear between those given; of plants that are not sunk, as none are counted."""
    found = choose("optimise.own_share={2030=0.1, 2032=0.5}", "optimise.objective='cost'", "optimise.lines=false")
    trade = found.table("mix_trade").pivot_table(index="year", columns="measure", values="value", aggfunc="sum")
    share = (trade["production"] / trade.sum(axis=1)).to_dict()
    for year, least in {2030: 0.1, 2031: 0.3, 2032: 0.5}.items():
        assert share[year] >= least - LEFT
    assert share[2032] == pytest.approx(0.5)
    cells = found.later("cells").groupby("year")["value"].sum()
    assert trade.sum(axis=1).to_numpy() == pytest.approx(cells.to_numpy(), rel=1e-6)


@pytest.mark.parametrize("loss", ["industry", "all_outside"])
@pytest.mark.parametrize("sets", [(), (*TWO, STAGES)], ids=["one region", "two regions"])
def test_whoever_s_loss_counts_is_played_back(sets: tuple[str, ...], loss: str, choose: Callable[..., Chosen]) -> None:
    """As the model has it, or the run would be refused; and every mix beside is told by each loss: the least exposed by
    one is by no other mix beside it less exposed by that. As if others made all never loses less than supply."""
    found = choose(*sets, f"optimise.loss='{loss}'", "optimise.frontier='certified'")
    assert found.result.record["mix"]["value"] == pytest.approx(risk(found.table("mix_loss"), "expected", 0), rel=LEFT)
    table = found.table("mix_baseline").set_index("mix")
    column = {"industry": "industry_lost", "all_outside": "all_outside"}[loss]
    assert table.loc["chosen", column] == pytest.approx(table.loc["chosen", "exposure"], rel=LEFT, abs=LEFT)
    assert table.loc["least_exposed", column] == pytest.approx(
        table.loc["least_exposed", "exposure"], rel=LEFT, abs=LEFT
    )
    assert table[column].min() >= table.loc["least_exposed", column] - LEFT * table[column].max()
    assert (table["supply_lost"] <= table["all_outside"] + LEFT).all()


def test_as_much_is_built_as_can_be(choose: Callable[..., Chosen]) -> None:
    """Where less is within reach than is wanted, what is not built is what no mix may leave less of unmet; where a
    family counts twice, more of it is built, and by mass no more is missing than of the incumbent."""
    short, sets = choose(*UNMET), UNMET[1:]
    unmet = short.table("mix_stage", stage="unmet_demand")["value"].iloc[0]
    found = choose(*sets, "optimise.objective='built'")
    assert unmet > 1
    assert found.objective == pytest.approx(unmet, rel=LEFT)
    assert found.result.record["mix"]["unmet"] == pytest.approx(unmet, rel=LEFT)

    def gwh(found: Chosen, family: str) -> float:
        table = found.table("mix_family", family=family).merge(
            found.later("cells").groupby("year")["value"].sum(), on="year"
        )
        return float((table["value_x"] * table["value_y"]).sum())

    built = "optimise.objective='built'"
    alike, twice = choose(SHORT, built), choose(SHORT, built, "optimise.weights={NMC=2}")
    assert gwh(twice, "NMC") > gwh(alike, "NMC") + 1
    by_mass = choose(SHORT, "optimise.objective='built_kt'").result["mix_baseline"].set_index("mix")
    assert set(by_mass["exposure_unit"]) == {"kt"}
    assert by_mass.loc["chosen", "exposure"] <= by_mass.loc["incumbent", "exposure"] * (1 + LEFT)


def test_costs_are_discounted_to_the_first_year_decided(choose: Callable[..., Chosen]) -> None:
    """By a row of the inputs or a share; the cheapest mix of all costs less, by no more than the last year would."""
    plain, society, share = (
        choose("optimise.objective='cost'", f"optimise.discount_rate={rate}") for rate in ("'off'", "'society'", "0.04")
    )
    row = pd.read_csv(inputs_folder() / "discount_rate.csv").set_index("perspective").loc["society"]
    assert society.result.record["mix"]["discount_rate"] == row["value"] == 0.04
    assert society.objective == pytest.approx(share.objective, rel=LEFT)
    years = len(plain.decided)
    assert plain.objective / 1.04 ** (years - 1) < society.objective < plain.objective
    used = society.result["inputs_used"]
    assert len(used[used["table"] == "discount_rate"]) == 2, "of society, and of a project, at which lines are paid"


def test_shares_keep_their_limits(choose: Callable[..., Chosen]) -> None:
    """Linear between the years given, and from the first on; where a step of a limit gains, all of it is taken."""

    def share(found: Chosen, family: str) -> pd.Series:
        return found.table("mix_family", family=family).set_index("year")["value"]

    by_cost = "optimise.objective='cost'"
    free = choose(by_cost)
    found = choose(
        by_cost, "optimise.max_share={LFP={2030=0.35, 2032=0.25}}", "optimise.min_share={car.NMC={2032=0.4}}"
    )
    binds = found.table("mix_limit", family="max_share")
    for year, most in {2030: 0.35, 2031: 0.3, 2032: 0.25}.items():
        assert share(free, "LFP")[year] > most
        assert share(found, "LFP")[year] <= most + LEFT
    assert len(binds)
    assert any(
        share(found, "LFP")[year] == pytest.approx(most) for year, most in {2030: 0.35, 2031: 0.3, 2032: 0.25}.items()
    )
    assert share(found, "NMC")[2032] >= 0.4 - LEFT


def test_cells_made_at_home_have_their_lines(choose: Callable[..., Chosen]) -> None:
    """Standing, built and turned over into a kind, less what is turned over from it."""
    lines = choose().result["mix_line"]
    for (kind, year), here in lines[lines["measure"] == "used"].groupby(["line", "year"]):
        past = lines[lines["year"] <= year]
        built = past[(past["measure"] == "built") & (past["line"] == kind)]["value"].sum()
        turned = past[past["measure"] == "retrofitted"]
        into, out = (turned[turned[side] == kind]["value"].sum() for side in ("line", "from_line"))
        there = lines.query("measure == 'standing' and line == @kind and year == @year")["value"].sum()
        assert here["value"].sum() <= (there + built + into - out) * (1 + LEFT) + LEFT, (kind, year)


def test_regions_whose_plants_are_not_known_are_said_to_have_no_limit_on_lines(choose: Callable[..., Chosen]) -> None:
    """Europe has rows of cell_capacity.csv, India has none; without lines none are asked for."""
    both = "scope.regions=['Europe', 'India']"
    caveats = [
        choose(*sets, "optimise.own_share={}", SHORT).result.record["scenarios"]["optimised"]["caveat"]
        for sets in ((both,), (both, "optimise.lines=false"), ())
    ]
    said = "No lines limit what cells are made in India: cell_capacity.csv has no rows of their own."
    assert [said in caveat for caveat in caveats] == [True, False, False]
    found = choose(both, "optimise.own_share={}", SHORT)
    assert set(found.result["mix_line"].query("measure == 'standing'")["region"]) == {"Europe"}
    assert said not in found.result.record["scenarios"]["incumbent"]["caveat"]


def test_trade_of_several_regions_closes_by_chemistry_and_goes_one_way(choose: Callable[..., Chosen]) -> None:
    """What one region imports from another is made there, on its lines, once its plants make it; of two only one sells
    a chemistry to the other."""
    found = choose(*CLOSING)
    data, solution = found.mix.data, found.mix.solution
    sold = {(r, data.home[j], c, y): gwh for (r, j, c, y), gwh in solution.imports.items() if j in data.home}
    assert sum(sold.values()) > 1
    assert not set(sold) & {(seller, buyer, c, y) for buyer, seller, c, y in sold}
    assert not {(seller, c, y) for _, seller, c, y in sold} & data.imported
    made: dict[Any, float] = {}
    for (r, c, y), gwh in [*solution.production.items(), *(((k, c, y), gwh) for (_, k, c, y), gwh in sold.items())]:
        made[r, data.line[c], y] = made.get((r, data.line[c], y), 0.0) + gwh
    used = found.result["mix_line"].query("measure == 'used'")
    assert {(row.region, row.line, row.year): row.value for row in used.itertuples()} == pytest.approx(made)


def test_the_least_recycled_content_is_held(choose: Callable[..., Chosen]) -> None:
    """EU 2023/1542 from 2031 on; without it there would be less of something."""
    targets = (
        rows("recycling_target").query("measure == 'recycled_content' and year == 2031").set_index("item")["value"]
    )
    content = {}
    for name, sets in (("held", RECYCLED), ("free", ("optimise.growth='off'", "optimise.objective='cost'", SHORT))):
        found = choose(*sets)
        taken = found.later("mineral_flows", flow="input", year=2031).groupby("mineral")["value"].sum()
        used = found.table("mix_secondary", year=2031).set_index("mineral")["value"]
        content[name] = {item: used.get(item, 0.0) / taken[item] for item in targets.index if taken.get(item, 0.0) > 0}
    assert content["held"].keys() >= {"lithium"}
    assert all(share >= targets[item] - LEFT for item, share in content["held"].items())
    assert any(share < targets[item] for item, share in content["free"].items())


# --- what is told of the mix -----------------------------------------------------------------------------------------

TOLD = {"the least at risk": (), "the cheapest": ("optimise.objective='cost'",), "two regions": TWO,
        "demand goes unmet": UNMET, "rule on one third country": SOFT, "excluded suppliers": EXCLUDED,
        "a weighted sum": WEIGHTED}  # fmt: skip


@pytest.mark.parametrize("case", TOLD)
def test_shares_lie_in_their_ranges_and_say_whether_they_are_pinned(case: str, choose: Callable[..., Chosen]) -> None:
    found = choose(*NEARLY, *TOLD[case])
    families, chemistries = found.result["mix_family"], found.result["mix_range"]
    for table in (families, chemistries):
        assert (table["low"] <= table["value"] + 1e-9).all()
        assert (table["value"] <= table["high"] + 1e-9).all()
        assert ((table["high"] - table["low"] <= 0.001) == (table["pinned"] == "yes")).all()
    keys = ["region", "family", "year"]
    summed = chemistries.groupby(keys)["value"].sum()
    assert families.set_index(keys)["value"].to_dict() == pytest.approx(summed.to_dict(), abs=1e-4)
    for region in found.result.record["regions"]:
        mine = chemistries[chemistries["region"] == region].set_index(["chemistry", "year"])["value"]
        unmet = case == "demand goes unmet"
        for chemistry, shares in by_chemistry(found, region).items():
            for year in () if unmet else found.decided:
                assert mine.get((chemistry, year), 0.0) == pytest.approx(shares.get(year, 0.0), abs=2e-5)


@pytest.mark.parametrize("case", TOLD)
def test_sentences_on_limits_have_no_names_of_the_code(case: str, choose: Callable[..., Chosen]) -> None:
    found = choose(*TOLD[case])
    told = found.result["mix_limit"]
    codes = {code for table in found.result.record["codes"].values() for code in table}
    codes |= set(found.result.record["exposure"]["nodes"])
    names = {code for code in codes if "_" in code or (len(code) == 3 and code.isupper())} - {"NMC", "LFP", "LMO"}
    assert len(told) > 2
    for sentence in [*told["sentence"], *told["limit"]]:
        words = set(re.findall(r"\w+", sentence.replace("USD_2025", "")))
        assert not words & names, sentence
        assert not any("_" in word for word in words), sentence
    step = r": [\d.]+(%| points| [\w/]+) (more|less)( in 20\d\d(–20\d\d)?)?"
    lowers = r" lowers .* by [\d.e+-]+( GWh| million USD_2025)? \([\d.]+%\)\.$"
    assert told["sentence"].str.match("^[A-Z].*" + step + lowers).all()
    assert (told["sentence"].str.contains(r"weighted sum by [\d.e+-]+ \(") == (told["unit"] == "weighted")).all()
    assert (told["value"] > 0).all()


def test_the_first_year_is_the_incumbent_s(choose: Callable[..., Chosen]) -> None:
    found = choose(*TWO)
    assert found.decided == [2030, 2031]
    keys = ["region", "segment", "chemistry", "silicon"]
    mine, theirs = (
        found.table("market_share", scenario=scenario, year=2029).set_index(keys)["value"]
        for scenario in ("optimised", "incumbent")
    )
    assert mine[mine > 0].to_dict() == pytest.approx(theirs[theirs > 0].to_dict())


def test_the_record_has_no_clock_and_no_place_of_its_own(choose: Callable[..., Chosen]) -> None:
    text = (choose().folder / "record.json").read_text(encoding="utf-8")
    for place in (str(choose().folder.parent), str(Path.cwd()), str(Path.home())):
        assert place not in text
    assert not re.search(r"20\d\d-\d\d-\d\dT|\d\d:\d\d:\d\d", text)
    record = json.loads(text)
    assert record["mix"]["scenario"] == "optimised"
    assert "optimised" not in record["config"]["scenario"]
    assert [stage["stage"] for stage in record["mix"]["stages"]] == ["cheapest", "objective", "cost"]
    assert not {"seconds", "time"} & set(record["mix"]["stages"][0])


def test_the_same_bytes_twice_and_from_the_record(choose: Callable[..., Chosen], tmp_path: Path) -> None:
    first = choose(SHORT).folder
    (tmp_path / "small.toml").write_text(SMALL, encoding="utf-8")
    api.run(tmp_path / "small.toml", set=[SHORT], out=tmp_path / "again")
    api.run(first / "record.json", out=tmp_path / "repeated")
    files = sorted(path.relative_to(first) for path in first.rglob("*") if path.is_file())
    assert {Path("optimised.toml"), Path("tables/mix_share.csv"), Path("record.json")} <= set(files)
    for again in ("again", "repeated"):
        assert sorted(p.relative_to(tmp_path / again) for p in (tmp_path / again).rglob("*") if p.is_file()) == files
        for file in files:
            assert (tmp_path / again / file).read_bytes() == (first / file).read_bytes(), (again, file)


@pytest.mark.parametrize("mineral", ["graphite", "lithium"])
def test_a_number_of_the_mix_is_explained_by_its_shares(mineral: str, choose: Callable[..., Chosen]) -> None:
    """The tree adds up (explain raises where it does not), and each share is a row of tables/mix_share.csv."""
    found = choose()
    told = api.explain(found.folder, mineral, year=2032, scenario="optimised")
    assert told.value == pytest.approx(found.table("mineral_demand", mineral=mineral, year=2032)["value"].sum())
    lines = (found.folder / "tables" / "mix_share.csv").read_text(encoding="utf-8").splitlines()
    shares = 0
    for row in told.rows().query("table == 'market_share'").to_dict("records"):
        assert row["file"] == "tables/mix_share.csv"
        region, segment, chemistry, year, value, _ = lines[int(row["line"]) - 1].split(",")
        assert (region, segment, chemistry, int(year)) == ("Europe", "car", row["chemistry"], int(row["year"]))
        assert float(value) == pytest.approx(float(row["value"]))
        shares += 1
    assert shares >= len({(leaf.chemistry, leaf.silicon) for leaf in told.leaves}) > 3


def test_a_blend_of_the_mix_is_explained_too(choose: Callable[..., Chosen]) -> None:
    told = api.explain(choose().folder, "silicon", year=2032, scenario="optimised")
    assert {leaf.silicon for leaf in told.leaves} - {0.0}
