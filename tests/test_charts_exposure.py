"""Charts of supply and exposure: `chokepoints`, `stress`, `loss_by_length`, `two_worlds`, `coverage`,
`capacity_vs_demand`, `lfp_concentration`, `sourcing`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from chart_support import LONG, FakeResult, result
from matplotlib.colors import to_hex

from minerals import charts
from minerals.charts import (
    capacity_vs_demand,
    chokepoints,
    coverage,
    losses,
    sourcing,
    style,
    supply,
    wording,
)
from minerals.charts.bundle import Bundle
from minerals.errors import UsageError
from minerals.numbers import percent

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
LABELS = {"CHN": "China", "COD": "DR Congo", "IDN": "Indonesia", "AUS": "Australia", "CHL": "Chile",
          "ZAF": "South Africa", "KOR": "South Korea", "JPN": "Japan", "USA": "United States", "R_EUR": "Europe",
          "R_OTH": "Other countries", "IND": "India", "MOZ": "Mozambique", "MDG": "Madagascar",
          "BRA": "Brazil"}  # fmt: skip
Supply = Mapping[tuple[str, str], tuple[str, float] | None]
MAP: Supply = {
    ("LFP cathode", "refining"): ("CHN", 0.667), ("LFP cathode", "active_material"): ("CHN", 0.98),
    ("Graphite", "mining"): ("CHN", 0.799), ("Graphite", "refining"): ("CHN", 0.94),
    ("Graphite", "active_material"): ("CHN", 0.98), ("Manganese", "mining"): ("ZAF", 0.377),
    ("Manganese", "refining"): ("CHN", 0.84), ("Electrolyte", "refining"): ("CHN", 0.951),
    ("Electrolyte", "active_material"): ("CHN", 0.85), ("Cobalt", "mining"): ("COD", 0.731),
    ("Cobalt", "refining"): ("CHN", 0.784), ("NMC cathode", "active_material"): ("CHN", 0.73),
    ("Silicon anode", "refining"): ("CHN", 0.871), ("Silicon anode", "active_material"): ("CHN", 0.4),
    ("Lithium", "mining"): ("AUS", 0.319), ("Lithium", "refining"): ("CHN", 0.74),
    ("Nickel", "mining"): ("IDN", 0.669), ("Nickel", "refining"): ("IDN", 0.45),
    ("Separator", "active_material"): ("CHN", 0.874), ("Li-ion cell", "cell"): ("CHN", 0.76),
    ("Na-ion cell", "cell"): ("CHN", 0.95), ("Na-ion cathode", "active_material"): None,
}  # fmt: skip
"""(item, stage) -> largest supplier and its share in the world; None where it is unknown."""
NEED = {"LFP cathode": (0.45, 0.42), "Graphite": (0.98, 0.75), "Manganese": (0.4, 0.33), "Electrolyte": (1.0, 0.86),
        "Cobalt": (0.53, 0.45), "NMC cathode": (0.53, 0.43), "Silicon anode": (0.2, 0.22), "Lithium": (1.0, 0.88),
        "Nickel": (0.53, 0.45), "Separator": (1.0, 0.84), "Li-ion cell": (1.0, 0.76), "Na-ion cell": (0.02, 0.13),
        "Na-ion cathode": (0.02, 0.13)}  # fmt: skip
"""Share of a region's planned GWh that use an item, by scenario."""
LOW = {("NMC cathode", "active_material"), ("Manganese", "refining"), ("LFP cathode", "refining")}


EXPOSURE = ("scenario", "region", "chemistry", "node", "year", "measure", "value", "low", "high", "unit")


def exposed(
    shares: Supply = MAP,
    need: Mapping[str, Sequence[float]] = NEED,
    *,
    scenarios: Mapping[str, str] | None = None,
    region: str = "Europe",
    futures: Sequence[str] = ("today",),
    group: float = 0.0,
    spread: float = 0.0,
    caveats: Mapping[str, str] | None = None,
    exposure: bool = True,
) -> FakeResult:
    """A result with the tables of the chokepoint map; `group` raises what a group of countries could hold."""
    scenarios = scenarios or {"incumbent": "Incumbent", "next-gen": "Next-gen"}
    made = result({name: {"graphite": {"lfp": 1.0}} for name in scenarios}, labels=scenarios, regions=[region],
                  region_label=region, caveats=caveats)  # fmt: skip
    made.record["codes"]["future"] = {"today": {"label": "supply of today"}}
    cells, dots = [], []
    for name, ((item, stage), cell) in product(futures, shares.items()):
        country, share = cell or ("", np.nan)
        where = {"future": name, "node": f"{stage}_{item}".lower().replace(" ", "_"), "label": item, "stage": stage}
        cells.append({**where, "part": "", "item": item, "year": 2035, "data_year": 2025 if stage == "mining" else 2023,
                      "confidence": "low" if (item, stage) in LOW else "high", "measure": "top1", "country": country,
                      "country_label": LABELS.get(country, country), "value": share, "low": share,
                      "high": np.maximum(share, group), "unit": "1"})  # fmt: skip
        cells.append({**cells[-1], "measure": "hhi", "country": "", "country_label": "", "value": 0.5})
    for i, scenario in enumerate(scenarios):
        for (item, stage), cell in shares.items():
            if item in need:
                used = need[item][min(i, len(need[item]) - 1)] * (1 if i < 2 else 1 - 0.1 * i)
                value = used * (cell[1] if cell else np.nan)
                where = {"scenario": scenario, "region": region, "chemistry": "",
                         "node": f"{stage}_{item}".lower().replace(" ", "_"), "year": 2035}  # fmt: skip
                dots.append({**where, "measure": "dependent_gwh", "value": used, "unit": "1"})
                if cell:
                    dots.append({**dots[-1], "measure": "exposure_top1", "value": value, "low": value * (1 - spread),
                                 "high": min(value * (1 + spread), 1.0)})  # fmt: skip
    made.tables["concentration"] = pd.DataFrame(cells)
    if exposure:
        made.tables["exposure"] = pd.DataFrame(dots, columns=list(EXPOSURE))
    return made


STRESS: Mapping[str, tuple[str, str, Sequence[tuple[float, float]]]] = {
    "chn_anode": ("China stops exports of graphite anodes", "Graphite anode", [(0.82, 0.95), (0.56, 0.74)]),
    "chn_lfp": ("China stops exports of LFP cathodes", "LFP cathode", [(0.41, 0.43), (0.36, 0.39)]),
    "chn_all": ("China closes the whole chain", "Graphite anode", [(0.93, 0.97), (0.78, 0.84)]),
    "cod_strike": ("Cobalt quota in DR Congo", "Cobalt", [(0.05, 0.31), (0.02, 0.26)]),
    "idn_nickel": ("Indonesia stops nickel exports", "Nickel", [(0.0, 0.12), (0.0, 0.1)]),
    "aus_lithium": ("Strike at Australian lithium mines", "", [(0.0, 0.0), (0.0, 0.0)]),
}
"""disruption -> its label, the node that binds, and (best, proportional) as shares of what is planned, by scenario."""


STATUS = {"chn_anode": "suspended", "chn_all": "hypothetical", "idn_nickel": "announced"}
"""Status of the disruptions that are not in force."""


def stressed(
    losses: Mapping[str, tuple[str, str, Sequence[tuple[float, float]]]] = STRESS,
    *,
    planned: Sequence[float] = (1000.0, 1000.0),
    shortage: float = 0.0,
    scenarios: Mapping[str, str] | None = None,
    years: Sequence[int] = (2030, 2035),
    region: str = "Europe",
    home: float | None = None,
    draws: Mapping[str, tuple[float, float]] | None = None,
    **about: Any,
) -> FakeResult:
    """A result with disruptions; earlier years lose half.

    home: the part of what is planned that is made at home, of which twice the share is lost, None for a result from
    before that was told; draws: disruption -> 5 and 95 % of what is lost in draws, in parts of what is planned.
    """
    made = exposed(scenarios=scenarios, region=region, **about)
    rows = []
    for (i, scenario), year, (code, (name, binds, shares)) in product(
        enumerate(made.record["scenarios"]), years, losses.items()
    ):
        gwh = planned[min(i, len(planned) - 1)]
        best, proportional = (gwh * share * (1 if year == years[-1] else 0.5) for share in shares[i % len(shares)])
        rows.append({"scenario": scenario, "region": region, "disruption": code, "label": name, "year": year,
                     "status": STATUS.get(code, "in_force"), "nodes": 1, "planned": gwh, "shortage": shortage,
                     "at_risk_best": best, "at_risk_proportional": proportional,
                     "unit": "GWh", "binding_node": binds.lower().replace(" ", "_"), "binding_label": binds,
                     "vehicles": 1e6 * best / 60, "million_usd_2025": best * 100})  # fmt: skip
    table = pd.DataFrame(rows)
    if home is not None:
        for end in ("best", "proportional"):
            table[f"lost_{end}"] = table[f"at_risk_{end}"] + table["shortage"]
            table[f"industry_{end}"] = np.minimum(2 * table[f"at_risk_{end}"], table["planned"]) * home
        short = {"lost": table["shortage"], "industry": 0.0}
        low_and_high = {f"{what}_{end}": short[what] + part * (table[f"{what}_best"] - short[what]) for what in short
                        for end, part in (("low", 0.1), ("high", 1.0))}  # fmt: skip
        table = table.assign(made_at_home=home * table["planned"], **low_and_high)
    made.tables["disruptions"] = table
    if draws is not None:
        made.tables["intervals"] = pd.DataFrame([
            {"scenario": row.scenario, "region": region, "disruption": row.disruption, "year": row.year,
             "measure": measure, "p05": part * low * row.planned, "p50": np.nan, "p95": part * high * row.planned,
             "value": row.lost_best, "share_p05": low, "share_p50": np.nan, "share_p95": high, "unit": "GWh",
             "draws": 1000}
            for row in table.itertuples() if row.disruption in draws and row.year == years[-1]
            for (low, high), (measure, part) in product([draws[row.disruption]], (("lost", 1.0), ("industry", home)))
        ])  # fmt: skip
    return made


LENGTHS, STOCKS = (3.0, 6.0, 12.0, 24.0), (0.0, 1.0, 3.0, 6.0)


def lasting(
    *args: Any, stocks: Sequence[float] = STOCKS, lengths: Sequence[float] = LENGTHS, **about: Any
) -> FakeResult:
    """A result with losses by length: eight tenths of the cells are made at home, and stock is for these."""
    made = stressed(*args, **about)
    rows = []
    for row, months, stock in product(made["disruptions"].query("year == 2035").itertuples(), lengths, stocks):
        planned, short = (months / 12 * each for each in (row.planned, row.shortage))
        lost = short + max(months / 12 * row.at_risk_best - stock / 12 * 0.8 * row.planned, 0.0)
        rows.append({"scenario": row.scenario, "region": row.region, "disruption": row.disruption, "label": row.label,
                     "year": row.year, "months": months, "stock_months": stock, "planned": planned,
                     "made_at_home": 0.8 * planned, "lost": lost, "industry": lost,
                     "share": lost / planned if planned else 0.0, "unit": "GWh"})  # fmt: skip
    made.tables["loss_by_length"] = pd.DataFrame(rows)
    return made


