"""TOML as run files and `--set` hold it: read with the reason where it cannot be read, and the line of every key.

`tomllib` reads it. What it does not say is said here: where keys stand, what is wrong in words, and that a text is too
deep.
"""

from __future__ import annotations

import datetime
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from numbers import Integral, Real
from os import PathLike
from typing import Any

from .text import LONGEST_TEXT, Unreadable, shown, unprintable

Keys = tuple[str, ...]
#: Most bytes of a run file, levels of tables and lists in it, and digits of a whole number (TOML has 64 bits).
LARGEST, DEEPEST, LARGEST_WHOLE = 1_000_000, 20, 2**63
#: A part of a dotted key: in quotes of either kind, or bare.
PART = r"""(?:"(?:[^"\\]|\\.)*+"|'[^']*+'|[^\s."'=\[\]{}#,]++)"""
DOTTED = rf"{PART}(?:[ \t]*+\.[ \t]*+{PART})*+"
#: Where a dotted key has nothing next to a dot.
EMPTY = r"^\.|\.\.|\.$|\"\"|''"
#: `key = value`, as a line of a file or a change of the command line has it.
STATEMENT = re.compile(rf"[ \t]*+({DOTTED})[ \t]*+=(.*)$", re.DOTALL)
HEADER = re.compile(rf"[ \t]*+\[\[?[ \t]*+({DOTTED})[ \t]*+\]\]?[ \t]*+(?:#.*)?$")
INLINE = re.compile(rf"[{{,][ \t]*+({DOTTED})[ \t]*+=")
#: Signs of TOML: a value that holds one and is no TOML is a slip, not a text without quotes.
SIGNS = re.compile(r"""^["']|[="#\[\]{}]""")
ESCAPE = "\\ begins an escape in double quotes; write / in a path, or put the text in single quotes, where \\ is itself"
#: What tomllib says of a text → what to do. The first that fits holds.
ADVICE = (
    (r"hex value|Unescaped '\\|escaped? char|Unicode scalar", ESCAPE),
    (r"overwrite a value|Cannot declare|Cannot mutate|Duplicate", "it stands twice; keep one of the two"),
    (r"Unclosed|Unterminated|Illegal character '\\n'", "close what is opened: a quote on its line, or a bracket"),
    (r"Illegal character", "leave that character out; a text in double quotes may hold it as an escape, e.g. \\u00e9"),
    (r"initial character for a key", "expected a key; a table in { } stands on one line"),
    (r"Expected '='|key part|Invalid statement|Expected ']", "expected key = value, or [table] alone on its line"),
    (r"Expected newline", "expected one key = value a line; numbers have no , and one dot at most"),
    (r"Invalid value", "texts stand in double quotes, true and false have none, numbers are as 2030 or 0.4"),
)


#: A key that needs no quotes.
BARE = re.compile(r"[A-Za-z0-9_-]+")


