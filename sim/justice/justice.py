"""Justice: discovery, recording, investigation, arrest, courts, custody and release; stops of people in public.

The four layers of crime meet here: what happened may be reported by a victim, discovered by a patrol, and only then
recorded; what is recorded may be cleared by an arrest, at once or after an investigation. An arrest may end with a
bribe, a caution, in a programme, or in court, after detention or not (`courts`).
"""

from __future__ import annotations

import numpy as np

from sim.columns import Column
from sim.draws import decision, uniforms
from sim.drugs.tables import empty
from sim.guardianship.calls import LONG
from sim.guardianship.events import event_keys, person_keys
from sim.justice import courts, custody
from sim.justice.arrests import bought_off, sought
from sim.justice.detection import CAUGHT, investigate
from sim.justice.params import JusticeParams
from sim.justice.response import respond
from sim.justice.stops import stopped
from sim.mechanism import Mechanism
from sim.records import CODE
from sim.registry import mechanism
from sim.sets import among, distinct

INVESTIGATE = decision("justice.investigate")
COUNTS = ("arrests", "stops", "stop_hits", "discovered", "cleared", "entered", "released")
ANSWERS = ("calls", "answered_soon", "caught")  # calls made at once, those with a unit there soon; caught in the act
SOON = 15  # minutes from the act within which a unit is there soon
COURTS = ("cautioned", "diverted", "net_widening", "charged", "detained", "decided", "convicted", "to_custody",
          "drug_court")


