"""The default city, to the digit: a change that alters results is noticed here and told in the changelog.

``PYTHONPATH=.:tests python tests/model/test_golden_baseline.py`` writes the baseline anew.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from values_files import settings_of

from sim.model import CityModel
from sim.records import EVENT_COLUMNS, TYPES
from sim.spec import build, merge

STORED = Path(__file__).with_name("golden_baseline.json")
DAYS = 365
PRESETS = ("sprawling_north_american", "compact_european", "latin_american_hillsides")
DEVELOPED = "sprawling_north_american, developed values"


def developed() -> dict:
    """The mechanisms' settings of the files of values with which the scoreboard was run."""
    out: dict = {}
    for key, value in (settings_of("developed") | settings_of("policing")).items():
        _, mechanism, setting = key.split(".")
        out.setdefault(mechanism, {})[setting] = value
    return {"mechanism": out, "city": {"density": 4_600.0}}


def measured(case: str) -> dict:
    """Counts by type and half year, means of the last day, and one hash of everything that happened."""
    plain = {"city": {"preset": case.partition(",")[0], "residents": 4_000}, "burn_in_years": 0, "years": DAYS / 365}
    model = CityModel(build(merge(plain, developed() if case == DEVELOPED else {})))
    model.run()
    log, r = model.log, model.residents
    half = log["tick"] // model.calendar.ticks_per_day >= DAYS // 2
    kind, recorded = log["type"], log["recorded"]
    order = np.argsort(r["id"])
    told = hashlib.sha256()
    for name in EVENT_COLUMNS:
        told.update(np.ascontiguousarray(log[name]).tobytes())
    counts = {name: [int(((kind == code) & (half == h)).sum()) for h in (False, True)]
              for code, name in enumerate(TYPES)}
    return {
        "residents": len(r), "events": {name: pair for name, pair in counts.items() if any(pair)},
        "recorded": int(recorded.sum()), "arrests": int(r["arrests"].sum()),
        "custody": int((r["custody_until"] > model.tick).sum()),
        "users": int((r["use"] > 0).sum()), "members": int((r["group"] >= 0).sum()), "guns": int((r["gun"] > 0).sum()),
        "moved": int((r["moved"] >= 0).sum()),
        "fear": float(r["fear"][order].sum(dtype=np.float64)), "trust": float(r["trust"][order].sum(dtype=np.float64)),
        "income": float(r["income"][order].sum(dtype=np.float64)),
        "efficacy": float(model.layers["efficacy"].sum(dtype=np.float64)),
        "log": told.hexdigest()[:16],
    }


@pytest.mark.parametrize("preset", (*PRESETS, DEVELOPED))
def test_the_default_city_is_what_it_was(preset):
    expected, found = json.loads(STORED.read_text())[preset], measured(preset)
    changed = [f"{key}: {expected.get(key)} -> {value}" for key, value in found.items() if expected.get(key) != value]
    assert not changed, (f"{preset}: results differ: {'; '.join(changed)}. If they are meant to, say what moved under "
                         f"'Changes that alter results' in CHANGELOG.md and run python {Path(__file__).name}")


if __name__ == "__main__":
    STORED.write_text(json.dumps({preset: measured(preset) for preset in (*PRESETS, DEVELOPED)}, indent=1) + "\n")
