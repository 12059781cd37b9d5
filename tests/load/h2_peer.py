"""An HTTP/2 server of the h2 package, which knows nothing of FastServe's code: one connection, without a socket."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    PingAckReceived,
    RequestReceived,
    SettingsAcknowledged,
    StreamEnded,
    StreamReset,
)
from h2.settings import Settings


@dataclass(slots=True)
class Request:
    """A request as the server has it so far."""

    stream: int
    headers: dict[str, str]
    body: bytes = b""


@dataclass(slots=True)
class H2Peer:
    """The server's side of one connection.

    whole holds the requests that came whole and wait to be answered, in order, begun the others; resets the streams
    that the client gave up; pongs counts answered pings; settled says whether all settings were acknowledged: the h2
    package takes one acknowledgement for all of them.
    """

    settings: dict[int, int] = field(default_factory=dict)
    asks_for_windows: bool = True
    whole: list[Request] = field(default_factory=list)
    resets: list[tuple[int, int]] = field(default_factory=list)
    pongs: int = 0
    settled: bool = False
    taken_leave: int | None = None
    h2: H2Connection = field(init=False)
    begun: dict[int, Request] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        values = dict(Settings(client=False))
        self.h2.local_settings = Settings(client=False, initial_values={**values, **self.settings})
        self.h2.initiate_connection()

    def receive(self, data: bytes) -> None:
        """Take what the client sent. Raises h2's errors for what breaks the protocol."""
        for event in self.h2.receive_data(data):
            if isinstance(event, RequestReceived):
                self.begun[event.stream_id] = Request(event.stream_id, dict(event.headers))
            elif isinstance(event, DataReceived):
                self.begun[event.stream_id].body += event.data
                if self.asks_for_windows:
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, StreamEnded):
                self.whole.append(self.begun.pop(event.stream_id))
            elif isinstance(event, StreamReset):
                self.resets.append((event.stream_id, int(event.error_code)))
            elif isinstance(event, SettingsAcknowledged):
                self.settled = True
            elif isinstance(event, PingAckReceived):
                self.pongs += 1
            elif isinstance(event, ConnectionTerminated):
                self.taken_leave = int(event.error_code)

    def to_send(self) -> bytes:
        """Return what the client is to be sent."""
        return self.h2.data_to_send()

    def answer(
        self,
        stream: int,
        body: bytes = b"ok",
        *,
        status: int = 200,
        fields: tuple[tuple[str, str], ...] = (),
        pieces: int = 1,
        padding: int | None = None,
        ends_apart: bool = False,
        interim: bool = False,
        trailers: bool = False,
    ) -> None:
        """Answer whole, in as many DATA frames as told; ends_apart sends an empty frame to end with."""
        h2 = self.h2
        if interim:
            h2.send_headers(stream, [(":status", "103"), ("link", "<a>")])
        length = () if any(name == "content-length" for name, _ in fields) else (("content-length", str(len(body))),)
        h2.send_headers(stream, [(":status", str(status)), *fields, *length], end_stream=not body and not trailers)
        parts = list(_cut(body, pieces))
        for index, part in enumerate(parts):
            last = index == len(parts) - 1 and not ends_apart and not trailers
            h2.send_data(stream, part, end_stream=last, pad_length=padding)
        if trailers:
            h2.send_headers(stream, [("x-sum", "1")], end_stream=True)
        elif ends_apart and body:
            h2.end_stream(stream)


def _cut(body: bytes, pieces: int) -> Iterator[bytes]:
    size = max(1, -(-len(body) // pieces))
    return (body[at : at + size] for at in range(0, len(body), size))


def raw_frame(kind: int, payload: bytes = b"", *, flags: int = 0, stream: int = 0) -> bytes:
    """Return any frame, also one that the h2 package would not send."""
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def goodbye(last: int, code: int = 0) -> bytes:
    """Return a GOAWAY frame after which more may be sent."""
    return raw_frame(7, last.to_bytes(4, "big") + code.to_bytes(4, "big"))
