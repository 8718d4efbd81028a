"""Bodies made to be read in two ways, to fill memory or to break a parser, by each service refused."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from services.common.bodies import LIMIT
from tests.services.gateway.test_wire import AMBIGUOUS, SECOND
from tests.services.people import BASE, PASSWORD, Api, Person, fresh_email
from tests.services.running import exchange

CANARY = "canary-7f3a"
# One endpoint a service that takes a document, and the one that takes a form.
DOCUMENTS = {"auth": "/login/refresh", "users": "/users/signup", "items": "/items/"}
FORM = "/login/access-token"
EVERY = pytest.mark.parametrize("service", DOCUMENTS)


async def send(api: Api, service: str, content: bytes, **headers: str) -> httpx.Response:
    answer = await api.ask(service, "POST", BASE + DOCUMENTS[service], content=content, headers=headers)
    assert CANARY not in answer.text
    assert set(answer.json()) == {"detail"}
    return answer


NO_DOCUMENT = {
    "byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"title": "canary-7f3a"}'.encode("utf-16"),
    "UTF-32": '{"title": "canary-7f3a"}'.encode("utf-32-le"),
    "Latin-1": '{"title": "canary-7f3a é"}'.encode("latin-1"),
    "surrogates": b'{"title": "canary-7f3a \xed\xa0\x80"}',
    "overlong": b'{"title": "canary-7f3a \xc0\xaf"}',
    "NaN": b'{"title": "canary-7f3a", "description": NaN}',
    "Infinity": b'{"title": "canary-7f3a", "description": Infinity}',
    "minus Infinity": b'{"title": "canary-7f3a", "description": -Infinity}',
    "a key twice": b'{"title": "a", "title": "canary-7f3a"}',
    "a key twice by escape": b'{"title": "a", "t\\u0069tle": "canary-7f3a"}',
    "a key twice further in": b'{"title": {"canary-7f3a": 1, "canary-7f3a": 2}}',
    "deep lists": b"[" * 100_000,
    "deep lists closed": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "cut": b'{"title": "canary-7f3a',
    "more than one": b'{"title": "canary-7f3a"} {}',
    "single quotes": b"{'title': 'canary-7f3a'}",
    "a comment": b'{"title": "a" /* canary-7f3a */}',
    "a comma too much": b'{"title": "canary-7f3a",}',
    "a control character": b'{"title": "canary-7f3a \x01"}',
    "more digits than Python converts": b'{"title": ' + b"9" * 5000 + b"}",
    "nothing but spaces": b"  ",
}


@EVERY
@pytest.mark.parametrize("content", NO_DOCUMENT.values(), ids=NO_DOCUMENT.keys())
async def test_what_is_no_strict_document_is_a_bad_request(api: Api, service: str, content: bytes) -> None:
    answer = await send(api, service, content, **{"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert isinstance(answer.json()["detail"], str)


@EVERY
@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "application/x-www-form-urlencoded", None])
async def test_a_document_of_another_type_is_unsupported(api: Api, service: str, kind: str | None) -> None:
    headers = {"Content-Type": kind} if kind else {}
    answer = await send(api, service, b'{"title": "canary-7f3a"}', **headers)
    assert answer.status_code == 415
    assert answer.json() == {"detail": "The body must be application/json"}


@pytest.mark.parametrize("kind", ["text/plain", "application/json", None])
async def test_a_login_of_another_type_is_unsupported(api: Api, kind: str | None) -> None:
    headers = {"Content-Type": kind} if kind else {}
    answer = await api.send(
        "POST", FORM, content=b"username=a@example.com&password=abcdefgh", headers=headers
    )
    assert answer.status_code == 415


async def test_every_document_that_an_endpoint_takes_is_read_strictly(api: Api) -> None:
    found = 0
    for service in DOCUMENTS:
        paths = (await api.ask(service, "GET", "/openapi.json")).json()["paths"]
        for path, operations in paths.items():
            for method, operation in operations.items():
                if "application/json" not in operation.get("requestBody", {}).get("content", {}):
                    continue
                path = path.replace("{user_id}", "me").replace("{item_id}", "1").replace("{email}", "a")
                headers = {"Content-Type": "text/plain"}
                answer = await api.ask(service, method.upper(), path, content=b"{}", headers=headers)
                assert answer.status_code == 415, (service, method, path)
                found += 1
    assert found > 12


@EVERY
async def test_the_type_is_taken_in_any_case_and_with_parameters(api: Api, service: str) -> None:
    for kind in ("Application/JSON", "application/json; charset=utf-8", "application/json;charset=UTF-16"):
        assert (await send(api, service, b"[]", **{"Content-Type": kind})).status_code in (401, 422)


@EVERY
async def test_an_empty_body_lacks_its_fields(api: Api, someone: Person, service: str) -> None:
    headers = {"Authorization": f"Bearer {someone.access}"}
    answer = await send(api, service, b"", **headers)
    assert answer.status_code == 422
    assert all(set(problem) == {"type", "loc", "msg"} for problem in answer.json()["detail"])


async def chunks(size: int) -> Iterator[bytes]:
    for _ in range(size // 65536):
        yield b"x" * 65536


@EVERY
@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_of_fifty_megabytes_is_too_large(api: Api, service: str, chunked: bool) -> None:
    size = 50 * 1024 * 1024
    content = chunks(size) if chunked else b"x" * size
    answer = await send(api, service, content, **{"Content-Type": "application/json"})
    assert answer.status_code == 413


async def test_a_password_of_ten_megabytes_is_refused_and_costs_little(api: Api) -> None:
    huge = CANARY * (10 * 1024 * 1024 // len(CANARY))
    for answer in (
        await api.try_log_in("a@example.com", huge),
        await api.anybody.post("/users/signup", {"email": fresh_email(), "password": huge}),
        await api.anybody.post("/login/refresh", {"refresh_token": huge}),
    ):
        assert answer.status_code == 413
        assert CANARY not in answer.text


@EVERY
async def test_a_body_as_large_as_allowed_is_read(api: Api, someone: Person, service: str) -> None:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {someone.access}"}
    content = json.dumps({"title": "x" * (LIMIT - 13)}).encode()
    assert len(content) == LIMIT
    assert (await send(api, service, content, **headers)).status_code == 422
    assert (await send(api, service, content + b" ", **headers)).status_code == 413


# What is answered to a length that is not the body's; of one that is too large the rest is waited for.
LYING = {"100": "", "3": "400", "-1": "400", "1e3": "400", "999999999999999999999": "400"}


@EVERY
@pytest.mark.parametrize("length", LYING)
async def test_a_length_that_lies_is_no_error_of_ours(api: Api, service: str, length: str) -> None:
    """Too few bytes: the service waits and the client goes; too many: they begin another request."""
    head = f"POST {BASE}{DOCUMENTS[service]} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    address = urlsplit(api.platform.services[service].url)
    wire = f'{head}Content-Length: {length}\r\n\r\n{{"a": "{CANARY}"}}'.encode()

    def exchange() -> bytes:
        with socket.create_connection((address.hostname, address.port), timeout=1) as connection:
            connection.sendall(wire)
            try:
                return connection.recv(65536)
            except TimeoutError:
                return b""

    answered = await asyncio.to_thread(exchange)
    assert answered[9:12].decode() == LYING[length]
    assert CANARY.encode() not in answered
    ready = await asyncio.to_thread(api.platform.services[service].control, "/readyz")
    assert ready.status_code == 200


@EVERY
@pytest.mark.parametrize("name", ["length and chunked", "two lengths", "bare line feeds", "a folded header"])
async def test_an_ambiguous_request_is_refused_by_a_service_itself(api: Api, service: str, name: str) -> None:
    listening = api.platform.services[service].listener
    answered = await exchange(listening.getsockname()[1], AMBIGUOUS[name] + SECOND)
    assert answered.startswith(b"HTTP/1.1 400 ")
    assert answered.count(b"HTTP/1.1 ") == 1
    assert b"connection: close" in answered.lower()


async def test_a_form_that_names_a_field_twice_is_refused(api: Api, user: Person) -> None:
    form = f"username={user.email}&password={PASSWORD}&password=x"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    for content in (form, f"username=x@example.com&{form}"):
        answer = await api.send("POST", FORM, content=content, headers=headers)
        assert (answer.status_code, answer.json()) == (400, {"detail": "The body names a field twice"})
