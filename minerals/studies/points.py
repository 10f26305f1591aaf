"""Solved points of a study on the disk: one JSON line a point, from which an interrupted study goes on.

A line holds the key of the point, its value, and the SHA-256 of both and of the study; it is flushed and on the disk
before the next one is counted. A line that is damaged or cut off is left out and its point solved again. Points are
handed out in the order of their keys to any `concurrent.futures.Executor`, and given back in that order, so that the
result depends neither on how many workers there are nor on interruptions.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError, Executor, Future, as_completed
from pathlib import Path
from typing import Any, TextIO

from ..results.folders import put
from .blocks import POINTS, begin_part
from .pool import Progress

#: What JSON holds; numbers come back as they were.
Value = Any


def solved(
    keys: Sequence[str],
    compute: Callable[[str], Value],
    executor: Executor,
    folder: Path | None = None,
    identity: str = "",
    progress: Progress | None = None,
) -> dict[str, Value]:
    """Value of each point, in the order of `keys`.

    compute: value of a point by its key, in a worker; folder: where finished points are kept, those of the study of
    this identity; progress: is called with how many of how many points are done, first with those known. Where the body
    is interrupted, points that are being solved here are finished and kept, and no other is begun. Raises what
    `compute` raises, and OSError.
    """
    if folder is None:
        return _solve(keys, compute, executor, {}, None, identity, progress)
    begin_part(folder, identity)
    known = read_points(folder / POINTS, identity)
    # What is damaged goes, so that a new line never begins at the end of a broken one.
    put(folder / POINTS, "".join(_line(key, value, identity) for key, value in known.items()).encode())
    with (folder / POINTS).open("a", encoding="utf-8", newline="\n") as file:
        return _solve(keys, compute, executor, known, file, identity, progress)


def read_points(file: Path, identity: str) -> dict[str, Value]:
    """Sound points of a file, by key; none where there is no such file."""
    try:
        lines = file.read_bytes().split(b"\n")
    except FileNotFoundError:
        return {}
    out: dict[str, Value] = {}
    for line in lines:
        try:
            found = json.loads(line)
            if found["sha256"] == _hash(found["key"], found["value"], identity):
                out[found["key"]] = found["value"]
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
    return out


def _solve(
    keys: Sequence[str],
    compute: Callable[[str], Value],
    executor: Executor,
    known: Mapping[str, Value],
    file: TextIO | None,
    identity: str,
    progress: Progress | None,
) -> dict[str, Value]:
    found = dict(known)
    futures: dict[Future[Value], str] = {executor.submit(compute, key): key for key in keys if key not in found}
    open_ = dict(futures)

    def keep(future: Future[Value]) -> None:
        key = open_.pop(future)
        line = _line(key, future.result(), identity)
        found[key] = json.loads(line)["value"]
        if file is not None:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())

    try:
        if progress is not None:
            progress(len(keys) - len(open_), len(keys))
        for future in as_completed(futures):
            keep(future)
            if progress is not None:
                progress(len(keys) - len(open_), len(keys))
    except BaseException:
        _finish(open_, keep)
        raise
    return {key: found[key] for key in keys}


def _finish(open_: Mapping[Future[Value], str], keep: Callable[[Future[Value]], None]) -> None:
    """Drop points that have not begun, and keep those that are being solved."""
    begun = [future for future in open_ if not future.cancel()]
    for future in begun:
        try:
            if future.exception() is None:
                keep(future)
        except CancelledError:
            continue


def _line(key: str, value: Value, identity: str) -> str:
    point = {"key": key, "value": value, "sha256": _hash(key, value, identity)}
    return json.dumps(point, ensure_ascii=False, separators=(",", ":")) + "\n"


def _hash(key: str, value: Value, identity: str) -> str:
    return hashlib.sha256(json.dumps([identity, key, value], separators=(",", ":")).encode()).hexdigest()
