"""Tables of a run file: its scope, scenarios, intensities, flows, prices, exposure and output."""
# Annotations are types here, not their text, which pydantic would compile one by one.

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from ..errors import listed
from ..units import PLAUSIBLE
from .values import (
    FilePath,
    Note,
    Section,
    Share,
    Tariff,
    Text,
    TextOrTexts,
    Texts,
    Unit,
    Whole,
    Year,
    YearList,
    at_most,
    is_year,
    whole,
)

#: Most of a mineral in a battery [kg/kWh], as in the tables, and its reason.
HEAVIEST = PLAUSIBLE["intensity"][1]
WHY_HEAVIEST = f"a whole lead-acid battery, the heaviest, is {HEAVIEST:g} kg/kWh; g/kWh are a thousandth"
#: Months of an event, up to a century as in the tables.
MonthCount = Annotated[float, Field(gt=0), Unit("month"), at_most(1_200, "no event is played longer than a century")]


class Years(Section):
    """Years of the scope: first to last, both included, every `step` years."""

    first: Year = Field(description="First year that is reported.", examples=[2025])
    last: Year = Field(description="Last year that is reported, included.", examples=[2035])
    step: Annotated[Whole, Unit("year")] = Field(
        default=1, ge=1, description="Years from one that is reported to the next."
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.last < self.first:
            raise ValueError(f"last ({self.last}) is before first ({self.first}); swap them")
        if self.step > max(self.last - self.first, 1):
            years = f"{self.first} to {self.last}"
            raise ValueError(
                f"step ({self.step}) leaves only the first of the years {years}; expected a step within them"
            )
        return self

    def labels(self) -> tuple[int, ...]:
        """The years, ascending."""
        return tuple(range(self.first, self.last + 1, self.step))


class Scope(Section):
    """What is computed."""

    regions: Texts = Field(
        min_length=1,
        description="Regions of regions.csv; one that is a sum is computed by its parts.",
        examples=[["Europe"]],
    )
    years: Years = Field(description="A year, or first and last, e.g. { first = 2025, last = 2035 }.")
    segments: Texts = Field(
        default=(), description="Uses of segments.csv; all where none is named.", examples=[["car", "stationary"]]
    )
    minerals: Texts = Field(
        default=(), description="Minerals of minerals.csv; all where none is named.", examples=[["graphite", "lithium"]]
    )
    beyond: Literal["error", "hold"] = Field(
        default="error",
        description="Years beyond the rows of a table: refused, or the nearest year is carried on unchanged (hold).",
    )

    @field_validator("years", mode="before")
    @classmethod
    def _one_year(cls, value: Any) -> Any:
        year = whole(value)
        if type(year) is int:
            return {"first": year, "last": year}
        if not isinstance(value, Years | Mapping):
            raise ValueError("expected a year, or first and last: { first = 2025, last = 2035 }")
        return value


class AdoptionCurve(Section):
    """A path of adoption: the share of a chemistry, or of a family together, along a curve."""

    curve: Literal["logistic", "gompertz"] = Field(description="Form of the curve.")
    ceiling: Annotated[Share, Field(gt=0)] = Field(description="Share that it nears in the end.", examples=[0.3])
    midpoint: Annotated[float | None, Unit("year")] = Field(
        default=None, ge=1900, le=2200,
        description="Year of half the ceiling (logistic), or of the ceiling / e (gompertz).",
    examples=[2034.0])  # fmt: skip
    speed: Annotated[
        Annotated[float, Field(gt=0), at_most(100, "that is from nothing to the ceiling within weeks")] | None,
        Unit("1/year"),
    ] = Field(
        default=None,
        description="Per year; a logistic takes 4.4 / speed years from a tenth to nine tenths of its ceiling.",
        examples=[0.5],
    )
    start: Year | None = Field(
        default=None, description="First year on the path; by default the one after the last observed.", examples=[2026]
    )
    fit: bool = Field(default=False, description="Whether midpoint and speed are found from the observed shares.")
    since: Year | None = Field(default=None, description="First observed year that a fit takes.", examples=[2019])

    @model_validator(mode="after")
    def _complete(self) -> Self:
        set_keys = [key for key in ("midpoint", "speed") if getattr(self, key) is not None]
        if self.fit and set_keys:
            raise ValueError(f"fit = true finds {listed(set_keys)}; leave one or the other out")
        if not self.fit and len(set_keys) < 2:
            raise ValueError("needs midpoint and speed, or fit = true to find them from the observed shares")
        if self.since is not None and not self.fit:
            raise ValueError("since is the first year of a fit; add fit = true or leave it out")
        return self


class CapacityLimit(Section):
    """No more cells of a chemistry than announced plants at home can make, up to and including the year `until`."""

    until: Year = Field(description="Last year in which the limit holds.", examples=[2030])
    factor: Annotated[float, Unit("1")] = Field(
        default=1.0, ge=0, le=1, description="Share of the announced nameplate that is delivered."
    )
    rest: TextOrTexts = Field(
        default=(),
        description="Chemistries or families that take what is cut off, in proportion; by default all that are not "
        "limited themselves.",
        examples=[["lfp"]],
    )


class Scenario(Section):
    """One scenario: which rows of battery_demand, market_share and silicon_uptake it takes, and what it changes."""

    label: Text = Field(default="", description="Name in tables, charts and sentences.", examples=["LFP-led"])
    demand: Text = Field(description="Scenario of battery_demand.csv.", examples=["stated-policies"])
    adoption: Text = Field(description="Scenario of market_share.csv.", examples=["lfp-led"])
    silicon: Text = Field(
        default="none",
        description='Scenario of silicon_uptake.csv; "none" for no overlay; "explicit" where market shares name blends '
        "themselves.",
        examples=["silicon-rising"],
    )
    recycling: Text = Field(
        default="",
        description="Scenario of own rows of lifetime, second_life, collection_rate, recovery_route and recovery_rate; "
        "what holds of all scenarios by default.",
        examples=["high-recycling"],
    )
    share: Annotated[dict[str, Any], Unit("1")] = Field(
        default={},
        description="Changed shares, share.SEGMENT.YEAR.CHEMISTRY or share.REGION.SEGMENT.YEAR.CHEMISTRY: a fraction, "
        'or "rest", which several divide in proportion to the shares that the tables give them.',
        examples=[{"car": {"2035": {"na_layered_nfm": 0.1, "lfp": "rest"}}}],
    )
    diffusion: Annotated[dict[str, Any], Unit("1")] = Field(
        default={},
        description="Curves of adoption, diffusion.SEGMENT.CHEMISTRY (or a family), or with a region before the "
        "segment; beside them `rest`, the chemistries that fill up to one, by default all others in proportion.",
        examples=[{"car": {"na_layered_nfm": {"curve": "logistic", "ceiling": 0.2, "midpoint": 2033.0, "speed": 0.6}}}],
    )
    capacity_limit: CapacityLimit | None = Field(default=None, description="Limit by announced plants at home.")
    met: Annotated[dict[str, dict[str, dict[str, Annotated[float, Field(ge=0, le=1)]]]], Unit("1")] = Field(
        default={},
        description="Share of the demand that is met, met.REGION.SEGMENT.YEAR, where it is not all: an optimised mix "
        "may leave some.",
        examples=[{"Europe": {"car": {"2035": 0.95}}}],
    )
    made_at_home: Annotated[dict[str, dict[str, dict[str, Annotated[float, Field(ge=0, le=1)]]]], Unit("1")] = Field(
        default={},
        description="Share of the cells that a region makes itself, made_at_home.REGION.YEAR.CHEMISTRY; of others as "
        "observed. It holds where [exposure] says nothing of it, of regions that share a pool where it is known who "
        "makes such cells, and is what an optimised mix has chosen.",
        examples=[{"Europe": {"2030": {"lfp": 0.4}}}],
    )
    cells_from: Annotated[
        dict[str, dict[str, dict[str, dict[str, Annotated[float, Field(ge=0, le=1)]]]]], Unit("1")
    ] = Field(
        default={},
        description="Share of the cells of a region that countries elsewhere make, "
        "cells_from.REGION.YEAR.CHEMISTRY.COUNTRY; what is neither theirs nor made_at_home is of the others as "
        "observed. It holds where made_at_home does, and is what an optimised mix has chosen.",
        examples=[{"Europe": {"2030": {"lfp": {"KOR": 0.2}}}}],
    )
    maker_inputs: Literal["reference", "alike", "last", "first"] = Field(
        default="reference",
        description="What of their inputs a stop of materials leaves makers of cells outside the run. By default the "
        "part that they have in the reference world, however many more cells a plan buys of them; else as much as they "
        "have there, which all their cells share `alike`, or of which those of this plan have what others leave "
        "(`last`), or all (`first`). It holds where a scenario may say who makes its cells, and is what an optimised "
        "mix was chosen with.",
    )
    follow_on: Annotated[dict[str, dict[str, dict[str, Annotated[float, Field(ge=0)]]]], Unit("kt or GWh, a year")] = (
        Field(
            default={},
            description="What others build of a node because of this plan, follow_on.REGION.YEAR.NODE [kt or GWh a "
            "year], in place of what exposure.follow_on has built: what an optimised mix has chosen. Nothing of what "
            "is not named.",
            examples=[{"Europe": {"2030": {"graphite_anode": 50.0}}}],
        )
    )
    follow_on_in: Annotated[
        dict[str, dict[str, dict[str, dict[str, Annotated[float, Field(ge=0, le=1)]]]]], Unit("1")
    ] = Field(
        default={},
        description="Part of it that stands in a country, follow_on_in.REGION.YEAR.NODE.COUNTRY, one in all; where "
        "exposure.follow_on says, by default. An optimised mix has it where some of those may not supply.",
        examples=[{"Europe": {"2030": {"graphite_anode": {"IDN": 1.0}}}}],
    )
    note: Note = Field(default="", description="What a reader should know of it.", examples=["As the ministry plans."])

    @field_validator("made_at_home", "cells_from", "follow_on", "follow_on_in")
    @classmethod
    def _of_years(cls, value: dict[str, dict[str, Any]], info: ValidationInfo) -> dict[str, dict[str, Any]]:
        if wrong := [year for by_year in value.values() for year in by_year if not is_year(year)]:
            last = "NODE" if str(info.field_name).startswith("follow_on") else "CHEMISTRY"
            raise ValueError(f"has {wrong[0]!r}; expected {info.field_name}.REGION.YEAR.{last}")
        return value


class Intensity(Section):
    """Mass of each mineral per kWh."""

    route: Literal["inventory", "derived"] = Field(
        default="inventory", description="As tables have it, or derived from the electrochemistry of cells."
    )
    trend: Literal["held", "improving"] = Field(
        default="held", description="Held at today's values in all years, or improving as intensity_trend.csv says."
    )
    cell: Annotated[dict[str, dict[str, float]], Unit("that of the number")] = Field(
        default={},
        description="Numbers of a cell changed by hand, cell.CHEMISTRY.NUMBER, which is then derived whatever the "
        "route; `silicon` among them is the mass fraction in the anode.",
        examples=[{"lfp": {"n_over_p": 1.05}}],
    )
    kg_per_kwh: Annotated[
        dict[str, dict[str, Annotated[float, Field(ge=0), at_most(HEAVIEST, WHY_HEAVIEST)]]], Unit("kg/kWh")
    ] = Field(
        default={},
        description="Intensities of cells set by hand, kg_per_kwh.CHEMISTRY.MINERAL, which go before all others; what "
        "a pack adds (pack_intensity.csv) comes on top.",
        examples=[{"lfp": {"graphite": 0.95}}],
    )


class Flows(Section):
    """Stock, scrap and recycling, where a run asks for primary demand."""

    inflow: Literal["start", "middle", "end"] = Field(
        default="middle", description="When in its year a battery enters use."
    )
    second_life: bool = Field(default=True, description="Whether retired cells are used again.")
    lines: FilePath = Field(
        default="",
        description="CSV of production lines (scenario, region, cohort, value [GWh/yr]) beside the run file; without "
        "one, lines follow from growth.",
        examples=["lines.csv"],
    )


class Prices(Section):
    """Prices by chemistry: learning curves of the world, and what closes the cost gap.

    A mix pays the duties on its imports, each maker's by its country. They are of what is imported: of cells where the
    gap of a region's cells is known, else of packs.
    """

    demand: Text = Field(
        description="Scenario of battery_demand.csv whose world GWh move the curves.", examples=["stated-policies"]
    )
    adoption: Annotated[TextOrTexts, Field(min_length=1)] = Field(
        description="Scenarios of market_share.csv whose world GWh move the curves, whatever regions the run is about; "
        "the first is drawn, and packs are priced by it.",
        examples=[["stated-trend"]],
    )
    against: Text = Field(description="Region whose cells the others are compared with.", examples=["China"])
    rate: Literal["published", "fitted"] = Field(
        default="published",
        description="Learning rates of learning_rate.csv, or for lithium-ion the one fitted to prices.",
    )
    floor: Literal["none", "minerals"] = Field(
        default="none",
        description="What learning leaves of a price: nothing, or the cost of the minerals by price_floor.csv. A "
        "published rate was learnt on whole prices; with a floor it works on what is above it, where a fitted one is "
        "higher.",
    )
    tariff: Tariff = Field(
        default=0.0,
        description="In place already, as a share of the import's value: of all imports, or by code of a country or a "
        "group of countries, tariff.CODE. A country goes before its groups, of which the highest counts; others pay "
        "none.",
        examples=[{"CHN": 0.25}],
    )
    car_tariff: Tariff = Field(
        default=0.0,
        description="On imported cars, as a share of their value, written like tariff. What falls on their cells makes "
        "imported ones dearer on average; where cars are built, and how many are sold, is held.",
        examples=[0.353],
    )
    cells_in_cars: Share = Field(
        default=0.0, description="Share of the imported cells that come inside cars.", examples=[0.3]
    )
    credit: Annotated[
        Annotated[float, Field(ge=0), at_most(1_000, "no battery costs as much per kWh")], Unit("USD_2025/kWh")
    ] = Field(
        default=0.0,
        description="In place already [USD_2025/kWh]; the table says what is needed beside both.",
        examples=[30.0],
    )

    @model_validator(mode="after")
    def _of_cars(self) -> Self:
        if self.car_tariff and not self.cells_in_cars:
            raise ValueError("car_tariff falls on no cell without cells_in_cars, the share of imported cells in cars")
        return self


class Industry(Section):
    """What cells can do and need, and who makes them, as tables beside the scenarios."""

    chemistries: Texts = Field(
        min_length=1,
        description="Chemistries that are set side by side, silicon blends too, in this order.",
        examples=[["nmc811", "lfp"]],
    )
    years: YearList = Field(
        default=(),
        description="Years of it, of the years of the scope; by default the first and the last.",
        examples=[[2025, 2030]],
    )


class _WithEnds(Section):
    """A number with a low and a high end, both or neither."""

    value: float = Field(description="The number.")
    low: float | None = Field(default=None, description="Its low end.")
    high: float | None = Field(default=None, description="Its high end.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if (self.low is None) != (self.high is None):
            raise ValueError("low and high go together; give both or neither")
        if self.low is not None and self.high is not None and not self.low <= self.value <= self.high:
            ends = f"low, value, high = {self.low:g}, {self.value:g}, {self.high:g}"
            raise ValueError(f"{ends}; expected low ≤ value ≤ high")
        return self


class Severity(_WithEnds):
    """Share that an event takes away, with its ends; a number alone has none of its own."""

    value: Share = Field(description="Share of exports, or of output, that is lost.", examples=[0.7])
    low: Share | None = Field(default=None, description="Low end; without one, that of past stops.", examples=[0.4])
    high: Share | None = Field(default=None, description="High end; given with the low one.", examples=[1.0])


class Months(_WithEnds):
    """How long an event lasts, with its ends; a number alone has none of its own."""

    value: MonthCount = Field(description="Months that it lasts.", examples=[6.0])
    low: MonthCount | None = Field(
        default=None, description="Low end; without one, that of past stops.", examples=[3.0]
    )
    high: MonthCount | None = Field(default=None, description="High end; given with the low one.", examples=[12.0])


class EventOfRun(Section):
    """An event of this run alone: who cuts which nodes, by how much, how long, and from when on."""

    label: Text = Field(
        default="", description="Name in tables, charts and sentences; by default its key.", examples=["Anodes stopped"]
    )
    country: Annotated[TextOrTexts, Field(min_length=1)] = Field(
        description="Country of countries.csv that cuts, or a list.", examples=["CHN"]
    )
    nodes: Annotated[TextOrTexts, Field(min_length=1)] = Field(
        description='Nodes of nodes.csv that are cut, or "any": every node that the country supplies.',
        examples=[["graphite_anode"]],
    )
    kind: Literal["export", "output"] = Field(
        default="export", description="What is cut: exports, or output, which all users share."
    )
    severity: Severity = Field(
        default=Severity(value=1.0),
        description="Share that is lost: a number, or { low = 0.4, value = 0.7, high = 1 }.",
    )
    months: Months = Field(
        default=Months(value=12.0),
        description="How long it lasts: a number, or { low = 3, value = 6, high = 12 }. Intervals draw "
        "them, and stress counts them: elsewhere a figure is that of twelve months.",
    )
    start: Year | None = Field(
        default=None, description="Year from which on it is played; by default the first.", examples=[2027]
    )
    instrument: Literal["", "licence", "quota", "ban", "stop"] = Field(
        default="",
        description="How exports are cut: ends that are not given are those of past stops by it; stop: of all past "
        "stops. Without one there are none.",
        examples=["licence"],
    )
    status: Literal["in_force", "suspended", "announced", "ended", "hypothetical"] = Field(
        default="hypothetical", description="What became of the measure; what is not in force is marked."
    )
    note: Note = Field(default="", description="What a reader should know of it.", examples=["Announced in October."])

    @field_validator("severity", "months", mode="before")
    @classmethod
    def _number_alone(cls, value: Any) -> Any:
        return {"value": value} if isinstance(value, int | float) and not isinstance(value, bool) else value

    @model_validator(mode="after")
    def _past_of_exports(self) -> Self:
        if self.instrument and self.kind == "output":
            raise ValueError("instrument is of stops of exports; leave it out, and give low and high of the severity")
        return self


def _event_code(text: str) -> str:
    """A text that can be the code of an event, as in disruption.csv."""
    if not re.fullmatch(r"[a-z0-9-]+", text):
        raise ValueError("is no code of an event; expected small letters, digits and -, and anything else as its label")
    return text


class Exposure(Section):
    """Chokepoints of a run, and the batteries that cannot be built when one closes.

    The reference world is a scenario like any other, of `demand`, `adoption`, `silicon`, `share` and `diffusion`, but
    of the whole world and all uses. Where the supply of a node is neither published nor known by its plants, it is the
    need of that world ÷ the utilisation of plants; what is exported is shared by what regions need there. Supply so
    never depends on the scenario that is assessed.
    """

    demand: Text = Field(
        description="Scenario of battery_demand.csv of the reference world.", examples=["stated-policies"]
    )
    adoption: Text = Field(
        description="Scenario of market_share.csv of the reference world.", examples=["stated-trend"]
    )
    silicon: Text = Field(
        default="none",
        description='Scenario of silicon_uptake.csv of the reference world; "none" for no overlay; "explicit" where '
        "its market shares name blends themselves.",
        examples=["silicon-rising"],
    )
    share: Annotated[dict[str, Any], Unit("1")] = Field(
        default={},
        description="Changed shares of the reference world, as scenario.NAME.share has those of a scenario.",
        examples=[{"car": {"2035": {"lmfp": 0.1, "lfp": "rest"}}}],
    )
    diffusion: Annotated[dict[str, Any], Unit("1")] = Field(
        default={},
        description="Curves of adoption of the reference world, as in scenario.NAME.diffusion.",
        examples=[{"car": {"lmfp": {"curve": "logistic", "ceiling": 0.2, "midpoint": 2033.0, "speed": 0.6}}}],
    )
    future: Text = Field(default="today", description="Supply, of supply_futures.csv.", examples=["announced"])
    other_futures: Texts = Field(
        default=(),
        description="Other futures in which what the disruptions cost in the last year is told beside it.",
        examples=[["announced"]],
    )
    made_at_home: Annotated[Share | dict[str, Share] | None, Unit("1")] = Field(
        default=None,
        description="Share of the cells made where they are used, one number or by year; by own plants as observed "
        "where it is left out.",
        examples=[{"2030": 0.4}],
    )
    origin: dict[str, Share] = Field(
        default={},
        description="Share of the cells that countries elsewhere make, by code or label; others follow.",
        examples=[{"CHN": 0.8}],
    )
    disruptions: Texts = Field(
        default=(),
        description="Codes of disruption.csv; all that it marks as played where none is named.",
        examples=[["china-graphite-anode"]],
    )
    library: Literal["listed", "rule"] = Field(
        default="listed",
        description="Which disruptions are played: listed, those above and those of this run; rule, beside them the "
        "full stop of every supplier that would cost more than 2 % of a year's plan, or a quarter of the cells of a "
        "chemistry (where [optimise] chooses the mix, of any that may have a share), and each stop of materials with "
        "and without the country's cells.",
    )
    event: dict[Annotated[str, AfterValidator(_event_code)], EventOfRun] = Field(
        default={}, description="Events of this run alone by their code, which are played after those of the library."
    )
    concern: Text = Field(default="countries-of-concern", description="Countries of concern, of country_groups.csv.")
    allies: Text = Field(default="allies", description="Allies, of country_groups.csv.")
    nodes: Texts = Field(
        default=(),
        description="Nodes that are active instead of the one they measure the same step as.",
        examples=[["li_ion_cell_capacity"]],
    )
    stockpile_months: Annotated[float, Unit("month")] = Field(
        default=0.0, ge=0.0, le=60.0, description="Stock of each node, in months of planned need.", examples=[3.0]
    )
    delivery: Annotated[float, Unit("1")] = Field(
        default=0.4, ge=0.0, le=1.0, description="Share of announced plants that is delivered."
    )
    follow_on: Literal["pipeline", "today", "none"] = Field(
        default="pipeline",
        description="Where plants are built because the regions of the run plan for them: pipeline, where the world's "
        "next plants come (marginal_location.csv; nodes without rows as today); today, as supply stands in the last "
        "year of observed demand, after which plans start; none, nowhere. A mix that [optimise] chooses also chooses "
        "how much of this it has built, and pays what the product costs more than in the country that makes most, "
        "where that is known (expansion_cost.csv, material_price.csv).",
    )
    unknown: Literal["none", "centre", "all"] = Field(
        default="none",
        description="How much of what nobody knows stands in the country that leads it, and stops with it: none; "
        "centre, its share of the cathodes that go with it, or of the node where that alone is known; all. With centre "
        "and all a stop of each such node is played too, where disruptions names no others.",
    )
    draws: Annotated[Whole, Unit("draws")] = Field(
        default=1000, ge=0, le=100_000,
        description="Draws of what the disruptions that cost most take in the last year, or all of them in all years "
        "in stress (at most 500 of years before the last); 0 for none.",
    )  # fmt: skip
    seed: Annotated[Whole, Unit("seed")] = Field(default=2026, ge=0, description="Of the random numbers of the draws.")
    share_spread: Annotated[float, Unit("log-odds")] = Field(
        default=0.5, ge=0.0, le=2.0,
        description="Standard deviation of the log-odds of market shares whose rows give no low and high in the draws, "
        "ten years after the last observed year, as in a sample; 0 holds all market shares.",
    )  # fmt: skip
    threshold: Annotated[float, Unit("1")] = Field(
        default=0.1, gt=0.0, lt=1.0,
        description="Share of planned batteries, short or at risk, whose first year below it is told.",
    )  # fmt: skip

    @field_validator("made_at_home")
    @classmethod
    def _by_year(cls, value: float | dict[str, float] | None) -> float | dict[str, float] | None:
        if isinstance(value, dict) and (wrong := [key for key in value if not is_year(key)]):
            raise ValueError(f"has {wrong[0]!r}; expected years, e.g. made_at_home = {{ 2030 = 0.4 }}")
        return value

    @field_validator("origin")
    @classmethod
    def _within_one(cls, value: dict[str, float]) -> dict[str, float]:
        if (total := sum(value.values())) > 1 + 1e-9:
            raise ValueError(f"the shares sum to {total:g}; expected 1 at most")
        return value

    @model_validator(mode="after")
    def _origin_within_one(self) -> Self:
        at_home = self.made_at_home
        if at_home == {}:
            raise ValueError("made_at_home names no year; expected a share, or shares by year as { 2030 = 0.5 }")
        most = max(at_home.values()) if isinstance(at_home, dict) else at_home or 0.0
        if (total := most + sum(self.origin.values())) > 1 + 1e-9:
            raise ValueError(f"made_at_home and origin sum to {total:g}; expected 1 at most")
        return self


class Output(Section):
    """What a run writes beside its tables."""

    charts: Texts | None = Field(
        default=None,
        description="Charts that are drawn; all that its tables allow where none is named.",
        examples=[["demand_by_mineral", "stress"]],
    )
