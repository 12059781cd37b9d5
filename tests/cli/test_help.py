"""Help is there for every command, with an example, and costs nothing."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from controller import __version__
from controller.cli import missing_foundation
from controller.cli.app import fastserve as root
from tests.conftest import FASTSERVE, Fastserve
from tests.sources import CONTROLLER

HEAVY = ("locust", "gevent", "pandas", "scipy", "numpy", "rich", "jinja2", "psutil", "asyncio")


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the words of every command of a group and of the groups in it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


@pytest.mark.parametrize("words", [(), *commands(root)], ids=lambda words: " ".join(words) or "fastserve")
def test_every_command_shows_an_example(words: tuple[str, ...], fastserve: Fastserve) -> None:
    """--help of each command ends with an example of exactly that command, and with status 0."""
    done = fastserve(*words, "--help")

    assert done.returncode == 0
    assert done.stderr == ""
    assert " ".join(("fastserve", *words)) in done.stdout.partition("Example")[2]


def test_version(fastserve: Fastserve) -> None:
    """--version says the version of the package."""
    done = fastserve("--version")

    assert (done.returncode, done.stdout) == (0, f"fastserve {__version__}\n")


@pytest.mark.parametrize("argument", ["--help", "--version", "runs"])
def test_help_imports_nothing_heavy(argument: str, tmp_path: Path) -> None:
    """What --help and --version import is the standard library, click and the command line's own frame."""
    script = (
        "import sys; from controller.cli.app import run_command_line as run; "
        f"status = run([{argument!r}]); print(sorted(sys.modules), file=sys.stderr); sys.exit(status)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, check=True)
    imported = {name.partition(".")[0] for name in ast.literal_eval(done.stderr)}

    assert imported & set(HEAVY) == set()


def test_without_arguments_the_help_is_shown(fastserve: Fastserve) -> None:
    """A bare `fastserve` is wrong usage, and says what would be right."""
    done = fastserve()

    assert done.returncode == 2
    assert "Commands:" in done.stderr


@pytest.mark.parametrize(("system", "python"), [("Darwin", (3, 12)), ("Windows", (3, 11)), ("Linux", (3, 10))])
def test_elsewhere_one_line_says_so(system: str, python: tuple[int, int]) -> None:
    """On another system, or an older Python, there is one line with what was expected and what was found."""
    line = missing_foundation(system, python)

    assert line is not None
    assert "expected" in line
    assert "found" in line
    assert "\n" not in line


def test_here_nothing_is_lacking() -> None:
    """Linux with Python 3.11 is enough."""
    assert missing_foundation("Linux", (3, 11)) is None


@pytest.mark.parametrize("name", ["__init__.py", "__main__.py", "cli/__init__.py"])
def test_an_old_python_can_read_the_way_in(name: str) -> None:
    """The modules up to the check of the version have no syntax that is newer than Python 3.7."""
    ast.parse((CONTROLLER / name).read_text(encoding="utf-8"), feature_version=(3, 7))


def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    """`fastserve plan new | head -1` prints a line, and nobody complains about the rest."""
    pipe = f"set -o pipefail; {FASTSERVE} plan new | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", pipe], capture_output=True, text=True, cwd=tmp_path, check=False)

    assert done.stderr == ""
    assert done.returncode in {0, 141}