COVERED: Mapping[str, tuple[str, float, Sequence[float] | None]] = {
    "mined_nickel": ("mining", 82.0, (0.0, 0.01, 0.48, 3.1, 8.2)),
    "refined_cobalt": ("refining", 12.0, (1.96, 1.96, 1.96, 3.5, 4.1)),
    "lfp_cathode": ("active_material", 533.0, (0.0, 0.0, 0.004, 15.0, 16.0)),
    "separator": ("active_material", 535.0, (0.0, 0.39, 0.39, 2.6, 3.3)),
    "na_ion_cell": ("cell", 150.0, (0.0, 0.0, 0.02, 0.48, 0.98)),
    "li_ion_cell": ("cell", 984.0, (0.94, 0.94, 1.69, 8.6, 9.9)),
    "needle_coke": ("refining", 12.0, None), "silane": ("refining", 0.0, None),
}  # fmt: skip
"""node -> its stage, what is needed, and in parts of it: own, own and allies, without the largest exporter, and the
bounds of what is within reach; None where the supply is not known."""


def covered(
    nodes: Mapping[str, tuple[str, float, Sequence[float] | None]] = COVERED, region: str = "Europe", **about: Any
) -> FakeResult:
    """A result with coverage; the second scenario needs twice as much, the year before half."""
    made = exposed(region=region, **about)
    rows = []
    for (i, scenario), year, (node, (stage, need, parts)) in product(
        enumerate(made.record["scenarios"]), (2030, 2035), nodes.items()
    ):
        times = (1 + i) * (1 if year == 2035 else 0.5)
        unit = "GWh" if stage == "cell" else "kt"
        found = [("need", need * times, unit), ("share_of_world_need", 0.1, "1")]
        if parts is not None:
            names = ("own_coverage", "friendly_coverage", "without_largest_coverage")
            found += [(name, part / times, "1") for name, part in zip(names, parts, strict=False)]
            found += [
                (f"accessible_{end}", need * part, unit) for end, part in zip(("none", "all"), parts[3:], strict=True)
            ]
            found += [("accessible_coverage", parts[3] / times, "1")]
        rows += [(scenario, region, node, stage, year, *each) for each in found]
    made.tables["coverage"] = pd.DataFrame(
        rows, columns=["scenario", "region", "node", "stage", "year", "measure", "value", "unit"]
    )
    return made


WORLDS = {"cooperation": "Competitive cooperation", "dominance": "Unipolar dominance"}


def worlds(
    futures: Mapping[str, str] = WORLDS, parts: Sequence[float] = (0.2, 1.0, 0.5, 0.7, 0.9), **about: Any
) -> FakeResult:
    """A result with what is lost in several futures, of each the part of what `stressed` loses."""
    made = stressed(**({"home": 0.47} | about))
    table = made["disruptions"]
    lost = [name for name in table if re.match("(lost|at_risk|industry)_", name)]
    last = table[table["year"] == table["year"].max()]
    made.tables["lost_by_future"] = pd.concat([
        last.assign(future=future, **{name: part * last[name] for name in lost})
        for future, part in zip(futures, parts, strict=False)
    ])  # fmt: skip
    made.record["codes"]["future"] = {code: {"label": name, "note": ""} for code, name in futures.items()}
    return made


Ends = tuple[float, float, float]
CAPACITY: Mapping[str, tuple[str, Ends]] = {
    "CHN": ("China", (5862.0, 5862.0, 6720.0)), "USA": ("United States", (940.0, 850.0, 1211.0)),
    "R_EUR": ("Europe", (690.0, 650.0, 820.0)), "IND": ("India", (130.0, 80.0, 160.0)),
    "IDN": ("Indonesia", (87.0, 40.0, 110.0)), "KOR": ("South Korea", (94.5, 90.0, 100.0)),
    "JPN": ("Japan", (62.0, 62.0, 62.0)),
}  # fmt: skip


def plants(
    capacity: Mapping[str, tuple[str, Ends]] = CAPACITY,
    demand: Ends | None = (5100.0, 4200.0, 5100.0),
    region: str = "World",
) -> FakeResult:
    """A result with cell capacity in two years and demand in one, half of it of cars; another scenario needs less."""
    made = exposed(region=region)
    rows = [(code, name, "capacity", 2030, *gwh) for code, (name, gwh) in capacity.items()]
    rows += [(code, name, "capacity", 2025, gwh[0] / 3, np.nan, np.nan) for code, (name, gwh) in capacity.items()]
    rows.append(("R_WLD", "World", "capacity", 2030, 9000.0, np.nan, np.nan))
    made.tables["battery_demand"] = pd.DataFrame(
        [(scenario, region, use, 2030, *(part * end for end in demand or (0.0, 0.0, 0.0)))
         for scenario, part in (("incumbent", 0.5), ("next-gen", 0.4)) for use in ("car", "stationary")],
        columns=["scenario", "region", "segment", "year", "value", "low", "high"]).assign(unit="GWh")  # fmt: skip
    made.tables["cell_capacity"] = pd.DataFrame(
        rows, columns=["country", "label", "measure", "year", "value", "low", "high"]
    ).assign(unit="GWh/yr", source="carnegie")
    return made


CATHODE: Mapping[str, float] = {"CHN": 0.98, "R_OTH": 0.02}
PLANTS: Mapping[str, float] = {"United States": 100.0, "Europe": 170.0, "Indonesia": 50.0, "India": 40.0,
                               "South Korea": 1.0}  # fmt: skip


def lfp(
    shares: Mapping[str, float] = CATHODE,
    capacity: Mapping[str, float] = PLANTS,
    *,
    spread: float = 0.0,
    mapped: bool = True,
    **about: Any,
) -> FakeResult:
    """A result with the supply of LFP cathode and announced LFP plants; China's own and other chemistries beside."""
    made = exposed(**about)
    node = "active_material_lfp_cathode"
    rows = [("today", name, code, LABELS.get(code, code), 2035, share, "1") for name in ("mining_cobalt", node)
            for code, share in shares.items()]  # fmt: skip
    columns = ["future", "node", "country", "country_label", "year", "share", "unit"]
    made.tables["supply"] = pd.DataFrame(rows, columns=columns)
    plants_ = [(name, "LFP", 2030, gwh, gwh * (1 - spread), gwh * (1 + spread)) for name, gwh in capacity.items()]
    plants_ += [("China", "LFP", 2030, 4000.0, 4000.0, 4000.0), ("Europe", "Na-ion", 2030, 9.0, 9.0, 9.0)]
    made.tables["announced_capacity"] = pd.DataFrame(
        plants_, columns=["region", "chemistry", "year", "value", "low", "high"]
    ).assign(unit="GWh/yr")
    if not mapped:
        del made.tables["concentration"]
    return made


Step = tuple[str, str, str, str, float]
GRAPHITE: Sequence[Step] = (
    ("mining", "China", "active_material", "China", 560.0), ("mining", "Mozambique", "active_material", "China", 60.0),
    ("mining", "Mozambique", "active_material", "R_OTH", 25.0),
    ("mining", "Madagascar", "active_material", "China", 35.0),
    ("mining", "Madagascar", "active_material", "R_OTH", 20.0),
    ("mining", "Brazil", "active_material", "R_OTH", 15.0),
    ("mining", "Brazil", "active_material", "Europe", 5.0), ("mining", "R_OTH", "active_material", "China", 30.0),
    ("mining", "R_OTH", "active_material", "Europe", 23.0), ("mining", "R_OTH", "active_material", "R_OTH", 22.0),
    ("active_material", "China", "cell", "China", 332.0), ("active_material", "China", "cell", "South Korea", 136.0),
    ("active_material", "China", "cell", "Europe", 217.0), ("active_material", "Europe", "cell", "Europe", 28.0),
    ("active_material", "R_OTH", "cell", "China", 18.0), ("active_material", "R_OTH", "cell", "South Korea", 31.0),
    ("active_material", "R_OTH", "cell", "Europe", 33.0), ("cell", "China", "use", "Europe", 350.0),
    ("cell", "South Korea", "use", "Europe", 167.0), ("cell", "Europe", "use", "Europe", 278.0),
)  # fmt: skip
"""stage and country it comes from, stage and country it goes to, kt."""


def sourced(
    steps: Sequence[Step] = GRAPHITE,
    *,
    scale: float = 1.0,
    chain: str = "graphite",
    region: str = "Europe",
    **about: Any,
) -> FakeResult:
    """A result with the flows of one chain, and a small one of another mineral beside it."""
    made = exposed(region=region, **about)
    made.record["codes"]["mineral"] |= {name: {"label": name.capitalize()} for name in ("graphite", "lithium")}
    made.record["codes"]["country"] = {code: {"label": name} for code, name in LABELS.items()}
    rows = [(scenario, region, year, name, *step[:4], step[4] * scale * part)
            for i, scenario in enumerate(made.record["scenarios"])
            for year, (name, part) in product((2030, 2035), ((chain, 1.0 - 0.2 * i), ("lithium", 0.1)))
            for step in steps]  # fmt: skip
    columns = ["scenario", "region", "year", "chain", "stage_from", "country_from", "stage_to", "country_to", "value"]
    made.tables["sourcing"] = pd.DataFrame(rows, columns=columns).assign(unit="kt")
    return made


NOBODY_KNOWS: Supply = {("Na-ion cathode", "active_material"): None, ("NaPF6", "refining"): None,
                        ("Silane", "refining"): None, ("Graphite", "cell"): None}  # fmt: skip
MORE_NODES = [(f"{node}_of_a_long_name_number_{i}", (stage, 1e3 * need, parts and [each + 0.1 * i for each in parts]))
              for i in range(5) for node, (stage, need, parts) in COVERED.items()]  # fmt: skip
