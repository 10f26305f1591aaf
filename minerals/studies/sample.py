"""`[study] kind = "sample"`: every uncertain input drawn many times, summarised as percentiles.

Draws are taken in blocks. Each finished block is a file in the folder of the study, so that an interrupted one goes on
where it stopped; the final tables depend on the blocks alone, not on how many workers made them or when.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterable
from concurrent.futures import as_completed
from contextlib import ExitStack, nullcontext
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..config import Sample
from ..design import latin_hypercube
from ..errors import UsageError
from ..flows.ensemble import follow
from ..haste import frozen
from ..tables.resolve import Resolved
from .blocks import PARTS, StudyFolder, begin_part, is_sound, marked, read_values, write_block
from .identity import Findings, Studied, identity_of
from .pool import LocalPool, Progress, end_without_parent, local_pool, worker_pool
from .uncertain import Uncertain, about_draws

#: Draws of one block, each a Latin hypercube of its own; a constant, since it decides where blocks begin.
BLOCK = 4096
#: Draws computed at once, so that their arrays stay in cache.
CACHED = 1024
#: Draws with every series independent: enough for the interval that stands beside the grouped one.
INDEPENDENT = 2000
PERCENTILES = (5, 50, 95)
#: What a block holds, as `ensemble.follow` gives it, and the unit of every quantity that follows from these.
STORED = ("mineral_demand", "input", "secondary_supply")
QUANTITIES = {
    "mineral_demand": "kt",
    "input": "kt",
    "secondary_supply": "kt",
    "primary_demand": "kt",
    "recycled_content": "1",
}
COLUMNS = ["scenario", "against", "region", "mineral", "quantity", "year", "p5", "p50", "p95",
           "p5_independent", "p95_independent", "unit"]  # fmt: skip
Array = NDArray[np.float32]


class Record(NamedTuple):
    """Percentiles of one quantity at one place of the axes; against: of the change from the first scenario."""

    quantity: str
    scenario: int
    against: bool
    region: int
    mineral: int
    year: int
    found: tuple[float, ...]


@frozen
class Part:
    """One half of a study: its draws with causes moving together, or with every series on its own.

    folder: where its blocks are kept, of single precision each, as `block_of` gives them.
    """

    resolved: Resolved
    draws: int
    independent: bool
    regions: tuple[str, ...]
    folder: Path

    @property
    def study(self) -> Sample:
        study = self.resolved.run.settings.study
        assert isinstance(study, Sample)
        return study

    @cached_property
    def uncertain(self) -> Uncertain:
        return Uncertain(self.resolved, self.independent, self.study.share_spread)

    @property
    def shape(self) -> tuple[int, ...]:
        """(scenario, mineral, stored, region, year) of a block, draws left out."""
        resolved = self.resolved
        stored = len(STORED) if resolved.parameters is not None else 1
        scenarios = len(resolved.run.settings.scenario)
        return scenarios, len(resolved.minerals), stored, len(self.regions), len(resolved.reported)

    def files(self) -> list[Path]:
        """Files of all blocks, in order."""
        return [self.folder / f"{number:06d}.f32" for number in range(-(-self.draws // BLOCK))]

    def size(self, number: int) -> int:
        """Values of a block."""
        return math.prod(self.shape) * min(BLOCK, self.draws - number * BLOCK)

    def missing(self) -> list[int]:
        """Numbers of the blocks still to be made, damaged ones with them."""
        if marked(self.folder) != self.identity:
            return list(range(len(self.files())))
        return [
            number for number, file in enumerate(self.files())
            if not is_sound(file, self.identity, number, self.size(number))
        ]  # fmt: skip

    def put(self, number: int, values: Array) -> None:
        """Put a block in its place."""
        write_block(self.files()[number], self.identity, number, values)

    @cached_property
    def identity(self) -> str:
        """What the draws depend on."""
        return identity_of(self.resolved, self.draws, BLOCK, self.independent)


def quantities(resolved: Resolved) -> list[str]:
    """Names of the quantities of a run's study."""
    return list(QUANTITIES) if resolved.parameters is not None else ["mineral_demand"]


