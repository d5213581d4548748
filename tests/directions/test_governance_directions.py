"""Which way institutions pull, from paired runs: pay, audits, controls, a scandal, ten years."""

import numpy as np
import pytest

from experiments.paired import BASELINE, Pairs, totals
from sim.model import CityModel
from sim.spec import build, merge

pytestmark = pytest.mark.slow
DOUBLED = float(np.log(2))
# A town in which officers are met often and many of them can be bought: the pattern is about them.
ROADS = dict(city={"residents": 4000, "state_presence": 0.55}, burn_in_years=0.25, years=0.75,
             mechanism={"bribery": {"moral": 6.0},
                        "patrol": {"officers_per_1000": 12.0, "stops_per_visit": 0.5}})


def arms_by_lever(base, arms, seeds, days=None, outcome=totals):
    """Paired runs in which an arm is a mapping of city levers to values, put on the first scored day."""
    found = {}
    for seed in seeds:
        start = CityModel(build(merge(base, {"seed": seed})))
        start.run_days(start.spec.burn_in_days)
        warm = start.snapshot()
        for name, levers in {BASELINE: {}, **arms}.items():
            model = CityModel.restore(warm)
            for lever, value in levers.items():
                model.levers.put("test", lever, None, value)
            model.run_days(days or model.spec.days)
            found.setdefault(name, []).append(outcome(model))
    return Pairs({name: {o: np.array([result.get(o, np.nan) for result in results])
                         for o in sorted(set().union(*results))} for name, results in found.items()})


@pytest.fixture(scope="module")
def roads():
    arms = {"pay": {"police_pay": DOUBLED}, "audits": {"audits": 0.96}, "integrity": {"integrity": 0.03},
            "both": {"integrity": 0.03, "police_pay": DOUBLED}}
    return arms_by_lever(ROADS, arms, range(1, 6))


def test_pay_alone_does_not_cure_bribery(roads):
    """Foltz & Opoku-Agyemang (2015): no less is paid in all after a raise.

    That deals are fewer and dearer is tested at given officers (tests/governance): here one dismissal that a hidden
    form averts outweighs it.
    """
    total = roads.effect("pay", "sum.bribery.police_total")
    assert total.percent_high > -2 and abs(total.percent) < 10, roads.line("pay", "sum.bribery.police_total")


def test_audits_cut_what_is_diverted_and_bribes_a_little(roads):
    assert roads.effect("audits", "mean.governance.diverted").high < 0
    total = roads.effect("audits", "sum.bribery.total")
    assert -15 < total.percent < 2, roads.line("audits", "sum.bribery.total")
    hidden = [roads.values[arm]["sum.bribery.hidden"] for arm in ("audits", BASELINE)]
    assert (hidden[0] > hidden[1]).all()


def test_pay_and_controls_do_more_together_than_apart(roads):
    logs = {arm: np.log(roads.values[arm]["sum.bribery.police_bribes"]) for arm in roads.values}
    more = (logs["both"] - logs["integrity"]) - (logs["pay"] - logs[BASELINE])
    half = 2.78 * more.std(ddof=1) / np.sqrt(len(more))  # t with four degrees of freedom
    assert more.mean() + half < 0, more


def test_a_scandal_lowers_trust_and_reporting_and_fades():
    def outcome(model):
        log, first = model.log, model.calendar.burn_in_days * model.calendar.ticks_per_day
        half = (log["tick"] >= first) & (log["tick"] < first + 180 * model.calendar.ticks_per_day)
        crime = half & np.isin(log["type"], (0, 1, 2, 3, 4))
        trust = model.series.columns()["trust"][model.calendar.burn_in_days:]
        return {"share": log["reported"][crime].mean(), "early": trust[:30].mean(), "late": trust[-30:].mean()}

    base = dict(city={"residents": 6000}, burn_in_years=0.5, years=2)
    found = arms_by_lever(base, {"scandal": {"scandal": 1.0}}, range(1, 7), outcome=outcome)
    assert found.effect("scandal", "early").high < -0.1, found.line("scandal", "early")
    assert found.effect("scandal", "share").high < 0, found.line("scandal", "share")
    early, late = (found.effect("scandal", name).difference for name in ("early", "late"))
    assert late > 0.35 * early, (early, late)


def test_ten_years_are_stable():
    model = CityModel(city={"residents": 3000}, burn_in_years=0, years=10)
    model.run()
    series = model.series.columns()
    for name, low, high in (("trust", 0.4, 0.8), ("governance.legitimacy", 0.4, 0.8),
                            ("governance.services", 0.4, 0.9)):
        years = series[name][: 3650].reshape(10, 365).mean(1)
        assert low < years.min() and years.max() < high and abs(years[9] - years[4]) < 0.08, (name, years)
    bribes = series["bribery.bribes"][:3650].reshape(10, 365).sum(1)
    assert 0.4 * bribes[2:].mean() < bribes[2:].min() and bribes.max() < 2.5 * bribes.mean(), bribes
