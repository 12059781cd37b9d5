"""Users that log in, take a token and follow links: work that needs Python, each step from the answer to the last.

    locust -f locustfiles/login.py --host http://127.0.0.1:8000 --headless -u 4 -r 4 -t 10s

In a plan it is a scenario's `locustfile`, with `requests` of the wire engine beside it or alone: its requests are
then in the same windows and tables as all others, under their names. It expects a server that answers POST /login
with {"token": ...}, GET /items with {"items": ["/items/1", ...]}, and each of those paths.
"""

import random

from locust import FastHttpUser, task


class Visitor(FastHttpUser):
    """Logs in once, then reads the list and follows one of its links, again and again."""

    # Beside the requests of a plan there are so many of them, and with plain Locust at most so many.
    fixed_count = 4

    def on_start(self) -> None:
        """Take a token."""
        answer = self.client.post("/login", json={"name": "ann", "password": "correct horse"})
        self.headers = {"Authorization": f"Bearer {answer.json()['token']}"}

    @task
    def follow_a_link(self) -> None:
        """Read the list, and one of the things on it."""
        items = self.client.get("/items", headers=self.headers).json()["items"]
        # Without a name of its own, each of them would be an endpoint.
        self.client.get(random.choice(items), name="/items/{id}", headers=self.headers)
