"""`[study] kind = "identify"`: which mixes of a year fit what is said of minerals, and what that leaves open.

A mix is the shares of chemistries in all batteries of a year, x ≥ 0 with Σ x = 1. What is said of a mineral is a range
of the change of its demand against a baseline b, with the same batteries and the same intensities i [kg/kWh]:

    least ≤ i·x / i·b − 1 ≤ most

which is linear in x, as is all else that a mix is to keep: proportions within a family and the part with silicon, as in
the baseline, and shares that only fall or only grow. So all mixes that fit are one polytope. Its ranges say what the
statements leave open, and draws spread evenly over it how much of it lies where (`polytope`). Evenly means in the
shares of the chemistries that are not held: with a chemistry split in two that are alike, ranges stay and percentiles
move. Limits of single uses, of growth and of supply are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import as_completed
from contextlib import nullcontext
from functools import cached_property
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..case.arrays import Arrays
from ..config import Identify
from ..errors import Infeasible, InputError, Problem, listed
from ..haste import frozen
from ..numbers import signed_percent
from ..tables.names import Kinds
from .blocks import DRAWS_PART, StudyFolder, begin_part, is_sound, read_values, write_block
from .identity import Findings, Studied, identity_of
from .polytope import BLOCK, Polytope, Walk, contradiction, least_change, ranges, walk
from .pool import LocalPool, Progress, end_without_parent, worker_pool

Array = NDArray[np.float64]
PERCENTILES = (5, 50, 95)
#: A limit that is broken by less is kept.
KEPT = 1e-9
#: Draws of a share that are no further apart have no correlation with others.
STILL = 1e-6


def cells_of(arrays: Arrays, scenario: str, year: int) -> Array:
    """Cells of a year in all regions together, (segment, chemistry) [GWh]."""
    at = arrays.resolved.years.labels.index(year)
    sold, share = arrays.additions[scenario][0, ..., at], arrays.share[scenario][0, ..., at]
    return np.asarray((sold[..., None] * share).sum(axis=0))


def demand_change(cells: Array, baseline: Array, intensity: Array) -> Array:
    """Change of the demand for each mineral, (mineral) [1], from the cells of a baseline to others, (chemistry) each.

    intensity: (chemistry, mineral) [kg/kWh]. NaN where the baseline has none of a mineral.
    """
    before = baseline @ intensity
    return np.divide(cells @ intensity, before, where=before > 0, out=np.full_like(before, np.nan)) - 1


@frozen
class Indicator:
    """A number of a mix that is told: row · shares + at. kind: change (of the demand for a mineral), family, chemistry
    or sum (of shares)."""

    kind: str
    name: str
    label: str
    row: Array
    at: float = 0.0


@frozen
class Limit:
    """What a mix keeps: low ≤ rows · shares ≤ high. kind: statement, only_fall, only_grow, held or silicon; rows:
    (row, chemistry)."""

    kind: str
    name: str
    rows: Array
    low: float
    high: float

    def slack(self, mix: Array) -> float:
        """Distance of a mix from the nearer end; negative where it breaks the limit."""
        values = self.rows @ mix
        return float(np.minimum(values - self.low, self.high - values).min())


@frozen
class Mixes:
    """All mixes of a year that fit. baseline: its shares, (chemistry); members: those of the other scenarios;
    indicators: what is told of a mix; limits: what it keeps."""

    baseline: Array
    members: dict[str, Array]
    indicators: list[Indicator]
    limits: list[Limit]

    @cached_property
    def polytope(self) -> Polytope:
        """All mixes: the sum of shares, and then the rows of each limit."""
        whole = np.ones((1, len(self.baseline)))
        rows = [limit.rows for limit in self.limits]
        ends = [(limit.low, limit.high) for limit in self.limits for _ in limit.rows]
        low, high = np.array([(1.0, 1.0), *ends]).T
        return Polytope(np.vstack([whole, *rows]), low, high)

    @property
    def statements(self) -> dict[int, Limit]:
        """Statements by the number of their row in the polytope."""
        rows = np.cumsum([1, *(len(limit.rows) for limit in self.limits)])
        return {int(at): limit for at, limit in zip(rows, self.limits, strict=False) if limit.kind == "statement"}


def study(of: Studied, kept: StudyFolder | None = None, progress: Progress | None = None) -> Findings:
    """Tables `identified`, `identified_member`, `identified_limit` and `identified_pair` of a run with such a study.

    Raises InputError with what of its keys does not fit, and Infeasible where no mix fits, with the statements that
    contradict each other and the least that reconciles them.
    """
    config = of.resolved.run.settings.study
    assert isinstance(config, Identify)
    mixes = mixes_of(of)
    rows = np.stack([indicator.row for indicator in mixes.indicators])
    found = ranges(mixes.polytope, rows)
    if found is None:
        raise Infeasible(_contradiction(of, mixes))
    at = np.array([indicator.at for indicator in mixes.indicators])
    ends = found[0] + at[:, None]
    drawn = _drawn(of, config, mixes.polytope, kept, progress) @ rows.T + at
    percentiles = np.percentile(drawn, PERCENTILES, axis=0)
    place = {"region": of.region_label, "year": config.year or of.resolved.reported[-1]}
    names = [(indicator.kind, indicator.name, indicator.label) for indicator in mixes.indicators]
    head = pd.DataFrame(names, columns=["kind", "name", "label"])
    head.insert(0, "region", place["region"])
    head.insert(1, "year", place["year"])
    # In sums of a few shares digits beyond the twelfth are rounding, and a change of 0 no longer is.
    numbers = {"baseline": np.round(rows @ mixes.baseline + at, 12) + 0.0, "low": ends[:, 0], "high": ends[:, 1]}
    numbers |= {f"p{p}": row for p, row in zip(PERCENTILES, percentiles, strict=True)}
    tables = {
        "identified": head.assign(**numbers, unit="1"),
        "identified_member": pd.concat(
            [head.assign(scenario=name, value=rows @ mix + at, unit="1") for name, mix in mixes.members.items()]
            or [head.iloc[:0].assign(scenario="", value=0.0, unit="1")],
            ignore_index=True,
        )[["scenario", *head, "value", "unit"]],
        "identified_limit": _limits(mixes, place),
        "identified_pair": _pairs(mixes.indicators, drawn, place),
    }
    held = ["battery_demand", "mineral_intensity"]
    return Findings(tables, about={**config.model_dump(include={"mixes", "seed"}), "held": held})


# ---------------------------------------------------------------------- what fits


def mixes_of(of: Studied) -> Mixes:
    """All mixes that fit what a run's study says. Raises InputError."""
    resolved, config = of.resolved, of.resolved.run.settings.study
    assert isinstance(config, Identify)
    arrays, kinds = Arrays(resolved), Kinds(of.inputs)
    year = config.year or resolved.reported[-1]
    at = resolved.years.labels.index(year)
    shares = {}
    for name in arrays.scenarios:
        cells = cells_of(arrays, name, year).sum(axis=0)
        shares[name] = cells / (cells.sum() or 1.0)
    baseline = shares.pop(config.baseline or arrays.scenarios[0])
    if not baseline.any():
        why = f"has no batteries in {year}, so nothing is said of a mix; choose another year or scenario"
        raise InputError([resolved.run.problem(("study", "year"), "the baseline", why)])
    within = {name: _within(name, resolved.chemistries.labels, kinds) for name in kinds.known}
    problems = [
        resolved.run.problem(
            ("study", *path), f"{'.'.join(path)} has {name!r}", "no scenario of this run has any of it; leave it out"
        )
        for path, names in (
            (("held",), config.held), (("only_grow",), config.only_grow), (("only_fall",), config.only_fall),
            *((("sums", key), names) for key, names in config.sums.items()),
        )
        for name in names if not within[name].any()
    ]  # fmt: skip
    problems += [
        resolved.run.problem(
            ("study", "held"), f"held has {name!r}",
            "the baseline has none of this family, so no proportions to hold; leave it out",
        )
        for name in config.held if within[name].any() and not baseline[within[name]].any()
    ]  # fmt: skip
    intensity = arrays.intensity_by_year[..., at]
    before = baseline @ intensity
    rows = {mineral: intensity[:, m] / before[m] for m, mineral in enumerate(resolved.minerals.labels) if before[m] > 0}
    problems += [
        resolved.run.problem(
            ("study", "statements", mineral), f"statements.{mineral}",
            "the baseline needs none of it, so that there is no change of it; leave it out",
        )
        for mineral in config.statements if mineral not in rows
    ]  # fmt: skip
    if problems:
        raise InputError(problems)
    limits = [
        Limit("statement", mineral, rows[mineral][None], 1 + least, 1 + most)
        for mineral, (least, most) in config.statements.items()
    ]
    limits += _held(config, resolved.chemistries.labels, within, baseline)
    for kind, names in (("only_fall", config.only_fall), ("only_grow", config.only_grow)):
        for name in names:
            row = within[name].astype(float)
            share = float(row @ baseline)
            ends = (0.0, share) if kind == "only_fall" else (share, 1.0)
            limits.append(Limit(kind, name, row[None], *ends))
    labels = of.inputs["minerals"].set_index("mineral")["label"]
    indicators = [Indicator("change", mineral, str(labels[mineral]), row, -1.0) for mineral, row in rows.items()]
    indicators += _shares(of, config, kinds, within)
    return Mixes(baseline, shares, indicators, limits)


