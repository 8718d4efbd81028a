"""PostgreSQL's archive_command and restore_command: keeps a segment of its log, and gives it back.

A program of its own, run by its path: `segment.py keep SEGMENT FILE` or `segment.py give FILE SEGMENT`. The
server runs it for every segment, so it imports nothing but the standard library. A segment that was ended by
its time is nearly all zeros, hence the compression, whose checksum tells a damaged one.
"""

from __future__ import annotations

import gzip
import os
import sys
import zlib


def keep(segment: str, kept: str) -> None:
    """Under its name there is a whole segment or none; one that is there is never replaced."""
    with open(segment, "rb") as source:
        content = source.read()
    os.makedirs(os.path.dirname(kept), mode=0o700, exist_ok=True)
    if os.path.exists(kept):
        if _content(kept) != content:
            raise FileExistsError(f"{kept} is there and holds something else")
    else:
        _write(f"{kept}.unfinished", gzip.compress(content, 1, mtime=0))
        os.rename(f"{kept}.unfinished", kept)
    folder = os.open(os.path.dirname(kept), os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def give(kept: str, segment: str) -> None:
    content = _content(kept)
    with open(segment, "wb") as target:
        target.write(content)


def _content(kept: str) -> bytes:
    with gzip.open(kept) as packed:
        return packed.read()


def _write(file: str, content: bytes) -> None:
    """One that a killed run left is written anew, one that does not fit is taken away."""
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        try:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        except OSError:
            os.unlink(file)
            raise


if __name__ == "__main__":
    try:
        {"keep": keep, "give": give}[sys.argv[1]](*sys.argv[2:])
    except FileNotFoundError as error:
        sys.exit(f"{sys.argv[1]}: {error.filename} is not there")  # asked for on purpose, at the log's end
    except (OSError, EOFError, zlib.error) as error:
        sys.exit(f"{sys.argv[1]} {sys.argv[2]}: {error}")
