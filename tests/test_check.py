"""`check` refuses exactly what `run` refuses, in the same words; and no number that is none reaches a table."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest

import minerals
from minerals.errors import InputError, UsageError
from minerals.results.finite import refuse_unfit
from minerals.tables.inputs import UsedRows

#: Changes of the toy's run with exposure and prices that do not fit its tables, each at another part of what runs.
UNFIT = {
    "a region that no table has": "scope.regions=['Mars']",
    "years without rows": "scope.years.last=2050",
    "a demand of the reference world": "exposure.demand='past'",
    "an adoption of the reference world": "exposure.adoption='nobody'",
    "a silicon uptake of the reference world": "exposure.silicon='nobody'",
    "a supply future": "exposure.future='later'",
    "a group of concern": "exposure.concern='martians'",
    "a disruption that is not there": "exposure.disruptions=['none-such']",
    "a node that is not there": "exposure.nodes=['moon']",
    "a disruption that starts later": "exposure.disruptions=['china-stop'];scope.years={first=2028,last=2029}",
    "a demand of the prices": "prices.demand='nobody'",
    "an adoption of the prices": "prices.adoption='nobody'",
    "a region that prices are held against": "prices.against='Mars'",
    "prices before their curves": "scope.years={first=2020,last=2021}",
    "silicon that no row has": "scenario.plan.silicon='none-such'",
    "a chemistry that is not there": "scenario.plan.share.car.2034.unobtainium=1",
    "shares of more than one": "scenario.plan.share.car.2034={lfp=0.9,nmc811=0.9}",
    "an intensity of nothing": "intensity.kg_per_kwh={nobody={lithium=1}}",
    "a cell that cannot be": "intensity.cell={nmc811={n_over_p=0.1}}",
    "a stock without its past": "flows={}",
    "lines that are not there": "flows={lines='none.csv'}",
    "an intensity that overflows": "intensity.kg_per_kwh={nmc811={cobalt=1e308}}",
}
FINE = ("scope.years.last=2033", "exposure.future='plans'", "scope.segments=['car']", "prices.tariff=0.1")


def said(call: object, file: Path, toy: Path, change: str) -> str:
    """What a call says against a run; '' where it takes it."""
    try:
        call(file, set=change.split(";"), inputs=toy)  # type: ignore[operator]
    except (InputError, UsageError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


@pytest.fixture
def exposed(toy: Path) -> Path:
    file = toy / "exposed.toml"
    file.write_text((toy / "mix.toml").read_text(encoding="utf-8").partition("[optimise]")[0], encoding="utf-8")
    return file


@pytest.mark.slow
@pytest.mark.parametrize("change", [*UNFIT.values(), *FINE], ids=[*UNFIT, *FINE])
def test_check_refuses_what_run_refuses(change: str, exposed: Path, toy: Path) -> None:
    checked = said(minerals.check, exposed, toy, change)
    assert checked == said(minerals.run, exposed, toy, change)
    assert bool(checked) == (change in UNFIT.values())


def test_a_number_that_is_none_is_refused_with_its_place_and_the_likely_input() -> None:
    """No table that is read holds a number so large; whatever computes one, it is not told and not written."""
    records = [{"file": "yield.csv", "line": 2, "value": 1e290}, {"file": "use.csv", "line": 3, "value": 20.0}]
    used = UsedRows.of_records(records)
    need = pd.DataFrame({"node": ["mine", "plant"], "year": [2030, 2031], "value": [1.0, math.inf]})
    with pytest.raises(InputError, match=r"table need value = inf \(plant, 2031\).*yield\.csv:2 has value = 1e\+290"):
        refuse_unfit({"need": need}, used)
    unknown = need.assign(value=[1.0, math.nan])
    with pytest.raises(InputError, match=r"value = nan \(plant, 2031\)"):
        refuse_unfit({"need": unknown}, used)
    refuse_unfit({"supply": unknown, "inputs_used": unknown}, used)  # In these an empty cell says something.
