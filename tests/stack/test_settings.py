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


def test_places_with_passwords_are_told_and_not_shown() -> None:
    """The address of a backing service reaches the target, and no message that shows the settings."""
    settings = Settings(redis_url="redis://:secret@127.0.0.1:1/0", mysql_url="mysql://u:secret@127.0.0.1:2/d")

    assert settings.environment()["REDIS_URL"] == "redis://:secret@127.0.0.1:1/0"
    assert settings.environment()["MYSQL_URL"] == "mysql://u:secret@127.0.0.1:2/d"
    assert "secret" not in repr(settings)
