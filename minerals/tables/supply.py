"""Nodes of the chains, who supplies them and what may stop them, laid onto the years of a run.

Shares and published supply are linear between given years and held beyond them. A future that has rows of a node takes
them from their first year on, and before it those of the future it extends; of a node without rows, all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..columns import Columns
from ..config import Exposure, Run
from ..errors import InputError, Problem, did_you_mean, listed
from ..haste import frozen, value_class
from ..provenance import ONE, Rows, Term
from .check import split
from .codes import ANY, ENERGY, STAGES, UNKNOWN, WORLD
from .expansion import NewSupply, marginal_location, new_supply
from .history import STOP, Ends, Past, ends_of, past_of
from .inputs import Inputs, UsedRows
from .names import Kinds
from .plants import NOT_COMING, Output, delivered, observed_origin, output_of_plants, utilisation_row
from .plants import Ends as PlantEnds
from .reader import Reader
from .series import Anchors, Datum, along, datum, share_of, sum_of
from .yields import too_narrow, ways

Array = NDArray[np.float64]
#: Node of which a bloc's lines are.
CELL = "li_ion_cell"
#: Status of plants that are announced and no more, in plant_delivery.
PLANNED = "planned"
#: Indicator of governance that risk is made of.
INDICATOR = "mean_of_six"
#: Indicator that GeoPolRisk takes.
STABILITY = "political_stability"
#: A list of plants is whole if the leading country has at least this part of its share of the node in it.
WHOLE = 0.5


@frozen
class Node:
    """A stage of a chain and what it makes.

    products: (mineral, route or '', kg per kg of the mineral) where every chemistry with the mineral uses it; uses: by
    base chemistry, (mineral or `energy`, kg per kg of it, or GWh per GWh, kg per kWh of a node in kt), where only some
    do. product_rows, use_rows: the rows of each; together: of each product a label that those share which one mass
    gives at once (`yields`), '' where it is alone; feeds: the node of a later stage that stage_yield says all of it
    goes into, or ''.
    """

    node: str
    label: str
    item: str
    stage: str
    part: str
    unit: str
    in_path: bool
    strategic: bool
    products: tuple[tuple[str, str, float], ...]
    uses: dict[str, tuple[str, float]]
    product_rows: tuple[Rows, ...] = ()
    use_rows: dict[str, Rows] = field(default_factory=dict)
    together: tuple[str, ...] = ()
    feeds: str = ""

    @property
    def alone(self) -> tuple[tuple[str, str, float], ...]:
        """Products that no mass gives together with others."""
        return tuple(part for part, label in zip(self.products, self.together, strict=True) if not label)


class Cut(NamedTuple):
    """What an event takes of one node from one country. kind: export or output; severity: share that is lost, with its
    low and its high end; ends: where these come from, `given`, `past` or '' where there are none but the severity."""

    country: str
    node: str
    kind: str
    severity: float
    low: float
    high: float
    ends: str = ""


@value_class
class Event:
    """A disruption, from the year `start` on. months: low end, value, high end of how long it lasts; instrument: how
    the country cuts; past: what past events of that took, where the instrument has a past; by_rule: whether no list has
    it, but the rule of `case.by_rule` adds it."""

    disruption: str
    label: str
    status: str
    start: int
    months: Ends
    cuts: tuple[Cut, ...]
    source: str
    instrument: str = ""
    past: Past | None = None
    by_rule: bool = False

    def beyond(self, end: str) -> bool:
        """Whether an end, low or high, is another event than that of the severity itself."""
        return any(getattr(cut, end) != cut.severity for cut in self.cuts)


@frozen
class SupplyEnds:
    """Low and high ends of what supply rests on; where no row gives any they are the value.

    share: (end, node, country, year) [1]; published: (end, node, year) [kt or GWh]; plants: of what all plants of a
    node make, (end, node, year) [kt or GWh], NaN where their list is not whole; utilisation: (end, node) [1]; utilised:
    node of the row that each node's utilisation is of, (node), or `any`; delivery: of announced plants, as multiples of
    their share, (end).
    """

    share: Array
    published: Array
    plants: Array
    utilisation: Array
    utilised: tuple[str, ...]
    delivery: Array


@frozen
class SupplyInputs:
    """All that the exposure of a run rests on, for its active nodes, all countries with supply, and its years."""

    nodes: tuple[Node, ...]
    countries: tuple[str, ...]
    country_labels: dict[str, str]
    years: tuple[int, ...]
    share: Array
    """Share of each country in a node, (node, country, year) [1]; NaN where nothing is known of the node."""
    data_year: NDArray[np.intp]
    """Year that the shares are of, or in which none were found, (node, year); 0 where no row says it."""
    confidence: tuple[str, ...]
    """How sure the shares are, (node): high, medium, low or unknown."""
    leader: tuple[str, ...]
    """Who is taken to lead where nobody publishes a share, (node), or ''."""
    published: Array
    """World supply that batteries can have, (node, year) [kt or GWh]; NaN where none is published."""
    utilisation: Array
    """Need of the reference world ÷ what plants could make, where no supply is published, (node) [1]."""
    announced: Array
    """Nameplate of announced plants, (node, country, year) [kt or GWh]."""
    plants: Array
    """What of it is delivered in the future of the run, as announced."""
    by_plants: Array
    """What all plants make where their list is whole, (node, country, year) [kt or GWh]; else NaN."""
    standing: Array
    """Operating plants × utilisation, (node, country, year) [kt or GWh]."""
    new: NewSupply
    """What may be built because somebody plans for it."""
    is_group: NDArray[np.bool_]
    """Countries that are groups, (country)."""
    unknown: Array
    """Groups that no list places, (country), 0 or 1."""
    governance: Array
    """Newest mean estimate of the Worldwide Governance Indicators, (country); NaN for groups."""
    concern: Array
    """Share of a country's supply that is of the countries of concern, (country), 0 to 1."""
    allies: Array
    """The same of the allies."""
    members: dict[str, Array]
    """The same of each group of countries, by its code."""
    home: tuple[str, ...]
    """Region that a country belongs to, (country), or ''."""
    homes: dict[str, str]
    """The same by code, also of countries without supply."""
    route_bounds: tuple[float, float]
    """Least and largest natural share of graphite in a disruption."""
    origins: tuple[Any, ...]
    """Rows of import_origin at the nodes."""
    cell_capacity: Columns
    """Published capacity, production and demand of cells."""
    blocs: dict[str, dict[str, float]]
    """Share of each country in the cells of a bloc whose region the run splits, by bloc and country."""
    cell_plants: Columns
    """Announced capacity of cells."""
    cell_origin: dict[str, tuple[int, dict[str, PlantEnds]]]
    """Newest observed origin of cells, by region: its year, and the share of each maker."""
    observed_share: dict[int, Array]
    """Share of each country in lithium-ion cells in each of these years, (country) [1]; none where nobody knows."""
    origin: dict[str, float]
    """Share of cells that countries make by [exposure], by code."""
    reserves: tuple[Any, ...]
    """Rows of reserves of the minerals of the run."""
    stability: dict[str, float]
    """Newest estimate of political stability of the Worldwide Governance Indicators, by country."""
    events: tuple[Event, ...]
    status_weights: dict[str, Ends]
    """Weights of disruptions by what became of the measure."""
    past_by_country: dict[str, int]
    """How many past events of each country took effect, by code."""
    past_stops: Past | None
    """What past stops of any kind took, where the run plays stops by rule."""
    rules: tuple[Any, ...]
    """Rows of trade_rule."""
    used: UsedRows
    """Rows used, as inputs_used has them."""
    share_anchors: dict[str, Anchors]
    """Shares of each node as its rows say them, by year and country."""
    supply_rows: dict[str, tuple[Rows, ...]]
    """Rows of the published supply in each year, or behind it those of the plants, or of the utilisation, by node."""
    ends: SupplyEnds
    """Low and high ends of what supply rests on."""

    @cached_property
    def known(self) -> NDArray[np.bool_]:
        """Whether anybody publishes who makes a node, (node)."""
        return np.asarray(np.isfinite(self.share).all(axis=(1, 2)))

    @cached_property
    def share_rows(self) -> dict[tuple[str, int], dict[str, Rows]]:
        """Rows of each country's share, by node and year."""
        out: dict[tuple[str, int], dict[str, Rows]] = {}
        for node, anchors in self.share_anchors.items():
            for point in along(anchors, self.years) if anchors else ():
                out.setdefault((node, point.year), {})[str(point.label[0])] = point.datum.rows
        return out

    @cached_property
    def home_by_country(self) -> dict[str, str]:
        """Region of each country with supply, by code."""
        return dict(zip(self.countries, self.home, strict=True))

    @cached_property
    def node_labels(self) -> dict[str, str]:
        """Label of each node, by code."""
        return {node.node: node.label for node in self.nodes}

    def home_of(self, countries: Iterable[str]) -> NDArray[np.object_]:
        """Region that each of some countries belongs to, or ''."""
        return np.array([self.homes.get(code, "") for code in countries], dtype=object)

    def place(self, node: str) -> int:
        """Position of a node."""
        return self._places[node]

    @cached_property
    def _places(self) -> dict[str, int]:
        """Position of each node."""
        return {each.node: place for place, each in enumerate(self.nodes)}


