"""What small runs gave before, table by table: a number that moves shows in the review as a changed line.

Hand-solved cases say what a number must be; these say only what it was, of far more numbers. `pytest
tests/test_golden_runs.py --update-golden` accepts what changed and prints it. Numbers have seven digits, those of a mix
four, so that neither another processor nor another version of the solver changes a line.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import conftest
import numpy as np
import pandas as pd
import pytest

from minerals.case.explorer import explorer
from minerals.config import read_run
from minerals.design import latin_hypercube
from minerals.errors import Infeasible
from minerals.flows import ensemble
from minerals.pipeline import prepared
from minerals.results.result import Result
from minerals.studies.run import run
from minerals.studies.sensitivity import Model
from minerals.studies.uncertain import Uncertain
from minerals.tables.inputs import Inputs, read_inputs
from minerals.tables.resolve import resolve

FLOWS = ("flows={}", "scope.beyond='hold'")
PRICES = "prices={demand='plan', adoption=['plan', 'shift'], against='China', credit=2, tariff=0.1}"
EXPOSURE = "exposure={demand='plan', adoption='plan', concern='china', stockpile_months=2}"
#: The mix that stands for others: of the best alone which is told hangs on the solver.
NEAR = "optimise.near=0.001"
#: Tables of rows as they were read.
AS_READ = ("inputs_used", "sources_used")
#: Columns that say how a solver went about it, by table.
BY_SOLVER = {"mix_stage": ["algorithm", "iterations"]}

#: Golden file → run file and changes.
RUNS: dict[str, tuple[str, ...]] = {
    "flows": ("run.toml", *FLOWS, "scope.years={first=2044, last=2046, step=2}", "scenario.plan.silicon='si'"),
    "derived": ("run.toml", "intensity='derived'", "scenario.plan.silicon='si'", "intensity.trend='improving'",
                "scope.years={first=2030, last=2031}"),
    "by-hand": ("run.toml", "intensity.cell.nmc811.n_over_p=1.2", "intensity.kg_per_kwh.lfp.graphite=0.95",
                "scope.years=2030"),
    "between": ("between.toml", PRICES, "scenario.plan.silicon='si'", "scope.years={first=2030, last=2031}"),
    "lines": ("between.toml", "flows={lines='lines.csv', inflow='end', second_life=false}", "scope.beyond='hold'",
              "scope.years={first=2044, last=2045}"),
    "prices": ("run.toml", PRICES, "scenario.plan.silicon='si'", "scope.years={first=2030, last=2032}"),
    "exposure": ("whole.toml", *FLOWS, "exposure.disruptions=['china-anode', 'namibia-strike']",
                 "exposure.stockpile_months=1", "exposure.draws=1000", "scope.regions=['Europe', 'China']"),
    "exposure-route": ("run.toml", EXPOSURE, "scope.years={first=2033, last=2034}", "scope.regions=['Europe']"),
    "mix": ("chosen.toml", *FLOWS, NEAR),
    "mix-cost": ("chosen.toml", "optimise.objective='cost'", NEAR),
    "mix-concentration": ("chosen.toml", "optimise.objective='concentration'", NEAR),
    "mix-variants": ("chosen.toml", "optimise.objective='cost'", "optimise.variant.duty={tariff=1, label='Duty'}",
                     "optimise.variant.home={own_share={2031=0.3}, credit=1}"),
}  # fmt: skip

#: Golden file → shipped run, changes that make it quick, tables, and digits: on the shipped inputs, which know what the
#: toys leave out (origins that are drawn, plants by owner, prices by region).
SHIPPED: dict[str, tuple[str, tuple[str, ...], tuple[str, ...], int]] = {
    "europe": (
        "europe-2035", ("scope.years={first=2034, last=2035}", "exposure.draws=100"),
        ("supply_cut", "cell_makers", "accessible", "binding_nodes", "disruptions", "weighted_loss", "lost_minerals",
         "supply_gap", "loss_by_length", "months_that_halve", "intervals", "drivers", "lost_unknown", "geopolrisk"), 6,
    ),
    "us": (
        "europe-2035",
        ("scope.regions=['United States']", "scope.years=2035", "exposure.draws=100",
         "scenario.incumbent.adoption='stated-trend'", "scenario.next-gen.adoption='sodium-led'"),
        ("cell_makers", "disruptions", "intervals", "drivers"), 6,
    ),
    "europe-mix": (
        "europe-mix", ("scope.years={first=2025, last=2027}", "optimise.own_share={}", NEAR),
        ("price", "price_parity", "mix_family", "mix_range", "mix_baseline", "mix_frontier", "mix_loss", "mix_cost",
         "mix_limit", "mix_trade", "mix_line", "mix_rule"), 4,
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of tables by run file: those of the toy, and those of the one that is solved by hand on top."""
    toy, whole, between = (tmp_path_factory.mktemp("golden") / "tables" for _ in range(3))
    for place, parts in ((toy, ["toy"]), (whole, ["toy", "toy_whole"]), (between, ["toy"])):
        conftest.lay_out(place, *parts)
    # Blends between those of the tables, and production lines of one's own.
    uptake = between / "silicon_uptake.csv"
    uptake.write_text(uptake.read_text(encoding="utf-8").replace(",0.1,", ",0.06,"), encoding="utf-8")
    rows = [f"{scenario},{region},{cohort},{gwh},GWh/yr" for scenario in ("plan", "shift")
            for region, gwh in (("Europe", 30), ("China", 50)) for cohort in (2028, 2035, 2036)]  # fmt: skip
    (between / "lines.csv").write_text("\n".join(["scenario,region,cohort,value,unit", *rows]) + "\n", encoding="utf-8")
    (between / "run.toml").rename(between / "between.toml")
    return {"run.toml": toy, "whole.toml": whole, "chosen.toml": whole, "between.toml": between}


