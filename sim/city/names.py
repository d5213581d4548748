"""Names for fictional neighbourhoods."""

from __future__ import annotations

import numpy as np

from sim.draws import uniforms

_FIRST = ("Mill", "Bridge", "Market", "Garden", "Station", "Harbour", "Castle", "Orchard", "Chapel", "Foundry", "River",
          "Meadow", "Tower", "Lantern", "Quarry", "Weaver", "Cedar", "Linden", "Maple", "Walnut", "Heron", "Falcon",
          "Copper", "Amber", "Granite", "Willow", "Saddler", "Cooper", "Mason", "Potter")
_SECOND = ("Quarter", "Side", "Field", "Park", "Row", "Hill", "Cross", "Gate", "End", "Green", "Heights", "Grove")
_HIGH = ("Ladera", "Mirador", "Alto", "Cumbre", "Loma", "Ribera", "Cerro", "Vista")


def area_names(count: int, seed: int, informal: np.ndarray | None = None) -> tuple[str, ...]:
    """Distinct invented names, one for each area; hillside names for informal settlements."""
    order = np.argsort(uniforms(seed, "city.names", 0, np.arange(len(_FIRST) * len(_SECOND))), kind="stable")
    names, highs = [], 0
    for i in range(count):
        if informal is not None and informal[i]:
            word = f"{_HIGH[highs % len(_HIGH)]} {_FIRST[int(order[highs]) % len(_FIRST)]}"
            highs += 1
        else:
            j = int(order[i % len(order)])
            word = f"{_FIRST[j % len(_FIRST)]} {_SECOND[j // len(_FIRST)]}"
        names.append(word)
    seen: dict[str, int] = {}
    out = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name} {seen[name]}")
    return tuple(out)
