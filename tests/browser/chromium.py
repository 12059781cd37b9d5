"""Chromium without a window, without a network of its own, for one page at a time."""

import subprocess
from pathlib import Path

QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--enable-logging=stderr",
)
WITHIN_S = 60


def chromium(page: Path, *options: str, profile: Path) -> subprocess.CompletedProcess[str]:
    """Open a page of this disk and return what Chromium wrote; it gets a profile of its own."""
    command = ["chromium", *QUIET, f"--user-data-dir={profile}", *options, page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=WITHIN_S, check=True)


def console_errors(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Return what the page itself logged."""
    return [line for line in done.stderr.splitlines() if ":CONSOLE" in line or "INFO:CONSOLE" in line]
