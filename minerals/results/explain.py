"""From a number back to its rows: a tree that re-adds to the number, read from a result folder alone."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ..errors import MineralsError
from ..haste import frozen
from ..provenance import Rows
from .compare import pick, pick_year
from .result import Result

TOLERANCE = 1e-9
#: One row of a table, by column.
Row = dict[str, Any]


@frozen
class Factor:
    """One factor of a product: its value and unit, how it was filled, and the rows (of inputs_used) it rests on.

    behind: names of the rows that others of them were found from, such as the shares that a curve was fitted to;
    scales: of those that the run file scales another row by.
    """

    name: str
    value: float
    unit: str
    fill: str
    rows: tuple[Row, ...]
    behind: frozenset[str] = frozenset()
    scales: frozenset[str] = frozenset()


@frozen
class Leaf:
    """One cell type in one segment: GWh × share [× blend] × kg/kWh = kt."""

    region: str
    segment: str
    chemistry: str
    silicon: float
    factors: tuple[Factor, ...]
    value: float


@frozen
class Explanation:
    """A mineral demand [kt] as the sum of its leaves, largest first. A zero has no leaves.

    gwh: energy of all cells at that place and year; without: energy of those that hold none of the mineral, by
    chemistry, largest first [GWh].
    """

    scenario: str
    region: str
    mineral: str
    year: int
    value: float
    leaves: tuple[Leaf, ...]
    gwh: float
    without: dict[str, float]
    columns: tuple[str, ...]

    def __repr__(self) -> str:
        return (
            f"Explanation: {self.mineral} in {self.region}, {self.year}, {self.scenario} = {self.value:.6g} kt\n"
            f"  the sum of {len(self.leaves)} leaves (.leaves), which rest on {len(self.rows())} rows (.rows())"
        )

    def rows(self) -> pd.DataFrame:
        """Every row of inputs_used that the number rests on, once."""
        used = {row["rows"]: row for leaf in self.leaves for factor in leaf.factors for row in factor.rows}
        return pd.DataFrame(list(used.values()), columns=self.columns)


def explain(
    result: Result,
    mineral: str,
    region: str | None = None,
    year: int | str | None = None,
    scenario: str | None = None,
) -> Explanation:
    """Explain one number of `mineral_demand`. Defaults: all regions, the last year, the first scenario.

    Every factor is re-computed from its rows, the factors are multiplied and the leaves added; each step must agree
    with the stored tables to 1e-9, else MineralsError. Raises UsageError for a name that is not in the result.
    """
    mineral = pick("mineral", mineral, result.record["minerals"])
    scenario = pick("scenario", scenario or result.scenarios[0], result.scenarios)
    year = pick_year(result, year)
    label = result.record["region_label"]
    regions = list(result.record["regions"])
    if region is not None and region != label:
        regions = [pick("region", region, regions)]
        label = regions[0]
    index = _Index(result, scenario, year)
    demand, cells = (
        frame[(frame["scenario"] == scenario) & (frame["year"] == year) & frame["region"].isin(regions)]
        for frame in (result["mineral_demand"], result["cells"])
    )
    here = demand[(demand["mineral"] == mineral) & (demand["value"] != 0)]
    leaves = [index.leaf(row, mineral) for row in here.to_dict("records")]
    leaves.sort(key=lambda leaf: -leaf.value)
    total = float(here["value"].sum())
    agree("the sum of the leaves", sum(leaf.value for leaf in leaves), total)
    kinds = ["region", "segment", "chemistry", "silicon"]
    holding = pd.MultiIndex.from_frame(here[kinds])
    others = cells[~pd.MultiIndex.from_frame(cells[kinds]).isin(holding)]
    without = others.groupby("chemistry")["value"].sum().sort_values(ascending=False, kind="stable")
    return Explanation(
        scenario, label, mineral, year, total, tuple(leaves), float(cells["value"].sum()), without.to_dict(),
        tuple(result["inputs_used"]),
    )  # fmt: skip


class _Index:
    """Resolved values of one scenario and year, by their keys, and the rows of inputs_used."""

    def __init__(self, result: Result, scenario: str, year: int) -> None:
        def at(name: str, keys: list[str]) -> dict[tuple[object, ...], Row]:
            frame = result[name]
            if "scenario" in frame:
                frame = frame[(frame["scenario"] == scenario) & (frame["year"] == year)]
            return {tuple(row[key] for key in keys): row for row in frame.to_dict("records")}

        self.additions = at("battery_demand", ["region", "segment"])
        self.share = at("market_share", ["region", "segment", "chemistry", "silicon"])
        self.uptake = at("silicon_uptake", ["region", "segment", "chemistry", "silicon"])
        self.intensity = at("mineral_intensity", ["chemistry", "silicon", "mineral"])
        self.finer: dict[tuple[object, ...], Row] = {}
        if "finer_intensity" in result.tables:
            of_year = result["finer_intensity"].query("year == @year").to_dict("records")
            self.finer = {
                (row["segment"], row["chemistry"], float(row["silicon"]), row["mineral"]): row for row in of_year
            }
        self.trend = {}
        if "intensity_trend" in result.tables:
            trend = result["intensity_trend"]
            for row in trend[trend["year"] == year].to_dict("records"):
                self.trend[row["chemistry"], row["mineral"]] = row
        self.used = result.rows_used

    def leaf(self, row: Row, mineral: str) -> Leaf:
        place = (row["region"], row["segment"])
        chemistry, silicon = str(row["chemistry"]), float(row["silicon"])
        factors = [self.factor("battery demand", self.additions[place])]
        own = (*place, chemistry, silicon)
        blends = [entry for key, entry in self.uptake.items() if key[:3] == (*place, chemistry)]
        if own in self.uptake:
            factors.append(self.factor("market share", self._base_share(place, chemistry)))
            factors.append(self.factor("silicon uptake", self.uptake[own]))
        else:
            factors.append(self.factor("market share", self.share[own]))
            if blends:
                left = 1.0 - sum(float(entry["value"]) for entry in blends)
                rows = tuple(part for entry in blends for part in self.rows(str(entry["rows"])))
                factors.append(Factor("without silicon", left, "1", "rest", rows))
        finer = self.finer.get((row["segment"], chemistry, silicon, mineral))
        intensity = finer or self.intensity[chemistry, silicon, mineral]
        factors.append(self.factor("mineral intensity", intensity))
        if finer is None and (chemistry, mineral) in self.trend:
            factors.append(self.factor("intensity trend", self.trend[chemistry, mineral]))
        product = 1.0
        for factor in factors:
            product *= factor.value
        agree(f"{place} {chemistry}", product, float(row["value"]))
        return Leaf(str(row["region"]), str(row["segment"]), chemistry, silicon, tuple(factors), product)

    def _base_share(self, place: tuple[object, ...], chemistry: str) -> Row:
        return min(
            (entry for key, entry in self.share.items() if key[:3] == (*place, chemistry)),
            key=lambda entry: float(entry["silicon"]),
        )

    def factor(self, name: str, entry: Row) -> Factor:
        value, text = float(entry["value"]), str(entry["rows"])
        parsed = Rows.parse(text)
        agree(f"{name} {text}", parsed.value(lambda row: float(self.used[row]["value"])), value)
        behind = frozenset(parsed.only_behind()), frozenset(parsed.scales())
        return Factor(name, value, str(entry["unit"]), str(entry["fill"]), tuple(self.rows(text)), *behind)

    def rows(self, text: str) -> list[Row]:
        return [self.used[name] for name in Rows.parse(text).names()]


def agree(what: str, ours: float, stored: float, scale: float = 0.0) -> None:
    """Raise MineralsError where a number does not re-add to the stored one, to 1e-9 of it or of what it is part of."""
    if abs(ours - stored) > TOLERANCE * max(abs(stored), scale, 1e-12):
        raise MineralsError(
            f"{what} re-adds to {ours!r}, the result holds {stored!r}: the folder was changed after the run"
        )
