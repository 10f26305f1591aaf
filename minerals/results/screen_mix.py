"""A chosen mix as lines of text: shares beside the incumbent's, losses, cost, and what would help most."""

from __future__ import annotations

import math
import textwrap

import pandas as pd

from ..config import OPTIMISED
from ..errors import listed
from ..mix.families import in_worth
from ..numbers import number
from ..text import MARK
from .result import Result
from .screen import LEAST, between, columns, fitted

#: Part of the cost that is no money paid: what a soft rule charges.
EXCESS = "excess"
#: Columns of a terminal from which on lines stand as they are.
WIDE = 100
#: Family that stands last.
OTHER = "other"
#: Share of a region's batteries below which a family is left out.
SMALL = 0.0005


def mix(result: Result, width: int = WIDE) -> list[list[str]]:
    """Blocks of lines on the chosen mix, in a terminal of some width."""
    blocks = [_shares(result, region, width) for region in dict.fromkeys(result["mix_family"]["region"])]
    all_blocks = (*blocks, _losses(result, width), _library(result), _unmet(result), _cost(result), _worth(result))
    return [[part for line in block for part in _wrapped(line, width)] for block in all_blocks if block]


def _wrapped(line: str, width: int) -> list[str]:
    """A line, in parts where the terminal is narrow."""
    if width >= WIDE or len(line) <= width:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()))
    return textwrap.wrap(line.strip(), width, initial_indent=indent, subsequent_indent=f"{indent}  ")


