"""Who sent a request: the socket's address, or what the configured number of proxies says."""

from __future__ import annotations

import ipaddress

Headers = list[tuple[bytes, bytes]]


def client_address(peer: str, headers: Headers, hops: int) -> str:
    """With `hops` proxies in front, each of which appends the address that it was called from.

    Entries further left were written by the client and are not looked at. An entry that is no address ends
    the search: the proxy that was to write it is then the client.
    """
    if not hops:
        return peer
    chain = _forwarded(headers)[-hops:]
    believed = peer
    for entry in reversed(chain):
        try:
            believed = str(ipaddress.ip_address(entry.strip()))
        except ValueError:
            return believed
    return believed


def scheme(own: str, headers: Headers, hops: int) -> str:
    """What the nearest proxy says the client spoke to it, when there is a proxy."""
    if hops:
        for name, value in reversed(headers):
            if name == b"x-forwarded-proto" and value in (b"http", b"https"):
                return value.decode()
    return own


def allowance_key(address: str) -> str:
    """A client of IPv6 has a whole /64 to send from; one of IPv4 on a socket for both has not."""
    if ":" not in address:
        return address
    found = ipaddress.IPv6Address(address.partition("%")[0])
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))


def _forwarded(headers: Headers) -> list[str]:
    values = [value.decode("latin-1") for name, value in headers if name == b"x-forwarded-for"]
    return ",".join(values).split(",") if values else []
