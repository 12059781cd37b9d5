"""A controller to be killed: `python -m tests.stack.controller_process LABEL LOGS ARGUMENT...`.

It takes the machine's lock, starts the program again and again, or once with --once, and says when it runs.
"""

import json
import os
import sys
import time
from pathlib import Path

from controller.stack.lock import machine_lock
from controller.stack.supervisor import supervise


def main(label: str, logs: Path, argv: list[str]) -> None:
    """Start the program; print the ids of all its processes once it has written its first line."""
    once = argv[0] == "--once"
    env = {"PATH": os.environ["PATH"]}
    with machine_lock(label) as lock_fd, supervise(label=label, logs=logs, lock_fd=lock_fd) as supervisor:
        while True:
            launched = supervisor.launch("program", argv[1:] if once else argv, env=env, cwd=logs, log=logs / "log")
            while once and not launched.tail():
                time.sleep(0.01)
            sys.stdout.write(json.dumps([launched.keeper, *launched.family()]) + "\n")
            sys.stdout.flush()
            if once:
                time.sleep(600)
            launched.stop(grace_s=0.1)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
