"""What must be true of the flows: hand-solved cases, identities and properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minerals.axes import Axis, dense, tidy
from minerals.flows.demand import blended_share, cells, graphite_by_route
from minerals.flows.system import DIMENSIONS, SystemInputs, _blocks, _bytes_per_draw, system
from minerals.results.result import Result


def random_inputs(seed: int, draws: int = 1, years: int = 4) -> SystemInputs:
    rng = np.random.default_rng(seed)
    share = rng.random((1, 2, 3, 5, years))
    share /= share.sum(axis=3, keepdims=True)
    return SystemInputs(
        additions=rng.random((draws, 2, 3, years)) * 100,
        market_share=share,
        mineral_intensity=rng.random((draws, 5, 4, 1)),
    )


seeds = st.integers(0, 2**32 - 1)


# ---------------------------------------------------------------- hand-solved


def test_hand_solved_toy(run_toy) -> None:
    """Europe 2034: 140 GWh of cars, NMC 50 %, LFP 30 %, Na-ion 20 %; 30 GWh of LFP storage; China 200 GWh of LFP.

    Graphite 140·(0.5·0.9 + 0.3·1) + 30 + 200 = 335 kt; lithium 140·(0.5·0.1 + 0.3·0.09) + 230·0.09 = 31.48 kt;
    cobalt 140·0.5·0.08 = 5.6 kt.
    """
    result: Result = run_toy()
    total = result.total(by=("mineral",), scenario="plan", year=2034)
    assert total.to_dict() == pytest.approx({"graphite": 335.0, "lithium": 31.48, "cobalt": 5.6, "silicon": 0.0})
    low = result["mineral_demand"].query("scenario == 'plan' and year == 2034 and mineral == 'cobalt'")
    assert (low["low"].sum(), low["high"].sum()) == pytest.approx((4.9, 7.0))


def test_hand_solved_interpolation(run_toy) -> None:
    """2032 is half way: 120 GWh, NMC 55 %, LFP 35 %, Na-ion 10 %: cobalt 120·0.55·0.08 = 5.28 kt."""
    assert run_toy().total(by=(), scenario="plan", year=2032, mineral="cobalt") == pytest.approx(5.28)


def test_hand_solved_silicon_overlay(run_toy) -> None:
    """Europe cars 2034: NMC 70 GWh of which 40 % with silicon; LFP 42 GWh of which half with silicon.

    Graphite: NMC 42·0.9 + 28·0.45, LFP 21·1 + 21·(1·0.45/0.9); silicon: 28·0.06 + 21·(0.06·1/0.9). Cells unchanged.
    """
    plain, blended = run_toy(), run_toy("scenario.plan.silicon=si")
    cars = {"scenario": "plan", "region": "Europe", "segment": "car", "year": 2034}
    graphite = blended.total(by=(), mineral="graphite", **cars)
    assert graphite == pytest.approx(42 * 0.9 + 28 * 0.45 + 21 + 21 * 0.5)
    assert blended.total(by=(), mineral="silicon", **cars) == pytest.approx(28 * 0.06 + 21 * 0.06 / 0.9)
    by_base = [result.total("cells", by=("chemistry",), **cars).to_dict() for result in (plain, blended)]
    assert by_base[0] == pytest.approx(by_base[1])


def test_silicon_lowers_graphite_and_leaves_the_split_alone(run_toy) -> None:
    amounts = [run_toy(*sets).total(by=(), mineral="graphite", scenario="plan", year=2034)
               for sets in ([], ["scenario.plan.silicon=si"])]  # fmt: skip
    assert amounts[1] < amounts[0]


def test_silicon_explicit_takes_blends_from_the_shares(run_toy) -> None:
    sets = [
        "scenario.plan.silicon=explicit",
        "scenario.plan.share.Europe.car.2034={nmc811_si10 = 0.2, nmc811 = 'rest'}",
    ]
    cars = run_toy(*sets)["cells"].query(
        "scenario == 'plan' and region == 'Europe' and segment == 'car' and year == 2034"
    )
    found = {(c, s): v for c, s, v in zip(cars["chemistry"], cars["silicon"], cars["value"], strict=True)}
    assert found == pytest.approx({("nmc811", 0.0): 42, ("nmc811", 0.1): 28, ("lfp", 0.0): 42, ("na_layered", 0.0): 28})


def test_natural_and_synthetic_add_up_to_graphite(run_toy) -> None:
    result = run_toy()
    route = result["graphite_by_route"].groupby(["scenario", "region", "segment", "year"])["value"].sum()
    demand = result["mineral_demand"].query("mineral == 'graphite'")
    demand = demand.groupby(["scenario", "region", "segment", "year"])["value"].sum()
    assert route.to_dict() == pytest.approx(demand[demand > 0].to_dict())
    natural = result["graphite_by_route"].query("route == 'natural' and scenario == 'plan' and year == 2034")
    assert natural["value"].sum() == pytest.approx(335 / 4)


# ---------------------------------------------------------------- identities


@pytest.mark.parametrize(
    "keep", [DIMENSIONS, ("mineral", "year"), ("region", "mineral"), ("segment", "chemistry", "year"), ()]
)
@pytest.mark.parametrize("draws", [1, 7])
def test_keeping_fewer_dimensions_is_the_sum_of_the_full_array(keep: tuple[str, ...], draws: int) -> None:
    inputs = random_inputs(3, draws)
    sold = cells(inputs.additions, inputs.market_share)
    full = sold[:, :, :, :, None] * inputs.mineral_intensity[:, None, None]
    lost = tuple(1 + i for i, name in enumerate(DIMENSIONS) if name not in keep)
    got = system(inputs, keep)
    np.testing.assert_allclose(got.mineral_demand, full.sum(axis=lost), rtol=1e-12)
    full_cells = cells(inputs.additions, inputs.market_share)
    names = [name for name in DIMENSIONS if name != "mineral"]
    lost_cells = tuple(1 + i for i, name in enumerate(names) if name not in keep)
    np.testing.assert_allclose(got.cells, np.broadcast_to(full_cells.sum(axis=lost_cells), got.cells.shape), rtol=1e-12)


def test_draws_in_slices_are_the_draws_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = random_inputs(5, draws=11)
    whole = system(inputs, ("mineral", "year")).mineral_demand
    parts = [system(inputs, ("mineral", "year"), slice(a, a + 4)).mineral_demand for a in (0, 4, 8)]
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-13)
    monkeypatch.setattr("minerals.flows.system.BLOCK", 1)
    np.testing.assert_allclose(system(inputs, ("mineral", "year")).mineral_demand, whole, rtol=1e-13)


@pytest.mark.parametrize("years", [1, 4])
@pytest.mark.parametrize("uncertain", ["additions", "mineral_intensity"])
def test_any_draws_may_be_picked_and_intensities_may_change_in_time(uncertain: str, years: int) -> None:
    """Every second draw, one, and none too many, against the sum over everything at once."""
    many, rng = random_inputs(3, draws=5), np.random.default_rng(4)
    drawn = rng.random((5, 5, 4, years))
    arrays = {"additions": many.additions, "market_share": many.market_share, "mineral_intensity": drawn}
    arrays = {name: array if name == uncertain else array[:1] for name, array in arrays.items()}
    inputs = SystemInputs(**arrays)
    expected = np.stack([
        np.einsum("rsy,rscy,cmy->my", arrays["additions"][min(d, len(arrays["additions"]) - 1)],
                  arrays["market_share"][0], np.broadcast_to(drawn_of(arrays, d), (5, 4, 4)))
        for d in range(5)
    ])  # fmt: skip
    for picked in (slice(None), slice(None, None, 2), slice(1, 2), slice(3, 9)):
        found = system(inputs, ("mineral", "year"), picked)
        np.testing.assert_allclose(found.mineral_demand, expected[picked], rtol=1e-12)
        assert len(found.cells) == len(expected[picked])
        np.testing.assert_allclose(
            system(inputs, ("mineral",), picked).mineral_demand, expected[picked].sum(axis=2), rtol=1e-12
        )


def drawn_of(arrays: dict[str, np.ndarray], draw: int) -> np.ndarray:
    """Intensity of one draw."""
    return arrays["mineral_intensity"][min(draw, len(arrays["mineral_intensity"]) - 1)]


def test_draws_are_taken_in_blocks_that_stay_in_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """2 regions · 3 segments · 5 chemistries · 4 years of 8 bytes; as many draws as fit, and never less than one."""
    inputs = random_inputs(3, draws=9)
    assert _bytes_per_draw(inputs) == 8 * 2 * 3 * 5 * 4
    assert _bytes_per_draw(SystemInputs(inputs.additions[:, :1], inputs.market_share, inputs.mineral_intensity)) == 960
    assert (
        _bytes_per_draw(SystemInputs(inputs.additions, inputs.market_share[:, :, :1], inputs.mineral_intensity)) == 960
    )
    monkeypatch.setattr("minerals.flows.system.BLOCK", 3000)
    assert _blocks(range(2, 9), 960) == [slice(2, 5), slice(5, 8), slice(8, 9)]
    assert _blocks(range(2, 4), 3001) == [slice(2, 3), slice(3, 4)]
    assert _blocks(range(2, 9, 3), 1) == [slice(2, 3), slice(5, 6), slice(8, 9)]
    assert _blocks(range(5), 0) == [slice(0, 5)]


def test_one_set_of_shares_serves_many_draws_of_intensity() -> None:
    """Axes of length 1 broadcast: only the intensity is uncertain."""
    many = random_inputs(8, draws=6)
    inputs = SystemInputs(many.additions[:1], many.market_share, many.mineral_intensity)
    got = system(inputs, ("mineral",))
    alone = [
        system(SystemInputs(inputs.additions, inputs.market_share, inputs.mineral_intensity[i : i + 1]), ("mineral",))
        for i in range(6)
    ]
    np.testing.assert_allclose(got.mineral_demand, np.concatenate([one.mineral_demand for one in alone]), rtol=1e-13)


@pytest.mark.parametrize("uncertain", ["additions", "market_share", "mineral_intensity"])
@pytest.mark.parametrize("places", [1, 2])
@pytest.mark.parametrize("keep", [DIMENSIONS, ("mineral", "year")])
def test_each_draw_is_what_it_is_alone_whatever_is_drawn(uncertain: str, places: int, keep: tuple[str, ...]) -> None:
    """One of the three is drawn, in one region and use or in several."""
    many, shares = random_inputs(9, draws=5), [random_inputs(seed).market_share for seed in range(5)]
    arrays = {"additions": many.additions[:, :places, :places], "mineral_intensity": many.mineral_intensity,
              "market_share": np.concatenate(shares)[:, :places, :places]}  # fmt: skip
    arrays = {name: array if name == uncertain else array[:1] for name, array in arrays.items()}
    got = system(SystemInputs(**arrays), keep)
    assert len(got.mineral_demand) == len(got.cells) == 5
    for draw in range(5):
        alone = system(SystemInputs(**arrays | {uncertain: arrays[uncertain][draw : draw + 1]}), keep)
        np.testing.assert_allclose(got.mineral_demand[draw], alone.mineral_demand[0], rtol=1e-13)
        np.testing.assert_allclose(got.cells[draw], alone.cells[0], rtol=1e-13)


def test_an_unknown_dimension_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown dimensions"):
        system(random_inputs(0), ("mineral", "cohort"))


# ---------------------------------------------------------------- properties


@given(seeds, st.floats(1e-6, 1e3))
def test_demand_scales_with_gwh(seed: int, scale: float) -> None:
    inputs = random_inputs(seed)
    scaled = SystemInputs(inputs.additions * scale, inputs.market_share, inputs.mineral_intensity)
    np.testing.assert_allclose(system(scaled).mineral_demand, system(inputs).mineral_demand * scale, rtol=1e-12)


@given(seeds, st.integers(0, 4))
def test_zero_share_gives_zero(seed: int, chemistry: int) -> None:
    inputs = random_inputs(seed)
    inputs.market_share[:, :, :, chemistry] = 0
    assert not system(inputs).mineral_demand[:, :, :, chemistry].any()


@given(seeds, st.floats(0, 1))
def test_mixing_two_scenarios_mixes_demand_linearly(seed: int, weight: float) -> None:
    one, two = random_inputs(seed), random_inputs(seed + 1)
    share = weight * one.market_share + (1 - weight) * two.market_share
    mixed, first, second = (
        system(SystemInputs(one.additions, s, one.mineral_intensity), ("mineral", "year")).mineral_demand
        for s in (share, one.market_share, two.market_share)
    )
    np.testing.assert_allclose(mixed, weight * first + (1 - weight) * second, rtol=1e-10)


@given(seeds)
def test_the_sum_over_chemistries_is_the_total(seed: int) -> None:
    inputs = random_inputs(seed)
    by_chemistry = system(inputs, ("chemistry", "mineral")).mineral_demand.sum(axis=1)
    np.testing.assert_allclose(by_chemistry, system(inputs, ("mineral",)).mineral_demand, rtol=1e-12)
    additions = inputs.additions.sum()
    assert system(inputs, ()).cells.sum() == pytest.approx(additions)


@pytest.mark.slow
@settings(deadline=None, max_examples=20)
@given(st.sampled_from(["nmc811", "lfp", "nmc622", "nca"]), st.floats(0.001, 0.01))
def test_a_point_from_graphite_cells_to_sodium_lowers_graphite(chemistry: str, point: float) -> None:
    """On the shipped intensities: moving share from any graphite cell to Na-ion lowers graphite."""
    from minerals.shipped import inputs_folder
    from minerals.tables.inputs import read_inputs

    intensity = read_inputs(inputs_folder())["mineral_intensity"]
    table = intensity[intensity["mineral"] == "graphite"].set_index("chemistry")["value"]
    names = [chemistry, "na_layered_nfm"]
    kg = np.array([table[name] for name in names])[None, :, None, None]
    share = np.array([0.6, 0.4])[None, None, None, :, None]
    moved = share + np.array([-point, point])[None, None, None, :, None]
    gwh = np.full((1, 1, 1, 1), 100.0)
    before, after = (system(SystemInputs(gwh, s, kg), ()).mineral_demand.item() for s in (share, moved))
    assert after == pytest.approx(before - 100 * point * table[chemistry])
    assert after < before


shares = hnp.arrays(float, (1, 2, 1, 3, 2), elements=st.floats(0, 1))


@given(shares, hnp.arrays(float, (1, 2, 1, 2, 2), elements=st.floats(0, 0.5)))
def test_blending_keeps_the_share_of_every_base(share: np.ndarray, uptake: np.ndarray) -> None:
    """Bases 0, 1, 2 on the expanded axis as 0, blend of 0, 1, blend of 1, 2."""
    base = [0, 0, 1, 1, 2]
    expanded = np.zeros((1, 2, 1, 5, 2))
    expanded[:, :, :, 1], expanded[:, :, :, 3] = uptake[:, :, :, 0], uptake[:, :, :, 1]
    blended = blended_share(share, expanded, base)
    for of in range(3):
        together = blended[:, :, :, [i for i, b in enumerate(base) if b == of]].sum(axis=3)
        np.testing.assert_allclose(together, share[:, :, :, of], atol=1e-15)


@given(hnp.arrays(float, (2, 3, 4), elements=st.floats(0, 1e4)))
def test_routes_add_up(graphite: np.ndarray) -> None:
    route = np.array([[0.25, 0.2, 0.1, 0.0], [0.75, 0.8, 0.9, 1.0]])
    np.testing.assert_allclose(graphite_by_route(graphite, route).sum(axis=-2), graphite, rtol=1e-12)


@given(hnp.arrays(float, (3, 2, 4), elements=st.sampled_from([0.0, 1.5, 2.0])))
def test_tidy_and_dense_undo_each_other(array: np.ndarray) -> None:
    axes = [Axis("region", ("a", "b", "c")), Axis("segment", ("x", "y")), Axis("year", (2025, 2026, 2027, 2028))]
    np.testing.assert_array_equal(dense(tidy(array, axes), axes, ["value"])["value"], array)


def test_cells_that_are_kept_have_a_row_whatever_they_hold() -> None:
    axes, kept = [Axis("region", ("a", "b")), Axis("year", (2025, 2026))], np.array([[True, False], [False, True]])
    table = tidy(np.array([[0.0, 1.0], [2.0, 3.0]]), axes, keep=kept)
    assert table.frame.to_dict("list") == {"region": ["a", "b"], "year": [2025, 2026], "value": [0.0, 3.0]}


def test_dense_refuses_two_rows_for_one_cell_and_unknown_labels() -> None:
    axes = [Axis("year", (2025, 2026))]
    table = tidy(np.array([1.0, 2.0]), axes)
    with pytest.raises(ValueError, match="two rows"):
        dense(table.assign(year=[2025, 2025]), axes, ["value"])
    with pytest.raises(KeyError, match="not on the axis"):
        dense(table.assign(year=[2030, 2030]), axes, ["value"])
