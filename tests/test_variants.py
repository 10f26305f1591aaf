"""Several mixes in one run: what each variant of [optimise] changes, against numbers found by hand and single runs.

The toy is that of test_whole_toy.py, whose plan for 2031 is 120 GWh of cells in Europe. 17.5 of them are Na-ion and n
of NMC lift the cars to what they must hold; the rest is LFP. China exports 100 GWh of lithium-ion cells. Here Europe's
cells cost 18.5 % (NMC) and 37 % (LFP) more than Chinese ones, as in figure 5, and a pack is all cells.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import cache
from math import log2
from pathlib import Path

import conftest
import pandas as pd
import pytest
from click.testing import CliRunner
from conftest import some

from minerals import api
from minerals.cli import cli
from minerals.config import read_run, runs_by_mix
from minerals.errors import Infeasible, InputError
from minerals.results.result import Result
from minerals.results.screen_variants import variants as on_screen
from minerals.studies.run import run

#: Price of an average pack in Europe in 2031 [USD/kWh], and of it NMC and LFP, as test_whole_toy.py has them.
EUROPE = 130 * 0.8 ** log2(1600 / 640)
NMC, LFP = 1.2 * EUROPE, 0.8 * EUROPE
GAP = {"NMC": 0.185, "LFP": 0.37}
LEAST_NMC = (17_000 - 160 * 82.5 - 165 * 17.5) / 90
LI_ION = 120 - 17.5
#: Nothing but cost counts, so that a cell is made where it costs least.
CHEAPEST = ("optimise.objective='cost'",)
#: An event that takes all of China's cells.
CELLS = "exposure.event.cells={country='CHN', nodes=['cell', 'na_cell'], start=2031}"

Chosen = Callable[..., Result]


def near(value: float) -> object:
    """Equal but for rounding and what a solver leaves."""
    return pytest.approx(value, rel=1e-6, abs=1e-6)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = conftest.lay_out(tmp_path_factory.mktemp("variants") / "tables", "toy", "toy_whole")
    text = (folder / "chosen.toml").read_text(encoding="utf-8").replace("[exposure]\nmade_at_home = 0.6\n", "")
    (folder / "several.toml").write_text(text, encoding="utf-8")
    gaps = folder / "cell_price_gap.csv"
    rows = [f"Europe,China,cell,{family},all,2028,{gap},,,1,book,table,measured,\n" for family, gap in GAP.items()]
    gaps.write_text(gaps.read_text(encoding="utf-8").rstrip("\n") + "\n" + "".join(rows), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def chosen(folder: Path) -> Chosen:
    """The run whose mixes are chosen, with changes; once for each set of them."""
    return cache(lambda *sets: run(folder / "several.toml", sets, folder))


def variant(name: str, **keys: object) -> str:
    """A variant as a change of a run file."""
    return f"optimise.variant.{name}={_toml(keys)}"


def _toml(value: object) -> str:
    """A value as TOML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(each)}" for key, each in value.items()) + "}"
    return json.dumps(value)


def told(result: Result, measure: str, item: str = "", column: str = "value") -> dict[str, float]:
    """A number of each mix over the years decided, by scenario."""
    table = result["mix_variant"]
    here = table[(table["measure"] == measure) & (table["item"] == item)].drop_duplicates("scenario", keep="last")
    return {str(row.scenario): float(getattr(row, column)) for row in here.itertuples()}


def at_home(result: Result, scenario: str) -> dict[str, float]:
    """GWh of lithium-ion cells that Europe makes in 2031, by chemistry."""
    origin = result["chosen_origin"].query("scenario == @scenario and year == 2031 and home == 'yes'")
    share = origin.groupby("chemistry")["value"].sum()
    cells = result["cells"].query("scenario == @scenario and year == 2031").groupby("chemistry")["value"].sum()
    return {name: float(share.get(name, 0.0) * cells[name]) for name in ("nmc811", "lfp")}


