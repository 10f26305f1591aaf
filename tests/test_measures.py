"""Measures beside the mix: stock against plants by hand, and what must hold of any budget."""

from __future__ import annotations

import shutil
from dataclasses import replace
from itertools import combinations, product
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from conftest import lay_out, some
from test_mix import YEARS, at_risk, only
from test_near import TOYS, wobbled
from test_whole_toy import LEAST_NMC

from minerals import api
from minerals.case.draws_in_year import MONTHS
from minerals.case.measures import as_given, hit_as, own_lengths, plants_at, yearly_cost
from minerals.case.optimise import Mix
from minerals.case.plant_places import OUTSIDE, Places, places_of
from minerals.case.recycling import most_taken_off
from minerals.config import OPTIMISED, Measures, read_run
from minerals.errors import Infeasible, InputError, NumericalTrouble
from minerals.exposure.coverage import Cuts
from minerals.exposure.draws import Streams
from minerals.mix.compiled import Compiled
from minerals.mix.data import MixData, OneCountry
from minerals.mix.model import build
from minerals.mix.session import Session
from minerals.pipeline import computed
from minerals.results.result import Result
from minerals.results.screen_mix import _order
from minerals.studies.measures import AS_CHEAP, PLAN, RANGES, ROOM, SPENT, WITH_IT, Cheapest, Grid, cheapest_of
from minerals.studies.run import run
from minerals.tables.expansion import NewPlants
from minerals.tables.inputs import read_inputs

#: A kt of cobalt in stock costs 2 million USD a year, a plant that makes one a year 6.
STOCK, PLANT = 2.0, 6.0


def stocks_and_plants(months: float = 12.0, **changes: Any) -> MixData:
    """NMC alone, of which Congo leaves 4 of 8 kt of cobalt: 50 of 100 GWh. Stocks of half a year's need; plants run a
    year after they are decided, and make 3 kt a year at most. Congo alone counts."""
    places = [("Here", "cobalt", y) for y in YEARS]
    data = replace(
        only(at_risk(), "nmc"), weight={"congo": 1.0, "china": 0.0, "calm": 0.0},
        by_origin=frozenset(("Here", "nmc", y) for y in YEARS),
        stock_cost=dict.fromkeys(places, STOCK), stock_most=dict.fromkeys(places, 0.5), lasts={"congo": months / 12},
        plant_cost={("Here", "cobalt", "outside", y): PLANT for y in YEARS}, plant_lead={("cobalt", "outside"): 1.0},
        plant_most={("cobalt", y): 3.0 for y in YEARS[1:]}, own_share={("Here", y): 1.0 for y in YEARS},
    )  # fmt: skip
    return replace(data, **changes)


def spent(data: MixData, budget: float, *, stock: bool = True, plants: bool = True) -> tuple[float, Session, Any]:
    """Least loss for so many million USD above the cheapest mix [GWh], in which session, and the mix."""
    session = Session(data, "expected")
    model, off = session.model, []
    off += [] if stock else [(each, 0.0) for each in model.stock.values()]
    off += [] if plants else [(each, 0.0) for each in model.plants.values()]
    with session.compiled.held(off, []):
        least = session.optimum("cost").objective
        with session.within({"cost": least + budget}):
            found = session.optimum("expected")
            return found.objective, session, found


def test_a_plant_costs_its_annuity_and_the_premium_of_what_it_makes() -> None:
    """10 USD a yearly kg over two years at 5 % are 0.5378 of it a year; a tenth more than 4 USD/kg is 0.4, of a place
    whose own that is from 0.2 to 0.8."""
    nothing = np.full(3, np.nan)
    plants = NewPlants(np.array([10.0, 5.0, 20.0]), nothing, np.array([0.1, 0.05, 0.2]), nothing, nothing, {}, ())
    annuity = 10 * 0.05 / (1 - 1.05**-2)
    assert yearly_cost(plants, 0.05, 2.0, 4.0) == pytest.approx([annuity + 0.4, annuity / 2 + 0.4, 2 * annuity + 0.4])
    own = replace(plants, own=frozenset({"premium"}))
    assert yearly_cost(own, 0.05, 2.0, 4.0) == pytest.approx([annuity + 0.4, annuity / 2 + 0.2, 2 * annuity + 0.8])


def test_a_stock_and_a_plant_replace_what_the_stop_takes() -> None:
    """A kt is 12.5 GWh. Two years of plants of 3 kt cost 36 and save 75 GWh; then 4, 1 and 1 kt in stock, 12 million,
    the rest. Stocks alone would be 4 kt in each year, for 24."""
    assert spent(stocks_and_plants(), 0.0)[0] == pytest.approx(150)
    assert spent(stocks_and_plants(), 36.0, stock=False)[0] == pytest.approx(150 - 75)
    assert spent(stocks_and_plants(), 24.0, plants=False)[0] == pytest.approx(0, abs=1e-6)
    assert spent(stocks_and_plants(), 12.0, plants=False)[0] == pytest.approx(75)
    loss, session, found = spent(
        stocks_and_plants(plant_most={("cobalt", y): 1.0 for y in YEARS[1:]}), 1e3, plants=True
    )
    assert loss == pytest.approx(0, abs=1e-6)
    assert sum(session.cost(found.values).values()) - session.cost(found.values)["packs"] <= 1e3


@pytest.mark.parametrize(("months", "of_stock"), [(12.0, 1.0), (35.0, 1.0), (37.0, 0.0), (60.0, 0.0)])
def test_plants_beat_stock_where_a_stop_is_long(months: float, of_stock: float) -> None:
    """In a stop of m months a kt in stock gives 12 ÷ m kt a year for 2 million, and a plant 1 for 6: they cost the same
    per GWh at 36 months."""
    _, session, found = spent(stocks_and_plants(months), 6.0)
    cost = session.cost(found.values)
    assert cost["stock"] / (cost["stock"] + cost["plants"]) == pytest.approx(of_stock, abs=1e-6)
    saved = 12.5 * (6.0 / STOCK if of_stock else 6.0 / PLANT * months / 12)
    assert found.objective == pytest.approx(150 * months / 12 - saved)


def test_a_stock_gives_no_more_than_the_stop_takes_and_its_months_of_need() -> None:
    """Half a year of 8 kt are 4, all that is taken: in a stop of three months they would be 16 kt a year. A twentieth
    of a year's need is 0.4 kt, of 5 GWh a year."""
    assert spent(stocks_and_plants(3.0), 1e3, plants=False)[0] == pytest.approx(0, abs=1e-6)
    little = stocks_and_plants(stock_most={("Here", "cobalt", y): 0.05 for y in YEARS})
    assert spent(little, 1e3, plants=False)[0] == pytest.approx(3 * (50 - 5))


