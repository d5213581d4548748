"""The city model: builds the state and tells the story of a tick."""

from __future__ import annotations

import datetime
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from sim import plans, registry, saving, turnover
from sim.calendar import Calendar
from sim.city.grid import City
from sim.columns import Column, Layers, Population, near, whole_numbers
from sim.draws import uniforms
from sim.errors import OwnershipError, SpecError
from sim.interventions.budget import Purse
from sim.levers import LEVERS, Board
from sim.mechanism import Mechanism
from sim.mesa_model import ColumnModel
from sim.records import EVENT_COLUMNS, TYPES, EventLog, Series
from sim.sets import distinct, runs
from sim.spec import RunSpec, build, merge
from sim.threads import Chunks

# The story of a tick. Mechanisms of users and plugins step after the one they name.
STORY = (
    "flows",  # what comes from beyond the city: drugs, firearms, people, money
    "economy",  # once a month: jobs and incomes
    "routines",  # everybody goes where the hour takes them
    "patrol",  # units make their visits
    "drugs",  # shipments, prices, purchases, sales on the street, treatment
    "firearms",  # who holds one
    "groups",  # turf, recruits, feuds, extortion
    "extremism",  # grievance and exposure
    "offending",  # who looks for an opportunity, finds one and acts
    "harassment",  # in public space
    "reactions",  # victims and bystanders: reporting, fear, trust, alert
    "community",  # collective efficacy and disorder
    "justice",  # detection, arrest, custody, release
    "corrections",  # remand, sentences, supervision, programmes, re-entry
    "bribery",  # officers and those who deal with them
    "deterrence",  # what offenders learn about the risk
    "lifecourse",  # births, schools, partners, moves, deaths
    "governance",  # budget, services, legitimacy
)

# Set by the synthesis of people and read by everybody.
BASE_COLUMNS: dict[str, dict[str, Column]] = {
    "residents": {
        "birth_day": Column("i4", 0, "day", "day of birth, counted from the first scored day", static=True),
        "sex": Column("u1", 0, "1 male", "sex", static=True),
        "dwelling": Column("i4", -1, "id", "home"),
        "next_member": Column("i4", -1, "id", "next member of the household"),
        "home": Column("i4", 0, "cell", "cell of the home"),
        "area": Column("i2", 0, "index", "neighbourhood of the home"),
        "self_control": Column("f4", 0, "sd", "self-control, standard normal, high is restrained"),
        "ties": Column("i4", -1, "id", "friends", width=4),
        "shop_nodes": Column("i4", -1, "cell", "where errands are done", width=2),
        "bar_node": Column("i4", -1, "cell", "where evenings out are spent"),
        "partner": Column("u1", 0, "0/1", "lives with a partner"),
    },
    "dwellings": {
        "cell": Column("i4", 0, "cell", "place", static=True),
        "first_member": Column("i4", -1, "id", "first member of the household, -1 vacant"),
        "security": Column("f4", 0, "sd", "locks, alarms, doors", static=True),
        "value": Column("f4", 0, "sd", "what there is to take", static=True),
        "cover": Column("f4", 0, "sd", "entry hidden from view", static=True),
        "cars": Column("i1", 0, "count", "cars of the household", static=True),
    },
    "guardians": {},
}
COMPACT_DAYS = 30
LINKS = {("residents", name) for name in ("dwelling", "next_member", "home", "area")} | {("dwellings", "first_member")}


def _checksum(value: Any, so_far: int = 0) -> int:
    """Checksum of arrays and plain values, nested in mappings and lists."""
    if isinstance(value, np.ndarray):
        return zlib.crc32(np.ascontiguousarray(value), zlib.crc32(f"{value.dtype.str}{value.shape}".encode(), so_far))
    if isinstance(value, Mapping):
        value = [item for pair in value.items() for item in pair]
    if isinstance(value, (list, tuple)):
        for item in value:
            so_far = _checksum(item, so_far)
        return so_far
    return zlib.crc32(repr(value).encode(), so_far)


