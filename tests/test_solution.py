"""The mix that is chosen: hand-solved toys for each stage, and what must hold of any criteria."""

from __future__ import annotations

import re
from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyomo.environ as pyo
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from test_mix import (
    CHEMISTRIES,
    YEARS,
    at_risk,
    cobalt,
    lines,
    only,
    routed,
    staged,
    stocked,
    toy,
    two_regions,
    two_suppliers,
)

from minerals.errors import Infeasible
from minerals.mix import gains as of_gains
from minerals.mix import solution
from minerals.mix.compiled import Compiled
from minerals.mix.data import MixData, OneCountry
from minerals.mix.families import LIMITS, in_worth
from minerals.mix.family import Kind, LimitText, index_of
from minerals.mix.frontier import Frontier, Vertex
from minerals.mix.gains import Gain
from minerals.mix.model import build
from minerals.mix.near import Ends
from minerals.mix.objective import RISKS
from minerals.mix.session import Found
from minerals.mix.solution import Criteria, Solution, _below_all, _Chooser, choose, risk_of


def priced(lfp: float, nmc: float = 70.0, **changes: Any) -> MixData:
    """The toy of `at_risk` with other pack prices [million USD/GWh]."""
    price = {("Here", c, y): {"lfp": lfp, "nmc": nmc}[c] for c in CHEMISTRIES for y in YEARS}
    return at_risk(price=price, **changes)


def incumbent(nmc: float) -> dict[Any, float]:
    """A mix of that many GWh of NMC a year."""
    return {("Here", "car", c, y): {"lfp": 100 - nmc, "nmc": nmc}[c] for c in CHEMISTRIES for y in YEARS}


def nmc(found: Solution) -> list[float]:
    """GWh of NMC by year."""
    return [round(found.additions.get(("Here", "car", "nmc", y), 0.0), 6) for y in YEARS]


def stages(found: Solution) -> list[str]:
    return [stage.stage for stage in found.stages]


# --- stage after stage -----------------------------------------------------------------------------------------------


def test_of_mixes_with_the_same_risk_the_cheapest_is_chosen() -> None:
    """Between 50 and 70 GWh of NMC the expected loss is 5 GWh a year; NMC is cheaper, so 70."""
    found = choose(at_risk(), Criteria())
    assert nmc(found) == [70, 70, 70]
    assert stages(found) == ["cheapest", "objective", "cost"]
    assert found.stage("objective").value == pytest.approx(15)
    assert found.stage("objective").unit == "GWh"
    assert found.stage("cost").value == pytest.approx(3 * (70 * 70 + 30 * 75))
    assert found.stage("cheapest").value == pytest.approx(3 * 70 * 100)
    assert found.losses == pytest.approx({"congo": 60, "china": 0, "calm": 0}, abs=1e-6)


@pytest.mark.parametrize(("before", "after"), [(20, 49.98), (55, 55), (90, 70.02)])
def test_of_mixes_nearly_as_good_the_one_nearest_to_the_incumbent_is_told(before: float, after: float) -> None:
    """At one price for both. A thousandth of 15 GWh more at risk is four times as much NMC outside of 50 to 70 GWh, in
    three years alike, as squares are least."""
    found = choose(priced(70, incumbent=incumbent(before)), Criteria(near=0.001))
    assert nmc(found) == pytest.approx([after] * 3, abs=1e-5)
    assert stages(found) == ["cheapest", "objective"]
    assert found.near is not None
    assert found.near.caps == pytest.approx({"expected": 15.015})
    assert found.best == found.stage("objective").value == pytest.approx(15)
    assert found.exposure == pytest.approx(15 if after == 55 else 15.015)


def test_a_share_that_is_not_pinned_has_its_range() -> None:
    """At one price anything from 50 to 70 GWh of NMC is as good; 2032 sells nothing else, where Congo takes 50 GWh. Of
    22.5 GWh at risk a thousandth more is 0.09 GWh of NMC in a year, or in two together."""
    sold = tuple(key for key in toy().sold if key != ("Here", "car", "lfp", 2032))
    found = choose(priced(70, sold=sold), Criteria(near=0.001, ranges="all"))
    assert found.stage("objective").value == pytest.approx(22.5)
    assert found.near is not None
    ranges = found.near.ranges
    for group, other in (("nmc", "lfp"), ("NMC", "LFP")):
        for y in (2030, 2031):
            assert ranges["Here", group, (y,)] == pytest.approx((0.4991, 0.7009), abs=1e-7)
            assert ranges["Here", other, (y,)] == pytest.approx((0.2991, 0.5009), abs=1e-7)
        assert ranges["Here", group, (2032,)] == pytest.approx((1, 1))
        assert ("Here", other, (2032,)) not in ranges, "what may not be sold has no share"
    assert ranges["Here", "NMC", (2031, 2032)] == pytest.approx((1.4991 / 2, 1.7009 / 2), abs=1e-7)
    for y in YEARS:
        assert sum(found.additions.get(("Here", "car", c, y), 0.0) for c in CHEMISTRIES) == pytest.approx(100)


def test_ranges_are_of_families_in_some_years_where_not_all_are_asked_for() -> None:
    """Of the years told there is 2030, and of the spans of five years two years of the first."""
    found = choose(priced(70), Criteria(near=0.001, ranges="default"))
    assert found.near is not None
    assert set(found.near.ranges) == {
        ("Here", family, years) for family in ("LFP", "NMC") for years in ((2030,), (2031, 2032))
    }
    off = choose(priced(70), Criteria(near=0.001)).near
    assert off is not None
    assert (off.ranges, off.examples) == ({}, ())
    assert choose(priced(70), Criteria(ranges="all")).near is None, "at 0 the best alone is told"


def test_what_no_mix_can_avoid_of_a_disruption() -> None:
    """At least 60 GWh of NMC for their Wh/kg: Congo costs 10 GWh a year in any mix. China costs nothing in a mix of
    NMC alone, and 70 GWh a year in the one without."""
    measures = {("specific_energy", c, y): {"nmc": 250.0, "lfp": 150.0}[c] for c in CHEMISTRIES for y in YEARS}

    def least(data: MixData) -> dict[str, float]:
        alone = ({name: float(name == d) for name in data.disruptions} for d in data.disruptions)
        found = (choose(replace(data, weight=weight), Criteria()).stage("objective").value for weight in alone)
        return dict(zip(data.disruptions, found, strict=True))

    floor = {("specific_energy", "car"): 210.0}
    assert least(at_risk(performance=measures, floor=floor)) == pytest.approx(
        {"congo": 30, "china": 0, "calm": 0}, abs=1e-6
    )
    assert least(only(at_risk(), "lfp")) == pytest.approx({"congo": 0, "china": 210, "calm": 0}, abs=1e-6)


def test_a_mix_may_cost_a_tenth_more_than_the_cheapest() -> None:
    """The cheapest mix is 300 GWh of NMC at 70; 2,100 million USD more are 60 GWh of LFP at 105. The expected loss is
    a quarter of what of 240 GWh of NMC is above 150."""
    found = choose(priced(105), Criteria(cost_cap=0.1))
    assert found.stage("objective").value == pytest.approx(22.5)
    assert sum(found.cost.values()) == pytest.approx(1.1 * sum(found.cheapest.values()))
    assert sum(nmc(found)) == pytest.approx(240)


def test_the_cheapest_mix_with_no_more_than_so_much_at_risk() -> None:
    """The other way round: at most 21 GWh at risk cost 2,310 million USD. Told is what one GWh more would save: it
    lets 4 GWh of LFP be NMC, 140 million USD."""
    found = choose(priced(105), Criteria(objective="cost", exposure_cap=21))
    assert found.stage("objective").value == pytest.approx(21_000 + 2310)
    assert found.cost["packs"] - found.cheapest["packs"] == pytest.approx(2310)
    assert risk_of(found.losses, at_risk().weight, "expected", 0.8) == pytest.approx(21)
    told = {gain.index: gain for gain in found.gains if gain.family == "reach"}
    # A kt of cobalt under Congo lets 12.5 GWh more be built, which weigh a quarter; a tenth of 4 kt in three years.
    assert told["congo", "Here", "cobalt", 2030].gain == pytest.approx(3 * 0.4 * 12.5 / 4 * 140)


