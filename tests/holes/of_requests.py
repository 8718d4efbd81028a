"""Holes in what is taken for a request, and in the gateway."""

from __future__ import annotations

from tests.holes.hole import holes_in

BODIES = "security/test_abuse_of_bodies.py::"
ITEMS = "items/test_items.py::"
POOL = "gateway/test_pool.py::"
WIRE = "gateway/test_wire.py::"
AMBIGUOUS = f"{WIRE}test_an_ambiguous_request_is_refused_and_nothing_after_it_is_read"
TWO_READINGS = f"{WIRE}test_a_head_that_could_be_read_in_two_ways_is_refused"
SPOKEN = "gateway/test_headers.py::test_a_client_cannot_speak_for_a_proxy"

REQUESTS = (
    *holes_in(
        "common/joined_writes.py",
        (
            "who reads nothing is waited for",
            "if self._looks < LOOKS:",
            "if True:",
            "security/test_slow_read.py::test_slow_read_does_not_hold_up_the_end_of_a_process",
        ),
    ),
    *holes_in(
        "common/bodies.py",
        (
            "a body may name a field twice",
            "if len(found) != len(pairs):",
            "if False:",
            f"{BODIES}test_what_is_no_strict_document_is_a_bad_request[a key twice-users]",
        ),
        (
            "a service reads a body of any size",
            "if size > LIMIT:",
            "if False:",
            f"{BODIES}test_a_body_as_large_as_allowed_is_read[users]",
        ),
    ),
    *holes_in(
        "common/direct.py",
        (
            "a form of another site is taken for a document",
            'if request.headers.get("content-type") != JSON:',
            "if False:",
            f"{ITEMS}test_a_form_of_another_site_makes_no_item",
        ),
    ),
    *holes_in(
        "common/conditions.py",
        (
            "If-Match is ignored",
            "return Conditions(match, none_match)",
            "return Conditions(None, none_match)",
            "items/test_conditional_requests.py::test_a_stale_tag_changes_nothing[PATCH-body1]",
        ),
    ),
    *holes_in(
        "common/idempotency.py",
        (
            "a key gets the answer of another caller",
            "Asked(caller, keys[0], self",
            "Asked(uuid.UUID(int=0), keys[0], self",
            "items/test_idempotency.py::test_a_key_belongs_to_its_caller",
        ),
        (
            "a key answers another request",
            "if self._fingerprint.differs(found.fingerprint, asked.fingerprint):",
            "if False:",
            "items/test_idempotency.py::test_a_key_that_was_used_for_another_body_is_refused",
        ),
    ),
    *holes_in(
        "common/protocol.py",
        (
            "chunked need not be the last coding",
            'value.lower() != b"chunked" or ',
            "",
            f"{AMBIGUOUS}[chunked not last]",
            f"{AMBIGUOUS}[chunked after another]",
        ),
        (
            "chunked is taken from HTTP/1.0",
            'value.lower() != b"chunked" or self.parser.get_http_version() != "1.1"',
            'value.lower() != b"chunked"',
            f"{AMBIGUOUS}[chunked in 1.0]",
        ),
        (
            "a target may name another host",
            'if not self.url.startswith(b"/"):',
            "if False:",
            f"{AMBIGUOUS}[absolute form]",
        ),
        (
            "a trailer becomes a header",
            "        if self._head_done:\n",
            "        if False:\n",
            f"{WIRE}test_a_trailer_does_not_become_a_header",
        ),
        (
            "a head may have any size",
            "if self._head_size > HEAD_LIMIT:",
            "if False:",
            f"{WIRE}test_a_head_that_is_too_large_is_refused",
        ),
    ),
)

