"""Units of systemd as text; installs and runs nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def service(about: str, folder: str, variables: Mapping[str, str], commands: Sequence[Sequence[str]]) -> str:
    """The commands run one after the other, until one fails; what they say is in the journal."""
    lines = [
        "[Unit]",
        f"Description={_plain(about)}",
        "",
        "[Service]",
        "Type=oneshot",
        f"WorkingDirectory={_plain(folder)}",
        *(f"Environment={_quoted(f'{name}={value}')}" for name, value in variables.items()),
        # the colon keeps dollar signs as they are
        *(f"ExecStart=:{' '.join(map(_quoted, words))}" for words in commands),
    ]
    return "\n".join(lines) + "\n"


def timer(about: str, times: Sequence[str]) -> str:
    """A machine that slept or was off makes up for what it missed."""
    lines = [
        "[Unit]",
        f"Description={_plain(about)}",
        "",
        "[Timer]",
        *(f"OnCalendar=*-*-* {time}:00" for time in times),
        "Persistent=true",
        "",
        "[Install]",
        "WantedBy=timers.target",
    ]
    return "\n".join(lines) + "\n"


def installer(units: Mapping[str, str]) -> str:
    """A script for sh that writes the units of whoever runs it, and starts the timers."""
    folder = '"${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user"'
    files = [f"cat >{name} <<'END'\n{text}END\n" for name, text in units.items()]
    timers = " ".join(name for name in units if name.endswith(".timer"))
    return (
        f"set -eu\nmkdir -p {folder}\ncd {folder}\n{''.join(files)}"
        "systemctl --user daemon-reload\n"
        f"systemctl --user enable --now {timers}\n"
        "# so that it runs while you are not logged in, once: loginctl enable-linger"
    )


def _quoted(text: str) -> str:
    escaped = _plain(text).replace('"', '\\"')
    return f'"{escaped}"'


def _plain(text: str) -> str:
    """A percent sign begins an expansion in units."""
    return text.replace("%", "%%")
