"""Charts of stocks and flows over time: `stock` and `secondary_supply`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from chart_support import (
    CAVEAT,
    FONTS,
    LONG,
    SIZES,
    FakeResult,
    check_layout,
    result,
)
from matplotlib.colors import to_hex

from minerals import charts
from minerals.charts import fonts, series, style, wording
from minerals.charts.bundle import Bundle
from minerals.errors import UsageError
from minerals.studies.run import run

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
YEARS = tuple(range(2024, 2051))
FAMILIES = {
    "nmc811": "NMC", "nca": "NMC", "lfp": "LFP", "na_layered": "Na-ion", "semisolid_si": "Si-anode",
    "li_metal_solid": "Li-metal", "li_s": "Li-S", "lmo": "other",
}  # fmt: skip
MIX = {"nmc811": 8300.0, "lfp": 8800.0, "na_layered": 1030.0, "lmo": 52.0}
SUPPLY = {"graphite": (1148.0, 24.0, 277.0), "nickel": (150.0, 20.0, 267.0), "lithium": (74.0, 5.8, 68.0),
          "cobalt": (27.0, 3.8, 53.0)}  # fmt: skip
"""kt in the last year: mined and refined, from prompt scrap, from retired batteries."""


def flows(
    mix: Mapping[str, float] = MIX,
    supply: Mapping[str, Sequence[float]] = SUPPLY,
    *,
    years: Sequence[int] = YEARS,
    shape: Callable[[float], float] = lambda t: t**1.5,
    silicon: float = 0.0,
    regions: Sequence[str] = ("Europe",),
    second_life: float | None = 1400.0,
    surplus: float = 0.0,
    scenarios: Sequence[str] = ("incumbent", "next-gen"),
    **about: Any,
) -> FakeResult:
    """A result whose last year holds `mix` GWh and `supply` kt, shared evenly by the regions; earlier years less.

    shape: part of the last year's value at 0–1 of the years; silicon: part of the stock with a silicon blend.
    """
    made = result(regions=regions, years=years, **about)
    codes = made.record["codes"]
    codes["chemistry"] = {code: {"label": code.upper(), "family": family} for code, family in FAMILIES.items()}
    codes["mineral"] |= {code: {"label": code.capitalize()} for code in supply if code not in codes["mineral"]}
    cells, flows, reused = [], [], []
    for scenario, region, (i, year) in product(scenarios, regions, enumerate(years)):
        part = shape(i / (len(years) - 1)) / len(regions) * (1 if scenario == scenarios[0] else 0.5)
        where = {"scenario": scenario, "region": region, "year": year}
        for (chemistry, gwh), blend in product(mix.items(), (0.0, 0.1) if silicon else (0.0,)):
            share = (silicon if blend else 1 - silicon) * part
            cells.append({**where, "segment": "car", "chemistry": chemistry, "silicon": blend, "value": share * gwh})
        for mineral, (primary, prompt, retired) in supply.items():
            parts = {
                "primary_demand": primary,
                "recovered_prompt": prompt + surplus,
                "secondary_supply": prompt + retired,
            }
            flows += [{**where, "mineral": mineral, "flow": f, "value": v * part} for f, v in parts.items()]
        reused.append({**where, "value": (second_life or 0) * part})
    stocks = pd.DataFrame(cells).assign(unit="GWh")
    made.tables |= {"in_use_stock": stocks, "retirements": stocks.assign(value=stocks["value"] / 16)}
    made.tables["mineral_flows"] = pd.DataFrame(flows).assign(unit="kt")
    if second_life is not None:
        made.tables["second_life_stock"] = pd.DataFrame(reused).assign(unit="GWh")
    return made


def real() -> FakeResult:
    computed = run(ROOT / "runs" / "europe-2050.toml")
    return FakeResult(dict(computed.record), dict(computed.tables))


NINE = {f"mineral {i}": (100.0 - i, 1.0 + i, 10.0 * i) for i in range(9)}
LONG_NAME = "Anode-grade synthetic and natural graphite, purified and coated, in thousand tonnes of carbon content"
CASES: dict[str, Callable[[], tuple[FakeResult, dict[str, Any]]]] = {
    "usual": lambda: (flows(), {}),
    "the shipped run": lambda: (real(), {}),
    "another scenario": lambda: (flows(), {"scenario": "next-gen"}),
    "every family": lambda: (flows(dict.fromkeys(FAMILIES, 100.0), silicon=0.3), {}),
    "one family": lambda: (flows({"lfp": 500.0}, {"nickel": (5.0, 1.0, 0.2)}), {}),
    "one tall and many flat": lambda: (flows(dict.fromkeys(FAMILIES, 1.0) | {"li_s": 5000.0}), {}),
    "zeros": lambda: (flows(dict.fromkeys(MIX, 0.0), dict.fromkeys(SUPPLY, (0.0, 0.0, 0.0))), {}),
    "nothing recycled": lambda: (flows(supply=dict.fromkeys(SUPPLY, (9.0, 0.0, 0.0)), second_life=None), {}),
    "one mineral of nothing": lambda: (flows(supply=SUPPLY | {"cobalt": (0.0, 0.0, 0.0)}), {}),
    "all recycled": lambda: (flows(supply=dict.fromkeys(SUPPLY, (0.0, 1.0, 20.0)), surplus=400.0), {}),
    "falling": lambda: (flows(shape=lambda t: 2 - t), {}),
    "flat": lambda: (flows(shape=lambda t: 1.0), {}),
    "tiny": lambda: (flows({c: v * 1e-6 for c, v in MIX.items()}, dict.fromkeys(SUPPLY, (1e-4, 2e-5, 3e-6))), {}),
    "huge": lambda: (flows({c: v * 1e5 for c, v in MIX.items()}, dict.fromkeys(SUPPLY, (1e7, 2e6, 3e5))), {}),
    "two years": lambda: (flows(years=(2030, 2035)), {}),
    "many years": lambda: (flows(years=range(1950, 2101)), {}),
    "part of the years": lambda: (flows(), {"since": 2030, "year": 2040}),
    "two regions": lambda: (flows(regions=("Germany", "France")), {}),
    "long labels": lambda: (
        flows(
            labels=LONG, region_label="European Union, United Kingdom and Norway",
            caveats=dict.fromkeys(LONG, CAVEAT * 3), minerals=dict.fromkeys(SUPPLY, LONG_NAME),
            regions=("Germany", "France"),
        ),
        {},
    ),
    "a title of one’s own": lambda: (flows(), {"title": "What is in use, and what comes back of it: " * 3}),
    "letters that look like formulas": lambda: (flows(labels={"incumbent": "$x_1$ & <b>", "next-gen": "%"}), {}),
}  # fmt: skip
CHARTS = ("stock", "secondary_supply")
EACH = pytest.mark.parametrize(("chart", "case"), [*product(CHARTS, CASES)])


def drawn(chart: str, case: str, **options: Any) -> Bundle:
    made, chosen = CASES[case]()
    return charts.draw(made, chart, **(chosen | options))


@FONTS
@SIZES
@pytest.mark.parametrize("number", [1, 2, 3, 5, 6, 9])
def test_up_to_nine_panels_find_room(
    number: int, size: str, family: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fonts, "families", lambda: family)
    picture = charts.draw(flows(supply=NINE), "secondary_supply", minerals=list(NINE)[:number], size=size)
    check_layout(picture.figure, style.SIZES[size])


# --- what is drawn ---------------------------------------------------------------------------------------------------


def areas(axes: Any) -> list[np.ndarray]:
    """Height by year of each area of the axes, from the base up."""
    heights = []
    for area in axes.collections:
        corners = pd.DataFrame(area.get_paths()[0].vertices, columns=["year", "y"])
        edges = corners.groupby("year")["y"].agg(["min", "max"])
        heights.append(np.asarray(edges["max"] - edges["min"]))
    return heights


@EACH
def test_areas_are_the_data_of_the_bundle(chart: str, case: str) -> None:
    picture = drawn(chart, case)
    table = picture.data[~picture.data["quantity"].isin(["recycled_content"])]
    layers = ["quantity", "mineral"] if chart == "secondary_supply" else ["quantity", "family", "anode"]
    heights = [height for axes in picture.figure.axes for height in areas(axes)]
    expected = [np.asarray(rows["value"], float) for _, rows in table.groupby(layers, sort=False)]
    assert len(heights) == len(expected)
    for height, values in zip(heights, expected, strict=True):
        assert height == pytest.approx(values, rel=1e-9, abs=1e-9 * max(1.0, float(table["value"].max())))
    line = [axes.lines[-1].get_ydata() for axes in picture.figure.axes]
    if chart == "stock":
        of = picture.data.groupby(["quantity", "year"])["value"].sum()
        assert line[0] == pytest.approx(of["in_use_stock"].to_numpy())
        assert line[1] == pytest.approx(of["retirements"].to_numpy())


@pytest.mark.parametrize("case", ["usual", "every family", "another scenario", "part of the years", "the shipped run"])
def test_the_stock_is_that_of_the_result(case: str) -> None:
    made, options = CASES[case]()
    table = charts.draw(made, "stock", **options).data
    scenario = options.get("scenario", next(iter(made.record["scenarios"])))
    for name in ("in_use_stock", "retirements"):
        rows = made[name].query("scenario == @scenario").groupby("year")["value"].sum()
        ours = table[table["quantity"] == name].groupby("year")["value"].sum()
        assert ours.to_numpy() == pytest.approx(rows[ours.index].to_numpy())
    assert set(table["unit"]) == {"GWh"}
    assert set(table["scenario"]) == {scenario}


def test_supply_and_recycled_content_are_those_of_the_shipped_run() -> None:
    made = real()
    table = charts.draw(made, "secondary_supply").data
    rates = made["recycling"].query("scenario == 'stated-trend' and measure == 'recycled_content' and year == 2050")
    content = table.query("quantity == 'recycled_content'").set_index("mineral")["value"]
    assert len(content) == 4
    assert (content / 100).to_dict() == pytest.approx(rates.set_index("mineral")["value"][content.index].to_dict())
    input_ = (
        made["mineral_flows"].query("scenario == 'stated-trend' and flow == 'input'").set_index(["mineral", "year"])
    )
    summed = table.query("unit == 'kt'").groupby(["mineral", "year"])["value"].sum()
    assert summed.to_numpy() == pytest.approx(input_["value"][summed.index].to_numpy())


def test_prompt_scrap_counts_first_where_more_is_recovered_than_needed() -> None:
    table = charts.draw(flows(supply={"nickel": (0.0, 1.0, 20.0)}, surplus=400.0), "secondary_supply").data
    last = table.query("year == 2050").set_index("quantity")["value"]
    assert last.to_dict() == pytest.approx(
        {"secondary_retired": 0, "secondary_prompt_scrap": 21, "primary_demand": 0, "recycled_content": 100}
    )


def test_a_surplus_of_one_region_is_no_supply_of_another() -> None:
    made = flows(supply={"nickel": (10.0, 2.0, 4.0)}, regions=("Germany", "France"))
    table = made.tables["mineral_flows"]
    glut = (table["flow"] == "recovered_prompt") & (table["region"] == "France")
    table.loc[glut, "value"] *= 1000
    last = charts.draw(made, "secondary_supply").data.query("year == 2050").set_index("quantity")["value"]
    assert last["secondary_prompt_scrap"] == pytest.approx(1 + 3)
    assert last["secondary_retired"] == pytest.approx(2)


def test_families_are_stacked_and_coloured_by_the_house_style() -> None:
    picture = drawn("stock", "every family")
    table = picture.data.query("quantity == 'in_use_stock'")
    order = table[["family", "anode"]].drop_duplicates()
    assert order["family"].unique().tolist() == list(style.FAMILY)
    upper = picture.figure.axes[0].collections
    assert [to_hex(area.get_facecolor()[0]).upper() for area in upper] == [style.FAMILY[f] for f in order["family"]]
    hatched = [area.get_hatch() == style.SILICON_HATCH for area in upper]
    assert hatched == [a == "silicon blend" or f == "Si-anode" for f, a in order.itertuples(index=False)]
    blends = table.query("family == 'NMC' and year == 2050").set_index("anode")["value"]
    assert blends.to_dict() == pytest.approx({"plain": 140, "silicon blend": 60})
    assert "White hatch: silicon blended into the anode (240 GWh in 2050)." in picture.meta.note
    assert "hatch" not in drawn("stock", "usual").meta.note


def test_the_end_table_holds_gwh_and_share() -> None:
    texts = [text.get_text() for text in drawn("stock", "usual").figure.texts]
    expected = ["In 2050", "GWh", "share", "NMC", "8,300", "46%", "LFP", "8,800", "48%", "Na-ion", "1,030", "6%",
                "Other", "52", "0.3%", "All", "18,182", "100%", "Leaving", "1,136"]  # fmt: skip
    assert [text for text in expected if text not in texts] == []


def test_labels_keep_their_order_and_distance() -> None:
    assert series.spread([1.0, 2.0, 3.0], 0.5, 0, 9) == pytest.approx([1, 2, 3])
    assert series.spread([1.0, 1.0], 1.0, 0, 9) == pytest.approx([0.5, 1.5])
    assert series.spread([0.1, 0.1, 5.0], 1.0, 0, 9) == pytest.approx([0, 1, 5])
    assert series.spread([8.9, 9.0], 1.0, 0, 9) == pytest.approx([8, 9])
    assert series.spread([], 1.0, 0, 9).tolist() == []
    rng = np.random.default_rng(5)
    for _ in range(50):
        targets = np.sort(rng.uniform(0, 5, 6))
        places = series.spread(targets, 0.5, 0, 5)
        assert (np.diff(places) >= 0.5 - 1e-12).all()
        assert places[0] >= 0
        assert places[-1] <= 5 + 1e-12
        for other in rng.uniform(-0.05, 0.05, (200, 6)) + places:
            fits = (np.diff(other) >= 0.5).all() and other[0] >= 0 and other[-1] <= 5
            assert not fits or ((other - targets) ** 2).sum() >= ((places - targets) ** 2).sum() - 1e-12


# --- titles ----------------------------------------------------------------------------------------------------------


@EACH
def test_every_number_of_a_computed_title_is_in_the_data(chart: str, case: str) -> None:
    picture = drawn(chart, case)
    title, table = picture.meta.title, picture.data
    if picture.meta.title_by == "user":
        return
    last = table[table["year"] == table["year"].max()]
    assert str(last["year"].iloc[0]) in title
    sums = last.groupby("quantity")["value"].sum()
    if chart == "stock":
        by_year = table.query("quantity == 'in_use_stock'").groupby("year")["value"].sum()
        for gwh in re.findall(r"pass ([\d,.]+) GWh", title):
            level = float(gwh.replace(",", ""))
            assert 0.9 * by_year.iloc[-1] < level < by_year.iloc[-1]
            assert (by_year.iloc[:-1] < level).all()
        assert all(gwh == wording.rounded(sums["in_use_stock"]) for gwh in re.findall(r"hold ([\d,.<]+) GWh", title))
        assert all(gwh == wording.rounded(sums["retirements"]) for gwh in re.findall(r"; ([\d,.<]+) GWh a", title))
    else:
        content = last.query("quantity == 'recycled_content'")["value"]
        shares = re.findall(r"(\d[\d.]*%|a quarter|a third|half) of the", title)
        assert set(shares) <= {wording.by_how_much(value / 100) for value in content.dropna()}
        assert shares or "none" in title or "mines" in title or not content.notna().any()


@pytest.mark.parametrize(
    ("case", "title"),
    [
        ("usual", "Europe’s batteries in use pass 18,000 GWh by 2050; 1,140 GWh a year then retire"),
        ("falling", "Europe’s batteries in use hold 18,200 GWh in 2050; 1,140 GWh a year then retire"),
        ("flat", "Europe’s batteries in use hold 18,200 GWh in 2050; 1,140 GWh a year then retire"),
        ("zeros", "Europe’s batteries in use hold 0 GWh in 2050"),
        ("one family", "Europe’s batteries in use hold 500 GWh in 2050; 31 GWh a year then retire"),
    ],
)
def test_titles_of_the_stock(case: str, title: str) -> None:
    assert drawn("stock", case).meta.title == title


@pytest.mark.parametrize(
    ("shares", "title"),
    [
        ({"graphite": 0.21, "nickel": 0.656, "lithium": 0.5, "cobalt": 0.67},
         "By 2050 recycling could supply 67% of the cobalt and 66% of the nickel that Europe’s batteries need, but only"
         " 21% of the graphite"),
        ({"graphite": 0.4, "nickel": 0.66, "lithium": 0.6},
         "By 2050 recycling could supply 66% of the nickel and 60% of the lithium that Europe’s batteries need, but 40%"
         " of the graphite"),
        ({"graphite": 0.0, "nickel": 0.25},
         "By 2050 recycling could supply a quarter of the nickel that Europe’s batteries need, but none of the"
         " graphite"),
        ({"graphite": 0.24, "nickel": 0.25, "cobalt": 0.26},
         "By 2050 recycling could supply a quarter of the cobalt, nickel and graphite that Europe’s batteries need"),
        ({"cobalt": 0.7, "nickel": 0.7, "lithium": 0.2, "graphite": 0.2},
         "By 2050 recycling could supply 70% of the cobalt and nickel that Europe’s batteries need, but only 20% of the"
         " graphite"),
        ({"nickel": 0.656}, "By 2050 recycling could supply 66% of the nickel that Europe’s batteries need"),
        ({"nickel": 0.0, "cobalt": 0.0},
         "Recycling would supply none of the nickel and cobalt Europe’s batteries need in 2050"),
        ({}, "What Europe’s batteries take from mines and from recycling, to 2050"),
    ],
)  # fmt: skip
def test_titles_of_secondary_supply(shares: dict[str, float], title: str) -> None:
    assert wording.share_title("Europe", 2050, list(shares.items())) == title


@pytest.mark.parametrize(
    ("value", "text"), [(1161.2, "1,160"), (18277, "18,300"), (56.4, "56"), (0, "0"), (999.6, "1,000")]
)
def test_amounts_in_sentences_have_three_digits(value: float, text: str) -> None:
    assert wording.rounded(value) == text


# --- the words around it ---------------------------------------------------------------------------------------------


@EACH
def test_the_alt_text_holds_the_last_year(chart: str, case: str) -> None:
    picture = drawn(chart, case)
    alt, table = picture.meta.alt, picture.data
    assert alt.startswith(picture.meta.title)
    last = table[table["year"] == table["year"].max()]
    if chart == "stock":
        ends = last.groupby(["quantity", "family"])["value"].sum()
        assert [value for value in ends if wording.number(value) not in alt] == []
    else:
        live = last.loc[last["mineral"].isin(last.query("unit == '%'").dropna()["mineral"]) & (last["unit"] == "kt")]
        assert [value for value in live["value"] if wording.number(value) not in alt] == []
    assert picture.meta.options["since"] == table.loc[table["unit"] != "%", "year"].min()


def test_notes_say_what_is_counted() -> None:
    note = drawn("stock", "usual").meta.note
    assert "second life (1,400 GWh in 2050) are not included" in note
    assert "Other is LMO." in note
    assert "second life" not in drawn("stock", "nothing recycled").meta.note
    assert "NMC includes NCA; other is LMO." in drawn("stock", "every family").meta.note
    assert "prompt scrap" in drawn("secondary_supply", "usual").meta.note
    assert drawn("stock", "another scenario").meta.run_line.startswith("Scenario: Next-gen · ")
    assert drawn("stock", "another scenario").meta.red_line == CAVEAT
    assert list(drawn("stock", "another scenario").meta.scenarios) == ["next-gen"]


@pytest.mark.parametrize("chart", CHARTS)
def test_everything_wrong_with_the_choice_is_said_at_once(chart: str) -> None:
    with pytest.raises(UsageError) as caught:
        charts.draw(flows(), chart, region="Erope", year=2060, since=1990, scenario="next-gne")
    for part in (chart, "did you mean 'Europe'", "2060", "1990", "did you mean 'next-gen'"):
        assert part in str(caught.value)
    with pytest.raises(UsageError, match="2050 alone makes no line; name an earlier since ="):
        charts.draw(flows(), chart, since=2050)
    with pytest.raises(UsageError, match="no year alone makes no line"):
        charts.draw(flows(), chart, since=2040, year=2030)
    with pytest.raises(UsageError, match=r"scenario 'next-gen' has no .* in Europe in 2024–2050"):
        charts.draw(flows(scenarios=("incumbent",)), chart, scenario="next-gen")
    tonnes = flows()
    for name in ("in_use_stock", "mineral_flows"):
        tonnes.tables[name] = tonnes[name].assign(unit="t")
    with pytest.raises(UsageError, match="is in t; the chart draws"):
        charts.draw(tonnes, chart)


def test_minerals_are_chosen_in_the_order_named() -> None:
    picture = charts.draw(flows(), "secondary_supply", minerals=["cobalt", "graphite"])
    assert picture.data["mineral"].unique().tolist() == ["cobalt", "graphite"]
    only = charts.draw(flows(supply={"copper": (5.0, 1.0, 1.0)}), "secondary_supply")
    assert only.data["mineral"].unique().tolist() == ["copper"]
    with pytest.raises(UsageError, match="did you mean 'cobalt'"):
        charts.draw(flows(), "secondary_supply", minerals=["cobolt"])
    with pytest.raises(UsageError, match="names one twice"):
        charts.draw(flows(), "secondary_supply", minerals=["cobalt", "cobalt"])
    ten = NINE | {"tenth": (1.0, 1.0, 1.0)}
    with pytest.raises(UsageError, match="10 minerals do not fit; name 9 or fewer"):
        charts.draw(flows(supply=ten), "secondary_supply", minerals=list(ten))


def test_regions_are_chosen_or_summed() -> None:
    made = flows(regions=("Germany", "France"), region_label="Europe")
    for chart in CHARTS:
        whole, france = (charts.draw(made, chart, **at).data for at in ({}, {"region": "France"}))
        parts = whole["unit"] != "%"
        assert france.loc[parts, "value"].to_numpy() == pytest.approx(whole.loc[parts, "value"].to_numpy() / 2)
        assert set(france["region"]) == {"France"}
        assert set(whole["region"]) == {"Europe"}


# --- files -----------------------------------------------------------------------------------------------------------
