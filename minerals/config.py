"""Run files: what a study wants, in TOML. The only reader of run files.

A run file may inherit another one (`base = "other.toml"`) and be changed from the command line (`--set key=value`).
It is read into frozen models that forbid unknown keys; every problem is reported with its file and line.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from .errors import InputError, Problem, UsageError, did_you_mean, listed
from .shipped import run_file, run_names

Path_ = tuple[str, ...]
COMMAND_LINE = "--set"
#: Key beside paths of adoption that names the chemistries which fill up to one.
REST = "rest"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Years(_Model):
    """Years of the scope: first to last, both included, every `step` years."""

    first: int = Field(ge=1990, le=2100)
    last: int = Field(ge=1990, le=2100)
    step: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _ordered(self) -> Years:
        if self.last < self.first:
            raise ValueError(f"last ({self.last}) is before first ({self.first}); swap them")
        return self

    def labels(self) -> tuple[int, ...]:
        """The years, ascending."""
        return tuple(range(self.first, self.last + 1, self.step))


class Scope(_Model):
    """What is computed: regions, years, and optionally only some segments and minerals (default: all)."""

    regions: tuple[str, ...] = Field(min_length=1)
    years: Years
    segments: tuple[str, ...] = ()
    minerals: tuple[str, ...] = ()
    beyond: Literal["error", "hold"] = "error"

    @field_validator("years", mode="before")
    @classmethod
    def _one_year(cls, value: Any) -> Any:
        whole = isinstance(value, int) and not isinstance(value, bool)
        return {"first": value, "last": value} if whole else value


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
    speed: float | None = Field(default=None, gt=0)
    start: int | None = Field(default=None, ge=1990, le=2100)
    fit: bool = False
    since: int | None = Field(default=None, ge=1990, le=2100)

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

    until: int = Field(ge=1990, le=2100)
    factor: float = Field(default=1.0, ge=0, le=1)
    rest: tuple[str, ...] = ()

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

    label: str = ""
    demand: str
    adoption: str
    silicon: str = "none"
    share: dict[str, Any] = {}
    diffusion: dict[str, Any] = {}
    capacity_limit: CapacityLimit | None = None
    met: dict[str, dict[str, dict[str, Annotated[float, Field(ge=0, le=1)]]]] = {}
    note: str = ""


class Intensity(_Model):
    """Mass of each mineral per kWh: as `inventory` tables have it, or `derived` from the electrochemistry of cells.

    cell: numbers of a cell changed by hand, `cell.<chemistry>.<number>`, which is then derived whatever the route;
    `silicon` among them is the mass fraction in the anode. kg_per_kwh: intensities given by hand,
    `kg_per_kwh.<chemistry>.<mineral>`, which go before all others. trend: whether intensities are `held` at today's
    values in all years, or `improving` as intensity_trend.csv says, whatever the route.
    """

    route: Literal["inventory", "derived"] = "inventory"
    trend: Literal["held", "improving"] = "held"
    cell: dict[str, dict[str, Annotated[float, Field(allow_inf_nan=False)]]] = {}
    kg_per_kwh: dict[str, dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]]] = {}


class Flows(_Model):
    """Stock, scrap and recycling, where a run asks for primary demand.

    inflow: when in its year a battery enters use; second_life: whether retired cells are used again; lines: a CSV of
    production lines (scenario, region, cohort, value [GWh/yr]) beside the run file, else lines follow from growth.
    """

    inflow: Literal["start", "middle", "end"] = "middle"
    second_life: bool = True
    lines: str = ""


class Study(_Model):
    """Many runs of one: `sample` draws every uncertain input and gives percentiles; `sensitivity` asks which matter.

    draws: how many; seed: of the random numbers; workers: processes, which never change the result; share_spread:
    standard deviation of the logarithm of market shares (0: shares are certain); detail: percentiles of every region
    and their sum, or of the sum alone, which takes less memory and disk.
    """

    kind: Literal["sample", "sensitivity"]
    draws: int = Field(default=2000, ge=20, le=10_000_000)
    seed: int = Field(default=1, ge=0)
    workers: int = Field(default=1, ge=1, le=256)
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

    demand: str
    adoption: tuple[str, ...] = Field(min_length=1)
    against: str
    rate: Literal["published", "fitted"] = "published"
    tariff: float = Field(default=0.0, ge=0.0, le=10.0)
    credit: float = Field(default=0.0, ge=0.0)

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

    demand: str
    adoption: str
    future: str = "today"
    disruptions: tuple[str, ...] = ()
    concern: str = "countries-of-concern"
    allies: str = "allies"
    nodes: tuple[str, ...] = ()
    stockpile_months: float = Field(default=0.0, ge=0.0, le=60.0)
    delivery: float = Field(default=0.4, ge=0.0, le=1.0)
    threshold: float = Field(default=0.1, gt=0.0, lt=1.0)


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

    scenario: str
    label: str = "Optimised"
    objective: Literal["gwh_at_risk", "concentration", "cost", "weighted"] = "gwh_at_risk"
    risk: Literal["expected", "worst", "cvar"] = "expected"
    level: float = Field(default=0.8, ge=0.0)
    likelihood: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]] = {}
    measure: str = "weakest_hhi"
    among: str = "all"
    weights: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]] = {}
    chemistries: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    growth: Literal["value", "low", "high", "off"] = "value"
    performance: Literal["value", "low", "high", "off"] = "value"
    commercial: Literal["value", "low", "high", "off"] = "value"
    unmet: bool = False
    own_share: dict[str, Annotated[float, Field(ge=0), AfterValidator(_fraction)]] = {}
    lines: bool = True
    one_country: Literal["report", "soft", "hard"] = "report"
    one_country_price: float = Field(default=0.0, ge=0.0, allow_inf_nan=False)
    recycled_content: bool = False
    exclude: str = ""
    exclude_stages: tuple[str, ...] = ()
    exclude_since: int = Field(default=2027, ge=1990, le=2100)
    cost_cap: float | None = Field(default=None, ge=0.0, allow_inf_nan=False)
    exposure_cap: float | None = Field(default=None, ge=0.0, allow_inf_nan=False)
    time_limit: float = Field(default=120.0, gt=0.0, allow_inf_nan=False)

    @field_validator("weights")
    @classmethod
    def _goals(cls, value: dict[str, float]) -> dict[str, float]:
        if unknown := [name for name in value if name not in GOALS]:
            near = did_you_mean(unknown[0], GOALS) or f"; known: {listed(GOALS)}"
            raise ValueError(f"has {unknown[0]!r}{near}")
        return value

    @field_validator("level")
    @classmethod
    def _below_one(cls, value: float) -> float:
        if value >= 1:
            whole = 'the worst case alone is risk = "worst"; expected below 1'
            raise ValueError(whole if value == 1 else not_a_fraction(value))
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

    charts: tuple[str, ...] | None = None


class RunFile(_Model):
    """The whole run file after inheritance and `--set`."""

    title: str = Field(min_length=1)
    inputs: str = ""
    scope: Scope
    scenario: dict[str, Scenario] = Field(min_length=1)
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
    path: Path_
    chosen: bool = False


@dataclass(frozen=True)
class Diffusion:
    """One path of adoption. region is '' for every region; chemistry may name a family."""

    region: str
    segment: str
    chemistry: str
    curve: Curve
    path: Path_


@dataclass(frozen=True)
class Rest:
    """The chemistries or families that fill what the paths of a segment leave. region is '' for every region."""

    region: str
    segment: str
    chemistries: tuple[str, ...]
    path: Path_


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
    origin: Mapping[Path_, tuple[str, int]] = field(default_factory=dict, repr=False)
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
    if path.is_file():
        return path
    if not path.exists() and (found := run_file(path)):
        return found
    if path.is_dir():
        raise UsageError(f"{name} is a folder; name a run file, e.g. {name}.toml")
    known = run_names()
    hint = did_you_mean(path.stem, known)
    raise UsageError(f"no run file {name}{hint}\nshipped: {listed(known)} (e.g. minerals run {known[0]}.toml)")


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
        raise InputError([_model_problem(item, origin, path.name) for item in error.errors()]) from None
    changes = {
        scenario: tuple(_share_changes(("scenario", scenario, "share"), value.share, origin, path.name, problems))
        for scenario, value in settings.scenario.items()
    }
    diffusion = diffusion_of(settings, origin, path.name, problems)
    if problems:
        raise InputError(problems)
    return Run(path.stem, path, settings, changes, tuple(sets), origin, diffusion)


def _merged(
    path: Path, problems: list[Problem], below: tuple[Path, ...]
) -> tuple[dict[str, Any], dict[Path_, tuple[str, int]]]:
    """Contents of a run file laid over those of its base, and where each key stands."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        data = tomllib.loads(text)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        found = re.search(r"at line (\d+)", str(error))
        why = f"is not readable TOML ({error}); texts stand in double quotes, tables in [brackets]"
        problems.append(Problem(path.name, int(found[1]) if found else 0, "", why))
        return {}, {}
    if not data:
        problems.append(Problem(path.name, 0, "", "is empty; expected title, [scope] and [scenario.NAME]"))
        return {}, {}
    lines = key_lines(text)
    origin = {key: (path.name, line) for key, line in lines.items()}
    base = data.pop("base", None)
    if base is None:
        return data, origin
    chain = (*below, path.resolve())
    line = lines.get(("base",), 0)
    if not isinstance(base, str):
        problems.append(Problem(path.name, line, f"base = {base!r}", "expected the name of a run file in quotes"))
        return {}, {}
    beside = path.parent / base
    target = beside if beside.is_file() else run_file(base)
    if target is None:
        near = did_you_mean(base, [other.name for other in path.parent.glob("*.toml")])
        why = f"no such run file beside {path.name}{near}"
        problems.append(Problem(path.name, line, f"base = {base!r}", why))
        return {}, {}
    if target.resolve() in chain:
        names = " → ".join(part.name for part in (*chain, target))
        why = f"inherits itself: {names}; remove one base"
        problems.append(Problem(path.name, line, f"base = {base!r}", why))
        return {}, {}
    base_data, base_origin = _merged(target, problems, chain)
    for keys in (("inputs",), ("flows", "lines")):
        _move(base_data, keys, target.parent, path.parent)
    return _overlay(base_data, data), {**base_origin, **origin}


