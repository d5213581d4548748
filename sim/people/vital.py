"""Births and deaths of a month."""

from __future__ import annotations

import numpy as np

from sim.columns import BLOCK
from sim.draws import mix_arrays, normals, uniforms
from sim.people.kin import years

MONTH = 30 / 365
FIRST_BIRTH, LAST_BIRTH = 15.0, 46.0
BOYS = 0.512
BOUND = 4.0  # of self-control, as at the start
PARENTS_SUPPORT = 12.0  # years of age up to which upbringing forms self-control


def mortality(p, age: np.ndarray, male: np.ndarray) -> np.ndarray:
    """Yearly hazard of a natural death by Gompertz's law, in terms of the commonest age at death."""
    return p.senescence * np.exp(p.senescence * (age - np.where(male, p.mode_men, p.mode_women)))


def die(life, model) -> None:
    """Bury those whose time has come."""
    r, dead = model.residents, [np.empty(0, np.int64)]
    for start in range(0, len(r), BLOCK):  # a block at a time: everybody's hazards at once would take much memory
        rows = start + np.flatnonzero(r["alive"][start : start + BLOCK])
        hazard = mortality(life.params, (model.day - r["birth_day"][rows]) / 365.0, r["sex"][rows] == 1)
        hit = uniforms(model.seed, "lifecourse.death", model.tick, r["key"][rows]) < 1.0 - np.exp(-MONTH * hazard)
        dead.append(r["id"][rows[hit]])
    model.bury(np.concatenate(dead), "natural")


def fertility(p, age: np.ndarray, partnered: np.ndarray, children: np.ndarray) -> np.ndarray:
    """Yearly hazard of a birth of women who have not just had one."""
    shape = np.exp(-0.5 * ((age - p.age_of_births) / p.spread_of_births) ** 2)
    hazard = p.fertility * shape / (p.spread_of_births * np.sqrt(2 * np.pi))
    return hazard * np.where(partnered, 1.0, p.single_births) * np.where(children >= 2, p.parity, 1.0)


def bear(life, month) -> None:
    """Let children be born into the homes of their mothers; the key of a child is that of the mother and its rank."""
    model, age = month.model, month.age
    r, p = model.residents, life.params
    ready = r["alive"] & (r["sex"] == 0) & (age >= FIRST_BIRTH) & (age < LAST_BIRTH)
    ready &= (model.day - r["last_birth"] > 365 * p.spacing) & (r["custody_until"] <= model.tick)
    rows = np.flatnonzero(ready)
    rows = rows[~np.isin(r["id"][rows], model.leaving())]
    hazard = fertility(p, age[rows], r["partner"][rows] == 1, r["children"][rows])
    hit = uniforms(model.seed, "lifecourse.birth", model.tick, r["key"][rows]) < 1.0 - np.exp(-MONTH * hazard)
    mother = rows[hit]
    r["children"][mother] = np.minimum(r["children"][mother], 254) + 1
    r["last_birth"][mother] = model.day
    keys = np.empty(len(mother), np.uint64)
    mix_arrays(r["key"][mother], r["children"][mother].astype(np.uint64), keys)
    model.enter(keys, "born", dwelling=r["dwelling"][mother], mother=r["id"][mother],
                birth_day=model.day - np.floor(30 * uniforms(model.seed, "lifecourse.birth_day", 0, keys)).astype(int),
                sex=uniforms(model.seed, "lifecourse.sex", 0, keys) < BOYS,
                self_control=inherited(life, model, mother, keys), shop_nodes=r["shop_nodes"][mother],
                bar_node=r["bar_node"][mother])


def inherited(life, model, mother: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Self-control of newborns: part the mother's, part the conditions at home, the rest its own.

    Conditions have mean zero and variance one at the start, so that generations differ from their parents only as far
    as conditions have changed.
    """
    r, p = model.residents, life.params
    mean, sd = life.state["hardship"]
    single = (r["partner"][mother] == 0).astype(float)
    strain = 0.7 * (r["hardship"][mother] - mean) / sd + 0.7 * (single - life.state["single"]) / 0.45
    own = np.sqrt(max(1.0 - p.inheritance**2 - p.upbringing**2, 0.0))
    drawn = normals(model.seed, "lifecourse.self_control", 0, keys)
    value = p.inheritance * r["self_control"][mother] - p.upbringing * strain + own * drawn
    return np.clip(value, -BOUND, BOUND)


def raise_children(life, model) -> None:
    """Family support (the lever `family`) forms the self-control of children while it lasts."""
    if model.levers.idle("family"):
        return
    r = model.residents
    young = np.flatnonzero(r["alive"] & (years(model) < PARENTS_SUPPORT) & (model.levers["family"] != 0))
    gain = life.params.family_support * MONTH * model.levers["family"][young]
    r["self_control"][young] = np.clip(r["self_control"][young] + gain, -BOUND, BOUND)