def test_a_stock_is_of_the_need_of_cells_made_at_home_alone() -> None:
    """Of all cells imported in 2030 none is needed; of 8 kt a year later half a year's 4 may be in stock. Where the mix
    does not say where cells are made all are made at home."""
    first = ("Here", "nmc", 2030)
    data = stocks_and_plants(imported=frozenset({first}), own_share={})

    def holds(data: MixData, year: int, kt: float) -> bool:
        compiled = Compiled(build(data), objective="cost")
        compiled.fix(f"stock[Here,cobalt,{year}]", kt)
        compiled.fix(f"unmet[Here,car,{year}]", 0.0)
        try:
            compiled.solve()
        except Infeasible:
            return False
        return True

    assert [holds(data, 2030, kt) for kt in (0.0, 0.001)] == [True, False]
    assert [holds(data, 2031, kt) for kt in (3.999, 4.001)] == [True, False]
    unsaid = replace(data, by_origin=data.by_origin - {first}, made_at_home={("congo", *first): 1.0})
    assert [holds(unsaid, 2030, kt) for kt in (3.999, 4.001)] == [True, False]


def with_recycling(months: float = 12.0, **changes: Any) -> MixData:
    """The same, with ways to recover more cobalt. 20 GWh a year are not collected: 0.05 kt each, for 0.3 million USD.
    40 are, and a better route recovers 0.01 kt more of each, and of those that are collected more, for 0.2 million."""
    ways: dict[str, tuple[float, float]] = {"collection": (0.3, 0.05), "direct": (0.2, 0.01)}
    recycling: dict[str, Any] = {
        "minerals": ("cobalt",), "relief": {("cobalt", "cobalt", y): 1.0 for y in YEARS},
        "recovered": {("Here", "cobalt", y): 0.0 for y in YEARS},
        "recycling_cost": {("Here", way, y): cost for way, (cost, _) in ways.items() for y in YEARS},
        "recycling_gain": {("Here", way, "cobalt", y): kt for way, (_, kt) in ways.items() for y in YEARS},
        "recycling_from": {"collection": "uncollected", "direct": "collected"},
        "recycling_into": {"collection": "collected"},
        "recycling_most": {
            ("Here", stream, y): gwh for stream, gwh in {"uncollected": 20.0, "collected": 40.0}.items() for y in YEARS
        },
    }  # fmt: skip
    return replace(stocks_and_plants(months), **{**recycling, **changes})


def in_places(left: float) -> MixData:
    """The same, with plants at home that cost 6 million a year and make a kt at most, and among allies for 4 million,
    of which the stop leaves a part."""
    cost = {"home": PLANT, "allies": 4.0}
    return stocks_and_plants(
        plant_cost={("Here", "cobalt", place, y): usd for place, usd in cost.items() for y in YEARS},
        plant_lead={("cobalt", place): 1.0 for place in cost}, plant_left={("congo", "Here", "cobalt", "allies"): left},
        plant_most_in={("cobalt", "home", y): 1.0 for y in YEARS[1:]},
    )  # fmt: skip


def recycled(data: MixData, budget: float, **also: bool) -> float:
    """Least loss for so many million USD of recycling alone, or with what is named beside it [GWh]."""
    return spent(data, budget, **{"stock": False, "plants": False, **also})[0]


def test_collection_and_a_better_route_replace_what_the_stop_takes() -> None:
    """A kt is 12.5 GWh, and costs 6 million by collection. Its 3 kt cost 18 and save 37.5 of 150 GWh; the route then
    gives 0.01 kt of 60 batteries in each year, 1.8 kt for 36, and of 40 where no more are collected."""
    assert recycled(with_recycling(), 0.0) == pytest.approx(150)
    assert recycled(with_recycling(), 6.0) == pytest.approx(150 - 12.5)
    assert recycled(with_recycling(), 18.0) == pytest.approx(150 - 37.5)
    assert recycled(with_recycling(), 18.0 + 36.0) == pytest.approx(150 - 60)
    assert recycled(with_recycling(), 1e3) == pytest.approx(150 - 60)
    uncollected = with_recycling().recycling_most | {("Here", "uncollected", y): 0.0 for y in YEARS}
    assert recycled(with_recycling(recycling_most=uncollected), 1e3) == pytest.approx(150 - 3 * 40 * 0.01 * 12.5)
    assert most_taken_off(with_recycling()) == pytest.approx({("cobalt", y): 20 * 0.06 + 40 * 0.01 for y in YEARS})


def test_minerals_of_a_battery_come_together_and_relieve_their_own_nodes() -> None:
    """Batteries that give cobalt give lithium too, of which nothing is short, at no more cost. Where what is recovered
    takes nothing off the node that is short, it avoids nothing whatever is spent."""
    gain = with_recycling().recycling_gain
    both = {**gain, **{(r, way, "lithium", y): 1.0 for r, way, _, y in gain}}
    more = {("Here", m, y): 0.0 for m in ("cobalt", "lithium") for y in YEARS}
    data = with_recycling(minerals=("cobalt", "lithium"), recovered=more, recycling_gain=both)
    assert recycled(data, 6.0) == pytest.approx(150 - 12.5)
    elsewhere = replace(data, relief={("lithium", "cobalt_free", y): 1.0 for y in YEARS})
    assert recycled(elsewhere, 1e3) == pytest.approx(150)
    assert ("cobalt", 2031) not in most_taken_off(elsewhere)


def test_plants_stand_where_what_a_stop_leaves_of_them_costs_least() -> None:
    """A kt at home for two years costs 12 million and saves 25 GWh. Of one among allies, for 8, the stop leaves a half,
    12.5 GWh: home comes first, as far as its kt goes. If it leaves three quarters allies do. Both share 3 kt."""
    assert spent(in_places(0.5), 12.0, stock=False)[0] == pytest.approx(150 - 25)
    assert spent(in_places(0.5), 24.0, stock=False)[0] == pytest.approx(150 - 25 - 1.5 * 12.5)
    assert spent(in_places(0.75), 12.0, stock=False)[0] == pytest.approx(150 - 1.5 * 0.75 * 25)
    assert spent(in_places(0.5), 1e3, stock=False)[0] == pytest.approx(150 - 25 - 2 * 12.5)
    assert spent(in_places(0.0), 1e3, stock=False)[0] == pytest.approx(150 - 25)


