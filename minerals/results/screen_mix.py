"""A chosen mix as lines of text: shares beside the incumbent's, losses, cost, and what would help most."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from ..config import OPTIMISED, TARGETS
from ..errors import listed
from ..numbers import number, percent, signed_percent
from ..text import MARK
from .result import Result
from .screen import LEAST, between, columns, fitted

#: Part of the cost that is no money paid: what a soft rule charges.
EXCESS = "excess"
#: Columns of a terminal from which on lines stand as they are.
WIDE = 100
#: Family that stands last.
OTHER = "other"
#: Part of the cells of a mix below which their maker is not told, and of the draws in which two are alike.
LEAST_PART = 0.005
#: Part of what is lost below which what is avoided is nothing.
LEAST_AVOIDED = 1e-5
#: Parts of what a mix can lower of which it is told what they cost.
MARKS = (0.1, 0.25, 0.5, 0.75)
#: Part of the least exposure within which it is told what that costs, where the rest is dear.
LAST = 0.001
#: By whose loss mixes are told beside the objective, and its column.
ALSO = {"supply": "supply lost", "industry": "home cells lost", "all_outside": "if others made all"}
COLUMN = {"supply": "supply_lost", "industry": "industry_lost", "all_outside": "all_outside"}
#: Marks a mix that breaks a rule.
BROKEN = "†"
#: Share of a region's batteries below which a family is left out.
SMALL = 0.0005


def mix(result: Result, width: int = WIDE) -> list[list[str]]:
    """Blocks of lines on the chosen mix, in a terminal of some width."""
    blocks = [_shares(result, region, width) for region in dict.fromkeys(result["mix_family"]["region"])]
    first = (
        *_measures(result, width), *_backcast(result, width), _robust(result, width), _baselines(result, width),
        _frontier(result),
    )  # fmt: skip
    then = (
        unknown(result),
        _losses(result, width),
        _library(result),
        _unmet(result),
        [*_cost(result), *_prices(result)],
        _worth(result),
    )
    all_blocks = (*first, *blocks, *then)
    return [[part for line in block for part in _wrapped(line, width)] for block in all_blocks if block]


#: What measures are called, in the order in which they are told.
MEASURES = {
    "mix": "another mix", "own_cells": "own cells", "stock": "stocks", "plants": "plants elsewhere",
    "recycling": "recycling", "all": "all together",
}  # fmt: skip


def _measures(result: Result, width: int) -> list[list[str]]:
    """GWh lost that each measure avoids at each budget, by how long a disruption lasts, and what the first billion of
    all together is spent on."""
    if "measures" not in result.tables:
        return []
    table, blocks = result["measures"].query("budget > 0"), list[list[str]]()
    for months, part in table.groupby("months", sort=False):
        lost = part["value"].iloc[0] + part["avoided"].iloc[0]
        head = [f"GWh avoided of {number(lost)} lost to stops of {months:g} months"]
        head += [f"{budget:g} bn" for budget in dict.fromkeys(part["budget"])]
        rows = [
            [MEASURES[str(name)], *(number(gwh if gwh > LEAST_AVOIDED * lost else 0.0) for gwh in mine["avoided"])]
            for name, mine in part.groupby("measures", sort=False)
        ]
        blocks.append(columns(head, rows) if width >= WIDE else fitted(head, rows, width))
    if not blocks:
        return []
    blocks[-1].append(
        "bn: billion USD_2025 beyond the cheapest mix, over all years. GWh: the sum over all years of what an average "
        "disruption takes if it comes in that year; one that comes in a single year takes and avoids its part. Another "
        "mix: with its own cells. Stocks are used up once in a disruption; plants elsewhere stand "
        f"{_places(result)}, and their inputs are not followed. {_recycling(result)}"
    )
    blocks[-1] += _order(result)
    return blocks


def _places(result: Result) -> str:
    """Where plants stand, and at how many nodes anything tells these places apart."""
    outside = "outside the country that makes most"
    if "measures_places" not in result.tables:
        return outside
    table = result["measures_places"]
    named, by_node = list(dict.fromkeys(table["place"])), table.groupby("node", sort=False)["stands"].nunique()
    if len(named) < 2:
        return f"{outside} ({listed(named)})"
    apart = int((by_node > 1).sum())
    differing = f"which cost or stops tell apart at {apart} of {len(by_node)} nodes"
    return f"{outside} ({' or '.join(named)}, {differing if apart else 'which neither cost nor stops tell apart'})"


def _recycling(result: Result) -> str:
    """What more recycling avoids at most, and off which nodes that disruptions take something of it takes what."""
    if "measures_recycling" not in result.tables:
        return "Recovered material relieves mining and refining alone; recycling is no measure of this study."
    table, parts = result["measures_recycling"], list[str]()
    for months, part in table.query("node == 'all'").groupby("months", sort=False):
        lost, avoided = (float(part.loc[part["measure"] == each, "value"].iloc[0]) for each in ("lost", "avoided"))
        some = number(avoided) if avoided > LEAST_AVOIDED * lost else "nothing"
        parts.append(f"{some} of {number(lost)} GWh in {months:g} months")
    taken = table[(table["measure"] == "taken_off") & (table["months"] == table["months"].iloc[0])]
    off = [f"{number(row.value)} {row.unit} off {row.label}" for row in taken.itertuples() if row.value > 0]
    none = taken.loc[taken["value"] <= 0, "label"].tolist()
    reach = "; ".join([*([", ".join(off)] if off else []), *([f"nothing off {listed(none)}"] if none else [])])
    return (
        f"Recycling avoids at most, whatever it costs, {', '.join(parts)}. Where disruptions take something, it takes "
        f"at most, over all years, {reach}."
    )


def _order(result: Result) -> list[str]:
    """In which order measures avoid most at the least, a middle and the largest budget, and in how many draws each
    avoids more than the next: those first that avoid more than others in more draws than less. Where most draws do not
    tell two apart, in how many that is."""
    if "measures_order" not in result.tables:
        return []
    table, pairs = result["measures_order"], dict[tuple[float, str, str], tuple[float, float]]()
    for row in table.itertuples():
        pairs[row.budget, row.a, row.b] = row.value, row.alike
        pairs[row.budget, row.b, row.a] = 1 - row.value - row.alike, row.alike
    budgets, names = sorted(table["budget"].unique()), list(dict.fromkeys([*table["a"], *table["b"]]))
    draws, lines = result.record["config"]["study"]["draws"], list[str]()

    def comparison(budget: float, a: str, b: str) -> str:
        more, alike = pairs[budget, a, b]
        if alike > more:
            return f"{MEASURES[a]} and {MEASURES[b]} alike in {alike:.0%}"
        ties = f" (alike in {alike:.0%})" if alike >= LEAST_PART else ""
        return f"{MEASURES[a]} more than {MEASURES[b]} in {more:.0%}{ties}"

    for budget in dict.fromkeys((budgets[0], budgets[(len(budgets) - 1) // 2], budgets[-1])) if budgets else ():
        ahead = {a: sum(pairs[budget, a, b][0] - pairs[budget, b, a][0] for b in names if b != a) for a in names}
        order = pairwise(sorted(names, key=lambda name: -ahead[name]))
        lines.append(f"With {budget:g} bn: {', '.join(comparison(budget, a, b) for a, b in order)}.")
    head = f"Which avoids more, in {draws} draws of costs, growth of plants, severity and months:"
    return [head, *lines] if lines else []


#: What is least of a backcast, in a head and in a sentence.
GOALS = {
    "cost": ("bn USD", "bn USD: billion USD_2025 at least beyond the mix without a target, over all years"),
    "change": ("GWh", "GWh: batteries of all years that at least are of another chemistry than in the baseline"),
    "new": ("GWh", "GWh: batteries of all years that at least are of new chemistries"),
}  # fmt: skip


def _backcast(result: Result, width: int) -> list[list[str]]:
    """What each target takes, and the shares of its mix, with how far they move in mixes nearly as good."""
    if "backcast" not in result.tables:
        return []
    study, table = result.record["config"]["study"], result["backcast"]
    family = result["backcast_family"].dropna(subset=["low"])
    kind, unit = next(name for name in TARGETS if study[name]), table["unit"].iloc[0]
    seen = dict.fromkeys(family.loc[family["high"] >= LEAST_PART, "family"])
    by_cost, blocks = study["least"] == "cost", list[list[str]]()
    head, sentence = GOALS[study["least"]]
    for silicon, part in table.groupby("silicon", sort=False):
        rows, free = list[list[str]](), part["least"].iloc[0]
        for row in part.itertuples():
            here = family[(family["silicon"] == silicon) & _alike(family["target"], row.target)]
            name = "no target" if np.isnan(row.target) else _level(kind, row.target)
            least = max(row.least - free, 0.0) / 1000 if by_cost else row.least
            marginal = number(row.marginal) if np.isfinite(row.marginal) else ""
            rows.append([
                f"{name}{BROKEN if row.status == 'out of reach' else ''}", number(least), marginal,
                *(_ranged(here[here["family"] == each]) for each in seen),
            ])  # fmt: skip
        blocks.append(fitted([f"Silicon {silicon}", head, f"per {unit}", *seen], rows, min(width, WIDE)))
    what = f"kt of {study['mineral']}" if study["mineral"] else "GWh of loss"
    blocks[-1].append(
        f"{sentence}; per {unit}: what one {what} less takes{' [million USD]' if by_cost else ''}, empty where "
        f"none can be. Shares of {family['year'].iloc[0]} in %, and between what each lies in mixes within "
        f"{result.record['mix']['near']:.1%} of the least."
        + (f" {BROKEN} No mix reaches that: of the one that comes nearest." if BROKEN in str(blocks) else "")
    )
    return blocks


def _alike(targets: pd.Series, target: float) -> pd.Series:
    return targets.isna() if np.isnan(target) else targets == target


def _level(kind: str, level: float) -> str:
    """A target: −25% · −12.5% · 800."""
    if kind not in ("change", "coverage"):
        return number(level)
    return percent(level, signed=kind == "change", digits=int(round(100 * level, 6) % 1 != 0))


def _ranged(rows: pd.DataFrame) -> str:
    """Share of a family, and between what it lies where it is of one region: 82 (68–91)."""
    whole = (rows["value"] / rows["share"]).where(rows["share"] > 0, 0.0).sum()
    share = rows["value"].sum() / whole if whole else 0.0
    ends = tuple(f"{100 * rows[end].iloc[0]:.0f}" for end in ("low", "high")) if len(rows) == 1 else ("", "")
    return f"{100 * share:.0f}" + ("" if ends[0] == ends[1] else f" ({ends[0]}–{ends[1]})")


def _robust(result: Result, width: int) -> list[str]:
    """What plans lose above the least possible in each future of supply, and what the one with the least regret costs
    where supply is as the run assumes."""
    if "robust" not in result.tables:
        return []
    table, plans = result["robust"], result["robust_mix"].set_index("mix")
    own, labels = str(table["future"].iloc[0]), result.record["codes"]["future"]
    world = table["world"] == table["world"].iloc[0]
    drawn = table[world].pivot_table(index="mix", columns="future", values="regret", sort=False)
    names = {"average": "least loss on average", "regret": "least regret"}
    head = ["GWh above the least, best in", *(labels[name]["label"] for name in drawn.columns), "most"]
    rows = [
        [names.get(str(plan)) or labels[str(plan)]["label"], *map(number, by), number(plans.loc[plan, "worst_regret"])]
        for plan, by in zip(drawn.index, drawn.to_numpy(), strict=True)
        if plan in names or plan in labels
    ]
    if table["world"].nunique() > 1:
        head, rows = _in_worlds(table, plans, {own: f"best in {labels[own]['label']}", **names}, labels)
    lines = columns(head, rows) if width >= WIDE else fitted(head, rows, width)
    last = plans.loc["regret"]
    summary = (
        f"The plan with the least regret loses {number(last['worst_regret'])} GWh more than need be at most, that for "
        f"{labels[own]['label']} {number(plans.loc[own, 'worst_regret'])}; it loses {number(last['more_own'])} GWh "
        f"more there, and {number(abs(last['more_average']))} {'more' if last['more_average'] > 0 else 'less'} on "
        "average. Of a plan that is best in one future others as good may lose more or less elsewhere."
    )
    if some := int((plans["left_open"] > 0).sum()):
        summary += f" Of {some} of {len(plans)} plans the solver left the last choices among plans as good open."
    short = drawn.columns[table[world & (table["mix"] == "regret")]["short"].to_numpy() > 0]
    if len(short):
        gwh = table[world & (table["mix"] == "regret")].set_index("future")["short"]
        those = listed([f"{labels[name]['label']} {number(gwh[name])}" for name in short])
        summary += f" Of it some cannot be supplied even without a disruption, and counts as lost: in {those} GWh."
    out = result.record.get("study", {}).get("worlds_left_out", {})
    left_out = [f"Left out: the reference world {name}, as {why}." for name, why in out.items()]
    return [*lines, summary, *left_out]


def _in_worlds(
    table: pd.DataFrame, plans: pd.DataFrame, names: Mapping[str, str], labels: Mapping[str, Mapping[str, str]]
) -> tuple[list[str], list[list[str]]]:
    """Heading and rows of what some plans, by what they are called, lose above the least in each future of each
    reference world."""
    drawn = table.pivot_table(index=["world", "future"], columns="mix", values="regret", sort=False)[list(names)]
    rows = [
        [f"{labels[str(future)]['label']}, {world}", *map(number, by)]
        for (world, future), by in zip(drawn.index, drawn.to_numpy(), strict=True)
    ]
    most = ["most", *(number(plans.loc[name, "worst_regret"]) for name in names)]
    return ["GWh above the least", *names.values()], [*rows, most]


def _baselines(result: Result, width: int) -> list[str]:
    """Exposure and cost of the incumbent's mix, the cheapest, the chosen and the least exposed one."""
    table, about = result["mix_baseline"], result.record["mix"]
    unit, (first, last) = about["unit"], (about["years"][0], about["years"][-1])
    head = [f"Mixes of {first}–{last}", f"{about['objective']}, {unit}", "billion USD_2025", "above the cheapest"]
    # As if others made all is a bound for stops of materials alone.
    losses = [name for name in ALSO if name != "all_outside" or not about["stops_of_cells"]]
    others = [name for name in losses if name != about["loss"]]
    head[2:2] = [ALSO[name] for name in others]
    rows, notes = [], []
    for row in table.itertuples():
        broken = BROKEN if row.breaks else ""
        of_home = f" ({row.industry_share:.0%})"
        lost = (f"{number(getattr(row, COLUMN[name]))}{of_home if name == 'industry' else ''}" for name in others)
        rows.append([
            f"{row.label}{broken}", number(row.exposure), *lost, number(row.cost / 1000),
            signed_percent(row.cost_share) if np.isfinite(row.cost_share) else "",
        ])  # fmt: skip
        if broken:
            notes.append(f"{BROKEN} {row.label} breaks rules that the others keep: {row.breaks}.")
        if row.mix == "incumbent" and row.unmet > about["unmet"] + LEAST:
            compares = "" if np.isfinite(row.cost_share) else ", so that their sum does not compare"
            notes.append(
                f"{row.label} has {number(row.unmet)} GWh that no mix of this run may sell: they count as lost, and "
                f"cost nothing here{compares}."
            )
    lines = columns(head, rows) if width >= WIDE else fitted(head, rows, width)
    if rate := about["discount_rate"]:
        notes.append(f"Costs of later years are discounted by {rate:.1%} a year to {first}.")
    return [*lines, *notes, *_near(about)]


