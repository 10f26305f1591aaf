"""The record of a family of constraints, in the file of its equations: its key, its words, its way out, its rank.

Each module of `constraints` exports one as `FAMILY`, and `objective.py` one for the caps on objectives. Nothing else
knows a family by its name. `families.py` collects the records, and whoever tells of limits reads them there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from enum import Enum
from typing import Any, Literal

from ..haste import frozen, value_class
from ..text import product
from .data import Key, Node

#: Suppliers that are not told apart: what a source leaves after the countries it names, and those that deliver little.
OTHER_COUNTRIES = "other countries"
#: Stands for the name in the words of a limit.
EACH = "{}"
#: Rank of a limit that is given none.
UNRANKED = 100


class Kind(Enum):
    """Who sets a limit. Limits of one kind are told together."""

    CAP = "a cap that the run puts on an objective"
    RULE = "what the run asks of the mix"
    SUPPLY = "what the world makes"
    RECOVERY = "what comes back"
    FITNESS = "what batteries must be able to do"
    PACE = "how fast things may change"
    DEMAND = "that all demand is met"


#: Kinds in the order in which limits are told that contradict each other: what the run asks for, what the world makes,
#: what holds in any run. Of limits that would do alike, those of an earlier group are told.
IN_CONFLICT = (
    (Kind.RULE, Kind.CAP),
    (Kind.SUPPLY, Kind.RECOVERY),
    (Kind.FITNESS, Kind.PACE, Kind.DEMAND),
)
#: Kinds in the order in which it is told what one more unit of a limit is worth.
IN_WORTH = (Kind.CAP, Kind.SUPPLY, Kind.PACE, Kind.FITNESS, Kind.RULE, Kind.RECOVERY, Kind.DEMAND)


@frozen
class Glossary:
    """Labels of the codes that stand in the index of a limit, and the units of nodes."""

    nodes: Mapping[str, str]
    units: Mapping[str, str]
    disruptions: Mapping[str, str] = field(default_factory=dict)
    segments: Mapping[str, str] = field(default_factory=dict)
    chemistries: Mapping[str, str] = field(default_factory=dict)
    minerals: Mapping[str, str] = field(default_factory=dict)
    countries: Mapping[str, str] = field(default_factory=dict)

    def node(self, code: Node) -> str:
        """The product of a node within a sentence."""
        return product(self.nodes.get(code, code))

    def unit(self, code: Node) -> str:
        """The unit of a node."""
        return self.units.get(code, "kt")

    def disruption(self, code: str) -> str:
        """The label of a disruption."""
        return self.disruptions.get(code, code)

    def segment(self, code: str) -> str:
        """A segment within a sentence."""
        return self.segments.get(code, code).lower()

    def chemistry(self, code: str) -> str:
        """The label of a chemistry or a family of chemistries."""
        return self.chemistries.get(code, code)

    def mineral(self, code: str) -> str:
        """A mineral within a sentence."""
        return self.minerals.get(code, code).lower()

    def country(self, code: str) -> str:
        """The label of a supplier: a country, a region's own countries, or the others together."""
        return self.countries.get(code, code)


@value_class
class LimitText:
    """One limit in words, without its year."""

    template: str
    """The limit, with EACH in place of the name by which it differs from others of its family."""
    unit: str
    """Unit of an amount of the limit, and of a step of it."""
    scale: float = 1.0
    """The constraint's own units in one such unit."""
    about: str = ""
    """What the unit is an amount of, where that is not the limit itself."""
    name: str = ""
    """The name by which it differs, where there is one."""
    rate: bool = False
    """Whether it is no amount, so that of several the largest counts and not the sum."""
    looser: Literal["more", "less"] = "more"
    """Which way it is loosened."""
    whole: float = 0.0
    """What it is a share of, where it has no amount of its own, in its own units."""

    @property
    def what(self) -> str:
        """The limit, without its year."""
        return self.template.replace(EACH, self.name)


@value_class
class Balance:
    """A constraint that only keeps the books: no run can ask for less of it."""

    index: str
    """Names of its index, `region, year`."""


@frozen
class Limit:
    """A constraint that could be looser. Functions take the glossary or the data, then the parts of the index."""

    index: str
    """Names of its index, `region, year`; the last one is the year, where it has one."""
    kind: Kind
    words: Callable[..., LimitText]
    """(glossary, data, *index) → the limit in words."""
    rank: int = UNRANKED
    """Its place among those of its kind, when they are told; without one it stands after them."""
    key: str = ""
    """Key of the run file where it stands; without one, that of the family."""
    way_out: str = ""
    """What to write at the key where limits contradict each other."""
    no_way_out: str = ""
    """Why nothing that is written at the key resolves a conflict, where that is so."""
    amounts: Literal["", "each", "total"] = ""
    """Whether a conflict tells its amounts: nothing, one for each name, or their sum."""
    amount: Callable[..., tuple[float, str]] | None = None
    """(data, *index) → the amount that a conflict tells and its unit, where that is not the right-hand side."""
    named: Callable[..., float] | None = None
    """(data, *index) → the amount that the words name, where that is not the right-hand side [own units]."""
    row: Callable[..., tuple[str, ...]] | None = None
    """(*index) → key of the row of the inputs in which it stands (`MixInputs.rows`)."""
    worth: bool = True
    """Whether it is told what one more unit is worth."""
    made_at_home: bool = False
    """Whether it is about cells that a region makes itself, so that it matters since when its plants can."""

    @property
    def way(self) -> tuple[str, str]:
        """The key that governs it and what to write there, the same for all limits that one change loosens."""
        return self.key, self.way_out


@frozen
class Family:
    """What one module states."""

    key: str
    """Key of the run file that governs it."""
    constraints: Mapping[str, Balance | Limit]
    """Its constraints by their name in the model, in the order in which they are stated."""
    bounds: Mapping[str, Limit] = field(default_factory=dict)
    """Variables and objectives that a run may hold at a limit, by their name in the model."""
    sourcing: bool = False
    """Whether it also binds the sourcing of a mix that is already chosen."""
    of_plan: bool = False
    """Whether it limits nothing but the plan, so that it is stated once for all futures that a plan is held against."""


def year_of(index: Key) -> int:
    """Year of a constraint by its index, or 0."""
    return index[-1] if index and isinstance(index[-1], int) else 0


def index_of(component: Any) -> Key:
    """Index of a member of a Pyomo component as a tuple, empty where it has none."""
    index = component.index()
    return () if index is None else index if isinstance(index, tuple) else (index,)
