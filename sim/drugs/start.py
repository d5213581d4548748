"""The market on its first day: who uses and sells, and the hazards that keep it there.

Prevalence, the reference price and the places in treatment are inputs. From them follow the hazards of initiation and
of dependence that balance stopping, recovery and death, and the pay for risk at which as many start to sell as stop.
Three weeks of trade without events let sellers find their places. The model is then free to leave this state, and
does when something changes.
"""

from __future__ import annotations

import numpy as np

from sim.draws import mix, normals, uniforms
from sim.drugs import trade
from sim.drugs.careers import DEPENDENT, FADE, FORGET, FORMER, IN, OCCASIONAL, PHASE, WAITING
from sim.drugs.demand import wanted
from sim.drugs.importing import LOADS, MARKUP, RING
from sim.drugs.people import (
    AGE_FIRST_USE,
    AGE_NEWCOMER,
    AGE_SELLING,
    ENTRY_POWER,
    EXIT_POWER,
    age_years,
    candidates,
    first_use_weight,
    least_gain,
    pairs,
    relative_risk,
    susceptible,
    taste,
)
from sim.drugs.tables import LEDGER, OPENING, SELLER_COLUMNS, SHIPPED, USER_COLUMNS, empty, insert, rows_of

WARM_DAYS = 21
MEDIAN = 400.0  # weekly median income for which the parameters give money
JOBLESS = 5  # of the column `routine`
DEPENDENT_AGES, OCCASIONAL_AGES = (18.0, 60.0), (15.0, 45.0)


def begin(model, p, state: dict) -> None:
    """Fill `state` and the owned columns. The model's tick and day are those of its start."""
    r = model.residents
    kinds, cells = len(p.substances), model.city.grid.cells
    median = float(model.mechanisms["economy"].state.get("median", 0.0))
    unit = median / MEDIAN if median > 0 else 1.0
    reference = np.array(p.reference_price) * unit
    state.update(users=empty(USER_COLUMNS), sellers=empty(SELLER_COLUMNS), ledger=np.zeros(LEDGER, np.int64),
                 unit=unit, reference=reference, price=reference.copy(), paid=reference.copy(), cut=False,
                 purity=np.ones(kinds), strength=np.ones(kinds), fill=np.ones(kinds),
                 searched=np.empty(0, np.int64), last_id=int(r["id"].max(initial=-1)),
                 traffic=np.zeros(cells, np.float32), presence=np.zeros(cells, np.float32), watched=np.zeros(cells),
                 slots=p.slots * len(r) / 1000.0, initiation=0.0, onset=0.0,
                 today=dict(sales=0, overdoses=0, seized=0, revenue=0.0, imports=0.0, searched=0),
                 pay_for_risk=np.zeros(kinds), usual_risk=_usual_risk(r))
    model.mechanisms["flows"].setup(model)
    trade.terms(model, p, state)
    footfall, good = trade.street(model)
    choose_users(model, p, state["users"])
    users = state["users"]
    rows = rows_of(r, users["id"])
    r["use"][rows] = users["use"]
    start_treatment(model, p, state)
    r["treatment"][rows] = users["treat"]
    spend = first_purses(model, p, users, rows, state["reference"])
    balance_use(model, p, state, rows)
    choose_sellers(model, p, state, spend)
    make_importers(model, p, state, spend)
    state["ledger"][SHIPPED] = state["importers"]["pipe"].sum()
    state["ledger"][OPENING] = state["sellers"]["stock"].sum() + state["importers"]["stock"].sum()
    if model.spec.interactions:
        warm_up(model, p, state, rows, footfall, good)
        balance_selling(model, p, state, rows)
    else:
        place_alone(model, p, state, footfall, good)


def _usual_risk(r) -> float:
    return float(r["risk"].astype(np.float64).mean()) if "risk" in r and len(r) else 0.0


