"""Workers of a study on other machines: those of a scheduler of dask.distributed, at its address.

What a study begins from travels to each worker once, also to one that joins later, with a hash that is checked there: a
worker needs no folder of inputs and no run file, but this version of `minerals`, Python and the libraries that can move
a digit. It computes in processes of its own, as many as its threads, as a study does at home. A task whose worker is
lost is given to another one.
"""

from __future__ import annotations

import hashlib
import logging
import multiprocessing
import pickle
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

from distributed import Client, WorkerPlugin, get_worker
from distributed.scheduler import KilledWorker

from ..errors import Exhausted, UsageError, listed
from ..results.record import versions
from .pool import local_pool
from .travel import packed, unpacked

#: Seconds in which a scheduler must answer, and have a worker.
PATIENCE = 15.0
#: Seconds between looks whether one has joined.
LOOK = 0.1
#: What is done with a study whose cluster is lost.
GO_ON = "what was finished is kept: run the same command again, with the cluster or without it"


@contextmanager
def cluster_pool(address: str, start: Callable[..., None], arguments: tuple[Any, ...]) -> Iterator[Executor]:
    """An executor of the workers of a scheduler, which have called `start(*arguments)`; where the body ends, tasks are
    dropped, those that are being computed too. Raises UsageError where there is no scheduler, no worker, or one that is
    not as this machine, and Exhausted where the cluster is lost."""
    crew = Crew(*packed((start, arguments)))
    with _connected(address) as client:
        try:
            _refuse_others(address, client)
            client.register_plugin(crew, name=crew.name)
            try:
                yield _Cluster(client, crew.name)
            finally:
                with suppress(Exception):
                    client.unregister_worker_plugin(crew.name)
        except (KilledWorker, BrokenProcessPool) as error:
            why = "several workers were lost one after the other on the same task, as where memory runs out"
            raise Exhausted(f"the cluster at {address}: {why}; {GO_ON}") from error
        except (CancelledError, OSError, TimeoutError) as error:
            if isinstance(error, OSError) and client.status == "running":
                raise  # Of a disk.
            raise Exhausted(f"the cluster at {address} was lost in the middle of the study; {GO_ON}") from error


@contextmanager
def _connected(address: str) -> Iterator[Client]:
    """A scheduler, without its own words about what becomes of the connection."""
    loggers = [logging.getLogger(name) for name in logging.root.manager.loggerDict if name.startswith("distributed")]
    before = [log.level for log in loggers]
    for log in loggers:
        log.setLevel(logging.CRITICAL + 1)
    try:
        try:
            client = Client(address, timeout=PATIENCE, set_as_default=False)
        except (OSError, TimeoutError, ValueError, TypeError, ImportError) as error:
            said = " ".join(str(error).split()) or type(error).__name__
            why = f"no scheduler answers there ({said})"
            raise UsageError(
                f"--cluster {address}: {why}; start one with `dask scheduler`, which says its address, or use --workers"
            ) from error
        try:
            yield client
        finally:
            with suppress(Exception):
                client.close(timeout=1)
    finally:
        for log, level in zip(loggers, before, strict=True):
            log.setLevel(level)


def _refuse_others(address: str, client: Client) -> None:
    """Wait for a worker, and raise UsageError where there is none or one that would compute something else."""
    end = time.monotonic() + PATIENCE
    while not client.nthreads():
        if time.monotonic() > end:
            why = f"the scheduler has no worker; start some with `dask worker {address}`, or use --workers"
            raise UsageError(f"--cluster {address}: {why}")
        time.sleep(LOOK)
    try:
        theirs = client.run(versions)
    except Exception as error:  # Of whatever kind, as the worker tells it.
        why = f"a worker cannot load minerals ({' '.join(str(error).split())}); install there what is installed here"
        raise UsageError(f"--cluster {address}: {why}") from error
    for worker, found in theirs.items():
        if apart := _apart(found, versions()):
            raise UsageError(f"--cluster {address}: the worker {worker} has {apart}")


def _apart(theirs: dict[str, str], ours: dict[str, str]) -> str:
    """The versions of a worker in which it differs from the machine of a study; nothing where it does not."""
    names = [name for name in ours if theirs.get(name) != ours[name]]
    if not names:
        return ""
    differences = listed([f"{name} {theirs.get(name, 'none')} and not {ours[name]}" for name in names], 4)
    return f"{differences}, so that results could differ; install there what is installed here"


class _Cluster(Executor):
    """Hands tasks to the crews of a name."""

    def __init__(self, client: Client, name: str) -> None:
        self._executor, self._name = client.get_executor(pure=False), name

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        task: Future[Any] = self._executor.submit(_do, self._name, pickle.dumps((fn, args, kwargs)))
        return task


def _do(name: str, task: bytes) -> Any:
    """Compute a task of a study on a worker."""
    crew = get_worker().plugins.get(name)
    if crew is None:
        raise UsageError("a worker that joined did not get what the study begins from; run the same command again")
    return crew.compute(*pickle.loads(task))


class Crew(WorkerPlugin):
    """The processes of a worker that compute for one study, as many as it has threads.

    content: what the study begins from, as `packed` gives it, and its SHA-256.
    """

    def __init__(self, content: bytes, sha256: str) -> None:
        self.content, self.sha256, self.versions = content, sha256, versions()
        self.name = f"minerals-{sha256[:16]}-{time.time_ns():x}"
        self.fault, self.stack = "", ExitStack()

    def setup(self, worker: Any) -> None:
        """Begin, on a worker, unless it is not as the machine of the study, or what came is not what was sent."""
        if hashlib.sha256(self.content).hexdigest() != self.sha256:
            self.fault = "got something else than was sent to begin from; run the same command again"
            return
        if apart := _apart(versions(), self.versions):
            self.fault = f"has {apart}"
            return
        # A worker that is itself a process of its keeper may have no others, unless it says so.
        multiprocessing.current_process().daemon = False
        folder = Path(self.stack.enter_context(TemporaryDirectory(prefix="minerals-", dir=worker.local_directory)))
        start, arguments = unpacked(self.content, folder)
        self.pool = self.stack.enter_context(local_pool(worker.state.nthreads, start, *arguments))

    def compute(self, function: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Compute a task in one of the processes. Raises UsageError where this worker cannot."""
        if self.fault:
            raise UsageError(f"a worker that joined {self.fault}")
        return self.pool.submit(function, *arguments, **named).result()

    def teardown(self, worker: Any) -> None:
        """End: what is being computed is, when it is done, without anyone who waits for it."""
        Thread(target=self.stack.close, daemon=True).start()
