"""Prices consistent with the mix that is chosen at them: the fixed point by hand, and what a mix does to its prices.

The toy is that of test_whole_toy.py. NMC and LFP learn together: 640 GWh of them by 2028, and by the trend 320 more
each year, 120 of these in Europe. Na-ion costs half of LFP and adds nothing to what is learnt.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import log2
from pathlib import Path

import conftest
import pytest

from minerals.case.consistent import LEAST_MOVE, ROUNDS, settle
from minerals.config import read_run
from minerals.pipeline import prepared
from minerals.results.result import Result
from minerals.results.screen_mix import mix as on_screen
from minerals.studies.run import run
from minerals.tables.inputs import read_inputs

CONSISTENT = "optimise.prices='consistent'"
#: Na-ion in Europe's mix of 2031, of which the trend has none [GWh].
NA_ION = 17.5


def price(gwh: float) -> float:
    """Of an average pack in Europe at a cumulative energy [USD/kWh]."""
    return float(130 * 0.8 ** log2(gwh / 640))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return conftest.lay_out(tmp_path_factory.mktemp("consistent") / "tables", "toy", "toy_whole")


@pytest.fixture(scope="module")
def chosen(folder: Path) -> Callable[..., Result]:
    """The run whose mix is chosen, with changes; once for each set of them."""
    return cache(lambda *sets: run(folder / "chosen.toml", sets, folder))


def paid(result: Result, scenario: str, chemistry: str) -> float:
    """Price of a pack in 2031 [USD/kWh], from battery_cost."""
    where = f"scenario == {scenario!r} and year == 2031 and chemistry == {chemistry!r}"
    gwh, cost = (result[table].query(where)["value"].sum() for table in ("cells", "battery_cost"))
    return float(cost / gwh)


@pytest.mark.parametrize(("slope", "rounds", "settled"), [(0.0, 2, True), (0.05, 4, True), (0.9, ROUNDS, False)])
def test_a_fixed_point_is_found_or_is_said_not_to_be(slope: float, rounds: int, settled: bool) -> None:
    """A share of 0.5 − slope × share, from 0, moves by 0.5, then by 0.5 × slope, then by 0.5 × slope² …: at a slope of
    0.05 by 0.025 and 0.00125, and then by less than a tenth of a point."""
    share, found = settle(0.0, lambda share: 0.5 - slope * share, lambda share: {"NMC": share})
    assert (found.rounds, found.is_settled) == (rounds, settled)
    assert found.moved == pytest.approx(0.5 * slope ** (found.rounds - 1))
    if settled:
        assert share == pytest.approx(0.5 / (1 + slope), abs=1e-4)


def test_a_move_of_a_tenth_of_a_point_is_settled_and_more_is_not() -> None:
    """Shares move by a tenth of a point, which is enough, or by a hair more, after which they stay. One that comes or
    goes moves by all of it, the largest move counts, and without any share nothing moves."""
    more = LEAST_MOVE * (1 + 1e-9)

    def follow(*states: dict[str, float]) -> tuple[dict[str, float], int, float, bool]:
        """A chain of states, the last of which follows itself."""
        at, found = settle(0, lambda place: min(place + 1, len(states) - 1), lambda place: states[place])
        return states[at], found.rounds, found.moved, found.is_settled

    assert follow({"NMC": 0.0}, {"NMC": LEAST_MOVE}, {"NMC": 1.0}) == ({"NMC": LEAST_MOVE}, 1, LEAST_MOVE, True)
    assert follow({"NMC": 0.0}, {"NMC": more}) == ({"NMC": more}, 2, 0.0, True)
    assert follow({}, {"LFP": LEAST_MOVE}, {}) == ({"LFP": LEAST_MOVE}, 1, LEAST_MOVE, True)
    assert follow({"LFP": 0.5, "NMC": 0.0}, {"NMC": 0.0}, {"LFP": 0.0}) == ({"LFP": 0.0}, 2, 0.0, True)
    assert follow({}, {}) == ({}, 1, 0.0, True)
    # As often as may be, and not yet enough.
    falling = [{"NMC": 0.01 * place} for place in range(ROUNDS + 2)]
    at, rounds, moved, settled = follow(*falling)
    assert (at, rounds, settled) == (falling[ROUNDS], ROUNDS, False)
    assert moved == pytest.approx(0.01)


def test_what_a_mix_has_less_of_learns_less(chosen: Callable[..., Result]) -> None:
    """1600 GWh by 2031 along the trend; 17.5 of Na-ion in Europe's mix leave 1582.5. Na-ion follows the same curve. The
    mix hangs on no price here, so that it is found at once, and nothing but prices differs."""
    trend, own = chosen(), chosen(CONSISTENT)
    for chemistry, relative in (("nmc811", 1.2), ("lfp", 0.8), ("na_layered", 0.4)):
        assert paid(trend, "optimised", chemistry) == pytest.approx(relative * price(1600))
        assert paid(own, "optimised", chemistry) == pytest.approx(relative * price(1600 - NA_ION))
    assert paid(own, "plan", "lfp") == pytest.approx(0.8 * price(1600)), "all other scenarios learn along the trend"
    assert own.record["mix"]["prices"] == {"optimised": {"rounds": 1, "moved": pytest.approx(0), "settled": True}}
    assert "prices" not in trend.record["mix"]
    costs = [each["mix_cost"].query("mix == 'optimised'")["value"].sum() for each in (trend, own)]
    assert costs[1] / costs[0] == pytest.approx(price(1600 - NA_ION) / price(1600))
    said = "Optimised: prices learn along the mix itself, chosen again once; at last shares moved no more than a tenth"
    assert said in " ".join(line for block in on_screen(own) for line in block)


def test_each_variant_has_its_own_prices(chosen: Callable[..., Result]) -> None:
    """In what its batteries cost, too: a credit of 3 USD/kWh is in the bill of the variant that has it, and prices are
    those of its own mix, here of one without Na-ion, where it asks for them."""
    found = chosen("optimise.variant.paid={credit=3}", "optimise.variant.own={prices='consistent', without=['Na-ion']}")
    assert paid(found, "optimised-paid", "lfp") == pytest.approx(paid(found, "optimised", "lfp") - 3)
    assert paid(found, "optimised-own", "lfp") == pytest.approx(0.8 * price(1600))
    assert list(found.record["mix"]["prices"]) == ["optimised-own"]


def test_curves_with_more_batteries_cost_what_learning_says(folder: Path) -> None:
    """80 GWh more in 2031 are learnt from that year on, of whichever family that learns; Na-ion is none."""
    curves = prepared(read_run(folder / "chosen.toml", []), read_inputs(folder)).prices
    assert curves is not None
    before = curves.by_year()["Li-ion"]
    more = curves.with_more({"LFP": {2031: 100.0}, "NMC": {2031: -20.0}, "Na-ion": {2031: 50.0}}).by_year()["Li-ion"]
    assert more[2030] == before[2030] == pytest.approx(price(1280) / 1.3)
    assert more[2031] == pytest.approx(price(1680) / 1.3)
