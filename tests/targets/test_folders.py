"""What the folder of every target holds, beside what a run of it shows."""

import re
from pathlib import Path

import pytest

from controller.plan.target import Target
from tests.targets.conftest import SERVERS, TARGETS

every_target = pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
locks = sorted(path for target in TARGETS.values() for path in target.folder.glob("requirements.lock"))
LOCKS = (
    "requirements.lock",
    "package-lock.json",
    "go.sum",
    "Cargo.lock",
    "pom.xml",
    "packages.lock",
    "packages.lock.json",
)
CRATES_INDEX = "registry+https://github.com/rust-lang/crates.io-index"


@every_target
def test_an_image_starts_from_a_public_base_and_not_as_root(target: Target) -> None:
    """The Dockerfile names its base images as arguments with public defaults, and a user for the program."""
    text = (target.folder / "Dockerfile").read_text(encoding="utf-8")
    bases = re.findall(r"^FROM (\S+)", text, flags=re.MULTILINE)

    assert all(re.fullmatch(r"\$\{[A-Z_]+\}", base) for base in bases)
    assert all(re.search(rf"^ARG {base[2:-1]}=[a-z0-9./-]+:[\w.-]+$", text, flags=re.MULTILINE) for base in bases)
    assert re.search(r"^USER (?!0\b|root\b)\S+$", text, flags=re.MULTILINE)


@every_target
def test_its_choices_are_explained(target: Target) -> None:
    """servers/README.md has a section for it, with what was chosen and why."""
    text = (SERVERS / "README.md").read_text(encoding="utf-8")

    section = re.search(rf"^## {re.escape(target.name)}$(.*?)(?=^## |\Z)", text, flags=re.MULTILINE | re.DOTALL)
    assert section
    assert len(section[1].split()) > 100


@every_target
def test_the_version_is_the_one_that_is_built(target: Target) -> None:
    """What server.toml says of the framework's version stands in a file that decides it: a lock, or a manifest."""
    assert target.version
    files = [path for path in target.folder.rglob("*") if path.is_file() and path.name != "server.toml"]

    assert any(
        re.search(
            rf"(?<![\d.]){re.escape(target.version)}(?![\d.])", path.read_text(encoding="utf-8", errors="replace")
        )
        for path in files
    )


@pytest.mark.parametrize("lock", locks, ids=lambda path: str(path.parent.name))
def test_a_lock_pins_everything_and_names_no_machine(lock: Path) -> None:
    """Every package of a Python target has one version and hashes; no index, host or folder is written down."""
    text = lock.read_text(encoding="utf-8")
    packages = re.findall(r"^[^\s#].*", text, flags=re.MULTILINE)

    assert packages
    # Some packages are needed by some versions of Python only.
    pinned = re.compile(r"""[a-z0-9-]+==[\w.]+( ; python\w+ [<>=]+ "[\d.]+")? \\""")
    assert all(pinned.fullmatch(line) for line in packages)
    assert text.count("--hash=sha256:") >= len(packages)
    assert not re.search(r"://|--(?!hash=)|^/", text, flags=re.MULTILINE)


@every_target
def test_it_is_locked_and_names_no_place_of_its_own(target: Target) -> None:
    """Every target has a lock; none says where packages come from, but for the public index that Cargo must name."""
    found = [path for path in target.folder.rglob("*") if path.name in LOCKS]
    lines = [line.strip() for path in found for line in path.read_text(encoding="utf-8").splitlines()]

    assert found
    places = {line for line in lines if "://" in line and re.match(r'"resolved|source|<repository|<url|"source', line)}
    assert places <= {f'source = "{CRATES_INDEX}"'}
