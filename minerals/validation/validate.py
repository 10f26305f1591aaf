"""The model held against results that others published: ours, theirs, their ratio, and a verdict.

A row of the table names its `kind`; `KINDS` has the function that finds our value for it. A run is computed once, and
only for the scenarios, minerals and years that rows ask for; stock and recycling are followed only where a kind needs
them. A disagreement is not tuned away: it stays, with the measured ratio and its reason, and `low` and `high` hold it
where it was measured, so that a change of the model which moves it is noticed.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from ..case.cell_model import CellModel
from ..case.prices import price_curves
from ..config import Run, Years, read_run
from ..errors import UsageError
from ..results.result import Result
from ..results.tables.prices import price_tables
from ..shipped import inputs_folder, published_file
from ..studies.run import run
from ..tables.check import split
from ..tables.expansion import material_price
from ..tables.inputs import Inputs, read_inputs
from ..tables.plants import CANCELLED, capacity, cell_plants, material_plants, observed_origin
from ..tables.series import Anchors, at, datum, outside
from .figure17 import family
from .published import Published, read_published

#: Ours agrees with a published number where it is within this part of it.
AGREES = 0.10
#: Anodes that hold no graphite.
GRAPHITE_FREE = ("hard carbon", "lithium metal")
#: Plans of plants that give no year count from this one on.
UNDATED = 2030
#: Decimals to which a ratio is compared with its bounds, which are written with two.
EXACT = 9


class Model:
    """What the model says: the shipped inputs, and each run that the rows ask for, computed when first needed."""

    def __init__(self, rows: Sequence[Published]) -> None:
        self.rows = rows
        self.runs: dict[tuple[str, bool, str], Result] = {}

    @cached_property
    def inputs(self) -> Inputs:
        """The shipped input tables."""
        return read_inputs(inputs_folder())

    @cached_property
    def cells(self) -> CellModel:
        """Cells from their electrochemistry."""
        return CellModel(self.inputs)

    @cached_property
    def parts(self) -> set[str]:
        """Regions whose demand is a part of a wider one's: no shipped run splits them off."""
        return set(self.inputs["region_part"]["region"])

    def run(self, row: Published) -> Result:
        """The result of the row's run, followed through stock and recycling where its kind needs them; of the row's
        region alone where it is a part of a wider one."""
        key = self._key(row)
        if key not in self.runs:
            self.runs[key] = run(_least(*key, [other for other in self.rows if self._key(other) == key]))
        return self.runs[key]

    def _key(self, row: Published) -> tuple[str, bool, str]:
        """What a run is computed once for: its name, whether stock is followed, and the part of a region, or ''."""
        return row.run, row.kind in STOCK, row.region if row.region in self.parts else ""

    def rows_of(self, row: Published, table: str, scenario: str = "", **labels: str) -> pd.DataFrame:
        """Rows of a result table for the scenario, region, segments and year of the row, and for `labels`.

        Raises UsageError where there are none: a comparison with nothing says nothing.
        """
        frame = self.run(row)[table]
        wanted = {"scenario": scenario or row.scenario, "year": row.year, **labels}
        if row.region:
            wanted["region"] = row.region
        for name, label in wanted.items():
            frame = frame[frame[name] == label]
        if row.segments and "segment" in frame:
            frame = frame[frame["segment"].isin(row.segments)]
        if frame.empty:
            raise _nothing(row, f"the run {row.run} has no rows for it")
        return frame


def _nothing(row: Published, why: str) -> UsageError:
    """What is said where there is nothing to compare a row with."""
    return UsageError(f"{published_file().name}:{row.line} {row.id}: {why}")


def _least(name: str, stock: bool, region: str, rows: Sequence[Published]) -> Run:
    """The run of that name for no more than the scenarios, minerals and years of the rows, and of one region if given.

    A run that follows a stock begins where its file says: earlier years need a history that the inputs do not have.
    """
    config = read_run(name)
    names = {row.scenario for row in rows} | {row.against for row in rows}
    years = [row.year for row in rows]
    first = config.settings.scope.years.first if stock else min(years)
    update: dict[str, Any] = {
        "years": Years(first=first, last=max(years)),
        "minerals": tuple(dict.fromkeys(row.mineral for row in rows if row.mineral)),
    }
    scope = config.settings.scope.model_copy(update=update | ({"regions": (region,)} if region else {}))
    scenarios = {key: value for key, value in config.settings.scenario.items() if key in names}
    update = {"scope": scope, "scenario": scenarios} | ({} if stock else {"flows": None})
    return replace(config, settings=config.settings.model_copy(update=update))


