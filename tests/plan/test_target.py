"""Server descriptions become targets, or say what is wrong with them."""

from pathlib import Path

import pytest

from controller.errors import PlanError
from controller.plan.target import Target, read_target, read_targets
from controller.plan.trust import Trust
from tests.plan.given import SERVER
from tests.sources import ROOT


def written(servers: Path, name: str, text: str) -> Path:
    """Write a server description into a folder of its own."""
    path = servers / name / "server.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    return path


def refusal_of(folder: Path, text: str, *, name: str = "x") -> str:
    """Return why a description is refused, without the file's name in front."""
    path = written(folder, name, text)
    with pytest.raises(PlanError) as error:
        read_target(path)
    return str(error.value).removeprefix(f"{path}: ")


def test_a_description_becomes_a_target(tmp_path: Path) -> None:
    """The folder gives the name; what is left out has its default."""
    path = written(tmp_path, "go-nethttp", SERVER.replace('">=1.22"', '">= 1.22"'))

    assert read_target(path) == Target(
        name="go-nethttp",
        folder=tmp_path / "go-nethttp",
        language="Go",
        framework="net/http",
        style="async",
        process_model="one process",
        needs={"go": ">=1.22"},
        build=(("go", "build", "-o", "{out}/server", "."),),
        run=("{out}/server",),
    )


def test_everything_a_description_may_say_is_kept(tmp_path: Path) -> None:
    """Warm-up, environment, libraries, own routes: all reach the target."""
    more = 'libraries = { sqlite3 = ">= 3.40" }\n'
    more += 'warmup_s = 20\nenv = { GOGC = "100" }\npass_env = ["DATABASE_URL"]\ncontract = false\nready = "/up"\n'
    target = read_target(written(tmp_path, "mine", more + SERVER))

    assert (target.warmup_s, target.env, target.pass_env) == (20.0, {"GOGC": "100"}, ("DATABASE_URL",))
    assert (target.contract, target.ready) == (False, "/up")
    assert target.libraries == {"sqlite3": ">=3.40"}


def test_adding_a_folder_adds_a_target(tmp_path: Path) -> None:
    """Folders are found by their server.toml, sorted by name; others are none."""
    for name in ("b", "a", "a.b"):
        written(tmp_path, name, SERVER)
    (tmp_path / "contract").mkdir()
    (tmp_path / "file").touch()

    assert list(read_targets(tmp_path)) == ["a", "a.b", "b"]


def test_the_servers_of_this_project_are_right() -> None:
    """Every server.toml beside this code can be read."""
    assert {"python-fastapi", "python-flask"} <= read_targets(ROOT / "servers").keys()


def test_a_relative_path_gives_an_absolute_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A target's folder does not depend on where FastServe was started."""
    monkeypatch.chdir(written(tmp_path, "a", SERVER).parent)

    assert read_target(Path("server.toml")).folder == tmp_path / "a"


def test_a_missing_folder_of_servers_is_said(tmp_path: Path) -> None:
    """No folder is an error, not an empty answer."""
    with pytest.raises(PlanError, match="expected a folder of servers, found none"):
        read_targets(tmp_path / "servers")


def test_the_problems_of_all_descriptions_come_together(tmp_path: Path) -> None:
    """One broken folder does not hide another."""
    for name in ("a", "b"):
        written(tmp_path, name, "language = 3\n" + SERVER.replace('language = "Go"\n', ""))

    with pytest.raises(PlanError) as error:
        read_targets(tmp_path)

    assert str(error.value).splitlines() == [
        f"{tmp_path}/{name}/server.toml: language: expected one line of text, at most 1,000 characters, found 3"
        for name in ("a", "b")
    ]


