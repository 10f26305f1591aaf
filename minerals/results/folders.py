"""Folders and files that are whole or not there: made next to their place, on the disk, and exchanged in one step.

A folder is filled as `new` within a workspace, a hidden folder next to it (`.name-minerals-pid-xxxxxxxx`). The
writer holds a lock on the workspace, which the system takes back when the writer ends, however it ends. So a workspace
without a lock is one that nobody fills any more: the next writer into the same place finishes an exchange that was
begun in it, and removes it.

Where the file system can exchange two folders in one call (Linux), at every moment one of them stands at the place.
Elsewhere the older one becomes `old` in the workspace before the new one takes its place, and where the place is the
current folder of this process, its contents are exchanged; both are finished by the next writer if they are cut short.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import signal
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from ..errors import Notice

try:
    import fcntl
except ImportError:  # Windows, where a folder of a dead writer stays until somebody removes it.
    fcntl = None  # type: ignore[assignment]

#: Names in a workspace: the folder that is filled; an older one that left its place as a whole; the contents of an
#: older one, while they leave it and when all have left.
NEW, OLD, LEAVING, LEFT = "new", "old", "leaving", "left"
#: Bytes of a name that file systems take.
LONGEST = 255
#: Files that are put on the disk at a time; the disk writes several as fast as one.
SYNCED = 4
AT_FDCWD, RENAME_EXCHANGE = -100, 2
#: Signals that end a command, which may raise anywhere.
ENDING = [number for name in ("SIGINT", "SIGTERM", "SIGHUP") if (number := getattr(signal, name, None)) is not None]
NO_LOCKS = (errno.ENOLCK, errno.EBADF, errno.ENOTSUP, errno.EINVAL, errno.ENOSYS)
#: What an exchange in one call fails with where the file system, the system or its library cannot do it.
CANNOT_EXCHANGE = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EPERM)


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """A new folder to fill, which takes the place of `folder` at the end of the body, and leaves nothing if that fails.

    Raises OSError. Warns with a Notice where its workspace could not be removed.
    """
    made = make_parents(folder)
    workspace: tuple[Path, int] | None = None
    try:
        try:
            # A signal that ends the command between the making of a workspace and here would leave it behind.
            with _interrupts_held():
                workspace = _workspace(folder)
            new = workspace[0] / NEW
            new.mkdir()
            yield new
            to_disk(new)
            exchange(workspace[0], folder)
        finally:
            if workspace is not None:
                # One that comes once the older folder is being removed changes nothing any more, but would leave some.
                with _interrupts_held():
                    _leave(*workspace, folder)
    except BaseException:
        remove_empty(made)
        raise


def _leave(workspace: Path, lock: int, folder: Path) -> None:
    """Remove a workspace, and say so where that fails; its lock is given up first where no descriptor is left.

    Where an exchange failed and could not be taken back, the older folder is still in it: it is tried once more, and
    where that fails too, the workspace stays, is named, and is finished by the next writer.
    """
    try:
        _put_back(workspace, folder)
    except OSError as error:
        os.close(lock)
        why = (
            f"holds what stood in {folder}, which could not be put back ({error.strerror}); run the same command again"
        )
        warnings.warn(f"{workspace} {why}, or move it there by hand", Notice, stacklevel=2)
        return
    try:
        remove(workspace)
    except OSError:
        os.close(lock)
        lock = -1
        try:
            remove(workspace)
        except OSError as error:
            why = f"could not be removed ({error.strerror}); the next run into its place will, or remove it by hand"
            warnings.warn(f"{workspace} {why}", Notice, stacklevel=2)
    finally:
        if lock >= 0:
            os.close(lock)


def make_parents(folder: Path) -> list[Path]:
    """Make the folders above one, and return those that were not there, the uppermost first."""
    made = [parent for parent in reversed(folder.parents) if not parent.exists()]
    folder.parent.mkdir(parents=True, exist_ok=True)
    return made


def remove_empty(folders: list[Path]) -> None:
    """Remove folders that hold nothing, the last first; others stay."""
    for folder in reversed(folders):
        with suppress(OSError):
            folder.rmdir()


def remove(folder: Path) -> None:
    """Remove a folder of ours, its read-only folders too, with one file descriptor at a time. Raises OSError."""
    folder.chmod(0o700)
    for name in os.listdir(folder):
        path = folder / name
        if path.is_dir() and not path.is_symlink():
            remove(path)
        else:
            path.unlink()
    folder.rmdir()


def to_disk(folder: Path) -> None:
    """Wait until the files of a folder and their names are on the disk, so that a power cut finds them whole."""
    paths = [Path(place, name) for place, _, names in os.walk(folder) for name in names]
    paths += [Path(place) for place, _, _ in os.walk(folder)]
    with ThreadPoolExecutor(SYNCED) as pool:
        list(pool.map(sync, paths))


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk. Raises OSError."""
    if path.is_symlink() or (os.name == "nt" and path.is_dir()):
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # Some file systems keep nothing to wait for.
            raise
    finally:
        os.close(descriptor)


