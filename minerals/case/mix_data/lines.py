"""Production lines of a mix: those that stand, those that may be added, how long that takes and what it costs."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import numpy as np

from ...mix.data import Key, Line, Region
from ...prices import capital
from .frame import Frame

#: Kind of line that makes what fits lithium-ion plants.
LI_ION = "li_ion"


class Lines:
    """Lines of each region by their kind."""

    def __init__(self, frame: Frame) -> None:
        self.frame, self.chokepoints = frame, frame.chokepoints

    def kind(self, chemistry: str) -> Line:
        """Kind of production line: that of lithium-ion where all of it carries over, else one of its own."""
        if self.frame.tables.carried[chemistry] == 1:
            return Line(LI_ION)
        rows = set(self.frame.tables.drop_in["chemistry"])
        return Line(chemistry if chemistry in rows else self.frame.tables.family[chemistry])

    def data(self) -> dict[str, Any]:
        """Lines standing and under construction, those that may be added, how long that takes and what it costs, what
        carries over, and the least share made at home. Lines beyond those under construction have no limit but their
        price, where no row announces less. All lines are counted by what they make as plants are used, so that what one
        costs is its capital charge. Lead times are in whole years, halves up."""
        config, tables = self.frame.config, self.frame.tables
        names = ("capacity", "announced", "lead", "retrofit_lead", "retrofit", "own_share", "line_price")
        out: dict[str, dict[Key, float]] = {name: {} for name in names}
        if config.own_share:
            years = sorted(map(int, config.own_share))
            level = [config.own_share[str(year)] for year in years]
            for y in self.frame.years:
                if y >= years[0]:
                    out["own_share"] |= {(r, y): float(np.interp(y, years, level)) for r in self.frame.regions}
        if not config.lines:
            return out
        for (r, kind), charge in self.charge.items():
            standing, family = self.standing[r], self.kinds[kind]
            for name, lead in (("lead", tables.lead), ("retrofit_lead", tables.retrofit_lead)):
                out[name][r, kind] = math.floor(lead[r, family] + 0.5)
            for y in self.frame.years:
                out["capacity"][r, kind, y] = (
                    float(np.interp(y, *standing)) if kind == LI_ION else self._made_before(r, kind)
                )
                out["announced"][r, kind, y] = self._announced(r, kind, y)
                left = sum(self.frame.discount[later] for later in self.frame.years if later >= y)
                out["line_price"][r, kind, y] = charge * left / self.frame.discount[y]
        for c in tables.chemistries:
            if 0 < tables.carried[c] < 1 and out["capacity"]:
                out["retrofit"][LI_ION, self.kind(c)] = tables.carried[c]
        return out

    def _made_before(self, region: Region, kind: Line) -> float:
        """Cells of a kind that a region makes at home in the last year that is not decided [GWh]: their lines stand, of
        which no table has a number."""
        last, i = self.frame.at[self.frame.years[0]] - 1, self.frame.regions.index(region)
        cells = self.chokepoints.scenarios[self.frame.incumbent].cells[i, ..., last].sum(axis=0)
        home = self.chokepoints.made_at_home((region,), last)
        return float(sum(cells[place] * home[place] for c, place in self.frame.place.items() if self.kind(c) == kind))

    @cached_property
    def kinds(self) -> dict[Line, str]:
        """A family that each kind of line makes."""
        kinds: dict[Line, str] = {}
        for c in self.frame.tables.chemistries:
            kinds.setdefault(self.kind(c), self.frame.tables.family[c])
        return kinds

    @cached_property
    def charge(self) -> dict[tuple[Region, Line], float]:
        """Capital charge of a line for each unit that it makes, where lines are counted [million USD per GWh]: what the
        price of a pack made at home holds of it, and what a line that is built pays in each year. It is that of today's
        new lines in all years, at the use of today's plants, for money as a project pays for it."""
        tables = self.frame.tables
        if not self.frame.config.lines:
            return {}
        return {
            (r, kind): capital.charge(
                tables.new_line[r, family], tables.capital_rate, tables.life[r, family], tables.utilisation[r]
            )
            for r in self.standing for kind, family in self.kinds.items()
        }  # fmt: skip

    def _announced(self, region: str, kind: str, year: int) -> float:
        """Most lines of a kind that can be built by a year [GWh/yr]: announced nameplate × what is delivered of it ×
        utilisation, where a row announces some; else without a limit but the price. A row bounds the years before it
        too, and holds after the last. Lithium-ion lines make any of its chemistries, so that a row of one of them
        bounds none."""
        rows, delivered = self._plants.get((region, kind)), self.chokepoints.config.delivery
        return float(np.interp(year, *rows)) * delivered * self.frame.tables.utilisation[region] if rows else np.inf

    @cached_property
    def _plants(self) -> dict[tuple[str, str], tuple[list[int], list[float]]]:
        """Years and nameplates of announced lines, by region and chemistry."""
        found: dict[tuple[str, str], dict[int, float]] = {}
        for region, chemistry, year, gwh in self.chokepoints.inputs.cell_plants.rows(
            "region", "chemistry", "year", "value"
        ):
            found.setdefault((region, chemistry), {})[year] = gwh
        return {
            place: (sorted(by_year), [by_year[year] for year in sorted(by_year)]) for place, by_year in found.items()
        }

    @cached_property
    def standing(self) -> dict[Region, tuple[list[int], list[float]]]:
        """Years and lithium-ion lines of each region that has rows [GWh/yr], as `_standing_in` has them."""
        found = {r: self._standing_in(r) for r in self.frame.regions}
        return {r: lines for r, lines in found.items() if lines is not None}

    def _standing_in(self, region: str) -> tuple[list[int], list[float]] | None:
        """Years and lithium-ion lines of a region [GWh/yr]: what it made, then nameplate that stands and is under
        construction × utilisation.

        A bloc's own row, or the region's share of one that the run splits, goes before those of its countries; None
        where the region has none.
        """
        inputs = self.chokepoints.inputs
        columns = ("country", "measure", "year", "value")
        rows = [row for row in inputs.cell_capacity.rows(*columns) if not math.isnan(row[-1])]
        part = {
            group: sum(share for code, share in by_country.items() if inputs.homes.get(code) == region)
            for group, by_country in inputs.blocs.items()
        }
        part |= {code: 1.0 for code, *_ in rows if inputs.homes.get(code) == region}
        mine = [(code, measure, int(year), part[code] * gwh) for code, measure, year, gwh in rows if code in part]
        blocs = [row for row in mine if row[0].startswith("R_") and row[-1] > 0]
        by_year: dict[str, dict[int, float]] = {"capacity": {}, "production": {}}
        for _, measure, year, gwh in blocs or [row for row in mine if not row[0].startswith("R_")]:
            if measure in by_year:
                by_year[measure][year] = by_year[measure].get(year, 0.0) + gwh
        capacity = by_year["capacity"]
        if not capacity:
            return None
        known = {year: gwh for year, gwh in by_year["production"].items() if year < min(capacity)}
        known |= {year: gwh * self.frame.tables.utilisation[region] for year, gwh in capacity.items()}
        return sorted(known), [known[year] for year in sorted(known)]
