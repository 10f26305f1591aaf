"""What small runs are computed from, array by array, is what it was: what a stop leaves, its draws, and data of mixes.

Tables of results, which `tests/test_golden_runs.py` holds, say little of what binds nowhere. Here each array is told by
how many numbers it has, their sum, and that of each times its place. The toy is that of tests/test_whole_toy.py with
what its tests add one at a time: others who build, nodes of which one mass gives several products, a group that may be
left out, ends of what is uncertain, and intensities by use and year. `pytest tests/test_golden_arrays.py
--update-golden` accepts what changed and prints it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import conftest
import numpy as np
import pandas as pd
import pytest
from test_finer import INTENSITY
from test_golden_runs import AS_READ, as_text, summed
from test_whole_toy import NEW_PLANTS
from test_yields import NODE, NODES, ROWS

from minerals.case.by_rule import stop
from minerals.case.chokepoints import Chokepoints
from minerals.case.draws import Drawn
from minerals.case.draws_in_year import InYear
from minerals.case.explorer import explorer
from minerals.case.measures import Bought, losses_with, own_lengths, running, with_measures
from minerals.case.optimise import glossary_of
from minerals.case.plant_places import HOME, OUTSIDE
from minerals.case.played import stops_of
from minerals.config import read_run
from minerals.config.study import Measures
from minerals.exposure.factory import Built, Factory, Supplied
from minerals.mix.data import MixData
from minerals.mix.families import LIMITS
from minerals.mix.family import Glossary
from minerals.mix.form import Form
from minerals.mix.model import build
from minerals.pipeline import Prepared, inputs_of, prepared
from minerals.studies.run import run
from minerals.tables.inputs import read_inputs

#: Disruptions that both kinds of runs play.
EVENTS = "exposure.disruptions=['china-anode', 'namibia-strike', 'no-hydroxide', 'no-korea']"
#: A stop of an ally, so that plants of allies are told apart from others.
OF_ALLY = """
[rows.disruption.no-korea.KOR.synthetic_graphite]
label = "South Korea keeps half of its synthetic graphite"
kind = "export"
value = 0.5
start = 2031
months = 6
status = "announced"
played = "no"
"""
#: Table → what is written in place of what stands there: ends of what is certain in the toy.
ENDS = {
    "cell_origin": (("2028,0.25,,", "2028,0.25,0.15,0.4"),),
    "supply_share": (("coated_graphite,CHN,2028,0.95,,", "coated_graphite,CHN,2028,0.95,0.8,0.99"),
                     ("mined_cobalt,NAM,2028,0.7,,", "mined_cobalt,NAM,2028,0.7,0.6,0.75")),
    "battery_supply": (("2028,4608,,", "2028,4608,4000,5000"),),
    "battery_demand": (("plan,Europe,car,2034,100,,", "plan,Europe,car,2034,140,110,160"),
                       ("plan,China,car,2034,200,,", "plan,China,car,2034,240,230,270")),
    "market_share": (("plan,Europe,car,nmc811,2034,0.6,,", "plan,Europe,car,nmc811,2034,0.5,,"),),
}  # fmt: skip
#: Lines of tables that follow those of the toy.
MORE = {
    "country_groups": ["others,Others,book,"],
    "country_group": ["others,R_OTH,", "others,KOR,"],
    "market_share": ["plan,Europe,car,na_layered,2034,0.1,,,1,book,p. 8,model,"],
    "marginal_location": [
        f"{node},{country},{ends},1,book,p. 35,model,"
        for node, country, ends in (
            ("mined_cobalt", "NAM", "0.7,0.5,0.9"),
            ("mined_cobalt", "R_OTH", "0.3,0.1,0.5"),
            ("synthetic_graphite", "CHN", "0.8,0.6,0.9"),
            ("synthetic_graphite", "KOR", "0.2,0.1,0.4"),
        )
    ],
    "material_price": [
        "mined_cobalt,2030,30,20,50,USD_2025/kg,book,p. 36,model,",
        "synthetic_graphite,2032,5,4,8,USD_2025/kg,book,p. 36,model,",
    ],
    "cell_capacity": ["DEU,capacity,2030,60,,,GWh/yr,book,p. 21,model,"],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables, and run files without and with a mix that is chosen."""
    place = conftest.lay_out(tmp_path_factory.mktemp("arrays") / "tables", "toy", "toy_whole")
    for table, changes in ENDS.items():
        text = (place / f"{table}.csv").read_text(encoding="utf-8")
        for before, after in changes:
            assert before in text
            text = text.replace(before, after)
        (place / f"{table}.csv").write_text(text, encoding="utf-8")
    for table, lines in MORE.items():
        with (place / f"{table}.csv").open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)
    plants = NEW_PLANTS
    for value, ends in {"2,,": "2,1,3", "0.1,,": "0.1,0.05,0.3", "0.5,,": "0.5,0.2,0.8"}.items():
        plants = plants.replace(f",{value},", f",{ends},")
    plants += "".join(
        f"{measure},{node},{group},{ends},{unit},book,p. 32,model,\n"
        for node in ("coated_graphite", "mined_cobalt", "synthetic_graphite") for group in ("outside", "allies")
        for measure, ends, unit in (("capital", "20,10,40", "USD_2025/(kg/yr)"), ("premium", "0.5,0.2,1.5", "1"))
    )  # fmt: skip
    (place / "expansion_cost.csv").write_text(plants, encoding="utf-8")
    for name in ("finer", "small"):
        (place.parent / name).mkdir()
    (place.parent / "finer" / "mineral_intensity.csv").write_text(INTENSITY, encoding="utf-8")
    # Supply is no less than 1 kt or GWh, which is the least that the tables take.
    least = {"battery_demand": {}, "battery_supply": {"t": 1000, "kt": 1, "GWh/yr": 1}}
    for table, bounds in least.items():
        frame = pd.read_csv(place / f"{table}.csv", dtype=str, keep_default_na=False)
        for column in ("value", "low", "high"):
            frame[column] = [each and f"{max(float(each) / 200, bounds.get(unit, 0)):g}"
                             for each, unit in zip(frame[column], frame["unit"], strict=True)]  # fmt: skip
        frame.to_csv(place.parent / "small" / f"{table}.csv", index=False, lineterminator="\n")
    rows = ROWS.replace("NODES", "".join(NODE.format(*node) for node in NODES))
    rows = rows.replace('{ value = 10, unit = "kg/kg"', '{ value = 10, low = 8, high = 11, unit = "kg/kg"')
    # Cobalt binds here, with its supply of the toy.
    rows = "".join(line for line in rows.splitlines(keepends=True) if not line.startswith("mined_cobalt"))
    rows = (rows + OF_ALLY).replace('played = "no"', 'played = "yes"')
    for base in ("whole", "chosen"):
        (place / f"rich-{base}.toml").write_text(rows.replace("whole.toml", f"{base}.toml"), encoding="utf-8")
    return place


