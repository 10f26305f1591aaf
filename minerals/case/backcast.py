"""What a mix is asked backwards, in the words of a run: the target, the baseline, and what of it is kept; and what an
answer comes to when it is played back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import cached_property
from typing import Any, cast

import numpy as np

from ..config import OPTIMISED, TARGETS, Backcast
from ..errors import InputError
from ..flows.demand import Array
from ..haste import frozen
from ..mix.backcast import Group, Question
from ..mix.data import Chemistry, Disruption, RegionSegmentChemistryYear, Year
from ..mix.solution import Plan, risk_of
from .mix_lost import lost
from .optimise import Mix
from .played import losses_of


@frozen
class BackcastMix:
    """A mix, and what its study asks. config: [study] of kind backcast."""

    mix: Mix
    config: Backcast

    @cached_property
    def year(self) -> Year:
        """Year of the target."""
        return Year(self.config.year or self.mix.data.years[-1])

    @property
    def target_kind(self) -> str:
        """What the target is told in: of TARGETS."""
        return next(name for name in TARGETS if getattr(self.config, name))

    @property
    def unit(self) -> str:
        """Unit of what the target presses on."""
        return "kt" if self.config.mineral else "GWh"

    @cached_property
    def levels(self) -> tuple[float, ...]:
        """Targets, from the loosest to the tightest."""
        levels = set(getattr(self.config, self.target_kind))
        return tuple(sorted(levels, reverse=self.target_kind != "coverage"))

    def amount(self, level: float) -> float:
        """Most kt of the mineral, or GWh that disruptions take, at a target."""
        if self.target_kind == "change":
            return (1 + level) * self.before
        return (1 - level) * self.wanted if self.target_kind == "coverage" else level

    @property
    def wanted(self) -> float:
        """Demand of the year [GWh]."""
        return sum(gwh for (_, y), gwh in self.mix.data.wanted.items() if y == self.year)

    @cached_property
    def _codes(self) -> list[str]:
        """Chemistries of the run by place, those that no mix may have too."""
        codes = {pair: code for code, pair in self.mix.assembly.pairs.items()}
        return [codes[pair] for pair in self.mix.assembly.resolved.chemistries.labels]

    @cached_property
    def baseline(self) -> dict[RegionSegmentChemistryYear, float]:
        """Additions with the shares of the baseline, (region, segment, chemistry, year) [GWh]."""
        data, assembly, name = self.mix.data, self.mix.assembly, self.config.baseline
        if name == OPTIMISED:
            return dict(self.mix.solution.additions)
        cells, codes = assembly.chokepoints.scenarios[name or assembly.incumbent].cells, self._codes
        out: dict[RegionSegmentChemistryYear, float] = {}
        for (r, s, y), gwh in data.demand.items():
            here = cells[assembly.regions.index(r), assembly.segments.index(s), :, assembly.at[y]]
            for c in np.flatnonzero(here):
                key = r, s, cast(Chemistry, codes[c]), y
                out[key] = out.get(key, 0.0) + gwh * float(here[c] / here.sum())
        return out

    @cached_property
    def _intensity(self) -> Array:
        """Of the mineral in the year, (chemistry) [kt/GWh]."""
        resolved, arrays = self.mix.assembly.resolved, self.mix.assembly.outcome.arrays
        m, y = resolved.minerals.labels.index(self.config.mineral), resolved.years.labels.index(self.year)
        return np.asarray(arrays.intensity_by_year[:, m, y])

    def minerals(self, additions: Mapping[RegionSegmentChemistryYear, float]) -> float:
        """Mineral of the target in the batteries of its year, by the intensities of the run [kt]."""
        place = {code: at for at, code in enumerate(self._codes)}
        return float(sum(
            gwh * self._intensity[place[c]] for (_, _, c, y), gwh in additions.items() if y == self.year
        ))  # fmt: skip

    @cached_property
    def before(self) -> float:
        """The same of the baseline."""
        return self.minerals(self.baseline)

    def question(self, silicon: str) -> Question:
        """What the model is asked. silicon: held or free."""
        config, pairs = self.config, self.mix.assembly.pairs
        held = [self._group(name) for name in config.held]
        only_fall = [self._group(name) for name in config.only_fall]
        blends: list[tuple[Chemistry, ...]] = []
        if silicon == "held":
            bases: dict[str, list[Chemistry]] = {}
            for c in sorted(self.mix.data.chemistries, key=lambda c: pairs[c][1]):
                bases.setdefault(pairs[c][0], []).append(c)
            # Of what has silicon and no plain chemistry beside it there is no part to keep.
            alone = [of_base for of_base in bases.values() if pairs[of_base[0]][1]]
            blends = [tuple(of_base) for of_base in bases.values() if of_base not in alone and len(of_base) > 1]
            only_fall += [frozenset({c}) for of_base in alone for c in of_base]
        place = self.mix.assembly.place
        content = {c: float(self._intensity[at]) for c, at in place.items()} if config.mineral else {}
        return Question(
            self.year, content, self.baseline, frozenset(c for name in config.new for c in self._group(name)),
            held, blends, only_fall, [self._group(name) for name in config.only_grow],
        )  # fmt: skip

    def _group(self, name: str) -> Group:
        """Chemistries that a name stands for, as for max_share: itself, or those of a family."""
        family = self.mix.assembly.tables.family
        return frozenset(cast(Chemistry, c) for c, of in family.items() if name in (c, of))

    def check(self) -> None:
        """Raise InputError where the baseline has none of the mineral whose change is asked for, and where no mix of
        the run may have any of a family or chemistry."""
        run, mine = self.mix.run, set(self.mix.data.chemistries)
        problems = [
            run.problem(("study", key), f"{key} has {name!r}", "no mix of this run may have any of it; leave it out")
            for key in ("new", "held", "only_fall", "only_grow") for name in getattr(self.config, key)
            if not self._group(name) & mine
        ]  # fmt: skip
        if self.target_kind == "change" and not self.before:
            why = "the baseline needs none of it, so that there is no change of it; give kt, or another baseline"
            problems.append(run.problem(("study", "mineral"), f"mineral = {self.config.mineral!r}", why))
        if problems:
            raise InputError(problems)

    def losses(self, levels: Mapping[str, Mapping[Any, float]]) -> tuple[float, float]:
        """What disruptions take of a plan played back: over all years by the risk of the run, and in the year of the
        target on average [GWh]. levels: additions, production, imports and sourced, as of `Plan`."""
        mix, data, assembly = self.mix, self.mix.data, self.mix.assembly
        plan = assembly.planned(data, Plan(**{field.name: dict(levels[field.name]) for field in fields(Plan)}))
        years = [assembly.at[y] for y in data.years]
        found = list(losses_of(plan, OPTIMISED, plan.inputs.events, years))

        def risk(year: Year | None, name: str) -> float:
            some = [each for each in found if year is None or each[1] == assembly.at[year]]
            by_event: dict[Disruption, float] = lost(mix, some, 0.0)[mix.config.loss]
            return risk_of(by_event, data.weight, name, mix.config.level)

        return risk(None, mix.config.risk), risk(self.year, "expected")
