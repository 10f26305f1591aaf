"""Hostile run files: seeded values of every key, keys, `--set` texts, files, bases and names of scenarios.

    python -m tests.attacks.run_files --count 1000 --seed 1 --out accepted.txt

Keys are read from the models of `minerals.config`,
so that a new one is attacked without a word here. `--only 17` tries
one case again.
"""

from __future__ import annotations

import codecs
import gzip
import json
import re
import shutil
import sys
import types
import typing
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from .outcome import INPUTS, REFUSED, RUNS, TOY, Attack, Case, command_line, tried_and_reported
from .tables import package

NO_CHARTS = "output.charts=[]"
#: Sound run files: (tables, file, its charts or none, changes that keep it small), and how often each is taken.
SOUND: dict[str, tuple[int, Path, str, tuple[str, ...]]] = {
    "toy run": (4, TOY, "run.toml", (NO_CHARTS,)),
    "toy charts": (2, TOY, "run.toml", ('output.charts=["demand_by_mineral"]',)),
    "toy mix": (5, TOY, "mix.toml", (NO_CHARTS,)),
    "toy mix charts": (1, TOY, "mix.toml", ()),
    "us-2030": (1, INPUTS, "us-2030.toml", (NO_CHARTS,)),
    "europe-2035": (1, INPUTS, "europe-2035.toml", ("scope.years.last=2026", NO_CHARTS)),
    "us-mix": (1, INPUTS, "us-mix.toml", ("scope.years.last=2026", NO_CHARTS)),
}
#: Names below keys that hold a table of names, by the key; of the toy.
NAMES: dict[str, tuple[str, ...]] = {
    "scenario": ("plan",),
    "share": ("car.2032.lfp", "Europe.car.2032.lfp", "car.2034.na_layered"),
    "diffusion": ("car.lfp", "car.rest", "Europe.car.na_layered", "car.Na-ion"),
    "met": ("Europe.car.2032",),
    "cell": ("nmc811.n_over_p", "lfp.cathode_capacity", "nmc811.silicon"),
    "kg_per_kwh": ("lfp.lithium", "nmc811.cobalt"),
    "likelihood": ("china-stop", "finland-strike"),
    "weights": ("cost", "expected", "cvar"),
    "own_share": ("2030", "2034"),
    "max_share": ("lfp", "LFP.2032", "car.lfp", "car.LFP.2032"),
    "min_share": ("lfp", "LFP.2032", "car.lfp", "car.LFP.2032"),
}
#: What is set first, so that a key below is used at all.
SET_FIRST: dict[str, tuple[str, ...]] = {
    "flows": ('scope.beyond="hold"',),
    "study.": ('study={kind="sample",draws=40}',),
    "scenario.plan.capacity_limit.": ("scenario.plan.capacity_limit={until=2032,factor=0.5}",),
    "scenario.plan.diffusion.car.lfp.": (
        'scenario.plan.diffusion.car.lfp={curve="logistic",ceiling=0.5,midpoint=2032,speed=0.5}',
    ),
    "optimise.weights": ('optimise.objective="weighted"',),
    "optimise.level": ('optimise.risk="cvar"',),
    "optimise.one_country_price": ('optimise.one_country="soft"',),
    "optimise.exclude_": ('optimise.exclude="china"',),
    "optimise.measure": ('optimise.objective="concentration"',),
    "optimise.among": ('optimise.objective="concentration"',),
    "optimise.likelihood": ('exposure.disruptions=["china-stop","finland-strike"]',),
}  # fmt: skip
#: Sections that stand in any run, or that a run can be given alone; the others need more keys beside them.
ALONE = ("title", "inputs", "scope", "scenario", "intensity", "flows", "study", "output")

