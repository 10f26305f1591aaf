"""The guide as one page: the method with its equations, guides, commands, and every name that a run file, an input
table or a result has. All of it is read where it stands: docstrings, descriptions, the schema of the tables."""

from __future__ import annotations

import pkgutil
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from importlib.metadata import version
from inspect import isclass, isfunction
from types import ModuleType
from typing import Any, NamedTuple

import click

from ..config.run_file import KeyOfRunFile, keys_by_kind
from ..config.study import KINDS
from ..errors import listed
from ..mix.docs import descriptions
from ..mix.families import MODULES
from ..quantities import QUANTITIES, Quantity
from ..shipped import guides_folder, inputs_folder
from ..tables.schema import Field, TableSchema, read_schemas
from .document import document, section
from .markdown import guide as read_guide
from .markup import Markup, element, items, plain
from .prose import code, inline, prose, states_equation

PACKAGE = "minerals"
#: Chapters of the method: modules by their place in the package, in the order in which they are read; a package stands
#: for all its others, by name.
METHOD = {
    "Units and what is uncertain": ("units", "design", "case.shares"),
    "Demand and flows": ("flows.demand", "flows.system", "flows.lifetime", "flows.stock", "flows.scrap",
                         "flows.recycling", "flows"),
    "Cells": ("cells.cell", "cells"),
    "Adoption and prices": ("diffusion", "prices.learning", "prices"),
    "Exposure": ("exposure.stages", "exposure.known", "exposure.coverage", "exposure.cell_origin",
                 "exposure.disruption", "exposure.factory", "exposure.bases", "exposure.makers", "exposure.follow_on",
                 "exposure.window", "exposure.draws", "exposure", "case.by_rule", "case.weights"),
    "The mix": ("mix.variables", "mix.objective"),
    "Limits of the mix": (),
    "How a mix is found and told": ("mix.replay", "mix.frontier", "mix.near", "mix.gains", "mix.conflict",
                                    "mix.futures", "mix.backcast"),
    "Mixes that fit what is said": ("studies.identify", "studies.polytope"),
}  # fmt: skip
#: The chapter that holds the families of constraints.
LIMITS = "Limits of the mix"
#: Guides in the order in which they are read; any other follows by name.
GUIDES = ("scenarios", "exposure", "mix", "measures", "own", "inputs")
#: A column that so many tables have with the same meaning is told once.
COMMON = 10


class Part(NamedTuple):
    """A part of the page: its heading, its chapters as (anchor, heading), and what stands in it."""

    heading: str
    chapters: Sequence[tuple[str, str]]
    inner: Markup


def page(commands: click.Group) -> str:
    """The guide as one HTML file. commands: of the command line. The same version gives the same bytes."""
    parts = {
        "method": _method(),
        "guides": _guides(),
        "commands": _commands(commands),
        "keys": _keys(keys_by_kind()),
        "tables": _tables(read_schemas(inputs_folder())),
        "quantities": _quantities(QUANTITIES.values()),
    }
    parts = {name: part for name, part in parts.items() if part.inner}
    skip = element("a", "Skip to the method", href="#main", class_="skip")
    head = element(
        "header",
        element("p", "Guide", class_="kind"),
        element("h1", "minerals: method and reference"),
        element(
            "p",
            "How battery demand becomes kilotonnes of minerals, gigawatt-hours at risk and a mix of chemistries: the "
            "equations as they stand in the code, and every command, key, table and quantity. The page needs no "
            "network; find in page (Ctrl F) reaches all of it.",
            class_="lead",
        ),
    )
    main = element("main", *(section(name, part.heading, part.inner) for name, part in parts.items()), id="main")
    foot = element("footer", element("p", f"minerals {version(PACKAGE)}. This page asks nothing of any other place."))
    body = element("div", head, element("div", _contents(parts), main, class_="columns"), foot, class_="page guide")
    return document("Guide · minerals", Markup(skip + body), ["style.css", "guide.css"])


def _contents(parts: Mapping[str, Part]) -> Markup:
    lines = [
        Markup(element("a", part.heading, href=f"#{name}") + items(_links(part.chapters)))
        for name, part in parts.items()
    ]
    return element("nav", items(lines), class_="contents", aria_label="Contents")


def _links(chapters: Iterable[tuple[str, str]]) -> list[Markup]:
    return [element("a", heading, href=f"#{anchor}") for anchor, heading in chapters]


