"""Locust's FastHttpUser as it is used everywhere: one process, headless, running fasthttp.py beside this file."""

import json
import sys
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

from controller.errors import LoadError
from controller.load.fleet import locust_environment
from controller.measure.spent import Spent
from controller.stack.supervisor import Launched, Supervisor

_LOCUST_FILE: Final = Path(__file__).with_name("fasthttp.py")
_WARMUP_S = 1.0
# Beyond warm-up and measuring: importing Locust and starting the users.
_BEYOND_S = 60.0
_POLL_EVERY_S = 0.05


def run_fast_http_user(
    supervisor: Supervisor,
    base: str,
    path: str,
    *,
    connections: int,
    seconds: float,
    cores: Collection[int],
    folder: Path,
) -> Spent:
    """Let so many users ask a path of a server from one Locust process on these cores; folder is its working folder.

    Raises LoadError, with the end of its log, where it fails or was answered anything but 2xx.
    """
    result = folder / "fasthttp.json"
    result.unlink(missing_ok=True)
    env = {
        **locust_environment(home=folder, control=None),
        "FASTHTTP_PATH": path,
        "FASTHTTP_WARMUP_S": str(_WARMUP_S),
        "FASTHTTP_SECONDS": str(seconds),
        "FASTHTTP_RESULT": str(result),
    }
    users = ["-u", str(connections), "-r", str(connections)]
    argv = [sys.executable, "-m", "locust", "-f", str(_LOCUST_FILE), "--headless", *users, "--host", base]
    launched = supervisor.launch("fasthttp", argv, env=env, cwd=folder, cpus=cores, log=folder / "fasthttp.log")
    try:
        _wait_for_end(launched, within_s=_WARMUP_S + seconds + _BEYOND_S)
    finally:
        launched.stop()
    if not result.is_file():
        raise LoadError(f"expected FastHttpUser to leave its numbers, found none:\n{launched.tail()}")
    return spent_of(json.loads(result.read_text(encoding="utf-8")))


def spent_of(result: Mapping[str, Any]) -> Spent:
    """Return what the Locust file measured of itself. Raises LoadError where answers were wrong or none came."""
    if result["failures"]:
        raise LoadError(f"expected right answers alone, found {result['failures']} failures of FastHttpUser")
    return Spent(requests=int(result["requests"]), cpu_s=result["cpu_s"], seconds=result["seconds"])


def _wait_for_end(launched: Launched, *, within_s: float) -> None:
    until_s = time.monotonic() + within_s
    while launched.poll() is None:
        if time.monotonic() > until_s:
            raise LoadError(f"expected FastHttpUser to end within {within_s:g} s, found it running: {launched.tail()}")
        time.sleep(_POLL_EVERY_S)
