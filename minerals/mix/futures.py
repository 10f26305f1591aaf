"""One plan for several futures of supply: its loss in each, and the plans that are best in one, on average, or by the
regret that is left.

The plan is what is put into use and which lines stand. Once the future is known, what is left is decided anew: where
cells are made and materials bought, what others build, and what is done under each disruption. In the future that the
run assumes all of the plan can be had, within its cost cap. In another one some may be short, even without a
disruption: that counts as lost under every disruption, and is told. What is had there keeps all other limits of the
run, loses as little as it can, and only then costs as little. So plans compare within a future; between futures money
tells too.

The regret of a plan in a future is its loss there less the least loss of any plan there. So the best plan of each
future comes first, and the plan of least regret is one more linear programme, with all futures in it. Its model holds
a plan once and a block for each future, and of the disruptions only what presses (`replay`). The loss of a plan in a
future is then found with the plan held, in the whole model of that future, and played back. Of MANY futures one
programme would be too large: there the plans are found by cutting planes (`cutting`), to the same objectives.

Many plans are best in one future, and lose most different amounts in another. Of those as good the cheapest are kept,
in the run's own future, of these the ones with the least loss on average, and then with the least in each future in
turn, so that what is told of a plan does not hang on which of them the solver comes upon.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..errors import NumericalTrouble
from ..haste import frozen
from ..highs import accepted
from .cutting import CuttingPlanes, Part
from .data import Group, Key, MixData, Region, Year
from .objective import OWN
from .replay import Library, nothing_held
from .session import TIES, Session
from .solution import LEAST_ROOM, SHOWN
from .variables import PLAN

#: Objectives over all futures, which their best plans are named by.
AVERAGE, REGRET = "average", "regret"
#: Losses that are found in two ways agree to this part of the demand; what lies below it is rounding.
AGREE = 1e-6
#: Of the future in which all of a plan can be had, part of the demand that may be short as the plan is rounded.
LEFT_SHORT = 1e-9
#: Futures from which on their plans are found by cutting planes. Measured on Europe's mix to 2040: of 15 futures one
#: programme took 56 s for the least loss on average, again for each of six or more rounds; cutting planes 17 s in all.
MANY = 6

Array = NDArray[np.float64]
#: A region, a family and a year.
Place = tuple[Region, Group, Year]
#: Least and largest share [1].
_Ends = dict[Place, tuple[float, float]]
#: Levels of the variables of a plan, by their names and indices [GWh, GWh/yr or kt].
Plan = dict[str, dict[Key, float]]
Answer = TypeVar("Answer")


@frozen
class Held:
    """A plan in a future. loss: by the risk that counts; short: batteries of it that cannot be had even without a
    disruption, over all years; replayed: the loss when it is played back [GWh]; cost: of what is had, the least that
    loses as little [million USD_2025]."""

    loss: float
    short: float
    replayed: float
    cost: float


@frozen
class Chosen:
    """The best plan by an objective. value: of that [GWh]; cost: in the run's own future, the least of plans as good
    [million USD_2025]; share: of a family in a region's batteries of a year, and least and largest share over all
    plans nearly as good [1], (region, family, year); left_out: objectives that were to choose among plans as good and
    that the solver left open."""

    value: float
    cost: float
    plan: Plan
    share: dict[Place, tuple[float, float, float]]
    left_out: int = 0


class Futures:
    """The futures of a run. Each answer is found afresh, so that it does not hang on what was asked before.

    own: numbers of the future that the run assumes; other_futures: of each further one by name, with `plan_given`;
    risk: what of the losses counts; level: α of the CVaR; most_cost: of a plan in the own future [million USD_2025];
    near: part of an objective by which a plan may be worse and is nearly as good; ranged: whether it is told how far
    shares move among these, of plans for MANY futures never; time_limit: of each solve [s]; many: futures from which on
    their plans are found by cutting planes.
    """

    def __init__(
        self, own: MixData, other_futures: Mapping[str, MixData], risk: str, *, level: float = 0.8,
        most_cost: float | None = None, near: float = 0.01, ranged: bool = True, time_limit: float | None = None,
        many: int = MANY,
    ) -> None:  # fmt: skip
        self.own, self.other_futures, self.risk, self.level = own, dict(other_futures), risk, level
        self.most_cost, self.near, self.ranged, self.time_limit = most_cost, near, ranged, time_limit
        self.names = (OWN, *self.other_futures)
        self.are_many = len(self.names) >= many
        self._sessions = dict[str, Session]()

    def __getstate__(self) -> dict[str, Any]:
        """Without its models, which are stated anew."""
        return {**self.__dict__, "_sessions": {}}

    # ------------------------------------------------------------------ the best plans

    def chosen(self, objective: str, least: Mapping[str, float] | None = None) -> Chosen:
        """The best plan by an objective: the name of a future, whose loss it is, AVERAGE or REGRET. least: loss of the
        best plan of each future, for REGRET [GWh]. Raises what `Compiled.solve` raises."""
        libraries, ends = dict[str, Library](), _Ends()
        if self.ranged and self.near and (objective in self.names or not self.are_many):
            # Only what presses on the objective: in a model of one future that is ten times as quick.
            pressed = (objective,) if objective in self.names else self.names
            ends = self._sure(libraries, pressed, lambda session: self._ends(session, objective, least or {}))
        if self.are_many:
            return self._by_cutting_planes(objective, least or {}, ends)
        return self._sure(
            libraries, self.names, lambda session: self._best(session, objective, least or {}, ends)
        )  # fmt: skip

    def _sure(
        self, libraries: dict[str, Library], names: Iterable[str], question: Callable[[Session], Answer | None]
    ) -> Answer:
        """What is asked of a model of some futures, once that holds all that presses. question: None where it does
        not. libraries: of the futures that were in a model before, and then of these too."""
        for name in names:
            if name not in libraries:
                libraries[name] = Library(self.own if name == OWN else self.other_futures[name])
        while True:
            session = self._session(libraries)
            found = question(session)
            if found is not None:
                return found

    def _session(self, libraries: Mapping[str, Library]) -> Session:
        """A model of the futures whose disruptions press, and of the own one, in which every plan can be had."""
        own = libraries.get(OWN)
        others = {name: (libraries[name].within(), libraries[name]) for name in self.other_futures if name in libraries}
        data = nothing_held(self.own) if own is None else own.within()
        return Session(data, self.risk, level=self.level, time_limit=self.time_limit, library=own, other_futures=others)

    def _ends(self, session: Session, objective: str, least: Mapping[str, float]) -> _Ends | None:
        """Least and largest share of each family among plans nearly as good."""
        caps, name = self._caps(), self._named(session, objective, least)
        with session.within(caps):
            best = session.optimum(name).objective
        if session.missed:
            return None
        shares, sums = self._shares(session)
        room = self.near * max(abs(best), LEAST_ROOM * sum(self.own.demand.values()))
        ends = session.nearly({**caps, name: best + room}).ends(sums)
        for member in ends.members.reshape(-1, sums.shape[1]):
            session.note(member)
        pairs = zip(ends.low.tolist(), ends.high.tolist(), strict=True)
        return None if session.missed else dict(zip(shares, pairs, strict=True))

    def _best(self, session: Session, objective: str, least: Mapping[str, float], ends: _Ends) -> Chosen | None:
        """The best plan, in a model of all futures. Each stage keeps to the plans that are best in those before."""
        name = self._named(session, objective, least)
        with session.within(self._caps()):
            found = session.optimum(name)
            best = found.objective
            for further in ("cost", AVERAGE, *(self._loss(session, future) for future in self.names)):
                if session.missed:
                    return None
                session.keep(found)
                found = session.optimum(further, afresh=False, inside=session.compiled.is_large)
        if session.missed:
            return None
        return self._as_chosen(session, best, found.values, ends)

    def _by_cutting_planes(self, objective: str, least: Mapping[str, float], ends: _Ends) -> Chosen:
        """The best plan, to CLOSE of the demand, by the same stages."""
        session = Session(self.own, self.risk, level=self.level, time_limit=self.time_limit)
        parts = {name: Part(self._alone(name), self.risk) for name in self.other_futures}
        planes = CuttingPlanes(session, parts, self.risk, self._caps(), least, sum(self.own.demand.values()))
        losses = {name: planes.objective(self.risk if name == OWN else name) for name in self.names}
        of = {**losses, AVERAGE: planes.average(), REGRET: planes.regret()}
        # What was an objective before is no further one.
        further = [loss for name, loss in losses.items() if name != objective]
        found = planes.best([of[objective], planes.objective("cost"), of[AVERAGE], *further])
        return replace(self._as_chosen(session, found.value, found.values, ends), left_out=found.left_out)

    def _as_chosen(self, session: Session, best: float, values: Array, ends: _Ends) -> Chosen:
        """What is told of a plan. best: of its objective; values: of the columns of a model; ends: of shares."""
        shares, sums = self._shares(session)
        share = {}
        for place, at in zip(shares, (sums @ values).tolist(), strict=True):
            low, high = ends.get(place, (at, at))
            share[place] = (at, min(max(low, 0.0), at), max(high, at))
        plan = {part: session.levels(getattr(session.model, part), values) for part in PLAN}
        return Chosen(max(best, 0.0), session.value("cost", values), plan, share)

    def _caps(self) -> dict[str, float]:
        return {} if self.most_cost is None else {"cost": self.most_cost}

    def _named(self, session: Session, objective: str, least: Mapping[str, float]) -> str:
        """Name of an objective in a model, which from now on knows the least that is possible in each future."""
        for future, loss in least.items():
            session.compiled.set_rhs(session.model.regret_in[future], loss)
        return self._loss(session, objective) if objective in self.names else objective

    def _loss(self, session: Session, future: str) -> str:
        """Name of the loss in a future."""
        return self.risk if future == OWN else str(getattr(session.model.future[future], self.risk).name)

    def _shares(self, session: Session) -> tuple[list[Place], Array]:
        """Families of which shares are told, in some years, as of a chosen mix, and the weights of the columns whose
        sum each is, (share, column) [1]."""
        data = self.own
        years = [y for y in data.years if y in SHOWN] or [data.years[-1]]
        sold = {(r, data.family[c], y) for r, c, y in session.model.cells_of}
        families = dict.fromkeys(data.family.values())
        places = [(r, f, y) for r in data.regions for f in families for y in years if (r, f, y) in sold]
        return places, np.array([session.share(r, f, (y,)) for r, f, y in places]).reshape(len(places), -1)

    # ------------------------------------------------------------------ a plan in each future

    def losses(self, plan: Plan) -> dict[str, Held]:
        """What a plan loses in each future, at the least that sourcing, production and recourse leave. Raises
        NumericalTrouble where that is not what it loses when it is played back."""
        return {name: self._held(name, plan) for name in self.names}

    def _alone(self, name: str) -> Session:
        """The whole model of one future, in which a plan is held; stated once, and handed out as new."""
        if name not in self._sessions:
            data = replace(self.own, plan_given=True) if name == OWN else self.other_futures[name]
            session = Session(data, self.risk, level=self.level, unmet=True, time_limit=self.time_limit)
            for lacking in session.model.short.values() if name == OWN else ():
                session.compiled.set_bounds(lacking, 0.0, LEFT_SHORT * sum(self.own.demand.values()))
            # Rows of what is kept to later are there from the first solve on, so that it does not matter which it is.
            with session.within(dict.fromkeys((self.risk, "unmet_demand", "cost"), 0.0)):
                pass
            self._sessions[name] = session
        session = self._sessions[name]
        accepted(session.compiled.highs.clearSolver(), "a fresh start")
        return session

    def _held(self, name: str, plan: Plan) -> Held:
        """What it loses in one future, in the whole model of that, whose plan is held."""
        whole, session = sum(self.own.demand.values()), self._alone(name)
        compiled, model, caps = session.compiled, session.model, dict[str, float]()
        if name == OWN:
            # Where the cap binds, a plan that is rounded can miss it by as much.
            caps |= {} if self.most_cost is None else {"cost": self.most_cost * (1 + LEFT_SHORT)}
        at = [
            (variable, plan[part].get(key, 0.0)) for part in PLAN for key, variable in getattr(model, part).items()
            if id(variable) in compiled.form.column_of
        ]  # fmt: skip
        with compiled.held(at):
            with session.within(caps):
                best = session.optimum(self.risk)
            least, replayed = max(best.objective, 0.0), max(session.evaluate(best.values).exposure, 0.0)
            held = session.among_best(self.risk, best.objective, "unmet_demand", caps)
            # Where not a bit is left of the loss, a plan that is rounded contradicts it.
            caps[self.risk] = best.objective + TIES[-1] * max(abs(best.objective), 1.0)
            found = session.found(session.among_best("unmet_demand", held.objective, "cost", caps).values)
        if abs(replayed - least) > AGREE * whole:
            raise NumericalTrouble(
                f"a plan loses {replayed:.9g} GWh in a future when it is played back, and in the model {least:.9g}; "
                "this is a bug: please report it with the run file. Nothing was written."
            )
        short = sum(session.levels(model.short, found.values).values())
        return Held(least, short if short > AGREE * whole else 0.0, replayed, found.cost)
