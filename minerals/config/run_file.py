"""The whole run file, as a model of its sections, and which keys stand where."""
# Annotations are types here, not their text, which pydantic would compile one by one.

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, Field, field_validator
from pydantic.fields import FieldInfo

from ..haste import value_class
from ..toml import Keys, written
from .optimise import Optimise
from .sections import (
    AdoptionCurve,
    CapacityLimit,
    EventOfRun,
    Exposure,
    Flows,
    Industry,
    Intensity,
    Months,
    Output,
    Prices,
    Scenario,
    Scope,
    Severity,
    Years,
)
from .study import KINDS, Study
from .values import Paths, ScenarioName, Section, Text, TextOrTexts, Unit


class RunFile(Section):
    """The whole run file after inheritance and `--set`."""

    title: Text = Field(min_length=1, description="What the run is about.", examples=["Europe to 2035"])
    inputs: Paths = Field(
        default=(),
        description="Folders of own rows beside the run file, searched in order, on top of the shipped tables; one "
        "that holds most tables stands in for these.",
        examples=[["my-data"]],
    )
    replace: TextOrTexts = Field(
        default=(), description="Tables of which own rows alone count.", examples=[["battery_demand"]]
    )
    rows: dict[Text, Any] = Field(
        default={},
        description="Rows of one's own by table and key, on top of those of `inputs`: a number is the value, in the "
        "unit that the table is kept in. `minerals describe tables` lists them, `minerals describe rows.TABLE` says "
        "how a row of one is written. A row takes the place of one of a base whole, and false takes one away.",
        examples=[{"battery_demand": {"mine": {"Europe": {"car": {"2035": 900}}}}}],
    )
    scope: Scope = Field(description="What is computed.")
    scenario: dict[ScenarioName, Scenario] = Field(min_length=1, description="Scenarios by name.")
    intensity: Intensity = Field(
        default=Intensity(), description="Mass of each mineral per kWh; a text alone is its route."
    )
    flows: Flows | None = Field(default=None, description="Stock, scrap and recycling.")
    study: Study | None = Field(default=None, description="Many runs of this one.")
    prices: Prices | None = Field(default=None, description="Prices by chemistry.")
    exposure: Exposure | None = Field(default=None, description="Chokepoints and disruptions.")
    optimise: Optimise | None = Field(default=None, description="A mix that is chosen.")
    industry: Industry | None = Field(default=None, description="What cells can do and need, and who makes them.")
    output: Output = Field(default=Output(), description="What is written beside the tables.")

    @field_validator("flows", "study", "prices", "exposure", "optimise", "industry", mode="before")
    @classmethod
    def _off(cls, value: Any) -> Any:
        return None if value is False else value

    @field_validator("rows", mode="before")
    @classmethod
    def _no_rows(cls, value: Any) -> Any:
        return {} if value is False else value

    @field_validator("intensity", mode="before")
    @classmethod
    def _route_alone(cls, value: Any) -> Any:
        return {"route": value} if isinstance(value, str) else value


#: Sections of a run file by their last key.
SECTIONS: dict[str, type[BaseModel]] = {
    "scope": Scope, "years": Years, "intensity": Intensity, "flows": Flows, "prices": Prices, "exposure": Exposure,
    "optimise": Optimise, "industry": Industry, "output": Output,
}  # fmt: skip
#: Sections within a scenario.
IN_SCENARIO: dict[str, type[BaseModel]] = {"diffusion": AdoptionCurve, "capacity_limit": CapacityLimit}
#: Sections within an event.
IN_EVENT: dict[str, type[BaseModel]] = {"severity": Severity, "months": Months}
#: The key that says which kind a study is of.
KIND = "study.kind"
#: Tables of sections that a user names.
NAMED = {(RunFile, "scenario"), (Exposure, "event")}


def section_at(path: Keys, kind: str = "") -> type[BaseModel]:
    """The model of a key path. kind: of the study."""
    if path[:1] == ("scenario",):
        return IN_SCENARIO.get("".join(path[2:3]), Scenario)
    if path[:2] == ("exposure", "diffusion"):
        return AdoptionCurve
    if path[:2] == ("exposure", "event") and len(path) > 2:
        return IN_EVENT.get("".join(path[3:4]), EventOfRun)
    if path[:1] == ("study",):
        return KINDS.get(kind, KINDS["sample"])
    return SECTIONS.get(path[-1], RunFile) if path else RunFile


@value_class
class KeyOfRunFile:
    """A key of a run file.

    path: dotted, with NAME for what a user names; default: as TOML, '' where it must be set or nothing stands for it;
    values: that it may have, where they are few; unit: of its numbers, '' where it holds none; example: a value as
    TOML, '' of a table of further keys; required: whether its table needs it; kinds: of a study that have it, all where
    none is named.
    """

    path: str
    description: str
    default: str
    values: tuple[str, ...]
    unit: str = ""
    example: str = ""
    required: bool = False
    kinds: tuple[str, ...] = ()


def keys() -> dict[str, KeyOfRunFile]:
    """Every key of a run file, by its path; of a key that means another thing in another kind of study the first."""
    return {path: found[0] for path, found in keys_by_kind().items()}


def keys_by_kind() -> dict[str, list[KeyOfRunFile]]:
    """Every key of a run file, by its path; of kinds of a study once for each meaning, with the kinds that have it."""
    out: dict[str, list[KeyOfRunFile]] = {}
    for each in _keys(RunFile, ""):
        known = out.setdefault(each.path, [])
        if each.path == KIND:  # Its values are the kinds.
            values = (*(known.pop().values if known else ()), *each.values)
            known.append(replace(each, values=values, example=written(values[0]), kinds=()))
            continue
        same = next((at for at, other in enumerate(known) if replace(other, kinds=each.kinds) == each), None)
        if same is None:
            known.append(each)
        else:
            known[same] = replace(known[same], kinds=(*known[same].kinds, *each.kinds))
    return out


def _keys(section: type[BaseModel], above: str) -> Iterator[KeyOfRunFile]:
    for name, field in section.model_fields.items():
        path = f"{above}{name}"
        inner = list(dict.fromkeys(_sections(field.annotation)))
        values = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
        plain = not inner and not field.is_required() and field.default not in (None, "", (), {})
        default = written(field.default) if plain else ""
        unit = next((each.name for each in _marks((field.annotation, *field.metadata)) if isinstance(each, Unit)), "")
        kinds = tuple(kind for kind, of in KINDS.items() if of is section)
        yield KeyOfRunFile(
            path, field.description or "", default, tuple(map(str, values)), unit,
            "" if inner else _example(field, values), field.is_required(), kinds,
        )  # fmt: skip
        named = "NAME." if (section, name) in NAMED else ""
        for each in inner:
            yield from _keys(each, f"{path}.{named}")
        if path.endswith(".diffusion"):
            yield from _keys(AdoptionCurve, f"{path}.SEGMENT.CHEMISTRY.")


def _example(field: FieldInfo, values: tuple[Any, ...]) -> str:
    """A value of a key as TOML: its own example, another than its default of the few that it may have, or that."""
    if field.examples:
        return written(field.examples[0])
    if field.annotation is bool:
        return written(not field.default)
    others = [value for value in values if value not in ("", field.default)]
    return written(others[0] if others else values[0] if values else field.default)


def _marks(parts: Iterable[Any]) -> Iterator[Any]:
    """What types and their parts are marked with."""
    for part in parts:
        yield part
        yield from _marks((*getattr(part, "__metadata__", ()), *get_args(part)))


def _sections(annotation: Any) -> Iterator[type[BaseModel]]:
    """Sections that a type holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _sections(part)