def _within(name: str, chemistries: Sequence[tuple[str, float]], kinds: Kinds) -> NDArray[np.bool_]:
    """Which chemistries of the axis a name stands for: those of a family, or one with all its parts of silicon."""
    members = kinds.members(name)
    return np.array([chemistry in members for chemistry, _ in chemistries])


def _held(
    config: Identify, chemistries: Sequence[tuple[str, float]], within: dict[str, NDArray[np.bool_]], baseline: Array
) -> Iterable[Limit]:
    """Proportions that are those of the baseline: of the chemistries of a family, and of silicon in a chemistry."""
    bases = np.array([chemistry for chemistry, _ in chemistries], dtype=object)
    for name in config.held:
        mine = within[name]
        part = baseline[mine].sum()
        rows = [(bases == base) - (baseline[bases == base].sum() / part) * mine for base in dict.fromkeys(bases[mine])]
        yield Limit("held", name, np.array(rows, dtype=float), 0.0, 0.0)
    if config.silicon == "held":
        for base in dict.fromkeys(bases):
            mine = bases == base
            if mine.sum() > 1:
                # A chemistry that the baseline lacks has no silicon.
                first = np.array([1.0, *np.zeros(mine.sum() - 1)])
                part = baseline[mine] / baseline[mine].sum() if baseline[mine].any() else first
                proportions = np.zeros((mine.sum(), len(bases)))
                proportions[:, mine] = np.eye(mine.sum()) - part[:, None]
                yield Limit("silicon", str(base), proportions, 0.0, 0.0)


