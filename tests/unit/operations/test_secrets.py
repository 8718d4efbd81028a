"""Setting secrets: from standard input only, under names that can be set, and never shown."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("name", ["SMTP_PASSWORD", "nobody/KEY", "auth/lower", "auth/", "auth/A B", "../KEY"])
def test_a_name_of_another_form_is_refused(make_small, name):
    refused = make_small().run("secrets", "set", name, input="value")
    assert refused.code == 4


@pytest.mark.parametrize(
    "key", ["DATABASE_PASSWORD", "SIGNING_KEYS", "DATABASE_URL", "PATH", "PYTHONPATH", "RELEASE", "TLS_KEY"]
)
def test_what_platformctl_makes_cannot_be_set(make_small, key):
    assert make_small().run("secrets", "set", f"auth/{key}", input="value").code == 4


def test_an_empty_value_is_refused(make_small):
    assert make_small().run("secrets", "set", "auth/SMTP_PASSWORD", input="").code == 2


@pytest.mark.parametrize("value", [b"\xff\xfe canary", b"canary \0"])
@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_a_value_that_no_process_could_be_given_is_refused_and_leaves_the_others(make_small, value, locale):
    environment = make_small(LC_ALL=locale, PYTHONCOERCECLOCALE="0", PYTHONUTF8="0")
    environment.run("secrets", "set", "auth/OTHER", input="kept")
    refused = environment.run("secrets", "set", "auth/KEY", input=value)
    assert refused.code == 2
    assert "canary" not in refused.out + refused.err
    assert [each["name"] for each in environment.run("secrets", "list").data["secrets"]] == ["auth/OTHER"]


def test_a_value_is_utf_8_in_any_locale(make_small):
    environment = make_small(LC_ALL="C", PYTHONCOERCECLOCALE="0", PYTHONUTF8="0")
    first = environment.run("secrets", "set", "auth/KEY", input="schlüssel")
    again = environment.run("secrets", "set", "auth/KEY", input="schlüssel", LC_ALL="C.UTF-8")
    assert (first.data["fingerprint"], again.data["version"]) == (again.data["fingerprint"], 1)


def test_a_value_is_kept_and_shown_nowhere(make_small):
    environment = make_small()
    stored = environment.run("secrets", "set", "auth/SMTP_PASSWORD", input="open sesame\n")
    again = environment.run("secrets", "set", "auth/SMTP_PASSWORD", input="open sesame\r\n")
    assert stored.data["version"] == again.data["version"] == 1
    (listed,) = environment.run("secrets", "list").data["secrets"]
    assert listed["fingerprint"] == stored.data["fingerprint"]
    files = [path for path in environment.folder.rglob("*") if path.is_file()]
    assert not any(b"sesame" in path.read_bytes() for path in files)
    assert "sesame" not in stored.out + stored.err
