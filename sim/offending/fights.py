"""Violence of a tick: quarrels taken up, at home and outside, and the hurt who strike back."""

from __future__ import annotations

import numpy as np

from sim.draws import decision, uniforms
from sim.guardianship.calls import arrivals
from sim.offending import home, quarrels
from sim.offending.deeds import earliest, strike_back
from sim.offending.situation import believed_risk, dark_at, hidden_lots, minutes_of, spots, strike_all, tension
from sim.people import schedules
from sim.records import CODE, MOTIVES
from sim.sets import among

MINUTE, GRUDGE = decision("offending.minute_quarrel"), decision("offending.minute_grudge")
GRUDGE_DRAW = decision("offending.grudge")
SETTLED, CALLED, MEDIATED = "offending.settled", "offending.called", "offending.mediated"
QUARREL = np.array([decision("offending.quarrel"), decision("offending.notice_quarrel")])
FIGHT = 7  # kind of a fight beside the kinds of property offences


def choose(off, model, rows: np.ndarray) -> dict | None:
    """Let the quarrellers (rows) decide; return who comes to blows, None when nobody does."""
    r, p, layers, v = model.residents, off.params, model.layers, model.visits
    avengers, foes = grudges(off, model)
    if not len(rows) and not len(avengers):
        return None
    n = len(rows)
    minutes = minutes_of(off, model, rows, MINUTE)
    kind, cell = np.full(n, -1, np.int8), np.zeros(n, np.int32)
    member, seen_at = np.full(n, -1, np.int64), np.full(n, -1, np.int32)
    under = np.zeros(n, bool)
    if n:
        s = model.mechanisms["deterrence"].state
        hour = model.slot * model.calendar.tick_hours + minutes // 60
        first = model.dwellings["first_member"][model.dwellings.rows(r["dwelling"][rows])]
        quarrels.choose_quarrel(
            rows,
            minutes,
            dark_at(model, minutes),
            schedules.AWAKE[hour],
            np.array([0.0, p.influenced_occasional, p.influenced_dependent])[r["use"][rows]],
            home.strain(off, model, rows),
            model.seed,
            QUARREL,
            model.tick,
            model.calendar.ticks_per_day,
            16,
            bool(model.spec.interactions),
            r["key"],
            r["cell"],
            r["activity"],
            model.age(),
            believed_risk(off, model),
            r["sighted"],
            first,
            r["next_member"],
            r.row_of,
            r["partner"],
            model.city.grid.width,
            layers["in_public"],
            layers["management"],
            layers["light"],
            model.levers["management"],
            model.levers["light"],
            hidden_lots(off, model),
            layers["at_home"],
            layers["efficacy"],
            tension(off, model),
            s["cells"],
            s["ticks"],
            s["times"],
            v.first,
            v.count,
            v.start,
            v.minutes,
            weights_of(off, model),
            kind,
            cell,
            member,
            under,
            seen_at,
        )
        if (seen_at >= 0).any():
            model.sightings.append((r["id"][rows][seen_at >= 0], seen_at[seen_at >= 0]))
    act = kind >= 0
    if p.called_early > 0 and model.spec.interactions:
        act &= ~parted(off, model, rows, minutes, cell, act)
    return dict(
        rows=rows[act],
        minute=minutes[act],
        cell=cell[act],
        victim_id=member[act],
        taste=1,
        person=kind[act] == quarrels.STRANGER,
        under=under[act],
        avengers=avengers,
        foes=foes,
    )


def weights_of(off, model) -> np.ndarray:
    """Weights of quarrels today: drink counts for less where it is dear."""
    if not model.levers["alcohol_price"] > 0 or "routines" not in model.mechanisms:
        return off.quarrel
    return quarrels.with_less_drink(off.quarrel, model.mechanisms["routines"].sober(model))