@pytest.mark.parametrize("china", [1.0, 1e2, 1e6])
def test_the_smallest_cap_that_works_is_told_and_works(china: float) -> None:
    """However small: the heavier China weighs, the less is lost in the mix that loses nothing to it."""
    data = at_risk(weight={"congo": 1.0, "china": china, "calm": 1.0})
    with pytest.raises(Infeasible) as raised:
        choose(data, Criteria(exposure_cap=0.0))
    least, works = map(float, re.findall(r"(?:less than|works:) (\S+?\d)\.? ", str(raised.value)))
    assert 0 < 0.95 * least <= works
    found = choose(data, Criteria(exposure_cap=works))
    lost = risk_of(found.losses, data.weight, "expected", 0.8)
    assert 0.9 * lost <= least <= works
    assert works <= max(1.2 * lost, lost + 1)


@pytest.mark.parametrize(("least", "told", "works"), [
    (1234.5, "1,234.5", "1235"), (12.0, "12.0", "12"), (1.0, "1.0", "1"), (0.996, "1", "1"), (0.123, "0.12", "0.13"),
    (0.00123, "0.0012", "0.0013"),
])  # fmt: skip
def test_the_cap_that_works_is_the_next_whole_gwh_or_second_digit(least: float, told: str, works: str) -> None:
    words = f"loses less than {told} GWh (worst, over all years). Smallest cap that works: {works}. Nothing"
    for cap, within in ((None, "no mix "), (0.05, "no mix at a cost up to 5% above the cheapest ")):
        message = _below_all(Criteria(risk="worst", exposure_cap=0.0005, cost_cap=cap), least)
        assert message.startswith(f"exposure_cap = 0.0005: {within}{words}")


@pytest.mark.parametrize("risk", RISKS)
def test_a_cap_of_nothing_is_kept_by_a_mix_that_loses_nothing(risk: str) -> None:
    """China alone weighs, and NMC has nothing from there; what a solver leaves of nothing is none of the demand."""
    data = at_risk(weight={"congo": 0.0, "china": 1.0, "calm": 0.0})
    found = choose(data, Criteria(objective="cost", risk=risk, exposure_cap=0.0))
    assert found.losses["china"] == pytest.approx(0, abs=1e-6)
    assert sum(found.additions.values()) == pytest.approx(300)


def test_no_more_goes_unmet_than_must() -> None:
    """4 kt of cobalt are 50 GWh of NMC, and nothing else is sold. Congo leaves all of it, China too."""
    data = only(at_risk(supplied={("cobalt", "AUS", y): 4.0 for y in YEARS}), "nmc")
    with pytest.raises(Infeasible):
        choose(data, Criteria())
    found = choose(data, Criteria(unmet=True))
    assert stages(found)[0] == "unmet_demand"
    assert found.stage("unmet_demand").value == pytest.approx(150)
    assert nmc(found) == [50, 50, 50]
    assert found.unmet == pytest.approx({("Here", "car", y): 50 for y in YEARS})
    # What is not built is lost.
    assert found.losses == pytest.approx({"congo": 150, "china": 150, "calm": 150})


def test_going_without_does_not_escape_a_lock_in() -> None:
    """What NMC once holds it keeps, and Congo takes all of its cobalt. LFP may be 20 % in 2030 and anything after. To
    leave 80 GWh unmet in 2030 would lose them once, and not in each of the three years; but they can be met."""
    data = at_risk(
        before={("Here", "LFP"): 0.1}, growth={("Here", "LFP"): 9.0}, seed={("Here", "LFP"): -0.8},
        decline={("Here", "NMC"): 0.0}, disruptions=("congo",),
        accessible={("congo", "Here", "cobalt", y): 0.0 for y in YEARS},
    )  # fmt: skip
    assert Compiled(build(data), objective="expected").solve().objective == pytest.approx(80)
    found = choose(data, Criteria(unmet=True))
    assert found.stage("unmet_demand").value == pytest.approx(0, abs=1e-6)
    assert found.stage("objective").value == pytest.approx(240)


def test_a_weighted_sum_trades_gwh_for_money() -> None:
    """A GWh of LFP instead of NMC costs 5 million USD and spares a quarter of a GWh: worth it below 0.05 GWh for one
    million USD."""
    for price, gwh in ((0.049, 70), (0.051, 100)):
        found = choose(at_risk(), Criteria(objective="weighted", weights={"expected": 1.0, "cost": price}))
        assert nmc(found) == pytest.approx([gwh] * 3, abs=1e-3)
        cost, loss = found.stage("cost").value, risk_of(found.losses, at_risk().weight, "expected", 0.8)
        assert found.stage("objective").value == pytest.approx(loss + price * cost)


@pytest.mark.parametrize(("risk", "loss"), [("expected", 15), ("worst", 30), ("cvar", 30)])
def test_each_risk_has_its_mix(risk: str, loss: float) -> None:
    """As in test_mix; of the worst half Congo and China are all, whose losses add up to 60."""
    found = choose(at_risk(), Criteria(objective=risk, risk=risk, level=0.5))
    assert found.stage("objective").value == pytest.approx(loss)
    assert risk_of(found.losses, at_risk().weight, risk, 0.5) == pytest.approx(loss)


# --- sourcing --------------------------------------------------------------------------------------------------------


def bought(**changes: Any) -> MixData:
    """Three quarters of the cobalt come from DR Congo pro rata. It delivers up to 10 kt, Australia 1.4."""
    usual = {("Here", "cobalt", j, y): {"COD": 0.75, "AUS": 0.25}[j] for j in ("COD", "AUS") for y in YEARS}
    return replace(two_suppliers(), usual=usual, **changes)


def barred() -> MixData:
    """Nothing may come from DR Congo."""
    return bought(excluded=tuple(("Here", "cobalt", "COD", y) for y in YEARS))


def kt(found: Solution, supplier: str) -> list[float]:
    return [round(found.sourced.get(("Here", "cobalt", supplier, y), 0.0), 4) for y in YEARS]


#: The mix is the cheapest one, or nearly, and what stands for all such is told.
NEARLY = Criteria(objective="cost", near=0.001)


def test_cobalt_is_sourced_as_near_to_pro_rata_as_can_be() -> None:
    """100 GWh of NMC take 8 kt, of which Australia has no quarter; of 50 GWh it has."""
    found = choose(only(bought(), "nmc"), NEARLY)
    assert (kt(found, "COD"), kt(found, "AUS")) == ([6.6] * 3, [1.4] * 3)
    half = {("Here", "car", y): 50.0 for y in YEARS}
    found = choose(only(bought(demand=half), "nmc"), NEARLY)
    assert (kt(found, "COD"), kt(found, "AUS")) == ([3.0] * 3, [1.0] * 3)


def test_a_hard_rule_on_one_country_limits_the_mix_and_its_sourcing() -> None:
    """From 2031 on Australia's 1.4 kt are at least 35 %: 4 kt, 50 GWh, which is also what the incumbent has."""
    before = {("Here", "car", c, y): {"nmc": 100.0 if y == 2030 else 50.0}.get(c, 50.0 * (y > 2030))
              for c in CHEMISTRIES for y in YEARS}  # fmt: skip
    found = choose(replace(bought(incumbent=before), one_country=OneCountry(0.65, 2031)), NEARLY)
    assert nmc(found) == pytest.approx([100, 50, 50], abs=1e-3)
    assert (kt(found, "COD"), kt(found, "AUS")) == ([6.6, 2.6, 2.6], [1.4] * 3)
    assert not found.excess
    cheapest = choose(replace(bought(), one_country=OneCountry(0.65, 2031)), Criteria(objective="cost"))
    assert nmc(cheapest) == [100, 50, 50]


def test_a_soft_rule_prices_what_is_above_it() -> None:
    """At 170 million USD a kt excess is cheaper than LFP: 8 kt, of which 6.6 from one country, 1.4 above 65 %."""
    rule = OneCountry(0.65, 2031, soft=True, price=170.0)
    found = choose(replace(bought(), one_country=rule), Criteria(objective="cost"))
    assert nmc(found) == [100, 100, 100]
    assert found.excess == pytest.approx({("Here", "cobalt", "COD", y): 1.4 for y in (2031, 2032)})
    assert found.cost["excess"] == pytest.approx(2 * 1.4 * 170)
    assert kt(found, "COD")[1:] == [6.6] * 2