def supply_inputs(
    run: Run, inputs: Inputs, minerals: Sequence[str], years: Sequence[int], partition: Sequence[str]
) -> SupplyInputs:
    """Read what the exposure of a run rests on. Raises InputError with every name that does not fit."""
    return _Reader(
        run=run, inputs=inputs, minerals=tuple(minerals), years=tuple(years), partition=tuple(partition)
    ).read()


@dataclass(kw_only=True)
class _Reader(Reader):
    minerals: tuple[str, ...]
    years: tuple[int, ...]
    partition: tuple[str, ...]
    _pasts: dict[str, Past | None] = field(default_factory=dict, init=False)

    @property
    def config(self) -> Exposure:
        """[exposure] of the run file."""
        config = self.run.settings.exposure
        assert config is not None
        return config

    def read(self) -> SupplyInputs:
        self._check_names()
        nodes = self._nodes()
        futures = self._futures()
        vectors = {node.node: self._vectors(node.node, futures) for node in nodes}
        plants, located = self._plants(nodes), self._located(nodes)
        made = output_of_plants(self.inputs, self.years)
        made = {place: output for place, output in made.items() if place[0] in vectors}
        known = {label[0] for anchors in vectors.values() for shares in anchors.values() for label in shares}
        known |= {country for country, _ in plants} | {country for shares in located.values() for country in shares}
        known |= {country for _, country in made}
        countries = tuple(code for code in self.inputs.codes("countries") if code in known)
        shape = (len(nodes), len(countries), len(self.years))
        share, built = np.full(shape, np.nan), np.zeros(shape)
        share_ends, published_ends = np.full((2, *shape), np.nan), []
        data_year = np.zeros((len(nodes), len(self.years)), dtype=np.intp)
        leaders = []
        for n, node in enumerate(nodes):
            missing = next(iter(self._unknown(node.node, futures)), None)
            leaders.append("" if missing is None or vectors[node.node] else str(missing.country))
            if missing is not None:
                data_year[n] = missing.year
            if anchors := vectors[node.node]:
                share[n], data_year[n] = _along(anchors, countries, self.years)
                share_ends[:, n] = _ends_along(anchors, countries, self.years, share[n])
            for (country, name), capacity in plants.items():
                if name == node.node:
                    built[n, countries.index(country)] += capacity
        published, supply_rows = [], {}
        by_plants, standing = np.full(shape, np.nan), np.zeros(shape)
        plants_ends = np.full((2, len(nodes), len(self.years)), np.nan)
        for n, node in enumerate(nodes):
            found, rows, ends = self._published(node.node, futures)
            utilisation = self._utilisation(node.node)[1]
            mine = {country: output for (name, country), output in made.items() if name == node.node}
            listed_plants = self._used_plants(node.node, mine)
            for country, output in mine.items():
                standing[n, countries.index(country)] = output.standing
            if self._is_whole(node.node, mine, futures):
                by_plants[n] = self._of_plants(node.node, mine, futures, countries, share[n])
                plants_ends[:, n] = np.sum([output.supply[1:] for output in mine.values()], axis=0)
            whole = ~np.isnan(by_plants[n]).any(axis=0)
            published.append(found)
            published_ends.append(ends)
            supply_rows[node.node] = tuple(
                row if not np.isnan(value) else listed_plants if covered else utilisation
                for value, row, covered in zip(found, rows, whole, strict=True)
            )
        new = new_supply(
            self.inputs, [node.node for node in nodes], [node.node for node in nodes if node.stage == "mining"],
            located, countries,
        )  # fmt: skip
        if self.config.follow_on != "none":
            self.mark("expansion_cost", new.lines["expansion_cost"])
        if self.config.follow_on == "pipeline":
            self.mark("marginal_location", new.lines["marginal_location"])
        kind, homes = self.inputs.by_code("countries", "kind"), self._homes()
        is_group = np.array([kind[country] == "group" for country in countries])
        return SupplyInputs(
            nodes=nodes,
            countries=countries,
            country_labels=self.inputs.by_code("countries", "label"),
            years=self.years,
            share=share,
            data_year=data_year,
            confidence=tuple(self._confidence(node.node, futures) for node in nodes),
            leader=tuple(leaders),
            published=np.stack(published),
            utilisation=np.array([self._utilisation(node.node)[0] for node in nodes]),
            announced=built,
            plants=built
            * self.config.delivery
            * np.array([self._adds_plants(node.node, futures) for node in nodes])[:, None, None],
            by_plants=by_plants,
            standing=standing,
            new=new,
            is_group=is_group,
            unknown=(is_group & ~np.isin(np.array(countries), self._placed(homes))).astype(float),
            governance=self._governance(countries),
            concern=self._members(self.config.concern, countries),
            allies=self._members(self.config.allies, countries),
            members={group: self._members(group, countries) for group in self.inputs.codes("country_groups")},
            home=tuple(homes.get(code, "") for code in countries),
            homes=homes,
            route_bounds=self._route_bounds(),
            origins=self._of_labels("import_origin", "node", {node.node for node in nodes}),
            cell_capacity=self.take_all("cell_capacity"),
            blocs=self._blocs(CELL),
            cell_plants=self.take_all("announced_capacity").drop("line", "corrected_by"),
            cell_origin=(cell_origin := self._cell_origin()),
            observed_share={
                year: _along(anchors, countries, (year,))[0][:, 0]
                for year in dict.fromkeys(year for year, _ in cell_origin.values())
                if (anchors := next((vectors[node.node] for node in _cells(nodes)), {}))
            },
            origin={self._code(name): share for name, share in self.config.origin.items()},
            reserves=self._of_labels("reserves", "mineral", set(self.minerals)),
            stability=self._estimates(STABILITY),
            events=self._events([node.node for node in nodes], futures),
            status_weights=self._status_weights(),
            past_by_country=self._past_by_country(),
            past_stops=self._past_stops(),
            rules=tuple(self.rows("trade_rule")),
            used=self.used(),
            share_anchors=vectors,
            supply_rows=supply_rows,
            ends=SupplyEnds(
                share_ends,
                np.stack(published_ends, axis=1),
                plants_ends,
                *self._utilised(nodes),
                self._delivery_ends(),
            ),
        )

    def _check_names(self) -> None:
        config, problems = self.config, []
        library = set(self.inputs.tables["disruption"].columns["disruption"])
        lists = {
            "future": ([config.future], self.inputs.codes("supply_futures"), "supply_futures.csv"),
            "other_futures": (config.other_futures, self.inputs.codes("supply_futures"), "supply_futures.csv"),
            "disruptions": (config.disruptions, sorted(library), "disruption.csv"),
            "concern": ([config.concern], self.inputs.codes("country_groups"), "country_groups.csv"),
            "allies": ([config.allies], self.inputs.codes("country_groups"), "country_groups.csv"),
            "nodes": (config.nodes, self.inputs.codes("nodes"), "nodes.csv"),
        }
        for key, (names, known, file) in lists.items():
            for name in names:
                if name not in known:
                    why = f"not in {file}{did_you_mean(name, known)} (there: {listed(known, 12)})"
                    problems.append(self.run.problem(("exposure", key), f"{key} = {name!r}", why))
        if problems := [*problems, *self._unknown_makers(), *self._unknown_in_events()]:
            raise InputError(problems)

    @cached_property
    def _codes_of_countries(self) -> dict[str, str]:
        """Code of each country by its code and its label."""
        label = self.inputs.by_code("countries", "label")
        return {**{label: code for code, label in label.items()}, **{code: code for code in label}}

    def _code(self, country: str) -> str:
        """Code of a country by its code or label."""
        return self._codes_of_countries[country]

    def _unknown_makers(self) -> Iterable[Problem]:
        """Names in [exposure] origin that no country has, and countries named twice."""
        seen: dict[str, str] = {}
        for name in self.config.origin:
            known = self._codes_of_countries
            if name not in known:
                why = f"not in countries.csv{did_you_mean(name, list(known))}; expected a code or a label of it"
                yield self.run.problem(("exposure", "origin", name), f"origin has {name!r}", why)
            elif (twice := seen.setdefault(known[name], name)) != name:
                why = f"is the same country as {twice!r}; name it once"
                yield self.run.problem(("exposure", "origin", name), f"origin has {name!r}", why)

    def _cell_origin(self) -> dict[str, tuple[int, dict[str, PlantEnds]]]:
        """Newest observed origin of the regions of the reference world, its rows marked."""
        found = {region: observed_origin(self.inputs, region) for region in self.partition}
        used = {region: origin for region, origin in found.items() if origin is not None}
        rows = self.inputs.rows_by("cell_origin", "region", "year", "family")
        self.use("cell_origin", [row for region in used for row in rows.get((region, used[region][0], ANY), [])])
        return used

    def _unknown_in_events(self) -> Iterable[Problem]:
        """Names in the events of the run file that no list has, and names of events that the library has."""
        library = set(self.inputs.tables["disruption"].columns["disruption"])
        for name, event in self.config.event.items():
            if name in library:
                why = "is a code of disruption.csv; give the event of this run another name"
                yield self.run.problem(("exposure", "event", name), f"event {name!r}", why)
            for key, codes, table in (("country", event.country, "countries"), ("nodes", event.nodes, "nodes")):
                known = [*self.inputs.codes(table), *([ANY] if key == "nodes" else [])]
                for code in codes:
                    if code not in known:
                        why = f"not in {table}.csv{did_you_mean(code, known)} (there: {listed(known, 12)})"
                        yield self.run.problem(("exposure", "event", name, key), f"{key} = {code!r}", why)
            if event.instrument and self._past(event.instrument) is None:
                why = "no event of event_history.csv is of this kind; leave it out"
                where = ("exposure", "event", name, "instrument")
                yield self.run.problem(where, f"instrument = {event.instrument!r}", why)

    def _of(self, table: str, future: str, node: str) -> list[Any]:
        """Rows of a node in a future, not marked."""
        return self.inputs.rows_by(table, "future", "node").get((future, node), [])

    def _of_labels(self, table: str, column: str, labels: set[str]) -> tuple[Any, ...]:
        """Rows of a table that have one of some labels, marked as used."""
        return tuple(self.use(table, [row for row in self.inputs.rows(table) if getattr(row, column) in labels]))

    # ------------------------------------------------------------------ nodes and their use

    def _nodes(self) -> tuple[Node, ...]:
        """Active nodes, each with what uses it: one for each physical step. Raises InputError for a node that goes into
        some minerals of the run and others too, and for one that [exposure] cannot place."""
        rows, minerals = self.inputs.rows("nodes"), set(self.minerals)
        step = {row.node: row.same_as or row.node for row in rows}
        chosen = {step[node]: node for node in self.config.nodes}
        products, uses = self._products(), self._uses()
        out, problems = [], []
        for row in rows:
            if chosen.get(step[row.node], step[row.node]) != row.node:
                continue
            mine = [part for part in products.get(row.node, ()) if part[0] in minerals]
            by_chemistry = {c: use for c, use in uses.get(row.node, {}).items() if use[0] in minerals | {ENERGY}}
            if mine or by_chemistry:
                needs = [part[0] for part in products.get(row.node, ())]
                needs += [use[0] for use in uses.get(row.node, {}).values()]
                if why := too_narrow(needs, minerals | {ENERGY}):
                    problems.append(self.run.problem(("scope", "minerals"), f"node {row.node!r}", why))
                out.append(Node(
                    row.node, row.label, row.item, row.stage, row.part, row.unit, row.in_path == "yes",
                    row.strategic_raw_material == "yes", tuple(part[:3] for part in mine),
                    {c: use[:2] for c, use in by_chemistry.items()}, tuple(part[3] for part in mine),
                    {c: use[2] for c, use in by_chemistry.items()}, tuple(part[4] for part in mine),
                ))  # fmt: skip
        active = {chosen.get(step[node.node], node.node): node for node in out}
        feeds = self._feeds({code: chosen.get(first, first) for code, first in step.items()}, active, problems)
        if problems:
            raise InputError(problems)
        return tuple(replace(node, feeds=feeds[node.node]) if node.node in feeds else node for node in out)

    def _feeds(self, step: Mapping[str, str], active: Mapping[str, Node], problems: list[Problem]) -> dict[str, str]:
        """Which active node on a path each other feeds by stage_yield, by code. All of it goes into one, of a later
        stage; else it is a problem. step: active node of the physical step of each."""
        out: dict[str, str] = {}
        table = self.inputs.tables["stage_yield"]
        for (name,), rows in self.inputs.rows_by("stage_yield", "node").items():
            fed = [step[row.feeds] for row in rows if step.get(row.feeds) in active]
            fed = [code for code in fed if active[code].in_path]
            if name not in active or not fed:
                continue
            node, into = active[name], active[fed[0]]
            if len(rows) > 1:
                why = f"feeds {listed([row.feeds for row in rows])}; [exposure] follows it into one node alone"
            elif STAGES.index(node.stage) >= STAGES.index(into.stage):
                why = f"feeds {into.node}, which is no later stage ({node.stage}, {into.stage}); [exposure] needs one"
            else:
                out[name] = into.node
                continue
            why += (
                ": let its rows name the minerals that it ends in, with the yields multiplied, or leave [exposure] out"
            )
            problems.append(Problem(table.file, int(rows[0].line), f"node = {name!r}", why))
        return out

    def _products(self) -> dict[str, list[tuple[str, str, float, Rows, str]]]:
        """What a node makes per mass of a mineral, along what it feeds: (mineral, route, kg per kg, rows, label of
        those that one mass gives together)."""
        out: dict[str, list[tuple[str, str, float, Rows, str]]] = {}
        for node, found in ways(self.rows("stage_yield")).items():
            for way in found:
                per_kg, behind = 1.0, Rows((Term(ONE, ()),))
                for row in reversed(way.rows):
                    per_kg *= float(row.value)
                    behind = behind.times(self.place("stage_yield", row.line))
                out.setdefault(node, []).append((way.mineral, way.route, per_kg, behind, way.together))
        return out

    def _uses(self) -> dict[str, dict[str, tuple[str, float, Rows]]]:
        """Use of a node by base chemistry, by the most specific row: its own, its family's, that of any."""
        kinds = Kinds(self.inputs)
        out: dict[str, dict[str, tuple[str, float, Rows]]] = {}
        rows: dict[str, dict[str, Any]] = {}
        for row in self.rows("node_use"):
            rows.setdefault(row.node, {})[row.chemistry] = row
        for node, row_of in rows.items():
            for chemistry, base in kinds.base.items():
                names = (chemistry, kinds.family[base], ANY)
                row = next((row_of[name] for name in names if name in row_of), None)
                if row is not None and row.value > 0:
                    behind = Rows.row(self.place("node_use", row.line))
                    out.setdefault(node, {})[chemistry] = (str(row.per), float(row.value), behind)
        return out

    # ------------------------------------------------------------------ supply

    def _futures(self) -> tuple[str, ...]:
        """The future of the run and those it extends, in turn."""
        parent = self.inputs.by_code("supply_futures", "extends")
        out, name = [], self.config.future
        while name:
            out.append(name)
            name = parent[name]
        return tuple(out)

    def _vectors(self, node: str, futures: tuple[str, ...]) -> Anchors:
        """Shares by given year and country."""
        anchors: Anchors = {}
        for future in futures:
            before = min(anchors, default=10_000)
            rows = [row for row in self._of("supply_share", future, node) if row.year < before and _known(row)]
            self.use("supply_share", rows)
            for row in rows:
                share = datum(row.value, row.low, row.high, self.place("supply_share", row.line))
                by_country = anchors.setdefault(row.year, {})
                for country, mine in self._placed_in(node, row.country, share):
                    by_country[country,] = sum_of(by_country[country,], mine) if (country,) in by_country else mine
        return anchors

    def _placed_in(self, node: str, country: str, value: Datum) -> Iterable[tuple[str, Datum]]:
        """A value of a country; that of a bloc which the run splits, by the countries of it."""
        rows = self._split.get((country, node)) or self._split.get((country, ANY), [])
        if not rows:
            return [(country, value)]
        named = self.inputs.tables["group_place"].named
        shares = ((row.country, datum(row.value, row.low, row.high, named(row.line))) for row in rows)
        self.use("group_place", rows)
        return [(place, share_of(value, [share], rest=False)) for place, share in shares]

    @cached_property
    def _split(self) -> dict[tuple[str, str], list[Any]]:
        """Rows of the blocs, by bloc and node, of which a country is in a region that is only part of one of the
        World's parts."""
        places, wide = self.inputs.places, self.inputs.places.parts[WORLD]
        found = self.inputs.rows_by("group_place", "group", "node")
        fine = {code for part in self.partition if part not in wide for code in places.members[part]}
        groups = {group for (group, _), rows in found.items() if fine & {row.country for row in rows}}
        return {key: rows for key, rows in found.items() if key[0] in groups}

    def _blocs(self, node: str) -> dict[str, dict[str, float]]:
        """Share of each country in a node of the blocs that are split and have a region, by bloc."""
        one, homes = Datum(1.0, 1.0, 1.0, Rows()), self.inputs.by_code("countries", "region")
        return {
            group: {code: share.value for code, share in self._placed_in(node, group, one)}
            for group in dict.fromkeys(group for group, _ in self._split) if homes[group]
        }  # fmt: skip

    def _unknown(self, node: str, futures: tuple[str, ...]) -> Sequence[Any]:
        """Rows which say that nobody publishes the shares of a node, marked as used; by future as `futures`."""
        rows = [row for future in futures for row in self._of("supply_share", future, node) if not _known(row)]
        return self.use("supply_share", rows)

    def _confidence(self, node: str, futures: tuple[str, ...]) -> str:
        return next((row.confidence for future in futures for row in self._of("supply_share", future, node)), "")

    def _published(self, node: str, futures: tuple[str, ...]) -> tuple[Array, list[Rows], Array]:
        """World supply that batteries can have, (year), its rows, and its ends, (end, year); NaN before the first row
        and where is none."""
        for future in futures:
            if rows := sorted(self._of("battery_supply", future, node), key=lambda row: row.year):
                self.use("battery_supply", rows)
                values = [row.value * (1.0 if np.isnan(row.available) else row.available) for row in rows]
                found = np.interp(self.years, [row.year for row in rows], values)
                anchors: Anchors = {
                    row.year: {(): datum(row.value, row.low, row.high, self.place("battery_supply", row.line))}
                    for row in rows
                }
                there = [point.datum for point in along(anchors, self.years)]
                behind = [each.rows for each in there]
                # Of what is published the same part can go to batteries at both ends.
                ends = np.array([[each.low / each.value, each.high / each.value] for each in there]).T
                found = np.where(np.array(self.years) >= rows[0].year, found, np.nan)
                return found, behind, found * ends
        nothing = np.full((2, len(self.years)), np.nan)
        return nothing[0], [Rows()] * len(self.years), nothing

    def _utilised(self, nodes: Sequence[Node]) -> tuple[Array, tuple[str, ...]]:
        """Ends of the utilisation of each node, (end, node), and the node of the row that they are of."""
        rows = {row.node: row for row in self.inputs.rows("supply_utilisation")}
        found = [rows.get(node.node, rows.get(ANY)) for node in nodes]
        ends = [PlantEnds.of(row) if row is not None else PlantEnds(1.0, 1.0, 1.0) for row in found]
        return np.array([[each.low, each.high] for each in ends]).T, tuple("" if r is None else r.node for r in found)

    def _delivery_ends(self) -> Array:
        """Ends of what is delivered of announced plants, as multiples of it: those of plans."""
        planned = delivered(self.inputs).get(PLANNED)
        return np.ones(2) if planned is None else np.array([planned.low, planned.high]) / planned.value

    def _utilisation(self, node: str) -> tuple[float, Rows]:
        """Share of what plants could make that the reference world needs, and its row; 1 without one."""
        for name in (node, ANY):
            if rows := self.rows("supply_utilisation", node=name):
                return rows[0].value, Rows.row(self.place("supply_utilisation", rows[0].line))
        return 1.0, Rows()

    def _plants(self, nodes: tuple[Node, ...]) -> dict[tuple[str, str], Array]:
        """Nameplate that announced plants add to what operates, by (country, node), (year) [kt or GWh].

        A row holds the whole plant of a company from its year on; what operates is in the shares of today, and what is
        an ambition, paused or cancelled is left out, as is nameplate in GWh of a node counted in kt.
        """
        units = {node.node: f"{node.unit}/yr" for node in nodes}
        out: dict[tuple[str, str], Array] = {}
        for (node, _, country), found in self.inputs.rows_by("material_plant", "node", "company", "country").items():
            rows = self.use(
                "material_plant",
                [row for row in found if row.unit == units.get(node) and row.status not in NOT_COMING],
            )
            if rows:
                rows = sorted(rows, key=lambda row: row.year)
                standing = max((row.value for row in rows if row.status == "operating"), default=0.0)
                at = np.searchsorted([row.year for row in rows], self.years, side="right")
                capacity = np.array([0.0, *(row.value for row in rows)])[at]
                out[country, node] = out.get((country, node), 0.0) + np.maximum(capacity - standing, 0.0)
        return out

    def _used_plants(self, node: str, made: dict[str, Output]) -> Rows:
        """Rows of the plants of a node, marked as used; they stand behind what these make."""
        names = []
        for output in made.values():
            for table, lines in output.lines.items():
                self.mark(table, lines)
                names += [self.place(table, line) for line in sorted(lines)]
        if made:
            self.mark("plant_delivery", (row.line for row in self.inputs.rows("plant_delivery")))
            self.mark("plant_utilisation", (utilisation_row(self.inputs, node, country).line for country in made))
        return Rows(tuple(term for name in names for term in Rows.row(name).behind().terms))

    def _is_whole(self, node: str, made: dict[str, Output], futures: tuple[str, ...]) -> bool:
        """Whether the plants that are listed are all that make a node, as far as can be seen.

        The country that leads the newest shares of today has at least half of its share among them in every year, and
        none of its plants has a capacity that nobody publishes.
        """
        rows = [row for row in self._of("supply_share", futures[-1], node) if _known(row)]
        newest = max((row.year for row in rows), default=0)
        shares = {row.country: row.value for row in rows if row.year == newest}
        if not shares:
            return False
        leader = max(shares, key=lambda country: shares[country])
        if leader not in made or made[leader].unknown:
            return False
        total = np.sum([output.supply[0] for output in made.values()], axis=0)
        least = WHOLE * shares[leader] / sum(shares.values())
        return bool(((total > 0) & (made[leader].supply[0] >= least * total)).all())

    def _of_plants(
        self, node: str, made: dict[str, Output], futures: tuple[str, ...], countries: tuple[str, ...], share: Array
    ) -> Array:
        """What plants make, (country, year): where they stand, or by the shares of a future that has its own."""
        out = np.zeros((len(countries), len(self.years)))
        for country, output in made.items():
            out[countries.index(country)] = output.supply[0]
        own = any(_known(row) for future in futures[:-1] for row in self._of("supply_share", future, node))
        return share / share.sum(axis=0) * out.sum(axis=0) if own else out

    def _located(self, nodes: tuple[Node, ...]) -> dict[str, dict[str, Array]]:
        """Share of each country in what is added to each node, (value, low, high)."""
        out: dict[str, dict[str, Array]] = {}
        for node in nodes:
            for country, share in marginal_location(self.inputs, node.node).items():
                value, low, high = map(float, share)
                for place, part in self._placed_in(node.node, country, Datum(value, low, high, Rows())):
                    mine = out.setdefault(node.node, {})
                    mine[place] = mine.get(place, 0.0) + np.array([part.value, part.low, part.high])
        return out

    def _adds_plants(self, node: str, futures: tuple[str, ...]) -> bool:
        """Whether announced plants come on top of a node's shares: not where a future that extends `announced` has
        shares of its own, which hold them already."""
        before = futures[: futures.index("announced")] if "announced" in futures else futures
        return "announced" in futures and not any(self._of("supply_share", future, node) for future in before)

    def _governance(self, countries: tuple[str, ...]) -> Array:
        """Newest mean estimate of governance, (country); NaN where there is none."""
        estimates = self._estimates(INDICATOR)
        return np.array([estimates.get(code, np.nan) for code in countries], dtype=float)

    def _estimates(self, indicator: str) -> dict[str, float]:
        """Newest estimate of an indicator by country."""
        rows = sorted(self.rows("governance", indicator=indicator), key=lambda row: row.year)
        return {row.country: row.value for row in rows}

    def _placed(self, homes: dict[str, str]) -> list[str]:
        """Codes whose place is known: at home in a region, or in a group of countries."""
        return [*homes, *self.inputs.tables["country_group"].columns["country"]]

    def _members(self, group: str, countries: tuple[str, ...]) -> Array:
        inside = {row.country for row in self.inputs.rows_by("country_group", "group").get((group,), [])}
        return np.array([code in inside for code in countries], dtype=float)

    def _homes(self) -> dict[str, str]:
        """Region of the reference world that each country belongs to, where it does: that whose members name it, or
        that of the list of countries."""
        places, listed_in = self.inputs.places, self.inputs.by_code("countries", "region")
        codes = dict.fromkeys([*listed_in, *(code for part in self.partition for code in sorted(places.members[part]))])
        home = {code: places.home(code, listed_in.get(code, ""), self.partition) for code in codes}
        return {code: region for code, region in home.items() if region}

    def _route_bounds(self) -> tuple[float, float]:
        """Least and largest natural share of anode graphite that makers can turn to in a disruption."""
        bound = {row.bound: float(row.value) for row in self.rows("graphite_route_bound")}
        return bound["low"], bound["high"]

    # ------------------------------------------------------------------ disruptions

    def _contained(self, row: Any, node: str, futures: tuple[str, ...]) -> bool:
        """Whether the shares of a node hold a measure already, by the future that they come from."""
        names = split(str(row.contained_in))
        return ANY in names or next((f for f in futures if self._of("supply_share", f, node)), "") in names

    def _events(self, nodes: Sequence[str], futures: tuple[str, ...]) -> tuple[Event, ...]:
        """The library, or what the run names of it, on the nodes that this run has. What the shares of a node hold
        already is not counted again."""
        chosen = self.config.disruptions
        library: dict[str, list[Any]] = {}
        for row in self.inputs.rows("disruption"):
            if row.disruption in chosen if chosen else row.played == "yes":
                library.setdefault(row.disruption, []).append(row)
        self.use("disruption", list(chain.from_iterable(library.values())))
        out, problems = [], []
        for name, rows in library.items():
            first = rows[0]
            past = self._past(first.instrument)
            cuts = tuple(
                Cut(str(row.country), node, str(row.kind), *ends_of(row.value, row.low, row.high, past, "lost"))
                for row in rows for node in nodes if row.node in (node, ANY) and not self._contained(row, node, futures)
            )  # fmt: skip
            if chosen and (not cuts or first.start > self.years[-1]):
                why = f"hits {listed([row.node for row in rows], 5)}, which no chemistry or mineral of the run uses"
                if cuts:
                    why = f"starts in {first.start}, after the last year of the run"
                elif any(row.node in nodes for row in rows):
                    why = f"is in the shares of the future {self.config.future!r} already, and is not counted again"
                place = ("exposure", "disruptions")
                problems.append(self.run.problem(place, f"disruptions has {name!r}", f"{why}; leave it out"))
            elif cuts:
                months, low, high, _ = ends_of(first.months, first.months_low, first.months_high, past, "months")
                out.append(Event(
                    name, first.label, first.status, first.start, Ends(low, months, high), cuts, first.source,
                    first.instrument, past,
                ))  # fmt: skip
        out += self._events_of_run(nodes, problems)
        if problems:
            raise InputError(problems)
        for past in (event.past for event in out if event.past is not None):
            self.mark("event_history", past.lines)
        return tuple(out)

    def _events_of_run(self, nodes: Sequence[str], problems: list[Problem]) -> Iterable[Event]:
        """Events that the run file holds itself, in its order. A node stands for the one that is active of its step."""
        step = {row.node: row.same_as or row.node for row in self.inputs.rows("nodes")}
        for name, event in self.config.event.items():
            past = self._past(event.instrument)
            severity = ends_of(event.severity.value, event.severity.low, event.severity.high, past, "lost")
            steps = {step.get(node, node) for node in event.nodes}
            hit = [node for node in nodes if ANY in event.nodes or step[node] in steps]
            cuts = tuple(Cut(country, node, event.kind, *severity) for country in event.country for node in hit)
            start = self.years[0] if event.start is None else event.start
            place = ("exposure", "event", name)
            if not hit:
                why = f"hits {listed(event.nodes, 5)}, which no chemistry or mineral of the run uses; leave it out"
                problems.append(self.run.problem((*place, "nodes"), f"event {name!r}", why))
            if start > self.years[-1]:
                why = f"starts in {start}, after the last year of the run; start it by {self.years[-1]}"
                problems.append(self.run.problem((*place, "start"), f"event {name!r}", why))
            months, low, high, _ = ends_of(event.months.value, event.months.low, event.months.high, past, "months")
            yield Event(
                name, event.label or name, event.status, start, Ends(low, months, high), cuts, "",
                event.instrument, past,
            )  # fmt: skip

    def _status_weights(self) -> dict[str, Ends]:
        """Weights of disruptions by status; their ends are the value where a row gives none."""
        rows = {row.status: PlantEnds.of(row) for row in self.rows("event_weight")}
        return {status: Ends(ends.low, ends.value, ends.high) for status, ends in rows.items()}

    def _past_by_country(self) -> dict[str, int]:
        """How many past events of each country took effect."""
        came = past_of(self.inputs.rows("event_history"), STOP)
        if came is None:
            return {}
        self.mark("event_history", came.lines)
        countries = {row.event: str(row.country) for row in self.inputs.rows("event_history")}
        return dict(Counter(countries[event] for event in came.events))

    def _past_stops(self) -> Past | None:
        """What past stops of any kind took, for stops by rule."""
        return self._past(STOP) if self.config.library == "rule" else None

    def _past(self, instrument: str) -> Past | None:
        """What past events of an instrument took; None where none is named."""
        if not instrument:
            return None
        if instrument not in self._pasts:
            self._pasts[instrument] = past_of(self.inputs.rows("event_history"), instrument)
        return self._pasts[instrument]


