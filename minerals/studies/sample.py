"""`[study] kind = "sample"`: every uncertain input drawn many times, summarised as percentiles.

Draws are taken in blocks. Each finished block is a file in the partial folder, so that an interrupted study goes on
where it stopped; the final tables depend on the blocks alone, not on how many workers made them or when.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import shutil
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import UsageError
from ..flows import ensemble
from ..tables.resolve import Resolved
from .design import latin_hypercube
from .uncertain import Uncertain

#: Draws of one block; a constant, since it decides where blocks begin.
BLOCK = 250
#: Draws with every series independent: enough for the interval that stands beside the grouped one.
INDEPENDENT = 2000
PERCENTILES = (5, 50, 95)
#: Folders of the blocks: causes moving together, and every series on its own.
PARTS = ("grouped", "independent")
#: Result quantity → (unit, whether regions may be added).
QUANTITIES = {
    "mineral_demand": "kt",
    "input": "kt",
    "secondary_supply": "kt",
    "primary_demand": "kt",
    "recycled_content": "1",
}
COLUMNS = ["scenario", "against", "region", "mineral", "quantity", "year", "p5", "p50", "p95",
           "p5_independent", "p95_independent", "unit"]  # fmt: skip


@dataclass(frozen=True)
class Task:
    """All that a worker needs: the resolved run and the design."""

    resolved: Resolved
    draws: int
    seed: int
    share_spread: float
    independent: bool

    def quantities(self) -> list[str]:
        """Names of the quantities a block holds, in order."""
        return list(QUANTITIES) if self.resolved.parameters is not None else ["mineral_demand"]


def sample(resolved: Resolved, region_label: str, partial: Path | None = None) -> dict[str, pd.DataFrame]:
    """Tables `percentiles` and `uncertain_inputs` of a resolved run with a sample study.

    partial: folder in which finished blocks are kept until the study is done; without one they live in a temporary
    folder. Changes against the first scenario are computed draw by draw.
    """
    study = resolved.run.settings.study
    assert study is not None
    grouped = Task(resolved, study.draws, study.seed, study.share_spread, False)
    alone = Task(resolved, min(study.draws, INDEPENDENT), study.seed, study.share_spread, True)
    if partial is not None and partial.exists() and {path.name for path in partial.iterdir()} - set(PARTS):
        raise UsageError(
            f"{partial} keeps the unfinished part of a study and holds other files; move them or use --out"
        )
    with TemporaryDirectory() as temporary:
        folder = partial or Path(temporary)
        summaries = [
            _summary(task, _blocks(task, folder / name, study.workers), region_label)
            for name, task in zip(PARTS, (grouped, alone), strict=True)
        ]
    together, apart = summaries
    keys = COLUMNS[:6]
    apart = apart[[*keys, "p5", "p95"]].rename(columns={"p5": "p5_independent", "p95": "p95_independent"})
    table = together.merge(apart, on=keys, how="left")[COLUMNS]
    factors = Uncertain(resolved, False, study.share_spread).factors
    inputs = pd.DataFrame(
        [(factor.label, factor.table, factor.series, "split PERT, 5th–95th percentile") for factor in factors],
        columns=["factor", "table", "series", "distribution"],
    )
    if partial is not None:
        shutil.rmtree(partial, ignore_errors=True)
    return {"percentiles": table, "uncertain_inputs": inputs}


# ---------------------------------------------------------------------- blocks


def _blocks(task: Task, folder: Path, workers: int) -> list[Path]:
    """Files of all blocks, made where they are missing. A folder of another study is emptied first."""
    folder.mkdir(parents=True, exist_ok=True)
    mark = folder / "study.json"
    identity = json.dumps({"study": _identity(task), "draws": task.draws}, sort_keys=True)
    if not mark.is_file() or mark.read_text(encoding="utf-8") != identity:
        shutil.rmtree(folder)
        folder.mkdir(parents=True)
        mark.write_text(identity, encoding="utf-8")
    count = -(-task.draws // BLOCK)
    files = [folder / f"{number:06d}.npy" for number in range(count)]
    missing = [number for number, file in enumerate(files) if not file.is_file()]
    if not missing:
        return files
    # One BLAS thread a worker; workers are processes even when there is one, so that all compute alike.
    variables = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(dict.fromkeys(variables, "1"))
    pool = ProcessPoolExecutor(
        min(workers, len(missing)), multiprocessing.get_context("spawn"), initializer=_start, initargs=(task,)
    )
    try:
        futures = [pool.submit(_make, number, files[number]) for number in missing]
        for future in as_completed(futures):
            future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
    return files


def _identity(task: Task) -> str:
    """What the draws depend on: the resolved numbers and the design."""
    digest = hashlib.sha256()
    resolved = task.resolved
    for frame in (resolved.battery_demand, resolved.market_share, resolved.silicon_uptake, resolved.mineral_intensity,
                  resolved.inputs_used):  # fmt: skip
        digest.update(frame.to_csv(index=False).encode())
    settings = resolved.run.settings.model_dump(mode="json")
    settings["study"].pop("workers")
    digest.update(json.dumps([settings, task.seed, task.share_spread, task.independent], sort_keys=True).encode())
    return digest.hexdigest()


_worker: tuple[Task, Uncertain, NDArray[np.float64]]


def _start(task: Task) -> None:
    """Set a worker up: ignore the terminal's interrupt, which the parent handles, and lay out the design."""
    import signal

    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    uncertain = Uncertain(task.resolved, task.independent, task.share_spread)
    _worker = task, uncertain, latin_hypercube(task.draws, len(uncertain.factors), task.seed)


