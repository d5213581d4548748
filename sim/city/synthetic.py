"""Fictional cities from a few dials.

The outline grows around one or more centres in one of four shapes; density falls from the centres (Clark 1951);
industry takes a sector, parks and water take their part; poverty is a smooth field whose strength is the dial of
segregation (Schelling 1971 for why cities sort, Duncan and Duncan 1955 for what is measured); informal
settlements climb the edges. Streets, jobs, routes and trade come from `sim.city.furnish`.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import expit, logit

from sim.city import furnish as fit_out
from sim.city.fields import apportion, make_contiguous, smooth_field, split
from sim.city.grid import AreaTable, City, Grid
from sim.city.income import line_and_medians
from sim.city.names import area_names
from sim.draws import uniforms
from sim.errors import SpecError
from sim.parameters import show
from sim.spec import CityParams

DEFAULT_RESIDENTS = 20_000
RESIDENTS_PER_AREA = 3_600
SMALLEST_AREA = 1_800
MAX_AREAS = 20_000
OUTSIDE, RESIDENTIAL, COMMERCIAL, INDUSTRY, PARK, INSTITUTION, WATER = range(7)


class _Plan:
    """Working arrays of a city under construction; u, v are coordinates in units of the city's radius."""

    def __init__(self, params: CityParams, built: int):
        self.params, self.built = params, built
        self.seed, self.period = params.seed, params.street_period
        self.radius = max(2.5, math.sqrt(built / math.pi))
        room = {"round": (1.5, 1.5), "wide": (1.75, 1.25), "valley": (2.3, 1.3), "coast": (1.9, 1.7)}
        period = self.period
        # The middle stands on a crossing of arterials and the last row and column are arterials too.
        nx, ny = (max(1, math.ceil(self.radius * s / period)) for s in room[params.shape])
        self.cx, self.cy = nx * period, ny * period
        self.grid = Grid(2 * nx * period + 1, 2 * ny * period + 1)
        cells = np.arange(self.grid.cells)
        self.x, self.y = cells % self.grid.width, cells // self.grid.width
        self.u, self.v = (self.x - self.cx) / self.radius, (self.y - self.cy) / self.radius
        # 0: people live and trade in different places (sprawl); 1: mixed use.
        self.mixed = float(np.clip(math.log(params.density / 1_500) / math.log(4), 0, 1))
        self.use = np.zeros(self.grid.cells, np.int64)

    def noise(self, name: str, scale: float, cells: float = 0.0) -> np.ndarray:
        """Bounded smooth noise; `scale` in radii, at least `cells` cells."""
        field = smooth_field(self.seed, f"city.{name}", self.u, self.v, max(scale, cells / self.radius))
        return 2.0 * np.tanh(field / 2.0)

    def phase(self, name: str) -> float:
        return float(uniforms(self.seed, f"city.{name}", 0, [0])[0])


def generate(params: CityParams) -> City:
    """Build a fictional city.

    Parameters
    ----------
    params : CityParams
        ``residents == 0`` takes 20,000. Everything random is keyed by ``params.seed``.

    Returns
    -------
    City
        Areas have the columns population, poverty_rate, unemployment_rate, income (weekly median per adult),
        share_under18, share_over65, disadvantage (mean of the standard scores of poverty and unemployment), informal.

    Raises
    ------
    SpecError
        If the parameters ask for a real city.
    """
    if params.preset == "from_files":
        raise SpecError("city.preset: from_files needs the data files of a city; a generated one has another name")
    if params.shape not in ("round", "wide", "valley", "coast"):
        raise SpecError(f"city.shape: expected one of coast, round, valley, wide, found {show(params.shape)}")
    residents = params.residents or DEFAULT_RESIDENTS
    plan = _Plan(params, max(12, int(round(residents / params.density * 100))))
    score, elevation = _outline(plan)
    centres = _centres(plan, score)
    _land_use(plan, score, centres)
    people, informal = _people(plan, score, elevation, centres, residents)
    area, informal_area = _areas(plan, people, informal)
    informal = (informal_area[np.maximum(area, 0)] & (area >= 0) & (plan.use != WATER)).astype(np.uint8)
    columns = _area_columns(plan, area, people, informal_area)
    line, medians = line_and_medians(columns["poverty_rate"], columns["population"], params.inequality)
    columns["income"] = medians
    rank = fit_out.poverty_rank(columns["disadvantage"])
    poor = np.where(area >= 0, rank[np.maximum(area, 0)], 0.0)
    layers = fit_out.furnish(plan.grid, area, people, plan.use, _job_weight(plan, people, centres, informal), poor,
                             period=plan.period, order=params.street_order, state_presence=params.state_presence,
                             seed=params.seed, informal=informal)
    n = len(columns["population"])
    table = AreaTable(tuple(f"{i + 1:03d}" for i in range(n)), area_names(n, params.seed, informal_area), columns)
    return City(grid=plan.grid, area=area.astype(np.int16), areas=table, layers=layers, name=params.preset,
                street_period=plan.period, street_order=params.street_order, inequality=params.inequality,
                poverty_line=line)


