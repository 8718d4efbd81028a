"""What a service process finds in its environment, and what it does not."""

from __future__ import annotations

import json

import pytest
from pydantic import SecretStr

from platformctl.backends.cluster import credentials, environment

PORTS = {"gateway": 8080, "auth": 20001, "users": 20002, "items": 20003, "postgres": 20004}


@pytest.fixture
def prepared(place):
    place.layout.prepare()
    place.layout.ports.write_text(json.dumps(PORTS))
    credentials.make_missing(place.secrets)
    return place


def of(place, service, settings=None, secrets=None):
    release = {"id": "abc", "settings": {service: settings or {}}, "secrets": secrets or {}}
    return environment.of_service(place.layout, service, release)


def test_no_service_gets_anothers_secrets(prepared):
    auth, users, gateway = (of(prepared, name) for name in ("auth", "users", "gateway"))
    assert "SIGNING_KEYS" in auth
    assert "SIGNING_KEYS" not in users | gateway
    assert not {"DATABASE_URL", "INTERNAL_KEYS"} & set(gateway)
    assert len({each["INTERNAL_KEY"] for each in (auth, users, gateway)}) == 3
    assert "POSTGRES_PASSWORD" not in auth | users | gateway


def test_public_keys_hold_no_private_part(prepared):
    keys = json.loads(of(prepared, "items")["INTERNAL_KEYS"])["keys"]
    assert sorted(each["kid"] for each in keys) == ["auth", "gateway", "items", "users"]
    assert all("d" not in each for each in keys)


def test_a_configuration_secret_comes_in_the_version_of_the_release(prepared):
    prepared.secrets.put("items/PARTNER_KEY", SecretStr("old"))
    prepared.secrets.put("items/PARTNER_KEY", SecretStr("new"))
    assert of(prepared, "items", secrets={"items/PARTNER_KEY": 1})["PARTNER_KEY"] == "old"
    assert "PARTNER_KEY" not in of(prepared, "users", secrets={"items/PARTNER_KEY": 1})


def test_the_mail_password_joins_the_address_and_is_always_the_newest(prepared):
    prepared.secrets.put("auth/SMTP_PASSWORD", SecretStr("first"))
    prepared.secrets.put("auth/SMTP_PASSWORD", SecretStr("s/@:"))
    found = of(prepared, "auth", {"SMTP_URL": "smtp://mailer@mail.example.org:587"})
    assert found["SMTP_URL"] == "smtp://mailer:s%2F%40%3A@mail.example.org:587"


def test_a_mail_server_without_a_user_gets_no_password(prepared):
    prepared.secrets.put("auth/SMTP_PASSWORD", SecretStr("unused"))
    found = of(prepared, "auth", {"SMTP_URL": "smtp://mail.example.org"})
    assert found["SMTP_URL"] == "smtp://mail.example.org"


def test_auth_writes_links_in_the_scheme_of_its_release(prepared):
    settings = {"gateway": {"TLS_CERTIFICATE": "/a.pem", "TLS_KEY": "/a.key"}}
    release = {"id": "abc", "settings": settings, "secrets": {}}
    found = {name: environment.of_service(prepared.layout, name, release) for name in ("auth", "gateway")}
    assert found["auth"]["PUBLIC_URL"] == "https://127.0.0.1:8080"
    assert "TLS_KEY" not in found["auth"]
    assert found["gateway"]["TLS_KEY"] == "/a.key"
    assert of(prepared, "auth")["PUBLIC_URL"] == "http://127.0.0.1:8080"


def test_settings_never_replace_what_the_target_decides(prepared):
    found = of(prepared, "auth", {"DATABASE_URL": "elsewhere", "RELEASE": "forged"})
    assert found["RELEASE"] == "abc"
    assert found["DATABASE_URL"].endswith("@127.0.0.1:20004/platform")


def test_keys_and_passwords_are_made_once(prepared):
    before = prepared.secrets.list()
    credentials.make_missing(prepared.secrets)
    assert prepared.secrets.list() == before


def test_signing_keys_name_their_use_and_algorithm(prepared):
    (key,) = json.loads(of(prepared, "auth")["SIGNING_KEYS"])["keys"]
    assert (key["kty"], key["alg"], key["use"]) == ("RSA", "RS256", "sig")
    assert key["kid"]