# --- duties and credits ----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_family_switches_home_at_the_tariff_and_the_credit_that_close_its_gap(chosen: Chosen) -> None:
    """A tariff of the gap makes an imported cell as dear, and so does a credit of gap ÷ (1 + gap) on the home price:
    NMC first, then LFP. 2.5 of 102.5 GWh must be made at home, for China exports 100; and of Europe's own 100 GWh 2.5
    must be imported. Both fall on what loses least by it."""
    closing = {family: price * GAP[family] / (1 + GAP[family]) for family, price in (("NMC", NMC), ("LFP", LFP))}
    assert closing["NMC"] < closing["LFP"], "in USD too"
    sets = [
        variant("t-below-nmc", tariff=0.18), variant("t-nmc", tariff=0.19), variant("t-below-lfp", tariff=0.365),
        variant("t-lfp", tariff=0.375), variant("c-below-nmc", credit=closing["NMC"] - 0.1),
        variant("c-nmc", credit=closing["NMC"] + 0.1), variant("c-below-lfp", credit=closing["LFP"] - 0.1),
        variant("c-lfp", credit=closing["LFP"] + 0.1),
    ]  # fmt: skip
    found = chosen(*CHEAPEST, *sets)
    lfp = LI_ION - LEAST_NMC
    expected = {
        "optimised": (2.5, 0), "t-below-nmc": (2.5, 0), "t-nmc": (LEAST_NMC, 0), "t-below-lfp": (LEAST_NMC, 0),
        "t-lfp": (LEAST_NMC, lfp - 2.5), "c-below-nmc": (2.5, 0), "c-nmc": (LEAST_NMC, 0),
        "c-below-lfp": (LEAST_NMC, 0), "c-lfp": (LEAST_NMC, lfp - 2.5),
    }  # fmt: skip
    for name, (nmc, lfp) in expected.items():
        scenario = name if name == "optimised" else f"optimised-{name}"
        assert at_home(found, scenario) == {"nmc811": near(nmc), "lfp": near(lfp)}, name


@pytest.fixture(scope="module")
def with_lines(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Result]:
    """The same with lines in Germany, used as given, that make 5 GWh a year and cannot be turned over. Na-ion, of which
    10 GWh must be made at home, has new ones in any case."""

    def run_at(utilisation: float, *sets: str) -> Result:
        place = tmp_path_factory.mktemp("lines") / "tables"
        shutil.copytree(folder, place)
        _add(place / "cell_capacity.csv", f"DEU,capacity,2030,{5 / utilisation},,,GWh/yr,book,p. 21,model,")
        _add(place / "plant_utilisation.csv", f"any,any,2025,{utilisation},,,1,book,p. 24,judgement,")
        turned = (place / "drop_in.csv").read_text(encoding="utf-8")
        whole = turned.replace("Na-ion,cell,partly,medium,0.5,0.25,0.75", "Na-ion,cell,none,medium,0,,")
        (place / "drop_in.csv").write_text(whole, encoding="utf-8")
        return run(place / "several.toml", [*CHEAPEST, *sets], place)

    return run_at


def _add(table: Path, row: str) -> None:
    table.write_text(table.read_text(encoding="utf-8").rstrip("\n") + f"\n{row}\n", encoding="utf-8")


def charge(utilisation: float) -> float:
    """Capital charge of a line of 100 USD/(kWh/yr) over 15 years at 8 % [USD/kWh]."""
    return 100 * 0.08 / (1 - 1.08**-15) / utilisation


@pytest.mark.slow
def test_a_new_line_starts_to_pay_where_the_gap_is_closed_and_a_standing_one_earlier(
    with_lines: Callable[..., Result],
) -> None:
    """Home ÷ import is 1 + gap at a new line. A tariff of the gap, or a credit of gap ÷ (1 + gap) of the home price,
    makes it pay, NMC first and then LFP. Standing lines save their capital, which at half of their nameplate used is
    more than the gap of either family: they run on NMC, whose gap leaves most, without any policy."""
    closing = {family: price * GAP[family] / (1 + GAP[family]) for family, price in (("NMC", NMC), ("LFP", LFP))}
    assert charge(0.5) > max(closing.values())
    sets = [
        variant(f"{kind}-{name}", **{kind: value})
        for kind, ends in (
            ("tariff", {"below-nmc": 0.18, "nmc": 0.19, "below-lfp": 0.365, "lfp": 0.375}),
            ("credit", {f"{side}{family.lower()}": usd + step for family, usd in closing.items()
                        for side, step in (("below-", -0.1), ("", 0.1))}),
        )
        for name, value in ends.items()
    ]  # fmt: skip
    found = with_lines(0.5, *sets)
    lfp = LI_ION - LEAST_NMC
    expected = {"below-nmc": (5, 0), "nmc": (LEAST_NMC, 0), "below-lfp": (LEAST_NMC, 0), "lfp": (LEAST_NMC, lfp - 2.5)}
    assert at_home(found, "optimised") == {"nmc811": near(5), "lfp": near(0)}
    for kind in ("tariff", "credit"):
        for name, (nmc, lfp) in expected.items():
            made = at_home(found, f"optimised-{kind}-{name}")
            assert made == {"nmc811": near(nmc), "lfp": near(lfp)}, (kind, name)