def _shares(of: Studied, config: Identify, kinds: Kinds, within: dict[str, NDArray[np.bool_]]) -> Iterable[Indicator]:
    """Shares that are told: of each family, of the chemistries of one that are not held, and of sums."""
    labels = of.inputs["chemistries"].set_index("chemistry")["label"]
    for family in (name for name in kinds.known if kinds.is_family(name) and within[name].any()):
        yield Indicator("family", family, family, within[family].astype(float))
        if family not in config.held and within[family].sum() > 1:
            for at in np.flatnonzero(within[family]):
                chemistry, silicon = of.resolved.chemistries.labels[at]
                blend = f" with {100 * silicon:.3g}% Si" if silicon else ""
                row = np.zeros(len(within[family]))
                row[at] = 1.0
                yield Indicator("chemistry", f"{chemistry}{blend}", f"{labels[chemistry]}{blend}", row)
    for name, parts in config.sums.items():
        yield Indicator("sum", name, name, np.any([within[part] for part in parts], axis=0).astype(float))


# ---------------------------------------------------------------------- draws


_walk: Walk


def _start(polytope: Polytope, seed: int) -> None:
    global _walk
    found = walk(polytope, seed)
    assert found is not None
    _walk = found


def _make(file: Path | None, identity: str, seed: int, number: int) -> tuple[int, NDArray[np.float32]] | None:
    """Draw a block and put it in place; return its number and values where the disk of the study is not here."""
    values = _walk.block(seed, number).astype(np.float32)
    if file is None:
        return number, values
    end_without_parent()  # Another study may have begun in this folder since.
    write_block(file, identity, number, values)
    return None


