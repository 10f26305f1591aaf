"""Finished blocks and points of a study on the disk, from which an interrupted one goes on.

A block is the SHA-256 of what it is of and of its values, and then the values. It has its name once it is written
whole, and counts where the hash fits; a damaged or short one is made again. So nothing waits until it is on the disk:
after a power cut the last ones may have to be made again.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError, listed
from ..results.folders import locked, make_parents, put, remove_empty

Array = NDArray[np.float32]
#: Folders of the blocks: causes moving together, and every series on its own.
PARTS = ("grouped", "independent")
#: Folder of the points, and the file that they are in.
POINTS_PART, POINTS = "points", "points.jsonl"
#: Folder of the blocks of mixes that are drawn.
DRAWS_PART = "mixes"
#: All folders of a study.
FOLDERS = (*PARTS, POINTS_PART, DRAWS_PART)
#: File that says which study the blocks beside it are of.
MARK = "study.json"
#: Bytes of the hash at the head of a block, and what is read of it at a time.
HEAD, CHUNK = hashlib.sha256().digest_size, 1 << 22
BLOCK_FILE = re.compile(r"[0-9]{6}\.f32")
OWN_FILE = re.compile(rf"{BLOCK_FILE.pattern}|points\.jsonl")
UNFINISHED = re.compile(rf"({OWN_FILE.pattern}|study\.json)\.[0-9]+\.part")


def write_block(file: Path, identity: str, number: int, values: Array) -> None:
    """Write a block and put it in its place, whole or not at all. Raises OSError."""
    content = np.ascontiguousarray(values).data.cast("B")
    put(file, _hash(identity, number, content).digest(), content, wait=False)


def is_sound(file: Path, identity: str, number: int, count: int) -> bool:
    """Whether a file is the block of that number, of `count` values, of the study of that identity."""
    try:
        with file.open("rb") as stream:
            if os.fstat(stream.fileno()).st_size != HEAD + 4 * count:
                return False
            head, digest = stream.read(HEAD), _hash(identity, number)
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
    except OSError:
        return False
    return bool(head == digest.digest())


def read_values(file: Path, first: int, count: int) -> Array:
    """Values of a block from the `first` on. Raises OSError."""
    return np.fromfile(file, np.float32, count, offset=HEAD + 4 * first)


def begin_part(folder: Path, identity: str) -> None:
    """Make the folder of a part ready for a study: what another one finished is removed. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    if marked(folder) != identity:
        _remove_blocks(folder)
        folder.mkdir(exist_ok=True)
        put(folder / MARK, identity.encode())
    for name in os.listdir(folder):
        if UNFINISHED.fullmatch(name):
            (folder / name).unlink(missing_ok=True)


def marked(folder: Path) -> str:
    """Identity of the study that the blocks in a folder are of; nothing where it has none."""
    try:
        return (folder / MARK).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def _has_mark(folder: Path) -> bool:
    """Whether a folder has the mark of a study, whole, or as a power cut leaves it: empty, zeros, or its beginning."""
    try:
        content = (folder / MARK).read_bytes().rstrip(b"\0")
    except OSError:
        return False
    try:
        return set(json.loads(content)) == {"study", "draws"}
    except (ValueError, TypeError):
        return not content or content.startswith((b'{"study"', b'{"draws"'))


def _hash(identity: str, number: int, content: Any = b"") -> Any:
    digest = hashlib.sha256(f"{identity} {number} ".encode())
    digest.update(content)
    return digest


def _remove_blocks(folder: Path) -> None:
    """Remove what a study wrote into the folder of a part, its mark last, and the folder if nothing is left."""
    names = os.listdir(folder) if folder.is_dir() else []
    for name in sorted(names, key=lambda name: name == MARK):
        if OWN_FILE.fullmatch(name) or UNFINISHED.fullmatch(name) or name == MARK:
            (folder / name).unlink(missing_ok=True)
    remove_empty([folder])


class StudyFolder:
    """Folder in which the finished blocks of a study are kept until its result is written.

    As a context: where the body ends well the blocks are removed, and the folder with them; where it fails they stay,
    for the same command to go on. Nothing is made before `claim`, and nothing is left where no block was finished.
    Files that no study wrote are never touched: entering and `claim` raise UsageError, which names them.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._made: list[Path] = []
        self._lock: int | None = None

    def __enter__(self) -> StudyFolder:
        self._refuse_others()
        return self

    def claim(self) -> None:
        """Make the folder, and keep other studies out of it until the end. Raises UsageError where one is at work."""
        try:
            self._made = make_parents(self.path)
            while self._lock is None:
                self.path.mkdir(exist_ok=True)
                self._lock = locked(self.path)
                if self._lock is None and self.path.exists():
                    raise UsageError(
                        f"{self.path} is in use: another run is at work on a study of this result; wait until it has "
                        "ended, or choose another folder with --out"
                    )
        except OSError as error:
            why = f"{error.strerror or error}; choose another place with --out"
            raise UsageError(f"cannot keep what the study has finished in {self.path}: {why}") from error
        self._refuse_others()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._lock is None:
            remove_empty(self._made)
            return
        try:
            if kind is None or not self._has_blocks():
                for name in FOLDERS:
                    _remove_blocks(self.path / name)
                remove_empty([*self._made, self.path])
        finally:
            os.close(self._lock)
            self._lock = None

    def _has_blocks(self) -> bool:
        return any(
            OWN_FILE.fullmatch(file.name) and file.stat().st_size > 0
            for name in FOLDERS for file in (self.path / name).glob("*")
        )  # fmt: skip

    def _refuse_others(self) -> None:
        """Raise UsageError where the folder holds a file that no study wrote there."""
        if others := self._others():
            raise UsageError(
                f"{self.path}, where this study keeps its finished blocks, holds files that no study wrote: "
                f"{listed(others, 5)}; nothing was written: move them, or choose another folder with --out"
            )

    def _others(self) -> list[str]:
        if not os.path.lexists(self.path):
            return []
        if self.path.is_symlink() or not self.path.is_dir():
            return [self.path.name]
        others = []
        for folder, folders, files in os.walk(self.path):
            place = Path(folder).relative_to(self.path)
            known = {name for name in files if self._is_own(place, name)}
            others += [str(place / name) for name in files if name not in known]
            others += [str(place / name) for name in folders if (Path(folder) / name).is_symlink()]
            others += [str(place / name) for name in folders if place != Path() or name not in FOLDERS]
        return sorted(set(others))

    def _is_own(self, place: Path, name: str) -> bool:
        """Whether a file is one that a study writes: into the folder of a part that says which study it is of."""
        folder = self.path / place
        if str(place) not in FOLDERS or (folder / name).is_symlink():
            return False
        if UNFINISHED.fullmatch(name):
            return True
        return bool(OWN_FILE.fullmatch(name) or name == MARK) and _has_mark(folder)
