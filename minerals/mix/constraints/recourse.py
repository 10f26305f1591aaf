r"""Under each disruption, what can still be built of the plan from what is then accessible, and what is lost of demand.

$$x'_{dqcy} \le \sum_{r \in q} X_{rcy} \qquad [\mathrm{GWh}]$$

$$U_{dqny} - \sum_m \rho_{mny} \sum_{r \in q} w_{rmy}
  \le \min(A_{qny},\; A_{dqny} + \mu \sum_c q_{qcny} \sum_{r \in q} X_{rcy}), \qquad
  U_{dqny} = \sum_c q_{qcny} x'_{dqcy} + (h_n - \sigma_n) (g_{dqy} - \phi_y G_{dqy}), \qquad
  G_{dqy} = \sum_c i_{qcy} x'_{dqcy}, \qquad
  \phi_{\mathrm{low}} G_{dqy} \le g_{dqy} \le \phi_{\mathrm{high}} G_{dqy} \qquad [\mathrm{kt\ or\ GWh}]$$

$$L_d = \sum_{y \ge d} \Bigl( \sum_{r,s} D_{rsy} - \sum_{q,c} x'_{dqcy} \Bigr) + \sum_{y < d} \sum_{r,s} u_{rsy}
  \qquad [\mathrm{GWh}]$$

for the regions $q$ that share a pool when countries close, with a stockpile of $\mu$ years of the plan's need. Of the
graphite $G$ in what is built $g$ is natural, planned as the share $\phi_y$, of which a node makes $h_n$, of the rest
$\sigma_n$. The loss is measured against demand, so what is not built in the first place counts as lost. To leave a
year's demand unmet could still pay where it escapes a share that later years would have to keep; so, before anything
else is asked, a mix leaves no more unmet than it must. Recourse is exact only where the objective presses on it:
figures come from a replay with the mix fixed.
"""

from __future__ import annotations

from typing import Any

from ..data import Chemistry, Disruption, MixData, Node, Place, Pool, Year
from ..family import Balance, Family, Glossary, Kind, Limit, LimitText
from ..pyo import pyo


