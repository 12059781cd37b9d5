"""FastServe's own relay in front of a database, in a thread, with the most that it has seen at once."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from controller.stack.relay_counts import NOTHING_YET, Counts
from controller.stack.relay_process import Relay
from tests.stack.programs import until


class MostCounts(Counts):
    """Counts of a relay that keep their greatest values; port is where it listens."""

    def __init__(self, file: Path, *, port: int) -> None:
        """Count as the product does, and begin to look for the most."""
        super().__init__(file)
        self.port = port
        self.most_open = 0
        self.most_asking = 0

    def forget(self) -> None:
        """Begin anew to look for the most."""
        self.most_open, self.most_asking = self.open, self.asking

    def add(self, *, opened: int = 0, asking: int = 0) -> None:
        """Count, and keep what is more than ever before."""
        super().add(opened=opened, asking=asking)
        self.most_open = max(self.most_open, self.open)
        self.most_asking = max(self.most_asking, self.asking)


@contextmanager
def relaying(port: int, *, delay_ms: int, folder: Path) -> Iterator[MostCounts]:
    """Run a relay to a server on this machine for the time of the block; its connections end before it does."""
    file = folder / "counts"
    file.write_bytes(NOTHING_YET)
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:
        counts = MostCounts(file, port=listener.getsockname()[1])
        relay, ending = Relay(listener, port, delay_ms=delay_ms, counts=counts), threading.Event()

        def serve() -> None:
            while not ending.is_set():
                relay.turn()

        thread = threading.Thread(target=serve, name="relay", daemon=True)
        thread.start()
        try:
            yield counts
        finally:
            until(lambda: counts.open == 0)
            ending.set()
            # It waits for something to do.
            socket.create_connection(("127.0.0.1", counts.port)).close()
            thread.join()
