"""What only saves time computes alike: classes of values, and how a command ends."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from dataclasses import field

import pytest

from minerals import haste
from minerals.haste import frozen, loaded_beside, value_class


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


@pytest.mark.parametrize("error", [ImportError, MemoryError])
def test_what_cannot_be_loaded_beside_fails_where_it_is_imported(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not on the thread, whose words nobody waits for; the body is not disturbed."""
    tried: list[str] = []

    def import_module(library: str) -> None:
        tried.append(library)
        raise error("broken")

    monkeypatch.setattr(haste, "import_module", import_module)
    monkeypatch.setattr(threading, "excepthook", lambda failure: tried.append(f"said: {failure.exc_value}"))
    with loaded_beside("no_such_library"):
        pass
    assert tried == ["no_such_library"]
    with loaded_beside("sys"):  # which is loaded
        pass
    assert tried == ["no_such_library"]


def test_what_is_loaded_beside_is_there_after_the_body(monkeypatch: pytest.MonkeyPatch) -> None:
    def import_module(library: str) -> None:
        time.sleep(0.05)
        monkeypatch.setitem(sys.modules, library, haste)

    monkeypatch.setattr(haste, "import_module", import_module)
    with loaded_beside("slow_library"):
        assert "slow_library" not in sys.modules
    assert "slow_library" in sys.modules


def test_without_room_for_a_thread_nothing_is_loaded_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    entered: list[bool] = []
    with loaded_beside("no_such_library"):
        entered.append(True)
    assert entered


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