def choose_users(model, p, users: dict) -> None:
    """Dependent, occasional and former users: low self-control, hardship and using friends make it likelier."""
    r = model.residents
    n, seed = len(r), model.spec.seed
    age = age_years(model, np.arange(n))
    adults = int(((age >= 16) & (age < 65)).sum())
    score = (-0.8 * r["self_control"] + 0.8 * r["hardship"]).astype(float)
    jobless = 1.5 * (r["routine"] == JOBLESS)
    first = score + normals(seed, "drugs.first_users", 0, r["key"])
    seeds = _top(np.where((age >= OCCASIONAL_AGES[0]) & (age < OCCASIONAL_AGES[1]), first, -np.inf), r["id"],
                 round(0.5 * p.occasional * adults))
    using = np.zeros(n, bool)
    using[seeds] = True
    friends = np.zeros(n)
    for j in range(r["ties"].shape[1]):
        at = rows_of(r, r["ties"][:, j])
        friends += np.where(at >= 0, using[np.maximum(at, 0)], False)
    score = score + 0.8 * np.minimum(friends, 2) + normals(seed, "drugs.users", 0, r["key"])
    # Most dependent users are out of work (Hay et al. 2013): at the start already, because dependence costs jobs.
    old = np.where((age >= DEPENDENT_AGES[0]) & (age < DEPENDENT_AGES[1]), score + jobless, -np.inf)
    dependent = _top(old, r["id"], round(p.dependent * adults))
    old[dependent] = -np.inf
    recovered = p.dependent * adults * (p.remission / 365.0 + 0.1 * p.completion)
    former = _top(old, r["id"], round(0.7 * recovered * FORGET))
    young = np.where((age >= OCCASIONAL_AGES[0]) & (age < OCCASIONAL_AGES[1]), score, -np.inf)
    young[dependent], young[former] = -np.inf, -np.inf
    occasional = _top(young, r["id"], round(p.occasional * adults))
    rows = np.concatenate([dependent, former, occasional])
    use = np.repeat([DEPENDENT, FORMER, OCCASIONAL], [len(dependent), len(former), len(occasional)])
    keys = r["key"][rows]
    appetite, patience = taste(model.seed, keys, p.appetite_sd)
    long_ago = uniforms(seed, "drugs.since", 0, keys)
    kind = first_kind(p, use, uniforms(seed, "drugs.kind", 0, keys))
    insert(users, dict(id=r["id"][rows], key=keys, kind=kind, prefers=kind, use=use, appetite=appetite,
                       patience=patience, since=model.day - _days(FORGET, long_ago), place=np.full(len(rows), -1)))


def first_kind(p, use: np.ndarray, draw: np.ndarray) -> np.ndarray:
    """Substance of users: by its share of occasional users, and among the (formerly) dependent by how it hooks too."""
    hooked = np.array(p.shares) * np.array(p.dependence)
    hooked = hooked / hooked.sum() if hooked.sum() > 0 else np.array(p.shares)
    some = np.searchsorted(np.cumsum(p.shares)[:-1], draw, side="right")
    return np.where(use == OCCASIONAL, some, np.searchsorted(np.cumsum(hooked)[:-1], draw, side="right"))


def _days(most: int, u: np.ndarray) -> np.ndarray:
    return np.floor(most * u).astype(np.int64)


def _top(score: np.ndarray, ids: np.ndarray, count: int) -> np.ndarray:
    """Rows of the highest finite scores, in the order of (score, id)."""
    ok = np.flatnonzero(np.isfinite(score))
    count = max(min(count, len(ok)), 0)
    return ok[np.lexsort((ids[ok], -score[ok]))[:count]]


