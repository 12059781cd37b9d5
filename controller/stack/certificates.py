"""A certificate for 127.0.0.1, made by openssl for one server, and the authority that vouches for nobody else."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from controller.errors import StackError
from controller.stack.private import write_private
from controller.stack.service import environment
from controller.stack.versions import tool_path

OPENSSL: Final = "openssl"
_MADE_WITHIN_S: Final = 30.0
# Longer than any trial.
_DAYS: Final = "7"
_CURVE: Final = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
# All extensions are named here: which ones the machine's own openssl.cnf would add is anybody's guess.
_CONFIG: Final = """
[req]
distinguished_name = name
prompt = no
[name]
CN = FastServe, one trial
[authority]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = IP:127.0.0.1
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""


def make_certificate(folder: Path, *, certificate: str, key: str) -> str:
    """Make a certificate for 127.0.0.1 and its key (EC P-256) as files of a private folder; return its authority (PEM).

    The authority's own key is gone afterwards: nobody can be vouched for by it any more. Raises StackError, with what
    openssl says, where they cannot be made.
    """
    config = str(write_private(folder / "openssl.cnf", _CONFIG))
    authority, authority_key, request = folder / "authority.pem", folder / "authority-key.pem", folder / "request.pem"
    asked = ["req", "-new", *_CURVE, "-config", config]
    signed = ["-days", _DAYS, "-sha256"]
    try:
        _openssl(folder, [*asked, "-x509", *signed, "-extensions", "authority", *_to(authority_key, authority)])
        _openssl(folder, [*asked, *_to(folder / key, request)])
        vouched = ["-CA", str(authority), "-CAkey", str(authority_key), "-set_serial", "1"]
        named = ["-extfile", config, "-extensions", "server"]
        made = ["x509", "-req", "-in", str(request), *vouched, *named, *signed, "-out", str(folder / certificate)]
        _openssl(folder, made)
    finally:
        authority_key.unlink(missing_ok=True)
    return authority.read_text(encoding="ascii")


def _to(key: Path, out: Path) -> list[str]:
    return ["-keyout", str(key), "-out", str(out)]


def _openssl(folder: Path, arguments: Sequence[str]) -> None:
    try:
        done = subprocess.run(
            [tool_path(OPENSSL) or OPENSSL, *arguments],
            cwd=folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_MADE_WITHIN_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StackError(f"expected openssl to make a certificate, found: {error}") from error
    if done.returncode:
        said = " ".join(done.stderr.split())
        raise StackError(f"expected openssl to make a certificate, found status {done.returncode}: {said}")
