"""Sellers: restocking, prices, and the place where they stand."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from sim.draws import decision, pick, unit
from sim.drugs.buying import THICK
from sim.drugs.tables import IMPORT_REVENUE, PAID_SUPPLIERS, WHOLESALE
from sim.drugs.words import words4

SHELF_DAYS, SHELF_LEAST = 4.0, 8
FOOT_WEIGHT = 2.0  # buyers a day that mean footfall promises
CROWD = 0.08  # sellers who stand together are noticed and disturb
SETTLE = 0.35  # gain in appeal that makes a seller leave his place
MOST_CASH = np.float32(20_000.0)  # what the column `cash` holds at most; the rest is put aside
PROFIT_MEMORY = 0.05  # per day
_SUPPLIER = decision("drugs.supplier")
_MOVE = decision("drugs.move")


@njit(cache=True, nogil=True)
def restock(seed, tick, order, key, kind, held, stock, purity, cost, sold, account, supplier,
            import_kind, import_active, import_stock, import_purity, import_price, import_sold, import_asked, ledger):
    """Sellers fill up for some days of sales at their own supplier or at a cheaper one they hear of."""
    everyone = import_kind.size
    for o in range(order.size):
        s = order[o]
        if held[s]:
            continue
        want = np.int64(max(SHELF_DAYS * sold[s], float(SHELF_LEAST))) - stock[s]
        if want <= 0:
            continue
        words = words4(seed, _SUPPLIER, tick, key[s], 0)
        m = supplier[s]
        other = pick(words[0], everyone)
        for _ in range(everyone):  # the next active importer of the substance
            if import_active[other] and import_kind[other] == kind[s]:
                break
            other = (other + 1) % everyone
        if not import_active[other] or import_kind[other] != kind[s]:
            continue
        if not import_active[m] or import_kind[m] != kind[s] or import_stock[m] <= 0 or (
                import_stock[other] > 0 and import_price[other] < 0.97 * import_price[m]):
            m = other
        supplier[s] = m
        import_asked[m] += want
        take = min(want, import_stock[m])
        if take <= 0:
            continue
        cents = np.int64(math.floor(100.0 * import_price[m] + 0.5))
        import_stock[m] -= take
        import_sold[m] += take
        cost[s] = (cost[s] * stock[s] + take * cents / 100.0) / (stock[s] + take)
        purity[s] = (purity[s] * stock[s] + take * import_purity[m]) / (stock[s] + take)
        stock[s] += take
        account[s] -= take * cents
        ledger[WHOLESALE] += take
        ledger[PAID_SUPPLIERS] += take * cents
    for m in range(everyone):
        ledger[IMPORT_REVENUE] += import_sold[m] * np.int64(math.floor(100.0 * import_price[m] + 0.5))


@njit(cache=True, nogil=True)
def close_day(held, row, cost, price, sold, profit, account, today, revenue, short, capacity, step, target, cash):
    """After the day's sales: remember, move the price by how busy it was, and put the gain into the purse."""
    for s in range(held.size):
        account[s] += revenue[s]
        if account[s] > 0 and row[s] >= 0:
            cash[row[s]] = min(cash[row[s]] + np.float32(account[s] / 100.0), MOST_CASH)
            account[s] = 0
        if held[s]:
            continue
        gain = revenue[s] / 100.0 - today[s] * cost[s]
        profit[s] += PROFIT_MEMORY * (7.0 * gain - profit[s])
        sold[s] += 0.1 * (today[s] - sold[s])
        busy = today[s] / capacity - target + (0.5 if short[s] > 0 else 0.0)
        price[s] = max(price[s] * math.exp(step * min(max(busy, -0.7), 0.8)), 1.02 * cost[s])


@njit(cache=True)
def place_appeal(cell, home, width, traffic, footfall, presence, sellers, travel, wary):
    """What a place is worth to one more seller when `sellers` others stand there."""
    far = math.hypot(cell % width - home % width, cell // width - home // width)
    custom = (traffic[cell] + FOOT_WEIGHT * footfall[cell]) / (1.0 + sellers)
    return (math.log(0.3 + custom) + THICK * math.log(1.0 + sellers)
            - CROWD * sellers - wary * presence[cell] - travel * far)


@njit(cache=True, nogil=True)
def move(seed, tick, who, key, place, row, standing, home, anchor, shops, bar, height, width, good, traffic, footfall,
         presence, others, travel, wary, settle, new_place):
    """Weekly: each seller of `who` compares his place with five others and moves to a clearly better one.

    others: positions of sellers whose places he may have heard of (may be empty). standing: sellers per cell, himself
    included. Writes `new_place`; everybody compares the same state of affairs.
    """
    tried = np.empty(5, np.int64)
    for w in range(who.size):
        s = who[w]
        i = row[s]
        if i < 0:
            continue
        words = words4(seed, _MOVE, tick, key[s], 0)
        more = words4(seed, _MOVE, tick, key[s], 1)
        here = place[s] if place[s] >= 0 else home[i]
        for j in range(2):
            a, b = words[j], words[j + 2]
            x = here % width + np.int64(13.0 * unit(a)) - 6
            y = here // width + np.int64(13.0 * unit(b)) - 6
            tried[j] = y * width + x if 0 <= x < width and 0 <= y < height else -1
        tried[2] = shops[i, pick(more[0], 2)]
        tried[3] = bar[i] if unit(more[1]) < 0.5 else anchor[i]
        tried[4] = place[others[pick(more[2], others.size)]] if others.size else -1
        best, value = here, -1e30
        if place[s] >= 0:
            value = settle + place_appeal(here, home[i], width, traffic, footfall, presence, standing[here] - 1,
                                          travel, wary)
        for j in range(5):
            c = tried[j]
            if c < 0 or c == place[s] or not good[c]:
                continue
            worth = place_appeal(c, home[i], width, traffic, footfall, presence, standing[c], travel, wary)
            if worth > value:
                best, value = c, worth
        new_place[s] = best
