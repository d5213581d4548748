"""Streets, jobs, daily routes and the sites that traders choose: the same for generated and for real cities.

Nothing here says where crime is. People's routes come first: they give the flow of passers-by; traders then choose
sites by the flow and by the company of their own kind (Hotelling 1929; Huff 1963; for the clustering of retail,
Eaton and Lipsey 1982); schools follow the residents, stops the arterials, lights the street class.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from sim.city.fields import apportion, blur, smooth_field, split
from sim.city.gravity import Destinations
from sim.city.grid import Grid
from sim.city.streets import add_routes
from sim.draws import decision, draw4, normals, uniforms, unit

# Exponent, offset and reach (cells) of the choice of places: see sim.city.gravity. Modelling choices: shopping and
# drinking as in Huff (1963), their reach about that of errands in travel surveys, work several kilometres.
COMMUTE = (1.0, 10.0, 60.0)
SHOPPING = (1.4, 2.0, 25.0)
DRINKING = (1.0, 2.0, 25.0)
SCHOOLING = (3.0, 2.0, 25.0)
STUDYING = (0.5, 10.0, 80.0)
SHOPS_PER_RESIDENT = 330 / 50_000
BARS_PER_RESIDENT = 90 / 50_000
SCHOOLS_PER_RESIDENT = 1 / 1_800
OUTLETS_PER_SHOP = 0.05  # of Chicago's size: 937 sellers of packaged liquor for 2.7 million people (City of Chicago)
CASH_PER_RESIDENT = 1 / 1_000
RESIDENTS_PER_DWELLING = 2.35
RESIDENTS_PER_BEAT = 9_000
JOBS_PER_RESIDENT = 0.46
SITES_COMPARED = 12
SCHOOL_SITES = 4
SAMPLED_TRIPS = 400_000
PARK, WATER = 4, 6


def street_classes(grid: Grid, inside: np.ndarray, period: int) -> np.ndarray:
    """0 none, 1 local, 2 collector, 3 arterial for every cell."""
    x, y = np.arange(grid.cells) % grid.width, np.arange(grid.cells) // grid.width
    street = np.ones(grid.cells, np.uint8)
    half = period // 2
    if period >= 4:
        street[(x % period == half) | (y % period == half)] = 2
    street[(x % period == 0) | (y % period == 0)] = 3
    street[~inside] = 0
    return street


@njit(cache=True)
def _open_sites(count, here, cumulated, flow, pull, seed, code, sites):
    """Traders one after the other compare `sites` sites sampled by passing flow and take the best."""
    cells = np.empty(sites, np.int64)
    for trader in range(count):
        best, best_value = -1, -1e300
        for j in range(sites):
            a, b, _, _ = draw4(seed, code, 0, trader, j)
            c = min(np.searchsorted(cumulated, unit(a) * cumulated[-1]), cumulated.size - 1)
            cells[j] = c
            value = math.log(flow[c]) + pull * math.log(1.0 + here[c]) - math.log(-math.log(unit(b)))
            if value > best_value:
                best, best_value = c, value
        here[best] += 1


def open_sites(count: int, flow: np.ndarray, pull: float, seed: int, name: str, company=None) -> np.ndarray:
    """Place `count` traders by flow and company: the utility of a site is ln(flow) + pull ln(1 + same kind) + Gumbel.

    Parameters
    ----------
    count : int
    flow : array over cells
        Passers-by; 0 where trade is not possible.
    pull : float
        Strength of the company of one's own kind.
    company : int array over cells, optional
        Traders that count as company from the start.
    """
    allowed = np.flatnonzero(flow > 0)
    if count <= 0 or allowed.size == 0:
        return np.zeros(flow.size, np.int64)
    start = np.zeros(allowed.size, np.int64) if company is None else np.asarray(company, np.int64)[allowed]
    here = start.copy()
    passing = flow[allowed].astype(float)
    _open_sites(count, here, np.cumsum(passing), passing, pull, np.uint64(seed), decision(name), SITES_COMPARED)
    out = np.zeros(flow.size, np.int64)
    out[allowed] = here - start
    return out


def _by_area(count: int, there: np.ndarray, flow: np.ndarray, pull: float, seed: int, name: str, company: np.ndarray,
             area: np.ndarray, traders: np.ndarray) -> np.ndarray:
    """As :func:`open_sites`, until each area has its share of `count` traders, those who are `there` among them.

    Streets where trade is known are looked at more often, as if more people passed.
    """
    out = np.zeros(flow.size, np.int64)
    order = np.argsort(area, kind="stable")
    bounds = np.searchsorted(area[order], np.arange(len(traders) + 1))
    for index, wanted in enumerate(apportion(traders, count)):
        mine = order[bounds[index]: bounds[index + 1]]
        out[mine] = open_sites(int(wanted - there[mine].sum()), flow[mine] * (1.0 + company[mine]), pull, seed,
                               f"{name}.{index}", company[mine])
    return out


@njit(cache=True)
def _spread(count, cumulated, x, y, seed, code, sites):
    """Each newcomer compares sites sampled by residents and takes the one farthest from those already there."""
    chosen = np.empty(count, np.int64)
    for n in range(count):
        best, best_distance = 0, -1.0
        for j in range(sites):
            a, _, _, _ = draw4(seed, code, 0, n, j)
            c = min(np.searchsorted(cumulated, unit(a) * cumulated[-1]), cumulated.size - 1)
            nearest = 1e300
            for m in range(n):
                d = (x[c] - x[chosen[m]]) ** 2 + (y[c] - y[chosen[m]]) ** 2
                if d < nearest:
                    nearest = d
            if nearest > best_distance:
                best, best_distance = c, nearest
        chosen[n] = best
    return chosen


def _trips(grid: Grid, people: np.ndarray, size: np.ndarray, form: tuple[float, float, float], seed: int, name: str):
    """Sampled trips from homes to destinations: origins, destinations, residents that one trip stands for."""
    cells = np.flatnonzero(people > 0)
    total = float(people.sum())
    each = max(1.0, total / SAMPLED_TRIPS)
    counts = apportion(people[cells], int(round(total / each)))
    origins = np.repeat(cells, counts).astype(np.int64)
    destinations = Destinations(size, grid.width, *form).choose(origins, seed, name)
    return origins, destinations, each


def _sampled_flow(grid: Grid, people, size, form, period: int, order: float, seed: int, name: str) -> np.ndarray:
    """People that pass each cell on their way to destinations of one kind."""
    origins, goals, each = _trips(grid, people, size, form, seed, name)
    passing = np.zeros(grid.cells, np.int64)
    add_routes(passing, origins, goals, grid.width, period, order, 1)
    return each * passing


def _schools(x, y, homes, residents: int, seed: int) -> np.ndarray:
    at = np.flatnonzero(homes > 0)
    count = min(max(1, int(round(SCHOOLS_PER_RESIDENT * residents))), 20_000)
    chosen = _spread(count, np.cumsum(homes[at]), x[at], y[at], np.uint64(seed), decision("city.site.schools"),
                     SCHOOL_SITES)
    return np.bincount(at[chosen], minlength=homes.size)


def _stops(x, y, street, dry, flow, served, period: int, seed: int) -> np.ndarray:
    """Stops at crossings of arterials and every few cells along them, fewer where services are."""
    u = uniforms(seed, "city.stops", 0, np.arange(x.size))
    crossing = (x % period == 0) & (y % period == 0)
    along = ((x + y) % max(3, period // 2) == 0) & (street == 3)
    stops = (dry & (crossing & (u < 1.5 * served) | along & (u < 0.7 * served))).astype(np.int64)
    if not stops.any():
        stops[np.argmax(np.where(dry, flow, -1))] = 1
    return stops


def _outlets(shops, seed: int) -> np.ndarray:
    """Shops that sell alcohol to take away, where no data show them: any shop may be one."""
    at = np.flatnonzero(shops > 0)
    which = np.repeat(at, shops[at])
    nth = np.arange(which.size) - np.repeat(np.cumsum(shops[at]) - shops[at], shops[at])
    sells = uniforms(seed, "city.outlets", 0, which * 32_768 + nth) < OUTLETS_PER_SHOP
    return np.bincount(which[sells], minlength=shops.size)


def _vacant_lots(land_use, poor, seed: int) -> np.ndarray:
    """Vacant lots, more where areas are poor."""
    chance = np.where((land_use >= 1) & (land_use <= 3), 0.01 + 0.10 * poor**2, 0.0)
    u = uniforms(seed, "city.vacant", 0, np.arange(poor.size))
    return (u < chance).astype(np.int64) + (u < 2 * chance**2) + (u < 4 * chance**3)


def _light(street, land_use, served, lights_out, seed: int) -> np.ndarray:
    """Lamps follow the class of the street and what the state spends; parks are darker."""
    light = np.array([0.0, 0.55, 0.70, 0.85])[street] * np.clip(np.minimum(served, 1.15), 0.35, 1.15)
    light = np.where(land_use == 4, 0.6 * light, light) + 0.07 * normals(seed, "city.light", 0, np.arange(street.size))
    if lights_out is not None:
        light -= 0.12 * np.minimum(lights_out, 4)
    return np.clip(light, 0.02, 1.0)


def furnish(grid: Grid, area: np.ndarray, people: np.ndarray, land_use: np.ndarray, job_weight: np.ndarray,
            poor: np.ndarray, *, period: int, order: float, state_presence: float, seed: int,
            informal: np.ndarray | None = None, given: dict[str, np.ndarray] | None = None,
            beat: np.ndarray | None = None, traders: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """Fill all layers of a city from where its people live.

    Parameters
    ----------
    grid : Grid
    area : int array over cells
        -1 outside the city.
    people : float array over cells
        Residents.
    land_use : int array over cells
    job_weight : float array over cells
        Jobs are shared out in this proportion.
    poor : float array over cells
        Rank of the area's disadvantage, 0 (best off) to 1.
    period, order, state_presence
        As the dials of ``CityParams``.
    seed : int
    informal : uint8 array over cells, optional
    given : dict of arrays over cells, optional
        Counts of facilities known from data: layers' names, ``lights_out`` (broken street lights) and
        ``alcohol_retail`` (some of the shops; bars seek their company).
    beat : int array over cells, optional
    traders : float array over areas, optional
        Shares of the shops and bars in each area; without it they go wherever people pass.

    Returns
    -------
    dict
        Arrays over cells under the names of ``sim.city.grid.LAYERS``.
    """
    n = grid.cells
    cells = np.arange(n)
    x, y = cells % grid.width, cells // grid.width
    inside = area >= 0
    given = {name: np.where(inside, count, 0) for name, count in (given or {}).items()}
    given = {name: count for name, count in given.items() if count.any()}
    dry = inside & (land_use != WATER)
    residents = int(round(float(people.sum())))
    informal = np.zeros(n, np.uint8) if informal is None else informal
    street = street_classes(grid, inside, period)
    tradeable = dry & (land_use != PARK)
    tradeable |= people > 0
    # Services thin out where the state is weak and people are poor, and thicken where it makes an effort for them.
    served = np.maximum(state_presence, 0.02) ** np.maximum(poor, informal)

    where = np.where(tradeable, job_weight, 0.0)
    jobs = apportion(where if where.any() else tradeable, max(1, int(round(JOBS_PER_RESIDENT * residents))))
    flow = np.where(inside, 2.0 * _sampled_flow(grid, people, jobs, COMMUTE, period, order, seed, "city.commute"), 0.0)
    trade = np.where(tradeable, flow, 0.0)
    known = given.get("alcohol_retail", np.zeros(n, np.int64))

    def sites(name: str, per_resident: float, pull: float, flow: np.ndarray, there: np.ndarray, company: np.ndarray):
        if name in given:
            return given[name]
        count = max(1, int(round(per_resident * residents)))
        if traders is not None:
            return there + _by_area(count, there, flow, pull, seed, f"city.site.{name}", company, area, traders)
        return there + open_sites(max(0, count - int(there.sum())), flow, pull, seed, f"city.site.{name}", company)

    nothing = np.zeros(n, np.int64)
    out = {"shops": sites("shops", SHOPS_PER_RESIDENT, 1.0, trade, known, known),
           "bars": sites("bars", BARS_PER_RESIDENT, 0.9, trade, nothing, known)}
    out["outlets"] = known if "alcohol_retail" in given else _outlets(out["shops"], seed)
    for name, size, form, share in (("city.shopping", out["shops"], SHOPPING, 1.0),
                                    ("city.drinking", out["bars"], DRINKING, 0.25)):
        flow += np.where(inside, share * _sampled_flow(grid, people, size, form, period, order, seed, name), 0.0)
    trade = np.where(tradeable, flow, 0.0)
    out["cash_points"] = sites("cash_points", CASH_PER_RESIDENT, 1.0, trade * served, nothing, out["shops"])
    out["schools"] = given["schools"] if "schools" in given else _schools(x, y, people * served, residents, seed)
    out["stops"] = given["stops"] if "stops" in given else _stops(x, y, street, dry, flow, served, period, seed)
    vacant = given.get("vacant_lots")
    out["vacant_lots"] = _vacant_lots(land_use, poor, seed) if vacant is None else vacant
    out = {name: np.minimum(np.where(inside, count, 0), 30_000).astype(np.int16) for name, count in out.items()}
    if beat is None:
        at = np.flatnonzero(inside)
        beat = np.full(n, -1, np.int64)
        beat[at] = split(x[at], y[at], people[at], max(1, int(round(residents / RESIDENTS_PER_BEAT))), period)
    light = _light(street, land_use, served, given.get("lights_out"), seed)
    out.update(
        land_use=land_use.astype(np.uint8), street=street, informal=informal.astype(np.uint8),
        dwellings=np.ceil(people / RESIDENTS_PER_DWELLING).astype(np.int32), jobs=jobs.astype(np.int32),
        flow=flow.astype(np.float32), light=np.where(inside, light, 0.0).astype(np.float32),
        management=uniforms(seed, "city.management", 0, cells).astype(np.float32),
        beat=np.where(inside, beat, -1).astype(np.int16))
    return out


def poverty_rank(disadvantage: np.ndarray) -> np.ndarray:
    """Rank of every area by disadvantage, 0 (best off) to 1."""
    order = np.argsort(np.argsort(disadvantage, kind="stable"), kind="stable")
    return order / max(1, len(disadvantage) - 1)


def standard(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Standard scores, weighted by population; zeros where nothing varies."""
    mass = weights.sum()
    weights = weights / mass if mass > 0 else np.full(len(values), 1 / max(1, len(values)))
    mean = float((values * weights).sum())
    sd = math.sqrt(float((weights * (values - mean) ** 2).sum()))
    return (values - mean) / sd if sd > 1e-12 else np.zeros(len(values))


def sprinkle(seed: int, name: str, grid: Grid, density: np.ndarray, sigma: float) -> np.ndarray:
    """Weights that spread people within areas: denser towards dense neighbours, with block to block variation."""
    x, y = np.arange(grid.cells) % grid.width, np.arange(grid.cells) // grid.width
    soft = blur(density.reshape(grid.height, grid.width), sigma).ravel()
    return (soft + 1e-9) * np.exp(0.30 * normals(seed, name, 0, np.arange(grid.cells))
                                  + 0.25 * smooth_field(seed, name + ".smooth", x, y, 6.0))
