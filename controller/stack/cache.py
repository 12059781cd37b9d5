"""The folder in which build outputs, logs and databases are kept between runs."""

import os
from collections.abc import Mapping
from pathlib import Path

from controller.errors import StackError


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Return FASTSERVE_CACHE, else fastserve in XDG_CACHE_HOME, else ~/.cache/fastserve; absolute."""
    if named := environment.get("FASTSERVE_CACHE"):
        return Path(named).absolute()
    if shared := environment.get("XDG_CACHE_HOME"):
        return Path(shared).absolute() / "fastserve"
    return Path.home().absolute() / ".cache" / "fastserve"


def made_folder(folder: Path) -> Path:
    """Make a folder of the cache where it is missing. Raises StackError where that is not possible."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StackError(
            f"expected to write to the cache folder {folder}, found: {error.strerror}; FASTSERVE_CACHE names another"
        ) from error
    return folder
