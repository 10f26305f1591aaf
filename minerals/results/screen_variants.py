"""The mixes of a run side by side as lines of text: origin, families, minerals, losses and cost."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from ..numbers import number, signed_percent
from ..tables.codes import WEIGHTED
from ..text import MARK
from .result import Result
from .screen import LEAST, fitted
from .screen_mix import SMALL

#: Minerals whose demand is told, those of the report.
MINERALS = ("graphite", "lithium", "nickel", "cobalt")
#: Set of weights by which disruptions count in the mean that is told; the table has all.
WEIGHTS = "equal"
#: Parts of the cost, and what they are called.
COST = {
    "paid": "paid by buyers", "duties": "of it duties", "credits": "credits beside it",
    "all": "less duties, with credits",
}  # fmt: skip
#: A part of the cost below this is none [million USD_2025].
NO_MONEY = 0.5


def variants(result: Result, width: int) -> list[str]:
    """Nothing where the run has one mix."""
    if "mix_variant" not in result.tables:
        return []
    table = result["mix_variant"]
    table = table.assign(item=table["item"].fillna(""))
    first, last = int(table["first"].min()), int(table["last"].max())
    head = [f"Mixes side by side, {first}–{last}", *table.drop_duplicates("scenario")["label"]]
    blocks = {
        "Made at home": _made(table),
        f"Of batteries, {last}": _families(table),
        f"Demand, {last}, kt": _needs(result, table),
        "GWh lost": _losses(result, table, "lost"),
        "GWh of cells made at home lost": _losses(result, table, "own_cells_lost"),
        "Billion USD_2025": _costs(table),
    }
    rows = []
    for title, found in blocks.items():
        if mine := [[f"  {name}", *cells] for name, cells in found]:
            rows += [[title, *[""] * (len(head) - 1)], *mine]
    lines = fitted(head, rows, width)
    if any(MARK in row[0] for row in rows):
        lines.append(f"{MARK} Not in force: suspended, announced or hypothetical.")
    return lines


#: A line: its title and a cell for each mix.
Line = tuple[str, list[str]]


def _values(table: pd.DataFrame, measure: str) -> Iterator[tuple[str, int, int, pd.DataFrame]]:
    """Item, first and last year, and rows of all mixes of a measure."""
    mine = table[table["measure"] == measure]
    for (item, first, last), rows in mine.groupby(["item", "first", "last"], sort=False):
        yield str(item), int(first), int(last), rows


def _made(table: pd.DataFrame) -> Iterator[Line]:
    """Share of cells made at home."""
    for _, first, last, rows in _values(table, "made_at_home"):
        yield str(first) if first == last else f"{first}–{last}", [f"{share:.0%}" for share in rows["value"]]


def _families(table: pd.DataFrame) -> Iterator[Line]:
    """Share of each family in the last year."""
    for family, _, last, rows in _values(table, "family_share"):
        if last == table["last"].max() and rows["value"].max() >= SMALL:
            yield family, [f"{share:.1%}" for share in rows["value"]]


def _needs(result: Result, table: pd.DataFrame) -> Iterator[Line]:
    """Demand of some minerals in the last year, the first mix in kt and the others beside it."""
    end, labels = table["last"].max(), result.record["codes"]["mineral"]
    for mineral, _, last, rows in _values(table, "demand"):
        if last == end and mineral in MINERALS and rows["value"].iloc[0]:
            cells = [number(rows["value"].iloc[0]), *map(signed_percent, rows["change"].iloc[1:])]
            yield str(labels[mineral]["label"]), cells


def _losses(result: Result, table: pd.DataFrame, measure: str) -> Iterator[Line]:
    """What is lost under each disruption that costs any mix something, and on average."""
    labels = {row.disruption: f"{row.label}{'' if row.status == 'in_force' else MARK}"
              for row in result["mix_loss"].itertuples()}  # fmt: skip
    for name, _, _, rows in _values(table, measure):
        if rows["value"].max() >= LEAST:
            yield labels[name], [_gwh(gwh) for gwh in rows["value"]]
    for name, _, _, rows in _values(table, f"mean_{measure}"):
        if name == WEIGHTS and rows["value"].max() >= LEAST:
            yield f"on average, {WEIGHTED[name]}", [_gwh(gwh) for gwh in rows["value"]]


def _costs(table: pd.DataFrame) -> Iterator[Line]:
    """Billion USD, without parts that no mix has."""
    for part, _, _, rows in _values(table, "cost"):
        if rows["value"].abs().max() >= NO_MONEY:
            yield COST[part], [number(value / 1000) for value in rows["value"]]


def _gwh(value: float) -> str:
    """GWh lost; less than a tenth is none."""
    return number(value if value >= LEAST else 0.0)
