"""Paths of adoption laid over resolved market shares: curves from a start year on, and others that fill up to one.

From its start a path decides the share of its chemistry, or of its family together, whose members keep their
proportions. What the paths leave goes to the chemistries named in `rest`, in proportion, while all others keep their
shares; without `rest` all others fill in proportion. Shares above one are a problem, never scaled down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ..config import Diffusion, Rest, Run
from ..diffusion import CURVES, fit
from ..errors import Problem, listed
from ..haste import value_class
from ..provenance import Rows
from .check import SHARE_TOLERANCE
from .inputs import Inputs
from .names import Kinds
from .read import Table
from .series import Datum, Label, Point, ranges

if TYPE_CHECKING:
    import pandas as pd

#: Resolved shares of one place: year → {label: Point}.
Shares = dict[int, dict[Label, Point]]
DIFFUSION_COLUMNS = [
    "scenario", "region", "segment", "chemistry", "curve", "start", "midpoint", "ceiling", "speed", "fitted", "rmse",
]  # fmt: skip

NAMES = {"logistic": "logistic", "gompertz": "Gompertz"}


class Write(Protocol):
    """Adds a row of the run file to inputs_used and returns its name, `change:N`."""

    def __call__(
        self, path: tuple[str, ...], scenario: str, region: str, segment: str, chemistry: str, year: int, value: float,
        note: str,
    ) -> str: ...  # fmt: skip


@value_class
class _Path:
    """A path at one place with its parameters found: rows are the observed shares it was fitted to."""

    name: str
    path: tuple[str, ...]
    curve: str
    start: int
    midpoint: float
    ceiling: float
    speed: float
    rmse: float | None
    rows: Rows
    words: str

    def share(self, year: int) -> float:
        return float(CURVES[self.curve](year, self.ceiling, self.midpoint, self.speed))


class Adoption:
    """Lays the paths of a run over its shares, place by place, and keeps what it found for tables and notes."""

    def __init__(self, run: Run, kinds: Kinds, shares: Table, write: Write, problems: list[Problem]) -> None:
        """shares: of which some are observed."""
        self.run, self.kinds, self.shares, self.write, self.problems = run, kinds, shares, write, problems
        self.records: list[dict[str, object]] = []
        #: words on a path → regions
        self.summaries: dict[str, list[str]] = {}

    def table(self) -> pd.DataFrame | None:
        """Parameters of every path; None where the run has none."""
        if not self.run.diffusion:
            return None
        import pandas as pd

        return pd.DataFrame(self.records, columns=DIFFUSION_COLUMNS)

    def sentences(self) -> Iterable[str]:
        for words, regions in self.summaries.items():
            yield f"Diffusion: {words}, in {listed(regions)}"

    def follow(self, scenario: str, region: str, segment: str, shares: Shares, history: list[Any]) -> None:
        """Lay the paths of a place over its shares, in place. history: rows observed there."""
        diffusion = self.run.diffusion.get(scenario, ())
        here = [entry for entry in diffusion if entry.segment == segment and entry.region in ("", region)]
        here.sort(key=lambda entry: bool(entry.region))  # A region's own path takes the place of one for every region.
        wanted = {entry.chemistry: entry for entry in here if isinstance(entry, Diffusion)}
        rest = next((entry for entry in reversed(here) if isinstance(entry, Rest)), None)
        place = f"{segment} in {region}"
        if not wanted:
            if rest is not None:
                why = "has no path beside it, so it would do nothing; add one or leave it out"
                self.problems.append(self.run.problem(rest.path, f"rest = {listed(rest.chemistries)}", why))
            return
        if not shares or self._overlap(wanted, rest):
            return
        paths = [path for each in wanted.values() if (path := self._found(each, place, history, history_end(history)))]
        if len(paths) < len(wanted) or self._changed(scenario, region, segment, paths, rest):
            return
        for path in paths:
            self._tell(scenario, region, segment, path)
        for year, labels in shares.items():
            active = [path for path in paths if path.start <= year]
            if active and not self._lay(scenario, region, segment, year, labels, active, rest):
                return  # The first year that does not add up is told; the next ones would say the same.

    # ------------------------------------------------------------------ what is asked

    def _overlap(self, wanted: Mapping[str, Diffusion], rest: Rest | None) -> bool:
        """Whether a chemistry stands on two paths, or on one and in the rest."""
        seen: dict[str, str] = {}
        for name, entry in wanted.items():
            for chemistry in self.kinds.members(name):
                if chemistry in seen:
                    why = f"{chemistry} is on this path and on that of {seen[chemistry]}; keep one"
                    self.problems.append(self.run.problem(entry.path, f"diffusion of {name}", why))
                    return True
                seen[chemistry] = name
        for name in rest.chemistries if rest else ():
            both = [chemistry for chemistry in self.kinds.members(name) if chemistry in seen]
            if rest and both:
                why = f"{listed(both)} is on a path, so it cannot take what the paths leave; name another"
                self.problems.append(self.run.problem(rest.path, f"rest = {name!r}", why))
                return True
        return False

    def _found(self, diffusion: Diffusion, place: str, history: list[Any], last: int | None) -> _Path | None:
        """The path with its start, and with the parameters of its fit; None with a problem added."""
        curve, name = diffusion.curve, diffusion.chemistry
        start = curve.start if curve.start is not None else None if last is None else last + 1
        if start is None:
            why = f"no share is observed for {place}, so the path needs the year it begins; add start"
            self.problems.append(self.run.problem(diffusion.path, f"diffusion of {name}", why))
            return None
        if last is not None and start <= last:
            why = f"shares for {place} are observed up to {last}; start in {last + 1} or later, or leave it out"
            self.problems.append(self.run.problem((*diffusion.path, "start"), f"start = {start}", why))
            return None
        words = (
            f"{name} of {place.partition(' in ')[0]} follows a {NAMES[curve.curve]} curve to {100 * curve.ceiling:g} %"
        )
        if not curve.fit:
            assert curve.midpoint is not None
            assert curve.speed is not None
            found = f"midpoint {curve.midpoint:g}, speed {curve.speed:g}, from {start} on, as the run file states"
            return _Path(name, diffusion.path, curve.curve, start, curve.midpoint, curve.ceiling, curve.speed, None,
                         Rows(), f"{words}, {found}")  # fmt: skip
        years, values, rows = self._observed(name, history, curve.since)
        which = f"{len(years)} observed shares" + (f", {ranges(years)}" if years else "")
        try:
            if not years:
                raise ValueError("there are none to go by, and assumed ones do not count")
            fitted = fit(curve.curve, years, values, curve.ceiling)
        except ValueError as error:
            seen = f"the shares of {name} observed for {place}, {ranges(years)},"
            why = f"{seen} fix no curve: {error}; give midpoint and speed instead"
            if not years:
                why = f"no share of {name} is observed for {place} (assumed ones do not count); give midpoint and speed"
            self.problems.append(self.run.problem((*diffusion.path, "fit"), "fit = true", why))
            return None
        found = (
            f"midpoint {fitted.midpoint:.1f}, speed {fitted.speed:.3g}, from {start} on, fitted to {which} "
            f"(error {fitted.rmse:.3f})" + (": it falls" if fitted.speed < 0 else "")
        )
        return _Path(name, diffusion.path, curve.curve, start, fitted.midpoint, curve.ceiling, fitted.speed,
                     fitted.rmse, rows.behind(), f"{words}, {found}")  # fmt: skip

    def _observed(self, name: str, history: list[Any], since: int | None) -> tuple[list[int], list[float], Rows]:
        """Years, shares and rows of a chemistry or family in the history, without what is assumed there.

        A year that is observed for others and has no row of it counts as zero.
        """
        years, values, rows = [], [], Rows()
        members = self.kinds.members(name)
        for year in sorted({row.year for row in history}):
            here = [row for row in history if row.year == year]
            mine = [row for row in here if row.chemistry in members]
            if any(row.quality == "assumed" for row in mine or here) or year < (since or 0):
                continue
            years.append(year)
            values.append(float(np.sum([row.value for row in mine])))
            for row in mine:
                rows += Rows.row(self.shares.named(row.line))
        return years, values, rows

    def _changed(self, scenario: str, region: str, segment: str, paths: Sequence[_Path], rest: Rest | None) -> bool:
        """Whether a changed share stands against the paths: what it asks would not be what comes out."""
        decided = {chemistry: path.start for path in paths for chemistry in self.kinds.members(path.name)}
        first = min(path.start for path in paths)
        filling = {chemistry for name in (rest.chemistries if rest else ()) for chemistry in self.kinds.members(name)}
        clash = False
        for change in self.run.changes[scenario]:
            if change.segment != segment or change.region not in ("", region):
                continue
            start = decided.get(change.chemistry, first)
            if change.year < start or (change.share is None and change.chemistry not in decided):
                continue
            if change.chemistry in decided or change.chemistry in filling:
                why = f"paths of diffusion decide it from {start} on; leave one of the two out"
            elif rest is None:
                why = f"paths of diffusion scale it from {start} on; name diffusion.{segment}.rest, or leave one out"
            else:
                continue
            what = f"{change.chemistry} = {'rest' if change.share is None else change.share}"
            self.problems.append(self.run.problem(change.path, what, why))
            clash = True
        return clash

    # ------------------------------------------------------------------ what comes out

    def _lay(
        self, scenario: str, region: str, segment: str, year: int, labels: dict[Label, Point], paths: list[_Path],
        rest: Rest | None,
    ) -> bool:  # fmt: skip
        """Lay the paths over one year; False with a problem added where the shares do not add up to one."""
        place = f"{segment} in {region}, {year}"

        def problem(path: tuple[str, ...], why: str) -> bool:
            self.problems.append(self.run.problem(path, f"diffusion of {place}", why))
            return False

        def row(path: tuple[str, ...], chemistry: str, value: float, note: str) -> Rows:
            return Rows.row(self.write(path, scenario, region, segment, chemistry, year, value, note))

        share = {path.name: path.share(year) for path in paths}
        on_path = {chemistry for path in paths for chemistry in self.kinds.members(path.name)}
        others = [label for label in labels if label[0] not in on_path]
        takers = others
        if rest is not None:
            filling = {chemistry for name in rest.chemistries for chemistry in self.kinds.members(name)}
            takers = [label for label in others if label[0] in filling]
        kept = {str(label[0]): labels[label].datum.value for label in others if label not in takers}
        left = 1.0 - sum(share.values()) - sum(kept.values())
        if left < -SHARE_TOLERANCE:
            full = ", ".join(f"{name} {value:.4g}" for name, value in {**share, **kept}.items() if value)
            out = "lower a ceiling, start later" + (
                ", or let more chemistries take the rest" if rest else ", or slower"
            )
            return problem(paths[0].path, f"shares add up to {1 - left:.6g}, expected at most 1 ({full}); {out}")
        left = max(left, 0.0)
        for path in paths:
            members = [label for label in labels if label[0] in self.kinds.members(path.name)]
            if not self.kinds.is_family(path.name):
                rows = row(path.path, path.name, share[path.name], path.words) + path.rows
                labels[path.name,] = new(year, path.name, share[path.name], rows, "diffusion")
                continue
            had = sum(labels[label].datum.value for label in members)
            if had == 0:
                why = f"no chemistry of {path.name} has a share there to keep its proportion of; name one instead"
                return problem(path.path, why)
            note = f"{path.words}: {share[path.name]:.6g}, over the {had:.6g} that the family had"
            factor = row(path.path, path.name, share[path.name] / had, note)
            for label in members:
                labels[label] = scaled(labels[label], share[path.name] / had, factor, path.rows, "diffusion")
        at = rest.path if rest else paths[0].path
        if rest and len(rest.chemistries) == 1 and not self.kinds.is_family(rest.chemistries[0]):
            (name,) = rest.chemistries
            rows = row(at, name, left, "what the paths of diffusion and the other shares leave")
            labels[name,] = new(year, name, left, rows, "rest")
            return True
        had = sum(labels[label].datum.value for label in takers)
        if had == 0 and left > SHARE_TOLERANCE:
            why = f"{left:.4g} is left and nothing there to take it in proportion; name one chemistry as rest"
            return problem(at, why)
        if had:
            note = f"what the paths of diffusion leave, {left:.6g}, over the {had:.6g} that those who fill it had"
            factor = row(at, "", left / had, note)
            for label in takers:
                labels[label] = scaled(labels[label], left / had, factor, Rows(), "rest")
        return True

    def _tell(self, scenario: str, region: str, segment: str, path: _Path) -> None:
        label = self.run.settings.scenario[scenario].label or scenario
        self.summaries.setdefault(f"{label}, {path.words}", []).append(region)
        self.records.append({
            "scenario": scenario, "region": region, "segment": segment, "chemistry": path.name, "curve": path.curve,
            "start": path.start, "midpoint": path.midpoint, "ceiling": path.ceiling, "speed": path.speed,
            "fitted": path.rmse is not None, "rmse": path.rmse,
        })  # fmt: skip


def first_planned(inputs: Inputs, demands: Iterable[str]) -> int | None:
    """First year that scenarios of demand plan: the one after the last that was observed, of those that extend a
    history; None where none does."""
    parent, kind = inputs.by_code("scenarios", "extends"), inputs.by_code("scenarios", "kind")
    demand = inputs.rows_by("battery_demand", "scenario")
    last = 0
    for scenario in demands:
        name = scenario
        while name and kind.get(name) != "history":
            name = parent.get(name, "")
        last = max([last, *(row.year for row in demand.get((name,), []))])
    return last + 1 if last else None


def history_end(history: list[Any]) -> int | None:
    """The last observed year; None where there is no history."""
    return max((row.year for row in history), default=None)


def by_year(points: Iterable[Point]) -> Shares:
    """Points of one place by year and label, in their order."""
    out: Shares = {}
    for point in points:
        out.setdefault(point.year, {})[point.label] = point
    return out


def scaled(point: Point, factor: float, row: Rows, behind: Rows, fill: str) -> Point:
    """A share times a factor that has a row of its own; behind: rows which that factor rests on."""
    (name,) = row.names()
    old = point.datum
    rows = old.rows.times(name) + behind if old.rows.terms else old.rows
    datum = Datum(old.value * factor, old.low * factor, old.high * factor, rows, fill)
    return point._replace(fill=fill, datum=datum)


def new(year: int, chemistry: str, value: float, rows: Rows, fill: str) -> Point:
    """A share that comes out of the run file alone."""
    return Point(year, (chemistry,), fill, 0, Datum(value, value, value, rows, fill))
