"""A population that fits the city's area tables: households, ages, jobs, incomes, nodes and ties.

Steps: residents per area (exact), households per area (`sim.people.households`), dwellings in cells, then everybody
one by one with draws keyed by the resident's number. Nothing in here depends on ethnicity or religion; nobody is
made an offender.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from sim.city.fields import apportion
from sim.city.grid import City
from sim.city.income import area_distribution, spread_of_gini
from sim.draws import decision, draw4, normals, uniforms, unit
from sim.errors import DataError
from sim.people.households import compose
from sim.people.nodes import choose_nodes, choose_ties

INFANT, PUPIL, STUDENT, WORKER, SHIFT, JOBLESS, RETIRED = range(7)
SCHOOL_AGE = 5
BOUND = 2.5  # bounded standard normals: no place is far outside the rest by construction
CHUNK = 1 << 18
DEFAULTS = {"poverty_rate": 0.14, "unemployment_rate": 0.07, "income": 400.0, "share_under18": 0.21,
            "share_over65": 0.15}
# Shares of the people of 18-64, rounded from labour force surveys of OECD cities (modelling choice).
STUDENTS_18_24 = 0.38
OUT_OF_LABOUR_FORCE = 0.17
SHIFT_SHARE = 0.18
_EARNS = np.array([0.0, 0.0, 0.35, 1.0, 1.0, 0.45, 0.75])  # relative income of a household's adults by routine


def populate(city: City, residents: int = 0, seed: int = 1) -> dict[str, dict[str, np.ndarray]]:
    """Make the inhabitants and dwellings of a city.

    Parameters
    ----------
    city : City
    residents : int
        How many; 0 takes the population of the area table. Another number scales every area's population
        (largest remainder), keeping its shares.
    seed : int
        Seed of the city and its people, not of the run.

    Returns
    -------
    dict
        ``{"residents": columns, "dwellings": columns}``. Residents are numbered 0..n-1 in the order of their
        dwellings, dwellings 0..m-1 in the order of cells; row i has id i. Columns are those of
        docs/architecture.md: for residents birth_day, sex, dwelling, next_member, home, area, self_control, ties,
        shop_nodes, bar_node, partner, routine, anchor, income; for dwellings cell, first_member, security, value,
        cover, cars.

    Notes
    -----
    Routine 6 (retired) also stands for adults outside the labour force, so that the jobless among workers and
    jobless are the area's unemployment rate. Income is a person's legal income; its mean over the adults of a
    household is lognormal in the area with the table's median and poverty rate; minors have none.

    Raises
    ------
    DataError
        If the city has no residents.
    """
    table = city.areas.columns
    population = np.asarray(table["population"], float)
    count = int(residents) or int(round(float(population.sum())))
    if count <= 0 or population.sum() <= 0:
        raise DataError("areas: expected at least one resident in the city, found none")
    people = population.astype(np.int64) if count == population.sum() else apportion(population, count)
    homes = _households(city, people, seed)
    cell, order = homes.pop("cell"), homes.pop("order")
    members, couple = homes["members"][order], homes["couple"][order]
    del homes
    cell = cell[order].astype(np.int32)
    dwellings = len(cell)
    size = members.sum(axis=1, dtype=np.int32)
    first = np.zeros(dwellings, np.int64)
    np.cumsum(size[:-1], out=first[1:])
    total = int(size.sum())

    area_of_home = city.area[cell].astype(np.int16)
    dwelling = np.repeat(np.arange(dwellings, dtype=np.int32), size)
    home = cell[dwelling]
    area = area_of_home[dwelling]
    age = np.empty(total, np.int16)
    birth_day = np.empty(total, np.int32)
    sex = np.empty(total, np.uint8)
    partner = np.zeros(total, np.uint8)
    _members(members.astype(np.int16), couple.astype(np.int8), first, np.uint64(seed), decision("people.age"),
             decision("people.sex"), age, birth_day, sex, partner)
    next_member = np.arange(1, total + 1, dtype=np.int32)
    next_member[first + size - 1] = -1

    jobless = _column(city, "unemployment_rate")
    routine = np.empty(total, np.uint8)
    _routines(age, area, _youth_scaled(jobless, age, area), np.uint64(seed), decision("people.routine"), routine)
    per_adult = _household_income(city, dwelling, size, area_of_home, age, routine, seed)
    income = np.zeros(total, np.float32)
    _split_income(first, size, age, routine, per_adult, np.uint64(seed), decision("people.income"), income, _EARNS)

    out = {"birth_day": birth_day, "sex": sex, "dwelling": dwelling, "next_member": next_member, "home": home,
           "area": area, "partner": partner, "routine": routine, "income": income}
    out["self_control"] = _normals(seed, "people.self_control", total, 4.0)
    out.update(choose_nodes(city, home, routine, seed))
    out["ties"] = choose_ties(area, age, out["anchor"], dwelling, len(people), city.grid.cells, seed)

    standing = _standing(per_adult, city)
    value = _bounded(0.7 * standing + 0.71 * _normals(seed, "people.value", dwellings, BOUND))
    built = {"cell": cell, "first_member": first.astype(np.int32), "value": value,
             "security": _bounded(0.4 * value + 0.92 * _normals(seed, "people.security", dwellings, BOUND)),
             "cover": _normals(seed, "people.cover", dwellings, BOUND),
             "cars": _cars(city, cell, standing, members, seed)}
    return {"residents": out, "dwellings": built}


def _column(city: City, name: str) -> np.ndarray:
    values = city.areas.columns.get(name)
    if values is None:
        return np.full(len(city.areas), DEFAULTS[name])
    values = np.asarray(values, float)
    return np.where(np.isfinite(values), values, DEFAULTS[name])


def _households(city: City, people: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """Households of all areas, the cell of each, and the order that sorts them by cell."""
    under, over = _column(city, "share_under18"), _column(city, "share_over65")
    poverty = _column(city, "poverty_rate")
    sizes, couples, cells = [], [], []
    by_area = np.argsort(city.area, kind="stable")
    bounds = np.searchsorted(city.area[by_area], np.arange(len(people) + 1))
    homes = city.layers["dwellings"]
    for index, count in enumerate(people):
        if count <= 0:
            continue
        children = int(round(count * under[index]))
        elders = min(int(round(count * over[index])), int(count) - children)
        members, couple = compose(children, int(count) - children - elders, elders, float(poverty[index]))
        mine = by_area[bounds[index]: bounds[index + 1]]
        if mine.size == 0:
            raise DataError(f"areas: area {city.areas.ids[index]!r} has {int(count)} residents but no cell on the grid")
        # Which household lives where within an area is a shuffle keyed by area and household.
        key = uniforms(seed, "people.home", 0, index * (1 << 32) + np.arange(len(members)))
        shuffled = np.argsort(key, kind="stable")
        sizes.append(np.minimum(members[shuffled], 250).astype(np.uint8) if members.max() <= 250 else members[shuffled])
        couples.append(couple[shuffled].astype(np.uint8))
        cells.append(np.repeat(mine, apportion(homes[mine], len(members))).astype(np.int32))
    cell = np.concatenate(cells)
    return {"members": np.concatenate(sizes), "couple": np.concatenate(couples), "cell": cell,
            "order": np.argsort(cell, kind="stable")}


@njit(cache=True)
def _members(members, couple, first, seed, code_age, code_sex, age, birth_day, sex, partner):
    """Ages, sexes and partners: adults first, then elders, then children of each household."""
    for h in range(first.size):
        children, adults, elders = members[h, 0], members[h, 1], members[h, 2]
        i = first[h]
        grown = adults + elders
        last = i + grown + children
        # The oldest child is drawn first, because the parents' ages follow from it.
        oldest = -1
        for c in range(i + grown, last):
            a, b, _, _ = draw4(seed, code_age, 0, c, 0)
            if c == i + grown:
                oldest = int(18 * unit(a))
                years = oldest
            else:
                years = max(0, oldest - int((c - i - grown) * (1 + 4 * unit(a))))
                if unit(b) < 0.25:
                    years = int(18 * unit(a))
                oldest = max(oldest, years)
            age[c] = years
        parents = 0
        if children > 0:
            parents = 2 if couple[h] > 0 else 1
        for m in range(grown):
            r = i + m
            a, b, c4, _ = draw4(seed, code_age, 0, r, 0)
            u, v = unit(a), unit(b)
            if m >= adults:
                years = 65 + int(35 * (1 - np.sqrt(u)))
            elif m < parents:
                years = oldest + 20 + int(20 * (0.5 * u + 0.5 * v))
            elif children > 0 or (couple[h] > 0 and m >= 2):
                years = 18 + int(10 * u)  # a grown child or a lodger
            elif couple[h] == 0 and adults >= 2:
                years = 18 + int(16 * u)  # people who share a home
            elif couple[h] == 0:  # alone: before a family, or after it
                years = 19 + int(17 * u) if v < 0.40 else 34 + int(31 * u**0.8)
            else:  # couples without children at home: before, or after them
                years = 22 + int(13 * u) if v < 0.35 else 44 + int(21 * u)
            if couple[h] == 1 and m == 1:
                years = age[i] - 2 + int(5 * (u + v)) - 3
            if couple[h] == 1 and m < 2 and children == 0 and adults > 2:
                years = max(years, 43 + int(14 * v))  # parents of grown children
            if couple[h] == 3 and m == 0:
                years = 58 + int(7 * u)
            if m < adults:
                years = min(max(years, 18), 64)
            age[r] = years
        for r in range(i, last):
            a, b, _, _ = draw4(seed, code_sex, 0, r, 0)
            male = unit(a) < 0.5
            if r < i + grown:
                m = r - i
                if couple[h] == 0 and children > 0 and m == 0:
                    male = unit(a) < 0.15  # single parents
                elif couple[h] == 0 and elders > 0 and m >= adults:
                    male = unit(a) < 0.36  # women outlive men
                elif couple[h] == 0 and children == 0 and grown == 1:
                    male = unit(a) < 0.56
            sex[r] = 1 if male else 0
            birth_day[r] = -(np.int32(age[r] * 365.25) + np.int32(365.25 * unit(b)))
        if couple[h] > 0 and grown >= 2:
            p = i if couple[h] != 2 else i + adults
            q = p + 1
            if couple[h] == 3:
                q = i + adults
            if q < i + grown:
                partner[p], partner[q] = 1, 1
                a, _, _, _ = draw4(seed, code_sex, 0, p, 1)
                sex[q] = 1 - sex[p] if unit(a) < 0.97 else sex[p]


def _youth_scaled(rate: np.ndarray, age: np.ndarray, area: np.ndarray) -> np.ndarray:
    """Probability of joblessness by area and age group (under 25, 25 and over), keeping the area's rate.

    Young people's unemployment is about 2.2 times that of the others (OECD labour force statistics).
    """
    ratio = 2.2
    of_age = (age >= 18) & (age < 65)
    young = np.bincount(area[of_age & (age < 25)], minlength=len(rate)) * (1 - STUDENTS_18_24)
    older = np.bincount(area[of_age & (age >= 25)], minlength=len(rate)) * (1 - OUT_OF_LABOUR_FORCE)
    share = young / np.maximum(young + older, 1e-9)
    base = rate / (1 + (ratio - 1) * share)
    out = np.column_stack([np.minimum(ratio * base, 0.97), base])
    # What the ceiling cut off falls on the others.
    lost = np.maximum(rate - out[:, 0] * share - out[:, 1] * (1 - share), 0)
    out[:, 1] = np.minimum(out[:, 1] + lost / np.maximum(1 - share, 1e-9), 1.0)
    return out


@njit(cache=True)
def _routines(age, area, jobless, seed, code, routine):
    for i in range(age.size):
        years = age[i]
        if years < 5:
            routine[i] = 0
        elif years < 18:
            routine[i] = 1
        elif years >= 65:
            routine[i] = 6
        else:
            a, b, c, _ = draw4(seed, code, 0, i, 0)
            young = years < 25
            if young and unit(a) < 0.38:
                routine[i] = 2
            elif not young and unit(a) < (0.17 if years < 60 else 0.40):
                routine[i] = 6
            elif unit(b) < jobless[area[i], 0 if young else 1]:
                routine[i] = 5
            else:
                routine[i] = 4 if unit(c) < 0.18 else 3


def _household_income(city: City, dwelling, size, area_of_home, age, routine, seed: int) -> np.ndarray:
    """Mean weekly income per adult of every household: ranked within the area, poor in the table's share."""
    grown = age >= 18
    households = len(size)
    adults = np.bincount(dwelling[grown], minlength=households)
    works = (routine == WORKER) | (routine == SHIFT)
    earners = np.bincount(dwelling[works], minlength=households)
    latent = _normals(seed, "people.standing", households, 6.0) + 1.2 * earners / np.maximum(adults, 1)
    poverty, income = _column(city, "poverty_rate"), _column(city, "income")
    usual = spread_of_gini(city.inequality)
    middle, spread = area_distribution(income, poverty, city.poverty_line, usual)
    order = np.lexsort((latent, area_of_home))
    areas = area_of_home[order]
    mass = np.cumsum(size[order], dtype=np.float64)
    start = np.searchsorted(areas, np.arange(len(poverty) + 1))
    before = np.concatenate([[0.0], mass])[start]
    whole = np.maximum(np.diff(before), 1.0)
    share = (mass - size[order] / 2 - before[areas]) / whole[areas]
    from scipy.special import ndtri

    z = ndtri(np.clip(share, 1e-6, 1 - 1e-6))
    out = np.empty(households)
    out[order] = np.exp(middle[areas] + spread[areas] * z)
    return out


