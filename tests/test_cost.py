"""What batteries cost: pack prices by region, chemistry and year, and the bill of a run."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from minerals import api
from minerals.case.cost import Chemistry, PackPrices, _Gaps, _Relative, pack_prices
from minerals.config import read_run
from minerals.errors import InputError
from minerals.quantities import QUANTITIES
from minerals.results.result import Result
from minerals.studies.run import run
from minerals.tables.check import without_price
from minerals.tables.inputs import Inputs, read_inputs
from minerals.tables.prices import price_inputs
from minerals.tables.relative import Follows, Multiple, follows

ASKED = "prices={demand='plan', adoption='plan', against='China'}"
KEYS = ["scenario", "region", "segment", "chemistry", "silicon", "year"]


def curves(inputs: Inputs, *values: float, first: int = 2030) -> dict[str, dict[int, float]]:
    """Curves on which every family of learning_rate costs the same, year after year."""
    by_year = {first + i: value for i, value in enumerate(values)}
    return dict.fromkeys(inputs["learning_rate"]["family"], by_year)


@pytest.fixture
def toy_packs(toy: Path) -> Callable[..., PackPrices]:
    """Pack prices of the toy where the average pack of the world costs 100 from 2030 on."""
    inputs = read_inputs(toy)

    def made(*sets: str, regions: Sequence[str], chemistries: Sequence[Chemistry]) -> PackPrices:
        asked = read_run(toy / "run.toml", (ASKED, *sets))
        return pack_prices(asked, inputs, regions, chemistries, (2029, 2030), curves(inputs, 100))

    return made


def shipped_packs(inputs: Inputs, regions: Sequence[str], *sets: str) -> PackPrices:
    """Pack prices of every shipped chemistry where every curve is at 100 in 2030."""
    chemistries = inputs.codes("chemistries")
    return pack_prices(read_run("prices-2035", sets), inputs, regions, chemistries, (2030,), curves(inputs, 100))


# --- prices ----------------------------------------------------------------------------------------------------------


def test_prices_by_hand(toy_packs: Callable[..., PackPrices]) -> None:
    """Europe pays 1.3 of the world, and Germany in it, China 0.8; NMC costs 1.2 of the average, LFP 0.8, Na-ion half
    of LFP."""
    packs = toy_packs(regions=("Europe", "China", "Germany", "World"), chemistries=("nmc811", "lfp", "na_layered"))
    assert packs.home.shape == packs.abroad.shape == (4, 3, 2)
    assert np.isnan(packs.home[:, :, 0]).all()
    assert np.isnan(packs.abroad[:, :, 0]).all()
    assert packs.home[:, :, 1] == pytest.approx(np.array([[156, 104, 52], [96, 64, 32], [156, 104, 52], [120, 80, 40]]))
    assert packs.abroad[:, :, 1] == pytest.approx(np.array([[96, 64, 32]] * 4))


def test_a_tariff_makes_imports_dearer_and_a_credit_what_is_made_at_home_cheaper(
    toy_packs: Callable[..., PackPrices],
) -> None:
    sets = ("prices.tariff=0.25", "prices.credit=60")
    packs = toy_packs(*sets, regions=("Europe", "China"), chemistries=("nmc811", "na_layered"))
    assert packs.home[0, :, 1] == pytest.approx([96, 0]), "never below zero"
    assert packs.credit[0, :, 1] == pytest.approx([60, 52]), "no more than a pack costs"
    assert packs.bought("CHN")[0, :, 1] == pytest.approx([120, 40])
    assert packs.duty("CHN")[:, :, 1] == pytest.approx(np.array([[24, 8], [0, 0]]))
    assert packs.bought("KOR")[0, :, 1] == pytest.approx([150, 50]), "who else sells takes the price of the world"
    assert packs.home[1, :, 1] == pytest.approx([96, 32]), "the cheapest region has neither"
    assert (packs.abroad[1, :, 1] == packs.home[1, :, 1]).all()


def test_a_tariff_on_cars_falls_on_the_cells_inside_them(toy_packs: Callable[..., PackPrices]) -> None:
    """A quarter of imported cells come in cars at 40 %: 10 % on average, beside 15 % on all."""
    sets = ("prices.car_tariff=0.4", "prices.cells_in_cars=0.25", "prices.tariff=0.15")
    packs = toy_packs(*sets, regions=("Europe",), chemistries=("nmc811",))
    assert packs.duty("CHN")[0, 0, 1] == pytest.approx(96 * 0.25)
    assert packs.bought("CHN")[0, 0, 1] == pytest.approx(96 * 1.25)
    with pytest.raises(InputError, match="car_tariff falls on no cell without cells_in_cars"):
        toy_packs("prices.car_tariff=0.4", regions=("Europe",), chemistries=("nmc811",))


def test_a_tariff_may_be_of_some_countries(toy_packs: Callable[..., PackPrices], toy: Path) -> None:
    """A country goes before its groups; who is in none pays nothing. In China nothing is taxed."""
    sets = ("prices.tariff={china=0.1, KOR=0.5, allies=0.2}", "prices.cells_in_cars=0.5", "prices.car_tariff={CHN=0.3}")
    packs = toy_packs(*sets, regions=("Europe", "China"), chemistries=("nmc811",))
    assert packs.bought("CHN")[:, 0, 1] == pytest.approx([96 * (1 + 0.1 + 0.15), 96])
    assert packs.bought("KOR")[:, 0, 1] == pytest.approx([120 * 1.5, 120])
    assert packs.bought("NAM")[0, 0, 1] == pytest.approx(120)
    with pytest.raises(InputError, match=r"prices\.tariff\.CHM: not in countries\.csv .*; did you mean 'CHN'"):
        price_inputs(read_run(toy / "run.toml", (ASKED, "prices.tariff={CHM=0.1}")), read_inputs(toy))


def test_silicon_is_priced_on_its_base_and_between_blends(toy_packs: Callable[..., PackPrices]) -> None:
    """A tenth of silicon costs a tenth more, half as much silicon half of that; LFP is silicon_like NMC 811."""
    names: list[Chemistry] = ["nmc811", ("nmc811", 0.0), "nmc811_si10", ("nmc811", 0.1), ("nmc811", 0.05), ("lfp", 0.1)]
    packs = toy_packs(regions=("China",), chemistries=names)
    assert packs.home[0, :, 1] == pytest.approx([96, 96, 105.6, 105.6, 100.8, 70.4])
    with pytest.raises(KeyError, match="nmc900"):
        toy_packs(regions=("China",), chemistries=("nmc900",))


def test_a_blend_is_priced_between_the_two_beside_it_and_never_beyond_the_last(shipped_inputs: Inputs) -> None:
    """Of NMC 811 with 5, 10, 20 and 50 % of silicon, by name; 0.15 lies half way between 10 and 20."""
    names: list[Chemistry] = ["nmc811", "nmc811_si5", "nmc811_si10", "nmc811_si20", "nmc811_si50"]
    between: list[Chemistry] = [("nmc811", s) for s in (0.025, 0.05, 0.075, 0.15, 0.2, 0.6)]
    asked = read_run("prices-2035")
    packs = pack_prices(asked, shipped_inputs, ["World"], [*names, *between], (2030,), curves(shipped_inputs, 100))
    base, five, ten, twenty, fifty, *found = packs.home[0, :, 0]
    assert len({base, five, ten, twenty, fifty}) == 5
    assert found == pytest.approx([(base + five) / 2, five, (five + ten) / 2, (ten + twenty) / 2, twenty, fifty])


def test_a_blend_rests_on_the_blends_beside_it_alone() -> None:
    """Of base a a tenth costs 1.2 of it (row 3), a fifth 1.6 (row 4); b takes them on top of its own price, 2 (row 2).
    One that is tabulated for another base rests on that row alone; what is beyond the last one has that."""
    of: dict[str, Follows] = {"a": Follows("Li-ion", 1.5, (1,)), "b": Follows("LFP", 2.0, (2,)),
                              "a10": Follows("Li-ion", 1.8, (1, 3)), "a20": Follows("Li-ion", 2.4, (1, 4))}  # fmt: skip
    relative: Any = SimpleNamespace(
        of=of.__getitem__, blends={"a": [(0.1, "a10"), (0.2, "a20")]}, silicon_like={"b": "a"}
    )
    for silicon, multiple, lines in (
        (0.05, 1.1, (1, 3)), (0.1, 1.2, (1, 3)), (0.15, 1.4, (1, 3, 1, 4)), (0.2, 1.6, (1, 4)), (0.3, 1.6, (1, 4)),
    ):  # fmt: skip
        found = _Relative._between(relative, "b", silicon)
        assert (found.curve, found.factor) == ("LFP", pytest.approx(2 * multiple))
        assert tuple(dict.fromkeys(found.lines)) == tuple(dict.fromkeys((2, *lines)))
        assert _Relative._between(relative, "a", silicon).factor == pytest.approx(1.5 * multiple)


def test_the_newest_gap_of_a_region_or_the_next_wider_one() -> None:
    """Germany has the rows of Europe of 2026; a family without one has the mean of these. Cells are 60 of the 90 of a
    pack in the last year with both."""

    def row(value: float, year: int, line: int, **more: Any) -> Any:
        return SimpleNamespace(value=value, year=year, line=line, **more)

    rows = {("Europe", "China", "cell", "all"): [row(0.5, 2024, 1, family="LFP"), row(0.3, 2026, 2, family="LFP"),
                                                 row(0.1, 2026, 3, family="NMC")]}  # fmt: skip
    level = {
        "cell": [(50.0, 2024, 11), (60.0, 2025, 12), (55.0, 2026, 13)],
        "pack": [(80.0, 2024, 21), (90.0, 2025, 22)],
    }
    prices = {("observed", name, "Li-ion", "all"): [row(*each, region="World") for each in some]
              for name, some in level.items()}  # fmt: skip
    prices["observed", "cell", "Li-ion", "all"].append(row(1.0, 2025, 99, region="Europe"))
    tables = {"cell_price_gap": rows, "cell_price": prices}
    wider = {"Germany": ("Germany", "Europe", "World"), "Japan": ("Japan", "World")}
    inputs: Any = SimpleNamespace(rows_by=lambda table, *_: tables[table],
                                  places=SimpleNamespace(chain=wider.__getitem__))  # fmt: skip
    gaps = _Gaps(inputs, "China")
    assert (gaps.of("Germany", "LFP"), gaps.of("Germany", "NMC")) == (0.3, 0.1)
    assert gaps.of("Germany", "Na-ion") == pytest.approx(0.2)
    assert np.isnan(gaps.of("Japan", "LFP"))
    assert (gaps.lines("Germany"), gaps.lines("Japan")) == ([2, 3], [])
    assert (gaps.cells, gaps.of_cells) == (pytest.approx(60 / 90), [12, 22])
    prices["observed", "pack", "Li-ion", "all"] = []
    assert (_Gaps(inputs, "China").cells, _Gaps(inputs, "China").of_cells) == (1, [])
    assert np.isnan(_Gaps(inputs, "Korea").of("Germany", "LFP"))


def test_the_rows_used_are_those_of_the_regions_and_chemistries(toy_packs: Callable[..., PackPrices]) -> None:
    packs = toy_packs(regions=("Germany",), chemistries=("lfp", ("nmc811", 0.05)))
    assert set(packs.used.columns["rows"]) == {
        "cell_price.csv:2", "cell_price.csv:3", "cell_price.csv:4", "price_relative.csv:3", "price_relative.csv:2",
        "price_relative.csv:5",
    }  # fmt: skip
    assert "cell_price.csv:3" in set(toy_packs(regions=("Europe",), chemistries=("lfp",)).used.columns["rows"])


def test_the_last_year_with_both_prices_gives_the_ratio(toy: Path) -> None:
    """Of 2027 both are known, 180 against 120; of 2029 only Europe's."""
    path = toy / "cell_price.csv"
    rows = path.read_text(encoding="utf-8").replace("Europe,pack,Li-ion,all,2028", "Europe,pack,Li-ion,all,2029")
    for region, value in (("World", 120), ("Europe", 180)):
        rows += f"observed,{region},pack,Li-ion,all,2027,{value},,,USD_2025/kWh,book,p. 10,measured,\n"
    path.write_text(rows, encoding="utf-8")
    inputs, asked = read_inputs(toy), read_run(toy / "run.toml", (ASKED,))
    packs = pack_prices(asked, inputs, ("Europe",), ("lfp",), (2030,), curves(inputs, 100))
    assert packs.home == pytest.approx(np.array([[[120.0]]]))


