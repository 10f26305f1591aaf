"""Tables of a chosen mix: shares and how far they are pinned, lines, trade, sourcing, losses, cost, limits."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ...case.chokepoints import Chokepoints
from ...case.consistent import Settled
from ...case.criteria import cost_cap_of, criterion
from ...case.mix_data.sourcing import MAXIMUM_SINGLE
from ...case.mix_lost import lost, lost_by_mix, lost_by_order, of_library, replayed
from ...case.optimise import Mix, glossary_of, stops_of_cells
from ...case.played import Library
from ...config import OPTIMISED, Optimise
from ...errors import listed
from ...flows.scrap import lines_from_growth
from ...mix.data import (
    FOLLOW_ON,
    Chemistry,
    Disruption,
    Group,
    Key,
    LossKind,
    Node,
    RegionGroupYear,
    RegionLineYear,
    RegionNodeYear,
    RegionSegmentChemistryYear,
    Supplier,
    Year,
)
from ...mix.families import words
from ...mix.family import Glossary
from ...mix.gains import Gain
from ...mix.solution import PINNED, UNIT, Share, Stage, risk_of
from ...tables.codes import WEIGHTED
from ...tables.inputs import Inputs
from ...tables.supply import Event
from ...units import MONEY

Tables = dict[str, pd.DataFrame]


def mix_tables(mix: Mix, library: Library, inputs: Inputs) -> Tables:
    """All tables of a mix. library: disruptions of the run with it, in which losses are replayed. Raises
    NumericalTrouble where the replay is not what the model says."""
    chokepoints = library.chokepoints
    glossary = glossary_of(chokepoints, inputs)
    return {
        "mix_share": _frame(
            [(*key, share, "1") for key, share in mix.shares.items()],
            ["region", "segment", "chemistry", "year", "value", "unit"],
        ),
        "mix_family": _ranges(mix, families=True),
        "mix_range": _ranges(mix, families=False),
        "mix_near": _frame(list(_near(mix)), NEAR),
        "mix_example": _frame(list(_examples(mix)), ["mix", "region", "family", "year", "value", "unit"]),
        "mix_baseline": _frame(list(_baselines(mix, library)), BASELINE),
        "mix_frontier": _frame(list(_frontier(mix)), FRONTIER),
        "mix_along": _frame(list(_along(mix)), ALONG),
        "mix_loss": _losses(mix, library, replayed(mix, library)),
        "mix_cost": _costs(mix),
        "mix_limit": _frame(list(_limits(mix, glossary)), LIMIT),
        "mix_stage": _frame([_stage(each) for each in mix.solution.stages], STAGE),
        "mix_trade": _trade(mix),
        "mix_line": _lines(mix),
        "mix_sourcing": _frame(list(_sourcing(mix)), SOURCING),
        "mix_rule": _frame(list(_rule(mix)), RULE),
        "mix_secondary": _frame(
            [(*key, value, "kt") for key, value in mix.solution.secondary.items()],
            ["region", "mineral", "year", "value", "unit"],
        ),
        "drop_in": mix.assembly.tables.drop_in,
        "lines": _scrap_lines(mix, chokepoints),
    }


def _frame(rows: list[tuple[Any, ...]], columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=columns)


STAGE = ["stage", "value", "unit", "algorithm", "iterations"]


def _stage(stage: Stage) -> tuple[Any, ...]:
    return (stage.stage, stage.value, stage.unit, stage.algorithm, stage.iterations)


def _ranges(mix: Mix, families: bool) -> pd.DataFrame:
    """Share of each chemistry, or family, in a region's batteries in each year, how far it moves among mixes nearly as
    good, as far as that was sought, and the incumbent's."""
    names = ["family"] if families else ["family", "chemistry"]
    data, mine, theirs = mix.data, _shares(mix, mix.solution.additions), _shares(mix, mix.data.incumbent)
    rows = []
    for r, group, y in ((r, group, y) for r in data.regions for group in _groups(mix, families) for y in data.years):
        value, before = mine.get((r, group, y), 0.0), theirs.get((r, group, y), 0.0)
        low, high = _moves(mix, (r, group, (y,)))
        if max(value, 0.0 if math.isnan(high) else high, before) > PINNED / 100:
            pinned = "" if math.isnan(low) else "yes" if high - low <= PINNED else "no"
            rows.append((r, *_names(mix, group, families), y, value, low, high, pinned, before, "1"))
    return _frame(rows, ["region", *names, "year", "value", "low", "high", "pinned", "incumbent", "unit"])