def start_treatment(model, p, state: dict) -> None:
    """Fill the places in treatment and the waiting list as they stand when seeking, leaving and giving up balance."""
    users, seed = state["users"], model.spec.seed
    dependent = np.flatnonzero(users["use"] == DEPENDENT)
    draw = uniforms(seed, "drugs.start_treatment", 0, users["key"][dependent])
    dependent = dependent[np.argsort(draw, kind="stable")]
    leave = p.drop_out + 0.38 * p.completion
    wish = len(dependent) * p.seek / max(p.seek + leave, 1e-9)  # in treatment if there were a place for everybody
    inside = int(min(state["slots"], wish))
    waiting = (p.seek * (len(dependent) - inside) - leave * inside) / max(p.give_up + p.seek, 1e-9)
    waiting = int(min(max(waiting, 0.0), len(dependent) - inside))
    within, listed = dependent[:inside], dependent[inside:inside + waiting]
    stay = -np.log(uniforms(seed, "drugs.start_stay", 0, users["key"][within])) / max(leave, 1e-4)
    users["treat"][within], users["tsince"][within] = IN, model.day - np.minimum(stay, 1000).astype(int)
    users["treat"][listed] = WAITING
    users["tsince"][listed] = model.day - _days(60, uniforms(seed, "drugs.start_list", 0, users["key"][listed]))


