"""Rules on the tables of supply: nodes, their use, who supplies them and how much. As in `check`, all at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isnan
from typing import Any

from ..errors import Problem, did_you_mean, listed
from .check import Tables, cells, split
from .codes import ANY, ENERGY, GRAPHITE_ROUTES, UNKNOWN
from .yields import JOINT

#: Units of the use of a node per mass of a mineral, and per energy of the cell, each with the unit of the node.
PER_MASS, PER_ENERGY = {"kg/kg": "kt"}, {"GWh/GWh": "GWh", "kg/kWh": "kt"}
#: Makers of plants that are no group of countries.
PLACES = ("top", "outside", "home", ANY)


def twins_measure_one_step(tables: Tables, problems: list[Problem]) -> None:
    """A node and the one it is same_as end in the same part, in one unit, and count once on a path."""
    table = tables["nodes"]
    nodes = {row.node: row for row in table.rows}
    for row in table.rows:
        if row.same_as not in nodes:
            continue
        for column in ("part", "unit"):
            own, other = getattr(row, column), getattr(nodes[row.same_as], column)
            if own != other:
                why = f"is {own} and {row.same_as} is {other}; nodes that measure the same step agree in it"
                problems.append(Problem(table.file, int(row.line), f"{column} of {row.node}", why))
        if row.in_path == "yes":
            why = f"measures the same step as {row.same_as}, so it would count twice; write no"
            problems.append(Problem(table.file, int(row.line), f"in_path of {row.node}", why))


def groups_are_groups(tables: Tables, problems: list[Problem]) -> None:
    """Codes with R_ are groups and no others are; a group that is a region names one of the list."""
    table, regions = tables["countries"], list(tables["regions"].columns["region"])
    for row in table.rows:
        if row.country.startswith("R_") != (row.kind == "group"):
            why = "groups have codes that begin with R_, countries their ISO 3166-1 alpha-3 code"
            problems.append(Problem(table.file, int(row.line), f"country = {row.country!r}, kind = {row.kind!r}", why))
        if row.region and row.kind != "group":
            why = "is for groups; the countries of a region stand in regions.csv"
            problems.append(Problem(table.file, int(row.line), f"region = {row.region!r}", why))
        elif row.region and row.region not in regions:
            why = f"not in {tables['regions'].file}{did_you_mean(row.region, regions)}"
            problems.append(Problem(table.file, int(row.line), f"region = {row.region!r}", why))


def uses_fit(tables: Tables, problems: list[Problem]) -> None:
    """A use is by a chemistry, a family or any, per mineral or energy, in the unit that goes with both ends: of a node
    in kt per mass of a mineral or per kWh of the cell, of one in GWh per energy."""
    table, chemistries = tables["node_use"], tables["chemistries"]
    names = [*chemistries.columns["chemistry"], *dict.fromkeys(chemistries.columns["family"])]
    minerals = list(tables["minerals"].columns["mineral"])
    units = dict(zip(tables["nodes"].columns["node"], tables["nodes"].columns["unit"], strict=True))
    for row in table.rows:
        line = int(row.line)
        if row.chemistry not in (ANY, *names) and not chemistries.dropped:
            why = f"neither a chemistry nor a family of {chemistries.file}{did_you_mean(row.chemistry, names)}; or any"
            problems.append(Problem(table.file, line, f"chemistry = {row.chemistry!r}", why))
        if row.per not in (ENERGY, *minerals):
            why = f"neither a mineral nor {ENERGY}{did_you_mean(row.per, [ENERGY, *minerals])}"
            problems.append(Problem(table.file, line, f"per = {row.per!r}", why))
            continue
        of_unit = PER_ENERGY if row.per == ENERGY else PER_MASS
        wanted, of_node = " or ".join(of_unit), of_unit.get(row.unit, "")
        if not of_node:
            problems.append(Problem(table.file, line, f"unit = {row.unit!r}", f"a use per {row.per} is in {wanted}"))
        elif units.get(row.node, of_node) != of_node:
            why = f"{row.node} is measured in {units[row.node]}, and a use in {row.unit} gives {of_node}"
            problems.append(Problem(table.file, line, f"per = {row.per!r}", why))


def yields_lead_to_minerals(tables: Tables, problems: list[Problem]) -> None:
    """What a node feeds is another node or a mineral, of graphite by its route, and no node feeds itself."""
    table, minerals = tables["stage_yield"], tables["minerals"]
    nodes = dict.fromkeys(table.columns["node"])
    known = [*nodes, *minerals.columns["mineral"], *(f"graphite:{route}" for route in GRAPHITE_ROUTES)]
    feeds: dict[str, list[str]] = {}
    for row in table.rows:
        feeds.setdefault(row.node, []).append(row.feeds)
    for row in table.rows:
        if row.feeds not in known and not (table.dropped or minerals.dropped):
            why = f"neither a node of {table.file} nor a mineral{did_you_mean(row.feeds, known)}; name one of them"
            problems.append(Problem(table.file, int(row.line), f"feeds = {row.feeds!r}", why))
        least = row.value if isnan(row.low) else row.low
        if least <= 0:
            why = "nothing of it would be needed, and no stop of it seen; expected above 0, its low end too"
            problems.append(Problem(table.file, int(row.line), f"value, low = {row.value:g}, {least:g}", why))
        if chain := _way_back(row.feeds, row.node, feeds):
            why = f"feeds itself through {' → '.join([row.node, *chain])}; let one of them feed a mineral"
            problems.append(Problem(table.file, int(row.line), f"feeds = {row.feeds!r}", why))


def _way_back(start: str, node: str, feeds: Mapping[str, list[str]]) -> list[str]:
    """Nodes from one down to another that it feeds in the end, both among them; none where it does not."""
    before, waiting = {start: ""}, [start]
    for at in waiting:
        if at == node:
            way = [at]
            while before[way[0]]:
                way.insert(0, before[way[0]])
            return way
        for after in feeds.get(at, []):
            if after not in before:
                before[after] = at
                waiting.append(after)
    return []


def joint_yields_split_once(tables: Tables, problems: list[Problem]) -> None:
    """A node of which one mass gives several products at once names them all as joint; what lies below it does not
    split again, and no route of graphite, which a run may turn, is one of them."""
    table = tables["stage_yield"]
    of: dict[str, list[Any]] = {}
    for row in table.rows:
        of.setdefault(row.node, []).append(row)

    def report(row: Any, why: str) -> None:
        problems.append(Problem(table.file, int(row.line), f"joint = {row.joint!r}", why))

    for node, rows in of.items():
        joint = [row for row in rows if row.joint == JOINT]
        if joint and len(joint) < len(rows):
            row = next(row for row in rows if row.joint != JOINT)
            report(row, f"{node} gives {listed([each.feeds for each in joint])} at once; write yes in all of its rows")
        elif len(joint) == 1 and not table.dropped:
            report(joint[0], f"{node} gives {joint[0].feeds} alone; add what else it gives, or leave joint empty")
        for row in joint:
            below, seen = row.feeds, {node}
            while below in of and below not in seen:
                seen.add(below)
                if len(of[below]) > 1 or of[below][0].joint == JOINT:
                    report(row, f"{below} below it gives several things too; let each of its ways end in one mineral")
                    break
                below = of[below][0].feeds
            if ":" in below:
                report(row, f"it ends in {below}, and a route of graphite is no joint product; leave joint empty")


def graphite_can_turn_within_bounds(tables: Tables, problems: list[Problem]) -> None:
    """The natural share of anode graphite that makers can turn to has a low and a high end, in that order."""
    table = tables["graphite_route_bound"]
    bound = dict(zip(table.columns["bound"], table.columns["value"], strict=True))
    for end in ("low", "high"):
        if end not in bound and not table.dropped:
            problems.append(Problem(table.file, 0, f"bound {end!r}", "is missing; add its row"))
    if {"low", "high"} <= bound.keys() and bound["low"] > bound["high"]:
        why = "is above the high one; swap them"
        problems.append(Problem(table.file, 0, f"bound 'low' = {bound['low']:g}", why))


def suppliers_have_customers(tables: Tables, problems: list[Problem]) -> None:
    """A node with suppliers is needed by something: without yields or uses it would drop out of a run, silently."""
    shares, yields, uses = tables["supply_share"], tables["stage_yield"], tables["node_use"]
    if yields.dropped or uses.dropped:
        return  # A row that could not be read may be the missing one.
    needed = {*yields.columns["node"], *uses.columns["node"]}
    for (node,), rows in shares.rows_by("node").items():
        if node not in needed:
            why = f"has suppliers, and neither {yields.file} nor {uses.file} says what needs it; add a row there"
            problems.append(Problem(shares.file, rows[0].line, f"node = {node!r}", why))


def suppliers_are_known_or_unknown(tables: Tables, problems: list[Problem]) -> None:
    """A node that something needs has shares of its suppliers, or one row which says that nobody knows them."""
    nodes, shares = tables["nodes"], tables["supply_share"]
    by_node = shares.rows_by("future", "node")
    for row in (row for row in shares.rows if row.quality == UNKNOWN):
        if others := [other.line for other in by_node[row.future, row.node] if other.line != row.line]:
            why = f"is unknown, and shares of it stand in {shares.lines(others)}; keep one or the other"
            problems.append(Problem(shares.file, row.line, f"{row.node} in {row.future}", why))
    if any(tables[name].dropped for name in ("nodes", "supply_share", "stage_yield", "node_use")):
        return  # A row that could not be read may be the missing one.
    needed = {*tables["stage_yield"].columns["node"], *tables["node_use"].columns["node"]}
    having = set(shares.columns["node"])
    for line, node in cells(nodes, "node"):
        if node in needed - having:
            why = (
                f"has no row in {shares.file}, so that it would look safe; add the shares of its suppliers, or where "
                "nobody publishes them one row: value empty, low 0, high 1, unknown in confidence, source and quality"
            )
            problems.append(Problem(nodes.file, line, f"node = {node!r}", why))


def needs_are_said_once(tables: Tables, problems: list[Problem]) -> None:
    """A node's need follows from the yields or from its use, not from both; yields are mass of mass."""
    yields, uses = tables["stage_yield"], tables["node_use"]
    units = dict(zip(tables["nodes"].columns["node"], tables["nodes"].columns["unit"], strict=True))
    by_yield = {node: line for line, node in cells(yields, "node")}
    for node, line in by_yield.items():
        if units.get(node, "kt") != "kt":
            why = f"{node} is measured in {units[node]}, and a yield gives kt; use node_use.csv"
            problems.append(Problem(yields.file, line, f"node = {node!r}", why))
    for (node,), rows in uses.rows_by("node").items():
        if node in by_yield:
            why = f"has its need from {yields.named(by_yield[node])} already; keep one of them, or it would count twice"
            problems.append(Problem(uses.file, rows[0].line, f"node = {node!r}", why))