# ---------------------------------------------------------------- our value, by kind


def _cells(row: Published, model: Model) -> float:
    """Batteries put into use [GWh]; of one chemistry where the row names one."""
    frame = model.rows_of(row, "cells")
    return float((frame[frame["chemistry"] == row.chemistry] if row.chemistry else frame)["value"].sum())


def _mineral_demand(row: Published, model: Model, scenario: str = "") -> float:
    """Mineral in the batteries put into use [kt]; zero where none of them holds any."""
    frame = model.rows_of(row, "mineral_demand", scenario)
    return float(frame.loc[frame["mineral"] == row.mineral, "value"].sum())


def _change(row: Published, model: Model) -> float:
    """Relative change of mineral demand against another scenario [1]."""
    return _mineral_demand(row, model) / _mineral_demand(row, model, row.against) - 1


def _content(row: Published, model: Model) -> float:
    """Mineral per energy of the mix of cells: demand ÷ cells [kg/kWh]. GWh differences cancel out of it."""
    return _mineral_demand(row, model) / float(model.rows_of(row, "cells")["value"].sum())


def _chemistry_share(row: Published, model: Model) -> float:
    """Share of a chemistry in the batteries put into use [1], by energy."""
    return _cells(row, model) / float(model.rows_of(row, "cells")["value"].sum())


def _retirements(row: Published, model: Model) -> float:
    """Batteries that leave their first use [GWh]."""
    return float(model.rows_of(row, "retirements")["value"].sum())


def _flow(row: Published, model: Model, name: str) -> float:
    """A flow of the row's mineral through the chain [kt]."""
    return float(model.rows_of(row, "mineral_flows", flow=name, mineral=row.mineral)["value"].sum())


def _primary_cut(row: Published, model: Model) -> float:
    """How much less has to be mined because batteries come back: recovered at end of life ÷ demand [1].

    Prompt scrap is left out on both sides: it is neither in `mineral_demand` nor in what end of life gives back.
    """
    return _flow(row, model, "recovered") / _flow(row, model, "mineral_demand")


def _end_of_life_feedstock(row: Published, model: Model) -> float:
    """Share of end-of-life batteries in the mineral that recyclers get, the rest being scrap of cell making [1]."""
    collected = _flow(row, model, "collected")
    return collected / (collected + _flow(row, model, "prompt_scrap"))


def _upstream(row: Published, model: Model) -> float:
    """Raw and processed material for the primary part of cell making's input [kt], the nodes of the row added up."""
    return sum(float(model.rows_of(row, "upstream", node=node)["value"].sum()) for node in row.node)


def _material_value(row: Published, model: Model) -> float:
    """What the upstream need of the row's nodes is worth [billion USD_2025]."""
    return sum(float(model.rows_of(row, "material_value", node=node)["value"].sum()) for node in row.node) / 1e3


def graphite_free_share(before: float, change: float, displaced: float = 1.0) -> float:
    """Share of GWh without graphite after graphite demand has changed, at equal GWh: the two-number identity.

    A published change of graphite says little about which cells take over, but how much of the market they take.
    With f the graphite-free share and g the mean graphite content of the cells that hold graphite, demand per GWh is
    G = (1 − f) · g. Cells that lose their place held `displaced` times g before, so that

        G' − G = −(f' − f) · displaced · g   and   f' = f − change · (1 − f) / displaced.

    before: f; change: G'/G − 1. With displaced = 1 it is f' = 1 − (1 − f)(1 + change): one percentage fixes one share.
    """
    return before - change * (1 - before) / displaced


def graphite_change(before: float, after: float) -> float:
    """Change of graphite demand that graphite-free shares alone give: (1 − f')/(1 − f) − 1, the identity read back."""
    return (1 - after) / (1 - before) - 1


