"""Records docs/transcript.txt and .svg: a new user's first minutes on a terminal of 80 columns.

Run as `make transcript`. Needs tmux and a checkout that `make up` has installed once; everything else
happens in a temporary home on the real platform, which is taken down again.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]
COLUMNS = 80
STEPS: Sequence[tuple[str, str]] = (
    ("make up", ""),
    ("platformctl health", ""),
    ("platformctl backup create", ""),
    ("platformctl restore latest", "local"),
    ("platformctl restore --undo", "local"),
)
PASSWORD = re.compile(r"^(password +)\S+", re.MULTILINE)


class Terminal:
    """A private tmux server with one window; `screen` has everything shown so far."""

    def __init__(self, home: Path, colour: bool) -> None:
        self._tmux = ["tmux", "-L", f"platformctl-{os.getpid()}"]
        self._variables = {
            "HOME": str(home),
            "PS1": "$ ",
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "PATH": f"{ROOT / '.venv/bin'}:{os.environ['PATH']}",
            **({} if colour else {"NO_COLOR": "1"}),
        }
        size = ["-x", str(COLUMNS), "-y", "60"]
        self._run("new-session", "-d", *size, "-c", str(ROOT), "bash", "--norc", "--noprofile")
        self._await(r"\$ $")

    def type(self, text: str, answer: str) -> None:
        self._run("send-keys", text, "Enter")
        if answer:
            self._await(r"to go ahead: ?$")
            self._run("send-keys", answer, "Enter")
        self._await(r"\n\$ $")

    def screen(self, *, escapes: bool = False) -> str:
        return self._run("capture-pane", "-p", "-S", "-", *(["-e"] if escapes else [])).rstrip()

    def close(self) -> None:
        self._run("kill-server")

    def _await(self, pattern: str) -> None:
        for _ in range(600):
            time.sleep(0.2)
            if re.search(pattern, self.screen() + " "):
                return
        raise TimeoutError(f"waited two minutes for {pattern!r}:\n{self.screen()}")

    def _run(self, *words: str) -> str:
        asked = [*self._tmux, *words]
        return subprocess.run(asked, check=True, capture_output=True, text=True, env=self._variables).stdout


def record(colour: bool) -> str:
    home = Path(tempfile.mkdtemp(prefix="platformctl-"))
    terminal = Terminal(home, colour)
    try:
        for text, answer in STEPS:
            terminal.type(text, answer)
        return PASSWORD.sub(r"\1(shown once)", terminal.screen(escapes=colour).replace(str(home), "~"))
    finally:
        terminal.type("platformctl down --purge --with-backups --yes --confirm local", "")
        terminal.close()
        shutil.rmtree(home)


def draw(text: str) -> None:
    console = Console(record=True, width=COLUMNS, force_terminal=True, file=io.StringIO())
    console.print(Text.from_ansi(text))
    console.save_svg(str(ROOT / "docs/transcript.svg"), title="platformctl")


def main() -> int:
    if shutil.which("tmux") is None:
        print("recording needs tmux", file=sys.stderr)
        return 4
    (ROOT / "docs/transcript.txt").write_text(record(colour=False) + "\n")
    draw(record(colour=True))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
