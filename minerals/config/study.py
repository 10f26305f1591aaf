"""[study] of a run file: many runs of one. Each kind has its own keys; a key of another kind is refused."""
# Annotations are types here, not their text, which pydantic would compile one by one.

import math
from itertools import product
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import AfterValidator, BeforeValidator, Field, Strict, model_validator

from ..text import shown
from ..toml import is_key, split_key
from .optimise import LEAST_NEAR
from .values import Section, Share, Text, TextOrTexts, Texts, Unit, Whole, Year, at_most, once, one_as_list


class ManyRuns(Section):
    """Keys of every kind."""

    workers: Annotated[Whole, Unit("processes")] = Field(
        default=1, ge=1, le=256, description="Processes, which never change the result.", examples=[2]
    )


class DrawnStudy(ManyRuns):
    """Keys of the kinds that draw uncertain inputs."""

    draws: Annotated[Whole, Unit("draws")] = Field(
        default=2000, ge=20, le=10_000_000, description="How many draws, or rows of each design."
    )
    seed: Annotated[Whole, Unit("seed")] = Field(default=1, ge=0, description="Of the random numbers.")
    share_spread: Annotated[float, Unit("log-odds")] = Field(
        default=0.5, ge=0.0, le=2.0,
        description="Standard deviation of the log-odds of market shares whose rows give no low and high, ten years "
        "after the last observed year; 0 holds all market shares.",
    )  # fmt: skip


class OfMix(Section):
    """A kind that begins from a mix that is chosen."""

    #: Shipped run that shows such a study, or at least its [optimise].
    example: ClassVar[str] = "europe-mix"


class Sample(DrawnStudy):
    """Draws every uncertain input, and gives percentiles."""

    kind: Literal["sample"] = Field(description="Kind of the study.")
    detail: Literal["region", "total"] = Field(
        default="region",
        description="Percentiles of every region and their sum, or of the sum alone, which takes less memory and disk.",
    )


class Sensitivity(DrawnStudy):
    """Says which uncertain input matters: one at a time, and by Sobol indices."""

    kind: Literal["sensitivity"] = Field(description="Kind of the study.")


def _change(ends: tuple[float, float]) -> tuple[float, float]:
    """Least and most of a relative change."""
    if max(map(abs, ends)) > MOST_CHANGE:
        raise ValueError(f"changes are fractions and this looks like a percentage; write [{ends[0] / 100:g}, …]")
    if ends[0] > ends[1]:
        raise ValueError(f"the least change ({ends[0]:g}) is above the most ({ends[1]:g}); swap them")
    if ends[1] < -1:
        raise ValueError(f"no demand falls by more than all of it; expected {ends[1]:g} to be −1 or more")
    return ends


#: A relative change of demand is no more than this.
MOST_CHANGE = 10.0
#: Least and most of a relative change.
Change = Annotated[tuple[float, float], Strict(False), AfterValidator(_change)]


class Identify(ManyRuns):
    """Tells which mixes of a year fit what is said of minerals, and what that leaves open."""

    kind: Literal["identify"] = Field(description="Kind of the study.")
    statements: Annotated[dict[Text, Change], Unit("1")] = Field(
        min_length=1,
        description="What is said of each mineral: least and most change of its demand against the baseline, e.g. "
        "graphite = [-0.26, -0.24].",
        examples=[{"graphite": [-0.26, -0.24]}],
    )
    baseline: Text = Field(
        default="", description="Scenario that changes are against; the first without it.", examples=["incumbent"]
    )
    year: Year | None = Field(default=None, description="Year of the mixes; the last without it.", examples=[2035])
    held: Texts = Field(
        default=(),
        description="Families whose chemistries keep the proportions that they have in the baseline.",
        examples=[["NMC"]],
    )
    silicon: Literal["held", "free"] = Field(
        default="held",
        description="Whether each chemistry keeps the part with silicon that it has in the baseline, or may have any.",
    )
    only_fall: Texts = Field(
        default=(),
        description="Families or chemistries whose share is at most that of the baseline.",
        examples=[["LFP"]],
    )
    only_grow: Texts = Field(
        default=(),
        description="Families or chemistries whose share is at least that of the baseline.",
        examples=[["Na-ion"]],
    )
    sums: dict[Text, TextOrTexts] = Field(
        default={},
        description="Sums of families or chemistries that are told too, by name.",
        examples=[{"next": ["Na-ion", "Li-S"]}],
    )
    mixes: Annotated[Whole, Unit("mixes")] = Field(
        default=100_000, ge=1000, le=1_000_000, description="How many mixes are drawn from all that fit."
    )
    seed: Annotated[Whole, Unit("seed")] = Field(default=1, ge=0, description="Of the random numbers.")


