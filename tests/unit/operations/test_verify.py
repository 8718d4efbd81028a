"""verify against servers that are wrong, silent or absent, and where it refuses to go."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from platformctl.errors import MissingToolError, PreconditionError, UnhealthyError
from platformctl.events import Finding
from platformctl.operations.abuse.table import ABUSE
from platformctl.operations.contract.cast import Cast
from platformctl.operations.contract.entrance import endpoints
from platformctl.operations.contract.steps import sentence
from platformctl.operations.contract.table import CONTRACT
from platformctl.operations.verify import verify
from platformctl.operations.verify_direct import OF_THE_GATEWAY, of_the_services
from platformctl.operations.verify_fuzz import check_fuzz, judged
from platformctl.operations.verify_place import Wanted
from platformctl.tools.schemathesis import Failure
from tests.environment import free_port
from tests.support import Heard, context


class Obliging(BaseHTTPRequestHandler):
    """Answers 200 and an empty object, whatever is asked."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(autouse=True)
def gateway(home: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """The port of the environment's own gateway, where nobody is."""
    port = free_port()
    monkeypatch.setenv("PLATFORMCTL__GATEWAY__PORT", str(port))
    return port


@pytest.fixture
def obliging() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Obliging)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_a_server_that_says_yes_to_everything_breaks_the_contract(obliging: str) -> None:
    heard = Heard()
    with pytest.raises(UnhealthyError) as raised:
        verify(context(report=heard), Wanted(obliging))
    findings = {each.id: each for each in heard.of(Finding) if isinstance(each, Finding)}
    assert list(findings) == [*CONTRACT, "clean-up"]
    assert {each.status for each in findings.values()} <= {"fail", "unknown", "pass"}
    assert findings["inside paths"].status == "fail"
    assert findings["POST /login/access-token"].status == "fail"
    assert findings["PUT, PATCH /items/{id}"].status == "unknown"
    assert raised.value.data.failed > 3


def test_nobody_there_is_a_precondition() -> None:
    with pytest.raises(PreconditionError) as raised:
        verify(context(), Wanted(f"http://127.0.0.1:{free_port()}"))
    assert raised.value.reference == "verify/unreachable"


def test_a_silent_server_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(PreconditionError) as raised:
        verify(context(), Wanted(f"http://127.0.0.1:{silent.getsockname()[1]}"))
    assert "Timeout" in raised.value.cause


def test_the_environment_that_does_not_run_is_told_to_come_up() -> None:
    with pytest.raises(PreconditionError) as raised:
        verify(context(), Wanted())
    assert raised.value.fix == "platformctl up"


@pytest.mark.parametrize("wanted", [{"abuse": True}, {"fuzz": 5}])
def test_a_protected_environment_is_not_attacked(wanted: dict[str, object]) -> None:
    Path("platform.yaml").write_text("protected: true\n")
    for url in (None, "http://192.0.2.1"):
        with pytest.raises(PreconditionError) as raised:
            verify(context(), Wanted(url, yes=True, **wanted))
        assert raised.value.reference == "environment/protected"


def test_somebody_elses_platform_is_not_attacked_without_a_yes() -> None:
    with pytest.raises(PreconditionError) as raised:
        verify(context(), Wanted("http://192.0.2.1", abuse=True))
    assert raised.value.reference == "verify/foreign"
    assert "--yes" in raised.value.fix


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_every_name_of_the_loopback_interface_is_the_environments_own(host: str, gateway: int) -> None:
    with pytest.raises(PreconditionError) as raised:
        verify(context(), Wanted(f"http://{host}:{gateway}", abuse=True))
    assert raised.value.reference == "verify/unreachable"


def test_every_promise_has_a_sentence_of_its_own_in_its_row() -> None:
    for name, promises in CONTRACT.items():
        assert len({sentence(each) for each in promises}) == len(promises) > 0, name


def test_the_rows_name_every_endpoint_of_the_contract() -> None:
    page = (Path(__file__).parents[3] / "docs" / "api.md").read_text()
    promised = set(re.findall(r"^\| `([A-Z]+ /\S*)` \|", page, re.MULTILINE))
    assert endpoints() | {"POST /private/users"} == promised


def test_no_token_or_password_is_told_of_anybody() -> None:
    cast = Cast("verify-x")
    assert cast.password not in repr(cast)
    assert json.dumps(cast.email("ada")) == '"verify-x-ada-1@example.com"'


def test_fuzzing_without_schemathesis_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingToolError) as raised:
        check_fuzz()
    assert raised.value.exit_code == 4
    assert "pip install 'platformctl[fuzz]'" in raised.value.fix


def test_what_fuzzing_found_is_told_by_endpoint() -> None:
    found = judged([Failure("Server error", 2, ("POST /api/v1/items",))], 100)
    assert (found.status, found.evidence) == ("fail", "Server error (2):\n  POST /api/v1/items")
    assert judged([], 100).status == "pass"


def test_past_the_gateway_all_is_asked_but_what_is_its_own() -> None:
    rows = of_the_services({**CONTRACT, **ABUSE})
    left = {promise for row in rows.values() for promise in row}
    everything = {promise for row in (*CONTRACT.values(), *ABUSE.values()) for promise in row}
    assert everything - left == OF_THE_GATEWAY
    assert all(rows.values())
