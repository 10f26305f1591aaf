"""Charts of a chosen mix: `mix_by_year`, `drop_in`, `chosen_sourcing`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from chart_support import LONG, FakeResult, check_layout, result
from matplotlib.colors import same_color

from minerals import charts
from minerals.charts import chosen_sourcing, drop_in, mix_by_year, mix_losses, style, supply, wording
from minerals.charts.bundle import Bundle
from minerals.errors import UsageError
from minerals.numbers import percent
from minerals.results.result import Result
from minerals.shipped import inputs_folder
from minerals.studies.run import run

pytestmark = pytest.mark.slow

YEARS = (2030, 2031, 2032, 2033, 2034, 2035)
FAMILIES = {"nmc811": "NMC", "lfp": "LFP", "na_layered": "Na-ion", "na_prussian": "Na-ion", "nmc811_si20": "Si-anode",
            "li_metal_solid": "Li-metal", "li_s": "Li-S", "lmo": "other"}  # fmt: skip
BASE = {"nmc811_si20": ("nmc811", 0.2)}
"""Blend -> base chemistry and silicon, as the cells of a run have them."""
Shares = Mapping[str, tuple[float, float]]
Ranges = Mapping[str, tuple[float, float]]
MIX: Shares = {"nmc811": (0.52, 0.3), "lfp": (0.45, 0.34), "na_layered": (0.02, 0.05), "na_prussian": (0.0, 0.05),
               "nmc811_si20": (0.0, 0.12), "li_metal_solid": (0.01, 0.1), "li_s": (0.0, 0.04)}  # fmt: skip
"""Chemistry -> its share of the last year in the incumbent and in the chosen mix; the first year is the incumbent's."""
LOOSE: Ranges = {"NMC": (0.1, 0.44), "LFP": (0.03, 0.6), "Si-anode": (0.07, 0.5)}
"""What mixes nearly as good have of a family in the last year; of the others all have what the chosen one has."""
Losses = Mapping[str, tuple[str, str, int, float, float]]
LOSSES: Losses = {
    "chn_anode": ("China stops exports of graphite anodes", "graphite_anode", 1, 0.93, 0.66),
    "chn_all": ("China stops all exports of the chain", "graphite_anode", 5, 0.95, 0.73),
    "chn_lfp": ("China stops exports of LFP cathodes", "lfp_cathode", 1, 0.44, 0.37),
    "zwe": ("Zimbabwe bans exports of lithium ore", "mined_lithium", 1, 0.02, 0.05),
    "gab": ("Gabon bans exports of manganese ore", "", 1, 0.0, 0.0),
}
"""disruption -> label, what binds, steps that it hits, and the loss with the incumbent and the chosen mix."""


def bare(
    *, labels: tuple[str, str] = ("Incumbent", "Optimised"), regions: Sequence[str] = ("Europe",),
    caveats: Mapping[str, str] | None = None,
) -> FakeResult:  # fmt: skip
    """A record of a run with [optimise], and none of its tables."""
    names = dict(zip(("incumbent", supply.CHOSEN), labels, strict=True))
    made = result({name: {"graphite": {"lfp": 1.0}} for name in names}, labels=names, regions=regions,
                  region_label=" + ".join(regions), caveats=caveats)  # fmt: skip
    made.record["mix"] = {"incumbent": "incumbent", "near": 0.01, "cost_cap": 0.05, "unit": "GWh", "wanted": 1000.0,
                          "objective": "expected loss", "frontier_gap": 0.008, "years": list(YEARS[1:])}  # fmt: skip
    made.record["years"] = list(YEARS)
    made.record["codes"]["chemistry"] = {code: {"label": code, "family": family} for code, family in FAMILIES.items()}
    return made


def mixed(
    mix: Shares = MIX,
    *,
    ranges: Ranges | None = LOOSE,
    losses: Losses = LOSSES,
    costs: tuple[float, float] | None = (0.02, 0.05),
    gwh: Mapping[str, float] | None = None,
    years: Sequence[int] = YEARS,
    short: float = 0.0,
    unmet: float = 0.0,
    **about: Any,
) -> FakeResult:
    """A result with a chosen mix; ranges and unmet demand are those of the last year. costs: of incumbent and chosen
    mix above the cheapest."""
    made = bare(**about)
    everywhere, last = made.record["region_label"], years[-1]
    gwh = gwh or {region: 100.0 * (i + 1) for i, region in enumerate(made.record["regions"])}
    cells, rows = [], []
    for (region, whole), (i, year), (code, (before, after)) in product(gwh.items(), enumerate(years), mix.items()):
        base, silicon = BASE.get(code, (code, 0.0))
        moved = before + (after - before) * i / (len(years) - 1)
        for scenario, share in (("incumbent", before), (supply.CHOSEN, moved)):
            cells.append((scenario, region, "car", base, silicon, year, whole * share))
        if i:
            value = moved - (unmet if year == last and code == "lfp" else 0.0)
            rows.append((region, FAMILIES[code], code, year, value, before))
    made.tables["cells"] = pd.DataFrame(
        cells, columns=["scenario", "region", "segment", "chemistry", "silicon", "year", "value"]
    ).assign(unit="GWh")
    table = pd.DataFrame(rows, columns=["region", "family", "chemistry", "year", "value", "incumbent"])
    frame = table.groupby(["region", "family", "year"], sort=False)[["value", "incumbent"]].sum().reset_index()
    known = (frame["year"] == last) if ranges is not None else frame["year"] == 0
    low, high = ([(ranges or {}).get(row.family, (row.value, row.value))[end] for row in frame.itertuples()]
                 for end in (0, 1))  # fmt: skip
    made.tables["mix_family"] = frame.assign(low=np.where(known, low, np.nan), high=np.where(known, high, np.nan),
                                             unit="1")  # fmt: skip
    planned = sum(gwh.values())
    struck = [
        {"scenario": scenario, "region": everywhere, "disruption": code, "label": name,
         "status": "in_force" if code == "zwe" else "suspended", "year": year, "nodes": steps,
         "planned": planned, "shortage": short * planned,
         "at_risk_best": share * planned, "at_risk_proportional": planned, "binding_node": binds,
         "binding_label": binds.replace("_", " ").capitalize(), "unit": "GWh"}
        for code, (name, binds, steps, *shares) in losses.items()
        for scenario, share in zip(("incumbent", supply.CHOSEN), shares, strict=True) for year in years
    ]  # fmt: skip
    if losses:
        made.tables["disruptions"] = pd.DataFrame(struck)
    if costs is not None:
        made.tables["mix_baseline"] = baselines(*costs)
    return made