def test_the_price_of_excess_is_in_the_cost_and_not_in_the_risk() -> None:
    """Between 50 and 70 GWh of NMC the expected loss is 5 GWh a year, at any price of excess. A GWh of NMC is 5 million
    USD cheaper than LFP and 0.028 kt of cobalt above 65 % of one country: 70 are cheaper below 178.6 a kt, 50 above."""
    for price, gwh in ((170.0, 70), (190.0, 50)):
        rule = OneCountry(0.65, 2031, soft=True, price=price)
        data = at_risk(strategic=("cobalt",), third=frozenset({("Here", "AUS")}), one_country=rule)
        found = choose(data, Criteria())
        assert found.stage("objective").value == pytest.approx(15)
        assert nmc(found) == [70, gwh, gwh]


def test_who_is_excluded_is_not_bought_from() -> None:
    found = choose(barred(), Criteria(objective="cost"))
    assert nmc(found) == [17.5] * 3
    assert (kt(found, "COD"), kt(found, "AUS")) == ([0] * 3, [1.4] * 3)


def test_what_is_sourced_of_cells_at_home_is_what_is_made_there() -> None:
    """40 GWh must be made at home, where 60 could be and 50 are observed; imports are cheaper. The other 60 GWh
    come as observed without home: three quarters and a quarter. Before 2031 nothing is made."""
    deliver = {"Here": 60.0, "COD": 80.0, "AUS": 80.0}
    observed = {"Here": 0.5, "COD": 0.375, "AUS": 0.125}
    data = toy(
        nodes=("cell",), cells=("cell",), use={("Here", c, "cell", y): 1.0 for c in CHEMISTRIES for y in YEARS},
        supplied={("cell", j, y): gwh for j, gwh in deliver.items() for y in YEARS}, home={"Here": "Here"},
        observed={("Here", j, c, y): share for j, share in observed.items() for c in CHEMISTRIES for y in YEARS},
        import_price={("Here", j, c, y): -5.0 for j in ("COD", "AUS") for c in CHEMISTRIES for y in YEARS},
        own_share={("Here", y): 0.4 for y in (2031, 2032)},
    )  # fmt: skip
    found = choose(data, NEARLY)
    for y, (home, congo, australia) in {2030: (0, 75, 25), 2031: (40, 45, 15), 2032: (40, 45, 15)}.items():
        made = sum(found.production.get(("Here", c, y), 0.0) for c in CHEMISTRIES)
        bought = {j: found.sourced.get(("Here", "cell", j, y), 0.0) for j in deliver}
        assert made == pytest.approx(home)
        assert bought == pytest.approx({"Here": home, "COD": congo, "AUS": australia}, abs=1e-5)


# --- what limits are worth -------------------------------------------------------------------------------------------


def limited() -> MixData:
    """A toy in which limits of most families bind: growth, own lines, suppliers, recycled content, reach."""
    data = at_risk()
    return replace(
        data,
        price={("Here", c, y): {"lfp": 90.0, "nmc": 70.0}[c] for c in CHEMISTRIES for y in YEARS},
        supplied={key: {"cobalt": 6.5, "phosphate": 60.0}[key[0]] for key in data.supplied},
        before={("Here", "NMC"): 0.55, ("Here", "LFP"): 0.45},
        growth={("Here", "NMC"): 0.1, ("Here", "LFP"): 0.1}, decline={("Here", "LFP"): 0.3},
        performance={("specific_energy", c, y): {"nmc": 250.0, "lfp": 150.0}[c] for c in CHEMISTRIES for y in YEARS},
        floor={("specific_energy", "car"): 205.0},
        capacity={("Here", k, y): {"nmc": 40.0, "lfp": 20.0}[k] for k in CHEMISTRIES for y in YEARS},
        announced={("Here", k, y): 10.0 for k in CHEMISTRIES for y in YEARS},
        line_price={("Here", k, y): 8.0 for k in CHEMISTRIES for y in YEARS}, retrofit={("nmc", "lfp"): 0.5},
        own_share={("Here", y): 0.7 for y in YEARS},
        import_price={("Here", "abroad", c, y): -4.0 for c in CHEMISTRIES for y in YEARS},
        minerals=("Co",), relief={("Co", "cobalt", y): 1.0 for y in YEARS},
        recovered={("Here", "Co", y): 0.3 for y in YEARS}, life={("Here", "car", "nmc"): "short"},
        returned={("Here", "short", "Co", 2030, 2031): 0.05}, content={("nmc", "Co", y): 0.08 for y in YEARS},
        recycled={("Here", "Co", y): 0.05 for y in YEARS},
    )  # fmt: skip


def light() -> MixData:
    """LFP is cheaper, and at least 190 Wh/kg are asked."""
    measures = {("specific_energy", c, y): {"nmc": 250.0, "lfp": 150.0}[c] for c in CHEMISTRIES for y in YEARS}
    price = {("Here", c, y): {"lfp": 60.0, "nmc": 70.0}[c] for c in CHEMISTRIES for y in YEARS}
    return toy(performance=measures, floor={("specific_energy", "car"): 190.0}, price=price)


def leaving() -> MixData:
    """Half of the LFP of a year may go the next; NMC is cheaper."""
    return toy(before={("Here", "NMC"): 0.1, ("Here", "LFP"): 0.9}, decline={("Here", "LFP"): 0.5})


def announced() -> MixData:
    """New LFP lines pay in each year, and 20, 40 and 60 GWh/yr of them are announced."""
    return replace(lines(30.0), retrofit={}, announced={("Here", "lfp", y): 20.0 * (y - 2029) for y in YEARS})


def filled() -> MixData:
    """NMC alone. Of the cobalt that Congo takes a stock replaces no more than there was before: 6 of 8 kt."""
    data = only(stocked(), "nmc")
    return replace(data, undisturbed=dict.fromkeys(data.undisturbed, 6.0), stockpile=1.0)


def recovering() -> MixData:
    """A tenth of the cobalt must be recovered, of which there are 0.4 kt: 50 GWh of NMC."""
    return replace(
        cobalt(100.0), minerals=("Co",), relief={("Co", "cobalt", y): 1.0 for y in YEARS},
        recovered={("Here", "Co", y): 0.4 for y in YEARS}, content={("nmc", "Co", y): 0.08 for y in YEARS},
        recycled={("Here", "Co", y): 0.1 for y in YEARS},
    )  # fmt: skip


def lopsided() -> MixData:
    """NMC is cheaper, and may have 60 % in 2030 and 40 % in the cars of 2031; in 2032 LFP is to have at least 30 %."""
    return toy(
        max_share={("Here", "", "NMC", 2030): 0.6, ("Here", "car", "nmc", 2031): 0.4},
        min_share={("Here", "", "LFP", 2032): 0.3},
    )  # fmt: skip


def test_shares_have_an_upper_and_a_lower_end() -> None:
    """NMC saves 5 million USD/GWh: all that it may have. Five points of either limit are 5 GWh of it."""
    found = choose(lopsided(), Criteria(objective="cost"))
    assert nmc(found) == [60, 40, 70]
    assert {gain.family: gain.gain for gain in found.gains} == pytest.approx({"max_share": 25, "min_share": 25})


def test_a_share_is_of_what_is_put_into_use() -> None:
    """Cobalt for 50 GWh of NMC, half of all at most: with no LFP to be had 50 GWh could be built, and their share
    would be all. Nothing can be, and of what is unmet no share is taken."""
    data = only(cobalt(4.0), "nmc")
    data = replace(data, max_share={("Here", "", "NMC", y): 0.5 for y in YEARS})
    assert choose(data, Criteria(objective="cost", unmet=True)).stage("unmet_demand").value == pytest.approx(300)
    data = replace(cobalt(4.0), max_share={("Here", "", "LFP", y): 0.5 for y in YEARS})
    assert nmc(choose(data, Criteria(objective="cost", unmet=True))) == [50] * 3
    data = replace(data, max_share={("Here", "", "LFP", y): 0.2 for y in YEARS})
    found = choose(data, Criteria(objective="cost", unmet=True))
    assert found.stage("unmet_demand").value == pytest.approx(3 * (100 - 62.5))
    assert nmc(found) == [50] * 3


