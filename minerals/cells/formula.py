"""Chemical formulas: elements per formula unit, molar mass and mass fractions.

Formulas are written as usual, with brackets and with decimals or fractions as counts: LiNi0.8Mn0.1Co0.1O2,
LiNi1/3Mn1/3Co1/3O2, Na2Fe[Fe(CN)6], Na4Fe3(PO4)2P2O7.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

#: Charge of a mole of electrons in mAh: the Faraday constant, 96485.33212 C/mol (CODATA 2018, exact), ÷ 3.6.
FARADAY = 96485.33212 / 3.6

_TOKEN = re.compile(r"([A-Z][a-z]?)|([(\[{])|([)\]}])|(\d+(?:\.\d+)?(?:/\d+)?)|(.)")
_CLOSES = {"(": ")", "[": "]", "{": "}"}


def parse(formula: str) -> dict[str, float]:
    """Elements and their counts. Raises ValueError saying what cannot be read."""
    stack: list[tuple[str, dict[str, float]]] = [("", {})]
    last: dict[str, float] = {}
    for element, opening, closing, count, other in _TOKEN.findall(formula):
        here = stack[-1][1]
        if other or (count and not last):
            raise ValueError(f"cannot read {other or count!r} in {formula!r}")
        if count:
            for name, number in last.items():
                here[name] += number * (_number(count) - 1)
            last = {}
        elif element:
            here[element] = here.get(element, 0.0) + 1.0
            last = {element: 1.0}
        elif opening:
            stack.append((_CLOSES[opening], {}))
            last = {}
        else:
            closes, inner = stack.pop()
            if closes != closing or not stack:
                raise ValueError(f"{closing!r} closes nothing in {formula!r}")
            for name, number in inner.items():
                stack[-1][1][name] = stack[-1][1].get(name, 0.0) + number
            last = inner
    if len(stack) > 1:
        raise ValueError(f"{stack[-1][0]!r} is missing in {formula!r}")
    if not stack[0][1]:
        raise ValueError("an empty formula")
    return stack[0][1]


def molar_mass(counts: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """Molar mass [g/mol]. Raises ValueError for an element without a weight."""
    if unknown := sorted(set(counts) - set(weights)):
        raise ValueError(f"no atomic weight of {', '.join(unknown)}")
    return sum(number * weights[element] for element, number in counts.items())


def mass_fractions(counts: Mapping[str, float], weights: Mapping[str, float]) -> dict[str, float]:
    """Mass of each element per mass of the compound; they add up to one."""
    whole = molar_mass(counts, weights)
    return {element: number * weights[element] / whole for element, number in counts.items()}


def theoretical_capacity(counts: Mapping[str, float], ions: float, weights: Mapping[str, float]) -> float:
    """Capacity [mAh/g] if a formula unit exchanges `ions` single charges: ions · F / M."""
    return ions * FARADAY / molar_mass(counts, weights)


def _number(text: str) -> float:
    over, _, under = text.partition("/")
    return float(over) / float(under or 1)
