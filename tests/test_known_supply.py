"""Supply that is known before any plan, its floor, and what follows a plan: by hand, as properties, and as shipped."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from minerals.case.chokepoints import Chokepoints
from minerals.config import read_run
from minerals.errors import InputError
from minerals.exposure.coverage import NOWHERE, Cuts
from minerals.exposure.follow_on import FollowOn, follow_on, headroom
from minerals.exposure.known import floor, known
from minerals.pipeline import prepared
from minerals.shipped import inputs_folder
from minerals.tables.adoption import first_planned
from minerals.tables.inputs import Inputs, read_inputs
from minerals.tables.plants import supply_of_plants

FUTURES = ("today", "iea-base", "announced", "unipolar-dominance", "competitive-cooperation")
#: A node with China, which leads, Germany, France, Europe as a group, and others at no known place.
CHINA, GERMANY, FRANCE, EUROPE, OTHERS = range(5)
HOME = np.array([0, 1, 1, 1, NOWHERE])
GROUP = np.array([False, False, False, True, True])


def chokepoints(inputs: Inputs, *sets: str) -> Chokepoints:
    """Exposure of the shipped run of Europe, with changed keys."""
    found = prepared(read_run("europe-2035", sets), inputs).chokepoints
    assert found is not None
    return found


# --- known -----------------------------------------------------------------------------------------------------------


def test_published_then_plants_then_need_by_hand() -> None:
    share = np.array([[0.75, 0.25]] * 4)
    none = np.full(2, np.nan)
    found = known(
        share,
        published=np.array([100.0, np.nan, np.nan, np.nan]),
        by_plants=np.array([[7.0, 3.0], [6.0, 2.0], none, none]),
        by_need=np.array([40.0, 40.0, 40.0, np.nan]),
        announced=np.full((4, 2), 1.0),
        standing=np.zeros((4, 2)),
        home=np.array([0, 1]),
        group=np.zeros(2, dtype=bool),
    )
    assert found.fill == ("published", "plants", "need ÷ utilisation", "need ÷ utilisation")
    assert found.world[:3].tolist() == [100, 8, 40]
    # Plants stand where they stand, and those announced are among them; what nobody knows stays unknown.
    assert found.made[:3].tolist() == [[76, 26], [6, 2], [31, 11]]
    assert np.isnan(found.made[3]).all()


@pytest.mark.parametrize(("made", "standing", "lacked"), [
    # Each country that is named has its own floor; the one that leads has none.
    ([90.0, 8.0, 2.0, 0.0, 0.0], [95.0, 5.0, 6.0, 0.0, 0.0], [0.0, 0.0, 4.0, 0.0, 0.0]),
    # France is in what Europe makes, so nothing is lacked; then in part, and others hold the rest of it or not.
    ([90.0, 1.0, 0.0, 9.0, 0.0], [0.0, 4.0, 6.0, 0.0, 0.0], [0.0, 3.0, 0.0, 0.0, 0.0]),
    ([90.0, 1.0, 0.0, 9.0, 2.0], [0.0, 1.0, 10.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0]),
    ([90.0, 1.0, 0.0, 9.0, 2.0], [0.0, 1.0, 16.0, 0.0, 0.0], [0.0, 0.0, 5.0, 0.0, 0.0]),
    # Two countries of one group lack what it does not hold, by what stands there.
    ([90.0, 0.0, 0.0, 6.0, 0.0], [0.0, 4.0, 8.0, 0.0, 0.0], [0.0, 2.0, 4.0, 0.0, 0.0]),
    # A node that nobody knows has no floor.
    ([np.nan] * 5, [0.0, 4.0, 8.0, 0.0, 0.0], [0.0] * 5),
])  # fmt: skip
def test_a_floor_by_hand(made: list[float], standing: list[float], lacked: list[float]) -> None:
    assert floor(np.array([made]), np.array([standing]), HOME, GROUP)[0] == pytest.approx(np.array(lacked))


@given(st.lists(st.floats(0, 100), min_size=5, max_size=5), st.lists(st.floats(0, 100), min_size=5, max_size=5))
@example([0.0, 0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 5e-324, 0.0, 0.0])  # next to nothing in a group that makes more
def test_with_its_floor_no_less_is_made_outside_than_stands(made: list[float], standing: list[float]) -> None:
    stands = np.where(GROUP, 0.0, standing)
    lacked = floor(np.array([made]), stands[None], HOME, GROUP)[0]
    assert (lacked >= 0).all()
    assert (lacked <= stands + 1e-9).all()
    alone = np.where(GROUP, -1.0, made)
    outside = np.arange(5) != (int(alone.argmax()) if alone.max() > 0 else -1)
    assert (made + lacked)[outside].sum() >= stands[outside].sum() - 1e-9
    named = outside & ~GROUP & (np.array(made) > 0)
    assert ((made + lacked)[named] >= stands[named] - 1e-9).all()


@pytest.mark.slow
@pytest.mark.parametrize("future", FUTURES)
def test_every_future_has_its_floor(future: str, shipped_inputs: Inputs) -> None:
    """Of every node and year, in total and of each country that is named; but where output is published."""
    assert set(FUTURES) == set(shipped_inputs.codes("supply_futures"))
    found = chokepoints(shipped_inputs, f"exposure.future='{future}'", "scope.years={first=2025, last=2035}")
    inputs, checked = found.inputs, 0
    stands = supply_of_plants(shipped_inputs, found.years).set_index(["node", "country", "year"])["operating"]
    for y, year in enumerate(found.years):
        for n, node in enumerate(inputs.nodes):
            made = dict(zip(inputs.countries, found.supply[y].made[n], strict=True))
            if np.isnan(list(made.values())).any() or found.known[y].fill[n] == "published":
                continue
            alone = {code: amount for code, amount in made.items() if not code.startswith("R_")}
            top = max(alone, key=lambda code: alone[code])
            floors = {
                country: amount for (name, country, when), amount in stands.items()
                if (name, when) == (node.node, year) and country != top
            }  # fmt: skip
            assert sum(made.values()) - made[top] >= sum(floors.values()) - 1e-9, (node.node, year)
            share = dict(zip(inputs.countries, inputs.share[n, :, y], strict=True))
            for country, least in floors.items():
                if share[country] > 0:
                    assert made[country] >= least - 1e-9, (node.node, country, year)
                    checked += least > 0
    assert checked >= 10


@pytest.mark.slow
def test_published_supply_does_not_hang_on_the_reference_world(shipped_inputs: Inputs) -> None:
    sets = ("exposure.future='iea-base'", "scope.years=2035")
    one, other = (chokepoints(shipped_inputs, *sets, *more) for more in ((), ("exposure.adoption='sodium-led'",)))
    (mine,), (theirs,) = one.known, other.known
    published = np.array([fill == "published" for fill in mine.fill])
    assert mine.fill == theirs.fill
    assert published.sum() >= 3
    assert (mine.made[published] == theirs.made[published]).all()
    assert not np.allclose(np.nan_to_num(mine.made[~published]), np.nan_to_num(theirs.made[~published]))


@pytest.mark.slow
def test_a_list_that_lacks_a_capacity_is_not_whole(shipped_inputs: Inputs, tmp_path: Path) -> None:
    """Sodium-ion cells of China: some plants say no GWh. Without these rows the list is whole, and is the supply."""
    sets = ("scope.years={first=2030, last=2031}",)
    assert not np.isfinite(chokepoints(shipped_inputs, *sets).inputs.by_plants).any()
    shutil.copytree(inputs_folder(), tmp_path / "inputs")
    path = tmp_path / "inputs" / "next_gen_plant.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    kept = [row for row in rows if row["value"] or (row["technology"], row["country"]) != ("Na-ion", "CHN")]
    assert len(kept) == len(rows) - 2
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(kept)
    inputs = read_inputs(tmp_path / "inputs")
    listed = supply_of_plants(inputs, [2031]).query("node == 'na_ion_cell'").set_index("country")["value"]
    for world in ("stated-trend", "sodium-led"):
        found = chokepoints(inputs, *sets, f"exposure.adoption='{world}'")
        n = found.inputs.place("na_ion_cell")
        assert [known.fill[n] for known in found.known] == ["plants", "plants"]
        made = dict(zip(found.inputs.countries, found.supply[1].made[n], strict=True))
        assert {code: amount for code, amount in made.items() if amount} == pytest.approx(listed.to_dict())
        assert "next_gen_plant.csv:" in str(found.inputs.supply_rows["na_ion_cell"][1])
    # A future with shares of its own has as much, by these.
    led = chokepoints(inputs, *sets, "exposure.future='unipolar-dominance'").supply[0].made[n]
    assert led.sum() == pytest.approx(listed.sum())
    assert led.max() == pytest.approx(0.98 * listed.sum())


# --- follow-on -------------------------------------------------------------------------------------------------------

YEARS = np.array([2025.0, 2030.0, 2035.0])


def room(known: list[float], growth: float, lead: float, counted: bool = True, start: float = 2025) -> list[float]:
    """Headroom of one node."""
    found = headroom(np.array([known]), np.full((1, 3), counted), YEARS, start, np.array([growth]), np.array([lead]))
    return [float(value) for value in found[0]]


def test_headroom_by_hand() -> None:
    # Supply stands still: five and ten years of growth from the first year on.
    assert room([100, 100, 100], 0.1, 0) == pytest.approx([0, 100 * (1.1**5 - 1), 100 * (1.1**10 - 1)])
    # The first plants make something three years later; before it and in that year there is nothing.
    assert room([100, 100, 100], 0.1, 3) == pytest.approx([0, 100 * (1.1**2 - 1), 100 * (1.1**7 - 1)])
    assert room([100, 100, 100], 0.1, 5) == pytest.approx([0, 0, 100 * (1.1**5 - 1)])
    assert room([100, 100, 100], 0.1, 20) == [0, 0, 0]
    # A plan that starts a year later has its plants a year later.
    assert room([100, 100, 100], 0.1, 3, start=2026) == pytest.approx([0, 100 * (1.1**1 - 1), 100 * (1.1**6 - 1)])
    # It doubles by itself, which takes all of the first five years, and then stands still.
    assert room([100, 200, 200], 0.1, 0) == pytest.approx([0, 0, 200 * (1.1**5 - 1)])
    # The same supply that counts no plants takes nothing.
    assert room([100, 200, 200], 0.1, 0, counted=False) == pytest.approx([0, 61.051, 100 * (1.1**10 - 1)])
    # A mine grows as published: none beside it, also where it closes.
    assert room([100, 200, 150], 0, 0) == [0, 0, 0]
    assert room([np.nan] * 3, 0.1, 0) == [0, 0, 0]


def test_follow_on_by_hand() -> None:
    """Of 40 lacked half of 60 can be built; of 10 lacked all; nothing where enough is known or nobody knows."""
    need, accessible = np.array([100.0, 100.0, 100.0, 100.0]), np.array([60.0, 90.0, 120.0, np.inf])
    located = np.array([[3.0, 1.0], [0.0, 1.0], [1.0, 0.0], [0.0, 0.0]])
    found = follow_on(need, accessible, np.full(4, 60.0), np.full(4, 0.5), located, np.array([False, True]))
    assert found.amount.tolist() == [30, 10, 0, 0]
    assert found.located[0].tolist() == [0.75, 0.25]
    assert found.left().tolist() == [30, 10, 0, 0]
    none, half = np.zeros((4, 2)), np.full((4, 2), 0.5)
    # A stop of exports takes what stands abroad and nothing of the group's own; a cut of output takes of both.
    assert found.left(Cuts(half, none)).tolist() == [30 - 0.5 * 0.75 * 30, 10, 0, 0]
    assert found.left(Cuts(none, half)).tolist() == [15, 5, 0, 0]
    assert found.left(Cuts(np.ones((4, 2)), half)).tolist() == [30 * 0.25 * 0.5, 5, 0, 0]
    # Built nowhere is not built.
    assert (
        follow_on(need, accessible, np.full(4, 60.0), np.ones(4), 0 * located, np.zeros(2, dtype=bool)).amount.sum()
        == 0
    )


share_of_all = st.floats(0, 1)


@given(
    st.lists(st.floats(0, 1e4), min_size=3, max_size=3), st.floats(0, 0.9), st.floats(0, 12), st.booleans(),
    st.floats(0, 0.9),
)  # fmt: skip
def test_headroom_is_never_negative_and_never_falls_in_growth(
    known: list[float], growth: float, lead: float, counted: bool, more: float
) -> None:
    found, higher, later = room(known, growth, lead, counted), room(known, growth + more, lead, counted), 2025 + lead
    for year, least, most in zip(YEARS, found, higher, strict=True):
        assert 0 <= least <= most + 1e-9 * max(known)
        assert year >= later or most == 0


@given(st.lists(st.tuples(share_of_all, share_of_all, share_of_all), min_size=3, max_size=3), share_of_all)
def test_a_cut_takes_what_stands_in_its_country(rows: list[tuple[float, float, float]], severity: float) -> None:
    located = np.array([[share for share, _, _ in rows]])
    home = np.array([at_home > 0.5 for _, at_home, _ in rows])
    found = follow_on(np.array([50.0]), np.array([20.0]), np.array([80.0]), np.array([0.3]), located, home)
    cut = np.array([[severity * part for _, _, part in rows]])
    for export, output in ((cut, 0 * cut), (0 * cut, cut), (cut, cut)):
        left = found.left(Cuts(export, output))
        assert 0 <= left[0] <= found.amount[0] + 1e-12
    assert found.left(Cuts(0 * cut, 0 * cut)) == pytest.approx(found.amount)


def check(found: FollowOn, supply: np.ndarray) -> None:
    assert (found.amount >= 0).all()
    assert found.made.sum(axis=1) == pytest.approx(found.amount)
    assert found.located.shape == supply.shape


@pytest.mark.slow
def test_follow_on_of_europe(shipped_inputs: Inputs) -> None:
    """What Europe lacks of anode graphite in the IEA's base case is built where the world's next plants come.

    By hand: of 2035, from the base case and the rows of expansion_cost and marginal_location.
    """
    found = chokepoints(shipped_inputs, "exposure.future='iea-base'")
    n, last = found.inputs.place("graphite_anode"), len(found.years) - 1
    built = found.follow_on("incumbent", found.regions, last)
    assert found.follow_on("incumbent", found.regions, last) is built
    check(built, found.supply[last].made)
    accessible = found.available(found.regions, last, found.access(found.regions, last))[1]
    accessible = accessible + found.relief("incumbent", found.regions, last)
    lacked = found.plan("incumbent", found.regions, last).need[n] - accessible[n]
    world = [float(each.made[n].sum()) for each in found.supply]
    top, lambda_top = float(found.inputs.share[n].max(axis=0)[0] / found.inputs.share[n, :, 0].sum()), 0.8131
    growth, lead = top * 0.0718 + (1 - top) * 0.21, lambda_top * 1.42 + (1 - lambda_top) * 2.3
    assert found.since.start == 2026  # demand is observed to 2025
    since = np.concatenate([[2026 + lead], found.years])
    stood = np.interp(since, found.years, world)
    grown = stood * ((1 + growth) ** np.maximum(2035 - since, 0) - 1) - np.maximum(world[-1] - stood, 0)
    assert built.amount[n] == pytest.approx(min(lacked, 0.5 * grown[since >= 2026 + lead].max()), rel=1e-3)
    assert built.amount[n] > 100
    china = found.inputs.countries.index("CHN")
    assert built.located[n, china] == pytest.approx(lambda_top, abs=1e-3)
    # Mines grow as published alone, and nothing is there before the first plants can be.
    mines = np.array([node.stage == "mining" for node in found.inputs.nodes])
    assert (built.amount[mines] == 0).all()
    assert (found.follow_on("incumbent", found.regions, 1).amount[n] == 0).all()
    # It falls to none if the run says so; as supply stands today China has more of it.
    none, today = (
        chokepoints(shipped_inputs, "exposure.future='iea-base'", f"exposure.follow_on='{word}'")
        for word in ("none", "today")
    )
    assert (none.follow_on("incumbent", none.regions, last).amount == 0).all()
    assert today.follow_on("incumbent", today.regions, last).located[n, china] == pytest.approx(0.944, abs=0.001)


@pytest.mark.parametrize("years", ["2035", "{first=2031, last=2035}", "{first=2024, last=2035}",
    "{first=2025, last=2035, step=5}",
])  # fmt: skip
def test_what_follows_a_plan_hangs_on_no_reported_year(
    shipped_inputs: Inputs, whole_plan: Chokepoints, years: str
) -> None:
    """The plan starts in 2026, after the last observed demand, and supply between is computed for it alone."""
    found = chokepoints(shipped_inputs, f"scope.years={years}")
    assert found.since.start == 2026
    assert found.since.years.tolist() == list(range(2025, 2036))
    for scenario in found.scenarios:
        one, other = (each.follow_on(scenario, each.regions, len(each.years) - 1) for each in (found, whole_plan))
        assert one.amount == pytest.approx(other.amount)
        assert one.located == pytest.approx(other.located)
    assert whole_plan.follow_on("next-gen", whole_plan.regions, len(whole_plan.years) - 1).amount.any()


@pytest.fixture(scope="module")
def whole_plan(shipped_inputs: Inputs) -> Chokepoints:
    """europe-2035 in all its years."""
    return chokepoints(shipped_inputs)


def test_nothing_follows_a_plan_before_its_first_plants(shipped_inputs: Inputs, whole_plan: Chokepoints) -> None:
    """In 2025 demand is observed, and in 2026 no plant that is decided then makes anything yet."""
    for y in range(2):
        assert not whole_plan.follow_on("next-gen", whole_plan.regions, y).amount.any()
    past = chokepoints(shipped_inputs, "scope.years={first=2023, last=2024}")
    assert not any(past.follow_on("next-gen", past.regions, y).amount.any() for y in range(2))


def test_a_plan_starts_after_the_last_observed_demand(shipped_inputs: Inputs) -> None:
    """Another demand in the run, of one's own and without a history, moves the start of none."""
    assert first_planned(shipped_inputs, ["stated-policies"]) == 2026
    assert first_planned(shipped_inputs, ["history", "stated-policies"]) == 2026
    assert first_planned(shipped_inputs, ["stated-policies", "of one's own"]) == 2026
    assert first_planned(shipped_inputs, ["of one's own"]) is None


