import math

import numpy as np
import pytest

from sim.draws import draw4, uniforms, unit
from sim.errors import SpecError
from sim.guardianship.community import Community, CommunityParams
from sim.guardianship.events import event_keys
from sim.guardianship.feelings import SLICE
from sim.guardianship.neighbourhood import block_mean
from sim.guardianship.reactions import PERSON, Reactions, ReactionsParams
from sim.records import CODE, TYPES


def act(model, n, kind, offenders=None, victims=None, cell=30, **more):
    model.log.append(cell=np.full(n, cell), tick=np.full(n, model.tick), minute=np.arange(n) % 240,
                     type=np.full(n, CODE[kind]), offender_id=np.zeros(n) if offenders is None else offenders,
                     victim_id=np.arange(n) % 400 if victims is None else victims, **more)


def share_reported(make, kind, n=4000, edit=None, **more):
    model = make([Community(CommunityParams()), Reactions(ReactionsParams())])
    ease = more.pop("ease", 0.0)
    if ease:
        model.levers.put("test", "reporting_ease", None, ease)
    if edit:
        edit(model)
    act(model, n, kind, loss=np.full(n, more.pop("loss", 300.0)), **more)
    model.advance()
    return model.log["reported"].mean()


def test_reporting_levels_and_order(make):
    share = {k: share_reported(make, k) for k in ("vehicle", "robbery", "burglary", "assault", "theft", "homicide",
                                                  "drugs")}
    order = [share[k] for k in ("homicide", "vehicle", "robbery", "assault", "theft", "drugs")]
    assert order == sorted(order, reverse=True) and share["drugs"] == 0
    for kind, target in zip(("burglary", "robbery", "theft", "vehicle"), (.52, .54, .33, .77)):
        assert share[kind] == pytest.approx(target, abs=.04)


def test_reporting_rises_with_weapon_loss_and_trust_and_falls_when_the_offender_is_known(make):
    n = 4000
    plain = share_reported(make, "assault")
    assert share_reported(make, "assault", weapon=np.ones(n, bool)) > plain + .08
    assert share_reported(make, "assault", domestic=np.ones(n, bool)) < plain - .05
    assert share_reported(make, "theft", loss=3000.0) > share_reported(make, "theft", loss=30.0) + .1
    low = share_reported(make, "assault", edit=lambda m: m.residents["trust"].fill(.1))
    assert low < plain - .05
    assert share_reported(make, "theft", victims=np.full(n, -1), offenders=np.arange(n) % 400) == pytest.approx(.30,
                                                                                                                abs=.03)
    assert share_reported(make, "homicide", edit=lambda m: m.residents["trust"].fill(0)) > .97


def test_all_types_are_handled_and_reporting_can_be_eased(make):
    plain = {k: share_reported(make, k) for k in ("harassment", "extortion", "assault")}
    assert plain["harassment"] == pytest.approx(.08, abs=.02) and plain["extortion"] == pytest.approx(.15, abs=.02)
    for kind, share in plain.items():
        odds = share / (1 - share) * math.exp(.5)
        assert share_reported(make, kind, ease=.5) == pytest.approx(odds / (1 + odds), abs=.02)
    shop = share_reported(make, "extortion", victims=np.full(4000, -1), offenders=np.arange(4000) % 400)
    assert shop == pytest.approx(.15, abs=.02)
    assert share_reported(make, "drugs", ease=2.0) == 0


