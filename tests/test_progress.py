"""How far a study is: on one line of a terminal with the time left, in few lines of their own elsewhere."""

from __future__ import annotations

import pytest

from minerals import cli


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(cli.time, "monotonic", lambda: self.now)

    def told(self, tell: cli._Progress, *points: tuple[float, int, int]) -> None:
        for seconds, done, whole in points:
            self.now = 100 + seconds
            tell(done, whole)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_lines_are_seldom_and_say_what_is_left(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    tell = cli._Progress()
    clock.told(tell, (0, 0, 1000), (4, 40, 1000), *((at, 10 * at, 1000) for at in range(5, 36)), (99, 1000, 1000))
    assert capsys.readouterr().err.splitlines() == [
        "100 of 1,000 done, about 2 min left.", "200 of 1,000 done, about 80 s left.",
        "300 of 1,000 done, about 70 s left.",
    ]  # fmt: skip


def test_what_was_done_before_does_not_count_as_fast(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    tell = cli._Progress()
    clock.told(tell, (0, 600, 1000), (10, 600, 1000), (20, 602, 1000), (21, 1000, 1000))
    assert capsys.readouterr().err.splitlines() == [
        "Going on: 600 of 1,000 were done before.", "600 of 1,000 done.", "602 of 1,000 done, about 66 min left.",
    ]  # fmt: skip


def test_a_terminal_has_one_line_that_is_gone_at_the_end(
    clock: Clock, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli.sys.stderr, "isatty", lambda: True, raising=False)
    tell = cli._Progress()
    clock.told(tell, (0, 0, 4), (1, 1, 4), (7200, 2, 4), (7201, 4, 4))
    shown = [text.strip() for text in capsys.readouterr().err.split("\r") if text]
    assert shown == ["0 of 4 done", "1 of 4 done, about 3 s left", "2 of 4 done, about 2 h left", ""]


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (89, "89 s"), (90, "2 min"), (5399, "90 min"), (7200, "2 h")]
)
def test_times_are_in_words(seconds: float, words: str) -> None:
    assert cli._in_words(seconds) == words
