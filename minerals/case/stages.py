"""Of which node each other is made, read from the nodes of a run and what its chemistries use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, Problem
from ..exposure.stages import ACTIVE, CELL, MINING, REFINING, Chain
from ..tables.codes import ENERGY, STAGES
from ..tables.supply import Node
from .uses import Uses

#: Part of a cell that is metal: what is refined for it goes into cells as it is.
FOIL = "foil"
#: Ratios of use that differ by less are the same.
SAME = 1e-9


def chain_of(nodes: Sequence[Node], bases: Sequence[str], uses: Uses, known: NDArray[np.bool_]) -> Chain:
    """The chain of the chemistries of a run.

    bases: of each chemistry; uses: of the nodes by the chemistries; known: whether anybody knows who makes a node,
    (node). What nobody is known to make is taken to be made where its cells are, so that what goes into it is needed
    there: what is not known is not safe.

    What stage_yield says to feed a node goes into that. Else what is mined goes into what is refined of the same
    minerals, then of one of them, then of the same part of the cell. What is refined goes
    into active materials of its part, first those that hold its mineral; of a mineral that a chemistry also needs for
    another part (the lithium of a metal anode), the share that node_use says goes there. Nothing of one route of
    graphite goes into what is of the other one.

    Raises InputError where a chemistry, use or year needs more of a node than another does for what it goes into: how
    much of it is needed where that is made would depend on for whom.
    """
    use = uses.ever
    stage = np.array([STAGES.index(node.stage) for node in nodes], dtype=np.intp)
    into = np.zeros((len(bases), len(nodes), len(nodes)))
    per = np.zeros((len(nodes), len(nodes)))
    routes = [{route for _, route, _ in node.products if route} for node in nodes]
    for c, base in enumerate(bases):
        used = [n for n in range(len(nodes)) if use[c, n] > 0]
        by_name = {nodes[n].node: n for n in used}
        for n in used:
            if (target := _into(nodes, stage, used, by_name, n, base)) is not None:
                into[c, n, target] = 1.0
                if stage[target] == REFINING:
                    per[n, target] = per[n, target] or use[c, n] / use[c, target]
                continue
            if stage[n] in (MINING, REFINING) and nodes[n].part != FOIL:
                for active, share in _active(nodes, [a for a in used if stage[a] == ACTIVE], n, base):
                    into[c, n, active] = share
    into[:, :, ~known], per[:, ~known] = 0.0, 0.0
    if problems := list(_of_several_ratios(nodes, into, per, uses)):
        raise InputError(problems)
    cell = (stage == CELL) & (use > 0)
    by_route = (np.array([mine == {route} for mine in routes]) for route in ("natural", "synthetic"))
    return Chain(stage, into, cell, per, *by_route)


def _into(
    nodes: Sequence[Node], stage: NDArray[np.intp], used: Sequence[int], by_name: Mapping[str, int], n: int, base: str
) -> int | None:
    """The node that all of another one goes into for a chemistry, as stage_yield says or by its minerals; None where it
    goes into active materials by their part."""
    if nodes[n].feeds in by_name:
        return by_name[nodes[n].feeds]
    if stage[n] != MINING:
        return None
    fitting = [r for r in used if stage[r] == REFINING and nodes[r].in_path and _is_of(nodes, n, r, base)]
    alike = [r for r in fitting if _minerals(nodes[r], base) == _minerals(nodes[n], base)]
    return next(iter(alike or fitting), None)


def _of_several_ratios(
    nodes: Sequence[Node], into: NDArray[np.float64], per: NDArray[np.float64], uses: Uses
) -> Iterable[Problem]:
    """Nodes of which not all need as much for what they go into."""
    named = [(n, d) for n, d in zip(*np.nonzero(into.any(axis=0)), strict=True) if nodes[d].node == nodes[n].feeds]
    for n, d in dict.fromkeys([*named, *zip(*np.nonzero(per), strict=True)]):
        mine, theirs = (uses.planned[..., each] for each in (n, d))
        among = (into[:, n, d] > 0) & (theirs > 0) & (mine > 0)
        ratio = mine[among] / theirs[among]
        if ratio.size and np.ptp(ratio) > SAME * ratio.max():
            why = (
                f"goes into {nodes[d].node}, each unit of which needs {ratio.min():.4g} to {ratio.max():.4g} by "
                "chemistry, use or year; [exposure] takes one ratio: let stage_yield say that it feeds one node alone, "
                "of your own where need be, or leave [exposure] out"
            )
            yield Problem("stage_yield.csv", 0, f"node = {nodes[n].node!r}", why)


def _minerals(node: Node, base: str) -> set[str]:
    """Minerals that a node carries for a chemistry."""
    of_all = {mineral for mineral, _, _ in node.products}
    return of_all | ({node.uses[base][0]} - {ENERGY} if base in node.uses else set())


def _may_be_of(ours: Node, theirs: Node) -> bool:
    """Whether two nodes are not of different routes; one that is of none is of all."""
    routes = [{route for _, route, _ in each.products} for each in (ours, theirs)]
    return not all(routes) or "" in routes[0] | routes[1] or bool(routes[0] & routes[1])


def _is_of(nodes: Sequence[Node], mined: int, refined: int, base: str) -> bool:
    """Whether what is refined is made of what is mined."""
    ours, theirs = nodes[mined], nodes[refined]
    minerals = _minerals(ours, base)
    if minerals:
        return bool(minerals & _minerals(theirs, base)) and _may_be_of(ours, theirs)
    return ours.part == theirs.part and not _minerals(theirs, base)


def _active(nodes: Sequence[Node], actives: Sequence[int], n: int, base: str) -> list[tuple[int, float]]:
    """Active materials that a node goes into, and the share of it."""
    minerals, part = _minerals(nodes[n], base), nodes[n].part
    on_path = [a for a in actives if nodes[a].in_path]
    elsewhere = [
        (a, min(nodes[a].uses[base][1], 1.0)) for a in on_path
        if nodes[a].part != part and base in nodes[a].uses and nodes[a].uses[base][0] in minerals
    ]  # fmt: skip
    left = max(1.0 - sum(share for _, share in elsewhere), 0.0)
    same = [a for a in on_path if nodes[a].part == part and _may_be_of(nodes[n], nodes[a])]
    same = [a for a in same if minerals & _minerals(nodes[a], base)] or same
    return [*elsewhere, *((a, left / len(same)) for a in same)] if left > 0 else elsewhere