def _near(about: Mapping[str, Any]) -> list[str]:
    """What the chosen mix stands for."""
    cap = "" if about["cost_cap"] is None else f" and costs at most {about['cost_cap']:.0%} more than the cheapest"
    if not about["near"]:
        return [f"The chosen mix is one of the best{cap}; others may be as good."]
    best, value = number(about["best"]), number(about["value"])
    return [
        f"The best mix{cap and ' that'}{cap.removeprefix(' and')} has {best} {about['unit']}. The chosen one stands "
        f"for all within {about['near']:.1%} of that, with {value}: nearest to the incumbent's shares."
    ]  # fmt: skip


def _frontier(result: Result) -> list[str]:
    """What a further GWh costs along the frontier, at the chosen cost and at its ends."""
    table, about = result["mix_frontier"], result.record["mix"]
    if len(table) < 2:
        return []
    exposure, costs = table["exposure"].to_numpy(), table["cost"].to_numpy()
    span, unit, cheapest = exposure[0] - exposure[-1], about["unit"], costs[0] / (1 + table["cost_share"].iloc[0])
    marks = [f"{part:.0%} for {_more(_cost_at(table, exposure[0] - part * span), cheapest)}" for part in MARKS]
    lines = [f"Frontier: of the {number(span)} {unit} that a mix can lower, {listed(marks, len(marks))} of cost."]
    baseline = result["mix_baseline"].set_index("mix")
    cost = float(baseline.loc["chosen", "cost"])
    here = max(int(np.searchsorted(costs, cost * (1 + 1e-9), side="right")) - 1, 0)
    if here < len(costs) - 1:
        low, high = table["marginal_low"].iloc[here], table["marginal_high"].iloc[here]
        less = between(float(low), float(high)) if np.isfinite(high) else f"{number(float(low))} or more"
        lines.append(
            f"At the chosen cost one {unit} less costs {less} million USD_2025; a GWh of "
            f"packs costs {number(cost / about['wanted'])} on average."
        )
    loss = float(baseline.loc["chosen", "exposure"])
    if about["near"] and exposure[-1] < loss:
        lines.append(
            f"As little as the chosen mix loses is to be had for {_more(_cost_at(table, loss), cheapest)} of cost."
        )
    # The least exposed mix is a corner: its last part is bought at almost any price.
    nearly = _cost_at(table, exposure[-1] * (1 + LAST))[1]
    if costs[-1] - nearly > LAST * costs[0]:
        lines.append(
            f"Its end is steep: a mix within {LAST:.1%} of the least exposure costs {number(nearly / 1000)} billion; "
            "what the very least costs hangs on how exactly it is kept."
        )
    return lines


