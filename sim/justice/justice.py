"""Justice: discovery, recording, investigation, arrest, custody and release; stops of people in public.

The four layers of crime meet here: what happened may be reported by a victim, discovered by a patrol, and only then
recorded; what is recorded may be cleared by an arrest, at once or after an investigation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.columns import Column
from sim.draws import decision, uniforms
from sim.errors import SpecError
from sim.guardianship.events import event_keys, person_keys
from sim.justice import custody
from sim.justice.detection import CAUGHT, investigate
from sim.justice.stops import stopped
from sim.mechanism import Mechanism, MechanismParams
from sim.parameters import param
from sim.records import CODE, TYPES
from sim.registry import mechanism

INVESTIGATE = decision("justice.investigate")
BY_TYPE = ", ".join(TYPES)


def by_type(values: tuple[float, ...], doc: str, **more):
    """Declare a parameter with one value for each crime type."""
    return param(values, doc=f"{doc}; by type: {BY_TYPE}", **more)


@dataclass(frozen=True)
class JusticeParams(MechanismParams):
    """Settings of police work and courts."""

    seen: tuple[float, ...] = by_type(
        (0.15, 0.60, 0.15, 0.25, 0.60, 0.60, 0.20, 0.10, 0.05),
        "probability that a unit at the place discovers the act",
        unit="share",
        low=0, high=1, source="modelling choice")
    seen_on_arrival: float = param(0.3, unit="ratio", low=0, high=1, source="modelling choice",
                                   doc="the same for a unit that arrives shortly after, relative to one that is there")
    arrival_minutes: int = param(10, unit="minutes", low=0, high=120, source="modelling choice",
                                 doc="what shortly after means")
    logged: tuple[float, ...] = by_type(
        (0.95, 0.92, 0.92, 0.98, 0.85, 1.0, 0.0, 0.6, 0.85),
        "share of reported events that the police record", unit="share", low=0, high=1,
        source="HMIC (2014), Crime-recording: making the victim count")
    service: float = param(1.0, unit="ratio", low=0, high=1, source="modelling choice",
                           doc="quality of the service in recording what is reported, relative to the reference")
    caught: float = param(0.75, unit="share", low=0, high=1, source="modelling choice",
                          doc="discovered acts whose offender is arrested at once")
    named: float = param(0.60, unit="share", low=0, high=1, calibrated=True,
                         source="calibrated to clearance rates (FBI, 2019)",
                         doc="recorded acts cleared because the victim knows the offender")
    description: float = param(0.14, unit="share", low=0, high=1, calibrated=True,
                               source="calibrated to clearance rates (FBI, 2019)",
                               doc="robberies and assaults cleared by the victim's description of a stranger, by day")
    witness: tuple[float, ...] = by_type(
        (0.010, 0.035, 0.015, 0.010, 0.070, 0.15, 0.0, 0.01, 0.02),
        "hazard of identification per log witness of average efficacy",
        unit="-", low=0, high=5, calibrated=True, source="calibrated to clearance rates (FBI, 2019)")
    witness_efficacy: float = param(0.25, unit="per sd", low=0, high=2,
                                    source="Sampson, Raudenbush & Earls (1997): direction",
                                    doc="log rise of witnesses' help with collective efficacy")
    traces: tuple[float, ...] = by_type(
        (0.13, 0.10, 0.12, 0.12, 0.14, 0.42, 0.0, 0.03, 0.15),
        "identification by traces and enquiries with full investigation time",
        unit="share", low=0, high=1, calibrated=True, source="calibrated to clearance rates (FBI, 2019)")
    case_hours: tuple[float, ...] = by_type(
        (3.0, 8.0, 1.0, 2.0, 5.0, 250.0, 1.0, 1.0, 12.0),
        "investigators' time wanted by a case", unit="hours", low=0, high=5_000,
        source="modelling choice")
    investigators: float = param(0.15, unit="share", low=0, high=1, source="modelling choice",
                                 doc="share of officers who investigate")
    named_days: float = param(3.0, unit="days", low=0, high=100, source="modelling choice",
                              doc="mean time to the arrest of somebody named by the victim")
    other_days: float = param(20.0, unit="days", low=0, high=100, source="modelling choice",
                              doc="mean time to other arrests after investigation")
    accomplice: float = param(0.6, unit="share", low=0, high=1, source="modelling choice",
                              doc="accomplices arrested with the main offender")
    hold_hours: float = param(12.0, unit="hours", low=0, high=96, source="modelling choice",
                              doc="time that an arrested person is held before release or diversion")
    custody_share: tuple[float, ...] = by_type(
        (0.35, 0.50, 0.12, 0.20, 0.15, 0.90, 0.15, 0.02, 0.5),
        "arrested adults without record who go to jail or prison",
        unit="share",
        low=0, high=1, source="Reaves (2013), felony defendants; misdemeanours: modelling choice")
    custody_days: tuple[float, ...] = by_type(
        (300.0, 800.0, 60.0, 150.0, 200.0, 4500.0, 150.0, 20.0, 700.0),
        "mean length of custody, jail and prison together",
        unit="days",
        low=0, high=30_000, source="Kaeble (2021), time served, shortened for jail terms: modelling choice")
    record: float = param(0.35, unit="logit per log arrest", low=0, high=3, source="modelling choice",
                          doc="rise of the odds of custody with earlier arrests")
    youth: float = param(1.0, unit="logit", low=0, high=5, source="modelling choice",
                         doc="fall of the odds of custody for minors, whose terms are also halved")
    stop_age: int = param(12, unit="years", low=0, high=30, source="modelling choice", doc="nobody younger is stopped")
    stop_check: float = param(0.7, unit="share", low=0, high=1, source="modelling choice",
                              doc="stops in which a person already wanted is recognised")

    def check(self, where: str) -> None:
        for name in ("seen", "logged", "witness", "traces", "case_hours", "custody_share", "custody_days"):
            found = len(getattr(self, name))
            if found != len(TYPES):
                raise SpecError(f"{where}.{name}: expected {len(TYPES)} values ({BY_TYPE}), found {found}")


COUNTS = ("arrests", "stops", "stop_hits", "discovered", "cleared", "entered", "released")


@mechanism
class Justice(Mechanism):
    """Police work on events and people.

    ``state["arrested"]`` and ``state["stopped"]`` hold the ids of the tick, ``state["solved"]`` the events cleared in
    it; ``model.arrests`` is the first of them.
    """

    name = "justice"
    cadence = "tick"
    Params = JusticeParams
    columns = {"residents": {
        "custody_until": Column("i4", 0, "tick", "in custody before this tick, free from it on"),
        "arrests": Column("i2", 0, "count", "times arrested", low=0),
        "stops": Column("i2", 0, "count", "times stopped", low=0),
    }}
    log = ("discovered", "recorded", "cleared", "cleared_day")

    def setup(self, model) -> None:
        none = np.empty(0, np.int64)
        self.state.update(next=0, load=0.0, arrested=none, stopped=none, solved=none, today=dict.fromkeys(COUNTS, 0),
                          **custody.new_state())

    def prepare(self, model) -> None:
        model.arrests = self.state.get("arrested", np.empty(0, np.int64))
        p = self.params
        self._tables = [np.asarray(t, float) for t in (p.seen, p.logged, p.witness, p.traces, p.case_hours)]
        patrol = model.mechanisms.get("patrol")
        per_1000 = patrol.params.officers_per_1000 if patrol is not None else 2.5
        self._weekly_hours = 30.0 * p.investigators * per_1000 / 1000  # per resident

    def step(self, model) -> None:
        s = self.state
        if model.slot == 0:
            s["today"] = dict.fromkeys(COUNTS, 0)
            s["load"] *= 0.5 ** (1 / 28)
        released = s["released"]
        custody.release(s, model.tick, model.residents)
        s["today"]["released"] += s["released"] - released
        found = self._stop(model)
        start, end = s["next"], len(model.log)
        s["next"] = end
        if end > start:
            self._process(model, start, end)
        self._arrest(model, *custody.dequeue(s, model.tick, found))
        model.arrests = s["arrested"]

    def record(self, model) -> dict[str, float]:
        s = self.state
        return {"in_custody": float(len(s["inmates"])), "wanted": float(len(s["wanted"])),
                **{name: float(s["today"][name]) for name in COUNTS}}

    # -- events -------------------------------------------------------------------------------------------------------

    def _process(self, model, start: int, end: int) -> None:
        p, s, log, r, v, layers = self.params, self.state, model.log, model.residents, model.visits, model.layers
        how, days = np.empty(end - start, np.int8), np.empty(end - start)
        weights = (p.seen_on_arrival, p.arrival_minutes, p.service, p.caught, p.named, p.description,
                   p.witness_efficacy, self._time(model), p.named_days, p.other_days)
        s["load"] += investigate(
            start, end, model.seed, INVESTIGATE, model.tick, model.slot * model.calendar.tick_minutes,
            model.calendar.tick_minutes, model.spec.interactions, log["tick"], log["cell"], log["minute"], log["type"],
            log["offender_id"], log["victim_id"], log["domestic"], log["reported"], r.row_of, r["key"], r["ties"],
            r["dwelling"], v.first, v.count, v.start, v.minutes, layers["at_home"], layers["in_public"],
            layers["efficacy"], layers["light"], model.levers["light"], *self._tables, weights, log["discovered"],
            log["recorded"], how, days)
        s["today"]["discovered"] += int(log["discovered"][start:end].sum())
        suspects = np.flatnonzero(how)
        wait = np.maximum(1, days[suspects] * model.calendar.ticks_per_day).astype(np.int64)
        due = model.tick + np.where(how[suspects] == CAUGHT, 0, wait)
        custody.enqueue(s, due, start + suspects, log["offender_id"][start + suspects])

    def _time(self, model) -> float:
        """Share of the wanted investigation time that is available; `load` has a half-life of 28 days."""
        if not model.spec.interactions:
            return 0.75
        weekly = self.state["load"] * 7 * np.log(2) / 28
        capacity = self._weekly_hours * len(model.residents)
        return capacity / (capacity + weekly) if capacity > 0 else 0.0

    # -- people -------------------------------------------------------------------------------------------------------

    def _stop(self, model) -> np.ndarray:
        """Stop people in public; returns the ids of those recognised as wanted."""
        s, r = self.state, model.residents
        s["stopped"] = np.empty(0, np.int64)
        if not model.spec.interactions:
            return s["stopped"]
        rows = stopped(model, self.params.stop_age)
        if not len(rows):
            return s["stopped"]
        np.add.at(r["stops"], rows, 1)
        s["stopped"] = np.sort(r["id"][rows])
        s["today"]["stops"] += len(rows)
        wanted = np.intersect1d(s["stopped"], s["wanted"])
        found = wanted[uniforms(model.seed, "justice.check", model.tick, wanted) < self.params.stop_check]
        s["today"]["stop_hits"] += len(found)
        return found

    def _arrest(self, model, cases: np.ndarray, suspects: np.ndarray) -> None:
        p, s, log, r = self.params, self.state, model.log, model.residents
        s["arrested"], s["solved"] = np.empty(0, np.int64), cases
        if not len(cases):
            return
        log["cleared"][cases] = True
        log["cleared_day"][cases] = model.day
        s["today"]["cleared"] += len(cases)
        others = log["co_offenders"][cases]
        ids = np.concatenate([suspects, others.ravel()])
        case = np.concatenate([cases, np.repeat(cases, others.shape[1])])
        mixed = event_keys(model, case) ^ (person_keys(model, ids) * np.uint64(0x9E3779B97F4A7C15))
        taken = ids >= 0
        taken[len(suspects):] &= uniforms(model.seed, "justice.accomplice", 0, mixed)[len(suspects):] < p.accomplice
        rows = np.where(taken, r.row_of[np.maximum(ids, 0)], -1)
        taken &= (rows >= 0) & r["alive"][rows]
        ids, case, rows, mixed = ids[taken], case[taken], rows[taken], mixed[taken]
        if not len(ids):
            return
        kind = log["type"][case]
        minor = model.day - r["birth_day"][rows] < 18 * 365
        share = np.clip(np.asarray(p.custody_share)[kind], 1e-6, 1 - 1e-6)
        odds = np.log(share / (1 - share)) + p.record * np.log1p(r["arrests"][rows]) - p.youth * minor
        jailed = uniforms(model.seed, "justice.custody", 0, mixed) < 1 / (1 + np.exp(-odds))
        days = -np.log(uniforms(model.seed, "justice.term", 0, mixed)) * np.asarray(p.custody_days)[kind]
        tpd = model.calendar.ticks_per_day
        held = int(np.ceil(p.hold_hours / model.calendar.tick_hours))
        term = np.minimum(np.where(jailed, np.maximum(days * np.where(minor, 0.5, 1.0), 1) * tpd, 0), 2**28)
        until = model.tick + 1 + np.maximum(held, term.astype(np.int64))
        people, at = np.unique(ids, return_inverse=True)
        end = np.zeros(len(people), np.int64)
        np.maximum.at(end, at, until)
        r["arrests"][r.rows(people)] += 1
        s["arrested"] = people
        s["today"]["arrests"] += len(people)
        if not model.spec.interactions:  # who is held is missed by others, at home and in the street
            return
        entered = s["entered"]
        custody.commit_to_custody(s, people, end, r)
        s["today"]["entered"] += s["entered"] - entered


def clearance(log, kind: str, before_day: int, calendar) -> float:
    """Cleared share of the recorded events of a type dated before a day (nan when there are none)."""
    chosen = (log["type"] == CODE[kind]) & log["recorded"] & (log["tick"] < (before_day + calendar.burn_in_days)
                                                               * calendar.ticks_per_day)
    return float(log["cleared"][chosen].mean()) if chosen.any() else float("nan")