def _groups(mix: Mix, families: bool) -> Iterable[Group]:
    """Families, or chemistries."""
    return dict.fromkeys(mix.data.family[c] if families else c for c in mix.data.chemistries)


def _names(mix: Mix, group: Group, families: bool) -> tuple[str, ...]:
    """Family, or family and chemistry."""
    return (group,) if families else (mix.data.family[Chemistry(group)], group)


def _moves(mix: Mix, share: Share) -> tuple[float, float]:
    """Least and largest share among mixes nearly as good; no numbers where they were not sought."""
    near = mix.solution.near
    return (math.nan, math.nan) if near is None else near.ranges.get(share, (math.nan, math.nan))


def _shares(mix: Mix, additions: Mapping[RegionSegmentChemistryYear, float]) -> dict[RegionGroupYear, float]:
    """Share of each family and chemistry in a region's batteries, (region, family or chemistry, year)."""
    data, out = mix.data, dict[RegionGroupYear, float]()
    for (r, _, c, y), gwh in additions.items():
        if data.wanted.get((r, y)):  # Without batteries there is no share of them.
            for group in {c, data.family[c]}:
                out[r, group, y] = out.get((r, group, y), 0.0) + gwh / data.wanted[r, y]
    return out


def share_of_batteries(mix: Mix) -> dict[tuple[str, int], float]:
    """Share of each family in the batteries of all regions, (family, year)."""
    out: dict[tuple[str, int], float] = {}
    for (_, family, y), gwh in _gwh(mix, mix.solution.additions).items():
        wanted = sum(mix.data.wanted.get((r, y), 0.0) for r in mix.data.regions)
        out[family, y] = out.get((family, y), 0.0) + gwh / wanted
    return out


NEAR = ["region", "family", "first", "last", "value", "low", "high", "incumbent", "unit"]


def _near(mix: Mix) -> Iterable[tuple[Any, ...]]:
    """How far the share of each family moves among mixes nearly as good, in a year or over several."""
    data, near = mix.data, mix.solution.near
    families = set(data.family.values())
    gwh = {name: _gwh(mix, additions) for name, additions in
           (("chosen", mix.solution.additions), ("incumbent", data.incumbent))}  # fmt: skip
    for (r, group, years), (low, high) in (near.ranges if near else {}).items():
        if group in families:
            wanted = sum(data.wanted.get((r, y), 0.0) for y in years)
            value, before = (sum(of.get((r, group, y), 0.0) for y in years) / wanted for of in gwh.values())
            yield (r, group, years[0], years[-1], value, low, high, before, "1")


def _gwh(mix: Mix, additions: Mapping[RegionSegmentChemistryYear, float]) -> dict[RegionGroupYear, float]:
    """Batteries by region, family and year [GWh]."""
    out: dict[RegionGroupYear, float] = {}
    for (r, _, c, y), gwh in additions.items():
        key = r, mix.data.family[c], y
        out[key] = out.get(key, 0.0) + gwh
    return out


def _examples(mix: Mix) -> Iterable[tuple[Any, ...]]:
    """Family shares of some of the mixes that are nearly as good and differ most."""
    near = mix.solution.near
    for place, additions in enumerate(near.examples if near else (), 1):
        for (r, family, y), gwh in _gwh(mix, additions).items():
            yield (place, r, family, y, gwh / mix.data.wanted[r, y], "1")


