"""Settings travel as environment variables."""

from pathlib import Path

from controller.stack.needs import Needs
from controller.stack.preflight import Ground, settings_of
from controller.stack.settings import Settings
from tests.plan.given import SMALLEST, plan_from


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


def test_a_target_is_told_the_levels_of_its_variant(tmp_path: Path) -> None:
    """Each variant has its own cores, pool, cache and metrics, whichever the first one has."""
    text = '[factors]\ncpus = [2, 1]\ndb = ["mysql"]\npool = [1, 9]\nmetrics = ["full", "none"]\n'
    plan = plan_from(tmp_path, f"{SMALLEST}[scenarios.quote]\nrequests = [{{ get = '/api/db' }}]\n{text}")
    ground = Ground(servers=tmp_path, needs=Needs(mysql=True))
    told = [settings_of(plan, variant, ground=ground) for variant in plan.variants]

    assert {(one.server_cpus, one.db_pool_size, one.metrics) for one in told} == {
        (cpus, pool, metrics) for cpus in (1, 2) for pool in (1, 9) for metrics in ("none", "full")
    }
    assert {one.db_backend for one in told} == {"mysql"}
