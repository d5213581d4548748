"""Composition: overrides and configuration files in, plain values out, with one clear line for every mistake.

Hydra's Compose API does the composing, so its override grammar, config groups and defaults lists work as usual. Around
it stand two guards. Whatever a user writes is checked before Hydra sees it (no interpolations, no settings of Hydra
itself, no keys that build objects, group options by name only), and the result is taken out unresolved and checked
again, so that nothing in a configuration is ever executed.
"""

from __future__ import annotations

import itertools
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import configs
from experiments.safe_yaml import MAX_DEPTH, refuse_key, refuse_text, refuse_tree
from sim.errors import LamplighterError, SpecError
from sim.parameters import defaults, show, unknown_key, validate
from sim.spec import RunSpec, build, default_tree, plan_defaults

CONFIG_DIR = Path(configs.__file__).parent
MAX_OVERRIDE = 20_000
MAX_KEY = 200
MAX_VALUES = 2_000  # the grammar's time grows with the square of a list's length
MAX_JOBS = 10_000
SPEC_NODE, OPTIONS_NODE = "model", "options"
LISTS = {"interventions": "intervention", "shocks": "shock"}  # groups of which a run takes several, and their keys


def compose(task: str, overrides: Sequence[str], options: type) -> dict[str, Any]:
    """Compose the configuration of a task.

    Parameters
    ----------
    task : str
        Name of the primary configuration, ``configs/<task>.yaml``.
    overrides : sequence of str
        ``key=value`` in Hydra's grammar.
    options : type
        Parameter dataclass of the task's own settings.

    Returns
    -------
    dict
        Plain nested values: the keys of the specification and those of `options`, unvalidated.

    Raises
    ------
    SpecError
    """
    overrides = list(overrides)
    parsed = parse(overrides)
    for text, override in zip(overrides, parsed):
        if override.is_sweep_override():
            raise SpecError(f"{show(text)}: several values need --multirun")
    with _Hydra(task, options) as hydra:
        # A setting may have the name of a folder of ours (experiment); Hydra would take it for a config group.
        own = {o.key_or_group: _plain(o.value()) for o in parsed if hydra.is_setting(o.key_or_group)}
        rest = [(text, o) for text, o in zip(overrides, parsed) if o.key_or_group not in own]
        overrides, parsed = [text for text, _ in rest], [o for _, o in rest]
        _check_choices(hydra, parsed)
        return {**hydra.compose(overrides, parsed), **own}


def parse(overrides: Sequence[str]) -> list[Any]:
    """Check overrides and parse them into Hydra's objects."""
    from hydra.core.override_parser.overrides_parser import OverridesParser

    parser = OverridesParser.create()
    parsed = []
    for text in overrides:
        _check_text(text)
        try:
            override = parser.parse_override(text)
            value = None if override.is_sweep_override() else override.value()
        except LamplighterError:
            raise
        except Exception as error:  # whatever the grammar trips over, the mistake is in this text
            hint = ""
            if "'" in text:
                hint = "; a name with an apostrophe needs quotes of its own, as in \"key=[\\\"St. John's\\\"]\""
            raise SpecError(f"{show(text)}: not a valid override: {_first_line(error)}{hint}") from None
        if override.package is not None:
            raise SpecError(f"{show(text)}: a package (@) cannot be chosen in an override")
        refuse_key(override.key_or_group, show(text))
        refuse_tree(_plain(value) if value is not None else _sweep_values(override), override.key_or_group)
        parsed.append(override)
    return parsed


def expand(overrides: Sequence[str], multirun: bool) -> list[list[str]]:
    """Return the overrides of every job: one job, or with `multirun` one for each combination of the listed values."""
    if not multirun:
        return [list(overrides)]
    choices = []
    for text, override in zip(overrides, parse(overrides)):
        if not override.is_sweep_override():
            choices.append([text])
            continue
        key = override.get_key_element()
        values = list(itertools.islice(_sweep_strings(text, override), MAX_JOBS + 1))
        choices.append([f"{key}={value}" for value in values])
    total = 1
    for values in choices:
        total *= len(values)
    if not 1 <= total <= MAX_JOBS:
        raise SpecError(f"--multirun: expected between 1 and {MAX_JOBS:,} jobs, found {total:,} or more")
    return [list(job) for job in itertools.product(*choices)]


def split(composed: Mapping[str, Any], task: str, options: type,
          groups: Mapping[str, type] = MappingProxyType({})) -> tuple[RunSpec, Any, dict[str, Any]]:
    """Validate a composed configuration: its specification, the task's own settings and those of its config groups."""
    own, spec_keys = defaults(options), default_tree()
    for key in composed:
        if key not in own and key not in spec_keys and key not in groups:
            raise unknown_key(key, [*own, *spec_keys, *groups], task)
    made = validate(options, {k: v for k, v in composed.items() if k in own}, task)
    chosen = {name: validate(cls, composed.get(name, {}), name) for name, cls in groups.items()}
    return build({k: v for k, v in composed.items() if k in spec_keys}), made, chosen


