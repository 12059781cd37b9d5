"""The server that every generator asks: a private Nginx with one worker that answers from memory."""

import http.client
import os
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import Final

from controller.errors import StackError
from controller.plan.contract import Contract
from controller.stack.ports import free_port
from controller.stack.supervisor import Launched, Supervisor

HEALTH: Final = "/api/health"
QUOTE: Final = "/api/db"
LARGE: Final = "/large"
LARGE_BYTES: Final = 100_000
# Each answer to it is a line of a log that names the connection.
MANY: Final = "/many"
_MANY_LOG: Final = "many.log"
HOST: Final = "127.0.0.1"
# Debian's place for it, which is not on every user's PATH.
_SUPERUSER_FOLDERS: Final = "/usr/sbin:/sbin"
_READY_WITHIN_S = 10.0
_POLL_EVERY_S = 0.02

_CONFIGURATION = """\
{user}
daemon off;
pid nginx.pid;
worker_processes 1;
error_log stderr;
worker_rlimit_nofile 16384;
events {{ worker_connections 12000; }}
http {{
    access_log off;
    log_format connection $connection;
    # Nginx closes a connection after 1,000 requests unless it is told otherwise.
    keepalive_requests 1000000000;
    http2_max_concurrent_streams 128;
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
        # Asked for by the generators, not by this: HTTP/1.1 and 2 at the same port.
        listen {host}:{tls_port} ssl http2;
        ssl_certificate certificate.pem;
        ssl_certificate_key key.pem;
        sendfile on;
        location = {large} {{ root .; }}
        location = {many} {{ access_log {many_log} connection; return 200 ok; }}
        location = {health} {{ default_type text/plain; return 200 ok; }}
        location = {quote} {{ default_type application/json; return 200 $row; }}
    }}
}}
"""


def nginx_program() -> str | None:
    """Return the path of the Nginx of this machine; None where there is none."""
    return which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:{_SUPERUSER_FOLDERS}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bases:
    """Where a running Nginx answers: URLs without a slash at their end, and the certificate that vouches for https."""

    plain: str
    tls: str
    ca_pem: str


@contextmanager
def run_nginx(supervisor: Supervisor, *, folder: Path, cores: Sequence[int], contract: Contract) -> Iterator[Bases]:
    """Run an Nginx in a folder of its own on some cores and yield where it answers, once it does.

    Raises StackError, with the end of its log, where it does not.
    """
    port, tls_port = free_port(HOST), free_port(HOST)
    (folder / "nginx.conf").write_text(configuration(contract, port=port, tls_port=tls_port), encoding="utf-8")
    (folder / LARGE.lstrip("/")).write_bytes(b"x" * LARGE_BYTES)
    ca_pem = _make_certificate(folder)
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
        yield Bases(plain=f"http://{HOST}:{port}", tls=f"https://{HOST}:{tls_port}", ca_pem=ca_pem)
    finally:
        launched.stop()


def configuration(contract: Contract, *, port: int, tls_port: int) -> str:
    """Return what Nginx reads: the contract's health route, its rows as answers of the database route, a large file."""
    # Its folder is its user's alone, and Nginx would read it as nobody.
    user = "user root;" if os.geteuid() == 0 else ""
    return _CONFIGURATION.format(
        user=user,
        host=HOST,
        port=port,
        tls_port=tls_port,
        health=HEALTH,
        quote=QUOTE,
        large=LARGE,
        many=MANY,
        many_log=_MANY_LOG,
        rows=_rows(contract),
    )


def connections_in(folder: Path) -> Counter[str]:
    """Return how many answers each connection had, of those that were asked for MANY, by Nginx's own numbers."""
    return Counter((folder / _MANY_LOG).read_text(encoding="ascii").split())


def _make_certificate(folder: Path) -> str:
    """Make a key and a certificate that signs itself, for this host and a month; return the certificate."""
    argv = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    argv += ["-days", "30", "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=IP:{HOST}"]
    argv += ["-keyout", "key.pem", "-out", "certificate.pem"]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StackError(f"expected openssl to make a certificate, found status {done.returncode}: {done.stderr}")
    return (folder / "certificate.pem").read_text(encoding="ascii")


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
