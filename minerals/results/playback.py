"""A chosen mix as a run file of its own, so that anybody can run, change and compare it as any other: a plain scenario
with the model's shares, what is made at home (made_at_home) and by whom elsewhere (cells_from), what others build
because of it (follow_on) and, where some may not supply, where (follow_on_in).

With it go the production lines from which the run's scrap follows. They are those of growing demand, not those that the
mix builds or turns over (mix_line): the model takes scrap as given, and the same scrap gives the same kt.
"""

from __future__ import annotations

from typing import Any

from ..config import OPTIMISED, Run
from ..shipped import inputs_folder
from ..tables.inputs import Inputs
from ..toml import document
from .record import own_folders

#: Where in the result folder the lines are from which scrap follows.
LINES = "tables/lines.csv"


def playback(run: Run, chosen: str, inputs: Inputs) -> str:
    """The text of the run file. run: with the scenario of a chosen mix, which is played back as `optimised`; inputs:
    that it was made with, of which the result keeps the own rows."""
    out = {"optimise", "study", "output", "inputs", "rows"}
    settings = run.settings.model_dump(mode="json", exclude_defaults=True, exclude=out)
    other = bool(run.settings.inputs) and inputs.folder.resolve() != inputs_folder().resolve()
    if own := own_folders(inputs):
        settings["inputs"] = own
    scenario = settings["scenario"][chosen]
    share: dict[str, Any] = {}
    for change in run.changes[chosen]:
        by_year = share.setdefault(change.region, {}).setdefault(change.segment, {})
        by_year.setdefault(str(change.year), {})[change.chemistry] = change.share
    settings["title"] = f"{run.settings.title}: the chosen mix, played back"
    settings["scenario"] = {OPTIMISED: {**scenario, "share": share}}
    if "flows" in settings or run.settings.flows is not None:
        settings["flows"] = {**settings.get("flows", {}), "lines": LINES}
    head = [
        f"# The mix that [optimise] of {run.name} chose, as a plain scenario. Written by the run; shares, who makes",
        "# the cells, and what others build because of it are the model's; production lines are those of growing",
        "# demand, from which its scrap follows.",
        *(["# Made with a data package of its own: name its folder with --inputs."] if other else []),
        "",
    ]
    rows = [] if inputs.layers.rows is None else inputs.layers.rows.document(inputs.schemas)
    return "\n".join([*head, *document(settings), *rows]) + "\n"