def test_another_word_is_refused() -> None:
    with pytest.raises(InputError, match=r"follow_on = 'pipelines'"):
        read_run("europe-2035", ["exposure.follow_on='pipelines'"])
    assert read_run("europe-2035").settings.exposure.follow_on == "pipeline"  # type: ignore[union-attr]


@pytest.mark.slow
def test_a_mix_is_decided_from_the_first_year_that_is_planned_on(shipped_inputs: Inputs) -> None:
    """Demand is observed to 2025, so that all before 2026 is the incumbent's, whichever years are reported; and the
    first year of the scope always is. Without a planned year nothing can be chosen."""
    for first, decided in ((2023, (2026, 2027)), (2025, (2026, 2027)), (2026, (2027,))):
        run = read_run("policies", [f"scope.years={{first={first}, last=2027}}"])
        assembly, data = prepared(run, shipped_inputs).mixes["optimised"]
        assert data.years == decided
        cells = assembly.chokepoints.scenarios["incumbent"].cells[0, :, :, assembly.at[decided[0]] - 1].sum(axis=0)
        share = sum(cells[place] for c, place in assembly.place.items() if data.family[c] == "LFP") / cells.sum()
        assert data.before["Europe", "LFP"] == pytest.approx(share)
    with pytest.raises(InputError, match="demand is observed to 2025, and the mix is chosen of what is planned"):
        prepared(read_run("policies", ["scope.years={first=2022, last=2025}"]), shipped_inputs)
