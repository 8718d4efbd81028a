"""The wheel alone in a fresh environment and an empty folder: the whole life, with and without a network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOOPBACK_ONLY = """
import fcntl, os, socket, struct, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
    fcntl.ioctl(probe, 0x8914, struct.pack("16sh14x", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP
os.execvp(sys.argv[1], sys.argv[1:])
"""
LIFE = """
set -eu
platformctl --version
platformctl up --output json
platformctl health --output json
platformctl backup create --output json
platformctl restore latest --yes --confirm local --output json
platformctl restore --undo --yes --confirm local --output json
platformctl health --output json
platformctl down --output json
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel and its pinned dependencies, and nothing of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        folder,
        ROOT,
    ]
    subprocess.run(build, check=True)
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    pip = [folder / "venv/bin/python", "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "-r", ROOT / "requirements/base.txt"], check=True)
    subprocess.run([*pip, "--no-deps", next(folder.glob("platformctl-*.whl"))], check=True)
    return folder / "venv/bin"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("network", [True, False], ids=["with_network", "without_network"])
def test_wheel_alone_carries_the_whole_life(installed: Path, tmp_path: Path, network: bool) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    environment = {
        "HOME": str(tmp_path),
        "PATH": f"{installed}:/usr/bin:/bin:/usr/sbin:/sbin",
        "LANG": "C.UTF-8",
    }
    isolation = ["unshare", "--net"] if os.getuid() == 0 else ["unshare", "--map-root-user", "--net"]
    offline = [*isolation, str(installed / "python"), "-c", LOOPBACK_ONLY]
    life = subprocess.run(
        [*([] if network else offline), "sh", "-c", LIFE],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    subprocess.run([installed / "platformctl", "down", "--output", "json"], cwd=folder, env=environment)
    assert life.returncode == 0, life.stdout + life.stderr
    answers = [json.loads(line) for line in life.stdout.splitlines()[1:]]
    assert [answer["verb"] for answer in answers if answer["ok"]] == [
        "up",
        "health",
        "backup create",
        "restore",
        "restore",
        "health",
        "down",
    ]
