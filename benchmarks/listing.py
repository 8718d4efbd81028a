"""How long `backup list` takes for 1,000 backups in a directory, in a bucket: python -m benchmarks.listing.

They are copies of one real backup, each signed anew, and each seventh with the result of a drill: a night
each, drilled weekly. The bucket is in a store in Python on this machine, whose own time is measured with it;
the first list of it fetches each manifest, and later ones what has changed.
"""

from __future__ import annotations

import argparse
import logging
import os
import secrets
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import boto3
from moto.server import ThreadedMotoServer

from platformctl.operations import catalogue, drill_record, drills, manifest
from platformctl.operations.context import Context
from platformctl.operations.drill_record import Result
from platformctl.operations.manifest import Manifest
from tests.environment import Environment
from tests.s3 import KEYS
from tests.support import context

LIMIT = 2.0  # seconds
DAY, DRILLED = 86400, 7


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backups", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="platformctl-"))
    environment = Environment(folder)
    store = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    try:
        environment.run("up").data  # noqa: B018  raises when it failed
        environment.run("backup", "create").data  # noqa: B018
        os.environ.update(environment.environ())
        os.chdir(environment.work)
        objects = dict(copies(context(), chosen.backups))
        near, far = directory(folder, objects), bucket(store, objects)
        taken: dict[str, list[float]] = {"directory": [], "bucket, first": [], "bucket": []}
        for _ in range(chosen.rounds):
            (environment.state / "listing.cache").unlink(missing_ok=True)
            for (_, times), variables in zip(taken.items(), (near, far, far), strict=True):
                times.append(listed(environment, variables, chosen.backups))
    finally:
        store.stop()
        environment.end()
        shutil.rmtree(folder)
    print(f"{chosen.backups} backups, {os.cpu_count()} cores; seconds of {chosen.rounds} rounds\n")
    print(f"{'backup list':<14}{'median':>8}{'worst':>8}")
    for name, each in taken.items():
        print(f"{name:<14}{statistics.median(each):>8.2f}{max(each):>8.2f}")
    late = [name for name in ("directory", "bucket") if statistics.median(taken[name]) > LIMIT]
    if late:
        print(f"\nmore than {LIMIT:.0f} s: {' and '.join(late)}")
    return int(bool(late))


def copies(ctx: Context, count: int) -> Iterator[tuple[str, bytes]]:
    """Objects by their keys; of the data only a byte each, since a list reads none of it."""
    entry = catalogue.find(ctx, "latest")
    made = catalogue.require_whole(ctx, entry)
    ctx.backends.keys.make_driller()
    for number in range(count):
        at = made.taken_at - number * DAY
        sequence = made.sequence + count - number
        copy = made.model_copy(update={"id": catalogue.new_id(at), "taken_at": at, "sequence": sequence})
        prefix = catalogue.prefix(ctx, copy)
        yield f"{prefix}/{catalogue.DATA}", b"-"
        yield f"{prefix}/{catalogue.MANIFEST}", manifest.render(copy, ctx.backends.keys.sign)
        if number % DRILLED == 0:
            name = f"{datetime.fromtimestamp(at, UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
            drilled = drill_record.render(_result(copy), ctx.backends.keys.sign_result)
            yield f"{prefix}/{drills.FOLDER}/{name}.json", drilled


def _result(made: Manifest) -> Result:
    return Result(
        format=drill_record.FORMAT,
        kind="drill",
        backup=drills.of(made),
        at=made.taken_at,
        made_with=made.made_with,
        release="benchmark",
        secluded=True,
        outcome="passed",
        why="",
        seconds={"check": 0.1, "load": 1.0, "prove": 0.5},
        contract=None,
    )


def directory(folder: Path, objects: Mapping[str, bytes]) -> Mapping[str, str]:
    """The variables of an environment whose backups they are."""
    root = folder / "objects"
    for key, content in objects.items():
        (root / key).parent.mkdir(parents=True, exist_ok=True)
        (root / key).write_bytes(content)
    return {"PLATFORMCTL__OBJECTS__DIRECTORY": str(root)}


def bucket(store: ThreadedMotoServer, objects: Mapping[str, bytes]) -> Mapping[str, str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line for each request otherwise
    store.start()
    address = "http://{}:{}".format(*store.get_host_and_port())
    session = boto3.session.Session(KEYS["AWS_ACCESS_KEY_ID"], KEYS["AWS_SECRET_ACCESS_KEY"])
    client = session.client("s3", endpoint_url=address, region_name="us-east-1")
    client.create_bucket(Bucket="backups")
    for key, content in objects.items():
        client.put_object(Bucket="backups", Key=key, Body=content)
    settings = {"KIND": "s3", "BUCKET": "backups", "ENDPOINT": address, "REGION": "us-east-1"}
    return KEYS | {f"PLATFORMCTL__OBJECTS__{name}": value for name, value in settings.items()}


def listed(environment: Environment, variables: Mapping[str, str], count: int) -> float:
    begun = time.monotonic()
    states = [each["state"] for each in environment.run("backup", "list", **variables).data["backups"]]
    taken = time.monotonic() - begun
    assert len(states) == count
    assert states.count("proven") == -(-count // DRILLED)
    assert states.count("proven") + states.count("whole") == count
    return taken


if __name__ == "__main__":
    sys.exit(main())
