"""What thefts and fights share: the minute, the dark, whom one meets, blows, and the exact spot."""

from __future__ import annotations

import numpy as np

from sim.draws import decision, mix_arrays, uniforms
from sim.guardianship import cohesion
from sim.offending import quarrels
from sim.offending.deeds import keyed_minutes, strike
from sim.offending.looking import people_in
from sim.offending.motivation import USUAL_TRUST
from sim.people import schedules

VICTIM, STRIKE = decision("offending.victim"), decision("offending.strike")


def minutes_of(off, model, rows: np.ndarray, code: int) -> np.ndarray:
    """Keyed minutes within the tick, tied to what everybody is doing."""
    out = np.zeros(len(rows), np.int16)
    r = model.residents
    table = off.hours_of[model.slot, schedules.day_kind(model.calendar.weekday(model.day))]
    keyed_minutes(rows, model.seed, code, model.tick, r["key"], r["routine"], r["activity"], table, out)
    return out


def dark_at(model, minutes: np.ndarray) -> np.ndarray:
    """True where it is dark: sunset moves between 17 and 21, sunrise between 5:30 and 8:30 (latitude 40-50)."""
    season = model.calendar.season(model.day)
    hour = model.slot * model.calendar.tick_hours + minutes / 60.0
    return (hour >= 19 + 2 * season) | (hour < 7 - 1.5 * season)


def meet(off, model, asked: list[tuple]) -> list[np.ndarray]:
    """Rows of the victims (-1: nobody there) of offences against people present, in one pass over the residents.

    asked : list of (cells, rows of offenders, bool which of them need a victim, taste).
    """
    if not any(which.any() for _, _, which, _ in asked):
        return [np.empty(0, np.int64) for _ in asked]
    r = model.residents
    cells = np.concatenate([c[which] for c, _, which, _ in asked])
    rows = np.concatenate([o[which] for _, o, which, _ in asked])
    taste = np.concatenate([np.full(int(which.sum()), t, np.int8) for _, _, which, t in asked])
    hits = people_in(model, off, cells)
    # Without interactions what somebody has done must not make him a likelier victim of others.
    ready = r["ready_violence"] if model.spec.interactions else np.full(len(r), 0.01, np.float32)
    out = np.empty(len(cells), np.int64)
    quarrels.choose_victims(
        cells,
        rows,
        taste,
        model.seed,
        VICTIM,
        model.tick,
        r["key"],
        model.age(),
        ready,
        r["activity"],
        r["cell"],
        hits,
        out,
    )
    return np.split(out, np.cumsum([int(which.sum()) for _, _, which, _ in asked])[:-1])


def hidden_lots(off, model) -> np.ndarray:
    """Hidden corners of vacant lots by cell, 0-1; lots put in order hide nobody."""
    if model.levers.idle("cleaned"):
        return off.lots
    return off.lots * (1 - np.clip(model.levers["cleaned"], 0, 1))


def trust_around(model) -> np.ndarray:
    """Mean trust in the police of those who live around each cell (float32[cells])."""
    return cohesion.around(model, model.residents["trust"].astype(float)).astype(np.float32)


def law_absent(off, model) -> np.ndarray:
    """Utility of blows that it adds, by cell, that those around do not count on the police (float32[cells])."""
    p = off.params
    if p.self_help == 0 or not model.spec.interactions:
        return np.zeros(model.city.grid.cells, np.float32)
    trusted = off.state.get("trusted")
    return np.float32(p.self_help) * (np.float32(USUAL_TRUST) - (trust_around(model) if trusted is None else trusted))


def tension(off, model) -> np.ndarray:
    """What the place itself adds to the utility of blows in public, by cell (float32[cells]): no law, or drink sold."""
    absent = law_absent(off, model)
    p = off.params
    return absent if p.outlet_blows == 0 else absent + np.float32(p.outlet_blows) * off.outlets


def believed_risk(off, model) -> np.ndarray:
    """Perceived risk of arrest: what was learned, and what one is credibly told."""
    risk = model.residents["risk"]
    return risk if model.levers.idle("certainty") else risk + np.float32(off.params.told) * model.levers["certainty"]


def gun_at_hand(off, model, rows: np.ndarray, at_home: np.ndarray) -> np.ndarray:
    """True for holders of a firearm who are at home with it or carry it today."""
    r = model.residents
    hand = r["gun"][rows] > 0
    if hand.any():
        today = model.tick - model.slot
        carry = off.params.carry * (1 - min(max(model.levers["gun_ban"], 0.0), 1.0))
        hand &= at_home | (uniforms(model.seed, "offending.carry", today, r["key"][rows]) < carry)
    return hand


def strike_all(off, model, rows, which, assault, at_home, weapon, firearm, lethal) -> None:
    """Weapons and deaths of the offences marked in `which`, written to `weapon`, `firearm` and `lethal`."""
    p, r = off.params, model.residents
    m = int(which.sum())
    if m:
        w, f, x = np.zeros(m, bool), np.zeros(m, bool), np.zeros(m, bool)
        strike(
            rows[which],
            np.full(m, assault),
            gun_at_hand(off, model, rows[which], at_home[which]),
            model.seed,
            STRIKE,
            model.tick,
            r["key"],
            r["capital_violence"],
            p.weapon,
            p.gun_used,
            p.lethal_weapon,
            p.lethal_firearm,
            p.lethal_unarmed,
            w,
            f,
            x,
        )
        weapon[which], firearm[which], lethal[which] = w, f, x


def spots(cell, thing, kind) -> np.ndarray:
    """Hash of the exact place: the same dwelling or shop has the same spot every time."""
    out = np.empty(len(cell), np.uint64)
    mix_arrays(cell.astype(np.uint64) * np.uint64(8) + kind.astype(np.uint64), thing.astype(np.uint64), out)
    return (out >> np.uint64(32)).astype(np.uint32)
