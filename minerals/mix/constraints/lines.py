r"""Cells made in a region need lines of their kind, standing, built or turned over from another kind.

$$\sum_{c \in k} P_{rcy} \le K_{rky} + \sum_{v \le y} \Bigl( b_{rkv} + \sum_l t_{rlkv} \Bigr)
  - \sum_l \sum_{v \le y + \tau_{rl}} t_{rklv}, \qquad
  \sum_{v \le y} b_{rkv} \le B_{rky} \qquad [\mathrm{GWh/yr}]$$

$v$ is the first year in which a line makes cells of its kind. It is decided on $\tau$ years before, and not before the
first year that is decided, so that there is no $b$ or $t$ in years before $y_0 + \tau$. A line that is turned over
makes nothing in between. It is turned over only where some of its equipment carries over; what does not is paid for. No
more is turned over than stands.

Standing lines are sunk: what they make costs its running cost. One that is built or turned over pays its capital in
each year in which it makes cells, to the last one (`line_price`). All are counted by what they make, which is their
nameplate × the utilisation of plants; of kinds whose plants no row has those stand that made cells in the year before
the first that is decided. As many are built as pay, up to $B$ where a row announces lines of their kind and
region (announced_capacity.csv). A region whose lines no row of cell_capacity.csv has is under no limit on lines; its
supply of cells alone limits what it makes, at a price with all capital. Cells that other regions of the run import are
made on its lines too (`trade`).

Source: Carnegie Endowment (2026), Battery Geopolitics, figure 16 and its passage: which equipment carries over
(drop_in.csv). Lead times: plants as announced and built (line_cost.csv).
"""

from __future__ import annotations

from collections.abc import Callable

from ..data import Line, MixData, Region, Year
from ..family import Family, Glossary, Kind, Limit, LimitText
from ..pyo import pyo


def add(model: pyo.ConcreteModel, data: MixData) -> None:
    """Add what lines can make, how many can be turned over, and how many can be built."""
    kinds = dict.fromkeys(data.line.values())
    made = [(r, k, y) for r in data.regions for k in kinds for y in data.years if (r, k, y) in data.capacity]

    def added(m: pyo.ConcreteModel, r: Region, k: Line, y: Year) -> object:
        past = [v for v in data.years if v <= y]
        into = [(r, old, k, v) for old, to in data.retrofit for v in past if to == k]
        out = [
            (r, k, to, v) for old, to in data.retrofit for v in data.years
            if old == k and v <= y + data.retrofit_lead.get((r, to), 0)
        ]  # fmt: skip
        return (
            sum(m.built[r, k, v] for v in past if (r, k, v) in m.built)
            + sum(m.retrofitted[key] for key in into if key in m.retrofitted)
            - sum(m.retrofitted[key] for key in out if key in m.retrofitted)
        )

    def used(m: pyo.ConcreteModel, r: Region, k: Line, y: Year) -> object:
        mine = [c for c in data.chemistries if data.line[c] == k and (r, c, y) in m.made]
        return sum(m.made[r, c, y] for c in mine) - m.lines_added[r, k, y] <= data.capacity[r, k, y]

    def stands(m: pyo.ConcreteModel, r: Region, k: Line, y: Year) -> object:
        return m.lines_added[r, k, y] >= -data.capacity[r, k, y]

    def most(m: pyo.ConcreteModel, r: Region, k: Line, y: Year) -> object:
        return sum(m.built[r, k, v] for v in data.years if v <= y and (r, k, v) in m.built) <= data.announced[r, k, y]

    places = pyo.Set(initialize=made, dimen=3)
    model.lines_added = pyo.Expression(places, rule=added)
    model.lines = pyo.Constraint(places, rule=used)
    if data.plan_given:  # Its lines are within their limits.
        return
    turned = [key for key in made if any(line == key[1] for line, _ in data.retrofit)]
    model.standing = pyo.Constraint(pyo.Set(initialize=turned, dimen=3), rule=stands)
    model.announced = pyo.Constraint(pyo.Set(initialize=list(model.built), dimen=3), rule=most)


def _words(what: str) -> Callable[..., LimitText]:
    def words(_: Glossary, __: MixData, r: Region, k: Line, ___: Year) -> LimitText:
        kind = "lithium-ion" if k == "li_ion" else k.replace("_", " ")
        return LimitText(f"{kind} {what} in {r}", "GWh/yr", about=f"more {kind} {what} in {r}")

    return words


INDEX, WAY_OUT = "region, line, year", "lines = false"
FAMILY = Family(
    key="optimise.lines",
    constraints={
        "lines": Limit(INDEX, Kind.RULE, _words("lines"), rank=3, way_out=WAY_OUT, amounts="each"),
        # Both have the same right-hand side, so that the worth of one more line is that of `lines`.
        "standing": Limit(
            INDEX, Kind.RULE, _words("lines that can be turned over"), rank=4, way_out=WAY_OUT, worth=False
        ),
        "announced": Limit(INDEX, Kind.RULE, _words("new lines"), rank=5, way_out=WAY_OUT, amounts="each"),
    },
)