def _move(data: dict[str, Any], keys: Path_, written_in: Path, read_in: Path) -> None:
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


def _set(data: dict[str, Any], origin: dict[Path_, tuple[str, int]], text: str, problems: list[Problem]) -> None:
    """Apply one `key.path=value`; the value is TOML, or a text where it is not."""
    key, equals, value = text.partition("=")
    path = split_key(key.strip())
    if not equals or not path or not all(path):
        why = "expected key=value, e.g. scope.years.last=2040"
        problems.append(Problem(COMMAND_LINE, 0, text, why))
        return
    try:
        parsed = tomllib.loads(f"value = {value.strip()}")["value"]
    except tomllib.TOMLDecodeError:
        parsed = value.strip()
    table = data
    for part in path[:-1]:
        below = table.get(part)
        table[part] = dict(below) if isinstance(below, dict) else {}
        table = table[part]
    table[path[-1]] = parsed
    origin[path] = (f"{COMMAND_LINE} {text}", 0)


def _model_problem(item: Any, origin: Mapping[Path_, tuple[str, int]], file: str) -> Problem:
    """One pydantic error in the user's words."""
    path = tuple(map(str, item["loc"]))
    where, line = _place(origin, path, file)
    key = ".".join(path)
    if item["type"] == "extra_forbidden":
        known = [name for name in _keys_at(path[:-1]) if name != "base" or not where.startswith(COMMAND_LINE)]
        why = f"not a key of {'.'.join(path[:-1]) or 'the run file'}{did_you_mean(path[-1], known)}"
        return Problem(where, line, f"key '{path[-1]}'", f"{why} (keys: {listed(known)})")
    if item["type"] == "missing":
        return Problem(where, line, f"key '{key}'", "missing; add it")
    words = {
        "tuple_type": 'expected a list in brackets, e.g. ["Europe"]',
        "too_short": "expected at least one",
        "model_type": "expected a table of keys",
        "dict_type": "expected a table of keys",
        "int_parsing": "expected a whole number",
        "int_type": "expected a whole number",
        "bool_parsing": "expected true or false",
        "string_type": "expected a text in quotes",
    }
    message = re.sub(r"^(Value error|Input|Assertion failed),? ?", "", item["msg"]).strip()
    message = words.get(item["type"], message)
    value = item["input"]
    shown = f"{key} = {value!r}" if not isinstance(value, dict) else key
    return Problem(where, line, shown, message[0].lower() + message[1:])


