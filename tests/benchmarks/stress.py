"""A whole stress run: Europe, eleven years, the library of disruptions, every supplier of every node, pairs, tables."""

from __future__ import annotations

import time

import common

from minerals.case.chokepoints import chokepoints_of
from minerals.case.intensity import with_intensity
from minerals.case.outcome import Outcome
from minerals.case.played import Library
from minerals.config import read_run
from minerals.results.tables.exposure import exposure
from minerals.shipped import inputs_folder
from minerals.studies.stress import stress, suppliers
from minerals.tables.inputs import read_inputs
from minerals.tables.resolve import resolve


def main() -> None:
    verdict = common.Verdict()
    start = time.perf_counter()
    inputs = read_inputs(inputs_folder())
    resolved = with_intensity(resolve(read_run("europe-2035"), inputs), inputs)
    chokepoints = chokepoints_of(Outcome(resolved), inputs)
    tables = exposure(Library(chokepoints), inputs) | stress(chokepoints)
    seconds = time.perf_counter() - start
    single, library = tables["stress_single"], tables["disruptions"]
    assert single["year"].nunique() == library["year"].nunique() == len(chokepoints.years) == 11
    one = single.query("country == 'CHN' and node == 'lfp_cathode'").set_index(["scenario", "year"])["at_risk_best"]
    same = library.query("disruption == 'china-lfp-cathode'").set_index(["scenario", "year"])["at_risk_best"]
    assert ((one.reindex(same.index) - same).abs() < 1e-6).all(), "a supplier alone is the disruption of the library"
    verdict.say(
        f"stress of one region, {len(list(suppliers(chokepoints)))} suppliers, 11 years", seconds, "s", 10, at_most=True
    )
    verdict.end()


if __name__ == "__main__":
    main()
