"""The lock file: one holder at a time, and none that is dead."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psutil
import pytest

from platformctl.backends.cluster.lease import Lease
from platformctl.backends.cluster.protocol import LockHolder
from platformctl.shell import files, processes


@pytest.fixture
def lease(tmp_path):
    return Lease(tmp_path / "lock.json")


@pytest.fixture
def me():
    this = processes.current()
    return LockHolder("mine", "up", "up", socket.gethostname(), this.pid, this.started, time.time())


def test_a_living_holder_keeps_the_lock(lease, me):
    assert lease.take(me) is None
    assert lease.take(replace(me, id="other")).id == "mine"


def test_a_killed_holder_is_replaced_at_once(lease, me):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    started = psutil.Process(child.pid).create_time()
    dead = replace(me, id="dead", pid=child.pid, started=started)
    assert lease.take(dead) is None
    assert lease.take(me).id == "dead"
    child.kill()
    child.wait()
    assert lease.take(me) is None
    assert lease.holder().id == "mine"


def test_a_reused_pid_is_not_the_holder(lease, me):
    assert lease.take(replace(me, id="earlier", started=me.started - 1000)) is None
    assert lease.holder() is None
    assert lease.take(me) is None


def test_a_holder_on_another_host_is_dead_after_a_minute_without_renewal(lease, me, tmp_path):
    assert lease.take(replace(me, id="far", host="elsewhere", pid=1)) is None
    assert lease.take(me).id == "far"
    old = time.time() - 61
    os.utime(tmp_path / "lock.json", (old, old))
    assert lease.take(me) is None


def test_renewing_keeps_a_far_holder_alive(lease, me, tmp_path):
    far = replace(me, id="far", host="elsewhere", pid=1)
    lease.take(far)
    old = time.time() - 61
    os.utime(tmp_path / "lock.json", (old, old))
    lease.renew("far")
    assert lease.holder().id == "far"


def test_renewing_waits_for_whoever_is_changing_the_lock(lease, me, tmp_path):
    lease.take(me)
    with ThreadPoolExecutor(1) as pool:
        with files.guarded(tmp_path / "lock.guard"):
            renewal = pool.submit(lease.renew, "mine")
            time.sleep(0.1)
            assert not renewal.done()
            (tmp_path / "lock.json").unlink()
        assert renewal.result(timeout=5) is None


def test_nothing_is_renewed_where_the_state_is_gone(tmp_path):
    gone = Lease(tmp_path / "gone" / "lock.json")
    gone.renew("mine")
    assert not (tmp_path / "gone").exists()


def test_many_at_once_get_one_holder(lease, me):
    contenders = [replace(me, id=str(number)) for number in range(16)]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lease.take, contenders))
    assert answers.count(None) == 1


def test_only_the_holder_releases(lease, me):
    lease.take(me)
    lease.release("somebody else")
    assert lease.holder().id == "mine"
    lease.release("mine")
    assert lease.holder() is None


def test_a_torn_lock_file_is_no_lock(lease, me, tmp_path):
    (tmp_path / "lock.json").write_text('{"id": "tor')
    assert lease.take(me) is None


def test_what_a_killed_taker_had_begun_to_write_is_swept(lease, me, tmp_path):
    left = tmp_path / ".lock.json.abcdefgh"
    left.write_text("{")
    assert lease.take(me) is None
    assert not left.exists()
