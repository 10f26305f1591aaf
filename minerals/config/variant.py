"""[optimise.variant.NAME]: further mixes of a run, each chosen under other limits, duties or credits than [optimise].

A variant says what differs; all else is as [optimise] and [prices] have it. What it says of a key stands in place of
what they say, tables by year included.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ..errors import Problem, did_you_mean, listed
from ..text import shown
from .optimise import Optimise
from .problems import Origin, model_problem, place_of
from .run_file import RunFile
from .sections import Prices

if TYPE_CHECKING:
    from .run import Run

#: Scenario of the mix that [optimise] chooses; that of a variant has its name after a hyphen.
OPTIMISED = "optimised"
#: Keys of [prices] that a variant may set.
OF_PRICES = ("tariff", "car_tariff", "cells_in_cars", "credit")
#: Keys of [optimise] that a variant may not set, and why.
SAME = {
    "scenario": "all mixes of a run meet the demand of one scenario, beside which they stand",
    "ranges": "ranges are told of the mix of [optimise] alone",
    "frontier": "the frontier is told of the mix of [optimise] alone",
    "unknown": "the ends of what nobody knows are told of the mix of [optimise] alone",
}
#: Keys that a variant may set.
MAY_DIFFER = (*(key for key in Optimise.model_fields if key not in (*SAME, "variant")), *OF_PRICES)


def scenario_of(name: str) -> str:
    """Scenario of the mix of a variant."""
    return f"{OPTIMISED}-{name}"


def playback_of(scenario: str) -> str:
    """File of a result that plays back the mix of a scenario."""
    return f"{scenario}.toml"


def runs_by_mix(run: Run) -> dict[str, Run]:
    """The run of each mix, by the scenario that the mix becomes: that of [optimise] first, then that of each variant,
    whose [optimise] and [prices] are what it makes of them."""
    config = run.settings.optimise
    assert config is not None
    return {OPTIMISED: run} | {scenario_of(name): _varied(run, name) for name in config.variant}


def variant_problems(settings: RunFile, origin: Origin, file: str) -> Iterator[Problem]:
    """All that is wrong in the variants of a run file."""
    config = settings.optimise
    for name, changes in config.variant.items() if config is not None else ():
        path = ("optimise", "variant", name)

        def problem(at: tuple[str, ...], what: str, why: str) -> Problem:
            return Problem(*place_of(origin, at, file), what, why)

        if scenario_of(name) in settings.scenario:
            why = f"is the name of the scenario that [optimise.variant.{name}] adds; choose another for one of them"
            yield problem(("scenario", scenario_of(name)), f"scenario {scenario_of(name)!r}", why)
        if not set(changes) - {"label"}:
            why = "changes nothing, so that its mix is that of [optimise]; set what differs, or leave it out"
            yield problem(path, f"variant {name!r}", why)
        for key in changes:
            what = f"{'.'.join(path)}.{key}"
            if key in SAME:
                yield problem((*path, key), what, f"cannot differ: {SAME[key]}; leave it out")
            elif key not in MAY_DIFFER:
                near = did_you_mean(key, MAY_DIFFER)
                why = f"not a key of a variant{near} (keys: {listed(list(MAY_DIFFER))})"
                yield problem((*path, key), f"key {shown(key)}", why)
        for section, values in _sections(settings, name):
            try:
                section.model_validate(values)
            except ValidationError as error:
                for item in error.errors():
                    yield model_problem({**item, "loc": (*path, *item["loc"])}, origin, file)


def _sections(settings: RunFile, name: str) -> Iterator[tuple[type[Optimise | Prices], dict[str, Any]]]:
    """[optimise] and [prices] of a variant, not yet checked; of its keys those that it may set."""
    config = settings.optimise
    assert config is not None
    changes = config.variant[name]
    mine = {key: value for key, value in changes.items() if key in MAY_DIFFER and key not in OF_PRICES}
    base = config.model_dump(exclude_unset=True, exclude={"variant"})
    yield Optimise, {**base, "label": name, **mine, "ranges": "off", "frontier": "off"}
    if settings.prices is not None:
        prices = {key: value for key, value in changes.items() if key in OF_PRICES}
        yield Prices, {**settings.prices.model_dump(exclude_unset=True), **prices}


def _varied(run: Run, name: str) -> Run:
    """The run of one variant; what it sets stands where the variant says it."""
    sections = {("prices" if section is Prices else "optimise"): section.model_validate(values)
                for section, values in _sections(run.settings, name)}  # fmt: skip
    path, origin = ("optimise", "variant", name), dict(run.origin)
    for key in _changed(run, name):
        section = "prices" if key in OF_PRICES else "optimise"
        origin = {at: place for at, place in origin.items() if at[:2] != (section, key)}
        below = {at: place for at, place in run.origin.items() if at[: len(path) + 1] == (*path, key)}
        origin |= {(section, *at[len(path) :]): place for at, place in below.items()}
        origin.setdefault((section, key), run.place(*path, key))
    return replace(run, settings=run.settings.model_copy(update=sections), origin=origin)


def _changed(run: Run, name: str) -> Mapping[str, Any]:
    """What a variant sets; its label is its name where it gives none."""
    config = run.settings.optimise
    assert config is not None
    return {"label": name, **config.variant[name]}
