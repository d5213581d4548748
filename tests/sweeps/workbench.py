"""A bench for sweeps: commands in processes of their own, with the faulty plugin installed."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

ROOT = Path(__file__).parents[2]
LEDGER = {"started", "wall_seconds", "cpu_seconds", "host", "process"}
TINY = ["city.residents=500", "years=0.03", "burn_in_years=0.01"]


def install_plugin(folder: Path) -> Path:
    """Install the faulty mechanism as a distribution with an entry point, as a plugin of a user's would be."""
    about = folder / "faulty_plugin-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: faulty-plugin\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[lamplighter.plugins]\nfaulty = faulty_plugin\n")
    (folder / "faulty_plugin.py").write_text(Path(__file__).with_name("faulty_plugin.py").read_text())
    return folder


@dataclass
class Bench:
    """A folder to stand in, and the plugin."""

    folder: Path
    plugin: Path

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": os.pathsep.join([str(self.plugin), str(ROOT)]),
                "PYTHONFAULTHANDLER": "0"}

    def start(self, *words: str, **more) -> subprocess.Popen:
        """Start a command in a process group of its own."""
        return subprocess.Popen([sys.executable, "-m", "experiments.entry", *words], cwd=self.folder,
                                env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                start_new_session=True, **more)

    def call(self, *words: str, timeout: float = 300) -> tuple[int, str, str]:
        process = self.start(*words)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            kill_group(process)
            raise
        return process.returncode, out, err


def kill_group(process: subprocess.Popen) -> None:
    """Kill -9 a process and all its children at once."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.communicate()


def wait_until(true, seconds: float = 60.0, pause: float = 0.05) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(pause)
    return False


def runs(folder: Path) -> dict[str, int]:
    """Finished runs and when their files were written."""
    room = folder / "runs"
    if not room.is_dir():
        return {}
    return {p.name: p.stat().st_mtime_ns for p in room.iterdir() if not p.name.startswith(".")}


def same_results(one: Path, other: Path) -> bool:
    """True when the final tables of two sweeps agree to the byte, those of the ledger but for its own columns."""
    ledgers = []
    for folder in (one, other):
        table = pq.read_table(folder / "ledger.parquet")
        ledgers.append(table.drop_columns([c for c in table.column_names if c in LEDGER]))
    names = ("results.parquet", "table.parquet", "design.parquet")
    return ledgers[0].equals(ledgers[1]) and all(
        (one / name).read_bytes() == (other / name).read_bytes() for name in names)


def leftovers(folder: Path) -> list[str]:
    """Temporary files, claims and traces that should be gone at the end."""
    return [str(p.relative_to(folder)) for p in folder.rglob("*")
            if p.name.endswith((".part", ".trace")) or (p.parent.name == "claims" and not p.is_dir()
                                                        and p.parent.parent == folder)]


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Dask:
    """A real scheduler and two workers, started by the two commands that the documents print."""

    def __init__(self, bench: Bench, page: str):
        self.port = free_port()
        commands = re.findall(r"^    (dask (?:scheduler|worker) .*?)(?: &)?$", page, re.M)
        assert len(commands) == 2, commands
        self.processes = []
        for command in commands:
            words = command.split("#")[0].replace("8786", str(self.port)).split()
            self.processes.append(subprocess.Popen(
                [sys.executable, "-m", *words], cwd=bench.folder, env=bench.environment, start_new_session=True,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        self.address = f"tcp://127.0.0.1:{self.port}"

    def worker_pids(self) -> list[int]:
        from distributed import Client

        with Client(self.address, timeout=30, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=90)
            return sorted(client.run(os.getpid).values())

    def close(self) -> None:
        for process in reversed(self.processes):
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