def test_a_share_of_one_use_binds_in_that_use_alone() -> None:
    """Of 100 GWh in cars NMC may have 40; in all, 30 % of 200."""
    data = toy(
        segments=("car", "bus"), demand={("Here", s, y): 100.0 for s in ("car", "bus") for y in YEARS},
        sold=tuple(("Here", s, c, y) for s in ("car", "bus") for c in CHEMISTRIES for y in YEARS),
        max_share={("Here", "car", "nmc", y): 0.4 for y in YEARS} | {("Here", "", "NMC", 2032): 0.3},
    )  # fmt: skip
    found = choose(data, Criteria(objective="cost"))
    assert nmc(found)[:2] == [40, 40]
    of_buses = [found.additions["Here", "bus", "nmc", y] for y in YEARS[:2]]
    assert of_buses == pytest.approx([100, 100])
    last = (found.additions.get(("Here", s, "nmc", 2032), 0.0) for s in data.segments)
    assert sum(last) == pytest.approx(60)


@pytest.mark.parametrize(("objective", "counts", "mass", "gwh", "value"), [
    # All that 4 and 60 kt allow are 125 GWh, but demand is 100: of those the cheapest, with 50 of NMC.
    ("unbuilt", (1.0, 1.0), None, (50, 50), 0),
    # LFP counts half.
    ("unbuilt", (0.5, 1.0), None, (50, 50), 25),
    # LFP alone counts: as much of it as phosphate allows.
    ("unbuilt", (1.0, 0.0), None, (75, 25), 25),
    # LFP weighs 6.25 kt/GWh, NMC 4.
    ("unbuilt_kt", (1.0, 1.0), (6.25, 4.0), (75, 25), 25 * 2.25),
])  # fmt: skip
def test_the_most_batteries_that_can_be_had(
    objective: str, counts: tuple[float, float], mass: tuple[float, float] | None, gwh: tuple[float, float],
    value: float,
) -> None:  # fmt: skip
    """Of 4 kt of cobalt 50 GWh of NMC can be made, which is cheaper, and of 60 kt of phosphate 75 of LFP; of 20 kt in
    2031 25 GWh. counts, mass, gwh: of LFP and NMC; value: of a year."""
    use = {("nmc", "cobalt"): 0.08, ("lfp", "phosphate"): 0.8}
    data = toy(
        nodes=("cobalt", "phosphate"), use={("Here", *key, y): kt for key, kt in use.items() for y in YEARS},
        supplied={(n, "COD", y): kt for n, kt in (("cobalt", 4.0), ("phosphate", 60.0)) for y in YEARS},
        counts=dict(zip(CHEMISTRIES, counts, strict=True)),
        mass={(c, y): kt for c, kt in zip(CHEMISTRIES, mass, strict=True) for y in YEARS} if mass else {},
        incumbent=incumbent(40),
    )  # fmt: skip
    found = choose(data, Criteria(objective=objective, frontier="certified"))
    assert nmc(found) == [gwh[1]] * 3
    assert found.exposure == found.best
    assert [found.best, found.stage("objective").value] == pytest.approx([3 * value] * 2, abs=1e-6)
    assert stages(found) == ["objective", "unmet_demand", "cheapest"]
    assert found.frontier is None
    assert set(found.baselines) == {"cheapest", "incumbent", "chosen"}
    short = replace(data, supplied={**data.supplied, ("phosphate", "COD", 2031): 20.0})
    assert choose(short, Criteria(objective=objective)).unmet == pytest.approx({("Here", "car", 2031): 25})


def test_of_as_many_batteries_the_nearest_to_the_incumbent_within_a_cost() -> None:
    """Of LFP at 75 and NMC at 70 million USD/GWh 1 % above the cheapest buys 14 GWh of LFP a year."""
    data = toy(counts=dict.fromkeys(CHEMISTRIES, 1.0), incumbent=incumbent(40))
    found = choose(data, Criteria(objective="unbuilt", cost_cap=0.01, near=0.01))
    assert sum(found.cost.values()) == pytest.approx(1.01 * 3 * 7000)
    assert nmc(found) == pytest.approx([100 - 70 / 5] * 3)
    assert found.baselines["incumbent"].cost == pytest.approx(3 * (40 * 70 + 60 * 75))


def test_costs_of_later_years_count_less_where_they_are_discounted() -> None:
    """NMC that is begun with may not leave: it saves 5 million USD/GWh in 2030, and costs 5.3 more in 2032, which are
    4.9 of 2030 at 4 % a year. Discounted it is taken, else it is not before 2031, where it costs the same."""
    by_year = dict(zip(YEARS, (70.0, 75.0, 80.3), strict=True))
    price = {("Here", c, y): {"lfp": 75.0, "nmc": by_year[y]}[c] for c in CHEMISTRIES for y in YEARS}
    data = toy(price=price, before={("Here", "LFP"): 1.0}, decline={("Here", "NMC"): 0.0})
    assert nmc(choose(data, Criteria(objective="cost")))[0] == 0
    found = choose(replace(data, discount={y: 1.04 ** (2030 - y) for y in YEARS}), Criteria(objective="cost"))
    assert nmc(found) == [100] * 3
    assert sum(found.cost.values()) == pytest.approx(100 * (70 + 75 / 1.04 + 80.3 / 1.04**2))


def test_an_incumbent_beyond_a_share_is_marked() -> None:
    """It has 55 GWh of NMC, and 40 are the most: it stands there as it is, with the limit that it breaks."""
    data = priced(70, incumbent=incumbent(55), max_share={("Here", "", "NMC", y): 0.4 for y in YEARS})
    found = choose(data, Criteria(near=0.01))
    assert found.baselines["incumbent"].breaks == ("max_share",)
    assert found.baselines["incumbent"].additions["Here", "car", "nmc", 2030] == pytest.approx(55)
    assert found.baselines["chosen"].breaks == ()


CASES = {
    "expected": (limited, Criteria()),
    "cvar": (limited, Criteria(objective="cvar", risk="cvar", level=0.6)),
    "capped": (limited, Criteria(cost_cap=0.001)),
    "cost": (limited, Criteria(objective="cost", exposure_cap=12.0)),
    "rule": (lambda: replace(two_suppliers(), one_country=OneCountry(0.65, 2031)), Criteria(objective="cost")),
    "retrofit": (lambda: lines(80.0), Criteria(objective="cost")),
    "new lines": (lambda: replace(lines(30.0), retrofit={}), Criteria(objective="cost")),
    "cobalt": (lambda: cobalt(4.0), Criteria(objective="cost")),
    "floor": (light, Criteria(objective="cost")),
    "decline": (leaving, Criteria(objective="cost")),
    "announced": (announced, Criteria(objective="cost")),
    "stock": (filled, Criteria()),
    "excluded": (barred, Criteria(objective="cost")),
    "shares": (lopsided, Criteria(objective="cost")),
    "recycled": (recovering, Criteria(objective="cost")),
    "worst": (lambda: priced(105), Criteria(objective="cost", risk="worst", exposure_cap=33.0)),
    "own cathode": (lambda: staged(99, 99, 30, (0, 20)), Criteria()),
    "own refining": (lambda: staged(99, 0, 30, (5, 20)), Criteria()),
    "tail": (lambda: priced(105), Criteria(objective="cost", risk="cvar", level=0.6, exposure_cap=45.0)),
}


def at_stage(data: MixData, criteria: Criteria, gain: Gain, found: Solution) -> Compiled:
    """The model as it is at the stage of a gain."""
    model = build(data, level=criteria.level, weights=criteria.weights)
    compiled = Compiled(model, objective=criteria.objective)
    for key in model.wanted:
        compiled.fix(model.unmet[key], 0.0)
    if criteria.cost_cap is not None:
        compiled.hold("cost", found.stage("cheapest").value, criteria.cost_cap)
    if criteria.exposure_cap is not None:
        compiled.hold(criteria.risk, criteria.exposure_cap, 0.0)
    return compiled


def stepped(compiled: Compiled, gain: Gain, data: MixData) -> None:
    """Loosen a limit in all its years."""
    family = getattr(compiled.model, gain.family)
    if LIMITS[gain.family].kind == Kind.CAP:
        assert gain.years == (0, 0)
        compiled.hold(gain.family, compiled.rhs(family) * (1 + gain.step / 100), 0.0)
        return
    for row in family.values():
        *name, year = index_of(row)
        if tuple(name) == gain.index[:-1] and gain.years[0] <= year <= gain.years[1]:
            limit = compiled.rhs(row)
            # Of 100 GWh a year.
            whole = 100.0 if gain.family in ("own_share", "performance", "max_share", "min_share") else 1.0
            named = LIMITS[gain.family].named
            amount = named(data, *index_of(row)) if named else abs(limit)
            by = {"%": amount / 100, "point": whole / 100}.get(gain.per, whole) * gain.step
            compiled.set_rhs(row, limit + by if row.upper is not None else limit - by)


