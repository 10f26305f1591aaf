"""Run files: what a study wants, in TOML. The only reader of run files.

A run file may inherit another one (`base = "other.toml"`) and be changed from the command line (`--set key=value`).
It is read into frozen models that forbid unknown keys; every problem is reported with its file and line.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    ValidationError,
    field_validator,
    model_validator,
)

from .errors import InputError, Problem, UsageError, did_you_mean, listed
from .shipped import run_file, run_names
from .text import LONGEST_NOTE, LONGEST_TEXT, SHOWN, plain, plain_name, shown, unprintable
from .toml import ESCAPE, LARGEST, Keys, Unreadable, decoded, key_lines, parsed, statement, wrong

COMMAND_LINE = "--set"
#: Scenario of the mix that [optimise] chooses.
OPTIMISED = "optimised"
#: Key beside paths of adoption that names the chemistries which fill up to one.
REST = "rest"


#: Run files that inherit one another, at most: a longer chain is one by mistake.
LONGEST_CHAIN = 50


class _Model(BaseModel):
    """Values are what they are written as: true is no 1, "off" is no false, and a number is finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def _whole(value: Any) -> Any:
    """A whole number that is written with a dot or an exponent, as 2030.0 or 1e4, is one, up to where a number with a
    dot no longer holds every digit."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


def _path(text: str) -> str:
    """A path as the system takes it, from the end of a file name to that of a long path."""
    if unprintable(text):
        raise ValueError(f"holds {unprintable(text)}, which no path has; {ESCAPE}")
    return plain(text, 4_000)


def _note(text: str) -> str:
    return plain(text, LONGEST_NOTE)


def _once(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names of a list, of which none stands twice."""
    if twice := [name for at, name in enumerate(names) if name in names[:at]]:
        raise ValueError(f"names {shown(twice[0])} twice; name it once")
    return names


def _most(limit: float, why: str) -> AfterValidator:
    """No number above a limit, with the reason."""

    def check(value: float | None) -> float | None:
        if value is not None and value > limit:
            raise ValueError(f"expected at most {limit:,.10g}; {why}")
        return value

    return AfterValidator(check)


def _weight(value: float) -> float:
    """A weight among others, which are compared with each other only."""
    if value and not LEAST_WEIGHT <= value <= MOST_WEIGHT:
        ends = f"from {LEAST_WEIGHT:f} to {MOST_WEIGHT:,.0f}"
        raise ValueError(f"expected 0, or a number {ends}: only how weights compare with each other counts")
    return value


#: Ends of weights, between which a solver still tells them apart, and what the largest of an objective is at least:
#: below it all of the objective is rounding to a solver.
LEAST_WEIGHT, MOST_WEIGHT, LARGEST_AT_LEAST = 1e-6, 1e6, 1e-3
#: A text that can be shown; a list of them, which a record reads back from JSON; a scenario's name; a path; a whole
#: number.
Text = Annotated[str, AfterValidator(plain)]
Texts = Annotated[tuple[Text, ...], Strict(False), AfterValidator(_once)]
ScenarioName = Annotated[str, AfterValidator(plain_name)]
FilePath = Annotated[str, AfterValidator(_path)]
Whole = Annotated[int, BeforeValidator(_whole)]
Weight = Annotated[float, Field(ge=0), AfterValidator(_weight)]


class Years(_Model):
    """Years of the scope: first to last, both included, every `step` years."""

    first: Whole = Field(ge=1990, le=2100)
    last: Whole = Field(ge=1990, le=2100)
    step: Whole = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _ordered(self) -> Years:
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


class Scope(_Model):
    """What is computed: regions, years, and optionally only some segments and minerals (default: all)."""

    regions: Texts = Field(min_length=1)
    years: Years
    segments: Texts = ()
    minerals: Texts = ()
    beyond: Literal["error", "hold"] = "error"

    @field_validator("years", mode="before")
    @classmethod
    def _one_year(cls, value: Any) -> Any:
        year = _whole(value)
        if type(year) is int:
            return {"first": year, "last": year}
        if not isinstance(value, Years | Mapping):
            raise ValueError("expected a year, or first and last: { first = 2025, last = 2035 }")
        return value


