"""A study that is interrupted again and again, loses a worker or finds the disk full: the same command goes on, to the
bytes of one that nobody disturbed."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from minerals.studies.points import read_points

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
#: How often a study is interrupted (`python tests/slow.py interrupts` does it thirty times), and seconds after it has
#: gone on at most.
TIMES, LATEST = int(os.environ.get("INTERRUPTS", "8")), 0.05
#: Seconds in which what is waited for must be there.
PATIENCE = 300.0
AXES = '"scope.years.last"=[2031, 2032, 2033, 2034], "scenario.shift.adoption"=["shift", "plan"]'
LABELS = '"scenario.shift.label"=["A", "B", "C", "D", "E", "F", "G"]'
#: Bytes that a file may have where the disk is full: a few points.
FULL = 4000


class Study:
    """A grid of many points, which is computed in a folder."""

    def __init__(self, toy: Path, folder: Path, workers: int = 2) -> None:
        self.out, self.points = folder / "out", folder / "out.partial" / "points" / "points.jsonl"
        axes = f"{AXES}, {LABELS}"
        self.words = [
            sys.executable, "-m", "minerals", "run", str(toy / "run.toml"), "--inputs", str(toy), "--set",
            f"study={{kind='grid', axes={{{axes}}}}}", "--set", "output.charts=[]", "--workers", str(workers), "--out",
            str(self.out),
        ]  # fmt: skip

    def begin(self, most: int | None = None) -> subprocess.Popen[str]:
        """Start the command; most: bytes that a file may have."""

        def prepare() -> None:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # A shell's background tests inherit one that is ignored.
            if most is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))

        env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "MINERALS_CACHE": "off"}
        return subprocess.Popen(
            self.words, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, preexec_fn=prepare
        )

    def end(self, process: subprocess.Popen[str], code: int) -> str:
        _, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode == code, errors
        assert "Traceback" not in errors
        return errors

    def wait(self, process: subprocess.Popen[str], points: int) -> None:
        """Until there are so many lines of points."""
        end = time.monotonic() + PATIENCE
        while process.poll() is None and time.monotonic() < end:
            with suppress(OSError):
                if self.points.read_bytes().count(b"\n") >= points:
                    return
            time.sleep(0.01)

    def known(self) -> set[str]:
        """Keys of the sound points."""
        mark = self.points.with_name("study.json")
        return set(read_points(self.points, mark.read_text(encoding="utf-8"))) if mark.exists() else set()

    def files(self) -> dict[str, bytes]:
        assert not self.points.parent.parent.exists()
        return {str(file.relative_to(self.out)): file.read_bytes() for file in self.out.rglob("*") if file.is_file()}


@pytest.fixture(scope="module")
def whole(toy_files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The result that nobody disturbed, of one worker."""
    folder = tmp_path_factory.mktemp("whole")
    for name, content in toy_files.items():
        (folder / name).write_bytes(content)
    study = Study(folder, folder, workers=1)
    study.end(study.begin(), 0)
    return study.files()


def test_interrupts_and_a_damaged_line_change_no_byte(toy: Path, tmp_path: Path, whole: dict[str, bytes]) -> None:
    """By SIGINT and SIGTERM in turn, at random moments after it has gone on; no point is ever lost."""
    chance, study, before = random.Random(17), Study(toy, tmp_path), set[str]()
    for nth in range(TIMES):
        number, code = ((signal.SIGINT, 130), (signal.SIGTERM, 143))[nth % 2]
        process = study.begin()
        study.wait(process, len(before) + 1)
        time.sleep(chance.uniform(0, LATEST))
        process.send_signal(number)
        _, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode == code, errors
        before, after = study.known(), before
        assert after <= before, "points are lost"
        # Lose the later half and damage a line, in the middle and so that there is always something left to do.
        if nth == TIMES // 2 or len(before) > 45:
            lines = study.points.read_bytes().splitlines(keepends=True)
            sound = len(lines) // 2
            study.points.write_bytes(b"".join(lines[:sound]) + lines[sound][:-30] + b"\0" * 20)
            before = study.known()
            assert len(before) == sound
    study.end(study.begin(), 0)
    assert study.files() == whole


def _workers(process: subprocess.Popen[str]) -> Iterator[int]:
    """Worker processes of a command."""
    for children in Path(f"/proc/{process.pid}/task").glob("*/children"):
        for child in map(int, children.read_text().split()):
            if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                yield child


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="workers are found in /proc")
def test_a_killed_worker_is_told_and_the_study_goes_on(toy: Path, tmp_path: Path, whole: dict[str, bytes]) -> None:
    study = Study(toy, tmp_path)
    process = study.begin()
    study.wait(process, 3)
    os.kill(next(_workers(process)), signal.SIGKILL)
    errors = study.end(process, 0)
    assert "A worker process was ended by force, as it is where memory runs out; the study goes on with 1 wo" in errors
    assert study.files() == whole


def test_a_file_that_may_not_grow_loses_nothing(toy: Path, tmp_path: Path, whole: dict[str, bytes]) -> None:
    study = Study(toy, tmp_path)
    errors = study.end(study.begin(FULL), 2)
    assert "File too large; make room, or choose another place with --out; what a study has finished is kept" in errors
    assert not study.out.exists()
    assert 1 <= len(study.known()) < 56
    study.end(study.begin(), 0)
    assert study.files() == whole


def test_a_full_disk_loses_nothing(toy: Path, tmp_path: Path, whole: dict[str, bytes]) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24k", "none", str(disk)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except OSError as error:
        pytest.skip(f"no disk can be mounted here ({error}); the test above limits the size of a file instead")
    if done.returncode:
        pytest.skip(f"no disk can be mounted here ({done.stderr.strip()}); the test above limits a file instead")
    try:
        study = Study(toy, disk)
        errors = study.end(study.begin(), 2)
        assert "No space left on device; make room, or choose another place with --out" in errors
        assert not study.out.exists()
        before = study.known()
        assert before
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        study.end(study.begin(), 0)
        assert study.files() == whole
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)
