"""Titles of charts, by hand: what an interval hangs on, in which world a finding holds, and what finds nothing."""

from __future__ import annotations

import pytest

from minerals.charts.stress import outside_the_stop

OF_CELLS = "supply_utilisation:na_ion_cell"


@pytest.mark.parametrize(("drivers", "found"), [
    ({OF_CELLS: 0.6, "severity": 0.2, "months": 0.1}, True),
    ({OF_CELLS: 0.4, "severity": 0.3, "months": 0.2}, False),  # More than each part of the stop, less than both.
    ({OF_CELLS: 0.4, "severity": 0.2, "supply_share:graphite_anode:CHN": 0.3}, False),
    ({OF_CELLS: 0.3, "battery_demand": 0.4, "severity": 0.1}, False),
    ({"supply_utilisation:graphite_anode": 0.6, "severity": 0.1}, False),
    ({"supply_utilisation:any": 0.6, "severity": 0.1}, False),  # The anode may have no figure of its own.
    ({"supply_utilisation:any": 0.3, OF_CELLS: 0.4, "severity": 0.2}, False),
    ({"severity": 0.5}, False),
    ({}, False),
])  # fmt: skip
def test_an_interval_hangs_on_what_is_not_stopped_if_more_than_on_all_of_the_stop(
    drivers: dict[str, float], found: bool
) -> None:
    """Of a stop of graphite anodes: how much, how long and the supply of anodes count together."""
    rows = [(driver, f"label of {driver}", part) for driver, part in drivers.items()]
    assert outside_the_stop(rows, {"graphite_anode"}) == (f"label of {OF_CELLS}" if found else "")
    assert outside_the_stop(rows, ()) == ""
