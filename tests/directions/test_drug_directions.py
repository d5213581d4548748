"""The market answers as markets do: shocks fade, scarcity pays, crackdowns move places, treatment shrinks sales."""

import numpy as np
import pytest

from analysis.effects import compare
from sim.model import CityModel
from sim.records import CODE

pytestmark = pytest.mark.slow

RESIDENTS, WARM, PROPERTY = 8_000, 200, (CODE["burglary"], CODE["theft"], CODE["vehicle"])
SHOCK_DAYS, SCORED = 30, 546
SEEDS = range(11, 17)


def warm(seed, residents=RESIDENTS):
    model = CityModel(city={"residents": residents}, burn_in_years=0, years=12, seed=seed)
    model.run_days(WARM)
    return model.snapshot()


def tell(what, effect):
    print(f"{what}: {effect.percent:+.1f} % [{effect.percent_low:+.1f}, {effect.percent_high:+.1f}]")


def weekly(values):
    return values[: len(values) // 7 * 7].reshape(-1, 7).mean(axis=1)


def series(model, name, start=WARM):
    return model.series.columns()[f"drugs.{name}"][start:]


def crimes_of_dependents(model, since):
    log, r = model.log, model.residents
    crime = np.isin(log["type"][since:], PROPERTY)
    rows = r.find(log["offender_id"][since:][crime])
    return crime.sum(), ((rows >= 0) & (r["use"][rows] == 2)).sum()


@pytest.fixture(scope="module")
def shocks():
    """Thirty days without 65 % of the usual inflow of drugs, and eighteen months in all, by seed."""
    out = []
    for seed in SEEDS:
        begun, arms = warm(seed), []
        for cut in (0.0, -0.65):
            model = CityModel.restore(begun)
            since = len(model.log)
            if cut:
                model.levers.put("test", "inflow", None, dict(flow="drugs", share=cut))
            model.run_days(SHOCK_DAYS)
            model.levers.withdraw("test")
            model.run_days(SCORED - SHOCK_DAYS)
            arms.append(dict(price=weekly(series(model, "pure_price")), earned=series(model, "import_revenue"),
                             property=crimes_of_dependents(model, since)[0], sales=series(model, "sales")))
        out.append(arms)
    return out


def test_a_supply_shock_raises_the_price_and_it_recovers(shocks):
    peaks, weeks = [], []
    for calm, shock in shocks:
        ratio = shock["price"] / calm["price"]
        peak = int(ratio[:20].argmax())
        smooth = np.convolve(ratio, np.ones(3) / 3, mode="valid")  # three weeks from each
        back = np.flatnonzero(np.abs(smooth[peak:] - 1.0) < 0.1)
        peaks.append(ratio[peak])
        weeks.append(peak + back[0] if len(back) else np.inf)
    rise = compare(np.log(peaks), np.zeros(len(peaks)))
    print(f"peak of the price over the baseline's: {np.round(peaks, 2)}; back after weeks {weeks}")
    assert rise.low > np.log(1.2), peaks
    assert 4 <= np.median(weeks) <= 40 and np.mean(np.isfinite(weeks)) > 0.8, weeks


def test_a_short_shock_leaves_property_crime_about_as_it_was(shocks):
    effect = compare([s["property"] for _, s in shocks], [c["property"] for c, _ in shocks])
    tell("property crime", effect)
    assert abs(effect.percent) < 6.0, effect


def test_scarcity_raises_the_revenue_of_traffickers(shocks):
    """Demand is inelastic: less is sold for more money (sixteen weeks from the first day of scarcity)."""
    log = [np.log(s["earned"][:112].sum() / c["earned"][:112].sum()) for c, s in shocks]
    sold = [np.log(s["sales"][:112].sum() / c["sales"][:112].sum()) for c, s in shocks]
    print(f"d ln revenue {np.round(log, 2)}, d ln sales {np.round(sold, 2)}")
    assert compare(log, np.zeros(len(log))).low > 0, log
    assert compare(sold, np.zeros(len(sold))).high < 0, sold


def deals(model, since, width=None):
    log = model.log
    mine = log["type"][since:] == CODE["drugs"]
    return np.bincount(log["cell"][since:][mine], minlength=model.city.grid.cells)


def test_a_crackdown_moves_a_market():
    """Half of the sellers at the busiest places of the last months are searched every day."""
    here, elsewhere, city = [], [], []
    for seed in SEEDS:
        begun = warm(seed)
        base = CityModel.restore(begun)
        target = np.argsort(-deals(base, 0), kind="stable")[:3]
        counts = []
        for share in (0.0, 0.5):
            model = CityModel.restore(begun)
            since = len(model.log)
            model.levers.put("test", "sweeps", target, share)
            model.run_days(270)
            at = deals(model, since)
            counts.append((at[target].sum(), at.sum() - at[target].sum(), series(model, "sales").sum()))
        for store, k in ((here, 0), (elsewhere, 1), (city, 2)):
            store.append((counts[1][k] + 0.5, counts[0][k] + 0.5))
    fall, gain, total = (compare(*np.array(x).T) for x in (here, elsewhere, city))
    for what, effect in (("deals there", fall), ("deals elsewhere", gain), ("sales in the city", total)):
        tell(what, effect)
    assert fall.high < 0 and fall.percent < -40.0, here
    assert gain.low > 0, elsewhere
    assert -12.0 < total.percent < 4.0, city


def test_treatment_shrinks_the_market():
    """Places for half of the dependent, of whom fewer leave early: fewer doses are sold, and users steal less."""
    sold, stolen = [], []
    for seed in SEEDS:
        begun, counts = warm(seed), []
        for more in (0, 1):
            model = CityModel.restore(begun)
            since = len(model.log)
            model.levers.put("test", "treatment_slots", None, 30.0 * more)
            model.levers.put("test", "retention", None, 0.5 * more)
            model.run_days(450)
            counts.append((series(model, "sales")[90:].sum(), crimes_of_dependents(model, since)[1]))
        sold.append((counts[1][0], counts[0][0]))
        stolen.append((counts[1][1], counts[0][1]))
    sales, theft = (compare(*np.array(x, float).T) for x in (sold, stolen))
    tell("sales", sales)
    tell("property crimes of the dependent", theft)
    assert sales.high < 0, sold
    assert theft.high < 0, stolen


def test_eight_years_without_drift_into_nothing_or_everything():
    model = CityModel.restore(warm(5, 8_000))
    model.run_days(8 * 365)
    for name, low, high in (("price", 0.6, 1.8), ("users", 0.6, 1.5), ("dependents", 0.6, 1.6), ("sellers", 0.5, 2.0),
                            ("pure_price", 0.6, 1.8)):
        values = series(model, name, 0)
        years = values[365:][: 7 * 365].reshape(7, 365).mean(axis=1)
        print(name, np.round(years, 2))
        assert low < years[-1] / years[0] < high, (name, years)
        assert years.max() / years.min() < 2.5, (name, years)
