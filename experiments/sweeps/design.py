"""Designs: which points of the parameter space a sweep visits."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.sweeps.varied import Parameter, dummy, parameter, parameters, restore
from sim.errors import SpecError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Design", "Parameter", "dummy", "expanded", "from_file", "from_table", "grid", "latin_hypercube", "listed",
           "none", "parameter", "parameters", "sobol"]
MAX_DRAWS = 1_000_000
FIRST_SEED = "first_seed"  # a column that gives each draw seeds of its own instead of those that all draws share


@dataclass(frozen=True, eq=False)
class Design:
    """The points of a sweep.

    Attributes
    ----------
    kind : str
        none, grid, list, lhs, sobol, file, or a method of sensitivity analysis (morris, saltelli).
    parameters : tuple of Parameter
    points : array of float, shape (draws, parameters)
        Coordinates: values, or indices of listed values.
    groups : tuple of str
        Group of each parameter, or empty.
    notes : tuple of str
        What a reader should know, such as columns that were left out.
    seed : int
        Seed of the sampling.
    settings : mapping
        What else made the design (levels, trajectories).
    """

    kind: str
    parameters: tuple[Parameter, ...]
    points: np.ndarray
    groups: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    seed: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.points)

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(p.key for p in self.parameters)

    def values(self, draw: int) -> dict[str, Any]:
        """Values of one draw by key, in the parameters' types; the dummy is left out."""
        return {p.key: p.value(x) for p, x in zip(self.parameters, self.points[draw]) if not p.is_dummy}

    def column(self, number: int) -> list[Any]:
        """Values of one parameter in every draw."""
        p = self.parameters[number]
        return [p.value(x) for x in self.points[:, number]]

    def table(self) -> pa.Table:
        """Return the design as a table: draw, then one column a parameter."""
        import pyarrow as pa

        types = {"float": pa.float64(), "int": pa.int64(), "bool": pa.bool_(), "str": pa.string()}
        columns = {"draw": pa.array(np.arange(len(self), dtype=np.int32))}
        for i, p in enumerate(self.parameters):
            columns[p.key] = pa.array(self.column(i), types[p.kind])
        return pa.table(columns)

    def digest(self) -> str:
        """Hash of the points, 16 hex digits."""
        points = np.ascontiguousarray(self.points, dtype="<f8")
        return hashlib.sha256(repr(points.shape).encode() + points.tobytes()).hexdigest()[:16]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for a manifest: everything but the points, which a hash stands for."""
        return {"kind": self.kind, "parameters": [p.as_dict() for p in self.parameters], "draws": len(self),
                "points": self.digest(), "groups": list(self.groups), "notes": list(self.notes), "seed": self.seed,
                "settings": json.loads(json.dumps(dict(self.settings)))}


def none() -> Design:
    """The design of a sweep that varies nothing: one draw."""
    return Design("none", (), np.zeros((1, 0)))


def from_table(given: Mapping[str, Any], table: pa.Table) -> Design:
    """Restore a design from :meth:`Design.as_dict` and :meth:`Design.table`."""
    made = tuple(restore(p) for p in given["parameters"])
    points = np.zeros((table.num_rows, len(made)))
    for i, p in enumerate(made):
        found = table[p.key].to_pylist()
        points[:, i] = [p.values.index(v) for v in found] if p.values else found
    return Design(given["kind"], made, points, tuple(given["groups"]), tuple(given["notes"]), given["seed"],
                  dict(given["settings"]))


def generator(seed: int, name: str) -> np.random.Generator:
    """The random numbers of one way to sample: by the experiment's seed and the way's name."""
    return np.random.default_rng([zlib.crc32(f"design.{name}".encode()), seed])


def problem(given: Sequence[Parameter], groups: Sequence[str] = ()) -> dict[str, Any]:
    """What SALib calls a problem, in unit coordinates."""
    out: dict[str, Any] = {"num_vars": len(given), "names": [p.key for p in given], "bounds": [[0.0, 1.0]] * len(given)}
    if groups:
        out["groups"] = list(groups)
    return out


def scaled(given: Sequence[Parameter], unit: np.ndarray) -> np.ndarray:
    """Turn unit coordinates, shape (draws, parameters), into those of the parameters."""
    return np.column_stack([p.from_unit(unit[:, i]) for i, p in enumerate(given)])


def check_draws(draws: int, where: str = "draws") -> None:
    """Refuse designs that nobody could run."""
    if not 1 <= draws <= MAX_DRAWS:
        raise SpecError(f"{where}: expected 1 to {MAX_DRAWS:,} points, found {draws:,}")


def grid(given: Sequence[Parameter]) -> Design:
    """Every combination of the listed values and of `steps` equal steps of each range; the last one varies fastest."""
    axes = []
    for p in given:
        if p.values:
            axis = np.arange(len(p.values), dtype=float)
        elif p.kind == "int":
            axis = np.unique(np.rint(_steps(p, min(p.steps, int(p.high - p.low) + 1))))
        else:
            axis = _steps(p, p.steps)
        axes.append(axis)
    check_draws(math.prod(map(len, axes)), "design: grid")
    return Design("grid", tuple(given), np.array(list(itertools.product(*axes)), float))


def _steps(p: Parameter, count: int) -> np.ndarray:
    return np.geomspace(p.low, p.high, count) if p.log else np.linspace(p.low, p.high, count)


def listed(given: Sequence[Parameter]) -> Design:
    """The listed values side by side: draw i takes the i-th value of every parameter.

    Raises
    ------
    SpecError
        When a parameter has no list, or lists differ in length.
    """
    for p in given:
        if not p.values:
            raise SpecError(f"parameters: {p.key}: design=list needs values, as in {{values: [1, 2]}}")
        if len(p.values) != len(given[0].values):
            raise SpecError(f"parameters: {p.key}: expected as many values as {given[0].key} has "
                            f"({len(given[0].values)}), found {len(p.values)}")
    check_draws(len(given[0].values))
    points = np.repeat(np.arange(len(given[0].values), dtype=float)[:, None], len(given), axis=1)
    return Design("list", tuple(given), points)


def latin_hypercube(given: Sequence[Parameter], draws: int, seed: int = 1) -> Design:
    """A Latin hypercube (McKay, Beckman and Conover 1979): each of `draws` strata of every parameter once."""
    from SALib.sample import latin

    check_draws(draws)
    unit = latin.sample(problem(given), draws, seed=generator(seed, "lhs"))
    return Design("lhs", tuple(given), scaled(given, unit), seed=seed, settings={"blocks": [draws]})


def sobol(given: Sequence[Parameter], draws: int, seed: int = 1) -> Design:
    """The first points of a scrambled Sobol' sequence (Owen 1998), most even when `draws` is a power of two."""
    import warnings

    from scipy.stats import qmc

    check_draws(draws)
    with warnings.catch_warnings():  # said in a note instead
        warnings.simplefilter("ignore", UserWarning)
        unit = qmc.Sobol(len(given), scramble=True, seed=generator(seed, "sobol")).random(draws)
    even = draws & (draws - 1) == 0
    notes = () if even else (f"{draws} draws of a Sobol' sequence: a power of two spreads more evenly",)
    return Design("sobol", tuple(given), scaled(given, unit), notes=notes, seed=seed)


