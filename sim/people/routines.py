"""Routines: where everybody is at every tick.

People divide the hours of the day among home, work or school, errands, evenings out, visits and the street
(Cohen and Felson 1979: offences need the convergence of offenders and targets without guardians). Nothing here
knows of crime; fear keeps people in after dark, custody takes them away.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from sim.columns import Column
from sim.draws import BLOCK, decision, fill_words
from sim.mechanism import Mechanism, MechanismParams
from sim.parameters import param
from sim.people import schedules
from sim.registry import mechanism

PUPIL, STUDENT, JOBLESS = (schedules.ROUTINES.index(name) for name in ("pupil", "student", "jobless"))
_ACTIVITY = decision("routines.activity")


@njit(cache=True, inline="always")
def limit(cut, k):
    """One upper limit for each routine, as scalars, which stay in registers."""
    return cut[0, k], cut[1, k], cut[2, k], cut[3, k], cut[4, k], cut[5, k], cut[6, k]


@njit(cache=True, inline="always")
def of_routine(limits, r):
    """The limit of routine r: choosing among seven is quicker than reading a table at many places at once."""
    out = limits[0]
    out = limits[1] if r == 1 else out
    out = limits[2] if r == 2 else out
    out = limits[3] if r == 3 else out
    out = limits[4] if r == 4 else out
    out = limits[5] if r == 5 else out
    return limits[6] if r == 6 else out


@njit(cache=True, nogil=True, error_model="numpy")
def place_people(
    chunk,
    lo,
    hi,
    seed,
    code,
    tick,
    keys,
    alive,
    custody,
    routine,
    home,
    anchor,
    shops,
    bar,
    visit,
    fear,
    occupied,
    checked,
    stay_in,
    given_up,
    hanging,
    corner,
    cut,
    activity,
    cell,
    counts,
):
    """Draw everybody's activity and node for a tick; count people at home and in public by cell.

    Written in short loops over blocks without branches, which the compiler turns into vector instructions.

    Parameters
    ----------
    shops : int32[2 * residents]
        Two nodes of errands a person, one after the other.
    checked : bool
        Whether anybody could stay in this tick; false by day when no programme occupies people.
    stay_in : float32
        Share of outings that the most fearful cancel this tick (0 by day).
    given_up : float32[7 * 6]
        Share of the outings of each routine and activity that rules or prices put an end to; empty when there are none.
    hanging : uint32
        Part of 256 of the idle's time on the street near home that is spent at the corner where they meet.
    corner : int32[cells]
        That corner, by the cell of the home.
    cut : int32[7, 5]
        Upper limits of home, anchor, shop, bar and visit for each routine out of 2**24 (the rest is street).
    counts : int32[chunks, 3, cells]
        People at home, in public, and away (all in one place).
    """
    w0 = np.empty(BLOCK, np.uint32)
    w1 = np.empty(BLOCK, np.uint32)
    w2 = np.empty(BLOCK, np.uint32)
    what = np.empty(BLOCK, np.int32)
    slot = np.empty(BLOCK, np.int32)
    cells = np.int32(counts.shape[2])
    away = np.int32(2) * cells
    flat = counts[chunk].reshape(-1)
    k0, k1, k2, k3, k4 = limit(cut, 0), limit(cut, 1), limit(cut, 2), limit(cut, 3), limit(cut, 4)
    small = np.uint32(8)
    limited = given_up.size > 0
    for start in range(lo, hi, BLOCK):
        m = min(BLOCK, hi - start)
        end = start + m
        fill_words(seed, code, tick, keys, start, m, w0, w1, w2)
        r_, fear_, occupied_, alive_, custody_ = (
            routine[start:end],
            fear[start:end],
            occupied[start:end],
            alive[start:end],
            custody[start:end],
        )
        home_, anchor_, shops_, visit_, bar_ = (
            home[start:end],
            anchor[start:end],
            shops[2 * start : 2 * end],
            visit[start:end],
            bar[start:end],
        )
        activity_, cell_ = activity[start:end], cell[start:end]
        for j in range(m):
            r = np.int32(r_[j])
            u = np.int32(w0[j] >> small)
            what[j] = (
                np.int32(u >= of_routine(k0, r))
                + np.int32(u >= of_routine(k1, r))
                + np.int32(u >= of_routine(k2, r))
                + np.int32(u >= of_routine(k3, r))
                + np.int32(u >= of_routine(k4, r))
            )
        if checked:
            for j in range(m):
                u = np.float32(np.int32(w1[j] >> small)) * np.float32(2.0**-24)
                stay = max(stay_in * fear_[j], occupied_[j])
                a = what[j]
                what[j] = np.int32(0) if (a >= 3) & (u < stay) else a
        if limited:
            for j in range(m):  # the two lowest bits of the word choose the way
                u = np.float32(np.int32(w2[j] >> small)) * np.float32(2.0**-24)
                a = what[j]
                what[j] = np.int32(0) if u < given_up[6 * np.int32(r_[j]) + a] else a
        for j in range(m):
            a = what[j]
            way = np.int32(w2[j] & np.uint32(3))
            h, n, s0, s1, v = home_[j], anchor_[j], shops_[2 * j], shops_[2 * j + 1], visit_[j]
            c = h
            c = n if (a == 1) & (n >= 0) else c
            c = (s1 if way >= 2 else s0) if a == 2 else c
            c = bar_[j] if a == 3 else c
            c = v if a == 4 else c
            # Street life happens near the usual nodes.
            slot[j] = (s0 if way == 0 else (v if way == 1 else h)) if a == 5 else c
        for j in range(m):
            what[j] = what[j] if alive_[j] & (custody_[j] <= tick) else np.int32(7)
        for j in range(m):
            cell_[j] = slot[j] if what[j] != 7 else np.int32(-1)
        for j in range(m):
            c = cell_[j]
            slot[j] = away if c < 0 else (c if what[j] == 0 else c + cells)
        if hanging > 0:
            for j in range(m):  # the lowest bits of the second word are still free
                r = r_[j]
                idle = (r == PUPIL) | (r == STUDENT) | (r == JOBLESS)
                if idle & (what[j] == 5) & ((w2[j] & np.uint32(3)) >= 2) & ((w1[j] & np.uint32(255)) < hanging):
                    cell_[j] = corner[home_[j]]
                    slot[j] = cell_[j] + cells
        for j in range(m):
            activity_[j] = np.uint8(what[j])
        half = m // 2
        for j in range(half):  # neighbours are in the same cell: one count would have to wait for the other
            flat[slot[j]] += 1
            flat[slot[half + j]] += 1
        if m % 2:
            flat[slot[m - 1]] += 1


def busiest_near(city, reach: int) -> np.ndarray:
    """Cell of the city with most passers-by within `reach` cells in either direction, by cell (int32[cells])."""
    width = city.grid.width
    flow = np.where(city.area >= 0, city.layers["flow"].astype(float), -1.0).reshape(-1, width)
    cells = np.arange(flow.size).reshape(flow.shape)
    padded, number = np.pad(flow, reach, constant_values=-2.0), np.pad(cells, reach)
    best, where = flow.copy(), cells.copy()
    for dy in range(2 * reach + 1):
        for dx in range(2 * reach + 1):
            here = np.s_[dy : dy + flow.shape[0], dx : dx + width]
            better = padded[here] > best
            best, where = np.where(better, padded[here], best), np.where(better, number[here], where)
    return where.ravel().astype(np.int32)


def friends_home(residents, rows=slice(None)) -> np.ndarray:
    """Cell where the first living friend of each resident lives; without friends one's own home."""
    r = residents
    out = r["home"][rows].copy()
    for friend in r["ties"][rows].T[::-1]:
        at = r.find(friend)
        there = (at >= 0) & r["alive"][at]
        out[there] = r["home"][at[there]]
    return out