def as_text(result: Result, only: str = "", digits: int = 7, tables: Container[str] | None = None) -> str:
    """Tables of a result in so many digits; only: how the names of those that are held begin; tables: which alone."""
    parts = []
    for name, frame in result.tables.items():
        if name not in AS_READ and name.startswith(only) and (tables is None or name in tables):
            held = frame.drop(columns=BY_SOLVER.get(name, []))
            numbers = {column: np.round(held[column].astype(float), 9) for column in held.select_dtypes("float")}
            text = held.assign(**numbers).to_csv(index=False, float_format=f"%.{digits}g", lineterminator="\n")
            parts.append(f"# {name}\n{text}")
    return "\n".join(parts).replace("-0,", "0,")


@pytest.mark.parametrize("name", RUNS)
def test_tables_are_what_they_were(name: str, folders: dict[str, Path], golden: Callable[..., None]) -> None:
    file, *sets = RUNS[name]
    only, digits = ("mix_variant" if name == "mix-variants" else "mix_", 4) if name.startswith("mix") else ("", 7)
    golden(f"runs/{name}.txt", as_text(run(folders[file] / file, sets, folders[file]), only, digits), digits)


@pytest.mark.parametrize("name", SHIPPED)
def test_tables_of_shipped_runs_are_what_they_were(name: str, golden: Callable[..., None]) -> None:
    shipped, sets, tables, digits = SHIPPED[name]
    golden(f"runs/shipped-{name}.txt", as_text(run(shipped, sets), "", digits, tables), digits)


#: Golden file → shipped run, and changes of it.
LAID_OUT: dict[str, tuple[str, tuple[str, ...]]] = {
    "europe": ("europe-mix", ()),
    "europe-makers": ("europe-mix", ("scope.years={first=2025, last=2029}", "optimise.makers='chosen'")),
    "us": ("us-mix", ("scope.years={first=2025, last=2029}",)),
}


def in_order(of: Mapping[Any, Any]) -> list[tuple[Any, Any]]:
    """Keys and values, in the order of the keys as texts, whichever was filled in first."""
    return sorted(of.items(), key=lambda item: "|".join(map(str, item[0])) if type(item[0]) is tuple else str(item[0]))


def values(of: Any, names: list[float]) -> Iterator[float]:
    """Every number of a value; what is infinite, or nobody knows, is a 2, and what is neither number nor text a 1.
    Texts, as numbers that hardly another has, and all that stands in keys go to `names`: they would leave no digit to
    small values."""
    if isinstance(of, Mapping):
        for key, value in in_order(of):
            names += list(values(key, names))
            yield from values(value, names)
    elif isinstance(of, str):
        names.append(float(crc32(of.encode()) % 1009))
    elif isinstance(of, (bool, np.bool_, int, float, np.integer, np.floating)):
        yield float(of) if math.isfinite(of) else 2.0
    elif isinstance(of, (frozenset, set)):
        yield from values(dict.fromkeys(of, True), names)
    elif isinstance(of, (tuple, list, np.ndarray)):
        for each in of:
            yield from values(each, names)
    elif is_dataclass(of):
        for each in fields(of):
            yield from values(getattr(of, each.name), names)
    elif of is not None:
        yield 1.0


