"""What a run needs is tried, and what does not work is said with what to do."""

from __future__ import annotations

import errno
import os
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from click.testing import CliRunner

from minerals import doctor
from minerals.cli import cli


def tried(name: str, place: Path | None = None) -> doctor.Finding:
    return next(each for each in doctor.findings(place) if each.name == name)


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without what takes long: another process, and drawing."""
    monkeypatch.setattr(doctor, "_processes", lambda: "not tried")
    monkeypatch.setattr(doctor, "_charts", lambda: "not tried")


@pytest.mark.slow
def test_all_works_here_and_fits_eighty_columns() -> None:
    done = CliRunner().invoke(cli, ["doctor"], env={"COLUMNS": "80"})
    assert done.exit_code == 0, done.output
    assert "BROKEN" not in done.output
    assert max(map(len, done.output.splitlines())) <= 80


def full(_: int) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.usefixtures("alone")
@pytest.mark.slow
def test_what_is_broken_is_told_with_a_way_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("minerals.highs.run", lambda _: None)
    found = tried("solver")
    assert not found.works
    assert "where 2.8 is right" in found.found
    gone = tried("folder", tmp_path / "gone")
    assert not gone.works
    assert "--out" in gone.lines(80)[-1]
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        assert tried("folder", tmp_path).found.endswith(": No space left on device")
    monkeypatch.setattr("minerals.tables.cache.usable_folder", lambda: None)
    assert "MINERALS_CACHE=off" in tried("cache").advice
    assert CliRunner().invoke(cli, ["doctor"]).exit_code == 1


@pytest.mark.usefixtures("alone")
def test_a_package_that_is_missing_or_too_old_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = doctor.version

    def version(name: str) -> str:
        if name == "pyomo":
            raise PackageNotFoundError(name)
        return "1.0" if name == "highspy" else real(name)

    monkeypatch.setattr(doctor, "version", version)
    found = tried("packages")
    assert not found.works
    assert "pyomo is missing" in found.found
    assert "highspy 1.0 is not" in found.found


@pytest.mark.usefixtures("alone")
def test_inputs_with_faults_are_told_in_a_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("minerals.shipped.inputs_folder", lambda: tmp_path)
    found = tried("inputs")
    assert not found.works
    assert found.advice == "see `minerals check`"
