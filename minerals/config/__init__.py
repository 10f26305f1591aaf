"""Run files: what a study wants, in TOML. The only reader of run files.

A run file may inherit another one (`base = "other.toml"`) and be changed from the command line (`--set key=value`).
It is read into frozen models that forbid unknown keys; every problem is reported with its file and line.
"""

from __future__ import annotations

from .changes import Diffusion, Rest, ShareChange, diffusion_of, of_reference
from .optimise import BUILT, COST_CAP, GOALS, Optimise, share_limits
from .problems import COMMAND_LINE, Origin, place_of
from .run import LONGEST_CHAIN, Run, find_run_file, read_run, varied
from .run_file import RunFile
from .sections import (
    AdoptionCurve,
    CapacityLimit,
    Exposure,
    Flows,
    Industry,
    Intensity,
    Output,
    Prices,
    Scenario,
    Scope,
    Years,
)
from .study import (
    TARGETS,
    Backcast,
    DrawnStudy,
    Frontier,
    Grid,
    Identify,
    ManyRuns,
    Measures,
    NearOptimal,
    OfMix,
    Robust,
    Sample,
    Sensitivity,
    Study,
)
from .variant import OPTIMISED, playback_of, runs_by_mix, scenario_of

__all__ = [
    "BUILT", "COMMAND_LINE", "COST_CAP", "GOALS", "LONGEST_CHAIN", "OPTIMISED", "TARGETS", "AdoptionCurve", "Backcast",
    "CapacityLimit",
    "Diffusion", "DrawnStudy", "Exposure", "Flows", "Frontier", "Grid", "Identify", "Industry", "Intensity", "ManyRuns",
    "Measures", "NearOptimal", "OfMix", "Optimise", "Origin", "Output", "Prices",
    "Rest", "Robust", "Run", "RunFile", "Sample", "Scenario",
    "Scope", "Sensitivity", "ShareChange", "Study", "Years", "diffusion_of", "find_run_file", "of_reference",
    "place_of", "playback_of", "read_run", "runs_by_mix", "scenario_of", "share_limits", "varied",
]  # fmt: skip
