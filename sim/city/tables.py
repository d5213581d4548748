"""A city from tables and arrays that somebody else has read and checked."""

from __future__ import annotations

import numpy as np

from sim.city import furnish as fit_out
from sim.city.fields import apportion, blur
from sim.city.grid import AreaTable, City, Grid
from sim.city.income import MEDIAN, line_and_medians, line_for
from sim.errors import DataError

POVERTY, UNEMPLOYMENT, UNDER18, OVER65 = 0.14, 0.07, 0.21, 0.15
RESIDENTIAL, COMMERCIAL, INDUSTRY = 1, 2, 3
EMPTY_DENSITY = 8.0  # residents per hectare (cell): sparser areas are taken for works, yards and airfields
TRADE = ("shops", "bars", "alcohol_retail")  # kinds of facilities that tell where trade is
SURMISED = 30.0  # traders: what the usual spread counts for beside those that data show
REGIONAL = 12.0  # cells; the scale on which the density of the neighbours tells where the centre is


def from_tables(grid: Grid, area: np.ndarray, areas: AreaTable, *, name: str = "", given: dict | None = None,
                beat: np.ndarray | None = None, residents: int = 0, seed: int = 1, period: int = 8, order: float = 0.6,
                state_presence: float = 1.0, inequality: float = 0.42, checksum: str = "", fictional: bool = False,
                notes: tuple[str, ...] = ()) -> City:
    """Build a city from an area table and a raster of its areas.

    Parameters
    ----------
    grid : Grid
        Its width and height must be multiples of `period` plus 1 (the last row and column are arterials), as
        :func:`padded` makes them.
    area : int array over cells
        Index of the area of a cell, -1 outside.
    areas : AreaTable
        Column population (persons) and, optionally, poverty_rate, unemployment_rate, share_under18, share_over65
        (0-1), income (any measure of income per person or household; only proportions matter) and jobs.
        NaN is filled with the city's mean, a missing column with a usual value; notes say so.
    given : dict, optional
        Counts over cells of facilities known from data: names of layers, ``lights_out``, and ``alcohol_retail`` (shops
        that sell alcohol: some of the shops, and company for the bars).
    beat : int array over cells, optional
    residents : int
        How many residents the city will have; 0 takes the table's population.
    seed : int
        Key of everything that is drawn (blocks within areas, sites of traders).
    period, order, state_presence
        As in ``CityParams``.
    inequality : float
        Gini index of household income.

    Raises
    ------
    DataError
        If shapes do not fit or nobody lives in the city.
    """
    area = np.asarray(area, np.int64)
    n = len(areas)
    if area.shape != (grid.cells,):
        raise DataError(f"city: expected one area for each of {grid.cells} cells, found an array of {area.shape}")
    if area.max(initial=-1) >= n:
        raise DataError(f"city: expected area numbers below {n}, found {area.max()}")
    notes = list(notes)
    columns, line = _complete(areas, residents, inequality, notes)
    missing = np.flatnonzero((np.bincount(area[area >= 0], minlength=n) == 0) & (columns["population"] > 0))
    if missing.size:
        raise DataError(f"city: area {areas.ids[missing[0]]!r} has residents but no cell on the grid")
    people = _settle(grid, area, columns["population"].astype(np.int64), seed)
    per_cell = columns["population"] / np.maximum(np.bincount(area[area >= 0], minlength=n), 1)
    land_use = np.where(area >= 0, RESIDENTIAL, 0)
    given = {k: np.where(area >= 0, v, 0) for k, v in (given or {}).items()}
    works = (area >= 0) & (per_cell[np.maximum(area, 0)] < EMPTY_DENSITY) & (people < EMPTY_DENSITY)
    land_use[works] = INDUSTRY
    weight = _job_weight(grid, area, people, given, period, seed)
    weight[works] *= 1.5
    if "jobs" in columns:
        share = np.bincount(area[area >= 0], weight[area >= 0], n)
        weight = np.where(area >= 0, weight * (columns["jobs"] / np.maximum(share, 1e-9))[np.maximum(area, 0)], 0.0)
    lived = np.flatnonzero(area >= 0)
    land_use[lived[np.argsort(-weight[lived], kind="stable")[: max(1, lived.size // 40)]]] = COMMERCIAL
    rank = fit_out.poverty_rank(columns["disadvantage"])
    poor = np.where(area >= 0, rank[np.maximum(area, 0)], 0.0)
    layers = fit_out.furnish(grid, area, people, land_use, weight, poor, period=period, order=order,
                             state_presence=state_presence, seed=seed, given=given, beat=beat,
                             traders=_traders(area, columns["population"], weight, given))
    return City(grid=grid, area=area.astype(np.int16), areas=AreaTable(areas.ids, areas.names, columns), layers=layers,
                name=name, fictional=fictional, checksum=checksum, notes=tuple(notes), street_period=period,
                street_order=order, inequality=inequality, poverty_line=line)


def _traders(area: np.ndarray, population: np.ndarray, job_weight: np.ndarray, given: dict) -> np.ndarray:
    """Share of the shops and bars that each area has: as of the trade that data show, or else of residents and jobs.

    Traders who only went where most people pass would leave thinly settled areas without any. In Chicago sellers of
    packaged liquor per resident are as many there as elsewhere: their elasticity to density is 0.1, where passing flow
    alone would give shops 0.9 and bars 1.4.
    """
    inside = area >= 0
    by_area = lambda values: np.bincount(area[inside], values[inside], len(population))  # noqa: E731
    jobs = by_area(job_weight)
    usual = 0.5 * population / max(population.sum(), 1.0) + 0.5 * jobs / max(jobs.sum(), 1e-9)
    known = sum((by_area(given[name]) for name in TRADE if name in given), np.zeros(len(population)))
    return known + SURMISED * usual


def padded(cells: int, period: int) -> int:
    """The smallest number of rows (or columns) not below `cells` that ends with an arterial."""
    return -(-max(cells - 1, 1) // period) * period + 1


def _filled(areas: AreaTable, name: str, usual: float, weights: np.ndarray, notes: list[str]) -> np.ndarray | None:
    values = areas.columns.get(name)
    if values is None or not np.isfinite(values).any():
        return None
    values = np.asarray(values, float)
    blank = ~np.isfinite(values)
    if blank.any():
        mean = np.average(values[~blank], weights=np.maximum(weights[~blank], 1e-9))
        notes.append(f"{name} is empty for {int(blank.sum())} areas and was set to the city's mean ({mean:.3g})")
        values = np.where(blank, mean, values)
    return values


def _complete(areas: AreaTable, residents: int, gini: float, notes: list[str]) -> tuple[dict[str, np.ndarray], float]:
    """All columns that the model needs, and the poverty line."""
    population = np.asarray(areas.columns["population"], float)
    if not population.sum() > 0:
        raise DataError("areas: expected at least one resident, found a population of 0")
    columns = {k: np.asarray(v, float) for k, v in areas.columns.items()}
    if residents and residents != population.sum():
        columns["population_in_table"] = population
        population = apportion(population, residents).astype(float)
        notes.append(f"populations were scaled to {residents} residents in all")
    columns["population"] = population
    poverty = _filled(areas, "poverty_rate", POVERTY, population, notes)
    if poverty is None:
        notes.append(f"no poverty_rate: {POVERTY} was assumed everywhere")
        poverty = np.full(len(areas), POVERTY)
    unemployment = _filled(areas, "unemployment_rate", UNEMPLOYMENT, population, notes)
    if unemployment is None:
        notes.append("no unemployment_rate: half the poverty rate was assumed (0.02 to 0.30)")
        unemployment = np.clip(0.5 * poverty, 0.02, 0.30)
    under = _filled(areas, "share_under18", UNDER18, population, notes)
    over = _filled(areas, "share_over65", OVER65, population, notes)
    for name, values, usual in (("share_under18", under, UNDER18), ("share_over65", over, OVER65)):
        if values is None:
            notes.append(f"no {name}: {usual} was assumed everywhere")
            columns[name] = np.full(len(areas), usual)
        else:
            columns[name] = values
    income = _filled(areas, "income", MEDIAN, population, notes)
    if income is None or not (income > 0).all():
        notes.append("no income: medians were derived from poverty rates and the Gini index")
        line, income = line_and_medians(poverty, population, gini)
    else:
        order = np.argsort(income, kind="stable")
        middle = order[min(int(np.searchsorted(np.cumsum(population[order]), population.sum() / 2)), len(order) - 1)]
        income = income * (MEDIAN / income[middle])
        line = line_for(income, poverty, population, gini)
    columns.update(poverty_rate=poverty, unemployment_rate=unemployment, income=income)
    columns["disadvantage"] = (fit_out.standard(poverty, population) + fit_out.standard(unemployment, population)) / 2
    return columns, float(line)


def _settle(grid: Grid, area: np.ndarray, population: np.ndarray, seed: int) -> np.ndarray:
    """Residents of every cell: exact by area, denser towards dense neighbours and from block to block."""
    n = len(population)
    inside = area >= 0
    cells = np.bincount(area[inside], minlength=n)
    density = np.where(inside, (population / np.maximum(cells, 1))[np.maximum(area, 0)], 0.0)
    weight = fit_out.sprinkle(seed, "city.blocks", grid, density, 3.0)
    people = np.zeros(grid.cells)
    order = np.argsort(area, kind="stable")
    bounds = np.searchsorted(area[order], np.arange(n + 1))
    for index in range(n):
        mine = order[bounds[index]: bounds[index + 1]]
        people[mine] = apportion(weight[mine], int(population[index]))
    return people


def _job_weight(grid: Grid, area: np.ndarray, people: np.ndarray, given: dict, period: int, seed: int) -> np.ndarray:
    """Work lies where many people can reach it, along arterials and near the trade that data show."""
    x, y = np.arange(grid.cells) % grid.width, np.arange(grid.cells) // grid.width
    reach = blur(people.reshape(grid.height, grid.width), REGIONAL).ravel()
    reach = reach / max(reach[area >= 0].mean(), 1e-9)
    trade = np.zeros(grid.cells)
    for name in TRADE:
        if name in given:
            trade += given[name]
    if trade.sum() > 0:
        trade = blur(trade.reshape(grid.height, grid.width), 2.0).ravel()
        trade = trade / max(trade[area >= 0].mean(), 1e-9)
    main = np.where((x % period == 0) | (y % period == 0), 3.0, 1.0)
    mine = people / max(people[area >= 0].mean(), 1e-9)
    clusters = np.exp(0.8 * fit_out.smooth_field(seed, "city.clusters", x, y, 1.5 * period))
    return np.where(area >= 0, (0.3 * mine + 0.7 * reach**1.5 * clusters + 0.6 * trade**1.5) * main, 0.0)