def _cost_at(table: pd.DataFrame, exposure: float) -> tuple[float, float]:
    """Least cost of a mix that is exposed to so much, at least and at most: by the slopes at the ends of the chord, and
    along it; that of the cheapest mix where the exposure is above its own."""
    at, costs = table["exposure"].to_numpy(), table["cost"].to_numpy()
    if exposure >= at[0]:
        return float(costs[0]), float(costs[0])
    here = min(int(np.searchsorted(-at, -exposure, side="right")) - 1, len(at) - 2)
    low, high = (table[name].iloc[here] for name in ("marginal_low", "marginal_high"))
    chord = float(np.interp(exposure, at[::-1], costs[::-1]))
    from_here = costs[here] + low * (at[here] - exposure)
    from_next = costs[here + 1] - high * (exposure - at[here + 1]) if np.isfinite(high) else from_here
    return min(float(max(from_here, from_next)), chord), chord


def _more(cost: tuple[float, float], cheapest: float) -> str:
    """Cost above the cheapest: +5.7%, or +5.2% to +5.7% where that is how well it is known."""
    low, high = (signed_percent(each / cheapest - 1) for each in cost)
    return high if low == high else f"{low} to {high}"


def _wrapped(line: str, width: int) -> list[str]:
    """A line, in parts where the terminal is narrow."""
    if width >= WIDE or len(line) <= width:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()))
    return textwrap.wrap(line.strip(), width, initial_indent=indent, subsequent_indent=f"{indent}  ")


