"""Independent readers of HTTP/1.1 answers, h11 and httptools (Node's llhttp), and where their verdicts are not ours."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import h11
import httptools

from tests.load.answer_maker import Case
from tests.load.answers import Reading, Verdict


def read_by_h11(case: Case) -> Reading:
    """Return what h11 makes of bytes and the close after them."""
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="HEAD" if case.bodiless else "GET", target="/", headers=[("Host", "x")]))
    client.send(h11.EndOfMessage())
    client.receive_data(case.data)
    status, body, closed = 0, b"", False
    while True:
        try:
            event = client.next_event()
        except h11.RemoteProtocolError:
            # After the close it only says that the answer is not whole.
            return Reading(malformed=not closed)
        if event is h11.NEED_DATA:
            client.receive_data(b"")
            closed = True
        elif isinstance(event, h11.Response):
            status = event.status_code
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            keep_alive = not closed and client.their_state is h11.DONE
            verdict = Verdict(status, body, keep_alive, client.trailing_data[0])
            return Reading(done=not closed, closed_whole=True, verdict=verdict)


class _Heard:
    """What httptools says of one message."""

    def __init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.body = b""
        self.keep_alive: bool | None = None
        # Whether the head is whole and gives no length: then only the close ends the message.
        self.ends_with_close = False
        self._framing: dict[bytes, bytes] = {}

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field."""
        if name.lower() in (b"content-length", b"transfer-encoding"):
            self._framing[name.lower()] = value.strip().lower()

    def on_headers_complete(self) -> None:
        """Take the end of the head."""
        coding = self._framing.get(b"transfer-encoding", b"")
        self.ends_with_close = b"content-length" not in self._framing and not coding.endswith(b"chunked")

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self.body += body

    def on_message_complete(self) -> None:
        """Take the end; whether the connection is kept is known only now."""
        self.keep_alive = self.parser.should_keep_alive()


def read_by_httptools(case: Case) -> Reading:
    """Return what httptools makes of bytes and the close after them; it cannot be told that the request was HEAD.

    It is fed byte by byte, since it does not say where a message ended.
    """
    heard = _Heard()
    for at in range(len(case.data)):
        try:
            heard.parser.feed_data(case.data[at : at + 1])
        except httptools.HttpParserError:
            return Reading(malformed=True)
        if heard.keep_alive is None:
            continue
        status = heard.parser.get_status_code()
        if not 100 <= status < 200:
            verdict = Verdict(status, heard.body, heard.keep_alive, case.data[at + 1 :])
            return Reading(done=True, closed_whole=True, verdict=verdict)
        heard = _Heard()
    if heard.ends_with_close:
        return Reading(closed_whole=True, verdict=Verdict(heard.parser.get_status_code(), heard.body, False))
    return Reading()


ORACLES: dict[str, Callable[[Case], Reading]] = {"h11": read_by_h11, "httptools": read_by_httptools}


def _refuses(ours: Reading, other: Reading) -> bool:
    return ours.verdict is None


def _takes(ours: Reading, other: Reading) -> bool:
    return other.verdict is None


def _keeps(ours: Reading, other: Reading) -> bool:
    return ours == _with_keep_alive(other, True) != other


def _closes(ours: Reading, other: Reading) -> bool:
    return ours == _with_keep_alive(other, False) != other


def _frames(ours: Reading, other: Reading) -> bool:
    return ours.done and other.verdict is not None and not other.done


def _with_keep_alive(reading: Reading, keep_alive: bool) -> Reading:
    verdict = reading.verdict
    return reading if verdict is None else replace(reading, verdict=replace(verdict, keep_alive=keep_alive))


@dataclass(frozen=True, slots=True)
class Difference:
    """Where another reader's verdict is not ours: what ours does, why that is right, and how such bytes look."""

    readers: frozenset[str]
    does: Callable[[Reading, Reading], bool]
    what: str
    source: str
    looks: str

    def explains(self, reader: str, case: Case, ours: Reading, other: Reading) -> bool:
        """Whether this is such a case."""
        seen = re.search(self.looks.encode("latin-1"), case.data, re.IGNORECASE | re.DOTALL)
        return reader in self.readers and seen is not None and self.does(ours, other)


