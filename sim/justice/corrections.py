"""Corrections: supervision, prison and its programmes, re-entry and what becomes of those released."""

from __future__ import annotations

import numpy as np

from sim.columns import Column
from sim.draws import uniforms
from sim.drugs.tables import empty, insert, keep, position
from sim.justice import inside, reentry, supervision
from sim.justice.corrections_params import CorrectionsParams
from sim.mechanism import Mechanism
from sim.registry import mechanism
from sim.sets import among

COUNTS = ("released", "violations", "brief", "revoked", "programmes", "treated")


@mechanism
class Corrections(Mechanism):
    """What happens to people under sentence, inside and outside.

    ``state["recalled"]`` (ids) and ``state["recalled_until"]`` are of the tick: violations answered with custody,
    which justice carries out. ``state["placed"]`` holds the ids of those who have been given work. Without interactions
    nobody is held or supervised.
    """

    name = "corrections"
    cadence = "tick"
    Params = CorrectionsParams
    columns = {"residents": {
        "detained": Column("u1", 0, "code", "0 free, 1 unsentenced, 2 sentenced"),
        "supervised_until": Column("i4", 0, "tick", "under supervision before this tick"),
        "skills": Column("f4", 0, "sd", "self-control gained in programmes or lost in custody", low=-2, high=2),
        "mandate": Column("u1", 0, "0/1", "ordered into treatment of drug use"),
        "treated_inside": Column("u1", 0, "code", "completed treatment inside: 1 yes, 2 and followed outside"),
        "followed": Column("u1", 0, "0/1", "in aftercare after release"),
        "placed": Column("u1", 0, "0/1", "given work after release"),
    }}

    def setup(self, model) -> None:
        none = np.empty(0, np.int64)
        self.state.update(stays=empty(inside.STAY), minds=empty(inside.MIND), supervised=empty(supervision.TABLE),
                          followed=empty(reentry.HELP), placements=empty(reentry.HELP), treated=empty(reentry.HELP),
                          past=empty(reentry.PAST), recalled=none, recalled_until=none, placed=none,
                          today=dict.fromkeys(COUNTS, 0))

    def step(self, model) -> None:
        s = self.state
        if model.slot == 0:
            s["today"] = dict.fromkeys(COUNTS, 0)
        if len(s["recalled"]):
            s["recalled"] = s["recalled_until"] = np.empty(0, np.int64)
        justice = model.mechanisms.get("justice")
        if justice is None or not justice.params.enabled or not model.spec.interactions:
            return
        self._enter_and_leave(model, justice.state)
        if len(justice.state["sentences"]["id"]):
            self._sentenced(model, justice.state["sentences"])
        if len(justice.state["arrested"]):
            reentry.rearrested(s["past"], justice.state["arrested"], model.day)
        if model.slot == model.calendar.ticks_per_day - 1:
            day = np.uint64((model.tick // model.calendar.ticks_per_day) % 7)
            self._supervise(model, day)
            self._inside(model, day)
            self._outside(model, day)

    def record(self, model) -> dict[str, float]:
        s = self.state
        held, year = s["stays"]["served"], reentry.year_later(s["past"], model.day)
        return {"corrections.unsentenced": float((~held).sum()), "corrections.sentenced": float(held.sum()),
                "corrections.supervised": float(len(s["supervised"]["id"])),
                "corrections.followed": float(len(s["followed"]["id"])),
                "corrections.placed": float(len(s["placements"]["id"])), **year,
                **{f"corrections.{name}": float(s["today"][name]) for name in COUNTS}}

    @staticmethod
    def _turn(model, ids: np.ndarray, day: np.uint64) -> np.ndarray:
        """Whose weekly turn it is today, among people who are there."""
        return (model.residents["key"][model.residents.rows(ids)] >> np.uint64(6)) % np.uint64(7) == day

    # -- in and out ---------------------------------------------------------------------------------------------------

    def _enter_and_leave(self, model, justice: dict) -> None:
        """Follow who is inside, and send off those who leave."""
        r, stays = model.residents, self.state["stays"]
        ids, served = justice["inmates"], justice["served"]
        if len(ids) != len(stays["id"]) or not np.array_equal(ids, stays["id"]):
            gone = ~among(stays["id"], ids)
            left = {name: values[gone] for name, values in stays.items()}
            keep(stays, ~gone)
            new = ids[~among(ids, stays["id"])]
            insert(stays, dict(id=new, since=np.full(len(new), model.tick)))
            rows = r.find(left["id"])
            here = (rows >= 0) & r["alive"][np.maximum(rows, 0)]
            r["detained"][rows[here]] = 0
            self._released(model, {name: values[here] for name, values in left.items()})
        elif np.array_equal(served, stays["served"]):
            return
        stays["served"] = served.copy()
        r["detained"][r.rows(ids)] = np.where(served, 2, 1)

    def _released(self, model, left: dict) -> None:
        """Re-entry of those who were inside for long."""
        p, s, r, tpd = self.params, self.state, model.residents, model.calendar.ticks_per_day
        days = (model.tick - left["since"]) / tpd
        back = days >= p.reentry_after
        ids, served, days = left["id"][back], left["served"][back], days[back]
        if not len(ids):
            return
        s["today"]["released"] += len(ids)
        rows = r.rows(ids)
        key = r["key"][rows]

        def draw(name):
            return uniforms(model.seed, f"corrections.{name}", model.tick, key)

        reentry.follow_up(s["past"], ids, model.day)
        parole = served & (days >= p.parole_after) & (draw("parole") < p.parole)
        self._place(model, ids[parole], supervision.PAROLE, p.parole_days)
        until = np.full(len(ids), model.tick + int(p.follow_days * tpd))
        followed = draw("aftercare") < model.levers["aftercare"]
        reentry.help_(s["followed"], ids[followed], until[followed])
        r["followed"][rows[followed]] = 1
        treated = r["treated_inside"][rows] > 0
        reentry.help_(s["treated"], ids[treated], until[treated])
        r["treated_inside"][rows[treated & followed]] = 2
        given = (draw("job") < model.levers["reentry_jobs"]) & reentry.jobless(model, rows)
        reentry.help_(s["placements"], ids[given], until[given])

    def _sentenced(self, model, sentences: dict) -> None:
        """Supervision for those who are not sent to custody."""
        p, r = self.params, model.residents
        free, court = ~sentences["custody"], sentences["drug_court"]
        probation = uniforms(model.seed, "corrections.probation", 0, sentences["key"]) < p.probation
        ids = np.unique(sentences["id"][court])
        self._place(model, ids, supervision.DRUG_COURT, p.probation_days)
        r["mandate"][r.rows(ids)] = 1
        self._place(model, np.unique(sentences["id"][free & ~court & probation]), supervision.PROBATION,
                    p.probation_days)

    def _place(self, model, ids: np.ndarray, kind: int, days: float) -> None:
        if not len(ids):
            return
        table, r = self.state["supervised"], model.residents
        until = np.full(len(ids), model.tick + max(1, int(days * model.calendar.ticks_per_day)))
        supervision.place(table, ids, np.full(len(ids), kind), until)
        r["supervised_until"][r.rows(ids)] = table["until"][position(table, ids)]

    # -- a day --------------------------------------------------------------------------------------------------------

    def _supervise(self, model, day: np.uint64) -> None:
        p, s, r, table = self.params, self.state, model.residents, self.state["supervised"]
        done = supervision.end(model, table)
        r["mandate"][r.rows(done)] = 0
        if not len(table["id"]):
            return
        rows = r.rows(table["id"])
        answers = supervision.check(model, p, table,
                                    self._turn(model, table["id"], day) & (r["custody_until"][rows] <= model.tick))
        tpd = model.calendar.ticks_per_day
        ids, until = [], []
        for name, days in (("brief", p.brief_days), ("revoked", p.revoked_days), ("failed", p.court_failed_days)):
            who = table["id"][answers[name]]
            ids.append(who)
            until.append(np.full(len(who), model.tick + 1 + int(np.ceil(days * tpd))))
        answered = np.concatenate(ids)
        warned = table["id"][answers["warned"]]
        if len(answered) + len(warned) and "risk" in r:
            more = np.concatenate([np.full(len(answered), p.brief_risk), np.full(len(warned), p.warned_risk)])
            model.propose("residents", "risk", np.concatenate([answered, warned]), more)
        s["recalled"], s["recalled_until"] = answered, np.concatenate(until)
        out = np.concatenate([answers["revoked"], answers["failed"]])
        gone = table["id"][out]
        r["supervised_until"][r.rows(gone)] = model.tick
        r["mandate"][r.rows(gone)] = 0
        again = table["id"][answers["brief"]][table["kind"][answers["brief"]] == supervision.DRUG_COURT]
        r["mandate"][r.rows(again)] = 1  # whoever has left treatment is ordered into it again
        s["today"]["violations"] += sum(map(len, answers.values()))
        s["today"]["brief"] += len(answers["brief"])
        s["today"]["revoked"] += len(gone)
        keep(table, ~among(np.arange(len(table["id"])), out))

    def _inside(self, model, day: np.uint64) -> None:
        p, s, r, stays = self.params, self.state, model.residents, self.state["stays"]
        long = stays["served"] | (model.tick - stays["since"] >= 7 * model.calendar.ticks_per_day)
        turn = long & self._turn(model, stays["id"], day) & r["alive"][r.rows(stays["id"])]
        if not turn.any():
            return
        inside.learn(model, p, stays, s["minds"], turn)
        r["skills"][r.rows(stays["id"][turn])] = self._skills(stays["id"][turn])
        treated = inside.treat(model, p, stays, turn)
        r["treated_inside"][r.rows(treated)] = 1
        s["today"]["treated"] += len(treated)
        for column, ids, amounts in inside.contacts(model, p, stays, turn):
            model.propose("residents", column, ids, amounts)

    def _skills(self, ids: np.ndarray) -> np.ndarray:
        minds = self.state["minds"]
        at = position(minds, ids)
        return (minds["gain"] - minds["loss"])[at]

    def _outside(self, model, day: np.uint64) -> None:
        """Aftercare and work run out; what was learned inside fades; help finds work."""
        p, s, r = self.params, self.state, model.residents
        for table, column in (("followed", "followed"), ("placements", "placed"), ("treated", "treated_inside")):
            r[column][r.rows(reentry.end(model, s[table]))] = 0
        r["skills"][r.rows(inside.drop_forgotten(model, s["minds"], s["stays"]))] = 0
        minds = s["minds"]
        turn = self._turn(model, minds["id"], day) & ~among(minds["id"], s["stays"]["id"])
        if turn.any():
            inside.forget(model, p, minds, turn, among(minds["id"], s["followed"]["id"]))
            r["skills"][r.rows(minds["id"][turn])] = (minds["gain"] - minds["loss"])[turn]
        if "use" in r:  # aftercare brings those who have relapsed into treatment
            back = r.rows(s["followed"]["id"])
            r["mandate"][back[r["use"][back] == 2]] = 1
        reentry.find_work(model, p, s["followed"], s["placements"], self._turn(model, s["followed"]["id"], day))
        s["placed"] = s["placements"]["id"].copy()
        r["placed"][r.rows(s["placed"])] = 1
        reentry.keep_at_work(model, s["placed"])
        s["today"]["programmes"] = int((minds["gain"] > 0).sum())
