"""Ports that are free, and whose the others are."""

import os
import socket
from pathlib import Path

from controller.stack.ports import connections_to, free_port, is_free, listening_ports, stranger_on


def test_a_free_port_is_free_and_no_clients() -> None:
    """Something can listen there, and the kernel gives it to no outgoing connection meanwhile."""
    lowest_of_clients = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    port = free_port()

    assert 1024 <= port < lowest_of_clients
    with socket.create_server(("127.0.0.1", port)):
        assert not is_free(port)
    assert is_free(port)


def test_a_listener_is_known_by_its_process() -> None:
    """A port of ours is no stranger's; the same port is one for a family without us."""
    with socket.create_server(("127.0.0.1", 0)) as ours:
        port = ours.getsockname()[1]

        assert port in listening_ports([os.getpid()])
        assert stranger_on(port, host="127.0.0.1", family=lambda: [os.getpid()]) is None
        assert f"pid {os.getpid()}" in (stranger_on(port, host="127.0.0.1", family=list) or "")
        assert stranger_on(port, host="127.0.0.2", family=list) is None
    assert stranger_on(port, host="127.0.0.1", family=list) is None


def test_a_listener_on_every_address_is_seen() -> None:
    """Whoever listens on all addresses, in either version of IP, answers on loopback as well."""
    for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
        dual = family == socket.AF_INET6
        with socket.create_server((address, 0), family=family, dualstack_ipv6=dual) as everywhere:
            port = everywhere.getsockname()[1]

            assert stranger_on(port, host="127.0.0.1", family=list)
            assert not is_free(port)


def test_connections_of_a_process_to_a_port_are_counted() -> None:
    """Those that stand and are its own; neither the other ends, nor those that were closed, nor another's."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)), socket.create_connection(("127.0.0.1", port)):
            assert connections_to(port, pids=[os.getpid()]) == 2
            assert connections_to(port, pids=[]) == 0
        assert connections_to(port, pids=[os.getpid()]) == 0
