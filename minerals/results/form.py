"""The form of a record: what every reader of a result may rely on, whoever wrote the file.

Its hashes tell a file that was changed after the run. Somebody who means to can write them anew: hence the form is
checked as well. Imported where a record is read: a run reads none, and these classes take 4 ms.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ..errors import UsageError, listed
from .hashes import AGAIN, RECORD, refuse_changed

Table = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Form(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True, frozen=True, defer_build=True)


class _Label(_Form):
    label: str


class _Chemistry(_Label):
    family: str
    anode: str


class _Mineral(_Label):
    symbol: str
    basis: str


class _Codes(_Form):
    segment: dict[str, _Label]
    chemistry: dict[str, _Chemistry]
    mineral: dict[str, _Mineral]
    future: dict[str, _Label] = {}
    country: dict[str, _Label] = {}


class _Scenario(_Label):
    demand: str
    adoption: str
    silicon: str
    kind: str
    caveat: str
    note: str


class _Output(_Form):
    charts: list[str] | None = None


class _ExposureConfig(_Form):
    disruptions: list[str] | None = None
    stockpile_months: float


class _Config(_Form):
    output: _Output
    exposure: _ExposureConfig | None = None


class _Study(_Form):
    kind: str
    draws: int | None = None
    held: list[str]


class _Priced(_Label):
    demand: str
    caveat: str


class _Node(_Label):
    item: str
    stage: str
    part: str


class _Severity(_Form):
    value: float
    low: float
    high: float
    ends: str
    nodes: list[str]


class _Event(_Label):
    status: str
    start: int | None
    months: float | None
    months_low: float | None = None
    months_high: float | None = None
    instrument: str = ""
    past: list[str] = []
    past_rows: list[str] = []
    severity: list[_Severity] = []


class _Reference(_Form):
    demand: str
    adoption: str


class _Exposure(_Form):
    future: _Label
    reference: _Reference
    groups: dict[str, str]
    nodes: dict[str, _Node]
    countries: dict[str, str]
    disruptions: dict[str, _Event]


class _Stage(_Form):
    stage: str
    value: float
    unit: str


class _Mix(_Form):
    scenario: str
    incumbent: str
    years: Annotated[list[int], Field(min_length=1)]
    stages: list[_Stage]


class Form(_Form):
    """A record as it is read. Keys that only some runs have are None where they are not there; others may follow."""

    run: str
    run_id: str
    title: str
    scenarios: Annotated[dict[str, _Scenario], Field(min_length=1)]
    regions: Annotated[list[str], Field(min_length=1)]
    region_label: str
    region_members: dict[str, str]
    segments: Annotated[list[str], Field(min_length=1)]
    minerals: Annotated[list[str], Field(min_length=1)]
    years: Annotated[list[int], Field(min_length=1)]
    fills: list[str]
    rows_used: dict[str, int]
    codes: _Codes
    config: _Config
    versions: dict[str, str]
    tables: list[Table]
    files: dict[str, Sha256]
    notes: list[str] = []
    study: _Study | None = None
    prices: dict[str, _Priced] | None = None
    exposure: _Exposure | None = None
    mix: _Mix | None = None

    @model_validator(mode="after")
    def _codes_are_known(self) -> Form:
        unknown = [code for code in self.minerals if code not in self.codes.mineral]
        unknown += [code for code in self.segments if code not in self.codes.segment]
        if self.mix is not None:
            unknown += [name for name in (self.mix.scenario, self.mix.incumbent) if name not in self.scenarios]
        if unknown:
            raise ValueError(f"{listed(unknown, 5)} has no label")
        return self


def read(folder: Path) -> dict[str, Any]:
    """The record of a result folder. Raises UsageError where it is none, or not as its run wrote it."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        what = "is not a result folder (no readable record.json)" if folder.exists() else "not found"
        raise UsageError(f"{folder} {what}; name a folder that `minerals run` wrote, e.g. runs/europe-2035") from None
    record = record if isinstance(record, dict) else {}
    try:
        Form.model_validate(record)
    except ValidationError as error:
        raise UsageError(f"{folder / RECORD} {_said(error)}; {AGAIN}") from None
    refuse_changed(record, folder / RECORD)
    return record


def _said(error: ValidationError) -> str:
    """What is missing in a record, and what is not as expected, in words."""
    places = [(".".join(map(str, each["loc"])), each["type"], each["msg"]) for each in error.errors()]
    lacking = [place for place, kind, _ in places if kind == "missing"]
    wrong = [f"{place}: {why}" if place else why for place, kind, why in places if kind != "missing"]
    parts = [f"lacks {listed(lacking, 5)}"] if lacking else []
    return " and ".join([*parts, *([f"does not hold a result ({listed(wrong, 3)})"] if wrong else [])])
