"""What can happen to stored objects: by chance, or by somebody who may write them and has no key."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from platformctl.operations.catalogue import DATA, MANIFEST
from tests.tampering.stage import Good, Stage

CHUNK = 64 * 1024
NAMES = (DATA, MANIFEST)


@dataclass(frozen=True)
class Hit:
    """One trial's victim, and a second backup that may lend its bytes."""

    stage: Stage
    victim: Good
    other: Good
    draw: Random

    def change(self, change: Callable[[bytes, Random], bytes]) -> None:
        """Of the data or the manifest, or now and then of both."""
        names = NAMES if self.draw.random() < 0.1 else (self.draw.choice(NAMES),)
        for name in names:
            file = self.victim.file(name)
            file.write_bytes(change(self.victim.bytes_of(name), self.draw))


Method = Callable[[Hit], None]


def _span(size: int, draw: Random) -> tuple[int, int]:
    """A range of at least one byte, small or large, anywhere."""
    length = min(size, draw.choice((1, 16, 512, CHUNK, size // 2 + 1)))
    begin = draw.randrange(size - length + 1)
    return begin, begin + length


def flip(raw: bytes, draw: Random) -> bytes:
    changed = bytearray(raw)
    for bit in draw.sample(range(len(raw) * 8), draw.choice((1, 1, 2, 8, 64))):
        changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def cut(raw: bytes, draw: Random) -> bytes:
    return raw[: draw.choice((0, len(raw) - 1, draw.randrange(len(raw)), draw.randrange(len(raw))))]


def extend(raw: bytes, draw: Random) -> bytes:
    size = draw.choice((1, 2, 100, CHUNK))
    more = draw.choice((draw.randbytes(size), bytes(size), raw[:size], raw[-size:], b"\n" * size))
    return raw + more if draw.random() < 0.7 else more + raw


def blank(raw: bytes, draw: Random) -> bytes:
    begin, end = _span(len(raw), draw)
    return raw[:begin] + bytes(end - begin) + raw[end:]


def repeat(raw: bytes, draw: Random) -> bytes:
    begin, end = _span(len(raw), draw)
    return raw[:end] + raw[begin:end] + raw[end:]


def leave_out(raw: bytes, draw: Random) -> bytes:
    begin, end = _span(len(raw), draw)
    return raw[:begin] + raw[end:]


def shuffle(hit: Hit) -> None:
    """Chunks as age has them, after its header or without regard to it; never all in their old places."""
    raw = hit.victim.data
    at = hit.draw.choice((0, hit.draw.randrange(400)))
    chunks = [raw[place : place + CHUNK] for place in range(at, len(raw), CHUNK)]
    one, another = hit.draw.sample(range(len(chunks)), 2)
    chunks[one], chunks[another] = chunks[another], chunks[one]
    hit.victim.file(DATA).write_bytes(raw[:at] + b"".join(chunks))


def exchange(hit: Hit) -> None:
    """The same object, or both, of two backups change places."""
    for name in hit.draw.choice(((DATA,), (MANIFEST,), NAMES)):
        hit.victim.file(name).write_bytes(hit.other.bytes_of(name))
        hit.other.file(name).write_bytes(hit.victim.bytes_of(name))


def mix_up(hit: Hit) -> None:
    """Data and manifest of one backup change places."""
    hit.victim.file(DATA).write_bytes(hit.victim.manifest)
    hit.victim.file(MANIFEST).write_bytes(hit.victim.data)


def splice(hit: Hit) -> None:
    """A range of another backup's object in the place of one's own."""
    name = hit.draw.choice(NAMES)
    mine, others = hit.victim.bytes_of(name), hit.other.bytes_of(name)
    begin, end = _span(min(len(mine), len(others)), hit.draw)
    hit.victim.file(name).write_bytes(mine[:begin] + others[begin:end] + mine[end:])


def lose(hit: Hit) -> None:
    for name in hit.draw.choice(((DATA,), (MANIFEST,), NAMES)):
        hit.victim.file(name).unlink()


def link(hit: Hit) -> None:
    """A symbolic link: to another backup's object, to nowhere, to itself, to something without an end."""
    name = hit.draw.choice(NAMES)
    file = hit.victim.file(name)
    file.unlink()
    file.symlink_to(hit.draw.choice((hit.other.file(name), "nowhere", file, "/dev/zero", "..")))


def replace(hit: Hit) -> None:
    """A directory, or a pipe that nobody writes into, in the place of a file."""
    file = hit.victim.file(hit.draw.choice(NAMES))
    file.unlink()
    hit.draw.choice((os.mkdir, os.mkfifo))(file)


def forbid(hit: Hit) -> None:
    hit.victim.file(hit.draw.choice(NAMES)).chmod(0)


def litter(hit: Hit) -> None:
    """Files that are no backup's, beside and in the folders of backups; a backup copied under another id."""
    for place in (hit.stage.root, hit.victim.folder.parent, hit.victim.folder):
        (place / f"{hit.draw.randrange(100)}.tmp").write_bytes(hit.draw.randbytes(50))
    shutil.copytree(hit.victim.folder, hit.victim.folder.with_name("20991231T235959Z-abcdef"))


BYTES: dict[str, Callable[[bytes, Random], bytes]] = {
    "bits flipped": flip,
    "cut": cut,
    "extended": extend,
    "a range zeroed": blank,
    "a range twice": repeat,
    "a range left out": leave_out,
}
PLACES: dict[str, Method] = {
    "chunks of 64 KiB in another order": shuffle,
    "objects of two backups exchanged": exchange,
    "data and manifest exchanged": mix_up,
    "a range of another backup": splice,
    "missing": lose,
    "a symbolic link": link,
    "a directory or a pipe": replace,
    "files that do not belong there": litter,
    **({} if os.geteuid() == 0 else {"not to be read": forbid}),
}


def of_bytes(change: Callable[[bytes, Random], bytes]) -> Method:
    return lambda hit: hit.change(change)
