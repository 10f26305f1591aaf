"""The mix: each family of constraints on a toy that can be solved by hand, and what must hold of any mix."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from minerals.errors import Infeasible
from minerals.exposure.makers import Order, pressing
from minerals.mix.compiled import Compiled
from minerals.mix.data import GraphiteRoutes, MixData, OneCountry
from minerals.mix.model import build

YEARS = (2030, 2031, 2032)
CHEMISTRIES = ("lfp", "nmc")
#: Suppliers that the rule on one third country is about.
THIRD = frozenset({("Here", "COD"), ("Here", "AUS")})


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


def one_year(*regions: str) -> MixData:
    """The toy's first year alone, in one or more regions."""
    return toy(
        regions=regions, years=(2030,), demand={(r, "car", 2030): 100.0 for r in regions},
        sold=tuple((r, "car", c, 2030) for r in regions for c in CHEMISTRIES),
        price={(r, c, 2030): 70.0 for r in regions for c in CHEMISTRIES},
    )  # fmt: skip


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


def test_growth_goes_on_from_the_last_year_that_sold_something() -> None:
    """No demand in 2031: 2032 grows by a half from 2030's 20 % and gains a seed of 5."""
    data = toy(
        before={("Here", "NMC"): 0.1, ("Here", "LFP"): 0.9},
        growth={("Here", "NMC"): 0.5}, seed={("Here", "NMC"): 0.05},
        demand={("Here", "car", y): 100.0 for y in (2030, 2032)},
        sold=tuple(key for key in toy().sold if key[3] != 2031),
    )  # fmt: skip
    found = least_cost(data)[1]
    assert [found.value(f"additions[Here,car,nmc,{y}]") for y in (2030, 2032)] == pytest.approx([20, 35])


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


def test_what_stands_limits_what_is_turned_over_of_each_kind() -> None:
    """Also where lines of either kind can be turned into the other."""
    data = replace(lines(80.0), retrofit={("nmc", "lfp"): 0.5, ("lfp", "nmc"): 0.5})
    assert {key[1] for key in build(data).standing} == {"nmc", "lfp"}
    assert {key[1] for key in build(lines(80.0)).standing} == {"nmc"}


def sunk(more: float, **changes: Any) -> MixData:
    """60 GWh/yr of LFP lines stand, and imports cost `more` than the running cost of 70; a new line pays 8 in each year
    in which it makes cells."""
    return toy(
        chemistries=("lfp",), sold=tuple(("Here", "car", "lfp", y) for y in YEARS),
        price={("Here", "lfp", y): 70.0 for y in YEARS},
        import_price={("Here", "abroad", "lfp", y): more for y in YEARS},
        capacity={("Here", "lfp", y): 60.0 for y in YEARS}, announced={("Here", "lfp", y): 1e3 for y in YEARS},
        line_price={("Here", "lfp", y): 8.0 * (2033 - y) for y in YEARS}, **changes,
    )  # fmt: skip


def made(found: Any, chemistry: str) -> list[float]:
    """Cells made at home by year [GWh]."""
    return [round(found.value(f"production[Here,{chemistry},{y}]"), 6) for y in YEARS]


@pytest.mark.parametrize(
    ("more", "lead", "gwh"),
    [(-1.0, 0, [0, 0, 0]), (1.0, 0, [60, 60, 60]), (7.9, 0, [60, 60, 60]), (8.1, 0, [100, 100, 100]),
     (8.1, 1, [60, 100, 100]), (8.1, 2, [60, 60, 100]), (8.1, 3, [60, 60, 60])],
)  # fmt: skip
def test_standing_lines_run_at_their_running_cost_and_new_ones_pay_their_capital(
    more: float, lead: int, gwh: list[float]
) -> None:
    """What stands makes cells where these cost less than imports without its capital, and a new line where they do with
    it, and not before it can be there: with a lead of 2 nothing new is made in the first two years."""
    _, found = least_cost(sunk(more, lead={("Here", "lfp"): lead}))
    assert made(found, "lfp") == gwh
    capital = 8 * sum(each - 60 for each in gwh) if more > 8 else 0
    running = 70 * 300 + more * (300 - sum(gwh))
    assert found.objective == pytest.approx(running + capital)


@pytest.mark.parametrize(("lead", "lfp", "nmc"), [(0, [100] * 3, [0] * 3), (1, [0, 100, 100], [0, 0, 0])])
def test_a_line_that_is_turned_over_makes_nothing_meanwhile(lead: int, lfp: list[float], nmc: list[float]) -> None:
    """Each year of LFP saves 15 million USD/GWh, half a line at 20 costs 10 whenever it is turned. With a year in
    between, cells of that year are bought, at 5 more than NMC from home."""
    data = replace(lines(20.0), own_share={}, announced={}, retrofit_lead={("Here", "lfp"): lead})
    more = {"lfp": 20.0, "nmc": 5.0}
    data = replace(data, import_price={("Here", "abroad", c, y): more[c] for c in CHEMISTRIES for y in YEARS})
    _, found = least_cost(data)
    assert (made(found, "lfp"), made(found, "nmc")) == (lfp, nmc)
    bought = sum(found.value(f"imports[Here,abroad,{c},2030]") for c in CHEMISTRIES)
    assert bought == pytest.approx(100 - lfp[0] - nmc[0])


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
    return replace(cobalt(0.0), supplied=supplied, strategic=("cobalt",), third=THIRD)


def test_one_third_country_may_not_supply_more_than_its_share() -> None:
    """1.4 kt are at least 35 %: 4 kt in all, 50 GWh, from 2031 on."""
    found = least_cost(replace(two_suppliers(), one_country=OneCountry(0.65, 2031)))[1]
    assert mix(found, "nmc") == [100, 50, 50]
    assert found.value("sourced[Here,cobalt,COD,2031]") == pytest.approx(2.6)


