"""Changed shares and paths of adoption of a run file's scenarios, with the place of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from ..errors import Problem
from ..haste import value_class
from ..text import shown
from ..toml import Keys
from .problems import Origin, model_problem, place_of
from .run_file import RunFile
from .sections import AdoptionCurve
from .values import is_year, not_a_fraction

#: Key beside paths of adoption that names the chemistries which fill up to one.
REST = "rest"


@value_class
class ShareChange:
    """One changed share. region is '' for every region; share is None for the rest that the others leave, of which
    several take parts in proportion; chosen: whether a model chose it, rather than the run file."""

    region: str
    segment: str
    year: int
    chemistry: str
    share: float | None
    path: Keys
    chosen: bool = False


@value_class
class Diffusion:
    """One path of adoption. region is '' for every region; chemistry may name a family."""

    region: str
    segment: str
    chemistry: str
    curve: AdoptionCurve
    path: Keys


@value_class
class Rest:
    """The chemistries or families that fill what the paths of a segment leave. region is '' for every region."""

    region: str
    segment: str
    chemistries: tuple[str, ...]
    path: Keys


def share_changes(
    path: Keys, share: Mapping[str, Any], origin: Origin, file: str, problems: list[Problem]
) -> Iterable[ShareChange]:
    """`share` tables as changes. The first level is a segment where years follow, else a region."""

    def problem(at: Keys, what: str, why: str) -> None:
        where, line = place_of(origin, at, file)
        problems.append(Problem(where, line, what, why))

    for first, below in share.items():
        if not isinstance(below, dict):
            problem((*path, first), f"share.{first}", f"expected [{_named(path)}.SEGMENT.YEAR] above shares")
            continue
        by_segment = {first: below} if all(map(is_year, below)) else below
        region = "" if by_segment is not below else first
        for segment, years in by_segment.items():
            at = (*path, segment) if not region else (*path, region, segment)
            if not isinstance(years, dict):
                problem(at, f"share.{segment}", "expected years below it, e.g. 2035 = { lfp = 0.4 }")
                continue
            for year, shares in years.items():
                if not is_year(year) or not isinstance(shares, dict):
                    problem((*at, year), f"share.{segment}.{year}", "expected a year with shares below it")
                    continue
                for chemistry, value in shares.items():
                    here = (*at, year, chemistry)
                    if value == "rest":
                        yield ShareChange(region, segment, int(year), chemistry, None, here)
                    elif isinstance(value, bool) or not isinstance(value, int | float):
                        problem(here, f"{chemistry} = {shown(value)}", 'expected a fraction from 0 to 1, or "rest"')
                    elif 1 < value <= 100:
                        problem(here, f"{chemistry} = {shown(value)}", not_a_fraction(value))
                    elif not 0 <= value <= 1:
                        problem(here, f"{chemistry} = {shown(value)}", "expected a fraction from 0 to 1")
                    else:
                        yield ShareChange(region, segment, int(year), chemistry, float(value), here)


def _named(path: Keys) -> str:
    """A key path with NAME for that of a scenario."""
    return ".".join((path[0], "NAME", *path[2:]) if path[0] == "scenario" else path)


def of_reference(
    settings: RunFile, origin: Origin, file: str, problems: list[Problem]
) -> tuple[tuple[ShareChange, ...], tuple[Diffusion | Rest, ...]]:
    """Changed shares and paths of adoption of the reference world of [exposure]."""
    config = settings.exposure
    if config is None:
        return (), ()
    changes = tuple(share_changes(("exposure", "share"), config.share, origin, file, problems))
    return changes, tuple(_paths(("exposure", "diffusion"), config.diffusion, origin, file, problems))


def diffusion_of(
    settings: RunFile, origin: Origin, file: str, problems: list[Problem]
) -> dict[str, tuple[Diffusion | Rest, ...]]:
    """Paths of adoption of every scenario that has some."""
    return {
        name: tuple(_paths(("scenario", name, "diffusion"), scenario.diffusion, origin, file, problems))
        for name, scenario in settings.scenario.items()
        if scenario.diffusion
    }


def _paths(
    path: Keys, tables: Mapping[str, Any], origin: Origin, file: str, problems: list[Problem]
) -> Iterable[Diffusion | Rest]:
    """`diffusion` tables as paths. The first level is a region where curves stand two levels below it, else a segment.

    A curve is a table of keys that are no tables themselves.
    """

    def problem(at: Keys, what: str, why: str) -> None:
        where, line = place_of(origin, at, file)
        problems.append(Problem(where, line, what, why))

    for first, below in tables.items():
        if not isinstance(below, dict):
            problem((*path, first), f"diffusion.{first}", f"expected [{_named(path)}.SEGMENT] above curves")
            continue
        curves = [value for key, value in below.items() if key != REST]
        has_curves = REST in below or not all(isinstance(value, dict) and _holds_tables(value) for value in curves)
        for segment, entries in ({first: below} if has_curves else below).items():
            region = "" if has_curves else first
            at = (*path, segment) if has_curves else (*path, first, segment)
            for name, value in entries.items():
                here = (*at, name)
                if name == REST:
                    names = [value] if isinstance(value, str) else value
                    if not (isinstance(names, list) and names and all(isinstance(each, str) for each in names)):
                        problem(here, f"rest = {shown(value)}", 'expected a chemistry or a list of them, e.g. "lfp"')
                        continue
                    yield Rest(region, segment, tuple(names), here)
                    continue
                try:
                    yield Diffusion(region, segment, name, AdoptionCurve.model_validate(value), here)
                except ValidationError as error:
                    found = ({**item, "loc": (*here, *item["loc"])} for item in error.errors())
                    problems += [model_problem(item, origin, file) for item in found]


def _holds_tables(table: Mapping[str, Any]) -> bool:
    return any(isinstance(value, dict) for value in table.values())
