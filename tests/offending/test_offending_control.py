"""Who controls blows: neighbours on the street and around bars, the police who are trusted or are not."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from offending_world import make_world
from test_offending_quarrels import quarrel

from sim.guardianship.deterrence import DeterrenceParams
from sim.model import CityModel
from sim.offending import fights, quarrels, situation
from sim.offending.params import OffendingParams
from sim.records import CODE

BAR, STREET = 3, 5


class Rows(dict):
    """Columns of people whose ids are their rows."""

    def find(self, ids):
        return np.asarray(ids)


def evening(efficacy=0.0, tension=0.0, activity=STREET, **params):
    """Share of quarrellers out who come to blows in a busy world where everybody is in the same kind of place."""
    w = make_world(seed=5, residents=4_000, width=10, height=10, eager=0.0, police=0.0, gone=0.0)
    w.params = dataclasses.replace(w.params, choice_scale=0.6, theta_quarrel=1.2, **params)
    w.activity[:], w.cell[:] = activity, w.home
    w.in_public[:], w.at_home[:] = 20, 15
    w.efficacy[:], w.tension[:] = efficacy, tension
    return (quarrel(w).out_kind == quarrels.STRANGER).mean()


def test_neighbours_who_stand_together_calm_the_street_and_by_a_parameter_the_bars():
    assert evening(2.0, step_in=0.4) < evening(0.0, step_in=0.4) < evening(-2.0, step_in=0.4)
    assert evening(2.0, activity=BAR, step_in=0.4, step_in_bars=0.0) == evening(
        -2.0, activity=BAR, step_in=0.4, step_in_bars=0.0
    )
    assert evening(2.0, activity=BAR, step_in=0.4, step_in_bars=0.6) < evening(
        -2.0, activity=BAR, step_in=0.4, step_in_bars=0.6
    )


def test_who_drinks_elsewhere_quarrels_there():
    assert evening(drink_elsewhere=1.0) > evening(drink_elsewhere=0.0)
    assert evening(drink_elsewhere=1.0, activity=BAR) == evening(drink_elsewhere=0.0, activity=BAR)


def test_blows_come_easier_where_nobody_counts_on_the_police():
    assert evening(tension=0.6) > evening() > evening(tension=-0.6)


def test_where_alcohol_is_sold_blows_come_easier_by_a_parameter():
    towns = [CityModel(city={"residents": 2_000}, burn_in_years=0, years=0.1, seed=6,
                       mechanism={"offending": dict(outlet_blows=value)}) for value in (0.0, 0.8)]
    plain, sold = (situation.tension(m.mechanisms["offending"], m) for m in towns)
    outlets = towns[0].city.layers["outlets"]
    assert not plain.any() and (outlets > 0).any()
    np.testing.assert_allclose(sold, np.where(outlets > 0, 0.8, 0.0), rtol=1e-6)


@pytest.fixture(scope="module")
def towns():
    """The same town, which distrusts its police, with and without self-help."""
    out = []
    for strength in (0.0, 3.0):
        mechanism = {"offending": dict(violence_threshold=4.5, self_help=strength), "reactions": {"trust_base": 0.2}}
        model = CityModel(city={"residents": 2_000}, burn_in_years=0, years=0.2, seed=6, mechanism=mechanism)
        model.run_days(40)
        out.append(model)
    return out


def test_a_town_without_trust_fights_in_public_not_at_home(towns):
    public, home = ([(~m.log["domestic"] & (m.log["type"] == CODE["assault"])).sum() for m in towns],
                    [m.log["domestic"].sum() for m in towns])
    assert public[1] > 1.5 * public[0] > 30
    assert home[1] == pytest.approx(home[0], rel=0.35)


def test_self_help_is_nothing_at_usual_trust_and_grows_with_distrust(towns):
    plain, helped = towns
    assert not situation.law_absent(plain.mechanisms["offending"], plain).any()
    added = situation.law_absent(helped.mechanisms["offending"], helped)
    around = helped.mechanisms["offending"].state["trusted"]
    np.testing.assert_allclose(added, 3.0 * (0.6 - around), rtol=1e-5)
    assert (added > 0).mean() > 0.9 and "trusted" not in plain.mechanisms["offending"].state


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_victims_who_told_the_police_leave_it_to_them(share):
    n, tick = 400, 60
    ids = np.arange(2 * n)
    log = dict(
        tick=np.full(n, tick - 1), type=np.full(n, CODE["assault"]), victim_id=ids[:n], reported=np.arange(n) % 2 == 0
    )
    model = SimpleNamespace(tick=tick, seed=np.uint64(2), residents=Rows(key=ids.astype(np.uint64)), log=log)
    state = dict(
        grudge_who=np.concatenate([ids[:n], ids[:n]]), grudge_at=np.concatenate([ids[n:], ids[n:]]),
        grudge_tick=np.concatenate([np.full(n, tick - 9), np.full(n, tick - 1)]),
    )
    off = SimpleNamespace(params=dataclasses.replace(OffendingParams(), grudge_settled=share), state=state)
    fights.leave_to_the_police(off, model)
    old = off.state["grudge_tick"] == tick - 9
    assert old.sum() == n, "older grudges were asked before"
    left = off.state["grudge_who"][~old]
    assert (left % 2 == 1).sum() == n // 2, "who told nobody bears the grudge"
    assert (left % 2 == 0).mean() * len(left) / (n // 2) == pytest.approx(1 - share, abs=0.12)
    assert len(off.state["grudge_at"]) == len(off.state["grudge_who"]) == len(off.state["grudge_tick"])


def test_dear_drink_counts_for_less_outside_bars():
    params, learned = OffendingParams(), DeterrenceParams()
    usual = quarrels.weight_vector(params, learned)
    assert usual[list(quarrels.OUTSIDE_BARS)].tolist() == [params.drink_elsewhere, params.drink]
    less = quarrels.with_less_drink(usual, 0.5)
    moved = np.flatnonzero(less != usual)
    assert moved.tolist() == list(quarrels.OUTSIDE_BARS) and (less[moved] == 0.5 * usual[moved]).all()
    assert (quarrels.with_less_drink(usual, 0.0) == usual).all()


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_mediators_settle_personal_revenge(share):
    model = CityModel(city={"residents": 2_000}, burn_in_years=0, years=0.1, seed=6,
                      mechanism={"offending": dict(grudge=1.0, violence_threshold=2.0)})
    model.run_days(8)
    model.levers.put("test", "mediation", np.arange(model.city.grid.cells), share)
    off, struck = model.mechanisms["offending"], 0
    assert len(off.state["grudge_who"])
    for _ in range(30):
        model.step()
        struck += len(fights.grudges(off, model)[0])
    assert (struck == 0) == (share == 1.0)
