"""What plants can make: capacity by place, owner, family and year, and supply from what stands and what is to come.

A row of a plant holds the whole plant from its year on. Nameplate is what companies say; of what a plan adds, a share
is delivered that depends on how far it is (plant_delivery.csv), and what stands is used in part
(plant_utilisation.csv). A plant whose capacity is not public is counted apart: it is unknown, and not nothing.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..haste import frozen, value_class
from .check import split
from .codes import ANY
from .inputs import Inputs

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
OPERATING, CANCELLED = "operating", "cancelled"
#: Statuses of plants that no future counts on.
NOT_COMING = ("ambition", "paused", CANCELLED)
#: Families whose cells are not lithium-ion cells of today.
SODIUM = "Na-ion"
#: Nodes of the cells of a plant: with sodium, and of all others.
SODIUM_CELL, OTHER_CELL = "na_ion_cell", "li_ion_cell"
#: Year from which plans without one count.
UNDATED = 2030


class Ends(NamedTuple):
    """A figure with its ends; all three are the same where none are given."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, row: Any) -> Ends:
        """Value, low and high of a row."""
        known = not math.isnan(row.low)
        return cls(row.value, row.low if known else row.value, row.high if known else row.value)


@frozen
class Plant:
    """One plant of a list, with the rows of it that tell what it is from a year on."""

    node: str
    """Node of nodes.csv that it makes, or '' of a cell."""
    country: str
    unit: str
    rows: tuple[Any, ...]
    table: str = "material_plant"


@frozen
class Output:
    """What plants of a node in one country make, by year [kt or GWh a year].

    there: whether any plant is known there by then, (year); standing: operating × utilisation, (year); supply: with
    what is delivered of what is to come, (value, low and high; year); lines: rows of the plants that say how large they
    are, by table; unknown: whether a plant that operates or comes has a capacity that nobody publishes.
    """

    there: NDArray[np.bool_]
    standing: Array
    supply: Array
    lines: dict[str, set[int]] = field(default_factory=dict)
    unknown: bool = False


@value_class
class State:
    """A plant in one year."""

    standing: Ends
    """Nameplate that operates."""
    coming: Ends
    """What is delivered of what plans add to it."""
    nameplate: float
    """The whole plant as announced."""
    owners: tuple[str, ...]
    families: tuple[str, ...]


def cell_plants(inputs: Inputs) -> list[Plant]:
    """Plants of cells of both lists, those of the next generation too; all in GWh/yr."""
    found: dict[tuple[str, ...], list[Any]] = {}
    for table in ("cell_plant", "next_gen_plant"):
        for row in inputs.rows(table):
            if table == "cell_plant" or row.item == "cell":
                family = getattr(row, "technology", "")
                found.setdefault((table, family, row.company, row.site, row.country), []).append(row)
    return [Plant("", key[-1], rows[0].unit, tuple(rows), key[0]) for key, rows in found.items()]


def material_plants(inputs: Inputs) -> list[Plant]:
    """Plants of materials, each by its node; those of cells are in `cell_plants`."""
    stages = inputs.by_code("nodes", "stage")
    rows = inputs.rows_by("material_plant", "node", "company", "country", "unit")
    return [
        Plant(node, country, unit, tuple(mine))
        for (node, _, country, unit), mine in rows.items()
        if stages[node] != "cell"
    ]


def state(plant: Plant, year: int, delivery: dict[str, Ends], undated: int) -> State | None:
    """A plant in a year, or None where nothing of it is there or known yet.

    undated: year from which plans without one count. What operates without a year stands from the start. Of what a row
    adds to the rows before it, the share of its status is delivered.
    """
    reached = [step for step in _steps(plant.rows, undated) if step.year <= year]
    if not reached:
        return None
    standing, coming = Ends(0.0, 0.0, 0.0), Ends(0.0, 0.0, 0.0)
    for step in reached:
        added = [more * share for more, share in zip(step.added, delivery[step.row.status], strict=True)]
        if step.row.status == OPERATING:
            standing = Ends(*map(sum, zip(standing, added, strict=True)))
        else:
            coming = Ends(*map(sum, zip(coming, added, strict=True)))
    last, nameplate = reached[-1].row, max(step.row.value for step in reached)
    return State(standing, coming, nameplate, tuple(split(last.owner)), families_of(last))


