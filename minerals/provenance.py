"""How a resolved value is made of table rows: a weighted sum of rows, or a row times the ratio of two others.

    market_share.csv:41                                        the row as it stands
    market_share.csv:41@4/6 + market_share.csv:88@2/6          linear between two given years
    mineral_intensity.csv:9 * mineral_intensity.csv:80 / mineral_intensity.csv:70      a blend by another's ratio
    market_share.csv:41 * change:3                             a row scaled by the run file
    battery_demand.csv:9 + battery_demand.csv:9 * region_part.csv:3@-1/1      what a share of a region leaves
    change:4 + market_share.csv:7@0/1                          a row of the run file, and one that stands behind it

A row is named `file:line`; a share changed by a run file is `change:N`, the N-th such row of inputs_used. The text form
stands in result tables, and a value can be computed again from it. A term of weight zero adds nothing: its rows stand
behind another row, such as the observed shares that a curve was fitted to.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import cache
from typing import NamedTuple

from .haste import value_class

ONE = Fraction(1)
#: How the names of rows begin that a run file adds.
CHANGE = "change:"
#: Name of a row.
NAME = re.compile(r"[^\s@]+:\d+")


class Term(NamedTuple):
    """weight × product of `over` ÷ product of `under`, each a tuple of row names."""

    weight: Fraction
    over: tuple[str, ...]
    under: tuple[str, ...] = ()

    def __str__(self) -> str:
        text = " / ".join([" * ".join(self.over), *self.under])
        return text if self.weight == 1 else f"{text}@{self.weight.numerator}/{self.weight.denominator}"


@value_class
class Rows:
    """A sum of terms. The empty sum is the zero of a label that has no row."""

    terms: tuple[Term, ...] = ()

    @classmethod
    def row(cls, name: str) -> Rows:
        """The row as it stands."""
        return cls((Term(ONE, (name,)),))

    @classmethod
    def parse(cls, text: str) -> Rows:
        """Rows from their text form. Raises ValueError where it is not one."""
        terms = []
        for part in text.split(" + ") if text else ():
            names, _, weight = part.partition("@")
            over, *under = names.split(" / ")
            terms.append(Term(_fraction(weight), tuple(over.split(" * ")), tuple(under)))
        return cls(tuple(terms))

    def scaled(self, weight: Fraction) -> Rows:
        """Every term times a weight."""
        # Most rows stand as they are, and a product of fractions takes ten times as long as the rest.
        return Rows(
            tuple(
                Term(weight if term.weight == 1 else term.weight * weight, term.over, term.under) for term in self.terms
            )
        )

    def times(self, row: str) -> Rows:
        """Every term times a row."""
        return Rows(tuple(Term(term.weight, (*term.over, row), term.under) for term in self.terms))

    def __mul__(self, other: Rows) -> Rows:
        """The product of two sums."""
        return Rows(
            tuple(
                Term(one.weight * two.weight, one.over + two.over, one.under + two.under)
                for one in self.terms
                for two in other.terms
            )
        )

    def behind(self) -> Rows:
        """The same rows as what another row was found from: they add nothing to a value."""
        return Rows(tuple(Term(Fraction(0), (name,)) for name in self.names()))

    def only_behind(self) -> set[str]:
        """Rows that stand in terms of weight zero alone."""
        counted = {name for term in self.terms if term.weight for name in (*term.over, *term.under)}
        return set(self.names()) - counted

    def scales(self) -> set[str]:
        """Rows of the run file that scale another one."""
        return {name for term in self.terms for name in term.over[1:] if name.startswith(CHANGE)}

    def __add__(self, other: Rows) -> Rows:
        return Rows(self.terms + other.terms)

    def times_ratio(self, over: Rows, under: Rows) -> Rows:
        """These rows × others ÷ a single row. Raises ValueError where that is not a single row."""
        (base,) = under.terms
        return Rows(tuple(Term(term.weight, term.over, term.under + base.over) for term in (self * over).terms))

    def names(self) -> list[str]:
        """Every row named, in order, once."""
        return list(dict.fromkeys(name for term in self.terms for name in (*term.over, *term.under)))

    def value(self, of: Callable[[str], float]) -> float:
        """The value again, from the values of the rows."""
        total = 0.0
        for term in self.terms:
            part = float(term.weight.numerator)
            for name in term.over:
                part *= of(name)
            for name in term.under:
                part /= of(name)
            total += part / term.weight.denominator
        return total

    def __str__(self) -> str:
        return " + ".join(map(str, self.terms))


def names_in(texts: Iterable[str]) -> set[str]:
    """Every row that texts of rows name, without parsing their sums."""
    return set(NAME.findall("\n".join(texts)))


@cache
def _fraction(text: str) -> Fraction:
    """A weight from its text form, 1 where there is none. Raises ValueError where it is not one."""
    return Fraction(text or 1)