@pytest.mark.parametrize(("months", "of_stock"), [(35.0, 1.0), (37.0, 0.0)])
def test_recycling_beats_stock_where_a_stop_is_long(months: float, of_stock: float) -> None:
    """A kt in stock gives 12 ÷ m kt a year for 2 million, and one collected 1 for 6, as a plant does: alike at 36."""
    _, session, found = spent(with_recycling(months), 6.0, plants=False)
    cost = session.cost(found.values)
    assert cost["stock"] / (cost["stock"] + cost["recycling"]) == pytest.approx(of_stock, abs=1e-6)


@pytest.mark.parametrize("months", some([12.0, 3.0, 48.0], 1))
def test_more_to_spend_never_loses_more_and_gains_ever_less(months: float) -> None:
    """And all measures together save at least what each does alone, at any budget."""
    budgets, without = np.linspace(0, 60, 11), stocks_and_plants(months)
    found = {
        names: np.array([
            spent(with_recycling(months) if "r" in names else without, b, stock="s" in names, plants="p" in names)[0]
            for b in budgets
        ])
        for names in ("s", "p", "r", "spr")
    }  # fmt: skip
    for losses in found.values():
        assert losses[0] == pytest.approx(150 * months / 12)
        assert (np.diff(losses) <= 1e-6).all()
        assert (np.diff(losses, 2) >= -1e-6).all()
    assert (found["spr"] <= np.minimum.reduce([found["s"], found["p"], found["r"]]) + 1e-6).all()


# --- the study -------------------------------------------------------------------------------------------------------

#: Of the toy that is solved by hand: coated graphite costs 3 USD/kg in 2031, a tenth of that a year to hold. A plant
#: elsewhere costs 20 USD/(kg/yr), paid over 20 years at 8 %, and its product a half more.
HELD = 0.3
PAID = 20 * 0.08 / (1 - 1.08**-20) + 0.5 * 3.0
PLANTS = "capital,coated_graphite,outside,20,,,USD_2025/(kg/yr),book,p. 32,model,\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = lay_out(tmp_path_factory.mktemp("measures") / "tables", "toy", "toy_whole")
    with (made / "expansion_cost.csv").open("a", encoding="utf-8") as file:
        file.write(PLANTS)
    return made


def study(folder: Path, *sets: str, **keys: object) -> Result:
    text = ", ".join(f"{key}={value}" for key, value in {"kind": "'measures'", **keys}.items())
    return run(folder / "chosen.toml", [f"study={{{text}}}", *sets], folder)


def mix_of(folder: Path, keys: str = "") -> Mix:
    config = read_run(folder / "chosen.toml", [f"study={{kind='measures', budgets=[1]{keys}}}"])
    return computed(config, read_inputs(folder)).mixes[OPTIMISED]


def test_what_a_stock_buys_of_the_toy_that_is_solved_by_hand(folder: Path) -> None:
    """Of the graphite that the cheapest mix needs at home 5 kt of coated let 50 be made, and 10.9 GWh of LFP are lost.
    A kt more of coated, for 0.3 million USD, is 10 kt of graphite. In a stop of three months a quarter is lost, and a
    kt in stock is 4 a year: 10 GWh too, up to what is lost. What a solver takes for the least cost buys 2e-5 GWh."""
    lost = 0.6 * (102.5 - 0.1 * LEAST_NMC) - 50
    found = study(folder, budgets=[0, 0.0001, 0.0002, 1], months=[3, 12], which="['stock']")
    told = found["measures"].set_index(["months", "measures", "budget"])
    cost = found["mix_cost"].query("mix == 'cheapest'")["value"].sum()
    for months, name in product((3.0, 12.0), ("stock", "all")):
        whole = lost * months / 12
        assert told.loc[(months, name, 0.0), "value"] == pytest.approx(whole, abs=1e-4)
        for budget in (0.0001, 0.0002, 1.0):
            row = told.loc[(months, name, budget)]
            assert row["avoided"] == pytest.approx(min(10 * budget * 1000 / HELD, whole), abs=1e-4)
            assert row["replayed"] == pytest.approx(row["value"], abs=1e-6)
            assert row["mix_cost"] == pytest.approx(0, abs=1e-9 * cost)
        assert told.loc[(months, name, 0.0001), "marginal"] == pytest.approx(10 * 1000 / HELD) or months == 3
    bought = found["measures_bought"].query("months == 12 and measures == 'stock' and budget == 1")
    assert list(bought["node"]) == ["coated_graphite"]
    assert bought["value"].item() == pytest.approx(lost / 10, rel=1e-6)
    assert bought["cost"].item() == pytest.approx(told.loc[(12, "stock", 1.0), "stock_cost"])
    rows = set(found["inputs_used"]["table"])
    assert {"material_price", "holding_cost"} <= rows


def test_a_measure_leaves_all_else_of_the_plan_as_it_was() -> None:
    """100 GWh of NMC need 50 kt of nickel too, of which Congo leaves 25 and what follows the mix, all in Congo, dear by
    the rule on one third country: the cheapest mix has none. A stock of cobalt gains nothing without it, and is no
    reason to have it built; another mix is."""
    places = [("nickel", y) for y in YEARS]
    data = stocks_and_plants()
    data = replace(
        data, use={**data.use, **{("Here", "nmc", *place): 0.5 for place in places}},
        supplied={**data.supplied, **{("nickel", "AUS", y): 50.0 for y in YEARS}},
        undisturbed={**data.undisturbed, **{("Here", *place): 50.0 for place in places}},
        accessible={**data.accessible, **{("congo", "Here", *place): 25.0 for place in places}},
        follow_on=dict.fromkeys(places, 50.0), follow_on_in={("nickel", "COD", y): 1.0 for y in YEARS},
        strategic=("nickel",), third=frozenset({("Here", "COD")}),
        one_country=OneCountry(0.0, 2030, soft=True, price=1.0),
    )  # fmt: skip
    grid, session = object.__new__(Grid), Session(data, "expected")
    grid.data, grid.aim, grid.session = data, "expected", session
    cheapest = session.least("cost", "expected")
    plan = {name: session.levels(getattr(session.model, name), cheapest.values) for name in (*PLAN, *WITH_IT)}
    grid.cheapest = Cheapest(plan, cheapest.cost, 0.0)
    grid.config = Measures(kind="measures", budgets=(0.0, 1.0), which=("mix", "stock"))
    assert cheapest.exposure == pytest.approx(150)

    def least(name: str) -> float:
        with grid._only(name, 1e-8), grid.session.within({"cost": grid.cheapest.cost + 1e3}):
            return float(grid.session.nearby("expected").objective)

    assert least("stock") == pytest.approx(150, abs=1e-4)
    assert least("all") == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize(("months", "traded"), [(36.0, 6.0), (12.0, 0.27)])
