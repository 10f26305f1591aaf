"""[study] of a run file: many runs of one. Each kind has its own keys; a key of another kind is refused."""

from __future__ import annotations

import math
from itertools import product
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, Field, Strict

from ..text import shown
from ..toml import is_key, split_key
from .values import Section, Text, TextOrTexts, Texts, Whole, Year, at_most


class ManyRuns(Section):
    """Keys of every kind."""

    workers: Whole = Field(default=1, ge=1, le=256, description="Processes, which never change the result.")


class DrawnStudy(ManyRuns):
    """Keys of the kinds that draw uncertain inputs."""

    draws: Whole = Field(default=2000, ge=20, le=10_000_000, description="How many draws, or rows of each design.")
    seed: Whole = Field(default=1, ge=0, description="Of the random numbers.")
    share_spread: float = Field(
        default=0.5, ge=0.0, le=2.0,
        description="Standard deviation of the log-odds of market shares whose rows give no low and high, ten years "
        "after the last observed year; 0 holds all market shares.",
    )  # fmt: skip


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
    statements: dict[Text, Change] = Field(
        min_length=1,
        description="What is said of each mineral: least and most change of its demand against the baseline, e.g. "
        "graphite = [-0.26, -0.24].",
    )
    baseline: Text = Field(default="", description="Scenario that changes are against; the first without it.")
    year: Year | None = Field(default=None, description="Year of the mixes; the last without it.")
    held: Texts = Field(
        default=(), description="Families whose chemistries keep the proportions that they have in the baseline."
    )
    silicon: Literal["held", "free"] = Field(
        default="held",
        description="Whether each chemistry keeps the part with silicon that it has in the baseline, or may have any.",
    )
    only_fall: Texts = Field(
        default=(), description="Families or chemistries whose share is at most that of the baseline."
    )
    only_grow: Texts = Field(
        default=(), description="Families or chemistries whose share is at least that of the baseline."
    )
    sums: dict[Text, TextOrTexts] = Field(
        default={}, description="Sums of families or chemistries that are told too, by name."
    )
    mixes: Whole = Field(
        default=100_000, ge=1000, le=1_000_000, description="How many mixes are drawn from all that fit."
    )
    seed: Whole = Field(default=1, ge=0, description="Of the random numbers.")


#: Points of a grid at most.
MOST_POINTS = 10_000
#: First parts of keys that no axis may have, and why.
NO_AXIS = {
    "study": "a point has no study of its own",
    "inputs": "all points have the same inputs",
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
    )

    def points(self) -> list[dict[str, Any]]:
        """Value of each key at each point; the last key moves first."""
        return [dict(zip(self.axes, values, strict=True)) for values in product(*self.axes.values())]


#: What makes a run less exposed.
Measure = Literal["mix", "own_cells", "stock", "plants"]
#: Amounts of money, and months of disruptions.
Amounts = Annotated[
    tuple[Annotated[float, Field(ge=0), at_most(1e5, "more than all batteries of the world cost")], ...], Strict(False)
]
Lengths = Annotated[
    tuple[Annotated[float, Field(gt=0), at_most(60, "after five years nothing stays as it was")], ...], Strict(False)
]


class Measures(Section):
    """What buys the most safety: a mix that is chosen, stocks, plants and own cells, each and together, at budgets."""

    kind: Literal["measures"] = Field(description="Kind of the study.")
    budgets: Amounts = Field(
        min_length=1, description="What is spent beyond the cheapest mix, over all years [billion USD_2025]."
    )
    which: Annotated[tuple[Measure, ...], Strict(False)] = Field(
        default=("mix", "own_cells", "stock", "plants"), min_length=1,
        description="Measures, told each alone and all together: mix (chemistries, and where their cells are made), "
        "own_cells (where cells are made, of the cheapest mix), stock (of materials that a disruption takes), plants "
        "(outside the country that makes most of a node).",
    )  # fmt: skip
    months: Lengths = Field(
        default=(12.0,), min_length=1, description="Months that a disruption lasts, in which a stock is used up once."
    )
    most_months: float = Field(
        default=6.0, ge=0, le=60, description="Most stock, in months of need; less where it keeps for less."
    )
    plant_life: float = Field(default=20.0, ge=1, le=100, description="Years over which a plant is paid.")


class Robust(ManyRuns):
    """Holds plans against several futures of supply: which one leaves the least regret, and at what price."""

    kind: Literal["robust"] = Field(description="Kind of the study.")
    futures: Texts = Field(
        default=(), description="Futures of supply, of supply_futures.csv, beside that of the run; all without it."
    )
    worlds: Literal["own", "three"] = Field(
        default="own",
        description="Reference worlds in which each of these is assumed: that of the run, or also the three of the "
        "table reference_worlds, with which each solve takes ten times as long.",
    )


#: A study, by its kind.
Study = Annotated[Sample | Sensitivity | Identify | Grid | Measures | Robust, Field(discriminator="kind")]
#: Section of each kind: the members of the union above.
KINDS: dict[str, type[Section]] = {
    kind: section
    for section in get_args(get_args(Study)[0])
    for kind in get_args(section.model_fields["kind"].annotation)
}
