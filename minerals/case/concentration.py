"""How concentrated the chains of a run are: each node by several measures, each chemistry by its weakest link and path.

Measures disagree, so several stand side by side and none is averaged with another. A chemistry's measure holds for
every scenario; that of a region is the mean over its chemistries by GWh.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..exposure import concentration as measures
from ..flows.demand import Array
from ..haste import frozen
from .chokepoints import Chokepoints

STAGES = ("mining", "refining", "active_material", "cell")
#: Measures of nodes whose largest value over its nodes is a chemistry's weakest link, and the name of that link.
LINKS = {"hhi": "weakest_hhi", "concern_share": "weakest_concern"}
ALL = "all"


class Ends(NamedTuple):
    """A measure of one node: value, low and high end, (year) [1] each."""

    value: Array
    low: Array
    high: Array


@frozen
class NodeConcentration:
    """Measures of one node. largest: place of its largest named supplier, (year), −1 where there is none."""

    ends: Mapping[str, Ends]
    largest: NDArray[np.intp]


class Placed(NamedTuple):
    """Batteries of one place in a year. region: its name, or that of all regions together; cells: (chemistry) [GWh]."""

    scenario: str
    region: str
    cells: Array


@frozen
class Links:
    """Weakest links and paths of the chemistries in one year.

    use: of nodes, (chemistry, node); uses: whether a chemistry uses any node among some, (chemistry); weakest: by
    (measure, among which nodes), (chemistry); path: share that passes the countries of concern at any stage,
    (chemistry).
    """

    use: measures.Mask
    uses: Mapping[str, measures.Mask]
    weakest: Mapping[tuple[str, str], measures.Weakest]
    path: measures.Passing


@frozen
class Concentration:
    """Concentration of every node and chemistry of a run."""

    chokepoints: Chokepoints

    @cached_property
    def nodes(self) -> tuple[NodeConcentration | None, ...]:
        """Measures of each node; None where nothing is known of it.

        What makers make is counted where announced plants come on top of shares, and known in every year.
        """
        chokepoints, share = self.chokepoints, self.chokepoints.inputs.share
        grows = np.any([known.added.any(axis=1) for known in chokepoints.known], axis=0)
        by_plants = grows & np.isfinite(chokepoints.supply[0].made).all(axis=1)
        known = ~np.isnan(share).any(axis=(1, 2))
        of_shares, of_plants = np.flatnonzero(known & ~by_plants), np.flatnonzero(known & by_plants)
        published = share[of_shares] / share[of_shares].sum(axis=1, keepdims=True)
        made = np.stack([supply.made[of_plants] for supply in chokepoints.supply], axis=1)
        found = {
            **dict(zip(of_shares.tolist(), self._measured(published.swapaxes(1, 2)), strict=True)),
            **dict(zip(of_plants.tolist(), self._measured(made / made.sum(axis=2, keepdims=True)), strict=True)),
        }
        return tuple(found.get(n) for n in range(len(share)))

    @cached_property
    def links(self) -> tuple[Links, ...]:
        """Weakest links and paths of the chemistries, by reported year."""
        return tuple(self._links(y) for y in range(len(self.chokepoints.years)))

    def measure(self, name: str) -> Array:
        """A measure of the nodes at its value, (node, year), NaN where nothing is known."""
        out = np.full((len(self.nodes), len(self.chokepoints.years)), np.nan)
        for n, node in enumerate(self.nodes):
            if node is not None:
                out[n] = node.ends[name].value
        return out

    def places(self, y: int) -> Iterator[Placed]:
        """Batteries of each region in a year, and of all together where there are several; only where there are some.

        y: place of the year among the reported ones.
        """
        chokepoints = self.chokepoints
        for scenario, batteries in chokepoints.scenarios.items():
            cells = batteries.cells[..., y].sum(axis=1)
            together = [(chokepoints.label, cells.sum(axis=0))] if len(chokepoints.regions) > 1 else []
            for region, here in [*zip(chokepoints.regions, cells, strict=True), *together]:
                if here.sum():
                    yield Placed(scenario, region, here)

    def _measured(self, shares: Array) -> list[NodeConcentration]:
        """Measures of some nodes. shares: of countries in them, (node, year, country)."""
        inputs = self.chokepoints.inputs
        group, top = inputs.is_group, measures.top1(shares, inputs.is_group)
        left, concern = (
            measures.n1_left(shares, group),
            measures.members_bounds(shares, inputs.concern, inputs.unknown),
        )
        outside = measures.non_allied_share(shares, inputs.allies)
        allied = measures.members_bounds(shares, inputs.allies, inputs.unknown)
        ends = {
            "top1": Ends(top.share, top.share, top.high),
            "top3": _of_named(measures.largest(shares, group, 3)),
            "concern_share": _of_named(concern),
            "hhi": _of_whole(measures.hhi(shares, group)),
            "hhi_wgi": _of_whole(measures.hhi_wgi(shares, measures.risk_from_wgi(inputs.governance), group)),
            # Of residuals that nobody allocates all may be allied.
            "non_allied_share": Ends(outside, 1 - allied.high, outside),
            "n1_left": _of_whole(left),
        }
        return [
            NodeConcentration({name: Ends(*(end[n] for end in each)) for name, each in ends.items()}, country)
            for n, country in enumerate(top.country)
        ]

    @cached_property
    def _among(self) -> Mapping[str, measures.Mask]:
        """Nodes among which a weakest link is looked for, (node): all, a stage, the cathode chain, a stage of it."""
        nodes = self.chokepoints.inputs.nodes
        stage = {name: np.array([node.stage == name for node in nodes]) for name in STAGES}
        cathode = np.array([node.part == "cathode" for node in nodes])
        chain = {f"cathode {name}": cathode & stage[name] for name in STAGES[:3]}
        return {ALL: np.ones(len(nodes), bool), **stage, "cathode": cathode, **chain}

    @cached_property
    def _linking(self) -> Mapping[str, Array]:
        """Measures of which weakest links are told, (node, year) each."""
        return {name: self.measure(name) for name in LINKS}

    def _links(self, y: int) -> Links:
        """Links and paths of a year. A node on one of two routes of graphite is no link, as the other can serve; on a
        path it counts by the share of its route."""
        nodes, uses = self.chokepoints.inputs.nodes, self.chokepoints.uses
        fixed, graphite = uses.used(y)
        natural, synthetic = uses.natural > 0, uses.synthetic > 0
        routed = np.outer(graphite, natural | synthetic)
        part = np.where(natural, uses.route[y], np.where(synthetic, 1 - uses.route[y], 1.0))
        among = fixed & np.stack(list(self._among.values()))[:, None]  # (among which, chemistry, node)
        found = {name: measures.weakest_link(self._linking[name][:, y], among) for name in LINKS}
        weakest = {
            (LINKS[name], where): measures.Weakest(found[name].value[at], found[name].node[at])
            for at, where in enumerate(self._among) for name in LINKS
        }  # fmt: skip
        concern = self._linking["concern_share"][:, y]
        in_path = np.array([node.in_path for node in nodes]) & ~np.isnan(concern)
        passing = measures.path(np.nan_to_num(concern) * part, (fixed | routed) & in_path)
        use_any = dict(zip(self._among, np.asarray(among.any(axis=-1)), strict=True))
        return Links(fixed | routed, use_any, weakest, passing)


def _of_whole(found: measures.Bounds) -> Ends:
    """The value with groups as one country, as published indices have it."""
    return Ends(found.high, found.low, found.high)


def _of_named(found: measures.Bounds) -> Ends:
    """The value of named countries alone."""
    return Ends(found.low, found.low, found.high)


def among_names() -> tuple[str, ...]:
    """Names of the nodes among which a weakest link can be looked for."""
    return (ALL, *STAGES, "cathode", *(f"cathode {name}" for name in STAGES[:3]))