def _free_share(row: Published, model: Model, scenario: str = "") -> float:
    """Share of GWh in cells whose anode holds no graphite [1]."""
    frame = model.rows_of(row, "cells", scenario)
    codes = model.run(row).record["codes"]["chemistry"]
    free = frame["chemistry"].map(lambda code: codes[code]["anode"] in GRAPHITE_FREE)
    return float(frame.loc[free, "value"].sum() / frame["value"].sum())


def _identity(row: Published, model: Model) -> float:
    """Change of graphite demand as the identity gives it from the model's graphite-free shares [1]."""
    return graphite_change(_free_share(row, model, row.against), _free_share(row, model))


def _material(row: Published, model: Model) -> float:
    """Material of the row's node in the batteries put into use [kt]: its mineral times what node_use says of it."""
    per = {
        use.chemistry: use.value
        for use in model.inputs.rows("node_use")
        if use.node in row.node and use.per == row.mineral
    }
    if not per:
        raise _nothing(row, "node_use says nothing of its node and mineral")
    frame = model.rows_of(row, "mineral_demand", mineral=row.mineral)
    return float((frame["value"] * frame["chemistry"].map(per).fillna(0.0)).sum())


def _plants(row: Published, model: Model) -> float:
    """Plants of cells, or of the row's node, in the region or country of the row [GWh/yr or kt/yr].

    With a maker those that it owns abroad, with a chemistry those of its family; a plant of several counts in equal
    parts. What is counted depends on the kind, see `PLANTS`.
    """
    plants = [plant for plant in material_plants(model.inputs) if plant.node in row.node and plant.unit == row.unit]
    by = ["country", "owner", *(["family"] if row.chemistry else [])]
    found = capacity(model.inputs, plants if row.node else cell_plants(model.inputs), [row.year], by, UNDATED)
    if row.chemistry:
        family = next(each.family for each in model.inputs.rows("chemistries") if each.chemistry == row.chemistry)
        found = found[found["family"] == family]
    if row.maker:
        found = found[(found["owner"] == row.maker) & (found["country"] != row.maker)]
    if row.region:
        found = found[found["country"].isin(_members(row.region, model))]
    if found.empty:
        raise _nothing(row, "no list has plants for it")
    return float(found[PLANTS[row.kind]].sum())


def _plants_listed(row: Published, model: Model) -> float:
    """How many commercial plants of a new chemistry stand or are to come in a country: of cells, or of silicon anodes.

    The chemistry is that of next_gen_plant; what is paused or cancelled does not count.
    """
    here = _members(row.region, model)
    found = [
        plant for plant in model.inputs.rows("next_gen_plant")
        if plant.technology == row.chemistry and plant.country in here and plant.scale == "commercial"
        and plant.status not in ("paused", CANCELLED) and (plant.item == "cell" or plant.technology == "Si-anode")
    ]  # fmt: skip
    if not found:
        raise _nothing(row, "no list has plants for it")
    return float(len(found))


def _cell_material(row: Published, model: Model) -> float:
    """What a mineral of a kWh of a chemistry, pack included, is worth as the product of the row's node, at the price of
    the year [USD_2025/kWh]: of products that hold nothing else, graphite as anode material or copper as refined."""
    inputs = model.inputs
    cell = inputs.rows_by("mineral_intensity", "chemistry", "mineral").get((row.chemistry, row.mineral), [])
    price = [float(material_price(inputs, node, [row.year])[0, 0]) for node in row.node]
    if not cell or len(price) != 1 or math.isnan(price[0]):
        raise _nothing(row, "it has no intensity, or no one node with a price")
    pack = sum(each.value for each in inputs.rows("pack_intensity") if each.mineral == row.mineral)
    return float((cell[0].value + pack) * price[0])


def _specific_energy(row: Published, model: Model) -> float:
    """What a chemistry holds [Wh/kg] in a year between those of its rows, linear as in a run."""
    rows = model.inputs.rows_by("chemistry_performance", "chemistry", "measure").get((row.chemistry, row.kind), [])
    anchors: Anchors = {each.year: {(): datum(each.value, each.low, each.high, "")} for each in rows}
    if not anchors or outside(anchors, [row.year]):
        raise _nothing(row, "nothing is known of what it holds in that year")
    return at(anchors, row.year)[()].value


