"""What a stop costs by how long it lasts and what is in stock, and the stock that halves it."""

from __future__ import annotations

from typing import Any

from ...case.lengths import LENGTHS, lengths
from ...case.played import Library
from ...columns import Columns


def by_length(library: Library) -> dict[str, Columns]:
    """Tables loss_by_length and months_that_halve, of all disruptions of a run in the last year."""
    chokepoints, rows, halves = library.chokepoints, list[tuple[Any, ...]](), list[tuple[Any, ...]]()
    last = chokepoints.years[-1]
    for each in lengths(library):
        head = each.scenario, chokepoints.name_of(each.regions)
        for e, event in enumerate(each.events):
            for place, months in enumerate(LENGTHS):
                planned, at_home = each.planned[place].tolist()
                for stock, (lost, industry) in zip(each.stocks, each.lost[place, :, e].tolist(), strict=True):
                    rows.append((
                        *head, event.disruption, event.label, last, months, stock, planned, at_home, lost, industry,
                        lost / planned if planned else 0.0, "GWh",
                    ))  # fmt: skip
            halves.append((*head, event.disruption, event.label, last, float(each.halve[e]), "months"))
    where = ["scenario", "region", "disruption", "label", "year"]
    columns = [*where, "months", "stock_months", "planned", "made_at_home", "lost", "industry", "share", "unit"]
    return {
        "loss_by_length": Columns.from_rows(rows, columns),
        "months_that_halve": Columns.from_rows(halves, [*where, "value", "unit"]),
    }
