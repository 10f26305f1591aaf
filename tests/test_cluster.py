"""Studies on a cluster: a scheduler and workers of dask.distributed as processes, over TCP on this machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from conftest import lay_out

from minerals import api
from minerals.errors import UsageError

pytestmark = pytest.mark.slow
pytest.importorskip("distributed", reason="without the extra cluster; pip install 'minerals[cluster]'")

ROOT = Path(__file__).parent.parent
#: Seconds in which processes must be there, or gone.
PATIENCE = 60.0
EXPOSURE = {"demand": "plan", "adoption": "plan", "concern": "china"}
GRID = {"kind": "grid", "axes": {"scope.years.last": [2031, 2032, 2033, 2034], "exposure.stockpile_months": [0, 1]}}
SETS = {"output.charts": [], "exposure": EXPOSURE}


def until(is_so: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end, "this takes too long"
        time.sleep(0.05)


class Cluster:
    """A scheduler and its workers, whose keeper (`dask worker` without --no-nanny) starts a lost one anew."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.processes = folder, dict[str, subprocess.Popen[bytes]]()
        file = folder / "scheduler.json"
        self._start("scheduler", "--port", "0", "--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", str(file))
        until(lambda: file.exists() and file.read_text())
        self.address = str(json.loads(file.read_text())["address"])

    def worker(self, name: str, *words: str, path: str = "") -> None:
        self._start("worker", self.address, "--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1",
                    "--local-directory", str(self.folder / name), *words, name=name, path=path)  # fmt: skip

    def workers(self, count: int) -> None:
        from distributed import Client

        with Client(self.address, set_as_default=False) as client:
            until(lambda: len(client.nthreads()) == count)

    def kill(self, name: str) -> None:
        """By force, with all that it started and that does not notice."""
        os.killpg(self.processes[name].pid, signal.SIGKILL)
        self.processes[name].wait(PATIENCE)

    def _start(self, kind: str, *words: str, name: str = "", path: str = "") -> None:
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (path, str(ROOT))))}
        with (self.folder / f"{name or kind}.log").open("wb") as log:
            self.processes[name or kind] = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.dask_{kind}", *words], env=env, stdout=log, stderr=log,
                cwd=self.folder, start_new_session=True,
            )  # fmt: skip


@contextmanager
def started(folder: Path) -> Iterator[Cluster]:
    folder.mkdir()
    cluster = Cluster(folder)
    try:
        yield cluster
    finally:
        for name in cluster.processes:
            with suppress(ProcessLookupError):
                cluster.kill(name)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with started(tmp_path_factory.mktemp("cluster") / "here") as found:
        found.worker("one")
        found.worker("two", "--no-nanny")
        found.workers(2)
        yield found


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def written(toy: Path, out: Path, sets: dict[str, object], **hands: object) -> dict[str, bytes]:
    api.run(toy / "run.toml", set=sets, inputs=toy, out=out, **hands)  # type: ignore[arg-type]
    assert not out.with_name(f"{out.name}.partial").exists()
    return files_of(out)


@pytest.mark.parametrize("study", [
    GRID,
    {"kind": "sample", "draws": 9000},
    {"kind": "sensitivity", "draws": 20},
    {"kind": "identify", "statements": {"graphite": (-0.5, 0)}, "mixes": 5000},
], ids=lambda study: study["kind"])  # fmt: skip
def test_a_cluster_and_one_or_two_workers_give_the_same_bytes(
    toy: Path, tmp_path: Path, cluster: Cluster, study: dict[str, object]
) -> None:
    sets = {**SETS, "study": study}
    one = written(toy, tmp_path / "1", sets, workers=1)
    assert one == written(toy, tmp_path / "2", sets, workers=2)
    assert one == written(toy, tmp_path / "3", sets, cluster=cluster.address)


@pytest.mark.parametrize("study", [{"kind": "near_optimal", "of": ["shares"]}, {"kind": "frontier"}])
def test_a_study_of_a_mix_is_the_same_on_a_cluster(tmp_path: Path, cluster: Cluster, study: dict[str, object]) -> None:
    folder = lay_out(tmp_path / "tables", "toy", "toy_whole")
    one, there = tmp_path / "1", tmp_path / "cluster"
    sets = {"output.charts": [], "study": study}
    api.run(folder / "chosen.toml", set=sets, inputs=folder, out=one, workers=1)
    api.run(folder / "chosen.toml", set=sets, inputs=folder, out=there, cluster=cluster.address)
    assert files_of(one) == files_of(there)


