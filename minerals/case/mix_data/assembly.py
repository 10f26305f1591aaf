"""From a run with [optimise] to the numbers its mix is chosen from: needs, supply, what comes back, lines, prices.

Everything is taken from the run's own parts, as the plain run has them: batteries and what they use from the exposure,
stock and recycling from the flows, prices from the learning curves. What the model decides begins in the first year
whose demand is not observed, at the earliest in the second of the scope; before that the mix is the incumbent's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import cast

import numpy as np

from ...config import Optimise
from ...exposure.makers import Order
from ...mix.data import (
    Chemistry,
    ChemistryYear,
    Disruption,
    Group,
    Key,
    Measure,
    MixData,
    Node,
    Place,
    Region,
    RegionSegmentGroupYear,
    Segment,
    Year,
)
from ...mix.solution import Plan
from ...tables.expansion import premium_lines
from ...tables.inputs import Inputs, UsedRows, joined
from ...tables.mix import MixInputs
from ...tables.supply import Event
from ..chokepoints import Chokepoints
from ..concentration import Concentration
from ..cost import PackPrices
from ..uses import Batteries
from ..weights import usual_weight, weights
from .frame import Frame
from .lines import Lines
from .new_supply import NewSupply
from .pricing import Pricing
from .recourse import Recourse
from .returns import Returns
from .sourcing import Sourcing

ByGroup = dict[tuple[Region, Group], float]


class Assembly(Frame):
    """The numbers of a mix, part by part. prices: of packs; other arguments as of `Frame`."""

    def __init__(
        self, chokepoints: Chokepoints, config: Optimise, tables: MixInputs, prices: PackPrices,
        pairs: Mapping[str, tuple[str, float]], incumbent: str, optimised: str, inputs: Inputs,
    ) -> None:  # fmt: skip
        super().__init__(chokepoints, config, tables, pairs, incumbent, optimised, inputs)
        self.prices = prices
        self.sourcing = Sourcing(self, prices.cheap)
        self.new_supply = NewSupply(self, self.sourcing)
        self.recourse = Recourse(self, self.sourcing)
        self.returns, self.lines = Returns(self), Lines(self)

    @property
    def pricing(self) -> Pricing:
        """What packs cost, at the prices at hand."""
        return Pricing(self, self.sourcing, self.lines, self.prices)

    def of(self, chokepoints: Chokepoints) -> Assembly:
        """The same of an exposure that differs in its disruptions alone."""
        return Assembly(
            chokepoints, self.config, self.tables, self.prices, self.pairs, self.incumbent, self.optimised, self.inputs
        )  # fmt: skip

    def at_prices(self, prices: PackPrices, data: MixData) -> tuple[Assembly, MixData]:
        """The same, and its data, at other prices of packs. Its parts are the same ones: no price enters them."""
        again = copy(self)
        again.prices = prices
        return again, replace(data, **again.pricing.data())

    def data(self) -> MixData:
        """All of it, for `mix.model.build`."""
        config, tables, suppliers = self.config, self.tables, self.sourcing.suppliers
        demand = self.demand
        pools, pools_of = self.pools
        events = self.chokepoints.inputs.events
        recycled = self.returns.recycled() if config.recycled_content else {}
        returned, life, recovered = self.returns.returned()
        return MixData(
            regions=self.regions,
            segments=self.segments,
            chemistries=self.chemistries,
            years=self.years,
            demand=demand,
            sold=tuple(self._sold(demand)),
            imported=frozenset(
                (Region(Place(r)), Chemistry(Group(c)), y)
                for (r, c), first in tables.made.items()
                for y in self.years
                if y < first
            ),
            family=cast(dict[Chemistry, Group], tables.family),
            line={c: self.lines.kind(c) for c in self.chemistries},
            incumbent=self._incumbent(),
            nodes=self.nodes,
            minerals=self.returns.minerals,
            disruptions=tuple(
                Disruption(event.disruption) for event in events if pools_of.get(Disruption(event.disruption))
            ),
            pools=pools,
            before=self._before(),
            growth=cast(ByGroup, tables.growth),
            decline=cast(ByGroup, tables.decline),
            seed=cast(ByGroup, tables.seed),
            max_share=self._share_limits(tables.max_share),
            min_share=self._share_limits(tables.min_share),
            performance=cast(dict[tuple[Measure, Chemistry, Year], float], tables.performance),
            floor=cast(dict[tuple[Measure, Segment], float], tables.floor),
            **self.lines.data(),
            use=self.use,
            supplied=suppliers.deliver,
            home=suppliers.home,
            usual=self.sourcing.usual(),
            observed=self.sourcing.observed(),
            together=config.makers == "observed",
            cells=tuple(Node(node.node) for node in self.chokepoints.inputs.nodes if node.stage == "cell"),
            third=self.sourcing.third,
            one_country=self.sourcing.one_country(),
            strategic=tuple(Node(node.node) for node in self.chokepoints.inputs.nodes if node.strategic),
            excluded=self.sourcing.excluded,
            **self.new_supply.data(),
            life=life,
            content=self.returns.content(),
            returned=returned,
            recovered=recovered,
            relief=self.returns.relief(),
            gain={(r, y): float(self.gain[i, self.at[y]]) for i, r in enumerate(self.regions) for y in self.years},
            recycled=recycled,
            **self.pricing.data(),
            discount=self.discount,
            loss=config.loss,
            starts={Disruption(event.disruption): Year(max(event.start, self.years[0])) for event in events},
            pools_of=pools_of,
            **self.recourse.data(),
            routes=self.routes,
            weight=self._weights(events),
            counts=cast(dict[Chemistry, float], tables.counts),
            mass=self.mass() if config.objective == "built_kt" else {},
            measure=self._measure() if "concentration" in (config.objective, *config.weights) else {},
        )

    def _sold(self, demand: Mapping[Key, float]) -> Iterable[Key]:
        """What a segment can take, of what any plant makes by then; a blend is there as soon as its family is."""
        tables = self.tables
        for r, s, y in demand:
            for c in tables.chemistries:
                fits = (s, c) not in tables.barred and (s, c, y) not in tables.short
                if fits and tables.first.get(c, 0) <= y:
                    yield (r, s, c, y)

    def _incumbent(self) -> dict[Key, float]:
        cells = self.chokepoints.scenarios[self.incumbent].cells
        return {
            (r, s, c, y): float(cells[i, j, place, self.at[y]])
            for i, r in enumerate(self.regions) for j, s in enumerate(self.segments)
            for c, place in self.place.items() for y in self.years
        }  # fmt: skip

    def _before(self) -> dict[Key, float]:
        """Share of each family and chemistry in the last year that is not decided."""
        last = self.at[self.years[0]] - 1
        cells = self.chokepoints.scenarios[self.incumbent].cells[..., last].sum(axis=1)
        codes = {pair: code for code, pair in self.pairs.items()}
        names = [codes[pair] for pair in self.resolved.chemistries.labels]
        out: dict[Key, float] = {}
        for i, r in enumerate(self.regions):
            total = cells[i].sum()
            for c, name in enumerate(names):
                for group in (name, self.tables.family[name]):
                    out[r, group] = out.get((r, group), 0.0) + float(cells[i, c] / total if total else 0.0)
        return out

    def _share_limits(self, by_year: Mapping[tuple[str, str, int], float]) -> dict[RegionSegmentGroupYear, float]:
        """Limits of shares, the same in every region."""
        return {
            (r, Segment(s), Group(f), Year(y)): share
            for r in self.regions for (s, f, y), share in by_year.items() if y in self.years
        }  # fmt: skip

    def _weights(self, events: Sequence[Event]) -> dict[Disruption, float]:
        """Weights of disruptions, one on average: of the named set; or that of the run file, else 1, but 0 for one that
        closes every node."""
        inputs, config = self.chokepoints.inputs, self.config
        if config.event_weights == "alike":
            return {
                Disruption(event.disruption): config.likelihood.get(event.disruption, usual_weight(event, inputs))
                for event in events
            }
        found = weights(inputs, config.event_weights, events)
        return {Disruption(name): weight * len(events) for name, weight in found.items()}

    def planned(self, data: MixData, plan: Plan, order: Order | None = None) -> Chokepoints:
        """The exposure of a plan alone, as the scenario `optimised`, without a run of its own. What it recovers is what
        `data` says that cells give back. order: in which makers outside the run serve it where they share their inputs,
        by default as the mix was chosen."""
        axes, known = self.resolved, self.resolved.minerals.labels
        cells = np.zeros_like(self.chokepoints.scenarios[self.optimised].cells)
        codes = self.chokepoints.inputs.countries
        origin = np.full((len(self.regions), cells.shape[2], cells.shape[3], len(codes)), np.nan)
        recovered = np.zeros_like(self.chokepoints.scenarios[self.optimised].recovered)
        held: dict[Key, float] = {}
        for (r, s, c, y), gwh in plan.additions.items():
            at = axes.regions.labels.index(r), axes.segments.labels.index(s), self.place[c], self.at[y]
            cells[at] = gwh
            for m in self.returns.minerals:
                key = r, data.life.get((r, s, c)), m, y
                held[key] = held.get(key, 0.0) + data.content.get((c, m, y), 0.0) * gwh
        for (r, m, y), kt in data.recovered.items():
            recovered[axes.regions.labels.index(r), known.index(m), self.at[y]] += kt
        for (r, life, m, k, y), part in data.returned.items():
            kt = part * held.get((r, life, m, k), 0.0)
            recovered[axes.regions.labels.index(r), known.index(m), self.at[y]] += kt
        for (r, c, y), shares in self.sourcing.origins(plan.production, plan.imports).items():
            origin[self.regions.index(r), self.place[c], self.at[y]] = shares
        batteries = Batteries(cells, self.chokepoints.scenarios[self.optimised].gain, recovered)
        return self.chokepoints.with_plan(
            self.optimised, batteries, origin, self.new_supply.built(data, plan.sourced), order or self.order
        )  # fmt: skip

    def rows_used(self, data: MixData) -> UsedRows:
        """Rows of the inputs that a mix rests on."""
        priced = {node for node, _ in data.follow_on_price}
        prices = self.inputs.rows_by("material_price", "node")
        dear = self.inputs.used({
            "material_price": [row.line for node in priced for row in prices[(node,)]],
            "expansion_cost": [line for node in priced for line in premium_lines(self.inputs, node)],
        })  # fmt: skip
        return joined(self.tables.used, dear)

    def mass(self) -> dict[ChemistryYear, float]:
        """Mass of cells by their specific energy, (chemistry, year) [kt/GWh]: 10⁹ Wh ÷ (Wh/kg) ÷ 10⁶ kg/kt."""
        energy = self.tables.performance
        return {(c, y): 1000.0 / energy["specific_energy", c, y] for c in self.chemistries for y in self.years}

    def _measure(self) -> dict[Key, float]:
        """The named measure of exposure by chemistry: 0 for one that uses no such node, 1 where nothing is known."""
        # A chemistry that uses no such node is not exposed; one whose nodes are unknown may be.
        links = Concentration(self.chokepoints).links
        out: dict[Key, float] = {}
        for y in self.years:
            at = links[self.at[y]]
            found, uses = at.weakest[self.config.measure, self.config.among], at.uses[self.config.among]
            for c, place in self.place.items():
                out[c, y] = float(found.value[place]) if found.node[place] >= 0 else float(uses[place])
        return out
