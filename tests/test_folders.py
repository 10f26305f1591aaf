"""A folder that is replaced is whole at every moment, and what dead writers leave is finished and removed."""

from __future__ import annotations

import errno
import os
import signal
import stat
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from minerals.errors import Notice, UsageError
from minerals.results import folders
from minerals.results.folders import staged, sweep


def write(folder: Path, text: str) -> None:
    with staged(folder) as new:
        (new / "a").write_text(text)
        (new / "b").mkdir()
        (new / "b" / "c").write_text(text)


def content(folder: Path) -> set[str]:
    assert sorted(os.listdir(folder)) == ["a", "b"]
    return {(folder / "a").read_text(), (folder / "b" / "c").read_text()}


def killed(action: Callable[[], None]) -> None:
    """Do something in a process that ends by SIGKILL in its midst."""
    child = os.fork()
    if child == 0:
        try:
            action()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGKILL


def kill_at(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """End this process by force right after its `count`-th rename, or exchange."""
    done = [0]

    def counted(real: Callable[..., object]) -> Callable[..., object]:
        def call(*words: object) -> object:
            result = real(*words)
            if result is not False:
                done[0] += 1
            if done[0] == count:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return call

    monkeypatch.setattr(os, "rename", counted(os.rename))
    monkeypatch.setattr(folders, "_exchanged", counted(folders._exchanged))


#: Renames of an exchange, by (whether its place is the current folder, whether one call exchanges).
RENAMES = {(False, True): 1, (False, False): 2, (True, True): 5, (True, False): 5}


@pytest.mark.parametrize(
    ("current", "in_one_call", "count"),
    [(*case, count) for case, renames in RENAMES.items() for count in range(1, renames + 1)],
)
@pytest.mark.slow
def test_a_writer_that_is_killed_between_renames_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, current: bool, in_one_call: bool, count: int
) -> None:
    """After each of them: the contents of the current folder are exchanged, another folder itself."""
    out = tmp_path / "out"
    write(out, "old")
    if current:
        monkeypatch.chdir(out)
    with monkeypatch.context() as patched:
        if not in_one_call:
            patched.setattr(folders, "_renameat2", lambda: None)
        kill_at(count, patched)
        killed(lambda: write(out, "new"))
    if in_one_call and not current:
        assert content(out) == {"new"}, "at every moment one of them stands"
    assert len(os.listdir(tmp_path)) == 1 + out.exists()
    sweep(out)
    assert content(out) in ({"old"}, {"new"})
    assert os.listdir(tmp_path) == ["out"]
    write(out, "newer")
    assert content(out) == {"newer"}
    assert os.listdir(tmp_path) == ["out"]


def end(number: int, frame: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("current", [False, True], ids=["from elsewhere", "current folder"])
@pytest.mark.parametrize("number", folders.ENDING)
@pytest.mark.parametrize("in_one_call", [True, False])
def test_a_signal_during_the_exchange_leaves_one_of_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_one_call: bool, number: signal.Signals, current: bool
) -> None:
    out, rename, exchanged = tmp_path / "out", os.rename, folders._exchanged
    write(out, "old")

    def renamed(source: Path, target: Path) -> None:
        rename(source, target)
        signal.raise_signal(number)

    def signalled(one: Path, other: Path) -> bool:
        done = exchanged(one, other)
        signal.raise_signal(number)
        return done

    if current:
        monkeypatch.chdir(out)
    before = signal.signal(number, end)
    try:
        with monkeypatch.context() as patched:
            if in_one_call and not current:
                patched.setattr(folders, "_exchanged", signalled)
            else:
                patched.setattr(folders, "_renameat2", lambda: None)
                patched.setattr(os, "rename", renamed)
            with pytest.raises(KeyboardInterrupt):
                write(out, "new")
    finally:
        signal.signal(number, before)
    assert content(out) == {"new"}
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize("current", [False, True], ids=["from elsewhere", "current folder"])
@pytest.mark.parametrize("failing", [(2,), (2, 3), (2, 3, 4, 5), (3,), (3, 4, 5, 6, 7)], ids=str)
def test_renames_that_fail_lose_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: tuple[int, ...], current: bool
) -> None:
    """What stood at the place stands there, or lies in the workspace, is named, and is put back by the next writer."""
    out, rename, count = tmp_path / "out", os.rename, iter(range(1, 100))
    write(out, "old")

    def renamed(source: Path, target: Path) -> None:
        if next(count) in failing:
            raise OSError(errno.EIO, "Input/output error")
        rename(source, target)

    if current:
        monkeypatch.chdir(out)
    with monkeypatch.context() as patched, warnings.catch_warnings(record=True) as notices:
        warnings.simplefilter("always")
        patched.setattr(folders, "_renameat2", lambda: None)
        patched.setattr(os, "rename", renamed)
        try:
            write(out, "new")
        except OSError:
            assert notices or content(out) == {"old"}
    sweep(out)
    assert content(out) in ({"old"}, {"new"})
    assert os.listdir(tmp_path) == ["out"]