BASELINE = [
    "mix", "label", "exposure", "exposure_unit", "supply_lost", "industry_lost", "industry_share", "all_outside",
    "lost_unit", "unmet",
    "cost", "cost_share", "breaks", "unit",
]  # fmt: skip
#: Part of the demand that a mix leaves unmet by rounding, and may leave so beyond others and have a cost that compares.
ROUNDED, LEFT = 1e-6, 0.01
#: Losses of a mix, in the order of their columns.
LOSSES: tuple[LossKind, ...] = ("supply", "industry", "all_outside")
#: Each as it is called in a sentence.
LOST: Mapping[LossKind, str] = {
    "supply": "loss", "industry": "loss of cells made at home", "all_outside": "loss if others made all cells",
}  # fmt: skip
#: What the mixes beside the chosen one are called.
LABELS = {"cheapest": "Cheapest", "least_exposed": "Least exposed"}


def _baselines(mix: Mix, library: Library) -> Iterable[tuple[Any, ...]]:
    """Exposure and cost of the incumbent's mix, the cheapest, the chosen and the least exposed one, under the same
    rules, with the limits that one breaks; supply_lost, industry_lost, all_outside: as played back, by the same risk;
    industry_share: of the cells made at home; unmet: demand that it leaves unmet, what it sells and no mix may sell
    among it; cost_share: above the cheapest, missing where it leaves far more unmet than the others, whose cost has
    those cells."""
    lost, found = lost_by_mix(mix, library), mix.solution.baselines
    labels = {**LABELS, "incumbent": incumbent_label(mix), "chosen": mix.config.label}
    unit, least, wanted = UNIT[criterion(mix.config)], _least_cost(mix), sum(mix.data.demand.values())
    most = sum(mix.solution.unmet.values())
    for name in (name for name in ("incumbent", "cheapest", "chosen", "least_exposed") if name in found):
        each = found[name]
        missing = wanted - sum(each.additions.values())
        unmet = missing if missing > ROUNDED * wanted else 0.0
        comparable = unmet <= most + LEFT * wanted
        more = each.cost / least - 1 if comparable and least else math.nan if least else 0.0
        breaks = listed([family.replace("_", " ") for family in each.breaks]) if each.breaks else ""
        supply, industry, outside = (lost[name].lost[kind] for kind in LOSSES)
        share = industry / lost[name].at_home if lost[name].at_home else 0.0
        yield (
            name, labels[name], each.exposure, unit, supply, industry, share, outside, "GWh", unmet, each.cost, more,
            breaks, MONEY,
        )  # fmt: skip


def incumbent_label(mix: Mix) -> str:
    """Name of the incumbent scenario."""
    return mix.run.settings.scenario[mix.config.scenario].label or mix.config.scenario


FRONTIER = [
    "exposure", "exposure_unit", "cost", "cost_share", "marginal", "marginal_low", "marginal_high", "unit",
]  # fmt: skip


def _frontier(mix: Mix) -> Iterable[tuple[Any, ...]]:
    """Least cost at each exposure, from the cheapest to the least exposed mix, and what one unit less of exposure
    costs between a point and the next one: along the chord, at least and at most."""
    frontier = mix.solution.frontier
    if frontier is not None:
        unit, cheapest = UNIT[criterion(mix.config)], _least_cost(mix)
        between = np.where(np.isfinite(frontier.marginal_between), frontier.marginal_between, math.nan)
        along = frontier.marginal.copy()
        if frontier.gap > 0:
            # The last chord is so short that what it rises hangs on how exactly its end is kept.
            along[-1] = math.nan
        slopes = [*zip(along, *between.T, strict=True), (math.nan,) * 3]
        for vertex, slope in zip(frontier.vertices, slopes, strict=True):
            yield (vertex.exposure, unit, vertex.cost, _dearer(vertex.cost, cheapest), *map(float, slope), MONEY)