# --- what stops leave ------------------------------------------------------------------------------------------------

#: A two hundredth of all amounts, so that what is more than nothing is less than one.
SMALL = "rows.battery_supply.today.hydroxide.2028.value=1"
#: What a plan may say of itself, of batteries that come back, and prices.
CHOSEN = ("scenario.plan.made_at_home={Europe={2031={lfp=0.6, nmc811=0.5}}}",
          "scenario.plan.cells_from={Europe={2031={lfp={CHN=0.3}, nmc811={CHN=0.2, KOR=0.3}}}}",
          "scenario.plan.follow_on={Europe={2031={coated_graphite=2, hydroxide=3, mined_cobalt=0.3, "
          "synthetic_graphite=9}}}")  # fmt: skip
RETURNING = ("flows={}", "scope.beyond='hold'", "scenario.plan.silicon='si'")
PRICES = "prices={demand='plan', adoption='plan', against='China', credit=2, tariff=0.1}"
#: Golden file → changes of the run without a mix, and the folder of tables on top.
PLANS: dict[str, tuple[tuple[str, ...], str]] = {
    "plain": ((*RETURNING, PRICES), ""),
    "chosen": ((*CHOSEN, "scenario.plan.maker_inputs='last'", "exposure.stockpile_months=1"), ""),
    "finer": (("scope.segments=['car']", "exposure.unknown='centre'", "exposure.follow_on='today'",
               *RETURNING, "flows.second_life=true"), "finer"),
    "two-regions": (("scope.regions=['Europe', 'China']", "exposure.unknown='all'", *CHOSEN, *RETURNING,
                     "scenario.plan.maker_inputs='alike'"), ""),
    "small": ((SMALL, "scope.years={first=2033, last=2034}"), "small"),
}  # fmt: skip


