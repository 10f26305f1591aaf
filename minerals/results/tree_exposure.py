"""An explanation of GWh at risk, or of a node's concentration, as a summary, a tree of rows, and their sources."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from rich.console import Group
from rich.markup import escape
from rich.tree import Tree

from ..errors import listed
from ..numbers import number
from ..tables.history import WORDS
from .explain_exposure import LEAST, Bottleneck, NodeExplanation, Reach, RiskExplanation, Supplier
from .result import Result
from .screen import between
from .tree import Teller, graded, instead, sources

#: Chemistries, countries and nodes named one by one.
MOST = 6
#: Names of the measures of a node.
MEASURES = {
    "top1": "largest share", "top3": "three largest", "concern_share": "countries of concern", "hhi": "HHI",
    "hhi_wgi": "HHI × governance risk", "non_allied_share": "not from allies", "n1_left": "left without the largest",
}  # fmt: skip


def risk_tree(result: Result, explanation: RiskExplanation) -> Group:
    """For rich to print: what is lost, what binds, how it re-adds, and the rows."""
    scenario = result.record["scenarios"][explanation.scenario]["label"]
    ends = between(*(explanation.shortage + risk for risk in (explanation.best, explanation.proportional)))
    place = f"{explanation.region}, {explanation.year}, {scenario}"
    head = f"[bold]{escape(explanation.label)}: {escape(place)}: {ends} GWh lost[/bold]"
    return Group(
        head, *map(escape, _summary(result, explanation)), _tree(result, explanation),
        sources(result, explanation.rows()),
    )  # fmt: skip


def node_tree(result: Result, explanation: NodeExplanation) -> Group:
    """For rich to print: measures of a node, and each country's share with its rows."""
    known = result.record["exposure"]
    found = "no share found in" if explanation.unknown else "data of"
    year = f"{found} {explanation.data_year}" if explanation.data_year else "no data"
    stage = explanation.stage.replace("_", " ")
    head = f"{explanation.label} ({stage}), {explanation.year}: {known['future']['label']}, {year}"
    lines = [f"Confidence in the shares: {explanation.confidence}"] if explanation.confidence else []
    lines += [
        f"{MEASURES.get(name, name)} {_measure(value, low, high)}"
        for name, (value, low, high) in explanation.measures.items() if name in MEASURES
    ]  # fmt: skip
    if not explanation.suppliers:
        lines.append("It is not known here who makes it: it binds no stop, and is not counted as safe.")
    rows = explanation.rows()
    if len(rows):
        squares = "; the squares of the shares re-add to the HHI" if "hhi" in explanation.measures else ""
        lines.append(f"It rests on {len(rows)} rows ({graded(rows)}){squares}.")
        lines += instead(result, rows)
    teller, tree = Teller(result), Tree("", hide_root=True)
    for supplier in explanation.suppliers:
        made = f"  {number(supplier.made)} {explanation.unit}" if supplier.made == supplier.made else ""
        twig = tree.add(f"[bold]{escape(supplier.label)}[/bold]  {supplier.share:.1%}{made}")
        teller.add(twig, supplier.factors)
    for factor in explanation.unknown:
        teller.add(tree.add("[bold]Suppliers not known[/bold]"), [factor])
    if explanation.world:
        teller.add(tree.add(_world(result, explanation.world, explanation.unit)), explanation.world)
    if reach := explanation.reach:
        scenario = result.record["scenarios"][explanation.scenario]["label"]
        gap = max(reach.need - reach.without.value, 0.0)
        short = f", {number(gap)} {reach.unit} less than is needed" if gap > LEAST * reach.need else ""
        place = f"{explanation.region}, {scenario}: without a disruption {_sum(reach.without, reach.unit)}{short}"
        branch = tree.add(escape(place))
        _takers(branch, explanation.region, reach.without, reach.unit)
        _need(branch.add(f"Need {number(reach.need)} {reach.unit} = what uses it"), result, reach, teller)
    return Group(f"[bold]{escape(head)}[/bold]", *map(escape, lines), tree, sources(result, rows))


