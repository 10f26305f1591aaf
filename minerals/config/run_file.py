"""The whole run file, as a model of its sections, and which keys stand where."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field, field_validator

from ..toml import Keys
from .optimise import Optimise
from .sections import (
    AdoptionCurve,
    CapacityLimit,
    Exposure,
    Flows,
    Intensity,
    Output,
    Prices,
    Scenario,
    Scope,
    Years,
)
from .study import KINDS, Study
from .values import FilePath, ScenarioName, Section, Text


class RunFile(Section):
    """The whole run file after inheritance and `--set`."""

    title: Text = Field(min_length=1, description="What the run is about.")
    inputs: FilePath = Field(
        default="", description="Folder of input tables beside the run file; the shipped ones without it."
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
    output: Output = Field(default=Output(), description="What is written beside the tables.")

    @field_validator("intensity", mode="before")
    @classmethod
    def _route_alone(cls, value: Any) -> Any:
        return {"route": value} if isinstance(value, str) else value


#: Sections of a run file by their last key.
SECTIONS: dict[str, type[BaseModel]] = {
    "scope": Scope, "years": Years, "intensity": Intensity, "flows": Flows, "prices": Prices, "exposure": Exposure,
    "optimise": Optimise, "output": Output,
}  # fmt: skip
#: Sections within a scenario.
IN_SCENARIO: dict[str, type[BaseModel]] = {"diffusion": AdoptionCurve, "capacity_limit": CapacityLimit}


def section_at(path: Keys, kind: str = "") -> type[BaseModel]:
    """The model of a key path. kind: of the study."""
    if path[:1] == ("scenario",):
        return IN_SCENARIO.get("".join(path[2:3]), Scenario)
    if path[:1] == ("study",):
        return KINDS.get(kind, KINDS["sample"])
    return SECTIONS.get(path[-1], RunFile) if path else RunFile
