"""Where a trial's requests go: looked up once, so that no name is resolved under load."""

import socket
from typing import Any
from urllib.parse import urlsplit

from controller.errors import LoadError

# A family of addresses, and an address as sockets of that family take it.
Address = tuple[int, Any]


def address_of(url: str) -> Address:
    """Return the address of an http URL. Raises LoadError for another scheme or a name that cannot be resolved."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise LoadError(f"the wire engine speaks http://HOST:PORT, found {url!r}")
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 80, type=socket.SOCK_STREAM)
    except OSError as error:
        raise LoadError(f"cannot resolve {parts.hostname!r}: {error}") from error
    return found[0][0], found[0][4]