DRAWS = {"chn_anode": (0.0, 0.98), "chn_lfp": (0.02, 0.5), "chn_all": (0.3, 0.99)}
ONE = {"chn_lfp": STRESS["chn_lfp"]}
FOUR = {"incumbent": "Incumbent", "next-gen": "Next-gen", "sodium": "Sodium-led", "silicon": "Silicon everywhere"}
WORDY = dict(LONG)
FULL: Supply = {(f"{item} {i}", stage): cell for i in range(2) for (item, stage), cell in MAP.items()}
FULL_NEED = {f"{item} {i}": shares for i in range(2) for item, shares in NEED.items()}
MANY = {f"R_{i}": (f"Bloc number {i} of many, with a long name", (100.0 + i, 90.0, 300.0)) for i in range(14)}
LEADERLESS: Supply = {key: (list(LABELS)[i % 9], 0.2 + 0.01 * i) for i, key in enumerate(MAP)}
Case = tuple[FakeResult, dict[str, Any]]
CASES: dict[str, dict[str, Callable[[], Case]]] = {
    "chokepoints": {
        "usual": lambda: (exposed(), {}),
        "one scenario": lambda: (exposed(scenarios={"incumbent": "Incumbent"}), {}),
        "four scenarios with ranges": lambda: (exposed(scenarios=FOUR, spread=0.2), {}),
        "five scenarios": lambda: (exposed(scenarios=FOUR | {"last": "The last of five"}), {}),
        "long labels": lambda: (
            exposed(scenarios=WORDY, region="European Union, United Kingdom and Norway",
                    caveats={name: f"{text} rests on an assumption. " * 3 for name, text in WORDY.items()}), {}),
        "no exposure": lambda: (exposed(exposure=False), {}),
        "one item": lambda: (exposed(), {"items": ["Graphite"]}),
        "items as named": lambda: (exposed(), {"items": ["Nickel", "Cobalt", "Graphite"]}),
        "more items than are drawn": lambda: (exposed(FULL, FULL_NEED), {}),
        "all of it long": lambda: (
            exposed(FULL, FULL_NEED, scenarios=WORDY | {"a": "And another of the kind", "b": "Last"},
                    region="European Union, United Kingdom and Norway"), {}),
        "groups may be larger": lambda: (exposed(group=0.9), {}),
        "much not known": lambda: (
            exposed({**FULL, **{(f"A node of a long name, number {i}", "refining"): None for i in range(30)}},
                    FULL_NEED), {}),
        "results that do not tell what is used": lambda: (exposed({**MAP, **NOBODY_KNOWS}), {}),
        "nothing known": lambda: (exposed(dict.fromkeys(MAP, None)), {}),
        "nobody leads": lambda: (exposed(LEADERLESS), {}),
        "mining alone": lambda: (exposed({key: cell for key, cell in MAP.items() if key[1] == "mining"}), {}),
        "a title of one’s own": lambda: (exposed(), {"title": "Where one country could stop the chain: " * 3}),
        "letters that look like formulas": lambda: (
            exposed({("$x_1$ & <b>", "mining"): ("CHN", 0.5), ("100% $_{2}", "cell"): ("USA", 1.0)}), {}),
    },
    "stress": {
        "usual": lambda: (stressed(), {}),
        "both with intervals": lambda: (stressed(home=0.47, draws=DRAWS, shortage=40.0), {}),
        "more than is planned": lambda: (stressed(ONE, home=0.3, draws={"chn_lfp": (0.1, 1.2)}), {}),
        "ends of the severity": lambda: (stressed(home=0.47), {}),
        "few cells made at home": lambda: (stressed(home=0.002, draws=DRAWS), {}),
        "four scenarios with intervals": lambda: (
            stressed(dict(list(STRESS.items())[:4]), scenarios=FOUR, home=0.9, draws=DRAWS), {}),
        "long labels with intervals": lambda: (
            stressed({key: (f"{name} and of everything that is made of them " * 2, f"{binds} and what it needs " * 2, v)
                      for key, (name, binds, v) in STRESS.items()}, scenarios=WORDY, home=0.5, draws=DRAWS,
                     shortage=300.0, region="European Union, United Kingdom and Norway"), {}),
        "huge with intervals": lambda: (stressed(planned=(1e7,), home=0.5, draws=DRAWS), {}),
        "one scenario": lambda: (stressed(scenarios={"incumbent": "Incumbent"}, shortage=40.0), {}),
        "four scenarios": lambda: (stressed(dict(list(STRESS.items())[:5]), scenarios=FOUR), {}),
        "one disruption": lambda: (stressed(), {"disruptions": ["chn_lfp"]}),
        "more than are drawn": lambda: (stressed({f"{key} {i}": v for key, v in STRESS.items() for i in (0, 1)}), {}),
        "long labels": lambda: (
            stressed({key: (f"{name} and of everything that is made of them " * 2, f"{binds} and what it needs " * 2, v)
                      for key, (name, binds, v) in STRESS.items()}, scenarios=WORDY,
                     region="European Union, United Kingdom and Norway"), {}),
        "nothing lost": lambda: (stressed({key: (n, b, [(0.0, 0.0)]) for key, (n, b, _) in STRESS.items()}), {}),
        "nothing planned": lambda: (stressed(planned=(0.0,)), {}),
        "plans differ": lambda: (stressed(planned=(1000.0, 1400.0), shortage=12.0), {}),
        "tiny": lambda: (stressed(planned=(1e-3,)), {}),
        "huge": lambda: (stressed(planned=(1e7,)), {}),
        "an earlier year": lambda: (stressed(), {"year": 2030}),
        "a title of one’s own": lambda: (stressed(), {"title": "What closed chokepoints would cost: " * 3}),
        "letters that look like formulas": lambda: (
            stressed({"$x$": ("$x_1$ & <b>", "100% $_{2}", [(0.2, 0.4)])}), {}),
    },
    "loss_by_length": {
        "usual": lambda: (lasting(), {}),
        "one scenario": lambda: (lasting(scenarios={"incumbent": "Incumbent"}, shortage=40.0), {}),
        "four scenarios": lambda: (lasting(scenarios=FOUR), {}),
        "one disruption": lambda: (lasting(), {"disruptions": ["chn_lfp"]}),
        "a larger stock": lambda: (lasting(), {"stock": 6}),
        "no stock": lambda: (lasting(), {"stock": 0}),
        "with intervals": lambda: (lasting(home=0.8, draws={"chn_all": (0.52, 0.94)}), {}),
        "no stock, with intervals": lambda: (lasting(home=0.8, draws={"chn_all": (0.52, 0.94)}), {"stock": 0}),
        "other stocks and lengths": lambda: (lasting(stocks=(0.0, 1.5), lengths=(1.0, 12.0, 36.0)), {}),
        "one length": lambda: (lasting(lengths=(12.0,)), {}),
        "long labels": lambda: (
            lasting({key: (f"{name} and of everything that is made of them " * 2, f"{binds} and what it needs " * 2, v)
                     for key, (name, binds, v) in STRESS.items()}, scenarios=WORDY,
                    region="European Union, United Kingdom and Norway"), {}),
        "nothing lost": lambda: (lasting({key: (n, b, [(0.0, 0.0)]) for key, (n, b, _) in STRESS.items()}), {}),
        "nothing planned": lambda: (lasting(planned=(0.0,)), {}),
        "all lost": lambda: (lasting({key: (n, b, [(1.0, 1.0)]) for key, (n, b, _) in STRESS.items()}), {}),
        "plans differ": lambda: (lasting(planned=(1000.0, 1400.0), shortage=12.0), {}),
        "tiny": lambda: (lasting(planned=(1e-3,)), {}),
        "huge": lambda: (lasting(planned=(1e7,)), {}),
        "a title of one’s own": lambda: (lasting(), {"title": "How long it lasts, and what is in stock: " * 3}),
        "letters that look like formulas": lambda: (
            lasting({"$x$": ("$x_1$ & <b>", "100% $_{2}", [(0.2, 0.4)])}), {}),
    },
    "two_worlds": {
        "usual": lambda: (worlds(), {}),
        "another scenario": lambda: (worlds(), {"scenario": "next-gen", "disruptions": ["chn_lfp", "chn_anode"]}),
        "one future": lambda: (worlds({"today": "Today"}), {}),
        "nothing lost in the first": lambda: (worlds(parts=(0.0, 1.0)), {}),
        "nothing lost": lambda: (worlds(parts=(0.0, 0.0)), {}),
        "alike": lambda: (worlds(parts=(1.0, 1.0)), {}),
        "short anyway": lambda: (worlds(shortage=40.0), {}),
        "no cells made at home": lambda: (worlds(home=0.0), {}),
        "five futures": lambda: (worlds({**WORLDS, **{f"w{i}": f"World {i}" for i in range(3)}}), {}),
        "long labels": lambda: (
            worlds({code: f"{name} as told in the report, and what follows from it" for code, name in WORLDS.items()},
                   scenarios=WORDY, region="European Union, United Kingdom and Norway"), {}),
        "a title of one’s own": lambda: (worlds(), {"title": "What closed chokepoints would cost: " * 3}),
        "letters that look like formulas": lambda: (worlds({"$x$": "$x_1$ & <b>", "y": "100% $_{2}"}), {}),
    },
    "coverage": {
        "usual": lambda: (covered(), {}),
        "another scenario": lambda: (covered(), {"scenario": "next-gen", "year": 2030}),
        "nodes as named": lambda: (covered(), {"nodes": ["separator", "lfp_cathode", "mined_nickel"]}),
        "one node": lambda: (covered({"lfp_cathode": COVERED["lfp_cathode"]}), {}),
        "all covered": lambda: (covered({k: v for k, v in COVERED.items() if v[2] and v[2][2] >= 1}), {}),
        "all known": lambda: (covered({k: v for k, v in COVERED.items() if v[2]}), {}),
        "more than are drawn": lambda: (covered(dict(MORE_NODES)), {}),
        "long labels": lambda: (
            covered(dict(MORE_NODES), region="European Union, United Kingdom and Norway", scenarios=WORDY,
                    caveats={name: f"{text} rests on an assumption. " * 3 for name, text in WORDY.items()}), {}),
        "tiny": lambda: (covered({k: (s, 1e-4 * n, v) for k, (s, n, v) in COVERED.items()}), {}),
        "huge": lambda: (covered({k: (s, 1e6 * n, v) for k, (s, n, v) in COVERED.items()}), {}),
        "far beyond": lambda: (
            covered({k: (s, n, v and [1e5 * each for each in v]) for k, (s, n, v) in COVERED.items()}), {}),
        "a title of one’s own": lambda: (covered(), {"title": "What covers what Europe needs: " * 4}),
        "letters that look like formulas": lambda: (covered({"$x_1$ & <b>": ("$_{2}", 3.0, [0.5] * 5)}), {}),
    },
    "capacity_vs_demand": {
        "usual": lambda: (plants(), {}),
        "a region": lambda: (plants(demand=(900.0, 860.0, 950.0), region="Europe"), {}),
        "a region with enough": lambda: (plants(demand=(400.0, 380.0, 450.0), region="United States"), {}),
        "a region without plants": lambda: (plants(demand=(400.0, 380.0, 450.0), region="Brazil"), {}),
        "another scenario": lambda: (plants(), {"scenario": "next-gen"}),
        "all needed": lambda: (plants(demand=(7000.0, 6000.0, 7400.0)), {}),
        "too little": lambda: (plants(demand=(20000.0, 18000.0, 22000.0)), {}),
        "open": lambda: (plants(demand=(8000.0, 7000.0, 9000.0)), {}),
        "ends without a value": lambda: (plants({"CHN": ("China", (np.nan, 5862.0, 6720.0)), "R_OECD": (
            "OECD", (np.nan, 1881.0, 2422.0))}, (5100.0, np.nan, np.nan)), {}),
        "one bloc": lambda: (plants({"CHN": ("China", (10.0, 9.0, 12.0))}, (5.0, 5.0, 5.0)), {}),
        "more than are drawn": lambda: (plants(MANY), {}),
        "no demand": lambda: (plants(demand=(0.0, 0.0, 0.0)), {}),
        "tiny": lambda: (plants({c: (n, (g[0] * 1e-6, 0.0, g[2] * 1e-6)) for c, (n, g) in CAPACITY.items()},
                                (5e-3, 4e-3, 6e-3)), {}),
        "a title of one’s own": lambda: (plants(), {"title": "Who could make how many cells, and for whom: " * 3}),
        "letters that look like formulas": lambda: (plants({"CHN": ("$x_1$ & <b>", (10.0, 9.0, 12.0))}), {}),
    },
    "lfp_concentration": {
        "usual": lambda: (lfp(), {}),
        "several makers": lambda: (
            lfp({"CHN": 0.62, "KOR": 0.18, "USA": 0.1, "IDN": 0.05, "JPN": 0.03, "R_OTH": 0.02}), {}),
        "more makers than are named": lambda: (lfp({code: 1 / len(LABELS) for code in LABELS}), {}),
        "ranges": lambda: (lfp(spread=0.3), {}),
        "one plant": lambda: (lfp(capacity={"United States": 100.0}), {}),
        "no plants": lambda: (lfp(capacity={}), {}),
        "many plants": lambda: (
            lfp(capacity={f"A country of a long name, number {i}": 90.0 - i for i in range(14)}), {}),
        "without a map": lambda: (lfp(mapped=False), {}),
        "tiny": lambda: (lfp(capacity={name: gwh * 1e-5 for name, gwh in PLANTS.items()}), {}),
        "huge": lambda: (lfp(capacity={name: gwh * 1e5 for name, gwh in PLANTS.items()}), {}),
        "a title of one’s own": lambda: (lfp(), {"title": "Who makes LFP, and who is going to: " * 3}),
        "letters that look like formulas": lambda: (lfp(capacity={"$x_1$ & <b>": 3.0, "100% $_{2}": 1.0}), {}),
    },
    "sourcing": {
        "usual": lambda: (sourced(), {}),
        "another scenario": lambda: (sourced(), {"scenario": "next-gen", "year": 2030}),
        "lithium": lambda: (sourced(), {"mineral": "lithium"}),
        "another region": lambda: (sourced([(*step[:3], step[3].replace("Europe", "Elsewhere"), step[4])
                                            for step in GRAPHITE]), {}),
        "five stages": lambda: (sourced(
            [*GRAPHITE[10:], *((a, b, "refining", d, v) for a, b, _, d, v in GRAPHITE[:10]),
             *(("refining", d, c, d, v) for _, _, c, d, v in GRAPHITE[:10])]), {}),
        "two stages": lambda: (sourced([("cell", "China", "use", "Europe", 9.0),
                                         ("cell", "Europe", "use", "Europe", 1.0)]), {}),
        "one flow": lambda: (sourced([("cell", "China", "use", "Europe", 9.0)]), {}),
        "all of it at home": lambda: (sourced([("mining", "Europe", "cell", "Europe", 9.0),
                                               ("cell", "Europe", "use", "Europe", 9.0)]), {}),
        "many countries": lambda: (sourced(
            [("mining", f"A country of a long name, number {i}", "cell", f"Place {i % 7}", 5.0 + i) for i in range(20)]
            + [("cell", f"Place {i}", "use", "Europe", 40.0) for i in range(7)]), {}),
        "slivers": lambda: (sourced([(*step[:4], step[4] if step[1] == "China" else 0.01) for step in GRAPHITE]), {}),
        "losses": lambda: (sourced([(*step[:4], step[4] * (1 + (step[0] == "mining"))) for step in GRAPHITE]), {}),
        "tiny": lambda: (sourced(scale=1e-6), {}),
        "huge": lambda: (sourced(scale=1e5), {}),
        "long labels": lambda: (sourced(scenarios=WORDY, region="European Union, United Kingdom and Norway"), {}),
        "a title of one’s own": lambda: (sourced(), {"title": "Where the graphite comes from: " * 4}),
        "letters that look like formulas": lambda: (sourced([("mining", "$x_1$ & <b>", "use", "100% $_{2}", 9.0)]), {}),
    },
}  # fmt: skip


