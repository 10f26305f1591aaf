"""What plants can make: capacity by place, owner, family and year, and supply from what stands and what is to come.

A row of a plant holds the whole plant from its year on. Nameplate is what companies say; of what a plan adds, a share
is delivered that depends on how far it is (plant_delivery.csv), and what stands is used in part
(plant_utilisation.csv). A plant whose capacity is not public is counted apart: it is unknown, and not nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import pandas as pd

from ..haste import frozen, value_class
from .check import split
from .codes import ANY
from .inputs import Inputs

OPERATING, CANCELLED = "operating", "cancelled"
#: Statuses of plants that no future counts on.
NOT_COMING = ("ambition", "paused", CANCELLED)
#: Families whose cells are not lithium-ion cells of today.
SODIUM = "Na-ion"


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
    return [Plant("", key[-1], rows[0].unit, tuple(rows)) for key, rows in found.items()]


def material_plants(inputs: Inputs) -> list[Plant]:
    """Plants of materials, each by its node; those of cells are in `cell_plants`."""
    stages = dict(zip(inputs["nodes"]["node"], inputs["nodes"]["stage"], strict=True))
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
    reached = sorted(
        ((_year(row, undated), row) for row in plant.rows if not math.isnan(row.value) and row.status != CANCELLED),
        key=lambda pair: pair[0],
    )
    reached = [pair for pair in reached if pair[0] <= year]
    if not reached:
        return None
    nameplate, standing, coming = 0.0, Ends(0.0, 0.0, 0.0), Ends(0.0, 0.0, 0.0)
    for _, row in reached:
        added = [
            max(end - nameplate, 0.0) * share for end, share in zip(Ends.of(row), delivery[row.status], strict=True)
        ]
        if row.status == OPERATING:
            standing = Ends(*map(sum, zip(standing, added, strict=True)))
        else:
            coming = Ends(*map(sum, zip(coming, added, strict=True)))
        nameplate = max(nameplate, row.value)
    last = reached[-1][1]
    families = split(getattr(last, "chemistry", "") or getattr(last, "technology", ""))
    return State(standing, coming, nameplate, tuple(split(last.owner)), tuple(families))


def capacity(
    inputs: Inputs, plants: Iterable[Plant], years: Sequence[int], by: Sequence[str], undated: int
) -> pd.DataFrame:
    """Capacity of plants by year and any of node, country, owner and family, in the unit of the plants.

    Columns: those of `by`, year, nameplate (all but what is cancelled), operating, value, low, high (what operates and
    what is delivered of the rest) and unit. A plant of several owners is theirs in equal parts. One that makes several
    families in shares nobody says counts in equal parts, not at all at the low end and whole at the high end of each.
    """
    delivery = delivered(inputs)
    found: dict[tuple[Any, ...], list[float]] = {}
    for plant in plants:
        for year in years:
            now = state(plant, year, delivery, undated)
            if now is None:
                continue
            for family, parts in _families(now.families, "family" in by):
                for owner in now.owners if "owner" in by else ("",):
                    label = {"node": plant.node, "country": plant.country, "owner": owner, "family": family}
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
    rows = [(plant.country, row.status) for plant in cell_plants(inputs) for row in plant.rows if math.isnan(row.value)]
    return pd.DataFrame(rows, columns=["country", "status"]).value_counts().rename("plants").reset_index()


def delivered(inputs: Inputs) -> dict[str, Ends]:
    """Share of nameplate that is delivered, by status."""
    return {row.status: Ends.of(row) for row in inputs.rows("plant_delivery")}


def utilisation(inputs: Inputs, node: str, country: str) -> Ends:
    """Output over nameplate of plants of a node in a country: the newest of the most specific rows."""
    rows = inputs.rows_by("plant_utilisation", "node", "country")
    places = ((node, country), (node, ANY), (ANY, country), (ANY, ANY))
    mine = next(rows[place] for place in places if place in rows)
    return Ends.of(max(mine, key=lambda row: row.year))


def supply_of_plants(inputs: Inputs, years: Sequence[int], undated: int, new_at_nameplate: bool = True) -> pd.DataFrame:
    """Supply that plants can give, by node, country and year [kt or GWh a year]: operating × utilisation, and what is
    delivered of what is to come.

    new_at_nameplate: what is delivered of new plants is output, as in the IEA's base case that plant_delivery is read
    from; else it is a plant, and is used as those that stand.
    Columns: node, country, year, operating (output of what stands), value, low, high, unit. Of sodium-ion cells and of
    all other cells the nodes are na_ion_cell and li_ion_cell. A plant in a unit that its node is not counted in is left
    out, as is what only an ambition, a pause or a cancelled plan would add.
    """
    delivery, nodes = delivered(inputs), inputs["nodes"].set_index("node")["unit"]
    found: dict[tuple[str, str, int], list[float]] = {}
    for plant in [*cell_plants(inputs), *material_plants(inputs)]:
        rows = tuple(row for row in plant.rows if row.status not in NOT_COMING)
        for year in years:
            now = state(Plant(plant.node, plant.country, plant.unit, rows), year, delivery, undated)
            if now is None:
                continue
            node = plant.node or ("na_ion_cell" if SODIUM in now.families else "li_ion_cell")
            if plant.unit != f"{nodes.get(node)}/yr":
                continue
            used = utilisation(inputs, node, plant.country)
            stands = [size * share for size, share in zip(now.standing, used, strict=True)]
            part = Ends(1.0, 1.0, 1.0) if new_at_nameplate else used
            comes = [size * share for size, share in zip(now.coming, part, strict=True)]
            mine = [stands[0], *(made + more for made, more in zip(stands, comes, strict=True))]
            sums = found.setdefault((node, plant.country, year), [0.0] * len(mine))
            found[node, plant.country, year] = [before + more for before, more in zip(sums, mine, strict=True)]
    table = [(*key, *sums, nodes[key[0]]) for key, sums in sorted(found.items())]
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