def supply_is_in_the_unit_of_its_node(tables: Tables, problems: list[Problem]) -> None:
    """kt for nodes in kt, GWh/yr for nodes in GWh."""
    supply, nodes = tables["battery_supply"], tables["nodes"]
    units = dict(zip(nodes.columns["node"], nodes.columns["unit"], strict=True))
    for row in supply.rows:
        wanted = {"kt": "kt", "GWh": "GWh/yr"}.get(units.get(row.node, ""), row.unit)
        if row.unit != wanted:
            why = f"{row.node} is measured in {units[row.node]}; give its supply in {wanted}"
            problems.append(Problem(supply.file, int(row.line), f"unit = {row.unit!r}", why))


def prices_are_in_the_unit_of_their_node(tables: Tables, problems: list[Problem]) -> None:
    """Prices and capital per kg for nodes in kt, per kWh for nodes in GWh."""
    nodes = tables["nodes"]
    units = dict(zip(nodes.columns["node"], nodes.columns["unit"], strict=True))
    wanted = {
        "material_price": {"kt": "USD_2025/kg", "GWh": "USD_2025/kWh"},
        "expansion_cost": {"kt": "USD_2025/(kg/yr)", "GWh": "USD_2025/(kWh/yr)"},
    }
    for name, unit_of in wanted.items():
        table = tables[name]
        for row in table.rows:
            if name == "expansion_cost" and row.measure != "capital":
                continue
            unit = unit_of.get(units.get(row.node, ""), row.unit)
            if row.unit != unit:
                why = f"{row.node} is measured in {units[row.node]}; give it in {unit}"
                problems.append(Problem(table.file, int(row.line), f"unit = {row.unit!r}", why))