#: Tables of a run file by their last key.
SECTIONS: dict[str, type[BaseModel]] = {
    "scope": Scope, "years": Years, "intensity": Intensity, "flows": Flows, "study": Study, "prices": Prices,
    "exposure": Exposure, "optimise": Optimise, "output": Output,
}  # fmt: skip

IN_SCENARIO: dict[str, type[BaseModel]] = {"diffusion": Curve, "capacity_limit": CapacityLimit}


def _keys_at(path: Path_) -> list[str]:
    """Keys that the models allow at a path."""
    model = SECTIONS.get(path[-1], RunFile) if path else RunFile
    if path[:1] == ("scenario",):
        model = IN_SCENARIO.get("".join(path[2:3]), Scenario)
    keys = list(model.model_fields)
    return [*keys, "base"] if model is RunFile else keys


def _share_changes(
    path: Path_, share: Mapping[str, Any], origin: Mapping[Path_, tuple[str, int]], file: str, problems: list[Problem]
) -> Iterable[ShareChange]:
    """`share` tables as changes. The first level is a segment where years follow, else a region."""

    def problem(at: Path_, what: str, why: str) -> None:
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
                        problem(here, f"{chemistry} = {value!r}", 'expected a fraction from 0 to 1, or "rest"')
                    elif 1 < value <= 100:
                        problem(here, f"{chemistry} = {value!r}", not_a_fraction(value))
                    elif not 0 <= value <= 1:
                        problem(here, f"{chemistry} = {value!r}", "expected a fraction from 0 to 1")
                    else:
                        yield ShareChange(region, segment, int(year), chemistry, float(value), here)


