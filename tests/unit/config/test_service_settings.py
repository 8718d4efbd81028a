"""What each service gets of the configuration, in the names of docs/service-runtime.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from platformctl.config.schema import SERVICES, PlatformConfig
from platformctl.config.service_settings import service_settings
from platformctl.config.tree import find, flat

ROOT = Path(__file__).resolve().parents[3]
EVERYTHING = {
    "drain_seconds": 20,
    "services": {name: {"replicas": 3, "log_level": "DEBUG"} for name in SERVICES},
    "database": {"connections": 8},
    "gateway": {
        "limit": {"average": 101, "burst": 51},
        "login_limit": {"average": 11, "burst": 21},
        "tls": {"certificate": "/a.pem", "key": "/a.key"},
        "trusted_hops": 1,
        "hosts": ["a.org", "b.org"],
        "cors": ["https://a.org"],
        "docs": False,
    },
    "mail": {"smtp": "smtp://mail.a.org", "from": "shop@a.org", "public_url": "https://a.org"},
}
OF_THE_TARGET = {
    "platform",
    "target",
    "protected",
    "database.version",
    *(".".join(path) for path, _ in flat(PlatformConfig()) if path[0] == "objects"),
    "gateway.port",
    *(
        f"backup.{name}"
        for name in ("key", "recipients", "signers", "metrics", "schedule", "drill_days", "point_in_time")
    ),
    *(f"backup.keep.{span}" for span in ("last", "daily", "weekly", "monthly")),
} | {f"services.{name}.replicas" for name in SERVICES if name != "gateway"}


def of_all(config: PlatformConfig) -> dict[str, dict[str, str]]:
    return {name: service_settings(config, name) for name in SERVICES}


@pytest.mark.parametrize(
    "path", [path for path, _ in flat(PlatformConfig())], ids=lambda path: ".".join(path)
)
def test_every_setting_reaches_a_service_or_belongs_to_the_target(path: tuple[str, ...]) -> None:
    everything = PlatformConfig.model_validate(EVERYTHING)
    tree = everything.model_dump(by_alias=True)
    section = tree
    for key in path[:-1]:
        section = section[key]
    section[path[-1]] = find(path).field.get_default(call_default_factory=True)
    if path == ("mail", "from"):
        section["smtp"] = None
    if path[:2] == ("gateway", "tls"):
        section |= dict.fromkeys(section)
    changed = of_all(PlatformConfig.model_validate(tree)) != of_all(everything)
    assert changed != (".".join(path) in OF_THE_TARGET)


def test_every_variable_is_in_the_contract() -> None:
    contract = (ROOT / "docs/service-runtime.md").read_text()
    documented = set(re.findall(r"`([A-Z_]+)`", contract))
    given = {name for each in of_all(PlatformConfig.model_validate(EVERYTHING)).values() for name in each}
    assert given <= documented


def test_the_defaults_are_those_of_the_contract() -> None:
    gateway = service_settings(PlatformConfig(), "gateway")
    items = service_settings(PlatformConfig(), "items")
    limits = [
        gateway[name] for name in ("LIMIT_AVERAGE", "LIMIT_BURST", "LOGIN_LIMIT_AVERAGE", "LOGIN_LIMIT_BURST")
    ]
    assert limits == ["50", "25", "5", "10"]
    assert (gateway["TRUSTED_HOPS"], gateway["HOSTS"], gateway["CORS_ORIGINS"], gateway["DOCS"]) == (
        "0",
        "",
        "",
        "true",
    )
    assert (items["LOG_LEVEL"], items["DRAIN_SECONDS"], items["POOL_SIZE"]) == ("INFO", "10", "5")


def test_mail_is_told_to_auth_alone() -> None:
    given = of_all(PlatformConfig.model_validate(EVERYTHING))
    assert given["auth"]["SMTP_URL"] == "smtp://mail.a.org"
    assert not any({"SMTP_URL", "MAIL_FROM"} & set(given[name]) for name in ("users", "items", "gateway"))
