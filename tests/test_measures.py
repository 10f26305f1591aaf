"""Measures beside the mix: stock against plants by hand, and what must hold of any budget."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import lay_out
from test_mix import YEARS, at_risk, only
from test_whole_toy import LEAST_NMC

from minerals import api
from minerals.errors import InputError
from minerals.mix.data import MixData
from minerals.mix.session import Session
from minerals.results.result import Result
from minerals.studies.run import run

#: A kt of cobalt in stock costs 2 million USD a year, a plant that makes one a year 6.
STOCK, PLANT = 2.0, 6.0


def stocks_and_plants(months: float = 12.0, **changes: Any) -> MixData:
    """NMC alone, of which Congo leaves 4 of 8 kt of cobalt: 50 of 100 GWh. Stocks of half a year's need; plants run a
    year after they are decided, and make 3 kt a year at most. Congo alone counts."""
    places = [("Here", "cobalt", y) for y in YEARS]
    data = replace(
        only(at_risk(), "nmc"), weight={"congo": 1.0, "china": 0.0, "calm": 0.0},
        by_origin=frozenset(("Here", "nmc", y) for y in YEARS),
        stock_cost=dict.fromkeys(places, STOCK), stock_most=dict.fromkeys(places, 0.5), stock_rate=12 / months,
        plant_cost={("Here", "cobalt", y): PLANT * (YEARS[-1] - y) for y in YEARS[:-1]}, plant_lead={"cobalt": 1.0},
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
    saved = 12.5 * (6.0 / STOCK * 12 / months if of_stock else 6.0 / PLANT)
    assert found.objective == pytest.approx(150 - saved)


def test_a_stock_gives_no_more_than_the_stop_takes_and_its_months_of_need() -> None:
    """Half a year of 8 kt are 4, all that is taken: in a stop of three months they would be 16 kt a year. A twentieth
    of a year's need is 0.4 kt, of 5 GWh a year."""
    assert spent(stocks_and_plants(3.0), 1e3, plants=False)[0] == pytest.approx(0, abs=1e-6)
    little = stocks_and_plants(stock_most={("Here", "cobalt", y): 0.05 for y in YEARS})
    assert spent(little, 1e3, plants=False)[0] == pytest.approx(3 * (50 - 5))


@pytest.mark.parametrize("months", [3.0, 12.0, 48.0])
def test_more_to_spend_never_loses_more_and_gains_ever_less(months: float) -> None:
    """And all measures together save at least what each does alone, at any budget."""
    budgets, data = np.linspace(0, 60, 13), stocks_and_plants(months)
    found = {
        names: np.array([spent(data, b, stock="s" in names, plants="p" in names)[0] for b in budgets])
        for names in ("s", "p", "sp")
    }  # fmt: skip
    for losses in found.values():
        assert losses[0] == pytest.approx(150)
        assert (np.diff(losses) <= 1e-6).all()
        assert (np.diff(losses, 2) >= -1e-6).all()
    assert (found["sp"] <= np.minimum(found["s"], found["p"]) + 1e-6).all()


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
    rows = set(found["inputs_used"]["table"])
    assert {"material_price", "holding_cost"} <= rows


def test_plants_come_after_their_lead_time_and_grow(folder: Path) -> None:
    """Decided in 2031 they run from 2034; what is made outside China, 5 kt in Germany, could grow by a tenth a year
    from then on: half a kt in 2035, of 5 GWh."""
    until = ("scope.years={first=2030, last=2035}", "scope.beyond='hold'")
    found = study(folder, *until, budgets=[0, 1], which="['plants']")
    bought = found["measures_bought"].query("measures == 'plants'")
    assert bought[["node", "year"]].values.tolist() == [["coated_graphite", 2035]]
    assert bought["value"].item() == pytest.approx(0.5)
    row = found["measures"].query("measures == 'plants' and budget == 1").iloc[0]
    assert row["avoided"] == pytest.approx(5)
    assert row["plants_cost"] == pytest.approx(0.5 * (20 * 0.08 / (1 - 1.08**-20) + 0.5 * 2.0))


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
    ("chosen.toml", ("study.which=['recycling']",), "which"),
    ("chosen.toml", ("study.draws=100",), "draws"),
])  # fmt: skip
def test_what_the_study_needs_is_said(folder: Path, run_file: str, sets: tuple[str, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        run(folder / run_file, ["study={kind='measures', budgets=[1]}", *sets], folder)


@pytest.mark.slow
def test_measures_of_europe() -> None:
    """Together they avoid at least what each does, ever less for a billion; stocks lead where a stop is short."""
    table = api.run("europe-measures", set=["study.budgets=[0, 1, 5, 20]", "study.months=[3, 24]"])["measures"]
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
