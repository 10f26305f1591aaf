"""What the record says of an exposure: reference world, groups, nodes, disruptions, and what a reader must know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..case.chokepoints import Chokepoints
from ..case.unknown import leaders
from ..case.weights import SETS, weights
from ..errors import listed
from ..tables.check import of_package
from ..tables.inputs import Inputs
from ..tables.supply import Event


def about_exposure(chokepoints: Chokepoints, inputs: Inputs) -> dict[str, Any]:
    """What the record says of an exposure: the future, the reference world, groups, and labels of what is named."""
    config, supply = chokepoints.config, chokepoints.inputs
    groups = inputs.by_code("country_groups", "label")
    named = inputs.tables["event_history"].named
    return {
        "future": about_future(config.future, inputs),
        "reference": {
            "demand": config.demand, "adoption": config.adoption, "silicon": config.silicon,
            "changed": bool(config.share or config.diffusion),
        },
        "caveats": caveats(chokepoints, inputs),
        "unknown": {"assumed": config.unknown, "leads": _led_unknown(chokepoints)},
        "groups": {"concern": groups[config.concern], "allies": groups[config.allies]},
        "nodes": {
            node.node: {"label": node.label, "item": node.item, "stage": node.stage, "part": node.part}
            for node in supply.nodes
        },
        "countries": {code: supply.country_labels[code] for code in supply.countries},
        "disruptions": {
            event.disruption: {
                "label": event.label, "status": event.status, "start": event.start, "months": event.months.middle,
                "months_low": event.months.low, "months_high": event.months.high, "instrument": event.instrument,
                "past": list(event.past.events) if event.past else [],
                "past_rows": list(map(named, event.past.lines)) if event.past else [],
                "severity": _severities(event),
                **({"by_rule": True} if event.by_rule else {}),
            }
            for event in supply.events
        },
        "weights": {named: weights(supply, named, supply.events) for named in SETS},
    }  # fmt: skip


def _led_unknown(chokepoints: Chokepoints) -> dict[str, str]:
    """Who leads each node of which nobody knows how much is made in the last year, or is taken to, by node."""
    supply, unknown = chokepoints.inputs, chokepoints.supply[-1].unknown
    return {
        node.node: supply.countries[leader]
        for node, leader, of_it in zip(supply.nodes, leaders(supply), unknown, strict=True) if of_it and leader >= 0
    }  # fmt: skip


def about_future(name: str, inputs: Inputs) -> dict[str, str]:
    """Label and note of a supply future."""
    return {column: inputs.by_code("supply_futures", column)[name] for column in ("label", "note")}


def _severities(event: Event) -> list[dict[str, Any]]:
    """Severities of an event with their ends, whether these are given or of the past, and the nodes each is of."""
    nodes: dict[tuple[float, float, float, str], dict[str, None]] = {}
    for cut in event.cuts:
        nodes.setdefault((cut.severity, cut.low, cut.high, cut.ends), {})[cut.node] = None
    return [
        {"value": value, "low": low, "high": high, "ends": ends, "nodes": list(of)}
        for (value, low, high, ends), of in nodes.items()
    ]


def caveats(chokepoints: Chokepoints, inputs: Inputs) -> list[str]:
    """What a reader of the GWh at risk must know: sentences, none where there is nothing.

    Supply is what a region gets for all its uses, of which a run of some leaves the others what they need. Nodes are
    followed along the minerals of the run; a stop of one that hangs on another mineral costs such a run nothing.
    """
    return [
        *_uses_left_out(chokepoints, inputs),
        *_nodes_left_out(chokepoints, inputs),
        *_left_over(chokepoints, inputs),
    ]


def _uses_left_out(chokepoints: Chokepoints, inputs: Inputs) -> list[str]:
    if not chokepoints.left_out:
        return []
    year, share = chokepoints.years[-1], sum(float(part[-1]) for part in chokepoints.left_out.values())
    names = [name[:1].lower() + name[1:] for name in chokepoints.left_out]
    return [
        f"Left out of this run: {listed(names, len(names))}, {share:.0%} of the batteries of {chokepoints.label} in "
        f"{year}. They keep what they need in the reference world."
        + _counted_on_top(chokepoints.resolved.segments.labels, inputs)
    ]


def _counted_on_top(segments: Sequence[str], inputs: Inputs) -> str:
    """A sentence on uses of one's own in scope that are counted beside those left out; '' where there are none."""
    shipped, uses = of_package(inputs.tables["segments"], "segment"), inputs.by_code("segments", "in_place_of")
    own_uses = [name for name in segments if name not in shipped and not uses[name]]
    if not own_uses:
        return ""
    return f" {listed(own_uses)} come on top of these; where they are part of one, say so in in_place_of of segments."


def _left_over(chokepoints: Chokepoints, inputs: Inputs) -> list[str]:
    """A sentence for each node of which one mass gives several minerals at once."""
    labels, out = inputs.by_code("minerals", "label"), []
    for node in chokepoints.inputs.nodes:
        minerals = dict.fromkeys(part[0] for part, label in zip(node.products, node.together, strict=True) if label)
        if len(minerals) > 1:
            names = [labels[name].lower() for name in minerals]
            out.append(
                f"{node.label} gives {', '.join(names[:-1])} and {names[-1]} at once. Each chemistry "
                "takes what the one needs of which it needs most; what it leaves over of the others serves no other "
                "chemistry here, and what recycling returns takes nothing off."
            )
    return out


def _nodes_left_out(chokepoints: Chokepoints, inputs: Inputs) -> list[str]:
    minerals = inputs.by_code("minerals", "label")
    reported = chokepoints.resolved.minerals.labels
    if set(reported) == set(minerals):
        return []
    followed = {node.node for node in chokepoints.inputs.nodes}
    needed = {node for table in ("stage_yield", "node_use") for node in inputs.tables[table].columns["node"]}
    missing = [row.label for row in inputs.rows("nodes") if not row.same_as and row.node in needed - followed]
    if not missing:
        return []
    followed_minerals = listed([minerals[name].lower() for name in reported], 4)
    return [
        f"Minerals of this run: {followed_minerals}. {len(missing)} nodes that hang on others are not followed "
        f"({listed(missing, 4)}): a stop of one costs nothing here. Leave scope.minerals out to follow all."
    ]
