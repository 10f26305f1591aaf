"""Properties of a descriptor by the standards (Data Package, Table Schema and Table Dialect, versions 1 and 2, and the
frictionless program): which of them each object may have here.

A property that is read, and one that only says something about the data, is known. A property by which a table would
have other rows, or rows that mean or may hold something else, is bound: it may have the values at which tables are
read, and is refused with any other. What the standards do not name is ignored where they allow properties of one's own,
and refused where they do not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import did_you_mean
from ..haste import frozen


@frozen
class Properties:
    """Properties of one sort of object.

    name: of the object in a sentence; known: may have any value; bound: property → (values that change nothing, why
    others are refused); open: others are ignored.
    """

    name: str
    known: frozenset[str]
    bound: Mapping[str, tuple[tuple[Any, ...], str]]
    open: bool = True

    def refused(self, item: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Each property of an object that is not read, and why it is refused. None (null) is as good as absent."""
        for key, value in item.items():
            usual, why = self.bound.get(key, ((), ""))
            if why and value is not None and value not in usual:
                yield key, why
            elif not why and not self.open and key not in self.known:
                yield key, f"is no property of {self.name}{did_you_mean(key, [*self.known, *self.bound])}; remove it"


ABOUT = frozenset({"$schema", "profile", "name", "title", "description"})
OURS = {"minerals": ((), "belongs to a resource; move it there")}
PLAIN = "a table is one plain CSV file beside the descriptor; save it so and remove this"
DIALECT = "tables have a header in their first line, commas and double quotes; save the file so and remove this"
NUMBERS = "numbers are digits with a decimal point here; remove it"
EMPTY = 'a missing value is an empty cell here; write [""] and empty cells'
NOT_HELD = "is not held against the rows here; remove it"

PACKAGE = Properties("a package", ABOUT | {"resources"}, OURS)

RESOURCE = Properties(
    "a resource",
    ABOUT | {"path", "data", "schema", "dialect", "encoding", "format", "mediatype", "hash", "bytes", "minerals"},
    {
        "type": (("table",), "rows are read of tables alone; write table, or remove the resource"),
        "compression": (("", "no"), "files are read unpacked; unpack the file and remove this"),
        "innerpath": (("",), PLAIN),
        "extrapaths": (([],), PLAIN),
        "scheme": (("", "file"), PLAIN),
        "basepath": (("", "."), PLAIN),
        "control": (({},), PLAIN),
        "layout": (({},), DIALECT),
        "query": (({},), "rows are read whole; remove it"),
        "hashing": ((), "write the algorithm before the hash (hash = 'sha256:…') and remove this"),
    },
)

SCHEMA = Properties(
    "a schema",
    ABOUT | {"fields", "primaryKey", "foreignKeys"},
    OURS
    | {
        "missingValues": (([""],), EMPTY),
        "uniqueKeys": (([],), f"{NOT_HELD} (a table has one key, its primaryKey)"),
        "fieldsMatch": (
            ("exact", "equal", ["exact"], ["equal"]),
            "a file has the columns of its fields, all of them and no more; remove it",
        ),
    },
)

FIELD = Properties(
    "a field",
    ABOUT | {"type", "constraints"},
    OURS
    | {
        "format": (("default",), "texts and numbers are read as they stand; remove it"),
        "decimalChar": ((".",), NUMBERS),
        "groupChar": (("",), NUMBERS),
        "bareNumber": ((True,), NUMBERS),
        "missingValues": (([""],), EMPTY),
        "categories": ((), "is not read; write constraints.enum"),
    },
)

CONSTRAINTS = Properties(
    "constraints",
    frozenset({"required", "minimum", "maximum", "enum", "pattern"}),
    {
        "unique": ((False,), f"{NOT_HELD} (a table has one key, its primaryKey)"),
        "minLength": ((0,), f"{NOT_HELD}, or write pattern"),
        "maxLength": ((), f"{NOT_HELD}, or write pattern"),
        "exclusiveMinimum": ((), f"{NOT_HELD}, or write minimum"),
        "exclusiveMaximum": ((), f"{NOT_HELD}, or write maximum"),
        "jsonSchema": ((), NOT_HELD),
    },
    open=False,
)

TABLE_DIALECT = Properties(
    "a dialect",
    # A header in other letters is refused in any case; blank rows are skipped; one header row needs no joining.
    ABOUT | {"csvddfVersion", "caseSensitiveHeader", "headerCase", "headerJoin", "skipBlankRows"},
    {
        "delimiter": ((",",), DIALECT),
        "lineTerminator": (("\n", "\r\n", "\r"), DIALECT),
        "quoteChar": (('"',), DIALECT),
        "doubleQuote": ((True,), DIALECT),
        "escapeChar": (("",), DIALECT),
        "nullSequence": (("",), DIALECT),
        "skipInitialSpace": ((False,), "a double quote opens a cell only right after the comma; remove this"),
        "header": ((True,), DIALECT),
        "headerRows": (([1],), DIALECT),
        "commentChar": (("",), "no line is a comment here; remove such lines and this"),
        "commentRows": (([],), "no line is a comment here; remove such lines and this"),
        "decimalChar": ((".",), NUMBERS),
        "groupChar": (("",), NUMBERS),
        **dict.fromkeys(("csv", "excel", "json", "sql", "controls"), ((), DIALECT)),
        **dict.fromkeys(("property", "itemType", "itemKeys", "sheetNumber", "sheetName", "table"), ((), DIALECT)),
    },
    open=False,
)

FOREIGN_KEY = Properties("a foreign key", ABOUT | {"fields", "reference"}, {}, open=False)

REFERENCE = Properties(
    "a reference",
    frozenset({"resource", "fields"}),
    dict.fromkeys(("package", "datapackage"), ((), "a reference is to a table of this package; remove it")),
    open=False,
)

MINERALS = Properties("minerals", frozenset({"kind", "least", "most", "because", "sums_to_one_over"}), {}, open=False)
