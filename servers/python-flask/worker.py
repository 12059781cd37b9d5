"""A thread worker of gunicorn that lends a thread to a request only once its header is here."""

import socket
import time
from functools import partial
from selectors import EVENT_READ

from gunicorn.workers.gthread import TConn, ThreadWorker

HEADER_END = b"\r\n\r\n"
# gunicorn would wait for the end of up to 800 KB.
LONGEST_HEADER_BYTES = 65536


class Worker(ThreadWorker):
    """Waits for headers in the poller; gunicorn's own worker reads them in a thread, so 32 halves stop all others.

    A proxy in front that sends on whole requests alone would do the same. The bytes stay in the kernel until the
    parser takes them, as it always does.
    """

    def enqueue_req(self, conn: TConn) -> None:
        """Submit a connection to the threads if it has a whole header, and let the poller watch it otherwise."""
        if header_is_whole(conn):
            # gunicorn would wait for the first bytes once more, in the thread.
            conn.data_ready = True
            super().enqueue_req(conn)
            return
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + self.cfg.keepalive
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_pending_socket_readable, conn))


def header_is_whole(conn: TConn) -> bool:
    """Tell whether a thread can go on with a connection without waiting; else it gets readable by more bytes only."""
    seen = getattr(conn, "seen_bytes", 0)
    try:
        here = conn.sock.recv(LONGEST_HEADER_BYTES, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True
    # Of two requests sent at once, the parser holds the beginning of the second.
    read_ahead = conn.parser.unreader.buf.getvalue() if conn.parser else b""
    # Readable without more bytes: the client has closed its side.
    whole = HEADER_END in read_ahead + here or len(here) <= seen
    if not whole and len(here) == LONGEST_HEADER_BYTES:
        # The parser finds that nothing follows, and the connection is closed.
        conn.sock.shutdown(socket.SHUT_RD)
        whole = True
    if whole and not seen:
        return True
    conn.seen_bytes = 0 if whole else len(here)
    conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, conn.seen_bytes + 1)
    return whole