def test_excess_is_priced_where_the_rule_is_soft() -> None:
    """One more kt of cobalt saves 62.5 and is 1 − 0.65 of excess: a price above 62.5 / 0.35 = 178.6 holds the rule."""
    for price, gwh in ((170.0, 100), (190.0, 50)):
        data = replace(two_suppliers(), one_country=OneCountry(0.65, 2031, soft=True, price=price))
        assert mix(least_cost(data)[1], "nmc")[1] == gwh


def test_who_is_excluded_delivers_nothing() -> None:
    data = replace(two_suppliers(), excluded=tuple(("Here", "cobalt", "COD", y) for y in YEARS))
    assert mix(least_cost(data)[1], "nmc") == [17.5, 17.5, 17.5]


def test_demand_that_no_limit_allows_is_infeasible() -> None:
    data = replace(cobalt(4.0), sold=tuple(key for key in toy().sold if key[2] == "nmc"))
    with pytest.raises(Infeasible):
        least_cost(data)


def following(known: float = 4.0, **changes: Any) -> MixData:
    """Others build 1 kt of cobalt in 2031 and 4 in 2032 because of the mix, beside the known supply."""
    return replace(cobalt(known), follow_on={("cobalt", 2031): 1.0, ("cobalt", 2032): 4.0}, **changes)


def test_others_build_what_the_mix_needs_beyond_known_supply() -> None:
    """4, 5 and 8 kt, of 50, 62.5 and 100 GWh."""
    _, found = least_cost(following())
    assert mix(found, "nmc") == [50, 62.5, 100]
    built = [found.value(f"sourced[Here,cobalt,follow_on,{y}]") for y in (2031, 2032)]
    assert built == pytest.approx([1, 4])


def test_what_follows_a_mix_is_built_where_it_saves_more_than_it_costs() -> None:
    """A kt of cobalt saves 62.5 million USD: at 62 all that can follow is built, at 63 nothing."""
    places = [("cobalt", 2031), ("cobalt", 2032)]
    for price, gwh, cost in ((62.0, [50, 62.5, 100], 5 * 62.0), (63.0, [50, 50, 50], 0.0)):
        _, found = least_cost(following(follow_on_price=dict.fromkeys(places, price)))
        assert mix(found, "nmc") == gwh
        assert found.objective == pytest.approx(sum(75 * 100 - 5 * nmc for nmc in gwh) + cost)


def test_what_follows_a_mix_is_part_of_a_need_that_the_excluded_do_not_meet() -> None:
    """Without Congo, Australia has 1.4 kt and plants that follow 2: at most 2 ÷ 3.4 of a need are theirs, 2 of 3.4 kt,
    of 42.5 GWh."""
    data = replace(
        two_suppliers(), excluded=tuple(("Here", "cobalt", "COD", y) for y in YEARS),
        follow_on={("cobalt", y): 2.0 for y in YEARS},
    )  # fmt: skip
    assert mix(least_cost(data)[1], "nmc") == [42.5] * 3


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


# --- what a disruption leaves ----------------------------------------------------------------------------------------


def stocked() -> MixData:
    """Congo alone, with half a year of stock: of cobalt, which it hits, and not of phosphate, which it does not."""
    data = at_risk()
    cobalt = {key: kt for key, kt in data.accessible.items() if key[0] == "congo"}
    return replace(data, disruptions=("congo",), accessible=cobalt, stockpile=0.5)


def only(data: MixData, chemistry: str) -> MixData:
    """The toy with one chemistry alone."""
    return replace(data, sold=tuple(key for key in data.sold if key[2] == chemistry))


@pytest.mark.parametrize(("known", "stock", "lost"), [(4.0, 0.0, 56.25), (4.0, 1.0, 25.0), (16.0, 0.0, 67.5)])
def test_a_disruption_leaves_a_part_of_what_others_build(known: float, stock: float, lost: float) -> None:
    """100 GWh of NMC need 8 kt, 4 of them from plants that follow where known supply is 4; beside 16 known these are a
    fifth of what is needed, 1.6. A half goes to home, three quarters of that are left, beside 2 kt: 3.5 kt are 43.75
    GWh, 2.6 are 32.5. A stock of a year makes the 4 and 2 kt that there were."""
    places = [("cobalt", y) for y in YEARS]
    data = replace(
        only(at_risk(), "nmc"), weight={"congo": 1.0, "china": 0.0, "calm": 0.0}, stockpile=stock,
        follow_on=dict.fromkeys(places, 4.0), follow_on_home={("Here", *place): 0.5 for place in places},
        follow_on_left={("congo", "Here", *place): 0.75 for place in places},
    )  # fmt: skip
    data = replace(
        data, supplied={**data.supplied, **{("cobalt", "AUS", y): known for y in YEARS}},
        undisturbed={**data.undisturbed, **{("Here", *place): known for place in places}},
        accessible={**data.accessible, **{("congo", "Here", *place): 2.0 for place in places}},
    )  # fmt: skip
    compiled = Compiled(build(data), objective="expected")
    for y in YEARS:
        compiled.fix(f"unmet[Here,car,{y}]", 0.0)
    assert compiled.solve().objective == pytest.approx(3 * lost)


def test_the_rule_on_one_third_country_counts_its_plants_that_follow() -> None:
    """Plants that follow have 2 ÷ 9.8 of a need u, half of them in Congo: 0.65 u less a half of that are its own, and
    Australia's are 1.8, so (0.35 − 1 ÷ 9.8) u = 1.8."""
    data = replace(
        two_suppliers(), one_country=OneCountry(0.65, 2030), follow_on={("cobalt", y): 2.0 for y in YEARS},
        supplied={("cobalt", j, y): {"COD": 6.0, "AUS": 1.8}[j] for j in ("COD", "AUS") for y in YEARS},
        follow_on_in={("cobalt", "COD", y): 0.5 for y in YEARS},
    )  # fmt: skip
    assert mix(least_cost(data)[1], "nmc") == pytest.approx([1.8 / (0.35 - 1 / 9.8) / 0.08] * 3)


