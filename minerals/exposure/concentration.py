"""Concentration of supply: per node, per chemistry (weakest link), and along a path of nodes.

Shares are 0–1 with country as the last axis, (…, node, country); leading axes broadcast. `group` (country,) marks the
codes that are no country: a residual nobody allocated, or a continent. What a group hides is bounded from both sides:

    high  a group is one country, with all of its share
    low   a group is so many countries that each has next to nothing

Measures disagree, so each is reported by its name and none is averaged with another.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
ROUNDED = 1e-3  # Published shares are rounded: their sum may pass one by this much.


class Bounds(NamedTuple):
    """A measure between its ends: groups as many countries and as one (for `path`, full and no overlap)."""

    low: Array
    high: Array


class Top(NamedTuple):
    """The largest named country: its position (−1 where no country is named) and its share, (…).

    high: the largest share there can be; above `share` where a group is larger than any named country.
    """

    country: NDArray[np.intp]
    share: Array
    high: Array


class Weakest(NamedTuple):
    """The largest value of a measure over the nodes in use, and the node; nan and −1 where no node has a value."""

    value: Array
    node: NDArray[np.intp]


class Passing(NamedTuple):
    """Share of what passes through a country at any stage: at least, if the stages are independent, at most."""

    low: Array
    independent: Array
    high: Array


def top1(shares: ArrayLike, group: ArrayLike) -> Top:
    """The largest supplier of each node. A group is never it: it only raises what the largest could have."""
    all_shares = _shares(shares)
    named = _named(all_shares, group)
    share = named.max(axis=-1)
    return Top(np.where(share > 0, named.argmax(axis=-1), -1), share, all_shares.max(axis=-1))


def largest(shares: ArrayLike, group: ArrayLike, count: int) -> Bounds:
    """Share of the `count` largest suppliers together, with groups as many countries and as one."""
    all_shares = _shares(shares)
    return Bounds(_largest(_named(all_shares, group), count), _largest(all_shares, count))


def share_left_after(shares: ArrayLike, group: ArrayLike, count: int) -> Bounds:
    """Share of supply that is left when the `count` largest suppliers are lost."""
    lost = largest(shares, group, count)
    return Bounds(np.maximum(1 - lost.high, 0.0), 1 - lost.low)


def n1_left(shares: ArrayLike, group: ArrayLike) -> Bounds:
    """Share of supply that is left when the largest supplier is lost: 1 − top1."""
    return share_left_after(shares, group, 1)


def members_share(shares: ArrayLike, members: ArrayLike) -> Array:
    """Share of a list of countries (of concern, allied): Σ_k s_k · f_k.

    members: mask, or fraction f of each code's supply that belongs to the list, (country,). A fraction serves a group
    with members inside: of the shares it is an estimate. `members_bounds` gives the ends where some of it is unknown.
    """
    return np.asarray(_shares(shares) @ _fractions(members))


def members_bounds(shares: ArrayLike, members: ArrayLike, unknown: ArrayLike) -> Bounds:
    """`members_share` without what nobody places, and with all of it.

    unknown: share of each code's supply that no row places inside or outside the list, (country,), 0 to 1.
    """
    inside = _fractions(members)
    most = np.minimum(inside + _fractions(unknown), 1.0)
    return Bounds(members_share(shares, inside), members_share(shares, most))


def non_allied_share(shares: ArrayLike, allied: ArrayLike) -> Array:
    """Share of supply from outside the list of allies: 1 − Σ_k s_k · f_k. What no row allocates is not allied."""
    return 1 - members_share(shares, allied)


def hhi(shares: ArrayLike, group: ArrayLike) -> Bounds:
    """Herfindahl–Hirschman index, Σ_k s_k², from 0 to 1. Herfindahl (1950); Hirschman (1964), AER 54, 761."""
    all_shares = _shares(shares)
    return Bounds((_named(all_shares, group) ** 2).sum(axis=-1), (all_shares**2).sum(axis=-1))


def risk_from_wgi(estimate: ArrayLike) -> Array:
    """Risk 0–1 from an estimate of the Worldwide Governance Indicators (−2.5 to 2.5): 0.5 − WGI / 5."""
    return np.asarray(np.clip(0.5 - np.asarray(estimate, float) / 5, 0.0, 1.0))


def hhi_wgi(shares: ArrayLike, risk: ArrayLike, group: ArrayLike) -> Bounds:
    """HHI weighted by governance risk, Σ_k s_k² · risk_k: between 0 and the HHI.

    risk: 0–1, (country,); nan for a group without one, which then has the share-weighted mean risk of the node's other
    suppliers. A named country without a risk is refused. Form: Graedel et al. (2012), ES&T 46, 1063–1070.
    """
    all_shares, estimates = _shares(shares), np.asarray(risk, float)
    unknown = np.isnan(estimates)
    if (unknown & ~_mask(group)).any() or ((estimates < 0) | (estimates > 1)).any():
        raise ValueError(f"a risk is between 0 and 1, and nan only for a group: {estimates}")
    known = np.where(unknown, 0.0, estimates)
    weight = all_shares @ np.where(unknown, 0.0, 1.0)
    mean = np.divide(all_shares @ known, weight, out=np.ones_like(weight), where=weight > 0)
    risks = np.where(unknown, mean[..., None], known)
    each = all_shares**2 * risks
    return Bounds(_named(each, group).sum(axis=-1), each.sum(axis=-1))


def weakest_link(measure: ArrayLike, use: ArrayLike) -> Weakest:
    """Largest value over the nodes in use: measure (…, node), use (…, chemistry, node) → (…, chemistry).

    One stage or one part (cathode, anode) is a mask: pass `use & of_stage`. A node whose measure is nan is passed over,
    so where a node is unknown the result is a lower bound. Of equal nodes the first is named.
    """
    values = np.asarray(measure, float)[..., None, :]
    found = np.where(_mask(use) & ~np.isnan(values), values, -np.inf)
    value = found.max(axis=-1)
    none = np.isneginf(value)
    return Weakest(np.where(none, np.nan, value), np.where(none, -1, found.argmax(axis=-1)))


def path(share: ArrayLike, in_path: ArrayLike) -> Passing:
    """Share of what passes through a country at any node of a path; share, in_path (…, node) → (…).

    share: a_n, what the country (or a list of countries, by `members_share`) supplies at each node.

        max a_n  ≤  1 − Π (1 − a_n), if stages are independent  ≤  min(1, Σ a_n)

    The low end is full overlap (the same material each time), the high end none. Each physical step once: of two nodes
    that measure the same step (`same_as`) one is in the path, or the bound counts it twice. An empty path passes
    through nothing.
    """
    each = np.where(_mask(in_path), np.asarray(share, float), 0.0)
    if not ((each >= 0) & (each <= 1 + ROUNDED)).all():
        raise ValueError(f"a share of a node is between 0 and 1: {each}")
    each = np.minimum(each, 1.0)
    low, total = each.max(axis=-1, initial=0.0), np.minimum(each.sum(axis=-1), 1.0)
    independent = 1 - np.prod(1 - each, axis=-1)
    return Passing(low, np.clip(independent, low, total), total)  # The clip takes off rounding in the last digit only.


def weighted_mean(measure: ArrayLike, energy: ArrayLike) -> Array:
    """Mean of a measure over chemistries by their GWh, both (…, chemistry): never by tonnes, which iron would decide.

    nan where nothing is built, and where a chemistry that is built has no measure: the unknown is not averaged away.
    """
    gwh, values = np.asarray(energy, float), np.asarray(measure, float)
    if not (np.isfinite(gwh) & (gwh >= 0)).all():
        raise ValueError(f"GWh are finite and not below zero: {gwh}")
    total = gwh.sum(axis=-1)
    part = np.where(gwh > 0, values, 0.0) * gwh
    with np.errstate(invalid="ignore"):
        return np.asarray(part.sum(axis=-1) / total)


def _shares(shares: ArrayLike) -> Array:
    found = np.asarray(shares, float)
    if not (np.isfinite(found) & (found >= 0)).all() or (found.sum(axis=-1) > 1 + ROUNDED).any():
        raise ValueError(f"shares of a node are finite, not below zero and sum to one at most: {found}")
    return found


def _fractions(members: ArrayLike) -> Array:
    found = np.asarray(members, float)
    if not ((found >= 0) & (found <= 1)).all():
        raise ValueError(f"a list holds between none (0) and all (1) of a code's supply: {found}")
    return found


def _mask(mask: ArrayLike) -> Mask:
    return np.asarray(mask, bool)


def _named(values: Array, group: ArrayLike) -> Array:
    """Values of named countries; zero for groups, as if each were of so many countries that none counts."""
    return np.where(_mask(group), 0.0, values)


def _largest(values: Array, count: int) -> Array:
    if count < 0:
        raise ValueError(f"a count of countries is not below zero: {count}")
    return np.asarray(-np.sort(-values, axis=-1)[..., :count].sum(axis=-1))
