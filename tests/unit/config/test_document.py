"""Files that are no configuration at all: each becomes a problem in one sentence, never a traceback."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from platformctl.config.document import LARGEST, read


def problems(path: Path) -> list[str]:
    layer = read(path, "platform.yaml")
    assert layer.data == {} or not layer.problems
    return [str(each) for each in layer.problems]


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"", "platform.yaml:1:1: is empty: write at least a comment, or remove the file"),
        (b" \n\n", "platform.yaml:1:1: is empty: write at least a comment, or remove the file"),
        (b"platform: a\nb: \0", "platform.yaml:2:4: contains a NUL byte"),
        (
            b"\xef\xbb\xbfplatform: a",
            "platform.yaml:1:1: begins with a byte order mark: save it as UTF-8 without one",
        ),
        (b"\xff\xfep\0", "platform.yaml:1:1: begins with a byte order mark: save it as UTF-8 without one"),
        (b"platform: caf\xe9", "platform.yaml:1:14: is not UTF-8 text"),
        ("platform: é\nb: \x07".encode(), "platform.yaml:2:4: contains a control character"),
        (b"a" * (LARGEST + 1), "platform.yaml: is larger than 256 KiB"),
        (b"[" * 20_000, "platform.yaml: is nested too deeply"),
    ],
)
def test_a_file_that_is_no_configuration_is_told(tmp_path: Path, raw: bytes, told: str) -> None:
    file = tmp_path / "platform.yaml"
    file.write_bytes(raw)
    assert problems(file) == [told]


def test_a_folder_is_told(tmp_path: Path) -> None:
    assert problems(tmp_path) == ["platform.yaml: cannot be read: Is a directory"]


def test_a_pipe_without_a_writer_is_told_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert problems(tmp_path / "pipe") == ["platform.yaml: cannot be read: it is not a regular file"]


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_told(tmp_path: Path) -> None:
    file = tmp_path / "platform.yaml"
    file.write_text("platform: shop")
    file.chmod(0)
    assert problems(file) == ["platform.yaml: cannot be read: Permission denied"]


def test_a_loop_of_links_is_told(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("a")
    assert "Too many levels" in problems(tmp_path / "a")[0]


def test_aliases_that_would_multiply_are_never_expanded(tmp_path: Path) -> None:
    file = tmp_path / "platform.yaml"
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    file.write_text("\n".join(lines))
    assert len(problems(file)) == 12