def baselines(incumbent: float = 0.02, chosen: float = 0.05, *, breaks: str = "decline") -> pd.DataFrame:
    """Mixes with their exposure [GWh], and cost above the cheapest."""
    rows = [("incumbent", "Incumbent", 700.0, incumbent, breaks), ("cheapest", "Cheapest", 900.0, 0.0, ""),
            ("chosen", "Optimised", 650.0, chosen, ""), ("least_exposed", "Least exposed", 300.0, 0.6, "")]  # fmt: skip
    table = pd.DataFrame(rows, columns=["mix", "label", "exposure", "cost_share", "breaks"])
    return table.assign(exposure_unit="GWh", cost=50_000 * (1 + table["cost_share"]), unit="million USD_2025")


Lines = Sequence[tuple[str, str, int, str, float]]
LINES: Lines = (
    ("li_ion", "", 2031, "standing", 600.0), ("li_ion", "", 2035, "standing", 690.0),
    ("li_ion", "", 2033, "built", 80.0), ("li_ion", "", 2034, "built", 20.0),
    ("li_metal_solid", "", 2035, "standing", 0.0), ("li_metal_semisolid", "", 2035, "standing", 0.0),
    ("Na-ion", "", 2035, "standing", 0.0), ("Na-ion", "li_ion", 2032, "retrofitted", 30.0),
    ("Na-ion", "li_ion", 2034, "retrofitted", 24.0), ("Na-ion", "", 2035, "built", 5.0),
    ("Li-S", "", 2035, "standing", 0.0), ("Na-ion", "", 2035, "used", 59.0),
)  # fmt: skip
"""Kind of line, kind that it was before, year, measure, GWh a year."""


def plants(lines: Lines | None = LINES, classes: pd.DataFrame | None = None, **about: Any) -> FakeResult:
    """A result with the shipped classes of figure 16, and production lines in each region."""
    made = bare(**about)
    made.tables["drop_in"] = pd.read_csv(inputs_folder() / "drop_in.csv") if classes is None else classes
    made.record["codes"]["chemistry"] |= {"li_metal_solid": {"label": "Li-metal, solid-state"},
                                          "li_metal_semisolid": {"label": "Li-metal, semi-solid"}}  # fmt: skip
    if lines is not None:
        made.tables["mix_line"] = pd.DataFrame(
            [(region, *line, "GWh/yr") for region in made.record["regions"] for line in lines],
            columns=["region", "line", "from_line", "year", "measure", "value", "unit"])  # fmt: skip
    return made


def parts(**classes: str) -> pd.DataFrame:
    """Classes of the cell lines of some chemistries."""
    return pd.DataFrame([("li_ion", code, "cell", kind, "low", {"full": 1.0, "partly": 0.5, "none": 0.0}[kind])
                         for code, kind in classes.items()],
                        columns=["plant", "chemistry", "part", "drop_in_class", "confidence", "value"],
                        ).assign(low=np.nan, high=np.nan)  # fmt: skip


Bought = Mapping[str, tuple[str, Mapping[str, tuple[float, float]]]]
NODES: Bought = {
    "mined_cobalt": ("mining", {"COD": (0.73, 0.73), "IDN": (0.14, 0.14), "R_OTH": (0.13, 0.13)}),
    "mined_lithium": ("mining", {"AUS": (0.4, 0.4), "CHL": (0.25, 0.25), "DEU": (0.05, 0.05), "CAN": (0.3, 0.3)}),
    "nickel_refined": ("refining", {"IDN": (0.47, 0.52), "FIN": (0.26, 0.18), "CHN": (0.07, 0.1), "NOR": (0.2, 0.2)}),
    "graphite_anode": ("active_material", {"CHN": (0.6, 0.97), "JPN": (0.38, 0.02), "KOR": (0.02, 0.01)}),
    "lfp_cathode": ("active_material", {"CHN": (0.97, 0.97), "R_OTH": (0.03, 0.03)}),
    "li_ion_cell": ("cell", {"R_EUR": (0.46, 0.46), "CHN": (0.42, 0.42), "R_OTH": (0.12, 0.12)}),
}
"""node -> stage, and country -> share as chosen and pro rata."""
COUNTRIES = {"CHN": "China", "COD": "DR Congo", "IDN": "Indonesia", "AUS": "Australia", "CHL": "Chile", "KOR":
             "South Korea", "JPN": "Japan", "CAN": "Canada", "FIN": "Finland", "DEU": "Germany", "NOR": "Norway",
             "R_EUR": "Europe", "R_OTH": "Other countries"}  # fmt: skip


def bought(nodes: Bought = NODES, *, ruled: Sequence[str] = ("mined_cobalt", "graphite_anode"), **about: Any) -> Any:
    """A result with chosen suppliers in two years; before the last one all is pro rata."""
    made = bare(**about)
    made.record["codes"]["country"] = {code: {"label": name} for code, name in COUNTRIES.items()}
    made.record["region_members"] = dict.fromkeys(made.record["regions"], "DEU;FIN")
    made.tables["mix_sourcing"] = pd.DataFrame(
        [(region, node, stage, code, year, 10 * share[0], share[year < 2035], share[1], "kt")
         for region in made.record["regions"] for node, (stage, by) in nodes.items() for year in (2034, 2035)
         for code, share in by.items()],
        columns=["region", "node", "stage", "country", "year", "value", "share", "usual", "unit"])  # fmt: skip
    made.tables["concentration"] = pd.DataFrame(
        [(node, node.replace("_", " ").capitalize(), "", "") for node in nodes],
        columns=["node", "label", "country", "country_label"])  # fmt: skip
    if ruled:
        made.tables["trade_rules"] = pd.DataFrame(
            [(region, "maximum_single", "EU 2024/1252", node, year, 0.65) for region in made.record["regions"]
             for node in ruled for year in (2034, 2035)],
            columns=["region", "kind", "law", "node", "year", "limit"])  # fmt: skip
    return made


