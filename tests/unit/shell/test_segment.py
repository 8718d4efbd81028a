"""What PostgreSQL runs for each segment of its log: kept whole and once, and given back as it was."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from platformctl.shell import segment

CONTENT = b"a segment" + bytes(1 << 20)


def archived(verb: str, source: Path, target: Path) -> subprocess.CompletedProcess[str]:
    program = (sys.executable, "-I", "-S", segment.__file__, verb, str(source), str(target))
    return subprocess.run(program, capture_output=True, text=True, check=False)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    (tmp_path / "log").write_bytes(CONTENT)
    return tmp_path / "log"


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "archive" / "000000010000000000000001.gz"


def test_what_is_kept_is_given_back(log: Path, kept: Path, tmp_path: Path) -> None:
    assert archived("keep", log, kept).returncode == 0
    assert archived("give", kept, tmp_path / "back").returncode == 0
    assert (tmp_path / "back").read_bytes() == CONTENT
    assert [each.name for each in kept.parent.iterdir()] == [kept.name]
    assert kept.stat().st_mode & 0o077 == kept.parent.stat().st_mode & 0o077 == 0
    assert kept.stat().st_size < len(CONTENT) / 100


def test_the_same_once_more_is_right_and_another_is_refused(log: Path, kept: Path) -> None:
    assert archived("keep", log, kept).returncode == 0
    before = kept.read_bytes()
    assert archived("keep", log, kept).returncode == 0
    log.write_bytes(b"another" + CONTENT[7:])
    refused = archived("keep", log, kept)
    assert refused.returncode == 1
    assert "holds something else" in refused.stderr
    assert kept.read_bytes() == before


def test_what_a_killed_run_left_is_in_nobodys_way(log: Path, kept: Path, tmp_path: Path) -> None:
    kept.parent.mkdir()
    kept.with_name(f"{kept.name}.unfinished").write_bytes(b"half")
    assert archived("give", kept, tmp_path / "back").returncode == 1
    assert archived("keep", log, kept).returncode == 0
    assert [each.name for each in kept.parent.iterdir()] == [kept.name]


@pytest.mark.parametrize("place", [0, 5, -6, -1])
def test_a_damaged_one_is_neither_given_nor_taken_for_the_same(
    log: Path, kept: Path, tmp_path: Path, place: int
) -> None:
    archived("keep", log, kept)
    damaged = bytearray(kept.read_bytes())
    damaged[place] ^= 1 if place == 0 or place < 0 else 0
    kept.write_bytes(damaged if place != 5 else damaged[:-5])
    assert archived("give", kept, tmp_path / "back").returncode == 1
    assert not (tmp_path / "back").exists()
    assert archived("keep", log, kept).returncode == 1


def test_an_archive_that_cannot_be_written_fails_and_says_where(log: Path, kept: Path) -> None:
    kept.parent.write_text("no folder")
    refused = archived("keep", log, kept)
    assert refused.returncode == 1
    assert str(kept.parent) in refused.stderr


def test_a_disk_that_is_full_leaves_nothing_under_the_name(log: Path, kept: Path) -> None:
    """A limit on the size of files stands for the disk."""
    log.write_bytes(bytes(range(256)) * 256)
    program = f"ulimit -f 0; exec {sys.executable} -I -S {segment.__file__} keep {log} {kept}"
    trap = ("sh", "-c", f"trap '' XFSZ; {program}")
    refused = subprocess.run(trap, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "too large" in refused.stderr
    assert list(kept.parent.iterdir()) == []