def test_every_shipped_chemistry_has_a_price(shipped_inputs: Inputs) -> None:
    assert not without_price(shipped_inputs.tables)
    packs = shipped_packs(shipped_inputs, ("Europe", "United States", "China", "India"))
    assert (packs.home > 0).all()
    assert (packs.abroad > 0).all()
    rows = packs.used.columns["rows"]
    assert len(set(rows)) == len(rows)


def test_regions_pay_what_their_average_pack_was_observed_at(shipped_inputs: Inputs) -> None:
    """BloombergNEF 2025: China 84, United States 121, Europe 131, World 108; none of India, so the World's."""
    packs = shipped_packs(shipped_inputs, ("China", "United States", "Europe", "India"))
    for place, observed in enumerate((84, 121, 131)):
        assert packs.home[place] == pytest.approx(packs.home[3] * observed / 108)
    for place in (0, 1, 3):
        assert packs.abroad[place] == pytest.approx(packs.home[0])


def test_home_cells_are_dearer_by_family_where_that_was_observed(shipped_inputs: Inputs) -> None:
    """Figure 5 of the report: European cells of NMC cost 18.5 % more than Chinese ones as sold there, of LFP 37 %; of a
    pack for 108 dollars in the world cells are 74. Blends go by their base; sodium has the mean of both."""
    codes = ("nmc811", "nmc811_si10", "lfp", "na_layered_nfm")
    packs = shipped_packs(shipped_inputs, ("Europe", "Germany"))
    at = [list(shipped_inputs.codes("chemistries")).index(code) for code in codes]
    cells, gaps = 74 / 108, np.array([0.185, 0.185, 0.37, (0.185 + 0.37) / 2])
    for place in range(2):
        assert packs.abroad[place, at, 0] == pytest.approx(packs.home[place, at, 0] * (1 - cells * gaps / (1 + gaps)))


