"""Users look for a seller and buy; nobody's turn depends on where a row is stored."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from sim.draws import decision, draw4, pick, unit
from sim.drugs.places import site_code
from sim.drugs.tables import RETAIL, REVENUE, SPENT

_SEARCH = decision("drugs.search")
_SELLER = decision("drugs.choose_seller")
THICK = 0.05  # a place with more sellers is more reliable
TRAFFIC_DAYS = 10.0  # memory of buyers seen at a place
CURIOUS = 0.1  # share of days on which somebody with a place looks around


@njit(cache=True)
def _appeal(codes, seats, at, code, cell, home, width, price, presence, travel, wary):
    n = 0
    while at + n < codes.size and codes[at + n] == code:
        n += 1
    far = math.hypot(cell % width - home % width, cell // width - home // width)
    return -math.log(price[seats[at]]) - travel * far + THICK * math.log(1.0 + n) - wary * presence[cell]


@njit(cache=True, nogil=True)
def find_place(words, kind, home, nodes, friends_places, avoid, width, codes, seats, seller_place, price, presence, travel, wary):
    """Best place of sale among those of friends and the nearest two to one of the person's own places; -1 if none.

    `codes` and `seats` list the open sites of :func:`sim.drugs.places.open_sites`.
    """
    best, value = -1, -1e30
    for friend in range(friends_places.size):
        cell = friends_places[friend]
        if cell < 0 or cell == avoid:
            continue
        code = site_code(kind, cell, width)
        at = np.searchsorted(codes, code)
        if at < codes.size and codes[at] == code:
            worth = _appeal(codes, seats, at, code, cell, home, width, price, presence, travel, wary)
            if worth > value:
                best, value = cell, worth
    node = nodes[pick(words[1], nodes.size)]
    if node < 0:
        node = home
    at = np.searchsorted(codes, site_code(kind, node, width))
    for near in range(2):
        j = at - near
        if j < 0 or j >= codes.size or codes[j] >> 40 != kind:
            continue
        cell = seller_place[seats[j]]
        if cell == avoid:
            continue
        first = np.searchsorted(codes, codes[j])
        worth = _appeal(codes, seats, first, codes[j], cell, home, width, price, presence, travel, wary)
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
        width, codes, seats, seller_id, seller_place, price, stock, today, revenue, short, presence, traffic,
        capacity, travel, wary, ledger, ate):
    """Serve the buyers in the keyed order of the day.

    A buyer goes where he last bought, now and then looks around, and tries one other place when nobody there can serve him. He
    takes what he wants, can pay and the seller has. Money moves in hundredths.
    """
    friends = np.empty(4, np.int32)
    mine = np.empty(5, np.int32)
    for o in range(order.size):
        u = order[o]
        i = row[u]
        words = draw4(seed, _SEARCH, tick, key[u], 0)
        choice = draw4(seed, _SELLER, tick, key[u], 0)
        own = np.searchsorted(seller_id, ids[u])
        if own < seller_id.size and seller_id[own] == ids[u] and stock[own] > 0:
            # Who sells takes from his own bag, at what it cost him: no money changes hands.
            n = min(want[u], stock[own])
            stock[own] -= n
            ledger[RETAIL] += n
            ate[u] = n
            continue
        s = -1
        cell = place[u]
        look = cell < 0 or unit(words[0]) < CURIOUS
        if not look:
            s = _serve(choice, cell, kind[u], width, codes, seats, price, stock, today, short, capacity)
        if s < 0:
            for f in range(4):
                at = np.searchsorted(ids, ties[i, f])
                known = ties[i, f] >= 0 and at < ids.size and ids[at] == ties[i, f] and kind[at] == kind[u]
                friends[f] = place[at] if known else -1
            mine[0] = home[i]
            mine[1], mine[2], mine[3], mine[4] = anchor[i], shops[i, 0], shops[i, 1], bar[i]
            found = find_place(words, kind[u], home[i], mine, friends, -1 if look else cell, width, codes, seats,
                               seller_place, price, presence, travel, wary)
            if look and cell >= 0 and found >= 0 and found != cell:
                # Keep to the old place unless the new one is clearly better.
                a = np.searchsorted(codes, site_code(kind[u], cell, width))
                if a < codes.size and codes[a] == site_code(kind[u], cell, width):
                    b = np.searchsorted(codes, site_code(kind[u], found, width))
                    old = _appeal(codes, seats, a, codes[a], cell, home[i], width, price, presence, travel, wary)
                    new = _appeal(codes, seats, b, codes[b], found, home[i], width, price, presence, travel, wary)
                    if new < old + 0.05:
                        found = cell
            elif found < 0 and look:
                found = cell
            if found >= 0:
                s = _serve(choice, found, kind[u], width, codes, seats, price, stock, today, short, capacity)
                cell = found
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
    for s in range(revenue.size):
        ledger[REVENUE] += revenue[s]