GATEWAY = (
    *holes_in(
        "gateway/headers.py",
        (
            "X-User-* of a client passes",
            "(?:user|forwarded|auth|",
            "(?:forwarded|auth|",
            f"{SPOKEN}[X-User-Id]",
        ),
        (
            "X-Forwarded-* of a client passes",
            "(?:user|forwarded|auth|",
            "(?:user|auth|",
            f"{SPOKEN}[X-Forwarded-Host]",
        ),
        (
            "X-Auth-* of a client passes",
            "(?:user|forwarded|auth|",
            "(?:user|forwarded|",
            f"{SPOKEN}[X-Auth-Request-User]",
        ),
        ("X_User_* of a client passes", 'rb"x[-_](?:', 'rb"x-(?:', f"{SPOKEN}[X_User_Id]"),
        ("Forwarded of a client passes", '        b"forwarded",\n', "", f"{SPOKEN}[Forwarded]"),
        (
            "a Connection header may name any header",
            "if not named <= CONNECTION_OPTIONS:",
            "if False:",
            f"{TWO_READINGS}[connection names authorization]",
        ),
        (
            "a header that counts once may come twice",
            "if name in seen:",
            "if False:",
            f"{TWO_READINGS}[two authorizations]",
        ),
        (
            "caches may keep an answer about permission",
            "        passed.append(NO_STORE)",
            "        pass",
            "gateway/test_headers.py::test_an_answer_about_permission_is_never_stored[401]",
        ),
    ),
    *holes_in(
        "gateway/client_address.py",
        (
            "a client is who it says, without any proxy",
            "if not hops:",
            "if hops is None:",
            "gateway/test_limiter.py::test_addresses_are_told_apart_and_a_forged_one_does_not_help",
        ),
        (
            "more hops are believed than there are",
            "_forwarded(headers)[-hops:]",
            "_forwarded(headers)",
            "gateway/test_client_address.py::test_only_what_trusted_proxies_wrote_is_believed",
        ),
        (
            "each address of a network has an allowance",
            "ipaddress.ip_network((found, 64), strict=False)",
            "found",
            "gateway/test_client_address.py::test_a_client_is_counted_by_what_it_owns",
        ),
    ),
    *holes_in(
        "gateway/app.py",
        (
            "requests are not limited",
            "await self._limit.admit(key)",
            "pass",
            "gateway/test_limiter.py::test_beyond_the_limit_a_client_is_told_when_to_come_back",
        ),
        (
            "logins are not limited",
            "if route.sensitive or _registers(exchange, route):",
            "if _registers(exchange, route):",
            "gateway/test_limiter.py::test_guessing_and_registering_are_limited_more_strictly",
        ),
        (
            "a registration by another name is not limited",
            "if route.sensitive or _registers(exchange, route):",
            "if route.sensitive:",
            "gateway/test_limiter.py::test_guessing_and_registering_are_limited_more_strictly",
        ),
        (
            "any method is routed",
            "if exchange.method not in route.methods:",
            "if False:",
            "gateway/test_routing.py::test_another_method_is_refused_with_those_that_are_allowed",
        ),
        (
            "documentation that was closed is open",
            "if not self._settings.docs:",
            "if False:",
            "gateway/test_browsers.py::test_documentation_can_be_closed",
        ),
    ),
    *holes_in(
        "gateway/limiter.py",
        (
            "each process grants the whole limit",
            "part = 1 if whole else self._replicas",
            "part = 1",
            "gateway/test_limiter.py::test_processes_that_share_a_listener_share_the_allowance",
        ),
    ),
    *holes_in(
        "gateway/sharing.py",
        (
            "what other processes granted does not count",
            "            limit.correct(\n",
            "            dict(\n",
            "gateway/test_shared_limits.py::test_a_burst_on_one_process_is_granted_in_full",
        ),
    ),
    *holes_in(
        "gateway/connection.py",
        (
            "what follows an answer is the answer to the next request",
            '            raise NonsenseError("an answer that nobody asked for")',
            "            self._forget()",
            f"{POOL}test_a_second_answer_is_nobodys",
        ),
        (
            "an answer in an unknown encoding is passed on",
            'value.lower() != b"chunked" for name, value in framing',
            "False for name, value in framing",
            f"{POOL}test_what_is_no_answer_is_not_taken_for_one[two encodings]",
        ),
        (
            "half a request is followed by another",
            "whole = self._ended and not self._last and not self._sending",
            "whole = self._ended and not self._last",
            f"{POOL}test_a_connection_with_half_a_request_is_never_used_again[0.02]",
        ),
        (
            "half an answer is a whole one",
            "if self._until_close and exc is None and self._lost is None:",
            "if exc is None:",
            f"{POOL}test_half_an_answer_is_none",
        ),
    ),
    *holes_in(
        "gateway/body.py",
        (
            "a body without a length has any size",
            "if self._seen > self._limit:",
            "if False:",
            "gateway/test_body.py::test_a_chunked_body_in_one_piece_is_counted_too",
        ),
    ),
    *holes_in(
        "gateway/paths.py",
        (
            "a path may have any spelling",
            "if _PATH.fullmatch(raw_path) is None:",
            "if False:",
            f"{WIRE}test_a_path_not_in_plain_form_is_refused[/api/v1/items/..]",
        ),
        (
            "a path may have encoded slashes and dots",
            "2[eEfF5] | ",
            "",
            f"{WIRE}test_a_path_not_in_plain_form_is_refused[/api/v1/items/a%2fb]",
        ),
    ),
    *holes_in(
        "gateway/routing.py",
        (
            "an internal route is reached from outside",
            "self._whole[BASE + KEYS] = self._whole[KEYS]",
            'self._whole[(path := "/internal/lookup")] = '
            'Route("users", frozenset({"POST"}), path, False, b"POST")',
            "gateway/test_routing.py::test_no_internal_route_of_a_service_is_reached",
        ),
        (
            "accounts without a registration are routed",
            "PRIVATE if private_users else ()",
            "PRIVATE",
            "gateway/test_routing.py::test_private_users_are_routed_only_when_asked_for",
        ),
    ),
    *holes_in(
        "gateway/hosts.py",
        (
            "any host name is answered",
            "if self._allowed and _name(given) not in self._allowed:",
            "if False:",
            "gateway/test_browsers.py::test_only_listed_host_names_are_answered[evil.example-421]",
        ),
    ),
    *holes_in(
        "gateway/maintenance.py",
        (
            "writes pass during maintenance",
            "if self.closed is not None and method not in READS:",
            "if False:",
            "gateway/test_maintenance.py::test_writes_are_refused_and_reads_pass",
        ),
        (
            "a state that cannot be read counts as open",
            "        return UNREADABLE",
            "        return None",
            "gateway/test_maintenance.py::test_a_state_file_that_cannot_be_understood_counts_as_maintenance",
        ),
    ),
    *holes_in(
        "gateway/cors.py",
        (
            "pages of any origin may call",
            "return [VARY]",
            'return [(b"access-control-allow-origin", origin), VARY]',
            "gateway/test_browsers.py::test_another_origin_is_not_allowed_anything",
        ),
    ),
)