def test_reporting_agrees_with_plain_python(make):
    model = make([Community(CommunityParams()), Reactions(ReactionsParams())])
    m, n, rng = model.mechanisms["reactions"], 600, np.random.default_rng(2)
    p, r = m.params, model.residents
    r["trust"][:] = rng.random(400)
    for kind in CODE:
        act(model, n, kind, offenders=rng.integers(0, 400, n), victims=rng.integers(-1, 400, n),
            loss=rng.random(n) * 900,
            weapon=rng.random(n) < .5, domestic=rng.random(n) < .2)
    model.advance()
    log = model.log
    u = uniforms(model.seed, "reactions.report", 0, event_keys(model, np.arange(len(log))))
    for e in range(len(log)):
        kind, victim, offender = int(log["type"][e]), int(log["victim_id"][e]), int(log["offender_id"][e])
        name = TYPES[kind]
        share = p.reporting[kind]
        if victim < 0 and name not in ("homicide", "extortion"):
            share = p.business_theft if name == "theft" else p.business_other
        score = math.log(share / (1 - share)) if name != "drugs" else -1e9
        score += p.weapon * log["weapon"][e]
        if victim >= 0:
            known = (log["domestic"][e] or victim in r["ties"][offender] or offender in r["ties"][victim]
                     or offender // 2 == victim // 2)
            if name != "homicide":
                score += p.trust * (r["trust"][victim] - p.trust_base) - p.known_offender * known
                score -= p.domestic * log["domestic"][e]
            if name in ("burglary", "theft", "vehicle", "robbery"):
                score += p.loss * min(max(math.log((log["loss"][e] + 10) / (p.typical_loss + 10)), -2), 2)
        chance = 1 / (1 + math.exp(-score)) if score > -700 else 0
        assert abs(u[e] - chance) < 1e-5 or log["reported"][e] == (u[e] < chance)


def test_fear_of_victims_rises_and_fades_to_the_base_and_others_are_untouched(make):
    model = make([Community(CommunityParams()), Reactions(ReactionsParams(fear_talk=0.0, fear_disorder=0.0))])
    before = model.residents["fear"].copy()
    act(model, 3, "assault", victims=np.array([5, 5, 6]))
    model.advance()
    after = model.residents["fear"]
    assert after[5] == pytest.approx(1 - (1 - before[5]) * .75**2, abs=1e-5)
    assert after[6] == pytest.approx(1 - (1 - before[6]) * .75, abs=1e-5)
    assert (after[7:] == before[7:]).all()
    assert model.residents["victimisations"][[5, 6, 7]].tolist() == [2, 1, 0]
    model.advance(6 * 182)
    expected = (1 - (1 - before[5]) * .75**2 - before[5]) * .5
    assert model.residents["fear"][5] - before[5] == pytest.approx(expected, abs=.03)


def test_without_interactions_a_victim_is_counted_and_nothing_else_changes(make):
    model = make([Community(CommunityParams()), Reactions(ReactionsParams())], interactions=False)
    before = {c: model.residents[c].copy() for c in ("fear", "trust")}
    act(model, 50, "burglary")
    model.advance(6 * 30)
    assert model.residents["victimisations"].sum() == 50
    for name, values in before.items():
        assert np.allclose(model.residents[name], values, atol=1e-6)
    assert not model.layers["alert"].any()


def test_alert_halves_in_its_half_life_and_reaches_next_door(make):
    model = make([Community(CommunityParams()), Reactions(ReactionsParams())])
    act(model, 4, "burglary", cell=30)
    model.advance()
    alert = model.layers["alert"]
    assert alert[30] == 4 and alert[31] == alert[29] == alert[18] == alert[42] == 1 and alert[43] == 0
    model.advance(6 * 15)
    assert alert[30] == pytest.approx(2, rel=.01)


def test_feelings_agree_with_plain_python(make):
    p = ReactionsParams()
    model = make([Community(CommunityParams()), Reactions(p)], residents=120)
    r, m = model.residents, model.mechanisms["reactions"]
    rng = np.random.default_rng(5)
    r["fear"][:], r["trust"][:] = rng.random(120), rng.random(120)
    model.layers["disorder"][:] = rng.integers(0, 4, 120)
    fear, trust = r["fear"].astype(float), r["trust"].astype(float)
    disorder = np.minimum(np.log1p(block_mean(model.layers["disorder"], 12)) / 2, 1.5)
    m._feel(model, day=1)
    for i in range(120):
        if (i >> 6) % SLICE != 1:
            assert r["fear"][i] == np.float32(fear[i])
            continue
        w = [unit(x) for x in draw4(model.seed, PERSON, 0, np.uint64(i), 0)]
        home = r["home"][i]
        base = (p.fear_base + p.fear_disorder * disorder[home] - p.fear_efficacy * model.layers["efficacy"][home]
                + p.fear_person * (w[0] + w[1] - 1) * math.sqrt(6))
        value = base + (fear[i] - base) * .5 ** (SLICE / p.fear_half_life)
        value += p.fear_talk * (np.mean([fear[t] for t in r["ties"][i]]) - value)
        assert r["fear"][i] == pytest.approx(min(max(value, 0), 1), abs=1e-5)
        base = m.state["area_trust"][r["area"][i]] + p.trust_person * (w[2] + w[3] - 1) * math.sqrt(6)
        assert r["trust"][i] == pytest.approx(base + (trust[i] - base) * .5 ** (SLICE / p.trust_half_life), abs=1e-5)


def test_storage_order_does_not_matter(make):
    out = []
    for order in (None, np.random.default_rng(3).permutation(400)):
        model = make([Community(CommunityParams()), Reactions(ReactionsParams())], order=order)
        for tick in range(6 * 20):
            rng = np.random.default_rng(tick)
            act(model, 3, "assault", offenders=rng.integers(0, 400, 3), victims=rng.integers(0, 400, 3))
            model.advance()
        r = model.residents
        rows = r.rows(np.arange(400))
        out.append([r[c][rows].tobytes() for c in ("fear", "trust", "victimisations")]
                   + [model.log["reported"].tobytes(), model.layers["efficacy"].tobytes()])
    assert out[0] == out[1]


def test_a_wrong_number_of_shares_is_refused():
    with pytest.raises(SpecError, match="reporting: expected 9"):
        ReactionsParams(reporting=(.5, .5)).check("mechanism.reactions")
