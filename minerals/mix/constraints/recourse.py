r"""Under each disruption, what can still be built at home of the plan from what is then accessible at each stage, what
cells can still be bought, and what is lost of demand.

$$x'_{dqcy} \le z_{dqcy} + \sum_{m \notin q} \beta_{dqmcy} \sum_{r \in q} i_{rmcy} + \sum_e o_{dqecy}, \qquad
  z_{dqcy} \le \sum_{k \in q} \beta_{dqkcy} \Bigl( p_{kcy} + \sum_{r \in q} i_{rkcy} \Bigr), \qquad
  o_{dqecy} \le \sum_{m \notin q} \gamma_{dqemcy} \sum_{r \in q} i_{rmcy} \qquad [\mathrm{GWh}]$$

$$\sum_c q_{qcny} (\delta_{cn} z_{dqcy} + \sum_a \iota_{cna} k_{dqcay} - k_{dqcny}) + (h_n - \sigma_n)
  (g_{dqy} - \phi_y G_{dqy}) + \sum_r \rho_{nr} v_{dqry} - v_{dqny} - \sum_m \rho_{mny} \sum_{r \in q} w_{rmy}
  \le A_{dqny} - O_{dqny} + \theta_{dqny} \sum_{r \in q} \pi_{rny} f_{rny} + \sum_{r \in q} (s_{rny} / T_d +
  \sum_{j,v} \theta_{dqnj} b_{rnjv}), \qquad
  \sum_c q_{qcay} k_{dqcay} \le O_{dqay}, \qquad k_{dqcay} \le z_{dqcy}, \qquad v_{dqry} \le O_{dqry}, \qquad
  \phi_{\mathrm{low}} G_{dqy} \le g_{dqy} \le \phi_{\mathrm{high}} G_{dqy} \qquad [\mathrm{kt\ or\ GWh}]$$

$$\sum_c \delta_{cn} q_{qcny} o_{dqecy} \le \lambda_{dqenly} \sum_c \delta_{cn} q_{qcny} \sum_{m \notin q}
  \gamma_{dqemcy} \sum_{r \in q} i_{rmcy} + \mu_{dqenly} \qquad [\mathrm{kt\ or\ GWh}]$$

$$L_d = T_d \sum_{y \ge d} \Bigl( \sum_{r,s} D_{rsy} - \sum_{q,c} x'_{dqcy} \Bigr) + T_d \sum_{y < d}
  \sum_{r,s} u_{rsy} \qquad [\mathrm{GWh}]$$

$$L^{\mathrm{home}}_d = T_d \sum_{y \ge d,\, q, c} \Bigl( \sum_{r \in q} p_{rcy} - x'_{dqcy} \Bigr) \qquad
  [\mathrm{GWh}]$$

for the regions $q$ that share a pool when countries close. A cell is lost as it is made: of the imports $i$ from a
maker $m$ that one still sells a part $\beta$, and of the production $p$ at home, which in a pool is what its regions
$k$ make for each other too, a part can be made. Where the run says where cells come from, or nobody knows who makes
them and several regions share a pool, both are shares of all cells $X$ instead. Of the cells $x'$ that there are
$z$ are made at home; in $k$ of them an active material $a$ is made at home too, which alone needs what is refined into
it; of what is refined $v$ is refined at home, which alone needs what is mined. Where a node of cells is not short $x'$
is all that its first limit allows, and where nothing is short that goes into $z$ that is: neither then has a variable.
Own plants $O$ are part of what is accessible, $A$, to which comes a stockpile of the plan's need, up to what there is
without the disruption, and the part $\theta$ that is left of what others build because of the mix, as far as that goes
to the home of the next stage, $\pi f$. So do plants, of which it leaves $\theta$ too, and stocks that are bought beside
the mix, $b$ and $s$, of which a
disruption of $T$ years uses stocks up once; it lasts a year unless a study says otherwise. Of what
nobody knows, of which a stop takes a share, the rest is a part of the plan's need too. Of the graphite $G$ in anodes,
$g$ is natural, planned as the share $\phi_y$, of which a node makes $h_n$, of the rest $\sigma_n$: for anodes that are
bought and for those made at home apart. Makers outside the run that the mix chooses share the inputs of their cells
with all the others that they make: those at home with a customer $e$ of the reference world could sell a part $\gamma$
of the imports if they lacked none, and sell $o$ of them. Of what the disruption leaves these makers of a node $n$ the
imports have what `maker_inputs` says, by lines $l$ over their need, of which the least counts ($\lambda$, $\mu$:
`exposure/makers.py`). So who buys more of them never has fewer, and of each a smaller part. The loss is measured
against demand, so what is not built in the first place counts as lost. To leave a year's demand unmet could still pay
where it escapes a share that later years would have to keep; so, before anything else is asked, a mix leaves no more
unmet than it must. The loss of industry is $L^{\mathrm{home}}$, of cells that are to be made at home, with $\beta = 0$
for all others. Where all are made outside, $\beta$ of a maker that closes is that of the makers abroad who do not, or
where there are none its cells are made at home. Recourse is exact only where the objective presses on it: figures come
from a replay with the mix fixed.
"""

