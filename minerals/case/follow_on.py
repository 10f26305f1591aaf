"""What others build because of a plan, and where, as a scenario says it by node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from ..config import Run, Scenario
from ..errors import Problem
from ..exposure.follow_on import shares_of
from ..flows.demand import Array
from ..tables.resolve import Resolved
from ..tables.supply import SupplyInputs
from .chosen_origin import SUM_ERROR, Place, unknown

Said = TypeVar("Said")


class Chosen(NamedTuple):
    """What is built because of a plan, as its scenario says it. amount: (region, node, reported year) [kt or GWh];
    located: part of it in each country, (region, node, country, reported year) [1], all 0 where it stands as that of
    any plan does."""

    amount: Array
    located: Array

    @classmethod
    def nothing(cls, regions: int, nodes: int, countries: int, years: int) -> Chosen:
        """Nothing yet, to be filled."""
        return cls(np.zeros((regions, nodes, years)), np.zeros((regions, nodes, countries, years)))

    def together(self, regions: list[int], year: int, usual: Array) -> tuple[Array, Array]:
        """Of some regions in a year: what is built, (node), and where it stands, (node, country), summing to one or all
        0. regions, year: by place; usual: where that of any plan stands, (node, country). What stands nowhere is not
        built."""
        said = self.located[regions, :, :, year]
        is_said = said.any(axis=-1, keepdims=True)
        located = np.where(is_said, said, usual)
        amount = np.where(located.any(axis=-1), self.amount[regions, :, year], 0.0)
        made = (amount[..., None] * located).sum(axis=0)
        return amount.sum(axis=0), np.where(is_said.any(axis=0), shares_of(made), usual)


def chosen_follow_on(
    run: Run, resolved: Resolved, supply: SupplyInputs, usual: Array | None
) -> tuple[dict[str, Chosen], list[Problem]]:
    """`follow_on` and `follow_on_in` of each scenario that has them, and every name that is not one of the run, parts
    that do not sum to one, and what stands nowhere. usual: where that of any plan stands, (node, country); None where
    it is not checked."""
    regions, codes, years = resolved.regions.labels, [node.node for node in supply.nodes], resolved.reported
    problems, out = list[Problem](), dict[str, Chosen]()
    for name, scenario in run.settings.scenario.items():
        if not (scenario.follow_on or scenario.follow_on_in):
            continue
        wrong = list(_wrong(scenario, regions, codes, supply.countries, usual))
        problems += [run.problem(("scenario", name, *path), ".".join(path), why) for path, why in wrong]
        chosen, parts = (
            Chosen.nothing(len(regions), len(codes), len(supply.countries), len(years)),
            scenario.follow_on_in,
        )
        for (region, year, code), amount in () if wrong else _by_place(scenario.follow_on).items():
            if int(year) in years:
                r, n, y = regions.index(region), codes.index(code), years.index(int(year))
                chosen.amount[r, n, y] = amount
                for country, part in _by_place(parts).get((region, year, code), {}).items():
                    chosen.located[r, n, supply.countries.index(country), y] = part
        out[name] = chosen
    return out, problems


def _by_place(by_region: Mapping[str, Mapping[str, Mapping[str, Said]]]) -> dict[Place, Said]:
    """What a scenario says, by region, year and node."""
    return {
        (region, year, node): said
        for region, by_year in by_region.items() for year, by_node in by_year.items() for node, said in by_node.items()
    }  # fmt: skip


def _wrong(
    scenario: Scenario, regions: Sequence[str], nodes: Sequence[str], countries: Sequence[str], usual: Array | None
) -> Iterator[tuple[tuple[str, ...], str]]:
    """What does not fit of what a scenario says: key path in it, and why not."""
    amounts, parts = _by_place(scenario.follow_on), _by_place(scenario.follow_on_in)
    for place in dict.fromkeys([*amounts, *parts]):
        region, _, node = place
        key = "follow_on" if place in amounts else "follow_on_in"
        where = ".".join(place)
        if why := unknown(region, regions, "region of this run") or unknown(node, nodes, "node"):
            yield (key, *place), why
            continue
        said = parts.get(place, {})
        for country in said:
            if why := unknown(country, countries, "country that makes anything in this run"):
                yield ("follow_on_in", *place, country), why
        if said and abs(sum(said.values()) - 1) > SUM_ERROR:
            yield ("follow_on_in", *place), f"sums to {sum(said.values()):g}; expected 1"
        if said and place not in amounts:
            yield ("follow_on_in", *place), f"says where, but not how much; add follow_on.{where}"
        if not said and amounts[place] > 0 and usual is not None and not usual[nodes.index(node)].any():
            why = "stands nowhere, as nobody is known to make it, so that no stop takes any; say where it stands, "
            yield (key, *place), f"{why}follow_on_in.{where} = {{ COUNTRY = 1 }}, or leave it out"
