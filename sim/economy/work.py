"""Jobs, incomes and hardship: the legal side of people's lives, and what a recession or a transfer does to it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sim.columns import Column
from sim.economy.kernels import JOBLESS, PUPIL, SHIFT, STUDENT, WORKER, households, own_income, sites, working_life
from sim.economy.newcomers import first_work
from sim.mechanism import Mechanism, MechanismParams
from sim.parameters import param
from sim.registry import mechanism

MONTH = 30
LATER_AGE = 60.0  # when more people leave the labour force
NEW_JOB, NEW_SCHOOL = 1, 2
DEPENDENT = 2  # of the column `use`


@dataclass(frozen=True)
class EconomyParams(MechanismParams):
    """Parameters of the economy."""

    job_finding: float = param(0.15, unit="per month", low=0.01, high=0.9, source="Elsby, Hobijn and Sahin 2013",
                               doc="hazard of finding a job; that of losing one follows from each area's unemployment")
    benefit: float = param(0.45, unit="share of wage", low=0, high=1, source="OECD net replacement rates, mid range",
                           doc="income of the jobless relative to their usual wage")
    pension: float = param(0.55, unit="share of wage", low=0, high=1, source="OECD Pensions at a Glance, mid range",
                           doc="income after retirement relative to the usual wage")
    wage_sd: float = param(0.45, unit="log", low=0, high=1.5, source="modelling choice",
                           doc="spread of the logarithm of wages within an area")
    poverty_line: float = param(0.6, unit="share of median", low=0.1, high=1, source="Eurostat at-risk-of-poverty",
                                doc="means at which hardship is one half, relative to the median of the start")
    hardship_slope: float = param(3.0, unit="-", low=0.5, high=10, source="modelling choice",
                                  doc="how sharply hardship falls as means rise above the line")
    school_age: float = param(5.0, unit="years", low=3, high=8, source="modelling choice",
                              doc="age at which school starts")
    leaving_age: float = param(18.0, unit="years", low=14, high=21, source="modelling choice",
                               doc="age at which school ends")
    inactive: float = param(0.17, unit="share", low=0, high=0.9, source="OECD labour force statistics",
                            doc="people of 25 to 59 outside the labour force")
    inactive_later: float = param(0.40, unit="share", low=0, high=0.9, source="OECD labour force statistics",
                                  doc="people of 60 and over, before retirement age, outside the labour force")
    return_to_work: float = param(0.015, unit="per month", low=0, high=0.5, source="modelling choice",
                                  doc="hazard of coming back into the labour force before the age of 60")
    student_share: float = param(0.4, unit="share", low=0, high=1, source="OECD Education at a Glance",
                                 doc="school leavers who go on to study")
    study_years: float = param(4.0, unit="years", low=0, high=10, source="modelling choice", doc="length of study")
    retirement_age: float = param(66.0, unit="years", low=50, high=80, source="modelling choice",
                                  doc="age of retirement")
    commute: float = param(4_000.0, unit="m", low=200, high=50_000, source="modelling choice",
                           doc="distance at which a workplace is 1/e as likely to be taken")
    school_run: float = param(800.0, unit="m", low=100, high=20_000, source="modelling choice",
                              doc="distance at which a school is 1/e as likely")
    stigma: float = param(0.5, unit="ratio", low=0, high=1, source="Pager 2003",
                          doc="chance of finding a job with a criminal record, or in dependence, relative to others")
    dependence_strain: float = param(4.0, unit="ratio", low=1, high=20, source="MacDonald and Pudney 2001",
                                     doc="hazard of losing a job in dependence on drugs, relative to others")
    transfer: float = param(0.0, unit="per person and week", low=0, high=10_000, source="modelling choice",
                            doc="cash transfer to households whose means are below the poverty line")


@mechanism
class Economy(Mechanism):
    """Employment, income and hardship, month by month.

    A worker loses and a jobless person finds a job with hazards whose ratio reproduces the unemployment of the area
    at the start, so that the rate is stationary until something changes it; gross flows between the two states are
    what makes unemployment an experience of many rather than the lot of a few (Elsby, Hobijn & Sahin 2013). A new job
    is at a place chosen by gravity. A recession takes a share of the jobs in one month and then slows the finding of
    new ones while labour demand recovers. Custody costs the job; a record of arrest sends people to the back of the
    queue for the jobs there are (Western 2002; Pager 2003), and so does dependence on drugs, which also costs jobs
    (MacDonald & Pudney 2001). Hardship is the means of the household relative to a poverty line. It is a state of
    people; nothing here says what it does to crime.

    With interactions switched off custody and records of arrest change no income, because a household shares its means.
    """

    name = "economy"
    cadence = "month"
    Params = EconomyParams
    columns = {"residents": {
        "routine": Column("u1", 0, "code",
                          "0 infant, 1 pupil, 2 student, 3 worker, 4 shift worker, 5 jobless, 6 retired"),
        "anchor": Column("i4", -1, "cell", "cell of school or work, else -1"),
        "income": Column("f4", 0, "per week", "legal income", low=0),
        "usual": Column("f4", 0, "per week", "usual wage of workers and jobless, own income of others", low=0),
        "hardship": Column("f4", 0, "0-1", "means of the household against the poverty line", low=0, high=1),
    }}

    def setup(self, model) -> None:
        r, p = model.residents, self.params
        given = model.people["residents"]
        for name in ("routine", "anchor", "income"):
            r[name][:] = given[name]
        work = (r["routine"] == WORKER) | (r["routine"] == SHIFT)
        jobless = r["routine"] == JOBLESS
        r["usual"][:] = r["income"]
        if p.benefit > 0:
            r["usual"][jobless] = r["income"][jobless] / p.benefit
        areas = max(len(model.city.areas), int(r["area"].max(initial=0)) + 1)
        area = np.maximum(r["area"], 0)
        at_work, out = np.bincount(area[work], minlength=areas), np.bincount(area[jobless], minlength=areas)
        city = out.sum() / max(at_work.sum() + out.sum(), 1)
        rate = np.divide(out, at_work + out, out=np.full(areas, city), where=at_work + out > 0)
        all_wages = float(np.median(r["income"][work])) if work.any() else 1.0
        wage = np.full(areas, all_wages)
        for a in np.flatnonzero(at_work >= 20):
            wage[a] = np.median(r["income"][work & (area == a)])
        self.state.update(unemployment=np.clip(rate, 0.005, 0.8), wage=wage, line=0.0, rate=float(city), median=0.0)
        means = self._means(model, transfer=0.0)
        lived = means >= 0
        # The line is fixed at the start: hardship answers to what happens to people, not to a moving norm.
        self.state["line"] = float(p.poverty_line * np.median(means[lived])) if lived.any() else 0.0
        if self.params.enabled:
            self._means(model, transfer=0.0)
        self._measure(model)

    def prepare(self, model) -> None:
        self._jobs = np.cumsum(model.layers["jobs"], dtype=np.int64)
        self._schools = np.cumsum(model.layers["schools"], dtype=np.int64)

    def _inactivity(self) -> np.ndarray:
        """Age 60 and the hazards at which the shares outside the labour force are what the parameters say."""
        p = self.params
        before = p.return_to_work * p.inactive / (1.0 - p.inactive)
        # In the years from 60 on nobody comes back, so the share grows from the one before.
        years = max(p.retirement_age - LATER_AGE, 0.5)
        more = max(p.inactive_later - p.inactive, 0.0) / (1.0 - p.inactive)
        after = -math.log(max(1.0 - min(2.0 * more, 0.95), 0.05)) / (12.0 * years)
        return np.array([LATER_AGE, before, after, p.return_to_work])

    def hazards(self, lost: float = 0.0) -> np.ndarray:
        """Monthly hazards of losing and of finding a job and the median wage, float64[areas, 3].

        `lost` is the share of jobs that the lever takes away; what it takes more than last month is lost at once.
        """
        p, base = self.params, self.state["unemployment"]
        odds = base / (1.0 - base)
        lose = np.minimum(p.job_finding * odds, 0.5)
        missing = min(lost, 0.95)
        aim = base + (1.0 - base) * missing
        find = np.minimum(lose * (1.0 - aim) / aim, 1.0)
        rise = lost - self.state.get("lost", 0.0)
        if rise > 0:
            lose = 1.0 - (1.0 - lose) * (1.0 - min(rise, 0.95))
        self.state["lost"] = float(lost)
        return np.stack([lose, find, self.state["wage"]], axis=1)

    def welcome(self, model, rows) -> None:
        first_work(self, model, rows)
        self._means(model, transfer=0.0)

    def step(self, model) -> None:
        r, p = model.residents, self.params
        n, cell = len(r), model.city.grid.cell_m
        rates = self.hazards(model.levers["jobs_lost"])
        held = self._held(model)
        strain, standing = self._prospects(model)
        moved = np.zeros(n, np.uint8)
        ages = np.array([p.school_age, p.leaving_age, p.study_years, p.retirement_age])
        model.parallel(working_life, n, model.seed, model.tick, model.day, r["key"], r["alive"], r["birth_day"],
                       r["area"], held, strain, standing, rates, ages, self._inactivity(), p.student_share,
                       p.wage_sd, p.pension, r["routine"], r["usual"], moved)
        # Children who have moved go to a school near the new home.
        moved[(r["routine"] == PUPIL) & (r["moved"] > model.day - MONTH - 1) & (moved == 0)] = NEW_SCHOOL
        model.parallel(sites, n, model.seed, model.tick, r["key"], r["home"], r["routine"], moved, self._jobs,
                       self._schools, model.city.grid.width, p.commute / cell, p.school_run / cell, r["anchor"])
        model.parallel(own_income, n, r["routine"], r["usual"], held, model.levers["earnings"], p.benefit, r["income"])
        self._means(model, p.transfer)
        self._measure(model)

    def record(self, model) -> dict[str, float]:
        return {"unemployment": self.state["rate"], "median_income": self.state["median"]}

    def _held(self, model) -> np.ndarray:
        r = model.residents
        if not model.spec.interactions or "custody_until" not in r:
            return np.zeros(len(r), np.bool_)
        return r["custody_until"] > model.tick

    def _prospects(self, model) -> tuple[np.ndarray, np.ndarray]:
        """Factors on everybody's hazards of losing and of finding a job.

        Labour demand says how many find work, so the second is scaled to a mean of one among the jobless.
        """
        r, p = model.residents, self.params
        strain, standing = np.ones(len(r), np.float32), np.ones(len(r), np.float32)
        marked = np.zeros(len(r), bool)
        if "use" in r:
            marked = r["use"] == DEPENDENT
            strain[marked] = p.dependence_strain
        if model.spec.interactions and "convictions" in r:
            marked = marked | (r["convictions"] > 0)
        standing[marked] = p.stigma
        jobless = r["alive"] & (r["routine"] == JOBLESS)
        every, behind = int(jobless.sum()), int((jobless & marked).sum())
        if model.spec.interactions and behind < every:
            standing *= np.float32(every / (every - behind * (1.0 - p.stigma)))
        return strain, standing

    def _means(self, model, transfer: float) -> np.ndarray:
        r, d = model.residents, model.dwellings
        means = np.empty(len(d), np.float32)
        model.parallel(households, len(d), d["first_member"], r["next_member"], r.row_of, self.state["line"],
                       float(transfer), self.params.hardship_slope, means, r["income"], r["hardship"])
        return means

    def _measure(self, model) -> None:
        r = model.residents
        routine = r["routine"][r["alive"]]
        work, out = int(((routine == WORKER) | (routine == SHIFT)).sum()), int((routine == JOBLESS).sum())
        self.state["rate"] = out / max(work + out, 1)
        adult = r["alive"] & (r["routine"] >= STUDENT)
        self.state["median"] = float(np.median(r["income"][adult])) if adult.any() else 0.0
