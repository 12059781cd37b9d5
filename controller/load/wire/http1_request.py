"""Requests written as HTTP/1.1 has them."""

from collections.abc import Callable
from urllib.parse import urlsplit

from controller.load.job import Job, JobRequest
from controller.load.wire.ask import Written
from controller.plan.scenario import headers_with

# Methods whose requests say that they have no body.
_SAY_NO_BODY = ("POST", "PUT", "PATCH")


def http1_writer(job: Job, request: JobRequest) -> Callable[[str, str], Written]:
    """Return what gives the bytes of one kind of request, from its path and its body with their places filled.

    Keep-alive is asked for in so many words, since some servers need it.
    """
    fields = {"Host": urlsplit(job.url).netloc, "Connection": "keep-alive" if job.keepalive else "close"}
    given = {name.lower() for name, _ in job.headers}
    own = [(name, value) for name, value in fields.items() if name.lower() not in given]
    lines = [f"{name}: {value}\r\n" for name, value in (*own, *headers_with(job.headers, request.body))]
    method, rest = request.method, f" HTTP/1.1\r\n{''.join(lines)}"
    if request.body is None and method not in _SAY_NO_BODY:
        return lambda path, _body: Written(f"{method} {path}{rest}\r\n".encode("latin-1"))

    def written(path: str, body: str) -> Written:
        content = body.encode()
        return Written(f"{method} {path}{rest}Content-Length: {len(content)}\r\n\r\n".encode("latin-1") + content)

    return written