def test_the_rule_on_one_third_country_counts_what_follows_where_nothing_stands() -> None:
    """Australia has 1.4 kt, and eight tenths of what follows stand in Congo, which delivers nothing else: 0.8 f are at
    most 0.65 u, so 1.4 are at least 0.1875 of u."""
    data = replace(
        cobalt(0.0), supplied={("cobalt", "AUS", y): 1.4 for y in YEARS}, strategic=("cobalt",), third=THIRD,
        one_country=OneCountry(0.65, 2030), follow_on={("cobalt", y): 10.0 for y in YEARS},
        follow_on_in={("cobalt", "COD", y): 0.8 for y in YEARS},
    )  # fmt: skip
    assert mix(least_cost(data)[1], "nmc") == pytest.approx([1.4 / 0.1875 / 0.08] * 3)


def test_who_delivers_nothing_else_is_under_the_rule_by_more_than_its_share_of_what_follows() -> None:
    """In 2030 eight tenths stand in Congo, in 2031 as much as the rule lets it have; in 2032 nothing follows."""
    data = replace(
        two_suppliers(), supplied={("cobalt", "AUS", y): 1.4 for y in YEARS},
        follow_on={("cobalt", y): 10.0 for y in (2030, 2031)},
        follow_on_in={("cobalt", "COD", y): part for y, part in ((2030, 0.8), (2031, 0.65), (2032, 0.8))},
    )  # fmt: skip
    ruled = build(replace(data, one_country=OneCountry(0.65, 2030))).one_country
    assert {key[2:] for key in ruled} == {("COD", 2030), *(("AUS", y) for y in YEARS)}
    assert not build(data).one_country


@pytest.mark.parametrize(("years", "lost"), [(0.0, 150), (0.25, 75), (0.5, 0), (1.0, 0)])
def test_a_stockpile_replaces_what_a_disruption_takes_and_no_more(years: float, lost: float) -> None:
    """100 GWh of NMC need 8 kt a year, 4 kt are left: a stock of a quarter of a year is 2 kt, of 25 GWh."""
    assert solved(replace(only(stocked(), "nmc"), stockpile=years), "expected").objective == pytest.approx(lost)


def test_a_stockpile_adds_nothing_to_what_there_was_before() -> None:
    """Without the disruption 6 kt, of 75 GWh, are there; no stock makes them more."""
    data = only(stocked(), "nmc")
    data = replace(data, undisturbed=dict.fromkeys(data.undisturbed, 6.0), stockpile=1.0)
    assert solved(data, "expected").objective == pytest.approx(75)


def routed() -> MixData:
    """A stop of graphite from China, in one year. Both cells hold graphite, half of it natural; a kg of that is 2 kg
    from a mine, a kg of synthetic 0.5 kg of coke, and either a kg of anode. Between a tenth and all may be natural."""
    use = {"mine": 1.0, "coke": 0.25, "anode": 1.0}
    here = {("lfp", 2030): 1.25, ("nmc", 2030): 1.0}
    return replace(
        one_year("Here"), nodes=tuple(use), disruptions=("china",), weight={"china": 1.0}, starts={"china": 2030},
        pools={"Here": ("Here",)}, pools_of={"china": ("Here",)},
        use={("Here", c, n, y): kg * per for n, per in use.items() for (c, y), kg in here.items()},
        undisturbed={("Here", n, 2030): 1e3 for n in use},
        accessible={("china", "Here", n, 2030): {"mine": 40.0, "coke": 30.0, "anode": 90.0}[n] for n in use},
        routes=GraphiteRoutes(
            carrier={("Here", c, y): kg for (c, y), kg in here.items()}, natural={"mine": 2.0, "anode": 1.0},
            synthetic={"coke": 0.5, "anode": 1.0}, planned={2030: 0.5}, low=0.1, high=1.0,
        ),
    )  # fmt: skip


def test_graphite_moves_to_the_other_route_as_far_as_that_reaches() -> None:
    """NMC holds 1 kg/kWh. The mine is left with 40 kt, of 20 kt of graphite, the coke with 30, of 60: 80 GWh are built
    where the planned half natural would be 40."""
    assert solved(only(routed(), "nmc"), "expected").objective == pytest.approx(20)
    held = only(routed(), "nmc")
    assert held.routes is not None
    held = replace(held, routes=replace(held.routes, low=0.5, high=0.5))
    assert solved(held, "expected").objective == pytest.approx(60)


STAGES = ("mine", "refined", "cathode")


def staged(mined: float, refined: float, cathode: float, own: tuple[float, float]) -> MixData:
    """A stop by China in one year. 100 GWh of NMC, 80 of them made at home; a GWh takes 1 kt of cathode, of which what
    is made at home takes 1 kt of refined material, and what of that is refined at home 2 kt from a mine.

    mined, refined, cathode: what can be had without own plants; own: what these refine, and make of cathode, at most.
    """
    data = only(one_year("Here"), "nmc")
    left = {"mine": mined, "refined": refined + own[0], "cathode": cathode + own[1]}
    at = ("china", "Here")
    return replace(
        data, nodes=STAGES, disruptions=("china",), weight={"china": 1.0}, starts={"china": 2030},
        pools={"Here": ("Here",)}, pools_of={"china": ("Here",)},
        use={("Here", "nmc", n, 2030): kg for n, kg in zip(STAGES, (2.0, 1.0, 1.0), strict=True)},
        undisturbed={("Here", n, 2030): 1e3 for n in STAGES}, accessible={(*at, n, 2030): kt for n, kt in left.items()},
        own={(*at, n, 2030): kt for n, kt in zip(STAGES, (0.0, *own), strict=True)},
        made_at_home={(*at, "nmc", 2030): 0.8}, bought={(*at, "nmc", 2030): 0.15},
        direct={("nmc", "mine"): 0.0, ("nmc", "refined"): 0.0, ("nmc", "cathode"): 1.0},
        into={("nmc", "refined", "cathode"): 1.0}, refines={"mine": {"refined": 2.0}},
        active=((*at, "nmc", "cathode", 2030),), refined=((*at, "refined", 2030),),
    )  # fmt: skip


