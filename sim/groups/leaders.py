"""Succession, splitting, secession, founding and merging: what keeps the number of groups where it is.

Whoever takes a leader away leaves heirs who may not agree: they come to blows, over the group or, where it splits, over
its best place, and two rivals are left where one held the place (Calderon et al. 2015; Lindo and Padilla-Romo 2018).
All hear of it at once and try their luck with who is weaker now. Large groups lose parts, small ones are absorbed.
"""

from __future__ import annotations

import numpy as np

from sim.draws import uniforms
from sim.groups import feuds, turf
from sim.groups import table as groups_table
from sim.groups.people import away, enrol, free, living, members, ties_within
from sim.groups.places import market, prizes
from sim.groups.table import distance, group_key, mixed, position

SHAKEN = 0.6  # cohesion that is left after a leader is gone
HEALING = 1.0 / 120.0  # per day
GRACE = 180  # days that a new group holds on, however small


def succession(model, state: dict, p) -> None:
    """Give leaderless groups a new leader or split them; groups without members end."""
    table, r = state["groups"], model.residents
    rows, at = members(model, table)
    size = np.bincount(at, minlength=len(table["id"]))
    if (size == 0).any():
        end(model, state, size > 0)
        rows, at = members(model, table)
    table["cohesion"] += HEALING * (1.0 - table["cohesion"])
    leader = living(model, table["leader"])
    gone = leader < 0
    taken = np.isin(table["leader"], state["taken_leaders"])
    gone[~gone] = away(model, leader[~gone]) | taken[~gone] & ~free(model, leader[~gone])
    gone |= np.where(leader >= 0, r["group"][np.maximum(leader, 0)] != table["id"], True)
    for g_id in table["id"][gone].tolist():
        rows, at = members(model, table)
        g = int(position(table, np.array([g_id]))[0])
        mine = rows[at == g]
        heirs = mine[free(model, mine)]
        if not len(heirs):
            continue  # all are in custody: nobody to take over
        ties = ties_within(model, mine, np.zeros(len(mine)))[np.isin(mine, heirs)]
        order = np.lexsort((r["id"][heirs], -r["capital_violence"][heirs], -ties))
        first, second = heirs[order[0]], heirs[order[min(1, len(order) - 1)]]
        n1, n2 = ties[order[0]], ties[order[min(1, len(order) - 1)]]
        before = 0.5 + 0.5 * table["cohesion"][g]
        table["cohesion"][g] *= SHAKEN
        table["belief"][:, g] *= (0.5 + 0.5 * table["cohesion"][g]) / before  # everybody hears of it
        table["leader"][g] = r["id"][first]
        table["home"][g] = r["home"][first]
        state["today"]["successions"] += 1
        key = mixed(table["key"][g], r["key"][first])
        u = uniforms(model.seed, "groups.split", model.tick, np.array([key]))[0]
        if second != first and u < p.split * (n2 + 1.0) / (n1 + 1.0):
            split = len(heirs) >= 4 and divide(model, state, p, g_id, int(r["id"][second]))
            dispute(model, state, p, g_id, int(r["id"][second]) if split else g_id, key)


def dispute(model, state: dict, p, g_id: int, rival: int, key) -> None:
    """Heirs come to blows: two halves over the best place of both, or those of one group at home."""
    table, places = state["groups"], prizes(model, p)
    a, b = position(table, np.array([g_id, rival])).tolist()
    if a == b:
        feuds.battle(model, state, a, a, int(table["home"][a]), key, p)
        return
    holder = model.layers["turf"][places["cell"]]
    ours = np.flatnonzero((holder == g_id) | (holder == rival))
    if not len(ours):
        return
    best = ours[np.argmax((places["rent"] + places["fees"])[ours])]
    g, h = (b, a) if holder[best] == g_id else (a, b)  # whoever does not have it tries
    turf.contest(model, state, turf.strength(model, table, p), g, h, int(places["cell"][best]),
                 places["established"][best], key, p)


def divide(model, state: dict, p, g_id: int, rival: int) -> bool:
    """Part of a group follows a rival of its leader into a group of its own, by ties and then by distance."""
    table, r = state["groups"], model.residents
    g = int(position(table, np.array([g_id]))[0])
    rows, at = members(model, table)
    mine = rows[at == g]
    founder = int(living(model, np.array([rival]))[0])
    leader = int(living(model, table["leader"][g : g + 1])[0])
    if founder < 0 or leader < 0 or rival in state["founders"]:
        return False
    def pull(row):
        tied = (r["ties"][mine] == r["id"][row]).sum(axis=1) + np.isin(r["id"][mine], r["ties"][row])
        luck = uniforms(model.seed, "groups.follow", model.tick, mixed(r["key"][mine], r["key"][row]))
        return 2.0 * tied - distance(model, r["home"][mine], r["home"][row]) / p.reach + luck
    follows = pull(founder) > pull(leader)
    follows[mine == founder], follows[mine == leader] = True, False
    if follows.sum() < 2:
        return False
    r["group"][mine[follows]] = rival
    enrol(model, table)
    share = follows.mean()
    cells = np.flatnonzero(model.layers["turf"] == g_id)
    to = distance(model, cells, r["home"][founder]) < distance(model, cells, r["home"][leader])
    values = {name: table[name][g] for name in ("cohesion", "pay")}
    for name in ("cash", "income", "week"):
        values[name] = share * table[name][g]
        table[name][g] *= 1.0 - share
    found(model, state, rival, r["home"][founder], **values)
    model.layers["turf"][cells[to]] = rival
    a, b = position(table, np.array([g_id, rival]))
    table["belief"][:, b] = share * table["belief"][:, a]  # everybody sees that they are fewer
    table["belief"][:, a] *= 1.0 - share
    table["debt"][a, b] = table["debt"][b, a] = p.quarrel
    state["today"]["splits"] += 1
    return True


