"""Whatever a file holds, reading it ends soon, with a table or with one line."""

import os
from contextlib import suppress
from pathlib import Path
from time import monotonic

import pytest

from controller.errors import PlanError
from controller.plan.tomlfile import MOST_BYTES, read_toml


def refusal_of(path: Path) -> str:
    """Return why a file is refused, without its name in front, which must be there."""
    with pytest.raises(PlanError) as error:
        read_toml(path)
    assert str(error.value).startswith(f"{path}: ")
    return str(error.value).removeprefix(f"{path}: ")


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"a = 1\nb = = 2\n", "line 2: not valid TOML: Invalid value"),
        (b"a = [1\n\n", "line 1: not valid TOML: Unclosed array"),
        (b"a = 1\na = 2\n", "line 2: not valid TOML: Cannot overwrite a value"),
        (b"a = 1\nb = '\xff'\n", "line 2: expected UTF-8 text, found the byte 0xff"),
        (b"a = 9999-99-99\n", "line 1: not valid TOML: Expected newline or end of document after a statement"),
        (b"a = " + b"9" * 5000, "not valid TOML: a number of too many digits"),
        (b"a = " + b"[" * 5000, "lists or tables are nested too deeply"),
        (b"a = " + b"[" * 50 + b"]" * 50, "lists or tables are nested more than 32 deep"),
        (b"\n" + b"a." * 100_000 + b"a = 1", "line 2: a key of more than 32 parts"),
        (b"[" + b"'a' . " * 50_000 + b"a]", "line 1: a key of more than 32 parts"),
        (b"#" * (MOST_BYTES + 1), "expected at most 1,048,576 bytes, found more"),
    ],
)
def test_what_is_no_toml_has_its_line(tmp_path: Path, data: bytes, line: str) -> None:
    """The reason and, where there is one, the line."""
    path = tmp_path / "x.toml"
    path.write_bytes(data)

    assert refusal_of(path) == line


def test_what_is_no_file_has_its_line(tmp_path: Path) -> None:
    """A folder, a pipe that nobody writes to and a missing file end at once."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")

    assert refusal_of(tmp_path) == "expected a TOML file, found a folder"
    assert refusal_of(tmp_path / "pipe") == "expected a TOML file, found no regular file"
    assert refusal_of(Path("/dev/zero")) == "expected a TOML file, found no regular file"
    assert refusal_of(tmp_path / "none") == "cannot be read: No such file or directory"
    assert refusal_of(tmp_path / "loop") == "cannot be read: Too many levels of symbolic links"


def test_a_file_that_cannot_be_read_has_its_line() -> None:
    """Whatever the system says is the reason; nobody can read the memory at address 0."""
    assert refusal_of(Path("/proc/self/mem")) == "cannot be read: Input/output error"


def test_a_byte_order_mark_and_windows_lines_are_read(tmp_path: Path) -> None:
    """Files of other editors are files too."""
    path = tmp_path / "x.toml"
    path.write_bytes(b"\xef\xbb\xbfa = 1\r\nb = 2\r\n")

    assert read_toml(path) == {"a": 1, "b": 2}


PARTS = ".a" * 30
LONG = "x" * 999


@pytest.mark.parametrize(
    "unit",
    [
        *("[[a]]\n", "k{n}=1\n", "[k{n}]\n", "aaaaaaaa", "'a'.", '"', "''", "a . ", "a=", "\\", "{{a=", "a=[", "# x\n"),
        *(f"k{{n}}{PARTS}=1\n", f"[k{{n}}{PARTS}]\n", f"a{PARTS}.k{{n}}=1\n"),
        *(f"k{{n}}=[{{{{a='{LONG}'}}}},]\n", f'k{{n}}="{LONG}"\n', "k{n}.'a'.\"b\"=[[]]\n", "k{n}=1.5e3\n"),
    ],
)
def test_a_file_of_the_largest_size_does_not_hang(tmp_path: Path, unit: str) -> None:
    """Time does not explode with size: the largest files of one repeated piece, numbered or not, take seconds."""
    path = tmp_path / "x.toml"
    path.write_text("".join(unit.format(n=n) for n in range(MOST_BYTES // len(unit)))[:MOST_BYTES], encoding="ascii")
    start = monotonic()
    with suppress(PlanError):
        read_toml(path)

    assert monotonic() - start < 60