def group_options(group: str) -> list[str]:
    """Return the names a config group offers, those of registered interventions and shocks included."""
    names = {p.stem for p in (CONFIG_DIR / group).glob("*.yaml")}
    if group in LISTS:
        names |= set(_registered(group))
    return sorted(names)


def _registered(group: str) -> Mapping[str, type]:
    from sim import registry

    registry.load()
    return registry.INTERVENTIONS if group == "interventions" else registry.SHOCKS


def groups_of(task: str) -> list[str]:
    """Return the config groups in the defaults list of a task."""
    from experiments.safe_yaml import read_yaml

    listed = read_yaml(CONFIG_DIR / f"{task}.yaml").get("defaults", [])
    return [next(iter(item)) for item in listed if isinstance(item, dict)]


# -- guards --------------------------------------------------------------------------------------------------------


def _check_text(text: str) -> None:
    if len(text) > MAX_OVERRIDE:
        raise SpecError(f"{show(text)}: expected at most {MAX_OVERRIDE:,} characters, found {len(text):,}")
    if any(ord(c) < 32 or ord(c) == 127 or 0xD800 <= ord(c) < 0xE000 for c in text):
        raise SpecError(f"{show(text)}: expected one line of text without control characters")
    refuse_text(text, "override")
    depth = deepest = 0
    for c in text:
        depth += (c in "[{(") - (c in "]})")
        deepest = max(deepest, depth)
    if deepest > MAX_DEPTH:
        raise SpecError(f"{show(text)}: expected at most {MAX_DEPTH} levels of brackets, found {deepest}")
    if len(text.partition("=")[0]) > MAX_KEY:
        raise SpecError(f"{show(text)}: expected a key of at most {MAX_KEY} characters")
    if text.count(",") >= MAX_VALUES:
        raise SpecError(f"{show(text)}: expected at most {MAX_VALUES:,} values, found {text.count(',') + 1:,}")
    if "=" not in text and not text.startswith("~"):
        hint = f"; options are overrides, as in {text.lstrip('-')}=true" if text.startswith("-") else ""
        raise SpecError(f"{show(text)}: expected an override key=value{hint}")


