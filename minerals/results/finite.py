"""No result holds a number that is none: every table is looked at before it is told or written."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from ..errors import InputError, Problem
from ..tables.inputs import UsedRows

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
#: Kinds of columns of numbers, as numpy names them.
NUMBERS = "iuf"
#: An input this many powers of ten away from one is likely to be why a number overflows.
FAR = 12


def refuse_unfit(tables: Mapping[str, pd.DataFrame], *used: UsedRows) -> None:
    """Refuse tables with a number that is infinite, or empty where EMPTY does not say that it may be.

    used: rows that the run rests on. Raises InputError with the first such column of each table, and
    its first place.
    """
    problems = [
        Problem(f"table {name}", 0, f"{column} = {value} ({place})", f"is no number that can be told; {_why(used)}")
        for name, frame in tables.items()
        for column, value, place in _unfit(name, frame)[:1]
    ]
    if problems:
        raise InputError(problems)


def _unfit(name: str, frame: pd.DataFrame) -> list[tuple[str, str, str]]:
    """(column, value, place) of the first unfit number of each column, that of `value` first."""
    out = []
    for column in (name for name, dtype in frame.dtypes.items() if dtype.kind in NUMBERS):
        cells = frame[column]
        values = cells.to_numpy() if isinstance(cells.dtype, np.dtype) else cells.to_numpy(dtype=float, na_value=np.nan)
        wrong = ~np.isfinite(values)
        if wrong.any() and (name in AS_READ or column in EMPTY.get(name, ())):
            wrong = np.isinf(values)
        if wrong.any():
            row = frame.iloc[int(wrong.argmax())]
            where = ", ".join(str(row[part]) for part in PLACES if part in frame and str(row[part]) not in ("", "nan"))
            out.append((column, str(values[wrong.argmax()]), where or f"row {int(wrong.argmax()) + 1}"))
    return sorted(out, key=lambda found: found[0] != "value")


def _why(used: Sequence[UsedRows]) -> str:
    """The input that is likely to be at fault: the one farthest from 1."""
    if parts := [rows.frame[["file", "line", "value"]] for rows in used if len(rows)]:
        inputs = pd.concat(parts, ignore_index=True)
        size = inputs["value"].astype(float).abs()
        away = size.where(size > 0).map(math.log10, na_action="ignore").abs()
        if away.max() > FAR:
            row = inputs.loc[away.idxmax()]
            place = f"{row['file']}:{int(row['line'])}" if row["line"] else row["file"]
            return f"{place} has value = {row['value']:g}, which is likely why; correct it"
    return "a number among the inputs or in the run file is far too large or too small; correct it"
