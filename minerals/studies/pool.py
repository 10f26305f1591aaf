"""Worker processes of a study: one BLAS thread each, deaf to the terminal's interrupt, which the parent handles."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future, InvalidStateError, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, NamedTuple

from ..errors import Exhausted, Notice, UsageError

#: Environment of a worker's process: to compute on one thread, and to keep the memory of arrays it will need again.
ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": str(1 << 26),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 28),
}
#: How often the workers of a study are replaced after one of them was ended by force.
MOST_LOST = 3


#: Called with how much of how much is done; first with what an earlier run of the study had done.
Progress = Callable[[int, int], None]


class Hands(NamedTuple):
    """Who works on a study. workers: processes of this machine, in place of what the run file says; cluster: address of
    a scheduler whose workers do it instead. Neither changes a result."""

    workers: int | None = None
    cluster: str = ""


#: As the run file says.
AS_SAID = Hands()
_hands: ContextVar[Hands] = ContextVar("hands", default=AS_SAID)


@contextmanager
def at_work(hands: Hands) -> Iterator[None]:
    """Have the studies of the body done by these hands."""
    before = _hands.set(hands)
    try:
        yield
    finally:
        _hands.reset(before)


def hands_set() -> bool:
    """Whether `at_work` says who works."""
    return _hands.get() != AS_SAID


@contextmanager
def worker_pool(workers: int, start: Callable[..., None], *arguments: Any) -> Iterator[Executor]:
    """An executor whose workers have called `start(*arguments)`: processes of this machine, or those of a cluster that
    `at_work` names. Both take a function by its name, so it stands at the top of a module.

    Waiting tasks are dropped when the body ends, also by an interrupt. Raises Exhausted where workers were ended by
    force again and again, or the cluster was lost; UsageError where there is no such cluster.
    """
    hands = _hands.get()
    if not hands.cluster:
        with local_pool(workers, start, *arguments) as pool:
            yield pool
        return
    try:
        from .cluster import cluster_pool
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("distributed", "dask"):
            raise
        why = "which is not installed; pip install 'minerals[cluster]', or leave --cluster out"
        raise UsageError(f"--cluster {hands.cluster} needs dask.distributed, {why}") from error
    with cluster_pool(hands.cluster, start, arguments) as pool:
        yield pool


@contextmanager
def local_pool(workers: int, start: Callable[..., None], *arguments: Any) -> Iterator[LocalPool]:
    """An executor of processes of this machine, as `worker_pool` gives it; also where there is a cluster.

    Work runs in processes even where there is one, so that one and many compute alike.
    """
    pool = LocalPool(_hands.get().workers or workers, start, arguments)
    try:
        yield pool
    except BrokenProcessPool as error:
        raise Exhausted(
            "a worker process was ended before its work was done, as it is where memory runs out; nothing that was "
            "finished is lost: run the same command again (fewer study.workers take less memory)"
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


class LocalPool(Executor):
    """Processes of this machine.

    Where one is ended by force before its work is done, mostly as memory runs out, all are replaced by one less, and
    what they had not finished is asked again, up to MOST_LOST times; a Notice says so.
    """

    def __init__(self, workers: int, start: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        self.workers, self._begin = workers, (start, arguments)
        self._lock, self._lost, self._closed = threading.RLock(), 0, False
        self._pool = _started(workers, start, arguments)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        task = _Task(fn, args, kwargs)
        with self._lock:
            self._ask(task)
        return task

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        with self._lock:
            self._closed = True
        self._pool.shutdown(wait=wait, cancel_futures=cancel_futures)

    def _ask(self, task: _Task) -> None:
        pool = self._pool
        try:
            task.submitted = _tolerant(pool.submit(task.function, *task.arguments, **task.named))
        except BrokenProcessPool:
            self._ask_again(task, pool)
            return
        task.submitted.add_done_callback(lambda submitted: self._answered(task, submitted, pool))

    def _answered(self, task: _Task, submitted: Future[Any], pool: ProcessPoolExecutor) -> None:
        if submitted.cancelled():
            Future.cancel(task)
            task.set_running_or_notify_cancel()
        elif isinstance(error := submitted.exception(), BrokenProcessPool):
            self._ask_again(task, pool)
        elif error is not None:
            task.set_exception(error)
        else:
            task.set_result(submitted.result())

    def _ask_again(self, task: _Task, broken: ProcessPoolExecutor) -> None:
        """Ask a task again whose worker was ended, of workers that take the place of those that are left."""
        replaced = False
        try:
            with self._lock:
                if self._pool is broken:
                    if self._closed or self._lost == MOST_LOST:
                        raise BrokenProcessPool(f"workers were ended {self._lost + 1} times")
                    self._lost, self.workers, replaced = self._lost + 1, max(self.workers - 1, 1), True
                    self._pool = _started(self.workers, *self._begin)
                self._ask(task)
        except BaseException as error:  # It is the one who waits for the task who is to hear of it.
            task.set_exception(error)
        if replaced:
            more = f"{self.workers} worker{'s' if self.workers > 1 else ''}"
            warnings.warn(
                "A worker process was ended by force, as it is where memory runs out; the study goes on with "
                f"{more}, and nothing that was finished is lost.", Notice, stacklevel=2,
            )  # fmt: skip


@contextmanager
def processes(workers: int, start: Callable[..., None], *arguments: Any) -> Iterator[ProcessPoolExecutor]:
    """Processes that have called `start(*arguments)`, none of which is replaced."""
    pool = _started(workers, start, arguments)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _started(workers: int, start: Callable[..., None], arguments: tuple[Any, ...]) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(start, arguments))
    try:
        with _with_environment(ENVIRONMENT), _without_main(), _without_interrupts():
            for _ in range(workers):
                pool.submit(int)  # Each task that finds no worker idle starts one.
    except BaseException:
        pool.shutdown(wait=True, cancel_futures=True)
        raise
    return pool


class _Task(Future[Any]):
    """What is asked of a worker. submitted: as the present workers have it, which is cancelled with it."""

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...], named: Mapping[str, Any]) -> None:
        super().__init__()
        self.function, self.arguments, self.named = function, arguments, named
        self.submitted: Future[Any] | None = None

    def cancel(self) -> bool:
        return (self.submitted is None or self.submitted.cancel()) and super().cancel()


def _tolerant(future: Future[Any]) -> Future[Any]:
    """A future of a pool that may break after it was cancelled: up to Python 3.12 the thread of the pool then dies of
    that, with a traceback, and whoever waits for it waits for ever."""
    plain = future.set_exception

    def set_exception(error: BaseException | None) -> None:
        with suppress(InvalidStateError):
            plain(error)

    future.set_exception = set_exception  # type: ignore[method-assign, assignment]
    return future


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


#: Signals that a command is ended by, which are its own to handle.
ENDING = {signal.SIGINT, signal.SIGTERM}


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Hold back what ends a command while processes are started, which so never see it, not even while they import what
    they need. It reaches this process right after."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(start: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    if hasattr(os, "setpgrp"):
        os.setpgrp()  # What ends the group of the command is the parent's to handle too.
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})  # What came meanwhile is gone, as it is ignored.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
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
