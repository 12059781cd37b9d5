"""Which certificates are believed: by the load, by the checks before it, and where it comes from."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from controller.errors import PlanError

_MOST_BYTES: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Whom to believe. With verify False anybody; else whom authorities (PEM) vouch for, None for this machine's."""

    verify: bool = True
    authorities: str | None = None

    def context(self) -> ssl.SSLContext:
        """Return a new context for clients. Raises PlanError for authorities that hold no certificate."""
        try:
            context = ssl.create_default_context(cadata=self.authorities)
        except ssl.SSLError as error:
            raise PlanError(f"expected certificates in PEM, found: {tls_words(error)}") from error
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        # A server of TLS 1.2 may ask for another handshake in the middle: it would be in the latency of an answer.
        context.options |= ssl.OP_NO_RENEGOTIATION
        return context

    def with_own(self, own: "Trust") -> "Trust":
        """Return what holds for a server that says something itself.

        Its authorities count before these, and no certificate is verified where either says so.
        """
        authorities = self.authorities if own.authorities is None else own.authorities
        return Trust(verify=self.verify and own.verify, authorities=authorities)


# What holds where nothing is said.
BY_THIS_MACHINE: Final = Trust()


def read_authorities(path: Path) -> str:
    """Return the certificates of a file as PEM. Raises PlanError, naming the file, where it holds none."""
    try:
        with path.open(encoding="ascii", errors="replace") as file:
            text = file.read(_MOST_BYTES)
        Trust(authorities=text or "no text").context()
    except OSError as error:
        raise PlanError(f"{path}: expected a file of certificates, found: {error.strerror}") from error
    except PlanError as error:
        raise PlanError(f"{path}: {error}") from error
    return text


def tls_words(error: OSError) -> str:
    """Return in OpenSSL's own words what is wrong, without the places in its source."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate verify failed: {error.verify_message}"
    text = error.strerror or str(error)
    return text.partition("] ")[2].partition(" (_ssl.c")[0] or text.partition(" (_ssl.c")[0]