def _shares(result: Result, region: str, width: int) -> list[str]:
    """Shares by family in the years whose ranges are known, at most two: the chosen mix, and how far shares move."""
    table = result["mix_family"]
    table = table[table["region"] == region]
    years = sorted(set(table["year"]))
    known = sorted(set(table.loc[table["pinned"] != "", "year"]))
    shown = dict.fromkeys(known[-2:] or (years[len(years) // 2 - 1] if len(years) > 2 else years[0], years[-1]))
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
            row += ["0.0%", "0.0%"] if here is None else [f"{here['incumbent']:.1%}", _range(here)]
        if any(year in at.index for year in shown):
            rows[str(family)] = row
            largest[str(family)] = max(part.loc[part["year"] == years[-1], ["value", "incumbent"]].max(axis=None), 0.0)
    ordered = [rows[family] for family in sorted(rows, key=lambda name: (name == OTHER, -largest[name]))]
    near = result.record["mix"]["near"]
    loose = bool((table["pinned"] == "no").any())
    note = [f"In brackets: among all mixes within {near:.1%} of the best, what a share may be."] if loose else []
    return [*(columns(head, ordered) if width >= WIDE else fitted(head, ordered, width)), *note]


def _range(row: pd.Series) -> str:
    """A share, and the ends between which mixes nearly as good have it."""
    if row["pinned"] != "no":
        return f"{row['value']:.1%}"
    return f"{row['value']:.0%} ({row['low']:.0%}–{row['high']:.0%})".replace("%–", "–")


#: Points by which a share differs that is told at both ends of what nobody knows.
DIFFERS = 0.01


def unknown(result: Result) -> list[str]:
    """The mix with none and with all of what nobody knows in the country that leads it, and which families grow as fast
    as they may only because it is not known who makes their nodes."""
    if "mix_unknown" not in result.tables or result["mix_unknown"].empty:
        return []
    table = result["mix_unknown"]
    none, everything = (table[table["unknown"] == end] for end in ("none", "all"))
    best = [float(each.loc[each["measure"] == "best", "value"].iloc[0]) for each in (none, everything)]
    keys = ["region", "family", "last"]
    shares = [each[each["measure"] == "share"].set_index(keys)["value"] for each in (none, everything)]
    regions, last = list(dict.fromkeys(table["region"]))[1:], int(table["last"].max())
    moved = []
    for region in regions:
        of = f" in {region}" if len(regions) > 1 else ""
        for family in dict.fromkeys(table.loc[table["region"] == region, "family"]):
            one, other = (float(each.get((region, family, last), 0.0)) for each in shares)
            if abs(one - other) >= DIFFERS:
                moved.append(f"{family}{of} {one:.0%} → {other:.0%}")
    unit = result.record["mix"]["unit"]
    shifts = f"in {last} {listed(moved, len(moved))}" if moved else f"no share of {last} differs by a point"
    grow = [
        dict.fromkeys(each.loc[each["grows"] == "yes", ["region", "family"]].itertuples(index=False, name=None))
        for each in (none, everything)
    ]
    only = [f"{family} in {region}" for region, family in grow[0] if (region, family) not in grow[1]]
    return [
        f"With none and with all of what nobody knows in the country that leads it, each such node stopped too: the "
        f"best mix has {number(best[0])} and {number(best[1])} {unit}; {shifts}.",
        f"Only because nobody knows who makes its nodes, a family grows as fast as it may: {listed(only, len(only))}."
        if only else "No family grows as fast as it may only because nobody knows who makes its nodes.",
    ]  # fmt: skip


def _losses(result: Result, width: int) -> list[str]:
    """GWh lost over the years decided, of both mixes; what binds, where there is room."""
    table, about = result["mix_loss"], result.record["mix"]
    labels = {name: str(entry["label"]) for name, entry in result.record["scenarios"].items()}
    first, last = about["years"][0], about["years"][-1]
    whole = f"{table['wanted'].max():,.0f} GWh"
    mine, theirs = labels[about["scenario"]], labels[about["incumbent"]]
    head = [f"GWh lost {first}–{last}, of {whole}", theirs, mine, "binds"]
    rows = []
    for row in table.itertuples():
        if max(row.incumbent, row.value) < 0.05:
            continue
        mark = "" if row.status == "in_force" else MARK
        numbers = (between(row.incumbent, row.incumbent), between(row.value, row.value))
        rows.append([f"{row.label}{mark}", *numbers, str(row.binding_label)])
    if not rows:
        return []
    if width >= WIDE:
        lines = columns(head, rows, left=(0, len(head) - 1))
    else:
        lines = fitted(head[:-1], [row[:-1] for row in rows], width)
    if any(row[0].endswith(MARK) for row in rows):
        lines.append(f"{MARK} Not in force: suspended, announced or hypothetical.")
    return lines


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
    gwh = about["unmet"]
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
    dearer = chosen > cheapest * 1.0005 and cheapest > 0
    more = f"{chosen / cheapest - 1:.1%} more than" if dearer else "as much as"
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
    imports = float(table[OPTIMISED, "imports"])
    lines.append(
        f"Of it (billion): packs, at the price of those made at home, {number(table[OPTIMISED, 'packs'])}; imports "
        f"{'add' if imports >= 0 else 'save'} {number(abs(imports))}; capital of new and converted lines "
        f"{number(sum(table[OPTIMISED, f'capital of lines {how}'] for how in ('built', 'retrofitted')))}."
    )
    return [*lines, *_makers(result)]


def _makers(result: Result) -> list[str]:
    """Who makes the cells of the mix, of all years together: those at home, then makers elsewhere by their part."""
    made = result["mix_trade"].groupby("country")["value"].sum().sort_values(ascending=False)
    share, labels = made / made.sum(), result.record["exposure"]["countries"]
    elsewhere = [f"{part:.0%} in {labels[str(code)]}" for code, part in share.items() if code and part >= LEAST_PART]
    home = f"{float(share.get('', 0.0)):.0%} are made at home"
    return [f"Of its cells {listed([home, *elsewhere], 6)}.", *_served(result)]


def _served(result: Result) -> list[str]:
    """What the mix loses by whom makers outside the run serve first, where they share their inputs."""
    about = result.record["mix"]
    lost = {order: number(gwh) for order, gwh in about["by_maker_inputs"].items()}
    if len(set(lost.values())) < 2:
        return []
    return [
        f"Whom makers outside the run serve first where a stop leaves them too little is not known: it loses "
        f"{lost['first']} {about['unit']} if it is this run, {lost['alike']} if all have their part, and "
        f"{lost['last']} if it is their other customers."
    ]


def _prices(result: Result) -> list[str]:
    """How prices that are consistent with the mixes were come to."""
    lines = []
    for name, about in result.record["mix"].get("prices", {}).items():
        label = result.record["scenarios"][name]["label"]
        rounds = {1: "once", 2: "twice"}.get(about["rounds"], f"{about['rounds']} times")
        moved = "no more than a tenth of a point" if about["settled"] else f"{100 * about['moved']:.1f} points still"
        lines.append(
            f"{label}: prices learn along the mix itself, chosen again {rounds}; at last shares moved {moved}."
        )
    return lines


def _worth(result: Result) -> list[str]:
    """Of each kind of limit, where a step gains most; those that gain most first."""
    table = result["mix_limit"]
    best = table.loc[table.groupby("family")["value"].idxmax()].sort_values("value", ascending=False)
    if best.empty:
        return []
    return ["What would help most, of each kind of limit:", *(f"  {sentence}" for sentence in best["sentence"])]