def _summary(result: Result, risk: RiskExplanation) -> list[str]:
    """What can be built with and without it, who loses, and what binds."""
    chemistries, nodes = result.record["codes"]["chemistry"], result.record["exposure"]["nodes"]
    base = risk.planned - risk.shortage
    if not risk.planned:
        return [f"Status: {risk.status.replace('_', ' ')}. No batteries are planned, so none can be lost."]
    lines = [f"Status: {risk.status.replace('_', ' ')}. Planned: {number(risk.planned)} GWh."]
    lines += [*_drawn(result, risk), _severity(result, risk), _months(risk)]
    if note := _note(result, risk.disruption):
        lines.append(f"The run file says of it: {note}")
    if risk.shortage > 0:
        lines.append(f"Short without it: {number(risk.shortage)} GWh, part of what is lost and of no figure below.")
    lines.append(
        f"Best reallocation, the cells that need most give way first: {number(base - risk.best)} of {number(base)} GWh "
        f"are built, {number(risk.best)} ({risk.best / risk.planned:.0%} of the plan) are not."
    )
    lines.append(
        f"All users of a node cut alike: {number(base - risk.proportional)} are built, {number(risk.proportional)} "
        f"({risk.proportional / risk.planned:.0%}) are not."
    )
    for reading, what in (("best", "Not built"), ("proportional", "Not built if all are cut alike")):
        parts = [f"{chemistries[name]['label']} {number(gwh)}" for name, gwh in risk.lost[reading].items()]
        if parts and (reading == "best" or not risk.lost["best"]):
            lines.append(f"{what}, GWh: {_cut(parts)}.")
    lines += [*_apart(result, risk), *_served(result, risk)]
    binding = [node for node in risk.nodes if node.gain]
    if binding:
        parts = [f"{node.label} ({node.covered:.1%} of its need is accessible)" for node in binding]
        lines.append(f"What binds: {'; '.join(parts)}.")
    elif risk.hit and min(risk.hit.values()) >= 1:
        parts = [f"{nodes[name]['label']} {share:.0%}" for name, share in risk.hit.items()]
        lines.append(f"Nothing is lost: of the need is still accessible {_cut(parts)}.")
    elif not risk.hit:
        lines.append("Nothing is lost: the region gets none of what is cut.")
    else:
        lines.append("No node binds: best reallocated, what is left builds as much as without it.")
    rest = {name: share for name, share in risk.hit.items() if name not in {node.node for node in risk.nodes}}
    scarce = [f"{nodes[name]['label']} {share:.0%}" for name, share in rest.items() if share < 1]
    if scarce:
        lines.append(f"Also hit, of the need: {_cut(scarce)}.")
    rows = risk.rows()
    if not len(rows):
        return lines
    lines.append(
        f"It rests on {len(rows)} rows ({graded(rows)}); need, supply and access re-add. The batteries themselves: "
        "explain --mineral."
    )
    return lines + instead(result, rows)


def _drawn(result: Result, risk: RiskExplanation) -> list[str]:
    """The interval of what is lost, and what it hangs on."""
    if risk.interval is None:
        return []
    low, middle, high = risk.interval
    draws = result.record["config"]["exposure"]["draws"]
    lines = [
        f"In {number(draws)} draws (demand is drawn too) {number(low)} to {number(high)} GWh are lost (5–95 %), half "
        f"of them {number(middle)} or more."
    ]
    if risk.drivers:
        parts = [f"{label} {share:.0%}" for label, share in risk.drivers]
        lines.append(f"That hangs on {_cut(parts)}.")
    return lines


def _apart(result: Result, risk: RiskExplanation) -> list[str]:
    """Cells that cannot be made, what would be lost if others made those of the countries that close, and minerals."""
    minerals, lines = result.record["codes"]["mineral"], []
    if risk.at_home and risk.industry[1] > 0:
        share = risk.industry[0] / risk.at_home
        lines.append(
            f"Of {number(risk.at_home)} GWh of cells made in {risk.region}, {between(*risk.industry)} ({share:.0%}) "
            f"cannot be "
            "made."
        )
    if risk.best > 0 and risk.outside > (risk.shortage + risk.best) * (1 + LEAST):
        lines.append(f"If others made the cells of the countries that close, {number(risk.outside)} would be lost.")
    if parts := [f"{minerals[name]['label'].lower()} {number(kt)} ({share:.0%})" for name, kt, share in risk.minerals]:
        lines.append(f"In the batteries that are lost, kt: {_cut(parts)}.")
    return lines


#: How makers of cells elsewhere share the inputs that a stop leaves them.
SERVED = {
    "alike": "share what a stop leaves them between all their cells alike",
    "last": "serve their other customers first",
    "first": "serve this plan first",
}


