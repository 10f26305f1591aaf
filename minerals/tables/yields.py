"""Ways from a node down the rows of stage_yield to the minerals that it ends in.

Most nodes feed one thing. Of one that feeds several, what these need of it adds up: each kg goes one way. Where `joint`
says so the same kg gives them all at once, as a mixed hydroxide gives nickel and cobalt: then only the one counts that
needs most of it, and of the others something is left over.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from ..errors import listed
from ..haste import frozen

#: Cell of a row that is of a joint product.
JOINT = "yes"


@frozen
class Way:
    """One way from a node to a mineral. rows: of stage_yield, that of the node first; route: of graphite, or '';
    together: the same for ways of a node of which one mass serves all, '' for one that adds to the others."""

    rows: tuple[Any, ...]
    mineral: str
    route: str
    together: str


def ways(rows: Iterable[Any]) -> dict[str, list[Way]]:
    """Ways of each node of stage_yield, in the order of its rows."""
    of: dict[str, list[Any]] = {}
    for row in rows:
        of.setdefault(row.node, []).append(row)

    def down(node: str) -> list[Way]:
        found = []
        for row in of[node]:
            together = node if row.joint == JOINT else ""
            if row.feeds not in of:
                mineral, _, route = row.feeds.partition(":")
                found.append(Way((row,), mineral, route, together))
                continue
            for way in down(row.feeds):
                label = together or (f"{row.feeds} {way.together}" if way.together else "")
                found.append(Way((row, *way.rows), way.mineral, way.route, label))
        return found

    return {node: down(node) for node in of}


def too_narrow(needs: Iterable[str], minerals: Collection[str]) -> str:
    """Why a run may not leave out a mineral that one of its nodes feeds, or '' where it has all of them or none: what
    that needs of the node would be missing. needs: minerals that the node feeds; minerals: of the run."""
    needs = list(dict.fromkeys(needs))
    lacking = [mineral for mineral in needs if mineral not in minerals]
    if not lacking or len(lacking) == len(needs):
        return ""
    return (
        f"goes into {listed(needs)}, and scope.minerals lacks {listed(lacking)}, so that what is needed of it would be "
        f"too little; add {listed(lacking)} to scope.minerals"
    )