class _Step(NamedTuple):
    """What a row adds to the rows of a plant before it, from a year on: value, low and high, before delivery."""

    year: float
    row: Any
    added: Ends


def _steps(rows: Iterable[Any], undated: int) -> list[_Step]:
    """Rows of a plant that say how large it is, in the order of their years."""
    dated = sorted(
        ((_year(row, undated), row) for row in rows if not math.isnan(row.value) and row.status != CANCELLED),
        key=lambda pair: pair[0],
    )
    out, nameplate = [], 0.0
    for year, row in dated:
        out.append(_Step(year, row, Ends(*(max(end - nameplate, 0.0) for end in Ends.of(row)))))
        nameplate = max(nameplate, row.value)
    return out


def families_of(row: Any) -> tuple[str, ...]:
    """Families that a row of a plant of cells names."""
    return tuple(split(getattr(row, "chemistry", "") or getattr(row, "technology", "")))


def capacity(
    inputs: Inputs, plants: Iterable[Plant], years: Sequence[int], by: Sequence[str], undated: int
) -> pd.DataFrame:
    """Capacity of plants by year and any of node, country, owner, family and chemistry, in the unit of the plants.

    Columns: those of `by`, year, nameplate (all but what is cancelled), operating, value, low, high (what operates and
    what is delivered of the rest) and unit. A plant of several owners is theirs in equal parts. One that makes several
    families in shares nobody says counts in equal parts, not at all at the low end and whole at the high end of each;
    chemistry keeps them together, joined by ";".
    """
    import pandas as pd

    delivery = delivered(inputs)
    found: dict[tuple[Any, ...], list[float]] = {}
    for plant in plants:
        for year in years:
            now = state(plant, year, delivery, undated)
            if now is None:
                continue
            for family, parts in _families(now.families, "family" in by):
                for owner in now.owners if "owner" in by else ("",):
                    label = {"node": plant.node, "country": plant.country, "owner": owner, "family": family,
                             "chemistry": ";".join(now.families)}  # fmt: skip
                    key = (*(label[name] for name in by), year, plant.unit)
                    share = 1 / len(now.owners) if owner else 1.0
                    total = [stands + comes for stands, comes in zip(now.standing, now.coming, strict=True)]
                    mine = [now.nameplate * parts.value, now.standing.value * parts.value,
                            *(end * part for end, part in zip(total, parts, strict=True))]  # fmt: skip
                    sums = found.setdefault(key, [0.0] * len(mine))
                    found[key] = [before + share * more for before, more in zip(sums, mine, strict=True)]
    rows = [(*key[:-1], *sums, key[-1]) for key, sums in sorted(found.items())]
    return pd.DataFrame(rows, columns=[*by, "year", "nameplate", "operating", "value", "low", "high", "unit"])


def not_public(inputs: Inputs) -> pd.DataFrame:
    """Plants of cells whose capacity nobody publishes, by country and status: how many, column plants."""
    import pandas as pd

    rows = [(plant.country, row.status) for plant in cell_plants(inputs) for row in plant.rows if math.isnan(row.value)]
    return pd.DataFrame(rows, columns=["country", "status"]).value_counts().rename("plants").reset_index()


def delivered(inputs: Inputs) -> dict[str, Ends]:
    """Share of nameplate that is delivered, by status."""
    return {row.status: Ends.of(row) for row in inputs.rows("plant_delivery")}


def utilisation(inputs: Inputs, node: str, country: str) -> Ends:
    """Output over nameplate of plants of a node in a country: the newest of the most specific rows."""
    return Ends.of(utilisation_row(inputs, node, country))


def utilisation_row(inputs: Inputs, node: str, country: str) -> Any:
    """The row of that."""
    rows = inputs.rows_by("plant_utilisation", "node", "country")
    places = ((node, country), (node, ANY), (ANY, country), (ANY, ANY))
    return max(next(rows[place] for place in places if place in rows), key=lambda row: row.year)


