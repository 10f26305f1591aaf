"""What the families of constraints and the objectives say of themselves, read from their files without Pyomo."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from . import equation

MIX = Path(__file__).parent
#: Name of a module's constant that names the key of the run file by which a family is governed.
KEY = "KEY"


@dataclass(frozen=True)
class Family:
    """A module of constraints.

    why: its first paragraph; equations: LaTeX, one each; unit: theirs; notes: its other paragraphs; constraints: index
    by name in the model, `{"meet_demand": "region, segment, year"}`; key: of the run file, or nothing; source: the
    paragraph that begins with `Source:`, or nothing; file: from the folder that holds the package.
    """

    name: str
    why: str
    equations: tuple[str, ...]
    unit: str
    notes: tuple[str, ...]
    constraints: dict[str, str]
    key: str
    source: str
    file: str


@dataclass(frozen=True)
class Goal:
    """An objective, as the table of objectives says it."""

    name: str
    meaning: str
    unit: str
    file: str


@cache
def families() -> dict[str, Family]:
    """Every family by name."""
    files = sorted((MIX / "constraints").glob("[!_]*.py"))
    return {file.stem: family(file.stem, file.read_text(encoding="utf-8"), _place(file)) for file in files}


def family(name: str, code: str, file: str) -> Family:
    """The family that a module's code states."""
    tree = ast.parse(code)
    text = ast.get_docstring(tree) or ""
    lines = [line for block in re.findall(r"\$\$(.+?)\$\$", text, re.DOTALL) for line in equation.lines(block)]
    units = dict.fromkeys(unit for line in lines if (unit := equation.unit(line)))
    why, *others = re.split(r"\n\s*\n", re.sub(r"\$\$.+?\$\$", "", text, flags=re.DOTALL).strip())
    paragraphs = [" ".join(paragraph.split()) for paragraph in others]
    sources = [found[1] for paragraph in paragraphs if (found := re.match(r"Sources?: *(.+)", paragraph))]
    return Family(
        name=name,
        why=" ".join(why.split()),
        equations=tuple(line for line in lines if not equation.unit(line)),
        unit=", ".join(units),
        notes=tuple(paragraph for paragraph in paragraphs if not re.match("Sources?:", paragraph)),
        constraints=_constraints(tree),
        key=_constant(tree, KEY),
        source="; ".join(sources),
        file=file,
    )


@cache
def goals() -> dict[str, Goal]:
    """Every objective by name, of the table in the docstring of objective.py."""
    file = MIX / "objective.py"
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return {goal.name: goal for goal in table(text, _place(file))}


def table(text: str, file: str) -> list[Goal]:
    """Objectives of a table whose rows are indented: name, meaning and unit, in columns. A row without a name goes on
    with that above."""
    rows = [line for line in text.splitlines() if line.startswith("    ")]
    starts = ([found.start() for found in re.finditer(r"(?<=\s\s)\S", row)] for row in rows)
    columns = next((places for places in starts if len(places) == 3), None)
    if columns is None:
        return []
    told: list[list[str]] = []
    for row in rows:
        cells = [row[start:end].strip() for start, end in zip(columns, [*columns[1:], None], strict=True)]
        if cells[0]:
            told.append(cells)
        elif told:
            told[-1] = [" ".join(both).strip() for both in zip(told[-1], cells, strict=True)]
    return [Goal(name, meaning, unit, file) for name, meaning, unit in told]


def _place(file: Path) -> str:
    """A file of the mix, from the folder that holds the package."""
    return file.relative_to(MIX.parent.parent).as_posix()


def added(tree: ast.Module, kind: str) -> list[str]:
    """Components of a kind that a module adds to the model: `model.NAME = pyo.KIND(…)`."""
    return [
        target.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Attribute) and node.value.func.attr == kind
        for target in node.targets if isinstance(target, ast.Attribute)
    ]  # fmt: skip


def _constraints(tree: ast.Module) -> dict[str, str]:
    """Constraints that a module adds, with the index that the docstring of its `add` gives them."""
    said: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == "add":
            said = dict(re.findall(r"(\w+)\[([^\]]+)\]", ast.get_docstring(node) or ""))
    return {name: " ".join(said.get(name, "").split()) for name in added(tree, "Constraint")}


def _constant(tree: ast.Module, name: str) -> str:
    """A text that a module sets at its top, or nothing."""
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id == name for target in targets):
                return str(node.value.value)
    return ""
