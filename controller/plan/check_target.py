"""What a server.toml may say."""

from typing import Any, Final
from urllib.parse import urlsplit

from controller.plan.problems import Problems, check_table
from controller.plan.rules import FLAG, LINE, LIST, PATH, TABLE, Rule, number, one_of, text_like, whole
from controller.plan.toml_text import KeyPath, found_text

TARGET_RULES: Final[dict[str, Rule]] = {
    "language": LINE,
    "framework": LINE,
    "version": LINE,
    "style": one_of("sync", "async"),
    "process_model": LINE,
    "needs": TABLE,
    "libraries": TABLE,
    "build": LIST,
    "unit_tests": LIST,
    "run": LIST,
    "warmup_s": number(0, 3600),
    "warmup_requests": whole(0, 100_000_000),
    "env": TABLE,
    "pass_env": LIST,
    "contract": FLAG,
    "ready": PATH,
    "url": text_like("a URL such as https://127.0.0.1:8443", r"https?://[A-Za-z0-9.:\[\]_-]+/?"),
    "tls_verify": FLAG,
    "ca_file": LINE,
}
_REQUIRED: Final = ("language", "framework", "style", "process_model")
# What a server that runs already cannot be told any more, and what only such a server can be asked.
_STARTED: Final = ("needs", "libraries", "build", "unit_tests", "run", "env", "pass_env")
_RUNNING: Final = ("tls_verify", "ca_file")

# Set by FastServe for every target; the others only mean something to those that keep the contract.
_OURS: Final = ("PORT", "BIND", "SERVER_CPUS", "FASTSERVE_RUN")
_CONTRACT_OURS: Final = (
    *("CACHE_BACKEND", "REDIS_URL", "CACHE_MISS_MS", "CACHE_TTL_S", "DB_BACKEND", "SQLITE_PATH", "MYSQL_URL"),
    *("DB_POOL_SIZE", "METRICS"),
)

_TOOL: Final = text_like("a tool's name", r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")
_LIBRARY: Final = text_like("the name that pkg-config has for a library", r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")
_LEAST: Final = text_like('a least version such as ">=1.22"', r">= ?\d{1,9}(\.\d{1,9}){0,3}")
_VARIABLE: Final = text_like("a variable's name of letters, digits and _", r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_ARGUMENT: Final = text_like("text without a zero byte", r"[^\x00]*")
_PROGRAM: Final = text_like("the name or path of a program", r"[^\x00]+")


def check_target(table: dict[str, Any], problems: Problems) -> None:
    """Note every problem of a server description."""
    given = check_table(table, (), rules=TARGET_RULES, problems=problems, required=_REQUIRED)
    _check_kind(table, problems)
    for key, rule in (("needs", _TOOL), ("libraries", _LIBRARY)):
        for name, version in given.get(key, {}).items():
            problems.expect(name, rule, (key, name))
            problems.expect(version, _LEAST, (key, name))
    for key in ("build", "unit_tests"):
        for index, command in enumerate(given.get(key, [])):
            _check_command(command, (key, index), problems)
    if "run" in given:
        _check_command(given["run"], ("run",), problems)
    _check_environment(given, problems)


def _check_kind(table: dict[str, Any], problems: Problems) -> None:
    """A target is either started (run) or runs already (url)."""
    if "url" not in table:
        if "run" not in table:
            problems.add(("run",), "expected the list of a program and its arguments, found nothing")
        for key in _RUNNING:
            if key in table:
                problems.add((key,), "expected only beside url, found no url")
        return
    for key in _STARTED:
        if key in table:
            problems.add((key,), "expected nothing beside url: that server runs already")
    if TARGET_RULES["url"].accepts(table["url"]) and not _names_a_server(table["url"]):
        problems.add(("url",), f"expected {TARGET_RULES['url'].expected}, found {found_text(table['url'])}")


def _names_a_server(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _check_command(command: object, path: KeyPath, problems: Problems) -> None:
    if not isinstance(command, list) or not command:
        problems.expect(command, Rule("a list of a program and its arguments", lambda _: False), path)
        return
    problems.expect(command[0], _PROGRAM, (*path, 0))
    for index, argument in enumerate(command[1:], start=1):
        problems.expect(argument, _ARGUMENT, (*path, index))


def _check_environment(given: dict[str, Any], problems: Problems) -> None:
    ours = _OURS + (_CONTRACT_OURS if given.get("contract", True) else ())
    env, passed = given.get("env", {}), given.get("pass_env", [])
    for name, value in env.items():
        _check_variable(name, ("env", name), ours=ours, problems=problems)
        problems.expect(value, _ARGUMENT, ("env", name))
    for index, name in enumerate(passed):
        _check_variable(name, ("pass_env", index), ours=ours, problems=problems)
        if name in passed[:index] or (isinstance(name, str) and name in env):
            problems.add(("pass_env", index), f"expected each variable once, found {found_text(name)} again")


def _check_variable(name: object, path: KeyPath, *, ours: tuple[str, ...], problems: Problems) -> None:
    if problems.expect(name, _VARIABLE, path) and name in ours:
        problems.add(path, f"expected no variable that FastServe sets itself, found {name}")