def output_of_plants(
    inputs: Inputs, years: Sequence[int], undated: int = UNDATED, new_at_nameplate: bool = True
) -> dict[tuple[str, str], Output]:
    """What plants can make, by node and country: operating × utilisation, and what is delivered of what is to come.

    years: in their order; new_at_nameplate: what is delivered of new plants is output, as in the IEA's base case that
    plant_delivery is read from; else it is a plant, and is used as those that stand.
    Of sodium-ion cells and of all other cells the nodes are na_ion_cell and li_ion_cell. A plant in a unit that its
    node is not counted in is left out, as is what only an ambition, a pause or a cancelled plan would add.
    """
    units = {row.node: f"{row.unit}/yr" for row in inputs.rows("nodes")}
    delivery = {status: np.array(share) for status, share in delivered(inputs).items()}
    out, used, count = dict[tuple[str, str], Output](), dict[tuple[str, str], Array](), len(years)
    for plant in [*cell_plants(inputs), *material_plants(inputs)]:
        rows = [row for row in plant.rows if row.status not in NOT_COMING]
        steps = _steps(rows, undated)
        lines, unknown = [step.row.line for step in steps], any(math.isnan(row.value) for row in rows)
        nodes = [_node(plant, step.row) for step in steps]
        for node in dict.fromkeys([*nodes, *(_node(plant, row) for row in rows)]):
            place = node, plant.country
            if plant.unit != units.get(node):
                continue
            if place not in out:
                out[place] = Output(np.zeros(count, dtype=bool), np.zeros(count), np.zeros((3, count)))
                used[place] = np.array(utilisation(inputs, *place))
            out[place].lines.setdefault(plant.table, set()).update(lines)
            if unknown:
                out[place] = replace(out[place], unknown=True)
        # A step holds from its year to that of the next one, at the node that the plant makes by then.
        first = [bisect_left(years, step.year) for step in steps]
        stands, comes = np.zeros(3), np.zeros(3)
        for step, node, here in zip(steps, nodes, map(slice, first, [*first[1:], count]), strict=True):
            added = np.array(step.added) * delivery[step.row.status]
            stands, comes = (stands + added, comes) if step.row.status == OPERATING else (stands, comes + added)
            if plant.unit == units.get(node):
                made, share = out[node, plant.country], used[node, plant.country]
                made.there[here] = True
                made.standing[here] += stands[0] * share[0]
                made.supply[:, here] += (stands * share + comes * (1.0 if new_at_nameplate else share))[:, None]
    return out


def _node(plant: Plant, row: Any) -> str:
    """Node that a plant makes from a row on."""
    return plant.node or (SODIUM_CELL if SODIUM in families_of(row) else OTHER_CELL)


def supply_of_plants(
    inputs: Inputs, years: Sequence[int], undated: int = UNDATED, new_at_nameplate: bool = True
) -> pd.DataFrame:
    """`output_of_plants` as a table: node, country, year, operating (output of what stands), value, low, high, unit."""
    import pandas as pd

    units = {row.node: row.unit for row in inputs.rows("nodes")}
    table = [
        (*key, year, made.standing[y], *made.supply[:, y], units[key[0]])
        for key, made in sorted(output_of_plants(inputs, years, undated, new_at_nameplate).items())
        for y, year in enumerate(years) if made.there[y]
    ]  # fmt: skip
    return pd.DataFrame(table, columns=["node", "country", "year", "operating", "value", "low", "high", "unit"])


def observed_origin(inputs: Inputs, region: str) -> tuple[int, dict[str, Ends]] | None:
    """Newest origin of a region's cells: its year, and the share of each maker; None where none is known."""
    rows = inputs.rows_by("cell_origin", "region", "family").get((region, ANY), [])
    if not rows:
        return None
    newest = max(row.year for row in rows)
    return newest, {row.maker: Ends.of(row) for row in rows if row.year == newest}


def _year(row: Any, undated: int) -> float:
    """Year from which a row counts."""
    if not math.isnan(row.year):
        return float(row.year)
    return -math.inf if row.status == OPERATING else float(undated)


def _families(families: tuple[str, ...], apart: bool) -> list[tuple[str, Ends]]:
    """(family, share of a plant that is of it); the plant as a whole where they are not told apart."""
    if not apart:
        return [("", Ends(1.0, 1.0, 1.0))]
    alone = len(families) == 1
    return [(family, Ends(1 / len(families), float(alone), 1.0)) for family in families]
