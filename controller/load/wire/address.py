"""Where a trial's requests go: looked up once, so that no name is resolved under load."""

import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import urlsplit

from controller.errors import LoadError

# A family of addresses, and an address as sockets of that family take it.
Address = tuple[int, Any]

_PORTS: Final = {"http": 80, "https": 443}
_CONNECT_WITHIN_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A server that is asked. host is the name that its certificate must bear, authority what the Host field says.

    address is None where the name could not be resolved; unresolved then says why, and so does every attempt.
    """

    host: str
    authority: str
    secure: bool = False
    address: Address | None
    unresolved: str = ""

    @classmethod
    def of(cls, url: str) -> Self:
        """Return the origin of http://HOST:PORT or https://HOST:PORT, its name resolved now.

        Raises LoadError for what is no such URL. A name with several addresses is that of the first which takes a
        connection: a server on localhost may listen on 127.0.0.1 or ::1 only.
        """
        host, port, authority, secure = _parts(url)
        try:
            entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            unresolved = f"cannot resolve {host}: {error.strerror or error}"
            return cls(host=host, authority=authority, secure=secure, address=None, unresolved=unresolved)
        found: list[Address] = [(family, sockaddr) for family, _, _, _, sockaddr in entries]
        address = found[0] if len(found) == 1 else next(filter(_takes_connections, found), found[0])
        return cls(host=host, authority=authority, secure=secure, address=address)


def _parts(url: str) -> tuple[str, int, str, bool]:
    """Return host, port, authority and whether it is https."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna").decode("ascii")
        port = _PORTS.get(parts.scheme, 0) if parts.port is None else parts.port
    except ValueError as error:
        raise LoadError(f"expected http://HOST:PORT or https://HOST:PORT, found {url!r}: {error}") from error
    sense = parts.scheme in _PORTS and host and "@" not in parts.netloc and parts.netloc.isascii()
    if not sense or parts.path.strip("/") or parts.query or parts.fragment:
        raise LoadError(f"expected http://HOST:PORT or https://HOST:PORT and nothing after it, found {url!r}")
    return host, port, parts.netloc, parts.scheme == "https"


def _takes_connections(address: Address) -> bool:
    family, sockaddr = address
    with suppress(OSError), socket.socket(family, socket.SOCK_STREAM) as tried:
        tried.settimeout(_CONNECT_WITHIN_S)
        tried.connect(sockaddr)
        return True
    return False