#: Points of a grid at most.
MOST_POINTS = 10_000
#: First parts of keys that no axis may have, and why.
NO_AXIS = {
    "study": "a point has no study of its own",
    "inputs": "all points have the same inputs",
    "replace": "all points have the same inputs",
    "rows": "all points have the same inputs; give each its own scenario of the rows, and vary what names it",
    "output": "a point writes nothing of its own",
    "title": "a title changes no number",
}


def _axes(axes: dict[str, tuple[Any, ...]]) -> dict[str, tuple[Any, ...]]:
    """Keys and their values, of which none stands twice and all together make no more than MOST_POINTS points."""
    for key, values in axes.items():
        path = split_key(key) if is_key(key) else ("",)
        if not all(path):
            raise ValueError(f'has {shown(key)}, which is no key of a run file, e.g. "exposure.adoption"')
        if path[0] in NO_AXIS:
            raise ValueError(f"has {key!r}; {NO_AXIS[path[0]]}: leave it out")
        if path == ("scenario",):
            raise ValueError("has 'scenario', which holds all scenarios; name a key of one, e.g. scenario.NAME.silicon")
        if twice := [value for at, value in enumerate(values) if value in values[:at]]:
            raise ValueError(f"has {shown(twice[0])} twice for {key}; name it once")
    if (points := math.prod(map(len, axes.values()))) > MOST_POINTS:
        raise ValueError(f"has {points:,} points; expected at most {MOST_POINTS:,}")
    return axes


class Grid(ManyRuns):
    """Computes a run for each combination of values of some keys of its file."""

    kind: Literal["grid"] = Field(description="Kind of the study.")
    axes: Annotated[
        dict[Text, Annotated[tuple[Any, ...], Strict(False), Field(min_length=1)]], AfterValidator(_axes)
    ] = Field(
        min_length=1,
        description="Values of each key of the run file, by its path in quotes, e.g. "
        '"scope.years.last" = [2035, 2040].',
        examples=[{"scope.years.last": [2035, 2040]}],
    )

    def points(self) -> list[dict[str, Any]]:
        """Value of each key at each point; the last key moves first."""
        return [dict(zip(self.axes, values, strict=True)) for values in product(*self.axes.values())]


#: What makes a run less exposed.
Measure = Literal["mix", "own_cells", "stock", "plants", "recycling"]
#: Amounts of money, and months of disruptions.
Amounts = Annotated[
    tuple[Annotated[float, Field(ge=0), at_most(1e5, "more than all batteries of the world cost")], ...], Strict(False)
]
Lengths = Annotated[
    tuple[Annotated[float, Field(gt=0), at_most(60, "after five years nothing stays as it was")], ...], Strict(False)
]


