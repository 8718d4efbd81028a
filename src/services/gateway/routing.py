"""Which service answers which method and path; everything not in this table does not exist outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from services.gateway.refusal import Refusal

BASE = "/api/v1"
KEYS = "/.well-known/jwks.json"
Service = Literal["auth", "users", "items"]

READ_WRITE = "GET PUT PATCH DELETE"
TABLE: tuple[tuple[Service, str, str], ...] = (
    ("auth", "POST", "/login/access-token"),
    ("auth", "POST", "/login/test-token"),
    ("auth", "POST", "/login/refresh"),
    ("auth", "POST", "/login/logout"),
    ("auth", "POST", "/password-recovery/{email}"),
    ("auth", "POST", "/reset-password"),
    ("auth", "GET HEAD POST", "/auth/verify"),
    ("auth", "GET", KEYS),
    ("users", "GET POST", "/users"),
    ("users", "POST", "/users/signup"),
    ("users", READ_WRITE, "/users/me"),
    ("users", "PUT PATCH", "/users/me/password"),
    ("users", READ_WRITE, "/users/{id}"),
    ("items", "GET POST", "/items"),
    ("items", READ_WRITE, "/items/{id}"),
)
PRIVATE: tuple[tuple[Service, str, str], ...] = (("users", "POST", "/private/users"),)
# Guessing passwords, sending mails, making accounts.
SENSITIVE = frozenset(
    {"/login/access-token", "/password-recovery/{email}", "/reset-password", "/users/signup"},
)


@dataclass(frozen=True, slots=True)
class Route:
    """`template` is the path as clients and services know it."""

    service: Service
    methods: frozenset[str]
    template: str
    sensitive: bool
    allow: bytes

    def target(self, last: str) -> str:
        """The path to ask for; `last` is the request's last segment."""
        head, brace, _ = self.template.partition("{")
        return head + last if brace else head


class Routes:
    def __init__(self, *, private_users: bool) -> None:
        self._whole: dict[str, Route] = {}
        self._by_parent: dict[str, Route] = {}
        for service, methods, template in TABLE + (PRIVATE if private_users else ()):
            route = _route(service, methods, template)
            parent, brace, _ = route.template.partition("/{")
            (self._by_parent if brace else self._whole)[parent] = route
        self._whole[BASE + KEYS] = self._whole[KEYS]

    def match(self, path: str) -> tuple[Route, str]:
        """The route and the path to ask for; a slash at the end makes no difference. Raises Refusal (404)."""
        plain = path.removesuffix("/")
        parent, _, last = plain.rpartition("/")
        route = self._whole.get(plain) or self._by_parent.get(parent)
        if route is None or not last:
            raise Refusal(404, "Not Found")
        return route, route.target(last)

    def offers(self, method: str, path: str, service: str) -> bool:
        """Whether a request of that method and path would reach that service."""
        try:
            route, _ = self.match(path)
        except Refusal:
            return False
        return route.service == service and method in route.methods


def _route(service: Service, methods: str, template: str) -> Route:
    names = methods.split()
    allow = ", ".join([*names, "OPTIONS"]).encode()
    public = template if template == KEYS else BASE + template
    return Route(service, frozenset(names), public, template in SENSITIVE, allow)
