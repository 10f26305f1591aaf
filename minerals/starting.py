"""A study of one's own to begin with: a run file that runs as it is, a folder for own rows, and the editor's schema."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path

from .config.schema import editor_schema
from .errors import UsageError

SCHEMA, ROWS = "run.schema.json", "my-data"

TEXT = """\
#:schema {schema}
# `minerals check {run}` says what is wrong, `minerals run {run}` computes it, and
# `minerals describe KEY` says what a key means, e.g. `minerals describe scope.regions`.
title = "My study"
# inputs = ["{rows}"]                  # rows of your own on top of the shipped ones, once it holds a table

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

# [rows.battery_demand.stated-policies.Europe.car]  # a few rows may stand here: `minerals describe rows`
# 2035 = 900                            # GWh, in place of the shipped row

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
key stands there already goes before the shipped one, any other is added. Name this folder in the run file once it holds
a table: inputs = ["{rows}"]. `minerals check` names the file and line of whatever it cannot read.

From a workbook or CSV as you have it, in the folder of the run file:

    minerals import demand.xlsx --as battery_demand --map region=Country --set scenario=mine --out {rows}
"""


def begin(folder: str | Path) -> list[Path]:
    """Write a study to begin with into a new or empty folder; returns its files, the run file first.

    The run file is called after the folder, as results are after run files. What could not be written whole is taken
    away again. Raises UsageError.
    """
    place, written = Path(folder), list[Path]()
    try:
        if place.is_dir() and any(place.iterdir()):
            raise UsageError(f"{place} is not empty; name a new folder, nothing was written")
        (place / ROWS).mkdir(parents=True, exist_ok=True)
        run = f"{_named(place)}.toml"
        contents = {
            run: TEXT.format(schema=SCHEMA, run=run, rows=ROWS),
            SCHEMA: json.dumps(editor_schema(), indent=1, ensure_ascii=False) + "\n",
            f"{ROWS}/README.md": README.format(rows=ROWS),
        }
        for name, text in contents.items():
            written.append(place / name)
            written[-1].write_text(text, encoding="utf-8")
    except OSError as error:
        for file in written:
            file.unlink(missing_ok=True)
        with suppress(OSError):
            (place / ROWS).rmdir()
        raise UsageError(f"cannot write {place}: {error.strerror or error}; name another folder") from error
    return written


def _named(place: Path) -> str:
    """Name of a run file by its folder: letters that any system takes."""
    return re.sub(r"[^\w-]+", "-", place.resolve().name).strip("-") or "study"
