"""How long a target's source is: lines of code, by one small rule for all languages."""

import ast
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

# Where comments begin in a line, by the suffix of source files; any other file is no source.
_SLASHES: Final = "//"
_HASH: Final = "#"
_COMMENT: Final = {
    **dict.fromkeys((".go", ".rs", ".java", ".kt", ".cs", ".js", ".mjs", ".cjs", ".ts"), _SLASHES),
    **dict.fromkeys((".c", ".cc", ".cpp", ".cxx", ".h", ".hh", ".hpp"), _SLASHES),
    **dict.fromkeys((".py", ".sh", ".rb"), _HASH),
    ".php": _SLASHES,
}
_NO_SOURCE: Final = {"test", "tests", "__tests__", "testing", "spec", "node_modules", "target", "build", "bin", "obj"}
_TEST_NAMES: Final = ("test_", "test-", "conftest.")
_TEST_ENDS: Final = ("_test", "-test", ".test", ".spec", "_tests", "Test", "Tests")
# Rust keeps unit tests at the end of the file that they test.
_RUST_TESTS: Final = "#[cfg(test)]"


def code_lines(folder: Path) -> int | None:
    """Return the lines of a folder's source files that are neither blank nor comment alone; None without any.

    A line of code with a comment behind it counts, documentation does not, neither do tests, by their usual names and
    folders. Settings, manifests and lock files are no source.
    """
    counts = [_counted(path) for path in _sources(folder)]
    return sum(counts) if counts else None


def _sources(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".") and not _is_no_source(name)]
        for name in files:
            path = Path(place, name)
            if path.suffix in _COMMENT and not _is_test(path) and path.is_file():
                yield path


def _is_no_source(folder: str) -> bool:
    # Tests of .NET are a project of their own, named after the one they test.
    return folder.lower() in _NO_SOURCE or folder.endswith((".Tests", ".Test"))


def _is_test(path: Path) -> bool:
    return path.name.startswith(_TEST_NAMES) or path.stem.endswith(_TEST_ENDS)


def _counted(path: Path) -> int:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    if _COMMENT[path.suffix] == _HASH:
        documentation = _documentation("\n".join(lines)) if path.suffix == ".py" else frozenset()
        return sum(
            bool(line.strip()) and not line.lstrip().startswith(_HASH) and number not in documentation
            for number, line in enumerate(lines, start=1)
        )
    return sum(1 for _ in _code(_without_tests(lines) if path.suffix == ".rs" else lines))


def _code(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines that hold code, of a language with // and /* */."""
    inside = False
    for line in map(str.strip, lines):
        if inside or line.startswith("/*"):
            inside = "*/" not in line
        elif line and not line.startswith(_SLASHES):
            yield line


def _without_tests(lines: list[str]) -> list[str]:
    """Return the lines of a Rust file before its tests."""
    for number, line in enumerate(lines[:-1]):
        if line.strip() == _RUST_TESTS and lines[number + 1].strip() == "mod tests {":
            return lines[:number]
    return lines


def _documentation(source: str) -> frozenset[int]:
    """Return the numbers of the lines that are docstrings; none where it is no Python."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return frozenset()
    texts = (node for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    return frozenset(
        number
        for text in texts
        if isinstance(text.value, ast.Constant) and isinstance(text.value.value, str)
        for number in range(text.lineno, (text.end_lineno or text.lineno) + 1)
    )