@pytest.mark.parametrize(("mined", "refined", "cathode", "own", "lost"), [
    (99, 99, 99, (99, 99), 5),  # of 20 GWh that are bought 15 are left
    (99, 99, 30, (0, 20), 5 + 30),  # 30 + 20 kt of cathode
    (99, 0, 30, (5, 20), 5 + 45),  # own plants make 5 kt of cathode, of what is refined at home
    (6, 4, 30, (5, 20), 5 + 43),  # 3 kt are refined of 6 kt mined, and 4 are bought
    (0, 0, 80, (5, 20), 5),  # all cathode can be bought
])  # fmt: skip
def test_what_is_bought_brings_no_need_of_earlier_stages(
    mined: float, refined: float, cathode: float, own: tuple[float, float], lost: float
) -> None:
    data = staged(mined, refined, cathode, own)
    assert solved(data, "expected").objective == pytest.approx(lost)


def test_a_cell_is_lost_as_it_is_made() -> None:
    """One GWh in ten that is made at home lacks its cathode, three in four that are imported are not sold: a mix makes
    what it may at home, 60 GWh by its lines, and loses 6 of these and 30 of the others."""
    data = staged(99, 99, 99, (99, 99))
    line, at = data.line[data.chemistries[-1]], ("Here", "nmc", 2030)
    chosen = replace(
        data, by_origin=frozenset({at}), left=left(home=0.9, abroad=0.25), made_at_home={}, bought={},
        capacity={("Here", line, 2030): 60.0}, announced={("Here", line, 2030): 0.0},
    )  # fmt: skip
    assert solved(chosen, "expected").objective == pytest.approx(6 + 30)
    spared = replace(chosen, left=left(home=0.9, abroad=1.0))
    assert solved(spared, "expected").objective == pytest.approx(0)
    least = replace(spared, own_share={("Here", 2030): 0.4})
    assert solved(least, "expected").objective == pytest.approx(4)


def left(home: float, **makers: float) -> dict[Any, float]:
    """What China's stop leaves of the cells of makers, those at home among them."""
    return {("china", "Here", j, "nmc", 2030): part for j, part in {"Here": home, **makers}.items()}


def two_makers(**changes: Any) -> MixData:
    """100 GWh of NMC in one year; China could sell 80 GWh of cells, Korea 40, home makes 30, and China's stop takes all
    of its cells."""
    made = {"Here": 30.0, "CHN": 80.0, "KOR": 40.0}
    data = only(one_year("Here"), "nmc")
    data = replace(
        data, nodes=("cell",), cells=("cell",), use={("Here", "nmc", "cell", 2030): 1.0},
        supplied={("cell", j, 2030): gwh for j, gwh in made.items()}, home={"Here": "Here"},
        import_price={("Here", "CHN", "nmc", 2030): -14.0, ("Here", "KOR", "nmc", 2030): -7.0},
        disruptions=("china",), weight={"china": 1.0}, starts={"china": 2030}, pools={"Here": ("Here",)},
        pools_of={"china": ("Here",)}, by_origin=frozenset({("Here", "nmc", 2030)}), left=left(home=1.0, CHN=0.0),
    )  # fmt: skip
    return replace(data, **changes)


def bought(found: Any, *makers: str) -> list[float]:
    """GWh that home buys of each maker."""
    return [found.value(f"imports[Here,{j},nmc,2030]") for j in makers]


def test_where_one_maker_closes_the_mix_buys_of_the_other_up_to_its_supply() -> None:
    """Home makes 30 and Korea 40; China's 30 are lost. What Korea lacks for its cells too, a tenth of them, is 4 more;
    where Korea may sell nothing 70 are lost."""
    found = solved(two_makers(), "expected")
    assert found.objective == pytest.approx(30)
    assert bought(found, "KOR") == pytest.approx([40])
    assert found.value("production[Here,nmc,2030]") == pytest.approx(30)
    assert solved(two_makers(left=left(home=1.0, CHN=0.0, KOR=0.9)), "expected").objective == pytest.approx(34)
    barred = two_makers(excluded=(("Here", "cell", "KOR", 2030),))
    assert solved(barred, "expected").objective == pytest.approx(70)


def test_what_has_to_be_made_at_home_is_not_lost_with_the_cells_of_others() -> None:
    """The cheapest mix buys 80 GWh of China, which its stop takes, and 20 of Korea; with 30 made at home, 70."""
    cost = least_cost(two_makers())[1].objective
    for share, lost in ((0.0, 80), (0.2, 80), (0.3, 70)):
        data = two_makers(own_share={("Here", 2030): share})
        compiled = Compiled(build(data), objective="cost")
        compiled.fix("unmet[Here,car,2030]", 0.0)
        best = compiled.solve()
        assert bought(best, "CHN") == pytest.approx([lost]), "Korea's are dearer and go first"
        assert best.objective == pytest.approx(cost + 7 * 100 * min(share, 0.2) + 14 * 100 * max(share - 0.2, 0))


def test_what_others_would_make_of_a_maker_that_closes() -> None:
    """If others made all, nothing of China's cells is lost; if nobody else sells them they are made at home, of which
    nine in ten can be. Cells that are to be made at home are none of these."""
    others = two_makers(loss="all_outside", left=left(home=1.0))
    assert solved(others, "expected").objective == pytest.approx(0)
    moved = two_makers(
        loss="all_outside", left=left(home=0.9, CHN=0.0, KOR=0.5),
        moved_home={("china", "Here", "CHN", "nmc", 2030): 0.9}, own_share={("Here", 2030): 0.3},
    )  # fmt: skip
    assert solved(moved, "expected").objective == pytest.approx(0.1 * 100)
    industry = two_makers(loss="industry", left=left(home=0.9, CHN=0.0), own_share={("Here", 2030): 0.3})
    compiled = Compiled(build(industry), objective="expected")
    compiled.fix("unmet[Here,car,2030]", 0.0)
    assert compiled.solve().objective == pytest.approx(3)