@pytest.mark.parametrize("tariff", [0.0, 0.35])
def test_to_bar_a_country_makes_no_import_cheaper(shipped_inputs: Inputs, tariff: float) -> None:
    """Chinese cells in Europe cost more than the world's average: others take as much, with duties that all pay."""
    packs = shipped_packs(shipped_inputs, ("Europe", "United States"), f"prices.tariff={tariff}")
    assert (packs.bought("KOR") >= packs.bought("CHN")).all()
    assert (packs.elsewhere[0] > packs.elsewhere[1]).any()


@pytest.mark.parametrize(("code", "gap"), [("nmc811", 0.185), ("lfp", 0.37)])
def test_the_gap_of_figure_5_is_closed_by_a_tariff_as_large_or_by_a_credit_of_what_it_comes_to(
    shipped_inputs: Inputs, code: str, gap: float
) -> None:
    """Of a pack of 100 cells are 74/108; a Chinese one costs 1/(1 + gap) of them, and a tariff of the gap makes up for
    that. A credit does so of 68.5 × gap/(1 + gap) on 100, 10.7 for NMC and 18.5 for LFP."""

    def bought(*sets: str) -> tuple[float, float]:
        curve = curves(shipped_inputs, 100 * 108 / 131)  # Europe's pack is at 131 where the world's is at 108.
        packs = pack_prices(read_run("prices-2035", sets), shipped_inputs, ("Europe",), (code,), (2030,), curve)
        return float(packs.home[0, 0, 0]), float(packs.bought("CHN")[0, 0, 0])

    scale = bought()[0] / 100  # LFP costs less than the average pack
    credit = {"nmc811": 10.697, "lfp": 18.505}[code] * scale
    for close, gone in ((f"prices.tariff={gap}", 0), (f"prices.credit={credit}", credit)):
        home, abroad = bought(close)
        assert home == pytest.approx(100 * scale - gone)
        assert abroad == pytest.approx(home, rel=1e-5)
    for less, cheaper in ((f"prices.tariff={gap - 0.01}", True), (f"prices.tariff={gap + 0.01}", False)):
        home, abroad = bought(less)
        assert (abroad < home) is cheaper


