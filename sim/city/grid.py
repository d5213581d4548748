"""The city as arrays: square cells, layers, areas."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

LAND_USE = ("outside", "residential", "commercial", "industry", "park", "institution", "water")


@dataclass(frozen=True)
class Grid:
    """Square cells; cell c = y * width + x; y grows to the north. (x0, y0) is the south-west corner in metres."""

    width: int
    height: int
    cell_m: float = 100.0
    x0: float = 0.0
    y0: float = 0.0
    crs: str = ""

    @property
    def cells(self) -> int:
        return self.width * self.height

    def centre(self, cells) -> tuple[np.ndarray, np.ndarray]:
        """Centres of cells in metres of the projected coordinate system."""
        cells = np.asarray(cells)
        return (self.x0 + (cells % self.width + 0.5) * self.cell_m,
                self.y0 + (cells // self.width + 0.5) * self.cell_m)


@dataclass
class AreaTable:
    """Neighbourhoods: ids and names in the user's terms, and float64 columns (population, poverty_rate ...)."""

    ids: tuple[str, ...]
    names: tuple[str, ...]
    columns: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass
class City:
    """A built city: what does not change by itself during a run.

    Attributes
    ----------
    grid : Grid
    area : int16[cells]
        Neighbourhood of each cell, -1 outside the city.
    areas : AreaTable
    layers : dict of arrays over cells
        See `LAYERS` for names, types and meanings.
    name : str
    fictional : bool
    checksum : str
        Hash of the data files of a real city, "" for a generated one.
    notes : tuple of str
        What was assumed while the city was built, in sentences for the report.
    street_period, street_order : int, float
        The lattice of arterials, as `sim.city.streets` takes them.
    inequality : float
        Gini index of household income in the whole city.
    poverty_line : float
        Weekly income per adult of a household below which its members count as poor.
    """

    grid: Grid
    area: np.ndarray
    areas: AreaTable
    layers: dict[str, np.ndarray]
    name: str = ""
    fictional: bool = True
    checksum: str = ""
    notes: tuple[str, ...] = field(default_factory=tuple)
    street_period: int = 8
    street_order: float = 0.6
    inequality: float = 0.35
    poverty_line: float = 220.0

    @property
    def population(self) -> int:
        """Residents of all areas of the table."""
        return int(round(float(self.areas.columns["population"].sum())))


# name: (dtype, unit, meaning)
LAYERS: dict[str, tuple[str, str, str]] = {
    "land_use": ("u1", "index", "index into LAND_USE"),
    "dwellings": ("i4", "count", "homes"),
    "jobs": ("i4", "count", "workplaces"),
    "shops": ("i2", "count", "shops; traders choose sites by passing flow"),
    "outlets": ("i2", "count", "shops that sell alcohol to take away: some of the shops"),
    "bars": ("i2", "count", "bars and restaurants serving alcohol"),
    "schools": ("i2", "count", "schools"),
    "stops": ("i2", "count", "transit stops"),
    "cash_points": ("i2", "count", "cash machines"),
    "vacant_lots": ("i2", "count", "vacant lots and abandoned buildings"),
    "street": ("u1", "class", "0 no street, 1 local, 2 collector, 3 arterial"),
    "flow": ("f4", "persons a day", "people passing on their daily routes"),
    "light": ("f4", "0-1", "street light at night"),
    "management": ("f4", "0-1", "how well venues and public places are looked after"),
    "informal": ("u1", "0/1", "informal settlement"),
    "beat": ("i2", "index", "police beat"),
}