def sharing(home: float = 50.0, order: Order = "alike", **changes: Any) -> MixData:
    """Home makes as many of 100 GWh of NMC as it can, and buys the rest of Korea, whose makers sell it 50 in the
    reference world and 50 to others. A GWh takes 1 kt of anodes, of which China's stop leaves Korea 60."""
    data, at = two_makers(left=left(home=1.0, KOR=0.0)), ("china", "Here", "East", "anode", 2030)
    data = replace(
        data, supplied={("cell", "Here", 2030): home, ("cell", "KOR", 2030): 100.0}, nodes=("cell", "anode"),
        use={**data.use, ("Here", "nmc", "anode", 2030): 1.0},
        keeps={("china", "Here", "KOR", "East", "nmc", 2030): 1.0},
        inputs={at: pressing(order, 50.0, 50.0, 60.0, 100.0)},
    )  # fmt: skip
    data = replace(data, supplied={**data.supplied, ("anode", "CHN", 2030): 100.0})
    return replace(data, **changes)


@pytest.mark.parametrize(("order", "as_usual", "twice"), [("alike", 20, 60), ("last", 40, 90), ("first", 0, 40)])
def test_inputs_that_makers_elsewhere_share_serve_the_cells_that_are_added_too(
    order: Order, as_usual: float, twice: float
) -> None:
    """Of 60 kt for 100 GWh home's 50 GWh have 30; of 60 kt for 150 GWh its 100 have 60 · 100 ÷ 150 = 40. After the
    others' 50 kt they have 10, before them 50 and 60. Without any of Korea's cells nothing is lost."""
    assert solved(sharing(50.0, order), "expected").objective == pytest.approx(as_usual)
    assert solved(sharing(0.0, order), "expected").objective == pytest.approx(twice)
    assert solved(sharing(100.0, order), "expected").objective == pytest.approx(0)


def test_cells_that_lack_less_of_a_shared_input_are_sold_first() -> None:
    """Korea has 30 kt for cells that home buys of it as in the reference world. Where half of them are LFP, which takes
    half as much, these take 12.5 and 17.5 GWh of NMC are had; what has other inputs lacks none."""
    data = sharing(50.0)
    both, at = replace(data, sold=one_year("Here").sold), ("Here", "lfp", 2030)
    both = replace(
        both, use={**data.use, (*at[:2], "cell", 2030): 1.0, (*at[:2], "anode", 2030): 0.5},
        min_share={("Here", "car", "LFP", 2030): 0.25, ("Here", "car", "NMC", 2030): 0.75},
        by_origin=data.by_origin | {at},
        left={**data.left, ("china", "Here", "KOR", "lfp", 2030): 0.0, ("china", "Here", "Here", "lfp", 2030): 0.0},
        keeps={**data.keeps, ("china", "Here", "KOR", "East", "lfp", 2030): 1.0},
        inputs={("china", "Here", "East", "anode", 2030): ((0.0, 30.0),)},
    )  # fmt: skip
    assert solved(both, "expected").objective == pytest.approx(50 - 25 - 17.5)
    other = replace(both, direct={("lfp", "anode"): 0.0, ("nmc", "anode"): 1.0})
    assert solved(other, "expected").objective == pytest.approx(0)


@pytest.mark.parametrize(("china", "korea", "shares"), [
    (0.0, 0.0, (80, 20, 0)),
    (0.124, 0.0, (80, 20, 0)), (0.126, 0.0, (60, 40, 0)),  # China's 56 + 12.5 % are Korea's 63
    (0.249, 0.0, (60, 40, 0)), (0.251, 0.0, (30, 40, 30)),  # 56 + 25 % are 70 at home
    (0.12, 0.12, (80, 0, 20)), (0.255, 0.12, (70, 0, 30)),  # 63 + 11.1 % are 70
])  # fmt: skip
def test_a_tariff_moves_origin_between_makers_and_home_at_the_gap(
    china: float, korea: float, shares: tuple[float, float, float]
) -> None:
    """A cell costs 70 at home, 63 in Korea and 56 in China."""
    price = {"CHN": 56 * (1 + china) - 70, "KOR": 63 * (1 + korea) - 70}
    data = two_makers(import_price={("Here", j, "nmc", 2030): more for j, more in price.items()})
    _, found = least_cost(data)
    home = found.value("production[Here,nmc,2030]")
    assert (*bought(found, "CHN", "KOR"), home) == pytest.approx(shares)


def test_a_rule_on_one_country_is_of_its_cells() -> None:
    data = two_makers(strategic=("cell",), third=frozenset({("Here", "CHN"), ("Here", "KOR")}),
                      one_country=OneCountry(0.5, 2030))  # fmt: skip
    _, found = least_cost(data)
    assert (*bought(found, "CHN", "KOR"), found.value("production[Here,nmc,2030]")) == pytest.approx((50, 40, 10))


def trading(**changes: Any) -> MixData:
    """Two regions of 100 GWh in one year, and nobody else. NMC costs 70 Here and 75 There, LFP 80 Here and 75 There;
    imports cost 65. Here's plants could supply 150 GWh, There's 100."""
    both, data = ("Here", "There"), one_year("Here", "There")
    price = {("Here", "nmc"): 70.0, ("There", "nmc"): 75.0, ("Here", "lfp"): 80.0, ("There", "lfp"): 75.0}
    data = replace(
        data, nodes=("cell",), cells=("cell",), use={(r, c, "cell", 2030): 1.0 for r in both for c in CHEMISTRIES},
        supplied={("cell", "Here", 2030): 150.0, ("cell", "There", 2030): 100.0}, home={r: r for r in both},
        price={(r, c, 2030): each for (r, c), each in price.items()},
        import_price={
            (r, j, c, 2030): 65.0 - price[r, c] for r in both for j in both if r != j for c in CHEMISTRIES
        },
    )  # fmt: skip
    return replace(data, **changes)


