"""Rules on disruptions, groups of countries, trade rules and pack sizes. As in `check`, all at once."""

from __future__ import annotations

from math import isnan

from ..errors import Problem, did_you_mean
from .check import Tables, split
from .codes import ANY
from .history import past_of

#: What may have become of a measure.
STATUSES = ("in_force", "suspended", "announced", "ended", "hypothetical")
#: What all rows of one disruption share: it is one event, told once.
TOLD_ONCE = ("label", "instrument", "start", "months", "months_low", "months_high", "status")


def disruptions_are_whole(tables: Tables, problems: list[Problem]) -> None:
    """A disruption lasts and its rows tell one event; who reports it and what holds it already are in the tables."""
    table = tables["disruption"]
    sources = tables["sources"]
    known = set(sources.columns["source"])
    futures = set(tables["supply_futures"].columns["future"])
    first = {row.disruption: row for row in reversed(table.rows)}
    for row in table.rows:
        line = int(row.line)
        if row.months <= 0:
            why = "a disruption lasts longer than 0 months; write 12 for one that has no end and is played as a year"
            problems.append(Problem(table.file, line, f"months = {row.months:g}", why))
        for column in TOLD_ONCE:
            here, there = (getattr(each, column) for each in (row, first[row.disruption]))
            if here != there and (here == here or there == there):  # Both may be empty.
                start = table.lines([first[row.disruption].line])
                why = f"{row.disruption} has {there!r} in {start}; write the same in all its rows"
                problems.append(Problem(table.file, line, f"{column} = {here!r}", why))
        for future in split(str(row.contained_in)):
            if future != ANY and future not in futures:
                why = f"not in supply_futures.csv{did_you_mean(future, futures)}; or write any"
                problems.append(Problem(table.file, line, f"contained_in = {row.contained_in!r}", why))
        for key in (part.strip() for part in row.reported_by.split(";") if part.strip()):
            if key not in known and not sources.dropped:
                why = f"not in {sources.file}{did_you_mean(key, known)}; add the source, or leave the cell empty"
                problems.append(Problem(table.file, line, f"reported_by = {key!r}", why))


def disruptions_have_ends(tables: Tables, problems: list[Problem]) -> None:
    """Ends of the months lie about them, and an instrument has a past that ends can be taken from."""
    table, history = tables["disruption"], tables["event_history"]
    for row in table.rows:
        line, ends = int(row.line), (row.months_low, row.months_high)
        if isnan(ends[0]) != isnan(ends[1]):
            name = "months_low" if isnan(ends[0]) else "months_high"
            why = "months_low and months_high go together; give both or neither"
            problems.append(Problem(table.file, line, f"{name} = ''", why))
        elif not isnan(ends[0]) and not 0 < ends[0] <= row.months <= ends[1]:
            what = f"months_low, months, months_high = {ends[0]:g}, {row.months:g}, {ends[1]:g}"
            problems.append(Problem(table.file, line, what, "expected 0 < months_low ≤ months ≤ months_high"))
        if row.instrument and row.kind != "export":
            why = f"{history.file} holds stops of exports alone; leave it empty for output, and give low and high"
            problems.append(Problem(table.file, line, f"instrument = {row.instrument!r}", why))
        elif row.instrument and not history.dropped and past_of(history.rows, row.instrument) is None:
            why = f"no event of {history.file} is of this kind; add its rows there, or leave it empty"
            problems.append(Problem(table.file, line, f"instrument = {row.instrument!r}", why))


def statuses_have_weights(tables: Tables, problems: list[Problem]) -> None:
    """Every status that a disruption of the tables or of a run file may have has a weight."""
    table = tables["event_weight"]
    if table.dropped:
        return  # A row that could not be read may be the missing one.
    known = set(table.columns["status"])
    for status in STATUSES:
        if status not in known:
            why = "is missing, and a run may have such disruptions; add its row, graded assumed"
            problems.append(Problem(table.file, 0, f"status {status!r}", why))


def groups_have_members(tables: Tables, problems: list[Problem]) -> None:
    """A group without members would count nobody, silently."""
    groups, members = tables["country_groups"], tables["country_group"]
    filled = set(members.columns["group"])
    for row in groups.rows:
        if row.group not in filled and not members.dropped:
            why = f"has no members; add rows to {members.file}, or remove the group"
            problems.append(Problem(groups.file, int(row.line), f"group = {row.group!r}", why))


def trade_rules_can_hold(tables: Tables, problems: list[Problem]) -> None:
    """A rule names its group, but for one that holds for each country alone; all but tariffs are shares."""
    table, groups = tables["trade_rule"], tables["country_groups"]
    known = set(groups.columns["group"])
    for row in table.rows:
        line, single = int(row.line), row.kind == "maximum_single"
        if single and row.group:
            why = "maximum_single holds for each country outside the region; leave the group empty"
            problems.append(Problem(table.file, line, f"group = {row.group!r}", why))
        elif not single and row.group not in known and not groups.dropped:
            why = f"{row.kind} needs a group of {groups.file}{did_you_mean(row.group, known)}"
            problems.append(Problem(table.file, line, f"group = {row.group!r}", why))
        most = row.value if isnan(row.high) else row.high
        if row.kind != "tariff" and most > 1:
            why = f"{row.kind} is a share from 0 to 1; 65 % is 0.65"
            problems.append(Problem(table.file, line, f"value, high = {row.value:g}, {most:g}", why))


def packs_hold_energy(tables: Tables, problems: list[Problem]) -> None:
    """GWh are divided by it, so it is above 0."""
    table = tables["pack_size"]
    for row in table.rows:
        least = row.value if isnan(row.low) else row.low
        if least <= 0:
            why = "a pack holds more than 0 kWh, its low end too; leave the row out where there is none"
            problems.append(Problem(table.file, int(row.line), f"value, low = {row.value:g}, {least:g}", why))


RULES = (
    disruptions_are_whole,
    disruptions_have_ends,
    statuses_have_weights,
    groups_have_members,
    trade_rules_can_hold,
    packs_hold_energy,
)