def parsed(text: str) -> dict[str, Any]:
    """A TOML text as tables. Raises Unreadable with the line and the way out."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        reason = str(error)
        found = re.search(r"at line (\d+)", reason)
        line = int(found[1]) if found else len(_lines(text.rstrip())) if "end of document" in reason else 0
        advice = next((advice for pattern, advice in ADVICE if re.search(pattern, reason)), "")
        advice = ESCAPE if _escaped(text, line) else advice
        curled = re.search("[“”„‘’‚]", _lines(text)[line - 1]) if 0 < line <= len(_lines(text)) else None
        if curled and "Invalid" in reason:
            advice = f"the quote {curled[0]} (U+{ord(curled[0]):04X}) is a word processor's; type it straight: \" or '"
        raise Unreadable(line, f"is not readable TOML ({reason}); {advice}".rstrip("; ")) from None
    except RecursionError:
        raise Unreadable(_deepest(text), f"holds more than {DEEPEST} lists or tables within each other") from None
    except ValueError:
        line = next((at for at, each in enumerate(_lines(text), 1) if re.search(r"\d[\d_]{999}", each)), 0)
        raise Unreadable(line, "holds a number of thousands of digits") from None


def _lines(text: str) -> list[str]:
    """Lines as TOML counts them: other characters that end a line elsewhere, in a comment, do not."""
    return text.replace("\r\n", "\n").split("\n")


def _escaped(text: str, line: int) -> bool:
    """Whether a line has a text in double quotes with a `\\` in it."""
    lines = _lines(text)
    return 0 < line <= len(lines) and bool(re.search(r'"[^"]*\\[^"]*"', lines[line - 1]))


def _deepest(text: str) -> int:
    """The line with the most opening brackets, or 0 where none has many."""
    counts = [(each.count("[") + each.count("{"), -at) for at, each in enumerate(_lines(text), 1)]
    most, line = max(counts, default=(0, 0))
    return -line if most > DEEPEST else 0


def wrong(value: Any, path: Keys = ()) -> Iterable[tuple[Keys, str]]:
    """(key path, reason) for what no run file holds, whatever the key: tables within each other without end, whole
    numbers beyond 64 bits, keys that cannot be shown."""
    stack: list[tuple[Keys, Any, int]] = [(path, value, len(path))]
    while stack:
        at, each, depth = stack.pop()
        if depth > DEEPEST:
            yield at[:2], f"holds more than {DEEPEST} lists or tables within each other"
            return
        if isinstance(each, Mapping):
            for key, below in each.items():
                if why := _no_key(key):
                    yield at, why
                else:
                    stack.append(((*at, key), below, depth + 1))
        elif isinstance(each, list):
            stack += [(at, below, depth + 1) for below in each]
        elif isinstance(each, int) and not -LARGEST_WHOLE <= each < LARGEST_WHOLE:
            yield at, "is a whole number beyond 64 bits, which TOML does not have"


def _no_key(key: str) -> str:
    if len(key) > LONGEST_TEXT:
        return f"has a key of {len(key):,} characters; expected at most {LONGEST_TEXT}"
    code = unprintable(key)
    return f"has the key {shown(key)}, which holds {code}, a character that cannot be shown" if code else ""


def statement(text: str) -> tuple[Keys, Any]:
    """One `key.path=value`; the value is TOML, or a text without quotes. Raises Unreadable with the reason."""
    if code := unprintable(text):
        what = "a line break; one --set is one change" if code in ("U+000A", "U+000D") else f"{code}; leave it out"
        raise Unreadable(0, f"holds {what}")
    found = STATEMENT.fullmatch(text)
    if found is None or not all(path := split_key(found[1])):
        key = text.partition("=")[0].replace(" ", "")
        part = "the key has an empty part; " if key.strip(".") and ("=" in text) and re.search(EMPTY, key) else ""
        raise Unreadable(0, f"{part}expected key=value, e.g. scope.years.last=2040")
    value = found[2].strip()
    try:
        return path, parsed(f"value = {value}")["value"]
    except Unreadable as error:
        why = re.sub(r" \(at [^)]*\)", "", str(error))
        if "is not readable TOML" in why and not SIGNS.search(value):
            return path, value
        text_only = '; a text without quotes holds none of = # " [ ] { }' if "readable" in why else ""
        raise Unreadable(0, f"the value {why}{text_only}") from None


def written(value: object, depth: int = 0) -> str:
    """A Python value as TOML. Raises ValueError for one that TOML does not have, None among them."""
    if depth > DEEPEST:
        raise ValueError(f"holds more than {DEEPEST} lists or tables within each other")
    if hasattr(value, "item") and not isinstance(value, Mapping | list | tuple):
        value = value.item() if getattr(value, "size", 0) == 1 else value  # A number of numpy.
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Real):
        return repr(float(value))  # Infinite and not a number are `inf` and `nan` in TOML too.
    if isinstance(value, str | PathLike):
        return json.dumps(str(value), ensure_ascii=False)
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, Mapping):
        pairs = (f"{_key(str(key))} = {written(each, depth + 1)}" for key, each in value.items())
        return f"{{ {', '.join(pairs)} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(written(each, depth + 1) for each in value)}]"
    kind = type(value).__name__
    raise ValueError(f"is {kind} ({shown(value)}); expected a number, a text, True, False, a list or a dict")


def document(table: Mapping[str, Any], path: Keys = ()) -> Iterable[str]:
    """Lines of a TOML table, at a key path: its own keys first, then the tables in it; the last level in one line."""
    plain = {key: value for key, value in table.items() if not isinstance(value, dict)}
    inner = {key: value for key, value in table.items() if isinstance(value, dict)}
    inline = {key: value for key, value in inner.items() if path and _flat(value)}
    if path and (plain or inline or not inner):
        yield f"[{dotted(path)}]"
    yield from (f"{_key(key)} = {written(value)}" for key, value in {**plain, **inline}.items())
    if plain or inline or (path and not inner):
        yield ""
    for key, value in inner.items():
        if key not in inline:
            yield from document(value, (*path, key))


def _flat(table: Mapping[str, Any]) -> bool:
    return bool(table) and not any(isinstance(value, dict | list) for value in table.values())


def _key(name: str) -> str:
    return name if BARE.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def dotted(path: Keys) -> str:
    """A key path as a dotted TOML key."""
    return ".".join(map(_key, path))


def is_key(text: str) -> bool:
    """Whether a text is a dotted TOML key."""
    return bool(re.fullmatch(DOTTED, text))


def split_key(text: str) -> Keys:
    """Parts of a dotted TOML key; quoted parts may hold dots and blanks."""
    return tuple(map(_unquoted, re.findall(PART, text)))


def _unquoted(part: str) -> str:
    if part[0] == '"' and "\\" in part:
        try:
            return next(iter(tomllib.loads(f"{part} = 0")))
        except ValueError:
            return part[1:-1]
    return part[1:-1] if part[0] in "\"'" else part


def key_lines(text: str) -> dict[Keys, int]:
    """1-based line of every key and table of a TOML text, inline tables included.

    tomllib gives no positions. This follows headers and keys line by line, which is enough to point at a key; it
    never decides what a value is.
    """
    lines: dict[Keys, int] = {}
    table: Keys = ()
    quote = ""
    for number, line in enumerate(_lines(text), start=1):
        if quote:
            quote = "" if quote in line else quote
            continue
        if header := HEADER.match(line):
            table = split_key(header[1])
            for depth in range(1, min(len(table), DEEPEST) + 1):
                lines.setdefault(table[:depth], number)
            lines[table] = number
            continue
        if key := STATEMENT.match(line):
            path = table + split_key(key[1])
            lines[path] = number
            for depth in range(len(table) + 1, min(len(path), DEEPEST)):
                lines.setdefault(path[:depth], number)
            for inner in INLINE.findall(key[2]):
                lines.setdefault(path + split_key(inner), number)
            for mark in ('"""', "'''"):
                if key[2].count(mark) % 2:
                    quote = mark
    return lines