def first_purses(model, p, users: dict, rows: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Give users some days' money and the tolerance of their habit; returns the doses a day they are likely to buy."""
    r = model.residents
    reference = reference[users["kind"]]
    dependent = users["use"] == DEPENDENT
    q = np.array([wanted(bool(d), a * (p.dose_dependent if d else p.dose_occasional), 1.0, v)
                  for d, a, v in zip(dependent, users["appetite"], users["patience"])]) if len(rows) else np.zeros(0)
    q *= np.where(users["use"] == FORMER, 0.0, np.where(users["treat"] == IN, 1.0 - p.demand_cut, 1.0))
    share = p.legal_share * np.where(dependent, 1.0, 0.2)
    means = share * r["income"][rows] / 7.0 / reference + np.where(dependent, p.support, 0.0) * q
    bought = np.minimum(q, means) + 0.3 * np.maximum(q - means, 0.0)
    r["cash"][rows] = 3.0 * bought * reference
    users["tolerance"][:] = bought
    return bought


def balance_use(model, p, state: dict, rows: np.ndarray) -> None:
    """Hazards of dependence and initiation that replace those who leave the two states of use."""
    users, r = state["users"], model.residents
    sc = r["self_control"][rows].astype(float)
    dependent, occasional, former = users["use"] == DEPENDENT, users["use"] == OCCASIONAL, users["use"] == FORMER
    late = (users["treat"] == IN) & (model.day - users["tsince"] >= PHASE)
    out = p.remission / 365.0 * (dependent & (users["treat"] == 0)).sum() + p.completion * late.sum()
    out += dependent.sum() * 0.9 * p.overdose * 1.3 * p.fatal
    back = (p.relapse * np.exp(-(model.day - users["since"][former]) / FADE)).sum()
    at_risk = (np.array(p.dependence)[users["kind"][occasional]] * np.exp(-0.3 * sc[occasional])).sum()
    state["onset"] = float(max(out - back, 0.2 * out) / at_risk) if at_risk > 0 else 0.0
    stopping = p.stop / 365.0 * (0.6 + 0.04 * np.maximum(age_years(model, rows[occasional]) - 16.0, 0.0)).sum()
    u, ids, at = pairs(model, users, rows, np.ones(len(rows), bool))
    weight = susceptible(model, users, u, ids, at, np.ones(len(p.substances)))
    needed = stopping + state["onset"] * at_risk + p.departures / 365.0 * (occasional.sum() + dependent.sum())
    friends = (1.0 - p.strangers) * needed
    state["initiation"] = float(min(7.0 * friends / weight.sum(), 0.5)) if weight.sum() > 0 else 0.0
    young = np.flatnonzero(r["alive"])
    alone = first_use_weight(model, users, young)
    state["strangers"] = float(min(7.0 * p.strangers * needed / alone.sum(), 0.5)) if alone.sum() > 0 else 0.0
    age = age_years(model, young)
    young = young[(age >= AGE_FIRST_USE) & (age < AGE_NEWCOMER)]
    use = r["use"][young]
    state["beyond"] = [float((use == code).mean()) if len(young) else 0.0 for code in (OCCASIONAL, DEPENDENT)]


def choose_sellers(model, p, state: dict, bought: np.ndarray) -> None:
    """As many sellers as the expected sales keep busy, from users and their friends, those who need least to do it."""
    r, users, sellers = model.residents, state["users"], state["sellers"]
    rows = rows_of(r, users["id"])
    active = users["use"] != FORMER
    friends = r["ties"][rows[active]]
    ids = np.concatenate([users["id"][active], friends.ravel()])
    kind = np.concatenate([users["kind"][active], np.repeat(users["kind"][active], friends.shape[1])])
    ids, first = np.unique(ids, return_index=True)
    kind, at = kind[first], rows_of(r, ids)
    age = age_years(model, at)
    ok = (at >= 0) & (age >= AGE_SELLING[0]) & (age < AGE_SELLING[1])
    ids, kind, at = ids[ok], kind[ok], at[ok]
    need = least_gain(model, p, at)
    # Users know a seller; of the others only a seller's friends do.
    knows = np.where(r["use"][at] > 0, 1.0, 0.1)
    luck = uniforms(model.spec.seed, "drugs.first_sellers", 0, r["key"][at])
    cost = state["replacement"] / (1.0 - min(state["loss"], 0.95)) * MARKUP
    reference = state["reference"]
    for k in range(len(p.substances)):
        sales = bought[users["kind"] == k].sum()
        mine = np.flatnonzero(kind == k)
        count = min(len(mine), max(round(sales / (p.capacity * p.utilisation)), 1 if sales > 0 else 0))
        each = sales / max(count, 1)
        profit = 7.0 * each * max(reference[k] - cost[k], 0.0)
        chosen = mine[_settled(p, need[mine], knows[mine], ids[mine], luck[mine], profit, count)]
        insert(sellers, dict(id=ids[chosen], key=r["key"][at[chosen]], kind=np.full(count, k), place=np.full(count, -1),
                             since=np.full(count, model.day - 60),
                             arrived=np.full(count, model.day - 60), stock=np.full(count, round(3 * each)),
                             cost=np.full(count, cost[k]), price=np.full(count, reference[k]),
                             purity=np.ones(count),
                             sold=np.full(count, each), profit=np.full(count, profit)))
    r["selling"][rows_of(r, sellers["id"])] = 1


def _settled(p, need, knows, ids, luck, gain: float, count: int) -> np.ndarray:
    """Choose `count` sellers by the share of time each would sell if he entered and left with his hazards."""
    low, high = 0.0, 10.0 * max(gain, 1.0)
    for _ in range(40):
        pay = 0.5 * (low + high)
        ratio = gain / np.maximum(need + pay, 1.0)
        come = knows * p.entry * np.clip(ratio, 0.0, 1.5) ** ENTRY_POWER
        go = np.maximum(p.quit * np.clip(1.0 / np.maximum(ratio, 0.01), 0.0, 2.7) ** EXIT_POWER, 1e-9)
        odds = np.maximum(come / go, 1e-12)
        low, high = (pay, high) if (odds / (1.0 + odds)).sum() > count else (low, pay)
    score = np.log(odds) - np.log(luck / (1.0 - luck))
    return np.lexsort((ids, -score))[:count]


def make_importers(model, p, state: dict, bought: np.ndarray) -> None:
    """Importers with a stock of the usual cover and loads under way; half of the slots are free for entrants."""
    kinds, users = len(p.substances), state["users"]
    running = int(np.clip(round(2.0 * (len(model.residents) / 5_000.0) ** 0.35), 4, 16))
    total = 2 * running * kinds
    sales = np.array([bought[users["kind"] == k].sum() for k in range(kinds)])
    kind = np.repeat(np.arange(kinds), 2 * running)
    active = np.tile(np.arange(2 * running) < running, kinds)
    each = np.where(active, sales[kind] / running, 0.05)
    lost = min(state["loss"], 0.95)
    pipe = np.zeros((total, RING, LOADS), np.int64)
    for m in np.flatnonzero(active):
        for ahead in range(0, p.lead, 3):
            pipe[m, (model.day - WARM_DAYS + ahead + m % 3) % RING, :] = round(3.0 * each[m] / LOADS / (1.0 - lost))
    state["importers"] = dict(
        key=np.array([mix(np.uint64(m), np.uint64(model.spec.seed)) for m in range(total)], np.uint64),
        kind=kind.astype(np.int64), born=np.zeros(total, np.int64), active=active,
        stock=np.where(active, np.round(p.cover * each), 0).astype(np.int64),
        price=(state["replacement"] / (1.0 - lost) * 1.1)[kind], memory=np.maximum(each, 0.05),
        belief=np.full(total, lost), purity=np.ones(total),
        pipe=pipe, sold=np.zeros(total, np.int64), asked=np.zeros(total, np.int64))
    state["flow"], state["flow_start"] = sales.copy(), np.maximum(sales, 1.0)
    state["budget"] = 21.0 * p.flow_cap * sales
    for k in range(kinds):
        of_kind = np.flatnonzero(active & (kind == k))
        mine = state["sellers"]["kind"] == k
        state["sellers"]["supplier"][mine] = of_kind[state["sellers"]["id"][mine] % len(of_kind)]


def warm_up(model, p, state: dict, rows: np.ndarray, footfall, good) -> None:
    """Three weeks of trade without events: sellers find places, users find sellers, stocks turn over."""
    sellers, reference = state["sellers"], state["reference"]
    free, held = np.ones(len(rows), bool), np.zeros(len(sellers["id"]), bool)
    seller_rows = rows_of(model.residents, sellers["id"])
    for day in range(-WARM_DAYS, 0):
        tick = 2**32 + day  # ticks no run reaches
        state["traffic"] *= np.float32(0.9)
        if day % 3 == 0:
            trade.relocate(model, tick, p, state, footfall, good, everybody=True)
        trade.supply(model, tick, model.day + day, p, state)
        trade.retail(model, tick, model.day + day, p, state, rows, free, seller_rows, held)
        for name in ("today", "revenue", "short"):
            sellers[name][:] = 0
    for k in range(len(reference)):  # the level of prices is an input; who is dearer than whom was found
        sellers["price"][sellers["kind"] == k] *= reference[k] / state["price"][k]
    sellers["arrived"][:] = model.day - 60
    state["price"][:], state["paid"][:], state["fill"][:] = reference, reference, 1.0


def place_alone(model, p, state: dict, footfall, good) -> None:
    """Places chosen by passing flow and distance alone."""
    trade.relocate(model, 0, p, state, footfall, good, everybody=True)


def balance_selling(model, p, state: dict, rows: np.ndarray) -> None:
    """Find the pay for risk at which the expected numbers that start and stop to sell are equal (by bisection)."""
    sellers, users = state["sellers"], state["users"]
    if not len(sellers["id"]):
        return
    seller_rows = rows_of(model.residents, sellers["id"])
    known = trade.known_sellers(model, model.tick, state, model.city.grid.width, np.ones(len(rows), bool))
    everybody = np.ones(len(rows), bool)
    all_sellers = np.ones(len(seller_rows), bool)
    _, at, seen = candidates(model, users, rows, sellers, seller_rows, known, everybody, all_sellers)
    bar, own = least_gain(model, p, at), least_gain(model, p, seller_rows)
    extra = relative_risk(model, at, state["usual_risk"])
    own_extra = relative_risk(model, seller_rows, state["usual_risk"])
    for k in range(len(p.substances)):
        mine, theirs = sellers["kind"] == k, sellers["kind"][seen] == k
        gain = max(float(sellers["profit"][mine].mean()), 1.0) if mine.any() else 1.0
        low, high = 0.0, 5.0 * gain
        for _ in range(40):
            pay = 0.5 * (low + high)
            come = (np.clip(gain / np.maximum(bar + pay * extra, 1.0), 0, 1.5) ** ENTRY_POWER)[theirs].sum()
            go = (np.clip((own + pay * own_extra) / gain, 0, 2.7) ** EXIT_POWER)[mine].sum()
            low, high = (pay, high) if p.entry * come > p.quit * go else (low, pay)
        state["pay_for_risk"][k] = 0.5 * (low + high)