def _shares(result: Result, region: str, width: int) -> list[str]:
    """Shares by family in the middle and the last year, the range of the last where it is not pinned."""
    table = result["mix_family"].query("region == @region")
    years = sorted(set(table["year"]))
    shown = dict.fromkeys((years[len(years) // 2 - 1] if len(years) > 2 else years[0], years[-1]))
    labels = {name: str(entry["label"]) for name, entry in result.record["scenarios"].items()}
    about = result.record["mix"]
    incumbent, chosen = labels[about["incumbent"]], labels[about["scenario"]]
    head = [f"Share of batteries, {region}"]
    for year in shown:
        head += [f"{incumbent} {year}", f"{chosen} {year}"]
    rows: dict[str, list[str]] = {}
    largest: dict[str, float] = {}
    for family, part in table.groupby("family", sort=False):
        at = part.set_index("year")
        if max(at["value"].max(), at["incumbent"].max()) < SMALL:
            continue
        row = [str(family)]
        for year in shown:
            here = at.loc[year] if year in at.index else None
            row += ["", ""] if here is None else [f"{here['incumbent']:.1%}", _range(here)]
        if any(row[1:]):
            rows[str(family)] = row
            largest[str(family)] = max(part.loc[part["year"] == years[-1], ["value", "incumbent"]].max(axis=None), 0.0)
    ordered = [rows[family] for family in sorted(rows, key=lambda name: (name == OTHER, -largest[name]))]
    loose = table[(table["pinned"] == "no") & table["year"].isin(list(shown))]
    note = ["Ranges: other mixes in them are as good; their shares are not pinned."] if len(loose) else []
    return [*(columns(head, ordered) if width >= WIDE else fitted(head, ordered, width)), *note]


def _range(row: pd.Series) -> str:
    """A share, or the ends between which it is not pinned."""
    if row["pinned"] == "yes":
        return f"{row['value']:.1%}"
    return f"{row['low']:.1%}–{row['high']:.1%}".replace("%–", "–")


def _losses(result: Result, width: int) -> list[str]:
    """GWh lost over the years decided, of both mixes, and the least of any mix; what binds, where there is room."""
    table, about = result["mix_loss"], result.record["mix"]
    labels = {name: str(entry["label"]) for name, entry in result.record["scenarios"].items()}
    first, last = about["years"][0], about["years"][-1]
    whole = f"{table['wanted'].max():,.0f} GWh"
    mine, theirs = labels[about["scenario"]], labels[about["incumbent"]]
    head = [f"GWh lost {first}–{last}, of {whole}", theirs, mine, "least of any mix", "binds"]
    rows = []
    for row in table.itertuples():
        if max(row.incumbent, row.value) < 0.05:
            continue
        mark = "" if row.status == "in_force" else MARK
        least = "not found in time" if math.isnan(row.floor) else between(row.floor, row.floor)
        numbers = (between(row.incumbent, row.incumbent), between(row.value, row.value), least)
        rows.append([f"{row.label}{mark}", *numbers, str(row.binding_label)])
    if not rows:
        return []
    if width >= WIDE:
        lines = columns(head, rows, left=(0, len(head) - 1))
    else:
        lines = fitted(head[:-1], [row[:-1] for row in rows], width)
    if any(row[0].endswith(MARK) for row in rows):
        lines.append(f"{MARK} Not in force: suspended, announced or hypothetical.")
    stage = next(stage for stage in about["stages"] if stage["stage"] == "objective")
    before = about.get("incumbent_value")
    of_incumbent = "" if before is None else f"; {theirs} {number(before)}"
    lines.append(f"Objective: {about['objective']}, {number(stage['value'])} {stage['unit']}{of_incumbent}.")
    stuck = table[(table["at_floor"] == "yes") & (table["value"] > 0.05)]
    lines += [
        f"{row.label}: the mix cannot lower this; sourcing or capacity can" + _of(row.binding_label) + "."
        for row in stuck.itertuples()
    ]  # fmt: skip
    return lines


def _of(label: str) -> str:
    return f" ({label})" if label else ""


def _library(result: Result) -> list[str]:
    """What the rule adds to the library, before a mix is chosen and for that of each round, and why it ends."""
    about = result.record["mix"].get("library")
    if about is None:
        return []
    lines = [f"Library by rule: {len(about['before'])} disruptions beside those listed, for the plans that are given "
             "and what may be chosen."]  # fmt: skip
    for place, added in enumerate(about["rounds"], 1):
        names = listed(list(added.values()), 6)
        if added and place < len(about["rounds"]):
            lines.append(f"Mix {place}: the rule adds {names}; chosen again with them.")
        elif added:
            lines.append(f"Mix {place}, the last that is chosen: the rule would add {names}, which are not played.")
        else:
            lines.append(f"Mix {place}: the rule adds nothing more.")
    return lines


def _unmet(result: Result) -> list[str]:
    """Demand that the mix leaves."""
    about = result.record["mix"]
    gwh = sum(stage["value"] for stage in about["stages"] if stage["stage"] == "unmet_demand")
    if gwh < LEAST:
        return []
    first, last = about["years"][0], about["years"][-1]
    return [f"No mix within these limits meets all demand: {number(gwh)} GWh of {first}–{last} go unmet, and are lost "
            "under every disruption."]  # fmt: skip


def _cost(result: Result) -> list[str]:
    """What the mix costs against the cheapest one within the same limits, as a cap on the cost counts it: with the
    price put on an excess, of which it is said what it is of each."""
    table = result["mix_cost"].set_index(["mix", "part"])["value"] / 1000
    chosen, cheapest = (float(table[name].sum()) for name in (OPTIMISED, "cheapest"))
    more = f"{chosen / cheapest - 1:.1%} more than" if chosen > cheapest * 1.0005 else "as much as"
    lines = [
        f"It costs {number(chosen)} billion USD_2025, {more} the cheapest mix within the same limits "
        f"({number(cheapest)}).",
    ]
    mine, theirs = float(table[OPTIMISED, EXCESS]), float(table["cheapest", EXCESS])
    if mine or theirs:
        lines.append(
            "Both count the price put on what one third country supplies above its share, which is no money paid: "
            f"{number(mine)} here, {number(theirs)} in the cheapest mix; without it {number(chosen - mine)} and "
            f"{number(cheapest - theirs)} are paid."
        )
    lines.append(
        f"Packs at home prices {number(table['optimised', 'packs'])}; imports change that by "
        f"{number(table['optimised', 'imports'])}, lines that are new or turned over by "
        f"{number(table['optimised', 'lines built'] + table['optimised', 'lines retrofitted'])}."
    )
    return lines


def _worth(result: Result) -> list[str]:
    """Of each kind of limit, where one more unit, or the room there is, brings most."""
    table = result["mix_limit"]
    table = table[table["stage"] == ("objective" if (table["stage"] == "objective").any() else "cheapest")]
    best = [part.loc[part["gain"].idxmax()] for family in in_worth() if len(part := table[table["family"] == family])]
    best = [row for row in best if row["gain"] > LEAST]
    if not best:
        return []
    return ["What would help most, of each kind of limit:", *(f"  {row['sentence']}" for row in best)]
