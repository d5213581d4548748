"""A day of the market in the large: what comes in, what is sold, who moves; the kernels do the work."""

from __future__ import annotations

import numpy as np

from sim.draws import uniforms
from sim.drugs.buying import buy
from sim.drugs.demand import needs
from sim.drugs.importing import RING, arrivals, come_and_go, orders_and_prices, stretch
from sim.drugs.places import open_sites, site_codes
from sim.drugs.selling import SETTLE, close_day, move, restock
from sim.drugs.tables import BOUGHT, SHIPPED, rows_of

PRICE_MEMORY = 0.2  # per day: how fast users' idea of the going price follows what is paid
STRENGTH_MEMORY = 0.07  # per day: how fast users notice that a drug has become weaker or stronger
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


def terms(model, p, state: dict) -> None:
    """Ask the flows what it costs and risks to bring a dose in today."""
    flows = model.mechanisms["flows"]
    way = flows.state["drugs"]
    state["outside"] = np.array(p.external_price) * state["unit"] * flows.rise(model, "drugs")
    state["replacement"] = state["outside"] * flows.delivered("drugs")
    state["loss"] = float((way["share"] * way["belief"]).sum())


def supply(model, tick: int, day: int, p, state: dict, closed: bool = False) -> None:
    """Let the day's loads in. A cut limits arrivals: limits on orders would be undone by ordering more.

    closed: nothing at all comes in, because there are no flows from beyond the city.
    """
    im, ledger, flows = state["importers"], state["ledger"], model.mechanisms["flows"]
    way, moved = flows.state["drugs"], min(flows.change(model, "drugs"), 4.0)
    limit = p.flow_cap * state["flow_start"]
    if moved < 0.0:
        limit = np.minimum(limit, max(1.0 + moved, 0.0) * state["flow"])
    # Unused room is kept for three weeks, because loads are lumps; a cut starts without any.
    fresh = moved < 0.0 and not state["cut"]
    state["cut"] = moved < 0.0
    state["budget"] = limit.copy() if fresh else np.minimum(state["budget"] + limit, 21.0 * limit)
    if moved > 0.0 and not closed:
        push(state, day, moved)
    landed = np.zeros(len(limit), np.int64)
    ways = len(way["cost"])
    sent, seized, through = np.zeros(ways, np.int64), np.zeros(ways, np.int64), np.zeros(ways, np.int64)
    arrivals(model.seed, tick, day, im["key"], im["kind"], im["active"], im["stock"], im["purity"], im["belief"],
             im["pipe"], np.zeros(len(limit)) if closed else state["budget"], np.cumsum(way["share"]),
             np.zeros(ways) if closed else way["risk"], 1 if closed else flows.pieces(),
             np.floor(100.0 * state["outside"] + 0.5).astype(np.int64), ledger, landed, sent, seized, through)
    state["ways"] = dict(sent=sent.astype(float), seized=seized.astype(float), landed=through.astype(float))
    if moved >= 0.0:
        state["flow"] += FLOW_MEMORY * (landed - state["flow"])


def push(state: dict, day: int, share: float) -> None:
    """More is offered than was ordered: goods on commission, spread over the importers of a substance."""
    im = state["importers"]
    for k in range(len(state["flow"])):
        mine = np.flatnonzero(im["active"] & (im["kind"] == k))
        if len(mine):
            each = int(share * state["flow"][k] / len(mine))
            im["pipe"][mine, day % RING, 0] += each
            state["ledger"][SHIPPED] += each * len(mine)


