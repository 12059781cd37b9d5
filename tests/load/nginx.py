"""A private Nginx that counts for itself: a peer that nobody wrote for these tests."""

import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from controller.stack.ports import free_port
from tests.load.certificates import certificate_file
from tests.load.driving import until

BIG_BYTES = 1_000_000
_CONFIG = """
user root;
daemon off;
master_process off;
pid {folder}/pid;
error_log stderr error;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    default_type text/plain;
    keepalive_requests {keepalive_requests};
    gzip on; gzip_types text/plain; gzip_min_length 20;
    server {{
        listen 127.0.0.1:{port};
        listen 127.0.0.1:{h2_port} http2;
        listen 127.0.0.1:{tls_port} ssl http2;
        ssl_certificate {folder}/certificate.pem; ssl_certificate_key {folder}/certificate.pem;
        location = /ok {{ return 200 ok; }}
        location = /busy {{ return 503 busy; }}
        location = /empty {{ return 204; }}
        location = /unchanged {{ return 304; }}
        location / {{ root {folder}/files; }}
    }}
    server {{
        listen 127.0.0.1:{status_port};
        location / {{ stub_status; }}
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class Counted:
    """What Nginx has counted since it began, this question left out."""

    connections: int
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Nginx:
    """A running Nginx; each question for its counts is a connection and a request of its own.

    tls_url speaks HTTP/1.1 and HTTP/2, with a certificate of AUTHORITY; h2_url speaks HTTP/2 only, in the clear.
    """

    url: str
    h2_url: str
    tls_url: str
    status_url: str

    def counted(self, *, questions: int = 1) -> Counted:
        """Return the counts without this question and those before it."""
        with urllib.request.urlopen(self.status_url, timeout=10) as answer:
            accepts, _, requests = map(int, answer.read().splitlines()[2].split())
        return Counted(accepts - questions, requests - questions)


@contextmanager
def run_nginx(folder: Path, *, keepalive_requests: int = 1000) -> Iterator[Nginx]:
    """Run Nginx with its files in a folder and yield it once it answers."""
    port, h2_port, tls_port, status_port = (free_port() for _ in range(4))
    certificate_file(folder / "certificate.pem")
    (folder / "files").mkdir()
    (folder / "files" / "big").write_bytes(b"0123456789" * (BIG_BYTES // 10))
    config = folder / "nginx.conf"
    config.write_text(
        _CONFIG.format(
            folder=folder,
            port=port,
            h2_port=h2_port,
            tls_port=tls_port,
            status_port=status_port,
            keepalive_requests=keepalive_requests,
        )
    )
    with (folder / "log").open("wb") as log, subprocess.Popen(["nginx", "-p", folder, "-c", config], stderr=log) as run:
        try:
            nginx = Nginx(
                url=f"http://127.0.0.1:{port}",
                h2_url=f"http://127.0.0.1:{h2_port}",
                tls_url=f"https://127.0.0.1:{tls_port}",
                status_url=f"http://127.0.0.1:{status_port}/",
            )
            until(lambda: run.poll() is None and _listens(nginx))
            yield nginx
        finally:
            run.terminate()


def _listens(nginx: Nginx) -> bool:
    try:
        nginx.counted()
    except OSError:
        return False
    return True