from __future__ import annotations

from typing import Any

from ..data import FOLLOW_ON, Chemistry, Customer, Disruption, MixData, Node, Place, Pool, Supplier, Year
from ..family import Balance, Family, Glossary, Kind, Limit, LimitText
from ..pyo import pyo
from ..variables import makers_of
from . import measures


def add(model: pyo.ConcreteModel, data: MixData) -> None:
    """Add what can be had of the plan under each disruption, and the expression `loss` of each that has a weight: of
    others the model has no recourse, and knows no loss."""
    sold = {(r, c, y) for r, c, y in model.cells_of}
    home, active, refined = set(model.home_of), set(model.own_made_of), set(model.refined_of)
    of_home: dict[tuple[Any, ...], list[Chemistry]] = {}
    for d, q, c, y in home:
        of_home.setdefault((d, q, y), []).append(c)
    through: dict[tuple[Any, ...], list[tuple[Chemistry, Node]]] = {}
    for d, q, c, a, y in active:
        through.setdefault((d, q, y), []).append((c, a))
    had: dict[Disruption, list[tuple[Any, ...]]] = {d: [] for d in data.weighted}
    for key in model.planned_of:
        had[key[0]].append(key)
    order = {c: place for place, c in enumerate(data.chemistries)}
    for each in of_home.values():
        each.sort(key=order.__getitem__)
    for pairs in through.values():
        pairs.sort(key=lambda pair: (order[pair[0]], pair[1]))
    kept: dict[tuple[Any, ...], dict[Supplier, float]] = {}
    elsewhere: dict[tuple[Any, ...], list[Customer]] = {}
    for (d, q, j, b, c, y), share in data.keeps.items():
        kept.setdefault((d, q, b, c, y), {})[j] = share
    for d, q, b, c, y in kept:
        elsewhere.setdefault((d, q, c, y), []).append(b)
    lacking: dict[tuple[Any, ...], list[Chemistry]] = {}
    for d, q, b, c, y in model.abroad:
        lacking.setdefault((d, q, b, y), []).append(c)
    makers: dict[tuple[Pool, Chemistry, Year], tuple[dict[Supplier, Any], dict[Supplier, Any]]] = {}
    more_natural: dict[Node, float] = {}
    if data.routes:
        natural, synthetic = data.routes.natural, data.routes.synthetic
        each_route = {n: natural.get(n, 0.0) - synthetic.get(n, 0.0) for n in {**natural, **synthetic}}
        more_natural = {n: kg for n, kg in each_route.items() if kg}

    def plan(m: pyo.ConcreteModel, q: Pool, c: Chemistry, y: Year) -> Any:
        return sum(m.cells[r, c, y] for r in data.pools[q] if (r, c, y) in sold)

    def by_maker(q: Pool, c: Chemistry, y: Year) -> tuple[dict[Supplier, Any], dict[Supplier, Any]]:
        """Cells of a pool by maker: of those at home in it, and of those abroad."""
        key = q, c, y
        if key not in makers:
            inside, outside = dict[Supplier, Any](), dict[Supplier, Any]()
            for r in data.pools[q]:
                for j, cells in makers_of(model, data, r, c, y).items():
                    place = r if j == Supplier(r) else data.home.get(j)
                    part = inside if place in data.pools[q] else outside
                    part[j] = part.get(j, 0) + cells
            makers[key] = inside, outside
        return makers[key]

    def at_home(m: pyo.ConcreteModel, q: Pool, c: Chemistry, y: Year) -> Any:
        """Cells of which some are made at home: those that are, or where the mix does not say it, all."""
        if (q, c, y) not in data.by_origin:
            return plan(m, q, c, y)
        return sum(by_maker(q, c, y)[0].values())

    def makes(m: pyo.ConcreteModel, d: Disruption, q: Pool, c: Chemistry, y: Year) -> Any:
        """What of these the disruption lets be made, and of imports that are made at home instead."""
        if (q, c, y) not in data.by_origin:
            return data.made_at_home.get((d, q, c, y), 1.0) * plan(m, q, c, y)
        inside, outside = by_maker(q, c, y)
        own = sum(data.left.get((d, q, k, c, y), 1.0) * cells for k, cells in inside.items())
        moved = ((data.moved_home.get((d, q, j, c, y), 0.0), cells) for j, cells in outside.items())
        return own + sum(part * cells for part, cells in moved if part)

    def buys(m: pyo.ConcreteModel, d: Disruption, q: Pool, c: Chemistry, y: Year) -> Any:
        """What it lets be bought."""
        if (q, c, y) not in data.by_origin:
            return data.bought.get((d, q, c, y), 0.0) * plan(m, q, c, y)
        if data.loss == "industry":
            return 0.0
        left = ((data.left.get((d, q, j, c, y), 1.0), cells) for j, cells in by_maker(q, c, y)[1].items())
        bought = sum(part * cells for part, cells in left if part)
        for b in elsewhere.get((d, q, c, y), ()):
            bought += m.abroad[d, q, b, c, y] if (d, q, b, c, y) in m.abroad else to_sell(m, d, q, b, c, y)
        return bought

    def to_sell(m: pyo.ConcreteModel, d: Disruption, q: Pool, b: Customer, c: Chemistry, y: Year) -> Any:
        """Cells that makers at home with a customer could sell if they had all inputs."""
        cells = by_maker(q, c, y)[1]
        return sum(part * cells[j] for j, part in kept[d, q, b, c, y].items() if j in cells)

    def most(m: pyo.ConcreteModel, d: Disruption, q: Pool, c: Chemistry, y: Year) -> Any:
        """What can be made and bought, as far as there are enough cells."""
        made = m.at_home[d, q, c, y] if (d, q, c, y) in home else makes(m, d, q, c, y)
        return made + buys(m, d, q, c, y)

    def within(m: pyo.ConcreteModel, d: Disruption, q: Pool, c: Chemistry, y: Year) -> object:
        return m.rebuilt[d, q, c, y] - most(m, d, q, c, y) <= 0

    def made(m: pyo.ConcreteModel, d: Disruption, q: Pool, c: Chemistry, y: Year) -> object:
        return m.at_home[d, q, c, y] - makes(m, d, q, c, y) <= 0

    def sold_abroad(m: pyo.ConcreteModel, d: Disruption, q: Pool, b: Customer, c: Chemistry, y: Year) -> object:
        return m.abroad[d, q, b, c, y] - to_sell(m, d, q, b, c, y) <= 0

    def inputs(m: pyo.ConcreteModel, d: Disruption, q: Pool, b: Customer, n: Node, line: int, y: Year) -> object:
        slope, constant = data.inputs[d, q, b, n, y][line]
        used = straight_use(d, q, b, n, y)
        needed = sum(by * to_sell(m, d, q, b, c, y) for c, by in used.items()) if slope else 0.0
        return sum(by * m.abroad[d, q, b, c, y] for c, by in used.items()) - slope * needed <= constant

    def straight_use(d: Disruption, q: Pool, b: Customer, n: Node, y: Year) -> dict[Chemistry, float]:
        """What goes of a node as it is into cells that makers at home with a customer sell."""
        users = lacking.get((d, q, b, y), ())
        by = {c: data.use.get((q, c, n, y), 0.0) * data.direct.get((c, n), 1.0) for c in users}
        return {c: use for c, use in by.items() if use}

    def used(m: pyo.ConcreteModel, d: Disruption, q: Pool, n: Node, y: Year) -> Any:
        """Use of a node by what is made of it at home, less what is recovered."""
        if n in data.cells:
            return sum(
                data.use[q, c, n, y] * m.rebuilt[d, q, c, y]
                for c in data.users.get((q, n, y), ()) if (d, q, c, y) in model.rebuilt_of
            )  # fmt: skip
        total: Any = sum(
            data.use[q, c, n, y] * data.direct.get((c, n), 1.0) * m.at_home[d, q, c, y]
            for c in of_home.get((d, q, y), ()) if (q, c, n, y) in data.use and data.direct.get((c, n), 1.0)
        )  # fmt: skip
        total += sum(
            data.use[q, c, n, y] * data.into[c, n, a] * m.own_made[d, q, c, a, y]
            for c, a in through.get((d, q, y), ()) if (q, c, n, y) in data.use and (c, n, a) in data.into
        )  # fmt: skip
        total += sum(
            per * m.refined[d, q, r, y] for r, per in data.refines.get(n, {}).items() if (d, q, r, y) in refined
        )
        if data.routes and n in more_natural:
            # At the planned share this adds nothing.
            if (d, q, y) in m.natural and any(data.direct.get((c, n), 1.0) for c in data.chemistries):
                total += more_natural[n] * (m.natural[d, q, y] - data.routes.planned[y] * graphite(m, d, q, y))
            if (d, q, y) in m.natural_made and any((c, n, a) in data.into for c, a in through.get((d, q, y), ())):
                total += more_natural[n] * (m.natural_made[d, q, y] - data.routes.planned[y] * anodes(m, d, q, y))
        saved = sum(
            data.relief[k, n, y] * m.secondary[r, k, y]
            for k in data.relieving.get((n, y), ()) for r in data.pools[q] if (r, k, y) in m.secondary
        )  # fmt: skip
        return total - saved

    def graphite(m: pyo.ConcreteModel, d: Disruption, q: Pool, y: Year) -> Any:
        """Graphite in the cells made at home."""
        assert data.routes is not None
        carrier = data.routes.carrier
        return sum(
            carrier[q, c, y] * m.at_home[d, q, c, y] for c in of_home.get((d, q, y), ()) if carrier.get((q, c, y))
        )

    def anodes(m: pyo.ConcreteModel, d: Disruption, q: Pool, y: Year) -> Any:
        """Graphite of the anodes made at home."""
        assert data.routes is not None
        carrier = data.routes.carrier
        return sum(
            carrier[q, c, y] * m.own_made[d, q, c, a, y]
            for c, a in through.get((d, q, y), ()) if carrier.get((q, c, y)) and a in data.anodes
        )  # fmt: skip

    def free(m: pyo.ConcreteModel, d: Disruption, q: Pool, n: Node, y: Year) -> tuple[Any, float]:
        """Use less what is made at home from inputs, and own plants whose output that is."""
        total, own = used(m, d, q, n, y), 0.0
        mine = [(c, a) for c, a in through.get((d, q, y), ()) if a == n]
        if mine:
            total -= sum(data.use[q, c, n, y] * m.own_made[d, q, c, n, y] for c, _ in mine)
            own = data.own.get((d, q, n, y), 0.0)
        if (d, q, n, y) in refined:
            total -= m.refined[d, q, n, y]
            own = data.own.get((d, q, n, y), 0.0)
        return total, own

    def built(m: pyo.ConcreteModel, q: Pool, n: Node, y: Year) -> Any:
        """What others build for what is made of it at home."""
        places = ((r, n, FOLLOW_ON, y) for r in data.pools[q])
        return sum(data.follow_on_home.get((k[0], n, y), 1.0) * m.sourced[k] for k in places if k in m.sourced)

    def running(
        m: pyo.ConcreteModel, q: Pool, n: Node, y: Year, at: tuple[Disruption, Pool] | None = None
    ) -> Any:  # fmt: skip
        """What plants that are a measure make for it. at: of them what a disruption leaves."""
        return sum(measures.runs(m, data, r, n, y, at) for r in data.pools[q])

    def in_stock(m: pyo.ConcreteModel, d: Disruption, q: Pool, n: Node, y: Year) -> Any:
        """What of a stock there is in a year of a disruption that uses it up."""
        return sum(m.stock[r, n, y] for r in data.pools[q] if (r, n, y) in m.stock) / data.lasts.get(d, 1.0)

    def reach(m: pyo.ConcreteModel, d: Disruption, q: Pool, n: Node, y: Year) -> object:
        total, own = free(m, d, q, n, y)
        total -= running(m, q, n, y, (d, q))
        if (d, q, n, y) in stocked_at:
            total -= in_stock(m, d, q, n, y)
        total -= data.follow_on_left.get((d, q, n, y), 1.0) * built(m, q, n, y)
        share = data.unknown_left.get((d, q, n, y), 0.0) + (data.stockpile if (d, q, n, y) in stocked_at else 0.0)
        if share:
            total -= share * sum(
                data.stocked.get((q, c, n, y), data.use[q, c, n, y]) * at_home(m, q, c, y)
                for c in data.users.get((q, n, y), ())
            )  # fmt: skip
        return total <= data.accessible[d, q, n, y] - own

    def stocked(m: pyo.ConcreteModel, d: Disruption, q: Pool, n: Node, y: Year) -> object:
        total, own = free(m, d, q, n, y)
        return total - built(m, q, n, y) - running(m, q, n, y) <= data.undisturbed[q, n, y] - own

    def own_plants(m: pyo.ConcreteModel, d: Disruption, q: Pool, a: Node, y: Year) -> object:
        mine = [c for c, n in through[d, q, y] if n == a]
        return sum(data.use[q, c, a, y] * m.own_made[d, q, c, a, y] for c in mine) <= data.own[d, q, a, y]

    def part(m: pyo.ConcreteModel, d: Disruption, q: Pool, c: Chemistry, a: Node, y: Year) -> object:
        # Of one route of graphite cells may take more than is planned, and what is not taken helps none.
        if a in more_natural:
            return pyo.Constraint.Skip
        return m.own_made[d, q, c, a, y] - m.at_home[d, q, c, y] <= 0

    def own_refining(m: pyo.ConcreteModel, d: Disruption, q: Pool, r: Node, y: Year) -> object:
        return m.refined[d, q, r, y] <= data.own[d, q, r, y]

    def bounds(name: str, total: Any, end: str) -> Any:
        def rule(m: pyo.ConcreteModel, d: Disruption, q: Pool, y: Year) -> object:
            assert data.routes is not None
            left = getattr(m, name)[d, q, y] - getattr(data.routes, end) * total(m, d, q, y)
            return left >= 0 if end == "low" else left <= 0

        return rule

    def to_make(m: pyo.ConcreteModel, d: Disruption) -> Any:
        """Cells that are to be made at home once a disruption may come."""
        return sum(data.planned_home.get((q, c, y), 1.0) * at_home(m, q, c, y) for _, q, c, y in had[d])

    def loss(m: pyo.ConcreteModel, d: Disruption) -> object:
        can_be_had = sum(m.rebuilt[key] if key in m.rebuilt else most(m, *key) for key in had[d])
        lasts = data.lasts.get(d, 1.0)
        if data.loss == "industry":
            return lasts * (to_make(m, d) - can_be_had)
        early = sum(m.unmet[key] for key in m.wanted if key[2] < data.starts[d])
        early += sum(lacking for key, lacking in m.short.items() if key[2] < data.starts[d])
        wanted = sum(gwh for key, gwh in data.demand.items() if key[2] >= data.starts[d])
        return lasts * (wanted + early - can_be_had)

    def is_used(key: tuple[Any, ...]) -> bool:
        """Whether anything that is built takes from a node."""
        d, q, n, y = key
        if n in data.cells:
            return any((d, q, c, y) in model.rebuilt_of for c in data.users.get((q, n, y), ()))
        routed, made = n in more_natural, through.get((d, q, y), ())
        straight = routed and (d, q, y) in model.natural
        in_anodes = routed and (d, q, y) in model.natural_made
        return (
            any(
                straight or (q, c, n, y) in data.use for c in of_home.get((d, q, y), ()) if data.direct.get((c, n), 1.0)
            )
            or any(in_anodes or (q, c, n, y) in data.use for c, a in made if (c, n, a) in data.into)
            or any((d, q, r, y) in refined for r in data.refines.get(n, {}))
        )

    hit = [key for key in data.accessible if key[3] >= data.starts[key[0]] and is_used(key)]
    stocked_at = {
        (d, q, n, y) for d, q, n, y in hit
        if (data.stockpile or any((r, n, y) in model.stock for r in data.pools[q]))
        and n not in data.cells and data.accessible[d, q, n, y] < data.undisturbed[q, n, y]
    }  # fmt: skip
    plants = dict.fromkeys((d, q, a, y) for d, q, _, a, y in model.own_made_of)
    model.within_plan = pyo.Constraint(model.rebuilt_of, rule=within)
    model.home_plan = pyo.Constraint(model.home_of, rule=made)
    model.reach = pyo.Constraint(pyo.Set(initialize=hit, dimen=4), rule=reach)
    model.stocked = pyo.Constraint(pyo.Set(initialize=[key for key in hit if key in stocked_at], dimen=4), rule=stocked)
    model.own_active = pyo.Constraint(pyo.Set(initialize=list(plants), dimen=4), rule=own_plants)
    model.active_part = pyo.Constraint(model.own_made_of, rule=part)
    model.own_refined = pyo.Constraint(model.refined_of, rule=own_refining)
    model.route_low = pyo.Constraint(model.natural.index_set(), rule=bounds("natural", graphite, "low"))
    model.route_high = pyo.Constraint(model.natural.index_set(), rule=bounds("natural", graphite, "high"))
    made_of = model.natural_made.index_set()
    model.made_low = pyo.Constraint(made_of, rule=bounds("natural_made", anodes, "low"))
    model.made_high = pyo.Constraint(made_of, rule=bounds("natural_made", anodes, "high"))
    model.abroad_plan = pyo.Constraint(model.abroad.index_set(), rule=sold_abroad)
    short = [
        (*key[:-1], line, key[-1]) for key, limits in data.inputs.items() if straight_use(*key)
        for line in range(len(limits))
    ]  # fmt: skip
    model.inputs = pyo.Constraint(pyo.Set(initialize=short, dimen=6), rule=inputs)
    model.loss = pyo.Expression(pyo.Set(initialize=list(data.weighted)), rule=loss)