def measures_have_their_unit(tables: Tables, problems: list[Problem]) -> None:
    """A measure of plants, of stocks, of recycling and of past stops has the unit that fits it, also where its table
    knows others."""
    units = {
        "expansion_cost": {"lead": "year", "premium": "1", "growth": "1", "follow_on": "1"},
        "holding_cost": {"holding": "1", "fade": "1", "shelf_life": "year"},
        "recycling_cost": {"cost": "USD_2025/kWh", "lead": "year"},
        "event_history": {"lost": "1", "months": "month"},
    }
    for name, unit_of in units.items():
        table = tables[name]
        for row in table.rows:
            unit = unit_of.get(row.measure, row.unit)
            if row.unit != unit:
                why = f"{row.measure} is in {unit}; write the figure in it"
                problems.append(Problem(table.file, int(row.line), f"unit = {row.unit!r}", why))


def volumes_are_of_an_event(tables: Tables, problems: list[Problem]) -> None:
    """Monthly volumes belong to an item of a past stop, and stand beside a normal month."""
    history, volume = tables["event_history"], tables["event_volume"]
    known = set(zip(history.columns["event"], history.columns["item"], strict=True))
    with_normal = {(row.event, row.item) for row in volume.rows if row.period == "normal"}
    for row in volume.rows:
        of = f"event, item = {row.event!r}, {row.item!r}"
        if (row.event, row.item) not in known and not history.dropped:
            problems.append(Problem(volume.file, int(row.line), of, f"not in {history.file}; add its rows there"))
        elif (row.event, row.item) not in with_normal and not volume.dropped:
            why = "has no row of period = normal; add a month without the event"
            problems.append(Problem(volume.file, int(row.line), of, why))


