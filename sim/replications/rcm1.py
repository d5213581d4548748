"""RCM-1, a small reference model of crime at places, used to compare implementations with one another.

Residents commute between home and work and walk; guardians walk towards attractive places; offenders walk towards
attractive places and offend against residents they find unguarded; an offence makes its place more attractive, and
attractiveness spreads and decays (near repeats as in Short et al. 2008, routine activity as in Cohen & Felson 1979).
It is no model of a city: it is the smallest model that has every cost a city has. All draws are keyed and a tick is
synchronous, so every implementation in every language must produce the same events, and a hash says whether it does.

Rules of one tick, on a torus of W x H cells (c = y * W + x), in this order:

1. a resident is at home with probability 0.45, at work with 0.35, else one von Neumann step from where he was;
2. a guardian steps at random with probability 1/2, else to the neighbour of highest A = S + B (E, W, S, N on ties);
3. an offender steps to a neighbour with probability proportional to A; if no guardian stands within two cells of the
   new cell and a resident is there, he offends with probability 1 - exp(-A) against one of them, and goes home;
4. B' = ((1 - eta) B + eta/4 (B_E + B_W + B_S + B_N)) (1 - omega) + theta events; eta 0.2, omega 0.1, theta 0.6.
"""

from __future__ import annotations

import mesa
import numpy as np

from sim.errors import SpecError
from sim.replications import rcm1_kernels as kernels

# (width, height, agents, ticks, seed) -> hash of the events
PUBLISHED = {(256, 256, 10_000, 365, 1): "27b11ae7473a5710", (256, 256, 100_000, 365, 1): "b6a0e9af21f2e50e"}
_MASK = (1 << 64) - 1


def split(agents: int) -> tuple[int, int, int]:
    """Return the numbers of residents, offenders and guardians among `agents`."""
    guardians, offenders = max(1, agents // 200), max(1, agents // 50)
    return agents - offenders - guardians, offenders, guardians


def mix64(z: int) -> int:
    """Finaliser of splitmix64 on a Python integer."""
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & _MASK
    return z ^ (z >> 31)


def event_hash(events) -> str:
    """Hash a log of events.

    Parameters
    ----------
    events : array of int, shape (n, 4)
        Tick (from 1), offender, victim, cell; ordered by tick, then by offender.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    h = 0
    for value in np.asarray(events).ravel().tolist():
        h = mix64(h ^ (value + 0x9E3779B97F4A7C15 & _MASK))
    return f"{h:016x}"


class RCM1(mesa.Model):
    """RCM-1 on columns: the Mesa shell around one kernel call per tick.

    Parameters
    ----------
    width, height : int
        Size of the torus in cells, 3 to 65,535.
    population : int
        Residents, offenders and guardians together.
    seed : int
        Key of all draws. Mesa's own generators are seeded with it but never used.

    Attributes
    ----------
    events : array of int32, shape (n, 4)
        Tick, offender, victim, cell of everything that has happened.
    static, dynamic, attractiveness : array of float32, shape (height, width)
        S, B and A = S + B.

    Raises
    ------
    SpecError
        A size is outside its range.
    """

    def __init__(self, width: int = 256, height: int = 256, population: int = 10_000, *, seed: int = 1):
        for name, value, low, high in (("width", width, 3, 65_535), ("height", height, 3, 65_535),
                                       ("population", population, 3, 2**31 - 1), ("seed", seed, 0, 2**62)):
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not low <= value <= high:
                raise SpecError(f"rcm1.{name}: expected a whole number between {low} and {high}, found {value!r}")
        if width * height > 2**31 - 1:
            raise SpecError(f"rcm1: expected fewer than 2^31 cells, found {width} x {height}")
        super().__init__(rng=int(seed))
        self.width, self.height, self.seed = int(width), int(height), int(seed)
        residents, offenders, guardians = split(int(population))
        cells = self.width * self.height
        self.static = np.empty((self.height, self.width), np.float32)
        self._fields = np.zeros((2, self.height, self.width), np.float32)  # B now and before, taking turns
        kernels.static_layer(self.static.ravel())
        home, work = self._cells(residents, kernels.HOME), self._cells(residents, kernels.WORK)
        offender_home = self._cells(offenders, kernels.OFFENDER_HOME)
        self._packed = {"resident": home.copy(), "offender": offender_home.copy(),
                        "guardian": self._cells(guardians, kernels.GUARDIAN_START)}
        flag = np.empty(kernels.BLOCK, np.uint8)
        self._state = (  # in the order of the kernel's arguments
            self.static, self._fields, home, work, self._packed["resident"], offender_home, self._packed["offender"],
            self._packed["guardian"], np.zeros(cells // 32 + 1, np.uint32), np.zeros(cells, np.uint8),
            np.empty(cells, np.int32), *(np.empty(offenders + 1, np.int32) for _ in range(4)),
            *(np.empty(residents + 1, np.int32) for _ in range(3)),
            np.empty((5, kernels.BLOCK), np.float32), np.empty(kernels.BLOCK, np.uint32), flag, flag.view(np.uint64))
        self._events = np.empty((max(4096, 2 * offenders), 4), np.int32)
        self._n_events = 0
        self._most = offenders  # events of one tick at most

    def _cells(self, count: int, stream: int) -> np.ndarray:
        out = np.empty(count, np.uint32)
        kernels.uniform_cells(self.seed, stream, self.width, self.height, out)
        return out

    def step(self) -> None:
        """Advance by one tick."""
        if self._n_events + self._most > len(self._events):
            grown = np.empty((2 * len(self._events), 4), np.int32)
            grown[: self._n_events] = self.events
            self._events = grown
        self._n_events = kernels.tick(self.seed, self.steps, *self._state, self._events, self._n_events)

    def run(self, ticks: int = 365) -> None:
        """Advance by a number of ticks."""
        for _ in range(ticks):
            self.step()

    @property
    def events(self) -> np.ndarray:
        return self._events[: self._n_events]

    @property
    def dynamic(self) -> np.ndarray:
        return self._fields[self.steps & 1]

    @property
    def attractiveness(self) -> np.ndarray:
        return self.static + self.dynamic

    def positions(self, kind: str = "resident") -> np.ndarray:
        """Return the cells where agents of a kind ("resident", "offender", "guardian") are, as int64."""
        packed = self._packed[kind].astype(np.int64)
        return (packed >> 16) * self.width + (packed & 0xFFFF)

    def hash(self) -> str:
        """Hash of the events so far; see :func:`event_hash`."""
        return event_hash(self.events)
