"""How many connections of a relay are open and wait for an answer: counted by it, read by whoever has the file."""

import mmap
import struct
from pathlib import Path
from typing import Final

# Whole numbers of this machine: open connections, and those among them that wait for an answer.
_LAYOUT: Final = struct.Struct("=qq")
NOTHING_YET: Final = bytes(_LAYOUT.size)

# Where a packet of MySQL's protocol has its command, and the commands that no server answers: COM_QUIT,
# COM_STMT_SEND_LONG_DATA and COM_STMT_CLOSE. Source: MariaDB, "Client/Server Protocol".
_HEAD_BYTES: Final = 4
_UNANSWERED: Final = b"\x01\x18\x19"


class Counts:
    """Counts of a relay, in a file that a reader finds whole at any time."""

    def __init__(self, file: Path) -> None:
        """Count in a file that begins with NOTHING_YET."""
        with file.open("r+b") as opened:
            self._shared = mmap.mmap(opened.fileno(), _LAYOUT.size)
        self.open = 0
        self.asking = 0

    def add(self, *, opened: int = 0, asking: int = 0) -> None:
        """Count so many more, or less, that are open and that wait for an answer."""
        self.open += opened
        self.asking += asking
        _LAYOUT.pack_into(self._shared, 0, self.open, self.asking)


def asking_now(file: Path) -> int | None:
    """Return how many connections wait for an answer; None where there is no such file."""
    try:
        _, asking = _LAYOUT.unpack(file.read_bytes())
    except (OSError, struct.error):
        return None
    return int(asking)


def wants_answer(part: bytes) -> bool:
    """Whether a server answers what a client sent while it waited for nothing; so it begins with a packet."""
    begin = 0
    while len(part) > begin + _HEAD_BYTES and part[begin + _HEAD_BYTES] in _UNANSWERED:
        begin += _HEAD_BYTES + int.from_bytes(part[begin : begin + 3], "little")
    return len(part) > begin