#: What is stopped beside what the runs play.
ALSO_STOPPED = (("CHN", "cell"), ("CHN", "synthetic_graphite"), ("NAM", "flake_graphite"), ("CHN", "nmc_cathode"))


def layered(folder: Path, above: str) -> Path | list[Path]:
    return [folder.parent / above, folder] if above else folder


def ready(folder: Path, name: str) -> Prepared:
    sets, above = PLANS[name]
    config = read_run(folder / "rich-whole.toml", [EVENTS, *sets])
    return prepared(config, read_inputs(inputs_of(config, layered(folder, above))))


def of_flows_and_prices(found: Prepared) -> Iterator[tuple[str, object]]:
    """Arrays of a run without its exposure, by name."""
    for each in found.outcome.scenarios.values():
        yield "cells", (each.cells, each.demand, each.graphite_by_route)
        yield "chain", (each.chain, each.gain, each.recovered)
    assert found.packs is not None
    for name in ("home", "abroad", "elsewhere", "credit", "taxed"):
        yield name, getattr(found.packs, name)
    for country in sorted(found.packs.rates):
        yield f"bought from {country}", (found.packs.duty(country), found.packs.bought(country))
    assert found.chokepoints is not None
    for name, held in explorer(found.outcome, found.chokepoints, found.packs).items():
        yield f"page {name}", held


def of_factory(factory: Factory, left: Supplied, at: str) -> Iterator[tuple[str, object]]:
    """The programme of a plan, and what only one answer is right for: totals, what binds, and all cut alike."""
    yield f"programme {at}", (factory.matrix, factory.cost, factory.columns.scale, factory.rows.scale(factory))
    yield f"bounds {at}", (factory.bounds(left), factory.scarce(left), factory.of_cells)
    yield f"totals {at}", (factory.totals(left), factory.best(left).binding)
    planned = Built(factory.plan.made_at_home, factory.plan.imported)
    yield f"alike {at}", factory.proportional(left, planned)


def left_by_stops(found: Chokepoints) -> Iterator[tuple[str, object]]:
    """Arrays of a run's exposure, by name."""
    events = [*found.inputs.events, *(stop(found.inputs, each) for each in ALSO_STOPPED)]
    stops, cuts = stops_of(events), found.cuts(stops_of(events))
    for year in range(len(found.years)):
        yield f"supply {year}", found.supply[year]
        for regions in dict.fromkeys([found.regions, found.regions[:1]]):
            at = f"{' and '.join(regions)} {year}"
            reach, hit = found.access(regions, year), found.hit(regions, year, stops)
            yield f"reach {at}", reach
            yield f"hit {at}", hit
            yield f"origin {at}", (found.cell_origin(regions, year), found.halves(regions, year))
            yield f"home {at}", (found.made_at_home(regions, year), found.chooses_origin(regions, year))
            yield f"available {at}", (found.available(regions, year, reach), found.kept(regions, year, reach))
            yield f"of cells {at}", found.left_of_cells(regions, year, stops)
            yield f"of others {at}", found.left_of_others(regions, year, stops)
            yield f"bought {at}", found.usually_bought(regions, year)
            yield (
                f"left of unknown {at}",
                (found.left_of_unknown(regions, year, cuts), found.stopped_unknown(year, cuts)),
            )
            yield f"embodied {at}", (found.access_embodied(regions, year), found.passing(regions, year))
            for scenario in found.scenarios:
                plan = found.plan(scenario, regions, year)
                yield f"plan {at}", plan
                yield f"follow-on {at}", found.follow_on(scenario, regions, year)
                yield f"unknown {at}", found.unknown(scenario, regions, year)
                yield f"relief {at}", found.relief(scenario, regions, year)
                yield f"sources {at}", found.sources(scenario, regions, year)
                yield f"without {at}", found.without(scenario, regions, year)
                left = found.supplied(scenario, regions, year, stops)
                yield f"supplied {at}", (left, found.supplied(scenario, regions, year, stops, 2.0))
                yield f"outside {at}", found.made_outside(scenario, regions, year, stops, left)
                yield f"stocked {at}", found.stocked(plan, regions, year)
                yield from of_factory(found.factory(scenario, regions, year), left, at)
        yield f"most {year}", (found.most_follow_on(year), found.makers_known(year))
    yield "growth", (found.growth.new_located, found.growth.at_start, found.growth.leader)
    yield "room", found.growth.room_outside(np.full(len(found.inputs.nodes), 0.1))