def _fraction(value: float) -> float:
    if value > 1:
        raise ValueError(not_a_fraction(value))
    return value


class Curve(_Model):
    """A path of adoption: the share of a chemistry, or of a family together, along a curve.

    ceiling: share it nears in the end; midpoint: year of half the ceiling (logistic) or of the ceiling / e (gompertz);
    speed: per year, so that a logistic takes 4.4 / speed years from a tenth to nine tenths of its ceiling. With fit
    they are found from the observed shares instead, from the year `since` on. start: first year on the path, by default
    the one after the last observed.
    """

    curve: Literal["logistic", "gompertz"]
    ceiling: Annotated[float, Field(gt=0), AfterValidator(_fraction)]
    midpoint: float | None = Field(default=None, ge=1900, le=2200)
    speed: Annotated[float, Field(gt=0), _most(100, "that is from nothing to the ceiling within weeks")] | None = None
    start: Whole | None = Field(default=None, ge=1990, le=2100)
    fit: bool = False
    since: Whole | None = Field(default=None, ge=1990, le=2100)

    @model_validator(mode="after")
    def _whole(self) -> Curve:
        given = [key for key in ("midpoint", "speed") if getattr(self, key) is not None]
        if self.fit and given:
            raise ValueError(f"fit = true finds {listed(given)}; leave one or the other out")
        if not self.fit and len(given) < 2:
            raise ValueError("needs midpoint and speed, or fit = true to find them from the observed shares")
        if self.since is not None and not self.fit:
            raise ValueError("since is the first year of a fit; add fit = true or leave it out")
        return self


