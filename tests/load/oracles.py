"""Independent readers of HTTP/1.1 answers, in our words: h11 and httptools (Node's llhttp)."""

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
