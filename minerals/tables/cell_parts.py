"""Every chemistry of a run with [exposure] says what each part of its cell comes from, or that nobody knows.

A chemistry without such rows needs no plant of a part, so that no stop costs it a battery: a known cell under a new
name would look safe for nothing but its name. What nobody knows is unknown, not nothing: a chemistry whose makers are
not known uses a node whose supply_share says so, which never binds and is told as not known.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import InputError, Problem, listed
from .codes import ANY
from .inputs import Inputs
from .names import Kinds

#: Parts of a cell that a chemistry has to name a node for, and the stage of that node; collectors as metal.
PARTS = {
    "cathode": "active_material", "anode": "active_material", "electrolyte": "active_material",
    "separator": "active_material", "foil": "refining",
}  # fmt: skip
#: Parts that every table of nodes has; one that leaves out another part leaves it out of all chemistries alike.
ALWAYS = ("cathode", "anode")
#: What the note of a use of 0 begins with where a cell has no such part.
NONE = "none"


def check_cell_parts(inputs: Inputs, chemistries: Iterable[str]) -> None:
    """Base chemistries that a run may sell have a node for each of PARTS, or say that their cell has none.

    It comes from a use above 0 (of the chemistry, its family or any, the most specific row of a node counting), or from
    a mineral of the chemistry that such a node makes by stage_yield. Raises InputError with every chemistry and part
    without one.
    """
    table, problems = inputs.tables["chemistries"], []
    lines = inputs.by_code("chemistries", "line")
    nodes = {part: _nodes(inputs, part, stage) for part, stage in PARTS.items()}
    kinds = Kinds(inputs)
    for chemistry in dict.fromkeys(chemistries):
        for part, mine in nodes.items():
            if not mine and part not in ALWAYS:
                continue
            if _by_use(inputs, kinds, chemistry, mine) or _by_mineral(inputs, chemistry, mine):
                continue
            why = (
                f"no {part} is named for it in node_use.csv, so no stop could cost a battery of it; add a row with the "
                f"{part} that it uses ({listed(mine, 8) or 'none in nodes.csv yet'}); if nobody knows who makes it, "
                "with a node that supply_share.csv has as unknown; if its cell has none, with value 0 and a note that "
                "begins with none"
            )
            problems.append(Problem(table.file, lines[chemistry], f"chemistry = {chemistry!r}", why))
    if problems:
        raise InputError(problems)


def _nodes(inputs: Inputs, part: str, stage: str) -> list[str]:
    """Nodes of a part at a stage."""
    return [row.node for row in inputs.rows_by("nodes", "stage", "part").get((stage, part), [])]


def _by_use(inputs: Inputs, kinds: Kinds, chemistry: str, nodes: Iterable[str]) -> bool:
    """Whether a chemistry uses a node by node_use, or says that it has none; the most specific row of a node counts."""
    rows = inputs.rows_by("node_use", "node", "chemistry")
    names = (chemistry, kinds.family[chemistry], ANY)
    found = (next((rows[node, name][0] for name in names if (node, name) in rows), None) for node in nodes)
    return any(row is not None and (row.value > 0 or row.note.lower().startswith(NONE)) for row in found)


def _by_mineral(inputs: Inputs, chemistry: str, nodes: Iterable[str]) -> bool:
    """Whether a chemistry has a mineral that one of the nodes makes."""
    feeds = inputs.rows_by("stage_yield", "node")
    made = {row.feeds.partition(":")[0] for node in nodes for row in feeds.get((node,), [])}
    held = inputs.rows_by("mineral_intensity", "chemistry").get((chemistry,), [])
    return any(row.mineral in made and row.value > 0 for row in held)
