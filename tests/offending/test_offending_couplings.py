"""What offending takes from groups, firearms, drugs and the home, seen in a lively town."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from sim.model import CityModel
from sim.offending import home
from sim.offending.mates import mates_join
from sim.offending.params import OffendingParams
from sim.offending.situation import gun_at_hand
from sim.records import CO_SLOTS, CODE, LINKS, MOTIVES
from sim.spec import build

SPEC = {
    "city": {"residents": 1_500}, "burn_in_years": 0, "years": 0.2, "seed": 4,
    "mechanism": {
        "offending": dict(property_threshold=3.5, violence_threshold=4.5, theta_quarrel=1.0, theta_domestic=1.0,
                          grudge=0.5),
        "drugs": {"dependent": 0.1},
        # their own rules are tested elsewhere: here their columns are set by hand
        "groups": {"enabled": False}, "firearms": {"enabled": False},
    },
}


@pytest.fixture(scope="module")
def town():
    model = CityModel(build(SPEC))
    model.run_days(40)
    return model


def test_motives_and_links_say_what_it_was_about(town):
    log = town.log
    motive, link, kind = (log[name] for name in ("motive", "link", "type"))
    blows = (kind == CODE["assault"]) & (log["link"] != LINKS.index("systemic"))
    takings = np.isin(kind, [CODE[k] for k in ("burglary", "robbery", "theft", "vehicle")])
    assert set(motive[blows].tolist()) <= {MOTIVES.index("quarrel"), MOTIVES.index("grudge")}
    assert (motive[blows] == MOTIVES.index("grudge")).any() and not log["domestic"][motive == 2].any()
    assert not motive[takings & (link != LINKS.index("systemic"))].any()
    drugged, short = LINKS.index("psychopharmacological"), LINKS.index("economic-compulsive")
    assert (link[blows] == drugged).any() and not (link[takings] == drugged).any()
    assert (link[takings] == short).any() and not (link[blows] == short).any()
    clean = CityModel(build({**SPEC, "mechanism": {**SPEC["mechanism"], "drugs": {"enabled": False}}}))
    clean.run_days(10)
    assert len(clean.log) > 50 and not clean.log["link"].any(), "without users nothing is linked to drugs"


def test_without_the_mechanism_nobody_has_a_firearm(town):
    assert not town.log["firearm"].any() and town.log["weapon"].any()


def test_violence_at_home_is_recorded_apart(town):
    series = town.series.columns()["offending.domestic"]
    assert series.sum() == town.log["domestic"].sum() > 20


@pytest.mark.parametrize("ban, share", [(0.0, 0.35), (0.6, 0.14), (1.0, 0.0)])
def test_holders_carry_on_some_days_and_have_it_at_home(town, ban, share):
    gun = np.zeros(len(town.residents), np.uint8)
    gun[::2] = 1
    r = {"gun": gun, "key": town.residents["key"]}
    model = SimpleNamespace(residents=r, tick=12, slot=2, seed=town.seed, levers={"gun_ban": ban})
    off, rows = SimpleNamespace(params=OffendingParams()), np.arange(len(gun))
    out = gun_at_hand(off, model, rows, np.zeros(len(gun), bool))
    assert not out[1::2].any() and out[::2].mean() == pytest.approx(share, abs=0.06)
    later = SimpleNamespace(**{**vars(model), "tick": 15, "slot": 5})
    np.testing.assert_array_equal(gun_at_hand(off, later, rows, np.zeros(len(gun), bool)), out)  # the same all day
    np.testing.assert_array_equal(gun_at_hand(off, model, rows, np.ones(len(gun), bool)), gun > 0)


def test_conflict_at_home_remembers_its_own_household_and_fades():
    p = OffendingParams()
    calendar = SimpleNamespace(ticks_per_day=6)
    none = np.empty(0, np.int64)
    off = SimpleNamespace(params=p, state=dict(home_id=none, home_tick=none, domestic=0))
    model = SimpleNamespace(tick=600, calendar=calendar)
    for dwelling in (7, 7, 3, 7):
        home.remember_violence(off, model, np.array([dwelling]))
    assert off.state["domestic"] == 4
    model.tick += int(p.conflict_days * 6)
    level = home.earlier_violence(off, model, np.array([3, 5, 7]))
    np.testing.assert_allclose(level, [np.exp(-1), 0, min(home.MOST, 3 * np.exp(-1))])
    model.tick += int(4 * p.conflict_days * 6)
    home.remember_violence(off, model, np.array([1]))
    assert off.state["home_id"].tolist() == [1], "what has faded is dropped"


def test_strain_rises_with_hardship_dependence_and_earlier_violence(town):
    off, r = town.mechanisms["offending"], town.residents
    rows = np.arange(len(r))
    strain, p = home.strain(off, town, rows), off.params
    willing = 1 / (1 + np.exp(-town.layers["efficacy"][r["home"]].astype(float)))
    own = p.home_hardship * r["hardship"].astype(float) + p.home_dependence * (r["use"] == 2)
    own -= p.home_neighbours * (willing - 0.5)
    assert (strain >= own - 1e-12).all()
    hit = np.isin(r["dwelling"], off.state["home_id"])
    assert hit.any() and (strain[hit] > own[hit]).all() and np.allclose(strain[~hit], own[~hit])


def test_mates_at_the_place_join_and_others_do_not():
    n, rng = 400, np.random.default_rng(3)
    r = dict(
        id=np.arange(n), key=rng.integers(0, 2**63, n).astype(np.uint64), alive=np.ones(n, bool),
        group=np.where(np.arange(n) < 200, 5, -1).astype(np.int32), activity=rng.integers(0, 6, n).astype(np.uint8),
        cell=rng.integers(0, 4, n).astype(np.int32), ready_property=np.full(n, 0.4), ready_violence=np.zeros(n),
    )
    p = dataclasses.replace(OffendingParams(), joint=6.0)
    model = SimpleNamespace(residents=r, seed=np.uint64(1), tick=3, spec=SimpleNamespace(interactions=True))
    rows, co = np.arange(0, n, 2), np.full((n // 2, CO_SLOTS), -1, np.int64)
    off = SimpleNamespace(params=p)
    mates_join(off, model, rows, r["cell"][rows], np.zeros(len(rows), bool), co)
    member = r["group"][rows] == 5
    assert (co[~member] == -1).all() and (co[member] >= 0).all()
    for me, others in zip(rows[member], co[member]):
        assert me not in others and len(set(others.tolist())) == CO_SLOTS
        assert (r["cell"][others] == r["cell"][me]).all() and (r["group"][others] == 5).all()
        assert (r["activity"][others] >= 2).all()
    none = np.full_like(co, -1)
    mates_join(off, model, rows, r["cell"][rows], np.ones(len(rows), bool), none)
    assert (none == -1).all(), "who would not fight joins no fight"
    model.spec.interactions = False
    mates_join(off, model, rows, r["cell"][rows], np.zeros(len(rows), bool), none)
    assert (none == -1).all()


def test_neighbours_who_stand_together_put_up_with_less_violence_at_home(town):
    off, rows, efficacy = town.mechanisms["offending"], np.arange(len(town.residents)), town.layers["efficacy"]
    before, kept = home.strain(off, town, rows), efficacy.copy()
    efficacy += 1.0
    after = home.strain(off, town, rows)
    efficacy[:] = kept
    assert (after < before).all()
