"""Where what comes from beyond the city enters it: the roads at its edge, and the water front if there is one."""

from __future__ import annotations

import numpy as np

from sim.city.grid import LAND_USE


def entry_points(city, wanted: int) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Cells of entry, the people passing there a day, and names.

    The plane around the middle of the city is cut into equal sectors; in each the outermost cell of the highest class
    of street is a road into the city. A quay (land beside water with the most passers-by) takes the place of the
    least road.
    """
    inside = np.flatnonzero(city.area >= 0)
    width = city.grid.width
    x, y = (inside % width).astype(float), (inside // width).astype(float)
    dx, dy = x - x.mean(), y - y.mean()
    sector = np.minimum((np.arctan2(dy, dx) + np.pi) / (2 * np.pi) * wanted, wanted - 1).astype(int)
    street = city.layers["street"][inside] if "street" in city.layers else np.ones(len(inside))
    flow = city.layers["flow"][inside].astype(float) if "flow" in city.layers else np.ones(len(inside))
    far = np.hypot(dx, dy)
    cells, size, names = [], [], []
    for s in range(wanted):
        mine = np.flatnonzero(sector == s)
        if not len(mine):
            continue
        # Arterials count for more than distance, but a street in the middle of the city is no entry.
        rim = mine[far[mine] >= 0.6 * far[mine].max()]
        best = rim[np.lexsort((inside[rim], -far[rim], -street[rim].astype(float)))[0]]
        cells.append(int(inside[best]))
        size.append(float(flow[best]))
        names.append(f"road {s + 1}")
    quay = _quay(city, inside, flow)
    if quay is not None and quay[0] not in cells:
        at = int(np.argmin(size)) if len(cells) >= wanted else len(cells)
        cells[at:at + 1], size[at:at + 1], names[at:at + 1] = [quay[0]], [quay[1] + max(size)], ["port"]
    return np.array(cells, np.int32), np.array(size), names


def _quay(city, inside: np.ndarray, flow: np.ndarray) -> tuple[int, float] | None:
    land = city.layers.get("land_use")
    if land is None:
        return None
    width, height = city.grid.width, city.grid.height
    water = (land == LAND_USE.index("water")).reshape(height, width)
    if not water.any():
        return None
    beside = np.zeros_like(water)
    beside[1:] |= water[:-1]
    beside[:-1] |= water[1:]
    beside[:, 1:] |= water[:, :-1]
    beside[:, :-1] |= water[:, 1:]
    front = np.flatnonzero(beside.ravel()[inside])
    if not len(front):
        return None
    best = front[np.lexsort((inside[front], -flow[front]))[0]]
    return int(inside[best]), float(flow[best])