def study(of: Studied, kept: StudyFolder | None = None, progress: Progress | None = None) -> Findings:
    """Tables `percentiles` and `uncertain_inputs` of a run with a sample study.

    kept: folder of the finished blocks, for the caller to end once the result is written; without one they live in a
    temporary folder. Changes against the first scenario are computed draw by draw. Raises UsageError where the disk is
    too small.
    """
    resolved, region_label, study = of.resolved, of.region_label, of.resolved.run.settings.study
    assert isinstance(study, Sample)
    each = resolved.regions.labels
    regions = each if len(each) == 1 else (*each, region_label) if study.detail == "region" else (region_label,)
    with nullcontext(str(kept.path)) if kept is not None else TemporaryDirectory() as folder:
        parts = [
            Part(resolved, draws, name == "independent", regions, Path(folder) / name)
            for name, draws in zip(PARTS, (study.draws, min(study.draws, INDEPENDENT)), strict=True)
        ]
        _check_disk(parts, Path(folder))
        if kept is not None:
            kept.claim()
        for part in parts:
            begin_part(part.folder, part.identity)
        missing = [(place, number) for place, part in enumerate(parts) for number in part.missing()]
        with ExitStack() as stack:
            pool = stack.enter_context(worker_pool(study.workers, _start, parts))
            here = isinstance(pool, LocalPool)
            blocks, draws = (
                sum(each) for each in zip(*((len(part.files()), part.draws) for part in parts), strict=True)
            )
            if progress is not None:
                progress(min((blocks - len(missing)) * BLOCK, draws), draws)
            for count, made in enumerate(as_completed([pool.submit(_make, *each, here) for each in missing]), 1):
                if (block := made.result()) is not None:
                    parts[block.place].put(block.number, block.values)
                if progress is not None:
                    progress(min((blocks - len(missing) + count) * BLOCK, draws), draws)
            readers = pool if here else stack.enter_context(local_pool(study.workers, _start, parts))
            minerals = len(resolved.minerals)
            together, apart = (
                _table(parts[place], readers.map(_summary, [place] * minerals, range(minerals)))
                for place in range(len(parts))
            )
    keys = COLUMNS[:6]
    apart = apart[[*keys, "p5", "p95"]].rename(columns={"p5": "p5_independent", "p95": "p95_independent"})
    table = together.merge(apart, on=keys, how="left")[COLUMNS]
    inputs = pd.DataFrame(
        [(factor.label, factor.table, factor.series, factor.range, factor.distribution)
         for factor in parts[0].uncertain.factors],
        columns=["factor", "table", "series", "range", "distribution"],
    )  # fmt: skip
    return Findings({"percentiles": table, "uncertain_inputs": inputs}, about=about_draws(resolved))


def _check_disk(parts: list[Part], folder: Path) -> None:
    """Raise UsageError where the draws that are still to be made would fill the disk."""
    needed = sum(4 * math.prod(part.shape) * part.draws for part in parts)
    there = sum(file.stat().st_size for part in parts for file in part.files() if file.is_file())
    disk = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(disk).free
    if needed - there > free:
        raise UsageError(
            f"{parts[0].draws:,} draws take {_bytes(needed)} in {folder}, where {_bytes(free)} are free; "
            'take fewer draws, fewer scope.minerals, or study.detail = "total"'
        )


def _bytes(count: int) -> str:
    """A size in words, `1.2 GB`, `34 kB`."""
    return (
        f"{count / 1e9:,.1f} GB"
        if count >= 1e9
        else f"{count / 1e6:.1f} MB"
        if count >= 1e6
        else f"{count / 1e3:.0f} kB"
    )


# ---------------------------------------------------------------------- blocks

_parts: list[Part]


def _start(parts: list[Part]) -> None:
    global _parts
    _parts = parts


class Made(NamedTuple):
    """A block of a part, made on another machine."""

    place: int
    number: int
    values: Array


def _make(place: int, number: int, here: bool) -> Made | None:
    """Compute one block of a part and put it in place; return it where the disk of the study is not here."""
    part = _parts[place]
    draws = min(BLOCK, part.draws - number * BLOCK)
    uniform = latin_hypercube(draws, len(part.uncertain.factors), part.study.seed, number)
    block = block_of(part.uncertain, uniform, len(part.regions) > 1)
    if not here:
        return Made(place, number, block)
    end_without_parent()  # Another study may have begun in this folder since.
    part.put(number, block)
    return None