def parted(off, model, rows: np.ndarray, minutes: np.ndarray, cell: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Whose quarrel a unit ends before blows, because somebody called when it became loud; they saw the police."""
    r, p, out = model.residents, off.params, np.zeros(len(rows), bool)
    which = np.flatnonzero(near)
    called, time, wait = (uniforms(model.seed, CALLED, model.tick, r["key"][rows[which]], k=k) for k in (0, 1, 2))
    which, time, wait = (x[called < p.called_early] for x in (which, time, wait))
    if not len(which) or "patrol" not in model.mechanisms:
        return out
    alone = wait < model.mechanisms["patrol"].alone()
    loud = minutes[which] + np.log(time) * p.escalation_minutes
    out[which] = arrivals(model, cell[which], loud, alone) <= minutes[which]
    if out.any():
        off.state["parted"] += int(out.sum())
        model.sightings.append((r["id"][rows[out]], cell[out]))
    return out


def finish(off, model, chosen: dict, met: np.ndarray) -> dict | None:
    """Quarrels that found their victim, and the blows of those who strike back."""
    r, avengers, foes = model.residents, chosen["avengers"], chosen["foes"]
    victim, street = chosen["victim_id"].copy(), chosen["person"]
    victim[street] = np.where(met >= 0, r["id"][np.maximum(met, 0)], -1)
    hit = victim >= 0
    parts = dict(
        rows=chosen["rows"][hit],
        minute=chosen["minute"][hit],
        cell=chosen["cell"][hit],
        victim_id=victim[hit],
        domestic=~street[hit],
        under=chosen["under"][hit],
        motive=np.full(int(hit.sum()), MOTIVES.index("quarrel"), np.uint8),
    )
    if len(avengers):
        extra = dict(
            rows=avengers,
            minute=minutes_of(off, model, avengers, GRUDGE),
            cell=r["cell"][r.rows(foes)],
            victim_id=foes,
            domestic=np.zeros(len(avengers), bool),
            under=np.zeros(len(avengers), bool),
            motive=np.full(len(avengers), MOTIVES.index("grudge"), np.uint8),
        )
        parts = {k: np.concatenate([parts[k], extra[k]]) for k in parts}
    if not len(parts["rows"]):
        return None
    key = r["key"][parts["rows"]]
    if model.spec.interactions:
        keep = earliest(parts["victim_id"], parts["minute"], key)
        parts, key = {k: x[keep] for k, x in parts.items()}, key[keep]
    m = len(parts["rows"])
    weapon, firearm, lethal = (np.zeros(m, bool) for _ in range(3))
    strike_all(off, model, parts["rows"], np.ones(m, bool), True, parts["domestic"], weapon, firearm, lethal)
    type_ = np.where(lethal, CODE["homicide"], CODE["assault"]).astype(np.int8)
    indoors = (r["activity"][parts["rows"]] <= 3) | parts["domestic"]
    lived_in = r["dwelling"][parts["rows"]]
    thing = np.where(parts["domestic"], lived_in, key.astype(np.int64) + model.tick)
    kinds = np.full(m, FIGHT, np.int8)
    return dict(
        **parts,
        spot=spots(parts["cell"], thing, kinds),
        type=type_,
        dwelling_id=np.where(parts["domestic"], lived_in, -1),
        weapon=weapon,
        firearm=firearm,
        lethal=lethal,
        loss=np.zeros(m, np.float32),
        kind=kinds,
        outdoors=~indoors,
    )


def grudges(off, model) -> tuple[np.ndarray, np.ndarray]:
    """Victims of assault who strike back now: (rows of avengers, ids of foes)."""
    s, r, p = off.state, model.residents, off.params
    if model.slot == 0:
        fresh = s["grudge_tick"] > model.tick - p.grudge_days * model.calendar.ticks_per_day
        if len(off.banned):
            fresh &= ~among(s["grudge_who"], off.banned)
        for name in ("grudge_who", "grudge_at", "grudge_tick"):
            s[name] = s[name][fresh]
    if p.grudge_settled > 0:
        leave_to_the_police(off, model)
    who, at = s["grudge_who"], s["grudge_at"]
    nobody = np.empty(0, np.int64)
    if not len(who) or not model.spec.interactions:
        return nobody, nobody
    base = 1 / (1 + np.exp(p.violence_threshold / p.readiness_scale))
    ok = np.zeros(len(who), bool)
    strike_back(
        who,
        at,
        r.row_of,
        r["cell"],
        r["activity"],
        r["ready_violence"],
        r["key"],
        model.city.grid.width,
        model.seed,
        GRUDGE_DRAW,
        model.tick,
        p.grudge * model.calendar.tick_hours / 4,
        base,
        ok,
    )
    if not ok.any():
        return nobody, nobody
    rows, foes = r.rows(who[ok]).astype(np.int64), at[ok]
    order = np.lexsort((foes, r["key"][rows]))
    rows, foes = rows[order], foes[order]
    once = np.ones(len(rows), bool)
    once[1:] = rows[1:] != rows[:-1]
    done = among(who, r["id"][rows[once]])
    for name in ("grudge_who", "grudge_at", "grudge_tick"):
        s[name] = s[name][~done]
    rows, foes = rows[once], foes[once]
    if model.levers.idle("mediation"):
        return rows, foes
    # Mediators who hear of it in time talk them out of it for good.
    scene = r["cell"][r.rows(foes)]
    heard = uniforms(model.seed, MEDIATED, model.tick, r["key"][rows]) < model.levers["mediation"][scene]
    return rows[~heard], foes[~heard]


def leave_to_the_police(off, model) -> None:
    """Drop the grudges of the last tick whose victim told the police and waits for them (Black 1983: self-help)."""
    s, r, log = off.state, model.residents, model.log
    new = np.flatnonzero(s["grudge_tick"] == model.tick - 1)
    if not len(new):
        return
    events = np.arange(np.searchsorted(log["tick"], model.tick - 1), np.searchsorted(log["tick"], model.tick))
    told = events[log["reported"][events] & (log["type"][events] == CODE["assault"])]
    patient = among(s["grudge_who"][new], log["victim_id"][told])
    at = r.find(s["grudge_who"][new])
    u = uniforms(model.seed, SETTLED, model.tick, r["key"][np.maximum(at, 0)])
    patient &= (at < 0) | (u < off.params.grudge_settled)
    keep = np.ones(len(s["grudge_who"]), bool)
    keep[new[patient]] = False
    for name in ("grudge_who", "grudge_at", "grudge_tick"):
        s[name] = s[name][keep]
