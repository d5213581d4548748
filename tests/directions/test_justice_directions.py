"""What sanctions, supervision and what happens inside do to reoffending: directions, paired by seed.

The same offenders get one sanction or another on the first day: a trial in which everybody is his own control. Offences
are true ones (without dealing), counted in the time at large from the day on which those sent to prison come out.
"""

from functools import cache

import numpy as np
import pytest

from analysis.effects import Effect, compare
from sim.justice import custody, supervision
from sim.model import CityModel
from sim.records import APART, TYPES

pytestmark = pytest.mark.slow

CITY = {"preset": "compact_european", "residents": 6_000, "poverty": 0.22, "unemployment": 0.12}
SEEDS = range(1, 7)
OUT, UNTIL, STEP = 180, 760, 10  # days: out of prison, end of the follow-up, between two looks
HELP = {"prison_programmes": 1.0, "therapeutic_community": 1.0, "aftercare": 1.0, "reentry_jobs": 1.0}
SLOTS = {"treatment_slots": 10.0}  # in every arm, so that orders into treatment can be followed
ARMS = {  # what the chosen get, and levers
    "community": ("probation", {}),
    "prison": ("prison", {}),
    "prison_and_help": ("prison", HELP),
    "swift": ("probation", {"swift_sanctions": 1.0}),
    "drug_court": ("drug_court", {}),
    "usual": ("nobody", {}),
    "speed": ("nobody", {"court_speed": float(np.log(3.0))}),
    "long": ("nobody", {"custody_length": float(np.log(2.0))}),
    "police": ("nobody", {"force": 1.0}),
}


@cache
def start(seed: int) -> dict:
    model = CityModel(city=CITY, seed=seed, burn_in_years=1.0, years=UNTIL / 365, tick_hours=12)
    model.run_days(365)
    return model.snapshot()


def offenders(model) -> np.ndarray:
    """Adults at large who offended in the last year: every other one, by key."""
    r = model.residents
    who = r["alive"] & (r["custody_until"] <= model.tick) & (model.day - r["birth_day"] > 18 * 365)
    who &= model.is_offender(slice(None)) & (r["key"] >> np.uint64(9)) % np.uint64(2) == 1
    return np.sort(r["id"][who])


def sanction(model, ids: np.ndarray, what: str) -> None:
    r, justice, corrections = model.residents, model.mechanisms["justice"], model.mechanisms["corrections"]
    if what == "nobody":
        return
    r["convictions"][r.rows(ids)] += 1
    if what == "prison":
        until = np.full(len(ids), model.tick + OUT * model.calendar.ticks_per_day)
        custody.commit_to_custody(justice.state, ids, until, r, served=True)
    else:
        court = (r["use"][r.rows(ids)] == 2) & (what == "drug_court")
        corrections._place(model, ids[~court], supervision.PROBATION, 365.0)
        corrections._place(model, ids[court], supervision.DRUG_COURT, 365.0)
        r["mandate"][r.rows(ids[court])] = 1


@cache
def run(seed: int, arm: str) -> dict[str, float]:
    """Offences a year at large of the chosen and of the dependents among them; crime, detention, perceived risk."""
    what, levers = ARMS[arm]
    model = CityModel.restore(start(seed))
    r = model.residents
    chosen = offenders(model)
    dependent = chosen[r["use"][r.rows(chosen)] == 2]
    for lever, value in {**SLOTS, **levers}.items():
        model.levers.put("test", lever, None, value)
    sanction(model, chosen, what)
    free, held, risk = np.zeros(2), [], []
    while model.day < UNTIL:
        model.run_days(STEP)
        if model.day > OUT:
            for k, ids in enumerate((chosen, dependent)):
                rows = r.find(ids)
                rows = rows[(rows >= 0) & r["alive"][rows]]
                free[k] += (r["custody_until"][rows] <= model.tick).sum() * STEP / 365
            row = model.series.rows[-1]
            held.append((row["corrections.unsentenced"], row["corrections.sentenced"]))
            risk.append(r["risk"][r["alive"] & (r["offences"] > 0)].mean())
    log = model.log
    late = log["tick"] >= (OUT + model.calendar.burn_in_days) * model.calendar.ticks_per_day
    done = log["offender_id"][late & ~np.isin(log["type"], [TYPES.index(name) for name in APART])]
    waiting, served = np.mean(held, axis=0)
    arrests = sum(row["arrests"] for row in model.series.rows[-(UNTIL - OUT):])
    return dict(rate=np.isin(done, chosen).sum() / free[0], dependents=np.isin(done, dependent).sum() / free[1],
                at_large=free[0], crime=float(len(done)), arrests=arrests, unsentenced=waiting / (waiting + served),
                custody=(waiting + served) / len(r) * 1e5, risk=float(np.mean(risk)), people=len(chosen),
                dependent_people=len(dependent))


def effect(arm: str, base: str, outcome: str) -> Effect:
    out = compare(np.array([run(s, arm)[outcome] for s in SEEDS]), np.array([run(s, base)[outcome] for s in SEEDS]))
    print(f"{arm} against {base}, {outcome}: {out.baseline:.4g} -> {out.arm:.4g}, {out.percent:+.1f} % "
          f"[{out.percent_low:+.1f}, {out.percent_high:+.1f}], {out.pairs} pairs")
    return out


def test_prison_without_help_does_not_lower_reoffending():
    found = effect("prison", "community", "rate")
    assert found.percent > -5 and found.percent_high > 0


def test_prison_with_programmes_treatment_aftercare_and_work_does():
    assert effect("prison_and_help", "prison", "rate").high < 0


def test_swift_sanctions_change_little():
    assert effect("swift", "community", "rate").percent > -15


def test_drug_courts_lower_reoffending_of_dependents():
    assert effect("drug_court", "prison", "dependents").percent < 0
    assert effect("drug_court", "community", "dependents").percent < 0


def test_keeping_people_out_of_court_does_not_raise_reoffending():
    found = effect("usual", "community", "rate")
    assert found.low <= 0 and found.percent < 10


def test_faster_courts_hold_fewer_without_a_sentence():
    assert effect("speed", "usual", "unsentenced").high < 0


def test_more_police_deter_and_longer_sentences_only_incapacitate():
    """Nobody knows the length of a sentence, so perceived risk cannot answer to it; it answers to arrests."""
    assert effect("long", "usual", "custody").low > 0
    assert abs(effect("long", "usual", "risk").percent) < 2
    assert effect("police", "usual", "risk").percent > effect("long", "usual", "risk").percent