ALONG = ["exposure", "exposure_unit", "cost_share", "family", "value", "unit"]


def _along(mix: Mix) -> Iterable[tuple[Any, ...]]:
    """Share of each family in all batteries of the years decided, of the mixes that stand for those nearly as good as
    points of the frontier, from the cheapest on; none where no batteries are wanted."""
    unit, cheapest = UNIT[criterion(mix.config)], _least_cost(mix)
    wanted = sum(mix.data.wanted.values())
    for point in mix.solution.along if wanted else ():
        gwh: dict[str, float] = {}
        for (_, family, _), amount in _gwh(mix, point.additions).items():
            gwh[family] = gwh.get(family, 0.0) + amount
        for family in dict.fromkeys(mix.data.family.values()):
            share = gwh.get(family, 0.0) / wanted
            yield (point.exposure, unit, _dearer(point.cost, cheapest), family, share, "1")


def _dearer(cost: float, cheapest: float) -> float:
    """Part by which a mix costs more than the cheapest; 0 where none costs anything."""
    return cost / cheapest - 1 if cheapest else 0.0


def _least_cost(mix: Mix) -> float:
    """Cost of the cheapest mix [million USD_2025]: the least itself, of which the mix told as cheapest misses a part
    that a solver takes for none."""
    return mix.solution.stage("cheapest").value


def _losses(mix: Mix, library: Library, losses: Mapping[Disruption, float]) -> pd.DataFrame:
    """Loss of each disruption over the years decided, replayed with the mix fixed, beside the incumbent's, of the kind
    that counts; of how much: batteries that are wanted, or cells that are to be made at home; what binds where it is
    largest."""
    chokepoints, before = library.chokepoints, _incumbent_losses(mix, library)
    binds: dict[Disruption, tuple[float, str]] = {}
    at_home: dict[Disruption, float] = {}
    for each in library.of(OPTIMISED):
        name, loss = Disruption(each.event.disruption), each.loss.at_risk[0]
        decided = name in losses and chokepoints.years[each.year] in mix.data.years
        if decided:
            at_home[name] = at_home.get(name, 0.0) + float(each.loss.at_home.sum())
        if decided and loss > binds.get(name, (0.0, ""))[0] and len(each.binds):
            binds[name] = loss, chokepoints.inputs.nodes[int(each.binds[0])].node
    labels = {event.disruption: (event.label, event.status) for event in chokepoints.inputs.events}
    nodes = chokepoints.inputs.node_labels
    rows = []
    for name, loss in losses.items():
        node = binds.get(name, (0.0, ""))[1]
        wanted = sum(gwh for (_, _, y), gwh in mix.data.demand.items() if y >= mix.data.starts[name])
        wanted = at_home.get(name, 0.0) if mix.config.loss == "industry" else wanted
        rows.append((
            name, *labels[name], mix.data.weight[name], mix.data.starts[name], wanted, before[name], loss, "GWh", node,
            nodes.get(node, ""),
        ))  # fmt: skip
    return _frame(rows, [
        "disruption", "label", "status", "weight", "start", "wanted", "incumbent", "value", "unit", "binding_node",
        "binding_label",
    ])  # fmt: skip


def _incumbent_losses(mix: Mix, library: Library) -> dict[Disruption, float]:
    """Loss of the incumbent under each disruption of the model, over the years decided [GWh]."""
    return lost(mix, of_library(library, mix.config.scenario), 0.0)[mix.config.loss]


def _costs(mix: Mix) -> pd.DataFrame:
    """Parts of the cost of the chosen mix and of the one that the limits allow at the least sum of them, over the years
    decided. The part excess is a price that a soft rule puts on it, and no money paid."""
    rows = [
        (which, part, value, MONEY)
        for which, cost in ((OPTIMISED, mix.solution.cost), ("cheapest", mix.solution.cheapest))
        for part, value in cost.items()
    ]
    return _frame(rows, ["mix", "part", "value", "unit"])


