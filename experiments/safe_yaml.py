"""A small, suspicious reader of YAML files that users supply.

It accepts plain mappings, lists and scalars and nothing else: no tags (they name Python types), no anchors and
aliases (a short file could unfold into gigabytes), no interpolations (they would read the environment), no keys
that make a configuration framework build objects. It runs before anything else sees the file.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from sim.errors import SpecError
from sim.parameters import show

MAX_BYTES = 256 * 1024
MAX_DEPTH = 16
MAX_NODES = 20_000

_INT = re.compile(r"[-+]?(0|[1-9][0-9_]*)$")
_FLOAT = re.compile(r"[-+]?(([0-9][0-9_]*)?\.[0-9_]+([eE][-+]?[0-9]+)?|[0-9][0-9_]*\.?([eE][-+]?[0-9]+)?)$")
_WORDS = {"true": True, "True": True, "false": False, "False": False, "null": None, "~": None, "": None,
          ".nan": float("nan"), ".inf": float("inf"), "-.inf": float("-inf"), "nan": float("nan"), "inf": float("inf"),
          "-inf": float("-inf")}


def read_yaml(path: str | os.PathLike) -> dict[str, Any]:
    """Read a file that holds one mapping.

    Raises
    ------
    SpecError
        When it cannot be read, is too large, or holds anything but plain data; names file and line.
    """
    path = Path(path)
    try:
        if path.exists() and not path.is_file():  # a pipe would keep us waiting
            raise SpecError(f"{path}: expected a file, found something else")
        with open(path, "rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise SpecError(f"{path}: cannot be read: {error.strerror or error}") from None
    if len(raw) > MAX_BYTES:
        raise SpecError(f"{path}: expected at most {MAX_BYTES // 1024} KiB, found more")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SpecError(f"{path}: expected UTF-8 text, found other bytes at position {error.start}") from None
    content = parse_yaml(text, str(path))
    if not isinstance(content, dict):
        raise SpecError(f"{path}: expected a mapping of keys to values, found {show(content)}")
    return content


def parse_yaml(text: str, name: str) -> Any:
    """Turn YAML text into plain Python values; `name` stands in error messages."""
    import yaml

    stack: list[_Node] = []
    root: list[Any] = []
    nodes = documents = 0
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            where = f"{name}, line {event.start_mark.line + 1}"
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise SpecError(f"{where}: expected one document, found a second")
            elif isinstance(event, yaml.AliasEvent):
                raise SpecError(f"{where}: anchors and aliases are not accepted, found *{event.anchor}")
            elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
                stack.pop()
            elif isinstance(event, yaml.NodeEvent):
                nodes += 1
                _check(event, where, nodes, len(stack))
                if isinstance(event, yaml.ScalarEvent):
                    value = _scalar(event, where)
                else:
                    value = [] if isinstance(event, yaml.SequenceStartEvent) else {}
                if stack:
                    stack[-1].add(value, where)
                else:
                    root.append(value)
                if not isinstance(event, yaml.ScalarEvent):
                    stack.append(_Node(value))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "not valid YAML"
        raise SpecError(f"{name}{line}: not valid YAML: {problem}") from None
    return root[0] if root else None


class _Node:
    """A list or mapping that is being filled."""

    def __init__(self, value: list | dict):
        self.value = value
        self.key: Any = self

    def add(self, item: Any, where: str) -> None:
        if isinstance(self.value, list):
            self.value.append(item)
        elif self.key is self:
            if not isinstance(item, str):
                raise SpecError(f"{where}: expected a name as key, found {show(item)}")
            if item in self.value:
                raise SpecError(f"{where}: the key {show(item)} stands there twice")
            refuse_key(item, where)
            self.key = item
        else:
            self.value[self.key] = item
            self.key = self


def _check(event: Any, where: str, nodes: int, depth: int) -> None:
    if event.anchor is not None:
        raise SpecError(f"{where}: anchors and aliases are not accepted, found &{event.anchor}")
    if event.tag is not None:
        raise SpecError(f"{where}: tags are not accepted, found {show(event.tag)}")
    if nodes > MAX_NODES:
        raise SpecError(f"{where}: expected at most {MAX_NODES} values, found more")
    if depth >= MAX_DEPTH:
        raise SpecError(f"{where}: expected at most {MAX_DEPTH} levels, found more")


def _scalar(event: Any, where: str) -> Any:
    text = event.value
    refuse_text(text, where)
    if event.style is not None:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if len(text) <= 40:
        if _INT.match(text):
            return int(text.replace("_", ""))
        if _FLOAT.match(text):
            return float(text.replace("_", ""))
    return text


def refuse_key(key: str, where: str) -> None:
    """Refuse keys that would make a configuration framework build objects or change its own settings."""
    head = key.partition(".")[0].partition("/")[0].partition("@")[0].lstrip("+~")
    if head == "hydra":
        raise SpecError(f"{where}: settings of the configuration framework are not accepted, found {show(key)}")
    if re.search(r"(^|[./@])_\w+_($|[./@=])", key) or key == "<<":
        raise SpecError(f"{where}: the key {show(key)} is not accepted")


def refuse_text(text: str, where: str) -> None:
    """Refuse interpolations: configurations hold plain values."""
    if "${" in text:
        raise SpecError(f"{where}: interpolations such as ${{...}} are not accepted, found {show(text)}")


def refuse_tree(value: Any, where: str, depth: int = 0) -> None:
    """Apply the same refusals to a nested value that came from elsewhere."""
    if depth > MAX_DEPTH:
        raise SpecError(f"{where}: expected at most {MAX_DEPTH} levels, found more")
    if isinstance(value, dict):
        for key, item in value.items():
            inner = f"{where}.{key}" if where else str(key)
            refuse_key(str(key), inner)
            refuse_tree(item, inner, depth + 1)
    elif isinstance(value, (list, tuple)):
        for i, item in enumerate(value):
            refuse_tree(item, f"{where}[{i}]", depth + 1)
    elif isinstance(value, str):
        refuse_text(value, where)
