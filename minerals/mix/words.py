"""What a limit of the mix is called, in the words of its user: for what it is worth, and for why limits conflict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .data import Key

#: Suppliers that are not told apart: what a source leaves after the countries it names, and those that deliver little.
OTHER_COUNTRIES = "other countries"
#: Stands for the name in the words of a limit.
EACH = "{}"
#: Of a share, one unit of loosening is told as a point.
POINT = 0.01


@dataclass(frozen=True)
class Labels:
    """Labels of codes: nodes with their units, disruptions, segments, chemistries, minerals, countries."""

    nodes: Mapping[str, str]
    units: Mapping[str, str]
    disruptions: Mapping[str, str] = field(default_factory=dict)
    segments: Mapping[str, str] = field(default_factory=dict)
    chemistries: Mapping[str, str] = field(default_factory=dict)
    minerals: Mapping[str, str] = field(default_factory=dict)
    countries: Mapping[str, str] = field(default_factory=dict)

    def country(self, code: object) -> str:
        """A supplier: a country, a region's own countries, or the others together."""
        return self.countries.get(str(code), str(code))


@dataclass(frozen=True)
class Words:
    """A limit in words. template: the limit, without its year, with EACH in place of the name by which it differs from
    its like; year: or 0; more: one unit of loosening, to say what it is worth; unit: of that; scale: of the
    constraint's own units in one of those; about: what the unit is an amount of, where that is not the limit itself;
    name: the one by which it differs, where there is one."""

    template: str
    year: int
    more: str
    unit: str
    scale: float = 1.0
    about: str = ""
    name: str = ""

    @property
    def what(self) -> str:
        """The limit, without its year."""
        return self.template.replace(EACH, self.name)


#: How labels of mines end, and what they make is called without it.
MINE = " mine"
MEASURES = {"specific_energy": "Wh/kg", "energy_density": "Wh/L"}


def words(family: str, index: Key, labels: Labels, demand: Mapping[Key, float] | None = None) -> Words:
    """A limit by its family and index. demand: (region, segment, year) [GWh], to tell a floor per Wh/kg."""
    year = int(str(index[-1])) if index and str(index[-1]).isdecimal() else 0
    at = [str(part) for part in index]
    return _FAMILIES.get(family, _other)(family, at, year, labels, demand or {})


def _node(labels: Labels, node: str) -> str:
    label = labels.nodes.get(node, node)
    if label.endswith(MINE):
        return f"mined {label.removesuffix(MINE).lower()}"
    return label if label[:2].isupper() or label.startswith(("Li-", "Na-", "LiPF")) else label[0].lower() + label[1:]


def _supplier(_: str, at: list[str], year: int, labels: Labels, __: Mapping[Key, float]) -> Words:
    node, supplier = _node(labels, at[0]), labels.country(at[1])
    unit = labels.units.get(at[0], "kt")
    what, about = f"supply of {node} from {EACH}", f"{node} from {supplier} beyond that supply"
    return Words(what, year, f"one more {unit} of {node} from {supplier}", unit, about=about, name=supplier)


def _reach(_: str, at: list[str], year: int, labels: Labels, __: Mapping[Key, float]) -> Words:
    event, unit = labels.disruptions.get(at[0], at[0]), labels.units.get(at[2], "kt")
    node = _node(labels, at[2])
    what = f"{node} that {at[1]} can get if {event}"
    return Words(what, year, f"one more {unit} of {node} from elsewhere if {event[0].upper()}{event[1:]}", unit)


def _one_country(_: str, at: list[str], year: int, labels: Labels, __: Mapping[Key, float]) -> Words:
    node, supplier, unit = _node(labels, at[1]), labels.country(at[2]), labels.units.get(at[1], "kt")
    what = f"rule on one third country: {supplier}'s share of {node} in {at[0]}"
    about = f"{node} from {supplier} above its share"
    return Words(what, year, f"one more {unit} of {node} allowed from {supplier}", unit, about=about)


def _excluded(_: str, at: list[str], year: int, labels: Labels, __: Mapping[Key, float]) -> Words:
    node, supplier, unit = _node(labels, at[1]), labels.country(at[2]), labels.units.get(at[1], "kt")
    what, about = f"{node} from {supplier} is excluded in {at[0]}", f"{node} from {supplier}"
    return Words(what, year, f"one {unit} of {node} from {supplier}", unit, about=about)


def _growth(family: str, at: list[str], year: int, labels: Labels, _: Mapping[Key, float]) -> Words:
    name, change = labels.chemistries.get(at[1], at[1]), "grow" if family == "growth" else "lose"
    what, about = f"{family} of {EACH} in {at[0]}", f"faster {family} of {name} in {at[0]}"
    return Words(what, year, f"one more point that {name} may {change}", "point", POINT, about, name)