def test_trade_of_two_regions_closes_by_chemistry_and_goes_one_way() -> None:
    """NMC is sold from Here, LFP from There, however dear it is at home: half of each in both regions. Here makes 100
    of NMC, its 50 and There's 50, and There 100 of LFP; lines and supply are of all that is made."""
    assert sorted(build(trading()).imports) == [("Here", "There", "lfp", 2030), ("There", "Here", "nmc", 2030)]
    shares = {(r, "", c, 2030): 0.5 for r in ("Here", "There") for c in CHEMISTRIES}
    data = trading(min_share=shares)
    _, found = least_cost(data)
    assert found.value("imports[Here,There,lfp,2030]") == pytest.approx(50)
    assert found.value("imports[There,Here,nmc,2030]") == pytest.approx(50)
    assert found.value("sourced[There,cell,Here,2030]") == pytest.approx(50)
    assert [found.value(f"production[{r},{c},2030]") for r in ("Here", "There") for c in CHEMISTRIES] == pytest.approx(
        [0, 50, 50, 0]
    )
    few = replace(data, capacity={("Here", "nmc", 2030): 80.0})
    _, found = least_cost(few)
    assert found.value("imports[There,Here,nmc,2030]") == pytest.approx(30), "of 80 GWh of lines its own 50 come first"
    later = replace(data, imported=frozenset({("There", "lfp", 2030)}))
    assert sorted(build(later).imports) == [("There", "Here", "lfp", 2030), ("There", "Here", "nmc", 2030)]


def test_at_the_same_price_who_has_more_supply_for_its_demand_sells() -> None:
    same = trading(price={(r, c, 2030): 70.0 for r in ("Here", "There") for c in CHEMISTRIES})
    assert {key[:2] for key in build(same).imports} == {("There", "Here")}
    more = replace(same, supplied={("cell", "Here", 2030): 150.0, ("cell", "There", 2030): 160.0})
    assert {key[:2] for key in build(more).imports} == {("Here", "There")}


def test_at_the_same_price_who_wants_nothing_sells_whatever_it_has() -> None:
    """There has a GWh for none that it wants, and Here 150 for its 100; with 0.1 GWh wanted There has ten times that,
    with 1 less than Here has. Without supply it sells nothing but where nothing is wanted, and buys what it wants."""
    here = tuple(key for key in trading().sold if key[0] == "Here")
    same = trading(price={(r, c, 2030): 70.0 for r in ("Here", "There") for c in CHEMISTRIES}, sold=here)

    def sells(supply: float, *demand: float) -> bool:
        wanted = {(r, "car", 2030): gwh for r, gwh in zip(("Here", "There"), (100.0, *demand), strict=False)}
        supplied = {("cell", "Here", 2030): 150.0, ("cell", "There", 2030): supply}
        return replace(same, demand=wanted, supplied=supplied).makers["Here", "nmc", 2030] == ("There",)

    assert [sells(1.0), sells(1.0, 0.0), sells(1.0, 0.1), sells(1.0, 1.0)] == [True, True, True, False]
    assert [sells(0.0), sells(0.0, 1.0)] == [True, False]
    half = {("Here", "car", 2030): 100.0, ("There", "car", 2030): 0.5}
    buys = replace(same, sold=trading().sold, demand=half, supplied={("cell", "Here", 2030): 150.0})
    assert (buys.makers["There", "nmc", 2030], buys.makers["Here", "nmc", 2030]) == (("Here",), ())


def pooled() -> MixData:
    """Here makes 150 GWh of NMC, 50 of them for There. If China closes they have cathodes for 140 together; if Here
    closes it sells There a fifth, and loses its own cells."""
    data = only(trading(), "nmc")
    use = {(place, "nmc", n, 2030): 1.0 for place in ("Here", "There", "both") for n in ("cell", "cathode")}
    return replace(
        data, nodes=("cell", "cathode"), use=use, pools={"both": ("Here", "There"), "There": ("There",)},
        pools_of={"china": ("both",), "here": ("There",)}, disruptions=("china", "here"),
        weight={"china": 1.0, "here": 1.0}, starts=dict.fromkeys(("china", "here"), 2030),
        own_share={("There", 2030): 0.5}, by_origin=frozenset({("both", "nmc", 2030), ("There", "nmc", 2030)}),
        left={("here", "There", "Here", "nmc", 2030): 0.2},
        supplied={**data.supplied, ("cell", "There", 2030): 50.0, ("cathode", "CHN", 2030): 1e3},
        undisturbed={("both", "cathode", 2030): 1e3}, accessible={("china", "both", "cathode", 2030): 140.0},
    )  # fmt: skip


def test_what_regions_of_a_pool_make_for_each_other_is_made_at_home() -> None:
    data = pooled()
    assert solved(replace(data, weight={"china": 1.0, "here": 0.0}), "expected").objective == pytest.approx(60)
    alone = replace(data, weight={"china": 0.0, "here": 1.0})
    assert solved(alone, "expected").objective == pytest.approx(0.8 * 50 + 100)


@pytest.mark.parametrize(("here", "there", "made"), [(0.0, 1.0, True), (1.0, 0.0, True), (0.0, 0.0, False)])
def test_a_pool_makes_cells_at_home_where_any_region_of_it_may(here: float, there: float, made: bool) -> None:
    """Also where it makes only those of makers that close."""
    china, data = ("china", "both", "nmc", 2030), replace(pooled(), weight={"china": 1.0, "here": 0.0})
    kept = {("china", "both", r, "nmc", 2030): part for r, part in (("Here", here), ("There", there))}
    data = replace(data, left=kept)
    assert (china in build(data).at_home) == made
    for part, maker in ((1.0, "Here"), (1.0, "There")):
        some = replace(data, left={("china", "both", maker, "nmc", 2030): part - 1})
        assert china in build(some).at_home, "of what is not said all is left"
    # There buys of Here what that makes.
    moved = replace(data, moved_home={("china", "both", "Here", "nmc", 2030): 0.5})
    assert china in build(moved).at_home