def not_a_fraction(value: float) -> str:
    """What to say of a share above one."""
    if value > 100:
        return "expected a fraction from 0 to 1"
    return f"shares are fractions from 0 to 1 and this looks like a percentage; write {value / 100:g}"


def diffusion_of(
    settings: RunFile, origin: Mapping[Path_, tuple[str, int]], file: str, problems: list[Problem]
) -> dict[str, tuple[Diffusion | Rest, ...]]:
    """Paths of adoption of every scenario that has some."""
    return {
        name: tuple(_paths(("scenario", name, "diffusion"), scenario.diffusion, origin, file, problems))
        for name, scenario in settings.scenario.items()
        if scenario.diffusion
    }


def _paths(
    path: Path_, tables: Mapping[str, Any], origin: Mapping[Path_, tuple[str, int]], file: str, problems: list[Problem]
) -> Iterable[Diffusion | Rest]:
    """`diffusion` tables as paths. The first level is a region where curves stand two levels below it, else a segment.

    A curve is a table of keys that are no tables themselves.
    """

    def problem(at: Path_, what: str, why: str) -> None:
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
                        problem(here, f"rest = {value!r}", 'expected a chemistry or a list of them, e.g. "lfp"')
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
    return bool(re.fullmatch(r"(19|20|21)\d\d", text))


def _place(origin: Mapping[Path_, tuple[str, int]], path: Sequence[str], file: str) -> tuple[str, int]:
    at = tuple(path)
    while at:
        if at in origin:
            return origin[at]
        at = at[:-1]
    return file, 0


def split_key(text: str) -> Path_:
    """Parts of a dotted TOML key; quoted parts may hold dots and blanks."""
    parts = re.findall(r'"([^"]*)"|\'([^\']*)\'|([^.\s"\']+)', text)
    return tuple(next((part for part in match if part), "") for match in parts)


def key_lines(text: str) -> dict[Path_, int]:
    """1-based line of every key and table of a TOML text, inline tables included.

    tomllib gives no positions. This follows headers and keys line by line, which is enough to point at a key; it
    never decides what a value is.
    """
    lines: dict[Path_, int] = {}
    table: Path_ = ()
    quote = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if quote:
            quote = "" if quote in line else quote
            continue
        if header := re.match(r"\s*\[\[?([^\[\]]+)\]\]?\s*(#.*)?$", line):
            table = split_key(header[1])
            for depth in range(1, len(table) + 1):
                lines.setdefault(table[:depth], number)
            lines[table] = number
            continue
        if key := re.match(r"""\s*((?:"[^"]*"|'[^']*'|[\w\-. ])+?)\s*=\s*(.*)$""", line):
            path = table + split_key(key[1])
            lines[path] = number
            for depth in range(len(table) + 1, len(path)):
                lines.setdefault(path[:depth], number)
            for inner in re.findall(r"""[{,]\s*("[^"]*"|[\w\-.]+)\s*=""", key[2]):
                lines.setdefault(path + split_key(inner), number)
            for mark in ('"""', "'''"):
                if key[2].count(mark) % 2:
                    quote = mark
    return lines
