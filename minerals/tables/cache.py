"""Checked inputs kept between runs, so that tables which have not changed are not read and checked again.

A kept package is found by what it is made from: the bytes of each of its files and of the own rows on top of them, the
shipped descriptor, and this version of the code, Python and numpy. It lies in the user's own cache folder,
which nobody else may write to, and carries a hash of itself. Whatever is not as it should be, from a damaged file to a
folder that cannot be written, means that the tables are read as usual. `MINERALS_CACHE=off` keeps nothing.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import re
import stat
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..shipped import inputs_folder
from .schema import DESCRIPTOR

if TYPE_CHECKING:
    from .inputs import Inputs
    from .own import Layers

#: Environment variable that turns the cache off, and its value.
SWITCH, OFF = "MINERALS_CACHE", "off"
#: Packages that are kept, at most: the ones used last.
KEPT = 8
#: Names of what this module writes; anything else in the folder is somebody's own.
OWN = re.compile(r"inputs-[0-9a-f]{64}\.pickle(\.[0-9]+\.part)?")
#: Bytes of the hash in front of a kept package.
HASH = 32


def kept(layers: Layers, read: Callable[[Layers], Inputs]) -> Inputs:
    """The checked inputs of some folders: kept ones where nothing has changed, else as `read` gives them.

    Raises what `read` raises.
    """
    place = None if os.environ.get(SWITCH) == OFF else usable_folder()
    before = None if place is None else _hashes(layers)
    if place is None or before is None:
        return read(layers)
    file = place / f"inputs-{_key(layers, before)}.pickle"
    found = _load(file)
    if found is not None:
        return replace(found, layers=layers)
    inputs = read(layers)
    # What changed while it was read is not kept.
    if all(before.get(name) == digest for name, digest in inputs.sha256.items()):
        _keep(file, inputs)
    return inputs


def cache_folder() -> Path:
    """Where this system keeps what programs of a user can make again."""
    home = Path.home()
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "minerals"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "minerals"
    return Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "minerals"


def usable_folder() -> Path | None:
    """The cache folder, made where it is missing; None where it cannot be had or others may write to it."""
    try:
        folder = cache_folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder if _is_own(folder) else None
    except (OSError, RuntimeError):  # RuntimeError: a user without a home
        return None


def _is_own(path: Path) -> bool:
    """Whether a file or folder belongs to the user and nobody else may write to it."""
    if not hasattr(os, "getuid"):
        return True
    about = path.stat()
    return about.st_uid == os.getuid() and not about.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _hashes(layers: Layers) -> dict[str, str] | None:
    """SHA-256 of the descriptor, of each table of a package and of each own one, by the name it is told under; None
    where one cannot be read, or is no file, as a pipe that would never end."""
    try:
        files = {file.name: file for file in (layers.package / DESCRIPTOR, *sorted(layers.package.glob("*.csv")))}
        files |= layers.files()
        if not all(file.is_file() for file in files.values()):
            return None
        return {name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in files.items()}
    except OSError:
        return None


def _key(layers: Layers, hashes: Mapping[str, str]) -> str:
    """Name of a package by all that its checked tables depend on."""
    shipped = inputs_folder()
    code = Path(__file__).parent
    sources = [*code.glob("*.py"), *code.parent.glob("*.py")]
    parts = [
        list(hashes.items()),  # Of own folders the first is uppermost.
        [(name, sorted(path.name for path in folder.iterdir())) for name, folder in layers.named().items()],
        layers.replace,
        None if layers.rows is None else (layers.rows.file, layers.rows.data, layers.rows.origin),
        hashlib.sha256((shipped / DESCRIPTOR).read_bytes()).hexdigest(),
        layers.package.resolve() == shipped.resolve(),
        sorted((str(file), *_size_and_time(file)) for file in sources),
        (sys.version, np.__version__),
    ]
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _size_and_time(file: Path) -> tuple[int, int]:
    about = file.stat()
    return about.st_size, about.st_mtime_ns


def _load(file: Path) -> Inputs | None:
    """A kept package, marked as used; None where there is none that can be trusted."""
    try:
        if not _is_own(file):
            return None
        content = file.read_bytes()
        if hashlib.sha256(content[HASH:]).digest() != content[:HASH]:
            return None
        found: Inputs = pickle.loads(content[HASH:])
        os.utime(file)
    except Exception:  # Whatever a damaged file does, the tables themselves are there to be read.
        return None
    return found


def _keep(file: Path, inputs: Inputs) -> None:
    """Keep a package, whole or not at all, and remove those that were not used for longest."""
    with suppress(OSError, pickle.PicklingError):
        content = pickle.dumps(inputs, protocol=5)
        new = file.with_name(f"{file.name}.{os.getpid()}.part")
        try:
            new.write_bytes(hashlib.sha256(content).digest() + content)
            new.replace(file)
        finally:
            new.unlink(missing_ok=True)
        others = [other for other in file.parent.iterdir() if OWN.fullmatch(other.name)]
        others.sort(key=lambda other: other.stat().st_mtime, reverse=True)
        for other in others[KEPT:]:
            other.unlink()
