"""What holds of every chart, over all its cases: a new chart is held to it by an entry in `CASES`."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import test_charts
import test_charts_backcast
import test_charts_chemistry
import test_charts_exposure
import test_charts_flows
import test_charts_frontier
import test_charts_identified
import test_charts_industry
import test_charts_measures
import test_charts_mix
import test_charts_prices
import test_charts_regret
import test_charts_sensitivity
import test_charts_validation
import test_charts_variants
from chart_support import FAMILIES_OF_FONTS, FakeResult, check_layout, digests

from minerals import charts
from minerals.charts import fonts, style
from minerals.charts.bundle import SUFFIXES, Bundle
from minerals.errors import UsageError

pytestmark = pytest.mark.slow

CASES: dict[str, Mapping[str, Callable[[], tuple[FakeResult, dict[str, Any]]]]] = {
    "demand_by_mineral": test_charts.CASES | test_charts_sensitivity.PERCENTILES,
    "chemistry_over_time": test_charts_chemistry.CASES,
    "stock": test_charts_flows.CASES,
    "secondary_supply": test_charts_flows.CASES,
    "sensitivity": test_charts_sensitivity.CASES,
    "validation": test_charts_validation.CASES,
    "cost_curves": test_charts_prices.CASES,
    **test_charts_exposure.CASES,
    **test_charts_mix.CASES,
    **test_charts_frontier.CASES,
    **test_charts_variants.CASES,
    **test_charts_identified.CASES,
    **test_charts_measures.CASES,
    **test_charts_backcast.CASES,
    **test_charts_regret.CASES,
    **test_charts_industry.CASES,
}
"""Chart -> case -> the result and the options that it is drawn with; every chart has a case `usual`."""
KEYS = [(chart, case) for chart in charts.CHARTS for case in CASES.get(chart, ())]
EVERY_CASE = pytest.mark.parametrize(("chart", "case"), KEYS, ids=str)
LAYOUTS = [
    (chart, case, size, family) for chart, case in KEYS for at, size in enumerate(style.SIZES)
    for of, family in enumerate(FAMILIES_OF_FONTS) if case == "usual" or (at + of) % 2 == 0 or "LAYOUTS" in os.environ
]  # fmt: skip
"""Each case in both sizes, each with a font of its own; the usual one, and in the slow script each, with both."""
EVERY_CHART = pytest.mark.parametrize("chart", charts.CHARTS)
RICHEST = {"chemistry_over_time": "every group", "stock": "every family", "secondary_supply": "every family"}
"""The case whose bytes are compared, where it is not the usual one."""
WAY_OUT = {
    **dict.fromkeys(test_charts_exposure.CASES, r"with \[exposure\]"),
    "two_worlds": r"with \[exposure\] that name other futures as exposure.other_futures",
    "stock": r"with \[flows\]",
    "secondary_supply": r"with \[flows\]",
    "sensitivity": "; it is computed by a study",
    "identified": "; it is computed by a study of kind identify",
    **dict.fromkeys(test_charts_measures.CASES, "; it is computed by a study of kind measures"),
    "backcast": "; it is computed by a study of kind backcast",
    "regret": "; it is computed by a study of kind robust",
    "validation": "; draw what minerals",
    **dict.fromkeys(test_charts_industry.CASES, r"; it is computed for runs with \[industry\]"),
    "material_value": r"; it is computed for runs with \[industry\] and \[exposure\]",
    "demand": "",
    **dict.fromkeys(["cost_curves", "cost_gap"], r"; prices are computed for runs with \[prices\]"),
    **dict.fromkeys(
        [*test_charts_mix.CASES, *test_charts_frontier.CASES, *test_charts_variants.CASES], r"with \[optimise\]"
    ),
}
"""What else a chart says where its table is missing."""


def drawn(chart: str, case: str = "usual", **options: Any) -> Bundle:
    result, chosen = CASES[chart][case]()
    return charts.draw(result, chart, **(chosen | options))


def test_every_chart_has_cases_and_is_called_like_its_module() -> None:
    assert set(CASES) == set(charts.CHARTS)
    assert all("usual" in cases for cases in CASES.values())
    assert [import_module(f"minerals.charts.{chart}").NAME for chart in charts.CHARTS] == list(charts.CHARTS)


# --- layout and words ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chart", "case", "size", "family"), LAYOUTS, ids=lambda part: part if isinstance(part, str) else part[0]
)
def test_every_text_has_its_place(
    chart: str, case: str, size: str, family: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fonts, "families", lambda: family)
    check_layout(drawn(chart, case, size=size).figure, style.SIZES[size])


@EVERY_CASE
def test_the_alt_text_begins_with_the_title(chart: str, case: str) -> None:
    meta = drawn(chart, case).meta
    assert meta.alt.startswith(meta.title)
    assert len(meta.alt) > len(meta.title) + 20
    assert meta.title_by in (["user"] if "title" in CASES[chart][case]()[1] else ["computed", "subject"])


@EVERY_CHART
def test_a_title_of_ones_own_is_recorded_as_such(chart: str) -> None:
    picture = drawn(chart, title="  How far\n to  trust it ")
    assert (picture.meta.title, picture.meta.title_by) == ("How far to trust it", "user")
    assert picture.meta.alt.startswith("How far to trust it. ")
    assert json.loads(picture.contents()[f"{chart}.json"])["title_by"] == "user"


# --- files -----------------------------------------------------------------------------------------------------------


@EVERY_CHART
def test_the_bundle_is_six_files_that_agree(chart: str, tmp_path: Path) -> None:
    picture = drawn(chart, size="brief")
    paths = picture.write(tmp_path / "run" / "charts")
    assert [path.name for path in paths] == [chart + suffix for suffix in SUFFIXES]
    assert sorted(path.name for path in (tmp_path / "run" / "charts").iterdir()) == sorted(p.name for p in paths)
    png, svg, pdf, csv, meta, alt = (path.read_bytes() for path in paths)
    assert png.startswith(b"\x89PNG")
    assert int.from_bytes(png[16:20], "big") == 7.2 * 200
    assert svg.startswith(b"<?xml")
    assert pdf.startswith(b"%PDF")
    assert b"CreationDate" not in pdf
    assert b"<dc:date>" not in svg
    assert b"Software" not in png
    written = json.loads(meta)
    assert written.pop("csv_sha256") == hashlib.sha256(csv).hexdigest()
    expected = asdict(picture.meta)
    assert alt.decode() == f"{expected.pop('alt')}\n"
    assert written == json.loads(json.dumps(expected))
    result, _ = CASES[chart]["usual"]()
    assert written["scenarios"].items() <= result.record["scenarios"].items()
    assert (written["name"], written["run"]) == (chart, result.record["run"])
    assert written["sources"]


@EVERY_CHART
def test_the_csv_is_the_data(chart: str, tmp_path: Path) -> None:
    picture = drawn(chart)
    picture.write(tmp_path)
    table = pd.read_csv(tmp_path / f"{chart}.csv", keep_default_na=False, dtype=str)
    assert list(table) == list(picture.data)
    for name, column in picture.data.reset_index(drop=True).items():
        if column.dtype.kind in "iuf":
            pd.testing.assert_series_equal(
                pd.to_numeric(table[name]), column, rtol=1e-9, check_dtype=False, check_names=False
            )
        else:
            assert table[name].tolist() == ["" if pd.isna(cell) else str(cell) for cell in column]


@pytest.fixture(scope="module")
def elsewhere() -> dict[str, dict[str, str]]:
    """Chart -> file -> digest of its bytes, drawn in another process."""
    code = "import json, test_charts_contract as t\nfrom chart_support import digests\n"
    code += "print(json.dumps({chart: digests(t.compared(chart)) for chart in t.charts.CHARTS}))"
    path = os.pathsep.join([str(Path(__file__).parent), str(Path(charts.__file__).parents[2]), *sys.path])
    env = os.environ | {"PYTHONHASHSEED": "1", "PYTHONPATH": path}
    run = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    found: dict[str, dict[str, str]] = json.loads(run.stdout)
    return found


def compared(chart: str) -> Bundle:
    return drawn(chart, RICHEST.get(chart, "usual"))


@EVERY_CHART
def test_same_bytes_twice_and_in_another_process(chart: str, elsewhere: dict[str, dict[str, str]]) -> None:
    once = compared(chart)
    assert digests(once) == digests(once) == digests(compared(chart)) == elsewhere[chart]


@EVERY_CHART
def test_the_recorded_options_draw_the_chart_again(chart: str) -> None:
    picture = drawn(chart)
    known = set(charts.options_of(chart)) - {"title"}
    assert known <= set(picture.meta.options)
    again = drawn(chart, **{name: picture.meta.options[name] for name in known})
    assert digests(again) == digests(picture)


# --- wrong choices ---------------------------------------------------------------------------------------------------


@EVERY_CHART
def test_a_missing_table_is_said_with_a_way_out(chart: str) -> None:
    result, _ = CASES[chart]["usual"]()
    result.tables = {name: table for name, table in result.tables.items() if name == "sources_used"}
    with pytest.raises(UsageError, match=f"^{chart}: the result has no table .*{WAY_OUT.get(chart, '')}"):
        charts.draw(result, chart)


@EVERY_CHART
def test_a_size_or_an_option_that_does_not_exist_is_said(chart: str) -> None:
    with pytest.raises(UsageError, match="there are brief, slide"):
        drawn(chart, size="poster")
    with pytest.raises(UsageError, match=rf"^{chart} has no option 'titel'; did you mean 'title'\?.*\(there are "):
        drawn(chart, titel="Another")


@pytest.mark.parametrize(
    ("chart", "option"),
    [
        (chart, option)
        for chart in charts.CHARTS
        for option in charts.options_of(chart)
        if option in ("region", "scenario", "base", "future", "mineral", "year")
    ],
)
def test_a_choice_that_the_result_has_not_is_said_with_what_it_has(chart: str, option: str) -> None:
    if option == "year":
        with pytest.raises(UsageError, match=rf"^{chart}: year 1066 is not in the result \(\d{{4}}"):
            drawn(chart, year=1066)
        return
    named = drawn(chart).meta.options[option]
    with pytest.raises(UsageError, match=rf"^{chart}: .*'{named}x'.*; did you mean '{named}'\? \(.*{named}"):
        drawn(chart, **{option: f"{named}x"})