def _make(number: int, file: Path) -> None:
    """Compute one block and put it in place: (scenario, draw, quantity, region, mineral, year), float32."""
    task, uncertain, uniform = _worker
    block = block_of(uncertain, uniform[number * BLOCK : (number + 1) * BLOCK], task.quantities())
    unfinished = file.with_suffix(".part")
    with unfinished.open("wb") as stream:
        np.save(stream, block)
    os.replace(unfinished, file)


def block_of(uncertain: Uncertain, uniform: NDArray[np.float64], quantities: Iterable[str]) -> NDArray[np.float32]:
    """Results of the draws of `uniform` (draw, factor), (scenario, draw, quantity, region, mineral, reported year).

    With several regions their sum is one more, the last; a rate of the sum is the rate of the sums.
    """
    resolved = uncertain.resolved
    years = [resolved.years.labels.index(year) for year in resolved.reported]
    names = list(quantities)
    out = []
    for scenario in uncertain.scenarios:
        draws = uncertain.draw(uniform, scenario)
        if resolved.parameters is None:
            demand = _with_sum(ensemble.mineral_demand(draws)[..., years])
            out.append(demand[:, None])
            continue
        flows = ensemble.follow(draws)
        parts = {
            "mineral_demand": flows.demand,
            "input": flows.input,
            "secondary_supply": flows.secondary,
            "primary_demand": flows.primary,
        }
        sums = {name: _with_sum(array[..., years]) for name, array in parts.items()}
        with np.errstate(invalid="ignore", divide="ignore"):
            share = sums["secondary_supply"] / sums["input"]
        sums["recycled_content"] = np.where(sums["input"] > 0, share, 0.0)
        out.append(np.stack([sums[name] for name in names], axis=1))
    return np.stack(out).astype(np.float32)


def _with_sum(array: NDArray[np.float64]) -> NDArray[np.float64]:
    if array.shape[1] == 1:
        return array
    return np.concatenate([array, array.sum(axis=1, keepdims=True)], axis=1)


# ---------------------------------------------------------------------- summary


def _summary(task: Task, files: list[Path], region_label: str) -> pd.DataFrame:
    """Percentiles of levels, and of changes against the first scenario draw by draw."""
    resolved = task.resolved
    scenarios = list(resolved.run.settings.scenario)
    regions = [*resolved.regions.labels, *([region_label] if len(resolved.regions) > 1 else [])]
    parts = [np.load(file, mmap_mode="r") for file in files]
    frames = []
    for place, quantity in enumerate(task.quantities()):
        values = [np.concatenate([part[s, :, place] for part in parts]) for s in range(len(scenarios))]
        for s, scenario in enumerate(scenarios):
            frames.append(_percentiles(values[s], scenario, "", regions, resolved, quantity, QUANTITIES[quantity]))
            if s:
                with np.errstate(invalid="ignore", divide="ignore"):
                    change = values[s] / values[0] - 1 if quantity != "recycled_content" else values[s] - values[0]
                frames.append(_percentiles(change, scenario, scenarios[0], regions, resolved, quantity, "1"))
    return pd.concat(frames, ignore_index=True)


def _percentiles(
    values: NDArray[np.float32],
    scenario: str,
    against: str,
    regions: list[str],
    resolved: Resolved,
    quantity: str,
    unit: str,
) -> pd.DataFrame:
    """Percentiles over draws of (draw, region, mineral, year), without places that are zero or undefined."""
    found = np.percentile(values, PERCENTILES, axis=0)
    keep = np.isfinite(found).all(axis=0) & ((found != 0).any(axis=0) if not against else True)
    at = np.nonzero(keep)
    labels = (np.array(regions, object), np.array(resolved.minerals.labels, object), np.array(resolved.reported))
    return pd.DataFrame(
        {
            "scenario": scenario,
            "against": against,
            "region": labels[0][at[0]],
            "mineral": labels[1][at[1]],
            "quantity": quantity,
            "year": labels[2][at[2]],
            **{f"p{p}": found[i][keep].astype(float) for i, p in enumerate(PERCENTILES)},
            "unit": unit,
        }
    )