def add(model: pyo.ConcreteModel, data: MixData) -> None:
    """Add what can be built of the plan under each disruption, and the expression `loss` of each."""
    sold = {(r, c, y) for r, c, y in model.cells_of}
    rebuilt = set(model.rebuilt_of)
    more_natural: dict[Node, float] = {}
    if data.routes:
        natural, synthetic = data.routes.natural, data.routes.synthetic
        each = {n: natural.get(n, 0.0) - synthetic.get(n, 0.0) for n in {**natural, **synthetic}}
        more_natural = {n: kg for n, kg in each.items() if kg}
    hit = [
        (d, q, n, y) for d, q, n, y in data.accessible
        if y >= data.starts[d]
        and (n in more_natural or any((d, q, c, y) in rebuilt for c in data.users.get((q, n, y), ())))
    ]  # fmt: skip

    def plan(m: pyo.ConcreteModel, q: Pool, c: Chemistry, y: Year) -> Any:
        return sum(m.cells[r, c, y] for r in data.pools[q] if (r, c, y) in sold)

    def within(m: pyo.ConcreteModel, d: Disruption, q: Pool, c: Chemistry, y: Year) -> object:
        return m.rebuilt[d, q, c, y] - plan(m, q, c, y) <= 0

    def taken(m: pyo.ConcreteModel, d: Disruption, q: Pool, n: Node, y: Year) -> Any:
        """Use of a node by what is rebuilt, less what is recovered."""
        cells = [c for c in data.users.get((q, n, y), ()) if (d, q, c, y) in rebuilt]
        used = sum(data.use[q, c, n, y] * m.rebuilt[d, q, c, y] for c in cells)
        if data.routes and n in more_natural:
            # At the planned share this adds nothing.
            used += more_natural[n] * (m.natural[d, q, y] - data.routes.planned[y] * graphite(m, d, q, y))
        saved = sum(
            data.relief[k, n, y] * m.secondary[r, k, y]
            for k in data.relieving.get((n, y), ()) for r in data.pools[q] if (r, k, y) in m.secondary
        )  # fmt: skip
        return used - saved

    def graphite(m: pyo.ConcreteModel, d: Disruption, q: Pool, y: Year) -> Any:
        assert data.routes is not None
        carrier = data.routes.carrier
        holding = [c for c in data.chemistries if (d, q, c, y) in rebuilt and carrier.get((q, c, y))]
        return sum(carrier[q, c, y] * m.rebuilt[d, q, c, y] for c in holding)

    def reach(m: pyo.ConcreteModel, d: Disruption, q: Pool, n: Node, y: Year) -> object:
        if (d, q, n, y) in stocked_at:
            stock = data.stockpile * sum(data.use[q, c, n, y] * plan(m, q, c, y) for c in data.users.get((q, n, y), ()))
            return taken(m, d, q, n, y) - stock <= data.accessible[d, q, n, y]
        return taken(m, d, q, n, y) <= data.accessible[d, q, n, y]

    def stocked(m: pyo.ConcreteModel, d: Disruption, q: Pool, n: Node, y: Year) -> object:
        return taken(m, d, q, n, y) <= data.undisturbed[q, n, y]

    def low(m: pyo.ConcreteModel, d: Disruption, q: Pool, y: Year) -> object:
        assert data.routes is not None
        return m.natural[d, q, y] - data.routes.low * graphite(m, d, q, y) >= 0

    def high(m: pyo.ConcreteModel, d: Disruption, q: Pool, y: Year) -> object:
        assert data.routes is not None
        return m.natural[d, q, y] - data.routes.high * graphite(m, d, q, y) <= 0

    def loss(m: pyo.ConcreteModel, d: Disruption) -> object:
        early = sum(m.unmet[key] for key in m.wanted if key[2] < data.starts[d])
        wanted = sum(gwh for key, gwh in data.demand.items() if key[2] >= data.starts[d])
        return wanted + early - sum(m.rebuilt[key] for key in m.rebuilt_of if key[0] == d)

    stocked_at = {
        (d, q, n, y) for d, q, n, y in hit
        if data.stockpile and data.accessible[d, q, n, y] < data.undisturbed[q, n, y]
    }  # fmt: skip
    model.within_plan = pyo.Constraint(model.rebuilt_of, rule=within)
    model.reach = pyo.Constraint(pyo.Set(initialize=hit, dimen=4), rule=reach)
    model.stocked = pyo.Constraint(pyo.Set(initialize=[key for key in hit if key in stocked_at], dimen=4), rule=stocked)
    routed = model.natural.index_set()
    model.route_low = pyo.Constraint(routed, rule=low)
    model.route_high = pyo.Constraint(routed, rule=high)
    model.loss = pyo.Expression(pyo.Set(initialize=list(data.disruptions)), rule=loss)


def _words(glossary: Glossary, _: MixData, d: Disruption, q: Place, n: Node, __: Year) -> LimitText:
    event, node, unit = glossary.disruption(d), glossary.node(n), glossary.unit(n)
    more = f"one more {unit} of {node} from elsewhere if {event[0].upper()}{event[1:]}"
    return LimitText(f"{node} that {q} can get if {event}", more, unit)


NODE, ROUTE = "disruption, pool, node, year", "disruption, pool, year"
NO_WAY_OUT = "to build nothing again always keeps it; only a cap on exposure presses on it"
FAMILY = Family(
    key="exposure.disruptions",
    constraints={
        "within_plan": Balance("disruption, pool, chemistry, year"),
        "reach": Limit(NODE, Kind.SUPPLY, _words, rank=0, key="exposure.future", no_way_out=NO_WAY_OUT, amounts="each"),
        "stocked": Limit(
            NODE, Kind.SUPPLY, _words, rank=1, key="exposure.stockpile_months", no_way_out=NO_WAY_OUT, amounts="each"
        ),
        "route_low": Balance(ROUTE),
        "route_high": Balance(ROUTE),
    },
)