def put(file: Path, *parts: Any, wait: bool = True) -> None:
    """Write a file beside its place, wait until it is on the disk, and give it its name; a failure leaves nothing.

    Without `wait` a power cut soon after may leave it damaged, or none. Raises OSError.
    """
    unfinished = file.with_name(f"{file.name}.{os.getpid()}.part")
    try:
        with unfinished.open("wb") as stream:
            for part in parts:
                stream.write(part)
            stream.flush()
            if wait:
                os.fsync(stream.fileno())
        os.replace(unfinished, file)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink()
        raise
    if wait:
        sync(file.parent)


# ---------------------------------------------------------------------- exchange


def exchange(workspace: Path, folder: Path) -> None:
    """Put the new folder of a workspace in the place of an older one, which ends in the workspace. Raises OSError.

    The folder itself is exchanged, except where it is the current one: there its contents are, so that the shell does
    not stand in a folder that is gone. Whatever fails, what was done so far is taken back.
    """
    new = workspace / NEW
    if not folder.exists():
        os.rename(new, folder)
    elif _is_current(folder):
        _exchange_contents(workspace, folder)
    elif not _exchanged(new, folder):
        with _interrupts_held():
            os.rename(folder, workspace / OLD)
            try:
                os.rename(new, folder)
            except BaseException:
                os.rename(workspace / OLD, folder)
                raise
    sync(folder.parent)


def _is_current(folder: Path) -> bool:
    try:
        return Path.cwd().is_relative_to(folder)
    except OSError:  # The current folder was removed.
        return False


def _exchange_contents(workspace: Path, folder: Path) -> None:
    leaving, left = workspace / LEAVING, workspace / LEFT
    with _interrupts_held():
        leaving.mkdir()
        try:
            _move_contents(folder, leaving)
            os.rename(leaving, left)
            _move_contents(workspace / NEW, folder)
        except BaseException:
            if left.exists():
                _move_contents(folder, workspace / NEW)
                os.rename(left, leaving)
            _move_contents(leaving, folder)
            raise


def _move_contents(source: Path, target: Path) -> None:
    for name in os.listdir(source):
        os.rename(source / name, target / name)


@cache
def _renameat2() -> Any:
    """The system's call that exchanges two folders; None where there is none."""
    import ctypes

    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return None
    call.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint]
    return call