def short_of_cells() -> MixData:
    """Of two regions, if There closes, Here gets 70 GWh of cells of any kind, and cobalt for 3 ÷ 0.08 GWh of NMC."""
    data, places = two_regions(), ("Here", "There", "both")
    cells = {(place, c, "cell", 2030): 1.0 for place in places for c in CHEMISTRIES}
    return replace(
        data, nodes=("cobalt", "cell"), cells=("cell",), use={**data.use, **cells},
        supplied={**data.supplied, ("cell", "COD", 2030): 300.0},
        undisturbed={**data.undisturbed, ("Here", "cell", 2030): 100.0},
        accessible={**data.accessible, ("there", "Here", "cell", 2030): 70.0},
    )  # fmt: skip


def test_cells_of_any_kind_may_be_short() -> None:
    """Of 100 GWh in Here 30 are lost, or with NMC alone 62.5; There loses NMC beyond 64.08 GWh."""
    data = replace(short_of_cells(), weight={"there": 1.0, "congo": 0.0})
    assert solved(data, "expected").objective == pytest.approx(30)
    nmc = replace(only(data, "nmc"), supplied={**data.supplied, ("cobalt", "COD", 2030): 30.0})
    assert solved(nmc, "expected").objective == pytest.approx(100 - 3 / 0.08 + 100 - 6.408 / 0.1)


def test_what_lacks_nothing_has_no_recourse_of_its_own() -> None:
    """Of LFP only cells may be short, and only in Here; of a disruption without a weight nothing is asked."""
    model = build(replace(short_of_cells(), weight={"there": 1.0, "congo": 0.0}))
    here = [("there", "Here", c, 2030) for c in CHEMISTRIES]
    assert sorted(model.rebuilt) == sorted(here)
    assert sorted(model.at_home) == [("there", "Here", "nmc", 2030), ("there", "There", "nmc", 2030)]
    assert list(model.loss) == ["there"]


def test_the_loss_of_industry_is_of_what_is_to_be_made_at_home() -> None:
    """One GWh in ten that is made at home lacks its cathode: of none nothing is lost, of 40 four. Where the run says
    that eight tenths are made at home it is 8 GWh, whatever is imported."""

    def lost(data: MixData) -> float:
        compiled = Compiled(build(data), objective="expected")
        compiled.fix("unmet[Here,car,2030]", 0.0)
        return compiled.solve().objective

    data, at = staged(99, 99, 99, (99, 99)), ("Here", "nmc", 2030)
    industry = replace(data, loss="industry", bought={}, made_at_home={}, left=left(home=0.9))
    mine = replace(industry, by_origin=frozenset({at}))
    assert lost(mine) == pytest.approx(0)
    assert lost(replace(mine, own_share={("Here", 2030): 0.4})) == pytest.approx(4)
    observed = replace(industry, made_at_home={("china", *at): 0.8 * 0.9}, planned_home={at: 0.8})
    assert lost(observed) == pytest.approx(8)


def test_what_nobody_else_makes_is_made_at_home_where_others_are_to_make_it() -> None:
    """Of 100 GWh, 60 at home by its lines, nine in ten can be made; of 50 kt of cathode 50 can."""
    at = ("Here", "nmc", 2030)
    for cathode, lost in ((99, 10), (30, 50)):
        data = staged(99, 99, cathode, (0, 20))
        line = data.line[data.chemistries[-1]]
        outside = replace(
            data, loss="all_outside", by_origin=frozenset({at}), bought={}, made_at_home={},
            left=left(home=0.9, abroad=0.0), moved_home={("china", "Here", "abroad", "nmc", 2030): 0.9},
            capacity={("Here", line, 2030): 60.0},
            announced={("Here", line, 2030): 0.0},
        )  # fmt: skip
        assert solved(outside, "expected").objective == pytest.approx(lost)


def test_a_node_of_the_other_route_alone_limits_too() -> None:
    """Planned all natural, so that no cell uses coke; of 40 kt of the mine come 20 kt, and of 30 of coke 60."""
    data = only(routed(), "nmc")
    assert data.routes is not None
    use = {("Here", "nmc", n, 2030): kg for n, kg in {"mine": 2.0, "anode": 1.0}.items()}
    data = replace(data, use=use, routes=replace(data.routes, planned={2030: 1.0}))
    assert solved(data, "expected").objective == pytest.approx(20)


def two_regions() -> MixData:
    """Two regions, one supplier of cobalt. If Congo closes they share what is left, if There closes each has its own.
    There loses more cobalt as scrap, and recovers some."""
    places = {"Here": 0.08, "There": 0.1, "both": 0.09}
    pools_of = {"congo": ("both",), "there": ("Here", "There")}
    return replace(
        one_year("Here", "There"), nodes=("cobalt",),
        use={(place, "nmc", "cobalt", 2030): kg for place, kg in places.items()},
        supplied={("cobalt", "COD", 2030): 12.0}, minerals=("Co",), relief={("Co", "cobalt", 2030): 1.02},
        recovered={("There", "Co", 2030): 0.4},
        pools={"both": ("Here", "There"), "Here": ("Here",), "There": ("There",)}, pools_of=pools_of,
        disruptions=tuple(pools_of), starts=dict.fromkeys(pools_of, 2030), weight=dict.fromkeys(pools_of, 1.0),
        undisturbed={("both", "cobalt", 2030): 12.0, ("Here", "cobalt", 2030): 7.0, ("There", "cobalt", 2030): 5.0},
        accessible={
            ("congo", "both", "cobalt", 2030): 4.0, ("there", "Here", "cobalt", 2030): 3.0,
            ("there", "There", "cobalt", 2030): 6.0,
        },
    )  # fmt: skip


