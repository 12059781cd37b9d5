"""What is computed: a recursion for the processor, and the value and time of an entry."""

from datetime import UTC, datetime


def fib(n: int) -> int:
    """Work for the processor: the Fibonacci number of n by naive recursion."""
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def origin_value(key: str) -> str:
    """Return what the slow origin holds for a key: its FNV-1a hash in hexadecimal, five times."""
    value = 0xCBF29CE484222325
    for byte in key.encode():
        value = (value ^ byte) * 0x00000100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}" * 5


def now_text() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