@pytest.mark.slow
def test_a_standing_line_runs_from_the_gap_less_its_capital_on(with_lines: Callable[..., Result]) -> None:
    """Used in full its capital is 11.7 USD/kWh, less than the gap of NMC: the rest is closed by a tariff of
    gap − charge × (1 + gap) ÷ price, or a credit of the gap in USD less the charge. 2.5 must be made at home anyway."""
    gap = GAP["NMC"]
    tariff = gap - charge(1.0) * (1 + gap) / NMC
    credit = NMC * gap / (1 + gap) - charge(1.0)
    assert 0 < tariff < gap
    ends = {"tariff": tariff, "credit": credit}
    sets = [variant(f"{kind}-{side}", **{kind: at + step * at}) for kind, at in ends.items()
            for side, step in (("below", -0.01), ("above", 0.01))]  # fmt: skip
    found = with_lines(1.0, *sets)
    for kind in ends:
        for side, nmc in (("below", 2.5), ("above", 5)):
            assert at_home(found, f"optimised-{kind}-{side}") == {"nmc811": near(nmc), "lfp": near(0)}, (kind, side)


def test_what_is_paid_is_what_batteries_cost_with_the_duties_and_without_the_credits(chosen: Chosen) -> None:
    """At 10 % nothing moves but the bill: the duty is a tenth of all that is imported, n − 2.5 of NMC, LFP and 7.5 of
    Na-ion, whose gap is the mean. A credit of one dollar goes to what is made at home, 2.5 of NMC and 10 of Na-ion."""
    found = chosen(*CHEAPEST, variant("tenth", tariff=0.1), variant("one", credit=1))
    na_ion, mean = LFP / 2, sum(GAP.values()) / 2
    imported = (
        (LEAST_NMC - 2.5) * NMC / (1 + GAP["NMC"]) + (LI_ION - LEAST_NMC) * LFP / (1 + GAP["LFP"])
        + 7.5 * na_ion / (1 + mean)
    )  # fmt: skip
    paid = 2.5 * NMC + 10 * na_ion + imported
    duties, credits = 0.1 * imported, 12.5
    costs = {item: told(found, "cost", item) for item in ("paid", "duties", "credits", "all")}
    mixes = ["optimised", "optimised-tenth", "optimised-one"]
    assert [costs["paid"][name] for name in mixes] == [near(paid), near(paid + duties), near(paid - credits)]
    assert [costs["duties"][name] for name in mixes] == [0, near(duties), 0]
    assert [costs["credits"][name] for name in mixes] == [0, 0, near(credits)]
    assert [costs["all"][name] for name in mixes] == [near(paid)] * 3
    assert told(found, "cost", "paid", "difference")["optimised-tenth"] == near(duties)
    assert told(found, "cost", "paid", "change")["optimised-tenth"] == near(duties / paid)


def test_a_tariff_may_be_on_the_cells_of_some_countries(chosen: Chosen) -> None:
    """20 % on all cells, or on China's alone: NMC comes home either way; of Na-ion, which has the mean of both gaps and
    costs half as much as LFP, 0.75 GWh are South Korea's."""
    found = chosen(*CHEAPEST, variant("all", tariff=0.2), variant("china", tariff={"CHN": 0.2}))
    assert at_home(found, "optimised-china") == at_home(found, "optimised-all")
    duties = told(found, "cost", "duties")
    assert duties["optimised-all"] - duties["optimised-china"] == near(
        0.2 * 0.75 * LFP / 2 / (1 + sum(GAP.values()) / 2)
    )


def test_a_tariff_on_cars_is_one_on_the_cells_inside_them(chosen: Chosen) -> None:
    """Half of 40 % moves NMC home, as 20 % on all cells does; a quarter of it does not."""
    found = chosen(
        *CHEAPEST, variant("half", car_tariff=0.4, cells_in_cars=0.5), variant("quarter", car_tariff=0.4,
        cells_in_cars=0.25), variant("cells", tariff=0.2),
    )  # fmt: skip
    assert at_home(found, "optimised-half") == at_home(found, "optimised-cells")
    assert at_home(found, "optimised-half")["nmc811"] == near(LEAST_NMC)
    assert at_home(found, "optimised-quarter")["nmc811"] == near(2.5)
    paid = told(found, "cost", "paid")
    assert paid["optimised-half"] == near(paid["optimised-cells"])


