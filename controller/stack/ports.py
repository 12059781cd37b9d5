"""Free ports, and whose a listening port is."""

import errno
import os
import secrets
import socket
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from controller.errors import StackError
from controller.stack.procfs import process_state

_LOWEST_PORT = 10_000
_TRIES = 200
_LISTENING, _ESTABLISHED = "0A", "01"
_BYTE_ORDER = sys.byteorder
# A process that was forked while we looked may hold the socket: look once more before accusing anybody.
_LOOK_AGAIN_AFTER_S = 0.1


def free_port(bind: str = "127.0.0.1") -> int:
    """Return a port on which nothing listens, below those that the kernel gives to clients.

    A client's port could be taken by any connection before the target listens, and a client that tries
    a port of that range may even be connected to itself. Raises StackError when there is none.
    """
    lowest_of_clients = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()[0])
    ports = range(_LOWEST_PORT, lowest_of_clients) or range(1024, 65_536)
    for _ in range(_TRIES):
        port = secrets.choice(ports)
        if is_free(port, bind=bind):
            return port
    raise StackError(f"expected a free port on {bind} from {ports.start} to {ports.stop - 1}, found none")


def is_free(port: int, *, bind: str = "127.0.0.1") -> bool:
    """Return whether a server could listen on a port. Raises StackError when it could on no port of this address."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as tried:
        # As servers do: connections of an earlier server that have not quite ended are no obstacle.
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((bind, port))
            tried.listen(1)
        except PermissionError:
            return False
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise StackError(f"expected to listen on {bind}, found: {error}") from error
    return True


def stranger_on(port: int, *, host: str, family: Callable[[], Iterable[int]]) -> str | None:
    """Return who listens on host and port without being one of these processes; None when nobody does.

    Where the descriptors of one of the processes may not be read, it is believed to be the listener.
    """
    if _stranger(port, host=host, pids=family()) is None:
        return None
    time.sleep(_LOOK_AGAIN_AFTER_S)
    return _stranger(port, host=host, pids=family())


def listening_ports(pids: Iterable[int]) -> list[int]:
    """Return the TCP ports on which these processes listen, on whatever address."""
    inodes, _ = _socket_inodes(pids)
    return sorted({port for _, port, inode in _listeners() if inode in inodes})


def listeners_on(port: int, *, host: str) -> list[int]:
    """Return the processes that listen on host and port, as far as their descriptors may be read."""
    return _holders(_listening(port, host))


def connections_to(port: int, *, pids: Iterable[int]) -> int:
    """Return how many TCP connections that stand these processes have to a port, on whatever address."""
    ours, _ = _socket_inodes(pids)
    return sum(inode in ours and _port(theirs) == port for _, theirs, inode in _sockets(_ESTABLISHED))


def _stranger(port: int, *, host: str, pids: Iterable[int]) -> str | None:
    if not (listening := _listening(port, host)):
        return None
    ours, all_seen = _socket_inodes(pids)
    if not (strange := listening - ours) or not all_seen:
        return None
    return ", ".join(f"pid {pid} ({_name(pid)})" for pid in _holders(strange)) or "a process of another user"


def _listening(port: int, host: str) -> set[int]:
    """Return the inodes of the sockets that a connection to host and port may reach."""
    addresses = _addresses_reached_by(host)
    return {inode for address, at, inode in _listeners() if at == port and address in addresses}


def _holders(inodes: set[int]) -> list[int]:
    return [pid for pid in _numbers("/proc") if _socket_inodes([pid])[0] & inodes]


def _listeners() -> Iterator[tuple[str, int, int]]:
    """Yield address (as the kernel prints it), port and inode of every listening TCP socket."""
    for ours, _, inode in _sockets(_LISTENING):
        yield ours.rpartition(":")[0], _port(ours), inode


def _sockets(state: str) -> Iterator[tuple[str, str, int]]:
    """Yield both ends (as the kernel prints them) and the inode of every TCP socket in a state."""
    for table in ("tcp", "tcp6"):
        path = Path(f"/proc/self/net/{table}")
        for line in path.read_text(encoding="ascii").splitlines()[1:] if path.exists() else ():
            fields = line.split()
            if fields[3] == state:
                yield fields[1], fields[2], int(fields[9])


def _port(end: str) -> int:
    return int(end.rpartition(":")[2], 16)


def _addresses_reached_by(host: str) -> set[str]:
    """Return what a listener's address may be to be reached through host: its own, and everything."""
    if ":" in host:
        packed = socket.inet_pton(socket.AF_INET6, host)
        return {_words(packed), "0" * 32}
    word = _words(socket.inet_aton(host))
    return {word, "0" * 8, "0" * 32, "0" * 16 + "FFFF0000" + word}


def _words(packed: bytes) -> str:
    """Return an address in the kernel's notation: each 32-bit word as this machine's integer."""
    return "".join(f"{int.from_bytes(packed[i : i + 4], _BYTE_ORDER):08X}" for i in range(0, len(packed), 4))


def _socket_inodes(pids: Iterable[int]) -> tuple[set[int], bool]:
    """Return the inodes of all sockets that processes hold, and whether every descriptor could be seen."""
    inodes: set[int] = set()
    all_seen = True
    for pid in pids:
        try:
            inodes |= {inode for number in _numbers(f"/proc/{pid}/fd") if (inode := _socket_inode(pid, number))}
        except PermissionError:
            all_seen = False
        except (FileNotFoundError, ProcessLookupError):
            # It has ended since it was listed.
            continue
    return inodes, all_seen


def _socket_inode(pid: int, descriptor: int) -> int | None:
    try:
        link = str(Path(f"/proc/{pid}/fd/{descriptor}").readlink())
    except FileNotFoundError:
        # Closed since it was listed.
        return None
    return int(link[len("socket:[") : -1]) if link.startswith("socket:[") else None


def _numbers(folder: str) -> list[int]:
    return [int(name) for name in os.listdir(folder) if name.isdigit()]


def _name(pid: int) -> str:
    state = process_state(pid)
    return state.name if state else "ended"
