"""Why no mix keeps all limits, in the words of the run: which of them contradict each other, where each is said, and
what would resolve it."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from time import monotonic

from ..config import COMMAND_LINE, Run
from ..errors import NumericalTrouble, TimeLimit, listed
from ..mix.compiled import Compiled
from ..mix.conflict import Conflict, Loosening, Member, Search
from ..mix.data import Key, MixData
from ..mix.objective import RISKS
from ..mix.words import EACH, MEASURES, OTHER_COUNTRIES, Labels, Words, words
from ..numbers import number
from ..tables.mix import MixInputs
from ..tables.names import WORLD
from ..tables.series import ranges

GROWTH = ("optimise.growth", 'growth = "off" (or "high", where that is enough)')
LINES = ("optimise.lines", "lines = false")
CAP = ("optimise.exposure_cap", "a higher exposure_cap")
#: Families of limits by the key of the run file that governs them, and what to write there instead.
KEYS = {
    "one_country": ("optimise.one_country", 'one_country = "soft" with a price, or "report"'),
    "excluded": ("optimise.exclude", "a later exclude_since, fewer exclude_stages, or no exclude"),
    "growth": GROWTH,
    "decline": GROWTH,
    "performance": ("optimise.performance", 'performance = "off" (or "low", where that is enough)'),
    "own_share": ("optimise.own_share", "a lower own_share"),
    "lines": LINES,
    "standing": LINES,
    "announced": LINES,
    "recycled_content": ("optimise.recycled_content", "recycled_content = false"),
    "unmet": ("optimise.unmet", "unmet = true, so that as little as possible goes unmet"),
    "cost": ("optimise.cost_cap", "a higher cost_cap"),
    **dict.fromkeys(RISKS, CAP),
    "supplier": ("exposure.future", "another exposure.future, with more supply"),
}
#: Key that lets in chemistries before their time, and what to write there: it governs no limit of the model.
COMMERCIAL = ("optimise.commercial", 'commercial = "off" (or "low", where that is enough)')
#: All that let in chemistries.
ADMITTING = (COMMERCIAL, KEYS["performance"])
#: Where limits stand that no key loosens.
PLACES = {"secondary_available": "flows", "reach": "exposure.future", "stocked": "exposure.stockpile_months"}
#: Families that only keep the books: no run can ask for less of them.
BOOKS = (
    "materials", "trade", "cells_total", "home_cells", "held", "contained", "within_plan", "at_most", "tail", "changed",
    "meet_demand", "route_low", "route_high",
)  # fmt: skip
#: Families that are told last: what holds in any run, after what this one asks for and what the world makes.
LAST = ("performance", "growth", "decline", "unmet")
#: What a run asks for itself, which is told first.
ASKED = tuple(family for family, (key, _) in KEYS.items() if key.startswith("optimise.") and family not in LAST)
#: Families whose limits are amounts of their own.
AMOUNTS = ("own_share", "supplier", "reach", "stocked", "lines", "announced", "secondary_available", "cost", *RISKS)
#: Units of which years have no sum.
RATES = ("point", *MEASURES.values())
#: Ways out that are told.
WAYS = 3
#: Causes of one key that are told, and rows of one cause or names of one row.
CAUSES, ROWS = 3, 6
#: Limits of a kind that are told.
TOLD = 12
#: What is said of the solver where it does not tell something.
NO_ANSWER = "the solver gave no answer"
#: Part of the time for a solve in which all that is told is looked for.
SEARCH = 0.5


@dataclass(frozen=True)
class _Said:
    """Members of a conflict that are told in one line. what: the line, with EACH where names of the members stand;
    each: limits by name and year, 0 where they have none; unit: of limits that are amounts; place: where they stand."""

    family: str
    what: str
    each: dict[str, dict[int, float]]
    unit: str
    place: str


@dataclass(frozen=True)
class _Cause:
    """Why chemistries are not there. way: key that lets them in and what to write there, where there is one; dated:
    whether it holds in some years alone, which `what` does not say."""

    what: str
    way: tuple[str, str] | None = None
    dated: bool = False


def why(
    run: Run, data: MixData, given: MixInputs, labels: Labels, compiled: Compiled, now: Callable[[], float] = monotonic
) -> str:
    """The message of a run whose limits contradict each other. compiled: the model that has no solution; now: clock
    [s].

    Raises TimeLimit where no set of limits that contradict each other is found in time, NumericalTrouble where the
    solver does not tell one, and UsageError where they do by so little that none can be told.
    """
    start = now()
    seconds = math.inf if compiled.time_limit is None else SEARCH * compiled.time_limit
    search = Search(compiled, BOOKS, seconds, now)
    found = search.conflict(_rank, lambda limit: _rank(limit, first=False))
    told = _grouped(run, data, given, labels, found.members)
    lines = [
        f"no mix keeps all limits of this run. These contradict each other{_claim(run, found, now() - start)}:",
        *(f"  {line}" for line in map(_line, told[:TOLD])),
    ]
    if len(told) > TOLD:
        lines.append(f"  and {len(told) - TOLD} more")
    lines += _barred(run, data, given, labels, found.members)
    lines += _keys_that_help(search, told, data, labels)
    lines += _narrowed(run)
    lines += _single_changes(search, found, data, labels)
    lines.append("Nothing was written.")
    return "\n".join(lines)


def _rank(limit: Member, first: bool = True) -> tuple[int, int]:
    """Which of limits are told that would do alike: those of the first years, or else of the last, and there what the
    run asks for, then what the world makes."""
    family, index = _parts(limit.name)
    year = _year(index)
    return year if first else -year, 0 if family in ASKED else 2 if family in LAST else 1


def _claim(run: Run, found: Conflict, seconds: float) -> str:
    """What is known of a set of limits that contradict each other. seconds: that it took to find."""
    if found.irreducible:
        return ", and no longer do without any one of them"
    if found.in_time:
        return f"; some may not be needed: {NO_ANSWER} when fewer were tried"
    more = f"more time: {_key(run, 'optimise.time_limit')}"
    return f"; some may not be needed: the search was stopped after {seconds:.0f} s ({more})"


def _keys_that_help(search: Search, told: Iterable[_Said], data: MixData, labels: Labels) -> Iterable[str]:
    """Keys of the run file that resolve the conflict alone, each with how far its limits must give way, and those that
    do not."""
    short, unknown, works = [], [], False
    try:
        for key, way in dict.fromkeys(KEYS[said.family] for said in told if said.family in KEYS):
            families = {family for family, (other, _) in KEYS.items() if other == key}
            try:
                breach = search.give_way(families)
            except NumericalTrouble:
                unknown.append(key.removeprefix("optimise."))
                continue
            if breach is None:
                short.append(key.removeprefix("optimise."))
            else:
                works = True
                yield f"Works: {way}; at least {_breach(breach, labels, data)}."
    except TimeLimit:
        yield f"What {'else ' if works else ''}works was not found in time."
    if short:
        yield f"Not enough alone: a change of {listed(short)}."
    if unknown:
        yield f"Not known to be enough alone, for {NO_ANSWER}: a change of {listed(unknown)}."


def _single_changes(search: Search, found: Conflict, data: MixData, labels: Labels) -> Iterable[str]:
    """Limits that resolve the conflict when one alone gives way, the relatively smallest change first."""
    ways: list[Loosening] = []
    missed = ""
    try:
        ways += search.loosenings(found)
    except TimeLimit:
        missed = "was not found in time"
    except NumericalTrouble:
        missed = f"is not known: {NO_ANSWER}"
    ways.sort(key=lambda way: (way.relative, way.by))
    first, *others = list(dict.fromkeys(_way(way, data, labels) for way in ways))[:WAYS] or [""]
    if first:
        yield f"{'Single' if missed else 'Smallest single'} change that works: {first}"
        yield from (f"  or {way}" for way in others)
    elif missed:
        yield f"Whether one of these limits, loosened alone, is enough {missed}."
    else:
        yield "Loosening one of these limits in its year alone is not enough: others contradict each other as well."


def _narrowed(run: Run) -> Iterable[str]:
    """Where the run leaves out chemistries, that may be why."""
    asked = run.settings.optimise
    assert asked is not None
    if asked.chemistries:
        place = _key(run, "optimise.chemistries")
        yield f"Only {listed(asked.chemistries)} may be chosen ({place}); others may help."
    if asked.without:
        yield f"{listed(asked.without)} may not be chosen ({_key(run, 'optimise.without')}) and may help."


def _barred(run: Run, data: MixData, given: MixInputs, labels: Labels, members: Sequence[Member]) -> Iterable[str]:
    """Chemistries that may be chosen but are not there in the regions, uses and years of a conflict: what bars them is
    no limit that could give way. One line for each key that lets them in, and one for those that none does."""
    by_cause: dict[_Cause, dict[str, dict[str, None]]] = {}
    years: dict[_Cause, set[int]] = {}
    home = _made_at_home_matters(data, members)
    for (r, s, y), c in product(_demanded(data, members), given.chemistries):
        if found := _cause(given, labels, home, (r, s, c, y)):
            cause, place = found
            by_cause.setdefault(cause, {}).setdefault(place, {})[labels.chemistries.get(c, c)] = None
            years.setdefault(cause, set()).add(y)
    for way in (*ADMITTING, None):
        said = []
        for cause in (cause for cause in by_cause if cause.way == way):
            when = f", {ranges(years[cause])}" if cause.dated else ""
            rows = [f"{_joined(names, ROWS)} ({place})" for place, names in by_cause[cause].items()]
            said.append(f"{cause.what}{when}: {_joined(rows, ROWS)}")
        if said:
            more = f" And {len(said) - CAUSES} more." if len(said) > CAUSES else ""
            helps = f" {way[1]} may help ({_key(run, way[0])})." if way else ""
            yield f"{'. '.join(said[:CAUSES])}.{more}{helps}"


def _made_at_home_matters(data: MixData, members: Iterable[Member]) -> bool:
    """Whether a conflict is one of cells that a region makes itself, or of who makes those that it buys."""
    parts = [_parts(member.name) for member in members]
    return any(family == "own_share" or set(index) & set(data.cells) for family, index in parts)


def _demanded(data: MixData, members: Iterable[Member]) -> Iterable[Key]:
    """Demand that a conflict is about, (region, segment, year): what is to be met, in all years of its limits, since
    what is there earlier can grow."""
    parts = [_parts(member.name) for member in members]
    uses = {index[:2] for family, index in parts if family == "unmet"}
    years = {_year(index) for _, index in parts}
    return ((r, s, y) for r, s, y in data.demand if (r, s) in uses and y in years)


def _cause(given: MixInputs, labels: Labels, home: bool, at: Key) -> tuple[_Cause, str] | None:
    """What bars a chemistry first, and its row: at (region, segment, chemistry, year). home: whether it must be made in
    the region."""
    r, s, c, y = at
    segment = labels.segments.get(s, s).lower()
    if row := given.barred.get((s, c)):
        return _Cause(f"Unsuited to {segment}"), row
    if measure := given.short.get((s, c, y)):
        cause = _Cause(f"Too little {measure.replace('_', ' ')} for {segment}", KEYS["performance"], dated=True)
        return cause, given.rows["performance", measure, s]
    if y < given.first.get(c, y):
        return _Cause(f"Made nowhere before {given.first[c]}", COMMERCIAL), given.rows["commercial_year", WORLD, c]
    if home and y < given.made.get((r, c), y):
        return _Cause(f"Not made in {r} before {given.made[r, c]}", COMMERCIAL), given.rows["commercial_year", r, c]
    return None


def _breach(breach: Sequence[tuple[Member, float]], labels: Labels, data: MixData) -> str:
    """How far limits give way, by kind, over the years in which they do: the largest first."""
    by_what: dict[str, tuple[str, dict[int, float]]] = {}
    for limit, amount in breach:
        family, index = _parts(limit.name)
        said = words(family, index, labels, data.demand)
        _, years = by_what.setdefault(_about(said, index, data), (said.unit, {}))
        before, more = years.get(said.year, 0.0), amount / said.scale
        # A family and its only chemistry go by one name, and grow by the same points.
        years[said.year] = max(before, more) if family in ("growth", "decline") else before + more
    order = sorted(by_what.items(), key=lambda entry: -sum(entry[1][1].values()))
    parts = [f"{_over_years(years, unit)} of {what} ({ranges(years)})" for what, (unit, years) in order[:WAYS]]
    return "; ".join(parts) + (f"; and {len(order) - WAYS} more" if len(order) > WAYS else "")


def _over_years(amounts: Mapping[int, float], unit: str) -> str:
    """Amounts of some years together: their sum or, of what is no amount of the year, the largest."""
    if unit not in RATES:
        return _measured(sum(amounts.values()), unit)
    return f"{'up to ' if len(amounts) > 1 else ''}{_measured(max(amounts.values()), unit)}"


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


def _year(index: Key) -> int:
    """Year of a limit, or 0."""
    return int(str(index[-1])) if index and str(index[-1]).isdecimal() else 0


def _grouped(run: Run, data: MixData, given: MixInputs, labels: Labels, members: Iterable[Member]) -> Sequence[_Said]:
    """Members in words, one line for those that differ in year or name alone."""
    out: dict[tuple[str, ...], _Said] = {}
    for member in members:
        family, index = _parts(member.name)
        said = words(family, index, labels, data.demand)
        place = _place(run, given, family, index)
        level, unit = _level(member, said, data)
        line = out.setdefault((family, said.template, place), _Said(family, said.template, {}, unit, place))
        by_year = line.each.setdefault(said.name, {})
        by_year[said.year] = by_year.get(said.year, 0.0) + level
    # What a run asks for first, then what the world makes, then how fast things may change.
    order = [*ASKED, "", "secondary_available", *LAST]
    return sorted(out.values(), key=lambda said: order.index(said.family if said.family in order else ""))


def _level(limit: Member, said: Words, data: MixData) -> tuple[float, str]:
    """A limit as an amount, and its unit: that all demand is met with how much it is, a least share as it is asked."""
    family, index = _parts(limit.name)
    if family == "unmet":
        return data.demand.get((*index[:2], said.year), 0.0), said.unit
    if family == "own_share":
        return 100 * data.own_share.get((index[0], said.year), 0.0), "%"
    return limit.limit, said.unit or ("million USD" if family == "cost" else "GWh")


def _place(run: Run, given: MixInputs, family: str, index: Key) -> str:
    """Where a limit is said: its row of the inputs, or its key of the run file."""
    if family in ("growth", "decline"):
        row = given.rows.get((family, str(index[0]), str(index[1])))
        if row:
            return row
    if family == "performance" and (row := given.rows.get((family, index[0], index[2]))):
        return row
    return _key(run, KEYS[family][0] if family in KEYS else PLACES.get(family, "optimise"))


def _key(run: Run, key: str) -> str:
    """A key of the run file and where it stands: in the file, or on the command line, which names it itself."""
    file, line = run.place(*key.split("."))
    name = key if "." in key else f"[{key}]"
    return file if file.startswith(COMMAND_LINE) else f"{file}:{line} {name}" if line else f"{file} {name}"


def _line(said: _Said) -> str:
    in_years = {year for by_year in said.each.values() for year in by_year if year}
    years = f", {ranges(in_years)}" if in_years else ""
    if said.family == "unmet":
        amount = _measured(sum(sum(by_year.values()) for by_year in said.each.values()), said.unit)
        return f"{said.what.replace(EACH, ', '.join(said.each))}: {amount}{years}  ({said.place})"
    told = said.family in AMOUNTS
    largest = sorted(said.each, key=lambda name: (name == OTHER_COUNTRIES, -max(said.each[name].values())))
    each = [f"{name} ({_between(said.each[name], said.unit)})" for name in largest] if told else list(said.each)
    if EACH in said.what:
        return f"{said.what.replace(EACH, _joined(each))}{years}  ({said.place})"
    amount = f": {_between(said.each[''], said.unit)}" if told else ""
    return f"{said.what}{years}{amount}  ({said.place})"


def _joined(names: Collection[str], most: int | None = None) -> str:
    """Names one after the other, those that hold a comma told apart. most: names that are told."""
    told = list(names)[:most]
    more = f" and {len(names) - len(told)} more" if len(told) < len(names) else ""
    return ("; " if any("," in name for name in told) else ", ").join(told) + more


def _between(limits: Mapping[int, float], unit: str) -> str:
    """The limits of some years."""
    low, high = number(min(limits.values())), number(max(limits.values()))
    return f"{low} {unit}" if low == high else f"{low} to {high} {unit}"


def _way(way: Loosening, data: MixData, labels: Labels) -> str:
    """A limit that resolves the conflict when it alone gives way."""
    family, index = _parts(way.member.name)
    said = words(family, index, labels, data.demand)
    year = f" in {said.year}" if said.year else ""
    by = _measured(way.by / (said.scale or 1.0), said.unit)
    return f"{by} of {_about(said, index, data)}{year}." if said.about else f"{said.what}{year} by {by}."