def _chapter(anchor: str, heading: str, *inner: object) -> Markup:
    return Markup(element("h3", heading, id=anchor) + "".join(map(plain, inner)))


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


# ---------------------------------------------------------------------- method


def _method() -> Part:
    chapters = {f"method-{_slug(heading)}": heading for heading in METHOD}
    lead = element(
        "p",
        "Each piece below is the docstring of the module that computes it, so that what is said and what is done stand "
        "side by side in the code. Names in equations that are no single letters are those of the code.",
    )
    bodies = [
        _chapter(anchor, heading, *(_limits() if heading == LIMITS else map(_module, _modules(METHOD[heading]))))
        for anchor, heading in chapters.items()
    ]
    return Part("Method", list(chapters.items()), Markup(lead + "".join(bodies)))


def _modules(places: Iterable[str]) -> Iterator[ModuleType]:
    """Modules by their places in the package; of a package those that no other place of it names."""
    named = set(places)
    for place in places:
        module = import_module(f"{PACKAGE}.{place}")
        if not hasattr(module, "__path__"):
            yield module
            continue
        for found in sorted(each.name for each in pkgutil.iter_modules(module.__path__)):
            if f"{place}.{found}" not in named:
                yield import_module(f"{PACKAGE}.{place}.{found}")


def _module(module: ModuleType) -> Markup:
    """A module by its docstring, and those of its functions and classes that state equations."""
    place = module.__name__.removeprefix(f"{PACKAGE}.")
    text = module.__doc__ or ""
    inner = [
        element("h4", inline(_name(text)), id=f"module-{place}"),
        _file(f"{module.__name__.replace('.', '/')}.py"),
        prose(text),
    ]
    for name, each in vars(module).items():
        if not (isfunction(each) or isclass(each)) or each.__module__ != module.__name__ or name.startswith("_"):
            continue
        if each.__doc__ and states_equation(each.__doc__):
            inner += [element("h5", element("code", name)), prose(each.__doc__)]
    return element("article", *inner)


def _name(text: str) -> str:
    """What a module is about: its first sentence, up to the first mark in it."""
    return re.split(r"[:,.;](?=\s|$)", " ".join(text.split()), maxsplit=1)[0]


def _file(name: str) -> Markup:
    return element("p", element("code", name), class_="note")


def _limits() -> Iterator[Markup]:
    yield element(
        "p",
        "Each family is under the key of the run file that stands below it; ",
        element("code", "minerals describe"),
        " tells any of them by its name.",
        class_="text",
    )
    yield from map(_family, MODULES)


def _family(name: str) -> Markup:
    """A family of constraints by the docstring of its module, with what it is called elsewhere."""
    family, module = descriptions()[name], MODULES[name]
    names = [element("code", f"{constraint}[{index}]") for constraint, index in family.constraints.items()]
    pairs = {"In the model": Markup(", ".join(names))}
    if family.key:
        pairs["Run file"] = element("code", family.key)
    heading = element("h4", name.replace("_", " ").capitalize(), id=f"limit-{name}")
    return element("article", heading, _file(family.file), prose(module.__doc__), _pairs(pairs))


# ---------------------------------------------------------------------- guides


def _guides() -> Part:
    """Guides that are at hand; none where the package came without."""
    folder = guides_folder()
    files = {path.stem: path for path in sorted(folder.glob("*.md"))} if folder.is_dir() else {}
    names = list(dict.fromkeys((*(name for name in GUIDES if name in files), *files)))
    anchors = {f"{name}.md": f"guide-{_slug(name)}" for name in names}
    chapters, bodies = [], []
    for name in names:
        anchor = anchors[f"{name}.md"]
        found = read_guide(files[name].read_text(encoding="utf-8"), anchors, name)
        chapters.append((anchor, found.heading))
        bodies.append(element("article", _chapter(anchor, found.heading, found.inner)))
    return Part("Guides", chapters, Markup("".join(bodies)))


# ---------------------------------------------------------------------- commands


def _commands(group: click.Group) -> Part:
    context = click.Context(group, info_name=PACKAGE, **group.context_settings)
    chapters, bodies = [], []
    for name, command in group.commands.items():
        if command.hidden:
            continue
        anchor = f"command-{_slug(name)}"
        chapters.append((anchor, name))
        below = click.Context(command, info_name=name, parent=context)
        usage = " ".join([PACKAGE, name, *command.collect_usage_pieces(below)])
        options = _options(command, below)
        bodies.append(_chapter(anchor, f"{PACKAGE} {name}", code(usage), prose(command.help or ""), options))
    whole = Markup(prose(group.help or "") + _options(group, context))
    return Part("Commands", chapters, Markup(whole + "".join(bodies)))