@dataclass(frozen=True)
class RoutinesParams(MechanismParams):
    avoidance: float = param(
        0.35,
        unit="share",
        low=0,
        high=1,
        source="Rader 2007; modelling choice",
        doc="share of evening outings that a person with fear 1 cancels after dark",
    )
    outdoors_in_summer: float = param(
        0.30,
        unit="ratio",
        low=0,
        high=1,
        source="modelling choice",
        doc="how much more (less) time on the street and visiting in July (January)",
    )
    alcohol_elasticity: float = param(
        -0.5,
        unit="elasticity",
        low=-2,
        high=0,
        source="Wagenaar, Salois and Komro 2009 (-0.51, all beverages)",
        doc="change of what people drink, in bars and elsewhere, with the price of alcohol",
    )
    hangout: float = param(
        0.0,
        unit="share",
        low=0,
        high=1,
        source="Osgood et al. 1996; Weisburd, Groff and Yang 2012 (places where youths meet); modelling choice",
        doc="time on the street near home that pupils, students and the jobless spend where those of the next streets "
        "meet: the busiest spot within hangout_reach",
    )
    hangout_reach: int = param(
        3, unit="cells", low=1, high=20, source="modelling choice", doc="how far that spot may be from home"
    )
    aimless: bool = param(
        False,
        unit="-",
        source="-",
        doc="true: every outing goes to any cell of the city; a null world for facts that people's own places make",
    )


