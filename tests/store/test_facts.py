"""Facts of a machine are known ones, and tell nothing of who or where."""

import getpass
import json
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.store.facts import UNKNOWN_TOPOLOGY, git_facts, machine_facts, topology
from controller.store.keys import code_key, contract_key
from tests.needs import require
from tests.sources import CONTROLLER, ROOT


def test_facts_are_plain_json_and_name_nobody(tmp_path: Path) -> None:
    """They survive JSON, and hold no host name, user name or absolute path."""
    facts = machine_facts(cores={"target": (0,)}, checkout=tmp_path)
    text = json.dumps(facts)

    assert json.loads(text) == facts
    assert facts["roles"] == {"target": [0]}
    assert facts["versions"]["python"] == platform.python_version()
    assert not re.search(r'"[^"]*/(home|tmp|root|usr|work)\b', text)
    assert not re.search(rf'"[^"]*\b{re.escape(platform.node())}\b', text) or len(platform.node()) < 4
    assert f'"{getpass.getuser()}"' not in text


def test_what_is_not_there_is_unknown(tmp_path: Path) -> None:
    """A machine without any of the files has None where a number would be a guess."""
    facts = machine_facts(root=tmp_path)

    assert facts["machine"]["model"] is None
    assert facts["machine"]["memory_bytes"] is None
    assert facts["machine"]["governor"] is None
    assert facts["machine"]["topology"] == "unknown"
    assert facts["kernel"]["somaxconn"] is None
    assert facts["git"] is None


def recorded_cpus(root: Path, places: list[tuple[int, int]], *, flags: str) -> Path:
    """Write what a machine with cores at these (socket, core) places shows."""
    for number, (socket, core) in enumerate(places):
        folder = root / f"sys/devices/system/cpu/cpu{number}/topology"
        folder.mkdir(parents=True)
        (folder / "physical_package_id").write_text(f"{socket}\n", encoding="utf-8")
        (folder / "core_id").write_text(f"{core}\n", encoding="utf-8")
    (root / "proc").mkdir()
    (root / "proc/cpuinfo").write_text(f"processor : 0\nflags\t: {flags}\n", encoding="utf-8")
    return root


def test_topology_is_told_where_it_can_be_known(tmp_path: Path) -> None:
    """Hyper-threads share a core's place; a virtual machine may show any place, so there it is unknown."""
    real = recorded_cpus(tmp_path / "real", [(0, 0), (0, 1), (0, 0), (0, 1)], flags="fpu sse")
    virtual = recorded_cpus(tmp_path / "virtual", [(0, 0), (0, 1)], flags="fpu hypervisor sse")

    assert topology(root=real) == "1 socket, 2 cores, 4 threads"
    assert topology(root=virtual) == UNKNOWN_TOPOLOGY


def test_git_tells_commit_and_changes(tmp_path: Path) -> None:
    """A checkout has a commit and is clean until a file changes; a folder inside it is no checkout."""
    require("git")
    person = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.org"]

    def git(*words: str) -> str:
        done = subprocess.run(["git", "-C", str(tmp_path), *person, *words], check=True, capture_output=True, text=True)
        return done.stdout.strip()

    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "x")
    (tmp_path / "inside").mkdir()

    assert git_facts(tmp_path) == {"commit": git("rev-parse", "HEAD"), "dirty": False}
    (tmp_path / "inside" / "file").touch()
    assert (git_facts(tmp_path) or {})["dirty"] is True
    assert git_facts(tmp_path / "inside") is None


def test_facts_import_none_of_the_packages_they_name() -> None:
    """The controller never imports locust: it patches the process that imports it."""
    code = "import sys, controller.store.facts as f; f.machine_facts(); print({'locust', 'gevent'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("key", "source", "acting", "idle"),
    [
        (contract_key, ROOT / "servers", "contract/contract.toml", "contract/README.md"),
        (code_key, CONTROLLER, "load/wire/closed.py", "report/text.py"),
    ],
    ids=["contract", "code"],
)
def test_a_key_follows_what_acts_on_a_measurement(
    key: Callable[[Path], str | None], source: Path, acting: str, idle: str, tmp_path: Path
) -> None:
    """The same content has the same key wherever it lies; prose and reports are no part of it."""
    folder = acting.partition("/")[0]
    copy = tmp_path / "copy"
    shutil.copytree(source / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    if folder == "load":
        for room in ("plan", "stack", "measure", "plugin"):
            shutil.copytree(source / room, copy / room, ignore=shutil.ignore_patterns("__pycache__"))
    before = key(copy)
    (copy / idle).parent.mkdir(exist_ok=True)
    (copy / idle).write_text("other words", encoding="utf-8")

    assert before == key(source) == key(copy) is not None
    with (copy / acting).open("a", encoding="utf-8") as file:
        file.write("\n# changed\n")
    assert key(copy) != before


def test_where_there_is_no_contract_there_is_no_key(tmp_path: Path) -> None:
    """A folder of servers without one, and no folder at all."""
    assert contract_key(tmp_path) is None
    assert machine_facts(servers=tmp_path)["contract"] is None