class Measures(OfMix):
    """What buys the most safety: a mix that is chosen, stocks, plants and own cells, each and together, at budgets."""

    example = "europe-measures"

    kind: Literal["measures"] = Field(description="Kind of the study.")
    budgets: Annotated[Amounts, Unit("billion USD_2025")] = Field(
        default=(),
        description="What is spent beyond the cheapest mix, over all years [billion USD_2025].",
        examples=[[1.0, 5.0, 20.0]],
    )
    worth: Annotated[tuple[Annotated[float, Field(gt=0), at_most(1e6, "more than any battery costs")], ...],
                     Strict(False), Unit("million USD_2025/GWh")] = Field(
        default=(), description="What a GWh that is not lost may cost at most, which finds its own budget "
        "[million USD_2025/GWh]; beside budgets or in their place.", examples=[[50.0, 400.0]],
    )  # fmt: skip
    which: Annotated[tuple[Measure, ...], Strict(False)] = Field(
        default=("mix", "own_cells", "stock", "plants"), min_length=1,
        description="Measures, told each alone and all together: mix (chemistries, and where their cells are made), "
        "own_cells (where cells are made, of the cheapest mix), stock (of materials that a disruption takes), plants "
        "(outside the country that makes most of a node), recycling (more of what leaves use is collected, and more "
        "of it and of scrap goes a better route; it relieves mined and refined materials alone).",
    )  # fmt: skip
    months: Annotated[Lengths, Unit("month")] = Field(
        default=(12.0,), min_length=1, description="Months that a disruption lasts, in which a stock is used up once."
    )
    most_months: Annotated[float, Unit("month")] = Field(
        default=6.0, ge=0, le=60, description="Most stock, in months of need; less where it keeps for less."
    )
    plant_life: Annotated[float, Unit("year")] = Field(
        default=20.0, ge=1, le=100, description="Years over which a plant is paid."
    )
    places: Annotated[tuple[Text, ...], Strict(False)] = Field(
        default=("outside",), min_length=1,
        description="Where plants may stand: outside (anywhere but in the country that makes most of a node), home "
        "(the region), and groups of country_groups.csv; one that is named later is what those before leave. Places "
        "that neither what plants cost there nor what stops leave of them tells apart are one.",
        examples=[["home", "allies-wide"]],
    )  # fmt: skip
    draws: Annotated[Whole, Unit("draws")] = Field(
        default=0, ge=0, le=100_000, description="Draws of what stocks, plants and recycling cost, how fast plants "
        "grow, and how much and for how long each disruption takes, in which each measure is found again at each "
        "budget; 0: none.",
        examples=[200],
    )  # fmt: skip
    seed: Annotated[Whole, Unit("seed")] = Field(default=1, ge=0, description="Of the random numbers.")

    @model_validator(mode="after")
    def _asks(self) -> Self:
        """Something is to be spent."""
        if not self.budgets and not self.worth:
            raise ValueError("asks nothing: give budgets, or what a GWh is worth")
        if self.draws and not any(self.budgets):
            raise ValueError(f"draws = {self.draws} are of budgets; give one above 0, or leave draws out")
        return self


#: What a target is told in, each with its unit.
TARGETS = ("change", "kt", "lost", "coverage")
#: Levels of a target.
Levels = Annotated[tuple[float, ...], Strict(False)]


class Backcast(ManyRuns, OfMix):
    """Asks the mix of a run backwards: with how little change, cost or new chemistry it reaches a target in a year."""

    example = "europe-backcast"

    kind: Literal["backcast"] = Field(description="Kind of the study.")
    least: Literal["change", "cost", "new"] = Field(
        default="change",
        description="What is least: change (GWh that are of another chemistry than in the baseline, over all years), "
        "cost, or new (GWh of the chemistries that `new` names, over all years). The caps of [optimise] on cost and "
        "exposure do not bind here, all its other limits do.",
    )
    year: Year | None = Field(default=None, description="Year of the target; the last without it.", examples=[2035])
    mineral: Text = Field(
        default="",
        description="Mineral in the batteries of that year that change or kt is of.",
        examples=["graphite"],
    )
    change: Annotated[Levels, AfterValidator(lambda ends: tuple(_change((end, end))[0] for end in ends)), Unit("1")] = (
        Field(
            default=(),
            description="Targets, each a point: most change of the mineral against the baseline, e.g. [-0.1, -0.2].",
            examples=[[-0.1, -0.25]],
        )
    )
    kt: Annotated[Levels, Unit("kt")] = Field(
        default=(), description="Or most of the mineral [kt].", examples=[[900.0, 800.0]]
    )
    lost: Annotated[Levels, Unit("GWh")] = Field(
        default=(),
        description="Or most that disruptions take in that year, on average by their weights [GWh].",
        examples=[[100.0]],
    )
    coverage: Annotated[tuple[Share, ...], Strict(False)] = Field(
        default=(),
        description="Or least share of the batteries of that year that can be had then, on that average.",
        examples=[[0.8, 0.9]],
    )
    baseline: Text = Field(
        default="",
        description="Scenario that changes are against, optimised for the chosen mix; that of [optimise] without it.",
        examples=["optimised"],
    )
    new: Texts = Field(
        default=(), description="Families or chemistries that count as new.", examples=[["Na-ion", "Li-metal"]]
    )
    held: Texts = Field(
        default=(),
        description="Families whose chemistries keep the proportions that they have in the baseline.",
        examples=[["NMC"]],
    )
    only_fall: Texts = Field(
        default=(),
        description="Families or chemistries of which there are at most as many as in the baseline.",
        examples=[["LFP"]],
    )
    only_grow: Texts = Field(
        default=(),
        description="Families or chemistries of which there are at least as many as in the baseline.",
        examples=[["Na-ion"]],
    )
    silicon: Annotated[
        tuple[Literal["held", "free"], ...], Strict(False), AfterValidator(once), BeforeValidator(one_as_list)
    ] = Field(
        default=("held",), min_length=1,
        description="Whether each chemistry keeps the part with silicon that it has in the baseline, or may have any; "
        "both in a list, each with its own points.", examples=["free"],
    )  # fmt: skip


