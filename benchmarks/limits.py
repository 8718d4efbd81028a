"""What sharing the gateway's limits costs a request: python -m benchmarks.limits.

Ours (a bucket in each process, one exchange with auth every 100 ms) against the same statement sent for each
request. A server of its own, such as Redis, is not measured: the embedded target must not need one.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable

from joserfc.jwk import KeySet
from pydantic import SecretStr

from benchmarks import load
from services.auth.allowances import Allowances
from services.common.database import Database
from services.common.keyed import Keyed
from services.common.service_tokens import ServiceTokens
from services.gateway.limiter import Limiter
from services.gateway.sharing import EVERY, Sharing
from services.gateway.upstreams import Upstreams
from tests.postgres import discard, launch
from tests.services.processes import Platform, serving

AT_ONCE = 32
CLIENTS = 1000


def main() -> int:
    chosen = load.chosen(__doc__, (), seconds=3, rounds=3)
    postgres = launch()
    try:
        with serving(postgres, "limits") as platform:
            return asyncio.run(measure(platform, chosen.seconds, chosen.rounds))
    finally:
        discard(postgres)


async def measure(platform: Platform, seconds: float, rounds: int) -> int:
    key = platform.keys.internal["auth"]
    database = Database(SecretStr(platform.database.url("auth")), "auth", 10)
    allowances = Allowances(Keyed(key, "benchmark"))
    limit = Limiter(1e9, 1e9, replicas=3)

    async def statement(number: int) -> None:
        async with database.statements() as connection:
            await allowances.add(connection, {f"client {number % CLIENTS}": 1e-9})

    async def bucket(number: int) -> None:
        await limit.admit(f"client {number % CLIENTS}")

    sides = {"a bucket in the process": bucket, "a statement for each": statement}
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, each in sides.items():
            times[name].append(await milliseconds(each, seconds))
    await database.close()
    exchanged = await exchanges(platform, limit, rounds)
    own, asked = (statistics.median(found) for found in times.values())
    print(f"{'a bucket in the process':<28}{own:>9.4f} ms a request")
    print(f"{'a statement for each':<28}{asked:>9.4f} ms a request, {asked / own:.0f} times as long")
    print(f"{f'an exchange of {CLIENTS} clients':<28}{exchanged:>9.4f} ms every {EVERY * 1000:.0f} ms")
    worth = exchanged / (asked - own) / EVERY
    print(f"the exchange pays from {worth:.0f} requests a second on")
    return 0


async def milliseconds(each: Callable[[int], Awaitable[None]], seconds: float) -> float:
    """For one request, AT_ONCE of them at a time."""
    done, until, began = 0, time.perf_counter() + seconds, time.perf_counter()

    async def work() -> None:
        nonlocal done
        while time.perf_counter() < until:
            done += 1
            await each(done)

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return (time.perf_counter() - began) / done * 1000


async def exchanges(platform: Platform, limit: Limiter, rounds: int) -> float:
    addresses = {name: each.url for name, each in platform.services.items()}
    upstreams = Upstreams(addresses)
    tokens = ServiceTokens("gateway", platform.keys.internal["gateway"], KeySet([]))
    sharing = Sharing(upstreams, tokens, {"all": limit})
    taken = {f"all client {number}": 1e-9 for number in range(CLIENTS)}
    times = []
    for _ in range(10 * rounds):
        began = time.perf_counter()
        await sharing.tell(taken)
        times.append(time.perf_counter() - began)
    upstreams.close()
    return statistics.median(times) * 1000


if __name__ == "__main__":
    sys.exit(main())