#: Digits of a gain that do not hang on the way that the solver took to it: to these it is written, and compared.
ALIKE = 6
LIMIT = [
    "stage", "family", "region", "limit", "first", "last", "step", "per", "value", "unit", "share", "sentence",
]  # fmt: skip


def _limits(mix: Mix, glossary: Glossary) -> Iterable[tuple[Any, ...]]:
    """What a step of each limit gains, those that gain most first, and of those that gain as much by their index;
    value: by how much the objective falls; share: of the objective; both to ALIKE digits."""
    regions = set(mix.data.regions) | set(mix.data.pools)

    def order(gain: Gain) -> tuple[Any, ...]:
        return gain.stage, -_alike(gain.gain), gain.family, tuple(map(str, gain.index))

    for gain in sorted(mix.solution.gains, key=order):
        text, (first, last) = words(gain.family, gain.index, glossary, mix.data), gain.years
        region = next((str(part) for part in gain.index if part in regions), "")
        share = gain.gain / abs(gain.least) if gain.least else math.nan
        yield (
            gain.stage, gain.family, region, text.what, first, last, -gain.step if gain.looser == "less" else gain.step,
            gain.per, _alike(gain.gain), gain.unit, _alike(share), _gain_sentence(mix, gain, text.what, share),
        )  # fmt: skip


def _alike(gain: float) -> float:
    """A gain to the digits that all ways to it have."""
    return float(f"{gain:.{ALIKE}g}")


def _gain_sentence(mix: Mix, gain: Gain, what: str, share: float) -> str:
    """`Supply of cells from China: 10% more in 2027–2040 lowers the cost by 12.3 million USD_2025 (0.4%).`"""
    (first, last), step = gain.years, f"{gain.step:g}"
    step += "%" if gain.per == "%" else f" {gain.per}{'s' if gain.per == 'point' and gain.step != 1 else ''}"
    when = "" if not first else f" in {first}" if first == last else f" in {first}–{last}"
    lowers = LOWERS[_objective_of(mix) if gain.stage == "objective" else gain.stage]
    unit = "" if gain.unit == "weighted" else f" {gain.unit}"
    return f"{what[0].upper()}{what[1:]}: {step} {gain.looser}{when} {lowers} {gain.gain:.3g}{unit} ({share:.2%})."


#: What loosening a limit does, by the objective that it weighs on.
LOWERS = {
    "gwh_at_risk": "lowers the loss, over the library and all years, by",
    "concentration": "lowers the exposure by",
    "cost": "lowers the cost by",
    "built": "lowers the demand that is not met by",
    "built_kt": "lowers the mass that is missing by",
    "weighted": "lowers the weighted sum by",
    "priced": "lowers the cost, with the priced loss, by",
    "unmet_demand": "lowers the unmet demand by",
}


def _objective_of(mix: Mix) -> str:
    return "priced" if mix.config.worth is not None else mix.config.objective


def _trade(mix: Mix) -> pd.DataFrame:
    """Cells that each region makes for itself, and what it imports by country; suppliers that were one in the model are
    told apart by what they can deliver."""
    codes = mix.assembly.chokepoints.inputs.countries
    rows: list[tuple[Any, ...]] = [
        (r, c, "", y, "production", gwh, "GWh") for (r, c, y), gwh in mix.solution.production.items()
    ]
    for (r, j, c, y), gwh in mix.solution.imports.items():
        parts = mix.assembly.sourcing.makers(r, c, y)[j]
        rows += [(r, c, code, y, "imports", gwh * part, "GWh") for code, part in zip(codes, parts, strict=True) if part]
    return _frame(rows, ["region", "chemistry", "country", "year", "measure", "value", "unit"])


