"""The answer of one HTTP/2 stream, read from its frames as they come; its body is counted, and kept only on demand."""

from controller.load.wire.answer import MOST_KEPT_BYTES, Malformed
from controller.load.wire.fields import Head, answer_head

_BODILESS = frozenset({204, 304})


class Reply:
    """Reads one answer until `done`.

    keep says whether the body is kept in `body`, up to MOST_KEPT_BYTES; bodiless that the request asked for no body;
    size counts the bytes of its frames; untopped those of the body since its window was topped up. block is the head's.
    """

    __slots__ = ("_bodiless", "_kept", "block", "body_bytes", "done", "head", "keep", "size", "untopped")

    def __init__(self, *, keep: bool, bodiless: bool) -> None:
        self.keep = keep
        self.head: Head | None = None
        self.block = b""
        self.body_bytes = 0
        self.size = 0
        self.done = False
        self.untopped = 0
        self._bodiless = bodiless
        self._kept: list[bytes] = []

    @property
    def status(self) -> int:
        """The status of a whole answer."""
        assert self.head is not None
        assert self.head.status is not None
        return self.head.status

    @property
    def coding(self) -> str:
        """The coding of a whole answer's body: coding_of's value."""
        assert self.head is not None
        return self.head.coding

    @property
    def body(self) -> bytes | None:
        """The body; None where it was not kept, or not all of it."""
        return self.kept if self.keep and self.body_bytes <= MOST_KEPT_BYTES else None

    @property
    def kept(self) -> bytes:
        """As much of the body as was kept."""
        return b"".join(self._kept)

    def take_block(self, block: bytes, *, ended: bool) -> None:
        """Take the next header block: an interim head, the head, or trailers. Raises Malformed, BrokenProtocol."""
        head = answer_head(block)
        if self.head is not None:
            if head.status is not None or not ended:
                raise Malformed("a second head after that of the answer")
        elif head.status is None:
            raise Malformed("a head without :status")
        elif head.status < 200:
            if ended:
                raise Malformed(f"an answer that ends with the interim status {head.status}")
            return
        else:
            self.head, self.block = head, block
        if ended:
            self._finish()

    def take_data(self, data: bytes, *, ended: bool) -> None:
        """Take the next bytes of the body. Raises Malformed."""
        if self.head is None:
            raise Malformed("a body before its head")
        if self.keep and self.body_bytes < MOST_KEPT_BYTES:
            self._kept.append(data)
        self.body_bytes += len(data)
        if self.body_bytes and (self._bodiless or self.head.status in _BODILESS):
            raise Malformed(f"a body in an answer that has none (status {self.head.status})")
        if ended:
            self._finish()

    def _finish(self) -> None:
        assert self.head is not None
        announced = self.head.body_bytes
        has_body = not self._bodiless and self.head.status not in _BODILESS
        if has_body and announced is not None and announced != self.body_bytes:
            raise Malformed(f"content-length {announced}, and a body of {self.body_bytes} bytes")
        self.done = True
