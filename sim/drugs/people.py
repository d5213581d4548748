"""Who starts to use through friends, and who starts and stops selling."""

from __future__ import annotations

import numpy as np

from sim.columns import BLOCK
from sim.draws import mix_arrays, normals, uniforms
from sim.drugs.careers import OCCASIONAL
from sim.drugs.tables import insert, keep, position, rows_of

AGE_FIRST_USE, AGE_LAST_FIRST_USE = 14.0, 40.0
AGE_NEWCOMER = 45.0  # older newcomers do not use
AGE_SELLING = 15.0, 45.0
PATIENCE_SD = 0.4
MOST_WEIGHT = 12.0
ENTRY_POWER, EXIT_POWER = 6, 3  # how hazards answer to the gain relative to the least one would do it for


def age_years(model, rows: np.ndarray) -> np.ndarray:
    return (model.day - model.residents["birth_day"][rows]) / 365.0


def taste(seed, keys: np.ndarray, sd: float) -> tuple[np.ndarray, np.ndarray]:
    """Lognormal multiples of a person's dose and of his price scale; they belong to the person, not to the day."""
    appetite, patience = normals(seed, "drugs.appetite", 0, keys), normals(seed, "drugs.patience", 0, keys)
    return np.exp(sd * appetite), np.exp(PATIENCE_SD * patience)


def pairs(model, users: dict, rows: np.ndarray, which: np.ndarray):
    """Pairs of a using resident and a friend: positions of the users, ids and rows of the friends who are alive."""
    who = np.flatnonzero(which & (users["use"] > 0) & (rows >= 0))
    friends = model.residents["ties"][rows[who]]
    u, ids = np.repeat(who, friends.shape[1]), friends.ravel()
    at = rows_of(model.residents, ids)
    ok = at >= 0
    return u[ok], ids[ok], at[ok]


def susceptible(model, users: dict, u, ids, at, use_now: np.ndarray) -> np.ndarray:
    """Weight of each pair's friend in the hazard of first use; 0 for those too old or with a past.

    A friend of low self-control is likelier to try; every dependent friend he has halves it (generational forgetting:
    those who see what it does abstain; Behrens et al. 2000).
    """
    r = model.residents
    age = age_years(model, at)
    ok = (age >= AGE_FIRST_USE) & (age < AGE_LAST_FIRST_USE) & (position(users, ids) < 0)
    theirs = rows_of(r, r["ties"][at].ravel())
    warned = ((theirs >= 0) & (r["use"][theirs] == 2)).reshape(len(at), r["ties"].shape[1]).sum(axis=1)
    weight = np.exp(-0.5 * r["self_control"][at].astype(float)) * 0.5**warned * use_now[users["kind"][u]]
    if not model.levers.idle("drug_education"):  # what they were taught: to turn an offer down
        weight *= 1.0 - np.clip(model.levers["drug_education"][at], 0.0, 1.0)
    return np.where(ok, np.minimum(weight, MOST_WEIGHT), 0.0)


def initiate(model, users: dict, rows: np.ndarray, turn: np.ndarray, hazard: float, use_now: np.ndarray,
             sd: float) -> None:
    """Let friends of this week's users start; every pair has its own draw, so nobody's turn matters."""
    r = model.residents
    u, ids, at = pairs(model, users, rows, turn)
    pair = np.empty(len(u), np.uint64)
    mix_arrays(users["key"][u], r["key"][at], pair)
    draw = uniforms(model.seed, "drugs.initiation", model.tick, pair)
    few = draw < 1.0 - np.exp(-hazard * MOST_WEIGHT)  # nobody else can start today
    u, ids, at, draw = u[few], ids[few], at[few], draw[few]
    if not len(u):
        return
    hit = draw < 1.0 - np.exp(-hazard * susceptible(model, users, u, ids, at, use_now))
    order = np.flatnonzero(hit)[np.lexsort((draw[hit], ids[hit]))]
    _, first = np.unique(ids[order], return_index=True)
    new = order[first]
    if not len(new):
        return
    keys = r["key"][at[new]]
    appetite, patience = taste(model.seed, keys, sd)
    insert(users, dict(id=ids[new], key=keys, kind=users["kind"][u[new]],
                       prefers=users["kind"][u[new]], use=np.full(len(new), OCCASIONAL),
                       since=np.full(len(new), model.day), appetite=appetite, patience=patience,
                       place=users["place"][u[new]]))