def block_of(uncertain: Uncertain, uniform: NDArray[np.float64], by_region: bool = True) -> Array:
    """Results of the draws of `uniform` (draw, factor), (scenario, mineral, stored, region, reported year, draw).

    With several regions their sum is the last, or, unless `by_region`, the only one.
    """
    resolved = uncertain.resolved
    regions, minerals = len(resolved.regions), len(resolved.minerals)
    stored = 1 if resolved.parameters is None else len(STORED)
    parts = 1 if regions == 1 or not by_region else regions + 1
    out = np.empty(
        (len(uncertain.scenarios), minerals, stored, parts, len(resolved.reported), len(uniform)), np.float32
    )
    for at in range(0, len(uniform), CACHED):
        chunk = slice(at, at + CACHED)
        for s, scenario in enumerate(uncertain.scenarios):
            draws = uncertain.draw(uniform[chunk], scenario)
            for q, flow in enumerate(follow(draws)):
                there = out[s, :, q, :, :, chunk]
                there[:, -1] = np.einsum("mdry->myd", flow)
                if parts > 1:
                    there[:, :-1] = np.moveaxis(flow, 1, -1)
    return out


def quantity(name: str, stored: Array) -> Array:
    """A quantity from the stored ones on the first axis."""
    if name == "primary_demand":
        return np.asarray(stored[1] - stored[2])
    if name == "recycled_content":
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(stored[1] > 0, stored[2] / stored[1], np.float32(0))
    return np.asarray(stored[STORED.index(name)])


# ---------------------------------------------------------------------- summary


def _summary(place: int, mineral: int) -> list[Record]:
    """Percentiles of one mineral: of levels, and of changes against the first scenario draw by draw."""
    part = _parts[place]
    scenarios, _, stored, regions, years = part.shape
    names = quantities(part.resolved)
    records = []
    values = np.empty((stored, years, part.draws), np.float32)
    base = np.empty_like(values) if scenarios > 1 else values
    for r in range(regions):
        for s in range(scenarios):
            into = base if s == 0 else values
            for q in range(stored):
                _read(part, (s, mineral, q, r), into[q])
            for y in range(years):
                for name in names:
                    level = quantity(name, into[:, y])
                    records.append(Record(name, s, False, r, mineral, y, _percentiles(level)))
                    if s:
                        change = _change(name, level, quantity(name, base[:, y]))
                        records.append(Record(name, s, True, r, mineral, y, _percentiles(change)))
    return records


def _read(part: Part, at: tuple[int, ...], out: Array) -> None:
    """Fill (year, draw) from one place of the blocks, (scenario, mineral, stored, region)."""
    years = part.shape[-1]
    place = int(np.ravel_multi_index(at, part.shape[:-1]))
    for number, file in enumerate(part.files()):
        first = number * BLOCK
        count = min(BLOCK, part.draws - first)
        values = read_values(file, place * years * count, years * count)
        out[:, first : first + count] = values.reshape(years, count)


def _change(name: str, level: Array, base: Array) -> Array:
    """Change draw by draw: of a rate the difference, else relative; NaN where there is nothing to compare with."""
    if name == "recycled_content":
        return level - base
    with np.errstate(invalid="ignore", divide="ignore"):
        return level / base - 1


def _percentiles(values: Array) -> tuple[float, ...]:
    """Percentiles of draws, linear between neighbours; NaN where a draw is not finite.

    Each place is selected alone, among the draws that the one before left above it: numpy selects one place with vector
    instructions, several at once without, and a full sort takes longer.
    """
    if not np.isfinite(values).all():
        return (np.nan,) * len(PERCENTILES)
    ordered, first, found = values.copy(), 0, []
    for place in np.array(PERCENTILES) / 100 * (len(values) - 1):
        at = int(place)
        ordered[first:].partition(at - first)
        low = float(ordered[at])
        high = float(ordered[at + 1 :].min()) if place > at else low
        found.append(low + (place - at) * (high - low))
        first = at
    return tuple(found)


def _table(part: Part, summaries: Iterable[list[Record]]) -> pd.DataFrame:
    """Tidy table, without places that are always zero or undefined."""
    resolved, names = part.resolved, quantities(part.resolved)
    records = [
        record for summary in summaries for record in summary
        if np.isfinite(record.found).all() and (record.against or any(record.found))
    ]  # fmt: skip
    records.sort(key=lambda each: (names.index(each.quantity), *each[1:6]))
    scenarios = list(resolved.run.settings.scenario)
    rows = [
        (
            scenarios[each.scenario],
            scenarios[0] if each.against else "",
            part.regions[each.region],
            resolved.minerals.labels[each.mineral],
            each.quantity,
            resolved.reported[each.year],
            *each.found,
            "1" if each.against else QUANTITIES[each.quantity],
        )
        for each in records
    ]
    return pd.DataFrame(rows, columns=[*COLUMNS[:9], "unit"])
