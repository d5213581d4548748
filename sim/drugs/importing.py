"""Importers: orders beyond the city, shipments that may be lost, stocks, and the wholesale price."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from sim.draws import decision, unit
from sim.drugs.tables import BLOCKED, DISCARDED, LANDED, PAID_BEYOND, SEIZED, SHIPPED, STRETCHED
from sim.drugs.words import words4

RING = 64  # days ahead that the pipeline can hold; longer than lead + jitter
LOADS = 4
MARKUP = 1.25  # margin over replacement cost at which importers neither hurry nor wait
DEAR = 1.6  # margin above which stock is cut: above what margins usually are
_SEIZE = decision("drugs.seizure")
_SHIP = decision("drugs.shipping")
_CHANGE = decision("drugs.importer_change")


@njit(cache=True, nogil=True)
def arrivals(seed, tick, day, key, kind, active, stock, purity, belief, pipe, budget, ways, risk, pieces, external,
             ledger, landed, sent, seized, through):
    """Let today's loads in: seized on the way, stopped beyond the city where the flow is capped, else landed.

    Every load goes in so many `pieces`, each by a way of its own. ways, risk: cumulated shares of the ways and the
    chance to be seized there. budget: doses that may still come in, by substance. external: price at the edge in
    hundredths. landed: doses by substance; sent, seized, through: doses by way.
    """
    m_all = key.size
    for step in range(m_all):
        m = (step + day) % m_all  # no importer is always the first at a closed door
        for load in range(LOADS):
            amount = pipe[m, day % RING, load]
            if amount <= 0:
                continue
            pipe[m, day % RING, load] = 0
            k = kind[m]
            for piece in range(pieces):
                part = amount // pieces + (1 if piece < amount % pieces else 0)
                words = words4(seed, _SEIZE, tick, key[m], 8 * load + piece)
                way = min(np.searchsorted(ways, unit(words[1])), ways.size - 1)
                sent[way] += part
                if unit(words[0]) < risk[way]:
                    seized[way] += part
                    ledger[SEIZED] += part
                    ledger[PAID_BEYOND] += part * external[k]
                    belief[m] += 0.02 / pieces * (1.0 - belief[m])
                    continue
                belief[m] -= 0.02 / pieces * belief[m]
                passed = min(part, np.int64(budget[k]))
                budget[k] -= passed
                ledger[BLOCKED] += part - passed
                ledger[PAID_BEYOND] += passed * external[k]
                ledger[LANDED] += passed
                through[way] += passed
                if active[m]:
                    landed[k] += passed
                    if passed > 0:
                        purity[m] = (purity[m] * stock[m] + passed) / (stock[m] + passed)
                    stock[m] += passed
                else:
                    ledger[DISCARDED] += passed


def stretch(im: dict, replacement: np.ndarray, share: float, weakest: float, ledger: np.ndarray) -> None:
    """Cut what is in stock the more, the further the margin has risen above the usual one.

    Every dose sells at the price whatever is in it, and users notice only in time; when loads come cheaply again they
    go out as they came.
    """
    cost = replacement[im["kind"]] / (1.0 - np.minimum(im["belief"], 0.95))
    target = np.clip(1.0 - share * np.log(np.maximum(im["price"] / cost / DEAR, 1.0)), weakest, 1.0)
    more = np.floor(im["stock"] * np.maximum(im["purity"] / target - 1.0, 0.0)).astype(np.int64)
    some = more > 0
    im["purity"][some] *= im["stock"][some] / (im["stock"][some] + more[some])
    im["stock"] += more
    ledger[STRETCHED] += more.sum()


@njit(cache=True, nogil=True)
def orders_and_prices(seed, tick, day, key, kind, active, stock, price, memory, belief, sold, asked, pipe,
                      replacement, lead, cover, follow, ledger):
    """End an importer's day: remember the sales, post the price of tomorrow and order every third day.

    The price follows the cover of the stock and is drawn to replacement cost when nothing is scarce; orders grow with
    the margin, by `follow` of the whole, which is what brings the price back after a shock.
    """
    for m in range(key.size):
        if not active[m]:
            continue
        # Part of the demand that was not met is remembered; all of it would breed a bullwhip (Lee et al. 1997).
        demand = sold[m] + 0.2 * (asked[m] - sold[m])
        memory[m] = max(0.96 * memory[m] + 0.04 * demand, 0.05)
        cost = replacement[kind[m]] / (1.0 - min(belief[m], 0.95))
        have = stock[m] / memory[m]
        step = 0.06 * min(max(math.log(cover / max(have, 0.05)), -1.5), 1.5)
        if step < 0.0:
            step *= 0.5
        if have >= 0.7 * cover:
            step -= 0.03 * math.log(price[m] / cost)
        price[m] = max(price[m] * math.exp(step), 0.85 * cost)
        if (day + m) % 3 != 0:
            continue
        hurry = min(max(price[m] / cost / MARKUP, 0.75), 1.6)
        if follow < 1.0:
            hurry = 1.0 + follow * (hurry - 1.0)
        coming = 0
        for d in range(RING):
            for load in range(LOADS):
                coming += pipe[m, d, load]
        kept = 1.0 - min(belief[m], 0.8)
        want = np.int64((memory[m] * (cover + lead + 3.0) * hurry - stock[m]) / kept) - coming
        if want <= 0:
            continue
        words = words4(seed, _SHIP, tick, key[m], 0)
        for load in range(LOADS):
            part = want // LOADS + (1 if load < want % LOADS else 0)
            late = np.int64(3.0 * unit(words[load]))
            pipe[m, (day + lead + late) % RING, load] += part
            ledger[SHIPPED] += part


@njit(cache=True, nogil=True)
def come_and_go(seed, tick, day, key, kind, born, active, stock, purity, price, memory, belief, pipe, replacement,
                loss, capital, ledger):
    """Once a week: high margins bring new importers, the smallest give up. A new one has loads under way.

    loss: share believed to be lost on the way. capital: 0-1, whether the first loads can be paid for.
    """
    from_kind = kind.max() + 1
    for k in range(from_kind):
        n, volume, margin = 0, 0.0, 0.0
        for m in range(key.size):
            if active[m] and kind[m] == k:
                n += 1
                volume += memory[m]
                margin += memory[m] * price[m] / (replacement[k] / (1.0 - min(belief[m], 0.95)))
        if volume <= 0.0:
            continue
        # Weighted by sales: an idle importer's price says nothing.
        margin /= volume
        for m in range(key.size):
            if kind[m] != k:
                continue
            u = unit(words4(seed, _CHANGE, tick, key[m], born[m])[0])
            if active[m]:
                if n > 2 and memory[m] < 0.25 * volume / n and u < 0.03:
                    active[m] = False
                    ledger[DISCARDED] += stock[m]
                    stock[m] = 0
                    n -= 1
            elif u < min(0.03 * max(margin - MARKUP - 0.1, 0.0) / 0.3, 0.2) * capital:
                active[m] = True
                born[m] += 1
                price[m] = margin * replacement[k] / (1.0 - loss)
                memory[m] = 0.5 * volume / max(n, 1)
                belief[m] = loss
                purity[m] = 1.0
                for week in range(4):
                    part = np.int64(memory[m] * 7.0)
                    pipe[m, (day + 7 * (week + 1)) % RING, week % LOADS] += part
                    ledger[SHIPPED] += part