def test_what_is_spent_on_stocks_and_on_plants_is_as_open_as_it_is(months: float, traded: float) -> None:
    """At 36 months a million of stock saves as much as one of plants, and all of 6 may go to either. In a stop of a
    year 6 million of stock save 37.5 of 150 GWh. A hundredth more lost is 1.125: stock for a million saves 6.25 GWh,
    plants 2.083, so that 0.27 million may go from one to the other."""
    data = stocks_and_plants(months)
    grid, session = object.__new__(Grid), Session(data, "expected")
    grid.data, grid.aim, grid.session = data, "expected", session
    cheapest = session.least("cost", "expected")
    plan = {name: session.levels(getattr(session.model, name), cheapest.values) for name in (*PLAN, *WITH_IT)}
    grid.cheapest = Cheapest(plan, cheapest.cost, 0.0)
    grid.config = Measures(kind="measures", budgets=(0.006,), which=("mix", "stock", "plants"))
    grid.mix = SimpleNamespace(config=SimpleNamespace(near=0.01))  # type: ignore[assignment]
    found = grid.ranges("all", grid.least("all", 0.006).values)
    assert [found["stock_cost_low"], found["stock_cost_high"]] == pytest.approx([6 - traded, 6], abs=1e-5)
    assert [found["plants_cost_low"], found["plants_cost_high"]] == pytest.approx([0, traded], abs=1e-5)
    assert found["mix_cost_low"] == pytest.approx(0, abs=1e-5)
    assert np.isnan(list(grid.ranges("stock", grid.least("stock", 0.006).values).values())).all()


@pytest.mark.slow
def test_of_all_together_what_is_spent_lies_within_its_range(folder: Path) -> None:
    """At budgets that help and one that is more than helps, and where a GWh has a worth; without `near` it has none."""
    found = study(folder, "optimise.near=0.01", budgets=[0.0001, 1], worth=[0.031], months=[3, 12])
    for told in (found["measures"], found["measures_worth"]):
        alone, every = told.query("measures != 'all'"), told.query("measures == 'all'")
        assert len(every)
        assert alone[RANGES].isna().all(axis=None)
        for part in SPENT:
            assert (every[f"{part}_low"] <= every[part] + 1e-4).all()
            assert (every[f"{part}_high"] >= every[part] - 1e-4).all()
        assert (every[[f"{part}_low" for part in SPENT]].sum(axis=1) <= every[SPENT].sum(axis=1) + 1e-4).all()
        assert (every[f"{SPENT[1]}_high"] > every[f"{SPENT[1]}_low"]).all()
    point = study(folder, "optimise.near=0", budgets=[1])["measures"]
    assert point[RANGES].isna().all(axis=None)


@pytest.mark.parametrize("name", some(["eight", "regions", "routes", "three"], 3))
def test_no_rounding_chooses_among_mixes_that_are_as_cheap(name: str) -> None:
    """Inputs that differ by a thousandth of a millionth have the same cheapest mix, where many cost as little."""
    config = SimpleNamespace(risk="expected", level=0.8, time_limit=None)

    def plan(data: MixData) -> dict[Any, float]:
        found = cheapest_of(cast(Mix, SimpleNamespace(data=data, config=config))).plan
        return {(part, *key): gwh for part in PLAN for key, gwh in found[part].items()}

    data = TOYS[name]()
    first = plan(data)
    for seed in (1, 2, 3):
        assert plan(wobbled(data, seed)) == pytest.approx(first, abs=1e-4)


def test_where_the_solver_has_no_room_the_next_wider_part_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """And where it has none at all its error is said, instead of a mix of its own choice."""
    mix = cast(Mix, SimpleNamespace(data=TOYS["kink"](), config=SimpleNamespace(
        risk="expected", level=0.8, time_limit=None)))  # fmt: skip
    first, stands, fails = cheapest_of(mix), Session.representative, [True, False]
    assert first.within == AS_CHEAP[0]
    least = first.cost / (1 + ROOM * AS_CHEAP[0])

    def representative(self: Session, nearly: Any) -> Any:
        if fails.pop(0):
            raise NumericalTrouble("no room")
        return stands(self, nearly)

    monkeypatch.setattr(Session, "representative", representative)
    wider = cheapest_of(mix)
    assert (wider.within, wider.cost) == (AS_CHEAP[1], pytest.approx(least * (1 + ROOM * AS_CHEAP[1]), rel=1e-8))
    fails[:] = [True] * len(AS_CHEAP)
    with pytest.raises(NumericalTrouble, match="no room"):
        cheapest_of(mix)
    assert not fails


def test_of_more_money_than_helps_no_more_is_spent_than_is_needed(folder: Path) -> None:
    """In a stop of three months the stock that makes up for all is a quarter of that of a year. Another mix saves what
    it can for part of a billion: with just as much money it saves as much, and with less less."""
    lost = (0.6 * (102.5 - 0.1 * LEAST_NMC) - 50) / 4
    found = study(folder, budgets=[1, 5], months=[3], which="['mix', 'stock']")
    told, cost = (
        found["measures"].set_index(["measures", "budget"]),
        found["mix_cost"].query("mix == 'cheapest'")["value"].sum(),
    )
    spent = told[["mix_cost", "stock_cost", "plants_cost"]].sum(axis=1)
    assert told.loc[["all", "stock"], "value"].tolist() == pytest.approx([0] * 4, abs=1e-9)
    for budget in (1, 5):
        assert told.loc["stock", "stock_cost"][budget] == pytest.approx(lost / 10 * HELD, rel=1e-6)
        # The mix that measures begin from costs that much beyond the least, which all together save.
        assert spent["all"][budget] == pytest.approx(lost / 10 * HELD - ROOM * AS_CHEAP[0] * cost, rel=1e-4)
    assert told.loc["mix", "marginal"].tolist() == [0, 0]
    assert spent["mix"][1] == pytest.approx(spent["mix"][5], rel=1e-6)
    needed, saved = float(spent["mix"][1]) / 1000, told.loc["mix", "avoided"][1]
    assert 0 < needed < 1
    found = study(folder, budgets=[0.99 * needed, needed], months=[3], which="['mix']")
    less, enough = found["measures"].query("measures == 'mix'")["avoided"]
    assert enough == pytest.approx(saved, abs=1e-6)
    assert less < saved - 1e-3
    assert (told[["value", "avoided"]] >= 0).all(axis=None)