def drawn(chart: str, case: str = "usual", **options: Any) -> Bundle:
    made, chosen = CASES[chart][case]()
    return charts.draw(made, chart, **(chosen | options))


def texts(picture: Bundle) -> list[str]:
    return [text.get_text() for text in picture.figure.texts]


# --- chokepoints -----------------------------------------------------------------------------------------------------


def marks(axes: Any) -> list[float]:
    """x of the dots."""
    return [float(line.get_xdata()[0]) for line in axes.lines if line.get_marker() == "o"]


@pytest.mark.parametrize("case", ["usual", "four scenarios with ranges", "items as named", "groups may be larger"])
def test_cells_and_dots_are_the_data(case: str) -> None:
    made, _ = CASES["chokepoints"][case]()
    picture = drawn("chokepoints", case)
    cells, dots = (picture.data[picture.data["quantity"] == name] for name in ("top1", "exposure_top1"))
    table = made["concentration"].query("measure == 'top1'").set_index(["item", "stage"])
    boxes = {to_hex(box.get_facecolor()).upper() for box in picture.figure.axes[0].patches}
    for row in cells.itertuples():
        source = table.loc[(row.item, row.stage)]
        assert row.value == pytest.approx(100 * source["value"], nan_ok=True)
        if np.isfinite(row.value):
            name = supply.SHORT.get(row.country, row.country)
            assert f"{name} {'~' if row.confidence == 'low' else ''}{row.value:.0f}" in texts(picture)
            assert chokepoints._colour(row.value / 100) in boxes
    assert marks(picture.figure.axes[1]) == pytest.approx(dots["value"].tolist())
    for row in dots.itertuples():
        own = made["exposure"].query("measure == 'exposure_top1' and scenario == @row.scenario and node == @row.node")
        assert row.value == pytest.approx(100 * own["value"].item())
        most = table.loc[row.item].sort_values("value")["node"].iloc[-1]
        assert row.node == most, "the exposure of the item's most concentrated stage"


def test_blank_does_not_apply_and_hatched_is_unknown() -> None:
    picture = drawn("chokepoints", items=list(NEED))
    boxes = picture.figure.axes[0].patches
    assert len(boxes) == 4 * picture.data["item"].nunique()
    assert [to_hex(box.get_facecolor()) for box in boxes if box.get_hatch()] == ["#ffffff"]
    blank = [box for box in boxes if to_hex(box.get_facecolor()).upper() == chokepoints.BLANK]
    assert len(blank) == len(boxes) - len(MAP)
    unknown = picture.data.query("item == 'Na-ion cathode' and stage == 'active_material'")
    assert unknown["value"].isna().all()


def test_what_nobody_knows_has_a_place_of_its_own_with_what_hangs_on_it() -> None:
    """Nodes that a scenario uses, the most used first; one that none uses is not told."""
    need = NEED | {"NaPF6": (0.01, 0.07), "Silane": (0.0, 0.0)}
    picture = charts.draw(exposed({**MAP, **NOBODY_KNOWS}, need), "chokepoints")
    told = picture.data.query("quantity == 'makers_not_known'")
    assert told["node"].tolist() == ["cell_graphite", "active_material_na-ion_cathode", "refining_napf6"]
    assert told["value"].tolist() == pytest.approx([75.0, 13.0, 7.0])
    assert {"Graphite 75%", "Na-ion cathode 13%", "NaPF6 7%"} <= set(texts(picture))
    heading = "Makers not known, and % of Europe’s batteries in 2035 that use it, Next-gen"
    assert heading in texts(picture)
    assert f"{heading}: Graphite 75%, Na-ion cathode 13%, NaPF6 7%." in picture.meta.alt
    assert not any("Silane" in text for text in texts(picture))
    assert "hatched: nobody publishes who makes it, which is not safe" in picture.meta.note
    swatches = [box for box in picture.figure.artists if getattr(box, "get_hatch", str)() == style.SHORT_HATCH]
    assert len(swatches) == len(told)
    assert "Makers not known" not in " ".join(
        texts(charts.draw(exposed({k: v for k, v in MAP.items() if v}), "chokepoints"))
    )


def test_a_cell_of_which_one_of_two_nodes_is_unknown_says_so() -> None:
    made = exposed()
    table = made["concentration"]
    coke = table.query("item == 'Graphite' and stage == 'refining'").assign(
        node="needle_coke", label="Needle coke", value=np.nan, low=0.0, high=1.0
    )
    made.tables["concentration"] = pd.concat([table, coke])
    picture = charts.draw(made, "chokepoints")
    edges = [box for box in picture.figure.axes[0].patches if box.get_hatch() and box.get_width() < 0.1]
    assert len(edges) == 1
    assert "its edge hatched: so of another part of the stage" in picture.meta.note
    assert "China 94" in texts(picture), "the node that is known"
    assert "Needle coke" in " ".join(texts(picture))
    whole = drawn("chokepoints")
    assert not any(box.get_hatch() for box in whole.figure.axes[0].patches)
    assert "its edge" not in whole.meta.note


def test_items_that_no_scenario_uses_are_left_out_and_those_of_next_generation_cells_stay() -> None:
    idle = NEED | {"Nickel": (0.0, 0.0)}
    picture = charts.draw(exposed(MAP, idle), "chokepoints")
    assert "Nickel" not in picture.data["item"].tolist()
    assert "1 item that no scenario uses" in picture.meta.note
    assert "Nickel" in charts.draw(exposed(MAP, idle), "chokepoints", items=["Nickel"]).data["item"].tolist()
    made = exposed(FULL, FULL_NEED)
    least = "Na-ion cell 1"
    assert least not in charts.draw(made, "chokepoints").meta.options["items"]
    made.record["codes"]["chemistry"]["na_layered_nfm"] = {"label": "Na-ion", "family": "Na-ion"}
    made.tables["node_use"] = pd.DataFrame({"node": ["cell_na-ion_cell_1"], "chemistry": ["na_layered_nfm"]})
    assert charts.draw(made, "chokepoints").meta.options["items"][-1] == least
    made.tables["concentration"].loc[lambda table: table["item"] == "Lithium 0", "part"] = "foil"
    assert "Lithium 0" not in charts.draw(made, "chokepoints").meta.options["items"]


@pytest.mark.parametrize(("case", "title"), [
    ("usual", "China is the largest supplier at 15 of 16 known steps after mining, and makes 98% of LFP cathode and"
              " graphite anode"),
    ("more items than are drawn", "China is the largest supplier at all 21 main steps after mining, and makes 98%"
     " of LFP cathode 0 and graphite 0"),
    ("one item", "China is the largest supplier at every known step after mining, and makes 98% of graphite anode"),
    ("nobody leads", "Which country supplies most of each battery material, stage by stage"),
    ("nothing known", "Which country supplies most of each battery material, stage by stage"),
])  # fmt: skip
def test_titles_of_the_chokepoints(case: str, title: str) -> None:
    assert drawn("chokepoints", case).meta.title == title


def test_a_larger_group_takes_the_claim_away() -> None:
    """Where a group may hold 90 %, only shares above that are certain: 3 of the chain's steps after mining."""
    picture = drawn("chokepoints", "groups may be larger")
    later = picture.data.query("quantity == 'top1' and stage != 'mining'").dropna(subset="value")
    certain = later[later["high"] <= later["value"]]
    assert len(certain) * 2 <= len(later)
    assert picture.meta.title.startswith("Which country")
    assert "A group of countries counts as many" in picture.meta.note


