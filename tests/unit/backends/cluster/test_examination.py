from __future__ import annotations

import os
import shlex
import shutil
import socket
import subprocess
from pathlib import Path

from platformctl.backends.cluster.examination import unwatched
from platformctl.backends.cluster.layout import Layout
from platformctl.backends.cluster.local import EmbeddedCluster
from platformctl.backends.cluster.protocol import LockHolder
from platformctl.backends.cluster.supervisor import Supervisor
from platformctl.backends.secrets.file import FileSecrets
from platformctl.config.schema import PlatformConfig
from platformctl.shell import processes
from platformctl.shell.runner import RealRunner


def test_what_point_in_time_left_when_it_was_turned_off_is_named_with_how_to_delete_it(
    tmp_path: Path,
) -> None:
    layout = Layout(tmp_path, tmp_path)
    layout.archive.mkdir(parents=True)
    (layout.archive / "log.gz").write_bytes(bytes(3_000_000))
    former = tmp_path / "point-in-time.former-1"
    shutil.copytree(layout.point_in_time, former)
    (on,) = unwatched(layout, in_use=True)
    assert on.evidence == str(former)
    (off,) = unwatched(layout, in_use=False)
    assert off.evidence == f"{layout.point_in_time}, {former}"
    assert "6 MB" in off.message
    subprocess.run(shlex.split(off.fix.partition("them, ")[2]), check=True)
    assert list(unwatched(layout, in_use=False)) == []


def test_what_a_living_run_is_at_is_no_left_over(tmp_path: Path) -> None:
    layout = Layout(tmp_path, tmp_path)
    runner = RealRunner(lambda words, outcome: None)
    secrets = FileSecrets(layout.secrets, layout.secrets_key, runner)
    config = PlatformConfig(platform="shop")
    cluster = EmbeddedCluster(layout, config, tmp_path, secrets, Supervisor(layout, runner))
    me = processes.current()
    holder = LockHolder("a", "restore", "restore --at", socket.gethostname(), me.pid, me.started, 0.0, None)
    marked = {**os.environ, "PLATFORMCTL_STATE": str(tmp_path)}
    copying = subprocess.Popen(["sleep", "60"], env=marked)
    try:
        told = {each.id: each for each in cluster.examine()}["left-overs"]
        assert str(copying.pid) in told.evidence
        assert cluster.take_lock(holder) is None
        assert {each.id: each.status for each in cluster.examine()}["left-overs"] == "pass"
    finally:
        copying.kill()
        copying.wait()