def _performance(_: str, at: list[str], year: int, labels: Labels, demand: Mapping[Key, float]) -> Words:
    segment, unit = labels.segments.get(at[2], at[2]).lower(), MEASURES.get(at[0], "")
    what = f"least {at[0].replace('_', ' ')} of {segment} in {at[1]}"
    scale, about = demand.get((at[1], at[2], year), 1.0), f"a lower {what.removeprefix('least ')}"
    return Words(what, year, f"a floor for {segment} one {unit} lower", unit, scale, about)


def _lines(family: str, at: list[str], year: int, _: Labels, __: Mapping[Key, float]) -> Words:
    kind = "lithium-ion" if at[1] == "li_ion" else at[1].replace("_", " ")
    what = {"lines": "lines", "standing": "lines that can be turned over", "announced": "new lines"}[family]
    about = f"more {kind} {what} in {at[0]}"
    return Words(f"{kind} {what} in {at[0]}", year, f"one more GWh/yr of {kind} lines", "GWh/yr", about=about)


def _own_share(_: str, at: list[str], year: int, __: Labels, ___: Mapping[Key, float]) -> Words:
    what, about = f"least share made in {at[0]}", f"batteries for {at[0]} that need not be made there"
    return Words(what, year, "one GWh less that must be made at home", "GWh", about=about)


def _recycled(_: str, at: list[str], year: int, labels: Labels, __: Mapping[Key, float]) -> Words:
    mineral = labels.minerals.get(at[1], at[1]).lower()
    what, about = (
        f"least recycled content of {mineral} in {at[0]}",
        f"{mineral} for batteries of {at[0]} that need not be recycled",
    )
    return Words(what, year, f"one kt less of recycled {mineral} asked", "kt", about=about)


def _secondary(_: str, at: list[str], year: int, labels: Labels, __: Mapping[Key, float]) -> Words:
    mineral = labels.minerals.get(at[1], at[1]).lower()
    what = f"{mineral} recovered in {at[0]}"
    return Words(what, year, f"one more kt of {mineral} recovered", "kt", about=f"more {what}")


def _demand(_: str, at: list[str], year: int, labels: Labels, __: Mapping[Key, float]) -> Words:
    segment = labels.segments.get(at[1], at[1])
    return Words(f"demand of {segment.lower()} in {at[0]}", year, "one GWh less of demand", "GWh")


def _unmet(_: str, at: list[str], year: int, labels: Labels, __: Mapping[Key, float]) -> Words:
    segment = labels.segments.get(at[1], at[1]).lower()
    what, about = f"all demand of {EACH} in {at[0]} is met", f"{segment} in {at[0]} unmet"
    return Words(what, year, "one GWh unmet", "GWh", about=about, name=segment)


def _balance(_: str, at: list[str], year: int, labels: Labels, __: Mapping[Key, float]) -> Words:
    return Words(f"what batteries in {at[0]} use of {_node(labels, at[1])} comes from somewhere", year, "", "")


def _cells(family: str, at: list[str], year: int, labels: Labels, _: Mapping[Key, float]) -> Words:
    chemistry = labels.chemistries.get(at[1], at[1])
    how = "made there or imported" if family == "trade" else "those of all segments"
    return Words(f"{chemistry} cells of {at[0]} are {how}", year, "", "")


def _cap(family: str, _: list[str], year: int, __: Labels, ___: Mapping[Key, float]) -> Words:
    if family == "cost":
        return Words("cap on the cost", year, "one more billion USD", "billion USD_2025", 1000.0)
    return Words("cap on the GWh at risk", year, "one more GWh at risk", "GWh")


def _other(family: str, at: list[str], year: int, _: Labels, __: Mapping[Key, float]) -> Words:
    inside = ", ".join(part for part in at if part != str(year))
    return Words(f"{family.replace('_', ' ')} ({inside})" if inside else family.replace("_", " "), year, "", "")


_FAMILIES = {
    "supplier": _supplier, "reach": _reach, "stocked": _reach, "one_country": _one_country, "excluded": _excluded,
    "growth": _growth, "decline": _growth, "performance": _performance, "lines": _lines, "standing": _lines,
    "announced": _lines, "own_share": _own_share, "recycled_content": _recycled, "secondary_available": _secondary,
    "meet_demand": _demand, "unmet": _unmet, "materials": _balance, "trade": _cells,
    "cells_total": _cells, "cost": _cap, "expected": _cap, "worst": _cap,
    "cvar": _cap,
}  # fmt: skip
