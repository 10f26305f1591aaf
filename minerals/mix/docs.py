"""What the families of constraints and the objectives say of themselves, in docstrings and records, without Pyomo."""

from __future__ import annotations

import re
from functools import cache
from inspect import cleandoc
from pathlib import Path

from ..haste import frozen, value_class
from . import equation, objective
from .families import MODULES
from .family import Family

MIX = Path(__file__).parent


@frozen
class Description:
    """A family of constraints in words."""

    name: str
    why: str
    """First paragraph of its docstring."""
    equations: tuple[str, ...]
    """LaTeX, one each."""
    unit: str
    """Unit of the equations."""
    notes: tuple[str, ...]
    """Other paragraphs."""
    constraints: dict[str, str]
    """Index by name in the model, `{"meet_demand": "region, segment, year"}`."""
    key: str
    """Key of the run file that governs it."""
    source: str
    """The paragraph that begins with `Source:`, or nothing."""
    file: str
    """From the folder that holds the package."""


@value_class
class Goal:
    """An objective, as the table of objectives says it."""

    name: str
    meaning: str
    unit: str
    file: str


@cache
def descriptions() -> dict[str, Description]:
    """Every family by name, in the order of the alphabet."""
    return {
        name: description(name, module.__doc__, module.FAMILY, _place(module.__file__))
        for name, module in sorted(MODULES.items())
    }


def description(name: str, docstring: str, family: Family, file: str) -> Description:
    """A family by the docstring of its module and its record."""
    text = cleandoc(docstring)
    lines = [line for block in re.findall(r"\$\$(.+?)\$\$", text, re.DOTALL) for line in equation.lines(block)]
    units = dict.fromkeys(unit for line in lines if (unit := equation.unit(line)))
    why, *others = re.split(r"\n\s*\n", re.sub(r"\$\$.+?\$\$", "", text, flags=re.DOTALL).strip())
    paragraphs = [" ".join(paragraph.split()) for paragraph in others]
    sources = [found[1] for paragraph in paragraphs if (found := re.match(r"Sources?: *(.+)", paragraph))]
    return Description(
        name=name,
        why=" ".join(why.split()),
        equations=tuple(line for line in lines if not equation.unit(line)),
        unit=", ".join(units),
        notes=tuple(paragraph for paragraph in paragraphs if not re.match("Sources?:", paragraph)),
        constraints={constraint: entry.index for constraint, entry in family.constraints.items()},
        key=family.key,
        source="; ".join(sources),
        file=file,
    )


@cache
def goals() -> dict[str, Goal]:
    """Every objective by name, of the table in the docstring of objective.py."""
    rows = table(cleandoc(objective.__doc__ or ""), _place(objective.__file__))
    return {goal.name: goal for goal in rows}


def table(text: str, file: str) -> list[Goal]:
    """Objectives of a table whose rows are indented: name, meaning and unit, in columns. A row without a name goes on
    with that above."""
    rows = [line for line in text.splitlines() if line.startswith("    ")]
    starts = ([found.start() for found in re.finditer(r"(?<=\s\s)\S", row)] for row in rows)
    columns = next((places for places in starts if len(places) == 3), None)
    if columns is None:
        return []
    goals: list[list[str]] = []
    for row in rows:
        cells = [row[start:end].strip() for start, end in zip(columns, [*columns[1:], None], strict=True)]
        if cells[0]:
            goals.append(cells)
        elif goals:
            goals[-1] = [" ".join(both).strip() for both in zip(goals[-1], cells, strict=True)]
    return [Goal(name, meaning, unit, file) for name, meaning, unit in goals]


def _place(file: str | None) -> str:
    """A file of the mix, from the folder that holds the package."""
    return Path(file or "").relative_to(MIX.parent.parent).as_posix()
