"""Which requests reach which service, and which reach none."""

from __future__ import annotations

import importlib

import pytest

from services.gateway.refusal import Refusal
from services.gateway.routing import BASE, Routes
from tests.services.gateway.conftest import Running, gateway
from tests.services.running import Upstream, serving

CONTRACT = [
    ("POST", "/login/access-token", "auth"),
    ("POST", "/login/test-token", "auth"),
    ("POST", "/login/refresh", "auth"),
    ("POST", "/login/logout", "auth"),
    ("POST", "/password-recovery/a%40example.org", "auth"),
    ("POST", "/reset-password/", "auth"),
    ("GET", "/auth/verify", "auth"),
    ("HEAD", "/auth/verify", "auth"),
    ("POST", "/auth/verify", "auth"),
    ("GET", "/.well-known/jwks.json", "auth"),
    ("GET", "/users/", "users"),
    ("POST", "/users/", "users"),
    ("POST", "/users/signup", "users"),
    *((method, "/users/me", "users") for method in ("GET", "PUT", "PATCH", "DELETE")),
    *((method, "/users/me/password", "users") for method in ("PUT", "PATCH")),
    *((method, "/users/0b7e", "users") for method in ("GET", "PUT", "PATCH", "DELETE")),
    ("GET", "/items/", "items"),
    ("POST", "/items/", "items"),
    *((method, "/items/0b7e", "items") for method in ("GET", "PUT", "PATCH", "DELETE")),
]


@pytest.mark.parametrize(("method", "path", "service"), CONTRACT)
def test_every_endpoint_of_the_contract_has_its_service(method: str, path: str, service: str) -> None:
    routes = Routes(private_users=False)
    route, target = routes.match("/api/v1" + path)
    assert (route.service, method in route.methods) == (service, True)
    if not path.startswith("/."):
        assert target == ("/api/v1" + path).rstrip("/")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api",
        "/api/v1",
        "/api/v1/",
        "/internal/verify",
        "/api/v1/internal/verify",
        "/livez",
        "/readyz",
        "/metrics",
        "/control/state",
        "/api/v1/metrics",
        "/items/",
        "/api/v1/items/1/2",
        "/api/v1/users/me/password/x",
        "/api/v1/password-recovery",
        "/api/v1/password-recovery/",
        "/api/v1/private/users/",
        "/api/v2/items/",
        "/api/v1/openapi.json",
        "/API/V1/items/",
    ],
)
async def test_what_is_not_in_the_contract_is_not_found(
    path: str, running_gateway: Running, upstream: Upstream
) -> None:
    answer = await running_gateway.client.get(path)
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})
    assert upstream.seen == []


@pytest.mark.parametrize("name", ["auth.internal_endpoints", "users.internal_endpoints", "items.endpoints"])
def test_no_internal_route_of_a_service_is_reached(name: str) -> None:
    module = importlib.import_module(f"services.{name}")
    routed = Routes(private_users=True)
    internal = getattr(module, "internal", module.router).routes
    assert internal
    for path in (route.path for route in internal):
        assert path.startswith("/internal/")
        for prefix in ("", BASE):
            with pytest.raises(Refusal):
                routed.match(prefix + path)


async def test_requests_reach_the_service_of_their_path(tmp_path) -> None:
    services = {name: Upstream() for name in ("auth", "users", "items")}
    async with (
        serving(services["auth"]) as a,
        serving(services["users"]) as u,
        serving(services["items"]) as i,
    ):
        addresses = {"auth_url": a, "users_url": u, "items_url": i}
        chosen = {name: f"http://127.0.0.1:{port}" for name, port in addresses.items()}
        async with gateway(a, tmp_path, **chosen) as found:
            for method, path, _ in CONTRACT:
                answer = await found.client.request(method, f"/api/v1{path}")
                assert answer.status_code == 200, (method, path)
    for name, each in services.items():
        wanted = [(m, p) for m, p, service in CONTRACT if service == name]
        assert [seen.method for seen in each.seen] == [method for method, _ in wanted]


async def test_a_slash_at_the_end_makes_no_difference(running_gateway: Running, upstream: Upstream) -> None:
    for path in ("/api/v1/items", "/api/v1/items/"):
        assert (await running_gateway.client.get(path, params={"skip": "2"})).status_code == 200
    assert {(seen.path, seen.query) for seen in upstream.seen} == {("/api/v1/items", "skip=2")}


async def test_the_public_keys_are_found_at_the_root_and_below_the_base_path(
    running_gateway: Running, upstream: Upstream
) -> None:
    for path in ("/.well-known/jwks.json", "/api/v1/.well-known/jwks.json"):
        assert (await running_gateway.client.get(path)).status_code == 200
    assert [seen.path for seen in upstream.seen] == ["/.well-known/jwks.json"] * 2


async def test_another_method_is_refused_with_those_that_are_allowed(running_gateway: Running) -> None:
    answer = await running_gateway.client.delete("/api/v1/items/")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST, OPTIONS")


def test_private_users_are_routed_only_when_asked_for() -> None:
    route, _ = Routes(private_users=True).match("/api/v1/private/users/")
    assert route.service == "users"
    with pytest.raises(Refusal):
        Routes(private_users=False).match("/api/v1/private/users/")


async def test_an_error_is_a_problem_document_for_a_client_that_asks(running_gateway: Running) -> None:
    answer = await running_gateway.client.get("/nowhere", headers={"Accept": "application/problem+json"})
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "Not Found",
    }