def _members(region: str, model: Model) -> list[str]:
    """Countries of a region, or the one of that label."""
    regions, countries = model.inputs["regions"], model.inputs["countries"]
    members = regions.loc[regions["region"] == region, "members"]
    return split(members.iloc[0]) if len(members) else list(countries.loc[countries["label"] == region, "country"])


def _net_exports(row: Published, model: Model) -> float:
    """Cells that a region's country makes beyond those put into use there [GWh].

    Its share of the world's cell making times the cells put into use in the world, less those at home.
    """
    home = float(model.rows_of(row, "cells")["value"].sum())
    world = float(model.rows_of(replace(row, region=""), "cells")["value"].sum())
    rows = model.inputs.rows_by("supply_share", "future", "node", "country").get(("today", "li_ion_cell", row.maker))
    if not rows:
        raise _nothing(row, "its maker has no share of the world's cells")
    return float(max(rows, key=lambda share: share.year).value) * world - home


def _supply_share(row: Published, model: Model) -> float:
    """Share of the row's maker in what the world makes of its node today [1], of the newest row until its year."""
    shares = model.inputs.rows_by("supply_share", "future", "node", "country")
    found = [each for node in row.node for each in shares.get(("today", node, row.maker), []) if each.year <= row.year]
    if len(row.node) != 1 or not found:
        raise _nothing(row, "its maker has no share of its one node by that year")
    return float(max(found, key=lambda share: share.year).value)


def _import_value(row: Published, model: Model) -> float:
    """Cells put into use in a region that come from the row's maker, at the maker's pack price [billion USD_2025]."""
    origin = observed_origin(model.inputs, row.region)
    if origin is None:
        raise _nothing(row, "nothing is known of where its cells come from")
    cells = float(model.rows_of(row, "cells")["value"].sum())
    makers = [name for name in model.inputs["regions"]["region"] if _members(name, model) == [row.maker]]
    prices = [
        price.value
        for price in model.inputs.rows("cell_price")
        if (price.case, price.level, price.family, price.year) == ("observed", "pack", "Li-ion", row.year)
        and price.region in makers and price.use == "all"
    ]  # fmt: skip
    if row.maker not in origin[1] or not prices:
        raise _nothing(row, "its maker has no share of the cells, or no observed pack price in that year")
    return float(cells * origin[1][row.maker].value * prices[0]) / 1e3


def _derived_intensity(row: Published, model: Model) -> float:
    """Mass of the mineral in a cell derived from its electrochemistry [kg/kWh].

    The chemistry is a code, or one with a blend that no table holds: nmc955_si10 is NMC 955 with a tenth of silicon in
    the anode, nmc811_siox10 with a tenth of silicon oxide.
    """
    base, _, blend = row.chemistry.partition("_si")
    if not blend or not blend.removeprefix("ox").isdigit():
        base, blend = row.chemistry, ""
    fraction = int(blend.removeprefix("ox")) / 100 if blend else 0.1 if base == "semisolid_si" else 0.0
    kind = "silicon_oxide" if blend.startswith("ox") else "silicon"
    return model.cells.derive(base, fraction, blend=kind).bill.minerals.get(row.mineral, 0.0)


def _parity(row: Published, model: Model) -> float:
    """Tariff [1] or credit [USD_2025/kWh] that makes a region's cells cost what the cheapest region's do."""
    config = read_run(row.run)
    table = price_tables(price_curves(config, model.inputs))["price_parity"]
    where = {"measure": row.kind, "region": row.region, "family": row.chemistry.upper(), "year": row.year}
    found = next(table.rows("value", level="cell", **where), None)
    if found is None:
        raise _nothing(row, f"the run {row.run} has no parity for it")
    return float(found[0])