#: Values as TOML.
LONG = '"' + "x" * 5000 + '"'
VALUES = (
    "true", "false", '"off"', '"yes"', '"true"', '"0"', '"1"', '"0.5"', '"1e3"', '"2030"', '"nan"', '"inf"', '"none"',
    "0", "1", "-1", "2", "1.5", "0.5", "-0.5", "-0.0", "100", "99999", "2030", "2030.0", "1e308", "-1e308", "1e30",
    "1e-320", "1e-9", "0.999999999999", "1.0000001", "nan", "-nan", "inf", "-inf", "9223372036854775807",
    "1" + "0" * 40, "0xff", "1_000", '""', '" "', '"\\t"', '"\\u00a0"', '"\\u200b"', LONG, '"\\u0007"',
    '"\\u001b[31mred"', '"\\u0000"', '"\\ufffe"', '"a\\nb"', '"\\u0085"', '"=HYPERLINK(\\"http://x\\",\\"y\\")"',
    '"@SUM(A1)"', '"+1"', '"-x"', '"电池"', '"🔋"', '"é"', '"e\\u0301"', '"<b>&"', '"$x^2$"', '"$\\\\frac{$"',
    '"[red]x[/red]"', '"{0}"', '"%s"', '"../x"', '"/etc/passwd"', '"C:\\\\data\\\\x"', '"."', '"lfp"', '"LFP"',
    '"plan"', '"World"', '"rest"', "[]", "[[]]", "{}", "[1, 2]", '["x"]', '[""]', '["lfp", "lfp"]', "[true]", "[nan]",
    "{ a = 1 }", '{ "" = 1 }', "{ lfp = 0.5 }", "{ 2030 = 0.5 }", '{ first = 2030, last = 2030 }', "2030-01-01",
    "07:32:00", "2030-01-01T00:00:00Z", "[2030, 2031]", '["World", "World"]',
)  # fmt: skip

#: Values that may well be meant.
PLAUSIBLE = (
    "scope.years=2032", "scope.years.step=2", "scope.years.step=4", "scope.years.step=99", "scope.years.first=2034",
    'scope.segments=["stationary"]', 'scope.segments=["car"]', 'scope.minerals=["lithium"]',
    'scope.minerals=["silicon"]', 'scope.regions=["Europe"]', 'scope.regions=["China"]', 'scope.regions=["Germany"]',
    'scope.regions=["Europe","Germany"]', 'scope.regions=["Europe","Europe"]', 'scope.regions=["Atlantis"]',
    'scope.beyond="hold"', "scope.years.last=2050", 'scenario.plan.silicon="si"', 'scenario.plan.silicon="explicit"',
    "scenario.plan.share.car.2032.lfp=0.4", "scenario.plan.share.car.2032.lfp=40",
    'scenario.plan.share.car.2034={lfp=0.5,nmc811="rest"}',
    'scenario.plan.diffusion.car.lfp={curve="logistic",ceiling=0.5,midpoint=2032,speed=0.5}',
    'scenario.plan.diffusion.car.lfp={curve="gompertz",ceiling=0.5,fit=true}',
    'scenario.plan.diffusion.car.lfp={curve="logistic",ceiling=1,midpoint=2032,speed=1e9}',
    "scenario.plan.capacity_limit={until=2032,factor=0.5}", "scenario.plan.met.Europe.car.2032=0",
    'intensity="derived"', 'intensity.trend="improving"', "intensity.kg_per_kwh.lfp.lithium=90",
    "intensity.kg_per_kwh.lfp.lithium=1e6", "intensity.cell.nmc811.n_over_p=1.5", "intensity.cell.nmc811.n_over_p=0",
    'study={kind="sample",draws=40}', 'study={kind="sensitivity",draws=40}',
    'study={kind="sample",draws=20,workers=2}', "exposure.stockpile_months=60", "exposure.stockpile_months=1e-9",
    'exposure.future="plans"', "exposure.disruptions=[]", 'exposure.disruptions=["china-stop"]',
    'exposure.disruptions=["nowhere"]', "exposure.delivery=0", "exposure.threshold=1e-9", "prices.tariff=10",
    "prices.credit=1e6", 'prices.against="Europe"', 'prices.adoption=["plan","plan"]', 'prices.rate="fitted"',
    "optimise.exposure_cap=0", "optimise.exposure_cap=1e-12", "optimise.cost_cap=0", "optimise.cost_cap=10",
    'optimise.risk="worst"', 'optimise.objective="cost"', 'optimise.objective="concentration"', "optimise.unmet=true",
    'optimise.chemistries=["lfp"]', 'optimise.without=["lfp","nmc811","na_layered"]', "optimise.own_share={2030=1}",
    "optimise.time_limit=1e-9", "optimise.time_limit=1e308", 'optimise.one_country="hard"',
    "optimise.likelihood={china-stop=0}", "optimise.likelihood={china-stop=0,finland-strike=0}",
    "optimise.likelihood={china-stop=1e300}", 'output.charts=["pie"]', 'output.charts=["stress"]',
    'output.charts=["chokepoints"]', 'output.charts=["cost_curves"]', 'title=""', "flows={}",
    'flows={lines="nowhere.csv"}', 'flows={lines="."}', 'inputs="nowhere"', 'inputs="in"', 'inputs="run.toml"',
)  # fmt: skip