def test_a_writer_sweeps_what_dead_ones_left_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    write(out, "old")
    with monkeypatch.context() as patched:
        patched.setattr(folders, "exchange", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
        killed(lambda: write(out, "new"))
    (left,) = set(os.listdir(tmp_path)) - {"out"}
    others = [".out-minerals-1-0123456", ".out-minerals-1-01234567-old", ".other-minerals-1-01234567", ".out-abcdefgh"]
    for name in (*others, ".out-minerals-1-00000001"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "thesis").write_text("mine")
    with staged(out) as new:  # One that lives.
        (new / "a").write_text("living")
        sweep(out)
        assert (new / "a").read_text() == "living"
        assert left not in os.listdir(tmp_path)
        (new / "b").mkdir()
        (new / "b" / "c").write_text("living")
    assert content(out) == {"living"}
    assert set(os.listdir(tmp_path)) == {"out", *others, ".out-minerals-1-00000001"}


@pytest.mark.parametrize("name", ["n" * 255, "é" * 127])
def test_a_name_may_be_as_long_as_the_disk_takes(tmp_path: Path, name: str) -> None:
    for text in ("old", "new"):
        write(tmp_path / name, text)
    assert content(tmp_path / name) == {"new"}
    assert os.listdir(tmp_path) == [name]


def test_a_failure_leaves_no_folder_above(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), staged(tmp_path / "x" / "y" / "out"):
        raise ZeroDivisionError
    assert os.listdir(tmp_path) == []


def test_what_cannot_be_removed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(folder: Path) -> None:
        raise OSError(5, "the disk is gone")

    monkeypatch.setattr(folders, "remove", fail)
    with pytest.warns(Notice, match=r"\.out-minerals-\d+-\w+ could not be removed \(the disk is gone\); the next run"):
        write(tmp_path / "out", "new")
    assert content(tmp_path / "out") == {"new"}
    monkeypatch.undo()
    sweep(tmp_path / "out")
    assert os.listdir(tmp_path) == ["out"]


# ---------------------------------------------------------------- results


@pytest.mark.slow
def test_a_result_whose_writer_was_killed_between_the_renames_is_replaced(
    run_toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    old, new = run_toy(), run_toy("scope.years.last=2031")
    old.write(out)
    with monkeypatch.context() as patched:
        patched.setattr(folders, "_renameat2", lambda: None)
        kill_at(1, patched)
        killed(lambda: new.write(out))
    assert not out.exists()
    new.write(out)
    assert sorted(os.listdir(tmp_path)) == ["out", "toy"]


def test_a_removed_current_folder_hinders_nobody(run_toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    for _ in range(2):
        run_toy().write(tmp_path / "out")
    assert sorted(os.listdir(tmp_path)) == ["out", "toy"]


def test_a_folder_that_is_protected_against_writing_is_not_replaced(run_toy, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_toy().write(out)
    out.chmod(0o555)
    with pytest.raises(UsageError, match="is protected against writing; nothing was written"):
        run_toy().write(out)
    out.chmod(0o755)
    (out / "tables").chmod(0o555)
    run_toy().write(out)
    assert stat.S_IMODE((out / "tables").stat().st_mode) & 0o200
    assert sorted(os.listdir(tmp_path)) == ["out", "toy"]


@pytest.mark.parametrize(("spoil", "sentence"), [
    (lambda out: (out / "record.json").write_text("{"), "holds a record.json that is not a result"),
    (lambda out: (out / "record.json").write_text("[" * 100_000), "holds a record.json that is not a result"),
    (lambda out: (out / "record.json").unlink(), "holds files that are not a result"),
])  # fmt: skip
def test_a_folder_that_is_no_result_is_told_by_its_cause(run_toy, tmp_path: Path, spoil, sentence: str) -> None:  # type: ignore[no-untyped-def]
    run_toy().write(tmp_path / "out")
    spoil(tmp_path / "out")
    with pytest.raises(UsageError, match=sentence):
        run_toy().write(tmp_path / "out", force=True)
    with pytest.raises(UsageError, match="File name too long; nothing was written: choose another"):
        run_toy().write(tmp_path / ("n" * 256))


def test_a_signal_as_the_workspace_is_made_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Ended(BaseException):
        pass

    def end(*_: object) -> None:
        raise Ended

    def made(folder: Path) -> tuple[Path, int]:
        found = real(folder)
        signal.raise_signal(signal.SIGTERM)
        return found

    real, before = folders._workspace, signal.signal(signal.SIGTERM, end)
    monkeypatch.setattr(folders, "_workspace", made)
    try:
        with pytest.raises(Ended), folders.staged(tmp_path / "result"):
            pytest.fail("the command is to end before its body")
    finally:
        signal.signal(signal.SIGTERM, before)
    assert not any(tmp_path.iterdir())