def draws_of_stops(found: Chokepoints) -> Iterator[tuple[str, object]]:
    """Draws of a run's disruptions, by name."""
    drawn, regions, year = Drawn(found, 6, 1), found.regions, len(found.years) - 1
    streams, events = drawn.streams, [*found.inputs.events, *(stop(found.inputs, each) for each in ALSO_STOPPED)]
    at = InYear(drawn, streams, events, regions, year)
    yield "ranged", drawn.ranged(year).made(streams, at.nodes, at.places, at.needed)
    yield "needed", (at.needed, at.group, at.origin, at.inside, at.supply)
    yield "intensities", (drawn.intensities(streams, year), drawn.cell_origin(streams, regions, year))
    for scenario in found.scenarios:
        cells = found.cells_of(scenario, regions, year)
        yield "demand", (at.demand(scenario), at.cells(scenario), drawn.used(streams, cells, year))
        for event in (None, *events):
            hit = at.hit(event)
            name = "without" if event is None else event.disruption
            yield f"hit {name}", hit
            yield f"supplied {name}", at.supplied(scenario, hit)
            yield f"apart {name}", drawn.by_chemistry(event, scenario, regions, year, range(4))
            if event is not None:
                yield f"lost {name}", at.lost(event)[scenario]


@pytest.mark.parametrize("name", PLANS)
def test_what_stops_leave_is_what_it_was(name: str, folder: Path, golden: Callable[..., None]) -> None:
    found = ready(folder, name)
    assert found.chokepoints is not None
    of_parts = of_flows_and_prices(found), left_by_stops(found.chokepoints), draws_of_stops(found.chokepoints)
    lines = [summed(*each) for part in of_parts for each in part]
    golden(f"laid_out/stops-{name}.txt", "".join(lines), 7)


def test_a_world_finds_anew_what_another_share_of_the_unknown_moves(folder: Path) -> None:
    """What is kept of the world beside it is what that world itself finds."""
    found = ready(folder, "plain").chokepoints
    assert found is not None
    stops = stops_of([*found.inputs.events, *(stop(found.inputs, each) for each in ALSO_STOPPED)])
    regions, (scenario, *_), last = found.regions, found.scenarios, len(found.years) - 1

    def left(world: Chokepoints) -> list[np.ndarray]:
        supplied = world.supplied(scenario, regions, last, stops)
        hit, others = world.hit(regions, last, stops), world.left_of_others(regions, last, stops)
        return [
            hit.reach.left,
            hit.cells,
            *others,
            supplied.own,
            supplied.bought,
            world.sources(scenario, regions, last)[1],
        ]

    left(found)
    worlds = {assumed: found.with_unknown(assumed) for assumed in ("none", "all")}
    for world in worlds.values():
        alone = left(replace(found, supply=world.supply))
        assert all(np.array_equal(*both, equal_nan=True) for both in zip(left(world), alone, strict=True))
    none, every = map(left, worlds.values())
    moved = [not np.array_equal(*both, equal_nan=True) for both in zip(none, every, strict=True)]
    assert any(moved[:4]), "what is assumed is seen"
    assert moved[4:] == [False, True, False]


@pytest.mark.parametrize("name", ["finer", "two-regions", "small"])
def test_tables_of_what_stops_leave_are_what_they_were(name: str, folder: Path, golden: Callable[..., None]) -> None:
    sets, above = PLANS[name]
    found = run(folder / "rich-whole.toml", [EVENTS, *sets, "exposure.draws=20"], layered(folder, above))
    tables = ("accessible", "binding_nodes", "disruptions", "weighted_loss", "lost_minerals", "supply_gap",
              "gwh_at_risk", "loss_by_length", "months_that_halve", "intervals", "drivers", "lost_unknown")  # fmt: skip
    others = [summed(table, frame.select_dtypes("number").to_numpy().ravel())
              for table, frame in found.tables.items() if table not in (*tables, *AS_READ)]  # fmt: skip
    golden(f"runs/stops-{name}.txt", as_text(found, "", 7, tables) + "\n" + "".join(others), 7)