KINDS: dict[str, Callable[[Published, Model], float]] = {
    "cells": _cells,
    "mineral_demand": _mineral_demand,
    "change": _change,
    "content": _content,
    "chemistry_share": _chemistry_share,
    "graphite_free_share": _free_share,
    "graphite_identity": _identity,
    "retirements": _retirements,
    "primary_cut": _primary_cut,
    "end_of_life_feedstock": _end_of_life_feedstock,
    "upstream": _upstream,
    "material_value": _material_value,
    "material": _material,
    "plants_operating": _plants,
    "plants_delivered": _plants,
    "plants_announced": _plants,
    "supply_share": _supply_share,
    "net_exports": _net_exports,
    "import_value": _import_value,
    "derived_intensity": _derived_intensity,
    "tariff": _parity,
    "plants_listed": _plants_listed,
    "specific_energy": _specific_energy,
    "cell_material": _cell_material,
}
"""Kind of a published result -> our value for a row of it, in the row's unit. A new kind is a function and its name."""
STOCK = ("retirements", "primary_cut", "end_of_life_feedstock", "upstream", "material_value")
"""Kinds that need the stock followed."""
PLANTS = {"plants_operating": "operating", "plants_delivered": "value", "plants_announced": "nameplate"}
"""Kind -> what of plants it counts: what stands; what stands and what is delivered of the rest; all as announced."""


# ---------------------------------------------------------------- the table


def validate(path: Path | None = None) -> Result:
    """Our value, the ratio and the verdict of every published result, as a result with the table `validation`, and with
    the shipped table beside it `figure_17_family`.

    path: another table than the shipped one. The verdict is `agrees`, `differs` or `outside`: outside low and high,
    where the model no longer gives what was measured. Raises InputError, UsageError.
    """
    rows = read_published(KINDS, path)
    model = Model(rows)
    table = pd.DataFrame([judged(row, KINDS[row.kind](row, model)) for row in rows])
    tables = {"validation": table, "sources_used": _sources(rows)}
    if path is None:
        tables["figure_17_family"] = family(model.inputs)
    return Result(_record(rows, model, path or published_file()), tables)


def judged(row: Published, ours: float) -> dict[str, Any]:
    """A published row with our value, ratio, difference and verdict."""
    theirs = row.value
    ratio = ours / theirs if theirs else None
    difference = None if theirs is None else ours - theirs
    bounded = {"ratio": ratio, "limit": ratio, "difference": difference, "range": ours}[row.compare]
    held = bounded is not None and row.low <= round(bounded, EXACT) <= row.high
    near = row.compare != "ratio" or (ratio is not None and abs(ratio - 1) <= AGREES)
    shown = {name: value for name, value in asdict(row).items() if name not in ("line", "value")}
    shown |= {name: ";".join(shown[name]) for name in ("segments", "node")} | {"year": row.year or None}
    found = {"ours": ours, "theirs": theirs, "ratio": ratio, "difference": difference}
    return {**shown, **found, "verdict": ("agrees" if near else "differs") if held else "outside"}


def _record(rows: Sequence[Published], model: Model, path: Path) -> dict[str, Any]:
    """What a chart and a reader need to know of the comparison: runs, scenarios, versions."""
    records = [result.record for result in model.runs.values()]
    names = list(dict.fromkeys(row.scenario for row in rows if row.scenario))
    known = {name: entry for record in records for name, entry in record["scenarios"].items()}
    identity = [record["run_id"] for record in records] + [hashlib.sha256(path.read_bytes()).hexdigest()]
    years = sorted({row.year for row in rows if row.year})
    return {
        "run": "validate",
        "run_id": hashlib.sha256("".join(identity).encode()).hexdigest()[:7],
        "title": "The model against published results",
        "runs": {record["run"]: record["run_id"] for record in records},
        "scenarios": {name: known[name] for name in names if name in known},
        "regions": list(dict.fromkeys(region for record in records for region in record["regions"])),
        "region_label": " and ".join(dict.fromkeys(record["region_label"] for record in records)),
        "years": [years[0], years[-1]] if years else [],
        "minerals": list(dict.fromkeys(mineral for record in records for mineral in record["minerals"])),
        "codes": records[0]["codes"] if records else {},
        "versions": records[0]["versions"] if records else {},
    }


def _sources(rows: Sequence[Published]) -> pd.DataFrame:
    """Each published source once, and how many rows are from it."""
    counts = pd.Series([row.source for row in rows], dtype=object).value_counts(sort=False)
    table = pd.DataFrame({"source": counts.index, "citation": counts.index, "url": "", "licence": ""})
    return table.assign(rows_used=counts.to_numpy())