def test_the_number_of_steps_in_the_title_is_counted_from_the_data() -> None:
    picture = drawn("chokepoints")
    later = picture.data.query("quantity == 'top1' and stage != 'mining'").dropna(subset="value")
    led = (later["country"] == "China").sum()
    assert f"{led} of {len(later)} known steps" in picture.meta.title
    own = later.query("stage == 'active_material' and country == 'China'").sort_values("value").iloc[-1]
    assert f"{own['value']:.0f}% of" in picture.meta.title


def test_items_go_by_exposure_and_stages_along_the_chain() -> None:
    picture = drawn("chokepoints")
    last = picture.data.query("quantity == 'exposure_top1' and scenario == 'next-gen'")
    assert last["value"].is_monotonic_decreasing
    assert picture.meta.options["items"][-1] == "Na-ion cell"
    placed = {t.get_text(): t.get_position()[0] for t in picture.figure.texts if t.get_text() in ("Mining", "Refining")}
    assert placed["Mining"] < placed["Refining"]
    assert drawn("chokepoints", "items as named").meta.options["items"] == ["Nickel", "Cobalt", "Graphite"]


def test_items_of_which_no_share_is_known_are_not_called_of_less_weight() -> None:
    picture = drawn("chokepoints", "more items than are drawn")
    rows = len(picture.meta.options["items"])
    assert picture.meta.note.endswith(f"Not drawn: {2 * (len(NEED) - 1) - rows} items of less weight.")
    assert {"Na-ion cathode 0 13%", "Na-ion cathode 1 13%"} <= set(texts(picture))


def test_futures_are_chosen() -> None:
    made = exposed(futures=("today", "cooperation"))
    table = made.tables["concentration"]
    table.loc[table["future"] == "cooperation", ["value", "low", "high"]] *= 0.5
    first, other = (charts.draw(made, "chokepoints", future=name).data for name in (None, "cooperation"))
    cells = [data.query("quantity == 'top1'").set_index(["item", "stage"])["value"] for data in (first, other)]
    assert cells[1].dropna().to_numpy() == pytest.approx(cells[0][cells[1].dropna().index].to_numpy() / 2)
    made.record["scenarios"]["incumbent"]["future"] = "cooperation"
    assert charts.draw(made, "chokepoints").meta.options["future"] == "cooperation"
    with pytest.raises(UsageError, match="future 'cooperaton' is not in the result; did you mean 'cooperation'"):
        charts.draw(made, "chokepoints", future="cooperaton")
    with pytest.raises(UsageError, match="item 'Grafite' is not in the result; did you mean 'Graphite'"):
        charts.draw(made, "chokepoints", items=["Grafite"])


# --- loss by length --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["usual", "one disruption", "a larger stock", "plans differ", "four scenarios"])
def test_a_dot_for_each_length_stock_and_scenario(case: str) -> None:
    made, options = CASES["loss_by_length"][case]()
    data = drawn("loss_by_length", case).data
    table = made["loss_by_length"].set_index(["scenario", "disruption", "months", "stock_months"])
    keys = ["scenario", "disruption", "months", "stock_months"]
    assert np.allclose(table.loc[list(data[keys].itertuples(index=False, name=None)), "lost"], data["lost"])
    assert np.allclose(data["share"], 100 * data["lost"] / data["planned"])
    assert sorted(data["stock_months"].unique()) == [0.0, options.get("stock", 3.0)]
    assert len(data) == data["scenario"].nunique() * data["disruption"].nunique() * 2 * len(LENGTHS)
    assert data["scenario"].nunique() == 2
    assert data["disruption"].nunique() <= 3


def test_the_hardest_stops_of_one_step_are_drawn() -> None:
    made = lasting()
    assert list(charts.draw(made, "loss_by_length").meta.options["disruptions"]) == ["chn_all", "chn_anode", "chn_lfp"]
    of_all = made.tables["disruptions"]["disruption"] == "chn_all"
    made.tables["disruptions"].loc[of_all, "nodes"] = 9
    picture = charts.draw(made, "loss_by_length")
    assert list(picture.meta.options["disruptions"]) == ["chn_anode", "chn_lfp", "cod_strike"]
    assert "Not drawn: 3 more disruptions." in picture.meta.note
    assert list(drawn("loss_by_length", "nothing lost").meta.options["disruptions"]) == ["chn_anode"]


@pytest.mark.parametrize(("case", "title"), [
    ("one disruption", "If China stops exports of LFP cathodes, stock for three months would cover more of"
     " Europe’s loss in six months than in two years"),
    ("with intervals", "If China closes the whole chain, stock for three months would cover more of Europe’s loss in"
     " six months than in two years; without it, Europe could lose 52–94% of its batteries in a year"),
    ("no stock", "What a stop would cost Europe’s batteries by how long it lasts"),
    ("no stock, with intervals", "If China closes the whole chain, Europe could lose 52–94% of its batteries in a"
     " year"),
    ("a larger stock", "If China closes the whole chain, stock for six months would cover more of Europe’s loss in a"
     " year than in two years"),
    ("other stocks and lengths", "If China closes the whole chain, stock for 1.5 months would cover more of"
     " Europe’s loss in a year than in three years"),
    ("one length", "What a stop would cost Europe’s batteries by how long it lasts"),
    ("nothing lost", "What a stop would cost Europe’s batteries by how long it lasts"),
    ("nothing planned", "What a stop would cost Europe’s batteries by how long it lasts"),
])  # fmt: skip
def test_titles_of_the_loss_by_length(case: str, title: str) -> None:
    assert drawn("loss_by_length", case).meta.title == title


def test_the_interval_of_a_year_is_said_to_be_one() -> None:
    assert "What a year could lose: 5–95% of 1,000 draws" in drawn("loss_by_length", "with intervals").meta.note
    assert "draws" not in drawn("loss_by_length").meta.note


def test_what_the_loss_by_length_cannot_draw_is_said_at_once() -> None:
    with pytest.raises(UsageError, match=r"region 'Erope' is not in .*; stock = 2 is not in the result \(0, 1, 3, 6\)"):
        drawn("loss_by_length", stock=2, region="Erope")
    with pytest.raises(UsageError, match=r"4 disruptions do not fit side by side; name 3 at the most"):
        drawn("loss_by_length", disruptions=list(STRESS)[:4])


def test_what_is_short_anyway_is_part_of_the_loss_and_told() -> None:
    note = drawn("loss_by_length", "one scenario").meta.note
    assert "part of what is lost: 4% (Incumbent) of 2035." in note
    assert "Short without" not in drawn("loss_by_length").meta.note


# --- stress ----------------------------------------------------------------------------------------------------------


STRESS_CASES = ["usual", "both with intervals", "four scenarios with intervals", "ends of the severity", "plans differ",
                "more than is planned", "an earlier year", "one disruption", "one scenario"]  # fmt: skip


@pytest.mark.parametrize("case", STRESS_CASES)
def test_bars_are_the_data(case: str) -> None:
    made, options = CASES["stress"][case]()
    picture = drawn("stress", case)
    table = made["disruptions"].query("year == @year", local_dict={"year": options.get("year", 2035)})
    panels = dict(tuple(picture.data.groupby("quantity", sort=False)))
    assert list(panels) == (["batteries_lost", "cells_not_made"] if "made_at_home" in table else ["batteries_lost"])
    for axes, (quantity, data) in zip(picture.figure.axes, panels.items(), strict=True):
        widths = [bar.get_x() + bar.get_width() for bar in axes.patches]
        assert widths == pytest.approx([end for row in data.itertuples() for end in (
            row.proportional, row.best, *([row.shortage] if row.shortage else []))])  # fmt: skip
        rails = [float(line.get_xdata()[1]) for line in axes.lines if line.get_color() == style.PALE]
        assert rails == pytest.approx(data["planned"].tolist())
        name = {"batteries_lost": "at_risk", "cells_not_made": "industry"}[quantity]
        for row in data.itertuples():
            own = table.query("scenario == @row.scenario and disruption == @row.disruption").iloc[0]
            expected = np.array([own[f"{name}_best"], own[f"{name}_proportional"]]) + row.shortage
            assert (row.best, row.proportional) == pytest.approx(tuple(expected))
            assert row.share_best == pytest.approx(100 * row.best / row.planned)
            share = losses.ranged(row.best / row.planned, row.proportional / row.planned, kind="%")
            assert ("none" if row.high == 0 else share) in texts(picture)
            ends = losses.ranged(row.low / row.planned, row.high / row.planned, kind="%")
            assert row.range == "" or ends in texts(picture), "in per cent, as the title has it"
        assert (data["best"] <= data["proportional"]).all()
        assert (data["low"] <= data["high"]).all()


def whiskers(axes: Any) -> list[tuple[float, float]]:
    """Ends of the lines that lie on bars."""
    dark = {style.shade(colour) for colour in supply.scenario_colours(2)}
    lines = [line for line in axes.lines if line.get_color() in dark and line.get_ydata()[0] == line.get_ydata()[1]]
    return [(float(line.get_xdata()[0]), float(line.get_xdata()[1])) for line in lines]


def test_a_line_on_a_bar_is_the_interval_of_the_draws_where_there_is_one_else_the_ends_of_the_severity() -> None:
    made, _ = CASES["stress"]["both with intervals"]()
    picture = drawn("stress", "both with intervals")
    for axes, (quantity, data) in zip(picture.figure.axes, picture.data.groupby("quantity"), strict=True):
        ranged = data[data["range"] != ""]
        assert np.array(whiskers(axes)) == pytest.approx(ranged[["low", "high"]].to_numpy())
        measure = {"batteries_lost": "lost", "cells_not_made": "industry"}[str(quantity)]
        for row in data.itertuples():
            own = made["intervals"].query(
                "scenario == @row.scenario and disruption == @row.disruption and measure == @measure",
                local_dict={"row": row, "measure": measure},
            )
            assert (row.range == "draws") == (len(own) > 0)
            if len(own):
                assert (row.low, row.high) == pytest.approx((own["p05"].item(), own["p95"].item()))
    by_severity = picture.data.query("range == 'severity'")
    assert set(by_severity["disruption"]) == {"cod_strike"}, "of the others one end is that of equal cuts"
    assert "Line with ends: 5–95% of 1,000 draws" in picture.meta.note
    assert "Line without: ends of the severity" in picture.meta.note
    assert "range" in texts(picture)
    assert "draws" not in drawn("stress").meta.note
    assert whiskers(drawn("stress").figure.axes[0]) == []


def test_scenarios_have_their_colours_and_the_hardest_comes_first() -> None:
    picture = drawn("stress")
    first = [to_hex(bar.get_facecolor()).upper() for bar in picture.figure.axes[0].patches[:4]]
    assert first[1::2] == [style.BASE, style.ACCENT]
    order = picture.data.query("scenario == 'incumbent'")["best"]
    assert order.is_monotonic_decreasing
    assert "Not drawn: 6 more disruptions." in drawn("stress", "more than are drawn").meta.note
    assert drawn("stress", "one disruption").data["disruption"].unique().tolist() == ["chn_lfp"]


