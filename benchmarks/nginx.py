"""The server that every generator asks: a private Nginx with one worker that answers from memory."""

import http.client
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from typing import Final

from controller.errors import StackError
from controller.plan.contract import Contract
from controller.stack.ports import free_port
from controller.stack.supervisor import Launched, Supervisor

HEALTH: Final = "/api/health"
QUOTE: Final = "/api/db"
HOST: Final = "127.0.0.1"
# Debian's place for it, which is not on every user's PATH.
_SUPERUSER_FOLDERS: Final = "/usr/sbin:/sbin"
_READY_WITHIN_S = 10.0
_POLL_EVERY_S = 0.02

_CONFIGURATION = """\
daemon off;
pid nginx.pid;
worker_processes 1;
error_log stderr;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    # Nginx closes a connection after 1,000 requests unless it is told otherwise.
    keepalive_requests 1000000000;
    keepalive_timeout 3600;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    # One of the contract's rows by chance, as a database would give it.
    split_clients $request_id $row {{
{rows}
    }}
    server {{
        listen {host}:{port};
        location = {health} {{ default_type text/plain; return 200 ok; }}
        location = {quote} {{ default_type application/json; return 200 $row; }}
    }}
}}
"""


def nginx_program() -> str | None:
    """Return the path of the Nginx of this machine; None where there is none."""
    return which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:{_SUPERUSER_FOLDERS}")


@contextmanager
def run_nginx(supervisor: Supervisor, *, folder: Path, cores: Sequence[int], contract: Contract) -> Iterator[str]:
    """Run an Nginx in a folder of its own on some cores and yield its base URL once it answers.

    Raises StackError, with the end of its log, where it does not.
    """
    port = free_port(HOST)
    (folder / "nginx.conf").write_text(configuration(contract, port=port), encoding="utf-8")
    launched = supervisor.launch(
        "nginx",
        [nginx_program() or "nginx", "-e", "stderr", "-p", str(folder), "-c", "nginx.conf"],
        env={},
        cwd=folder,
        cpus=cores,
        log=folder / "nginx.log",
    )
    try:
        _wait(launched, port)
        yield f"http://{HOST}:{port}"
    finally:
        launched.stop()


def configuration(contract: Contract, *, port: int) -> str:
    """Return what Nginx reads: the contract's health route, and its rows as answers of the database route."""
    return _CONFIGURATION.format(host=HOST, port=port, health=HEALTH, quote=QUOTE, rows=_rows(contract))


def _rows(contract: Contract) -> str:
    share = 100 / len(contract.rows)
    rows = [f"        {share:.2f}% '{row.decode()}';" for row in contract.rows.values()]
    # The last one takes what rounding left over.
    rows[-1] = f"        * '{contract.rows[max(contract.rows)].decode()}';"
    return "\n".join(rows)


def _wait(launched: Launched, port: int) -> None:
    until_s = time.monotonic() + _READY_WITHIN_S
    while time.monotonic() < until_s:
        if launched.poll() is not None:
            break
        if _answers(port):
            return
        time.sleep(_POLL_EVERY_S)
    raise StackError(f"expected Nginx to answer on port {port} within {_READY_WITHIN_S:g} s:\n{launched.tail()}")


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=_READY_WITHIN_S)
    try:
        connection.request("GET", HEALTH)
        return connection.getresponse().read() == b"ok"
    except OSError:
        return False
    finally:
        connection.close()
