"""What went wrong with a request of Locust's own users, as one of the kinds that the wire engine has too.

`script` is the one kind more: a failure that Locust was told of without any answer or error of the network.
"""

import http.client
import re
import socket
import ssl
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

import gevent
from geventhttpclient.response import HTTPConnectionClosed

# The first that fits counts: some of these are kinds of others.
_KINDS: Final[Mapping[type[BaseException], str]] = {
    ConnectionRefusedError: "connect_refused",
    ConnectionResetError: "reset",
    ConnectionAbortedError: "reset",
    BrokenPipeError: "reset",
    HTTPConnectionClosed: "reset",
    TimeoutError: "timeout",
    gevent.Timeout: "timeout",
    ssl.SSLError: "tls",
    socket.gaierror: "dns",
    http.client.IncompleteRead: "short_body",
    http.client.HTTPException: "malformed",
    zlib.error: "malformed",
}
# How geventhttpclient says that an answer broke off: it has one exception for that and for all that is malformed.
_BROKEN_OFF: Final = ("Incomplete response", "Invalid EOF state", "connection closed")
_MOST_CAUSES: Final = 16
_MOST_CHARACTERS: Final = 200


def error_of(exception: Any, response: Any) -> tuple[str, str]:
    """Return the kind of a failure and its words; both arguments are those of Locust's request event.

    An answer that came whole and that status or script did not like is wrong_status from 400 on, else wrong_body.
    """
    # Secrets may stand in a query, and these words are kept with the run.
    text = re.sub(r"\?\S+", "?...", " ".join(str(exception).split()))[:_MOST_CHARACTERS] or type(exception).__name__
    roots = (exception, getattr(response, "error", None))
    kinds = [kind for root in roots for cause in _causes(root) if (kind := _kind_of(cause))]
    if kinds:
        return kinds[0], text
    if not (status := getattr(response, "status_code", None) or 0):
        return "script", text
    return "wrong_status" if status >= 400 else "wrong_body", text


def _kind_of(cause: BaseException) -> str | None:
    kind = next((kind for known, kind in _KINDS.items() if isinstance(cause, known)), None)
    if kind == "malformed" and str(cause.args[0] if cause.args else "").startswith(_BROKEN_OFF):
        return "short_body"
    # Without a number it is an error of a library above the sockets, and what it means is in its causes.
    return "connect_failed" if kind is None and isinstance(cause, OSError) and cause.errno else kind


def _causes(error: Any) -> Iterator[BaseException]:
    """Yield an error and those that it was made of, in whichever way its library keeps them."""
    left, seen = [error], 0
    while left and seen < _MOST_CAUSES:
        cause = left.pop(0)
        if isinstance(cause, BaseException):
            seen += 1
            yield cause
            left += [getattr(cause, "original", None), *cause.args, cause.__cause__, cause.__context__]