LEVELS = ("0", "0.99", "0.99999", "0.9999999", "0.999999999999")
WEIGHTS = (
    "{cost=0}", "{cost=1e308}", "{cost=1e-300}", "{cost=1e12,cvar=1e-12}", "{}", "{worst=1}", "{expected=1e-9}",
    "{expected=1,cvar=1,worst=1,concentration=1,cost=1}",
)  # fmt: skip


@dataclass
class Draft:
    """A case as it is made.

    folder, file: the run file; sets: texts of --set; named: what a refusal should name; sound: name of the sound case;
    expected: what must become of it; changed: key that the file changes, which no --set of ours may hide.
    """

    folder: Path
    file: str
    sets: list[str]
    named: str
    sound: str
    expected: str = ""
    changed: str = ""

    @property
    def sections(self) -> tuple[str, ...]:
        """Sections of the run file that a key can be given alone."""
        return (*ALONE, "exposure", "prices", "optimise") if "mix" in self.sound else ALONE

    @property
    def path(self) -> Path:
        return self.folder / self.file

    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    def add(self, line: str) -> None:
        """Put a line of a top-level key before everything else."""
        self.path.write_text(f"{line}\n{self.text()}", encoding="utf-8")


#: Changes a draft and says what was changed.
Change = Callable[[Draft, Random], str]


@dataclass(frozen=True)
class Mutation:
    kind: str
    name: str
    change: Change
    often: int
    mix: bool


MUTATIONS: list[Mutation] = []


def mutation(kind: str, often: int = 1, mix: bool = False) -> Callable[[Change], Change]:
    """Register a change; often: how many turns it has to each of another; mix: whether it is of a mix alone."""

    def register(function: Change) -> Change:
        assert function.__doc__, f"{function.__name__} has no docstring"
        MUTATIONS.append(Mutation(kind, function.__name__, function, often, mix))
        return function

    return register


# ------------------------------------------------------------------ keys of the models


@cache
def keys() -> dict[str, Any]:
    """Every key of a run file as a dotted path, tables of names by an example each, and its type."""
    from minerals.config import AdoptionCurve, RunFile

    found = dict(_keys_of(RunFile, ""))
    for name, one in AdoptionCurve.model_fields.items():
        found[f"scenario.plan.diffusion.car.lfp.{name}"] = one.annotation
    return found


def _keys_of(model: Any, above: str) -> Iterator[tuple[str, Any]]:
    for name, one in model.model_fields.items():
        path, below = f"{above}{name}", _model(one.annotation)
        yield path, one.annotation
        for label in NAMES.get(name, ()):
            yield f"{path}.{label}", float if name == "share" else _innermost(one.annotation)
            yield from _keys_of(below, f"{path}.{label}.") if below is not None else ()
        if below is not None and name not in NAMES:
            yield from _keys_of(below, f"{path}.")


def _model(annotation: Any) -> Any:
    """The model inside an annotation such as `Model | None` or `dict[str, Model]`, if any."""
    if hasattr(annotation, "model_fields"):
        return annotation
    if typing.get_origin(annotation) in (dict, typing.Union, types.UnionType, typing.Annotated):
        return next((found for part in typing.get_args(annotation) if (found := _model(part)) is not None), None)
    return None


def _innermost(annotation: Any) -> Any:
    """The type of the values of tables of tables."""
    while typing.get_origin(annotation) is dict:
        annotation = typing.get_args(annotation)[1]
    return annotation


