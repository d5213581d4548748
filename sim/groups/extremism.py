"""Recruitment to violent extremism: grievance and exposure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.columns import Column
from sim.draws import mix_arrays, uniforms
from sim.groups.carrying import carried
from sim.groups.people import my_turn
from sim.groups.table import mixed
from sim.mechanism import Mechanism, MechanismParams
from sim.parameters import param
from sim.records import CODE, MOTIVES
from sim.registry import mechanism

SYMPATHISER, RECRUIT = 1, 2
AGES = 14, 45
_CHOICE = "modelling choice; form after McCauley and Moskalenko 2008"


@dataclass(frozen=True)
class ExtremismParams(MechanismParams):
    """Settings of extremism."""

    enabled: bool = param(False, unit="-", source="modelling choice", doc="true switches the whole mechanism on")
    share: float = param(0.004, unit=f"share of residents {AGES[0]}-{AGES[1]}", low=0, high=0.1, source=_CHOICE,
                         doc="sympathisers at the start; the hazard that keeps them there is worked out")
    online: float = param(0.15, unit="ties", low=0, high=2, source=_CHOICE,
                          doc="exposure of everybody, relative to a friend who sympathises")
    hardship: float = param(1.0, unit="log hazard", low=0, high=5, source=_CHOICE,
                            doc="how much hardship adds to grievance")
    distrust: float = param(2.0, unit="log hazard", low=0, high=10, source="Tyler, Schulhofer and Huq 2010 (direction)",
                            doc="how much trust in the police that is missing adds")
    slight: float = param(0.4, unit="log hazard each", low=0, high=5, source="Tyler, Schulhofer and Huq 2010 "
                          "(direction)", doc="how much a stop or an arrest of one's own adds; it fades")
    singled_out: float = param(0.3, unit="log hazard", low=0, high=5, source=_CHOICE,
                               doc="how much it adds when one's neighbourhood is stopped twice as often as the city")
    fading: float = param(365.0, unit="days", low=10, high=5_000, source="modelling choice",
                          doc="memory for stops and arrests")
    commit: float = param(0.002, unit="per week", low=0, high=0.2, source=_CHOICE,
                          doc="hazard that a sympathiser without grievance becomes a recruit")
    turn_away: float = param(0.012, unit="per week", low=0, high=0.5, source="modelling choice; Horgan 2009 (most "
                             "disengage)", doc="hazard of leaving the movement by a step")
    act: float = param(0.0008, unit="per week", low=0, high=0.2, source="modelling choice",
                       doc="hazard of a violent act of a recruit")
    lethal_firearm: float = param(0.3, unit="share", low=0, high=1, source="modelling choice",
                                  doc="acts with a firearm that kill")
    lethal_other: float = param(0.05, unit="share", low=0, high=1, source="modelling choice",
                                doc="acts without a firearm that kill")


@mechanism
class Extremism(Mechanism):
    """From grievance and exposure to sympathy, from sympathy to a movement, and back.

    The hazard of sympathising is exposure (friends who sympathise, and what reaches everybody) times the exponential of
    grievance (hardship, distrust, own stops and arrests, a neighbourhood that is singled out): either alone does little
    (McCauley and Moskalenko 2008). A few sympathisers are recruited, most turn away again, a very few act. Without
    interactions nobody is exposed to friends and nobody acts. Switched off unless asked for.
    """

    name = "extremism"
    cadence = "tick"
    Params = ExtremismParams
    columns = {"residents": {
        "radical": Column("u1", 0, "code", "0 no, 1 sympathiser, 2 recruit"),
        "slights": Column("f4", 0, "count", "own stops and arrests, fading", low=0),
        "slights_known": Column("i4", 0, "count", "stops and arrests that have been counted in"),
    }}

    def prepare(self, model) -> None:
        if self.params.enabled and not self.state:
            self._begin(model)

    def _begin(self, model) -> None:
        r, p = model.residents, self.params
        rows = self._of_age(model, np.arange(len(r)))
        r["slights_known"][:] = self._contacts(model)
        grievance = self._grievance(model, rows)
        luck = -np.log(-np.log(uniforms(model.spec.seed, "extremism.first", 0, r["key"][rows])))
        first = rows[np.lexsort((r["id"][rows], -(grievance + luck)))[: int(round(p.share * len(rows)))]]
        r["radical"][first] = SYMPATHISER
        out = p.turn_away * np.exp(-self._grievance(model, first)).sum()
        others = rows[r["radical"][rows] == 0]
        pressure = (self._exposure(model, others) * np.exp(self._grievance(model, others))).sum()
        self.state.update(enter=float(out / pressure) if pressure > 0 else 0.0, ready=np.empty(0, np.int64), acts=0)

    def step(self, model) -> None:
        s = self.state
        if model.slot == 0:
            s["acts"] = 0
        if len(s["ready"]):
            self._act(model)
        if model.slot == model.calendar.ticks_per_day - 1:
            self._week(model, (model.day + model.calendar.burn_in_days) % 7)

    def record(self, model) -> dict[str, float]:
        if not self.state:
            return {}
        stage = model.residents["radical"][model.residents["alive"]]
        return {"extremism.sympathisers": float((stage == SYMPATHISER).sum()),
                "extremism.recruits": float((stage == RECRUIT).sum()), "extremism.acts": float(self.state["acts"])}

    # -- parts -----------------------------------------------------------------------------------------------------

    @staticmethod
    def _of_age(model, rows: np.ndarray) -> np.ndarray:
        age = model.age()[rows]
        ok = model.residents["alive"][rows] & (age >= AGES[0]) & (age <= AGES[1])
        if model.spec.banned:
            ok &= ~np.isin(model.residents["id"][rows], np.array(model.spec.banned, np.int64))
        return rows[ok]

    @staticmethod
    def _contacts(model) -> np.ndarray:
        r = model.residents
        if not model.spec.interactions:
            return np.zeros(len(r), np.int64)
        return r["stops"].astype(np.int64) + r["arrests"]

    def _grievance(self, model, rows: np.ndarray) -> np.ndarray:
        r, p = model.residents, self.params
        out = p.hardship * r["hardship"][rows] + p.distrust * np.clip(0.6 - r["trust"][rows], 0.0, 0.6)
        out = out + p.slight * np.minimum(r["slights"][rows], 5.0)
        if model.spec.interactions:
            area, alive = np.maximum(r["area"], 0), r["alive"]
            heads = np.bincount(area[alive], minlength=int(area.max(initial=0)) + 1)
            mean = np.bincount(area[alive], r["stops"][alive], len(heads)) / np.maximum(heads, 1)
            city = float(r["stops"][alive].mean(dtype=float)) if alive.any() else 0.0
            more = np.clip(mean / city - 1.0, 0.0, 3.0) if city > 0 else np.zeros(len(heads))
            out = out + p.singled_out * more[area[rows]]
        return out.astype(float)

    def _exposure(self, model, rows: np.ndarray) -> np.ndarray:
        r, p = model.residents, self.params
        out = np.full(len(rows), p.online)
        if model.spec.interactions:
            friends = r.find(r["ties"][rows])
            out += ((friends >= 0) & (r["radical"][np.maximum(friends, 0)] > 0)).sum(axis=1)
        return out

    def _week(self, model, turn: int) -> None:
        """A seventh of the residents take a step in or out, all looking at the same state of affairs."""
        s, p, r = self.state, self.params, model.residents
        rows = np.flatnonzero(my_turn(r["key"], turn) & r["alive"])
        contacts = self._contacts(model)[rows]
        r["slights"][rows] *= np.float32(np.exp(-7.0 / p.fading))
        r["slights"][rows] += np.maximum(contacts - r["slights_known"][rows], 0).astype(np.float32)
        r["slights_known"][rows] = contacts
        radical = r["radical"]
        young, members = self._of_age(model, rows), rows[radical[rows] > 0]
        rows = np.union1d(young[radical[young] == 0], members)
        stage, key = radical[rows].copy(), r["key"][rows]
        anger = np.exp(np.clip(self._grievance(model, rows), 0.0, 6.0))
        bond = np.exp(0.5 * model.levers["bond"][rows])
        hazard = np.select(
            [stage == 0, stage == SYMPATHISER], [s["enter"] * self._exposure(model, rows) * anger / bond,
                                                 p.commit * anger / bond], 0.0)
        up = uniforms(model.seed, "extremism.in", model.tick, key) < 1.0 - np.exp(-hazard)
        down = uniforms(model.seed, "extremism.out", model.tick, key) < 1.0 - np.exp(-p.turn_away * bond / anger)
        radical[rows] = np.where(up, stage + 1, np.where(down & (stage > 0), stage - 1, stage)).astype(np.uint8)
        if model.spec.interactions:
            recruits = rows[radical[rows] == RECRUIT]
            acts = uniforms(model.seed, "extremism.acts", model.tick, r["key"][recruits]) < 1.0 - np.exp(-p.act)
            s["ready"] = np.union1d(s["ready"], r["id"][recruits[acts]]).astype(np.int64)

    def _act(self, model) -> None:
        """Those who are ready strike when they are out among others."""
        s, r = self.state, model.residents
        rows = r.find(s["ready"])
        s["ready"] = s["ready"][(rows >= 0) & r["alive"][np.maximum(rows, 0)] & (r["radical"][rows] == RECRUIT)]
        gone = model.leaving()
        struck = model.log["victim_id"][model.new_events]
        least = model.mechanisms["offending"].params.min_age
        for who in s["ready"].tolist():
            row = int(r.find(np.array([who]))[0])
            out = 2 <= r["activity"][row] <= 5 and r["custody_until"][row] <= model.tick
            if not out or model.age()[row] < least or who in gone or who in struck:
                continue
            there = np.flatnonzero((r["cell"] == r["cell"][row]) & r["alive"])
            there = there[(r["activity"][there] >= 1) & (r["activity"][there] <= 5) & (there != row)]
            there = there[~np.isin(r["id"][there], gone) & ~np.isin(r["id"][there], struck)]
            if not len(there):
                continue
            victim = there[np.argmin(mixed(mixed(r["key"][row], model.tick), r["key"][there]))]
            self._strike(model, row, victim)
            struck = np.append(struck, [who, r["id"][victim]])
            s["ready"] = s["ready"][s["ready"] != who]

    def _strike(self, model, row: int, victim: int) -> None:
        r, p = model.residents, self.params
        key = r["key"][[row]]
        u = [uniforms(model.seed, "extremism.strike", model.tick, key, k)[0] for k in range(3)]
        firearm = bool(carried(model, np.array([row]))[0])
        lethal = u[0] < (p.lethal_firearm if firearm else p.lethal_other)
        cell = r["cell"][[row]]
        spot = np.empty(1, np.uint64)
        mix_arrays(cell.astype(np.uint64), key, spot)
        model.log.append(
            tick=[model.tick], minute=[int((model.slot + u[1]) * model.calendar.tick_minutes)], cell=cell,
            spot=(spot >> np.uint64(32)).astype(np.uint32), type=[CODE["homicide" if lethal else "assault"]],
            offender_id=r["id"][[row]], victim_id=r["id"][[victim]], weapon=[firearm or u[2] < 0.7], firearm=[firearm],
            outdoors=[bool(r["activity"][victim] > 3)], motive=[MOTIVES.index("extremism")])
        model.propose("residents", "offences", r["id"][[row]], 1)
        model.propose("residents", "last_offence", r["id"][[row]], model.tick, op="set")
        if lethal:
            model.bury(r["id"][[victim]], "homicide")
        self.state["acts"] += 1
