"""From the GWh that a disruption puts at risk, and from the concentration of a node, back to rows of the inputs.

Read from a result folder alone. What can be added again is, to 1e-9: planned batteries, the need of a node by
chemistry, what is made and exported by country, the share of the pool, and what is accessible with and without the
disruption. The batteries of the reference world and the solution of the linear programme are taken as stored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..errors import UsageError
from ..exposure.coverage import Claims
from ..haste import frozen, value_class
from ..provenance import Rows
from ..tables.codes import ANY
from .compare import pick, pick_year
from .explain import Factor, Row, agree
from .hashes import AGAIN
from .result import Result

#: Codes of this beginning are groups of countries.
GROUP = "R_"
#: A gap between sums that is nothing beside them.
LEAST = 1e-9
#: Columns that results of earlier versions lack, and all is explained with.
NEWER = (("disruptions", "lost_best"), ("reference_need", "gross"), ("supply_cut", "made"), ("accessible", "follow_on"))
#: Tables of plants of cells, beside those of materials.
PLANTS_OF_CELLS = ("cell_plant", "next_gen_plant")


@frozen
class Use:
    """What one cell type needs of a node at home: GWh × share that passes it × use [kt/GWh, GWh/GWh] = kt or GWh.

    segment: that the cells are of, where own rows say intensities by use, else ''; passing: share of its cells that are
    made at home, of parts made at home up to the node.
    """

    segment: str
    chemistry: str
    silicon: float
    cells: float
    passing: float
    use: float
    value: float
    factors: tuple[Factor, ...]


@value_class
class Taker:
    """A region that takes from what is exported, or all that are assessed together (name ''): weight is its need in the
    reference world before recycling, lacks the most it takes, infinite for those assessed."""

    name: str
    weight: float
    lacks: float
    takes: float


@value_class
class Reach:
    """accessible = own + recovered + share_of_pool × exported − others + follow_on (+ a stockpile, at most what the
    disruption takes). others: kept by the uses that the scope leaves out; follow_on: built because of the plan.

    takers: who shares what is exported, those assessed first: all take the same part of their weights, but none more
    than it lacks. Empty where the reference world needs nothing.
    """

    own: float
    recovered: float
    share_of_pool: float
    exported: float
    stockpile: float
    value: float
    follow_on: float = 0.0
    others: float = 0.0
    takers: tuple[Taker, ...] = ()


@frozen
class Supplier:
    """A country that makes a node's product: its share of the world, what it makes and exports, and exports at the end.

    left: exports that the disruption leaves; inside: at home in the region.
    """

    country: str
    label: str
    share: float
    made: float
    exported: float
    left: float
    inside: bool
    factors: tuple[Factor, ...]


@frozen
class Bottleneck:
    """A node in a disruption. gain: GWh that one more hundredth of its need would let be built, 0 where it does not
    bind; scrap: input ÷ demand of cell making; world: the supply that batteries can have; taken: rows of the
    disruption."""

    node: str
    label: str
    unit: str
    gain: float
    need: float
    scrap: float
    uses: tuple[Use, ...]
    without: Reach
    left: Reach
    world: tuple[Factor, ...]
    suppliers: tuple[Supplier, ...]
    taken: tuple[Factor, ...]

    @property
    def covered(self) -> float:
        """Share of its need that is accessible under the disruption."""
        return self.left.value / self.need

    def factors(self) -> list[Factor]:
        """All factors, in the order in which they are told."""
        return [
            *self.taken, *self.world, *(factor for supplier in self.suppliers for factor in supplier.factors),
            *(factor for use in self.uses for factor in use.factors),
        ]  # fmt: skip


@frozen
class Severity:
    """How much of a flow an event takes: value, low and high end; ends: where these come from, `given`, `past` or ''
    for none; nodes: of which."""

    value: float
    low: float
    high: float
    ends: str
    nodes: tuple[str, ...]


@frozen
class RiskExplanation:
    """GWh at risk of one disruption, in both readings, with the nodes that bind.

    low, high: by best reallocation at the ends of the severity; at_home, industry: cells made at home, and of these
    lost, in both readings; outside: lost if others made the cells of the countries that close; interval: 5th, 50th and
    95th percentile of what is lost, None where nothing was drawn; drivers: what that hangs on, (name, share); minerals:
    that are not had, (mineral, kt, share); severities: with their ends; months: low end, value and high end of how long
    it lasts; instrument, events: how the country cuts, and past events of that, whose rows are `past`; lost: by reading
    and chemistry, most first; hit: coverage of every node the disruption hits, scarcest first; nodes: those that bind,
    else the scarcest.
    """

    scenario: str
    region: str
    disruption: str
    label: str
    status: str
    year: int
    planned: float
    shortage: float
    best: float
    proportional: float
    low: float
    high: float
    at_home: float
    industry: tuple[float, float]
    outside: float
    interval: tuple[float, float, float] | None
    drivers: tuple[tuple[str, float], ...]
    minerals: tuple[tuple[str, float, float], ...]
    severities: tuple[Severity, ...]
    months: tuple[float, float, float]
    instrument: str
    events: tuple[str, ...]
    past: tuple[Factor, ...]
    lost: dict[str, dict[str, float]]
    hit: dict[str, float]
    nodes: tuple[Bottleneck, ...]
    columns: tuple[str, ...]

    def __repr__(self) -> str:
        binds = ", ".join(node.node for node in self.nodes if node.gain) or "no node"
        return (
            f"RiskExplanation: {self.disruption} in {self.region}, {self.year}, {self.scenario} = "
            f"{self.best:.6g}–{self.proportional:.6g} of {self.planned:.6g} GWh\n"
            f"  binds: {binds} (.nodes), which rest on {len(self.rows())} rows (.rows())"
        )

    def rows(self) -> pd.DataFrame:
        """Every row of inputs_used that the numbers and their ends rest on, once."""
        return _frame([*(factor for node in self.nodes for factor in node.factors()), *self.past], self.columns)


@frozen
class NodeExplanation:
    """Shares of a node by country, largest first, and its measures: Σ share² is the upper end of the HHI.

    reach: what a region needs and can get of it in a scenario without a disruption; None where it needs none; unknown:
    the row which says that nobody publishes the shares.
    """

    scenario: str
    region: str
    node: str
    label: str
    stage: str
    year: int
    data_year: int
    confidence: str
    measures: dict[str, tuple[float, float, float]]
    suppliers: tuple[Supplier, ...]
    unknown: tuple[Factor, ...]
    world: tuple[Factor, ...]
    unit: str
    reach: Bottleneck | None
    columns: tuple[str, ...]

    def __repr__(self) -> str:
        first = f", {self.suppliers[0].label} {self.suppliers[0].share:.0%}" if self.suppliers else ""
        hhi = f" HHI {self.measures['hhi'][0]:.3f}" if "hhi" in self.measures else " suppliers not known"
        return f"NodeExplanation: {self.label}, {self.year}:{hhi}{first}\n  rests on {len(self.rows())} rows (.rows())"

    def rows(self) -> pd.DataFrame:
        """Every row of inputs_used that the shares and the need rest on, once."""
        factors = [factor for supplier in self.suppliers for factor in supplier.factors]
        need = [factor for use in self.reach.uses for factor in use.factors] if self.reach else []
        return _frame([*factors, *self.unknown, *self.world, *need], self.columns)


def explain_disruption(
    result: Result,
    disruption: str,
    region: str | None = None,
    year: int | str | None = None,
    scenario: str | None = None,
) -> RiskExplanation:
    """Explain the GWh at risk of one disruption. Defaults: the regions outside the countries that close, the last year,
    the first scenario.

    Raises MineralsError where a number does not re-add to 1e-9, UsageError for a name that is not in the result.
    """
    known = _exposure(result)
    pick("disruption", disruption, list(known["disruptions"]))
    scenario = pick("scenario", scenario or result.scenarios[0], result.scenarios)
    year = pick_year(result, year)
    frame = result["disruptions"]
    frame = frame[(frame["disruption"] == disruption) & (frame["scenario"] == scenario)]
    region = pick("region", region or str(frame["region"].iloc[0]), list(dict.fromkeys(frame["region"])))
    here = frame[(frame["region"] == region) & (frame["year"] == year)]
    if not len(here):
        start = known["disruptions"][disruption]["start"]
        raise UsageError(f"{disruption} is played from {start} on; name a later year than {year}")
    row = here.iloc[0]
    index = _Index(result, scenario, year)
    regions = index.regions(region)
    cells = index.cells[index.cells["region"].isin(regions)]
    agree("planned batteries", float(cells["value"].sum()), float(row["planned"]))
    at = {"scenario": scenario, "disruption": disruption, "year": year}
    lost = {}
    for reading, column in (("best", "at_risk_best"), ("proportional", "at_risk_proportional")):
        part = _where(result["gwh_at_risk"], allocation=reading, **at)
        part = part[part["region"].isin(regions)]
        sums = part.groupby("chemistry")["value"].sum().sort_values(ascending=False, kind="stable")
        agree(f"GWh at risk ({reading})", float(sums.sum()), float(row[column]), float(row["planned"]))
        lost[reading] = {str(name): float(value) for name, value in sums.items()}
    hit = _where(result["accessible"], region=region, **at)
    hit = hit.assign(covered=hit["value"] / hit["need"].where(hit["need"] > 0)).sort_values("covered", kind="stable")
    binding = _where(result["binding_nodes"], region=region, **at).set_index("node")["value"]
    names = list(binding.sort_values(ascending=False, kind="stable").index)
    short = [str(each.node) for each in hit.itertuples() if each.covered < 1]
    if not set(names) & set(short):
        names += short[:1]
    nodes = tuple(index.bottleneck(name, region, disruption, float(binding.get(name, 0.0))) for name in names)
    event = known["disruptions"][disruption]
    past = tuple(
        Factor(f"past stop, {used['measure']}", float(used["value"]), str(used["unit"]), "", (used,))
        for used in map(index.used.__getitem__, event["past_rows"])
    )
    severities = tuple(Severity(**{**each, "nodes": tuple(each["nodes"])}) for each in event["severity"])
    months = event["months_low"], event["months"], event["months_high"]
    return RiskExplanation(
        scenario, region, disruption, str(row["label"]), str(row["status"]), year, float(row["planned"]),
        float(row["shortage"]), float(row["at_risk_best"]), float(row["at_risk_proportional"]),
        float(row["lost_low"] - row["shortage"]), float(row["lost_high"] - row["shortage"]),
        float(row["made_at_home"]), (float(row["industry_best"]), float(row["industry_proportional"])),
        float(row["outside"]), *_drawn(result, region, **at), _minerals(result, region, **at),
        severities, months, event["instrument"], tuple(event["past"]), past, lost,
        dict(zip(hit["node"], hit["covered"], strict=True)), nodes, tuple(result["inputs_used"]),
    )  # fmt: skip


def _drawn(
    result: Result, region: str, **at: Any
) -> tuple[tuple[float, float, float] | None, tuple[tuple[str, float], ...]]:
    """Percentiles of the batteries lost in the draws, and what they hang on, most first; none where none were drawn."""
    if "intervals" not in result.tables:
        return None, ()
    rows = _where(result["intervals"], region=region, measure="lost", **at)
    drivers = _where(result["drivers"], region=region, measure="lost", **at)
    if not len(rows):
        return None, ()
    (row,) = rows.itertuples()
    return (row.p05, row.p50, row.p95), tuple(zip(drivers["label"], drivers["importance"], strict=True))


def _minerals(result: Result, region: str, **at: Any) -> tuple[tuple[str, float, float], ...]:
    """Minerals in the batteries that are lost, (mineral, kt, share of those planned)."""
    rows = _where(result["lost_minerals"], region=region, stage="cell", **at)
    return tuple((str(row.mineral), float(row.value), float(row.share)) for row in rows.itertuples())


def explain_node(
    result: Result,
    node: str,
    region: str | None = None,
    year: int | str | None = None,
    scenario: str | None = None,
) -> NodeExplanation:
    """Explain one node: shares by country with their rows, the HHI re-added from them, and what a region needs and can
    get of it. Defaults: all regions, the last year, the first scenario.

    Raises MineralsError where a number does not re-add to 1e-9, UsageError for a name that is not in the result.
    """
    known = _exposure(result)
    node = pick("node", node, list(known["nodes"]))
    year = pick_year(result, year)
    scenario = pick("scenario", scenario or result.scenarios[0], result.scenarios)
    index = _Index(result, scenario, year)
    cover = result["coverage"]
    # Where there are no batteries nothing is needed, and no region has rows.
    regions = dict.fromkeys([*cover["region"], *result.record["regions"], result.record["region_label"]])
    region = pick("region", region or result.record["region_label"], list(regions))
    needed = len(_where(cover, scenario=scenario, region=region, node=node, year=year, measure="exported")) > 0
    frame = _where(result["concentration"], node=node, year=year)
    measures = {str(row.measure): (row.value, row.low, row.high) for row in frame.itertuples()}
    suppliers = index.suppliers(node, index.made(node), [])
    if "hhi" in measures:
        value, low, high = measures["hhi"]
        agree(f"HHI of {node}", sum(each.share**2 for each in suppliers), value)
        agree(f"highest HHI of {node}", sum(each.share**2 for each in suppliers), high)
        named = [each for each in suppliers if not each.country.startswith(GROUP)]
        agree(f"lowest HHI of {node}", sum(each.share**2 for each in named), low)
        agree(f"largest share of {node}", max((each.share for each in named), default=0.0), measures["top1"][0])
    first = frame.iloc[0] if len(frame) else pd.Series({"data_year": 0, "confidence": ""})
    units = _where(result["reference_need"], node=node)["unit"]
    unit = str(units.iloc[0]) if len(units) else ""
    return NodeExplanation(
        scenario, region, node, known["nodes"][node]["label"], known["nodes"][node]["stage"], year,
        int(first["data_year"]), str(first["confidence"]), measures, suppliers,
        () if suppliers else index.rows("supply_share", "share not known", node=node),
        index.world(node) if suppliers else (), unit,
        index.bottleneck(node, region, "", 0.0) if needed else None, tuple(result["inputs_used"]),
    )  # fmt: skip


class _Index:
    """Tables of one scenario and year, and the rows of inputs_used by name."""

    def __init__(self, result: Result, scenario: str, year: int) -> None:
        self.result, self.scenario, self.year = result, scenario, year
        self.known = result.record["exposure"]
        self.cells = _where(result["cells"], scenario=scenario, year=year)
        self.used = result.rows_used
        intensity = result["mineral_intensity"].to_dict("records")
        self.intensity = {(row["chemistry"], row["silicon"], row["mineral"]): row for row in intensity}
        self.finer: dict[tuple[Any, ...], Row] = {}
        if "finer_intensity" in result.tables:
            finer = _where(result["finer_intensity"], year=year).to_dict("records")
            self.finer = {(row["segment"], row["chemistry"], row["silicon"], row["mineral"]): row for row in finer}
        self.trend: dict[tuple[Any, ...], Row] = {}
        if "intensity_trend" in result.tables:
            trend = _where(result["intensity_trend"], year=year).to_dict("records")
            self.trend = {(row["chemistry"], row["mineral"]): row for row in trend}
        routes = _where(result["graphite_route"], year=year).to_dict("records")
        self.route = {row["route"]: row for row in routes}
        chain = result["node_chain"]
        self.chain: dict[tuple[str, str], dict[str, float]] = {}
        for node, chemistry, into, share in zip(
            *(chain[k] for k in ("node", "chemistry", "into", "value")), strict=True
        ):
            self.chain.setdefault((node, chemistry), {})[into] = float(share)

    def regions(self, name: str) -> list[str]:
        """Regions of the run that a name of a pool means."""
        every = list(self.result.record["regions"])
        return every if name == self.result.record["region_label"] else [each for each in name.split(" + ") if each]

    def factor(self, name: str, entry: Row, of: Callable[[Row], float] = lambda row: float(row["value"])) -> Factor:
        """A resolved value, computed again from its rows."""
        value, parsed = float(entry["value"]), Rows.parse(str(entry["rows"]))
        agree(f"{name} {entry['rows']}", parsed.value(lambda row: of(self.used[row])), value)
        fill = str(entry["fill"]) if "fill" in entry else ""
        return Factor(name, value, str(entry["unit"]), fill, tuple(self.used[row] for row in parsed.names()))

    def rows(self, table: str, name: str, **where: Any) -> tuple[Factor, ...]:
        """Rows of an input table that have no resolved one, each as a factor of its own."""
        frame = _where(self.result["inputs_used"], table=table, **where)
        return tuple(
            Factor(name, float(row["value"]), str(row["unit"]), "", (self.used[row["rows"]],))
            for row in frame.to_dict("records")
        )

    # ------------------------------------------------------------------ need

    def bottleneck(self, node: str, region: str, disruption: str, gain: float) -> Bottleneck:
        """All of one node under one disruption."""
        regions, stage = self.regions(region), self.known["nodes"][node]["stage"]
        at = {"scenario": self.scenario, "region": region, "node": node, "year": self.year}
        stored = _where(self.result["coverage"], **at).set_index("measure")
        need, unit = float(stored.at["need", "value"]), str(stored.at["need", "unit"])
        cells = self.cells[self.cells["region"].isin(regions)]
        scrap = 1.0 if stage == "cell" else self._scrap(cells)
        uses = self._uses(node, cells, scrap, region)
        agree(f"need of {node}", sum(use.value for use in uses), need)
        before = {name: float(stored.at[name, "value"]) for name in stored.index}
        frame, cut = (
            self.made(node),
            _where(self.result["supply_cut"], node=node, disruption=disruption, year=self.year),
        )
        left = frame.set_index("country")
        left["made"] = left["value"]
        names = ["value", "made", "exported"]
        left.loc[cut["country"], names] = cut.set_index("country")[names]
        built = before.get("follow_on", 0.0)
        others = before.get("others", 0.0)
        value = before["accessible"] - others + built
        usual = {**before, "value": value, "others": others, "follow_on": built, "stockpile": 0.0}
        without = self._reach(node, regions, frame, usual)
        after = without
        hit = _where(self.result["accessible"], disruption=disruption, **at)
        if len(hit):
            row = hit.iloc[0]
            agree(f"need of {node}", float(row["need"]), need)
            agree(f"accessible of {node} without the disruption", without.value, float(row["without"]))
            numbers = {name: float(row[name]) for name in hit.columns if name in Reach.__dataclass_fields__}
            after = self._reach(node, regions, left.reset_index(), numbers, without.value)
        suppliers = self.suppliers(node, frame, regions, left["exported"].to_dict())
        taken = tuple(
            factor
            for hit in (node, ANY)
            for factor in self.rows("disruption", "disruption", disruption=disruption, node=hit)
        )
        return Bottleneck(
            node, str(self.known["nodes"][node]["label"]), unit, gain, need, scrap, uses, without, after,
            self.world(node), suppliers, taken,
        )  # fmt: skip

    def _scrap(self, cells: pd.DataFrame) -> float:
        """Input ÷ demand of cell making, by the GWh of the regions; 1 without [flows]."""
        if "production_lines" not in self.result.tables:
            return 1.0
        lines = _where(self.result["production_lines"], scenario=self.scenario, year=self.year, measure="scrap_rate")
        gain = 1 / (1 - lines.set_index("region")["value"])
        return float((cells["region"].map(gain) * cells["value"]).sum() / cells["value"].sum())

    def made_at_home(self, chemistry: str, silicon: float, region: str) -> float:
        """Share of the cells of a chemistry that a region makes itself: as a mix has chosen it, else as makers are
        known; all where nobody is known to make them."""
        if "chosen_origin" in self.result.tables:
            at = {"scenario": self.scenario, "region": region, "year": self.year, "chemistry": chemistry}
            chosen = _where(self.result["chosen_origin"], **at)
            chosen = chosen[chosen["silicon"] == silicon]
            if len(chosen):
                return float(chosen.loc[chosen["home"] == "yes", "value"].sum())
        stages = self.known["nodes"]
        uses = self.result["node_use"]
        cell = [
            n for n in dict.fromkeys(uses.loc[uses["chemistry"] == chemistry, "node"]) if stages[n]["stage"] == "cell"
        ]
        origin = _where(self.result["cell_makers"], region=region, year=self.year)
        origin = origin[origin["node"].isin(cell[:1])]
        return float(origin.loc[origin["home"] == "yes", "value"].sum()) if len(origin) else 1.0

    def passing(self, node: str, chemistry: str, silicon: float, region: str) -> float:
        """Share of the cells of a chemistry whose way at home passes a node, own supply first."""
        if self.known["nodes"][node]["stage"] == "cell":
            return 1.0
        into = self.chain.get((node, chemistry), {})
        share = max(1.0 - sum(into.values()), 0.0) * self.made_at_home(chemistry, silicon, region)
        at = {"scenario": self.scenario, "region": region, "year": self.year, "measure": "from_home"}
        made = _where(self.result["coverage"], **at).set_index("node")["value"]
        return share + sum(
            part * float(made.get(later, 0.0)) * self.passing(later, chemistry, silicon, region)
            for later, part in into.items()
        )

    def _uses(self, node: str, cells: pd.DataFrame, scrap: float, region: str) -> tuple[Use, ...]:
        """Need of a node by cell type, most first, and by segment where own rows say an intensity so."""
        parts = _where(self.result["node_use"], node=node).to_dict("records")
        found = []
        segments = cells["segment"] if self.finer else ""
        by_type = cells.assign(segment=segments).groupby(["segment", "chemistry", "silicon"])["value"].sum()
        for (segment, chemistry, silicon), gwh in by_type.items():
            use, factors = 0.0, []
            largest: dict[str, float] = {}
            together: dict[str, list[Factor]] = {}
            for part in parts:
                if part["chemistry"] in ("", chemistry):
                    each = self._per_gwh(str(segment), str(chemistry), float(silicon), part)
                    product = 1.0
                    for factor in each:
                        product *= factor.value
                    if label := part.get("together"):
                        if product > largest.get(label, 0.0):
                            largest[label], together[label] = product, each
                    elif product:
                        use += product
                        factors += each
            use += sum(largest.values())
            factors += [factor for each in together.values() for factor in each]
            if use and (passing := self.passing(node, str(chemistry), float(silicon), region)):
                value = float(gwh) * passing * use * scrap
                of = str(segment), str(chemistry), float(silicon)
                found.append(Use(*of, float(gwh), passing, use, value, tuple(factors)))
        return tuple(sorted(found, key=lambda use: -use.value))

    def _per_gwh(self, segment: str, chemistry: str, silicon: float, part: Row) -> list[Factor]:
        """Factors of one row of node_use, for one cell type."""
        factors = []
        if part["per"] != "energy":
            finer = self.finer.get((segment, chemistry, silicon, part["per"]))
            intensity = finer or self.intensity.get((chemistry, silicon, part["per"]))
            if intensity is None:
                return [Factor("mineral intensity", 0.0, "kg/kWh", "", ())]
            factors.append(self.factor(f"{part['per']} intensity", intensity))
            if finer is None and (trend := self.trend.get((chemistry, part["per"]))):
                factors.append(self.factor("intensity trend", trend))
        if part["route"]:
            factors.append(self.factor(f"{part['route']} route", self.route[part["route"]]))
        return [*factors, self.factor("use of the node", part)]

    # ------------------------------------------------------------------ supply

    def made(self, node: str) -> pd.DataFrame:
        """Rows of `supply` of a node."""
        return _where(self.result["supply"], node=node, year=self.year)

    def world(self, node: str) -> tuple[Factor, ...]:
        """World supply of a node that batteries can have; nothing where it is not known."""
        frame = _where(self.result["battery_supply"], node=node, year=self.year)
        if not len(frame):
            return ()
        row: Row = frame.to_dict("records")[0]
        if row["fill"] == "published":
            return (self.factor("battery supply", row, lambda used: used["value"] * _or_one(used["available"])),)
        if row["fill"] == "plants":
            rows = tuple(self.used[name] for name in Rows.parse(str(row["rows"])).names())
            return (Factor("output of plants", float(row["value"]), str(row["unit"]), "plants", rows),)
        needed = float(_where(self.result["reference_need"], node=node, year=self.year)["value"].sum())
        agree(f"need of the reference world of {node}", needed, float(row["need"]))
        agree(f"battery supply of {node}", row["need"] / row["utilisation"], row["value"])
        utilisation = {"value": row["utilisation"], "unit": "1", "rows": row["rows"]}
        need = Factor("need of the reference world", float(row["need"]), str(row["unit"]), "", ())
        return (need, self.factor("utilisation", utilisation))

    def suppliers(
        self, node: str, frame: pd.DataFrame, regions: Sequence[str], left: dict[str, float] | None = None
    ) -> tuple[Supplier, ...]:
        """Countries that make a node's product, largest first, each with the rows of its share."""
        world = _where(self.result["battery_supply"], node=node, year=self.year)["value"].sum()
        found = []
        total = frame["value"].sum()
        for row in frame.to_dict("records"):
            parsed = Rows.parse(str(row["rows"]))
            share = parsed.value(lambda name: float(self.used[name]["value"]))
            if row["value"] == row["value"]:
                agree(f"{node} made in {row['country']}", share * world + row["added"], row["value"])
                agree(f"share of {row['country']} in {node}", row["value"] / total, row["share"])
            rows = tuple(self.used[name] for name in parsed.names())
            factors = [Factor("share", share, "1", "linear" if len(rows) > 1 else "", rows)] if rows else []
            if row["added"]:
                tables = PLANTS_OF_CELLS if self.known["nodes"][node]["stage"] == "cell" else ()
                factors += self.rows("material_plant", "plant", node=node, country=row["country"])
                factors += [f for table in tables for f in self.rows(table, "plant", country=row["country"])]
            exported = (left or {}).get(row["country"], row["exported"])
            label = str(self.known["countries"][row["country"]])
            found.append(Supplier(
                str(row["country"]), label, float(row["share"]), float(row["value"]), float(row["exported"]),
                float(exported), row["home"] in regions, tuple(factors),
            ))  # fmt: skip
        return tuple(sorted(found, key=lambda each: -each.share))

    def _reach(
        self,
        node: str,
        regions: Sequence[str],
        frame: pd.DataFrame,
        stored: dict[str, float],
        most: float | None = None,
    ) -> Reach:
        """What is accessible, added again from what countries make and export and the reference world needs."""
        inside = frame["home"].isin(regions)
        own, pool = float(frame["value"][inside].sum()), float(frame["exported"][~inside].sum())
        agree(f"own supply of {node}", own, stored["own"])
        agree(f"exports of {node}", pool, stored["exported"])
        takers = self._takers(node, regions, frame, pool)
        if takers:
            share = takers[0].takes / pool if pool else 0.0
            agree(f"share of the pool of {node}", share, stored["share_of_pool"], 1.0)
        value = stored["own"] + stored["recovered"] + stored["share_of_pool"] * stored["exported"]
        value += stored["follow_on"] - stored["others"]
        if stored["stockpile"] and most is not None:
            value = min(most, value + stored["stockpile"])
        agree(f"accessible of {node}", value, stored["value"])
        return Reach(
            stored["own"], stored["recovered"], stored["share_of_pool"], stored["exported"], stored["stockpile"], value,
            stored["follow_on"], stored["others"], takers,
        )  # fmt: skip

    def _takers(self, node: str, regions: Sequence[str], frame: pd.DataFrame, pool: float) -> tuple[Taker, ...]:
        """Who takes how much of what is exported; none where the reference world needs nothing."""
        need = _where(self.result["reference_need"], node=node, year=self.year).set_index("region")
        if not need["gross"].sum() > 0:
            return ()
        at_home = (
            frame.groupby("home")["made" if "made" in frame else "value"].sum().reindex(need.index, fill_value=0.0)
        )
        ours = need.index.isin(regions)
        weight, weights = float(need["gross"][ours].sum()), need["gross"][~ours]
        lacks = (need["value"] - at_home)[~ours].clip(lower=0.0)
        claims = Claims(np.array([weight]), weights.to_numpy()[None], lacks.to_numpy()[None])
        takes = float(claims.taken(np.array([pool]))[0])
        level = takes / weight if weight else np.inf
        others = [
            Taker(str(name), by, most, min(most, level * by) if by else 0.0)
            for name, by, most in zip(weights.index, weights, lacks, strict=True)
        ]
        return Taker("", weight, np.inf, takes), *others


def _exposure(result: Result) -> dict[str, Any]:
    """The record of an exposure. Raises UsageError where the run has none, or an earlier version wrote it."""
    if "exposure" not in result.record or "supply_cut" not in result.tables:
        raise UsageError("this result has no exposure; add [exposure] to its run file and run it again")
    for table, column in NEWER:
        if column not in result[table]:
            raise UsageError(f"this result is of an earlier version: {table} lacks the column {column}; {AGAIN}")
    return dict(result.record["exposure"])


def _where(frame: pd.DataFrame, **labels: Any) -> pd.DataFrame:
    for name, label in labels.items():
        frame = frame[frame[name] == label]
    return frame


def _or_one(value: float) -> float:
    return 1.0 if value != value else float(value)


def _frame(factors: Sequence[Factor], columns: tuple[str, ...]) -> pd.DataFrame:
    used = {row["rows"]: row for factor in factors for row in factor.rows}
    return pd.DataFrame(list(used.values()), columns=columns)