def nodes_are_known_or_any(tables: Tables, problems: list[Problem]) -> None:
    """Utilisation, disruptions, plants and stocks are of a node, or of any."""
    nodes = tables["nodes"]
    known = set(nodes.columns["node"])
    named = ("supply_utilisation", "disruption", "plant_utilisation", "expansion_cost", "holding_cost")
    for table in (tables[name] for name in named):
        for line, node in cells(table, "node"):
            if node != ANY and node not in known and not nodes.dropped:
                why = f"not in {nodes.file}{did_you_mean(node, known)}; or write any"
                problems.append(Problem(table.file, line, f"node = {node!r}", why))


def makers_are_places(tables: Tables, problems: list[Problem]) -> None:
    """Plants are of the country that makes most, of all others, of a place among these, or of any."""
    groups, table = tables["country_groups"], tables["expansion_cost"]
    known = {*PLACES, *groups.columns["group"]}
    for line, place in cells(table, "group"):
        if place not in known and not groups.dropped:
            why = f"not in {groups.file}{did_you_mean(place, known)}; or write {listed(PLACES)}"
            problems.append(Problem(table.file, line, f"group = {place!r}", why))


def futures_have_rows(tables: Tables, problems: list[Problem]) -> None:
    """A future in the list has rows of its own: an empty one would be another under a second name."""
    table = tables["supply_futures"]
    used = set(tables["supply_share"].columns["future"]) | set(tables["battery_supply"].columns["future"])
    for line, future in cells(table, "future"):
        if future not in used and not tables["supply_share"].dropped:
            why = "has no rows in supply_share or battery_supply; add rows or remove the future"
            problems.append(Problem(table.file, line, f"future = {future!r}", why))


def plants_are_known(tables: Tables, problems: list[Problem]) -> None:
    """Owners, families and statuses of plants, and the places of their utilisation, stand in their lists.

    A cell plant makes families of the list, or `unknown` alone; nothing else says how much of a plan is delivered than
    the row of its status.
    """
    countries, chemistries, delivery = tables["countries"], tables["chemistries"], tables["plant_delivery"]
    codes, families = list(countries.columns["country"]), [*dict.fromkeys(chemistries.columns["family"]), UNKNOWN]
    statuses = set(delivery.columns["status"])
    for name in ("cell_plant", "next_gen_plant", "material_plant"):
        table = tables[name]
        for line, owners in cells(table, "owner"):
            for owner in split(owners):
                if owner not in codes and not countries.dropped:
                    why = f"not in {countries.file}{did_you_mean(owner, codes)}; join several by ;"
                    problems.append(Problem(table.file, line, f"owner = {owner!r}", why))
        for line, status in cells(table, "status"):
            if status not in statuses and not delivery.dropped:
                why = f"has no row in {delivery.file}; say there how much of such plants is delivered"
                problems.append(Problem(table.file, line, f"status = {status!r}", why))
    table = tables["cell_plant"]
    for line, names in cells(table, "chemistry"):
        for family in split(names):
            if family not in families and not chemistries.dropped:
                why = f"not a family of {chemistries.file}{did_you_mean(family, families)}; or write {UNKNOWN}"
                problems.append(Problem(table.file, line, f"chemistry = {family!r}", why))
        if UNKNOWN in split(names) and names != UNKNOWN:
            why = "some of it is known and some not; name the families that it may make"
            problems.append(Problem(table.file, line, f"chemistry = {names!r}", why))
    table = tables["plant_utilisation"]
    for line, country in cells(table, "country"):
        if country not in (ANY, *codes) and not countries.dropped:
            why = f"not in {countries.file}{did_you_mean(country, codes)}; or write any"
            problems.append(Problem(table.file, line, f"country = {country!r}", why))
    if (ANY, ANY) not in table.rows_by("node", "country") and not table.dropped:
        problems.append(Problem(table.file, 0, "node = 'any', country = 'any'", "is missing; add its row"))
    table = tables["cell_origin"]
    for line, family in cells(table, "family"):
        if family not in (ANY, *families) and not chemistries.dropped:
            why = f"not a family of {chemistries.file}{did_you_mean(family, families)}; or write any"
            problems.append(Problem(table.file, line, f"family = {family!r}", why))


RULES: tuple[Callable[[Tables, list[Problem]], None], ...] = (
    twins_measure_one_step,
    groups_are_groups,
    uses_fit,
    yields_lead_to_minerals,
    joint_yields_split_once,
    graphite_can_turn_within_bounds,
    suppliers_have_customers,
    suppliers_are_known_or_unknown,
    needs_are_said_once,
    supply_is_in_the_unit_of_its_node,
    nodes_are_known_or_any,
    makers_are_places,
    prices_are_in_the_unit_of_their_node,
    measures_have_their_unit,
    volumes_are_of_an_event,
    futures_have_rows,
    plants_are_known,
)