class CityModel(ColumnModel):
    """Residents, offenders and guardians on a city grid.

    Parameters
    ----------
    spec : RunSpec or mapping, optional
        The validated specification; a mapping is validated. None takes the defaults.
    rng : int, optional
        Seed of the run, for Mesa's own tools; the same as the key ``seed``.
    city : City, optional
        A built city. Without it the city of ``spec.city`` is generated.
    people : mapping, optional
        Result of :func:`sim.people.synthesis.populate` for that city, to share it between models.
    snapshot : mapping, optional
        State to continue from (:meth:`snapshot`); used by :meth:`restore`.
    **overrides
        Keys of the specification, nested ones as mappings: ``city={"residents": 5_000}``.
    """

    def __init__(
        self,
        spec: RunSpec | Mapping | None = None,
        *,
        rng: int | None = None,
        city: City | Mapping | None = None,
        people: Mapping | None = None,
        snapshot: Mapping | None = None,
        **overrides: Any,
    ):
        if rng is not None:
            overrides["seed"] = rng
        if isinstance(city, Mapping):  # settings of a city rather than a built one
            overrides["city"], city = city, None
        if overrides or not isinstance(spec, RunSpec):
            given = spec.as_dict() if isinstance(spec, RunSpec) else dict(spec or {})
            spec = build(merge(given, overrides))
        self.spec = spec
        self.seed = np.uint64(spec.seed)
        self.calendar = Calendar(spec.tick_hours, datetime.date.fromisoformat(spec.start_date), spec.burn_in_days)
        self._ticks_per_day, self._burn_in_days = self.calendar.ticks_per_day, self.calendar.burn_in_days
        self.tick = 0
        self.guard = False
        self._stepping: Mechanism | None = None
        self._proposals: list[tuple] = []
        self._leaving: list[tuple] = []  # (ids, name of the daily count)
        self._entering: list[tuple] = []  # (keys, name of the daily count, columns)
        self._turnover: dict[str, int] = {}
        self._costs: dict[str, float] = {}
        self._chunks = Chunks(spec.threads)
        self._ages: tuple | None = None
        self.city = city if city is not None else self._generated_city()
        self._check_city()
        if snapshot is None and people is None:
            from sim.people.synthesis import populate

            self.people = populate(self.city, spec.city.residents, spec.city.seed)
        else:  # columns are let go of once they are copied into the store; the caller's mapping stays as it is
            self.people = None if people is None else {name: dict(part) for name, part in people.items()}
        self.mechanisms = {name: registry.MECHANISMS[name](params) for name, params in spec.mechanism.items()}
        self.interventions = {name: registry.INTERVENTIONS[name](params) for name, params in spec.intervention.items()}
        self.shocks = {name: registry.SHOCKS[name](params) for name, params in spec.shock.items()}
        self._plans = {**self.interventions, **self.shocks}
        self.purse = Purse(spec.budget, spec.spend_all)
        self._story = self._ordered()
        told = [self.mechanisms[n] for n in STORY if n in self.mechanisms]
        self.welcoming = told + [m for n, m in sorted(self.mechanisms.items()) if m not in told]
        self.log, self.series = EventLog(), Series()
        self.new_events = slice(0, 0)
        self._make_populations(snapshot)
        super().__init__(rng=spec.seed)
        self._make_layers()
        self.levers = Board(self._sizes(), self._find)
        if snapshot is None:
            # Incomes and friends come first: the first users and sellers are chosen by them.
            first = ("lifecourse", "economy")
            for mechanism in sorted(self.mechanisms.values(), key=lambda m: -1 - first.index(m.name)
                                    if m.name in first else 0):
                mechanism.setup(self)
            self.people = None  # the synthesis is in the columns now
        else:
            saving.load(self, snapshot)
        for mechanism in self.mechanisms.values():
            mechanism.prepare(self)
        if self.calendar.slot(self.tick) == 0:
            plans.plan_tomorrow(self, plans.fresh(self, snapshot))

    # -- building ------------------------------------------------------------------------------------------------

    def _generated_city(self) -> City:
        if self.spec.city.preset == "from_files":
            raise SpecError("city: a city from files is read by the commands; give CityModel the built city as city=")
        from sim.city.synthetic import generate

        return generate(self.spec.city)

    def _check_city(self) -> None:
        if len(self.city.areas) < 1 or not (self.city.area >= 0).any():
            raise SpecError("city: expected at least one inhabited neighbourhood, found none")

    def _ordered(self) -> list[Mechanism]:
        names = [n for n in STORY if n in self.mechanisms]
        for name in sorted(set(self.mechanisms) - set(names)):
            after = self.mechanisms[name].after
            if after and after not in names:
                raise SpecError(f"mechanism.{name}: steps after {after!r}, which does not exist{near(after, names)}")
            names.insert(names.index(after) + 1 if after else len(names), name)
        return [self.mechanisms[n] for n in names if self.mechanisms[n].params.enabled]

    def _make_populations(self, snapshot: Mapping | None) -> None:
        if snapshot is None:
            sizes = {name: len(next(iter(self.people[name].values()))) for name in ("residents", "dwellings")}
            patrol = self.mechanisms.get("patrol")
            sizes["guardians"] = patrol.units(sizes["residents"]) if patrol is not None else 0
            start = {"residents": 0, "guardians": sizes["residents"], "dwellings": 0}
            self.next_id = sizes["residents"] + sizes["guardians"]
        else:
            sizes, start = dict.fromkeys(BASE_COLUMNS, 0), dict.fromkeys(BASE_COLUMNS, 0)
        for name, columns in BASE_COLUMNS.items():
            ids = np.arange(start[name], start[name] + sizes[name], dtype=np.int64)
            population = Population(name, ids)
            setattr(self, name, population)
            for column, declared in columns.items():
                population.declare(column, declared)
                if snapshot is None and column in self.people.get(name, {}):
                    population.adopt(column, self.people[name].pop(column))
        self.owner: dict[tuple[str, str], str] = {}
        for mechanism in self.mechanisms.values():
            for population, columns in mechanism.takes.items():
                for column in columns:
                    self.owner[population, column] = mechanism.name
            for population, columns in mechanism.columns.items():
                if population not in BASE_COLUMNS:
                    raise ValueError(f"mechanism {mechanism.name!r} declares columns of {population!r}, which is no "
                                     f"population; populations: {', '.join(BASE_COLUMNS)}")
                for column, declared in columns.items():
                    getattr(self, population).declare(column, declared)
                    self.owner[population, column] = mechanism.name

    def _make_layers(self) -> None:
        self.layers: dict[str, np.ndarray] = Layers(self.city.layers)
        for mechanism in self.mechanisms.values():
            for layer, declared in mechanism.layers.items():
                if layer in self.layers:
                    raise ValueError(f"layer {layer!r} is declared twice")
                self.layers[layer] = np.full(self.city.grid.cells, declared.default, declared.dtype)
                self.owner["layers", layer] = mechanism.name

    def _find(self, scope: str, ids) -> np.ndarray:
        return getattr(self, scope).find(ids)

    def _sizes(self) -> dict[str, int]:
        return {"cells": self.city.grid.cells, "residents": len(self.residents), "dwellings": len(self.dwellings)}

    # -- time ----------------------------------------------------------------------------------------------------

    @property
    def day(self) -> int:
        """Day of the scored period; negative during burn-in."""
        return self.tick // self._ticks_per_day - self._burn_in_days

    @property
    def slot(self) -> int:
        return self.tick % self._ticks_per_day

    @property
    def finished(self) -> bool:
        return self.day >= self.spec.days

    def step(self) -> None:
        """One tick."""
        day, last = self.day, self.slot == self.calendar.ticks_per_day - 1
        start = len(self.log)
        self.new_events = slice(start, start)
        since = day + self.calendar.burn_in_days + 1
        for mechanism in self._story:
            cadence = mechanism.cadence
            if (
                cadence == "tick"
                or last
                and (cadence == "day" or cadence == "week" and since % 7 == 0 or cadence == "month" and since % 30 == 0)
            ):
                self._run(mechanism)
                self.new_events = slice(start, len(self.log))
        self._settle()
        self._turn_over()
        if last:
            if since % COMPACT_DAYS == 0:
                self._compact()
            self._record(day)
        self.tick += 1
        if last:
            plans.plan_tomorrow(self, self._plans.values())

    def run_days(self, days: int, progress: Callable[[int, int], None] | None = None) -> None:
        """Simulate whole days; `progress(done, total)` is called after each."""
        for done in range(days):
            for _ in range(self.calendar.ticks_per_day):
                self.step()
            if progress is not None:
                progress(done + 1, days)

    def run(self, progress: Callable[[int, int], None] | None = None) -> CityModel:
        """Simulate what is left of burn-in and scored period."""
        self.run_days(self.spec.days - self.day, progress)
        return self

    def _run(self, mechanism: Mechanism) -> None:
        self.act(mechanism, mechanism.step)

    def act(self, mechanism: Mechanism, what: Callable[[CityModel], None]) -> None:
        """Let a mechanism do something; it may write its own columns, layers and state alone."""
        events = len(self.log)
        before = self._fingerprint(mechanism, events) if self.guard else None
        self._stepping = mechanism
        try:
            what(self)
        finally:
            self._stepping = None
        if before is not None:
            after = self._fingerprint(mechanism, events)
            changed = sorted(f"{p}.{c}" for p, c in before if before[p, c] != after[p, c])
            if changed:
                raise OwnershipError(f"mechanism {mechanism.name!r} wrote what it does not own: {', '.join(changed)}")

    def _fingerprint(self, mechanism: Mechanism, events: int) -> dict[tuple[str, str], int]:
        """Checksums of all that the mechanism does not own: columns, layers, levers, others' state, earlier events."""
        out = {}
        for name in BASE_COLUMNS:
            population = getattr(self, name)
            for column in population.names:
                if self.owner.get((name, column)) != mechanism.name:
                    out[name, column] = zlib.crc32(population[column])
        for layer, array in self.layers.items():
            if self.owner.get(("layers", layer)) != mechanism.name:
                out["layers", layer] = zlib.crc32(array)
        for lever in LEVERS:
            out["levers", lever] = _checksum(self.levers[lever])
        for name, other in [*self.mechanisms.items(), *self._plans.items()]:
            if other is not mechanism:
                out["state", name] = _checksum(other.state)
        for column in EVENT_COLUMNS:
            if column not in mechanism.log:
                out["log", column] = zlib.crc32(self.log[column][:events])
        return out

    def write_allowed(self, population: str, column: str) -> None:
        """Raise OwnershipError when the mechanism that is stepping does not own the column."""
        if self._stepping is not None and self.owner.get((population, column)) != self._stepping.name:
            raise OwnershipError(
                f"mechanism {self._stepping.name!r} does not own {population}.{column} "
                f"(owner: {self.owner.get((population, column), 'the synthesis of people')}); propose a change"
            )

    # -- what mechanisms use -------------------------------------------------------------------------------------

    def draw(self, decision: str, ids, k: int = 0) -> np.ndarray:
        """Uniform numbers in (0, 1) for residents, keyed by (seed, decision, tick, resident, k).

        Parameters
        ----------
        decision : str
            A name of its own for every use.
        ids : array of int
            Ids of residents.
        k : int
            Repeat number.
        """
        return uniforms(self.seed, decision, self.tick, self.residents["key"][self.residents.rows(ids)], k)

    def parallel(self, kernel: Callable, n: int, *args: Any) -> None:
        """Call ``kernel(lo, hi, *args)`` over chunks of 0..n in the threads of the run."""
        self._chunks.run(kernel, n, args)

    @property
    def chunks(self) -> int:
        """Number of chunks :meth:`parallel_indexed` makes."""
        return self._chunks.count

    def parallel_indexed(self, kernel: Callable, n: int, *args: Any) -> None:
        """Like :meth:`parallel`, with the chunk's number first: ``kernel(chunk, lo, hi, *args)``."""
        self._chunks.run_indexed(kernel, n, args)

    def propose(self, population: str, column: str, ids, values, op: str = "add") -> None:
        """Ask for a change of a column one does not own; it happens at the end of the tick, clipped to the range.

        Parameters
        ----------
        population, column : str
        ids : array of int
        values : array or number
        op : {"add", "set"}
            Sums of "add" and the last "set" are taken in the order of (proposer's name, id, value).
        """
        if (population, column) not in self.owner:
            raise KeyError(f"no mechanism owns {population}.{column}"
                           + near(column, [c for p, c in self.owner if p == population]))
        if (population, column) in LINKS:
            raise KeyError(f"{population}.{column} cannot be proposed: homes and households change together")
        if op not in ("add", "set"):
            raise ValueError(f"op: expected 'add' or 'set', found {op!r}")
        ids = np.atleast_1d(whole_numbers(ids, f"ids of proposed changes of {population}.{column}"))
        values = np.asarray(values, float) + 0.0  # a copy, without negative noughts
        if values.shape != ids.shape:
            values = np.broadcast_to(values, ids.shape).copy()
        if not np.isfinite(values).all():
            raise ValueError(f"proposed changes of {population}.{column} must be finite numbers")
        source = self._stepping.name if self._stepping is not None else ""
        self._proposals.append((population, column, op, source, ids, values))

    def bury(self, ids, cause: str) -> None:
        """Residents die; they leave their homes at the end of the tick."""
        self._leaving.append((np.atleast_1d(np.asarray(ids, np.int64)), f"deaths.{cause}"))

    def depart(self, ids, cause: str) -> None:
        """Residents move away from the city at the end of the tick, for ever."""
        self._leaving.append((np.atleast_1d(np.asarray(ids, np.int64)), f"left.{cause}"))

    def enter(self, keys, cause: str, **columns: Any) -> None:
        """People come to live in the city at the end of the tick, after the dead have left it.

        Parameters
        ----------
        keys : array of uint64
            What their draws are made from, derived from what causes each entry (:func:`sim.draws.mix_arrays`).
        cause : str
            Counted in the daily series ``entered.<cause>``.
        **columns
            Values of residents' columns, single or one a person: `dwelling` (id) at least, `birth_day`, `sex`... Home
            and area follow from the dwelling; what is not given keeps its default until each mechanism's `welcome`.
        """
        keys, given = turnover.check(self, keys, columns)
        if len(keys):
            self._entering.append((keys, f"entered.{cause}", given))

    def leaving(self) -> np.ndarray:
        """Ids of those who die or move away at the end of this tick, as far as is known by now."""
        return distinct(np.concatenate([ids for ids, _ in self._leaving])) if self._leaving else np.empty(0, np.int64)

    def admit(self, population: Population, ids: np.ndarray, keys: np.ndarray, columns: dict[str, Any]) -> None:
        """What making a resident through a view does: he comes to live in the dwelling that is given."""
        if population is not self.residents:
            raise TypeError("patrol units cannot be made one by one; set mechanism.patrol instead")
        if "dwelling" not in columns:
            raise TypeError("residents cannot be made through views without a dwelling to live in")
        turnover.admit(self, ids, *turnover.check(self, keys, columns))

    def expel(self, population: Population, ids) -> None:
        """What ``agent.remove()`` does: residents leave their households, at the end of the tick if one is running."""
        if population is not self.residents:
            raise TypeError("patrol units cannot be removed one by one; set mechanism.patrol instead")
        self.bury(ids, "removed")
        if self._stepping is None:
            turnover.leave(self)

    def is_offender(self, rows) -> np.ndarray:
        """True for residents with an offence in the last 365 days."""
        r = self.residents
        horizon = self.tick - 365 * self.calendar.ticks_per_day
        return (r["offences"][rows] > 0) & (r["last_offence"][rows] >= horizon)

    def age(self) -> np.ndarray:
        """Age of every resident in completed years today (int16, read only)."""
        now = (self.day, self.residents.version, self.residents.epoch)
        if self._ages is None or self._ages[0] != now:
            self._ages = now, ((self.day - self.residents["birth_day"]) // 365).astype(np.int16)
        return self._ages[1]

    # -- end of a tick -------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        if not self._proposals:
            return
        groups: dict[tuple, list] = {}
        for population, column, op, source, ids, values in self._proposals:
            groups.setdefault((population, column, op), []).append((source, ids, values))
        self._proposals = []
        for (name, column, op), parts in sorted(groups.items()):
            parts.sort(key=lambda part: part[0])
            population = getattr(self, name)
            ids, values = np.concatenate([p[1] for p in parts]), np.concatenate([p[2] for p in parts])
            # Sorting by id and value makes the result independent of the order in which a proposer named or called.
            order = np.lexsort((values, ids))
            names = sorted({p[0] for p in parts})
            if len(names) > 1:
                source = np.repeat([names.index(p[0]) for p in parts], [len(p[1]) for p in parts])
                order = order[np.argsort(source[order], kind="stable")]
            rows = population.rows(ids[order])
            values = values[order]
            array, declared = population[column], population.declared[column]
            if op == "add":
                total = np.zeros(len(array)) if len(rows) > len(array) // 8 else None
                if total is not None:
                    np.add.at(total, rows, values)
                    touched = np.flatnonzero(total)
                    new = array[touched] + total[touched]
                else:
                    touched, inverse = runs(rows) if len(names) == 1 else np.unique(rows, return_inverse=True)
                    new = array[touched] + np.bincount(inverse, values, len(touched))
            else:
                last = dict(zip(rows.tolist(), values.tolist()))
                touched, new = np.array(list(last), np.int64), np.array(list(last.values()))
            if declared.low is not None or declared.high is not None:
                new = new.clip(declared.low, declared.high)
            array[touched] = new

    def _turn_over(self) -> None:
        if self._leaving:
            turnover.leave(self)
        if self._entering:
            turnover.enter(self)

    def _compact(self) -> None:
        if not self.residents["alive"].all():
            self.residents.compact()
            self.levers.refresh(self._sizes())

    def rearrange(self, order) -> None:
        """Store the residents in another order of rows; results do not depend on it (that is tested)."""
        self.residents.permute(order)
        self.levers.refresh(self._sizes())

    def _record(self, day: int) -> None:
        values: dict[str, float] = {"population": float(self.residents["alive"].sum())}
        new = slice(self._day_start, len(self.log))
        kind = self.log["type"][new]
        for layer, mask in (
            ("true", slice(None)),
            ("reported", self.log["reported"][new]),
            ("recorded", self.log["recorded"][new]),
        ):
            counts = np.bincount(kind[mask], minlength=len(TYPES))
            values.update({f"{layer}.{name}": float(c) for name, c in zip(TYPES, counts)})
        self._day_start = len(self.log)
        values.update({name: float(count) for name, count in sorted(self._turnover.items())})
        self._turnover.clear()
        for mechanism in self._story:
            values.update(mechanism.record(self))
        values.update(self._costs)
        self.series.add(day, values)

    _day_start = 0

    # -- saving and restoring ------------------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """Copy the whole state between two ticks; give it to :meth:`restore`. The city itself is shared, not copied."""
        return saving.snapshot(self)

    @classmethod
    def restore(cls, snapshot: Mapping[str, Any], spec: RunSpec | None = None) -> CityModel:
        """Continue from a snapshot, with the same specification or with one that differs from now on.

        Arms of a comparison share their burn-in this way: `spec` may have other interventions, provided none of
        them starts before the snapshot's day.
        """
        spec = snapshot["spec"] if spec is None else spec
        saving.check(spec, snapshot["spec"])
        return cls(spec, city=snapshot["city"], snapshot=snapshot)