#: Of a run in which more can be recovered: years beyond the lead time of recycling, and flows.
FOLLOWED = ("scope.years={first=2030, last=2033}", "scope.beyond='hold'", "flows={}")


@pytest.mark.slow
def test_recycling_relieves_a_refined_node_and_says_what_it_cannot(folder: Path, tmp_path: Path) -> None:
    """Batteries of 2028, six in ten of them NMC, hold 0.94 kg of graphite per kWh, of which 0.15 are recovered and 0.9
    by direct recycling, for 4 USD/kWh. A quarter of it takes coated graphite off, if that is refined: 0.263 kg are in a
    kWh of LFP. As an active material nothing is taken off it, and nothing avoided at any cost."""
    cannot = study(folder, *FOLLOWED, budgets=[1], which="['recycling']")
    reach = cannot["measures_recycling"].set_index(["measure", "node"])["value"]
    assert reach["lost", "all"] > 40
    assert reach["avoided", "all"] == pytest.approx(0, abs=1e-6)
    assert reach["taken_off", "coated_graphite"] == 0
    assert cannot["measures"]["avoided"].tolist() == pytest.approx([0, 0], abs=1e-6)
    refined = shutil.copytree(folder, tmp_path / "refined")
    for name, old, new in (
        ("nodes.csv", "Coated graphite,active_material", "Coated graphite,refining"),
        ("graphite_route_bound.csv", "low,0.1", "low,0.25"),
    ):
        text = (refined / name).read_text(encoding="utf-8")
        assert old in text
        (refined / name).write_text(text.replace(old, new), encoding="utf-8")
    found = study(refined, *FOLLOWED, budgets=[0, 0.01, 0.05, 1], which="['recycling', 'stock']")
    table = found["measures"]
    told = table.pivot_table(index="budget", columns="measures", values="avoided")
    use = 1 / 0.95 * 0.25
    assert told.loc[0.01, "recycling"] == pytest.approx(10 / 4 * 0.94 * (0.9 - 0.15) * 0.25 / use, abs=1e-5)
    assert told.loc[0.0].tolist() == pytest.approx([0] * 3, abs=2e-4)
    # Of no money a stock is what a solver takes for the least cost.
    assert (told["all"] >= told.max(axis=1) - 1e-6)[0.01:].all()
    assert told.loc[1, "all"] > told.loc[1, ["recycling", "stock"]].max() + 1
    slopes = told.diff().div(np.diff(told.index, prepend=np.nan), axis=0).dropna()
    assert (slopes >= -1e-6).all(axis=None)
    assert (slopes.diff().dropna() <= 1e-3).all(axis=None)
    assert table["replayed"].tolist() == pytest.approx(table["value"].tolist(), abs=1e-6)
    reach = found["measures_recycling"].set_index(["measure", "node"])["value"]
    assert reach["avoided", "all"] == pytest.approx(told.loc[1, "recycling"], abs=1e-6)
    bought = found["measures_bought"].query("measures == 'recycling' and budget == 0.01")
    assert bought[["node", "value", "cost"]].values.tolist() == [["direct", pytest.approx(2.5), pytest.approx(10)]]
    assert "recycling_cost" in set(found["inputs_used"]["table"])


def test_what_a_gwh_is_worth_finds_its_budget(folder: Path) -> None:
    """A GWh of the toy costs 0.03 million USD as stock: below that nothing is bought, above it all that is lost."""
    lost = 0.6 * (102.5 - 0.1 * LEAST_NMC) - 50
    found = study(folder, worth=[0.029, 0.031], which="['stock']")
    assert found["measures"].empty
    told = found["measures_worth"].query("measures == 'stock'").set_index("worth")
    assert told["avoided"].tolist() == pytest.approx([0, lost], abs=1e-4)
    assert told["budget"].tolist() == pytest.approx([0, lost / 10 * HELD / 1000], abs=1e-8)
    assert told["marginal_cost"].tolist() == pytest.approx([0.029, 0.031])


@pytest.mark.slow
def test_draws_of_a_stock_are_those_of_its_price_and_of_holding_it(folder: Path) -> None:
    """Its coated graphite costs 2.5 to 4 USD/kg in 2031, and holding it 5 to 20 % of that a year. A kt is 10 GWh,
    however long a stop lasts, up to what is lost; and another mix avoids nothing for so little."""
    budget, draws, seed = 1e-5, 4, 7
    stop = "exposure.event.stop={label='A stop', country='CHN', nodes=['coated_graphite'], start=2031}"
    alone = (stop, "optimise.likelihood={china-anode=0}")
    found = study(folder, *alone, budgets=[budget], which="['mix', 'stock']", draws=draws, seed=seed)
    streams = Streams(draws, seed)
    price = streams.drawn(("material_price", "coated_graphite"), 3.0, 2.5, 4.0)
    holding = streams.drawn(("holding_cost", "holding", "any"), 0.1, 0.05, 0.2)
    avoided = 10 * budget * 1000 / (price * holding)
    told = found["measures_drawn"].query("measures == 'stock' and measure == 'avoided'").iloc[0]
    # What a solver takes for the least cost buys 2e-5 GWh.
    assert told["value"] == pytest.approx(avoided[0], abs=1e-4)
    assert told[["p5", "p50", "p95"]].tolist() == pytest.approx(np.percentile(avoided[1:], [5, 50, 95]), abs=1e-4)
    (order,) = found["measures_order"].to_dict("records")
    assert (order["a"], order["b"]) == ("mix", "stock")
    assert (order["value"], order["alike"]) == (0, 0)
    assert _order(found)[1:] == ["With 1e-05 bn: stocks more than another mix in 100%."]


def test_the_order_says_where_there_is_none() -> None:
    """Stocks avoid more than another mix in half of 20 draws, and as much in the other; own cells and plants avoid
    nothing in any."""
    ahead = {("mix", "stock"): (0.0, 0.5), ("own_cells", "plants"): (0.0, 1.0), ("own_cells", "stock"): (0.0, 0.45)}
    order = pd.DataFrame(
        [(1.0, a, b, *ahead.get((a, b), (0.55, 0.45)))
         for a, b in combinations(("mix", "own_cells", "stock", "plants"), 2)],
        columns=["budget", "a", "b", "value", "alike"],
    )  # fmt: skip
    assert _order(Result({"config": {"study": {"draws": 20}}}, {"measures_order": order}))[1:] == [
        "With 1 bn: stocks more than another mix in 50% (alike in 50%), another mix more than own cells in 55% (alike "
        "in 45%), own cells and plants elsewhere alike in 100%."
    ]


