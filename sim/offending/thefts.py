"""Property offences of a tick: choices of the lookers, then targets and losses."""

from __future__ import annotations

import numpy as np

from sim.draws import decision
from sim.offending import choice
from sim.offending.deeds import earliest, furnish
from sim.offending.situation import believed_risk, dark_at, hidden_lots, minutes_of, spots, strike_all
from sim.people import schedules
from sim.records import CODE, MOTIVES

MINUTE, TARGET = decision("offending.minute"), decision("offending.target")
CHOICE = np.array([decision("offending.choice"), decision("offending.notice")])
# Median loss by kind of property offence and spread of its logarithm (Heeks et al. 2018, orders of magnitude), in the
# order burglary, shop, person, vehicle, robbery, till.
LOSS = np.array([(900.0, 1.1), (60.0, 0.9), (120.0, 0.9), (4000.0, 0.8), (150.0, 0.9), (400.0, 0.8)])
TYPE_OF = np.array([CODE[t] for t in ("burglary", "theft", "theft", "vehicle", "robbery", "robbery")], np.int8)
OUTDOORS = np.array([False, False, True, True, True, False])


def choose(off, model, rows: np.ndarray) -> dict | None:
    """Let the lookers (rows) choose; return what they are about to do, None when nobody acts."""
    if not len(rows):
        return None
    r, d, layers, levers, v = model.residents, model.dwellings, model.layers, model.levers, model.visits
    grid, city = model.city.grid, model.spec.city
    minutes = minutes_of(off, model, rows, MINUTE)
    hour = (model.slot * model.calendar.tick_hours + minutes // 60).astype(int)
    open_share = np.where((hour >= 9) & (hour < 19), 1.0, np.where((hour >= 8) & (hour < 22), 0.5, 0.0))
    passing = off.passing[schedules.day_kind(model.calendar.weekday(model.day)), hour]
    n = len(rows)
    kind, cell = np.empty(n, np.int8), np.empty(n, np.int32)
    dwelling, seen_place = np.full(n, -1, np.int64), np.empty((n, choice.PLACES), np.int32)
    table = off.state["memory"]
    s = model.mechanisms["deterrence"].state
    choice.choose_property(
        rows,
        minutes,
        dark_at(model, minutes),
        passing,
        model.seed,
        CHOICE,
        model.tick,
        model.calendar.ticks_per_day,
        bool(model.spec.interactions),
        r["key"],
        r["home"],
        r["cell"],
        r["shop_nodes"],
        believed_risk(off, model),
        r["places"],
        r["sighted"],
        r["next_member"],
        r["activity"],
        r.row_of,
        grid.width,
        grid.height,
        city.street_period,
        city.street_order,
        model.city.area,
        layers["dwellings"],
        off.dwelling_first,
        layers["shops"],
        layers["bars"],
        off.outlets,
        layers["stops"],
        layers["flow"],
        layers["light"],
        layers["management"],
        layers["efficacy"],
        layers["alert"],
        layers["at_home"],
        layers["in_public"],
        levers["light"],
        levers["management"],
        levers["security"],
        levers["gated"],
        levers["watch"],
        levers["cameras"],
        hidden_lots(off, model),
        open_share,
        d["id"],
        d["first_member"],
        d["security"] if levers.idle("hardened") else d["security"] + levers["hardened"],
        levers["immobilised"],
        d["value"],
        d["cover"],
        table["cell"],
        table["dwelling"],
        table["tick"],
        table["skill"],
        s["cells"],
        s["ticks"],
        s["times"],
        v.first,
        v.count,
        v.start,
        v.minutes,
        off.weights,
        off.theta,
        kind,
        cell,
        dwelling,
        seen_place,
    )
    noticed = seen_place >= 0
    if noticed.any():
        who = np.broadcast_to(r["id"][rows][:, None], seen_place.shape)
        model.sightings.append((who[noticed], seen_place[noticed]))
    act = kind >= 0
    if not act.any():
        return None
    kind = kind[act]
    return dict(
        rows=rows[act],
        kind=kind,
        cell=cell[act],
        dwelling=dwelling[act],
        minutes=minutes[act],
        taste=0,
        person=(kind == choice.PERSON) | (kind == choice.ROBBERY),
    )


def finish(off, model, chosen: dict, met: np.ndarray) -> dict | None:
    """Targets of property offences: households, car owners, people present."""
    r, d = model.residents, model.dwellings
    rows, kind, cell, dwelling, minutes, person = (
        chosen[k] for k in ("rows", "kind", "cell", "dwelling", "minutes", "person")
    )
    n = len(rows)
    key = r["key"][rows]
    victim, thing = np.full(n, -1, np.int64), np.empty(n, np.int64)
    home, loss = np.full(n, -1, np.int64), np.empty(n, np.float32)
    furnish(
        kind,
        cell,
        dwelling,
        key,
        model.seed,
        TARGET,
        model.tick,
        d["id"],
        d["first_member"],
        model.layers["shops"],
        LOSS,
        victim,
        home,
        thing,
        loss,
    )
    victim[person] = np.where(met >= 0, r["id"][np.maximum(met, 0)], -1)
    keep = (home < 0) | (home != r["dwelling"][rows])  # nobody breaks into his own home or steals his own car
    keep[person] = met >= 0
    if model.spec.interactions:
        taken = np.where(keep & (kind == choice.BURGLARY), home, -1)
        keep &= earliest(taken, minutes, key)
        keep &= earliest(np.where(person, victim, -1), minutes, key)
    if not keep.any():
        return None
    weapon, firearm, lethal, no = (np.zeros(n, bool) for _ in range(4))
    if person.any():
        strike_all(off, model, rows, person & (kind == choice.ROBBERY), False, no, weapon, firearm, lethal)
    type_ = TYPE_OF[kind]
    type_[lethal] = CODE["homicide"]
    return {
        name: value[keep]
        for name, value in dict(
            rows=rows,
            minute=minutes,
            cell=cell,
            spot=spots(cell, thing, kind),
            type=type_,
            victim_id=victim,
            dwelling_id=home,
            domestic=no,
            weapon=weapon,
            firearm=firearm,
            under=no,
            motive=np.full(n, MOTIVES.index("gain"), np.uint8),
            lethal=lethal,
            loss=loss,
            kind=kind,
            outdoors=OUTDOORS[kind],
        ).items()
    }
