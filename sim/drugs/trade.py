"""A day of the market in the large: what comes in, what is sold, who moves; the kernels do the work."""

from __future__ import annotations

import numpy as np

from sim.draws import uniforms
from sim.drugs.buying import buy
from sim.drugs.demand import needs
from sim.drugs.importing import arrivals, come_and_go, orders_and_prices
from sim.drugs.places import open_sites, site_codes
from sim.drugs.selling import SETTLE, close_day, move, restock
from sim.drugs.tables import BOUGHT, rows_of

PRICE_MEMORY = 0.2  # per day: how fast users' idea of the going price follows what is paid
FLOW_MEMORY = 1.0 / 60.0  # per day: what counts as the usual inflow


def street(model) -> tuple[np.ndarray, np.ndarray]:
    """Footfall of every cell relative to the mean of the streets, and where one may stand."""
    layers = model.layers
    good = model.city.area >= 0
    if "street" in layers and (layers["street"] > 0).any():
        good = good & (layers["street"] > 0)
    flow = layers["flow"].astype(np.float32) if "flow" in layers else np.ones(len(good), np.float32)
    mean = flow[good].mean() if good.any() else 0.0
    return (flow / mean if mean > 0 else np.ones(len(good), np.float32)), np.ascontiguousarray(good)


def replacement(p) -> np.ndarray:
    """Cost of a dose landed in the city by substance, before losses on the way."""
    return np.array(p.external_price) * (1.0 + p.handling)


def flow_limit(p, state: dict, day: int) -> np.ndarray:
    """Doses a day that can come in, by substance: the cap, or what a shock leaves of the usual inflow."""
    limit = p.flow_cap * state["flow_start"]
    if p.supply_shock > 0 and p.shock_start <= day < p.shock_start + p.shock_days:
        limit = np.minimum(limit, (1.0 - p.supply_shock) * state["flow"])
    return limit


def supply(seed, tick: int, day: int, p, state: dict, interdiction: float) -> None:
    """Let the day's loads in. A shock limits arrivals: limits on orders would be undone by ordering more."""
    im, ledger = state["importers"], state["ledger"]
    limit = flow_limit(p, state, day)
    shock = p.supply_shock > 0 and p.shock_start <= day < p.shock_start + p.shock_days
    # Unused room is kept for three weeks, because loads are lumps; a shock starts without any.
    state["budget"] = limit.copy() if day == p.shock_start else np.minimum(state["budget"] + limit, 21.0 * limit)
    landed = np.zeros(len(limit), np.int64)
    seizure = min(max(p.seizure + interdiction, 0.0), 0.98)
    arrivals(seed, tick, day, im["key"], im["kind"], im["active"], im["stock"], im["belief"], im["pipe"],
             state["budget"], seizure, np.floor(100.0 * np.array(p.external_price) + 0.5).astype(np.int64), ledger,
             landed)
    if not shock:
        state["flow"] += FLOW_MEMORY * (landed - state["flow"])


