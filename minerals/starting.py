"""A study of one's own to begin with: a run file that runs as it is, a folder for own rows, and the editor's schema."""

from __future__ import annotations

import json
from pathlib import Path

from .config.schema import editor_schema
from .errors import UsageError

RUN, SCHEMA, ROWS = "run.toml", "run.schema.json", "my-data"

TEXT = """\
#:schema {schema}
# `minerals check {run}` says what is wrong, `minerals run {run}` computes it, and
# `minerals describe KEY` says what a key means, e.g. `minerals describe scope.regions`.
title = "My study"
# inputs = ["{rows}"]                  # rows of your own, on top of the shipped ones: see {rows}/README.md

[scope]
regions = ["Europe"]                    # `minerals describe regions` lists them
years   = {{ first = 2025, last = 2035 }}

[scenario.announced]
label    = "As announced"
demand   = "stated-policies"            # a scenario of battery_demand.csv
adoption = "europe-incumbent"           # a scenario of market_share.csv: `minerals describe scenarios`

[scenario.mine]
label    = "Mine"
demand   = "stated-policies"
adoption = "europe-incumbent"

[scenario.mine.share.car.2035]          # years between those that are named are linear
na_layered_nfm = 0.10
lfp            = "rest"

# [flows]                               # what is mined and refined, with stock and recycling

# [exposure]                            # what a stop of exports takes
# demand   = "stated-policies"
# adoption = "stated-trend"

# [study]                               # percentiles over all that is uncertain
# kind  = "sample"
# draws = 2000
"""

README = """\
# Rows of your own

A file here has the name and the columns of a shipped table (`minerals describe battery_demand` lists them). A row whose
key stands there already goes before the shipped one, any other is added. `minerals check` names the file and line of
whatever it cannot read.
"""


def begin(folder: str | Path) -> list[Path]:
    """Write a study to begin with into a new or empty folder; returns its files. Raises UsageError."""
    place = Path(folder)
    try:
        if place.is_dir() and any(place.iterdir()):
            raise UsageError(f"{place} is not empty; name a new folder, nothing was written")
        (place / ROWS).mkdir(parents=True, exist_ok=True)
        contents = {
            RUN: TEXT.format(schema=SCHEMA, run=RUN, rows=ROWS),
            SCHEMA: json.dumps(editor_schema(), indent=1, ensure_ascii=False) + "\n",
            f"{ROWS}/README.md": README,
        }
        for name, text in contents.items():
            (place / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {place}: {error.strerror or error}; name another folder") from error
    return [place / name for name in contents]