# --- what is made at home --------------------------------------------------------------------------------------------


def test_more_made_at_home_lowers_what_a_stop_of_cells_takes(chosen: Chosen) -> None:
    """Of 120 GWh those that China makes are lost: all that are imported but 0.75 of Na-ion from South Korea. More at
    home is less of them, and more for a stop of graphite to take."""
    shares = {"least": 0.0, "some": 0.4, "more": 0.7}
    found = chosen(*CHEAPEST, CELLS, *(variant(name, own_share={"2031": share}) for name, share in shares.items()))
    home = told(found, "made_at_home")
    assert home["optimised-least"] == near((2.5 + 10) / 120), "2.5 that China does not export, and Na-ion"
    assert [home[f"optimised-{name}"] for name in ("some", "more")] == [near(0.4), near(0.7)]
    lost = told(found, "lost", "cells")
    assert lost["optimised-least"] == near(100 + 6.75)
    for name in ("some", "more"):
        assert lost[f"optimised-{name}"] == near(120 * (1 - shares[name]) - 0.75)
    assert set(told(found, "own_cells_lost", "cells").values()) == {0.0}, "a stop of cells takes none made at home"
    own = told(found, "own_cells_lost", "china-anode")
    assert own["optimised-least"] <= own["optimised-some"] < own["optimised-more"]


def test_a_share_that_cannot_be_made_at_home_is_named_with_its_mix(folder: Path) -> None:
    """Europe makes 110 GWh at most, a share of 0.9167 of 120."""
    sets = [*CHEAPEST, variant("all", label="All at home", own_share={"2031": 1.0})]
    with pytest.raises(Infeasible) as raised:
        run(folder / "several.toml", sets, folder)
    assert str(raised.value).startswith("All at home: no mix keeps all limits of this run.")
    assert "at least 10.0 GWh of batteries for Europe that need not be made there (2031)" in str(raised.value)
    assert "(--set optimise.variant.all" in str(raised.value)


# --- a variant is a run ----------------------------------------------------------------------------------------------

OTHERS = {
    "weights": {"objective": "weighted", "weights": {"expected": 1.0, "cost": 0.01}},
    "narrow": {"without": ["Na-ion"], "unmet": True},
    "dear": {"tariff": 0.5, "credit": 3.0},
}  # fmt: skip


@pytest.mark.parametrize("name", some(OTHERS, 1))
def test_a_variant_is_the_mix_of_a_run_that_says_the_same(name: str, chosen: Chosen) -> None:
    """Its cells and where they are made, its minerals, and what disruptions take of it."""
    together = chosen(*(variant(other, **keys) for other, keys in OTHERS.items()))
    prices = ("tariff", "credit")
    alone = chosen(*(f"{'prices' if key in prices else 'optimise'}.{key}={_toml(value)}" for key, value
                     in OTHERS[name].items()))  # fmt: skip
    for table in ("cells", "mineral_demand", "chosen_origin", "disruptions"):
        ours, theirs = (
            result[table].query("scenario == @scenario").drop(columns="scenario").reset_index(drop=True)
            for result, scenario in ((together, f"optimised-{name}"), (alone, "optimised"))
        )
        pd.testing.assert_frame_equal(ours, theirs, rtol=1e-6, atol=1e-6)
    lost = alone["mix_loss"].set_index("disruption")["value"].to_dict()
    assert {key: told(together, "lost", key)[f"optimised-{name}"] for key in lost} == {
        key: near(value) for key, value in lost.items()
    }


def test_the_mix_of_optimise_is_that_of_a_run_without_variants(chosen: Chosen) -> None:
    alone, together = chosen(), chosen(variant("cells", tariff=0.2))
    for table in (name for name in alone.tables if name.startswith("mix_")):
        pd.testing.assert_frame_equal(alone[table], together[table])
    base = together["mix_variant"].query("scenario == 'optimised'")
    assert (base["difference"] == 0).all()
    assert (base["change"].dropna() == 0).all()
    assert "mix_variant" not in alone.tables