def retail(model, tick: int, day: int, p, state: dict, rows, free, seller_rows, held) -> tuple[np.ndarray, np.ndarray]:
    """Restock, sell, close the books of the day; returns every user's doses, as sold and of the usual purity."""
    r, ledger = model.residents, state["ledger"]
    users, sellers, im = state["users"], state["sellers"], state["importers"]
    im["sold"][:], im["asked"][:] = 0, 0
    stretch(im, state["replacement"], p.stretch, p.weakest, ledger)
    first = np.argsort(uniforms(model.seed, "drugs.restock_order", tick, sellers["key"]), kind="stable")
    restock(model.seed, tick, first, sellers["key"], sellers["kind"], held, sellers["stock"], sellers["purity"],
            sellers["cost"], sellers["sold"], sellers["account"], sellers["supplier"], im["kind"], im["active"],
            im["stock"], im["purity"], im["price"], im["sold"], im["asked"], ledger)
    want, ate, pure = np.zeros(len(rows), np.int64), np.zeros(len(rows), np.int64), np.zeros(len(rows))
    doses = np.array([p.dose_occasional, p.dose_dependent])
    needs(model.seed, tick, state["price"], state["reference"], state["strength"], doses, p.legal_share, p.support,
          p.demand_cut, users["key"], users["kind"], users["use"], users["treat"], users["appetite"],
          users["patience"], users["tolerance"], rows, free, r["income"], r["cash"], r["gap"], want)
    buyers = np.flatnonzero(want > 0)
    buyers = buyers[np.argsort(uniforms(model.seed, "drugs.buying_order", tick, users["key"][buyers]), kind="stable")]
    width = model.city.grid.width
    codes, seats = open_sites(sellers["kind"], sellers["place"], ~held, width)
    cents = np.maximum(np.floor(100.0 * sellers["price"] + 0.5).astype(np.int64), 1)
    buy(model.seed, tick, buyers, want, users["key"], users["kind"], users["place"], rows, users["id"], r["home"],
        r["anchor"], r["shop_nodes"], r["bar_node"], r["ties"], r["cash"], cents, width, codes, seats, sellers["id"],
        sellers["place"], sellers["price"], sellers["stock"], sellers["purity"], sellers["today"], sellers["revenue"],
        sellers["short"], state["presence"], state["traffic"], p.capacity, p.travel, p.presence_weight, ledger, ate,
        pure)
    ledger[BOUGHT] += ate.sum()
    _going_price(state, sellers, users["kind"], ate, pure)
    close_day(held, seller_rows, sellers["cost"], sellers["price"], sellers["sold"], sellers["profit"],
              sellers["account"], sellers["today"], sellers["revenue"], sellers["short"], p.capacity, p.price_step,
              p.utilisation, r["cash"])
    orders_and_prices(model.seed, tick, day, im["key"], im["kind"], im["active"], im["stock"], im["price"],
                      im["memory"], im["belief"], im["sold"], im["asked"], im["pipe"], state["replacement"], p.lead,
                      p.cover, p.orders_follow, ledger)
    if day % 7 == 0:
        capital = min(model.mechanisms["flows"].capital(), 1.0)
        come_and_go(model.seed, tick, day, im["key"], im["kind"], im["born"], im["active"], im["stock"], im["purity"],
                    im["price"], im["memory"], im["belief"], im["pipe"], state["replacement"], state["loss"], capital,
                    ledger)
    return ate, pure


def _going_price(state: dict, sellers: dict, kind: np.ndarray, ate: np.ndarray, pure: np.ndarray) -> None:
    """Mean price paid today, weighted by sales, and the users' slower idea of it and of the purity."""
    im = state["importers"]
    for k in range(len(state["price"])):
        taken = int(ate[kind == k].sum())
        if taken > 0:
            state["purity"][k] = pure[kind == k].sum() / taken
            state["strength"][k] += STRENGTH_MEMORY * (state["purity"][k] - state["strength"][k])
        asked, sold = int(im["asked"][im["kind"] == k].sum()), int(im["sold"][im["kind"] == k].sum())
        there = float((sellers["stock"][sellers["kind"] == k] > 0).any())
        state["fill"][k] += PRICE_MEMORY * ((sold / asked if asked > 0 else there) - state["fill"][k])
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
    turn = np.ones(len(sellers["id"]), bool) if everybody else sellers["key"] % np.uint64(7) == model.day % 7
    rows = rows_of(r, sellers["id"])
    standing = np.bincount(sellers["place"][sellers["place"] >= 0], minlength=len(good)).astype(np.int32)
    place = sellers["place"].copy()
    grid = model.city.grid
    move(model.seed, tick, np.flatnonzero(turn), sellers["key"], sellers["place"], rows, standing, r["home"],
         r["anchor"], r["shop_nodes"], r["bar_node"], grid.height, grid.width, good, state["traffic"], footfall,
         state["presence"], np.flatnonzero(sellers["place"] >= 0), p.travel, p.presence_weight, SETTLE, place)
    sellers["arrived"][place != sellers["place"]] = model.day
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
