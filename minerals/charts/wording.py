"""PageText of the charts: numbers as they are printed, and titles that say the finding and are true.

A share is 0–1 here and becomes per cent on the way out. A relative change is printed by `percent`, a difference of two
shares by `points`: the two never meet in one function.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import NamedTuple

from minerals import numbers
from minerals.numbers import MINUS, percent
from minerals.results.interval import Interval

NAMED_SHARES = ((0.23, 0.27, "a quarter"), (0.31, 0.35, "a third"), (0.48, 0.52, "half"))
LEAST_WORTH_SAYING = 0.01
"""A change below this share is never a headline, however certain it is."""
STANDS_ALONE = ("adoption", "scenario", "mix", "case", "pathway", "policy", "policies", "future")
"""Scenario labels that end in, or hold, one of these words need no further noun in a sentence."""
ACTS = ("bans", "closes", "cuts", "halts", "limits", "restricts", "stops")
"""Verbs of labels of disruptions that are sentences."""
TAKES_ARTICLE = ("united ", "european ", "rest of ", "dr congo", "democratic republic", "netherlands", "philippines")


number = partial(numbers.number, digits=2)
"""An amount as charts print it: 1,234 · 56 · 5.6 · 0.56 · 0."""


SMALLER = {"GWh": "MWh", "kt": "t"}
"""Units of what is too small for them, a thousandth each."""


def amount(value: float, unit: str) -> str:
    """An amount with its unit, in the next smaller one where it is below a tenth: 102 GWh · 25 t · 1.0 MWh."""
    if 0 < abs(value) < 0.1 and unit in SMALLER:
        return f"{number(1000 * value)} {SMALLER[unit]}"
    return f"{number(value)} {unit}"


def part(share: float) -> str:
    """A share of a whole in a column: 27% · 0.6% · <0.1% · 0%, which is none at all."""
    return "<0.1%" if 0 < share < 0.0005 else percent(share)


WORLD_TOTAL = "read the world total"
"""What a caveat says of shares of the world that stand for those of its regions."""


def rounded(value: float) -> str:
    """An amount to three significant digits, for sentences: 1,160 · 18,300 · 56."""
    size = abs(value)
    digits = 2 - math.floor(math.log10(size)) if size >= 100 else 9
    return number(round(value, digits))


def points(difference: float) -> str:
    """A difference of two shares, in percentage points: +11 percentage points."""
    size = f"{abs(difference) * 100:.0f}"
    sign = "" if size == "0" else MINUS if difference < 0 else "+"
    return f"{sign}{size} percentage point{'' if size == '1' else 's'}"


def by_how_much(share: float) -> str:
    """The size of a change after 'by': a quarter (23–27 %), a third (31–35 %), half (48–52 %), otherwise the number."""
    size = abs(share)
    return next((word for low, high, word in NAMED_SHARES if low <= size <= high), percent(size))


def how_much_more(share: float) -> str:
    """The size of a rise before 'more': a quarter, a third, otherwise the number ('half more' is not English)."""
    word = by_how_much(share)
    return percent(abs(share)) if word == "half" else word


def names(items: Sequence[str]) -> str:
    """graphite · graphite and cobalt · graphite, nickel and cobalt."""
    return " and ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))


def capitalised(text: str) -> str:
    """The text with its first letter a capital; other letters stay as they are."""
    return text[:1].upper() + text[1:]


class Subject(str):
    """A computed title that says what is drawn, for want of anything that is found in it."""

    __slots__ = ()


def contained_silicon(minerals: Iterable[str]) -> str:
    """Whose mass silicon is, as a sentence of a note, where it is among the minerals drawn; else nothing."""
    return " Silicon is contained Si, not SiOx or composite." if "silicon" in minerals else ""


def lowered(label: str) -> str:
    """A label inside a sentence: Graphite -> graphite, but NMC 811, LiPF6 and Na-ion cell stay."""
    first = label.split(" ", 1)[0]
    named = re.match(r"[A-Z][a-z]-", first) or any(letter.isupper() or letter.isdigit() for letter in first[1:])
    return label if named or not label[1:2].isalpha() else label[:1].lower() + label[1:]


def kind(label: str, family: str) -> str:
    """A chemistry below the name of its family: Layered oxide, Ni-Fe-Mn · NMC 811; nothing where both are the same."""
    rest = label.removeprefix(family).lstrip(" ,")
    return "" if label == family else capitalised(rest) if rest[:1].isalpha() else label


def place(label: str) -> str:
    """A region inside a sentence: Europe · the United States · the world · Europe and the United States."""
    if " + " in label:
        return names([place(part) for part in label.split(" + ")])
    if label.lower() in ("world", "the world", "rest of world", "rest of the world"):
        return "the rest of the world" if "rest" in label.lower() else "the world"
    return f"the {label}" if label.lower().startswith(TAKES_ARTICLE) else label


def possessive(label: str) -> str:
    """Whose demand it is: Europe’s · the United States’ · the world’s."""
    owner = place(label)
    return owner + ("’" if owner.endswith("s") else "’s")


def actor(label: str, adoption_differs: bool) -> str:
    """A scenario as the subject of a sentence: Next-gen adoption · The “High storage” scenario.

    adoption_differs: whether it is the adoption of chemistries that sets this scenario apart from the base.
    """
    words = label.lower().replace("-", " ").split()
    if any(word in words for word in STANDS_ALONE):
        return label if words[0] == "the" or "adoption" in words else f"The “{label}”"
    return f"{label} adoption" if adoption_differs else f"The “{label}” scenario"


def uses(segments: Sequence[str], labels: Mapping[str, str]) -> str:
    """The uses that numbers are of, for the end of a subtitle; '' where they are all.

    batteries of stationary storage · all uses but portable electronics. segments: codes in scope; labels: code -> label
    of every use that the tables have.
    """
    left_out = [lowered(label) for code, label in labels.items() if code not in segments]
    counted = [lowered(label) for code, label in labels.items() if code in segments]
    if not left_out or not counted:
        return ""
    if len(left_out) < len(counted):
        return f"all uses but {names(left_out)}"
    return f"batteries of {names(counted)} alone"


def if_it_happens(event: str) -> str:
    """A disruption as a condition: if China stops exports of graphite anodes · in case of “Strike in Finland”.

    A label that says who does what has one of a few verbs; any other is quoted.
    """
    return f"if {event}" if set(event.split()) & set(ACTS) else f"in case of “{event}”"


class Finding(NamedTuple):
    """What a scenario does to one mineral: its name inside a sentence, and the relative change with its interval."""

    name: str
    change: Interval


def change_title(subject: str, region: str, year: int, findings: Sequence[Finding], neutral: str) -> str:
    """The finding, in words that the intervals bear out; `neutral` where they bear out none.

    Only changes whose interval excludes zero, and of a hundredth or more, are said. The largest leads (of two printed
    alike the first of `findings`) with at most one more in its direction; at most one in the other direction follows.
    Where every interval lies within ±1 %, the title says that hardly anything changes.
    """
    clear = [f for f in findings if f.change.excludes_zero and abs(f.change.value) >= LEAST_WORTH_SAYING]
    clear.sort(key=lambda finding: -round(abs(finding.change.value), 2))
    falls, rises = ([f for f in clear if (f.change.value < 0) is down][:2] for down in (True, False))
    if not clear:
        ends = [end for finding in findings for end in finding.change]
        if not ends or not all(abs(end) < LEAST_WORTH_SAYING for end in ends):
            return Subject(neutral)
        verb = "not" if all(end == 0 for end in ends) else "hardly"
        what = names([finding.name for finding in findings])
        return f"{capitalised(subject)} would {verb} change {possessive(region)} demand for {what} in {year}"
    if clear[0].change.value < 0:
        tail = f", for {how_much_more(rises[0].change.value)} more {rises[0].name}" if rises else ""
        return f"{capitalised(subject)} would cut {possessive(region)} {_amounts(falls)}{tail}"
    tail = f", but cut {falls[0].name} by {by_how_much(falls[0].change.value)}" if falls else ""
    return f"{capitalised(subject)} would raise {possessive(region)} {_amounts(rises)}{tail}"


def _amounts(findings: Sequence[Finding]) -> str:
    """graphite demand by a quarter and cobalt by 10% · graphite and cobalt demand by a third."""
    groups = [
        (how_much, names([finding.name for finding in group]))
        for how_much, group in groupby(findings, key=lambda finding: by_how_much(finding.change.value))
    ]
    first, *others = [f"{what}{'' if i else ' demand'} by {how_much}" for i, (how_much, what) in enumerate(groups)]
    return names([first, *others])


def level_title(region: str, year: int, levels: Sequence[tuple[str, Interval]], *, past: bool = False) -> str:
    """One scenario alone: how much of the largest mineral, and of the next where their intervals do not meet.

    levels: (name inside a sentence, kt with its ends), in any order; past: the numbers are history.
    """
    ranked = sorted(levels, key=lambda level: -level[1].value)
    name, kt = ranked[0]
    title = f"{capitalised(possessive(region))} batteries {'needed' if past else 'would need'} "
    title += f"{number(kt.value)} kt of {name} in {year}"
    if len(ranked) > 1 and kt.low > ranked[1][1].high and ranked[1][1].value > 0:
        title += f", ahead of {ranked[1][0]} at {number(ranked[1][1].value)} kt"
    return title


def share_title(region: str, year: int, shares: Sequence[tuple[str, float]]) -> str:
    """What recycling could supply: the two highest shares, and the lowest of three or more, where it is lower still.

    shares: (name inside a sentence, recycled content 0–1), in any order. Of two minerals the second is the contrast.
    """
    ranked = sorted(shares, key=lambda item: -round(item[1], 2))
    batteries = f"{possessive(region)} batteries"
    if not ranked or by_how_much(ranked[0][1]) == "0%":
        what = names([name for name, _ in shares])
        if not what:
            return Subject(f"What {batteries} take from mines and from recycling, to {year}")
        return f"Recycling would supply none of the {what} {batteries} need in {year}"
    printed = [(by_how_much(share), name) for name, share in ranked]
    least, lowest = printed[-1]
    contrast = least != printed[0][0]
    leading = [item for item in printed if item[0] != least][:2] if contrast else printed
    groups = [
        (share, names([name for _, name in group])) for share, group in groupby(leading, key=lambda item: item[0])
    ]
    title = f"By {year} recycling could supply {names([f'{share} of the {what}' for share, what in groups])}"
    title += f" that {batteries} need"
    if not contrast:
        return title
    only = "only " if ranked[-1][1] <= ranked[len(leading) - 1][1] / 2 else ""
    return f"{title}, but {'none' if least == '0%' else only + least} of the {lowest}"


def sensitivity_title(outcome: str, swings: Sequence[tuple[str, float]], totals: Sequence[tuple[str, float]]) -> str:
    """Which input an outcome depends on most, alone and, where the totals name another, with all inputs varying.

    outcome: whose, when and of what ('Europe’s 2035 graphite demand'); swings: (input inside a sentence, how far the
    outcome moves from its low to its high value) of the inputs that move it, the largest first; totals: (input, total
    Sobol index). Swings printed alike share the place.
    """
    outcome = capitalised(outcome)
    if not swings:
        return f"No input tested moves {outcome[:1].lower() + outcome[1:] if outcome.startswith('The ') else outcome}"
    most = number(swings[0][1])
    first = [name for name, swing in swings if number(swing) == most]
    if len(swings) == 1:
        return f"{outcome} depends on {first[0]}"
    if len(first) > 3:
        return f"{outcome} depends on {len(first)} inputs alike"
    together = max(totals, key=lambda total: total[1])[0] if totals else first[0]
    if together not in first:
        return f"{outcome} depends most on {names(first)} taken alone, and on {together} when all inputs vary"
    if len(first) > 1:
        return f"{outcome} depends most on {names(first)}"
    return f"{outcome} depends more on {first[0]} than on any other input tested"


def neutral_title(region: str, year: int, scenarios: Sequence[str]) -> str:
    """What is shown, where nothing can be claimed."""
    what = f"Mineral demand for batteries in {place(region)} in {year}"
    return Subject(f"{what}: {names(scenarios)} compared" if len(scenarios) > 1 else what)
