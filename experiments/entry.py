"""The command ``lamplighter <task> [overrides]``: finds the task, composes its configuration, reports mistakes.

Everything heavy is imported when it is needed, so that help answers at once. A new task is one module: it has
``OPTIONS`` (a parameter dataclass) and ``run(jobs)``, and one line in `TASKS`.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from experiments.memory import return_large_arrays

# task: (module, what it does)
TASKS: dict[str, tuple[str, str]] = {
    "run": ("experiments.run", "run one scenario and store its records"),
    "compare": ("experiments.compare", "compare interventions with a baseline in paired replications"),
    "sweep": ("experiments.sweep", "run scenarios, arms, parameter draws and replications, many thousands if need be"),
    "resume": ("experiments.resume", "go on with a sweep that was interrupted"),
    "rank": ("experiments.rank", "say which arms can still be the best, and what the uncertainty is made of"),
    "export": ("experiments.export", "write one row a run for other tools: CSV, Parquet, EMA Workbench"),
    "discover": ("experiments.discover", "ask where in the parameter space an arm loses to another"),
    "sensitivity": ("experiments.sensitivity", "find which parameters matter for an outcome, and what is noise"),
    "status": ("experiments.status", "say how far a sweep is"),
    "verify": ("experiments.verify", "run some rows of a sweep again and compare them to the bit"),
    "rerun": ("experiments.rerun", "run rows of a sweep again, those that failed for instance"),
    "expand": ("experiments.expand", "give a sweep more replications or draws"),
    "diagnose": ("experiments.diagnose", "ask which flows, networks and places matter, before choosing"),
    "trials": ("experiments.virtual_trials", "run published evaluations as virtual trials and judge them"),
    "validate": ("experiments.validate", "score the model on facts of criminology against null worlds"),
    "calibrate": ("experiments.calibrate", "fit parameters to city-wide targets, and say which can be told from them"),
    "import_city": ("experiments.import_city", "check the files of a real city and say what was made of them"),
    "bench": ("experiments.bench", "measure speed and memory against reference programs"),
}
OK, BUG, MISTAKE, INTERRUPTED = 0, 1, 2, 130


@dataclass
class Invocation:
    """A command line, taken apart."""

    task: str
    overrides: list[str] = field(default_factory=list)
    mode: str = "run"  # run, help or cfg
    multirun: bool = False
    package: str = ""


@dataclass(frozen=True)
class Job:
    """One composed and validated piece of work."""

    overrides: tuple[str, ...]
    spec: object  # RunSpec
    options: object  # of the task's parameter dataclass
    groups: dict  # settings of the task's own config groups, such as engine


class UsageError(Exception):
    """A command line that cannot be understood."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 0, 2 for a mistake of the user's, 1 for one of ours."""
    argv = list(sys.argv[1:] if argv is None else argv)
    return_large_arrays()
    try:
        with _terminable():
            return _main(argv)
    except KeyboardInterrupt:
        return _fail("interrupted", INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except Exception as error:
        if _is_mistake(error):
            return _fail(str(error))
        raise


@contextlib.contextmanager
def _terminable():
    """Let a request to terminate end the command like Ctrl-C does: tidily."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _main(argv: list[str]) -> int:
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(_help())
        return OK
    if argv[0] in ("-V", "--version"):
        from experiments.provenance import version

        print(f"lamplighter {version()}")
        return OK
    call = _take_apart(argv)
    module = importlib.import_module(TASKS[call.task][0])
    if call.mode == "help":
        from experiments.help import task_help

        print(task_help(call.task, TASKS[call.task][1], module.OPTIONS))
        return OK
    prepare = getattr(module, "prepare", lambda overrides: overrides)
    from experiments.compose import compose, expand, split

    if call.mode == "cfg":
        from experiments.help import as_yaml

        print(as_yaml(compose(call.task, prepare(call.overrides), module.OPTIONS), call.package), end="")
        return OK
    jobs = []
    for number, overrides in enumerate(expand(call.overrides, call.multirun)):
        composed = compose(call.task, prepare(overrides), module.OPTIONS)
        if call.multirun and isinstance(composed.get("out"), str) and composed["out"]:
            composed["out"] = os.path.join(composed["out"], str(number))
        jobs.append(Job(tuple(overrides), *split(composed, call.task, module.OPTIONS, getattr(module, "GROUPS", {}))))
    return module.run(jobs) or OK


def _take_apart(argv: list[str]) -> Invocation:
    task, *rest = argv
    if task not in TASKS:
        import difflib

        near = difflib.get_close_matches(task, TASKS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"tasks: {', '.join(TASKS)}"
        raise UsageError(f"unknown task {_short(task)}; {hint}")
    call = Invocation(task)
    words = iter(rest)
    for word in words:
        name, _, value = word.partition("=")
        if word in ("-h", "--help"):
            call.mode = "help"
        elif word in ("-m", "--multirun"):
            call.multirun = True
        elif word == "--resolve":
            pass  # there is nothing to resolve: configurations hold plain values
        elif name in ("-c", "--cfg"):
            kind = value or next(words, "")
            if kind != "job":
                raise UsageError(f"--cfg: expected job, found {_short(kind)}")
            call.mode = "cfg"
        elif name in ("-p", "--package"):
            call.package = value or next(words, "")
        elif word.startswith("@"):
            call.overrides += _from_file(word[1:])
        elif word.startswith("-") and not word.startswith("-="):
            known = "--help, --cfg job, --package NAME, --multirun"
            hint = name.lstrip("-").replace("-", "_") or "name"
            following = next(words, "-")
            value = value or ("true" if following.startswith("-") or "=" in following else following)
            raise UsageError(f"unknown option {_short(word)}; settings are overrides, as in {hint[:40]}={value[:40]} "
                             f"(options: {known})")
        else:
            call.overrides.append(word)
    return call


def _from_file(name: str) -> list[str]:
    """Overrides that stand in a file, such as the values that a calibration found."""
    from experiments.safe_yaml import read_yaml
    from sim.errors import SpecError

    found = read_yaml(name).get("overrides")
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise SpecError(f"@{name}: expected a file with a list of overrides under the key overrides")
    return found


def _is_mistake(error: Exception) -> bool:
    """True for what the user can mend: wrong input, or a file system that refuses."""
    from sim.errors import LamplighterError

    return isinstance(error, (UsageError, LamplighterError, OSError))


def _short(text: str) -> str:
    text = repr(text)
    return text if len(text) <= 80 else text[:77] + "..."


def _fail(message: str, status: int = MISTAKE) -> int:
    line = " ".join("".join(c if c.isprintable() else " " for c in message).split())
    print(f"lamplighter: error: {line[:600]}", file=sys.stderr, flush=True)
    return status


def _help() -> str:
    width = max(map(len, TASKS))
    tasks = "\n".join(f"  {name:<{width}}  {text}" for name, (_, text) in TASKS.items())
    return f"""Lamplighter: compare ways of preventing crime in simulated cities.

usage: lamplighter <task> [key=value ...] [@file ...] [--help] [--cfg job] [--multirun]

tasks
{tasks}

Settings are overrides: lamplighter compare city=compact_european arms=[street_lighting] replications=5
  lamplighter <task> @FILE       overrides that stand in a file, such as calibrated values
  lamplighter <task> --help      its settings
  lamplighter <task> --cfg job   all settings as they would be used, those of the model included
  lamplighter --version          the version"""


if __name__ == "__main__":
    sys.exit(main())