def test_a_stop_is_drawn_with_its_severity_and_its_months(folder: Path) -> None:
    """The stop of anodes takes half at its low end, for two months; what takes no time lasts a day."""
    mix = mix_of(folder)
    least = hit_as(mix, lambda _, ends: float(ends[1]))
    (event,) = least.assembly.chokepoints.inputs.events
    assert ([cut.severity for cut in event.cuts], event.months.middle) == ([0.5], 2.0)
    assert least.data.accessible["china-anode", "Europe", "coated_graphite", 2031] > 5
    none = hit_as(mix, lambda key, ends: 0.0 if key == MONTHS else float(ends[0]))
    assert list(own_lengths(none).values()) == pytest.approx([1 / 365])
    assert none.data.accessible == mix.data.accessible
    again = hit_as(mix, as_given)
    assert (again.data.accessible, own_lengths(again)) == (mix.data.accessible, own_lengths(mix))


def test_own_cells_come_home_from_their_makers_and_go_to_no_other(folder: Path) -> None:
    """A maker of the cheapest mix sells no more as a measure, where makers are chosen one by one."""
    mix = mix_of(folder, ", which=['own_cells']")
    grid = Grid(mix, replace(mix.data, lasts=own_lengths(mix)), cheapest_of(mix))
    form, imports, plan = grid.session.compiled.form, grid.session.model.imports, grid.cheapest.plan["imports"]
    with grid._only("own_cells", 0.0):
        for key, variable in imports.items():
            at = form.column_of[id(variable)]
            assert (form.col_lower[at], form.col_upper[at]) == (0, plan[key])
        assert grid.session.optimum("expected").objective == pytest.approx(grid.loss)


def test_plants_share_their_growth_with_what_follows_the_mix() -> None:
    """Congo leaves 4 of 8 kt of cobalt, and plants may make 3. Of 2 kt that follow the mix half stand elsewhere: 2 kt
    of growth are left for plants, of 25 GWh in each of the two years in which they run."""
    data = stocks_and_plants()
    alone = spent(data, 1e3, stock=False)[0]
    followed = {("cobalt", y): 2.0 for y in YEARS}
    none = {("congo", "Here", "cobalt", y): 0.0 for y in YEARS}
    shared = replace(
        data, follow_on=followed, follow_on_left=none, supplied=dict.fromkeys(data.supplied, 6.0),
        plant_growth=dict.fromkeys(followed, 0.5),
    )  # fmt: skip
    assert spent(shared, 1e3, stock=False)[0] == pytest.approx(alone + 2 * 12.5)


#: A run in which plants may be decided in 2031 and grow: of coated graphite, of which Germany makes 5 kt.
GROWN = ("scope.years={first=2030, last=2035}", "scope.beyond='hold'")
#: Rows of places: what a plant costs at home and in South Korea or Finland.
IN_PLACES = "capital,coated_graphite,{},{},{},{},USD_2025/(kg/yr),book,p. 32,model,\n".format


def with_rows(folder: Path, to: Path, *rows: str) -> Path:
    """The same tables, with rows of places."""
    other = shutil.copytree(folder, to)
    with (other / "expansion_cost.csv").open("a", encoding="utf-8") as file:
        file.writelines(rows)
    return other


def test_places_are_told_apart_as_far_as_their_costs_are(folder: Path, tmp_path: Path) -> None:
    """Ranges of what a plant costs do where they do not overlap, and a growth of its own does. A figure without ends
    does not, nor the premium that all places have; nor is a place apart whose plants cost what all outside do."""
    mix, node = mix_of(folder), "coated_graphite"
    places, at = places_of(mix.assembly, ("home", "allies")), mix.assembly.nodes.index("coated_graphite")
    assert not any(places.inside["home"][at] & places.inside["allies"][at])
    config = Measures(kind="measures", budgets=(1.0,), places=("home", "allies"))
    together = ["home or allies"]
    for name, rows, stands in (
        ("none", [], together),
        ("overlap", [IN_PLACES("home", 15, 10, 24), IN_PLACES("allies", 30, 20, 40)], together),
        ("lone", [IN_PLACES("home", 15, "", ""), IN_PLACES("allies", 30, 20, 40)], together),
        ("apart", [IN_PLACES("home", 50, 45, 60), IN_PLACES("allies", 30, 20, 40)], ["home", "allies"]),
        ("growth", ["growth,coated_graphite,home,0.2,,,1,book,p. 32,model,\n"], ["home", "allies"]),
    ):  # fmt: skip
        inputs = read_inputs(with_rows(folder, tmp_path / name, *rows))
        found = plants_at(places, inputs, config, node, at, 0.08, 4.0)
        assert [each.where for each in found] == stands
        assert [each.row for each in found] == (["outside"] if len(found) == 1 else stands)


#: Ranges of what a plant costs a year: value, low end, high end.
CHEAP, DEAR, BETWEEN = (np.array(ends, dtype=float) for ends in ((15, 10, 20), (30, 21, 40), (25, 15, 30)))