def _options(command: click.Command, context: click.Context) -> Markup:
    records = (each.get_help_record(context) for each in command.get_params(context))
    return _entries((element("code", head), [inline(words)]) for head, words in filter(None, records) if words)


# ---------------------------------------------------------------------- keys of the run file


def _keys(keys: Mapping[str, Sequence[KeyOfRunFile]]) -> Part:
    """Keys by the table in which they stand; those of no table first."""
    tables = [path for path in keys if any(other.startswith(f"{path}.") for other in keys)]
    first = [path for path in tables if "." not in path]
    groups: dict[str, list[str]] = {"": [path for path in keys if path.partition(".")[0] not in first]}
    groups |= {top: [path for path in keys if path.partition(".")[0] == top] for top in first}
    chapters, bodies = [], []
    for top, paths in groups.items():
        anchor = f"keys-{_slug(top) or 'top'}"
        chapters.append((anchor, f"[{top}]" if top else "Outside all tables"))
        entries = (_key(key, anchor=not at) for path in paths for at, key in enumerate(keys[path]))
        bodies.append(_chapter(anchor, chapters[-1][1], _entries(entries)))
    lead = element(
        "p", "NAME stands for a name of your own, SEGMENT and CHEMISTRY for codes of their tables. Any key can be "
        "changed for one run with ", element("code", "--set KEY=VALUE"), ".", class_="text",
    )  # fmt: skip
    return Part("Keys of a run file", chapters, Markup(lead + "".join(bodies)))


def _key(key: KeyOfRunFile, anchor: bool) -> tuple[Markup, list[Markup]]:
    about: list[Markup] = []
    if 0 < len(key.kinds) < len(KINDS):
        about.append(Markup(f"kind {_codes(key.kinds)}"))
    if key.unit:
        about.append(Markup(f"unit {element('span', key.unit)}"))
    if key.values:
        about.append(Markup(f"values {_codes(key.values)}"))
    if key.default:
        about.append(Markup(f"default {element('code', key.default)}"))
    elif key.required:
        about.append(Markup("must be set where its table stands" if "." in key.path else "must be set"))
    elif key.example:
        about.append(Markup("no default"))
    if key.example:
        name = key.path.rpartition(".")[2]
        about.append(Markup(f"example {element('code', f'{name} = {key.example}')}"))
    return _named(key.path, f"key-{key.path}" if anchor else ""), [inline(key.description), *_about(about)]


# ---------------------------------------------------------------------- tables


def _tables(schemas: Mapping[str, TableSchema]) -> Part:
    meanings = Counter(_meaning(field) for table in schemas.values() for field in table.fields)
    common = {meaning for meaning, count in meanings.items() if count >= COMMON}
    chapters = [(f"table-{_slug(name)}", name) for name in schemas]
    lead = element(
        "p", "Rows of your own lie on top of the shipped ones: same columns, in a folder that the run file names with ",
        element("code", "inputs"), ". Columns that many tables have are told first, and after that named alone.",
        class_="text",
    )  # fmt: skip
    shared = {_meaning(field): field for table in schemas.values() for field in table.fields}
    columns = _chapter(
        "tables-common", "Columns of many tables",
        _entries(_column(shared[meaning], bounds=False) for meaning in shared if meaning in common),
    )  # fmt: skip
    index = element("p", *_spaced(_links(chapters)), class_="index")
    tables = (_table(table, anchor, common) for table, (anchor, _) in zip(schemas.values(), chapters, strict=True))
    places = [("tables-common", "Columns of many tables"), ("tables-all", f"All {len(schemas)} tables")]
    return Part("Input tables", places, Markup(lead + columns + _chapter(*places[1], index) + "".join(tables)))


def _meaning(field: Field) -> tuple[Any, ...]:
    """What a column is, apart from the bounds of its numbers in a table."""
    return field.name, field.type, field.description, field.required, field.enum, field.pattern