def _plain(annotation: Any) -> set[type]:
    """The plain types that an annotation allows. A word beside numbers is no type of its own: none is given here."""
    if typing.get_origin(annotation) is typing.Annotated:
        return _plain(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        parts = [_plain(part) for part in typing.get_args(annotation) if part is not type(None)]
        numbers = [part for part in parts if part <= {int, float}]
        words = [part for part in typing.get_args(annotation) if typing.get_origin(part) is typing.Literal]
        return set().union(*(numbers if words and numbers and len(words) + len(numbers) == len(parts) else parts))
    return {annotation} if annotation in (bool, int, float, str) else {object}


def expected(path: str, value: str) -> str:
    """What must become of a value given to a key: a refusal where its type is another, or where it is not finite."""
    allowed = _plain(keys()[path])
    if allowed <= {int, float} and path.split(".")[-1] != "years":
        rest = value == '"rest"' and ".share." in path
        return "" if (re.match(r"[-+]?[\d.]", value) and not value.startswith(("2030-", "07:"))) or rest else REFUSED
    if allowed == {float, object}:  # A number, or numbers by country.
        return "" if re.match(r"[-+]?[\d.]|{", value) else REFUSED
    if allowed == {bool}:
        return "" if value in ("true", "false") else REFUSED
    return "" if allowed != {str} or value.startswith('"') else REFUSED


def _some(draft: Draft, random: Random) -> str:
    """A key that the sound file can be given; now and then any."""
    found = list(keys())
    if random.random() < 0.1:
        return random.choice(found)
    named = ("scenario.", "intensity.") if "toy" not in draft.sound else ()
    return random.choice(
        [path for path in found if path.split(".")[0] in draft.sections and not path.startswith(named)]
    )


def _pair(draft: Draft, random: Random) -> tuple[str, str]:
    """A key and a value; every second time one that has its type, as all others end at the first look."""
    path = _some(draft, random)
    fitting = [value for value in VALUES if not expected(path, value)]
    return path, random.choice(fitting if random.random() < 0.5 else VALUES)


def _set_first(path: str) -> list[str]:
    return [text for start, texts in SET_FIRST.items() if path.startswith(start) for text in texts]


# ------------------------------------------------------------------ values


@mutation("value by --set", often=22)
def value_set(draft: Draft, random: Random) -> str:
    """A value of another type or size, by --set."""
    path, value = _pair(draft, random)
    draft.sets += [*_set_first(path), f"{path}={value}"]
    draft.named, draft.expected = "--set", expected(path, value)
    return f"--set {path}={value}"


@mutation("value in the file", often=14)
def value_in_file(draft: Draft, random: Random) -> str:
    """A value of another type or size, in a file that inherits the sound one."""
    path, value = _pair(draft, random)
    between = [f'base = "{draft.file}"', *(text.replace("=", " = ", 1) for text in _set_first(path))]
    (draft.folder / "between.toml").write_text("\n".join(between) + "\n", encoding="utf-8")
    (draft.folder / "mine.toml").write_text(f'base = "between.toml"\n{path} = {value}\n', encoding="utf-8")
    draft.file = draft.named = "mine.toml"
    draft.expected, draft.changed = expected(path, value), path
    return f"{path} = {value}"


@mutation("value in the file", often=6)
def value_replaced(draft: Draft, random: Random) -> str:
    """The value of a line of the sound file replaced."""
    lines = draft.text().splitlines()
    at = random.choice([index for index, line in enumerate(lines) if "=" in line and not line.startswith("#")])
    value = random.choice(VALUES)
    key = lines[at].partition("=")[0]
    lines[at] = f"{key}= {value}"
    draft.path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return lines[at]


@mutation("value by --set", often=3)
def two_values(draft: Draft, random: Random) -> str:
    """Two values at once, which may contradict each other."""
    texts = [f"{_some(draft, random)}={random.choice(VALUES)}" for _ in range(2)]
    draft.sets += texts
    draft.named = "--set"
    return " ".join(f"--set {text}" for text in texts)


@mutation("plausible value", often=8)
def plausible(draft: Draft, random: Random) -> str:
    """A value that may well be meant."""
    text = random.choice([text for text in PLAUSIBLE if text.partition(".")[0].partition("=")[0] in draft.sections])
    draft.sets.append(text)
    draft.named = "--set"
    return f"--set {text}"


@mutation("plausible value", often=2, mix=True)
def ends_of_an_objective(draft: Draft, random: Random) -> str:
    """A level of CVaR near one, weights or a price of odd size."""
    draft.sets += random.choice([
        *(['optimise.risk="cvar"', f"optimise.level={level}"] for level in LEVELS),
        *(['optimise.objective="weighted"', f"optimise.weights={weights}"] for weights in WEIGHTS),
        *(['optimise.one_country="soft"', f"optimise.one_country_price={price}"] for price in ("0", "1e30", "1e-30")),
    ])  # fmt: skip
    draft.named = "--set"
    return " ".join(f"--set {text}" for text in draft.sets[-2:])


@mutation("plausible value", often=2)
def nothing_left(draft: Draft, random: Random) -> str:
    """A scope in which a region, a use or a year holds no batteries."""
    text = "scope={regions=['World'],years={first=2030,last=2034}}"
    draft.sets += [text, *random.choice([
        ["scenario.plan.met.Europe.car.2032=0", "scenario.plan.met.China.car.2032=0"],
        ["scope.regions=['China']", "scope.segments=['stationary']"], ["scope.regions=['China']"],
        ["scope.segments=['stationary']", "scope.minerals=['cobalt']"],
        ["scope.minerals=['cobalt']", 'scenario.plan.adoption="shift"'],
    ])]  # fmt: skip
    if "toy" not in draft.sound:
        draft.sets[-1:] = ["scope={regions=['United States'],years={first=2015,last=2024},segments=['truck']}"]
    draft.named = "--set"
    return " ".join(f"--set {text}" for text in draft.sets)


# ------------------------------------------------------------------ keys


@mutation("key", often=3)
def key_misspelt(draft: Draft, random: Random) -> str:
    """A key with a letter lost, doubled, in capitals, or that looks the same."""
    path = _some(draft, random)
    head, _, last = path.rpartition(".")
    wrong = random.choice(
        [
            last[:-1],
            last + last[-1],
            last.upper(),
            last.replace("e", "е", 1),
            f"{last}_",
            f" {last}",
            f'"{last} "',
            f'"{last}\\u0007"',
            '""',
        ]
    )
    full = f"{head}.{wrong}" if head else wrong
    (draft.folder / "mine.toml").write_text(f'base = "{draft.file}"\n{full} = 1\n', encoding="utf-8")
    draft.file = draft.named = "mine.toml"
    return f"{full} = 1"


@mutation("key", often=3)
def line_gone_or_doubled(draft: Draft, random: Random) -> str:
    """A line of the file removed, doubled, or moved."""
    lines = draft.text().splitlines()
    at = random.choice([index for index, line in enumerate(lines) if line and not line.startswith("#")])
    what = random.choice(["removed", "doubled", "moved to the top", "moved to the end", "a remark"])
    line = lines.pop(at)
    if what == "doubled":
        lines[at:at] = [line, line]
    elif what == "a remark":
        lines.insert(at, f"# {line}")
    elif what != "removed":
        lines.insert(0 if "top" in what else len(lines), line)
    draft.path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return f"line {at + 1} {line!r} {what}"


@mutation("key", often=2)
def key_deeper(draft: Draft, random: Random) -> str:
    """A key below a value, a table in the place of a value, or tables of tables."""
    path = _some(draft, random)
    line = random.choice(
        [
            f"{path}.{path.rpartition('.')[2]} = 1",
            f"[{path}]",
            f"[[{path}]]",
            f"[{path}]\nx = 1",
            f"{path} = {{ x = {{ y = 1 }} }}",
        ]
    )
    (draft.folder / "mine.toml").write_text(f'base = "{draft.file}"\n{line}\n', encoding="utf-8")
    draft.file = draft.named = "mine.toml"
    draft.changed = path
    return line


# ------------------------------------------------------------------ --set


@mutation("--set text", often=5)
def set_text(draft: Draft, random: Random) -> str:
    """A text of --set that is not key=value, or of a key that is none."""
    text = random.choice([
        "scope.years.last=2031\nanything=1", "scope.years.last=2031\n", "\nscope.years.last=2031",
        "scope.years.last=2031\r\ntitle='x'", "scope..years=2031", ".scope.years=2031", "scope.years.=2031",
        "scope.years.last.=2031", "=1", "=", "", " ", "title", "title=", "title= ", "title==x", "title=a=b",
        "title=\"x", "title='x", 'title="""x', "title=[", "title=[1", "title={", "title={a=1", "title=" + "[" * 3000,
        "title=" + "[" * 3000 + "]" * 3000, "title=" + "9" * 5000, "scope.years.last=" + "9" * 5000,
        "scope.years.last=2031 # later", "scope.years.last=2031;title=x", "scope.years.last = 2031",
        "scope.years.last =2031", '"scope".years.last=2031', '"scope.years.last"=2031', "'scope'.'years'.'last'=2031",
        "scope . years . last=2031", "scope.years[last]=2031", "[scope]", "[scope]\nyears=2031",
        ".".join("abcdefghij" * 200) + "=1", "scope." + "x" * 5000 + "=1", "scope.years.last=2031\x00",
        "scope.years.last=\x1b[31m2031", "scope.years.last=２０３１", "scope.years.last=٢٠٣١",
        "base=mix.toml", "base=''",
        'base="run.toml"', "scenario={}", "scenario.plan={}", "scenario.new.demand=plan",
        "scenario.new={demand='plan',adoption='plan'}", "scope={}", "scope.regions=World",
        "scope.regions=Europe,China", "scope.regions=[World]", "scope.regions=['World',]", "title=\ud800",
        "tit\u200ble=x", "title=x\u2028y", "--title=x", "title:x", "title x", "scope.years=2031-2033",
        "scope.years=[2031,2033]", "scope.years={first=2031}", "scope.years.first=2031.0", "scope.years.first=2031.5",
        "exposure=true", "exposure=", "flows=true", "optimise=off",
    ])  # fmt: skip
    draft.sets.append(text)
    draft.named = "--set"
    return f"--set {text}"


# ------------------------------------------------------------------ files


@mutation("file", often=8)
def other_bytes(draft: Draft, random: Random) -> str:
    """The run file in another encoding, cut, or replaced."""
    content = draft.path.read_bytes()
    text = content.decode("utf-8")
    what, now = random.choice([
        ("UTF-16", text.encode("utf-16")), ("UTF-16 without a mark", text.encode("utf-16-le")),
        ("UTF-32", text.encode("utf-32")), ("a mark", codecs.BOM_UTF8 + content),
        ("two marks", codecs.BOM_UTF8 * 2 + content),
        ("Latin-1", text.replace("title", "# é\ntitle", 1).encode("latin-1", "replace")), ("empty", b""),
        ("blank", b" \n\n"), ("remarks", b"# nothing\n"), ("NUL", content + b"\0"),
        ("compressed", gzip.compress(content, mtime=0)), ("cut", content[: random.randrange(1, len(content))]),
        ("CR LF", content.replace(b"\n", b"\r\n")), ("CR", content.replace(b"\n", b"\r")),
        ("JSON", json.dumps({"title": "x"}).encode()), ("YAML", b"title: x\nscope:\n  regions: [World]\n"),
        ("bytes", random.randbytes(300)), ("marks of a merge", b"<<<<<<< HEAD\n" + content + b"=======\n>>>>>>> x\n"),
        ("twice", content + content), ("a page", b"<!DOCTYPE html>\n<html></html>\n"),
        ("a table", (TOY / "regions.csv").read_bytes()), ("typographic quotes", text.replace('"', "“").encode()),
        ("tabs", text.replace(" ", "\t").encode()), ("non-breaking blanks", text.replace(" ", "\u00a0").encode()),
        ("a bit flipped", _flipped(content, random)), ("a bit flipped", _flipped(content, random)),
        ("half a character", content + b"\xc3"),
    ])  # fmt: skip
    draft.path.write_bytes(now)
    return f"{draft.file}: {what}"


def _flipped(content: bytes, random: Random) -> bytes:
    at = random.randrange(len(content))
    return content[:at] + bytes([content[at] ^ (1 << random.randrange(8))]) + content[at + 1 :]


@mutation("file", often=5)
def odd_toml(draft: Draft, random: Random) -> str:
    """TOML at the ends of what it allows."""
    what, line = random.choice([
        ("brackets 3,000 deep", "x = " + "[" * 3000 + "]" * 3000),
        ("tables 3,000 deep", "x = " + "{a=" * 3000 + "1" + "}" * 3000), ("5,000 digits", "title = " + "9" * 5000),
        ("a hexadecimal number of 5,000 digits", "title = 0x" + "f" * 5000),
        ("a key of 3,000 parts", ".".join("a" * 3000) + " = 1"),
        ("10,000 keys", "\n".join(f"k{i} = {i}" for i in range(10_000))),
        ("a Windows path", 'inputs = "C:\\Users\\me\\data"'), ("a Windows path of x", 'inputs = "C:\\xdata"'),
        ("a Windows path in single quotes", "inputs = 'C:\\Users\\me\\data'"),
        ("a Windows path ending in a backslash", 'inputs = "data\\"'), ("an escape", 'title = "\\q"'),
        ("half a character", 'title = "\\ud800"'), ("a single quote", "title = 'it's'"),
        ("no quotes", "title = Europe"), ("a comma for a point", "x = 0,5"), ("a number with a unit", "x = 5 GWh"),
        ("True", "x = True"), ("None", "x = None"), ("a key twice", 'title = "a"\ntitle = "b"'),
        ("a colon", "title: x"), ("an array over lines", "x = [\n1,\n2"), ("an open text", 'title = """x'),
        ("a date that is none", "x = 2030-13-45"), ("an infinite number", "x = 1e999"),
        ("an array of tables", "[[scope]]\nregions = []"), ("an empty table", "[]"),
        ("a dotted empty key", 'a."".b = 1'),
    ])  # fmt: skip
    draft.add(line)
    return f"{draft.file}: {what}"


@mutation("file", often=3)
def no_file(draft: Draft, random: Random) -> str:
    """The run file is no file, or its name is odd."""
    names = (
        "",
        " ",
        ".",
        "..",
        "/",
        "in",
        "nowhere.toml",
        "run",
        "run.tml",
        "x\0.toml",
        "x" * 300 + ".toml",
        "/dev/null",
        "~/run.toml",
        "*.toml",
        "in/regions.csv",
        "in/datapackage.json",
    )
    content = draft.path.read_bytes()
    what = random.choice(["name", "name", "name", "folder", "link", "copy"])
    if what == "name":
        draft.file = random.choice(names)
    elif what == "folder":
        (draft.folder / "folder.toml").mkdir()
        draft.file = "folder.toml"
    elif what == "link":
        (draft.folder / "link.toml").symlink_to("link.toml")
        draft.file = "link.toml"
    else:
        draft.file = random.choice(
            [
                "odd name.toml",
                "-x.toml",
                "a\nb.toml",
                "电池.toml",
                "x.toml.toml",
                "x",
                ".toml",
                "=x.toml",
                "a;b.toml",
                "\x1b[31m.toml",
                "RUN.TOML",
                "x" * 240 + ".toml",
                "run.json",
            ]
        )
        (draft.folder / draft.file).write_bytes(content)
    draft.named = draft.file
    return f"FILE = {draft.file[:60]!r} ({what})"


@mutation("base", often=5)
def bases(draft: Draft, random: Random) -> str:
    """A base that is none, is itself, or goes on for ever."""
    base = random.choice(['""', '"."', '".."', '"/"', '" "', '"mine.toml"', '"nowhere.toml"', '"run"',
    '"europe-2036"', "1", "true", "[]", '["run.toml", "mix.toml"]', "{}", '"in"', '"in/regions.csv"', '"\\u0000"',
                          '"/dev/null"', '"x\\ny"', LONG, '"../case/mine.toml"', '"./mine.toml"', '"C:\\\\x.toml"',
                          '"/etc/passwd"', '"link.toml"', '"a.toml"', '"a.toml"', '"c0.toml"',
                          '"MINE.toml"'])  # fmt: skip
    (draft.folder / "mine.toml").write_text(f'base = {base}\ntitle = "x"\n', encoding="utf-8")
    (draft.folder / "a.toml").write_text('base = "b.toml"\n', encoding="utf-8")
    (draft.folder / "b.toml").write_text('base = "a.toml"\n', encoding="utf-8")
    (draft.folder / "link.toml").symlink_to("link.toml")
    if "c0" in base:
        for number in range(1200):
            (draft.folder / f"c{number}.toml").write_text(f'base = "c{number + 1}.toml"\n', encoding="utf-8")
        shutil.copyfile(draft.path, draft.folder / "c1200.toml")
    draft.file = draft.named = "mine.toml"
    return f"base = {base[:60]}"


# ------------------------------------------------------------------ names


@mutation("name", often=6)
def name_of_scenario(draft: Draft, random: Random) -> str:
    """A scenario of an odd name or label."""
    name = random.choice(['""', '" "', '"="', '"=HYPERLINK(\\"http://x\\",\\"y\\")"', '"a/b"', '"../x"', '"."',
    '"\\u0007"', '"\\u001b[31m"', LONG, '"电池"', '"🔋"', "rest", "none", '"pl\\"an"', '"a,b"', '"a;b"',
                          '"a\\nb"', '"nan"', '"NA"', "2030", '"-1"', '"Optimised"', "optimised", '"World"',
                          '"value"', '"scenario"', '"\\u200b"', '"$x$"', '"[red]"', '"{0}"', '"%s"', '"a\\tb"',
                          '"@x"', '"+x"', '"PLAN"', '"plan "'])  # fmt: skip
    table = (
        'demand = "plan"\nadoption = "plan"\n'
        if "toy" in draft.sound
        else 'demand = "stated-policies"\nadoption = "stated-trend"\n'
    )
    text = draft.text()
    if random.random() < 0.4:
        table += f"label = {name}\n"
        name = "more"
    draft.path.write_text(f"{text}\n[scenario.{name}]\n{table}", encoding="utf-8")
    return f"[scenario.{name[:40]}] {table.splitlines()[-1][:60]}"


@mutation("name", often=3)
def text_in_pictures(draft: Draft, random: Random) -> str:
    """An odd title or label, with a chart drawn."""
    value = random.choice([value for value in VALUES if value.startswith('"')])
    key = random.choice(["title", "scenario.plan.label", "scenario.plan.note"])
    draft.sets[:] = ['output.charts=["demand_by_mineral"]', f"{key}={value}"]
    if "toy" not in draft.sound:
        draft.sets[1] = f"title={value}"
    draft.named = "--set"
    return " ".join(f"--set {text}" for text in draft.sets)


# ------------------------------------------------------------------ cases


def _draft(name: str, folder: Path) -> Draft:
    _, tables, file, _ = SOUND[name]
    package(folder, tables)
    for path in (TOY if tables == TOY else RUNS).glob("*.toml"):
        shutil.copyfile(path, folder / path.name)
    return Draft(folder, file, [], file, name)


def _overlap(one: str, other: str) -> bool:
    """Whether one key is the other or above it."""
    return bool(other) and (one == other or one.startswith(f"{other}.") or other.startswith(f"{one}."))


def _finished(draft: Draft, kind: str, name: str, change: str) -> Case:
    small = [
        text
        for text in SOUND[draft.sound][3]
        if not any(_overlap(text.partition("=")[0], each.partition("=")[0]) for each in (*draft.sets, draft.changed))
    ]
    words = (draft.file, "--inputs", "in", *(part for text in [*small, *draft.sets] for part in ("--set", text)))
    return Case(kind, name, change, draft.named, draft.sound, ("run", *words), words, draft.expected)


def _sound(name: str, folder: Path) -> Case:
    return _finished(_draft(name, folder), "sound", "", "")


def _case(seed: int, order: Sequence[int], number: int, folder: Path) -> Case:
    random = Random(f"{seed} {number}")
    chosen = MUTATIONS[order[number % len(order)]]
    weights = {name: weight for name, (weight, *_) in SOUND.items() if "mix" in name or not chosen.mix}
    draft = _draft(random.choices(list(weights), list(weights.values()))[0], folder)
    change = chosen.change(draft, random)
    return _finished(draft, chosen.kind, chosen.name, change)


def run_files(seed: int) -> Attack:
    """Hostile run files, chosen by `seed`; every kind of mutation has its turn."""
    order = [index for index, each in enumerate(MUTATIONS) for _ in range(each.often)]
    Random(seed).shuffle(order)
    sound = {name: lambda folder, name=name: _sound(name, folder) for name in SOUND}
    return Attack("run files", lambda number, folder: _case(seed, order, number, folder), sound)


def main(count: int = 1000, seed: int = 1, out: Path | None = None) -> int:
    """Try hostile run files and print what became of them; returns 1 where one shows a fault.

    out: file for all faults and for what was accepted, to be read by eye.
    """
    return tried_and_reported(run_files(seed), count, out)


if __name__ == "__main__":
    sys.exit(command_line(run_files))