def test_a_variant_takes_all_else_from_optimise_and_says_where_its_keys_stand(folder: Path) -> None:
    asked = read_run(folder / "several.toml", ["optimise.own_share={2031=0.5}", "optimise.label='Ours'",
                     variant("home", own_share={"2030": 0.2}), variant("dear", tariff=0.3)])  # fmt: skip
    mixes = runs_by_mix(asked)
    assert list(mixes) == ["optimised", "optimised-home", "optimised-dear"]
    home, dear = (mixes[f"optimised-{name}"] for name in ("home", "dear"))
    assert home.settings.optimise is not None
    assert dear.settings.optimise is not None
    assert home.settings.optimise.own_share == {"2030": 0.2}, "in place of what [optimise] says"
    assert dear.settings.optimise.own_share == {"2031": 0.5}
    assert [each.settings.optimise.label for each in (asked, home, dear) if each.settings.optimise] == [
        "Ours", "home", "dear",
    ]  # fmt: skip
    assert [each.settings.prices.tariff for each in (asked, home, dear) if each.settings.prices] == [0, 0, 0.3]
    assert home.place("optimise", "own_share")[0].startswith("--set optimise.variant.home")
    assert dear.place("prices", "tariff")[0].startswith("--set optimise.variant.dear")


@pytest.mark.slow
def test_mixes_are_written_repeated_and_played_back(folder: Path, tmp_path: Path) -> None:
    """Each mix is a run file of its own, with the prices it was chosen at; the record repeats the run."""
    out = tmp_path / "out"
    sets = ["optimise.variant.cells={tariff=0.2, label='On cells'}"]
    result = api.run(str(folder / "several.toml"), set=[*CHEAPEST, *sets], inputs=folder, out=out)
    assert result.record["scenarios"]["optimised-cells"]["label"] == "On cells"
    again = api.run(str(out / "record.json"), inputs=folder, out=out)
    pd.testing.assert_frame_equal(again["mix_variant"], result["mix_variant"])
    played = api.run(str(out / "optimised-cells.toml"), inputs=folder)
    ours = result["mineral_demand"].query("scenario == 'optimised-cells'")["value"]
    assert played["mineral_demand"]["value"].to_list() == pytest.approx(ours.to_list())
    assert played.record["config"]["prices"]["tariff"] == 0.2
    asked = ["explain", str(out), "--mineral", "graphite", "--scenario", "optimised-cells", "--year", "2031"]
    assert "optimised-cells.toml" in CliRunner().invoke(cli, asked).output


@pytest.mark.slow
def test_a_library_by_rule_ends_for_all_mixes(chosen: Chosen) -> None:
    found = chosen("exposure.library='rule'", variant("cells", tariff=0.5), *CHEAPEST)
    about = found.record["mix"]["library"]
    assert about["rounds"]
    lost = found["disruptions"].query("year == 2031")
    assert set(lost["scenario"]) == {"plan", "optimised", "optimised-cells"}
    assert lost.groupby("scenario")["disruption"].nunique().nunique() == 1


def assert_of_policies(policies: Result) -> None:
    """Lines that stand are sunk and run without a policy, on NMC before LFP, whose gap leaves less: 51 % of 690 GWh/yr
    are 352 in 2030, more than all NMC, and the rest is a third of LFP. So 25 % on cells, at which a new line for NMC
    would pay, builds none, nor does 35.3 % on cars, of which a quarter falls on cells. A credit of 30 USD/kWh builds
    lines for LFP, whose cells come from 2029 on. 40 % at home is feasible, and lowers what a stop of cells takes."""
    family = {code: entry["family"] for code, entry in policies.record["codes"]["chemistry"].items()}
    origin = policies["chosen_origin"].query("year == 2030")
    home: dict[tuple[str, str], float] = {}
    for (scenario, chemistry), rows in origin[origin["silicon"] == 0].groupby(["scenario", "chemistry"]):
        key = str(scenario), family[str(chemistry)]
        home[key] = max(home.get(key, 0.0), float(rows.loc[rows["home"] == "yes", "value"].sum()))
    lines = policies["mix_line"].query("line == 'li_ion'").pivot_table(index="year", columns="measure", values="value")
    assert lines["used"].to_list() == pytest.approx(lines["standing"].to_list())
    assert lines["standing"][2030] == pytest.approx(0.51 * 690)
    for name in ("optimised", "optimised-cars", "optimised-cells"):
        assert home[name, "NMC"] == near(1)
        assert home[name, "LFP"] == pytest.approx(1 / 3, abs=0.05)
    made = policies["mix_variant"].query("measure == 'made_at_home' and item == ''")
    by_year = made[made["first"] == made["last"]].pivot_table(index="scenario", columns="first", values="value")
    assert by_year.loc["optimised-cells"].to_list() == pytest.approx(by_year.loc["optimised"].to_list(), abs=1e-6)
    assert told(policies, "cost", "duties")["optimised-cars"] > 0
    share = by_year[2035]
    assert share["optimised-home"] == pytest.approx(0.4)
    assert share["optimised-credit"] > share["optimised-home"] > share["optimised"]
    lost, own = (told(policies, measure, "china-stops-cells") for measure in ("lost", "own_cells_lost"))
    assert lost["optimised-credit"] < lost["optimised-home"] < lost["optimised"]
    assert lost["optimised-cars"] == pytest.approx(lost["optimised"], rel=1e-3), "imports have the origin observed"
    assert set(own.values()) == {0.0}
    anodes = told(policies, "own_cells_lost", "china-graphite-anode")
    assert anodes["optimised"] < anodes["optimised-home"], "what is made at home needs anodes"
    paid, whole = (told(policies, "cost", item) for item in ("paid", "all"))
    assert paid["optimised"] == whole["optimised"] <= min(whole.values()) * 1.01, "but for what near leaves"
    assert paid["optimised-credit"] < paid["optimised"] < whole["optimised-credit"]


