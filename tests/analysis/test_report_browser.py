"""The report in a headless browser: it draws itself, asks for nothing and complains about nothing."""

import re
import shutil
import subprocess

import pytest

from analysis.report import build_report

BROWSER = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)
pytestmark = pytest.mark.skipif(
    BROWSER is None, reason="no Chromium on this machine: the page was not opened in a browser"
)


def test_opens_without_errors_or_requests(comparison_folder, tmp_path):
    path = build_report(comparison_folder)
    done = subprocess.run(
        [
            BROWSER,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={tmp_path}",
            "--enable-logging=stderr",
            "--log-level=0",
            "--virtual-time-budget=3000",
            "--dump-dom",
            path.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0
    assert "In short" in done.stdout and done.stdout.rstrip().endswith("</html>")
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert not console, console
    assert not re.findall(r"https?://(?!localhost)\S+report", done.stderr)
