"""A migration has the secrets of its service, and neither its words nor its answer suffer from them."""

from __future__ import annotations

import json
import shutil

import pytest
from pydantic import SecretStr

from platformctl.backends.cluster import credentials, migrations, releases
from platformctl.errors import CommandError
from tests.unit.backends.cluster.conftest import SMALL

PORTS = {"gateway": 8080, "auth": 20001, "users": 20002, "items": 20003, "postgres": 20004}
TALKATIVE = "import os, sys\nsys.exit(f'refused: {os.environ[\"PARTNER_KEY\"]}')\n"


def ask(place, code, secret):
    place.layout.prepare()
    place.layout.ports.write_text(json.dumps(PORTS))
    credentials.make_missing(place.secrets)
    place.secrets.put("auth/PARTNER_KEY", SecretStr(secret))
    release = releases.describe(code, "1", {}, {"auth/PARTNER_KEY": 1})
    releases.store(place.layout, release, code, None)
    return migrations.ask(place.layout, place.runner, migrations.Question("auth", release))


def test_a_secret_that_was_set_is_not_in_what_a_failed_migration_leaves(place, tmp_path):
    code = shutil.copytree(SMALL, tmp_path / "services")
    (code / "common" / "migrate.py").write_text(TALKATIVE)
    with pytest.raises(CommandError) as raised:
        ask(place, code, "open sesame")
    assert raised.value.cause == "refused: ***"
    assert "sesame" not in " ".join(raised.value.evidence)


@pytest.mark.parametrize("secret", ["1", "null", "service", '"'])
def test_a_secret_that_is_a_word_of_the_answer_leaves_it_readable(place, secret):
    assert ask(place, SMALL, secret).head == "1"
