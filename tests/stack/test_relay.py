"""The relay that delays answers: each by as much, in order, to the byte, however connections end."""

import resource
import selectors
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.stack.relay_counts import wants_answer
from controller.stack.relay_process import MOST_IN_HAND
from tests.stack.programs import until
from tests.stack.relayed import Relayed, echo, exactly, received, relaying, served, took_s

DELAY_MS = 20
DELAY_S = DELAY_MS / 1000
QUESTION = b"\x01\x00\x00\x00\x03"
# A socket that is closed with this set sends a reset.
NO_LINGER = struct.pack("ii", 1, 0)
# COM_QUIT, COM_STMT_SEND_LONG_DATA, COM_STMT_CLOSE; COM_QUERY, COM_PING, COM_STMT_PREPARE, COM_STMT_EXECUTE.
SILENT, SPOKEN = [1, 24, 25], [3, 14, 22, 23]


@pytest.fixture
def relayed(tmp_path: Path) -> Iterator[Relayed]:
    """Have a server that sends everything back, behind a relay."""
    with served(echo) as port, relaying(port, delay_ms=DELAY_MS, folder=tmp_path) as relay:
        yield relay


def asked(line: socket.socket) -> float:
    """Ask once and return how long the answer took, in seconds."""
    return took_s(lambda: (line.sendall(QUESTION), exactly(line, len(QUESTION))))


def test_each_answer_takes_the_delay_longer(relayed: Relayed) -> None:
    """In sequence delays add up, none is cut short, and the quickest answer shows how little else is added."""
    with relayed.connect() as line:
        took = [asked(line) for _ in range(20)]

    assert min(took) >= DELAY_S
    assert min(took) < 1.25 * DELAY_S


def test_answers_side_by_side_wait_together(relayed: Relayed) -> None:
    """Fifty connections that ask at once have their answers after one delay, not after fifty."""
    with ExitStack() as stack:
        lines = [stack.enter_context(relayed.connect()) for _ in range(50)]
        for line in lines:
            asked(line)
        took = took_s(lambda: [line.sendall(QUESTION) for line in lines] and [exactly(line, 5) for line in lines])

    assert DELAY_S <= took < 50 * DELAY_S / 4


def test_parts_of_one_answer_do_not_add_up(tmp_path: Path) -> None:
    """Parts that come one after the other are each passed on after one delay, in their order."""
    parts = [b"%04d" % number for number in range(50)]

    def speak(line: socket.socket) -> None:
        for part in parts:
            line.sendall(part)
            time.sleep(0.002)

    with served(speak) as port, relaying(port, delay_ms=200, folder=tmp_path) as relay, relay.connect() as line:
        began_s = time.monotonic()
        assert exactly(line, 4) == parts[0]
        first_s = time.monotonic() - began_s
        assert received(line) == b"".join(parts[1:])

    assert first_s >= 0.2
    assert time.monotonic() - began_s < 10 * 0.2


def test_every_byte_arrives_as_it_was_sent(relayed: Relayed) -> None:
    """Megabytes in both directions at once, on several connections, come back unchanged."""

    def exchange(seed: int) -> None:
        sent = Random(seed).randbytes(6 << 20)
        with relayed.connect() as line:
            sender = threading.Thread(target=lambda: (line.sendall(sent), line.shutdown(socket.SHUT_WR)))
            sender.start()
            back[seed] = received(line) == sent
            sender.join()

    back: dict[int, bool] = {}
    exchanges = [threading.Thread(target=exchange, args=(seed,)) for seed in range(3)]
    for one in exchanges:
        one.start()
    for one in exchanges:
        one.join()

    assert back == {0: True, 1: True, 2: True}


def test_who_does_not_read_holds_up_the_sender(tmp_path: Path) -> None:
    """A relay keeps a bounded part of what a client does not take; once it reads, it gets everything."""
    block, blocks, sent = bytes(1 << 20), 200, [0]

    def flood(line: socket.socket) -> None:
        for _ in range(blocks):
            line.sendall(block)
            sent[0] += 1

    with served(flood) as port, relaying(port, delay_ms=DELAY_MS, folder=tmp_path) as relay, relay.connect() as line:
        until(partial(_stands_still, sent))
        rss_bytes = int(Path(f"/proc/{relay.process.pid}/statm").read_text().split()[1]) * resource.getpagesize()
        # What two pairs of sockets hold beside it is the kernel's to say.
        assert 0 < sent[0] < blocks / 2
        assert rss_bytes < 64 << 20
        assert MOST_IN_HAND < 64 << 20
        assert sum(map(len, iter(lambda: line.recv(1 << 20), b""))) == blocks * len(block)


def _stands_still(sent: list[int]) -> bool:
    before = sent[0]
    time.sleep(0.5)
    return before == sent[0] > 0


