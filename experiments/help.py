"""Help texts and listings of tasks, made from the declarations of their settings."""

from __future__ import annotations

import dataclasses
import textwrap
from collections.abc import Mapping
from typing import Any

from experiments.compose import CONFIG_DIR, LISTS, group_options, groups_of
from experiments.safe_yaml import read_yaml
from sim.errors import SpecError
from sim.parameters import show, unknown_key
from sim.spec import CityParams, RunSpec

WIDTH = 110


def task_help(task: str, what: str, options: type) -> str:
    """Return the help text of one task."""
    lines = [f"lamplighter {task}: {what}", "", f"usage: lamplighter {task} [key=value ...]"]
    lines += ["", "config groups (group=option)"] if groups_of(task) else []
    for group in groups_of(task):
        pattern = f"{group}=[a,b]" if group in LISTS else group
        lines.append(_listed(pattern, ", ".join(group_options(group))))
    if any(f.name == "experiment" for f in dataclasses.fields(options)):
        shipped = sorted(p.stem for p in (CONFIG_DIR / "experiment").glob("*.yaml"))
        lines.append(_listed("experiment", f"{', '.join(shipped)}, or the path of a file"))
    lines += ["", "settings of this task"]
    lines += [_row(f.name, f) for f in dataclasses.fields(options)]
    if "model" not in read_yaml(CONFIG_DIR / f"{task}.yaml").get("defaults", []):
        return "\n".join(lines)
    lines += ["", "settings of a run"]
    lines += [_row(f.name, f) for f in dataclasses.fields(RunSpec) if f.metadata]
    lines += ["", "settings of the city"]
    lines += [_row(f"city.{f.name}", f) for f in dataclasses.fields(CityParams)]
    lines += ["", "Mechanisms, interventions and shocks have settings too (mechanism.NAME.KEY, shock.NAME.KEY ...):",
              f"  lamplighter {task} --cfg job                          all settings and their values",
              f"  lamplighter {task} --cfg job --package mechanism      a part of them",
              f"  lamplighter {task} --multirun seed=1,2,3              several jobs, out gets the number of the job"]
    return "\n".join(lines)


def _listed(name: str, options: str) -> str:
    """Long lists are broken, so that a terminal does not cut names in two."""
    return textwrap.fill(f"{name}: {options}", WIDTH, initial_indent="  ", subsequent_indent="    ",
                         break_on_hyphens=False, break_long_words=False)


def _row(name: str, field: Any) -> str:
    meta = field.metadata
    default = list(field.default) if isinstance(field.default, tuple) else field.default
    default = str(default).lower() if isinstance(default, bool) else default
    unit = f" [{meta['unit']}]" if meta["unit"] not in ("-", "") else ""
    choices = f" ({', '.join(map(str, meta['choices']))})" if meta["choices"] else ""
    return f"  {f'{name}={default}':<36} {meta['doc']}{unit}{choices}"


def as_yaml(composed: Mapping[str, Any], package: str = "") -> str:
    """Return a composed configuration, or the part called `package`, as YAML."""
    import yaml

    at: Any = composed
    for part in package.split(".") if package else ():
        if not isinstance(at, Mapping) or part not in at:
            raise unknown_key(part, at, "--package") if isinstance(at, Mapping) else SpecError(
                f"--package: expected the name of a group of settings, found {show(package)}")
        at = at[part]
    return yaml.safe_dump(at, sort_keys=False, allow_unicode=True, width=120)