# --- what mixes are chosen from --------------------------------------------------------------------------------------

MEASURES = Measures(kind="measures", budgets=(1.0,), which=("mix", "stock", "plants", "recycling"),
                    places=(HOME, "allies", OUTSIDE))  # fmt: skip
LONG = ("scope.years={first=2030, last=2034}", "scope.beyond='hold'", "flows={}")
#: Golden file → changes of the run whose mix is chosen. That of `small` is from a two hundredth of all amounts.
MIXES: dict[str, tuple[str, ...]] = {
    "plain": (),
    "excluded": ("optimise.exclude=others", "optimise.exclude_stages=['mining', 'cell']",
                 "optimise.exclude_since=2031", "optimise.one_country='hard'"),
    "industry": ("optimise.loss='industry'", "optimise.maker_inputs='last'", "exposure.stockpile_months=2",
                 "optimise.one_country='soft'", "optimise.one_country_price=2", "optimise.discount_rate=0.05",
                 PRICES),
    "outside": ("optimise.loss='all_outside'", "optimise.maker_inputs='first'", "optimise.recycled_content=true",
                "exposure.unknown='all'", "optimise.min_share={car={na_layered={2032=0.05}}}",
                "optimise.performance='low'", "optimise.commercial='high'", "optimise.exposure_cap=50"),
    "observed": ("optimise.makers='observed'", "optimise.unmet=true", "optimise.growth='value'",
                 "optimise.own_share={2031=0.3}", "optimise.max_share={car={lfp={2031=0.6}}}",
                 "exposure.follow_on='today'"),
    "two-regions": ("scope.regions=['Europe', 'China']", "optimise.likelihood={china-anode=100}",
                    "optimise.maker_inputs='alike'", "exposure.unknown='centre'"),
    "small": (SMALL, "optimise.growth='low'", "optimise.loss='all_outside'"),
}  # fmt: skip


def plan_of(data: MixData) -> Bought:
    """The plan that a mix is near to, made by whoever is seen to make it, with a little of each measure that has a
    cost."""
    cells: dict[Any, float] = {}
    for (r, _, c, y), gwh in data.incumbent.items():
        cells[r, c, y] = cells.get((r, c, y), 0.0) + gwh
    shares = [
        (r, j, c, y, share * cells[r, c, y]) for (r, j, c, y), share in data.observed.items() if (r, c, y) in cells
    ]
    return Bought(
        dict(data.incumbent), {(r, c, y): gwh for r, j, c, y, gwh in shares if j == r},
        {(r, j, c, y): gwh for r, j, c, y, gwh in shares if j != r}, {}, dict.fromkeys(data.stock_cost, 0.3),
        dict.fromkeys(data.plant_cost, 0.2), {(r, way, y): 0.1 for r, way, _, y in data.recycling_gain},
    )  # fmt: skip


def of_programme(data: MixData) -> Iterator[str]:
    """Rows of the linear programme by constraint, costs by objective and bounds by variable: sums of the coefficients,
    and of each times the place of its row and of its column by name, whatever order a library gives them."""
    form = Form(build(data), set())
    rows, columns = (np.argsort(np.argsort([each.name for each in some])) + 1.0 for some in (form.rows, form.columns))
    of_rows, of_columns = (
        np.array([each.parent_component().local_name for each in some]) for some in (form.rows, form.columns)
    )
    entries = form.matrix.tocoo()

    def line(name: str, by: np.ndarray, row: np.ndarray, column: np.ndarray) -> str:
        return f"{name} {len(by)} {by.sum():.7g} {by @ row:.7g} {by @ column:.7g} {by @ (row * column):.7g}\n"

    for name in sorted(set(of_rows)):
        some, mine = of_rows[entries.row] == name, of_rows == name
        yield line(name, entries.data[some], rows[entries.row[some]], columns[entries.col[some]])
        for side, ends in (("least", form.row_lower), ("most", form.row_upper)):
            held = np.where(np.isfinite(ends), ends, 0.0)[mine]
            yield line(f"{name} {side}", held, rows[mine], np.isfinite(ends[mine]).astype(float))
    for objective, costs, offset in zip(form.objectives, form.costs, form.offsets, strict=True):
        yield line(
            f"{objective.name} {offset:.7g}", costs[costs != 0], columns[costs != 0], np.ones((costs != 0).sum())
        )
    for name in sorted(set(of_columns)):
        mine, upper = of_columns == name, np.where(np.isfinite(form.col_upper), form.col_upper, -1.0)
        lower = np.where(np.isfinite(form.col_lower), form.col_lower, -1.0)
        yield line(f"{name} bounds", upper[mine], columns[mine], lower[mine])


