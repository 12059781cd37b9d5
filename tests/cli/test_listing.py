"""`fastserve targets list`: what each server is and has, in lines that a terminal holds."""

from pathlib import Path

import pytest

from controller.cli.listing import listing_text
from controller.stack.build import build_target
from tests.stack.programs import made_target


def put(folder: Path, name: str, version: str) -> None:
    """Put a tool on PATH."""
    (folder / name).write_text(f"#!/bin/sh\necho {version}\n")
    (folder / name).chmod(0o755)


def test_what_a_server_is_and_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Framework with its version, whether it is built and how big, its tools as found, what is missing of them."""
    monkeypatch.setenv("FASTSERVE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    put(tmp_path, "compile", "2.5.1")
    fill = [["sh", "-c", "head -c 2097152 /dev/zero > {out}/zeros"]]
    targets = [
        made_target(
            tmp_path / "servers" / "made",
            files={},
            run=["true"],
            build=fill,
            language="Rust",
            framework="Axum",
            version="0.8.6",
            needs={"compile": ">=2.5"},
        ),
        made_target(tmp_path / "servers" / "next", files={}, run=["true"]),
        made_target(tmp_path / "servers" / "old", files={}, run=["true"], needs={"compile": ">=3", "nowhere": ">=1.2"}),
        made_target(tmp_path / "servers" / "there", files={}, url="http://127.0.0.1:9"),
    ]
    build_target(targets[0])

    assert listing_text(targets).splitlines() == [
        "target  language  framework   style  state                       tools",
        "made    Rust      Axum 0.8.6  sync   built, 2.0 MiB              compile 2.5.1",
        "next    Python    none        sync   not built yet",
        "old     Python    none        sync   lacks a tool                compile 3 needed, 2.5.1 here,",
        "                                                                 nowhere 1.2 needed, none here",
        "there   Python    none        sync   runs at http://127.0.0.1:9",
    ]


def test_no_line_is_longer_than_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many tools go on in the lines below."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    needs = {f"tool-{number}": ">=1" for number in range(6)}
    for tool in needs:
        put(tmp_path, tool, "10.20.30")
    target = made_target(
        tmp_path / "servers" / "spring-tomcat", files={}, run=["true"], needs=needs, framework="Spring MVC, Tomcat"
    )
    lines = listing_text([target]).splitlines()

    assert max(map(len, lines)) <= 100
    assert sum(line.count("10.20.30") for line in lines) == 6
