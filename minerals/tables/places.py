"""How regions lie within each other: what serves a region without rows of its own, and how the world is split."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..haste import frozen
from .codes import EUROPE, UNION, WORLD


@frozen
class Places:
    """The regions of regions.csv, in its order.

    within: region that contains each, or ''; parts: regions that each is made of; members: codes of its countries;
    shared: regions whose demand is a share of that of the region that contains them (`region_part`).
    """

    within: dict[str, str]
    parts: dict[str, tuple[str, ...]]
    members: dict[str, frozenset[str]]
    shared: frozenset[str]

    @classmethod
    def of(cls, regions: Sequence[Any], shared: Iterable[str]) -> Places:
        """From the rows of regions and the regions that region_part has rows of."""
        return cls(
            within={row.region: row.within for row in regions},
            parts={row.region: _codes(row.parts) for row in regions},
            members={row.region: frozenset(_codes(row.members)) for row in regions},
            shared=frozenset(shared),
        )

    def chain(self, region: str) -> tuple[str, ...]:
        """A region, those that contain it from the nearest on, and last the World: whose rows serve it, in turn."""
        out = [region]
        while (wider := self.within.get(out[-1], "")) and wider not in out:
            out.append(wider)
        return tuple(dict.fromkeys([*(name for name in out if name != WORLD), WORLD]))

    def whole(self, region: str) -> str:
        """The region of which this one has a share or is the remainder; '' where its demand is its own."""
        wider = self.within.get(region, "")
        return wider if region in self.parts.get(wider, ()) and self.is_whole(wider) else ""

    def is_whole(self, region: str) -> bool:
        """Whether a region has a demand of which its parts are shares."""
        return any(part in self.shared and self.within[part] == region for part in self.parts.get(region, ()))

    def is_sum(self, region: str) -> bool:
        """Whether a region has no demand but that of its parts."""
        return bool(self.parts.get(region)) and not self.is_whole(region)

    def remainder(self, whole: str) -> str:
        """The part of a whole that has what the others leave."""
        return next((part for part in self.parts[whole] if part not in self.shared), "")

    def overlap(self, one: str, other: str) -> bool:
        """Whether two regions hold the same place: would count it twice."""
        nested = one == other or one in self.chain(other)[:-1] or other in self.chain(one)[:-1]
        return nested or WORLD in (one, other) or bool(self.members[one] & self.members[other])

    def partition(self, regions: Sequence[str]) -> tuple[str, ...]:
        """Regions that make up the World, in which each of some regions stands whole: as wide as they can be."""
        inside = {wider for region in regions for wider in self.chain(region)[1:]}

        def split(region: str) -> list[str]:
            if region in inside and region not in regions:
                return [found for part in self.parts.get(region, ()) for found in split(part)] or [region]
            return [region]

        found = [name for part in self.parts.get(WORLD, ()) for name in split(part)]
        return tuple(sorted(found, key=list(self.within).index))

    def home(self, country: str, region: str, partition: Sequence[str]) -> str:
        """Region of a partition that a country belongs to, '' where none. region: that of the list of countries."""
        mine = (part for part in partition if country in self.members[part])
        return next(mine, region if region in partition else "")

    @property
    def union(self) -> frozenset[str]:
        """Regions under the law of the European Union: the EU27, what lies in it, and what is told of it more widely.

        Europe stands for it where a package has no EU27 of its own.
        """
        if UNION not in self.within:
            return frozenset({EUROPE})
        wider = set(self.chain(UNION)) - {WORLD}
        return frozenset(wider | {region for region in self.within if UNION in self.chain(region)})


def _codes(text: str) -> tuple[str, ...]:
    """Codes of a cell that joins them by ';'."""
    return tuple(code.strip() for code in text.split(";") if code.strip())
