"""Points of a study: kept as they are solved, gone on from, found again where they are damaged, and always the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest

from minerals.studies.blocks import POINTS, StudyFolder
from minerals.studies.points import read_points, solved
from minerals.studies.pool import _tolerant

KEYS = [str(number) for number in range(12)]
STUDY = json.dumps({"study": "one", "draws": 12})
OTHER = json.dumps({"study": "another", "draws": 12})


def square(key: str) -> list[float]:
    return [int(key) ** 2, int(key) / 3]


EXPECTED = {key: square(key) for key in KEYS}


class Counted:
    """`square`, and the keys it was called with."""

    def __init__(self, fails_at: str = "") -> None:
        self.keys: list[str] = []
        self.fails_at = fails_at

    def __call__(self, key: str) -> list[float]:
        self.keys.append(key)
        if key == self.fails_at:
            raise KeyboardInterrupt
        return square(key)


class Now(Executor):
    """Runs each task when it is handed over, in order."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "points"


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_any_number_of_workers_gives_the_same_in_the_order_of_the_keys(folder: Path, workers: int) -> None:
    seen: list[tuple[int, int]] = []
    with ThreadPoolExecutor(workers) as pool:
        found = solved(KEYS, square, pool, folder, STUDY, lambda done, of: seen.append((done, of)))
    assert list(found.items()) == list(EXPECTED.items())
    assert seen == [(done, 12) for done in range(13)]
    assert read_points(folder / POINTS, STUDY) == EXPECTED
    assert len((folder / POINTS).read_bytes().splitlines()) == 12


def test_without_a_folder_nothing_is_kept() -> None:
    assert solved(KEYS, square, Now()) == EXPECTED


def test_finished_points_are_not_solved_again(folder: Path) -> None:
    solved(KEYS[:5], square, Now(), folder, STUDY)
    counted = Counted()
    assert solved(KEYS, counted, Now(), folder, STUDY) == EXPECTED
    assert counted.keys == KEYS[5:]


def test_what_was_solved_when_a_study_is_interrupted_is_kept(folder: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        solved(KEYS, Counted(fails_at="7"), Now(), folder, STUDY)
    kept = read_points(folder / POINTS, STUDY)
    assert kept == {key: value for key, value in EXPECTED.items() if key != "7"}
    counted = Counted()
    assert solved(KEYS, counted, Now(), folder, STUDY) == EXPECTED
    assert counted.keys == ["7"]


def test_a_point_that_fails_is_raised_and_the_others_stay(folder: Path) -> None:
    def compute(key: str) -> float:
        return 1 / (int(key) - 3)

    with ThreadPoolExecutor(1) as pool, pytest.raises(ZeroDivisionError):
        solved(KEYS, compute, pool, folder, STUDY)
    assert "2" in read_points(folder / POINTS, STUDY)


@pytest.mark.parametrize("damaged", [
    lambda line: line[:-20],
    lambda line: line.replace(b"[16,", b"[17,"),
    lambda line: b"\xff\x00",
    lambda line: b'{"key": "4"}',
    lambda line: b"[" * 5000,
    lambda line: line[:30] + line,
])  # fmt: skip
def test_a_damaged_line_is_found_and_its_point_solved_again(folder: Path, damaged: Callable[[bytes], bytes]) -> None:
    solved(KEYS, square, Now(), folder, STUDY)
    file = folder / POINTS
    lines = file.read_bytes().splitlines()
    file.write_bytes(b"\n".join(damaged(line) if b'"key":"4"' in line else line for line in lines))
    counted = Counted()
    assert solved(KEYS, counted, Now(), folder, STUDY) == EXPECTED
    assert counted.keys == ["4"]
    assert read_points(file, STUDY) == EXPECTED


def test_a_line_that_was_cut_off_is_not_gone_on_from(folder: Path) -> None:
    solved(KEYS[:3], square, Now(), folder, STUDY)
    with (folder / POINTS).open("ab") as file:
        file.write(b'{"key":"3","value":[9,1.0],"sha')
    solved(KEYS[:4], square, Now(), folder, STUDY)
    assert len((folder / POINTS).read_bytes().splitlines()) == 4
    assert set(read_points(folder / POINTS, STUDY)) == set(KEYS[:4])


def test_points_of_another_study_are_removed(folder: Path) -> None:
    solved(KEYS, square, Now(), folder, OTHER)
    counted = Counted()
    solved(KEYS, counted, Now(), folder, STUDY)
    assert counted.keys == KEYS
    assert read_points(folder / POINTS, OTHER) == {}


def test_a_study_folder_ends_with_its_points(tmp_path: Path) -> None:
    place = tmp_path / "run.partial"

    def study(compute: Callable[[str], list[float]]) -> dict[str, list[float]]:
        with StudyFolder(place) as kept:
            kept.claim()
            return solved(KEYS, compute, Now(), kept.path / "points", STUDY)

    with pytest.raises(KeyboardInterrupt):
        study(Counted(fails_at="3"))
    assert len(read_points(place / "points" / POINTS, STUDY)) == 11
    assert study(square) == EXPECTED
    assert not place.exists()


def test_a_pool_that_breaks_after_its_work_was_cancelled_says_nothing() -> None:
    """Otherwise its thread ends with a traceback, and a shutdown waits for ever."""
    asked = _tolerant(Future())
    assert asked.cancel()
    asked.set_exception(BrokenProcessPool("ended"))
    assert asked.cancelled()
    other = _tolerant(Future())
    other.set_exception(BrokenProcessPool("ended"))
    assert isinstance(other.exception(), BrokenProcessPool)