@mechanism
class Routines(Mechanism):
    name = "routines"
    cadence = "tick"
    Params = RoutinesParams
    columns = {
        "residents": {
            "activity": Column("u1", 0, "index", "0 home, 1 work or school, 2 shop, 3 bar, 4 visit, 5 street, 7 away"),
            "cell": Column("i4", 0, "cell", "where the person is now, -1 away"),
            "visit_node": Column("i4", 0, "cell", "home of the friend who is visited"),
        }
    }
    layers = {
        "at_home": Column("i4", 0, "persons", "people at home in the cell now"),
        "in_public": Column("i4", 0, "persons", "people in the cell now who are not at home"),
    }

    def setup(self, model) -> None:
        r = model.residents
        home = r["home"]
        r["cell"][:] = home
        r["visit_node"][:] = friends_home(r)
        for column in (r["shop_nodes"][:, 0], r["shop_nodes"][:, 1], r["bar_node"]):
            missing = column < 0
            column[missing] = home[missing]
        model.layers["at_home"][:] = np.bincount(home, minlength=model.city.grid.cells)

    def welcome(self, model, rows) -> None:
        r = model.residents
        r["cell"][rows] = r["home"][rows]
        r["visit_node"][rows] = friends_home(r, rows)

    def prepare(self, model) -> None:
        self.hourly, hours = schedules.hourly(), model.calendar.tick_hours
        clock = np.arange(24).reshape(-1, hours)
        self.dark = ((clock >= 20) | (clock < 6)).mean(axis=1).tolist()  # share of the tick that is dark, by tick
        self.hanging = np.uint32(round(256 * self.params.hangout))
        self.corner = np.empty(0, np.int32)
        if self.hanging > 0:
            self.corner = busiest_near(model.city, self.params.hangout_reach)
        self.no_one = np.zeros((model.chunks, 3, model.city.grid.cells), np.int32)

    def shares(self, model, hour: int | None = None) -> np.ndarray:
        """Shares of activities by routine for this tick (or one hour of it): float64[7, 6]."""
        calendar = model.calendar
        kind = schedules.day_kind(calendar.weekday(model.day))
        by_tick = schedules.by_tick(calendar.tick_hours)
        table = (by_tick[:, kind, model.slot] if hour is None else self.hourly[:, kind, hour]).copy()
        table[:, 4:] *= 1 + self.params.outdoors_in_summer * calendar.season(model.day)
        table[:, 0] = np.maximum(0, 1 - table[:, 1:].sum(axis=1))
        return table / table.sum(axis=1, keepdims=True)

    def sober(self, model) -> float:
        """Share of what people usually drink, wherever they do, that the price of alcohol puts an end to."""
        return max(1.0 - (1.0 + max(model.levers["alcohol_price"], 0.0)) ** self.params.alcohol_elasticity, 0.0)

    def given_up(self, model) -> np.ndarray:
        """Share of the outings of this tick that a curfew, closed bars or dear drinks put an end to: float64[7, 6].

        Outings last for the tick, so hours inside it weigh as the schedule fills them.
        """
        levers = model.levers
        curfew, closed = min(max(levers["curfew"], 0.0), 1.0), min(max(levers["bars_closed"], 0.0), 1.0)
        dear = self.sober(model)
        first = model.slot * model.calendar.tick_hours
        hours = np.arange(first, first + model.calendar.tick_hours)
        table = self.hourly[:, schedules.day_kind(model.calendar.weekday(model.day)), hours]
        kept = np.ones_like(table)
        kept[:, (hours >= 20) | (hours < 6), schedules.BAR :] *= 1.0 - curfew
        kept[:, (hours >= 23) | (hours < 6), schedules.BAR] *= 1.0 - closed
        kept[:, :, schedules.BAR] *= 1.0 - dear
        whole = table.sum(axis=1)
        lost = (table * (1.0 - kept)).sum(axis=1)
        return np.divide(lost, whole, out=np.zeros_like(whole), where=whole > 0)

    def step(self, model) -> None:
        r, layers = model.residents, model.layers
        since = model.day + model.calendar.burn_in_days
        if model.slot == 0 and since % 30 == 0 and since > 0:  # friends die and move
            r["visit_node"][:] = friends_home(r)
        rules = any(model.levers[name] > 0 for name in ("curfew", "bars_closed", "alcohol_price"))
        given_up = self.given_up(model).astype(np.float32).ravel() if rules else np.empty(0, np.float32)
        limits = np.cumsum(self.shares(model), axis=1)[:, :5]
        cut = np.round(limits * 2.0**24).astype(np.int32)
        dark = self.dark[model.slot]
        counts = self.no_one
        counts[:] = 0
        model.parallel_indexed(
            place_people,
            len(r),
            model.seed,
            _ACTIVITY,
            np.int32(model.tick),
            r["key"],
            r["alive"],
            r["custody_until"],
            r["routine"],
            r["home"],
            r["anchor"],
            r["shop_nodes"].reshape(-1),
            r["bar_node"],
            r["visit_node"],
            r["fear"],
            model.levers["occupied"],
            dark > 0 or not model.levers.idle("occupied"),
            np.float32(self.params.avoidance * dark),
            given_up,
            self.hanging,
            self.corner,
            cut,
            r["activity"],
            r["cell"],
            counts,
        )
        np.sum(counts[:, 0], axis=0, out=layers["at_home"])
        np.sum(counts[:, 1], axis=0, out=layers["in_public"])
        if self.params.aimless:
            self._wander(model)

    def _wander(self, model) -> None:
        """Send everybody who is out to any cell of the city, each alike."""
        r, somewhere = model.residents, np.flatnonzero(model.city.area >= 0)
        out = np.flatnonzero((r["activity"] > schedules.HOME) & (r["cell"] >= 0))
        u = model.draw("routines.aimless", r["id"][out])
        r["cell"][out] = somewhere[(u * len(somewhere)).astype(np.int64)]
        model.layers["in_public"][:] = np.bincount(r["cell"][out], minlength=model.city.grid.cells)