def _served(result: Result, risk: RiskExplanation) -> list[str]:
    """Whom makers of cells elsewhere serve first, where the plan says so or a mix was chosen with it."""
    config = result.record["config"]
    keys = config["scenario"].get(risk.scenario)
    if keys is None:  # a chosen mix
        whole = config["optimise"]
        keys = {**whole, **whole.get("variant", {}).get(risk.scenario.partition("-")[2], {})}
        keys = keys if keys["makers"] == "chosen" else {}
    order = keys.get("maker_inputs") or "reference"
    return [f"Makers of cells elsewhere {SERVED[order]} (maker_inputs = {order!r})."] if order in SERVED else []


def _severity(result: Result, risk: RiskExplanation) -> str:
    """How much of the flow stops, with its ends and where they come from, and what these cost."""
    nodes, parts = result.record["exposure"]["nodes"], []
    for each in risk.severities:
        of = f" of {_cut([str(nodes[name]['label']) for name in each.nodes])}" if len(risk.severities) > 1 else ""
        ends = f" ({each.low:g} to {each.high:g}, {_basis(risk, each.ends)})" if each.ends else ""
        parts.append(f"{each.value:g}{of}{ends}")
    cost = f": {between(risk.low, risk.high)} GWh by best reallocation" if any(e.ends for e in risk.severities) else ""
    return f"Severity {'; '.join(parts)}{cost}."


def _months(risk: RiskExplanation) -> str:
    """How long it lasts, and what the figures are of."""
    low, value, high = risk.months
    ends = f" ({low:g} to {high:g})" if low != high else ""
    return (
        f"It lasts {value:g} months{ends}; the figures are of twelve that begin with the year, the draws of as many of "
        "these as it lasts."
    )


def _note(result: Result, disruption: str) -> str:
    """What the run file says of an event of its own; '' where it says nothing, or the event is of the library."""
    events = result.record["config"]["exposure"].get("event", {})
    return str(events.get(disruption, {}).get("note", ""))


def _basis(risk: RiskExplanation, ends: str) -> str:
    """Where the ends of a severity come from."""
    if ends == "given":
        return "as its row or the run file says"
    stops = f"{len(risk.events)} past stop{'s' if len(risk.events) > 1 else ''}"
    return f"as {stops} {WORDS[risk.instrument]} took"


def _tree(result: Result, risk: RiskExplanation) -> Tree:
    tree, teller = Tree("", hide_root=True), Teller(result)
    for node in risk.nodes:
        binds = f"binds: 1 % more of its need builds {number(node.gain)} GWh more" if node.gain else "does not bind"
        branch = tree.add(
            f"[bold]{escape(node.label)}[/bold]  {number(node.left.value)} of {number(node.need)} {node.unit} ({binds})"
        )
        _access(branch, result, risk, node, teller)
        _need(branch.add(f"Need {number(node.need)} {node.unit} = what uses it"), result, node, teller)
    if risk.past:
        teller.add(tree.add("[bold]Past stops[/bold], which give the ends"), risk.past)
    return tree


def _access(branch: Tree, result: Result, risk: RiskExplanation, node: Bottleneck, teller: Teller) -> None:
    """Accessible with and without the disruption, by exporter, and the rows of supply."""
    cut = branch.add(f"With the disruption {_sum(node.left, node.unit)}")
    for supplier in sorted(node.suppliers, key=lambda each: each.left - each.exported):
        if supplier.left < supplier.exported and not supplier.inside:
            cut.add(escape(f"{supplier.label} exports {number(supplier.left)} instead of {number(supplier.exported)} "
                           f"{node.unit}"))  # fmt: skip
    _takers(cut, risk.region, node.left, node.unit)
    teller.add(cut, node.taken)
    before = branch.add(f"Without it {_sum(node.without, node.unit)}")
    exporters = sorted((each for each in node.suppliers if _exports(each)), key=lambda each: -each.exported)
    if exporters:
        parts = [f"{each.label} {number(each.exported)}" for each in exporters]
        before.add(escape(f"Exporters, {node.unit} after their own region is served: {_cut(parts)}"))
    _takers(before, risk.region, node.without, node.unit)
    home = [f"{each.label} {number(each.made)}" for each in node.suppliers if each.inside]
    if home:
        before.add(escape(f"Own supply, {node.unit}: {_cut(home)}"))
    if node.world:
        teller.add(branch.add(_world(result, node.world, node.unit)), node.world)
    data = branch.add("Shares of the world's supply")
    for supplier in node.suppliers:
        where = f" in {risk.region}" if supplier.inside else ""
        twig = data.add(
            escape(f"{supplier.label}{where} {supplier.share:.1%}, makes {number(supplier.made)} {node.unit}")
        )
        teller.add(twig, supplier.factors)


