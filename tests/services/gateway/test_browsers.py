"""What browsers may do: host names, other origins, and the page that describes the API."""

from __future__ import annotations

import json

import pytest

from services.gateway.documents import merge
from services.gateway.routing import Routes
from tests.services.gateway.conftest import gateway
from tests.services.running import Seen, Upstream, say, serving, unused_port

ITEMS = "/api/v1/items/"
PAGE = "https://www.example.org"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("api.example.org", 200),
        ("API.example.org:8080", 200),
        ("api.example.org.", 200),
        ("evil.example", 421),
        ("api.example.org.evil.example", 421),
        ("127.0.0.1", 421),
        ("[::1]:80", 421),
    ],
)
async def test_only_listed_host_names_are_answered(host: str, status: int, service: int, tmp_path) -> None:
    async with gateway(service, tmp_path, hosts=("api.example.org",)) as found:
        assert (await found.client.get(ITEMS, headers={"Host": host})).status_code == status


async def test_a_listed_origin_may_call_and_is_told_how(service: int, upstream: Upstream, tmp_path) -> None:
    async with gateway(service, tmp_path, cors_origins=(PAGE,)) as found:
        asks = {"Origin": PAGE, "Access-Control-Request-Method": "DELETE"}
        allowed = await found.client.options(ITEMS + "1", headers=asks)
        assert allowed.status_code == 204
        assert allowed.headers["access-control-allow-origin"] == PAGE
        assert "DELETE" in allowed.headers["access-control-allow-methods"]
        assert "Authorization" in allowed.headers["access-control-allow-headers"]
        assert upstream.seen == []
        answer = await found.client.get(ITEMS, headers={"Origin": PAGE})
        assert answer.headers["access-control-allow-origin"] == PAGE
        assert answer.headers["vary"] == "Origin"
        refused = await found.client.get("/nowhere", headers={"Origin": PAGE})
        assert refused.headers["access-control-allow-origin"] == PAGE


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", f"{PAGE}.evil.example", "http://www.example.org"]
)
async def test_another_origin_is_not_allowed_anything(origin: str, service: int, tmp_path) -> None:
    async with gateway(service, tmp_path, cors_origins=(PAGE,)) as found:
        for method in ("GET", "OPTIONS"):
            answer = await found.client.request(method, ITEMS, headers={"Origin": origin})
            assert [name for name in answer.headers if name.startswith("access-control")] == []
            assert answer.headers["vary"] == "Origin"


def operation(name: str, schema: str) -> dict:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {
        "operationId": name,
        "summary": name,
        "responses": {"200": {"description": "ok", "content": content}},
    }


DOCUMENTS = {
    "auth": {
        "paths": {
            "/api/v1/login/access-token": {"post": operation("login", "Out")},
            "/internal/revocations": {"get": operation("revocations", "Out")},
        },
        "components": {"schemas": {"Out": {"title": "token"}, "Shared": {"title": "same"}}},
    },
    "users": {
        "paths": {
            "/api/v1/users/{user_id}": {"get": operation("read", "Out"), "head": operation("h", "Out")}
        },
        "components": {"schemas": {"Out": {"title": "<user>"}, "Shared": {"title": "same"}}},
    },
    "items": {
        "paths": {
            "/api/v1/items": {"get": operation("read", "Shared")},
            "/api/v1/users/me": {"get": operation("spoof", "Shared")},
        },
        "components": {"schemas": {"Shared": {"title": "same"}}},
    },
}


def test_descriptions_are_merged_without_what_is_not_routed_and_without_clashes() -> None:
    merged = merge(DOCUMENTS, Routes(private_users=False), "r1")
    assert list(merged["paths"]) == ["/api/v1/login/access-token", "/api/v1/users/{user_id}", "/api/v1/items"]
    assert list(merged["paths"]["/api/v1/users/{user_id}"]) == ["get"]
    assert merged["components"]["schemas"] == {
        "Out": {"title": "token"},
        "Shared": {"title": "same"},
        "UsersOut": {"title": "<user>"},
    }
    assert '"#/components/schemas/UsersOut"' in json.dumps(merged["paths"]["/api/v1/users/{user_id}"])
    names = [each["operationId"] for part in merged["paths"].values() for each in part.values()]
    assert len(set(names)) == len(names)


def described(name: str) -> Upstream:
    async def answer(seen: Seen, send) -> None:
        await say(send, 200, json.dumps(DOCUMENTS[name]).encode())

    return Upstream(answer)


async def test_the_page_lists_the_operations_and_needs_nothing_from_elsewhere(tmp_path) -> None:
    async with (
        serving(described("auth")) as a,
        serving(described("users")) as u,
        serving(described("items")) as i,
    ):
        addresses = {"auth_url": a, "users_url": u, "items_url": i}
        chosen = {name: f"http://127.0.0.1:{port}" for name, port in addresses.items()}
        async with gateway(a, tmp_path, **chosen) as found:
            page = await found.client.get("/docs")
            document = (await found.client.get("/openapi.json")).json()
            assert (await found.client.post("/docs")).status_code == 405
    for path in document["paths"]:
        assert path in page.text
    assert "<script" not in page.text
    assert "http" not in page.text.replace(found.client.base_url.host, "")
    assert "default-src 'none'; style-src 'sha256-" in page.headers["content-security-policy"]


async def test_text_of_a_service_cannot_become_markup_on_the_page(tmp_path) -> None:
    hostile = json.loads(
        json.dumps(DOCUMENTS["items"]).replace('"summary": "read"', '"summary": "<script>x"')
    )

    async def answer(seen: Seen, send) -> None:
        await say(send, 200, json.dumps(hostile).encode())

    async with serving(Upstream(answer)) as port, gateway(port, tmp_path) as found:
        text = (await found.client.get("/docs")).text
    assert "&lt;script&gt;x" in text
    assert "<script" not in text


async def test_documentation_can_be_closed(service: int, tmp_path) -> None:
    async with gateway(service, tmp_path, docs=False) as found:
        assert [(await found.client.get(path)).status_code for path in ("/docs", "/openapi.json")] == [
            404,
            404,
        ]


async def test_a_service_that_cannot_describe_itself_is_named(tmp_path) -> None:
    async with gateway(unused_port(), tmp_path) as found:
        answer = await found.client.get("/openapi.json")
        assert (answer.status_code, "cannot be reached" in answer.json()["detail"]) == (503, True)