@pytest.mark.parametrize(("case", "title"), [
    ("usual", "If China closes the whole chain, Europe would lose 93–97% of the batteries planned for 2035, and 78–84%"
              " under Next-gen adoption"),
    ("one scenario", "If China closes the whole chain, Europe would lose 97–101% of the batteries planned for 2035 (4%"
                     " short anyway)"),
    ("both with intervals", "If China closes the whole chain, Europe could lose 30–99% of the batteries planned for"
                            " 2035 (4% short anyway), and as much under Next-gen adoption"),
    ("more than is planned", "If China stops exports of LFP cathodes, Europe could lose 100–1,200 GWh of batteries in"
                             " 2035, and as much under Next-gen adoption"),
    ("ends of the severity", "If China closes the whole chain, Europe would lose up to 97% of the batteries planned for"
                             " 2035, and up to 84% under Next-gen adoption"),
    ("nothing lost", "What closed chokepoints would cost Europe’s batteries in 2035"),
    ("nothing planned", "What closed chokepoints would cost Europe’s batteries in 2035"),
])  # fmt: skip
def test_titles_of_the_stress(case: str, title: str) -> None:
    assert drawn("stress", case).meta.title == title


@pytest.mark.parametrize(("first", "beside"), [
    ("supply_utilisation:na_ion_cell", ", which hangs on utilisation of plants of sodium cells more than on the stop"),
    ("supply_utilisation:any", ""),
])  # fmt: skip
def test_an_interval_that_hangs_on_what_is_not_stopped_says_so(first: str, beside: str) -> None:
    """Else what is short without any stop is read as what the stop takes."""
    made, _ = CASES["stress"]["both with intervals"]()
    made.record["exposure"] = {"disruptions": {"chn_all": {"severity": [{"nodes": ["graphite_anode"]}]}}}
    rows = [
        (scenario, "Europe", "chn_all", 2035, "lost", driver, label, part, "1")
        for scenario in ("incumbent", "next-gen")
        for driver, label, part in ((first, "utilisation of plants of sodium cells", 0.6), ("months", "how long", 0.2))
    ]
    columns = ["scenario", "region", "disruption", "year", "measure", "driver", "label", "importance", "unit"]
    plain = charts.draw(made, "stress").meta.title
    made.tables["drivers"] = pd.DataFrame(rows, columns=columns)
    assert charts.draw(made, "stress").meta.title == plain + beside


@pytest.mark.parametrize("case", [case for case in CASES["stress"] if "own" not in case and "formulas" not in case])
def test_every_per_cent_of_the_stress_title_is_in_the_data(case: str) -> None:
    picture = drawn("stress", case)
    lost = picture.data.query("quantity == 'batteries_lost'")
    columns = [["share_best", "share_proportional"], ["share_low", "share_high"]]
    ends = {losses.ranged(*row, kind="%") for pair in columns for row in (lost[pair] / 100).itertuples(index=False)}
    ends |= {percent(share / 100) for share in lost["share_proportional"]}
    ends |= {percent(row.shortage / row.planned) for row in picture.data.itertuples() if row.planned}
    assert set(re.findall(r"[\d.–]+%", picture.meta.title)) <= ends


def test_a_milder_stop_is_told_as_the_low_end() -> None:
    """Of a result from before draws, too: the title says up to, and the line on the bar begins at the low end."""
    made = stressed()
    made.tables["disruptions"] = made["disruptions"].assign(
        at_risk_low=lambda table: 0.1 * table["at_risk_best"], at_risk_high=lambda table: table["at_risk_best"]
    )
    picture = charts.draw(made, "stress")
    assert picture.meta.title == (
        "If China closes the whole chain, Europe would lose up to 97% of the batteries planned for 2035, and up to 84%"
        " under Next-gen adoption"
    )
    assert "Line: ends of the severity" in picture.meta.note
    (axes,) = picture.figure.axes
    ranged = picture.data.query("range == 'severity'")
    assert np.array(whiskers(axes)) == pytest.approx(ranged[["low", "high"]].to_numpy())
    assert picture.data["low"].tolist() == pytest.approx((0.1 * picture.data["best"]).tolist())


def test_what_is_short_anyway_is_part_of_the_loss_and_told_as_such() -> None:
    """Less supply never looks safer: bars, title and alt text count what is short, and say how much that is."""
    made = stressed(home=0.5)
    table = made["disruptions"]
    short = np.where(table["scenario"] == "next-gen", 0.3 * table["planned"], 0.0)
    risk = np.where(table["scenario"] == "next-gen", 0.5, 0.6) * table["planned"]
    lost = dict.fromkeys(("lost_best", "lost_proportional", "lost_low", "lost_high"), short + risk)
    made.tables["disruptions"] = table.assign(shortage=short, at_risk_best=risk, at_risk_proportional=risk, **lost)
    picture = charts.draw(made, "stress")
    assert picture.meta.title.endswith(
        "would lose 60% of the batteries planned for 2035, and 80% under Next-gen adoption (30% short anyway)"
    )
    hatched = [bar for bar in picture.figure.axes[0].patches if bar.get_hatch()]
    rows = picture.data.query("shortage > 0")
    assert [bar.get_width() for bar in hatched] == pytest.approx(rows["shortage"].tolist())
    assert [bar.get_x() for bar in hatched] == [0.0] * len(rows), "the first of what is lost"
    assert not any(bar.get_hatch() for bar in picture.figure.axes[1].patches)
    assert losses.SHORT_ANYWAY in texts(picture)
    assert "Next-gen 800 GWh (80%)" in picture.meta.alt
    assert "Short without any disruption: Next-gen 300 GWh." in picture.meta.alt
    assert losses.SHORT_ANYWAY not in texts(drawn("stress"))


def test_a_title_calls_nothing_short_anyway_that_is_not_in_the_interval() -> None:
    """With less demand nothing may be short: then the interval stands alone, and the note says what is."""
    made = stressed(ONE, home=0.5, draws={"chn_lfp": (0.0, 0.5)}, shortage=40.0)
    picture = charts.draw(made, "stress")
    assert picture.meta.title == (
        "If China stops exports of LFP cathodes, Europe could lose 0–50% of the batteries planned for 2035, and as much"
        " under Next-gen adoption"
    )
    assert "Short without any stop: 40 GWh (Incumbent) and 40 GWh (Next-gen)." in picture.meta.note


def test_the_two_panels_have_one_scale_unless_one_would_be_too_small_to_read() -> None:
    def inches_per_gwh(picture: Bundle) -> list[float]:
        width = picture.figure.get_size_inches()[0]
        return [axes.get_position().width * width / axes.get_xlim()[1] for axes in picture.figure.axes]

    one, other = inches_per_gwh(drawn("stress", "both with intervals"))
    assert one == pytest.approx(other)
    one, other = inches_per_gwh(drawn("stress", "few cells made at home"))
    assert other > 10 * one


def test_what_is_not_in_force_or_assumed_is_marked() -> None:
    made = stressed()
    made.tables["inputs_used"] = pd.DataFrame(
        [("disruption", "disruption.csv", i, code, source) for i, (code, source) in enumerate(
            {"chn_anode": "assumed", "chn_lfp": "assumed", "cod_strike": "arecoms"}.items())],
        columns=["table", "file", "line", "disruption", "source"])  # fmt: skip
    picture = charts.draw(made, "stress")
    said_ = " ".join(texts(picture))
    for code, (name, *_) in STRESS.items():
        mark = "*" if code in STATUS else "†" if code == "chn_lfp" else ""
        last = name.split()[-1]
        assert f"{last}{mark}" in said_.split() or f"{last}{mark} " in said_
        assert mark or not re.search(rf"{last}[*†]", said_)
        if code in STATUS:
            assert f"{name} ({STATUS[code]})" in picture.meta.alt
    assert "* Not in force: hypothetical, suspended or announced." in picture.meta.note.replace("\u00a0", " ")
    assert "† In force, but how much of the supply it stops is assumed." in picture.meta.note.replace("\u00a0", " ")
    assert "China stops exports of LFP cathodes (in force, its severity assumed)" in picture.meta.alt
    assert supply.MARK == "*", "as on the screen"


def test_caveats_of_a_narrow_scope_stand_first_in_the_note() -> None:
    made = stressed()
    made.record["exposure"] = {"caveats": ["Storage alone has what all uses need."]}
    assert charts.draw(made, "stress").meta.note.startswith("Note: Storage alone has what all uses need. Planned")


def test_notes_of_the_stress_say_what_is_planned_and_what_is_short() -> None:
    assert "Planned: 1,000 GWh of batteries." in drawn("stress").meta.note
    differ = drawn("stress", "plans differ").meta.note
    assert "Planned: 1,000 (Incumbent) and 1,400 (Next-gen) GWh of batteries." in differ
    both = drawn("stress", "both with intervals").meta.note
    assert "Planned: 1,000 GWh of batteries, 470 GWh of cells made there." in both
    assert "Short without any stop: 40 GWh (Incumbent)" in drawn("stress", "one scenario").meta.note
    assert "Short without" not in drawn("stress").meta.note
    alt = drawn("stress").meta.alt
    assert "Incumbent 820–950 GWh (82–95%) of the batteries, Graphite anode binds" in alt
    assert "Strike at Australian lithium mines: Incumbent nothing; Next-gen nothing" in alt
    alt = drawn("stress", "both with intervals").meta.alt
    assert "Incumbent 450–470 GWh (45–47%), 5–95% of draws 20–500, of the batteries, " in alt
    assert "385–404 GWh (82–86%), 5–95% of draws 9.4–235, of the cells made there" in alt


def test_what_is_wrong_with_the_choice_of_disruptions_is_said() -> None:
    with pytest.raises(UsageError, match="did you mean 'chn_lfp'"):
        drawn("stress", disruptions=["chn_lpf"])
    with pytest.raises(UsageError, match="names one twice"):
        drawn("stress", disruptions=["chn_lfp", "chn_lfp"])
    many = stressed({f"{key} {i}": v for key, v in STRESS.items() for i in range(4)}, scenarios=FOUR)
    with pytest.raises(UsageError, match="24 disruptions × 4 scenarios do not fit"):
        charts.draw(many, "stress", disruptions=list(dict.fromkeys(many["disruptions"]["disruption"])))
    with pytest.raises(UsageError, match="region 'Erope' is not in the result; did you mean 'Europe'"):
        drawn("stress", region="Erope")


