"""A relay before a database that delays each of its answers: the factor db_delay_ms.

A trial at 0 goes to the database itself: 0 means that nothing is added. Any other level adds two more hops on loopback
(0.02 to 0.1 ms, measured with no delay), and the kernel's timer wakes the relay late: by 0.1 to 0.4 ms for 5 ms, on a
busy virtual machine where a bare timer woke 0.06 to 0.15 ms late. So an answer is never early, nor on the microsecond.
"""

import socket
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from controller.stack.ports import free_port
from controller.stack.private import write_private
from controller.stack.relay_counts import NOTHING_YET, asking_now
from controller.stack.service import ANSWER_WITHIN_S, HOST, Service, Setting, environment, wait_for_service
from controller.stack.supervisor import Supervisor

_PACKAGE_ROOT: Final = Path(__file__).resolve().parents[2]
# As for the supervisor: nothing in the current folder or in site-packages can take the place of what it imports.
_MODULE: Final = ("-P", "-S", "-m", "controller.stack.relay_process")


def behind_relays(supervisor: Supervisor, setting: Setting, database: Service, *, delays_ms: Sequence[int]) -> Service:
    """Return a database that runs with a relay before it for each delay, all on its cores.

    Raises StackError where one does not get ready; then none is left, and neither is the database.
    """
    relays: dict[int, Service] = {}
    try:
        for delay_ms in delays_ms:
            relays[delay_ms] = _start_relay(supervisor, setting, database, delay_ms=delay_ms)
    except BaseException:
        replace(database, relays=relays).stop()
        raise
    return replace(database, relays=relays)


def _start_relay(supervisor: Supervisor, setting: Setting, database: Service, *, delay_ms: int) -> Service:
    """Start a relay and return it once the database greets through it."""
    name, port = f"the relay that delays {database.name} by {delay_ms} ms", free_port()
    counts = write_private(setting.folder / f"relay-{delay_ms}-ms", NOTHING_YET.decode())
    launched = supervisor.launch(
        name,
        [sys.executable, *_MODULE, str(port), str(database.port), str(delay_ms), str(counts)],
        env=environment() | {"PYTHONPATH": str(_PACKAGE_ROOT)},
        cwd=setting.folder,
        cpus=setting.cores,
        log=setting.log.with_name(f"relay-{delay_ms}-ms.log"),
    )
    try:
        wait_for_service(name, launched, port=port, answers=partial(_missing, port))
    except BaseException:
        launched.stop(0)
        raise
    return Service(
        name=name,
        url=database.url.replace(f"@{HOST}:{database.port}/", f"@{HOST}:{port}/"),
        port=port,
        launched=launched,
        renew=lambda: None,
        in_query=partial(asking_now, counts),
    )


def _missing(port: int) -> str | None:
    """Return what was found instead of the greeting that a database begins with; None for one."""
    try:
        with closing(socket.create_connection((HOST, port), timeout=ANSWER_WITHIN_S)) as line:
            line.settimeout(ANSWER_WITHIN_S)
            greeting = line.recv(1)
    except OSError as error:
        return f"no greeting of the database ({error.strerror or error})"
    return None if greeting else "no greeting of the database (the connection was closed)"
