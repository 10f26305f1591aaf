"""Table schemas, read from the Frictionless descriptor `datapackage.json` that travels with the tables.

One description serves this reader and any other tool: names, types, bounds, keys and references are standard Table
Schema; `minerals.kind` (a kind of `units.UNITS`) and `minerals.sums_to_one_over` are the only additions.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..errors import InputError, Problem

DESCRIPTOR = "datapackage.json"


@dataclass(frozen=True)
class Field:
    """One column: type `string`, `number` or `integer`, and its constraints."""

    name: str
    type: str
    description: str
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    enum: tuple[str, ...] = ()
    pattern: str = ""


@dataclass(frozen=True)
class Reference:
    """Values of `field` must stand in column `target_field` of table `target`."""

    field: str
    target: str
    target_field: str


@dataclass(frozen=True)
class TableSchema:
    """One table: a code list, or a quantity (kind of unit set) whose primary key is its dimensions."""

    name: str
    file: str
    title: str
    description: str
    fields: tuple[Field, ...]
    primary_key: tuple[str, ...]
    references: tuple[Reference, ...]
    kind: str = ""
    sums_to_one_over: str = ""

    @cached_property
    def columns(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields)

    @cached_property
    def by_name(self) -> dict[str, Field]:
        return {field.name: field for field in self.fields}


def read_schemas(folder: Path) -> dict[str, TableSchema]:
    """Schemas of the data package in `folder`, by table name. Raises InputError where there is no readable package."""
    path = folder / DESCRIPTOR
    try:
        package = json.loads(path.read_text(encoding="utf-8"))
        return {schema.name: schema for schema in map(_table, package["resources"])}
    except FileNotFoundError:
        why = "not found; name a folder that holds a data package (the shipped one is used where none is named)"
    except (json.JSONDecodeError, KeyError, TypeError, UnicodeDecodeError) as error:
        why = f"is not a readable Frictionless descriptor ({type(error).__name__}: {error}); restore the shipped one"
    raise InputError([Problem(str(path), 0, "", why)])


def _table(resource: dict[str, Any]) -> TableSchema:
    schema, ours = resource["schema"], resource.get("minerals", {})
    return TableSchema(
        name=resource["name"],
        file=resource["path"],
        title=resource["title"],
        description=resource["description"],
        fields=tuple(_field(field) for field in schema["fields"]),
        primary_key=tuple(schema["primaryKey"]),
        references=tuple(
            Reference(key["fields"][0], key["reference"]["resource"], key["reference"]["fields"][0])
            for key in schema.get("foreignKeys", [])
        ),
        kind=ours.get("kind", ""),
        sums_to_one_over=ours.get("sums_to_one_over", ""),
    )


def _field(field: dict[str, Any]) -> Field:
    rules = field.get("constraints", {})
    return Field(
        name=field["name"],
        type=field["type"],
        description=field.get("description", ""),
        required=rules.get("required", False),
        minimum=rules.get("minimum"),
        maximum=rules.get("maximum"),
        enum=tuple(rules.get("enum", ())),
        pattern=rules.get("pattern", ""),
    )
