"""The forms of single values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platformctl.config import values


@pytest.mark.parametrize(
    "text", ["", "Shop", "shop_1", "-shop", "shop-", "1shop", "shop\n", "é", "a" * 41, "a.b"]
)
def test_a_name_that_is_no_label_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="lower-case letters"):
        values.label(text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "*",
            "null",
            "www.example.org",
            "https://",
            "https://*.example.org",
            "https://www.example.org/",
        ),
        *("https://www.example.org/app", "https://me@www.example.org", "ftp://example.org", "https://a:0"),
        *("https://a:99999", "https://a?b", "https://a#b", "https://a b", "https://[::1"),
    ],
)
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="one origin"):
        values.origin(text)


@pytest.mark.parametrize(
    "text", ["", "a b", "https://a", "a/b", "a:80", "-a", "a..b", "*.a.org", "a" * 64, "a\n"]
)
def test_what_is_no_host_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="host name"):
        values.host(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "mail.example.org", "http://mail.example.org", "smtp://", "smtp://mail/in", "smtp://mail?x=1"),
        *("smtp://mail:port", "smtp://mail\r\nQUIT", "smtp://ma il", "smtp://mail#fragment"),
    ],
)
def test_what_is_no_mail_server_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must look like smtp"):
        values.smtp(text)


@pytest.mark.parametrize("text", ["smtp://user:pass@mail", "smtp://:pass@mail", "smtp://user:@mail"])
def test_a_password_in_a_mail_server_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must not contain a password"):
        values.smtp(text)


@pytest.mark.parametrize("text", ["", "a", "@b", "a@", "a@b@c", "a b@c", "A <a@b.org>", "a@b\n", "a@-b"])
def test_what_is_no_mail_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="mail address"):
        values.address(text)


@pytest.mark.parametrize("text", ["", "example.org", "ftp://a", "https://a?b", "https://a#b", "https://me@a"])
def test_what_links_cannot_begin_with_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="http or https"):
        values.base_url(text)


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("shop", "shop"),
        ("My Shop", "my-shop"),
        ("Café_2", "cafe-2"),
        ("2shops", "platform-2shops"),
        ("商店", "platform"),
        ("", "platform"),
        ("--", "platform"),
    ],
)
def test_a_folder_name_becomes_the_nearest_label(folder: str, name: str) -> None:
    assert values.as_label(folder) == name


def test_long_folder_names_that_begin_alike_stay_apart() -> None:
    assert values.as_label("a" * 60 + "1") != values.as_label("a" * 60 + "2")


@given(st.text(max_size=80) | st.binary(max_size=80).map(lambda raw: raw.decode(errors="surrogateescape")))
def test_every_folder_name_becomes_a_label(folder: str) -> None:
    assert values.label(values.as_label(folder))
