"""Commands that are ended at random moments; `python tests/slow.py kills` does the same three hundred times."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from attacks import kills

#: How many commands are ended.
TIMES = 8


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are found by their environment")
@pytest.mark.long
def test_whatever_the_moment_nothing_is_lost_or_left(tmp_path: Path) -> None:
    tallies = kills.kills(TIMES, 12, tmp_path)
    assert [sentence for tally in tallies.values() for sentence in tally.wrong] == []
    assert sum(tally.counts["attacks"] for tally in tallies.values()) == TIMES
    ended = [tally for (_, name), tally in tallies.items() if name != "SIGKILL"]
    assert sum(tally.counts["told"] for tally in ended) > TIMES / 4, "most come while a command is at work"