def _plain(value: Any) -> Any:
    """Turn parsed values (quoted strings, nested containers) into plain ones."""
    if isinstance(value, dict):
        return {str(_plain(k)): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    text = getattr(value, "text", None)
    return text if isinstance(text, str) else value


def _sweep_values(override: Any) -> list[Any]:
    sweep = override.value()
    return [_plain(v) for v in getattr(sweep, "list", None) or [] ] if not isinstance(sweep, str) else [sweep]


def _sweep_strings(text: str, override: Any) -> Iterator[str]:
    from hydra.core.override_parser.types import Glob

    value = override.value()
    if isinstance(value, Glob):
        return iter(value.filter(group_options(override.key_or_group)))
    try:
        return override.sweep_string_iterator()
    except Exception as error:
        raise SpecError(f"{show(text)}: cannot be expanded: {_first_line(error)}") from None


def _check_choices(hydra: _Hydra, parsed: list[Any]) -> None:
    """Options of config groups are names of files of ours, never paths."""
    for override in parsed:
        key = override.key_or_group
        if key not in hydra.groups:
            if "/" in key:
                raise unknown_key(key, hydra.groups, "config groups")
            continue
        value = _plain(override.value())
        if override.is_delete() and value in (None, ""):
            continue
        several = isinstance(value, list)
        if several != (key in hydra.many):
            wanted = f"a list of names, as in {key}=[a,b]" if key in hydra.many else "one name"
            raise SpecError(f"{key}: expected {wanted}, found {show(value)}")
        known = group_options(key)
        for name in value if several else [value]:
            if not isinstance(name, str) or name not in known:
                raise unknown_choice(name, known, key)
        if several and len(set(value)) != len(value):
            raise SpecError(f"{key}: expected every name once, found {show(value)}")


def unknown_choice(name: Any, known: Sequence[str], where: str) -> SpecError:
    """Build the error for an unknown name, with the nearest known one."""
    line = str(unknown_key(name, known, where))
    return SpecError(line.replace("unknown key", "unknown name").replace("known keys:", "known names:"))


def _first_line(error: BaseException) -> str:
    text = str(error) or type(error).__name__
    text = re.split(r"\n?See https?://|\nSet the environment variable|\n\s*full_key:", text)[0]
    return " ".join(text.split())[:300]


# -- Hydra ---------------------------------------------------------------------------------------------------------


class _Hydra:
    """Hydra initialised on our configuration folder for one task; a context manager."""

    def __init__(self, task: str, options: type):
        self.task, self.options = task, options
        self.groups = groups_of(task)
        self.many = set(LISTS) & set(self.groups)

    def __enter__(self) -> _Hydra:
        from hydra import initialize_config_dir
        from hydra.core.global_hydra import GlobalHydra

        _store_defaults(self.task, self.options)
        GlobalHydra.instance().clear()
        self._warnings = warnings.catch_warnings()
        self._warnings.__enter__()
        warnings.simplefilter("ignore")
        initialize_config_dir(config_dir=str(CONFIG_DIR), version_base="1.3", job_name=self.task)
        return self

    def __exit__(self, *exc: Any) -> None:
        from hydra.core.global_hydra import GlobalHydra

        GlobalHydra.instance().clear()
        self._warnings.__exit__(*exc)

    def is_setting(self, key: str) -> bool:
        """True for a setting of the task that shares its name with a folder of configurations."""
        return key in defaults(self.options) and key not in self.groups and (CONFIG_DIR / key).is_dir()

    def compose(self, overrides: list[str], parsed: list[Any]) -> dict[str, Any]:
        from hydra.errors import HydraException
        from omegaconf.errors import OmegaConfBaseException

        try:
            plain = self._compose(overrides)
        except (HydraException, OmegaConfBaseException, ValueError, TypeError, KeyError, AttributeError) as error:
            self._explain(overrides, parsed)
            raise SpecError(f"{self.task}: cannot be composed: {_first_line(error)}") from None
        refuse_tree(plain, "")
        return plain

    def _compose(self, overrides: list[str]) -> dict[str, Any]:
        from hydra import compose as hydra_compose
        from omegaconf import OmegaConf

        return OmegaConf.to_container(hydra_compose(self.task, overrides), resolve=False)

    def _explain(self, overrides: list[str], parsed: list[Any]) -> None:
        """Raise the clearest error for overrides that Hydra refused, if the cause is an unknown key."""
        from hydra.errors import HydraException

        chosen = [t for t, o in zip(overrides, parsed) if o.key_or_group in self.groups]
        try:
            tree = self._compose(chosen)
        except HydraException:  # the groups themselves are at fault, and the first error says how
            return
        for override in parsed:
            if override.key_or_group in self.groups or override.is_add() or override.is_force_add():
                continue
            at, path = tree, []
            for part in override.key_or_group.split("."):
                if not isinstance(at, dict):
                    raise SpecError(f"{'.'.join(path)}: holds a value, not a group of settings, found "
                                    f"{override.key_or_group}")
                if part not in at:
                    raise self._unknown(part, at, path)
                at = at[part]
                path.append(part)

    def _unknown(self, part: str, known: Mapping, path: list[str]) -> SpecError:
        for group, key in LISTS.items():
            if path == [key] and part in group_options(group):
                return SpecError(f"{key}.{part}: is not in the run; add it with {group}=[{part}]")
            if path == [key]:
                return unknown_choice(part, group_options(group), key)
        if not path and part in known.get("city", {}):
            return SpecError(f"{self.task}: unknown key {show(part)}; did you mean {show('city.' + part)}?")
        names = known if path else dict.fromkeys([*known, *self.groups])
        return unknown_key(part, names, ".".join(path) or self.task)


_stored: tuple | None = None


def _store_defaults(task: str, options: type) -> None:
    """Put everything declared into Hydra's store: the base that files and overrides depart from."""
    global _stored
    from hydra.core.config_store import ConfigStore

    from sim import registry

    registry.load()
    store = ConfigStore.instance()
    store.store(name=f"{task}_{OPTIONS_NODE}", node=defaults(options))
    known = tuple(tuple(t.values()) for t in (registry.MECHANISMS, registry.INTERVENTIONS, registry.SHOCKS))
    if _stored == known:
        return
    store.store(name=SPEC_NODE, node=default_tree())
    for group, key in LISTS.items():
        on_file = {p.stem for p in (CONFIG_DIR / group).glob("*.yaml")}
        for name in group_options(group):
            if name in on_file:
                store.store(group=f"{group}/defaults", name=name, node=_plan(group, name))
            else:
                store.store(group=group, name=name, node=_plan(group, name), package=f"{key}.{name}")
    _stored = known


def _plan(group: str, name: str) -> dict[str, Any]:
    try:
        return plan_defaults(LISTS[group], name)
    except SpecError:  # a file for an intervention that is not installed: choosing it is an error, having it is not
        return {}