def summed(name: str, held: object) -> str:
    """How many numbers there are, their sum, and that of each times its place; the same of names."""
    names: list[float] = []
    found = np.array(list(values(held, names)))
    of_names = f" by {len(names)} {sum(names):.10g} {np.array(names) @ np.arange(len(names)):.10g}" if names else ""
    return f"{name} {len(found)} {found.sum():.7g} {found @ np.arange(len(found)):.7g}{of_names}\n"


@pytest.mark.parametrize("name", LAID_OUT)
def test_what_a_mix_is_chosen_from_is_what_it_was(
    name: str, shipped_inputs: Inputs, golden: Callable[..., None]
) -> None:
    shipped, sets = LAID_OUT[name]
    ((_, data),) = prepared(read_run(shipped, sets), shipped_inputs).mixes.values()
    golden(f"laid_out/{name}.txt", "".join(summed(each.name, getattr(data, each.name)) for each in fields(data)), 7)


def test_what_a_page_computes_from_is_what_it_was(shipped_inputs: Inputs, golden: Callable[..., None]) -> None:
    ready = prepared(read_run("europe-2035", ["scope.years={first=2034, last=2035}"]), shipped_inputs)
    found = explorer(ready.outcome, ready.chokepoints, ready.packs)
    golden("runs/explorer.txt", "".join(summed(*each) for each in found.items()), 7)


#: Golden file → changes of the run whose mix is chosen, with which no mix keeps all limits.
IN_CONFLICT = {
    "growth": ("optimise.chemistries=['Na-ion']", "optimise.growth='low'"),
    "exposure_cap": ("optimise.exposure_cap=0.001",),
}


@pytest.mark.parametrize("name", IN_CONFLICT)
def test_why_limits_conflict_is_what_it_was(name: str, folders: dict[str, Path], golden: Callable[..., None]) -> None:
    folder = folders["chosen.toml"]
    with pytest.raises(Infeasible) as raised:
        run(folder / "chosen.toml", IN_CONFLICT[name], folder)
    golden(f"runs/conflict-{name}.txt", f"{raised.value}\n")


@pytest.mark.parametrize("independent", [False, True])
def test_draws_are_what_they_were(independent: bool, toy: Path, golden: Callable[..., None]) -> None:
    """Demand, input and secondary supply of every mineral, the causes moving together or each series alone."""
    sets = [*FLOWS, "scope.years={first=2044, last=2045}", "scenario.plan.silicon='si'", "intensity.trend='improving'"]
    resolved = resolve(read_run(toy / "run.toml", sets), read_inputs(toy))
    uncertain = Uncertain(resolved, independent, 0.0 if independent else 0.2, np.float64)
    uniform = latin_hypercube(3, len(uncertain.factors), 7)
    lines = [f"{each.label}; {each.table}; {each.series}; {each.range}; {each.distribution}"
             for each in uncertain.factors] if not independent else []  # fmt: skip
    for scenario in uncertain.scenarios:
        draws = uncertain.draw(uniform, scenario)
        flows = ensemble.follow(draws)
        for place, mineral in enumerate(resolved.minerals.labels):
            for flow in flows:
                last = flow[place, ..., -1]
                lines.append(f"{scenario} {mineral} {' '.join(f'{value:.7g}' for value in last.ravel())}")
    golden(f"runs/draws-{'apart' if independent else 'together'}.txt", "\n".join(lines) + "\n", 7)


def test_indices_are_what_they_were(toy: Path, golden: Callable[..., None]) -> None:
    sets = ["scope.years={first=2033, last=2034}", "study={kind='sensitivity', draws=20}"]
    model = Model(resolve(read_run(toy / "run.toml", sets), read_inputs(toy)))
    rows = []
    for number, factor in enumerate(model.uncertain.factors):
        first, total = model.indices(number)
        rows.append((factor.label, float(first.sum()), float(total.sum())))
    text = pd.DataFrame(rows, columns=["factor", "first", "total"]).to_csv(index=False, float_format="%.5g")
    golden("runs/indices.txt", text, 5)
