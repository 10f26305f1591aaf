"""What nobody knows of: nodes without a figure of what is made, and where that is assumed to stand.

Of such a node as much is had as a plan needs. The country that is taken to lead it makes a share of that, which its
stop takes: none, all, or at the centre as much as it makes of the cathodes of the chemistries that use the node, of
their cells where those are not known either. Where shares are published, but no amount, the centre is these. Where
nobody is taken to lead, as of what is mined everywhere, no stop takes anything; nor of nodes that count a step again
which another one counts already.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..exposure.coverage import Supply
from ..exposure.stages import ACTIVE, CELL, Chain
from ..flows.demand import Array
from ..tables.history import Ends
from ..tables.supply import Cut, Event, SupplyInputs
from ..text import in_sentence

#: How much of what nobody knows stands in the country that leads it.
Assumed = Literal["none", "centre", "all"]
#: Part of the cell whose makers stand for those of what nobody knows.
CATHODE = "cathode"
#: Begins the code of a stop of what nobody knows.
PREFIX = "unknown-"


def leaders(inputs: SupplyInputs) -> NDArray[np.intp]:
    """Country that leads each node, or is taken to, (node), by its place; -1 where nobody is, and of nodes that count a
    step again."""
    out = np.full(len(inputs.nodes), -1)
    for n, (node, code) in enumerate(zip(inputs.nodes, inputs.leader, strict=True)):
        if node.in_path and code in inputs.countries:
            out[n] = inputs.countries.index(code)
        elif node.in_path and inputs.known[n]:
            out[n] = np.where(inputs.is_group, -1.0, inputs.share[n, :, -1]).argmax()
    return np.where((out >= 0) & ~inputs.is_group[out], out, -1)


def assumed_of(
    assumed: Assumed, supply: Sequence[Supply], inputs: SupplyInputs, chain: Chain, use: Array
) -> tuple[Supply, ...]:
    """Supply of each year with the share of each country in what nobody knows. use: of each node by chemistry,
    (chemistry, node), 0 where there is none."""
    if assumed == "none":
        return tuple(replace(each, assumed=None) for each in supply)
    lead = leaders(inputs)
    out = []
    for y, each in enumerate(supply):
        found = np.zeros(each.made.shape)
        for n in np.flatnonzero(each.unknown & (lead >= 0)):
            if assumed == "all":
                found[n, lead[n]] = 1.0
            else:
                found[n] = inputs.share[n, :, y] if inputs.known[n] else _as_cathodes(int(n), y, inputs, chain, use)
        out.append(replace(each, assumed=found))
    return tuple(out)


def _as_cathodes(n: int, y: int, inputs: SupplyInputs, chain: Chain, use: Array) -> Array:
    """Mean share of each country in the cathodes of the chemistries that use a node, or in their cells, (country)."""
    cathode = np.array([node.part == CATHODE for node in inputs.nodes]) & (chain.stage == ACTIVE)
    found = []
    for uses in use[use[:, n] > 0] > 0:
        at = next((at for at in (uses & cathode & inputs.known, uses & (chain.stage == CELL)) if at.any()), None)
        if at is not None:
            found.append(inputs.share[at, :, y].mean(axis=0))
    return np.mean(found, axis=0) if found else np.zeros(len(inputs.countries))


def stops_of_unknown(supply: Sequence[Supply], inputs: SupplyInputs, use: Array) -> Iterable[Event]:
    """A stop of exports of each node that nobody knows and some chemistry uses, by the country that leads it, where no
    event of the run is about the node. use: as above."""
    lead, last = leaders(inputs), supply[-1]
    everything = {node.node for node in inputs.nodes}
    hit = {cut.node for event in inputs.events for cut in event.cuts if {c.node for c in event.cuts} != everything}
    for n in np.flatnonzero(last.unknown & (lead >= 0) & (use > 0).any(axis=0)):
        node, country = inputs.nodes[n], inputs.countries[lead[n]]
        if node.node not in hit:
            label = f"{inputs.country_labels[country]} stops exports of {in_sentence(node.label)}"
            yield Event(
                f"{PREFIX}{node.node.replace('_', '-')}", label, "hypothetical", inputs.years[0],
                Ends(12.0, 12.0, 12.0), (Cut(country, node.node, "export", 1.0, 1.0, 1.0),), "",
            )  # fmt: skip
