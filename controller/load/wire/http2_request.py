"""Requests written as HTTP/2 has them."""

from collections.abc import Callable
from urllib.parse import urlsplit

from controller.load.job import Job, JobRequest
from controller.load.wire.ask import Written
from controller.load.wire.fields import request_block
from controller.load.wire.frames import header_parts
from controller.plan.scenario import headers_with


def http2_writer(job: Job, request: JobRequest) -> Callable[[str, str], Written]:
    """Return what gives one kind of request, from its path and its body with their places filled.

    A header Host takes the place of the authority. Raises LoadError for a header that only HTTP/1.1 knows.
    """
    url = urlsplit(job.url)
    given = [(name.lower(), value) for name, value in headers_with(job.headers, request.body)]
    authority = next((value for name, value in given if name == "host"), url.netloc)
    # All but the path, which may differ from one request to the next.
    before = request_block([(":method", request.method), (":scheme", url.scheme), (":authority", authority)])
    after = request_block([field for field in given if field[0] != "host"])

    def written(path: str, body: str) -> Written:
        content = body.encode()
        length = [] if request.body is None else [("content-length", str(len(content)))]
        block = before + request_block([(":path", path)]) + after + request_block(length)
        return Written(block, header_parts(block, ended=not content), content)

    return written