# --- two worlds ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["usual", "another scenario", "five futures", "short anyway"])
def test_bars_of_two_worlds_are_those_of_each_future(case: str) -> None:
    made, options = CASES["two_worlds"][case]()
    picture = drawn("two_worlds", case)
    table = made["lost_by_future"].query("scenario == @s", local_dict={"s": options.get("scenario", "incumbent")})
    for axes, (quantity, data) in zip(picture.figure.axes, picture.data.groupby("quantity"), strict=True):
        ends = [bar.get_x() + bar.get_width() for bar in axes.patches if not bar.get_hatch()]
        assert ends == pytest.approx([end for row in data.itertuples() for end in (row.proportional, row.best)])
        name = {"batteries_lost": "lost", "cells_not_made": "industry"}[str(quantity)]
        for row in data.itertuples():
            own = table.query("future == @row.future and disruption == @row.disruption").iloc[0]
            assert (row.best, row.proportional) == (own[f"{name}_best"], own[f"{name}_proportional"])
    assert list(picture.meta.scenarios) == [options.get("scenario", "incumbent")]
    assert picture.data["future"].nunique() == min(len(table["future"].unique()), 4)
    if case == "usual":
        hardest = picture.data.query("future == 'dominance' and quantity == 'batteries_lost'")["best"]
        assert hardest.is_monotonic_decreasing


@pytest.mark.parametrize(("case", "title"), [
    ("usual", "If China closes the whole chain, Europe would lose up to 97% of the batteries planned for 2035 under"
              " unipolar dominance, and up to 19% under competitive cooperation"),
    ("nothing lost in the first", "If China closes the whole chain, Europe would lose up to 97% of the batteries"
                                  " planned for 2035 under unipolar dominance, and none under competitive cooperation"),
    ("alike", "If China closes the whole chain, Europe would lose up to 97% of the batteries planned for 2035 under"
              " unipolar dominance, and as much under competitive cooperation"),
    ("nothing lost", "What closed chokepoints would cost Europe’s batteries by 2035, by supply future"),
    ("one future", "What closed chokepoints would cost Europe’s batteries by 2035, by supply future"),
])  # fmt: skip
def test_titles_of_two_worlds(case: str, title: str) -> None:
    assert drawn("two_worlds", case).meta.title == title


def test_worlds_whose_supply_is_assumed_say_so_first() -> None:
    made = worlds()
    assert "assumed" not in charts.draw(made, "two_worlds").meta.red_line
    made.tables["inputs_used"] = pd.DataFrame(
        [("supply_share", "supply_share.csv", 2, "dominance", "assumed")],
        columns=["table", "file", "line", "future", "source"],
    )
    assert charts.draw(made, "two_worlds").meta.red_line.startswith("Who makes what in these worlds is assumed.")


# --- coverage --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["usual", "another scenario", "nodes as named", "more than are drawn", "far beyond"])
def test_marks_of_the_coverage_are_the_data(case: str) -> None:
    made, options = CASES["coverage"][case]()
    picture = drawn("coverage", case)
    (axes,) = picture.figure.axes
    data = picture.data.pivot(index="node", columns="quantity", values="value").reindex(picture.meta.options["nodes"])
    sizes = {"without_largest_coverage": 7, "friendly_coverage": 6.4, "own_coverage": 2.8}
    for name, size in sizes.items():
        dots = [line for line in axes.lines if line.get_marker() == "o" and line.get_markersize() == size]
        at = [float(line.get_xdata()[0]) for line in dots]
        assert at == pytest.approx(data[name].clip(upper=200.0).tolist())
        if name == "without_largest_coverage":
            short = [line.get_color() == coverage.SHORT for line in dots]
            assert short == (data[name] < 100).tolist()
    bands = [line.get_xdata() for line in axes.lines if line.get_color() == coverage.REACH]
    reach = data[["accessible_none", "accessible_all"]].clip(upper=200.0)
    assert np.array(bands, float) == pytest.approx(reach.to_numpy())
    scenario, year = options.get("scenario", "incumbent"), options.get("year", 2035)
    own = made["coverage"].query("scenario == @s and year == @y", local_dict={"s": scenario, "y": year})
    own = own.pivot(index="node", columns="measure", values="value").loc[data.index]
    assert data["need"].tolist() == own["need"].tolist()
    for name in sizes:
        assert data[name].tolist() == pytest.approx((100 * own[name]).tolist())
    for name in ("accessible_none", "accessible_all"):
        assert data[name].tolist() == pytest.approx((100 * own[name] / own["need"]).tolist())
    for value in data["without_largest_coverage"]:
        assert percent(value / 100) in texts(picture)


@pytest.mark.parametrize(("case", "title"), [
    ("usual", "Without the largest exporter of each step, Europe would fall short at 4 of 6 known steps in 2035, with"
              " only 0.4% of the lfp_cathode it needs"),
    ("one node", "Without the largest exporter, Europe would fall short at the one known step in 2035, with"
                 " only 0.4% of the lfp_cathode it needs"),
    ("all covered", "Without the largest exporter, Europe could still have all it needs at each of 2 known steps taken"
                    " alone in 2035"),
])  # fmt: skip
def test_titles_of_the_coverage(case: str, title: str) -> None:
    assert drawn("coverage", case).meta.title == title
    assert "what its makers buy from the largest exporter is not counted" in drawn("coverage", case).meta.note


def test_one_step_that_is_covered_is_named() -> None:
    """Of a region that makes no cells: that others make enough of them says nothing of what they are made of."""
    made, _ = CASES["coverage"]["all covered"]()
    table = made["coverage"]
    made.tables["coverage"] = table[table["node"] == table["node"].iloc[0]]
    told = "Without the largest exporter of refined_cobalt, Europe could still have all of it that it needs in 2035"
    assert charts.draw(made, "coverage").meta.title == told


def test_the_least_covered_nodes_are_drawn_by_stage_with_their_labels() -> None:
    picture = drawn("coverage")
    assert picture.meta.options["nodes"] == [
        "mined_nickel", "refined_cobalt", "lfp_cathode", "separator", "na_ion_cell", "li_ion_cell",
    ]  # fmt: skip
    assert "Supply not known, and not safe: needle_coke." in picture.meta.note, "and nothing of what nobody needs"
    many = drawn("coverage", "more than are drawn")
    assert len(many.meta.options["nodes"]) == coverage.MOST
    rest = 5 * 6 - coverage.MOST
    assert f"Not drawn: {rest} more, covered" in many.meta.note
    made = covered({"mining_cobalt": ("mining", 5.0, [0.5] * 5)})
    assert charts.draw(made, "coverage").meta.title.endswith("with 50% of the mined cobalt it needs")
    made = covered({"separator_film": ("active_material", 5.0, [0.5] * 5)})
    table = made["concentration"]
    made.tables["concentration"] = table.assign(
        node=table["node"].replace("active_material_separator", "separator_film")
    )
    assert "Separator" in texts(charts.draw(made, "coverage"))


def test_what_is_wrong_with_the_choice_of_nodes_is_said() -> None:
    with pytest.raises(UsageError, match="node 'lfp_catode' is not in the result; did you mean 'lfp_cathode'"):
        drawn("coverage", nodes=["lfp_catode"])
    with pytest.raises(UsageError, match="nothing is needed of which the supply is known in Europe in 2035"):
        charts.draw(covered({"needle_coke": COVERED["needle_coke"]}), "coverage")
    made = covered(dict(MORE_NODES))
    with pytest.raises(UsageError, match="nodes do not fit on this size"):
        charts.draw(made, "coverage", nodes=[node for node, about in MORE_NODES if about[2]])


# --- capacity against demand -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "case", ["usual", "a region", "another scenario", "ends without a value", "more than are drawn"]
)
def test_stack_bars_whiskers_and_the_line_are_the_data(case: str) -> None:
    made, options = CASES["capacity_vs_demand"][case]()
    picture = drawn("capacity_vs_demand", case)
    axes = picture.figure.axes[0]
    capacity = picture.data[picture.data["quantity"] == "capacity"]
    blocs = capacity.iloc[1:]
    bars = [bar for bar in axes.patches if bar.get_width() in set(blocs["value"])]
    stack, alone = bars[: len(blocs)], bars[len(blocs) :]
    assert [bar.get_width() for bar in stack] == [bar.get_width() for bar in alone] == blocs["value"].tolist()
    assert [bar.get_x() for bar in stack] == pytest.approx([0, *blocs["value"].cumsum().iloc[:-1]])
    assert capacity.iloc[0]["value"] == pytest.approx(blocs["value"].sum())
    whiskers = [tuple(map(float, line.get_xdata())) for line in axes.lines if len(line.get_xdata()) == 2
                and line.get_ydata()[0] == line.get_ydata()[1]]  # fmt: skip
    spread = capacity[capacity["low"] < capacity["high"]]
    assert np.array(whiskers) == pytest.approx(spread[["low", "high"]].to_numpy())
    needs = made["battery_demand"].query("scenario == @name", local_dict={"name": options.get("scenario", "incumbent")})
    (demand,) = picture.data.query("quantity == 'demand'").itertuples()
    assert demand.value == pytest.approx(needs["value"].sum()), "the run's own, not that of a report"
    assert (picture.data["value"].between(picture.data["low"], picture.data["high"])).all()


def test_the_demand_says_whose_it_is_and_in_which_scenario() -> None:
    assert "The world’s demand, Incumbent: 5,100 (4,200–5,100)" in texts(drawn("capacity_vs_demand"))
    other = drawn("capacity_vs_demand", "another scenario")
    assert "The world’s demand, Next-gen: 4,080 (3,360–4,080)" in texts(other)
    assert "in the world, Next-gen, 2030" in other.meta.subtitle
    assert list(other.meta.scenarios) == ["next-gen"]
    assert "Europe’s demand, Incumbent: 900 (860–950)" in texts(drawn("capacity_vs_demand", "a region"))


@pytest.mark.parametrize(("case", "title"), [
    ("usual", "China’s cell plants alone would have capacity for 5,860 to 6,720 GWh in 2030, more than the 4,200 to"
              " 5,100 GWh that the world would need"),
    ("a region", "Europe’s cell plants would have capacity for 650 to 820 GWh in 2030, 68 to 95% of the 860 to 950"
                 " GWh that it would need"),
    ("a region with enough", "The United States’ cell plants would have capacity for 850 to 1,210 GWh in 2030, more"
                             " than the 380 to 450 GWh that it would need"),
    ("a region without plants", "China’s cell plants alone would have capacity for 5,860 to 6,720 GWh in 2030, more"
                                " than the 380 to 450 GWh that Brazil would need"),
    ("all needed", "Cell plants would have capacity for 7,630 to 9,180 GWh in 2030, 70 to 79% of it in China, against"
                   " the 6,000 to 7,400 GWh that the world would need"),
    ("too little", "Cell plants would have capacity for 7,630 to 9,180 GWh in 2030, less than the 18,000 to 22,000"
                   " GWh that the world would need"),
    ("open", "Capacity of cell plants in 2030 against the world’s need for batteries"),
    ("no demand", "Capacity of cell plants in 2030, where the world needs no batteries"),
])  # fmt: skip
def test_titles_of_the_capacity(case: str, title: str) -> None:
    assert drawn("capacity_vs_demand", case).meta.title == title


def test_the_capacity_names_the_report_it_is_from() -> None:
    made, _ = CASES["capacity_vs_demand"]["usual"]()
    assert "Capacity: McBride, M. (2026). Battery Geopolitics. Carnegie Endowment." in (
        charts.draw(made, "capacity_vs_demand").meta.note
    )
    made.tables["battery_demand"] = made["battery_demand"].assign(year=2040)
    with pytest.raises(UsageError, match="the run has no demand in a year for which capacity is known"):
        charts.draw(made, "capacity_vs_demand")


