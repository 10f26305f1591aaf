"""What only saves time computes alike: classes of values, and how a command ends."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import field

import pytest

from minerals.haste import frozen, value_class


def test_values_are_equal_where_their_fields_are() -> None:
    @value_class
    class Place:
        name: str
        of: tuple[int, ...] = ()

    @value_class
    class Other:
        name: str
        of: tuple[int, ...] = ()

    assert Place("a", (1,)) == Place("a", (1,)) != Place("a", (2,))
    assert Place("a") != Other("a")
    assert {Place("a"): 1}[Place("a")] == 1
    assert repr(Place("a", (1,))) == "Place('a', (1,))"


def test_what_holds_arrays_is_equal_to_itself_alone() -> None:
    @frozen
    class Held:
        cells: list[int] = field(default_factory=list)

    one = Held()
    assert one == one
    assert one != Held()
    assert Held().cells is not one.cells


@pytest.mark.parametrize(
    ("ends", "code", "said"),
    [
        ("return 3", 3, ""),
        ("raise SystemExit(5)", 5, ""),
        ("raise SystemExit", 0, ""),
        ("raise SystemExit('no more')", 1, "no more"),
        ("raise RuntimeError('a bug')", 1, "RuntimeError: a bug"),
        ("raise KeyboardInterrupt", 130, "KeyboardInterrupt"),
    ],
)
def test_a_command_ends_with_its_code_and_all_that_it_said(ends: str, code: int, said: str) -> None:
    """Also what is registered while it runs is done, and what stands in its streams is out."""
    text = f"""
import atexit, sys
from minerals import cli
def end():
    atexit.register(lambda: sys.stdout.write(" done"))
    sys.stdout.write("said")
    {ends}
cli._exit_code = end
cli.main()
"""
    found = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=60, check=False)
    assert (found.returncode, found.stdout) == (code, "said done")
    assert said in found.stderr
