"""How long a target's source is: code alone, in every language of the targets."""

from pathlib import Path

import pytest

from controller.stack.code_lines import code_lines

ROOT = Path(__file__).resolve().parents[2]

PYTHON = '''"""A module.

Documented at length.
"""

import os  # counts

# A comment.
QUERY = """
SELECT 1
"""


def answer() -> str:
    """Return it."""
    return os.name
'''
C_LIKE = """// A comment.
/* One
   of three
   lines. */
package main

import "fmt" // counts

/* short */
func main() {
    fmt.Println("x") /* counts */
}
"""
RUST = """//! A crate.
fn main() {
    println!("x");
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_holds() {}
}
"""
SHELL = "#!/bin/sh\n# Why.\nexec app \\\n  --fast\n"


@pytest.mark.parametrize(
    ("name", "text", "lines"),
    [
        ("app.py", PYTHON, 6),
        ("broken.py", "def\n# comment\n", 1),
        ("main.go", C_LIKE, 5),
        ("App.java", C_LIKE, 5),
        ("app.mjs", C_LIKE, 5),
        ("Program.cs", C_LIKE, 5),
        ("main.cpp", C_LIKE, 5),
        ("main.rs", RUST, 3),
        ("run.sh", SHELL, 2),
    ],
)
def test_blank_lines_and_comments_do_not_count(tmp_path: Path, name: str, text: str, lines: int) -> None:
    """Nor does documentation; a comment behind code changes nothing, and text over several lines is code."""
    (tmp_path / name).write_text(text)

    assert code_lines(tmp_path) == lines


@pytest.mark.parametrize(
    "name",
    [
        *("tests/app.py", "test_app.py", "conftest.py", "app_test.go", "app.test.js", "src/test/java/App.java"),
        *("AppTest.java", "Server.Tests/App.cs", "tests/it.rs", "test/work.cpp"),
        *("package-lock.json", "server.toml", "Dockerfile", "pom.xml", "quotes.csv", "README.md"),
        *("node_modules/x/index.js", "target/out.rs", ".venv/lib.py"),
    ],
)
def test_tests_settings_and_what_tools_leave_do_not_count(tmp_path: Path, name: str) -> None:
    """What is counted is what somebody wrote and what runs."""
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("one line\n")
    nothing = code_lines(tmp_path)
    (tmp_path / "src").mkdir(exist_ok=True)
    (tmp_path / "src" / "main.go").write_text("package main\n")

    assert nothing is None
    assert code_lines(tmp_path) == 1


def test_every_target_of_this_project_has_source() -> None:
    """No target is written in a language that would count as nothing."""
    counts = {toml.parent.name: code_lines(toml.parent) for toml in (ROOT / "servers").glob("*/server.toml")}

    assert all(lines is not None and lines > 10 for lines in counts.values()), counts
