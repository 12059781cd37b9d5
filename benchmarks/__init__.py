"""How fast FastServe itself is, beside wrk and Locust's own users: `make benchmark`, see README.md."""