def of_limits(data: MixData, glossary: Glossary) -> Iterator[str]:
    """Limits of a model in words: the first and the last of each, and the amounts of all."""
    model = build(data)
    for name, limit in LIMITS.items():
        component = model.component(name)
        index = [] if component is None else [each if isinstance(each, tuple) else (each,) for each in component]
        index = [() if each == (None,) else each for each in index]
        if index:
            words = [limit.words(glossary, data, *each) for each in index]
            amounts = [limit.amount(data, *each)[0] for each in index] if limit.amount is not None else []
            yield f"{name} {limit.rank} {limit.kind.name} {limit.amounts} {limit.worth} {limit.made_at_home}\n"
            yield summed("  amounts", (amounts, [each.whole for each in words], [each.scale for each in words]))
            yield from (f"  {each.what}; {each.about}; {each.unit}; {each.looser}\n" for each in (words[0], words[-1]))


#: Fields of what a mix is chosen from that need not say anything of a key.
MAY_LEAVE_OUT = (
    "demand", "incumbent", "before", "capacity", "announced", "lead", "retrofit_lead", "observed", "supplied", "usual",
    "follow_on", "follow_on_home", "follow_on_in", "follow_on_left", "life", "content", "returned", "recovered",
    "relief", "gain", "discount", "line_price", "import_price", "made_at_home", "bought", "inputs", "planned_home",
    "direct", "into", "refines", "stocked", "lasts", "plant_most", "recycling_gain", "recycling_most",
)  # fmt: skip


def without_a_third(data: MixData) -> MixData:
    """Every third key of such fields is left out, which then counts as the field says: mostly as nothing."""
    return replace(data, **{
        name: {key: value for place, (key, value) in enumerate(getattr(data, name).items()) if place % 3}
        for name in MAY_LEAVE_OUT
    })  # fmt: skip


@pytest.mark.parametrize("name", MIXES)
def test_data_of_a_mix_are_what_they_were(name: str, folder: Path, golden: Callable[..., None]) -> None:
    """With what measures beside it cost and leave, and what is lost of the plan with some of them."""
    config = read_run(folder / "rich-chosen.toml", [EVENTS, *LONG, *MIXES[name]])
    inputs = read_inputs(inputs_of(config, layered(folder, "small" if name == "small" else "")))
    ((assembly, data),) = prepared(config, inputs).mixes.values()
    lines = [summed(each.name, getattr(data, each.name)) for each in fields(data)]
    mix: Any = SimpleNamespace(data=data, assembly=assembly, config=assembly.config)
    beside = with_measures(mix, inputs, MEASURES, own_lengths(mix))
    plan = plan_of(beside)
    lines += [summed(f"beside {each.name}", getattr(beside, each.name)) for each in fields(beside)
              if getattr(beside, each.name) != getattr(data, each.name)]  # fmt: skip
    lines += [summed("running", running(beside, plan.plants)), summed("lost", losses_with(mix, beside, plan))]
    lines += of_programme(beside)
    if name in ("excluded", "observed", "two-regions"):
        left, glossary = without_a_third(beside), glossary_of(assembly.chokepoints, inputs)
        lines += ["\nwithout a third\n", *of_programme(left), "\nlimits\n", *of_limits(left, glossary)]
    golden(f"laid_out/toy-{name}.txt", "".join(lines), 7)
