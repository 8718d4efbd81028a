"""Which client a login comes from; the gateway writes it, because no service is reached but through it."""

from __future__ import annotations

import ipaddress

from fastapi import Request

IPV6_PREFIX = 64


def client_of(request: Request) -> str:
    """The address, or the network that one client of IPv6 has to itself."""
    peer = request.client.host if request.client else "local"
    # The nearest writer is the last one: the gateway sends one header with one address.
    told = ",".join(request.headers.getlist("x-forwarded-for")).rpartition(",")[2].strip()
    return _network(told) or _network(peer) or peer


def _network(text: str) -> str | None:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, IPV6_PREFIX), strict=False))
