"""What the world makes and needs of each node: the supply behind a run's exposure, each number with its rows."""

from __future__ import annotations

from math import isnan, nan
from typing import Any

import numpy as np

from ...case.chokepoints import Chokepoints
from ...case.played import stops_of
from ...columns import Columns
from ...tables.codes import ENERGY


def supply(chokepoints: Chokepoints) -> Columns:
    """What each country makes of each node and exports after its home is served, without a disruption.

    home: customer it belongs to; share: of all that is made; added: by plants, what is delivered of announced ones, and
    what those that stand make above the share; rows: those of the share without them. value = share by the rows ×
    battery_supply + added. Of a node whose supply is not known, the shares alone.
    """
    inputs, future = chokepoints.inputs, chokepoints.config.future
    homes = [chokepoints.home(k) for k in range(len(inputs.countries))]
    rows: list[tuple[Any, ...]] = []
    for y, calendar in enumerate(chokepoints.years):
        made, exported = chokepoints.supply[y].made, chokepoints.supply[y].undisturbed.exported
        known = np.nan_to_num(inputs.share[:, :, y])
        shares = known / np.where(known.sum(axis=1, keepdims=True) > 0, known.sum(axis=1, keepdims=True), 1.0)
        world = made.sum(axis=1, keepdims=True)
        shares = np.where(np.isfinite(world), np.divide(made, world, out=shares.copy(), where=world > 0), shares)
        some = np.nonzero(shares > 0)
        numbers = zip(
            *(each[some].tolist() for each in (shares, made, exported, chokepoints.known[y].added)), strict=True
        )
        for n, k, cells in zip(*(at.tolist() for at in some), numbers, strict=True):
            node, country = inputs.nodes[n], inputs.countries[k]
            by_plants = chokepoints.known[y].fill[n] == "plants"
            behind = "" if by_plants else inputs.share_rows.get((node.node, calendar), {}).get(country, "")
            label = inputs.country_labels[country]
            rows.append((future, node.node, country, label, homes[k], calendar, *cells, node.unit, str(behind)))
    columns = [
        "future",
        "node",
        "country",
        "country_label",
        "home",
        "year",
        "share",
        "value",
        "exported",
        "added",
        "unit",
        "rows",
    ]
    return Columns.from_rows(rows, columns)


def supply_cut(chokepoints: Chokepoints) -> Columns:
    """What a disruption leaves of what a country could make, makes and exports, where it changes any of it.

    value: what its plants could make; made: what they make with the inputs that the disruption leaves them; exported:
    of that, after the home is served.
    """
    inputs = chokepoints.inputs
    rows: list[tuple[Any, ...]] = []
    for y, calendar in enumerate(chokepoints.years):
        begun = [event for event in inputs.events if calendar >= event.start]
        cuts, after = chokepoints.traded(y, stops_of(begun))
        supply, some = chokepoints.supply[y], slice(len(begun))
        could, before = np.nan_to_num(supply.made), np.nan_to_num(supply.undisturbed.exported)
        left = could * (1 - cuts.output[some])
        made, exported = np.nan_to_num(after.made[some]), np.nan_to_num(after.exported[some])
        where = np.nonzero((before != exported) | (left != could) | (made != could))
        numbers = zip(*(each[where].tolist() for each in (left, made, exported)), strict=True)
        for place, n, k, cells in zip(*(at.tolist() for at in where), numbers, strict=True):
            node = inputs.nodes[n]
            rows.append((begun[place].disruption, node.node, inputs.countries[k], calendar, *cells, node.unit))
    order = {event.disruption: place for place, event in enumerate(inputs.events)}
    rows.sort(key=lambda row: order[row[0]])
    columns = ["disruption", "node", "country", "year", "value", "made", "exported", "unit"]
    return Columns.from_rows(rows, columns)


def battery_supply(chokepoints: Chokepoints) -> Columns:
    """World supply of each node that batteries can have, before plants are added: published, or what plants make where
    their list is whole, or the need of the reference world ÷ utilisation."""
    inputs = chokepoints.inputs
    rows: list[tuple[Any, ...]] = []
    for y, calendar in enumerate(chokepoints.years):
        needed = chokepoints.supply[y].need.sum(axis=1)
        for n, node in enumerate(inputs.nodes):
            value, fill = float(chokepoints.known[y].world[n]), chokepoints.known[y].fill[n]
            if np.isnan(value):
                continue
            rows.append((
                chokepoints.config.future, node.node, calendar, needed[n], inputs.utilisation[n], value, node.unit,
                fill, str(inputs.supply_rows[node.node][y]),
            ))  # fmt: skip
    columns = ["future", "node", "year", "need", "utilisation", "value", "unit", "fill", "rows"]
    return Columns.from_rows(rows, columns)


