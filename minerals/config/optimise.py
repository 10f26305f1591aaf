"""[optimise] of a run file: the mix of chemistries that is chosen, within limits."""
# Annotations are types here, not their text, which pydantic would compile one by one.

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter, ValidationInfo, field_validator

from ..errors import did_you_mean, listed
from .values import (
    ScenarioName,
    Section,
    Share,
    Text,
    Texts,
    Unit,
    Weight,
    Year,
    at_most,
    fraction,
    is_year,
    not_a_fraction,
)  # fmt: skip

#: What `weights` may weigh, and what a cost cap may at most allow above the least cost, as a share.
GOALS = ("expected", "worst", "cvar", "concentration", "cost")
MOST_MORE = 10.0
#: Objectives by which the most batteries are built.
BUILT = ("built", "built_kt")
#: Above this level the tail is so thin that the CVaR is the worst case up to the rounding of a solver.
HIGHEST_LEVEL = 0.9999
#: What the largest weight of an objective is at least: below it all of the objective is rounding to a solver.
LARGEST_AT_LEAST = 1e-3
#: Share above the least cost that a mix may cost where its run says nothing.
COST_CAP = 0.05
#: Least of `near`, but for 0: the set of mixes nearly as good needs some room.
LEAST_NEAR = 1e-3
NO_CAP = "the world has no demand as large; leave the cap out"
DEAREST = 'at that price no excess is bought, which is one_country = "hard"'
#: Ends of a table that a limit may be taken from, or no limit.
End = Literal["value", "low", "high", "off"]


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    """What reads a value of a kind as a section reads its keys."""
    return TypeAdapter(kind, config=Section.model_config)


def _years(value: dict[str, float]) -> dict[str, float]:
    """Shares by year."""
    if wrong := [key for key in value if not is_year(key)]:
        raise ValueError(f"has {wrong[0]!r}; expected years, e.g. {{ 2030 = 0.4, 2035 = 0.6 }}")
    return value


def _level(value: Any) -> Any:
    """A share in all years, or shares by year."""
    return _adapter(ByYear if isinstance(value, dict) else Share).validate_python(value)


def _limit(value: Any) -> Any:
    """A share, or shares by year, in all segments; or these by name in one."""
    in_segment = isinstance(value, dict) and not any(map(is_year, value))
    return _adapter(dict[str, Level]).validate_python(value) if in_segment else _level(value)


ByYear = Annotated[dict[str, Share], AfterValidator(_years)]
Level = Annotated[Any, BeforeValidator(_level)]
#: Limits of shares: NAME, NAME.YEAR, SEGMENT.NAME or SEGMENT.NAME.YEAR.
ShareLimits = dict[str, Annotated[Any, BeforeValidator(_limit)]]


def share_limits(table: Mapping[str, Any]) -> Iterable[tuple[str, str, dict[int, float]]]:
    """(segment or "" for all together, chemistry or family, {year: share}) of `max_share` or `min_share`; the year 0
    stands for all."""
    for first, below in table.items():
        named = below if isinstance(below, dict) and not any(map(is_year, below)) else None
        for name, level in (named if named is not None else {first: below}).items():
            by_year = {int(y): float(v) for y, v in level.items()} if isinstance(level, dict) else {0: float(level)}
            if by_year:
                yield ("" if named is None else first), name, by_year


