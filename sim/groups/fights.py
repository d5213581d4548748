"""The deeds of groups that are due: who goes, who is met, what happens; written to the log of events."""

from __future__ import annotations

import numpy as np

from sim.draws import mix_arrays, uniforms
from sim.groups import feuds
from sim.groups.carrying import carried
from sim.groups.people import free, members
from sim.groups.places import market
from sim.groups.table import distance, mixed, position
from sim.records import CO_SLOTS, CODE
from sim.sets import among

SYSTEMIC = 3
NEAR, FAR = 400.0, 800.0  # metres that count as much as average luck in who is met, and in who goes
OTHER_WEAPON = 0.4  # fights without a firearm in which there is another weapon


def act(model, state: dict, p) -> None:
    """Carry out what is due, and drop what has waited too long."""
    plan = state["plan"]
    due = plan["due"] <= model.tick
    if not due.any():
        return
    table = state["groups"]
    late = plan["due"] + feuds.PATIENCE * model.calendar.ticks_per_day < model.tick
    gone = position(table, plan["attacker"]) < 0
    gone |= (plan["defender"] >= 0) & (position(table, plan["defender"]) < 0)
    done = due & (late | gone)
    crew = Crew(model, table)
    events = []
    for i in np.flatnonzero(due & ~done):
        deed = {name: plan[name][i] for name in feuds.PLAN}
        event = crew.extort(deed) if deed["motive"] == feuds.EXTORTION else crew.fight(deed, p)
        if event is not None:
            events.append(event)
            done[i] = True
    for name in feuds.PLAN:
        plan[name] = plan[name][~done]
    if events:
        write(model, state, crew, events, p.visit)


class Crew:
    """Who of all groups is about in this tick; nobody goes twice and nobody is hit twice."""

    def __init__(self, model, table: dict):
        self.model, self.table = model, table
        r = model.residents
        rows, _ = members(model, table)
        ok = free(model, rows) & (r["activity"][rows] >= 1) & (r["activity"][rows] <= 5) & (r["cell"][rows] >= 0)
        rows = rows[ok & ~among(r["id"][rows], model.leaving())]
        self.rows, self.group, self.key = rows, r["group"][rows].astype(np.int64), r["key"][rows]
        least = model.mechanisms["offending"].params.min_age
        out = (r["activity"][rows] >= 2) & (model.age()[rows] >= least)
        self.can_go = out & ~among(r["id"][rows], np.array(model.spec.banned, np.int64))
        self.can_suffer = np.ones(len(rows), bool)
        hit = model.log["victim_id"][model.new_events]
        self.can_suffer &= ~among(r["id"][rows], hit[hit >= 0])
        sales = market(model)["cell"]
        holders = np.unique(model.layers["turf"][sales])
        self.sales, self.dealing = set(sales.tolist()), set(holders[holders >= 0].tolist())

    def _luck(self, name: str, key, at: np.ndarray) -> np.ndarray:
        return -np.log(uniforms(self.model.seed, name, self.model.tick, mixed(key, self.key[at])))

    def _go(self, deed: dict, cell: int, but: int = -1) -> np.ndarray:
        """Positions of up to three members who go to a cell, the nearest first but for luck."""
        at = np.flatnonzero(self.can_go & (self.group == deed["attacker"]) & (np.arange(len(self.rows)) != but))
        if not len(at):
            return at
        far = distance(self.model, self.model.residents["cell"][self.rows[at]], cell) / FAR
        return at[np.argsort(far + self._luck("groups.goes", deed["key"], at), kind="stable")[:CO_SLOTS]]

    def fight(self, deed: dict, p) -> dict | None:
        model, r = self.model, self.model.residents
        mark = np.flatnonzero(self.can_suffer & (self.group == deed["defender"]))
        if not len(mark):
            return None
        far = distance(model, r["cell"][self.rows[mark]], deed["cell"]) / NEAR
        victim = mark[np.argmin(far + self._luck("groups.met", deed["key"], mark))]
        cell = int(r["cell"][self.rows[victim]])
        goes = self._go(deed, cell, but=victim)
        if not len(goes):
            return None
        u = [uniforms(model.seed, "groups.fight", model.tick, np.array([deed["key"]]), k)[0] for k in range(3)]
        firearm = bool(carried(model, self.rows[goes]).any())
        lethal = u[0] < (p.lethal_firearm if firearm else p.lethal_other)
        dealing = cell in self.sales or bool(self.dealing & {int(deed["attacker"]), int(deed["defender"])})
        self.can_go[goes] = False  # each is in one deed a tick
        self.can_go[victim] = self.can_suffer[victim] = False
        self.can_suffer[goes] = False
        return dict(deed, cell=cell, offender=goes, victim_id=int(r["id"][self.rows[victim]]), firearm=firearm,
                    weapon=firearm or u[1] < OTHER_WEAPON, lethal=lethal, loss=0.0, minute=u[2],
                    link=SYSTEMIC if dealing else 0, type=CODE["homicide" if lethal else "assault"])

    def extort(self, deed: dict) -> dict | None:
        goes = self._go(deed, int(deed["cell"]))[:1]
        if not len(goes):
            return None
        self.can_go[goes] = self.can_suffer[goes] = False
        u = uniforms(self.model.seed, "groups.collect", self.model.tick, np.array([deed["key"]]))[0]
        return dict(deed, offender=goes, victim_id=int(deed["member"]), firearm=False, weapon=False, lethal=False,
                    minute=u, link=0, type=CODE["extortion"], loss=None)


