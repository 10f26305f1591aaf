"""Who supplies the nodes of a mix, and who makes its cells: as observed, and as the run file allows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...exposure.follow_on import shares_of
from ...flows.demand import Array
from ...haste import frozen
from ...mix.data import (
    FOLLOW_ON,
    Chemistry,
    Key,
    OneCountry,
    Place,
    Region,
    RegionChemistryYear,
    RegionNodeSupplierYear,
    RegionSupplierChemistryYear,
    Supplier,
    Year,
    abroad_of,
)
from .frame import Frame

#: Countries that deliver less than this share of a node are one supplier, told apart pro rata afterwards. That makes a
#: smaller model and no other mix: what they deliver together they can deliver pro rata, and who could break the rule on
#: one third country that way stands alone, as do all makers of cells, whose prices and losses differ. Which of several
#: equal sourcings is told can differ.
SMALL = 0.1
OTHERS = "others"
#: Kind of the trade rule on one third country.
MAXIMUM_SINGLE = "maximum_single"


@frozen
class Suppliers:
    """Suppliers of each node in the model, from the countries that make it.

    deliver: what each supplier can deliver to the run's regions, (node, supplier,
    year) → [kt or GWh]; parts: of it by country, (node, supplier, year) → {country: share}; home: region of a supplier.
    """

    deliver: dict[Key, float]
    parts: dict[Key, dict[str, float]]
    home: dict[Supplier, Region]


def others_in(group: str) -> str:
    """Supplier that stands for the countries of a group that deliver little."""
    return f"{OTHERS} in {group}"


class Sourcing:
    """Suppliers of the nodes of a mix and makers of its cells. cheap: countries that sell at the least price."""

    def __init__(self, frame: Frame, cheap: Collection[str]) -> None:
        self.frame, self.chokepoints, self.cheap = frame, frame.chokepoints, cheap
        self._made: dict[RegionChemistryYear, dict[Supplier, Array]] = {}
        self._follows: dict[Year, tuple[Array, Array]] = {}

    @cached_property
    def suppliers(self) -> Suppliers:
        """Each region's own countries as one supplier, countries that deliver much, and what the others deliver.

        What a supplier can deliver is what the regions together can get of it: `exposure.coverage.Access`.
        """
        inputs, exclude = self.chokepoints.inputs, self.frame.config.exclude
        barred = inputs.members[exclude] > 0 if exclude else np.zeros(len(inputs.countries), bool)
        deliver: dict[Key, float] = {}
        parts: dict[Key, dict[str, float]] = {}
        labels: dict[Supplier, Region] = {}
        for y in self.frame.years:
            reach = self.chokepoints.access_embodied(self.frame.regions, self.frame.at[y])
            at_home = self.chokepoints.at_home(self.frame.regions)
            made = np.where(
                at_home, self.chokepoints.supply[self.frame.at[y]].made, reach.share[:, None] * reach.exported
            )
            # Of cells, which are needed where batteries are used, other uses keep what they need, as in a replay.
            usual = self.chokepoints.access(self.frame.regions, self.frame.at[y])
            kept = self.chokepoints.kept(self.frame.regions, self.frame.at[y], usual)
            whole = np.where(np.isfinite(usual.accessible) & (usual.accessible > 0), usual.accessible, 1.0)
            made = made * np.where(self.chokepoints.cell, 1 - kept / whole, 1.0)[:, None]
            for n, node in enumerate(self.frame.nodes):
                if not np.isfinite(made[n]).all():
                    continue
                total = made[n].sum()
                alone = self._alone(n, made[n], self.following(y)[1][n], [~at_home & barred, ~at_home & ~barred])
                for j, country in enumerate(inputs.countries):
                    if at_home[j]:
                        name = inputs.home[j]
                        labels[Supplier(name)] = Region(Place(name))
                    elif alone[j]:
                        name = country
                    else:
                        name = others_in(exclude) if barred[j] else OTHERS
                    if made[n, j] > 0:
                        key = (node, name, y)
                        deliver[key] = deliver.get(key, 0.0) + float(made[n, j])
                        parts.setdefault(key, {})[country] = float(made[n, j])
                if not total:
                    deliver[node, OTHERS, y] = 0.0
        shares = {key: {j: v / deliver[key] for j, v in by.items()} for key, by in parts.items()}
        return Suppliers(deliver, shares, labels)

    def _alone(self, n: int, made: Array, follows: Array, groups: Sequence[np.ndarray]) -> np.ndarray:
        """Countries that are suppliers of a node on their own, (country): makers of cells, those that deliver much of a
        node, and those that the rule on one third country is about and that deliver more than its share of what the
        rest of their group does, or have more of what follows a mix. Of a group without them no country has more than
        that share of a need, however much of it all deliver.

        n: place of the node; made: what each country delivers; follows: where what follows a mix stands, (country);
        groups: countries that are one supplier, if small.
        """
        least = 0.0 if self.chokepoints.cell[n] else SMALL
        alone: np.ndarray = (made >= least * made.sum()) & (made > 0)
        if not self.chokepoints.inputs.nodes[n].strategic:
            return alone
        most = min(rule.value for rule in self.chokepoints.inputs.rules if rule.kind == MAXIMUM_SINGLE)
        third = {code for _, code in self.third}
        ruled = np.array([code in third for code in self.chokepoints.inputs.countries])
        alone |= ruled & (follows > most) & (made > 0)
        for group in groups:
            left = np.where(group & ~alone, made, 0.0)
            while (left * ruled).max() > most * left.sum():
                largest = (left * ruled).argmax()
                alone[largest], left[largest] = True, 0.0
        return alone

    @cached_property
    def third(self) -> frozenset[Key]:
        """Single countries outside the European Union, whose law is about them, for each region under it."""
        codes, groups = self.chokepoints.inputs.countries, self.chokepoints.inputs.is_group
        single = {code for code, group in zip(codes, groups, strict=True) if not group}
        home, union = self.chokepoints.inputs.home_by_country, self.chokepoints.union
        return frozenset((r, j) for r in self.frame.resolved.union for j in single if home[j] not in union)

    def one_country(self) -> OneCountry | None:
        """The rule on one third country, where the run has it bind."""
        if self.frame.config.one_country == "report":
            return None
        rule = next(rule for rule in self.chokepoints.inputs.rules if rule.kind == MAXIMUM_SINGLE)
        soft = self.frame.config.one_country == "soft"
        return OneCountry(float(rule.value), rule.year, soft, self.frame.config.one_country_price)

    @cached_property
    def excluded(self) -> tuple[RegionNodeSupplierYear, ...]:
        """Suppliers of the excluded group, in the stages and years of the run file, for every region."""
        return tuple(self._excluded()) if self.frame.config.exclude else ()

    def _excluded(self) -> Iterable[RegionNodeSupplierYear]:
        inputs, config = self.chokepoints.inputs, self.frame.config
        group = {code for code, inside in zip(inputs.countries, inputs.members[config.exclude], strict=True) if inside}
        stages = {node.node: node.stage for node in inputs.nodes}
        for (n, j, y), by in self.suppliers.parts.items():
            in_stage = not config.exclude_stages or stages[n] in config.exclude_stages
            if in_stage and y >= config.exclude_since and set(by) <= group:
                yield from ((r, n, j, y) for r in self.frame.regions if self.suppliers.home.get(j) != r)

    def barred(self, n: int, y: Year) -> NDArray[np.bool_]:
        """Countries that may not supply a node, (country)."""
        config, inputs = self.frame.config, self.chokepoints.inputs
        in_stage = not config.exclude_stages or inputs.nodes[n].stage in config.exclude_stages
        if not config.exclude or not in_stage or y < config.exclude_since:
            return np.zeros(len(inputs.countries), dtype=bool)
        return np.asarray(inputs.members[config.exclude] > 0)

    def following(self, y: Year) -> tuple[Array, Array]:
        """Part of plants that follow a mix which stands where it may supply, (node), and where that is, (node, country)
        [1] each."""
        if y not in self._follows:
            self._follows[y] = self._following_in(y)
        return self._follows[y]

    def _following_in(self, y: Year) -> tuple[Array, Array]:
        located = self.chokepoints.growth.new_located
        allowed = np.where([self.barred(n, y) for n in range(len(self.frame.nodes))], 0.0, located)
        return allowed.sum(axis=1), shares_of(allowed) if (allowed != located).any() else located

    def parts_at(self, node: str, year: int) -> list[tuple[Key, dict[str, float]]]:
        """Suppliers of a node in a year, each by its key and with its countries as of `Suppliers.parts`."""
        return self._by_place.get((node, year), [])

    @cached_property
    def _by_place(self) -> dict[Key, list[tuple[Key, dict[str, float]]]]:
        out: dict[Key, list[tuple[Key, dict[str, float]]]] = {}
        for key, by in self.suppliers.parts.items():
            out.setdefault((key[0], key[2]), []).append((key, by))
        return out

    def makers(self, region: Region, c: Chemistry, y: Year) -> dict[Supplier, Array]:
        """Makers of the cells of a region and chemistry, those at home among them under its name, and the share of each
        country in what they make, (country)."""
        if (region, c, y) not in self._made:
            self._made[region, c, y] = self._makers_of(region, c, y)
        return self._made[region, c, y]

    def _makers_of(self, region: Region, c: Chemistry, y: Year) -> dict[Supplier, Array]:
        at, place = self.frame.at[y], self.frame.place[c]
        own, abroad = self.chokepoints.halves((region,), at)
        home = {Supplier(region): own[place]}
        codes = self.chokepoints.inputs.countries
        if not self.chokepoints.makers_known(at)[place]:
            # Where nobody is known to make any, those abroad sell at the least price.
            cheap = np.array([code in self.cheap for code in codes], dtype=float)
            others = abroad[place] if abroad[place].any() else cheap / max(cheap.sum(), 1.0)
            return {**home, abroad_of(region, self.frame.regions): others}
        n = int(self.chokepoints.chain.cell[place].argmax())
        parts = {j: by for (_, j, _), by in self.parts_at(self.frame.nodes[n], y)}
        found = {**home, **{j: np.array([by.get(code, 0.0) for code in codes]) for j, by in parts.items()}}
        outside = ~self.chokepoints.at_home(self.frame.regions) & ~self.barred(n, y)
        deliver, home_of = self.suppliers.deliver, self.suppliers.home
        can = sum(
            (deliver[self.frame.nodes[n], j, y] * found[j] for j in parts if j not in home_of), np.zeros(len(codes))
        )
        if self.frame.config.makers == "chosen":
            built = np.where(outside, self.chokepoints.most_follow_on(at).located[n], 0.0)
            follow = built if built.any() else can * outside
            return {**found, FOLLOW_ON: follow / follow.sum()} if follow.any() else found
        found = {j: by for j, by in found.items() if j == Supplier(region) or j in self.suppliers.home}
        seen = np.where(outside, abroad[place], 0.0)
        seen = seen if seen.any() else can * outside
        return {**found, abroad_of(region, self.frame.regions): seen / seen.sum()} if seen.any() else found

    def is_home(self, maker: Supplier, regions: Sequence[Region]) -> bool:
        """Whether a maker is at home in some regions."""
        return self.suppliers.home.get(maker, Region(Place(maker))) in regions

    def observed(self) -> dict[Key, float]:
        """Share of each maker in the cells of each region as observed."""
        out: dict[Key, float] = {}
        for r in self.frame.regions:
            for y in self.frame.years:
                origin = self.chokepoints.cell_origin((r,), self.frame.at[y])
                home = self.chokepoints.made_at_home((r,), self.frame.at[y])
                for c, place in self.frame.place.items():
                    for j, countries in self.makers(r, c, y).items():
                        mine = home[place] if j == Supplier(r) else float(origin[place, countries > 0].sum())
                        mine = 0.0 if j == FOLLOW_ON else mine
                        out[r, j, c, y] = float(mine)
        return out

    def usual(self) -> dict[Key, float]:
        """Share of each supplier in a region's need in the incumbent scenario."""
        inputs, out = self.chokepoints.inputs, {}
        order = {code: j for j, code in enumerate(inputs.countries)}
        for r in self.frame.regions:
            for y in self.frame.years:
                by_country = self.chokepoints.sources(self.frame.incumbent, (r,), self.frame.at[y])[1]
                for n, node in enumerate(self.frame.nodes):
                    mine = [(j, by) for (m, j, t), by in self.parts_at(node, y)]
                    shares = {j: float(np.nansum(by_country[n, [order[code] for code in by]])) for j, by in mine}
                    total = sum(shares.values())
                    if total:
                        out.update({(r, node, j, y): share / total for j, share in shares.items()})
        return out

    def origins(
        self, production: Mapping[RegionChemistryYear, float], imports: Mapping[RegionSupplierChemistryYear, float]
    ) -> dict[RegionChemistryYear, Array]:
        """Share of each country in the cells of a mix, (country) [1]; of what several make as one supplier, by what
        they can deliver."""
        made: dict[RegionChemistryYear, Array] = {}
        cells = {(r, Supplier(r), c, y): gwh for (r, c, y), gwh in production.items()} | dict(imports)
        for (r, j, c, y), gwh in cells.items():
            made[r, c, y] = made.get((r, c, y), 0.0) + gwh * self.makers(r, c, y)[j]
        return {key: by_country / by_country.sum() for key, by_country in made.items() if by_country.sum() > 0}
