"""Own rows finer than a table, in the parts of a run that ask for more than flows: each against a case done by hand.

The toy is that of tests/test_whole_toy.py: Europe builds 60 GWh of NMC and 40 of LFP for cars and 20 of LFP for storage
a year, China 200 of LFP for cars; three quarters of Europe's cells are its own, the rest China's.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import conftest
import numpy as np
import pandas as pd
import pytest
from test_whole_toy import one

from minerals.case.chain import returning, returning_in_detail, survivals
from minerals.case.chokepoints import Chokepoints
from minerals.case.draws import Drawn
from minerals.config import read_run
from minerals.design import latin_hypercube, sides_of, split_pert
from minerals.errors import InputError
from minerals.flows.ensemble import follow
from minerals.flows.lifetime import survival_matrix
from minerals.flows.stock import hazard
from minerals.pipeline import prepared
from minerals.results.explain_exposure import explain_disruption
from minerals.results.record_exposure import _counted_on_top
from minerals.results.result import Result
from minerals.studies.run import run
from minerals.studies.uncertain import NODES, Uncertain
from minerals.tables.inputs import read_inputs
from minerals.tables.own import Layers
from minerals.tables.resolve import resolve

#: LFP of cars holds more graphite from 2031 on, that of storage more in all years.
INTENSITY = """chemistry,mineral,segment,cohort,value,low,high,unit
lfp,graphite,car,2030,1,,,kg/kWh
lfp,graphite,car,2031,1.2,1,1.5,kg/kWh
lfp,graphite,stationary,,1.6,,,kg/kWh
lfp,lithium,car,,0.11,,,kg/kWh
"""
Whole = Callable[..., Result]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return conftest.lay_out(tmp_path_factory.mktemp("whole") / "tables", "toy", "toy_whole")


def rows_of(folder: Path, name: str, **tables: str) -> Path:
    """A folder of own rows beside the tables."""
    place = folder.parent / name
    place.mkdir(exist_ok=True)
    for table, text in tables.items():
        (place / f"{table}.csv").write_text(text, encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def whole(folder: Path) -> Whole:
    """The run with these intensities, and with changes; once for each set of them."""
    mine = rows_of(folder, "mine", mineral_intensity=INTENSITY)
    return cache(lambda *sets: run(folder / "whole.toml", sets, [mine, folder]))


@pytest.fixture(scope="module")
def chokepoints(folder: Path) -> Chokepoints:
    """Exposure of that run."""
    layers = Layers(folder, (rows_of(folder, "mine", mineral_intensity=INTENSITY),))
    found = prepared(read_run(folder / "whole.toml"), read_inputs(layers)).chokepoints
    assert found is not None
    return found


def exactly(value: float) -> object:
    return pytest.approx(value, rel=1e-9, abs=1e-9)


# --- exposure --------------------------------------------------------------------------------------------------------


def test_exposure_needs_of_each_node_what_the_batteries_of_each_use_and_year_hold(whole: Whole) -> None:
    """Graphite of the cells made in Europe in 2031: 45 × 0.9 of NMC, 30 × 1.2 and 15 × 1.6 of LFP, 100.5 kt; in China
    15 × 0.9, 210 × 1.2 and 5 × 1.6, 273.5. A year before cars hold 1. A quarter is natural, that is coated; China makes
    its own synthetic graphite. The plan is the reference world. Where cars alone count, storage keeps what it needs."""
    needed = {
        (node, year, region): value
        for node, year, *values in (
            ("coated_graphite", 2030, (40.5 + 30 + 24) / 4, (13.5 + 210 + 8) / 4),
            ("coated_graphite", 2031, 25.125, 68.375),
            ("synthetic_graphite", 2031, 75.375, 205.125),
            ("flake_graphite", 2031, 2.5 * 5, 2.5 * (93.5 - 5)),
            ("mined_cobalt", 2031, 45 * 0.096, 15 * 0.096),
        )
        for region, value in zip(("Europe", "China"), values, strict=True)
    }
    result = whole()
    for (node, year, region), value in needed.items():
        assert one(result, "reference_need", node=node, year=year, region=region) == exactly(value)
        if region == "Europe":
            assert one(result, "coverage", node=node, year=year, measure="need") == exactly(value)
    cars = whole("scope.segments=['car']")
    assert one(cars, "coverage", node="coated_graphite", year=2031, measure="need") == exactly((40.5 + 36) / 4)
    assert one(cars, "coverage", node="coated_graphite", year=2031, measure="others") == exactly(15 * 1.6 / 4)


def test_a_stop_takes_as_much_of_a_chemistry_in_all_of_its_uses(whole: Whole) -> None:
    """Without China's anodes there are 5 kt of coated graphite, and with a tenth of it natural 50 kt of graphite. NMC
    needs the least of it: the 36 GWh for which there is cobalt take 32.4, and LFP at (40 × 1.2 + 20 × 1.6) ÷ 60 kt/GWh
    the rest, 13.2 GWh. Of what is lost cars have two thirds, as of the plan."""
    lost = whole()["gwh_at_risk"].query("disruption == 'china-anode' and year == 2031 and allocation == 'best'")
    assert {(row.segment, row.chemistry): row.value for row in lost.itertuples()} == {
        ("car", "lfp"): exactly((45 - 13.2) * 2 / 3), ("stationary", "lfp"): exactly((45 - 13.2) / 3),
    }  # fmt: skip


def test_minerals_that_are_lost_are_those_that_the_batteries_hold(whole: Whole) -> None:
    at = {"disruption": "china-anode", "mineral": "graphite", "year": 2031}
    held = [one(whole(), "lost_minerals", "planned", stage=stage, **at) for stage in ("cell", "active_material")]
    assert held == [exactly(54 + 48 + 32), exactly(40.5 + 36 + 24)]


def test_explain_redoes_the_need_by_use_from_the_own_rows(whole: Whole) -> None:
    told = explain_disruption(whole(), "china-anode", "Europe", 2031, "plan")
    (coated,) = [node for node in told.nodes if node.node == "coated_graphite"]
    uses = {(use.segment, use.chemistry): (use.value, use.factors[0].rows[0]["rows"]) for use in coated.uses}
    assert uses == {
        ("car", "nmc811"): (exactly(45 * 0.9 / 4), "mineral_intensity.csv:2"),
        ("car", "lfp"): (exactly(30 * 1.2 / 4), "mine/mineral_intensity.csv:3"),
        ("stationary", "lfp"): (exactly(15 * 1.6 / 4), "mine/mineral_intensity.csv:4"),
    }  # fmt: skip


# --- draws -----------------------------------------------------------------------------------------------------------


SIZES = """
[segments.small]
label = "Small"
in_place_of = "car"
[segments.large]
label = "Large"
in_place_of = "car"
[battery_demand.plan.Europe]
small.2030 = 30
small.2034 = 30
large.2030 = 70
large.2034 = 70
"""
#: As those of cars.
OF_SIZES = "scenario,region,segment,chemistry,year,value,unit\n" + "".join(
    f"plan,Europe,{size},{chemistry},{year},{share},1\n"
    for size in ("small", "large") for chemistry, share in (("nmc811", 0.6), ("lfp", 0.4)) for year in (2030, 2034)
)  # fmt: skip


def test_uses_in_place_of_another_are_not_counted_beside_it(folder: Path) -> None:
    """Cars in two sizes that have what cars have lose and leave the others what cars do, though the demand of the
    reference world has both."""
    place = rows_of(folder, "sizes", market_share=OF_SIZES)
    (place / "sizes.toml").write_text(SIZES, encoding="utf-8")
    cars = run(folder / "whole.toml", ["scope.segments=['car']"], [folder])
    sizes = run(folder / "whole.toml", ["scope.segments=['small', 'large']"], [place, folder])
    for name in ("disruptions", "reference_need", "coverage"):
        mine, theirs = (
            found[name].drop(columns=[column for column in found[name] if "vehicles" in column])
            for found in (sizes, cars)
        )
        pd.testing.assert_frame_equal(mine, theirs, rtol=1e-9)
    assert sizes.record["exposure"]["caveats"] == cars.record["exposure"]["caveats"]
    # How large the packs of a size are nobody says, so how many vehicles are lost is not known, and not none.
    loses = cars["disruptions"]["lost_best"] > 0
    assert (cars["disruptions"]["vehicles"][loses] > 0).all()
    assert sizes["disruptions"]["vehicles"].isna().tolist() == loses.tolist()
    for segments, why in (
        ([], "segment 'small': has demand in Europe beside car, in whose place it is counted"),
        (["small"], r"segments: has 'small' in place of car without large; add it, or"),
    ):
        with pytest.raises(InputError, match=why):
            run(folder / "whole.toml", [f"scope.segments={segments}"], [place, folder])
    (place / "sizes.toml").write_text(SIZES.replace('in_place_of = "car"', ""), encoding="utf-8")
    told = _counted_on_top(("car", "small", "large"), read_inputs(Layers(folder, (place,))))
    assert told == " small, large come on top of these; where they are part of one, say so in in_place_of of segments."


def test_drawn_ends_of_own_rows_move_what_the_cells_need(chokepoints: Chokepoints) -> None:
    """Own rows have one draw group. At its low end 40 GWh of LFP for cars need 0.2 kt of graphite a GWh less of the 134
    kt of all cells, at its high end 0.3 more; NMC moves with its own row, storage is certain, and so was 2030."""
    drawn = Drawn(chokepoints, 400, 1)
    (own_under, own_over), (np_under, np_over) = (
        drawn.streams.sides(("mineral_intensity", group)) for group in ("own", "graphite_np")
    )
    node, cells = chokepoints.inputs.place("coated_graphite"), chokepoints.cells_of("plan", ("Europe",), 1)
    moved = -own_under * 40 * 0.2 + own_over * 40 * 0.3 - np_under * 60 * 0.1 + np_over * 60 * 0.1
    assert drawn.used(drawn.streams, cells, 1)[:, node] == pytest.approx(1 + moved / 134, rel=1e-9)
    axes = chokepoints.resolved
    lfp = axes.chemistries.labels.index(("lfp", 0.0))

    def times(mineral: str, segment: str, year: int) -> np.ndarray:
        found = drawn.intensities(drawn.streams, year)
        return np.asarray(found[:, axes.segments.labels.index(segment), lfp, axes.minerals.labels.index(mineral)])

    assert times("graphite", "car", 1) == pytest.approx((1.2 - own_under * 0.2 + own_over * 0.3) / 1.2, rel=1e-9)
    assert {*times("graphite", "stationary", 1), *times("graphite", "car", 0)} == {1}
    # The row of the table holds where no own row goes before it: 0.09 of lithium, 0.08 to 0.1.
    under, over = drawn.streams.sides(("mineral_intensity", "lfp_cathode"))
    assert set(times("lithium", "car", 1)) == {1}
    assert times("lithium", "stationary", 1) == pytest.approx(1 + (over - under) / 9, rel=1e-9)


# --- a chosen mix ----------------------------------------------------------------------------------------------------

#: LFP by year of sale alone; NMC of Europe's cars is collected less, and more is recovered of LFP.
OF_MIX = {
    "mineral_intensity": "chemistry,mineral,cohort,value,unit\n"
    "lfp,graphite,2030,1,kg/kWh\nlfp,graphite,2031,1.2,kg/kWh\n",
    "collection_rate": "region,segment,year,chemistry,value,unit\nEurope,car,2028,nmc811,0.4,1\n",
    "recovery_rate": "stream,recycling_route,mineral,year,chemistry,value,unit\n"
    "end_of_life,hydro,graphite,2028,LFP,0.8,1\nprompt,hydro,graphite,2028,LFP,0.8,1\n",
}
FLOWS = ("flows={}", "scope.beyond='hold'")


def test_a_mix_is_chosen_from_what_cells_of_each_year_need_and_give_back(folder: Path) -> None:
    """A quarter of the 1.2 kg of graphite in LFP of 2031 is coated, and lines lose a twentieth. Of 2029 come back 55
    GWh of NMC and 45 of LFP of cars, which held 0.9 and 1; 0.3 are used again. Of the rest four tenths of NMC and eight
    of LFP are collected, and of their graphite 0.75 × 0.2 and 0.75 × 0.8 recovered; so it is of prompt scrap."""
    layers = Layers(folder, (rows_of(folder, "of_mix", **OF_MIX),))
    sets = (*FLOWS, "scope.years={first = 2030, last = 2033}")
    _, data = prepared(read_run(folder / "chosen.toml", sets), read_inputs(layers)).mixes["optimised"]
    assert data.use["Europe", "lfp", "coated_graphite", 2031] == exactly(1.2 / 4 / 0.95)
    assert data.content["lfp", "graphite", 2031] == exactly(1.2)
    graphite = 0.7 * (55 * 0.9 * 0.4 * 0.15 + 45 * 0.8 * 0.6)
    assert data.recovered["Europe", "graphite", 2031] == exactly(graphite)
    assert data.recovered["Europe", "cobalt", 2031] == exactly(0.7 * 55 * 0.08 * 0.4 * 0.875)
    for chemistry, collected, rate in (("lfp", 0.8, 0.6), ("nmc811", 0.4, 0.15)):
        life = data.life["Europe", "car", chemistry]
        assert data.returned["Europe", life, "graphite", 2031, 2033] == exactly(0.7 * collected * rate)
        assert data.returned["Europe", life, "graphite", 2031, 2031] == exactly((1 / 0.95 - 1) * rate)


@pytest.mark.slow
def test_what_a_chosen_mix_gives_back_is_what_the_flows_have(folder: Path) -> None:
    found = run(folder / "chosen.toml", FLOWS, [rows_of(folder, "of_mix", **OF_MIX), folder])
    at = {"mineral": "cobalt", "year": 2031}
    chosen = one(found, "mineral_flows", scenario="optimised", flow="secondary_supply", **at)
    assert one(found, "mix_secondary", **at) == exactly(chosen)


def test_a_mix_refuses_intensities_by_use_with_the_rows_and_a_way_out(folder: Path) -> None:
    layers = Layers(folder, (rows_of(folder, "mine", mineral_intensity=INTENSITY),))
    with pytest.raises(
        InputError,
        match=r"\(mine/mineral_intensity.csv:2, .*:3, .*:4 and 1 more\); give rows of any use .* \[optimise\]",
    ):
        prepared(read_run(folder / "chosen.toml"), read_inputs(layers))


# --- samples ---------------------------------------------------------------------------------------------------------

LATER = ('scope.beyond="hold"', "scope.years={first = 2044, last = 2047}", "flows={}")
#: Rows of one use, region and chemistry with the numbers, ends and draw groups of the toy.
NO_MORE = {
    "mineral_intensity": "chemistry,mineral,segment,cohort,value,low,high,unit,draw_group\n"
    "lfp,lithium,car,2030,0.09,0.08,0.1,kg/kWh,lfp_cathode\n",
    "lifetime": "life,segment,chemistry,cohort,region,value,low,high,unit,distribution,spread\n"
    "first,car,lfp,2020,Europe,12,10,14,year,weibull,0.3\n",
    "second_life": "segment,measure,year,chemistry,value,low,high,unit\ncar,share,2028,LFP,0.3,0.1,0.5,1\n",
    "collection_rate": "region,segment,year,chemistry,value,low,high,unit\nWorld,car,2028,LFP,0.8,0.6,0.9,1\n",
    "recovery_rate": "stream,recycling_route,mineral,year,chemistry,value,low,high,unit\n"
    "end_of_life,hydro,lithium,2028,lfp,0.6,0.4,0.8,1\n",
}


def test_draws_in_detail_are_those_of_the_tables_where_own_rows_say_no_more(toy: Path) -> None:
    """The same factors and the same draws of stock and recycling, though each chemistry is followed on its own; so is
    what a mix has of a cohort that comes back."""
    folders = (), (rows_of(toy, "mine", **NO_MORE),)
    one, other = (
        Uncertain(
            resolve(read_run(toy / "run.toml", LATER), read_inputs(Layers(toy, own))), share_spread=0.5, kind=np.float64
        )
        for own in folders
    )
    assert (one.in_detail, other.in_detail) == (False, True)
    assert [factor.label for factor in one.factors] == [factor.label for factor in other.factors]
    uniform = latin_hypercube(8, len(one.factors), 1)
    for scenario in one.scenarios:
        for usual, found in zip(*(follow(each.draw(uniform, scenario)) for each in (one, other)), strict=True):
            assert found == pytest.approx(usual, rel=1e-9, abs=1e-9)
        detailed, lives = other.resolved.detailed[scenario], survivals(one.resolved)
        back = returning_in_detail(other.resolved, detailed)
        assert back == pytest.approx(returning(one.resolved, lives), rel=1e-9, abs=1e-12)


#: Two draw groups in one series, and one that its low end takes far down.
GROUPS = """chemistry,mineral,segment,cohort,value,low,high,unit,draw_group
lfp,lithium,car,2030,0.10,0.08,0.13,kg/kWh,before
lfp,lithium,car,2034,0.06,0.05,0.08,kg/kWh,after
lfp,lithium,stationary,,0.05,0.01,0.06,kg/kWh,other
"""


def test_between_two_years_of_sale_the_rows_of_both_are_drawn(toy: Path) -> None:
    """In 2032 a cell holds half of each row. The first at its low end takes 0.01 off 0.08, the second at its high end
    adds as much. What storage holds ends at nothing, and is 0.04 less at its low end."""
    mine = rows_of(toy, "mine", mineral_intensity=GROUPS)
    sets = ('scope.regions=["Europe"]', 'scope.minerals=["lithium"]')
    uncertain = Uncertain(resolve(read_run(toy / "run.toml", sets), read_inputs(Layers(toy, (mine,)))), kind=np.float64)
    keys = [factor.key for factor in uncertain.factors]
    first, second, third = (keys.index(("mineral_intensity", group)) for group in ("before", "after", "other"))
    uniform = np.full((4, len(keys)), 0.5)
    uniform[1, first] = uniform[2, [first, third]] = 0.05
    uniform[2, second], uniform[3, third] = 0.95, 1e-9
    (demand,) = follow(uncertain.draw(uniform, "plan"))
    at = uncertain.resolved.reported.index(2032)
    # Cars: 120 GWh, of which a third and a half is LFP at 0.35 and NMC, which holds 0.1, at 0.55; storage 20 GWh.
    usual = 120 * (0.35 * 0.08 + 0.55 * 0.1) + 20 * 0.05
    moved = [0, -120 * 0.35 * 0.01, -20 * 0.04, -20 * 0.05]
    assert demand[0, :, 0, at] == pytest.approx([usual + more for more in moved], rel=1e-4)
    below = split_pert(np.array([0.05]))[0][0]
    assert demand[0, 1, 0, at] - demand[0, 0, 0, at] == exactly(-120 * 0.35 * 0.01 * below)


def test_a_life_of_own_rows_is_drawn_with_those_of_its_use(toy: Path) -> None:
    """Cars of Europe on LFP live 20 years, 16 at the low end; those of China 12, or 10. One number draws both."""
    lives = NO_MORE["lifetime"].replace("12,10,14", "20,16,22")
    resolved = resolve(
        read_run(toy / "run.toml", LATER), read_inputs(Layers(toy, (rows_of(toy, "mine", lifetime=lives),)))
    )
    uncertain = Uncertain(resolved, kind=np.float64)
    uniform = np.full((2, len(uncertain.factors)), 0.5)
    (column,) = [n for n, factor in enumerate(uncertain.factors) if factor.key == ("lifetime", 0)]
    uniform[1, column] = 3.5 / NODES
    below = float(split_pert(np.array([3.5 / NODES]))[0][0])
    sides, years = sides_of(uniform, np.float64), len(resolved.years)
    for region, value, low in (("Europe", 20, 16), ("China", 12, 10)):
        r, c = resolved.regions.labels.index(region), resolved.chemistries.labels.index(("lfp", 0.0))
        then = uncertain._then(uniform, sides, "plan", (r, resolved.segments.labels.index("car"), c))
        assert then is not None
        for draw, mean in ((0, value), (1, value - below * (value - low))):
            life = np.full(years, mean)
            alive = survival_matrix(years, resolved.run.settings.flows.inflow, "weibull", life, np.full(years, 0.3))
            assert then.leaving[then.node[draw]] == pytest.approx(hazard(alive).T, rel=1e-9, abs=1e-12)
