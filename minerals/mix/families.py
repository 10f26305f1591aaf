"""The families of constraints: every module of `constraints` with its record, found in its folder. No list of families
stands anywhere else."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from typing import Protocol, cast

from . import constraints, objective
from .data import Key, MixData
from .family import IN_CONFLICT, IN_WORTH, Balance, Family, Glossary, Limit, LimitText
from .pyo import pyo

#: Modules in the order of their rows in the model; any other follows by name. Among mixes that are equally good, the
#: solver may take another one where the rows stand in another order.
ORDER = (
    "demand", "makers", "trade", "performance", "growth", "lines", "secondary", "materials", "follow_on", "excluded",
    "one_country", "measures", "recourse",
)  # fmt: skip


class Module(Protocol):
    """A module of `constraints`."""

    FAMILY: Family
    __doc__: str
    __file__: str

    def add(self, model: pyo.ConcreteModel, data: MixData) -> None:
        """Add the constraints of the family to a model."""


def _modules() -> dict[str, Module]:
    names = sorted(found.name for found in pkgutil.iter_modules(constraints.__path__))
    ordered = dict.fromkeys((*(name for name in ORDER if name in names), *names))
    return {name: cast(Module, import_module(f"{constraints.__name__}.{name}")) for name in ordered}


#: Every module of `constraints` by name.
MODULES = _modules()
#: Every record: of the modules, and of the caps on objectives.
FAMILIES: Mapping[str, Family] = {
    **{name: module.FAMILY for name, module in MODULES.items()}, "objective": objective.FAMILY
}  # fmt: skip
#: Every limit by its name in the model, with the key where it stands.
LIMITS: Mapping[str, Limit] = {
    name: replace(entry, key=entry.key or family.key)
    for family in FAMILIES.values()
    for name, entry in {**family.constraints, **family.bounds}.items()
    if isinstance(entry, Limit)
}
#: What only keeps the books.
BALANCES = frozenset(
    name for family in FAMILIES.values() for name, entry in family.constraints.items() if isinstance(entry, Balance)
)


def in_conflict(name: str) -> tuple[int, int, int]:
    """Place of a limit among those that are told to contradict each other: its group, the place of its kind in the
    group, its own within the kind."""
    kind = LIMITS[name].kind
    group = next(place for place, kinds in enumerate(IN_CONFLICT) if kind in kinds)
    return group, IN_CONFLICT[group].index(kind), LIMITS[name].rank


def in_worth() -> list[str]:
    """Limits of which it is told what one more unit is worth, in the order in which that is told."""
    worth = [name for name, limit in LIMITS.items() if limit.worth]
    return sorted(worth, key=lambda name: (IN_WORTH.index(LIMITS[name].kind), LIMITS[name].rank))


def words(name: str, index: Key, glossary: Glossary, data: MixData) -> LimitText:
    """A limit in words, by its name in the model and its index."""
    return LIMITS[name].words(glossary, data, *index)
