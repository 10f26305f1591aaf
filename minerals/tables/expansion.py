"""What it takes to be less exposed: new plants, stocks, recycling, and who builds at the margin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ..haste import frozen
from .codes import ANY
from .inputs import Inputs

Array = NDArray[np.float64]
#: Makers of a node: the country that makes most of it, and all others.
Group = Literal["top", "outside"]
#: What says how much may be built, and when.
BUILT = ("growth", "lead", "follow_on")


@frozen
class NewPlants:
    """New plants for a node in one group of countries; each (3,) value, low, high, NaN where nobody knows.

    capital: per yearly output [USD_2025/(kg/yr), of nodes in GWh USD_2025/(kWh/yr)]; lead: from decision to first
    output [years]; premium: cost of the product above that in the top producer [1], 0 there; growth: of known plants
    and projects a year [1]; follow_on: most of the growth of the world's known supply that is built for one group of
    regions [1]; node: that of the row of each measure, which may be that of any; lines: rows of expansion_cost; own:
    measures with a row of a place, where that was asked for.
    """

    capital: Array
    lead: Array
    premium: Array
    growth: Array
    follow_on: Array
    node: dict[str, str]
    lines: tuple[int, ...]
    own: frozenset[str] = frozenset()


@frozen
class NewSupply:
    """What may be built at each node because somebody plans for it; each with (value, low, high) as its first index.

    growth, lead, premium, follow_on: as of NewPlants, by maker top and outside, (end, maker, node); located: share of
    each country in what is added, (end, node, country), 0 for a node without rows; lines: rows that say how much may be
    built, when and where, by table.
    """

    growth: Array
    lead: Array
    premium: Array
    follow_on: Array
    located: Array
    lines: dict[str, tuple[int, ...]]


@frozen
class Stock:
    """A stock of a node's product; each (3,) value, low, high, NaN where there is no row.

    holding: cost a year as a share of its value [1]; shelf_life: time it keeps [years]; fade: share lost a year [1];
    node: that of the row of each measure, which may be that of any; lines: rows of holding_cost.
    """

    holding: Array
    shelf_life: Array
    fade: Array
    node: dict[str, str]
    lines: tuple[int, ...]


def new_plants(inputs: Inputs, node: str, group: Group) -> NewPlants:
    """New plants for a node, of its own rows or those of any node."""
    found = {measure: _of_new(inputs, measure, node, group) for measure in (*BUILT, "capital", "premium")}
    ends: dict[str, Any] = {measure: _three(row) for measure, row in found.items()}
    if group == "top":
        ends["premium"] = np.zeros(3)
    return NewPlants(**ends, node=_nodes(found), lines=_lines(found))


def plants_in(inputs: Inputs, node: str, place: str) -> NewPlants:
    """New plants for a node in a place, of its own rows or those outside the country that makes most."""
    rows = inputs.rows_by("expansion_cost", "measure", "node", "group")
    outside = {measure: _of_new(inputs, measure, node, "outside") for measure in (*BUILT, "capital", "premium")}
    own = {
        measure: next(rows[measure, each, place][0] for each in (node, ANY) if (measure, each, place) in rows)
        for measure in outside
        if place != "outside" and any((measure, each, place) in rows for each in (node, ANY))
    }
    found = {**outside, **own}
    ends: dict[str, Any] = {measure: _three(row) for measure, row in found.items()}
    return replace(NewPlants(**ends, node=_nodes(found), lines=_lines(found)), own=frozenset(own))


def premium_lines(inputs: Inputs, node: str) -> tuple[int, ...]:
    """Rows that say what a node's product costs more outside the country that makes most of it."""
    return _lines({"premium": _of_new(inputs, "premium", node, "outside")})


def _of_new(inputs: Inputs, measure: str, node: str, group: Group) -> Any:
    """Row of a measure of new plants; None without one."""
    rows = inputs.rows_by("expansion_cost", "measure", "node", "group")
    places = [(measure, node, group), (measure, ANY, group), (measure, ANY, ANY)]
    return next((rows[place][0] for place in places if place in rows), None)


def stock(inputs: Inputs, node: str) -> Stock:
    """A stock of a node's product; what it costs is that of any where it has no row of its own."""
    rows = inputs.rows_by("holding_cost", "measure", "node")
    found = {measure: rows.get((measure, node), [None])[0] for measure in ("holding", "shelf_life", "fade")}
    found["holding"] = found["holding"] or rows.get(("holding", ANY), [None])[0]
    ends = {measure: _three(row) for measure, row in found.items()}
    return Stock(**ends, node=_nodes(found), lines=_lines(found))


