"""Table schemas, read from the Frictionless descriptor `datapackage.json` that travels with the tables.

One description serves this reader and any other tool: names, types, bounds, keys and references are standard Table
Schema. What of the standards is read, what is allowed and what is refused stands in `properties`. The only additions,
in `minerals` of a resource: `kind` (of `units.UNITS`), `least` and `most` (the plausible ends of a value other than 0,
in the canonical unit, where those of `units.PLAUSIBLE` do not fit), `because` (why these ends: needed with either, and
part of the message of a value that is refused), and `sums_to_one_over` (the column over which the values of a group add
up to one; such values have no least end but their own).

A package may say more of its tables than the shipped one (other titles, narrower constraints, more tables and columns)
and never less: every shipped table and column is there with its type and key, and its constraints hold as well.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property, lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from ..errors import InputError, Problem, did_you_mean, listed
from ..haste import value_class
from ..shipped import inputs_folder
from ..text import SHOWN, Unreadable
from ..units import EITHER, UNITS
from . import properties
from .csv_file import read_text
from .properties import Properties

DESCRIPTOR = "datapackage.json"
#: Hashes of a file's bytes by the standard, of which md5 is written without its name.
HASHES = ("md5", "sha1", "sha256", "sha512")


@value_class
class Field:
    """One column: type `string`, `number` or `integer`, and its constraints."""

    name: str
    type: str
    description: str
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    enum: tuple[str | float, ...] = ()
    pattern: str = ""


@value_class
class Reference:
    """Values of `field` must stand in column `target_field` of table `target`."""

    field: str
    target: str
    target_field: str


@value_class
class TableSchema:
    """One table: a code list, or a quantity (kind of unit set) whose primary key is its dimensions.

    ends: plausible (least, most) of the table itself, None where those of its kind serve; because: why these.
    hash and bytes: of the file's content, where the descriptor says them: `sha256:…` and a length.
    """

    name: str
    file: str
    title: str
    description: str
    fields: tuple[Field, ...]
    primary_key: tuple[str, ...]
    references: tuple[Reference, ...]
    kind: str = ""
    sums_to_one_over: str = ""
    ends: tuple[float | None, float | None] = (None, None)
    because: str = ""
    hash: str = ""
    bytes: int | None = None

    @cached_property
    def columns(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields)

    @cached_property
    def by_name(self) -> dict[str, Field]:
        return {field.name: field for field in self.fields}


def read_schemas(folder: Path) -> dict[str, TableSchema]:
    """Schemas of the data package in `folder`, by table name.

    Raises InputError with every property that is not understood, and every table and column that is needed and missing.
    """
    own, shipped = _Package(folder), _Package(inputs_folder())
    needed = _shipped(shipped.path, shipped.text)
    return dict(needed) if own.text == shipped.text else _narrowed(own.path, own.read(), needed)


@lru_cache(maxsize=1)
def _shipped(path: Path, text: str) -> Mapping[str, TableSchema]:
    """The shipped schemas, which many packages of one process are read by. text: of their descriptor."""
    return _Package(path.parent).read()


class _Package:
    """A descriptor that is read property by property; what is wrong goes to `problems` with its place."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / DESCRIPTOR
        self.problems: list[Problem] = []

    def read(self) -> dict[str, TableSchema]:
        found: dict[str, TableSchema] = {}
        files: dict[str, str] = {}
        package = self._json()
        self._refuse("", package, properties.PACKAGE)
        resources = package.get("resources")
        for place, resource in self._each("resources", resources, "a list of tables"):
            schema = self._table(place, resource)
            if schema is None:
                continue
            if schema.name in found:
                self._wrong(f"{place}.name", "stands twice; keep one resource of that name", schema.name)
            elif schema.file in files:
                self._wrong(f"{place}.path", f"is the file of {files[schema.file]}; give each its own", schema.file)
            found[schema.name] = schema
            files[schema.file] = schema.name
        for schema in found.values():
            self._check_references(schema, found)
        if self.problems:
            raise InputError(self.problems)
        return found

    def _wrong(self, place: str, why: str, value: Any = None) -> None:
        written = repr(value) if len(repr(value)) <= SHOWN else f"{repr(value)[: SHOWN - 1]}…"
        self.problems.append(Problem(str(self.path), 0, place if value is None else f"{place} = {written}", why))

    def _refuse(self, place: str, item: Mapping[str, Any], of: Properties) -> None:
        """Refuse what is not read of an object and would change what its table means."""
        for key, why in of.refused(item):
            self._wrong(f"{place}.{key}".lstrip("."), why, item[key])

    @cached_property
    def text(self) -> str:
        missing = "not found; name a folder that holds a data package (the shipped one is used where none is named)"
        try:
            return read_text(self.path, missing)[0]
        except Unreadable as error:
            raise InputError([Problem(str(self.path), error.line, "", error.why)]) from None

    def _json(self) -> dict[str, Any]:
        try:
            package = json.loads(self.text)
        except (ValueError, RecursionError) as error:
            line = getattr(error, "lineno", 0)
            reason = (
                str(error)
                if isinstance(error, json.JSONDecodeError | RecursionError)
                else "a number has too many digits"
            )
            why = f"is not JSON ({reason}); mend it, or copy the shipped one"
            raise InputError([Problem(str(self.path), line, "", why)]) from None
        if not isinstance(package, dict):
            raise InputError([Problem(str(self.path), 0, "", "is not an object with resources; copy the shipped one")])
        return package

    def _each(self, place: str, items: Any, what: str) -> Iterable[tuple[str, dict[str, Any]]]:
        """Place and content of each object of a list."""
        if not isinstance(items, list) or not items:
            self._wrong(place, f"expected {what}" if items is not None else f"is missing; expected {what}")
            return
        for at, item in enumerate(items):
            name = item.get("name") if isinstance(item, dict) else None
            here = f"{place}[{name if isinstance(name, str) and name else at}]"
            if isinstance(item, dict):
                yield here, item
            else:
                self._wrong(here, "expected an object in braces", item)

    def _text(self, place: str, item: Mapping[str, Any], key: str, required: bool = True) -> str:
        """A text of an object; '' where it is missing."""
        value = item.get(key)
        if isinstance(value, str) and (value or not required):
            return value
        if value is not None:
            self._wrong(f"{place}.{key}", "expected a text in quotes", value)
        elif required:
            self._wrong(f"{place}.{key}", "is missing; add it")
        return ""

    def _names(self, place: str, names: Any) -> tuple[str, ...]:
        """Names of columns: one as text or several as a list, as the standard has it."""
        names = [names] if isinstance(names, str) else names
        if isinstance(names, list) and all(isinstance(name, str) for name in names):
            return tuple(names)
        self._wrong(place, "expected the name of a column or a list of names", names)
        return ()

    def _table(self, place: str, resource: dict[str, Any]) -> TableSchema | None:
        before = len(self.problems)
        self._refuse(place, resource, properties.RESOURCE)
        name, file, schema = self._text(place, resource, "name"), self._file(place, resource), resource.get("schema")
        if isinstance(schema, str):
            self._wrong(f"{place}.schema", "is read from this file alone; write the schema here", schema)
        elif not isinstance(schema, dict):
            self._wrong(f"{place}.schema", "is missing; add the schema with its fields")
        if not isinstance(schema, dict):
            return None
        here = f"{place}.schema"
        self._refuse(here, schema, properties.SCHEMA)
        fields = tuple(self._field(*each) for each in self._each(f"{here}.fields", schema.get("fields"), "columns"))
        names = [field.name for field in fields]
        for twice in dict.fromkeys(column for column in names if column and names.count(column) > 1):
            self._wrong(f"{here}.fields[{twice}]", "stands twice; keep one column of that name")
        key = self._names(f"{here}.primaryKey", schema.get("primaryKey"))
        for column in key:
            if names and column not in names:
                self._wrong(f"{here}.primaryKey", f"not a column of {name}{did_you_mean(column, names)}", column)
        references = self._references(here, schema.get("foreignKeys", []), name, names)
        found = TableSchema(
            name, file, self._text(place, resource, "title", required=False) or name,
            self._text(place, resource, "description", required=False), fields, key, references,
            *self._ours(f"{place}.minerals", resource.get("minerals", {}), names),
            self._hash(place, resource), self._length(place, resource),
        )  # fmt: skip
        return found if len(self.problems) == before else None

    def _file(self, place: str, resource: dict[str, Any]) -> str:
        """Name of the file of a resource, which is CSV in UTF-8 with commas, in one piece."""
        if "data" in resource:
            self._wrong(f"{place}.data", "rows are read from a CSV file alone; write them there, with path")
            return ""
        path = resource.get("path")
        if isinstance(path, list):
            if len(path) != 1:
                self._wrong(f"{place}.path", "is read from one file alone; join the files", path)
                return ""
            path = path[0]
        file = self._text(place, resource | {"path": path}, "path")
        plain = PurePosixPath(file)
        if file and (plain.is_absolute() or ".." in plain.parts or ":" in file or not file.isprintable()):
            self._wrong(f"{place}.path", "expected the name of a file in the folder of the descriptor", file)
        for key, allowed in (("encoding", ("utf-8", "utf8")), ("format", ("csv",))):
            value = resource.get(key, allowed[0])
            if str(value).lower() not in allowed:
                self._wrong(f"{place}.{key}", f"tables are read as {allowed[0]} alone; save the file so", value)
        dialect = resource.get("dialect", {})
        if isinstance(dialect, dict):
            self._refuse(f"{place}.dialect", dialect, properties.TABLE_DIALECT)
        else:
            self._wrong(f"{place}.dialect", properties.DIALECT, dialect)
        return file

    def _hash(self, place: str, resource: Mapping[str, Any]) -> str:
        """Hash of the file as `algorithm:digest`; '' where none is said."""
        written = self._text(place, resource, "hash", required=False)
        algorithm, _, digest = written.lower().rpartition(":")
        algorithm = algorithm or HASHES[0]
        if not written or (algorithm in HASHES and re.fullmatch("[0-9a-f]+", digest)):
            return f"{algorithm}:{digest}" if written else ""
        self._wrong(f"{place}.hash", f"expected sha256:… (or {listed(HASHES)}) of the file, or none", written)
        return ""

    def _length(self, place: str, resource: Mapping[str, Any]) -> int | None:
        """Number of bytes of the file; None where it is not said."""
        size = resource.get("bytes")
        if size is None or (isinstance(size, int) and not isinstance(size, bool)):
            return size
        self._wrong(f"{place}.bytes", "expected the number of bytes of the file, or none", size)
        return None

    def _ours(self, place: str, ours: Any, names: list[str]) -> tuple[str, str, tuple[float | None, float | None], str]:
        """Kind, the dimension that shares add up over, plausible ends of a table, and why these."""
        if not isinstance(ours, dict):
            self._wrong(place, "expected an object in braces", ours)
            return "", "", (None, None), ""
        self._refuse(place, ours, properties.MINERALS)
        kind, over = (self._text(place, ours, key, required=False) for key in ("kind", "sums_to_one_over"))
        kinds = [*UNITS, *EITHER, "cell_parameter"]
        if kind and kind not in kinds:
            self._wrong(
                f"{place}.kind",
                f"not a kind of quantity{did_you_mean(kind, kinds)} ({listed(kinds, len(kinds))})",
                kind,
            )
        if over and over not in names:
            self._wrong(f"{place}.sums_to_one_over", f"not a column of the table{did_you_mean(over, names)}", over)
        needed = ("value", "low", "high", "unit", "source", "locator", "quality", "note")
        for column in needed if kind else ():
            if column not in names:
                self._wrong(f"{place}.kind", f"a quantity has the column {column}; add it to the fields", kind)
        least, most = (self._bound(place, ours, key) for key in ("least", "most"))
        because = self._text(place, ours, "because", required=least is not None or most is not None)
        # Shares that add up to one may each be as small as they like: a wrong unit shows in their sum.
        return kind, over, (0.0 if over and least is None else least, most), because

    def _references(self, place: str, keys: Any, table: str, names: list[str]) -> tuple[Reference, ...]:
        """References of a table; one that names no other table is to the table itself."""
        if not isinstance(keys, list):
            self._wrong(f"{place}.foreignKeys", "expected a list", keys)
            return ()
        found = []
        for at, key in enumerate(keys):
            here = f"{place}.foreignKeys[{at}]"
            target = key.get("reference") if isinstance(key, dict) else None
            if not isinstance(target, dict):
                self._wrong(here, "expected fields and a reference with resource and fields", key)
                continue
            self._refuse(here, key, properties.FOREIGN_KEY)
            self._refuse(f"{here}.reference", target, properties.REFERENCE)
            columns = self._names(f"{here}.fields", key.get("fields"))
            theirs = self._names(f"{here}.reference.fields", target.get("fields"))
            if len(columns) != 1 or len(theirs) != 1:
                self._wrong(here, "a reference is from one column to one here; write one of each", key)
            elif columns[0] not in names:
                self._wrong(f"{here}.fields", f"not a column of the table{did_you_mean(columns[0], names)}", columns[0])
            else:
                resource = self._text(f"{here}.reference", target, "resource", required=False)
                found.append(Reference(columns[0], resource or table, theirs[0]))
        return tuple(found)

    def _check_references(self, schema: TableSchema, found: Mapping[str, TableSchema]) -> None:
        """A reference leads to a column of a table."""
        for reference in schema.references:
            place = f"resources[{schema.name}].schema.foreignKeys"
            target = found.get(reference.target)
            if target is None:
                if not self.problems:
                    why = f"resource {reference.target} is missing; restore it{did_you_mean(reference.target, found)}"
                    self._wrong(place, why)
            elif reference.target_field not in target.by_name:
                why = f"not a column of {target.name}{did_you_mean(reference.target_field, target.columns)}"
                self._wrong(place, why, reference.target_field)

    def _field(self, place: str, field: dict[str, Any]) -> Field:
        self._refuse(place, field, properties.FIELD)
        name = self._text(place, field, "name")
        kind = field.get("type", "string")
        if kind not in ("string", "number", "integer", "year"):
            self._wrong(f"{place}.type", "not a type that is read here; write string, number, integer or year", kind)
            kind = "string"
        rules = field.get("constraints", {})
        if not isinstance(rules, dict):
            self._wrong(f"{place}.constraints", "expected an object in braces", rules)
            rules = {}
        here, text = f"{place}.constraints", kind == "string"
        self._refuse(here, rules, properties.CONSTRAINTS)
        for key in ("minimum", "maximum") if text else ("pattern",):
            if rules.get(key) is not None and field.get("type", "string") == kind:
                others = "numbers" if text else "texts"
                why = f"is of {others} alone, and the type is {kind}; remove it, or mend the type"
                self._wrong(f"{here}.{key}", why, rules[key])
        required, enum, pattern = rules.get("required", False), rules.get("enum", []), rules.get("pattern", "")
        if not isinstance(required, bool):
            self._wrong(f"{here}.required", "expected true or false", required)
        if not isinstance(enum, list) or not all(isinstance(word, str) if text else _is_number(word) for word in enum):
            self._wrong(f"{here}.enum", f"expected a list of {'texts in quotes' if text else 'numbers'}", enum)
            enum = []
        try:
            re.compile(pattern)
        except (re.error, TypeError, OverflowError, RecursionError) as error:
            self._wrong(f"{here}.pattern", f"expected a regular expression ({error})", pattern)
            pattern = ""
        return Field(
            name=name,
            type="integer" if kind == "year" else kind,
            description=self._text(place, field, "description", required=False),
            required=required is True,
            minimum=None if text else self._bound(here, rules, "minimum"),
            maximum=None if text else self._bound(here, rules, "maximum"),
            enum=tuple(enum),
            pattern=pattern,
        )

    def _bound(self, place: str, rules: Mapping[str, Any], key: str) -> float | None:
        """A number of an object, or None where it has none."""
        value = rules.get(key)
        if value is None or _is_number(value):
            return value
        self._wrong(f"{place}.{key}", "expected a number", value)
        return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _narrowed(path: Path, own: dict[str, TableSchema], shipped: Mapping[str, TableSchema]) -> dict[str, TableSchema]:
    """Own schemas with the shipped constraints, keys and references beside their own. Raises InputError where a shipped
    table or column is missing or another: formulas name it."""
    problems: list[Problem] = []

    def wrong(place: str, why: str) -> None:
        problems.append(Problem(str(path), 0, place, why))

    for name, needed in shipped.items():
        if name not in own:
            near = did_you_mean(name, [other for other in own if other not in shipped])
            wrong("resources", f"resource {name} is missing; restore it{near}")
            continue
        table, place = own[name], f"resources[{name}]"
        for key in ("primary_key", "kind", "sums_to_one_over"):
            if getattr(table, key) != getattr(needed, key):
                of = "schema.primaryKey" if key == "primary_key" else f"minerals.{key}"
                wrong(
                    f"{place}.{of} = {_as_text(getattr(table, key))}",
                    f"expected {_as_text(getattr(needed, key))}; restore it",
                )
        fields = {field.name: field for field in table.fields}
        for field in needed.fields:
            here, mine = f"{place}.schema.fields[{field.name}]", fields.get(field.name)
            if mine is None:
                wrong(here, "is missing; restore it")
            elif mine.type != field.type:
                wrong(f"{here}.type = {mine.type!r}", f"expected {field.type}; restore it")
            elif field.enum and not set(mine.enum) <= set(field.enum):
                more = [str(word) for word in mine.enum if word not in field.enum]
                wrong(f"{here}.constraints.enum", f"has {listed(more)}, which this version does not know; remove it")
            else:
                fields[field.name] = _narrower(mine, field)
        references = tuple(dict.fromkeys((*needed.references, *table.references)))
        least, most = (
            mine if mine is not None else theirs for mine, theirs in zip(table.ends, needed.ends, strict=True)
        )
        # The shipped reason goes with the shipped ends: it is told where one of them is in force.
        reasons = [table.because, needed.because if (least, most) != table.ends else ""]
        own[name] = replace(
            table,
            fields=tuple(fields.values()),
            references=references,
            ends=(least, most),
            because=" ".join(dict.fromkeys(filter(None, reasons))),
        )
    if problems:
        raise InputError(problems)
    return own


def _as_text(value: str | tuple[str, ...]) -> str:
    return json.dumps(value, ensure_ascii=False)


def _narrower(own: Field, shipped: Field) -> Field:
    """A column with the constraints of both."""
    lows = [end for end in (own.minimum, shipped.minimum) if end is not None]
    highs = [end for end in (own.maximum, shipped.maximum) if end is not None]
    return replace(
        own,
        description=own.description or shipped.description,
        required=own.required or shipped.required,
        minimum=max(lows, default=None),
        maximum=min(highs, default=None),
        enum=own.enum or shipped.enum,
        pattern=shipped.pattern or own.pattern,
    )
