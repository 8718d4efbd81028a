"""Backup and restore against the usual script on one database: python -m benchmarks.backup.

The peer is `pg_dump > f; gzip f; cp f.gz store` and `gunzip f.gz; psql < f` into a new database. Ours are
whole commands on a real platform, with encryption, proof and the switch. Ours and the peer run in turn.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.backup_content import fill
from platformctl.operations import catalogue
from platformctl.operations.context import Context
from platformctl.tools import postgres
from tests.environment import Environment
from tests.support import context

MIB = 1024 * 1024
SURE = ("--yes", "--confirm", "local")


@dataclass(frozen=True)
class Took:
    """`wall` and `cpu` in seconds, the latter of the programs and of PostgreSQL; bytes at their highest."""

    wall: float
    cpu: float
    memory: int
    scratch: int = 0


@dataclass(frozen=True)
class Bench:
    environment: Environment
    ctx: Context
    scratch: Path

    def measured(self, argv: tuple[str, ...], env: Mapping[str, str]) -> Took:
        """Memory is that of the whole tree of processes, looked at every 50 ms."""
        server, before, begun = self.server_cpu(), self._scratch_bytes(), time.monotonic()
        child = subprocess.Popen(
            argv, env=dict(env), cwd=self.environment.work, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        highest = [0, 0]
        watcher = threading.Thread(target=self._watch, args=(psutil.Process(child.pid), highest), daemon=True)
        watcher.start()
        assert child.stdout is not None
        said = child.stdout.read()
        _, status, used = os.wait4(child.pid, 0)
        wall = time.monotonic() - begun
        watcher.join()
        assert status == 0, said.decode()[-2000:]
        cpu = used.ru_utime + used.ru_stime + self.server_cpu() - server
        return Took(wall, cpu, highest[0], max(0, highest[1] - before))

    def _watch(self, process: psutil.Process, highest: list[int]) -> None:
        while True:
            try:
                tree = [process, *process.children(recursive=True)]
                if process.status() == psutil.STATUS_ZOMBIE:
                    return
                memory = sum(each.memory_info().rss for each in tree)
            except psutil.Error:
                return
            highest[:] = max(highest[0], memory), max(highest[1], self._scratch_bytes())
            time.sleep(0.05)

    def _scratch_bytes(self) -> int:
        found = 0
        for each in self.scratch.iterdir():
            with contextlib.suppress(FileNotFoundError):
                found += each.stat().st_size
        return found

    def server_cpu(self) -> float:
        """Of the postmaster and of every backend that it has seen end."""
        times = psutil.Process(self.environment.pids()["postgres"]).cpu_times()
        return times.user + times.system + times.children_user + times.children_system

    def ours(self, *words: str) -> Took:
        argv = (sys.executable, "-m", "platformctl", *words)
        return self.measured(argv, self.environment.environ())

    def peer(self, script: str) -> Took:
        """A shell script, to which PostgreSQL's programs of the platform's own version are at hand."""
        database = self.ctx.backends.database
        password = self.ctx.backends.secrets.get("platform/POSTGRES_PASSWORD")
        programs = Path(postgres.program(database.version, "pg_dump")).parent
        instance = database.instance
        env = {
            "PATH": f"{programs}:/usr/bin:/bin",
            "LC_ALL": "C",
            "PGHOST": str(instance.sockets),
            "PGPORT": str(instance.port),
            "PGUSER": postgres.SUPERUSER,
            "PGPASSWORD": password.get_secret_value(),
            "PGDATABASE": database.name,
        }
        return self.measured(("sh", "-ec", f"cd {shlex.quote(str(self.scratch))}; {script}"), env)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=640, help="of the database, at least")
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="platformctl-"))
    environment = Environment(folder)
    try:
        environment.run("up").data  # noqa: B018  raises when it failed
        os.environ.update(environment.environ())
        os.chdir(environment.work)
        scratch = folder / "scratch"
        scratch.mkdir()
        bench = Bench(environment, context(), scratch)
        size = fill(bench.ctx.backends.database.url("items"), chosen.megabytes * MIB)
        print(
            f"database of {size / MIB:,.0f} MiB, {os.cpu_count()} cores; medians of {chosen.rounds}, and best"
        )
        backups(bench, chosen.rounds)
        restores(bench, chosen.rounds)
    finally:
        environment.end()
        shutil.rmtree(folder)
    return 0


def backups(bench: Bench, rounds: int) -> None:
    ours, peers, parts = [], [], []
    for _ in range(rounds):
        bench.peer("rm -f f.gz store.gz")
        peers.append(bench.peer("pg_dump > f; gzip f; cp f.gz store.gz"))
        ours.append(bench.ours("backup", "create"))
        manifest = catalogue.find(bench.ctx, "latest").manifest
        parts.append((manifest.timings, manifest.data.size))
    show("backup", ours, peers)
    timings = [each for each, _ in parts]
    dump = statistics.median(each.dump for each in timings)
    proof = statistics.median(each.proof for each in timings)
    check = statistics.median(each.check for each in timings)
    wall, peer = statistics.median(each.wall for each in peers), (bench.scratch / "f.gz").stat().st_size
    print(
        f"  of ours: dump, compress, encrypt, store {dump:.2f} s ({wall / dump:.2f} times the peer's speed)"
    )
    print(f"           proof {proof:.2f} s (with it {wall / (dump + proof):.2f} times)")
    print(f"           read again to its end {check:.2f} s")
    print(f"  stored: ours {parts[-1][1] / MIB:.1f} MiB, peer {peer / MIB:.1f}")


def restores(bench: Bench, rounds: int) -> None:
    ours, peers = [], []
    for _ in range(rounds):
        script = "createdb -T template0 peer; gunzip -k f.gz"
        peers.append(bench.peer(f"{script}; psql -q -v ON_ERROR_STOP=1 -d peer < f > /dev/null"))
        bench.peer("dropdb peer; rm -f f")
        ours.append(bench.ours("restore", *SURE))
    show("restore", ours, peers)


def show(name: str, ours: list[Took], peers: list[Took]) -> None:
    print(f"\n{name:<10}{'wall s':>16}{'cpu s':>16}{'memory MiB':>12}{'scratch MiB':>13}")
    for label, each in (("ours", ours), ("peer", peers)):
        wall, cpu = ([getattr(one, field) for one in each] for field in ("wall", "cpu"))
        highest = [max(getattr(one, field) for one in each) / MIB for field in ("memory", "scratch")]
        print(
            f"{label:<10}{statistics.median(wall):>8.2f}{min(wall):>8.2f}"
            f"{statistics.median(cpu):>8.2f}{min(cpu):>8.2f}{highest[0]:>12.0f}{highest[1]:>13.0f}"
        )
    ratio = [
        statistics.median(getattr(one, field) for one in peers)
        / statistics.median(getattr(one, field) for one in ours)
        for field in ("wall", "cpu")
    ]
    print(f"{'ratio':<10}{ratio[0]:>8.2f}{'':>8}{ratio[1]:>8.2f}  (peer / ours: more is better)")


if __name__ == "__main__":
    sys.exit(main())
