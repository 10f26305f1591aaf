"""Masses of minerals in other units: tonnes, or tonnes of a compound that holds them, as lithium carbonate."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from ..cells.formula import mass_fractions, parse
from ..errors import UsageError, did_you_mean, listed
from ..shipped import inputs_folder
from ..tables.inputs import read_inputs
from ..units import UNITS
from .result import Result

if TYPE_CHECKING:
    import pandas as pd

#: Unit of masses in results.
KT = "kt"
#: Compounds by the names that markets give them.
NAMES = {"LCE": "Li2CO3", "LHM": "LiOHH2O"}
#: How a basis begins that is the mass of an element itself, of which a compound holds a part.
CONTAINED = "contained "


def factors(unit: str, minerals: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """What 1 kt of each mineral is in a unit, of those that it can be told in.

    unit: of mass, as "t"; with a compound behind it, by name or formula, as "kt LCE" or "t CoSO4(H2O)7", it is of the
    mineral that the compound is made for. minerals: symbol and basis of each by its code, as a record has them. Molar
    masses are of the standard atomic weights (atomic_weight.csv). Raises UsageError for no such unit or compound.
    """
    mass, _, compound = unit.strip().partition(" ")
    known = UNITS["mass"][1]
    if mass not in known:
        near = did_you_mean(mass, known) or f" (units: {listed(list(known))})"
        raise UsageError(f"no unit of mass {mass!r}{near}; a compound stands behind one, as in 'kt LCE'")
    if not compound:
        return dict.fromkeys(minerals, 1 / known[mass])
    try:
        counts = parse(NAMES.get(compound, compound))
        parts = mass_fractions(counts, _weights())
    except ValueError as error:
        raise UsageError(f"{compound!r} cannot be weighed: {error}; expected {listed(list(NAMES))}, or a formula such "
                         "as CoSO4(H2O)7") from None  # fmt: skip
    # Of the first of its elements that is counted: cobalt sulphate is of cobalt, not of sulfur.
    of = {about["symbol"]: code for code, about in minerals.items() if str(about["basis"]).startswith(CONTAINED)}
    symbol = next((element for element in counts if element in of), None)
    if symbol is None:
        raise UsageError(f"{compound} holds none of {listed([minerals[code]['label'] for code in of.values()], 20)}")
    return {of[symbol]: 1 / (known[mass] * parts[symbol])}


def in_unit(table: pd.DataFrame, unit: str, result: Result) -> pd.DataFrame:
    """A table of `compare` or `side_by_side` with its masses in another unit, without the minerals that it has not.

    Raises UsageError.
    """
    if unit == KT:
        return table
    by = factors(unit, result.record["codes"]["mineral"])
    masses, column = table["unit"] == KT, table["mineral" if "mineral" in table else "name"]
    table = table[~masses | column.isin(by)].copy()
    factor = column.map(by).where(masses, 1.0)
    for name in ("value", "low", "high"):
        table[name] = table[name] * factor
    return table.assign(unit=table["unit"].replace(KT, unit))


@cache
def _weights() -> dict[str, float]:
    frame = read_inputs(inputs_folder())["atomic_weight"]
    return dict(zip(frame["element"], frame["value"], strict=True))
