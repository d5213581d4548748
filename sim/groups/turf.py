"""Contests for places: who tries, who wins, and the fights that come of it.

A group tries where what it believes to gain exceeds the cost (Tullock 1980: the chance of winning is its share of the
strength there); what is true decides. Strength is members who are free, near and armed.
"""

from __future__ import annotations

import numpy as np

from sim.draws import normals, uniforms
from sim.groups import feuds, places
from sim.groups.people import free, members
from sim.groups.table import distance, mixed, position

LAPSE = 0.1  # per week: a place without anything to gain is given up
UNHELD = 0.25  # part of the cost of a contest that it takes to hold a place nobody holds
LEAST = 2  # free members without whom nobody attacks


def strength(model, table: dict, p) -> np.ndarray:
    """Fighting strength of every group: free members, half more for each who is armed, times cohesion."""
    rows, at = members(model, table)
    r = model.residents
    each = np.where(free(model, rows), 1.0 + 0.5 * (r["gun"][rows] > 0), 0.0)
    return np.bincount(at, each, len(table["id"])) * (0.5 + 0.5 * table["cohesion"])


def caution(model, table: dict) -> np.ndarray:
    """Mean risk of arrest that free members perceive or are credibly told of; 0.3 is usual."""
    rows, at = members(model, table)
    rows, at = rows[free(model, rows)], at[free(model, rows)]
    r = model.residents
    felt = r["risk"][rows].astype(float) if "risk" in r else np.full(len(rows), 0.3)
    felt = felt + 3.0 * model.levers["certainty"][rows]
    heads = np.bincount(at, minlength=len(table["id"]))
    return np.bincount(at, felt, len(table["id"])) / np.maximum(heads, 1)


def see(model, table: dict, turn: np.ndarray, true: np.ndarray, p) -> None:
    """Groups whose turn it is look at the strength of the others, through noise."""
    for g in np.flatnonzero(turn):
        noise = normals(model.seed, "groups.belief", model.tick, mixed(table["key"][g], table["key"]))
        seen = true * np.exp(p.belief_noise * noise)
        table["belief"][g] += p.belief_step * (seen - table["belief"][g])


def win_chance(mine, theirs, established, p):
    """Tullock's share, with the sellers of a place on the side of whoever holds it."""
    against = (1.0 + p.advantage * established) * np.maximum(theirs, 0.0)
    return mine / np.maximum(mine + against, 1e-9)


def contests(model, state: dict, turn: np.ndarray, p) -> int:
    """Let the groups whose turn it is try to take places; returns how many contests there were."""
    table, turf = state["groups"], model.layers["turf"]
    prize = places.prizes(model, p)
    cells = prize["cell"]
    worth = prize["rent"] + prize["fees"]
    give_up(model, turf, cells, worth)
    true, care = strength(model, table, p), caution(model, table)
    see(model, table, turn, true, p)
    holder = position(table, turf[cells])
    asked = []
    for g in np.flatnonzero(turn & (true >= LEAST)):
        reach = np.exp(-distance(model, table["home"][g], cells) / p.reach)
        h = np.maximum(holder, 0)
        theirs = np.exp(-distance(model, table["home"][h], cells) / p.reach)
        won = win_chance(true[g] * reach, table["belief"][g][h] * theirs, prize["established"], p)
        held = holder >= 0
        won[~held] = 1.0
        price = p.cost * (1.0 + p.sanction * care[g]) * np.where(held, 1.0, UNHELD)
        gain = won * worth * p.horizon - price * (1.0 - 0.3 * won)
        hazard = p.attack * reach / (1.0 + np.exp(-np.clip(gain / (p.doubt * price), -30, 30)))
        hazard = np.where(held, hazard, np.where(gain > 0.0, 4.0 * hazard, 0.0))
        hazard[(holder == g) | (worth <= 0)] = 0.0
        could = np.flatnonzero(hazard > 1e-6)
        against = np.where(held, table["key"][h], np.uint64(0))[could]
        key = mixed(table["key"][g], mixed(against, cells[could].astype(np.uint64)))
        draw = uniforms(model.seed, "groups.attack", model.tick, key)
        for j in np.flatnonzero(draw < 1.0 - np.exp(-hazard[could])):
            asked.append((draw[j] / hazard[could[j]], int(table["id"][g]), g, could[j], key[j]))
    fought, taken = 0, set()
    for _, _, g, c, key in sorted(asked):  # one contest a place; the keenest comes first
        if c in taken:
            continue
        taken.add(c)
        h = holder[c]
        if h < 0:
            turf[cells[c]] = table["id"][g]
            continue
        fought += 1
        contest(model, state, true, g, h, int(cells[c]), prize["established"][c], key, p)
    return fought


def contest(model, state: dict, true, g: int, h: int, cell: int, established: float, key, p) -> None:
    """Group `g` tries to take a place of `h`: what is true decides who has it, and there are fights."""
    table = state["groups"]
    mine = true[g] * np.exp(-distance(model, table["home"][g], cell) / p.reach)
    theirs = true[h] * np.exp(-distance(model, table["home"][h], cell) / p.reach)
    chance = win_chance(mine, theirs, established, p)
    won = uniforms(model.seed, "groups.win", model.tick, np.array([key]))[0] < chance
    if won:
        model.layers["turf"][cell] = table["id"][g]
    table["cash"][g] -= p.cost * (1.0 - 0.3 * won)
    feuds.battle(model, state, g, h, cell, key, p)


def give_up(model, turf: np.ndarray, cells: np.ndarray, worth: np.ndarray) -> None:
    """Places where there is nothing left to gain are given up after a while (once a week for each place)."""
    held = np.flatnonzero(turf >= 0)
    held = held[held % 7 == (model.day + model.calendar.burn_in_days) % 7]
    idle = held[~np.isin(held, cells[worth > 0])]
    gone = uniforms(model.seed, "groups.give_up", model.tick, idle) < LAPSE
    turf[idle[gone]] = -1
