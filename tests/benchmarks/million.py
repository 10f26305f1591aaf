"""A million draws of the world to 2050, from additions to primary demand, summarised by year and mineral."""

from __future__ import annotations

import os
import resource
import time
from dataclasses import replace

import common
import numpy as np

from minerals.config import read_run
from minerals.shipped import inputs_folder
from minerals.studies.identity import Studied
from minerals.studies.sample import study
from minerals.tables.inputs import read_inputs
from minerals.tables.parameters import Lifetime, Parameters
from minerals.tables.resolve import Resolved, resolve

DRAWS, WORKERS = 1_000_000, min(2, os.cpu_count() or 1)
MINERALS = ["graphite", "nickel", "lithium", "cobalt"]


def world(draws: int, workers: int, shares: str = "") -> Resolved:
    """One scenario of the shipped world run, its study in totals; shares: a key of the study on market shares."""
    study = f"study={{kind = 'sample', draws = {draws}, workers = {workers}, detail = 'total'{shares}}}"
    run = read_run("world-2050", [f"scope.minerals={MINERALS}", study])
    only = next(iter(run.settings.scenario))
    settings = run.settings.model_copy(update={"scenario": {only: run.settings.scenario[only]}})
    return resolve(replace(run, settings=settings, changes={only: run.changes[only]}), read_inputs(inputs_folder()))


def certain_lives(resolved: Resolved) -> Resolved:
    """With lifetimes and second life at their values; intensities, demand, scrap, collection, recovery vary."""

    def middle(ends: np.ndarray) -> np.ndarray:
        return np.repeat(ends[:1], 3, axis=0)

    def still(life: Lifetime) -> Lifetime:
        return replace(life, mean=middle(life.mean))

    chain = resolved.parameters
    assert isinstance(chain, Parameters)
    lives = {place: still(life) for place, life in chain.lifetime.items()}
    fixed = replace(
        chain,
        lifetime=lives,
        second_lifetime={(): still(chain.second_lifetime[()])},
        reuse_share=middle(chain.reuse_share),
    )
    return replace(resolved, parameters=fixed)


def main() -> None:
    verdict = common.Verdict()
    resolved, held = world(DRAWS, WORKERS), world(DRAWS, WORKERS, ", share_spread = 0")
    inputs = read_inputs(inputs_folder())

    def timed(what: Resolved) -> float:
        start = time.perf_counter()
        table = study(Studied(what.run, what, "World", inputs)).tables["percentiles"]
        assert len(table) == 5 * len(MINERALS) * len(resolved.reported)
        return time.perf_counter() - start

    small = (certain_lives(world(6000, workers)) for workers in (1, 2))
    one, two = (study(Studied(each.run, each, "World", inputs)).tables["percentiles"] for each in small)
    assert one.equals(two), "one and two workers give the same percentiles"
    verdict.say(
        f"a million draws, market shares held, {WORKERS} workers", timed(certain_lives(held)), "s", 10, at_most=True
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak += WORKERS * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    verdict.say("  peak memory of all processes", peak * 1024 / 1e9, "GB", 1.5, at_most=True)
    verdict.say("  with lifetimes and second life drawn too", timed(held), "s", 12, at_most=True)
    verdict.tell("  with market shares drawn, lifetimes at their values", timed(certain_lives(resolved)), "s")
    verdict.tell("  with market shares, lifetimes and second life drawn too", timed(resolved), "s")
    verdict.end()


if __name__ == "__main__":
    main()
