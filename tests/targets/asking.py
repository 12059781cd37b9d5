"""Questions that many put to a target at the same time."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from controller.stack.exchange import Answer, Client, NoAnswerError

WITHIN_S = 20.0


def ask(url: str, path: str) -> Answer:
    """Ask once, on a connection of its own."""
    with Client(url, within_s=WITHIN_S) as client:
        return client.ask(path)


def ask_together(url: str, path: str, *, times: int) -> list[Answer]:
    """Ask so many times at once, each on its own connection."""
    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(lambda _: ask(url, path), range(times)))


def ask_for(url: str, path: str, *, in_flight: int, seconds: float) -> list[int]:
    """Ask again and again for a while, so many at once; return the status of every answer."""
    until_s = time.monotonic() + seconds

    def keep_asking(_: int) -> list[int]:
        statuses = []
        with Client(url, within_s=WITHIN_S) as client:
            while time.monotonic() < until_s:
                statuses.append(client.ask(path).status)
        return statuses

    with ThreadPoolExecutor(in_flight) as pool:
        return [status for statuses in pool.map(keep_asking, range(in_flight)) for status in statuses]


def seconds_until(right: Callable[[], bool], *, within_s: float) -> float | None:
    """Return after how long something is so, None when it is not in time."""
    began_s = time.monotonic()
    while (waited_s := time.monotonic() - began_s) < within_s:
        try:
            if right():
                return waited_s
        except NoAnswerError:
            pass
        time.sleep(0.05)
    return None
