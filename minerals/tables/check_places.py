"""Rules on regions: parts make up their whole, and demand stands once. As in `check`, all at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import Problem, did_you_mean, listed
from .check import SHARE_TOLERANCE, Tables, cells, of_package
from .codes import ANY
from .places import Places
from .read import OWN_LINE, Table


def demand_is_by_part(tables: Tables, problems: list[Problem]) -> None:
    """A region that is the sum of others has no demand of its own, else it would count twice; nor has one that is part
    of another, of whose demand it has a share, unless the user gives it rows of their own."""
    table, places = tables["battery_demand"], _places(tables)
    if tables["regions"].dropped or tables["region_part"].dropped:
        return
    for line, region in cells(table, "region"):
        if region in places.within and places.is_sum(region):
            why = f"is the sum of {listed(places.parts[region])}; give the rows of its parts"
            problems.append(Problem(table.file, line, f"region = {region!r}", why))
        elif (whole := places.whole(region)) and line < OWN_LINE:
            why = f"its demand is a share of that of {whole} ({tables['region_part'].file}); remove the row"
            problems.append(Problem(table.file, line, f"region = {region!r}", why))


def parts_make_up_regions(tables: Tables, problems: list[Problem]) -> None:
    """Parts lie within their region and hold each of its countries once; one of them, without rows of region_part, has
    what the others leave, which is never less than nothing. Each has a share of every use, of the user's own uses where
    a run asks for it (`resolve`)."""
    table, regions = tables["region_part"], tables["regions"]
    if table.dropped or regions.dropped:
        return
    places = _places(tables)
    at = dict(zip(regions.columns["region"], regions.columns["line"], strict=True))
    first = {region: min(row.line for row in rows) for (region,), rows in table.rows_by("region").items()}

    def problem(region: str, column: str, value: str, why: str) -> None:
        problems.append(Problem(regions.file, int(at[region]), f"{column} = {value!r}", why))

    for region in sorted(places.shared & set(places.within)):
        wider = places.within[region]
        if region not in places.parts.get(wider, ()):
            why = f"is none of the parts of a region that it is within; name it among the parts of {wider or 'one'} in "
            problems.append(Problem(table.file, first[region], f"region = {region!r}", f"{why}{regions.file}"))
    for whole in (region for region in places.within if places.is_whole(region)):
        parts = places.parts[whole]
        inside = [part for part in parts if places.within.get(part) == whole]
        rests = [part for part in inside if part not in places.shared]
        if len(inside) < len(parts):
            why = f"{listed(set(parts) - set(inside))} is not within it; say so in the column within"
            problem(whole, "parts", "; ".join(parts), why)
        elif len(rests) != 1:
            why = f"{listed(rests) or 'none'} of them without rows in {table.file}; one has what the others leave"
            problem(whole, "parts", "; ".join(parts), why)
        elif all(places.members[part] for part in parts):
            counted = [code for part in parts for code in places.members[part]]
            wrong = {code for code in counted if counted.count(code) > 1} | (set(counted) ^ places.members[whole])
            if wrong:
                why = f"{listed(wrong)}: in none, in two, or not in it; each country of a region is in one of its parts"
                problem(whole, "parts", "; ".join(parts), why)
    shares = table.rows_by("region", "segment")
    for region, segment in shares:
        _leaves_something(places, table, shares, (region, segment), problems)
    for region in places.shared & set(places.within):
        having = {segment for place, segment in shares if place == region}
        if missing := [name for name in of_package(tables["segments"], "segment") if name not in having]:
            why = f"has no share for {listed(missing)}; add rows, with value 0 where it has none"
            problems.append(Problem(table.file, first[region], f"region = {region!r}", why))


def _leaves_something(
    places: Places, table: Table, shares: Mapping[tuple[str, ...], list[Any]], place: tuple[str, str],
    problems: list[Problem],
) -> None:  # fmt: skip
    """Shares of the parts of one region, interpolated to the years given for one of them, add up to at most one.
    shares: rows of the table by region and segment."""
    region, segment = place
    parts = [part for part in places.parts.get(places.within.get(region, ""), ()) if part in places.shared]
    years = [row.year for row in shares[place]]
    total = np.zeros(len(years))
    for part in parts or [region]:
        if mine := sorted(shares.get((part, segment), []), key=lambda row: row.year):
            total += np.interp(years, [row.year for row in mine], [row.value for row in mine])
    for row, share in zip(shares[place], total, strict=True):
        if share > 1 + SHARE_TOLERANCE:
            why = f"shares of {listed(parts)} add up to {share:.6g} in {row.year}, expected at most 1"
            problems.append(Problem(table.file, row.line, f"segment = {segment!r}", why))


def blocs_are_placed_whole(tables: Tables, problems: list[Problem]) -> None:
    """Shares of the countries of a bloc add up to one, and a bloc that stands for a region is placed at every node."""
    table, home = tables["group_place"], tables["countries"].by_code("region")
    if table.dropped or tables["countries"].dropped or tables["nodes"].dropped:
        return
    nodes = set(tables["nodes"].columns["node"])
    places = table.rows_by("group", "node")
    for (group, node), rows in places.items():
        line, total = rows[0].line, sum(row.value for row in rows)
        if node != ANY and node not in nodes:
            why = f"not in {tables['nodes'].file}{did_you_mean(node, nodes)}; write {ANY!r} for every node"
            problems.append(Problem(table.file, line, f"node = {node!r}", why))
        if abs(total - 1) > SHARE_TOLERANCE:
            why = f"shares of {group} at {node} add up to {total:.6g}, expected 1"
            problems.append(Problem(table.file, line, f"group = {group!r}", why))
        if home.get(group, "") and (group, ANY) not in places:
            why = f"has no rows for node {ANY!r}; add them, for the nodes without rows of their own"
            problems.append(Problem(table.file, line, f"group = {group!r}", why))


def _places(tables: Tables) -> Places:
    return Places.of(tables["regions"].rows, tables["region_part"].columns["region"])


RULES = (demand_is_by_part, parts_make_up_regions, blocs_are_placed_whole)