@pytest.mark.parametrize("name", CASES)
def test_what_a_step_of_a_limit_gains_is_what_moving_it_brings(name: str) -> None:
    """Every step that is told, in a model of its own; and of each kind none gains more."""
    data, criteria = CASES[name][0](), CASES[name][1]
    found = choose(data, criteria)
    assert found.gains
    for gain in found.gains:
        compiled = at_stage(data, criteria, gain, found)
        best = compiled.solve().objective
        stepped(compiled, gain, data)
        fallen = best - compiled.solve().objective
        assert gain.least == pytest.approx(best, rel=1e-7, abs=1e-7)
        assert gain.gain == pytest.approx(fallen, rel=1e-6, abs=1e-6 * max(abs(best), 1.0))
        assert gain.gain > 0
        assert gain.unit == found.stage("objective").unit


@pytest.mark.parametrize("name", ["expected", "cost", "stock", "retrofit"])
def test_no_step_that_is_not_told_gains_more(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though few are tried: a dual times the step is never less than what the step gains."""
    data, criteria = CASES[name][0](), CASES[name][1]
    monkeypatch.setattr(of_gains, "LARGEST", 1)
    best = {gain.family: gain.gain for gain in choose(data, criteria).gains}
    monkeypatch.setattr(of_gains, "LARGEST", 1000)
    every = choose(data, criteria).gains
    assert best == pytest.approx({each: max(g.gain for g in every if g.family == each) for each in best})
    assert {gain.family for gain in every} == set(best)


def test_every_kind_of_limit_is_told() -> None:
    """So that what a step of each gains is shown by taking it."""
    told = {gain.family for data, criteria in CASES.values() for gain in choose(data(), criteria).gains}
    assert told == set(in_worth())


def test_what_lets_less_go_unmet_is_told_where_something_does() -> None:
    """Only NMC is sold and 4 kt are 50 GWh: a tenth more lets 5 GWh less go unmet in each of three years. That it would
    cost more is no gain."""
    data = replace(cobalt(4.0), sold=tuple(key for key in toy().sold if key[2] == "nmc"))
    found = choose(data, Criteria(objective="cost", unmet=True))
    (gain,) = found.gains
    assert (gain.stage, gain.family, gain.years, gain.step, gain.per) == (
        "unmet_demand", "supplier", (2030, 2032), 10, "%",
    )  # fmt: skip
    assert gain.gain == pytest.approx(15)
    assert gain.least == pytest.approx(150)


def test_limits_are_tried_from_the_most_that_they_can_gain_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until those that are told gain more than the next could: a gains 4, b 8, d 6, and c and g less than these; of e
    and f little is to be gained. After more than FAR iterations the next begins at the optimum again."""
    bounds = {"f": 0.009, "e": 3.9, "g": 5.0, "b": 9.0, "a": 10.0, "d": 7.0, "c": 8.0}
    gain = {"a": (4.0, 201), "b": (8.0, 200), "c": (0.5, 399), "d": (6.0, 1), "g": (3.0, 1)}
    assert of_gains.FAR == 200
    log: list[str] = []

    def solved(objective: str, afresh: bool) -> Any:
        assert (objective, afresh) == ("cost", False)
        by, iterations = gain[log[-1][0]]
        return SimpleNamespace(objective=100.0 - by, run=SimpleNamespace(iterations=(iterations - 1, 1)))

    def go_on_from(basis: str) -> None:
        log.append(f"{log.pop()} from the {basis}")

    session: Any = SimpleNamespace(compiled=SimpleNamespace(basis="optimum", go_on_from=go_on_from), optimum=solved)
    levers = [SimpleNamespace(name=name, bound=bound) for name, bound in bounds.items()]
    monkeypatch.setattr(of_gains, "in_worth", lambda: ["supplier"])
    monkeypatch.setattr(of_gains, "_levers", lambda *_: iter(levers))
    monkeypatch.setattr(of_gains, "_loosened", lambda _, lever, __: nullcontext(log.append(lever.name)))
    monkeypatch.setattr(
        of_gains,
        "_gain",
        lambda lever, stage, gain, least, unit: SimpleNamespace(name=lever.name, gain=gain, least=least),
    )
    found = list(of_gains.gains(session, "objective", "cost", "USD", SimpleNamespace(objective=100.0), {}))  # type: ignore[arg-type]
    assert [(each.name, each.gain, each.least) for each in found] == [("b", 8, 100), ("d", 6, 100), ("a", 4, 100)]
    assert log == ["a", "b from the optimum", "c", "d from the optimum", "g"]
    # Of little it is a part of one unit, and what gains less is not told.
    log.clear()
    gain["a"], levers[:] = (0.5e-4, 1), [SimpleNamespace(name="a", bound=2e-4), SimpleNamespace(name="f", bound=0.7e-4)]
    assert not list(of_gains.gains(session, "objective", "cost", "USD", SimpleNamespace(objective=100.0), {}))  # type: ignore[arg-type]
    assert log == []
    monkeypatch.setattr(session, "optimum", lambda *_, **__: SimpleNamespace(
        objective=0.5 - 0.5e-4, run=SimpleNamespace(iterations=(1,))))  # fmt: skip
    assert not list(of_gains.gains(session, "objective", "cost", "USD", SimpleNamespace(objective=0.5), {}))  # type: ignore[arg-type]
    assert log == ["a"]


def test_a_step_is_in_points_a_part_or_a_unit() -> None:
    """Five of the unit of a rate and five points of what a share is of; a tenth of an amount, of all years where any
    has one; else one of the unit. Each row steps in its own units."""
    rates = [LimitText("", "point", scale, rate=True, whole=100.0) for scale in (0.01, 0.02)]
    shares = [LimitText("", "GWh", 1000.0, whole=whole) for whole in (100.0, 300.0)]
    amounts = [LimitText("", "billion", 1000.0)] * 2
    assert of_gains._steps(rates, [1.0, 2.0]) == (5, "point", pytest.approx([0.05, 0.1]))
    assert of_gains._steps(shares, [1.0, 2.0]) == (5, "point", pytest.approx([5, 15]))
    assert of_gains._steps(amounts, [0.0, 20.0]) == (10, "%", pytest.approx([0, 2]))
    assert of_gains._steps(amounts, [0.0, 0.0]) == (1, "billion", pytest.approx([1000, 1000]))


def test_the_price_of_a_gwh_at_risk_is_the_same_from_both_sides() -> None:
    """140 million USD, by the toy of the caps above: 2,310 million USD more, or 21 GWh at risk, are one mix. A
    hundredth of either cap: 233.1 million USD, and 0.21 GWh."""
    dear = choose(priced(105), Criteria(cost_cap=0.11))
    safe = choose(priced(105), Criteria(objective="cost", exposure_cap=21))
    of_caps = [gain.gain for found in (dear, safe) for gain in found.gains if not gain.index]
    assert of_caps == pytest.approx([233.1 / 140, 0.21 * 140])


# --- where nothing is there to limit ---------------------------------------------------------------------------------


def without(data: MixData, year: int, *tables: str) -> MixData:
    """The toy without what tables say of a year; of the year 0 without the tables."""

    def rest(table: Any) -> Any:
        keys = [key for key in table if year and year not in key]
        return {key: table[key] for key in keys} if isinstance(table, dict) else tuple(keys)

    return replace(data, **{name: rest(getattr(data, name)) for name in tables})


TOYS = {
    "most families": limited,
    "incumbent": lambda: replace(
        limited(), incumbent=incumbent(50), measure={(c, y): 0.5 for c in CHEMISTRIES for y in YEARS}
    ),
    "sourcing": barred,
    "lines": lambda: lines(30.0),
    "stock": stocked,
    "routes": routed,
    "regions": two_regions,
}  # fmt: skip
GAPS = {
    "nothing to sell": ("sold",),
    "nothing wanted": ("sold", "demand"),
    "no supplier": ("supplied",),
    "no use": ("use",),
    "no lines": ("capacity", "announced"),
    "no new lines": ("announced",),
    "nothing comes back": ("returned", "content", "relief"),
}


#: Toy that has most of the families; the others have one more each.
EACH_DAY = "most families"


@pytest.mark.parametrize("gap", GAPS)
@pytest.mark.parametrize("name", [
    pytest.param(name, marks=() if name == EACH_DAY else pytest.mark.slow) for name in TOYS
])  # fmt: skip
def test_no_limit_is_stated_of_what_is_not_there(name: str, gap: str) -> None:
    """In the first year, a later one, or ever: a limit without variables is no limit, and no reason to stop."""
    for year in (YEARS[0], YEARS[1], 0):
        if year in (0, TOYS[name]().years[-1]) and "demand" in GAPS[gap]:
            continue  # Without demand there is no mix to choose.
        data = without(TOYS[name](), year, *GAPS[gap])
        for one in (None, OneCountry(0.65, 2030), OneCountry(0.65, 2030, soft=True, price=1.0)):
            criteria = Criteria(objective="cost", unmet=True, gains_and_incumbent=one is None)
            found = choose(replace(data, one_country=one), criteria)
            made = sum(found.additions.values()) + sum(found.unmet.values())
            assert made == pytest.approx(sum(data.demand.values()))


def test_a_share_made_at_home_is_asked_only_where_something_is_sold() -> None:
    """Nothing is sold in 2031, and all of what is in the other years is made at home."""
    data = without(toy(own_share={("Here", y): 1.0 for y in YEARS}), 2031, "sold")
    assert set(build(data).own_share) == {("Here", 2030), ("Here", 2032)}
    found = choose(data, Criteria(objective="cost", unmet=True))
    assert found.unmet == pytest.approx({("Here", "car", 2031): 100})
    assert found.production == pytest.approx({("Here", "nmc", y): 100 for y in (2030, 2032)})


# --- parts of a choice -----------------------------------------------------------------------------------------------


def chooser(**changes: Any) -> Any:
    """What a choice rests on, of 100 GWh in all: a stand-in of `_Chooser`."""
    return SimpleNamespace(data=SimpleNamespace(demand={"Here": 60.0, "There": 40.0}), _sure=lambda: None, **changes)


@pytest.mark.parametrize(("criteria", "exposure", "caps", "kept"), [
    (Criteria(worth=20.0), 50.0, {}, {"priced": 1.05 * (1000 + 20 * 50)}),
    (Criteria(objective="cost"), 50.0, {"expected": 51.0}, {"expected": 51, "cost": 1050}),
    (Criteria(), 50.0, {"cost": 2000.0}, {"cost": 2000, "expected": 52.5}),
    (Criteria(), 50.0, {"expected": 51.0}, {"expected": 51}),
    # A sum of weights may be below nothing; of nothing a ten thousandth of the demand counts.
    (Criteria(objective="weighted"), -50.0, {}, {"weighted": -47.5}), (Criteria(), 0.0, {}, {"expected": 0.05 * 0.01}),
])  # fmt: skip
def test_what_mixes_keep_to_that_are_nearly_as_good(
    criteria: Criteria, exposure: float, caps: dict[str, float], kept: dict[str, float]
) -> None:
    best = Found(exposure, 1000.0, np.zeros(0))
    assert _Chooser._near_caps(chooser(criteria=criteria), caps, best, 0.05) == pytest.approx(kept, rel=1e-12)


@pytest.mark.parametrize(("cap", "least", "most"), [
    (20.0, 15.0, 20.0), (20.0, 20.0 + 0.9e-7, 20.0 + 0.9e-7), (20.0, 20.0 + 1.1e-7, None),
    (200.0, 200.0 + 1.9e-7, 200.0 + 1.9e-7), (200.0, 200.0 + 2.1e-7, None), (0.0, 0.9e-7, 0.9e-7),
])  # fmt: skip
def test_a_cap_is_kept_but_for_rounding(cap: float, least: float, most: float | None) -> None:
    """Of the exposure a part of 1e-9 of it, or of the demand, may be missed; of a cost as much, where no more is
    allowed above the least. That may be below nothing."""
    held: list[dict[str, float]] = []
    session = SimpleNamespace(
        within=lambda caps: (held.append(dict(caps)), nullcontext())[1],
        optimum=lambda risk: SimpleNamespace(objective={"worst": least}[risk]),
    )
    own = chooser(session=session, criteria=Criteria(risk="worst", exposure_cap=cap, cost_cap=0.1))
    if most is None:
        with pytest.raises(Infeasible, match="exposure_cap"):
            _Chooser._caps(own, 1000.0)
    else:
        caps = _Chooser._caps(own, 1000.0)
        assert caps == {"cost": pytest.approx(1100, rel=1e-12), "worst": pytest.approx(most * (1 + 1e-9), rel=1e-12)}
        assert held == [{"cost": caps["cost"]}]
    for cost_cap, cost, told in ((0.0, 1000.0, 1000 + 1e-6), (0.1, -1000.0, -900.0), (None, 1.0, None)):
        own.criteria = Criteria(cost_cap=cost_cap)
        assert _Chooser._caps(own, cost).get("cost") == (told and pytest.approx(told, rel=1e-12))


def test_shares_are_told_where_something_is_sold_and_wanted() -> None:
    """Of families in the years shown and in spans of more than one year, or of chemistries too and in all years, which
    have no spans."""
    data = SimpleNamespace(
        regions=("A", "B"), years=(2029, 2030, 2031, 2032, 2036), chemistries=("nmc", "lfp"),
        family={"nmc": "NMC", "lfp": "LFP"}, wanted={("A", y): 10.0 for y in range(2029, 2040)} | {("B", 2030): 0.0},
        sold=(
            ("A", "car", "nmc", 2030), ("A", "car", "nmc", 2032), ("A", "bus", "lfp", 2036), ("B", "car", "nmc", 2030),
        ),
    )  # fmt: skip
    own: Any = SimpleNamespace(data=data, criteria=Criteria(ranges="default"))
    assert list(_Chooser._shares(own)) == [("A", "NMC", (2030,)), ("A", "NMC", (2031, 2032))]
    own.criteria = Criteria(ranges="all")
    assert list(_Chooser._shares(own)) == [
        ("A", "NMC", (2030,)), ("A", "NMC", (2032,)), ("A", "NMC", (2031, 2032)), ("A", "LFP", (2036,)),
        ("A", "nmc", (2030,)), ("A", "nmc", (2032,)), ("A", "lfp", (2036,)),
    ]  # fmt: skip
    # The last year stands for those that are shown where there is none of them.
    data.years, own.criteria = (2031, 2032, 2033), Criteria(ranges="default")
    data.sold = (("A", "car", "lfp", 2033), ("A", "car", "nmc", 2032))
    assert list(_Chooser._shares(own)) == [
        ("A", "NMC", (2031, 2032, 2033)), ("A", "LFP", (2033,)), ("A", "LFP", (2031, 2032, 2033)),
    ]  # fmt: skip


@pytest.mark.parametrize(("criteria", "stages"), [
    (Criteria(), []), (Criteria(unmet=True), [("unmet_demand", "unmet_demand")]),
    (Criteria(objective="unbuilt"), [("objective", "unbuilt"), ("unmet_demand", "unmet_demand")]),
])  # fmt: skip
@pytest.mark.parametrize(("least", "gains"), [(0.0, False), (0.9e-7, False), (1.1e-7, True)])
def test_what_comes_before_the_cost_is_kept(
    criteria: Criteria, stages: list[tuple[str, str]], least: float, gains: bool
) -> None:
    """And it is told what would lower it where it is more than rounding; then it is found again, to be kept."""
    done: list[object] = []
    session = SimpleNamespace(
        optimum=lambda name: (done.append(name), SimpleNamespace(objective=least))[1],
        keep=lambda found: done.append("kept"),
    )
    own = chooser(
        criteria=criteria, session=session, _keep_stage=lambda stage, name, _: done.append((stage, name)),
        _gaining=lambda stage, name, _, caps: done.append(("gains", stage, name, caps)),
    )  # fmt: skip
    _Chooser._before_cost(own)
    told: list[object] = []
    for stage, name in stages:
        told += [name, (stage, name), *([("gains", stage, name, {}), name] if gains else []), "kept"]
    assert done == told


def test_mixes_along_a_frontier_are_of_its_ends_and_of_points_well_apart() -> None:
    """By 6 of 100 GWh from the one before and from the last; each with what is nearly as good as its point."""
    asked: list[dict[str, float]] = []
    noted: list[float] = []

    def nearly(caps: dict[str, float]) -> Any:
        asked.append(caps)
        return SimpleNamespace(nearest=lambda target: caps["cost"] + target)

    session = SimpleNamespace(
        nearly=nearly, target=lambda _: (1.0,), note=noted.append, model=SimpleNamespace(additions="additions")
    )
    own = chooser(session=session, criteria=Criteria(near=0.1), _levels=lambda part, values: {part: values})
    points = [(100, -10), (95, 1), (94, 20), (89, 21), (50, 30), (6, 40), (5, 41), (0, 50)]
    found = _Chooser._along(own, Frontier(tuple(Vertex(e, cost, -1.0) for e, cost in points), 0.0, 8))
    assert [(each.exposure, each.cost) for each in found] == [(100, -10), (94, 20), (50, 30), (6, 40), (0, 50)]
    assert [each["expected"] for each in asked] == pytest.approx([110, 103.4, 55, 6.6, 0.1 * 0.01])
    assert [each["cost"] for each in asked] == pytest.approx([-9, 22, 33, 44, 55])
    assert [each.additions["additions"] for each in found] == noted == pytest.approx([-8, 23, 34, 45, 56])  # type: ignore[index]
    alone = _Chooser._along(own, Frontier((Vertex(7.0, 3.0, -1.0),), 0.0, 0))
    assert [(each.exposure, each.cost) for each in alone] == [(7, 3)]


def test_ranges_hold_the_mix_that_is_told_and_examples_span_those_of_families() -> None:
    """Two chemistries of a family, which moves from 0.2 to 0.6, and another that moves by no more than a thousandth.
    A solver's rounding is no share below nothing. Of two examples one has 0.3 of the family and one 0.6: of 0.4 they
    span three quarters."""
    members = np.array([[[0.3, 0.0], [0.6, 0.0]], [[0.3, 0.0], [0.6, 0.0]], [[0.3, 0.0005], [0.6, 0.001]]])
    noted, shares = list[list[float]](), [("A", "nmc", (2030,)), ("A", "NMC", (2030,)), ("A", "LFP", (2030,))]
    ends = Ends(np.array([-1e-9, 0.2, 0.0]), np.array([0.1, 0.6, 0.001]), members)
    session = SimpleNamespace(
        share=lambda _, group, __: np.array([group != "LFP", group == "LFP"], float),
        note=lambda values: noted.append(values.tolist()), model=SimpleNamespace(additions="additions"),
    )  # fmt: skip
    own = chooser(
        session=session, criteria=Criteria(ranges="all"), _shares=lambda: shares,
        _levels=lambda part, values: {part: values.tolist()},
    )  # fmt: skip
    own.data.family = {"nmc": "NMC", "lfp": "LFP"}
    nearly: Any = SimpleNamespace(ends=lambda _: ends)
    ranges, examples, covered = _Chooser._moving(own, nearly, Found(0.0, 0.0, np.array([0.1, 0.0])))
    assert ranges == dict(zip(shares, [(0, 0.1), (0.1, 0.6), (0, 0.001)], strict=True))
    assert covered == pytest.approx(0.75)
    assert noted == members.reshape(6, 2).tolist()
    assert {each["additions"][0] for each in examples[:2]} == {0.3, 0.6}  # type: ignore[index]
    # Nothing that moves is spanned altogether, and more than all of it no more than that.
    for high, part in ((0.2005, 1), (0.4, 1)):
        nearly.ends = lambda _, high=high: ends._replace(high=np.array([0.1, high, 0.001]))
        assert _Chooser._moving(own, nearly, Found(0.0, 0.0, np.array([0.2, 0.0])))[2] == part
    own.criteria = Criteria(ranges="off")
    assert _Chooser._moving(own, nearly, Found(0.0, 0.0, np.zeros(2))) == ({}, (), 0)


def test_what_is_rounding_of_the_demand_is_no_part_of_a_mix() -> None:
    """Up to a part of 1e-9 of it, 1e-7 GWh, and what is below nothing."""
    levels = {"none": -1.0, "rounding": 1e-9 * 100, "some": 1.1e-7}
    own = chooser(session=SimpleNamespace(levels=lambda _, __: levels))
    assert _Chooser._levels(own, None, np.zeros(0)) == {"some": 1.1e-7}


@pytest.mark.parametrize(("criteria", "blocks", "lazy"), [
    (Criteria(), True, True), (Criteria(objective="cost"), True, False), (Criteria(), False, False),
    (Criteria(objective="cost", exposure_cap=0.0), True, True), (Criteria(frontier="exact"), True, False),
])  # fmt: skip
def test_of_a_long_library_what_presses_is_held_where_losses_count(
    criteria: Criteria, blocks: bool, lazy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How far a slope of the frontier holds is known of a whole model alone."""
    monkeypatch.setattr(solution, "is_long", lambda _: blocks)
    monkeypatch.setattr(solution, "Library", lambda data: SimpleNamespace(within=lambda: f"of {data}"))
    monkeypatch.setattr(solution, "_Chooser", lambda *of: SimpleNamespace(choose=lambda: of))
    data, _, library = choose("all", criteria)  # type: ignore[arg-type, misc]
    assert (data, library is not None) == (("of all", True) if lazy else ("all", False))


# --- risk of given losses --------------------------------------------------------------------------------------------


def test_a_risk_is_of_disruptions_with_a_weight() -> None:
    """Of 10, 4 and 1 GWh, which weigh 1, 2 and 1, and 99 that have no weight; of the worst half the mean is 7."""
    losses, weight = {"a": 10.0, "b": 4.0, "c": 1.0, "none": 99.0}, {"a": 1.0, "b": 2.0, "c": 1.0, "none": 0.0}
    told = [risk_of(losses, weight, *of) for of in (("worst", 0.5), ("expected", 0.5), ("cvar", 0.5), ("cvar", 0.0))]
    assert told == pytest.approx([10, 19 / 4, 7, 19 / 4])
    assert risk_of(losses, weight, "cvar", 0.9) == pytest.approx(10)


@settings(max_examples=40, deadline=None)
@given(
    losses=st.lists(st.floats(0, 100), min_size=1, max_size=6),
    weights=st.lists(st.floats(0.05, 10), min_size=6, max_size=6),
    level=st.floats(0, 0.95),
)
def test_the_risk_of_losses_is_that_of_the_model(losses: list[float], weights: list[float], level: float) -> None:
    """One chemistry, of which each disruption takes so much: nothing is left to choose."""
    names = [f"event {at}" for at in range(len(losses))]
    data = MixData(
        regions=("Here",), segments=("car",), chemistries=("lfp",), years=(2030,), family={"lfp": "LFP"},
        line={"lfp": "lfp"}, demand={("Here", "car", 2030): 100.0}, sold=(("Here", "car", "lfp", 2030),),
        nodes=("ore",), use={("Here", "lfp", "ore", 2030): 1.0}, pools={"Here": ("Here",)},
        disruptions=tuple(names), pools_of=dict.fromkeys(names, ("Here",)), starts=dict.fromkeys(names, 2030),
        weight=dict(zip(names, weights, strict=False)),
        accessible={(d, "Here", "ore", 2030): 100.0 - loss for d, loss in zip(names, losses, strict=True)},
    )  # fmt: skip
    compiled = Compiled(build(data, level=level), objective="expected")
    compiled.fix("unmet[Here,car,2030]", 0.0)
    for risk in ("expected", "worst", "cvar"):
        compiled.optimise(risk)
        told = risk_of(dict(zip(names, losses, strict=True)), data.weight, risk, level)
        assert compiled.solve().objective == pytest.approx(told, rel=1e-6, abs=1e-6)


# --- what must hold of any mix ---------------------------------------------------------------------------------------

REGIONS, SEGMENTS, THREE, TWO = ("Here", "There"), ("car", "stationary"), ("lfp", "nmc", "na"), (2030, 2031)


def anything(seed: int, slack: bool = False) -> MixData:
    """Two regions, segments, years and nodes, three chemistries and four disruptions, at random; prices and uses are
    often the same, so that many mixes are as good. slack: supply, lines and growth limit nothing."""
    random = np.random.default_rng(seed)

    def table(low: float, high: float, *axes: Any) -> dict[Any, float]:
        keys = [(*key, one) for key in table(0, 0, *axes[:-1]) for one in axes[-1]] if axes else [()]
        return {key: float(round(random.uniform(low, high), 1)) for key in keys}

    def either(low: float, high: float, *axes: Any) -> dict[Any, float]:
        return {key: float(random.choice([low, high])) for key in table(0, 0, *axes)}

    events, nodes = ("a", "b", "c", "d"), ("ore", "salt")
    pools = {"all": REGIONS, "Here": ("Here",), "There": ("There",)}
    demand = table(20, 100, REGIONS, SEGMENTS, TWO)
    most = 1e6 if slack else 1.0
    sold = [key for key in table(0, 1, REGIONS, SEGMENTS, THREE, TWO) if key[2] == "lfp" or random.random() < 0.8]
    by_year = either(0.5, 1, THREE, nodes, TWO)
    use = {(place, *key): kg for place in pools for key, kg in by_year.items()}
    pools_of = {d: ("all",) if random.random() < 0.6 else REGIONS for d in events}
    undisturbed = {(q, *key): kt for q, kt in {"all": 1200.0, "Here": 600.0, "There": 600.0}.items()
                   for key in table(0, 0, nodes, TWO)}  # fmt: skip
    return MixData(
        regions=REGIONS, segments=SEGMENTS, chemistries=THREE, years=TWO, demand=demand, sold=tuple(sold),
        family={"lfp": "Li-ion", "nmc": "Li-ion", "na": "Na-ion"}, line={"lfp": "li", "nmc": "li", "na": "na"},
        incumbent={} if random.random() < 0.5 else table(0, 60, REGIONS, SEGMENTS, THREE, TWO),
        nodes=nodes, use=use, supplied={key: kt * most for key, kt in table(200, 700, nodes, ("X", "Y"), TWO).items()},
        before={(r, f): 0.5 for r in REGIONS for f in ("Li-ion", "Na-ion", *THREE)},
        growth={} if slack else table(0.2, 1, REGIONS, ("Na-ion", "nmc")),
        capacity={} if slack else table(20, 200, ("Here",), ("li", "na"), TWO),
        announced={} if slack else table(0, 50, ("Here",), ("li", "na"), TWO),
        retrofit={} if slack else {("li", "na"): 0.5}, line_price=table(1, 9, ("Here",), ("li", "na"), TWO),
        price=either(60, 70, REGIONS, THREE, TWO),
        import_price={(r, "abroad", *key): each for (r, *key), each in either(0, 5, REGIONS, THREE, TWO).items()},
        pools=pools, pools_of=pools_of, disruptions=events, starts={"a": 2030, "b": 2030, "c": 2031, "d": 2030},
        weight={d: float(random.integers(0, 4)) for d in events} | {"a": 1.0}, undisturbed=undisturbed,
        accessible={
            (d, q, n, y): round(kt * most * random.random() * 0.5, 1)
            for d in events for q in pools_of[d] for (p, n, y), kt in undisturbed.items() if p == q
        },
        stockpile=float(random.choice([0.0, 0.25])),
    )  # fmt: skip


def chosen(data: MixData, criteria: Criteria) -> Solution:
    """The criteria, where the limits allow one."""
    try:
        return choose(data, criteria)
    except Infeasible:
        assume(False)
        raise


def any_choice(seed: int) -> Criteria:
    risk = ("expected", "worst", "cvar")[seed % 3]
    return Criteria(objective=risk, risk=risk, level=0.5, cost_cap=(None, 0.05)[seed % 2])


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_ranges_are_those_of_solving_for_every_share_both_ways(seed: int) -> None:
    """In a model of its own that holds the same caps, each share is an objective; what is told lies in its range."""
    data, criteria = anything(seed), replace(any_choice(seed), near=0.01, ranges="all")
    found = chosen(data, criteria)
    assert found.near is not None
    model = build(data, level=criteria.level)
    model.share = pyo.Objective(expr=0 * model.unmet_demand.expr)
    compiled = Compiled(model, objective="share")
    for key in model.wanted:
        compiled.fix(model.unmet[key], 0.0)
    for objective, most in found.near.caps.items():
        compiled.hold(objective, most, 0.0)
    assert found.near.ranges
    for (r, group, years), (low, high) in found.near.ranges.items():
        wanted = sum(gwh for (at, _, y), gwh in data.demand.items() if at == r and y in years)
        keys = [key for key in model.sold if key[0] == r and key[3] in years and group in (key[2], data.family[key[2]])]
        ends = []
        for sign in (1.0, -1.0):
            for key in model.sold:
                compiled.set_cost(model.additions[key], sign / wanted if key in keys else 0.0)
            ends.append(sign * compiled.solve().objective)
        assert (low, high) == pytest.approx(tuple(ends), abs=1e-6)
        mine = sum(found.additions.get(key, 0.0) for key in keys) / wanted
        assert low - 1e-9 <= mine <= high + 1e-9


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_each_stage_keeps_what_those_before_it_found(seed: int) -> None:
    """The losses are the objective's; the cost is its stage's and within its cap; demand is met."""
    data, criteria = anything(seed), any_choice(seed)
    found = chosen(data, criteria)
    whole = sum(data.demand.values())
    assert (
        risk_of(found.losses, data.weight, criteria.risk, criteria.level)
        <= found.stage("objective").value + 1e-6 * whole
    )
    cost = sum(found.cost.values())
    assert cost == pytest.approx(found.stage("cost").value, rel=1e-6)
    if criteria.cost_cap is not None:
        assert cost <= sum(found.cheapest.values()) * (1 + criteria.cost_cap) * (1 + 1e-6)
    for r, s, y in data.demand:
        met = sum(found.additions.get((r, s, c, y), 0.0) for c in THREE)
        assert met == pytest.approx(data.demand[r, s, y], rel=1e-6)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_mixes_nearly_as_good_keep_their_caps_and_have_the_risk_that_is_told(seed: int) -> None:
    """Of the one that stands for them, losses, cost and exposure agree; it is as near to the incumbent as the best
    mix, or nearer; the baselines lie at the ends of what is possible."""
    data, criteria = anything(seed), replace(any_choice(seed), near=0.01, frontier="certified")
    found, best = chosen(data, criteria), choose(data, replace(criteria, near=0.0))
    assert found.near is not None
    risk = risk_of(found.losses, data.weight, criteria.risk, criteria.level)
    assert risk <= found.exposure + 1e-6
    assert found.exposure <= found.near.caps[criteria.risk] + 1e-6
    cost = sum(found.cost.values())
    assert cost == pytest.approx(found.baselines["chosen"].cost, rel=1e-9)
    assert cost <= found.near.caps.get("cost", np.inf) * (1 + 1e-9) + 1e-6

    def change(of: Solution) -> float:
        return sum((of.additions.get(key, 0.0) - data.incumbent.get(key, 0.0)) ** 2 for key in data.sold)

    assert change(found) <= change(best) + 1e-3
    cheapest, least = found.baselines["cheapest"], found.baselines["least_exposed"]
    assert cheapest.cost - 1e-6 * abs(cheapest.cost) <= cost <= max(least.cost, cost)
    assert least.exposure - 1e-6 <= best.exposure <= cheapest.exposure + 1e-6


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_where_demand_may_go_unmet_and_need_not_the_risk_is_the_same(seed: int) -> None:
    data = anything(seed)
    criteria = replace(any_choice(seed), cost_cap=None)
    must, may = chosen(data, criteria), choose(data, replace(criteria, unmet=True))
    assert may.stage("unmet_demand").value == pytest.approx(0, abs=1e-6)
    assert may.stage("objective").value == pytest.approx(must.stage("objective").value, rel=1e-6, abs=1e-6)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), more=st.floats(0.1, 200))
def test_more_supply_never_worsens_the_objective(seed: int, more: float) -> None:
    """Of one supplier, of a node under a disruption, or of lines."""
    data, criteria = anything(seed), replace(any_choice(seed), cost_cap=None)
    before = chosen(data, criteria)
    random = np.random.default_rng(seed)
    for name in ("supplied", "accessible", "capacity"):
        table = dict(getattr(data, name))
        table[list(table)[random.integers(len(table))]] += more
        after = choose(replace(data, **{name: table}), criteria)
        for stage in ("cheapest", "objective"):
            worse = after.stage(stage).value - before.stage(stage).value
            assert worse <= 1e-6 * max(1.0, abs(before.stage(stage).value))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_where_nothing_limits_the_cheapest_chemistry_fills_each_segment(seed: int) -> None:
    data = anything(seed, slack=True)
    found = choose(data, Criteria(objective="cost"))
    for (r, s, y), gwh in data.demand.items():
        price = {c: data.price[r, c, y] for c in THREE if (r, s, c, y) in data.sold}
        cheapest = [c for c in price if price[c] == min(price.values())]
        assert sum(found.additions.get((r, s, c, y), 0.0) for c in cheapest) == pytest.approx(gwh)
