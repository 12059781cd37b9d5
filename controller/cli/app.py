"""The tree of commands, imported one by one as they are asked for, and the edge where errors become exit statuses."""

import errno
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Final, NamedTuple

import click

from controller import __version__
from controller.cli.place import Place
from controller.errors import FastServeError, StoreError

INTERRUPTED: Final = 130
WRONG_USAGE: Final = 2
# What a shell shows for a process that SIGPIPE ended: `fastserve ... | head` is no failure worth a line.
PIPE_CLOSED: Final = 141


class Command(NamedTuple):
    """Where a command lives, and its first line of help, so that --help need not import it."""

    module: str
    says: str


COMMANDS: Final[Mapping[str, Command]] = {
    "doctor": Command("doctor", "What this machine can run, and what adds the rest."),
    "targets": Command("targets", "List, build, check or serve the servers under test."),
    "plan": Command("plan", "Start a plan, or show one as resolved."),
    "run": Command("run", "Run a plan: start, load, measure, store, compare."),
    "web": Command("web", "Load by hand: choose target, scenario and users on Locust's page."),
    "runs": Command("runs", "List runs with their size, or remove some."),
    "compare": Command("compare", "Compare the targets of a run with one of them."),
    "calibrate": Command("calibrate", "Hold the load generator to wrk, ab, h2load, k6 and oha."),
    "report": Command("report", "Write a run's tables and report anew."),
    "down": Command("down", "End what a crashed run left on this machine."),
}


class Commands(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of a user's first day."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None for a name that is none."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"controller.cli.{COMMANDS[cmd_name].module}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing one."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.says) for name, command in COMMANDS.items()])


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: fastserve run quick",
)
@click.version_option(__version__, prog_name="fastserve", message="%(prog)s %(version)s")
@click.option(
    "--project",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with servers/ and plans/; else the current one, else those that came with FastServe.",
)
@click.pass_context
def fastserve(ctx: click.Context, project: Path | None) -> None:
    """Find out which web stack is faster for your work, by how much, and how sure that is."""
    ctx.obj = Place(named=project, current=Path.cwd())


def run_command_line(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status; errors that a user can mend become one message on stderr."""
    _accept_any_text()
    _end_in_order()
    try:
        status = fastserve.main(list(arguments), prog_name="fastserve", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
        return status if isinstance(status, int) else 0
    except FastServeError as error:
        return _said(f"Error: {error}", error.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        return _said(error.format_message(), WRONG_USAGE)
    except click.ClickException as error:
        return _said(f"Error: {_usage_text(error)}", WRONG_USAGE)
    except (click.Abort, KeyboardInterrupt):
        return _said("interrupted", INTERRUPTED)
    except SystemExit as error:
        # click answers for shell completion this way, and with 1 where a pipe was closed.
        return PIPE_CLOSED if error.code == 1 else 0
    except OSError as error:
        if error.errno == errno.ENOSPC:
            # What is said goes to a file on a full disk; runs and builds have an error of their own for theirs.
            return _silenced(
                _said(f"Error: expected to write what was found, found: {error.strerror}", StoreError.exit_code)
            )
        if error.errno != errno.EPIPE:
            raise
        return _silenced(PIPE_CLOSED)


def _accept_any_text() -> None:
    """Let a terminal that lacks a character show another one instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _end_in_order() -> None:
    """Let SIGTERM and SIGHUP end a command as Ctrl-C does, so that what it started is ended with it.

    SIGHUP stays ignored where it was (nohup). SIGINT is set too: a script's background jobs start without it.
    """
    ending = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        ending.append(signal.SIGHUP)
    for number in ending:
        signal.signal(number, signal.default_int_handler)


def _said(text: str, status: int) -> int:
    click.echo(text, err=True)
    return status


def _usage_text(error: click.ClickException) -> str:
    path = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "fastserve"
    return f"{error.format_message().rstrip('.').replace(chr(10), ' ')} (see {path} --help)"


def _silenced(status: int) -> int:
    """Leave nothing to be flushed to where it cannot go, and return the status."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    return status