PRO_RATA: Bought = {node: (stage, {c: (s[1], s[1]) for c, s in by.items()}) for node, (stage, by) in NODES.items()}
CROWD: Bought = {
    f"{node} number {i} with a long name": (stage, by) for i in range(5) for node, (stage, by) in NODES.items()
}
TWO = ("Europe", "United States")
LABELS: dict[str, Any] = {"labels": tuple(LONG.values()), "regions": ("European Union, United Kingdom and Norway",)}
WORDY = LABELS | {"caveats": {"incumbent": "What came before rests on an assumption. " * 3}}
OWN = {"title": "What a mix that leans on nobody would look like: " * 3}
FORMULAS: dict[str, Any] = {"labels": ("$x_1$ & <b>", "100% $_{2}")}
Case = tuple[FakeResult, dict[str, Any]]
CASES: dict[str, dict[str, Callable[[], Case]]] = {
    "mix_by_year": {
        "usual": lambda: (mixed(), {}),
        "ranges not sought": lambda: (mixed(ranges=None), {}),
        "all of it open": lambda: (mixed(ranges=dict.fromkeys(FAMILIES.values(), (0.0, 1.0))), {}),
        "one mix": lambda: (mixed(ranges={}), {}),
        "every family": lambda: (mixed(MIX | {"lmo": (0.0, 0.02), "lfp": (0.45, 0.32)}), {}),
        "every family and many disruptions": lambda: (
            mixed(MIX | {"lmo": (0.0, 0.02), "lfp": (0.45, 0.32)},
                  losses={f"{code} {i}": loss for i in range(4) for code, loss in LOSSES.items()}), {}),
        "one family": lambda: (mixed({"lfp": (1.0, 1.0)}, ranges={}), {}),
        "demand unmet": lambda: (mixed(unmet=0.1), {}),
        "short anyway": lambda: (mixed(short=0.08), {}),
        "two regions": lambda: (mixed(regions=TWO), {}),
        "one of two regions": lambda: (mixed(regions=TWO), {"region": "Europe"}),
        "two years": lambda: (mixed(), {"since": 2034}),
        "an earlier year": lambda: (mixed(), {"year": 2033}),
        "many years": lambda: (mixed(years=range(2025, 2051)), {}),
        "nothing lost": lambda: (mixed(losses={}), {}),
        "nothing but the mix": lambda: (mixed(losses={}, costs=None), {}),
        "more is lost": lambda: (
            mixed(losses={code: (*loss[:3], loss[4], loss[3]) for code, loss in LOSSES.items()}), {}),
        "many disruptions": lambda: (
            mixed(losses={f"{code} {i}": loss for i in range(4) for code, loss in LOSSES.items()}), {}),
        "nothing changes": lambda: (
            mixed({code: (share[0], share[0]) for code, share in MIX.items()}, ranges={}), {}),
        "long labels": lambda: (
            mixed(losses={code: (f"{loss[0]} and all that is made of them " * 2, *loss[1:])
                          for code, loss in LOSSES.items()}, **WORDY), {}),
        "a title of one’s own": lambda: (mixed(), OWN),
        "letters that look like formulas": lambda: (mixed(**FORMULAS), {}),
    },
    "drop_in": {
        "usual": lambda: (plants(), {}),
        "no lines": lambda: (plants(None), {}),
        "lines that nobody builds": lambda: (plants([line for line in LINES if line[3] == "standing"]), {}),
        "an earlier year": lambda: (plants(), {"year": 2033}),
        "two regions": lambda: (plants(regions=TWO), {}),
        "few classes": lambda: (plants(None, parts(LFP="full", Na="partly")), {}),
        "nothing but new": lambda: (plants(None, parts(Sodium="none", Sulfur="none")), {}),
        "large lines": lambda: (plants([(*line[:4], 50 * line[4]) for line in LINES]), {}),
        "long labels": lambda: (plants(**WORDY), {}),
        "a title of one’s own": lambda: (plants(), OWN),
        "letters that look like formulas": lambda: (plants(**FORMULAS), {}),
    },
    "chosen_sourcing": {
        "usual": lambda: (bought(), {}),
        "pro rata": lambda: (bought(PRO_RATA), {}),
        "no rule": lambda: (bought(ruled=()), {}),
        "an earlier year": lambda: (bought(), {"year": 2034}),
        "nodes as named": lambda: (bought(), {"nodes": ["lfp_cathode", "mined_lithium"]}),
        "more than are drawn": lambda: (bought(CROWD), {}),
        "one supplier": lambda: (bought({"li_ion_cell": ("cell", {"CHN": (1.0, 1.0)})}), {}),
        "nobody alone": lambda: (bought({"li_ion_cell": ("cell", {"R_OTH": (0.5, 0.5), "R_EUR": (0.5, 0.5)})}), {}),
        "the United States": lambda: (bought(regions=["United States"]), {}),
        "two regions": lambda: (bought(regions=TWO), {"region": "United States"}),
        "a supplier barred": lambda: (
            bought({"na_ion_cell": ("cell", {"R_OTH": (1.0, 0.09)}), "lfp_cathode": NODES["lfp_cathode"]}), {}),
        "long labels": lambda: (bought(CROWD, **WORDY), {}),
        "a title of one’s own": lambda: (bought(), OWN),
        "letters that look like formulas": lambda: (
            bought({"$x_1$ & <b>": ("mining", {"CHN": (0.5, 0.5), "$_{2}": (0.5, 0.5)})}, **FORMULAS), {}),
    },
}  # fmt: skip
CHARTS = tuple(CASES)


def drawn(chart: str, case: str = "usual", **options: Any) -> Bundle:
    made, chosen = CASES[chart][case]()
    return charts.draw(made, chart, **(chosen | options))


def texts(picture: Bundle) -> list[str]:
    return [text.get_text() for text in picture.figure.texts]


