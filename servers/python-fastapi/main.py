"""How uvicorn runs app.py: one process a core, connections kept open, no request log."""

import sys

import uvicorn
from settings import read_settings


def main() -> None:
    """Serve until SIGTERM; a wrong setting ends it with one line."""
    try:
        settings = read_settings()
    except ValueError as error:
        sys.exit(f"python-fastapi: {error}")
    uvicorn.run(
        "app:create_app",
        factory=True,
        host=settings.bind,
        port=settings.port,
        workers=settings.server_cpus,
        loop="uvloop",
        http="httptools",
        ws="none",
        access_log=False,
        timeout_keep_alive=300,
        # The contract's 5 s, with room for the parent process to notice.
        timeout_graceful_shutdown=3,
    )


if __name__ == "__main__":
    main()