def test_a_blend_costs_what_its_materials_do(shipped_inputs: Inputs) -> None:
    """SiO 60, graphite 9.5 USD/kg; cathode 22 (NMC 811) and 4.9 (LFP) for the first-cycle loss; as the notes say."""
    mass = shipped_inputs["mineral_intensity"].set_index(["chemistry", "mineral"])["value"]
    given = shipped_inputs["price_relative"].set_index("chemistry")
    for base, pack, metal, part, cathode in (("nmc811", 128, "nickel", 0.4827, 22.0), ("lfp", 81, "iron", 0.354, 4.9)):
        for blend in (name for name in given.index if name.startswith(f"{base}_si")):
            silicon = 1.57 * mass[blend, "silicon"]
            graphite = mass[base, "graphite"] - mass[blend, "graphite"]
            more = (mass[blend, metal] - mass[base, metal]) / part
            ends = [(silicon * 60, 9.5), (1.2, 9.5), (silicon * 60, 3.75)]
            told = [1 + (paid - graphite * saved + more * cathode) / pack for paid, saved in ends]
            assert given.loc[blend, ["value", "low", "high"]].tolist() == pytest.approx(told, abs=1.5e-3)
            assert given.loc[blend, "relative_to"] == base


def test_li_s_is_solid_state_without_its_cathode(shipped_inputs: Inputs) -> None:
    price = shipped_inputs["cell_price"].query("case == 'observed' and region == 'World' and level == 'pack'")
    seen = price[price["use"] == "all"].groupby("family")["value"].last()
    row = shipped_inputs["price_relative"].set_index("chemistry").loc["Li-S"]
    told = [(seen["Li-metal"] - 35) / seen["Li-metal"], seen["LFP"] / seen["Li-metal"], 1]
    assert row[["value", "low", "high"]].tolist() == pytest.approx(told, abs=5e-3)