def first_use_weight(model, users: dict, rows: np.ndarray) -> np.ndarray:
    """Weight of residents in the hazard of first use without a using friend; 0 for those too old or with a past."""
    r = model.residents
    age = age_years(model, rows)
    out = np.zeros(len(rows))
    young = np.flatnonzero((age >= AGE_FIRST_USE) & (age < AGE_LAST_FIRST_USE))
    young = young[position(users, r["id"][rows[young]]) < 0]
    at = rows[young]
    out[young] = np.minimum(np.exp(-0.5 * r["self_control"][at].astype(float)), MOST_WEIGHT)
    if not model.levers.idle("drug_education"):
        out[young] *= 1.0 - np.clip(model.levers["drug_education"][at], 0.0, 1.0)
    return out


def start_alone(model, users: dict, hazard: float, use_now: np.ndarray, sizes: np.ndarray, sd: float) -> None:
    """Let a week's first use without a using friend happen: at parties, through sellers, by curiosity.

    sizes : share of each substance in what is taken; it decides which one is tried.
    """
    r, parts = model.residents, [np.empty(0, np.int64)]
    few = 1.0 - np.exp(-hazard * MOST_WEIGHT)  # nobody whose draw is above can start this week
    for start in range(0, len(r), BLOCK):
        part = slice(start, start + BLOCK)
        here = start + np.flatnonzero(r["alive"][part] & (r["custody_until"][part] <= model.tick))
        parts.append(here[uniforms(model.seed, "drugs.start_alone", model.tick, r["key"][here]) < few])
    rows = np.concatenate(parts)
    keys = r["key"][rows]
    draw = uniforms(model.seed, "drugs.start_alone", model.tick, keys)
    kind = np.searchsorted(np.cumsum(sizes)[:-1], uniforms(model.seed, "drugs.first_kind", 0, keys), side="right")
    hit = draw < 1.0 - np.exp(-hazard * first_use_weight(model, users, rows) * use_now[kind])
    rows, keys, kind = rows[hit], keys[hit], kind[hit]
    if not len(rows):
        return
    appetite, patience = taste(model.seed, keys, sd)
    insert(users, dict(id=r["id"][rows], key=keys, kind=kind, prefers=kind, use=np.full(len(rows), OCCASIONAL),
                       since=np.full(len(rows), model.day), appetite=appetite, patience=patience,
                       place=np.full(len(rows), -1)))


def least_gain(model, p, rows: np.ndarray) -> np.ndarray:
    """Weekly gain below which somebody would rather not sell, before risk: legal income at stake and reluctance."""
    r = model.residents
    user = r["use"][rows] > 0
    return (p.wage_weight * np.where(user, 0.55, 1.0) * r["income"][rows]
            + p.moral_cost * model.mechanisms["drugs"].state["unit"] * np.where(user, 0.5, 1.0)
            * np.exp(0.6 * r["self_control"][rows].astype(float)))


def relative_risk(model, rows: np.ndarray, usual: float) -> np.ndarray:
    """Perceived risk of arrest relative to what was usual at the start."""
    if "risk" not in model.residents or usual <= 0:
        return np.ones(len(rows))
    return np.clip(model.residents["risk"][rows] / usual, 0.2, 5.0)