@pytest.fixture(scope="module")
def chosen() -> Result:
    """The shipped run of the mix, for storage in a few years."""
    return run("europe-mix", ["scope.years={first=2030,last=2032}", 'scope.segments=["stationary"]'])


# --- every one of them -----------------------------------------------------------------------------------------------


def test_the_charts_are_drawn_where_a_mix_is_chosen(chosen: Result, europe: Result) -> None:
    assert set(CHARTS) < set(charts.suited(chosen))
    assert not set(CHARTS) & set(charts.suited(europe))


@pytest.mark.parametrize("size", style.SIZES)
@pytest.mark.parametrize("chart", CHARTS)
def test_a_chosen_mix_of_the_shipped_inputs_has_its_place(chart: str, size: str, chosen: Result) -> None:
    picture = charts.draw(chosen, chart, size=size)
    check_layout(picture.figure, style.SIZES[size])
    assert picture.meta.title_by == "computed"


# --- the mix by year -------------------------------------------------------------------------------------------------


def edges(axes: Any) -> list[float]:
    """Heights of the areas in the last year, from the base up."""
    heights = []
    for area in axes.collections:
        corners = area.get_paths()[0].vertices
        last = corners[corners[:, 0] == corners[:, 0].max()][:, 1]
        heights.append(float(last.max() - last.min()))
    return heights


@pytest.mark.parametrize("case", CASES["mix_by_year"])
def test_areas_and_dots_are_the_data(case: str) -> None:
    picture = drawn("mix_by_year", case)
    shares = picture.data[picture.data["quantity"] == "mix_share"]
    last = shares[shares["year"] == shares["year"].max()]
    for axes, scenario in zip(picture.figure.axes, ("incumbent", supply.CHOSEN), strict=False):
        mine = last[last["scenario"] == scenario]
        assert edges(axes) == pytest.approx((mine["value"] / 100).tolist())
    lost = picture.data[picture.data["quantity"].isin(["least_loss", "short"])]
    if len(lost):
        dots = [line for line in picture.figure.axes[2].lines if line.get_marker() == "o"]
        assert [float(dot.get_xdata()[0]) for dot in dots] == pytest.approx(lost["value"].tolist())
    for value in (*last["value"], *lost["value"]):
        assert percent(value / 100) in texts(picture)


@pytest.mark.parametrize("case", CASES["mix_by_year"])
def test_shares_sum_to_all_and_lie_in_their_ranges(case: str) -> None:
    shares = drawn("mix_by_year", case).data.query("quantity == 'mix_share'")
    whole = shares.groupby(["scenario", "year"])["value"].sum()
    assert whole.loc["incumbent"].tolist() == pytest.approx([100] * len(whole.loc["incumbent"]))
    unmet = 10.0 if case == "demand unmet" else 0.0
    assert whole.loc[supply.CHOSEN].iloc[-1] == pytest.approx(100 - unmet)
    ranged = shares.dropna(subset=["low"])
    assert bool(len(ranged)) == (case not in ("ranges not sought", "an earlier year"))
    assert (ranged["low"] <= ranged["value"] + 1e-9).all()
    assert (ranged["value"] <= ranged["high"] + 1e-9).all()
    assert ranged["scenario"].eq(supply.CHOSEN).all()
    assert ranged["year"].eq(shares["year"].max()).all()


def test_the_first_year_is_the_same_in_both() -> None:
    shares = drawn("mix_by_year").data.query("quantity == 'mix_share' and year == 2030")
    by = shares.pivot(index="family", columns="scenario", values="value")
    assert by["incumbent"].tolist() == pytest.approx(by[supply.CHOSEN].tolist())


def test_a_blend_is_silicon_whatever_its_cathode() -> None:
    shares = drawn("mix_by_year").data.query("quantity == 'mix_share' and year == 2035")
    by = shares.set_index(["scenario", "family"])["value"]
    assert by[supply.CHOSEN, "Si-anode"] == pytest.approx(12)
    assert by[supply.CHOSEN, "NMC"] == pytest.approx(30)


def test_regions_are_weighed_by_their_batteries() -> None:
    made = mixed(regions=TWO)
    table = made.tables["mix_family"]
    more = (table["region"] == "Europe") * table["family"].map({"LFP": 0.09, "NMC": -0.09}).fillna(0.0)
    made.tables["mix_family"] = table.assign(**{end: table[end] + more for end in ("value", "low", "high")})
    both = charts.draw(made, "mix_by_year").data.query("quantity == 'mix_share' and year == 2035 and family == 'LFP'")
    assert both.set_index("scenario")["value"][supply.CHOSEN] == pytest.approx(34 + 9 / 3), "100 of 300 GWh"


def ends(case: str, family: str) -> tuple[float, float]:
    table = drawn("mix_by_year", case).data.query("quantity == 'mix_share' and year == 2035")
    row = table[(table["scenario"] == supply.CHOSEN) & (table["family"] == family)].iloc[0]
    return float(row["low"]), float(row["high"])


def test_ranges_stand_beside_the_shares_of_the_last_year() -> None:
    picture = drawn("mix_by_year")
    assert [ends("usual", family) for family in ("NMC", "LFP", "Li-S")] == [
        pytest.approx((10, 44)), pytest.approx((3, 60)), pytest.approx((4, 4)),
    ]  # fmt: skip
    assert {"10–44%", "3–60%", "7–50%", "within 1%"} <= set(texts(picture))
    assert "Mixes within 1% of the best: all that keep the run’s limits and are at most 1% above" in picture.meta.note
    assert "LFP 45% to 34% (among mixes within 1% of the best: 3–60%)" in picture.meta.alt
    without = drawn("mix_by_year", "ranges not sought")
    assert "within" not in f"{' '.join(texts(without))} {without.meta.alt}"
    for each in (picture, without):
        assert not re.search("pinned|floor", f"{each.meta.note} {each.meta.title} {each.meta.alt}", re.IGNORECASE)


