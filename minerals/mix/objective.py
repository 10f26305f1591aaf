r"""What a mix is chosen by, each an objective of its own with its unit.

    cost            packs, imports, capital of lines built and turned over, what the      million USD
                    product of plants that follow costs more, priced excess, stocks
                    and plants, each year as it counts (discounted)
    expected        Σ_d w_d L_d over the weighted library                                 GWh
    worst           max_d L_d over what has a weight                                      GWh
    cvar            mean of the worst 1 − α of the library                                GWh
    concentration   GWh-weighted exposure of the chemistries by a named, constant measure GWh
    unbuilt         demand unmet, or met by what counts less than what counts most        GWh
    unbuilt_kt      the same of the mass of the cells                                     kt
    weighted        named weights of these                                                as weighted
    unmet_demand    Σ u: no mix leaves less unmet; of a plan that is given Σ h too        GWh
    priced          cost + worth × another of these                                       million USD
    average         mean of a risk over futures of supply, where there are several        GWh
    regret          most of what it is above the least possible in a future, over these   GWh

Unmet demand costs nothing in `cost`, which is why that objective stands with demand met, and everything in the losses,
which are counted against demand. Where a GWh of chemistry c counts ω_c and weighs μ_cy, `unbuilt` is Σ (max ω − ω_c) X
+ max ω Σ u, least where Σ ω_c X is largest, and unmet demand where all count alike; `unbuilt_kt` has ω_c μ_cy in place
of ω_c. The CVaR is τ + Σ_d w_d max(L_d − τ, 0) ÷ (1 − α) at its least over τ. The worst case over futures is no
objective: it is that of the one future which loses most in every mix, and says nothing of the others.

Source: Savage (1951), The theory of statistical decision, Journal of the American Statistical Association 46(253);
Rockafellar and Uryasev (2000), Optimization of conditional value-at-risk, Journal of Risk 2(3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .data import FOLLOW_ON, Chemistry, MixData, Year
from .family import Balance, Family, Glossary, Kind, Limit, LimitText
from .pyo import pyo

#: Objectives on which the disruptions press.
RISKS = ("expected", "worst", "cvar")
#: Name of the future that the plan is chosen in, among those beside it.
OWN = "own"


def add_objectives(
    model: pyo.ConcreteModel,
    data: MixData,
    level: float = 0.8,
    weights: Mapping[str, float] | None = None,
    worth: tuple[str, float] | None = None,
    other_futures: Mapping[str, MixData] | None = None,
    risk: str = "expected",
) -> None:
    """Add every objective the data allow, all inactive but the first. level: α of the CVaR; weights: of objectives in
    `weighted`; worth: an objective and what one unit of it is worth, in `priced`; others as of `build`."""
    _cost(model, data)
    if data.disruptions:
        _risks(model, data, level)
    if other_futures:
        for name, other in other_futures.items():
            _risks(model.future[name], other, level)
        _over_futures(model, risk)
    if data.measure:

        def exposed(m: pyo.ConcreteModel) -> object:
            missing = sum(m.unmet.values())  # What is not built is exposed to everything.
            return sum(data.measure.get((c, y), 1.0) * m.cells[r, c, y] for r, c, y in m.cells_of) + missing

        model.concentration = pyo.Objective(rule=exposed)
    if data.counts:
        model.unbuilt = pyo.Objective(expr=_missing(model, data, lambda c, _: data.counts[c]))
    if data.mass:
        model.unbuilt_kt = pyo.Objective(expr=_missing(model, data, lambda c, y: data.counts[c] * data.mass[c, y]))
    if weights:
        parts = [(weight, getattr(model, name)) for name, weight in weights.items()]
        model.weighted = pyo.Objective(expr=sum(weight * part.expr for weight, part in parts))
    if worth:
        name, price = worth
        model.priced = pyo.Objective(expr=model.cost.expr + price * getattr(model, name).expr)
    model.unmet_demand = pyo.Objective(expr=sum(model.unmet.values()) + sum(model.short.values()))
    for objective in list(model.component_data_objects(pyo.Objective))[1:]:
        objective.deactivate()


def _missing(model: pyo.ConcreteModel, data: MixData, each: Callable[[Chemistry, Year], float]) -> Any:
    """What is missing to have met all demand of a year by what counts most in it. each: what a GWh counts."""
    most: dict[Year, float] = {}
    for _, c, y in model.cells_of:
        most[y] = max(most.get(y, 0.0), each(c, y))
    less = sum((most[y] - each(c, y)) * model.cells[r, c, y] for r, c, y in model.cells_of)
    return less + sum(most.get(y, 0.0) * model.unmet[r, s, y] for r, s, y in model.wanted)


def _cost(model: pyo.ConcreteModel, data: MixData) -> None:
    excess_price = data.one_country.price if data.one_country and data.one_country.soft else 0.0

    def paid(price: float, amount: Any, y: Year) -> Any:
        """A price times an amount, as it counts in the sum of all years."""
        return price * data.discount.get(y, 1.0) * amount

    def turned(m: pyo.ConcreteModel) -> object:
        return sum(
            paid((1 - data.retrofit[k, to]) * data.line_price[r, to, y], m.retrofitted[r, k, to, y], y)
            for r, k, to, y in m.retrofitted if (r, to, y) in data.line_price
        )  # fmt: skip

    model.packs_cost = pyo.Expression(
        expr=sum(paid(data.price[key], model.cells[key], key[-1]) for key in model.cells_of if data.price)
    )
    model.imports_cost = pyo.Expression(
        expr=sum(
            paid(price, model.imports[key], key[-1]) for key, price in data.import_price.items() if key in model.imports
        )
    )
    model.built_cost = pyo.Expression(
        expr=sum(paid(data.line_price[key], model.built[key], key[-1]) for key in model.built if key in data.line_price)
    )
    model.retrofitted_cost = pyo.Expression(rule=turned)
    model.excess_cost = pyo.Expression(
        expr=sum(paid(excess_price, excess, key[-1]) for key, excess in model.excess.items() if excess_price)
    )
    model.follow_on_cost = pyo.Expression(
        expr=sum(
            paid(data.follow_on_price[n, y], bought, y)
            for (_, n, j, y), bought in model.sourced.items() if j == FOLLOW_ON and (n, y) in data.follow_on_price
        )
    )  # fmt: skip
    model.stock_cost = pyo.Expression(
        expr=sum(paid(data.stock_cost[key], stock, key[-1]) for key, stock in model.stock.items())
    )
    model.plants_cost = pyo.Expression(
        expr=sum(
            paid(data.plant_cost[r, n, j, y], plant, y)
            for (r, n, j, v), plant in model.plants.items() for y in data.years if y >= v + data.plant_lead[n, j]
        )
    )  # fmt: skip
    model.recycling_cost = pyo.Expression(
        expr=sum(paid(data.recycling_cost[key], gwh, key[-1]) for key, gwh in model.recycled.items())
    )
    parts = (
        model.packs_cost, model.imports_cost, model.built_cost, model.retrofitted_cost, model.follow_on_cost,
        model.excess_cost, model.stock_cost, model.plants_cost, model.recycling_cost,
    )  # fmt: skip
    model.cost = pyo.Objective(expr=sum(part.expr for part in parts))


def _risks(model: pyo.Block, data: MixData, level: float) -> None:
    whole = sum(data.weight[d] for d in data.disruptions)
    events = pyo.Set(initialize=list(data.weighted))
    model.most = pyo.Var()
    model.beyond = pyo.Var(events, within=pyo.NonNegativeReals)
    model.threshold = pyo.Var()
    model.at_most = pyo.Constraint(events, rule=lambda m, d: m.loss[d] - m.most <= 0)
    model.tail = pyo.Constraint(events, rule=lambda m, d: m.loss[d] - m.threshold - m.beyond[d] <= 0)
    model.expected = pyo.Objective(rule=lambda m: sum(data.weight[d] / whole * m.loss[d] for d in data.weighted))
    model.worst = pyo.Objective(rule=lambda m: m.most)
    model.cvar = pyo.Objective(
        rule=lambda m: m.threshold + sum(data.weight[d] / whole * m.beyond[d] for d in events) / (1 - level)
    )


def _over_futures(model: pyo.ConcreteModel, risk: str) -> None:
    """The right-hand sides of `regret_in` become the least that is possible in each future once that is known."""
    each = {OWN: model, **{name: model.future[name] for name in model.future}}
    values = {name: getattr(future, risk).expr for name, future in each.items()}
    model.average = pyo.Objective(expr=sum(values.values()) / len(values))
    model.most_regret = pyo.Var()
    model.regret_in = pyo.Constraint(list(values), rule=lambda m, name: values[name] - m.most_regret <= 0)
    model.regret = pyo.Objective(expr=model.most_regret)


def _cost_words(_: Glossary, __: MixData) -> LimitText:
    return LimitText("cap on the cost", "billion USD_2025", 1000.0)


def _risk_words(_: Glossary, __: MixData) -> LimitText:
    return LimitText("cap on the GWh at risk", "GWh")


FAMILY = Family(
    key="optimise.objective",
    constraints={
        "at_most": Balance("disruption"),
        "tail": Balance("disruption"),
        "regret_in": Balance("future"),
    },
    bounds={
        "cost": Limit(
            "", Kind.CAP, _cost_words, rank=0, key="optimise.cost_cap", way_out="a higher cost_cap", amounts="each"
        ),
        **{
            risk: Limit(
                "", Kind.CAP, _risk_words, rank=1 + at, key="optimise.exposure_cap", way_out="a higher exposure_cap",
                amounts="each",
            )
            for at, risk in enumerate(RISKS)
        },
    },
)  # fmt: skip