def _drawn(
    of: Studied, config: Identify, polytope: Polytope, kept: StudyFolder | None, progress: Progress | None
) -> Array:
    """Draws of mixes, (draw, chemistry), in blocks, of which the finished ones are kept."""
    identity = identity_of(of.resolved, config.mixes, BLOCK)
    size = BLOCK * polytope.shares
    with nullcontext(str(kept.path)) if kept is not None else TemporaryDirectory() as folder:
        if kept is not None:
            kept.claim()
        place = Path(folder) / DRAWS_PART
        begin_part(place, identity)
        files = [place / f"{number:06d}.f32" for number in range(-(-config.mixes // BLOCK))]
        missing = [number for number, file in enumerate(files) if not is_sound(file, identity, number, size)]
        with worker_pool(config.workers, _start, polytope, config.seed) as pool:
            here = isinstance(pool, LocalPool)
            if progress is not None:
                progress(min((len(files) - len(missing)) * BLOCK, config.mixes), config.mixes)
            making = [
                pool.submit(_make, files[number] if here else None, identity, config.seed, number) for number in missing
            ]
            for count, made in enumerate(as_completed(making), 1):
                if (block := made.result()) is not None:
                    write_block(files[block[0]], identity, *block)
                if progress is not None:
                    progress(min((len(files) - len(missing) + count) * BLOCK, config.mixes), config.mixes)
        values = np.concatenate([read_values(file, 0, size) for file in files])
    return values.reshape(-1, polytope.shares)[: config.mixes].astype(np.float64)


# ---------------------------------------------------------------------- tables


def _limits(mixes: Mixes, place: dict[str, object]) -> pd.DataFrame:
    """Every limit held against every other scenario: its value, the ends, and the distance from the nearer one."""
    rows = []
    for scenario, mix in mixes.members.items():
        for limit in mixes.limits:
            slack = limit.slack(mix)
            at = -1.0 if limit.kind == "statement" else 0.0
            # Of several rows, which are all proportions, the largest departure.
            value = float((limit.rows @ mix)[0]) + at if len(limit.rows) == 1 else 0.0 - slack
            rows.append((
                scenario, *place.values(), limit.kind, limit.name, value, limit.low + at, limit.high + at, slack + 0.0,
                "yes" if slack >= -KEPT else "no", "1",
            ))  # fmt: skip
    columns = ["scenario", *place, "kind", "name", "value", "low", "high", "slack", "inside", "unit"]
    return pd.DataFrame(rows, columns=columns)


def _pairs(indicators: Sequence[Indicator], drawn: Array, place: dict[str, object]) -> pd.DataFrame:
    """Correlation of shares over the draws, of each pair that moves and of which neither contains the other."""
    moving = [at for at, each in enumerate(indicators) if each.kind != "change" and drawn[:, at].std() > STILL]
    found = np.corrcoef(drawn[:, moving], rowvar=False).reshape(len(moving), len(moving))
    rows = [
        (*place.values(), indicators[moving[one]].name, indicators[moving[two]].name, float(found[one, two]), "1")
        for one, two in combinations(range(len(moving)), 2)
        if not (indicators[moving[one]].row @ indicators[moving[two]].row)
    ]
    return pd.DataFrame(rows, columns=[*place, "one", "two", "value", "unit"])


# ---------------------------------------------------------------------- contradictions


def _contradiction(of: Studied, mixes: Mixes) -> str:
    """Why no mix fits: statements that contradict each other, and the least that reconciles them, alone and all."""
    run, statements = of.resolved.run, mixes.statements
    rows = contradiction(mixes.polytope, list(statements))
    lines = []
    for row in rows:
        limit = statements[row]
        file, line = run.place("study", "statements", limit.name)
        alone = least_change(mixes.polytope, [row])
        way = (
            "no change of it alone is enough" if alone is None else f"alone it would have to be {_to(limit, alone[0])}"
        )
        what = f"statements.{limit.name} = {_as_range(limit.low - 1, limit.high - 1)}"
        lines.append(str(Problem(file, line, what, way)))
    least = least_change(mixes.polytope, list(statements))
    assert least is not None  # Without statements the baseline itself fits.
    together = [
        f"{limit.name} {_to(limit, by)}" for limit, by in zip(statements.values(), least, strict=True) if abs(by) > KEPT
    ]
    what = "contradict each other" if len(rows) > 1 else "contradicts what mixes may be"
    return "\n".join([
        f"no mix fits: {listed([statements[row].name for row in rows])} {what}, with the shares that are held, only "
        "fall or only grow",
        *lines,
        f"the least change in all: {listed(together)}; change a statement, or what is held",
    ])  # fmt: skip


def _to(limit: Limit, by: float) -> str:
    """What a statement would have to be: `−30.2% at the least`."""
    return (
        f"{signed_percent(limit.low - 1 - by)} or lower"
        if by > 0
        else f"{signed_percent(limit.high - 1 - by)} or higher"
    )


def _as_range(low: float, high: float) -> str:
    return f"{signed_percent(low)} to {signed_percent(high)}"
