"""A thread is lent to whole headers only."""

import socket
import unittest
from types import SimpleNamespace

from worker import LONGEST_HEADER_BYTES, header_is_whole


class Headers(unittest.TestCase):
    def setUp(self) -> None:
        self.client, server = socket.socketpair()
        self.addCleanup(self.client.close)
        self.addCleanup(server.close)
        self.connection = SimpleNamespace(sock=server, parser=None)

    def test_a_header_in_parts_waits_for_its_last(self) -> None:
        """Whole only with the empty line at its end, and all of it is left to read."""
        for part in (b"GET / HTTP/1.1\r\n", b"Host: x\r\n"):
            self.client.sendall(part)
            self.assertFalse(header_is_whole(self.connection))
        self.client.sendall(b"\r\n")

        self.assertTrue(header_is_whole(self.connection))
        self.assertEqual(self.connection.sock.recv(100), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")

    def test_a_client_that_is_gone_is_not_waited_for(self) -> None:
        """After the first half of a header, too."""
        self.client.sendall(b"GET / HTTP/1.1\r\n")
        self.assertFalse(header_is_whole(self.connection))
        self.client.close()

        self.assertTrue(header_is_whole(self.connection))

    def test_what_the_parser_has_read_ahead_counts(self) -> None:
        """The second of two requests began with the first."""
        unreader = SimpleNamespace(buf=SimpleNamespace(getvalue=lambda: b"GET / HTTP/1.1\r\nHost: x\r\n\r"))
        self.connection.parser = SimpleNamespace(unreader=unreader)
        self.assertFalse(header_is_whole(self.connection))
        self.client.sendall(b"\n")

        self.assertTrue(header_is_whole(self.connection))

    def test_a_header_without_end_is_cut_off(self) -> None:
        """The parser gets what is there, and the end."""
        self.client.setblocking(False)
        sent = b"x" * LONGEST_HEADER_BYTES
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * len(sent))
        self.client.sendall(sent)

        self.assertTrue(header_is_whole(self.connection))
        received = b"".join(iter(lambda: self.connection.sock.recv(LONGEST_HEADER_BYTES), b""))
        self.assertEqual(received, sent)
