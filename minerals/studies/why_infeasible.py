"""Why no mix keeps all limits, in the words of the run: which of them contradict each other, where each is said, and
what would resolve it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..config import COMMAND_LINE, Run
from ..errors import listed
from ..mix.compiled import Compiled
from ..mix.conflict import Loosening, Member, conflict, least_breach, loosenings
from ..mix.data import Key, MixData
from ..mix.objective import RISKS
from ..mix.words import Labels, Words, words
from ..results.screen import number
from ..tables.mix import MixInputs
from ..tables.series import ranges

#: Families of limits by the key of [optimise] that governs them, and what to write there instead.
KEYS = {
    "one_country": ("one_country", 'one_country = "soft" with a price, or "report"'),
    "excluded": ("exclude", "a later exclude_since, fewer exclude_stages, or no exclude"),
    "growth": ("growth", 'growth = "off" (or "high", where that is enough)'),
    "decline": ("growth", 'growth = "off" (or "high", where that is enough)'),
    "performance": ("performance", 'performance = "off" (or "low", where that is enough)'),
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
#: Families that are told last: what holds in any run, after what this one asks for and what the world makes.
LAST = ("performance", "growth", "decline", "unmet")
#: Families whose limits are amounts of their own.
AMOUNTS = ("supplier", "reach", "stocked", "lines", "announced", "secondary_available", "cost", *RISKS)
#: Stands for the names of members of a conflict that are told in one line.
EACH = "{}"
#: Ways out that are told.
WAYS = 3
#: Limits of a kind that are told.
TOLD = 12


@dataclass(frozen=True)
class _Said:
    """Members of a conflict that are told in one line. what: the line, with EACH where names of the members stand;
    each: limits by name; years: in which they are; unit: of limits that are amounts; place: where they stand."""

    family: str
    what: str
    each: dict[str, list[float]]
    years: set[int]
    unit: str
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
    lines += _narrowed(run)
    ways = loosenings(compiled, found, compiled.time_limit)
    smallest = [_way(way, data, labels) for way in ways if _parts(way.member.name)[0] not in BOOKS][:WAYS]
    if smallest:
        lines.append(f"Smallest single change that works: {smallest[0]}")
        lines += [f"  or {way}" for way in smallest[1:]]
    else:
        lines.append("No single one of these limits is enough when loosened: others contradict each other as well.")
    lines.append("Nothing was written.")
    return "\n".join(lines)


def _narrowed(run: Run) -> Iterable[str]:
    """Where the run leaves out chemistries, that may be why."""
    asked = run.settings.optimise
    assert asked is not None
    if asked.chemistries:
        place = _key(run, "optimise", "chemistries")
        yield f"Only {listed(asked.chemistries)} may be chosen ({place}); others may help."
    if asked.without:
        yield f"{listed(asked.without)} may not be chosen ({_key(run, 'optimise', 'without')}) and may help."


def _breach(breach: Sequence[tuple[str, float]], labels: Labels, data: MixData) -> str:
    """How far limits give way, by kind, over the years in which they do: the largest first."""
    by_what: dict[str, tuple[str, dict[int, float]]] = {}
    for name, amount in breach:
        family, index = _parts(name)
        said = words(family, index, labels, data.demand)
        _, years = by_what.setdefault(_about(said, index, data), (said.unit, {}))
        before, more = years.get(said.year, 0.0), amount / said.scale
        # A family and its only chemistry go by one name, and grow by the same points.
        years[said.year] = max(before, more) if family in ("growth", "decline") else before + more
    order = sorted(by_what.items(), key=lambda entry: -sum(entry[1][1].values()))
    parts = [
        f"{_measured(sum(years.values()), unit)} of {what} ({ranges(years)})" for what, (unit, years) in order[:WAYS]
    ]
    return "; ".join(parts) + (f"; and {len(order) - WAYS} more" if len(order) > WAYS else "")


def _about(said: Words, index: Key, data: MixData) -> str:
    """What an amount is of, with its region where there are several."""
    what = said.about or said.what
    several = said.about and len(data.regions) > 1 and index[0] in data.regions
    return f"{what} in {index[0]}" if several and f" in {index[0]}" not in what else what


def _measured(amount: float, unit: str) -> str:
    """An amount with its unit, e.g. `1,200 kt` or `3.3 points`."""
    text = number(amount)
    return f"{text} {unit or 'units'}{'s' if unit == 'point' and text != '1.0' else ''}"


def _parts(name: str) -> tuple[str, Key]:
    """Family and index of a limit, from its name in the model."""
    family, _, inside = name.partition("[")
    return family, tuple(inside.removesuffix("]").split(",")) if inside else ()


def _grouped(run: Run, data: MixData, given: MixInputs, labels: Labels, members: Iterable[Member]) -> Sequence[_Said]:
    """Members in words, one line for those that differ in year or name alone; bookkeeping and what is not negative are
    left out."""
    out: dict[tuple[str, ...], _Said] = {}
    for member in members:
        family, index = _parts(member.name)
        not_negative = member.kind == "variable" and member.side == "lower" and member.limit == 0
        if not_negative or family in BOOKS:
            continue
        said = words(family, index, labels, data.demand)
        what, name = _what(family, index, said, labels)
        place = _place(run, given, family, index)
        unit = said.unit or ("million USD" if family == "cost" else "GWh")
        line = out.setdefault((family, what, place), _Said(family, what, {}, set(), unit, place))
        line.years.update({said.year} - {0})
        # That all demand is met is told with how much it is.
        level = data.demand.get((*index[:2], said.year), 0.0) if family == "unmet" else member.limit
        line.each.setdefault(name, []).append(level)
    # What a run asks for first, then what the world makes, then how fast things may change.
    order = [family for family in KEYS if family not in LAST]
    ranks = {family: rank for rank, family in enumerate([*order, "", *LAST])}
    return sorted(out.values(), key=lambda said: ranks.get(said.family, ranks[""]))


def _what(family: str, index: Key, said: Words, labels: Labels) -> tuple[str, str]:
    """A limit with EACH in place of the name by which it differs from its like, and that name."""
    codes = {
        "supplier": (1, labels.countries),
        "growth": (1, labels.chemistries),
        "decline": (1, labels.chemistries),
        "unmet": (1, {code: label.lower() for code, label in labels.segments.items()}),
    }
    if family not in codes:
        return said.what, ""
    place, known = codes[family]
    name = known.get(str(index[place]), str(index[place]))
    return said.what.replace(name, EACH, 1), name


def _place(run: Run, given: MixInputs, family: str, index: Key) -> str:
    """Where a limit is said: its row of the inputs, or its key of the run file."""
    if family in ("growth", "decline"):
        row = given.rows.get((family, str(index[0]), str(index[1])))
        if row:
            return row
    if family == "performance" and (row := given.rows.get((family, index[0], index[2]))):
        return row
    if family == "secondary_available":
        return _key(run, "flows")
    return _key(run, "optimise", KEYS[family][0]) if family in KEYS else _key(run, "exposure", "future")


def _key(run: Run, *path: str) -> str:
    """A key of the run file and where it stands: in the file, or on the command line, which names it itself."""
    file, line = run.place(*path)
    name = ".".join(path) if len(path) > 1 else f"[{path[0]}]"
    return file if file.startswith(COMMAND_LINE) else f"{file}:{line} {name}" if line else f"{file} {name}"


def _line(said: _Said) -> str:
    years = f", {ranges(said.years)}" if said.years else ""
    if said.family == "unmet":
        amount = _measured(sum(map(sum, said.each.values())), said.unit)
        return f"{said.what.replace(EACH, ', '.join(said.each))}: {amount}{years}  ({said.place})"
    told = said.family in AMOUNTS
    each = [f"{name} ({_between(limits, said.unit)})" if told else name for name, limits in said.each.items()]
    if EACH in said.what:
        names = ("; " if any("," in name for name in each) else ", ").join(each)
        return f"{said.what.replace(EACH, names)}{years}  ({said.place})"
    amount = f": {_between(said.each[''], said.unit)}" if told else ""
    return f"{said.what}{years}{amount}  ({said.place})"


def _between(limits: Sequence[float], unit: str) -> str:
    """The limits of some years."""
    low, high = number(min(limits)), number(max(limits))
    return f"{low} {unit}" if low == high else f"{low} to {high} {unit}"


def _way(way: Loosening, data: MixData, labels: Labels) -> str:
    """A limit that resolves the conflict when it alone gives way."""
    family, index = _parts(way.member.name)
    said = words(family, index, labels, data.demand)
    year = f" in {said.year}" if said.year else ""
    by = _measured(way.by / (said.scale or 1.0), said.unit)
    return f"{by} of {_about(said, index, data)}{year}." if said.about else f"{said.what}{year} by {by}."
