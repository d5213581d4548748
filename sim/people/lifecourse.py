"""Births, ageing, partners, moves and deaths, month by month, so that a cohort can be followed for decades."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.columns import Column
from sim.mechanism import Mechanism, MechanismParams
from sim.parameters import param
from sim.people import circles, housing, kin, moves, partners, vital
from sim.people.homes import settle
from sim.registry import mechanism

LONG_AGO = -(2**30)


@dataclass(frozen=True)
class LifecourseParams(MechanismParams):
    """Settings of the life course."""

    mode_men: float = param(83.0, unit="years", low=50, high=110, source="Missov et al. (2015)",
                            doc="commonest age at death of men")
    mode_women: float = param(88.0, unit="years", low=50, high=110,
                              source="Missov et al. (2015)",
                              doc="commonest age at death of women")
    senescence: float = param(0.105, unit="per year", low=0.02, high=0.3,
                              source="Missov et al. (2015)",
                              doc="rise of the logarithm of mortality with age (Gompertz)")
    fertility: float = param(3.4, unit="children", low=0, high=12, source="modelling choice",
                             doc="children of a woman who always lived with a partner and waited for none; most women "
                                 "do so for part of the years and space births, so that the total is below two")
    age_of_births: float = param(30.0, unit="years", low=15, high=40, source="Eurostat, mean age at childbirth",
                                 doc="age at which births are commonest")
    spread_of_births: float = param(5.8, unit="years", low=1, high=15, source="Eurostat, births by age",
                                    doc="standard deviation of the age at birth")
    single_births: float = param(0.2, unit="ratio", low=0, high=1, source="modelling choice",
                                 doc="births of women without a partner in the home, relative to others")
    parity: float = param(0.35, unit="ratio", low=0, high=1, source="modelling choice after Human Fertility Database",
                          doc="births of women who have two children or more, relative to others")
    spacing: float = param(1.5, unit="years", low=0.8, high=10, source="modelling choice",
                           doc="least time between two births")
    inheritance: float = param(0.3, unit="correlation", low=0, high=0.9,
                               source="Boutwell and Beaver (2010); Nofziger (2008)",
                               doc="correlation of a child's self-control with the mother's")
    upbringing: float = param(0.2, unit="sd per sd", low=0, high=0.7,
                              source="Gottfredson and Hirschi (1990); Pratt, Turner and Piquero (2004): direction",
                              doc="self-control lost with hardship and a single parent at birth")
    family_support: float = param(0.3, unit="sd a year", low=0, high=2, source="Piquero et al. (2016): direction",
                                  doc="self-control gained by a child under 12 with full support of the family")
    searching: float = param(0.33, unit="per year", low=0, high=20, source="modelling choice",
                             doc="how often somebody of 28 without a partner looks for one; it takes two")
    separation: float = param(0.04, unit="per year", low=0, high=0.5, source="modelling choice after Eurostat",
                              doc="couples of 30 and under who part, if one of them finds a home; falls with age")
    leaving_home: float = param(0.2, unit="per year", low=0, high=5, source="Eurostat, age of leaving home: about 26",
                                doc="young adults with work or in education who look for a home of their own")
    mobility: float = param(0.10, unit="per year", low=0, high=1, source="modelling choice after OECD (2021)",
                            doc="households with a head of 28 and under who look for another home; falls with age")
    emigration: float = param(0.045, unit="per year", low=0, high=1, source="Rogers and Castro (1981): form by age",
                              doc="households with a head of 28 and under who leave the city; falls with age")
    arrival: float = param(0.35, unit="per month", low=0, high=1, source="modelling choice",
                           doc="chance that a dwelling vacant for a month is taken by newcomers")
    fear_push: float = param(1.0, unit="log ratio per unit", low=0, high=5,
                             source="Dugan (1999); Xie and McDowall (2008): direction",
                             doc="rise of moving and leaving with the fear of the head of the household (0-1)")
    near: float = param(3_000.0, unit="m", low=100, high=100_000, source="modelling choice",
                        doc="distance from the old home that makes a new one 1/e as likely")
    affordability: float = param(0.8, unit="utility per sd squared", low=0, high=10, source="modelling choice",
                                 doc="how closely a home must fit the means of a household")
    calm: float = param(0.3, unit="utility per sd", low=0, high=5, source="modelling choice",
                        doc="weight of the collective efficacy of a place in the choice of a home")
    friends_lost: float = param(0.07, unit="per year", low=0, high=2, source="Mollenhorst et al. (2014)",
                                doc="friendships that end among neighbours; more at a distance, fewer at one workplace")
    friends_found: float = param(3.0, unit="per year", low=0, high=12, source="modelling choice",
                                 doc="how often somebody with room for a friend looks for one")


@mechanism
class Lifecourse(Mechanism):
    """Births, ageing, partners, moves and deaths."""

    name = "lifecourse"
    cadence = "month"
    Params = LifecourseParams
    columns = {
        "residents": {
            "mother": Column("i4", -1, "id", "mother, -1 unknown"),
            "spouse": Column("i4", -1, "id", "partner in the home, -1 none"),
            "children": Column("u1", 0, "count", "children born"),
            "last_birth": Column("i4", LONG_AGO, "day", "day of the last birth"),
            "moved": Column("i4", LONG_AGO, "day", "day of the last move"),
        },
        "dwellings": {"vacated": Column("i4", LONG_AGO, "day", "day on which the empty dwelling was found empty")},
    }
    takes = {
        "residents": ("dwelling", "next_member", "home", "area", "self_control", "ties", "shop_nodes", "bar_node",
                      "partner"),
        "dwellings": ("first_member",),
    }

    def setup(self, model) -> None:
        if self.params.enabled:
            circles.friends_from_before(model)
            self._begin(model)

    def prepare(self, model) -> None:
        self.places = None  # shops and bars, prepared when somebody first moves
        if self.params.enabled and not self.state:  # a restored run whose people have had no life course so far
            self._begin(model)

    def _begin(self, model) -> None:
        r, d = model.residents, model.dwellings
        kin.recognise(model, np.arange(len(r)))
        lived = np.flatnonzero(d["first_member"] >= 0)
        at, size = d.find(r["dwelling"]), np.bincount(d.find(r["dwelling"]), minlength=len(d))
        income = np.bincount(at, r["income"].astype(float), minlength=len(d))[lived]
        logs = np.log(income / np.sqrt(size[lived]) + 20.0)
        hardship, young = r["hardship"].astype(float), (r["mother"] >= 0) & (kin.years(model) < 5)
        alone = r["partner"][r.find(r["mother"][young])] == 0
        self.state.update(hardship=(float(hardship.mean()), max(float(hardship.std()), 0.05)),
                          single=float(alone.mean()) if young.any() else 0.2,
                          means=(float(logs.mean()), max(float(logs.std()), 0.1)), moves=0)

    def welcome(self, model, rows) -> None:
        kin.recognise(model, rows)
        circles.new_nodes(self, model, rows[model.residents["bar_node"][rows] < 0])

    def step(self, model) -> None:
        r, d = model.residents, model.dwellings
        self.state.setdefault("fear", float(r["fear"][r["alive"]].mean(dtype=float)))
        kin.part(model)
        vital.die(self, model)
        vacant = self._vacant(model)
        month, claims = kin.Month(model), housing.Claims()
        going = moves.orphans(month)
        moves.depart(self, month)
        going += partners.form(self, month, claims)
        partners.separate(self, month, claims)
        moves.leave_home(self, month, claims)
        moves.move(self, month, claims)
        found = housing.match(self, model, claims, vacant)
        for then in (claims.then[i] for i in np.flatnonzero(found >= 0)):
            if then is not None:
                then(model)
        going += [(claims.rows[i], int(found[i])) for i in np.flatnonzero(found >= 0)]
        self.state["moves"] = sum(len(rows) for rows, _ in going)
        if going:
            rows = np.concatenate([rows for rows, _ in going])
            homes = np.repeat([home for _, home in going], [len(rows) for rows, _ in going])
            settle(r, d, model.city, rows, d["id"][homes])
            r["moved"][rows] = model.day
            month.home[rows] = homes
            circles.new_nodes(self, model, rows)
        moves.arrive(self, month, np.setdiff1d(vacant, found))
        circles.renew(self, month)
        vital.bear(self, month)
        vital.raise_children(self, model)

    def record(self, model) -> dict[str, float]:
        empty = model.dwellings["first_member"] < 0
        return {"lifecourse.vacant": float(empty.sum()), "lifecourse.households": float((~empty).sum())}

    def _vacant(self, model) -> np.ndarray:
        """Rows of the empty dwellings; the day on which each was found so is noted."""
        d = model.dwellings
        empty = d["first_member"] < 0
        new = empty & (d["vacated"] == LONG_AGO)
        d["vacated"][new] = model.day
        d["vacated"][~empty] = LONG_AGO
        return np.flatnonzero(empty)