#: A share by which a mix may be worse than the best, as `near` of [optimise].
Nearness = Annotated[float, Field(ge=LEAST_NEAR, le=1.0)]
#: What of a mix may move.
Moving = Literal["shares", "production", "sourcing"]


class NearOptimal(ManyRuns, OfMix):
    """Tells how far shares, production and sourcing move among mixes that are nearly as good as the chosen one."""

    kind: Literal["near_optimal"] = Field(description="Kind of the study.")
    near: Annotated[tuple[Nearness, ...], Strict(False), AfterValidator(once), Unit("1")] = Field(
        default=(0.01, 0.02, 0.05), min_length=1,
        description="Shares by which the objective may be worse than the best, in place of near of [optimise].",
    )  # fmt: skip
    of: Annotated[tuple[Moving, ...], Strict(False), AfterValidator(once)] = Field(
        default=("shares", "production", "sourcing"), min_length=1,
        description="What is told: shares of families and chemistries in a region's batteries, production of cells at "
        "home by family and chemistry, sourcing of each node by supplier.",
    )  # fmt: skip
    years: Annotated[tuple[Year, ...], Strict(False), AfterValidator(once)] = Field(
        default=(),
        description="Years that are told; 2030, 2035 and 2040, or else the last, without them.",
        examples=[[2030, 2040]],
    )


#: What a mix can be chosen by, of which two are held against each other.
Goal = Literal["loss", "cost", "built", "built_kt", "own_objective"]


def _two(pair: tuple[str, str]) -> tuple[str, str]:
    """Two different goals."""
    if pair[0] == pair[1]:
        raise ValueError(f"has {pair[0]!r} against itself; name two")
    return pair


class Frontier(ManyRuns, OfMix):
    """Tells the least of one objective of a mix at each value of another, for pairs of objectives."""

    kind: Literal["frontier"] = Field(description="Kind of the study.")
    pairs: Annotated[
        tuple[Annotated[tuple[Goal, Goal], Strict(False), AfterValidator(_two)], ...],
        Strict(False), AfterValidator(once),
    ] = Field(
        default=(("loss", "cost"),), min_length=1,
        description="Pairs [ONE, TWO]: least of TWO at each value of ONE. loss: by risk of the run; cost; built, "
        "built_kt: demand that is not met, and the mass that is missing, as of those objectives; own_objective: what "
        "the run chooses by.",
    )  # fmt: skip
    exact: bool = Field(
        default=False, description="Every edge, instead of chords within 1 % of the span of what is least."
    )


class Robust(ManyRuns, OfMix):
    """Holds plans against several futures of supply: which one leaves the least regret, and at what price."""

    example = "europe-robust"

    kind: Literal["robust"] = Field(description="Kind of the study.")
    futures: Texts = Field(
        default=(),
        description="Futures of supply, of supply_futures.csv, beside that of the run; all without it.",
        examples=[["iea-base", "announced"]],
    )
    worlds: Literal["own", "three"] = Field(
        default="own",
        description="Reference worlds in which each of these is assumed: that of the run, or also the three of the "
        "table reference_worlds: with 15 futures Europe's mix takes about ten minutes, without ranges.",
    )


#: A study, by its kind.
Study = Annotated[
    Sample | Sensitivity | Identify | Grid | Measures | Backcast | NearOptimal | Frontier | Robust,
    Field(discriminator="kind"),
]
#: Section of each kind: the members of the union above.
KINDS: dict[str, type[Section]] = {
    kind: section
    for section in get_args(get_args(Study)[0])
    for kind in get_args(section.model_fields["kind"].annotation)
}
