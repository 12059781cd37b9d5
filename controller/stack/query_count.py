"""How many connections of a database are in a query, asked of the database itself through a client that stays."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

# Of this account, which is the targets' too; a connection that waits for a question sleeps.
_QUESTION: Final = (
    b"SELECT COUNT(*) FROM information_schema.processlist"
    b" WHERE command IN ('Query', 'Execute') AND id <> CONNECTION_ID();\n"
)
_ENDS_WITHIN_S = 3.0


class QueryCount:
    """A client process that is asked at each look and read at the next one: nobody ever waits for an answer.

    So a count is as old as the look before; looks come each second. The client begins with the first look and ends
    with its input, also where the controller is killed.
    """

    def __init__(self, argv: Sequence[str], *, env: Mapping[str, str], cwd: Path) -> None:
        """Prepare to ask through a client that reads statements and writes a line for each answer."""
        self._argv = tuple(argv)
        self._env = dict(env)
        self._cwd = cwd
        self._client: subprocess.Popen[bytes] | None = None
        self._waiting = False
        self._unread = b""

    def look(self) -> int | None:
        """Return how many were in a query when this was asked last, and ask anew; None where no answer has come."""
        if self._client is None:
            self._client = self._started()
        client = self._client
        assert client.stdin is not None
        assert client.stdout is not None
        answer = self._answer(client.stdout.fileno())
        if not self._waiting:
            # One that is gone does not answer; its database is started anew, with another client.
            with suppress(BrokenPipeError):
                os.write(client.stdin.fileno(), _QUESTION)
                self._waiting = True
        return answer

    def close(self) -> None:
        """End the client; a second call does nothing."""
        if self._client is None:
            return
        client, self._client = self._client, None
        with client:
            assert client.stdin is not None
            client.stdin.close()
            try:
                client.wait(_ENDS_WITHIN_S)
            except subprocess.TimeoutExpired:
                client.kill()
        self._waiting = False

    def _started(self) -> "subprocess.Popen[bytes]":
        client = subprocess.Popen(
            self._argv,
            env=self._env,
            cwd=self._cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
        assert client.stdout is not None
        os.set_blocking(client.stdout.fileno(), False)
        return client

    def _answer(self, descriptor: int) -> int | None:
        with suppress(BlockingIOError):
            self._unread += os.read(descriptor, 4096)
        line, newline, self._unread = self._unread.partition(b"\n")
        if not newline:
            self._unread = line
            return None
        self._waiting = False
        return int(line)