def test_the_most_specific_row_serves_and_a_circle_is_told() -> None:
    rows = {"lfp_si5": Multiple("lfp", 3.0, 2), "LFP": Multiple("Li-ion", 0.5, 3), "NMC": Multiple("nmc811", 2.0, 4)}
    family = {"lfp": "LFP", "lfp_si5": "Si-anode", "lfp_si50": "Si-anode", "nmc811": "NMC", "na": "Na-ion"}
    assert follows("lfp_si5", rows, family, {"Li-ion"}) == ("Li-ion", 1.5, (2, 3))
    assert follows("na", rows, family, {"Na-ion"}) == ("Na-ion", 1.0, ())
    with pytest.raises(ValueError, match="is a multiple of itself through nmc811 → nmc811"):
        follows("nmc811", rows, family, {"Li-ion"})
    with pytest.raises(ValueError, match="Si-anode has no learning rate and no multiple"):
        follows("lfp_si50", rows, family, {"Li-ion"})


# --- the bill of a run -----------------------------------------------------------------------------------------------


def test_the_bill_by_hand(run_toy: Callable[..., Result]) -> None:
    """60 GWh of NMC in Europe's cars of 2030, at 1.2 × 1.3 of the average pack of the world."""
    made = run_toy(ASKED)
    average = made["price"].set_index("year")["value"]
    cost = made["battery_cost"].set_index(KEYS)["value"]
    assert cost["plan", "Europe", "car", "nmc811", 0, 2030] == pytest.approx(60 * 1.2 * 1.3 * average[2030])
    assert cost["plan", "China", "car", "lfp", 0, 2034] == pytest.approx(200 * 0.8 * 0.8 * average[2034])
    assert set(made["battery_cost"]["unit"]) == {"million USD_2025"}


