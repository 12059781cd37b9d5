"""Settings travel as environment variables."""

from pathlib import Path

from controller.stack.settings import Settings


def test_every_setting_has_its_variable() -> None:
    """The defaults are those of the contract, and there is no database where none was made."""
    assert Settings(port=8080).environment() == {
        "PORT": "8080",
        "BIND": "127.0.0.1",
        "SERVER_CPUS": "1",
        "CACHE_BACKEND": "memory",
        "CACHE_MISS_MS": "2000",
        "CACHE_TTL_S": "60",
        "DB_BACKEND": "sqlite",
        "DB_POOL_SIZE": "10",
        "METRICS": "none",
    }
    assert Settings(sqlite_path=Path("/a/b")).environment()["SQLITE_PATH"] == "/a/b"
