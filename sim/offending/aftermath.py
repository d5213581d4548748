"""What follows the deeds of a tick: the log, what offenders learn, money, deaths, grudges."""

from __future__ import annotations

import numpy as np

from sim.draws import decision
from sim.offending import home, memory
from sim.offending.deeds import find_accomplices, learn
from sim.offending.fights import FIGHT
from sim.offending.mates import mates_join
from sim.records import CO_SLOTS, CODE, LINKS, TYPES
from sim.sets import among, distinct

JOIN = decision("offending.join")
BLOW = np.array([name in ("assault", "homicide") for name in TYPES])
SKILL_OF = np.array([0, 1, 1, 1, 2, 2, 0, 0])


def commit(off, model, e: dict[str, np.ndarray]) -> None:
    """Log the offences of a tick with those who joined, then let everybody learn."""
    r, tick = model.residents, model.tick
    order = np.lexsort((e["type"], r["key"][e["rows"]], e["minute"]))
    e = {name: value[order] for name, value in e.items()}
    if model.spec.interactions and (model.new_events.stop > model.new_events.start or len(model.leaving())):
        free = not_yet_struck(model, r["id"][e["rows"]], e["victim_id"], e["type"])
        e = {name: value[free] for name, value in e.items()}
    if model.spec.interactions and e["lethal"].any():
        alive = still_alive(r["id"][e["rows"]], e["victim_id"], e["lethal"])
        e = {name: value[alive] for name, value in e.items()}
    rows = e["rows"]
    co = np.empty((len(rows), CO_SLOTS), np.int64)
    find_accomplices(
        rows,
        e["kind"] == FIGHT,
        model.seed,
        JOIN,
        tick,
        bool(model.spec.interactions),
        r["key"],
        r["ties"],
        r.row_of,
        r["activity"],
        r["ready_property"],
        r["ready_violence"],
        r["group"],
        off.params.joint,
        off.params.mates,
        co,
    )
    mates_join(off, model, rows, e["cell"], e["kind"] == FIGHT, co)
    co[e["domestic"]] = -1
    if len(off.banned):
        co[among(co, off.banned)] = -1
    co[co == e["victim_id"][:, None]] = -1
    co[among(co, model.leaving())] = -1
    model.log.append(
        tick=np.full(len(rows), tick, np.int32),
        minute=(e["minute"] + model.slot * model.calendar.tick_minutes).astype(np.int16),
        cell=e["cell"],
        spot=e["spot"],
        type=e["type"],
        offender_id=r["id"][rows],
        victim_id=e["victim_id"],
        dwelling_id=e["dwelling_id"],
        co_offenders=co,
        domestic=e["domestic"],
        weapon=e["weapon"],
        firearm=e["firearm"],
        link=drug_link(model, e),
        motive=e["motive"],
        outdoors=e["outdoors"],
        loss=e["loss"],
    )
    learn_from(off, model, e, co)
    consequences(off, model, e, co)
    home.remember_violence(off, model, e["dwelling_id"][e["domestic"]])


def not_yet_struck(model, offender: np.ndarray, victim: np.ndarray, kind: np.ndarray) -> np.ndarray:
    """False for offences by or against those who died earlier in the tick, and for blows to those hit already."""
    dead = model.leaving()
    log, new = model.log, model.new_events
    hit = log["victim_id"][new][BLOW[log["type"][new]]]
    struck = BLOW[kind] & (victim >= 0) & among(victim, hit)
    return ~(among(offender, dead) | among(victim, dead) & (victim >= 0) | struck)


def still_alive(offender: np.ndarray, victim: np.ndarray, lethal: np.ndarray) -> np.ndarray:
    """True for offences, in the order of their minutes, whose offender and victim were not killed by an earlier one."""
    alive = np.ones(len(lethal), bool)
    for j in np.flatnonzero(lethal):
        if alive[j] and victim[j] >= 0:
            alive[j + 1 :] &= (offender[j + 1 :] != victim[j]) & (victim[j + 1 :] != victim[j])
    return alive


def drug_link(model, e: dict) -> np.ndarray:
    """Goldstein's (1985) links: blows under the influence, and takings of dependent users short of drug money."""
    r, rows = model.residents, e["rows"]
    out = np.zeros(len(rows), np.uint8)
    out[(e["kind"] == FIGHT) & e["under"]] = LINKS.index("psychopharmacological")
    short = (r["use"][rows] == 2) & (r["gap"][rows] > 0)
    out[(e["kind"] != FIGHT) & short] = LINKS.index("economic-compulsive")
    return out


def learn_from(off, model, e: dict, co: np.ndarray) -> None:
    """Offences, capital, skill and good places of offenders and accomplices."""
    r, p, s = model.residents, off.params, off.state
    s["memory"] = memory.grow(s["memory"], s["remembered"] + co.size + len(co))
    t = s["memory"]
    s["remembered"] = int(
        learn(
            e["rows"],
            co,
            e["kind"],
            e["cell"],
            e["dwelling_id"],
            model.tick,
            r.row_of,
            r["id"],
            p.capital_step,
            p.capital_most,
            p.memory_pull / p.readiness_scale,
            SKILL_OF,
            off.skill_step,
            r["offences"],
            r["last_offence"],
            r["last_property"],
            r["capital_property"],
            r["capital_violence"],
            r["drawn_back"],
            r["ready_property"],
            r["places"],
            t["owner"],
            t["cell"],
            t["dwelling"],
            t["tick"],
            t["skill"],
            s["remembered"],
        )
    )


def consequences(off, model, e, co) -> None:
    """Money for the offenders; deaths and grudges of the victims."""
    r, p, s = model.residents, off.params, off.state
    paid = e["loss"] > 0
    if paid.any():
        heads = 1 + (co[paid] >= 0).sum(axis=1)
        share = e["loss"][paid] * p.fence / heads
        ids = np.concatenate([r["id"][e["rows"][paid]], co[paid].ravel()])
        money = np.concatenate([share, np.repeat(share, CO_SLOTS)])
        model.propose("residents", "cash", ids[ids >= 0], money[ids >= 0])
    if not model.spec.interactions:
        return
    dead = distinct(e["victim_id"][e["lethal"] & (e["victim_id"] >= 0)])
    if len(dead):
        model.bury(dead, "homicide")
    hurt = (e["type"] == CODE["assault"]) & ~e["domestic"] & (e["victim_id"] >= 0)
    if len(off.banned):
        hurt &= ~among(e["victim_id"], off.banned)  # who may never offend does not strike back
    if hurt.any():
        offenders = r["id"][e["rows"][hurt]]
        s["grudge_who"] = np.concatenate([s["grudge_who"], e["victim_id"][hurt]])
        s["grudge_at"] = np.concatenate([s["grudge_at"], offenders])
        s["grudge_tick"] = np.concatenate([s["grudge_tick"], np.full(int(hurt.sum()), model.tick, np.int64)])