def test_no_scenario_stands_below_a_chart_that_has_none() -> None:
    meta = drawn("lfp_concentration").meta
    assert meta.run_line == "Run europe-2035 (3f9a1c2) · minerals 1.0.0"
    assert (meta.red_line, meta.scenarios) == ("", {})


def test_blocs_beyond_the_last_are_summed() -> None:
    blocs = drawn("capacity_vs_demand", "more than are drawn").data.query("quantity == 'capacity'").iloc[1:]
    assert len(blocs) == capacity_vs_demand.MOST
    assert blocs["value"].sum() == pytest.approx(sum(100.0 + i for i in range(14)))
    assert blocs["label"].iloc[-1] == "Other countries"


# --- LFP -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["usual", "several makers", "ranges", "many plants", "without a map"])
def test_parts_and_plants_are_the_data(case: str) -> None:
    made, _ = CASES["lfp_concentration"][case]()
    picture = drawn("lfp_concentration", case)
    upper, lower = picture.figure.axes
    shares, plants = (picture.data[picture.data["quantity"] == q] for q in ("supply_share", "announced_capacity"))
    assert [part.get_width() for part in upper.patches] == pytest.approx(shares["value"].tolist())
    assert shares["value"].sum() == pytest.approx(100)
    assert [bar.get_width() for bar in lower.patches] == pytest.approx(plants["value"].tolist())
    table = made["announced_capacity"].query("chemistry == 'LFP' and region != 'China'")
    assert plants.iloc[0]["value"] == pytest.approx(table["value"].sum())
    assert plants.iloc[1:]["value"].sum() == pytest.approx(table["value"].sum())
    for row in plants.iloc[1:].itertuples():
        assert wording.number(row.value) in texts(picture)
    assert "China" not in plants["country"].tolist(), "what is announced in China is not outside it"


@pytest.mark.parametrize(("case", "title"), [
    ("usual", "China makes 98% of LFP cathode; LFP cell plants announced elsewhere come to 361 GWh, 47% of it in"
              " Europe"),
    ("one plant", "China makes 98% of LFP cathode; LFP cell plants announced elsewhere come to 100 GWh, all in the"
                  " United States"),
    ("no plants", "China makes 98% of LFP cathode; no LFP plants are announced elsewhere for 2030"),
])  # fmt: skip
def test_titles_of_lfp(case: str, title: str) -> None:
    assert drawn("lfp_concentration", case).meta.title == title


def test_the_supply_of_lfp_says_the_year_of_its_data() -> None:
    assert "Supply by place of making, 2023." in drawn("lfp_concentration").meta.note
    assert "Supply by place of making, 2035." in drawn("lfp_concentration", "without a map").meta.note
    made, _ = CASES["lfp_concentration"]["usual"]()
    assert "lfp_concentration" in charts.suited(_with_years(made))
    del made.tables["announced_capacity"]
    assert "lfp_concentration" not in charts.suited(_with_years(made))
    with pytest.raises(UsageError, match=r"node 'active_material_lfp_catode' is not .*did you mean"):
        drawn("lfp_concentration", node="active_material_lfp_catode")


def test_the_supply_of_lfp_is_labelled_with_the_year_of_the_figure_drawn() -> None:
    """Where the map has a figure of 2030 and one of 2035, what is drawn of 2030 does not say 2035."""
    made, _ = CASES["lfp_concentration"]["usual"]()
    made.tables["supply"] = pd.concat([made["supply"].assign(year=year) for year in (2030, 2035)], ignore_index=True)
    made.tables["concentration"] = pd.concat(
        [made["concentration"].assign(year=year, data_year=year) for year in (2030, 2035)], ignore_index=True
    )
    assert "Supply by place of making, 2030." in charts.draw(made, "lfp_concentration").meta.note


def _told_as_assumed(made: FakeResult) -> FakeResult:
    made.tables["inputs_used"] = pd.DataFrame(
        [("supply_share", "supply_share.csv", 2, "today", source) for source in ("assumed", "assumed", "iea")],
        columns=["table", "file", "line", "future", "source"],
    )
    made.record["config"] = {**(made.record.get("config") or {}), "exposure": {"future": "today"}}
    return made


@pytest.mark.parametrize("chart", ["chokepoints", "lfp_concentration", "coverage", "sourcing", "stress"])
def test_who_makes_what_in_an_assumed_world_is_told(chart: str) -> None:
    """Where most of it is assumed, also without other worlds beside it; titles of shares are in the conditional."""
    made, options = CASES[chart]["usual"]()
    assert "in these worlds" not in charts.draw(made, chart, **options).meta.red_line
    meta = charts.draw(_told_as_assumed(made), chart, **options).meta
    assert meta.red_line.startswith("Who makes what in these worlds is assumed.")
    would = {"chokepoints": "Under supply of today China would be the largest supplier",
             "lfp_concentration": "Under supply of today China would make 98% of LFP cathode",
             "coverage": "Under supply of today, without the largest exporter",
             "sourcing": "Under supply of today, cells made in Europe would hold",
             "stress": "Under supply of today, if China"}  # fmt: skip
    assert meta.title.startswith(would[chart])
    if chart == "stress":
        nothing, options = CASES[chart]["nothing lost"]()
        asked = charts.draw(_told_as_assumed(nothing), chart, **options).meta.title
        assert asked == "What closed chokepoints would cost Europe’s batteries in 2035 under supply of today"
    assert charts.draw(made, chart, title="Of one’s own", **options).meta.title == "Of one’s own"


def _with_years(made: FakeResult) -> FakeResult:
    made.record["years"] = [2030, 2035]
    return made


# --- sourcing --------------------------------------------------------------------------------------------------------


def bands(picture: Bundle) -> list[tuple[float, float]]:
    """Thickness of each band at its two ends, inches."""
    found = []
    for area in picture.figure.axes[0].collections:
        corners = pd.DataFrame(area.get_paths()[0].vertices, columns=["x", "y"])
        edges = corners.groupby("x")["y"].agg(["min", "max"])
        thick = edges["max"] - edges["min"]
        found.append((thick.iloc[0], thick.iloc[-1]))
    return found


@pytest.mark.parametrize("case", ["usual", "another scenario", "five stages", "many countries", "losses", "lithium"])
def test_bands_are_the_data(case: str) -> None:
    picture = drawn("sourcing", case)
    flows = picture.data.query("quantity == 'flow'")
    drawn_bands = bands(picture)
    assert len(drawn_bands) == len(flows)
    thick = np.array(sorted(drawn_bands))
    assert thick[:, 0] == pytest.approx(thick[:, 1]), "as thick where it ends as where it starts"
    ratio = thick[:, 0] / np.sort(flows["value"].to_numpy())
    assert ratio == pytest.approx(np.full(len(ratio), ratio[0])), "one scale for all of them"


def test_flows_are_those_of_the_result_and_small_countries_are_one() -> None:
    picture = drawn("sourcing")
    flows = picture.data.query("quantity == 'flow'").set_index(["stage_from", "country_from", "stage_to", "country_to"])
    names = {"R_OTH": "Other countries"}
    expected = {(a, names.get(b, b), c, names.get(d, d)): kt for a, b, c, d, kt in GRAPHITE}
    assert flows["value"].to_dict() == pytest.approx(expected)
    many = drawn("sourcing", "many countries").data
    mines = many.query("quantity == 'stage' and stage_from == 'mining'")
    assert len(mines) == sourcing.MOST
    assert mines["country_from"].iloc[-1] == "Other countries"
    assert mines["value"].sum() == pytest.approx(sum(5.0 + i for i in range(20)))
    for _, stage in picture.data.query("quantity == 'stage'").groupby("stage_from"):
        assert stage["share"].sum() == pytest.approx(100)


def test_boxes_are_as_high_as_what_passes_through_them() -> None:
    picture = drawn("sourcing")
    boxes = [box for box in picture.figure.axes[0].patches if box.get_width() > 0.2]
    stages = picture.data.query("quantity == 'stage'")
    heights = np.array([box.get_height() for box in boxes])
    assert heights / stages["value"].to_numpy() == pytest.approx(np.full(len(boxes), heights[0] / 560))


@pytest.mark.parametrize(("case", "title"), [
    ("usual", "Cells made in Europe would hold a third of the graphite in its batteries, but 86% passes through China’s"
              " anode plants"),
    ("lithium", "Cells made in Europe would hold a third of the lithium in its batteries, but 86% passes through"
                " China’s material plants"),
    ("two stages", "90% of the graphite in Europe’s batteries passes through China’s cell plants"),
    ("five stages", "Cells made in Europe would hold a third of the graphite in its batteries, but 86% passes through"
                    " China’s anode plants"),
    ("many countries", "Where the graphite in Europe’s batteries comes from"),
    ("all of it at home", "Where the graphite in Europe’s batteries comes from"),
])  # fmt: skip
def test_titles_of_the_sourcing(case: str, title: str) -> None:
    assert drawn("sourcing", case).meta.title == title


def test_a_stage_that_part_of_the_material_passes_is_no_headline() -> None:
    """Natural graphite alone is refined here: all of it in China, and no word of it for the graphite as a whole."""
    steps = [("mining", "China", "refining", "China", 100.0), ("refining", "China", "active_material", "China", 100.0)]
    picture = charts.draw(sourced([*steps, *GRAPHITE[10:]]), "sourcing")
    assert "graphite in its batteries, but 86% passes through China’s anode plants" in picture.meta.title
    assert "Refining holds 13% of what is used; the rest is synthetic graphite." in picture.meta.note
    assert "the rest is" not in drawn("sourcing").meta.note


def test_flows_at_older_shares_say_of_which_years() -> None:
    assert "at suppliers’ shares of 2023–2025, thousand tonnes" in drawn("sourcing").meta.subtitle
    made, _ = CASES["sourcing"]["usual"]()
    made.tables["concentration"] = made["concentration"].assign(data_year=2035)
    assert "suppliers’ shares" not in charts.draw(made, "sourcing").meta.subtitle


def test_shares_of_the_title_are_in_the_data() -> None:
    picture = drawn("sourcing")
    stages = picture.data.query("quantity == 'stage'").set_index(["stage_from", "country_from"])["share"]
    assert wording.by_how_much(stages["cell", "Europe"] / 100) == "a third"
    assert wording.by_how_much(stages["active_material", "China"] / 100) == "86%"
    assert "Active material: China 685 kt (86%)" in picture.meta.alt


def test_what_is_wrong_with_the_choice_of_a_chain_is_said() -> None:
    with pytest.raises(UsageError, match="mineral 'grafite' is not in the result; did you mean 'graphite'"):
        drawn("sourcing", mineral="grafite")
    with pytest.raises(UsageError, match="did you mean 'next-gen'"):
        drawn("sourcing", scenario="next-gne")
    made, _ = CASES["sourcing"]["usual"]()
    made.tables["sourcing"] = made["sourcing"].query("scenario == 'next-gen'")
    with pytest.raises(UsageError, match="scenario 'incumbent' has no flow of graphite in Europe in 2035"):
        charts.draw(made, "sourcing")
