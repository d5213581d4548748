"""What is seen of the market in the street: sales, disputes between sellers, searches."""

from __future__ import annotations

import numpy as np

from sim.draws import mix_arrays, uniforms
from sim.drugs.disputes import places_with_disputes
from sim.drugs.people import drop_sellers
from sim.drugs.tables import CONFISCATED, DISCARDED
from sim.people import schedules
from sim.records import CODE, LINKS, MOTIVES

ESTABLISHED_DAYS = 60  # a seller is established after so long
SYSTEMIC, TURF = LINKS.index("systemic"), MOTIVES.index("turf")


def search(market, model, held) -> None:
    """Police search sellers where they sweep, and established ones wherever they are: `searched` lists them.

    What they carry is taken; arresting them is the business of justice.
    """
    st = market.state
    sellers, sweeps, share = st["sellers"], model.levers["sweeps"], model.levers["arrest_sellers"]
    if model.levers.idle("sweeps") and share == 0.0:
        return
    chance = np.where(sellers["place"] >= 0, np.clip(sweeps[sellers["place"]], 0.0, 1.0), 0.0)
    long_here = model.day - sellers["since"] >= ESTABLISHED_DAYS
    chance = 1.0 - (1.0 - chance) * (1.0 - np.where(long_here, min(max(share, 0.0), 1.0), 0.0)) ** (1.0 / 7.0)
    caught = ~held & (uniforms(model.seed, "drugs.searched", model.tick, sellers["key"]) < chance)
    st["searched"] = sellers["id"][caught].copy()
    st["ledger"][CONFISCATED] += sellers["stock"][caught].sum()
    sellers["stock"][caught] = 0


def plan_sales(market, model, seller_rows, held) -> None:
    """One event per seller with sales, shown tomorrow at an hour when his routine has him out and about."""
    st = market.state
    sellers = st["sellers"]
    sold = np.flatnonzero((sellers["today"] > 0) & ~held)
    banned = np.zeros(len(sellers["id"]), bool)
    if len(market._banned):
        banned = np.isin(sellers["id"], market._banned) & (sellers["today"] > 0)
    shown = sold[~banned[sold]]
    weekday = model.calendar.weekday(model.day + 1)
    out = market._out[model.residents["routine"][seller_rows[shown]], schedules.day_kind(weekday)]
    u = uniforms(model.seed, "drugs.sale_hour", model.tick, sellers["key"][shown])
    hour = (u[:, None] >= out).sum(axis=1)
    minute = uniforms(model.seed, "drugs.sale_minute", model.tick, sellers["key"][shown]) * 60
    st["sales"] = dict(id=sellers["id"][shown].copy(), cell=sellers["place"][shown].copy(),
                       minute=(60 * hour + minute.astype(np.int64)).astype(np.int16))
    for name in ("today", "revenue", "short"):
        sellers[name][:] = 0
    if banned.any():  # who may never offend leaves the market with what would have been his first offence
        st["ledger"][DISCARDED] += drop_sellers(model, sellers, seller_rows, banned)


def plan_disputes(market, model, held) -> None:
    """Quarrels of tomorrow between sellers who stand at the same place, in the evening."""
    st = market.state
    sellers, p = st["sellers"], market.params
    who, whom, cell = places_with_disputes(model, sellers, held, p.dispute)
    if len(market._banned):
        fair = ~np.isin(who, market._banned)
        who, whom, cell = who[fair], whom[fair], cell[fair]
    hour = uniforms(model.seed, "drugs.dispute_hour", model.tick, cell)
    st["disputes"] = dict(id=who, victim=whom, cell=cell, minute=(720 + 719 * hour).astype(np.int16))


def show_disputes(market, model) -> None:
    """Log the disputes of this tick as assaults with the systemic link, if both are about and free."""
    plan, r = market.state.get("disputes"), model.residents
    if plan is None or not len(plan["id"]):
        return
    now = np.flatnonzero(plan["minute"] // model.calendar.tick_minutes == model.slot)
    rows, others = r.find(plan["id"][now]), r.find(plan["victim"][now])
    there = (rows >= 0) & (others >= 0)
    for at in (rows, others):
        there &= r["alive"][at] & (r["custody_until"][at] <= model.tick) & (r["selling"][at] == 1)
    out = r["activity"] if model.mechanisms["routines"].params.enabled else np.full(len(r), 2)
    there &= (out[rows] >= 1) & (out[rows] <= 5) & (out[others] >= 1) & (out[others] <= 5)
    now, rows, others = now[there], rows[there], others[there]
    if not len(now):
        return
    key, off = r["key"][rows], model.spec.mechanism["offending"]
    gun = r["gun"][rows] == 1
    armed = gun | (uniforms(model.seed, "drugs.dispute_weapon", model.tick, key) < 3.0 * off.weapon)
    lethal = np.where(gun, off.lethal_firearm, np.where(armed, off.lethal_weapon, off.lethal_unarmed))
    dead = uniforms(model.seed, "drugs.dispute_kills", model.tick, key) < lethal
    cell = plan["cell"][now]
    model.log.append(tick=np.full(len(now), model.tick), minute=plan["minute"][now], cell=cell,
                     spot=corner(cell), type=np.where(dead, CODE["homicide"], CODE["assault"]),
                     offender_id=plan["id"][now], victim_id=plan["victim"][now], outdoors=np.ones(len(now), bool),
                     weapon=armed, firearm=gun, link=np.full(len(now), SYSTEMIC),
                     motive=np.full(len(now), TURF))
    model.propose("residents", "offences", plan["id"][now], 1)
    model.propose("residents", "last_offence", plan["id"][now], model.tick, "set")
    if dead.any():
        model.bury(plan["victim"][now[dead]], "homicide")


def corner(cell: np.ndarray) -> np.ndarray:
    """One corner of the cell: a place of sale is a place."""
    spot = np.empty(len(cell), np.uint64)
    mix_arrays(cell.astype(np.uint64), np.full(len(cell), CODE["drugs"], np.uint64), spot)
    return (spot >> np.uint64(32)).astype(np.uint32)


def show_sales(market, model) -> None:
    """Log the planned sales of this tick; who has died or been arrested since does not come."""
    sales, length = market.state.get("sales"), model.calendar.tick_minutes
    if sales is None:
        return
    now = np.flatnonzero(sales["minute"] // length == model.slot)
    rows = model.residents.find(sales["id"][now])
    r = model.residents
    now = now[(rows >= 0) & r["alive"][rows] & (r["custody_until"][rows] <= model.tick)]
    if not len(now):
        return
    cell = sales["cell"][now]
    model.log.append(tick=np.full(len(now), model.tick), minute=sales["minute"][now], cell=cell,
                     spot=corner(cell), type=np.full(len(now), CODE["drugs"]),
                     offender_id=sales["id"][now], outdoors=np.ones(len(now), bool))
