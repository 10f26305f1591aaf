"""Why no mix keeps all limits, in the words of the run: which of them contradict each other, where each is said, and
what would resolve it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..config import Run
from ..mix.compiled import Compiled
from ..mix.conflict import Loosening, Member, conflict, least_breach, loosenings
from ..mix.data import Key, MixData
from ..mix.objective import RISKS
from ..mix.words import Labels, Words, words
from ..tables.mix import MixInputs
from ..tables.series import ranges

#: Families of limits by the key of [optimise] that governs them, and what to write there instead.
KEYS = {
    "one_country": ("one_country", 'one_country = "soft" with a price, or "report"'),
    "excluded": ("exclude", "a later exclude_since, fewer exclude_stages, or no exclude"),
    "growth": ("growth", 'growth = "high" or "off"'),
    "decline": ("growth", 'growth = "high" or "off"'),
    "performance": ("performance", 'performance = "low" or "off"'),
    "own_share": ("own_share", "a lower own_share"),
    "lines": ("lines", "lines = false"),
    "standing": ("lines", "lines = false"),
    "recycled_content": ("recycled_content", "recycled_content = false"),
    "unmet": ("unmet", "unmet = true, so that as little as possible goes unmet"),
    "cost": ("cost_cap", "a higher cost_cap"),
    "expected": ("exposure_cap", "a higher exposure_cap"),
    "worst": ("exposure_cap", "a higher exposure_cap"),
    "cvar": ("exposure_cap", "a higher exposure_cap"),
}
#: Families that only keep the books: they stand in a conflict, and nobody loosens them.
BOOKS = (
    "materials", "trade", "cells_total", "home_cells", "held", "contained", "within_plan", "at_most", "tail", "changed",
    "meet_demand", "route_low", "route_high",
)  # fmt: skip
#: Place of limits without a key of their own (supply) among those that have one.
FIRST = 1.5
#: Ways out that are told.
WAYS = 3
#: Limits of a kind that are told.
TOLD = 12


@dataclass(frozen=True)
class _Said:
    """Members of a conflict that are told in one line: words without a year, the years, limits, and where it stands."""

    words: Words
    family: str
    years: list[int]
    limits: list[float]
    place: str


def why(run: Run, data: MixData, given: MixInputs, labels: Labels, compiled: Compiled) -> str:
    """The message of a run whose limits contradict each other. compiled: the model that has no solution.

    Raises TimeLimit and NumericalTrouble where the conflict cannot be told.
    """
    found = conflict(compiled, compiled.time_limit)
    told = _grouped(run, data, given, labels, found.members)
    lines = [
        "no mix keeps all limits of this run. These contradict each other, and no longer do without any one of them:",
        *(f"  {line}" for line in map(_line, told[:TOLD])),
    ]
    if len(told) > TOLD:
        lines.append(f"  and {len(told) - TOLD} more")
    for key, way in dict.fromkeys(KEYS[said.family] for said in told if said.family in KEYS):
        families = {family for family, (other, _) in KEYS.items() if other == key}
        breach = least_breach(compiled, families.__contains__, compiled.time_limit)
        if breach is not None:
            lines.append(f"Works: {way}; at least {_breach(breach, labels, data)}.")
    ways = [
        way for way in loosenings(compiled, found, compiled.time_limit) if _parts(way.member.name)[0] not in BOOKS
    ]  # fmt: skip
    smallest = [_way(way, data, labels) for way in ways[:WAYS]]
    if smallest:
        lines.append(f"Smallest single change that works: {smallest[0]}")
        lines += [f"  or {way}" for way in smallest[1:]]
    else:
        lines.append("No single one of these limits is enough when loosened: others contradict each other as well.")
    lines.append("Nothing was written.")
    return "\n".join(lines)


def _breach(breach: Sequence[tuple[str, float]], labels: Labels, data: MixData) -> str:
    """How far limits give way, by kind, over the years in which they do: the largest first."""
    by_what: dict[str, tuple[Words, list[int], float]] = {}
    for name, amount in breach:
        family, index = _parts(name)
        said = words(family, index, labels, data.demand)
        _, years, total = by_what.get(said.what, (said, [], 0.0))
        by_what[said.what] = said, [*years, said.year], total + amount / said.scale
    order = sorted(by_what.values(), key=lambda entry: -entry[2])
    parts = [
        f"{_amount_of(total, said)} of {said.about or said.what} ({ranges(set(years))})"
        for said, years, total in order[:WAYS]
    ]
    return "; ".join(parts) + (f"; and {len(order) - WAYS} more" if len(order) > WAYS else "")


def _parts(name: str) -> tuple[str, Key]:
    """Family and index of a limit, from its name in the model."""
    family, _, inside = name.partition("[")
    return family, tuple(inside.removesuffix("]").split(",")) if inside else ()


def _grouped(run: Run, data: MixData, given: MixInputs, labels: Labels, members: Iterable[Member]) -> Sequence[_Said]:
    """Members in words, one line a limit whatever its years; bookkeeping and what is not negative are left out."""
    out: dict[tuple[str, str], _Said] = {}
    for member in members:
        family, index = _parts(member.name)
        not_negative = member.kind == "variable" and member.side == "lower" and member.limit == 0
        if not_negative or family in BOOKS:
            continue
        said = words(family, index, labels, data.demand)
        key = (family, "" if family == "unmet" else said.what)
        if key not in out:
            out[key] = _Said(said, family, [], [], _place(run, given, family, index))
        if said.year:
            out[key].years.append(said.year)
        # That all demand is met is told with how much it is.
        out[key].limits.append(data.demand.get((*index[:2], said.year), 0.0) if family == "unmet" else member.limit)
    order = list(KEYS)
    # What a run asks for first, then what the world makes, then how fast things may change.
    return sorted(out.values(), key=lambda said: order.index(said.family) if said.family in order else FIRST)


def _place(run: Run, given: MixInputs, family: str, index: Key) -> str:
    """Where a limit is said: its row of the inputs, or its key of the run file."""
    if family in ("growth", "decline"):
        row = given.rows.get((family, str(index[0]), given.family.get(str(index[1]), str(index[1]))))
        if row:
            return row
    if family == "performance" and (row := given.rows.get((family, index[0], index[2]))):
        return row
    section, key = ("optimise", KEYS[family][0]) if family in KEYS else ("exposure", "future")
    file, line = run.place(section, key)
    return f"{file}:{line} {section}.{key}" if line else f"{file} {section}.{key}"


def _line(said: _Said) -> str:
    if said.family == "unmet":
        return f"all demand is met: {sum(said.limits):.4g} GWh, {ranges(set(said.years))}  ({said.place})"
    years = f", {ranges(said.years)}" if said.years else ""
    return f"{said.words.what}{years}{_amount(said)}  ({said.place})"


def _amount(said: _Said) -> str:
    """The limits, where they are amounts of their own."""
    if said.family not in ("supplier", "reach", "stocked", "lines", "announced", "secondary_available", "cost", *RISKS):
        return ""
    low, high = min(said.limits), max(said.limits)
    text = f"{low:.4g}" if f"{low:.4g}" == f"{high:.4g}" else f"{low:.4g} to {high:.4g}"
    unit = said.words.unit or ("million USD" if said.family == "cost" else "GWh")
    return f": {text} {unit}"


def _way(way: Loosening, data: MixData, labels: Labels) -> str:
    """A limit that resolves the conflict when it alone gives way."""
    family, index = _parts(way.member.name)
    said = words(family, index, labels, data.demand)
    by = way.by / said.scale if said.scale else way.by
    year = f" in {said.year}" if said.year else ""
    return f"{said.what}{year} by {_amount_of(by, said)}."


def _amount_of(amount: float, said: Words) -> str:
    """An amount in its unit; points have a plural."""
    unit = said.unit or "units"
    return f"{amount:.3g} {unit}{'s' if unit == 'point' and f'{amount:.3g}' != '1' else ''}"
