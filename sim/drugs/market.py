"""The drug market: flows into the city, sellers in the street, users, overdoses and treatment."""

from __future__ import annotations

import numpy as np

from sim.columns import Column
from sim.draws import uniforms
from sim.drugs import start, street, trade
from sim.drugs.buying import TRAFFIC_DAYS
from sim.drugs.careers import DEPENDENT, FORMER, IN, WAITING, careers, fill_slots, mandates, recover_inside
from sim.drugs.demand import needs, wanted
from sim.drugs.params import DrugParams
from sim.drugs.people import (
    candidates,
    drop_sellers,
    initiate,
    least_gain,
    newcomers,
    relative_risk,
    reopen,
    start_alone,
    start_selling,
    stop_selling,
    substitute,
)
from sim.drugs.tables import (
    BOUGHT,
    CONFISCATED,
    DISCARDED,
    IMPORT_REVENUE,
    LANDED,
    RETAIL,
    REVENUE,
    SEIZED,
    SPENT,
    WHOLESALE,
    keep,
    rows_of,
)
from sim.mechanism import Mechanism
from sim.people import schedules
from sim.registry import mechanism

PRESENCE_DAYS = 14.0  # memory of police seen at a place
WATCHED_MINUTES = 120.0  # minutes of police a day at which a place counts as 1 - 1/e watched
WAIT_ALONE = 30  # days on the list when interactions are off
BUSY_ALONE = 0.8  # share of days with a sale when interactions are off