def test_regions_outside_share_what_is_left_and_those_that_close_have_their_own() -> None:
    """Congo: 4 kt and 0.4 × 1.02 recovered for both together at 0.09. There: 3 kt at 0.08, and 6.408 at 0.1."""
    data = replace(only(two_regions(), "nmc"), supplied={("cobalt", "COD", 2030): 30.0})
    for name, left in {"congo": 4.408 / 0.09, "there": 3 / 0.08 + 6.408 / 0.1}.items():
        alone = {d: float(d == name) for d in data.disruptions}
        assert solved(replace(data, weight=alone), "expected").objective == pytest.approx(200 - left)


def test_a_disruption_counts_from_its_start_and_unmet_demand_before_it() -> None:
    """4 kt of cobalt from 2031 on: 50 GWh lost in each of two years. With half of 2030 unmet, 50 more."""
    data = only(stocked(), "nmc")
    data = replace(data, starts={"congo": 2031}, stockpile=0.0)
    assert solved(data, "expected").objective == pytest.approx(100)
    short = {**data.supplied, ("cobalt", "AUS", 2030): 4.0}
    assert solved(replace(data, supplied=short), "expected").objective == pytest.approx(150)


def test_cells_made_at_home_are_the_home_supply_of_cells() -> None:
    """60 GWh of cells at home, 80 abroad, imports 5 million USD/GWh dearer: 60 are made at home, 40 bought; where
    all must be made at home, no mix is possible."""
    data = toy(
        nodes=("cell",), cells=("cell",), use={("Here", c, "cell", y): 1.0 for c in CHEMISTRIES for y in YEARS},
        supplied={("cell", j, y): {"Here": 60.0, "COD": 80.0}[j] for j in ("Here", "COD") for y in YEARS},
        home={"Here": "Here"}, import_price={("Here", "COD", c, y): 5.0 for c in CHEMISTRIES for y in YEARS},
    )  # fmt: skip
    _, found = least_cost(data)
    for y in YEARS:
        assert sum(found.value(f"production[Here,{c},{y}]") for c in CHEMISTRIES) == pytest.approx(60)
        assert found.value(f"sourced[Here,cell,Here,{y}]") == pytest.approx(60)
        assert found.value(f"sourced[Here,cell,COD,{y}]") == pytest.approx(40)
    with pytest.raises(Infeasible):
        least_cost(replace(data, own_share={("Here", y): 1.0 for y in YEARS}))


def test_what_home_does_not_make_yet_is_imported() -> None:
    """NMC is made at home from 2032 on. Until then it comes from abroad, 4 million USD/GWh dearer and still cheaper
    than LFP, and what must be made at home is LFP."""
    data = toy(
        imported=frozenset(("Here", "nmc", y) for y in (2030, 2031)), own_share={("Here", 2031): 0.3},
        import_price={("Here", "abroad", c, y): 4.0 for c in CHEMISTRIES for y in YEARS},
        capacity={("Here", k, y): 100.0 for k in CHEMISTRIES for y in YEARS},
    )  # fmt: skip
    compiled, found = least_cost(data)
    assert mix(found, "nmc") == [100, 70, 100]
    for y, gwh in zip(YEARS, (100, 70, 0), strict=True):
        assert found.value(f"imports[Here,abroad,nmc,{y}]") == pytest.approx(gwh)
    assert found.value("production[Here,nmc,2032]") == pytest.approx(100)
    assert "production[Here,nmc,2031]" not in {var.name for var in compiled.model.production.values()}


def test_what_is_made_for_others_waits_for_the_first_year_and_for_lines() -> None:
    """Here makes no NMC yet, so that NMC comes from COD, and There's other 90 GWh are of LFP from Here; without lines
    for that there is no mix."""
    both, data = ("Here", "There"), one_year("Here", "There")
    data = replace(
        data, nodes=("cell",), cells=("cell",), use={(r, c, "cell", 2030): 1.0 for r in both for c in CHEMISTRIES},
        supplied={("cell", "Here", 2030): 90.0, ("cell", "COD", 2030): 110.0}, home={"Here": "Here"},
        price={(r, c, 2030): {"lfp": 75.0, "nmc": 70.0}[c] for r in both for c in CHEMISTRIES},
        imported=frozenset({("Here", "nmc", 2030)}),
    )  # fmt: skip
    compiled, found = least_cost(data)
    assert sum(found.value(f"imports[{r},COD,nmc,2030]") for r in both) == pytest.approx(110)
    assert ("There", "Here", "nmc", 2030) not in compiled.model.imports
    lfp = [found.value("production[Here,lfp,2030]"), found.value("imports[There,Here,lfp,2030]")]
    assert sum(lfp) == pytest.approx(90)
    with pytest.raises(Infeasible):
        least_cost(replace(data, capacity={("Here", k, 2030): 0.0 for k in CHEMISTRIES}))


def test_several_countries_that_are_one_supplier_are_no_third_country() -> None:
    """What others deliver together may be more than 65 %; what one country does may not."""
    supplied = {("cobalt", j, y): {"COD": 8.0, "others": 8.0}[j] for j in ("COD", "others") for y in YEARS}
    rule = {"third": frozenset({("Here", "COD")}), "one_country": OneCountry(0.65, 2030)}
    data = replace(two_suppliers(), supplied=supplied, **rule)
    _, found = least_cost(data)
    assert mix(found, "nmc") == [100, 100, 100]
    assert all(found.value(f"sourced[Here,cobalt,COD,{y}]") <= 0.65 * 8 + 1e-6 for y in YEARS)


def test_what_has_no_weight_is_no_worst_case() -> None:
    """Without a weight of China's, the mix avoids Congo's loss alone."""
    assert solved(at_risk(weight={"congo": 1.0, "china": 0.0, "calm": 1.0}), "worst").objective == pytest.approx(0)
