"""A target held to the contract, as `fastserve targets check` does it."""

import tempfile
from pathlib import Path
from typing import Final

from controller.plan.contract import Contract
from controller.stack.check import check_contract
from controller.stack.database import sqlite_database
from controller.stack.preflight import Prepared, run_prepared
from controller.stack.settings import Settings
from controller.stack.supervisor import supervise

CACHE_BACKENDS: Final = ("memory", "none")
# Short waits: what is checked is that they happen.
_MISS_MS: Final = 200
_TTL_S: Final = 1


def broken_rules(ready: Prepared, *, contract: Contract, quotes: Path) -> list[str]:
    """Return every break of the contract, a line each, over all cache settings; empty where it is kept.

    A server that runs already is held to the contract's defaults. Raises StackError when the target does not start,
    does not answer or ends meanwhile.
    """
    if ready.build is None:
        return _findings(ready, contract=contract, settings=Settings())
    return [
        f"CACHE_BACKEND={cache}: {finding}"
        for cache in CACHE_BACKENDS
        for finding in _findings(ready, contract=contract, settings=_settings(cache, quotes))
    ]


def _settings(cache: str, quotes: Path) -> Settings:
    return Settings(
        cache_backend=cache, cache_miss_ms=_MISS_MS, cache_ttl_s=_TTL_S, sqlite_path=sqlite_database(quotes)
    )


def _findings(ready: Prepared, *, contract: Contract, settings: Settings) -> list[str]:
    name, trust = ready.target.name, ready.target.trust
    with tempfile.TemporaryDirectory(prefix="fastserve-check-") as folder:
        log = Path(folder) / f"{name}.log"
        with (
            supervise(label=f"check-{name}", logs=Path(folder)) as supervisor,
            run_prepared(supervisor, ready, settings=settings, trust=trust, log=log) as running,
        ):
            return [str(finding) for finding in check_contract(running.url, contract, settings, trust=trust)]
