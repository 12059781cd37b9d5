"""What the system says of a connection that failed or broke, as kinds of errors."""

import errno
import ssl

from controller.plan.trust import tls_words


def connect_error(code: int) -> str:
    """Return the kind of a failed connect: refused by the server, or not possible from here (ports, files, routes)."""
    return "connect_refused" if code == errno.ECONNREFUSED else "connect_failed"


def broken(error: OSError) -> tuple[str, str]:
    """Return the kind and the words for a connection that broke; the end of the stream in a write is a reset too."""
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError):
        return "tls", tls_words(error)
    return "reset", error.strerror or str(error)
