"""Small tables (dicts of equally long arrays, sorted by id) for what only a few residents have, and the ledger."""

from __future__ import annotations

import numpy as np

# The ledger: doses, then money in hundredths of the currency. int64, so that it balances exactly.
(SHIPPED, SEIZED, BLOCKED, LANDED, WHOLESALE, RETAIL, CONFISCATED, DISCARDED, OPENING,
 SPENT, REVENUE, PAID_SUPPLIERS, IMPORT_REVENUE, PAID_BEYOND, BOUGHT, STRETCHED) = range(16)
LEDGER = 16

USER_COLUMNS = {
    "id": "i8", "key": "u8", "kind": "u1",
    "prefers": "u1",  # the substance he would take if prices were as usual
    "use": "u1",  # 0 former, 1 occasional, 2 dependent
    "treat": "u1",  # 0 no, 1 waiting, 2 in
    "since": "i4",  # day on which the state of use began
    "tsince": "i4",  # day on which waiting or treatment began
    "appetite": "f4", "patience": "f4",  # multiples of the median dose wanted and of the price scale
    "tolerance": "f4",  # doses a day the body is used to
    "place": "i4",  # cell where he last bought, -1
}
SELLER_COLUMNS = {
    "id": "i8", "key": "u8", "kind": "u1",
    "place": "i4", "since": "i4", "arrived": "i4",  # at the place
    "stock": "i8", "cost": "f8", "price": "f8",
    "purity": "f8",  # of the stock, relative to the usual one
    "sold": "f8",  # doses a day, smoothed
    "profit": "f8",  # a week, smoothed
    "account": "i8",  # hundredths
    "supplier": "i2",
    "today": "i8", "revenue": "i8", "short": "i8",  # of this day: doses, hundredths, buyers met with an empty hand
}


def empty(columns: dict[str, str], n: int = 0) -> dict[str, np.ndarray]:
    """Make a table of n zero rows."""
    return {name: np.zeros(n, dtype) for name, dtype in columns.items()}


def insert(table: dict[str, np.ndarray], rows: dict[str, np.ndarray]) -> None:
    """Put rows (with ids that are not there yet) in their places; columns not given are zero."""
    if not len(rows["id"]):
        return
    order = np.argsort(rows["id"])
    at = np.searchsorted(table["id"], rows["id"][order]) + np.arange(len(order))
    old = np.ones(len(table["id"]) + len(order), bool)
    old[at] = False
    for name, column in table.items():
        table[name] = grown = np.empty(len(old), column.dtype)
        grown[old] = column
        grown[at] = np.asarray(rows[name])[order] if name in rows else 0


def keep(table: dict[str, np.ndarray], mask: np.ndarray) -> None:
    """Drop the rows that are not in the mask."""
    if mask.all():
        return
    for name in table:
        table[name] = table[name][mask]


def position(table: dict[str, np.ndarray], ids: np.ndarray) -> np.ndarray:
    """Positions of ids in a table, -1 where absent."""
    if not len(table["id"]):
        return np.full(np.shape(ids), -1, np.int64)
    at = np.minimum(np.searchsorted(table["id"], ids), len(table["id"]) - 1)
    return np.where(table["id"][at] == ids, at, -1)


def rows_of(population, ids: np.ndarray) -> np.ndarray:
    """int32 rows of living residents, -1 for the others (unlike ``Population.rows`` this forgives the dead)."""
    rows = population.find(ids)
    gone = (rows < 0) | ~population["alive"][rows]
    if gone.any():
        rows[gone] = -1
    return rows