def _exchanged(one: Path, other: Path) -> bool:
    """Exchange two folders in one call. Returns False where that cannot be done here. Raises OSError."""
    call = _renameat2()
    if call is None:
        return False
    import ctypes

    if call(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in CANNOT_EXCHANGE:
        return False
    raise OSError(number, os.strerror(number), str(other))


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold back what a signal that ends commands would raise here until the body has ended."""
    received: list[int] = []
    handlers: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():  # Others never raise for a signal.
        found = ((number, signal.getsignal(number)) for number in ENDING)
        handlers = {number: handler for number, handler in found if callable(handler)}
    try:
        for number in handlers:
            signal.signal(number, lambda number, _: received.append(number))
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        if received:
            signal.raise_signal(received[0])


# ---------------------------------------------------------------------- workspaces


def _workspace(folder: Path) -> tuple[Path, int]:
    """A new workspace for a folder and the descriptor that holds its lock. Raises OSError."""
    while True:
        end = f"-minerals-{os.getpid()}-{secrets.token_hex(4)}"
        workspace = folder.parent / f"{_beginning(folder.name, end)}{end}"
        workspace.mkdir(mode=0o700)
        try:
            lock = locked(workspace)
        except BaseException:
            workspace.rmdir()
            raise
        # Another writer may have taken it for a dead one's between the two calls.
        if lock is not None:
            return workspace, lock


def _beginning(name: str, end: str) -> str:
    """How the name of a workspace begins: with a dot and as much of the folder's as leaves room for its end."""
    room = LONGEST - len(os.fsencode(end)) - 1
    return "." + os.fsencode(name)[:room].decode("utf-8", "ignore")


def locked(folder: Path, certain: bool = False) -> int | None:
    """A descriptor that holds the lock of a folder, None where another holds it or the folder is gone.

    The system gives a lock back when its holder ends, however it ends. Where it knows no locks, as some network disks,
    the descriptor holds none; certain: it is None there. Raises OSError.
    """
    if fcntl is None:
        return None if certain else os.open(os.devnull, os.O_RDONLY)
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), os.stat(folder)):
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    except OSError as error:
        if not certain and error.errno in NO_LOCKS:
            return descriptor
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def sweep(folder: Path) -> None:
    """Finish and remove what dead writers into a folder left next to it; what others left, and others' files, stay."""
    for workspace in _workspaces(folder):
        with suppress(OSError):
            lock = locked(workspace, certain=True)
            if lock is None:
                continue
            try:
                if _is_ours(workspace):
                    _finish(workspace, folder)
                    remove(workspace)
            finally:
                os.close(lock)


def _workspaces(folder: Path) -> list[Path]:
    """Folders next to one whose names are those of its workspaces."""
    end = re.compile(r"-minerals-[0-9]+-[0-9a-f]{8}\Z")
    try:
        matches = [match for name in os.listdir(folder.parent) if (match := end.search(name))]
    except OSError:
        return []
    return [
        folder.parent / match.string
        for match in matches
        if match.string[: match.start()] == _beginning(folder.name, match[0])
    ]


def _is_ours(workspace: Path) -> bool:
    """Whether it is a folder that holds what a writer puts into its workspace, and nothing else."""
    if workspace.is_symlink() or not workspace.is_dir() or workspace.stat().st_uid != os.geteuid():
        return False
    return set(os.listdir(workspace)) <= {NEW, OLD, LEAVING, LEFT}


def _put_back(workspace: Path, folder: Path) -> None:
    """Put an older folder, or its contents, back in its place where an exchange failed half-way. Raises OSError."""
    new, old, leaving, left = (workspace / name for name in (NEW, OLD, LEAVING, LEFT))
    if old.exists() and new.exists() and not folder.exists():
        os.rename(old, folder)
    if left.exists() and new.exists() and os.listdir(new):
        _move_contents(folder, new)
        _move_contents(left, folder)
    if leaving.exists():
        _move_contents(leaving, folder)


def _finish(workspace: Path, folder: Path) -> None:
    """Finish an exchange that was begun and cut short; the new folder was whole before it began. Raises OSError."""
    new, old, leaving, left = (workspace / name for name in (NEW, OLD, LEAVING, LEFT))
    if old.exists() and new.exists():
        if folder.exists():
            raise FileExistsError(errno.EEXIST, "somebody has made it anew", str(folder))
        os.rename(new, folder)
    if leaving.exists():
        folder.mkdir(exist_ok=True)
        _move_contents(leaving, folder)
    if left.exists() and new.exists():
        folder.mkdir(exist_ok=True)
        _move_contents(new, folder)