def test_stress_is_the_same_with_workers_and_on_a_cluster(toy: Path, tmp_path: Path, cluster: Cluster) -> None:
    def stressed(name: str, **hands: object) -> dict[str, bytes]:
        sets = {**SETS, "exposure.draws": 200}
        api.stress(toy / "run.toml", set=sets, inputs=toy, out=tmp_path / name, **hands)  # type: ignore[arg-type]
        return files_of(tmp_path / name)

    alone = stressed("alone")
    assert b"industry" in alone["tables/intervals.csv"]
    assert alone == stressed("two", workers=2) == stressed("cluster", cluster=cluster.address)


@contextmanager
def begun(toy: Path, tmp_path: Path, cluster: Cluster) -> Iterator[subprocess.Popen[str]]:
    """A grid that is computed on a cluster, of which some points are there."""
    words = [
        f"--set={key}={api._change(key, value).partition('=')[2]}" for key, value in (SETS | {"study": GRID}).items()
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "minerals", "run", str(toy / "run.toml"), "--inputs", str(toy), "--out",
         str(tmp_path / "out"), "--cluster", cluster.address, *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    points = tmp_path / "out.partial" / "points" / "points.jsonl"
    until(lambda: process.poll() is not None or (points.exists() and points.read_bytes().count(b"\n") >= 2))
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_study_goes_on_without_a_worker_that_is_killed_and_loses_nothing(toy: Path, tmp_path: Path) -> None:
    with started(tmp_path / "cluster") as cluster:
        for name in ("one", "two"):
            cluster.worker(name, "--no-nanny")
        cluster.workers(2)
        with begun(toy, tmp_path, cluster) as process:
            cluster.kill("two")
            _, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, errors
    assert files_of(tmp_path / "out") == written(toy, tmp_path / "alone", {**SETS, "study": GRID})


def test_points_stay_where_the_scheduler_is_lost_and_the_same_command_goes_on(toy: Path, tmp_path: Path) -> None:
    with started(tmp_path / "cluster") as cluster:
        cluster.worker("one")
        with begun(toy, tmp_path, cluster) as process:
            cluster.kill("scheduler")
            _, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode == 6, errors
        assert f"the cluster at {cluster.address} was lost in the middle of the study; what was finished is" in errors
        assert "Traceback" not in errors
    assert (tmp_path / "out.partial" / "points" / "points.jsonl").read_bytes().count(b"\n") >= 2
    told: list[int] = []
    api.run(
        toy / "run.toml", set={**SETS, "study": GRID}, inputs=toy, out=tmp_path / "out",
        progress=lambda done, _: told.append(done),
    )  # fmt: skip
    assert told[0] >= 2
    assert files_of(tmp_path / "out") == written(toy, tmp_path / "alone", {**SETS, "study": GRID})


def test_a_cluster_that_cannot_be_had_is_told(toy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from minerals.studies import cluster as module

    def refused(address: str, words: str) -> None:
        with pytest.raises(UsageError, match=words):
            api.run(toy / "run.toml", set={**SETS, "study": GRID}, inputs=toy, out=tmp_path / "out", cluster=address)
        assert not (tmp_path / "out.partial").exists()

    monkeypatch.setattr(module, "PATIENCE", 1.0)
    refused("tcp://127.0.0.1:9", r"--cluster tcp://127.0.0.1:9: no scheduler answers there \(Timed out .*--workers")
    refused("nowhere", r"no scheduler answers there \(missing port number in address 'nowhere'\); start one with `dask")
    monkeypatch.setattr(module, "PATIENCE", 30.0)
    with started(tmp_path / "cluster") as cluster:
        with monkeypatch.context() as patched:
            patched.setattr(module, "PATIENCE", 2.0)
            refused(cluster.address, rf"the scheduler has no worker; start some with `dask worker {cluster.address}`")
        for name, code, words in (
            ("older", "import platform; platform.python_version = lambda: '3.9.1'", r"python 3\.9\.1 and not 3\."),
            (
                "without",
                "import sys; sys.modules['minerals'] = None",
                r"a worker cannot load minerals \(.*; install there",
            ),
        ):
            folder = tmp_path / name
            folder.mkdir()
            (folder / "sitecustomize.py").write_text(code, encoding="utf-8")
            cluster.worker(name, "--no-nanny", path=str(folder))
            cluster.workers(1)
            refused(cluster.address, words)
            cluster.kill(name)
            cluster.workers(0)


def test_what_did_not_arrive_as_it_was_sent_is_refused() -> None:
    from minerals.studies.cluster import Crew

    crew = Crew(b"not what was hashed", "0" * 64)
    crew.setup(None)
    with pytest.raises(UsageError, match="a worker that joined got something else than was sent to begin from"):
        crew.compute(int, (), {})
