"""Groups at the start: settled values, so that nothing drifts because the run began."""

from __future__ import annotations

import numpy as np

from sim.draws import normals, uniforms
from sim.groups import recruits, table, turf
from sim.groups.feuds import empty_plan
from sim.groups.leaders import found
from sim.groups.people import enrol, members
from sim.groups.places import market, prizes, wage
from sim.groups.table import distance, mixed, position

TODAY = ("fights", "killed", "extorted", "joined", "left", "splits", "successions", "mediated", "recruits")
FAR_APART = 500.0  # metres between the homes of groups at the start, where the places allow it


def blank(model, p) -> dict:
    """Return the state of a city without groups."""
    none = np.empty(0, np.int64)
    return dict(groups=table.empty(), plan=empty_plan(), founders=none, usual_pay=p.pay, join=0.0, revenue=0.0,
                wanted_leaders=none, taken_leaders=none, wage=wage(model), fee=0.0,
                today=dict.fromkeys(TODAY, 0))


def begin(model, state: dict, p) -> None:
    """Form groups around the places of sale with as many members as their income pays."""
    state.update(blank(model, p))
    state["fee"] = p.fee * state["wage"]
    m = market(model)
    if not model.spec.interactions or not len(m["cell"]):
        return
    income = p.rent * float(m["turnover"].sum())
    people = int(model.residents["alive"].sum())
    count = int(round(min(p.wages * income / p.pay, p.most_members * people)))
    number = max(int(round(count / p.size)), min(2, count // 3))
    if count < 3 or number < 1:
        return
    candidates, score = eligible(model, p)
    centres = seats(model, m, number)
    for cell in centres:
        settle(model, state, p, int(cell), candidates, score, count // len(centres))
    share_places(model, state, p, m)
    balance(model, state, p)


def eligible(model, p) -> tuple[np.ndarray, np.ndarray]:
    """Residents who could be members, with how ready they are (as a logarithm with luck)."""
    r = model.residents
    age = model.age()
    rows = np.flatnonzero(r["alive"] & (age >= max(p.age, 14)) & (age <= 32))
    rows = rows[~recruits.barred(model, rows) & (r["custody_until"][rows] <= model.tick)]
    ready = recruits.readiness(model, rows, p)
    luck = -np.log(-np.log(uniforms(model.spec.seed, "groups.first", 0, r["key"][rows])))
    return rows, np.log(np.maximum(ready, 1e-9)) + luck + 1.5 * (r["selling"][rows] > 0)


def seats(model, m: dict, number: int) -> np.ndarray:
    """Places of sale to begin from: the richest first, apart from one another where that is possible."""
    order = np.lexsort((m["cell"], -m["turnover"]))
    chosen: list[int] = []
    for apart in (FAR_APART, 0.0):
        for cell in m["cell"][order].tolist():
            if len(chosen) < number and cell not in chosen and all(
                    distance(model, cell, other) >= apart for other in chosen):
                chosen.append(cell)
    return np.array(chosen, np.int64)


def settle(model, state: dict, p, cell: int, candidates, score, count: int) -> None:
    """One group: those who are ready for it and live near its place."""
    r = model.residents
    outside = r["group"][candidates] < 0
    rows = candidates[outside]
    far = distance(model, r["home"][rows], cell) / p.reach - score[outside]
    wanted = max(count, 3)
    if wanted < len(rows):  # only those who can be among the first are sorted: a city has as many groups as it is large
        first = np.flatnonzero(far <= np.partition(far, wanted - 1)[wanted - 1])
        rows, far = rows[first], far[first]
    chosen = rows[np.lexsort((r["id"][rows], far))[:wanted]]
    if len(chosen) < 3:
        return
    age = model.age()[chosen]
    grown = chosen[age >= 18] if (age >= 18).any() else chosen
    founder = int(r["id"][grown[0]])
    r["group"][chosen] = founder
    enrol(model, state["groups"])
    found(model, state, founder, cell, cohesion=1.0)


def share_places(model, state: dict, p, m: dict) -> None:
    """Every place of sale within reach belongs to the nearest group; beliefs are what is true, with noise."""
    g = state["groups"]
    if not len(g["id"]):
        return
    far = distance(model, m["cell"][:, None], g["home"][None, :])
    nearest = np.argmin(far, axis=1)
    held = far[np.arange(len(nearest)), nearest] < 3.0 * p.reach
    model.layers["turf"][m["cell"][held]] = g["id"][nearest[held]]
    prize = prizes(model, p)
    holder = position(g, model.layers["turf"][prize["cell"]])
    worth = np.bincount(holder[holder >= 0], prize["rent"][holder >= 0], len(g["id"]))
    rows, at = members(model, g)
    size = np.bincount(at, minlength=len(g["id"]))
    g["income"][:] = worth
    g["pay"][:] = p.wages * worth / np.maximum(size, 1)
    state["usual_pay"] = float(p.wages * worth.sum() / max(size.sum(), 1))
    g["pay"][:] = 0.5 * (g["pay"] + state["usual_pay"])
    noise = normals(model.spec.seed, "groups.first_belief", 0, mixed(g["key"][:, None], g["key"][None, :]))
    g["belief"][:] = turf.strength(model, g, p)[None, :] * np.exp(p.belief_noise * noise)


def balance(model, state: dict, p) -> None:
    """Find the hazard of joining at which as many join as leave in an average week."""
    rows, at = members(model, state["groups"])
    if not len(rows):
        return
    even = dict(state, groups=dict(state["groups"], pay=np.full(len(state["groups"]["id"]), state["usual_pay"])))
    out = float(recruits.leaving(model, even, p, rows, at).sum())
    flows = model.mechanisms.get("flows")
    people = flows.state.get("people") if flows is not None and flows.params.enabled else None
    if isinstance(people, dict) and "usual" in people:
        out -= 7.0 * float(people["usual"]) * getattr(flows.params, "recruits", 0.0)
    people, _, hazard = recruits.by_turns(model, even, p, -1)
    total = float(hazard[np.argsort(people)].sum())
    state["join"] = float(np.clip(max(out, 0.2 * p.leave * len(rows)) / total, 0.0, 0.5)) if total > 0 else 0.0

