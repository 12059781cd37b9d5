"""HTTP servers that nobody wrote for load tests, Node's and Go's, each with a few routes around it that count.

On its standard output a peer says its ports by scheme, then, for each line of input, how many requests each of its
connections carried, in the order of their coming.
"""

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.load.certificates import certificate_file
from tests.needs import require

HERE = Path(__file__).parent
BIG_BYTES = 100_000


class Peer:
    """A running peer; it closes each connection after so many requests."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        ports: Mapping[str, int] = json.loads(self._line())
        self.urls = {scheme: f"{scheme}://127.0.0.1:{port}" for scheme, port in ports.items()}

    def counts(self) -> list[int]:
        """Return how many requests each connection carried so far."""
        assert self._process.stdin is not None
        self._process.stdin.write("count\n")
        self._process.stdin.flush()
        found: list[int] = json.loads(self._line())
        return found

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the peer has ended"
        return line


@contextmanager
def run_peer(name: str, folder: Path, *, most_requests: int) -> Iterator[Peer]:
    """Run a peer for the time of the block; what it needs is made in the folder."""
    command = {"node": _node, "go": _go}[name](folder)
    certificate = certificate_file(folder / "certificate.pem")
    arguments = [*command, str(certificate), str(most_requests)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Peer(process)
        finally:
            process.kill()


def _node(folder: Path) -> list[str]:
    require("node")
    return ["node", str(HERE / "node.mjs")]


def _go(folder: Path) -> list[str]:
    require("go")
    built = folder / "net_http"
    subprocess.run(["go", "build", "-o", str(built), str(HERE / "net_http.go")], cwd=folder, check=True, timeout=300)
    return [str(built)]
