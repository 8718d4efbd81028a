"""Keys and passwords that an environment needs and nobody should choose: made once, then only read."""

from __future__ import annotations

import json
import secrets
from functools import partial

from pydantic import SecretStr

from platformctl.backends.cluster.environment import WITH_DATABASE, WITH_KEY
from platformctl.backends.secrets.protocol import LOGIN, PASSWORD, UNSHOWN, Secrets

FIRST_SUPERUSER = "admin@example.com"


def make_missing(store: Secrets) -> None:
    present = {each.name for each in store.list()}
    wanted = {
        "platform/POSTGRES_PASSWORD": _password,
        **{f"{service}/DATABASE_PASSWORD": _password for service in WITH_DATABASE},
        **{f"{service}/INTERNAL_KEY": partial(_internal_key, service) for service in WITH_KEY},
        "auth/SIGNING_KEYS": _signing_keys,
        LOGIN: lambda: FIRST_SUPERUSER,
    }
    if PASSWORD not in present:
        wanted |= {UNSHOWN: lambda: "yes", PASSWORD: _password}
    for name, make in wanted.items():
        if name not in present:
            store.put(name, SecretStr(make()))


def _password() -> str:
    return secrets.token_urlsafe(18)


def _internal_key(service: str) -> str:
    from joserfc.jwk import OKPKey

    return json.dumps(OKPKey.generate_key("Ed25519", {"kid": service}, private=True).as_dict(private=True))


def _signing_keys() -> str:
    from joserfc.jwk import RSAKey

    parameters = {"use": "sig", "alg": "RS256", "kid": secrets.token_hex(8)}
    return json.dumps({"keys": [RSAKey.generate_key(2048, parameters, private=True).as_dict(private=True)]})