def candidates(model, users: dict, rows: np.ndarray, sellers: dict, seller_rows: np.ndarray, known: np.ndarray,
               turn: np.ndarray, seller_turn: np.ndarray):
    """Who might start to sell and the seller whose gains he sees: buyers of his own, and his friends.

    known: for every user the position of a seller at his place, -1 without. Returns ids, rows, positions of sellers.
    """
    r = model.residents
    u = np.flatnonzero(turn & (users["use"] > 0) & (known >= 0))
    s = np.flatnonzero(seller_turn & (seller_rows >= 0))
    friends = r["ties"][seller_rows[s]]
    ids = np.concatenate([users["id"][u], friends.ravel()])
    seen = np.concatenate([known[u], np.repeat(s, friends.shape[1])])
    at = rows_of(r, ids)
    ok = at >= 0
    ids, seen, at = ids[ok], seen[ok], at[ok]
    age = age_years(model, at)
    ok = (r["selling"][at] == 0) & (r["custody_until"][at] <= model.tick)
    ok &= (age >= AGE_SELLING[0]) & (age < AGE_SELLING[1])
    return ids[ok], at[ok], seen[ok]


def start_selling(model, p, sellers: dict, ids, at, seen, bar: np.ndarray) -> None:
    """Hazard of starting from the gain of a seller one knows against one's own least gain."""
    if not len(ids):
        return
    ratio = np.clip(sellers["profit"][seen] / np.maximum(bar, 1.0), 0.0, 1.5)
    draw = uniforms(model.seed, "drugs.start_selling", model.tick, model.residents["key"][at])
    hit = draw < 1.0 - np.exp(-p.entry * ratio**ENTRY_POWER)
    # Somebody who knows several sellers looks at the best of them.
    order = np.flatnonzero(hit)
    if not len(order):
        return
    order = order[np.lexsort((sellers["id"][seen[order]], -ratio[order], ids[order]))]
    _, first = np.unique(ids[order], return_index=True)
    new = order[first]
    s = seen[new]
    insert(sellers, dict(id=ids[new], key=model.residents["key"][at[new]], kind=sellers["kind"][s],
                         purity=np.ones(len(new)), place=sellers["place"][s],
                         since=np.full(len(new), model.day), arrived=np.full(len(new), model.day),
                         cost=sellers["cost"][s],
                         price=sellers["price"][s], sold=0.6 * p.utilisation * p.capacity * np.ones(len(new)),
                         profit=0.8 * sellers["profit"][s], supplier=sellers["supplier"][s]))
    model.residents["selling"][at[new]] = 1


def reopen(model, p, state: dict, rows: np.ndarray, turn: np.ndarray) -> None:
    """Where a substance has importers with stock and no seller is left, some of its users begin to sell to the others.

    Nobody can see what a seller gains there; importers and users have to find each other, so it takes some weeks.
    """
    users, sellers, im, r = state["users"], state["sellers"], state["importers"], model.residents
    for k in range(len(state["reference"])):
        stocked = np.flatnonzero(im["active"] & (im["kind"] == k) & (im["stock"] > 0))
        if not len(stocked) or (sellers["kind"] == k).any():
            continue
        u = np.flatnonzero(turn & (users["kind"] == k) & (users["use"] > 0) & (rows >= 0))
        age = age_years(model, rows[u])
        u = u[(r["selling"][rows[u]] == 0) & (age >= AGE_SELLING[0]) & (age < AGE_SELLING[1])]
        u = u[uniforms(model.seed, "drugs.reopen", model.tick, users["key"][u]) < 1.0 - np.exp(-10.0 * p.entry)]
        price, cost = float(state["reference"][k]), float(im["price"][stocked].min())
        insert(sellers, dict(id=users["id"][u], key=users["key"][u], kind=np.full(len(u), k), purity=np.ones(len(u)),
                             place=r["home"][rows[u]], since=np.full(len(u), model.day),
                             arrived=np.full(len(u), model.day), cost=np.full(len(u), cost),
                             price=np.full(len(u), max(price, 1.1 * cost)),
                             sold=0.6 * p.utilisation * p.capacity * np.ones(len(u)),
                             profit=np.full(len(u), 7.0 * p.utilisation * p.capacity * max(price - cost, 0.1 * cost)),
                             supplier=np.full(len(u), stocked[0])))
        r["selling"][rows[u]] = 1


