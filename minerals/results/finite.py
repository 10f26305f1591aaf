"""No result holds a number that is none: every table is looked at before it is told or written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log10
from typing import TYPE_CHECKING

import numpy as np

from ..columns import Columns, Frames
from ..errors import InputError, Problem
from ..tables.inputs import UsedRows

if TYPE_CHECKING:
    import pandas as pd

#: Ends of what is spent on each part of a plan.
SPENT_ENDS = tuple(f"{part}_cost_{end}" for part in ("mix", "stock", "plants", "recycling") for end in ("low", "high"))
#: Columns in which an empty cell says something, by table: that nothing is known, was published or is asked for.
EMPTY: dict[str, tuple[str, ...]] = {
    "announced_capacity": ("low", "high"),
    "backcast": ("target", "amount", "marginal"),
    "backcast_family": ("target", "low", "high"),
    "battery_supply": ("low", "high"),
    "cell_capacity": ("low", "high"),
    "cell_materials": ("price", "value", "low", "high"),
    "concentration": ("value", "low", "high"),
    "diffusion": ("rmse",),
    "disruptions": ("first_year_below", "vehicles"),
    "drop_in": ("low", "high"),
    "exposure": ("silicon", "low", "high"),
    "frontier": ("marginal", "marginal_low", "marginal_high"),
    "learning_rate": ("r2",),
    "measures": ("per_billion", "marginal_cost", *SPENT_ENDS),
    "measures_worth": ("per_billion", *SPENT_ENDS),
    "mix_family": ("low", "high"),
    "mix_baseline": ("cost_share",),
    "mix_frontier": ("marginal", "marginal_low", "marginal_high"),
    "mix_range": ("low", "high"),
    "mix_rule": ("limit",),
    "mix_variant": ("change",),
    "months_that_halve": ("value",),
    "next_gen_plants": ("year", "value", "low", "high"),
    "percentiles": ("p5_independent", "p95_independent"),
    "price_points": ("low", "high", "cumulative", "needs"),
    "robust_share": ("low", "high"),
    "supply": ("value", "exported"),
    "trade_rules": ("value", "limit", "low", "high"),
}
#: Tables of rows as they were read, whose empty cells are those of the inputs.
AS_READ = ("inputs_used", "sources_used")
#: Columns that say where a number stands.
PLACES = ("scenario", "region", "segment", "chemistry", "mineral", "node", "disruption", "family", "measure", "year")
#: An input this many powers of ten away from one is likely to be why a number overflows.
FAR = 12


def refuse_unfit(tables: Mapping[str, Columns | pd.DataFrame], *used: UsedRows) -> None:
    """Refuse tables with a number that is infinite, or empty where EMPTY does not say that it may be.

    used: rows that the run rests on. Raises InputError with the first such column of each table, and
    its first place.
    """
    problems = [
        Problem(f"table {name}", 0, f"{column} = {value} ({place})", f"is no number that can be told; {_why(used)}")
        for of in [Frames(tables)]
        for name in of
        for column, value, place in _unfit(name, of.columns(name))[:1]
    ]
    if problems:
        raise InputError(problems)


def _unfit(name: str, table: Columns) -> list[tuple[str, str, str]]:
    """(column, value, place) of the first unfit number of each column, that of `value` first."""
    out = []
    for column in table:
        values = table.numbers(column)
        if values is None:
            continue
        wrong = ~np.isfinite(values)
        if wrong.any() and (name in AS_READ or column in EMPTY.get(name, ())):
            wrong = np.isinf(values)
        if wrong.any():
            row = int(wrong.argmax())
            parts = [str(table[part][row]) for part in PLACES if part in table]
            where = ", ".join(part for part in parts if part not in ("", "nan", "None"))
            out.append((column, str(values[row]), where or f"row {row + 1}"))
    return sorted(out, key=lambda found: found[0] != "value")


def _why(used: Sequence[UsedRows]) -> str:
    """The input that is likely to be at fault: the one farthest from 1."""
    rows = [row for each in used for row in each.table.rows("file", "line", "value")]
    away = [abs(log10(abs(value))) if value and value == value else 0.0 for _, _, value in rows]
    if away and max(away) > FAR:
        file, line, value = rows[away.index(max(away))]
        place = f"{file}:{int(line)}" if line else file
        return f"{place} has value = {value:g}, which is likely why; correct it"
    return "a number among the inputs or in the run file is far too large or too small; correct it"