@njit(cache=True)
def _split_income(first, size, age, routine, per_adult, seed, code, income, earns):
    for h in range(first.size):
        whole, adults = 0.0, 0
        for i in range(first[h], first[h] + size[h]):
            if age[i] >= 18:
                a, _, _, _ = draw4(seed, code, 0, i, 0)
                part = earns[routine[i]] * (0.75 + 0.5 * unit(a))
                income[i] = part
                whole += part
                adults += 1
        for i in range(first[h], first[h] + size[h]):
            if adults > 0 and age[i] >= 18:
                income[i] = income[i] / whole * per_adult[h] * adults


def _standing(per_adult: np.ndarray, city: City) -> np.ndarray:
    """Standard score of household income in the city, bounded."""
    logs = np.log(per_adult)
    sd = float(logs.std())
    return _bounded((logs - logs.mean()) / sd if sd > 0 else np.zeros(len(logs)))


def _normals(seed: int, name: str, n: int, bound: float) -> np.ndarray:
    """Standard normal numbers for keys 0..n-1 as float32, cut off at the bound; made in chunks to save memory."""
    out = np.empty(n, np.float32)
    for start in range(0, n, CHUNK):
        stop = min(start + CHUNK, n)
        out[start:stop] = np.clip(normals(seed, name, 0, np.arange(start, stop)), -bound, bound)
    return out


def _bounded(values: np.ndarray) -> np.ndarray:
    return np.clip(values, -BOUND, BOUND).astype(np.float32)


def _cars(city: City, cell, standing, members, seed: int) -> np.ndarray:
    """0-2 cars: more with income and adults, fewer where the city is dense."""
    homes = city.layers["dwellings"]
    dense = np.log(np.maximum(homes[cell], 1) / 20.0)
    grown = members[:, 1] + members[:, 2]
    drive = 0.35 + 0.7 * standing - 0.55 * dense + 0.45 * (grown >= 2) - 0.8 * (members[:, 1] == 0)
    u = uniforms(seed, "people.cars", 0, np.arange(len(cell)))
    chance = 1 / (1 + np.exp(-1.2 * drive))
    return ((u < chance).astype(np.int8) + ((u < chance**2 * 0.5) & (grown >= 2)).astype(np.int8)).astype(np.int8)