def write(model, state: dict, crew: Crew, events: list[dict], visit: int) -> None:
    """Log the deeds of a tick, let those who did them learn, bury the dead, note debts."""
    r, table, tick = model.residents, state["groups"], model.tick
    n, length = len(events), model.calendar.tick_minutes
    co = np.full((n, CO_SLOTS), -1, np.int64)
    ids = [r["id"][crew.rows[e["offender"]]] for e in events]
    for j, who in enumerate(ids):
        co[j, : len(who) - 1] = who[1:]
    lead = np.array([who[0] for who in ids], np.int64)
    cell = np.array([e["cell"] for e in events], np.int64)
    kind = np.array([e["type"] for e in events], np.int8)
    victim = np.array([e["victim_id"] for e in events], np.int64)
    fee = state["fee"] * visit
    loss = np.array([fee if e["loss"] is None else e["loss"] for e in events], np.float32)
    spot = np.empty(n, np.uint64)
    mix_arrays(cell.astype(np.uint64), kind.astype(np.uint64), spot)
    where = model.residents.find(victim)
    indoors = np.where((where >= 0) & (kind != CODE["extortion"]), r["activity"][np.maximum(where, 0)] <= 3,
                       kind == CODE["extortion"])
    model.log.append(
        tick=np.full(n, tick), cell=cell, spot=(spot >> np.uint64(32)).astype(np.uint32), type=kind,
        minute=np.array([model.slot * length + int(e["minute"] * length) for e in events], np.int16),
        offender_id=lead, victim_id=victim, co_offenders=co, loss=loss, outdoors=~indoors,
        weapon=np.array([e["weapon"] for e in events]), firearm=np.array([e["firearm"] for e in events]),
        link=np.array([e["link"] for e in events]), motive=np.array([e["motive"] for e in events]),
        group=np.array([e["attacker"] for e in events]))
    everybody = np.concatenate([lead, co[co >= 0]])
    model.propose("residents", "offences", everybody, 1)
    model.propose("residents", "last_offence", everybody, tick, op="set")
    model.propose("residents", "capital_violence", everybody, model.mechanisms["offending"].params.capital_step)
    dead = victim[np.array([e["lethal"] for e in events])]
    if len(dead):
        model.bury(dead, "homicide")
    for e in events:
        if e["type"] == CODE["extortion"]:
            at = position(table, np.array([e["attacker"]]))[0]
            table["week"][at] += fee / max(state["wage"], 1e-9)
        elif e["motive"] != feuds.DISCIPLINE:
            feuds.owe(table, int(e["defender"]), int(e["attacker"]), bool(e["lethal"]))
    fights = kind != CODE["extortion"]
    state["today"]["fights"] += int(fights.sum())
    state["today"]["killed"] += len(dead)
    state["today"]["extorted"] += int((~fights).sum())