# --- on the screen ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_mixes_stand_side_by_side(chosen: Chosen) -> None:
    found = chosen(*CHEAPEST, variant("cells", tariff=0.2), variant("home", own_share={"2031": 0.4}))
    lines = on_screen(found, 100)
    assert lines[0].split() == ["Mixes", "side", "by", "side,", "2031–2031", "Optimised", "cells", "home"]
    paid = next(line for line in lines if "paid by buyers" in line)
    assert len(paid.split()) == 3 + 3
    assert all(len(line) <= 100 for line in lines)
    assert on_screen(chosen(*CHEAPEST), 100) == []


# --- what is refused -------------------------------------------------------------------------------------------------

WRONG = """base = "several.toml"

[scenario.optimised-cells]
demand = "plan"
adoption = "plan"

[optimise.variant.cells]
tarif = 0.25
scenario = "plan"
ranges = "all"

[optimise.variant.none]
label = "Nothing"

[optimise.variant.many]
own_share = { 2031 = 40 }
tariff = -1
variant = 3
car_tariff = 0.353
"""


def test_all_that_is_wrong_in_variants_is_told_at_once(folder: Path) -> None:
    (folder / "wrong.toml").write_text(WRONG, encoding="utf-8")
    with pytest.raises(InputError) as raised:
        read_run(folder / "wrong.toml")
    found = sorted((problem.line, problem.what) for problem in raised.value.problems)
    assert found == [
        (3, "scenario 'optimised-cells'"),
        (8, "key 'tarif'"),
        (9, "optimise.variant.cells.scenario"),
        (10, "optimise.variant.cells.ranges"),
        (12, "variant 'none'"),
        (16, "optimise.variant.many.own_share.2031 = 40"),
        (17, "optimise.variant.many.tariff = -1"),
        (18, "key 'variant'"),
    ]
    text = str(raised.value)
    assert "not a key of a variant; did you mean 'tariff'?" in text
    assert "cannot differ: all mixes of a run meet the demand of one scenario" in text
    assert "changes nothing, so that its mix is that of [optimise]" in text


@pytest.mark.parametrize(("sets", "words"), [
    ([variant("x", car_tariff=0.3)], "car_tariff falls on no cell without cells_in_cars"),
    ([variant("x", tariff=0.1, label="Optimised")], "the scenario 'optimised' has the same label"),
    ([variant("x", tariff=0.1), variant("y", tariff=0.2, label="x")], "the scenario 'optimised-x' has the same label"),
    ([variant("x", exclude="chnia")], "not in country_groups.csv; did you mean 'china'?"),
    ([variant("x", one_country="soft")], "needs one_country_price"),
    (["optimise.variant='x'"], "expected a table of keys"),
    (["optimise.variant.x=3"], "expected a table of keys"),
    ([variant("x/y", tariff=1)], "expected"),
])  # fmt: skip
def test_a_variant_that_does_not_fit_is_refused(folder: Path, sets: list[str], words: str) -> None:
    outcome = CliRunner().invoke(
        cli, ["check", str(folder / "several.toml"), "--inputs", str(folder), *(x for s in sets for x in ("--set", s))]
    )
    assert outcome.exit_code == 3, outcome.output
    assert words in " ".join(outcome.stderr.split())


def test_check_says_how_many_mixes_are_chosen(folder: Path) -> None:
    asked = [str(folder / "several.toml"), "--inputs", str(folder), "--set", variant("x", tariff=0.1)]
    outcome = CliRunner().invoke(cli, ["check", *asked])
    assert "for 2 mixes" in outcome.output
