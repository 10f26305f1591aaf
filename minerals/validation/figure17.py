"""Figure 17 as a family: what of the change from incumbent to next-gen hangs on choices that the report does not print.

The shipped pair of scenarios is calibrated to two published percentages, so it is no test. Each member of the family
changes one choice within a range that is printed somewhere, in both scenarios alike, and leaves the rest; the last
takes all intensities from the electrochemistry of cells, which nothing was calibrated to. Which mixes give the printed
percentages with choices as they are shipped is asked by the run `figure-17`, a study of kind identify.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..case.arrays import ENDS, Arrays, addition_ends
from ..case.intensity import with_intensity
from ..config import read_run
from ..haste import frozen
from ..studies.identify import cells_of, demand_change
from ..tables.inputs import Inputs
from ..tables.resolve import Resolved, resolve

Array = NDArray[np.float64]
RUN, SCENARIOS = "europe-2035", ("incumbent", "next-gen")
MINERALS = ("graphite", "cobalt", "nickel", "lithium")
COLUMNS = ["member", "what", *MINERALS]
#: Grades of NMC that share what cells with NMC have, in the order of the sub-mixes.
GRADES = ("nmc811", "nmc622", "nmc532", "nmc955")
SUB_MIXES = {"mostly nickel-rich": (0.3, 0.1, 0.0, 0.6), "older grades last": (0.4, 0.3, 0.25, 0.05)}
#: Chemistries with a lithium anode, and the metals of their cathode.
LITHIUM_ANODES, CATHODE_METALS = ("li_metal_solid", "li_metal_semisolid"), ("nickel", "cobalt", "manganese")
#: Storage demand as a stress: times the scenario's.
STRESS = 2.5


@frozen
class Mix:
    """The last year of both scenarios in one region.

    additions: [GWh] (scenario, segment); share: (scenario, segment, chemistry); intensity: [kg/kWh] (chemistry,
    mineral); chemistries, segments, minerals: codes of the axes.
    """

    additions: Array
    share: Array
    intensity: Array
    chemistries: Sequence[str]
    segments: Sequence[str]
    minerals: Sequence[str]


def change(mix: Mix) -> dict[str, float]:
    """Change of demand for each of MINERALS from the first scenario to the second [1]."""
    at = [mix.minerals.index(mineral) for mineral in MINERALS]
    before, after = np.einsum("zs,zsc->zc", mix.additions, mix.share)
    return dict(zip(MINERALS, demand_change(after, before, mix.intensity[:, at]).tolist(), strict=True))


def with_sub_mix(mix: Mix, parts: Sequence[float]) -> Mix:
    """What the grades of NMC have together in a segment, split as `parts` of GRADES, which sum to one."""
    at = [mix.chemistries.index(grade) for grade in GRADES]
    share = mix.share.copy()
    share[:, :, at] = share[:, :, at].sum(axis=2, keepdims=True) * np.array(parts)
    return replace(mix, share=share)


def with_intensity_of(mix: Mix, changed: Mapping[tuple[str, str], float]) -> Mix:
    """Intensities [kg/kWh] of some (chemistry, mineral) changed."""
    intensity = mix.intensity.copy()
    for (chemistry, mineral), value in changed.items():
        if chemistry in mix.chemistries and mineral in mix.minerals:
            intensity[mix.chemistries.index(chemistry), mix.minerals.index(mineral)] = value
    return replace(mix, intensity=intensity)


def with_storage(mix: Mix, factor: Array | float) -> Mix:
    """Demand for stationary storage times a factor, by scenario or one."""
    additions = mix.additions.copy()
    additions[:, mix.segments.index("stationary")] *= factor
    return replace(mix, additions=additions)


def _mix(resolved: Resolved, end: str = "value") -> Mix:
    """The last year of a resolved run at an end of its intensities, its regions as one."""
    arrays = Arrays(resolved)
    cells = np.stack([cells_of(arrays, scenario, resolved.years.labels[-1]) for scenario in SCENARIOS])
    total = cells.sum(axis=2)
    share = np.divide(cells, total[..., None], where=total[..., None] > 0, out=np.zeros_like(cells))
    return Mix(
        total, share, arrays.intensity[end][0, :, :, -1], [code for code, _ in resolved.chemistries.labels],
        list(resolved.segments.labels), list(resolved.minerals.labels),
    )  # fmt: skip


def family(inputs: Inputs) -> pd.DataFrame:
    """Members of the family, a row each: what they change, and the change of each mineral they give [1]."""
    resolved = resolve(read_run(RUN), inputs)
    mix = _mix(resolved)
    found = [("as shipped", "calibrated to graphite −25 % and cobalt −10 %", mix)]
    for name, parts in SUB_MIXES.items():
        words = "/".join(f"{100 * part:.0f}" for part in parts)
        grades = "/".join(grade.removeprefix("nmc") for grade in GRADES)
        found.append((f"NMC {name}", f"sub-mix {grades} = {words}", with_sub_mix(mix, parts)))
    nickel_rich = {
        (cell, metal): float(mix.intensity[mix.chemistries.index("nmc955"), mix.minerals.index(metal)])
        for cell in LITHIUM_ANODES for metal in CATHODE_METALS if metal in mix.minerals
    }  # fmt: skip
    words = "cathode metals of lithium-metal cells"
    found.append(("Li-metal with NMC 9.5.5", words, with_intensity_of(mix, nickel_rich)))
    for end in ("low", "high"):
        row = _mix(resolved, end)
        value = float(row.intensity[mix.chemistries.index("li_s"), mix.minerals.index("lithium")])
        changed = with_intensity_of(mix, {("li_s", "lithium"): value})
        found.append((f"Li-S lithium {end}", f"{value:.3g} kg/kWh", changed))
    storage = mix.segments.index("stationary")
    at_ends = {name: addition_ends(resolved, name)[:, :, storage, -1].sum(axis=1) for name in SCENARIOS}
    for end in ("low", "high"):
        ends = np.array([at_ends[name][ENDS.index(end)] for name in SCENARIOS])
        factor = ends / mix.additions[:, storage]
        found.append((f"storage {end}", f"{ends[0]:.0f} GWh, × {factor[0]:.2f}", with_storage(mix, factor)))
    found.append(("storage as a stress", f"× {STRESS}", with_storage(mix, STRESS)))
    derived = resolve(read_run(RUN, ["intensity.route='derived'"]), inputs)
    words = "all intensities from electrochemistry, uncalibrated"
    found.append(("cells derived", words, _mix(with_intensity(derived, inputs))))
    rows = [(name, what, *(change(member)[mineral] for mineral in MINERALS)) for name, what, member in found]
    return pd.DataFrame(rows, columns=COLUMNS)
