"""Commands that run a program with clocks of its own, as a machine of its own may have them."""

import subprocess
from collections.abc import Mapping

from tests.needs import require, unmet

OFF_S = 10
# Left alone are the monotonic clock, and waits on it: faketime's mend for those of an old C library holds them up.
_FAKETIME = ("env", "FAKETIME_DONT_FAKE_MONOTONIC=1", "FAKETIME_FORCE_MONOTONIC_FIX=0", "faketime", "-f")
_NAMESPACE = ("unshare", "--time", "--monotonic")
# A wall clock that goes before or after the others, and a clock for durations that began elsewhere.
CLOCKS: Mapping[str, tuple[str, ...]] = {
    "wall clock ahead": (*_FAKETIME, f"+{OFF_S}s"),
    "wall clock behind": (*_FAKETIME, f"-{OFF_S}s"),
    "another monotonic clock, ahead": (*_NAMESPACE, f"{OFF_S}", "--"),
    "another monotonic clock, behind": (*_NAMESPACE, f"-{OFF_S}", "--"),
}


def clock(name: str) -> tuple[str, ...]:
    """Return such a command; skip the calling test where this machine cannot run it."""
    command = CLOCKS[name]
    require(*{"faketime", "unshare"} & {*command})
    tried = subprocess.run([*command, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        unmet(f"{' '.join(command)} cannot be run here: {tried.stderr.strip()}")
    return command
