"""Harassment in public space: unwanted words, gestures and touches in streets, shops, bars and at stops.

It needs somebody unrestrained, somebody to pester, and nobody who steps in: friends who cheer one on, drink and the
dark make it likelier; managers of the place, lamps, police and bystanders who would act make it rarer (Fileborn and
O'Neill 2023; Ceccato and Loukaitou-Sideris 2020). Who is pestered follows from who is about, from whom harassers look
for (an input: mostly women, and the young), and from being alone. Most of it is never reported (FRA 2021). It counts
apart from other crime, as in surveys and in indicator 11.7.2 of the Sustainable Development Goals.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.columns import BLOCK, Column
from sim.draws import decision, uniforms
from sim.guardianship.presence import police_there
from sim.mechanism import Mechanism, MechanismParams
from sim.offending import quarrels
from sim.offending.looking import find_ready, people_in
from sim.offending.situation import dark_at, minutes_of, spots
from sim.parameters import param
from sim.records import CODE
from sim.registry import mechanism
from sim.sets import among, distinct

READY, MINUTE, MET = decision("harassment.ready"), decision("harassment.minute"), decision("harassment.met")
SHOP, BAR, STREET = 2, 3, 5
KIND = 9  # in the hash of a spot, beside the kinds of offences
CHANCES = 6  # readiness is the chance in four hours
_FORM = "modelling choice"


@dataclass(frozen=True)
class HarassmentParams(MechanismParams):
    """Settings of harassment in public space."""

    min_age: int = param(13, unit="years", low=8, high=20, source=_FORM, doc="younger people harass nobody")
    threshold: float = param(
        6.5, unit="utility", low=0, high=15, source=_FORM,
        doc="what restrains a person of average self-control and of neither sex from looking for somebody to pester")
    self_control: float = param(0.8, unit="utility per sd", low=0, high=3, source="Gottfredson and Hirschi 1990",
                                doc="how much low self-control motivates")
    male: float = param(2.4, unit="utility", low=0, high=6, calibrated=True,
                        source="calibrated to the sex of perpetrators (FRA 2021: men in most incidents)",
                        doc="difference between the sexes in motivation that routines and ties do not explain")
    women: float = param(1.6, unit="utility", low=0, high=5, calibrated=True,
                         source="calibrated to the sex of victims of harassment in public (FRA 2021)",
                         doc="how much rather women than men are picked, among those met")
    youth: float = param(0.03, unit="utility per year", low=0, high=0.2, calibrated=True,
                         source="calibrated to the age of victims (FRA 2021: those under 30 twice as often)",
                         doc="how much rather the younger are picked, among adults met")
    partner: float = param(0.6, unit="utility", low=0, high=3, source="Laub, Nagin and Sampson 1998; " + _FORM,
                           doc="what a partner holds back")
    scale: float = param(0.55, unit="utility", low=0.1, high=3, source=_FORM, doc="randomness of the act")
    theta: float = param(0.5, unit="utility", low=-5, high=10, calibrated=True,
                         source="calibrated to 10-20 % of adults with such an experience in a year (FRA 2014, 2021)",
                         doc="what holds back at a place of average management, alone, by day")
    peers: float = param(0.4, unit="utility", low=0, high=3, source="Quinn 2002 (girl watching); " + _FORM,
                         doc="each of up to two friends at the place")
    drink: float = param(0.6, unit="utility", low=0, high=3, source="Graham et al. 2014; " + _FORM,
                         doc="a bar after dark; elsewhere after dark a third of it")
    dark: float = param(0.5, unit="utility", low=0, high=3, source=_FORM, doc="an unlit place after dark")
    stops: float = param(0.3, unit="utility", low=0, high=3, source="Ceccato and Loukaitou-Sideris 2020; " + _FORM,
                         doc="a stop, where strangers have to stand close")
    management: float = param(0.8, unit="utility", low=0, high=3, source="Eck and Guerette 2012; " + _FORM,
                              doc="how well a place is looked after")
    bystanders: float = param(0.3, unit="utility", low=0, high=3, source="Sampson et al. 1997; " + _FORM,
                              doc="people about, by the logarithm, times collective efficacy")
    together: float = param(0.5, unit="utility", low=0, high=3, source=_FORM,
                            doc="each of up to two friends or members of the household beside the victim")
    police: float = param(2.5, unit="utility", low=0, high=5, source=_FORM, doc="police at the place")


@mechanism
class Harassment(Mechanism):
    """Harassment in public space; silent when residents do not influence each other."""

    name = "harassment"
    cadence = "tick"
    Params = HarassmentParams
    columns = {"residents": {
        "ready_harass": Column("f4", 0, "per tick", "chance to look for somebody to pester in four hours"),
        "picked": Column("f4", 1, "-", "how readily somebody is picked for harassment, among those met"),
    }}

    def setup(self, model) -> None:
        self.state.update(id=np.empty(0, np.int64), slot=np.empty(0, np.int64), today=dict(women=0, men=0))
        if self.params.enabled:
            self._update(model)

    def prepare(self, model) -> None:
        self._make_room(model)
        self.counts, self.hit_count = np.zeros((model.chunks, 2), np.int64), np.zeros(model.chunks, np.int64)
        self.bitmap = np.zeros(model.city.grid.cells, np.uint8)
        self.banned = np.array(sorted(model.spec.banned), np.int64)
        # minutes follow the same schedules as those of other offences
        self.hours_of = model.mechanisms["offending"].hours_of_ticks(model)

    def _make_room(self, model) -> None:
        """Scratch memory for as many residents as there are, and some more."""
        size = len(model.residents) // model.chunks + 1024
        self.found = np.empty((2, model.chunks, 2, size), np.int32)
        self.hits = np.empty((model.chunks, size), np.int32)

    def step(self, model) -> None:
        if not model.spec.interactions:
            return
        if len(model.residents) // model.chunks + 1 >= self.hits.shape[1]:
            self._make_room(model)
        if model.slot == 0:
            self.state["today"] = dict(women=0, men=0)
            if (model.day + model.calendar.burn_in_days) % 7 == 0:
                self._update(model)
            self._who_is_ready(model)
        rows = self._about(model)
        if not len(rows):
            return
        p, r = self.params, model.residents
        minutes = minutes_of(self, model, rows, MINUTE)
        x = self._appeal(model, rows, minutes)
        u = uniforms(model.seed, "harassment.act", model.tick, r["key"][rows])
        # Most would not, in this place, whomever they met and whoever stood beside them: no need to see who is there.
        could = u < 1 / (1 + np.exp(-(x + 2 * p.peers) / p.scale))
        rows, minutes, x, u = rows[could], minutes[could], x[could], u[could]
        if not len(rows):
            return
        victims = self._meet(model, rows)
        met = (victims >= 0) & (r["dwelling"][np.maximum(victims, 0)] != r["dwelling"][rows])
        killed = self._killed(model)
        if len(killed):
            met &= ~among(r["id"][rows], killed) & ~among(r["id"][np.maximum(victims, 0)], killed)
        rows, victims, minutes, x, u = rows[met], victims[met], minutes[met], x[met], u[met]
        if len(rows):
            self._act(model, rows, victims, minutes, x, u)

    def record(self, model) -> dict[str, float]:
        return {f"harassment.{who}": float(n) for who, n in self.state["today"].items()}

    @staticmethod
    def _killed(model) -> np.ndarray:
        """Ids of those killed earlier in this tick, who still stand in the columns."""
        log, new = model.log, model.new_events
        return log["victim_id"][new][log["type"][new] == CODE["homicide"]]

    # -- who -----------------------------------------------------------------------------------------------------------

    def _update(self, model) -> None:
        """Once a week: readiness of everybody, and whom harassers look for."""
        r, p, age = model.residents, self.params, model.age()
        restraint = model.levers["restraint"]
        for start in range(0, len(r), BLOCK):  # a block at a time stays near the processor and takes no memory
            part = slice(start, start + BLOCK)
            sex = r["sex"][part]
            control = r["self_control"][part] + r["skills"][part] + restraint[part]
            x = p.male * (sex - np.float32(0.5)) - p.self_control * control - p.threshold
            x -= p.partner * r["partner"][part]
            old_enough = r["alive"][part] & (age[part] >= p.min_age)
            r["ready_harass"][part] = np.where(old_enough, 1 / (1 + np.exp(-x)), 0)
            years = np.clip(age[part] - 18.0, 0, 60)
            # the choice of a victim takes half the logarithm
            r["picked"][part] = np.exp(2 * (p.women * (sex == 0) - p.youth * years))

    def _who_is_ready(self, model) -> None:
        """Draw the day's looks, up to two a person, each with its tick."""
        r = model.residents
        self.counts[:] = 0
        model.parallel_indexed(find_ready, len(r), model.seed, READY, model.tick, CHANCES / 2,
                               model.calendar.ticks_per_day, r["key"], r["ready_harass"], r["ready_harass"],
                               self.found[0], self.found[1], self.counts)
        looks = [self.found[k][c, :, :n] for k in (0, 1) for c, n in enumerate(self.counts[:, k])]
        rows, slot = np.concatenate(looks, axis=1)
        order = np.lexsort((slot, r["key"][rows]))
        ids, slot = r["id"][rows][order], slot[order].astype(np.int64)
        free = ~among(ids, self.banned)
        self.state["id"], self.state["slot"] = ids[free], slot[free]

    def _about(self, model) -> np.ndarray:
        """Rows of those whose tick has come and who are out among strangers."""
        r, s = model.residents, self.state
        rows = distinct(r.find(s["id"][s["slot"] == model.slot]).astype(np.int64))
        rows = rows[rows >= 0]
        activity = r["activity"][rows]
        rows = rows[((activity == SHOP) | (activity == BAR) | (activity == STREET)) & r["alive"][rows]]
        return rows[np.argsort(r["key"][rows])]

    def _meet(self, model, rows: np.ndarray) -> np.ndarray:
        """Row of the person picked among three who are met, -1 where nobody is."""
        r = model.residents
        cells = r["cell"][rows]
        hits = people_in(model, self, cells)
        out = np.empty(len(rows), np.int64)
        quarrels.choose_victims(cells, rows, np.ones(len(rows), np.int8), model.seed, MET, model.tick, r["key"],
                                model.age(), r["picked"], r["activity"], r["cell"], hits, out)
        return out

    # -- the act ------------------------------------------------------------------------------------------------------

    def _appeal(self, model, rows: np.ndarray, minutes: np.ndarray) -> np.ndarray:
        """What the place and the hour do to the wish, before anybody is met."""
        p, r, layers, levers = self.params, model.residents, model.layers, model.levers
        cell, activity = r["cell"][rows], r["activity"][rows]
        dark = dark_at(model, minutes)
        lamp = np.minimum(1.0, layers["light"][cell] + levers["light"][cell])
        crowd = np.log1p(np.clip(layers["in_public"][cell] - 2.0, 0, 60))  # beside the two of them
        willing = 1 / (1 + np.exp(-layers["efficacy"][cell].astype(float)))
        return (p.drink * dark * np.where(activity == BAR, 1.0, 0.35)
                + p.dark * dark * (1 - lamp)
                + p.stops * np.minimum(1, layers["stops"][cell])
                - p.management * (2 * (layers["management"][cell] - 0.5) + levers["management"][cell])
                - p.bystanders * willing * crowd
                - p.police * self._police(model, cell, minutes)
                - p.theta)

    def _act(self, model, rows: np.ndarray, victims: np.ndarray, minutes: np.ndarray, x: np.ndarray,
             u: np.ndarray) -> None:
        p, r = self.params, model.residents
        x = x + p.peers * self._beside(model, rows, victims)
        x -= p.together * self._beside(model, victims, rows, household=True)
        done = u < 1 / (1 + np.exp(-x / p.scale))
        if not done.any():
            return
        rows, victims, minutes = (a[done] for a in (rows, victims, minutes))
        cell, activity = r["cell"][rows], r["activity"][rows]
        n, thing = len(rows), r["key"][rows].astype(np.int64) + model.tick
        model.log.append(
            tick=np.full(n, model.tick, np.int32),
            minute=(minutes + model.slot * model.calendar.tick_minutes).astype(np.int16),
            cell=cell,
            spot=spots(cell, thing, np.full(n, KIND, np.int8)),
            type=np.full(n, CODE["harassment"], np.int8),
            offender_id=r["id"][rows],
            victim_id=r["id"][victims],
            outdoors=activity == STREET,
        )
        men = int((r["sex"][victims] == 1).sum())
        self.state["today"]["men"] += men
        self.state["today"]["women"] += n - men

    @staticmethod
    def _beside(model, rows: np.ndarray, others: np.ndarray, household: bool = False) -> np.ndarray:
        """Friends (and members of the household) in the same cell, up to two; whoever is in `others` does not count."""
        r = model.residents
        ids = r["ties"][rows]
        if household:
            first = model.dwellings["first_member"][model.dwellings.rows(r["dwelling"][rows])]
            at = r.find(first)
            second = np.where(at >= 0, r["next_member"][np.maximum(at, 0)], -1)
            ids = np.column_stack([ids, first, second])
        at = r.find(ids)
        there = (at >= 0) & (at != rows[:, None]) & (at != others[:, None])
        at = np.maximum(at, 0)
        there &= (r["cell"][at] == r["cell"][rows][:, None]) & (r["activity"][at] >= 1) & (r["activity"][at] <= 5)
        return np.minimum(there.sum(axis=1), 2)

    @staticmethod
    def _police(model, cell: np.ndarray, minutes: np.ndarray) -> np.ndarray:
        """True where a patrol is at the place at that minute."""
        v, out = model.visits, np.zeros(len(cell), bool)
        police_there(v.first, v.count, v.start, v.minutes, cell, minutes, out)
        return out
