"""Births, ageing, partners, moves and deaths, month by month, so that a cohort can be followed for decades."""

from __future__ import annotations

from dataclasses import dataclass

from sim.columns import Column
from sim.mechanism import Mechanism, MechanismParams
from sim.parameters import param
from sim.people import kin, vital
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
    fertility: float = param(2.9, unit="children", low=0, high=12, source="modelling choice",
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
            self._begin(model)

    def prepare(self, model) -> None:
        if self.params.enabled and not self.state:  # a restored run whose people have had no life course so far
            self._begin(model)

    def _begin(self, model) -> None:
        kin.recognise(model)
        r = model.residents
        hardship, young = r["hardship"].astype(float), (r["mother"] >= 0) & (kin.years(model) < 5)
        alone = r["partner"][r.find(r["mother"][young])] == 0
        self.state.update(hardship=(float(hardship.mean()), max(float(hardship.std()), 0.05)),
                          single=float(alone.mean()) if young.any() else 0.2)

    def step(self, model) -> None:
        kin.part(model)
        vital.die(self, model)
        vital.bear(self, model)
        vital.raise_children(self, model)
