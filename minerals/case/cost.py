"""What batteries cost: pack prices by region, chemistry and year of a run with [prices], and the bill for its cells.

A price is the world's curve of a family, times what the chemistry costs relative to that family, times what a region
pays relative to the world. All three are of one pack for all uses: in 2025 packs of storage and of cars cost less than
the average that the curves start from (cell_price). A region's ratio is that of its average pack, so the chemistries it
buys are in it: where much LFP is sold, as in China, all chemistries look cheaper than they are like for like. What
cells of one family cost in two places stands in price_parity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..config import Run
from ..errors import InputError, Problem
from ..haste import frozen
from ..tables.codes import WORLD
from ..tables.inputs import Inputs, UsedRows
from ..tables.prices import countries_in, tariff_on
from ..tables.relative import Follows, NoCurve, follows, multiples_of

Array = NDArray[np.float64]
#: A code of chemistries.csv, or as results name it a base chemistry and the silicon fraction of its anode.
Chemistry = str | tuple[str, float]
#: Family of the surveys' average pack, whose price is observed by region.
AVERAGE = "Li-ion"


@frozen
class PackPrices:
    """Pack prices (region, chemistry, year) [USD_2025/kWh]; NaN in years before the curves start.

    home: of packs made in the region, less the credit; abroad: of packs brought in from where they cost least, or whose
    cells are, or from the region that others are compared with; elsewhere: of packs brought in from anywhere else, at
    the price of the world, or at `abroad` where that is more; both without the duty. credit: what the treasury pays of
    `home`; taxed: of `abroad`, what a duty is on; cheap: codes of the countries that sell at `abroad`; rates: of duty
    by country [1]; curves: that they follow, as of `pack_prices`; lines: of the rows of `inputs` that they rest on, by
    table.
    """

    home: Array
    abroad: Array
    elsewhere: Array
    credit: Array
    taxed: Array
    cheap: frozenset[str]
    rates: Mapping[str, float]
    curves: Mapping[str, Mapping[int, float]]
    inputs: Inputs
    lines: Mapping[str, Sequence[int]]

    @cached_property
    def used(self) -> UsedRows:
        """The rows that they rest on beside those of the curves."""
        return self.inputs.used(self.lines)

    def duty(self, country: str) -> Array:
        """Duty on packs from a country, or on their cells, (region, chemistry, year) [USD_2025/kWh]."""
        rate = self.rates[country]
        if country in self.cheap:
            return rate * self.taxed
        return np.where(self.taxed > 0, rate * (self.taxed + self.elsewhere - self.abroad), 0.0)

    def bought(self, country: str) -> Array:
        """Packs brought in from a country, or whose cells are, with the duty, (region, chemistry, year)
        [USD_2025/kWh]."""
        return (self.abroad if country in self.cheap else self.elsewhere) + self.duty(country)


def pack_prices(
    run: Run,
    inputs: Inputs,
    regions: Sequence[str],
    chemistries: Sequence[Chemistry],
    years: Sequence[int],
    curves: Mapping[str, Mapping[int, float]],
) -> PackPrices:
    """Prices of packs made at home and brought in, for a run with [prices].

    regions: of regions.csv; chemistries: codes of chemistries.csv, or (base chemistry, silicon fraction); curves:
    central price by family and year [USD_2025/kWh], as `PriceCurves.by_year` of `case.prices`.

        world[c, y]        = curve[family, y] × multiple[c]
        home[r, c, y]      = max(world × ratio[r] − credit, 0)
        abroad[r, c, y]    = world × min_k ratio[k], or where cell_price_gap has the region
                             world × ratio[r] × (1 − cells × gap[f] / (1 + gap[f]))
        elsewhere[r, c, y] = max(world, abroad[r, c, y])
        duty[j, r, c, y]   = rate[j] × what is imported from j: world × min_k ratio[k], or of that region its cell
                             alone, world × ratio[r] × cells / (1 + gap[f]); with what elsewhere is dearer by
        rate[j]            = tariff[j] + cells_in_cars × car_tariff[j]

    So a cell from abroad costs as much as one made at home where the tariff is the gap, or the credit is what the gap
    comes to: world × ratio[r] × cells × gap[f] / (1 + gap[f]).

    multiple: of price_relative, else 1, the family having a curve; that of a silicon fraction between tabulated blends
    lies on the line between theirs, and a base without blends takes those of the chemistry it is silicon_like. ratio:
    observed price of the region's average pack ÷ that of the World's in the last year with both, held for all years;
    that of the next wider region for one without, last of the World, 1. gap: of the region's cells against those sold
    there by the run's `against`, of the family, of its base for a silicon blend, or the mean of those known; cells:
    price of a cell ÷ that of a pack in the world. tariff, car_tariff, cells_in_cars, credit: of the run. The cheapest
    region buys at home: it has neither credit nor duty, and abroad = home. Who sells at `abroad` is where packs cost
    least, and the run's `against`. Raises InputError for chemistries without a price, KeyError for an unknown one.
    """
    config = run.settings.prices
    assert config is not None
    ratios, seen = _ratios(inputs)
    least = min(ratios.values())
    priced = {region: next(place for place in inputs.places.chain(region) if place in ratios) for region in regions}
    ratio = np.array([ratios[priced[region]] for region in regions])
    relative = _Relative(inputs, set(curves))
    steps = _steps(relative, chemistries, inputs)
    world = np.full((len(chemistries), len(years)), np.nan)
    for place, step in enumerate(steps):
        world[place] = np.array([curves[step.curve].get(year, np.nan) for year in years]) * step.factor
    own, cheapest = world * ratio[:, None, None], (ratio <= least)[:, None, None]
    credit = np.where(cheapest, 0.0, np.minimum(own, config.credit))
    sold = np.stack([world * least for _ in regions])
    imported = sold.copy()
    gaps = _Gaps(inputs, config.against)
    for place, region in enumerate(regions):
        gap = np.array([gaps.of(region, relative.family_of(chemistry)) for chemistry in chemistries])[:, None]
        if not np.isnan(gap).any():
            imported[place] = own[place] * gaps.cells / (1 + gap)
            sold[place] = own[place] * (1 - gaps.cells) + imported[place]
    abroad, taxed = np.where(cheapest, own, sold), np.where(cheapest, 0.0, imported)
    cheap = [config.against, *(name for name in ratios if ratios[name] == least and name != WORLD)]
    rates = {
        country: tariff_on(config.tariff, country, inputs)
        + config.cells_in_cars * tariff_on(config.car_tariff, country, inputs)
        for country in inputs.codes("countries")
    }
    named = [name for name in seen if name in priced.values() or ratios[name] == least]
    lines = {
        "cell_price": [line for name in named for line in seen[name]],
        "price_relative": [line for step in steps for line in step.lines],
        "cell_price_gap": [line for region in regions for line in gaps.lines(region)],
    }
    lines["cell_price"] += gaps.of_cells if lines["cell_price_gap"] else []
    # Who else sells takes no less than those who are barred, or to bar them would make batteries cheaper.
    elsewhere = np.maximum(world, abroad)
    sellers = frozenset(code for name in cheap for code in countries_in(inputs, name))
    return PackPrices(own - credit, abroad, elsewhere, credit, taxed, sellers, rates, curves, inputs, lines)


def _steps(relative: _Relative, chemistries: Sequence[Chemistry], inputs: Inputs) -> list[Follows]:
    """What the price of each chemistry follows. Raises InputError with all that have none."""
    steps, problems = [], []
    for chemistry in chemistries:
        try:
            steps.append(relative.of(chemistry))
        except NoCurve as error:
            name = relative.name_of(chemistry)
            problems.append(Problem(inputs.tables["price_relative"].file, 0, f"price of {name}", str(error)))
    if problems:
        raise InputError(problems)
    return steps


def _observed(inputs: Inputs, level: str) -> list[Any]:
    """Observed prices of the average pack, or of its cells, of all uses, by year."""
    rows = inputs.rows_by("cell_price", "case", "level", "family", "use")
    return sorted(rows.get(("observed", level, AVERAGE, "all"), []), key=_year)


def _year(row: Any) -> int:
    return int(row.year)


def _ratios(inputs: Inputs) -> tuple[dict[str, float], dict[str, list[int]]]:
    """Price of each region's average pack ÷ the World's in the last year with both [1]; and the lines of the two."""
    seen = _observed(inputs, "pack")
    world = {row.year: row for row in seen if row.region == WORLD}
    last = {row.region: row for row in seen if row.region != WORLD and row.year in world}
    ratios = {region: row.value / world[row.year].value for region, row in last.items()}
    lines = {region: [row.line, world[row.year].line] for region, row in last.items()}
    return {WORLD: 1.0, **ratios}, lines


class _Gaps:
    """By what part cells of a region cost more than those sold there by another one, by family; cells: part of the
    price of a pack that its cells are."""

    def __init__(self, inputs: Inputs, against: str) -> None:
        self.inputs, self.against = inputs, against
        self.by_region = inputs.rows_by("cell_price_gap", "region", "against", "level", "use")
        cells, packs = (
            {row.year: row for row in _observed(inputs, level) if row.region == WORLD} for level in ("cell", "pack")
        )
        newest = max(cells.keys() & packs.keys(), default=None)
        both = [] if newest is None else [cells[newest], packs[newest]]
        self.cells = both[0].value / both[1].value if both else 1.0
        #: Rows of cell_price that this rests on.
        self.of_cells = [row.line for row in both]

    def lines(self, region: str) -> list[int]:
        """Rows of cell_price_gap of a region, or of the next wider one."""
        return [row.line for row in self._of(region)]

    def of(self, region: str, family: str) -> float:
        """By what part cells made in a region cost more than imported ones; NaN where nothing is known of the region.
        A family without a gap has the mean of those known."""
        rows = self._of(region)
        mine = [row.value for row in rows if row.family == family]
        return float(np.mean(mine or [row.value for row in rows])) if rows else np.nan

    def _of(self, region: str) -> list[Any]:
        for place in self.inputs.places.chain(region):
            if rows := self.by_region.get((place, self.against, "cell", "all")):
                newest = max(map(_year, rows))
                return [row for row in rows if row.year == newest]
        return []


class _Relative:
    """Which curve the price of a chemistry follows and by what factor, silicon overlays included."""

    def __init__(self, inputs: Inputs, learnt: set[str]) -> None:
        rows = inputs.rows("chemistries")
        self.family: dict[str, str] = {row.chemistry: row.family for row in rows}
        self.silicon_like: dict[str, str] = {row.chemistry: row.silicon_like for row in rows}
        self.base: dict[str, str] = {row.chemistry: row.base for row in rows}
        self.code: dict[tuple[str, float], str] = {}
        self.blends: dict[str, list[tuple[float, str]]] = {}
        for row in sorted(rows, key=lambda row: float(row.silicon)):
            self.code[row.base or row.chemistry, float(row.silicon)] = row.chemistry
            if row.base:
                self.blends.setdefault(row.base, []).append((float(row.silicon), row.chemistry))
        self.multiples, self.learnt = multiples_of(inputs.rows("price_relative")), learnt

    def name_of(self, chemistry: Chemistry) -> str:
        """Code of a chemistry; that of its base for a silicon fraction without one."""
        return chemistry if isinstance(chemistry, str) else self.code.get(chemistry, chemistry[0])

    def family_of(self, chemistry: Chemistry) -> str:
        """Family of a chemistry; that of its base for a silicon blend."""
        name = chemistry if isinstance(chemistry, str) else chemistry[0]
        return self.family[self.base.get(name) or name]

    def of(self, chemistry: Chemistry) -> Follows:
        """The curve, the factor on it and the rows on the way. Raises KeyError for an unknown chemistry."""
        name = chemistry if isinstance(chemistry, str) else self.code.get(chemistry)
        if name is None:
            return self._between(*chemistry)
        if name not in self.family:
            raise KeyError(name)
        return follows(name, self.multiples, self.family, self.learnt)

    def _between(self, base: str, silicon: float) -> Follows:
        """A blend that has no code: the price of its base × the multiple on the line between the blends beside it."""
        own, twin = self.of(base), base if base in self.blends else self.silicon_like[base]
        known: list[tuple[float, float, tuple[int, ...]]] = [(0.0, 1.0, ())]
        for fraction, code in self.blends.get(twin, []):
            blend = self.of(code)
            known.append((fraction, blend.factor / self.of(twin).factor, blend.lines))
        below = max(each for each in known if each[0] <= silicon)
        above = min((each for each in known if each[0] >= silicon), default=below)
        multiple = float(np.interp(silicon, [below[0], above[0]], [below[1], above[1]]))
        return Follows(own.curve, own.factor * multiple, (*own.lines, *below[2], *above[2]))
