"""What counts as an answer of the gateway, asked from outside."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from platformctl.backends.cluster import control
from platformctl.errors import StepError


@pytest.fixture
def answering() -> Iterator[Callable[[int], str]]:
    """A server that answers everything with one status; its address."""
    servers: list[HTTPServer] = []

    def start(status: int) -> str:
        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        server = HTTPServer(("127.0.0.1", 0), Answer)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/"

    yield start
    for each in servers:
        each.shutdown()
        each.server_close()


@pytest.mark.parametrize("status", [200, 429])
def test_a_gateway_that_refuses_only_the_number_of_requests_answers(answering, status):
    assert control.probe(answering(status), None) >= 0


@pytest.mark.parametrize("status", [404, 500, 503])
def test_a_gateway_that_does_not_serve_is_told_with_its_status(answering, status):
    with pytest.raises(StepError) as error:
        control.probe(answering(status), None)
    assert str(status) in error.value.cause
