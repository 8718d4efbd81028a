"""What a service process of the embedded target finds in its environment, as docs/service-runtime.md has it.

Every start of a process runs this, so it imports nothing heavy.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from platformctl.backends.cluster import ports
from platformctl.backends.cluster.layout import Layout
from platformctl.backends.secrets import sealed

DATABASE = "platform"
WITH_DATABASE = ("auth", "users", "items")
WITH_KEY = (*WITH_DATABASE, "gateway")
# Values that keep their newest version whatever is rolled back: an old password no longer works, and a key
# that was replaced must not return.
CREDENTIALS = frozenset({"DATABASE_PASSWORD", "INTERNAL_KEY", "SIGNING_KEYS", "SMTP_PASSWORD"})


def inherited(layout: Layout) -> dict[str, str]:
    """All that supervisord has and passes on: nothing of the user's own environment, and no secret."""
    folder = str(Path(sys.executable).parent)
    return {
        "PATH": f"{folder}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "LC_ALL": "C.UTF-8",
        "PLATFORMCTL_STATE": str(layout.root),
        "PYTHONSAFEPATH": "1",
        "PYTHONUNBUFFERED": "1",
    }


def of_service(layout: Layout, service: str, release: Mapping[str, Any]) -> dict[str, str]:
    """Settings and secrets of `service` in `release`, a document of releases/<id>/release.json."""
    document = sealed.SealedFile(layout.secrets, layout.secrets_key).read()
    listening = ports.read(layout.ports)
    scheme = "https" if "TLS_CERTIFICATE" in release["settings"].get("gateway", {}) else "http"
    gateway = f"{scheme}://127.0.0.1:{listening['gateway']}"
    environment = inherited(layout) | {
        f"{name.upper()}_URL": f"http://127.0.0.1:{listening[name]}" for name in WITH_DATABASE
    }
    environment |= {"PUBLIC_URL": gateway} | release["settings"].get(service, {})
    environment |= _pinned(document, service, release)
    environment |= {"RELEASE": release["id"], "PYTHONPATH": str(layout.releases / release["id"])}
    newest = sealed.newest(document)
    environment |= _keys(newest, service)
    if service in WITH_DATABASE:
        environment["DATABASE_URL"] = _database_url(newest, service, listening["postgres"])
    if service in ("users", "gateway"):
        environment["PRIVATE_USERS"] = "true"
    if service == "gateway":
        environment["STATE_FILE"] = str(layout.gateway_state)
    return _with_mail_password(environment, newest)


def of_first_superuser(layout: Layout) -> dict[str, str]:
    newest = sealed.newest(sealed.SealedFile(layout.secrets, layout.secrets_key).read())
    names = ("FIRST_SUPERUSER", "FIRST_SUPERUSER_PASSWORD")
    return {name: newest[f"platform/{name}"] for name in names}


def _pinned(document: dict[str, Any], service: str, release: Mapping[str, Any]) -> dict[str, str]:
    """The configuration secrets in the version that belongs to the release."""
    found = {}
    for name, version in release["secrets"].items():
        owner, _, key = name.partition("/")
        value = sealed.at(document, name, version)
        if owner == service and value is not None:
            found[key] = value
    return found


def _keys(newest: Mapping[str, str], service: str) -> dict[str, str]:
    keys = {"INTERNAL_KEY": newest[f"{service}/INTERNAL_KEY"]}
    if service in WITH_DATABASE:
        private = [json.loads(newest[f"{name}/INTERNAL_KEY"]) for name in WITH_KEY]
        public = [{key: value for key, value in each.items() if key != "d"} for each in private]
        keys["INTERNAL_KEYS"] = json.dumps({"keys": public})
    if service == "auth":
        keys["SIGNING_KEYS"] = newest["auth/SIGNING_KEYS"]
    return keys


def _database_url(newest: Mapping[str, str], service: str, port: int) -> str:
    password = quote(newest[f"{service}/DATABASE_PASSWORD"], safe="")
    return f"postgresql://{service}:{password}@127.0.0.1:{port}/{DATABASE}"


def _with_mail_password(environment: dict[str, str], newest: Mapping[str, str]) -> dict[str, str]:
    """The configuration names the mail server and its user, the secret store knows the password."""
    address, password = environment.get("SMTP_URL"), newest.get("auth/SMTP_PASSWORD")
    if not address or not password:
        return environment
    parts = urlsplit(address)
    user, at, server = parts.netloc.rpartition("@")
    if not at:
        return environment
    network = f"{user}:{quote(password, safe='')}@{server}"
    return environment | {"SMTP_URL": urlunsplit(parts._replace(netloc=network))}