def _known(row: Any) -> bool:
    """Whether a row of supply_share holds a share."""
    return bool(row.quality != UNKNOWN)


def _cells(nodes: Iterable[Node]) -> list[Node]:
    """Nodes that are cells, the first that of lithium-ion, as `case.origin.Origins` has them."""
    return sorted((node for node in nodes if node.stage == "cell"), key=lambda node: not node.node.startswith(CELL))


def _along(anchors: Anchors, countries: tuple[str, ...], years: tuple[int, ...]) -> tuple[Array, NDArray[np.intp]]:
    """Shares (country, year), linear between given years and held beyond; and the year of the data of each, (year)."""
    known = sorted(anchors)
    shares_of = [{label[0]: share.value for label, share in anchors[year].items()} for year in known]
    table = np.array([[shares.get(code, 0.0) for code in countries] for shares in shares_of])
    shares = np.zeros((len(countries), len(years)))
    for k in np.flatnonzero(table.any(axis=0)):
        shares[k] = np.interp(years, known, table[:, k])
    data = [max((year for year in known if year <= each), default=known[0]) for each in years]
    return shares, np.array(data, dtype=np.intp)


def _ends_along(anchors: Anchors, countries: tuple[str, ...], years: tuple[int, ...], share: Array) -> Array:
    """Ends of shares, (end, country, year); the shares themselves, (country, year), where none has any."""
    if all(each.low == each.high for shares in anchors.values() for each in shares.values()):
        return np.stack([share, share])
    ends = np.zeros((2, *share.shape))
    at = {code: place for place, code in enumerate(countries)}
    for point in along(anchors, years):
        ends[:, at[str(point.label[0])], years.index(point.year)] = point.datum.low, point.datum.high
    return ends
