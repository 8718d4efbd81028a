"""Files are whole or absent, and what keeps them from being written is told in words."""

from __future__ import annotations

import os
import stat
import subprocess
import sys

import pytest

from platformctl.errors import StateError
from platformctl.shell import files


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "state.json"
    files.write_whole(path, "old")
    with pytest.raises(UnicodeEncodeError):
        files.write_whole(path, "\udcff")
    blocked = tmp_path / "folder"
    (blocked / "child").mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        files.write_whole(blocked, "new")
    assert path.read_text() == "old"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["folder", "state.json"]


def test_a_path_below_a_file_is_told(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StateError) as error:
        files.write_whole(tmp_path / "file" / "state.json", "new")
    assert error.value.exit_code == 4
    assert "XDG_STATE_HOME" in error.value.fix


def test_a_file_is_only_the_users(tmp_path):
    files.write_whole(tmp_path / "deep" / "state.json", "new")
    assert stat.S_IMODE((tmp_path / "deep" / "state.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "deep").stat().st_mode) == 0o700


@pytest.mark.parametrize("make", ["open_to_others", "link", "file"])
def test_a_directory_that_is_not_private_is_refused(tmp_path, make):
    path = tmp_path / "place"
    if make == "open_to_others":
        path.mkdir()
        path.chmod(0o755)
    elif make == "link":
        path.symlink_to(tmp_path)
    else:
        path.write_text("x")
    with pytest.raises(StateError):
        files.private_directory(path)


def test_a_guard_is_freed_when_its_holder_is_killed(tmp_path):
    guard = tmp_path / "guard"
    hold = f"""
import sys, time
from pathlib import Path
from platformctl.shell import files
with files.guarded(Path({str(guard)!r})):
    print("held", flush=True)
    time.sleep(60)
"""
    holder = subprocess.Popen([sys.executable, "-c", hold], stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "held\n"
    holder.kill()
    holder.wait()
    with files.guarded(guard):
        assert os.path.exists(guard)
