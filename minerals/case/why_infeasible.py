"""Why no mix keeps all limits, in the words of the run: which of them contradict each other, where each is said, and
what would resolve it."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import product
from time import monotonic

from ..config import COMMAND_LINE, Run
from ..errors import NumericalTrouble, TimeLimit, listed
from ..haste import frozen, value_class
from ..mix.compiled import Compiled
from ..mix.conflict import Conflict, Loosening, Member, Search
from ..mix.data import Key, MixData
from ..mix.families import BALANCES, LIMITS, in_conflict, words
from ..mix.family import EACH, OTHER_COUNTRIES, Glossary, Kind, LimitText, year_of
from ..numbers import number
from ..tables.codes import WORLD
from ..tables.mix import MixInputs
from ..tables.series import ranges

#: Key that lets in chemistries before their time, and what to write there: it governs no limit of the model.
COMMERCIAL = ("optimise.commercial", 'commercial = "off" (or "low", where that is enough)')
#: All that let in chemistries.
ADMITTING = (COMMERCIAL, LIMITS["performance"].way)
#: Ways out that are told.
WAYS = 3
#: Causes of one key that are told, and rows of one cause or names of one row.
CAUSES, ROWS = 3, 6
#: Limits of a kind that are told.
ENTRIES = 12
#: What is said of the solver where it does not tell something.
NO_ANSWER = "the solver gave no answer"
#: Part of the time for a solve in which all that is told is looked for.
SEARCH = 0.5


@frozen
class _Entry:
    """Members of a conflict that stand in one line. what: the line, with EACH where names of the members stand;
    each: limits by name and year, 0 where they have none; unit: of limits that are amounts; place: where they stand."""

    family: str
    what: str
    each: dict[str, dict[int, float]]
    unit: str
    place: str


@value_class
class _Cause:
    """Why chemistries are not there. way: key that lets them in and what to write there, where there is one; dated:
    whether it holds in some years alone, which `what` does not say."""

    what: str
    way: tuple[str, str] | None = None
    dated: bool = False


def why(
    run: Run,
    data: MixData,
    inputs: MixInputs,
    glossary: Glossary,
    compiled: Compiled,
    now: Callable[[], float] = monotonic,
) -> str:
    """The message of a run whose limits contradict each other. compiled: the model that has no solution; now: clock
    [s].

    Raises TimeLimit where no set of limits that contradict each other is found in time, NumericalTrouble where the
    solver does not tell one, and UsageError where they do by so little that none can be told.
    """
    start = now()
    seconds = math.inf if compiled.time_limit is None else SEARCH * compiled.time_limit
    search = Search(compiled, BALANCES, seconds, now)
    found = search.conflict(_rank, lambda limit: _rank(limit, first=False))
    entries = _grouped(run, data, inputs, glossary, found.members)
    lines = [
        f"no mix keeps all limits of this run. These contradict each other{_claim(run, found, now() - start)}:",
        *(f"  {line}" for line in map(_line, entries[:ENTRIES])),
    ]
    if len(entries) > ENTRIES:
        lines.append(f"  and {len(entries) - ENTRIES} more")
    lines += _barred(run, data, inputs, glossary, found.members)
    lines += _keys_that_help(search, entries, data, glossary)
    lines += _narrowed(run)
    lines += _single_changes(search, found, data, glossary)
    lines.append("Nothing was written.")
    return "\n".join(lines)


def _rank(limit: Member, first: bool = True) -> tuple[int, int]:
    """Which of limits are told that would do alike: those of the first years, or else of the last, and there what the
    run asks for, then what the world makes."""
    year, group = year_of(limit.index), in_conflict(limit.family)[0]
    return year if first else -year, group


def _claim(run: Run, found: Conflict, seconds: float) -> str:
    """What is known of a set of limits that contradict each other. seconds: that it took to find."""
    if found.irreducible:
        return ", and no longer do without any one of them"
    if found.in_time:
        return f"; some may not be needed: {NO_ANSWER} when fewer were tried"
    more = f"more time: {_key(run, 'optimise.time_limit')}"
    return f"; some may not be needed: the search was stopped after {seconds:.0f} s ({more})"


def _keys_that_help(search: Search, entries: Iterable[_Entry], data: MixData, glossary: Glossary) -> Iterable[str]:
    """Keys of the run file that resolve the conflict alone, each with how far its limits must give way, and those that
    do not."""
    short, unknown, works = [], [], False
    try:
        ways = (LIMITS[entry.family].way for entry in entries if LIMITS[entry.family].way_out)
        for key, way in dict.fromkeys(ways):
            families = {family for family, limit in LIMITS.items() if limit.way == (key, way)}
            try:
                breach = search.give_way(families)
            except NumericalTrouble:
                unknown.append(key.removeprefix("optimise."))
                continue
            if breach is None:
                short.append(key.removeprefix("optimise."))
            else:
                works = True
                yield f"Works: {way}; at least {_breach(breach, glossary, data)}."
    except TimeLimit:
        yield f"What {'else ' if works else ''}works was not found in time."
    if short:
        yield f"Not enough alone: a change of {listed(short)}."
    if unknown:
        yield f"Not known to be enough alone, for {NO_ANSWER}: a change of {listed(unknown)}."


def _single_changes(search: Search, found: Conflict, data: MixData, glossary: Glossary) -> Iterable[str]:
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
    first, *others = list(dict.fromkeys(_way(way, data, glossary) for way in ways))[:WAYS] or [""]
    if first:
        yield f"{'Single' if missed else 'Smallest single'} change that works: {first}"
        yield from (f"  or {way}" for way in others)
    elif missed:
        yield f"Whether one of these limits, loosened alone, is enough {missed}."
    else:
        yield "Loosening one of these limits in its year alone is not enough: others contradict each other as well."


def _narrowed(run: Run) -> Iterable[str]:
    """Where the run leaves out chemistries, that may be why."""
    config = run.settings.optimise
    assert config is not None
    if config.chemistries:
        place = _key(run, "optimise.chemistries")
        yield f"Only {listed(config.chemistries)} may be chosen ({place}); others may help."
    if config.without:
        yield f"{listed(config.without)} may not be chosen ({_key(run, 'optimise.without')}) and may help."


def _barred(run: Run, data: MixData, inputs: MixInputs, glossary: Glossary, members: Sequence[Member]) -> Iterable[str]:
    """Chemistries that may be chosen but are not there in the regions, uses and years of a conflict: what bars them is
    no limit that could give way. One line for each key that lets them in, and one for those that none does."""
    by_cause: dict[_Cause, dict[str, dict[str, None]]] = {}
    years: dict[_Cause, set[int]] = {}
    home = _made_at_home_matters(data, members)
    for (r, s, y), c in product(_demanded(data, members), inputs.chemistries):
        if found := _cause(inputs, glossary, home, (r, s, c, y)):
            cause, place = found
            by_cause.setdefault(cause, {}).setdefault(place, {})[glossary.chemistry(c)] = None
            years.setdefault(cause, set()).add(y)
    for way in (*ADMITTING, None):
        causes = []
        for cause in (cause for cause in by_cause if cause.way == way):
            when = f", {ranges(years[cause])}" if cause.dated else ""
            rows = [f"{_joined(names, ROWS)} ({place})" for place, names in by_cause[cause].items()]
            causes.append(f"{cause.what}{when}: {_joined(rows, ROWS)}")
        if causes:
            more = f" And {len(causes) - CAUSES} more." if len(causes) > CAUSES else ""
            helps = f" {way[1]} may help ({_key(run, way[0])})." if way else ""
            yield f"{'. '.join(causes[:CAUSES])}.{more}{helps}"


def _made_at_home_matters(data: MixData, members: Iterable[Member]) -> bool:
    """Whether a conflict is one of cells that a region makes itself, or of who makes those that it buys."""
    return any(LIMITS[one.family].made_at_home or set(one.index) & set(data.cells) for one in members)


def _demanded(data: MixData, members: Iterable[Member]) -> Iterable[Key]:
    """Demand that a conflict is about, (region, segment, year): what is to be met, in all years of its limits, since
    what is there earlier can grow."""
    members = tuple(members)
    uses = {one.index[:2] for one in members if LIMITS[one.family].kind is Kind.DEMAND}
    years = {year_of(one.index) for one in members}
    return ((r, s, y) for r, s, y in data.demand if (r, s) in uses and y in years)


def _cause(inputs: MixInputs, glossary: Glossary, home: bool, at: Key) -> tuple[_Cause, str] | None:
    """What bars a chemistry first, and its row: at (region, segment, chemistry, year). home: whether it must be made in
    the region."""
    r, s, c, y = at
    segment = glossary.segment(s)
    if row := inputs.barred.get((s, c)):
        return _Cause(f"Unsuited to {segment}"), row
    if measure := inputs.short.get((s, c, y)):
        cause = _Cause(f"Too little {measure.replace('_', ' ')} for {segment}", LIMITS["performance"].way, dated=True)
        return cause, inputs.rows["performance", measure, s]
    if y < inputs.first.get(c, y):
        return _Cause(f"Made nowhere before {inputs.first[c]}", COMMERCIAL), inputs.rows["commercial_year", WORLD, c]
    if home and y < inputs.made.get((r, c), y):
        return _Cause(f"Not made in {r} before {inputs.made[r, c]}", COMMERCIAL), inputs.rows["commercial_year", r, c]
    return None


def _breach(breach: Sequence[tuple[Member, float]], glossary: Glossary, data: MixData) -> str:
    """How far limits give way, by kind, over the years in which they do: the largest first."""
    by_what: dict[str, tuple[LimitText, dict[int, float]]] = {}
    for limit, amount in breach:
        text, year = words(limit.family, limit.index, glossary, data), year_of(limit.index)
        _, years = by_what.setdefault(_about(text, limit.index, data), (text, {}))
        before, more = years.get(year, 0.0), amount / text.scale
        # A family and its only chemistry go by one name, and grow by the same points.
        years[year] = max(before, more) if text.rate else before + more
    order = sorted(by_what.items(), key=lambda entry: -sum(entry[1][1].values()))
    parts = [f"{_over_years(years, text)} of {what} ({ranges(years)})" for what, (text, years) in order[:WAYS]]
    return "; ".join(parts) + (f"; and {len(order) - WAYS} more" if len(order) > WAYS else "")


def _over_years(amounts: Mapping[int, float], text: LimitText) -> str:
    """Amounts of some years together: their sum or, of what is no amount of the year, the largest."""
    if not text.rate:
        return _measured(sum(amounts.values()), text.unit)
    return f"{'up to ' if len(amounts) > 1 else ''}{_measured(max(amounts.values()), text.unit)}"


def _about(text: LimitText, index: Key, data: MixData) -> str:
    """What an amount is of, with its region where there are several."""
    what = text.about or text.what
    several = text.about and len(data.regions) > 1 and index[0] in data.regions
    return f"{what} in {index[0]}" if several and f" in {index[0]}" not in what else what


def _measured(amount: float, unit: str) -> str:
    """An amount with its unit, e.g. `1,200 kt` or `3.3 points`."""
    shown = number(amount)
    return f"{shown} {unit or 'units'}{'s' if unit == 'point' and shown != '1.0' else ''}"


def _grouped(
    run: Run, data: MixData, inputs: MixInputs, glossary: Glossary, members: Iterable[Member]
) -> Sequence[_Entry]:
    """Members in words, one line for those that differ in year or name alone."""
    out: dict[tuple[str, ...], _Entry] = {}
    for member in members:
        family, year = member.family, year_of(member.index)
        text, place = words(family, member.index, glossary, data), _place(run, inputs, member)
        level, unit = _level(member, text, data)
        entry = out.setdefault((family, text.template, place), _Entry(family, text.template, {}, unit, place))
        by_year = entry.each.setdefault(text.name, {})
        by_year[year] = by_year.get(year, 0.0) + level
    return sorted(out.values(), key=lambda entry: in_conflict(entry.family))


def _level(limit: Member, text: LimitText, data: MixData) -> tuple[float, str]:
    """A limit as an amount, and its unit: its right-hand side, or what its record tells instead."""
    amount = LIMITS[limit.family].amount
    return amount(data, *limit.index) if amount else (limit.limit / text.scale, text.unit)


def _place(run: Run, inputs: MixInputs, member: Member) -> str:
    """Where a limit stands: its row of the inputs, or its key of the run file."""
    limit = LIMITS[member.family]
    row = inputs.rows.get(limit.row(*member.index)) if limit.row else None
    return row or _key(run, limit.key)


def _key(run: Run, key: str) -> str:
    """A key of the run file and where it stands: in the file, or on the command line, which names it itself."""
    file, line = run.place(*key.split("."))
    name = key if "." in key else f"[{key}]"
    return file if file.startswith(COMMAND_LINE) else f"{file}:{line} {name}" if line else f"{file} {name}"


def _line(entry: _Entry) -> str:
    in_years = {year for by_year in entry.each.values() for year in by_year if year}
    years = f", {ranges(in_years)}" if in_years else ""
    amounts = LIMITS[entry.family].amounts
    if amounts == "total":
        amount = _measured(sum(sum(by_year.values()) for by_year in entry.each.values()), entry.unit)
        return f"{entry.what.replace(EACH, ', '.join(entry.each))}: {amount}{years}  ({entry.place})"
    largest = sorted(entry.each, key=lambda name: (name == OTHER_COUNTRIES, -max(entry.each[name].values())))
    each = [f"{name} ({_between(entry.each[name], entry.unit)})" for name in largest] if amounts else list(entry.each)
    if EACH in entry.what:
        return f"{entry.what.replace(EACH, _joined(each))}{years}  ({entry.place})"
    amount = f": {_between(entry.each[''], entry.unit)}" if amounts else ""
    return f"{entry.what}{years}{amount}  ({entry.place})"


def _joined(names: Collection[str], most: int | None = None) -> str:
    """Names one after the other, those that hold a comma told apart. most: names that are told."""
    first = list(names)[:most]
    more = f" and {len(names) - len(first)} more" if len(first) < len(names) else ""
    return ("; " if any("," in name for name in first) else ", ").join(first) + more


def _between(limits: Mapping[int, float], unit: str) -> str:
    """The limits of some years."""
    low, high = number(min(limits.values())), number(max(limits.values()))
    return f"{low} {unit}" if low == high else f"{low} to {high} {unit}"


def _way(way: Loosening, data: MixData, glossary: Glossary) -> str:
    """A limit that resolves the conflict when it alone gives way."""
    index = way.member.index
    text, when = words(way.member.family, index, glossary, data), year_of(index)
    year = f" in {when}" if when else ""
    by = _measured(way.by / text.scale, text.unit)
    return f"{by} of {_about(text, index, data)}{year}." if text.about else f"{text.what}{year} by {by}."
