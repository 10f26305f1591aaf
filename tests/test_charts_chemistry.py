"""The chart of chemistries over the years: what is drawn is the run's, and the title is true."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from chart_support import CAVEAT, LONG, FakeResult, result
from matplotlib.colors import to_hex

from minerals import charts
from minerals.charts import style
from minerals.charts.bundle import Bundle
from minerals.charts.chemistry_over_time import _group
from minerals.errors import UsageError
from minerals.studies.run import run

pytestmark = pytest.mark.slow

YEARS = tuple(range(2025, 2041))
CODES = {
    "nmc622": "NMC", "nmc811": "NMC", "nca": "NMC", "lfp": "LFP", "lmfp": "LFP", "na_layered": "Na-ion",
    "nmc811_si10": "Si-anode", "semisolid_si": "Si-anode", "li_metal_solid": "Li-metal", "li_s": "Li-S", "lmo": "other",
}  # fmt: skip
#: GWh of the first and of the last year.
MIX = {"nmc622": (100.0, 150.0), "nmc811": (60.0, 180.0), "lfp": (40.0, 450.0), "lmfp": (0.0, 160.0),
       "na_layered": (0.0, 250.0), "li_metal_solid": (0.0, 10.0)}  # fmt: skip


def made(
    mix: Mapping[str, tuple[float, float]] = MIX, years: Sequence[int] = YEARS, *,
    regions: Sequence[str] = ("Europe",), history: int = 0, **about: Any,
) -> FakeResult:  # fmt: skip
    """A result whose cells go straight from the first to the last year, shared evenly by the regions."""
    found = result(regions=regions, years=years, **about)
    found.record["codes"]["chemistry"] = {code: {"label": code.upper(), "family": f} for code, f in CODES.items()}
    found.record["years"] = list(years)
    rows = [
        {"scenario": scenario, "region": region, "segment": "car", "chemistry": code, "silicon": 0.0, "year": year,
         "value": (first + (last - first) * i / max(len(years) - 1, 1)) / len(regions), "unit": "GWh"}
        for scenario in found.record["scenarios"] for region in regions
        for code, (first, last) in mix.items() for i, year in enumerate(years)
    ]  # fmt: skip
    found.tables["cells"] = pd.DataFrame(rows)
    if history:
        found.tables["inputs_used"] = pd.DataFrame(
            [{"table": "battery_demand", "file": "battery_demand.csv", "line": 2, "scenario": "history",
              "region": "Europe", "segment": "car", "year": history, "source": "iea", "quality": "measured",
              "rows": "battery_demand.csv:2"}]
        )  # fmt: skip
    return found


CASES: dict[str, Callable[[], tuple[FakeResult, dict[str, Any]]]] = {
    "usual": lambda: (made(), {}),
    "the first scenario": lambda: (made(), {"scenario": "incumbent"}),
    "history": lambda: (made(history=2027), {}),
    "every group": lambda: (made(dict.fromkeys(CODES, (10.0, 100.0))), {}),
    "one group": lambda: (made({"lfp": (10.0, 500.0)}), {}),
    "one tall and many flat": lambda: (made(dict.fromkeys(CODES, (1.0, 1.0)) | {"lfp": (9.0, 5000.0)}), {}),
    "zeros": lambda: (made(dict.fromkeys(MIX, (0.0, 0.0))), {}),
    "nothing at the end": lambda: (made(dict.fromkeys(MIX, (100.0, 0.0))), {}),
    "tiny": lambda: (made({code: (a * 1e-7, b * 1e-7) for code, (a, b) in MIX.items()}), {}),
    "huge": lambda: (made({code: (a * 1e6, b * 1e6) for code, (a, b) in MIX.items()}), {}),
    "two years": lambda: (made(years=(2030, 2035)), {}),
    "many years": lambda: (made(years=range(1950, 2101), history=2024), {}),
    "part of the years": lambda: (made(history=2026), {"since": 2028, "year": 2035}),
    "two regions": lambda: (made(regions=("Germany", "France")), {}),
    "long labels": lambda: (
        made(labels=LONG, region_label="European Union, United Kingdom and Norway",
             caveats=dict.fromkeys(LONG, CAVEAT * 3), regions=("Germany", "France")), {},
    ),
    "a title of one’s own": lambda: (made(), {"title": "What the market would be made of: " * 3}),
    "letters that look like formulas": lambda: (made(labels={"incumbent": "$x_1$ & <b>", "next-gen": "%"}), {}),
}  # fmt: skip


def drawn(mix: Mapping[str, tuple[float, float]] = MIX, **options: Any) -> Bundle:
    return charts.draw(made(mix, **options), "chemistry_over_time")


@pytest.mark.parametrize(("code", "group"), [
    ("nmc622", "NMC"), ("nmc811", "high-nickel"), ("nca", "high-nickel"), ("lmfp", "LMFP"), ("lfp", "LFP"),
    ("nmc811_si10", "high-nickel"), ("lfp_si5", "LFP"), ("semisolid_si", "high-nickel"), ("li_s", "Li-S"),
    ("my_cell", "other"),
])  # fmt: skip
def test_a_chemistry_stands_in_the_group_of_its_cathode(code: str, group: str) -> None:
    families = {**CODES, "lfp_si5": "Si-anode"}
    assert _group(code, {"family": families.get(code, "")}, families) == group


@pytest.mark.parametrize(("mix", "title"), [
    # 40 + 570 t against 160 + 170 t: from t = 0.3 on, four years and a half.
    (MIX, "Next-gen: iron-phosphate cells would overtake nickel-based ones in Europe by 2030; sodium-ion would be "
          "21% of Europe’s batteries in 2040"),
    ({"lfp": (100.0, 300.0), "nmc811": (90.0, 100.0)}, "Next-gen: LFP would be 75% of Europe’s batteries in 2040"),
    ({"lfp": (100.0, 100.0), "nmc811": (90.0, 300.0)}, "Next-gen: NMC, high-nickel would be 75% of "
                                                       "Europe’s batteries in 2040"),
    ({"lfp": (10.0, 300.0), "li_s": (0.0, 100.0)}, "Next-gen: lithium-sulfur would be a quarter of "
                                                   "Europe’s batteries in 2040"),
    ({"lfp": (0.0, 0.0)}, "Next-gen: no batteries are put into use in Europe in 2040"),
])  # fmt: skip
def test_titles(mix: dict[str, tuple[float, float]], title: str) -> None:
    assert drawn(mix).meta.title == title


def test_who_falls_back_again_has_not_overtaken() -> None:
    """Iron phosphate is ahead in the middle alone."""
    found = made({"lfp": (10.0, 100.0), "nmc811": (20.0, 200.0)})
    cells = found.tables["cells"]
    cells.loc[(cells["chemistry"] == "lfp") & cells["year"].between(2030, 2033), "value"] = 500.0
    assert "overtake" not in charts.draw(found, "chemistry_over_time").meta.title


def test_areas_are_the_cells_of_the_run_in_the_house_colours() -> None:
    real = run("europe-2035", ["scenario.next-gen.silicon=silicon-rising"])
    bundle = charts.draw(real, "chemistry_over_time")
    cells = real["cells"]
    cells = cells[cells["scenario"] == "next-gen"]
    sums = bundle.data.groupby("year")["value"].sum()
    np.testing.assert_allclose(sums, cells.groupby("year")["value"].sum(), rtol=1e-12)
    silicon = bundle.data[bundle.data["anode"] == "silicon"].groupby("year")["value"].sum()
    blends = cells[(cells["silicon"] > 0)].groupby("year")["value"].sum()
    np.testing.assert_allclose(silicon[silicon > 0], blends, rtol=1e-12)
    (axes,) = bundle.figure.axes
    colours = [to_hex(area.get_facecolor()[0]).upper() for area in axes.collections]
    assert set(colours) <= {colour.upper() for colour in style.CHEMISTRY.values()}
    assert any(area.get_hatch() for area in axes.collections)


def test_a_scenario_without_cells_is_refused() -> None:
    found = made()
    found.tables["cells"] = found.tables["cells"].query("scenario == 'incumbent'")
    with pytest.raises(UsageError, match="scenario 'next-gen' has no batteries"):
        charts.draw(found, "chemistry_over_time")
