"""The one family of errors that a user can mend, each with the exit status it leads to."""

from typing import ClassVar


class FastServeError(Exception):
    """A failure the user can act on; exit_code becomes the status of the process."""

    exit_code: ClassVar[int] = 1


class PlanError(FastServeError):
    """A plan, a server description or a command line that cannot be used as it stands."""

    exit_code = 2


class StackError(FastServeError):
    """A target did not build, did not start, did not get ready in time, or broke the contract."""

    exit_code = 3


class LoadError(FastServeError):
    """The load generator could not do what the plan asks."""

    exit_code = 4


class StoreError(FastServeError):
    """A run folder cannot be read or written."""

    exit_code = 5