@mechanism
class Drugs(Mechanism):
    """Supply from beyond the city, retail in the street, use, need, overdose and treatment.

    Prices are built of costs and of pay for risk (Reuter & Kleiman 1986; Caulkins & Reuter 2010). Importers order
    beyond the city, lose part of the shipments, and post prices by the cover of their stock and replacement cost.
    Sellers are residents who expect more from it than from what they would give up, who know a seller, and who stop
    when it no longer pays; they stand where buyers and passers-by are and police are not, which makes open-air places
    thicken (Weisburd & Mazerolle 2000; Rengert et al. 2005). The demand of a user is a bounded curve of the price;
    what it costs beyond his legal means and the help of others is his `gap`, a motive that offending reads (Goldstein
    1985; Hough 1996: most users' means suffice). Use spreads along ties and is slowed by the sight of dependence
    (Behrens et al. 2000). Treatment is a queue for a number of places, with drop-out and relapse (Hser et al. 2001).

    The prevalence at the start is an input; the hazards that keep it there are worked out at the start
    (:mod:`sim.drugs.start`), as is the pay for risk at which the reference price keeps the number of sellers. All
    else follows from the rules.

    It works once a day, at the day's last tick; in the other ticks it only looks where patrols are. With interactions
    off, prices and sellers are fixed, supply is unlimited, nobody starts through a friend and places in treatment are
    not shared.
    """

    name = "drugs"
    cadence = "tick"
    Params = DrugParams
    columns = {"residents": {
        "use": Column("u1", 0, "code", "0 none, 1 occasional, 2 dependent"),
        "gap": Column("f4", 0, "per week", "money still needed for the week's drugs", low=0),
        "selling": Column("u1", 0, "0/1", "sells drugs"),
        "treatment": Column("u1", 0, "code", "treatment of drug use: 0 no, 1 waiting, 2 in"),
        "intoxicated": Column("u1", 0, "0/1", "took drugs today"),
        "cash": Column("f4", 0, "currency", "money in hand for drugs", low=0, high=20_000),
    }}

    def setup(self, model) -> None:
        if self.params.enabled:
            start.begin(model, self.params, self.state)

    def prepare(self, model) -> None:
        self._footfall, self._good = trade.street(model)
        p = self.params
        self._doses = np.array([p.dose_occasional, p.dose_dependent])
        self._banned = np.array(model.spec.banned, np.int64)
        free_time = schedules.hourly()[..., 2:].sum(axis=-1) + 1e-9  # neither at home nor at work or school
        self._out = np.cumsum(free_time, axis=-1)[..., :-1] / free_time.sum(axis=-1, keepdims=True)
        if p.enabled and not self.state:  # a restored run that was without a market so far
            start.begin(model, p, self.state)
        self._closed = not model.mechanisms["flows"].params.enabled

    def record(self, model) -> dict[str, float]:
        st = self.state
        users, today = st["users"], st["today"]
        sizes = st["flow_start"] / st["flow_start"].sum()
        pure = st["paid"] / np.maximum(st["purity"], 0.05)
        return {
            "drugs.price": float((st["paid"] * sizes).sum()), "drugs.pure_price": float((pure * sizes).sum()),
            "drugs.purity": float((st["purity"] * sizes).sum()), "drugs.revenue": float(today["revenue"]),
            "drugs.import_revenue": float(today["imports"]), "drugs.searched": float(today["searched"]),
            "drugs.switched": float((users["kind"] != users["prefers"]).sum()), "drugs.sales": float(today["sales"]),
            "drugs.users": float((users["use"] > 0).sum()),
            "drugs.dependents": float((users["use"] == DEPENDENT).sum()),
            "drugs.sellers": float(len(st["sellers"]["id"])),
            "drugs.in_treatment": float((users["treat"] == IN).sum()),
            "drugs.waiting": float((users["treat"] == WAITING).sum()), "drugs.overdoses": float(today["overdoses"]),
            "drugs.seized": float(today["seized"]),
        }

    def step(self, model) -> None:
        st = self.state
        visits = getattr(model, "visits", None)
        if visits is not None and len(visits):
            fresh = visits.start >= 0
            np.add.at(st["watched"], visits.cell[fresh], visits.minutes[fresh])
        st["searched"] = np.empty(0, np.int64)
        street.show_sales(self, model)
        street.show_disputes(self, model)
        if model.slot != model.calendar.ticks_per_day - 1:
            return
        if model.spec.interactions:
            newcomers(model, self.params, st)
        before = st["ledger"].copy()
        rows, seller_rows = self._present(model)
        free = (rows >= 0) & (model.residents["custody_until"][rows] <= model.tick)
        held = model.residents["custody_until"][seller_rows] > model.tick
        if model.spec.interactions:
            ate, pure = self._market_day(model, rows, free, seller_rows, held)
        else:
            ate = self._day_alone(model, rows, free)
            pure = ate.astype(float)
        r = model.residents
        r["intoxicated"][:] = 0
        r["intoxicated"][rows[ate > 0]] = 1
        overdoses = self._overdoses(model, rows, pure)
        if model.spec.interactions:
            street.search(self, model, held)
            street.plan_disputes(self, model, held)
        street.plan_sales(self, model, seller_rows, held)
        self._week(model, rows, free)
        self._publish(model)
        st["today"] = dict(sales=int(st["ledger"][RETAIL] - before[RETAIL]), overdoses=overdoses,
                           seized=int(st["ledger"][SEIZED] - before[SEIZED]),
                           revenue=float(st["ledger"][REVENUE] - before[REVENUE]) / 100.0,
                           imports=float(st["ledger"][IMPORT_REVENUE] - before[IMPORT_REVENUE]) / 100.0,
                           searched=len(st["searched"]))

    # -- a day ---------------------------------------------------------------------------------------------------

    def _present(self, model) -> tuple[np.ndarray, np.ndarray]:
        """Drop the dead from the tables and return the rows of users and sellers."""
        st = self.state
        rows = rows_of(model.residents, st["users"]["id"])
        if (rows < 0).any():
            keep(st["users"], rows >= 0)
            rows = rows[rows >= 0]
        seller_rows = rows_of(model.residents, st["sellers"]["id"])
        if (seller_rows < 0).any():
            st["ledger"][DISCARDED] += drop_sellers(model, st["sellers"], seller_rows, seller_rows < 0)
            seller_rows = seller_rows[seller_rows >= 0]
        return rows, seller_rows

    def _market_day(self, model, rows, free, seller_rows, held) -> np.ndarray:
        st, p = self.state, self.params
        st["presence"] *= np.float32(1.0 - 1.0 / PRESENCE_DAYS)
        st["presence"] += ((1.0 - np.exp(-st["watched"] / WATCHED_MINUTES)) / PRESENCE_DAYS).astype(np.float32)
        st["watched"][:] = 0
        st["traffic"] *= np.float32(1.0 - 1.0 / TRAFFIC_DAYS)
        sellers = st["sellers"]
        st["ledger"][CONFISCATED] += sellers["stock"][held].sum()
        sellers["stock"][held] = 0
        trade.terms(model, p, st)
        trade.supply(model, model.tick, model.day, p, st, self._closed)
        return trade.retail(model, model.tick, model.day, p, st, rows, free, seller_rows, held)

    def _day_alone(self, model, rows, free) -> np.ndarray:
        """A day in which nobody matters to anybody else: fixed price, unlimited supply."""
        st, p, r = self.state, self.params, model.residents
        users = st["users"]
        want = np.zeros(len(rows), np.int64)
        reference = st["reference"]
        if self._closed:
            return want
        needs(model.seed, model.tick, reference, reference, np.ones(len(reference)), self._doses, p.legal_share,
              p.support, p.demand_cut, users["key"], users["kind"], users["use"], users["treat"], users["appetite"],
              users["patience"], users["tolerance"], rows, free, r["income"], r["cash"], r["gap"], want)
        each = np.floor(100.0 * reference + 0.5).astype(np.int64)[users["kind"]]
        ate = np.minimum(want, (r["cash"][rows].astype(float) * 100.0).astype(np.int64) // each)
        r["cash"][rows] = np.maximum(r["cash"][rows] - (ate * each / 100.0).astype(np.float32), 0)
        total, money = int(ate.sum()), int((ate * each).sum())
        for entry in (LANDED, WHOLESALE, RETAIL, BOUGHT):
            st["ledger"][entry] += total
        for entry in (SPENT, REVENUE):
            st["ledger"][entry] += money
        sellers = st["sellers"]
        busy = uniforms(model.seed, "drugs.busy_alone", model.tick, sellers["key"]) < BUSY_ALONE
        sellers["today"][:] = busy
        return ate

    def _overdoses(self, model, rows, ate) -> int:
        """Overdoses of the day; the danger is a dose above what the body is used to, as after custody."""
        users, p = self.state["users"], self.params
        tolerance = users["tolerance"]
        eaters = np.flatnonzero(ate > 0)
        hazard = p.overdose * (0.3 + ate[eaters] / (tolerance[eaters] + 0.5))
        hit = uniforms(model.seed, "drugs.overdose", model.tick, users["key"][eaters]) < 1.0 - np.exp(-hazard)
        struck = eaters[hit]
        dead = struck[uniforms(model.seed, "drugs.overdose_kills", model.tick, users["key"][struck]) < p.fatal]
        # A death takes a person out of others' lives, so with interactions off overdoses are survived.
        if len(dead) and model.spec.interactions:
            model.bury(users["id"][dead], "overdose")
        rising = (users["treat"] != IN) | (ate > tolerance)
        tolerance[rising] += ((ate[rising] - tolerance[rising]) / 33.0).astype(np.float32)
        return int(hit.sum())

    # -- a week in seven slices ----------------------------------------------------------------------------------

    def _week(self, model, rows, free) -> None:
        st, p = self.state, self.params
        users, together = st["users"], model.spec.interactions
        turn = users["key"] % np.uint64(7) == model.day % 7
        use_now = np.ones(len(p.substances))
        if together:
            now, usual = st["price"] / st["strength"] / st["reference"], wanted(False, 1.0, 1.0, 1.0)
            use_now = np.array([wanted(False, 1.0, x, 1.0) / usual for x in now])
        # Nobody starts with, or is hooked by, what is hardly to be had; a seller who is out for a day is no matter.
        use_now = use_now * np.clip(2.0 * st["fill"], 0.0, 1.0)
        sizes = st["flow_start"] / st["flow_start"].sum()
        leaving = p.drop_out * (1.0 - min(max(model.levers["retention"], 0.0), 1.0))
        hazards = np.array([p.onset * st["onset"], p.stop / 365.0, p.remission / 365.0, p.seek, p.give_up, leaving,
                            p.completion, p.relapse * min(float((st["fill"] * sizes).sum()), 1.0)])
        self._abstain(model, turn & free)
        gone = np.zeros(len(rows), np.bool_)
        was = users["treat"].copy()
        recover_inside(model, users, rows, free)
        careers(model.seed, model.tick, model.day, turn, hazards, use_now * np.array(p.dependence), users["key"],
                users["kind"], users["use"], users["treat"], users["since"], users["tsince"], rows, free,
                model.residents["birth_day"], model.residents["self_control"], gone)
        ordered = mandates(model, self.state["users"], rows, free, was)
        if gone.any():
            for name in ("use", "treatment", "gap"):
                model.residents[name][rows[gone]] = 0
            keep(users, ~gone)
            rows, free, turn, ordered = rows[~gone], free[~gone], turn[~gone], ordered[~gone]
        if not together:
            users["treat"][(users["treat"] == WAITING) & (model.day - users["tsince"] >= WAIT_ALONE)] = IN
            return
        place_in_queue = uniforms(model.seed, "drugs.queue", 0, users["key"])
        fill_slots(users["treat"], users["tsince"], place_in_queue, model.day,
                   st["slots"] + model.levers["treatment_slots"], ordered)
        substitute(model, p, st, turn & free)
        self._sellers_week(model, rows, turn & free)
        initiate(model, users, rows, turn & free, p.initiation * st["initiation"], use_now, p.appetite_sd)
        if (model.day + model.calendar.burn_in_days) % 7 == 3:
            start_alone(model, users, p.initiation * st["strangers"], use_now, sizes, p.appetite_sd)

    def _abstain(self, model, turn) -> None:
        """Dependent users who have got nothing for months come off it."""
        users = self.state["users"]
        clean = np.flatnonzero(turn & (users["use"] == DEPENDENT) & (users["treat"] != IN) & (users["tolerance"] < 0.1))
        draw = uniforms(model.seed, "drugs.abstain", model.tick, users["key"][clean])
        done = clean[draw < 1.0 - np.exp(-7.0 * self.params.abstinence)]
        users["use"][done], users["treat"][done], users["since"][done] = FORMER, 0, model.day

    def _sellers_week(self, model, rows, turn) -> None:
        """Some stop, some start, some move; all of them look at the same state of affairs."""
        st, p = self.state, self.params
        sellers = st["sellers"]
        reopen(model, p, st, rows, turn)
        seller_rows = rows_of(model.residents, sellers["id"])
        if not len(seller_rows):
            return
        mine = sellers["key"] % np.uint64(7) == model.day % 7
        known = trade.known_sellers(model, model.tick, st, model.city.grid.width, turn)
        ids, at, seen = candidates(model, st["users"], rows, sellers, seller_rows, known, turn, mine)
        pay = st["pay_for_risk"][sellers["kind"]]
        bar = least_gain(model, p, at) + pay[seen] * relative_risk(model, at, st["usual_risk"])
        own = least_gain(model, p, seller_rows) + pay * relative_risk(model, seller_rows, st["usual_risk"])
        leaving = sellers["id"][stop_selling(model, p, sellers, mine, own)]
        start_selling(model, p, sellers, ids, at, seen, bar)
        if len(leaving):
            stopped = np.isin(sellers["id"], leaving)
            st["ledger"][DISCARDED] += drop_sellers(model, sellers, rows_of(model.residents, sellers["id"]), stopped)
        trade.relocate(model, model.tick, p, st, self._footfall, self._good)

    def _publish(self, model) -> None:
        """Write what others may read."""
        users, r = self.state["users"], model.residents
        rows = rows_of(r, users["id"])
        r["use"][rows], r["treatment"][rows] = users["use"], users["treat"]