@mechanism
class Justice(Mechanism):
    """Police work on events and people, courts and custody.

    Of the tick: ``state["arrested"]``, ``state["stopped"]``, ``state["bribed"]`` (let go for money; with
    ``state["bribed_days"]``, what they faced) and ``state["freed"]`` hold ids, ``state["solved"]`` the events cleared,
    ``state["sentences"]`` what courts decided; ``model.arrests`` is the first of them. ``state["docket"]`` is the
    courts' queue.

    Without interactions arrests are only counted: who is held is missed by others, at home and in the street.
    """

    name = "justice"
    cadence = "tick"
    Params = JusticeParams
    columns = {"residents": {
        "custody_until": Column("i4", 0, "tick", "in custody before this tick, free from it on"),
        "arrests": Column("i2", 0, "count", "times arrested", low=0),
        "stops": Column("i2", 0, "count", "times stopped", low=0),
        "convictions": Column("i2", 0, "count", "times convicted: the record that employers and courts see", low=0),
    }}
    log = ("discovered", "recorded", "cleared", "cleared_day")

    def setup(self, model) -> None:
        none = np.empty(0, np.int64)
        self.state.update(next=0, load=0.0, arrested=none, stopped=none, solved=none, bribed=none, sought=none,
                          bribed_days=np.empty(0),
                          today=dict.fromkeys(COUNTS + COURTS + ANSWERS, 0), docket=empty(courts.DOCKET),
                          sentences=empty(courts.SENTENCES), **custody.new_state())

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
            s["today"] = dict.fromkeys(COUNTS + COURTS + ANSWERS, 0)
            s["load"] *= 0.5 ** (1 / 28)
            s["sought"] = s["sought"][:0]
        if len(s["sentences"]["id"]):
            s["sentences"] = empty(courts.SENTENCES)
        released = s["released"]
        custody.release(s, model.tick, model.residents)
        s["today"]["released"] += s["released"] - released
        if model.spec.interactions:
            self._recall(model)
            if model.slot == 0:
                self._hear(model)
        found = self._stop(model)
        start, end = s["next"], len(model.log)
        s["next"] = end
        if end > start:
            self._process(model, start, end)
        self._arrest(model, *custody.dequeue(s, model.tick, found))
        model.arrests = s["arrested"]

    def record(self, model) -> dict[str, float]:
        s = self.state
        waiting, served = int(((s["until"] == custody.OPEN) & ~s["served"]).sum()), int(s["served"].sum())
        return {"in_custody": float(len(s["inmates"])), "wanted": float(len(s["wanted"])),
                "unsentenced_share": waiting / (waiting + served) if waiting + served else float("nan"),
                "courts.pending": float(len(s["docket"]["id"])),
                **{name: float(s["today"][name]) for name in COUNTS},
                **{f"courts.{name}": float(s["today"][name]) for name in COURTS},
                **({f"response.{name}": float(s["today"][name]) for name in ANSWERS} if self.params.answer_calls
                   else {})}

    # -- events -------------------------------------------------------------------------------------------------------

    def _process(self, model, start: int, end: int) -> None:
        p, s, log, r, v, layers = self.params, self.state, model.log, model.residents, model.visits, model.layers
        how, days = np.empty(end - start, np.int8), np.empty(end - start)
        weights = (p.seen_on_arrival, p.arrival_minutes, p.service, p.caught, p.named, p.description,
                   p.witness_efficacy, self._time(model), p.named_days, p.other_days, p.footage, p.named_work)
        at_scene, heard = self._respond(model, start, end)
        s["load"] += investigate(
            start, end, model.seed, INVESTIGATE, model.tick, model.slot * model.calendar.tick_minutes,
            model.calendar.tick_minutes, model.spec.interactions, log["tick"], log["cell"], log["minute"], log["type"],
            log["offender_id"], log["victim_id"], log["domestic"], log["reported"], r.row_of, r["key"], r["ties"],
            r["dwelling"], v.first, v.count, v.start, v.minutes, layers["at_home"], layers["in_public"],
            layers["efficacy"], layers["light"], model.levers["light"], model.levers["cameras"], log["outdoors"],
            *self._tables, weights, at_scene, heard, log["discovered"], log["recorded"], how, days)
        s["today"]["discovered"] += int(log["discovered"][start:end].sum())
        s["today"]["caught"] += int((how == CAUGHT).sum())
        suspects = np.flatnonzero(how)
        wait = np.maximum(1, days[suspects] * model.calendar.ticks_per_day).astype(np.int64)
        due = model.tick + np.where(how[suspects] == CAUGHT, 0, wait)
        custody.enqueue(s, due, start + suspects, log["offender_id"][start + suspects])

    def _respond(self, model, start: int, end: int) -> tuple[np.ndarray, np.ndarray]:
        """Chance of an arrest at the scene, and what victims and witnesses can still tell, for new events."""
        p, log, r, v = self.params, model.log, model.residents, model.visits
        wait, at_scene, heard = np.empty(end - start), np.zeros(end - start), np.ones(end - start)
        patrol = model.mechanisms.get("patrol")
        if not p.answer_calls or patrol is None:
            return at_scene, heard
        weights = (*patrol.to_calls(model), p.call_minutes, p.on_scene_home, p.held, p.near, p.search_minutes,
                   p.spread_minutes, p.witnesses_leave, p.witnesses_lost, patrol.alone())
        respond(start, end, model.seed, INVESTIGATE, model.tick, model.slot * model.calendar.tick_minutes,
                model.calendar.tick_minutes, log["tick"], log["cell"], log["minute"], log["type"], log["offender_id"],
                log["victim_id"], log["domestic"], log["reported"], r.row_of, r["key"], v.cell, v.start, v.minutes,
                model.city.grid.width, np.asarray(p.at_once, float), np.asarray(p.on_scene, float),
                p.units_sent, weights, wait, at_scene, heard)
        called = wait < LONG
        self.state["today"]["calls"] += int(called.sum())
        self.state["today"]["answered_soon"] += int((wait[called] <= SOON).sum())
        return at_scene, heard

    def _time(self, model) -> float:
        """Share of the wanted investigation time that is available; `load` has a half-life of 28 days."""
        if not model.spec.interactions:
            return 0.75
        weekly = self.state["load"] * 7 * np.log(2) / 28
        capacity = self._weekly_hours * len(model.residents) * (1 + model.levers["force"])
        return capacity / (capacity + weekly) if capacity > 0 else 0.0

    # -- people -------------------------------------------------------------------------------------------------------

    def _stop(self, model) -> np.ndarray:
        """Stop people in public; returns the ids of those recognised as wanted."""
        s, r = self.state, model.residents
        s["stopped"] = np.empty(0, np.int64)
        if not model.spec.interactions:
            return s["stopped"]
        rows = stopped(model, self.params.stop_age, self.params.stop_known, self.params.stop_suspicion)
        if not len(rows):
            return s["stopped"]
        np.add.at(r["stops"], rows, 1)
        s["stopped"] = np.sort(r["id"][rows])
        s["today"]["stops"] += len(rows)
        wanted = distinct(s["stopped"][among(s["stopped"], s["wanted"])])
        keys = person_keys(model, wanted)
        found = wanted[uniforms(model.seed, "justice.check", model.tick, keys) < self.params.stop_check]
        s["today"]["stop_hits"] += len(found)
        return found

    def _arrest(self, model, cases: np.ndarray, suspects: np.ndarray) -> None:
        p, s, log, r = self.params, self.state, model.log, model.residents
        none = np.empty(0, np.int64)
        s["arrested"], s["bribed"], s["bribed_days"], s["solved"] = none, none, np.empty(0), cases
        others = sought(model, s) if model.spec.interactions else None
        if not len(cases) and others is None:
            return
        ids, kind, key = self._suspects(model, cases, suspects) if len(cases) else (none, none, none.astype(np.uint64))
        if model.spec.interactions:
            s["bribed"], s["bribed_days"] = bought_off(model, p, ids, kind)
            paid = among(ids, s["bribed"])
            ids, kind, key = ids[~paid], kind[~paid], key[~paid]
            s["solved"] = cases = cases[~among(suspects, s["bribed"])]
        if others is not None:
            s["sought"] = np.union1d(s["sought"], others["id"])
            ids, kind, key = (np.concatenate([a, others[n]]) for a, n in ((ids, "id"), (kind, "kind"), (key, "key")))
        log["cleared"][cases] = True
        log["cleared_day"][cases] = model.day
        s["today"]["cleared"] += len(cases)
        if not len(ids):
            return
        people = distinct(ids)
        r["arrests"][r.rows(people)] += 1
        s["arrested"] = people
        s["today"]["arrests"] += len(people)
        if model.spec.interactions:
            self._deal_with(model, people, ids, kind, key)

    def _suspects(self, model, cases: np.ndarray, suspects: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Who is arrested for the cases, accomplices included: ids, types and keys of (person, event)."""
        log, r = model.log, model.residents
        others = log["co_offenders"][cases]
        ids = np.concatenate([suspects, others.ravel()])
        case = np.concatenate([cases, np.repeat(cases, others.shape[1])])
        mixed = event_keys(model, case) ^ (person_keys(model, ids) * np.uint64(0x9E3779B97F4A7C15))
        taken = ids >= 0
        told = uniforms(model.seed, "justice.accomplice", 0, mixed)[len(suspects):] < self.params.accomplice
        taken[len(suspects):] &= told
        rows = np.where(taken, r.row_of[np.maximum(ids, 0)], -1)
        taken &= (rows >= 0) & r["alive"][rows]
        return ids[taken], log["type"][case[taken]].astype(np.int64), mixed[taken]

    def _deal_with(self, model, people: np.ndarray, ids, kind, key) -> None:
        """Hold the arrested; end their cases out of court or enter them into the docket."""
        p, s, r = self.params, self.state, model.residents
        entered, today = s["entered"], s["today"]
        held = max(int(np.ceil(p.hold_hours / model.calendar.tick_hours)), 0)
        custody.commit_to_custody(s, people, np.full(len(people), model.tick + 1 + held), r)
        rows = r.rows(ids)
        minor = model.day - r["birth_day"][rows] < 18 * 365
        cautioned, programme = courts.keep_out_of_court(model, p, rows, kind, key, minor)
        court = ~(cautioned | programme)
        remand = courts.charge(model, p, s["docket"], ids[court], rows[court], kind[court], key[court], minor[court])
        custody.detain(s, np.unique(ids[court][remand]), r)
        today["entered"] += s["entered"] - entered
        for name, which in (("cautioned", cautioned & ~programme), ("diverted", programme), ("charged", court),
                            ("net_widening", cautioned & programme), ("detained", remand)):
            today[name] += int(which.sum())

    # -- courts -------------------------------------------------------------------------------------------------------

    def _hear(self, model) -> None:
        """A day in court."""
        s, r, today = self.state, model.residents, self.state["today"]
        decided = courts.proceed(model, self.params, s["docket"], 1.0)
        if not len(decided["id"]):
            return
        still = s["docket"]["id"][s["docket"]["remand"]]
        custody.end_detention(s, np.setdiff1d(decided["id"][decided["remand"]], still), model.tick, r)
        s["sentences"], drawn_in = courts.sentence(model, self.params, decided)
        out = s["sentences"]
        np.add.at(r["convictions"], r.rows(out["id"]), 1)
        self._lock_up(model, out["id"][out["custody"]], out["until"][out["custody"]])
        today["decided"] += len(decided["id"])
        today["convicted"] += len(out["id"])
        today["to_custody"] += int(out["custody"].sum())
        today["drug_court"] += int(out["drug_court"].sum())
        today["net_widening"] += drawn_in

    def _recall(self, model) -> None:
        """Take in those whose violations under supervision were answered with custody in the tick before."""
        corrections = model.mechanisms.get("corrections")
        if corrections is not None and corrections.params.enabled and len(corrections.state["recalled"]):
            ids, until = corrections.state["recalled"], corrections.state["recalled_until"]
            rows = model.residents.find(ids)
            here = (rows >= 0) & model.residents["alive"][np.maximum(rows, 0)] & (until > model.tick)
            self._lock_up(model, ids[here], until[here])

    def _lock_up(self, model, ids: np.ndarray, until: np.ndarray) -> None:
        """Sentenced custody for people, who may be named more than once."""
        if not len(ids):
            return
        s, (people, at) = self.state, np.unique(ids, return_inverse=True)
        end, entered = np.zeros(len(people), np.int64), s["entered"]
        np.maximum.at(end, at, until)
        custody.commit_to_custody(s, people, end, model.residents, served=True)
        s["today"]["entered"] += s["entered"] - entered


def clearance(log, kind: str, before_day: int, calendar) -> float:
    """Cleared share of the recorded events of a type dated before a day (nan when there are none)."""
    chosen = (log["type"] == CODE[kind]) & log["recorded"] & (log["tick"] < (before_day + calendar.burn_in_days)
                                                               * calendar.ticks_per_day)
    return float(log["cleared"][chosen].mean()) if chosen.any() else float("nan")
