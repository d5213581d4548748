"""Work, school and income of those who come to live in the city."""

from __future__ import annotations

import numpy as np

from sim.draws import normals, uniforms
from sim.economy.kernels import INFANT, JOBLESS, PUPIL, RETIRED, SHIFT, STUDENT, STUDENT_MEANS, WORKER, sites

SHIFTS = 0.18  # of new jobs, as at the start


def first_work(economy, model, rows: np.ndarray) -> None:
    """Write `routine`, `anchor`, `usual` and `income` of newcomers, by age and the odds of their area."""
    r, p, seed = model.residents, economy.params, model.seed
    key, area = r["key"][rows], np.maximum(r["area"][rows], 0)
    age = (model.day - r["birth_day"][rows]) / 365.0
    rates = economy.hazards(economy.state.get("lost", 0.0))
    u = [uniforms(seed, "economy.newcomer", 0, key, k) for k in range(4)]
    jobless = (rates[:, 0] / np.maximum(rates[:, 0] + rates[:, 1], 1e-12))[area]
    student = (age < p.leaving_age + p.study_years) & (u[0] < p.student_share)
    away = u[1] < np.where(age < 60, p.inactive * (age >= 25), p.inactive_later)
    routine = np.where(u[2] < jobless, JOBLESS, np.where(u[3] < SHIFTS, SHIFT, WORKER))
    routine[away] = RETIRED
    routine[student] = STUDENT
    routine[age >= p.retirement_age] = RETIRED
    routine[age < p.leaving_age] = PUPIL
    routine[age < p.school_age] = INFANT
    wage = rates[area, 2] * np.exp(p.wage_sd * normals(seed, "economy.newcomer_wage", 0, key))
    usual = np.where(routine <= PUPIL, 0.0, np.where(routine == RETIRED, p.pension * wage, wage))
    usual[routine == STUDENT] *= STUDENT_MEANS
    where = np.where((routine == WORKER) | (routine == SHIFT), 1, np.where(np.isin(routine, (PUPIL, STUDENT)), 2, 0))
    anchor = np.full(len(rows), -1, np.int32)
    cell = model.city.grid.cell_m
    sites(0, len(rows), seed, model.tick, key, r["home"][rows], routine.astype(np.uint8), where.astype(np.uint8),
          economy._jobs, economy._schools, model.city.grid.width, p.commute / cell, p.school_run / cell, anchor)
    r["routine"][rows], r["anchor"][rows], r["usual"][rows] = routine, anchor, usual
    r["income"][rows] = usual * np.where(routine == JOBLESS, p.benefit, 1.0)
