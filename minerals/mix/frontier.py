r"""The frontier of cost against exposure: the least cost $f(e)$ of a mix that is exposed to at most $e$.

$f$ is convex and falls, and a solved point gives its value and a slope. Between two solved points it lies below the
chord and above both tangents, so the largest distance of chord and tangents certifies how far the chords are from $f$.
`sandwich` solves where that distance is largest, at the crossing of the tangents, until it is small enough. `walk` does
so along the frontier until each crossing is a corner of $f$; as far as a dual is known to hold $f$ is straight, and a
crossing there is one.

Source: Rote (1992), The convergence rate of the sandwich algorithm for approximating convex functions, Computing 48;
Gass and Saaty (1955), The computational algorithm for the parametric objective function, Naval Research Logistics 2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..haste import frozen

Array = NDArray[np.float64]

#: Part of the span of exposure by which points lie inside its ends. There several slopes are right, and which one a
#: solver gives is chance.
INSIDE = 1e-4
#: Part of the span that points are multiples of, so that rounding of a slope moves none.
GRID = 1e-4
#: Part of the way to an end at which the next point beside it is solved, and of the span at which they are one.
NEARER, CLOSEST = 0.1, 1e-9
#: Part of the span of exposure by which a walk stays inside its ends.
STEP = 1e-7
#: Part of the cost by which two are one.
ALIKE = 1e-9
#: Part of exposure, and of cost, by which the ends are apart at least.
LEAST_APART = 1e-8
#: Most solves of either.
MOST = 5_000


class Vertex(NamedTuple):
    """A point of a frontier. slope: d cost / d exposure there, at most 0; of a corner one of those on either side."""

    exposure: float
    cost: float
    slope: float


@frozen
class Frontier:
    """Points from the cheapest to the least exposed, between which the chords are the frontier up to `gap`.

    gap: largest distance of a chord from what the tangents certify, as a share of the span of cost [1]; solves: of how
    many programmes.
    """

    vertices: tuple[Vertex, ...]
    gap: float
    solves: int

    @property
    def exposure(self) -> Array:
        """(point), falling."""
        return np.array([vertex.exposure for vertex in self.vertices])

    @property
    def cost(self) -> Array:
        """(point), rising."""
        return np.array([vertex.cost for vertex in self.vertices])

    def cost_at(self, exposure: float) -> float:
        """Cost on the chords; that of the nearest end beyond them."""
        return float(np.interp(exposure, self.exposure[::-1], self.cost[::-1]))

    def exposure_at(self, cost: float) -> float:
        """Exposure on the chords; that of the nearest end beyond them."""
        return float(np.interp(cost, self.cost, self.exposure))

    @property
    def marginal(self) -> Array:
        """What one unit less of exposure costs along each chord, (point − 1)."""
        return -np.diff(self.cost) / np.diff(self.exposure)

    @property
    def marginal_between(self) -> Array:
        """What one unit less costs along each chord at least and at most, (point − 1, end): by the slopes at its ends,
        from 0 at the cheapest point, without end at the least exposed one."""
        steep = -np.array([0.0, *(vertex.slope for vertex in self.vertices[1:-1]), -np.inf])
        along = self.marginal
        return np.stack([np.minimum(steep[:-1], along), np.maximum(steep[1:], along)], axis=1)


#: Least cost at each of some exposures, and a slope there.
Solve = Callable[[Sequence[float]], Sequence[tuple[float, float]]]


def sandwich(solve: Solve, cheapest: Vertex, least: Vertex, tolerance: float, at_once: int = 1) -> Frontier:
    """Chords within a tolerance, as a share of the span of cost. cheapest, least: the ends, whose slopes are not used;
    solve: the programmes at exposures between them, at most `at_once`. One point where cost and exposure have one least
    mix."""
    span, dearer = cheapest.exposure - least.exposure, least.cost - cheapest.cost
    if _one_point(cheapest, least):
        return Frontier((cheapest,), 0.0, 0)

    def at(exposures: Sequence[float]) -> list[Vertex]:
        return [Vertex(e, *found) for e, found in zip(exposures, solve(exposures), strict=True)]

    inner = at([cheapest.exposure - INSIDE * span, least.exposure + INSIDE * span])
    solves = len(inner)
    while True:
        pieces = [(*_gap(one, two), one, two) for one, two in pairwise(inner)]
        # At an end one tangent alone certifies, and the next point is nearer to it.
        pieces += [
            (_end_gap(end, at), end.exposure + NEARER * (at.exposure - end.exposure), end, at)
            for end, at in ((cheapest, inner[0]), (least, inner[-1]))
        ]
        widest = sorted((piece for piece in pieces if piece[0] > tolerance * dearer), key=lambda piece: -piece[0])
        widest = [piece for piece in widest if abs(piece[2].exposure - piece[3].exposure) > CLOSEST * span][:at_once]
        if not widest or solves >= MOST:
            break
        exposures = []
        for _, where, one, two in widest:
            low, high = sorted((one.exposure, two.exposure))
            exposure = least.exposure + round((where - least.exposure) / (GRID * span)) * GRID * span
            between = where if np.isnan(one.slope) else (low + high) / 2
            exposures.append(exposure if low < exposure < high else between)
        inner = sorted([*inner, *at(exposures)], key=lambda vertex: -vertex.exposure)
        solves += len(exposures)
    return Frontier((cheapest, *inner, least), max(piece[0] for piece in pieces) / dearer, solves)


def _one_point(cheapest: Vertex, least: Vertex) -> bool:
    """Whether the ends are one but for the rounding of a solver."""
    span, dearer = cheapest.exposure - least.exposure, least.cost - cheapest.cost
    return span <= LEAST_APART * max(abs(least.exposure), 1.0) or dearer <= LEAST_APART * max(abs(least.cost), 1.0)


def _gap(one: Vertex, two: Vertex) -> tuple[float, float]:
    """Largest distance of the chord from the tangents of two points, and the exposure at which it is."""
    bend = one.slope - two.slope
    if bend <= 0:
        return 0.0, (one.exposure + two.exposure) / 2
    where = (two.cost - one.cost + one.slope * one.exposure - two.slope * two.exposure) / bend
    where = min(max(where, two.exposure), one.exposure)
    lowest = max(vertex.cost + vertex.slope * (where - vertex.exposure) for vertex in (one, two))
    part = (where - one.exposure) / (two.exposure - one.exposure)
    return max(one.cost + part * (two.cost - one.cost) - lowest, 0.0), where


def _end_gap(end: Vertex, next_to: Vertex) -> float:
    """How far the chord between an end and the point beside it may lie above the tangent of that point."""
    return max(end.cost - next_to.cost - next_to.slope * (end.exposure - next_to.exposure), 0.0)


class Edge(NamedTuple):
    """A solved point of a frontier, and the exposures between which its slope is known to hold."""

    exposure: float
    cost: float
    slope: float
    low: float
    high: float

    def at(self, exposure: float) -> float:
        """Cost on the tangent."""
        return self.cost + self.slope * (exposure - self.exposure)


def walk(solve: Callable[[float], Edge], cheapest: Vertex, least: Vertex) -> Frontier:
    """Every edge, from the cheapest on. solve: the edge on which an exposure lies.

    Where the tangents of two edges cross is a corner, if one of their slopes is known to hold as far, or if the cost
    there is on the tangents. Else a further edge lies there, and between the two. So each solve finds an edge or
    ascertains a corner: there are at most two for each edge.
    """
    span = cheapest.exposure - least.exposure
    if _one_point(cheapest, least):
        return Frontier((cheapest,), 0.0, 0)
    here, *ahead = (solve(end) for end in (cheapest.exposure - STEP * span, least.exposure + STEP * span))
    corners, solves, near = [cheapest], 2, CLOSEST * span
    while ahead and solves < MOST:
        there = ahead[-1]
        if _alike(here.at(there.exposure), there.cost):
            here = ahead.pop()
            continue
        where = (there.at(0.0) - here.at(0.0)) / (here.slope - there.slope)
        where = min(max(where, there.exposure), here.exposure)
        known = where <= max(there.high, there.exposure) + near or where >= min(here.low, here.exposure) - near
        lowest = max(here.at(where), there.at(where))
        if not known:
            between = solve(where)
            solves += 1
            known = _alike(lowest, between.cost)
        if known:
            corners.append(Vertex(where, lowest, here.slope))
            here = ahead.pop()
        else:
            ahead.append(between)
    # Where the walk ended early the last chord is no edge.
    gap = max(least.cost - here.at(least.exposure), 0.0) / (least.cost - cheapest.cost)
    return Frontier(tuple(_without_straight([*corners, least])), gap, solves)


def _alike(one: float, other: float) -> bool:
    """Whether two costs are one but for the rounding of a solver."""
    return abs(one - other) <= ALIKE * max(abs(one), 1.0)


def _without_straight(points: Sequence[Vertex]) -> list[Vertex]:
    """Points without those between two others on one line, or on the same place."""
    out: list[Vertex] = []
    for point in points:
        if out and abs(out[-1].exposure - point.exposure) <= 1e-12 * max(abs(point.exposure), 1.0):
            continue
        while len(out) > 1 and _on_line(out[-2], out[-1], point):
            out.pop()
        out.append(point)
    return out


def _on_line(one: Vertex, two: Vertex, three: Vertex) -> bool:
    across = (three.cost - one.cost) * (two.exposure - one.exposure) / (three.exposure - one.exposure)
    return _alike(two.cost, one.cost + across)