def test_the_end_of_one_direction_is_passed_on(tmp_path: Path) -> None:
    """A server that answers once its client has ended gets to; the client then hears the server's end, as late."""

    def answer_at_end(line: socket.socket) -> None:
        line.sendall(received(line)[::-1])

    with (
        served(answer_at_end) as port,
        relaying(port, delay_ms=DELAY_MS, folder=tmp_path) as relay,
        relay.connect() as line,
    ):
        line.sendall(b"abc")
        began_s = time.monotonic()
        line.shutdown(socket.SHUT_WR)
        assert received(line) == b"cba"
        assert time.monotonic() - began_s >= DELAY_S


def test_a_server_that_goes_sends_what_it_had_said(tmp_path: Path) -> None:
    """What came before a server's reset still arrives, after its delay; then the client is reset too."""

    def speak_and_reset(line: socket.socket) -> None:
        line.sendall(b"last words")
        time.sleep(0.1)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)

    with (
        served(speak_and_reset) as port,
        relaying(port, delay_ms=300, folder=tmp_path) as relay,
        relay.connect() as line,
    ):
        assert exactly(line, 10) == b"last words"
        with pytest.raises(ConnectionResetError):
            line.recv(1)


def test_a_client_that_goes_takes_its_connection_with_it(tmp_path: Path) -> None:
    """A client's reset reaches the server at once, with an answer under way too, and nothing of it is counted on."""
    how: list[str] = []

    def wait(line: socket.socket) -> None:
        line.sendall(line.recv(100))
        try:
            how.append(f"read {line.recv(100)!r}")
        except ConnectionResetError:
            how.append("reset")

    with served(wait) as port, relaying(port, delay_ms=60_000, folder=tmp_path) as relay:
        until(lambda: len(how) == 1)
        line = relay.connect()
        line.sendall(QUESTION)
        until(lambda: relay.asking == 1)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        line.close()
        until(lambda: len(how) == 2)
        until(lambda: relay.asking == 0)

    assert how == ["read b''", "reset"]


def test_without_a_server_nobody_waits(tmp_path: Path) -> None:
    """Where nobody listens behind it, a client is reset instead of left alone."""
    with served(echo) as port:
        pass
    with (
        relaying(port, delay_ms=DELAY_MS, folder=tmp_path) as relay,
        relay.connect() as line,
        pytest.raises(ConnectionResetError),
    ):
        line.recv(1)


@contextmanager
def many_files() -> Iterator[None]:
    """Allow this process as many open files as it can have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_thousands_of_connections_are_served(tmp_path: Path) -> None:
    """Two thousand connections are open at once; all that ask wait, are counted, and get their answers."""
    count = 2000
    with many_files(), echoing() as port, relaying(port, delay_ms=2000, folder=tmp_path) as relay, ExitStack() as stack:
        lines = [stack.enter_context(relay.connect()) for _ in range(count)]
        for line in lines:
            line.sendall(QUESTION)
        until(lambda: relay.asking == count)
        assert [exactly(line, len(QUESTION)) for line in lines] == [QUESTION] * count
        assert relay.asking == 0


@contextmanager
def echoing() -> Iterator[int]:
    """Have a server of one thread that sends everything back; yields its port."""
    ending, selector = threading.Event(), selectors.DefaultSelector()

    def serve() -> None:
        while not ending.is_set():
            for key, _ in selector.select(0.1):
                if key.fileobj is listener:
                    selector.register(listener.accept()[0], selectors.EVENT_READ)
                elif part := key.fileobj.recv(1 << 16):  # type: ignore[union-attr]
                    key.fileobj.sendall(part)  # type: ignore[union-attr]
                else:
                    selector.unregister(key.fileobj)
                    key.fileobj.close()  # type: ignore[union-attr]

    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        selector.register(listener, selectors.EVENT_READ)
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            ending.set()
            thread.join()
            selector.close()


def test_it_rests_while_nothing_comes(relayed: Relayed) -> None:
    """Open connections, half closed ones too, cost nothing while nobody says anything."""
    with relayed.connect() as line, relayed.connect() as half:
        asked(line)
        half.shutdown(socket.SHUT_WR)
        assert received(half) == b""
        before_s = relayed.cpu_s()
        time.sleep(1)
        assert relayed.cpu_s() - before_s < 0.05


def packet(command: int, size: int) -> bytes:
    """Return a packet of MySQL's protocol: its length, its number, a command and what belongs to that."""
    return size.to_bytes(3, "little") + b"\0" + bytes([command]) + bytes(size - 1)


@given(
    st.lists(st.tuples(st.sampled_from(SILENT), st.integers(1, 300))),
    st.none() | st.tuples(st.sampled_from(SPOKEN), st.integers(1, 300)),
)
def test_only_what_is_answered_is_waited_for(silent: list[tuple[int, int]], spoken: tuple[int, int] | None) -> None:
    """Whatever commands without an answer come before it, a question is one; without it nobody waits."""
    sent = b"".join(packet(*one) for one in silent) + (packet(*spoken) if spoken else b"")

    assert wants_answer(sent) == (spoken is not None)
