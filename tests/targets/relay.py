"""A relay in front of a database: delays each answer, and counts connections and questions from outside."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_PART = 1 << 16


@dataclass(slots=True)
class Relay:
    """What a relay has seen. A connection asks from the first byte of a question until an answer is passed on."""

    port: int = 0
    open: int = 0
    most_open: int = 0
    asking: int = 0
    most_asking: int = 0

    def forget(self) -> None:
        """Begin to look for the most anew."""
        self.most_open, self.most_asking = self.open, self.asking


class _Connection:
    """One connection through the relay: its client speaks to us, we to the server."""

    def __init__(self, relay: Relay, delay_s: float) -> None:
        self.relay = relay
        self.delay_s = delay_s
        self.asks = False

    def question(self) -> None:
        if not self.asks:
            self.asks = True
            self.relay.asking += 1
            self.relay.most_asking = max(self.relay.most_asking, self.relay.asking)

    def answered(self) -> None:
        if self.asks:
            self.asks = False
            self.relay.asking -= 1

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool) -> None:
        try:
            while part := await reader.read(_PART):
                if answers:
                    await asyncio.sleep(self.delay_s)
                    self.answered()
                else:
                    self.question()
                writer.write(part)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()


@contextmanager
def relaying(host: str, port: int, *, delay_s: float) -> Iterator[Relay]:
    """Run a relay to a server for the time of the block."""
    relay = Relay()
    loop = asyncio.new_event_loop()
    listening = threading.Event()
    stop = asyncio.Event()

    async def serve(client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        try:
            server, to_server = await asyncio.open_connection(host, port)
        except OSError:
            to_client.close()
            return
        connection = _Connection(relay, delay_s)
        relay.open += 1
        relay.most_open = max(relay.most_open, relay.open)
        try:
            await asyncio.gather(
                connection.carry(client, to_server, answers=False), connection.carry(server, to_client, answers=True)
            )
        finally:
            relay.open -= 1
            connection.answered()

    async def run() -> None:
        listener = await asyncio.start_server(serve, "127.0.0.1", 0)
        relay.port = listener.sockets[0].getsockname()[1]
        listening.set()
        await stop.wait()
        listener.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),), name="relay", daemon=True)
    thread.start()
    assert listening.wait(10)
    try:
        yield relay
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()