def test_ends_of_several_regions_are_summed_by_their_batteries() -> None:
    made = mixed(regions=TWO)
    table = made.tables["mix_family"]
    wider = (table["region"] == "Europe") & (table["family"] == "LFP")
    made.tables["mix_family"] = table.assign(low=table["low"].where(~wider, 0.0))
    picture = charts.draw(made, "mix_by_year")
    row = picture.data.query("family == 'LFP' and year == 2035 and scenario != 'incumbent'").iloc[0]
    assert (row["low"], row["high"]) == (pytest.approx(2.0), pytest.approx(60.0)), "100 of 300 GWh"
    assert "Ends of regions are summed." in picture.meta.note
    assert "Ends of regions" not in drawn("mix_by_year", "one of two regions").meta.note


def test_a_family_is_a_headline_only_where_all_mixes_nearly_as_good_have_more_of_it() -> None:
    losses = {"chn_anode": LOSSES["chn_anode"]}
    title = charts.draw(mixed(losses=losses), "mix_by_year").meta.title
    assert title == (
        "Mixes within 1% of the best have 10% Li-metal in 2035; if China stops exports of graphite anodes, the chosen"
        " one loses at least 66% of Europe’s batteries, the incumbent 93%"
    )
    opened = mixed(losses=losses, ranges=LOOSE | dict.fromkeys(("Na-ion", "Li-metal", "Li-S"), (0.0, 0.4)))
    title = charts.draw(opened, "mix_by_year").meta.title
    assert title.startswith("Mixes within 1% of the best have 7–50% Si-anode in 2035; if"), "a range where it is one"
    for ranges in (None, dict.fromkeys(FAMILIES.values(), (0.0, 1.0))):
        assert charts.draw(mixed(losses=losses, ranges=ranges), "mix_by_year").meta.title.startswith("If China stops")


LEAD = "If China stops exports of graphite anodes, the chosen mix loses at least"


@pytest.mark.parametrize(("case", "title"), [
    ("usual", f"{LEAD} 66% of Europe’s batteries to 2035, the incumbent 93%; if Zimbabwe bans exports of lithium ore,"
              " 5% against 2%"),
    ("one of two regions", "Mixes within 1% of the best have 10% Li-metal in Europe’s batteries of 2035"),
    ("nothing lost", "Mixes within 1% of the best have 10% Li-metal in Europe’s batteries of 2035"),
    ("more is lost", f"{LEAD} 93% of Europe’s batteries to 2035, the incumbent 66%; if China stops all exports of the"
                     " chain, 95% against 73%"),
])  # fmt: skip
def test_titles_of_the_mix(case: str, title: str) -> None:
    assert drawn("mix_by_year", case).meta.title == title


@pytest.mark.parametrize("case", CASES["mix_by_year"])
def test_every_per_cent_of_a_computed_title_is_drawn(case: str) -> None:
    picture = drawn("mix_by_year", case)
    if picture.meta.title_by == "computed":
        found = re.findall(r"[\d.]+%", picture.meta.title)
        assert set(found) <= {percent(value / 100) for value in picture.data["value"]} & set(texts(picture))


def test_a_mix_that_hardly_differs_is_called_so() -> None:
    made = mixed({"lfp": (1.0, 1.0)}, ranges={}, losses={})
    assert charts.draw(mixed(losses={}, ranges=None), "mix_by_year").meta.title == (
        "Europe’s batteries by chemistry to 2035: Incumbent and Optimised compared"
    )
    title = "Europe’s chosen mix of batteries hardly differs from Incumbent"
    assert charts.draw(made, "mix_by_year").meta.title == title


def test_a_disruption_that_is_no_sentence_is_quoted() -> None:
    assert wording.if_it_happens("China stops exports") == "if China stops exports"
    assert wording.if_it_happens("Strike in Finland") == "in case of “Strike in Finland”"


@pytest.mark.parametrize("case", ["usual", "an earlier year", "more is lost", "many disruptions", "two years"])
def test_losses_of_the_title_are_those_of_the_hardest_single_step(case: str) -> None:
    made, options = CASES["mix_by_year"][case]()
    picture = charts.draw(made, "mix_by_year", **options)
    lost = picture.data.query("quantity == 'least_loss'")
    steps = made["disruptions"].set_index("disruption")["nodes"].to_dict()
    single = lost[[steps[code] == 1 for code in lost["disruption"]]]
    first = single[single["scenario"] == "incumbent"].sort_values("value").iloc[-1]
    after = single.query("scenario != 'incumbent' and disruption == @first.disruption")["value"].iloc[0]
    assert f" loses at least {percent(after / 100)} of " in picture.meta.title
    assert f"the incumbent {percent(first['value'] / 100)}" in picture.meta.title


def test_what_is_short_without_a_stop_is_no_loss_of_one() -> None:
    """What a mix does not plan and what supply is short of anyway have a line of their own; no stop is charged."""
    made = mixed(unmet=0.1, short=0.05)
    table = made.tables["disruptions"]
    less = np.where(table["scenario"] == supply.CHOSEN, 0.1, 0.0) * table["planned"]
    made.tables["disruptions"] = table.assign(planned=table["planned"] - less)
    picture = charts.draw(made, "mix_by_year")
    lost = picture.data.query("quantity == 'least_loss' and disruption == 'chn_anode'").set_index("scenario")["value"]
    assert lost.to_dict() == pytest.approx({"incumbent": 93, supply.CHOSEN: 66})
    short = picture.data.query("quantity == 'short'").set_index("scenario")["value"]
    assert short.to_dict() == pytest.approx({"incumbent": 5, supply.CHOSEN: 15})
    assert mix_losses.SHORT in texts(picture)
    assert "66% of Europe’s batteries" in picture.meta.title
    assert f"{mix_losses.SHORT} 5% to 15% of planned batteries" in picture.meta.alt
    assert mix_losses.SHORT not in texts(drawn("mix_by_year"))


def test_a_loss_that_gets_worse_is_not_in_the_colour_of_better() -> None:
    picture = drawn("mix_by_year")
    colours = {text.get_text(): text.get_color() for text in picture.figure.texts}
    assert same_color(colours["66%"], style.FALL)
    assert same_color(colours["5%"], style.RISE), "Zimbabwe takes more from the chosen mix"
    assert same_color(colours["+5%"], style.RISE), "it costs more"
    assert {"−27", "+3"} <= set(texts(picture)), "in points"
    assert "Orange: more than in the incumbent." in picture.meta.note
    assert "Orange" not in charts.draw(mixed(losses={"a": LOSSES["chn_anode"]}, costs=None), "mix_by_year").meta.note


