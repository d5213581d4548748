"""Budget, services, legitimacy: what the levers reach, and that nothing moves without them."""

import numpy as np
import pytest

from sim.governance import institutions
from sim.model import CityModel

TOWN = dict(city={"residents": 1500}, burn_in_years=0, years=2)
MINE = ("audits", "integrity", "police_pay", "transparency", "scandal", "budget_cut", "accountability", "fairness",
        "force")


def town(**more):
    return CityModel(**{**TOWN, **more})


def put(model, **levers):
    for lever, value in levers.items():
        model.levers.put("x", lever, None, value)
    return model


def test_levers_of_zero_change_no_bit():
    plain, zero = town(), put(town(), **dict.fromkeys(MINE, 0.0))
    cells = np.arange(zero.city.grid.cells)
    for lever in ("services", "contacts"):
        zero.levers.put("x", lever, cells, 0.0)
    for model in (plain, zero):
        model.run_days(20)
    assert plain.log.equals(zero.log)
    for name in ("trust", "last_contact", "last_bribe"):
        assert np.array_equal(plain.residents[name], zero.residents[name])
    for name in ("legitimacy", "diverted", "trust"):
        assert np.array_equal(plain.mechanisms["governance"].state[name], zero.mechanisms["governance"].state[name])


def test_audits_cut_what_villages_divert_by_about_eight_points():
    """Olken (2007): of about 28 % missing, 8 points go when the chance of an audit rises from 4 to 100 %."""
    model = town(mechanism={"governance": {"hiding": 1.9, "hiding_spread": 0.0}})
    p = model.mechanisms["governance"].params
    before = institutions.diverted(model, p)
    after = institutions.diverted(put(model, audits=0.96), p)
    assert before.mean() == pytest.approx(0.26, abs=0.03)
    assert -0.12 < (after - before).mean() < -0.04


def test_diversion_is_what_an_office_would_choose():
    model = put(town(), audits=0.3, transparency=0.4)
    p = model.mechanisms["governance"].params
    best = institutions.diverted(model, p)
    from sim.draws import normals

    own = normals(model.spec.city.seed, "governance.office", 0, np.arange(len(best)))
    x = np.linspace(0, 0.6, 6001)
    for area, share in enumerate(best):
        cost = p.hiding * np.exp(p.hiding_spread * own[area])
        gain = x - cost * x**2 - p.sanction * (p.audited + 0.3 + p.open_books * 0.4) * x
        assert share == pytest.approx(x[np.argmax(gain)], abs=2e-4)


def test_a_cut_budget_buys_worse_services_fewer_programmes_and_fewer_patrols():
    plain, cut = town(), put(town(), budget_cut=0.3)
    for model in (plain, cut):
        model.run_days(8)
    a, b = (m.series.columns() for m in (plain, cut))
    assert b["governance.services"][-1] < a["governance.services"][-1]
    assert b["governance.available"][-1] == pytest.approx(0.7 * a["governance.available"][-1], rel=0.01)
    assert cut.mechanisms["patrol"].hours(cut) == pytest.approx(0.7)


def test_force_changes_the_hours_of_patrols():
    def visits(force):
        model, seen = put(town(city={"residents": 6000}), force=force), 0
        for _ in range(60):
            model.step()
            seen += model.visits.n if hasattr(model.visits, "n") else len(model.visits.start)
        return seen

    none, half, usual, more = visits(-1.0), visits(-0.5), visits(0.0), visits(0.5)
    assert none == 0 and none < half < usual < more
    assert half / usual == pytest.approx(0.5, abs=0.12) and more / usual == pytest.approx(1.5, abs=0.15)


def test_a_scandal_costs_everybody_trust_once_and_fades():
    plain, shaken = town(), put(town(), scandal=1.0)
    trust, loss = [], []
    for days in (1, 29, 170):
        for model in (plain, shaken):
            model.run_days(days)
        trust.append(plain.residents["trust"].mean() - shaken.residents["trust"].mean())
        loss.append(shaken.mechanisms["governance"].state["scandal"])
    p = shaken.mechanisms["governance"].params
    assert trust[0] == pytest.approx(p.scandal, abs=0.03)
    assert trust[0] > trust[2] and trust[2] < 0.85 * p.scandal
    assert p.scandal == pytest.approx(loss[0]) and loss[0] > loss[1] > loss[2] > 0


def test_friendly_contacts_need_a_state_behind_them():
    gains = []
    for presence in (1.0, 0.3):
        city = {"residents": 1500, "state_presence": presence}
        plain, met = town(city=city), town(city=city)
        met.levers.put("x", "contacts", np.arange(met.city.grid.cells), 10.0)
        for model in (plain, met):
            model.run_days(30)
        gains.append(met.residents["trust"].mean() - plain.residents["trust"].mean())
    assert gains[0] > 0.003 and gains[1] < 0.5 * gains[0]


def test_services_are_where_the_state_is():
    model = town(city={"residents": 3000, "state_presence": 0.5})
    service, inside = model.layers["service"], model.city.area >= 0
    assert (service[inside] > 0).all() and service.max() <= 1 and service[inside].std() > 0.02
    cells = np.flatnonzero(inside)[:20]
    before = service[cells].copy()
    model.levers.put("x", "services", cells, 0.1)
    model.run_days(7)
    assert (service[cells] > before).all()


def test_trust_follows_the_area_and_differs_more_than_people_were_told_to():
    model = town(city={"residents": 3000})
    model.guard = True
    model.run_days(35)
    state = model.mechanisms["governance"].state
    assert np.isfinite(state["legitimacy"]).all() and state["trust"].min() >= 0 and state["trust"].max() <= 1
    alone = town(interactions=False)
    start = alone.mechanisms["governance"].state["trust"].copy()
    alone.run_days(35)
    assert np.abs(alone.mechanisms["governance"].state["trust"] - start).max() < 0.01


def test_the_model_runs_without_governance():
    model = town(mechanism={"governance": {"enabled": False}, "bribery": {"enabled": False}})
    model.run_days(8)
    assert (model.layers["service"] == 0.5).all()
    assert "governance.legitimacy" not in model.series.columns()


def test_costs_are_held_against_what_there_is():
    model = town(intervention={"hot_spots_patrol": {"strength": 10.0}}, mechanism={"governance": {"budget": 0.0}})
    model.run_days(5)
    state = model.mechanisms["governance"].state
    assert state["available"] == 0 and state["spent"] >= 0 and state["overspent"] >= state["spent"]