def _exports(supplier: Supplier) -> bool:
    return supplier.exported > 0 and not supplier.inside


def _need(branch: Tree, result: Result, node: Bottleneck, teller: Teller) -> None:
    """What each cell type needs, most first."""
    chemistries = result.record["codes"]["chemistry"]
    for use in node.uses:
        silicon = f" with {use.silicon:.0%} Si" if use.silicon else ""
        scrap = f" × {node.scrap:.4g} for scrap" if node.scrap != 1 else ""
        passes = f" × {use.passing:.4g} that need it at home" if use.passing != 1 else ""
        of = f" of {result.record['codes']['segment'][use.segment]['label']}" if use.segment else ""
        words = (
            f"{chemistries[use.chemistry]['label']}{silicon}{of}  {use.value:.4g} {node.unit} = {use.cells:.4g} "
            f"GWh{passes} × "
            f"{use.use:.4g} {node.unit}/GWh{scrap}"
        )
        teller.add(branch.add(escape(words)), use.factors)


def _world(result: Result, world: Sequence[Any], unit: str) -> str:
    """What there is of a node for batteries, in words."""
    if len(world) == 1:
        return f"World supply {number(world[0].value)} {unit}, as published"
    need, utilisation = world
    reference = result.record["exposure"]["reference"]
    named = f"{reference['demand']}, {reference['adoption']}"
    if reference["silicon"] != "none":
        named += f", silicon {reference['silicon']}"
    if reference["changed"]:
        named += ", changed by the run file"
    total = need.value / utilisation.value
    return escape(
        f"World supply {number(total)} {unit} = {number(need.value)} that the reference world ({named}) needs ÷ "
        f"{utilisation.value:g}, the utilisation of plants: nothing is published"
    )


def _sum(reach: Reach, unit: str) -> str:
    stock = f" − {number(reach.others)} that other uses keep" if reach.others else ""
    stock += f" + {number(reach.follow_on)} built because of the plan" if reach.follow_on else ""
    stock += f" + a stockpile of {number(reach.stockpile)}" if reach.stockpile else ""
    return (
        f"{number(reach.value)} {unit} = own {number(reach.own)} + recovered {number(reach.recovered)} + "
        f"{reach.share_of_pool:.4g} of the {number(reach.exported)} exported{stock}"
    )


def _takers(branch: Tree, region: str, reach: Reach, unit: str) -> None:
    """Who shares what is exported, by which weights, and who of them has all it lacks."""
    if not reach.takers or not reach.exported:
        return
    mine, *others = reach.takers
    parts = [f"{region} {number(mine.weight)}, takes {number(mine.takes)}"]
    for other in sorted(others, key=lambda each: -each.takes):
        if other.takes:
            full = ", all it lacks" if other.takes == other.lacks else ""
            parts.append(f"{other.name} {number(other.weight)}, takes {number(other.takes)}{full}")
    if rest := [other.name for other in others if other.weight and not other.takes]:
        parts.append(f"{listed(rest)}: {'lacks' if len(rest) == 1 else 'lack'} nothing")
    branch.add(escape(f"Shared by need in the reference world, {unit}: {'; '.join(parts)}"))


def _measure(value: float, low: float, high: float) -> str:
    """A measure with its ends; one that nobody knows says so."""
    return f"not known ({low:g}–{high:g})" if math.isnan(value) else f"{value:.3f}{_ends(low, high)}"


def _ends(low: float, high: float) -> str:
    """Bounds, where groups of countries leave a range."""
    return f" ({low:.3f}–{high:.3f}: groups as many countries or one)" if f"{low:.3f}" != f"{high:.3f}" else ""


def _cut(parts: Sequence[str]) -> str:
    more = f" and {len(parts) - MOST} more" if len(parts) > MOST else ""
    return ", ".join(parts[:MOST]) + more