def found(model, state: dict, founder: int, home: int, **values) -> None:
    """Enter a group by its founder; it knows nothing yet of the others' strength."""
    table, r = state["groups"], model.residents
    row = int(r.find(np.array([founder]))[0])
    state["founders"] = np.union1d(state["founders"], [founder]).astype(np.int64)
    groups_table.insert(table, id=founder, key=group_key(r["key"][row]), leader=founder, home=int(home),
                        born=model.day, belief=p_belief(table), **values)


def p_belief(table: dict) -> float:
    """What is believed of a group that is new: the mean of what is believed of others."""
    known = table["belief"][table["belief"] > 0]
    return float(known.mean()) if len(known) else 5.0


def secede(model, state: dict, turn: np.ndarray, p) -> None:
    """Large groups lose a part under their second man."""
    table, r = state["groups"], model.residents
    rows, at = members(model, table)
    size = np.bincount(at, minlength=len(table["id"]))
    ratio = (size / p.large) ** 2
    draw = uniforms(model.seed, "groups.secede", model.tick, table["key"])
    hit = turn & (size >= 2 * p.small) & (draw < 1.0 - np.exp(-p.secession * ratio / (1.0 + ratio)))
    for g_id in table["id"][hit].tolist():
        g = int(position(table, np.array([g_id]))[0])
        mine = rows[r["group"][rows] == g_id]
        others = mine[free(model, mine) & (r["id"][mine] != table["leader"][g])]
        others = others[~np.isin(r["id"][others], state["founders"])]
        if not len(others):
            continue
        far = distance(model, r["home"][others], table["home"][g])
        second = others[np.lexsort((r["id"][others], -far))[0]]  # the one who lives farthest from the leader
        divide(model, state, p, g_id, int(r["id"][second]))


def merge(model, state: dict, turn: np.ndarray, p) -> None:
    """Small groups are absorbed by the group their members know best, or end where there is no other."""
    table, r = state["groups"], model.residents
    draw = uniforms(model.seed, "groups.merge", model.tick, table["key"])
    turn = turn & (model.day - table["born"] >= GRACE)
    for g_id in table["id"][turn & (draw < 1.0 - np.exp(-p.absorbed))].tolist():
        rows, at = members(model, table)
        g = int(position(table, np.array([g_id]))[0])
        mine = rows[at == g]
        if len(mine) >= p.small or len(table["id"]) < 2:
            continue
        friends = r.find(r["ties"][mine].ravel())
        theirs = position(table, r["group"][friends[friends >= 0]])
        score = np.bincount(theirs[theirs >= 0], minlength=len(table["id"])).astype(float)
        score += np.exp(-distance(model, table["home"], table["home"][g]) / p.reach)
        score -= table["debt"][g] + table["debt"][:, g]
        score[g] = -np.inf
        to = int(np.argmax(score))
        r["group"][mine] = table["id"][to]
        enrol(model, table)
        model.layers["turf"][model.layers["turf"] == g_id] = table["id"][to]
        table["cash"][to] += table["cash"][g]
        end(model, state, table["id"] != g_id)
        return


def end(model, state: dict, keep: np.ndarray) -> None:
    """Groups that are no more leave their places and the table."""
    table, turf = state["groups"], model.layers["turf"]
    turf[np.isin(turf, table["id"][~keep])] = -1
    groups_table.drop(table, keep)


def establish(model, state: dict, p) -> None:
    """Sellers at a place that nobody holds may form a group with friends of theirs; once a week for each place."""
    m = market(model)
    turf = model.layers["turf"]
    week = (model.day + model.calendar.burn_in_days) % 7
    cells = m["cell"][(turf[m["cell"]] < 0) & (m["cell"] % 7 == week)]
    for cell in cells[uniforms(model.seed, "groups.found", model.tick, cells) < 1.0 - np.exp(-p.founding)].tolist():
        start_group(model, state, p, cell)


def start_group(model, state: dict, p, cell: int) -> bool:
    """Found a group at a place of sale: its oldest seller, the others there and the friends of all of them."""
    r, sellers = model.residents, model.mechanisms["drugs"].state["sellers"]
    here = sellers["place"] == cell
    order = np.lexsort((sellers["id"][here], sellers["since"][here]))
    rows = living(model, sellers["id"][here][order])
    rows = rows[rows >= 0]
    friends = living(model, r["ties"][rows].ravel())
    crowd = np.concatenate([rows, friends[friends >= 0]])
    _, first = np.unique(crowd, return_index=True)
    crowd = crowd[np.sort(first)]
    age = model.age()[crowd]
    ok = (age >= 14) & (age < 40) & (r["group"][crowd] < 0) & free(model, crowd)
    ok &= ~np.isin(r["id"][crowd], np.array(model.spec.banned, np.int64))
    crowd = crowd[ok][: p.small]
    lead = crowd[~np.isin(r["id"][crowd], state["founders"])]
    if len(crowd) < 3 or not len(lead):
        return False
    founder = int(r["id"][lead[0]])
    r["group"][crowd] = founder
    enrol(model, state["groups"])
    found(model, state, founder, cell, cohesion=1.0, pay=state["usual_pay"],
          income=state["usual_pay"] * len(crowd) / max(p.wages, 1e-9))
    model.layers["turf"][cell] = founder
    return True
