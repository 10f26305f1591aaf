"""What the benchmarks share: one BLAS thread, best of several timings, the bandwidth of a triad, and a verdict."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

#: Environment as a user has it, before threads are set here for what is timed in this process.
AS_USER = dict(os.environ)
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402


def best(function: Callable[[], object], repeats: int = 5) -> float:
    """Shortest of several timings [s], after one to warm up."""
    function()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def triad_bandwidth(size: int = 20_000_000) -> float:
    """Bytes per second of the STREAM triad a = b + s · c in float64 on one thread, three streams (McCalpin 1995).

    numpy makes two passes of it, so it goes block by block, and the best block counts.
    """
    a, b, c = np.zeros(size), np.ones(size), np.ones(size)

    def triad(block: int) -> None:
        for at in range(0, size, block):
            part = slice(at, at + block)
            np.multiply(c[part], 3.0, out=a[part])
            np.add(a[part], b[part], out=a[part])

    return 3 * 8 * size / min(best(lambda n=block: triad(n), 3) for block in (1 << 14, 1 << 15, 1 << 16))


class Verdict:
    """Prints a line per goal and exits 0 only if all hold."""

    def __init__(self) -> None:
        self.held = True

    def say(self, name: str, value: float, unit: str, goal: float, *, at_most: bool = False) -> None:
        """`stock: 95.1 x flodym (goal 80) ok`."""
        ok = value <= goal if at_most else value >= goal
        self.held &= ok
        print(
            f"{name}: {value:.3g} {unit} (goal {'< ' if at_most else ''}{goal:g}) {'ok' if ok else 'NOT MET'}",
            flush=True,
        )

    def tell(self, name: str, value: float, unit: str) -> None:
        """A line without a goal, for what stands beside one."""
        print(f"{name}: {value:.3g} {unit}", flush=True)

    def end(self) -> None:
        """Exit with the verdict."""
        sys.exit(0 if self.held else 1)
