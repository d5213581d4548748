"""Random small worlds in which kernels of offending and their oracles look for the same thing."""

import dataclasses
from types import SimpleNamespace

import numpy as np
from hypothesis import strategies as st

from sim.guardianship.deterrence import DeterrenceParams
from sim.guardianship.visits import Visits
from sim.guardianship.visits import empty as no_visits
from sim.model import BASE_COLUMNS
from sim.offending import memory
from sim.offending.params import OffendingParams
from sim.registry import MECHANISMS, load

load()
DECLARED = {name: c for m in MECHANISMS.values() for name, c in {**m.columns.get("residents", {}), **m.layers}.items()}
LAYER_TYPES = dict(
    dwellings="i4", shops="i2", bars="i2", stops="i2", flow="f4", light="f4", management="f4",
)  # as furnished cities have them


def as_declared(name, values, population="residents"):
    """Array of the type the model stores under that name."""
    declared = BASE_COLUMNS.get(population, {}).get(name) or DECLARED[name]
    return np.ascontiguousarray(values, dtype=declared.dtype)


def make_world(
    seed=0, residents=40, width=6, height=5, interactions=True, tick_hours=4, tick=900, outside=0.15, gone=0.1,
    eager=2.0, police=0.3, remembering=0.6, first_keys=False,
):
    """Everything by the names under which kernels ask for it.

    outside : share of cells beyond the city; gone : share of ids that have left; eager : what is taken off the
    thresholds of offences, so that rare ones happen; police : visits per cell; remembering : share of people with
    memories; first_keys : keys equal the ids, as those of the first inhabitants do.
    """
    rng = np.random.default_rng(seed)
    n, cells = residents, width * height
    w = SimpleNamespace(n=n, width=width, height=height, cells=cells, tick=tick, ticks_per_day=24 // tick_hours)
    w.interactions, w.seed, w.tick_hours = interactions, np.uint64(rng.integers(0, 2**62)), tick_hours
    w.period, w.order = int(rng.integers(2, 7)), float(rng.choice([0.0, 0.6, 1.0]))
    w.area = np.where(rng.random(cells) < outside, -1, rng.integers(0, 3, cells)).astype(np.int16)
    w.area[rng.integers(cells)] = 0
    inside = np.flatnonzero(w.area >= 0)

    # Homes, stored by cell, and households as linked lists of ids
    ids = rng.permutation(n + int(gone * n) + 1)[:n]
    homes = max(1, n // 2)
    w.d_cell = np.sort(rng.choice(inside, homes)).astype(np.int32)
    w.d_id = rng.permutation(homes).astype(np.int64)
    w.dwelling_first = np.searchsorted(w.d_cell, np.arange(cells + 1)).astype(np.int32)
    lives = rng.integers(0, homes, n)
    first, following = np.full(homes, -1), np.full(n, -1)
    for row in range(n):
        following[row] = first[lives[row]]
        first[lives[row]] = ids[row]
    w.lives, w.id = lives, ids
    w.d_first_member = as_declared("first_member", first, "dwellings")
    w.next_member = as_declared("next_member", following)
    w.row_of = np.full(n + int(gone * n) + 1, -1, np.int32)
    w.row_of[ids] = np.arange(n)
    for name in ("security", "value", "cover"):
        setattr(w, f"d_{name}", rng.normal(size=homes).astype(np.float32))

    # People
    w.key = w.keys = ids.astype(np.uint64) if first_keys else rng.integers(0, 2**64, n, np.uint64)
    w.home = w.d_cell[lives].copy()
    w.activity = as_declared("activity", rng.choice([0, 0, 0, 1, 2, 3, 4, 5, 5, 7], n))
    out = rng.choice(inside, n)
    w.cell = as_declared("cell", np.where(w.activity == 0, w.home, np.where(w.activity == 7, -1, out)))
    w.alive = rng.random(n) < 0.95
    ages = np.where(rng.random(n) < 0.4, rng.choice([10, 16, 17, 25], n), rng.integers(6, 80, n))
    w.age = ages.astype(np.int16)
    w.sex, w.partner = (as_declared(name, rng.integers(0, 2, n)) for name in ("sex", "partner"))
    w.routine = as_declared("routine", rng.integers(0, 7, n))
    w.ties = as_declared("ties", np.where(rng.random((n, 4)) < 0.8, rng.integers(0, len(w.row_of), (n, 4)), -1))
    w.shops_of = as_declared("shop_nodes", rng.choice(inside, (n, 2)))
    w.self_control = rng.normal(size=n).astype(np.float32)
    w.restraint = np.where(rng.random(n) < 0.3, rng.random(n), 0).astype(np.float32)
    w.hardship, w.risk = as_declared("hardship", rng.random(n)), as_declared("risk", rng.random(n))
    w.gap = as_declared("gap", np.where(rng.random(n) < 0.3, rng.random(n) * 500, 0))
    w.offences = as_declared("offences", np.where(rng.random(n) < 0.5, rng.integers(1, 9, n), 0))
    ago = rng.integers(0, 200 * w.ticks_per_day, (2, n))
    w.last_offence = as_declared("last_offence", np.where(w.offences > 0, tick - ago[0], -(2**30)))
    w.last_property = as_declared("last_property", np.where(rng.random(n) < 0.5, tick - ago[1], -(2**30)))
    w.drawn_back = as_declared("drawn_back", rng.integers(0, 2, n))
    for name in ("ready_property", "ready_violence"):
        chances = rng.random(n) ** 4
        setattr(w, name, as_declared(name, np.where(rng.random(n) < 0.2, 0, chances)))
    for name in ("capital_property", "capital_violence"):
        setattr(w, name, as_declared(name, rng.random(n) * 6))

    # Places
    layers = dict(
        dwellings=np.bincount(w.d_cell, minlength=cells), shops=rng.poisson(0.7, cells), bars=rng.poisson(0.4, cells),
        stops=rng.poisson(0.3, cells), flow=rng.exponential(200, cells), light=rng.random(cells),
        management=rng.random(cells),
    )
    for name, values in layers.items():
        setattr(w, name, values.astype(LAYER_TYPES[name]))
    w.efficacy = as_declared("efficacy", rng.normal(size=cells))
    w.alert = as_declared("alert", rng.exponential(2, cells))
    # counts of a larger crowd than the few people followed, so that terms with ceilings reach them
    w.at_home = as_declared("at_home", rng.integers(0, 60, cells))
    w.in_public = as_declared("in_public", np.where(rng.random(cells) < 0.3, 0, rng.integers(0, 120, cells)))
    for name in ("light", "management", "security"):
        added = np.where(rng.random(cells) < 0.5, rng.random(cells), 0)
        setattr(w, f"lever_{name}", added.astype(np.float32))

    # What programmes, groups and neglect add
    more = np.random.default_rng([seed, 1])
    w.d_cars_secured = np.where(more.random(homes) < 0.3, more.random(homes), 0).astype(np.float32)
    for name in ("hold", "company", "family"):
        setattr(w, name, np.where(more.random(n) < 0.2, more.random(n) * 1.5, 0).astype(np.float32))
    w.trust, w.group = as_declared("trust", more.random(n)), as_declared("group", more.integers(-2, 2, n).clip(-1))
    w.vacant = (more.random(cells) < 0.2).astype(np.float32)
    w.tension = (more.random(cells) - 0.4).astype(np.float32)
    for name in ("gated", "watch", "cameras"):
        added = np.where(more.random(cells) < 0.5, more.random(cells), 0)
        setattr(w, f"lever_{name}", added.astype(np.float32))

    # Memories of good places and of the police
    t = memory.empty(max(1, n))
    t["cell"][:] = np.where(rng.random(t["cell"].shape) < 0.7, rng.choice(inside, t["cell"].shape), -1)
    t["dwelling"][:] = rng.integers(-1, homes, t["dwelling"].shape)
    t["tick"][:] = tick - rng.integers(0, 80 * w.ticks_per_day, t["tick"].shape)
    t["skill"][:] = rng.random(t["skill"].shape) * 3
    w.m_cell, w.m_dwelling, w.m_tick, w.m_skill = (t[name] for name in ("cell", "dwelling", "tick", "skill"))
    w.memory = as_declared("places", np.where(rng.random(n) < remembering, rng.permutation(n), -1))
    w.s_cells = np.where(rng.random((n, 4)) < 0.7, rng.integers(0, cells, (n, 4)), -1).astype(np.int32)
    w.s_ticks = (tick - rng.integers(0, 20 * w.ticks_per_day, (n, 4))).astype(np.int32)
    w.s_times = rng.integers(0, 6, (n, 4)).astype(np.uint8)
    w.sighted = as_declared("sighted", np.where(rng.random(n) < remembering, rng.permutation(n), -1))

    # Police
    visits, table = Visits(cells), no_visits()
    m = rng.poisson(police * cells)
    table.update(cell=rng.integers(0, cells, m).astype("i4"), start=rng.integers(-30, 60 * tick_hours, m).astype("i2"),
                 minutes=rng.integers(1, 90, m).astype("i2"), unit=np.zeros(m, "i8"), ordered=np.zeros(m, bool),
                 key=np.arange(m).astype("u8"), stop_rate=np.zeros(m, "f4"))
    visits.replace(table)
    w.v_first, w.v_count, w.v_start, w.v_minutes = visits.first, visits.count, visits.start, visits.minutes
    w.visits = visits

    # Parameters: the defaults, moved about, with offences made common
    p = OffendingParams()
    low = {f.name: getattr(p, f.name) - eager for f in dataclasses.fields(p) if f.name.startswith("theta_")}
    w.params = dataclasses.replace(
        p, **low, choice_scale=float(10 ** rng.uniform(-1.3, 0.2)), notice=float(rng.random() * 0.3),
        next_door=float(rng.random()), min_age=10,
        good_robbery=float(more.random()), same_home=float(more.random()), drink_elsewhere=float(more.random()),
        step_in_bars=float(more.choice([0.0, 0.7])), step_in_robbery=float(more.choice([0.0, 0.6])),
        outlet_robbery=float(more.choice([0.0, 0.9])), bystanders=float(more.choice([0.0, 0.06, 0.02])),
    )
    w.outlets = (more.random(cells) < 0.2).astype(np.float32)
    w.learned = dataclasses.replace(DeterrenceParams(), habituation=float(rng.random()))
    w.rng = rng
    return w


def plain(w):
    """The world's arrays as nested lists of Python's own numbers: nothing of NumPy is left for an oracle to lean on."""
    lists = {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in vars(w).items()}
    return SimpleNamespace(**{**lists, "seed": int(w.seed)})


worlds = st.builds(
    make_world,
    seed=st.integers(0, 2**32),
    residents=st.integers(1, 60),
    width=st.integers(1, 12),
    height=st.integers(1, 7),
    interactions=st.sampled_from([True, True, False]),
    tick_hours=st.sampled_from([1, 4, 4, 24]),
    tick=st.integers(0, 30_000),
    outside=st.sampled_from([0.0, 0.2, 0.6]),
    eager=st.sampled_from([0.0, 2.0, 3.0]),
    police=st.sampled_from([0.0, 0.3, 2.0]),
    remembering=st.sampled_from([0.0, 0.6, 1.0]),
    first_keys=st.booleans(),
)
