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

_ACTIVITY = decision("routines.activity")


@njit(cache=True, nogil=True)
def place_people(chunk, lo, hi, seed, code, tick, keys, alive, custody, routine, home, anchor, shops, bar, visit,
                 fear, occupied, stay_in, cut, activity, cell, counts):
    """Draw everybody's activity and node for a tick; count people at home and in public by cell.

    cut : uint32[7, 5], upper limits of home, anchor, shop, bar and visit for each routine (the rest is street).
    stay_in : share of outings that the most fearful cancel this tick (0 by day).
    counts : int32[chunks, 2, cells].
    """
    w0 = np.empty(BLOCK, np.uint32)
    w1 = np.empty(BLOCK, np.uint32)
    w2 = np.empty(BLOCK, np.uint32)
    at_home, in_public = counts[chunk, 0], counts[chunk, 1]
    for start in range(lo, hi, BLOCK):
        m = min(BLOCK, hi - start)
        fill_words(seed, code, tick, keys, start, m, w0, w1, w2)
        for j in range(m):
            i = start + j
            if not alive[i] or custody[i] > tick:
                activity[i] = 7
                cell[i] = -1
                continue
            r = routine[i]
            u = w0[j]
            a = np.uint8((u >= cut[r, 0]) + np.uint8(u >= cut[r, 1]) + np.uint8(u >= cut[r, 2])
                         + np.uint8(u >= cut[r, 3]) + np.uint8(u >= cut[r, 4]))
            if a >= 2:
                out = (w1[j] + 0.5) * 2.0**-32
                if a >= 3 and out < max(stay_in * fear[i], occupied[i]):
                    a = np.uint8(0)
            c = home[i]
            if a == 1:
                c = anchor[i] if anchor[i] >= 0 else c
            elif a == 2:
                c = shops[i, w2[j] & np.uint32(1)]
            elif a == 3:
                c = bar[i]
            elif a == 4:
                c = visit[i]
            elif a == 5:
                # Street life happens on the way to one of the usual nodes.
                way = w2[j] & np.uint32(3)
                c = shops[i, 0] if way == 0 else (visit[i] if way == 1 else home[i])
            activity[i] = a
            cell[i] = c
            if a == 0:
                at_home[c] += 1
            else:
                in_public[c] += 1


@dataclass(frozen=True)
class RoutinesParams(MechanismParams):
    avoidance: float = param(0.35, unit="share", low=0, high=1, source="Rader 2007; modelling choice",
                             doc="share of evening outings that a person with fear 1 cancels after dark")
    outdoors_in_summer: float = param(0.30, unit="ratio", low=0, high=1, source="modelling choice",
                                      doc="how much more (less) time on the street and visiting in July (January)")


@mechanism
class Routines(Mechanism):
    name = "routines"
    cadence = "tick"
    Params = RoutinesParams
    columns = {"residents": {
        "activity": Column("u1", 0, "index", "0 home, 1 work or school, 2 shop, 3 bar, 4 visit, 5 street, 7 away"),
        "cell": Column("i4", 0, "cell", "where the person is now, -1 away"),
        "visit_node": Column("i4", 0, "cell", "home of the friend who is visited"),
    }}
    layers = {
        "at_home": Column("i4", 0, "persons", "people at home in the cell now"),
        "in_public": Column("i4", 0, "persons", "people in the cell now who are not at home"),
    }

    def setup(self, model) -> None:
        r = model.residents
        home = r["home"]
        r["cell"][:] = home
        friend = r["ties"][:, 0]
        r["visit_node"][:] = np.where(friend >= 0, home[r.row_of[np.maximum(friend, 0)]], home)
        for column in (r["shop_nodes"][:, 0], r["shop_nodes"][:, 1], r["bar_node"]):
            missing = column < 0
            column[missing] = home[missing]
        model.layers["at_home"][:] = np.bincount(home, minlength=model.city.grid.cells)

    def prepare(self, model) -> None:
        self.hourly = schedules.hourly()
        self.no_one = np.zeros((model.chunks, 2, model.city.grid.cells), np.int32)

    def shares(self, model, hour: int | None = None) -> np.ndarray:
        """Shares of activities by routine for this tick (or one hour of it): float64[7, 6]."""
        calendar = model.calendar
        table = self.hourly[:, schedules.day_kind(calendar.weekday(model.day))]
        first = model.slot * calendar.tick_hours
        table = table[:, first:first + calendar.tick_hours].mean(axis=1) if hour is None else table[:, hour]
        table = table.copy()
        table[:, 4:] *= 1 + self.params.outdoors_in_summer * calendar.season(model.day)
        table[:, 0] = np.maximum(0, 1 - table[:, 1:].sum(axis=1))
        return table / table.sum(axis=1, keepdims=True)

    def step(self, model) -> None:
        r, layers = model.residents, model.layers
        limits = np.cumsum(self.shares(model), axis=1)[:, :5]
        cut = np.minimum(np.round(limits * 2.0**32), 2.0**32 - 1).astype(np.uint32)
        hours = np.arange(model.slot * model.calendar.tick_hours, (model.slot + 1) * model.calendar.tick_hours)
        dark = float(np.mean((hours >= 20) | (hours < 6)))
        counts = self.no_one
        counts[:] = 0
        model.parallel_indexed(
            place_people, len(r), model.seed, _ACTIVITY, model.tick, r["key"], r["alive"], r["custody_until"],
            r["routine"], r["home"], r["anchor"], r["shop_nodes"], r["bar_node"], r["visit_node"], r["fear"],
            model.levers["occupied"], self.params.avoidance * dark, cut, r["activity"], r["cell"], counts)
        np.sum(counts[:, 0], axis=0, out=layers["at_home"])
        np.sum(counts[:, 1], axis=0, out=layers["in_public"])
