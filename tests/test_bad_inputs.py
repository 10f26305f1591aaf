"""Every rule on inputs and run files: broken once, it produces its sentence, exit code 3, and writes nothing."""

from __future__ import annotations

import functools
import itertools
import operator
import shutil
import tomllib
from collections.abc import Callable, Container
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner
from conftest import lay_out

import minerals
from minerals.case import optimise
from minerals.case.why_infeasible import why
from minerals.cli import cli
from minerals.config import read_run
from minerals.errors import Infeasible, InputError, NumericalTrouble
from minerals.mix import conflict
from minerals.mix.conflict import Member, Search
from minerals.studies.run import run
from minerals.tables.inputs import Inputs, read_inputs


def cases(name: str) -> list[dict[str, Any]]:
    file = Path(__file__).parent / "bad_inputs" / name
    return list(tomllib.loads(file.read_text(encoding="utf-8"))["case"])


CASES, MIXES = cases("cases.toml"), cases("mixes.toml")


def break_(folder: Path, case: dict[str, Any]) -> None:
    """Apply a case to the toy package in `folder`."""
    if also := case.get("also"):
        break_(folder, also)
    path = folder / case["file"]
    text = path.read_text(encoding="utf-8")
    if "replace" in case:
        old, new = case["replace"]
        assert old in text, f"{old!r} is not in {path.name}"
        text = text.replace(old, new, 1)
    text = case.get("content", text) + case.get("append", "")
    if case.get("bom"):
        text = "\ufeff" + text
    if case.get("crlf"):
        text = text.replace("\n", "\r\n")
    encoded = case["latin1"].encode("latin-1") if "latin1" in case else text.encode("utf-8")
    path.write_bytes(encoded)


@pytest.mark.parametrize("case", [
    pytest.param(case, marks=pytest.mark.slow if at % 3 else (), id=case["name"]) for at, case in enumerate(CASES)
])  # fmt: skip
def test_case(case: dict[str, Any], toy: Path) -> None:
    if case.get("accepted"):
        sound = run(toy / "run.toml", inputs=toy)["mineral_demand"]["value"].sum()
        break_(toy, case)
        assert run(toy / "run.toml", inputs=toy)["mineral_demand"]["value"].sum() == sound
        return
    break_(toy, case)
    with pytest.raises(InputError) as raised:
        run(toy / "run.toml", inputs=toy)
    assert case["message"] in [str(problem) for problem in raised.value.problems]


def test_the_cases_are_many_and_distinct() -> None:
    refused = [case["message"] for case in CASES if not case.get("accepted")]
    assert len(set(refused)) == len(refused) >= 160


def test_all_problems_at_once_exit_3_and_nothing_written(toy: Path, tmp_path: Path) -> None:
    broken = [case for case in CASES if case["name"] in ("typo in a chemistry", "negative value", "NaN")]
    for case in broken:
        break_(toy, case)
    out = tmp_path / "out"
    outcome = CliRunner().invoke(cli, ["run", str(toy / "run.toml"), "--inputs", str(toy), "--out", str(out)])
    assert outcome.exit_code == 3
    for case in broken:
        assert case["message"] in outcome.stderr
    assert outcome.stderr.rstrip().endswith("nothing was written.")
    assert not out.exists()
    assert list(tmp_path.iterdir()) == [toy]