def _table(table: TableSchema, anchor: str, common: set[tuple[Any, ...]]) -> Markup:
    pairs: dict[str, object] = {"Key": _codes(table.primary_key)}
    if table.references:
        pairs["Codes of"] = Markup(
            ", ".join(
                f"{element('code', each.field)} in "
                + element("a", f"{each.target}.{each.target_field}", href=f"#table-{_slug(each.target)}")
                for each in table.references
            )
        )
    if table.because:
        least, most = (f"{end:g}" if end is not None else "" for end in table.ends)
        ends = f"{least} to {most}" if least and most else f"at least {least}" if least else f"at most {most}"
        pairs["Plausible"] = Markup(f"{ends if least or most else ''} {inline(table.because)}".strip())
    if table.sums_to_one_over:
        pairs["Sums to one over"] = element("code", table.sums_to_one_over)
    named = [field for field in table.fields if _meaning(field) in common]
    if named:
        pairs["Also"] = Markup(
            ", ".join(element("code", field.name) + (f" ({_bounds(field)})" if _bounds(field) else "")
                      for field in named)
        )  # fmt: skip
    own = (_column(field) for field in table.fields if _meaning(field) not in common)
    return element(
        "article",
        element("h4", element("code", table.name), f" {table.title}", id=anchor),
        element("p", inline(table.description)), _entries(own), _pairs(pairs),
    )  # fmt: skip


def _column(field: Field, bounds: bool = True) -> tuple[Markup, list[Markup]]:
    about = [Markup(field.type)]
    about += [Markup("may be empty")] if not field.required else []
    about += [Markup(_bounds(field))] if bounds and _bounds(field) else []
    about += [Markup(f"one of {_codes(map(str, field.enum))}")] if field.enum else []
    about += [Markup(f"as {element('code', field.pattern)}")] if field.pattern else []
    return _named(field.name), [inline(field.description), *_about(about)]


def _bounds(field: Field) -> str:
    low, high = (f"{end:g}" if end is not None else "" for end in (field.minimum, field.maximum))
    return f"{low} to {high}" if low and high else f"at least {low}" if low else f"at most {high}" if high else ""


# ---------------------------------------------------------------------- quantities


def _quantities(quantities: Iterable[Quantity]) -> Part:
    kinds: dict[str, list[Quantity]] = {}
    for quantity in quantities:
        kinds.setdefault(quantity.kind, []).append(quantity)
    chapters, bodies = [], []
    for kind, found in kinds.items():
        anchor = f"quantities-{_slug(kind)}"
        chapters.append((anchor, f"{kind.capitalize()} ({len(found)})"))
        index = element("p", *_spaced(_links((f"quantity-{each.name}", each.name) for each in found)), class_="index")
        bodies.append(_chapter(anchor, chapters[-1][1], index, _entries(map(_quantity, found))))
    return Part("Quantities", chapters, Markup("".join(bodies)))


def _quantity(quantity: Quantity) -> tuple[Markup, list[Markup]]:
    about = [Markup(f"unit {element('span', quantity.unit)}")]
    if quantity.dimensions:
        about.append(Markup(f"by {element('span', listed(quantity.dimensions, 20))}"))
    if quantity.iamc:
        about.append(Markup(f"IAMC {element('code', quantity.iamc)}"))
    equation = [element("p", element("code", quantity.equation), class_="formula")] if quantity.equation else []
    return _named(quantity.name, f"quantity-{quantity.name}"), [inline(quantity.meaning), *equation, *_about(about)]


# ---------------------------------------------------------------------- pieces


def _named(name: str, anchor: str = "") -> Markup:
    """A name that can be linked to."""
    inner = element("code", name)
    return element("a", inner, href=f"#{anchor}", id=anchor) if anchor else inner


def _entries(entries: Iterable[tuple[Markup, Sequence[Markup]]]) -> Markup:
    """Names with what each means; nothing where there is none."""
    inner = [element("dt", name) + element("dd", *meaning) for name, meaning in entries]
    return element("dl", Markup("".join(inner)), class_="entries") if inner else Markup("")


def _about(pieces: Iterable[Markup]) -> list[Markup]:
    text = " · ".join(pieces)
    return [element("p", Markup(text), class_="note")] if text else []


def _pairs(pairs: Mapping[str, object]) -> Markup:
    inner = (part for name, text in pairs.items() for part in (element("dt", name), element("dd", text)))
    return element("dl", *inner, class_="record")


def _codes(names: Iterable[str]) -> Markup:
    return Markup(", ".join(element("code", name) for name in names))


def _spaced(parts: Iterable[Markup]) -> Iterator[Markup]:
    for part in parts:
        yield part
        yield Markup(" ")