def from_file(path: str | Path, given: Sequence[Parameter] = ()) -> Design:
    """Read a design from a CSV or Parquet file, as SALib, EMA Workbench or pandas write it.

    Parameters
    ----------
    path : path
        Columns are keys of parameters; columns that number experiments are left out with a note. A file of bare
        numbers without a header takes its columns from `given`, in order.
    given : sequence of Parameter, optional
        Parameters of the experiment: their ranges must hold, and each must have a column.

    Raises
    ------
    DataError
        One line: file, row, column, what was expected and what was found.
    """
    from experiments.sweeps.design_file import read

    return read(Path(path).expanduser(), tuple(given))


def expanded(design: Design, draws: int) -> Design:
    """The same design with more points; those it has keep their places.

    Raises
    ------
    SpecError
        For a design that has no more points to give, or when `draws` is not more than it has.
    """
    if draws <= len(design):
        raise SpecError(f"draws: expected more than the {len(design)} of the design, found {draws}")
    if design.kind == "sobol":
        return sobol(design.parameters, draws, design.seed)
    if design.kind == "lhs":
        return _second_hypercube(design, draws)
    raise SpecError(f"draws: a design of kind {design.kind} cannot be expanded; kinds that can: lhs, sobol")


def _second_hypercube(design: Design, draws: int) -> Design:
    """Hypercubes cannot grow, but another one can stand beside the first."""
    from SALib.sample import latin

    blocks = [*design.settings.get("blocks", [len(design)]), draws - len(design)]
    rng = generator(design.seed, f"lhs.{len(blocks)}")
    unit = latin.sample(problem(design.parameters), blocks[-1], seed=rng)
    points = np.vstack([design.points, scaled(design.parameters, unit)])
    note = f"{len(blocks)} Latin hypercubes side by side, of {', '.join(map(str, blocks))} draws"
    return replace(design, points=points, notes=(note,), settings={"blocks": blocks})
