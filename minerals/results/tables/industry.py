"""Tables of a run with [industry]: what cells can do and need, who owns the plants of cells and where they stand,
plants of new ones, and how much of other goods one country makes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from ...case.chokepoints import Chokepoints
from ...case.concentration import Concentration
from ...case.outcome import Outcome
from ...config import Industry
from ...tables.check import split
from ...tables.codes import WORLD
from ...tables.expansion import material_price
from ...tables.inputs import Inputs, UsedRows
from ...tables.plants import NOT_COMING, UNDATED, Ends, Plant, capacity, cell_plants, families_of
from ...tables.prices import countries_in
from ...tables.reader import Reader
from ...tables.series import Anchors, along, datum

#: Measures of chemistry_performance that are set side by side.
PERFORMANCE = ("specific_energy", "energy_density")
TRADE_OFFS = ["chemistry", "silicon", "label", "family", "year", "measure", "item", "item_label", "country",
              "country_label", "value", "low", "high", "unit", "fill", "rows"]  # fmt: skip

CELL_MATERIALS = ["chemistry", "silicon", "label", "family", "node", "node_label", "part", "year", "use", "use_unit",
                  "price", "value", "low", "high", "unit", "fill", "rows"]  # fmt: skip
#: What makers of cells buy: active materials, and the metal of the foils, which has no node of its own.
BOUGHT, FOIL = "active_material", "foil"


def industry_tables(
    outcome: Outcome, chokepoints: Chokepoints | None, inputs: Inputs
) -> tuple[dict[str, pd.DataFrame], UsedRows]:
    """Tables trade_offs, cell_owners, next_gen_plants, plants_by_place, yardsticks and with [exposure] cell_materials,
    and the rows that they rest on."""
    run = outcome.resolved.run
    assert run.settings.industry is not None
    made = _Industry(run=run, inputs=inputs, outcome=outcome, chokepoints=chokepoints, config=run.settings.industry)
    tables = {
        "trade_offs": pd.DataFrame(made.trade_offs(), columns=TRADE_OFFS),
        "cell_owners": made.cell_owners(),
        "next_gen_plants": made.next_gen_plants(),
        "plants_by_place": made.plants_by_place(),
        "yardsticks": made.yardsticks(),
    }
    if chokepoints is not None:
        tables["cell_materials"] = pd.DataFrame(made.cell_materials(chokepoints), columns=CELL_MATERIALS)
    return tables, made.used()


@dataclass(kw_only=True)
class _Industry(Reader):
    outcome: Outcome
    chokepoints: Chokepoints | None
    config: Industry

    @property
    def years(self) -> tuple[int, ...]:
        reported = self.outcome.resolved.reported
        return self.config.years or tuple(dict.fromkeys((reported[0], reported[-1])))

    @cached_property
    def parts(self) -> dict[str, str]:
        """Country -> the part of the world that it lies in, of those that are named by their members."""
        places = self.inputs.places
        named = [part for part in places.parts[WORLD] if places.members[part]]
        return {code: part for part in named for code in countries_in(self.inputs, part)}

    def trade_offs(self) -> Iterator[tuple[Any, ...]]:
        """Rows of trade_offs. A figure of chemistry_performance holds between its years and never beyond them: then it
        is not known, and has no row."""
        codes = {row.chemistry: row for row in self.inputs.rows("chemistries")}
        labels = self.outcome.resolved.chemistries.labels
        for code in self.config.chemistries:
            row = codes[code]
            base, silicon = str(row.base or code), float(row.silicon)
            head = (base, silicon, row.label, row.family)
            yield from ((*head, *each) for each in self._performance(code))
            yield from ((*head, *each) for each in self._need(labels.index((base, silicon))))
            if self.chokepoints is not None:
                yield from ((*head, *each) for each in self._weakest(labels.index((base, silicon)), self.chokepoints))

    def _performance(self, code: str) -> Iterator[tuple[Any, ...]]:
        """(year, measure, item, its label, country, its label, value, low, high, unit, fill, rows)."""
        table = "chemistry_performance"
        for measure in PERFORMANCE:
            rows = self.inputs.rows_by(table, "chemistry", "measure").get((code, measure), [])
            if not rows:
                continue
            self.use(table, rows)
            anchors: Anchors = {
                row.year: {(): datum(row.value, row.low, row.high, self.place(table, row.line))} for row in rows
            }
            for point in along(anchors, self.years):
                if not point.held:
                    found = point.datum
                    ends = (found.value, found.low, found.high)
                    yield (point.year, measure, "", "", "", "", *ends, rows[0].unit, point.fill, str(found.rows))

    def _need(self, c: int) -> Iterator[tuple[Any, ...]]:
        """Mineral need of a chemistry, by its place on the axis, as the run has it."""
        arrays, resolved = self.outcome.arrays, self.outcome.resolved
        names = {row.mineral: row.label for row in self.inputs.rows("minerals")}
        base, silicon = resolved.chemistries.labels[c]
        table, finer = resolved.mineral_intensity.frame, resolved.finer_intensity.frame
        mine = table[(table["chemistry"] == base) & (table["silicon"] == silicon)].set_index("mineral")
        finer = finer[(finer["chemistry"] == base) & (finer["silicon"] == silicon)].drop_duplicates(["mineral", "year"])
        of_year = finer.set_index(["mineral", "year"])
        for year in self.years:
            for m, mineral in enumerate(resolved.minerals.labels):
                y = resolved.years.labels.index(year)
                ends = [float(held[0, c, m, y]) for held in arrays.by_use.values()]
                if any(ends):
                    said = of_year.loc[mineral, year] if (mineral, year) in of_year.index else mine.loc[mineral]
                    fill, rows = (said[column] for column in ("fill", "rows"))
                    about = (year, "mineral_intensity", mineral, names[mineral], "", "")
                    yield (*about, *ends, "kg/kWh", fill, rows)

    def _weakest(self, c: int, chokepoints: Chokepoints) -> Iterator[tuple[Any, ...]]:
        """Share of the leading country in the most concentrated node of a chemistry, among those that it cannot do
        without; up to one where it uses a node of which nobody says who makes it."""
        found = Concentration(chokepoints)
        top1 = found.measure("top1")
        for year in self.years:
            y = chokepoints.years.index(year)
            uses = chokepoints.uses.used(y)[0][c]
            shares = np.where(uses, top1[:, y], np.nan)
            if np.isnan(shares).all():
                continue
            n = int(np.nanargmax(shares))
            node, measured = chokepoints.inputs.nodes[n], found.nodes[n]
            assert measured is not None
            country = chokepoints.inputs.countries[int(measured.largest[y])] if measured.largest[y] >= 0 else ""
            high = 1.0 if (uses & np.isnan(top1[:, y])).any() else float(measured.ends["top1"].high[y])
            label = chokepoints.inputs.country_labels.get(country, "")
            rows = chokepoints.inputs.share_rows.get((node.node, year), {}).get(country, "")
            value = float(shares[n])
            yield (year, "weakest_top1", node.node, node.label, country, label, value, value, high, "1", "", str(rows))

    def cell_materials(self, chokepoints: Chokepoints) -> Iterator[tuple[Any, ...]]:
        """Rows of cell_materials: what is bought for a kWh of cells, at its price and the ends of that; empty where
        nobody prices it."""
        codes = {row.chemistry: row for row in self.inputs.rows("chemistries")}
        labels, table = self.outcome.resolved.chemistries.labels, "material_price"
        for code in self.config.chemistries:
            row = codes[code]
            base, silicon = str(row.base or code), float(row.silicon)
            for year in self.years:
                used = chokepoints.uses.fixed[0, labels.index((base, silicon)), :, chokepoints.years.index(year)]
                for n, node in enumerate(chokepoints.inputs.nodes):
                    if not used[n] > 0 or (node.stage != BOUGHT and node.part != FOIL) or node.stage == "mining":
                        continue
                    rows = self.rows(table, node=node.node)
                    price = material_price(self.inputs, node.node, [year])[:, 0]
                    priced = [each.year for each in rows]
                    held = bool(rows) and not min(priced) <= year <= max(priced)
                    behind = " + ".join(self.place(table, each.line) for each in rows)
                    yield (base, silicon, row.label, row.family, node.node, node.label, node.part, year, float(used[n]),
                           "kg/kWh" if node.unit == "kt" else "kWh/kWh", float(price[0]), *map(float, used[n] * price),
                           "USD_2025/kWh", "hold" if held else "", behind)  # fmt: skip

    def cell_owners(self) -> pd.DataFrame:
        """Capacity of the plants of cells in each region of the run, by country of the owner and year.

        place: the region where the owner is of it, else the part of the world that the owner is of. operating; value,
        low, high: with what is delivered of what is to come; announced: the nameplate of all that is not cancelled;
        unsized: plants there, or to come, of which nobody says how large they are. Several owners have equal parts.
        """
        labels = {row.country: row.label for row in self.inputs.rows("countries")}
        every, parts = cell_plants(self.inputs), []
        years = self.outcome.resolved.reported
        for region in self.outcome.resolved.regions.labels:
            here = set(countries_in(self.inputs, region)) or {row for row in labels if region == WORLD}
            plants = [plant for plant in every if plant.country in here]
            for plant in plants:
                self.use(plant.table, plant.rows)
            found = capacity(self.inputs, plants, years, ["owner"], UNDATED).rename(columns={"nameplate": "announced"})
            unsized: dict[str, float] = {}
            for _, owner, _, part in _unsized(plants):
                unsized[owner] = unsized.get(owner, 0.0) + part
            none = [(o, y, *[0.0] * 5, "GWh/yr") for o in unsized if o not in set(found["owner"]) for y in years]
            if none:
                found = pd.concat([found, pd.DataFrame(none, columns=list(found))], ignore_index=True)
            found.insert(0, "region", region)
            found.insert(2, "owner_label", [labels.get(owner, owner) for owner in found["owner"]])
            own = dict.fromkeys(here, region) if region != WORLD else {}
            found["place"] = [
                own.get(owner, self.parts.get(owner, labels.get(owner, owner))) for owner in found["owner"]
            ]
            parts.append(found.assign(unsized=[unsized.get(owner, 0.0) for owner in found["owner"]]))
        self.rows("plant_delivery")
        columns = ["region", "owner", "owner_label", "place", "year", "operating", "value", "low", "high", "announced",
                   "unsized", "unit"]  # fmt: skip
        return pd.concat(parts, ignore_index=True)[columns]

    def plants_by_place(self) -> pd.DataFrame:
        """Capacity of the plants of cells of the world by country, country of the owner, what they make, and year.

        chemistry: families as listed, several joined by ";", or unknown; place, owner_place: the part of the world that
        the country lies in, of those that are named by their members, else the country. Other columns as in
        `cell_owners`.
        """
        labels = {row.country: row.label for row in self.inputs.rows("countries")}
        plants, years = cell_plants(self.inputs), self.outcome.resolved.reported
        for plant in plants:
            self.use(plant.table, plant.rows)
        by = ["country", "owner", "chemistry"]
        found = capacity(self.inputs, plants, years, by, UNDATED).rename(columns={"nameplate": "announced"})
        unsized: dict[tuple[str, ...], float] = {}
        for *key, part in _unsized(plants):
            unsized[tuple(key)] = unsized.get(tuple(key), 0.0) + part
        sized = set(zip(*(found[name] for name in by), strict=True))
        none = [(*key, y, *[0.0] * 5, "GWh/yr") for key in unsized if key not in sized for y in years]
        if none:
            found = pd.concat([found, pd.DataFrame(none, columns=list(found))], ignore_index=True)
        keys = zip(*(found[name] for name in by), strict=True)
        found = found.assign(
            country_label=found["country"].map(labels),
            place=[self.parts.get(code, labels[code]) for code in found["country"]],
            owner_label=found["owner"].map(labels),
            owner_place=[self.parts.get(code, labels[code]) for code in found["owner"]],
            unsized=[unsized.get(key, 0.0) for key in keys],
        )
        self.rows("plant_delivery")
        columns = ["country", "country_label", "place", "owner", "owner_label", "owner_place", "chemistry", "year",
                   "operating", "value", "low", "high", "announced", "unsized", "unit"]  # fmt: skip
        return found[columns]

    def yardsticks(self) -> pd.DataFrame:
        """Share of the leading country in goods beside batteries, as listed; low and high are the share where no other
        is given."""
        labels = {row.country: row.label for row in self.inputs.rows("countries")}
        rows = [
            (row.good, row.country, labels[row.country], row.year, *Ends.of(row), row.unit,
             self.place("yardstick", row.line))
            for row in self.rows("yardstick")
        ]  # fmt: skip
        columns = ["good", "country", "country_label", "year", "value", "low", "high", "unit", "rows"]
        return pd.DataFrame(rows, columns=columns)

    def next_gen_plants(self) -> pd.DataFrame:
        """Plants of new chemistries in the world as listed, one a row, with the part of the world that each stands in:
        one of those that make up the world by name, else its country."""
        labels = {row.country: row.label for row in self.inputs.rows("countries")}
        table = "next_gen_plant"
        rows = [
            (row.technology, row.item, row.company, row.site, row.country,
             self.parts.get(row.country, labels[row.country]), row.owner, row.scale, row.status, row.year, row.value,
             row.low, row.high, row.unit,
             self.place(table, row.line))
            for row in self.rows(table)
        ]  # fmt: skip
        columns = ["technology", "item", "company", "site", "country", "place", "owner", "scale", "status", "year",
                   "value", "low", "high", "unit", "rows"]  # fmt: skip
        return pd.DataFrame(rows, columns=columns)


def _unsized(plants: Iterable[Plant]) -> Iterator[tuple[str, str, str, float]]:
    """(country, owner, families, part of the plant that is the owner's) of plants that stand or are to come, of which
    nobody says how large they are."""
    for plant in plants:
        coming = [row for row in plant.rows if row.status not in NOT_COMING]
        if coming and all(math.isnan(row.value) for row in coming):
            last = coming[-1]
            owners = split(last.owner)
            for owner in owners:
                yield plant.country, owner, ";".join(families_of(last)), 1 / len(owners)
