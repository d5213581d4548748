"""A small town with far too much crime, watched tick by tick: what is rare in a city happens often here."""

from types import SimpleNamespace

import numpy as np

from sim.model import CityModel
from sim.spec import build

DAYS = 60
LIVELY = dict(
    property_threshold=3.5, violence_threshold=4.5, lethal_weapon=0.25, lethal_unarmed=0.05, weapon=0.3, grudge=0.5,
    theta_burglary=0.3, theta_person=0.8, theta_robbery=0.5, theta_till=0.8, theta_quarrel=1.0, theta_domestic=1.0,
)
SPEC = {
    "city": {"residents": 1_500}, "burn_in_years": 0, "years": DAYS / 365, "seed": 4,
    "mechanism": {"offending": LIVELY, "drugs": {"dependent": 0.1, "fatal": 0.5, "overdose": 0.01}},
}
PEOPLE = ("id", "alive", "activity", "cell", "custody_until", "dwelling", "home")


def watched(banned=(), days=DAYS, **changes):
    """Run the town and keep what people were like in every tick, as seen after routines had placed them."""
    model = CityModel(build({**SPEC, **changes, "banned": list(banned)}))
    history = []

    def look(when):
        now = SimpleNamespace(when=when, tick=model.tick, day=model.day, residents=len(model.residents))
        for name in PEOPLE:
            setattr(now, name, model.residents[name].copy())
        now.next_member, now.age = model.residents["next_member"].copy(), model.age().copy()
        now.first_member = model.dwellings["first_member"].copy()
        now.at_home, now.in_public = model.layers["at_home"].copy(), model.layers["in_public"].copy()
        now.events = len(model.log)
        return now

    routines = model.mechanisms["routines"]
    step, placed = routines.step, []

    def place(m):
        step(m)
        placed.append(look("placed"))

    routines.step = place
    for _ in range(days * model.calendar.ticks_per_day):
        before = look("before")
        model.step()
        history.append(SimpleNamespace(before=before, placed=placed.pop(), after=look("after")))
    return model, history


def row_of(state, ids):
    """Rows of ids in a state that was kept (-1: not there)."""
    rows = np.full(max(state.id.max(), np.max(ids, initial=0)) + 1, -1)
    rows[state.id] = np.arange(len(state.id))
    return np.where(np.asarray(ids) >= 0, rows[ids], -1)
