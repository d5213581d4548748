"""Users look for a seller and buy; nobody's turn depends on where a row is stored."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from sim.draws import decision, pick, unit
from sim.drugs.places import site_code
from sim.drugs.tables import RETAIL, REVENUE, SPENT
from sim.drugs.words import words4

_SEARCH = decision("drugs.search")
_SELLER = decision("drugs.choose_seller")
THICK = 0.05  # a place with more sellers is more reliable
TRAFFIC_DAYS = 10.0  # memory of buyers seen at a place
HABIT = 0.05  # gain in appeal for which somebody leaves his place
CURIOUS = 0.1  # share of days on which somebody with a place looks around


@njit(cache=True)
def _appeal(codes, seats, at, code, cell, home, width, price, presence, travel, wary):
    n = 0
    while at + n < codes.size and codes[at + n] == code:
        n += 1
    far = math.hypot(cell % width - home % width, cell // width - home // width)
    return -math.log(price[seats[at]]) - travel * far + THICK * math.log(1.0 + n) - wary * presence[cell]


@njit(cache=True, nogil=True)
def find_place(words, kind, home, nodes, told, avoid, width, codes, seats, seller_place, price, presence, travel, wary):
    """Best place of sale among those one knows and the nearest two to one of the person's own nodes; -1 if none.

    told: the places of four friends and one's own (-1: none); one leaves one's own only for a clearly better one.
    `codes` and `seats` list the open sites of :func:`sim.drugs.places.open_sites`.
    """
    node = nodes[pick(words[1], nodes.size)]
    around = np.searchsorted(codes, site_code(kind, node if node >= 0 else home, width))
    best, value = -1, -1e30
    for j in range(7):
        if j < 5:
            cell = told[j]
        else:
            at = around - (j - 5)
            if at < 0 or at >= codes.size or codes[at] >> 40 != kind:
                continue
            cell = seller_place[seats[at]]
        if cell < 0 or cell == avoid:
            continue
        code = site_code(kind, cell, width)
        at = np.searchsorted(codes, code)
        if at >= codes.size or codes[at] != code:
            continue
        worth = _appeal(codes, seats, at, code, cell, home, width, price, presence, travel, wary)
        if j == 4:
            worth += HABIT
        if worth > value:
            best, value = cell, worth
    return best


@njit(cache=True)
def _serve(words, cell, kind, width, codes, seats, price, stock, today, short, capacity):
    """A seller at the place who has stock and time: the cheaper of two met at random, else whoever can; -1 if none."""
    code = site_code(kind, cell, width)
    at = np.searchsorted(codes, code)
    n = 0
    while at + n < codes.size and codes[at + n] == code:
        n += 1
    if n == 0:
        return -1
    a, b = seats[at + pick(words[2], n)], seats[at + pick(words[3], n)]
    first = b if price[b] < price[a] else a
    if stock[first] > 0 and today[first] < capacity:
        return first
    best = -1
    for j in range(n):
        s = seats[at + j]
        if stock[s] <= 0:
            short[s] += 1
        elif today[s] < capacity and (best < 0 or price[s] < price[best]):
            best = s
    return best


@njit(cache=True, nogil=True)
def buy(seed, tick, order, want, key, kind, place, row, ids, home, anchor, shops, bar, ties, cash, cents,
        width, codes, seats, seller_id, seller_place, price, stock, purity, today, revenue, short, presence, traffic,
        capacity, travel, wary, ledger, ate, pure):
    """Serve the buyers in the keyed order of the day.

    A buyer goes where he last bought, now and then looks around, and tries one other place when nobody there can
    serve him. He takes what he wants, can pay and the seller has. Money moves in hundredths. ate, pure: doses taken, as
    sold and in doses of the usual purity.
    """
    told = np.empty(5, np.int32)
    mine = np.empty(5, np.int32)
    for o in range(order.size):
        u = order[o]
        i = row[u]
        words = words4(seed, _SEARCH, tick, key[u], 0)
        choice = words4(seed, _SELLER, tick, key[u], 0)
        own = np.searchsorted(seller_id, ids[u])
        if own < seller_id.size and seller_id[own] == ids[u] and stock[own] > 0:
            # Who sells takes from his own bag, at what it cost him: no money changes hands.
            n = min(want[u], stock[own])
            stock[own] -= n
            ledger[RETAIL] += n
            ate[u] = n
            pure[u] = n * purity[own]
            continue
        s = -1
        cell = place[u]
        look = cell < 0 or unit(words[0]) < CURIOUS
        for attempt in range(2):
            if attempt == 0 and look or s >= 0:
                continue
            if attempt == 1:
                for f in range(4):
                    at = np.searchsorted(ids, ties[i, f])
                    known = ties[i, f] >= 0 and at < ids.size and ids[at] == ties[i, f] and kind[at] == kind[u]
                    told[f] = place[at] if known else -1
                told[4] = cell
                mine[0], mine[1], mine[2], mine[3], mine[4] = home[i], anchor[i], shops[i, 0], shops[i, 1], bar[i]
                cell = find_place(words, kind[u], home[i], mine, told, -1 if look else cell, width, codes, seats,
                                  seller_place, price, presence, travel, wary)
                if cell < 0:
                    continue
            s = _serve(choice, cell, kind[u], width, codes, seats, price, stock, today, short, capacity)
        if s < 0:
            continue
        each = cents[s]
        n = min(min(want[u], stock[s]), np.int64(math.ceil(capacity - today[s])))
        n = min(n, np.int64(cash[i] * 100.0) // each)
        place[u] = cell
        if n <= 0:
            continue
        stock[s] -= n
        today[s] += n
        revenue[s] += n * each
        cash[i] = max(np.float32(cash[i] - n * each / 100.0), np.float32(0.0))
        traffic[cell] += np.float32(1.0 / TRAFFIC_DAYS)
        ledger[RETAIL] += n
        ledger[SPENT] += n * each
        ate[u] = n
        pure[u] = n * purity[s]
    for s in range(revenue.size):
        ledger[REVENUE] += revenue[s]
