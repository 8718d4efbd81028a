"""Who a request comes from, with and without proxies in front."""

from __future__ import annotations

import pytest

from services.gateway.client_address import allowance_key, client_address

PEER = "10.0.0.1"


def forwarded(*values: str) -> list[tuple[bytes, bytes]]:
    return [(b"x-forwarded-for", value.encode()) for value in values]


@pytest.mark.parametrize(
    ("hops", "values", "expected"),
    [
        (0, ["1.1.1.1"], PEER),
        (1, [], PEER),
        (1, ["1.1.1.1"], "1.1.1.1"),
        (1, ["6.6.6.6, 1.1.1.1"], "1.1.1.1"),
        (1, ["6.6.6.6", "1.1.1.1"], "1.1.1.1"),
        (2, ["6.6.6.6, 1.1.1.1, 2.2.2.2"], "1.1.1.1"),
        (2, ["2.2.2.2"], "2.2.2.2"),
        (2, ["nonsense, 2.2.2.2"], "2.2.2.2"),
        (1, ["nonsense"], PEER),
        (1, [""], PEER),
        (1, ["1.1.1.1:80"], PEER),
        (1, ["2001:db8::0001"], "2001:db8::1"),
    ],
)
def test_only_what_trusted_proxies_wrote_is_believed(hops: int, values: list[str], expected: str) -> None:
    assert client_address(PEER, forwarded(*values), hops) == expected


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:0:1::5", "2001:db8:0:1::/64"),
        ("2001:db8:0:1:ffff::", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("local", "local"),
    ],
)
def test_a_client_is_counted_by_what_it_owns(address: str, key: str) -> None:
    assert allowance_key(address) == key
