"""Clients of ours believe one certificate: neither a stranger's nor a sibling's of the same authority."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from platformctl.backends import trust
from platformctl.backends.cluster import control
from platformctl.backends.web.client import HttpVisit
from platformctl.backends.web.wire import exchange
from platformctl.errors import StepError
from platformctl.tools.http import Ask, Raw
from tests.certificates import Pair, make
from tests.unit.backends.web.test_wire import OK, server

ASKED = Raw("x", (b"GET / HTTP/1.1\r\nHost: {host}\r\n", b"\r\n"), pause=0.1, patience=0.3)


def serving(pair: Pair):  # type: ignore[no-untyped-def]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    return server(lambda each: (each.recv(100), each.recv(100), each.sendall(OK), each.unwrap()), context)


def test_the_pinned_certificate_is_believed_alone(tmp_path: Path) -> None:
    authority = make(tmp_path, "authority")
    mine, sibling = (make(tmp_path, name, authority=authority) for name in ("mine", "sibling"))
    for pinned, status in ((mine, 200), (sibling, 0)):
        with serving(mine) as url:
            answer = exchange(url, ASKED, trust.pinned(str(pinned.certificate)))
        assert answer.status == status, answer
    with serving(mine) as url:
        assert b"CERTIFICATE_VERIFY_FAILED" in exchange(url, ASKED).content


def test_a_certificate_with_other_text_around_it_is_believed(tmp_path: Path) -> None:
    mine = make(tmp_path, "mine")
    mine.certificate.write_text(f"issued by Müller\n{mine.certificate.read_text()}", "utf-8")
    with serving(mine) as url:
        assert exchange(url, ASKED, trust.pinned(str(mine.certificate))).status == 200


def test_a_visit_and_the_probe_keep_to_it(tmp_path: Path) -> None:
    mine, other = make(tmp_path, "mine"), make(tmp_path, "other")
    for pinned, status in ((mine, 200), (other, 0)):
        with serving(mine) as url:
            visit = HttpVisit(url, trust.pinned(str(pinned.certificate)))
            assert visit.ask(Ask("POST", "/", content=b"x")).status == status
            visit.close()
    with serving(mine) as url, pytest.raises(StepError, match="does not answer"):
        control.probe(url, str(other.certificate))


def test_an_expired_certificate_is_not_believed(tmp_path: Path) -> None:
    old = make(tmp_path, days=(-9, -1))
    with serving(old) as url:
        assert b"expired" in exchange(url, ASKED, trust.pinned(str(old.certificate))).content


@pytest.mark.parametrize(
    "text", [None, "", "junk", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_file_that_is_none_is_told(text: str | None, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "a.pem").write_text(text)
    with pytest.raises(StepError, match=r"a\.pem cannot be used"):
        trust.pinned(str(tmp_path / "a.pem"))
