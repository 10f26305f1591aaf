"""Worker processes of a study: one BLAS thread each, deaf to the terminal's interrupt, which the parent handles."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

from ..errors import Exhausted

#: Environment of a worker's process: to compute on one thread, and to keep the memory of arrays it will need again.
ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": str(1 << 26),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 28),
}


#: Called with how much of how much is done.
Progress = Callable[[int, int], None]


@contextmanager
def worker_pool(workers: int, start: Callable[..., None], *arguments: Any) -> Iterator[ProcessPoolExecutor]:
    """An executor whose workers have called `start(*arguments)`.

    Work runs in processes even where there is one, so that one and many compute alike. Waiting tasks are dropped when
    the body ends, also by an interrupt. Raises Exhausted where a worker was ended by force.
    """
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(start, arguments))
    try:
        with _with_environment(ENVIRONMENT), _without_main(), _without_interrupts():
            for _ in range(workers):
                pool.submit(int)  # Each task that finds no worker idle starts one.
        yield pool
    except BrokenProcessPool as error:
        raise Exhausted(
            "a worker process was ended before its work was done, as it is where memory runs out; nothing that was "
            "finished is lost: run the same command again (fewer study.workers take less memory)"
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _with_environment(environment: Mapping[str, str]) -> Iterator[None]:
    """Have processes that are started find an environment, and leave this one's as it was."""
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _without_main() -> Iterator[None]:
    """Keep new processes from importing the caller's script, which they do not need and which may lack its guard."""
    main = sys.modules["__main__"]
    hidden: dict[str, Any] = {name: vars(main).pop(name) for name in ("__file__", "__spec__") if name in vars(main)}
    try:
        main.__spec__ = None
        yield
    finally:
        vars(main).update(hidden)


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Hold back the terminal's interrupt while processes are started, which so never see it, not even while they import
    what they need. It reaches this process right after."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(start: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    start(*arguments)


def end_with_parent() -> None:
    """Have this process end when the one that started it is gone, however that ended, instead of waiting for work."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_follow, args=(parent.sentinel,), daemon=True).start()


def end_without_parent() -> None:
    """End this process where the one that started it is gone and the end has not come yet."""
    parent = multiprocessing.parent_process()
    if parent is not None and not parent.is_alive():
        os._exit(1)


def _follow(sentinel: int) -> None:
    multiprocessing.connection.wait([sentinel])
    os._exit(1)
