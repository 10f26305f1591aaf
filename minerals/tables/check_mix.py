"""Rules on what the chemistry mix reads: performance, needs, years, growth, drop-in classes, lines. All at once."""

from __future__ import annotations

from collections.abc import Callable
from math import isnan

from ..errors import Problem, did_you_mean, listed
from .check import Tables, cells
from .codes import ANY, WORLD

#: Unit of each measure, after reading.
UNIT_OF = {
    "specific_energy": "Wh/kg",
    "energy_density": "Wh/L",
    "cycle_life": "cycles",
    "cold_retention": "1",
    "suitable": "1",
    "new_line": "USD_2025/(kWh/yr)",
    "retrofit": "USD_2025/(kWh/yr)",
    "life": "year",
    "lead": "year",
    "retrofit_lead": "year",
}
#: What a cell must be known by before it can be chosen.
NEEDED = ("specific_energy", "energy_density", "cycle_life")
PARTS = ("cell", "anode", "cathode", "electrolyte", "separator")
#: Share of the equipment that fits a drop-in class, and how to say it.
CARRIED: dict[str, tuple[Callable[[float], bool], str]] = {
    "full": (lambda share: share == 1, "1"),
    "partly": (lambda share: 0 < share < 1, "more than 0 and less than 1"),
    "none": (lambda share: share == 0, "0"),
}


def measures_are_in_their_unit(tables: Tables, problems: list[Problem]) -> None:
    """Wh/kg for specific energy, years for a life; shares among them are at most one."""
    for name in ("chemistry_performance", "segment_need", "line_cost"):
        table = tables[name]
        for row in table.rows:
            wanted = UNIT_OF[row.measure]
            most = row.value if isnan(row.high) else row.high
            if row.unit != wanted:
                why = f"{row.measure} is in {wanted}"
                problems.append(Problem(table.file, int(row.line), f"unit = {row.unit!r}", why))
            elif wanted == "1" and most > 1:
                why = f"{row.measure} is a share from 0 to 1"
                problems.append(Problem(table.file, int(row.line), f"value, high = {row.value:g}, {most:g}", why))


def chemistries_or_families_exist(tables: Tables, problems: list[Problem]) -> None:
    """A row is of a chemistry, of a family, or of any where that has a meaning."""
    chemistries = tables["chemistries"]
    if chemistries.dropped:
        return
    families = list(dict.fromkeys(chemistries.columns["family"]))
    names = [*chemistries.columns["chemistry"], *families]
    for name, column, known, extra in (
        ("segment_need", "chemistry", names, (ANY,)),
        ("commercial_year", "chemistry", names, ()),
        ("growth_limit", "chemistry", names, (ANY,)),
        ("drop_in", "chemistry", names, ()),
        ("line_cost", "family", families, (ANY,)),
    ):
        table = tables[name]
        what = "no family" if column == "family" else "neither a chemistry nor a family"
        for line, code in cells(table, column):
            if code not in (*extra, *known):
                why = f"{what} of {chemistries.file}{did_you_mean(code, known)}{'; or any' * bool(extra)}"
                problems.append(Problem(table.file, line, f"{column} = {code!r}", why))


def performance_is_whole(tables: Tables, problems: list[Problem]) -> None:
    """A chemistry has all that a segment may ask of it, above zero; a silicon blend is chosen beside its base."""
    table, base = tables["chemistry_performance"], tables["chemistries"].by_code("base")
    for row in table.rows:
        least = row.value if isnan(row.low) else row.low
        if least <= 0:
            why = f"{row.measure} must be above 0, its low end too; leave the row out where it does not apply"
            problems.append(Problem(table.file, int(row.line), f"value, low = {row.value:g}, {least:g}", why))
    if table.dropped:
        return
    rated = set(table.columns["chemistry"])
    for (chemistry,), rows in table.rows_by("chemistry").items():
        line, what = rows[0].line, f"chemistry = {chemistry!r}"
        missing = [measure for measure in NEEDED if measure not in {row.measure for row in rows}]
        if missing:
            why = f"has no {listed(missing)}; add rows, graded assumed where nothing was read"
            problems.append(Problem(table.file, line, what, why))
        of = base.get(chemistry)
        if of and of not in rated:
            why = f"is a blend of {of}, which has no rows; add them, as a mix may also do without silicon"
            problems.append(Problem(table.file, line, what, why))


