"""What only saves time where a process starts, waits and ends, without which all would be computed alike.

Beside each stands what it gains of the wall time of a command on two cores: the median of seven runs with it and seven
without, taken in turns at real-time priority. What gains less than 2 % has no place here.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from importlib import import_module
from threading import Thread
from types import ModuleType
from typing import Any, TypeVar, dataclass_transform

#: Objects made between two looks of the collector, by generation: a command makes tables that it keeps, and ends.
COLLECTED = (1_000_000, 20, 100)

#: Libraries that multiply matrices for numpy.
BLAS = ("OPENBLAS", "OMP", "MKL")

Kind = TypeVar("Kind")


@dataclass_transform(frozen_default=True, eq_default=False, field_specifiers=(field,))
def frozen(kind: type[Kind]) -> type[Kind]:
    """A dataclass to whose fields nobody assigns, which the type checker holds. It is equal to itself alone: it holds
    arrays or tables, which have no truth to compare. Of what `dataclass(frozen=True)` writes and compiles for a class
    this leaves five sixths away, 70 ms of a run's imports."""
    return dataclass(eq=False, repr=False)(kind)


@dataclass_transform(frozen_default=True, eq_default=True, field_specifiers=(field,))
def value_class(kind: type[Kind]) -> type[Kind]:
    """As `frozen`, of plain values: equal where all of them are, and a key of a dictionary. Gains 3 % of the CPU of
    europe-2035 without charts."""
    made = dataclass(eq=False, repr=False)(kind)
    made.__eq__, made.__hash__, made.__repr__ = _alike, _hash, _shown  # type: ignore[method-assign, assignment]
    return made


def _fields(of: Any) -> tuple[Any, ...]:
    return tuple(getattr(of, name) for name in of.__dataclass_fields__)


def _alike(one: object, other: object) -> bool:
    return one is other or (type(one) is type(other) and _fields(one) == _fields(other))


def _hash(one: object) -> int:
    return hash(_fields(one))


def _shown(one: object) -> str:
    return f"{type(one).__name__}({', '.join(map(repr, _fields(one)))})"


def collect_seldom() -> None:
    """Have the collector look for garbage seldom. Gains 4 % of europe-2035 without charts, 3 % with them, and a tenth
    of the CPU of the process that draws these."""
    gc.set_threshold(*COLLECTED)


def multiply_on_one_thread() -> None:
    """Have matrices multiplied on one thread, where the environment does not say otherwise: they are small, and threads
    that wait for them take a processor. Gains 7 % of the CPU of europe-2035 without charts. Before numpy is loaded."""
    for library in BLAS:
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")


def load_no_plugins() -> None:
    """Have pydantic look for no plugins among all that is installed. Gains 2 % of europe-2035 without charts."""
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


def leave_at_once(code: Callable[[], int] = int) -> None:
    """Have a process end, with the exit code that it has then, once all that is registered after this has been done,
    and leave its memory to the system, instead of taking it apart piece by piece. What is registered before is not
    done, but where a tool traces the process. Gains 6 % of europe-2035 with its charts, and 2 % of its CPU without."""

    def leave() -> None:
        if sys.gettrace() is not None:
            return
        for stream in filter(None, (sys.stdout, sys.stderr)):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(code())

    atexit.register(leave)


@contextmanager
def loaded_beside(library: str) -> Iterator[None]:
    """Have a library loaded on a thread of its own while the body runs the solver, which leaves Python to others. What
    fails of that fails again, and is said, where the library is imported. Gains 3 % of europe-mix without frontier and
    ranges."""

    def load() -> None:
        with suppress(Exception):
            import_module(library)

    with ExitStack() as stack:
        if library not in sys.modules:
            thread = Thread(target=load)
            with suppress(RuntimeError):  # There is no room for a thread.
                thread.start()
                stack.callback(thread.join)
        yield


@contextmanager
def without(*names: str) -> Iterator[None]:
    """Have empty modules stand for those of these names that are not imported yet. Gains
    half a second of the imports of a mix, a tenth of europe-mix."""
    spared = [name for name in names if name not in sys.modules]
    sys.modules.update({name: ModuleType(name) for name in spared})
    try:
        yield
    finally:
        for name in spared:
            del sys.modules[name]