@pytest.mark.parametrize(("costs", "left", "growth", "stands"), [
    ((CHEAP, DEAR), {}, [], ["p", "q"]),
    ((DEAR, CHEAP), {}, [], ["p", "q"]),
    # Ranges that touch overlap, and a figure without ends on either side is no range.
    ((CHEAP, np.array([30, 20, 40])), {}, [], ["p or q"]),
    ((np.array([30, 20, 40]), CHEAP), {}, [], ["p or q"]),
    ((CHEAP, np.array([30, 30, 30])), {}, [], ["p or q"]),
    ((np.array([5, 5, 5]), DEAR), {}, [], ["p or q"]),
    ((CHEAP, np.full(3, np.nan)), {}, [], ["p or q"]),
    # A stop that leaves another part of one tells them apart, and so does a growth of its own of either.
    ((CHEAP, CHEAP), {("stop", "pool", "ore", "p"): 0.5}, [], ["p", "q"]),
    ((CHEAP, CHEAP), {("stop", "pool", "ore", "p"): 0.5, ("stop", "pool", "ore", "q"): 0.5}, [], ["p or q"]),
    ((CHEAP, CHEAP), {("stop", "pool", "metal", "p"): 0.5}, [], ["p or q"]),
    ((CHEAP, CHEAP), {("stop", "pool", "metal", "p"): 0.5, ("stop", "pool", "ore", "q"): 0.5}, [], ["p", "q"]),
    ((CHEAP, CHEAP), {}, ["q"], ["p", "q"]),
    ((CHEAP, CHEAP), {}, ["p"], ["p", "q"]),
    # What lies between two that are apart makes one of all three; of a place without countries there is nothing.
    ((CHEAP, DEAR, BETWEEN), {}, [], ["p or q or r"]),
    ((CHEAP, BETWEEN, DEAR), {}, [], ["p or q or r"]),
    ((CHEAP, CHEAP, DEAR), {("stop", "pool", "ore", "r"): 0.5}, [], ["p or q", "r"]),
    ((CHEAP, DEAR, DEAR, DEAR), {("stop", "pool", "ore", "p"): 0.5}, [], ["p", "q or r"]),
])  # fmt: skip
def test_places_are_apart_by_what_a_stop_leaves_by_growth_and_by_ranges(
    costs: tuple[Any, ...], left: Any, growth: list[str], stands: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("minerals.case.plant_places.plants_in", lambda inputs, node, row: row)
    names: Any = "pqrs"[: len(costs)]
    inside = {name: np.array([[True, True], [name != "s", False]]) for name in names}
    yearly, rows = dict(zip(names, costs, strict=True)), {name: SimpleNamespace(own=["capital"]) for name in names}
    for name in growth:
        rows[name].own.append("growth")
    found = Places(inside, left).standing(None, "ore", 1, yearly, rows)  # type: ignore[arg-type]
    assert [each.where for each in found] == stands
    assert ["".join(each.places) for each in found] == [where.replace(" or ", "") for where in stands]
    assert [each.row for each in found] == [where if len(where) == 1 else OUTSIDE for where in stands]
    for each in found:
        mine = {(*key[:3], each.where): part for key, part in left.items() if key[2:] == ("ore", each.places[0])}
        assert each.left == mine


def test_where_plants_may_stand_and_what_a_stop_takes_of_them_by_hand() -> None:
    """Of four countries the first is home, the next two are allies, of which the third makes most of ore; home makes
    most of metal, and the last of salt. Plants of ore stand at home as new ones do, in the second country as those of
    today do, and those of metal and salt where exports or output are taken; where nothing is known anywhere in the
    place. What lies outside loses nothing, nor does what a stop leaves whole but for rounding, and each stop hits its
    pools alone."""
    at_start = np.array([[0.0, 0.2, 0.7, 0.1], [0.9, np.nan, np.nan, 0.1], [0, 0, 0, 1.0]])
    new = np.array([[0.5, 0, 0.5, 0], [1.0, 0, 0, 0], [0, 0, 0, 0]])
    export, output = np.zeros((2, 3, 4)), np.zeros((2, 3, 4))
    export[0, 1, 2], output[1, 2, 1] = 0.5, 0.5
    events = [SimpleNamespace(disruption=name, cuts=(name,)) for name in ("one", "two")]
    asked: list[Any] = []

    def left_of(regions: Any, located: np.ndarray, cuts: Cuts) -> np.ndarray:
        asked.append((regions, located.tolist()))
        return np.array([[0.5, 0.25, 1.0], [0.75, 1 - 1e-12, 1.0]])

    def cuts(stops: Any) -> Cuts:
        assert stops == [(("one",), "severity"), (("two",), "severity")]
        return Cuts(export, output)

    chokepoints = SimpleNamespace(
        inputs=SimpleNamespace(members={"allies": np.array([0, 0.5, 1.0, 0])}, events=events), cuts=cuts,
        growth=SimpleNamespace(at_start=at_start, leader=np.array([2, 0, 3]), new_located=new),
        at_home=lambda regions: np.array([True, False, False, False]), left_of_follow_on=left_of,
    )  # fmt: skip
    assembly: Any = SimpleNamespace(
        chokepoints=chokepoints, regions=("A",), nodes=("ore", "metal", "salt"),
        pools=({"A": ("A",), "B": ("B",)}, {"one": ("A", "B"), "two": ("B",)}),
    )  # fmt: skip
    found = places_of(assembly, ("home", "allies", "outside"))
    assert {place: mask.astype(int).tolist() for place, mask in found.inside.items()} == {
        "home": [[1, 0, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0]], "allies": [[0, 1, 0, 0], [0, 1, 1, 0], [0, 1, 1, 0]],
        "outside": [[0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 0]],
    }  # fmt: skip
    home, allies = [[1, 0, 0, 0], [0] * 4, [1, 0, 0, 0]], [[0, 1, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0]]
    assert asked == [(("A",), home), (("B",), home), (("A",), allies), (("B",), allies)]
    assert found.left == {
        ("one", "A", "ore", "home"): 0.5, ("one", "B", "ore", "home"): 0.5, ("two", "B", "ore", "home"): 0.75,
        ("one", "A", "ore", "allies"): 0.5, ("one", "A", "metal", "allies"): 0.25, ("one", "B", "ore", "allies"): 0.5,
        ("one", "B", "metal", "allies"): 0.25, ("two", "B", "ore", "allies"): 0.75,
    }  # fmt: skip


@pytest.mark.slow
def test_plants_in_places_cost_what_they_do_there_and_are_lost_with_their_country(folder: Path, tmp_path: Path) -> None:
    """What nothing tells apart is bought as one place, and avoids as much. Of two that cost differently the dearer is
    left. Nobody makes coated graphite among the allies, whose plants are then taken to stand in South Korea where that
    half closes too: there they avoid half as much, and home is bought, which costs the same."""
    keys: dict[str, object] = {"budgets": [0, 1], "which": "['plants']"}
    among = {**keys, "places": "['home', 'allies']"}
    alike, one = study(folder, *GROWN, **among), study(folder, *GROWN, **keys)
    told = "Europe or Allies"
    assert alike["measures_places"][["place", "stands"]].values.tolist() == [["Europe", told], ["Allies", told]]
    assert set(alike["measures_bought"]["place"]) == {told}
    assert alike["measures"]["avoided"].tolist() == pytest.approx(one["measures"]["avoided"].tolist(), abs=1e-6)
    assert "measures_places" not in one.tables
    rows = with_rows(folder, tmp_path / "apart", IN_PLACES("home", 50, 45, 60), IN_PLACES("allies", 30, 20, 40))
    apart = study(rows, *GROWN, **among)
    bought = apart["measures_bought"].query("measures == 'plants'")
    assert bought["place"].tolist() == ["Allies"]
    assert bought["cost"].item() == pytest.approx(0.5 * (30 * 0.08 / (1 - 1.08**-20) + 0.5 * 2.0))
    closed = with_rows(folder, tmp_path / "closed")
    stops = (closed / "disruption.csv").read_text(encoding="utf-8")
    (row,) = (line for line in stops.splitlines() if line.startswith("china-anode"))
    with (closed / "disruption.csv").open("a", encoding="utf-8") as file:
        file.write(row.replace("CHN", "KOR").replace("export,1,", "export,0.5,") + "\n")
    both, half = study(closed, *GROWN, **among), study(closed, *GROWN, **{**keys, "places": "['allies']"})
    whole = one["measures"]["avoided"]
    assert whole.max() == pytest.approx(5)
    assert half["measures"]["avoided"].tolist() == pytest.approx((whole / 2).tolist(), abs=1e-6)
    assert both["measures"]["avoided"].tolist() == pytest.approx(whole.tolist(), abs=1e-6)
    assert both["measures_places"]["stands"].tolist() == ["Europe", "Allies"]
    assert set(both["measures_bought"]["place"]) == {"Europe"}
    for found in (alike, apart, both, half):
        assert found["measures"]["replayed"].tolist() == pytest.approx(found["measures"]["value"].tolist(), abs=1e-6)


def test_plants_come_after_their_lead_time_and_grow(folder: Path) -> None:
    """Decided in 2031 they run from 2034; what is made outside China, 5 kt in Germany, could grow by a tenth a year
    from then on: half a kt in 2035, of 5 GWh."""
    found = study(folder, *GROWN, budgets=[0, 1], which="['plants']")
    bought = found["measures_bought"].query("measures == 'plants'")
    assert bought[["node", "year"]].values.tolist() == [["coated_graphite", 2035]]
    assert bought["value"].item() == pytest.approx(0.5)
    row = found["measures"].query("measures == 'plants' and budget == 1").iloc[0]
    assert row["avoided"] == pytest.approx(5)
    assert row["plants_cost"] == pytest.approx(0.5 * (20 * 0.08 / (1 - 1.08**-20) + 0.5 * 2.0))


@pytest.mark.slow
def test_the_study_goes_on_where_it_was(folder: Path, tmp_path: Path) -> None:
    text = "study={kind='measures', budgets=[0, 0.0001], which=['stock', 'mix']}"
    first = api.run(folder / "chosen.toml", set=[text], inputs=folder, out=tmp_path / "one")
    kept = tmp_path / "two.partial"

    def stop(done: int, _: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        api.run(folder / "chosen.toml", set=[text], inputs=folder, out=tmp_path / "two", progress=stop)
    assert (kept / "points" / "points.jsonl").read_text(encoding="utf-8").count("\n") >= 2
    api.run(folder / "chosen.toml", set=[text], inputs=folder, out=tmp_path / "two")
    assert not kept.exists()
    for table in ("measures", "measures_bought"):
        one, two = ((tmp_path / name / "tables" / f"{table}.csv").read_bytes() for name in ("one", "two"))
        assert one == two
    assert list(first["measures"]["measures"].unique()) == ["stock", "mix", "all"]


@pytest.mark.parametrize(("run_file", "sets", "message"), [
    ("whole.toml", (), "begins from a mix that is chosen; add .optimise."),
    ("chosen.toml", ("scope.regions=['World']",), "buys for one region"),
    ("chosen.toml", ("optimise.objective='cost'",), "which measures are held against"),
    ("chosen.toml", ("optimise.unmet=true",), "measures need a mix that meets all"),
    ("chosen.toml", ("study.which=['recycling']",), "nothing is recycled without .flows."),
    ("chosen.toml", ("study.which=['collection']",), "which"),
    ("chosen.toml", ("study.share_spread=1",), "share_spread"),
    ("chosen.toml", ("study.places=['ally']",), "not a place; did you mean 'allies'"),
])  # fmt: skip
def test_what_the_study_needs_is_said(folder: Path, run_file: str, sets: tuple[str, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        run(folder / run_file, ["study={kind='measures', budgets=[1]}", *sets], folder)


def assert_of_europe(result: Result) -> None:
    """Together they avoid at least what each does, ever less for a billion; stocks lead where a stop is short."""
    table = result["measures"]
    for _, part in table.groupby("months"):
        value = part.pivot_table(index="budget", columns="measures", values="value")
        assert (value["all"] <= value.min(axis=1) * (1 + 1e-6)).all()
        slopes = value.diff().div(np.diff(value.index, prepend=np.nan), axis=0).dropna()
        assert (slopes <= 1e-6).all(axis=None)
        assert (slopes.diff().dropna() >= -1e-6 * value.max(axis=None)).all(axis=None)
        assert (abs(part["replayed"] - part["value"]) <= 1e-3).all()
        assert (value.loc[0.0] / value.loc[0.0].max() >= 1 - 1e-3).all()
    short, long = (table[(table["months"] == m) & (table["budget"] == 20)].set_index("measures") for m in (3, 24))
    assert short.loc["stock", "avoided"] > short.loc["plants", "avoided"]
    assert long.loc["stock", "avoided"] < long.loc["plants", "avoided"]
    order = result["measures_order"].set_index(["budget", "a", "b"])
    assert order["value"].between(0, 1).all()
    assert (order["value"] + order["alike"] <= 1 + 1e-9).all()
    assert order.loc[(1, "own_cells", "stock"), "value"] == 0
    assert (order.xs(("mix", "own_cells"), level=("a", "b")).sum(axis=1, numeric_only=True) >= 1 - 1e-9).all()
    (stands,) = set(result["measures_places"]["stands"])
    assert set(result["measures_bought"].query("measure == 'plants'")["place"]) == {stands}
    for _, reach in result["measures_recycling"].groupby("months"):
        told = reach.set_index(["measure", "node"])["value"]
        assert told["taken_off"][["graphite_anode", "lfp_cathode", "nmc_cathode"]].tolist() == [0] * 3
        assert told["taken_off", "spherical_graphite"] > 0
        assert told["avoided", "all"] < 1e-5 * told["lost", "all"]
    for _, part in result["measures_drawn"].groupby(["budget", "measure"]):
        avoided = part.set_index("measures")[["value", "p5", "p50", "p95"]]
        assert (avoided.loc["all"] >= avoided.max() * (1 - 1e-6)).all()
