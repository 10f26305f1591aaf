"""The mix: each family of constraints on a toy that can be solved by hand, and what must hold of any mix."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from minerals.errors import Infeasible
from minerals.mix.compiled import Compiled
from minerals.mix.data import MixData
from minerals.mix.model import OneCountry, build

YEARS = (2030, 2031, 2032)
CHEMISTRIES = ("lfp", "nmc")


def toy(**changes: Any) -> MixData:
    """One region, one segment, LFP and NMC, three years, 100 GWh each; NMC 70, LFP 75 million USD/GWh."""
    each = {(c, y): None for c in CHEMISTRIES for y in YEARS}
    data = MixData(
        regions=("Here",),
        segments=("car",),
        chemistries=CHEMISTRIES,
        years=YEARS,
        demand={("Here", "car", y): 100.0 for y in YEARS},
        sold=tuple(("Here", "car", c, y) for c, y in each),
        family={"lfp": "LFP", "nmc": "NMC"},
        line={"lfp": "lfp", "nmc": "nmc"},
        price={("Here", c, y): {"lfp": 75.0, "nmc": 70.0}[c] for c, y in each},
    )
    return replace(data, **changes)


def least_cost(data: MixData, **options: Any) -> tuple[Compiled, Any]:
    """The cheapest mix that meets demand."""
    compiled = Compiled(build(data, **options), objective="cost")
    for r, s, y in data.demand:
        compiled.fix(f"unmet[{r},{s},{y}]", 0.0)
    return compiled, compiled.solve()


def mix(found: Any, chemistry: str) -> list[float]:
    """Additions by year [GWh]."""
    return [round(found.value(f"additions[Here,car,{chemistry},{y}]"), 6) for y in YEARS]


def test_the_cheapest_chemistry_fills_a_segment_where_nothing_limits_it() -> None:
    _, found = least_cost(toy())
    assert mix(found, "nmc") == [100, 100, 100]
    assert found.objective == pytest.approx(3 * 7000)


def cobalt(kt: float) -> MixData:
    """0.08 kg of cobalt per kWh of NMC, from one supplier."""
    return toy(
        nodes=("cobalt",),
        use={("Here", "nmc", "cobalt", y): 0.08 for y in YEARS},
        supplied={("cobalt", "COD", y): kt for y in YEARS},
    )


def test_a_cobalt_limited_mix_and_its_shadow_price() -> None:
    """4 kt allow 50 GWh of NMC; one more kg saves (75 − 70) USD/kWh ÷ 0.08 kg/kWh = 62.5 USD."""
    _, found = least_cost(cobalt(4.0))
    assert mix(found, "nmc") == [50, 50, 50]
    assert found.worth("supplier[cobalt,COD,2031]") == pytest.approx(62.5)


def test_the_shadow_price_predicts_the_next_kilogram() -> None:
    compiled, found = least_cost(cobalt(4.0))
    before = found.objective
    compiled.set_rhs("supplier[cobalt,COD,2031]", 4.1)
    assert before - compiled.solve().objective == pytest.approx(0.1 * 62.5)


def test_a_ramp_limited_by_growth() -> None:
    """NMC begins at 10 % and grows by half a year and a seed of 0.05: 20, 35, 57.5 %."""
    data = toy(
        before={("Here", "NMC"): 0.1, ("Here", "LFP"): 0.9},
        growth={("Here", "NMC"): 0.5}, seed={("Here", "NMC"): 0.05},
    )  # fmt: skip
    assert mix(least_cost(data)[1], "nmc") == [20, 35, 57.5]


def test_a_family_leaves_no_faster_than_it_may() -> None:
    data = toy(
        before={("Here", "NMC"): 0.1, ("Here", "LFP"): 0.9},
        decline={("Here", "LFP"): 0.5},
    )  # fmt: skip
    assert mix(least_cost(data)[1], "lfp") == [45, 22.5, 11.25]


def test_a_floor_on_the_average_performance() -> None:
    """NMC 250, LFP 150 Wh/kg, at least 200 on average: half of each, where LFP is cheaper."""
    data = toy(
        performance={("specific_energy", c, y): {"nmc": 250.0, "lfp": 150.0}[c] for c in CHEMISTRIES for y in YEARS},
        floor={("specific_energy", "car"): 200.0},
        price={("Here", c, y): {"lfp": 60.0, "nmc": 70.0}[c] for c in CHEMISTRIES for y in YEARS},
    )  # fmt: skip
    assert mix(least_cost(data)[1], "nmc") == [50, 50, 50]


def lines(new: float) -> MixData:
    """All cells are made at home on 100 GWh/yr of NMC lines; an LFP line costs `new`, half of it where one is turned.
    LFP cells are 15 million USD/GWh cheaper."""
    return toy(
        own_share={("Here", y): 1.0 for y in YEARS},
        capacity={("Here", k, y): {"nmc": 100.0, "lfp": 0.0}[k] for k in CHEMISTRIES for y in YEARS},
        announced={("Here", "lfp", y): 40.0 for y in YEARS},
        retrofit={("nmc", "lfp"): 0.5},
        line_price={("Here", k, y): new for k in CHEMISTRIES for y in YEARS},
        price={("Here", c, y): {"lfp": 55.0, "nmc": 70.0}[c] for c in CHEMISTRIES for y in YEARS},
    )


@pytest.mark.parametrize(("new", "turned"), [(80.0, 100), (100.0, 0)])
def test_a_retrofit_pays_only_below_a_price(new: float, turned: float) -> None:
    """Three years of 15 million USD/GWh are 45: a turned line at 0.5 × 80 = 40 pays, one at 50 does not."""
    _, found = least_cost(lines(new))
    assert found.value("retrofitted[Here,nmc,lfp,2030]") == pytest.approx(turned)


def test_no_more_lines_are_built_than_are_announced() -> None:
    """At 30 a new line pays in each year and only 40 GWh/yr are announced; turned lines are barred."""
    data = replace(lines(30.0), retrofit={})
    assert mix(least_cost(data)[1], "lfp") == [40, 40, 40]


def test_recovered_material_serves_later_cells() -> None:
    """Without supply, NMC rests on what comes back: 0.8 kt of past cells in 2031, and half of the cobalt of 2031's own
    cells in 2032."""
    data = replace(
        cobalt(0.0), minerals=("Co",), relief={("Co", "cobalt", y): 1.0 for y in YEARS},
        recovered={("Here", "Co", 2030): 0.0, ("Here", "Co", 2031): 0.8, ("Here", "Co", 2032): 0.0},
        life={("Here", "car", "nmc"): "short"}, content={("nmc", "Co", y): 0.08 for y in YEARS},
        returned={("Here", "short", "Co", 2031, 2032): 0.5},
    )  # fmt: skip
    assert mix(least_cost(data)[1], "nmc") == [0, 10, 5]


def test_recycled_content_limits_what_is_new() -> None:
    """A tenth of the cobalt must be recovered, of which there are 0.4 kt: 4 kt, 50 GWh."""
    data = replace(
        cobalt(100.0), minerals=("Co",), relief={("Co", "cobalt", y): 1.0 for y in YEARS},
        recovered={("Here", "Co", y): 0.4 for y in YEARS},
        content={("nmc", "Co", y): 0.08 for y in YEARS}, recycled={("Here", "Co", y): 0.1 for y in YEARS},
    )  # fmt: skip
    assert mix(least_cost(data)[1], "nmc") == [50, 50, 50]


def two_suppliers() -> MixData:
    """DR Congo could deliver all, Australia 1.4 kt a year."""
    supplied = {("cobalt", j, y): {"COD": 10.0, "AUS": 1.4}[j] for j in ("COD", "AUS") for y in YEARS}
    return replace(cobalt(0.0), supplied=supplied, strategic=("cobalt",))


def test_one_third_country_may_not_supply_more_than_its_share() -> None:
    """1.4 kt are at least 35 %: 4 kt in all, 50 GWh, from 2031 on."""
    found = least_cost(two_suppliers(), one=OneCountry(0.65, 2031))[1]
    assert mix(found, "nmc") == [100, 50, 50]
    assert found.value("sourced[Here,cobalt,COD,2031]") == pytest.approx(2.6)


def test_excess_is_priced_where_the_rule_is_soft() -> None:
    """One more kt of cobalt saves 62.5 and is 1 − 0.65 of excess: a price above 62.5 / 0.35 = 178.6 holds the rule."""
    for price, gwh in ((170.0, 100), (190.0, 50)):
        assert mix(least_cost(two_suppliers(), one=OneCountry(0.65, 2031, soft=True, price=price))[1], "nmc")[1] == gwh


def test_who_is_excluded_delivers_nothing() -> None:
    data = replace(two_suppliers(), excluded=tuple(("Here", "cobalt", "COD", y) for y in YEARS))
    assert mix(least_cost(data)[1], "nmc") == [17.5, 17.5, 17.5]


def test_demand_that_no_limit_allows_is_infeasible() -> None:
    data = replace(cobalt(4.0), sold=tuple(key for key in toy().sold if key[2] == "nmc"))
    with pytest.raises(Infeasible):
        least_cost(data)


# --- risk ------------------------------------------------------------------------------------------------------------


def at_risk(**changes: Any) -> MixData:
    """NMC hangs on cobalt, LFP on phosphate, 1 kt/GWh. Under `congo` 4 kt of cobalt are left, under `china` 30 kt of
    phosphate, under `calm` enough of both."""
    left = {"congo": (4.0, 1e3), "china": (1e3, 30.0), "calm": (1e3, 1e3)}
    data = replace(
        cobalt(1e3),
        use={
            **{("Here", "nmc", "cobalt", y): 0.08 for y in YEARS},
            **{("Here", "lfp", "phosphate", y): 1.0 for y in YEARS},
        },
        supplied={(n, "AUS", y): 1e3 for n in ("cobalt", "phosphate") for y in YEARS},
        pools={"Here": ("Here",)}, pools_of=dict.fromkeys(left, ("Here",)), starts=dict.fromkeys(left, 2030),
        undisturbed={("Here", n, y): 1e3 for n in ("cobalt", "phosphate") for y in YEARS},
        disruptions=tuple(left), weight={"congo": 1.0, "china": 1.0, "calm": 2.0},
        accessible={
            (d, "Here", n, y): kt
            for d, both in left.items() for n, kt in zip(("cobalt", "phosphate"), both, strict=True) for y in YEARS
        },
    )  # fmt: skip
    return replace(data, **changes)


def solved(data: MixData, objective: str, **options: Any) -> Any:
    return Compiled(build(data, **options), objective=objective).solve()


def test_the_expected_loss_by_hand() -> None:
    """Between 50 and 70 GWh of NMC the losses of Congo (NMC − 50) and China (70 − NMC) add up to 20 a year whatever the
    mix; a quarter of each: 5, and 15 in three years. Less NMC, or more, costs more."""
    assert solved(at_risk(), "expected").objective == pytest.approx(15)


def test_the_worst_case_splits_the_loss() -> None:
    """60 GWh of NMC: 10 GWh lost a year under each, 30 in three years."""
    assert solved(at_risk(), "worst").objective == pytest.approx(30)


def test_the_cvar_is_the_mean_of_the_worst() -> None:
    """Of the worst half of the weights, Congo and China are all: the mean of two losses that add up to 60. Of the worst
    quarter the larger of the two counts, and the worst case is the best that can be done."""
    assert solved(at_risk(), "cvar", level=0.5).objective == pytest.approx(30)
    assert solved(at_risk(), "cvar", level=0.75).objective == pytest.approx(30)
    assert solved(at_risk(), "cvar", level=0.0).objective == pytest.approx(15)


def test_building_nothing_wins_nothing() -> None:
    """Allowing unmet demand never lowers the loss."""
    free = solved(at_risk(), "expected").objective
    compiled = Compiled(build(at_risk()), objective="expected")
    for y in YEARS:
        compiled.fix(f"unmet[Here,car,{y}]", 0.0)
    assert compiled.solve().objective == pytest.approx(free)


def test_more_supply_never_worsens_the_risk() -> None:
    data = at_risk()
    more = {**data.accessible, **{("congo", "Here", "cobalt", y): 5.0 for y in YEARS}}
    for objective in ("expected", "worst", "cvar"):
        assert solved(replace(data, accessible=more), objective).objective <= solved(data, objective).objective + 1e-9


def test_exposure_to_one_node_fills_what_does_without_it() -> None:
    """By a measure that only NMC has, LFP fills the segment, up to what its growth allows."""
    measure = {(c, y): {"nmc": 1.0, "lfp": 0.0}[c] for c in CHEMISTRIES for y in YEARS}
    assert mix(solved(toy(measure=measure), "concentration"), "lfp") == [100, 100, 100]
    held = toy(
        measure=measure, before={("Here", "LFP"): 0.2, ("Here", "NMC"): 0.8},
        growth={("Here", "LFP"): 0.5},
    )  # fmt: skip
    assert mix(solved(held, "concentration"), "lfp") == [30, 45, 67.5]
