"""Whose state directory this is: refuses one of another configuration or version, and marks our own."""

from __future__ import annotations

import json
from pathlib import Path

from platformctl.errors import StateError
from platformctl.shell import files

STATE_VERSION = 1


def check(mark: Path, origin: Path) -> bool:
    """Whether the directory is already ours; raises StateError when it is somebody else's."""
    try:
        found = json.loads(mark.read_text())
    except FileNotFoundError:
        return False
    except NotADirectoryError as error:
        raise StateError(
            f"{mark.parent} cannot be a directory",
            cause=f"part of its path is a file: {error}",
            fix="move that file away, or set XDG_STATE_HOME to another folder",
            reference="state/not-writable",
        ) from error
    except ValueError as error:
        raise StateError(
            f"{mark} cannot be read",
            cause=str(error),
            fix=f"delete {mark} when {mark.parent} belongs to {origin}; the next command writes it anew",
        ) from error
    except PermissionError as error:
        raise StateError(
            f"{mark.parent} belongs to another user",
            cause=str(error),
            fix="run as the user who started this environment, or set XDG_STATE_HOME to a folder of your own",
        ) from error
    if found.get("version") != STATE_VERSION:
        raise StateError(
            f"{mark.parent} was made by another version of platformctl",
            cause=f"it has state version {found.get('version')}; this one reads {STATE_VERSION}",
            fix="use the platformctl that made it, or another environment (--env NAME)",
            reference="state/version",
        )
    if found.get("origin") != str(origin):
        raise StateError(
            f"this environment belongs to {found.get('origin')}",
            cause=f"{origin} uses the same platform and environment names; its state is in {mark.parent}",
            fix=f"set platform: to another name; when the folder has only moved: rm {mark}",
            reference="state/origin",
        )
    return True


def write(mark: Path, origin: Path) -> None:
    files.write_whole(mark, json.dumps({"version": STATE_VERSION, "origin": str(origin)}))