def _lines(mix: Mix) -> pd.DataFrame:
    """Lines of each kind by year: standing at first, built, turned over from another kind, and used [GWh/yr]."""
    data, solution = mix.data, mix.solution
    rows: list[tuple[Any, ...]] = [(r, k, "", y, "standing", gwh, "GWh/yr") for (r, k, y), gwh in data.capacity.items()]
    rows += [(r, k, "", y, "built", gwh, "GWh/yr") for (r, k, y), gwh in solution.built.items()]
    rows += [(r, to, k, y, "retrofitted", gwh, "GWh/yr") for (r, k, to, y), gwh in solution.retrofitted.items()]
    used: dict[RegionLineYear, float] = {}
    made = [*solution.production.items()]
    made += [((data.home[j], c, y), gwh) for (_, j, c, y), gwh in solution.imports.items() if j in data.home]
    for (r, c, y), gwh in made:
        used[r, data.line[c], y] = used.get((r, data.line[c], y), 0.0) + gwh
    rows += [(r, k, "", y, "used", gwh, "GWh/yr") for (r, k, y), gwh in used.items()]
    return _frame(rows, ["region", "line", "from_line", "year", "measure", "value", "unit"])


SOURCING = ["region", "node", "stage", "country", "year", "value", "share", "usual", "follow_on", "unit"]


def _sourcing(mix: Mix) -> Iterable[tuple[Any, ...]]:
    """What each region buys of each node by country, beside its share pro rata in the incumbent scenario; suppliers
    that were one in the model are told apart by what they can deliver, plants that follow the mix (follow_on, a part of
    the value) by where they stand."""
    nodes = {node.node: (node.stage, node.unit) for node in mix.assembly.chokepoints.inputs.nodes}
    whole: dict[RegionNodeYear, float] = {}
    for (r, n, _, y), amount in mix.solution.sourced.items():
        whole[r, n, y] = whole.get((r, n, y), 0.0) + amount
    stands: dict[tuple[Node, Year], dict[str, float]] = {}
    for (node, maker, year), part in mix.data.follow_on_in.items():
        stands.setdefault((node, year), {})[maker] = part
    found: dict[Key, list[float]] = {}
    for (r, n, supplier, y), sourced in mix.solution.sourced.items():
        # Of makers that sell as one the model knows the sum alone.
        together = mix.data.together and n in mix.data.cells
        amount = 0.0 if together else sourced
        usual = mix.data.usual.get((r, n, supplier, y), 0.0)
        follows = supplier == FOLLOW_ON
        parts = stands.get((n, y), {}) if follows else mix.assembly.sourcing.suppliers.parts.get((n, supplier, y), {})
        for country, part in parts.items():
            here = found.setdefault((r, n, country, y), [0.0, 0.0, 0.0])
            for at, value in enumerate((amount * part, usual * part, amount * part * follows)):
                here[at] += value
    by_country = _cells_by_country(mix) if mix.data.together else {}
    known = set(whole)  # Cells whose makers nobody publishes are no node that the model buys.
    for (r, n, _, y), amounts in by_country.items():
        if (r, n, y) not in known:
            whole[r, n, y] = whole.get((r, n, y), 0.0) + sum(amounts)
    for (r, n, country, y), (made, bought) in by_country.items():
        imports = whole[r, n, y] - mix.solution.sourced.get((r, n, Supplier(r), y), 0.0)
        part_following = mix.solution.sourced.get((r, n, FOLLOW_ON, y), 0.0) / imports if imports > 0 else 0.0
        here = found.setdefault((r, n, country, y), [0.0, 0.0, 0.0])
        here[0] += made + bought
        here[2] += bought * part_following
    for (r, n, country, y), (value, usual, follow_on) in found.items():
        stage, unit = nodes[n]
        share = value / whole[r, n, y] if whole[r, n, y] else 0.0
        if share > PINNED / 10:
            yield (r, n, stage, country, y, value, share, usual, follow_on, unit)