def test_disruptions_not_in_force_are_marked() -> None:
    picture = drawn("mix_by_year")
    assert "China stops exports of LFP cathodes*" in texts(picture)
    assert "Zimbabwe bans exports of lithium ore" in texts(picture)
    assert "China stops exports of LFP cathodes (suspended) 44% to 37%" in picture.meta.alt
    assert "* Not in force: suspended." in picture.meta.note.replace("\u00a0", " ")


def test_every_disruption_that_costs_anything_is_drawn() -> None:
    """Eight have room; of more, those that get worse stay and the least of the others go."""
    losses = {f"chn {i}": (f"China stops exports of part {i}", "a", 1, 0.5 + i / 100, 0.4) for i in range(7)}
    nothing = ("China stops exports of nothing", "a", 1, 1e-5, 1e-5)
    picture = charts.draw(mixed(losses=losses | {"zwe": LOSSES["zwe"], "no": nothing}), "mix_by_year")
    lost = picture.data.query("quantity == 'least_loss'")["disruption"].unique().tolist()
    assert len(lost) == 8
    assert lost[-1] == "zwe"
    assert "Not drawn" not in picture.meta.note
    more = {f"chn {i}": (f"China stops exports of part {i}", "a", 1, 0.5 + i / 100, 0.4) for i in range(20)}
    picture = charts.draw(mixed(losses=more | {"zwe": LOSSES["zwe"]}), "mix_by_year")
    lost = picture.data.query("quantity == 'least_loss'")["disruption"].unique().tolist()
    assert lost == [*(f"chn {i}" for i in range(19, 12, -1)), "zwe"]
    assert "Not drawn: 13 more disruptions." in picture.meta.note


def test_losses_are_of_all_years_from_the_start_of_a_stop() -> None:
    made = mixed()
    table = made.tables["disruptions"]
    late = (table["disruption"] == "chn_lfp") & (table["year"] < 2033)
    twice = (table["disruption"] == "chn_anode") & (table["year"] == 2035)
    factor = np.where(twice, 1 / 2, 1.0)
    made.tables["disruptions"] = table.assign(at_risk_best=table["at_risk_best"] * factor)[~late]
    lost = charts.draw(made, "mix_by_year").data.query("quantity == 'least_loss' and scenario == 'incumbent'")
    by = lost.set_index("disruption")["value"].to_dict()
    assert by["chn_anode"] == pytest.approx(93 * 4.5 / 5), "the first year is not decided"
    assert by["chn_lfp"] == pytest.approx(44)


def test_losses_of_all_regions_are_those_of_their_pools_together() -> None:
    """Two regions that are apart while a supplier stops, of 100 and 200 GWh: what both lose, of what both want."""
    made = mixed(regions=TWO)
    whole = charts.draw(made, "mix_by_year").data.query("quantity == 'least_loss'")["value"].tolist()
    table = made.tables["disruptions"]
    sums = ["planned", "shortage", "at_risk_best"]
    halves = [
        table.assign(region=region, binding_node=node, **{name: table[name] * part for name in sums})
        for region, part, node in ((TWO[0], 0.25, "mined_lithium"), (TWO[1], 0.75, table["binding_node"]))
    ]
    made.tables["disruptions"] = pd.concat(halves, ignore_index=True)
    apart = charts.draw(made, "mix_by_year")
    assert apart.data.query("quantity == 'least_loss'")["value"].tolist() == pytest.approx(whole)
    alone = charts.draw(made, "mix_by_year", region=TWO[0]).data.query("quantity == 'least_loss'")
    assert alone["value"].tolist() == pytest.approx(whole)


def test_losses_are_what_a_stop_takes_and_small_ones_are_left_out() -> None:
    lost = drawn("mix_by_year").data.query("quantity == 'least_loss'")
    assert lost["disruption"].drop_duplicates().tolist() == ["chn_all", "chn_anode", "chn_lfp", "zwe"]
    assert lost["value"].tolist() == pytest.approx([95, 73, 93, 66, 44, 37, 2, 5])


def test_cost_stands_above_the_cheapest_mix() -> None:
    """Under the same rules for both, over all that was decided; in part of it, it is not known."""
    picture = drawn("mix_by_year")
    assert picture.data.query("quantity == 'cost'")["value"].tolist() == pytest.approx([2, 5])
    assert {"Cost of the batteries of 2031–2035 above the cheapest mix", "+2%", "+5%"} <= set(texts(picture))
    assert "Incumbent breaks limits of the run: decline." in picture.meta.note
    for case in ("nothing but the mix", "an earlier year", "one of two regions"):
        assert "Cost" not in "".join(texts(drawn("mix_by_year", case)))
    made = mixed(unmet=0.1)
    made.record["mix"]["unmet"] = 10.0
    assert "cost" not in set(charts.draw(made, "mix_by_year").data["quantity"]), "fewer batteries would look cheaper"


def test_unmet_demand_has_a_line_of_its_own() -> None:
    found = texts(drawn("mix_by_year", "demand unmet"))
    assert found[found.index(mix_by_year.UNMET) + 2] == "10%"
    assert mix_by_year.UNMET not in texts(drawn("mix_by_year"))


