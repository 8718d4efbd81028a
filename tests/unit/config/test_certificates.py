"""A certificate that cannot be served is told with its place before anything starts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from platformctl.config import certificates
from platformctl.config.load import Loaded, examine
from platformctl.errors import ConfigError, ExitCode
from tests.certificates import Pair, make

AT = {"certificate": "platform.yaml:3:18", "key": "platform.yaml:4:10"}


@pytest.fixture(autouse=True)
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pair:
    monkeypatch.chdir(tmp_path)
    Path("platform.yaml").write_text("gateway:\n  tls:\n    certificate: gateway.pem\n    key: gateway.key\n")
    return make(tmp_path)


def told() -> list[str]:
    loaded = examine(None, "local", {})
    assert isinstance(loaded, Loaded)
    return [str(each) for each in certificates.problems(loaded.config, loaded.places)]


def of_another(pair: Pair) -> None:
    pair.key.write_bytes(make(pair.key.parent, "another").key.read_bytes())


def encrypted(pair: Pair) -> None:
    key = load_pem_private_key(pair.key.read_bytes(), None)
    word = BestAvailableEncryption(b"word")
    pair.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, word))


def folder(pair: Pair) -> None:
    pair.certificate.unlink()
    pair.certificate.mkdir()


WRONG: dict[str, tuple[str, Callable[[Pair], object]]] = {
    "cannot be read: No such file or directory": ("certificate", lambda pair: pair.certificate.unlink()),
    "cannot be read: Is a directory": ("certificate", folder),
    "holds no certificate in PEM": ("certificate", lambda pair: pair.certificate.write_text("c4nary")),
    "expired on ": ("certificate", lambda pair: make(pair.key.parent, days=(-9, -1))),
    "is not valid before ": ("certificate", lambda pair: make(pair.key.parent, days=(1, 9))),
    "cannot be read: ": ("key", lambda pair: pair.key.unlink()),
    "holds no private key in PEM": ("key", lambda pair: pair.key.write_text("c4nary")),
    "is encrypted, and the gateway has no password": ("key", encrypted),
    "does not belong to gateway.tls.certificate": ("key", of_another),
    "can be read by others: chmod 600": ("key", lambda pair: pair.key.chmod(0o640)),
}


@pytest.mark.parametrize(("words", "wrong"), WRONG.items(), ids=WRONG)
def test_what_is_wrong_with_a_pair_is_told_with_its_place(
    words: str, wrong: tuple[str, Callable[[Pair], object]], pair: Pair
) -> None:
    assert told() == []
    setting, spoil = wrong
    spoil(pair)
    (line,) = told()
    assert line.startswith(f"{AT[setting]}: gateway.tls.{setting}: {words}")
    assert "c4nary" not in line


def test_both_files_are_looked_at_in_one_go(pair: Pair) -> None:
    for path in (pair.certificate, pair.key):
        path.unlink()
    assert [each.partition(": ")[0] for each in told()] == list(AT.values())


def test_who_is_about_to_start_the_gateway_is_refused(pair: Pair) -> None:
    pair.key.unlink()
    loaded = examine(None, "local", {})
    assert isinstance(loaded, Loaded)
    with pytest.raises(ConfigError) as refused:
        certificates.check(loaded.config, "local")
    assert refused.value.exit_code is ExitCode.CONFIG
    assert refused.value.evidence == ("gateway.tls.key: cannot be read: No such file or directory",)