def test_the_bill_is_the_sum_of_gwh_times_price(run_toy: Callable[..., Result], toy: Path) -> None:
    sets = (ASKED, "scenario.plan.silicon=si", "prices.credit=5")
    made, inputs = run_toy(*sets), read_inputs(toy)
    cells = made["cells"]
    pairs = list(dict.fromkeys(zip(cells["chemistry"], cells["silicon"], strict=True)))
    places, years = ("Europe", "China"), tuple(range(2030, 2035))
    by_year = {family: part.set_index("year")["value"].to_dict() for family, part in made["price"].groupby("family")}
    packs = pack_prices(read_run(toy / "run.toml", sets), inputs, places, pairs, years, by_year)
    gwh = cells.pivot_table(index=["region", "chemistry", "silicon"], columns="year", values="value", aggfunc="sum")
    by_place = np.array([[gwh.reindex([(place, *pair)], fill_value=0).to_numpy()[0] for pair in pairs]
                         for place in places])  # fmt: skip
    assert made.total("battery_cost", by=()) == pytest.approx((np.nan_to_num(by_place) * packs.home).sum())
    assert len(made["battery_cost"]) == len(cells)
    assert {"price_relative.csv:2", "price_relative.csv:5"} <= set(made["inputs_used"]["rows"])


def test_the_first_adoption_scenario_gives_the_prices(run_toy: Callable[..., Result]) -> None:
    one, both, other = (run_toy(ASKED.replace("adoption='plan'", f"adoption={names}"))["battery_cost"]
                        for names in ("['plan']", "['plan', 'shift']", "['shift', 'plan']"))  # fmt: skip
    pd.testing.assert_frame_equal(one, both)
    assert one["value"].sum() < other["value"].sum(), "a world on sodium learns less lithium-ion"


def test_years_before_the_curves_have_no_bill(run_toy: Callable[..., Result]) -> None:
    made = run_toy(ASKED, "scope.years.first=2028", "scope.years.last=2030", "scenario.shift.adoption=plan")
    assert made["cells"]["year"].min() == 2028
    assert made["battery_cost"]["year"].min() == made["price"]["year"].min()


def test_a_run_without_prices_is_unchanged(run_toy: Callable[..., Result]) -> None:
    without, made = run_toy(), run_toy(ASKED)
    assert "battery_cost" not in without.tables
    assert not set(without["inputs_used"]["table"]) & {"cell_price", "price_relative"}
    for name in without.tables:
        if name not in ("inputs_used", "sources_used"):
            pd.testing.assert_frame_equal(without[name], made[name])
    assert set(made.tables) - set(without.tables) <= set(QUANTITIES), "every table of prices is in the catalogue"


def test_a_chemistry_without_a_price_is_refused_where_a_run_prices_it_and_nowhere_else(toy: Path) -> None:
    path = toy / "price_relative.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("Na-ion,lfp,0.5,,,1,book,p. 10,model,\n", ""), encoding="utf-8")
    assert text != path.read_text(encoding="utf-8")
    without = run(toy / "run.toml", inputs=toy)
    assert "na_layered" in set(without["cells"]["chemistry"])
    told = "price_relative.csv price of na_layered: Na-ion has no learning rate and no multiple of another price; add"
    with pytest.raises(InputError, match=re.escape(told)):
        run(toy / "run.toml", [ASKED], toy)
    assert api.check(toy)[-1] == "no price of na_layered: a run with [prices] that sells it is refused"


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("old", "new", "said"), [
    ("NMC,Li-ion", "NMCC,Li-ion", "price_relative.csv:2 chemistry = 'NMCC': neither a chemistry nor a family; did you"),
    ("NMC,Li-ion", "NMC,Liion", "price_relative.csv:2 relative_to = 'Liion': neither a chemistry nor a family; did"),
    ("0.5,,,1", "0,,,1", "price_relative.csv:4 value, low = 0, 0: a multiple must be above 0, its low end too"),
    ("0.8,,,1", "80,,,1", "looks like a percentage; write 0.8"),
    ("nmc811_si10,nmc811", "nmc811_si10,lfp",
     "price_relative.csv:5 relative_to = 'lfp': nmc811_si10 is a silicon blend; write its base, nmc811"),
    ("LFP,Li-ion", "LFP,na_layered",
     "price_relative.csv price of lfp: is a multiple of itself through lfp → na_layered → lfp"),
])  # fmt: skip
def test_a_broken_multiple_is_named_with_its_line(toy: Path, old: str, new: str, said: str) -> None:
    path = toy / "price_relative.csv"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError) as raised:
        run(toy / "run.toml", inputs=toy)
    assert [problem for problem in raised.value.problems if said in str(problem)]
