"""The command line: thin shells over the rooms, and the only place that prints.

This module is read by any Python, so that an old one says what it lacks instead of failing on newer syntax.
"""

import platform
import sys

LEAST_PYTHON = (3, 11)


def main() -> None:
    """Run the command that the arguments ask for, and end the process with its exit status."""
    lacking = missing_foundation(platform.system(), sys.version_info[:2])
    if lacking:
        sys.stderr.write(f"Error: {lacking}\n")
        sys.exit(2)
    from controller.cli.app import run_command_line

    sys.exit(run_command_line(sys.argv[1:]))


def missing_foundation(system: str, python: "tuple[int, int]") -> "str | None":
    """Return what FastServe cannot do without on this machine, in one line; None where it can run."""
    if system != "Linux":
        return f"FastServe measures through /proc and CPU affinity: expected Linux, found {system}; run it there"
    if python < LEAST_PYTHON:
        found = ".".join(map(str, python))
        return f"FastServe expected Python 3.11 or later, found {found} ({sys.executable}): run it with a later one"
    return None
