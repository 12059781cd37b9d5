"""A connection through the relay: two sockets, and a way between them in either direction."""

import socket


class Way:
    """One direction of a connection, from a source to a sink.

    in_hand counts bytes that were read and are not sent yet: held back, or in unsent, which the sink did not take.
    reads says whether the source may have more, ended that it has not and that the sink is to hear of it.
    """

    __slots__ = ("delayed", "ended", "in_hand", "pair", "reads", "sink", "source", "unsent")

    def __init__(self, pair: "Pair", *, source: socket.socket, sink: socket.socket, delayed: bool) -> None:
        self.pair = pair
        self.source = source
        self.sink = sink
        self.delayed = delayed
        self.unsent = bytearray()
        self.in_hand = 0
        self.reads = True
        self.ended = False


class Pair:
    """A client's connection, and ours to the server for it; asks while an answer is under way."""

    __slots__ = ("answers", "asks", "client", "closed", "connected", "questions", "server")

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client = client
        self.server = server
        self.questions = Way(self, source=client, sink=server, delayed=False)
        self.answers = Way(self, source=server, sink=client, delayed=True)
        self.connected = False
        self.asks = False
        self.closed = False
