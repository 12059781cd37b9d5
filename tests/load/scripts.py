"""Scripts for servers: how a connection is treated, in words that read well in a table."""

from collections.abc import Callable

from tests.load.servers import Caller, Script, answer_of


def answers(data: bytes, *, pieces: int = 1) -> Script:
    """Answer every request with these bytes."""

    def script(caller: Caller) -> None:
        while caller.request():
            caller.answer(data, pieces=pieces)

    return script


def ends_after(many: int, *, says_so: bool) -> Script:
    """Close each connection after so many answers, with a word in the last one or without."""

    def script(caller: Caller) -> None:
        for left in reversed(range(many)):
            caller.request()
            caller.answer(answer_of(close=says_so and left == 0))
        caller.close()

    return script


def breaks(act: Callable[[Caller], None], *, after: int = 0) -> Script:
    """Answer some requests of each connection rightly, and do something else with the next one."""

    def script(caller: Caller) -> None:
        for _ in range(after):
            caller.request()
            caller.answer(answer_of())
        caller.request()
        act(caller)

    return script


def sends_half_and(ends: Callable[[Caller], None]) -> Callable[[Caller], None]:
    """Send the begin of an answer, and then end the connection in some way."""

    def act(caller: Caller) -> None:
        caller.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        ends(caller)

    return act


def answers_early() -> Script:
    """Answer each request as soon as its first bytes have come, and read the rest of it a while later."""

    def script(caller: Caller) -> None:
        while True:
            caller.begin_of_request()
            caller.answer(answer_of())
            caller.wait(0.03)
            caller.request()

    return script
