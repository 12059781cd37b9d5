"""Load on the wire engine: each Locust user is one keep-alive connection that sends when it was answered.

    locust -f locustfiles/wire.py --host http://127.0.0.1:8000 --fs-path /api/health --headless -u 64 -r 64 -t 10s

Works alone, with --master and --worker, and under Locust's web page. `fastserve run` uses the same file.
"""

from controller.load.user import WireUser
from controller.plugin import install

install()


class Wire(WireUser):
    """One connection."""