def stop_selling(model, p, sellers: dict, turn: np.ndarray, bar: np.ndarray) -> np.ndarray:
    """Sellers of this week's turn who stop: true by position."""
    ratio = np.clip(bar / np.maximum(sellers["profit"], 1.0), 0.0, 2.7)
    hazard = p.quit * ratio**EXIT_POWER
    draw = uniforms(model.seed, "drugs.stop_selling", model.tick, sellers["key"])
    return turn & (model.day - sellers["since"] >= 28) & (draw < 1.0 - np.exp(-hazard))


def drop_sellers(model, sellers: dict, rows: np.ndarray, gone: np.ndarray) -> int:
    """Take sellers out of the table; returns the doses they leave behind."""
    left = int(sellers["stock"][gone].sum())
    here = rows[gone]
    model.residents["selling"][here[here >= 0]] = 0
    keep(sellers, ~gone)
    return left


def substitute(model, p, state: dict, turn: np.ndarray) -> None:
    """Users change to another substance while their own is dear or hard to get, and go back when it no longer is."""
    users, kinds = state["users"], len(state["reference"])
    if kinds < 2:
        return
    # What a usual dose costs now, hard to get included, against what it usually costs.
    dear = np.log(state["price"] / state["strength"] / state["reference"] / np.maximum(state["fill"], 0.2))
    mine = np.flatnonzero(turn & (users["use"] > 0))
    kind, prefers = users["kind"][mine].astype(np.int64), users["prefers"][mine].astype(np.int64)
    best = np.array([min((j for j in range(kinds) if j != k), key=lambda j: (dear[j], j)) for k in range(kinds)])
    away = np.maximum(dear[prefers] - dear[best[prefers]] - 0.1, 0.0)
    back = np.where(dear[prefers] - dear[kind] < 0.1, 1.0, 0.0)
    hazard = p.substitution * np.where(kind == prefers, away, back)
    hit = uniforms(model.seed, "drugs.substitute", model.tick, users["key"][mine]) < 1.0 - np.exp(-hazard)
    target = np.where(kind == prefers, best[prefers], prefers)
    users["kind"][mine[hit]] = target[hit]
    users["place"][mine[hit]] = -1


def newcomers(model, p, state: dict) -> None:
    """Those who have moved into the city since yesterday use as often as people of their age did here at the start.

    Children grow up here and start, if they do, through friends.
    """
    r, users = model.residents, state["users"]
    ids = r["id"]
    new = np.flatnonzero((ids > state["last_id"]) & r["alive"])
    state["last_id"] = max(int(ids.max(initial=-1)), state["last_id"])
    new = new[age_years(model, new) >= AGE_FIRST_USE]
    if not len(new):
        return
    age = age_years(model, np.arange(len(ids)))
    share = state["beyond"]  # the world they come from does not follow the city
    draw = uniforms(model.seed, "drugs.newcomer", 0, r["key"][new])
    use = np.where(draw < share[1], 2, np.where(draw < sum(share), OCCASIONAL, 0))
    use = np.where(age[new] < AGE_NEWCOMER, use, 0)
    new, use = new[use > 0], use[use > 0]
    if not len(new):
        return
    keys = r["key"][new]
    appetite, patience = taste(model.seed, keys, p.appetite_sd)
    weight = np.bincount(users["kind"], minlength=len(state["reference"])).astype(float)
    weight = np.cumsum(weight / max(weight.sum(), 1.0))
    kind = np.searchsorted(weight[:-1], uniforms(model.seed, "drugs.newcomer_kind", 0, keys), side="right")
    insert(users, dict(id=ids[new], key=keys, kind=kind, prefers=kind, use=use, appetite=appetite, patience=patience,
                       since=np.full(len(new), model.day), place=np.full(len(new), -1),
                       tolerance=appetite * np.where(use == 2, p.dose_dependent, p.dose_occasional)))