def _cells_by_country(mix: Mix) -> dict[Key, tuple[float, float]]:
    """Cells of each node that a region makes and imports by country, (region, node, country, year) [GWh]."""
    data, codes, out = mix.data, mix.assembly.chokepoints.inputs.countries, dict[Key, tuple[float, float]]()
    cells = {(r, Supplier(r), c, y): gwh for (r, c, y), gwh in mix.solution.production.items()}
    for (r, j, c, y), gwh in (cells | mix.solution.imports).items():
        for n in (n for n in data.cells if (r, c, n, y) in data.use):
            for code, part in zip(codes, mix.assembly.sourcing.makers(r, c, y)[j], strict=True):
                amount = data.use[r, c, n, y] * gwh * part
                made, bought = out.get((r, n, code, y), (0.0, 0.0))
                if amount:
                    out[r, n, code, y] = (made + amount, bought) if j == Supplier(r) else (made, bought + amount)
    return out


#: Shares that are apart by less than this are alike: the rest is how a solver rounds.
TIED = 1e-6
RULE = ["region", "node", "year", "country", "value", "limit", "met", "hhi", "unit"]


def _rule(mix: Mix) -> Iterable[tuple[Any, ...]]:
    """The largest single country outside the region in the chosen sourcing of each node, the first by code of those
    that are as large, the HHI of that sourcing, and for strategic nodes of Europe the rule on one third country in the
    years in which it holds.

    Shares are of what is bought; several countries that are one group count as one in the HHI, which is so far an upper
    end.
    """
    chokepoints = mix.assembly.chokepoints
    home = chokepoints.inputs.home_by_country
    groups = {
        code for code, group in zip(chokepoints.inputs.countries, chokepoints.inputs.is_group, strict=True) if group
    }
    rules = [rule for rule in chokepoints.inputs.rules if rule.kind == MAXIMUM_SINGLE]
    by_place: dict[Key, dict[str, float]] = {}
    for r, n, _, country, y, _, share, *_ in _sourcing(mix):
        by_place.setdefault((r, n, y), {})[country] = share
    for (r, n, y), shares in by_place.items():
        abroad = {code: share for code, share in shares.items() if home[code] != r and code not in groups}
        most = max(abroad.values(), default=0.0)
        country = min((code for code, share in abroad.items() if share >= most - TIED), default="")
        strategic = n in mix.data.strategic
        limit = next((rule.value for rule in rules if strategic and rule.region == r and rule.year <= y), float("nan"))
        met = "" if math.isnan(limit) else "yes" if most <= limit + PINNED else "no"
        yield (r, n, y, country, most, limit, met, sum(share**2 for share in shares.values()), "1")


def _scrap_lines(mix: Mix, chokepoints: Chokepoints) -> pd.DataFrame:
    """Production lines by cohort from which the run's scrap follows, of growing demand, as a run file's `flows.lines`
    takes them; those that the mix builds are in `mix_line`."""
    resolved = chokepoints.resolved
    built = lines_from_growth(chokepoints.outcome.arrays.additions[mix.config.scenario][0].sum(axis=1))
    rows = [
        (OPTIMISED, r, cohort, float(built[i, k]), "GWh/yr")
        for i, r in enumerate(resolved.regions.labels)
        for k, cohort in enumerate(resolved.years.labels)
    ]
    return _frame(rows, ["scenario", "region", "cohort", "value", "unit"])


