"""Who holds a firearm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.columns import BLOCK, Column
from sim.draws import uniforms
from sim.groups.people import my_turn, temper
from sim.mechanism import Mechanism, MechanismParams
from sim.parameters import param
from sim.records import TYPES
from sim.registry import mechanism
from sim.sets import among, distinct

INFLOW = 0.11  # per week and 1,000 residents, times city.firearms, where no mechanism of flows sends firearms
HOTTEST = 8.0  # highest temper
AGES = 16, 45  # of those who look for a firearm out of temper
BLOW = np.array([name in ("assault", "homicide", "robbery") for name in TYPES])


@dataclass(frozen=True)
class FirearmsParams(MechanismParams):
    """Settings of the firearms in the city."""

    member: float = param(0.010, unit="per week", low=0, high=0.5, source="Watkins, Huebner and Decker 2008 (order); "
                          "modelling choice", doc="hazard that a member of a group looks for a firearm")
    temper: float = param(0.00012, unit="per week", low=0, high=0.05, source="modelling choice",
                          doc="the same for somebody else of average temper; it grows with the square of temper")
    ordinary: float = param(0.00003, unit="per week", low=0, high=0.05, source="modelling choice",
                            doc="the same for any other adult")
    shot_at: float = param(0.25, unit="share", low=0, high=1, source="modelling choice",
                           doc="victims of armed or of groups' attacks who look for a firearm at once")
    lost: float = param(0.006, unit="per week", low=0.0005, high=0.2, source="modelling choice; Cook et al. 2007 "
                        "(short times to crime)", doc="hazard that a firearm is lost, sold away or breaks")
    seized: float = param(0.3, unit="share", low=0, high=1, source="modelling choice",
                          doc="arrests of holders in which the firearm is taken")
    stock: float = param(8.0, unit="weeks of arrivals", low=1, high=200, source="modelling choice; Cook et al. 2007 "
                         "(thin markets)", doc="firearms on offer in the city at the start")


@mechanism
class Firearms(Mechanism):
    """The firearms that circulate in the city, from those who bring them in to those who hold them.

    Firearms land from beyond the city (mechanism `flows`) and are on offer until somebody who looks for one finds one;
    the fewer there are, the dearer, and the fewer get one (Cook et al. 2007). Members of groups and people of violent
    temper look for them, more so after an attack; holders lose them slowly and to the police. At the start holders are
    as many as arrivals replace. Whether an act is done with a firearm is decided by what the doer has with him
    (:func:`sim.groups.carrying.carried`), not by a share of the city.
    """

    name = "firearms"
    cadence = "tick"
    Params = FirearmsParams
    columns = {"residents": {"gun": Column("u1", 0, "0/1", "holds a firearm", low=0, high=1)}}

    def prepare(self, model) -> None:
        # Members of groups are known only now, after the set-up of all.
        if self.params.enabled and not self.state:
            self._begin(model)

    def _begin(self, model) -> None:
        r, p = model.residents, self.params
        usual = 7.0 * usual_arrivals(model)
        rows = np.flatnonzero(r["alive"] & (model.age() >= 12))
        looks = self._looks(model, rows)
        target = usual / p.lost
        low, high = 0.0, 3.0
        for _ in range(50):  # how easily firearms are found when as many are held as arrivals replace
            ease = 0.5 * (low + high)
            low, high = (low, ease) if (looks * ease / (looks * ease + p.lost)).sum() > target else (ease, high)
        ease = 0.5 * (low + high)
        share = looks * ease / (looks * ease + p.lost)
        holds = uniforms(model.spec.seed, "firearms.first", 0, r["key"][rows]) < share
        r["gun"][rows[holds]] = 1
        reference = max(p.stock * usual, 3.0)
        self.state.update(ease=float(ease), stock=reference, reference=reference, unmet=0.0, price=1.0,
                          next=len(model.log), today=dict(arrived=0.0, acquired=0, lost=0, seized=0))

    def step(self, model) -> None:
        s, r, p = self.state, model.residents, self.params
        if model.slot == 0:
            s["today"] = dict(arrived=0.0, acquired=0, lost=0, seized=0)
        taken = self._arrested(model)
        r["gun"][taken] = 0
        s["today"]["seized"] += len(taken)
        after_attack = self._attacked(model)
        if model.slot != model.calendar.ticks_per_day - 1 and not len(after_attack):
            return
        rows, hazard = after_attack, np.full(len(after_attack), p.shot_at)
        if model.slot == model.calendar.ticks_per_day - 1:
            s["today"]["arrived"] = arrivals(model)
            s["stock"] += s["today"]["arrived"]
            self._lose(model)
            # Once a week for everybody: hazards are weekly.
            weekly = (model.day + model.calendar.burn_in_days) % 7 == 0
            others, age = [np.empty(0, np.int64)], model.age()
            # Only those whose draw the most eager could heed are looked at closely.
            few = 3.0 * s["ease"] * (p.member + p.temper * HOTTEST**2 + p.ordinary)
            for start in range(0, len(r) if weekly else 0, BLOCK):
                part = slice(start, start + BLOCK)
                here = start + np.flatnonzero(r["alive"][part] & (r["gun"][part] == 0) & (age[part] >= 12))
                others.append(here[uniforms(model.seed, "firearms.acquire", model.tick, r["key"][here]) < few])
            others = np.concatenate(others)
            others = others[~among(others, rows)]
            rows = np.concatenate([rows, others])
            hazard = np.concatenate([hazard, self._looks(model, others)])
        self._acquire(model, rows, hazard)
        relative = s["stock"] / s["reference"]
        s["price"] = float(np.clip(relative, 0.05, 5.0) ** -0.7)
        s["unmet"] = float(max(0.0, 1.0 - relative))

    def record(self, model) -> dict[str, float]:
        if not self.state:
            return {}
        r, today = model.residents, self.state["today"]
        return {"firearms.held": float((r["gun"][r["alive"]] > 0).sum()),
                "firearms.arrived": float(today["arrived"]), "firearms.price": float(self.state["price"])}

    # -- parts -----------------------------------------------------------------------------------------------------

    def _looks(self, model, rows: np.ndarray) -> np.ndarray:
        """Weekly hazard of looking for a firearm, by resident."""
        r, p = model.residents, self.params
        age = model.age()[rows]
        hot = np.where((age >= AGES[0]) & (age <= AGES[1]), p.temper * temper(model, rows) ** 2, 0.0)
        return hot + np.where(age >= 18, p.ordinary, 0.0) + np.where(r["group"][rows] >= 0, p.member, 0.0)

    def _arrested(self, model) -> np.ndarray:
        """Rows of holders whose firearm the police took at an arrest since the last tick."""
        justice = model.mechanisms.get("justice")
        ids = justice.state.get("arrested") if justice is not None and justice.params.enabled else None
        if ids is None or not len(ids):
            return np.empty(0, np.int64)
        r = model.residents
        rows = r.find(ids)
        rows = rows[rows >= 0]
        rows = rows[r["gun"][rows] > 0]
        return rows[uniforms(model.seed, "firearms.seized", model.tick, r["key"][rows]) < self.params.seized]

    def _attacked(self, model) -> np.ndarray:
        """Rows of the living who were attacked with a firearm or by a group since the last tick."""
        s, log, r = self.state, model.log, model.residents
        new = slice(min(s["next"], len(log)), len(log))
        s["next"] = len(log)
        if new.stop == new.start or not model.spec.interactions:
            return np.empty(0, np.int64)
        armed = BLOW[log["type"][new]] & (log["firearm"][new] | (log["group"][new] >= 0))
        if not armed.any():
            return np.empty(0, np.int64)
        victim = distinct(log["victim_id"][new][armed])
        rows = r.find(victim[victim >= 0]).astype(np.int64)
        rows = rows[rows >= 0]
        return rows[r["alive"][rows] & (r["gun"][rows] == 0) & (model.age()[rows] >= 12)]

    def _acquire(self, model, rows: np.ndarray, hazard: np.ndarray) -> None:
        """Those who look for a firearm find one with an ease that falls with what is on offer."""
        s, r = self.state, model.residents
        together = model.spec.interactions
        ease = s["ease"] * (min(s["stock"] / s["reference"], 3.0) if together else 1.0)
        chance = 1.0 - np.exp(-hazard * ease * (1.0 - np.clip(model.levers["disarmed"][rows], 0.0, 1.0)))
        key = r["key"][rows]
        draw = uniforms(model.seed, "firearms.acquire", model.tick, key)
        found = draw < chance
        rows, draw, chance, key = rows[found], draw[found], chance[found], key[found]
        if len(model.spec.banned):
            free = ~np.isin(r["id"][rows], np.array(model.spec.banned, np.int64))
            rows, draw, chance, key = rows[free], draw[free], chance[free], key[free]
        refused = uniforms(model.seed, "firearms.licence", model.tick, key) < model.levers["gun_licence"]
        rows, draw, chance = rows[~refused], draw[~refused], chance[~refused]
        order = np.lexsort((r["id"][rows], draw / np.maximum(chance, 1e-12)))
        rows = rows[order]
        if together:  # the keenest take what there is
            rows = rows[: max(int(s["stock"]), 0)]
            s["stock"] -= len(rows)
        r["gun"][rows] = 1
        s["today"]["acquired"] += len(rows)

    def _lose(self, model) -> None:
        """Firearms are lost, and handed in by those whom an intervention asks to."""
        s, r = self.state, model.residents
        rows = np.flatnonzero(r["gun"] > 0)
        rows = rows[r["alive"][rows]]
        mine = my_turn(r["key"][rows], (model.day + model.calendar.burn_in_days) % 7)
        gone = mine & (uniforms(model.seed, "firearms.lost", model.tick, r["key"][rows])
                       < 1.0 - np.exp(-self.params.lost))
        # Who hands his in is settled once, however often he is asked.
        gone |= uniforms(model.seed, "firearms.handed_in", 0, r["key"][rows]) < model.levers["disarmed"][rows]
        r["gun"][rows[gone]] = 0
        s["today"]["lost"] += int(gone.sum())


def arrivals(model) -> float:
    """Firearms that landed today."""
    flows = model.mechanisms.get("flows")
    flow = flows.state.get("firearms") if flows is not None else None
    if not isinstance(flow, dict):
        return usual_arrivals(model)
    return float(np.sum(flow["landed_today"])) if flows.params.enabled else 0.0


def usual_arrivals(model) -> float:
    """Firearms that land on a day as a rule."""
    flows = model.mechanisms.get("flows")
    flow = flows.state.get("firearms") if flows is not None else None
    if isinstance(flow, dict) and "usual" in flow:
        return float(flow["usual"]) * (1.0 - float(flow.get("usual_loss", 0.0)))
    return INFLOW * model.spec.city.firearms * int(model.residents["alive"].sum()) / 1_000.0 / 7.0