def _words(glossary: Glossary, _: MixData, d: Disruption, q: Place, n: Node, __: Year) -> LimitText:
    event, node, unit = glossary.disruption(d), glossary.node(n), glossary.unit(n)
    return LimitText(f"{node} that {q} can get if {event}", unit)


def _own_words(glossary: Glossary, _: MixData, d: Disruption, q: Place, n: Node, __: Year) -> LimitText:
    event, node, unit = glossary.disruption(d), glossary.node(n), glossary.unit(n)
    return LimitText(f"{node} that plants in {q} can make if {event}", unit)


#: Variables of the recourse.
VARIABLES = ("rebuilt", "at_home", "abroad", "own_made", "refined", "natural", "natural_made")
NODE, ROUTE = "disruption, pool, node, year", "disruption, pool, year"
NO_WAY_OUT = "to build nothing again always keeps it; only a cap on exposure presses on it"
FAMILY = Family(
    key="exposure.disruptions",
    constraints={
        "within_plan": Balance("disruption, pool, chemistry, year"),
        "reach": Limit(
            NODE,
            Kind.SUPPLY,
            _words,
            rank=0,
            key="exposure.future",
            no_way_out=NO_WAY_OUT,
            amounts="each",
            named=lambda data, *key: data.accessible[key],
        ),
        "stocked": Limit(
            NODE, Kind.SUPPLY, _words, rank=1, key="exposure.stockpile_months", no_way_out=NO_WAY_OUT, amounts="each"
        ),
        "own_active": Limit(
            NODE, Kind.SUPPLY, _own_words, key="exposure.future", no_way_out=NO_WAY_OUT, amounts="each"
        ),
        "own_refined": Limit(
            NODE, Kind.SUPPLY, _own_words, key="exposure.future", no_way_out=NO_WAY_OUT, amounts="each"
        ),
        "home_plan": Balance("disruption, pool, chemistry, year"),
        "active_part": Balance("disruption, pool, chemistry, node, year"),
        "route_low": Balance(ROUTE),
        "route_high": Balance(ROUTE),
        "made_low": Balance(ROUTE),
        "made_high": Balance(ROUTE),
        "abroad_plan": Balance("disruption, pool, customer, chemistry, year"),
        "inputs": Balance("disruption, pool, customer, node, line, year"),
    },
)
