"""Programs of a secluded runner reach each other and nothing else."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from platformctl.errors import CommandError
from platformctl.shell.command import Command
from platformctl.shell.runner import RealRunner
from platformctl.shell.secluded import NETLESS, Secluded, refusal

RUNNER = RealRunner(lambda words, outcome: None)
CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 2)"
LISTEN = (
    "import socket; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True);"
    "[s.accept() for _ in iter(int, 1)]"
)

pytestmark = pytest.mark.skipif(refusal(RUNNER) != "", reason="no network of its own can be made here")


def connect(host: str, port: int) -> Command:
    return Command((sys.executable, "-c", CONNECT, host, str(port)), mutates=False)


def test_nothing_outside_can_be_reached_not_even_this_machine() -> None:
    secluded = Secluded(RUNNER, lambda: None)
    with socket.create_server(("127.0.0.1", 0)) as outside:
        port = outside.getsockname()[1]
        RUNNER.run(connect("127.0.0.1", port))
        with pytest.raises(CommandError) as refused:
            secluded.run(connect("127.0.0.1", port))
    assert "ConnectionRefusedError" in refused.value.cause
    with pytest.raises(CommandError) as unreachable:
        secluded.run(connect("192.0.2.1", 80))
    assert "unreachable" in unreachable.value.cause


def test_the_user_and_the_files_stay_the_same(tmp_path: object) -> None:
    command = Command(("id", "-u"), mutates=False)
    assert Secluded(RUNNER, lambda: None).run(command).text == str(os.geteuid())


def test_programs_share_the_network_of_the_holder() -> None:
    argv = (*NETLESS, "alone", sys.executable, "-c", LISTEN)
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        port = int(holder.stdout.readline())
        secluded = Secluded(RUNNER, lambda: holder.pid)
        secluded.run(connect("127.0.0.1", port))
        with secluded.feed(connect("127.0.0.1", port)), pytest.raises(CommandError):
            RUNNER.run(connect("127.0.0.1", port))
        holder.kill()


def test_a_system_that_refuses_says_why() -> None:
    """Where no further user namespace may be made, as on hardened systems."""
    limited = ("sh", "-c", 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"', "sh")
    script = "from tests.unit.shell.test_secluded import RUNNER, refusal; print(refusal(RUNNER))"
    argv = ("unshare", "--user", "--map-root-user", *limited, sys.executable, "-c", script)
    done = subprocess.run(argv, capture_output=True, text=True)
    assert "unshare: No space left on device" in done.stdout, done.stderr
