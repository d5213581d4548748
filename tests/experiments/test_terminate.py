"""A request to terminate leaves nothing half-written."""

import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_sigterm_is_tidy(tmp_path):
    command = [sys.executable, "-m", "experiments.run", "city.residents=2000", "years=50", f"out={tmp_path / 'o'}"]
    process = subprocess.Popen(command,
                               cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(6)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130 and said.strip().splitlines()[-1] == "lamplighter: error: interrupted"
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []
