"""The .NET SDK that may lie beside the checkout, for tests that are not started by .ci/run."""

import os
import shutil
import subprocess

from tests.sources import ROOT

_SCRIPT = ROOT / ".ci" / "dotnet.sh"


def put_dotnet_on_path() -> None:
    """Change this process's environment as .ci/dotnet.sh does; nothing where `dotnet` is there or the script is not."""
    if shutil.which("dotnet") or not _SCRIPT.exists():
        return
    command = 'set -eu; source "$0"; put_dotnet_on_path "$1" >&2; env -0'
    process = subprocess.run(["bash", "-c", command, _SCRIPT, ROOT], stdout=subprocess.PIPE, check=True)
    after = dict(pair.split("=", 1) for pair in os.fsdecode(process.stdout).split("\0") if "=" in pair)
    names = [name for name in after if name in {"PATH", "RestoreSources"} or name.startswith("DOTNET_")]
    os.environ.update({name: after[name] for name in names})
