"""What a client can say about itself, and what a service's answer looks like outside."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from tests import certificates
from tests.services.gateway.conftest import Running, gateway
from tests.services.running import Seen, Upstream, exchange, say

ITEMS = "/api/v1/items/"


@pytest.mark.parametrize(
    "name",
    [
        "X-User-Id",
        "x-user-email",
        "X_User_Id",
        "X-User_Role",
        "X-User",
        "X-Auth-Request-User",
        "X_AUTH_TOKEN",
        "X-Forwarded-Host",
        "X_Forwarded_For",
        "X-Real-IP",
        "X_Request_Id",
        "Forwarded",
        "Proxy-Authorization",
        "Keep-Alive",
        "Upgrade",
        "TE",
        "Trailer",
    ],
)
async def test_a_client_cannot_speak_for_a_proxy(
    name: str, running_gateway: Running, upstream: Upstream
) -> None:
    wire = f"GET {ITEMS} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{name}: forged\r\n\r\n".encode()
    assert (await exchange(running_gateway.port, wire)).startswith(b"HTTP/1.1 200 ")
    assert [pair for pair in upstream.seen[0].headers if "forged" in pair[1]] == []


async def test_what_belongs_to_the_request_passes(running_gateway: Running, upstream: Upstream) -> None:
    sent = {"Authorization": "Bearer t", "If-Match": '"1"', "Idempotency-Key": "k", "X-Other": "grüße"}
    encoded = {name: value.encode() for name, value in sent.items()}
    await running_gateway.client.get(ITEMS, headers=encoded)
    for name, value in encoded.items():
        assert [each.encode() for each in upstream.seen[0].header(name.lower())] == [value]


async def test_the_service_learns_the_client_from_the_gateway_alone(
    running_gateway: Running, upstream: Upstream
) -> None:
    forged = {"X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "https", "X-Request-Id": "mine"}
    answer = await running_gateway.client.get(ITEMS, headers=forged)
    seen = upstream.seen[0]
    assert seen.header("x-forwarded-for") == ["127.0.0.1"]
    assert seen.header("x-forwarded-proto") == ["http"]
    assert seen.header("x-request-id") == [answer.headers["x-request-id"]] != ["mine"]


async def test_a_trusted_proxy_is_believed_about_the_client(
    service: int, upstream: Upstream, tmp_path
) -> None:
    async with gateway(service, tmp_path, trusted_hops=1) as found:
        headers = {"X-Forwarded-For": "6.6.6.6, 203.0.113.9", "X-Forwarded-Proto": "https"}
        await found.client.get(ITEMS, headers=headers)
    assert upstream.seen[0].header("x-forwarded-for") == ["203.0.113.9"]
    assert upstream.seen[0].header("x-forwarded-proto") == ["https"]


async def test_a_trace_goes_on_under_a_new_span(running_gateway: Running, upstream: Upstream) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    given = {"traceparent": f"00-{trace}-b7ad6b7169203331-01", "tracestate": "a=1"}
    await running_gateway.client.get(ITEMS, headers=given)
    (passed,) = upstream.seen[0].header("traceparent")
    assert passed.startswith(f"00-{trace}-")
    assert "b7ad6b7169203331" not in passed
    assert upstream.seen[0].header("tracestate") == ["a=1"]


@pytest.mark.parametrize("given", ["", "00-xyz", f"00-{'0' * 32}-b7ad6b7169203331-01", "ff-a-b-c"])
async def test_a_broken_trace_is_replaced(given: str, running_gateway: Running, upstream: Upstream) -> None:
    await running_gateway.client.get(ITEMS, headers={"traceparent": given, "tracestate": "a=1"})
    (passed,) = upstream.seen[0].header("traceparent")
    assert len(passed) == 55
    assert passed != given
    assert upstream.seen[0].header("tracestate") == []


async def test_answers_carry_the_security_headers_once(running_gateway: Running, upstream: Upstream) -> None:
    async def answer(seen: Seen, send) -> None:
        mine = [
            (b"X-Frame-Options", b"ALLOW"),
            (b"Server", b"s"),
            (b"Connection", b"keep-alive"),
            (b"ETag", b"1"),
        ]
        await say(send, 200, b"{}", *mine)

    upstream.answer = answer
    headers = (await running_gateway.client.get(ITEMS)).headers
    assert headers.get_list("x-frame-options") == ["DENY"]
    assert headers.get_list("x-content-type-options") == ["nosniff"]
    assert headers.get_list("date") != []
    assert headers["etag"] == "1"
    assert "server" not in headers
    assert "connection" not in headers


@pytest.mark.parametrize("status", [401, 403])
async def test_an_answer_about_permission_is_never_stored(
    status: int, running_gateway: Running, upstream: Upstream
) -> None:
    async def answer(seen: Seen, send) -> None:
        await say(send, status, b"{}", (b"Cache-Control", b"public, max-age=600"))

    upstream.answer = answer
    found = await running_gateway.client.get(ITEMS)
    assert found.status_code == status
    assert found.headers.get_list("cache-control") == ["no-store"]


async def test_over_tls_services_and_browsers_are_told_so(
    service: int, upstream: Upstream, tmp_path: Path
) -> None:
    async def say_it_too(seen: Seen, send: Any) -> None:
        await say(send, 200, b"{}", (b"strict-transport-security", b"max-age=0"))

    upstream.answer = say_it_too
    async with gateway(service, tmp_path, certificates.make(tmp_path)) as secured:
        answers = [await secured.client.get(path) for path in (ITEMS, "/nothing/here")]
    assert [each.status_code for each in answers] == [200, 404]
    for each in answers:
        assert each.headers.get_list("strict-transport-security") == ["max-age=31536000"]
    assert upstream.seen[0].header("x-forwarded-proto") == ["https"]
    async with gateway(service, tmp_path) as plain:
        assert "strict-transport-security" not in (await plain.client.get(ITEMS)).headers


async def test_bodies_pass_as_they_are_encoded(running_gateway: Running, upstream: Upstream) -> None:
    async def answer(seen: Seen, send) -> None:
        await say(send, 200, gzip.compress(b"text"), (b"content-encoding", b"gzip"))

    upstream.answer = answer
    found = await running_gateway.client.get(ITEMS)
    assert (found.headers["content-encoding"], found.text) == ("gzip", "text")


async def test_redirects_and_cookies_are_the_clients_business(
    running_gateway: Running, upstream: Upstream
) -> None:
    async def answer(seen: Seen, send) -> None:
        await say(send, 307, b"", (b"location", b"/elsewhere"), (b"set-cookie", b"a=1; Path=/"))

    upstream.answer = answer
    found = await running_gateway.client.get(ITEMS)
    assert (found.status_code, found.headers["location"]) == (307, "/elsewhere")
    running_gateway.client.cookies.clear()
    await running_gateway.client.get(ITEMS)
    assert upstream.seen[-1].header("cookie") == []


async def test_head_and_no_content_have_no_body(running_gateway: Running, upstream: Upstream) -> None:
    found = await running_gateway.client.head("/api/v1/auth/verify")
    assert (found.status_code, found.content) == (200, b"")
    assert int(found.headers["content-length"]) > 0