def test_a_base_that_loops_through_another_file(toy: Path) -> None:
    (toy / "a.toml").write_text('base = "b.toml"\ntitle = "A"\n', encoding="utf-8")
    (toy / "b.toml").write_text('base = "a.toml"\ntitle = "B"\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"b\.toml:1 base = 'a\.toml': inherits itself: a\.toml → b\.toml → a\.toml"):
        run(toy / "a.toml", inputs=toy)


# --- run files of a mix ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def read_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Inputs]:
    """A folder of the toy in which run files alone are changed, and its tables."""
    folder = lay_out(tmp_path_factory.mktemp("read") / "toy", "toy")
    return folder, read_inputs(folder)


@pytest.mark.parametrize("case", [
    pytest.param(case, id=case["name"]) for case in MIXES if case.get("exit", 3) == 3 and not case.get("of_exposure")
])  # fmt: skip
def test_a_mix_that_does_not_fit_is_refused_before_it_is_laid_out(
    case: dict[str, Any], read_once: tuple[Path, Inputs]
) -> None:
    """With all that is wrong, each once."""
    folder, inputs = read_once
    shutil.copy(Path(__file__).parent / "toy" / "mix.toml", folder)
    break_(folder, {"file": "mix.toml", **case})
    with pytest.raises(InputError) as raised:
        optimise.open_mixes(read_run(folder / "mix.toml"), inputs)
    expected = [case["message"]] if isinstance(case["message"], str) else case["message"]
    assert [str(problem) for problem in raised.value.problems] == expected


def run_mix(toy: Path, *sets: str) -> Any:
    """`minerals run` of the toy's mix, into a folder beside it."""
    changes = [word for text in sets for word in ("--set", text)]
    out = toy.parent / "out"
    return CliRunner().invoke(cli, ["run", str(toy / "mix.toml"), "--inputs", str(toy), "--out", str(out), *changes])


@pytest.mark.slow
def test_the_mix_that_is_broken_is_sound(toy: Path) -> None:
    outcome = run_mix(toy, "output.charts=[]")
    assert outcome.exit_code == 0, outcome.output
    assert (toy.parent / "out" / "optimised.toml").is_file()


@pytest.mark.slow
def test_a_cap_of_nothing_is_no_contradiction_where_nothing_need_be_lost(toy: Path) -> None:
    """The least that the solver finds is 0 but for its rounding."""
    outcome = run_mix(toy, "optimise.exposure_cap=0", "output.charts=[]")
    assert outcome.exit_code == 0, outcome.output
    losses = pd.read_csv(toy.parent / "out" / "tables" / "mix_loss.csv")
    assert len(losses)
    chosen = losses.loc[losses["weight"] > 0, "value"]
    assert chosen.to_list() == pytest.approx([0.0] * len(chosen), abs=1e-6)


@pytest.mark.parametrize("sets", [
    ["study={kind='measures', budgets=[1], which=['mix']}"],
    ["study={kind='measures', budgets=[1], which=['mix', 'recycling']}", "flows={}"],
    ["study={kind='backcast', mineral='graphite', kt=[0.5, 0], year=2031}"],
    ["optimise.objective='weighted'", "optimise.weights={expected=1}", "optimise.loss='industry'",
     "optimise.event_weights='equal'"],
    ["optimise.objective='cost'", "optimise.exposure_cap=50", "optimise.cost_cap=0.1"],
    ["optimise.objective='cost'", "optimise.exposure_cap=50", "optimise.loss='industry'"],
])  # fmt: skip
def test_a_mix_that_fits_is_laid_open(sets: list[str], read_once: tuple[Path, Inputs]) -> None:
    """What is not there needs nothing, and a key counts where any of the ways is taken in which it does."""
    folder, inputs = read_once
    shutil.copy(Path(__file__).parent / "toy" / "mix.toml", folder)
    assert list(optimise.open_mixes(read_run(folder / "mix.toml", sets), inputs)) == ["optimised"]


@pytest.mark.parametrize("case", [
    pytest.param(case, id=case["name"], marks=[] if case.get("quick") else pytest.mark.slow) for case in MIXES
])  # fmt: skip
def test_a_mix_that_cannot_be_chosen(case: dict[str, Any], toy: Path) -> None:
    """Its sentences, its exit code, and nothing that is half written."""
    break_(toy, {"file": "mix.toml", **case})
    outcome = run_mix(toy)
    expected = [case["message"]] if isinstance(case["message"], str) else list(case["message"])
    exit_code = case.get("exit", 3)
    if exit_code == 3:
        count = len(expected)
        expected.append(f"{count} problem{'s' if count > 1 else ''}; nothing was written.")
    assert outcome.stderr.splitlines() == expected
    assert (outcome.exit_code, outcome.stdout) == (exit_code, "")
    assert list(toy.parent.iterdir()) == [toy]
    checked = CliRunner().invoke(cli, ["check", str(toy / "mix.toml"), "--inputs", str(toy)])
    if exit_code == 3:
        assert (checked.exit_code, checked.stderr) == (3, outcome.stderr)
    else:
        assert "to be chosen: " in checked.stdout, "only a solver knows that"


#: Ways out that a message tells, and the change that takes each.
WAYS = {
    "unmet = true": "optimise.unmet=true",
    'one_country = "soft"': "optimise.one_country='report'",
    "a later exclude_since": "optimise.exclude=''",
    'growth = "off"': "optimise.growth='off'",
    'commercial = "off"': "optimise.commercial='off'",
    'performance = "off" (': "optimise.performance='off'",
    "Smallest cap that works: 12.": "optimise.exposure_cap=12",
}


@pytest.mark.slow
@pytest.mark.parametrize(("case", "way"), [
    pytest.param(case, way, id=f"{case['name']}: {way}")
    for case in MIXES if case.get("exit") == 4 for way in WAYS if way in str(case["message"])
])  # fmt: skip
def test_every_way_out_that_is_told_works(case: dict[str, Any], way: str, toy: Path) -> None:
    break_(toy, {"file": "mix.toml", **case})
    outcome = run_mix(toy, WAYS[way], "output.charts=[]")
    assert outcome.exit_code == 0, outcome.stderr


def named(name: str, toy: Path) -> Path:
    """The toy, broken by the case of that name."""
    break_(toy, {"file": "mix.toml", **next(case for case in MIXES if case["name"] == name)})
    return toy


@pytest.mark.slow
def test_what_is_told_when_the_time_for_it_runs_out(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each solve takes a second of the clock: the more of them, the more is told, and nothing that is not known."""
    broken = named("the only supplier is excluded", toy)

    def told(seconds: int) -> str:
        clock = itertools.count()
        monkeypatch.setattr(optimise, "why", functools.partial(why, now=lambda: float(next(clock))))
        outcome = run_mix(broken, f"optimise.time_limit={seconds}")
        assert outcome.exit_code == 4
        return outcome.stderr

    limit = "coated graphite from China is excluded in Europe, 2031"
    nothing = told(2)
    assert "was not found in half the seconds of a solve (--set optimise.time_limit=2); give it more" in nothing
    assert limit not in nothing
    some = told(14)
    assert "contradict each other; some may not be needed: the search was stopped after " in some
    assert "(more time: --set optimise.time_limit=14):\n" in some
    assert limit in some
    assert "What works was not found in time.\n" in some
    more = told(28)
    assert "contradict each other, and no longer do without any one of them:" in more
    assert "Works: a later exclude_since" in more
    assert "What else works was not found in time." in more
    assert "Whether one of these limits, loosened alone, is enough was not found in time." in more
    everything = told(1000)
    assert "Smallest single change that works: " in everything
    assert "not found in time" not in everything


@pytest.mark.slow
def test_what_is_told_when_the_solver_gives_no_answer(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was proved before, what was found beside it, and what is not known for that; never that it is a trifle."""
    broken = named("the only supplier is excluded", toy)
    solve = Search._solve

    def told(answers: Callable[[int], bool]) -> str:
        """The message where some solves have no answer."""
        solves = itertools.count()

        def solved(search: Search) -> bool:
            if answers(next(solves)):
                return solve(search)
            raise NumericalTrouble("no answer")

        with monkeypatch.context() as patched:
            patched.setattr(Search, "_solve", solved)
            outcome = run_mix(broken)
        assert outcome.exit_code == 4
        assert "by so little" not in outcome.stderr
        return outcome.stderr

    marks: list[int] = []
    answered: list[int] = []
    give_way = Search.give_way

    def marked(search: Search, families: Container[str]) -> list[tuple[Member, float]] | None:
        marks.append(len(answered))
        return give_way(search, families)

    with monkeypatch.context() as patched:
        patched.setattr(Search, "give_way", marked)
        whole = told(lambda solve: answered.append(solve) is None).splitlines()
    single = next(at for at, line in enumerate(whole) if line.startswith("Smallest single change"))
    ways = [line for line in whole if line.startswith("Works: ")]
    assert len(ways) == 3
    nothing = told(lambda solve: False)
    assert "which of them contradict each other is not known: the solver gave no answer. Ask for fewer" in nothing
    some = told(lambda solve: solve != 1)
    assert "some may not be needed: the solver gave no answer when fewer were tried:\n" in some
    assert "coated graphite from China is excluded in Europe, 2031" in some
    proved = [told(functools.partial(operator.gt, last)) for last in (*marks, len(answered) - 1)]
    assert all(text.splitlines()[:4] == whole[:4] for text in proved)
    assert [sum(text.count(way) for way in ways) for text in proved] == [0, 1, 2, 3]
    unknown = "Not known to be enough alone, for the solver gave no answer: a change of "
    assert f"\n{unknown}exclude, exposure.future, unmet.\n" in proved[0]
    assert "loosened alone, is enough is not known: the solver gave no answer.\n" in proved[0]
    assert f"\n{whole[single].replace('Smallest single', 'Single')}\n" in proved[-1]
    assert unknown not in proved[-1]


@pytest.mark.slow
def test_limits_that_contradict_each_other_by_a_trifle(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = named("the only supplier is excluded", toy)
    monkeypatch.setattr(conflict, "BROKEN", 1e9)
    outcome = run_mix(broken)
    assert outcome.exit_code == 4
    assert outcome.stderr.startswith("no mix keeps all limits of this run, by so little that none of them can be told")


@pytest.mark.slow
def test_a_key_of_the_command_line_is_named_once(toy: Path) -> None:
    outcome = run_mix(named("a cap on exposure that no mix keeps", toy), "optimise.exposure_cap=1")
    assert outcome.stderr.startswith("--set optimise.exposure_cap=1: no mix loses less than 10.8 GWh")


@pytest.mark.slow
def test_a_single_supplier_and_those_not_told_apart_have_one_name_each(toy: Path) -> None:
    told = run_mix(named("one family that nobody makes enough for", toy)).stderr
    assert "from Namibia (4.7 kt), other countries (2.0 kt), 2031" in told
    assert "others (" not in told
    assert "Other countries" not in told


@pytest.mark.slow
def test_where_cells_are_made_is_told_only_where_that_matters(toy: Path) -> None:
    broken = named("a chemistry that no plant of the region makes yet", toy)
    told = run_mix(broken, "optimise.own_share={}", "optimise.growth='value'").stderr
    assert "growth of Na-ion in Europe, 2031" in told
    assert "Not made in" not in told


@pytest.mark.slow
def test_what_is_left_out_is_told_only_where_more_is_to_be_met() -> None:
    """That the least of a family cannot be made is mended by no other chemistry."""
    asked = {"scope.years.last": 2027, "optimise.exclude": "china", "optimise.exclude_since": 2026}
    with pytest.raises(Infeasible) as raised:
        minerals.run("europe-mix", set=asked)
    told = str(raised.value)
    assert "decline of NMC in Europe, 2026" in told
    assert "all demand" not in told
    assert "Made nowhere" not in told
    with pytest.raises(Infeasible) as raised:
        minerals.run("europe-mix", set={**asked, "optimise.growth": "off"})
    told = str(raised.value)
    assert "all demand of cars in Europe is met: " in told
    assert "Made nowhere before 2029: Na-ion Prussian white (commercial_year.csv:24); LFP, 20 % Si (" in told
    assert "\nToo little cycle life for cars, 2026: LMO; NMC 811, 20 % Si; " in told
    assert "cycle life for trucks" not in told


@pytest.mark.slow
def test_a_label_within_another_is_not_taken_for_it(toy: Path) -> None:
    nodes = toy / "nodes.csv"
    text = nodes.read_text(encoding="utf-8")
    nodes.write_text(text.replace("Coated graphite,C", "Coated graphite for Europe,C"), encoding="utf-8")
    told = run_mix(named("the only supplier is excluded", toy)).stderr
    assert "\n  supply of coated graphite for Europe from Europe (20.0 kt), 2031  (" in told


def test_mixes_fail_in_many_ways() -> None:
    told = ["\n".join(case["message"]) for case in MIXES]
    assert len(set(told)) == len(told) >= 40
    assert {case.get("exit", 3) for case in MIXES} == {3, 4, 5}
