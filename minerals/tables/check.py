"""Rules between rows and between tables. Each adds its problems to one list, so that all are reported at once."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable
from difflib import get_close_matches
from statistics import median
from typing import Any

from ..errors import Problem, did_you_mean, listed
from ..units import GRAPHITE_LIMIT, PLAUSIBLE
from .codes import ASSUMED, OWN, UNKNOWN
from .finer import by_label
from .read import OPEN, OWN_LINE, Table
from .relative import NoCurve, follows, multiples_of

#: Shares of one group must add up to one this closely. Rounded printed shares are closed in corrections.csv.
SHARE_TOLERANCE = 1e-6
#: Sums of so many groups that differ by no more than this part of themselves are wrong by one factor: one problem.
GROUPS, ONE_FACTOR = 4, 0.01
#: Of so many countries, some have an estimate of governance beyond this.
MANY, SPREAD = 20, 0.25

Tables = dict[str, Table]


def tables_have_rows(tables: Tables, problems: list[Problem]) -> None:
    """A table with a header and nothing else is a mistake, but for corrections."""
    for name, table in tables.items():
        if name != "corrections" and not len(table) and not any(p.file == table.file for p in problems):
            problems.append(Problem(table.file, 0, "", "has a header and no rows"))


def references_exist(tables: Tables, problems: list[Problem]) -> None:
    """Every code stands in its code list, also that of a row of which another cell cannot be read. A list with
    unreadable rows is no measure."""
    for table in tables.values():
        for reference in table.schema.references:
            target = tables[reference.target]
            if target.dropped:
                continue
            known = set(target.columns[reference.target_field])
            whys: dict[str, str] = {}  # What is near is sought once: a wrong code often stands in a thousand rows.
            unread = [
                (line, row[reference.field]) for line, row in table.unread if row.get(reference.field) not in (None, "")
            ]
            for line, code in [*cells(table, reference.field), *unread]:
                if code not in known:
                    why = whys.get(code) or whys.setdefault(code, f"not in {target.file}{did_you_mean(code, known)}")
                    new = f"; or name it in a row of your own of {reference.target}" if line > OWN_LINE else ""
                    problems.append(Problem(table.file, line, f"{reference.field} = {code!r}", why + new))


def lists_of_codes_exist(tables: Tables, problems: list[Problem]) -> None:
    """Codes joined by ';', and codes that point within their own list."""
    own = [("regions", "parts", "region"), ("regions", "within", "region"), ("scenarios", "extends", "scenario"),
           ("chemistries", "base", "chemistry"), ("chemistries", "silicon_like", "chemistry"),
           ("segments", "in_place_of", "segment"), ("nodes", "same_as", "node"),
           ("supply_futures", "extends", "future")]  # fmt: skip
    for name, column, code_column in own:
        table = tables[name]
        known = set(table.columns[code_column])
        for line, text in cells(table, column):
            for code in split(text) if column == "parts" else [text] if text else []:
                if code not in known:
                    why = f"not in {table.file}{did_you_mean(code, known)}"
                    problems.append(Problem(table.file, line, f"{column} = {code!r}", why))
    for line, text in cells(tables["regions"], "members"):
        for code in split(text):
            if not (len(code) == 3 and code.isalpha() and code.isupper()):
                why = "not an ISO 3166-1 alpha-3 code (three capital letters)"
                problems.append(Problem(tables["regions"].file, line, f"members = {code!r}", why))


def sources_exist(tables: Tables, problems: list[Problem]) -> None:
    """Every source is a key of sources.csv, or the word assumed or unknown; that of an own row may be own."""
    known = set(tables["sources"].columns["source"])
    for name, table in tables.items():
        if name == "sources" or "source" not in table.columns:
            continue
        for line, text in cells(table, "source"):
            for key in split(text):
                if key in known or key in (ASSUMED, UNKNOWN) or (key == OWN and line > OWN_LINE):
                    continue
                if line > OWN_LINE:
                    why = (
                        f"not in {tables['sources'].file}{did_you_mean(key, known)}; leave it empty, and it is your own"
                    )
                else:
                    why = f"not in {tables['sources'].file}{did_you_mean(key, known)}; add the source, or write assumed"
                problems.append(Problem(table.file, line, f"source = {key!r}", why))


def chains_do_not_loop(tables: Tables, problems: list[Problem]) -> None:
    """`extends` and `same_as` lead to an end."""
    for name, column in (("scenarios", "extends"), ("supply_futures", "extends"), ("nodes", "same_as")):
        table = tables[name]
        code = table.schema.primary_key[0]
        parent = dict(zip(table.columns[code], table.columns[column], strict=True))
        for line, start in cells(table, code):
            seen, at = [start], parent[start]
            while at and at not in seen:
                seen.append(at)
                at = parent.get(at, "")
            if at:
                shown = "extends" if column == "extends" else f"is {column}"
                why = f"{shown} itself through {' → '.join([*seen, at])}; leave one of them without {column}"
                problems.append(Problem(table.file, line, f"{code} = {start!r}", why))


def scenarios_have_rows(tables: Tables, problems: list[Problem]) -> None:
    """A scenario in the list has rows somewhere: an empty one would be a silent zero."""
    used: set[str] = set()
    for table in tables.values():
        if table.schema.kind and "scenario" in table.columns:
            used |= set(table.columns["scenario"])
    for line, name in cells(tables["scenarios"], "scenario"):
        if name not in used:
            why = "has no rows in battery_demand, market_share or silicon_uptake; add rows or remove the scenario"
            problems.append(Problem(tables["scenarios"].file, line, f"scenario = {name!r}", why))


def shares_sum_to_one(tables: Tables, problems: list[Problem]) -> None:
    """Shares of one group add up to one. They are never renormalised. Of what is not known there is no sum."""
    for table in tables.values():
        over = table.schema.sums_to_one_over
        if not over:
            continue
        groups: dict[tuple[Any, ...], list[Any]] = {}
        for row in table.rows:
            if not math.isnan(row.value):
                key = tuple(getattr(row, name) for name in table.schema.primary_key if name != over)
                groups.setdefault(key, []).append(row)
        sums = {key: sum(row.value for row in rows) for key, rows in groups.items()}
        wrong = [key for key, total in sums.items() if abs(total - 1.0) > SHARE_TOLERANCE]
        if not wrong:
            continue
        same = max(sums.values()) - min(sums.values()) <= ONE_FACTOR * max(sums.values())
        if len(wrong) == len(sums) >= GROUPS and same and not table.dropped:
            why = f"add up to {median(sums.values()):.6g} everywhere, expected 1; write every share as a fraction of 1"
            problems.append(Problem(table.file, groups[wrong[0]][0].line, "shares", why))
            continue
        for key in wrong:
            if sums[key] < 1.0 and table.dropped:
                continue  # A share that could not be read may be the missing one.
            lines = [row.line for row in groups[key]]
            why = f"add up to {sums[key]:.6g}, expected 1; mend the shares of {table.lines(lines)}"
            first = next((line for line in lines if line > OWN_LINE), lines[0])
            problems.append(Problem(table.file, first, f"shares of {', '.join(map(str, key))}", why))


def uptake_leaves_room(tables: Tables, problems: list[Problem]) -> None:
    """Blends of one chemistry take at most all of it, have a graphite base, and lie within the tabulated fractions."""
    table = tables["silicon_uptake"]
    anodes = tables["chemistries"].by_code("anode")
    most = max((row.silicon for row in tables["chemistries"].rows if row.base), default=0.0)
    for key, rows in table.rows_by("scenario", "region", "segment", "chemistry", "year").items():
        if (total := sum(row.value for row in rows)) > 1 + SHARE_TOLERANCE:
            why = f"blends add up to {total:.6g} of the cells, expected at most 1"
            problems.append(Problem(table.file, rows[0].line, ", ".join(map(str, key)), why))
    for row in table.rows:
        anode = anodes.get(row.chemistry, "graphite")
        if anode != "graphite":
            why = f"has no graphite anode to blend with silicon ({anode})"
            problems.append(Problem(table.file, int(row.line), f"chemistry = {row.chemistry!r}", why))
        if not 0 < row.silicon <= most:
            why = f"expected a mass fraction above 0, at most the largest tabulated blend, {most:g}"
            problems.append(Problem(table.file, int(row.line), f"silicon = {row.silicon:g}", why))


def uptake_is_seen(tables: Tables, problems: list[Problem]) -> None:
    """Uptake may start from next to none, and somewhere it is more: where it never is, its shares are mistaken."""
    table, least = tables["silicon_uptake"], PLAUSIBLE["fraction"][0]
    most = max(table.columns["value"], default=0.0)
    if 0 < most < least and not table.dropped:
        why = f"no blend ever reaches {least:g} of the cells; too small by a factor? If it is meant, remove the rows"
        problems.append(Problem(table.file, table.rows[0].line, "value", why))


def intensities_are_complete(tables: Tables, problems: list[Problem]) -> None:
    """A chemistry with a share or any intensity, and every blend, has every mineral's intensity; an explicit 0 counts.

    Of the user's own chemistries and minerals a run asks for what it needs (`resolve`). Blends of one base differ in
    silicon: which of them an overlay takes is said by the fraction alone.
    """
    table, chemistries = tables["mineral_intensity"], tables["chemistries"]
    minerals, packaged = of_package(tables["minerals"], "mineral"), set(of_package(chemistries, "chemistry"))
    blends = [row for row in chemistries.rows if row.base]
    first = {(row.base, row.silicon): row.line for row in reversed(blends)}
    for row in (row for row in blends if row.line != first[row.base, row.silicon]):
        why = f"another blend of {row.base} has {row.silicon:g} of silicon; keep one of the two"
        problems.append(Problem(chemistries.file, row.line, f"chemistry = {row.chemistry!r}", why))
    if table.dropped:
        return  # A row that could not be read may be the missing one.
    inventoried = {name: {row.mineral for row in rows} for (name,), rows in table.rows_by("chemistry").items()}
    shares = tables["market_share"]
    used = {name: min(row.line for row in rows) for (name,), rows in shares.rows_by("chemistry").items()}
    listed_at = {row.chemistry: row.line for row in blends}
    for name in sorted({*used, *inventoried, *listed_at}):
        if name not in packaged and name in chemistries.columns["chemistry"]:
            continue
        missing = [mineral for mineral in minerals if mineral not in inventoried.get(name, set())]
        if missing:
            why = f"no intensity of {listed(missing)}; add rows to {table.file}, with value 0 where there is none"
            file, line = (shares.file, used[name]) if name in used else (table.file, 0)
            if name in listed_at and name not in inventoried:
                file, line = chemistries.file, listed_at[name]
            problems.append(Problem(file, line, f"chemistry = {name!r}", why))


def own_words_are_meant(tables: Tables, problems: list[Problem]) -> None:
    """A family or an anode of the user's own is none that is known in another spelling, and what another table says of
    a family is said of one that a chemistry has."""
    families = list(dict.fromkeys(tables["chemistries"].columns["family"]))
    for name, table in tables.items():
        for column in (column for column in OPEN if column in table.columns):
            known = [str(word) for word in table.schema.by_name[column].enum]
            if not known:
                continue
            for line, word in cells(table, column):
                if line < OWN_LINE or word in known or (name != "chemistries" and word in families):
                    continue
                near = did_you_mean(word, [*known, *(families if name != "chemistries" else ())])
                what = f"{column} = {word!r}"
                if name != "chemistries":
                    why = f"neither {listed(known, 9)} nor a family of {tables['chemistries'].file}{near}"
                    problems.append(Problem(table.file, line, what, why))
                elif near:
                    why = f"not one of {listed(known, 9)}{near}; one of your own needs a name that is less like it"
                    problems.append(Problem(table.file, line, what, why))


def plants_make_known_cells(tables: Tables, problems: list[Problem]) -> None:
    """Announced plants make a chemistry or a family of the list."""
    table, chemistries = tables["announced_capacity"], tables["chemistries"]
    known = [*chemistries.columns["chemistry"], *dict.fromkeys(chemistries.columns["family"])]
    for line, name in cells(table, "chemistry"):
        if name not in known:
            why = f"neither a chemistry nor a family of {chemistries.file}{did_you_mean(name, known)}"
            problems.append(Problem(table.file, line, f"chemistry = {name!r}", why))


def lifetimes_are_possible(tables: Tables, problems: list[Problem]) -> None:
    """A life is longer than nothing, and spreads where its distribution does; a line makes some cells."""
    chemistries = set(tables["chemistries"].columns["chemistry"])
    lives = [tables[name] for name in ("lifetime", by_label("lifetime")) if name in tables]
    for table, row in ((each, row) for each in lives for row in each.rows):
        least = row.value if math.isnan(row.low) else row.low
        if least <= 0:
            why = "a lifetime must be above 0 years, its low end too"
            problems.append(Problem(table.file, int(row.line), f"value, low = {row.value:g}, {least:g}", why))
        if row.distribution != "fixed" and not row.spread > 0:
            why = f"a {row.distribution} life needs a spread above 0 (standard deviation divided by mean)"
            problems.append(Problem(table.file, int(row.line), f"spread = {row.spread:g}", why))
        if row.chemistry != "any" and row.chemistry not in chemistries:
            why = f"not in chemistries.csv{did_you_mean(row.chemistry, chemistries)}; or write any"
            problems.append(Problem(table.file, int(row.line), f"chemistry = {row.chemistry!r}", why))
    scrap = tables["line_scrap"]
    for row in scrap.rows:
        most = row.value if math.isnan(row.high) else row.high
        if most >= 1:
            why = "a line that scraps everything never makes a cell; expected below 1"
            problems.append(Problem(scrap.file, int(row.line), f"value, high = {row.value:g}, {most:g}", why))


def draws_can_keep_shares(tables: Tables, problems: list[Problem]) -> None:
    """Blends at their high ends leave room. Shares that add up to one need no such rule: each lies between its ends, so
    that some draw within them adds up to one."""
    table = tables["silicon_uptake"]
    for key, rows in table.rows_by("scenario", "region", "segment", "chemistry", "year").items():
        if (total := sum(map(_high, rows))) > 1 + SHARE_TOLERANCE:
            why = f"high ends add up to {total:.6g}, so draws cannot keep the shares at most 1; lower them"
            problems.append(Problem(table.file, rows[0].line, ", ".join(map(str, key)), why))


def cells_are_whole(tables: Tables, problems: list[Problem]) -> None:
    """Materials of a design are in the list in their roles, and parameters belong to something in the lists."""
    roles = tables["cell_material"].by_code("role")
    design = tables["cell_design"]
    wanted = {"cathode": ("cathode",), "anode": ("host", "metal"), "salt": ("salt",), "solid_electrolyte": ("solid",)}
    for column, allowed in wanted.items():
        fitting = [name for name, role in roles.items() if role in allowed]
        for line, code in cells(design, column):
            if code and code not in fitting:
                why = f"no {' or '.join(allowed)} of cell_material.csv{did_you_mean(code, fitting)}"
                problems.append(Problem(design.file, line, f"{column} = {code!r}", why))
    known = {"any", *roles, *tables["chemistries"].columns["chemistry"]}
    parameters = tables["cell_parameter"]
    for line, item in cells(parameters, "item"):
        if item not in known:
            why = f"neither a chemistry nor a cell material{did_you_mean(item, known)}; or write any"
            problems.append(Problem(parameters.file, line, f"item = {item!r}", why))


def graphite_is_possible(tables: Tables, problems: list[Problem]) -> None:
    """No graphite anode holds more than LiC6, 372 mAh/g: less of it than 1 / (372 · V) stores no kWh."""
    table = tables["mineral_intensity"]
    voltage = {row.item: row for row in tables["cell_parameter"].rows if row.parameter == "average_voltage"}
    silicon = tables["chemistries"].by_code("silicon")
    anode = voltage.get("graphite")
    inventoried = {row.chemistry: row for row in table.rows if row.mineral == "graphite"}
    for design in tables["cell_design"].rows:
        cathode = voltage.get(design.cathode)
        bare = design.anode == "graphite" and not silicon.get(design.chemistry, 1)
        if not bare or cathode is None or anode is None or design.chemistry not in inventoried:
            continue
        row = inventoried[design.chemistry]
        volts = _high(cathode) - _low(anode)
        least, lowest = 1000 / (GRAPHITE_LIMIT * volts), _low(row)
        if lowest < least:
            why = f"expected at least {least:.3g} kg/kWh: 1 / (372 mAh/g · {volts:.3g} V)"
            problems.append(Problem(table.file, row.line, f"graphite of {design.chemistry} = {lowest:g}", why))


def estimates_are_spread(tables: Tables, problems: list[Problem]) -> None:
    """The index of governance is in standard deviations over the countries of the world: it has no ends of its own, but
    among many countries some are far from its mean."""
    table = tables["governance"]
    widest = max(map(abs, table.columns["value"]), default=0.0)
    if len(table) >= MANY and widest < SPREAD:
        why = f"no estimate is beyond ±{widest:.2g}, and the index runs from about −2.5 to 2.5; too small by a factor?"
        problems.append(Problem(table.file, table.rows[0].line, "value", why))


def draw_groups_are_spelled_alike(tables: Tables, problems: list[Problem]) -> None:
    """A row that is alone in its group moves with no other: where the name of a group is near, it was meant."""
    for table in tables.values():
        if "draw_group" not in table.columns:
            continue
        rows = Counter(table.columns["draw_group"])
        shared = [group for group, count in rows.most_common() if count > 1]
        for line, group in cells(table, "draw_group"):
            near = get_close_matches(group, shared, n=1, cutoff=0.85) if rows[group] == 1 else []
            if near and re.sub("[0-9]", "", group) != re.sub("[0-9]", "", near[0]):
                why = f"no other row has it, so it moves with nothing; did you mean '{near[0]}'?"
                problems.append(Problem(table.file, line, f"draw_group = {group!r}", why))


def trends_are_of_families(tables: Tables, problems: list[Problem]) -> None:
    """A trend belongs to a family of chemistries and to a mineral, or any; every family has one for any, of the user's
    own those of a run whose intensities follow it (`resolve`)."""
    table = tables["intensity_trend"]
    families = list(dict.fromkeys(tables["chemistries"].columns["family"]))
    minerals = {"any", *tables["minerals"].columns["mineral"]}
    for column, known in (("family", families), ("mineral", minerals)):
        for line, code in cells(table, column):
            if code not in known:
                why = f"no {column} of the code lists{did_you_mean(code, known)}"
                problems.append(Problem(table.file, line, f"{column} = {code!r}", why))
    having = {row.family for row in table.rows if row.mineral == "any"}
    if not table.dropped:
        for name in dict.fromkeys(of_package(tables["chemistries"], "family")):
            if name not in having:
                why = "no trend for any mineral of it; add rows, of 1 where it stays as it is"
                problems.append(Problem(table.file, 0, f"family = {name!r}", why))


def prices_can_be_learnt(tables: Tables, problems: list[Problem]) -> None:
    """A price is above zero, a learning rate below one, and what a family learns with is counted somewhere."""
    prices, rates, energies = tables["cell_price"], tables["learning_rate"], tables["cumulative_energy"]
    for table, what in ((prices, "a price"), (energies, "a cumulative energy")):
        for row in table.rows:
            least = row.value if math.isnan(row.low) else row.low
            if least <= 0:
                why = f"{what} must be above 0, its low end too; leave the row out where there is none"
                problems.append(Problem(table.file, int(row.line), f"value, low = {row.value:g}, {least:g}", why))
    counted = set(energies.columns["family"])
    for row in rates.rows:
        most = row.value if math.isnan(row.high) else row.high
        if most >= 1:
            why = "a doubling that takes the whole price leaves cells for free; expected below 1 (18 % is 0.18)"
            problems.append(Problem(rates.file, int(row.line), f"value, high = {row.value:g}, {most:g}", why))
        if row.learns_with not in counted and not energies.dropped:
            why = f"no row of {energies.file} counts it{did_you_mean(row.learns_with, counted)}; add one"
            problems.append(Problem(rates.file, int(row.line), f"learns_with = {row.learns_with!r}", why))
    families = set(tables["chemistries"].columns["family"])
    first = {row.family: row.members for row in reversed(energies.rows)}
    for row in energies.rows:
        for name in split(row.members):
            if name not in families:
                why = f"no family of {tables['chemistries'].file}{did_you_mean(name, families)}"
                problems.append(Problem(energies.file, int(row.line), f"members = {name!r}", why))
        if row.members != first[row.family]:
            why = f"{row.family} has the members {first[row.family]} in an earlier row; write the same in all"
            problems.append(Problem(energies.file, int(row.line), f"members = {row.members!r}", why))


def multiples_lead_somewhere(tables: Tables, problems: list[Problem]) -> None:
    """Names of relative prices exist, a multiple is above zero, and none leads back to itself. A chemistry without a
    price is told where a run asks for it (`without_price`)."""
    table, chemistries, rates = tables["price_relative"], tables["chemistries"], tables["learning_rate"]
    family = dict(zip(chemistries.columns["chemistry"], chemistries.columns["family"], strict=True))
    base = dict(zip(chemistries.columns["chemistry"], chemistries.columns["base"], strict=True))
    names, learnt = dict.fromkeys([*family, *family.values()]), set(rates.columns["family"])
    for row in table.rows:
        line, least = int(row.line), row.value if math.isnan(row.low) else row.low
        for column, known in (("chemistry", list(names)), ("relative_to", [*names, *learnt])):
            if (code := getattr(row, column)) not in known and not chemistries.dropped:
                why = f"neither a chemistry nor a family{did_you_mean(code, known)}"
                problems.append(Problem(table.file, line, f"{column} = {code!r}", why))
        if least <= 0:
            why = "a multiple must be above 0, its low end too"
            problems.append(Problem(table.file, line, f"value, low = {row.value:g}, {least:g}", why))
        if base.get(row.chemistry) and row.relative_to != base[row.chemistry]:
            why = f"{row.chemistry} is a silicon blend; write its base, {base[row.chemistry]}"
            problems.append(Problem(table.file, line, f"relative_to = {row.relative_to!r}", why))
    if any(each.dropped for each in (table, chemistries, rates)) or any(p.file == table.file for p in problems):
        return
    multiples = multiples_of(table.rows)
    for code in family:
        try:
            follows(code, multiples, family, learnt)
        except NoCurve:
            continue
        except ValueError as error:
            problems.append(Problem(table.file, 0, f"price of {code}", str(error)))


def without_price(tables: Tables) -> list[str]:
    """Chemistries whose price follows no learning curve: a run with [prices] that sells one is refused."""
    chemistries, multiples = tables["chemistries"], multiples_of(tables["price_relative"].rows)
    family = dict(zip(chemistries.columns["chemistry"], chemistries.columns["family"], strict=True))
    learnt, out = set(tables["learning_rate"].columns["family"]), []
    for code in family:
        try:
            follows(code, multiples, family, learnt)
        except NoCurve:
            out.append(code)
    return out


RULES: tuple[Callable[[Tables, list[Problem]], None], ...] = (
    tables_have_rows,
    references_exist,
    lists_of_codes_exist,
    sources_exist,
    chains_do_not_loop,
    scenarios_have_rows,
    shares_sum_to_one,
    uptake_leaves_room,
    uptake_is_seen,
    intensities_are_complete,
    own_words_are_meant,
    plants_make_known_cells,
    lifetimes_are_possible,
    draws_can_keep_shares,
    cells_are_whole,
    estimates_are_spread,
    draw_groups_are_spelled_alike,
    trends_are_of_families,
    graphite_is_possible,
    prices_can_be_learnt,
    multiples_lead_somewhere,
)


def _low(row: Any) -> float:
    """Low end of a row; its value where it has none."""
    return float(row.value if math.isnan(row.low) else row.low)


def _high(row: Any) -> float:
    """High end of a row; its value where it has none."""
    return float(row.value if math.isnan(row.high) else row.high)


def of_package(table: Table, column: str) -> list[str]:
    """Cells of a column in rows that are not the user's own."""
    return [cell for line, cell in cells(table, column) if line < OWN_LINE]


def split(text: str) -> list[str]:
    """Codes of a cell that joins them by ';'."""
    return [part.strip() for part in text.split(";") if part.strip()]


def cells(table: Table, column: str) -> list[tuple[int, str]]:
    """Line and text of each cell of a column."""
    return [(line, str(cell)) for line, cell in zip(table.columns["line"], table.columns[column], strict=True)]
