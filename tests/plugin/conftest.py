"""Locust without its monkey patching: imported plainly it would patch this process, and with it all other tests."""

import os

os.environ["LOCUST_SKIP_MONKEY_PATCH"] = "1"
try:
    import locust  # noqa: F401 (the modules of Locust that tests import later are the ones loaded here)
finally:
    # What tests start must not inherit it.
    del os.environ["LOCUST_SKIP_MONKEY_PATCH"]