def _outline(plan: _Plan) -> tuple[np.ndarray, np.ndarray]:
    """How late each cell is built over (lower is earlier) and its elevation; water, bridges and parks are marked."""
    u, v, shape, radius = plan.u, plan.v, plan.params.shape, plan.radius
    elevation = np.zeros(plan.grid.cells)
    upright, level = plan.x % plan.period == 0, plan.y % plan.period == 0
    block = max(2, plan.period // 2)
    bx, by = ((plan.x // block + 0.5) * block - plan.cx) / radius, ((plan.y // block + 0.5) * block - plan.cy) / radius
    crossing = np.zeros(plan.grid.cells, bool)
    share, park_noise = 0.08, plan.noise("park", 0.13, 3.0)
    if shape == "round":
        score = np.hypot(u, v) * (1 + 0.10 * plan.noise("edge", 0.55)) + 0.04 * plan.noise("fringe", 0.2, 2.0)
        turn = 2 * math.pi * plan.phase("turn")
        along, aside = math.cos(turn) * u + math.sin(turn) * v, -math.sin(turn) * u + math.cos(turn) * v
        course = 0.36 + 0.13 * np.sin(2.3 * along + 6 * plan.phase("bend"))
        water = np.abs(aside - course) < max(0.045, 0.70 / radius)
        crossing = level if abs(math.sin(turn)) > 0.7 else upright
    elif shape == "wide":
        # Built up block by block, so that the edge runs along streets.
        edge = 2 * np.tanh(smooth_field(plan.seed, "city.edge", bx, by, 0.5) / 2)
        score = ((np.abs(bx) / 1.25) ** 3 + (np.abs(by) / 0.85) ** 3) ** (1 / 3) * (1 + 0.10 * edge)
        water = np.hypot((u + 0.75) / 1.3, v - 0.5) * (1 + 0.3 * plan.noise("lake", 0.3)) < 0.13
        share, park_noise = 0.07, smooth_field(plan.seed, "city.park", bx, by, max(0.10, 3.0 / radius))
    elif shape == "valley":
        axis = 0.14 * np.sin(1.7 * u + 6 * plan.phase("bend")) + 0.4 * plan.period / radius
        aside = v - axis
        ridges = plan.noise("ridge", 0.30, 4.0)
        elevation = np.abs(aside) * (1 + 0.25 * ridges)
        score = np.hypot(u / 1.6, aside * (1 + 0.22 * ridges) / 0.64)
        water = np.abs(aside) < max(0.022, 0.55 / radius)
        share, crossing = 0.04, upright
    else:  # coast
        shore = -0.38 + 0.10 * np.sin(2.6 * u + 6 * plan.phase("bend")) + 0.06 * plan.noise("shore", 0.3, 3.0)
        bay = np.hypot(u - 0.28, (v + 0.38) / 0.9) < 0.24 + 0.04 * plan.noise("bay", 0.2, 3.0)
        water = (v < shore) | bay
        score = np.hypot(u / 1.15, (v + 0.35) / 1.05) * (1 + 0.10 * plan.noise("edge", 0.5))
        share = 0.06
    near = (score < 1.05) & ~water
    limit = np.quantile(park_noise[near], 1 - share) if near.any() else np.inf
    plan.water, plan.bridge, plan.park = water, water & crossing, (park_noise > limit) & ~water
    return score, elevation


def _centres(plan: _Plan, score: np.ndarray) -> list[tuple[float, float]]:
    """The main centre and sub-centres far from one another."""
    open_land = ~plan.water & ~plan.park
    start = np.argmin(np.where(open_land, np.hypot(plan.u, plan.v + (0.12 if plan.params.shape == "coast" else 0)), 9))
    centres = [(float(plan.u[start]), float(plan.v[start]))]
    inside = open_land & (score < 0.85) & (score > 0.25)
    liking = uniforms(plan.seed, "city.centres", 0, np.arange(plan.grid.cells))
    while len(centres) < plan.params.centres and inside.any():
        apart = np.min([np.hypot(plan.u - a, plan.v - b) for a, b in centres], axis=0)
        best = np.argmax(np.where(inside, np.minimum(apart, 0.75) + 0.25 * liking, -1))
        centres.append((float(plan.u[best]), float(plan.v[best])))
    return centres


def _nearest(plan: _Plan, centres: list[tuple[float, float]]) -> np.ndarray:
    """Distance to the nearest centre in radii; sub-centres count as farther away than the main one."""
    return np.min([np.hypot(plan.u - a, plan.v - b) * (1.0 if i == 0 else 1.5) + (0.0 if i == 0 else 0.05)
                   for i, (a, b) in enumerate(centres)], axis=0)


def _land_use(plan: _Plan, score: np.ndarray, centres) -> None:
    """Fill the outline in order of the score until enough cells are built over, then share them among uses."""
    from scipy import ndimage

    use, built = plan.use, plan.built
    score = score.copy()
    for _ in range(4):
        order = np.argsort(score, kind="stable")
        dry = order[~plan.water[order]]
        taken = np.cumsum(~plan.park[dry])
        last = min(int(np.searchsorted(taken, built)), dry.size - 1)
        city = dry[: last + 1]
        use[:] = OUTSIDE
        use[city] = np.where(plan.park[city], PARK, RESIDENTIAL)
        use[plan.water] = WATER
        # Detached patches are left to the countryside and the city grows elsewhere instead.
        pieces, count = ndimage.label((use != OUTSIDE).reshape(plan.grid.height, plan.grid.width))
        pieces = pieces.ravel()
        main = np.bincount(pieces[city], minlength=count + 1)[1:].argmax() + 1
        if (pieces[city] == main).all():
            break
        score[city[pieces[city] != main]] = np.inf
    homes = np.flatnonzero(use == RESIDENTIAL)
    near = _nearest(plan, centres)
    # Industry keeps to one sector, away from the centre, near the shore where there is one.
    turn = 2 * math.pi * plan.phase("industry")
    sector = np.cos(np.arctan2(plan.v, plan.u) - turn)
    pull = {"coast": -2.5 * np.abs(plan.v + 0.25) - 1.2 * plan.u}.get(plan.params.shape, 1.1 * sector)
    pull = pull + 0.5 * plan.noise("works", 0.25) - 2.0 * np.abs(score - 0.75) + np.where(near < 0.25, -9, 0)
    use[homes[np.argsort(-pull[homes], kind="stable")[: int(0.07 * built)]]] = INDUSTRY
    # Shops and offices fill the centres; where uses are kept apart they also line some arterials.
    homes = np.flatnonzero(use == RESIDENTIAL)
    core = near + 0.03 * plan.noise("core", 0.1)
    use[homes[np.argsort(core[homes], kind="stable")[: max(1, int((0.045 - 0.015 * plan.mixed) * built))]]] = COMMERCIAL
    if plan.mixed < 0.9:
        period = plan.period
        ribbon = (plan.x % period == 0) | (plan.y % period == 0)
        line = np.where(plan.x % period == 0, plan.x // period, 5_000 + plan.y // period)
        stretch = np.where(plan.x % period == 0, plan.y, plan.x) // period
        luck = uniforms(plan.seed, "city.strip", 0, line * 10_000 + stretch)
        use[(use == RESIDENTIAL) & ribbon & (luck < 0.55 * (1 - plan.mixed))] = COMMERCIAL
    homes = np.flatnonzero(use == RESIDENTIAL)
    luck = plan.noise("campus", 0.09) + 0.4 * (near[:] < 0.5)
    count = max(1, int(0.015 * built))
    if homes.size > 2 * count:
        use[homes[np.argsort(-luck[homes], kind="stable")[:count]]] = INSTITUTION


def _people(plan: _Plan, score, elevation, centres, residents: int) -> tuple[np.ndarray, np.ndarray]:
    """Residents of every cell (whole numbers) and which cells are informal settlement."""
    use = plan.use
    near = _nearest(plan, centres)
    slope = 0.5 + 0.9 * plan.mixed
    weight = np.exp(-slope * near + 0.22 * plan.noise("density", 0.12))
    weight *= np.exp(0.18 * smooth_field(plan.seed, "city.block", plan.x, plan.y, 1.0))
    weight *= np.select([use == RESIDENTIAL, use == COMMERCIAL], [1.0, 0.75 * plan.mixed**2], 0.0)
    informal = np.zeros(plan.grid.cells, bool)
    if plan.params.informality > 0:
        # Settlements climb from the outskirts: the steepest and farthest land is taken by those who come last.
        homes = np.flatnonzero(use == RESIDENTIAL)
        late = score + 0.35 * plan.noise("belt", 0.45, 5.0)
        if plan.params.shape == "valley":
            late = 1.2 * elevation + 0.25 * score + 0.40 * plan.noise("belt", 0.45, 6.0)
        late = late[homes]
        crowding = 1.5  # informal settlements are denser than the formal outskirts
        order = homes[np.argsort(-late, kind="stable")]
        boosted = np.cumsum(weight[order]) * crowding
        rest = weight[use != OUTSIDE].sum() - np.cumsum(weight[order])
        count = int(np.searchsorted(boosted / (boosted + rest), plan.params.informality)) + 1
        informal[order[:count]] = True
        weight[informal] *= crowding
    people = np.zeros(plan.grid.cells)
    lived = np.flatnonzero(weight > 0)
    people[lived] = apportion(weight[lived], residents)
    return people, informal


def _areas(plan: _Plan, people: np.ndarray, informal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Contiguous neighbourhoods, formal and informal ones apart, and which of them are informal."""
    from scipy import ndimage

    height, width = plan.grid.height, plan.grid.width
    land = (plan.use != OUTSIDE) & (plan.use != WATER)
    target = max(RESIDENTS_PER_AREA, people.sum() / MAX_AREAS)
    smallest = min(SMALLEST_AREA, 0.08 * people.sum())
    label = np.full(plan.grid.cells, -1, np.int64)
    flags: list[bool] = []
    small: list[np.ndarray] = []
    for kind in (False, True):
        pieces, count = ndimage.label((land & (informal == kind)).reshape(height, width))
        pieces = pieces.ravel()
        for piece in range(1, count + 1):
            rows = np.flatnonzero(pieces == piece)
            mass = people[rows].sum()
            if mass < (0.5 * smallest if kind else smallest) and count + len(flags) > 1:
                small.append(rows)
                continue
            parts = max(1, int(round(mass / target)))
            label[rows] = len(flags) + split(plan.x[rows], plan.y[rows], people[rows], parts, plan.period)
            flags.extend([kind] * parts)
    if not flags:
        label[land] = 0
        flags = [False]
        small = []
    if small:  # fragments join the nearest neighbourhood, of their own kind if that is near
        from scipy.spatial import cKDTree

        done = np.flatnonzero(label >= 0)
        tree = cKDTree(np.column_stack([plan.x[done], plan.y[done]]))
        for rows in small:
            distance, found = tree.query(np.column_stack([plan.x[rows], plan.y[rows]]))
            label[rows] = np.bincount(label[done[found[distance <= distance.min() + 1e-9]]]).argmax()
    label = make_contiguous(label.reshape(height, width), people.reshape(height, width)).ravel()
    # Bridges: arterials crossing water belong to the area on the bank.
    if plan.bridge.any():
        from scipy.ndimage import distance_transform_edt

        _, nearest = distance_transform_edt((label < 0).reshape(height, width), return_indices=True)
        spread = label.reshape(height, width)[tuple(nearest)].ravel()
        gap = np.hypot(nearest[0].ravel() - plan.y, nearest[1].ravel() - plan.x)
        bridge = plan.bridge & (gap <= max(2.0, 0.06 * plan.radius))
        label[bridge] = spread[bridge]
    used, label_used = np.unique(label[label >= 0], return_inverse=True)
    label[label >= 0] = label_used
    return label, np.array(flags)[used]


def _area_columns(plan: _Plan, area: np.ndarray, people: np.ndarray, informal: np.ndarray) -> dict[str, np.ndarray]:
    """Population, poverty, unemployment and ages of the neighbourhoods."""
    p = plan.params
    n = len(informal)
    lived = area >= 0
    population = np.bincount(area[lived], people[lived], n)
    cells = np.maximum(np.bincount(area[lived], minlength=n), 1)
    u, v = np.bincount(area[lived], plan.u[lived], n) / cells, np.bincount(area[lived], plan.v[lived], n) / cells
    smooth = smooth_field(p.seed, "city.poverty", u, v, 0.75)
    own = fit_out.standard(uniforms(p.seed, "city.poverty.own", 0, np.arange(n)), np.ones(n))
    turn = 2 * math.pi * plan.phase("industry")
    works = np.cos(np.arctan2(v, u) - turn) * np.minimum(np.hypot(u, v), 1)
    field = fit_out.standard(0.8 * smooth + 0.35 * own + 0.5 * works, population)
    field = fit_out.standard(field + 1.6 * informal, population) if informal.any() else field
    poverty = _around(p.poverty, 2.0 * p.segregation * field, population)
    other = smooth_field(p.seed, "city.unemployment", u, v, 0.6)
    joint = fit_out.standard(0.85 * field + 0.45 * other, population)
    unemployment = _around(p.unemployment, 1.2 * p.segregation * joint, population)
    under = np.clip(0.19 + 0.28 * (poverty - 0.14) + 0.03 * informal + 0.02 * np.hypot(u, v), 0.10, 0.42)
    over = np.clip(0.175 - 0.22 * (poverty - 0.14) - 0.05 * informal, 0.03, 0.30)
    disadvantage = (fit_out.standard(poverty, population) + fit_out.standard(unemployment, population)) / 2
    return {"population": population, "poverty_rate": poverty, "unemployment_rate": unemployment,
            "share_under18": under, "share_over65": over, "disadvantage": disadvantage,
            "informal": informal.astype(float)}


def _around(mean: float, tilt: np.ndarray, population: np.ndarray) -> np.ndarray:
    """Rates on the logit scale with the given tilt whose population mean is `mean`."""
    if mean <= 0:
        return np.zeros(len(tilt))
    low, high = -40.0, 40.0
    weights = population / max(population.sum(), 1.0)
    for _ in range(80):
        middle = (low + high) / 2
        if float((weights * expit(logit(mean) + middle + tilt)).sum()) > mean:
            high = middle
        else:
            low = middle
    return np.clip(expit(logit(mean) + (low + high) / 2 + tilt), 0.001, 0.9)


def _job_weight(plan: _Plan, people: np.ndarray, centres, informal: np.ndarray) -> np.ndarray:
    """Where work is: the centres most of all, industry, institutions, arterials and, mixed in, homes."""
    near = _nearest(plan, centres)
    main = (plan.x % plan.period == 0) | (plan.y % plan.period == 0)
    weight = np.select([plan.use == COMMERCIAL, plan.use == INDUSTRY, plan.use == INSTITUTION, plan.use == RESIDENTIAL],
                       [4.0 + 14.0 * np.exp(-near / 0.22), 3.5, 6.0,
                        0.25 + 0.6 * plan.mixed * np.exp(-near / 0.5)], 0.0)
    weight = weight * np.where(main, 1.6, 1.0) * np.where(informal > 0, 0.5, 1.0)
    return weight * np.exp(0.3 * smooth_field(plan.seed, "city.jobs", plan.x, plan.y, 1.0))