class CapacityLimit(_Model):
    """No more cells of a chemistry than announced plants at home can make, up to and including the year `until`.

    factor: share of the announced nameplate that is delivered; rest: chemistries or families that take what is cut off,
    in proportion (default: all that are not limited themselves).
    """

    until: Whole = Field(ge=1990, le=2100)
    factor: float = Field(default=1.0, ge=0, le=1)
    rest: Texts = ()

    @field_validator("rest", mode="before")
    @classmethod
    def _one(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value


class Scenario(_Model):
    """One scenario: which rows of battery_demand, market_share and silicon_uptake it takes, and what it changes.

    silicon: a scenario of silicon_uptake; "none" for no overlay; "explicit" where market shares name blends
    themselves. share: changed shares, `share.<segment>.<year>.<chemistry>` or
    `share.<region>.<segment>.<year>.<chemistry>`, a fraction or "rest". diffusion: curves of adoption,
    `diffusion.<segment>.<chemistry or family>` or with a region before the segment, and beside them `rest`, the
    chemistries that fill up to one (default: all others in proportion). capacity_limit: see CapacityLimit. met: share
    of the demand that is met, `met.<region>.<segment>.<year>`, where it is not all: an optimised mix may leave some.
    """

    label: Text = ""
    demand: Text
    adoption: Text
    silicon: Text = "none"
    share: dict[str, Any] = {}
    diffusion: dict[str, Any] = {}
    capacity_limit: CapacityLimit | None = None
    met: dict[str, dict[str, dict[str, Annotated[float, Field(ge=0, le=1)]]]] = {}
    note: Annotated[str, AfterValidator(_note)] = ""


HEAVIEST = "a mineral at 10 kg/kWh is a battery of 100 Wh/kg of it alone; g/kWh are a thousandth"


class Intensity(_Model):
    """Mass of each mineral per kWh: as `inventory` tables have it, or `derived` from the electrochemistry of cells.

    cell: numbers of a cell changed by hand, `cell.<chemistry>.<number>`, which is then derived whatever the route;
    `silicon` among them is the mass fraction in the anode. kg_per_kwh: intensities given by hand,
    `kg_per_kwh.<chemistry>.<mineral>`, which go before all others. trend: whether intensities are `held` at today's
    values in all years, or `improving` as intensity_trend.csv says, whatever the route.
    """

    route: Literal["inventory", "derived"] = "inventory"
    trend: Literal["held", "improving"] = "held"
    cell: dict[str, dict[str, float]] = {}
    kg_per_kwh: dict[str, dict[str, Annotated[float, Field(ge=0), _most(10, HEAVIEST)]]] = {}


class Flows(_Model):
    """Stock, scrap and recycling, where a run asks for primary demand.

    inflow: when in its year a battery enters use; second_life: whether retired cells are used again; lines: a CSV of
    production lines (scenario, region, cohort, value [GWh/yr]) beside the run file, else lines follow from growth.
    """

    inflow: Literal["start", "middle", "end"] = "middle"
    second_life: bool = True
    lines: FilePath = ""


class Study(_Model):
    """Many runs of one: `sample` draws every uncertain input and gives percentiles; `sensitivity` asks which matter.

    draws: how many; seed: of the random numbers; workers: processes, which never change the result; share_spread:
    standard deviation of the logarithm of market shares (0: shares are certain); detail: percentiles of every region
    and their sum, or of the sum alone, which takes less memory and disk.
    """

    kind: Literal["sample", "sensitivity"]
    draws: Whole = Field(default=2000, ge=20, le=10_000_000)
    seed: Whole = Field(default=1, ge=0)
    workers: Whole = Field(default=1, ge=1, le=256)
    share_spread: float = Field(default=0.0, ge=0.0, le=2.0)
    detail: Literal["region", "total"] = "region"


class Prices(_Model):
    """Prices by chemistry, where a run asks for them: learning curves of the world, and what closes the cost gap.

    demand, adoption: scenarios of battery_demand and market_share whose world GWh move the curves, whatever regions the
    run is about; the first adoption is the one drawn. against: region whose cells the others are compared with. rate:
    learning rates of learning_rate.csv, or for lithium-ion the one fitted to observed prices. tariff (share of the
    import's value), credit (USD_2025/kWh): in place already; the table says what is needed beside them. A mix pays the
    tariff on all its imports, up to the year from which a group of countries may deliver no cells.
    """

    demand: Text
    adoption: Texts = Field(min_length=1)
    against: Text
    rate: Literal["published", "fitted"] = "published"
    tariff: float = Field(default=0.0, ge=0.0, le=10.0)
    credit: Annotated[float, Field(ge=0), _most(1_000, "no battery costs as much per kWh")] = 0.0

    @field_validator("adoption", mode="before")
    @classmethod
    def _one_adoption(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value


class Exposure(_Model):
    """Chokepoints of a run, and the batteries that cannot be built when one closes.

    demand, adoption: scenarios of battery_demand and market_share whose world is the reference: where the supply of a
    node is not published it is the need of that world and a headroom, and what is exported is shared by what regions
    import there, so that supply never depends on the scenario assessed. future: of supply_futures.csv. disruptions:
    codes of disruption.csv, default all that it marks as played. concern, allies: groups of countries.
    nodes: nodes that are active instead of the one they measure the same step as. stockpile_months: of planned need;
    delivery: share of announced plants that is delivered; threshold: share of planned batteries, short or at risk,
    whose first year below it is told.
    """

    demand: Text
    adoption: Text
    future: Text = "today"
    disruptions: Texts = ()
    concern: Text = "countries-of-concern"
    allies: Text = "allies"
    nodes: Texts = ()
    stockpile_months: float = Field(default=0.0, ge=0.0, le=60.0)
    delivery: float = Field(default=0.4, ge=0.0, le=1.0)
    threshold: float = Field(default=0.1, gt=0.0, lt=1.0)


#: Above this level the tail is so thin that the CVaR is the worst case up to the rounding of a solver.
HIGHEST_LEVEL = 0.9999
NO_CAP = "the world has no demand as large; leave the cap out"
DEAREST = 'at that price no excess is bought, which is one_country = "hard"'
#: What `weights` may weigh, and what a cost cap may at most allow above the least cost, as a share.
GOALS = ("expected", "worst", "cvar", "concentration", "cost")
MOST_MORE = 10.0


class Optimise(_Model):
    """The mix of chemistries that is chosen, within limits, instead of given. Needs [exposure] and [prices].

    scenario: whose demand is met, whose mix of the first year is today's, and which is changed least; label: of the
    mix. objective: `gwh_at_risk`, `concentration`, `cost`, or `weighted` by `weights` of expected, worst, cvar,
    concentration and cost; then cost, then least change. risk: of the losses under the disruptions of [exposure]
    `expected`, `worst`, or `cvar` at the `level`; likelihood: weights of disruptions, default 1, and 0 for one that
    closes every node. measure: of exposure that `concentration` weighs by, a weakest link of the table `exposure`, and
    among which nodes.

    chemistries: that may be chosen, codes or families, default all whose performance is known; without: those that may
    not. growth, performance, commercial: the end of growth_limit, segment_need and commercial_year that binds, or
    `off`. unmet: whether demand may go unmet. own_share: least share of batteries made at home, by year, linear
    between, from the first year on; lines: whether cells made at home need production lines.

    one_country: EU 2024/1252, most that one third country supplies of a strategic raw material: `report` it, price its
    excess in the cost, not in the risk (`soft`, at one_country_price [million USD per kt or GWh]), or bar it (`hard`).
    recycled_content: whether the least shares of EU 2023/1542 bind. exclude: a group of countries that may not supply,
    in the stages exclude_stages, from exclude_since on.

    cost_cap: most that the mix may cost above the cheapest one, as a share, the price of a `soft` excess counted in
    both; exposure_cap: most GWh at risk by `risk`, over all years. time_limit: of each solve [s], and half of it for
    all that is told of limits that contradict each other.
    """

    scenario: Text
    label: Text = "Optimised"
    objective: Literal["gwh_at_risk", "concentration", "cost", "weighted"] = "gwh_at_risk"
    risk: Literal["expected", "worst", "cvar"] = "expected"
    level: float = Field(default=0.8, ge=0.0)
    likelihood: dict[str, Weight] = {}
    measure: Text = "weakest_hhi"
    among: Text = "all"
    weights: dict[str, Weight] = {}
    chemistries: Texts = ()
    without: Texts = ()
    growth: Literal["value", "low", "high", "off"] = "value"
    performance: Literal["value", "low", "high", "off"] = "value"
    commercial: Literal["value", "low", "high", "off"] = "value"
    unmet: bool = False
    own_share: dict[str, Annotated[float, Field(ge=0), AfterValidator(_fraction)]] = {}
    lines: bool = True
    one_country: Literal["report", "soft", "hard"] = "report"
    one_country_price: Annotated[float, Field(ge=0), _most(1e6, DEAREST)] = 0.0
    recycled_content: bool = False
    exclude: Text = ""
    exclude_stages: Texts = ()
    exclude_since: Whole = Field(default=2027, ge=1990, le=2100)
    cost_cap: float | None = Field(default=None, ge=0.0)
    exposure_cap: Annotated[float, Field(ge=0), _most(1e9, NO_CAP)] | None = None
    time_limit: Annotated[float, Field(gt=0), _most(1e6, "that is twelve days for each solve")] = 120.0

    @field_validator("weights")
    @classmethod
    def _goals(cls, value: dict[str, float]) -> dict[str, float]:
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

    @field_validator("cost_cap")
    @classmethod
    def _cap(cls, value: float | None) -> float | None:
        if value is not None and value > MOST_MORE:
            raise ValueError(f"is a share of the least cost; for {value:g} % more write {value / 100:g}")
        return value

    @field_validator("own_share")
    @classmethod
    def _by_year(cls, value: dict[str, float]) -> dict[str, float]:
        if wrong := [key for key in value if not _is_year(key)]:
            raise ValueError(f"has {wrong[0]!r}; expected years, e.g. own_share = {{ 2030 = 0.4 }}")
        return value


class Output(_Model):
    """What a run writes beside its tables: the charts named, by default all that its tables allow."""

    charts: Texts | None = None


class RunFile(_Model):
    """The whole run file after inheritance and `--set`."""

    title: Text = Field(min_length=1)
    inputs: FilePath = ""
    scope: Scope
    scenario: dict[ScenarioName, Scenario] = Field(min_length=1)
    intensity: Intensity = Intensity()
    flows: Flows | None = None
    study: Study | None = None
    prices: Prices | None = None
    exposure: Exposure | None = None
    optimise: Optimise | None = None
    output: Output = Output()

    @field_validator("intensity", mode="before")
    @classmethod
    def _route_alone(cls, value: Any) -> Any:
        return {"route": value} if isinstance(value, str) else value


@dataclass(frozen=True)
class ShareChange:
    """One changed share. region is '' for every region; share is None for the rest that the others leave; chosen:
    whether a model chose it, rather than the run file."""

    region: str
    segment: str
    year: int
    chemistry: str
    share: float | None
    path: Keys
    chosen: bool = False


@dataclass(frozen=True)
class Diffusion:
    """One path of adoption. region is '' for every region; chemistry may name a family."""

    region: str
    segment: str
    chemistry: str
    curve: Curve
    path: Keys


@dataclass(frozen=True)
class Rest:
    """The chemistries or families that fill what the paths of a segment leave. region is '' for every region."""

    region: str
    segment: str
    chemistries: tuple[str, ...]
    path: Keys


@dataclass(frozen=True)
class Run:
    """A run file that is sound in itself; whether its names exist is asked of the inputs later.

    name: the file's stem, which names the result folder; changes, diffusion: by scenario; origin: (file, line) of each
    key path.
    """

    name: str
    path: Path
    settings: RunFile
    changes: dict[str, tuple[ShareChange, ...]]
    sets: tuple[str, ...] = ()
    origin: Mapping[Keys, tuple[str, int]] = field(default_factory=dict, repr=False)
    diffusion: Mapping[str, tuple[Diffusion | Rest, ...]] = field(default_factory=dict)

    def place(self, *path: str) -> tuple[str, int]:
        """(file, line) of a key path, or of the nearest table above it."""
        return _place(self.origin, path, self.path.name)

    def problem(self, path: Iterable[str], what: str, why: str) -> Problem:
        """A problem at a key path of this run."""
        file, line = self.place(*path)
        return Problem(file, line, what, why)


def find_run_file(name: str | Path) -> Path:
    """The run file as given, or the shipped one of that name. Raises UsageError with what there is."""
    path = Path(name)
    if code := unprintable(str(name)):
        raise UsageError(f"no run file {shown(str(name))}; its name holds {code}, a character that cannot be shown")
    if _is_file(path):
        return path
    if found := run_file(path):
        return found
    if str(name) and os.path.isdir(path):
        of_result = os.path.isfile(path / "record.json")
        way_out = f"to repeat its run name {path / 'record.json'}" if of_result else "name a run file, with its .toml"
        raise UsageError(f"{name} is a folder; {way_out}")
    known = run_names()
    hint = did_you_mean(path.stem, known)
    wanted = name if len(str(name)) <= LONGEST_TEXT else shown(str(name))
    raise UsageError(f"no run file {wanted}{hint}\nshipped: {listed(known)} (e.g. minerals run {known[0]}.toml)")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # A name that the system does not take, e.g. one too long.
        return False


def read_run(name: str | Path, sets: Sequence[str] = ()) -> Run:
    """Read a run file with its bases and `--set` changes. Raises UsageError (no such file), InputError (problems)."""
    path = find_run_file(name)
    problems: list[Problem] = []
    data, origin = _merged(path, problems, ())
    for text in sets:
        _set(data, origin, text, problems)
    if problems:
        raise InputError(problems)
    try:
        settings = RunFile.model_validate(data)
    except ValidationError as error:
        # Of a list that holds something wrong, pydantic says too that what is left is too short.
        found = [item for item in error.errors() if item["type"] != "too_short" or not item["input"]]
        raise InputError([_model_problem(item, origin, path.name) for item in found]) from None
    changes = {
        scenario: tuple(_share_changes(("scenario", scenario, "share"), value.share, origin, path.name, problems))
        for scenario, value in settings.scenario.items()
    }
    diffusion = diffusion_of(settings, origin, path.name, problems)
    if problems:
        raise InputError(problems)
    return Run(path.stem, path, settings, changes, tuple(sets), origin, diffusion)


def _contents(path: Path) -> tuple[dict[str, Any], dict[Keys, int]]:
    """Tables of one run file, and the line of each key. Raises Unreadable."""
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        raise Unreadable(0, f"cannot be read: {error.strerror}") from None
    text = decoded(raw)
    data = parsed(text)
    if not data:
        raise Unreadable(0, "is empty; expected title, [scope] and [scenario.NAME]")
    return data, key_lines(text)


def _merged(
    path: Path, problems: list[Problem], below: tuple[Path, ...]
) -> tuple[dict[str, Any], dict[Keys, tuple[str, int]]]:
    """Contents of a run file laid over those of its base, and where each key stands; below: the files that inherit
    it."""
    try:
        data, lines = _contents(path)
    except Unreadable as error:
        problems.append(Problem(path.name, error.line, "", str(error)))
        return {}, {}
    origin = {key: (path.name, line) for key, line in lines.items()}
    found = [Problem(*_place(origin, at, path.name), ".".join(at), why) for at, why in wrong(data)]
    base = data.pop("base", None)
    if found or base is None:
        problems += found
        return data, origin
    chain = (*below, path.resolve())
    target, why = _base(base, path, chain)
    if target is None:
        problems.append(Problem(path.name, lines.get(("base",), 0), f"base = {shown(base)}", why))
        return {}, {}
    base_data, base_origin = _merged(target, problems, chain)
    for keys in (("inputs",), ("flows", "lines")):
        _move(base_data, keys, target.parent, path.parent)
    return _overlay(base_data, data), {**base_origin, **origin}


def _base(base: object, path: Path, chain: tuple[Path, ...]) -> tuple[Path | None, str]:
    """The run file that `base` of a run file names, or None and why there is none."""
    if not isinstance(base, str) or not base.strip():
        return None, "expected the name of a run file in quotes"
    if code := unprintable(base):
        return None, f"holds {code}, which no path has; {ESCAPE}"
    beside = path.parent / base
    target = beside if _is_file(beside) else run_file(base)
    if target is None and not _is_file(beside) and os.path.isdir(beside):
        return None, "is a folder; expected the name of a run file"
    if target is None:
        near = did_you_mean(base, [other.name for other in path.parent.glob("*.toml")])
        return None, f"no such run file beside {path.name}{near}"
    if target.resolve() in chain:
        return None, f"inherits itself: {' → '.join(part.name for part in (*chain, target))}; remove one base"
    if len(chain) >= LONGEST_CHAIN:
        return None, f"is the base of {LONGEST_CHAIN} run files in a row, and more are not read; inherit fewer"
    return target, ""


def _move(data: dict[str, Any], keys: Keys, written_in: Path, read_in: Path) -> None:
    """Re-write a path that a base names beside itself as one beside the file that inherits it."""
    for key in keys[:-1]:
        data = data.get(key, {})
    value = data.get(keys[-1]) if isinstance(data, dict) else None
    if isinstance(value, str) and value:
        data[keys[-1]] = os.path.relpath(written_in / value, read_in)


def _overlay(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Tables are merged key by key; anything else replaces."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = _overlay(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def _set(data: dict[str, Any], origin: dict[Keys, tuple[str, int]], text: str, problems: list[Problem]) -> None:
    """Apply one `key.path=value`; the value is TOML, or a text where it is not."""
    place = f"{COMMAND_LINE} {text if len(text) <= SHOWN and not unprintable(text) else shown(text)}"
    try:
        path, value = statement(text)
    except Unreadable as error:
        problems.append(Problem(place, 0, "", str(error)))
        return
    if found := next(iter(wrong(value, path)), None):
        problems.append(Problem(place, 0, ".".join(found[0]), found[1]))
        return
    table = data
    for depth, part in enumerate(path[:-1], start=1):
        below = table.get(part)
        if not isinstance(below, dict):  # A table that this change makes.
            origin[path[:depth]] = (place, 0)
        table[part] = dict(below) if isinstance(below, dict) else {}
        table = table[part]
    table[path[-1]] = value
    origin[path] = (place, 0)


#: What pydantic finds of a value → what was expected.
EXPECTED = {
    "tuple_type": 'a list in brackets, e.g. ["one", "another"]',
    "model_type": "a table of keys",
    "dict_type": "a table of keys",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "a text in quotes",
    "finite_number": "a finite number",
}


def _model_problem(item: Any, origin: Mapping[Keys, tuple[str, int]], file: str) -> Problem:
    """One pydantic error in the user's words."""
    path = tuple(map(str, item["loc"]))
    path = path[:-1] if path[-1:] == ("[key]",) else path
    where, line = _place(origin, path, file)
    key, kind, value = ".".join(path), item["type"], item["input"]
    if kind == "extra_forbidden":
        known = [name for name in _keys_at(path[:-1]) if name != "base" or not where.startswith(COMMAND_LINE)]
        why = f"not a key of {'.'.join(path[:-1]) or 'the run file'}{did_you_mean(path[-1], known)}"
        return Problem(where, line, f"key {shown(path[-1])}", f"{why} (keys: {listed(known)})")
    if kind == "missing":
        return Problem(where, line, f"key '{key}'", "missing; add it")
    if item["loc"][-1:] == ("[key]",):
        return Problem(where, line, f"{'.'.join(path[:-1])} {shown(path[-1])}", _message(item))
    shown_value = key if isinstance(value, dict) else f"{key} = {shown(value)}"
    return Problem(where, line, shown_value, _message(item))


def _message(item: Any) -> str:
    """What was expected of a value, and what it is instead."""
    kind, value = item["type"], item["input"]
    if kind in ("too_short", "string_too_short"):
        return "expected at least one" if kind == "too_short" else "expected a text"
    if kind not in EXPECTED:
        message = re.sub(r"^(Value error|Input|Assertion failed),? ?", "", item["msg"]).strip()
        return str(message[0].lower() + message[1:])
    expected = f"expected {EXPECTED[kind]}"
    if isinstance(value, bool) and kind in ("int_type", "float_type"):
        return f"{expected}, and {shown(value)} is none"
    if isinstance(value, str) and kind in ("int_type", "float_type", "bool_type"):
        return f"{expected}, without quotes" if _fits(value, kind) else expected
    return expected


def _fits(text: str, kind: str) -> bool:
    """Whether a text in quotes would be of the kind expected without them."""
    if kind == "bool_type":
        return True
    return bool(re.fullmatch(r"[+-]?[0-9]+" if kind == "int_type" else r"[+-]?[0-9.]+([eE][+-]?[0-9]+)?", text))


#: Tables of a run file by their last key.
SECTIONS: dict[str, type[BaseModel]] = {
    "scope": Scope, "years": Years, "intensity": Intensity, "flows": Flows, "study": Study, "prices": Prices,
    "exposure": Exposure, "optimise": Optimise, "output": Output,
}  # fmt: skip

IN_SCENARIO: dict[str, type[BaseModel]] = {"diffusion": Curve, "capacity_limit": CapacityLimit}


def _keys_at(path: Keys) -> list[str]:
    """Keys that the models allow at a path."""
    model = SECTIONS.get(path[-1], RunFile) if path else RunFile
    if path[:1] == ("scenario",):
        model = IN_SCENARIO.get("".join(path[2:3]), Scenario)
    keys = list(model.model_fields)
    return [*keys, "base"] if model is RunFile else keys


def _share_changes(
    path: Keys, share: Mapping[str, Any], origin: Mapping[Keys, tuple[str, int]], file: str, problems: list[Problem]
) -> Iterable[ShareChange]:
    """`share` tables as changes. The first level is a segment where years follow, else a region."""

    def problem(at: Keys, what: str, why: str) -> None:
        where, line = _place(origin, at, file)
        problems.append(Problem(where, line, what, why))

    for first, below in share.items():
        if not isinstance(below, dict):
            problem((*path, first), f"share.{first}", "expected [scenario.NAME.share.SEGMENT.YEAR] above shares")
            continue
        by_segment = {first: below} if all(map(_is_year, below)) else below
        region = "" if by_segment is not below else first
        for segment, years in by_segment.items():
            at = (*path, segment) if not region else (*path, region, segment)
            if not isinstance(years, dict):
                problem(at, f"share.{segment}", "expected years below it, e.g. 2035 = { lfp = 0.4 }")
                continue
            for year, shares in years.items():
                if not _is_year(year) or not isinstance(shares, dict):
                    problem((*at, year), f"share.{segment}.{year}", "expected a year with shares below it")
                    continue
                rests = [chemistry for chemistry, value in shares.items() if value == "rest"]
                if len(rests) > 1:
                    problem((*at, year), f"{listed(rests)} = 'rest'", "only one chemistry can take the rest")
                for chemistry, value in shares.items():
                    here = (*at, year, chemistry)
                    if value == "rest":
                        yield ShareChange(region, segment, int(year), chemistry, None, here)
                    elif isinstance(value, bool) or not isinstance(value, int | float):
                        problem(here, f"{chemistry} = {shown(value)}", 'expected a fraction from 0 to 1, or "rest"')
                    elif 1 < value <= 100:
                        problem(here, f"{chemistry} = {shown(value)}", not_a_fraction(value))
                    elif not 0 <= value <= 1:
                        problem(here, f"{chemistry} = {shown(value)}", "expected a fraction from 0 to 1")
                    else:
                        yield ShareChange(region, segment, int(year), chemistry, float(value), here)


def not_a_fraction(value: float) -> str:
    """What to say of a share above one."""
    if value > 100:
        return "expected a fraction from 0 to 1"
    return f"shares are fractions from 0 to 1 and this looks like a percentage; write {value / 100:g}"


def diffusion_of(
    settings: RunFile, origin: Mapping[Keys, tuple[str, int]], file: str, problems: list[Problem]
) -> dict[str, tuple[Diffusion | Rest, ...]]:
    """Paths of adoption of every scenario that has some."""
    return {
        name: tuple(_paths(("scenario", name, "diffusion"), scenario.diffusion, origin, file, problems))
        for name, scenario in settings.scenario.items()
        if scenario.diffusion
    }


def _paths(
    path: Keys, tables: Mapping[str, Any], origin: Mapping[Keys, tuple[str, int]], file: str, problems: list[Problem]
) -> Iterable[Diffusion | Rest]:
    """`diffusion` tables as paths. The first level is a region where curves stand two levels below it, else a segment.

    A curve is a table of keys that are no tables themselves.
    """

    def problem(at: Keys, what: str, why: str) -> None:
        where, line = _place(origin, at, file)
        problems.append(Problem(where, line, what, why))

    for first, below in tables.items():
        if not isinstance(below, dict):
            problem((*path, first), f"diffusion.{first}", "expected [scenario.NAME.diffusion.SEGMENT] above curves")
            continue
        curves = [value for key, value in below.items() if key != REST]
        has_curves = REST in below or not all(isinstance(value, dict) and _holds_tables(value) for value in curves)
        for segment, entries in ({first: below} if has_curves else below).items():
            region = "" if has_curves else first
            at = (*path, segment) if has_curves else (*path, first, segment)
            for name, value in entries.items():
                here = (*at, name)
                if name == REST:
                    names = [value] if isinstance(value, str) else value
                    if not (isinstance(names, list) and names and all(isinstance(each, str) for each in names)):
                        problem(here, f"rest = {shown(value)}", 'expected a chemistry or a list of them, e.g. "lfp"')
                        continue
                    yield Rest(region, segment, tuple(names), here)
                    continue
                try:
                    yield Diffusion(region, segment, name, Curve.model_validate(value), here)
                except ValidationError as error:
                    found = ({**item, "loc": (*here, *item["loc"])} for item in error.errors())
                    problems += [_model_problem(item, origin, file) for item in found]


def _holds_tables(table: Mapping[str, Any]) -> bool:
    return any(isinstance(value, dict) for value in table.values())


def _is_year(text: str) -> bool:
    return bool(re.fullmatch(r"(19|20|21)[0-9]{2}", text))


def _place(origin: Mapping[Keys, tuple[str, int]], path: Sequence[str], file: str) -> tuple[str, int]:
    at = tuple(path)
    while at:
        if at in origin:
            return origin[at]
        at = at[:-1]
    return file, 0