def test_shares_and_losses_of_a_run_are_its_tables(chosen: Result) -> None:
    picture = charts.draw(chosen, "mix_by_year")
    table = chosen["mix_family"].query("year == 2032").set_index("family")[["value", "incumbent", "low", "high"]] * 100
    shares = picture.data.query("quantity == 'mix_share' and year == 2032").set_index(["scenario", "family"])
    for family, row in table.iterrows():
        assert shares["value"][supply.CHOSEN, family] == pytest.approx(row["value"], abs=1e-6)
        assert shares["value"]["incumbent", family] == pytest.approx(row["incumbent"], abs=1e-6)
        assert tuple(shares.loc[(supply.CHOSEN, family), ["low", "high"]]) == pytest.approx(
            tuple(row[["low", "high"]]), abs=1e-6, nan_ok=True
        )
    losses = chosen["mix_loss"].set_index("disruption")
    for row in picture.data.query("quantity == 'least_loss'").itertuples():
        own = losses.loc[row.disruption]
        lost = own["incumbent" if row.scenario == "incumbent" else "value"]
        assert row.value == pytest.approx(100 * lost / own["wanted"], rel=1e-6)
    costly = losses[(losses["value"] / losses["wanted"]).abs() >= 1e-3].index
    assert set(costly) <= set(picture.data.query("quantity == 'least_loss'")["disruption"])
    costs = chosen["mix_baseline"].set_index("mix")["cost_share"] * 100
    told = picture.data.query("quantity == 'cost'")["value"].tolist()
    assert told == pytest.approx([costs["incumbent"], costs["chosen"]])
    assert picture.meta.subtitle.endswith("; batteries of stationary storage alone")
    assert "batteries of stationary storage alone" in picture.meta.alt
    assert picture.meta.options["segments"] == ["stationary"]
    cited = {source["key"] for source in picture.meta.sources}
    assert cited < set(chosen["sources_used"]["source"])
    assert {source["key"] for source in charts.draw(chosen, "drop_in").meta.sources} == {"carnegie-2026"}


# --- drop-in ---------------------------------------------------------------------------------------------------------


def test_cells_are_the_shipped_classes() -> None:
    picture = drawn("drop_in", "no lines")
    table = pd.read_csv(inputs_folder() / "drop_in.csv").set_index(["chemistry", "part"])
    cells = picture.data[picture.data["quantity"] == "drop_in"]
    assert len(cells) == len(table)
    boxes = [box for box in picture.figure.axes[0].patches if box.get_height() > 0.1]
    assert len(boxes) == len(table)
    for row in cells.itertuples():
        own = table.loc[(row.chemistry, row.part)]
        assert (row._5, row.confidence, row.value) == (own["drop_in_class"], own["confidence"], 100 * own["value"])
        colour = drop_in.CLASSES[row._5][1]
        assert any(same_color(box.get_facecolor(), colour) for box in boxes)
    told = [word for word, _, _ in drop_in.CLASSES.values()]
    assert sum(texts(picture).count(word) for word in told) == len(table)


def test_squares_say_how_sure_a_class_is() -> None:
    picture = drawn("drop_in", "no lines")
    cells = picture.data[picture.data["quantity"] == "drop_in"]
    squares = [box for box in picture.figure.axes[0].patches if box.get_height() < 0.1]
    assert len(squares) == sum(drop_in.CONFIDENCE.index(name) + 1 for name in cells["confidence"])
    assert {"high", "medium", "low confidence"} <= set(texts(picture))


def test_ranges_are_printed_where_a_class_does_not_say_it_all() -> None:
    found = texts(drawn("drop_in"))
    assert found.count("50–100%") == 1
    assert "0–100%" in found, "the cathode of LFP on a line of NMC"
    assert "50%" in texts(drawn("drop_in", "few classes")), "a class without a range"


def test_lines_are_summed_and_what_is_retrofitted_leaves_its_kind() -> None:
    lines = drawn("drop_in").data.query("quantity != 'drop_in'").set_index(["plant", "quantity"])["value"]
    assert lines["li_ion"].to_dict() == {"standing": 690, "built": 100, "retrofitted": -54}
    assert lines["Na-ion"].to_dict() == {"standing": 0, "built": 5, "retrofitted": 54}
    assert {"690", "+100", "−54", "+54", "+5.0"} <= set(texts(drawn("drop_in")))
    both = drawn("drop_in", "two regions").data.query("quantity == 'built'").set_index("plant")["value"]
    assert both["li_ion"] == 200
    early = drawn("drop_in", "an earlier year").data.query("quantity == 'retrofitted'").set_index("plant")["value"]
    assert early["Na-ion"] == 30


def test_lines_that_nobody_builds_are_not_drawn() -> None:
    picture = drawn("drop_in", "lines that nobody builds")
    assert set(picture.data["quantity"]) == {"drop_in"}
    assert "In this run Europe builds and retrofits no line." in picture.meta.note
    assert "In this run" not in drawn("drop_in", "no lines").meta.note


@pytest.mark.parametrize(("case", "title"), [
    ("no lines", "Li-ion cell lines can make Si-anode cells as they stand; Na-ion, semi-solid Li-metal and Li-S"
                 " take a retrofit; solid-state Li-metal takes new lines"),
    ("usual", "Li-ion cell lines can make Si-anode cells as they stand; Na-ion, semi-solid Li-metal and Li-S take"
              " a retrofit; solid-state Li-metal takes new lines; 54 GWh a year are retrofitted in Europe by 2035"),
    ("few classes", "On Li-ion cell lines Na takes a retrofit"),
    ("nothing but new", "On Li-ion cell lines Sodium and Sulfur take new lines"),
])  # fmt: skip
def test_titles_of_drop_in(case: str, title: str) -> None:
    assert drawn("drop_in", case).meta.title == title


def test_the_note_says_that_classes_are_read_from_the_text() -> None:
    assert "Icons of figure 16" in drawn("drop_in").meta.note
    assert "are not in its text, so classes are read from the passage" in drawn("drop_in").meta.note
    assert drawn("drop_in", "no lines").meta.scenarios == {}


# --- chosen sourcing -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["usual", "pro rata", "nodes as named", "nobody alone", "two regions"])
def test_parts_of_the_bars_are_the_data(case: str) -> None:
    picture = drawn("chosen_sourcing", case)
    moved = (picture.data["value"] - picture.data["pro_rata"]).abs().groupby(picture.data["node"], sort=False).max()
    widths = []
    for node, rows in picture.data.groupby("node", sort=False):
        for part in rows.itertuples():
            widths.append(part.value / 100)
            if moved[node] >= 1:
                widths.append(part.pro_rata / 100)
        assert rows["value"].sum() == pytest.approx(100)
    assert [bar.get_width() for bar in picture.figure.axes[0].patches] == pytest.approx(widths)


