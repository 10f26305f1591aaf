"""What it takes to be less exposed at a node: new plants, stocks, and who builds at the margin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..haste import frozen
from .codes import ANY
from .inputs import Inputs

Array = NDArray[np.float64]
#: Makers of a node: the country that makes most of it, and all others.
Group = Literal["top", "outside"]


@frozen
class NewPlants:
    """New plants for a node in one group of countries; each (3,) value, low, high, NaN where nobody knows.

    capital: per yearly output [USD_2025/(kg/yr), of nodes in GWh USD_2025/(kWh/yr)]; lead: from decision to first
    output [years]; premium: cost of the product above that in the top producer [1], 0 there; growth: of known plants
    and projects a year [1]; follow_on: most of the growth of the world's known supply that is built for one group of
    regions [1]; lines: rows of expansion_cost.
    """

    capital: Array
    lead: Array
    premium: Array
    growth: Array
    follow_on: Array
    lines: tuple[int, ...]


@frozen
class Stock:
    """A stock of a node's product; each (3,) value, low, high, NaN where there is no row.

    holding: cost a year as a share of its value [1]; shelf_life: time it keeps [years]; fade: share lost a year [1];
    lines: rows of holding_cost.
    """

    holding: Array
    shelf_life: Array
    fade: Array
    lines: tuple[int, ...]


def new_plants(inputs: Inputs, node: str, group: Group) -> NewPlants:
    """New plants for a node, of its own rows or those of any node."""
    rows = inputs.rows_by("expansion_cost", "measure", "node", "group")
    found: dict[str, Any] = {}
    for measure in ("capital", "lead", "premium", "growth", "follow_on"):
        places = [(measure, node, group), (measure, ANY, group), (measure, ANY, ANY)]
        found[measure] = next((rows[place][0] for place in places if place in rows), None)
    ends = {measure: _three(row) for measure, row in found.items()}
    if group == "top":
        ends["premium"] = np.zeros(3)
    return NewPlants(**ends, lines=_lines(found))


def stock(inputs: Inputs, node: str) -> Stock:
    """A stock of a node's product; what it costs is that of any where it has no row of its own."""
    rows = inputs.rows_by("holding_cost", "measure", "node")
    found = {measure: rows.get((measure, node), [None])[0] for measure in ("holding", "shelf_life", "fade")}
    found["holding"] = found["holding"] or rows.get(("holding", ANY), [None])[0]
    return Stock(**{measure: _three(row) for measure, row in found.items()}, lines=_lines(found))


def marginal_location(inputs: Inputs, node: str) -> dict[str, Array]:
    """Share of each country in what is added to a node's supply, (3,) value, low, high [1]; {} where it grows as it
    stands today."""
    rows = inputs.rows_by("marginal_location", "node").get((node,), [])
    return {row.country: _three(row) for row in rows}


def discount_rate(inputs: Inputs, perspective: Literal["project", "society"]) -> Array:
    """Rate a year, (3,) value, low, high [1]."""
    return _three(inputs.rows_by("discount_rate", "perspective")[(perspective,)][0])


def _three(row: Any) -> Array:
    """(value, low, high) of a row; ends equal the value where none are given, and all are NaN without a row."""
    if row is None:
        return np.full(3, np.nan)
    return np.array([row.value, *((row.value,) * 2 if np.isnan(row.low) else (row.low, row.high))], dtype=float)


def _lines(found: Mapping[str, Any]) -> tuple[int, ...]:
    return tuple(sorted(row.line for row in found.values() if row is not None))
