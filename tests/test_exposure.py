"""Concentration of supply: solved by hand, what must be true of bounds, and what was published of the chains.

Shares of the published cases by place of making: mining 2025, USGS Mineral Commodity Summaries 2026; refined cobalt
2024, IEA (2025); refined nickel 2024, BGS; LFP cathode 2025, Carnegie (2026); NMC and NCA cathode 2023, Benchmark for
China and Rystad for the rest; graphite anode 2023, IEA, Global EV Outlook 2024, its last 2 % assumed to be half each.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from minerals.case.concentration import Concentration, among_names
from minerals.exposure import concentration as con

A, B, R_ONE, R_TWO = range(4)
SHARES = [0.5, 0.2, 0.2, 0.1]
GROUP = [False, False, True, True]

Vector = tuple[np.ndarray, np.ndarray]


@st.composite
def vectors(draw: st.DrawFn) -> Vector:
    """Shares of one node that sum to one, and which codes are groups."""
    raw = draw(st.lists(st.floats(1e-6, 1), min_size=1, max_size=12))
    group = draw(st.lists(st.booleans(), min_size=len(raw), max_size=len(raw)))
    return np.array(raw) / sum(raw), np.array(group)


# --- by hand ---------------------------------------------------------------------------------------------------------


def test_one_node_by_hand() -> None:
    """Two countries of 50 and 20 %, a continent of 20 % and a residual of 10 %."""
    assert con.top1(SHARES, GROUP) == (A, 0.5, 0.5)
    assert con.largest(SHARES, GROUP, 3) == pytest.approx((0.7, 0.9))
    assert con.n1_left(SHARES, GROUP) == pytest.approx((0.5, 0.5))
    assert con.share_left_after(SHARES, GROUP, 2) == pytest.approx((0.3, 0.3))
    assert con.share_left_after(SHARES, GROUP, 3) == pytest.approx((0.1, 0.3))
    assert con.share_left_after(SHARES, GROUP, 0) == pytest.approx((1.0, 1.0))
    assert con.share_left_after(SHARES, GROUP, 9) == pytest.approx((0.0, 0.3))
    assert con.hhi(SHARES, GROUP) == pytest.approx((0.29, 0.34))
    low, high = con.largest([SHARES, [0.1, 0.6, 0.3, 0.0]], GROUP, 2)
    assert (low.tolist(), high.tolist()) == (pytest.approx([0.7, 0.7]), pytest.approx([0.7, 0.9]))


def test_a_group_is_the_largest_as_an_upper_bound_only() -> None:
    assert con.top1([0.3, 0.1, 0.6, 0.0], GROUP) == (A, pytest.approx(0.3), pytest.approx(0.6))
    assert con.n1_left([0.3, 0.1, 0.6, 0.0], GROUP) == pytest.approx((0.4, 0.7))
    assert con.top1([0.0, 0.0, 0.9, 0.1], GROUP) == (-1, 0.0, pytest.approx(0.9))


def test_lists_of_countries_by_hand() -> None:
    """Of concern A and, as an estimate, a quarter of the residual: between none and all of it."""
    concern = [1, 0, 0, 0.25]
    assert con.members_share(SHARES, concern) == pytest.approx(0.525)
    assert con.members_bounds(SHARES, concern, [0, 0, 0, 0.75]) == pytest.approx((0.525, 0.6))
    assert con.non_allied_share(SHARES, [False, True, True, False]) == pytest.approx(0.6)
    assert con.non_allied_share([0.5, 0.2], [0, 1]) == pytest.approx(0.8), "what no row allocates is not allied"


def test_the_hhi_by_risk_by_hand() -> None:
    """0.25 · 0.6 + 0.04 · 0.1 = 0.154; groups add 0.04 · 0.2 + 0.01 · 0.9. Without a risk: mean (0.30 + 0.02) / 0.7."""
    assert con.risk_from_wgi([-3, -2.5, -1, 0, 1.5, 2.5, 3]) == pytest.approx([1, 1, 0.7, 0.5, 0.2, 0, 0])
    assert con.hhi_wgi([0.5, 0.5], [0, 1], [False, False]) == pytest.approx((0.25, 0.25))
    assert con.hhi_wgi(SHARES, [0.6, 0.1, 0.2, 0.9], GROUP) == pytest.approx((0.154, 0.171))
    mean = 0.32 / 0.7
    assert con.hhi_wgi(SHARES, [0.6, 0.1, np.nan, np.nan], GROUP) == pytest.approx((0.154, 0.154 + 0.05 * mean))
    assert con.hhi_wgi([0, 0, 1, 0], [0.6, 0.1, np.nan, np.nan], GROUP) == pytest.approx((0, 1)), "nothing known: 1"


def test_the_weakest_link_by_hand() -> None:
    """Three nodes, the last unknown; one chemistry uses all, one the first, one the unknown only, one none."""
    use = np.array([[1, 1, 1], [1, 0, 0], [0, 0, 1], [0, 0, 0]], bool)
    found = con.weakest_link([0.3, 0.8, np.nan], use)
    assert found.value == pytest.approx([0.8, 0.3, np.nan, np.nan], nan_ok=True)
    assert found.node.tolist() == [1, 0, -1, -1]
    first_stage = np.array([True, False, False])
    assert con.weakest_link([0.3, 0.8, np.nan], use & first_stage).value[:2] == pytest.approx([0.3, 0.3])
    by_measure = con.weakest_link([[0.3, 0.8, np.nan], [0.9, 0.1, 0.2]], use)
    assert by_measure.value.shape == (2, 4)
    assert by_measure.node[1].tolist() == [0, 0, 2, -1]


def test_a_mean_by_gwh_by_hand() -> None:
    assert con.weighted_mean([0.9, 0.5], [30, 10]) == pytest.approx(0.8)
    assert con.weighted_mean([0.9, 0.5], [0.03, 0.01]) == pytest.approx(0.8)
    assert con.weighted_mean([[0.9, np.nan], [0.9, 0.5]], [10, 0]) == pytest.approx([0.9, 0.9])
    assert np.isnan(con.weighted_mean([0.9, np.nan], [30, 10])), "an unknown that is built is not averaged away"
    assert np.isnan(con.weighted_mean([0.9, 0.5], [0, 0]))


def test_several_nodes_are_each_as_it_is_alone() -> None:
    """Countries, nodes and builders stand in the last dimension, whatever stands before."""
    shares = np.array([[[0.9, 0.1], [0.9, 0.1], [0.4, 0.6]], [[1.0, 0.0], [0.2, 0.8], [0.5, 0.5]]])
    energy = np.array([[[1.0, 3.0], [0.0, 2.0], [5.0, 5.0]], [[2.0, 1.0], [4.0, 0.0], [0.0, 0.0]]])
    mean, path = con.weighted_mean(shares, energy), con.path(shares, [True, True])
    for at in np.ndindex(2, 3):
        assert con.hhi(shares, [False, True]).high[at] == pytest.approx(con.hhi(shares[at], [False, True]).high)
        assert mean[at] == pytest.approx(con.weighted_mean(shares[at], energy[at]), nan_ok=True)
        assert [end[at] for end in path] == pytest.approx(list(con.path(shares[at], [True, True])))
    with pytest.raises(ValueError, match="sum to one at most"):
        con.hhi([[0.5, 0.5], [0.6, 0.6]], [False, False])
    # Shares of one country at several nodes are no sum.
    assert con.hhi([[0.9, 0.0], [0.9, 0.0]], [False, False]).high == pytest.approx([0.81, 0.81])


def test_a_weakest_link_is_looked_for_among_all_among_stages_and_along_the_cathode() -> None:
    assert among_names() == (
        "all", "mining", "refining", "active_material", "cell",
        "cathode", "cathode mining", "cathode refining", "cathode active_material",
    )  # fmt: skip


def test_a_node_is_measured_by_what_makers_make_only_where_known_plants_add_to_shares() -> None:
    """In the second year plants are added to ore, whose makers then make 30 and 10, and to gas, of which nobody knows
    what was made at first. Metal and salt get none, whatever makers make of them; of the last no share is known."""
    nan, nodes, countries = np.nan, 5, 2
    half = np.array([0.5, 0.5])
    share = np.array([[0.5, 0.5], [0.6, 0.3], [0.8, 0.2], [0.7, 0.3], [nan, nan]])[:, :, None].repeat(2, axis=2)
    first = np.array([[20.0, 20.0], [nan, nan], [5.0, 5.0], [nan, 1.0], [4.0, 4.0]])
    second = np.array([[30.0, 10.0], [1.0, 1.0], [5.0, 5.0], [1.0, 1.0], [4.0, 4.0]])
    none, added = np.zeros((nodes, countries)), np.zeros((nodes, countries))
    added[[0, 3, 4], [0, 1, 0]] = 1.0
    inputs = SimpleNamespace(
        share=share, is_group=np.zeros(2, dtype=bool), concern=half, unknown=np.zeros(2), allies=half,
        governance=np.zeros(2),
    )  # fmt: skip
    chokepoints: Any = SimpleNamespace(
        inputs=inputs, years=(2030, 2031), known=[SimpleNamespace(added=each) for each in (none, added)],
        supply=[SimpleNamespace(made=each) for each in (first, second)],
    )  # fmt: skip
    found = Concentration(chokepoints)
    assert found.measure("top1") == pytest.approx(
        np.array([[0.5, 0.75], [2 / 3, 2 / 3], [0.8, 0.8], [0.7, 0.7], [nan, nan]]), nan_ok=True
    )
    assert [node is None for node in found.nodes] == [False] * 4 + [True]
    assert [node.largest.tolist() for node in found.nodes if node] == [[0, 0]] * 4


# --- what must be true -----------------------------------------------------------------------------------------------


@given(vectors(), st.integers(0, 5))
def test_bounds_are_in_order(vector: Vector, count: int) -> None:
    shares, group = vector
    rest = np.spacing(4.0)
    top, risk = con.top1(shares, group), np.linspace(0, 1, len(shares))
    assert 0 <= top.share <= top.high <= 1 + rest
    for low, high in (
        con.largest(shares, group, count), con.share_left_after(shares, group, count), con.n1_left(shares, group),
        con.hhi(shares, group), con.hhi_wgi(shares, risk, group), con.members_bounds(shares, risk, 1 - risk),
    ):  # fmt: skip
        assert -rest <= low <= high + rest <= 1 + 3 * rest
    assert con.hhi_wgi(shares, risk, group).high <= con.hhi(shares, group).high + rest
    assert con.hhi_wgi(shares, np.ones_like(shares), group) == pytest.approx(con.hhi(shares, group))
    assert con.hhi(shares, group).high >= 1 / len(shares) - rest, "no vector is more even than equal shares"
    estimate, within = con.members_share(shares, risk), con.members_bounds(shares, risk, (1 - risk) / 2)
    assert within.low == estimate
    assert within.high == pytest.approx((estimate + con.members_share(shares, np.ones_like(shares))) / 2)


@given(vectors(), st.randoms(use_true_random=False))
def test_the_order_of_countries_changes_nothing(vector: Vector, random: object) -> None:
    shares, group = vector
    order = list(range(len(shares)))
    random.shuffle(order)  # type: ignore[attr-defined]
    before, after = con.top1(shares, group), con.top1(shares[order], group[order])
    assert after[1:] == pytest.approx(before[1:])
    for measure in (con.hhi, con.n1_left, lambda *vector: con.largest(*vector, 3)):
        assert_allclose(measure(shares[order], group[order]), measure(shares, group), atol=1e-12)


@given(vectors(), st.integers(2, 400))
def test_a_group_split_into_many_goes_towards_the_lower_bound(vector: Vector, parts: int) -> None:
    """Every group in equal named countries: between the bounds, nearer to the low one the more there are."""
    shares, group = vector

    def split(into: int) -> np.ndarray:
        return np.concatenate([shares[~group], np.repeat(shares[group] / into, into)])

    low, high = con.hhi(shares, group)
    named = np.zeros(len(split(parts)), bool)
    now = con.hhi(split(parts), named).high
    further = con.hhi(split(parts + 1), np.zeros(len(split(parts + 1)), bool)).high
    assert low - 1e-12 <= further <= now + 1e-12 <= high + 2e-12
    assert now - low == pytest.approx((high - low) / parts, abs=1e-12)
    top = con.top1(shares, group)
    assert top.share - 1e-12 <= con.top1(split(parts), named).share <= top.high + 1e-12


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.lists(st.booleans(), min_size=8, max_size=8))
def test_a_path_stays_between_its_ends(shares: list[float], inside: list[bool]) -> None:
    mask = inside[: len(shares)]
    found = con.path(shares, mask)
    chosen = [share for share, within in zip(shares, mask, strict=True) if within]
    assert found.low == max(chosen, default=0)
    assert found.low <= found.independent <= found.high == pytest.approx(min(1, sum(chosen)))
    assert con.path([*shares, 0.4], [*mask, True]).independent >= found.independent - 1e-12, "a step more, more exposed"


@pytest.mark.parametrize("call", [
    lambda: con.hhi([-0.1, 1.0], [0, 0]), lambda: con.hhi([0.6, 0.6], [0, 0]), lambda: con.top1([np.nan, 1], [0, 0]),
    lambda: con.members_share([1.0], [1.2]), lambda: con.hhi_wgi([1.0], [np.nan], [False]),
    lambda: con.hhi_wgi([1.0], [1.5], [False]), lambda: con.path([1.2], [True]), lambda: con.path([np.nan], [True]),
    lambda: con.largest([1.0], [False], -1), lambda: con.weighted_mean([0.5], [-1]),
    # Nor where it is so of one of several.
    lambda: con.members_share([0.5, 0.5], [1.2, 1.0]), lambda: con.hhi_wgi([0.5, 0.5], [np.nan, 0.5], [False, False]),
    lambda: con.hhi_wgi([0.5, 0.5], [1.5, 0.5], [False, False]), lambda: con.path([1.2, 0.5], [True, True]),
    lambda: con.hhi_wgi([0.5, 0.5], [-0.5, 0.5], [False, False]), lambda: con.weighted_mean([0.5, 0.5], [-1, 2]),
])  # fmt: skip
def test_what_cannot_be_is_refused(call: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"share|risk|list|count|GWh"):
        call()


# --- what was published ----------------------------------------------------------------------------------------------

COBALT = [0.731075, 0.139857, 0.02448, 0.01176, 0.01176, 0.0124, 0.01113, 0.0089, 0.00636, 0.00636, 0.00604, 0.00095,
          0.028929]  # fmt: skip
"""Mine output of cobalt in 2025: DR Congo, Indonesia, Russia …, and 2.9 % of other countries (USGS MCS 2026)."""
PHOSPHATE = [0.447794, 0.146551, 0.081421, 0.056991, 0.04885, 0.04071, 0.02239, 0.02035, 0.01954, 0.01343, 0.01221,
             0.0114, 0.01018, 0.00977, 0.00896, 0.00814, 0.00773, 0.00651, 0.00611, 0.00488, 0.00399, 0.00387, 0.00326,
             0.00183, 0.00313]  # fmt: skip
"""Mine output of phosphate rock in 2025: China, Morocco, United States …, and 0.3 % of other countries (same)."""
LFP_CATHODE = [0.98, 0.02]
"""LFP cathode material in 2025: China and all others (Carnegie 2026)."""
NMC_CATHODE = [0.73, 0.197888, 0.031863, 0.023478, 0.01677]
"""NMC and NCA cathode material in 2023: China (Benchmark), South Korea, Japan, Europe, North America (Rystad)."""
GRAPHITE_ANODE = [0.98, 0.01, 0.01]
"""Graphite anode material in 2023: China (IEA, Global EV Outlook 2024), Japan, South Korea (assumed)."""


def residual(shares: list[float], groups: int = 1) -> list[bool]:
    """The last codes are groups."""
    return [False] * (len(shares) - groups) + [True] * groups


def test_the_cobalt_chain_through_china() -> None:
    """Mining 0.0064 (USGS, 2025), refining 0.784 (IEA, 2024), NMC cathode 0.73 (Benchmark, 2023).

    At least 0.784; at most min(1, 1.5204) = 1; independent 1 − 0.9936 · 0.216 · 0.27 = 0.942053.
    """
    found = con.path([0.0064, 0.784, 0.73], [True, True, True])
    assert found == pytest.approx((0.784, 0.94205325, 1.0), abs=1e-8)
    assert found.low < found.independent < found.high


def test_the_nickel_chain_through_indonesia_counts_each_step_once() -> None:
    """Mining 0.669 (USGS, 2025), refining of all classes 0.45 (BGS, 2024), no cathode material.

    A share of sulphate, the same step again, is out of the path. At least 0.669; independent
    1 − 0.331 · 0.55 = 0.81795; at most 1, since 0.669 + 0.45 passes it. Cobalt: mining 0.1399, refining 0.024, so
    0.1399, 0.1605 and 0.1639.
    """
    assert con.path([0.669, 0.45, 0.74, 0.0], [True, True, False, True]) == pytest.approx((0.669, 0.81795, 1.0))
    assert con.path([0.1399, 0.024], [True, True]) == pytest.approx((0.1399, 0.1605424, 0.1639))


def test_the_cathode_chain_reverses_between_mining_and_active_material() -> None:
    """At mining LFP looks safer than NMC; at active material it is the other way; the shared anode ties both.

    Nodes: phosphate rock, cobalt, LFP cathode, NMC cathode, graphite anode.
    """
    nodes = [
        con.hhi(PHOSPHATE, residual(PHOSPHATE)), con.hhi(COBALT, residual(COBALT)),
        con.hhi(LFP_CATHODE, residual(LFP_CATHODE)), con.hhi(NMC_CATHODE, residual(NMC_CATHODE, 2)),
        con.hhi(GRAPHITE_ANODE, residual(GRAPHITE_ANODE, 0)),
    ]  # fmt: skip
    low = np.array([node.low for node in nodes])
    assert low == pytest.approx([0.2382, 0.5554, 0.9604, 0.5731, 0.9606], abs=1e-4)
    assert [node.high for node in nodes] == pytest.approx([0.2382, 0.5562, 0.9608, 0.5739, 0.9606], abs=1e-4)

    use = np.array([[1, 0, 1, 0, 1], [0, 1, 0, 1, 1]], bool)  # LFP, NMC
    mining, cathode = np.array([1, 1, 0, 0, 0], bool), np.array([1, 1, 1, 1, 0], bool)
    for ends in (low, np.array([node.high for node in nodes])):
        lfp, nmc = con.weakest_link(ends, use & mining).value
        assert lfp < nmc - 0.1
        lfp, nmc = con.weakest_link(ends, use & cathode & ~mining).value
        assert lfp > nmc + 0.1
    everything = con.weakest_link(low, use & ~mining)
    assert everything.value == pytest.approx([0.9606, 0.9606])
    assert everything.node.tolist() == [4, 4]
