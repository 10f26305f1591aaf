"""What comes back of the cells of a mix and of those before it, what it relieves, and what the law asks of it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from ...flows.demand import Array
from ...mix.data import Key, Life, Mineral
from ..chain import recoveries_in_detail, returning_in_detail
from ..uses import RELIEVED
from .frame import LEAST_PART, Frame

#: Measure of the law on least recycled content.
RECYCLED = "recycled_content"


class Returns:
    """Recovered minerals of a mix."""

    def __init__(self, frame: Frame) -> None:
        self.frame, self.chokepoints = frame, frame.chokepoints

    @cached_property
    def minerals(self) -> tuple[Mineral, ...]:
        """Minerals whose recovery relieves a node, or whose recycled content is asked for."""
        if self.frame.resolved.parameters is None:
            return ()
        known = self.frame.resolved.minerals.labels
        relieving = {part[0] for node in self.chokepoints.inputs.nodes if node.stage in RELIEVED for part in node.alone}
        targeted = {key[1] for key in self.recycled()} if self.frame.config.recycled_content else set()
        return tuple(Mineral(mineral) for mineral in known if mineral in relieving | targeted)

    def relief(self) -> dict[Key, float]:
        """What a mineral takes off a node: `chokepoints.relief`."""
        if self.frame.resolved.parameters is None:
            return {}
        out: dict[Key, float] = {}
        for node in self.chokepoints.inputs.nodes:
            if node.stage not in RELIEVED:
                continue
            for mineral, route, per_kg in node.alone:
                for y in self.frame.years:
                    natural = self.chokepoints.uses.route[self.frame.at[y]]
                    share = {"": 1.0, "natural": natural, "synthetic": 1 - natural}[route]
                    key = (mineral, node.node, y)
                    out[key] = out.get(key, 0.0) + float(per_kg * share)
        return {key: value for key, value in out.items() if value}

    @property
    def _intensity(self) -> Array:
        """(chemistry pair, mineral, year of the whole axis) [kt/GWh]."""
        return self.frame.outcome.arrays.intensity_by_year

    def content(self) -> dict[Key, float]:
        """What a cell holds of each of these minerals, (chemistry, mineral, year) → [kt/GWh], where it holds any."""
        full, known = self.frame.resolved.years.labels, self.frame.resolved.minerals.labels
        return {
            (c, m, y): float(self._intensity[place, known.index(m), full.index(y)])
            for c, place in self.frame.place.items() for m in self.minerals for y in self.frame.years
            if self._intensity[place, known.index(m), full.index(y)]
        }  # fmt: skip

    def returned(self) -> tuple[dict[Key, float], dict[Key, Life], dict[Key, float]]:
        """What a cohort gives back by life, the life of each cell, and what the past gives back.

        Both parts of `chain.follow`: collected × recovery, and prompt scrap × its recovery in the year of the cells.
        """
        if self.frame.resolved.parameters is None:
            return {}, {}, {}
        full, known = self.frame.resolved.years.labels, self.frame.resolved.minerals.labels
        share, recovery = self._after_use
        cells = self.frame.outcome.scenarios[self.frame.incumbent].cells
        first, past = full.index(self.frame.years[0]), slice(0, full.index(self.frame.years[0]))
        at = np.array([full.index(y) for y in self.frame.years])
        returned: dict[Key, float] = {}
        recovered: dict[Key, float] = {}
        life: dict[Key, Life] = {}
        how = "rscyk,rsck,cmk->rmy" if len(recovery["prompt"][0]) == 1 else "rscyk,rsck,cmk->rcmy"
        kept = np.einsum(how, share[..., past], cells[..., past], self._intensity[..., past])
        kept = kept.reshape(len(self.frame.regions), -1, *kept.shape[-2:])  # (region, chemistry or 1, mineral, year)
        for i, r in enumerate(self.frame.regions):
            # Cells that come back alike, and of which as much is recovered; chemistry: its place, or 0 for all.
            profiles: dict[tuple[bytes, ...], tuple[str, Array, int]] = {}
            rates = {stream: each[min(i, len(each) - 1)] for stream, each in recovery.items()}
            for j, s in enumerate(self.frame.segments):
                for c, place in self.frame.place.items():
                    profile, of_chemistry = share[i, j, place][np.ix_(at, at)], place if kept.shape[1] > 1 else 0
                    alike = (profile, *(each[of_chemistry][..., at] for each in rates.values()))
                    key = tuple(each.round(12).tobytes() for each in alike)
                    name, *_ = profiles.setdefault(key, (f"life {len(profiles) + 1}", profile, of_chemistry))
                    life[r, s, c] = Life(name)
            for m in self.minerals:
                of = known.index(m)
                rate, prompt = (rates[name][:, of] for name in ("end_of_life", "prompt"))  # (chemistry or 1, year)
                for b, y in enumerate(self.frame.years):
                    recovered[r, m, y] = float((kept[i, :, of, first + b] * rate[:, first + b]).sum())
                    scrap = (self.frame.gain[i, self.frame.at[y]] - 1) * prompt[:, first + b]
                    for name, profile, of_all in profiles.values():
                        for a, k in enumerate(self.frame.years[: b + 1]):
                            amount = float(profile[b, a] * rate[of_all, first + b])
                            amount += float(scrap[of_all]) if k == y else 0.0
                            if amount > LEAST_PART:
                                returned[r, name, m, k, y] = amount
        return returned, life, recovered

    @property
    def _after_use(self) -> tuple[Array, Mapping[str, Array]]:
        """Share of what a cohort holds that reaches recyclers, (region, segment, chemistry, year, cohort) [1], and what
        these recover of it, by stream, (region or 1, chemistry or 1, mineral, year) [1]."""
        detailed = self.frame.resolved.detailed.get(self.frame.optimised)
        if detailed is None:
            return self.frame.outcome.returning, {
                stream: each[:, None] for stream, each in self.frame.outcome.recovery.items()
            }
        return returning_in_detail(self.frame.resolved, detailed), recoveries_in_detail(self.frame.resolved, detailed)

    def recycled(self) -> dict[Key, float]:
        """Least recycled content of EU 2023/1542 in each year, of the last target that has come."""
        chain = self.frame.resolved.parameters
        if chain is None:
            return {}
        rows = sorted((row for row in chain.targets if row.measure == RECYCLED), key=lambda row: row.year)
        out: dict[Key, float] = {}
        for row in rows:
            if row.item in self.frame.resolved.minerals.labels:
                years = [y for y in self.frame.years if y >= row.year]
                out |= {(r, row.item, y): float(row.value) for r in self.frame.resolved.union for y in years}
        return out