H11, HTTPTOOLS, BOTH = frozenset({"h11"}), frozenset({"httptools"}), frozenset(ORACLES)
H11, HTTPTOOLS, BOTH = frozenset({"h11"}), frozenset({"httptools"}), frozenset(ORACLES)
# What other codings than chunked alone look like, and a list whose last element is empty.
CODED = r"\ntransfer-encoding:(?![ \t]*chunked[ \t]*\r)"
EMPTY_ELEMENT = r"\ntransfer-encoding:[^\r\n]*,[ \t]*\r"
LATE_FIELD = r"\n0+\r\n.*(transfer-encoding|connection):"
LONG_NUMBER = r"[0-9a-f]{16}"
TWO_FRAMINGS = r"\n(content-length|transfer-encoding):.*\n(?!\1)(content-length|transfer-encoding):"
CONTROL = r":[^\r\n]*[\1-\x08\x0b-\x1f\x7f]"
DIFFERENCES = (
    Difference(H11, _keeps, "HTTP/1.0 where it says so", "RFC 9112, 9.3", r"HTTP/1\.0 .*keep-alive"),
    Difference(H11, _takes, "other codings, to the close", "RFC 9112, 6.3", CODED),
    Difference(
        H11,
        _takes,
        "any reason, which is to be ignored",
        "RFC 9112, 4",
        r"1\.[01] \d{3} [^\r\n]*[\0-\x08\x0b\x0c\x0e-\x1f]",
    ),
    Difference(H11, _takes, "a vertical tab or a form feed in a value", "RFC 9110, 5.5", r":[^\r\n]*[\x0b\x0c]"),
    Difference(H11, _takes, "any length in a trailer", "RFC 9110, 6.5.1", r"\n0+\r\n.*content-length:"),
    Difference(H11, _refuses, "lines without a carriage return", "RFC 9112, 2.2", r"(?<!\r)\n"),
    Difference(H11, _refuses, "folded lines", "RFC 9112, 5.2", r"\n[ \t]"),
    Difference(H11, _refuses, "a length beside a coding", "RFC 9112, 6.3", TWO_FRAMINGS),
    Difference(BOTH, _refuses, "HTTP/2 and later in words", "RFC 9112, 2.3", r"HTTP/(?!1\.[01] )"),
    Difference(BOTH, _refuses, "numbers longer than any machine needs", "RFC 9112, 7.1", LONG_NUMBER),
    Difference(HTTPTOOLS, _frames, "by lists without their empty elements", "RFC 9110, 5.6.1", EMPTY_ELEMENT),
    Difference(HTTPTOOLS, _takes, "a tab after a value", "RFC 9110, 5.6.3", r"chunked *\t"),
    Difference(HTTPTOOLS, _takes, "control bytes in a value", "RFC 9110, 5.5", CONTROL),
    Difference(BOTH, _takes, "any extension of a chunk", "RFC 9112, 7.1.1", r"\n[0-9a-f]+[ \t]*;"),
    Difference(HTTPTOOLS, _takes, "a length said twice alike", "RFC 9110, 8.6", r"content-length.*content-length"),
    Difference(HTTPTOOLS, _keeps, "whatever trailers say of framing", "RFC 9110, 6.5.1", LATE_FIELD),
    Difference(HTTPTOOLS, _closes, "HTTP/1.0 with a coding", "RFC 9112, 6.1", r"HTTP/1\.0 .*transfer-encoding:"),
)


def problems(case: Case, ours: Reading) -> list[str]:
    """Return which readers say otherwise without a reason that is listed.

    Where they disagree about whether bytes are an answer at all, ours may be with the one that refuses them.
    """
    others = {name: oracle(case) for name, oracle in ORACLES.items() if not (case.bodiless and name == "httptools")}
    refused = ours.verdict is None and any(other.verdict is None for other in others.values())
    return [
        f"of {case}\n  {name} reads {other}\n  ours  {ours}"
        for name, other in others.items()
        if (other.verdict, other.done) != (ours.verdict, ours.done) and not refused
        if not any(difference.explains(name, case, ours, other) for difference in DIFFERENCES)
    ]
