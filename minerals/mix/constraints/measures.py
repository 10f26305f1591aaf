r"""Beside the mix itself stocks, plants and recycling make a run less exposed: stocks that a stop is met with, plants
outside the country that makes most of a node, after their lead time, and more that is recovered of batteries.

$$s_{rny} \le \tau_{rny} \sum_c q_{rcny} p_{rcy} \qquad [\mathrm{kt\ or\ GWh}]$$

$$\sum_r \Bigl( \sum_{j,\, v + l_{nj} \le y} b_{rnjv} + o_{ny} f_{rny} \Bigr) \le B_{ny}, \qquad
  \sum_r \sum_{v + l_{nj} \le y} b_{rnjv} \le B_{njy} \qquad [\mathrm{kt\ or\ GWh}]$$

$$\sum_{a\ \mathrm{of}\ t} e_{ray} - \sum_{a\ \mathrm{into}\ t} e_{ray} \le E_{rty} \qquad [\mathrm{GWh}]$$

with the stock $s$ of the need of cells made at home that it is measured by, up to so many months of it and to what it
keeps, and the plants $b$ in the places $j$ that are decided in the year $v$, up to how far their growth carries supply
outside that country. Of what others build because of the mix, $f$, the part $o$ that stands there takes of the same
growth; $B$ is no less than that part of the most that they may build. Where that growth goes is chosen, up to that of a
place where it is known. A stop takes what stands in the country that closes, and plants serve what is made at home.
What they themselves are made of is not followed. A stock is used up once in a stop, however long that lasts; it
replaces what the stop takes, and no more: `recourse`. Both cost: a stock a share of its value a year, net of what it is
sold for, and plants their capital as an annuity and what their product costs more, in each year in which they run. Of
the batteries $E$ of a stream $t$, some $e$ go a way $a$ to recover more; those that are collected more may go a better
route too. What they give is in `secondary`, and costs by the battery: its minerals come together.
"""

from __future__ import annotations

from typing import Any

from ..data import (
    FOLLOW_ON,
    Chemistry,
    Disruption,
    MixData,
    Node,
    NodeWhereYear,
    Pool,
    Region,
    RegionStreamYear,
    Stream,
    Where,
    Year,
)
from ..family import Family, Glossary, Kind, Limit, LimitText
from ..pyo import pyo


def add(model: pyo.ConcreteModel, data: MixData) -> None:
    """Add how much may be stocked, and built."""
    running: dict[tuple[Node, Year], list[Any]] = {}
    places: dict[NodeWhereYear, list[Any]] = {}
    for r, n, j, v in model.plants:
        for y in data.years:
            if y >= v + data.plant_lead[n, j]:
                running.setdefault((n, y), []).append((r, n, j, v))
                if (n, j, y) in data.plant_most_in:
                    places.setdefault((n, j, y), []).append((r, n, j, v))

    def made(m: pyo.ConcreteModel, r: Region, c: Chemistry, y: Year) -> Any:
        """Cells of which some are made at home: those that are, or where the mix does not say it, all."""
        key = r, c, y
        if (Pool(r), c, y) not in data.by_origin:
            return m.cells[key]
        return m.production[key] if key in m.production else 0.0  # noqa: SIM401, which Pyomo's variables do not have

    def most(m: pyo.ConcreteModel, r: Region, n: Node, y: Year) -> object:
        need = sum(
            data.stocked.get((r, c, n, y), data.use[r, c, n, y]) * made(m, r, c, y)
            for c in data.users.get((r, n, y), ()) if (r, c, y) in m.cells
        )  # fmt: skip
        return m.stock[r, n, y] - data.stock_most[r, n, y] * need <= 0

    def built(m: pyo.ConcreteModel, n: Node, y: Year) -> object:
        total, part = sum(m.plants[key] for key in running[n, y]), data.plant_growth.get((n, y), 0.0)
        if part:
            follow = ((r, n, FOLLOW_ON, y) for r in data.regions)
            total += part * sum(m.sourced[key] for key in follow if key in m.sourced)
        return total <= data.plant_most.get((n, y), 0.0)

    def built_in(m: pyo.ConcreteModel, n: Node, j: Where, y: Year) -> object:
        return sum(m.plants[key] for key in places[n, j, y]) <= data.plant_most_in[n, j, y]

    ways: dict[RegionStreamYear, list[tuple[int, Any]]] = {}
    for r, way, y in model.recycled:
        for sign, streams in ((1, data.recycling_from), (-1, data.recycling_into)):
            if way in streams:
                ways.setdefault((r, streams[way], y), []).append((sign, (r, way, y)))

    def treated(m: pyo.ConcreteModel, r: Region, stream: Stream, y: Year) -> object:
        total = sum(sign * m.recycled[key] for sign, key in ways[r, stream, y])
        return total <= data.recycling_most.get((r, stream, y), 0.0)

    taken = [key for key, each in ways.items() if any(sign > 0 for sign, _ in each)]
    model.stock_part = pyo.Constraint(model.stock.index_set(), rule=most)
    model.plants_built = pyo.Constraint(pyo.Set(initialize=list(running), dimen=2), rule=built)
    model.plants_built_in = pyo.Constraint(pyo.Set(initialize=list(places), dimen=3), rule=built_in)
    model.recycled_part = pyo.Constraint(pyo.Set(initialize=taken, dimen=3), rule=treated)


def runs(
    model: pyo.ConcreteModel, data: MixData, r: Region, n: Node, y: Year, at: tuple[Disruption, Pool] | None = None
) -> Any:
    """What plants that are decided by then make in a year. at: of them what a disruption leaves for a pool."""
    total: Any = 0
    for j in data.plants_of.get((r, n), ()):
        left = data.plant_left.get((*at, n, j), 1.0) if at else 1.0
        run = (model.plants[r, n, j, v] for v in data.years
               if (r, n, j, v) in model.plants and y >= v + data.plant_lead[n, j])  # fmt: skip
        total += sum(plant if left == 1 else left * plant for plant in run)
    return total


def _stock_words(glossary: Glossary, _: MixData, r: Region, n: Node, __: Year) -> LimitText:
    return LimitText(f"stock of {glossary.node(n)} in {r}", glossary.unit(n))


def _plant_words(glossary: Glossary, _: MixData, n: Node, __: Year) -> LimitText:
    return LimitText(f"plants of {glossary.node(n)} outside the country that makes most", glossary.unit(n))


def _place_words(glossary: Glossary, _: MixData, n: Node, j: Where, __: Year) -> LimitText:
    return LimitText(f"plants of {glossary.node(n)} in {j}", glossary.unit(n))


def _recycled_words(_: Glossary, __: MixData, r: Region, stream: Stream, ___: Year) -> LimitText:
    return LimitText(f"batteries of {r} to recover more of ({stream})", "GWh")


WAY_OUT = "to buy none always keeps it"
FAMILY = Family(
    key="study",
    constraints={
        "stock_part": Limit("region, node, year", Kind.SUPPLY, _stock_words, no_way_out=WAY_OUT, worth=False),
        "plants_built_in": Limit("node, where, year", Kind.SUPPLY, _place_words, no_way_out=WAY_OUT, worth=False),
        "plants_built": Limit("node, year", Kind.SUPPLY, _plant_words, no_way_out=WAY_OUT, worth=False),
        "recycled_part": Limit("region, stream, year", Kind.SUPPLY, _recycled_words, no_way_out=WAY_OUT, worth=False),
    },
)
