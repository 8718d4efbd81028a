"""Records docs/transcript.txt and docs/transcript.svg: a new user's first minutes at 80 columns.

Run as `make transcript`. Needs tmux and git. The last commit is cloned into a home of its own, and everything
typed there happens on the real platform, which is taken down again.
"""

from __future__ import annotations

import io
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]
SHOWN_HOME = "/home/ada"
COLUMNS = 80
PASSWORD = re.compile(r"^(password +)(\S+)", re.MULTILINE)
WAIT = 180  # seconds


class Terminal:
    """A shell in a private tmux server; `screen` has everything that was shown so far."""

    def __init__(self, home: Path, folder: Path, colour: bool) -> None:
        self._tmux = ["tmux", "-L", home.name, "-f", os.devnull]
        variables = {
            "HOME": str(home),
            "PS1": "$ ",
            "HISTFILE": os.devnull,
            "TERM": "screen-256color",
            "LANG": "C.UTF-8",
            "PATH": os.defpath + ":/usr/local/bin:/usr/local/sbin:/usr/sbin:/sbin",
            **({} if colour else {"NO_COLOR": "1"}),
        }
        settings = [f"{name}={value}" for name, value in variables.items()]
        shell = ["env", "-i", *settings, "bash", "--norc", "--noprofile"]
        self._run("new-session", "-d", "-x", str(COLUMNS), "-y", "50", "-c", str(folder), *shell)
        self._until(lambda shown: _prompts(shown) == 1)

    def type(self, text: str, answer: str = "") -> None:
        before = _prompts(self.screen())
        self._run("send-keys", "-l", text)
        self._run("send-keys", "Enter")
        if answer:
            self._until(lambda shown: shown.endswith("to go ahead:"))
            self._run("send-keys", answer, "Enter")
        self._until(lambda shown: _prompts(shown) > before and shown.endswith("\n$"))

    def screen(self, *, escapes: bool = False) -> str:
        shown = self._run("capture-pane", "-p", "-S", "-", *(["-e"] if escapes else []))
        return "\n".join(line.rstrip() for line in shown.rstrip().splitlines())

    def close(self) -> None:
        self._run("kill-server")

    def _until(self, reached: Callable[[str], bool]) -> None:
        end = time.monotonic() + WAIT
        while not reached(self.screen()):
            if time.monotonic() > end:
                raise TimeoutError(f"nothing more in {WAIT} s after:\n{self.screen()}")
            time.sleep(0.2)

    def _run(self, *words: str) -> str:
        return subprocess.run([*self._tmux, *words], check=True, capture_output=True, text=True).stdout


def _prompts(shown: str) -> int:
    return sum(line == "$" or line.startswith("$ ") for line in shown.splitlines())


def record(*, colour: bool) -> str:
    """What the terminal shows, with the password hidden and the temporary home called SHOWN_HOME."""
    home = Path("/tmp") / secrets.token_hex(2)  # as long as SHOWN_HOME, so that lines break where a user's do
    home.mkdir(mode=0o700)
    folder = home / "platformctl"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    terminal = Terminal(home, folder, colour)
    try:
        terminal.type("make up")
        terminal.type(f'export PATH="{folder}/.venv/bin:$PATH"')
        terminal.type("platformctl health")
        terminal.type("platformctl backup create")
        terminal.type("platformctl restore latest", answer="local")
        terminal.type("platformctl restore --undo", answer="local")
        shown = terminal.screen(escapes=colour).replace(str(home), SHOWN_HOME).removesuffix("\n$")
        return PASSWORD.sub(lambda found: found[1] + "*" * len(found[2]), shown)
    finally:
        terminal.type("platformctl down --purge --with-backups --yes --confirm local")
        terminal.close()
        shutil.rmtree(home)


def draw(shown: str, file: Path) -> None:
    console = Console(record=True, width=COLUMNS, force_terminal=True, file=io.StringIO())
    console.print(Text.from_ansi(shown))
    console.save_svg(str(file), title="platformctl")


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the platform is taken down first
    missing = [name for name in ("tmux", "git") if shutil.which(name) is None]
    if missing:
        print(f"recording needs {' and '.join(missing)} on PATH", file=sys.stderr)
        return 4
    (ROOT / "docs/transcript.txt").write_text(record(colour=False) + "\n")
    draw(record(colour=True), ROOT / "docs/transcript.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