def about_mix(mix: Mix, library: Library) -> dict[str, Any]:
    """What the record says of a mix: its settings, which parts were chosen from, how the stages were solved."""
    config = mix.config
    return {
        "scenario": OPTIMISED,
        "incumbent": config.scenario,
        "objective": _objective(mix),
        "loss": mix.config.loss if mix.config.objective == "gwh_at_risk" else None,
        "stops_of_cells": stops_of_cells(mix.assembly.chokepoints, mix.data),
        "incumbent_value": _incumbent_value(mix, library),
        "by_maker_inputs": lost_by_order(mix),
        "years": list(mix.data.years),
        "chemistries": list(mix.data.chemistries),
        "disruptions": list(mix.data.disruptions),
        "unmet": sum(mix.solution.unmet.values()),
        "stages": [dict(zip(STAGE, _stage(each), strict=True)) for each in mix.solution.stages],
        "best": mix.solution.best,
        "value": mix.solution.exposure,
        "unit": UNIT[criterion(config)],
        "wanted": sum(mix.data.demand.values()),
        "cost_cap": cost_cap_of(config),
        "discount_rate": mix.assembly.tables.rate,
        "near": config.near,
        "near_caps": mix.solution.near.caps if mix.solution.near else {},
        "covered": mix.solution.near.covered if mix.solution.near else None,
        "frontier_gap": mix.solution.frontier.gap if mix.solution.frontier else None,
        "frontier_solves": mix.solution.frontier.solves if mix.solution.frontier else None,
    }


def about_rounds(chokepoints: Chokepoints, rounds: Sequence[Sequence[Event]]) -> dict[str, Any]:
    """What the record says of a library by rule: what the rule adds for the other plans and for what may be chosen,
    what for the mix of each round, and whether it then adds nothing more; else what it adds last is not played. Each by
    code, with its label."""
    later = {event.disruption for events in rounds for event in events}
    first = [each for each in chokepoints.inputs.events if each.by_rule and each.disruption not in later]
    return {
        "before": {event.disruption: event.label for event in first},
        "rounds": [{event.disruption: event.label for event in events} for events in rounds],
        "closed": not rounds[-1],
    }


def about_settled(settled: Settled) -> dict[str, Any]:
    """What the record says of prices that are consistent with a mix: times that it was chosen again, by how much shares
    moved at the last [1], and whether that is so little that they are found."""
    return {"rounds": settled.rounds, "moved": settled.moved, "settled": settled.is_settled}


def caveat_of(mix: Mix) -> str:
    """What bears on the chosen mix beside what bears on its demand and shares, or nothing."""
    known = {r for r, *_ in mix.data.capacity}
    free = [r for r in mix.data.regions if r not in known]
    caveats = []
    if free and mix.config.lines:
        caveats.append(
            f"No lines limit what cells are made in {listed(free)}: cell_capacity.csv has no rows of their own."
        )
    return " ".join(caveats)


def _incumbent_value(mix: Mix, library: Library) -> float | None:
    """The objective of the incumbent, by the same disruptions and weights [GWh]; None where it is not of losses."""
    config = mix.config
    if config.objective != "gwh_at_risk":
        return None
    return risk_of(_incumbent_losses(mix, library), mix.data.weight, config.risk, config.level)


def _counted(config: Optimise) -> str:
    """By which weights batteries count, or nothing."""
    weights = " and ".join(f"{weight:g} × {name}" for name, weight in config.weights.items())
    return f", counted {weights}" if weights else ""


def _objective(mix: Mix) -> str:
    """The objective in words."""
    config = mix.config
    loss, count = LOST[config.loss], sum(weight > 0 for weight in mix.data.weight.values())
    several = "one disruption" if count == 1 else f"{count} disruptions"
    weighted = f", {WEIGHTED[config.event_weights]}" if config.event_weights in WEIGHTED else ""
    words = {
        "gwh_at_risk": {
            "expected": f"expected {loss} over {several}{weighted}",
            "worst": f"{loss} under the worst of {several}",
            "cvar": f"mean {loss} over the worst {1 - config.level:.0%} of {several}{weighted}",
        }[config.risk],
        "concentration": f"{config.measure} among {config.among} nodes, weighted by GWh",
        "cost": "cost",
        "built": f"demand that is not met{_counted(config)}",
        "built_kt": f"mass that is missing to the most that batteries could have{_counted(config)}",
        "weighted": " + ".join(f"{weight:g} × {name}" for name, weight in config.weights.items() if weight),
    }
    return words[config.objective]