def test_third_countries_lead_and_the_region_comes_last() -> None:
    data = drawn("chosen_sourcing").data
    for _, rows in data.groupby("node"):
        third = rows[rows["third_country"] == "yes"]
        assert len(third) <= 1
        named = rows[~rows["country"].isin(["Europe", supply.OTHERS])]["value"]
        assert third.empty or third["value"].iloc[0] == named.max()
        if "Europe" in rows["country"].tolist():
            assert rows["country"].iloc[-1] == "Europe"
    cell = data.query("node == 'li_ion_cell'").set_index("country")["value"]
    assert cell.to_dict() == pytest.approx({"China": 42, supply.OTHERS: 12, "Europe": 46})
    nickel = data.query("node == 'nickel_refined'").set_index("country")["value"]
    assert nickel["Europe"] == pytest.approx(26), "Finland is part of the region, Norway here is not"
    assert nickel["Norway"] == pytest.approx(20)


def test_shares_above_the_limit_are_marked() -> None:
    picture = drawn("chosen_sourcing")
    above = picture.data[picture.data["above_limit"] == "yes"]
    assert dict(zip(above["node"], above["country"], strict=True)) == {
        "mined_cobalt": "DR Congo",
        "lfp_cathode": "China",
    }
    red = [
        t.get_text() for t in picture.figure.texts if same_color(t.get_color(), style.WARNING) and "%" in t.get_text()
    ]
    assert [text for text in red if re.fullmatch(r"\d+%", text)] == ["73%", "97%"]
    assert set(picture.data.query("rule == 'yes'")["node"]) == {"mined_cobalt", "graphite_anode"}
    assert "EU 2024/1252; solid where it applies" in picture.meta.note
    assert "as a yardstick" in drawn("chosen_sourcing", "no rule").meta.note


@pytest.mark.parametrize(("case", "title"), [
    ("usual", "China alone would supply more than 65% at 1 of the 6 steps of Europe’s battery chain in 2035; bought"
              " pro rata it would be at 2"),
    ("pro rata", "China alone would supply more than 65% at 2 of the 6 steps of Europe’s battery chain in 2035; the"
                 " choice departs nowhere from pro rata"),
    ("a supplier barred", "China alone would supply more than 65% at 1 of the 2 steps of Europe’s battery chain in"
                          " 2035"),
    ("nobody alone", "No other country would supply more than 65% at any of 1 steps of Europe’s battery chain in"
                     " 2035"),
])  # fmt: skip
def test_titles_of_the_chosen_sourcing(case: str, title: str) -> None:
    assert drawn("chosen_sourcing", case).meta.title == title


def test_the_farthest_departure_is_told() -> None:
    note = drawn("chosen_sourcing").meta.note
    assert "farthest for graphite anode from China: 97% pro rata, 60% chosen." in note
    assert "Thin" not in drawn("chosen_sourcing", "pro rata").meta.note
    assert "Graphite anode: China 60%, Japan 38%, Other countries 2% (pro rata China 97%)" in drawn(
        "chosen_sourcing"
    ).meta.alt.replace("Graphite_anode", "Graphite anode")


def test_of_several_regions_the_one_that_leans_most_on_a_country_is_drawn() -> None:
    made = bought(regions=["Europe", "Rest of world", "United States"])
    table = made.tables["mix_sourcing"]
    lean = (table["region"] != "Europe") & (table["node"] == "li_ion_cell") & (table["country"] == "CHN")
    made.tables["mix_sourcing"] = table.assign(share=np.where(lean, 0.9, table["share"]))
    assert charts.draw(made, "chosen_sourcing").meta.options["region"] == "United States", "a rest is no place"


def test_what_nobody_is_asked_for_is_left_white_and_no_claim_is_made() -> None:
    picture = drawn("chosen_sourcing", "a supplier barred")
    assert "What comes pro rata from those that nothing is bought from is left white." in picture.meta.note
    assert picture.data.query("node == 'na_ion_cell'")["pro_rata"].sum() == pytest.approx(9)


def test_nodes_go_along_the_chain_and_departures_are_kept() -> None:
    picture = drawn("chosen_sourcing", "more than are drawn")
    assert picture.data["node"].nunique() == chosen_sourcing.MOST
    stages = picture.data["stage"].drop_duplicates().tolist()
    assert stages == supply.stages_in_order(stages)
    moved = {node for node in CROWD if "graphite_anode" in node or "nickel_refined" in node}
    assert moved <= set(picture.data["node"])
    assert "Not drawn: 16 more steps; above 65%: " in picture.meta.note
    few = drawn("chosen_sourcing", nodes=["lfp_cathode", "mined_lithium"]).meta.note
    assert few.endswith("Not drawn: 4 more steps; above 65%: mined cobalt (DR Congo 73%).")
    none = drawn("chosen_sourcing", nodes=["lfp_cathode", "mined_cobalt"]).meta.note
    assert none.endswith("Not drawn: 4 more steps, none above 65%.")
    assert drawn("chosen_sourcing", "nodes as named").meta.options["nodes"] == ["lfp_cathode", "mined_lithium"]
    with pytest.raises(UsageError, match=r"node 'lpf_cathode' is not .*did you mean 'lfp_cathode'"):
        drawn("chosen_sourcing", nodes=["lpf_cathode"])
    with pytest.raises(UsageError, match="30 nodes do not fit on this size"):
        charts.draw(bought(CROWD), "chosen_sourcing", nodes=list(CROWD))


def test_the_shares_of_a_run_are_its_table(chosen: Result) -> None:
    picture = charts.draw(chosen, "chosen_sourcing")
    table = chosen["mix_sourcing"].query("year == 2032").groupby(["node", "country"])[["share", "usual"]].sum()
    for row in picture.data.query("country == 'China'").itertuples():
        own = table.loc[(row.node, "CHN")]
        assert (row.value, row.pro_rata) == pytest.approx((100 * own["share"], 100 * own["usual"]))


def test_flows_pro_rata_point_to_the_chosen_ones(chosen: Result) -> None:
    assert "chosen_sourcing" in charts.draw(chosen, "sourcing", scenario=supply.CHOSEN).meta.note
    usual = charts.draw(chosen, "sourcing").meta.note
    assert "Pro rata, not observed" in usual
    assert "chosen_sourcing" not in usual
