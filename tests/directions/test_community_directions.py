"""Directions of community, fear and the rules of a night: paired arms that share a burn-in and differ by a lever."""

import numpy as np
import pytest

from analysis.effects import compare
from sim.guardianship import cohesion
from sim.model import CityModel
from sim.records import CODE

pytestmark = pytest.mark.slow
SEEDS = range(8)
BASE = dict(city={"residents": 4_000}, burn_in_years=1, years=1)
VIOLENT = [CODE[t] for t in ("robbery", "assault", "homicide", "extortion")]
PROPERTY = [CODE[t] for t in ("burglary", "theft", "vehicle")]


def western_half(model) -> np.ndarray:
    width = model.city.grid.width
    return np.flatnonzero(np.arange(model.city.grid.cells) % width < width // 2)


def everywhere(model) -> np.ndarray:
    return np.arange(model.city.grid.cells)


ARMS = {  # lever, in half the cells or in the city, value
    "organising": ("organising", western_half, 1.0),
    "organised": ("organising", everywhere, 3.0),
    "cleaned": ("cleaned", western_half, 1.0),
    "curfew": ("curfew", None, 0.8),
    "bars": ("bars_closed", None, 1.0),
    "ease": ("reporting_ease", None, 0.6),
}


def outcome(model) -> dict[str, float]:
    log, r, layers = model.log, model.residents, model.layers
    scored = log["tick"] >= model.calendar.burn_in_days * model.calendar.ticks_per_day
    hour, kind = log["minute"] // 60, log["type"]
    violent, night = scored & np.isin(kind, VIOLENT), (hour >= 23) | (hour < 6)
    half = np.isin(np.arange(model.city.grid.cells), western_half(model))
    people = cohesion.residents_by_cell(model) * half
    return dict(
        violence=violent.sum(), public_violence=(violent & ~log["domestic"]).sum(),
        crime=(scored & np.isin(kind, VIOLENT + PROPERTY) & ~log["domestic"]).sum(),
        night_outdoors=(violent & ((hour >= 20) | (hour < 6)) & log["outdoors"]).sum(),
        night_violence=(violent & night & ~log["domestic"]).sum(),
        reported=log["reported"][violent].mean(),
        burglary=(scored & (kind == CODE["burglary"])).sum(),
        efficacy=(people * layers["efficacy"]).sum() / people.sum(),
        city_efficacy=np.nanmean(model.series.columns()["community.efficacy"][-30:]),
        disorder=(people * layers["disorder"]).sum() / people.sum(),
        fear=r["fear"][half[r["home"]] & r["alive"]].mean(),
    )


@pytest.fixture(scope="module")
def found():
    """Outcomes by arm: lists of mappings, one for each seed."""
    out = {}
    for seed in SEEDS:
        model = CityModel(**BASE, seed=seed)
        model.run_days(model.calendar.burn_in_days)
        start = model.snapshot()
        for arm, put in {"baseline": None, **ARMS}.items():
            model = CityModel.restore(start)
            if put:
                lever, where, value = put
                model.levers.put("test", lever, where(model) if where else None, value)
            model.run_days(365)
            out.setdefault(arm, []).append(outcome(model))
    return out


def effect(found, arm, name, base="baseline"):
    e = compare(*(np.array([float(x[name]) for x in found[a]]) for a in (arm, base)))
    print(f"{arm}: {name}: {e.baseline:.4g} -> {e.arm:.4g}, {e.percent:+.1f} % [{e.percent_low:+.1f}, "
          f"{e.percent_high:+.1f}]")
    return e


def falls(e) -> bool:
    return e.high < 0


def rises(e) -> bool:
    return e.low > 0


def test_organising_raises_efficacy_and_lowers_fear_where_it_is_done(found):
    assert rises(effect(found, "organising", "efficacy"))
    assert falls(effect(found, "organising", "fear"))


def test_a_city_organised_everywhere_has_less_crime(found):
    """Half a small city has too few crimes to tell; the effort is that of an organiser on every block."""
    assert falls(effect(found, "organised", "crime"))
    assert falls(effect(found, "organised", "public_violence"))


def test_cleaning_lowers_disorder_and_fear_and_raises_efficacy(found):
    assert falls(effect(found, "cleaned", "disorder"))
    assert falls(effect(found, "cleaned", "fear"))
    assert rises(effect(found, "cleaned", "efficacy"))


def test_a_curfew_lowers_violence_outdoors_at_night(found):
    assert falls(effect(found, "curfew", "night_outdoors"))


def test_closed_bars_lower_violence_at_night(found):
    assert falls(effect(found, "bars", "night_violence"))


def test_easier_reporting_is_used(found):
    assert rises(effect(found, "ease", "reported"))


def test_a_wave_of_burglary_wears_efficacy_down():
    out = {"baseline": [], "wave": []}
    for seed in SEEDS:
        model = CityModel(**BASE, seed=seed)
        model.run_days(model.calendar.burn_in_days)
        start, theta = model.snapshot(), model.spec.mechanism["offending"].theta_burglary
        for arm, less in (("baseline", 0.0), ("wave", 2.0)):
            changed = CityModel(**BASE, seed=seed, mechanism={"offending": {"theta_burglary": theta - less}}).spec
            model = CityModel.restore(start, changed)
            model.run_days(365)
            out[arm].append(outcome(model))
    assert rises(effect(out, "wave", "burglary"))
    assert falls(effect(out, "wave", "city_efficacy"))


def test_more_violence_in_unequal_cities():
    """Cities of their own, so not paired: Welch's interval on the mean of seeds of cities and runs."""
    from scipy.stats import ttest_ind

    counts = {}
    for name, dials in (("even", dict(inequality=0.25, poverty=0.08, segregation=0.2)),
                        ("unequal", dict(inequality=0.50, poverty=0.30, segregation=0.7))):
        for seed in range(12):
            model = CityModel(city={"residents": 3_000, "seed": seed + 1, **dials}, burn_in_years=1, years=1, seed=seed)
            model.run()
            counts.setdefault(name, []).append(float(outcome(model)["violence"]))
    test = ttest_ind(counts["unequal"], counts["even"], equal_var=False)
    interval = test.confidence_interval()
    print(f"violence {np.mean(counts['even']):.0f} -> {np.mean(counts['unequal']):.0f}, {interval}")
    assert interval.low > 0