@pytest.mark.parametrize(
    ("setting", "line"),
    [
        ('style = "threads"', 'style: expected "sync" or "async", found "threads"'),
        ("language = ''", 'language: expected one line of text, at most 1,000 characters, found ""'),
        ("run = []", "run: expected a list of a program and its arguments, found []"),
        ("run = 'x'", 'run: expected a list, found "x"'),
        ("run = [3]", "run[0]: expected the name or path of a program, found 3"),
        ('run = ["x", "\\u0000"]', 'run[1]: expected text without a zero byte, found "\\u0000"'),
        ("build = ['make']", 'build[0]: expected a list of a program and its arguments, found "make"'),
        ("needs = { go = '1.22' }", 'needs.go: expected a least version such as ">=1.22", found "1.22"'),
        ("needs = { '../go' = '>=1' }", "needs.\"../go\": expected a tool's name, found \"../go\""),
        ("libraries = { x = '1' }", 'libraries.x: expected a least version such as ">=1.22", found "1"'),
        ("libraries = { '-x' = '>=1' }", 'libraries.-x: expected the name that pkg-config has for'),
        ("warmup_s = -1", "warmup_s: expected a number from 0 to 3,600, found -1"),
        ("env = { PORT = '80' }", "env.PORT: expected no variable that FastServe sets itself, found PORT"),
        ("env = { METRICS = 'x' }", "env.METRICS: expected no variable that FastServe sets itself, found METRICS"),
        ("env = { A = 1 }", "env.A: expected text without a zero byte, found 1"),
        ("env = { 'A=B' = '1' }", "env.\"A=B\": expected a variable's name of letters, digits and _, found \"A=B\""),
        ("pass_env = ['A', 'A']", "pass_env[1]: expected each variable once, found \"A\" again"),
        ("env = { A = '1' }\npass_env = ['A']", "pass_env[0]: expected each variable once, found \"A\" again"),
        ("contract = 0", "contract: expected true or false, found 0"),
        ("ready = 'up'", 'ready: expected a path: starts with /, printable ASCII, no space, no #, found "up"'),
        ("tls_verify = false", "tls_verify: expected only beside url, found no url"),
        ("frame = 'x'", "frame: unknown key; known are language, framework, "),
    ],
)  # fmt: skip
def test_a_wrong_description_has_its_line(tmp_path: Path, setting: str, line: str) -> None:
    """One wrong setting is one line: key, expected, found."""
    key = setting.split(" ", maxsplit=1)[0]
    kept = [text for text in SERVER.splitlines() if not text.startswith(f"{key} ")]

    assert refusal_of(tmp_path, "\n".join([setting, *kept])).startswith(line)


def test_a_server_of_ones_own_may_use_the_names_of_the_contract(tmp_path: Path) -> None:
    """Without the contract its settings mean nothing; PORT still does."""
    own = 'contract = false\nenv = { REDIS_URL = "redis://x", BIND = "::" }\n' + SERVER

    assert refusal_of(tmp_path, own) == "env.BIND: expected no variable that FastServe sets itself, found BIND"


def test_a_missing_command_is_said(tmp_path: Path) -> None:
    """Everything required and left out is named."""
    assert refusal_of(tmp_path, 'style = "sync"\n').splitlines() == [
        "4 problems",
        "  language       expected one line of text, at most 1,000 characters, found nothing",
        "  framework      expected one line of text, at most 1,000 characters, found nothing",
        "  process_model  expected one line of text, at most 1,000 characters, found nothing",
        "  run            expected the list of a program and its arguments, found nothing",
    ]


def test_a_folder_that_is_no_name_is_refused(tmp_path: Path) -> None:
    """The name of a target is the name of its folder."""
    assert 'found "My_Server"' in refusal_of(tmp_path, SERVER, name="My_Server")


def test_a_server_that_runs_already_is_checked_and_not_built(tmp_path: Path) -> None:
    """With url there is nothing to build or run; its authorities are looked for in its folder."""
    head = SERVER.split("needs", maxsplit=1)[0] + 'url = "https://127.0.0.1:8443/"\ntls_verify = false\n'
    target = read_target(written(tmp_path, "w", head))

    assert (target.url, target.run, target.trust) == ("https://127.0.0.1:8443", (), Trust(verify=False))
    for name, url in {"a": "ftp://x", "b": "http://127.0.0.1:99999", "c": "http://:80"}.items():
        refusal = refusal_of(tmp_path, head.replace("https://127.0.0.1:8443/", url), name=name)
        assert refusal == f'url: expected a URL such as https://127.0.0.1:8443, found "{url}"'
    assert refusal_of(tmp_path, head + 'ca_file = "ca.pem"\n', name="z").startswith(
        f"ca_file: {tmp_path}/z/ca.pem: expected a file of certificates, found: "
    )
    assert refusal_of(tmp_path, head + 'run = ["x"]\n', name="y") == (
        "run: expected nothing beside url: that server runs already"
    )