class Optimise(Section):
    """The mix of chemistries that is chosen, within limits, instead of given. Needs [exposure] and [prices]."""

    scenario: Text = Field(
        description="Scenario whose demand is met, whose mix of the first year is today's, and to which the one that "
        "is told is near.",
        examples=["incumbent"],
    )
    label: Text = Field(
        default="Optimised", description="Name of the mix in tables, charts and sentences.", examples=["Chosen"]
    )
    objective: Literal["gwh_at_risk", "concentration", "cost", "weighted", "built", "built_kt"] = Field(
        default="gwh_at_risk",
        description="What is least, within the caps; or built, the most batteries that can be had (built_kt: by mass "
        "of cells), where cost_cap is above the cheapest mix with as many.",
    )
    risk: Literal["expected", "worst", "cvar"] = Field(
        default="expected", description="How losses under the disruptions of [exposure] count together."
    )
    loss: Literal["supply", "industry", "all_outside"] = Field(
        default="supply",
        description="Whose loss counts: supply (batteries that cannot be had), industry (cells that were to be made at "
        "home and cannot), or all_outside (batteries, as if others made the cells of the countries that close, which "
        "bounds stops of materials alone).",
    )
    level: Annotated[float, Unit("1")] = Field(
        default=0.8, ge=0.0, description="Level of cvar: the mean of the worst 1 − level."
    )
    likelihood: dict[str, Weight] = Field(
        default={},
        description="Weights of disruptions; 1 where none is named, and 0 for one that closes every node.",
        examples=[{"china-cells": 2.0}],
    )
    event_weights: Literal["alike", "equal", "status", "history"] = Field(
        default="alike",
        description="How disruptions count in expected and cvar, and which in worst: alike, but as likelihood says; or "
        "by a set of weighted_loss: equal (countries alike, then with and without cells), status (by what became of "
        "the measure), history (by how often and how much countries have cut).",
    )
    measure: Text = Field(
        default="weakest_hhi",
        description="Exposure that `concentration` weighs by: a weakest link of the table `exposure`.",
    )
    among: Text = Field(default="all", description="Nodes among which that weakest link is looked for.")
    weights: dict[str, Weight] = Field(
        default={},
        description="Weights of the objective `weighted`: of expected, worst, cvar, concentration and cost. Of `built` "
        "and `built_kt`: of chemistries or families, 1 where none is named.",
        examples=[{"expected": 1.0, "cost": 0.1}],
    )
    chemistries: Texts = Field(
        default=(),
        description="Codes or families that may be chosen; all whose performance is known where none is named.",
        examples=[["LFP", "Na-ion"]],
    )
    without: Texts = Field(default=(), description="Codes or families that may not be chosen.", examples=[["Li-S"]])
    growth: End = Field(default="value", description="End of growth_limit.csv that binds.")
    performance: End = Field(default="value", description="End of segment_need.csv that binds.")
    commercial: End = Field(default="value", description="End of commercial_year.csv that binds.")
    unmet: bool = Field(default=False, description="Whether demand may go unmet.")
    own_share: dict[str, Share] = Field(
        default={},
        description="Least share of batteries made at home, by year, linear between, from the first year on.",
        examples=[{"2030": 0.4}],
    )
    makers: Literal["observed", "chosen"] = Field(
        default="observed",
        description="Who makes the cells that the regions of the run import from outside: all makers there in the "
        "shares that were observed, or each as the mix chooses it, at its own price. Of regions of the run it is "
        "always chosen who makes for whom.",
    )
    maker_inputs: Literal["alike", "last", "first"] = Field(
        default="alike",
        description="Whose cells are served first by makers outside the run that are chosen, where a stop takes of "
        "what goes into them: all alike, those of this run after all others that they make in the reference world, or "
        "before them. What is left them for all is what they have in the reference world.",
    )
    max_share: Annotated[ShareLimits, Unit("1")] = Field(
        default={},
        description="Largest share of chemistries or families in a region's batteries: NAME or, by year, NAME.YEAR, "
        "linear between, from the first year on; in one use SEGMENT.NAME or SEGMENT.NAME.YEAR.",
        examples=[{"Li-S": 0.05}],
    )
    min_share: Annotated[ShareLimits, Unit("1")] = Field(
        default={},
        description="Least share of chemistries or families, as max_share.",
        examples=[{"Na-ion": {"2035": 0.1}}],
    )
    lines: bool = Field(
        default=True,
        description="Whether cells made at home need production lines, of which standing ones are sunk and new ones "
        "pay their capital.",
    )
    one_country: Literal["report", "soft", "hard"] = Field(
        default="report",
        description="EU 2024/1252, most that one third country supplies of a strategic raw material: report it, price "
        "its excess in the cost, not in the risk (soft), or bar it (hard).",
    )
    one_country_price: Annotated[
        Annotated[float, Field(ge=0), at_most(1e6, DEAREST)], Unit("million USD_2025 per kt or GWh")
    ] = Field(
        default=0.0, description="Price of that excess where it is soft [million USD per kt or GWh].", examples=[100.0]
    )
    recycled_content: bool = Field(default=False, description="Whether the least shares of EU 2023/1542 bind.")
    exclude: Text = Field(
        default="", description="Group of countries that may not supply.", examples=["countries-of-concern"]
    )
    exclude_stages: Texts = Field(
        default=(), description="Stages at which it may not; all where none is named.", examples=[["cell"]]
    )
    exclude_since: Year = Field(default=2027, description="First year in which it may not.")
    cost_cap: Annotated[float | Literal["off"] | None, Unit("1")] = Field(
        default=None,
        description="Most that the mix may cost above the cheapest one, as a share; the price of a soft excess counts "
        f"in both; off: no cap. {COST_CAP:g} where neither this nor worth is set and the objective is not cost alone.",
    examples=[0.05])  # fmt: skip
    discount_rate: Annotated[float | Literal["off", "project", "society"], Unit("1/year")] = Field(
        default="off",
        description="Rate at which costs of later years count less, to the first year that is decided: a share a year, "
        "or a row of discount_rate.csv.",
        examples=[0.04],
    )
    prices: Literal["trend", "consistent"] = Field(
        default="trend",
        description="Along what pack prices learn: the world's adoption of [prices], whatever the mix (trend), or that "
        "with the chosen mix in place of its part of these regions (consistent), which takes some more choices.",
    )
    worth: Annotated[
        Annotated[float, Field(gt=0), at_most(1e9, "no battery is worth as much; set a cost_cap instead")] | None,
        Unit("million USD_2025 per GWh"),
    ] = Field(
        default=None,
        description="What one unit less of the objective may cost, in place of a cost_cap [million USD per GWh].",
        examples=[50.0],
    )
    near: Annotated[float, Unit("1")] = Field(
        default=0.01, ge=0.0, le=1.0,
        description="A mix is nearly as good if its objective is worse by at most this share, within the "
        "cost_cap; with a worth, if cost and priced loss together are. "
        f"Told is the mix that stands for all of these; at 0 one of the best. At least {LEAST_NEAR:g}, or 0.",
    )  # fmt: skip
    ranges: Literal["default", "all", "off"] = Field(
        default="default",
        description="Of which shares it is told how far they move among mixes nearly as good: of families in 2030, "
        "2035, 2040 and in two spans of five years, of all in each year, or of none.",
    )
    frontier: Literal["certified", "exact", "off"] = Field(
        default="certified",
        description="Whether the least cost at each exposure is found: to 1 % of its span, with every edge, or not.",
    )
    unknown: Literal["off", "ends"] = Field(
        default="off",
        description="ends: the mix is also chosen if none and if all of what nobody knows stands in the country that "
        "leads it, with a stop of each such node beside the disruptions; its shares and objective are told of both.",
    )
    exposure_cap: Annotated[Annotated[float, Field(ge=0), at_most(1e9, NO_CAP)] | None, Unit("GWh")] = Field(
        default=None, description="Most GWh at risk by `risk`, over all years.", examples=[1000.0]
    )
    time_limit: Annotated[
        Annotated[float, Field(gt=0), at_most(1e6, "that is twelve days for each solve")], Unit("s")
    ] = Field(
        default=120.0, description="Of each solve [s], and half of it for all that is told of limits in conflict."
    )
    variant: dict[ScenarioName, dict[str, Any]] = Field(
        default={},
        description="Further mixes by name, variant.NAME, each with what differs: keys of [optimise], and tariff, "
        "car_tariff, cells_in_cars and credit of [prices]. Ranges, frontier and the ends of what nobody knows are told "
        "of [optimise] alone.",
        examples=[{"credit": {"credit": 30.0}}],
    )

    @field_validator("weights")
    @classmethod
    def _goals(cls, value: dict[str, float], info: ValidationInfo) -> dict[str, float]:
        if info.data.get("objective") in BUILT:  # Of chemistries, which the inputs know.
            return value
        if unknown := [name for name in value if name not in GOALS]:
            near = did_you_mean(unknown[0], GOALS) or f"; known: {listed(GOALS)}"
            raise ValueError(f"has {unknown[0]!r}{near}")
        if 0 < max(value.values(), default=0) < LARGEST_AT_LEAST:
            raise ValueError(
                f"are all below {LARGEST_AT_LEAST:g}; only how weights compare with each other counts, so write the "
                "largest as 1"
            )
        return value

    @field_validator("level")
    @classmethod
    def _below_one(cls, value: float) -> float:
        if value > 1:
            raise ValueError(not_a_fraction(value))
        if value > HIGHEST_LEVEL:
            raise ValueError(f'the worst case alone is risk = "worst"; expected at most {HIGHEST_LEVEL:g}')
        return value

    @field_validator("cost_cap", mode="before")
    @classmethod
    def _cap(cls, value: Any) -> Any:
        if value is None or value == "off":
            return value
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
            raise ValueError('expected a share of the least cost, a number of at least 0, or "off"')
        if value > MOST_MORE:
            raise ValueError(f"is a share of the least cost; for {value:g} % more write {value / 100:g}")
        return float(value)

    @field_validator("discount_rate", mode="before")
    @classmethod
    def _rate(cls, value: Any) -> Any:
        if value in ("off", "project", "society"):
            return value
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
            raise ValueError('expected a share a year, a number of at least 0, or "project", "society", "off"')
        return fraction(float(value))

    @field_validator("near")
    @classmethod
    def _room(cls, value: float) -> float:
        if 0 < value < LEAST_NEAR:
            raise ValueError(f"is too near for a solver to tell mixes apart; expected 0, or {LEAST_NEAR:g} to 1")
        return value

    @field_validator("own_share")
    @classmethod
    def _by_year(cls, value: dict[str, float]) -> dict[str, float]:
        if wrong := [key for key in value if not is_year(key)]:
            raise ValueError(f"has {wrong[0]!r}; expected years, e.g. own_share = {{ 2030 = 0.4 }}")
        return value
