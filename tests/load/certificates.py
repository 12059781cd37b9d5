"""An authority of the tests' own, and servers that it vouches for."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme

from controller.plan.trust import Trust

AUTHORITY = trustme.CA()
STRANGER = trustme.CA()
AUTHORITY_PEM = AUTHORITY.cert_pem.bytes().decode()
TRUST = Trust(authorities=AUTHORITY_PEM)
ANYBODY = Trust(verify=False)


def server_context(
    *names: str, by: trustme.CA = AUTHORITY, valid_for: timedelta = timedelta(days=1), alpn: tuple[str, ...] = ()
) -> ssl.SSLContext:
    """Return what a server needs to prove that it has these names (127.0.0.1 without any)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    now = datetime.now(UTC)
    issued = by.issue_cert(*names or ("127.0.0.1",), not_before=now - timedelta(days=2), not_after=now + valid_for)
    issued.configure_cert(context)
    if alpn:
        context.set_alpn_protocols(alpn)
    return context


def certificate_file(path: Path) -> Path:
    """Write a key and the chain that proves 127.0.0.1, localhost and ::1, and return the file."""
    AUTHORITY.issue_cert("127.0.0.1", "localhost", "::1").private_key_and_cert_chain_pem.write_to_path(path)
    return path