def needs_are_of_a_mix_and_bars_of_a_name(tables: Tables, problems: list[Problem]) -> None:
    """A need is of any chemistry; a bar names one and is 0 or 1."""
    table = tables["segment_need"]
    for row in table.rows:
        line = int(row.line)
        if row.measure != "suitable" and row.chemistry != ANY:
            why = f"a need for {row.measure} binds whatever is chosen; write any"
            problems.append(Problem(table.file, line, f"chemistry = {row.chemistry!r}", why))
        elif row.measure == "suitable" and row.chemistry == ANY:
            problems.append(Problem(table.file, line, "chemistry = 'any'", "suitable names a chemistry or a family"))
        elif row.measure == "suitable" and row.value not in (0, 1):
            why = "suitable is 0 (shut out) or 1 (let in where its family is shut out)"
            problems.append(Problem(table.file, line, f"value = {row.value:g}", why))


def years_are_whole(tables: Tables, problems: list[Problem]) -> None:
    """A first year is a calendar year, no region makes before anyone sells, and each chemistry has a first year."""
    table = tables["commercial_year"]
    world = {row.chemistry: row for row in table.rows if row.region == WORLD}
    for row in table.rows:
        if row.value != int(row.value):
            problems.append(Problem(table.file, int(row.line), f"value = {row.value:g}", "expected a whole year"))
        first = world.get(row.chemistry)
        if first is not None and row.value < first.value:
            where = table.lines([first.line])
            why = f"is before the first sales anywhere, {first.value:g} in {where}; mend one of them"
            problems.append(Problem(table.file, int(row.line), f"{row.region} = {row.value:g}", why))
    if table.dropped:
        return
    performance, family = tables["chemistry_performance"], tables["chemistries"].by_code("family")
    for (chemistry,), rows in performance.rows_by("chemistry").items():
        if chemistry in family and not {chemistry, family[chemistry]} & set(world):
            why = f"has no first year in the World, nor has its family {family[chemistry]}; add a row to {table.file}"
            line = min(row.line for row in rows)
            problems.append(Problem(performance.file, line, f"chemistry = {chemistry!r}", why))


def limits_leave_a_share(tables: Tables, problems: list[Problem]) -> None:
    """A decline and a seed are shares."""
    table = tables["growth_limit"]
    for row in table.rows:
        most = row.value if isnan(row.high) else row.high
        if row.measure != "growth" and most > 1:
            why = f"{row.measure} is a share from 0 to 1; growth alone may be more"
            problems.append(Problem(table.file, int(row.line), f"value, high = {row.value:g}, {most:g}", why))


def classes_fit_their_shares(tables: Tables, problems: list[Problem]) -> None:
    """Full carries over 1, none 0, partly something between; a chemistry is told for each part of the chain."""
    table = tables["drop_in"]
    for row in table.rows:
        fits, share = CARRIED[row.drop_in_class]
        if not fits(row.value):
            why = f"{row.drop_in_class} carries over {share}"
            problems.append(Problem(table.file, int(row.line), f"value = {row.value:g}", why))
    if table.dropped:
        return
    for (plant, chemistry), rows in table.rows_by("plant", "chemistry").items():
        missing = [part for part in PARTS if part not in {row.part for row in rows}]
        if missing:
            why = f"has no {listed(missing)}; add a row for each part"
            problems.append(Problem(table.file, rows[0].line, f"{chemistry} in {plant} plants", why))


def limits_and_lines_serve_all(tables: Tables, problems: list[Problem]) -> None:
    """Rows of any and the World serve what has no rows of its own, so each measure has one; a line costs something."""
    for name, column, measures in (
        ("growth_limit", "chemistry", ("growth", "decline", "seed")),
        ("line_cost", "family", ("new_line", "life", "lead", "retrofit_lead")),
    ):
        table = tables[name]
        if table.dropped:
            continue
        wide = table.rows_by(column, "region").get((ANY, WORLD), [])
        for measure in measures:
            if measure not in {row.measure for row in wide}:
                why = "has no row of any in the World, which serves those without rows of their own; add one"
                problems.append(Problem(table.file, 0, f"measure = {measure!r}", why))
    table = tables["line_cost"]
    for row in table.rows:
        least = row.value if isnan(row.low) else row.low
        if least <= 0 and row.measure in ("new_line", "retrofit", "life"):
            why = f"{row.measure} must be above 0, its low end too"
            problems.append(Problem(table.file, int(row.line), f"value, low = {row.value:g}, {least:g}", why))


RULES = (
    measures_are_in_their_unit,
    chemistries_or_families_exist,
    performance_is_whole,
    needs_are_of_a_mix_and_bars_of_a_name,
    years_are_whole,
    limits_leave_a_share,
    classes_fit_their_shares,
    limits_and_lines_serve_all,
)