@frozen
class NewRecycling:
    """A way to recover more of batteries; each (3,) value, low, high, NaN where there is no row.

    cost: of a battery that goes it [USD_2025/kWh]; lead: from decision to first output [years]; way: that of the row of
    each measure, which may be that of any; lines: rows of recycling_cost.
    """

    cost: Array
    lead: Array
    way: dict[str, str]
    lines: tuple[int, ...]


def new_recycling(inputs: Inputs, way: str) -> NewRecycling:
    """A way to recover more, of its own rows or those of any way."""
    rows = inputs.rows_by("recycling_cost", "measure", "way")
    found = {
        measure: next((rows[measure, each][0] for each in (way, ANY) if (measure, each) in rows), None)
        for measure in ("cost", "lead")
    }
    ways = {measure: row.way for measure, row in found.items() if row is not None}
    return NewRecycling(**{measure: _three(row) for measure, row in found.items()}, way=ways, lines=_lines(found))


def marginal_location(inputs: Inputs, node: str) -> dict[str, Array]:
    """Share of each country in what is added to a node's supply, (3,) value, low, high [1]; {} where it grows as it
    stands today."""
    rows = inputs.rows_by("marginal_location", "node").get((node,), [])
    return {row.country: _three(row) for row in rows}


def new_supply(
    inputs: Inputs, nodes: Sequence[str], mines: Sequence[str], located: Mapping[str, Mapping[str, Array]],
    countries: Sequence[str],
) -> NewSupply:  # fmt: skip
    """What may be built at nodes. located: `marginal_location` of each, by country as the run has them.

    A mine takes longer than any plan: it grows as published, and by nothing more unless growth has a row of that mine.
    What nobody knows is not built: growth and follow_on are 0 without a row, lead is endless.
    """
    groups: tuple[Group, ...] = get_args(Group)
    rows = {
        measure: [[_of_new(inputs, measure, node, group) for node in nodes] for group in groups]
        for measure in (*BUILT, "premium")
    }
    own = inputs.rows_by("expansion_cost", "measure", "node")

    def of(measure: str, unknown: float) -> Array:
        """(end, maker, node)."""
        found = np.array([list(map(_three, of_group)) for of_group in rows[measure]]).reshape(len(groups), -1, 3)
        return np.where(np.isnan(found), unknown, found).transpose(2, 0, 1)

    fixed = [node in mines and ("growth", node) not in own for node in nodes]
    where = np.zeros((3, len(nodes), len(countries)))
    for n, node in enumerate(nodes):
        for country, share in located.get(node, {}).items():
            where[:, n, countries.index(country)] += share
    premium = of("premium", np.nan)
    premium[:, groups.index("top")] = 0.0
    built = {row.line for measure in BUILT for of_group in rows[measure] for row in of_group if row is not None}
    adding = inputs.rows_by("marginal_location", "node")
    return NewSupply(
        growth=np.where(fixed, 0.0, of("growth", 0.0)),
        lead=of("lead", np.inf),
        premium=premium,
        follow_on=of("follow_on", 0.0),
        located=where,
        lines={
            "expansion_cost": tuple(sorted(built)),
            "marginal_location": tuple(row.line for node in nodes for row in adding.get((node,), [])),
        },
    )


def material_price(inputs: Inputs, node: str, years: Sequence[int]) -> Array:
    """Price of a node's product, value, low and high, (3, year) [USD_2025/kg or /kWh], linear between given years and
    held outside them; NaN where nobody prices it."""
    rows = sorted(inputs.rows_by("material_price", "node").get((node,), []), key=lambda row: row.year)
    if not rows:
        return np.full((3, len(years)), np.nan)
    priced_years = [row.year for row in rows]
    return np.stack([np.interp(years, priced_years, ends) for ends in zip(*map(_three, rows), strict=True)])


def discount_rate(inputs: Inputs, perspective: Literal["project", "society"]) -> Array:
    """Rate a year, (3,) value, low, high [1]."""
    return _three(inputs.rows_by("discount_rate", "perspective")[(perspective,)][0])


def _three(row: Any) -> Array:
    """(value, low, high) of a row; ends equal the value where none are given, and all are NaN without a row."""
    if row is None:
        return np.full(3, np.nan)
    return np.array([row.value, *((row.value,) * 2 if np.isnan(row.low) else (row.low, row.high))], dtype=float)


def _nodes(found: Mapping[str, Any]) -> dict[str, str]:
    """Node of the row of each measure that has one."""
    return {measure: row.node for measure, row in found.items() if row is not None}


def _lines(found: Mapping[str, Any]) -> tuple[int, ...]:
    return tuple(sorted({row.line for row in found.values() if row is not None}))