def reference_need(chokepoints: Chokepoints) -> Columns:
    """Need of the reference world by customer, less what it recovers; gross: with it, the weights of the pool."""
    rows = [
        (node.node, customer, calendar, need, gross, node.unit)
        for supply, calendar in zip(chokepoints.supply, chokepoints.years, strict=True)
        for node, *of_node in zip(chokepoints.inputs.nodes, supply.need.tolist(), supply.gross.tolist(), strict=True)
        for customer, need, gross in zip(chokepoints.customers, *of_node, strict=True)
    ]
    return Columns.from_rows(rows, ["node", "region", "year", "value", "gross", "unit"])


def node_use(chokepoints: Chokepoints) -> Columns:
    """What a node makes per mass of a mineral in the cell, or per energy; with chemistry '' for all with the mineral.

    Use of a node per GWh = Σ of its rows, value × intensity of `per` × share of the route, or value per `energy`; of
    rows with one label in `together`, a column where there are any, only the largest counts.
    """
    rows: list[tuple[Any, ...]] = []
    labels: list[str] = []
    bases = list(dict.fromkeys(base for base, _ in chokepoints.resolved.chemistries.labels))
    for node in chokepoints.inputs.nodes:
        for (mineral, route, per_kg), behind in zip(node.products, node.product_rows, strict=True):
            rows.append((node.node, "", mineral, route, per_kg, "kg/kg", str(behind)))
        labels += node.together
        for base in bases:
            if base in node.uses:
                per, amount = node.uses[base]
                unit = f"{node.unit}/GWh" if per == ENERGY else "kg/kg"
                rows.append((node.node, base, per, "", amount, unit, str(node.use_rows[base])))
                labels.append("")
    table = Columns.from_rows(rows, ["node", "chemistry", "per", "route", "value", "unit", "rows"])
    return table.assign(together=labels) if any(labels) else table


def node_chain(chokepoints: Chokepoints) -> Columns:
    """Share of a chemistry's use of a node that goes into another one; the rest goes into its cells as it is."""
    chain, nodes = chokepoints.chain, [node.node for node in chokepoints.inputs.nodes]
    bases = [base for base, _ in chokepoints.resolved.chemistries.labels]
    found: dict[tuple[str, str, str], float] = {}
    for c, n, d in zip(*np.nonzero(chain.into), strict=True):
        found[nodes[n], bases[c], nodes[d]] = float(chain.into[c, n, d])
    rows = [(*key, value, "1") for key, value in found.items()]
    return Columns.from_rows(rows, ["node", "chemistry", "into", "value", "unit"])


#: Source of the blocs of cell capacity, and the bloc that holds two of the others.
BLOCS_OF = "carnegie-2026"
OECD, OECD_PARTS = "R_OECD", ("USA", "R_EUR")


def cell_capacity(chokepoints: Chokepoints) -> Columns:
    """Capacity, production and demand of cells by country as published [GWh/yr]."""
    columns = ["country", "measure", "year", "value", "low", "high", "unit", "source"]
    rows = [row for row in chokepoints.inputs.cell_capacity.rows(*columns) if BLOCS_OF in row[-1]]
    # Blocs overlap and sources differ: the blocs of the report alone, and of the OECD what its parts leave.
    found = {row[:3]: row[3:6] for row in rows}
    labels = {**chokepoints.inputs.country_labels, OECD: "Other OECD countries", "R_EMDE": "Emerging economies"}
    out = []
    for country, *when, value, low, high, unit, source in rows:
        ends = [float(value), float(low), float(high)]
        for part in OECD_PARTS if country == OECD else ():
            inside = found.get((part, *when), (0.0, 0.0, 0.0))
            ends = [end - (inside[0] if isnan(less) else less) for end, less in zip(ends, inside, strict=True)]
        out.append((country, labels.get(country, nan), *when, *ends, unit, source))
    return Columns.from_rows(out, [columns[0], "label", *columns[1:]])


def world_supply(chokepoints: Chokepoints) -> Columns:
    """What the world makes (value, empty where nobody knows) and needs of each node, by year [kt or GWh]."""
    return Columns.from_rows(
        [
            (node.node, year, float(supply.made[n].sum()), float(supply.need[n].sum()))
            for year, supply in zip(chokepoints.years, chokepoints.supply, strict=True)
            for n, node in enumerate(chokepoints.inputs.nodes)
        ],
        ["node", "year", "value", "need"],
    )
