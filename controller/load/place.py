"""Where the Locust file is that every worker of a run loads."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
_NAME = Path("locustfiles", "wire.py")


def locustfile() -> Path:
    """Return the Locust file of this FastServe: that of the checkout, or the one the installed package carries."""
    checkout = _PACKAGE.parent / _NAME
    return checkout if checkout.is_file() else _PACKAGE / "_project" / _NAME
