"""Named plants that could fill what a disruption leaves missing."""

from __future__ import annotations

from typing import Any

from ...case.chokepoints import Chokepoints
from ...columns import Columns
from ...tables.inputs import Inputs
from ...tables.plants import CANCELLED, OPERATING

COLUMNS = ["node", "company", "country", "country_label", "owner", "start", "status", "value", "unit", "source"]


def gap_plants(chokepoints: Chokepoints, inputs: Inputs, gap: Columns) -> Columns:
    """Plants of the nodes of `supply_gap` that may come outside the countries of concern, by start: announced, or being
    built, and what they add to what operates there. What is cancelled is left out; what is paused or an ambition is
    told with that status, though no future counts on it. By place: the owner may have its seat in such a country."""
    concern = dict(zip(chokepoints.inputs.countries, chokepoints.inputs.concern, strict=True))
    labels = chokepoints.inputs.country_labels
    units = {node.node: f"{node.unit}/yr" for node in chokepoints.inputs.nodes}
    plants = inputs.rows_by("material_plant", "node", "company", "country")
    rows: list[tuple[Any, ...]] = []
    missing = set(gap["node"])
    for (node, company, country), found in plants.items():
        if node not in missing or concern.get(country, 0.0) > 0:
            continue
        before = 0.0
        for row in sorted(found, key=lambda row: (row.year, row.value)):
            if row.unit != units[node] or row.status == CANCELLED:
                continue
            if row.status != OPERATING and row.value > before:
                rows.append((
                    node, company, country, labels.get(country, country), row.owner, int(row.year), row.status,
                    float(row.value - before), units[node], row.source,
                ))  # fmt: skip
            before = max(before, float(row.value))
    order = [node.node for node in chokepoints.inputs.nodes]
    rows.sort(key=lambda row: (order.index(row[0]), row[5], row[1]))
    return Columns.from_rows(rows, COLUMNS)