def retail(model, tick: int, day: int, p, state: dict, doses, reference, rows, free, seller_rows, held) -> np.ndarray:
    """Restock, sell, close the books of the day; returns the doses every user took."""
    r, ledger = model.residents, state["ledger"]
    users, sellers, im = state["users"], state["sellers"], state["importers"]
    im["sold"][:], im["asked"][:] = 0, 0
    first = np.argsort(uniforms(model.seed, "drugs.restock_order", tick, sellers["key"]), kind="stable")
    restock(model.seed, tick, first, sellers["key"], sellers["kind"], held, sellers["stock"], sellers["cost"],
            sellers["sold"], sellers["account"], sellers["supplier"], im["kind"], im["active"], im["stock"],
            im["price"], im["sold"], im["asked"], ledger)
    want, ate = np.zeros(len(rows), np.int64), np.zeros(len(rows), np.int64)
    needs(model.seed, tick, state["price"], reference, doses, p.legal_share, p.support, p.demand_cut, users["key"],
          users["kind"], users["use"], users["treat"], users["appetite"], users["patience"], users["tolerance"], rows,
          free, r["income"], r["cash"], r["gap"], want)
    buyers = np.flatnonzero(want > 0)
    buyers = buyers[np.argsort(uniforms(model.seed, "drugs.buying_order", tick, users["key"][buyers]), kind="stable")]
    width = model.city.grid.width
    codes, seats = open_sites(sellers["kind"], sellers["place"], ~held, width)
    cents = np.maximum(np.floor(100.0 * sellers["price"] + 0.5).astype(np.int64), 1)
    buy(model.seed, tick, buyers, want, users["key"], users["kind"], users["place"], rows, users["id"], r["home"],
        r["anchor"], r["shop_nodes"], r["bar_node"], r["ties"], r["cash"], cents, width, codes, seats, sellers["id"],
        sellers["place"], sellers["price"], sellers["stock"], sellers["today"], sellers["revenue"], sellers["short"],
        state["presence"], state["traffic"], p.capacity, p.travel, p.presence_weight, ledger, ate)
    ledger[BOUGHT] += ate.sum()
    _going_price(state, sellers, len(reference))
    close_day(held, seller_rows, sellers["cost"], sellers["price"], sellers["sold"], sellers["profit"],
              sellers["account"], sellers["today"], sellers["revenue"], sellers["short"], p.capacity, p.price_step,
              p.utilisation, r["cash"])
    orders_and_prices(model.seed, tick, day, im["key"], im["kind"], im["active"], im["stock"], im["price"],
                      im["memory"], im["belief"], im["sold"], im["asked"], im["pipe"], replacement(p), p.lead, p.cover,
                      ledger)
    if day % 7 == 0:
        come_and_go(model.seed, tick, day, im["key"], im["kind"], im["born"], im["active"], im["stock"], im["price"],
                    im["memory"], im["belief"], im["pipe"], replacement(p), p.seizure, p.lead, ledger)
    return ate


def _going_price(state: dict, sellers: dict, kinds: int) -> None:
    """Mean price paid today, weighted by sales, and the users' slower idea of it."""
    for k in range(kinds):
        mine = sellers["kind"] == k
        sold = int(sellers["today"][mine].sum())
        if sold > 0:
            state["paid"][k] = sellers["revenue"][mine].sum() / (100.0 * sold)
            state["price"][k] += PRICE_MEMORY * (state["paid"][k] - state["price"][k])


def relocate(model, tick: int, p, state: dict, footfall, good, everybody: bool = False) -> None:
    """Sellers whose turn it is look for a better place; all of them compare the same state of affairs."""
    r, sellers = model.residents, state["sellers"]
    if not len(sellers["id"]):
        return
    turn = np.ones(len(sellers["id"]), bool) if everybody else sellers["id"] % 7 == model.day % 7
    rows = rows_of(r, sellers["id"])
    standing = np.bincount(sellers["place"][sellers["place"] >= 0], minlength=len(good)).astype(np.int32)
    place = sellers["place"].copy()
    grid = model.city.grid
    move(model.seed, tick, np.flatnonzero(turn), sellers["key"], sellers["place"], rows, standing, r["home"],
         r["anchor"], r["shop_nodes"], r["bar_node"], grid.height, grid.width, good, state["traffic"], footfall,
         state["presence"], np.flatnonzero(sellers["place"] >= 0), p.travel, p.presence_weight, SETTLE, place)
    sellers["place"] = place


def known_sellers(model, tick: int, state: dict, width: int, turn: np.ndarray) -> np.ndarray:
    """For every user of this turn the position of one seller at his place (keyed), -1 without."""
    users, sellers = state["users"], state["sellers"]
    out = np.full(len(users["id"]), -1, np.int64)
    if not len(sellers["id"]):
        return out
    codes, seats = open_sites(sellers["kind"], sellers["place"], sellers["place"] >= 0, width)
    placed = np.flatnonzero(turn & (users["place"] >= 0))
    mine = site_codes(users["kind"][placed], users["place"][placed], width)
    lo, hi = np.searchsorted(codes, mine), np.searchsorted(codes, mine, side="right")
    some = hi > lo
    u = uniforms(model.seed, "drugs.known_seller", tick, users["key"][placed[some]])
    out[placed[some]] = seats[lo[some] + np.floor(u * (hi - lo)[some]).astype(np.int64)]
    return out
