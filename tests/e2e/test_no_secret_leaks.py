"""Every command runs with secrets that the test knows; none of them may be found anywhere afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from platformctl.backends.secrets.protocol import LOGIN, PASSWORD, UNSHOWN
from tests.cli.canaries import canary, files, forms, leaks
from tests.commands import Leaf, leaves
from tests.faults.world import World, made
from tests.support import context, isolate

ROOT = Path(__file__).parents[2]
GIVEN = {
    name: canary(name)
    for name in (
        "FIRST_SUPERUSER_PASSWORD",
        "PGPASSWORD",
        "AWS_SECRET_ACCESS_KEY",
        "PLATFORMCTL_VERIFY_PASSWORD",
    )
}
OPEN = {"PLATFORMCTL_VERIFY_USER": "somebody@example.com"}  # goes with a password, and is none
STDIN = canary("stdin")
ARGUMENTS = {
    "init service": ["orders"],
    "rollback": ["--to", "nothing"],
    "backup show": ["nothing"],
    "backup verify": ["--all"],
    "restore": ["latest"],
    "maintenance on": ["--message", "for a while", "--retry-after", "5"],
    "history": ["--limit", "1"],
    "secrets set": ["auth/SMTP_PASSWORD"],
    "lock break": ["--confirm", "nobody", "--reason", "a test"],
}
SURE = {"--yes": [], "--confirm": ["local"]}
LAST = ("down",)


def line(leaf: Leaf) -> list[str]:
    """The command with arguments that let it do its work, and its consent."""
    own = ARGUMENTS.get(str(leaf), [])
    flags = [*own]
    for option, value in SURE.items():
        if leaf.has(option) and option not in own:
            flags += [option, *value]
    return [*leaf.words, *flags, *(["--verbose"] if leaf.has("--verbose") else [])]


def ordered() -> list[Leaf]:
    """`up` first, `down` last, the rest as on the help page."""
    found = leaves()
    first = [each for each in found if str(each) == "up"]
    last = [each for each in found if str(each) in LAST]
    return [*first, *(each for each in found if each not in (*first, *last)), *last]


def run(world: World, words: list[str]) -> tuple[int, bytes]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.cli.recorder", str(world.folder / "argv.txt"), *words],
        env={**os.environ, **GIVEN, **OPEN, "PYTHONPATH": str(ROOT), "TMPDIR": str(world.folder / "tmp")},
        input=f"{STDIN}\n".encode(),
        capture_output=True,
        check=False,
        timeout=120,
    )
    return done.returncode, done.stdout + done.stderr


def made_up() -> dict[str, str]:
    """What the platform itself keeps secret; the login's name and whether its password was shown is none."""
    secrets = context().backends.secrets
    values = {each.name: secrets.get(each.name) for each in secrets.list()}
    found = {name: value.get_secret_value() for name, value in values.items() if value is not None}
    return {name: value for name, value in found.items() if name not in (LOGIN, UNSHOWN)}


@pytest.mark.timeout(600)
def test_no_command_lets_a_secret_out() -> None:
    found: list[str] = []
    said: dict[str, bytes] = {}
    codes: dict[str, int] = {}
    with made(replicas=1, started=False) as world:
        (world.folder / "tmp").mkdir()
        for leaf in ordered():
            if str(leaf) in LAST:
                secrets = {**GIVEN, "stdin": STDIN, **made_up()}
                found += processes(secrets, world)
            codes[str(leaf)], said[str(leaf)] = run(world, line(leaf))
        for name, output in said.items():
            allowed = {PASSWORD, "FIRST_SUPERUSER_PASSWORD"} if name == "secrets show-login" else set()
            kept = {each: value for each, value in secrets.items() if each not in allowed}
            found += leaks(kept, f"the output of {name}", output)
        for place, content in files(world.folder, Path(os.environ["XDG_RUNTIME_DIR"])):
            found += leaks(secrets, place, content)
        assert (world.folder / "argv.txt").stat().st_size > 1000
        assert list((world.folder / "tmp").iterdir()) == []
    assert found == []
    assert [name for name, code in codes.items() if code in (2, 70)] == []
    worked = ("up", "backup create", "restore", "deploy", "secrets set", "secrets show-login", "down")
    assert {name: codes[name] for name in worked} == dict.fromkeys(worked, 0), said
    assert len(secrets) > 8


def processes(secrets: dict[str, str], world: World) -> list[str]:
    """The command lines of everything that runs for the environment, as the system shows them to anybody."""
    found = []
    for process in psutil.process_iter():
        try:
            if str(world.folder) in process.environ().get("PLATFORMCTL_STATE", ""):
                found += leaks(secrets, f"argv of {process.name()}", "\0".join(process.cmdline()).encode())
        except psutil.Error:
            continue
    return found


def test_a_password_in_the_configuration_is_refused_without_repeating_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    isolate(monkeypatch, tmp_path)
    secret = canary("mail")
    Path("platform.yaml").write_text(f"mail: {{smtp: 'smtp://me:{secret}@mail.example.org'}}\n")
    for verb in ("up", "config show", "config check", "status"):
        done = subprocess.run(
            [sys.executable, "-m", "platformctl", *verb.split()],
            capture_output=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert done.returncode == 3
        assert leaks({"mail": secret}, verb, done.stdout + done.stderr) == []


@pytest.mark.parametrize("wrap", ["{}", "x{}", "xx{}", "xxx{}y"])
def test_every_form_of_a_secret_is_found(wrap: str) -> None:
    import base64
    import json
    from urllib.parse import quote_plus

    secret = canary("x")
    text = wrap.format(secret)
    for coded in (
        text.encode(),
        base64.b64encode(text.encode()),
        base64.urlsafe_b64encode(text.encode()),
        json.dumps(text).encode(),
        quote_plus(text).encode(),
    ):
        assert leaks({"x": secret}, "here", b"before " + coded + b" after") == ["x in here"]
    assert leaks({"x": secret}, "here", b"nothing of it") == []
    assert all(len(each) > 12 for each in forms(secret))
