"""Going on with an old sweep: what has changed since, said in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from experiments.safe_yaml import read_yaml
from experiments.sweeps.plan import compose_all
from experiments.sweeps.store import EXPERIMENT, NUMERIC, SweepFolder, _cities
from sim.errors import LamplighterError, SpecError
from sim.spec import RunSpec


@dataclass(frozen=True)
class Change:
    """Something that is not what it was when the sweep began."""

    what: str
    before: Any
    after: Any

    @property
    def text(self) -> str:
        return f"{self.what}: was {self.before}, is {self.after}"


def differences(folder: SweepFolder, specs: Mapping[tuple[str, str], RunSpec] | None = None) -> list[Change]:
    """What differs from the start of a sweep: source of the model, packages, data of the cities, settings.

    Parameters
    ----------
    folder : SweepFolder
    specs : mapping, optional
        Specifications by scenario and arm as they are composed now; without them they are composed from the stored
        overrides.
    """
    from experiments.provenance import PLUGIN, outcomes_hash, packages, source_hash

    manifest = folder.manifest
    out = []
    if specs is None:
        specs, out = recomposed(folder)
    stored = manifest["specs"]
    for (scenario, arm), spec in specs.items():
        for key, before, after in _unlike(stored[scenario][arm], spec.as_dict()):
            if key not in ("threads", "city.path"):
                change = Change(key, before, after)
                if change not in out:
                    out.append(change)
    if source_hash() != manifest["source_hash"]:
        out.append(Change("the model's source", manifest["source_hash"], source_hash()))
    if outcomes_hash() != manifest.get("outcomes_hash", outcomes_hash()):
        out.append(Change("how outcomes are taken from a run", manifest["outcomes_hash"], outcomes_hash()))
    now, then = packages(), manifest["packages"]
    plugins = sorted(name for name in {**now, **then} if name.startswith(PLUGIN))
    out += [Change(name if name in plugins else f"package {name}", then.get(name, "absent"), now.get(name, "absent"))
            for name in (*NUMERIC, *plugins) if now.get(name) != then.get(name)]
    real = [s for s, city in manifest["cities"].items() if city["checksum"]]
    if real:
        cities = _cities(folder.plan)
        pairs = [(s, manifest["cities"][s]["checksum"], cities[s]["checksum"]) for s in real]
        out += [Change(f"the data of the city of scenario {s}", a, b) for s, a, b in pairs if a != b]
    return out


def accept(folder: SweepFolder, force: bool) -> list[Change]:
    """Refuse to go on with a sweep that has changed; with `force` return what has, for :func:`note`.

    Raises
    ------
    SpecError
        One line that says what changed.
    """
    changes = differences(folder)
    if changes and not force:
        more = f" (and {len(changes) - 1} more)" if len(changes) > 1 else ""
        raise SpecError(f"{changes[0].text}{more}; the runs that are missing would not be comparable; force=true goes "
                        "on all the same, and says so in every output")
    return changes


def note(folder: SweepFolder, changes: list[Change]) -> None:
    """Write changes into the manifest of a sweep that the caller has locked."""
    told = {(c["what"], str(c["before"]), str(c["after"])) for c in folder.manifest["changes"]}
    new = [c for c in changes if (c.what, str(c.before), str(c.after)) not in told]
    for change in new:
        folder.note_change(change.what, change.before, change.after)
    if new:
        folder.save()


def recomposed(folder: SweepFolder) -> tuple[dict[tuple[str, str], RunSpec], list[Change]]:
    """Compose the specifications of a sweep again from what it stores; changes that make it impossible come second."""
    given = folder.manifest["experiment"]
    if not given["overrides"] and not given["file"]:  # made from Python: there is nothing to compose
        return {}, []
    overrides = [o for o in given["overrides"] if o.partition("=")[0].lstrip("+") not in ("experiment", "design")]
    scenarios = None
    try:
        if given["file"]:
            path = folder.path / EXPERIMENT
            overrides.append(f'experiment="{path}"')
            scenarios = read_yaml(path).get("scenarios")
        _, _, specs = compose_all(overrides, scenarios)
    except LamplighterError as error:
        return {}, [Change("the experiment", "valid", f"refused: {error}")]
    if set(specs) != set(folder.plan.specs):
        return {}, [Change("scenarios and arms", sorted(map("/".join, folder.plan.specs)),
                           sorted(map("/".join, specs)))]
    return specs, []


def _unlike(before: Any, after: Any, at: str = "") -> list[tuple[str, Any, Any]]:
    """Leaves in which two nested mappings differ."""
    if isinstance(before, dict) and isinstance(after, dict):
        out = []
        for key in sorted(set(before) | set(after)):
            out += _unlike(before.get(key, "absent"), after.get(key, "absent"), f"{at}.{key}" if at else key)
        return out
    before, after = (list(v) if isinstance(v, tuple) else v for v in (before, after))
    return [] if before == after else [(at, before, after)]
